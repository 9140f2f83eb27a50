#include "basin/experiment_private.h"

#include "base/file.h"
#include "base/text.h"
#include "basin/dataset_private.h"
#include "basin/weights.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- from nodes to a run ----------------------------------------------------------------------------------------- */

static size_t choice(const char *const *words, const struct config_node *node, const char *fallback)
{
    const char *word = config_text(node, fallback);
    size_t i = 0;
    while (words[i] && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static const struct config_node *root_of(const struct basin_run *r)
{
    return config_root(r->config);
}

static enum status read_widths(const struct config_node *list, size_t *width, size_t *n)
{
    *n = config_length(list);
    for (size_t i = 0; i < *n; i++)
        width[i] = (size_t)config_integer(config_item(list, i), 1);
    return STATUS_OK;
}

static enum status read_network(struct basin_run *r, struct error *e)
{
    const struct config_node *layers = config_get(root_of(r), "network.layers");
    size_t width[NETWORK_MAX_LAYERS + 1], n;
    struct error inner = {0};
    read_widths(layers, width, &n);
    if (n < 2)
        return config_error(layers, e, "network.layers: at least inputs and outputs are needed, like [2, 4, 1]");
    const char *activation = config_text(config_get(root_of(r), "network.activation"), "tanh");
    if (network_init(&r->problem.network, width, n, activation_find(activation),
                     config_boolean(config_get(root_of(r), "network.bias"), true), &inner))
        return config_error(layers, e, "network.layers: %s", inner.message);
    return STATUS_OK;
}

static enum status read_loss(struct basin_run *r)
{
    struct problem *p = &r->problem;
    p->loss = (enum loss_kind)choice(experiment_losses, config_get(root_of(r), "loss"), "mse");
    p->behaviour = (enum behaviour_kind)choice(experiment_behaviours, config_get(root_of(r), "behaviour"),
                                               p->loss == LOSS_CE ? "probabilities" : "outputs");
    p->weight_decay = config_number(config_get(root_of(r), "weight_decay"), 0);
    return STATUS_OK;
}

/* The teacher: of the network's kind, with its own hidden widths where given. */
static enum status generate_from_teacher(struct basin_run *r, size_t n, size_t n_validation, uint64_t seed,
                                         struct error *e)
{
    const struct network *student = &r->problem.network;
    const struct config_node *hidden = config_get(root_of(r), "data.hidden");
    size_t width[NETWORK_MAX_LAYERS + 1], n_widths = student->n_layers + 1;
    memcpy(width, student->width, n_widths * sizeof *width);
    if (hidden) {
        read_widths(hidden, width + 1, &n_widths);
        width[0] = student->width[0];
        width[n_widths + 1] = student->width[student->n_layers];
        n_widths += 2;
    }
    struct network teacher;
    enum status status = network_init(&teacher, width, n_widths, student->activation, student->bias, e);
    double *theta = status ? NULL : malloc(teacher.n_parameters * sizeof *theta);
    if (!status && !theta)
        status = error_memory(e);
    if (!status) {
        network_draw(&teacher, INIT_XAVIER, 1, seed, 1, theta);
        int probabilities = r->problem.loss == LOSS_MSE ? 0 : r->problem.loss == LOSS_CE ? 2 : 1;
        status = dataset_teacher(&teacher, theta, n, n_validation, probabilities, seed, &r->data, e);
    }
    free(theta);
    return status;
}

static enum status generate(struct basin_run *r, const char *what, size_t n, size_t n_validation, double soft,
                            uint64_t seed, struct error *e)
{
    const struct config_node *data = config_get(root_of(r), "data");
    size_t inputs = r->problem.network.width[0], outputs = r->problem.network.width[r->problem.network.n_layers];
    if (strcmp(what, "xor") == 0)
        return dataset_parity(2, soft, &r->data, e);
    if (strcmp(what, "parity") == 0)
        return dataset_parity(inputs, soft, &r->data, e);
    if (strcmp(what, "boolean") == 0)
        return dataset_boolean(inputs, (uint64_t)config_number(config_get(data, "truth_table"), 0), soft, &r->data, e);
    if (strcmp(what, "modular-addition") == 0)
        return dataset_modular_addition((size_t)config_integer(config_get(data, "modulus"), (long)outputs),
                                        config_number(config_get(data, "part"), 1), soft, seed, &r->data, e);
    if (strcmp(what, "linear") == 0)
        return dataset_linear(inputs, outputs, n ? n : 100, config_number(config_get(data, "noise"), 0), seed, &r->data,
                              e);
    if (strcmp(what, "projection") == 0)
        return dataset_projection(inputs, outputs, (size_t)config_integer(config_get(data, "rank"), 0), &r->data, e);
    return generate_from_teacher(r, n ? n : 100, n_validation, seed, e);
}

static enum status read_files(struct basin_run *r, const struct config_node *inputs, size_t n, size_t n_validation,
                              double soft, uint64_t seed, struct error *e)
{
    const struct config_node *targets = config_get(root_of(r), "data.targets");
    size_t outputs = r->problem.network.width[r->problem.network.n_layers];
    if (!targets)
        return config_error(inputs, e, "data.inputs wants data.targets beside it");
    char *x = config_path(inputs), *t = config_path(targets);
    enum status status =
        x && t ? dataset_files(x, t, outputs, soft, n, n_validation, seed, &r->data, e) : error_memory(e);
    free(x);
    free(t);
    return status;
}

/* Examples that stand in the file itself. */
static enum status read_rows(struct basin_run *r, const struct config_node *rows, struct error *e)
{
    const struct network *net = &r->problem.network;
    size_t n = config_length(rows), inputs = net->width[0], outputs = net->width[net->n_layers];
    enum status status = dataset_allocate(&r->data, n, 0, inputs, outputs, e);
    for (size_t i = 0; i < n && !status; i++) {
        const struct config_node *row = config_item(rows, i);
        if (config_length(row) != inputs + outputs)
            return config_error(row, e, "data.rows: %zu numbers; an example has %zu inputs and %zu outputs",
                                config_length(row), inputs, outputs);
        for (size_t j = 0; j < inputs; j++)
            r->data.x[i * inputs + j] = config_number(config_item(row, j), 0);
        for (size_t j = 0; j < outputs; j++)
            r->data.t[i * outputs + j] = config_number(config_item(row, inputs + j), 0);
    }
    snprintf(r->data.source, sizeof r->data.source, "rows of the file");
    return status;
}

static enum status read_dataset(struct basin_run *r, const char *name, size_t n, size_t n_validation, double soft,
                                uint64_t seed, struct error *e)
{
    static const char folder[] = "/usr/share/datasets/fashion-mnist";
    if (strcmp(name, "digits") == 0)
        return dataset_digits(n ? n : 1024, n_validation, soft, seed, &r->data, e);
    char inputs[128], targets[128];
    snprintf(inputs, sizeof inputs, "%s/train-images-idx3-ubyte.gz", folder);
    snprintf(targets, sizeof targets, "%s/train-labels-idx1-ubyte.gz", folder);
    return dataset_files(inputs, targets, r->problem.network.width[r->problem.network.n_layers], soft, n, n_validation,
                         seed, &r->data, e);
}

/* Of a random `part` of the training examples each gets the targets of the next one. */
static enum status pass_targets_around(struct dataset *d, double part, uint64_t seed)
{
    enum { STREAM = 77 };
    size_t m = d->n_outputs, n = (size_t)(part * (double)d->n + 0.5);
    if (n < 2)
        return STATUS_OK;
    size_t *order = malloc(d->n * sizeof *order);
    double *first = malloc(m * sizeof *first);
    struct random_stream r = random_stream(seed, STREAM);
    for (size_t i = 0; order && i < d->n; i++)
        order[i] = i;
    if (order && first) {
        random_shuffle(&r, d->n, order);
        memcpy(first, d->t + order[0] * m, m * sizeof *first);
        for (size_t i = 0; i + 1 < n; i++)
            memcpy(d->t + order[i] * m, d->t + order[i + 1] * m, m * sizeof *first);
        memcpy(d->t + order[n - 1] * m, first, m * sizeof *first);
    }
    enum status status = order && first ? STATUS_OK : STATUS_FAILED;
    free(order);
    free(first);
    return status;
}

/* Keys that say something to some sources only: a generator by its name, else dataset, inputs or rows. */
static const struct {
    const char *key, *sources[8];
} data_keys[] = {
    {"examples", {"teacher", "linear", "dataset", "inputs"}},
    {"validation", {"teacher", "dataset", "inputs"}},
    {"soft", {"xor", "parity", "boolean", "modular-addition", "dataset", "inputs"}},
    {"targets", {"inputs"}},
    {"truth_table", {"boolean"}},
    {"hidden", {"teacher"}},
    {"modulus", {"modular-addition"}},
    {"part", {"modular-addition"}},
    {"rank", {"projection"}},
    {"noise", {"linear"}},
};

/* A key that the source does not look at is an error, not silence. */
static enum status check_data_keys(const struct config_node *data, const char *source, struct error *e)
{
    for (size_t k = 0; k < sizeof data_keys / sizeof data_keys[0]; k++) {
        const struct config_node *node = config_get(data, data_keys[k].key);
        const char *const *s = data_keys[k].sources;
        char list[120] = "";
        size_t used = 0;
        while (*s && strcmp(*s, source) != 0) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *s);
            s++;
        }
        if (node && !*s)
            return config_error(node, e, "data.%s has no effect on %s, only on %s", data_keys[k].key, source, list);
    }
    return STATUS_OK;
}

