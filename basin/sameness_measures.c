/* The measures themselves. Measures of the outputs are a loss less its value at theta*: the problem's own, or one that
 * is least at theta*. */
#include "basin/sameness_private.h"

#include "basin/tape.h"
#include "solver/linalg.h"
#include "solver/wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t n_outputs(const struct sameness *s)
{
    return s->problem.network.width[s->problem.network.n_layers];
}

/* --- of the outputs */

WIDE_INLINE void exponentials_body(size_t n, size_t m, const double *f, double *top, double *out)
{
    for (size_t i = 0; i < n; i++) {
        double most = f[i * m];
        for (size_t j = 1; j < m; j++)
            most = f[i * m + j] > most ? f[i * m + j] : most;
        top[i] = most;
        for (size_t j = 0; j < m; j++)
            out[i * m + j] = f[i * m + j] - most;
    }
#pragma omp simd
    for (size_t i = 0; i < n * m; i++)
        out[i] = wide_exp(out[i]);
}
WIDE_DEFINE(exponentials, (size_t n, size_t m, const double *f, double *top, double *out), (n, m, f, top, out))

/* Sum of - t ln softmax(f), t summing up to 1, over n rows; scratch (n, m). */
static double cross_entropies(size_t n, size_t m, const double *f, const double *t, double *scratch)
{
    double top[SAMENESS_BLOCK], sum = 0;
    exponentials(n, m, f, top, scratch);
    for (size_t i = 0; i < n; i++) {
        double total = scratch[i * m], aimed = t[i * m] * f[i * m];
        for (size_t j = 1; j < m; j++) {
            total += scratch[i * m + j];
            aimed += t[i * m + j] * f[i * m + j];
        }
        sum += top[i] + log(total) - aimed;
    }
    return sum;
}

static void add_loss(struct sameness_worker *w, size_t l, size_t first, size_t count, const double *a)
{
    const struct problem *p = &w->s->problem;
    size_t m = n_outputs(w->s);
    if (l < p->network.n_layers)
        return;
    const double *t = p->t + first * m;
    if (p->loss == LOSS_CE) {
        w->sum += cross_entropies(count, m, a, t, w->exponentials);
        return;
    }
    struct problem rows = *p;
    rows.n = count;
    rows.t = t;
    w->sum += (double)count * loss_value(&rows, a, NULL);
}

static double total_loss(struct sameness_worker *w)
{
    return w->sum / (double)w->s->problem.n - w->s->offset;
}

/* The offset is the loss at theta*, by the same sums. */
static enum status prepare_loss(struct sameness *s, struct error *e)
{
    size_t m = n_outputs(s), last = s->problem.network.n_layers;
    struct sameness_worker w = {.s = s, .exponentials = malloc(SAMENESS_BLOCK * m * sizeof(double))};
    if (!w.exponentials)
        return error_memory(e);
    for (size_t first = 0; first < s->problem.n; first += SAMENESS_BLOCK) {
        size_t count = s->problem.n - first < SAMENESS_BLOCK ? s->problem.n - first : SAMENESS_BLOCK;
        add_loss(&w, last, first, count, s->reference_activation[last] + first * m);
    }
    s->offset = w.sum / (double)s->problem.n;
    free(w.exponentials);
    return STATUS_OK;
}

/* The loss aims at what the network does at theta*: its excess is the KL divergence from there (for mse that of normal
 * distributions of variance 1: half the squared distance). */
static enum status prepare_kl(struct sameness *s, struct error *e)
{
    size_t k = problem_behaviours(&s->problem);
    const double *f = s->reference_activation[s->problem.network.n_layers];
    s->targets = malloc(k * sizeof *s->targets);
    if (!s->targets)
        return error_memory(e);
    if (s->problem.loss == LOSS_MSE)
        memcpy(s->targets, f, k * sizeof *f);
    else
        loss_probabilities(&s->problem, f, s->targets);
    s->problem.t = s->targets;
    return prepare_loss(s, e);
}

static enum status prepare_output_distance(struct sameness *s, struct error *e)
{
    s->problem.loss = LOSS_MSE;
    return prepare_kl(s, e);
}

static const struct sameness_measure loss = {.name = "loss",
                                             .summary = "the excess of the training loss (without weight decay)",
                                             .is_excess_loss = true,
                                             .curvature_whole = true,
                                             .prepare = prepare_loss,
                                             .add = add_loss,
                                             .total = total_loss};
static const struct sameness_measure kl = {.name = "kl",
                                           .summary = "the KL divergence of the outputs on the training examples",
                                           .is_excess_loss = true,
                                           .prepare = prepare_kl,
                                           .add = add_loss,
                                           .total = total_loss};
static const struct sameness_measure output_distance = {
    .name = "output-distance",
    .summary = "half the mean squared distance of the outputs on the validation examples",
    .validation = true,
    .is_excess_loss = true,
    .prepare = prepare_output_distance,
    .add = add_loss,
    .total = total_loss};

/* --- of the hidden layers */

static bool is_hidden(const struct sameness *s, size_t l)
{
    return l < s->problem.network.n_layers;
}

