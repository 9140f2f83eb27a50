/* The contour integral behind quadratic_probability(): docs/volume.md, (iii). */
#ifndef GEARS_BASIN_INVERSION_H
#define GEARS_BASIN_INVERSION_H

#include "base/error.h"

#include <stddef.h>

struct inversion {
    double integral; /* > 0 */
    double error;    /* estimated, relative */
    long evaluations;
};

/* (1/2 pi i) times the integral of e^D(delta) upwards through delta = 0 along the path of steepest descent,
 *     D = slope delta + delta - ln(1 + delta) + 1/2 sum [w - ln(1 + w) + c w^2/(1 + w)],   w = p delta,
 * p (n) != 0: all <= 1 for a probability, all of one sign or not; c (n) >= 0, or NULL: 0; slope: what rounding left of
 * the saddle's equation. STATUS_REFUSED: error > 1e-10. STATUS_FAILED: memory. */
enum status inversion_integrate(size_t n, const double *p, const double *c, double slope, struct inversion *out,
                                struct error *e);

#endif