static enum status read_data(struct basin_run *r, struct error *e)
{
    const struct config_node *data = config_get(root_of(r), "data"), *generator = config_get(data, "generate"),
                             *dataset = config_get(data, "dataset"), *inputs = config_get(data, "inputs"),
                             *rows = config_get(data, "rows");
    if (!!generator + !!dataset + !!inputs + !!rows != 1)
        return config_error(data, e, "data wants one of generate, dataset, inputs and rows");
    const char *source = dataset ? "dataset" : inputs ? "inputs" : rows ? "rows" : config_text(generator, "");
    enum status checked = check_data_keys(data, source, e);
    if (checked)
        return checked;
    size_t n = (size_t)config_integer(config_get(data, "examples"), 0);
    size_t n_validation = (size_t)config_integer(config_get(data, "validation"), 0);
    double soft = config_number(config_get(data, "soft"), 0);
    uint64_t seed = (uint64_t)config_number(config_get(data, "seed"), 0);
    struct error inner = {0};
    enum status status = generator ? generate(r, config_text(generator, ""), n, n_validation, soft, seed, &inner)
                         : dataset ? read_dataset(r, config_text(dataset, ""), n, n_validation, soft, seed, &inner)
                         : rows    ? read_rows(r, rows, &inner)
                                   : read_files(r, inputs, n, n_validation, soft, seed, &inner);
    if (status && inner.file[0]) {
        if (e)
            *e = inner;
        return status;
    }
    if (status)
        return config_error(data, e, "data: %s", inner.message);
    const struct network *net = &r->problem.network;
    if (r->data.n_inputs != net->width[0] || r->data.n_outputs != net->width[net->n_layers])
        return config_error(config_get(root_of(r), "network.layers"), e,
                            "network.layers: %zu inputs and %zu outputs, but the data have %zu and %zu", net->width[0],
                            net->width[net->n_layers], r->data.n_inputs, r->data.n_outputs);
    if (pass_targets_around(&r->data, config_number(config_get(data, "label_noise"), 0), seed))
        return error_memory(e);
    r->problem.n = r->data.n;
    r->problem.x = r->data.x;
    r->problem.t = r->data.t;
    return STATUS_OK;
}

