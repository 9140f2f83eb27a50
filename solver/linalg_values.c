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
    double *tau, *band, *diagonal, *above; /* (BAND), (BAND + 1, s), (s), (s) */
    struct reflections reflections;
    double *c; /* NULL, or what the transformations from the right are applied to */
    const struct reporter *reporter;
    double square; /* share of the work that is done when X is square */
};

static bool reduction_init(struct reduction *r, size_t s)
{
    r->s = s;
    r->tau = malloc(BAND * sizeof *r->tau);
    r->band = calloc(s * (BAND + 1), sizeof *r->band);
    r->diagonal = malloc(s * sizeof *r->diagonal);
    r->above = malloc(s * sizeof *r->above);
    return reflections_init(&r->reflections, s) && r->tau && r->band && r->diagonal && r->above;
}

static void reduction_clear(struct reduction *r)
{
    free(r->tau);
    free(r->band);
    free(r->diagonal);
    free(r->above);
    reflections_clear(&r->reflections);
}

/* Say how far it is with `left` of the s columns to go, and whether to go on. */
static bool goes_on(const struct reduction *r, bool is_square, size_t left)
{
    double part = 1 - (double)left * (double)left / ((double)r->s * (double)r->s);
    reporter_progress(r->reporter, is_square ? r->square + (1 - r->square) * part : r->square * part,
                      "singular values");
    return !reporter_stop_requested(r->reporter);
}

/* Rows from j on of X (n, m) wide: zeros to the right of the diagonal of the next b. X = L Q: c := Q c. */
static int reduce_rows(struct reduction *r, size_t n, size_t m, size_t j)
{
    size_t b = smaller(BAND, n - j), rest = m - j;
    double *panel = r->x + j * n + j;
    int info = LAPACKE_dgelqf(LAPACK_COL_MAJOR, count(b), count(rest), panel, count(n), r->tau);
    if (!info && n - j > b)
        info =
            reflections_apply(&r->reflections, 'R', 'N', 'R', rest, b, panel, n, r->tau, n - j - b, rest, panel + b, n);
    if (!info && r->c)
        info = reflections_apply(&r->reflections, 'L', 'T', 'R', rest, b, panel, n, r->tau, rest, 1, r->c + j, rest);
    return info;
}

/* Columns from j on of X (n, m) tall: zeros below the diagonal of the next b. */
static int reduce_columns(struct reduction *r, size_t n, size_t m, size_t j)
{
    size_t b = smaller(BAND, m - j), rest = n - j;
    double *panel = r->x + j * n + j;
    int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, count(rest), count(b), panel, count(n), r->tau);
    if (!info && m - j > b)
        info = reflections_apply(&r->reflections, 'L', 'T', 'C', rest, b, panel, n, r->tau, rest, m - j - b,
                                 panel + b * n, n);
    return info;
}

/* X (n, m) wide = L Q: c := Q c, and L with zeros above its diagonal is what is left. X tall = Q R: R is left. */
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
    int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, count(n), count(b), panel, count(ld), r->tau);
    if (info || !rest)
        return info;
    info = reflections_apply(&r->reflections, 'L', 'T', 'C', n, b, panel, ld, r->tau, n, rest, right, ld);
    if (info)
        return info;
    size_t kept = smaller(b, rest);
    info = LAPACKE_dgelqf(LAPACK_COL_MAJOR, count(b), count(rest), right, count(ld), r->tau);
    if (!info)
        info =
            reflections_apply(&r->reflections, 'R', 'N', 'R', rest, kept, right, ld, r->tau, rest, rest, right + b, ld);
    if (!info && r->c)
        info = reflections_apply(&r->reflections, 'L', 'T', 'R', rest, kept, right, ld, r->tau, rest, 1, r->c + j + b,
                                 rest);
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
    enum status status = reduction_init(&r, smaller(m, n)) ? reduce(&r, n, m, e) : error_memory(e);
    for (size_t i = 0; i < r.s && !status; i++)
        values[i] = fabs(r.diagonal[i]); /* no -0 */
    reduction_clear(&r);
    return status;
}
