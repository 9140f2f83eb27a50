/* Large symmetric operators, known only by their products with vectors: extreme eigenvalues (Lanczos) and linear
 * systems (conjugate gradients). */
#ifndef GEARS_SOLVER_KRYLOV_H
#define GEARS_SOLVER_KRYLOV_H

#include "base/error.h"
#include "base/reporter.h"

#include <stddef.h>
#include <stdint.h>

/* av (n) := A v, A symmetric (n, n). */
typedef void krylov_product(const double *v, double *av, void *context);

struct krylov_operator {
    size_t n;
    krylov_product *product;
    void *context;
    const struct reporter *reporter; /* asked before each product whether to stop; told of the progress; may be NULL */
};

enum krylov_end { KRYLOV_LARGEST = 1, KRYLOV_SMALLEST = 2 };

struct krylov_extremes {
    double largest, smallest;             /* eigenvalues; the one that was not asked for is a bound from inside */
    double largest_error, smallest_error; /* |A v - lambda v|: an eigenvalue is within this distance of lambda */
    size_t products;                      /* products A v that it took */
};

/* Lanczos from a random start, every new vector orthogonalised twice against all earlier ones (memory max_products n
 * doubles). `ends`: KRYLOV_LARGEST | KRYLOV_SMALLEST, those that must be good to rtol x max |lambda| before it stops;
 * else it stops after max_products (at most n are needed) with the errors reached. vector: NULL, or (n) the eigenvector
 * of the smallest eigenvalue. STATUS_FAILED: memory, a product that is not finite. STATUS_INTERRUPTED: a->reporter
 * asked for it. */
enum status krylov_extremes(const struct krylov_operator *a, int ends, double rtol, size_t max_products, uint64_t seed,
                            struct krylov_extremes *out, double *vector, struct error *e);

enum krylov_cg {
    KRYLOV_CG_SOLVED,  /* |A x - b| <= rtol |b| */
    KRYLOV_CG_CURVED,  /* a direction d with d A d <= 0 was met: x is what came before it, or b when it was the first */
    KRYLOV_CG_NOT_YET, /* max_products done, or a->reporter asked to stop: x is as far as it came */
    KRYLOV_CG_FAILED   /* memory */
};

/* Conjugate gradients for A x = b, A positive (semi)definite, from x = 0: x is the solution of least norm when b is in
 * the range of A. Stopping at negative curvature is Steihaug's (1983). x, b (n), not the same. */
enum krylov_cg krylov_solve(const struct krylov_operator *a, const double *b, double rtol, size_t max_products,
                            double *x);

#endif
