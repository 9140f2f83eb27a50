/* Numbers kept in a file as long work goes on, so that it can be taken up again: records with an id, appended one by
 * one. A file that belongs to something else (another key) is begun anew; a last record that was cut off is dropped. */
#ifndef GEARS_BASE_RECORDS_H
#define GEARS_BASE_RECORDS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct records;

/* key: what defines the work. path NULL: nothing is kept (and *out is NULL, which all functions here take).
 * STATUS_FAILED: the file cannot be written, memory. */
enum status records_open(const char *path, const char *key, struct records **out, struct error *e);
void records_close(struct records *r);

/* values (n) := the record of that id, if it is there with as many numbers. */
bool records_find(const struct records *r, uint64_t id, size_t n, double *values);
/* STATUS_FAILED: the disk. */
enum status records_add(struct records *r, uint64_t id, size_t n, const double *values, struct error *e);

#endif
