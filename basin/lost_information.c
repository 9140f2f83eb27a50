/* What layers cannot tell apart: merged inputs, discarded directions, and what both say about the rank of G. */
#include "basin/lost_private.h"
#include "basin/rank.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Right null space of a matrix (m, n; destroyed) as rows of vt beyond *rank. vt (n, n). */
static enum status null_space(size_t m, size_t n, double *a, double *vt, size_t *rank, struct error *e)
{
    double *values = malloc((m < n ? m : n) * sizeof *values);
    if (!values)
        return error_memory(e);
    enum status status = linalg_svd(m, n, a, values, NULL, vt, e);
    if (!status)
        *rank = rank_from_values(values, m < n ? m : n, m, n).rank;
    free(values);
    return status;
}

/* The inputs of weight layer l with a column of ones for the bias, (n, width + bias). */
static double *augmented_inputs(const struct lost_search *s, size_t l, size_t *columns)
{
    size_t width = s->net->width[l];
    *columns = width + (size_t)s->net->bias;
    double *a = malloc(s->p->n * *columns * sizeof *a);
    for (size_t i = 0; a && i < s->p->n; i++) {
        memcpy(a + i * *columns, tape_activations(s->tape, l) + i * width, width * sizeof *a);
        if (s->net->bias)
            a[i * *columns + width] = 1;
    }
    return a;
}

/* Back signals of weight layer l: how each behaviour moves with the layer's sums z, (k, width[l+1]). They are in G: its
 * entries for the biases; without biases, the entries for the weights over the largest input. */
static double *back_signals(const struct lost_search *s, size_t l)
{
    size_t width = s->net->width[l + 1], inputs = s->net->width[l], outputs = s->k / s->p->n;
    double *d = malloc(s->k * width * sizeof *d);
    for (size_t r = 0; d && r < s->k; r++) {
        const double *row = s->G + r * s->N;
        if (s->net->bias) {
            memcpy(d + r * width, row + s->net->bias_at[l], width * sizeof *d);
            continue;
        }
        const double *a = tape_activations(s->tape, l) + r / outputs * inputs;
        size_t largest = 0;
        for (size_t i = 1; i < inputs; i++)
            if (fabs(a[i]) > fabs(a[largest]))
                largest = i;
        for (size_t j = 0; j < width; j++)
            d[r * width + j] = a[largest] != 0 ? row[s->net->weight_at[l] + j * inputs + largest] / a[largest] : 0;
    }
    return d;
}

/* Put q (inputs and bias) in as weights of unit `to`. */
static void set_incoming(struct lost_search *s, size_t l, size_t to, const double *q, double factor)
{
    for (size_t i = 0; i < s->net->width[l]; i++)
        *lost_weight(s, l, to, i) += factor * q[i];
    if (s->net->bias)
        *lost_bias(s, l, to) += factor * q[s->net->width[l]];
}

static size_t distinct_rows(const struct lost_search *s, size_t l)
{
    const double *a = tape_activations(s->tape, l);
    size_t width = s->net->width[l], distinct = 0;
    for (size_t i = 0; i < s->p->n; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = memcmp(a + i * width, a + j * width, width * sizeof *a) == 0;
        distinct += !seen;
    }
    return distinct;
}

/* Inputs of layer l that are dependent over the examples: u with sum_c u_c a_c = 0, into any unit. Returns the rank of
 * the inputs. */
static enum status find_merged_inputs(struct lost_search *s, size_t l, size_t *rank)
{
    size_t columns;
    double *a = augmented_inputs(s, l, &columns), *vt = malloc(columns * columns * sizeof *vt);
    enum status status = a && vt ? null_space(s->p->n, columns, a, vt, rank, s->e) : error_memory(s->e);
    bool too_few = !status && *rank == s->distinct[0]; /* not merged: there are fewer different examples than inputs */
    for (size_t u = status || too_few ? columns : *rank; u < columns; u++)
        for (size_t to = 0; to < s->net->width[l + 1]; to++) {
            set_incoming(s, l, to, vt + u * columns, 1);
            lost_offer(s);
        }
    lost_record(s, LOST_MERGED_INPUTS, l + 1, 0, lost_settle(s), l > 0);
    free(a);
    free(vt);
    return status;
}

/* Directions of layer l's sums that no behaviour depends on, at any example: p (x) q for every input q. Returns the
 * rank of the back signals. */
static enum status find_discarded(struct lost_search *s, size_t l, size_t *rank)
{
    size_t width = s->net->width[l + 1], columns = s->net->width[l] + (size_t)s->net->bias;
    double *d = back_signals(s, l), *vt = malloc(width * width * sizeof *vt), *q = calloc(columns, sizeof *q);
    enum status status = d && vt && q ? null_space(s->k, width, d, vt, rank, s->e) : error_memory(s->e);
    for (size_t u = status ? width : *rank; u < width; u++)
        for (size_t i = 0; i < columns; i++) {
            q[i] = 1;
            for (size_t to = 0; to < width; to++)
                set_incoming(s, l, to, q, vt[u * width + to]);
            q[i] = 0;
            lost_offer(s);
        }
    lost_record(s, LOST_DISCARDED_LAYER, l + 1, 0, lost_settle(s), l + 1 < s->net->n_layers);
    free(d);
    free(vt);
    free(q);
    return status;
}

/* rank G <= sum over layers of rank(back signals) rank(inputs), and what the layers after l can tell apart is at most
 * the number of different activations of layer l times the outputs: docs/audit.md. */
