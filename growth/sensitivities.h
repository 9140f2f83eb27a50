/* A run at given dates, with its derivatives by parameters and by the start: forward sensitivities of the states
 * (solver/sensitivity.h), and of whatever is computed from them. */
#ifndef GEARS_GROWTH_SENSITIVITIES_H
#define GEARS_GROWTH_SENSITIVITIES_H

#include "growth/simulate.h"

enum { MAX_DIRECTIONS = MODEL_MAX_PARAMS + MODEL_MAX_STATES };

/* What is differentiated by: d/dtheta = scale d/dp_i for i < n_params (with scale = p_i that is d/d ln p_i), and for
 * i = n_params + k: scale d/dx0_k, x0_k the logarithm of state k at the start. Derived constants and a steady-state
 * start follow the parameter. */
struct direction {
    size_t index;
    double scale;
};

struct sensitivities {
    struct simulation simulation;
    size_t n_directions, n_years;
    struct direction directions[MAX_DIRECTIONS];
    double *derived; /* (n_derived, n_directions) d derived constants/dtheta; owned, like all below */
    double *year;    /* (n_years) rising */
    double *x;       /* (n_years, n_states) logarithms */
    double *S;       /* (n_years, n_states, n_directions) dx/dtheta */
    size_t reached;  /* years that were reached */
    struct ode_statistics statistics;
};

/* Integrate s from its start to the last of the years (rising, none before the start), in time itself: a blow-up or an
 * exhausted stock before the last year is an error. n_directions 0: the run alone. Clear in all cases.
 * Errors: STATUS_FAILED (the place in the message), STATUS_INTERRUPTED. */
enum status sensitivities_compute(const struct simulation *s, const struct direction *directions, size_t n_directions,
                                  const double *year, size_t n_years, const struct reporter *reporter,
                                  struct sensitivities *out, struct error *e);
void sensitivities_clear(struct sensitivities *r);

/* ln of variable `variable` (growth/variable.h) at year[at], and its gradient (n_directions; may be NULL). NAN where
 * the variable is not positive. */
double sensitivities_log_variable(const struct sensitivities *r, size_t at, size_t variable, double *gradient);

#endif
