/* The block `forecast:` of a scenario file. */
#include "growth/forecast/forecast.h"

#include "base/text.h"
#include "growth/named.h"
#include "growth/variable.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the schema --------------------------------------------------------------------------------------------------- */

static const char *const distribution_words[] = {"normal",     "lognormal", "uniform", "loguniform",
                                                 "triangular", "beta",      NULL};

static const struct config_field uncertain_fields[] = {
    {.key = "parameter", .type = CONFIG_STRING, .meaning = "a parameter that is drawn; this or variable"},
    {.key = "variable", .type = CONFIG_STRING, .meaning = "a state or output whose level at a date is drawn"},
    {.key = "at", .type = CONFIG_YEAR, .meaning = "with variable: the date"},
    {.key = "by",
     .type = CONFIG_STRING,
     .meaning = "with variable: the parameter that is found so that it has that level"},
    {.key = "distribution",
     .type = CONFIG_CHOICE,
     .choices = distribution_words,
     .required = true,
     .meaning = "its shape"},
    {.key = "low",
     .type = CONFIG_NUMBER,
     .meaning = "5 % quantile of a normal or lognormal distribution, lower end of the others (beta: 0)"},
    {.key = "high",
     .type = CONFIG_NUMBER,
     .meaning = "95 % quantile of a normal or lognormal distribution, upper end of the others (beta: 1)"},
    {.key = "mean", .type = CONFIG_NUMBER, .meaning = "normal: with sd, instead of low and high"},
    {.key = "sd", .type = CONFIG_NUMBER, .meaning = "normal: standard deviation"},
    {.key = "mode", .type = CONFIG_NUMBER, .meaning = "triangular: the peak"},
    {.key = "alpha", .type = CONFIG_NUMBER, .meaning = "beta: first shape parameter"},
    {.key = "beta", .type = CONFIG_NUMBER, .meaning = "beta: second shape parameter"},
    {.key = "least", .type = CONFIG_NUMBER, .meaning = "cut off below this"},
    {.key = "most", .type = CONFIG_NUMBER, .meaning = "cut off above this"},
    {0}};
static const struct config_field uncertain_element = {.type = CONFIG_MAP, .fields = uncertain_fields};

static const struct config_field name_element = {.type = CONFIG_STRING};
static const struct config_field correlation_fields[] = {
    {.key = "between",
     .type = CONFIG_LIST,
     .element = &name_element,
     .max_length = 2,
     .required = true,
     .meaning = "two of the uncertain quantities, by the name of their parameter or variable"},
    {.key = "rank",
     .type = CONFIG_NUMBER,
     .low = -1,
     .high = 1,
     .required = true,
     .meaning = "Spearman's rank correlation (Gaussian copula)"},
    {0}};
static const struct config_field correlation_element = {.type = CONFIG_MAP, .fields = correlation_fields};

static const struct config_field anchor_fields[] = {
    {.key = "series", .type = CONFIG_STRING, .required = true, .meaning = "a shipped series (gears data lists them)"},
    {.key = "from", .type = CONFIG_YEAR, .meaning = "first year that counts"},
    {.key = "to", .type = CONFIG_YEAR, .meaning = "last year that counts"},
    {0}};
static const struct config_field anchor_element = {.type = CONFIG_MAP, .fields = anchor_fields};

static const struct config_field extrapolation_fields[] = {
    {.key = "baseline", .type = CONFIG_STRING, .required = true, .meaning = "one of gears growth baseline"},
    {.key = "series", .type = CONFIG_STRING, .required = true, .meaning = "a shipped series (gears data lists them)"},
    {0}};
static const struct config_field extrapolation_element = {.type = CONFIG_MAP, .fields = extrapolation_fields};

