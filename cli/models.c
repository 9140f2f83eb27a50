/* gears models [NAME] */
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "models/model.h"

#include <math.h>
#include <stdio.h>

static json_t *param_to_json(const struct param *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "key", json_string(p->key));
    json_object_set_new(o, "symbol", json_string(p->symbol));
    json_object_set_new(o, "unit", json_string(p->unit));
    json_object_set_new(o, "default", json_number_or_null(p->value));
    json_object_set_new(o, "low", json_number_or_null(p->low));
    json_object_set_new(o, "high", json_number_or_null(p->high));
    json_object_set_new(o, "meaning", json_string(p->meaning));
    return o;
}

static json_t *quantity_to_json(const char *key, const char *unit, const char *meaning)
{
    json_t *o = json_object();
    json_object_set_new(o, "key", json_string(key));
    json_object_set_new(o, "unit", json_string(unit));
    json_object_set_new(o, "meaning", json_string(meaning));
    return o;
}

static json_t *flow_to_json(const struct model_flow *flow)
{
    json_t *o = json_object(), *inputs = json_array();
    for (size_t i = 0; i < flow->n_inputs; i++)
        json_array_append_new(inputs, json_string(flow->inputs[i]));
    json_object_set_new(o, "key", json_string(flow->key));
    json_object_set_new(o, "meaning", json_string(flow->meaning));
    json_object_set_new(o, "inputs", inputs);
    return o;
}

static json_t *model_to_json(const struct model *m)
{
    json_t *o = json_object(), *params = json_array(), *states = json_array(), *outputs = json_array(),
           *flows = json_array();
    for (size_t i = 0; i < m->n_params; i++)
        json_array_append_new(params, param_to_json(&m->params[i]));
    for (size_t i = 0; i < m->n_states; i++)
        json_array_append_new(states, quantity_to_json(m->states[i].key, m->states[i].unit, m->states[i].meaning));
    for (size_t i = 0; i < m->n_outputs; i++)
        json_array_append_new(outputs, quantity_to_json(m->outputs[i].key, m->outputs[i].unit, m->outputs[i].meaning));
    for (size_t i = 0; i < m->n_flows; i++)
        json_array_append_new(flows, flow_to_json(&m->flows[i]));
    json_object_set_new(o, "name", json_string(m->name));
    json_object_set_new(o, "title", json_string(m->title));
    json_object_set_new(o, "equations", json_string(m->equations));
    json_object_set_new(o, "references", json_string(m->references));
    json_object_set_new(o, "states", states);
    json_object_set_new(o, "parameters", params);
    json_object_set_new(o, "outputs", outputs);
    json_object_set_new(o, "flows", flows);
    return o;
}

/* Lines of a text, indented. */
static void print_indented(const char *heading, const char *text)
{
    printf("%s\n  ", heading);
    for (const char *c = text; *c; c++) {
        putchar(*c);
        if (*c == '\n' && c[1])
            fputs("  ", stdout);
    }
    fputs("\n\n", stdout);
}

static struct table *table_with(const char *title, const char *const *headings, size_t n, size_t n_left)
{
    struct table *t = table_new(title);
    for (size_t i = 0; i < n; i++)
        table_add_column(t, headings[i], i < n_left || i + 1 == n ? TABLE_LEFT : TABLE_RIGHT);
    return t;
}

static void print_params(const struct model *m)
{
    static const char *const headings[] = {"parameter", "symbol", "unit", "default", "from", "to", "meaning"};
    struct table *t = table_with("Parameters", headings, 7, 3);
    for (size_t i = 0; i < m->n_params; i++) {
        const struct param *p = &m->params[i];
        char text[40];
        table_add_row(t);
        table_add_cell(t, "%s", p->key);
        table_add_cell(t, "%s", p->symbol);
        table_add_cell(t, "%s", p->unit);
        table_add_cell(t, "%s", text_from_number(p->value, text, sizeof text));
        table_add_cell(t, "%g", p->low);
        table_add_cell(t, "%g", p->high);
        table_add_cell(t, "%s", p->meaning);
    }
    print_table(t);
}

