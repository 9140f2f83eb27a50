#include "basin/panel.h"

#include "basin/tape.h"
#include "solver/linalg.h"
#include "solver/thin.h"
#include "solver/wide.h"

#include <stdlib.h>
#include <string.h>

enum {
    LONGEST = 256, /* examples: enough that a product's beginning and end count for little, and the panels of all layers
                      stay in the second cache */
    STRIP = 16,
    APART = 8, /* what thin_multiply likes the lengths of rows to be, and their distance beyond that */
    FEW_INPUTS = 8
};

struct panel {
    struct problem problem;
    bool by_rows; /* the first layer's products take the inputs as they lie in memory, an example in a row: they are
                     many, and that spares turning them round */
    size_t length, ld;                          /* the longest panel, its row length in memory */
    double *memory;                             /* one block that holds all arrays below */
    double *target;                             /* (outputs, length) */
    double *activation[NETWORK_MAX_LAYERS + 1]; /* a_l (width[l], length), l = 0 .. L; without a_0 if by_rows */
    double *slope[NETWORK_MAX_LAYERS];          /* f'(z_l), l = 1 .. L-1 */
    double *delta[2];                           /* d(loss)/dz_l (widest, length), l odd or even */
    /* only if by_rows: chosen inputs (length, width[0]), W_0^T (width[0], strips), z_1 less its bias (length, strips),
     * dL/dW_0 of a panel (width[1], width[0]); strips: width[1] and columns of 0 up to a whole strip */
    size_t strips;
    double *input, *transposed, *z, *block;
};

static size_t rounded_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Deals out the one block of memory; with memory NULL it only counts. */
struct dealer {
    double *memory;
    size_t used;
};

static double *deal(struct dealer *d, size_t rows, size_t ld)
{
    double *piece = d->memory ? d->memory + d->used : NULL;
    d->used += rounded_up(rows * ld, 8); /* whole cache lines */
    return piece;
}

static void deal_all(struct panel *b, struct dealer *d)
{
    const struct network *net = &b->problem.network;
    size_t last = net->n_layers, in = net->width[0], out = net->width[1], widest = 1;
    b->target = deal(d, net->width[last], b->ld);
    for (size_t l = 1; l <= last; l++) {
        widest = net->width[l] > widest ? net->width[l] : widest;
        b->activation[l] = deal(d, net->width[l], b->ld);
        if (l < last)
            b->slope[l] = deal(d, net->width[l], b->ld);
    }
    b->delta[0] = deal(d, widest, b->ld);
    b->delta[1] = deal(d, widest, b->ld);
    if (b->by_rows) {
        b->input = deal(d, b->length, in);
        b->z = deal(d, b->length, b->strips);
        b->transposed = deal(d, in, b->strips);
        b->block = deal(d, out, in);
    } else
        b->activation[0] = deal(d, in, b->ld);
}

enum status panel_new(const struct problem *p, struct panel **out, struct error *e)
{
    struct dealer count = {0};
    struct panel *b = *out = calloc(1, sizeof *b);
    if (!b)
        return error_memory(e);
    b->problem = *p;
    b->by_rows = p->network.width[0] >= FEW_INPUTS && p->network.width[0] >= p->network.width[1];
    b->strips = rounded_up(p->network.width[1], STRIP);
    b->length = p->n < LONGEST ? rounded_up(p->n, STRIP) : LONGEST;
    b->ld = b->length + APART;
    deal_all(b, &count);
    struct dealer dealer = {.memory = aligned_alloc(64, count.used * sizeof(double))};
    if (!dealer.memory) {
        free(b);
        *out = NULL;
        return error_memory(e);
    }
    b->memory = dealer.memory;
    deal_all(b, &dealer);
    for (size_t i = 0; b->by_rows && i < p->network.width[0] * b->strips; i++)
        b->transposed[i] = 0;
    return STATUS_OK;
}

void panel_free(struct panel *b)
{
    if (!b)
        return;
    free(b->memory);
    free(b);
}

/* Examples first .. first + length - 1 of a pass. */
struct part {
    const size_t *row; /* NULL: they are these rows themselves */
    size_t first, length, whole;
    const double *input; /* (length, width[0]) if by_rows */
};

/* Rows of a, `width` numbers of lda, as the columns of a panel. The last strip is filled up with copies of the last
 * one, whose slopes are then set to 0. */
static void turn(const struct part *part, size_t width, const double *a, size_t lda, double *panel, size_t ld)
{
    enum { AT_ONCE = 8 }; /* a cache line of the panel */
    for (size_t j0 = 0; j0 < part->whole; j0 += AT_ONCE) {
        const double *from[AT_ONCE];
        for (size_t j = 0; j < AT_ONCE; j++) {
            size_t k = part->first + (j0 + j < part->length ? j0 + j : part->length - 1);
            from[j] = a + (part->row ? part->row[k] : k) * lda;
        }
        for (size_t i = 0; i < width; i++)
#pragma GCC unroll 8
            for (size_t j = 0; j < AT_ONCE; j++)
                panel[i * ld + j0 + j] = from[j][i];
    }
}

static void load(struct panel *b, struct part *part)
{
    const struct problem *p = &b->problem;
    size_t in = p->network.width[0], outputs = p->network.width[p->network.n_layers];
    turn(part, outputs, p->t, outputs, b->target, b->ld);
    if (!b->by_rows)
        turn(part, in, p->x, in, b->activation[0], b->ld);
    else if (!part->row)
        part->input = p->x + part->first * in;
    else {
        for (size_t j = 0; j < part->length; j++)
            memcpy(b->input + j * in, p->x + part->row[part->first + j] * in, in * sizeof *b->input);
        part->input = b->input;
    }
}

