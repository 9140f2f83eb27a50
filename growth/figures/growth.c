/* Growth over time with its phases, and growth against output. */
#include "growth/figures/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DATA_YEARS = 10 /* data are averaged over at least so many years */ };

/* Growth of every run, % a year. */
static void add_growth_curves(const struct curves *c, struct figure *f, size_t panel, bool legend)
{
    for (size_t k = 0; k < c->n; k++) {
        const struct curve *curve = &c->curve[k];
        for (size_t j = 0; j < curve->n; j++)
            curve->scratch[j] = 100 * curve->growth[j];
        figure_add_series(f, panel, MARK_LINE, curves_run_colour(k), legend ? curve->label : NULL, curve->n,
                          curve->year, curve->scratch, NULL);
    }
}

/* Mean growth in one series: over time, or against the level. */
static void add_growth_points(const struct comparison_result *data, struct figure *f, size_t panel, bool against_level,
                              int colour, const char *legend)
{
    double *room = malloc((3 * data->n + 1) * sizeof *room);
    if (!room)
        return;
    double *year = room, *level = year + data->n, *growth = level + data->n;
    size_t n = curves_data_growth(data, DATA_YEARS, year, level, growth);
    for (size_t j = 0; j < n; j++)
        growth[j] *= 100;
    figure_add_series(f, panel, MARK_POINTS, colour, legend, n, against_level ? level : year, growth, NULL);
    free(room);
}

/* Mean growth in the series held against Y, each once. */
static void add_growth_data(const struct curves *c, struct figure *f, size_t panel, bool against_level, bool legend)
{
    size_t shown = 0;
    for (size_t k = 0; k < c->n; k++) {
        const struct run_result *r = c->curve[k].result;
        for (size_t i = 0; i < r->run->n_comparisons; i++) {
            const struct comparison *held = &r->run->comparisons[i];
            char text[320];
            if (held->variable != variable_find(r->run->simulation.model, "Y") || curves_seen_before(c, k, held))
                continue;
            snprintf(text, sizeof text, "%s, mean over %d years or more", held->legend, DATA_YEARS);
            add_growth_points(&r->comparisons[i], f, panel, against_level, curves_data_colour(shown++),
                              legend ? text : NULL);
        }
    }
}

/* Phases as bands, switches as lines. */
static void add_phases(const struct run_result *r, struct figure *f, size_t panel, bool labels)
{
    static const int colours[] = {[PHASE_SUB_EXPONENTIAL] = 2, [PHASE_EXPONENTIAL] = 0, [PHASE_SUPER_EXPONENTIAL] = 1};
    const struct model *m = r->run->simulation.model;
    for (size_t i = 0; i < r->phases.n_phases; i++) {
        const struct phase *p = &r->phases.phases[i];
        char text[64];
        snprintf(text, sizeof text, "%zu %s", i + 1, phase_kind_name(p->kind));
        figure_add_span(f, panel, p->from, p->to, labels ? text : "", colours[p->kind]);
    }
    for (size_t i = 0; i < r->trajectory.n_switches && labels; i++) {
        char text[160];
        figure_add_vertical(f, panel, r->trajectory.switches[i].date,
                            switch_name(m, &r->trajectory.switches[i], text, sizeof text));
    }
}

/* Bottom of the growth axis, % a year: 0, or what the runs fall to, but not far below where a stock runs out. */
static double lowest(const struct curves *c)
{
    double least = 0;
    for (size_t k = 0; k < c->n; k++)
        for (size_t j = 0; j < c->curve[k].n; j++)
            least = fmin(least, c->curve[k].growth[j]);
    return 100 * fmax(1.1 * least, -0.25 * c->runaway);
}

