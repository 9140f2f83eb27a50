/* The dense Hessian, block by block: docs/hessian.md derives what is computed here and counts it.
 *
 * Layers are numbered from 0: layer l takes a_l to z_{l+1}. in, out: its widths; aug: in, and one more for the bias,
 * whose input is 1. S_lk (out(l), out(k)) is the second derivative of L by z_{l+1} and z_{k+1}, P_lk (out(l), in(k))
 * that of a_k by z_{l+1}, both one per example. In memory [o][example][o'], so that W^T S and S W are one product each
 * for all examples.
 */
#include "basin/tape.h"

#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_PAIRS = 1536,     /* rows and columns of a product of pairs; larger ones would not be faster */
    LEAST_EXAMPLES = 64,   /* in a batch, where there are that many */
    LEAST_BUDGET = 1 << 17 /* numbers of scratch that are always allowed: 1 MiB */
};

struct assembly {
    const struct tape *tape;
    const struct network *net;
    bool gauss_newton, residual;
    double *H;
    size_t N, from, batch; /* examples in work */
    size_t most_batch;
    size_t units;                      /* of a layer at a time */
    size_t rows, columns;              /* of a product of pairs, at most */
    double *memory;                    /* one block for everything below */
    double *input[NETWORK_MAX_LAYERS]; /* a_l with a 1 behind it where there are biases, (batch, aug) */
    double *kept[2];                   /* S_lk for all k, of even and of odd l */
    double *slab;                      /* S_0k of a few units */
    double *forward[2];                /* P_lk of a few units, now and for the next k */
    double *left, *right, *product;    /* (batch, rows), (batch, columns), (rows, columns) */
};

static size_t in(const struct assembly *a, size_t l)
{
    return a->net->width[l];
}

static size_t out(const struct assembly *a, size_t l)
{
    return a->net->width[l + 1];
}

static size_t aug(const struct assembly *a, size_t l)
{
    return a->net->width[l] + (a->net->bias ? 1 : 0);
}

/* Place in theta of what multiplies input i of unit o. */
static size_t parameter(const struct assembly *a, size_t l, size_t o, size_t i)
{
    return i < in(a, l) ? a->net->weight_at[l] + o * in(a, l) + i : a->net->bias_at[l] + o;
}

static const double *batch_rows(const struct assembly *a, const double *array, size_t width)
{
    return array + a->from * width;
}

static size_t smaller(size_t x, size_t y)
{
    return x < y ? x : y;
}

/* --- sums of pair products ---------------------------------------------------------------------------------------- */

/* The units o0 .. o1-1 of layer l with all units of layer k >= l; within a layer only o <= o', i <= i'. */
struct block {
    size_t l, k, o0, o1;
    const double *S; /* (o1 - o0, batch, out(k)) */
};

static size_t first_partner(const struct block *b, size_t i)
{
    return b->l == b->k ? i : 0;
}

/* left (batch, rows) := S_e[o, o'] for the pairs (o, o'). Returns the number of rows. */
static size_t gather_units(const struct assembly *a, const struct block *b)
{
    size_t rows = 0, width = out(a, b->k), at = 0;
    for (size_t o = b->o0; o < b->o1; o++)
        rows += width - first_partner(b, o);
    for (size_t o = b->o0; o < b->o1; o++) {
        size_t first = first_partner(b, o), n = width - first;
        const double *S = b->S + (o - b->o0) * a->batch * width + first;
        for (size_t e = 0; e < a->batch; e++)
            memcpy(a->left + e * rows + at, S + e * width, n * sizeof *S);
        at += n;
    }
    return rows;
}

/* right (batch, columns) := a_l[i] a_k[i'] for the pairs with i from i0 on, as many i as fit. Returns where it stopped.
 */
static size_t gather_inputs(const struct assembly *a, const struct block *b, size_t i0, size_t *columns)
{
    size_t i1 = i0, width = aug(a, b->k);
    *columns = 0;
    while (i1 < aug(a, b->l) && (i1 == i0 || *columns + width - first_partner(b, i1) <= a->columns))
        *columns += width - first_partner(b, i1++);
    for (size_t e = 0; e < a->batch; e++) {
        const double *x = a->input[b->l] + e * aug(a, b->l), *y = a->input[b->k] + e * width;
        double *pair = a->right + e * *columns;
        for (size_t i = i0; i < i1; i++) {
            size_t first = first_partner(b, i);
#pragma omp simd
            for (size_t j = first; j < width; j++)
                pair[j - first] = x[i] * y[j];
            pair += width - first;
        }
    }
    return i1;
}

