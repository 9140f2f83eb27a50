#include "basin/annealed.h"

#include "solver/diagnostics.h"
#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/random.h"
#include "solver/sampler.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 4, WARMUP = 200, DRAWS = 300, STEPS = 255, FIRST_DRAWS = 2000, RUNGS_MOST = 200, BATCH = 250 };
static const double RHAT_MOST = 1.05;

/* Everything that does not change from one beta to the next. The chains live in x, theta = mean + width V^T x, where
 * what does not depend on d is N(0, 1): the prior, times the localising Gaussian if there is one. */
struct ladder {
    const struct region *region;
    const struct prior *prior;
    struct annealed_options o; /* defaults filled in */
    const struct reporter *reporter;
    double *mean, *width;      /* (n) */
    double log_base;           /* ln of what the localising Gaussian integrates to under the prior */
    double *state, *variances; /* (chains, n), (n) */
    double *draws[3];          /* (chains, draws) d, scratch, what the localising Gaussian takes away */
    struct annealed *out;
    double *integrand, *slope, *weighted; /* (RUNGS_MOST) of the integral in ln beta, and its standard errors */
    double *series;                       /* (RUNGS_MOST, chains, draws) d of all rungs */
};

static size_t series_size(const struct ladder *l)
{
    return l->o.chains * l->o.draws;
}

/* --- the target */

struct seat {
    const struct ladder *ladder;
    void *worker;
    double *theta, *g; /* (n) */
};

static enum status seat_new(void *shared, void **context, struct error *e)
{
    const struct ladder *l = shared;
    struct seat *s = calloc(1, sizeof *s);
    *context = s;
    if (!s)
        return error_memory(e);
    s->ladder = l;
    s->theta = malloc(2 * l->region->n * sizeof *s->theta);
    if (!s->theta)
        return error_memory(e);
    s->g = s->theta + l->region->n;
    return region_worker_new(l->region, &s->worker, e);
}

static void seat_free(void *context)
{
    struct seat *s = context;
    if (!s)
        return;
    if (s->worker)
        region_worker_free(s->ladder->region, s->worker);
    free(s->theta);
    free(s);
}

static void to_theta(const struct ladder *l, const double *x, double *theta)
{
    size_t n = l->region->n;
    if (l->o.basis)
        linalg_multiply_vector(LINALG_TRANSPOSED, n, n, 1, l->o.basis, n, x, 0, theta);
    else
        memcpy(theta, x, n * sizeof *theta);
    for (size_t i = 0; i < n; i++)
        theta[i] = l->mean[i] + l->width[i] * theta[i];
}

static double evaluate(double beta, const double *x, double *gradient, double *tempered, void *context)
{
    struct seat *s = context;
    const struct ladder *l = s->ladder;
    size_t n = l->region->n;
    to_theta(l, x, s->theta);
    double d = l->region->gradient(s->worker, s->theta, s->g);
    for (size_t i = 0; i < n; i++)
        s->g[i] *= -beta * l->width[i];
    if (l->o.basis)
        linalg_multiply_vector(LINALG_PLAIN, n, n, 1, l->o.basis, n, s->g, 0, gradient);
    else
        memcpy(gradient, s->g, n * sizeof *gradient);
    for (size_t i = 0; i < n; i++)
        gradient[i] -= x[i];
    *tempered = -d;
    return -linalg_dot(n, x, x) / 2 - beta * d;
}

/* |theta - theta*|^2/2 in units of the localising width: what is to be put back. */
static void localised_away(const double *x, double *q, void *context)
{
    struct seat *s = context;
    const struct ladder *l = s->ladder;
    *q = 0;
    if (l->o.localise <= 0)
        return;
    to_theta(l, x, s->theta);
    for (size_t i = 0; i < l->region->n; i++) {
        double off = (s->theta[i] - l->region->centre[i]) / (l->prior->sigma[i] * l->o.localise);
        *q += off * off / 2;
    }
}

/* --- the base: draws of the prior themselves, which need no chain */

