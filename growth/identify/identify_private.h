/* What the files of growth/identify share. */
#ifndef GEARS_GROWTH_IDENTIFY_PRIVATE_H
#define GEARS_GROWTH_IDENTIFY_PRIVATE_H

#include "growth/identify/identify.h"

/* Of every fit in here: |r|^2 to about a thousandth, where a drop of 3.84 is what matters. */
struct least_squares_options identify_options(const struct identify *q, const struct reporter *reporter);

/* Last year of what is data. */
double identify_last_year(const struct fit *f);
/* One fit of `data` from z0: with the onset in `date`, the shape starting from `shape` (NAN: z0's) or held at `held`
 * (NAN: free); or with none at all. false: it cannot be fitted. */
bool identify_fit_date(const struct identify *q, const struct fit *data, const double *z0, double date, double shape,
                       double held, const struct reporter *reporter, struct identify_point *out);
bool identify_fit_never(const struct identify *q, const struct fit *data, const double *z0,
                        const struct reporter *reporter, struct identify_point *out);
/* The year in which the run of a point ends: a blow-up, or the end of the run. */
double identify_last_run_year(const struct identify *q, const struct identify_point *p);

#endif
