/* Newton's method at the end of a training, curvatures, and the way out of a saddle. */
#include "basin/train_private.h"

#include "solver/krylov.h"
#include "solver/linalg.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MIN_STEPS = 20,
    MAX_STEPS = 1000,
    MAX_IDLE = 3,
    MAX_TRIES = 16,
    MAX_PRODUCTS = 500,
    EIGEN_PRODUCTS = 200,
    SHARPNESS_PRODUCTS = 60
};

/* What a resumed run needs: trainer.number. */
enum { NUMBER_DAMPING };

/* A way down counts as one out of a saddle when it gains this part of the excess at theta0: beside a minimum that is
 * degenerate or not quite reached there are small negative eigenvalues, too. */
static const double WORTH_LEAVING = 1e-8, SHORTEST = 1e-4 /* of the size of theta */;

struct newton {
    struct trainer *t;
    double *hessian, *values; /* (N, N) eigenvectors as rows, (N); NULL where N is too large */
    double *step, *trial;     /* (N) */
    double damping;           /* mu / |grad L| */
};

static void multiply_by_hessian(const double *v, double *hv, void *context)
{
    struct trainer *t = context;
    tape_hvp(t->tape, HESSIAN_FULL, v, hv);
}

static void multiply_damped(const double *v, double *hv, void *context)
{
    const struct newton *w = context;
    tape_hvp(w->t->tape, HESSIAN_FULL, v, hv);
    linalg_axpy(w->t->n, w->damping * w->t->gradient_norm, v, hv);
}

static bool newton_new(struct newton *w, struct trainer *t)
{
    size_t n = t->n;
    bool dense = n <= TRAIN_DENSE;
    *w = (struct newton){.t = t};
    w->step = malloc(2 * n * sizeof *w->step);
    w->hessian = dense ? malloc(n * n * sizeof *w->hessian) : NULL;
    w->values = dense ? malloc(n * sizeof *w->values) : NULL;
    w->trial = w->step ? w->step + n : NULL;
    if (w->step && (!dense || (w->hessian && w->values)))
        return true;
    error_memory(&t->error);
    return false;
}

static void newton_clear(struct newton *w)
{
    free(w->hessian);
    free(w->values);
    free(w->step);
}

/* H at t->theta, as eigenvalues and eigenvectors. */
static enum status decompose(struct newton *w, bool vectors)
{
    struct trainer *t = w->t;
    enum status status = tape_hessian(t->tape, HESSIAN_FULL, w->hessian, &t->error);
    return status ? status : linalg_eigen_symmetric(t->n, w->hessian, vectors, w->values, &t->error);
}

static double largest_size(size_t n, const double *ascending)
{
    return fmax(fabs(ascending[0]), fabs(ascending[n - 1]));
}

/* -sum (v.g)/(|lambda| + mu) v over the eigenvalues that are not 0 in rounding; mu in proportion to |g| keeps the
 * convergence quadratic where the minimum is a manifold (Li, Fukushima, Qi and Yamashita 2004), |lambda| goes downhill
 * (Dauphin et al. 2014). */
static void dense_step(struct newton *w)
{
    const struct trainer *t = w->t;
    size_t n = t->n;
    double mu = w->damping * t->gradient_norm, zero = (double)n * DBL_EPSILON * largest_size(n, w->values);
    linalg_multiply_vector(LINALG_PLAIN, n, n, 1, w->hessian, n, t->gradient, 0, w->trial);
    for (size_t i = 0; i < n; i++) {
        double size = fabs(w->values[i]);
        w->trial[i] = size > zero ? -w->trial[i] / (size + mu) : 0;
    }
    linalg_multiply_vector(LINALG_TRANSPOSED, n, n, 1, w->hessian, n, w->trial, 0, w->step);
}

/* Conjugate gradients leave alone what is null for H, too. */
static bool krylov_step(struct newton *w)
{
    struct trainer *t = w->t;
    struct krylov_operator damped = {t->n, multiply_damped, w, t->reporter};
    for (size_t i = 0; i < t->n; i++)
        w->trial[i] = -t->gradient[i];
    return krylov_solve(&damped, w->trial, 1e-3, MAX_PRODUCTS, w->step) != KRYLOV_CG_FAILED;
}

/* One step that betters things, with as much damping as that takes. false: there is none. */
static bool newton_step(struct newton *w)
{
    struct trainer *t = w->t;
    double gained;
    for (int i = 0; i < MAX_TRIES; i++) {
        if (w->hessian)
            dense_step(w);
        else if (!krylov_step(w))
            return false;
        for (size_t k = 0; k < t->n; k++)
            w->trial[k] = t->theta[k] + w->step[k];
        if (trainer_improve(t, w->trial, &gained)) {
            w->damping = fmax(w->damping / 4, 1e-3);
            return true;
        }
        w->damping *= 4;
        if (!w->hessian && !trainer_go(t, t->theta)) /* the products below are those at theta */
            return false;
    }
    return false;
}

/* The smallest eigenvalue at t->theta, and its eigenvector into w->step. false: there is none that is negative for
 * sure. */
static bool find_descent(struct newton *w)
{
    struct trainer *t = w->t;
    struct krylov_extremes x;
    if (!trainer_go(t, t->theta))
        return false;
    if (w->hessian) {
        if (decompose(w, true))
            return false;
        memcpy(w->step, w->hessian, t->n * sizeof *w->step);
        return w->values[0] < -(double)t->n * DBL_EPSILON * largest_size(t->n, w->values);
    }
    struct krylov_operator hessian = {t->n, multiply_by_hessian, t, t->reporter};
    if (krylov_extremes(&hessian, KRYLOV_SMALLEST, 1e-3, EIGEN_PRODUCTS, 0, &x, w->step, &t->error))
        return false;
    return x.smallest + x.smallest_error < 0;
}