struct base_draws {
    const struct ladder *ladder;
    double *d; /* (FIRST_DRAWS) */
    double *x; /* (chains, n): the first draws, where chains may start */
    enum status status[FIRST_DRAWS / BATCH];
};

static void draw_base(size_t batch, void *context)
{
    struct base_draws *b = context;
    size_t n = b->ladder->region->n;
    struct random_stream r = random_stream(b->ladder->o.seed, ((uint64_t)1 << 40) + batch);
    void *seat = NULL;
    double *x = malloc(n * sizeof *x);
    b->status[batch] = x ? seat_new((void *)b->ladder, &seat, NULL) : STATUS_FAILED;
    for (size_t k = 0; k < BATCH && !b->status[batch]; k++) {
        struct seat *s = seat;
        random_normals(&r, n, x);
        if (batch == 0 && k < b->ladder->o.chains)
            memcpy(b->x + k * n, x, n * sizeof *x);
        to_theta(b->ladder, x, s->theta);
        double d = b->ladder->region->value(s->worker, s->theta);
        b->d[batch * BATCH + k] = isnan(d) ? INFINITY : d;
    }
    seat_free(seat);
    free(x);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Effective part of the draws when weighted by exp(-beta d). */
static double effective_part(const double *d, double beta)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < FIRST_DRAWS; i++) {
        double w = exp(-beta * (d[i] - d[0]));
        sum += w;
        squares += w * w;
    }
    return sum * sum / squares / FIRST_DRAWS;
}

/* The beta at which half of the draws still count; ln Z there without discretisation. d is sorted. */
static double first_beta(const struct ladder *l, double *d)
{
    double low = 0, high = 1 / l->region->cutoff;
    qsort(d, FIRST_DRAWS, sizeof *d, by_value);
    if (effective_part(d, high) > 0.5)
        return high;
    for (int i = 0; i < 200; i++) {
        double middle = low > 0 ? sqrt(low * high) : high / 16;
        if (effective_part(d, middle) > 0.5)
            low = middle;
        else
            high = middle;
        if (low > 0 && high < 1.02 * low)
            break;
    }
    return low;
}

static enum status weigh_base(struct ladder *l, double *beta, double *log_z, double *error, struct error *e)
{
    struct base_draws b = {.ladder = l, .d = malloc(FIRST_DRAWS * sizeof *b.d), .x = l->state};
    if (!b.d) {
        error_memory(e);
        return STATUS_FAILED;
    }
    parallel_map(FIRST_DRAWS / BATCH, l->o.threads, draw_base, &b);
    enum status status = STATUS_OK;
    for (size_t k = 0; k < FIRST_DRAWS / BATCH; k++)
        if (b.status[k])
            status = error_memory(e);
    if (!status) {
        if (!l->o.betas)
            *beta = first_beta(l, b.d);
        for (size_t i = 0; i < FIRST_DRAWS; i++)
            b.d[i] *= -*beta;
        struct estimate z = estimate_log_mean(FIRST_DRAWS, b.d);
        *log_z = z.log_value;
        *error = z.error;
        if (z.ess < ESTIMATE_LEAST_ESS)
            estimate_refuse(&l->out->estimate, "the first beta is too far from the prior");
    }
    free(b.d);
    return status;
}

/* --- one beta */

/* y (chains, draws) := the draws' contributions to weight beta <d> + curvature (beta <d> - beta^2 Var d), whose
 * standard error is that of the rung's part in the integral. */
static double contribution_error(const struct ladder *l, size_t rung, double weight, double curvature)
{
    const double *d = l->series + rung * series_size(l);
    double beta = l->out->rungs[rung].beta, mean = l->out->rungs[rung].mean, *y = l->draws[1];
    struct diagnostics g;
    if (weight == 0 && curvature == 0) /* the only rung: there is no ladder */
        return 0;
    for (size_t i = 0; i < series_size(l); i++) {
        double off = d[i] - mean;
        y[i] = (weight + curvature) * beta * off - curvature * beta * beta * off * off;
    }
    if (diagnostics_of(l->o.chains, l->o.draws, y, &g, NULL))
        return NAN;
    return isnan(g.mcse) ? INFINITY : g.mcse;
}

