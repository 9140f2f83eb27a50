/* Growth by historical period: a run beside the data it is held against, and beside what a smooth curve through the
 * data can say at all. */
#ifndef GEARS_GROWTH_PERIODS_H
#define GEARS_GROWTH_PERIODS_H

#include "growth/result.h"

enum { N_PERIODS = 6 }; /* 1820-70, 1870-1913, 1913-50, 1950-73, 1973-2000, 2000-2019 (Maddison's, carried on) */

/* Mean growth (1/year) from one year to the other; data between the points of a series are interpolated in logarithms.
 * NAN: the series, its window or the run does not cover the period. */
struct period_growth {
    double from, to, model, data;
    double smooth; /* of the data smoothed: a line through ln of the points about each end, weighted by a Gaussian of
                      SMOOTHING years (local linear regression) */
};

/* Of comparison k of a run: false where its variable is no output, income or number of people. */
bool periods_of(const struct run_result *r, size_t k, struct period_growth out[N_PERIODS]);

/* One row for each comparison that covers a period, with the rms of the misses and of what smoothing alone misses. The
 * caller frees. */
struct table *periods_to_table(const struct scenario_result *r);
/* [{from, to, model, data, smooth}] of the periods covered (new reference). */
json_t *periods_to_json(const struct run_result *r, size_t k);

#endif
