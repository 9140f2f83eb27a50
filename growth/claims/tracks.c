#include "growth/claims/tracks.h"

#include "base/share.h"
#include "growth/fit/file.h"
#include "growth/variable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum status allocate(struct track *out, size_t n, const char *name, struct error *e)
{
    *out = (struct track){.rows = {.year = calloc(n + 1, sizeof(double)),
                                   .value = calloc(n + 1, sizeof(double)),
                                   .weight = calloc(n + 1, sizeof(double)),
                                   .scale = 1}};
    snprintf(out->name, sizeof out->name, "%s", name);
    return out->rows.year && out->rows.value && out->rows.weight ? STATUS_OK : error_memory(e);
}

static void add(struct track *t, double year, double value)
{
    size_t i = t->rows.n++;
    t->rows.year[i] = year;
    t->rows.value[i] = value;
    t->rows.weight[i] = 1;
    t->rows.n_fit = t->rows.n;
}

enum status track_load(const char *series, const char *name, struct track *out, struct error *e)
{
    struct series s;
    *out = (struct track){0};
    enum status status = series_load(series, &s, e);
    if (status)
        return status;
    status = allocate(out, s.n, name, e);
    for (size_t i = 0; i < s.n && !status; i++)
        if (s.value[i] > 0)
            add(out, s.year[i], s.value[i]);
    series_clear(&s);
    return status;
}

enum status track_load_ratio(const char *numerator, const char *denominator, double scale, const char *name,
                             struct track *out, struct error *e)
{
    struct track top, bottom = {0};
    *out = (struct track){0};
    enum status status = track_load(numerator, name, &top, e);
    if (!status)
        status = track_load(denominator, name, &bottom, e);
    if (!status)
        status = allocate(out, top.rows.n, name, e);
    for (size_t i = 0; i < top.rows.n && !status; i++) {
        double below = track_log_at(&bottom, top.rows.year[i]);
        if (isfinite(below))
            add(out, top.rows.year[i], scale * top.rows.value[i] / exp(below));
    }
    track_clear(&top);
    track_clear(&bottom);
    return status;
}

void track_clear(struct track *t)
{
    baseline_rows_clear(&t->rows);
}

double track_log_at(const struct track *t, double year)
{
    const double *x = t->rows.year, *v = t->rows.value;
    size_t n = t->rows.n, i = 1;
    if (n < 2 || year < x[0] || year > x[n - 1])
        return NAN;
    while (i + 1 < n && x[i] < year)
        i++;
    return log(v[i - 1]) + (year - x[i - 1]) / (x[i] - x[i - 1]) * log(v[i] / v[i - 1]);
}

double track_growth(const struct track *t, double from, double to)
{
    return (track_log_at(t, to) - track_log_at(t, from)) / (to - from);
}

struct baseline_rows track_since(const struct track *t, double from)
{
    struct baseline_rows rows = t->rows;
    size_t skip = 0;
    while (skip < rows.n && rows.year[skip] < from)
        skip++;
    rows.year += skip;
    rows.value += skip;
    rows.weight += skip;
    rows.n -= skip;
    rows.n_fit = rows.n;
    return rows;
}

bool track_mean_growth(const struct track *t, double from, double to, double *mean, double *error)
{
    enum { MOST = 200, LAGS = 5 };
    double growth[MOST], variance = 0;
    size_t n = 0;
    for (size_t i = 1; i < t->rows.n && n < MOST; i++)
        if (t->rows.year[i - 1] >= from && t->rows.year[i] <= to && t->rows.year[i] - t->rows.year[i - 1] == 1)
            growth[n++] = log(t->rows.value[i] / t->rows.value[i - 1]);
    *mean = *error = NAN;
    if (n < 8 || (double)n != to - from)
        return false;
    *mean = 0;
    for (size_t i = 0; i < n; i++)
        *mean += growth[i] / (double)n;
    for (size_t lag = 0; lag <= LAGS; lag++) {
        double covariance = 0, weight = lag ? 2 * (1 - (double)lag / (LAGS + 1)) : 1;
        for (size_t i = lag; i < n; i++)
            covariance += (growth[i] - *mean) * (growth[i - lag] - *mean) / (double)n;
        variance += weight * covariance;
    }
    *error = sqrt(fmax(variance, 0) / (double)n);
    return true;
}

/* --- the model ---------------------------------------------------------------------------------------------------- */

enum { LAST_YEAR = 2030 };

enum status track_scenario_path(const char *name, char *path, size_t size, struct error *e)
{
    return share_scenario(name, path, size) ? STATUS_OK
                                            : error_set(e, STATUS_FAILED, "the shipped scenario %s is not there", name);
}

static enum status read_fit(const struct reporter *reporter, struct scenario *scenario, struct fit *out,
                            struct error *e)
{
    char path[4200];
    enum status status = track_scenario_path("fits/frontier.yaml", path, sizeof path, e);
    return status ? status : fit_read(path, NULL, 0, reporter, scenario, out, e);
}

enum status track_model_run(struct track_model *m, const struct reporter *reporter, struct error *e)
{
    char path[4200];
    struct scenario scenario = {0};
    struct fit fit = {0};
    *m = (struct track_model){0};
    enum status status = track_scenario_path("frontier.yaml", path, sizeof path, e);
    if (!status)
        status = scenario_read(path, NULL, 0, reporter, &m->scenario, e);
    if (!status)
        status = scenario_simulate(&m->scenario, 1, reporter, &m->result, e);
    if (!status)
        status = read_fit(reporter, &scenario, &fit, e);
    m->parameters = fit.n_parameters;
    fit_clear(&fit);
    scenario_clear(&scenario);
    return status;
}

void track_model_clear(struct track_model *m)
{
    scenario_result_clear(&m->result);
    scenario_clear(&m->scenario);
}

/* The local search of a fit, then its run. */
static enum status improve_and_run(const struct fit *f, struct trajectory *out, const struct reporter *reporter,
                                   struct error *e)
{
    struct least_squares_options o = {.max_iterations = 60, .reporter = reporter};
    struct least_squares_result best = {0};
    struct fit_evaluator v;
    struct simulation s;
    double first[FIT_MAX_PARAMETERS];
    fit_first(f, first);
    fit_evaluator_init(&v, f, reporter);
    enum status status = fit_improve(f, first, &o, &best, e);
    if (!status && fit_simulation(&v, best.z, &s) != 0)
        status = error_set(e, STATUS_FAILED, "the fit of frontier has no run: %s", v.complaint);
    if (!status) {
        s.to = LAST_YEAR;
        status = simulate(&s, false, reporter, out, e);
    }
    least_squares_result_clear(&best);
    return status;
}

enum status track_model_refit(double cut, struct trajectory *out, const struct reporter *reporter, struct error *e)
{
    struct scenario scenario = {0};
    struct fit fit = {0};
    *out = (struct trajectory){0};
    enum status status = read_fit(reporter, &scenario, &fit, e);
    if (!status)
        status = fit_stop(&fit, cut, e);
    if (!status)
        status = improve_and_run(&fit, out, reporter, e);
    fit_clear(&fit);
    scenario_clear(&scenario);
    return status;
}

double track_path_at(const struct trajectory *t, const char *key, double year)
{
    size_t i = variable_find(t->simulation.model, key);
    if (i == variable_count(t->simulation.model) || year < trajectory_begin(t) || year > trajectory_end(t))
        return NAN;
    return variable_at(t, i, year);
}

double track_model_at(const struct track_model *m, const char *key, double year)
{
    return track_path_at(&m->result.runs[0].trajectory, key, year);
}
