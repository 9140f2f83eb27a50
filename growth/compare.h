/* A run held against a data series, in logarithms. */
#ifndef GEARS_GROWTH_COMPARE_H
#define GEARS_GROWTH_COMPARE_H

#include "growth/scenario.h"

struct comparison_result {
    size_t n;                           /* points of the series within its window and the run, with a positive value */
    double *year, *observed, *modelled; /* (n) in the variable's unit; owned */
    double first, last;                 /* years */
    double rms_log_error;               /* root mean square of ln(modelled/observed); NAN: no points */
    double worst, worst_year;           /* the largest |ln(modelled/observed)|, with its sign */
};

enum status compare_run(const struct trajectory *t, const struct comparison *c, struct comparison_result *out,
                        struct error *e);
void comparison_result_clear(struct comparison_result *r);

#endif
