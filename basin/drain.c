#include "basin/drain.h"

#include "solver/linalg.h"
#include "solver/ode.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE_MOST = 40, STEPS_MOST = 20000, SHRINKS_MOST = 200 };
static const double RTOL = 1e-6, TIME_MOST = 1e6;

/* --- membership */

struct flow {
    const struct drain *drain;
    void *worker;
    double *g; /* (n) */
};

static int flow_rhs(double s, const double *x, double *dx, void *context)
{
    const struct flow *f = context;
    (void)s;
    if (!isfinite(f->drain->gradient(f->worker, x, dx)))
        return 1;
    for (size_t i = 0; i < f->drain->n; i++)
        dx[i] = -dx[i];
    return 0;
}

static enum drain_verdict judge(const struct flow *f, const double *theta)
{
    double potential = f->drain->gradient(f->worker, theta, f->g);
    return isfinite(potential) ? f->drain->verdict(f->worker, theta, potential, f->g) : DRAIN_OUTSIDE;
}

bool drain_contains(const struct drain *d, void *worker, const double *theta, size_t *failures)
{
    struct ode *ode = NULL;
    double *scratch = malloc(2 * d->n * sizeof *scratch), rtol = d->rtol > 0 ? d->rtol : RTOL;
    if (!scratch)
        return false;
    struct flow f = {d, worker, scratch};
    double *atol = scratch + d->n;
    for (size_t i = 0; i < d->n; i++)
        atol[i] = rtol * (d->scale ? d->scale[i] : 1);
    struct ode_problem problem = {.n = d->n, .rhs = flow_rhs, .context = &f};
    struct ode_options options = {
        .method = d->n <= DENSE_MOST ? ODE_BDF : ODE_BDF_KRYLOV, .rtol = rtol, .atol = atol, .max_steps = STEPS_MOST};
    double end = d->most_time > 0 ? d->most_time : TIME_MOST;
    enum drain_verdict verdict = judge(&f, theta);
    enum status status = verdict == DRAIN_FLOWING ? ode_new(&ode, &problem, &options, 0, theta, NULL) : STATUS_OK;
    while (!status && verdict == DRAIN_FLOWING && ode_position(ode) < end) {
        bool at_event;
        status = ode_step(ode, end, &at_event, NULL);
        if (!status)
            verdict = judge(&f, ode_state(ode));
    }
    if (failures)
        *failures += status != STATUS_OK || verdict == DRAIN_FLOWING;
    ode_free(ode);
    free(scratch);
    return verdict == DRAIN_INSIDE;
}

static enum status new_worker(const struct drain *d, void **worker)
{
    *worker = (void *)d->context;
    return d->worker_new ? d->worker_new(d, worker, NULL) : STATUS_OK;
}

static void free_worker(const struct drain *d, void *worker)
{
    if (d->worker_free && worker)
        d->worker_free(worker);
}

/* --- chains */

/* One bridge: its state, and what it counted. */
struct chain {
    double *w, *v, *tried, *theta; /* (n) state, direction, candidate, the candidate in units of theta */
    double *inside;                /* (balls) fraction of ball k's draws that lie in ball k - 1 */
    double first;                  /* ln volume (mass) of the drained part of the first ball; -INFINITY: none found */
    double first_fraction;
    size_t flows, failures;
    enum status status;
};

struct work {
    const struct drain *drain;
    const struct prior *prior;
    const struct drain_options *options;
    const struct reporter *reporter;
    double *radius; /* (balls + 1) */
    size_t balls;
    struct chain *chain;
    atomic_size_t done;
    atomic_bool stopped;
    atomic_flag reporting;
};

static double log_density(const struct work *w, const double *theta)
{
    double sum = 0;
    for (size_t i = 0; i < w->drain->n && w->prior->sigma; i++) {
        double s = w->prior->sigma[i], off = (theta[i] - (w->prior->mean ? w->prior->mean[i] : 0)) / s;
        sum -= off * off / 2 + log(s) + log(2 * M_PI) / 2;
    }
    return sum;
}

