/* A power law held against blocks of its own residuals. */
#include "growth/claims/rivals.h"
#include "solver/random.h"

#include <math.h>
#include <stdlib.h>

static const double BLOCK = 10; /* years */

static double sum_of_squares(const char *baseline, const struct baseline_rows *rows, struct baseline_fit *fit)
{
    const struct baseline_options o = baseline_options_default();
    return baseline_fit(baseline_find(baseline), rows, &o, fit, NULL) ? NAN : fit->sse;
}

/* ln of the power law's sum of squares over the log-quadratic's. */
static double handicap(const struct baseline_rows *rows, struct baseline_fit *power)
{
    struct baseline_fit bend;
    return log(sum_of_squares("hyperbola", rows, power) / sum_of_squares("log-quadratic", rows, &bend));
}

/* value (n) := the curve times exp of residuals (n) taken in blocks of years from anywhere. */
static void resample(const struct baseline_rows *rows, const double *curve, const double *residual,
                     struct random_stream *random, double *value)
{
    const double *year = rows->year;
    for (size_t i = 0, n = rows->n; i < n;) {
        size_t from = (size_t)random_below(random, n), begin = i;
        for (size_t k = from; k < n && i < n && (i == begin || year[i] - year[begin] < BLOCK); k++, i++)
            value[i] = exp(curve[i] + residual[k]);
    }
}

double contest_bootstrap(const struct baseline_rows *rows, size_t replicates, uint64_t seed)
{
    struct baseline_fit power, other;
    double observed = handicap(rows, &power), mean = 0, *curve = calloc(3 * rows->n + 1, sizeof *curve);
    size_t n = rows->n, as_bad = 0, done = 0;
    if (!curve || !isfinite(observed)) {
        free(curve);
        return NAN;
    }
    double *residual = curve + n;
    struct baseline_rows made = *rows;
    made.value = residual + n;
    for (size_t i = 0; i < n; i++) {
        struct baseline_prediction p;
        baseline_predict(&power, rows->year[i], &p);
        curve[i] = p.quantile[BASELINE_MEDIAN];
        residual[i] = log(rows->value[i]) - curve[i];
        mean += residual[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        residual[i] -= mean;
    for (size_t b = 0; b < replicates; b++) {
        struct random_stream random = random_stream(seed, b);
        resample(rows, curve, residual, &random, made.value);
        double one = handicap(&made, &other);
        done += isfinite(one) ? 1 : 0;
        as_bad += isfinite(one) && one >= observed;
    }
    free(curve);
    return done ? (1 + (double)as_bad) / (1 + (double)done) : NAN;
}
