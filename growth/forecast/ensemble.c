/* All draws of a forecast, and what they amount to. */
#include "growth/forecast/forecast.h"
#include "growth/forecast/forecast_private.h"

#include "solver/parallel.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16 }; /* draws between two looks at the clock and at Ctrl-C */

const double forecast_levels[FORECAST_QUANTILES] = {0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95};

/* --- drawing ------------------------------------------------------------------------------------------------------ */

struct work {
    struct forecast *out;
    const struct reporter *reporter;
    size_t first;
};

/* Stream k of the seed belongs to draw k alone. */
static void draw_one(size_t i, void *context)
{
    const struct work *w = context;
    const struct forecast_setup *f = w->out->setup;
    size_t k = w->first + i;
    struct random_stream stream = random_stream(w->out->seed, k);
    double u[FORECAST_MAX_INPUTS];
    copula_draw(&f->copula, &stream, u);
    const struct forecast_sets *sets = w->out->sets.n ? &w->out->sets : NULL;
    forecast_at(f, u, sets, sets ? k % sets->n : 0, w->reporter, &w->out->draws[k]);
}

static void take_medians(const struct forecast_setup *f, double *u)
{
    for (size_t k = 0; k < f->n_inputs; k++)
        u[k] = 0.5;
}

/* Swings 2k and 2k + 1 have input k low and high. */
static void swing_one(size_t i, void *context)
{
    const struct work *w = context;
    const struct forecast_setup *f = w->out->setup;
    struct forecast_draw draw;
    double u[FORECAST_MAX_INPUTS];
    take_medians(f, u);
    size_t input = i / 2;
    bool low = i % 2 == 0;
    u[input] = low ? 0.1 : 0.9;
    forecast_at(f, u, NULL, 0, w->reporter, &draw);
    double onset = draw.state == DRAW_DONE ? draw.outcome[OUTCOME_ONSET] : NAN;
    *(low ? &w->out->swing[input].at_10 : &w->out->swing[input].at_90) = onset;
}

/* Set i of the fit with all inputs at their medians. */
static void one_set(size_t i, void *context)
{
    const struct work *w = context;
    double u[FORECAST_MAX_INPUTS];
    take_medians(w->out->setup, u);
    forecast_at(w->out->setup, u, &w->out->sets, i, w->reporter, &w->out->sets.at_medians[i]);
}

/* --- summing up --------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double forecast_quantile(const double *sorted, size_t n, double probability)
{
    double place = probability * (double)(n - 1);
    size_t i = (size_t)place;
    double part = place - (double)i, low = sorted[i], high = sorted[i + 1 < n ? i + 1 : i];
    return part == 0 || low == high ? low : isinf(high) ? high : low + part * (high - low);
}

static void sum_up(const struct forecast *f, enum forecast_outcome which, double *room, struct forecast_summary *out)
{
    size_t n = 0, never = 0;
    for (size_t k = 0; k < f->setup->draws; k++)
        if (f->draws[k].state == DRAW_DONE && !isnan(f->draws[k].outcome[which]))
            room[n++] = f->draws[k].outcome[which];
    qsort(room, n, sizeof *room, ascending);
    while (never < n && isinf(room[n - 1 - never]))
        never++;
    out->n = n;
    out->never = n ? (double)never / (double)n : NAN;
    for (size_t q = 0; q < FORECAST_QUANTILES; q++)
        out->quantile[q] = n ? forecast_quantile(room, n, forecast_levels[q]) : NAN;
    /* ranks n/2 -+ 1.96 sqrt(n)/2: the binomial distribution of how many draws lie below the median */
    double spread = 0.98 / sqrt((double)n + (n == 0));
    out->median_low = n ? forecast_quantile(room, n, fmax(0.5 - spread, 0)) : NAN;
    out->median_high = n ? forecast_quantile(room, n, fmin(0.5 + spread, 1)) : NAN;
}

static void correlate(const struct forecast *f, size_t input, double *room, double *out)
{
    size_t n = 0, draws = f->setup->draws;
    double *x = room, *y = x + draws, *work = y + draws;
    for (size_t k = 0; k < draws; k++)
        if (f->draws[k].state == DRAW_DONE) {
            x[n] = f->draws[k].input[input];
            y[n++] = fmin(f->draws[k].outcome[OUTCOME_ONSET], 1e300); /* never: all last, tied */
        }
    *out = n > 2 ? gsl_stats_spearman(x, 1, y, 1, n, work) : NAN;
}

