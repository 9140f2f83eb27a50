#include "basin/session.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "basin/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FOLDER.KEY.checkpoint (malloc'd), in a folder that is there; NULL: it cannot be. */
static char *checkpoint_beside(const char *folder, const char *key)
{
    char *path = text_format("%s.%s.checkpoint", folder, key), *slash = path ? strrchr(path, '/') : NULL;
    if (slash && slash != path) {
        *slash = 0;
        file_make_folder(path, NULL);
        *slash = '/';
    }
    return path;
}

static enum status train(struct basin_result *out, const struct session_options *options,
                         const struct reporter *reporter, struct error *e)
{
    const struct basin_run *r = out->run;
    struct train_options train = r->train;
    char *checkpoint = options->keep && options->folder ? checkpoint_beside(options->folder, r->key) : NULL;
    train.checkpoint = checkpoint;
    enum status status = train_run(&r->problem, r->theta0, &train, reporter, &out->training, e);
    if (!status) {
        memcpy(out->theta, out->training.theta, r->problem.network.n_parameters * sizeof *out->theta);
        if (checkpoint)
            remove(checkpoint);
    }
    free(checkpoint);
    return status;
}

static enum status find_theta(struct basin_result *out, bool only_run, const struct session_options *options,
                              const struct reporter *reporter, struct error *e)
{
    const struct basin_run *r = out->run;
    const struct network *net = &r->problem.network;
    char name[120], *path = NULL;
    out->theta = malloc(net->n_parameters * sizeof *out->theta);
    if (!out->theta)
        return error_memory(e);
    if (!r->trains) {
        memcpy(out->theta, r->theta0, net->n_parameters * sizeof *out->theta);
        return STATUS_OK;
    }
    if (options->folder && !options->retrain)
        path = text_format("%s/%s", options->folder, weights_file_name(r->name, only_run, name, sizeof name));
    out->reused = path && weights_reuse(net, r->key, path, out->theta);
    free(path);
    return out->reused ? STATUS_OK : train(out, options, reporter, e);
}

/* Far from r->seed and what analyses add to it; odd, so that each of the options' seeds gives another one. */
static uint64_t seed_of_analyses(const struct basin_run *r, const struct session_options *options)
{
    return r->seed + 0x9E3779B97F4A7C15u * options->seed;
}

enum status session_run(const struct basin_run *r, bool only_run, const struct analysis *const *list, size_t n_list,
                        const struct session_options *options, const struct reporter *reporter,
                        struct basin_result *out, struct error *e)
{
    *out = (struct basin_result){.run = r, .seed = options->seed};
    char *checkpoint = options->keep && options->folder ? text_format("%s.%s", options->folder, r->key) : NULL;
    enum status status = find_theta(out, only_run, options, reporter, e);
    out->ready = !status;
    struct minimum m = {.run = r,
                        .problem = &r->problem,
                        .data = &r->data,
                        .theta = out->theta,
                        .sigma = r->sigma,
                        .training = out->training.theta ? &out->training : NULL,
                        .seed = seed_of_analyses(r, options),
                        .threads = options->threads,
                        .checkpoint = checkpoint};
    if (r->layout_assumed)
        reporter_warning(
            reporter,
            "%s: every layer is square, so nothing tells whether its weights are (out, in), as is assumed: "
            "declare network.layout, or put reference.inputs and reference.outputs beside them",
            r->name);
    if (!list) {
        list = r->analyses;
        n_list = r->n_analyses;
    }
    for (size_t k = 0; k < n_list && !status; k++) {
        reporter_progress(reporter, (double)k / (double)n_list, list[k]->name);
        const struct config_node *own = config_get(config_root(r->config), list[k]->name);
        status = list[k]->run(&m, own, reporter, &out->findings[k], e);
        if (status) {
            findings_clear(&out->findings[k]);
            out->partial = true;
            break;
        }
        out->analyses[k] = list[k];
        out->n_findings = k + 1;
    }
    free(checkpoint);
    return status;
}

