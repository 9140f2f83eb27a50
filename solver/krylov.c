#include "solver/krylov.h"

#include "solver/linalg.h"
#include "solver/random.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY = 8 };

/* A Q = Q T + beta q e^T: Q's rows are orthonormal, T tridiagonal. */
struct lanczos {
    const struct krylov_operator *a;
    size_t m, capacity;   /* rows of q, and how many may come */
    double *q;            /* (capacity + 1, n): one row more than m is filled */
    double *alpha, *beta; /* (capacity) diagonal of T; beta[m-1] couples row m to the one after it */
    double *t, *values;   /* (capacity, capacity) eigenvectors of T as rows, (capacity) */
    double *work;         /* (capacity) */
};

static bool lanczos_new(struct lanczos *l, const struct krylov_operator *a, size_t capacity, uint64_t seed)
{
    *l = (struct lanczos){.a = a, .capacity = capacity};
    l->q = malloc((capacity + 1) * a->n * sizeof *l->q);
    l->alpha = malloc(capacity * sizeof *l->alpha);
    l->beta = malloc(capacity * sizeof *l->beta);
    l->t = malloc(capacity * capacity * sizeof *l->t);
    l->values = malloc(capacity * sizeof *l->values);
    l->work = malloc(capacity * sizeof *l->work);
    if (!l->q || !l->alpha || !l->beta || !l->t || !l->values || !l->work)
        return false;
    struct random_stream r = random_stream(seed, 0);
    random_normals(&r, a->n, l->q);
    double norm = linalg_norm(a->n, l->q);
    for (size_t i = 0; i < a->n; i++)
        l->q[i] /= norm;
    return true;
}

static void lanczos_clear(struct lanczos *l)
{
    free(l->q);
    free(l->alpha);
    free(l->beta);
    free(l->t);
    free(l->values);
    free(l->work);
}

/* One more row. false: the space is invariant under A, and T has all that can be found. */
static bool lanczos_grow(struct lanczos *l, double *scale)
{
    size_t n = l->a->n, m = ++l->m;
    double *v = l->q + (m - 1) * n, *w = l->q + m * n;
    l->a->product(v, w, l->a->context);
    l->alpha[m - 1] = linalg_dot(n, v, w);
    for (int twice = 0; twice < 2; twice++) {
        linalg_multiply_vector(LINALG_PLAIN, m, n, 1, l->q, n, w, 0, l->work);
        linalg_multiply_vector(LINALG_TRANSPOSED, m, n, -1, l->q, n, l->work, 1, w);
    }
    double beta = linalg_norm(n, w);
    l->beta[m - 1] = beta;
    if (!isfinite(beta)) {
        *scale = INFINITY;
        return false;
    }
    *scale = fmax(*scale, fmax(fabs(l->alpha[m - 1]), beta));
    if (!(beta > (double)n * DBL_EPSILON * *scale))
        return false;
    for (size_t i = 0; i < n; i++)
        w[i] /= beta;
    return true;
}

static enum status lanczos_look(struct lanczos *l, struct krylov_extremes *out, struct error *e)
{
    size_t m = l->m;
    memset(l->t, 0, m * m * sizeof *l->t);
    for (size_t i = 0; i < m; i++) {
        l->t[i * m + i] = l->alpha[i];
        if (i + 1 < m)
            l->t[i * m + i + 1] = l->t[(i + 1) * m + i] = l->beta[i];
    }
    enum status status = linalg_eigen_symmetric(m, l->t, true, l->values, e);
    if (status)
        return status;
    double beta = l->beta[m - 1];
    out->smallest = l->values[0];
    out->largest = l->values[m - 1];
    out->smallest_error = beta * fabs(l->t[m - 1]);
    out->largest_error = beta * fabs(l->t[(m - 1) * m + m - 1]);
    out->products = m;
    return STATUS_OK;
}

static bool good_enough(const struct krylov_extremes *x, int ends, double rtol)
{
    double allowed = rtol * fmax(fabs(x->largest), fabs(x->smallest));
    return (!(ends & KRYLOV_LARGEST) || x->largest_error <= allowed) &&
           (!(ends & KRYLOV_SMALLEST) || x->smallest_error <= allowed);
}

enum status krylov_extremes(const struct krylov_operator *a, int ends, double rtol, size_t max_products, uint64_t seed,
                            struct krylov_extremes *out, double *vector, struct error *e)
{
    struct lanczos l;
    enum status status = STATUS_OK;
    size_t limit = max_products < a->n ? max_products : a->n;
    double scale = 0;
    bool done = false;
    if (!lanczos_new(&l, a, limit ? limit : 1, seed))
        status = error_memory(e);
    while (!status && !done) {
        bool more = lanczos_grow(&l, &scale) && l.m < l.capacity;
        if (!isfinite(scale))
            status = error_set(e, STATUS_FAILED, "a product with the matrix is not finite");
        else if (!more || l.m % CHECK_EVERY == 0)
            status = lanczos_look(&l, out, e);
        done = !more || (l.m % CHECK_EVERY == 0 && good_enough(out, ends, rtol));
    }
    if (!status && vector)
        linalg_multiply_vector(LINALG_TRANSPOSED, l.m, a->n, 1, l.q, a->n, l.t, 0, vector);
    lanczos_clear(&l);
    return status;
}

enum krylov_cg krylov_solve(const struct krylov_operator *a, const double *b, double rtol, size_t max_products,
                            double *x)
{
    size_t n = a->n;
    double *r = malloc(3 * n * sizeof *r), *d = r + n, *ad = d + n;
    if (!r)
        return KRYLOV_CG_FAILED;
    enum krylov_cg end = KRYLOV_CG_NOT_YET;
    memset(x, 0, n * sizeof *x);
    memcpy(r, b, n * sizeof *r);
    memcpy(d, b, n * sizeof *d);
    double rr = linalg_dot(n, r, r), goal = rtol * rtol * rr;
    for (size_t k = 0; k < max_products && rr > goal; k++) {
        a->product(d, ad, a->context);
        double curvature = linalg_dot(n, d, ad);
        if (!(curvature > 0)) {
            if (k == 0)
                memcpy(x, b, n * sizeof *x);
            end = KRYLOV_CG_CURVED;
            break;
        }
        double step = rr / curvature;
        linalg_axpy(n, step, d, x);
        linalg_axpy(n, -step, ad, r);
        double before = rr;
        rr = linalg_dot(n, r, r);
        for (size_t i = 0; i < n; i++)
            d[i] = r[i] + rr / before * d[i];
    }
    free(r);
    return end == KRYLOV_CG_NOT_YET && rr <= goal ? KRYLOV_CG_SOLVED : end;
}
