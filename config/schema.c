/* Checking a tree against a table of fields. */
#include "base/text.h"
#include "config/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 256, LIST_SIZE = 512, MAX_KEYS = 64, DEFAULT_MAX_LENGTH = 1000 };

/* Short words for what a node is. */
static const char *describe(const struct config_node *n, char *buffer, size_t size)
{
    if (n->kind == NODE_MAP)
        snprintf(buffer, size, "a map");
    else if (n->kind == NODE_LIST)
        snprintf(buffer, size, "a list");
    else if (!n->text[0] && !n->quoted)
        snprintf(buffer, size, "nothing");
    else
        snprintf(buffer, size, n->quoted ? "the text \"%.60s\"" : "'%.60s'", n->text);
    return buffer;
}

static const char *join_words(const char *const *words, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = 0;
    for (size_t i = 0; words && words[i] && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", words[i]);
    return buffer;
}

static bool is_word(const struct config_node *n, const char *const *words)
{
    if (n->kind == NODE_SCALAR)
        for (size_t i = 0; words && words[i]; i++)
            if (strcmp(n->text, words[i]) == 0)
                return true;
    return false;
}

static size_t count_words(const char *const *words)
{
    size_t n = 0;
    while (words && words[n])
        n++;
    return n;
}

static enum status wrong_type(const struct config_node *n, const char *path, const char *expected, struct error *e)
{
    char found[96];
    return config_error(n, e, "%s: expected %s, found %s", path, expected, describe(n, found, sizeof found));
}

static enum status wrong_word(const struct config_node *n, const char *path, const struct config_field *f,
                              const char *or_else, struct error *e)
{
    char found[96], allowed[LIST_SIZE], end[80];
    const char *near = n->kind == NODE_SCALAR ? text_nearest(n->text, f->choices, count_words(f->choices)) : NULL;
    return config_error(n, e, "%s: expected %s%s, found %s%s", path, or_else,
                        join_words(f->choices, allowed, sizeof allowed), describe(n, found, sizeof found),
                        text_did_you_mean(near, end, sizeof end));
}

static bool plain_number(const struct config_node *n, double *value)
{
    return n->kind == NODE_SCALAR && !n->quoted && text_to_number(n->text, value);
}

static enum status check_range(const struct config_node *n, const char *path, const struct config_field *f,
                               double value, struct error *e)
{
    if ((f->low == 0 && f->high == 0) || (value >= f->low && value <= f->high))
        return STATUS_OK;
    if (isinf(f->high))
        return config_error(n, e, "%s: %.40s is out of range: at least %g is allowed", path, n->text, f->low);
    if (isinf(f->low))
        return config_error(n, e, "%s: %.40s is out of range: at most %g is allowed", path, n->text, f->high);
    return config_error(n, e, "%s: %.40s is out of range: %g to %g is allowed", path, n->text, f->low, f->high);
}

static enum status check_number(const struct config_node *n, const char *path, const struct config_field *f,
                                struct error *e)
{
    double value;
    if (!plain_number(n, &value))
        return f->type == CONFIG_NUMBER_OR_WORD
                   ? wrong_word(n, path, f, "a number or one of: ", e)
                   : wrong_type(n, path, f->type == CONFIG_INTEGER ? "a whole number" : "a number", e);
    if (f->type == CONFIG_INTEGER && (floor(value) != value || fabs(value) > 1e15))
        return wrong_type(n, path, "a whole number", e);
    return check_range(n, path, f, value, e);
}

static enum status check_numbers(const struct config_node *n, const char *path, const struct config_field *f,
                                 struct error *e)
{
    double value;
    if (n->kind != NODE_MAP)
        return f->choices ? wrong_word(n, path, f, "a map of names to numbers or one of: ", e)
                          : wrong_type(n, path, "a map of names to numbers", e);
    for (size_t i = 0; i < n->n; i++)
        if (!plain_number(n->items[i], &value)) {
            char inner[PATH_SIZE];
            snprintf(inner, sizeof inner, "%s.%.60s", path, n->keys[i]);
            return wrong_type(n->items[i], inner, "a number", e);
        }
    return STATUS_OK;
}

static enum status check_settings(const struct config_node *n, const char *path, struct error *e)
{
    if (n->kind != NODE_MAP)
        return wrong_type(n, path, "a map of paths to values, like {parameters.child_cost: 24}", e);
    return STATUS_OK;
}

static enum status check_value(const struct config_node *n, const char *path, const struct config_field *f,
                               struct error *e);

static enum status unknown_key(const struct config_node *map, size_t i, const char *path,
                               const struct config_field *fields, struct error *e)
{
    const char *keys[MAX_KEYS + 2] = {0};
    char allowed[LIST_SIZE];
    size_t n = 0;
    for (; fields[n].key && n < MAX_KEYS; n++)
        keys[n] = fields[n].key;
    if (!path[0])
        keys[n++] = "extends";
    const char *near = text_nearest(map->keys[i], keys, n);
    join_words(keys, allowed, sizeof allowed);
    const char *where = path[0] ? " in " : "";
    if (near)
        return config_error_at_key(map, i, e, "unknown key '%.60s'%s%s; did you mean '%s'? allowed: %s", map->keys[i],
                                   where, path, near, allowed);
    return config_error_at_key(map, i, e, "unknown key '%.60s'%s%s; allowed: %s", map->keys[i], where, path, allowed);
}

static enum status check_map(const struct config_node *n, const char *path, const struct config_field *fields,
                             struct error *e)
{
    if (n->kind != NODE_MAP)
        return wrong_type(n, path[0] ? path : "the file", "a map (key: value)", e);
    for (size_t i = 0; i < n->n; i++) {
        const struct config_field *f = fields;
        while (f->key && strcmp(f->key, n->keys[i]) != 0)
            f++;
        if (!f->key)
            return unknown_key(n, i, path, fields, e);
        char inner[PATH_SIZE];
        snprintf(inner, sizeof inner, "%s%s%s", path, path[0] ? "." : "", f->key);
        enum status status = check_value(n->items[i], inner, f, e);
        if (status)
            return status;
    }
    for (const struct config_field *f = fields; f->key; f++)
        if (f->required && !node_find(n, f->key))
            return config_error(n, e, "%s%s'%s' is missing: %s", path, path[0] ? ": " : "", f->key, f->meaning);
    return STATUS_OK;
}

static enum status check_list(const struct config_node *n, const char *path, const struct config_field *f,
                              struct error *e)
{
    size_t most = f->max_length ? f->max_length : DEFAULT_MAX_LENGTH;
    if (n->kind != NODE_LIST)
        return wrong_type(n, path, "a list", e);
    if (n->n > most)
        return config_error(n, e, "%s: %zu entries, at most %zu are allowed", path, n->n, most);
    if (n->n < f->min_length)
        return config_error(n, e, "%s: %zu entries, at least %zu %s wanted", path, n->n, f->min_length,
                            f->min_length == 1 ? "is" : "are");
    for (size_t i = 0; i < n->n; i++) {
        char inner[PATH_SIZE];
        snprintf(inner, sizeof inner, "%.200s[%zu]", path, i);
        enum status status = check_value(n->items[i], inner, f->element, e);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status check_scalar_text(const struct config_node *n, const char *path, const struct config_field *f,
                                     struct error *e)
{
    double year;
    switch (f->type) {
    case CONFIG_BOOLEAN:
        if (n->kind != NODE_SCALAR || n->quoted || (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0))
            return wrong_type(n, path, "true or false", e);
        return STATUS_OK;
    case CONFIG_YEAR:
        if (n->kind != NODE_SCALAR || !text_to_year(n->text, &year))
            return wrong_type(n, path, "a year, like 1950 or 10000 BCE", e);
        return STATUS_OK;
    case CONFIG_CHOICE:
        return is_word(n, f->choices) ? STATUS_OK : wrong_word(n, path, f, "one of: ", e);
    default:
        if (n->kind != NODE_SCALAR || (!n->text[0] && !n->quoted))
            return wrong_type(n, path, "a text", e);
        return STATUS_OK;
    }
}

static enum status check_value(const struct config_node *n, const char *path, const struct config_field *f,
                               struct error *e)
{
    switch (f->type) {
    case CONFIG_NUMBER:
    case CONFIG_INTEGER:
        return check_number(n, path, f, e);
    case CONFIG_NUMBER_OR_WORD:
        return is_word(n, f->choices) ? STATUS_OK : check_number(n, path, f, e);
    case CONFIG_MAP:
        return check_map(n, path, f->fields, e);
    case CONFIG_NUMBERS:
        return check_numbers(n, path, f, e);
    case CONFIG_NUMBERS_OR_WORD:
        return is_word(n, f->choices) ? STATUS_OK : check_numbers(n, path, f, e);
    case CONFIG_LIST:
        return check_list(n, path, f, e);
    case CONFIG_SETTINGS:
        return check_settings(n, path, e);
    default:
        return check_scalar_text(n, path, f, e);
    }
}

enum status schema_check(const struct config_node *root, const struct config_field *fields, struct error *e)
{
    return check_map(root, "", fields, e);
}

/* --- documentation ------------------------------------------------------------------------------------------------ */

static void write_type(const struct config_field *f, FILE *out)
{
    static const char *const words[] = {[CONFIG_STRING] = "text",
                                        [CONFIG_FILE] = "file",
                                        [CONFIG_NUMBER] = "number",
                                        [CONFIG_INTEGER] = "whole number",
                                        [CONFIG_BOOLEAN] = "true, false",
                                        [CONFIG_CHOICE] = "one of",
                                        [CONFIG_YEAR] = "year",
                                        [CONFIG_NUMBER_OR_WORD] = "number, or",
                                        [CONFIG_MAP] = "map",
                                        [CONFIG_NUMBERS] = "map of names to numbers",
                                        [CONFIG_NUMBERS_OR_WORD] = "map of names to numbers, or",
                                        [CONFIG_LIST] = "list",
                                        [CONFIG_SETTINGS] = "map of paths to values"};
    char allowed[LIST_SIZE];
    fprintf(out, "%s", words[f->type]);
    if (f->choices)
        fprintf(out, " %s", join_words(f->choices, allowed, sizeof allowed));
    if (f->low == 0 && f->high == 0)
        return;
    char low[32], high[32];
    text_from_number(f->low, low, sizeof low);
    text_from_number(f->high, high, sizeof high);
    if (isinf(f->high))
        fprintf(out, ", at least %s", low);
    else if (isinf(f->low))
        fprintf(out, ", at most %s", high);
    else
        fprintf(out, ", %s to %s", low, high);
}

static void write_rows(const struct config_field *fields, const char *prefix, FILE *out)
{
    for (const struct config_field *f = fields; f->key; f++) {
        char path[PATH_SIZE];
        const struct config_field *inner = f->type == CONFIG_LIST ? f->element : f;
        snprintf(path, sizeof path, "%s%s%s", prefix, f->key, f->type == CONFIG_LIST ? "[]" : "");
        fprintf(out, "| `%s` | ", path);
        write_type(f, out);
        if (f->type == CONFIG_LIST) {
            fprintf(out, " of ");
            write_type(inner, out);
        }
        fprintf(out, " | %s | %s |\n", f->required ? "required" : f->fallback ? f->fallback : "", f->meaning);
        if (inner->type == CONFIG_MAP) {
            snprintf(path, sizeof path, "%s%s%s.", prefix, f->key, f->type == CONFIG_LIST ? "[]" : "");
            write_rows(inner->fields, path, out);
        }
    }
}

void config_write_reference(const struct config_field *fields, FILE *out)
{
    fprintf(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
    fprintf(out, "| `extends` | text | | another file, relative to this one, that this one is laid over |\n");
    write_rows(fields, "", out);
}
