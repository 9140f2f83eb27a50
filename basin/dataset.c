#include "basin/dataset_private.h"

#include "basin/problem.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Streams of a seed: what is drawn for one purpose does not move what is drawn for another. */
enum { STREAM_INPUTS = 100, STREAM_ORDER, STREAM_MATRIX, STREAM_NOISE };

void dataset_clear(struct dataset *d)
{
    free(d->x);
    free(d->t);
    free(d->x_validation);
    free(d->t_validation);
    memset(d, 0, sizeof *d);
}

enum status dataset_allocate(struct dataset *d, size_t n, size_t n_validation, size_t n_inputs, size_t n_outputs,
                             struct error *e)
{
    const double limit = 2147483648.0;
    memset(d, 0, sizeof *d);
    if (n == 0 || n_inputs == 0 || n_outputs == 0)
        return error_set(e, STATUS_BAD_INPUT, "%zu examples of %zu inputs and %zu outputs: there must be some", n,
                         n_inputs, n_outputs);
    if (((double)n + (double)n_validation) * ((double)n_inputs + (double)n_outputs) > limit)
        return error_set(e, STATUS_BAD_INPUT, "%zu examples of %zu inputs and %zu outputs are too many numbers",
                         n + n_validation, n_inputs, n_outputs);
    d->x = calloc(n * n_inputs, sizeof *d->x);
    d->t = calloc(n * n_outputs, sizeof *d->t);
    d->x_validation = calloc(n_validation * n_inputs + 1, sizeof *d->x);
    d->t_validation = calloc(n_validation * n_outputs + 1, sizeof *d->t);
    if (!d->x || !d->t || !d->x_validation || !d->t_validation)
        return error_memory(e);
    d->n = n;
    d->n_validation = n_validation;
    d->n_inputs = n_inputs;
    d->n_outputs = n_outputs;
    return STATUS_OK;
}

enum status dataset_check_soft(double soft, struct error *e)
{
    if (soft >= 0 && soft < 0.5)
        return STATUS_OK;
    return error_set(e, STATUS_BAD_INPUT, "soft is %g, it must be at least 0 and below 0.5", soft);
}

double *dataset_x(const struct dataset *d, size_t i)
{
    return i < d->n ? d->x + i * d->n_inputs : d->x_validation + (i - d->n) * d->n_inputs;
}

double *dataset_t(const struct dataset *d, size_t i)
{
    return i < d->n ? d->t + i * d->n_outputs : d->t_validation + (i - d->n) * d->n_outputs;
}

void dataset_one_hot(size_t outputs, size_t label, double soft, double *t)
{
    for (size_t j = 0; j < outputs; j++)
        t[j] = j == label ? 1 - soft : soft / (double)(outputs - 1);
}

size_t *dataset_shuffled(size_t n, uint64_t seed)
{
    size_t *order = malloc((n + 1) * sizeof *order);
    struct random_stream r = random_stream(seed, STREAM_ORDER);
    for (size_t i = 0; order && i < n; i++)
        order[i] = i;
    if (order)
        random_shuffle(&r, n, order);
    return order;
}

/* --- boolean functions ------------------------------------------------------------------------------------------- */

static bool table_bit(uint64_t table, size_t row)
{
    return table >> row & 1;
}

static bool odd_ones(uint64_t unused, size_t row)
{
    (void)unused;
    return __builtin_parityll(row);
}

static enum status all_rows(size_t inputs, bool (*answer)(uint64_t, size_t), uint64_t table, double soft,
                            struct dataset *out, struct error *e)
{
    enum status status = dataset_check_soft(soft, e);
    if (!status)
        status = dataset_allocate(out, (size_t)1 << inputs, 0, inputs, 1, e);
    for (size_t i = 0; !status && i < out->n; i++) {
        for (size_t j = 0; j < inputs; j++)
            out->x[i * inputs + j] = i >> (inputs - 1 - j) & 1 ? 1 : -1;
        out->t[i] = answer(table, i) ? 1 - soft : soft;
    }
    return status;
}

enum status dataset_boolean(size_t inputs, uint64_t truth_table, double soft, struct dataset *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    if (inputs < 1 || inputs > DATASET_MAX_TABLE_INPUTS)
        return error_set(e, STATUS_BAD_INPUT, "a truth table has 1 to %d inputs, not %zu", DATASET_MAX_TABLE_INPUTS,
                         inputs);
    if (inputs < DATASET_MAX_TABLE_INPUTS && truth_table >> ((size_t)1 << inputs))
        return error_set(e, STATUS_BAD_INPUT, "the truth table has more than the %zu bits of %zu inputs",
                         (size_t)1 << inputs, inputs);
    enum status status = all_rows(inputs, table_bit, truth_table, soft, out, e);
    snprintf(out->source, sizeof out->source, "boolean function %llu of %zu inputs", (unsigned long long)truth_table,
             inputs);
    return status;
}

enum status dataset_parity(size_t inputs, double soft, struct dataset *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    if (inputs < 1 || inputs > DATASET_MAX_PARITY_INPUTS)
        return error_set(e, STATUS_BAD_INPUT, "parity has 1 to %d inputs, not %zu", DATASET_MAX_PARITY_INPUTS, inputs);
    enum status status = all_rows(inputs, odd_ones, 0, soft, out, e);
    if (inputs == 2)
        snprintf(out->source, sizeof out->source, "xor");
    else
        snprintf(out->source, sizeof out->source, "parity of %zu inputs", inputs);
    return status;
}

