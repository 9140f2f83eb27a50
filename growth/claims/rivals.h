/* A power law against its rivals on one stretch of a series: in sample with independent and with correlated errors, on
 * the last third held out, from origins that roll on, and by a block bootstrap (private to growth/claims). */
#ifndef GEARS_GROWTH_CLAIMS_RIVALS_H
#define GEARS_GROWTH_CLAIMS_RIVALS_H

#include "growth/claims/tracks.h"

enum rival {
    RIVAL_HYPERBOLA, /* the power law */
    RIVAL_EXPONENTIAL,
    RIVAL_QUADRATIC,
    RIVAL_LOGISTIC,
    RIVAL_MODES, /* a sum of two exponentials */
    RIVAL_ROODMAN,
    RIVAL_MODEL, /* frontier's path, times a free factor */
    N_RIVALS
};
const char *rival_name(enum rival rival);

struct rival_score {
    bool fitted;   /* with AR(1) errors, over the whole stretch */
    bool ran_away; /* to a bound: a hyperbola that has become an exponential, Roodman's without take-off */
    double aic, aic_independent; /* 2 k - 2 log_score (see struct baseline_fit), correlated and independent errors; a
                                    process like Roodman's has no independent ones: NAN. Of the model k counts all that
                                    was fitted to the first world */
    double held_rms;    /* of ln value on the last third, from a fit to the rest; NAN: none; INFINITY: blown up */
    double held_score;  /* mean ln p of each row given the one before, same fit */
    double rolling_rms; /* of ln value over the fifth of the stretch after each origin, from a fit to the rows up to it,
                           all origins together; NAN, INFINITY as above */
    double correlation;
    struct baseline_fit fit; /* AR(1) */
};

struct contest {
    const char *series;          /* borrowed */
    double from, to;             /* years */
    size_t n, n_held, n_rolling; /* rows; of the last third; predicted from all origins together */
    struct rival_score score[N_RIVALS];
    double bootstrap_p; /* see contest_bootstrap; NAN: not done */
};

/* Fits to a part of a stretch: without its last third, then up to each origin, at 5, 6, 7 and 8 tenths of it. */
enum { CONTEST_ORIGINS = 4, CONTEST_PARTS = 1 + CONTEST_ORIGINS };
/* The last date of part i of a stretch. */
double contest_cut(double from, double to, size_t part);

/* The model's paths at the rows of a stretch, each (n) or NULL. */
struct contest_model {
    const double *path;                 /* fitted to all */
    const double *early[CONTEST_PARTS]; /* fitted up to contest_cut */
    size_t parameters;                  /* how many were fitted */
};

/* rows: the stretch; model may be NULL. */
void contest_run(const struct baseline_rows *rows, const struct contest_model *model, uint64_t seed,
                 struct contest *out);

/* Would a power law look this bad? Its residuals (independent errors) are laid on its curve again in blocks of ten
 * years from anywhere (Kuensch 1989), `replicates` times; the part of these in which ln(sum of squares of the power law
 * over that of a log-quadratic, which has as many parameters) is at least what the data have: a p-value that does not
 * assume how the errors are correlated. (1 + count)/(1 + replicates); NAN where either cannot be fitted. Replicate b
 * takes stream b of the seed. */
double contest_bootstrap(const struct baseline_rows *rows, size_t replicates, uint64_t seed);

/* aic of a rival less the best of all fitted but itself (> 0: another is better); the best one's index. The model takes
 * part with its parameters counted. */
double contest_excess(const struct contest *c, enum rival rival, bool independent, enum rival *best);
/* held_rms of the best of all fitted but `rival`. */
double contest_best_held(const struct contest *c, enum rival rival, enum rival *best);
/* rolling_rms likewise. */
double contest_best_rolling(const struct contest *c, enum rival rival, enum rival *best);

/* A row a contest: AIC of every rival above the lowest; and the same for errors on the last third. The caller frees. */
struct table *contests_to_table(const struct contest *contests, size_t n, bool independent);
struct table *contests_to_held_table(const struct contest *contests, size_t n, bool rolling);
json_t *contest_to_json(const struct contest *c);

#endif
