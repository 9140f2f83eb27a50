/* Growth that changes at a constant pace: a parabola in the logarithm. */
#include "growth/baselines/curve.h"
#include "growth/baselines/members.h"

#include <math.h>

enum { LEVEL, GROWTH, CURVATURE, N };

static const struct param params[N] = {
    [LEVEL] = {"level", "c", "ln value", 0, -INFINITY, INFINITY, "ln value in the middle of the years"},
    [GROWTH] = {"growth", "g", "1/year", 0, -INFINITY, INFINITY, "growth rate in the middle of the years"},
    [CURVATURE] = {"curvature", "h", "1/year^2", 0, -INFINITY, INFINITY, "change of the growth rate a year"},
};

static size_t count(size_t modes)
{
    (void)modes;
    return N;
}

static double value(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    double t = year - w->middle;
    gradient[LEVEL] = 1;
    gradient[GROWTH] = t;
    gradient[CURVATURE] = t * t / 2;
    return p[LEVEL] + p[GROWTH] * t + p[CURVATURE] * t * t / 2;
}

static bool start(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p)
{
    (void)r;
    curve_line(rows, w->middle, &p[LEVEL], &p[GROWTH]);
    p[CURVATURE] = 0;
    return k == 0;
}

static const struct curve log_quadratic = {
    .starts = 1, .count = count, .value = value, .start = start, .singularity = -1};
CURVE_MEMBERS(log_quadratic)

const struct baseline baseline_log_quadratic = {
    .name = "log-quadratic",
    .title = "growth rate that changes at a constant pace",
    .equations = "ln Y = c + g (t - middle) + h (t - middle)^2/2",
    .references = "",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .fit = log_quadratic_fit,
    .predict = log_quadratic_predict,
    .log_density = log_quadratic_log_density,
};
