/* Blocks of Householder reflections, as the reductions to a band make and apply them. LAPACK's view: columns first. */
#ifndef GEARS_SOLVER_LINALG_REFLECTIONS_H
#define GEARS_SOLVER_LINALG_REFLECTIONS_H

#include <stddef.h>

/* Reflections in a block: as many columns or rows as are reduced at once, and the width of the band that is left. */
enum { BAND = 64 };

/* QR of a panel of at most BAND columns a (n, columns; of length lda): R, and below it the k = min(n, columns)
 * reflections of Q = I - V T V^T; triangle (BAND, BAND) := T, its lower part left alone. By recursion, so that little
 * of it is products with vectors. Returns LAPACK's info. */
int reflections_qr(size_t n, size_t columns, double *a, size_t lda, double *triangle);

/* LQ of a panel of at most BAND rows a (rows, n; columns of length lda): L on and below the diagonal, the rest is left;
 * a = L Q^T with Q = I - V T V^T, its reflections below the diagonal of v (n, rows), where the work is done on columns
 * that lie together. */
int reflections_lq(size_t rows, size_t n, double *a, size_t lda, double *v, double *triangle);

/* c (rows, columns; of length ldc) := op(Q) c ('L') or c op(Q) ('R'), op plain or transposed ('N', 'T'), for k
 * reflections of length rows or columns at v (columns of length ldv). LAPACK's own routine would take them one by one:
 * so few are not worth a block to it. work: (BAND, length of the other side of c). Returns LAPACK's info. */
int reflections_apply(char side, char form, size_t k, const double *v, size_t ldv, const double *triangle, size_t rows,
                      size_t columns, double *c, size_t ldc, double *work);

#endif
