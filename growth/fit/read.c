/* From a file to a fit. */
#include "base/text.h"
#include "growth/fit/file.h"
#include "growth/named.h"
#include "growth/variable.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const struct config_node *root, *block;
    const struct scenario *scenario;
    struct fit *f;
    const struct reporter *reporter;
    struct error *e;
};

/* --- free parameters ---------------------------------------------------------------------------------------------- */

static enum status find_free(const struct reader *r, const struct config_node *node, enum fit_parameter_kind *kind,
                             size_t *index)
{
    const struct model *m = r->f->base.model;
    const struct config_node *name = config_get(node, "parameter");
    const char *key = config_text(name, ""), *keys[MODEL_MAX_PARAMS + MODEL_MAX_STATES];
    char initial[MODEL_MAX_STATES][32];
    *kind = FIT_MODEL;
    *index = param_find(m->params, m->n_params, key);
    if (*index < m->n_params)
        return STATUS_OK;
    for (size_t i = 0; i < m->n_params; i++)
        keys[i] = m->params[i].key;
    for (size_t i = 0; i < m->n_states; i++) {
        snprintf(initial[i], sizeof initial[i], "initial.%.20s", m->states[i].key);
        keys[m->n_params + i] = initial[i];
        if (strcmp(key, initial[i]) == 0) {
            *kind = FIT_START;
            *index = i;
            return STATUS_OK;
        }
    }
    char near[80];
    text_did_you_mean(text_nearest(key, keys, m->n_params + m->n_states), near, sizeof near);
    return config_error(name, r->e, "model %s has no parameter '%.60s'%s (gears models %s lists them)", m->name, key,
                        near, m->name);
}

static enum status read_bounds(const struct reader *r, const struct config_node *node, struct fit_parameter *p)
{
    const struct config_node *low = config_get(node, "low"), *high = config_get(node, "high");
    double allowed_low = p->low, allowed_high = p->high;
    if (p->kind == FIT_MODEL) {
        allowed_low = r->f->base.model->params[p->index].low;
        allowed_high = r->f->base.model->params[p->index].high;
    }
    p->low = config_number(low, 0);
    p->high = config_number(high, 0);
    if (!(p->high > p->low))
        return config_error(config_later(high, low), r->e, "%s: high %g is not above low %g", p->key, p->high, p->low);
    if (p->kind == FIT_MODEL && p->low < allowed_low)
        return config_error(low, r->e, "%s: low %g is out of range: %g to %g is allowed", p->key, p->low, allowed_low,
                            allowed_high);
    if (p->kind == FIT_MODEL && p->high > allowed_high)
        return config_error(high, r->e, "%s: high %g is out of range: %g to %g is allowed", p->key, p->high,
                            allowed_low, allowed_high);
    if (p->kind == FIT_START && !(p->low > 0))
        return config_error(low, r->e, "%s: low %g: a level must be above 0", p->key, p->low);
    p->logarithmic = p->low > 0;
    return STATUS_OK;
}

/* The search starts from the value in the file, which is blamed if it stands there. */
static enum status check_start(const struct reader *r, const struct config_node *node, const struct fit_parameter *p)
{
    char path[80];
    if (p->value >= p->low && p->value <= p->high)
        return STATUS_OK;
    snprintf(path, sizeof path, "%s%.70s", p->kind == FIT_MODEL ? "parameters." : "", p->key);
    const struct config_node *value = config_get(r->root, path);
    return config_error(value ? value : node, r->e,
                        "%s: the search starts from %s %g, which is out of the bounds of fit.free: %g to %g is allowed",
                        p->key, value ? "this" : "the model's own", p->value, p->low, p->high);
}

static enum status read_prior(const struct reader *r, const struct config_node *node, struct fit_parameter *p)
{
    const struct config_node *prior = config_get(node, "prior"), *spread = config_get(node, "spread");
    if (!prior != !spread)
        return config_error(node, r->e, "%s: a prior wants both prior and spread", p->key);
    if (!prior)
        return STATUS_OK;
    double middle = config_number(prior, 0), wide = config_number(spread, 0);
    if (p->logarithmic && !(middle > 0))
        return config_error(prior, r->e, "%s: %g: the middle of a log-normal prior must be above 0", p->key, middle);
    if (!(wide > (p->logarithmic ? 1 : 0)))
        return config_error(spread, r->e, "%s: %g: the spread of a %s prior must be above %d", p->key, wide,
                            p->logarithmic ? "log-normal" : "normal", p->logarithmic ? 1 : 0);
    p->prior = fit_coordinate(p, middle);
    p->spread = p->logarithmic ? log(wide) : wide;
    return STATUS_OK;
}

