#include "basin/linear_llc.h"

#include "solver/diagnostics.h"
#include "solver/gsl_errors.h"
#include "solver/linalg.h"
#include "solver/random.h"
#include "solver/sampler.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct linear_llc {
    const struct network *net; /* borrowed */
    const double *sigma;       /* borrowed */
    size_t d, h, m;            /* inputs, rows of P, outputs */
    size_t n_earlier;          /* weights of the layers before the last one */
    double last_sigma, rest;
    size_t rank;
    double *root;   /* C (d, d), symmetric */
    double *target; /* T (m, d) */
};

/* --- limits --------------------------------------------------------------------------------------------------------*/

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Of the excesses M_s = width - rank, ascending, the first l + 1 take part: the fewest (at least two) whose largest is
 * below what is left out, and whose sum is at least l times their largest and below l times the least one left out. */
static size_t taking_part(const size_t *excess, size_t n)
{
    size_t sum = excess[0];
    for (size_t l = 1; l + 1 < n; l++) {
        sum += excess[l];
        if (excess[l] < excess[l + 1] && sum >= l * excess[l] && sum < l * excess[l + 1])
            return l;
    }
    return n > 2 ? n - 1 : 1;
}

void linear_llc_limit(const size_t *width, size_t n_layers, size_t rank, double *lambda, size_t *multiplicity)
{
    size_t excess[NETWORK_MAX_LAYERS + 1], n = n_layers + 1, sum = 0;
    double in = (double)width[0], out = (double)width[n_layers], r = (double)rank, pairs = 0;
    for (size_t s = 0; s < n; s++)
        excess[s] = width[s] - rank;
    qsort(excess, n, sizeof *excess, by_size);
    size_t l = taking_part(excess, n);
    for (size_t i = 0; i <= l; i++) {
        sum += excess[i];
        for (size_t j = 0; j < i; j++)
            pairs += (double)excess[i] * (double)excess[j];
    }
    size_t a = sum % l ? sum % l : l;
    double S = (double)sum, size = (double)l, part = (double)a;
    *lambda =
        (r * (in + out) - r * r) / 2 + part * (size - part) / (4 * size) - (size - 1) * S * S / (4 * size) + pairs / 2;
    *multiplicity = a * (l - a) + 1;
}

/* --- the data ------------------------------------------------------------------------------------------------------*/

/* out := V^T diag(sqrt values) V, or its pseudo-inverse; eigenvectors are rows of V; scaled (d, d) scratch. */
static void root_of(size_t d, const double *vectors, const double *values, bool inverse, double *scaled, double *out)
{
    double least = (double)d * DBL_EPSILON * fmax(values[d - 1], 0);
    for (size_t i = 0; i < d * d; i++) {
        double root = values[i / d] > least ? sqrt(values[i / d]) : 0;
        scaled[i] = vectors[i] * (!inverse ? root : root > 0 ? 1 / root : 0);
    }
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, d, d, d, 1, vectors, d, scaled, d, 0, out, d);
}

/* C, T and what the best linear map leaves, from the second moments of the data. */
static enum status find_moments(struct linear_llc *l, const struct problem *p, struct error *e)
{
    size_t d = l->d, m = l->m, n = p->n;
    double scale = 1 / (double)n;
    double *vectors = malloc((2 * d * d + d + d * m) * sizeof *vectors);
    if (!vectors)
        return error_memory(e);
    double *scaled = vectors + d * d, *values = scaled + d * d, *cross = values + d;
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, d, d, n, scale, p->x, d, p->x, d, 0, vectors, d);
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, m, d, n, scale, p->t, m, p->x, d, 0, cross, d);
    enum status status = linalg_eigen_symmetric(d, vectors, true, values, e);
    if (!status) {
        root_of(d, vectors, values, true, scaled, l->root);
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, m, d, d, 1, cross, d, l->root, d, 0, l->target, d);
        root_of(d, vectors, values, false, scaled, l->root);
        double all = linalg_dot(n * m, p->t, p->t) * scale, explained = linalg_dot(m * d, l->target, l->target);
        l->rest = fmax(all - explained, 0) / 2;
    }
    free(vectors);
    return status;
}

