#include "basin/weights.h"

#include "basin/problem.h"
#include "data/array.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char key_name[] = "gears.key";

/* Name of tensor `which` (0: weight, 1: bias) of layer l under a convention. */
static void conventional_name(size_t l, int which, bool sequential, char name[32])
{
    if (sequential)
        snprintf(name, 32, "%zu.%s", 2 * l, which ? "bias" : "weight");
    else
        snprintf(name, 32, "%s%zu", which ? "b" : "W", l + 1);
}

static bool is_reference(const struct array *a)
{
    return strncmp(a->name, "reference.", 10) == 0;
}

struct candidate {
    const struct array *tensor;
};

/* Digits inside names compare as numbers: layer10 after layer2. */
static int compare_naturally(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    const char *p = left->tensor->name, *q = right->tensor->name;
    while (*p && *q) {
        if (*p >= '0' && *p <= '9' && *q >= '0' && *q <= '9') {
            char *p_end, *q_end;
            unsigned long m = strtoul(p, &p_end, 10), n = strtoul(q, &q_end, 10);
            if (m != n)
                return m < n ? -1 : 1;
            p = p_end;
            q = q_end;
            continue;
        }
        if (*p != *q)
            break;
        p++;
        q++;
    }
    return (unsigned char)*p - (unsigned char)*q;
}

/* The tensors in the order W_1, b_1, W_2, ...: tensor (n_layers x (1 + bias)). */
struct chosen {
    const struct array *tensor[2 * NETWORK_MAX_LAYERS];
};

/* false: not all of them are there. */
static bool choose_by_convention(const struct network *net, const struct array_set *set, bool sequential,
                                 struct chosen *out)
{
    size_t k = 0;
    for (size_t l = 0; l < net->n_layers; l++)
        for (int which = 0; which <= (int)net->bias; which++) {
            char name[32];
            conventional_name(l, which, sequential, name);
            out->tensor[k] = array_find(set, name);
            if (!out->tensor[k++])
                return false;
        }
    return true;
}

static enum status choose_by_map(const struct network *net, const struct array_set *set,
                                 const struct config_node *names, struct chosen *out, struct error *e)
{
    size_t per_layer = 1 + (size_t)net->bias;
    for (size_t i = 0; i < net->n_layers * per_layer; i++) {
        char key[32];
        conventional_name(i / per_layer, (int)(i % per_layer), false, key);
        const struct config_node *node = config_get(names, key);
        if (!node)
            return config_error(names, e, "network.names: %s is missing", key);
        out->tensor[i] = array_find(set, config_text(node, ""));
        if (!out->tensor[i])
            return config_error(node, e, "there is no tensor called '%.60s' in the file of weights",
                                config_text(node, ""));
    }
    return STATUS_OK;
}

/* The tensors' names, as many as there is room for. */
static void list_names(const struct array_set *set, size_t room, char *out)
{
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < set->n; i++) {
        const char *name = set->arrays[i].name;
        if (is_reference(&set->arrays[i]))
            continue;
        if (used + strlen(name) + 10 > room) {
            snprintf(out + used, room - used, ", ...");
            return;
        }
        used += (size_t)snprintf(out + used, room - used, "%s'%s'", used ? ", " : "", name);
    }
}

/* The i-th matrix and the i-th vector by name are W_i and b_i. */
static enum status choose_in_order(const struct network *net, const struct array_set *set, const char *path,
                                   struct chosen *out, struct error *e)
{
    size_t per_layer = 1 + (size_t)net->bias, n[2] = {0, 0};
    struct candidate *sorted = malloc(2 * (set->n + 1) * sizeof *sorted);
    if (!sorted)
        return error_memory(e);
    struct candidate *kind[] = {sorted, sorted + set->n + 1}; /* weights, biases */
    for (size_t i = 0; i < set->n; i++) {
        int which = set->arrays[i].n_dimensions < 2;
        if (!is_reference(&set->arrays[i]))
            kind[which][n[which]++].tensor = &set->arrays[i];
    }
    bool fits = n[0] == net->n_layers && n[1] == (net->bias ? net->n_layers : 0);
    for (size_t which = 0; which < per_layer && fits; which++) {
        qsort(kind[which], n[which], sizeof *sorted, compare_naturally);
        for (size_t l = 0; l < net->n_layers; l++)
            out->tensor[l * per_layer + which] = kind[which][l].tensor;
    }
    free(sorted);
    if (fits)
        return STATUS_OK;
    char found[300];
    list_names(set, sizeof found, found);
    return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0,
                        "%zu matri%s and %zu vector%s (%s), but the network has %zu weights and %s biases", n[0],
                        n[0] == 1 ? "x" : "ces", n[1], n[1] == 1 ? "" : "s", found, net->n_layers,
                        net->bias ? "as many" : "no");
}