static void add_growth_panel(const struct curves *c, struct figure *f, const char *title, const struct axis *x,
                             enum axis_scale scale, double high, bool labels, bool legend)
{
    struct axis y = {.label = "growth of output (% a year)", .scale = scale, .low = NAN, .high = high};
    if (scale == AXIS_LINEAR)
        y.low = lowest(c);
    size_t panel = figure_add_panel(f, title, x, &y);
    add_phases(c->curve[0].result, f, panel, labels);
    if (labels)
        curves_add_endings(c, f, panel);
    add_growth_data(c, f, panel, false, legend);
    add_growth_curves(c, f, panel, legend);
}

static void add_exponent_panel(const struct curves *c, struct figure *f, const struct axis *x)
{
    struct axis y = {.label = "local exponent B", .scale = AXIS_LINEAR, .low = -3, .high = 3};
    size_t panel = figure_add_panel(
        f, "B = d ln g/d ln Y: above 0 super-exponential, near 0 exponential, below 0 sub-exponential", x, &y);
    add_phases(c->curve[0].result, f, panel, false);
    for (size_t k = 0; k < c->n; k++)
        figure_add_series(f, panel, MARK_LINE, curves_run_colour(k), c->curve[k].label, c->curve[k].n, c->curve[k].year,
                          c->curve[k].exponent, NULL);
}

/* Top of the growth axis, % a year: automatic, or where growth counts as running away. */
static double highest(const struct curves *c, double part)
{
    for (size_t k = 0; k < c->n; k++)
        if (c->curve[k].tame < c->curve[k].n)
            return 100 * part * c->runaway;
    return NAN;
}

struct figure *figure_of_growth(const struct drawn_run *runs, size_t n)
{
    struct curves c;
    struct figure *f = NULL;
    if (curves_take(runs, n, &c) &&
        (f = figure_new(
             "growth", "Growth of output, its phases and the switches of what limits it",
             n == 1 ? "Growth rate with the phases as bands (orange: super-exponential, blue: exponential, green: "
                      "sub-exponential) and each switch of a limiting input as a dotted line."
                    : "Growth rates; the bands (orange: super-exponential, blue: exponential, green: "
                      "sub-exponential) and dotted lines are the phases and switches of the first run."))) {
        struct axis all = curves_long_axis(&c), zoom;
        bool zoomed = curves_zoom_axis(&c, &zoom);
        add_growth_panel(&c, f, "the whole run", &all, zoomed && lowest(&c) == 0 ? AXIS_LOG : AXIS_LINEAR,
                         highest(&c, 1), !zoomed, !zoomed);
        if (zoomed)
            add_growth_panel(&c, f, "the last centuries", &zoom, AXIS_LINEAR, highest(&c, 0.5), true, true);
        add_exponent_panel(&c, f, &all);
    }
    curves_clear(&c);
    return f;
}

struct figure *figure_of_growth_against_output(const struct drawn_run *runs, size_t n)
{
    struct curves c;
    struct figure *f = NULL;
    if (curves_take(runs, n, &c) &&
        (f = figure_new(
             "growth_against_output", "Growth against output",
             "On these axes a power law (hyperbolic growth) is a straight line that rises, exponential growth a "
             "level one."))) {
        char label[160];
        snprintf(label, sizeof label, "output per year (%s)", curves_unit(&c, "Y"));
        struct axis x = {.label = label, .scale = AXIS_LOG, .low = NAN, .high = NAN};
        struct axis y = {.label = "growth of output (% a year)", .scale = AXIS_LOG, .low = NAN, .high = NAN};
        size_t panel = figure_add_panel(f, "", &x, &y);
        add_growth_data(&c, f, panel, true, true);
        for (size_t k = 0; k < c.n; k++) {
            struct curve *curve = &c.curve[k];
            size_t variables = variable_count(curve->result->run->simulation.model);
            size_t i = variable_find(curve->result->run->simulation.model, "Y");
            for (size_t j = 0; j < curve->n; j++) {
                curve->scratch[j] = curve->value[j * variables + i];
                curve->growth[j] *= 100;
            }
            figure_add_series(f, panel, MARK_LINE, curves_run_colour(k), curve->label, curve->tame, curve->scratch,
                              curve->growth, NULL);
        }
    }
    curves_clear(&c);
    return f;
}
