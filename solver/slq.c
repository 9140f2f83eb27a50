#include "solver/slq.h"

#include "solver/lanczos.h"
#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- the probes ----------------------------------------------------------------------------------------------------*/

struct probing {
    struct slq *s;
    const struct krylov_operator *operators;
    size_t n_operators;
    uint64_t seed;
    const struct reporter *reporter;
    enum status *status; /* (n_operators) */
    struct error *errors;
    atomic_size_t finished; /* probes */
};

static void random_signs(uint64_t seed, size_t probe, size_t n, double *z)
{
    struct random_stream r = random_stream(seed, probe);
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++, bits >>= 1) {
        if (i % 64 == 0)
            bits = random_bits(&r);
        z[i] = bits & 1 ? 1 : -1;
    }
}

/* Keep the matrix of probe p with its nodes and weights. scratch: (max_steps, max_steps). */
static enum status keep_probe(struct slq *s, size_t p, const struct lanczos *l, double *scratch, struct error *e)
{
    size_t m = l->m, at = p * s->max_steps;
    s->steps[p] = m;
    memcpy(s->alpha + at, l->alpha, m * sizeof *s->alpha);
    memcpy(s->beta + at, l->beta, m * sizeof *s->beta);
    enum status status = lanczos_ritz(m, l->alpha, l->beta, s->nodes + at, scratch, e);
    for (size_t k = 0; k < m && !status; k++)
        s->weights[at + k] = scratch[k * m] * scratch[k * m];
    return status;
}

static enum status run_probe(struct probing *w, size_t p, const struct krylov_operator *a, double *z, double *scratch,
                             struct error *e)
{
    struct lanczos l;
    random_signs(w->seed, p, a->n, z);
    enum status status = lanczos_init(&l, a, w->s->max_steps, z, e);
    while (!status && l.m < l.capacity && !l.exhausted) {
        if (reporter_stop_requested(w->reporter))
            status = error_set(e, STATUS_INTERRUPTED, "stopped");
        else
            status = lanczos_step(&l, e);
    }
    if (!status)
        status = keep_probe(w->s, p, &l, scratch, e);
    lanczos_clear(&l);
    return status;
}

static void run_share(size_t share, void *context)
{
    struct probing *w = context;
    struct slq *s = w->s;
    double *z = malloc((s->n + 1) * sizeof *z), *scratch = malloc(s->max_steps * s->max_steps * sizeof *scratch);
    enum status status = STATUS_OK;
    if (!z || !scratch) {
        status = error_memory(&w->errors[share]);
        goto out;
    }
    for (size_t p = share; p < s->probes && !status; p += w->n_operators) {
        status = run_probe(w, p, &w->operators[share], z, scratch, &w->errors[share]);
        size_t finished = atomic_fetch_add(&w->finished, 1) + 1;
        reporter_progress(w->reporter, (double)finished / (double)s->probes, "random probes of the spectrum");
    }
out:
    w->status[share] = status;
    free(z);
    free(scratch);
}

static enum status run_probes(struct probing *w, struct error *e)
{
    int threads = linalg_set_threads(1); /* one thread of BLAS: sums in the same order, however many probes at a time */
    enum status status = STATUS_OK;
    parallel_map(w->n_operators, (int)w->n_operators, run_share, w);
    linalg_set_threads(threads);
    for (size_t i = 0; i < w->n_operators && !status; i++)
        if (w->status[i])
            status = error_set(e, w->status[i], "%s", w->errors[i].message);
    return status;
}

