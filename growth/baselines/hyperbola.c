/* Hyperbolic growth to a singularity: a power law of the growth rate in the level. */
#include "growth/baselines/curve.h"
#include "growth/baselines/members.h"

#include <math.h>

enum { LEVEL, POWER, SINGULARITY, N };

static const struct param params[N] = {
    [LEVEL] = {"level", "c", "ln value", 0, -INFINITY, INFINITY, "ln value in the middle of the years"},
    [POWER] = {"power", "p", "", 1.5, 0, INFINITY, "growth at t is p/(T - t); B = 1/p"},
    [SINGULARITY] = {"singularity", "T", "year", 2050, -INFINITY, INFINITY, "when the value becomes infinite"},
};

static double value(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    double before = p[SINGULARITY] - w->middle, now = p[SINGULARITY] - year;
    double stretch = now > 0 ? -log1p((w->middle - year) / before) : INFINITY; /* ln((T - middle)/(T - t)) */
    gradient[LEVEL] = 1;
    gradient[POWER] = stretch;
    gradient[SINGULARITY] = p[POWER] * (1 / before - 1 / now);
    return p[LEVEL] + p[POWER] * stretch;
}

/* From near to far singularities, each with the growth of the line. */
static bool start(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p)
{
    static const double spans[] = {0.003, 0.02, 0.1, 0.3, 1, 3, 10};
    double growth;
    (void)r;
    if (k >= sizeof spans / sizeof spans[0])
        return false;
    curve_line(rows, w->middle, &p[LEVEL], &growth);
    p[SINGULARITY] = w->last + spans[k] * (w->last - w->first);
    p[POWER] = fmax(growth, 1e-6) * (p[SINGULARITY] - w->middle);
    return true;
}

static const struct curve hyperbola = {.transform = {[POWER] = CURVE_LOG, [SINGULARITY] = CURVE_AFTER_END},
                                       .starts = 7,
                                       .value = value,
                                       .start = start,
                                       .singularity = SINGULARITY};
CURVE_MEMBERS(hyperbola)

const struct baseline baseline_hyperbola = {
    .name = "hyperbola",
    .title = "hyperbolic growth to a singularity (a power law)",
    .equations = "ln Y = c + p ln((T - middle)/(T - t)), T after the last year",
    .references = "H. von Foerster, P. Mora and L. Amiot, \"Doomsday\", Science 132, 1960; R. Hanson 2000",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .profiled = "singularity",
    .published_on = "world_gdp_hanson2000",
    .published = 2004,
    .fit = hyperbola_fit,
    .predict = hyperbola_predict,
    .log_density = hyperbola_log_density,
};