const struct config_field forecast_fields[] = {
    {.key = "draws",
     .type = CONFIG_INTEGER,
     .low = 10,
     .high = 100000,
     .fallback = "1000",
     .meaning = "how many futures are drawn"},
    {.key = "today", .type = CONFIG_YEAR, .fallback = "2025", .meaning = "the year that counts as today"},
    {.key = "share",
     .type = CONFIG_STRING,
     .fallback = "machine_share, where the model has it",
     .meaning = "the variable that is the part of research done by machines"},
    {.key = "uncertain",
     .type = CONFIG_LIST,
     .element = &uncertain_element,
     .max_length = FORECAST_MAX_INPUTS,
     .required = true,
     .meaning = "what is uncertain, and how"},
    {.key = "fit",
     .type = CONFIG_FILE,
     .meaning = "a fit file: its parameters are uncertain too, as far as the data leave them open"},
    {.key = "fit_sets",
     .type = CONFIG_INTEGER,
     .low = 1,
     .high = 10000,
     .fallback = "40",
     .meaning = "how many parameter sets are fitted to data with noise added; the draws take them in turn"},
    {.key = "correlations",
     .type = CONFIG_LIST,
     .element = &correlation_element,
     .meaning = "rank correlations of the uncertain quantities; 0 where none is given"},
    {.key = "anchors",
     .type = CONFIG_LIST,
     .element = &anchor_element,
     .max_length = FORECAST_MAX_ANCHORS,
     .meaning = "data the distributions rest on: their latest value and trend are printed beside the result"},
    {.key = "extrapolations",
     .type = CONFIG_LIST,
     .element = &extrapolation_element,
     .max_length = FORECAST_MAX_EXTRAPOLATIONS,
     .meaning = "what is drawn beside the futures: baselines fitted to series"},
    {0}};

/* --- distributions ------------------------------------------------------------------------------------------------ */

/* Which keys each distribution wants; what it does not want is an error. */
static const struct {
    const char *needs[4], *allows[4];
} wants[N_DISTRIBUTIONS] = {
    [DISTRIBUTION_NORMAL] = {{"low", "high"}, {NULL}},
    [DISTRIBUTION_LOGNORMAL] = {{"low", "high"}, {NULL}},
    [DISTRIBUTION_UNIFORM] = {{"low", "high"}, {NULL}},
    [DISTRIBUTION_LOGUNIFORM] = {{"low", "high"}, {NULL}},
    [DISTRIBUTION_TRIANGULAR] = {{"low", "mode", "high"}, {NULL}},
    [DISTRIBUTION_BETA] = {{"alpha", "beta"}, {"low", "high"}},
};

static bool is_among(const char *key, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n && list[i]; i++)
        if (strcmp(list[i], key) == 0)
            return true;
    return false;
}

static enum status check_keys(const struct config_node *node, enum distribution_kind kind, bool by_mean,
                              struct error *e)
{
    static const char *const numbers[] = {"low", "high", "mean", "sd", "mode", "alpha", "beta"}, *const moments[] = {
                                                                                                     "mean", "sd"};
    const char *const *needs = by_mean ? moments : wants[kind].needs, *name = distribution_words[kind];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        bool there = config_get(node, numbers[i]) != NULL, needed = is_among(numbers[i], needs, by_mean ? 2 : 4);
        if (needed && !there)
            return config_error(node, e, "a %s distribution wants %s", name, numbers[i]);
        if (there && !needed && (by_mean || !is_among(numbers[i], wants[kind].allows, 4)))
            return config_error(config_get(node, numbers[i]), e, "a %s distribution%s has no %s", name,
                                by_mean ? " given by its mean" : "", numbers[i]);
    }
    return STATUS_OK;
}

static double number(const struct config_node *node, const char *key, double fallback)
{
    return config_number(config_get(node, key), fallback);
}

