/* Parameters and variables that a file names. */
#ifndef GEARS_GROWTH_NAMED_H
#define GEARS_GROWTH_NAMED_H

#include "base/error.h"
#include "config/config.h"
#include "models/model.h"

/* Index of the parameter (of the variable: growth/variable.h) that the scalar `node` names. STATUS_BAD_INPUT: the model
 * has none of that name; the message says so at its place, with the nearest one. */
enum status named_parameter(const struct model *m, const struct config_node *node, size_t *out, struct error *e);
enum status named_variable(const struct model *m, const struct config_node *node, size_t *out, struct error *e);

/* The nearest parameter as the end of a message, or "". Into buffer[size]. */
char *named_nearest_parameter(const struct model *m, const char *key, char *buffer, size_t size);

#endif