static double variance_of(size_t n, const double *x, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (double)(n - 1);
}

static enum status look_at_draws(struct ladder *l, struct sampler *s, size_t rung, double beta, struct error *e)
{
    struct annealed_rung *r = &l->out->rungs[rung];
    double *d = l->series + rung * series_size(l);
    struct diagnostics g;
    struct sampler_rung info = sampler_rung(s, 0);
    sampler_copy(s, 0, SAMPLER_TEMPERED, d);
    for (size_t i = 0; i < series_size(l); i++)
        d[i] = -d[i];
    enum status status = diagnostics_of(l->o.chains, l->o.draws, d, &g, e);
    if (status)
        return status;
    *r = (struct annealed_rung){.beta = beta,
                                .mean = g.mean,
                                .error = g.mcse,
                                .rhat = g.rhat,
                                .ess = fmin(g.ess_bulk, g.ess_mean),
                                .acceptance = info.acceptance,
                                .log_z = NAN};
    l->integrand[rung] = beta * g.mean;
    l->slope[rung] = beta * g.mean - beta * beta * variance_of(series_size(l), d, g.mean);
    l->out->divergences += info.divergences;
    l->out->evaluations += sampler_evaluations(s);
    return STATUS_OK;
}

static bool asked_to_stop(void *context)
{
    return reporter_stop_requested(((const struct ladder *)context)->reporter);
}

/* Sample at beta from l->state on; state and metric stay for the next one. */
static enum status sample(struct ladder *l, size_t rung, double beta, struct error *e)
{
    size_t n = l->region->n;
    struct sampler_target target = {.n = n,
                                    .evaluate = evaluate,
                                    .quantities = localised_away,
                                    .n_quantities = 1,
                                    .context_new = seat_new,
                                    .context_free = seat_free,
                                    .shared = l};
    struct sampler_options options = {.kernel = n <= 300 ? SAMPLER_NUTS : SAMPLER_HMC,
                                      .metric = SAMPLER_DIAGONAL,
                                      .chains = l->o.chains,
                                      .warmup = l->o.warmup,
                                      .max_steps = l->o.max_steps,
                                      .variances = l->variances,
                                      .betas = &beta,
                                      .n_betas = 1,
                                      .seed = l->o.seed + 7919 * (rung + 1) + (l->o.reverse ? 104729 : 0),
                                      .threads = l->o.threads};
    struct reporter quiet = {.stop_requested = asked_to_stop, .context = l}; /* progress is by betas */
    struct sampler *s = NULL;
    enum status status = sampler_new(&target, &options, l->state, &s, e);
    if (!status)
        status = sampler_run(s, l->o.draws, &quiet, e);
    if (!status)
        status = look_at_draws(l, s, rung, beta, e);
    for (size_t c = 0; c < l->o.chains && !status; c++)
        memcpy(l->state + c * n, sampler_last(s, c, 0), n * sizeof *l->state);
    if (!status) {
        memcpy(l->variances, sampler_variances(s, 0), n * sizeof *l->variances);
        sampler_copy(s, 0, SAMPLER_OWN, l->draws[2]);
    }
    sampler_free(s);
    return status;
}

/* --- the last step: ln P = ln Z + ln < e^{beta d} 1{d <= c} >, the localising Gaussian put back */

