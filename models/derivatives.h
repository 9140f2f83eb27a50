/* A model's derivatives with respect to its parameters: its own where it gives them, else by differences of eighth
 * order. Columns are the n_params parameters, then the n_derived derived constants; `model_chain_derived` folds the
 * latter into the former. */
#ifndef GEARS_MODELS_DERIVATIVES_H
#define GEARS_MODELS_DERIVATIVES_H

#include "models/model.h"

/* jac (n_states, n_params + n_derived): df/dp at a fixed state. Returns an evaluator's code. */
int model_parameter_jacobian(const struct model *m, const double *p, const double *x, double *jac);
/* The same by differences, whatever the model gives: for checks. */
int model_parameter_differences(const struct model *m, const double *p, const double *x, double *jac);

/* by_state (n_outputs, n_states), by_parameter (n_outputs, n_params + n_derived): derivatives of observe. */
int model_observe_gradient(const struct model *m, const double *p, const double *x, double *by_state,
                           double *by_parameter);
int model_observe_differences(const struct model *m, const double *p, const double *x, double *by_state,
                              double *by_parameter);

/* gradient (n_derived, n_params): of the derived constants. p as it came out of derive. */
int model_derived_gradient(const struct model *m, const double *p, double *gradient);
int model_derived_differences(const struct model *m, const double *p, double *gradient);

/* gradient (n_states, n_params + n_derived): of the logarithms that steady_state gives. */
int model_start_gradient(const struct model *m, const double *p, double *gradient);
int model_start_differences(const struct model *m, const double *p, double *gradient);

/* total (rows, n_params) := the first n_params columns of partial (rows, n_params + n_derived) plus its last n_derived
 * times derived (n_derived, n_params). total may not overlap partial. */
void model_chain_derived(const struct model *m, size_t rows, const double *partial, const double *derived,
                         double *total);

#endif
