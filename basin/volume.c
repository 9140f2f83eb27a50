/* The volume of the basin around a minimum, by closed forms of its quadratic and by sampling: one table, because no
 * single row is the answer. The mathematics is in docs/volume.md. */
#include "base/json.h"
#include "basin/experiment.h"
#include "basin/volume_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE_MOST = 20000 };
static const double DEFAULT_THRESHOLD = 0.01, DEFAULT_DECAY = 1e-4;

static const char *const method_words[] = {"star", "annealed", "rejection", "drain", NULL};
static const char *const sameness_words[] = {"loss",         "kl", "output-distance", "hidden-activations",
                                             "feature-gram", NULL};
static const struct config_field method_element = {.type = CONFIG_CHOICE, .choices = method_words};
static const struct config_field star_fields[] = {
    {.key = "directions",
     .type = CONFIG_INTEGER,
     .low = 2,
     .high = 1e7,
     .fallback = "2000",
     .meaning = "random directions"},
    {.key = "epsilon",
     .type = CONFIG_NUMBER,
     .low = 0,
     .high = 1e6,
     .fallback = "sqrt(2 threshold)",
     .meaning = "in p = 1/(sqrt lambda + epsilon), lambda of the Hessian in units of sigma; by default where a radius "
                "is sigma"},
    {.key = "checks",
     .type = CONFIG_INTEGER,
     .low = 0,
     .high = 1000,
     .fallback = "4",
     .meaning = "places on the way to each radius that must be inside too"},
    {0}};
static const struct config_field annealed_fields[] = {
    {.key = "chains", .type = CONFIG_INTEGER, .low = 2, .high = 1000, .fallback = "4", .meaning = "Markov chains"},
    {.key = "warmup",
     .type = CONFIG_INTEGER,
     .low = 20,
     .high = 1e6,
     .fallback = "200",
     .meaning = "iterations at each beta that adapt and are not kept"},
    {.key = "draws", .type = CONFIG_INTEGER, .low = 8, .high = 1e6, .fallback = "300", .meaning = "and that are kept"},
    {.key = "longest",
     .type = CONFIG_INTEGER,
     .low = 8,
     .high = 1e7,
     .fallback = "8 draws",
     .meaning = "up to which the draws are doubled where the chains have not mixed"},
    {.key = "max_steps",
     .type = CONFIG_INTEGER,
     .low = 1,
     .high = 65535,
     .fallback = "255",
     .meaning = "leapfrog steps of a trajectory, at most"},
    {.key = "factor",
     .type = CONFIG_NUMBER,
     .low = 1.01,
     .high = 16,
     .fallback = "2",
     .meaning = "from one beta to the next"},
    {.key = "localise",
     .type = CONFIG_NUMBER,
     .low = 0,
     .high = 1e6,
     .fallback = "0: no",
     .meaning = "width, in units of sigma, of a Gaussian about theta* that keeps the chains there and is put back"},
    {0}};
static const struct config_field drain_fields[] = {
    {.key = "inner",
     .type = CONFIG_NUMBER,
     .low = 1e-9,
     .high = 1e6,
     .fallback = "0.3",
     .meaning = "radius of the first ball, in units of sigma"},
    {.key = "outer", .type = CONFIG_NUMBER, .low = 1e-9, .high = 1e6, .fallback = "3", .meaning = "of the last one"},
    {.key = "points", .type = CONFIG_INTEGER, .low = 10, .high = 1e6, .fallback = "50", .meaning = "in the first ball"},
    {.key = "chains", .type = CONFIG_INTEGER, .low = 4, .high = 1000, .fallback = "8", .meaning = "bridges"},
    {.key = "steps", .type = CONFIG_INTEGER, .low = 10, .high = 1e6, .fallback = "100", .meaning = "in each ball"},
    {0}};