static void last_step(struct ladder *l, size_t rung)
{
    const double *d = l->series + rung * series_size(l);
    double beta = l->out->rungs[rung].beta, top = -INFINITY, *w = l->draws[1];
    struct diagnostics g;
    struct estimate *e = &l->out->estimate;
    for (size_t i = 0; i < series_size(l); i++) {
        w[i] = d[i] <= l->region->cutoff ? beta * d[i] + l->draws[2][i] : -INFINITY;
        top = fmax(top, w[i]);
    }
    for (size_t i = 0; i < series_size(l); i++)
        w[i] = exp(w[i] - top);
    if (!isfinite(top) || diagnostics_of(l->o.chains, l->o.draws, w, &g, NULL) || !(g.mean > 0) || isnan(g.mcse)) {
        estimate_refuse(e, "no draw at the last beta is inside");
        e->log_value = l->out->final_error = NAN;
        return;
    }
    l->out->final_error = g.mcse / g.mean;
    e->log_value = top + log(g.mean);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < series_size(l); i++)
        sum += w[i], squares += w[i] * w[i];
    double kish = sum * sum / squares;
    e->largest_share = 1 / sum; /* the largest weight is 1 */
    e->ess = fmin(kish * fmin(g.ess_mean / (double)series_size(l), 1), e->ess);
}

/* --- the integral */

/* Cubic Hermite over every `stride`-th rung, from the first to the last; weights of each rung's value and slope are
 * added up in weight and curvature where given. */
static double integral(const struct ladder *l, size_t stride, double *weight, double *curvature)
{
    size_t last = l->out->n_rungs - 1;
    double sum = 0;
    for (size_t a = 0; a < last;) {
        size_t b = a + stride < last ? a + stride : last;
        double h = log(l->out->rungs[b].beta / l->out->rungs[a].beta);
        sum += h / 2 * (l->integrand[a] + l->integrand[b]) + h * h / 12 * (l->slope[a] - l->slope[b]);
        if (weight) {
            weight[a] += h / 2, weight[b] += h / 2;
            curvature[a] += h * h / 12, curvature[b] -= h * h / 12;
        }
        a = b;
    }
    return sum;
}

/* ln Z along the ladder, its statistical error, and what the steps' size does: the difference to the integral over
 * every second rung, of which a fifteenth is expected where the step is small, and a fifth is taken. */
static enum status integrate(struct ladder *l, double log_z_first, struct error *e)
{
    size_t n = l->out->n_rungs;
    double *weight = calloc(2 * n + 1, sizeof *weight), variance = 0;
    if (!weight)
        return error_memory(e);
    double whole = integral(l, 1, weight, weight + n), coarse = integral(l, 2, NULL, NULL);
    for (size_t k = 0; k < n; k++)
        variance += gsl_pow_2(contribution_error(l, k, weight[k], weight[n + k]));
    l->out->log_z = log_z_first - whole;
    l->out->ladder_error = sqrt(variance);
    l->out->discretisation = fabs(whole - coarse) / 5;
    for (size_t k = 0; k < n; k++) {
        l->out->n_rungs = k + 1;
        l->out->rungs[k].log_z = log_z_first - integral(l, 1, NULL, NULL);
    }
    l->out->n_rungs = n;
    free(weight);
    return STATUS_OK;
}

/* --- up and down */

static enum status climb(struct ladder *l, double beta, struct error *e)
{
    double cutoff = l->region->cutoff, factor = l->o.factor;
    enum status status = STATUS_OK;
    for (size_t k = 0; k < RUNGS_MOST && !status; k++) {
        status = sample(l, k, beta, e);
        if (status)
            break;
        l->out->n_rungs = k + 1;
        double mean = l->out->rungs[k].mean;
        /* near enough to the cutoff for the last step */
        if (mean <= 1.1 * cutoff)
            return STATUS_OK;
        /* d falls as 1/beta at the end: the last rung where it is at the cutoff */
        beta *= mean < factor * cutoff ? fmax(mean / cutoff, 1.05) : factor;
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
    double *kept = malloc(2 * series_size(l) * sizeof *kept); /* of the last rung, which is sampled first */
    if (!kept)
        return error_memory(e);
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
        if (k + 1 == l->o.n_betas)
            memcpy(kept, l->draws[2], series_size(l) * sizeof *kept);
    }
    memcpy(l->draws[2], kept, series_size(l) * sizeof *kept);
    free(kept);
    return status;
}

