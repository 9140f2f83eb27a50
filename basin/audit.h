/* The audit of a minimum: ranks of G and H, whether they are equal and why, what was lost where. */
#ifndef GEARS_BASIN_AUDIT_H
#define GEARS_BASIN_AUDIT_H

#include "basin/lost.h"
#include "basin/minimum.h"
#include "basin/rank.h"

enum equality { EQUALITY_HOLDS, EQUALITY_FAILS, EQUALITY_UNDECIDED };

struct audit {
    size_t parameters, behaviours;
    double loss, gradient_norm;
    double residual_norm; /* |r|, r = dL/d behaviour (projected on the simplex tangent for probabilities of ce) */
    struct rank g, h;
    size_t negative_eigenvalues; /* of H, beyond the tolerance */
    double smallest_eigenvalue;
    double gauss_newton_norm, residual_part_norm; /* Frobenius norms of the two parts of H */
    size_t above_residual;     /* eigenvalues of H larger than the residual part could make them from 0 (Weyl) */
    double left_null_residual; /* part of r in the left null space of G, over |r|; NaN where r = 0 to rounding */
    size_t null_h_not_g;       /* directions that H does not see and G does */
    enum equality equality;
    bool within_misfit; /* a small misfit that is not at rest: it alone may have made the eigenvalues negative */
    bool promised;      /* equality follows from the fit, the loss and the behaviour */
    char reason[400];
    size_t dimension_bound;     /* N - rank G: of the solution manifold */
    bool dimension_established; /* rank G is constant around theta */
    size_t generic_rank;        /* the largest rank of G met around theta; not looked for where g is undecided */
    struct lost_table lost;
};

/* reporter: may be NULL; told of the progress, and asked whether to stop. Errors: STATUS_FAILED (memory, no
 * convergence), STATUS_REFUSED where N is too large for dense matrices, STATUS_INTERRUPTED. Clear in all cases. */
enum status audit_run(const struct minimum *m, const struct reporter *reporter, struct audit *out, struct error *e);
void audit_clear(struct audit *a);
/* The residual part of H is under 1e-4 of the Gauss-Newton part: a fit that is good, if not perfect. */
bool audit_misfit_is_small(const struct audit *a);

#endif
