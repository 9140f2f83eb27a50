#include "config/config.h"

#include "base/file.h"
#include "base/share.h"
#include "base/text.h"
#include "config/node.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct config {
    struct config_node *root;
    const struct config_field *fields; /* borrowed: a static table */
    char **settings;                   /* "path=value" from the command line */
    size_t n_settings;
};

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The files of an extends chain, by their real paths. */
struct chain {
    char *files[CONFIG_MAX_EXTENDS];
    size_t n;
};

/* `path` as seen from the folder of `from`; malloc'd. */
static char *resolve_path(const char *path, const char *from)
{
    const char *slash = strrchr(from, '/');
    if (path[0] == '/' || !slash)
        return strdup(path);
    return text_format("%.*s/%s", (int)(slash - from), from, path);
}

/* A bare name that is no file there is one of the shipped files, if they have it; malloc'd. */
static char *find_file(const char *path, const char *as_written)
{
    char shipped[4200];
    bool there = access(path, F_OK) == 0;
    return strdup(!there && share_scenario(as_written, shipped, sizeof shipped) ? shipped : path);
}

static enum status read_merged(const char *path, struct chain *chain, struct config_node **out, struct error *e);

/* Replace *root by its base with *root laid over it, as its `extends` says. */
static enum status follow_extends(struct config_node **root, struct chain *chain, struct error *e)
{
    struct config_node *extends = node_find(*root, "extends"), *base = NULL;
    if (!extends)
        return STATUS_OK;
    if (extends->kind != NODE_SCALAR || !extends->text[0])
        return config_error(extends, e, "extends: expected the name of a file");
    char *beside = resolve_path(extends->text, extends->file), *path = beside ? find_file(beside, extends->text) : NULL;
    free(beside);
    if (!path)
        return error_memory(e);
    struct error inner = {0};
    enum status status = read_merged(path, chain, &base, &inner);
    free(path);
    if (status || !base) {
        /* a base that is missing or circular is this file's mistake; one that is malformed has its own place */
        if (inner.line == 0)
            return config_error(extends, e, "extends: %s%s%s", inner.file, inner.file[0] ? ": " : "", inner.message);
        if (e)
            *e = inner;
        return status;
    }
    if (base->kind != NODE_MAP) {
        status = config_error(base, e, "the file: expected a map (key: value)");
        node_free(base);
        return status;
    }
    node_remove(*root, "extends");
    struct config_node *over = *root;
    *root = NULL;
    if (!node_merge(&base, over)) {
        node_free(base);
        return error_memory(e);
    }
    *root = base;
    return STATUS_OK;
}

static enum status read_merged(const char *path, struct chain *chain, struct config_node **out, struct error *e)
{
    char *text = NULL, *real = realpath(path, NULL);
    size_t length;
    *out = NULL;
    for (size_t i = 0; real && i < chain->n; i++)
        if (strcmp(real, chain->files[i]) == 0) {
            free(real);
            return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "extends itself in a circle");
        }
    if (chain->n == CONFIG_MAX_EXTENDS) {
        free(real);
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "more than %d files extend one another",
                            CONFIG_MAX_EXTENDS);
    }
    enum status status = file_read(path, CONFIG_MAX_BYTES, &text, &length, e);
    if (!status && !real)
        status = error_memory(e);
    if (!status)
        status = yaml_parse(text, length, path, out, e);
    free(text);
    if (status || !real) {
        free(real);
        return status;
    }
    node_set_layer(*out, LAYER_FILE - (int)chain->n);
    chain->files[chain->n++] = real;
    status = follow_extends(out, chain, e);
    if (status) {
        node_free(*out);
        *out = NULL;
    }
    return status;
}

static void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        free(chain->files[i]);
}

/* The file at a path, or the shipped file of that name, with all that it extends. */
static enum status read_file_or_shipped(const char *path, struct config_node **out, struct error *e)
{
    struct chain chain = {0};
    char *found = find_file(path, path);
    enum status status = found ? read_merged(found, &chain, out, e) : error_memory(e);
    chain_clear(&chain);
    free(found);
    return status;
}

/* --- settings ----------------------------------------------------------------------------------------------------- */

