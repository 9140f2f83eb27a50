/* What the data say about the date of an onset: prediction profile, bits, data stops, detection.
 *
 * The onset date D is where a variable (machines over people in research, A/H) reaches a level (1). It is a prediction
 * of the model, so its profile (Kreutz, Raue and Timmer 2012) is
 *
 *   chi2(D) = min over all parameters with the variable at its level in D of |r|^2,    drop(D) = chi2(D) - min chi2,
 *
 * with the residuals of growth/fit/fit.h, whitened for the AR(1) correlation that the residuals of the best fit show,
 * priors included. Every fit starts where the constraint already holds: the parameter that sets the onset (`by`)
 * follows in closed form from a run without it. Each date is fitted from several values of the parameter that says how
 * sudden the onset is
 * (`shape`), and the lowest counts. "Never" is the fit with `by` at nothing.
 */
#ifndef GEARS_GROWTH_IDENTIFY_IDENTIFY_H
#define GEARS_GROWTH_IDENTIFY_IDENTIFY_H

#include "base/table.h"
#include "growth/baselines/baseline.h"
#include "growth/fit/file.h"

#include <jansson.h>

/* The keys of `identify:` in a fit file. */
extern const struct config_field identify_fields[];

enum { IDENTIFY_POINTS = 24, IDENTIFY_STOPS = 12, IDENTIFY_REPLICATES = 24, IDENTIFY_BASELINES = 16 };
#define IDENTIFY_THRESHOLD BASELINE_THRESHOLD /* 3.84: 95 % of chi-squared with 1 degree of freedom */

/* A baseline and the series it is fitted to. */
struct identify_baseline {
    const struct baseline *baseline;
    char series[64];
    double from; /* first year; NAN: the baseline's own */
};

struct identify_settings {
    size_t variable; /* growth/variable.h; rises through `level` at the onset */
    double level;
    size_t thin;          /* of the dates of a profile only every so many-th is fitted; 0: all */
    double before, after; /* dates looked at: from the data's end - before to its end + after, years */
    double gradual;       /* of the variant with a precursor: the shape is held there; NAN: no such variant */
    double sudden;        /* the other value of the shape from which fits start */
    double stops[IDENTIFY_STOPS];
    size_t n_stops;
    double onset;      /* of the detection experiment; NAN: none */
    double watch;      /* years after it that are looked at */
    size_t replicates; /* of it */
    struct identify_baseline baselines[IDENTIFY_BASELINES];
    size_t n_baselines;
};

/* A fit ready for profiles. */
struct identify {
    struct fit fit; /* levels only, noise as its residuals show it; owned */
    struct identify_settings settings;
    size_t by, shape;             /* indices of free numbers of the fit; shape may be SIZE_MAX */
    double z[FIT_MAX_PARAMETERS]; /* best without any condition on the onset */
    double cost;                  /* |r|^2 there */
    double end;                   /* last year of the data */
    size_t left_out;              /* targets that were left out: growth of the same series, points of the variable */
};

/* From a fit file (growth/fit/file.h) with or without a block `identify`. *scenario is cleared by the caller, as is
 * *out, in all cases. Errors as fit_read; STATUS_FAILED when the model cannot be fitted; STATUS_INTERRUPTED. */
enum status identify_read(const char *path, const char *const *settings, size_t n_settings,
                          const struct reporter *reporter, struct scenario *scenario, struct identify *out,
                          struct error *e);
/* From a fit made by hand, which must have `by` (and `shape`, or NULL) among its free numbers; takes it over, whatever
 * happens. With `noise` the errors are estimated from the residuals, else they are as given. */
enum status identify_init(struct identify *q, struct fit *fit, const struct identify_settings *settings, const char *by,
                          const char *shape, bool noise, const struct reporter *reporter, struct error *e);
void identify_clear(struct identify *q);

/* --- profile ------------------------------------------------------------------------------------------------------ */

struct identify_point {
    double date;
    bool fitted;       /* at least one start led to a fit; the rest is NAN otherwise */
    double cost, drop; /* chi2(date), and above the least of all dates and never */
    double shape, by;  /* values there */
    double phase;      /* start of phase 5 of that run (INFINITY: it has none) */
    double z[FIT_MAX_PARAMETERS];
};

