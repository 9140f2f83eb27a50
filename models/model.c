#include "models/model.h"

#include <string.h>

const struct model *model_find(const char *name)
{
    for (size_t i = 0; i < model_registry_size; i++)
        if (strcmp(model_registry[i]->name, name) == 0)
            return model_registry[i];
    return NULL;
}

void model_default_parameters(const struct model *m, double *p)
{
    for (size_t i = 0; i < m->n_params; i++)
        p[i] = m->params[i].value;
}

int model_growth(const struct model *m, const double *p, const double *x, double *f, double *g, double *dg)
{
    double rates[MODEL_MAX_STATES], c[MODEL_MAX_STATES], jac[MODEL_MAX_STATES * MODEL_MAX_STATES];
    size_t n = m->n_states;
    if (!f)
        f = rates;
    int code = m->rhs(p, x, f);
    if (code)
        return code;
    m->log_output(p, x, c);
    *g = 0;
    for (size_t i = 0; i < n; i++)
        *g += c[i] * f[i];
    if (!dg)
        return 0;
    code = m->jacobian(p, x, jac);
    if (code)
        return code;
    *dg = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            *dg += c[i] * jac[i * n + j] * f[j];
    return 0;
}

size_t model_output_find(const struct model *m, const char *key)
{
    size_t i = 0;
    while (i < m->n_outputs && strcmp(m->outputs[i].key, key) != 0)
        i++;
    return i;
}

size_t model_state_find(const struct model *m, const char *key)
{
    size_t i = 0;
    while (i < m->n_states && strcmp(m->states[i].key, key) != 0)
        i++;
    return i;
}
