#include "solver/sampler.h"

#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/sampler_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- the windows of warm-up ----------------------------------------------------------------------------------------*/

/* Stan's: a fast beginning and end that only adapt the step, and between them windows for the metric, each twice as
 * long as the one before, the last taking what is left. */
struct windows {
    size_t first, base, last; /* end of the beginning, first window, beginning of the end */
};

static struct windows windows_of(const struct sampler_options *o)
{
    size_t warmup = o->warmup;
    if (o->metric == SAMPLER_FISHER) /* which needs few draws: most of the time is for the step */
        return (struct windows){warmup / 10, warmup * 15 / 100, warmup * 6 / 10};
    if (warmup < 150)
        return (struct windows){warmup * 15 / 100, warmup * 75 / 100, warmup - warmup / 10};
    return (struct windows){75, 25, warmup - 50};
}

/* The iteration at which all chains meet next, after `iteration` < warmup of them. */
static size_t block_end(const struct sampler_options *o, size_t iteration)
{
    struct windows w = windows_of(o);
    size_t warmup = o->warmup, end = w.first, size = w.base ? w.base : 1;
    if (iteration >= w.last)
        return warmup;
    while (end <= iteration) {
        end += size;
        size *= 2;
        if (end + size > w.last)
            end = w.last;
    }
    return end;
}

static bool learns_metric(const struct sampler *s, size_t iteration)
{
    struct windows w = windows_of(&s->options);
    return s->options.metric != SAMPLER_UNIT && iteration >= w.first && iteration < w.last;
}

/* --- one iteration -------------------------------------------------------------------------------------------------*/

/* Streams of the sampler have the highest bit set, so that they are none of those that others count from 0. */
static struct random_stream stream_of(const struct sampler *s, size_t chain, const struct chain *c)
{
    return random_stream(s->options.seed, 1ULL << 63 | (uint64_t)chain << 40 | (uint64_t)c->iteration);
}

static double step_of(const struct sampler *s, struct worker *w, size_t rung, struct chain *c, struct random_stream *r)
{
    struct step_adaptation *a = &c->numbers[rung].adaptation;
    if (s->options.step > 0)
        return s->options.step;
    if (s->warm)
        return s->steps[rung];
    if (a->count < 0) /* a new metric */
        step_adaptation_restart(a, sampler_guess_step(s, w, rung, exp(a->log_step), c, r));
    return exp(a->log_step);
}

static void advance_rung(const struct sampler *s, struct worker *w, size_t rung, struct chain *c,
                         struct random_stream *r)
{
    struct rung_numbers *numbers = &c->numbers[rung];
    double step = step_of(s, w, rung, c, r);
    struct transition t =
        s->options.kernel == SAMPLER_NUTS ? sampler_nuts(s, w, rung, step, c, r) : sampler_hmc(s, w, rung, step, c, r);
    c->evaluations += (double)t.steps;
    if (s->warm) {
        numbers->acceptance += t.acceptance;
        numbers->divergences += t.divergent;
        numbers->saturated += t.saturated;
        numbers->steps += (double)t.steps;
    } else
        step_adaptation_learn(&numbers->adaptation, t.acceptance, s->options.acceptance);
}

static void record(const struct sampler *s, struct worker *w, struct chain *c)
{
    size_t after = (size_t)c->iteration - s->options.warmup, draw = after / s->options.thin - 1;
    double *row = c->trace + draw * s->rungs * s->quantities;
    for (size_t k = 0; k < s->rungs; k++, row += s->quantities) {
        row[SAMPLER_TEMPERED] = c->numbers[k].tempered;
        row[SAMPLER_TEMPERED_MEAN] = c->numbers[k].tempered_sum / (double)s->options.thin;
        c->numbers[k].tempered_sum = 0;
        row[SAMPLER_LOG_DENSITY] = c->numbers[k].log_density;
        if (s->target.n_quantities)
            s->target.quantities(c->x + k * s->n, row + SAMPLER_OWN, w->context);
    }
    if (c->positions)
        memcpy(c->positions + draw * s->rungs * s->n, c->x, s->rungs * s->n * sizeof *c->x);
}

