/* What a growth model is: one const struct of names, equations, tables and evaluators.
 *
 * Every built-in model is autonomous, dx/dt = f(x; p), in *logarithmic* states x_i = ln X_i, so levels stay positive
 * and f is a vector of growth rates (1/year). Output is log-linear in the states, ln Y = c_0(p) + sum_i c_i(p) x_i,
 * which makes growth g = c.f and its gradient dg/dx = J^T c exact for every model.
 *
 * Parameters: an evaluator receives p[0 .. n_params + n_derived): the parameters in the order of the table, then the
 * derived constants that `derive` computed from them once, before the run (a scale factor that follows from the steady
 * state, say). An intervention changes p[0 .. n_params) during a run; derived constants keep their values.
 *
 * All evaluators are pure functions of their arguments: no allocation, no globals. They return 0, or > 0 where the
 * state is outside the model's domain (recoverable: the integrator tries a smaller step).
 */
#ifndef GEARS_MODELS_MODEL_H
#define GEARS_MODELS_MODEL_H

#include "base/error.h"
#include "base/param.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    MODEL_MAX_STATES = 8,
    MODEL_MAX_PARAMS = 64, /* parameters + derived constants */
    MODEL_MAX_OUTPUTS = 24,
    MODEL_MAX_FLOWS = 4,
    MODEL_MAX_INPUTS = 4, /* inputs of one flow */
    MODEL_MAX_DRIVERS = 12,
};

/* A state variable. `key` is the level's name (P); the integrator sees ln P. */
struct model_state {
    const char *key, *unit, *meaning;
    double value; /* default initial level, > 0; NAN: only a steady state gives it */
};

/* A quantity computed from the state: for plots, comparison with data, CSV columns. The first one of every model is Y,
 * aggregate output; y is output per head where the model has people. */
struct model_output {
    const char *key, *unit, *meaning;
};

/* A flow (technology, science, ...) made from inputs; the input with the largest elasticity share limits it. */
struct model_flow {
    const char *key; /* "technology" */
    const char *meaning;
    size_t n_inputs;
    const char *inputs[MODEL_MAX_INPUTS]; /* "intelligence", "science" */
};

struct model {
    const char *name;       /* as in a scenario file */
    const char *title;      /* one line */
    const char *equations;  /* text, lines separated by \n, in the symbols of the tables */
    const char *references; /* text, one a line */

    const struct model_state *states;
    size_t n_states;
    const struct param *params;
    size_t n_params, n_derived;
    const struct model_output *outputs;
    size_t n_outputs;
    const struct model_flow *flows; /* may be NULL */
    size_t n_flows;
    const char *const *drivers; /* names of the causes of a change of growth, see growth_drivers; may be NULL */
    size_t n_drivers;

    /* p[n_params .. n_params + n_derived) from p[0 .. n_params); checks what ranges alone cannot (combinations). May be
     * NULL when n_derived is 0. Errors: STATUS_BAD_INPUT with the offending key in the message. */
    enum status (*derive)(double *p, struct error *e);
    /* x (n_states) := logarithms of the steady state (or balanced path) the model starts in. NULL: it has none. */
    enum status (*steady_state)(const double *p, double *x, struct error *e);

    /* gradient (n_derived, n_params) row-major: of what `derive` computes. NULL: differences are taken. */
    void (*derive_gradient)(const double *p, double *gradient);
    /* gradient (n_states, n_params + n_derived) row-major: of what steady_state gives, the derived constants counted as
     * numbers of their own. NULL: differences. */
    void (*steady_state_gradient)(const double *p, double *gradient);

    int (*rhs)(const double *p, const double *x, double *f);        /* f (n), 1/year */
    int (*jacobian)(const double *p, const double *x, double *jac); /* jac (n, n) row-major, df_i/dx_j, 1/year */
    /* jac (n, n_params + n_derived) row-major, df_i/dp_j at a fixed state, the derived constants counted as numbers of
     * their own (derive_gradient has the rest of the chain). NULL: differences. See models/derivatives.h. */
    int (*parameter_jacobian)(const double *p, const double *x, double *jac);
    /* ln Y, and its constant elasticities c (n) = d ln Y/dx (c may be NULL) */
    double (*log_output)(const double *p, const double *x, double *c);
    /* out (n_outputs), in the units of the table */
    void (*observe)(const double *p, const double *x, double *out);
    /* by_state (n_outputs, n_states), by_parameter (n_outputs, n_params + n_derived) row-major: its derivatives. NULL:
     * differences. */
    int (*observe_gradient)(const double *p, const double *x, double *by_state, double *by_parameter);
    /* share (n_flows, MODEL_MAX_INPUTS) row-major: elasticity shares of each flow's inputs, summing to 1 over a row;
     * unused entries 0. NULL when n_flows is 0. Must be smooth in x. */
    void (*shares)(const double *p, const double *x, double *share);
    /* rate (n_drivers): dg/dt split by cause, sum = (dg/dx).f, 1/year^2, so that the change of growth over a period is
     * the sum of the integrals. NULL when n_drivers is 0. */
    int (*growth_drivers)(const double *p, const double *x, const double *f, double *rate);
    /* Known answer: x (n) at time t (years after the start) from x0; returns false where there is none (past the
     * blow-up, or these parameters). NULL: no closed form. */
    bool (*exact)(const double *p, const double *x0, double t, double *x);
    /* Time from x0 to the blow-up, INFINITY if never, NAN where it is not known for this start; NULL: it never is. */
    double (*exact_blow_up)(const double *p, const double *x0);
    /* A quantity that stays constant along solutions, scaled so that 1 is a large violation; NULL: none. */
    double (*invariant)(const double *p, const double *x);
};

/* The registry. */
extern const struct model *const model_registry[];
extern const size_t model_registry_size;

/* The model called `name`, or NULL. */
const struct model *model_find(const char *name);

/* p[0 .. n_params) := defaults. */
void model_default_parameters(const struct model *m, double *p);

/* Growth rate of output g = d ln Y/dt = c.f (1/year) from the model's own right-hand side, into *g, and, where dg is
 * not NULL, dg/dt = (J^T c).f (1/year^2) into *dg. f (n) is returned too where it is not NULL. Returns an evaluator's
 * code. */
int model_growth(const struct model *m, const double *p, const double *x, double *f, double *g, double *dg);

/* Index of an output called `key`, or n_outputs. */
size_t model_output_find(const struct model *m, const char *key);
/* Index of a state called `key`, or n_states. */
size_t model_state_find(const struct model *m, const char *key);

#endif
