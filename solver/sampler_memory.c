/* Where a sampler comes from and goes to: options, memory, starts. */
#include "base/text.h"
#include "solver/sampler_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fill_in(struct sampler *s, const struct sampler_options *o)
{
    struct sampler_options *mine = &s->options;
    size_t steps = o->max_steps ? o->max_steps : 1023;
    *mine = *o;
    mine->chains = o->chains ? o->chains : 4;
    mine->warmup = o->warmup ? o->warmup : 1000;
    mine->thin = o->thin ? o->thin : 1;
    mine->acceptance = o->acceptance > 0 ? o->acceptance : o->kernel == SAMPLER_MALA ? 0.574 : 0.8;
    mine->trajectory = o->trajectory > 0 ? o->trajectory : M_PI_2;
    mine->max_steps = steps;
    while (s->max_depth < SAMPLER_MAX_DEPTH && ((size_t)2 << s->max_depth) - 1 <= steps)
        s->max_depth++;
    s->rungs = o->n_betas ? o->n_betas : 1;
}

/* Deals out a block of memory; without one it counts. */
struct dealer {
    double *memory;
    size_t used;
};

static double *deal(struct dealer *d, size_t n)
{
    double *piece = d->memory ? d->memory + d->used : NULL;
    d->used += n;
    return piece;
}

static void deal_sampler(struct sampler *s, struct dealer *d)
{
    enum sampler_metric kind = s->options.metric;
    size_t n = s->n, rungs = s->rungs, size = metric_size(kind, n), each = sizeof(struct rung_numbers) / sizeof(double);
    s->betas = deal(d, rungs);
    s->steps = deal(d, rungs);
    for (size_t k = 0; k < rungs; k++) {
        s->metrics[k] = (struct metric){.kind = kind, .n = n, .variances = deal(d, size)};
        s->metrics[k].factor = kind == SAMPLER_DENSE ? deal(d, size) : NULL;
    }
    for (size_t i = 0; i < s->options.chains; i++) {
        struct chain *c = &s->chains[i];
        c->numbers = (struct rung_numbers *)deal(d, rungs * each);
        c->x = deal(d, rungs * n);
        c->gradient = deal(d, rungs * n);
        c->mean = deal(d, rungs * means_size(kind, n));
        c->moments = kind == SAMPLER_UNIT ? NULL : deal(d, rungs * moments_size(kind, n));
    }
}

static void deal_phase(struct dealer *d, size_t n, struct phase *z)
{
    z->x = deal(d, n);
    z->p = deal(d, n);
    z->g = deal(d, n);
}

static void deal_end(struct dealer *d, size_t n, struct end *end)
{
    end->p = deal(d, n);
    end->v = deal(d, n);
}

static void deal_worker(const struct sampler *s, struct worker *w, struct dealer *d)
{
    size_t n = s->n, trees = s->options.kernel == SAMPLER_NUTS ? s->max_depth + 1 : 0;
    deal_phase(d, n, &w->now);
    deal_phase(d, n, &w->left);
    deal_phase(d, n, &w->right);
    deal_end(d, n, &w->outer_left);
    deal_end(d, n, &w->outer_right);
    w->v = deal(d, n);
    w->rho = deal(d, n);
    w->extra = deal(d, n);
    for (size_t k = 0; k < trees; k++) {
        deal_end(d, n, &w->trees[k].first);
        deal_end(d, n, &w->trees[k].last);
        w->trees[k].rho = deal(d, n);
        w->trees[k].x = deal(d, n);
        w->trees[k].g = deal(d, n);
    }
}

static bool allocate_workers(struct sampler *s)
{
    long processors = s->options.threads > 0 ? s->options.threads : sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = processors > 0 ? (size_t)processors : 1;
    n = n < s->options.chains ? n : s->options.chains;
    s->workers = calloc(n, sizeof *s->workers);
    s->idle = calloc(n, sizeof *s->idle);
    if (!s->workers || !s->idle)
        return false;
    for (; s->n_workers < n; s->n_workers++) {
        struct worker *w = &s->workers[s->n_workers];
        struct dealer count = {0}, dealer = {0};
        deal_worker(s, w, &count);
        dealer.memory = w->memory = malloc(count.used * sizeof(double));
        if (!w->memory)
            return false;
        deal_worker(s, w, &dealer);
        s->idle[s->n_idle++] = w;
    }
    return true;
}

static bool allocate(struct sampler *s, const struct sampler_options *o)
{
    struct dealer count = {0}, dealer = {0};
    s->chains = calloc(s->options.chains, sizeof *s->chains);
    s->metrics = calloc(s->rungs, sizeof *s->metrics);
    s->key = text_format("%s", o->key ? o->key : "");
    s->what = text_format("%s", o->what ? o->what : "sampling");
    s->checkpoint = o->checkpoint ? text_format("%s", o->checkpoint) : NULL;
    if (!s->chains || !s->metrics || !s->key || !s->what || (o->checkpoint && !s->checkpoint))
        return false;
    deal_sampler(s, &count);
    dealer.memory = s->memory = calloc(count.used, sizeof(double));
    if (!s->memory)
        return false;
    deal_sampler(s, &dealer);
    for (size_t k = 0; k < s->rungs; k++)
        s->betas[k] = o->n_betas ? o->betas[k] : 1;
    return allocate_workers(s);
}

