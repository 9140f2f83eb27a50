/* Files: read whole, write aside and rename, folders. */
#ifndef GEARS_BASE_FILE_H
#define GEARS_BASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The whole file, malloc'd, with a 0 byte after it (not counted in *length). STATUS_BAD_INPUT: not there, a folder, not
 * readable, larger than `limit` bytes (with the line and column where it goes beyond). */
enum status file_read(const char *path, size_t limit, char **out, size_t *length, struct error *e);

/* Write a file so that `path` either holds the old content or all of the new: open gives a stream on a file beside it,
 * commit flushes, syncs, closes and renames; abandon closes and deletes. STATUS_FAILED with the system's words. */
struct file_aside {
    FILE *stream;
    char path[4096], temporary[4112];
};
enum status file_aside_open(struct file_aside *f, const char *path, struct error *e);
enum status file_aside_commit(struct file_aside *f, struct error *e);
void file_aside_abandon(struct file_aside *f);

/* The folder and its parents. */
enum status file_make_folder(const char *path, struct error *e);
/* FNV-1a 64-bit hash of bytes, as 16 hex digits into out[17]: to tell whether an input is the same, not for security.
 */
void file_hash(const void *bytes, size_t length, char out[17]);

#endif