struct identify_profile {
    const char *name;
    double end;               /* last year of the data it rests on */
    struct solve_target shot; /* what the z of its points shoot at: that of the fit, but no later than `end` */
    size_t n;
    struct identify_point points[IDENTIFY_POINTS]; /* rising in date */
    struct identify_point never;                   /* date INFINITY */
    double best;                                   /* date of the least drop; INFINITY: never */
    double low, high;                              /* drop 3.84: NAN where it is not reached on that side */
    enum profile_verdict verdict;
    double bits;       /* information on the date over a uniform prior on [end - before, end + after] */
    double bits_ahead; /* the same over dates after `end`: without what is known because it has not happened yet */
    size_t fits, failures;
};

/* Profile of q->fit, or of its data up to `stop` (NAN: all). `shape`: held there, NAN: free. On at most `threads`
 * threads; the result does not depend on their number. Errors: STATUS_FAILED when not even one date could be fitted,
 * STATUS_INTERRUPTED. */
enum status identify_profile_compute(const struct identify *q, const char *name, double stop, double shape, int threads,
                                     const struct reporter *reporter, struct identify_profile *out, struct error *e);

/* The pieces that need no model. date (n) rising, drop (n); NAN: no fit. Between dates Steffen's monotone cubic. */
/* Information in bits that a profile adds to a uniform prior on [from, to]: the Kullback-Leibler divergence of the
 * posterior, ~ exp(-drop/2), from it. Beyond the first and last date the drop is that there. */
double identify_bits(size_t n, const double *date, const double *drop, double from, double to);
/* Where the drop crosses the threshold on either side of its least, and the verdict. never: the drop without any onset
 * (INFINITY: none was fitted); where that is below the threshold nothing is bounded above. */
enum profile_verdict identify_verdict(size_t n, const double *date, const double *drop, double never, double *low,
                                      double *high);

/* --- data stops --------------------------------------------------------------------------------------------------- */

struct identify_rolling {
    size_t n_stops, n_baselines;
    struct identify_profile profiles[IDENTIFY_STOPS];
    enum status status[IDENTIFY_STOPS]; /* of each profile */
    double growth[IDENTIFY_STOPS];      /* of the model fitted up to the stop, over the 30 years after it; NAN */
    double actual[IDENTIFY_STOPS];      /* what it was (from the data; NAN: they end before) */
    struct baseline_stop stops[IDENTIFY_BASELINES][IDENTIFY_STOPS];
};
enum status identify_rolling_compute(const struct identify *q, int threads, const struct reporter *reporter,
                                     struct identify_rolling *out, struct error *e);

/* --- detection ---------------------------------------------------------------------------------------------------- */

/* Data with a known onset, and noise as the residuals have it, from streams of fit.seed: the first data-end year in
 * which "never" is worse than the best fit by more than the threshold. */
struct identify_detection {
    const char *name;
    double onset; /* of the truth */
    size_t n;     /* replicates that led to an answer */
    size_t failures;
    double year[IDENTIFY_REPLICATES]; /* sorted; INFINITY: not within `watch` years after the onset */
    double median;                    /* of them */
    double share_then, share_now;     /* machine_share of the truth at the median, and at the data's end; NAN */
    double growth_then, growth_now;   /* of output, 1/year */
};
/* The truth: the fit with its onset at that date and the shape held at `shape`, where every fit then holds it too; NAN:
 * a sudden one, and the shape is free in every fit. */
enum status identify_detect(const struct identify *q, const char *name, double shape, int threads,
                            const struct reporter *reporter, struct identify_detection *out, struct error *e);

/* --- all of it ---------------------------------------------------------------------------------------------------- */

struct identify_result {
    const struct identify *problem; /* borrowed */
    struct identify_profile free, gradual;
    struct identify_rolling rolling;
    struct identify_detection detection, gradual_detection;
    struct least_squares_errors spectrum; /* Fisher information of the data at the best fit; see fit_spectrum */
    double onset_error; /* standard error of the onset date from that spectrum; INFINITY: not identified */
    bool has_gradual, has_detection, complete;
};
/* STATUS_INTERRUPTED: what was finished is there, complete is false. Clear in all cases. */
enum status identify_run(const struct identify *q, int threads, const struct reporter *reporter,
                         struct identify_result *out, struct error *e);
void identify_result_clear(struct identify_result *r);

json_t *identify_to_json(const struct identify_result *r);
struct table *identify_profile_table(const struct identify_result *r);
struct table *identify_verdict_table(const struct identify_result *r);
struct table *identify_rolling_table(const struct identify_result *r);
struct table *identify_baselines_table(const struct identify_result *r);
struct table *identify_detection_table(const struct identify_result *r);
struct table *identify_spectrum_table(const struct identify_result *r);
char *identify_to_text(const struct identify_result *r, char *buffer, size_t size);

#endif
