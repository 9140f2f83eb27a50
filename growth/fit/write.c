/* The fitted scenario as a file. */
#include "base/file.h"
#include "growth/fit/file.h"

#include <math.h>
#include <stdio.h>

static enum status set_number(struct config *c, const char *path, double value, int digits, struct error *e)
{
    char text[40];
    snprintf(text, sizeof text, "%.*g", digits, value);
    return config_set(c, path, text, e);
}

static enum status set_values(struct config *c, const struct fit *f, const struct fit_result *r, struct error *e)
{
    const struct model *m = f->base.model;
    enum status status = STATUS_OK;
    char path[128];
    for (size_t j = 0; j < f->n_parameters && !status; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        if (p->kind == FIT_LEVEL)
            snprintf(path, sizeof path, "solve.value");
        else
            snprintf(path, sizeof path, "%s%s", p->kind == FIT_MODEL ? "parameters." : "", p->key);
        status = set_number(c, path, fit_value(p, r->z[j]), 8, e);
    }
    if (f->shoots && !status) {
        snprintf(path, sizeof path, "parameters.%s", m->params[f->shot.parameter].key);
        status = set_number(c, path, r->simulation.p[f->shot.parameter], 10, e);
    }
    return status;
}

enum status fit_write_scenario(const struct scenario *scenario, const struct fit *f, const struct fit_result *result,
                               const char *source, const char *path, struct error *e)
{
    struct config *c = NULL;
    struct file_aside file;
    enum status status = config_derive(scenario->config, NULL, &c, e);
    if (!status)
        status = set_values(c, f, result, e);
    if (!status)
        status = config_resolve_files(c, e);
    if (!status)
        status = file_aside_open(&file, path, e);
    if (status) {
        config_free(c);
        return status;
    }
    config_remove(c, "fit");
    fprintf(file.stream, "# Fitted: the output of\n#     %s\n# Change the numbers there, not here.\n", source);
    status = config_write(c, file.stream, e);
    if (status)
        file_aside_abandon(&file);
    else
        status = file_aside_commit(&file, e);
    config_free(c);
    return status;
}
