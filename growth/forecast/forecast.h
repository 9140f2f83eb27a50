/* Forecast from object-level reasoning: distributions over parameters, pushed through the model.
 *
 * What is uncertain is either a parameter, or the level of a variable at a date (machines over people in research
 * today, say), for which another parameter is solved. Every draw also solves again what the scenario solves for, so
 * that all futures share the past they are tied to.
 */
#ifndef GEARS_GROWTH_FORECAST_FORECAST_H
#define GEARS_GROWTH_FORECAST_FORECAST_H

#include "base/table.h"
#include "growth/baselines/baseline.h"
#include "growth/phases.h"
#include "growth/scenario.h"
#include "growth/solve_joint.h"
#include "solver/distribution.h"

#include <jansson.h>
#include <stdint.h>

/* The keys of `forecast:` in a scenario file. */
extern const struct config_field forecast_fields[];

enum {
    FORECAST_MAX_INPUTS = 32,
    FORECAST_MAX_ANCHORS = 12,
    FORECAST_MAX_EXTRAPOLATIONS = 16,
    FORECAST_GRID = 121,
    FORECAST_NAME = 64
};

/* One uncertain quantity. */
struct forecast_input {
    char name[FORECAST_NAME]; /* key of the parameter or variable */
    struct distribution distribution;
    size_t parameter; /* what is set, or, for a variable, solved for */
    bool is_variable; /* its level at `year` is drawn */
    size_t variable;  /* see growth/variable.h */
    double year;
};

/* What a data series says by itself: printed beside the distributions it is an anchor of. */
struct forecast_anchor {
    char series[FORECAST_NAME], unit[160];
    double from, to; /* first and last year that counts */
    size_t n;
    double last;         /* value there */
    double trend, error; /* least-squares slope of the logarithm, 1/year, and its standard error */
};

/* What an extrapolation of a data series says of a take-off. */
struct forecast_extrapolation {
    char baseline[FORECAST_NAME], series[FORECAST_NAME];
    enum status status; /* of the fit; the rest is NAN where it is not 0 */
    double
        takeoff[BASELINE_QUANTILES]; /* at baseline_probabilities; INFINITY: later than any; NAN: never, by its form */
    double probability;              /* that there ever is one */
};

/* What a fit leaves open: parameter sets from its posterior, by fitting again to data and priors with noise added to
 * both (randomised maximum a posteriori; D. Oliver, N. He and A. Reynolds 1996). */
struct forecast_sets {
    size_t wanted, n, failed;         /* 0 wanted: no fit */
    double (*p)[MODEL_MAX_PARAMS];    /* (n) parameters, the solved one included; owned */
    double *level;                    /* (n) what the solved one shoots at; owned */
    struct forecast_draw *at_medians; /* (n) each with all inputs at their medians; owned */
    double onset_10, onset_90;        /* quantiles of their onsets */
};

struct forecast_setup {
    const struct growth_run *run; /* borrowed */
    char *fit_file;               /* of which the sets are made; NULL: none; owned */
    size_t fit_sets;              /* how many */
    struct forecast_input inputs[FORECAST_MAX_INPUTS];
    size_t n_inputs;
    struct copula copula;
    struct forecast_anchor anchors[FORECAST_MAX_ANCHORS];
    size_t n_anchors;
    struct forecast_extrapolation extrapolations[FORECAST_MAX_EXTRAPOLATIONS];
    size_t n_extrapolations;
    size_t draws;
    double
        start[MODEL_MAX_PARAMS]; /* parameters from which draws are solved for: those of all inputs at their medians */
    double today;
    size_t share; /* variable: the part of research that machines do; SIZE_MAX: the model has none */
};

/* Read the block `forecast` of a run. Errors: STATUS_BAD_INPUT with the place. Clear in all cases. */
enum status forecast_setup_init(struct forecast_setup *f, const struct growth_run *run, struct error *e);
void forecast_setup_clear(struct forecast_setup *f);

/* What is taken from each draw. */
enum forecast_outcome {
    OUTCOME_ONSET,   /* year: start of the final phase of the run, where it is super-exponential and not the first */
    OUTCOME_PARITY,  /* year: machines do half of research */
    OUTCOME_BLOW_UP, /* year */
    OUTCOME_SHARE_TODAY, /* part of research done by machines today */
    OUTCOME_TAKEOVER,    /* years from 20 % to 99 % of research done by machines */
    OUTCOME_DOUBLING_10, /* year from today on in which growth first exceeds ln 2/10 years */
    OUTCOME_DOUBLING_4,
    OUTCOME_DOUBLING_1,
    OUTCOME_MISFIT, /* rms log error against the data the scenario is held against */
    N_OUTCOMES
};
struct forecast_outcome_info {
    const char *key, *title; /* for JSON and CSV; for tables */
    bool is_year;
};
extern const struct forecast_outcome_info forecast_outcomes[N_OUTCOMES];