/* Distances are relative to what the hidden layers do at theta*. */
static enum status check_norm(const struct sameness *s, struct error *e)
{
    return s->norm > 0
               ? STATUS_OK
               : error_set(e, STATUS_BAD_INPUT, "sameness by %s: all hidden activations are 0 there", s->measure->name);
}

static enum status prepare_hidden(struct sameness *s, struct error *e)
{
    for (size_t l = 1; is_hidden(s, l); l++) {
        size_t size = s->problem.n * s->problem.network.width[l];
        s->norm += linalg_dot(size, s->reference_activation[l], s->reference_activation[l]);
    }
    return check_norm(s, e);
}

static void add_hidden(struct sameness_worker *w, size_t l, size_t first, size_t count, const double *a)
{
    size_t width = w->s->problem.network.width[l];
    const double *reference = w->s->reference_activation[l] + first * width;
    if (!is_hidden(w->s, l))
        return;
    double sum = 0;
    for (size_t i = 0; i < count * width; i++)
        sum += (a[i] - reference[i]) * (a[i] - reference[i]);
    w->sum += sum;
}

static double total_hidden(struct sameness_worker *w)
{
    return w->sum / 2 / w->s->norm;
}

static void slopes_hidden(struct sameness_worker *w)
{
    for (size_t l = 1; is_hidden(w->s, l); l++) {
        const double *a = tape_activations(w->tape, l), *reference = w->s->reference_activation[l];
        for (size_t i = 0; i < w->s->problem.n * w->s->problem.network.width[l]; i++)
            w->slopes[l][i] = (a[i] - reference[i]) / w->s->norm;
    }
}

/* Gram matrices K = A A^T (n, n) of the last hidden layer never stand there: |K - K*|^2 = |A^T A|^2 - 2 |A^T A*|^2 +
 * |A*^T A*|^2 in Frobenius norms, all (h, h). */
static size_t gram_width(const struct sameness *s)
{
    return s->problem.network.width[s->problem.network.n_layers - 1];
}

static double square_of_upper(size_t h, const double *g)
{
    double sum = 0;
    for (size_t i = 0; i < h; i++) {
        sum += g[i * h + i] * g[i * h + i];
        for (size_t j = i + 1; j < h; j++)
            sum += 2 * g[i * h + j] * g[i * h + j];
    }
    return sum;
}

static enum status prepare_gram(struct sameness *s, struct error *e)
{
    size_t h = gram_width(s);
    double *gram = calloc(h * h, sizeof *gram);
    if (!gram)
        return error_memory(e);
    linalg_gram(s->problem.n, h, 1, s->reference_activation[s->problem.network.n_layers - 1], h, 0, gram, h);
    s->norm = square_of_upper(h, gram);
    free(gram);
    return check_norm(s, e);
}

static void add_gram(struct sameness_worker *w, size_t l, size_t first, size_t count, const double *a)
{
    size_t h = gram_width(w->s);
    if (l + 1 != w->s->problem.network.n_layers)
        return;
    linalg_gram(count, h, 1, a, h, 1, w->gram[0], h);
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, h, h, count, 1, a, h, w->s->reference_activation[l] + first * h, h,
                    1, w->gram[1], h);
}

static double total_gram(struct sameness_worker *w)
{
    size_t h = gram_width(w->s);
    double cross = linalg_dot(h * h, w->gram[1], w->gram[1]);
    return fmax(square_of_upper(h, w->gram[0]) - 2 * cross + w->s->norm, 0) / 2 / w->s->norm;
}

/* d/dA = 2 (K - K*) A / norm = 2 (A (A^T A) - A* (A^T A*)^T) / norm. */
static void slopes_gram(struct sameness_worker *w)
{
    size_t h = gram_width(w->s), last = w->s->problem.network.n_layers - 1, n = w->s->problem.n;
    for (size_t l = 1; l < last; l++)
        memset(w->slopes[l], 0, n * w->s->problem.network.width[l] * sizeof(double));
    linalg_mirror_upper(h, w->gram[0], h);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, n, h, h, 2 / w->s->norm, tape_activations(w->tape, last), h, w->gram[0],
                    h, 0, w->slopes[last], h);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, n, h, h, -2 / w->s->norm, w->s->reference_activation[last], h,
                    w->gram[1], h, 1, w->slopes[last], h);
}

static const struct sameness_measure hidden_activations = {
    .name = "hidden-activations",
    .summary = "half the squared distance of all hidden activations on the training examples, relative to their square",
    .hidden = true,
    .prepare = prepare_hidden,
    .add = add_hidden,
    .total = total_hidden,
    .slopes = slopes_hidden};
static const struct sameness_measure feature_gram = {
    .name = "feature-gram",
    .summary =
        "half the squared distance of the last hidden layer's Gram matrix over the training examples, relative to "
        "its square",
    .hidden = true,
    .prepare = prepare_gram,
    .add = add_gram,
    .total = total_gram,
    .slopes = slopes_gram};

const struct sameness_measure *const sameness_measures[] = {&loss,         &kl, &output_distance, &hidden_activations,
                                                            &feature_gram, NULL};
