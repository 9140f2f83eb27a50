/* Singular values alone. A direct reduction to bidiagonal form spends half of its multiplications in products with
 * vectors, at the speed of memory; two stages do nearly all of them in products of matrices: first to a band (Golub,
 * Luk and Overton, ACM TOMS 7 (1981) 149; Grosser and Lang, Parallel Computing 25 (1999) 969), then from the band to
 * two diagonals. All transformations are orthogonal, so the errors are those of any other way: about eps times the
 * largest.
 */
#include "solver/linalg.h"
#include "solver/linalg_private.h"

#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

enum { BAND = 64 };

/* X := what LAPACK sees of a row-major A: its transpose, (s, s) from row and column 0 of columns of length ld. */
struct reduction {
    size_t s, ld;
    double *x;
    double *tau, *band, *diagonal, *above; /* (s), (BAND + 1, s), (s), (s) */
    double *triangle, *work;               /* of a block of reflections: (BAND, BAND), (s, BAND) */
    double *c;                             /* NULL, or what the transformations from the right are applied to */
};

static void reduction_clear(struct reduction *r)
{
    free(r->tau);
    free(r->band);
    free(r->diagonal);
    free(r->above);
    free(r->triangle);
    free(r->work);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* X (n, m) wide = L Q: c := Q c, and L with zeros above its diagonal is what is left. X tall = Q R: R is left. */
static int make_square(struct reduction *r, size_t n, size_t m)
{
    int info;
    double *x = r->x;
    if (m > n) {
        info = LAPACKE_dgelqf(LAPACK_COL_MAJOR, count(n), count(m), x, count(n), r->tau);
        if (!info && r->c)
            info =
                LAPACKE_dormlq(LAPACK_COL_MAJOR, 'L', 'N', count(m), 1, count(n), x, count(n), r->tau, r->c, count(m));
        for (size_t j = 1; j < n && !info; j++)
            memset(x + j * n, 0, j * sizeof *x);
        return info;
    }
    info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, count(n), count(m), x, count(n), r->tau);
    for (size_t j = 0; j < m && !info; j++)
        memset(x + j * n + j + 1, 0, (n - j - 1) * sizeof *x);
    return info;
}

/* Apply the block of k reflections of length n at v, stored as columns (C, of a QR) or rows (R, of an LQ), to c (rows,
 * columns). LAPACK's own
 * routine would take them one by one: so few are not worth a block to it. The Q of an LQ is the transpose of what rows
 * stand for. */
static int apply_block(struct reduction *r, char side, char form, char stored, size_t n, size_t k, const double *v,
                       size_t rows, size_t columns, double *c, size_t ldc)
{
    int ld = count(r->ld);
    int info = LAPACKE_dlarft_work(LAPACK_COL_MAJOR, 'F', stored, count(n), count(k), v, ld, r->tau, r->triangle, BAND);
    return info ? info
                : LAPACKE_dlarfb_work(LAPACK_COL_MAJOR, side, form, 'F', stored, count(rows), count(columns), count(k),
                                      v, ld, r->triangle, BAND, c, count(ldc), r->work, count(r->s));
}

/* Columns from j on: zeros below the diagonal of the next b, and to the right of the band of the rows from j on. */
static int reduce_panel(struct reduction *r, size_t j)
{
    size_t b = smaller(BAND, r->s - j), n = r->s - j, rest = n - b, ld = r->ld;
    double *panel = r->x + j * ld + j, *right = panel + b * ld;
    int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, count(n), count(b), panel, count(ld), r->tau);
    if (info || !rest)
        return info;
    info = apply_block(r, 'L', 'T', 'C', n, b, panel, n, rest, right, ld);
    if (info)
        return info;
    size_t kept = smaller(b, rest);
    info = LAPACKE_dgelqf(LAPACK_COL_MAJOR, count(b), count(rest), right, count(ld), r->tau);
    if (!info)
        info = apply_block(r, 'R', 'N', 'R', rest, kept, right, rest, rest, right + b, ld);
    if (!info && r->c)
        info = apply_block(r, 'L', 'T', 'R', rest, kept, right, rest, 1, r->c + j + b, rest);
    return info;
}

/* The transpose of the band, so that what acted from the right acts from the left: its diagonal and BAND below it. */
static void store_band(struct reduction *r)
{
    for (size_t i = 0; i < r->s; i++)
        for (size_t j = i; j < r->s && j <= i + BAND; j++)
            r->band[i * (BAND + 1) + j - i] = r->x[j * r->ld + i];
}

static int band_values(struct reduction *r)
{
    int s = count(r->s), columns = r->c != NULL;
    double none[1];
    store_band(r);
    int info = LAPACKE_dgbbrd(LAPACK_COL_MAJOR, 'N', s, s, columns, count(smaller(BAND, r->s - 1)), 0, r->band,
                              BAND + 1, r->diagonal, r->above, none, 1, none, 1, r->c ? r->c : none, s);
    return info ? info
                : LAPACKE_dbdsqr(LAPACK_COL_MAJOR, 'U', s, 0, 0, columns, r->diagonal, r->above, none, 1, none, 1,
                                 r->c ? r->c : none, s);
}

enum status linalg_singular_values(size_t m, size_t n, double *a, double *values, double *c, struct error *e)
{
    if (m == 0 || n == 0)
        return error_set(e, STATUS_FAILED, "singular values of an empty matrix");
    if (!all_finite(m * n, a) || (c && !all_finite(m, c)))
        return error_set(e, STATUS_FAILED, "singular values: the matrix is not finite");
    size_t s = smaller(m, n);
    struct reduction r = {.s = s,
                          .ld = n,
                          .x = a,
                          .tau = malloc(s * sizeof *r.tau),
                          .band = calloc(s * (BAND + 1), sizeof *r.band),
                          .diagonal = malloc(s * sizeof *r.diagonal),
                          .above = malloc(s * sizeof *r.above),
                          .triangle = malloc((size_t)BAND * BAND * sizeof *r.triangle),
                          .work = malloc(s * BAND * sizeof *r.work),
                          .c = c};
    if (!r.tau || !r.band || !r.diagonal || !r.above || !r.triangle || !r.work) {
        reduction_clear(&r);
        return error_memory(e);
    }
    int info = m == n ? 0 : make_square(&r, n, m);
    for (size_t j = 0; j < s && !info; j += BAND)
        info = reduce_panel(&r, j);
    if (!info)
        info = band_values(&r);
    for (size_t i = 0; i < s && !info; i++)
        values[i] = fabs(r.diagonal[i]); /* no -0 */
    reduction_clear(&r);
    return check(info, "singular values", e);
}