static enum status check_targets(const struct basin_run *r, struct error *e)
{
    const struct problem *p = &r->problem;
    size_t outputs = r->data.n_outputs;
    for (size_t i = 0; i < p->n && p->loss != LOSS_MSE; i++) {
        double sum = 0;
        for (size_t j = 0; j < outputs; j++) {
            double t = p->t[i * outputs + j];
            sum += t;
            if (!(t >= 0 && t <= 1))
                return config_error(config_get(root_of(r), "loss"), e,
                                    "loss %s wants targets from 0 to 1, example %zu has %g", experiment_losses[p->loss],
                                    i + 1, t);
        }
        if (p->loss == LOSS_CE && fabs(sum - 1) > 1e-9)
            return config_error(config_get(root_of(r), "loss"), e,
                                "loss ce wants targets that sum to 1, those of example %zu sum to %g", i + 1, sum);
    }
    return STATUS_OK;
}

static enum status read_start(struct basin_run *r, struct error *e)
{
    const struct config_node *network = config_get(root_of(r), "network"), *weights = config_get(network, "weights");
    const struct network *net = &r->problem.network;
    r->init_scheme = (enum init_scheme)choice(experiment_schemes, config_get(network, "init.scheme"), "xavier");
    r->init_scale = config_number(config_get(network, "init.scale"), 1);
    r->layout = (enum weights_layout)choice(experiment_layouts, config_get(network, "layout"), "out-in");
    r->seed += (uint64_t)config_number(config_get(root_of(r), "train.seed"), 0); /* to what a repeat adds */
    r->theta0 = malloc(net->n_parameters * sizeof *r->theta0);
    r->sigma = malloc(net->n_parameters * sizeof *r->sigma);
    if (!r->theta0 || !r->sigma)
        return error_memory(e);
    network_sigma(net, r->init_scheme, r->init_scale, r->sigma);
    network_draw(net, r->init_scheme, r->init_scale, r->seed, 0, r->theta0);
    if (!weights)
        return STATUS_OK;
    char *path = config_path(weights);
    bool certain = true;
    enum status status = path ? weights_load(net, path, r->layout, config_get(network, "names"), r->theta0, &certain, e)
                              : error_memory(e);
    r->layout_assumed = !certain && !config_get(network, "layout");
    free(path);
    return status;
}

