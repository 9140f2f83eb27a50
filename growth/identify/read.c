/* A fit file made ready for profiles. */
#include "growth/identify/identify.h"

#include "base/text.h"
#include "growth/identify/identify_private.h"
#include "growth/named.h"
#include "growth/variable.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the schema --------------------------------------------------------------------------------------------------- */

static const struct config_field stop_element = {.type = CONFIG_YEAR};
static const struct config_field baseline_fields[] = {
    {.key = "baseline", .type = CONFIG_STRING, .required = true, .meaning = "one of gears growth baseline"},
    {.key = "series", .type = CONFIG_STRING, .required = true, .meaning = "a shipped series (gears data lists them)"},
    {.key = "from", .type = CONFIG_YEAR, .meaning = "first year that counts"},
    {0}};
static const struct config_field baseline_element = {.type = CONFIG_MAP, .fields = baseline_fields};
static const struct config_field detection_fields[] = {
    {.key = "onset", .type = CONFIG_YEAR, .fallback = "2045", .meaning = "of the data that are made up"},
    {.key = "watch", .type = CONFIG_NUMBER, .low = 1, .high = 40, .fallback = "25", .meaning = "years after it"},
    {.key = "replicates",
     .type = CONFIG_INTEGER,
     .low = 1,
     .high = IDENTIFY_REPLICATES,
     .fallback = "4",
     .meaning = "made-up data sets"},
    {0}};

const struct config_field identify_fields[] = {
    {.key = "variable",
     .type = CONFIG_STRING,
     .fallback = "machine_ratio",
     .meaning = "the onset is where this variable reaches `level`"},
    {.key = "level", .type = CONFIG_NUMBER, .low = 1e-12, .high = 1e12, .fallback = "1", .meaning = "the level"},
    {.key = "by",
     .type = CONFIG_STRING,
     .fallback = "machine_efficiency",
     .meaning = "the parameter that sets its date; the variable must be proportional to it"},
    {.key = "shape",
     .type = CONFIG_STRING,
     .fallback = "machine_exponent",
     .meaning = "the parameter that says how sudden it is; free between 0 and `sudden` x 4"},
    {.key = "sudden",
     .type = CONFIG_NUMBER,
     .low = 1e-3,
     .high = 1e3,
     .fallback = "40",
     .meaning = "a value of the shape that gives a sudden onset: every date is fitted from there too"},
    {.key = "gradual",
     .type = CONFIG_NUMBER,
     .low = 1e-3,
     .high = 1e3,
     .fallback = "3",
     .meaning = "value of the shape in the variant with a gradual precursor"},
    {.key = "before",
     .type = CONFIG_NUMBER,
     .low = 1,
     .high = 1000,
     .fallback = "40",
     .meaning = "the prior on the date is uniform from so many years before the data's end"},
    {.key = "after",
     .type = CONFIG_NUMBER,
     .low = 1,
     .high = 1000,
     .fallback = "250",
     .meaning = "to so many after it"},
    {.key = "stops",
     .type = CONFIG_LIST,
     .element = &stop_element,
     .max_length = IDENTIFY_STOPS,
     .fallback = "1900, 1950, 1980, 2000",
     .meaning = "what would have been said with the data up to these years"},
    {.key = "baselines",
     .type = CONFIG_LIST,
     .element = &baseline_element,
     .max_length = IDENTIFY_BASELINES,
     .fallback = "all on firstworld_gdp, curves that bend once or not at all from 1820; Kremer's on world_population",
     .meaning = "extrapolations that are asked the same"},
    {.key = "detection",
     .type = CONFIG_MAP,
     .fields = detection_fields,
     .meaning = "the experiment with made-up data: when would an onset have shown?"},
    {0}};

/* --- from a file -------------------------------------------------------------------------------------------------- */

/* What is asked where the file names none: those that have no growth to speak of before 1820 begin there. */
static void set_baselines(struct identify_settings *s)
{
    static const char *const late[] = {"exponential", "log-quadratic", "logistic"};
    for (size_t i = 0; i < baseline_registry_size && s->n_baselines < IDENTIFY_BASELINES; i++) {
        struct identify_baseline *b = &s->baselines[s->n_baselines++];
        b->baseline = baseline_registry[i];
        b->from = NAN;
        for (size_t k = 0; k < sizeof late / sizeof late[0]; k++)
            if (strcmp(b->baseline->name, late[k]) == 0)
                b->from = 1820;
        snprintf(b->series, sizeof b->series, "%s",
                 strcmp(b->baseline->name, "kremer") == 0 ? "world_population" : "firstworld_gdp");
    }
}

