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

static void pass_progress(void *context, double done, const char *what)
{
    const struct reporter_part *p = context;
    reporter_progress(p->outer, p->from + (p->to - p->from) * done, what);
}

static void pass_warning(void *context, const char *message)
{
    const struct reporter_part *p = context;
    reporter_warning(p->outer, "%s", message);
}

static bool pass_stop(void *context)
{
    const struct reporter_part *p = context;
    return reporter_stop_requested(p->outer);
}

void reporter_part_init(struct reporter_part *p, const struct reporter *outer, double from, double to)
{
    *p = (struct reporter_part){outer, from, to, {pass_progress, pass_warning, pass_stop, p}};
}
