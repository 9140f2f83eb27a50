/* JSON on top of jansson: what every command's --json and summary.json share. */
#ifndef GEARS_BASE_JSON_H
#define GEARS_BASE_JSON_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A number; infinite or NaN is null. */
json_t *json_number_or_null(double value);
/* An array of n numbers. */
json_t *json_numbers(const double *values, size_t n);
/* Write indented, keys in order of insertion, numbers in the shortest form that reads back the same (17 digits at
 * most), newline at the end. STATUS_FAILED when the stream fails. */
enum status json_write(const json_t *value, FILE *out, struct error *e);

#endif
