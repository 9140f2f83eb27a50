/* A figure: panels with axes, series, bands, maps, surfaces and labels -> a gnuplot script, its data file, SVG and PNG.
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
    double margin;    /* linear or log x axis: an automatic end is this part of the range beyond the data, so that
                       * marks are whole there */
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

/* A function of two variables behind the series of a panel with linear axes: pale colours on a grid, contour lines
 * over them. */
struct figure_map {
    size_t nx, ny;          /* >= 2 */
    const double *x, *y;    /* (nx), (ny), rising in even steps; the panel's axes end where they end */
    const double *z;        /* (ny, nx) row-major; NaN and infinite are left white */
    enum axis_scale colour; /* AXIS_LINEAR or AXIS_LOG */
    double low, high;     /* ends of the colour scale, what lies beyond takes the colour of the end; NAN: of the data */
    const double *levels; /* (n_levels) contour lines, where z takes them on; also the marks of the colour scale */
    size_t n_levels;
    const char *label; /* of the colour scale; NULL: none */
};
/* Copies. A panel has one map at most, the last one given. */
void figure_set_map(struct figure *f, size_t panel, const struct figure_map *m);
/* The y axis has n named rows, at 1 (the top one) to n, instead of numbers: bars are MARK_STACK from y - 0.3 to y +
 * 0.3.
 */
void figure_set_rows(struct figure *f, size_t panel, size_t n, const char *const *names);
/* A unit of x is drawn as long as a unit of y (in space: and of z). */
void figure_set_equal(struct figure *f, size_t panel);

/* Add a panel in space: axes x, y, z (linear) seen from `tilt` degrees off the vertical, turned by `turn` degrees about
 * it. Its range is that of the axes, or of what is in it. Returns its index. */
size_t figure_add_space(struct figure *f, const char *title, const struct axis axes[3], double tilt, double turn);
/* Add triangles (n_triangles, 3), indices of rows of vertices (n_vertices, 3), to a panel in space; opacity in (0, 1].
 * They hide each other by their depth, whichever surface they belong to. */
void figure_add_surface(struct figure *f, size_t panel, int colour, double opacity, const char *legend,
                        const double *vertices, size_t n_triangles, const size_t *triangles);
/* Add n points (n, 3) to a panel in space, over the surfaces: MARK_LINE, MARK_DASHED or MARK_POINTS. NaN breaks a line.
 */
void figure_add_curve(struct figure *f, size_t panel, enum mark mark, int colour, const char *legend, size_t n,
                      const double *points);

/* Out of memory while building is remembered and reported here. Writes NAME.gp, NAME.dat, and, when gnuplot can be run,
 * NAME.svg and NAME.png into `folder` (each aside, then renamed). *drawn (may be NULL) says whether gnuplot ran; its
 * absence is not an error, but an older picture goes. The script runs by itself: `gnuplot NAME.gp` in that folder
 * redraws both pictures. */
enum status figure_write(const struct figure *f, const char *folder, bool *drawn, struct error *e);

const char *figure_name(const struct figure *f);
/* Put "PREFIX_" before the name, and ": PREFIX" behind the title: the figures of several runs share a folder. Of the
 * prefix only letters, digits, '-' and '.' stay in the name. */
void figure_add_prefix(struct figure *f, const char *prefix);
const char *figure_title(const struct figure *f);
const char *figure_caption(const struct figure *f);

#endif
