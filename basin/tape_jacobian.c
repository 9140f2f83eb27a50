/* Behaviour gradients G. */
#include "basin/tape.h"

#include "solver/linalg.h"

#include <string.h>

/* The signals of a batch at the outputs, (batch x outputs, outputs): d behaviour/df. */
static void start_signals(const struct tape *t, size_t from, size_t batch, double *signal)
{
    size_t m = t->problem.network.width[t->problem.network.n_layers];
    memset(signal, 0, batch * m * m * sizeof *signal);
    for (size_t row = 0; row < batch * m; row++) {
        double *u = signal + row * m;
        u[row % m] = 1;
        if (t->problem.behaviour == BEHAVIOUR_PROBABILITIES)
            loss_probability_slope(t, from + row / m, u, u);
    }
}

/* signal := (signal W_l) f'(z_l), into `next`. */
static void propagate(const struct tape *t, size_t l, size_t from, size_t batch, const double *signal, double *next)
{
    const struct network *net = &t->problem.network;
    size_t m = net->width[net->n_layers], in = net->width[l], out = net->width[l + 1];
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, batch * m, in, out, 1, signal, out, t->theta + net->weight_at[l], in, 0,
                    next, in);
    for (size_t row = 0; row < batch * m; row++) {
        const double *slope = t->slope[l] + (from + row / m) * in;
#pragma omp simd
        for (size_t i = 0; i < in; i++)
            next[row * in + i] *= slope[i];
    }
}

/* The columns of layer l in the rows of a batch: signal x activation, and the signal itself for the biases. */
static void write_columns(const struct tape *t, size_t l, size_t from, size_t batch, const double *signal, double *G)
{
    const struct network *net = &t->problem.network;
    size_t m = net->width[net->n_layers], in = net->width[l], out = net->width[l + 1];
    for (size_t row = 0; row < batch * m; row++) {
        const double *a = tape_layer(t, l) + (from + row / m) * in, *s = signal + row * out;
        double *g = G + (from * m + row) * net->n_parameters;
        for (size_t o = 0; o < out; o++)
#pragma omp simd
            for (size_t i = 0; i < in; i++)
                g[net->weight_at[l] + o * in + i] = s[o] * a[i];
        if (net->bias)
            memcpy(g + net->bias_at[l], s, out * sizeof *s);
    }
}

void tape_behaviour_jacobian(struct tape *t, double *G)
{
    const struct network *net = &t->problem.network;
    for (size_t from = 0, batch; from < t->problem.n; from += batch) {
        batch = t->jacobian_batch < t->problem.n - from ? t->jacobian_batch : t->problem.n - from;
        double *signal = t->row_signal[0], *next = t->row_signal[1];
        start_signals(t, from, batch, signal);
        for (size_t l = net->n_layers; l-- > 0;) {
            write_columns(t, l, from, batch, signal, G);
            if (l == 0)
                break;
            propagate(t, l, from, batch, signal, next);
            double *kept = signal;
            signal = next;
            next = kept;
        }
    }
}
