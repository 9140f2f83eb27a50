/* Logistic growth to a ceiling (Verhulst 1838). */
#include "growth/baselines/curve.h"
#include "growth/baselines/members.h"

#include <math.h>

enum { CEILING, RATE, MIDPOINT, N };

static const struct param params[N] = {
    [CEILING] = {"ceiling", "K", "value", 1, 0, INFINITY, "where it ends"},
    [RATE] = {"rate", "r", "1/year", 0.02, 0, INFINITY, "growth far below the ceiling"},
    [MIDPOINT] = {"midpoint", "t0", "year", 2000, -INFINITY, INFINITY, "when half the ceiling is reached"},
};

static double value(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    double z = -p[RATE] * (year - p[MIDPOINT]);                       /* ln Y = ln K - ln(1 + e^z) */
    double share = z > 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z)); /* e^z/(1 + e^z) */
    (void)w;
    gradient[CEILING] = 1 / p[CEILING];
    gradient[RATE] = share * (year - p[MIDPOINT]);
    gradient[MIDPOINT] = -share * p[RATE];
    return log(p[CEILING]) - (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)));
}

/* Ceilings from just above the last value to far above it. */
static bool start(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p)
{
    static const double above[] = {1.1, 1.5, 3, 10, 100, 1e4};
    double level, growth;
    (void)r;
    if (k >= sizeof above / sizeof above[0])
        return false;
    curve_line(rows, w->middle, &level, &growth);
    p[CEILING] = above[k] * rows->value[rows->n_fit - 1];
    double share = fmin(exp(level) / p[CEILING], 0.95);
    p[RATE] = fmax(growth, 1e-9) / (1 - share);
    p[MIDPOINT] = w->middle - log(share / (1 - share)) / p[RATE];
    return true;
}

static const struct curve logistic = {.transform = {[CEILING] = CURVE_LOG, [RATE] = CURVE_LOG},
                                      .starts = 6,
                                      .value = value,
                                      .start = start,
                                      .singularity = -1};
CURVE_MEMBERS(logistic)

const struct baseline baseline_logistic = {
    .name = "logistic",
    .title = "logistic growth to a ceiling",
    .equations = "Y = K/(1 + e^(-r (t - t0)))",
    .references = "P.-F. Verhulst 1838",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .profiled = "ceiling",
    .fit = logistic_fit,
    .predict = logistic_predict,
    .log_density = logistic_log_density,
};