static enum status read_distribution(const struct config_node *node, struct distribution *d, struct error *e)
{
    const struct config_node *word = config_get(node, "distribution");
    enum distribution_kind kind = DISTRIBUTION_NORMAL;
    while (strcmp(distribution_words[kind], config_text(word, "")) != 0)
        kind++;
    bool by_mean = kind == DISTRIBUTION_NORMAL && (config_get(node, "mean") || config_get(node, "sd"));
    enum status status = check_keys(node, kind, by_mean, e);
    if (status)
        return status;
    double low = number(node, "low", 0), high = number(node, "high", 1);
    bool quantiles = kind == DISTRIBUTION_LOGNORMAL || (kind == DISTRIBUTION_NORMAL && !by_mean);
    if (quantiles && !(low < high))
        return config_error(config_get(node, "high"), e, "the 95 %% quantile high %g is not above low %g", high, low);
    if (kind == DISTRIBUTION_LOGNORMAL && !(low > 0))
        return config_error(config_get(node, "low"), e, "low is %g: a lognormal distribution lies above 0", low);
    if (quantiles)
        *d = distribution_between(kind, low, high);
    else
        *d = (struct distribution){.kind = kind, .low = low, .high = high};
    if (by_mean) {
        d->p = number(node, "mean", 0);
        d->q = number(node, "sd", 0);
    } else if (kind == DISTRIBUTION_TRIANGULAR)
        d->p = number(node, "mode", 0);
    else if (kind == DISTRIBUTION_BETA) {
        d->p = number(node, "alpha", 0);
        d->q = number(node, "beta", 0);
    }
    d->least = number(node, "least", -INFINITY);
    d->most = number(node, "most", INFINITY);
    struct error inner = {0};
    status = distribution_check(d, &inner);
    return status ? config_error(node, e, "%s", inner.message) : STATUS_OK;
}

/* --- inputs ------------------------------------------------------------------------------------------------------- */

static enum status read_level(const struct forecast_setup *f, const struct config_node *node,
                              struct forecast_input *input, struct error *e)
{
    const struct simulation *s = &f->run->simulation;
    const struct config_node *at = config_get(node, "at"), *by = config_get(node, "by");
    if (!at || !by)
        return config_error(node, e, "a variable wants %s", !at ? "at: the date" : "by: the parameter that is found");
    input->is_variable = true;
    input->year = config_number(at, 0);
    enum status status = named_variable(s->model, config_get(node, "variable"), &input->variable, e);
    if (!status)
        status = named_parameter(s->model, by, &input->parameter, e);
    if (!status && !(input->year > s->from && input->year < s->to))
        status = config_error(at, e, "at: %.10g is not within the run, %.10g to %.10g", input->year, s->from, s->to);
    if (!status && !(distribution_quantile(&input->distribution, 1e-9) > 0))
        status = config_error(node, e, "levels that are solved for must be above 0: a distribution above 0, or least");
    return status;
}

static enum status read_input(struct forecast_setup *f, const struct config_node *node, struct error *e)
{
    struct forecast_input *input = &f->inputs[f->n_inputs];
    const struct config_node *parameter = config_get(node, "parameter"), *variable = config_get(node, "variable");
    if (!parameter == !variable)
        return config_error(node, e, "what is uncertain is either a parameter or a variable%s",
                            parameter ? ", not both" : "");
    enum status status = read_distribution(node, &input->distribution, e);
    if (!status && parameter)
        status = named_parameter(f->run->simulation.model, parameter, &input->parameter, e);
    else if (!status)
        status = read_level(f, node, input, e);
    if (!status && parameter && (config_get(node, "at") || config_get(node, "by")))
        status = config_error(node, e, "at and by belong to a variable, not to a parameter");
    if (status)
        return status;
    snprintf(input->name, sizeof input->name, "%.63s", config_text(parameter ? parameter : variable, ""));
    const char *key = f->run->simulation.model->params[input->parameter].key;
    if (f->run->solved_parameter == input->parameter)
        return config_error(node, e, "%s is what solve looks for: it cannot be uncertain", key);
    for (size_t k = 0; k < f->n_inputs; k++)
        if (f->inputs[k].parameter == input->parameter || strcmp(f->inputs[k].name, input->name) == 0)
            return config_error(node, e, "%s is there already",
                                strcmp(f->inputs[k].name, input->name) ? key : input->name);
    f->n_inputs++;
    return STATUS_OK;
}

/* --- correlations ------------------------------------------------------------------------------------------------- */

static enum status find_input(const struct forecast_setup *f, const struct config_node *node, size_t *out,
                              struct error *e)
{
    const char *names[FORECAST_MAX_INPUTS];
    for (*out = 0; *out < f->n_inputs; (*out)++) {
        names[*out] = f->inputs[*out].name;
        if (strcmp(names[*out], config_text(node, "")) == 0)
            return STATUS_OK;
    }
    char near[FORECAST_NAME + 24];
    text_did_you_mean(text_nearest(config_text(node, ""), names, f->n_inputs), near, sizeof near);
    return config_error(node, e, "'%.60s' is not among the uncertain quantities%s", config_text(node, ""), near);
}

