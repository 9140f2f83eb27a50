/* Activations: one table; a new one is one function and one line. */
#ifndef GEARS_BASIN_ACTIVATION_H
#define GEARS_BASIN_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

struct activation {
    const char *name; /* as in an experiment file: "tanh", "leaky-relu" */
    /* f(z), f'(z), f''(z) of n numbers, each into an array of n or NULL; f may be z itself. At a kink the value of the
     * right-hand side. */
    void (*evaluate)(size_t n, const double *z, double *f, double *d1, double *d2);
    bool smooth; /* false: piecewise linear */
    bool odd;    /* f(-z) = -f(z): sign flips are symmetries */
    int degree;  /* f(c z) = c^degree f(z) for c > 0: a rescaling symmetry; 0: none */
};

extern const struct activation activations[]; /* name NULL last */

/* NULL: unknown. */
const struct activation *activation_find(const char *name);

#endif
