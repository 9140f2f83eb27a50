/* A fit that was done, told: tables, sentences, JSON, a run folder. */
#ifndef GEARS_GROWTH_FIT_REPORT_H
#define GEARS_GROWTH_FIT_REPORT_H

#include "base/table.h"
#include "growth/fit/file.h"
#include "growth/result.h"
#include "plots/figure.h"

#include <jansson.h>

/* What the data say about a parameter beside what was thought before: the standard deviation of the prior, or of a flat
 * one between the bounds. */
enum fit_knowledge {
    FIT_IDENTIFIED,
    FIT_WEAK,         /* standard error above half of that */
    FIT_UNIDENTIFIED, /* above 0.9 of it: prior or bounds decide */
    FIT_AT_BOUND,
    FIT_HELD
};

struct fit_report {
    const struct scenario *scenario; /* as read from the fit file; its run has become the fitted one */
    const struct fit *fit;
    const struct fit_result *result;
    struct scenario_result run;            /* the fitted run, simulated */
    double *misses;                        /* (points of all targets) see fit_misses; owned */
    struct least_squares_errors data, all; /* fit_spectrum without and with priors */
    enum fit_knowledge knowledge[FIT_MAX_PARAMETERS];
};

/* Simulates the fitted run: scenario->runs[0] becomes it. Clear in all cases. */
enum status fit_report_make(struct scenario *scenario, const struct fit *f, const struct fit_result *result,
                            int threads, const struct reporter *reporter, struct fit_report *out, struct error *e);
void fit_report_clear(struct fit_report *r);

/* Root mean square of a target's misses over years [from, to], without [but_from, but_to] (both NAN: all count);
 * NAN: no points. */
double fit_report_rms(const struct fit_report *r, size_t target, double from, double to, double but_from,
                      double but_to);

/* Tables for people; the caller frees. NULL on lack of memory. */
struct table *fit_parameters_to_table(const struct fit_report *r);
struct table *fit_targets_to_table(const struct fit_report *r);
struct table *fit_correlations_to_table(const struct fit_report *r);
struct table *fit_spectrum_to_table(const struct fit_report *r);
/* The search, and what is not identified, as sentences into buffer[size]. */
char *fit_search_to_text(const struct fit_report *r, char *buffer, size_t size);
char *fit_verdict_to_text(const struct fit_report *r, char *buffer, size_t size);

/* The fitted run (run_to_json) and with it: free, level, targets, search, correlations, spectrum, errors (new
 * reference). */
json_t *fit_to_json(const struct fit_report *r);

/* growth/figures/fit.c: misses over time; the spectrum of the Fisher information. */
struct figure *figure_of_fit_misses(const struct fit_report *r);
struct figure *figure_of_fit_spectrum(const struct fit_report *r);

struct fit_output {
    const char *folder, *source; /* see run_folder_open; the command that makes the scenario again */
    bool force;
    const json_t *about; /* see growth/output.h */
};

/* Write the folder: NAME.yaml (the fitted scenario), misses.csv, series.csv, figures, report.html, summary.json. */
enum status fit_write_folder(const struct fit_report *r, const struct fit_output *o, const struct reporter *reporter,
                             struct error *e);

#endif