/* Into H: over whatever was there in the first batch, added in the others. */
static void put(const struct assembly *a, double *to, double value)
{
    *to = a->from == 0 ? value : *to + value;
}

static void put_row(const struct assembly *a, size_t n, double *to, const double *from)
{
    if (a->from == 0)
        memcpy(to, from, n * sizeof *to);
    else
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            to[i] += from[i];
}

/* H[(o, i), (o', i')] += the sums of one pair of units of two layers, i = i0 .. i1-1. */
static void scatter_across(const struct assembly *a, const struct block *b, size_t o, size_t o2, size_t i0, size_t i1,
                           const double *sum)
{
    size_t width = in(a, b->k);
    for (size_t i = i0; i < i1; i++, sum += aug(a, b->k)) {
        double *row = a->H + parameter(a, b->l, o, i) * a->N;
        put_row(a, width, row + parameter(a, b->k, o2, 0), sum);
        if (a->net->bias)
            put(a, row + a->net->bias_at[b->k] + o2, sum[width]);
    }
}

/* Within a layer the sums of (i, i'), i <= i', also belong to H[(o, i'), (o', i)]. Row by row, because every row of H
 * is another page of memory; what falls below the diagonal is put above. */
static void scatter_within(const struct assembly *a, const struct block *b, size_t o, size_t o2, size_t i0, size_t i1,
                           const double *sum)
{
    size_t width = in(a, b->l), whole = aug(a, b->l), bias = a->net->bias_at[b->l];
    const double *diagonal = sum; /* of (j, j) while j < i1 */
    for (size_t j = i0; j < whole; j++) {
        double *row = a->H + parameter(a, b->l, o, j) * a->N, *to = row + parameter(a, b->l, o2, 0);
        const double *above = sum + (j - i0); /* of (i, j) for i = i0, i0 + 1, ... */
        for (size_t i = i0; i < smaller(j, i1) && o != o2; i++) {
            put(a, j < width ? to + i : a->H + parameter(a, b->l, o2, i) * a->N + bias + o, *above);
            above += whole - i - 1;
        }
        if (j >= i1)
            continue;
        if (j < width)
            put_row(a, width - j, to + j, diagonal);
        if (a->net->bias)
            put(a, row + bias + o2, diagonal[width - j]);
        diagonal += whole - j;
    }
}

/* H += sum over examples of S[o, o'] a_l[i] a_k[i']: one matrix product of pairs with pairs. */
static void add_pairs(const struct assembly *a, const struct block *b)
{
    size_t rows = gather_units(a, b), columns;
    for (size_t i0 = 0, i1; i0 < aug(a, b->l); i0 = i1) {
        i1 = gather_inputs(a, b, i0, &columns);
        linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, rows, columns, a->batch, 1, a->left, rows, a->right, columns,
                        0, a->product, columns);
        const double *sum = a->product;
        for (size_t o = b->o0; o < b->o1; o++)
            for (size_t o2 = first_partner(b, o); o2 < out(a, b->k); o2++, sum += columns)
                if (b->l == b->k)
                    scatter_within(a, b, o, o2, i0, i1, sum);
                else
                    scatter_across(a, b, o, o2, i0, i1, sum);
    }
}

/* --- what the weights of a later layer see move ------------------------------------------------------------------ */

/* Next layer: unit o moves input o' = o of it alone, H[(o, i), (o', o)] += sum f'(z)[o] a_l[i] delta[o']. */
static void add_next_inputs(const struct assembly *a, const struct block *b)
{
    size_t l = b->l, width = aug(a, l), outputs = out(a, b->k), rows = (b->o1 - b->o0) * width;
    const double *slope = batch_rows(a, a->tape->slope[l + 1], out(a, l)),
                 *delta = batch_rows(a, a->tape->delta[l + 2], outputs);
    for (size_t e = 0; e < a->batch; e++)
        for (size_t o = b->o0; o < b->o1; o++)
            for (size_t i = 0; i < width; i++)
                a->right[e * rows + (o - b->o0) * width + i] = slope[e * out(a, l) + o] * a->input[l][e * width + i];
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, rows, outputs, a->batch, 1, a->right, rows, delta, outputs, 0,
                    a->product, outputs);
    const double *sum = a->product;
    for (size_t o = b->o0; o < b->o1; o++)
        for (size_t i = 0; i < width; i++) {
            double *row = a->H + parameter(a, l, o, i) * a->N;
            for (size_t o2 = 0; o2 < outputs; o2++)
                row[parameter(a, b->k, o2, o)] += *sum++;
        }
}

