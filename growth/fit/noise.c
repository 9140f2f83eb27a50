/* The errors of a fit: estimated from residuals, made up, resampled. */
#include "growth/fit/private.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Correlation times that are tried, years. */
static const double SHORTEST = 0.3, LONGEST = 1000;
enum { TIMES = 120 };

double fit_phi(const struct fit_target *t, size_t i, double correlation)
{
    double gap = fmax(t->year[i] - t->year[i - 1], 1e-3 * correlation);
    return correlation > 0 ? exp(-gap / correlation) : 0;
}

static size_t count_points(const struct fit *f, bool data_only)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_targets; i++)
        n += data_only && f->targets[i].assumed ? 0 : f->targets[i].n;
    return n;
}

int fit_misses(struct fit_evaluator *v, const double *z, double *r)
{
    const struct fit *f = v->fit;
    double *all = malloc((fit_count_residuals(f) + 1) * sizeof *all);
    int code = all ? fit_evaluate_plain(v, z, all, NULL) : 1;
    size_t row = 0;
    for (size_t i = 0; i < f->n_targets && !code; i++)
        for (size_t k = 0; k < f->targets[i].n; k++, row++)
            r[row] = all[row] * f->targets[i].sigma[k];
    free(all);
    return code;
}

/* --- estimating --------------------------------------------------------------------------------------------------- */

/* Sum of squares of the whitened e (n), and sum of ln(1 - phi^2) */
static double whitened_squares(const struct fit_target *t, const double *e, double correlation, double *log_variance)
{
    double sum = e[0] * e[0];
    *log_variance = 0;
    for (size_t i = 1; i < t->n; i++) {
        double phi = fit_phi(t, i, correlation), variance = 1 - phi * phi, innovation = e[i] - phi * e[i - 1];
        sum += innovation * innovation / variance;
        *log_variance += log(variance);
    }
    return sum;
}

/* -2 ln likelihood at the best scale */
static double deviance_of(const struct fit_target *t, const double *e, double log_time)
{
    double log_variance, squares = whitened_squares(t, e, exp(log_time), &log_variance);
    return (double)t->n * log(squares / (double)t->n) + log_variance;
}

/* The correlation time of largest likelihood: on a grid, then between its neighbours by golden section. */
static double best_time(const struct fit_target *t, const double *e)
{
    double low = log(SHORTEST), step = (log(LONGEST) - low) / (TIMES - 1), best = low, least = INFINITY;
    for (int k = 0; k < TIMES; k++) {
        double at = deviance_of(t, e, low + k * step);
        if (at < least) {
            least = at;
            best = low + k * step;
        }
    }
    double a = best - step, b = best + step, golden = 0.5 * (sqrt(5) - 1);
    for (int i = 0; i < 40; i++) {
        double left = b - golden * (b - a), right = a + golden * (b - a);
        if (deviance_of(t, e, left) < deviance_of(t, e, right))
            b = right;
        else
            a = left;
    }
    return exp(fmin(fmax(0.5 * (a + b), low), log(LONGEST)));
}

bool fit_is_estimated(const struct fit_target *t)
{
    return !t->assumed && !t->growth && t->n > 2;
}

int fit_estimate_noise(struct fit *f, const double *z, const bool *held, const struct reporter *reporter)
{
    struct fit_evaluator v;
    bool none[FIT_MAX_PARAMETERS];
    double *e = malloc((fit_count_residuals(f) + 1) * sizeof *e);
    fit_evaluator_init(&v, f, reporter);
    int code = e ? fit_evaluate_plain(&v, z, e, NULL) : 1;
    const double *rows = e;
    /* each series by itself: where the search for all together starts */
    for (size_t i = 0; i < f->n_targets && !code; i++) {
        struct fit_target *t = &f->targets[i];
        double log_variance;
        if (fit_is_estimated(t)) {
            t->correlation = best_time(t, rows);
            double scale = sqrt(whitened_squares(t, rows, t->correlation, &log_variance) / (double)t->n);
            for (size_t j = 0; j < t->n; j++)
                t->sigma[j] = fmax(scale * t->sigma[j], 1e-8);
        }
        rows += t->n;
    }
    free(e);
    for (size_t j = 0; j < f->n_parameters; j++)
        none[j] = f->parameters[j].held;
    return code ? code : fit_restricted_noise(f, z, held ? held : none, reporter);
}

double fit_deviance(const struct fit *f, const double *r)
{
    double sum = 0;
    for (size_t i = 0; i < f->n_targets; i++) {
        const struct fit_target *t = &f->targets[i];
        for (size_t k = 0; k < t->n && !t->assumed; k++) {
            double phi = k ? fit_phi(t, k, t->correlation) : 0;
            sum += r[k] * r[k] + 2 * log(t->sigma[k]) + log(1 - phi * phi);
        }
        r += t->n;
    }
    return sum;
}

