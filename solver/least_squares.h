/* Nonlinear least squares, minimise |r(z)|^2: GSL's trust region method (gsl_multifit_nlinear, Levenberg-Marquardt with
 * Moré's scaling) behind our interface, with bounds by a transformation (z = middle + half width sin u, as MINUIT
 * does), stop requests, and what the Jacobian at the end says about errors and about what is not identified. Nothing is
 * shared: any number may run in parallel threads. */
#ifndef GEARS_SOLVER_LEAST_SQUARES_H
#define GEARS_SOLVER_LEAST_SQUARES_H

#include "base/error.h"
#include "base/reporter.h"

#include <stdbool.h>
#include <stddef.h>

/* r (n) at z (k), or jac (n, k) row-major, dr_i/dz_j. Return 0; > 0 where z has no residuals (a trial that fails: it is
 * counted and turned down, never scored); < 0 to give up. */
typedef int least_squares_residuals(const double *z, double *r, void *context);
typedef int least_squares_jacobian(const double *z, double *jac, void *context);

struct least_squares_problem {
    size_t n, k;              /* residuals, parameters; n >= k */
    const double *low, *high; /* (k) bounds, -INFINITY and INFINITY where there are none; both NULL: none at all */
    least_squares_residuals *residuals;
    least_squares_jacobian *jacobian; /* asked for where residuals were last found good; NULL: forward differences */
    void *context;
};

struct least_squares_options {
    size_t max_iterations;   /* 0: 200 */
    double xtol, gtol, ftol; /* of gsl_multifit_nlinear_test; 0: 1e-8, 1e-10, 1e-10 */
    const struct reporter *reporter;
};

enum least_squares_end {
    LEAST_SQUARES_CONVERGED,
    LEAST_SQUARES_NO_PROGRESS, /* steps as small as they get do not lower |r|^2 any more: noise in r, or a minimum */
    LEAST_SQUARES_LIMIT        /* max_iterations */
};

struct least_squares_result {
    size_t n, k;
    double *z;                                           /* (k); owned, like the next two */
    double *r;                                           /* (n) */
    double *jac;                                         /* (n, k) row-major, dr/dz there */
    double cost;                                         /* |r|^2 */
    bool *at_bound;                                      /* (k) within 1e-4 of the width of its bounds; owned */
    size_t iterations, evaluations, jacobians, failures; /* failures: trials without residuals */
    enum least_squares_end end;
};

/* From z0 (k; moved inside the bounds). Errors: STATUS_FAILED: no residuals at z0, a callback gave up, memory;
 * STATUS_INTERRUPTED: *out holds the best point so far. Clear in all cases. */
enum status least_squares_solve(const struct least_squares_problem *problem,
                                const struct least_squares_options *options, const double *z0,
                                struct least_squares_result *out, struct error *e);
void least_squares_result_clear(struct least_squares_result *r);

/* What a Jacobian (of residuals in units of their standard deviations) says about the parameters. Columns are scaled
 * (by `scale`, (k): the size of a notable change of each parameter; NULL: to length 1) before the singular value
 * decomposition J D = U diag(s) V^T. */
struct least_squares_errors {
    size_t k, rank;      /* rank: singular values above tolerance x the largest */
    double *standard;    /* (k) standard errors, sqrt of the covariance's diagonal; INFINITY: not identified */
    double *covariance;  /* (k, k) (J^T J)^-1 on the identified directions; a held parameter's row and column are 0 */
    double *correlation; /* (k, k) */
    double *singular;  /* (k) of the scaled Jacobian, falling; their squares: the spectrum of the Fisher information */
    double *direction; /* (k, k) row i: the combination of scaled parameters that belongs to singular[i] */
    double *unidentified; /* (k) squared length of the parameter's part in the null directions, 0 to 1 */
};

/* held (k; may be NULL): parameters that count as known (at a bound, say). Owned by the caller, clear in all cases.
 * Errors: STATUS_FAILED (memory, not finite). */
enum status least_squares_errors(size_t n, size_t k, const double *jac, const double *scale, const bool *held,
                                 double tolerance, struct least_squares_errors *out, struct error *e);
void least_squares_errors_clear(struct least_squares_errors *r);

#endif
