/* Normal crossings (Watanabe 2009): losses of two parameters whose learning coefficient is known at every n. */
#ifndef GEARS_TESTS_CROSSING_H
#define GEARS_TESTS_CROSSING_H

#include <math.h>

/* K = w1^2a w2^2b on the square +-1 with a uniform prior: w = 2 Phi(u) - 1, u N(0, 1). */
struct crossing {
    int a, b;
};

static inline double crossing_loss(const double *u, double *g, void *context)
{
    const struct crossing *k = context;
    double w[2], slope[2];
    for (int i = 0; i < 2; i++) {
        w[i] = erf(u[i] / sqrt(2));
        slope[i] = sqrt(2 / M_PI) * exp(-u[i] * u[i] / 2);
    }
    double x = pow(w[0], 2 * k->a), y = pow(w[1], 2 * k->b);
    g[0] = k->a ? 2 * k->a * pow(w[0], 2 * k->a - 1) * y * slope[0] : 0;
    g[1] = k->b ? 2 * k->b * pow(w[1], 2 * k->b - 1) * x * slope[1] : 0;
    return x * y;
}

/* n beta E[K] by the middle of cells x cells in w^(1/4), where both the weight and its logarithm's scales are resolved.
 */
static inline double crossing_exact(const struct crossing *k, double n_beta, int cells)
{
    double norm = 0, mean = 0;
    for (int i = 0; i < cells; i++)
        for (int j = 0; j < cells; j++) {
            double s = (i + 0.5) / cells, t = (j + 0.5) / cells;
            double K = pow(s, 8 * k->a) * pow(t, 8 * k->b), w = exp(-n_beta * K) * s * s * s * t * t * t;
            norm += w;
            mean += w * n_beta * K;
        }
    return mean / norm;
}

#endif
