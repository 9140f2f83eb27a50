/* Distributions of one variable, by their quantile functions (GSL), cut off at two ends where wanted; and the Gaussian
 * copula that ties several together. */
#ifndef GEARS_SOLVER_DISTRIBUTION_H
#define GEARS_SOLVER_DISTRIBUTION_H

#include "base/error.h"
#include "solver/random.h"

#include <stddef.h>

enum distribution_kind {
    DISTRIBUTION_NORMAL,     /* p: mean, q: standard deviation */
    DISTRIBUTION_LOGNORMAL,  /* p, q: mean and standard deviation of the logarithm */
    DISTRIBUTION_UNIFORM,    /* on [low, high] */
    DISTRIBUTION_LOGUNIFORM, /* the logarithm is uniform on [ln low, ln high], 0 < low */
    DISTRIBUTION_TRIANGULAR, /* on [low, high], p: mode */
    DISTRIBUTION_BETA,       /* on [low, high], p, q: shape parameters, > 0 */
    N_DISTRIBUTIONS
};

struct distribution {
    enum distribution_kind kind;
    double p, q, low, high; /* what the kind wants of them */
    double least, most;     /* cut off below and above (and scaled up between); -INFINITY, INFINITY: not cut */
};

/* The normal, or lognormal, distribution with these 5 % and 95 % quantiles. */
struct distribution distribution_between(enum distribution_kind kind, double at_5, double at_95);

/* STATUS_BAD_INPUT, in words, where the numbers make no distribution. */
enum status distribution_check(const struct distribution *d, struct error *e);

double distribution_quantile(const struct distribution *d, double probability); /* in (0, 1) */
double distribution_below(const struct distribution *d, double x);              /* P(X <= x) */
double distribution_density(const struct distribution *d, double x);

/* n uniform numbers tied by a Gaussian copula: u = Phi(L z), L L^T = R. */
struct copula {
    size_t n;
    double *factor; /* (n, n) row-major, lower triangle; owned */
};

/* Correlation of two normal variables whose rank correlation (Spearman's) is `rank`: 2 sin(pi rank/6) (Pearson 1907;
 * Kruskal 1958). */
double copula_from_rank(double rank);
/* From the correlations R (n, n) of the normal variables, row-major, symmetric, 1 on the diagonal. STATUS_REFUSED when
 * R is not positive definite: no variables can have these correlations. Clear in all cases. */
enum status copula_init(struct copula *c, size_t n, const double *correlation, struct error *e);
void copula_clear(struct copula *c);
/* u (n), each in (0, 1); takes n normal numbers from the stream. */
void copula_draw(const struct copula *c, struct random_stream *stream, double *u);

#endif
