/* CSV of numbers: comments, a line of headings or none, rows of equal length. */
#include "base/text.h"
#include "data/array_private.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CELL_SIZE = 512 };

struct matrix {
    struct array_reader *reader;
    const char *line, *end; /* the present line, without its end */
    int number;             /* of the line, from 1 */
    size_t columns;         /* 0: nothing but comments yet */
    size_t rows;
    double *values; /* (n) */
    size_t n, capacity;
};

/* A piece of the line between commas, without blanks around it. */
struct cell {
    const char *begin, *end;
    const char *next; /* of the next cell; NULL: this is the last one */
};

static struct cell next_cell(const struct matrix *m, const char *from)
{
    const char *comma = memchr(from, ',', (size_t)(m->end - from));
    struct cell c = {from, comma ? comma : m->end, comma ? comma + 1 : NULL};
    while (c.begin < c.end && (*c.begin == ' ' || *c.begin == '\t'))
        c.begin++;
    while (c.begin < c.end && (c.end[-1] == ' ' || c.end[-1] == '\t'))
        c.end--;
    return c;
}

static enum status complain(const struct matrix *m, const char *at, const char *what)
{
    return error_set_at(m->reader->e, STATUS_BAD_INPUT, m->reader->path, m->number, (int)(at - m->line) + 1, "%s",
                        what);
}

static enum status complain_of_cell(const struct matrix *m, const struct cell *c)
{
    size_t length = (size_t)(c->end - c->begin);
    if (!length)
        return complain(m, c->begin, "a value is missing");
    return error_set_at(m->reader->e, STATUS_BAD_INPUT, m->reader->path, m->number, (int)(c->begin - m->line) + 1,
                        "expected a number, found '%.*s'", length < 60 ? (int)length : 60, c->begin);
}

/* "nan", "inf", "infinity" with a sign or none: what numpy and C write. */
static bool to_special(const char *text, double *out)
{
    bool minus = text[0] == '-';
    text += text[0] == '-' || text[0] == '+';
    bool infinite = strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0;
    if (!infinite && strcasecmp(text, "nan") != 0)
        return false;
    *out = infinite ? (minus ? -(double)INFINITY : (double)INFINITY) : (double)NAN;
    return true;
}

static bool to_number(const struct cell *c, double *out)
{
    char text[CELL_SIZE];
    size_t length = (size_t)(c->end - c->begin);
    if (length == 0 || length >= sizeof text)
        return false;
    memcpy(text, c->begin, length);
    text[length] = 0;
    return text_to_number(text, out) || to_special(text, out);
}

static enum status append_number(struct matrix *m, double value)
{
    if (m->n == ARRAY_MAX_NUMBERS)
        return array_complain(m->reader, NULL, "holds more than the 2 GiB of numbers that a file may hold");
    if (m->n == m->capacity) {
        size_t capacity = m->capacity ? 2 * m->capacity : 256;
        double *more = realloc(m->values, capacity * sizeof *more);
        if (!more)
            return error_memory(m->reader->e);
        m->values = more;
        m->capacity = capacity;
    }
    m->values[m->n++] = value;
    return STATUS_OK;
}

/* The first line but comments says how many columns there are; without a single number it is headings. */
static bool take_first_line(struct matrix *m)
{
    bool words = true;
    for (const char *at = m->line; at; m->columns++) {
        struct cell c = next_cell(m, at);
        double ignored;
        words = words && !to_number(&c, &ignored);
        at = c.next;
    }
    return words;
}

static enum status take_row(struct matrix *m)
{
    const char *at = m->line;
    for (size_t k = 0; k < m->columns; k++) {
        double value;
        struct cell c = next_cell(m, at);
        if (!to_number(&c, &value))
            return complain_of_cell(m, &c);
        if (!c.next != (k + 1 == m->columns))
            return complain(m, c.next ? c.next : m->end,
                            c.next ? "more columns than in the lines above" : "fewer columns than in the lines above");
        enum status status = append_number(m, value);
        if (status)
            return status;
        at = c.next;
    }
    m->rows++;
    return STATUS_OK;
}

static enum status take_line(struct matrix *m)
{
    bool comment = m->line < m->end && *m->line == '#';
    if (comment)
        return m->columns ? complain(m, m->line, "comments stand before the numbers") : STATUS_OK;
    if (m->line == m->end)
        return complain(m, m->line, "an empty line");
    if (!m->columns && take_first_line(m))
        return STATUS_OK;
    return take_row(m);
}

static enum status take_lines(struct matrix *m, const char *text, const char *end)
{
    static const char mark[] = "\xef\xbb\xbf"; /* UTF-8 byte-order mark */
    if (end - text >= 3 && memcmp(text, mark, 3) == 0)
        text += 3;
    while (text < end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        m->line = text;
        m->end = feed ? feed : end;
        m->number++;
        text = feed ? feed + 1 : end;
        const char *zero = memchr(m->line, 0, (size_t)(m->end - m->line));
        if (zero)
            return complain(m, zero, "a zero byte: this is not a text file");
        if (m->end > m->line && m->end[-1] == '\r')
            m->end--;
        enum status status = take_line(m);
        if (status)
            return status;
    }
    if (m->rows)
        return STATUS_OK;
    return error_set_at(m->reader->e, STATUS_BAD_INPUT, m->reader->path, m->number + 1, 1,
                        "the file ends before the first row of numbers");
}

enum status matrix_read(struct array_reader *r)
{
    struct matrix m = {.reader = r};
    struct array *a;
    const char *text = (const char *)r->bytes;
    if (r->length >= INT_MAX) /* lines and columns are int */
        return array_complain(r, NULL, "is larger than the 2 GiB of text that are read");
    enum status status = take_lines(&m, text, text + r->length);
    if (!status)
        status = array_add(r, "", ARRAY_F64, (uint64_t[]){m.rows, m.columns}, 2, &a);
    if (status)
        free(m.values);
    else
        a->values = m.values;
    return status;
}
