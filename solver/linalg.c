#include "solver/linalg.h"
#include "solver/linalg_private.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Row lengths of empty matrices must still be at least 1. */
static int row_length(size_t ld)
{
    return ld > 0 ? count(ld) : 1;
}

/* Below so many multiplications a call of BLAS takes longer to begin than the product does. */
enum { SMALL = 200 };

/* op(A) as strides: element (i, p) is a[i row_a + p column_a]; likewise b. */
static void multiply_small(size_t m, size_t n, size_t k, double alpha, const double *a, size_t row_a, size_t column_a,
                           const double *b, size_t row_b, size_t column_b, double beta, double *c, size_t ldc)
{
    k = alpha != 0 ? k : 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t p = 0; p < k; p++)
                sum += a[i * row_a + p * column_a] * b[p * row_b + j * column_b];
            c[i * ldc + j] = alpha * sum + (beta != 0 ? beta * c[i * ldc + j] : 0);
        }
}

void linalg_multiply(enum linalg_form form_a, enum linalg_form form_b, size_t m, size_t n, size_t k, double alpha,
                     const double *a, size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc)
{
    bool plain_a = form_a == LINALG_PLAIN, plain_b = form_b == LINALG_PLAIN;
    if (m == 0 || n == 0)
        return;
    if (m <= SMALL && n <= SMALL && k <= SMALL && m * n * k <= SMALL) {
        multiply_small(m, n, k, alpha, a, plain_a ? lda : 1, plain_a ? 1 : lda, b, plain_b ? ldb : 1, plain_b ? 1 : ldb,
                       beta, c, ldc);
        return;
    }
    cblas_dgemm(CblasRowMajor, plain_a ? CblasNoTrans : CblasTrans, plain_b ? CblasNoTrans : CblasTrans, count(m),
                count(n), count(k), alpha, a, row_length(lda), b, row_length(ldb), beta, c, count(ldc));
}

void linalg_gram(size_t m, size_t n, double alpha, const double *a, size_t lda, double beta, double *c, size_t ldc)
{
    if (n > 0)
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, count(n), count(m), alpha, a, count(lda), beta, c,
                    count(ldc));
}

/* In blocks that stay in cache: walking down whole columns misses at every step. */
void linalg_mirror_upper(size_t n, double *c, size_t ldc)
{
    enum { BLOCK = 32 };
    for (size_t i0 = 0; i0 < n; i0 += BLOCK)
        for (size_t j0 = i0; j0 < n; j0 += BLOCK)
            for (size_t i = i0; i < n && i < i0 + BLOCK; i++)
                for (size_t j = j0 > i ? j0 : i + 1; j < n && j < j0 + BLOCK; j++)
                    c[j * ldc + i] = c[i * ldc + j];
}

void linalg_multiply_vector(enum linalg_form form_a, size_t m, size_t n, double alpha, const double *a, size_t lda,
                            const double *x, double beta, double *y)
{
    if (m > 0 && n > 0 && m <= SMALL && n <= SMALL && m * n <= SMALL) {
        if (form_a == LINALG_PLAIN)
            multiply_small(m, 1, n, alpha, a, lda, 1, x, 1, 1, beta, y, 1);
        else
            multiply_small(n, 1, m, alpha, a, 1, lda, x, 1, 1, beta, y, 1);
        return;
    }
    if (m > 0 && n > 0)
        cblas_dgemv(CblasRowMajor, form_a == LINALG_PLAIN ? CblasNoTrans : CblasTrans, count(m), count(n), alpha, a,
                    count(lda), x, 1, beta, y, 1);
    else if ((form_a == LINALG_PLAIN ? m : n) > 0)
        cblas_dscal(count(form_a == LINALG_PLAIN ? m : n), beta, y, 1);
}

double linalg_dot(size_t n, const double *x, const double *y)
{
    return cblas_ddot(count(n), x, 1, y, 1);
}

/* Where BLAS adds up squares in doubles (other processors, valgrind) these overflow and underflow before the norm does.
 */