static enum status read_free(const struct reader *r, const struct config_node *node)
{
    enum fit_parameter_kind kind;
    size_t index;
    struct fit *f = r->f;
    enum status status = find_free(r, node, &kind, &index);
    if (status)
        return status;
    if (kind == FIT_MODEL && f->shoots && index == f->shot.parameter)
        return config_error(config_get(node, "parameter"), r->e, "%s is what solve looks for: it cannot be free too",
                            f->base.model->params[index].key);
    struct fit_parameter *p = fit_add_parameter(f, kind, index);
    if (!p)
        return config_error(node, r->e, "a fit has at most %d free parameters", FIT_MAX_PARAMETERS);
    if (fit_parameter_find(f, p->key) + 1 < f->n_parameters)
        return config_error(config_get(node, "parameter"), r->e, "%s is free already", p->key);
    status = read_bounds(r, node, p);
    if (!status)
        status = check_start(r, node, p);
    return status ? status : read_prior(r, node, p);
}

/* --- targets ------------------------------------------------------------------------------------------------------ */

static enum status add_target(const struct reader *r, const struct config_node *node, const char *name,
                              const char *legend, size_t variable, size_t n, const double *year, const double *value)
{
    struct fit *f = r->f;
    double error = config_number(config_get(node, "error"), 1);
    const struct config_node *before = config_get(node, "before");
    enum status status = fit_add_target(f, name, variable, n, year, value, error, r->e);
    if (status)
        return status;
    struct fit_target *t = &f->targets[f->n_targets - 1];
    snprintf(t->legend, sizeof t->legend, "%.255s", legend);
    t->correlation = config_number(config_get(node, "correlation"), 0);
    t->assumed = config_get(node, "points") != NULL;
    for (size_t i = 0; before && i < t->n; i++)
        if (t->year[i] < config_number(config_get(before, "year"), 0))
            t->sigma[i] = config_number(config_get(before, "error"), error);
    return t->n ? STATUS_OK : config_error(node, r->e, "%s: no point of it lies within the run and from .. to", name);
}

static enum status read_points(const struct reader *r, const struct config_node *node)
{
    const struct config_node *points = config_get(node, "points"), *name = config_get(node, "variable");
    const struct model *m = r->f->base.model;
    size_t variable, n = config_length(points);
    enum status status = named_variable(m, name, &variable, r->e);
    if (status)
        return status;
    double *year = calloc(2 * n + 1, sizeof *year), *value;
    if (!year)
        return error_memory(r->e);
    value = year + n;
    for (size_t i = 0; i < n && !status; i++) {
        value[i] = config_number(config_item(points, i), 0);
        if (!text_to_year(config_key(points, i), &year[i]))
            status = config_error_at_key(points, i, r->e, "points: '%.40s' is not a year", config_key(points, i));
        else if (i && !(year[i] > year[i - 1]))
            status = config_error_at_key(points, i, r->e, "points: the years must rise");
        else if (!(value[i] > 0))
            status = config_error(config_item(points, i), r->e, "points: %g has no logarithm", value[i]);
        else if (year[i] < r->f->base.from)
            status = config_error_at_key(points, i, r->e, "points: %g is before the run's start", year[i]);
    }
    if (!status)
        status = add_target(r, node, variable_key(m, variable), "assumed", variable, n, year, value);
    free(year);
    return status;
}

/* ln of a series at a year, between its neighbours; NAN outside. */
static double log_at(const struct comparison *c, double year)
{
    const struct series *s = &c->series;
    for (size_t i = 0; i < s->n; i++) {
        if (s->year[i] == year)
            return log(s->value[i] * c->factor);
        if (i + 1 < s->n && s->year[i] < year && s->year[i + 1] > year) {
            double part = (year - s->year[i]) / (s->year[i + 1] - s->year[i]);
            return (1 - part) * log(s->value[i] * c->factor) + part * log(s->value[i + 1] * c->factor);
        }
    }
    return NAN;
}

static enum status read_periods(const struct reader *r, const struct config_node *node, const struct comparison *c)
{
    const struct config_node *periods = config_get(node, "periods");
    size_t n = config_length(periods);
    double year[64], value[64];
    if (n < 2)
        return config_error(periods, r->e, "periods: at least two years make a period");
    for (size_t i = 0; i < n; i++) {
        year[i] = config_number(config_item(periods, i), 0);
        value[i] = exp(log_at(c, year[i]));
        if (!(value[i] > 0) || year[i] < r->f->base.from)
            return config_error(config_item(periods, i), r->e, "periods: %s has no value in %g", c->series.name,
                                year[i]);
        if (i && !(year[i] > year[i - 1]))
            return config_error(config_item(periods, i), r->e, "periods: the years must rise");
    }
    enum status status = add_target(r, node, c->series.name, c->legend, c->variable, n, year, value);
    if (status)
        return status;
    struct fit_target *t = &r->f->targets[r->f->n_targets - 1];
    t->growth = true;
    for (size_t i = 0; i + 1 < n; i++) {
        t->to[i] = t->year[i + 1];
        t->value[i] = (t->value[i + 1] - t->value[i]) / (t->to[i] - t->year[i]);
    }
    t->n--;
    return STATUS_OK;
}