static enum status read_baselines(struct identify_settings *s, const struct config_node *list, struct error *e)
{
    if (!list)
        set_baselines(s);
    for (size_t k = 0; k < config_length(list); k++) {
        const struct config_node *node = config_item(list, k), *name = config_get(node, "baseline");
        struct identify_baseline *b = &s->baselines[s->n_baselines++];
        struct series series;
        char near[80];
        b->baseline = baseline_find(config_text(name, ""));
        if (!b->baseline)
            return config_error(name, e, "there is no baseline '%.60s'%s (gears growth baseline lists them)",
                                config_text(name, ""), baseline_nearest(config_text(name, ""), near, sizeof near));
        snprintf(b->series, sizeof b->series, "%.63s", config_text(config_get(node, "series"), ""));
        b->from = config_number(config_get(node, "from"), NAN);
        struct error inner = {0};
        if (baseline_series_open(b->series, &series, &inner))
            return config_error(config_get(node, "series"), e, "%s", inner.message);
        series_clear(&series);
    }
    return STATUS_OK;
}

static double number(const struct config_node *root, const char *key, double fallback)
{
    return config_number(config_get(root, key), fallback);
}

static enum status read_settings(struct identify_settings *s, const struct model *m, const struct config_node *root,
                                 struct error *e)
{
    const struct config_node *variable = config_get(root, "variable"), *stops = config_get(root, "stops");
    static const double usual[] = {1900, 1950, 1980, 2000};
    const char *key = config_text(variable, "machine_ratio");
    s->variable = variable_find(m, key);
    if (s->variable == variable_count(m) && !variable)
        return error_set(e, STATUS_BAD_INPUT, "model %s has no variable %s: say identify.variable", m->name, key);
    enum status status = variable ? named_variable(m, variable, &s->variable, e) : STATUS_OK;
    if (status)
        return status;
    s->level = number(root, "level", 1);
    s->before = number(root, "before", 40);
    s->after = number(root, "after", 250);
    s->sudden = number(root, "sudden", 40);
    s->gradual = number(root, "gradual", 3);
    s->n_stops = stops ? config_length(stops) : sizeof usual / sizeof usual[0];
    for (size_t k = 0; k < s->n_stops; k++)
        s->stops[k] = stops ? config_number(config_item(stops, k), 0) : usual[k];
    s->onset = number(root, "detection.onset", 2045);
    s->watch = number(root, "detection.watch", 25);
    s->replicates = (size_t)config_integer(config_get(root, "detection.replicates"), 4);
    return read_baselines(s, config_get(root, "baselines"), e);
}

/* Make a parameter free, between these bounds. */
static enum status set_free(struct fit *f, const char *key, double low, double high, double least, bool logarithmic,
                            struct error *e)
{
    size_t j = fit_parameter_find(f, key), index = param_find(f->base.model->params, f->base.model->n_params, key);
    if (index == f->base.model->n_params)
        return error_set(e, STATUS_BAD_INPUT, "model %s has no parameter %s", f->base.model->name, key);
    struct fit_parameter *p = j < f->n_parameters ? &f->parameters[j] : fit_add_parameter(f, FIT_MODEL, index);
    if (!p)
        return error_set(e, STATUS_FAILED, "too many free parameters");
    p->low = low;
    p->high = high;
    p->logarithmic = logarithmic;
    p->value = fmin(fmax(p->value, fmax(low, least)), high);
    return STATUS_OK;
}

enum status identify_read(const char *path, const char *const *settings, size_t n_settings,
                          const struct reporter *reporter, struct scenario *scenario, struct identify *out,
                          struct error *e)
{
    struct fit fit;
    struct identify_settings s = {0};
    memset(out, 0, sizeof *out);
    memset(&fit, 0, sizeof fit);
    enum status status = fit_read(path, settings, n_settings, reporter, scenario, &fit, e);
    if (status) {
        fit_clear(&fit);
        return status;
    }
    const struct config_node *root = config_get(config_root(scenario->config), "identify");
    const char *by = config_text(config_get(root, "by"), "machine_efficiency"),
               *shape = config_text(config_get(root, "shape"), "machine_exponent");
    status = read_settings(&s, fit.base.model, root, e);
    if (!status)
        status = set_free(&fit, by, 1e-300, 1e6, 1e-290, true, e);
    if (!status)
        status = set_free(&fit, shape, 0, 4 * s.sudden, 1e-3, false, e);
    if (status) {
        fit_clear(&fit);
        return status;
    }
    return identify_init(out, &fit, &s, by, shape, true, reporter, e);
}

/* --- from a fit --------------------------------------------------------------------------------------------------- */

/* Leave out what is no independent evidence: growth between dates of series whose levels are there too, and points of
 * the file's own for the very variable that is asked about (or, where it is machines over people, their share). */
