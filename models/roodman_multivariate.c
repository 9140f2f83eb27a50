/* roodman-multivariate: five factors, each accumulating out of the output that all of them make. */
#include "models/model.h"

#include <math.h>
#include <string.h>

enum { K, P, H, R, A, N_STATES };

/* Four blocks of one parameter for each factor, in the order of the states. */
enum {
    ELASTICITY = 0,
    TECHNOLOGY_EFFECT = ELASTICITY + N_STATES,
    INVESTMENT = TECHNOLOGY_EFFECT + N_STATES,
    DRIFT = INVESTMENT + N_STATES,
    RESOURCE_SWITCH = DRIFT + N_STATES,
    N_PARAMS
};

static const struct model_state states[N_STATES] = {
    [K] = {"K", "index", "capital", 0.03117},       [P] = {"P", "index", "population", 1},
    [H] = {"H", "index", "human capital", 0.03117}, [R] = {"R", "index", "natural resources", 1},
    [A] = {"A", "index", "technology", 0.03117},
};

static const struct param params[N_PARAMS] = {
    [ELASTICITY + K] = {"capital_share", "alpha_K", "", 0.3, 0, 2, "elasticity of output to capital"},
    [ELASTICITY + P] = {"population_share", "alpha_P", "", 0.3, 0, 2, "elasticity of output to population"},
    [ELASTICITY + H] = {"human_capital_share", "alpha_H", "", 0.3, 0, 2, "elasticity of output to human capital"},
    [ELASTICITY + R] = {"resource_share", "alpha_R", "", 0.1, 0, 2, "elasticity of output to natural resources"},
    [ELASTICITY + A] = {"technology_share", "alpha_A", "", 1, 0, 2, "elasticity of output to technology"},
    [TECHNOLOGY_EFFECT + K] = {"capital_technology_effect", "phi_K", "", 0, -5, 5,
                               "elasticity to technology of what output adds to capital"},
    [TECHNOLOGY_EFFECT + P] = {"population_technology_effect", "phi_P", "", -0.1, -5, 5,
                               "elasticity to technology of what output adds to population: children cost more"},
    [TECHNOLOGY_EFFECT + H] = {"human_capital_technology_effect", "phi_H", "", 0.1, -5, 5,
                               "elasticity to technology of what output adds to human capital"},
    [TECHNOLOGY_EFFECT + R] = {"resource_technology_effect", "phi_R", "", -0.01, -5, 5,
                               "elasticity to technology of what output takes from resources"},
    [TECHNOLOGY_EFFECT + A] = {"technology_technology_effect", "phi_A", "", -0.5, -5, 5,
                               "elasticity to technology of what output adds to technology: ideas get harder to find"},
    [INVESTMENT + K] = {"capital_investment", "s_K", "1/year", 0.25, -1, 1, "share of output that becomes capital"},
    [INVESTMENT + P] = {"population_investment", "s_P", "1/year", 0.2, -1, 1, "share of output that becomes people"},
    [INVESTMENT +
        H] = {"human_capital_investment", "s_H", "1/year", 0.04, -1, 1, "share of output that becomes human capital"},
    [INVESTMENT + R] = {"resource_investment", "s_R", "1/year", -0.01, -1, 1,
                        "share of output that becomes resources; below 0: production uses them up"},
    [INVESTMENT +
        A] = {"technology_investment", "s_A", "1/year", 0.025, -1, 1, "share of output that becomes technology"},
    [DRIFT + K] = {"capital_drift", "d_K", "1/year", -0.03, -1, 1, "growth of capital without output: wear"},
    [DRIFT + P] = {"population_drift", "d_P", "1/year", -0.02, -1, 1, "growth of population without output: deaths"},
    [DRIFT + H] = {"human_capital_drift", "d_H", "1/year", -0.02, -1, 1, "growth of human capital without output"},
    [DRIFT + R] = {"resource_drift", "d_R", "1/year", 0.001, -1, 1, "growth of resources without output: renewal"},
    [DRIFT + A] = {"technology_drift", "d_A", "1/year", -0.001, -1, 1, "growth of technology without output: loss"},
    [RESOURCE_SWITCH] = {"resource_depletion", "r", "", 0, 0, 1,
                         "1: resources are used up and renewed; 0: they stay as they are"},
};

static const struct model_output outputs[] = {
    {"Y", "index", "output"},
    {"y", "index", "output per head"},
    {"population_growth", "1/year", "growth rate of population"},
    {"resource_growth", "1/year", "growth rate of natural resources"},
    {"technology_growth", "1/year", "growth rate of technology"},
};

