/* The radial integral of star-domain volumes. */
#ifndef GEARS_BASIN_RADIAL_H
#define GEARS_BASIN_RADIAL_H

#include "base/error.h"

#include <stddef.h>

/* x^(n-1) exp(-b x - c x^2/2), x > 0: what a Gaussian density is along a ray in n dimensions, b the drift of its mean.
 * n >= 1, c >= 0; log-concave. */
struct radial {
    size_t n;
    double b, c;
};

/* Gauss-Legendre points, made once per thread. */
struct radial_rule;
struct radial_rule *radial_rule_new(void); /* NULL: memory */
void radial_rule_free(struct radial_rule *rule);

/* ln of the integral over 0 < x < r (r > 0; may be INFINITY if c > 0, or if b > 0), relative error about 1e-12: the
 * part where the integrand is within e^-45 of its largest value on the way, left and right of it. */
double radial_log_integral(const struct radial *f, double r, const struct radial_rule *rule);

/* Beyond this x less than 1e-15 of the whole integral is left; INFINITY where the integral is infinite. */
double radial_reach(const struct radial *f);

#endif
