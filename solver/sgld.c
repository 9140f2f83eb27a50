#include "solver/sgld.h"

#include "solver/linalg.h"
#include "solver/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct sgld {
    const struct sgld_target *target;
    struct sgld_options options;
    const double *start;
    double *out;
    const struct reporter *reporter;
    enum status *status; /* (chains) */
    struct error *errors;
    atomic_size_t done; /* draws of all chains */
};

static struct sgld_options filled_in(const struct sgld_options *o)
{
    struct sgld_options out = *o;
    out.memory = o->memory > 0 ? o->memory : 0.99;
    out.floor = o->floor > 0 ? o->floor : 1e-5;
    out.scale = o->scale > 0 ? o->scale : 1;
    out.chains = o->chains ? o->chains : 4;
    out.thin = o->thin ? o->thin : 1;
    return out;
}

void sgld_step(const struct sgld_target *target, const struct sgld_options *o, struct random_stream *r, double *x,
               double *v, double *noise, double *g, void *context)
{
    size_t n = target->n;
    double root = sqrt(o->step), half = o->step / 2, inverse = 1 / o->scale;
    target->gradient(r, x, g, context);
    random_normals(r, n, noise);
    if (!o->preconditioned) {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            x[i] += half * g[i] + root * noise[i];
        return;
    }
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        double mean = g[i] * inverse;
        v[i] = o->memory * v[i] + (1 - o->memory) * mean * mean;
        double a = 1 / (o->floor + sqrt(v[i]));
        x[i] += half * a * g[i] + root * sqrt(a) * noise[i];
    }
}

/* `done` steps of a chain are behind it. Streams have the highest two bits set: neither those that others count from 0,
 * nor those of sampler.h. */
static void one_step(const struct sgld *s, size_t chain, size_t done, double *x, void *context)
{
    size_t n = s->target->n;
    struct random_stream r = random_stream(s->options.seed, 3ULL << 62 | (uint64_t)chain << 40 | (uint64_t)done);
    sgld_step(s->target, &s->options, &r, x, x + n, x + 2 * n, x + 3 * n, context);
}

static enum status run_chain(struct sgld *s, size_t chain, double *x, double *q, void *context, struct error *e)
{
    const struct sgld_options *o = &s->options;
    size_t done = 0;
    memcpy(x, s->start + chain * s->target->n, s->target->n * sizeof *x);
    for (size_t draw = 0; draw < o->draws; draw++) {
        for (size_t goal = o->burn_in + (draw + 1) * o->thin; done < goal; done++) {
            if (reporter_stop_requested(s->reporter))
                return error_set(e, STATUS_INTERRUPTED, "stopped");
            one_step(s, chain, done, x, context);
        }
        if (!isfinite(linalg_norm(s->target->n, x)))
            return error_set(e, STATUS_FAILED, "Langevin chain %zu went to infinity: its step %g is too long",
                             chain + 1, o->step);
        s->target->quantities(x, q, context);
        for (size_t k = 0; k < s->target->n_quantities; k++)
            s->out[(k * o->chains + chain) * o->draws + draw] = q[k];
        size_t all = atomic_fetch_add(&s->done, 1) + 1;
        reporter_progress(s->reporter, (double)all / (double)(o->chains * o->draws), "Langevin steps");
    }
    return STATUS_OK;
}

static void chain_task(size_t chain, void *context)
{
    struct sgld *s = context;
    const struct sgld_target *t = s->target;
    double *x = calloc(4 * t->n + t->n_quantities, sizeof *x);
    void *own = t->shared;
    enum status status = STATUS_OK;
    if (!x) {
        s->status[chain] = error_memory(&s->errors[chain]);
        return;
    }
    if (t->context_new)
        status = t->context_new(t->shared, &own, &s->errors[chain]);
    if (!status) {
        status = run_chain(s, chain, x, x + 4 * t->n, own, &s->errors[chain]);
        if (t->context_free)
            t->context_free(own);
    }
    s->status[chain] = status;
    free(x);
}

enum status sgld_run(const struct sgld_target *target, const struct sgld_options *options, const double *start,
                     double *out, const struct reporter *reporter, struct error *e)
{
    struct sgld s = {.target = target, .options = filled_in(options), .start = start, .out = out, .reporter = reporter};
    size_t chains = s.options.chains;
    enum status status = STATUS_OK;
    s.out = out;
    atomic_init(&s.done, 0);
    s.status = calloc(chains, sizeof *s.status);
    s.errors = calloc(chains, sizeof *s.errors);
    if (!s.status || !s.errors) {
        status = error_memory(e);
        goto out;
    }
    int blas = linalg_set_threads(1);
    parallel_map(chains, s.options.threads, chain_task, &s);
    linalg_set_threads(blas);
    for (size_t i = 0; i < chains && !status; i++)
        if (s.status[i])
            status = error_set(e, s.status[i], "%s", s.errors[i].message);
out:
    free(s.status);
    free(s.errors);
    return status;
}