static size_t information_bound(const struct lost_search *s, const size_t *product)
{
    size_t outputs = s->k / s->p->n, best = s->k < s->N ? s->k : s->N;
    for (size_t l = 0; l <= s->net->n_layers - 1; l++) {
        size_t before = 0, after = 0;
        for (size_t i = 0; i < s->net->n_layers; i++)
            *(i < l ? &before : &after) += product[i];
        size_t seen = s->distinct[l] * outputs;
        size_t bound = before + (after < seen ? after : seen);
        best = bound < best ? bound : best;
    }
    return best;
}

/* Inputs together: the examples in which one of them is not 0. Their weights move only the behaviours of these. */
struct input_group {
    size_t inputs, examples;
    bool *in; /* (n) */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The most that the weights from a group add to the rank of G. */
static size_t group_rank(const struct input_group *g, size_t signals, size_t outputs)
{
    return smaller(g->inputs * signals, g->examples * outputs);
}

/* Put b into a where their behaviours overlap so much that this says less of the rank. */
static bool join(struct input_group *a, struct input_group *b, size_t n, size_t signals, size_t outputs)
{
    struct input_group both = {.inputs = a->inputs + b->inputs};
    for (size_t i = 0; i < n; i++)
        both.examples += a->in[i] || b->in[i];
    if (group_rank(&both, signals, outputs) >= group_rank(a, signals, outputs) + group_rank(b, signals, outputs))
        return false;
    for (size_t i = 0; i < n; i++)
        a->in[i] = a->in[i] || b->in[i];
    a->inputs = both.inputs;
    a->examples = both.examples;
    b->inputs = b->examples = 0;
    return true;
}

/* Join groups (count) as long as that says less, and what they all say. */
static size_t rank_of_groups(struct input_group *groups, size_t count, size_t n, size_t signals, size_t outputs)
{
    size_t sum = 0;
    for (bool again = true; again;) {
        again = false;
        for (size_t b = 1; b < count; b++)
            for (size_t a = 0; a < b; a++)
                if (groups[a].inputs && groups[b].inputs)
                    again |= join(&groups[a], &groups[b], n, signals, outputs);
    }
    for (size_t k = 0; k < count; k++)
        sum += group_rank(&groups[k], signals, outputs);
    return sum;
}

/* At any theta the first layer's part of G has at most this rank: its inputs are the data, and the weights from some
 * inputs move only the behaviours of those examples in which they are not 0. Only inputs that are rarely so can matter.
 */
static size_t first_layer_ceiling(struct lost_search *s, size_t rank_of_inputs, size_t signals, size_t outputs)
{
    size_t inputs = s->net->width[0], n = s->p->n, rare = 0, sum = s->net->bias ? signals : 0;
    struct input_group *groups = calloc(inputs, sizeof *groups);
    bool *in = calloc(inputs * n, sizeof *in);
    s->failed = s->failed || !groups || !in;
    for (size_t c = 0; c < inputs && !s->failed; c++) {
        struct input_group g = {.inputs = 1, .in = in + rare * n};
        for (size_t i = 0; i < n; i++)
            g.examples += g.in[i] = s->p->x[i * inputs + c] != 0;
        if (g.examples * outputs < 2 * signals)
            groups[rare++] = g;
        else
            sum += signals;
    }
    if (!s->failed)
        sum += rank_of_groups(groups, rare, n, signals, outputs);
    free(groups);
    free(in);
    return smaller(sum, rank_of_inputs * signals);
}

/* The rank that G has at no theta more than: what the layers can carry (the last one a dimension less on the simplex),
 * less rescalings, which are null vectors at almost every theta; a rank is nowhere higher than almost everywhere. */
static size_t rank_ceiling(struct lost_search *s, size_t rank_of_inputs)
{
    size_t outputs = s->k / s->p->n, last = s->net->n_layers - 1, sum = 0;
    if (s->p->loss == LOSS_CE && s->p->behaviour == BEHAVIOUR_PROBABILITIES)
        outputs--;
    for (size_t l = 0; l <= last; l++) {
        size_t signals = l < last ? s->net->width[l + 1] : outputs;
        sum += l ? (s->net->width[l] + (size_t)s->net->bias) * signals
                 : first_layer_ceiling(s, rank_of_inputs, signals, outputs);
    }
    for (size_t l = 1; l <= last && s->net->activation->degree && sum; l++)
        sum -= s->net->width[l] < sum ? s->net->width[l] : sum;
    size_t seen = s->distinct[0] * outputs;
    return sum < seen ? sum : seen;
}

enum status lost_find_information(struct lost_search *s)
{
    size_t product[NETWORK_MAX_LAYERS], inputs[NETWORK_MAX_LAYERS] = {0}, signals = 0;
    enum status status = STATUS_OK;
    for (size_t l = 0; l < s->net->n_layers; l++)
        s->distinct[l] = distinct_rows(s, l);
    for (size_t l = 0; l < s->net->n_layers && !status; l++)
        status = find_merged_inputs(s, l, &inputs[l]);
    for (size_t l = 0; l < s->net->n_layers && !status; l++) {
        status = find_discarded(s, l, &signals);
        product[l] = signals * inputs[l];
    }
    if (!status) {
        s->table->bound = information_bound(s, product);
        s->table->ceiling = rank_ceiling(s, inputs[0]);
    }
    return status;
}