static enum status read_correlation(const struct forecast_setup *f, const struct config_node *node, double *matrix,
                                    struct error *e)
{
    const struct config_node *between = config_get(node, "between");
    size_t a = 0, b = 0;
    if (config_length(between) != 2)
        return config_error(between, e, "between wants two names, found %zu", config_length(between));
    enum status status = find_input(f, config_item(between, 0), &a, e);
    if (!status)
        status = find_input(f, config_item(between, 1), &b, e);
    if (status)
        return status;
    if (a == b)
        return config_error(between, e, "%s with itself: the correlation is 1", f->inputs[a].name);
    if (matrix[a * f->n_inputs + b] != 0)
        return config_error(between, e, "the correlation of %s and %s is there already", f->inputs[a].name,
                            f->inputs[b].name);
    matrix[a * f->n_inputs + b] = matrix[b * f->n_inputs + a] = copula_from_rank(number(node, "rank", 0));
    return STATUS_OK;
}

static enum status read_correlations(struct forecast_setup *f, const struct config_node *root, struct error *e)
{
    double matrix[FORECAST_MAX_INPUTS * FORECAST_MAX_INPUTS] = {0};
    const struct config_node *list = config_get(root, "correlations");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < f->n_inputs; i++)
        matrix[i * f->n_inputs + i] = 1;
    for (size_t k = 0; k < config_length(list) && !status; k++)
        status = read_correlation(f, config_item(list, k), matrix, e);
    if (status)
        return status;
    struct error inner = {0};
    status = copula_init(&f->copula, f->n_inputs, matrix, &inner);
    if (status == STATUS_REFUSED)
        return config_error(list, e, "correlations: %s", inner.message);
    if (status && e)
        *e = inner;
    return status;
}

/* --- anchors ------------------------------------------------------------------------------------------------------ */

static enum status load_series(const struct config_node *name, struct series *out, struct error *e)
{
    struct error inner = {0};
    enum status status = baseline_series_open(config_text(name, ""), out, &inner);
    if (status == STATUS_BAD_INPUT && !inner.file[0])
        return config_error(name, e, "%s", inner.message);
    if (status && e)
        *e = inner;
    return status;
}

/* Least squares of ln value on the year. */
static enum status set_trend(struct forecast_anchor *a, const struct series *s, double from, double to, struct error *e)
{
    double *x = calloc(2 * s->n + 1, sizeof *x), level, v00, v01, v11, rest;
    if (!x)
        return error_memory(e);
    double *y = x + s->n;
    for (size_t i = 0; i < s->n; i++)
        if (s->year[i] >= from && s->year[i] <= to && s->value[i] > 0) {
            x[a->n] = s->year[i];
            y[a->n++] = log(s->value[i]);
            a->last = s->value[i];
        }
    if (a->n >= 3) {
        a->from = x[0];
        a->to = x[a->n - 1];
        gsl_fit_linear(x, 1, y, 1, a->n, &level, &a->trend, &v00, &v01, &v11, &rest);
        a->error = sqrt(v11);
    }
    free(x);
    return STATUS_OK;
}

static enum status read_anchor(struct forecast_setup *f, const struct config_node *node, struct error *e)
{
    struct forecast_anchor *a = &f->anchors[f->n_anchors++];
    struct series s;
    enum status status = load_series(config_get(node, "series"), &s, e);
    if (status)
        return status;
    snprintf(a->series, sizeof a->series, "%.63s", s.name);
    snprintf(a->unit, sizeof a->unit, "%.159s", s.unit);
    status = set_trend(a, &s, number(node, "from", -INFINITY), number(node, "to", INFINITY), e);
    series_clear(&s);
    if (!status && a->n < 3)
        return config_error(node, e, "%s has %zu values above 0 there: a trend wants 3", a->series, a->n);
    return status;
}

/* --- extrapolations ----------------------------------------------------------------------------------------------- */

