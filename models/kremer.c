/* kremer: more people find more ideas, ideas feed more people. Income stays at subsistence, so population is the only
 * state: P = (A/y)^(1/(1-alpha)) T with land T = 1. */
#include "models/bernoulli.h"
#include "models/model.h"

#include <math.h>
#include <string.h>

enum { P, N_STATES };

enum { LABOUR_SHARE, RESEARCH_RATE, SUBSISTENCE_INCOME, N_PARAMS };

static const struct model_state states[N_STATES] = {
    [P] = {"P", "million persons", "population", 15.87},
};

static const struct param params[N_PARAMS] = {
    [LABOUR_SHARE] = {"labour_share", "alpha", "", 0.6, 0, 0.99,
                      "elasticity of output to people; the rest is fixed land"},
    [RESEARCH_RATE] = {"research_rate", "g", "1/year per million persons", 2.0952e-6, 0, 1,
                       "growth of technology per head of population"},
    [SUBSISTENCE_INCOME] = {"subsistence_income", "y", "1990 int$ per person and year", 450, 1, 1e5,
                            "income at which population neither grows nor falls; here it always holds"},
};

static const struct model_output outputs[] = {
    {"Y", "billion 1990 int$", "output"},
    {"y", "1990 int$ per person", "income per head"},
    {"A", "1990 int$ per person, at a million persons", "technology"},
    {"population_growth", "1/year", "growth rate of population"},
    {"technology_growth", "1/year", "growth rate of technology"},
};

static const char *const drivers[] = {"technology: population"};

static int rhs(const double *p, const double *x, double *f)
{
    f[P] = p[RESEARCH_RATE] / (1 - p[LABOUR_SHARE]) * exp(x[P]);
    return !isfinite(f[P]);
}

/* growth is proportional to population */
static int jacobian(const double *p, const double *x, double *jac)
{
    return rhs(p, x, jac);
}

static int parameter_jacobian(const double *p, const double *x, double *jac)
{
    double land = 1 - p[LABOUR_SHARE], people = exp(x[P]);
    memset(jac, 0, N_PARAMS * sizeof *jac);
    jac[LABOUR_SHARE] = p[RESEARCH_RATE] * people / (land * land);
    jac[RESEARCH_RATE] = people / land;
    return !isfinite(people);
}

static double log_output(const double *p, const double *x, double *c)
{
    if (c)
        c[P] = 1;
    return log(p[SUBSISTENCE_INCOME] / 1000) + x[P];
}

static void observe(const double *p, const double *x, double *out)
{
    double technology_growth = p[RESEARCH_RATE] * exp(x[P]);
    *out++ = p[SUBSISTENCE_INCOME] / 1000 * exp(x[P]);
    *out++ = p[SUBSISTENCE_INCOME];
    *out++ = p[SUBSISTENCE_INCOME] * exp((1 - p[LABOUR_SHARE]) * x[P]);
    *out++ = technology_growth / (1 - p[LABOUR_SHARE]);
    *out++ = technology_growth;
}

static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    (void)p;
    (void)x;
    rate[0] = f[P] * f[P];
    return 0;
}

static bool exact(const double *p, const double *x0, double t, double *x)
{
    double r0;
    if (rhs(p, x0, &r0))
        return false;
    x[P] = x0[P] + bernoulli_gain(1, 0, r0, t);
    return isfinite(x[P]);
}

static double exact_blow_up(const double *p, const double *x0)
{
    double r0;
    return rhs(p, x0, &r0) ? NAN : bernoulli_blow_up(1, 0, r0);
}

const struct model model_kremer = {
    .name = "kremer",
    .title = "population-driven technology at subsistence income: hyperbolic population growth",
    .equations = "Y = A P^alpha T^(1-alpha),  land T = 1\n"
                 "A'/A = g P                                   each head has its chance of an idea\n"
                 "Y/P = y                                      Malthus: population follows technology at once\n"
                 "hence P'/P = g P/(1-alpha), Y = y P; blow-up after (1-alpha)/(g P0)",
    .references =
        "M. Kremer, Population growth and technological change: one million B.C. to 1990, Q. J. Econ. 108 (1993) "
        "681-716\n"
        "the default g/(1-alpha) is the slope of his regression, 0.5238 %/year per billion persons; the default "
        "start is what puts the blow-up 12,030 years later",
    .states = states,
    .n_states = N_STATES,
    .params = params,
    .n_params = N_PARAMS,
    .outputs = outputs,
    .n_outputs = sizeof outputs / sizeof outputs[0],
    .drivers = drivers,
    .n_drivers = sizeof drivers / sizeof drivers[0],
    .rhs = rhs,
    .jacobian = jacobian,
    .parameter_jacobian = parameter_jacobian,
    .log_output = log_output,
    .observe = observe,
    .growth_drivers = growth_drivers,
    .exact = exact,
    .exact_blow_up = exact_blow_up,
};
