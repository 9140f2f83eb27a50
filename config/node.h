/* The tree behind a configuration (private to config/). */
#ifndef GEARS_CONFIG_NODE_H
#define GEARS_CONFIG_NODE_H

#include "config/config.h"

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

struct config_node {
    enum node_kind kind;
    char *file;               /* where it was written; "--set PATH" for the command line */
    int line, column;         /* from 1; of the value's own text where it came from the command line */
    int layer;                /* see config_later */
    int key_line, key_column; /* of the key, for the value of a map's entry */
    char *text;               /* scalar */
    bool quoted;              /* scalar: written with quotes or as a block */
    size_t n;                 /* map, list: entries */
    struct config_node **items;
    char **keys; /* map */
};

/* All return NULL on lack of memory and are NULL-safe. */
struct config_node *node_new(enum node_kind kind, const char *file, int line, int column);
struct config_node *node_new_scalar(const char *text, bool quoted, const char *file, int line, int column);
struct config_node *node_copy(const struct config_node *n);
void node_free(struct config_node *n);

/* Give a node and all below it a layer. */
void node_set_layer(struct config_node *n, int layer);

/* Take ownership of `item` also on failure. key NULL for a list. */
bool node_append(struct config_node *n, const char *key, struct config_node *item);
struct config_node *node_find(const struct config_node *map, const char *key);
/* Remove an entry of a map, if it is there. */
void node_remove(struct config_node *map, const char *key);

/* Lay `over` (consumed) on *base: maps key by key, everything else replaced. */
bool node_merge(struct config_node **base, struct config_node *over);

/* Put `value` (consumed) at a path ("a.b[0].c"), making maps on the way. Errors name the path; STATUS_USAGE. */
enum status node_set_path(struct config_node *root, const char *path, struct config_node *value, struct error *e);

/* YAML text -> tree; `name` stands for the file. Errors as config_read. */
enum status yaml_parse(const char *text, size_t length, const char *name, struct config_node **out, struct error *e);

/* Check a tree against a table of fields. */
enum status schema_check(const struct config_node *root, const struct config_field *fields, struct error *e);

enum { CONFIG_MAX_DEPTH = 32, CONFIG_MAX_BYTES = 1 << 20, CONFIG_MAX_EXTENDS = 16, CONFIG_MAX_KEYS = 1000 };

/* Layers: the files of a chain of extends (0 the file that was asked for, its bases below it), what a named run sets,
 * and the command line. */
enum { LAYER_FILE = 0, LAYER_RUN = 1, LAYER_COMMAND_LINE = 2 };

#endif
