/* Levenberg-Marquardt: with the Gauss-Newton part B^T B of the Hessian, B = S^T J / sqrt(n), J the slopes of the
 * outputs and S S^T = d2 l/df2 of each example, solve (B^T B + (wd + mu) I) step = -grad L. Where there are fewer
 * outputs than parameters this is done in the space of the outputs. mu follows the gain ratio (Nielsen 1999). */
#include "basin/train_private.h"

#include "solver/linalg.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REJECTIONS = 60 };
static const double FIRST_MU = 1e-3, LARGEST_MATRICES = 268435456.0; /* numbers: 2 GiB */

/* What a resumed run needs: trainer.number. */
enum { NUMBER_MU, NUMBER_NU };

struct lm {
    struct trainer *t;
    bool by_outputs;         /* else by parameters */
    size_t k, m;             /* outputs in all; size of the system */
    double *b;               /* (k, N) by_outputs: B */
    double *u, *b_theta, *y; /* (k) by_outputs: grad L = B^T u + wd theta; B theta */
    double *matrix;          /* (m, m) B B^T or B^T B */
    double *factor;          /* (m, m) */
    double *step, *trial;    /* (N) */
};

static bool lm_new(struct lm *l, struct trainer *t)
{
    size_t n = t->n, k = problem_behaviours(&t->problem);
    *l = (struct lm){.t = t, .by_outputs = k < n, .k = k, .m = k < n ? k : n};
    double numbers = 2.0 * (double)l->m * (double)l->m + (l->by_outputs ? (double)k * (double)n : 0);
    if (numbers > LARGEST_MATRICES) {
        error_set(
            &t->error, STATUS_FAILED,
            "Levenberg-Marquardt would need matrices of %.1f GiB here (%zu outputs, %zu parameters): flow or adam?",
            numbers * 8 / 1073741824, k, n);
        return false;
    }
    l->matrix = malloc(l->m * l->m * sizeof(double));
    l->factor = malloc(l->m * l->m * sizeof(double));
    l->step = malloc(2 * n * sizeof(double));
    l->b = malloc((l->by_outputs ? k * n : 1) * sizeof(double));
    l->u = malloc(3 * k * sizeof(double));
    if (!l->matrix || !l->factor || !l->step || !l->b || !l->u) {
        error_memory(&t->error);
        return false;
    }
    l->trial = l->step + n;
    l->b_theta = l->u + k;
    l->y = l->b_theta + k;
    return true;
}

static void lm_clear(struct lm *l)
{
    free(l->matrix);
    free(l->factor);
    free(l->step);
    free(l->b);
    free(l->u);
}

/* --- where the fewer are the outputs ----------------------------------------------------------------------------- */

/* Row i of J (N) -> B for a loss whose second derivative is diagonal: h = d2l/df2, r = dl/df. */
static void curve_row(const struct lm *l, size_t i, double h, double r)
{
    double root = sqrt(fmax(h, DBL_MIN)), n = sqrt((double)l->t->problem.n);
    linalg_scale(l->t->n, root / n, l->b + i * l->t->n);
    l->u[i] = r / root / n;
}

/* The rows of one example under ce: S = diag sqrt(p) - p sqrt(p)^T, so B_j = sqrt(p_j) (J_j - sum_i p_i J_i); `mean`
 * (N). */
static void curve_categorical(const struct lm *l, size_t outputs, const double *p, const double *targets, double *b,
                              double *u, double *mean)
{
    size_t n = l->t->n;
    double examples = sqrt((double)l->t->problem.n);
    memset(mean, 0, n * sizeof *mean);
    for (size_t j = 0; j < outputs; j++)
        linalg_axpy(n, p[j], b + j * n, mean);
    for (size_t j = 0; j < outputs; j++) {
        double root = sqrt(fmax(p[j], DBL_MIN));
        linalg_axpy(n, -1, mean, b + j * n);
        linalg_scale(n, root / examples, b + j * n);
        u[j] = (p[j] - targets[j]) / root / examples;
    }
}

