/* What the files of growth/fit/ share. */
#ifndef GEARS_GROWTH_FIT_PRIVATE_H
#define GEARS_GROWTH_FIT_PRIVATE_H

#include "growth/fit/fit.h"

/* The parameters z put into a run, before shooting. False where the model refuses them. */
bool fit_put(const struct fit *f, const double *z, struct simulation *s, struct error *e);
/* Solve for the shot's parameter in *s (as fit_put left it). 0, > 0, < 0 as fit_evaluate. */
int fit_shoot(struct fit_evaluator *v, const double *z, struct simulation *s);
/* ln of the level that is shot at. */
double fit_log_level(const struct fit *f, const double *z);
/* Directions of all that is free, then (where it shoots) that of ln of the solved parameter. Returns their number;
 * column[j]: the direction of parameter j, SIZE_MAX for the level. */
size_t fit_directions(const struct fit *f, const struct simulation *s, struct direction *out, size_t *column);

/* fit_improve with the logarithm of the parameter that is shot for: *solved (NAN: unknown) is where the first shot
 * starts, and comes back as it is at the end. */
enum status fit_improve_from(const struct fit *f, const double *z0, const struct least_squares_options *options,
                             double *solved, struct least_squares_result *out, struct error *e);
/* Residuals in units of sigma, not whitened: r and jac (may be NULL) as of fit_evaluate, priors included. */
int fit_evaluate_plain(struct fit_evaluator *v, const double *z, double *r, double *jac);
/* Data, levels, and enough of them: its errors can be estimated. */
bool fit_is_estimated(const struct fit_target *t);
/* fit_estimate_noise by restricted likelihood from where sigma and correlation are; held (n_parameters): no direction.
 */
int fit_restricted_noise(struct fit *f, const double *z, const bool *held, const struct reporter *reporter);
/* exp(-(year_i - year_{i-1})/correlation), i > 0; 0 without correlation */
double fit_phi(const struct fit_target *t, size_t i, double correlation);
/* out (replicates, n_parameters) := z fitted to resampled data, NAN where that fails. Codes as fit_evaluate. */
int fit_bootstrap(const struct fit *f, const double *z, int threads, const struct reporter *reporter, double *out);

#endif