/* "path=value" from the command line, laid over the tree. */
static enum status apply_setting(struct config_node *root, const char *setting, struct error *e)
{
    const char *equals = strchr(setting, '=');
    if (!equals || equals == setting)
        return error_set(e, STATUS_USAGE, "--set %s: expected path=value, like parameters.capital_share=0.3", setting);
    char *path = strndup(setting, (size_t)(equals - setting)), *place = text_format("--set %s", setting);
    struct config_node *value = NULL;
    enum status status = path && place ? STATUS_OK : error_memory(e);
    if (!status && !equals[1])
        status = error_set(e, STATUS_USAGE, "%s: expected a value after '='", place);
    if (!status)
        status = yaml_parse(equals + 1, strlen(equals + 1), place, &value, e);
    if (!status) {
        node_set_layer(value, LAYER_COMMAND_LINE);
        status = node_set_path(root, path, value, e);
    } else if (status == STATUS_BAD_INPUT) {
        status = STATUS_USAGE;
        if (e) {
            e->status = status;
            e->line = e->column = 0;
        }
    }
    free(path);
    free(place);
    return status;
}

/* The entries of a runs[].set map. */
static enum status apply_node_settings(struct config_node *root, const struct config_node *set, struct error *e)
{
    for (size_t i = 0; set && i < set->n; i++) {
        struct config_node *value = node_copy(set->items[i]);
        if (value)
            node_set_layer(value, LAYER_RUN);
        enum status status = value ? node_set_path(root, set->keys[i], value, e) : error_memory(e);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Settings of the command line on top, then the check. */
static enum status finish(struct config *c, struct error *e)
{
    if (c->root->kind == NODE_MAP)
        for (size_t i = 0; i < c->n_settings; i++) {
            enum status status = apply_setting(c->root, c->settings[i], e);
            if (status)
                return status;
        }
    return schema_check(c->root, c->fields, e);
}

static struct config *config_new(const struct config_field *fields, const char *const *settings, size_t n_settings)
{
    struct config *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->fields = fields;
    c->settings = calloc(n_settings + 1, sizeof *c->settings);
    for (; c->settings && c->n_settings < n_settings; c->n_settings++)
        if (!(c->settings[c->n_settings] = strdup(settings[c->n_settings])))
            break;
    if (c->n_settings == n_settings && c->settings)
        return c;
    config_free(c);
    return NULL;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    node_free(c->root);
    for (size_t i = 0; i < c->n_settings; i++)
        free(c->settings[i]);
    free(c->settings);
    free(c);
}

static enum status hand_over(struct config *c, enum status status, struct config **out)
{
    if (status)
        config_free(c);
    else
        *out = c;
    return status;
}

enum status config_read(const char *path, const struct config_field *fields, const char *const *settings,
                        size_t n_settings, struct config **out, struct error *e)
{
    *out = NULL;
    struct config *c = config_new(fields, settings, n_settings);
    if (!c)
        return error_memory(e);
    enum status status = read_file_or_shipped(path, &c->root, e);
    if (!status)
        status = finish(c, e);
    return hand_over(c, status, out);
}

enum status config_read_text(const char *text, size_t length, const char *name, const struct config_field *fields,
                             const char *const *settings, size_t n_settings, struct config **out, struct error *e)
{
    *out = NULL;
    struct config *c = config_new(fields, settings, n_settings);
    if (!c)
        return error_memory(e);
    struct chain chain = {0};
    enum status status = yaml_parse(text, length, name, &c->root, e);
    if (!status)
        status = follow_extends(&c->root, &chain, e);
    chain_clear(&chain);
    if (!status)
        status = finish(c, e);
    return hand_over(c, status, out);
}

enum status config_derive(const struct config *base, const struct config_node *set, struct config **out,
                          struct error *e)
{
    *out = NULL;
    struct config *c = config_new(base->fields, (const char *const *)base->settings, base->n_settings);
    if (!c || !(c->root = node_copy(base->root))) {
        config_free(c);
        return error_memory(e);
    }
    enum status status = apply_node_settings(c->root, set, e);
    if (!status)
        status = finish(c, e);
    return hand_over(c, status, out);
}

enum status config_kind(const char *path, char *buffer, size_t size, struct error *e)
{
    struct config_node *root = NULL;
    enum status status = read_file_or_shipped(path, &root, e);
    if (!status)
        snprintf(buffer, size, "%s", config_text(node_find(root, "kind"), ""));
    node_free(root);
    return status;
}

/* --- walking ------------------------------------------------------------------------------------------------------ */

const struct config_node *config_root(const struct config *c)
{
    return c->root;
}

size_t config_length(const struct config_node *n)
{
    return n ? n->n : 0;
}

const struct config_node *config_item(const struct config_node *n, size_t i)
{
    return n && i < n->n ? n->items[i] : NULL;
}

const char *config_key(const struct config_node *n, size_t i)
{
    return n && n->keys && i < n->n ? n->keys[i] : NULL;
}

bool config_is_scalar(const struct config_node *n)
{
    return n && n->kind == NODE_SCALAR;
}

const char *config_text(const struct config_node *n, const char *fallback)
{
    return config_is_scalar(n) ? n->text : fallback;
}

double config_number(const struct config_node *n, double fallback)
{
    double value;
    return config_is_scalar(n) && text_to_year(n->text, &value) ? value : fallback;
}

long config_integer(const struct config_node *n, long fallback)
{
    return (long)config_number(n, (double)fallback);
}

bool config_boolean(const struct config_node *n, bool fallback)
{
    return config_is_scalar(n) ? strcmp(n->text, "true") == 0 : fallback;
}

const char *config_node_file(const struct config_node *n)
{
    return n->file;
}

const struct config_node *config_later(const struct config_node *a, const struct config_node *b)
{
    if (!a || !b)
        return a ? a : b;
    return b->layer > a->layer ? b : a;
}

char *config_path(const struct config_node *n)
{
    const char *path = config_text(n, ""), *from = config_node_file(n), *slash = strrchr(from, '/');
    if (path[0] == '/' || !slash || strncmp(from, "--set", 5) == 0)
        return text_copy(path);
    return text_format("%.*s/%s", (int)(slash - from), from, path);
}

/* --- files named in a document ----------------------------------------------------------------------------------- */

static enum status make_absolute(struct config_node *n, struct error *e)
{
    char *path = config_path(n), *folder = NULL, *absolute = NULL;
    if (path && path[0] == '/') {
        absolute = path;
        path = NULL;
    } else if (path && (folder = getcwd(NULL, 0)))
        absolute = text_format("%s/%s", folder, path);
    free(folder);
    free(path);
    if (!absolute)
        return error_memory(e);
    free(n->text);
    n->text = absolute;
    return STATUS_OK;
}

static const struct config_field *field_of_key(const struct config_field *fields, const char *key, size_t length)
{
    for (; fields && fields->key; fields++)
        if (strlen(fields->key) == length && strncmp(fields->key, key, length) == 0)
            return fields;
    return NULL;
}

/* What the table says about a path like compare[0].file; NULL where it says nothing. */
static const struct config_field *field_of_path(const struct config_field *fields, const char *path)
{
    for (;;) {
        size_t length = strcspn(path, ".[");
        const struct config_field *f = field_of_key(fields, path, length);
        for (path += length; f && *path == '['; path += strcspn(path, ".["))
            f = f->type == CONFIG_LIST ? f->element : NULL, path++;
        if (!f || *path != '.')
            return f;
        fields = f->fields;
        path++;
    }
}

/* `f` NULL: nothing is known about `n`. `root`: the table that the paths of settings start in. */
static enum status resolve_files(struct config_node *n, const struct config_field *f, const struct config_field *root,
                                 struct error *e)
{
    enum status status = STATUS_OK;
    if (f && f->type == CONFIG_FILE && n->kind == NODE_SCALAR)
        return make_absolute(n, e);
    for (size_t i = 0; f && i < n->n && !status; i++) {
        const struct config_field *inner = NULL;
        if (f->type == CONFIG_LIST)
            inner = f->element;
        else if (f->type == CONFIG_MAP && n->kind == NODE_MAP)
            inner = field_of_key(f->fields, n->keys[i], strlen(n->keys[i]));
        else if (f->type == CONFIG_SETTINGS && n->kind == NODE_MAP)
            inner = field_of_path(root, n->keys[i]);
        status = resolve_files(n->items[i], inner, root, e);
    }
    return status;
}

enum status config_resolve_files(struct config *c, struct error *e)
{
    const struct config_field whole = {.type = CONFIG_MAP, .fields = c->fields};
    return resolve_files(c->root, &whole, c->fields, e);
}

enum status config_set(struct config *c, const char *path, const char *value, struct error *e)
{
    struct config_node *node = node_new_scalar(value, false, "", 0, 0);
    return node ? node_set_path(c->root, path, node, e) : error_memory(e);
}

void config_remove(struct config *c, const char *key)
{
    node_remove(c->root, key);
}

char *config_file_stem(const char *path, char *buffer, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(buffer, size, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(buffer, '.');
    if (dot && dot != buffer)
        *dot = 0;
    return buffer;
}

enum status config_check_names(const struct config_node *list, struct error *e)
{
    for (size_t i = 0; i < config_length(list); i++) {
        const struct config_node *name = config_get(config_item(list, i), "name");
        for (size_t k = 0; k < i; k++)
            if (strcmp(config_text(name, ""), config_text(config_get(config_item(list, k), "name"), "")) == 0)
                return config_error(name, e, "two runs are called '%.60s'", config_text(name, ""));
    }
    return STATUS_OK;
}

static enum status error_at(const struct config_node *n, int line, int column, struct error *e, const char *message)
{
    enum status status = strncmp(n->file, "--set ", 6) == 0 ? STATUS_USAGE : STATUS_BAD_INPUT;
    return error_set_at(e, status, n->file, status == STATUS_USAGE ? 0 : line, column, "%s", message);
}

enum status config_error(const struct config_node *n, struct error *e, const char *format, ...)
{
    char message[768];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_at(n, n->line, n->column, e, message);
}

enum status config_error_at_key(const struct config_node *n, size_t i, struct error *e, const char *format, ...)
{
    char message[768];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const struct config_node *item = n->items[i];
    bool known = item->key_line > 0;
    return error_at(item, known ? item->key_line : item->line, known ? item->key_column : item->column, e, message);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n')
            fputs("\\n", out);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else {
            if (c == '"' || c == '\\')
                fputc('\\', out);
            fputc(c, out);
        }
    }
    fputc('"', out);
}

/* A plain scalar that was read as plain is written as it stood; the rest in double quotes. */
static void write_scalar(const struct config_node *n, FILE *out)
{
    if (!n->quoted && n->text[0] && !strpbrk(n->text, "\n,[]{}#:\"'"))
        fputs(n->text, out);
    else
        write_quoted(n->text, out);
}

/* A word or a path of words is written as it is, any other key in quotes. */
static void write_key(const char *key, FILE *out)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    if (key[0] && key[strspn(key, word)] == 0)
        fputs(key, out);
    else
        write_quoted(key, out);
}

static void write_flow(const struct config_node *n, FILE *out)
{
    if (n->kind == NODE_SCALAR) {
        write_scalar(n, out);
        return;
    }
    fputc(n->kind == NODE_MAP ? '{' : '[', out);
    for (size_t i = 0; i < n->n; i++) {
        if (i)
            fputs(", ", out);
        if (n->keys) {
            write_key(n->keys[i], out);
            fputs(": ", out);
        }
        write_flow(n->items[i], out);
    }
    fputc(n->kind == NODE_MAP ? '}' : ']', out);
}

/* Top-level keys one a line; maps below them one entry a line, deeper ones in flow style. */
enum status config_write(const struct config *c, FILE *out, struct error *e)
{
    const struct config_node *root = c->root;
    for (size_t i = 0; i < root->n; i++) {
        const struct config_node *n = root->items[i];
        write_key(root->keys[i], out);
        fputc(':', out);
        if (n->kind == NODE_SCALAR || n->n == 0) {
            fputc(' ', out);
            write_flow(n, out);
        }
        for (size_t k = 0; k < n->n; k++) {
            fputs(n->kind == NODE_MAP ? "\n  " : "\n  - ", out);
            if (n->kind == NODE_MAP) {
                write_key(n->keys[k], out);
                fputs(": ", out);
            }
            write_flow(n->items[k], out);
        }
        fputc('\n', out);
    }
    return ferror(out) ? error_set(e, STATUS_FAILED, "the scenario cannot be written") : STATUS_OK;
}

static json_t *node_to_json(const struct config_node *n)
{
    double number;
    if (n->kind == NODE_SCALAR) {
        if (!n->quoted && text_to_number(n->text, &number))
            return json_real(number);
        if (!n->quoted && (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0))
            return json_boolean(n->text[0] == 't');
        return json_string(n->text);
    }
    json_t *out = n->kind == NODE_MAP ? json_object() : json_array();
    for (size_t i = 0; i < n->n; i++) {
        if (n->kind == NODE_MAP)
            json_object_set_new(out, n->keys[i], node_to_json(n->items[i]));
        else
            json_array_append_new(out, node_to_json(n->items[i]));
    }
    return out;
}

json_t *config_to_json(const struct config *c)
{
    return node_to_json(c->root);
}