static void advance(const struct sampler *s, struct worker *w, size_t chain, struct chain *c)
{
    struct random_stream r = stream_of(s, chain, c);
    size_t n = s->n, size = moments_size(s->options.metric, n), means = means_size(s->options.metric, n);
    for (size_t k = 0; k < s->rungs; k++)
        advance_rung(s, w, k, c, &r);
    sampler_swap(s, w, c, s->warm, &r);
    if (!s->warm && learns_metric(s, (size_t)c->iteration))
        for (size_t k = 0; k < s->rungs; k++)
            moments_add(s->options.metric, n, c->x + k * n, c->gradient + k * n, &c->numbers[k].moment_count,
                        c->mean + k * means, c->moments + k * size);
    c->iteration += 1;
    for (size_t k = 0; k < s->rungs && s->warm; k++)
        c->numbers[k].tempered_sum += c->numbers[k].tempered;
    if (s->warm && ((size_t)c->iteration - s->options.warmup) % s->options.thin == 0)
        record(s, w, c);
}

/* --- a block of iterations of all chains ---------------------------------------------------------------------------*/

struct block {
    struct sampler *s;
    size_t end, goal; /* of this block, of the run */
    const struct reporter *reporter;
    atomic_size_t done; /* iterations of all chains */
    atomic_bool stopped;
    atomic_flag reporting; /* the reporter is one thread's at a time */
};

static struct worker *take_worker(struct sampler *s)
{
    pthread_mutex_lock(&s->lock);
    struct worker *w = s->idle[--s->n_idle];
    pthread_mutex_unlock(&s->lock);
    return w;
}

static void give_back(struct sampler *s, struct worker *w)
{
    pthread_mutex_lock(&s->lock);
    s->idle[s->n_idle++] = w;
    pthread_mutex_unlock(&s->lock);
}

static void advance_chain(size_t i, void *context)
{
    struct block *b = context;
    struct sampler *s = b->s;
    struct chain *c = &s->chains[i];
    struct worker *w = take_worker(s);
    while ((size_t)c->iteration < b->end) {
        if (reporter_stop_requested(b->reporter)) {
            atomic_store(&b->stopped, true);
            break;
        }
        advance(s, w, i, c);
        size_t done = atomic_fetch_add(&b->done, 1) + 1;
        if (atomic_flag_test_and_set(&b->reporting))
            continue;
        reporter_progress(b->reporter, (double)done / (double)(b->goal * s->options.chains), s->what);
        atomic_flag_clear(&b->reporting);
    }
    give_back(s, w);
}

/* What the chains learned in a window, together: variances are within chains, so that modes apart do not count. */
static void pool_metric(struct sampler *s, size_t rung, double *scratch)
{
    struct metric *m = &s->metrics[rung];
    size_t size = moments_size(m->kind, s->n), means = means_size(m->kind, s->n);
    double count = 0, *moments = scratch;
    memset(moments, 0, size * sizeof *moments);
    for (size_t i = 0; i < s->options.chains; i++) {
        struct chain *c = &s->chains[i];
        count += c->numbers[rung].moment_count - 1;
        linalg_axpy(size, 1, c->moments + rung * size, moments);
        c->numbers[rung].moment_count = 0;
        memset(c->moments + rung * size, 0, size * sizeof *moments);
        memset(c->mean + rung * means, 0, means * sizeof *c->mean);
    }
    bool changed = count >= 2 && (m->kind == SAMPLER_DENSE    ? metric_learn_dense(m, count, moments, scratch + size)
                                  : m->kind == SAMPLER_FISHER ? metric_learn_fisher(m, moments)
                                                              : metric_learn_diagonal(m, count, moments));
    for (size_t i = 0; i < s->options.chains && changed; i++) {
        struct step_adaptation *a = &s->chains[i].numbers[rung].adaptation;
        a->log_step = a->log_mean;
        a->count = -1;
    }
}

static void pool_step(struct sampler *s, size_t rung)
{
    double sum = 0, least = INFINITY;
    for (size_t i = 0; i < s->options.chains; i++) {
        sum += s->chains[i].numbers[rung].adaptation.log_mean;
        least = fmin(least, s->chains[i].numbers[rung].adaptation.log_mean);
    }
    double pooled = exp(s->options.smallest_step ? least : sum / (double)s->options.chains);
    s->steps[rung] = s->options.step > 0 ? s->options.step : pooled;
}

/* All chains are at iteration `end` of warm-up. */
static enum status meet(struct sampler *s, size_t end, struct error *e)
{
    if (end <= s->options.warmup && s->pooled < end && learns_metric(s, end - 1)) {
        size_t size = moments_size(s->options.metric, s->n);
        double *scratch = malloc((s->options.metric == SAMPLER_DENSE ? 4 : 1) * size * sizeof *scratch);
        if (!scratch)
            return error_memory(e);
        for (size_t k = 0; k < s->rungs; k++)
            pool_metric(s, k, scratch);
        free(scratch);
    }
    if (end <= s->options.warmup)
        s->pooled = end;
    if (end == s->options.warmup && !s->warm) {
        for (size_t k = 0; k < s->rungs; k++)
            pool_step(s, k);
        s->warm = true;
    }
    return STATUS_OK;
}