const struct config_field volume_schema[] = {
    {.key = "threshold",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e6,
     .fallback = "0.01",
     .meaning = "T: the basin is where the sameness is at most T"},
    {.key = "sameness",
     .type = CONFIG_CHOICE,
     .choices = sameness_words,
     .fallback = "loss",
     .meaning = "loss: its excess over the minimum; kl: divergence of the outputs on the training examples; "
                "output-distance: half the mean squared distance on the validation examples; hidden-activations, "
                "feature-gram: what hidden layers do, relative"},
    {.key = "methods",
     .type = CONFIG_LIST,
     .element = &method_element,
     .min_length = 1,
     .max_length = 4,
     .fallback = "star; annealed and rejection too up to 100 parameters",
     .meaning =
         "sampled rows: star-domain directions, annealed integration, counting draws of the prior, draining by the "
         "flow"},
    {.key = "sigma",
     .type = CONFIG_NUMBER,
     .low = 1e-9,
     .high = 1e9,
     .fallback = "as initialised",
     .meaning = "width of the prior, the same for all parameters"},
    {.key = "decay",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e6,
     .fallback = "the file's weight_decay, or 1e-4",
     .meaning = "of the row H + weight decay"},
    {.key = "beta",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e12,
     .fallback = "the number of examples",
     .meaning = "the loss in nats is beta x loss, where a prior is added to it"},
    {.key = "draws",
     .type = CONFIG_INTEGER,
     .low = 100,
     .high = 1e9,
     .fallback = "20000",
     .meaning = "rejection: draws of the prior"},
    {.key = "star", .type = CONFIG_MAP, .fields = star_fields, .meaning = "star-domain directions"},
    {.key = "annealed", .type = CONFIG_MAP, .fields = annealed_fields, .meaning = "annealed integration"},
    {.key = "drain", .type = CONFIG_MAP, .fields = drain_fields, .meaning = "draining by the flow"},
    {0}};

static void volume_clear(struct volume *v)
{
    for (size_t k = 0; k < v->n_stars; k++)
        star_clear(&v->stars[k].star);
    for (size_t k = 0; k < v->n_ladders; k++)
        annealed_clear(&v->ladders[k]);
    sameness_free(v->sameness);
    free(v->sigma);
    free(v->plain);
    free(v->diagonal);
    free(v->scaled);
    free(v->displacement);
    free(v->basis);
}

static void set_prior(struct volume *v)
{
    double sigma = config_number(config_get(v->options, "sigma"), 0);
    v->uniform = true;
    for (size_t i = 0; i < v->N; i++) {
        v->sigma[i] = sigma > 0 ? sigma : v->m->sigma[i];
        v->uniform = v->uniform && v->sigma[i] == v->sigma[0];
        v->log_sigma += log(v->sigma[i]) / (double)v->N;
    }
    v->prior = (struct prior){.sigma = v->sigma};
}

static enum status allocate(struct volume *v, struct error *e)
{
    size_t N = v->N;
    v->sigma = malloc(N * sizeof *v->sigma);
    v->plain = malloc(N * sizeof *v->plain);
    v->diagonal = malloc(N * sizeof *v->diagonal);
    v->scaled = malloc(N * sizeof *v->scaled);
    v->displacement = malloc(N * sizeof *v->displacement);
    v->basis = malloc(N * N * sizeof *v->basis);
    return v->sigma && v->plain && v->diagonal && v->scaled && v->displacement && v->basis ? STATUS_OK
                                                                                           : error_memory(e);
}

/* The first ball lies in the last one; one of the two radii may be a default. */
static enum status check_balls(const struct volume *v, struct error *e)
{
    const struct config_node *inner = config_get(v->options, "drain.inner"),
                             *outer = config_get(v->options, "drain.outer");
    double first = config_number(inner, VOLUME_DRAIN_INNER), last = config_number(outer, VOLUME_DRAIN_OUTER);
    if (first <= last)
        return STATUS_OK;
    if (inner)
        return config_error(inner, e, "volume.drain.inner: %g is above volume.drain.outer, which is %g", first, last);
    return config_error(outer, e, "volume.drain.outer: %g is below volume.drain.inner, which is %g", last, first);
}

const char *volume_measure(const struct volume *v)
{
    return config_text(config_get(v->options, "sameness"), "loss");
}

