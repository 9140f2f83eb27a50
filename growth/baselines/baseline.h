/* Published and standard extrapolations of a growth series behind one interface: fit, predict with bands, date the
 * blow-up. A baseline is one file here, a const struct, and one line in registry.c. Nothing here is allocated for the
 * caller except baseline_rows: a fit is a plain value that may be copied.
 *
 * Formulas and sources: docs/baselines.md. All fits are in logarithms of the value.
 */
#ifndef GEARS_GROWTH_BASELINES_BASELINE_H
#define GEARS_GROWTH_BASELINES_BASELINE_H

#include "base/error.h"
#include "base/param.h"
#include "base/reporter.h"
#include "data/series.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BASELINE_MAX_PARAMS = 20, BASELINE_QUANTILES = 5, BASELINE_MAX_MODES = 6 };

/* 0.05, 0.25, 0.5, 0.75, 0.95: the probabilities of every quantile below. */
extern const double baseline_probabilities[BASELINE_QUANTILES];
enum { BASELINE_MEDIAN = 2 };

/* --- the rows a baseline is fitted to ----------------------------------------------------------------------------- */

enum baseline_weights {
    BASELINE_WEIGHTS_DEFAULT, /* the baseline's own */
    BASELINE_WEIGHTS_EQUAL,
    BASELINE_WEIGHTS_MEASUREMENT /* 1/(1 + 2 sd^2), sd of the measurement by date (Roodman 2020) */
};

struct baseline_selection {
    double from, to, stop; /* years, NAN: the baseline's own, the end, no stop; rows after `stop` are kept but not
                              fitted */
    int every; /* after 1950 only years divisible by this, and the last row up to `to` and to `stop`; 1: all; 0: the
                  baseline's own */
    enum baseline_weights weights;
};

/* Owned; clear with baseline_rows_clear. Year 1 becomes 0 where `every` thins the rows (Roodman's convention). */
struct baseline_rows {
    size_t n, n_fit;  /* rows, and how many of them (the first) lie up to the stop */
    size_t n_thinned; /* rows left out by `every` */
    int every;
    double *year, *value; /* (n) strictly rising; > 0 */
    double *weight;       /* (n) > 0 */
    double *companion;    /* (n) printed growth (%/year) of the interval that starts there, NAN: none; or NULL */
    double scale;         /* value x scale is in the quantity's plain unit (persons, $) */
    bool persons;         /* the values count people */
};

/* A shipped series by name, or a CSV file by its path; a series of printed growth rates gives the series of levels it
 * belongs to. */
enum status baseline_series_open(const char *name, struct series *out, struct error *e);

struct baseline;
/* STATUS_BAD_INPUT: a value not above 0, two rows for a year. Clear in all cases. */
enum status baseline_rows_select(const struct series *s, const struct baseline *b,
                                 const struct baseline_selection *selection, struct baseline_rows *out,
                                 struct error *e);
void baseline_rows_clear(struct baseline_rows *rows);

/* --- fits --------------------------------------------------------------------------------------------------------- */

enum baseline_errors {
    BASELINE_ERRORS_INDEPENDENT,
    BASELINE_ERRORS_AR1 /* log residuals correlated as rho^(years between them), rho by maximum likelihood */
};

struct baseline_options {
    double hold[BASELINE_MAX_PARAMS]; /* value at which parameter i is held; NAN: free */
    double near[BASELINE_MAX_PARAMS]; /* one more start of a curve's search; NAN: none */
    enum baseline_errors errors;      /* the least-squares baselines; the others have errors of their own */
    size_t modes;                     /* Hanson's; 0: the baseline's own */
    size_t starts;                    /* of many-start searches; 0: the baseline's own */
    uint64_t seed;
    int threads; /* of profiles; 0: one a processor */
};

/* Everything free, independent errors, seed 0. */
struct baseline_options baseline_options_default(void);

struct baseline_fit {
    const struct baseline *baseline;
    struct baseline_options options;
    size_t n, n_params, n_free;        /* points, parameters, free ones */
    double param[BASELINE_MAX_PARAMS]; /* as in baseline->params */
    double error[BASELINE_MAX_PARAMS]; /* standard errors; 0 where held, NAN where the data do not say */
    double theta[BASELINE_MAX_PARAMS]; /* the optimiser's own coordinates of the free and held parameters */
    double covariance[BASELINE_MAX_PARAMS * BASELINE_MAX_PARAMS]; /* of theta (n_params, n_params) */
    double sse;            /* weighted sum of squared log residuals; NAN where there are none */
    double r_squared;      /* of a regression; NAN: it is none */
    double sigma;          /* residual standard deviation of ln value; of Roodman's: his sigma */
    double correlation;    /* rho of AR(1), per year; 0: independent */
    double log_likelihood; /* see each baseline; of curves the density of ln value */
    double log_score;      /* sum over the rows after the first of ln p(ln value | rows before), unweighted: the
                              same thing for every baseline */
    double aic, bic;
    double first_year, last_year, last_value, last_residual; /* of the fitted rows; residual 0 where there is none */
    double scale_year;                                       /* origin of the optimiser's clock */
    double scale_value;                                      /* unit of the optimiser's values */
    double blow_up;                     /* date at which the fitted curve (no noise) becomes infinite; NAN: never */
    double takeoff[BASELINE_QUANTILES]; /* quantiles of that date; INFINITY: later than any, NAN: never by its form */
    double takeoff_error;               /* standard error of the median take-off; NAN: none */
    double takeoff_probability;         /* that it ever blows up */
    bool converged;
    bool at_bound;             /* a parameter ran to the edge of what can be told apart: see note */
    size_t n_starts, n_failed; /* of the search */
    char note[200];            /* one sentence on what is odd about this fit, "" nothing */
};

