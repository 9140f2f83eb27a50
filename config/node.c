#include "config/node.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct config_node *node_new(enum node_kind kind, const char *file, int line, int column)
{
    struct config_node *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->kind = kind;
    n->line = line;
    n->column = column;
    n->file = strdup(file);
    if (n->file)
        return n;
    free(n);
    return NULL;
}

struct config_node *node_new_scalar(const char *text, bool quoted, const char *file, int line, int column)
{
    struct config_node *n = node_new(NODE_SCALAR, file, line, column);
    if (!n)
        return NULL;
    n->quoted = quoted;
    n->text = strdup(text);
    if (n->text)
        return n;
    node_free(n);
    return NULL;
}

void node_free(struct config_node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->n; i++) {
        node_free(n->items[i]);
        if (n->keys)
            free(n->keys[i]);
    }
    free(n->items);
    free(n->keys);
    free(n->text);
    free(n->file);
    free(n);
}

void node_set_layer(struct config_node *n, int layer)
{
    n->layer = layer;
    for (size_t i = 0; i < n->n; i++)
        node_set_layer(n->items[i], layer);
}

struct config_node *node_copy(const struct config_node *n)
{
    struct config_node *copy = n->kind == NODE_SCALAR ? node_new_scalar(n->text, n->quoted, n->file, n->line, n->column)
                                                      : node_new(n->kind, n->file, n->line, n->column);
    if (!copy)
        return NULL;
    copy->layer = n->layer;
    copy->key_line = n->key_line;
    copy->key_column = n->key_column;
    for (size_t i = 0; i < n->n; i++)
        if (!node_append(copy, n->keys ? n->keys[i] : NULL, node_copy(n->items[i]))) {
            node_free(copy);
            return NULL;
        }
    return copy;
}

/* Room for one entry more: the arrays double whenever they hold a power of two. */
static bool reserve(struct config_node *n, bool keys)
{
    if (n->n & (n->n - 1))
        return true;
    size_t capacity = n->n ? 2 * n->n : 1;
    struct config_node **more_items = realloc(n->items, capacity * sizeof *more_items);
    if (!more_items)
        return false;
    n->items = more_items;
    char **more_keys = keys ? realloc(n->keys, capacity * sizeof *more_keys) : n->keys;
    if (!more_keys)
        return !keys;
    n->keys = more_keys;
    return true;
}

bool node_append(struct config_node *n, const char *key, struct config_node *item)
{
    if (!item)
        return false;
    char *own_key = key ? strdup(key) : NULL;
    if ((key && !own_key) || !reserve(n, key != NULL)) {
        free(own_key);
        node_free(item);
        return false;
    }
    if (key)
        n->keys[n->n] = own_key;
    n->items[n->n++] = item;
    return true;
}

struct config_node *node_find(const struct config_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    return NULL;
}

void node_remove(struct config_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++) {
        if (strcmp(map->keys[i], key) != 0)
            continue;
        node_free(map->items[i]);
        free(map->keys[i]);
        map->n--;
        memmove(map->items + i, map->items + i + 1, (map->n - i) * sizeof *map->items);
        memmove(map->keys + i, map->keys + i + 1, (map->n - i) * sizeof *map->keys);
        return;
    }
}

/* Put `item` (consumed) under `key`, replacing what is there. */
static bool set_entry(struct config_node *map, const char *key, struct config_node *item)
{
    for (size_t i = 0; item && i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0) {
            node_free(map->items[i]);
            map->items[i] = item;
            return true;
        }
    return node_append(map, key, item);
}

bool node_merge(struct config_node **base, struct config_node *over)
{
    if ((*base)->kind != NODE_MAP || over->kind != NODE_MAP) {
        node_free(*base);
        *base = over;
        return true;
    }
    bool ok = true;
    for (size_t i = 0; i < over->n && ok; i++) {
        struct config_node *item = over->items[i];
        size_t k = 0;
        over->items[i] = NULL;
        while (k < (*base)->n && strcmp((*base)->keys[k], over->keys[i]) != 0)
            k++;
        ok = k < (*base)->n ? node_merge(&(*base)->items[k], item) : node_append(*base, over->keys[i], item);
    }
    node_free(over);
    return ok;
}

/* --- paths -------------------------------------------------------------------------------------------------------- */

/* The next step of a path: a key into key[64], or an index; false at the end or at a mistake (*path then stays). */
static bool path_step(const char **path, char key[64], size_t *index, bool *is_index)
{
    const char *c = *path;
    *is_index = *c == '[';
    if (*is_index) {
        char *end;
        if (!isdigit((unsigned char)c[1]))
            return false;
        unsigned long value = strtoul(c + 1, &end, 10);
        if (*end != ']')
            return false;
        *index = value;
        c = end + 1;
    } else {
        size_t length = strcspn(c, ".[]=");
        if (length == 0 || length >= 64)
            return false;
        memcpy(key, c, length);
        key[length] = 0;
        c += length;
    }
    if (*c == '.' && c[1])
        c++;
    else if (*c && *c != '[')
        return false;
    *path = c;
    return true;
}

const struct config_node *config_get(const struct config_node *n, const char *path)
{
    char key[64];
    size_t index = 0;
    bool is_index;
    while (n && *path) {
        if (!path_step(&path, key, &index, &is_index))
            return NULL;
        if (!is_index)
            n = node_find(n, key);
        else
            n = n->kind == NODE_LIST && index < n->n ? n->items[index] : NULL;
    }
    return n;
}

static enum status bad_path(struct config_node *value, const char *path, const char *why, struct error *e)
{
    enum status status = config_error(value, e, "path '%.100s': %s", path, why);
    node_free(value);
    return status;
}

/* The map under `key` of `map`, made (or made out of a scalar) where it is missing. */
static struct config_node *enter_map(struct config_node *map, const char *key, const struct config_node *value)
{
    struct config_node *next = node_find(map, key);
    if (next && next->kind != NODE_SCALAR)
        return next;
    struct config_node *fresh = node_new(NODE_MAP, value->file, value->line, value->column);
    if (fresh) {
        fresh->layer = value->layer;
        fresh->key_line = value->key_line;
        fresh->key_column = value->key_column;
    }
    return set_entry(map, key, fresh) ? fresh : NULL;
}

enum status node_set_path(struct config_node *root, const char *path, struct config_node *value, struct error *e)
{
    char key[64];
    size_t index = 0;
    bool is_index;
    const char *rest = path;
    struct config_node *at = root;
    if (!value)
        return error_memory(e);
    for (int depth = 1;; depth++) {
        if (!path_step(&rest, key, &index, &is_index))
            return bad_path(value, path,
                            "expected keys separated by dots, like parameters.capital_share or runs[0].name", e);
        if (is_index != (at->kind == NODE_LIST))
            return bad_path(value, path, is_index ? "there is no list to index" : "a list wants an index, like [0]", e);
        if (is_index && index >= at->n)
            return bad_path(value, path, "the list is shorter than that", e);
        if (at->kind == NODE_SCALAR)
            return bad_path(value, path, "there is no map to look into", e);
        if (depth > CONFIG_MAX_DEPTH)
            return bad_path(value, path, "deeper than the 32 levels allowed", e);
        if (!*rest)
            break;
        at = is_index ? at->items[index] : enter_map(at, key, value);
        if (!at) {
            node_free(value);
            return error_memory(e);
        }
    }
    if (is_index) {
        node_free(at->items[index]);
        at->items[index] = value;
        return STATUS_OK;
    }
    return set_entry(at, key, value) ? STATUS_OK : error_memory(e);
}
