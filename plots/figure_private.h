/* What a figure is made of (private to plots/). */
#ifndef GEARS_PLOTS_FIGURE_PRIVATE_H
#define GEARS_PLOTS_FIGURE_PRIVATE_H

#include "plots/figure.h"

#include <stdio.h>

enum { FIGURE_COLOURS = 8 };

struct plot_series {
    enum mark mark;
    int colour;
    char *legend; /* may be NULL */
    size_t n, columns;
    double *points; /* (n, columns) row-major: x, y[, y2] */
};

struct plot_span {
    double from, to;
    char *label;
    int colour;
};

struct plot_vertical {
    double x;
    char *label;
};

struct panel {
    struct axis x, y; /* labels are the copies below */
    char *title, *x_label, *y_label;
    struct plot_series *series;
    struct plot_span *spans;
    struct plot_vertical *verticals;
    size_t n_series, n_spans, n_verticals;
    int next_colour;
};

struct figure {
    char *name, *title, *caption;
    struct panel *panels;
    size_t n_panels, columns;
    bool failed;
};

/* Whether a value has a place on the axis: finite, positive on a log axis, before the horizon. */
bool axis_can_show(const struct axis *a, double value);

/* The gnuplot script of a figure whose data stand in NAME.dat. */
void script_write(const struct figure *f, FILE *out);

/* Run `gnuplot SCRIPT` in a folder, with the variable `suffix` appended to the output names. *found = false when there
 * is no gnuplot. STATUS_FAILED with gnuplot's first words when it fails. */
enum status gnuplot_run(const char *folder, const char *script, const char *suffix, bool *found, struct error *e);

#endif
