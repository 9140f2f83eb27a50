#include "growth/scenario.h"

#include "base/text.h"
#include "growth/named.h"
#include "growth/solve.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the steps of resolving one run share. */
struct resolver {
    const struct config_node *root;
    const struct model *model;
    struct growth_run *run;
    const struct reporter *reporter;
    struct error *e;
};

static enum status find_model(struct resolver *r)
{
    const struct config_node *node = config_get(r->root, "model");
    const char *name = config_text(node, ""), *names[64];
    r->model = model_find(name);
    if (r->model)
        return STATUS_OK;
    for (size_t i = 0; i < model_registry_size; i++)
        names[i] = model_registry[i]->name;
    char allowed[512] = "", near[80];
    size_t used = 0;
    for (size_t i = 0; i < model_registry_size && used < sizeof allowed; i++)
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s", i ? ", " : "", names[i]);
    text_did_you_mean(text_nearest(name, names, model_registry_size), near, sizeof near);
    return config_error(node, r->e, "unknown model '%.60s'%s (allowed: %s)", name, near, allowed);
}

static enum status check_parameter_range(struct resolver *r, const struct config_node *node, size_t i, double value)
{
    const struct param *param = &r->model->params[i];
    if (value >= param->low && value <= param->high)
        return STATUS_OK;
    return config_error(node, r->e, "%s: %g is out of range: %g to %g is allowed (%s)", param->key, value, param->low,
                        param->high, param->meaning);
}

static enum status read_parameters(struct resolver *r)
{
    const struct config_node *map = config_get(r->root, "parameters"), *model = config_get(r->root, "model");
    const struct model *m = r->model;
    for (size_t k = 0; k < config_length(map); k++) {
        const struct config_node *item = config_item(map, k);
        size_t i = param_find(m->params, m->n_params, config_key(map, k));
        if (i == m->n_params) {
            char near[80];
            if (config_later(item, model) == model)
                return config_error(model, r->e, "model %s has no parameter '%.60s', which the file gives", m->name,
                                    config_key(map, k));
            return config_error_at_key(map, k, r->e, "model %s has no parameter '%.60s'%s (gears models %s lists them)",
                                       m->name, config_key(map, k),
                                       named_nearest_parameter(m, config_key(map, k), near, sizeof near), m->name);
        }
        double value = config_number(item, 0);
        enum status status = check_parameter_range(r, item, i, value);
        if (status)
            return status;
        r->run->simulation.p[i] = value;
    }
    return STATUS_OK;
}

/* Of the parameters that a model's complaint names the one that was given last; NULL: it names none that was given. */
static const struct config_node *parameter_to_blame(const struct config_node *map, const char *complaint)
{
    const struct config_node *blamed = NULL;
    for (size_t k = config_length(map); k-- > 0;)
        if (strstr(complaint, config_key(map, k)))
            blamed = config_later(blamed, config_item(map, k));
    return blamed;
}

