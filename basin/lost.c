#include "basin/lost.h"

#include "basin/null_stack.h"
#include "basin/rank.h"
#include "solver/linalg.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Relative size up to which a number counts as rounding. G has the last word on every vector. */
static const double SAME = 1e-12;

const char *lost_cause_name(enum lost_cause cause)
{
    static const char *const names[] = {"dead_unit",     "duplicate",       "rescaling", "linear_gauge",
                                        "merged_inputs", "discarded_layer", "not_pinned"};
    return names[cause];
}

struct search {
    struct tape *tape;
    const struct problem *p;
    const struct network *net;
    const double *theta, *G;
    size_t N, k;
    struct null_stack stack;
    size_t distinct[NETWORK_MAX_LAYERS]; /* how many different activations layer l has over the examples */
    struct lost_table *table;
    const struct reporter *reporter;
    struct error *e;
    bool failed, stopped;
};

/* --- candidates -------------------------------------------------------------------------------------------------- */

/* Once a stop is asked for, nothing more is tried. */
static void offer(struct search *s)
{
    s->stopped = s->stopped || reporter_stop_requested(s->reporter);
    if (!s->stopped)
        null_stack_offer(&s->stack);
}

static size_t settle(struct search *s)
{
    return null_stack_settle(&s->stack);
}

static void record(struct search *s, enum lost_cause cause, size_t layer, size_t unit, size_t dimensions,
                   bool information_loss)
{
    if (!dimensions)
        return;
    struct lost *grown = realloc(s->table->entries, (s->table->n + 1) * sizeof *grown);
    if (!grown) {
        s->failed = true;
        return;
    }
    s->table->entries = grown;
    grown[s->table->n++] = (struct lost){cause, layer, unit, dimensions, information_loss};
    s->table->total += dimensions;
}

/* --- views ------------------------------------------------------------------------------------------------------- */

/* Entry of the candidate: weight from unit `from` of layer l to unit `to` of layer l+1, and bias of unit `to` there. */
static double *weight(const struct search *s, size_t l, size_t to, size_t from)
{
    return s->stack.vector + s->net->weight_at[l] + to * s->net->width[l] + from;
}

static double *bias(const struct search *s, size_t l, size_t to)
{
    return s->stack.vector + s->net->bias_at[l] + to;
}

static double weight_value(const struct search *s, size_t l, size_t to, size_t from)
{
    return s->theta[s->net->weight_at[l] + to * s->net->width[l] + from];
}

static double activation_value(const struct search *s, size_t l, size_t example, size_t unit)
{
    return tape_activations(s->tape, l)[example * s->net->width[l] + unit];
}

/* --- dead units -------------------------------------------------------------------------------------------------- */

/* Every incoming and every outgoing weight alone: G decides which are null. Only for units that are dead or unread. */
static size_t try_unit_weights(struct search *s, size_t l, size_t unit)
{
    for (size_t i = 0; i < s->net->width[l - 1]; i++) {
        *weight(s, l - 1, unit, i) = 1;
        offer(s);
    }
    if (s->net->bias) {
        *bias(s, l - 1, unit) = 1;
        offer(s);
    }
    for (size_t o = 0; o < s->net->width[l + 1]; o++) {
        *weight(s, l, o, unit) = 1;
        offer(s);
    }
    return settle(s);
}

/* The largest entry of a column of (rows, width) at v, against the largest of all. */
static bool column_vanishes(const double *v, size_t rows, size_t width, size_t column)
{
    double own = 0, all = 0;
    for (size_t i = 0; i < rows * width; i++) {
        all = fmax(all, fabs(v[i]));
        if (i % width == column)
            own = fmax(own, fabs(v[i]));
    }
    return own <= SAME * all;
}

static bool is_dead(const struct search *s, size_t l, size_t unit)
{
    size_t width = s->net->width[l], n = s->p->n;
    return column_vanishes(tape_activations(s->tape, l), n, width, unit) ||
           column_vanishes(tape_slopes(s->tape, l), n, width, unit) ||
           column_vanishes(s->theta + s->net->weight_at[l], s->net->width[l + 1], width, unit);
}

static void find_dead_units(struct search *s)
{
    for (size_t l = 1; l < s->net->n_layers; l++)
        for (size_t unit = 0; unit < s->net->width[l]; unit++)
            if (is_dead(s, l, unit))
                record(s, LOST_DEAD_UNIT, l, unit + 1, try_unit_weights(s, l, unit), true);
}

/* --- duplicates -------------------------------------------------------------------------------------------------- */

