/* Configuration files: YAML (libfyaml) plus a schema table handed in -> a checked tree of nodes, or an error with
 * file:line:column. Knows no model and no network.
 *
 * The tree is the merged result of `extends:` (base file first, the extending file laid over it key by key; lists are
 * replaced whole), `runs[].set` and --set. Each node remembers the file, line and column it was written at ("--set" and
 * no line for the command line), so that a complaint made late, by a model's own parameter table say, still points at
 * the place.
 */
#ifndef GEARS_CONFIG_CONFIG_H
#define GEARS_CONFIG_CONFIG_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum config_type {
    CONFIG_STRING,          /* any text */
    CONFIG_FILE,            /* the name of a file, see config_path */
    CONFIG_NUMBER,          /* finite double within [low, high] */
    CONFIG_INTEGER,         /* whole number within [low, high] */
    CONFIG_BOOLEAN,         /* true | false */
    CONFIG_CHOICE,          /* one of `choices` */
    CONFIG_YEAR,            /* decimal year: a number, or "10000 BCE", "1500 CE" (10000 BCE is -10000) */
    CONFIG_NUMBER_OR_WORD,  /* a number within [low, high], or one of `choices` ("auto") */
    CONFIG_MAP,             /* keys from `fields`, nothing else */
    CONFIG_NUMBERS,         /* a map of free keys to numbers (parameters; the owner checks the keys) */
    CONFIG_NUMBERS_OR_WORD, /* the same, or one of `choices` ("steady_state") */
    CONFIG_LIST,            /* of `element` */
    CONFIG_SETTINGS         /* a map of paths ("parameters.child_cost") to scalars, as in runs[].set */
};

/* One key of a map, or the element of a list. The table drives parsing, messages and the documentation page. */
struct config_field {
    const char *key; /* NULL in a list's element; a table of fields ends with an entry whose key is NULL */
    enum config_type type;
    bool required;
    double low, high;                   /* NUMBER*, INTEGER; both 0: no limits */
    const char *const *choices;         /* CHOICE, *_OR_WORD: NULL-terminated */
    const struct config_field *fields;  /* MAP: its keys */
    const struct config_field *element; /* LIST */
    size_t min_length;                  /* LIST: fewest elements */
    size_t max_length;                  /* LIST: most elements, 0: 1000 */
    const char *fallback;               /* default as text for the documentation, or NULL */
    const char *meaning;                /* one line for the documentation */
};

struct config; /* a merged, checked document */
struct config_node;

/* Read `path`, follow its `extends:` chain (relative to the file it stands in; cycles and chains over 16 refused), lay
 * the `n_settings` command-line settings "path=value" over it, check all against the table `fields` (of the top-level
 * map; must hold the keys it wants, `extends` is always allowed). *out is the caller's, config_free.
 * Errors: STATUS_BAD_INPUT with file:line:column: unreadable, over 1 MiB, not UTF-8, YAML syntax, duplicate key, alias
 * or anchor, merge key, nested over 32 deep, over 1000 keys in a map, unknown key (with the nearest known one), wrong
 * type (what was found, what is allowed), out of range, missing key. STATUS_USAGE for a bad setting. */
enum status config_read(const char *path, const struct config_field *fields, const char *const *settings,
                        size_t n_settings, struct config **out, struct error *e);

/* The same from text in memory; `name` stands for the file in messages, and `extends` is relative to its folder. */
enum status config_read_text(const char *text, size_t length, const char *name, const struct config_field *fields,
                             const char *const *settings, size_t n_settings, struct config **out, struct error *e);

/* A copy of `base` with the settings of the node `set` (type CONFIG_SETTINGS, may be NULL) laid over it and checked
 * again: how one named run of a file comes to be. Errors point at the setting. */
enum status config_derive(const struct config *base, const struct config_node *set, struct config **out,
                          struct error *e);

void config_free(struct config *c);

/* Write the merged document as YAML that config_read would read back to the same tree. */
enum status config_write(const struct config *c, FILE *out, struct error *e);

/* The merged document as JSON (new reference): plain numbers, true and false as such, the rest as strings. */
json_t *config_to_json(const struct config *c);

/* The kind of a file without reading it all in: the text of its top-level key `kind` (following `extends`), into
 * buffer[size]; "" when there is none. Errors as config_read. */
enum status config_kind(const char *path, char *buffer, size_t size, struct error *e);

const struct config_node *config_root(const struct config *c);

/* Walking. A path is keys and list indices: "time.from", "runs[0].name". NULL when it is not there. */
const struct config_node *config_get(const struct config_node *n, const char *path);
size_t config_length(const struct config_node *n);                            /* map or list: entries */
const struct config_node *config_item(const struct config_node *n, size_t i); /* map value or list element */
const char *config_key(const struct config_node *n, size_t i);                /* key of a map's entry i */
bool config_is_scalar(const struct config_node *n);

/* Values of a checked scalar. The tree has been checked against the table, so these do not fail; n may be NULL
 * (absent), then `fallback` comes back. */
const char *config_text(const struct config_node *n, const char *fallback);
double config_number(const struct config_node *n, double fallback); /* YEAR too; a word gives `fallback` */
long config_integer(const struct config_node *n, long fallback);
bool config_boolean(const struct config_node *n, bool fallback);

/* Where it was written. */
const char *config_node_file(const struct config_node *n);

/* Of two nodes that contradict each other the one that came later and is to blame: bases, the files that extend them,
 * what a named run sets, the command line; `a` where they came together. Either may be NULL. */
const struct config_node *config_later(const struct config_node *a, const struct config_node *b);

/* Set e to `status` (STATUS_USAGE instead, where the node came from --set) at the place where `n` was written. */
enum status config_error(const struct config_node *n, struct error *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same at the key of entry i of the map `n`. */
enum status config_error_at_key(const struct config_node *n, size_t i, struct error *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The path that the scalar `n` names, relative to the file in which it was written (--set: to the working directory);
 * malloc'd, NULL on lack of memory. */
char *config_path(const struct config_node *n);

/* Put the scalar `value` at a path of keys ("parameters.capital_share"), making maps on the way; nothing is checked.
 * Take a top-level key away. For documents that are written out again. Errors: STATUS_USAGE (the path), STATUS_FAILED
 * (memory). */
enum status config_set(struct config *c, const char *path, const char *value, struct error *e);
void config_remove(struct config *c, const char *key);

/* Make every value of type CONFIG_FILE absolute, so that the written document means the same files wherever it is read.
 */
enum status config_resolve_files(struct config *c, struct error *e);

/* The name of a file without its folder and ending, into buffer[size]. */
char *config_file_stem(const char *path, char *buffer, size_t size);

/* The maps of `list` (may be NULL) must have different values of `name`. */
enum status config_check_names(const struct config_node *list, struct error *e);

/* Print the table as a Markdown reference (one row per path: key, type and allowed values, default, meaning). */
void config_write_reference(const struct config_field *fields, FILE *out);

#endif
