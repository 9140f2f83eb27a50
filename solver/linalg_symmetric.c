/* Eigenvalues of large symmetric matrices, and an orthonormal basis of what is null. A direct reduction to tridiagonal
 * form spends half of its multiplications in products with vectors, at the speed of memory; in two stages nearly all
 * are in products of matrices: A = Q B Q^T with B a band (Bischof, Lang and Sun, ACM TOMS 26 (2000) 581), then from the
 * band to three diagonals. The null space of B comes by inverse iteration, and Q takes it back.
 */
#include "solver/linalg.h"
#include "solver/linalg_private.h"
#include "solver/linalg_reflections.h"
#include "solver/random.h"

#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

/* Below this part of what is wanted, what is not wanted counts as gone from an inverse iteration. */
static const double GONE = 1e-10;
enum { MOST_SOLVES = 20 };

struct linalg_symmetric {
    size_t n;
    double *a;         /* (n, n), the caller's: below the band, what describes Q */
    double *triangles; /* (n, BAND): those of its blocks of reflections, one after the other */
    double *band;      /* (n, BAND + 1): row i holds B[i][i], B[i+1][i], ... */
    double *values;    /* (n), ascending */
    double *work;      /* (n, BAND) */
};

void linalg_symmetric_free(struct linalg_symmetric *s)
{
    if (!s)
        return;
    free(s->triangles);
    free(s->band);
    free(s->values);
    free(s->work);
    free(s);
}

/* --- to a band --------------------------------------------------------------------------------------------------- */

/* v (n, b) := the reflections that a QR left in a panel of columns of length ld: 1 on the diagonal, 0 above it. */
static void copy_reflections(size_t n, size_t b, const double *panel, size_t ld, double *v)
{
    for (size_t k = 0; k < b; k++) {
        memset(v + k * n, 0, k * sizeof *v);
        v[k * n + k] = 1;
        memcpy(v + k * n + k + 1, panel + k * ld + k + 1, (n - k - 1) * sizeof *v);
    }
}

/* Columns from j on of the lower triangle: zeros below the band. With Q = I - V T V^T the rest becomes Q^T A Q = A - V
 * W^T - W V^T, W = X - V (T^T V^T X)/2, X = A V T. v and x: (n, BAND) each. */
static int reduce_panel(struct linalg_symmetric *s, size_t j, double *v, double *x)
{
    size_t ld = s->n, n = s->n - j - BAND, b = smaller(BAND, n);
    double *panel = s->a + j * ld + j + BAND, *rest = panel + BAND * ld, *triangle = s->triangles + j * BAND,
           *small = s->work;
    int info = reflections_qr(n, BAND, panel, ld, triangle);
    if (info)
        return info;
    int rows = count(n), columns = count(b);
    copy_reflections(n, b, panel, ld, v);
    cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, rows, columns, 1, rest, count(ld), v, rows, 0, x, rows);
    cblas_dtrmm(CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, rows, columns, 1, triangle, BAND, x,
                rows);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, columns, columns, rows, 0.5, v, rows, x, rows, 0, small,
                columns);
    cblas_dtrmm(CblasColMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, columns, columns, 1, triangle, BAND,
                small, columns);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, columns, columns, -1, v, rows, small, columns, 1, x,
                rows);
    cblas_dsyr2k(CblasColMajor, CblasLower, CblasNoTrans, rows, columns, -1, v, rows, x, rows, 1, rest, count(ld));
    return 0;
}

static enum status to_band(struct linalg_symmetric *s, const struct reporter *reporter, struct error *e)
{
    size_t n = s->n;
    double *v = malloc(2 * n * BAND * sizeof *v);
    enum status status = v ? STATUS_OK : error_memory(e);
    for (size_t j = 0; j + BAND < n && !status; j += BAND) {
        double left = (double)(n - j) / (double)n;
        reporter_progress(reporter, 1 - left * left * left, "eigenvalues");
        status = reporter_stop_requested(reporter) ? error_set(e, STATUS_INTERRUPTED, "stopped")
                                                   : check(reduce_panel(s, j, v, v + n * BAND), "eigenvalues", e);
    }
    free(v);
    for (size_t i = 0; i < n && !status; i++)
        for (size_t k = 0; k <= BAND && i + k < n; k++)
            s->band[i * (BAND + 1) + k] = s->a[i * n + i + k];
    return status;
}

