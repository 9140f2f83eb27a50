/* One baseline on one series, looked at from all sides: the fit, what it predicts, what it would have said earlier, the
 * profile of a parameter; as tables, sentences, JSON and figures. */
#ifndef GEARS_GROWTH_BASELINES_STUDY_H
#define GEARS_GROWTH_BASELINES_STUDY_H

#include "growth/baselines/baseline.h"
#include "growth/report.h"

enum { STUDY_STOPS = 4, STUDY_HORIZON = 30 };

struct baseline_study {
    const struct series *series; /* borrowed */
    struct baseline_selection selection;
    struct baseline_rows rows; /* owned */
    struct baseline_fit fit;
    struct baseline_stop stops[STUDY_STOPS]; /* 1900, 1950, 1980, 2000 */
    size_t n_stops;                          /* 0: the study itself is one of a stop */
    struct baseline_profile profile;
    bool profiled;
    double published_drop, published_sse; /* at the published value; NAN: none for this series */
    double until;                         /* last year to predict */
};

struct baseline_request {
    struct baseline_selection selection;
    struct baseline_options options;
    const char *profile; /* parameter; NULL: the baseline's own */
    double until;
    const struct reporter *reporter;
};

/* Fit and look. Clear in all cases. */
enum status baseline_study_run(const struct baseline *b, const struct series *s, const struct baseline_request *q,
                               struct baseline_study *out, struct error *e);
void baseline_study_clear(struct baseline_study *w);
/* Everything into a report: a heading, tables, sentences, figures, a CSV and one element of `runs`. */
void baseline_study_report(const struct baseline_study *w, struct report *r);

/* growth/figures/baselines.c */
struct figure *figure_of_baseline(const struct baseline_study *w);
struct figure *figure_of_profile(const struct baseline_study *w);

#endif
