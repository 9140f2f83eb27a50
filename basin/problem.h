/* A learning problem: network, examples, loss, behaviour. Everything else in basin/ is a function of a problem and
 * theta.
 *
 * L(theta) = (1/n) sum_i l_i + weight_decay/2 |theta|^2 over n examples, natural logarithms:
 *   mse  l = 1/2 |f - t|^2 summed over outputs
 *   bce  l = - sum_j t_j ln p_j + (1 - t_j) ln(1 - p_j),  p = sigmoid(f), summed over outputs
 *   ce   l = - sum_j t_j ln p_j,  p = softmax(f)
 * Behaviour: the outputs f, or the probabilities p, of the examples, flattened (n, outputs) row-major.
 */
#ifndef GEARS_BASIN_PROBLEM_H
#define GEARS_BASIN_PROBLEM_H

#include "basin/network.h"

enum loss_kind { LOSS_MSE, LOSS_BCE, LOSS_CE };
enum behaviour_kind { BEHAVIOUR_OUTPUTS, BEHAVIOUR_PROBABILITIES };

struct problem {
    struct network network;
    size_t n;        /* examples */
    const double *x; /* (n, width[0]) row-major; borrowed */
    const double *t; /* (n, width[n_layers]); borrowed */
    enum loss_kind loss;
    enum behaviour_kind behaviour; /* PROBABILITIES: sigmoid for mse and bce, softmax for ce */
    double weight_decay;
};

/* Number of behaviours k = n x outputs. */
size_t problem_behaviours(const struct problem *p);

/* What the derivatives at one theta share: activations and slopes of every layer for all examples, backward signals.
 * Made once per problem (memory about 4 n (sum of widths) doubles and a few workspaces), moved from theta to theta. Not
 * shared between threads. */
struct tape;
enum status tape_new(const struct problem *p, struct tape **out, struct error *e);
void tape_free(struct tape *t);

/* Go to theta (N; copied): forward and backward passes. Returns L; NaN or infinite where it overflows. */
double tape_move(struct tape *t, const double *theta);
/* Only the forward pass: L. The derivatives and slopes below need tape_move again. */
double tape_loss(struct tape *t, const double *theta);

/* L and its gradient g (N) in one, without what the other derivatives below need: those need tape_move again. */
double tape_slope(struct tape *t, const double *theta, double *g);

/* f (n, outputs) of the last move or loss; probabilities likewise; both owned by the tape. */
const double *tape_outputs(const struct tape *t);
const double *tape_probabilities(struct tape *t);
/* Activations a_l (n, width[l]) of layer l = 0 .. n_layers (0: inputs), slopes f'(z_l) of l = 1 .. n_layers-1. */
const double *tape_activations(const struct tape *t, size_t l);
const double *tape_slopes(const struct tape *t, size_t l);

/* dL/d theta into g (N). */
void tape_gradient(const struct tape *t, double *g);

/* The backward pass again, from the slopes (n, width[l]) of any function of the hidden activations, l = 1 ..
 * n_layers-1: tape_gradient is then that function's, but for the weight decay. The derivatives of the loss need
 * tape_move again. */
void tape_backward_from(struct tape *t, double *const *slopes);

/* Behaviour gradients G (k, N) row-major, row (example x outputs + output). */
void tape_behaviour_jacobian(struct tape *t, double *G);

/* dL/d behaviour r (k) and, blockwise, D = d2L/d behaviour2, (n, outputs, outputs): the weight decay has no part in
 * either. For probabilities of ce both are projected on the tangent of the simplex. dL/d theta = G^T r + weight_decay
 * theta; at outputs or probabilities within rounding of their limits the slopes by probabilities overflow. */
void tape_behaviour_slopes(struct tape *t, double *r, double *D);

enum hessian_part {
    HESSIAN_FULL,         /* Gauss-Newton + residual + weight decay */
    HESSIAN_GAUSS_NEWTON, /* sum_i J_i^T (d2 l_i/df2) J_i / n, J_i = df_i/d theta: always in terms of the outputs f */
    HESSIAN_RESIDUAL      /* sum_i (dl_i/df) . d2 f_i/d theta2 / n */
};

/* H v into hv (N): exact (Pearlmutter 1994), about 12 n N flops. */
void tape_hvp(struct tape *t, enum hessian_part part, const double *v, double *hv);

/* The dense matrix, H (N, N) row-major, both triangles: blockwise matrix products over the examples. STATUS_FAILED:
 * memory. */
enum status tape_hessian(struct tape *t, enum hessian_part part, double *H, struct error *e);

#endif