enum forecast_state {
    DRAW_NOT_DONE, /* interrupted before */
    DRAW_DONE,
    DRAW_OUT_OF_RANGE, /* a parameter outside the model's bounds, or refused by the model */
    DRAW_NOT_SOLVED,   /* no parameters give the levels that were asked for */
    DRAW_FAILED,       /* the integration failed */
    N_DRAW_STATES
};
extern const char *const forecast_states[N_DRAW_STATES];

struct forecast_draw {
    enum forecast_state state;
    double input[FORECAST_MAX_INPUTS];  /* as drawn */
    double parameter[MODEL_MAX_PARAMS]; /* of the run: as set and found */
    double outcome[N_OUTCOMES];         /* INFINITY: never by the end of the run; NAN: undefined */
    float share[FORECAST_GRID];         /* at forecast_grid_year(0), ... */
    float growth[FORECAST_GRID];        /* 1/year */
    char message[160];                  /* why it failed */
};

double forecast_grid_year(const struct forecast_setup *f, size_t i);

/* Inputs at given probabilities u (n_inputs), everything else as in set `set` of *sets (NULL: as in the scenario) ->
 * *out. Never fails: a failure is a state of the draw. A stop that was asked for leaves DRAW_NOT_DONE. */
void forecast_at(const struct forecast_setup *f, const double *u, const struct forecast_sets *sets, size_t set,
                 const struct reporter *reporter, struct forecast_draw *out);

enum { FORECAST_QUANTILES = 7 };
extern const double forecast_levels[FORECAST_QUANTILES]; /* 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95 */

struct forecast_summary {
    size_t n;                            /* draws in which it is defined */
    double never;                        /* part of them in which it does not happen by the end of the run */
    double quantile[FORECAST_QUANTILES]; /* over all n, never last: INFINITY */
    double median_low, median_high;      /* 95 % interval of the median (order statistics) */
};

/* How much an input matters for the onset. */
struct forecast_swing {
    double rank;         /* Spearman's correlation with the onset date over the draws, never last */
    double at_10, at_90; /* onset with this input at its 10 % and 90 % quantile, the others at their medians */
};

struct forecast {
    const struct forecast_setup *setup; /* borrowed */
    uint64_t seed;
    struct forecast_sets sets;
    struct forecast_draw *draws; /* (setup->draws); owned; draw k has set k modulo sets.n */
    size_t count[N_DRAW_STATES];
    struct forecast_draw middle; /* all inputs at their medians */
    struct forecast_swing swing[FORECAST_MAX_INPUTS];
    struct forecast_summary summary[N_OUTCOMES];
    bool complete;
};

/* Draw, and sum up; sets setup->start. The result depends on the seed, not on the number of threads.
 * STATUS_INTERRUPTED: what was drawn is summed up all the same, complete is false. Clear in all cases. */
enum status forecast_run(struct forecast_setup *f, uint64_t seed, int threads, const struct reporter *reporter,
                         struct forecast *out, struct error *e);
void forecast_clear(struct forecast *f);

/* Quantile of sorted values (n >= 1) of which the last may be INFINITY: linear between order statistics, none between a
 * finite and an infinite one (then the upper). */
double forecast_quantile(const double *sorted, size_t n, double probability);

json_t *forecast_to_json(const struct forecast *f);
/* Tables and sentences for people; the caller frees the tables. */
struct table *forecast_dates_table(const struct forecast *f);
struct table *forecast_inputs_table(const struct forecast *f);
struct table *forecast_anchors_table(const struct forecast *f);
struct table *forecast_extrapolations_table(const struct forecast *f);
char *forecast_to_text(const struct forecast *f, char *buffer, size_t size);
enum status forecast_write_csv(const struct forecast *f, const char *path, struct error *e);
/* The fit's parameter sets, one a row: every parameter of the model, and the onset with the inputs at their medians. */
enum status forecast_write_sets_csv(const struct forecast *f, const char *path, struct error *e);

#endif
