/* YAML text -> tree, by libfyaml's event parser, so that depth, aliases, anchors and tags are met before anything is built. */
#include "config/node.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    const char *name;
    struct error *e;
    /* containers that are open, and the key that waits for its value in each */
    struct config_node *open[CONFIG_MAX_DEPTH];
    char *key[CONFIG_MAX_DEPTH];
    int key_line[CONFIG_MAX_DEPTH], key_column[CONFIG_MAX_DEPTH];
    size_t depth;
    struct config_node *root;
    size_t documents;
};

/* Non-UTF-8 and control characters, with their place: libfyaml would accept some and stop at others without one. */
static enum status check_bytes(const char *text, size_t length, const char *name, struct error *e)
{
    const unsigned char *c = (const unsigned char *)text, *end = c + length;
    int line = 1, column = 1;
    while (c < end) {
        size_t extra = *c < 0x80 ? 0 : *c >= 0xc2 && *c < 0xe0 ? 1 : *c >= 0xe0 && *c < 0xf0 ? 2 : *c >= 0xf0 && *c < 0xf5 ? 3 : 9;
        bool bad = extra == 9 || (size_t)(end - c) <= extra;
        for (size_t k = 1; k <= extra && !bad; k++)
            bad = (c[k] & 0xc0) != 0x80;
        if (bad)
            return error_set_at(e, STATUS_BAD_INPUT, name, line, column,
                                "byte 0x%02x is not UTF-8 text: is this a YAML file?", *c);
        if ((*c < 0x20 && *c != '\n' && *c != '\r' && *c != '\t') || *c == 0x7f)
            return error_set_at(e, STATUS_BAD_INPUT, name, line, column,
                                "control character 0x%02x: is this a YAML file?", *c);
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
        c += extra + 1;
    }
    return STATUS_OK;
}

static enum status complain(struct reader *r, const struct fy_mark *mark, const char *message)
{
    return error_set_at(r->e, STATUS_BAD_INPUT, r->name, mark ? mark->line + 1 : 0, mark ? mark->column + 1 : 0, "%s",
                        message);
}

/* libfyaml's first complaint. */
static enum status syntax_error(struct reader *r)
{
    void *iterator = NULL;
    struct fy_diag_error *first = fy_diag_errors_iterate(r->diag, &iterator);
    if (!first || !first->msg)
        return error_set_at(r->e, STATUS_BAD_INPUT, r->name, 1, 1, "is not valid YAML");
    return error_set_at(r->e, STATUS_BAD_INPUT, r->name, first->line, first->column, "YAML: %s", first->msg);
}

/* Hang a finished or opened node into what is open. Consumes it. */
static enum status attach(struct reader *r, struct config_node *node)
{
    if (!node)
        return error_memory(r->e);
    if (r->depth == 0) {
        r->root = node;
        return STATUS_OK;
    }
    size_t top = r->depth - 1;
    struct config_node *parent = r->open[top];
    if (parent->kind == NODE_LIST)
        return node_append(parent, NULL, node) ? STATUS_OK : error_memory(r->e);
    node->key_line = r->key_line[top];
    node->key_column = r->key_column[top];
    bool ok = node_append(parent, r->key[top], node);
    free(r->key[top]);
    r->key[top] = NULL;
    return ok ? STATUS_OK : error_memory(r->e);
}

static bool wants_key(const struct reader *r)
{
    return r->depth && r->open[r->depth - 1]->kind == NODE_MAP && !r->key[r->depth - 1];
}

static enum status take_key(struct reader *r, const char *text, const struct fy_mark *mark)
{
    size_t top = r->depth - 1;
    if (node_find(r->open[top], text))
        return error_set_at(r->e, STATUS_BAD_INPUT, r->name, mark->line + 1, mark->column + 1,
                            "duplicate key '%.60s': it stands at line %d already", text,
                            node_find(r->open[top], text)->key_line);
    r->key[top] = strdup(text);
    r->key_line[top] = mark->line + 1;
    r->key_column[top] = mark->column + 1;
    return r->key[top] ? STATUS_OK : error_memory(r->e);
}

