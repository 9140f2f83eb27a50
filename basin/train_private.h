/* What the training methods share: where the training is, what it remembers, how it is stopped and resumed. Everybody
 * else reads train.h. */
#ifndef GEARS_BASIN_TRAIN_PRIVATE_H
#define GEARS_BASIN_TRAIN_PRIVATE_H

#include "basin/train.h"

#include <stdbool.h>

/* The path of a training, thinned as it grows: every stride-th step is kept, and where there is no room for more every
 * second one is dropped. Strides are powers of two, so every theta has its point. */
struct record {
    size_t n;                      /* N */
    size_t max_points, max_thetas; /* powers of two */
    size_t n_points, n_thetas;
    long point_stride, theta_stride;
    long *point_step;           /* (max_points) */
    struct train_point *points; /* (max_points) */
    double *thetas;             /* (max_thetas, N) */
};

bool record_new(struct record *r, size_t n, size_t path_points);
void record_clear(struct record *r);
void record_add(struct record *r, long step, const struct train_point *p, const double *theta);

/* Why a method came to its end. */
enum train_end {
    TRAIN_GOES_ON,
    TRAIN_PERFECT,  /* residual below its tolerance */
    TRAIN_VANISHED, /* gradient below its tolerance */
    TRAIN_STALLED,  /* neither gets smaller */
    TRAIN_MAX_STEPS,
    TRAIN_MAX_SECONDS,
    TRAIN_STOPPED, /* the reporter asked */
    TRAIN_ERROR    /* trainer.error says more */
};

enum { TRAIN_NUMBERS = 8, TRAIN_VECTORS = 2 };

struct trainer {
    struct problem problem;       /* the behaviour is the outputs, whatever the caller's */
    struct train_options options; /* without zeros */
    bool own_limit;               /* max_steps is the method's, not the caller's */
    const struct reporter *reporter;
    struct tape *tape;
    size_t n;                 /* N */
    double *theta, *gradient; /* (N) */
    double loss, gradient_norm;
    double excess; /* L less the least that the targets allow: its relative precision holds down to 0 */
    double residual_rms, residual_max;
    double first_gradient_norm, first_excess;
    double outputs_size; /* largest of the targets and of what the outputs (or probabilities) were at theta0 */
    struct record record;
    /* What a resumed run needs besides theta, step and s; each method's own. */
    double number[TRAIN_NUMBERS], *vector[TRAIN_VECTORS] /* (N) each; NULL where the method needs none */;
    long step;
    double s;
    enum train_end end; /* of the method */
    bool polishing;
    long newton_steps, saddles;
    double started, saved; /* wall clock */
    struct error error;
};

/* L less the least that the targets allow, of a theta (N); not finite where it overflows. Only a forward pass. */
double trainer_look(struct trainer *t, const double *theta);
/* Go there: everything from theta to residual_max. false: not finite, and the trainer is spoilt until it goes
 * elsewhere. */
bool trainer_go(struct trainer *t, const double *theta);
/* Go to a theta (N) that is better: a lower excess, or, where the two cannot be told apart in rounding, a smaller
 * gradient. false: stayed. *gained: by how much the excess fell; 0 where that is lost in rounding. */
bool trainer_improve(struct trainer *t, const double *theta, double *gained);
/* After every step of a method: remember the point, write the checkpoint when it is due, say whether to go on. */
enum train_end trainer_step(struct trainer *t);
bool trainer_vanished(const struct trainer *t);
double trainer_gradient_goal(const struct trainer *t);

/* The methods go from t->theta until there is a reason to end. */
enum train_end train_by_flow(struct trainer *t);
enum train_end train_by_lm(struct trainer *t);
enum train_end train_by_adam(struct trainer *t);

/* Newton steps down to rounding. TRAIN_GOES_ON: a saddle was left, and the method has to go on; else TRAIN_STALLED
 * (nothing more to gain), TRAIN_MAX_SECONDS, TRAIN_STOPPED or TRAIN_ERROR. */
enum train_end train_polish(struct trainer *t);
/* Smallest and largest eigenvalue of H at t->theta, and their error bound; NaN where they cannot be had. */
void train_curvature(struct trainer *t, double *smallest, double *largest, double *error);
/* Largest eigenvalue of H at a theta, to about a percent; the trainer moves. */
double train_sharpness(struct trainer *t, const double *theta, const struct reporter *reporter);

/* Write where the training is, when a checkpoint is wanted; a failure is a warning. */
void checkpoint_write(struct trainer *t);
/* Go on from a checkpoint with the same key. false: none is wanted, or there is none that fits. */
bool checkpoint_read(struct trainer *t);

#endif