enum status slq_init(struct slq *s, const struct krylov_operator *operators, size_t n_operators, size_t probes,
                     size_t max_steps, uint64_t seed, const struct reporter *reporter, struct error *e)
{
    size_t n = operators->n, cells;
    n_operators = n_operators < probes ? n_operators : probes;
    max_steps = max_steps < n ? max_steps : n;
    cells = probes * max_steps;
    *s = (struct slq){.n = n, .probes = probes, .max_steps = max_steps};
    struct probing w = {.s = s,
                        .operators = operators,
                        .n_operators = n_operators,
                        .seed = seed,
                        .reporter = reporter,
                        .status = calloc(n_operators, sizeof *w.status),
                        .errors = calloc(n_operators, sizeof *w.errors)};
    s->steps = calloc(probes, sizeof *s->steps);
    s->alpha = malloc(cells * sizeof *s->alpha);
    s->beta = malloc(cells * sizeof *s->beta);
    s->nodes = malloc(cells * sizeof *s->nodes);
    s->weights = malloc(cells * sizeof *s->weights);
    bool room = w.status && w.errors && s->steps && s->alpha && s->beta && s->nodes && s->weights;
    enum status status = room ? run_probes(&w, e) : error_memory(e);
    free(w.status);
    free(w.errors);
    return status;
}

void slq_clear(struct slq *s)
{
    free(s->steps);
    free(s->alpha);
    free(s->beta);
    free(s->nodes);
    free(s->weights);
    *s = (struct slq){0};
}

/* --- from the probes -----------------------------------------------------------------------------------------------*/

/* Mean and spread of what the probes say, one at a time (Welford 1962). */
struct spread {
    size_t count;
    double mean, squares;
};

static void spread_add(struct spread *s, double x)
{
    double step = x - s->mean;
    s->mean += step / (double)++s->count;
    s->squares += step * (x - s->mean);
}

static struct slq_estimate spread_estimate(const struct spread *s)
{
    double n = (double)s->count;
    return (struct slq_estimate){s->mean, sqrt(s->squares / (n - 1) / n), NAN, NAN};
}

struct slq_estimate slq_trace(const struct slq *s, double (*f)(double lambda, void *context), void *context)
{
    struct spread all = {0};
    for (size_t p = 0; p < s->probes; p++) {
        double sum = 0;
        for (size_t k = p * s->max_steps; k < p * s->max_steps + s->steps[p]; k++)
            sum += s->weights[k] * f(s->nodes[k], context);
        spread_add(&all, (double)s->n * sum);
    }
    return spread_estimate(&all);
}

/* Weighted ln(node + shift) of a tridiagonal matrix (m, m); t: (m, m) and values (m) are scratch. */
static enum status log_of_matrix(size_t m, const double *alpha, const double *beta, double shift, double *t,
                                 double *values, double *sum, struct error *e)
{
    enum status status = lanczos_ritz(m, alpha, beta, values, t, e);
    *sum = 0;
    for (size_t k = 0; k < m && !status; k++)
        *sum += t[k * m] * t[k * m] * log(values[k] + shift);
    return status;
}

/* Probe p with a node at `lowest`: one more row, whose diagonal makes `lowest` an eigenvalue (Golub and
 * Meurant, 6.2.2). pivot: of T - lowest, positive as long as T is above. extended: (2, max_steps + 1). */
static enum status extend_to(const struct slq *s, size_t p, double lowest, double *extended, struct error *e)
{
    size_t m = s->steps[p], at = p * s->max_steps;
    double *alpha = extended, *beta = extended + s->max_steps + 1, pivot = 0;
    /* T is off by rounding */
    double node = lowest - (double)s->n * DBL_EPSILON * fmax(fabs(s->nodes[at]), fabs(s->nodes[at + m - 1]));
    memcpy(alpha, s->alpha + at, m * sizeof *alpha);
    memcpy(beta, s->beta + at, m * sizeof *beta);
    for (size_t i = 0; i < m; i++) {
        pivot = alpha[i] - node - (i ? beta[i - 1] * beta[i - 1] / pivot : 0);
        if (!(pivot > 0))
            return error_set(e, STATUS_REFUSED, "the matrix has an eigenvalue below %.6g (at most %.6g)", lowest,
                             s->nodes[at]);
    }
    alpha[m] = node + beta[m - 1] * beta[m - 1] / pivot;
    return STATUS_OK;
}

