/* The search: many starts, chains of hops, and what is made of the best. */
#include "growth/fit/private.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 200, DEFAULT_ITERATIONS = 60, CHAINS = 4, NOISE_ROUNDS = 4 };

/* A hop moves each parameter with this probability by a normal step of this part of its width. */
static const double MOVED = 0.4, HOP = 0.25, WIDEST = 2;
/* J D has singular values this far below the largest only by rounding */
static const double RANK_TOLERANCE = 1e-9;

/* --- many starts -------------------------------------------------------------------------------------------------- */

/* A minimum, and ln of the parameter that is shot for there. */
struct candidate {
    struct least_squares_result r; /* z NULL: none */
    double solved;
};

struct search {
    const struct fit *f;
    const struct reporter *reporter;
    struct least_squares_options options;
    size_t hops, n_starts, n_chains;
    struct candidate *found; /* (n_starts) */
    struct candidate *chain; /* (n_chains) */
    atomic_size_t done, trials, failures;
    size_t tasks;
    atomic_bool interrupted;
};

static void task_done(struct search *s)
{
    size_t done = atomic_fetch_add(&s->done, 1) + 1;
    reporter_progress(s->reporter, (double)done / (double)s->tasks, s->f->name);
}

static double width(const struct fit_parameter *p)
{
    return fmin(fit_coordinate(p, p->high) - fit_coordinate(p, p->low), WIDEST);
}

static double inside(const struct fit_parameter *p, double z)
{
    double low = fit_coordinate(p, p->low), high = fit_coordinate(p, p->high), edge = 1e-3 * (high - low);
    return fmin(fmax(z, low + edge), high - edge);
}

/* A random point around the first one: where there is a prior by it, else up to 0.4 of the width away. */
static void draw_start(const struct fit *f, struct random_stream *random, double *z)
{
    double first[FIT_MAX_PARAMETERS];
    fit_first(f, first);
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        double u = random_uniform(random);
        if (p->held || p->kind == FIT_LEVEL)
            z[j] = first[j];
        else
            z[j] = inside(p, first[j] + 0.4 * width(p) * (2 * u - 1));
    }
}

/* Whether z has residuals; *solved as of fit_improve_from. */
static bool is_usable(struct search *s, const double *z, double *solved)
{
    struct fit_evaluator v;
    double *r = malloc((fit_count_residuals(s->f) + 1) * sizeof *r);
    fit_evaluator_init(&v, s->f, s->reporter);
    v.known = !isnan(*solved);
    v.solved = *solved;
    int code = r ? fit_evaluate(&v, z, r, NULL) : -1;
    free(r);
    *solved = v.known ? v.solved : NAN;
    atomic_fetch_add(&s->trials, v.evaluations);
    atomic_fetch_add(&s->failures, v.failures);
    if (code < 0)
        atomic_store(&s->interrupted, true);
    return code == 0;
}

/* Improve z, shooting first from `solved`; false, and nothing to clear, where that fails. A search that is stopped on
 * request leaves what it has come to. */
static bool improve(struct search *s, const double *z, double solved, const struct least_squares_options *options,
                    struct candidate *out)
{
    out->solved = solved;
    enum status status = fit_improve_from(s->f, z, options, &out->solved, &out->r, NULL);
    atomic_fetch_add(&s->trials, out->r.evaluations);
    atomic_fetch_add(&s->failures, out->r.failures);
    bool stopped = status == STATUS_INTERRUPTED && isfinite(out->r.cost);
    if (status == STATUS_INTERRUPTED)
        atomic_store(&s->interrupted, true);
    if (status && !stopped)
        least_squares_result_clear(&out->r);
    return !status || stopped;
}

static void run_start(size_t i, void *context)
{
    struct search *s = context;
    struct random_stream random = random_stream(s->f->seed, 2 * i);
    double z[FIT_MAX_PARAMETERS];
    double solved = NAN;
    fit_first(s->f, z);
    bool usable = i == 0 && is_usable(s, z, &solved);
    for (int draw = 0; draw < DRAWS && !usable && !atomic_load(&s->interrupted); draw++) {
        draw_start(s->f, &random, z);
        solved = NAN;
        usable = is_usable(s, z, &solved);
    }
    if (usable)
        improve(s, z, solved, &s->options, &s->found[i]);
    task_done(s);
}

