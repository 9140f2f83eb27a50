/* How the library speaks: it never prints, it calls these. Any member may be NULL, and a NULL reporter is silent. */
#ifndef GEARS_BASE_REPORTER_H
#define GEARS_BASE_REPORTER_H

#include <stdbool.h>

struct reporter {
    /* done in [0, 1], what: a few words ("integrating world"). Called often; the receiver thins it out. */
    void (*progress)(void *context, double done, const char *what);
    void (*warning)(void *context, const char *message); /* one line, no newline */
    bool (*stop_requested)(void *context);               /* true once the user asked to stop (Ctrl-C) */
    void *context;
};

void reporter_progress(const struct reporter *r, double done, const char *what);
void reporter_warning(const struct reporter *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool reporter_stop_requested(const struct reporter *r);

/* A part of a longer work: its 0 to 1 are `from` to `to` of the whole. `inner` is to be handed on, and lives as long as
 * the part; outer may be NULL. */
struct reporter_part {
    const struct reporter *outer;
    double from, to;
    struct reporter inner;
};
void reporter_part_init(struct reporter_part *p, const struct reporter *outer, double from, double to);

#endif