/* n z^T ln(A + shift) z of probe p from below and above. scratch: (max_steps + 1) (max_steps + 4). */
static enum status bracket_logarithm(const struct slq *s, size_t p, double shift, double lowest, double *scratch,
                                     double *low, double *high, struct error *e)
{
    size_t m = s->steps[p], at = p * s->max_steps, most = s->max_steps + 1;
    double *extended = scratch + most * most, *values = extended + 2 * most;
    *high = 0;
    for (size_t k = at; k < at + m; k++) {
        if (!(s->nodes[k] + shift > 0))
            return error_set(e, STATUS_REFUSED, "the matrix has an eigenvalue below %.6g", lowest);
        *high += s->weights[k] * log(s->nodes[k] + shift);
    }
    *low = *high;
    if (!(s->beta[at + m - 1] > 0)) /* exhausted */
        return STATUS_OK;
    enum status status = extend_to(s, p, lowest, extended, e);
    if (!status)
        status = log_of_matrix(m + 1, extended, extended + most, shift, scratch, values, low, e);
    if (!status && !isfinite(*low))
        status = error_set(e, STATUS_REFUSED, "%.6g + %.6g is 0 but for rounding", lowest, shift);
    return status;
}

enum status slq_log_determinant(const struct slq *s, double shift, double lowest, struct slq_estimate *out,
                                struct error *e)
{
    struct spread middle = {0}, above = {0}, below = {0};
    double n = (double)s->n, low = NAN, high = NAN;
    if (!(lowest + shift > 0))
        return error_set(e, STATUS_REFUSED, "%.6g + %.6g is not positive: the determinant has no logarithm", lowest,
                         shift);
    double *scratch = malloc((s->max_steps + 1) * (s->max_steps + 4) * sizeof *scratch);
    if (!scratch)
        return error_memory(e);
    enum status status = STATUS_OK;
    for (size_t p = 0; p < s->probes; p++) {
        status = bracket_logarithm(s, p, shift, lowest, scratch, &low, &high, e);
        if (status)
            break;
        spread_add(&middle, n * (low + high) / 2);
        spread_add(&above, n * high);
        spread_add(&below, n * low);
    }
    *out = spread_estimate(&middle);
    out->low = below.mean;
    out->high = above.mean;
    free(scratch);
    return status;
}

/* With C_k the sum of the first k weights, C_{k-1} <= measure(<= theta_k) and measure(< theta_k) <= C_k; for the last
 * node below x and the first above. */
struct slq_estimate slq_count(const struct slq *s, double x)
{
    struct spread middle = {0}, above = {0}, below = {0};
    for (size_t p = 0; p < s->probes; p++) {
        const double *nodes = s->nodes + p * s->max_steps, *weights = s->weights + p * s->max_steps;
        double sum = 0, last = 0, n = (double)s->n;
        size_t k = 0;
        for (; k < s->steps[p] && nodes[k] <= x; k++)
            sum += last = weights[k];
        bool exact = !(s->beta[p * s->max_steps + s->steps[p] - 1] > 0);
        spread_add(&middle, n * sum);
        spread_add(&below, n * (exact ? sum : sum - last));
        spread_add(&above, n * (exact || k == s->steps[p] ? sum : sum + weights[k]));
    }
    struct slq_estimate out = spread_estimate(&middle);
    out.low = below.mean;
    out.high = above.mean;
    return out;
}

struct kernel {
    double x, width;
};

static double kernel_at(double lambda, void *context)
{
    const struct kernel *k = context;
    double u = (lambda - k->x) / k->width;
    return exp(-u * u / 2) / (k->width * sqrt(2 * M_PI));
}

void slq_density(const struct slq *s, double width, size_t m, const double *x, double *density, double *errors)
{
    for (size_t i = 0; i < m; i++) {
        struct kernel kernel = {x[i], width};
        struct slq_estimate at = slq_trace(s, kernel_at, &kernel);
        density[i] = at.value;
        errors[i] = at.error;
    }
}
