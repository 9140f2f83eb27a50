/* Hessian-vector products: the derivative of the gradient along v (Pearlmutter 1994), a batch of examples at a time.
 * Moved quantities carry a dot in the comments: z. is the derivative of z along v. */
#include "basin/tape.h"

#include "solver/linalg.h"

#include <string.h>

struct pass {
    struct tape *tape;
    const double *v;
    double *hv;
    size_t from, batch;          /* examples */
    bool gauss_newton, residual; /* which terms take part */
};

/* Rows of a (n, width) array that belong to the batch. */
static const double *rows(const struct pass *p, const double *array, size_t width)
{
    return array + p->from * width;
}

/* z._{l+1} = a._l W_l^T + a_l V_l^T + v_b; a._0 = 0. */
static void move_affine(const struct pass *p, size_t l)
{
    const struct tape *t = p->tape;
    const struct network *net = &t->problem.network;
    size_t in = net->width[l], out = net->width[l + 1];
    double *z = t->z_moved[l + 1];
    for (size_t i = 0; i < p->batch && net->bias; i++)
        memcpy(z + i * out, p->v + net->bias_at[l], out * sizeof *z);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, p->batch, out, in, 1, rows(p, tape_layer(t, l), in), in,
                    t->v_transposed + net->weight_at[l], out, net->bias ? 1 : 0, z, out);
    if (l != 0)
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, p->batch, out, in, 1, t->a_moved[l], in,
                        t->transposed + net->weight_at[l], out, 1, z, out);
}

static void move_forward(const struct pass *p)
{
    const struct tape *t = p->tape;
    const struct network *net = &t->problem.network;
    for (size_t l = 0; l < net->n_layers; l++) {
        move_affine(p, l);
        if (l + 1 == net->n_layers)
            break;
        const double *slope = rows(p, t->slope[l + 1], net->width[l + 1]), *z = t->z_moved[l + 1];
        double *moved = t->a_moved[l + 1];
#pragma omp simd
        for (size_t i = 0; i < p->batch * net->width[l + 1]; i++)
            moved[i] = slope[i] * z[i];
    }
}

/* delta._L = (d2L/df2) z._L, or 0 without the Gauss-Newton part. */
static void start_signal(const struct pass *p, double *signal)
{
    const struct tape *t = p->tape;
    size_t last = t->problem.network.n_layers, m = t->problem.network.width[last];
    if (!p->gauss_newton)
        memset(signal, 0, p->batch * m * sizeof *signal);
    else
        for (size_t i = 0; i < p->batch; i++)
            loss_curvature(t, p->from + i, t->z_moved[last] + i * m, signal + i * m);
}

/* hv_W += delta._{l+1}^T a_l + delta_{l+1}^T a._l, hv_b += sum of delta._{l+1} */
static void add_products(const struct pass *p, size_t l, const double *signal)
{
    const struct tape *t = p->tape;
    const struct network *net = &t->problem.network;
    size_t in = net->width[l], out = net->width[l + 1];
    double *weight = p->hv + net->weight_at[l], *bias = p->hv + net->bias_at[l];
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, out, in, p->batch, 1, signal, out, rows(p, tape_layer(t, l), in),
                    in, 1, weight, in);
    if (p->residual && l != 0)
        linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, out, in, p->batch, 1, rows(p, t->delta[l + 1], out), out,
                        t->a_moved[l], in, 1, weight, in);
    if (net->bias)
        linalg_multiply_vector(LINALG_TRANSPOSED, p->batch, out, 1, signal, out, t->ones, 1, bias);
}

/* delta._l = (delta._{l+1} W_l + delta_{l+1} V_l) f'(z_l) + (dL/da_l) f''(z_l) z._l */
static void move_backward(const struct pass *p, size_t l, const double *signal, double *next)
{
    const struct tape *t = p->tape;
    const struct network *net = &t->problem.network;
    size_t in = net->width[l], out = net->width[l + 1];
    const double *slope = rows(p, t->slope[l], in), *bend = rows(p, t->bend[l], in), *z = t->z_moved[l];
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, p->batch, in, out, 1, signal, out, t->theta + net->weight_at[l], in, 0,
                    next, in);
    if (p->residual)
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, p->batch, in, out, 1, rows(p, t->delta[l + 1], out), out,
                        p->v + net->weight_at[l], in, 1, next, in);
    if (p->residual)
#pragma omp simd
        for (size_t i = 0; i < p->batch * in; i++)
            next[i] = next[i] * slope[i] + bend[i] * z[i];
    else
#pragma omp simd
        for (size_t i = 0; i < p->batch * in; i++)
            next[i] *= slope[i];
}

static void add_batch(const struct pass *p)
{
    double *signal = p->tape->signal[0], *next = p->tape->signal[1];
    move_forward(p);
    start_signal(p, signal);
    for (size_t l = p->tape->problem.network.n_layers; l-- > 0;) {
        add_products(p, l, signal);
        if (l == 0)
            break;
        move_backward(p, l, signal, next);
        double *kept = signal;
        signal = next;
        next = kept;
    }
}

void tape_hvp(struct tape *t, enum hessian_part part, const double *v, double *hv)
{
    struct pass p = {.tape = t,
                     .v = v,
                     .hv = hv,
                     .gauss_newton = part != HESSIAN_RESIDUAL,
                     .residual = part != HESSIAN_GAUSS_NEWTON};
    size_t n = t->problem.n, n_parameters = t->problem.network.n_parameters;
    memset(hv, 0, n_parameters * sizeof *hv);
    tape_transpose_weights(&t->problem.network, v, t->v_transposed);
    for (; p.from < n; p.from += TAPE_BATCH) {
        p.batch = n - p.from < TAPE_BATCH ? n - p.from : TAPE_BATCH;
        add_batch(&p);
    }
    if (part == HESSIAN_FULL && t->problem.weight_decay != 0)
        linalg_axpy(n_parameters, t->problem.weight_decay, v, hv);
}
