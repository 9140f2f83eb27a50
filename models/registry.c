/* The list of growth models: one line each. */
#include "models/model.h"

extern const struct model model_stpk;

const struct model *const model_registry[] = {
    &model_stpk,
};

const size_t model_registry_size = sizeof model_registry / sizeof model_registry[0];