static void place(const struct work *w, struct chain *c, const double *at)
{
    for (size_t i = 0; i < w->drain->n; i++)
        c->theta[i] = w->drain->centre[i] + (w->drain->scale ? w->drain->scale[i] : 1) * at[i];
}

static bool member(const struct work *w, struct chain *c, void *worker)
{
    c->flows++;
    return drain_contains(w->drain, worker, c->theta, &c->failures);
}

/* Uniform on the line through w within the ball, cut back towards w until it is in the set and above the level (slice
 * sampling with shrinkage, Neal 2003, along a random direction). */
static void hit_and_run(const struct work *work, struct chain *c, void *worker, double radius, struct random_stream *r)
{
    size_t n = work->drain->n;
    random_normals(r, n, c->v);
    double a = linalg_dot(n, c->v, c->v), b = linalg_dot(n, c->v, c->w), square = linalg_dot(n, c->w, c->w);
    double root = sqrt(fmax(b * b - a * (square - radius * radius), 0)), low = (-b - root) / a, high = (-b + root) / a;
    place(work, c, c->w);
    double level = log_density(work, c->theta) + log(random_uniform(r));
    for (int i = 0; i < SHRINKS_MOST; i++) {
        double x = low + (high - low) * random_uniform(r);
        for (size_t j = 0; j < n; j++)
            c->tried[j] = c->w[j] + x * c->v[j];
        place(work, c, c->tried);
        if (log_density(work, c->theta) >= level && member(work, c, worker)) {
            memcpy(c->w, c->tried, n * sizeof *c->w);
            return;
        }
        if (x < 0)
            low = x;
        else
            high = x;
    }
}

static void uniform_in_ball(size_t n, double radius, struct random_stream *r, double *w)
{
    random_normals(r, n, w);
    double factor = radius * pow(random_uniform(r), 1 / (double)n) / linalg_norm(n, w);
    for (size_t i = 0; i < n; i++)
        w[i] *= factor;
}

static double log_ball(const struct work *w, double radius)
{
    double half = (double)w->drain->n / 2, sum = half * log(M_PI) - gsl_sf_lngamma(half + 1);
    sum += (double)w->drain->n * log(radius);
    for (size_t i = 0; i < w->drain->n && w->drain->scale; i++)
        sum += log(w->drain->scale[i]);
    return sum;
}

/* The first ball by counting (under a prior: by adding up its density). The chain starts at one of the points found. */
static void count_first(const struct work *work, struct chain *c, void *worker, struct random_stream *r)
{
    size_t points = work->options->points, n = work->drain->n, hits = 0;
    double sum = -INFINITY;
    for (size_t k = 0; k < points; k++) {
        uniform_in_ball(n, work->radius[0], r, c->tried);
        place(work, c, c->tried);
        if (!member(work, c, worker))
            continue;
        hits++;
        double pair[2] = {sum, log_density(work, c->theta)};
        sum = log_sum_exp(2, pair);
        memcpy(c->w, c->tried, n * sizeof *c->w);
    }
    c->first_fraction = (double)hits / (double)points;
    c->first = log_ball(work, work->radius[0]) + sum - log((double)points);
}

static bool go_on(struct work *w, size_t steps)
{
    size_t all = w->options->chains * w->balls * w->options->steps, done = atomic_fetch_add(&w->done, steps) + steps;
    if (reporter_stop_requested(w->reporter))
        atomic_store(&w->stopped, true);
    if (!atomic_flag_test_and_set(&w->reporting)) {
        reporter_progress(w->reporter, (double)done / (double)(all ? all : 1), "draining");
        atomic_flag_clear(&w->reporting);
    }
    return !atomic_load(&w->stopped);
}