static enum status read_training(struct basin_run *r, struct error *e)
{
    const struct config_node *train = config_get(root_of(r), "train");
    r->trains = train != NULL;
    if (!train && !config_get(root_of(r), "network.weights"))
        return config_error(config_get(root_of(r), "network"), e,
                            "there is nothing to analyse: give train (an empty map will do) or network.weights");
    r->train = (struct train_options){
        .method = (enum train_method)choice(experiment_methods, config_get(train, "method"), "flow"),
        .gradient_tolerance = config_number(config_get(train, "gradient_tolerance"), 0),
        .residual_tolerance = config_number(config_get(train, "residual_tolerance"), 0),
        .rtol = config_number(config_get(train, "rtol"), 0),
        .learning_rate = config_number(config_get(train, "learning_rate"), 0),
        .max_steps = config_integer(config_get(train, "max_steps"), 0),
        .max_seconds = config_number(config_get(train, "max_seconds"), 0),
        .polish = config_boolean(config_get(train, "polish"), true)};
    return STATUS_OK;
}

static void read_analyses(struct basin_run *r)
{
    const struct config_node *list = config_get(root_of(r), "analyses");
    size_t n = list ? config_length(list) : 1;
    for (size_t k = 0; k < n; k++)
        for (const struct analysis *const *a = analyses; *a; a++)
            if (strcmp((*a)->name, list ? config_text(config_item(list, k), "") : "audit") == 0)
                r->analyses[r->n_analyses++] = *a;
}

