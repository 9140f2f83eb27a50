/* Shooting: the value of one parameter that puts a variable on a level at a date. */
#ifndef GEARS_GROWTH_SOLVE_H
#define GEARS_GROWTH_SOLVE_H

#include "growth/simulate.h"

struct solve_target {
    size_t parameter;   /* index in the model's table; its present value is where the search starts */
    size_t variable;    /* see growth/variable.h */
    double year, value; /* in the variable's unit */
    double tolerance;   /* of the parameter's logarithm; 0: 1e-14 */
};

/* Set s->p[target->parameter] (with derived constants and a steady-state start recomputed by `restart`) so that the
 * variable has the value at the date. The bracket grows outward from the present value, because a second, far root
 * without phases may exist; at most a factor 4 away. `restart` (may be NULL) is called after each change of the
 * parameter. Errors: STATUS_FAILED when there is no root within reach, or runs fail. */
enum status solve_parameter(struct simulation *s, const struct solve_target *target,
                            enum status (*restart)(struct simulation *s, void *context, struct error *e), void *context,
                            const struct reporter *reporter, struct error *e);

#endif