/* Derived constants and the start, from the parameters as they are now. Used again by every shot of `solve`. */
static enum status start_run(struct simulation *s, void *context, struct error *e)
{
    const struct config_node *root = context, *initial = config_get(root, "initial");
    const struct model *m = s->model;
    struct error inner = {0};
    enum status status = m->derive ? m->derive(s->p, &inner) : STATUS_OK;
    if (!status && config_is_scalar(initial) && !m->steady_state)
        return config_error(initial, e, "model %s has no steady state: give the levels at the start", m->name);
    for (size_t i = 0; i < m->n_states; i++) {
        s->x0[i] = log(m->states[i].value);
        s->steady[i] = m->steady_state != NULL;
    }
    if (!status && m->steady_state)
        status = m->steady_state(s->p, s->x0, &inner);
    if (status) {
        const struct config_node *map = config_get(root, "parameters"), *place = parameter_to_blame(map, inner.message);
        if (!place)
            place = map ? map : config_get(root, "model");
        return config_error(place, e, "%s", inner.message);
    }
    if (config_is_scalar(initial))
        return STATUS_OK;
    for (size_t k = 0; k < config_length(initial); k++) {
        size_t i = model_state_find(m, config_key(initial, k));
        double level = config_number(config_item(initial, k), 0);
        if (i == m->n_states) {
            const char *keys[MODEL_MAX_STATES];
            for (size_t j = 0; j < m->n_states; j++)
                keys[j] = m->states[j].key;
            char near[80];
            text_did_you_mean(text_nearest(config_key(initial, k), keys, m->n_states), near, sizeof near);
            return config_error_at_key(initial, k, e, "model %s has no state '%.60s'%s", m->name,
                                       config_key(initial, k), near);
        }
        if (!(level > 0))
            return config_error(config_item(initial, k), e, "initial.%s: %g: a level must be above 0",
                                config_key(initial, k), level);
        s->x0[i] = log(level);
        s->steady[i] = false;
    }
    for (size_t i = 0; i < m->n_states; i++)
        if (!isfinite(s->x0[i]))
            return config_error(initial ? initial : config_get(root, "model"), e,
                                "model %s: the level of %s at the start is missing", m->name, m->states[i].key);
    return STATUS_OK;
}

enum status growth_run_restart(struct simulation *s, void *run, struct error *e)
{
    const struct growth_run *r = run;
    return start_run(s, (void *)config_root(r->config), e);
}

static enum status read_time(struct resolver *r)
{
    struct simulation *s = &r->run->simulation;
    const struct config_node *to = config_get(r->root, "time.to"), *from = config_get(r->root, "time.from");
    s->from = config_number(from, 0);
    s->to = config_number(to, 0);
    const struct config_node *step = config_get(r->root, "time.output");
    r->run->output_step = strcmp(config_text(step, "auto"), "auto") == 0 ? 0 : config_number(step, 0);
    if (!(s->to > s->from))
        return config_error(config_later(to, from), r->e, "time.to: %.10g is not after time.from %.10g", s->to,
                            s->from);
    if (r->run->output_step > 0 && (s->to - s->from) / r->run->output_step > 1e6)
        return config_error(config_later(step, config_later(to, from)), r->e,
                            "time.output: more than a million rows; the longest run allows steps from %g years",
                            (s->to - s->from) / 1e6);
    return STATUS_OK;
}

static void read_solver(struct resolver *r)
{
    struct simulation *s = &r->run->simulation;
    const char *method = config_text(config_get(r->root, "solver.method"), "bdf");
    s->method = strcmp(method, "adams") == 0 ? ODE_ADAMS : ODE_BDF;
    s->rtol = config_number(config_get(r->root, "solver.rtol"), 1e-9);
    s->atol = config_number(config_get(r->root, "solver.atol"), 0);
    s->max_steps = config_integer(config_get(r->root, "solver.max_steps"), 0);
    s->max_seconds = config_number(config_get(r->root, "solver.max_seconds"), 0);
    r->run->phases.contrast = config_number(config_get(r->root, "phases.contrast"), 0);
}