static enum status fit_extrapolation(struct forecast_extrapolation *x, const struct baseline *b, const struct series *s,
                                     struct error *e)
{
    struct baseline_selection selection = {.from = NAN, .to = NAN, .stop = NAN};
    struct baseline_options options = baseline_options_default();
    struct baseline_rows rows;
    struct baseline_fit fit;
    enum status status = baseline_rows_select(s, b, &selection, &rows, e);
    if (status) {
        baseline_rows_clear(&rows);
        return status;
    }
    x->probability = NAN;
    for (size_t q = 0; q < BASELINE_QUANTILES; q++)
        x->takeoff[q] = NAN;
    x->status = baseline_fit(b, &rows, &options, &fit, NULL);
    if (!x->status) {
        memcpy(x->takeoff, fit.takeoff, sizeof x->takeoff);
        x->probability = fit.takeoff_probability;
    }
    baseline_rows_clear(&rows);
    return STATUS_OK;
}

static enum status read_extrapolation(struct forecast_setup *f, const struct config_node *node, struct error *e)
{
    struct forecast_extrapolation *x = &f->extrapolations[f->n_extrapolations++];
    const struct config_node *name = config_get(node, "baseline");
    const struct baseline *b = baseline_find(config_text(name, ""));
    char near[80];
    if (!b)
        return config_error(name, e, "there is no baseline '%.60s'%s (gears growth baseline lists them)",
                            config_text(name, ""), baseline_nearest(config_text(name, ""), near, sizeof near));
    struct series s;
    enum status status = load_series(config_get(node, "series"), &s, e);
    if (status)
        return status;
    snprintf(x->baseline, sizeof x->baseline, "%.63s", b->name);
    snprintf(x->series, sizeof x->series, "%.63s", s.name);
    struct error inner = {0};
    status = fit_extrapolation(x, b, &s, &inner);
    series_clear(&s);
    return status ? config_error(node, e, "%s", inner.message) : STATUS_OK;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static enum status find_share(struct forecast_setup *f, const struct config_node *node, struct error *e)
{
    const struct model *m = f->run->simulation.model;
    if (node)
        return named_variable(m, node, &f->share, e);
    f->share = variable_find(m, "machine_share");
    if (f->share == variable_count(m))
        f->share = SIZE_MAX;
    return STATUS_OK;
}

enum status forecast_setup_init(struct forecast_setup *f, const struct growth_run *run, struct error *e)
{
    memset(f, 0, sizeof *f);
    f->run = run;
    memcpy(f->start, run->simulation.p, sizeof f->start);
    const struct config_node *root = config_get(config_root(run->config), "forecast"), *list;
    if (!root)
        return error_set_at(e, STATUS_BAD_INPUT, config_node_file(config_root(run->config)), 0, 0,
                            "the file has no block forecast: it says what is uncertain");
    f->draws = (size_t)config_integer(config_get(root, "draws"), 1000);
    f->today = number(root, "today", 2025);
    if (!(f->today > run->simulation.from && f->today < run->simulation.to))
        return config_error(config_get(root, "today") ? config_get(root, "today") : root, e,
                            "today, %.10g, is not within the run, %.10g to %.10g", f->today, run->simulation.from,
                            run->simulation.to);
    f->fit_sets = (size_t)config_integer(config_get(root, "fit_sets"), 40);
    f->fit_file = config_get(root, "fit") ? config_path(config_get(root, "fit")) : NULL;
    enum status status = find_share(f, config_get(root, "share"), e);
    list = config_get(root, "uncertain");
    for (size_t k = 0; k < config_length(list) && !status; k++)
        status = read_input(f, config_item(list, k), e);
    if (!status && f->n_inputs == 0)
        status = config_error(list, e, "uncertain: nothing is uncertain");
    if (!status)
        status = read_correlations(f, root, e);
    list = config_get(root, "anchors");
    for (size_t k = 0; k < config_length(list) && !status; k++)
        status = read_anchor(f, config_item(list, k), e);
    list = config_get(root, "extrapolations");
    for (size_t k = 0; k < config_length(list) && !status; k++)
        status = read_extrapolation(f, config_item(list, k), e);
    return status;
}

void forecast_setup_clear(struct forecast_setup *f)
{
    copula_clear(&f->copula);
    free(f->fit_file);
    memset(f, 0, sizeof *f);
}
