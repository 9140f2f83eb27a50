/* Fits: the parameters of a growth run by weighted least squares in logarithms over any set of series.
 *
 * Free numbers z are ln p (p itself where its bounds reach below 0) of model parameters, logarithms of levels at the
 * start, and the level that is shot at. Residuals, in units of their standard deviation:
 *
 *   levels   e_i = (ln v(t_i) - ln d_i)/sigma_i, whitened where a target has a correlation time tau: with
 *            phi_i = exp(-(t_i - t_{i-1})/tau) the residuals are e_0 and (e_i - phi_i e_{i-1})/sqrt(1 - phi_i^2), which
 *            is generalised least squares for an autoregression AR(1) seen at uneven dates;
 *   growth   (mean growth of v between two dates - that of the data)/sigma;
 *   priors   (z_j - prior_j)/spread_j.
 *
 * Shooting: where the file has `solve`, its parameter (technology_rate, which dates everything) is no free number but
 * follows from all others, so that the variable has its level at the date; the level is a free number unless it is
 * held. Its derivatives follow from the implicit function theorem. A trial whose run does not reach the last date of
 * the data (a blow-up before it, no parameter that meets the level, a failed integration) has no residuals: it is
 * counted and turned down, never scored. */
#ifndef GEARS_GROWTH_FIT_H
#define GEARS_GROWTH_FIT_H

#include "growth/sensitivities.h"
#include "growth/solve.h"
#include "solver/least_squares.h"

#include <stdint.h>

enum { FIT_MAX_PARAMETERS = MAX_DIRECTIONS, FIT_MAX_TARGETS = 24 };

enum fit_parameter_kind {
    FIT_MODEL, /* index: the parameter in the model's table */
    FIT_START, /* index: the state; value: its level at the start */
    FIT_LEVEL  /* the level that is shot at */
};

struct fit_parameter {
    enum fit_parameter_kind kind;
    size_t index;
    char key[64];
    bool logarithmic;     /* z = ln value, else z = value */
    double low, high;     /* of the value */
    double value;         /* where the search starts */
    double prior, spread; /* mean and standard deviation of z; spread INFINITY: no prior */
    bool held;            /* keeps its value: for profiles */
};

struct fit_target {
    char name[64], legend[256];
    size_t variable; /* growth/variable.h */
    bool growth;     /* mean growth between year[i] and to[i], 1/year; else ln of levels at year[i] */
    bool assumed;    /* points of the file's own instead of a series: no data, but what is thought of them */
    size_t n;
    double *year, *to;  /* (n) rising; owned, like the next two */
    double *value;      /* (n) ln of the level in the variable's unit, or growth */
    double *sigma;      /* (n) standard deviation of its residual */
    double correlation; /* years: tau of the autoregression; 0: independent */
};

/* Where standard errors come from. */
enum fit_errors {
    FIT_GIVEN,    /* sigma and correlation as the targets have them */
    FIT_AR1,      /* both estimated from the residuals, target by target, and the fit weighted by what was found */
    FIT_BOOTSTRAP /* the fit as given; its scatter over data made of resampled blocks of residuals */
};

/* A fit; plain data but for the targets' arrays and `years`. */
struct fit {
    char name[64], title[256];
    struct simulation base; /* at the parameters' first values; runs to base.to when the fit is done */
    bool shoots;
    struct solve_target shot; /* value: the level that is shot at, where it is not free */
    size_t n_parameters, n_targets;
    struct fit_parameter parameters[FIT_MAX_PARAMETERS];
    struct fit_target targets[FIT_MAX_TARGETS];
    double *years; /* (n_years) all dates that residuals ask for, rising; by fit_prepare; owned */
    size_t n_years;
    size_t starts, hops; /* of fit_solve */
    enum fit_errors errors;
    size_t replicates; /* FIT_BOOTSTRAP */
    double block;      /* years */
    uint64_t seed;
};

/* Make one by hand: fit_init, fill parameters and targets (fit_add_*), fit_prepare. Clear in all cases. */
void fit_init(struct fit *f, const char *name, const struct simulation *base);
enum status fit_copy(const struct fit *f, struct fit *out, struct error *e);
void fit_clear(struct fit *f);
/* A free number at its present value in base: NULL when there are too many. Bounds are the model's, no prior. */
struct fit_parameter *fit_add_parameter(struct fit *f, enum fit_parameter_kind kind, size_t index);
/* Levels (value > 0; those that are not are left out) with one standard deviation of their logarithm. */
enum status fit_add_target(struct fit *f, const char *name, size_t variable, size_t n, const double *year,
                           const double *value, double sigma, struct error *e);
/* Gather the dates; call again after targets were changed. */
enum status fit_prepare(struct fit *f, struct error *e);
/* Leave out everything dated after `year` (assumed points stay); then fit_prepare. */
enum status fit_stop(struct fit *f, double year, struct error *e);

size_t fit_count_residuals(const struct fit *f); /* priors come last, one row for each parameter that has one */
/* Index of a free number by its key, or n_parameters. */
size_t fit_parameter_find(const struct fit *f, const char *key);
/* z (n_parameters) := where the search starts. */
void fit_first(const struct fit *f, double *z);
double fit_value(const struct fit_parameter *p, double z); /* z -> value */
double fit_coordinate(const struct fit_parameter *p, double value);

