/* YAML text -> tree, by libfyaml's event parser, so that depth, aliases, anchors and tags are met before anything is
 * built. */
#include "base/text.h"
#include "config/node.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    const char *name, *text;
    size_t length; /* of the text */
    struct error *e;
    /* containers that are open, and the key that waits for its value in each */
    struct config_node *open[CONFIG_MAX_DEPTH];
    char *key[CONFIG_MAX_DEPTH];
    int key_line[CONFIG_MAX_DEPTH], key_column[CONFIG_MAX_DEPTH];
    size_t depth;
    struct config_node *root;
    size_t documents;
    struct fy_mark last; /* the last place that libfyaml named: it has none for what is left empty */
};

/* Non-UTF-8 and control characters, with their place: libfyaml would accept some and stop at others without one. */
static enum status check_bytes(const char *text, size_t length, const char *name, struct error *e)
{
    size_t good = text_valid_length(text, length);
    int line = 1, column = 1;
    if (good == length)
        return STATUS_OK;
    for (size_t i = 0; i < good; i++) {
        bool continues = ((unsigned char)text[i] & 0xc0) == 0x80;
        column = text[i] == '\n' ? 1 : column + !continues;
        line += text[i] == '\n';
    }
    unsigned char bad = (unsigned char)text[good];
    return error_set_at(e, STATUS_BAD_INPUT, name, line, column,
                        bad < 0x80 ? "control character 0x%02x: is this a YAML file?"
                                   : "byte 0x%02x is not UTF-8 text: is this a YAML file?",
                        bad);
}

static enum status complain(struct reader *r, const struct fy_mark *mark, const char *message)
{
    return error_set_at(r->e, STATUS_BAD_INPUT, r->name, mark->line + 1, mark->column + 1, "%s", message);
}

/* At the sign (&, *) before an anchor's or alias's name, or at a tag. */
static enum status complain_at_token(struct reader *r, struct fy_token *token, int signs, const char *message)
{
    const struct fy_mark *mark = fy_token_start_mark(token);
    if (!mark)
        return complain(r, &r->last, message);
    return error_set_at(r->e, STATUS_BAD_INPUT, r->name, mark->line + 1, mark->column + 1 - signs, "%s", message);
}

/* libfyaml stops without a word at directives (%...) that it does not know: the line of the first, else 1. */
static int silent_line(const char *text, size_t length)
{
    int line = 1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%' && (i == 0 || text[i - 1] == '\n'))
            return line;
        line += text[i] == '\n';
    }
    return 1;
}

/* libfyaml's first complaint. */
static enum status syntax_error(struct reader *r)
{
    void *iterator = NULL;
    struct fy_diag_error *first = fy_diag_errors_iterate(r->diag, &iterator);
    if (!first || !first->msg)
        return error_set_at(r->e, STATUS_BAD_INPUT, r->name, silent_line(r->text, r->length), 1, "is not valid YAML");
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
    if (strcmp(text, "<<") == 0)
        return complain(r, mark, "YAML merge keys (<<) are not allowed");
    if (r->open[top]->n == CONFIG_MAX_KEYS) /* also because looking for duplicates takes the square of it */
        return complain(r, mark, "more than 1000 keys in one map");
    if (node_find(r->open[top], text))
        return error_set_at(r->e, STATUS_BAD_INPUT, r->name, mark->line + 1, mark->column + 1,
                            "duplicate key '%.60s': it stands at line %d already", text,
                            node_find(r->open[top], text)->key_line);
    r->key[top] = strdup(text);
    r->key_line[top] = mark->line + 1;
    r->key_column[top] = mark->column + 1;
    return r->key[top] ? STATUS_OK : error_memory(r->e);
}

/* Where a scalar was written; for one that was left empty, where the key or the list before it was. */
static struct fy_mark scalar_mark(struct reader *r, struct fy_event *event, enum fy_scalar_style style)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark && (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED))
        r->last.column--; /* libfyaml's is behind the quote */
    return r->last;
}

static enum status take_scalar(struct reader *r, struct fy_event *event)
{
    size_t length = 0;
    const char *text = fy_token_get_text(event->scalar.value, &length);
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    struct fy_mark mark = scalar_mark(r, event, style);
    if (length && memchr(text, 0, length))
        return complain(r, &mark, "a zero character in a text");
    char *own = strndup(text ? text : "", length);
    if (!own)
        return error_memory(r->e);
    enum status status =
        wants_key(r) ? take_key(r, own, &mark)
                     : attach(r, node_new_scalar(own, style != FYSS_PLAIN, r->name, mark.line + 1, mark.column + 1));
    free(own);
    return status;
}

static enum status open_container(struct reader *r, enum node_kind kind, const struct fy_mark *mark)
{
    if (wants_key(r))
        return complain(r, mark, "a key must be a plain word, found a list or map");
    if (r->depth == CONFIG_MAX_DEPTH)
        return complain(r, mark, "nested deeper than the 32 levels allowed");
    struct config_node *node = node_new(kind, r->name, mark->line + 1, mark->column + 1);
    enum status status = attach(r, node);
    if (!status)
        r->open[r->depth++] = node;
    return status;
}

/* What a scalar, map or list may not have. */
static enum status refuse_properties(struct reader *r, struct fy_token *anchor, struct fy_token *tag)
{
    if (anchor)
        return complain_at_token(r, anchor, 1, "YAML anchors (&name) are not allowed");
    if (tag)
        return complain_at_token(r, tag, 0, "YAML tags (!name) are not allowed");
    return STATUS_OK;
}

static enum status take_event(struct reader *r, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    enum status status;
    if (mark)
        r->last = *mark;
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return r->documents++ ? complain(r, &r->last, "a second document ('---') in one file: one is allowed")
                              : STATUS_OK;
    case FYET_ALIAS:
        return complain_at_token(r, event->alias.anchor, 1, "YAML aliases (*name) are not allowed");
    case FYET_SCALAR:
        status = refuse_properties(r, event->scalar.anchor, event->scalar.tag);
        return status ? status : take_scalar(r, event);
    case FYET_SEQUENCE_START:
        status = refuse_properties(r, event->sequence_start.anchor, event->sequence_start.tag);
        return status ? status : open_container(r, NODE_LIST, &r->last);
    case FYET_MAPPING_START:
        status = refuse_properties(r, event->mapping_start.anchor, event->mapping_start.tag);
        return status ? status : open_container(r, NODE_MAP, &r->last);
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
    struct reader r = {.name = name, .text = text, .length = length, .e = e};
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
    if (!status && (!r.root || (r.root->kind == NODE_SCALAR && !r.root->text[0] && !r.root->quoted)))
        status = error_set_at(e, STATUS_BAD_INPUT, name, 1, 1, "holds nothing");
    if (status)
        node_free(r.root);
    else
        *out = r.root;
    return status;
}