static enum status find_rank(struct linear_llc *l, struct error *e)
{
    size_t least = l->m < l->d ? l->m : l->d;
    double *copy = malloc((l->m * l->d + least) * sizeof *copy);
    if (!copy)
        return error_memory(e);
    memcpy(copy, l->target, l->m * l->d * sizeof *copy);
    enum status status = linalg_svd(l->m, l->d, copy, copy + l->m * l->d, NULL, NULL, e);
    for (const double *s = copy + l->m * l->d; !status && l->rank < least && s[l->rank] > 1e-10 * fmax(s[0], 1);)
        l->rank++;
    free(copy);
    return status;
}

static bool is_linear(const struct problem *p, const double *sigma)
{
    const struct network *net = &p->network;
    size_t last = net->n_layers - 1, count = net->width[last] * net->width[last + 1];
    if (p->loss != LOSS_MSE || net->bias || p->weight_decay != 0 ||
        (last > 0 && strcmp(net->activation->name, "identity") != 0))
        return false;
    for (size_t i = 1; i < count; i++)
        if (sigma[net->weight_at[last] + i] != sigma[net->weight_at[last]])
            return false;
    return true;
}

enum status linear_llc_new(const struct problem *p, const double *sigma, struct linear_llc **out, struct error *e)
{
    const struct network *net = &p->network;
    size_t last = net->n_layers - 1;
    *out = NULL;
    if (!is_linear(p, sigma))
        return error_set(e, STATUS_REFUSED, "not a linear network without biases under mse");
    struct linear_llc *l = *out = calloc(1, sizeof *l);
    if (!l)
        return error_memory(e);
    *l = (struct linear_llc){.net = net,
                             .sigma = sigma,
                             .d = net->width[0],
                             .h = net->width[last],
                             .m = net->width[last + 1],
                             .n_earlier = net->weight_at[last],
                             .last_sigma = sigma[net->weight_at[last]]};
    l->root = malloc(l->d * l->d * sizeof *l->root);
    l->target = malloc(l->m * l->d * sizeof *l->target);
    if (!l->root || !l->target)
        return error_memory(e);
    enum status status = find_moments(l, p, e);
    return status ? status : find_rank(l, e);
}

void linear_llc_free(struct linear_llc *l)
{
    if (!l)
        return;
    free(l->root);
    free(l->target);
    free(l);
}

size_t linear_llc_rank(const struct linear_llc *l)
{
    return l->rank;
}

double linear_llc_rest(const struct linear_llc *l)
{
    return l->rest;
}

/* --- the last layer integrated out ---------------------------------------------------------------------------------*/

/* Of one thread. */
struct marginal {
    const struct linear_llc *l;
    double *memory;
    double *product[NETWORK_MAX_LAYERS]; /* of the first k + 1 layers, (width[k + 1], d) */
    double *Z, *factor, *MZ, *Q, *QZ;    /* (h, d), (h, h), (h, d), (m, d), (m, h) */
    double *inverse, *slope[2];          /* (h, h); (widest, d) */
};

static size_t deal(struct marginal *w, double *memory)
{
    const struct linear_llc *l = w->l;
    size_t used = 0, widest = l->d, last = l->net->n_layers - 1;
    struct {
        double **array;
        size_t size;
    } wanted[] = {{&w->Z, l->h * l->d}, {&w->factor, l->h * l->h}, {&w->MZ, l->h * l->d},
                  {&w->Q, l->m * l->d}, {&w->QZ, l->m * l->h},     {&w->inverse, l->h * l->h}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        *wanted[i].array = memory ? memory + used : NULL;
        used += wanted[i].size;
    }
    for (size_t k = 0; k < last; k++) {
        size_t width = l->net->width[k + 1];
        widest = width > widest ? width : widest;
        w->product[k] = memory ? memory + used : NULL;
        used += width * l->d;
    }
    for (size_t k = 0; k < 2; k++) {
        w->slope[k] = memory ? memory + used : NULL;
        used += widest * l->d;
    }
    return used;
}

