#include "growth/variable.h"

#include "base/text.h"

#include <math.h>

size_t variable_count(const struct model *m)
{
    return m->n_states + m->n_outputs;
}

size_t variable_find(const struct model *m, const char *key)
{
    size_t i = model_state_find(m, key);
    return i < m->n_states ? i : m->n_states + model_output_find(m, key);
}

const char *variable_key(const struct model *m, size_t i)
{
    return i < m->n_states ? m->states[i].key : m->outputs[i - m->n_states].key;
}

const char *variable_unit(const struct model *m, size_t i)
{
    return i < m->n_states ? m->states[i].unit : m->outputs[i - m->n_states].unit;
}

const char *variable_meaning(const struct model *m, size_t i)
{
    return i < m->n_states ? m->states[i].meaning : m->outputs[i - m->n_states].meaning;
}

const char *variable_nearest(const struct model *m, const char *key)
{
    const char *keys[MAX_VARIABLES];
    for (size_t i = 0; i < variable_count(m); i++)
        keys[i] = variable_key(m, i);
    return text_nearest(key, keys, variable_count(m));
}

void variables_at(const struct simulation *s, double year, const double *x, double *value)
{
    double p[MODEL_MAX_PARAMS];
    simulation_parameters(s, year, p);
    for (size_t i = 0; i < s->model->n_states; i++)
        value[i] = exp(x[i]);
    s->model->observe(p, x, value + s->model->n_states);
}

double variable_at(const struct trajectory *t, size_t i, double year)
{
    double x[MODEL_MAX_STATES], value[MAX_VARIABLES];
    trajectory_at(t, year, x);
    variables_at(&t->simulation, year, x, value);
    return value[i];
}
