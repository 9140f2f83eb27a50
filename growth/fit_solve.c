/* The search: one local improvement, and many starts with chains of hops. */
#include "growth/fit_private.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 200, DEFAULT_ITERATIONS = 60, CHAINS = 4 };

/* A hop moves each parameter with this probability by a normal step of this part of its width. */
static const double MOVED = 0.4, HOP = 0.25, WIDEST = 2;
/* J D has singular values this far below the largest only by rounding */
static const double RANK_TOLERANCE = 1e-9;

/* --- one local search --------------------------------------------------------------------------------------------- */

/* The problem in the parameters that are not held. */
struct local {
    struct fit_evaluator v;
    size_t n, k, free[FIT_MAX_PARAMETERS];
    double z[FIT_MAX_PARAMETERS], low[FIT_MAX_PARAMETERS], high[FIT_MAX_PARAMETERS];
    double *r, *jac; /* (n), (n, n_parameters) */
};

static void put_free(struct local *l, const double *z)
{
    for (size_t i = 0; i < l->k; i++)
        l->z[l->free[i]] = z[i];
}

static int local_residuals(const double *z, double *r, void *context)
{
    struct local *l = context;
    put_free(l, z);
    return fit_evaluate(&l->v, l->z, r, NULL);
}

static int local_jacobian(const double *z, double *jac, void *context)
{
    struct local *l = context;
    size_t all = l->v.fit->n_parameters;
    put_free(l, z);
    int code = fit_evaluate(&l->v, l->z, l->r, l->jac);
    for (size_t i = 0; i < l->n && !code; i++)
        for (size_t j = 0; j < l->k; j++)
            jac[i * l->k + j] = l->jac[i * all + l->free[j]];
    return code;
}

static bool local_init(struct local *l, const struct fit *f, const double *z0, const struct reporter *reporter)
{
    fit_evaluator_init(&l->v, f, reporter);
    l->n = fit_count_residuals(f);
    l->k = 0;
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        l->z[j] = z0[j];
        if (p->held)
            continue;
        l->low[l->k] = fit_coordinate(p, p->low);
        l->high[l->k] = fit_coordinate(p, p->high);
        l->free[l->k++] = j;
    }
    l->r = malloc((l->n + 1) * sizeof *l->r);
    l->jac = malloc((l->n * f->n_parameters + 1) * sizeof *l->jac);
    return l->r && l->jac;
}

static void local_clear(struct local *l)
{
    free(l->r);
    free(l->jac);
}

/* A result in the free parameters as one in all of them. */
static enum status expand(const struct local *l, struct least_squares_result *r, struct error *e)
{
    size_t all = l->v.fit->n_parameters;
    double *z = malloc((all + 1) * sizeof *z), *jac = calloc(l->n * all + 1, sizeof *jac);
    bool *at_bound = calloc(all + 1, sizeof *at_bound);
    if (!z || !jac || !at_bound) {
        free(z);
        free(jac);
        free(at_bound);
        return error_memory(e);
    }
    memcpy(z, l->z, all * sizeof *z);
    for (size_t i = 0; i < l->k; i++) {
        z[l->free[i]] = r->z[i];
        at_bound[l->free[i]] = r->at_bound[i];
        for (size_t row = 0; row < l->n; row++)
            jac[row * all + l->free[i]] = r->jac[row * l->k + i];
    }
    free(r->z);
    free(r->jac);
    free(r->at_bound);
    r->z = z;
    r->jac = jac;
    r->at_bound = at_bound;
    r->k = all;
    return STATUS_OK;
}

enum status fit_improve(const struct fit *f, const double *z0, const struct least_squares_options *options,
                        struct least_squares_result *out, struct error *e)
{
    struct local l;
    static const struct least_squares_options none = {0};
    const struct least_squares_options *o = options ? options : &none;
    *out = (struct least_squares_result){0};
    enum status status = local_init(&l, f, z0, o->reporter) ? STATUS_OK : error_memory(e);
    if (!status) {
        struct least_squares_problem problem = {.n = l.n,
                                                .k = l.k,
                                                .low = l.low,
                                                .high = l.high,
                                                .residuals = local_residuals,
                                                .jacobian = local_jacobian,
                                                .context = &l};
        double z[FIT_MAX_PARAMETERS];
        for (size_t i = 0; i < l.k; i++)
            z[i] = l.z[l.free[i]];
        struct error inner = {0};
        status = least_squares_solve(&problem, o, z, out, &inner);
        if (status == STATUS_FAILED && l.v.complaint[0])
            error_set(e, status, "fit %s: %s (%s)", f->name, inner.message, l.v.complaint);
        else if (status && e)
            *e = inner;
    }
    if (out->z && (!status || status == STATUS_INTERRUPTED)) {
        enum status expanded = expand(&l, out, e);
        status = expanded ? expanded : status;
    }
    local_clear(&l);
    return status;
}