static void print_states(const struct model *m)
{
    static const char *const headings[] = {"state", "unit", "start", "meaning"};
    struct table *t = table_with("States", headings, 4, 2);
    for (size_t i = 0; i < m->n_states; i++) {
        table_add_row(t);
        table_add_cell(t, "%s", m->states[i].key);
        table_add_cell(t, "%s", m->states[i].unit);
        if (m->steady_state)
            table_add_cell(t, "steady state");
        else
            table_add_cell(t, "%g", m->states[i].value);
        table_add_cell(t, "%s", m->states[i].meaning);
    }
    print_table(t);
}

static void print_outputs(const struct model *m)
{
    static const char *const headings[] = {"output", "unit", "meaning"};
    struct table *t = table_with("Outputs", headings, 3, 2);
    for (size_t i = 0; i < m->n_outputs; i++) {
        table_add_row(t);
        table_add_cell(t, "%s", m->outputs[i].key);
        table_add_cell(t, "%s", m->outputs[i].unit);
        table_add_cell(t, "%s", m->outputs[i].meaning);
    }
    print_table(t);
}

static void print_flows(const struct model *m)
{
    static const char *const headings[] = {"flow", "meaning", "made from"};
    struct table *t = table_with("Flows and their inputs: the input with the largest elasticity share limits the flow",
                                 headings, 3, 3);
    for (size_t i = 0; i < m->n_flows; i++) {
        char inputs[200] = "";
        size_t used = 0;
        for (size_t k = 0; k < m->flows[i].n_inputs && used < sizeof inputs; k++)
            used += (size_t)snprintf(inputs + used, sizeof inputs - used, "%s%s", k ? ", " : "", m->flows[i].inputs[k]);
        table_add_row(t);
        table_add_cell(t, "%s", m->flows[i].key);
        table_add_cell(t, "%s", m->flows[i].meaning);
        table_add_cell(t, "%s", inputs);
    }
    print_table(t);
}

static void print_model(const struct model *m)
{
    printf("%s: %s\n\n", m->name, m->title);
    print_indented("Equations", m->equations);
    print_states(m);
    print_params(m);
    print_outputs(m);
    print_flows(m);
    print_indented("References", m->references);
}

static enum status list_models(const struct options *o, struct error *e)
{
    if (o->json) {
        json_t *answer = answer_new(o, false), *list = json_array();
        for (size_t i = 0; i < model_registry_size; i++)
            json_array_append_new(list, model_to_json(model_registry[i]));
        json_object_set_new(answer, "models", list);
        return answer_print(answer, e);
    }
    static const char *const headings[] = {"model", "states", "parameters", "what it is"};
    struct table *t = table_with(NULL, headings, 4, 1);
    for (size_t i = 0; i < model_registry_size; i++) {
        const struct model *m = model_registry[i];
        table_add_row(t);
        table_add_cell(t, "%s", m->name);
        table_add_cell(t, "%zu", m->n_states);
        table_add_cell(t, "%zu", m->n_params);
        table_add_cell(t, "%s", m->title);
    }
    print_table(t);
    puts("gears models NAME shows one.");
    return STATUS_OK;
}

static enum status unknown_model(const char *name, struct error *e)
{
    const char *names[64];
    for (size_t i = 0; i < model_registry_size; i++)
        names[i] = model_registry[i]->name;
    char near[80];
    return error_set(e, STATUS_USAGE, "there is no model '%.60s'%s (gears models lists them)", name,
                     text_did_you_mean(text_nearest(name, names, model_registry_size), near, sizeof near));
}

enum status command_models(const struct options *o, struct error *e)
{
    if (!o->n_files)
        return list_models(o, e);
    const struct model *m = model_find(o->files[0]);
    if (!m)
        return unknown_model(o->files[0], e);
    if (o->json) {
        json_t *answer = answer_new(o, false);
        json_object_set_new(answer, "model", model_to_json(m));
        return answer_print(answer, e);
    }
    print_model(m);
    return STATUS_OK;
}
