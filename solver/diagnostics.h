/* Have Markov chains converged, and how many independent draws are theirs worth? (Vehtari, Gelman, Simpson, Carpenter
 * and Buerkner, Bayesian Analysis 16 (2021) 667.) */
#ifndef GEARS_SOLVER_DIAGNOSTICS_H
#define GEARS_SOLVER_DIAGNOSTICS_H

#include "base/error.h"

#include <stddef.h>

struct diagnostics {
    double mean, sd; /* of all draws; sd with divisor draws - 1 */
    double rhat; /* rank-normalised split R-hat, the larger one of the draws and of their distances from the median */
    double ess_bulk; /* effective sample size of the rank-normalised draws */
    double ess_tail; /* the smaller one of those of the 5 % and 95 % quantiles */
    double ess_mean; /* of the draws as they are: heavy tails show here */
    double mcse;     /* standard error of the mean, sd / sqrt(ess_mean) */
};

/* x (chains, draws), draws >= 4. NAN where something is undefined: a draw that is not finite, draws that are all the
 * same (ess_tail also where a quantile has none on its other side). STATUS_FAILED: memory. */
enum status diagnostics_of(size_t chains, size_t draws, const double *x, struct diagnostics *out, struct error *e);

#endif
