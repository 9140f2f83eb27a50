/* Training to a perfect-behaviour minimum. */
#ifndef GEARS_BASIN_TRAIN_H
#define GEARS_BASIN_TRAIN_H

#include "base/reporter.h"
#include "basin/problem.h"

enum train_method {
    TRAIN_FLOW, /* gradient flow d theta/ds = -grad L, by CVODES (BDF, GMRES, Hessian-vector products) */
    TRAIN_LM, /* Levenberg-Marquardt: Gauss-Newton steps, damped by their gain ratio (Nielsen 1999); needs (N, N) or (k,
                 N) */
    TRAIN_ADAM /* full batch (Kingma and Ba 2015); the learning rate is halved where the loss stalls */
};

/* Every method ends where the behaviour is perfect (residual_tolerance), where the gradient has vanished
 * (gradient_tolerance), at a limit, or where neither gradient nor loss get any smaller; train_run's `ending` says
 * which. The flow integrates on with tighter tolerances before it gives up, unless the activation has kinks: a flow
 * along a kink crosses it at every step, the shorter the tighter, and its end there is not a place where the gradient
 * vanishes. */
struct train_options {
    enum train_method method;
    double gradient_tolerance; /* stop when |grad L| is below this x max(1, |grad L| at theta0); 0: 1e-10 */
    double residual_tolerance; /* or when the behaviour is perfect to this: |f - t| (mse) or |p - t| rms; 0: 1e-10 */
    double rtol;               /* of the flow, relative to theta; 0: 1e-6, or 1e-3 where the activation has kinks */
    double learning_rate;      /* Adam; 0: 1e-2, decaying as the loss stalls */
    long max_steps;            /* 0: a method's own limit */
    double max_seconds;        /* wall clock of this call; 0: none */
    /* Newton steps at the end, unless a limit given here was met or the minimum is at infinity (hard targets under bce
     * or ce, all on the right side): down to rounding (a residual of
     * eps^2 where outputs go to 0), along the least-norm solution where the Hessian is singular
     * (dense up to TRAIN_DENSE parameters, else conjugate gradients). A saddle is left along its steepest direction,
     * and the method goes on from there. */
    bool polish;
    size_t path_points;     /* thetas to keep along the way besides the last, 0: 64; at most 512 */
    const char *checkpoint; /* file to write now and then and to resume from; NULL: none */
    char key[17]; /* hash of everything that defines the training: a checkpoint with another key is not used */
};

enum { TRAIN_DENSE = 2000 };

struct train_point {
    double s; /* flow time, or steps */
    double loss, gradient_norm, distance /* |theta| */, sharpness /* largest eigenvalue of H; NaN where not measured */;
};

struct training {
    double *theta; /* (N) where it ended; owned */
    double loss, gradient_norm;
    double residual_rms, residual_max; /* of the behaviour the loss speaks about: f - t (mse), p - t (bce, ce) */
    /* extreme eigenvalues of H: dense up to TRAIN_DENSE parameters, else by Lanczos (curvature_error: largest residual
     * of the two); NaN: could not be had */
    double smallest_curvature, largest_curvature, curvature_error;
    long steps;                     /* of the method; Newton steps not counted */
    long newton_steps;              /* of the polish */
    long saddles;                   /* that were left */
    bool converged;                 /* gradient or residual below its tolerance */
    char ending[256];               /* one line: why it stopped and how perfect it is */
    struct train_point *trajectory; /* (n_trajectory), rising in s, at most 1024, first and last included; owned.
                                     * Sharpness is measured at the points of the path */
    size_t n_trajectory;
    double *path;    /* (n_path, N) thetas along the way, first and last included; owned */
    size_t *path_at; /* (n_path) index of each in the trajectory; owned */
    size_t n_path;
};

/* Train from theta0 (N). STATUS_OK also when it did not converge (see training.converged); STATUS_FAILED: the loss at
 * theta0 is not finite, memory, a problem too large for Levenberg-Marquardt; STATUS_INTERRUPTED: *out holds where it
 * was, the checkpoint is written. A resumed run ends as an uninterrupted one would have: bit for bit with Adam and
 * Levenberg-Marquardt, within the tolerances with the flow. Clear in all cases. */
enum status train_run(const struct problem *p, const double *theta0, const struct train_options *options,
                      const struct reporter *reporter, struct training *out, struct error *e);
void training_clear(struct training *t);

#endif