void session_across(const struct basin_result *results, size_t n, struct findings *out)
{
    *out = (struct findings){0};
    for (size_t k = 0; n > 0 && k < results[0].n_findings; k++)
        if (results[0].analyses[k]->across)
            results[0].analyses[k]->across(results, n, out);
}

void basin_result_clear(struct basin_result *r)
{
    training_clear(&r->training);
    free(r->theta);
    for (size_t k = 0; k < r->n_findings; k++)
        findings_clear(&r->findings[k]);
    memset(r, 0, sizeof *r);
}

static json_t *trajectory_to_json(const struct training *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->n_trajectory; i++) {
        const struct train_point *p = &t->trajectory[i];
        json_t *o = json_object();
        json_object_set_new(o, "s", json_number_or_null(p->s));
        json_object_set_new(o, "loss", json_number_or_null(p->loss));
        json_object_set_new(o, "gradient_norm", json_number_or_null(p->gradient_norm));
        json_object_set_new(o, "distance", json_number_or_null(p->distance));
        json_object_set_new(o, "sharpness", json_number_or_null(p->sharpness));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *training_to_json(const struct basin_result *r)
{
    const struct training *t = &r->training;
    if (!t->theta)
        return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "converged", json_boolean(t->converged));
    json_object_set_new(o, "ending", json_string(t->ending));
    json_object_set_new(o, "steps", json_integer(t->steps));
    json_object_set_new(o, "loss", json_number_or_null(t->loss));
    json_object_set_new(o, "gradient_norm", json_number_or_null(t->gradient_norm));
    json_object_set_new(o, "residual_rms", json_number_or_null(t->residual_rms));
    json_object_set_new(o, "residual_max", json_number_or_null(t->residual_max));
    json_object_set_new(o, "smallest_curvature", json_number_or_null(t->smallest_curvature));
    json_object_set_new(o, "largest_curvature", json_number_or_null(t->largest_curvature));
    json_object_set_new(o, "trajectory", trajectory_to_json(t));
    return o;
}

json_t *basin_result_to_json(const struct basin_result *r)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(r->run->name));
    json_object_set_new(o, "parameters", json_integer((json_int_t)r->run->problem.network.n_parameters));
    json_object_set_new(o, "behaviours", json_integer((json_int_t)problem_behaviours(&r->run->problem)));
    json_object_set_new(o, "key", json_string(r->run->key));
    json_object_set_new(o, "reused", json_boolean(r->reused));
    json_object_set_new(o, "training", training_to_json(r));
    for (size_t k = 0; k < r->n_findings; k++)
        if (r->findings[k].json)
            json_object_update(o, r->findings[k].json);
    json_t *refusals = json_array();
    for (size_t k = 0; k < r->n_findings; k++)
        if (r->findings[k].refusal[0])
            json_array_append_new(refusals, json_string(r->findings[k].refusal));
    json_object_set_new(o, "refusals", refusals);
    return o;
}

struct table *training_to_table(const struct basin_result *results, size_t n)
{
    static const char *const headings[] = {"run",      "parameters",     "steps",       "loss",
                                           "gradient", "residual (rms)", "how it ended"};
    struct table *t = table_new("Training");
    for (size_t i = 0; i < 7; i++)
        table_add_column(t, headings[i], i == 0 || i == 6 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t k = 0; k < n; k++) {
        const struct training *training = &results[k].training;
        table_add_row(t);
        table_add_cell(t, "%s", results[k].run->name);
        table_add_cell(t, "%zu", results[k].run->problem.network.n_parameters);
        if (!training->theta) {
            for (int i = 0; i < 4; i++)
                table_add_cell(t, "-");
            table_add_cell(t, results[k].reused                ? "weights of an earlier training with the same key"
                              : results[k].run->layout_assumed ? "weights as they stand; that they are (out, in) could "
                                                                 "not be checked"
                                                               : "weights as they stand");
            continue;
        }
        table_add_cell(t, "%ld", training->steps);
        table_add_cell(t, "%.3g", training->loss);
        table_add_cell(t, "%.2g", training->gradient_norm);
        table_add_cell(t, "%.2g", training->residual_rms);
        table_add_cell(t, "%s", training->ending);
    }
    return t;
}
