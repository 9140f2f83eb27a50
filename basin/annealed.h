/* The prior's mass of a region by annealed (thermodynamic) integration: Markov chains under prior x exp(-beta d) at
 * rising beta, forward from the prior or back from theta*. docs/volume.md has the mathematics.
 *
 * What it measures is the whole region, all copies of theta* included, wherever the chains can tell: d has the same
 * distribution in each of them. With a localising Gaussian it is the part near theta*.
 */
#ifndef GEARS_BASIN_ANNEALED_H
#define GEARS_BASIN_ANNEALED_H

#include "base/reporter.h"
#include "basin/estimate.h"
#include "basin/region.h"

#include <stdint.h>

struct annealed_options {
    bool reverse;        /* down the ladder `betas` from theta*; else up from the prior */
    const double *betas; /* (n_betas) rising; NULL: found on the way up, which is not for `reverse` */
    size_t n_betas;
    size_t chains;        /* 0: 4 */
    size_t warmup, draws; /* iterations of each chain at each beta; 0: 200, 300 */
    size_t longest;       /* draws are doubled up to so many where the chains have not mixed yet or too few are worth
                           * anything, the first `draws` then belonging to the warm-up; 0: 8 draws */
    size_t max_steps;     /* of a trajectory; 0: 255 */
    double factor;        /* between one beta and the next; 0: 2 */
    double localise;      /* width of the localising Gaussian about theta*, in units of sigma; 0: none */
    const double *basis;  /* V (n, n), rows orthonormal, of the Hessian in units of sigma: coordinates of the chains;
                           * NULL: those of theta */
    const double *lambda; /* (n) curvatures along them, for the first metric; NULL: 0 */
    uint64_t seed;
    int threads;
    const char *checkpoint; /* file in which each beta is kept when it is done, to be taken up again; NULL: none */
    const char *key;        /* what else defines the region: a file of another key is begun anew; NULL: "" */
    const char *what;       /* of the progress; NULL: "annealing" */
};

struct annealed_rung {
    double beta;
    double mean, error; /* of d */
    double rhat, ess;   /* of d */
    size_t draws;       /* of each chain, that count */
    double acceptance;
    double log_z; /* ln Z up to here: forward the sum from the prior on, in reverse likewise */
};

struct annealed {
    struct estimate estimate;    /* of ln of the prior's mass */
    struct annealed_rung *rungs; /* (n_rungs) rising in beta; owned */
    size_t n_rungs;
    double log_z;                     /* at the last beta */
    double first_error, ladder_error; /* standard errors: of Z at the first beta, of the integral from there */
    double discretisation;            /* of that integral: part of the standard error */
    double final_error;               /* of the last step; the estimate's error has what it shares with the ladder's */
    double worst_rhat;
    size_t evaluations, divergences;
};

/* prior with sigma. The region needs its gradient. Refused: R-hat above 1.05 at some beta or none, effective sizes
 * below 100, d that stays above the cutoff or is finite nowhere (then there are no rungs), a localising Gaussian whose
 * weights have too heavy a tail. STATUS_REFUSED: no gradient. STATUS_INTERRUPTED, STATUS_FAILED (memory). Clear in all
 * cases. */
enum status annealed_mass(const struct region *r, const struct prior *prior, const struct annealed_options *options,
                          const struct reporter *reporter, struct annealed *out, struct error *e);
void annealed_clear(struct annealed *a);

#endif
