#include "basin/llc_curve.h"

#include "solver/diagnostics.h"
#include "solver/random.h"
#include "solver/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_PRIOR = SAMPLER_OWN };
enum { STREAM_START = 200 };

/* A model, and the context that belongs to a thread. */
struct own {
    const struct llc_model *model;
    void *context;
};

static enum status own_new(void *shared, void **out, struct error *e)
{
    const struct llc_model *model = shared;
    struct own *own = malloc(sizeof *own);
    if (!own)
        return error_memory(e);
    *own = (struct own){.model = model, .context = model->shared};
    enum status status = model->context_new ? model->context_new(model->shared, &own->context, e) : STATUS_OK;
    if (status)
        free(own);
    else
        *out = own;
    return status;
}

static void own_free(void *context)
{
    struct own *own = context;
    if (own->model->context_free)
        own->model->context_free(own->context);
    free(own);
}

static double log_prior(const struct llc_model *model, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < model->n; i++) {
        double z = (x[i] - model->centre[i]) / model->width[i];
        sum -= z * z / 2;
    }
    return sum;
}

static double evaluate(double n_beta, const double *x, double *gradient, double *tempered, void *context)
{
    const struct own *own = context;
    const struct llc_model *model = own->model;
    double loss = model->loss(x, gradient, own->context) - model->least;
    for (size_t i = 0; i < model->n; i++)
        gradient[i] = -n_beta * gradient[i] - (x[i] - model->centre[i]) / (model->width[i] * model->width[i]);
    *tempered = -loss;
    return log_prior(model, x) - n_beta * loss;
}

static void quantities(const double *x, double *q, void *context)
{
    const struct own *own = context;
    *q = log_prior(own->model, x);
}

static enum status diagnose_point(const struct sampler *s, size_t rung, double *scratch, struct llc_point *out,
                                  struct error *e)
{
    size_t chains = sampler_chains(s), draws = sampler_draws(s);
    struct sampler_rung r = sampler_rung(s, rung);
    struct diagnostics loss, prior;
    sampler_copy(s, rung, SAMPLER_TEMPERED_MEAN, scratch);
    enum status status = diagnostics_of(chains, draws, scratch, &loss, e);
    sampler_copy(s, rung, LOG_PRIOR, scratch);
    if (!status)
        status = diagnostics_of(chains, draws, scratch, &prior, e);
    if (status)
        return status;
    *out = (struct llc_point){.n_beta = r.beta,
                              .lambda = -r.beta * loss.mean,
                              .error = r.beta * loss.mcse,
                              .rhat = fmax(loss.rhat, prior.rhat),
                              .ess_bulk = fmin(loss.ess_bulk, prior.ess_bulk),
                              .ess_tail = fmin(loss.ess_tail, prior.ess_tail),
                              .acceptance = r.acceptance,
                              .swap_acceptance = r.swap_acceptance,
                              .steps = r.steps,
                              .divergences = r.divergences};
    bool defined = !isnan(loss.rhat) && !isnan(prior.rhat) && !isnan(loss.ess_tail) && !isnan(prior.ess_tail);
    out->converged = defined && out->rhat < 1.01 && out->ess_bulk >= 400 && out->ess_tail >= 400;
    return STATUS_OK;
}

static enum status diagnose(const struct sampler *s, struct llc_curve *out, bool *good, struct error *e)
{
    double *scratch = malloc(sampler_chains(s) * sampler_draws(s) * sizeof *scratch);
    enum status status = STATUS_OK;
    if (!scratch)
        return error_memory(e);
    *good = true;
    for (size_t k = 0; k < out->n_points && !status; k++) {
        status = diagnose_point(s, k, scratch, &out->points[k], e);
        *good &= !status && out->points[k].converged;
    }
    const struct llc_point *target = &out->points[out->target];
    *good &= target->error < 0.01 * target->lambda;
    if (*good) {
        struct llc_fit fit;
        llc_fit_curve(out, &fit);
        *good = !fit.found || llc_fit_is_settled(&fit);
    }
    out->draws = sampler_draws(s);
    out->chains = sampler_chains(s);
    out->evaluations = sampler_evaluations(s);
    free(scratch);
    return status;
}

static double *starts(const struct llc_model *model, size_t chains, uint64_t seed)
{
    double *start = malloc(chains * model->n * sizeof *start);
    for (size_t c = 0; start && c < chains; c++) {
        struct random_stream r = random_stream(seed, STREAM_START + c);
        for (size_t i = 0; i < model->n; i++)
            start[c * model->n + i] = model->centre[i] + model->spread * model->width[i] * random_normal(&r);
    }
    return start;
}

enum status llc_curve_measure(const struct llc_model *model, const struct llc_options *o,
                              const struct reporter *reporter, struct llc_curve *out, struct error *e)
{
    enum { DENSE_MOST = 100, ALONE_STEPS = 4095, LADDER_STEPS = 15, THIN_MOST = 16, THIN_WORK = 256 };
    bool ladder = o->rungs > 1; /* exchanges go along the ridges, and the more of them the better */
    size_t thin = model->n < THIN_WORK ? THIN_WORK / model->n : 1;
    struct sampler_target target = {.n = model->n,
                                    .evaluate = evaluate,
                                    .quantities = quantities,
                                    .n_quantities = 1,
                                    .context_new = own_new,
                                    .context_free = own_free,
                                    .shared = (void *)model};
    struct sampler_options options = {.metric = model->n <= DENSE_MOST ? SAMPLER_DENSE : SAMPLER_DIAGONAL,
                                      .acceptance = 0.95,
                                      .chains = o->chains ? o->chains : 4,
                                      .warmup = o->warmup,
                                      .betas = o->n_betas,
                                      .n_betas = o->rungs,
                                      .thin = !ladder            ? 1
                                              : thin < THIN_MOST ? thin
                                                                 : THIN_MOST,
                                      .max_steps = ladder ? LADDER_STEPS : ALONE_STEPS,
                                      .seed = o->seed,
                                      .threads = o->threads,
                                      .what = o->what,
                                      .checkpoint = o->checkpoint,
                                      .key = o->key};
    size_t draws = o->draws ? o->draws : 1000, most = o->draws_most ? o->draws_most : 16000;
    double *start = starts(model, options.chains, o->seed);
    struct sampler *s = NULL;
    bool good = false;
    *out = (struct llc_curve){.n_points = o->rungs, .target = o->target, .n_parameters = model->n};
    if (!start)
        return error_memory(e);
    enum status status = sampler_new(&target, &options, start, &s, e);
    for (; !status && !good; draws *= 2) {
        status = sampler_run(s, draws, reporter, e);
        if (!status)
            status = diagnose(s, out, &good, e);
        if (2 * draws > most)
            break;
    }
    sampler_free(s);
    free(start);
    return status;
}
