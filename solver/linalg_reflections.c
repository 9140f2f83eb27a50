#include "solver/linalg_reflections.h"

#include "solver/linalg_private.h"

#include <stdlib.h>

bool reflections_init(struct reflections *r, size_t n)
{
    *r = (struct reflections){.n = n,
                              .triangle = malloc((size_t)BAND * BAND * sizeof *r->triangle),
                              .work = malloc(n * BAND * sizeof *r->work)};
    return r->triangle && r->work;
}

void reflections_clear(struct reflections *r)
{
    free(r->triangle);
    free(r->work);
}

int reflections_apply(struct reflections *r, char side, char form, char stored, size_t n, size_t k, const double *v,
                      size_t ldv, const double *tau, size_t rows, size_t columns, double *c, size_t ldc)
{
    int info =
        LAPACKE_dlarft_work(LAPACK_COL_MAJOR, 'F', stored, count(n), count(k), v, count(ldv), tau, r->triangle, BAND);
    return info ? info
                : LAPACKE_dlarfb_work(LAPACK_COL_MAJOR, side, form, 'F', stored, count(rows), count(columns), count(k),
                                      v, count(ldv), r->triangle, BAND, c, count(ldc), r->work, count(r->n));
}
