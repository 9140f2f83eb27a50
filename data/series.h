/* A data series: dated values with unit, source, licence and notes, as kept in data/series/NAME.csv or in a user's CSV.
 */
#ifndef GEARS_DATA_SERIES_H
#define GEARS_DATA_SERIES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct series {
    char *name;   /* shipped name, or the path of a user's file */
    char *title;  /* what it is, one line */
    char *unit;   /* as written: "billion 1990 international dollars"; "" unknown */
    char *source; /* one line per source, joined with '\n'; likewise below */
    char *licence;
    char *notes;        /* notes and cross-checks */
    char *reference;    /* names of shipped series for the same thing in other prices, one a line; "" none */
    char *growth;       /* name of a shipped series with its growth rates as printed, dated at the start; "" none */
    char *level;        /* the other way round, of a series of growth rates */
    size_t n;           /* rows, rising in year (equal years allowed) */
    double *year;       /* (n) decimal years, < 0 = BCE */
    double *value;      /* (n) finite */
    double *low, *high; /* (n) each, or both NULL when the file has no such columns */
};

/* Read one CSV file: comment lines "# key: text" first (the first comment without a key is the title), one header line
 * "year,value" or "year,value,low,high", then rows. Strict: every complaint is STATUS_BAD_INPUT with file:line:column.
 * UTF-8 without control characters, the C locale's numbers, LF or CRLF, an optional UTF-8 byte-order mark, at most 16
 * MiB. */
enum status series_read(const char *path, struct series *out, struct error *e);

/* Find a shipped series by name (data directory: see data_directory) and read it; an unknown name names the nearest. */
enum status series_load(const char *name, struct series *out, struct error *e);

/* Names of all shipped series, sorted, NULL-terminated; free with series_names_free. */
enum status series_names(char ***out, size_t *n, struct error *e);
void series_names_free(char **names);

void series_clear(struct series *s);

/* The folder that holds series/: $GEARS_DATA, else data/ beside the binary, else the install prefix's. Into
 * buffer[size]; STATUS_FAILED with a message that lists where was looked. */
enum status data_directory(char *buffer, size_t size, struct error *e);

#endif