/* P_lk of the units of a block, k = l + 2: f'(z_{l+1}) W_{l+1}^T f'(z_{l+2}). */
static void begin_forward(const struct assembly *a, const struct block *b)
{
    size_t k = b->k, width = in(a, k), own = out(a, b->l);
    const double *slope = batch_rows(a, a->tape->slope[k], width),
                 *own_slope = batch_rows(a, a->tape->slope[k - 1], own);
    double *P = a->forward[0];
    for (size_t o = b->o0; o < b->o1; o++) {
        const double *w = a->tape->transposed + a->net->weight_at[k - 1] + o * width;
        for (size_t e = 0; e < a->batch; e++, P += width)
            for (size_t i = 0; i < width; i++)
                P[i] = own_slope[e * own + o] * w[i] * slope[e * width + i];
    }
}

/* P_lk from P_l,k-1: times W_{k-1}^T f'(z_k). */
static void advance_forward(struct assembly *a, const struct block *b)
{
    size_t k = b->k, rows = (b->o1 - b->o0) * a->batch, width = in(a, k), before = in(a, k - 1);
    const double *slope = batch_rows(a, a->tape->slope[k], width);
    double *P = a->forward[1];
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, rows, width, before, 1, a->forward[0], before,
                    a->tape->transposed + a->net->weight_at[k - 1], width, 0, P, width);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < width; i++)
            P[r * width + i] *= slope[r % a->batch * width + i];
    a->forward[1] = a->forward[0];
    a->forward[0] = P;
}

/* right (batch, units x aug) := how the gradient of the weights of units o2 .. of layer k moves with z_{l+1}[o]. */
static void gather_moves(const struct assembly *a, const struct block *b, size_t o, size_t o2, size_t units)
{
    size_t width = in(a, b->k), outputs = out(a, b->k);
    const double *S = b->S + (o - b->o0) * a->batch * outputs, *P = a->forward[0] + (o - b->o0) * a->batch * width,
                 *delta = batch_rows(a, a->tape->delta[b->k + 1], outputs), *input = a->input[b->k];
    double *to = a->right;
    for (size_t e = 0; e < a->batch; e++)
        for (size_t u = o2; u < o2 + units; u++) {
            double s = S[e * outputs + u], d = delta[e * outputs + u];
            const double *x = input + e * aug(a, b->k), *p = P + e * width;
#pragma omp simd
            for (size_t i = 0; i < width; i++)
                to[i] = s * x[i] + d * p[i];
            to += width;
            if (a->net->bias)
                *to++ = s;
        }
}

/* A layer further on: both terms at once, unit by unit. */
static void add_distant(const struct assembly *a, const struct block *b)
{
    size_t width = aug(a, b->k), rows = aug(a, b->l), most = a->columns / width > 0 ? a->columns / width : 1;
    for (size_t o = b->o0; o < b->o1; o++)
        for (size_t o2 = 0, units; o2 < out(a, b->k); o2 += units) {
            units = smaller(most, out(a, b->k) - o2);
            gather_moves(a, b, o, o2, units);
            linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, rows, units * width, a->batch, 1, a->input[b->l], rows,
                            a->right, units * width, 0, a->product, units * width);
            const double *sum = a->product;
            for (size_t i = 0; i < rows; i++) {
                double *row = a->H + parameter(a, b->l, o, i) * a->N;
                for (size_t u = o2; u < o2 + units; u++, sum += width) {
                    put_row(a, in(a, b->k), row + parameter(a, b->k, u, 0), sum);
                    if (a->net->bias)
                        put(a, row + a->net->bias_at[b->k] + u, sum[width - 1]);
                }
            }
        }
}

/* --- second derivatives by the signals --------------------------------------------------------------------------- */

static double *kept(const struct assembly *a, size_t l, size_t k)
{
    double *at = a->kept[l % 2];
    for (size_t between = l; between < k; between++)
        at += out(a, l) * a->batch * out(a, between);
    return at;
}

/* S of the last layer: d2L/df2. */
static void start(const struct assembly *a, size_t last)
{
    size_t m = out(a, last);
    double *S = kept(a, last, last), *column = a->right;
    memset(S, 0, m * a->batch * m * sizeof *S);
    for (size_t o = 0; o < m && a->gauss_newton; o++)
        for (size_t e = 0; e < a->batch; e++) {
            memset(column, 0, m * sizeof *column);
            column[o] = 1;
            loss_curvature(a->tape, a->from + e, column, S + (o * a->batch + e) * m);
        }
}

