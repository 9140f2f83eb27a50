/* Pictures of the table of volumes: the bracket, and what the directions of the star domains found. */
#include "basin/volume_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BINS = 40 };

static bool shown(const struct volume_row *r)
{
    bool stands = r->status == ROW_OK || r->status == ROW_LOWER_BOUND;
    return r->what[0] == 'p' && (stands || isfinite(r->at_least));
}

/* Rows of the prior's mass, the first on top, with 3 standard errors either way. */
static struct figure *bracket_figure(const struct volume *v)
{
    struct figure *f = figure_new("volume_bracket", "Prior mass of the basin",
                                  "Values with 3 standard errors either way (closed forms have none), and lower bounds "
                                  "with 95 % confidence of rows that are refused as values.");
    const char *names[VOLUME_ROWS];
    double value[VOLUME_ROWS], place[VOLUME_ROWS], bound[VOLUME_ROWS], bound_place[VOLUME_ROWS];
    size_t n = 0, bounds = 0, rows = 0;
    for (size_t i = 0; i < v->n_rows; i++)
        if (shown(&v->rows[i]))
            names[rows++] = v->rows[i].name;
    struct axis x = {.label = "ln of the prior's mass", .scale = AXIS_LINEAR, .low = NAN, .high = NAN, .margin = 0.03},
                y = {.scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "", &x, &y), at = 0;
    figure_set_rows(f, panel, rows, names);
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct volume_row *r = &v->rows[i];
        if (!shown(r))
            continue;
        bool stands = r->status == ROW_OK || r->status == ROW_LOWER_BOUND;
        at++;
        double level[2] = {(double)at, (double)at};
        if (!stands) {
            bound[bounds] = r->at_least;
            bound_place[bounds++] = level[0];
            continue;
        }
        value[n] = r->log_value;
        place[n++] = level[0];
        double ends[2] = {r->log_value - 3 * r->error, r->log_value + 3 * r->error};
        if (isfinite(r->error))
            figure_add_series(f, panel, MARK_LINE, 0, NULL, 2, ends, level, NULL);
    }
    if (n)
        figure_add_series(f, panel, MARK_POINTS, 0, "value", n, value, place, NULL);
    if (bounds)
        figure_add_series(f, panel, MARK_POINTS, 1, "at least (95 %)", bounds, bound, bound_place, NULL);
    return f;
}

static void add_histogram(struct figure *f, size_t panel, const struct volume_star *s, int colour)
{
    size_t n = s->star.estimate.samples;
    const double *w = s->star.log_weights;
    double x[BINS + 2], y[BINS + 2] = {0}, low = w[0], width = (w[n - 1] - low) / BINS;
    if (!(width > 0) || !isfinite(width))
        return;
    for (size_t i = 0; i < n; i++) {
        size_t bin = (size_t)((w[i] - low) / width);
        y[(bin < BINS ? bin : BINS - 1) + 1] += 1;
    }
    for (size_t k = 0; k < BINS + 2; k++) {
        x[k] = (low + width * ((double)k - 0.5)) / M_LN10;
        y[k] /= (double)n * width / M_LN10; /* a density: histograms of different widths can be compared */
    }
    figure_add_series(f, panel, MARK_STEPS, colour, s->name, BINS + 2, x, y, NULL);
}

static struct figure *directions_figure(const struct volume *v)
{
    struct figure *f =
        figure_new("volume_directions", "What each direction of a star domain says",
                   "The volume a basin would have if all directions were like this one, under the prior. "
                   "The estimate is the mean of these, which the right-hand ends make up.");
    if (!f)
        return NULL;
    struct axis x = {.label = "log10 of the prior's mass", .scale = AXIS_LINEAR, .low = NAN, .high = NAN},
                y = {.label = "density of directions", .scale = AXIS_LINEAR, .low = 0, .high = NAN};
    size_t panel = figure_add_panel(f, "", &x, &y);
    for (size_t k = 0; k < v->n_stars && k < 4; k++) /* the fifth is without prior */
        add_histogram(f, panel, &v->stars[k], (int)k);
    return f;
}

static struct figure *ladder_figure(const struct volume *v)
{
    struct figure *f = figure_new("volume_ladder", "Annealed integration",
                                  "Left: mean sameness at each beta, up from the prior and down from theta*, and the "
                                  "threshold. Right: ln Z(beta). Where the two ways differ the chains have not mixed.");
    if (!f)
        return NULL;
    struct axis x = {.label = "beta", .scale = AXIS_LOG, .low = NAN, .high = NAN, .margin = 0.03},
                y = {.label = "mean sameness", .scale = AXIS_LOG, .low = v->threshold / 3, .high = NAN},
                z = {.label = "ln Z", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    figure_set_columns(f, 2);
    size_t left = figure_add_panel(f, "", &x, &y), right = figure_add_panel(f, "", &x, &z);
    for (size_t k = 0; k < v->n_ladders; k++) {
        const struct annealed *a = &v->ladders[k];
        double *numbers = calloc(4 * a->n_rungs + 1, sizeof *numbers);
        for (size_t i = 0; numbers && i < a->n_rungs; i++) {
            numbers[i] = a->rungs[i].beta;
            numbers[a->n_rungs + i] = a->rungs[i].mean;
            numbers[2 * a->n_rungs + i] = a->rungs[i].log_z;
            numbers[3 * a->n_rungs + i] = v->threshold;
        }
        if (!numbers)
            continue;
        enum mark mark = k ? MARK_POINTS : MARK_LINE;
        figure_add_series(f, left, mark, (int)k, k ? "down from theta*" : "up from the prior", a->n_rungs, numbers,
                          numbers + a->n_rungs, NULL);
        figure_add_series(f, right, mark, (int)k, NULL, a->n_rungs, numbers, numbers + 2 * a->n_rungs, NULL);
        if (k == 0)
            figure_add_series(f, left, MARK_DASHED, 3, "threshold", a->n_rungs, numbers, numbers + 3 * a->n_rungs,
                              NULL);
        free(numbers);
    }
    return f;
}

void volume_add_figures(const struct volume *v, struct findings *out)
{
    findings_add_figure(out, bracket_figure(v));
    if (v->n_stars)
        findings_add_figure(out, directions_figure(v));
    if (v->n_ladders && v->ladders[0].n_rungs)
        findings_add_figure(out, ladder_figure(v));
}
