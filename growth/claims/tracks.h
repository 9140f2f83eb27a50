/* The series that claims are tested on: levels by year, in whatever unit, ready for baselines (private to
 * growth/claims). */
#ifndef GEARS_GROWTH_CLAIMS_TRACKS_H
#define GEARS_GROWTH_CLAIMS_TRACKS_H

#include "growth/baselines/baseline.h"
#include "growth/result.h"

/* weight is 1 everywhere; clear with track_clear. */
struct track {
    char name[32];
    struct baseline_rows rows; /* owned */
};

enum status track_load(const char *series, const char *name, struct track *out, struct error *e);
/* ln-interpolates the denominator at the years of the numerator that it spans. */
enum status track_load_ratio(const char *numerator, const char *denominator, double scale, const char *name,
                             struct track *out, struct error *e);
void track_clear(struct track *t);

/* ln value at a year by interpolation in logarithms; NAN outside. */
double track_log_at(const struct track *t, double year);
/* Mean growth from one year to another, 1/year; NAN outside. */
double track_growth(const struct track *t, double from, double to);
/* The rows from a year on, borrowed. */
struct baseline_rows track_since(const struct track *t, double from);

/* Mean yearly growth over [from, to] from annual rows, and the standard error of that mean with autocorrelation up to 5
 * years (Newey and West 1987). false: not annual there. */
bool track_mean_growth(const struct track *t, double from, double to, double *mean, double *error);

/* The model's own run of scenarios/frontier.yaml, to be held against the tracks. Clear in all cases. */
struct track_model {
    struct scenario scenario;
    struct scenario_result result;
    size_t parameters; /* that its fit file leaves free */
};
enum status track_model_run(struct track_model *m, const struct reporter *reporter, struct error *e);
void track_model_clear(struct track_model *m);
/* The same fitted again to data up to `cut` only (the fit file of frontier, its local search from the values it gives),
 * and simulated. Clear in all cases. */
enum status track_model_refit(double cut, struct trajectory *out, const struct reporter *reporter, struct error *e);
/* A variable ("Y", "y") of a trajectory in a year; NAN outside. */
double track_path_at(const struct trajectory *t, const char *key, double year);
/* A variable ("Y", "y") of its first run in a year. */
double track_model_at(const struct track_model *m, const char *key, double year);

/* Where the shipped scenario of that name is, into path[size]. STATUS_FAILED: it is nowhere. */
enum status track_scenario_path(const char *name, char *path, size_t size, struct error *e);

#endif
