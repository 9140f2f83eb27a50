/* An identification -> figures. Each returns a figure that the caller frees; NULL on lack of memory or nothing to show.
 */
#ifndef GEARS_GROWTH_IDENTIFY_FIGURES_H
#define GEARS_GROWTH_IDENTIFY_FIGURES_H

#include "growth/identify/identify.h"
#include "plots/figure.h"

/* The profile of the onset date, and of the same with a gradual precursor; `name` of its files. */
struct figure *figure_of_identify(const struct identify_result *r, const char *name);
/* The profiles at the data stops, and what the baselines said. */
struct figure *figure_of_stops(const struct identify_result *r);

#endif
