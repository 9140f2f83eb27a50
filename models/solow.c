/* solow: capital accumulates out of saving while technology and people grow from outside. */
#include "models/bernoulli.h"
#include "models/model.h"

#include <math.h>
#include <string.h>

enum { K, A, P, N_STATES };

enum { CAPITAL_SHARE, SAVING_RATE, DEPRECIATION, TECHNOLOGY_GROWTH, POPULATION_GROWTH, N_PARAMS };

static const struct model_state states[N_STATES] = {
    [K] = {"K", "billion 1990 int$", "capital", 290},
    [A] = {"A", "1000 1990 int$ per person", "technology", 2},
    [P] = {"P", "million persons", "population, all of whom work", 100},
};

static const struct param params[N_PARAMS] = {
    [CAPITAL_SHARE] = {"capital_share", "alpha", "", 1.0 / 3, 0.01, 0.95, "elasticity of output to capital"},
    [SAVING_RATE] = {"saving_rate", "s", "", 0.2, 0.001, 0.99, "share of output saved"},
    [DEPRECIATION] = {"depreciation", "d", "1/year", 0.05, 0, 1, "wear of capital"},
    [TECHNOLOGY_GROWTH] = {"technology_growth", "g", "1/year", 0.015, -0.5, 0.5, "growth rate of technology"},
    [POPULATION_GROWTH] = {"population_growth", "n", "1/year", 0.01, -0.5, 0.5, "growth rate of population"},
};

static const struct model_output outputs[] = {
    {"Y", "billion 1990 int$", "output"},
    {"y", "1990 int$ per person", "income per head"},
    {"capital_output", "years of output", "capital-output ratio"},
    {"capital_growth", "1/year", "growth rate of capital"},
    {"steady_distance", "1", "capital per effective worker over its steady-state value"},
};

static const char *const drivers[] = {"capital: output per unit of capital"};

/* s Y/K */
static double gross_investment(const double *p, const double *x)
{
    return p[SAVING_RATE] * exp((1 - p[CAPITAL_SHARE]) * (x[A] + x[P] - x[K]));
}

static int rhs(const double *p, const double *x, double *f)
{
    f[K] = gross_investment(p, x) - p[DEPRECIATION];
    f[A] = p[TECHNOLOGY_GROWTH];
    f[P] = p[POPULATION_GROWTH];
    return !isfinite(f[K]);
}

static int jacobian(const double *p, const double *x, double *jac)
{
    double slope = (1 - p[CAPITAL_SHARE]) * gross_investment(p, x);
    for (int i = 0; i < N_STATES * N_STATES; i++)
        jac[i] = 0;
    jac[K * N_STATES + K] = -slope;
    jac[K * N_STATES + A] = jac[K * N_STATES + P] = slope;
    return !isfinite(slope);
}

static int parameter_jacobian(const double *p, const double *x, double *jac)
{
    double investment = gross_investment(p, x);
    memset(jac, 0, (size_t)N_STATES * N_PARAMS * sizeof *jac);
    jac[K * N_PARAMS + CAPITAL_SHARE] = -investment * (x[A] + x[P] - x[K]);
    jac[K * N_PARAMS + SAVING_RATE] = investment / p[SAVING_RATE];
    jac[K * N_PARAMS + DEPRECIATION] = -1;
    jac[A * N_PARAMS + TECHNOLOGY_GROWTH] = jac[P * N_PARAMS + POPULATION_GROWTH] = 1;
    return !isfinite(investment);
}

static double log_output(const double *p, const double *x, double *c)
{
    double alpha = p[CAPITAL_SHARE];
    if (c) {
        c[K] = alpha;
        c[A] = c[P] = 1 - alpha;
    }
    return alpha * x[K] + (1 - alpha) * (x[A] + x[P]);
}

/* ln of the steady capital per effective worker, (s/(n + g + d))^(1/(1-alpha)); NAN where capital outgrows it for ever
 */
static double log_steady_capital(const double *p)
{
    double dilution = p[POPULATION_GROWTH] + p[TECHNOLOGY_GROWTH] + p[DEPRECIATION];
    return dilution > 0 ? log(p[SAVING_RATE] / dilution) / (1 - p[CAPITAL_SHARE]) : INFINITY;
}

static void observe(const double *p, const double *x, double *out)
{
    double log_y = log_output(p, x, NULL);
    *out++ = exp(log_y);
    *out++ = 1000 * exp(log_y - x[P]);
    *out++ = exp(x[K] - log_y);
    *out++ = gross_investment(p, x) - p[DEPRECIATION];
    *out++ = exp(x[K] - x[A] - x[P] - log_steady_capital(p));
}

/* Output per unit of capital falls while capital outgrows technology and people, and only then: one cause. */
static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    double alpha = p[CAPITAL_SHARE];
    rate[0] = alpha * (1 - alpha) * gross_investment(p, x) * (f[A] + f[P] - f[K]);
    return !isfinite(rate[0]);
}

/* z = (K/(A P))^(1-alpha) obeys z' = (1-alpha)(s - (n + g + d) z) */
static bool exact(const double *p, const double *x0, double t, double *x)
{
    double labour = 1 - p[CAPITAL_SHARE];
    double pull = labour * (p[POPULATION_GROWTH] + p[TECHNOLOGY_GROWTH] + p[DEPRECIATION]);
    double z =
        exp(labour * (x0[K] - x0[A] - x0[P]) - pull * t) + labour * p[SAVING_RATE] * bernoulli_integral(-pull, t);
    x[A] = x0[A] + p[TECHNOLOGY_GROWTH] * t;
    x[P] = x0[P] + p[POPULATION_GROWTH] * t;
    x[K] = x[A] + x[P] + log(z) / labour;
    return isfinite(x[K]);
}

static double exact_blow_up(const double *p, const double *x0)
{
    (void)p;
    (void)x0;
    return INFINITY;
}

const struct model model_solow = {
    .name = "solow",
    .title = "capital accumulation with technology and population from outside: one approach to exponential growth",
    .equations = "Y = K^alpha (A P)^(1-alpha);  y = 1000 Y/P\n"
                 "K'/K = s Y/K - d;  A'/A = g;  P'/P = n\n"
                 "z = (K/(A P))^(1-alpha) -> s/(n + g + d), exponentially, at the rate (1-alpha)(n + g + d)",
    .references = "R. M. Solow, A contribution to the theory of economic growth, Q. J. Econ. 70 (1956) 65-94\n"
                  "T. W. Swan, Economic growth and capital accumulation, Economic Record 32 (1956) 334-361",
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
