/* The baselines there are: one file each (private to growth/baselines; others find them by name). */
#ifndef GEARS_GROWTH_BASELINES_MEMBERS_H
#define GEARS_GROWTH_BASELINES_MEMBERS_H

#include "growth/baselines/baseline.h"

extern const struct baseline baseline_roodman, baseline_hanson_sum, baseline_hanson_ces, baseline_kremer,
    baseline_exponential, baseline_log_quadratic, baseline_hyperbola, baseline_logistic;

#endif
