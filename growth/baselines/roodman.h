/* Roodman's model: what goes beyond the common interface. */
#ifndef GEARS_GROWTH_BASELINES_ROODMAN_H
#define GEARS_GROWTH_BASELINES_ROODMAN_H

#include "growth/baselines/baseline.h"
#include "solver/random.h"

/* Order of baseline_fit.param. */
enum { ROODMAN_B, ROODMAN_S, ROODMAN_DELTA, ROODMAN_SIGMA, ROODMAN_N };

extern const struct baseline baseline_roodman;

/* In the units of the series. */
struct roodman_parameters {
    double B, s, delta, sigma;
    double log_a, b, nu, gamma; /* of the Feller diffusion of Y^-B */
};
struct roodman_parameters roodman_parameters(const struct baseline_fit *f);

/* A random path from the last row: value[0 .. k) at the rising years (n) after it, k = n or the index of the year by
 * which it has taken off. */
size_t roodman_path(const struct baseline_fit *f, size_t n, const double *year, struct random_stream *r, double *value);

#endif