static enum status choose(const struct network *net, const struct array_set *set, const struct config_node *names,
                          const char *path, struct chosen *out, struct error *e)
{
    if (names)
        return choose_by_map(net, set, names, out, e);
    if (choose_by_convention(net, set, true, out) || choose_by_convention(net, set, false, out))
        return STATUS_OK;
    return choose_in_order(net, set, path, out, e);
}

static enum status copy_weight(const struct array *a, size_t rows, size_t columns, enum weights_layout layout,
                               const char *path, double *w, struct error *e)
{
    size_t first = layout == WEIGHTS_OUT_IN ? rows : columns, second = layout == WEIGHTS_OUT_IN ? columns : rows;
    if (a->n_dimensions != 2 || a->shape[0] != first || a->shape[1] != second)
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0,
                            "tensor '%.60s' is %zu x %zu; this layer wants %zu x %zu, (%s); see network.layout and "
                            "network.names",
                            a->name, a->shape[0], a->n_dimensions > 1 ? a->shape[1] : (size_t)1, first, second,
                            layout == WEIGHTS_OUT_IN ? "out, in" : "in, out");
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            w[i * columns + j] = a->values[layout == WEIGHTS_OUT_IN ? i * columns + j : j * rows + i];
    return STATUS_OK;
}

static enum status copy_bias(const struct array *a, size_t n, const char *path, double *b, struct error *e)
{
    if (a->n != n)
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "tensor '%.60s' has %zu numbers; this layer wants %zu",
                            a->name, a->n, n);
    memcpy(b, a->values, n * sizeof *b);
    return STATUS_OK;
}

static enum status copy_all(const struct network *net, const struct chosen *chosen, enum weights_layout layout,
                            const char *path, double *theta, struct error *e)
{
    enum status status = STATUS_OK;
    size_t k = 0;
    for (size_t l = 0; l < net->n_layers && !status; l++) {
        status = copy_weight(chosen->tensor[k++], net->width[l + 1], net->width[l], layout, path,
                             theta + net->weight_at[l], e);
        if (!status && net->bias)
            status = copy_bias(chosen->tensor[k++], net->width[l + 1], path, theta + net->bias_at[l], e);
    }
    for (size_t i = 0; i < net->n_parameters && !status; i++)
        if (!isfinite(theta[i]))
            status = error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "parameter %zu is not a finite number", i);
    return status;
}

/* The file's own inputs and outputs, when it has them, against what the weights compute. */
static enum status check_reference(const struct network *net, const struct array_set *set, const char *path,
                                   const double *theta, struct error *e)
{
    const struct array *x = array_find(set, "reference.inputs"), *y = array_find(set, "reference.outputs");
    size_t inputs = net->width[0], outputs = net->width[net->n_layers];
    if (!x || !y)
        return STATUS_OK;
    if (x->n == 0 || x->n % inputs || y->n != x->n / inputs * outputs)
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0,
                            "reference.inputs and reference.outputs do not fit the network");
    struct problem p = {.network = *net, .n = x->n / inputs, .x = x->values, .t = y->values, .loss = LOSS_MSE};
    struct tape *tape = NULL;
    enum status status = tape_new(&p, &tape, e);
    double size = 0, miss = 0;
    if (!status) {
        tape_loss(tape, theta);
        for (size_t i = 0; i < y->n; i++) {
            double difference = fabs(tape_outputs(tape)[i] - y->values[i]);
            size = fmax(size, fabs(y->values[i]));
            miss = isfinite(difference) ? fmax(miss, difference) : INFINITY;
        }
        double tolerance = y->type == ARRAY_F64 ? 1e-9 : 1e-4;
        if (!isfinite(miss) || miss > tolerance * fmax(size, 1e-30))
            status = error_set_at(
                e, STATUS_BAD_INPUT, path, 0, 0,
                "the outputs differ from reference.outputs by up to %.2g of their size: is the layout or the "
                "activation another one?",
                miss / fmax(size, 1e-30));
    }
    tape_free(tape);
    return status;
}