static double scaled_norm(size_t n, const double *x)
{
    double largest = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        largest = fabs(x[i]) <= largest ? largest : fabs(x[i]); /* NaN stays */
    if (largest == 0 || !isfinite(largest))
        return largest;
    for (size_t i = 0; i < n; i++)
        sum += x[i] / largest * (x[i] / largest);
    return largest * sqrt(sum);
}

double linalg_norm(size_t n, const double *x)
{
    double norm = cblas_dnrm2(count(n), x, 1);
    return norm > 1e-140 && norm < 1e150 ? norm : scaled_norm(n, x);
}

void linalg_scale(size_t n, double a, double *x)
{
    cblas_dscal(count(n), a, x, 1);
}

void linalg_axpy(size_t n, double alpha, const double *x, double *y)
{
    cblas_daxpy(count(n), alpha, x, 1, y, 1);
}

/* A row-major matrix is the transpose of the column-major one that LAPACK sees: its upper triangle is the lower one
 * there, and eigenvectors in columns there are rows here. Nothing is copied. */
enum status linalg_eigen_symmetric(size_t n, double *a, bool vectors, double *values, struct error *e)
{
    if (n == 0)
        return STATUS_OK;
    for (size_t i = 0; i < n; i++)
        if (!all_finite(n - i, a + i * n + i))
            return error_set(e, STATUS_FAILED, "eigenvalues: the matrix is not finite");
    return check(LAPACKE_dsyevd(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L', count(n), a, count(n), values),
                 "eigenvalues", e);
}

/* A (m, n) with m > n is A^T = L Q for LAPACK; the singular values and right singular vectors are those of L^T. a then
 * holds the (n, n) matrix L^T. */
static enum status squeeze_rows(size_t m, size_t n, double *a, struct error *e)
{
    double *tau = malloc(n * sizeof *tau);
    if (!tau)
        return error_memory(e);
    enum status status = check(LAPACKE_dgelqf(LAPACK_COL_MAJOR, count(n), count(m), a, count(n), tau), "LQ", e);
    free(tau);
    for (size_t i = 1; i < n && status == STATUS_OK; i++)
        memset(a + i * n, 0, i * sizeof *a); /* below the diagonal of L^T: what describes Q */
    return status;
}

/* A (m, n) with n > m: A^T = Q R for LAPACK; the singular values and left singular vectors are those of R^T. a then
 * holds the (m, m) matrix R^T. */
static enum status squeeze_columns(size_t m, size_t n, double *a, struct error *e)
{
    double *tau = malloc(m * sizeof *tau);
    if (!tau)
        return error_memory(e);
    enum status status = check(LAPACKE_dgeqrf(LAPACK_COL_MAJOR, count(n), count(m), a, count(n), tau), "QR", e);
    free(tau);
    for (size_t i = 0; i < m && status == STATUS_OK; i++) {
        memmove(a + i * m, a + i * n, (i + 1) * sizeof *a);
        memset(a + i * m + i + 1, 0, (m - i - 1) * sizeof *a);
    }
    return status;
}

/* LAPACK sees A^T = V S U^T: its left vectors are our right ones. It gives both kinds or none, so the kind that was not
 * asked for goes to a scratch matrix; a thin A is squeezed first, to keep that one small. */
enum status linalg_svd(size_t m, size_t n, double *a, double *values, double *u, double *vt, struct error *e)
{
    enum { WIDE = 1000 }; /* from here on two stages are faster */
    if (!u && !vt && m >= WIDE && n >= WIDE)
        return linalg_singular_values(m, n, a, values, NULL, NULL, e);
    enum status status = STATUS_OK;
    double *scratch = NULL;
    if (m == 0 || n == 0)
        return error_set(e, STATUS_FAILED, "singular values of an empty matrix");
    if (!all_finite(m * n, a))
        return error_set(e, STATUS_FAILED, "singular values: the matrix is not finite");
    if (!u && m > n) {
        status = squeeze_rows(m, n, a, e);
        m = n;
    } else if (!vt && n > m) {
        status = squeeze_columns(m, n, a, e);
        n = m;
    }
    if (status != STATUS_OK)
        return status;
    if (!u != !vt) {
        size_t side = u ? n : m;
        scratch = malloc(side * side * sizeof *scratch);
        if (!scratch)
            return error_memory(e);
    }
    status = check(LAPACKE_dgesdd(LAPACK_COL_MAJOR, u || vt ? 'A' : 'N', count(n), count(m), a, count(n), values,
                                  vt ? vt : scratch, count(n), u ? u : scratch, count(m)),
                   "singular values", e);
    free(scratch);
    return status;
}

/* Row by row; returns n, or the row at which it fails. */
static size_t cholesky_small(size_t n, double *a)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            if (j < i)
                a[i * n + j] = sum / a[j * n + j];
            else if (sum > 0)
                a[i * n + i] = sqrt(sum);
            else
                return i;
        }
    return n;
}