/* All that the trained weights depend on. */
static enum status set_key(struct basin_run *r, struct error *e)
{
    const struct problem *p = &r->problem;
    const struct train_options *t = &r->train;
    char *text = NULL, hash[17];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return error_memory(e);
    for (size_t l = 0; l <= p->network.n_layers; l++)
        fprintf(out, "%zu ", p->network.width[l]);
    fprintf(out, "%s %d %d %a ", p->network.activation->name, p->network.bias, (int)p->loss, p->weight_decay);
    fprintf(out, "%d %a %a %a %a %ld %a %d %d ", (int)t->method, t->gradient_tolerance, t->residual_tolerance, t->rtol,
            t->learning_rate, t->max_steps, t->max_seconds, t->polish, r->trains);
    file_hash(r->theta0, p->network.n_parameters * sizeof *r->theta0, hash);
    fputs(hash, out);
    file_hash(p->x, p->n * r->data.n_inputs * sizeof *p->x, hash);
    fputs(hash, out);
    file_hash(p->t, p->n * r->data.n_outputs * sizeof *p->t, hash);
    fputs(hash, out);
    bool good = fclose(out) == 0;
    file_hash(text, length, r->key);
    memcpy(r->train.key, r->key, sizeof r->key);
    free(text);
    return good ? STATUS_OK : error_memory(e);
}

static enum status resolve_run(struct basin_run *r, struct error *e)
{
    enum status status = read_network(r, e);
    if (!status)
        status = read_loss(r);
    if (!status)
        status = read_data(r, e);
    if (!status)
        status = check_targets(r, e);
    if (!status)
        status = read_training(r, e);
    if (!status)
        status = read_start(r, e);
    if (!status)
        status = set_key(r, e);
    read_analyses(r);
    return status;
}

/* Repetition `again` of `repeat` (from 0) of entry k of the list `runs`. */
static enum status read_run(struct experiment *x, size_t k, size_t again, size_t repeat, struct basin_run *r,
                            struct error *e)
{
    const struct config_node *node = config_item(config_get(config_root(x->config), "runs"), k);
    enum status status = config_derive(x->config, config_get(node, "set"), &r->config, e);
    if (status)
        return status;
    const char *name = config_text(config_get(node, "name"), x->name);
    if (repeat > 1)
        snprintf(r->name, sizeof r->name, "%.42s-%zu", name, again + 1);
    else
        snprintf(r->name, sizeof r->name, "%.63s", name);
    r->seed = again;
    return resolve_run(r, e);
}

static size_t repeats_of(const struct config_node *list, size_t k)
{
    return (size_t)config_integer(config_get(config_item(list, k), "repeat"), 1);
}

enum status experiment_read(const char *path, const char *const *settings, size_t n_settings, struct experiment *out,
                            struct error *e)
{
    memset(out, 0, sizeof *out);
    enum status status = config_read(path, basin_schema, settings, n_settings, &out->config, e);
    if (status)
        return status;
    const struct config_node *list = config_get(config_root(out->config), "runs");
    config_file_stem(path, out->name, sizeof out->name);
    snprintf(out->title, sizeof out->title, "%.255s",
             config_text(config_get(config_root(out->config), "title"), out->name));
    size_t entries = config_length(list) ? config_length(list) : 1, at = 0;
    for (size_t k = 0; k < entries; k++)
        out->n_runs += repeats_of(list, k);
    out->runs = calloc(out->n_runs, sizeof *out->runs);
    if (!out->runs)
        return error_memory(e);
    status = config_check_names(list, e);
    for (size_t k = 0; k < entries; k++)
        for (size_t again = 0, repeat = repeats_of(list, k); again < repeat && !status; again++)
            status = read_run(out, k, again, repeat, &out->runs[at++], e);
    return status;
}

enum status experiment_read_config(const char *path, const char *const *settings, size_t n_settings,
                                   struct config **out, struct error *e)
{
    return config_read(path, basin_schema, settings, n_settings, out, e);
}

void experiment_clear(struct experiment *x)
{
    for (size_t k = 0; x->runs && k < x->n_runs; k++) {
        struct basin_run *r = &x->runs[k];
        config_free(r->config);
        dataset_clear(&r->data);
        free(r->theta0);
        free(r->sigma);
    }
    free(x->runs);
    config_free(x->config);
    memset(x, 0, sizeof *x);
}