static enum status prepare(struct volume *v, struct error *e)
{
    const struct minimum *m = v->m;
    double decay = m->problem->weight_decay > 0 ? m->problem->weight_decay : DEFAULT_DECAY;
    v->N = m->problem->network.n_parameters;
    v->threshold = config_number(config_get(v->options, "threshold"), DEFAULT_THRESHOLD);
    v->decay = config_number(config_get(v->options, "decay"), decay);
    v->beta = config_number(config_get(v->options, "beta"), (double)m->problem->n);
    struct error inner = {0};
    if (v->N > DENSE_MOST)
        return error_set(e, STATUS_REFUSED, "%zu parameters: the volume takes the dense Hessian, up to %d", v->N,
                         DENSE_MOST);
    enum status status = check_balls(v, e);
    if (!status)
        status = allocate(v, e);
    if (status)
        return status;
    set_prior(v);
    status = sameness_new(sameness_find(volume_measure(v)), m->problem, m->data, m->theta, &v->sameness, &inner);
    if (status == STATUS_BAD_INPUT)
        return config_error(config_get(v->options, "sameness"), e, "volume.%s", inner.message);
    if (status)
        return error_memory(e);
    v->region = sameness_region(v->sameness, v->threshold);
    return volume_find_spectra(v, e);
}

/* --- showing */

static const char *const status_words[] = {"ok", "lower bound", "infinite", "refused"};

static json_t *stars_to_json(const struct volume *v)
{
    json_t *list = json_array();
    for (size_t k = 0; k < v->n_stars; k++) {
        const struct volume_star *s = &v->stars[k];
        const struct estimate *e = &s->star.estimate;
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string(s->name));
        json_object_set_new(o, "directions", json_integer((json_int_t)e->samples));
        json_object_set_new(o, "mode", json_number_or_null(s->mode));
        json_object_set_new(o, "median", json_number_or_null(s->median));
        json_object_set_new(o, "best", json_number_or_null(s->best));
        json_object_set_new(o, "log_mean_exp", json_number_or_null(e->log_value));
        json_object_set_new(o, "largest_share", json_number_or_null(e->largest_share));
        json_object_set_new(o, "pareto_k", json_number_or_null(e->pareto_k));
        json_object_set_new(o, "returned", json_integer((json_int_t)s->star.returned));
        json_object_set_new(o, "unbounded", json_integer((json_int_t)s->star.unbounded));
        json_object_set_new(o, "evaluations", json_integer((json_int_t)s->star.evaluations));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *ladders_to_json(const struct volume *v)
{
    json_t *list = json_array();
    for (size_t k = 0; k < v->n_ladders; k++) {
        json_t *rungs = json_array();
        for (size_t i = 0; i < v->ladders[k].n_rungs; i++) {
            const struct annealed_rung *r = &v->ladders[k].rungs[i];
            json_t *o = json_object();
            json_object_set_new(o, "beta", json_number_or_null(r->beta));
            json_object_set_new(o, "mean", json_number_or_null(r->mean));
            json_object_set_new(o, "error", json_number_or_null(r->error));
            json_object_set_new(o, "rhat", json_number_or_null(r->rhat));
            json_object_set_new(o, "ess", json_number_or_null(r->ess));
            json_object_set_new(o, "draws", json_integer((json_int_t)r->draws));
            json_object_set_new(o, "acceptance", json_number_or_null(r->acceptance));
            json_object_set_new(o, "log_z", json_number_or_null(r->log_z));
            json_array_append_new(rungs, o);
        }
        json_array_append_new(list, rungs);
    }
    return list;
}

static json_t *rows_to_json(const struct volume *v)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct volume_row *r = &v->rows[i];
        bool refused = r->status == ROW_REFUSED;
        json_t *row = json_object();
        json_object_set_new(row, "name", json_string(r->name));
        json_object_set_new(row, "what", json_string(r->what));
        json_object_set_new(row, "status", json_string(status_words[r->status]));
        json_object_set_new(row, "log_value", refused ? json_null() : json_number_or_null(r->log_value));
        json_object_set_new(row, "error", refused ? json_null() : json_number_or_null(r->error));
        json_object_set_new(row, "effective_size", json_number_or_null(r->ess));
        json_object_set_new(row, "at_least", json_number_or_null(r->at_least));
        json_object_set_new(row, "infinite", json_boolean(r->status == ROW_INFINITE));
        json_object_set_new(row, "refused", json_boolean(refused));
        json_object_set_new(row, "from_added_term", json_number_or_null(r->added));
        json_object_set_new(row, "note", json_string(r->note));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *volume_to_json(const struct volume *v)
{
    json_t *o = json_object();
    json_object_set_new(o, "sameness", json_string(volume_measure(v)));
    json_object_set_new(o, "threshold", json_real(v->threshold));
    json_object_set_new(o, "decay", json_real(v->decay));
    json_object_set_new(o, "beta", json_real(v->beta));
    json_object_set_new(o, "sigma", json_real(exp(v->log_sigma)));
    json_object_set_new(o, "descent", json_number_or_null(v->descent));
    json_object_set_new(o, "log_copies", json_number_or_null(v->log_copies));
    json_object_set_new(o, "rows", rows_to_json(v));
    json_object_set_new(o, "star", stars_to_json(v));
    json_object_set_new(o, "annealed", ladders_to_json(v));
    return o;
}

static void add_number(struct table *t, const char *format, double value)
{
    if (!isfinite(value))
        table_add_cell(t, "-");
    else
        table_add_cell(t, format, value); /* NOLINT(clang-diagnostic-format-nonliteral) */
}

static struct table *volume_table(const struct volume *v)
{
    struct table *t = table_new("Volume of the basin (natural logarithms)");
    static const char *const headings[] = {"estimate", "what",      "status",   "ln value",
                                           "error",    "eff. size", "at least", "note"};
    for (size_t i = 0; i < 8; i++)
        table_add_column(t, headings[i], i > 2 && i < 7 ? TABLE_RIGHT : TABLE_LEFT);
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct volume_row *r = &v->rows[i];
        bool number = r->status == ROW_OK || r->status == ROW_LOWER_BOUND;
        table_add_row(t);
        table_add_cell(t, "%s", r->name);
        table_add_cell(t, "%s", r->what);
        table_add_cell(t, "%s", status_words[r->status]);
        add_number(t, "%.6g", number ? r->log_value : NAN);
        add_number(t, "%.2g", number ? r->error : NAN);
        add_number(t, "%.3g", r->ess);
        add_number(t, "%.6g", r->at_least);
        table_add_cell(t, "%s", r->note);
    }
    return t;
}