static enum status read_intervention(struct resolver *r, const struct config_node *node)
{
    struct simulation *s = &r->run->simulation;
    struct intervention v = {.from = config_number(config_get(node, "ramp.from"), 0),
                             .to = config_number(config_get(node, "ramp.to"), 0)};
    const struct config_node *factor = config_get(node, "factor"), *value = config_get(node, "value");
    const struct config_node *from = config_get(node, "ramp.from"), *to = config_get(node, "ramp.to"),
                             *solved = config_get(r->root, "solve.parameter");
    enum status status = named_parameter(r->model, config_get(node, "parameter"), &v.param, r->e);
    if (status)
        return status;
    if (!(v.to > v.from))
        return config_error(config_later(to, from), r->e, "ramp.to: %.10g is not after ramp.from %.10g", v.to, v.from);
    if (!factor == !value)
        return config_error(node, r->e, "an intervention wants either factor or value%s", factor ? ", not both" : "");
    double old = s->p[v.param];
    for (size_t k = 0; k < s->n_interventions; k++) {
        const struct intervention *other = &s->interventions[k];
        if (other->param == v.param && v.from < other->to)
            return config_error(
                config_get(node, "ramp"), r->e,
                "%s is moved by another intervention from %.10g to %.10g: they may not overlap and stand in "
                "order of time",
                s->model->params[v.param].key, other->from, other->to);
        if (other->param == v.param)
            old *= other->factor;
    }
    if (value && solved && strcmp(config_text(solved, ""), s->model->params[v.param].key) == 0)
        return config_error(value, r->e, "%s is what solve looks for: give a factor, not a value",
                            s->model->params[v.param].key);
    if (value && old == 0)
        return config_error(value, r->e, "%s is 0: only a parameter that is not 0 can be moved",
                            s->model->params[v.param].key);
    v.factor = factor ? config_number(factor, 1) : config_number(value, 0) / old;
    status = check_parameter_range(r, factor ? factor : value, v.param, old * v.factor);
    if (!status)
        s->interventions[s->n_interventions++] = v;
    return status;
}

static enum status read_interventions(struct resolver *r)
{
    const struct config_node *list = config_get(r->root, "interventions");
    enum status status = STATUS_OK;
    for (size_t k = 0; k < config_length(list) && !status; k++)
        status = read_intervention(r, config_item(list, k));
    return status;
}

static enum status read_solve(struct resolver *r)
{
    const struct config_node *node = config_get(r->root, "solve"), *at = config_get(node, "at");
    struct simulation *s = &r->run->simulation;
    r->run->solved_parameter = SIZE_MAX;
    if (!node)
        return STATUS_OK;
    struct solve_target target = {.year = config_number(at, 0), .value = config_number(config_get(node, "value"), 1)};
    enum status status = named_parameter(r->model, config_get(node, "parameter"), &target.parameter, r->e);
    if (!status)
        status = named_variable(r->model, config_get(node, "variable"), &target.variable, r->e);
    if (!status && !(s->p[target.parameter] > 0))
        status = config_error(config_get(node, "parameter"), r->e, "solve: %s is %g: the search must start above 0",
                              s->model->params[target.parameter].key, s->p[target.parameter]);
    if (!status && !(target.year > s->from && target.year <= s->to))
        status = config_error(config_later(at, config_get(r->root, "time")), r->e,
                              "solve.at: %g is not within the run, %g to %g", target.year, s->from, s->to);
    if (status)
        return status;
    r->run->solved_parameter = target.parameter;
    r->run->solved = target;
    reporter_progress(r->reporter, 0, "solving for a parameter");
    return solve_parameter(s, &target, start_run, (void *)r->root, r->reporter, r->e);
}

static enum status read_comparisons(struct resolver *r)
{
    const struct config_node *list = config_get(r->root, "compare");
    struct growth_run *run = r->run;
    run->comparisons = calloc(config_length(list) + 1, sizeof *run->comparisons);
    if (!run->comparisons)
        return error_memory(r->e);
    enum status status = STATUS_OK;
    for (size_t k = 0; k < config_length(list) && !status; k++)
        status =
            comparison_read(config_item(list, k), r->model, r->reporter, &run->comparisons[run->n_comparisons++], r->e);
    return status;
}

static void read_figures(struct resolver *r)
{
    const struct config_node *list = config_get(r->root, "figures");
    for (size_t i = 0; i < N_GROWTH_FIGURES; i++) {
        r->run->figures[i] = list == NULL;
        for (size_t k = 0; k < config_length(list); k++)
            r->run->figures[i] |= strcmp(config_text(config_item(list, k), ""), growth_figure_words[i]) == 0;
    }
}