/* A chain of hops from one of the best minima: kept when better. */
static void run_chain(size_t i, void *context)
{
    struct search *s = context;
    const struct fit *f = s->f;
    struct random_stream random = random_stream(f->seed, 2 * i + 1);
    struct least_squares_options quick = s->options;
    struct candidate best, next, finished;
    quick.max_iterations = s->options.max_iterations / 2;
    if (!improve(s, s->found[i].r.z, s->found[i].solved, &s->options, &best))
        return;
    for (size_t hop = 0; hop < s->hops && !atomic_load(&s->interrupted); hop++) {
        double z[FIT_MAX_PARAMETERS], solved = best.solved;
        task_done(s);
        for (size_t j = 0; j < f->n_parameters; j++) {
            const struct fit_parameter *p = &f->parameters[j];
            double u = random_uniform(&random), x = random_normal(&random);
            bool moves = u < MOVED && !p->held && p->kind != FIT_LEVEL;
            z[j] = moves ? inside(p, best.r.z[j] + HOP * width(p) * x) : best.r.z[j];
        }
        if (!is_usable(s, z, &solved) || !improve(s, z, solved, &quick, &next))
            continue;
        if (next.r.cost < 2 * best.r.cost && next.r.end == LEAST_SQUARES_LIMIT &&
            improve(s, next.r.z, next.solved, &s->options, &finished)) {
            least_squares_result_clear(&next.r);
            next = finished;
        }
        bool better = next.r.cost < best.r.cost;
        least_squares_result_clear(better ? &best.r : &next.r);
        if (better)
            best = next;
    }
    s->chain[i] = best;
}

static double cost_of(const struct candidate *c)
{
    return c->r.z ? c->r.cost : INFINITY;
}