static enum status marginal_new(void *shared, void **out, struct error *e)
{
    struct marginal *w = calloc(1, sizeof *w);
    if (!w)
        return error_memory(e);
    w->l = shared;
    w->memory = malloc(deal(w, NULL) * sizeof *w->memory);
    if (!w->memory) {
        free(w);
        return error_memory(e);
    }
    deal(w, w->memory);
    *out = w;
    return STATUS_OK;
}

static void marginal_free(void *context)
{
    struct marginal *w = context;
    if (w)
        free(w->memory);
    free(w);
}

/* Z = P C of the earlier weights x; without any P is the identity. */
static void multiply_layers(struct marginal *w, const double *x)
{
    const struct linear_llc *l = w->l;
    size_t last = l->net->n_layers - 1, d = l->d;
    const double *P = NULL;
    for (size_t k = 0; k < last; k++) {
        size_t in = l->net->width[k], out = l->net->width[k + 1];
        const double *W = x + l->net->weight_at[k];
        if (k == 0)
            memcpy(w->product[0], W, out * in * sizeof *W);
        else
            linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, out, d, in, 1, W, in, P, d, 0, w->product[k], d);
        P = w->product[k];
    }
    if (P)
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, l->h, d, d, 1, P, d, l->root, d, 0, w->Z, d);
    else
        memcpy(w->Z, l->root, d * d * sizeof *w->Z);
}

/* With M = I + c Z Z^T: its factor, M^-1 Z, and Q = T (I + c Z^T Z)^-1 = T - c T Z^T M^-1 Z. Returns ln w; NAN when it
 * overflows. */
static double weigh(struct marginal *w, double n_beta)
{
    const struct linear_llc *l = w->l;
    size_t h = l->h, d = l->d, m = l->m;
    double c = n_beta * l->last_sigma * l->last_sigma, log_det = 0;
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, h, h, d, c, w->Z, d, w->Z, d, 0, w->factor, h);
    for (size_t i = 0; i < h; i++)
        w->factor[i * h + i] += 1;
    if (linalg_cholesky(h, w->factor, NULL) != STATUS_OK)
        return NAN;
    for (size_t i = 0; i < h; i++)
        log_det += 2 * log(w->factor[i * h + i]);
    memcpy(w->MZ, w->Z, h * d * sizeof *w->Z);
    linalg_cholesky_solve(h, d, w->factor, w->MZ);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, m, h, d, 1, l->target, d, w->Z, d, 0, w->QZ, h);
    memcpy(w->Q, l->target, m * d * sizeof *w->Q);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, m, d, h, -c, w->QZ, h, w->MZ, d, 1, w->Q, d);
    return -(double)m / 2 * log_det - n_beta / 2 * linalg_dot(m * d, w->Q, l->target);
}

/* n beta E[L - rest | P] of the Z that weigh has seen. */
static double conditional_mean(struct marginal *w, double n_beta)
{
    const struct linear_llc *l = w->l;
    size_t h = l->h;
    double trace = 0;
    memset(w->inverse, 0, h * h * sizeof *w->inverse);
    for (size_t i = 0; i < h; i++)
        w->inverse[i * h + i] = 1;
    linalg_cholesky_solve(h, h, w->factor, w->inverse);
    for (size_t i = 0; i < h; i++)
        trace += w->inverse[i * h + i];
    return (double)l->m / 2 * ((double)h - trace) + n_beta / 2 * linalg_dot(l->m * l->d, w->Q, w->Q);
}