static void run_chain(size_t i, void *context)
{
    struct work *w = context;
    struct chain *c = &w->chain[i];
    size_t n = w->drain->n, steps = w->options->steps, skipped = steps / 4;
    struct random_stream r = random_stream(w->options->seed, i);
    void *worker = NULL;
    c->status = new_worker(w->drain, &worker);
    if (c->status)
        return;
    count_first(w, c, worker, &r);
    for (size_t ball = 1; ball <= w->balls && go_on(w, 0); ball++) {
        size_t inside = 0;
        for (size_t k = 0; k < steps + skipped && !atomic_load(&w->stopped); k++) {
            hit_and_run(w, c, worker, w->radius[ball], &r);
            if (k >= skipped)
                inside += linalg_norm(n, c->w) <= w->radius[ball - 1];
        }
        c->inside[ball - 1] = (double)inside / (double)steps;
        go_on(w, steps);
    }
    free_worker(w->drain, worker);
}

/* --- putting together */

static void work_clear(struct work *w)
{
    for (size_t i = 0; i < w->options->chains && w->chain; i++) {
        free(w->chain[i].w);
        free(w->chain[i].inside);
    }
    free(w->chain);
    free(w->radius);
}

static enum status work_init(struct work *w, struct error *e)
{
    const struct drain_options *o = w->options;
    size_t n = w->drain->n;
    double doublings = (double)n * log2(fmax(o->outer / o->inner, 1));
    w->balls = o->balls ? o->balls : (size_t)ceil(doublings);
    w->chain = calloc(o->chains, sizeof *w->chain);
    w->radius = malloc((w->balls + 1) * sizeof *w->radius);
    if (!w->chain || !w->radius)
        return error_memory(e);
    for (size_t k = 0; k <= w->balls; k++)
        w->radius[k] = o->inner * pow(o->outer / o->inner, (double)k / (double)(w->balls ? w->balls : 1));
    for (size_t i = 0; i < o->chains; i++) {
        struct chain *c = &w->chain[i];
        c->w = calloc(4 * n, sizeof *c->w);
        c->inside = calloc(w->balls + 1, sizeof *c->inside);
        if (!c->w || !c->inside)
            return error_memory(e);
        c->v = c->w + n;
        c->tried = c->v + n;
        c->theta = c->tried + n;
    }
    return STATUS_OK;
}

/* ln of the drained part of ball k by all chains but one (SIZE_MAX: by all): the means of the chains' fractions, whose
 * logarithms are less biased than those of one chain's. */
static double log_volume_without(const struct work *w, size_t ball, size_t without)
{
    size_t chains = w->options->chains, kept = chains - (without < chains);
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < chains; i++)
        top = fmax(top, i == without ? -INFINITY : w->chain[i].first);
    for (size_t i = 0; i < chains && isfinite(top); i++)
        sum += i == without ? 0 : exp(w->chain[i].first - top);
    double value = top + log(sum / (double)kept);
    for (size_t k = 0; k < ball; k++) {
        double inside = 0;
        for (size_t i = 0; i < chains; i++)
            inside += i == without ? 0 : w->chain[i].inside[k];
        value -= log(inside / (double)kept);
    }
    return value;
}

/* Mean over the chains: of the first ball's drained fraction, of the draws of ball k + 1 that lie in ball k. */
static double mean_first(const struct work *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->options->chains; i++)
        sum += w->chain[i].first_fraction;
    return sum / (double)w->options->chains;
}

static double mean_inside(const struct work *w, size_t k)
{
    double sum = 0;
    for (size_t i = 0; i < w->options->chains; i++)
        sum += w->chain[i].inside[k];
    return sum / (double)w->options->chains;
}

/* What chains that all say the same do not show, nats of ball k: by the rule of three, where all of the first ball's
 * points drain, or all draws of a bridge lie in the ball before. */
static double unseen(const struct work *w, size_t ball)
{
    double chains = (double)w->options->chains, points = chains * (double)w->options->points;
    double draws = chains * (double)w->options->steps, square = 0;
    if (mean_first(w) * points > points - 0.5)
        square += 9 / (points * points);
    for (size_t k = 0; k < ball; k++)
        if (mean_inside(w, k) * draws > draws - 0.5)
            square += 9 / (draws * draws);
    return sqrt(square);
}