/* --- many starts -------------------------------------------------------------------------------------------------- */

struct search {
    const struct fit *f;
    const struct reporter *reporter;
    struct least_squares_options options;
    size_t hops, n_starts, n_chains;
    struct least_squares_result *found; /* (n_starts) z NULL: useless */
    struct least_squares_result *chain; /* (n_chains) */
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

static bool is_usable(struct search *s, const double *z)
{
    struct fit_evaluator v;
    double *r = malloc((fit_count_residuals(s->f) + 1) * sizeof *r);
    fit_evaluator_init(&v, s->f, s->reporter);
    int code = r ? fit_evaluate(&v, z, r, NULL) : -1;
    free(r);
    atomic_fetch_add(&s->trials, v.evaluations);
    atomic_fetch_add(&s->failures, v.failures);
    if (code < 0)
        atomic_store(&s->interrupted, true);
    return code == 0;
}

/* Improve z; false, and nothing to clear, where that fails. */
static bool improve(struct search *s, const double *z, const struct least_squares_options *options,
                    struct least_squares_result *out)
{
    enum status status = fit_improve(s->f, z, options, out, NULL);
    atomic_fetch_add(&s->trials, out->evaluations);
    atomic_fetch_add(&s->failures, out->failures);
    if (status == STATUS_INTERRUPTED)
        atomic_store(&s->interrupted, true);
    if (status)
        least_squares_result_clear(out);
    return status == STATUS_OK;
}

static void run_start(size_t i, void *context)
{
    struct search *s = context;
    struct random_stream random = random_stream(s->f->seed, 2 * i);
    double z[FIT_MAX_PARAMETERS];
    fit_first(s->f, z);
    bool usable = i == 0 && is_usable(s, z);
    for (int draw = 0; draw < DRAWS && !usable && !atomic_load(&s->interrupted); draw++) {
        draw_start(s->f, &random, z);
        usable = is_usable(s, z);
    }
    if (usable)
        improve(s, z, &s->options, &s->found[i]);
    task_done(s);
}

/* A chain of hops from one of the best minima: kept when better. */
static void run_chain(size_t i, void *context)
{
    struct search *s = context;
    const struct fit *f = s->f;
    struct random_stream random = random_stream(f->seed, 2 * i + 1);
    struct least_squares_options quick = s->options;
    struct least_squares_result best;
    quick.max_iterations = s->options.max_iterations / 2;
    if (!improve(s, s->found[i].z, &s->options, &best)) {
        task_done(s);
        return;
    }
    for (size_t hop = 0; hop < s->hops && !atomic_load(&s->interrupted); hop++) {
        struct least_squares_result next, finished;
        double z[FIT_MAX_PARAMETERS];
        for (size_t j = 0; j < f->n_parameters; j++) {
            const struct fit_parameter *p = &f->parameters[j];
            double u = random_uniform(&random), x = random_normal(&random);
            bool moves = u < MOVED && !p->held && p->kind != FIT_LEVEL;
            z[j] = moves ? inside(p, best.z[j] + HOP * width(p) * x) : best.z[j];
        }
        if (!is_usable(s, z) || !improve(s, z, &quick, &next))
            continue;
        if (next.cost < 2 * best.cost && next.end == LEAST_SQUARES_LIMIT &&
            improve(s, next.z, &s->options, &finished)) {
            least_squares_result_clear(&next);
            next = finished;
        }
        bool better = next.cost < best.cost;
        least_squares_result_clear(better ? &best : &next);
        if (better)
            best = next;
    }
    s->chain[i] = best;
    task_done(s);
}

static double cost_of(const struct least_squares_result *r)
{
    return r->z ? r->cost : INFINITY;
}

static int compare_costs(const void *a, const void *b)
{
    double x = cost_of(a), y = cost_of(b);
    return (x > y) - (x < y);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static enum status finish(struct search *s, const struct least_squares_result *best, struct fit_result *out,
                          struct error *e)
{
    const struct fit *f = s->f;
    struct least_squares_options options = {.max_iterations = 300, .reporter = s->reporter};
    bool held[FIT_MAX_PARAMETERS];
    struct fit_evaluator v;
    enum status status = fit_improve(f, best->z, &options, &out->best, e);
    atomic_fetch_add(&s->trials, out->best.evaluations);
    atomic_fetch_add(&s->failures, out->best.failures);
    if (status)
        return status;
    out->z = malloc((f->n_parameters + 1) * sizeof *out->z);
    if (!out->z)
        return error_memory(e);
    memcpy(out->z, out->best.z, f->n_parameters * sizeof *out->z);
    fit_evaluator_init(&v, f, s->reporter);
    int code = fit_simulation(&v, out->z, &out->simulation);
    if (code)
        return error_set(e, code < 0 ? STATUS_INTERRUPTED : STATUS_FAILED, "fit %s: %s", f->name, v.complaint);
    /* the Jacobian where the search ended, not where it last was asked for */
    double *r = malloc((out->best.n + 1) * sizeof *r);
    code = r ? fit_evaluate(&v, out->z, r, out->best.jac) : 1;
    free(r);
    if (code)
        return error_set(e, code < 0 ? STATUS_INTERRUPTED : STATUS_FAILED, "fit %s: %s", f->name, v.complaint);
    for (size_t j = 0; j < f->n_parameters; j++)
        held[j] = f->parameters[j].held || out->best.at_bound[j];
    return least_squares_errors(out->best.n, f->n_parameters, out->best.jac, NULL, held, RANK_TOLERANCE, &out->errors,
                                e);
}

static enum status allocate(struct search *s, struct fit_result *out, struct error *e)
{
    s->found = calloc(s->n_starts + 1, sizeof *s->found);
    s->chain = calloc(CHAINS, sizeof *s->chain);
    out->costs = calloc(s->n_starts + 1, sizeof *out->costs);
    return s->found && s->chain && out->costs ? STATUS_OK : error_memory(e);
}

static void count(const struct search *s, struct fit_result *out)
{
    out->starts = s->n_starts;
    out->trials = atomic_load(&s->trials);
    out->failures = atomic_load(&s->failures);
    for (size_t i = 0; i < s->n_starts; i++) {
        out->costs[i] = cost_of(&s->found[i]);
        out->useless += !s->found[i].z;
        out->same += out->best.z && out->costs[i] < 1.01 * out->best.cost;
    }
}

static enum status search_all(struct search *s, int threads, struct fit_result *out, struct error *e)
{
    parallel_map(s->n_starts, threads, run_start, s);
    if (atomic_load(&s->interrupted))
        return error_set(e, STATUS_INTERRUPTED, "fit %s stopped on request", s->f->name);
    qsort(s->found, s->n_starts, sizeof *s->found, compare_costs);
    if (!s->found[0].z)
        return error_set(e, STATUS_FAILED, "fit %s: from none of %zu starts does a run reach the end of the data",
                         s->f->name, s->n_starts);
    if (s->hops) {
        while (s->n_chains < CHAINS && s->n_chains < s->n_starts && s->found[s->n_chains].z)
            s->n_chains++;
        parallel_map(s->n_chains, threads, run_chain, s);
    }
    if (atomic_load(&s->interrupted))
        return error_set(e, STATUS_INTERRUPTED, "fit %s stopped on request", s->f->name);
    const struct least_squares_result *best = &s->found[0];
    for (size_t i = 0; i < s->n_chains; i++)
        if (cost_of(&s->chain[i]) < cost_of(best))
            best = &s->chain[i];
    return finish(s, best, out, e);
}

enum status fit_solve(const struct fit *f, const struct fit_options *options, const struct reporter *reporter,
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
    s.tasks = s.n_starts + (s.hops ? CHAINS * s.hops : 0) + 1;
    enum status status = allocate(&s, out, e);
    if (!status) {
        status = search_all(&s, o->threads, out, e);
        count(&s, out);
    }
    for (size_t i = 0; s.found && i < s.n_starts; i++)
        least_squares_result_clear(&s.found[i]);
    for (size_t i = 0; s.chain && i < CHAINS; i++)
        least_squares_result_clear(&s.chain[i]);
    free(s.found);
    free(s.chain);
    return status;
}

void fit_result_clear(struct fit_result *r)
{
    least_squares_result_clear(&r->best);
    least_squares_errors_clear(&r->errors);
    free(r->z);
    free(r->costs);
    memset(r, 0, sizeof *r);
}
