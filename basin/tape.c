/* The tape itself: memory, forward and backward passes, gradient. */
#include "basin/tape.h"

#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    JACOBIAN_WORK = 1 << 16
}; /* numbers in each workspace of the behaviour Jacobian, if one example needs no more */

size_t problem_behaviours(const struct problem *p)
{
    return p->n * p->network.width[p->network.n_layers];
}

/* Deals out the one block of memory; with memory NULL it only counts. */
struct dealer {
    double *memory;
    size_t used;
};

static double *deal(struct dealer *d, size_t n)
{
    double *piece = d->memory ? d->memory + d->used : NULL;
    d->used += (n + 7) / 8 * 8; /* whole cache lines */
    return piece;
}

static void deal_all(struct tape *t, struct dealer *d)
{
    const struct network *net = &t->problem.network;
    size_t n = t->problem.n, last = net->n_layers, outputs = net->width[last], widest = 1;
    t->theta = deal(d, net->n_parameters);
    t->transposed = deal(d, net->n_parameters);
    t->v_transposed = deal(d, net->n_parameters);
    for (size_t l = 1; l <= last; l++) {
        size_t width = net->width[l];
        widest = width > widest ? width : widest;
        t->activation[l] = deal(d, n * width);
        t->delta[l] = deal(d, n * width);
        t->z_moved[l] = deal(d, TAPE_BATCH * width);
        if (l == last)
            break;
        t->slope[l] = deal(d, n * width);
        t->bend[l] = deal(d, n * width);
        t->a_moved[l] = deal(d, TAPE_BATCH * width);
    }
    t->ones = deal(d, TAPE_BATCH);
    t->probability = deal(d, n * outputs);
    t->variance = t->problem.loss == LOSS_BCE ? deal(d, n * outputs) : NULL;
    size_t batch = JACOBIAN_WORK / (outputs * widest);
    t->jacobian_batch = batch < 1 ? 1 : batch < n ? batch : n;
    for (int k = 0; k < 2; k++) {
        t->signal[k] = deal(d, TAPE_BATCH * widest);
        t->row_signal[k] = deal(d, t->jacobian_batch * outputs * widest);
    }
}

enum status tape_new(const struct problem *p, struct tape **out, struct error *e)
{
    struct dealer count = {0};
    struct tape *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return error_memory(e);
    t->problem = *p;
    t->inputs = p->x;
    deal_all(t, &count);
    struct dealer dealer = {.memory = aligned_alloc(64, count.used * sizeof(double))};
    enum status status = dealer.memory ? panel_new(p, &t->panel, e) : error_memory(e);
    t->memory = dealer.memory;
    if (status) {
        tape_free(t);
        return status;
    }
    deal_all(t, &dealer);
    for (size_t i = 0; i < TAPE_BATCH; i++)
        t->ones[i] = 1;
    *out = t;
    return STATUS_OK;
}

void tape_free(struct tape *t)
{
    if (!t)
        return;
    panel_free(t->panel);
    free(t->memory);
    free(t);
}

void tape_transpose_weights(const struct network *net, const double *theta, double *transposed)
{
    for (size_t l = 0; l < net->n_layers; l++) {
        const double *w = theta + net->weight_at[l];
        double *wt = transposed + net->weight_at[l];
        for (size_t o = 0; o < net->width[l + 1]; o++)
            for (size_t i = 0; i < net->width[l]; i++)
                wt[i * net->width[l + 1] + o] = w[o * net->width[l] + i];
    }
}

/* z_{l+1} = a_l W_l^T + b_l into activation[l + 1]. */
static void affine(const struct tape *t, size_t l)
{
    const struct network *net = &t->problem.network;
    size_t n = t->problem.n, in = net->width[l], out = net->width[l + 1];
    double *z = t->activation[l + 1];
    for (size_t i = 0; i < n && net->bias; i++)
        memcpy(z + i * out, t->theta + net->bias_at[l], out * sizeof *z);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, n, out, in, 1, tape_layer(t, l), in, t->transposed + net->weight_at[l],
                    out, net->bias ? 1 : 0, z, out);
}

