/* A figure: panels with axes, series, bands and labels -> a gnuplot script, its data file, SVG and PNG.
 *
 * The description is plain data built by growth/figures and basin/figures; this layer knows no model and no network.
 * All strings are copied; a figure owns what was added to it.
 */
#ifndef GEARS_PLOTS_FIGURE_H
#define GEARS_PLOTS_FIGURE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum axis_scale {
    AXIS_LINEAR,
    AXIS_LOG,
    AXIS_LOG_BEFORE /* years before a horizon on a log scale: 10,000 BCE and 2100 at once; data stay in years */
};

struct axis {
    const char *label; /* with unit; NULL: none; copied */
    enum axis_scale scale;
    double low, high; /* NAN: automatic */
    double horizon;   /* AXIS_LOG_BEFORE: the date the axis runs towards (> high) */
};

enum mark {
    MARK_LINE,
    MARK_DASHED,
    MARK_POINTS,
    MARK_STEPS,
    MARK_BAND, /* pale, between y and y2 */
    MARK_STACK /* opaque, between y and y2: stacked shares */
};

struct figure; /* title, panels */

/* Colours are a number in a palette that survives colour blindness (Okabe-Ito), 0 .. 7, taken in turn with -1. Points
 * in the same colour differ by shape, lines by dash. */
struct figure *figure_new(const char *name /* file stem */, const char *title,
                          const char *caption /* a sentence for the page */);
void figure_free(struct figure *f);

/* Add a panel; panels are laid out in `columns` columns, row by row. Returns its index. */
size_t figure_add_panel(struct figure *f, const char *title, const struct axis *x, const struct axis *y);
void figure_set_columns(struct figure *f, size_t columns);

/* Add n points to a panel; y2 only for MARK_BAND and MARK_STACK (else NULL). NaN and infinite values, and values <= 0
 * on a log axis, break a line. legend NULL: none. */
void figure_add_series(struct figure *f, size_t panel, enum mark mark, int colour, const char *legend, size_t n,
                       const double *x, const double *y, const double *y2);
/* A shaded stretch of the x axis with a label at its top (phases), of which only the first word is written where the
 * stretch is narrow. colour -1: two alternate. */
void figure_add_span(struct figure *f, size_t panel, double from, double to, const char *label, int colour);
/* A vertical line at x with a label (an event). */
void figure_add_vertical(struct figure *f, size_t panel, double x, const char *label);

/* Out of memory while building is remembered and reported here. Writes NAME.gp, NAME.dat, and, when gnuplot can be run,
 * NAME.svg and NAME.png into `folder` (each aside, then renamed). *drawn (may be NULL) says whether gnuplot ran; its
 * absence is not an error, but an older picture goes. The script runs by itself: `gnuplot NAME.gp` in that folder
 * redraws both pictures. */
enum status figure_write(const struct figure *f, const char *folder, bool *drawn, struct error *e);

const char *figure_name(const struct figure *f);
const char *figure_title(const struct figure *f);
const char *figure_caption(const struct figure *f);

#endif