WIDE_INLINE void raise_body(size_t m, size_t n, const double *a, double *y, size_t ld)
{
    for (size_t i = 0; i < m; i++)
#pragma omp simd
        for (size_t j = 0; j < n; j++)
            y[i * ld + j] += a[i];
}
WIDE_DEFINE(raise, (size_t m, size_t n, const double *a, double *y, size_t ld), (m, n, a, y, ld))

WIDE_INLINE void times_body(size_t m, size_t n, const double *a, double *y, size_t ld)
{
    for (size_t i = 0; i < m; i++)
#pragma omp simd
        for (size_t j = 0; j < n; j++)
            y[i * ld + j] *= a[i * ld + j];
}
WIDE_DEFINE(times, (size_t m, size_t n, const double *a, double *y, size_t ld), (m, n, a, y, ld))

/* z_1 from inputs in rows. */
static void first_layer(struct panel *b, const double *bias, const struct part *part)
{
    const struct network *net = &b->problem.network;
    size_t in = net->width[0], out = net->width[1];
    const struct part all = {.length = part->length, .whole = part->whole};
    thin_multiply(LINALG_PLAIN, part->length, b->strips, in, part->input, in, NULL, b->transposed, b->strips, b->z,
                  b->strips);
    turn(&all, out, b->z, b->strips, b->activation[1], b->ld);
    if (bias)
        raise(out, part->whole, bias, b->activation[1], b->ld);
}

static void forward(struct panel *b, const double *theta, const struct part *part)
{
    const struct network *net = &b->problem.network;
    size_t ld = b->ld;
    for (size_t l = 0; l < net->n_layers; l++) {
        size_t in = net->width[l], out = net->width[l + 1];
        const double *bias = net->bias ? theta + net->bias_at[l] : NULL;
        double *z = b->activation[l + 1], *slope = b->slope[l + 1];
        if (l == 0 && b->by_rows)
            first_layer(b, bias, part);
        else
            thin_multiply(LINALG_PLAIN, out, part->whole, in, theta + net->weight_at[l], in, bias, b->activation[l], ld,
                          z, ld);
        for (size_t i = 0; i < out && l + 1 < net->n_layers; i++)
            net->activation->evaluate(part->whole, z + i * ld, z + i * ld, slope + i * ld, NULL);
    }
}

/* g += d(loss)/dW_l (out, in). */
static void add_weights(struct panel *b, size_t l, const double *delta, const struct part *part, double *g)
{
    const struct network *net = &b->problem.network;
    size_t in = net->width[l], out = net->width[l + 1];
    if (l > 0 || !b->by_rows) {
        thin_inner(out, in, part->whole, delta, b->ld, b->activation[l], b->ld, g, in);
        return;
    }
    thin_multiply(LINALG_PLAIN, out, in, part->length, delta, b->ld, NULL, part->input, in, b->block, in);
    linalg_axpy(out * in, 1, b->block, g);
}

/* From d(loss)/dz_L in delta[L % 2] down to layer 1, adding to g on the way. */
static void backward(struct panel *b, const double *theta, const struct part *part, double *g)
{
    const struct network *net = &b->problem.network;
    size_t ld = b->ld;
    for (size_t l = net->n_layers; l-- > 0;) {
        size_t in = net->width[l], out = net->width[l + 1];
        const double *delta = b->delta[(l + 1) % 2];
        double *next = b->delta[l % 2];
        add_weights(b, l, delta, part, g + net->weight_at[l]);
        if (net->bias)
            thin_row_sums(out, part->whole, delta, ld, g + net->bias_at[l]);
        if (l == 0)
            break;
        thin_multiply(LINALG_TRANSPOSED, in, part->whole, out, theta + net->weight_at[l], in, NULL, delta, ld, next,
                      ld);
        times(in, part->whole, b->slope[l], next, ld);
    }
}

/* The losses' sum over a part; their gradient is added to g. */
static double pass(struct panel *b, const double *theta, struct part *part, double *g)
{
    const struct problem *p = &b->problem;
    size_t last = p->network.n_layers, outputs = p->network.width[last];
    double *delta = b->delta[last % 2];
    load(b, part);
    forward(b, theta, part);
    double loss = loss_panel(p->loss, outputs, part->length, b->activation[last], b->target, delta, b->ld);
    for (size_t i = 0; i < outputs; i++)
        memset(delta + i * b->ld + part->length, 0, (part->whole - part->length) * sizeof *delta);
    backward(b, theta, part, g);
    return loss;
}

double panel_slope(struct panel *b, const double *theta, const size_t *row, size_t count, double *g)
{
    const struct problem *p = &b->problem;
    const struct network *net = &p->network;
    size_t N = net->n_parameters;
    double loss = 0;
    memset(g, 0, N * sizeof *g);
    for (size_t i = 0; b->by_rows && i < net->width[0]; i++)
        for (size_t o = 0; o < net->width[1]; o++)
            b->transposed[i * b->strips + o] = theta[net->weight_at[0] + o * net->width[0] + i];
    for (size_t first = 0; first < count; first += b->length) {
        size_t length = count - first < b->length ? count - first : b->length;
        struct part part = {.row = row, .first = first, .length = length, .whole = rounded_up(length, STRIP)};
        loss += pass(b, theta, &part, g);
    }
    linalg_scale(N, 1 / (double)count, g);
    if (p->weight_decay == 0)
        return loss / (double)count;
    linalg_axpy(N, p->weight_decay, theta, g);
    return loss / (double)count + p->weight_decay / 2 * linalg_dot(N, theta, theta);
}
