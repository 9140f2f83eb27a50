#include "data/series.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 16 << 20, MAX_COLUMNS = 4, CELL_SIZE = 64 };

struct csv_reader {
    const char *path;
    char *line; /* start of the present line, ended by 0 */
    int number; /* of the line, from 1 */
    size_t columns, capacity;
    struct series *out;
    struct error *e;
};

static enum status complain(const struct csv_reader *r, int column, const char *what, const char *found)
{
    return error_set_at(r->e, STATUS_BAD_INPUT, r->path, r->number, column, found ? "%s, found '%.60s'" : "%s", what,
                        found);
}

/* Append a line to a text field. */
static bool join_line(char **field, const char *text)
{
    char *joined = (*field)[0] ? text_format("%s\n%s", *field, text) : text_copy(text);
    if (!joined)
        return false;
    free(*field);
    *field = joined;
    return true;
}

/* "# key: text", or a comment without a known key: the title first, then notes. */
static enum status take_comment(struct csv_reader *r)
{
    struct series *s = r->out;
    const struct {
        const char *key;
        char **field;
    } keys[] = {{"unit:", &s->unit},     {"source:", &s->source},     {"licence:", &s->licence},
                {"note:", &s->notes},    {"cross-check:", &s->notes}, {"reference:", &s->reference},
                {"growth:", &s->growth}, {"level:", &s->level}};
    const char *text = r->line + 1 + strspn(r->line + 1, " #\t");
    char **field = s->title[0] ? &s->notes : &s->title;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strncmp(text, keys[i].key, strlen(keys[i].key)) == 0) {
            field = keys[i].field;
            text += strlen(keys[i].key);
            text += strspn(text, " \t");
            break;
        }
    return join_line(field, text) ? STATUS_OK : error_memory(r->e);
}

static enum status take_header(struct csv_reader *r)
{
    if (strcmp(r->line, "year,value") == 0)
        r->columns = 2;
    else if (strcmp(r->line, "year,value,low,high") == 0)
        r->columns = 4;
    else
        return complain(r, 1, "expected the header 'year,value' or 'year,value,low,high'", r->line);
    return STATUS_OK;
}

static bool grow(double **array, size_t capacity)
{
    double *more = realloc(*array, capacity * sizeof *more);
    if (more)
        *array = more;
    return more != NULL;
}

static enum status append_row(struct csv_reader *r, const double *cell)
{
    struct series *s = r->out;
    if (s->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        bool ok = grow(&s->year, capacity) && grow(&s->value, capacity);
        if (ok && r->columns == 4)
            ok = grow(&s->low, capacity) && grow(&s->high, capacity);
        if (!ok)
            return error_memory(r->e);
        r->capacity = capacity;
    }
    s->year[s->n] = cell[0];
    s->value[s->n] = cell[1];
    if (r->columns == 4) {
        s->low[s->n] = cell[2];
        s->high[s->n] = cell[3];
    }
    s->n++;
    return STATUS_OK;
}

static enum status check_row(const struct csv_reader *r, const double *cell, const int *place)
{
    const struct series *s = r->out;
    if (s->n && cell[0] < s->year[s->n - 1])
        return complain(r, 1, "years must rise: this one is before the row above", r->line);
    if (r->columns == 4 && cell[2] > cell[3])
        return complain(r, place[2], "low is above high", r->line);
    if (r->columns == 4 && (cell[1] < cell[2] || cell[1] > cell[3]))
        return complain(r, place[1], "the value is outside low and high", r->line);
    return STATUS_OK;
}

static enum status take_row(struct csv_reader *r)
{
    double cell[MAX_COLUMNS];
    int place[MAX_COLUMNS];
    const char *c = r->line;
    for (size_t k = 0; k < r->columns; k++) {
        size_t length = strcspn(c, ",");
        char text[CELL_SIZE];
        place[k] = (int)(c - r->line) + 1;
        if (length == 0 || length >= sizeof text)
            return complain(r, place[k], length ? "expected a number" : "a value is missing", length ? c : r->line);
        memcpy(text, c, length);
        text[length] = 0;
        if (!text_to_number(text, &cell[k]))
            return complain(r, place[k], k ? "expected a number" : "expected a year, like 1950 or -10000", text);
        bool last = k + 1 == r->columns;
        if ((c[length] == ',') == last)
            return complain(r, (int)(c - r->line) + (int)length + 1,
                            last ? "more columns than the header names" : "fewer columns than the header names",
                            r->line);
        c += length + 1;
    }
    enum status status = check_row(r, cell, place);
    return status ? status : append_row(r, cell);
}

static enum status take_line(struct csv_reader *r)
{
    if (r->line[0] == '#')
        return r->columns ? complain(r, 1, "comments stand before the header", r->line) : take_comment(r);
    if (!r->line[0])
        return complain(r, 1, "an empty line", NULL);
    return r->columns ? take_row(r) : take_header(r);
}

