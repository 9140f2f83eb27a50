#include "growth/forecast/figures.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* --- dates -------------------------------------------------------------------------------------------------------- */

/* Part of the futures in which it has happened, by date. */
static void add_distribution(const struct forecast *f, enum forecast_outcome which, struct figure *figure, size_t panel,
                             int colour, double *room)
{
    size_t n = 0, draws = f->setup->draws;
    double *part = room + draws;
    for (size_t k = 0; k < draws; k++)
        if (f->draws[k].state == DRAW_DONE && !isnan(f->draws[k].outcome[which]))
            room[n++] = f->draws[k].outcome[which];
    qsort(room, n, sizeof *room, ascending);
    for (size_t k = 0; k < n; k++)
        part[k] = 100 * (double)(k + 1) / (double)n;
    figure_add_series(figure, panel, MARK_STEPS, colour, forecast_outcomes[which].title, n, room, part, NULL);
}

/* Quantiles of what the extrapolations say. */
static void add_extrapolations(const struct forecast *f, struct figure *figure, size_t panel)
{
    static const int colours[] = {3, 4, 6, 7, 2};
    size_t shown = 0;
    for (size_t k = 0; k < f->setup->n_extrapolations; k++) {
        const struct forecast_extrapolation *x = &f->setup->extrapolations[k];
        double part[BASELINE_QUANTILES];
        char legend[160];
        for (size_t q = 0; q < BASELINE_QUANTILES; q++)
            part[q] = 100 * baseline_probabilities[q];
        if (!isfinite(x->takeoff[BASELINE_MEDIAN]))
            continue;
        snprintf(legend, sizeof legend, "take-off by %s, %s", x->baseline, x->series);
        figure_add_series(figure, panel, MARK_DASHED, colours[shown++ % 5], legend, BASELINE_QUANTILES, x->takeoff,
                          part, NULL);
    }
}

/* Where the axis of dates ends: nine futures in ten have had their last date by then, within the run. */
static double last_date(const struct forecast *f)
{
    double latest = fmax(f->summary[OUTCOME_BLOW_UP].quantile[5], f->summary[OUTCOME_ONSET].quantile[5]);
    return fmin(isfinite(latest) ? 10 * ceil(latest / 10) + 10 : INFINITY, f->setup->run->simulation.to);
}

static void add_dates(const struct forecast *f, struct figure *figure, double *room)
{
    static const struct {
        enum forecast_outcome outcome;
        int colour;
    } drawn[] = {{OUTCOME_ONSET, 0}, {OUTCOME_PARITY, 1}, {OUTCOME_DOUBLING_4, 2}, {OUTCOME_BLOW_UP, 5}};
    struct axis x = {.label = "year", .low = f->setup->today - 5, .high = last_date(f)};
    struct axis y = {.label = "% of futures", .low = 0, .high = 100};
    size_t panel = figure_add_panel(figure, "When: part of the futures in which it has happened", &x, &y);
    for (size_t i = 0; i < sizeof drawn / sizeof drawn[0]; i++)
        if (f->summary[drawn[i].outcome].n)
            add_distribution(f, drawn[i].outcome, figure, panel, drawn[i].colour, room);
    add_extrapolations(f, figure, panel);
}

/* --- bands over time ---------------------------------------------------------------------------------------------- */

/* Median and two bands of one gridded quantity, in %. */
static void add_bands(const struct forecast *f, bool share, struct figure *figure, size_t panel, int colour, int outer,
                      double *room)
{
    double year[FORECAST_GRID], band[5][FORECAST_GRID];
    static const double levels[5] = {0.05, 0.25, 0.5, 0.75, 0.95};
    for (size_t i = 0; i < FORECAST_GRID; i++) {
        size_t n = 0;
        for (size_t k = 0; k < f->setup->draws; k++)
            if (f->draws[k].state == DRAW_DONE)
                room[n++] = 100 * (double)(share ? f->draws[k].share[i] : f->draws[k].growth[i]);
        qsort(room, n, sizeof *room, ascending);
        year[i] = forecast_grid_year(f->setup, i);
        for (size_t q = 0; q < 5; q++)
            band[q][i] = n ? fmin(forecast_quantile(room, n, levels[q]), 1e6) : NAN; /* beyond the axis */
    }
    figure_add_series(figure, panel, MARK_BAND, outer, "nine futures in ten", FORECAST_GRID, year, band[0], band[4]);
    figure_add_series(figure, panel, MARK_BAND, colour, "half of them", FORECAST_GRID, year, band[1], band[3]);
    figure_add_series(figure, panel, MARK_LINE, colour, "median", FORECAST_GRID, year, band[2], NULL);
}

