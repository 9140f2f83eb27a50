/* Shared by the files of linalg. */
#ifndef GEARS_SOLVER_LINALG_PRIVATE_H
#define GEARS_SOLVER_LINALG_PRIVATE_H

#include "base/error.h"

#include <assert.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* BLAS and LAPACK count in int. */
static inline int count(size_t n)
{
    assert(n <= INT_MAX);
    return (int)n;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline bool all_finite(size_t n, const double *x)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* What LAPACK's return code means. */
static inline enum status check(lapack_int info, const char *what, struct error *e)
{
    if (info == 0)
        return STATUS_OK;
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return error_memory(e);
    if (info < 0)
        return error_set(e, STATUS_FAILED, "%s: the matrix is not finite", what);
    return error_set(e, STATUS_FAILED, "%s: no convergence", what);
}

#endif