/* Standard error of ln of the first ball's fraction as a binomial one. */
static double binomial_error(const struct work *w)
{
    double part = fmin(mean_first(w), 1);
    return sqrt((1 - part) / (part * (double)(w->options->chains * w->options->points)));
}

/* Jackknife over the chains: what is left of the logarithms' bias goes, and the standard error comes from the spread
 * (Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982), times the standard deviation of Student's t,
 * since there are few chains: but no less than counts of so many points have. */
static void collect(const struct work *w, size_t ball, double *value, double *error)
{
    size_t chains = w->options->chains;
    double mean = 0, squares = 0, n = (double)chains;
    for (size_t i = 0; i < chains; i++)
        mean += log_volume_without(w, ball, i) / n;
    for (size_t i = 0; i < chains; i++) {
        double off = log_volume_without(w, ball, i) - mean;
        squares += off * off;
    }
    *value = n * log_volume_without(w, ball, SIZE_MAX) - (n - 1) * mean;
    *error = fmax(sqrt(squares * (n - 1) / n * (n - 1) / (n - 3)), binomial_error(w));
    *error = hypot(*error, unseen(w, ball));
}

/* Share of a ball's volume that drains, without one chain. */
static double share_without(const struct work *w, size_t ball, size_t without)
{
    return exp(log_volume_without(w, ball, without) - log_ball(w, w->radius[ball]));
}

/* Of the part of ball k's volume that lies outside ball k - 1: jackknife over the chains. */
static double shell_error(const struct work *w, size_t ball)
{
    size_t chains = w->options->chains;
    double mean = 0, squares = 0, n = (double)chains;
    double ratio = exp(log_ball(w, w->radius[ball - 1]) - log_ball(w, w->radius[ball]));
    for (size_t i = 0; i < chains; i++)
        mean += (share_without(w, ball, i) - ratio * share_without(w, ball - 1, i)) / n;
    for (size_t i = 0; i < chains; i++) {
        double off = share_without(w, ball, i) - ratio * share_without(w, ball - 1, i) - mean;
        squares += off * off;
    }
    return sqrt(squares * (n - 1) / n * (n - 1) / (n - 3)) / (1 - ratio);
}

static void fill_shells(const struct work *w, struct drain_result *out)
{
    for (size_t k = 0; k < out->n_shells; k++) {
        struct drain_shell *s = &out->shells[k];
        s->radius = w->radius[k];
        collect(w, k, &s->log_volume, &s->error);
        /* parts of this ball's volume, which itself may be larger or smaller than any number */
        double ball = log_ball(w, w->radius[k]), drained = exp(s->log_volume - ball), all = 1;
        if (k > 0) {
            drained -= exp(out->shells[k - 1].log_volume - ball);
            all -= exp(log_ball(w, w->radius[k - 1]) - ball);
        }
        s->fraction = w->prior->sigma ? NAN : drained / all;
        s->fraction_error = w->prior->sigma ? NAN
                            : k > 0         ? hypot(shell_error(w, k), fabs(s->fraction) * unseen(w, k))
                                            : s->fraction * s->error;
    }
}