/* a_unit = c a_other on all examples: c, or 0 when they are not proportional. */
static double proportion(const struct search *s, size_t l, size_t unit, size_t other)
{
    double cross = 0, square = 0, miss = 0, size = 0;
    for (size_t i = 0; i < s->p->n; i++) {
        double a = activation_value(s, l, i, unit), b = activation_value(s, l, i, other);
        cross += a * b;
        square += b * b;
    }
    double c = square > 0 ? cross / square : 0;
    for (size_t i = 0; i < s->p->n; i++) {
        double a = activation_value(s, l, i, unit);
        miss = fmax(miss, fabs(a - c * activation_value(s, l, i, other)));
        size = fmax(size, fabs(a));
    }
    return size > 0 && miss <= SAME * size ? c : 0;
}

/* Outgoing weight moved between the two; and, where both feed the layer above alike, incoming weight too. */
static size_t try_duplicate(struct search *s, size_t l, size_t unit, size_t other, double c)
{
    for (size_t o = 0; o < s->net->width[l + 1]; o++) {
        *weight(s, l, o, unit) = 1;
        *weight(s, l, o, other) = -c;
        offer(s);
    }
    double size_unit = 0, size_other = 0;
    for (size_t o = 0; o < s->net->width[l + 1]; o++) {
        double a = weight_value(s, l, o, unit), b = weight_value(s, l, o, other);
        if (fabs(a) + fabs(b) > fabs(size_unit) + fabs(size_other)) {
            size_unit = a;
            size_other = b;
        }
    }
    for (size_t i = 0; i < s->net->width[l - 1] + (size_t)s->net->bias; i++) {
        bool is_bias = i == s->net->width[l - 1];
        *(is_bias ? bias(s, l - 1, unit) : weight(s, l - 1, unit, i)) = size_other;
        *(is_bias ? bias(s, l - 1, other) : weight(s, l - 1, other, i)) = -c * size_unit;
        offer(s);
    }
    return settle(s);
}

static void find_duplicates(struct search *s)
{
    for (size_t l = 1; l < s->net->n_layers; l++)
        for (size_t unit = 1; unit < s->net->width[l]; unit++)
            for (size_t other = 0; other < unit; other++) {
                double c = proportion(s, l, unit, other);
                if (c == 0)
                    continue;
                record(s, LOST_DUPLICATE, l, unit + 1, try_duplicate(s, l, unit, other, c), true);
                break;
            }
}

/* --- symmetries -------------------------------------------------------------------------------------------------- */

/* d/dc of (c W_in, c b_in, c^-degree W_out) at c = 1. */
static void find_rescalings(struct search *s)
{
    int degree = s->net->activation->degree;
    for (size_t l = 1; l < s->net->n_layers && degree; l++)
        for (size_t unit = 0; unit < s->net->width[l]; unit++) {
            for (size_t i = 0; i < s->net->width[l - 1]; i++)
                *weight(s, l - 1, unit, i) = weight_value(s, l - 1, unit, i);
            if (s->net->bias)
                *bias(s, l - 1, unit) = s->theta[s->net->bias_at[l - 1] + unit];
            for (size_t o = 0; o < s->net->width[l + 1]; o++)
                *weight(s, l, o, unit) = -degree * weight_value(s, l, o, unit);
            offer(s);
            record(s, LOST_RESCALING, l, unit + 1, settle(s), false);
        }
}

/* Identity layers: W_in += E W_in, b_in += E b_in, W_out -= W_out E for each unit matrix E = e_a e_b^T; and, with
 * biases, a shift of the layer that the next bias takes back. */
static void find_linear_gauge(struct search *s)
{
    for (size_t l = 1; l < s->net->n_layers && strcmp(s->net->activation->name, "identity") == 0; l++) {
        size_t width = s->net->width[l];
        for (size_t a = 0; a < width; a++)
            for (size_t b = 0; b < width; b++) {
                for (size_t i = 0; i < s->net->width[l - 1]; i++)
                    *weight(s, l - 1, a, i) = weight_value(s, l - 1, b, i);
                if (s->net->bias)
                    *bias(s, l - 1, a) = s->theta[s->net->bias_at[l - 1] + b];
                for (size_t o = 0; o < s->net->width[l + 1]; o++)
                    *weight(s, l, o, b) = -weight_value(s, l, o, a);
                offer(s);
            }
        for (size_t a = 0; a < width && s->net->bias; a++) {
            *bias(s, l - 1, a) = 1;
            for (size_t o = 0; o < s->net->width[l + 1]; o++)
                *bias(s, l, o) = -weight_value(s, l, o, a);
            offer(s);
        }
        record(s, LOST_LINEAR_GAUGE, l, 0, settle(s), false);
    }
}

