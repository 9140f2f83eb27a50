#include "growth/figures/figures.h"

growth_figure_build *const growth_figures[N_GROWTH_FIGURES] = {
    [FIGURE_LEVELS] = figure_of_levels,         [FIGURE_GROWTH] = figure_of_growth,
    [FIGURE_SHARES] = figure_of_shares,         [FIGURE_GROWTH_AGAINST_OUTPUT] = figure_of_growth_against_output,
    [FIGURE_POPULATION] = figure_of_population, [FIGURE_INCOME] = figure_of_income,
};
