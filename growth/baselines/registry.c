/* The table of baselines: one line each. */
#include "growth/baselines/members.h"

#include "base/text.h"

#include <string.h>

const struct baseline *const baseline_registry[] = {
    &baseline_roodman,     &baseline_hanson_sum,    &baseline_hanson_ces, &baseline_kremer,
    &baseline_exponential, &baseline_log_quadratic, &baseline_hyperbola,  &baseline_logistic,
};
const size_t baseline_registry_size = sizeof baseline_registry / sizeof baseline_registry[0];

const struct baseline *baseline_find(const char *name)
{
    for (size_t i = 0; i < baseline_registry_size; i++)
        if (strcmp(baseline_registry[i]->name, name) == 0)
            return baseline_registry[i];
    return NULL;
}

char *baseline_nearest(const char *name, char *buffer, size_t size)
{
    const char *names[sizeof baseline_registry / sizeof baseline_registry[0]];
    for (size_t i = 0; i < baseline_registry_size; i++)
        names[i] = baseline_registry[i]->name;
    return text_did_you_mean(text_nearest(name, names, baseline_registry_size), buffer, size);
}

size_t baseline_find_all(const char *name, const struct baseline **out)
{
    size_t n = 0, length = strlen(name);
    const struct baseline *exact = baseline_find(name);
    if (exact) {
        out[0] = exact;
        return 1;
    }
    for (size_t i = 0; i < baseline_registry_size; i++) {
        const char *other = baseline_registry[i]->name;
        if (strcmp(name, "all") == 0 || (strncmp(other, name, length) == 0 && other[length] == '-'))
            out[n++] = baseline_registry[i];
    }
    return n;
}
