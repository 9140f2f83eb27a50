/* Running a growth model: from parameters and a start to a stored trajectory with its bottleneck switches. */
#ifndef GEARS_GROWTH_SIMULATE_H
#define GEARS_GROWTH_SIMULATE_H

#include "base/error.h"
#include "base/reporter.h"
#include "models/model.h"
#include "solver/rescaled.h"

#include <stdbool.h>
#include <stddef.h>

enum { SIMULATION_MAX_INTERVENTIONS = 16 };

/* A smooth change of one parameter: until `from` it has its own value, from `to` on that value x factor; between them
 * its logarithm follows a quintic with two continuous derivatives. (A parameter that is 0 or negative moves linearly.)
 */
struct intervention {
    size_t param;    /* index in the model's table */
    double from, to; /* years, from < to */
    double factor;
};

/* All that defines a run; plain data, copied freely. */
struct simulation {
    const struct model *model;
    double p[MODEL_MAX_PARAMS];    /* parameters, then derived constants (model->derive has been called) */
    double x0[MODEL_MAX_STATES];   /* logarithms at `from` */
    bool steady[MODEL_MAX_STATES]; /* x0 of that state follows from the parameters: it is the steady state's */
    double from, to;               /* years */
    struct intervention interventions[SIMULATION_MAX_INTERVENTIONS];
    size_t n_interventions;
    enum ode_method method;
    double rtol; /* relative error of every level, that is absolute error of every log state */
    double atol; /* added to it; matters only below rtol */
    long max_steps;
    double max_seconds;
};

/* A switch of the limiting input of a flow: the largest elasticity share changes hands. */
struct bottleneck_switch {
    size_t flow, from, to; /* indices: model->flows[flow].inputs[from] limited before, ...[to] after */
    double date;           /* years */
    double width; /* years for the newcomer's part of the pair's shares to go from 1/4 to 3/4; NAN: never completes */
};

struct trajectory {
    struct simulation simulation;
    struct rescaled_run run;            /* solution over tau; component n_states is t */
    struct bottleneck_switch *switches; /* in order of date; owned */
    size_t n_switches;
    struct ode_statistics bounding; /* of the second run, which bounds the date's error; 0: there was none */
    double date_error; /* of a blow-up or exhaustion date: integration error (from a run at rtol/100) and extrapolation;
                          years */
};

/* Set the defaults of a run of `model`: parameters, derived constants, steady state (or default levels) as the start,
 * BDF, rtol 1e-9. */
enum status simulation_init(struct simulation *s, const struct model *model, double from, double to, struct error *e);

/* Derived constants, and the start of the states that begin in the steady state, from the parameters as they are now.
 * Errors: the model's, STATUS_BAD_INPUT. */
enum status simulation_restart(struct simulation *s, struct error *e);

/* Integrate. With `bound_date` a run that ends in a singularity is repeated at a hundredth of the tolerance to bound
 * the date's error. On failure, what was integrated stays in *out for inspection. Clear *out in all cases. */
enum status simulate(const struct simulation *s, bool bound_date, const struct reporter *reporter,
                     struct trajectory *out, struct error *e);
void trajectory_clear(struct trajectory *t);

/* First and last date covered: the last is short of a singularity. */
double trajectory_begin(const struct trajectory *t);
double trajectory_end(const struct trajectory *t);
/* tau of a date (clamped), and the state and date at a tau. x (n_states). */
double trajectory_tau(const struct trajectory *t, double year);
void trajectory_at_tau(const struct trajectory *t, double tau, double *x, double *year);
void trajectory_at(const struct trajectory *t, double year, double *x);
/* Parameters in force at a date: interventions applied. p (n_params + n_derived). */
void simulation_parameters(const struct simulation *s, double year, double *p);
/* The same, without a copy into buffer (MODEL_MAX_PARAMS) where nothing intervenes. */
const double *simulation_parameters_at(const struct simulation *s, double year, double *buffer);

/* Growth of output g (1/year) and dg/dt (1/year^2) at a state and date, interventions included; from the model's own
 * derivatives. dg may be NULL. Returns an evaluator's code. */
int simulation_growth(const struct simulation *s, double year, const double *x, double *g, double *dg);
/* ln Y at a state and date, interventions included. */
double simulation_log_output(const struct simulation *s, double year, const double *x);

#endif