/* The rows o0 .. o1-1 of W_{l+1}^T S_{l+1,k}. */
static void multiply_rows(const struct assembly *a, size_t l, size_t k, size_t o0, size_t o1, double *product)
{
    size_t middle = out(a, l + 1), n = a->batch * out(a, k);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, o1 - o0, n, middle, 1,
                    a->tape->transposed + a->net->weight_at[l + 1] + o0 * middle, middle, kept(a, l + 1, k), n, 0,
                    product, n);
}

/* S_lk of the units o0 .. o1-1 of two layers: f'(z_{l+1}) W_{l+1}^T S_{l+1,k}. */
static void derive_across(const struct assembly *a, size_t l, size_t k, size_t o0, size_t o1, double *S)
{
    size_t width = out(a, k), own = out(a, l);
    const double *slope = batch_rows(a, a->tape->slope[l + 1], own);
    multiply_rows(a, l, k, o0, o1, S);
    for (size_t o = o0; o < o1; o++)
        for (size_t e = 0; e < a->batch; e++, S += width)
#pragma omp simd
            for (size_t i = 0; i < width; i++)
                S[i] *= slope[e * own + o];
}

/* S_ll of the units o0 .. o1-1: f'(z_{l+1}) W_{l+1}^T S_{l+1,l+1} W_{l+1} f'(z_{l+1}), and the bend on the diagonal. */
static void derive_within(const struct assembly *a, size_t l, size_t o0, size_t o1, double *S)
{
    size_t middle = out(a, l + 1), own = out(a, l);
    const double *slope = batch_rows(a, a->tape->slope[l + 1], own), *bend = batch_rows(a, a->tape->bend[l + 1], own);
    multiply_rows(a, l, l + 1, o0, o1, a->right);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, (o1 - o0) * a->batch, own, middle, 1, a->right, middle,
                    a->tape->theta + a->net->weight_at[l + 1], own, 0, S, own);
    for (size_t o = o0; o < o1; o++)
        for (size_t e = 0; e < a->batch; e++, S += own) {
#pragma omp simd
            for (size_t i = 0; i < own; i++)
                S[i] *= slope[e * own + o] * slope[e * own + i];
            if (a->residual)
                S[o] += bend[e * own + o];
        }
}

/* S_lk of the units o0 .. o1-1. For the first layer it is not kept: nothing builds on it. */
static const double *second_derivatives(const struct assembly *a, size_t l, size_t k, size_t o0, size_t o1)
{
    bool last = l + 1 == a->net->n_layers;
    double *S = l == 0 && !last ? a->slab : kept(a, l, k) + o0 * a->batch * out(a, k);
    if (last)
        return S;
    if (l == k)
        derive_within(a, l, o0, o1, S);
    else
        derive_across(a, l, k, o0, o1, S);
    return S;
}

/* All blocks of the units o0 .. o1-1 of layer l. */
static void add_units(struct assembly *a, size_t l, size_t o0, size_t o1)
{
    size_t last = a->net->n_layers - 1;
    for (size_t k = l; k <= last; k++) {
        struct block b = {.l = l, .k = k, .o0 = o0, .o1 = o1, .S = second_derivatives(a, l, k, o0, o1)};
        if (a->residual && k > l + 1) {
            if (k == l + 2)
                begin_forward(a, &b);
            else
                advance_forward(a, &b);
            add_distant(a, &b);
            continue;
        }
        add_pairs(a, &b);
        if (a->residual && k == l + 1)
            add_next_inputs(a, &b);
    }
}

static void add_batch(struct assembly *a)
{
    for (size_t l = 0; l < a->net->n_layers; l++)
        for (size_t e = 0; e < a->batch; e++) {
            double *to = a->input[l] + e * aug(a, l);
            memcpy(to, tape_layer(a->tape, l) + (a->from + e) * in(a, l), in(a, l) * sizeof *to);
            if (a->net->bias)
                to[in(a, l)] = 1;
        }
    for (size_t l = a->net->n_layers; l-- > 0;) {
        if (l + 1 == a->net->n_layers)
            start(a, l);
        for (size_t o = 0; o < out(a, l); o += a->units)
            add_units(a, l, o, smaller(o + a->units, out(a, l)));
    }
}