static enum status find_values(struct linalg_symmetric *s, struct error *e)
{
    int n = count(s->n), width = count(smaller(BAND, s->n - 1));
    double *copy = malloc(s->n * (BAND + 2) * sizeof *copy), none[1];
    if (!copy)
        return error_memory(e);
    double *beside = copy + s->n * (BAND + 1);
    memcpy(copy, s->band, s->n * (BAND + 1) * sizeof *copy);
    int info = LAPACKE_dsbtrd(LAPACK_COL_MAJOR, 'N', 'L', n, width, copy, BAND + 1, s->values, beside, none, 1);
    if (!info)
        info = LAPACKE_dsterf(n, s->values, beside);
    free(copy);
    return check(info, "eigenvalues", e);
}

enum status linalg_symmetric_new(size_t n, double *a, const struct reporter *reporter, struct linalg_symmetric **out,
                                 struct error *e)
{
    struct linalg_symmetric *s = calloc(1, sizeof *s);
    *out = s;
    if (!s || n == 0)
        return s ? error_set(e, STATUS_FAILED, "eigenvalues of an empty matrix") : error_memory(e);
    s->n = n;
    s->a = a;
    s->triangles = malloc((n + BAND) * BAND * sizeof *s->triangles);
    s->work = malloc((n + BAND) * BAND * sizeof *s->work);
    s->band = calloc(n * (BAND + 1), sizeof *s->band);
    s->values = malloc(n * sizeof *s->values);
    if (!s->triangles || !s->work || !s->band || !s->values)
        return error_memory(e);
    for (size_t i = 0; i < n; i++)
        if (!all_finite(n - i, a + i * n + i))
            return error_set(e, STATUS_FAILED, "eigenvalues: the matrix is not finite");
    enum status status = to_band(s, reporter, e);
    return status ? status : find_values(s, e);
}

const double *linalg_symmetric_values(const struct linalg_symmetric *s)
{
    return s->values;
}

/* --- near zero --------------------------------------------------------------------------------------------------- */

/* B - shift, factored (n, 3 BAND + 1), and how often it is to be solved for what is not wanted to be gone. */
struct inverse {
    double *factor;
    int *pivot;
    double shift;
    int solves;
};

static int compare_sizes(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* The shift is what rounding makes of 0; the next value beyond the `wanted` ones is farther from it by the factor that
 * a solve gains. */
static enum status choose_shift(const struct linalg_symmetric *s, size_t wanted, struct inverse *v, struct error *e)
{
    double *sorted = malloc(s->n * sizeof *sorted);
    if (!sorted)
        return error_memory(e);
    memcpy(sorted, s->values, s->n * sizeof *sorted);
    qsort(sorted, s->n, sizeof *sorted, compare_sizes);
    double inside = fabs(sorted[wanted - 1]), outside = fabs(sorted[wanted]), largest = fabs(sorted[s->n - 1]);
    v->shift = DBL_EPSILON * largest;
    double gain = (outside - v->shift) / (inside + v->shift);
    v->solves = gain > 1.01 ? (int)fmin(ceil(log(1 / GONE) / log(gain)) + 1, MOST_SOLVES) : MOST_SOLVES;
    free(sorted);
    return STATUS_OK;
}

static enum status factor_inverse(const struct linalg_symmetric *s, size_t wanted, struct inverse *v, struct error *e)
{
    size_t n = s->n, ld = 3 * BAND + 1;
    *v = (struct inverse){.factor = calloc(n * ld, sizeof *v->factor), .pivot = malloc(n * sizeof *v->pivot)};
    enum status status = v->factor && v->pivot ? choose_shift(s, wanted, v, e) : error_memory(e);
    if (status)
        return status;
    for (size_t j = 0; j < n; j++) /* column j: the diagonal stands at 2 BAND */
        for (size_t k = 0; k <= BAND && j + k < n; k++) {
            double value = s->band[j * (BAND + 1) + k] - (k ? 0 : v->shift);
            v->factor[j * ld + 2 * BAND + k] = v->factor[(j + k) * ld + 2 * BAND - k] = value;
        }
    int info = LAPACKE_dgbtrf(LAPACK_COL_MAJOR, count(n), count(n), BAND, BAND, v->factor, count(ld), v->pivot);
    if (info > 0) { /* a pivot of 0: as small as rounding instead, which is what inverse iteration asks for */
        for (size_t j = 0; j < n; j++)
            if (v->factor[j * ld + 2 * BAND] == 0)
                v->factor[j * ld + 2 * BAND] = DBL_EPSILON * v->shift;
        info = 0;
    }
    return check(info, "eigenvectors", e);
}

/* Take out of v (rows, n) what basis (held, n) spans, then make v orthonormal. coefficient: (BAND, n). */
static int orthonormalise(size_t n, size_t held, const double *basis, size_t rows, double *v, double *coefficient)
{
    double tau[BAND];
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, rows, held, n, 1, v, n, basis, n, 0, coefficient, n);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, rows, n, held, -1, coefficient, n, basis, n, 1, v, n);
    int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, count(n), count(rows), v, count(n), tau);
    return info ? info : LAPACKE_dorgqr(LAPACK_COL_MAJOR, count(n), count(rows), count(rows), v, count(n), tau);
}

