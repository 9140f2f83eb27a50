/* Results of growth runs -> figures. One table; a new figure is one function and one line there. */
#ifndef GEARS_GROWTH_FIGURES_FIGURES_H
#define GEARS_GROWTH_FIGURES_FIGURES_H

#include "growth/result.h"
#include "plots/figure.h"

/* A run to draw, with the name it has in legends. */
struct drawn_run {
    const struct run_result *result; /* borrowed */
    const char *label;               /* borrowed */
};

/* Makes a figure of n >= 1 runs; NULL when there is nothing to show (these models have no such quantity) or on lack of
 * memory. The caller frees. */
typedef struct figure *growth_figure_build(const struct drawn_run *runs, size_t n);

/* By enum growth_figure. */
extern growth_figure_build *const growth_figures[N_GROWTH_FIGURES];

growth_figure_build figure_of_levels, figure_of_growth, figure_of_shares, figure_of_growth_against_output,
    figure_of_population, figure_of_income;

#endif
