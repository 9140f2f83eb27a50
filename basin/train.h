/* Training to a perfect-behaviour minimum. */
#ifndef GEARS_BASIN_TRAIN_H
#define GEARS_BASIN_TRAIN_H

#include "base/reporter.h"
#include "basin/problem.h"

enum train_method {
    TRAIN_FLOW, /* gradient flow d theta/ds = -grad L, by CVODES (BDF, Krylov solver, Hessian-vector products) */
    TRAIN_LM,   /* Levenberg-Marquardt */
    TRAIN_ADAM
};

struct train_options {
    enum train_method method;
    double gradient_tolerance; /* stop when |grad L| is below this; 0: 1e-10 */
    double residual_tolerance; /* or when the behaviour is perfect to this: |f - t| (mse) or |p - t| rms; 0: 1e-10 */
    double rtol;               /* of the flow; 0: 1e-6 */
    double learning_rate;      /* Adam; 0: 1e-2, decaying as the loss stalls */
    long max_steps;            /* 0: a method's own limit */
    double max_seconds;        /* 0: none */
    bool polish;               /* Newton steps at the end */
    size_t path_points;        /* thetas to keep along the way, 0: 64 */
    const char *checkpoint;    /* file to write now and then and to resume from; NULL: none */
    char key[17]; /* hash of everything that defines the training: a checkpoint with another key is not used */
};

struct train_point {
    double s; /* flow time, or steps */
    double loss, gradient_norm, distance /* |theta| */, sharpness /* largest eigenvalue of H; NaN where not measured */;
};

struct training {
    double *theta; /* (N) where it ended; owned */
    double loss, gradient_norm;
    double residual_rms, residual_max; /* of the behaviour the loss speaks about: f - t (mse), p - t (bce, ce) */
    double smallest_curvature, largest_curvature; /* eigenvalues of H; NaN: not measured (N too large) */
    long steps;
    bool converged;
    char ending[160];               /* one line: why it stopped and how perfect it is */
    struct train_point *trajectory; /* (n_trajectory); owned */
    size_t n_trajectory;
    double *path; /* (n_path, N) thetas along the way, first and last included; owned */
    size_t n_path;
};

/* Train from theta0 (N). STATUS_OK also when it did not converge (see training.converged); STATUS_FAILED: the loss is
 * not finite, memory; STATUS_INTERRUPTED: *out holds where it was, the checkpoint is written. Clear in all cases. */
enum status train_run(const struct problem *p, const double *theta0, const struct train_options *options,
                      const struct reporter *reporter, struct training *out, struct error *e);
void training_clear(struct training *t);

#endif
