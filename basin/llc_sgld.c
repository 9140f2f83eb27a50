/* The learning coefficient at the point as the field's tools measure it, by preconditioned stochastic-gradient Langevin
 * dynamics on batches, for comparison. */
#include "basin/llc.h"
#include "basin/minibatch.h"
#include "solver/diagnostics.h"
#include "solver/sgld.h"

#include <math.h>
#include <stdlib.h>

enum { CHAINS = 4, BURN_IN = 2000, DRAWS = 4000, BATCH = 128 };

/* Of one thread. */
struct chain_context {
    const struct llc *l;
    struct minibatch *batch;
    struct tape *tape; /* of all examples */
};

static void context_free(void *context)
{
    struct chain_context *c = context;
    minibatch_free(c->batch);
    tape_free(c->tape);
    free(c);
}

static enum status context_new(void *shared, void **out, struct error *e)
{
    struct chain_context *c = calloc(1, sizeof *c);
    if (!c)
        return error_memory(e);
    c->l = shared;
    enum status status = minibatch_new(c->l->m->problem, BATCH, &c->batch, e);
    if (!status)
        status = tape_new(c->l->m->problem, &c->tape, e);
    if (status)
        context_free(c);
    else
        *out = c;
    return status;
}

static void gradient(struct random_stream *r, const double *x, double *g, void *context)
{
    const struct chain_context *c = context;
    const struct llc *l = c->l;
    minibatch_gradient(c->batch, r, x, g);
    for (size_t i = 0; i < l->m->problem->network.n_parameters; i++)
        g[i] = -l->n_beta * g[i] - l->gamma * (x[i] - l->m->theta[i]);
}

static void loss_of_all(const double *x, double *q, void *context)
{
    const struct chain_context *c = context;
    *q = tape_loss(c->tape, x);
}

enum status llc_measure_sgld(struct llc *l, const struct reporter *reporter, struct error *e)
{
    size_t N = l->m->problem->network.n_parameters;
    struct sgld_target target = {.n = N,
                                 .gradient = gradient,
                                 .quantities = loss_of_all,
                                 .n_quantities = 1,
                                 .context_new = context_new,
                                 .context_free = context_free,
                                 .shared = l};
    struct sgld_options o = {.step = l->sgld_step,
                             .preconditioned = true,
                             .floor =
                                 0.1, /* in units of the loss's gradient; the paper's 1e-5 is for losses far from 0 */
                             .scale = l->n_beta,
                             .chains = CHAINS,
                             .burn_in = BURN_IN,
                             .draws = DRAWS,
                             .seed = l->m->seed,
                             .threads = l->m->threads};
    struct diagnostics d;
    struct error inner = {0};
    double *memory = malloc((CHAINS * N + (size_t)CHAINS * DRAWS) * sizeof *memory);
    if (!memory)
        return error_memory(e);
    double *losses = memory + CHAINS * N;
    for (size_t i = 0; i < CHAINS * N; i++)
        memory[i] = l->m->theta[i % N];
    enum status status = sgld_run(&target, &o, memory, losses, reporter, &inner);
    if (status == STATUS_FAILED && inner.message[0]) { /* a step too long is a result */
        l->sgld = (struct llc_point){.n_beta = l->n_beta, .lambda = NAN, .error = NAN, .rhat = NAN};
        status = STATUS_OK;
    } else if (status)
        error_set(e, status, "%s", inner.message);
    else if (!(status = diagnostics_of(CHAINS, DRAWS, losses, &d, e)))
        l->sgld = (struct llc_point){.n_beta = l->n_beta,
                                     .lambda = l->n_beta * (d.mean - l->least),
                                     .error = l->n_beta * d.mcse,
                                     .rhat = d.rhat,
                                     .ess_bulk = d.ess_bulk,
                                     .ess_tail = d.ess_tail,
                                     .converged = d.rhat < 1.01 && d.ess_bulk >= 400 && d.ess_tail >= 400};
    free(memory);
    return status;
}
