/* The symmetric Lanczos process with full reorthogonalisation, and eigenpairs from it (Golub and Van Loan, Matrix
 * Computations, ch. 10; Parlett, The Symmetric Eigenvalue Problem, ch. 13). */
#ifndef GEARS_SOLVER_LANCZOS_H
#define GEARS_SOLVER_LANCZOS_H

#include "base/error.h"
#include "solver/krylov.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A Q^T = Q^T T + beta[m-1] q_m e_m^T: T tridiagonal (m, m), alpha on its diagonal and beta beside it; the rows of Q
 * orthonormal, one more than m of them unless `exhausted`. */
struct lanczos {
    const struct krylov_operator *a; /* borrowed */
    size_t m, capacity;
    double *q;            /* (capacity + 1, n) */
    double *alpha, *beta; /* (capacity) */
    double *work;         /* (capacity + 1) */
    double scale;         /* largest |alpha|, beta so far */
    bool exhausted;       /* the rows span an invariant space of A: T holds all that can be found from this start */
};

/* start (n), not 0; at most min(capacity, n) steps, memory about (capacity + 1) n doubles. STATUS_FAILED: memory. Clear
 * it in any case. */
enum status lanczos_init(struct lanczos *l, const struct krylov_operator *a, size_t capacity, const double *start,
                         struct error *e);
void lanczos_clear(struct lanczos *l);

/* One product with A, one more row; the new vector is orthogonalised twice against all earlier ones. Only while m <
 * capacity and not exhausted. STATUS_FAILED: the product is not finite. STATUS_INTERRUPTED: a->reporter asked for it.
 */
enum status lanczos_step(struct lanczos *l, struct error *e);

/* After exhaustion: go on from `start` (n), made orthogonal to all rows. False: nothing of it is left, or no room. */
bool lanczos_restart(struct lanczos *l, const double *start);

/* Eigenpairs of the tridiagonal T (m, m) with alpha (m) on its diagonal, beta (m - 1 are read) beside it: values (m)
 * ascending; vectors (m, m), rows. vectors[i m] squared is the weight of value i in the measure of the start.
 * STATUS_FAILED as linalg_eigen_symmetric. */
enum status lanczos_ritz(size_t m, const double *alpha, const double *beta, double *values, double *vectors,
                         struct error *e);

struct lanczos_pairs {
    size_t n_smallest, n_largest; /* as asked, less where A is too small */
    double *values;               /* (n_smallest + n_largest), ascending; all of these are owned */
    double *vectors;              /* (n_smallest + n_largest, n), rows of length 1 */
    double *residuals;            /* |A v - lambda v|, measured: some eigenvalue lies within this of lambda */
    size_t converged;             /* how many have a residual <= rtol x largest |lambda| */
    size_t products;
};

/* The smallest and largest eigenpairs of A, to residuals of rtol x the largest |lambda| or until max_products products
 * are done: look at `converged`. A multiple eigenvalue counts once until the space is exhausted: one start cannot see
 * more of it. STATUS_FAILED: memory, a product that is not finite. STATUS_INTERRUPTED: a->reporter asked for it. Clear
 * in any case. */
enum status lanczos_eigenpairs(const struct krylov_operator *a, size_t n_smallest, size_t n_largest, double rtol,
                               size_t max_products, uint64_t seed, struct lanczos_pairs *out, struct error *e);
void lanczos_pairs_clear(struct lanczos_pairs *p);

#endif
