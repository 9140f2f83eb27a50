/* What the files of growth/fit*.c share. */
#ifndef GEARS_GROWTH_FIT_PRIVATE_H
#define GEARS_GROWTH_FIT_PRIVATE_H

#include "growth/fit.h"

/* The parameters z put into a run, before shooting. False where the model refuses them. */
bool fit_put(const struct fit *f, const double *z, struct simulation *s, struct error *e);
/* Solve for the shot's parameter in *s (as fit_put left it). 0, > 0, < 0 as fit_evaluate. */
int fit_shoot(struct fit_evaluator *v, const double *z, struct simulation *s);
/* ln of the level that is shot at. */
double fit_log_level(const struct fit *f, const double *z);
/* Directions of all that is free, then (where it shoots) that of ln of the solved parameter. Returns their number;
 * column[j]: the direction of parameter j, SIZE_MAX for the level. */
size_t fit_directions(const struct fit *f, const struct simulation *s, struct direction *out, size_t *column);

#endif