/* --- scratch ------------------------------------------------------------------------------------------------------ */

static size_t larger(size_t x, size_t y)
{
    return x > y ? x : y;
}

/* Numbers per example in the S_lk that are kept, for even or odd l. */
static size_t kept_size(const struct assembly *a, size_t parity)
{
    size_t most = 0, last = a->net->n_layers - 1;
    for (size_t l = 0; l <= last; l++) {
        size_t size = 0;
        for (size_t k = l; k <= last; k++)
            size += out(a, l) * out(a, k);
        if (l % 2 == parity && (l > 0 || last == 0))
            most = larger(most, size);
    }
    return most;
}

/* Lay out the scratch; with memory NULL only count. */
static size_t deal(struct assembly *a, size_t widest_out, size_t widest_aug, size_t inputs)
{
    size_t used = 0, right = larger(a->columns, a->units * larger(widest_aug, widest_out)), layers = a->net->n_layers;
    struct {
        double **at;
        size_t per_example, fixed;
    } pieces[] = {
        {&a->kept[0], kept_size(a, 0), 0},
        {&a->kept[1], kept_size(a, 1), 0},
        {&a->slab, a->units * widest_out, 0},
        {&a->forward[0], layers > 2 ? a->units * widest_aug : 0, 0},
        {&a->forward[1], layers > 3 ? a->units * widest_aug : 0, 0},
        {&a->input[0], inputs, 0},
        {&a->left, a->rows, 0},
        {&a->right, right, 0},
        {&a->product, 0, larger(larger(a->rows, widest_aug) * a->columns, a->units * widest_aug * widest_out)},
    };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        *pieces[i].at = a->memory ? a->memory + used : NULL;
        used += pieces[i].per_example * a->most_batch + pieces[i].fixed;
    }
    for (size_t l = 1; a->memory && l < a->net->n_layers; l++)
        a->input[l] = a->input[l - 1] + aug(a, l - 1) * a->most_batch;
    return used;
}

/* Choose how much is done at a time, so that the scratch stays below 0.22 of H where H is not small. */
static enum status plan(struct assembly *a, struct error *e)
{
    size_t budget = larger(a->N * a->N / 100 * 22, LEAST_BUDGET), widest_out = 1, widest_aug = 1, inputs = 0;
    for (size_t l = 0; l < a->net->n_layers; l++) {
        widest_out = larger(widest_out, out(a, l));
        widest_aug = larger(widest_aug, aug(a, l));
        inputs += aug(a, l);
    }
    size_t side = smaller(MOST_PAIRS, (size_t)sqrt((double)budget / 4));
    a->columns = larger(widest_aug, smaller(side, widest_aug * widest_aug));
    a->units = larger(1, side / widest_out);
    a->rows = a->units * widest_out;
    a->most_batch = 0;
    size_t fixed = deal(a, widest_out, widest_aug, inputs), n = a->tape->problem.n;
    a->most_batch = 1;
    size_t per_example = deal(a, widest_out, widest_aug, inputs) - fixed;
    size_t most = larger(LEAST_EXAMPLES, budget > fixed ? (budget - fixed) / per_example : 0),
           batches = (n + most - 1) / most;
    a->most_batch = (n + batches - 1) / batches;
    a->memory = aligned_alloc(64, (deal(a, widest_out, widest_aug, inputs) * sizeof(double) + 63) / 64 * 64);
    if (!a->memory)
        return error_memory(e);
    deal(a, widest_out, widest_aug, inputs);
    return STATUS_OK;
}

enum status tape_hessian(struct tape *t, enum hessian_part part, double *H, struct error *e)
{
    struct assembly a = {.tape = t,
                         .net = &t->problem.network,
                         .gauss_newton = part != HESSIAN_RESIDUAL,
                         .residual = part != HESSIAN_GAUSS_NEWTON,
                         .H = H,
                         .N = t->problem.network.n_parameters};
    enum status status = plan(&a, e);
    if (status != STATUS_OK)
        return status;
    for (; a.from < t->problem.n; a.from += a.most_batch) {
        a.batch = smaller(a.most_batch, t->problem.n - a.from);
        add_batch(&a);
    }
    free(a.memory);
    for (size_t i = 0; i < a.N && part == HESSIAN_FULL; i++)
        H[i * a.N + i] += t->problem.weight_decay;
    linalg_mirror_upper(a.N, H, a.N);
    return STATUS_OK;
}
