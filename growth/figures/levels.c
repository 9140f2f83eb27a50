/* Levels against data: output, income per head; and population with its births and deaths. */
#include "growth/figures/curves.h"

#include <math.h>
#include <stdio.h>

/* Model lines and data points of one variable on a log axis. */
static void add_level_panel(const struct curves *c, struct figure *f, const char *title, const struct axis *x,
                            const char *key, const char *what, bool legend)
{
    char label[160];
    snprintf(label, sizeof label, "%s (%s)", what, curves_unit(c, key));
    struct axis y = {.label = label, .scale = AXIS_LOG, .low = NAN, .high = curves_highest(c, key)};
    size_t panel = figure_add_panel(f, title, x, &y);
    curves_add_endings(c, f, panel);
    curves_add_data(c, f, panel, key, legend);
    curves_add_variable(c, f, panel, key, legend);
}

static void add_level_panels(const struct curves *c, struct figure *f, const char *key, const char *what)
{
    struct axis all = curves_long_axis(c), zoom;
    bool zoomed = curves_zoom_axis(c, &zoom);
    add_level_panel(c, f, "the whole run", &all, key, what, !zoomed);
    if (zoomed)
        add_level_panel(c, f, "the last centuries", &zoom, key, what, true);
}

static struct figure *level_figure(const struct drawn_run *runs, size_t n, const char *key, const char *what,
                                   const char *name, const char *title, const char *caption)
{
    struct curves c;
    struct figure *f = NULL;
    if (curves_take(runs, n, &c) && curves_unit(&c, key) && (f = figure_new(name, title, caption)))
        add_level_panels(&c, f, key, what);
    curves_clear(&c);
    return f;
}

struct figure *figure_of_levels(const struct drawn_run *runs, size_t n)
{
    return level_figure(
        runs, n, "Y", "output per year", "levels", "Output",
        "Output of the model (lines) and data (points). Above, time runs on a log scale of the years before a "
        "horizon just beyond the end, so that ten thousand years and the last decades are both readable.");
}

struct figure *figure_of_income(const struct drawn_run *runs, size_t n)
{
    return level_figure(runs, n, "y", "income per head", "income", "Income per head",
                        "Output per head of the model (lines) and data (points).");
}

/* Births (solid) and deaths (dashed) of each run. */
static void add_demography_panel(const struct curves *c, struct figure *f, const struct axis *x)
{
    struct axis y = {.label = "births and deaths (% a year)", .scale = AXIS_LINEAR, .low = 0, .high = NAN};
    size_t panel = figure_add_panel(f, "births (lines) and deaths (dashed)", x, &y);
    static const char *const keys[] = {"births", "deaths"};
    for (size_t k = 0; k < c->n; k++) {
        const struct curve *curve = &c->curve[k];
        const struct model *m = curve->result->run->simulation.model;
        size_t variables = variable_count(m);
        for (size_t which = 0; which < 2; which++) {
            size_t i = variable_find(m, keys[which]);
            char legend[200];
            if (i == variables)
                continue;
            for (size_t j = 0; j < curve->n; j++)
                curve->scratch[j] = 100 * curve->value[j * variables + i];
            snprintf(legend, sizeof legend, "%s of %s", keys[which], curve->label);
            figure_add_series(f, panel, which ? MARK_DASHED : MARK_LINE, curves_run_colour(k), legend, curve->n,
                              curve->year, curve->scratch, NULL);
        }
    }
}

struct figure *figure_of_population(const struct drawn_run *runs, size_t n)
{
    struct curves c;
    struct figure *f = NULL;
    if (curves_take(runs, n, &c) && curves_unit(&c, "P") &&
        (f = figure_new("population", "Population",
                        "People in the model (lines) and data (points), and the births and deaths behind them."))) {
        struct axis x;
        add_level_panels(&c, f, "P", "population");
        if (!curves_zoom_axis(&c, &x))
            x = curves_long_axis(&c);
        if (curves_unit(&c, "births") && curves_unit(&c, "deaths"))
            add_demography_panel(&c, f, &x);
    }
    curves_clear(&c);
    return f;
}
