#include "growth/identify/figures.h"

#include <math.h>
#include <stdio.h>

static const double TOP = 15; /* of the axis of drops */

static size_t take(const struct identify_profile *p, double *date, double *drop)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->points[i].fitted) {
            date[n] = p->points[i].date;
            drop[n++] = fmin(p->points[i].drop, 10 * TOP);
        }
    return n;
}

static void add_profile(struct figure *f, size_t panel, const struct identify_profile *p, int colour,
                        const char *legend)
{
    double date[IDENTIFY_POINTS], drop[IDENTIFY_POINTS];
    size_t n = take(p, date, drop);
    figure_add_series(f, panel, MARK_LINE, colour, legend, n, date, drop, NULL);
    figure_add_series(f, panel, MARK_POINTS, colour, NULL, n, date, drop, NULL);
}

static void add_threshold(struct figure *f, size_t panel, double from, double to)
{
    double x[2] = {from, to}, y[2] = {IDENTIFY_THRESHOLD, IDENTIFY_THRESHOLD};
    figure_add_series(f, panel, MARK_DASHED, 6, "95 %: 3.84", 2, x, y, NULL);
}

struct figure *figure_of_identify(const struct identify_result *r, const char *name)
{
    if (!r->free.n)
        return NULL;
    struct figure *f = figure_new(
        name, "What the data say about the onset of phase 5",
        "How much worse (in -2 ln likelihood, priors included) the best fit is whose machines do half of "
        "research in that year, everything else fitted again. Below the dashed line a date is not excluded.");
    double from = r->free.points[0].date, to = r->free.points[r->free.n - 1].date;
    struct axis x = {.label = "year in which machines do half of research", .low = from, .high = to};
    struct axis y = {.label = "-2 ln likelihood above the least", .low = 0, .high = TOP};
    size_t panel = figure_add_panel(f, "", &x, &y);
    add_profile(f, panel, &r->free, 0, "sudden or gradual, as fits best");
    if (r->has_gradual)
        add_profile(f, panel, &r->gradual, 1, "with a gradual precursor");
    add_threshold(f, panel, from, to);
    figure_add_vertical(f, panel, r->problem->end, "the data end");
    if (r->has_detection && isfinite(r->detection.median))
        figure_add_vertical(f, panel, r->detection.median, "an onset in the experiment's year would show");
    return f;
}

struct figure *figure_of_stops(const struct identify_result *r)
{
    if (!r->rolling.n_stops)
        return NULL;
    struct figure *f = figure_new(
        "stops", "What would have been said with the data up to a year",
        "Above: the model's profile of the onset date. Below: growth of output forecast for the 30 years after "
        "the stop, beside what it was.");
    const struct identify_settings *s = &r->problem->settings;
    struct axis x = {.label = "year in which machines do half of research",
                     .low = s->stops[0] - s->before,
                     .high = r->problem->end + s->after};
    struct axis y = {.label = "-2 ln likelihood above the least", .low = 0, .high = TOP};
    size_t panel = figure_add_panel(f, "Profile of the onset date", &x, &y);
    static const int colours[] = {0, 1, 2, 3, 4, 5, 6};
    for (size_t k = 0; k < r->rolling.n_stops; k++) {
        char legend[64];
        snprintf(legend, sizeof legend, "data to %.0f", s->stops[k]);
        if (!r->rolling.status[k])
            add_profile(f, panel, &r->rolling.profiles[k], colours[k % 7], legend);
    }
    add_threshold(f, panel, x.low, x.high);
    struct axis stop = {.label = "the data stop", .low = s->stops[0] - 5, .high = s->stops[r->rolling.n_stops - 1] + 5};
    struct axis growth = {.label = "growth of the next 30 years (% a year)", .low = 0, .high = 12};
    panel = figure_add_panel(f, "Forecasts of growth", &stop, &growth);
    double at[IDENTIFY_STOPS], said[IDENTIFY_STOPS], was[IDENTIFY_STOPS];
    for (size_t k = 0; k < r->rolling.n_stops; k++) {
        at[k] = s->stops[k];
        said[k] = 100 * r->rolling.growth[k];
        was[k] = 100 * r->rolling.actual[k];
    }
    figure_add_series(f, panel, MARK_LINE, 6, "what it was", r->rolling.n_stops, at, was, NULL);
    figure_add_series(f, panel, MARK_LINE, 0, "the model", r->rolling.n_stops, at, said, NULL);
    for (size_t b = 0; b < r->rolling.n_baselines; b++) {
        for (size_t k = 0; k < r->rolling.n_stops; k++)
            said[k] = r->rolling.stops[b][k].status ? NAN : 100 * r->rolling.stops[b][k].growth[BASELINE_MEDIAN];
        figure_add_series(f, panel, MARK_POINTS, 1 + (int)(b % 5), s->baselines[b].baseline->name, r->rolling.n_stops,
                          at, said, NULL);
    }
    return f;
}