/* d ln w / dZ = - m c M^-1 Z + n beta c Z Q^T Q, back through C and the layers. */
static void slopes(struct marginal *w, double n_beta, const double *x, double *gradient)
{
    const struct linear_llc *l = w->l;
    size_t h = l->h, d = l->d, m = l->m;
    double c = n_beta * l->last_sigma * l->last_sigma, *now = w->slope[0], *next = w->slope[1];
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, m, h, d, 1, w->Q, d, w->Z, d, 0, w->QZ, h);
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, h, d, m, n_beta * c, w->QZ, h, w->Q, d, 0, next, d);
    linalg_axpy(h * d, -(double)m * c, w->MZ, next);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, h, d, d, 1, next, d, l->root, d, 0, now, d);
    for (size_t k = l->net->n_layers - 1; k-- > 0;) {
        size_t in = l->net->width[k], out = l->net->width[k + 1];
        const double *W = x + l->net->weight_at[k];
        if (k == 0) {
            memcpy(gradient + l->net->weight_at[0], now, out * in * sizeof *now);
            break;
        }
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, out, in, d, 1, now, d, w->product[k - 1], d, 0,
                        gradient + l->net->weight_at[k], in);
        linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, in, d, out, 1, W, in, now, d, 0, next, d);
        double *kept = now;
        now = next;
        next = kept;
    }
}

static double evaluate(double n_beta, const double *x, double *gradient, double *tempered, void *context)
{
    struct marginal *w = context;
    multiply_layers(w, x);
    double sum = weigh(w, n_beta);
    if (!isfinite(sum))
        return NAN;
    slopes(w, n_beta, x, gradient);
    for (size_t i = 0; i < w->l->n_earlier; i++) {
        double z = x[i] / w->l->sigma[i];
        sum -= z * z / 2;
        gradient[i] -= z / w->l->sigma[i];
    }
    *tempered = conditional_mean(w, n_beta); /* only recorded: there is no ladder here */
    return sum;
}

/* --- averages over the earlier layers ------------------------------------------------------------------------------*/

static enum status by_chains(const struct linear_llc *l, double n_beta, uint64_t seed, int threads,
                             const struct reporter *reporter, struct linear_llc_value *out, struct error *e)
{
    enum { CHAINS = 4, DRAWS = 1000, DRAWS_MOST = 16000, STREAM = 300 };
    struct sampler_target target = {.n = l->n_earlier,
                                    .evaluate = evaluate,
                                    .context_new = marginal_new,
                                    .context_free = marginal_free,
                                    .shared = (void *)l};
    struct sampler_options o = {.acceptance = 0.9,
                                .chains = CHAINS,
                                .betas = &n_beta,
                                .n_betas = 1,
                                .seed = seed,
                                .threads = threads,
                                .what = "the exact value"};
    struct sampler *s = NULL;
    struct random_stream r = random_stream(seed, STREAM);
    struct diagnostics d = {0};
    double *start = malloc(CHAINS * l->n_earlier * sizeof *start),
           *values = malloc((size_t)CHAINS * DRAWS_MOST * sizeof *values);
    enum status status = STATUS_OK;
    if (!start || !values) {
        status = error_memory(e);
        goto out;
    }
    for (size_t i = 0; i < CHAINS * l->n_earlier; i++)
        start[i] = l->sigma[i % l->n_earlier] * random_normal(&r);
    status = sampler_new(&target, &o, start, &s, e);
    for (size_t draws = DRAWS; !status && draws <= DRAWS_MOST && !out->converged; draws *= 2) {
        status = sampler_run(s, draws, reporter, e);
        if (status)
            break;
        sampler_copy(s, 0, SAMPLER_TEMPERED, values);
        status = diagnostics_of(CHAINS, draws, values, &d, e);
        out->converged = d.rhat < 1.01 && d.ess_bulk >= 400 && d.mcse < 0.003 * fmax(d.mean, 0.01);
    }
    out->converged = d.rhat < 1.01 && d.ess_bulk >= 400;
    out->lambda = d.mean;
    out->error = d.mcse;
out:
    sampler_free(s);
    free(start);
    free(values);
    return status;
}