int fit_profile_deviance(struct fit_evaluator *v, const double *z, double *deviance)
{
    const struct fit *f = v->fit;
    double *e = malloc((fit_count_residuals(f) + 1) * sizeof *e), log_variance;
    int code = e ? fit_evaluate_plain(v, z, e, NULL) : 1;
    const double *rows = e;
    *deviance = 0;
    for (size_t i = 0; i < f->n_targets && !code; i++) {
        const struct fit_target *t = &f->targets[i];
        if (fit_is_estimated(t)) {
            *deviance += deviance_of(t, rows, log(best_time(t, rows))) + (double)t->n;
            for (size_t k = 0; k < t->n; k++)
                *deviance += 2 * log(t->sigma[k]);
        } else if (!t->assumed && t->n) {
            *deviance += whitened_squares(t, rows, t->correlation, &log_variance) + log_variance;
            for (size_t k = 0; k < t->n; k++)
                *deviance += 2 * log(t->sigma[k]);
        }
        rows += t->n;
    }
    free(e);
    return code;
}

/* --- making up ---------------------------------------------------------------------------------------------------- */

int fit_make_up_data(struct fit *f, const double *z, uint64_t seed)
{
    struct fit_evaluator v;
    double *misses = malloc((count_points(f, false) + 1) * sizeof *misses);
    const double *rows = misses;
    fit_evaluator_init(&v, f, NULL);
    int code = misses ? fit_misses(&v, z, misses) : 1;
    for (size_t i = 0; i < f->n_targets && !code; i++) {
        struct fit_target *t = &f->targets[i];
        struct random_stream random = random_stream(seed, i);
        double e = 0;
        for (size_t k = 0; k < t->n; k++) {
            double phi = k ? fit_phi(t, k, t->correlation) : 0;
            e = phi * e + sqrt(1 - phi * phi) * random_normal(&random);
            if (!t->assumed)
                t->value[k] += rows[k] + t->sigma[k] * e;
        }
        rows += t->n;
    }
    free(misses);
    return code;
}

/* --- block bootstrap ---------------------------------------------------------------------------------------------- */

struct bootstrap {
    const struct fit *f;
    const double *z, *misses;
    const struct reporter *reporter;
    double *out; /* (replicates, n_parameters); NAN: could not be fitted */
};

/* value := the model's plus residuals in blocks of `block` years taken from anywhere (Kuensch 1989), each in units of
 * its own sigma */
static void resample(struct fit_target *t, const double *misses, double block, struct random_stream *random)
{
    double *e = malloc((t->n + 1) * sizeof *e);
    for (size_t i = 0; e && i < t->n; i++)
        e[i] = -misses[i] / t->sigma[i];
    for (size_t i = 0; e && i < t->n;) {
        size_t from = (size_t)random_below(random, t->n), begin = i;
        for (size_t k = from; k < t->n && i < t->n && (i == begin || t->year[i] - t->year[begin] < block); k++, i++)
            t->value[i] += misses[i] + t->sigma[i] * e[k];
    }
    free(e);
}

static void run_replicate(size_t b, void *context)
{
    const struct bootstrap *w = context;
    struct random_stream random = random_stream(w->f->seed, ((uint64_t)1 << 32) + b);
    struct least_squares_options options = {.max_iterations = 40, .xtol = 1e-5, .ftol = 1e-5, .reporter = w->reporter};
    struct least_squares_result found = {0};
    struct fit copy;
    size_t k = w->f->n_parameters;
    const double *misses = w->misses;
    enum status status = fit_copy(w->f, &copy, NULL);
    for (size_t i = 0; i < copy.n_targets && !status; i++) {
        if (!copy.targets[i].assumed)
            resample(&copy.targets[i], misses, copy.block, &random);
        misses += copy.targets[i].n;
    }
    if (!status)
        status = fit_improve(&copy, w->z, &options, &found, NULL);
    for (size_t j = 0; j < k; j++)
        w->out[b * k + j] = status ? NAN : found.z[j];
    least_squares_result_clear(&found);
    fit_clear(&copy);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the replicates write it */
int fit_bootstrap(const struct fit *f, const double *z, int threads, const struct reporter *reporter, double *out)
{
    struct fit_evaluator v;
    double *misses = malloc((count_points(f, false) + 1) * sizeof *misses);
    fit_evaluator_init(&v, f, reporter);
    int code = misses ? fit_misses(&v, z, misses) : 1;
    struct bootstrap w = {.f = f, .z = z, .misses = misses, .reporter = reporter, .out = out};
    if (!code)
        parallel_map(f->replicates, threads, run_replicate, &w);
    free(misses);
    return code ? code : reporter_stop_requested(reporter) ? -1 : 0;
}
