/* ak-ideas: machines do the research. Capital produces ideas, and ideas make capital more productive: the last phase of
 * stpk, alone. It blows up even where each idea is much harder to find than the one before (phi = -2.1). */
#include "models/bernoulli.h"
#include "models/model.h"

#include <math.h>
#include <string.h>

enum { K, A, N_STATES };

enum {
    SAVING_RATE,
    RESEARCH_RATE,
    RESEARCH_PARALLEL,
    RESEARCH_RETURNS,
    INITIAL_TECHNOLOGY,
    N_PARAMS,
    /* derived */
    LOG_CAPITAL_START = N_PARAMS, /* ln K0 */
    N_ALL
};

/* ln of how far from I = 0 a start may lie and still have the closed form */
static const double ON_THE_PATH = 1e-12;

static const struct model_state states[N_STATES] = {
    [K] = {"K", "billion 1990 int$", "capital", NAN},
    [A] = {"A", "1/year", "technology: output per unit of capital", 0.3},
};

static const struct param params[N_PARAMS] = {
    [SAVING_RATE] = {"saving_rate", "s", "", 0.25, 0.001, 0.99, "share of output saved, less the wear of capital"},
    [RESEARCH_RATE] = {"research_rate", "theta", "year^(phi-2) per (billion int$)^lambda", 1e-8, 1e-30, 1e30,
                       "pace of technology at A = 1 with capital 1; the scale of capital follows"},
    [RESEARCH_PARALLEL] = {"research_parallel", "lambda", "", 1, 0.01, 2, "returns of technology to capital"},
    [RESEARCH_RETURNS] = {"research_returns", "phi", "", -2.1, -20, 1.9, "returns of technology to itself"},
    [INITIAL_TECHNOLOGY] = {"initial_technology", "A0", "1/year", 0.3, 1e-6, 1e3,
                            "output per unit of capital at the start"},
};

static const struct model_output outputs[] = {
    {"Y", "billion 1990 int$", "output"},
    {"capital_growth", "1/year", "growth rate of capital"},
    {"technology_growth", "1/year", "growth rate of technology"},
};

enum { BY_PRODUCTIVITY, BY_MACHINES, BY_IDEAS, N_DRIVERS };
static const char *const drivers[N_DRIVERS] = {
    [BY_PRODUCTIVITY] = "capital: technology raises output per unit of capital",
    [BY_MACHINES] = "technology: machines",
    [BY_IDEAS] = "technology: ideas already found",
};

/* I = 0 at the start: A0^(2-phi)/(2-phi) = theta K0^lambda/(lambda s) */
static enum status derive(double *p, struct error *e)
{
    (void)e;
    double lambda = p[RESEARCH_PARALLEL], order = 2 - p[RESEARCH_RETURNS];
    double log_ideas = order * log(p[INITIAL_TECHNOLOGY]);
    p[LOG_CAPITAL_START] = (log(lambda * p[SAVING_RATE] / (p[RESEARCH_RATE] * order)) + log_ideas) / lambda;
    return STATUS_OK;
}

static enum status steady_state(const double *p, double *x, struct error *e)
{
    (void)e;
    x[K] = p[LOG_CAPITAL_START];
    x[A] = log(p[INITIAL_TECHNOLOGY]);
    return STATUS_OK;
}

static int rhs(const double *p, const double *x, double *f)
{
    f[K] = p[SAVING_RATE] * exp(x[A]);
    f[A] = p[RESEARCH_RATE] * exp(p[RESEARCH_PARALLEL] * x[K] + (p[RESEARCH_RETURNS] - 1) * x[A]);
    return !isfinite(f[K]) || !isfinite(f[A]);
}

static int jacobian(const double *p, const double *x, double *jac)
{
    double f[N_STATES];
    int code = rhs(p, x, f);
    jac[K * N_STATES + K] = 0;
    jac[K * N_STATES + A] = f[K];
    jac[A * N_STATES + K] = p[RESEARCH_PARALLEL] * f[A];
    jac[A * N_STATES + A] = (p[RESEARCH_RETURNS] - 1) * f[A];
    return code;
}

static int parameter_jacobian(const double *p, const double *x, double *jac)
{
    double f[N_STATES];
    int code = rhs(p, x, f);
    memset(jac, 0, (size_t)N_STATES * N_ALL * sizeof *jac);
    jac[K * N_ALL + SAVING_RATE] = exp(x[A]);
    jac[A * N_ALL + RESEARCH_RATE] = f[A] / p[RESEARCH_RATE];
    jac[A * N_ALL + RESEARCH_PARALLEL] = f[A] * x[K];
    jac[A * N_ALL + RESEARCH_RETURNS] = f[A] * x[A];
    return code;
}

