/* Figures of a fit. */
#include "growth/fit/report.h"
#include "growth/variable.h"

#include <math.h>
#include <stdlib.h>

/* The points of all levels, on a line at 0 between these years. */
static void add_misses(const struct fit_report *r, struct figure *f, size_t panel, bool legend, double first,
                       double last)
{
    const double *miss = r->misses;
    int colour = 0;
    figure_add_series(f, panel, MARK_LINE, 6, NULL, 2, (double[]){first, last}, (double[]){0, 0}, NULL);
    for (size_t i = 0; i < r->fit->n_targets; miss += r->fit->targets[i++].n) {
        const struct fit_target *t = &r->fit->targets[i];
        if (t->growth || t->assumed)
            continue;
        char text[160];
        snprintf(text, sizeof text, "%s: %s", variable_key(r->fit->base.model, t->variable), t->name);
        figure_add_series(f, panel, MARK_POINTS, colour++ % 8, legend ? text : NULL, t->n, t->year, miss, NULL);
    }
}

struct figure *figure_of_fit_misses(const struct fit_report *r)
{
    double first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < r->fit->n_targets; i++) {
        const struct fit_target *t = &r->fit->targets[i];
        if (t->growth || t->assumed || !t->n)
            continue;
        first = fmin(first, t->year[0]);
        last = fmax(last, t->year[t->n - 1]);
    }
    if (!(first <= last)) /* growth alone was fitted: no levels to miss */
        return NULL;
    struct figure *f =
        figure_new("fit_misses", "What the fit misses",
                   "ln model - ln data of every point: 0.1 is about 10 %. Neighbours are alike (wars, booms), "
                   "so a point a year is less than a new fact a year.");
    if (!f)
        return NULL;
    struct axis y = {.label = "ln model - ln data", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    struct axis late = {.label = "year", .scale = AXIS_LINEAR, .low = 1800, .high = last + 5};
    if (first < 1700) {
        struct axis all = {
            .label = "year", .scale = AXIS_LOG_BEFORE, .low = first, .high = last + 5, .horizon = last + 30};
        add_misses(r, f, figure_add_panel(f, "all points", &all, &y), true, first, last);
    }
    add_misses(r, f, figure_add_panel(f, "since 1800", &late, &y), first >= 1700, fmax(first, 1800), last);
    return f;
}

static void add_spectrum(struct figure *f, size_t panel, const struct least_squares_errors *s, int colour,
                         const char *legend)
{
    double *x = calloc(2 * s->k + 1, sizeof *x), *y = x ? x + s->k : NULL;
    for (size_t i = 0; x && i < s->k; i++) {
        x[i] = (double)i + 1;
        y[i] = s->singular[i] * s->singular[i];
    }
    if (x)
        figure_add_series(f, panel, MARK_POINTS, colour, legend, s->k, x, y, NULL);
    free(x);
}

struct figure *figure_of_fit_spectrum(const struct fit_report *r)
{
    struct figure *f =
        figure_new("fit_spectrum", "How much the data know: spectrum of the Fisher information",
                   "Eigenvalues for the logarithms of the parameters, from the stiffest combination on. Below 1 "
                   "a combination is not known within a factor e; many decades of them are what is called sloppy.");
    struct axis x = {.label = "combination", .scale = AXIS_LINEAR, .low = 0, .high = (double)r->data.k + 1};
    struct axis y = {.label = "information (1/ln^2)", .scale = AXIS_LOG, .low = NAN, .high = NAN};
    if (!f)
        return NULL;
    size_t panel = figure_add_panel(f, "", &x, &y);
    add_spectrum(f, panel, &r->data, 0, "targets alone");
    add_spectrum(f, panel, &r->all, 1, "with priors");
    figure_add_series(f, panel, MARK_DASHED, 6, "known within a factor e", 2, (double[]){0, (double)r->data.k + 1},
                      (double[]){1, 1}, NULL);
    return f;
}
