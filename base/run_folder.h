/* The folder a run writes: opened with care for what stands there, each file aside-and-renamed, summary.json last. */
#ifndef GEARS_BASE_RUN_FOLDER_H
#define GEARS_BASE_RUN_FOLDER_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct run_folder {
    char path[4096];
    json_t *foreign; /* names of the files that stood there already and are not ours; owned */
};

/* Create the folder (and parents). A folder that holds our summary.json (with a key "gears") is emptied of the files
 * that summary lists under "files", and its summary.json removed first; any other non-empty folder is refused
 * (STATUS_FAILED, message names --force) unless `force`, which leaves foreign files alone. *f must be cleared in all
 * cases. */
enum status run_folder_open(struct run_folder *f, const char *path, bool force, struct error *e);

/* FOLDER/NAME into buffer. */
char *run_folder_file(const struct run_folder *f, const char *name, char *buffer, size_t size);

/* Write summary.json: `summary` (borrowed) with "complete" and "files" added: every regular file now in the folder but
 * those that stood there before, so that the next run removes nothing that is not ours. */
enum status run_folder_finish(const struct run_folder *f, json_t *summary, bool complete, struct error *e);

/* Where the summary cannot be written: remove every regular file but those that stood there before. */
void run_folder_abandon(const struct run_folder *f);

void run_folder_clear(struct run_folder *f);

#endif
