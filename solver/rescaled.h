/* Singularity-safe integration in rescaled time.
 *
 * dx/dt = f(t, x) (states are logarithms, f growth rates) is integrated in tau with
 *     dt/dtau = 1/w,   dx/dtau = f/w,   w = sqrt(rate_floor^2 + sum f_i^2),
 * t being one more state (component n). Towards a finite-time blow-up at t* the rates go like 1/(t* - t), so that
 * w/(dw/dt) -> t* - t: the remaining time shrinks exponentially in tau and nothing overflows. A state whose logarithm
 * goes to minus infinity in finite time (a stock that runs out) ends the run the same way and is told apart by the sign
 * of the dominating rate.
 */
#ifndef GEARS_SOLVER_RESCALED_H
#define GEARS_SOLVER_RESCALED_H

#include "solver/ode.h"
#include "solver/solution.h"

#include <stdbool.h>

struct rescaled_options {
    enum ode_method method;
    double rtol;       /* weight of each log state: the relative error of its level */
    double atol_time;  /* weight of t, years */
    double rate_floor; /* 1/year, > 0; 1/span is a good choice */
    double resolution; /* years: a blow-up counts as reached when the remaining time is below this */
    long max_steps;
    double max_seconds;
    bool date_only; /* the solution is not stored: it stays empty */
    const struct reporter *reporter;
};

enum rescaled_outcome { RESCALED_REACHED, RESCALED_BLOW_UP, RESCALED_EXHAUSTED };

struct rescaled_event {
    size_t id;     /* index of the root function */
    int direction; /* the sign of its change */
    double tau, t;
    double x[16]; /* state there, first n */
};

struct rescaled_run {
    enum rescaled_outcome outcome;
    double rate_floor;             /* as given: dt/dtau = 1/sqrt(rate_floor^2 + sum f^2) */
    double date;                   /* t_end, the blow-up date, or the date of exhaustion */
    double date_error;             /* years: uncertainty of the extrapolated remaining time (not of the integration) */
    size_t exhausted;              /* RESCALED_EXHAUSTED: which state */
    struct ode_solution solution;  /* over tau, n + 1 components, the last is t */
    struct rescaled_event *events; /* (n_events) in order; owned */
    size_t n_events, events_capacity;
    struct ode_statistics statistics;
};

/* Integrate from (t0, x0) to t_end or to the singularity before it. problem: in t; its n <= 15, events are functions of
 * (t, x). On failure what was integrated so far stays in *run (outcome is then meaningless). *run must be cleared in
 * all cases.
 */
enum status rescaled_integrate(const struct ode_problem *problem, const struct rescaled_options *options, double t0,
                               const double *x0, double t_end, struct rescaled_run *run, struct error *e);
void rescaled_run_clear(struct rescaled_run *run);

#endif