static void leave_out(struct identify *q)
{
    size_t share = variable_find(q->fit.base.model, "machine_share");
    for (size_t i = 0; i < q->fit.n_targets; i++) {
        struct fit_target *t = &q->fit.targets[i];
        if (t->growth || (t->assumed && (t->variable == q->settings.variable || t->variable == share))) {
            t->n = 0; /* without points it counts for nothing */
            q->left_out++;
        }
    }
}

/* Let every later evaluation begin its shooting from the parameter that was solved for at `to`, found by walking there
 * from `from`, where it begins now. */
static enum status follow(struct fit *f, const double *from, const double *to, const struct reporter *reporter,
                          struct error *e)
{
    enum { STEPS = 16 };
    struct fit_evaluator v;
    struct simulation s;
    double z[FIT_MAX_PARAMETERS];
    fit_evaluator_init(&v, f, reporter);
    for (int i = 1; i <= STEPS && f->shoots; i++) {
        for (size_t j = 0; j < f->n_parameters; j++)
            z[j] = from[j] + (to[j] - from[j]) * i / STEPS;
        int code = fit_simulation(&v, z, &s);
        if (code < 0)
            return error_set(e, STATUS_INTERRUPTED, "interrupted while fitting");
        if (code && i == STEPS)
            return error_set(e, STATUS_FAILED, "the best fit could not be found again: %s", v.complaint);
    }
    if (f->shoots)
        f->base.p[f->shot.parameter] = exp(v.solved);
    return STATUS_OK;
}

/* The best fit from z, which then holds it. An onset that never comes is a limit of the model that a search does not
 * reach by itself: it is tried too. */
static enum status improve(struct identify *q, double *z, const struct reporter *reporter, struct error *e)
{
    struct least_squares_result r = {0};
    struct least_squares_options o = identify_options(q, reporter);
    struct identify_point never;
    o.max_iterations = 200;
    enum status status = fit_improve(&q->fit, z, &o, &r, e);
    if (!status)
        status = follow(&q->fit, z, r.z, reporter, e);
    if (!status) {
        memcpy(z, r.z, q->fit.n_parameters * sizeof *z);
        q->cost = r.cost;
    }
    least_squares_result_clear(&r);
    if (!status && identify_fit_never(q, &q->fit, z, reporter, &never) && never.cost < q->cost) {
        status = follow(&q->fit, z, never.z, reporter, e);
        memcpy(z, never.z, q->fit.n_parameters * sizeof *z);
        q->cost = never.cost;
    }
    return status;
}

/* The best fit, the noise that its residuals show, and the best fit under that. */
static enum status settle(struct identify *q, bool noise, const struct reporter *reporter, struct error *e)
{
    fit_first(&q->fit, q->z);
    enum status status = STATUS_OK;
    for (int round = 0; round < (noise ? 3 : 1) && !status; round++) {
        reporter_progress(reporter, 0.02 * round, "fitting");
        int code = round > 0 ? fit_estimate_noise(&q->fit, q->z, NULL, reporter) : 0;
        if (code)
            status =
                error_set(e, code < 0 ? STATUS_INTERRUPTED : STATUS_FAILED,
                          code < 0 ? "interrupted while fitting" : "the size of the errors could not be estimated");
        if (!status)
            status = improve(q, q->z, reporter, e);
    }
    return status;
}

enum status identify_init(struct identify *q, struct fit *fit, const struct identify_settings *settings, const char *by,
                          const char *shape, bool noise, const struct reporter *reporter, struct error *e)
{
    memset(q, 0, sizeof *q);
    q->fit = *fit;
    memset(fit, 0, sizeof *fit);
    q->settings = *settings;
    q->by = fit_parameter_find(&q->fit, by);
    q->shape = shape ? fit_parameter_find(&q->fit, shape) : SIZE_MAX;
    if (q->by == q->fit.n_parameters || (shape && q->shape == q->fit.n_parameters))
        return error_set(e, STATUS_FAILED, "%s is not among the free numbers of the fit",
                         q->by == q->fit.n_parameters ? by : shape);
    if (!q->fit.parameters[q->by].logarithmic)
        return error_set(e, STATUS_BAD_INPUT, "%s must be above 0: its logarithm is what is fitted", by);
    leave_out(q);
    q->fit.base.rtol = fmax(q->fit.base.rtol, 1e-8);
    q->fit.base.max_steps = 20000; /* ten times what a run takes: trials that run into a blow-up are not worth more */
    q->fit.base.to = fmax(q->fit.base.to, 3000); /* nothing is asked so late, but a run may be followed there */
    enum status status = fit_prepare(&q->fit, e);
    q->end = identify_last_year(&q->fit);
    if (!status && !isfinite(q->end))
        status = error_set(e, STATUS_BAD_INPUT, "the fit has no data that are levels");
    return status ? status : settle(q, noise, reporter, e);
}

void identify_clear(struct identify *q)
{
    fit_clear(&q->fit);
    memset(q, 0, sizeof *q);
}
