/* Singular values alone. A direct reduction to bidiagonal form spends half of its multiplications in products with
 * vectors, at the speed of memory; two stages do nearly all of them in products of matrices: first to a band (Golub,
 * Luk and Overton, ACM TOMS 7 (1981) 149; Grosser and Lang, Parallel Computing 25 (1999) 969), then from the band to
 * two diagonals. All transformations are orthogonal, so the errors are those of any other way: about eps times the
 * largest.
 */
#include "solver/linalg.h"
#include "solver/linalg_private.h"
#include "solver/linalg_reflections.h"

#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

/* X := what LAPACK sees of a row-major A: its transpose, (s, s) from row and column 0 of columns of length ld. */
struct reduction {
    size_t s, ld;
    double *x;
    double *band, *diagonal, *above; /* (BAND + 1, s), (s), (s) */
    double *triangle, *v, *work;     /* of a block of reflections: (BAND, BAND), (BAND, longer side), (BAND, s) */
    double *c;                       /* NULL, or what the transformations from the right are applied to */
    const struct reporter *reporter;
    double square; /* share of the work that is done when X is square */
};

static bool reduction_init(struct reduction *r, size_t s, size_t longer)
{
    r->s = s;
    r->band = calloc(s * (BAND + 1), sizeof *r->band);
    r->diagonal = malloc(s * sizeof *r->diagonal);
    r->above = malloc(s * sizeof *r->above);
    r->triangle = malloc((size_t)BAND * BAND * sizeof *r->triangle);
    r->v = malloc(BAND * longer * sizeof *r->v);
    r->work = malloc(BAND * s * sizeof *r->work);
    return r->band && r->diagonal && r->above && r->triangle && r->v && r->work;
}

static void reduction_clear(struct reduction *r)
{
    free(r->band);
    free(r->diagonal);
    free(r->above);
    free(r->triangle);
    free(r->v);
    free(r->work);
}

/* Say how far it is with `left` of the s columns to go, and whether to go on. */
static bool goes_on(const struct reduction *r, bool is_square, size_t left)
{
    double part = 1 - (double)left * (double)left / ((double)r->s * (double)r->s);
    reporter_progress(r->reporter, is_square ? r->square + (1 - r->square) * part : r->square * part,
                      "singular values");
    return !reporter_stop_requested(r->reporter);
}

/* Rows from j on of X (n, m) wide: zeros to the right of the diagonal of the next b. X = L Q^T: c := Q^T c. */
static int reduce_rows(struct reduction *r, size_t n, size_t m, size_t j)
{
    size_t b = smaller(BAND, n - j), rest = m - j;
    double *panel = r->x + j * n + j;
    int info = reflections_lq(b, rest, panel, n, r->v, r->triangle);
    if (!info && n - j > b)
        info = reflections_apply('R', 'N', b, r->v, rest, r->triangle, n - j - b, rest, panel + b, n, r->work);
    if (!info && r->c)
        info = reflections_apply('L', 'T', b, r->v, rest, r->triangle, rest, 1, r->c + j, rest, r->work);
    return info;
}

/* Columns from j on of X (n, m) tall: zeros below the diagonal of the next b. */
static int reduce_columns(struct reduction *r, size_t n, size_t m, size_t j)
{
    size_t b = smaller(BAND, m - j), rest = n - j;
    double *panel = r->x + j * n + j;
    int info = reflections_qr(rest, b, panel, n, r->triangle);
    if (!info && m - j > b)
        info = reflections_apply('L', 'T', b, panel, n, r->triangle, rest, m - j - b, panel + b * n, n, r->work);
    return info;
}

/* X (n, m) wide = L Q^T: c := Q^T c, and L with zeros above its diagonal is what is left. X tall = Q R: R is left. */
static enum status make_square(struct reduction *r, size_t n, size_t m, struct error *e)
{
    for (size_t j = 0; j < r->s; j += BAND) {
        if (!goes_on(r, false, r->s - j))
            return error_set(e, STATUS_INTERRUPTED, "stopped");
        int info = m > n ? reduce_rows(r, n, m, j) : reduce_columns(r, n, m, j);
        if (info)
            return check(info, "singular values", e);
    }
    for (size_t j = 1; j < n && m > n; j++)
        memset(r->x + j * n, 0, j * sizeof *r->x);
    for (size_t j = 0; j < m && m < n; j++)
        memset(r->x + j * n + j + 1, 0, (n - j - 1) * sizeof *r->x);
    return STATUS_OK;
}

/* Columns from j on: zeros below the diagonal of the next b, and to the right of the band of the rows from j on. */
static int reduce_panel(struct reduction *r, size_t j)
{
    size_t b = smaller(BAND, r->s - j), n = r->s - j, rest = n - b, ld = r->ld;
    double *panel = r->x + j * ld + j, *right = panel + b * ld;
    int info = reflections_qr(n, b, panel, ld, r->triangle);
    if (info || !rest)
        return info;
    info = reflections_apply('L', 'T', b, panel, ld, r->triangle, n, rest, right, ld, r->work);
    if (info)
        return info;
    size_t kept = smaller(b, rest);
    info = reflections_lq(b, rest, right, ld, r->v, r->triangle);
    if (!info)
        info = reflections_apply('R', 'N', kept, r->v, rest, r->triangle, rest, rest, right + b, ld, r->work);
    if (!info && r->c)
        info = reflections_apply('L', 'T', kept, r->v, rest, r->triangle, rest, 1, r->c + j + b, rest, r->work);
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

static enum status reduce(struct reduction *r, size_t n, size_t m, struct error *e)
{
    enum status status = m == n ? STATUS_OK : make_square(r, n, m, e);
    for (size_t j = 0; j < r->s && !status; j += BAND)
        status = goes_on(r, true, r->s - j) ? check(reduce_panel(r, j), "singular values", e)
                                            : error_set(e, STATUS_INTERRUPTED, "stopped");
    return status ? status : check(band_values(r), "singular values", e);
}

enum status linalg_singular_values(size_t m, size_t n, double *a, double *values, double *c,
                                   const struct reporter *reporter, struct error *e)
{
    if (m == 0 || n == 0)
        return error_set(e, STATUS_FAILED, "singular values of an empty matrix");
    if (!all_finite(m * n, a) || (c && !all_finite(m, c)))
        return error_set(e, STATUS_FAILED, "singular values: the matrix is not finite");
    /* multiplications: l s^2 - s^3/3 to become square, 4/3 s^3 to the band */
    double sides = (double)(m > n ? m : n) / (double)smaller(m, n), first = m == n ? 0 : sides - 1.0 / 3;
    struct reduction r = {.ld = n, .x = a, .c = c, .reporter = reporter, .square = first / (first + 4.0 / 3)};
    enum status status = reduction_init(&r, smaller(m, n), m > n ? m : n) ? reduce(&r, n, m, e) : error_memory(e);
    for (size_t i = 0; i < r.s && !status; i++)
        values[i] = fabs(r.diagonal[i]); /* no -0 */
    reduction_clear(&r);
    return status;
}
