/* Products of a small matrix with panels: matrices of few rows, each of them long. BLAS copies its operands into an
 * order of its own before it multiplies, which costs as much as multiplying where an operand is used once. Here the
 * lanes of the registers run along the panels' rows, which are read where they lie, and the small matrix one number at
 * a time; so it makes no difference how few rows there are.
 *
 * A panel (m, n) has its row i at i x ld, ld >= n. Fastest where n is a multiple of 16, ld one of 8 but not of 64 (rows
 * that are a power of two apart evict each other), and the panel starts a cache line. Any size may be 0. Products whose
 * small matrix is no longer small go to BLAS. The order of a sum depends on the sizes alone. C is none of the factors.
 */
#ifndef GEARS_SOLVER_THIN_H
#define GEARS_SOLVER_THIN_H

#include "solver/linalg.h"

/* C (m, n) := op(W) B + start 1^T: op(W) (m, k) small, ldw its row length in memory, B (k, n) and C panels, start (m)
 * or NULL for 0. */
void thin_multiply(enum linalg_form form, size_t m, size_t n, size_t k, const double *w, size_t ldw,
                   const double *start, const double *b, size_t ldb, double *c, size_t ldc);

/* C (m, k) += A B^T: A (m, n) and B (k, n) panels, C small, ldc its row length in memory. */
void thin_inner(size_t m, size_t k, size_t n, const double *a, size_t lda, const double *b, size_t ldb, double *c,
                size_t ldc);

/* y (m) += A 1, the sums of a panel's rows. */
void thin_row_sums(size_t m, size_t n, const double *a, size_t lda, double *y);

#endif
