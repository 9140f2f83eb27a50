#include "basin/annealed_private.h"

#include "base/records.h"
#include "base/text.h"
#include "solver/diagnostics.h"
#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/random.h"
#include "solver/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 4, WARMUP = 200, DRAWS = 300, STEPS = 255, RESTARTS = 2 };
static const double NEAR_ENOUGH = 1.03, STUCK = 0.02; /* of iterations that diverge */

/* --- one beta */

size_t annealed_size(const struct ladder *l, size_t rung)
{
    return l->o.chains * l->draws[rung].n;
}

static double variance_of(size_t n, const double *x, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (double)(n - 1);
}

/* The last n draws of each chain. */
static enum status take_draws(struct ladder *l, const struct sampler *s, size_t rung, size_t n, struct error *e)
{
    struct rung_draws *draws = &l->draws[rung];
    size_t all = sampler_draws(s);
    free(draws->d);
    draws->n = n;
    draws->d = malloc(2 * annealed_size(l, rung) * sizeof *draws->d);
    if (!draws->d)
        return error_memory(e);
    draws->away = draws->d + annealed_size(l, rung);
    for (size_t k = 0; k < 2; k++) {
        double *to = k ? draws->away : draws->d;
        sampler_copy(s, 0, k ? SAMPLER_OWN : SAMPLER_TEMPERED, l->scratch);
        for (size_t c = 0; c < l->o.chains; c++)
            memcpy(to + c * n, l->scratch + c * all + all - n, n * sizeof *to);
    }
    for (size_t i = 0; i < annealed_size(l, rung); i++)
        draws->d[i] = -draws->d[i];
    return STATUS_OK;
}

static enum status look_at_draws(struct ladder *l, const struct sampler *s, size_t rung, double beta, struct error *e)
{
    const struct rung_draws *draws = &l->draws[rung];
    struct diagnostics g;
    enum status status = diagnostics_of(l->o.chains, draws->n, draws->d, &g, e);
    if (status)
        return status;
    l->out->rungs[rung] = (struct annealed_rung){.beta = beta,
                                                 .mean = g.mean,
                                                 .error = g.mcse,
                                                 .rhat = g.rhat,
                                                 .ess = fmin(g.ess_bulk, g.ess_mean),
                                                 .draws = draws->n,
                                                 .acceptance = sampler_rung(s, 0).acceptance,
                                                 .log_z = NAN};
    l->integrand[rung] = beta * g.mean;
    l->slope[rung] = beta * g.mean - beta * beta * variance_of(annealed_size(l, rung), draws->d, g.mean);
    return STATUS_OK;
}

/* Near enough to the cutoff for the last step. */
static bool is_last(const struct ladder *l, size_t rung)
{
    return l->o.reverse ? rung + 1 == l->o.n_betas : l->out->rungs[rung].mean <= NEAR_ENOUGH * l->region->cutoff;
}

static bool good_enough(const struct ladder *l, size_t rung)
{
    const struct annealed_rung *r = &l->out->rungs[rung];
    return r->rhat <= ANNEALED_RHAT_MOST && r->ess >= ESTIMATE_LEAST_ESS &&
           (!is_last(l, rung) || annealed_last_step(l, rung).ess >= ESTIMATE_LEAST_ESS);
}

static bool asked_to_stop(void *context)
{
    return reporter_stop_requested(((const struct ladder *)context)->reporter);
}

/* Draws that count of `all`. */
static size_t counted(const struct ladder *l, size_t all)
{
    return all > l->o.draws ? all - l->o.draws : all;
}

/* A rung as numbers: its beta, what is known of it, its draws, and where the chains and the metric are. */
static size_t record_size(const struct ladder *l, size_t draws)
{
    return 10 + 2 * l->o.chains * draws + (l->o.chains + 1) * l->region->n;
}

static void pack(struct ladder *l, size_t rung, bool back, double *record)
{
    struct annealed_rung *r = &l->out->rungs[rung];
    double *part[] = {&r->beta, &r->mean,       &r->error,           &r->rhat,
                      &r->ess,  &r->acceptance, &l->integrand[rung], &l->slope[rung]};
    struct {
        double *at;
        size_t n;
    } arrays[] = {{l->draws[rung].d, 2 * annealed_size(l, rung)},
                  {l->state, (l->o.chains + 1) * l->region->n}}; /* the variances stand behind the state */
    for (size_t i = 0; i < 8; i++, record++)
        *(back ? part[i] : record) = back ? *record : *part[i];
    record += 2;
    for (size_t i = 0; i < 2; i++) {
        memcpy(back ? arrays[i].at : record, back ? record : arrays[i].at, arrays[i].n * sizeof *record);
        record += arrays[i].n;
    }
}

