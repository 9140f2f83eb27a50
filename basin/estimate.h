/* Sampled estimates of the logarithm of a mean, with what tells whether they can be believed. */
#ifndef GEARS_BASIN_ESTIMATE_H
#define GEARS_BASIN_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

enum { ESTIMATE_LEAST_ESS = 100 }; /* below it no value is given */
#define ESTIMATE_TAIL_MOST 0.7     /* nor above this shape of the tail */

struct estimate {
    double log_value;     /* ln of the mean; to be shown only where not refused */
    double error;         /* its standard error, nats */
    double ess;           /* effective sample size: (sum w)^2/sum w^2, or of the chains */
    size_t samples;       /* n */
    double largest_share; /* of the sum, by one sample */
    double pareto_k;      /* shape of the tail of the weights; above 0.7 the error cannot be believed; NAN: not known */
    double at_least;      /* a mean of weights >= 0 exceeds 20 times its expectation in one of 20 cases at most
                           * (Markov): with 95 % confidence the value is at least this, refused or not; NAN: no such
                           * bound */
    bool refused;
    char reason[200]; /* why */
};

/* ln mean exp(log_weights[i]), i < n; -INFINITY is a weight of 0. Error: relative standard error of the mean,
 * sqrt(1/ess - 1/n). Refused: ess < 100, one weight more than a tenth of the sum, tail too heavy (k > 0.7; Vehtari et
 * al. 2024, J. Mach. Learn. Res. 25:72; fit of Zhang and Stephens 2009, Technometrics 51, 316). Weights that are not
 * numbers: refused. log_weights is sorted. */
struct estimate estimate_log_mean(size_t n, double *log_weights);

/* ln of a probability from hits among n independent trials; ess is the number of hits, (sum w)^2/sum w^2 of weights 0
 * and 1. Refused: fewer than 100. */
struct estimate estimate_fraction(size_t hits, size_t n);

/* Add a constant to the value, and to the bound. */
void estimate_shift(struct estimate *e, double constant);
/* Refuse with a reason; the first reason stays. */
void estimate_refuse(struct estimate *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ln sum exp(x[i]) */
double log_sum_exp(size_t n, const double *x);

#endif
