/* Learning coefficients of deep linear networks: exact at finite n, and their limits in closed form.
 *
 * Identity activation, no biases, mse: with C^2 = (1/n) sum x x^T and A the least-squares map of the data, L = 1/2 |(B
 * - A) C|^2 + rest, B = W_L P the network's map and P the product of all layers but the last. Under a normal prior of
 * width sigma on W_L it can be integrated out: with Z = P C, T = A C, c = n beta sigma^2 and m outputs,
 *   ln w(P) = -(m/2) ln det(I + c Z Z^T) - (n beta/2) tr[T (I + c Z^T Z)^-1 T^T],
 *   n beta E[L - rest | P] = (m/2) tr[c Z Z^T (I + c Z Z^T)^-1] + (n beta/2) |T (I + c Z^T Z)^-1|^2,
 * and only P's own layers are left to average over: not at all when there are none, by quadrature for a single weight,
 * else by Markov chains, which see a far smoother density than those over all weights.
 */
#ifndef GEARS_BASIN_LINEAR_LLC_H
#define GEARS_BASIN_LINEAR_LLC_H

#include "base/reporter.h"
#include "basin/problem.h"

/* Aoyagi's (2024) closed form: lambda, and multiplicity m, of the map of rank `rank` through layers of the given widths
 * (n_layers + 1): the smallest over all parameters with that map. rank <= every width. */
void linear_llc_limit(const size_t *width, size_t n_layers, size_t rank, double *lambda, size_t *multiplicity);

struct linear_llc;
/* STATUS_REFUSED: not such a network, or a weight decay, or the last layer's widths sigma (N) differ. STATUS_FAILED:
 * memory. Free in any case. */
enum status linear_llc_new(const struct problem *p, const double *sigma, struct linear_llc **out, struct error *e);
void linear_llc_free(struct linear_llc *l);

size_t linear_llc_rank(const struct linear_llc *l); /* of A C */
double linear_llc_rest(const struct linear_llc *l); /* loss of the least-squares map */

struct linear_llc_value {
    double lambda, error; /* n beta (E[L] - least); Monte Carlo standard error, 0 where it is exact */
    const char *how;      /* "closed form", "quadrature", "chains over the earlier layers" */
    bool converged;
};
/* At n_beta, under priors N(0, sigma^2) on all weights; least: L(theta*). */
enum status linear_llc_at(const struct linear_llc *l, double n_beta, double least, uint64_t seed, int threads,
                          const struct reporter *reporter, struct linear_llc_value *out, struct error *e);

#endif