/* What sets the sampled rows are of: only masses of the same one make a bracket. */
enum kind { KIND_WHOLE, KIND_LOCALISED, KIND_COPY, KIND_VOLUME };

static enum kind kind_of(const struct volume *v, const struct volume_row *r)
{
    if (strcmp(r->what, "prior mass") != 0)
        return KIND_VOLUME;
    if (strcmp(r->name, VOLUME_ONE_COPY) == 0)
        return KIND_COPY;
    bool localised = config_number(config_get(v->options, "annealed.localise"), 0) > 0;
    return localised && strncmp(r->name, "annealed", 8) == 0 ? KIND_LOCALISED : KIND_WHOLE;
}

/* The lowest and the highest of the sampled rows of a kind that stand, as a sentence that begins with `what`. False:
 * there are none. */
static bool add_bracket(const struct volume *v, enum kind kind, const char *what, struct findings *out)
{
    const struct volume_row *low = NULL, *high = NULL;
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct volume_row *r = &v->rows[i];
        if (isnan(r->error) || r->status == ROW_REFUSED || kind_of(v, r) != kind)
            continue;
        low = !low || r->log_value < low->log_value ? r : low;
        high = !high || r->log_value > high->log_value ? r : high;
    }
    if (low && low == high)
        findings_add_sentence(out, "%s: %.6g (%s).", what, low->log_value, low->name);
    else if (low)
        findings_add_sentence(out, "%s: from %.6g (%s) to %.6g (%s).", what, low->log_value, low->name, high->log_value,
                              high->name);
    return low != NULL;
}

