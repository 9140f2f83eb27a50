#include "solver/linalg_reflections.h"

#include "solver/linalg_private.h"

int reflections_qr(size_t n, size_t columns, double *a, size_t lda, double *triangle)
{
    return LAPACKE_dgeqrt(LAPACK_COL_MAJOR, count(n), count(columns), count(smaller(n, columns)), a, count(lda),
                          triangle, BAND);
}

int reflections_lq(size_t rows, size_t n, double *a, size_t lda, double *v, double *triangle)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < rows; i++)
            v[i * n + j] = a[j * lda + i];
    int info = reflections_qr(n, rows, v, n, triangle);
    for (size_t j = 0; j < n && j < rows; j++)
        for (size_t i = j; i < rows; i++)
            a[j * lda + i] = v[i * n + j];
    return info;
}

int reflections_apply(char side, char form, size_t k, const double *v, size_t ldv, const double *triangle, size_t rows,
                      size_t columns, double *c, size_t ldc, double *work)
{
    return LAPACKE_dlarfb_work(LAPACK_COL_MAJOR, side, form, 'F', 'C', count(rows), count(columns), count(k), v,
                               count(ldv), triangle, BAND, c, count(ldc), work, count(side == 'L' ? columns : rows));
}
