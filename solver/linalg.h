/* Dense linear algebra: the only place that talks to BLAS and LAPACK. All matrices row-major, leading dimension =
 * number of columns unless given. */
#ifndef GEARS_SOLVER_LINALG_H
#define GEARS_SOLVER_LINALG_H

#include "base/error.h"
#include "base/reporter.h"

#include <stdbool.h>
#include <stddef.h>

enum linalg_form { LINALG_PLAIN, LINALG_TRANSPOSED };

/* C (m, n) := alpha op(A) op(B) + beta C, op(A) (m, k), op(B) (k, n); ld*: row lengths in memory. */
void linalg_multiply(enum linalg_form form_a, enum linalg_form form_b, size_t m, size_t n, size_t k, double alpha,
                     const double *a, size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc);
/* Upper triangle of C (n, n) := alpha A^T A + beta C, A (m, n). */
void linalg_gram(size_t m, size_t n, double alpha, const double *a, size_t lda, double beta, double *c, size_t ldc);
/* Lower triangle of C (n, n) := its upper one. */
void linalg_mirror_upper(size_t n, double *c, size_t ldc);
/* y := alpha op(A) x + beta y, A (m, n) before op: y has m numbers, with LINALG_TRANSPOSED n. */
void linalg_multiply_vector(enum linalg_form form_a, size_t m, size_t n, double alpha, const double *a, size_t lda,
                            const double *x, double beta, double *y);
double linalg_dot(size_t n, const double *x, const double *y);
double linalg_norm(size_t n, const double *x);                        /* without overflow */
void linalg_axpy(size_t n, double alpha, const double *x, double *y); /* y += alpha x */
void linalg_scale(size_t n, double a, double *x);                     /* x <- a x */

/* Eigenvalues (n), ascending, of symmetric A (n, n; its upper triangle is read; destroyed). With `vectors` A returns
 * the eigenvectors as rows: row i belongs to value i. STATUS_FAILED: not converged, memory, not finite. */
enum status linalg_eigen_symmetric(size_t n, double *a, bool vectors, double *values, struct error *e);
/* Eigenvalues of a large symmetric matrix, and afterwards a basis of its null space: several times faster and smaller
 * than all eigenvectors. A (n, n; its upper triangle is read) is destroyed and must outlive *out. reporter: may be
 * NULL; told of the progress, and asked whether to stop (STATUS_INTERRUPTED). STATUS_FAILED as above. Free *out in all
 * cases.
 */
struct linalg_symmetric;
enum status linalg_symmetric_new(size_t n, double *a, const struct reporter *reporter, struct linalg_symmetric **out,
                                 struct error *e);
void linalg_symmetric_free(struct linalg_symmetric *s);
/* (n), ascending; owned by s. */
const double *linalg_symmetric_values(const struct linalg_symmetric *s);
/* An orthonormal basis, as rows of vectors (wanted, n), of the span of the eigenvectors of the `wanted` eigenvalues
 * that are nearest to 0. It is as good as their gap to the others: errors are about eps |A| over the next one's size.
 */
enum status linalg_symmetric_null(struct linalg_symmetric *s, size_t wanted, double *vectors,
                                  const struct reporter *reporter, struct error *e);

/* Singular values (min(m, n)), descending, of A (m, n; destroyed). vt: NULL, or (n, n) whose rows are all right
 * singular vectors, the null space last; u: NULL, or (m, m) whose columns are all left singular vectors. */
enum status linalg_svd(size_t m, size_t n, double *a, double *values, double *u, double *vt, struct error *e);
/* The values alone, many times faster for large A (its products are those of matrices). c: NULL, or (m), which becomes
 * U^T c: what of c is along each left singular vector, and after the first min(m, n) what no column of A reaches.
 * reporter: may be NULL; told of the progress, and asked whether to stop (STATUS_INTERRUPTED). */
enum status linalg_singular_values(size_t m, size_t n, double *a, double *values, double *c,
                                   const struct reporter *reporter, struct error *e);
/* Cholesky A = L L^T in place (lower triangle), A symmetric (n, n). STATUS_REFUSED: not positive definite. */
enum status linalg_cholesky(size_t n, double *a, struct error *e);
/* x := A^-1 x for the factor of linalg_cholesky, x (n, columns). */
void linalg_cholesky_solve(size_t n, size_t columns, const double *factor, double *x);
/* x := L^-1 x, or L^-T x, for a lower triangular L (n, n), x (n, columns). */
void linalg_solve_lower(enum linalg_form form, size_t n, size_t columns, const double *lower, double *x);
/* Least squares of minimal norm |A x - b|, A (m, n; destroyed), b (m) -> x (n); singular values below rcond s_1 count
 * as 0 (rank, may be NULL, says how many do not). */
enum status linalg_least_squares(size_t m, size_t n, double *a, const double *b, double rcond, double *x, size_t *rank,
                                 struct error *e);

/* Threads of BLAS itself: 1 inside our own parallel maps. Returns the number before. */
int linalg_set_threads(int threads);

#endif
