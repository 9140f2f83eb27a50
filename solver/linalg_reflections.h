/* Blocks of Householder reflections, as the reductions to a band make and apply them. LAPACK's view: columns first. */
#ifndef GEARS_SOLVER_LINALG_REFLECTIONS_H
#define GEARS_SOLVER_LINALG_REFLECTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Reflections in a block: as many columns or rows as are reduced at once, and the width of the band that is left. */
enum { BAND = 64 };

/* Work space of applying blocks to matrices of at most n rows or columns on the side that stays as it is. */
struct reflections {
    size_t n;
    double *triangle, *work; /* (BAND, BAND), (n, BAND) */
};

/* False: memory. Clear in any case. */
bool reflections_init(struct reflections *r, size_t n);
void reflections_clear(struct reflections *r);

/* Apply the block of k reflections of length n, stored at v (columns of length ldv) with their tau (k) as columns
 * ('C', by a QR) or rows ('R', by an LQ), to c (rows, columns; of length ldc) from the left or right, plain or
 * transposed ('N', 'T'). LAPACK's own routine would take them one by one: so few are not worth a block to it. The Q of
 * an LQ is the transpose of what rows stand for. Returns LAPACK's info. */
int reflections_apply(struct reflections *r, char side, char form, char stored, size_t n, size_t k, const double *v,
                      size_t ldv, const double *tau, size_t rows, size_t columns, double *c, size_t ldc);

#endif
