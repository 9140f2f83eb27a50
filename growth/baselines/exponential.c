/* Steady exponential growth. */
#include "growth/baselines/curve.h"
#include "growth/baselines/members.h"

#include <math.h>

enum { LEVEL, GROWTH, N };

static const struct param params[N] = {
    [LEVEL] = {"level", "c", "ln value", 0, -INFINITY, INFINITY, "ln value in the middle of the years"},
    [GROWTH] = {"growth", "g", "1/year", 0, -INFINITY, INFINITY, "growth rate"},
};

static size_t count(size_t modes)
{
    (void)modes;
    return N;
}

static double value(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    gradient[LEVEL] = 1;
    gradient[GROWTH] = year - w->middle;
    return p[LEVEL] + p[GROWTH] * (year - w->middle);
}

static bool start(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p)
{
    (void)r;
    curve_line(rows, w->middle, &p[LEVEL], &p[GROWTH]);
    return k == 0;
}

static const struct curve exponential = {
    .starts = 1, .count = count, .value = value, .start = start, .singularity = -1};
CURVE_MEMBERS(exponential)

const struct baseline baseline_exponential = {
    .name = "exponential",
    .title = "steady exponential growth",
    .equations = "ln Y = c + g (t - middle)",
    .references = "",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .fit = exponential_fit,
    .predict = exponential_predict,
    .log_density = exponential_log_density,
};
