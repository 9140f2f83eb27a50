/* jones: people find ideas, and ideas found make the next ones harder (phi < 1) or explosively easier (phi > 1). */
#include "models/bernoulli.h"
#include "models/model.h"

#include <math.h>
#include <string.h>

enum { A, P, N_STATES };

enum {
    RESEARCH_RATE,
    RESEARCH_PARALLEL,
    RESEARCH_RETURNS,
    POPULATION_GROWTH,
    IDEAS_ELASTICITY,
    INCOME_SCALE,
    N_PARAMS
};

static const struct model_state states[N_STATES] = {
    [A] = {"A", "index, 1 at the start", "technology: the stock of ideas", 1},
    [P] = {"P", "million persons", "population; researchers are a constant part of it", 100},
};

static const struct param params[N_PARAMS] = {
    [RESEARCH_RATE] = {"research_rate", "theta", "1/year", 5e-4, 0, 10,
                       "pace of technology at A = 1 with a million persons"},
    [RESEARCH_PARALLEL] = {"research_parallel", "lambda", "", 1, 0, 2, "returns of technology to researchers"},
    [RESEARCH_RETURNS] = {"research_returns", "phi", "", 0.5, -20, 5, "returns of technology to itself"},
    [POPULATION_GROWTH] = {"population_growth", "n", "1/year", 0.01, -0.5, 0.5, "growth rate of population"},
    [IDEAS_ELASTICITY] = {"ideas_elasticity", "sigma", "", 1, 0.01, 10, "elasticity of income to ideas"},
    [INCOME_SCALE] = {"income_scale", "y1", "1990 int$ per person and year", 2000, 1e-6, 1e9, "income at A = 1"},
};

static const struct model_output outputs[] = {
    {"Y", "billion 1990 int$", "output"},
    {"y", "1990 int$ per person", "income per head"},
    {"technology_growth", "1/year", "growth rate of technology"},
};

enum { BY_PEOPLE, BY_IDEAS, N_DRIVERS };
static const char *const drivers[N_DRIVERS] = {
    [BY_PEOPLE] = "technology: population",
    [BY_IDEAS] = "technology: ideas already found",
};

/* A'/A */
static double technology_growth(const double *p, const double *x)
{
    return p[RESEARCH_RATE] * exp(p[RESEARCH_PARALLEL] * x[P] + (p[RESEARCH_RETURNS] - 1) * x[A]);
}

static int rhs(const double *p, const double *x, double *f)
{
    f[A] = technology_growth(p, x);
    f[P] = p[POPULATION_GROWTH];
    return !isfinite(f[A]);
}

static int jacobian(const double *p, const double *x, double *jac)
{
    double growth = technology_growth(p, x);
    jac[A * N_STATES + A] = (p[RESEARCH_RETURNS] - 1) * growth;
    jac[A * N_STATES + P] = p[RESEARCH_PARALLEL] * growth;
    jac[P * N_STATES + A] = jac[P * N_STATES + P] = 0;
    return !isfinite(growth);
}

static int parameter_jacobian(const double *p, const double *x, double *jac)
{
    double per_rate = exp(p[RESEARCH_PARALLEL] * x[P] + (p[RESEARCH_RETURNS] - 1) * x[A]);
    memset(jac, 0, (size_t)N_STATES * N_PARAMS * sizeof *jac);
    jac[A * N_PARAMS + RESEARCH_RATE] = per_rate;
    jac[A * N_PARAMS + RESEARCH_PARALLEL] = p[RESEARCH_RATE] * per_rate * x[P];
    jac[A * N_PARAMS + RESEARCH_RETURNS] = p[RESEARCH_RATE] * per_rate * x[A];
    jac[P * N_PARAMS + POPULATION_GROWTH] = 1;
    return !isfinite(per_rate);
}

static double log_output(const double *p, const double *x, double *c)
{
    if (c) {
        c[A] = p[IDEAS_ELASTICITY];
        c[P] = 1;
    }
    return log(p[INCOME_SCALE] / 1000) + p[IDEAS_ELASTICITY] * x[A] + x[P];
}

static void observe(const double *p, const double *x, double *out)
{
    double log_y = log_output(p, x, NULL);
    *out++ = exp(log_y);
    *out++ = 1000 * exp(log_y - x[P]);
    *out++ = technology_growth(p, x);
}

static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    double effect = p[IDEAS_ELASTICITY] * technology_growth(p, x);
    rate[BY_PEOPLE] = effect * p[RESEARCH_PARALLEL] * f[P];
    rate[BY_IDEAS] = effect * (p[RESEARCH_RETURNS] - 1) * f[A];
    return !isfinite(effect);
}

/* Researchers grow at lambda n in effect, so A grows at f0 e^{lambda n t} (A/A0)^(phi-1). */
static bool exact(const double *p, const double *x0, double t, double *x)
{
    double b = p[RESEARCH_RETURNS] - 1, mu = p[RESEARCH_PARALLEL] * p[POPULATION_GROWTH];
    x[A] = x0[A] + bernoulli_gain(b, mu, technology_growth(p, x0), t);
    x[P] = x0[P] + p[POPULATION_GROWTH] * t;
    return isfinite(x[A]);
}

static double exact_blow_up(const double *p, const double *x0)
{
    return bernoulli_blow_up(p[RESEARCH_RETURNS] - 1, p[RESEARCH_PARALLEL] * p[POPULATION_GROWTH],
                             technology_growth(p, x0));
}

const struct model model_jones = {
    .name = "jones",
    .title = "semi-endogenous growth: ideas from a growing population, each harder to find than the last",
    .equations =
        "Y = y1 A^sigma P/1000;  y = 1000 Y/P\n"
        "A' = theta P^lambda A^phi;  P'/P = n\n"
        "phi < 1: A'/A -> lambda n/(1-phi);  phi > 1, n = 0: blow-up after A0^(1-phi)/((phi-1) theta P^lambda)",
    .references =
        "C. I. Jones, R&D-based models of economic growth, J. Polit. Econ. 103 (1995) 759-784\n"
        "C. I. Jones, Growth and ideas, Handbook of Economic Growth 1B (2005) 1063-1111: this form, without capital",
    .states = states,
    .n_states = N_STATES,
    .params = params,
    .n_params = N_PARAMS,
    .outputs = outputs,
    .n_outputs = sizeof outputs / sizeof outputs[0],
    .drivers = drivers,
    .n_drivers = N_DRIVERS,
    .rhs = rhs,
    .jacobian = jacobian,
    .parameter_jacobian = parameter_jacobian,
    .log_output = log_output,
    .observe = observe,
    .growth_drivers = growth_drivers,
    .exact = exact,
    .exact_blow_up = exact_blow_up,
};