static enum status make_contexts(struct sampler *s, struct error *e)
{
    enum status status = STATUS_OK;
    for (; s->n_contexts < s->n_workers && !status; s->n_contexts += !status) {
        struct worker *w = &s->workers[s->n_contexts];
        w->context = s->target.shared;
        if (s->target.context_new)
            status = s->target.context_new(s->target.shared, &w->context, e);
    }
    return status;
}

static enum status begin_chain(struct sampler *s, size_t i, const double *start, struct error *e)
{
    struct chain *c = &s->chains[i];
    size_t n = s->n;
    c->iteration = c->evaluations = 0;
    memset(c->mean, 0, s->rungs * means_size(s->options.metric, n) * sizeof *c->mean);
    if (c->moments)
        memset(c->moments, 0, s->rungs * moments_size(s->options.metric, n) * sizeof *c->moments);
    for (size_t k = 0; k < s->rungs; k++) {
        struct rung_numbers *numbers = &c->numbers[k];
        *numbers = (struct rung_numbers){.adaptation = {.count = -1}};
        memcpy(c->x + k * n, start + i * n, n * sizeof *start);
        numbers->log_density = s->target.evaluate(s->betas[k], c->x + k * n, c->gradient + k * n, &numbers->tempered,
                                                  s->workers[0].context);
        c->evaluations += 1;
        if (!isfinite(numbers->log_density))
            return error_set(e, STATUS_FAILED, "sampling: the density where chain %zu starts is 0 or not finite",
                             i + 1);
    }
    return STATUS_OK;
}

static enum status begin_metrics(struct sampler *s, const struct sampler_options *o, struct error *e)
{
    size_t n = s->n;
    s->warm = false;
    s->pooled = 0;
    for (size_t k = 0; k < s->rungs; k++) {
        struct metric *m = &s->metrics[k];
        s->steps[k] = NAN;
        for (size_t i = 0; i < metric_size(m->kind, n); i++)
            m->variances[i] = 0;
        for (size_t i = 0; i < n; i++)
            m->variances[m->kind == SAMPLER_DENSE ? i * n + i : i] = o->variances ? o->variances[i] : 1;
        if (m->kind == SAMPLER_DENSE && !metric_factor(m))
            return error_set(e, STATUS_FAILED, "sampling: variances to begin with are positive");
    }
    return STATUS_OK;
}

enum status sampler_new(const struct sampler_target *target, const struct sampler_options *options, const double *start,
                        struct sampler **out, struct error *e)
{
    struct sampler *s = *out = calloc(1, sizeof *s);
    if (!s)
        return error_memory(e);
    pthread_mutex_init(&s->lock, NULL);
    s->target = *target;
    s->n = target->n;
    s->quantities = SAMPLER_OWN + target->n_quantities;
    fill_in(s, options);
    if (!allocate(s, options))
        return error_memory(e);
    enum status status = make_contexts(s, e);
    s->resumed = !status && s->checkpoint && sampler_load(s);
    if (s->resumed)
        return STATUS_OK;
    if (!status)
        status = begin_metrics(s, options, e);
    for (size_t i = 0; i < s->options.chains && !status; i++)
        status = begin_chain(s, i, start, e);
    return status;
}

void sampler_free(struct sampler *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_contexts && s->target.context_free; i++)
        s->target.context_free(s->workers[i].context);
    for (size_t i = 0; i < s->n_workers; i++)
        free(s->workers[i].memory);
    for (size_t i = 0; s->chains && i < s->options.chains; i++) {
        free(s->chains[i].trace);
        free(s->chains[i].positions);
    }
    pthread_mutex_destroy(&s->lock);
    free(s->chains);
    free(s->metrics);
    free(s->workers);
    free(s->idle);
    free(s->key);
    free(s->what);
    free(s->checkpoint);
    free(s->memory);
    free(s);
}

static bool grow(double **array, size_t n)
{
    double *larger = realloc(*array, n * sizeof *larger);
    if (larger)
        *array = larger;
    return larger != NULL;
}

enum status sampler_reserve(struct sampler *s, size_t draws, struct error *e)
{
    if (draws <= s->capacity)
        return STATUS_OK;
    for (size_t i = 0; i < s->options.chains; i++) {
        struct chain *c = &s->chains[i];
        if (!grow(&c->trace, draws * s->rungs * s->quantities) ||
            (s->options.keep_positions && !grow(&c->positions, draws * s->rungs * s->n)))
            return error_memory(e);
    }
    s->capacity = draws;
    return STATUS_OK;
}