static void sum_up(const struct work *w, struct drain_result *out)
{
    size_t last = w->balls, chains = w->options->chains, points = chains * w->options->points;
    fill_shells(w, out);
    for (size_t i = 0; i < chains; i++) {
        out->flows += w->chain[i].flows;
        out->failures += w->chain[i].failures;
        out->inner_fraction += w->chain[i].first_fraction / (double)chains;
    }
    out->estimate = (struct estimate){.log_value = out->shells[last].log_volume,
                                      .error = out->shells[last].error,
                                      .samples = last ? chains * w->options->steps * last : points,
                                      .pareto_k = NAN,
                                      .at_least = NAN};
    out->estimate.ess = fmin((double)(last + 1) / (out->estimate.error * out->estimate.error),
                             (double)(last ? chains * w->options->steps : points));
    if (!(out->inner_fraction > 0))
        estimate_refuse(&out->estimate, "not one of %zu points in the first ball drains: less than %.2g of it does",
                        points, 3 / (double)points);
    else if (!isfinite(out->estimate.log_value) || !isfinite(out->estimate.error))
        estimate_refuse(&out->estimate, "the balls are not bridged: no draw of one lies in the one before");
    if (out->estimate.ess < ESTIMATE_LEAST_ESS)
        estimate_refuse(&out->estimate, "effective number of draws per ball %.3g", out->estimate.ess);
    out->last_growth = last ? out->shells[last].log_volume - out->shells[last - 1].log_volume : NAN;
}

enum status drain_volume(const struct drain *d, const struct prior *prior, const struct drain_options *options,
                         const struct reporter *reporter, struct drain_result *out, struct error *e)
{
    struct work w = {
        .drain = d, .prior = prior, .options = options, .reporter = reporter, .reporting = ATOMIC_FLAG_INIT};
    *out = (struct drain_result){0};
    enum status status = work_init(&w, e);
    out->shells = status ? NULL : calloc(w.balls + 1, sizeof *out->shells);
    if (!status && !out->shells)
        status = error_memory(e);
    if (!status) {
        int blas = linalg_set_threads(1);
        parallel_map(options->chains, options->threads, run_chain, &w);
        linalg_set_threads(blas);
        out->n_shells = w.balls + 1;
        if (atomic_load(&w.stopped))
            status = error_set(e, STATUS_INTERRUPTED, "interrupted while draining");
        for (size_t i = 0; i < options->chains && !status; i++)
            if (w.chain[i].status)
                status = error_memory(e);
    }
    if (!status)
        sum_up(&w, out);
    work_clear(&w);
    return status;
}

void drain_result_clear(struct drain_result *r)
{
    free(r->shells);
    *r = (struct drain_result){0};
}

/* --- spheres */

struct spheres {
    const struct drain *drain;
    const double *radii;
    size_t n_radii, points;
    uint64_t seed;
    const struct reporter *reporter;
    size_t *hits;
    atomic_bool stopped, failed;
};

static void flow_from_sphere(size_t k, void *context)
{
    struct spheres *s = context;
    size_t n = s->drain->n;
    void *worker = NULL;
    double *theta = malloc(n * sizeof *theta);
    struct random_stream r = random_stream(s->seed, k);
    bool good = theta && new_worker(s->drain, &worker) == STATUS_OK;
    if (!good)
        atomic_store(&s->failed, true);
    for (size_t i = 0; i < s->points && good && !atomic_load(&s->stopped); i++) {
        random_normals(&r, n, theta);
        double factor = s->radii[k] / linalg_norm(n, theta);
        for (size_t j = 0; j < n; j++)
            theta[j] = s->drain->centre[j] + factor * theta[j] * (s->drain->scale ? s->drain->scale[j] : 1);
        s->hits[k] += drain_contains(s->drain, worker, theta, NULL);
        if (reporter_stop_requested(s->reporter))
            atomic_store(&s->stopped, true);
    }
    free_worker(s->drain, worker);
    free(theta);
}

enum status drain_spheres(const struct drain *d, size_t n_radii, const double *radii, size_t points, uint64_t seed,
                          int threads, const struct reporter *reporter, size_t *hits, struct error *e)
{
    struct spheres s = {d, radii, n_radii, points, seed, reporter, hits, false, false};
    memset(hits, 0, n_radii * sizeof *hits);
    int blas = linalg_set_threads(1);
    parallel_map(n_radii, threads, flow_from_sphere, &s);
    linalg_set_threads(blas);
    if (atomic_load(&s.stopped))
        return error_set(e, STATUS_INTERRUPTED, "interrupted while draining");
    return atomic_load(&s.failed) ? error_memory(e) : STATUS_OK;
}
