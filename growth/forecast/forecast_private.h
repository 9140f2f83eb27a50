/* What the files of growth/forecast share. */
#ifndef GEARS_GROWTH_FORECAST_PRIVATE_H
#define GEARS_GROWTH_FORECAST_PRIVATE_H

#include "growth/forecast/forecast.h"

/* Parameter sets of setup->fit_file; set i takes its noise from stream i of the seed. Errors: STATUS_BAD_INPUT (the fit
 * file), STATUS_FAILED when no set could be fitted, STATUS_INTERRUPTED. */
enum status forecast_make_sets(const struct forecast_setup *f, uint64_t seed, int threads,
                               const struct reporter *reporter, struct forecast_sets *out, struct error *e);

#endif
