/* Minimising a smooth function of few variables without its derivatives, and what its curvature says (private to
 * growth/baselines). Held coordinates stay as they are. */
#ifndef GEARS_GROWTH_BASELINES_ESTIMATE_H
#define GEARS_GROWTH_BASELINES_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

enum { ESTIMATE_MAX = 8 };

typedef double estimate_function(const double *theta, void *context); /* INFINITY: not allowed there */

/* Nelder and Mead, restarted until a restart gains nothing; `coarse`: once, to a thousandth. theta (n) goes from the
 * start to the minimum; returns its value, INFINITY where the start is not allowed. */
double estimate_simplex(estimate_function *f, void *context, size_t n, const bool *held, bool coarse, double *theta);
/* Newton's method from there with fourth-order differences, steps a tenth of the standard deviation. *minimum as
 * before; covariance (n, n) row-major: the inverse Hessian, 0 where held. false: no minimum with positive curvature was
 * reached (covariance NAN, theta the best point seen). */
bool estimate_newton(estimate_function *f, void *context, size_t n, const bool *held, double *theta, double *minimum,
                     double *covariance);
/* Standard error of a function of theta by the delta method. */
double estimate_error(estimate_function *g, void *context, size_t n, const double *theta, const double *covariance);

#endif
