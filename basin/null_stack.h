/* Null vectors of a matrix, stacked as an orthonormal basis in the order in which they are offered: each counts that
 * the matrix really sends to zero and that adds to the rank of those before it. */
#ifndef GEARS_BASIN_NULL_STACK_H
#define GEARS_BASIN_NULL_STACK_H

#include "base/error.h"

#include <stddef.h>

struct null_stack {
    size_t k, N, most, stacked;
    const double *G;  /* (k, N); borrowed */
    double tolerance; /* |G v| up to here, per |v|, is zero */
    double *basis;    /* (most, N): the first `stacked` rows are orthonormal */
    double *vector;   /* (N) where the next candidate is written; all 0 before */
    /* private: candidates that wait, and how many since the last settle were new */
    double *block;
    size_t waiting, found;
    double *image, *coefficient;
    size_t *nonzero;
};

/* Room for `most` vectors. STATUS_FAILED: memory. Clear in all cases. */
enum status null_stack_init(struct null_stack *s, size_t k, size_t N, const double *G, double tolerance, size_t most,
                            struct error *e);
void null_stack_clear(struct null_stack *s);

/* Offer s->vector, of any length; s->vector is clear for the next then (and may be elsewhere). */
void null_stack_offer(struct null_stack *s);
/* How many of the candidates offered since the last call were stacked. */
size_t null_stack_settle(struct null_stack *s);

#endif