enum status linalg_cholesky(size_t n, double *a, struct error *e)
{
    enum { FEW = 8 };
    lapack_int info = 0;
    if (n <= FEW) {
        size_t row = cholesky_small(n, a);
        info = row < n ? (lapack_int)row + 1 : 0;
    } else
        info = LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', count(n), a, count(n));
    if (info > 0)
        return error_set(e, STATUS_REFUSED, "Cholesky: the matrix is not positive definite (at row %d)", (int)info);
    return check(info, "Cholesky", e);
}

static void solve_small(bool transposed, size_t n, size_t columns, const double *lower, double *x)
{
    for (size_t step = 0; step < n; step++) {
        size_t i = transposed ? n - 1 - step : step;
        double *row = x + i * columns, pivot = 1 / lower[i * n + i];
        for (size_t k = transposed ? i + 1 : 0; k < (transposed ? n : i); k++) {
            double factor = transposed ? lower[k * n + i] : lower[i * n + k];
            for (size_t j = 0; j < columns; j++)
                row[j] -= factor * x[k * columns + j];
        }
        for (size_t j = 0; j < columns; j++)
            row[j] *= pivot;
    }
}

void linalg_solve_lower(enum linalg_form form, size_t n, size_t columns, const double *lower, double *x)
{
    if (n == 0 || columns == 0)
        return;
    if (n <= SMALL && columns <= SMALL && n * n * columns <= SMALL)
        solve_small(form == LINALG_TRANSPOSED, n, columns, lower, x);
    else
        cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, form == LINALG_PLAIN ? CblasNoTrans : CblasTrans,
                    CblasNonUnit, count(n), count(columns), 1, lower, count(n), x, count(columns));
}

void linalg_cholesky_solve(size_t n, size_t columns, const double *factor, double *x)
{
    linalg_solve_lower(LINALG_PLAIN, n, columns, factor, x);
    linalg_solve_lower(LINALG_TRANSPOSED, n, columns, factor, x);
}

enum status linalg_least_squares(size_t m, size_t n, double *a, const double *b, double rcond, double *x, size_t *rank,
                                 struct error *e)
{
    size_t small = m < n ? m : n, large = m < n ? n : m;
    if (small == 0)
        return error_set(e, STATUS_FAILED, "least squares with an empty matrix");
    if (!all_finite(m * n, a) || !all_finite(m, b))
        return error_set(e, STATUS_FAILED, "least squares: the matrix is not finite");
    lapack_int r = 0;
    enum status status;
    double *both = calloc(large + small, sizeof *both); /* b and, in its place, x; singular values */
    if (!both)
        return error_memory(e);
    memcpy(both, b, m * sizeof *both);
    status =
        check(LAPACKE_dgelsd(LAPACK_ROW_MAJOR, count(m), count(n), 1, a, count(n), both, 1, both + large, rcond, &r),
              "least squares", e);
    if (status == STATUS_OK) {
        memcpy(x, both, n * sizeof *x);
        if (rank)
            *rank = (size_t)r;
    }
    free(both);
    return status;
}

int linalg_set_threads(int threads)
{
    int before = openblas_get_num_threads();
    openblas_set_num_threads(threads);
    return before;
}
