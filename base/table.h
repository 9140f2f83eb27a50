/* Tables for people: the same table goes to the terminal (aligned text) and to report.html. */
#ifndef GEARS_BASE_TABLE_H
#define GEARS_BASE_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct table;

enum table_align { TABLE_LEFT, TABLE_RIGHT };

/* NULL on lack of memory; every other function here is NULL-safe, and a failed addition is remembered (table_ok). */
struct table *table_new(const char *title /* may be NULL */);
void table_free(struct table *t);
void table_add_column(struct table *t, const char *heading, enum table_align align);
/* Start a row, then fill its cells left to right; missing cells are empty. */
void table_add_row(struct table *t);
void table_add_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
int table_ok(const struct table *t);

/* Aligned text; widths count UTF-8 characters; the last left-aligned column is wrapped to `width` characters in all
 * (0: never). */
void table_print(const struct table *t, FILE *out, size_t width);

size_t table_rows(const struct table *t);
size_t table_columns(const struct table *t);
const char *table_title(const struct table *t);
const char *table_heading(const struct table *t, size_t column);
enum table_align table_column_align(const struct table *t, size_t column);
const char *table_cell(const struct table *t, size_t row, size_t column); /* "" when missing */

#endif
