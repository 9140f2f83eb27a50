#include "base/table.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char **cells;
    size_t n;
};

struct table {
    char *title;
    char **headings;
    enum table_align *aligns;
    size_t columns;
    struct row *rows;
    size_t n_rows;
    bool failed;
};

struct table *table_new(const char *title)
{
    struct table *t = calloc(1, sizeof *t);
    if (!t || !title)
        return t;
    t->title = text_copy(title);
    t->failed = !t->title;
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t c = 0; c < t->rows[r].n; c++)
            free(t->rows[r].cells[c]);
        free(t->rows[r].cells);
    }
    for (size_t c = 0; c < t->columns; c++)
        free(t->headings[c]);
    free(t->headings);
    free(t->aligns);
    free(t->rows);
    free(t->title);
    free(t);
}

void table_add_column(struct table *t, const char *heading, enum table_align align)
{
    if (!t || t->failed)
        return;
    char **headings = realloc(t->headings, (t->columns + 1) * sizeof *headings);
    if (headings)
        t->headings = headings;
    enum table_align *aligns = realloc(t->aligns, (t->columns + 1) * sizeof *aligns);
    if (aligns)
        t->aligns = aligns;
    char *copy = text_copy(heading);
    t->failed = !headings || !aligns || !copy;
    if (t->failed) {
        free(copy);
        return;
    }
    t->headings[t->columns] = copy;
    t->aligns[t->columns++] = align;
}

void table_add_row(struct table *t)
{
    if (!t || t->failed)
        return;
    struct row *rows = realloc(t->rows, (t->n_rows + 1) * sizeof *rows);
    t->failed = !rows;
    if (!rows)
        return;
    t->rows = rows;
    t->rows[t->n_rows++] = (struct row){0};
}

void table_add_cell(struct table *t, const char *format, ...)
{
    if (!t || t->failed || !t->n_rows)
        return;
    struct row *row = &t->rows[t->n_rows - 1];
    va_list args;
    va_start(args, format);
    char *text = text_format_list(format, args);
    va_end(args);
    char **cells = realloc(row->cells, (row->n + 1) * sizeof *cells);
    if (cells)
        row->cells = cells;
    t->failed = !text || !cells;
    if (!t->failed)
        row->cells[row->n++] = text;
    else
        free(text);
}

int table_ok(const struct table *t)
{
    return t && !t->failed;
}

size_t table_rows(const struct table *t)
{
    return t ? t->n_rows : 0;
}

size_t table_columns(const struct table *t)
{
    return t ? t->columns : 0;
}

const char *table_title(const struct table *t)
{
    return t && t->title ? t->title : "";
}

const char *table_heading(const struct table *t, size_t column)
{
    return column < table_columns(t) ? t->headings[column] : "";
}

enum table_align table_column_align(const struct table *t, size_t column)
{
    return column < table_columns(t) ? t->aligns[column] : TABLE_LEFT;
}

const char *table_cell(const struct table *t, size_t row, size_t column)
{
    return row < table_rows(t) && column < t->rows[row].n ? t->rows[row].cells[column] : "";
}

/* --- printing ----------------------------------------------------------------------------------------------------- */

/* UTF-8 characters; close enough to columns for what we print. */
static size_t width_of(const char *text, size_t bytes)
{
    size_t width = 0;
    for (size_t i = 0; i < bytes; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static size_t column_width(const struct table *t, size_t column)
{
    size_t width = width_of(t->headings[column], strlen(t->headings[column]));
    for (size_t r = 0; r < t->n_rows; r++) {
        const char *cell = table_cell(t, r, column);
        size_t own = width_of(cell, strlen(cell));
        width = own > width ? own : width;
    }
    return width;
}

static void pad(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

/* How many bytes of the text fit into `width` characters, broken at a space where there is one. */
static size_t fit(const char *text, size_t width)
{
    size_t bytes = 0, fitting = 0, space = 0;
    for (size_t used = 0; text[bytes] && used <= width;) {
        if (used == width)
            fitting = bytes;
        if (text[bytes] == ' ')
            space = bytes;
        do
            bytes++;
        while (((unsigned char)text[bytes] & 0xc0) == 0x80);
        used++;
    }
    if (!text[bytes] && !fitting)
        return bytes;
    return space ? space : fitting;
}

struct layout {
    size_t widths[64], columns, last_start, last_width;
};

static void print_last(const struct layout *l, const char *text, FILE *out)
{
    for (bool first = true; first || *text; first = false) {
        size_t bytes = l->last_width ? fit(text, l->last_width) : strlen(text);
        if (!first)
            pad(out, l->last_start);
        fprintf(out, "%.*s\n", (int)bytes, text);
        text += bytes;
        text += strspn(text, " ");
    }
}

/* row NULL: the headings */
static void print_row(const struct table *t, const struct layout *l, const size_t *row, FILE *out)
{
    fputs("  ", out);
    for (size_t c = 0; c < l->columns; c++) {
        const char *cell = row ? table_cell(t, *row, c) : t->headings[c];
        size_t room = l->widths[c] - width_of(cell, strlen(cell));
        if (t->aligns[c] == TABLE_RIGHT)
            pad(out, room);
        if (c + 1 == l->columns) {
            print_last(l, cell, out);
            return;
        }
        fputs(cell, out);
        pad(out, t->aligns[c] == TABLE_LEFT ? room + 2 : 2);
    }
}

void table_print(const struct table *t, FILE *out, size_t width)
{
    enum { LEAST_LAST = 24 };
    struct layout l = {.columns = table_columns(t), .last_start = 2};
    if (!l.columns || l.columns > 64)
        return;
    for (size_t c = 0; c < l.columns; c++) {
        l.widths[c] = column_width(t, c);
        l.last_start += c + 1 < l.columns ? l.widths[c] + 2 : 0;
    }
    if (width && t->aligns[l.columns - 1] == TABLE_LEFT)
        l.last_width = width > l.last_start + LEAST_LAST ? width - l.last_start : LEAST_LAST;
    if (t->title)
        fprintf(out, "%s\n", t->title);
    print_row(t, &l, NULL, out);
    for (size_t r = 0; r < t->n_rows; r++)
        print_row(t, &l, &r, out);
}