static size_t least_iteration(const struct sampler *s)
{
    double least = INFINITY;
    for (size_t i = 0; i < s->options.chains; i++)
        least = fmin(least, s->chains[i].iteration);
    return (size_t)least;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum status run_block(struct sampler *s, size_t end, size_t goal, const struct reporter *reporter,
                             struct error *e)
{
    struct block b = {.s = s, .end = end, .goal = goal, .reporter = reporter, .reporting = ATOMIC_FLAG_INIT};
    size_t done = 0;
    for (size_t i = 0; i < s->options.chains; i++)
        done += (size_t)s->chains[i].iteration;
    atomic_init(&b.done, done);
    atomic_init(&b.stopped, false);
    int blas = linalg_set_threads(1);
    parallel_map(s->options.chains, s->options.threads, advance_chain, &b);
    enum status status = atomic_load(&b.stopped) ? STATUS_INTERRUPTED : meet(s, end, e);
    linalg_set_threads(blas);
    return status;
}

enum status sampler_run(struct sampler *s, size_t draws, const struct reporter *reporter, struct error *e)
{
    size_t goal = s->options.warmup + draws * s->options.thin, slice = 1 + draws * s->options.thin / 20;
    enum status status = sampler_reserve(s, draws, e);
    double saved = now();
    if (s->resumed)
        reporter_warning(reporter, "chains go on from %s", s->checkpoint);
    s->resumed = false;
    while (!status && (!s->warm || least_iteration(s) < goal)) {
        size_t at = least_iteration(s), end = at + slice < goal ? at + slice : goal;
        status = run_block(s, s->warm ? end : block_end(&s->options, at), goal, reporter, e);
        if (s->checkpoint && (status == STATUS_INTERRUPTED || (!status && now() > saved + 60))) {
            enum status wrote = sampler_save(s, e);
            status = wrote ? wrote : status;
            saved = now();
        }
    }
    if (status == STATUS_INTERRUPTED)
        return s->checkpoint
                   ? error_set(e, STATUS_INTERRUPTED,
                               "chains stopped on request; the same command goes on from there (%s)", s->checkpoint)
                   : error_set(e, STATUS_INTERRUPTED, "chains stopped on request");
    if (!status)
        s->draws = draws > s->draws ? draws : s->draws;
    return status;
}

/* --- results -------------------------------------------------------------------------------------------------------*/

size_t sampler_chains(const struct sampler *s)
{
    return s->options.chains;
}

size_t sampler_draws(const struct sampler *s)
{
    return s->draws;
}

struct sampler_rung sampler_rung(const struct sampler *s, size_t rung)
{
    struct sampler_rung out = {.beta = s->betas[rung], .step = s->steps[rung]};
    double iterations = 0, swaps = 0, accepted = 0;
    for (size_t i = 0; i < s->options.chains; i++) {
        const struct rung_numbers *numbers = &s->chains[i].numbers[rung];
        iterations += s->chains[i].iteration - (double)s->options.warmup;
        out.acceptance += numbers->acceptance;
        out.steps += numbers->steps;
        out.divergences += (size_t)numbers->divergences;
        out.saturated += (size_t)numbers->saturated;
        swaps += numbers->swaps;
        accepted += numbers->swaps_accepted;
    }
    out.acceptance /= iterations;
    out.steps /= iterations;
    out.swap_acceptance = swaps > 0 ? accepted / swaps : NAN;
    return out;
}

size_t sampler_evaluations(const struct sampler *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->options.chains; i++)
        sum += s->chains[i].evaluations;
    return (size_t)sum;
}

void sampler_copy(const struct sampler *s, size_t rung, size_t quantity, double *out)
{
    for (size_t i = 0; i < s->options.chains; i++)
        for (size_t t = 0; t < s->draws; t++)
            out[i * s->draws + t] = s->chains[i].trace[(t * s->rungs + rung) * s->quantities + quantity];
}

const double *sampler_position(const struct sampler *s, size_t chain, size_t rung, size_t draw)
{
    return s->chains[chain].positions + (draw * s->rungs + rung) * s->n;
}

const double *sampler_last(const struct sampler *s, size_t chain, size_t rung)
{
    return s->chains[chain].x + rung * s->n;
}

const double *sampler_variances(const struct sampler *s, size_t rung)
{
    return s->metrics[rung].variances;
}