/* Quantiles of the onset over the fit's sets, the inputs at their medians. */
static void conclude_sets(struct forecast_sets *s, double *room)
{
    size_t n = 0;
    for (size_t k = 0; k < s->n; k++)
        if (s->at_medians[k].state == DRAW_DONE)
            room[n++] = s->at_medians[k].outcome[OUTCOME_ONSET];
    qsort(room, n, sizeof *room, ascending);
    s->onset_10 = n ? forecast_quantile(room, n, 0.1) : NAN;
    s->onset_90 = n ? forecast_quantile(room, n, 0.9) : NAN;
}

static enum status conclude(struct forecast *f, struct error *e)
{
    double *room = malloc((4 * f->setup->draws + f->sets.n + 4) * sizeof *room);
    if (!room)
        return error_memory(e);
    memset(f->count, 0, sizeof f->count);
    for (size_t k = 0; k < f->setup->draws; k++)
        f->count[f->draws[k].state]++;
    for (size_t k = 0; k < N_OUTCOMES; k++)
        sum_up(f, (enum forecast_outcome)k, room, &f->summary[k]);
    for (size_t k = 0; k < f->setup->n_inputs; k++)
        correlate(f, k, room, &f->swing[k].rank);
    conclude_sets(&f->sets, room);
    free(room);
    return STATUS_OK;
}

/* The run with all inputs at their medians: of interest itself, and where the others start to be solved for. */
static void run_middle(struct forecast_setup *f, const struct reporter *reporter, struct forecast *out)
{
    double u[FORECAST_MAX_INPUTS];
    take_medians(f, u);
    forecast_at(f, u, NULL, 0, reporter, &out->middle);
    if (out->middle.state == DRAW_DONE)
        memcpy(f->start, out->middle.parameter, sizeof f->start);
}

enum status forecast_run(struct forecast_setup *f, uint64_t seed, int threads, const struct reporter *reporter,
                         struct forecast *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    out->setup = f;
    out->seed = seed;
    out->draws = calloc(f->draws + 1, sizeof *out->draws);
    if (!out->draws)
        return error_memory(e);
    struct work w = {.out = out, .reporter = reporter};
    /* the reporter of the tasks is asked for a stop only: they run on several threads */
    struct reporter quiet = {.stop_requested = reporter ? reporter->stop_requested : NULL,
                             .context = reporter ? reporter->context : NULL};
    w.reporter = &quiet;
    for (size_t k = 0; k < f->n_inputs; k++)
        out->swing[k].at_10 = out->swing[k].at_90 = NAN;
    enum status status = f->fit_file ? forecast_make_sets(f, seed, threads, reporter, &out->sets, e) : STATUS_OK;
    if (status && status != STATUS_INTERRUPTED)
        return status;
    run_middle(f, &quiet, out);
    parallel_map(out->sets.n, threads, one_set, &w);
    parallel_map(2 * f->n_inputs, threads, swing_one, &w);
    for (; w.first < f->draws && !reporter_stop_requested(reporter); w.first += BATCH) {
        char what[80];
        snprintf(what, sizeof what, "draw %zu of %zu", w.first, f->draws);
        reporter_progress(reporter, (double)w.first / (double)f->draws, what);
        parallel_map(f->draws - w.first < BATCH ? f->draws - w.first : BATCH, threads, draw_one, &w);
    }
    status = conclude(out, e);
    out->complete = out->count[DRAW_NOT_DONE] == 0;
    if (!status && !out->complete)
        status = error_set(e, STATUS_INTERRUPTED, "interrupted after %zu of %zu draws",
                           f->draws - out->count[DRAW_NOT_DONE], f->draws);
    for (size_t k = 0; k < f->draws && !status && !out->count[DRAW_DONE]; k++) /* the first stands for all */
        status = error_set(e, STATUS_FAILED, "none of %zu draws could be computed; the first: %s", f->draws,
                           out->draws[k].message);
    return status;
}

void forecast_clear(struct forecast *f)
{
    free(f->draws);
    free(f->sets.p);
    free(f->sets.level);
    free(f->sets.at_medians);
    memset(f, 0, sizeof *f);
}
