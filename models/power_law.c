/* power-law: output grows by a power of itself. One equation, and the one that long-run extrapolations are made with.
 */
#include "models/bernoulli.h"
#include "models/model.h"

#include <math.h>

enum { Y, N_STATES };

enum { GROWTH_SCALE, GROWTH_EXPONENT, DRIFT, N_PARAMS };

static const struct model_state states[N_STATES] = {
    [Y] = {"Y", "billion 1990 int$", "output", 1.6},
};

static const struct param params[N_PARAMS] = {
    [GROWTH_SCALE] = {"growth_scale", "s", "1/year", 1.471e-4, 0, 10, "growth that feeds on output, at Y = 1"},
    [GROWTH_EXPONENT] = {"growth_exponent", "B", "", 0.5516, -5, 5,
                         "elasticity of that growth to output: above 0 super-exponential, at 0 exponential"},
    [DRIFT] = {"drift", "d", "1/year", -3.37e-5, -1, 1, "growth that does not depend on output"},
};

static const struct model_output outputs[] = {
    {"Y", "billion 1990 int$", "output"},
    {"feedback_growth", "1/year", "growth that feeds on output, s Y^B"},
};

static const char *const drivers[] = {"output: growth feeds on output"};

static double feedback(const double *p, const double *x)
{
    return p[GROWTH_SCALE] * exp(p[GROWTH_EXPONENT] * x[Y]);
}

static int rhs(const double *p, const double *x, double *f)
{
    f[Y] = feedback(p, x) + p[DRIFT];
    return !isfinite(f[Y]);
}

static int jacobian(const double *p, const double *x, double *jac)
{
    jac[0] = p[GROWTH_EXPONENT] * feedback(p, x);
    return !isfinite(jac[0]);
}

static int parameter_jacobian(const double *p, const double *x, double *jac)
{
    double per_scale = exp(p[GROWTH_EXPONENT] * x[Y]);
    jac[GROWTH_SCALE] = per_scale;
    jac[GROWTH_EXPONENT] = p[GROWTH_SCALE] * per_scale * x[Y];
    jac[DRIFT] = 1;
    return !isfinite(per_scale);
}

static double log_output(const double *p, const double *x, double *c)
{
    (void)p;
    if (c)
        c[Y] = 1;
    return x[Y];
}

static void observe(const double *p, const double *x, double *out)
{
    out[0] = exp(x[Y]);
    out[1] = feedback(p, x);
}

static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    rate[0] = p[GROWTH_EXPONENT] * feedback(p, x) * f[Y];
    return !isfinite(rate[0]);
}

/* X = Y e^{-dt} grows at s X^B e^{Bdt} */
static bool exact(const double *p, const double *x0, double t, double *x)
{
    double b = p[GROWTH_EXPONENT], d = p[DRIFT];
    x[Y] = x0[Y] + d * t + bernoulli_gain(b, b * d, feedback(p, x0), t);
    return isfinite(x[Y]);
}

static double exact_blow_up(const double *p, const double *x0)
{
    double b = p[GROWTH_EXPONENT];
    return bernoulli_blow_up(b, b * p[DRIFT], feedback(p, x0));
}

const struct model model_power_law = {
    .name = "power-law",
    .title = "growth of output is a power of output: hyperbolic growth with a blow-up date",
    .equations = "Y'/Y = s Y^B + d\n"
                 "blow-up after ln(1 + d Y0^-B/s)/(B d), never if 1 + d Y0^-B/s <= 0;  d -> 0: Y0^-B/(B s)",
    .references = "D. Roodman, Modeling the Human Trajectory, Open Philanthropy (2020): the defaults are his estimates "
                  "for world\n"
                  "product since 10,000 BCE, without his noise\n"
                  "H. von Foerster, P. M. Mora and L. W. Amiot, Doomsday: Friday, 13 November, A.D. 2026, Science 132 "
                  "(1960) 1291-1295",
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