static uint64_t record_id(const struct ladder *l, size_t rung)
{
    return rung + (l->o.reverse ? ANNEALED_RUNGS : 0);
}

/* The rung of an earlier run, if it was at this beta. */
static bool recall(struct ladder *l, size_t rung, double beta, double *record)
{
    struct rung_draws *draws = &l->draws[rung];
    for (size_t all = l->o.draws; all <= l->o.longest; all *= 2) {
        draws->n = counted(l, all);
        if (!records_find(l->kept, record_id(l, rung), record_size(l, draws->n), record) || record[0] != beta)
            continue;
        draws->d = malloc(2 * annealed_size(l, rung) * sizeof *draws->d);
        if (!draws->d)
            return false;
        draws->away = draws->d + annealed_size(l, rung);
        pack(l, rung, true, record);
        l->out->rungs[rung].draws = draws->n;
        l->out->rungs[rung].log_z = NAN;
        l->out->evaluations += (size_t)record[8];
        l->out->divergences += (size_t)record[9];
        return true;
    }
    return false;
}

static enum status sample_anew(struct ladder *l, size_t rung, double beta, struct error *e);

static enum status sample(struct ladder *l, size_t rung, double beta, struct error *e)
{
    double *record = calloc(record_size(l, l->o.longest), sizeof *record);
    if (!record)
        return error_memory(e);
    enum status status = STATUS_OK;
    if (!recall(l, rung, beta, record)) {
        size_t evaluations = l->out->evaluations, divergences = l->out->divergences;
        status = sample_anew(l, rung, beta, e);
        if (!status) {
            pack(l, rung, false, record);
            record[8] = (double)(l->out->evaluations - evaluations);
            record[9] = (double)(l->out->divergences - divergences);
            status = records_add(l->kept, record_id(l, rung), record_size(l, l->draws[rung].n), record, e);
        }
    }
    free(record);
    return status;
}

/* A chain that cannot move has got to where the step, which is common to all of them, is too long. */
static bool one_is_stuck(const struct sampler *s)
{
    size_t iterations = sampler_chains(s) * sampler_draws(s);
    return (double)sampler_rung(s, 0).divergences > STUCK * (double)iterations;
}

/* Until they are enough, or as many as are allowed; *stuck, where that is asked for: it would not help. */
static enum status run_chains(struct ladder *l, struct sampler *s, size_t rung, double beta, bool *stuck,
                              struct error *e)
{
    struct reporter quiet = {.stop_requested = asked_to_stop, .context = l}; /* progress is by betas */
    enum status status = STATUS_OK;
    for (size_t all = l->o.draws; all <= l->o.longest && !status; all *= 2) {
        status = sampler_run(s, all, &quiet, e);
        if (!status)
            status = take_draws(l, s, rung, counted(l, all), e);
        if (!status)
            status = look_at_draws(l, s, rung, beta, e);
        if (!status && good_enough(l, rung))
            break;
        if (!status && stuck && (*stuck = one_is_stuck(s)))
            break;
    }
    return status;
}

