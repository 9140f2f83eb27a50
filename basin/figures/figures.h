/* Basin results -> figures that no single analysis owns. */
#ifndef GEARS_BASIN_FIGURES_FIGURES_H
#define GEARS_BASIN_FIGURES_FIGURES_H

#include "basin/session.h"

/* Loss, gradient, distance from the origin and sharpness along the training of every run; NULL when nothing was
 * trained. */
struct figure *figure_of_training(const struct basin_result *results, size_t n);

struct llc;
/* The curve of learning coefficients over n; NULL with fewer than two points. */
struct figure *figure_of_llc(const struct llc *l);

#endif