static enum status read_levels(const struct reader *r, const struct config_node *node, const struct comparison *c)
{
    const struct series *s = &c->series;
    size_t n = 0;
    double *year = calloc(2 * s->n + 1, sizeof *year), *value;
    if (!year)
        return error_memory(r->e);
    value = year + s->n;
    for (size_t i = 0; i < s->n; i++) {
        if (s->year[i] < fmax(c->from, r->f->base.from) || s->year[i] > c->to)
            continue;
        year[n] = s->year[i];
        value[n++] = s->value[i] * c->factor;
    }
    enum status status = add_target(r, node, s->name, c->legend, c->variable, n, year, value);
    free(year);
    return status;
}

static enum status read_target(const struct reader *r, const struct config_node *node)
{
    const struct config_node *points = config_get(node, "points");
    bool outside = config_get(node, "series") || config_get(node, "file");
    if (points)
        return outside ? config_error(node, r->e, "a target wants one of series, file or points")
                       : read_points(r, node);
    struct comparison c = {0};
    enum status status = comparison_read(node, r->f->base.model, r->reporter, &c, r->e);
    if (!status)
        status = (config_get(node, "periods") ? read_periods : read_levels)(r, node, &c);
    series_clear(&c.series);
    return status;
}

/* --- the block ---------------------------------------------------------------------------------------------------- */

static void read_errors(const struct reader *r)
{
    const char *errors = config_text(config_get(r->block, "errors"), "given");
    struct fit *f = r->f;
    f->errors = strcmp(errors, "ar1") == 0 ? FIT_AR1 : strcmp(errors, "bootstrap") == 0 ? FIT_BOOTSTRAP : FIT_GIVEN;
    f->replicates = (size_t)config_integer(config_get(r->block, "bootstrap.replicates"), 40);
    f->block = config_number(config_get(r->block, "bootstrap.block"), 30);
    f->starts = (size_t)config_integer(config_get(r->block, "starts"), 8);
    f->hops = (size_t)config_integer(config_get(r->block, "hops"), 0);
}

static enum status read_block(const struct reader *r)
{
    const struct growth_run *run = &r->scenario->runs[0];
    const struct config_node *list = config_get(r->block, "free"), *targets = config_get(r->block, "targets");
    struct fit *f = r->f;
    enum status status = STATUS_OK;
    fit_init(f, r->scenario->name, &run->simulation);
    snprintf(f->title, sizeof f->title, "%s", r->scenario->title);
    f->shoots = run->solved_parameter != SIZE_MAX;
    if (f->shoots)
        f->shot = run->solved;
    for (size_t i = 0; i < config_length(list) && !status; i++)
        status = read_free(r, config_item(list, i));
    if (!status && f->shoots && strcmp(config_text(config_get(r->block, "level"), "free"), "free") == 0)
        fit_add_parameter(f, FIT_LEVEL, 0);
    for (size_t i = 0; i < config_length(targets) && !status; i++)
        status = read_target(r, config_item(targets, i));
    read_errors(r);
    if (!status)
        status = fit_prepare(f, r->e);
    if (!status && (!f->n_parameters || fit_count_residuals(f) < f->n_parameters))
        status = config_error(r->block, r->e, "%zu points and priors for %zu free parameters: that cannot be fitted",
                              fit_count_residuals(f), f->n_parameters);
    return status;
}

enum status fit_read(const char *path, const char *const *settings, size_t n_settings, const struct reporter *reporter,
                     struct scenario *scenario, struct fit *fit, struct error *e)
{
    memset(fit, 0, sizeof *fit);
    enum status status = scenario_read(path, settings, n_settings, reporter, scenario, e);
    if (status)
        return status;
    struct reader r = {.root = config_root(scenario->config),
                       .block = config_get(config_root(scenario->config), "fit"),
                       .scenario = scenario,
                       .f = fit,
                       .reporter = reporter,
                       .e = e};
    if (!r.block)
        return config_error(r.root, e,
                            "this file has no fit block: nothing says what is free and what it is fitted to");
    if (config_get(r.root, "runs"))
        return config_error(config_get(r.root, "runs"), e, "a fit is of one run: the file may not have runs");
    return read_block(&r);
}