/* One thread's evaluations: remembers the last solution of the shooting, from which the next one starts. */
struct fit_evaluator {
    const struct fit *fit;
    const struct reporter *reporter;
    bool known;                                              /* solved, z, slope are of a solved shot */
    double solved;                                           /* ln of the parameter that was solved for */
    double z[FIT_MAX_PARAMETERS], slope[FIT_MAX_PARAMETERS]; /* d solved/dz there */
    bool has_slope;
    size_t evaluations, failures;
    char complaint[256]; /* why the last trial failed */
};
void fit_evaluator_init(struct fit_evaluator *v, const struct fit *f, const struct reporter *reporter);

/* Residuals r (fit_count_residuals) and, where jac is not NULL, dr/dz (that, n_parameters) row-major, exact. 0; > 0
 * where the trial fails (v->complaint); < 0 when stopped on request. */
int fit_evaluate(struct fit_evaluator *v, const double *z, double *r, double *jac);
/* The run at z, shot: ready for simulate(). 0, or > 0, < 0 as above. */
int fit_simulation(struct fit_evaluator *v, const double *z, struct simulation *out);
/* ln of a variable at a date and its gradient in z (may be NULL). Codes as above. */
int fit_predict(struct fit_evaluator *v, const double *z, size_t variable, double year, double *log_value,
                double *gradient);

/* Local least squares from z0 (n_parameters); held parameters keep z0's value. The result's jac has a column for every
 * parameter, 0 for held ones. Errors: STATUS_FAILED (no residuals at z0, ...), STATUS_INTERRUPTED. */
enum status fit_improve(const struct fit *f, const double *z0, const struct least_squares_options *options,
                        struct least_squares_result *out, struct error *e);

/* Errors as the residuals at z show them: for each target that is data and has levels, sigma is scaled and correlation
 * set to the maximum of the restricted likelihood of an autoregression in its residuals (growth/fit/reml.c), which
 * allows for what the parameters have taken into themselves. held (n_parameters; NULL: those of the fit): parameters
 * that could not follow, at a bound say. Codes as fit_evaluate. */
int fit_estimate_noise(struct fit *f, const double *z, const bool *held, const struct reporter *reporter);
/* ln(modelled) - ln(observed) of every point, or the difference of growth: r (points of all targets in order). */
int fit_misses(struct fit_evaluator *v, const double *z, double *r);
/* -2 ln likelihood of the data at residuals r (as fit_evaluate gives them), with the normalisation that depends on
 * sigma and correlation; priors and assumed points left out, a constant too. */
double fit_deviance(const struct fit *f, const double *r);
/* The same at z with the errors of each series (their size and correlation time) at their maximum for the residuals
 * there: a likelihood in which they are nuisances, for ratios between two z. Codes as fit_evaluate. */
int fit_profile_deviance(struct fit_evaluator *v, const double *z, double *deviance);
/* Replace every target's values by the model at z plus noise as the fit assumes it (sigma, correlation), from streams
 * of `seed`; assumed points stay. Codes as fit_evaluate. */
int fit_make_up_data(struct fit *f, const double *z, uint64_t seed);

struct fit_options {
    size_t starts, hops;   /* 0: the fit's own */
    int threads;           /* 0: one a processor; the result does not depend on their number */
    size_t max_iterations; /* of each local search; 0: 60 */
};

struct fit_result {
    struct simulation simulation; /* fitted, ready for simulate() */
    double *z;                    /* (n_parameters); owned */
    struct least_squares_result best;
    struct least_squares_errors errors; /* covariance of z from the Jacobian; parameters at a bound count as held */
    double *bootstrap;                  /* (replicates, n_parameters) z of FIT_BOOTSTRAP, whose scatter is then the
                                           covariance; NULL without; owned */
    size_t replicates;                  /* those that could be fitted */
    bool held[FIT_MAX_PARAMETERS];      /* what counted as held: held, or at a bound */
    bool interrupted;                   /* stopped on request: the best so far, if z */
    size_t starts, useless;             /* starts, and those from which no run reached the data (or not begun) */
    size_t trials, failures;            /* evaluations in all, and those that failed */
    size_t same;                        /* starts that ended within 1 % of the best cost */
    double *costs;                      /* (starts) |r|^2 at the end of each start, rising; INFINITY: useless; owned */
};

/* Many starts (the first from the fit's own values, others random between the bounds, by streams of f->seed), the best
 * of them taken on by chains of random hops, all in parallel, and the best of all finished. With FIT_AR1 the targets'
 * sigma and correlation become the estimated ones. Errors: STATUS_FAILED when no start has residuals;
 * STATUS_INTERRUPTED: where out->z is not NULL *out is the best so far, with errors as FIT_GIVEN. Clear in all cases.
 */
enum status fit_solve(struct fit *f, const struct fit_options *options, const struct reporter *reporter,
                      struct fit_result *out, struct error *e);
void fit_result_clear(struct fit_result *r);

/* Sloppiness: the spectrum of the Fisher information in z from the sensitivities, singular[i]^2 of *out, with the
 * combinations that belong to each (direction); with `priors` their rows count too. Clear *out in all cases. */
enum status fit_spectrum(const struct fit *f, const struct fit_result *r, bool priors, struct least_squares_errors *out,
                         struct error *e);

#endif