/* Sample at beta from l->state on; state and metric stay for what comes next. */
static enum status sample_with(struct ladder *l, size_t rung, double beta, int restart, bool *stuck, struct error *e)
{
    static const double aims[2][RESTARTS + 1] = {{0.7, 0.8, 0.9}, {0.8, 0.9, 0.95}};
    size_t n = l->region->n;
    bool small = n <= 300;
    struct sampler_target target = {.n = n,
                                    .evaluate = annealed_evaluate,
                                    .quantities = annealed_localised_away,
                                    .n_quantities = 1,
                                    .context_new = annealed_seat_new,
                                    .context_free = annealed_seat_free,
                                    .shared = l};
    struct sampler_options options = {.kernel = small ? SAMPLER_NUTS : SAMPLER_HMC,
                                      .metric = small ? SAMPLER_DIAGONAL : SAMPLER_FISHER,
                                      .chains = l->o.chains,
                                      .warmup = l->o.warmup,
                                      .max_steps = l->o.max_steps,
                                      .acceptance = aims[small][restart],
                                      .smallest_step = restart > 0,
                                      .trajectory = small ? 0 : M_PI,
                                      .variances = l->variances,
                                      .betas = &beta,
                                      .n_betas = 1,
                                      .seed = l->o.seed + 7919 * (rung + 1) + (l->o.reverse ? 104729 : 0) +
                                              15485863 * (uint64_t)restart,
                                      .threads = l->o.threads};
    struct sampler *s = NULL;
    enum status status = sampler_new(&target, &options, l->state, &s, e);
    if (!status)
        status = run_chains(l, s, rung, beta, stuck, e);
    for (size_t c = 0; c < l->o.chains && !status; c++)
        memcpy(l->state + c * n, sampler_last(s, c, 0), n * sizeof *l->state);
    if (!status) {
        memcpy(l->variances, sampler_variances(s, 0), n * sizeof *l->variances);
        l->out->divergences += sampler_rung(s, 0).divergences;
        l->out->evaluations += sampler_evaluations(s);
    }
    sampler_free(s);
    return status;
}

/* Where a chain is stuck all of them adapt anew from where they are, to shorter steps. */
static enum status sample_anew(struct ladder *l, size_t rung, double beta, struct error *e)
{
    enum status status = STATUS_OK;
    bool stuck = true;
    for (int restart = 0; restart <= RESTARTS && stuck && !status; restart++) {
        stuck = false;
        status = sample_with(l, rung, beta, restart, restart < RESTARTS ? &stuck : NULL, e);
    }
    return status;
}

/* --- up and down */

/* By how much beta is to grow for <d> to be at the cutoff, where it falls as it does at this rung: d ln<d>/d ln beta =
 * -beta Var d/<d>. The closer it gets, the more draws count in the last step. */
static double ratio_to_cutoff(const struct ladder *l, size_t rung)
{
    double power = (l->integrand[rung] - l->slope[rung]) / l->integrand[rung];
    return pow(l->out->rungs[rung].mean / l->region->cutoff, 1 / fmin(fmax(power, 0.3), 1));
}

static enum status climb(struct ladder *l, double beta, struct error *e)
{
    double cutoff = l->region->cutoff, factor = l->o.factor;
    enum status status = STATUS_OK;
    for (size_t k = 0; k < ANNEALED_RUNGS && !status; k++) {
        status = sample(l, k, beta, e);
        if (status)
            break;
        l->out->n_rungs = k + 1;
        double mean = l->out->rungs[k].mean;
        if (is_last(l, k))
            return STATUS_OK;
        beta *= fmin(factor, fmax(ratio_to_cutoff(l, k), 1.05));
        reporter_progress(l->reporter, fmin(log(l->out->rungs[0].mean / mean) / log(l->out->rungs[0].mean / cutoff), 1),
                          l->o.what);
    }
    if (!status)
        estimate_refuse(&l->out->estimate, "the sameness stays above the cutoff at beta = %.3g", beta);
    return status;
}

static enum status descend(struct ladder *l, struct error *e)
{
    enum status status = STATUS_OK;
    size_t n = l->region->n;
    l->out->n_rungs = l->o.n_betas;
    for (size_t i = 0; i < n; i++) {
        double x = 0;
        for (size_t j = 0; j < n && l->o.basis; j++)
            x += l->o.basis[i * n + j] * (l->region->centre[j] - l->mean[j]) / l->width[j];
        if (!l->o.basis)
            x = (l->region->centre[i] - l->mean[i]) / l->width[i];
        for (size_t c = 0; c < l->o.chains; c++)
            l->state[c * n + i] = x;
        l->variances[i] = 1 / (1 + l->o.betas[l->o.n_betas - 1] * (l->o.lambda ? fmax(l->o.lambda[i], 0) : 0));
    }
    for (size_t k = l->o.n_betas; k-- > 0 && !status;) {
        status = sample(l, k, l->o.betas[k], e);
        reporter_progress(l->reporter, (double)(l->o.n_betas - k) / (double)l->o.n_betas, l->o.what);
    }
    return status;
}

