/* Initial value problems dx/ds = f(s, x) by SUNDIALS CVODES, behind a small interface of ours.
 *
 * One `struct ode` is one integration; nothing is shared, so any number may run in parallel threads. The stepper gives
 * one internal step at a time (or stops at a root event inside it), and dense output over the step just taken.
 */
#ifndef GEARS_SOLVER_ODE_H
#define GEARS_SOLVER_ODE_H

#include "base/error.h"
#include "base/reporter.h"

#include <stdbool.h>
#include <stddef.h>

/* Each returns 0, > 0 when the state is outside the domain (recoverable: a smaller step is tried; events: the run ends,
 * but as ODE_RECOVERABLE), < 0 when the run must end (fatal). x, dx (n); jac (n, n) row-major, d dx_i/d x_j; g
 * (n_events). */
typedef int ode_rhs(double s, const double *x, double *dx, void *context);
typedef int ode_jacobian(double s, const double *x, const double *dx, double *jac, void *context);
/* jv (n) := J v, J d x_i/d x_j: for systems too large for a matrix. */
typedef int ode_jacobian_vector(double s, const double *x, const double *dx, const double *v, double *jv,
                                void *context);
typedef int ode_events(double s, const double *x, double *g, void *context);

struct ode_problem {
    size_t n;
    ode_rhs *rhs;
    ode_jacobian *jacobian;               /* NULL: CVODES' differences */
    ode_jacobian_vector *jacobian_vector; /* of ODE_BDF_KRYLOV; NULL: CVODES' differences */
    size_t n_events;
    ode_events *events;   /* roots of g_i(s, x) stop the integration exactly there */
    const int *direction; /* (n_events): +1 rising only, -1 falling only, 0 both; NULL: all both */
    void *context;
};

enum ode_method {
    ODE_BDF,       /* stiff, Newton with a dense solver */
    ODE_ADAMS,     /* non-stiff, fixed point */
    ODE_BDF_KRYLOV /* stiff and large, Newton with GMRES on products J v: no matrix is kept */
};

struct ode_options {
    enum ode_method method;
    double rtol;                 /* error weight of x_i is rtol |x_i| + atol_i */
    const double *atol;          /* (n), >= 0; copied */
    long max_steps;              /* over the whole integration; 0: 1,000,000 */
    double max_seconds;          /* wall clock over the whole integration; 0: none */
    double first_step, max_step; /* 0: CVODES chooses */
    int krylov;                  /* ODE_BDF_KRYLOV: dimension of the Krylov space; 0: 20, or n if smaller */
    /* where the state x (n) at s is, for messages: "year 1950"; NULL: s as it is */
    void (*name_place)(double s, const double *x, size_t n, char *buffer, size_t size);
    const struct reporter *reporter; /* asked for a stop now and then; may be NULL */
};

struct ode_statistics {
    long steps, rhs_calls, jacobian_calls /* products J v with ODE_BDF_KRYLOV */, event_calls, newton_failures,
        error_test_failures;
    double seconds;       /* wall clock inside ode_step */
    double dense_seconds; /* and inside ode_taylor */
};

/* Why and where an integration ended early. */
enum ode_failure_kind {
    ODE_NO_FAILURE,
    ODE_RECOVERABLE, /* the right-hand side kept refusing, or errors could not be held: other tolerances or another
                        start may do */
    ODE_FATAL,       /* the right-hand side or memory failed for good */
    ODE_LIMIT,       /* step or time limit */
    ODE_STOPPED      /* the reporter asked */
};
struct ode_failure {
    enum ode_failure_kind kind;
    double s;        /* the last good place */
    const double *x; /* (n) state there; owned by the ode */
    int code;        /* CVODES' return flag */
};

struct ode;

/* Copies what it needs of problem and options (not the context). STATUS_FAILED: bad arguments or memory. */
enum status ode_new(struct ode **out, const struct ode_problem *problem, const struct ode_options *options, double s0,
                    const double *x0, struct error *e);
void ode_free(struct ode *o);

/* Take one internal step towards s_end (never past it), or stop at the first root event on the way; *at_event says
 * which happened. After it ode_position/ode_state are the new point, ode_step_start/ode_step_end the span of the dense
 * output. Errors: STATUS_FAILED or STATUS_INTERRUPTED, message with the place; details from ode_failure. */
enum status ode_step(struct ode *o, double s_end, bool *at_event, struct error *e);

double ode_position(const struct ode *o);
const double *ode_state(const struct ode *o); /* (n) */
/* After a stop at an event: (n_events) -1, 0, +1 = the direction in which g_i went through zero. */
const int *ode_event_directions(const struct ode *o);

/* k-th derivative (k up to the current order) of the dense output at s within the last step, into x (n). */
enum status ode_interpolate(struct ode *o, double s, int k, double *x, struct error *e);
/* The polynomial of the dense output about ode_position: row k of out (ode_order + 1, n) is its k-th derivative / k!.
 */
enum status ode_taylor(struct ode *o, double *out, struct error *e);
int ode_order(const struct ode *o);         /* order of the method in the last step = degree of its dense output */
double ode_step_start(const struct ode *o); /* the dense output is valid from here ... */
double ode_step_end(const struct ode *o);   /* ... to here; >= ode_position: an event may stop inside a step */

void ode_get_statistics(const struct ode *o, struct ode_statistics *out);
const struct ode_failure *ode_get_failure(const struct ode *o);

#endif