static void add_courses(const struct forecast *f, struct figure *figure, double *room)
{
    struct axis x = {.label = "year", .low = forecast_grid_year(f->setup, 0), .high = last_date(f)};
    struct axis part = {.label = "% of research", .low = 0, .high = 100};
    struct axis growth = {.label = "growth of output (% a year)", .low = 0, .high = 40};
    if (f->setup->share != SIZE_MAX)
        add_bands(f, true, figure, figure_add_panel(figure, "Research done by machines", &x, &part), 1, 4, room);
    add_bands(f, false, figure, figure_add_panel(figure, "Growth of output", &x, &growth), 0, 2, room);
}

struct figure *figure_of_forecast(const struct forecast *f)
{
    double *room = malloc((2 * f->setup->draws + 2) * sizeof *room);
    struct figure *figure = NULL;
    if (room && f->count[DRAW_DONE] >= 2 &&
        (figure =
             figure_new("forecast", "Futures drawn from object-level distributions",
                        "Above: of all futures that were drawn the part in which each thing has happened by a date. "
                        "Below: quantiles over the futures, year by year."))) {
        add_dates(f, figure, room);
        add_courses(f, figure, room);
    }
    free(room);
    return figure;
}

/* --- tornado ------------------------------------------------------------------------------------------------------ */

struct bar {
    const char *name;
    double low, high; /* onset at the 10 % and 90 % quantile, never put at the end of the run */
};

static int by_width(const void *a, const void *b)
{
    const struct bar *x = a, *y = b;
    double p = fabs(x->high - x->low), q = fabs(y->high - y->low);
    return (p < q) - (p > q);
}

static void add_bar(struct figure *figure, size_t panel, size_t row, double from, double to, int colour,
                    const char *legend)
{
    double x[2] = {from, to}, y[2] = {(double)row - 0.3, (double)row - 0.3},
           y2[2] = {(double)row + 0.3, (double)row + 0.3};
    figure_add_series(figure, panel, MARK_STACK, colour, legend, 2, x, y, y2);
}

struct figure *figure_of_tornado(const struct forecast *f)
{
    struct bar bars[FORECAST_MAX_INPUTS + 1] = {{0}};
    const char *names[FORECAST_MAX_INPUTS + 1];
    size_t n = 0;
    double end = f->setup->run->simulation.to, middle = fmin(f->middle.outcome[OUTCOME_ONSET], end);
    for (size_t k = 0; k < f->setup->n_inputs; k++)
        if (!isnan(f->swing[k].at_10) && !isnan(f->swing[k].at_90))
            bars[n++] =
                (struct bar){f->setup->inputs[k].name, fmin(f->swing[k].at_10, end), fmin(f->swing[k].at_90, end)};
    if (f->sets.n && isfinite(f->sets.onset_10))
        bars[n++] = (struct bar){"all fitted parameters", f->sets.onset_10, fmin(f->sets.onset_90, end)};
    qsort(bars, n, sizeof *bars, by_width);
    for (size_t k = 0; k < n; k++)
        names[k] = bars[k].name;
    struct figure *figure =
        n && isfinite(middle)
            ? figure_new("tornado", "What the onset depends on",
                         "Onset of the super-exponential phase with one quantity at its 10 % (blue) or 90 % quantile "
                         "(orange) and all others at their medians; of all fitted parameters together the 10 % and "
                         "90 % quantile of the onset itself. A bar that ends where the run ends stands for never.")
            : NULL;
    if (!figure)
        return NULL;
    struct axis x = {.label = "onset of the super-exponential phase (year)", .low = NAN, .high = NAN},
                y = {.low = NAN, .high = NAN};
    size_t panel = figure_add_panel(figure, "", &x, &y);
    figure_set_rows(figure, panel, n, names);
    for (size_t k = 0; k < n; k++) {
        add_bar(figure, panel, k + 1, middle, bars[k].low, 0, k ? NULL : "at its 10 % quantile");
        add_bar(figure, panel, k + 1, middle, bars[k].high, 1, k ? NULL : "at its 90 % quantile");
    }
    char label[64];
    snprintf(label, sizeof label, "all at their medians");
    figure_add_vertical(figure, panel, middle, label);
    return figure;
}
