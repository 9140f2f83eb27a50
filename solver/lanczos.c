#include "solver/lanczos.h"

#include "solver/linalg.h"
#include "solver/random.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the process ---------------------------------------------------------------------------------------------------*/

static void divide(size_t n, double *v, double by)
{
    for (size_t i = 0; i < n; i++)
        v[i] /= by;
}

enum status lanczos_init(struct lanczos *l, const struct krylov_operator *a, size_t capacity, const double *start,
                         struct error *e)
{
    size_t n = a->n;
    capacity = capacity < n ? capacity : n;
    *l = (struct lanczos){.a = a, .capacity = capacity};
    l->q = malloc(((capacity + 1) * n + 1) * sizeof *l->q);
    l->alpha = malloc((capacity + 1) * sizeof *l->alpha);
    l->beta = malloc((capacity + 1) * sizeof *l->beta);
    l->work = malloc((capacity + 1) * sizeof *l->work);
    if (!l->q || !l->alpha || !l->beta || !l->work) {
        error_memory(e);
        return STATUS_FAILED;
    }
    memcpy(l->q, start, n * sizeof *l->q);
    divide(n, l->q, linalg_norm(n, l->q));
    return STATUS_OK;
}

void lanczos_clear(struct lanczos *l)
{
    free(l->q);
    free(l->alpha);
    free(l->beta);
    free(l->work);
    *l = (struct lanczos){0};
}

/* Twice is enough (Kahan; Giraud, Langou and Rozloznik 2005). */
static void orthogonalise(const struct lanczos *l, double *w)
{
    size_t n = l->a->n;
    for (int twice = 0; twice < 2; twice++) {
        linalg_multiply_vector(LINALG_PLAIN, l->m, n, 1, l->q, n, w, 0, l->work);
        linalg_multiply_vector(LINALG_TRANSPOSED, l->m, n, -1, l->q, n, l->work, 1, w);
    }
}

enum status lanczos_step(struct lanczos *l, struct error *e)
{
    if (reporter_stop_requested(l->a->reporter))
        return error_set(e, STATUS_INTERRUPTED, "stopped");
    size_t n = l->a->n, m = l->m++;
    double *v = l->q + m * n, *w = v + n;
    l->a->product(v, w, l->a->context);
    l->alpha[m] = linalg_dot(n, v, w);
    orthogonalise(l, w);
    l->beta[m] = linalg_norm(n, w);
    if (!isfinite(l->beta[m]) || !isfinite(l->alpha[m]))
        return error_set(e, STATUS_FAILED, "a product with the matrix is not finite");
    l->scale = fmax(l->scale, fmax(fabs(l->alpha[m]), l->beta[m]));
    l->exhausted = l->m == n || !(l->beta[m] > (double)n * DBL_EPSILON * l->scale);
    if (l->exhausted)
        l->beta[m] = 0;
    else
        divide(n, w, l->beta[m]);
    return STATUS_OK;
}

bool lanczos_restart(struct lanczos *l, const double *start)
{
    size_t n = l->a->n;
    double *w = l->q + l->m * n, before = linalg_norm(n, start);
    if (l->m >= l->capacity)
        return false;
    memcpy(w, start, n * sizeof *w);
    orthogonalise(l, w);
    double left = linalg_norm(n, w);
    if (!(left > (double)n * DBL_EPSILON * before))
        return false;
    divide(n, w, left);
    l->exhausted = false;
    return true;
}

enum status lanczos_ritz(size_t m, const double *alpha, const double *beta, double *values, double *vectors,
                         struct error *e)
{
    memset(vectors, 0, m * m * sizeof *vectors);
    for (size_t i = 0; i < m; i++) {
        vectors[i * m + i] = alpha[i];
        if (i + 1 < m)
            vectors[i * m + i + 1] = vectors[(i + 1) * m + i] = beta[i];
    }
    return linalg_eigen_symmetric(m, vectors, true, values, e);
}

/* --- eigenpairs ----------------------------------------------------------------------------------------------------*/

/* A search under way: Ritz pairs of the last look. */
struct search {
    struct lanczos l;
    struct random_stream random;
    double *start;            /* (n) */
    double *values, *vectors; /* (capacity), (capacity, capacity) */
};

static enum status search_init(struct search *s, const struct krylov_operator *a, size_t capacity, uint64_t seed,
                               struct error *e)
{
    *s = (struct search){.random = random_stream(seed, 0)};
    s->start = malloc((a->n + 1) * sizeof *s->start);
    s->values = malloc((capacity + 1) * sizeof *s->values);
    s->vectors = malloc((capacity * capacity + 1) * sizeof *s->vectors);
    if (!s->start || !s->values || !s->vectors) {
        error_memory(e);
        return STATUS_FAILED;
    }
    random_normals(&s->random, a->n, s->start);
    return lanczos_init(&s->l, a, capacity, s->start, e);
}