/* Whether anything but the word of the user says which side of the matrices is which. */
static bool layout_is_certain(const struct network *net, const struct array_set *set, enum weights_layout layout)
{
    struct chosen chosen;
    bool square = true;
    for (size_t l = 0; l < net->n_layers; l++)
        square = square && net->width[l] == net->width[l + 1];
    return !square || (array_find(set, "reference.inputs") && array_find(set, "reference.outputs")) ||
           (layout == WEIGHTS_OUT_IN && choose_by_convention(net, set, true, &chosen));
}

enum status weights_load(const struct network *net, const char *path, enum weights_layout layout,
                         const struct config_node *names, double *theta, bool *certain, struct error *e)
{
    struct array_set set = {0};
    struct chosen chosen = {0};
    enum status status = array_read(path, &set, e);
    bool own = array_metadata(&set, key_name) != NULL;
    if (!status)
        status = choose(net, &set, own ? NULL : names, path, &chosen, e);
    if (!status)
        status = copy_all(net, &chosen, own ? WEIGHTS_OUT_IN : layout, path, theta, e);
    if (!status)
        status = check_reference(net, &set, path, theta, e);
    if (!status && certain)
        *certain = own || layout_is_certain(net, &set, layout);
    array_set_clear(&set);
    return status;
}

char *weights_file_name(const char *run, bool only_run, char *buffer, size_t size)
{
    if (only_run) {
        snprintf(buffer, size, "weights.safetensors");
        return buffer;
    }
    int used = snprintf(buffer, size, "weights-%.60s.safetensors", run);
    for (int i = 8; i < used - 12; i++)
        if (!isalnum((unsigned char)buffer[i]) && !strchr("-_.", buffer[i]))
            buffer[i] = '_';
    return buffer;
}

enum status weights_save(const struct network *net, const double *theta, const char *key, const char *path,
                         struct error *e)
{
    char names[2 * NETWORK_MAX_LAYERS][32];
    struct array arrays[2 * NETWORK_MAX_LAYERS];
    struct array_set set = {.arrays = arrays};
    for (size_t l = 0; l < net->n_layers; l++)
        for (int which = 0; which <= (int)net->bias; which++) {
            struct array *a = &arrays[set.n];
            size_t rows = net->width[l + 1], columns = which ? 1 : net->width[l];
            conventional_name(l, which, false, names[set.n]);
            *a = (struct array){.name = names[set.n],
                                .type = ARRAY_F64,
                                .n_dimensions = which ? 1 : 2,
                                .shape = {rows, columns},
                                .n = rows * columns,
                                .values = (double *)theta + (which ? net->bias_at[l] : net->weight_at[l])};
            set.n++;
        }
    const char *const metadata[] = {key_name, key, NULL};
    return array_write_safetensors(&set, metadata, path, e);
}

bool weights_reuse(const struct network *net, const char *key, const char *path, double *theta)
{
    struct array_set set = {0};
    struct chosen chosen = {0};
    bool reused = false;
    if (!array_read(path, &set, NULL)) {
        const char *found = array_metadata(&set, key_name);
        reused = found && strcmp(found, key) == 0 && choose_by_convention(net, &set, false, &chosen) &&
                 copy_all(net, &chosen, WEIGHTS_OUT_IN, path, theta, NULL) == STATUS_OK;
    }
    array_set_clear(&set);
    return reused;
}
