/* Inside the derivatives of a problem: what loss.c and tape_*.c share. Everybody else reads problem.h.
 *
 * Layer l = 0 .. L-1 takes a_l (n, width[l]) to z_{l+1} = a_l W_l^T + b_l and a_{l+1} = f(z_{l+1}). The last one has no
 * activation: a_L = z_L are the outputs. a_0 are the inputs.
 */
#ifndef GEARS_BASIN_TAPE_H
#define GEARS_BASIN_TAPE_H

#include "basin/panel.h"
#include "basin/problem.h"

/* Examples that a pass with a workspace of its own takes at a time: what it touches then stays in cache. */
enum { TAPE_BATCH = 128 };

struct tape {
    struct problem problem;
    struct panel *panel;                        /* for tape_slope */
    double *memory;                             /* one block that holds all arrays below but the borrowed inputs */
    double *theta;                              /* (N) */
    double *transposed;                         /* (N) W_l^T (width[l], width[l+1]) at weight_at[l] */
    const double *inputs;                       /* a_0; borrowed */
    double *activation[NETWORK_MAX_LAYERS + 1]; /* a_l, l = 1 .. L */
    double *slope[NETWORK_MAX_LAYERS];          /* f'(z_l), l = 1 .. L-1 */
    double *bend[NETWORK_MAX_LAYERS];           /* (dL/da_l) f''(z_l), l = 1 .. L-1 */
    double *delta[NETWORK_MAX_LAYERS + 1];      /* dL/dz_l, l = 1 .. L */
    double *probability;                        /* (n, outputs) */
    double *variance;                           /* (n, outputs) p (1 - p) of the logistic function; only for bce */
    /* workspaces of tape_hvp, TAPE_BATCH rows each, and of tape_behaviour_jacobian */
    double *v_transposed;                                                  /* (N) */
    double *z_moved[NETWORK_MAX_LAYERS + 1], *a_moved[NETWORK_MAX_LAYERS]; /* l = 1 .. L; l = 1 .. L-1 */
    double *signal[2];                                                     /* (TAPE_BATCH, widest) */
    double *ones;                                                          /* (TAPE_BATCH) */
    size_t jacobian_batch;                                                 /* examples at a time */
    double *row_signal[2];                                                 /* (jacobian_batch x outputs, widest) */
};

static inline const double *tape_layer(const struct tape *t, size_t l)
{
    return l == 0 ? t->inputs : t->activation[l];
}

/* W_l^T of theta at weight_at[l] for every layer; biases are not copied. */
void tape_transpose_weights(const struct network *net, const double *theta, double *transposed);

/* The loss of outputs f (n, m) without weight decay; its gradient into delta (n, m) unless NULL. */
double loss_value(const struct problem *p, const double *f, double *delta);
/* The sum of the losses of n examples, the columns of panels (m, n) with row length ld: outputs f, targets t; the
 * slopes of each one's own loss by its outputs into the panel delta. */
double loss_panel(enum loss_kind kind, size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld);
/* Softmax of the rows of f for ce, else the logistic function, into p (n, m). */
void loss_probabilities(const struct problem *p, const double *f, double *probability);
/* p (1 - p) of the logistic function, (n, m). */
void loss_variances(const struct problem *p, const double *f, double *variance);
/* out (m) := (d2L/df2) u of example i. out may be u. */
void loss_curvature(const struct tape *t, size_t i, const double *u, double *out);
/* out (m) := (dp/df) u of example i. out may be u. */
void loss_probability_slope(const struct tape *t, size_t i, const double *u, double *out);

#endif