static enum status ladder_init(struct ladder *l, struct error *e)
{
    size_t n = l->region->n, size = series_size(l);
    double narrow = l->o.localise > 0 ? 1 / (l->o.localise * l->o.localise) : 0;
    l->mean = malloc(2 * n * sizeof *l->mean);
    l->state = malloc((l->o.chains + 1) * n * sizeof *l->state);
    l->integrand = calloc(2 * RUNGS_MOST, sizeof *l->integrand);
    l->series = malloc((RUNGS_MOST + 3) * size * sizeof *l->series);
    l->out->rungs = calloc(RUNGS_MOST, sizeof *l->out->rungs);
    if (!l->mean || !l->state || !l->integrand || !l->series || !l->out->rungs) {
        error_memory(e);
        return STATUS_FAILED;
    }
    l->width = l->mean + n;
    l->variances = l->state + l->o.chains * n;
    l->slope = l->integrand + RUNGS_MOST;
    for (size_t k = 0; k < 3; k++)
        l->draws[k] = l->series + (RUNGS_MOST + k) * size;
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

static void ladder_clear(struct ladder *l)
{
    free(l->mean);
    free(l->state);
    free(l->integrand);
    free(l->series);
}

static void sum_up(struct ladder *l, double first_error)
{
    struct annealed *a = l->out;
    struct estimate *e = &a->estimate;
    e->ess = INFINITY;
    e->samples = a->n_rungs * series_size(l);
    for (size_t k = 0; k < a->n_rungs; k++) {
        a->worst_rhat = fmax(a->worst_rhat, a->rungs[k].rhat);
        e->ess = fmin(e->ess, a->rungs[k].ess);
    }
    last_step(l, a->n_rungs - 1);
    e->log_value += a->log_z + l->log_base;
    a->first_error = first_error;
    e->error = sqrt(gsl_pow_2(first_error) + gsl_pow_2(a->ladder_error) + gsl_pow_2(a->discretisation) +
                    gsl_pow_2(a->final_error));
    if (a->worst_rhat > RHAT_MOST)
        estimate_refuse(e, "chains have not mixed: R-hat %.3f", a->worst_rhat);
    if (!(e->ess >= ESTIMATE_LEAST_ESS))
        estimate_refuse(e, "effective sample size %.3g", e->ess);
    if (!isfinite(e->error) || !isfinite(e->log_value))
        estimate_refuse(e, "no finite error");
}

enum status annealed_mass(const struct region *r, const struct prior *prior, const struct annealed_options *options,
                          const struct reporter *reporter, struct annealed *out, struct error *e)
{
    struct ladder l = {.region = r, .prior = prior, .o = *options, .reporter = reporter, .out = out};
    *out = (struct annealed){.estimate = {.pareto_k = NAN, .at_least = NAN, .largest_share = NAN}};
    if (!r->gradient)
        return error_set(e, STATUS_REFUSED, "annealed integration wants a gradient");
    l.o.chains = l.o.chains ? l.o.chains : CHAINS;
    l.o.warmup = l.o.warmup ? l.o.warmup : WARMUP;
    l.o.draws = l.o.draws ? l.o.draws : DRAWS;
    l.o.max_steps = l.o.max_steps ? l.o.max_steps : STEPS;
    l.o.factor = l.o.factor > 1 ? l.o.factor : 2;
    l.o.what = l.o.what ? l.o.what : "annealing";
    int blas = linalg_set_threads(1);
    double beta = options->betas ? options->betas[0] : 0, log_z = NAN, error = NAN;
    enum status status = ladder_init(&l, e);
    if (!status)
        status = weigh_base(&l, &beta, &log_z, &error, e);
    if (!status)
        status = options->reverse ? descend(&l, e) : climb(&l, beta, e);
    if (!status)
        status = integrate(&l, log_z, e);
    if (!status)
        sum_up(&l, error);
    linalg_set_threads(blas);
    ladder_clear(&l);
    return status;
}

void annealed_clear(struct annealed *a)
{
    free(a->rungs);
    *a = (struct annealed){0};
}
