/* The results of a scenario: every run simulated, its phases found, held against its data. */
#ifndef GEARS_GROWTH_RESULT_H
#define GEARS_GROWTH_RESULT_H

#include "base/table.h"
#include "growth/compare.h"
#include "growth/phases.h"
#include "growth/scenario.h"

#include <jansson.h>

struct run_result {
    const struct growth_run *run; /* borrowed from the scenario */
    struct trajectory trajectory;
    struct phase_table phases;
    struct comparison_result *comparisons; /* (run->n_comparisons); owned */
};

struct scenario_result {
    const struct scenario *scenario; /* borrowed */
    struct run_result *runs;         /* (scenario->n_runs); owned */
    size_t n_runs;                   /* finished ones */
};

/* Simulate all runs on at most `threads` threads (0: one a processor); the result does not depend on their number.
 * Errors: the message names the first run that failed; *out keeps the finished ones. Clear in all cases. */
enum status scenario_simulate(const struct scenario *s, int threads, const struct reporter *reporter,
                              struct scenario_result *out, struct error *e);
void scenario_result_clear(struct scenario_result *r);

/* One run as JSON (new reference): name, model, phases, transitions, events, blow_up, exhausted, lags, comparisons,
 * solved, tolerances, statistics. Growth is a fraction per year; undefined and infinite are null. */
json_t *run_to_json(const struct run_result *r);

/* Tables for people; the caller frees. NULL on lack of memory. */
struct table *phases_to_table(const struct run_result *r);
struct table *transitions_to_table(const struct run_result *r);
struct table *events_to_table(const struct run_result *r);
struct table *comparisons_to_table(const struct scenario_result *r);
/* One line: how the run ends ("blow-up in 2110.34 +- 0.002"), and one for the lags ("" when not measured). */
char *ending_to_text(const struct run_result *r, char *buffer, size_t size);
char *lags_to_text(const struct run_result *r, char *buffer, size_t size);

/* The run's series.csv: header, then one row per output year. */
enum status run_write_csv(const struct run_result *r, const char *path, struct error *e);

#endif
