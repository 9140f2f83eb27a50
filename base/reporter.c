#include "base/reporter.h"

#include <stdarg.h>
#include <stdio.h>

void reporter_progress(const struct reporter *r, double done, const char *what)
{
    if (r && r->progress)
        r->progress(r->context, done, what);
}

void reporter_warning(const struct reporter *r, const char *format, ...)
{
    if (!r || !r->warning)
        return;
    char message[768];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    r->warning(r->context, message);
}

bool reporter_stop_requested(const struct reporter *r)
{
    return r && r->stop_requested && r->stop_requested(r->context);
}
