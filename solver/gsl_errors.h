/* GSL's own answer to an error is to abort the program, by a handler that is one for the whole process. */
#ifndef GEARS_SOLVER_GSL_ERRORS_H
#define GEARS_SOLVER_GSL_ERRORS_H

/* From the first call on GSL's functions only return their codes. Call before any of them, from any thread: changing
 * the handler back and forth would be a race. */
void gsl_errors_return(void);

#endif
