/* Fit files: growth scenarios with a `fit` block. */
#ifndef GEARS_GROWTH_FIT_FILE_H
#define GEARS_GROWTH_FIT_FILE_H

#include "config/config.h"
#include "growth/fit/fit.h"
#include "growth/scenario.h"

/* The table of the `fit` block, a part of growth_schema. */
extern const struct config_field fit_fields[];

/* Read a scenario file with a `fit` block: *scenario is the file's run at the values it gives (with `solve` solved),
 * *fit what is to be fitted. Both are to be cleared in all cases. Errors as scenario_read; STATUS_BAD_INPUT with the
 * place where the block is missing or wrong. */
enum status fit_read(const char *path, const char *const *settings, size_t n_settings, const struct reporter *reporter,
                     struct scenario *scenario, struct fit *fit, struct error *e);

/* The fitted scenario as a file that `gears run` takes: the fit file without its `fit` block, the fitted values as
 * `parameters` (and `initial`, `solve`), and a header that says where they come from: `source`, the command that makes
 * it again. Into `path`. */
enum status fit_write_scenario(const struct scenario *scenario, const struct fit *f, const struct fit_result *result,
                               const char *source, const char *path, struct error *e);

#endif
