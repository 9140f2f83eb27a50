/* Shooting on several parameters at once: as many variables have given levels at given dates. */
#ifndef GEARS_GROWTH_SOLVE_JOINT_H
#define GEARS_GROWTH_SOLVE_JOINT_H

#include "growth/solve.h"

enum { SOLVE_JOINT_MAX = 8 };

/* Set the parameters of `first` (may be NULL) and of targets[0 .. n), n <= SOLVE_JOINT_MAX, so that each one's variable
 * has its value at its date, to about 1e-5 of each level. `first` is found by solve_parameter, which brackets outwards
 * and is for the parameter that dates everything; the others by damped Newton steps between its solutions, a parameter
 * without a unit (an exponent) moving linearly and one with a unit by its logarithm. `restart` as in solve_parameter.
 * Errors: STATUS_FAILED when it does not converge, STATUS_INTERRUPTED. */
enum status solve_joint(struct simulation *s, const struct solve_target *first, const struct solve_target *targets,
                        size_t n, enum status (*restart)(struct simulation *s, void *context, struct error *e),
                        void *context, const struct reporter *reporter, struct error *e);

#endif
