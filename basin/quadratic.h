/* Volumes of quadratic basins from a spectrum: L = 1/2 sum lambda_i x_i^2, x = V^T (theta - theta_star), basin {L <=
 * T}. Knows no network. The mathematics, with proofs and sources: docs/volume.md. All results are natural logarithms.
 */
#ifndef GEARS_BASIN_QUADRATIC_H
#define GEARS_BASIN_QUADRATIC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct quadratic {
    size_t n;                   /* N, number of parameters */
    const double *eigenvalues;  /* lambda (n) of H, any order; borrowed */
    const double *displacement; /* mu = V^T (theta_star - prior mean) (n), same order; NULL: 0; borrowed */
    double tolerance;           /* |lambda| <= tolerance counts as exactly 0; >= 0 */
    double variance;            /* sigma^2 of the prior N(mean, sigma^2 I); functions that say "prior" need it > 0. Any
                                 * covariance S: variance 1, lambda of S^1/2 H S^1/2, mu of S^-1/2 (theta_star - mean) */
};

/* How many eigenvalues are positive (the rank of a minimum), zero and negative, by the tolerance. */
struct quadratic_count {
    size_t positive, zero, negative;
};
struct quadratic_count quadratic_count(const struct quadratic *q);

/* Every function below, besides what it says itself: STATUS_BAD_INPUT where a number is not finite, or the threshold
 * or another positive quantity is not positive. Results are meaningless unless STATUS_OK is returned. */

/* --- without a prior -----------------------------------------------------------------------------------------------*/

/* ln volume of {L <= T}: ln V_N + N/2 ln 2T - 1/2 sum ln lambda; +INFINITY when an eigenvalue is 0 (N = 0: 0).
 * STATUS_REFUSED: a negative eigenvalue. */
enum status quadratic_volume(const struct quadratic *q, double threshold, double *log_volume, struct error *e);

/* The same over the *rank positive eigenvalues alone. Not a volume: it scales with theta as the power rank, not N. For
 * contrast. STATUS_REFUSED: a negative eigenvalue. */
enum status quadratic_volume_thrown_out(const struct quadratic *q, double threshold, double *log_volume, size_t *rank,
                                        struct error *e);

struct quadratic_regularised {
    double log_volume; /* of {loss + added term <= T} */
    double log_det;    /* own + lift + null */
    double own;        /* sum over lambda != 0 of ln |lambda|: the loss's own part */
    double lift;       /* sum over lambda != 0 of ln((lambda + a)/|lambda|): the added term, where the loss is curved */
    double null;       /* (number of zeros) ln a: the added term, where it has none */
    double sensitivity; /* d log_det/d ln a = sum a/(lambda + a), whatever the units; 0 .. N at a minimum */
    size_t dominated;   /* directions in which a > |lambda| */
};

/* H + decay: the loss plus 1/2 decay |theta|^2 (a loss plus decay |theta|^2 is 2 decay). The spectrum must belong to
 * the minimum of the sum. decay > 0. STATUS_REFUSED: lambda + decay <= 0. */
enum status quadratic_volume_decay(const struct quadratic *q, double threshold, double decay,
                                   struct quadratic_regularised *out, struct error *e);

/* beta H + 1/sigma^2 (prior): the loss multiplied by beta > 0, so that it is in nats like the log-density of the prior;
 * the bowl {beta L + |theta - theta_star|^2/(2 sigma^2) <= beta T}. In *out lambda stands for beta lambda, a =
 * 1/sigma^2. The displacement plays no part. STATUS_REFUSED: beta lambda + 1/sigma^2 <= 0. */
enum status quadratic_volume_prior(const struct quadratic *q, double threshold, double beta,
                                   struct quadratic_regularised *out, struct error *e);

struct quadratic_segment {
    double log_volume;              /* log_cross_section + log_extent */
    double log_cross_section;       /* r-volume, across the manifold */
    double log_extent;              /* d-volume, along it */
    size_t rank, dimension, capped; /* r, d = n - r, and how many of the d widths are sigma */
};

/* Basin segment (prior: only sigma): V_r (2T)^(r/2)/sqrt(det+ H) x V_d prod w_j, w_j = min(tol/s_j, sigma). singular
 * (d), d = number of zero eigenvalues: singular values (>= 0) of the Jacobian of the validation behaviour restricted to
 * the null space; behaviour_tolerance: tol > 0, same units. STATUS_REFUSED: a negative eigenvalue; d != number of
 * zeros. */
enum status quadratic_segment(const struct quadratic *q, double threshold, size_t d, const double *singular,
                              double behaviour_tolerance, struct quadratic_segment *out, struct error *e);

/* --- under the prior -----------------------------------------------------------------------------------------------*/

/* K(beta) = ln E_prior exp(-beta L) and its derivatives in beta; values[j] is the j-th. */
enum { QUADRATIC_DERIVATIVES = 5 };
/* beta >= 0. STATUS_REFUSED: 1 + beta sigma^2 lambda <= 0, where the expectation is infinite. */
enum status quadratic_cumulant(const struct quadratic *q, double beta, double values[QUADRATIC_DERIVATIVES],
                               struct error *e);

/* E_prior L = 1/2 sum lambda (sigma^2 + mu^2). */
double quadratic_mean_loss(const struct quadratic *q);

struct quadratic_saddle {
    double log_probability; /* estimate of ln P[L <= T] */
    double beta;            /* where the saddle is */
    double dimension;       /* k = 2 beta^2 K'': directions with beta sigma^2 lambda >> 1 */
    double stated_bias;     /* too high by about this: 1/(6k) or 1/(6k + 12), exact to leading order when the other
                             * directions are flat and mu = 0 */
    double next_term;       /* ln P - estimate to leading order, computed from K''' and K'''' */
    double too_high;        /* bounds of the leading term: the estimate exceeds ln P by at most this ... */
    double too_low;         /* ... and falls short of it by at most this; infinite with negative eigenvalues */
};

/* (i) The plain saddle. STATUS_REFUSED: T >= E_prior L, where there is none; not one eigenvalue that counts. */
enum status quadratic_saddle_plain(const struct quadratic *q, double threshold, struct quadratic_saddle *out,
                                   struct error *e);
/* (ii) The better saddle, for every T > 0. */
enum status quadratic_saddle(const struct quadratic *q, double threshold, struct quadratic_saddle *out,
                             struct error *e);

struct quadratic_probability {
    double log_probability; /* ln P[L <= T] */
    double log_complement;  /* ln (1 - P); -INFINITY when every eigenvalue is 0 */
    double error;           /* of the integral that was done (P, or 1 - P when T > E_prior L), relative */
    long evaluations;       /* of the exponent */
};

/* (iii) The exact inversion, error <= 1e-10. Negative eigenvalues are allowed: P is then the mass of the set where the
 * quadratic form is <= T. STATUS_REFUSED: that precision was not reached. STATUS_FAILED: memory. */
enum status quadratic_probability(const struct quadratic *q, double threshold, struct quadratic_probability *out,
                                  struct error *e);

#endif
