/* Stochastic-gradient Langevin dynamics (Welling and Teh 2011), plain or preconditioned by the root mean square of
 * recent gradients (Li, Chen, Carlson and Carin, AAAI 2016), for comparison with sampler.h: nothing is accepted or
 * rejected, so that its draws are off by an amount of the order of the step, and more with noisy gradients. */
#ifndef GEARS_SOLVER_SGLD_H
#define GEARS_SOLVER_SGLD_H

#include "base/error.h"
#include "base/reporter.h"
#include "solver/random.h"

#include <stdbool.h>

struct sgld_target {
    size_t n; /* dimensions */
    /* g (n) := an estimate of the gradient of the log density at x (n); what it draws, of a batch say, it draws from r.
     * Called from several threads at once, with a context for each. */
    void (*gradient)(struct random_stream *r, const double *x, double *g, void *context);
    /* What is recorded with every draw: q (n_quantities) at x. */
    void (*quantities)(const double *x, double *q, void *context);
    size_t n_quantities;
    enum status (*context_new)(void *shared, void **context, struct error *e); /* NULL: `shared` is that of all */
    void (*context_free)(void *context);
    void *shared;
};

/* x += step/2 A g + N(0, step A): A = 1, or preconditioned A = diag 1/(floor + sqrt v), v := memory v + (1 - memory)
 * (g/scale)^2. As in the paper's experiments the derivative of A (its Gamma) is left out. */
struct sgld_options {
    double step;
    bool preconditioned;
    double memory, floor;        /* 0: 0.99, 1e-5 */
    double scale;                /* of the gradient, as the number of examples is; 0: 1 */
    size_t chains;               /* 0: 4 */
    size_t burn_in, draws, thin; /* steps before the first draw, draws, steps for one draw (0: 1) */
    uint64_t seed;
    int threads;
};

/* start (chains, n) -> out (n_quantities, chains, draws): what diagnostics.h reads. Random numbers are keyed by (seed,
 * chain, step): the same for any number of threads. STATUS_FAILED: memory, a chain that went to infinity.
 * STATUS_INTERRUPTED. */
enum status sgld_run(const struct sgld_target *target, const struct sgld_options *options, const double *start,
                     double *out, const struct reporter *reporter, struct error *e);

/* One step of a chain at x (n): v (n) its running squares; noise, g (n) scratch. */
void sgld_step(const struct sgld_target *target, const struct sgld_options *options, struct random_stream *r, double *x,
               double *v, double *noise, double *g, void *context);

#endif
