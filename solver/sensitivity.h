/* Forward sensitivities: the solution of dx/ds = f(s, x; p) together with S = dx/dp, by CVODES
 * (Hindmarsh et al. 2005; Serban and Hindmarsh 2005):
 *     dS_j/ds = (df/dx) S_j + df/dp_j,   S_j(s0) = dx0/dp_j,   j < n_parameters.
 * "Parameters" may be any directions in the space of numbers that f and x0 depend on. */
#ifndef GEARS_SOLVER_SENSITIVITY_H
#define GEARS_SOLVER_SENSITIVITY_H

#include "solver/ode.h"

/* b (n, n_parameters) row-major, df_i/dp_j at a fixed state. Return codes as of ode_rhs. */
typedef int ode_parameter_jacobian(double s, const double *x, const double *dx, double *b, void *context);

struct sensitivity_problem {
    struct ode_problem ode; /* with its jacobian; no events */
    size_t n_parameters;    /* 0: only the solution */
    ode_parameter_jacobian *parameter_jacobian;
    const double *start; /* (n, n_parameters) row-major dx0/dp; NULL: 0 */
    double rtol, atol;   /* error weight of each entry of S: rtol |S_ij| + atol */
    bool unchecked;      /* S follows the steps that x needs; no error test of its own */
};

/* Integrate from (s0, x0) and give x (m, n) and S (m, n, n_parameters) at the places at (m), rising from s0 on.
 * statistics may be NULL. Errors as ode_step: STATUS_FAILED with the place, also where a singularity lies before the
 * last place; *reached (may be NULL) places were filled. */
enum status sensitivity_integrate(const struct sensitivity_problem *problem, const struct ode_options *options,
                                  double s0, const double *x0, const double *at, size_t m, double *x, double *S,
                                  size_t *reached, struct ode_statistics *statistics, struct error *e);

#endif
