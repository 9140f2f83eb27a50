#include "base/param.h"

#include <string.h>

size_t param_find(const struct param *params, size_t n, const char *key)
{
    size_t i = 0;
    while (i < n && strcmp(params[i].key, key) != 0)
        i++;
    return i;
}
