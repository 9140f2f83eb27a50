/* Markov chains for a density that is known up to a constant: Hamiltonian Monte Carlo in its no-U-turn form (Hoffman
 * and Gelman 2014, multinomial with Betancourt's 2017 criterion), with trajectories of jittered length (Neal 2011), or
 * of one step, which is the Metropolis-adjusted Langevin algorithm (Roberts and Tweedie 1996; Neal 2011, 5.2). The
 * step is adapted by dual averaging (Hoffman and Gelman 2014, 3.2), the metric over Stan's expanding windows (Carpenter
 * et al. 2017). Every chain can be a ladder of temperatures that exchange states (Geyer 1991; even and odd pairs in
 * turn, Syed et al. 2022).
 *
 * Random numbers are keyed by (seed, chain, iteration): the same seed gives the same draws, bit for bit, for any number
 * of threads, and whether or not a run was stopped and taken up again.
 */
#ifndef GEARS_SOLVER_SAMPLER_H
#define GEARS_SOLVER_SAMPLER_H

#include "base/error.h"
#include "base/reporter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* p(x) proportional to exp(reference(x) + beta tempered(x)): say a prior and minus a loss. Where nothing is tempered,
 * all of it is `tempered` and beta is 1. */
struct sampler_target {
    size_t n; /* dimensions */
    /* reference(x) + beta tempered(x) at x (n), its gradient into gradient (n), tempered(x) into *tempered. Outside the
     * support, or where it overflows: anything that is not finite. It may be called from several threads at once, with
     * a context for each. A function of beta and x alone. */
    double (*evaluate)(double beta, const double *x, double *gradient, double *tempered, void *context);
    /* What is recorded with every draw besides: q (n_quantities) at x. May be NULL. */
    void (*quantities)(const double *x, double *q, void *context);
    size_t n_quantities;
    /* A context for one thread (a tape, scratch); without context_new `shared` itself is the context of all. */
    enum status (*context_new)(void *shared, void **context, struct error *e);
    void (*context_free)(void *context);
    void *shared;
};

enum sampler_kernel {
    SAMPLER_NUTS, /* trajectories that end where they turn back */
    SAMPLER_HMC,  /* trajectories whose number of steps is uniform on 1 .. 2 trajectory/step - 1, the step (unless it is
                   * fixed) on 0.6 .. 1 of the adapted one (Neal 2011, 5.4.2.2) */
    SAMPLER_MALA  /* one step */
};
/* The inverse mass: the variances, or the covariance, of the warm-up's draws; or for each coordinate the standard
 * deviation of the draws over that of the gradients. For a normal density without correlations that is the variance
 * too, however few draws there are and however little they have moved: the one that is nearest in Fisher divergence
 * (Seyboldt, Carlson and Carpenter, arXiv 2603.18845). */
enum sampler_metric { SAMPLER_DIAGONAL, SAMPLER_DENSE, SAMPLER_UNIT, SAMPLER_FISHER };

struct sampler_options {
    enum sampler_kernel kernel;
    enum sampler_metric metric;
    size_t chains;           /* 0: 4 */
    size_t warmup;           /* iterations of each chain that adapt and are not kept; 0: 1000 */
    size_t thin;             /* iterations for one draw; 0: 1 */
    double acceptance;       /* that dual averaging aims at; 0: 0.8, MALA 0.574 */
    double step;             /* fixed, in units of the metric; 0: adapted */
    bool smallest_step;      /* all chains take the smallest of the steps they adapted, not the geometric mean: some of
                              * them may be where it has to be short */
    double trajectory;       /* HMC: mean length, in units of the metric; 0: pi/2 */
    size_t max_steps;        /* of one trajectory; 0: 1023. NUTS rounds down to 2^k - 1 */
    const double *variances; /* (n) the metric to begin with; NULL: 1 */
    const double *betas;     /* (n_betas) rungs of the ladder; rung 0 is the target; copied. NULL: one, at beta 1 */
    size_t n_betas;
    bool keep_positions; /* x of every draw of every rung: draws x chains x rungs x n doubles */
    uint64_t seed;
    int threads;            /* as parallel_map */
    const char *what;       /* of the progress messages; NULL: "sampling" */
    const char *checkpoint; /* file to write every minute and when stopped, and to resume from; NULL: none; copied */
    const char *key;        /* what else defines the target: a checkpoint with another key or other options of ours is
                             * not used; NULL: "" */
};

/* What a rung of the ladder did after warm-up, all chains together. */
struct sampler_rung {
    double beta, step;
    double acceptance;      /* mean Metropolis probability along the trajectories */
    double swap_acceptance; /* with the next rung; NAN: there is none */
    size_t divergences;     /* trajectories whose energy went off by more than 1000 */
    size_t saturated;       /* trajectories that were cut off at max_steps */
    double steps;           /* mean number of leapfrog steps of an iteration */
};

/* Quantities of every draw of every rung that are there without asking; the target's own follow. The mean of what is
 * tempered is over all `thin` iterations of the draw. */
enum sampler_quantity { SAMPLER_TEMPERED, SAMPLER_TEMPERED_MEAN, SAMPLER_LOG_DENSITY, SAMPLER_OWN };

struct sampler;

/* start (chains, n): where the chains begin (all rungs of it). Resumes from the checkpoint where there is a valid one.
 * STATUS_FAILED: memory, a start where the density is 0 or not finite. Free in any case. */
enum status sampler_new(const struct sampler_target *target, const struct sampler_options *options, const double *start,
                        struct sampler **out, struct error *e);
void sampler_free(struct sampler *s);

/* Warm up, if that is not done yet, and go on until each chain has `draws` draws. May be called again with more.
 * STATUS_INTERRUPTED: stopped between iterations, the checkpoint is written; may be called again. STATUS_FAILED:
 * memory, the checkpoint could not be written. */
enum status sampler_run(struct sampler *s, size_t draws, const struct reporter *reporter, struct error *e);

size_t sampler_chains(const struct sampler *s);
size_t sampler_draws(const struct sampler *s); /* that every chain has */
struct sampler_rung sampler_rung(const struct sampler *s, size_t rung);
size_t sampler_evaluations(const struct sampler *s); /* of the target, warm-up included */
/* out (chains, draws) := a quantity of a rung: what diagnostics.h reads. */
void sampler_copy(const struct sampler *s, size_t rung, size_t quantity, double *out);
/* x (n) of a draw, with keep_positions; of the last iteration. Owned by the sampler, until the next run. */
const double *sampler_position(const struct sampler *s, size_t chain, size_t rung, size_t draw);
const double *sampler_last(const struct sampler *s, size_t chain, size_t rung);
/* The metric of a rung: variances (n), or with SAMPLER_DENSE the covariance (n, n). */
const double *sampler_variances(const struct sampler *s, size_t rung);

#endif