/* --- teachers ---------------------------------------------------------------------------------------------------- */

static enum status answer(const struct network *teacher, const double *theta, size_t n, const double *x, double *t,
                          int probabilities, struct error *e)
{
    static const enum loss_kind loss[] = {LOSS_MSE, LOSS_BCE, LOSS_CE};
    struct problem p = {.network = *teacher, .n = n, .x = x, .t = t, .loss = loss[probabilities]};
    struct tape *tape = NULL;
    enum status status = tape_new(&p, &tape, e);
    if (!status) {
        tape_loss(tape, theta);
        memcpy(t, probabilities ? tape_probabilities(tape) : tape_outputs(tape), problem_behaviours(&p) * sizeof *t);
    }
    tape_free(tape);
    return status;
}

enum status dataset_teacher(const struct network *teacher, const double *theta, size_t n, size_t n_validation,
                            int probabilities, uint64_t seed, struct dataset *out, struct error *e)
{
    size_t inputs = teacher->width[0], outputs = teacher->width[teacher->n_layers];
    struct random_stream r = random_stream(seed, STREAM_INPUTS);
    enum status status = dataset_allocate(out, n, n_validation, inputs, outputs, e);
    if (status)
        return status;
    random_normals(&r, n * inputs, out->x);
    random_normals(&r, n_validation * inputs, out->x_validation);
    status = answer(teacher, theta, n, out->x, out->t, probabilities, e);
    if (!status && n_validation)
        status = answer(teacher, theta, n_validation, out->x_validation, out->t_validation, probabilities, e);
    int used = snprintf(out->source, sizeof out->source, "answers of a random network, layers %zu", inputs);
    for (size_t l = 1; l <= teacher->n_layers && used < (int)sizeof out->source; l++)
        used += snprintf(out->source + used, sizeof out->source - (size_t)used, "-%zu", teacher->width[l]);
    return status;
}

/* --- modular addition, linear regression ------------------------------------------------------------------------- */

enum status dataset_modular_addition(size_t p, double part, double soft, uint64_t seed, struct dataset *out,
                                     struct error *e)
{
    memset(out, 0, sizeof *out);
    if (p < 2 || p > 10000 || !(part > 0 && part <= 1))
        return error_set(e, STATUS_BAD_INPUT, "a part %g of addition modulo %zu: p is at least 2, the part in (0, 1]",
                         part, p);
    size_t rows = p * p, n = (size_t)llround(part * (double)rows);
    size_t *order = dataset_shuffled(rows, seed);
    enum status status = order ? dataset_check_soft(soft, e) : error_memory(e);
    if (!status)
        status = dataset_allocate(out, n ? n : 1, rows - (n ? n : 1), 2 * p, p, e);
    for (size_t i = 0; !status && i < rows; i++) {
        size_t row = n == rows ? i : order[i], a = row / p, b = row % p;
        dataset_x(out, i)[a] = 1;
        dataset_x(out, i)[p + b] = 1;
        dataset_one_hot(p, (a + b) % p, soft, dataset_t(out, i));
    }
    snprintf(out->source, sizeof out->source, "addition modulo %zu", p);
    free(order);
    return status;
}

enum status dataset_linear(size_t inputs, size_t outputs, size_t n, double noise, uint64_t seed, struct dataset *out,
                           struct error *e)
{
    struct random_stream x = random_stream(seed, STREAM_INPUTS), a = random_stream(seed, STREAM_MATRIX),
                         more = random_stream(seed, STREAM_NOISE);
    enum status status = dataset_allocate(out, n, 0, inputs, outputs, e);
    if (status)
        return status;
    double *matrix = malloc(outputs * inputs * sizeof *matrix);
    if (!matrix)
        return error_memory(e);
    random_normals(&x, n * inputs, out->x);
    random_normals(&a, outputs * inputs, matrix);
    random_normals(&more, n * outputs, out->t);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, n, outputs, inputs, 1 / sqrt((double)inputs), out->x, inputs,
                    matrix, inputs, noise, out->t, outputs);
    snprintf(out->source, sizeof out->source, "a random linear map%s", noise > 0 ? " with noise" : "");
    free(matrix);
    return STATUS_OK;
}

enum status dataset_projection(size_t inputs, size_t outputs, size_t rank, struct dataset *out, struct error *e)
{
    enum status status = dataset_allocate(out, inputs, 0, inputs, outputs, e);
    if (status)
        return status;
    if (rank > inputs || rank > outputs)
        return error_set(e, STATUS_BAD_INPUT, "rank %zu is more than %zu inputs and %zu outputs allow", rank, inputs,
                         outputs);
    for (size_t i = 0; i < inputs; i++)
        out->x[i * inputs + i] = sqrt((double)inputs);
    for (size_t i = 0; i < rank; i++)
        out->t[i * outputs + i] = sqrt((double)inputs);
    snprintf(out->source, sizeof out->source, "the projection on %zu coordinate%s", rank, rank == 1 ? "" : "s");
    return STATUS_OK;
}