static enum status ladder_init(struct ladder *l, struct error *e)
{
    size_t n = l->region->n;
    double narrow = l->o.localise > 0 ? 1 / (l->o.localise * l->o.localise) : 0;
    l->mean = malloc(2 * n * sizeof *l->mean);
    l->state = malloc((l->o.chains + 1) * n * sizeof *l->state);
    l->integrand = calloc((size_t)4 * ANNEALED_RUNGS, sizeof *l->integrand);
    l->scratch = malloc(l->o.chains * l->o.longest * sizeof *l->scratch);
    l->out->rungs = calloc(ANNEALED_RUNGS, sizeof *l->out->rungs);
    if (!l->mean || !l->state || !l->integrand || !l->scratch || !l->out->rungs) {
        error_memory(e);
        return STATUS_FAILED;
    }
    l->width = l->mean + n;
    l->variances = l->state + l->o.chains * n;
    l->slope = l->integrand + ANNEALED_RUNGS;
    l->weight = l->slope + ANNEALED_RUNGS;
    l->curvature = l->weight + ANNEALED_RUNGS;
    for (size_t i = 0; i < n; i++) {
        double m = l->prior->mean ? l->prior->mean[i] : 0, s = l->prior->sigma[i];
        double off = (l->region->centre[i] - m) / s;
        l->mean[i] = m + s * off * narrow / (1 + narrow);
        l->width[i] = s / sqrt(1 + narrow);
        l->variances[i] = 1;
        if (narrow > 0)
            l->log_base -= log1p(narrow) / 2 + off * off * narrow / (1 + narrow) / 2;
    }
    return STATUS_OK;
}

/* Everything that the draws depend on but for the region, which the caller's key is for. */
static enum status open_records(struct ladder *l, struct error *e)
{
    const struct annealed_options *o = &l->o;
    char *key = text_format("%s %zu %a %zu %zu %zu %zu %zu %a %a %llu %d", o->key ? o->key : "", l->region->n,
                            l->region->cutoff, o->chains, o->warmup, o->draws, o->longest, o->max_steps, o->factor,
                            o->localise, (unsigned long long)o->seed, o->basis != NULL);
    enum status status = key ? records_open(o->checkpoint, key, &l->kept, e) : error_memory(e);
    free(key);
    return status;
}

static void ladder_clear(struct ladder *l)
{
    records_close(l->kept);
    free(l->mean);
    free(l->state);
    free(l->integrand);
    free(l->scratch);
    for (size_t k = 0; k < ANNEALED_RUNGS; k++)
        free(l->draws[k].d);
}

enum status annealed_mass(const struct region *r, const struct prior *prior, const struct annealed_options *options,
                          const struct reporter *reporter, struct annealed *out, struct error *e)
{
    struct ladder l = {.region = r, .prior = prior, .o = *options, .reporter = reporter, .out = out};
    *out = (struct annealed){
        .estimate = {
            .log_value = NAN, .error = NAN, .ess = NAN, .pareto_k = NAN, .at_least = NAN, .largest_share = NAN}};
    if (!r->gradient)
        return error_set(e, STATUS_REFUSED, "annealed integration wants a gradient");
    l.o.chains = l.o.chains ? l.o.chains : CHAINS;
    l.o.warmup = l.o.warmup ? l.o.warmup : WARMUP;
    l.o.draws = l.o.draws ? l.o.draws : DRAWS;
    l.o.longest = l.o.longest > l.o.draws ? l.o.longest : l.o.longest ? l.o.draws : 8 * l.o.draws;
    l.o.max_steps = l.o.max_steps ? l.o.max_steps : STEPS;
    l.o.factor = l.o.factor > 1 ? l.o.factor : 2;
    l.o.what = l.o.what ? l.o.what : "annealing";
    int blas = linalg_set_threads(1);
    double beta = options->betas ? options->betas[0] : 0, log_z = NAN, error = NAN;
    enum status status = ladder_init(&l, e);
    if (!status)
        status = open_records(&l, e);
    if (!status)
        status = annealed_weigh_base(&l, &beta, &log_z, &error, e);
    bool nowhere = !status && !options->reverse && isnan(beta); /* to start: refused already */
    if (!status && !nowhere)
        status = options->reverse ? descend(&l, e) : climb(&l, beta, e);
    if (!status && !nowhere)
        annealed_sum_up(&l, log_z, error);
    linalg_set_threads(blas);
    ladder_clear(&l);
    return status;
}

void annealed_clear(struct annealed *a)
{
    free(a->rungs);
    *a = (struct annealed){0};
}