static void forward(struct tape *t, const double *theta, bool derivatives)
{
    const struct network *net = &t->problem.network;
    memcpy(t->theta, theta, net->n_parameters * sizeof *theta);
    tape_transpose_weights(net, t->theta, t->transposed);
    for (size_t l = 0; l < net->n_layers; l++) {
        affine(t, l);
        if (l + 1 < net->n_layers)
            net->activation->evaluate(t->problem.n * net->width[l + 1], t->activation[l + 1], t->activation[l + 1],
                                      derivatives ? t->slope[l + 1] : NULL, derivatives ? t->bend[l + 1] : NULL);
    }
}

/* dL/da_l = delta_{l+1} W_l turns f'(z_l) and f''(z_l) into delta_l and the bend of layer l. */
static void backward(struct tape *t)
{
    const struct network *net = &t->problem.network;
    size_t n = t->problem.n;
    for (size_t l = net->n_layers - 1; l >= 1; l--) {
        size_t in = net->width[l], out = net->width[l + 1];
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, n, in, out, 1, t->delta[l + 1], out, t->theta + net->weight_at[l],
                        in, 0, t->delta[l], in);
        const double *slope = t->slope[l];
        double *bend = t->bend[l], *delta = t->delta[l];
#pragma omp simd
        for (size_t i = 0; i < n * in; i++) {
            bend[i] *= delta[i];
            delta[i] *= slope[i];
        }
    }
}

void tape_backward_from(struct tape *t, double *const *slopes)
{
    const struct network *net = &t->problem.network;
    size_t n = t->problem.n, last = net->n_layers;
    memset(t->delta[last], 0, n * net->width[last] * sizeof(double));
    for (size_t l = last - 1; l >= 1; l--) {
        size_t in = net->width[l], out = net->width[l + 1];
        double *delta = t->delta[l];
        memcpy(delta, slopes[l], n * in * sizeof *delta);
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, n, in, out, 1, t->delta[l + 1], out, t->theta + net->weight_at[l],
                        in, 1, delta, in);
        for (size_t i = 0; i < n * in; i++)
            delta[i] *= t->slope[l][i];
    }
}

static double decay(const struct tape *t)
{
    if (t->problem.weight_decay == 0)
        return 0;
    return t->problem.weight_decay / 2 * linalg_dot(t->problem.network.n_parameters, t->theta, t->theta);
}

double tape_loss(struct tape *t, const double *theta)
{
    forward(t, theta, false);
    return loss_value(&t->problem, tape_outputs(t), NULL) + decay(t);
}

double tape_move(struct tape *t, const double *theta)
{
    forward(t, theta, true);
    double loss = loss_value(&t->problem, tape_outputs(t), t->delta[t->problem.network.n_layers]);
    loss_probabilities(&t->problem, tape_outputs(t), t->probability);
    if (t->variance)
        loss_variances(&t->problem, tape_outputs(t), t->variance);
    backward(t);
    return loss + decay(t);
}

double tape_slope(struct tape *t, const double *theta, double *g)
{
    return panel_slope(t->panel, theta, NULL, t->problem.n, g);
}

const double *tape_outputs(const struct tape *t)
{
    return t->activation[t->problem.network.n_layers];
}

const double *tape_probabilities(struct tape *t)
{
    loss_probabilities(&t->problem, tape_outputs(t), t->probability);
    return t->probability;
}

const double *tape_activations(const struct tape *t, size_t l)
{
    return tape_layer(t, l);
}

const double *tape_slopes(const struct tape *t, size_t l)
{
    return t->slope[l];
}

void tape_gradient(const struct tape *t, double *g)
{
    const struct network *net = &t->problem.network;
    for (size_t l = 0; l < net->n_layers; l++) {
        size_t in = net->width[l], out = net->width[l + 1];
        const double *delta = t->delta[l + 1];
        double *bias = g + net->bias_at[l];
        linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, out, in, t->problem.n, 1, delta, out, tape_layer(t, l), in, 0,
                        g + net->weight_at[l], in);
        if (!net->bias)
            continue;
        memset(bias, 0, out * sizeof *bias);
        for (size_t i = 0; i < t->problem.n; i++)
#pragma omp simd
            for (size_t o = 0; o < out; o++)
                bias[o] += delta[i * out + o];
    }
    if (t->problem.weight_decay != 0)
        linalg_axpy(net->n_parameters, t->problem.weight_decay, t->theta, g);
}
