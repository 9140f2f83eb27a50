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
    double *points; /* (n, columns) row-major: x, y[, y2]; in space x, y, z, of a surface three points a triangle */
    double opacity; /* of a surface; 0: it is none */
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

struct plot_map {
    size_t nx, ny, n_levels; /* nx 0: there is no map */
    double *x, *y, *z, *levels;
    enum axis_scale colour;
    double low, high; /* of the colour scale */
    char *label;
};

struct panel {
    struct axis x, y; /* labels are the copies below */
    char *title, *x_label, *y_label;
    struct plot_map map;
    char **row_names; /* (n_rows) */
    size_t n_rows;    /* 0: the y axis has numbers */
    bool equal;
    bool space; /* three axes: */
    struct axis z;
    char *z_label;
    double tilt, turn;
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

/* Where on the axis a value lies, in the coordinate in which the axis is even, and back. */
double axis_coordinate(const struct axis *a, double value);
double axis_value(const struct axis *a, double coordinate);
/* The range of an axis: as asked, else that of the data; `column` 0 for x, 1 for y. False when there are none. */
bool axis_find_range(const struct panel *p, const struct axis *a, size_t column, double *low, double *high);

/* Blocks of NAME.dat that a panel takes: its series, then its map. */
size_t panel_blocks(const struct panel *p);

/* Pieces of a script. A text comes in quotes; a colour is "#rrggbb". */
void script_text(const char *text, FILE *out);
void script_number(double value, FILE *out);
const char *script_colour(int colour);
int script_point_shape(int colour);
/* " title 'words' noenhanced", or " notitle". */
void script_legend(const char *legend, FILE *out);

/* Range, marks and label of an axis; `character`: width of one of a label, as a part of the axis. */
void script_x_axis(const struct panel *p, double low, double high, double character, FILE *out);
void script_y_axis(const struct panel *p, FILE *out);

/* Contour lines of the map as a datablock $linesPANEL, before the panels are drawn; nothing where there are none. */
void script_map_prepare(const struct figure *f, size_t panel, size_t first_block, FILE *out);
/* The settings of a panel with a map, and its part of the plot command (more must follow). */
void script_map_settings(const struct panel *p, FILE *out);
void script_map_plot(const struct figure *f, size_t panel, size_t first_block, FILE *out);
/* A whole panel in space. */
void script_space(const struct figure *f, size_t panel, size_t first_block, FILE *out);

/* The gnuplot script of a figure whose data stand in NAME.dat. */
void script_write(const struct figure *f, FILE *out);

/* Run `gnuplot SCRIPT` in a folder, with the variable `suffix` appended to the output names. *found = false when there
 * is no gnuplot. STATUS_FAILED with gnuplot's first words when it fails. */
enum status gnuplot_run(const char *folder, const char *script, const char *suffix, bool *found, struct error *e);

#endif
