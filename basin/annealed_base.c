/* What the chains of annealed integration sample, and the draws of its base, which need no chain. */
#include "basin/annealed_private.h"

#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_DRAWS = 2000, BATCH = 250 };

/* --- the target */

struct seat {
    const struct ladder *ladder;
    void *worker;
    double *theta, *g; /* (n) */
};

enum status annealed_seat_new(void *shared, void **context, struct error *e)
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

void annealed_seat_free(void *context)
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

double annealed_evaluate(double beta, const double *x, double *gradient, double *tempered, void *context)
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

void annealed_localised_away(const double *x, double *q, void *context)
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
    enum status status[FIRST_DRAWS / BATCH];
};

static struct random_stream stream_of(const struct ladder *l, size_t batch)
{
    return random_stream(l->o.seed, ((uint64_t)1 << 40) + batch + (l->o.reverse ? FIRST_DRAWS : 0));
}

static void draw_base(size_t batch, void *context)
{
    struct base_draws *b = context;
    size_t n = b->ladder->region->n;
    struct random_stream r = stream_of(b->ladder, batch);
    void *seat = NULL;
    double *x = malloc(n * sizeof *x);
    b->status[batch] = x ? annealed_seat_new((void *)b->ladder, &seat, NULL) : STATUS_FAILED;
    for (size_t k = 0; k < BATCH && !b->status[batch]; k++) {
        struct seat *s = seat;
        random_normals(&r, n, x);
        to_theta(b->ladder, x, s->theta);
        double d = b->ladder->region->value(s->worker, s->theta);
        b->d[batch * BATCH + k] = isnan(d) ? INFINITY : d;
    }
    annealed_seat_free(seat);
    free(x);
}

/* Where the chains begin: the first draws at which d (FIRST_DRAWS, in the order of drawing) is finite, over again where
 * there are more chains. False: there are none. */
static bool place_chains(const struct ladder *l, const double *d)
{
    size_t n = l->region->n, placed = 0;
    for (size_t batch = 0; batch < FIRST_DRAWS / BATCH && placed < l->o.chains; batch++) {
        struct random_stream r = stream_of(l, batch);
        for (size_t k = 0; k < BATCH && placed < l->o.chains; k++) {
            random_normals(&r, n, l->state + placed * n);
            placed += isfinite(d[batch * BATCH + k]) != 0;
        }
    }
    for (size_t c = placed; c < l->o.chains && placed; c++)
        memcpy(l->state + c * n, l->state + c % placed * n, n * sizeof *l->state);
    return placed > 0;
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
        double w = isfinite(d[i]) ? exp(-beta * (d[i] - d[0])) : 0;
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

static void weigh(struct ladder *l, double *d, double *beta, double *log_z, double *error)
{
    bool anywhere = place_chains(l, d);
    if (!l->o.betas)
        *beta = anywhere ? first_beta(l, d) : NAN;
    if (!anywhere)
        estimate_refuse(&l->out->estimate, "the sameness is not finite at one of %d draws of the prior", FIRST_DRAWS);
    for (size_t i = 0; i < FIRST_DRAWS; i++)
        d[i] = isfinite(d[i]) ? -*beta * d[i] : -INFINITY;
    struct estimate z = estimate_log_mean(FIRST_DRAWS, d);
    *log_z = z.log_value;
    *error = z.error;
    if (z.ess < ESTIMATE_LEAST_ESS)
        estimate_refuse(&l->out->estimate, "the first beta is too far from the prior");
}

enum status annealed_weigh_base(struct ladder *l, double *beta, double *log_z, double *error, struct error *e)
{
    struct base_draws b = {.ladder = l, .d = malloc(FIRST_DRAWS * sizeof *b.d)};
    if (!b.d) {
        error_memory(e);
        return STATUS_FAILED;
    }
    parallel_map(FIRST_DRAWS / BATCH, l->o.threads, draw_base, &b);
    enum status status = STATUS_OK;
    for (size_t k = 0; k < FIRST_DRAWS / BATCH; k++)
        if (b.status[k])
            status = error_memory(e);
    if (!status)
        weigh(l, b.d, beta, log_z, error);
    free(b.d);
    return status;
}
