/* What a run can show: the model's states and outputs under one index. */
#ifndef GEARS_GROWTH_VARIABLE_H
#define GEARS_GROWTH_VARIABLE_H

#include "growth/simulate.h"
#include "models/model.h"

enum { MAX_VARIABLES = MODEL_MAX_STATES + MODEL_MAX_OUTPUTS };

size_t variable_count(const struct model *m);
/* Index of the state or output called `key`, or variable_count. States come first. */
size_t variable_find(const struct model *m, const char *key);
const char *variable_key(const struct model *m, size_t i);
const char *variable_unit(const struct model *m, size_t i);
const char *variable_meaning(const struct model *m, size_t i);
/* Of all keys the nearest to a misspelt one, or NULL. */
const char *variable_nearest(const struct model *m, const char *key);

/* All values at a state and date, into value (variable_count), in the variables' units. */
void variables_at(const struct simulation *s, double year, const double *x, double *value);
/* One value of a trajectory at a date. */
double variable_at(const struct trajectory *t, size_t i, double year);

#endif
