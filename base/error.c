#include "base/error.h"

#include <stdio.h>

/* Keep an error one printable line, whatever bytes a file contained (UTF-8 passes through). */
static void make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            *text = '?';
    }
}

static enum status set_va(struct error *e, enum status status, const char *file, int line, int column,
                          const char *format, va_list args)
{
    if (!e)
        return status;
    e->status = status;
    e->line = line;
    e->column = column;
    snprintf(e->file, sizeof e->file, "%s", file ? file : "");
    vsnprintf(e->message, sizeof e->message, format, args);
    make_printable(e->file);
    make_printable(e->message);
    return status;
}

enum status error_set(struct error *e, enum status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_va(e, status, NULL, 0, 0, format, args);
    va_end(args);
    return status;
}

enum status error_set_at(struct error *e, enum status status, const char *file, int line, int column,
                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_va(e, status, file, line, column, format, args);
    va_end(args);
    return status;
}

char *error_format(const struct error *e, char *buffer, size_t size)
{
    if (!e->file[0])
        snprintf(buffer, size, "%s", e->message);
    else if (e->line <= 0)
        snprintf(buffer, size, "%s: %s", e->file, e->message);
    else if (e->column <= 0)
        snprintf(buffer, size, "%s:%d: %s", e->file, e->line, e->message);
    else
        snprintf(buffer, size, "%s:%d:%d: %s", e->file, e->line, e->column, e->message);
    return buffer;
}
