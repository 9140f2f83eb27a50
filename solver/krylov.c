#include "solver/krylov.h"

#include "solver/lanczos.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY = 8 };

/* Ritz pairs of the process so far; values (m) and vectors (m, m) are scratch. */
static enum status look(const struct lanczos *l, double *values, double *vectors, struct krylov_extremes *out,
                        struct error *e)
{
    size_t m = l->m;
    double beta = l->beta[m - 1];
    enum status status = lanczos_ritz(m, l->alpha, l->beta, values, vectors, e);
    if (status)
        return status;
    *out = (struct krylov_extremes){.largest = values[m - 1],
                                    .smallest = values[0],
                                    .largest_error = beta * fabs(vectors[(m - 1) * m + m - 1]),
                                    .smallest_error = beta * fabs(vectors[m - 1]),
                                    .products = m};
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
    struct lanczos l = {0};
    struct random_stream r = random_stream(seed, 0);
    size_t limit = max_products < 1 ? 1 : max_products < a->n ? max_products : a->n;
    double *start = malloc(a->n * sizeof *start), *values = malloc((limit + 1) * limit * sizeof *values);
    enum status status;
    bool done = false;
    if (!start || !values) {
        status = error_memory(e);
        goto out;
    }
    random_normals(&r, a->n, start);
    status = lanczos_init(&l, a, limit, start, e);
    while (!status && !done) {
        status = lanczos_step(&l, e);
        bool last = l.exhausted || l.m == l.capacity;
        if (!status && (last || l.m % CHECK_EVERY == 0)) {
            status = look(&l, values, values + limit, out, e);
            done = last || good_enough(out, ends, rtol);
            reporter_progress(a->reporter, (double)l.m / (double)l.capacity, "extreme eigenvalues");
        }
    }
    if (!status && vector)
        linalg_multiply_vector(LINALG_TRANSPOSED, l.m, a->n, 1, l.q, a->n, values + limit, 0, vector);
out:
    lanczos_clear(&l);
    free(start);
    free(values);
    return status;
}

enum krylov_cg krylov_solve(const struct krylov_operator *a, const double *b, double rtol, size_t max_products,
                            double *x)
{
    size_t n = a->n;
    double *r = malloc(3 * n * sizeof *r);
    if (!r)
        return KRYLOV_CG_FAILED;
    double *d = r + n, *ad = d + n;
    enum krylov_cg end = KRYLOV_CG_NOT_YET;
    memset(x, 0, n * sizeof *x);
    memcpy(r, b, n * sizeof *r);
    memcpy(d, b, n * sizeof *d);
    double rr = linalg_dot(n, r, r), goal = rtol * rtol * rr;
    for (size_t k = 0; k < max_products && rr > goal && !reporter_stop_requested(a->reporter); k++) {
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
