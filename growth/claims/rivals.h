/* A power law against its rivals on one stretch of a series: in sample with independent and with correlated errors, and
 * on the last third held out (private to growth/claims). */
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
                                    process like Roodman's has no independent ones: NAN */
    double held_rms;   /* of ln value on the last third, from a fit to the rest; NAN: none; INFINITY: blown up */
    double held_score; /* mean ln p of each row given the one before, same fit */
    double correlation;
    struct baseline_fit fit; /* AR(1) */
};

struct contest {
    const char *series; /* borrowed */
    double from, to;    /* years */
    size_t n, n_held;
    struct rival_score score[N_RIVALS];
};

/* rows: the stretch; model (n) the model's path at the rows, or NULL; early (n) that of the model fitted without the
 * last third, or NULL. */
void contest_run(const struct baseline_rows *rows, const double *model, const double *early, uint64_t seed,
                 struct contest *out);
/* Where the last third of a stretch begins. */
double contest_cut(double from, double to);

/* aic of a rival less the best of all fitted but itself (> 0: another is better); the best one's index. */
double contest_excess(const struct contest *c, enum rival rival, bool independent, enum rival *best);
/* held_rms of the best of all fitted but `rival`. */
double contest_best_held(const struct contest *c, enum rival rival, enum rival *best);

/* A row a contest: AIC of every rival above the lowest; and the same for errors on the last third. The caller frees. */
struct table *contests_to_table(const struct contest *contests, size_t n, bool independent);
struct table *contests_to_held_table(const struct contest *contests, size_t n);
json_t *contest_to_json(const struct contest *c);

#endif