/* Where the file stops being text. */
static enum status check_bytes(struct csv_reader *r, const char *text, size_t length)
{
    size_t good = text_valid_length(text, length);
    int column = 1;
    if (good == length)
        return STATUS_OK;
    r->number = 1;
    for (size_t i = 0; i < good; i++) {
        bool continues = ((unsigned char)text[i] & 0xc0) == 0x80;
        column = text[i] == '\n' ? 1 : column + !continues;
        r->number += text[i] == '\n';
    }
    char found[8];
    snprintf(found, sizeof found, "0x%02x", (unsigned char)text[good]);
    return complain(r, column, "a byte that is not UTF-8 text", found);
}

static enum status read_lines(struct csv_reader *r, char *text, size_t length)
{
    enum status status = check_bytes(r, text, length);
    if (status)
        return status;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (*text) {
        size_t line_length = strcspn(text, "\n");
        bool more = text[line_length] == '\n';
        r->line = text;
        r->number++;
        text[line_length] = 0;
        if (line_length && text[line_length - 1] == '\r')
            text[line_length - 1] = 0;
        status = take_line(r);
        if (status)
            return status;
        text += line_length + (more ? 1 : 0);
    }
    if (!r->columns || !r->out->n)
        return error_set_at(r->e, STATUS_BAD_INPUT, r->path, r->number + 1, 1, "the file ends before %s",
                            r->columns ? "the first row" : "the header 'year,value'");
    return STATUS_OK;
}

static bool init_texts(struct series *s, const char *name)
{
    char **fields[] = {&s->title, &s->unit, &s->source, &s->licence, &s->notes, &s->reference, &s->growth, &s->level};
    bool ok = (s->name = text_copy(name)) != NULL;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        ok &= (*fields[i] = text_copy("")) != NULL;
    return ok;
}

enum status series_read(const char *path, struct series *out, struct error *e)
{
    char *text = NULL;
    size_t length = 0;
    memset(out, 0, sizeof *out);
    enum status status = file_read(path, MAX_BYTES, &text, &length, e);
    if (status)
        return status;
    struct csv_reader reader = {.path = path, .out = out, .e = e};
    status = init_texts(out, path) ? read_lines(&reader, text, length) : error_memory(e);
    free(text);
    if (status)
        series_clear(out);
    return status;
}

void series_clear(struct series *s)
{
    char *texts[] = {s->name, s->title, s->unit, s->source, s->licence, s->notes, s->reference, s->growth, s->level};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    free(s->year);
    free(s->value);
    free(s->low);
    free(s->high);
    memset(s, 0, sizeof *s);
}

/* --- shipped series ---------------------------------------------------------------------------------------------- */

static enum status unknown_series(const char *name, struct error *e)
{
    char **names;
    size_t n;
    enum status status = series_names(&names, &n, e);
    if (status)
        return status;
    char near[128];
    text_did_you_mean(text_nearest(name, (const char *const *)names, n), near, sizeof near);
    status = error_set(e, STATUS_BAD_INPUT, "unknown series '%.60s'%s (gears data lists all %zu)", name, near, n);
    series_names_free(names);
    return status;
}

enum status series_load(const char *name, struct series *out, struct error *e)
{
    char folder[4096], path[4300];
    memset(out, 0, sizeof *out);
    enum status status = data_directory(folder, sizeof folder, e);
    if (status)
        return status;
    if (!name[0] || strlen(name) > 100 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return unknown_series(name, e);
    snprintf(path, sizeof path, "%s/series/%s.csv", folder, name);
    FILE *there = fopen(path, "r");
    if (!there)
        return unknown_series(name, e);
    fclose(there);
    status = series_read(path, out, e);
    if (status)
        return status;
    free(out->name);
    out->name = text_copy(name);
    return out->name ? STATUS_OK : error_memory(e);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(char ***names, size_t *n, const char *file)
{
    size_t length = strlen(file);
    if (length < 5 || strcmp(file + length - 4, ".csv") != 0)
        return true;
    char **more = realloc(*names, (*n + 2) * sizeof *more);
    if (!more)
        return false;
    *names = more;
    more[*n] = strndup(file, length - 4);
    more[*n + 1] = NULL;
    return more[(*n)++] != NULL;
}

enum status series_names(char ***out, size_t *n, struct error *e)
{
    char folder[4096], path[4200];
    *out = NULL;
    *n = 0;
    enum status status = data_directory(folder, sizeof folder, e);
    if (status)
        return status;
    snprintf(path, sizeof path, "%s/series", folder);
    DIR *directory = opendir(path);
    char **names = calloc(1, sizeof *names);
    bool ok = directory && names;
    for (struct dirent *entry; ok && (entry = readdir(directory));)
        ok = add_name(&names, n, entry->d_name);
    if (directory)
        closedir(directory);
    if (!ok) {
        series_names_free(names);
        *n = 0;
        return error_set(e, STATUS_FAILED, "%.200s cannot be listed", path);
    }
    qsort(names, *n, sizeof *names, compare_names);
    *out = names;
    return STATUS_OK;
}

void series_names_free(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}