/* Everything of a run that needs no data and no integration. */
static enum status resolve_inputs(struct resolver *r)
{
    struct simulation *s = &r->run->simulation;
    enum status status = find_model(r);
    if (status)
        return status;
    s->model = r->model;
    model_default_parameters(r->model, s->p);
    status = read_time(r);
    if (!status)
        status = read_parameters(r);
    if (!status)
        status = start_run(s, (void *)r->root, r->e);
    if (!status)
        status = read_interventions(r);
    read_solver(r);
    read_figures(r);
    return status;
}

static enum status resolve_run(struct resolver *r)
{
    enum status status = resolve_inputs(r);
    if (!status)
        status = read_comparisons(r);
    if (!status)
        status = read_solve(r);
    return status;
}

/* Some keys belong to the file as a whole. */
static enum status check_run_settings(const struct config_node *set, struct error *e)
{
    static const char *const whole[] = {"kind", "title", "runs"};
    for (size_t i = 0; i < config_length(set); i++)
        for (size_t k = 0; k < sizeof whole / sizeof whole[0]; k++) {
            size_t length = strlen(whole[k]);
            const char *key = config_key(set, i);
            if (strncmp(key, whole[k], length) == 0 && strchr(".[", key[length]))
                return config_error_at_key(set, i, e, "%s belongs to the whole file: a run cannot change it", whole[k]);
        }
    return STATUS_OK;
}

/* Run k of the file: its settings over the rest, resolved by `resolve`. */
static enum status read_run(struct scenario *s, size_t k, enum status (*resolve)(struct resolver *r),
                            const struct reporter *reporter, struct error *e)
{
    const struct config_node *node = config_item(config_get(config_root(s->config), "runs"), k);
    struct growth_run *run = &s->runs[k];
    enum status status = check_run_settings(config_get(node, "set"), e);
    if (!status)
        status = config_derive(s->config, config_get(node, "set"), &run->config, e);
    if (status)
        return status;
    struct resolver r = {.root = config_root(run->config), .run = run, .reporter = reporter, .e = e};
    snprintf(run->name, sizeof run->name, "%.63s", config_text(config_get(node, "name"), s->name));
    return resolve(&r);
}

static enum status read_with(const char *path, const char *const *settings, size_t n_settings,
                             enum status (*resolve)(struct resolver *r), const struct reporter *reporter,
                             struct scenario *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    enum status status = config_read(path, growth_schema, settings, n_settings, &out->config, e);
    if (status)
        return status;
    const struct config_node *root = config_root(out->config), *list = config_get(root, "runs");
    config_file_stem(path, out->name, sizeof out->name);
    snprintf(out->title, sizeof out->title, "%.255s", config_text(config_get(root, "title"), out->name));
    status = config_check_names(list, e);
    out->n_runs = config_length(list) ? config_length(list) : 1;
    out->runs = calloc(out->n_runs, sizeof *out->runs);
    if (!out->runs)
        return error_memory(e);
    for (size_t k = 0; k < out->n_runs && !status; k++)
        status = read_run(out, k, resolve, reporter, e);
    return status;
}

enum status scenario_read(const char *path, const char *const *settings, size_t n_settings,
                          const struct reporter *reporter, struct scenario *out, struct error *e)
{
    return read_with(path, settings, n_settings, resolve_run, reporter, out, e);
}

enum status scenario_read_config(const char *path, const char *const *settings, size_t n_settings, struct config **out,
                                 struct error *e)
{
    struct scenario s;
    enum status status = read_with(path, settings, n_settings, resolve_inputs, NULL, &s, e);
    *out = NULL;
    if (!status) {
        *out = s.config;
        s.config = NULL;
    }
    scenario_clear(&s);
    return status;
}

void scenario_clear(struct scenario *s)
{
    for (size_t k = 0; s->runs && k < s->n_runs; k++) {
        for (size_t i = 0; i < s->runs[k].n_comparisons; i++)
            series_clear(&s->runs[k].comparisons[i].series);
        free(s->runs[k].comparisons);
        config_free(s->runs[k].config);
    }
    free(s->runs);
    config_free(s->config);
    memset(s, 0, sizeof *s);
}
