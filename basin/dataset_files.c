/* Examples from files: the shipped digits, Fashion-MNIST, one's own. */
#include "basin/dataset_private.h"

#include "data/array.h"
#include "data/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of numbers, and what becomes of them. */
struct table_view {
    const char *path;
    const double *values;
    size_t rows, columns, stride; /* row i begins at values + i stride */
    double scale;                 /* values are multiplied by it */
};

static enum status copy_row(const struct table_view *v, size_t row, const char *what, double *out, struct error *e)
{
    const double *values = v->values + row * v->stride;
    for (size_t j = 0; j < v->columns; j++) {
        out[j] = values[j] * v->scale;
        if (!isfinite(values[j]))
            return error_set_at(e, STATUS_BAD_INPUT, v->path, 0, 0, "%s %zu of example %zu is not a finite number",
                                what, j + 1, row + 1);
    }
    return STATUS_OK;
}

static enum status copy_label(const struct table_view *v, size_t row, size_t outputs, double soft, double *out,
                              struct error *e)
{
    double label = v->values[row * v->stride];
    if (!(label >= 0 && label < (double)outputs && label == floor(label)))
        return error_set_at(e, STATUS_BAD_INPUT, v->path, 0, 0,
                            "the label of example %zu is %g; labels are whole numbers from 0 to %zu", row + 1, label,
                            outputs - 1);
    dataset_one_hot(outputs, (size_t)label, soft, out);
    return STATUS_OK;
}

/* order: NULL keeps the file's. One number where there are several outputs is a label. */
static enum status fill(struct dataset *out, const struct table_view *x, const struct table_view *t, double soft,
                        const size_t *order, struct error *e)
{
    enum status status = STATUS_OK;
    bool labels = t->columns == 1 && out->n_outputs > 1;
    for (size_t i = 0; !status && i < out->n + out->n_validation; i++) {
        size_t row = order ? order[i] : i;
        status = copy_row(x, row, "input", dataset_x(out, i), e);
        if (!status)
            status = labels ? copy_label(t, row, out->n_outputs, soft, dataset_t(out, i), e)
                            : copy_row(t, row, "target", dataset_t(out, i), e);
    }
    return status;
}

/* n = 0: all that validation leaves. */
static enum status split(const char *path, size_t rows, size_t *n, size_t n_validation, struct error *e)
{
    size_t wanted = (*n ? *n : 1) + n_validation;
    if (n_validation > rows || wanted > rows)
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0,
                            "%zu examples for training and %zu for validation are wanted, but there are %zu",
                            *n ? *n : 1, n_validation, rows);
    if (!*n)
        *n = rows - n_validation;
    return STATUS_OK;
}

enum status dataset_digits(size_t n, size_t n_validation, double soft, uint64_t seed, struct dataset *out,
                           struct error *e)
{
    enum { PIXELS = 64, LABELS = 10 };
    char folder[4096], path[4160];
    struct array_set set = {0};
    size_t *order = NULL;
    memset(out, 0, sizeof *out);
    enum status status = dataset_check_soft(soft, e);
    if (!status)
        status = data_directory(folder, sizeof folder, e);
    if (!status) {
        snprintf(path, sizeof path, "%s/digits/digits.csv", folder);
        status = array_read(path, &set, e);
    }
    if (!status && (set.arrays[0].n_dimensions != 2 || set.arrays[0].shape[1] != PIXELS + 1))
        status = error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "not rows of %d pixels and a label", PIXELS);
    size_t rows = status ? 0 : set.arrays[0].shape[0];
    const double *values = status ? NULL : set.arrays[0].values;
    struct table_view x = {path, values, rows, PIXELS, PIXELS + 1, 1.0 / 16},
                      t = {path, values ? values + PIXELS : NULL, rows, 1, PIXELS + 1, 1};
    if (!status)
        status = split(path, rows, &n, n_validation, e);
    if (!status)
        status = dataset_allocate(out, n, n_validation, PIXELS, LABELS, e);
    if (!status && !(order = dataset_shuffled(rows, seed)))
        status = error_memory(e);
    if (!status)
        status = fill(out, &x, &t, soft, order, e);
    snprintf(out->source, sizeof out->source,
             "digits (Alpaydin and Kaynak, UCI Machine Learning Repository, CC BY 4.0)");
    free(order);
    array_set_clear(&set);
    return status;
}

/* The array of a file, by one of the names (NULL last) where there are several; NULL: not there. */
static const struct array *pick(const struct array_set *set, const char *const *names)
{
    if (set->n == 1)
        return &set->arrays[0];
    for (; *names; names++)
        if (array_find(set, *names))
            return array_find(set, *names);
    return NULL;
}

static bool is_idx(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strstr(name, ".idx") || strstr(name, "-ubyte");
}

/* (n, ...) as rows; bytes of IDX from 0 to 1. */
static enum status read_table(const char *path, const char *const *names, struct array_set *set, struct table_view *out,
                              struct error *e)
{
    enum status status = array_read(path, set, e);
    if (status)
        return status;
    const struct array *a = pick(set, names);
    if (!a)
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "%zu arrays, and none is called %s", set->n, names[0]);
    if (a->n_dimensions == 0 || a->n == 0)
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "there are no examples");
    *out = (struct table_view){.path = path,
                               .values = a->values,
                               .rows = a->shape[0],
                               .columns = a->n / a->shape[0],
                               .stride = a->n / a->shape[0],
                               .scale = is_idx(path) && a->type == ARRAY_U8 ? 1.0 / 255 : 1};
    return STATUS_OK;
}

static enum status check_fit(const struct table_view *x, const struct table_view *t, size_t n_outputs, struct error *e)
{
    if (x->rows != t->rows)
        return error_set_at(e, STATUS_BAD_INPUT, t->path, 0, 0, "%zu targets for the %zu examples of %.200s", t->rows,
                            x->rows, x->path);
    if (t->columns != n_outputs && t->columns != 1)
        return error_set_at(
            e, STATUS_BAD_INPUT, t->path, 0, 0,
            "%zu numbers for each example; the network has %zu outputs, so they should be %zu, or a label", t->columns,
            n_outputs, n_outputs);
    return STATUS_OK;
}

enum status dataset_files(const char *inputs, const char *targets, size_t n_outputs, double soft, size_t n,
                          size_t n_validation, uint64_t seed, struct dataset *out, struct error *e)
{
    static const char *const input_names[] = {"inputs", "x", NULL}, *const target_names[] = {"targets", "labels", "t",
                                                                                             "y", NULL};
    struct array_set x_set = {0}, t_set = {0};
    struct table_view x = {0}, t = {0};
    size_t *order = NULL;
    bool in_order = n == 0 && n_validation == 0;
    memset(out, 0, sizeof *out);
    enum status status = dataset_check_soft(soft, e);
    if (!status)
        status = read_table(inputs, input_names, &x_set, &x, e);
    if (!status)
        status = read_table(targets, target_names, &t_set, &t, e);
    if (!status)
        status = check_fit(&x, &t, n_outputs, e);
    if (!status)
        status = split(inputs, x.rows, &n, n_validation, e);
    if (!status)
        status = dataset_allocate(out, n, n_validation, x.columns, n_outputs, e);
    if (!status && !in_order && !(order = dataset_shuffled(x.rows, seed)))
        status = error_memory(e);
    if (!status)
        status = fill(out, &x, &t, soft, order, e);
    const char *slash = strrchr(inputs, '/');
    snprintf(out->source, sizeof out->source, "%.200s", slash ? slash + 1 : inputs);
    free(order);
    array_set_clear(&x_set);
    array_set_clear(&t_set);
    return status;
}