static enum status take_scalar(struct reader *r, struct fy_event *event, const struct fy_mark *mark)
{
    static const struct fy_mark nowhere = {0};
    size_t length = 0;
    const char *text = fy_token_get_text(event->scalar.value, &length);
    if (!mark)
        mark = &nowhere;
    if (length && memchr(text, 0, length))
        return complain(r, mark, "a zero character in a text");
    char *own = strndup(text ? text : "", length);
    if (!own)
        return error_memory(r->e);
    bool quoted = fy_token_scalar_style(event->scalar.value) != FYSS_PLAIN;
    enum status status =
        wants_key(r) ? take_key(r, own, mark)
                     : attach(r, node_new_scalar(own, quoted, r->name, mark->line + 1, mark->column + 1));
    free(own);
    return status;
}

static enum status open_container(struct reader *r, enum node_kind kind, const struct fy_mark *mark)
{
    if (wants_key(r))
        return complain(r, mark, "a key must be a plain word, found a list or map");
    if (r->depth == CONFIG_MAX_DEPTH)
        return complain(r, mark, "nested deeper than the 32 levels allowed");
    struct config_node *node = node_new(kind, r->name, mark ? mark->line + 1 : 1, mark ? mark->column + 1 : 1);
    enum status status = attach(r, node);
    if (!status)
        r->open[r->depth++] = node;
    return status;
}

static enum status take_event(struct reader *r, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return r->documents++ ? complain(r, mark, "a second document ('---') in one file: one is allowed") : STATUS_OK;
    case FYET_ALIAS:
        return complain(r, mark, "YAML aliases (*name) are not allowed");
    case FYET_SCALAR:
        if (event->scalar.anchor)
            return complain(r, mark, "YAML anchors (&name) are not allowed");
        if (event->scalar.tag)
            return complain(r, mark, "YAML tags (!name) are not allowed");
        return take_scalar(r, event, mark);
    case FYET_SEQUENCE_START:
    case FYET_MAPPING_START: {
        bool map = event->type == FYET_MAPPING_START;
        if (map ? event->mapping_start.anchor != NULL : event->sequence_start.anchor != NULL)
            return complain(r, mark, "YAML anchors (&name) are not allowed");
        if (map ? event->mapping_start.tag != NULL : event->sequence_start.tag != NULL)
            return complain(r, mark, "YAML tags (!name) are not allowed");
        return open_container(r, map ? NODE_MAP : NODE_LIST, mark);
    }
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        r->depth--;
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

static enum status read_events(struct reader *r)
{
    enum status status = STATUS_OK;
    bool ended = false;
    while (!status && !ended) {
        struct fy_event *event = fy_parser_parse(r->parser);
        if (!event)
            return syntax_error(r);
        ended = event->type == FYET_STREAM_END;
        status = take_event(r, event);
        fy_parser_event_free(r->parser, event);
    }
    return status;
}

enum status yaml_parse(const char *text, size_t length, const char *name, struct config_node **out, struct error *e)
{
    *out = NULL;
    if (length > CONFIG_MAX_BYTES)
        return error_set_at(e, STATUS_BAD_INPUT, name, 0, 0, "is larger than the 1024 KiB allowed");
    enum status status = check_bytes(text, length, name, e);
    if (status)
        return status;
    struct reader r = {.name = name, .e = e};
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    r.diag = fy_diag_create(&diag_config);
    if (r.diag)
        fy_diag_set_collect_errors(r.diag, true);
    struct fy_parse_cfg parse_config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = r.diag};
    r.parser = r.diag ? fy_parser_create(&parse_config) : NULL;
    if (!r.parser || fy_parser_set_string(r.parser, text, length) != 0)
        status = error_memory(e);
    else
        status = read_events(&r);
    fy_parser_destroy(r.parser);
    fy_diag_destroy(r.diag);
    for (size_t i = 0; i < CONFIG_MAX_DEPTH; i++)
        free(r.key[i]);
    if (!status && (!r.root || (r.root->kind == NODE_SCALAR && !r.root->text[0])))
        status = error_set_at(e, STATUS_BAD_INPUT, name, 1, 1, "holds nothing");
    if (status)
        node_free(r.root);
    else
        *out = r.root;
    return status;
}