static const char *const drivers[2 * N_STATES] = {
    [K] = "capital: output per unit of capital",
    [P] = "people: output per head",
    [H] = "human capital: output per unit of human capital",
    [R] = "resources: output per unit of resources",
    [A] = "technology: output per unit of technology",
    [N_STATES + K] = "capital: technology changes what output adds to it",
    [N_STATES + P] = "people: technology changes what output adds to them",
    [N_STATES + H] = "human capital: technology changes what output adds to it",
    [N_STATES + R] = "resources: technology changes what output takes from them",
    [N_STATES + A] = "technology: ideas already found",
};

static double switched(const double *p, int i)
{
    return i == R ? p[RESOURCE_SWITCH] : 1;
}

static double log_output(const double *p, const double *x, double *c)
{
    double sum = 0;
    for (int i = 0; i < N_STATES; i++) {
        sum += p[ELASTICITY + i] * x[i];
        if (c)
            c[i] = p[ELASTICITY + i];
    }
    return sum;
}

/* What output adds to each factor, as a rate: s_i Y A^phi_i/X_i */
static int additions(const double *p, const double *x, double *q)
{
    double log_y = log_output(p, x, NULL);
    int bad = 0;
    for (int i = 0; i < N_STATES; i++) {
        q[i] = switched(p, i) * p[INVESTMENT + i] * exp(log_y + p[TECHNOLOGY_EFFECT + i] * x[A] - x[i]);
        bad |= !isfinite(q[i]);
    }
    return bad;
}

static int rhs(const double *p, const double *x, double *f)
{
    int code = additions(p, x, f);
    for (int i = 0; i < N_STATES; i++)
        f[i] += switched(p, i) * p[DRIFT + i];
    return code;
}

static int parameter_jacobian(const double *p, const double *x, double *jac)
{
    double q[N_STATES], log_y = log_output(p, x, NULL);
    int code = additions(p, x, q);
    memset(jac, 0, (size_t)N_STATES * N_PARAMS * sizeof *jac);
    for (int i = 0; i < N_STATES; i++) {
        double *row = jac + (size_t)i * N_PARAMS;
        double per_share = exp(log_y + p[TECHNOLOGY_EFFECT + i] * x[A] - x[i]);
        for (int j = 0; j < N_STATES; j++)
            row[ELASTICITY + j] = q[i] * x[j];
        row[TECHNOLOGY_EFFECT + i] = q[i] * x[A];
        row[INVESTMENT + i] = switched(p, i) * per_share;
        row[DRIFT + i] = switched(p, i);
        if (i == R)
            row[RESOURCE_SWITCH] = p[INVESTMENT + i] * per_share + p[DRIFT + i];
    }
    return code;
}

static int jacobian(const double *p, const double *x, double *jac)
{
    double q[N_STATES];
    int code = additions(p, x, q);
    for (int i = 0; i < N_STATES; i++)
        for (int j = 0; j < N_STATES; j++)
            jac[i * N_STATES + j] = q[i] * (p[ELASTICITY + j] - (i == j) + (j == A ? p[TECHNOLOGY_EFFECT + i] : 0));
    return code;
}

static void observe(const double *p, const double *x, double *out)
{
    double f[N_STATES], log_y = log_output(p, x, NULL);
    rhs(p, x, f);
    *out++ = exp(log_y);
    *out++ = exp(log_y - x[P]);
    *out++ = f[P];
    *out++ = f[R];
    *out++ = f[A];
}

static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    double q[N_STATES], growth = 0;
    int code = additions(p, x, q);
    for (int i = 0; i < N_STATES; i++)
        growth += p[ELASTICITY + i] * f[i];
    for (int i = 0; i < N_STATES; i++) {
        double effect = p[ELASTICITY + i] * q[i];
        rate[i] = effect * (growth - f[i]);
        rate[N_STATES + i] = effect * p[TECHNOLOGY_EFFECT + i] * f[A];
    }
    return code;
}

const struct model model_roodman_multivariate = {
    .name = "roodman-multivariate",
    .title = "five factors that output feeds and that make output; resources may run out",
    .equations = "Y = K^alpha_K P^alpha_P H^alpha_H R^alpha_R A^alpha_A\n"
                 "X'/X = d_X + s_X A^phi_X Y/X           for X = K, P, H, A\n"
                 "R'/R = r (d_R + s_R A^phi_R Y/R)       r: resources on or off",
    .references =
        "D. Roodman, Modeling the Human Trajectory, Open Philanthropy (2020): the toy model of several factors",
    .states = states,
    .n_states = N_STATES,
    .params = params,
    .n_params = N_PARAMS,
    .outputs = outputs,
    .n_outputs = sizeof outputs / sizeof outputs[0],
    .drivers = drivers,
    .n_drivers = 2 * N_STATES,
    .rhs = rhs,
    .jacobian = jacobian,
    .parameter_jacobian = parameter_jacobian,
    .log_output = log_output,
    .observe = observe,
    .growth_drivers = growth_drivers,
};