/* A prediction for one year. */
struct baseline_prediction {
    double quantile[BASELINE_QUANTILES]; /* of ln value: what the fit says of an observation then; INFINITY after a
                                            blow-up */
    double blown_up;                     /* probability that it has become infinite by then */
};

struct baseline {
    const char *name, *title, *equations, *references; /* for help and documentation */
    const struct param *params;
    size_t n_params; /* the table; a fit may use fewer (modes) */
    double from;     /* first year by default; -INFINITY: the start of the series */
    int every;       /* see struct baseline_selection */
    enum baseline_weights weights;
    const char *profiled;     /* parameter whose profile is shown by default; NULL: none */
    const char *published_on; /* series for which its value was published; NULL: none */
    double published;
    /* rows 0 .. rows->n_fit - 1. STATUS_BAD_INPUT: too few rows; STATUS_FAILED: no start led anywhere. */
    enum status (*fit)(const struct baseline_rows *rows, const struct baseline_options *o, struct baseline_fit *out,
                       struct error *e);
    void (*predict)(const struct baseline_fit *f, double year, struct baseline_prediction *out);
    /* ln p(ln y1 at t1 | ln y0 at t0) under the fitted parameters. */
    double (*log_density)(const struct baseline_fit *f, double t0, double y0, double t1, double y1);
};

extern const struct baseline *const baseline_registry[];
extern const size_t baseline_registry_size;
/* NULL: no such name. */
const struct baseline *baseline_find(const char *name);
/* The name nearest to a misspelt one as the end of a message (text_did_you_mean). Into buffer[size]. */
char *baseline_nearest(const char *name, char *buffer, size_t size);
/* All of that name or that family ("hanson": hanson-sum and hanson-ces); "all". Into out[baseline_registry_size]; the
 * count, 0 for an unknown name. */
size_t baseline_find_all(const char *name, const struct baseline **out);

/* Fit the rows up to the stop. *out is filled even where the status is not 0 (converged false, numbers NAN). */
enum status baseline_fit(const struct baseline *b, const struct baseline_rows *rows, const struct baseline_options *o,
                         struct baseline_fit *out, struct error *e);
/* What the fit says of `year`, before or after the end of its data. Before it: the fitted curve and its residual band
 * (of Roodman and Kremer the noise-free path through the last value, and no band: NAN). */
void baseline_predict(const struct baseline_fit *f, double year, struct baseline_prediction *out);

/* --- rolling data stop -------------------------------------------------------------------------------------------- */

/* What a baseline would have said with the data up to `stop`. */
struct baseline_stop {
    double stop;
    enum status status; /* of this fit; the rest is NAN where it is not 0 */
    struct baseline_fit fit;
    double ahead; /* the year the growth below runs to: the row nearest to `stop` + horizon, or that year */
    double growth[BASELINE_QUANTILES]; /* quantiles of ln(value(ahead)/base)/years, 1/year: base the fitted curve in the
                                          last year fitted; the last value where the prediction starts from it
                                          (correlated errors, Roodman, Kremer) */
    double actual;                     /* what it was; NAN: the series ends before */
};

/* One fit a stop, on rows selected as for the whole series (rows->n_fit is ignored). A fit that fails is in its own
 * status, never dropped. `horizon`: years of growth ahead. out (n_stops). */
void baseline_rolling(const struct baseline *b, const struct baseline_rows *rows, const struct baseline_options *o,
                      size_t n_stops, const double *stops, double horizon, struct baseline_stop *out);

/* --- profile likelihood ------------------------------------------------------------------------------------------- */

enum profile_verdict { PROFILE_BOUNDED, PROFILE_BELOW_ONLY, PROFILE_ABOVE_ONLY, PROFILE_FLAT };
enum { BASELINE_PROFILE_POINTS = 41 };
#define BASELINE_THRESHOLD 3.841458820694124 /* 95 % of chi-squared, 1 degree of freedom */

/* Where a profile looks, ends included: evenly in ln(value - origin), origin < low, or in the value itself where origin
 * is NAN. */
struct profile_range {
    double low, high, origin;
};

/* -2 ln(likelihood ratio) of one parameter, everything else fitted again (Raue et al. 2009). Of an interval that is
 * bounded on one side only: BELOW_ONLY has a lower limit. */
struct baseline_profile {
    size_t param, n;
    struct profile_range range;
    double value[BASELINE_PROFILE_POINTS], drop[BASELINE_PROFILE_POINTS]; /* rising, around the limits; drop: 2 (top -
                                                                             here), NAN: no fit */
    double sse[BASELINE_PROFILE_POINTS];
    double best, top; /* estimate, its ln likelihood: of the fit, or of a better one met on the way */
    double low, high; /* where the drop is 3.84, nearest to the estimate; NAN: nowhere in the range */
    enum profile_verdict verdict;
};

enum status baseline_profile(const struct baseline_fit *best, const struct baseline_rows *rows, size_t param,
                             const struct profile_range *range, struct baseline_profile *out, struct error *e);
/* The drop at one value, and its sum of squares (NAN: no fit). */
double baseline_profile_drop(const struct baseline_profile *p, const struct baseline_fit *best,
                             const struct baseline_rows *rows, double value, double *sse);
const char *profile_verdict_name(enum profile_verdict verdict);

#endif