/* Look at t->theta + length w->step: lower than all before is kept in *least and *way. Below a hundredth of theta's
 * size the fall may be lost in rounding, and it goes on in any case. */
static bool goes_down(struct newton *w, double length, double *least, double *way)
{
    struct trainer *t = w->t;
    memcpy(w->trial, t->theta, t->n * sizeof *w->trial);
    linalg_axpy(t->n, length, w->step, w->trial);
    double excess = trainer_look(t, w->trial);
    if (excess < *least) {
        *least = excess;
        *way = length;
        return true;
    }
    return fabs(length) < 1e-2 * (1 + linalg_norm(t->n, t->theta));
}

/* Down the steepest direction, either way, in growing steps as long as it goes down. false: it does not. */
static bool leave_saddle(struct newton *w)
{
    struct trainer *t = w->t;
    double size = 1 + linalg_norm(t->n, t->theta), least = t->excess, way = 0;
    if (!find_descent(w))
        return false;
    for (int sign = -1; sign <= 1; sign += 2) {
        double length = SHORTEST * size;
        while (length < size && goes_down(w, sign * length, &least, &way))
            length *= 2;
    }
    double gained;
    linalg_axpy(t->n, way, w->step, memcpy(w->trial, t->theta, t->n * sizeof *w->trial));
    bool left =
        t->excess - least > WORTH_LEAVING * t->first_excess && trainer_improve(t, w->trial, &gained) && gained > 0;
    if (!left)
        trainer_go(t, t->theta);
    return left;
}

/* As many steps as some minutes allow. */
static int steps_allowed(const struct trainer *t)
{
    const double flops_allowed = 1e12;
    double n = (double)t->n, dense = 10 * n * n * n, products = 12 * MAX_PRODUCTS * (double)t->problem.n * n;
    return (int)fmin(fmax(flops_allowed / (t->n <= TRAIN_DENSE ? dense : products), MIN_STEPS), MAX_STEPS);
}

/* Outputs that are not 0 stop a residual at their rounding, but where targets and outputs go to 0 together it could go
 * on down to the smallest number, in hundreds of steps where the minimum is degenerate. Below eps^2 of what the outputs
 * were nothing is left to see: at such a minimum G falls like the root of the residual, and is at rounding too. */
static bool nothing_left(const struct trainer *t)
{
    return t->residual_max <= DBL_EPSILON * DBL_EPSILON * t->outputs_size && !(t->problem.weight_decay > 0);
}

/* Newton steps until none is any better, or they gain next to nothing with the gradient at its goal. */
static enum train_end descend(struct newton *w)
{
    struct trainer *t = w->t;
    for (int i = steps_allowed(t), idle = 0; i > 0 && t->gradient_norm > 0 && idle < MAX_IDLE && !nothing_left(t);
         i--) {
        double before = t->gradient_norm;
        if (w->hessian && decompose(w, true))
            return TRAIN_ERROR;
        if (!newton_step(w))
            break;
        t->newton_steps++;
        t->number[NUMBER_DAMPING] = w->damping;
        enum train_end end = trainer_step(t);
        if (end != TRAIN_GOES_ON)
            return end;
        idle = t->gradient_norm > before / 2 && trainer_vanished(t) ? idle + 1 : 0;
    }
    return TRAIN_STALLED;
}

enum train_end train_polish(struct trainer *t)
{
    struct newton w;
    enum train_end end = newton_new(&w, t) && trainer_go(t, t->theta) ? TRAIN_GOES_ON : TRAIN_ERROR;
    w.damping = t->number[NUMBER_DAMPING] > 0 ? t->number[NUMBER_DAMPING] : 1;
    if (end == TRAIN_GOES_ON)
        end = descend(&w);
    if (end == TRAIN_STALLED && leave_saddle(&w))
        end = TRAIN_GOES_ON;
    newton_clear(&w);
    if (end == TRAIN_STALLED && reporter_stop_requested(t->reporter)) /* whether it is a saddle was not looked into */
        end = TRAIN_STOPPED;
    return end;
}

void train_curvature(struct trainer *t, double *smallest, double *largest, double *error)
{
    *smallest = *largest = *error = NAN;
    if (t->n <= TRAIN_DENSE) {
        struct newton w;
        if (newton_new(&w, t) && trainer_go(t, t->theta) && !decompose(&w, false)) {
            *smallest = w.values[0];
            *largest = w.values[t->n - 1];
            *error = (double)t->n * DBL_EPSILON * largest_size(t->n, w.values);
        }
        newton_clear(&w);
        return;
    }
    struct krylov_extremes x;
    struct krylov_operator hessian = {t->n, multiply_by_hessian, t, t->reporter};
    if (!trainer_go(t, t->theta) ||
        krylov_extremes(&hessian, KRYLOV_LARGEST | KRYLOV_SMALLEST, 1e-3, EIGEN_PRODUCTS, 0, &x, NULL, &t->error))
        return;
    *smallest = x.smallest;
    *largest = x.largest;
    *error = fmax(x.smallest_error, x.largest_error);
}

double train_sharpness(struct trainer *t, const double *theta, const struct reporter *reporter)
{
    struct krylov_extremes x;
    struct krylov_operator hessian = {t->n, multiply_by_hessian, t, reporter};
    tape_move(t->tape, theta);
    bool found = !krylov_extremes(&hessian, KRYLOV_LARGEST, 1e-2, SHARPNESS_PRODUCTS, 0, &x, NULL, NULL);
    return found ? x.largest : NAN;
}
