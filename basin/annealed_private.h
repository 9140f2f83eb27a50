/* What annealed.c, annealed_base.c and annealed_sum.c share: the ladder and the target of its chains. */
#ifndef GEARS_BASIN_ANNEALED_PRIVATE_H
#define GEARS_BASIN_ANNEALED_PRIVATE_H

#include "basin/annealed.h"

enum { ANNEALED_RUNGS = 200 };
#define ANNEALED_RHAT_MOST 1.05

/* What is kept of a rung's draws. */
struct rung_draws {
    size_t n;     /* of each chain */
    double *d;    /* (chains, n) */
    double *away; /* (chains, n) what the localising Gaussian takes away; in the same block */
};

/* Everything that does not change from one beta to the next. The chains live in x, theta = mean + width V^T x, where
 * what does not depend on d is N(0, 1): the prior, times the localising Gaussian if there is one. */
struct ladder {
    const struct region *region;
    const struct prior *prior;
    struct annealed_options o; /* defaults filled in */
    const struct reporter *reporter;
    double *mean, *width;      /* (n) */
    double log_base;           /* ln of what the localising Gaussian integrates to under the prior */
    double *state, *variances; /* (chains, n), (n) */
    struct annealed *out;
    struct records *kept;
    double *integrand, *slope;               /* (ANNEALED_RUNGS) of the integral in ln beta */
    double *weight, *curvature;              /* (ANNEALED_RUNGS) what these count for in it; in the same block */
    struct rung_draws draws[ANNEALED_RUNGS]; /* of the rungs */
    double *scratch;                         /* (chains, longest) */
};

/* The target as solver/sampler.h wants it; `shared` is the ladder. */
enum status annealed_seat_new(void *shared, void **context, struct error *e);
void annealed_seat_free(void *context);
double annealed_evaluate(double beta, const double *x, double *gradient, double *tempered, void *context);
/* |theta - theta*|^2/2 in units of the localising width: what is to be put back. */
void annealed_localised_away(const double *x, double *q, void *context);

/* Draws of the base (the prior, localised or not): the first beta, unless there is a ladder already, ln Z there and its
 * standard error; the chains' states are the first of them where d is finite. Where it is nowhere the estimate is
 * refused, and without a ladder beta is NAN. Down a ladder they are other draws than up. */
enum status annealed_weigh_base(struct ladder *l, double *beta, double *log_z, double *error, struct error *e);

size_t annealed_size(const struct ladder *l, size_t rung); /* draws of all chains */

/* The last step: ln < e^{beta d} 1{d <= c} >, the localising Gaussian put back. -INFINITY: no draw is inside. */
struct last_step {
    double log_value, error, ess, largest_share;
};
struct last_step annealed_last_step(const struct ladder *l, size_t rung);

/* From the rungs' draws and ln Z at the first beta, with its error, to the estimate. */
void annealed_sum_up(struct ladder *l, double log_z_first, double first_error);

#endif
