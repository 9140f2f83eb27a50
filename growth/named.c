#include "growth/named.h"

#include "base/text.h"
#include "growth/variable.h"

char *named_nearest_parameter(const struct model *m, const char *key, char *buffer, size_t size)
{
    const char *keys[MODEL_MAX_PARAMS];
    for (size_t i = 0; i < m->n_params; i++)
        keys[i] = m->params[i].key;
    return text_did_you_mean(text_nearest(key, keys, m->n_params), buffer, size);
}

enum status named_parameter(const struct model *m, const struct config_node *node, size_t *out, struct error *e)
{
    char near[80];
    const char *key = config_text(node, "");
    *out = param_find(m->params, m->n_params, key);
    if (*out < m->n_params)
        return STATUS_OK;
    return config_error(node, e, "model %s has no parameter '%.60s'%s (gears models %s lists them)", m->name, key,
                        named_nearest_parameter(m, key, near, sizeof near), m->name);
}

enum status named_variable(const struct model *m, const struct config_node *node, size_t *out, struct error *e)
{
    char near[80];
    const char *key = config_text(node, "");
    *out = variable_find(m, key);
    if (*out < variable_count(m))
        return STATUS_OK;
    return config_error(node, e, "model %s has no variable '%.60s'%s (gears models %s lists them)", m->name, key,
                        text_did_you_mean(variable_nearest(m, key), near, sizeof near), m->name);
}
