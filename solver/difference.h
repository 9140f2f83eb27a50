/* Derivatives by high-order differences: for checks, and where no closed form is given. */
#ifndef GEARS_SOLVER_DIFFERENCE_H
#define GEARS_SOLVER_DIFFERENCE_H

#include <stddef.h>

/* f(x) into out (m); returns 0, or not 0 where f is not defined. */
typedef int difference_function(double x, double *out, void *context);

/* out (m) := f'(x) by the central formula of eighth order with step h (nodes x +- h .. x +- 4h): truncation error
 * h^8 f^(9)/630. scratch (m). Returns the function's code. */
int difference_central(difference_function *f, void *context, double x, double h, size_t m, double *out,
                       double *scratch);

#endif