/* The next `rows` vectors (rows, n) near the null space of B, orthogonal to the `held` before them. A solve favours the
 * values nearest to the shift, by any factor, so the rows are held apart from each other and from those before at every
 * one. */
static int iterate(const struct linalg_symmetric *s, const struct inverse *inverse, size_t held, size_t rows,
                   double *vectors, double *coefficient)
{
    double *v = vectors + held * s->n;
    struct random_stream random = random_stream(0, held);
    random_normals(&random, rows * s->n, v);
    int info = orthonormalise(s->n, held, vectors, rows, v, coefficient);
    for (int k = 0; k < inverse->solves && !info; k++) {
        info = LAPACKE_dgbtrs(LAPACK_COL_MAJOR, 'N', count(s->n), BAND, BAND, count(rows), inverse->factor,
                              3 * BAND + 1, inverse->pivot, v, count(s->n));
        if (!info)
            info = orthonormalise(s->n, held, vectors, rows, v, coefficient);
    }
    return info ? info : orthonormalise(s->n, held, vectors, rows, v, coefficient);
}

/* vectors (wanted, n) := Q vectors, rows as they are. */
static enum status back_transform(struct linalg_symmetric *s, size_t wanted, double *vectors,
                                  const struct reporter *reporter, struct error *e)
{
    size_t n = s->n, panels = n > BAND ? (n - 1) / BAND : 0;
    enum status status = STATUS_OK;
    for (size_t p = panels; p-- > 0 && !status;) {
        size_t j = p * BAND, rest = n - j - BAND;
        reporter_progress(reporter, 1 - 0.5 * (double)p / (double)panels, "null vectors");
        if (reporter_stop_requested(reporter))
            return error_set(e, STATUS_INTERRUPTED, "stopped");
        status = check(reflections_apply('L', 'N', smaller(BAND, rest), s->a + j * n + j + BAND, n,
                                         s->triangles + j * BAND, rest, wanted, vectors + j + BAND, n, s->work),
                       "eigenvectors", e);
    }
    return status;
}

enum status linalg_symmetric_null(struct linalg_symmetric *s, size_t wanted, double *vectors,
                                  const struct reporter *reporter, struct error *e)
{
    size_t n = s->n;
    if (wanted == n || (s->values[0] == 0 && s->values[n - 1] == 0)) { /* any basis will do */
        memset(vectors, 0, wanted * n * sizeof *vectors);
        for (size_t i = 0; i < wanted; i++)
            vectors[i * n + i] = 1;
        return STATUS_OK;
    }
    if (wanted == 0)
        return STATUS_OK;
    struct inverse inverse;
    double *coefficient = malloc(BAND * n * sizeof *coefficient);
    enum status status = factor_inverse(s, wanted, &inverse, e);
    if (!status && !coefficient)
        status = error_memory(e);
    for (size_t held = 0; held < wanted && !status; held += BAND) {
        reporter_progress(reporter, 0.5 * (double)held / (double)wanted, "null vectors");
        status = reporter_stop_requested(reporter)
                     ? error_set(e, STATUS_INTERRUPTED, "stopped")
                     : check(iterate(s, &inverse, held, smaller(BAND, wanted - held), vectors, coefficient),
                             "eigenvectors", e);
    }
    if (!status)
        status = back_transform(s, wanted, vectors, reporter, e);
    free(inverse.factor);
    free(inverse.pivot);
    free(coefficient);
    return status;
}
