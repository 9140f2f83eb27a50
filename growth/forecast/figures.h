/* A forecast -> figures. */
#ifndef GEARS_GROWTH_FORECAST_FIGURES_H
#define GEARS_GROWTH_FORECAST_FIGURES_H

#include "growth/forecast/forecast.h"
#include "plots/figure.h"

/* Each returns a figure that the caller frees; NULL on lack of memory or where there is nothing to show. */
/* Distributions of the dates, and growth and the share of machines over time with bands. */
struct figure *figure_of_forecast(const struct forecast *f);
/* The onset at the 10 % and 90 % quantile of each input, the widest swing first. */
struct figure *figure_of_tornado(const struct forecast *f);

#endif