static double log_output(const double *p, const double *x, double *c)
{
    (void)p;
    if (c)
        c[K] = c[A] = 1;
    return x[K] + x[A];
}

static void observe(const double *p, const double *x, double *out)
{
    double f[N_STATES];
    rhs(p, x, f);
    out[0] = exp(x[K] + x[A]);
    out[1] = f[K];
    out[2] = f[A];
}

static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    (void)x;
    rate[BY_PRODUCTIVITY] = f[K] * f[A];
    rate[BY_MACHINES] = p[RESEARCH_PARALLEL] * f[A] * f[K];
    rate[BY_IDEAS] = (p[RESEARCH_RETURNS] - 1) * f[A] * f[A];
    return 0;
}

/* ln (A/A0)^(2-phi) and ln (K/K0)^lambda: equal where I = 0 */
static void log_sides(const double *p, const double *x, double *ideas, double *machines)
{
    *ideas = (2 - p[RESEARCH_RETURNS]) * (x[A] - log(p[INITIAL_TECHNOLOGY]));
    *machines = p[RESEARCH_PARALLEL] * (x[K] - p[LOG_CAPITAL_START]);
}

/* I = A^(2-phi)/(2-phi) - theta/(lambda s) K^lambda, in units of its first term at A0 */
static double invariant(const double *p, const double *x)
{
    double ideas, machines;
    log_sides(p, x, &ideas, &machines);
    return exp(machines) * expm1(ideas - machines);
}

static bool is_on_the_path(const double *p, const double *x)
{
    double ideas, machines;
    log_sides(p, x, &ideas, &machines);
    return fabs(ideas - machines) <= ON_THE_PATH * (1 + fabs(ideas));
}

/* On I = 0 technology grows at lambda s A/(2-phi), and K with it. */
static double technology_growth_on_the_path(const double *p, const double *x)
{
    return p[RESEARCH_PARALLEL] * p[SAVING_RATE] * exp(x[A]) / (2 - p[RESEARCH_RETURNS]);
}

static bool exact(const double *p, const double *x0, double t, double *x)
{
    if (!is_on_the_path(p, x0))
        return false;
    double gain = bernoulli_gain(1, 0, technology_growth_on_the_path(p, x0), t);
    x[A] = x0[A] + gain;
    x[K] = x0[K] + (2 - p[RESEARCH_RETURNS]) / p[RESEARCH_PARALLEL] * gain;
    return isfinite(gain);
}

static double exact_blow_up(const double *p, const double *x0)
{
    return is_on_the_path(p, x0) ? bernoulli_blow_up(1, 0, technology_growth_on_the_path(p, x0)) : NAN;
}

const struct model model_ak_ideas = {
    .name = "ak-ideas",
    .title = "capital makes ideas, ideas make capital productive: a blow-up however hard ideas are to find",
    .equations = "Y = A K\n"
                 "K' = s A K\n"
                 "A' = theta K^lambda A^phi\n"
                 "I = A^(2-phi)/(2-phi) - theta K^lambda/(lambda s) is constant\n"
                 "start (steady_state): A = A0 and K0 on I = 0, the path that every other one approaches;\n"
                 "there A = A0/(1 - lambda s A0 t/(2-phi)): blow-up after (2-phi)/(lambda s A0)",
    .references =
        "P. Aghion, B. F. Jones and C. I. Jones, Artificial intelligence and economic growth, NBER WP 23928 (2017)\n"
        "phi = -2.1: N. Bloom, C. I. Jones, J. Van Reenen and M. Webb, Are ideas getting harder to find?, Am. "
        "Econ. Rev. 110 (2020) 1104-1144",
    .states = states,
    .n_states = N_STATES,
    .params = params,
    .n_params = N_PARAMS,
    .n_derived = N_ALL - N_PARAMS,
    .outputs = outputs,
    .n_outputs = sizeof outputs / sizeof outputs[0],
    .drivers = drivers,
    .n_drivers = N_DRIVERS,
    .derive = derive,
    .steady_state = steady_state,
    .rhs = rhs,
    .jacobian = jacobian,
    .parameter_jacobian = parameter_jacobian,
    .log_output = log_output,
    .observe = observe,
    .growth_drivers = growth_drivers,
    .exact = exact,
    .exact_blow_up = exact_blow_up,
    .invariant = invariant,
};
