/* Inside the sampler: what sampler.c and sampler_*.c share. */
#ifndef GEARS_SOLVER_SAMPLER_PRIVATE_H
#define GEARS_SOLVER_SAMPLER_PRIVATE_H

#include "solver/random.h"
#include "solver/sampler.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SAMPLER_MAX_DEPTH = 20 };

/* The inverse mass matrix of a rung. */
struct metric {
    enum sampler_metric kind;
    size_t n;
    double *variances; /* (n), or (n, n) */
    double *factor;    /* dense: lower Cholesky factor of `variances`, (n, n) */
};
size_t metric_size(enum sampler_metric kind, size_t n);  /* of variances */
size_t moments_size(enum sampler_metric kind, size_t n); /* of a window's second moments */
size_t means_size(enum sampler_metric kind, size_t n);   /* of its means */
/* v := M^-1 p. */
void metric_velocity(const struct metric *m, const double *p, double *v);
/* p ~ N(0, M). */
void metric_momentum(const struct metric *m, struct random_stream *r, double *p);

/* dense: the factor of the variances. false: not positive definite. */
bool metric_factor(struct metric *m);
/* The variances from centred second moments of a window, divided by `count`; those that are not positive stay as they
 * were. dense: moments (n, n) lower triangle, destroyed; scratch (3, n, n); correlations are shrunk towards the metric
 * so far by (n + 5)/(count + n + 5). Returns whether anything changed. */
bool metric_learn_diagonal(struct metric *m, double count, const double *moments);
bool metric_learn_dense(struct metric *m, double count, double *moments, double *scratch);
/* The same from moments of draws and of gradients (2, n). */
bool metric_learn_fisher(struct metric *m, const double *moments);

/* Means and centred second moments (Welford 1962) of draws x and their gradients (n): count, mean (means_size), moments
 * (moments_size; with SAMPLER_DENSE the lower triangle). */
void moments_add(enum sampler_metric kind, size_t n, const double *x, const double *gradient, double *count,
                 double *mean, double *moments);

/* Dual averaging of ln step (Hoffman and Gelman 2014, eq. 6). */
struct step_adaptation {
    double log_step, log_mean, lag, count, anchor;
};
void step_adaptation_restart(struct step_adaptation *a, double step);
void step_adaptation_learn(struct step_adaptation *a, double acceptance, double aim);

/* Of one rung of one chain. Only doubles, so that a checkpoint is a copy of memory. */
struct rung_numbers {
    double log_density, tempered;
    struct step_adaptation adaptation;
    double moment_count;
    /* after warm-up */
    double tempered_sum; /* since the last draw */
    double acceptance, divergences, saturated, steps, swaps, swaps_accepted;
};

struct chain {
    double iteration;             /* done, warm-up included */
    double evaluations;           /* of the target */
    struct rung_numbers *numbers; /* (rungs) */
    double *x;                    /* (rungs, n) */
    double *gradient;             /* (rungs, n) */
    double *mean;                 /* (rungs, means_size) of the window */
    double *moments;              /* (rungs, moments_size) of the window; absent with SAMPLER_UNIT */
    double *trace;                /* (capacity, rungs, quantities) */
    double *positions;            /* (capacity, rungs, n); only with keep_positions */
};

/* A point of a trajectory. */
struct phase {
    double *x, *p, *g; /* (n) */
    double log_density, tempered;
};

/* One end of a stretch of trajectory: momentum and velocity. */
struct end {
    double *p, *v;
};

/* A stretch of trajectory as NUTS sees it: its ends in the order of building, the sum of its momenta, the draw from it
 * and the logarithm of its weight. */
struct tree {
    struct end first, last;
    double *rho, *x, *g;
    double log_density, tempered, log_weight;
};

struct worker {
    void *context;
    double *memory; /* one block that holds all arrays below */
    struct phase now, left, right;
    struct end outer_left, outer_right;
    double *v, *rho, *extra;
    struct tree trees[SAMPLER_MAX_DEPTH + 1];
};

struct sampler {
    struct sampler_target target;
    struct sampler_options options; /* defaults filled in */
    double *betas;                  /* (rungs) */
    char *checkpoint, *key, *what;
    size_t n, rungs, quantities; /* quantities: per rung and draw */
    size_t max_depth;
    struct metric *metrics; /* (rungs) */
    double *steps;          /* (rungs) of all chains, once warm-up is over */
    bool warm;
    bool resumed;  /* from the checkpoint, and not yet said */
    size_t pooled; /* end of the last block of warm-up whose chains were pooled */
    struct chain *chains;
    double *memory; /* of chains and metrics */
    size_t draws, capacity;
    struct worker *workers;
    size_t n_workers, n_contexts;
    struct worker **idle; /* (n_idle) */
    size_t n_idle;
    pthread_mutex_t lock;
};

/* What a transition did. */
struct transition {
    double acceptance;
    bool divergent, saturated;
    size_t steps;
};

/* One iteration of a kernel from `at` of a rung: x, gradient and numbers are moved. */
struct transition sampler_hmc(const struct sampler *s, struct worker *w, size_t rung, double step, struct chain *c,
                              struct random_stream *r);
struct transition sampler_nuts(const struct sampler *s, struct worker *w, size_t rung, double step, struct chain *c,
                               struct random_stream *r);

/* z := one leapfrog step of length `step` (may be negative); v: scratch, then the velocity at the end. */
void sampler_leapfrog(const struct sampler *s, struct worker *w, size_t rung, double step, struct phase *z, double *v);
/* Log of the joint density at z with velocity v; -INFINITY where it is not finite. */
double sampler_energy(size_t n, const struct phase *z, const double *v);
/* z := the state of a rung with a new momentum; v its velocity. */
void sampler_begin(const struct sampler *s, struct worker *w, size_t rung, const struct chain *c,
                   struct random_stream *r, struct phase *z, double *v);
/* A step at which about 0.8 of the energy is kept: doubled or halved from `step`. */
double sampler_guess_step(const struct sampler *s, struct worker *w, size_t rung, double step, struct chain *c,
                          struct random_stream *r);

/* Offer exchanges between neighbours of a ladder. */
void sampler_swap(const struct sampler *s, struct worker *w, struct chain *c, bool count, struct random_stream *r);

enum status sampler_save(const struct sampler *s, struct error *e);
/* Whether there was a valid checkpoint; then s is as it was. */
bool sampler_load(struct sampler *s);
/* Room for so many draws of each chain. */
enum status sampler_reserve(struct sampler *s, size_t draws, struct error *e);

#endif