struct integral {
    struct marginal *w;
    double n_beta, most; /* ln of the largest weight */
    bool with_value;
};

static double log_weight(struct integral *q, double z)
{
    const struct linear_llc *l = q->w->l;
    double x = l->sigma[0] * z;
    multiply_layers(q->w, &x);
    return weigh(q->w, q->n_beta) - z * z / 2;
}

static double integrand(double z, void *context)
{
    struct integral *q = context;
    double weight = exp(log_weight(q, z) - q->most);
    return q->with_value ? weight * conditional_mean(q->w, q->n_beta) : weight;
}

/* One weight before the last layer: a double integral whose inner one is done. The weight varies on the scales sigma
 * and 1/sqrt(n beta), both ends of which are made end points. */
static enum status by_quadrature(const struct linear_llc *l, double n_beta, struct linear_llc_value *out,
                                 struct error *e)
{
    enum { INTERVALS = 2000, POINTS = 80 };
    void *context = NULL;
    double sum[2] = {0}, edge[POINTS + 1];
    gsl_errors_return();
    enum status status = marginal_new((void *)l, &context, e);
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(INTERVALS);
    if (!context || !space) {
        status = status ? status : error_memory(e);
        goto out;
    }
    struct integral q = {.w = context, .n_beta = n_beta, .most = -INFINITY};
    for (int i = 0; i <= POINTS; i++) /* |z| from 1e-12 to 40, in even steps of its logarithm */
        edge[i] = i ? 40 * pow(10, -13.6 * (1 - (double)i / POINTS)) : 0;
    for (int i = 0; i <= POINTS && !status; i++)
        q.most = fmax(q.most, log_weight(&q, edge[i]));
    for (int k = 0; k < 2 && !status; k++) {
        q.with_value = k == 1;
        gsl_function f = {integrand, &q};
        for (int i = 0; i < POINTS && !status; i++) { /* an even function of z */
            double part, off;
            if (gsl_integration_qag(&f, edge[i], edge[i + 1], 1e-13, 1e-10, INTERVALS, GSL_INTEG_GAUSS21, space, &part,
                                    &off) != GSL_SUCCESS)
                status = error_set(e, STATUS_FAILED, "quadrature of the last layer's marginal did not converge");
            sum[k] += part;
        }
    }
    out->lambda = sum[1] / sum[0];
    out->converged = true;
out:
    gsl_integration_workspace_free(space);
    marginal_free(context);
    return status;
}

static enum status without_earlier(const struct linear_llc *l, double n_beta, struct linear_llc_value *out,
                                   struct error *e)
{
    void *context = NULL;
    double none = 0; /* there are no earlier weights */
    enum status status = marginal_new((void *)l, &context, e);
    if (!context)
        return status;
    multiply_layers(context, &none);
    if (!isfinite(weigh(context, n_beta)))
        status = error_set(e, STATUS_FAILED, "the data are too large for an exact learning coefficient");
    out->lambda = status ? NAN : conditional_mean(context, n_beta);
    out->converged = !status;
    marginal_free(context);
    return status;
}

enum status linear_llc_at(const struct linear_llc *l, double n_beta, double least, uint64_t seed, int threads,
                          const struct reporter *reporter, struct linear_llc_value *out, struct error *e)
{
    enum status status;
    *out = (struct linear_llc_value){.how = "closed form"};
    if (l->n_earlier == 0)
        status = without_earlier(l, n_beta, out, e);
    else if (l->n_earlier == 1) {
        out->how = "quadrature";
        status = by_quadrature(l, n_beta, out, e);
    } else {
        out->how = "chains over the earlier layers";
        status = by_chains(l, n_beta, seed, threads, reporter, out, e);
    }
    out->lambda += n_beta * (l->rest - least);
    return status;
}
