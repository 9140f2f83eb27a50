/* Growth scenario files: the schema table, and a checked file turned into runs that can be simulated. */
#ifndef GEARS_GROWTH_SCENARIO_H
#define GEARS_GROWTH_SCENARIO_H

#include "base/error.h"
#include "base/reporter.h"
#include "config/config.h"
#include "data/series.h"
#include "growth/phases.h"
#include "growth/simulate.h"
#include "growth/solve.h"

#include <stdbool.h>
#include <stddef.h>

/* The table of everything a growth scenario file may say; also the documentation (docs/scenario-files.md). */
extern const struct config_field growth_schema[];

/* The words for the figures below, in their order; NULL ends. */
extern const char *const growth_figure_words[];
enum growth_figure {
    FIGURE_LEVELS,
    FIGURE_GROWTH,
    FIGURE_SHARES,
    FIGURE_GROWTH_AGAINST_OUTPUT,
    FIGURE_POPULATION,
    FIGURE_INCOME,
    N_GROWTH_FIGURES
};

/* A data series that the run is held against. */
struct comparison {
    struct series series; /* as read; owned */
    size_t variable;      /* see variable_find */
    double factor;        /* series value x factor is in the variable's unit */
    char legend[256];     /* the series' name, with the conversion where the price base differs */
    double from, to;      /* years that count */
    bool scored;          /* false: misses are printed, no score */
};

/* One named run of a scenario. */
struct growth_run {
    char name[64];
    struct config *config;        /* the file with this run's settings laid over it; owned */
    struct simulation simulation; /* ready: solved for, started, with interventions */
    struct phase_options phases;
    double output_step;             /* years between rows of series.csv; 0: automatic */
    struct comparison *comparisons; /* owned */
    size_t n_comparisons;
    bool figures[N_GROWTH_FIGURES];
    size_t solved_parameter; /* index; SIZE_MAX: nothing was solved for */
    struct solve_target solved;
};

struct scenario {
    struct config *config; /* the merged file */
    char name[64];         /* the file's stem */
    char title[256];
    struct growth_run *runs;
    size_t n_runs;
};

/* Read a scenario file and resolve its runs: parameters against the model's table, start, shooting (`solve`),
 * comparison series. Errors: STATUS_BAD_INPUT with file:line:column, STATUS_USAGE for a bad --set, STATUS_FAILED when
 * solving fails, STATUS_INTERRUPTED. Clear in all cases. */
enum status scenario_read(const char *path, const char *const *settings, size_t n_settings,
                          const struct reporter *reporter, struct scenario *out, struct error *e);
void scenario_clear(struct scenario *s);

/* One element of `compare` (or a node with the same keys): the series read and its units brought to the model's.
 * Errors: STATUS_BAD_INPUT with the place. series_clear(&c->series) in all cases. */
enum status comparison_read(const struct config_node *node, const struct model *m, const struct reporter *reporter,
                            struct comparison *c, struct error *e);
/* Derived constants and the start again, after s->p was changed: what a search over parameters calls (the `restart` of
 * growth/solve.h; context: the const struct growth_run). Errors: STATUS_BAD_INPUT where the model refuses the
 * parameters.
 */
enum status growth_run_restart(struct simulation *s, void *run, struct error *e);

/* Only the merged file, checked against the schema and each run's model, without series or solving. The caller frees.
 */
enum status scenario_read_config(const char *path, const char *const *settings, size_t n_settings, struct config **out,
                                 struct error *e);

#endif
