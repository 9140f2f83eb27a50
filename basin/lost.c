#include "basin/lost_private.h"

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

/* --- candidates -------------------------------------------------------------------------------------------------- */

void lost_offer(struct lost_search *s)
{
    s->stopped = s->stopped || reporter_stop_requested(s->reporter);
    if (!s->stopped)
        null_stack_offer(&s->stack);
}

size_t lost_settle(struct lost_search *s)
{
    return null_stack_settle(&s->stack);
}

void lost_record(struct lost_search *s, enum lost_cause cause, size_t layer, size_t unit, size_t dimensions,
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

double *lost_weight(const struct lost_search *s, size_t l, size_t to, size_t from)
{
    return s->stack.vector + s->net->weight_at[l] + to * s->net->width[l] + from;
}

double *lost_bias(const struct lost_search *s, size_t l, size_t to)
{
    return s->stack.vector + s->net->bias_at[l] + to;
}

static double weight_value(const struct lost_search *s, size_t l, size_t to, size_t from)
{
    return s->theta[s->net->weight_at[l] + to * s->net->width[l] + from];
}

static double activation_value(const struct lost_search *s, size_t l, size_t example, size_t unit)
{
    return tape_activations(s->tape, l)[example * s->net->width[l] + unit];
}

/* --- dead units -------------------------------------------------------------------------------------------------- */

/* Every incoming and every outgoing weight alone: G decides which are null. Only for units that are dead or unread. */
static size_t try_unit_weights(struct lost_search *s, size_t l, size_t unit)
{
    for (size_t i = 0; i < s->net->width[l - 1]; i++) {
        *lost_weight(s, l - 1, unit, i) = 1;
        lost_offer(s);
    }
    if (s->net->bias) {
        *lost_bias(s, l - 1, unit) = 1;
        lost_offer(s);
    }
    for (size_t o = 0; o < s->net->width[l + 1]; o++) {
        *lost_weight(s, l, o, unit) = 1;
        lost_offer(s);
    }
    return lost_settle(s);
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

static bool is_dead(const struct lost_search *s, size_t l, size_t unit)
{
    size_t width = s->net->width[l], n = s->p->n;
    return column_vanishes(tape_activations(s->tape, l), n, width, unit) ||
           column_vanishes(tape_slopes(s->tape, l), n, width, unit) ||
           column_vanishes(s->theta + s->net->weight_at[l], s->net->width[l + 1], width, unit);
}

static void find_dead_units(struct lost_search *s)
{
    for (size_t l = 1; l < s->net->n_layers; l++)
        for (size_t unit = 0; unit < s->net->width[l]; unit++)
            if (is_dead(s, l, unit))
                lost_record(s, LOST_DEAD_UNIT, l, unit + 1, try_unit_weights(s, l, unit), true);
}

/* --- duplicates -------------------------------------------------------------------------------------------------- */

/* a_unit = c a_other on all examples: c, or 0 when they are not proportional. */
static double proportion(const struct lost_search *s, size_t l, size_t unit, size_t other)
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
static size_t try_duplicate(struct lost_search *s, size_t l, size_t unit, size_t other, double c)
{
    for (size_t o = 0; o < s->net->width[l + 1]; o++) {
        *lost_weight(s, l, o, unit) = 1;
        *lost_weight(s, l, o, other) = -c;
        lost_offer(s);
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
        *(is_bias ? lost_bias(s, l - 1, unit) : lost_weight(s, l - 1, unit, i)) = size_other;
        *(is_bias ? lost_bias(s, l - 1, other) : lost_weight(s, l - 1, other, i)) = -c * size_unit;
        lost_offer(s);
    }
    return lost_settle(s);
}

static void find_duplicates(struct lost_search *s)
{
    for (size_t l = 1; l < s->net->n_layers; l++)
        for (size_t unit = 1; unit < s->net->width[l]; unit++)
            for (size_t other = 0; other < unit; other++) {
                double c = proportion(s, l, unit, other);
                if (c == 0)
                    continue;
                lost_record(s, LOST_DUPLICATE, l, unit + 1, try_duplicate(s, l, unit, other, c), true);
                break;
            }
}

/* --- symmetries -------------------------------------------------------------------------------------------------- */

/* d/dc of (c W_in, c b_in, c^-degree W_out) at c = 1. */
static void find_rescalings(struct lost_search *s)
{
    int degree = s->net->activation->degree;
    for (size_t l = 1; l < s->net->n_layers && degree; l++)
        for (size_t unit = 0; unit < s->net->width[l]; unit++) {
            for (size_t i = 0; i < s->net->width[l - 1]; i++)
                *lost_weight(s, l - 1, unit, i) = weight_value(s, l - 1, unit, i);
            if (s->net->bias)
                *lost_bias(s, l - 1, unit) = s->theta[s->net->bias_at[l - 1] + unit];
            for (size_t o = 0; o < s->net->width[l + 1]; o++)
                *lost_weight(s, l, o, unit) = -degree * weight_value(s, l, o, unit);
            lost_offer(s);
            lost_record(s, LOST_RESCALING, l, unit + 1, lost_settle(s), false);
        }
}

/* Whether the slopes of two units agree at every example. */
static bool same_slopes(const struct lost_search *s, size_t l, size_t unit, size_t other)
{
    const double *slope = tape_slopes(s->tape, l);
    size_t width = s->net->width[l];
    bool same = true;
    for (size_t i = 0; i < s->p->n && same; i++)
        same = slope[i * width + unit] == slope[i * width + other];
    return same;
}

/* W_in += E W_in, b_in += E b_in, W_out -= W_out E for E = e_a e_b^T: a unit takes over a part of what another sums up.
 */
static void try_mixing(struct lost_search *s, size_t l, size_t a, size_t b)
{
    for (size_t i = 0; i < s->net->width[l - 1]; i++)
        *lost_weight(s, l - 1, a, i) = weight_value(s, l - 1, b, i);
    if (s->net->bias)
        *lost_bias(s, l - 1, a) = s->theta[s->net->bias_at[l - 1] + b];
    for (size_t o = 0; o < s->net->width[l + 1]; o++)
        *lost_weight(s, l, o, b) = -weight_value(s, l, o, a);
    lost_offer(s);
}

/* A shift of a unit whose slope is the same at every example, which the next biases take back. */
static void try_shift(struct lost_search *s, size_t l, size_t unit)
{
    const double *slope = tape_slopes(s->tape, l) + unit;
    for (size_t i = 1; i < s->p->n; i++)
        if (slope[i * s->net->width[l]] != *slope)
            return;
    *lost_bias(s, l - 1, unit) = 1;
    for (size_t o = 0; o < s->net->width[l + 1]; o++)
        *lost_bias(s, l, o) = -*slope * weight_value(s, l, o, unit);
    lost_offer(s);
}

/* Where f(z) = f'(z) z: units with the same slopes at all examples are one linear layer there. That is all units of an
 * identity layer, and those of relu and leaky relu that are on the same side of their kinks. */
static void find_linear_gauge(struct lost_search *s)
{
    for (size_t l = 1; l < s->net->n_layers && s->net->activation->degree == 1; l++) {
        size_t width = s->net->width[l];
        for (size_t a = 0; a < width; a++)
            for (size_t b = 0; b < width; b++)
                if (same_slopes(s, l, a, b))
                    try_mixing(s, l, a, b);
        for (size_t a = 0; a < width && s->net->bias; a++)
            try_shift(s, l, a);
        lost_record(s, LOST_LINEAR_GAUGE, l, 0, lost_settle(s), false);
    }
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

enum status lost_find(struct tape *t, const struct problem *p, const double *theta, const double *G, size_t rank_g,
                      double tolerance, const struct reporter *reporter, struct lost_table *out, struct error *e)
{
    size_t N = p->network.n_parameters, k = problem_behaviours(p), most = N - rank_g;
    *out = (struct lost_table){0};
    struct lost_search s = {.tape = t,
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
        status = lost_find_information(&s);
        lost_record(&s, LOST_NOT_PINNED, 0, 0, most - s.stack.stacked, false);
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