static void search_clear(struct search *s)
{
    lanczos_clear(&s->l);
    free(s->start);
    free(s->values);
    free(s->vectors);
}

/* Ritz pair `i` of those wanted: the smallest first, then the largest. */
static size_t wanted_at(const struct search *s, const struct lanczos_pairs *p, size_t i)
{
    return i < p->n_smallest ? i : s->l.m - p->n_smallest - p->n_largest + i;
}

/* Whether every wanted pair is there and good: |A v - lambda v| = beta_m |last component|. */
static bool search_done(const struct search *s, const struct lanczos_pairs *p, double rtol)
{
    size_t m = s->l.m, n_wanted = p->n_smallest + p->n_largest;
    if (m < n_wanted)
        return false;
    double allowed = rtol * fmax(fabs(s->values[0]), fabs(s->values[m - 1]));
    for (size_t i = 0; i < n_wanted; i++)
        if (!(s->l.beta[m - 1] * fabs(s->vectors[wanted_at(s, p, i) * m + m - 1]) <= allowed))
            return false;
    return true;
}

/* Looks at 8, 9, ... then every tenth more: a look costs m^3. */
static enum status search_run(struct search *s, const struct lanczos_pairs *p, double rtol, struct error *e)
{
    size_t next_look = 8;
    for (;;) {
        enum status status = lanczos_step(&s->l, e);
        if (status)
            return status;
        bool full = s->l.m == s->l.capacity;
        if (full || s->l.exhausted || s->l.m >= next_look) {
            next_look = s->l.m + 1 + s->l.m / 10;
            if ((status = lanczos_ritz(s->l.m, s->l.alpha, s->l.beta, s->values, s->vectors, e)))
                return status;
            if (full || search_done(s, p, rtol))
                return STATUS_OK;
        }
        if (s->l.exhausted) {
            random_normals(&s->random, s->l.a->n, s->start);
            if (!lanczos_restart(&s->l, s->start))
                return STATUS_OK;
        }
    }
}

static enum status take_pairs(const struct search *s, double rtol, struct lanczos_pairs *p, struct error *e)
{
    const struct krylov_operator *a = s->l.a;
    size_t n = a->n, m = s->l.m, count = p->n_smallest + p->n_largest;
    double *image = malloc((n + 1) * sizeof *image), largest = fmax(fabs(s->values[0]), fabs(s->values[m - 1]));
    if (!image)
        return error_memory(e);
    for (size_t i = 0; i < count; i++) {
        size_t k = wanted_at(s, p, i);
        double *v = p->vectors + i * n;
        linalg_multiply_vector(LINALG_TRANSPOSED, m, n, 1, s->l.q, n, s->vectors + k * m, 0, v);
        p->values[i] = s->values[k];
        a->product(v, image, a->context);
        linalg_axpy(n, -p->values[i], v, image);
        p->residuals[i] = linalg_norm(n, image);
        p->converged += p->residuals[i] <= rtol * largest;
    }
    p->products = m + count;
    free(image);
    return STATUS_OK;
}

enum status lanczos_eigenpairs(const struct krylov_operator *a, size_t n_smallest, size_t n_largest, double rtol,
                               size_t max_products, uint64_t seed, struct lanczos_pairs *out, struct error *e)
{
    struct search s = {0};
    size_t capacity = max_products < a->n ? max_products : a->n;
    n_largest = n_largest < capacity ? n_largest : capacity;
    n_smallest = n_smallest < capacity - n_largest ? n_smallest : capacity - n_largest;
    size_t count = n_smallest + n_largest;
    *out = (struct lanczos_pairs){.n_smallest = n_smallest, .n_largest = n_largest};
    out->values = malloc((count + 1) * sizeof *out->values);
    out->residuals = malloc((count + 1) * sizeof *out->residuals);
    out->vectors = malloc((count * a->n + 1) * sizeof *out->vectors);
    if (!out->values || !out->residuals || !out->vectors)
        return error_memory(e);
    if (count == 0)
        return STATUS_OK;
    enum status status = search_init(&s, a, capacity, seed, e);
    if (!status)
        status = search_run(&s, out, rtol, e);
    if (!status)
        status = take_pairs(&s, rtol, out, e);
    search_clear(&s);
    return status;
}

void lanczos_pairs_clear(struct lanczos_pairs *p)
{
    free(p->values);
    free(p->vectors);
    free(p->residuals);
    *p = (struct lanczos_pairs){0};
}