/* --- information ------------------------------------------------------------------------------------------------- */

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
static double *augmented_inputs(const struct search *s, size_t l, size_t *columns)
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
static double *back_signals(const struct search *s, size_t l)
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
static void set_incoming(struct search *s, size_t l, size_t to, const double *q, double factor)
{
    for (size_t i = 0; i < s->net->width[l]; i++)
        *weight(s, l, to, i) += factor * q[i];
    if (s->net->bias)
        *bias(s, l, to) += factor * q[s->net->width[l]];
}

static size_t distinct_rows(const struct search *s, size_t l)
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
static enum status find_merged_inputs(struct search *s, size_t l, size_t *rank)
{
    size_t columns;
    double *a = augmented_inputs(s, l, &columns), *vt = malloc(columns * columns * sizeof *vt);
    enum status status = a && vt ? null_space(s->p->n, columns, a, vt, rank, s->e) : error_memory(s->e);
    bool too_few = !status && *rank == s->distinct[0]; /* not merged: there are fewer different examples than inputs */
    for (size_t u = status || too_few ? columns : *rank; u < columns; u++)
        for (size_t to = 0; to < s->net->width[l + 1]; to++) {
            set_incoming(s, l, to, vt + u * columns, 1);
            offer(s);
        }
    record(s, LOST_MERGED_INPUTS, l + 1, 0, settle(s), l > 0);
    free(a);
    free(vt);
    return status;
}

/* Directions of layer l's sums that no behaviour depends on, at any example: p (x) q for every input q. Returns the
 * rank of the back signals. */
static enum status find_discarded(struct search *s, size_t l, size_t *rank)
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
            offer(s);
        }
    record(s, LOST_DISCARDED_LAYER, l + 1, 0, settle(s), l + 1 < s->net->n_layers);
    free(d);
    free(vt);
    free(q);
    return status;
}

/* rank G <= sum over layers of rank(back signals) rank(inputs), and what the layers after l can tell apart is at most
 * the number of different activations of layer l times the outputs: docs/audit.md. */
static size_t information_bound(const struct search *s, const size_t *product)
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

/* At any theta the first layer's part of G has at most this rank: its inputs are the data, and the weights from one
 * input move only the behaviours of those examples in which it is not 0. */
static size_t first_layer_ceiling(const struct search *s, size_t rank_of_inputs, size_t signals, size_t outputs)
{
    size_t inputs = s->net->width[0], sum = s->net->bias ? signals : 0;
    for (size_t c = 0; c < inputs; c++) {
        size_t moved = 0;
        for (size_t i = 0; i < s->p->n; i++)
            moved += s->p->x[i * inputs + c] != 0 ? outputs : 0;
        sum += moved < signals ? moved : signals;
    }
    return sum < rank_of_inputs * signals ? sum : rank_of_inputs * signals;
}

/* The rank that G has at no theta more than: what the layers can carry (the last one a dimension less on the simplex),
 * less rescalings, which are null vectors at almost every theta; a rank is nowhere higher than almost everywhere. */
static size_t rank_ceiling(const struct search *s, size_t rank_of_inputs)
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

static enum status find_information_loss(struct search *s)
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

enum status lost_find(struct tape *t, const struct problem *p, const double *theta, const double *G, size_t rank_g,
                      double tolerance, const struct reporter *reporter, struct lost_table *out, struct error *e)
{
    size_t N = p->network.n_parameters, k = problem_behaviours(p), most = N - rank_g;
    *out = (struct lost_table){0};
    struct search s = {.tape = t,
                       .p = p,
                       .net = &p->network,
                       .theta = theta,
                       .G = G,
                       .N = N,
                       .k = k,
                       .table = out,
                       .reporter = reporter,
                       .e = e};
    enum status status = null_stack_init(&s.stack, k, N, G, 10 * tolerance, most, e);
    reporter_progress(reporter, 0, "where dimensions were lost");
    if (!status) {
        find_dead_units(&s);
        find_duplicates(&s);
        find_rescalings(&s);
        find_linear_gauge(&s);
        status = find_information_loss(&s);
        record(&s, LOST_NOT_PINNED, 0, 0, most - s.stack.stacked, false);
    }
    if (!status && s.failed)
        status = error_memory(e);
    if (!status && s.stopped)
        status = error_set(e, STATUS_INTERRUPTED, "stopped");
    null_stack_clear(&s.stack);
    return status;
}

void lost_table_clear(struct lost_table *t)
{
    free(t->entries);
    *t = (struct lost_table){0};
}