static void linearise_outputs(struct lm *l)
{
    struct trainer *t = l->t;
    const struct problem *p = &t->problem;
    const double *f = tape_outputs(t->tape), *prob = p->loss == LOSS_MSE ? NULL : tape_probabilities(t->tape);
    size_t outputs = p->network.width[p->network.n_layers];
    tape_behaviour_jacobian(t->tape, l->b);
    for (size_t i = 0; i < l->k; i++) {
        if (p->loss == LOSS_MSE)
            curve_row(l, i, 1, f[i] - p->t[i]);
        else if (p->loss == LOSS_BCE)
            curve_row(l, i, prob[i] * (1 / (1 + exp(f[i]))), prob[i] - p->t[i]);
        else if (i % outputs == 0)
            curve_categorical(l, outputs, prob + i, p->t + i, l->b + i * t->n, l->u + i, l->trial);
    }
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, l->k, l->k, t->n, 1, l->b, t->n, l->b, t->n, 0, l->matrix, l->k);
    linalg_multiply_vector(LINALG_PLAIN, l->k, t->n, 1, l->b, t->n, t->theta, 0, l->b_theta);
}

/* With M = B B^T + c I, c = wd + mu: step = -B^T M^-1 (u - wd/c B theta) - wd/c theta. */
static void solve_outputs(struct lm *l, double c)
{
    struct trainer *t = l->t;
    double part = t->problem.weight_decay / c;
    for (size_t i = 0; i < l->k; i++)
        l->y[i] = l->u[i] - part * l->b_theta[i];
    linalg_cholesky_solve(l->k, 1, l->factor, l->y);
    memset(l->step, 0, t->n * sizeof *l->step);
    linalg_axpy(t->n, -part, t->theta, l->step);
    linalg_multiply_vector(LINALG_TRANSPOSED, l->k, t->n, -1, l->b, t->n, l->y, 1, l->step);
}

/* --- the method -------------------------------------------------------------------------------------------------- */

static enum status linearise(struct lm *l)
{
    if (!l->by_outputs)
        return tape_hessian(l->t->tape, HESSIAN_GAUSS_NEWTON, l->matrix, &l->t->error);
    linearise_outputs(l);
    return STATUS_OK;
}

static bool solve(struct lm *l, double mu)
{
    struct trainer *t = l->t;
    double c = t->problem.weight_decay + mu;
    memcpy(l->factor, l->matrix, l->m * l->m * sizeof *l->factor);
    for (size_t i = 0; i < l->m; i++)
        l->factor[i * l->m + i] += c;
    if (linalg_cholesky(l->m, l->factor, NULL))
        return false;
    if (l->by_outputs) {
        solve_outputs(l, c);
        return true;
    }
    for (size_t i = 0; i < t->n; i++)
        l->step[i] = -t->gradient[i];
    linalg_cholesky_solve(t->n, 1, l->factor, l->step);
    return true;
}

/* Try the step for the present mu, and adapt mu to how it went. */
static bool try_step(struct lm *l)
{
    struct trainer *t = l->t;
    double *mu = &t->number[NUMBER_MU], *nu = &t->number[NUMBER_NU], gained = 0;
    bool moved = false;
    if (solve(l, *mu)) {
        /* what the quadratic model says will be gained, half of mu |step|^2 - grad . step */
        double expected = (*mu * linalg_dot(t->n, l->step, l->step) - linalg_dot(t->n, l->step, t->gradient)) / 2;
        for (size_t i = 0; i < t->n; i++)
            l->trial[i] = t->theta[i] + l->step[i];
        moved = trainer_improve(t, l->trial, &gained);
        if (moved) {
            double ratio = gained > 0 ? gained / expected : 1, bent = 2 * ratio - 1;
            *mu *= fmax(1.0 / 3, 1 - bent * bent * bent);
            *nu = 2;
        }
    }
    if (!moved) {
        *mu *= *nu;
        *nu *= 2;
    }
    return moved;
}

static enum train_end lm_step(struct lm *l)
{
    struct trainer *t = l->t;
    if (linearise(l))
        return TRAIN_ERROR;
    if (t->number[NUMBER_MU] == 0) {
        double trace = 0;
        for (size_t i = 0; i < l->m; i++)
            trace += l->matrix[i * l->m + i];
        t->number[NUMBER_MU] = FIRST_MU * (trace > 0 ? trace / (double)t->n : 1);
        t->number[NUMBER_NU] = 2;
    }
    int rejected = 0;
    while (!try_step(l)) {
        if (++rejected == MAX_REJECTIONS || t->number[NUMBER_MU] > 1e100)
            return TRAIN_STALLED;
        if (reporter_stop_requested(t->reporter))
            return TRAIN_STOPPED;
    }
    t->s = (double)++t->step;
    return trainer_step(t);
}

enum train_end train_by_lm(struct trainer *t)
{
    struct lm l;
    enum train_end end = lm_new(&l, t) ? TRAIN_GOES_ON : TRAIN_ERROR;
    while (end == TRAIN_GOES_ON)
        end = lm_step(&l);
    lm_clear(&l);
    return end;
}
