/* ln value as a polynomial in time: steady exponential growth, and growth that changes at a constant pace. */
#include "growth/baselines/curve.h"
#include "growth/baselines/members.h"

#include <math.h>

enum { LEVEL, GROWTH, CURVATURE, N };

static const struct param params[N] = {
    [LEVEL] = {"level", "c", "ln value", 0, -INFINITY, INFINITY, "ln value in the middle of the years"},
    [GROWTH] = {"growth", "g", "1/year", 0, -INFINITY, INFINITY, "growth rate in the middle of the years"},
    [CURVATURE] = {"curvature", "h", "1/year^2", 0, -INFINITY, INFINITY, "change of the growth rate a year"},
};

static double line(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    gradient[LEVEL] = 1;
    gradient[GROWTH] = year - w->middle;
    return p[LEVEL] + p[GROWTH] * (year - w->middle);
}

static double parabola(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    double t = year - w->middle;
    gradient[CURVATURE] = t * t / 2;
    return line(w, p, year, gradient) + p[CURVATURE] * t * t / 2;
}

/* The line, which is the answer of the one and not far from that of the other: p[CURVATURE] is 0 as it comes. */
static bool start(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p)
{
    (void)r;
    curve_line(rows, w->middle, &p[LEVEL], &p[GROWTH]);
    return k == 0;
}

static const struct curve exponential = {.starts = 1, .value = line, .start = start, .singularity = -1};
CURVE_MEMBERS(exponential)

static const struct curve log_quadratic = {.starts = 1, .value = parabola, .start = start, .singularity = -1};
CURVE_MEMBERS(log_quadratic)

const struct baseline baseline_exponential = {
    .name = "exponential",
    .title = "steady exponential growth",
    .equations = "ln Y = c + g (t - middle)",
    .references = "",
    .params = params,
    .n_params = CURVATURE,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .fit = exponential_fit,
    .predict = exponential_predict,
    .log_density = exponential_log_density,
};

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