/* Nothing is said of masses where none was sampled. */
static void add_brackets(const struct volume *v, struct findings *out)
{
    bool masses = add_bracket(v, KIND_WHOLE, "Sampled prior masses that stand", out), bounds = false, tried = false;
    if (add_bracket(v, KIND_LOCALISED, "Localised about theta*", out))
        masses = true;
    if (add_bracket(v, KIND_COPY, "Of one copy of theta*, if copies do not touch", out))
        masses = true;
    if (masses)
        return;
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct volume_row *r = &v->rows[i];
        bool sampled = r->sampled && kind_of(v, r) != KIND_VOLUME;
        if (r->sampled && !sampled && r->status != ROW_REFUSED)
            findings_add_sentence(out, "A sampled volume stands: %.6g (%s).", r->log_value, r->name);
        tried = tried || sampled;
        bounds = bounds || (sampled && isfinite(r->at_least));
    }
    if (tried)
        findings_add_sentence(out, "Not one sampled prior mass stands: what is left of them are %s.",
                              bounds ? "lower bounds (with 95 % confidence) and the closed forms" : "the closed forms");
}

static bool any_sampled(const struct volume *v)
{
    for (size_t i = 0; i < v->n_rows; i++)
        if (!isnan(v->rows[i].error) && v->rows[i].status != ROW_REFUSED)
            return true;
    return false;
}

/* Of the threshold: below it a volume around theta* is one around the minimum. */
static bool is_minimum(const struct volume *v)
{
    return v->descent <= 0.01 * v->threshold;
}

static void refuse(const struct volume *v, struct findings *out)
{
    out->json = json_object();
    json_object_set_new(out->json, "volume", volume_to_json(v));
    findings_refuse(out,
                    "volume: the weights are not at a minimum of the loss, which falls by %.2g or so within the "
                    "prior's width, beside a threshold of %.3g: train longer (train.max_steps, train.polish), or take "
                    "a sameness that is 0 wherever theta* is, like kl",
                    v->descent, v->threshold);
}

static void show(const struct volume *v, struct findings *out)
{
    out->json = json_object();
    json_object_set_new(out->json, "volume", volume_to_json(v));
    findings_add_table(out, volume_table(v));
    add_brackets(v, out);
    if (!is_minimum(v))
        findings_add_sentence(out,
                              "These weights are not at a minimum of the loss: it falls by %.2g or so within the "
                              "prior's width. The rows are of the set around them, not of a basin.",
                              v->descent);
    findings_add_sentence(
        out,
        "error: standard error in nats; eff. size: effective sample size; at least: with 95 %% confidence, refused or "
        "not. "
        "The basin is where %s is at most T = %.3g. Prior N(0, sigma_i^2), widths %s (geometric mean %.3g). "
        "Volumes "
        "are in units of theta; prior masses are pure numbers. A star domain is what can be seen from theta*: a lower "
        "bound of the basin. %s masses are those of the whole set, with all e^%.4g copies of theta*. "
        "A bracket, not a number.",
        sameness_summary(sameness_find(volume_measure(v))), v->threshold,
        config_get(v->options, "sigma") ? "as given" : "of the initialisation", exp(v->log_sigma),
        config_number(config_get(v->options, "annealed.localise"), 0) > 0 ? "Counted" : "Annealed and counted",
        v->log_copies);
    volume_add_figures(v, out);
    if (config_get(v->options, "methods") && !any_sampled(v))
        findings_refuse(out, "volume: not one sampled row stands");
}

static enum status run_volume(const struct minimum *m, const struct config_node *options,
                              const struct reporter *reporter, struct findings *out, struct error *e)
{
    struct volume v = {.m = m, .options = options, .reporter = reporter};
    enum status status = prepare(&v, e);
    if (!status && !is_minimum(&v) && m->run && m->run->trains) {
        refuse(&v, out);
    } else if (!status) {
        volume_add_closed_forms(&v);
        status = volume_add_sampled(&v, e);
        if (!status)
            show(&v, out);
    }
    volume_clear(&v);
    return status;
}

const struct analysis analysis_volume = {"volume", "volume of the basin by several repairs", run_volume, volume_schema,
                                         NULL};