static int compare_costs(const void *a, const void *b)
{
    double x = cost_of(a), y = cost_of(b);
    return (x > y) - (x < y);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* Improve *best, which starts as z; the shooting of everything that comes later starts from where it ended. */
static enum status polish(struct search *s, struct fit *f, const double *z, struct least_squares_result *best,
                          struct error *e)
{
    struct least_squares_options options = {.max_iterations = 150, .xtol = 1e-7, .ftol = 1e-7, .reporter = s->reporter};
    struct least_squares_result next;
    double solved = NAN;
    enum status status = fit_improve_from(f, z, &options, &solved, &next, e);
    atomic_fetch_add(&s->trials, next.evaluations);
    atomic_fetch_add(&s->failures, next.failures);
    if (status) {
        least_squares_result_clear(&next);
        return status;
    }
    if (f->shoots && !isnan(solved))
        f->base.p[f->shot.parameter] = exp(solved);
    least_squares_result_clear(best);
    *best = next;
    return STATUS_OK;
}

static enum status code_to_status(const struct search *s, int code, const struct fit_evaluator *v, struct error *e)
{
    if (!code)
        return STATUS_OK;
    if (code < 0)
        return error_set(e, STATUS_INTERRUPTED, "fit %s stopped on request", s->f->name);
    return error_set(e, STATUS_FAILED, "fit %s: %s", s->f->name, v && v->complaint[0] ? v->complaint : "it failed");
}

/* Generalised least squares with estimated errors: estimate and fit in turn. */
static enum status settle_noise(struct search *s, struct fit *f, struct least_squares_result *best, struct error *e)
{
    enum status status = STATUS_OK;
    for (int round = 0; round < NOISE_ROUNDS && !status; round++) {
        bool held[FIT_MAX_PARAMETERS];
        for (size_t j = 0; j < f->n_parameters; j++)
            held[j] = f->parameters[j].held || best->at_bound[j];
        status = code_to_status(s, fit_estimate_noise(f, best->z, held, s->reporter), NULL, e);
        if (!status)
            status = polish(s, f, best->z, best, e);
    }
    return status;
}

/* Covariance and correlations from the scatter of the replicates. */
static enum status use_replicates(const struct fit *f, struct fit_result *r, struct error *e)
{
    size_t k = f->n_parameters;
    struct least_squares_errors *out = &r->errors;
    double mean[FIT_MAX_PARAMETERS] = {0};
    for (size_t b = 0; b < f->replicates; b++) {
        bool good = !isnan(r->bootstrap[b * k]);
        r->replicates += good;
        for (size_t j = 0; j < k && good; j++)
            mean[j] += r->bootstrap[b * k + j];
    }
    if (r->replicates < 2) /* one has no scatter: all errors would come out as 0 */
        return error_set(e, STATUS_FAILED, "fit %s: of %zu resampled data sets %zu could be fitted: no errors", f->name,
                         f->replicates, r->replicates);
    memset(out->covariance, 0, k * k * sizeof *out->covariance);
    for (size_t b = 0; b < f->replicates; b++) {
        const double *z = r->bootstrap + b * k;
        for (size_t i = 0; i < k && !isnan(z[0]); i++)
            for (size_t j = 0; j < k; j++)
                out->covariance[i * k + j] += (z[i] - mean[i] / (double)r->replicates) *
                                              (z[j] - mean[j] / (double)r->replicates) / ((double)r->replicates - 1);
    }
    for (size_t i = 0; i < k; i++) {
        out->standard[i] = sqrt(out->covariance[i * k + i]);
        for (size_t j = 0; j < k; j++) {
            double both = sqrt(out->covariance[i * k + i] * out->covariance[j * k + j]);
            out->correlation[i * k + j] = both > 0 ? out->covariance[i * k + j] / both : i == j;
        }
    }
    return STATUS_OK;
}

static enum status find_errors(struct search *s, struct fit_result *out, struct error *e)
{
    const struct fit *f = s->f;
    struct fit_evaluator v;
    fit_evaluator_init(&v, f, s->reporter);
    enum status status = code_to_status(s, fit_simulation(&v, out->z, &out->simulation), &v, e);
    /* the Jacobian where the search ended, not where it last was asked for */
    if (!status)
        status = code_to_status(s, fit_evaluate(&v, out->z, out->best.r, out->best.jac), &v, e);
    for (size_t j = 0; j < f->n_parameters; j++)
        out->held[j] = f->parameters[j].held || (!status && out->best.at_bound[j]);
    if (!status)
        status = least_squares_errors(out->best.n, f->n_parameters, out->best.jac, NULL, out->held, RANK_TOLERANCE,
                                      &out->errors, e);
    return status;
}

/* The scatter of refits in place of the covariance. */
static enum status find_scatter(struct search *s, int threads, struct fit_result *out, struct error *e)
{
    const struct fit *f = s->f;
    out->bootstrap = malloc((f->replicates * f->n_parameters + 1) * sizeof *out->bootstrap);
    if (!out->bootstrap)
        return error_memory(e);
    enum status status = code_to_status(s, fit_bootstrap(f, out->z, threads, s->reporter, out->bootstrap), NULL, e);
    return status ? status : use_replicates(f, out, e);
}

static enum status keep_z(const struct fit *f, struct fit_result *out, struct error *e)
{
    out->z = malloc((f->n_parameters + 1) * sizeof *out->z);
    if (!out->z)
        return error_memory(e);
    memcpy(out->z, out->best.z, f->n_parameters * sizeof *out->z);
    return STATUS_OK;
}

static enum status finish(struct search *s, struct fit *f, const struct candidate *best, int threads,
                          struct fit_result *out, struct error *e)
{
    reporter_progress(s->reporter, (double)atomic_load(&s->done) / (double)s->tasks, "finishing the best fit");
    if (f->shoots && !isnan(best->solved))
        f->base.p[f->shot.parameter] = exp(best->solved);
    enum status status = polish(s, f, best->r.z, &out->best, e);
    if (!status && f->errors == FIT_AR1)
        status = settle_noise(s, f, &out->best, e);
    if (!status)
        status = keep_z(f, out, e);
    if (!status)
        status = find_errors(s, out, e);
    return status || f->errors != FIT_BOOTSTRAP ? status : find_scatter(s, threads, out, e);
}

static enum status allocate(struct search *s, struct fit_result *out, struct error *e)
{
    s->found = calloc(s->n_starts + 1, sizeof *s->found);
    s->chain = calloc(CHAINS, sizeof *s->chain);
    out->costs = calloc(s->n_starts + 1, sizeof *out->costs);
    return s->found && s->chain && out->costs ? STATUS_OK : error_memory(e);
}

static void count(const struct search *s, double best, struct fit_result *out)
{
    out->starts = s->n_starts;
    out->trials = atomic_load(&s->trials);
    out->failures = atomic_load(&s->failures);
    for (size_t i = 0; i < s->n_starts; i++) {
        out->costs[i] = cost_of(&s->found[i]);
        out->useless += !s->found[i].r.z;
        out->same += out->costs[i] < 1.01 * best;
    }
}

static struct candidate *find_best(struct search *s)
{
    struct candidate *best = &s->found[0];
    for (size_t i = 0; i < s->n_starts; i++)
        if (cost_of(&s->found[i]) < cost_of(best))
            best = &s->found[i];
    for (size_t i = 0; i < CHAINS; i++)
        if (cost_of(&s->chain[i]) < cost_of(best))
            best = &s->chain[i];
    return best;
}

static enum status search_all(struct search *s, struct fit *f, int threads, struct fit_result *out, struct error *e)
{
    parallel_map(s->n_starts, threads, run_start, s);
    if (atomic_load(&s->interrupted))
        return STATUS_INTERRUPTED;
    qsort(s->found, s->n_starts, sizeof *s->found, compare_costs);
    if (!s->found[0].r.z)
        return error_set(e, STATUS_FAILED, "fit %s: from none of %zu starts does a run reach the end of the data",
                         f->name, s->n_starts);
    while (s->hops && s->n_chains < CHAINS && s->n_chains < s->n_starts && s->found[s->n_chains].r.z)
        s->n_chains++;
    parallel_map(s->n_chains, threads, run_chain, s);
    if (atomic_load(&s->interrupted))
        return STATUS_INTERRUPTED;
    const struct candidate *best = find_best(s);
    double cost = cost_of(best);
    enum status status = finish(s, f, best, threads, out, e);
    count(s, cost, out);
    return status;
}

/* Stopped on request: the best so far, with the errors that its Jacobian gives. */
static enum status keep_best_so_far(struct search *s, struct fit *f, struct fit_result *out, struct error *e)
{
    struct candidate *best = find_best(s);
    double cost = cost_of(best);
    s->reporter = NULL; /* it would go on asking for the stop */
    out->interrupted = true;
    count(s, cost, out);
    if (!out->best.z && isfinite(cost)) {
        if (f->shoots && !isnan(best->solved))
            f->base.p[f->shot.parameter] = exp(best->solved);
        out->best = best->r;
        best->r = (struct least_squares_result){0};
    }
    enum status status = out->z || !out->best.z ? STATUS_OK : keep_z(f, out, e);
    if (!status && out->z && !out->errors.standard)
        status = find_errors(s, out, e);
    free(out->bootstrap);
    out->bootstrap = NULL;
    if (status) { /* nothing that could be shown */
        free(out->z);
        out->z = NULL;
    }
    return error_set(e, STATUS_INTERRUPTED, "fit %s stopped on request", f->name);
}

enum status fit_solve(struct fit *f, const struct fit_options *options, const struct reporter *reporter,
                      struct fit_result *out, struct error *e)
{
    static const struct fit_options none = {0};
    const struct fit_options *o = options ? options : &none;
    memset(out, 0, sizeof *out);
    struct search s = {.f = f, .reporter = reporter, .n_starts = o->starts ? o->starts : f->starts};
    s.hops = o->hops ? o->hops : f->hops;
    s.options =
        (struct least_squares_options){.max_iterations = o->max_iterations ? o->max_iterations : DEFAULT_ITERATIONS,
                                       .xtol = 1e-6,
                                       .ftol = 1e-5,
                                       .reporter = reporter};
    s.n_starts = s.n_starts ? s.n_starts : 1;
    s.tasks = s.n_starts + CHAINS * s.hops + 1;
    enum status status = allocate(&s, out, e);
    if (!status)
        status = search_all(&s, f, o->threads, out, e);
    if (status == STATUS_INTERRUPTED)
        status = keep_best_so_far(&s, f, out, e);
    for (size_t i = 0; s.found && i < s.n_starts; i++)
        least_squares_result_clear(&s.found[i].r);
    for (size_t i = 0; s.chain && i < CHAINS; i++)
        least_squares_result_clear(&s.chain[i].r);
    free(s.found);
    free(s.chain);
    return status;
}

enum status fit_spectrum(const struct fit *f, const struct fit_result *r, bool priors, struct least_squares_errors *out,
                         struct error *e)
{
    double ones[FIT_MAX_PARAMETERS];
    bool held[FIT_MAX_PARAMETERS];
    size_t rows = 0;
    for (size_t i = 0; i < f->n_targets; i++)
        rows += f->targets[i].n;
    for (size_t j = 0; j < f->n_parameters; j++) {
        ones[j] = 1;
        held[j] = f->parameters[j].held;
    }
    return least_squares_errors(priors ? r->best.n : rows, f->n_parameters, r->best.jac, ones, held, 1e-12, out, e);
}

void fit_result_clear(struct fit_result *r)
{
    least_squares_result_clear(&r->best);
    least_squares_errors_clear(&r->errors);
    free(r->z);
    free(r->costs);
    free(r->bootstrap);
    memset(r, 0, sizeof *r);
}
