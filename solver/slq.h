/* Stochastic Lanczos quadrature: traces, log-determinants, counts and the spectral density of a symmetric A that is
 * known only by its products with vectors (Golub and Meurant, Matrices, Moments and Quadrature, 2010; Ubaru, Chen and
 * Saad, SIAM J. Matrix Anal. 38 (2017) 1075; Lin, Saad and Yang, SIAM Review 58 (2016) 34).
 *
 * tr f(A) is the mean of z^T f(A) z over random signs z; z^T f(A) z = n sum_k w_k f(theta_k) nearly, theta_k the
 * eigenvalues of the Lanczos matrix of z after some steps and w_k its weights. Two errors, given apart: error the
 * spread over z: the standard error of the mean over the probes low, high            the steps being finite: means over
 * the probes of bounds that hold for each of them (but for rounding), value between them. They do not contain the error
 * of the kind above.
 */
#ifndef GEARS_SOLVER_SLQ_H
#define GEARS_SOLVER_SLQ_H

#include "base/error.h"
#include "base/reporter.h"
#include "solver/krylov.h"

#include <stddef.h>
#include <stdint.h>

/* The Lanczos matrices of all probes. Probe p has steps[p] <= max_steps of them: fewer where its space was exhausted,
 * and there its quadrature is exact. */
struct slq {
    size_t n, probes, max_steps;
    size_t *steps;           /* (probes) */
    double *alpha, *beta;    /* (probes, max_steps) */
    double *nodes, *weights; /* (probes, max_steps), ascending nodes; weights of a probe add up to 1 */
};

/* probes >= 2 random sign vectors, stream p of the seed for probe p. operators (n_operators): the same A, once for each
 * thread: probe p is done with operator p mod n_operators, so that products need not be safe for threads; the result is
 * the same, bit for bit, whatever their number. Memory per thread: (max_steps + 1) n doubles. The reporter is called
 * from all threads. STATUS_FAILED: memory, a product that is not finite. STATUS_INTERRUPTED. Clear in any case. */
enum status slq_init(struct slq *s, const struct krylov_operator *operators, size_t n_operators, size_t probes,
                     size_t max_steps, uint64_t seed, const struct reporter *reporter, struct error *e);
void slq_clear(struct slq *s);

struct slq_estimate {
    double value;     /* the mean over the probes */
    double error;     /* its standard error */
    double low, high; /* bounds of what the finite number of steps does to the mean; NAN where there are none */
};

/* tr f(A). No bounds for a general f; polynomials of degree < 2 max_steps have no error but the spread. */
struct slq_estimate slq_trace(const struct slq *s, double (*f)(double lambda, void *context), void *context);

/* ln det(A + shift), every eigenvalue of A being >= lowest: Gauss quadrature is above, Gauss-Radau with a node at
 * `lowest` below, since the even derivatives of the logarithm are negative; value: the middle. STATUS_REFUSED: lowest +
 * shift <= 0, or an eigenvalue below `lowest` was seen. */
enum status slq_log_determinant(const struct slq *s, double shift, double lowest, struct slq_estimate *out,
                                struct error *e);

/* How many eigenvalues are <= x. Bounds: Chebyshev, Markov and Stieltjes. */
struct slq_estimate slq_count(const struct slq *s, double x);

/* Eigenvalues per unit of lambda, each a normal density of standard deviation `width`, at x (m): density (m), standard
 * errors (m). Trust it where it does not change with max_steps: features narrower than the distance of the nodes do. */
void slq_density(const struct slq *s, double width, size_t m, const double *x, double *density, double *errors);

#endif
