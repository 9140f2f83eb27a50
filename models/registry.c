/* The list of growth models: one line each. */
#include "models/model.h"

extern const struct model model_stpk;
extern const struct model model_solow;
extern const struct model model_jones;
extern const struct model model_kremer;
extern const struct model model_power_law;
extern const struct model model_ak_ideas;
extern const struct model model_roodman_multivariate;

const struct model *const model_registry[] = {
    &model_stpk,
    &model_solow,
    &model_jones,
    &model_kremer,
    &model_power_law,
    &model_ak_ideas,
    &model_roodman_multivariate,
};

const size_t model_registry_size = sizeof model_registry / sizeof model_registry[0];
