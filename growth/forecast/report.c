/* A forecast as JSON, CSV, tables and sentences. */
#include "growth/forecast/forecast.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "growth/variable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static json_t *quantiles_to_json(const double *quantile)
{
    json_t *o = json_object();
    for (size_t q = 0; q < FORECAST_QUANTILES; q++) {
        char key[32];
        json_object_set_new(o, text_from_number(forecast_levels[q], key, sizeof key), json_number_or_null(quantile[q]));
    }
    return o;
}

static json_t *summary_to_json(const struct forecast *f, enum forecast_outcome which)
{
    const struct forecast_summary *s = &f->summary[which];
    json_t *o = json_object();
    json_object_set_new(o, "meaning", json_string(forecast_outcomes[which].title));
    json_object_set_new(o, "draws", json_integer((json_int_t)s->n));
    json_object_set_new(o, "never", json_number_or_null(s->never));
    json_object_set_new(o, "quantiles", quantiles_to_json(s->quantile));
    json_object_set_new(o, "median_interval", json_numbers((double[]){s->median_low, s->median_high}, 2));
    json_object_set_new(o, "at_medians", json_number_or_null(f->middle.outcome[which]));
    return o;
}

static json_t *input_to_json(const struct forecast *f, size_t k)
{
    const struct forecast_setup *s = f->setup;
    const struct forecast_input *input = &s->inputs[k];
    double quantile[FORECAST_QUANTILES];
    json_t *o = json_object();
    for (size_t q = 0; q < FORECAST_QUANTILES; q++)
        quantile[q] = distribution_quantile(&input->distribution, forecast_levels[q]);
    json_object_set_new(o, "name", json_string(input->name));
    json_object_set_new(o, "parameter", json_string(s->run->simulation.model->params[input->parameter].key));
    json_object_set_new(o, "at", input->is_variable ? json_real(input->year) : json_null());
    json_object_set_new(o, "quantiles", quantiles_to_json(quantile));
    json_object_set_new(o, "rank_correlation", json_number_or_null(f->swing[k].rank));
    json_object_set_new(o, "onset_at_10", json_number_or_null(f->swing[k].at_10));
    json_object_set_new(o, "onset_at_90", json_number_or_null(f->swing[k].at_90));
    return o;
}

static json_t *anchor_to_json(const struct forecast_anchor *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "series", json_string(a->series));
    json_object_set_new(o, "unit", json_string(a->unit));
    json_object_set_new(o, "from", json_real(a->from));
    json_object_set_new(o, "to", json_real(a->to));
    json_object_set_new(o, "points", json_integer((json_int_t)a->n));
    json_object_set_new(o, "last", json_real(a->last));
    json_object_set_new(o, "trend", json_number_or_null(a->trend));
    json_object_set_new(o, "trend_error", json_number_or_null(a->error));
    return o;
}

static json_t *extrapolation_to_json(const struct forecast_extrapolation *x)
{
    json_t *o = json_object(), *takeoff = json_object();
    for (size_t q = 0; q < BASELINE_QUANTILES; q++) {
        char key[32];
        json_object_set_new(takeoff, text_from_number(baseline_probabilities[q], key, sizeof key),
                            json_number_or_null(x->takeoff[q]));
    }
    json_object_set_new(o, "baseline", json_string(x->baseline));
    json_object_set_new(o, "series", json_string(x->series));
    json_object_set_new(o, "fitted", json_boolean(!x->status));
    json_object_set_new(o, "takeoff_quantiles", takeoff);
    json_object_set_new(o, "takeoff_probability", json_number_or_null(x->probability));
    return o;
}

/* The first draw that failed in each way stands for the others. */
static json_t *failures_to_json(const struct forecast *f)
{
    json_t *list = json_array();
    for (size_t state = DRAW_OUT_OF_RANGE; state < N_DRAW_STATES; state++)
        for (size_t k = 0; f->count[state] && k < f->setup->draws; k++)
            if (f->draws[k].state == state) {
                json_t *o = json_object();
                json_object_set_new(o, "state", json_string(forecast_states[state]));
                json_object_set_new(o, "draws", json_integer((json_int_t)f->count[state]));
                json_object_set_new(o, "first", json_string(f->draws[k].message));
                json_array_append_new(list, o);
                break;
            }
    return list;
}

json_t *forecast_to_json(const struct forecast *f)
{
    const struct forecast_setup *s = f->setup;
    json_t *o = json_object(), *inputs = json_array(), *outcomes = json_object(), *anchors = json_array(),
           *extrapolations = json_array();
    json_object_set_new(o, "name", json_string(s->run->name));
    json_object_set_new(o, "model", json_string(s->run->simulation.model->name));
    json_object_set_new(o, "complete", json_boolean(f->complete));
    json_object_set_new(o, "draws", json_integer((json_int_t)s->draws));
    json_object_set_new(o, "seed", json_integer((json_int_t)f->seed));
    json_object_set_new(o, "done", json_integer((json_int_t)f->count[DRAW_DONE]));
    json_object_set_new(o, "failures", failures_to_json(f));
    json_object_set_new(o, "today", json_real(s->today));
    json_object_set_new(o, "never_means_by", json_real(s->run->simulation.to));
    for (size_t k = 0; k < N_OUTCOMES; k++)
        json_object_set_new(outcomes, forecast_outcomes[k].key, summary_to_json(f, (enum forecast_outcome)k));
    json_object_set_new(o, "outcomes", outcomes);
    for (size_t k = 0; k < s->n_inputs; k++)
        json_array_append_new(inputs, input_to_json(f, k));
    json_object_set_new(o, "inputs", inputs);
    json_object_set_new(o, "fit",
                        s->fit_file
                            ? json_pack("{s:i, s:i, s:o, s:o}", "sets", (int)f->sets.n, "failed", (int)f->sets.failed,
                                        "onset_at_10", json_number_or_null(f->sets.onset_10), "onset_at_90",
                                        json_number_or_null(f->sets.onset_90))
                            : json_null());
    for (size_t k = 0; k < s->n_anchors; k++)
        json_array_append_new(anchors, anchor_to_json(&s->anchors[k]));
    json_object_set_new(o, "anchors", anchors);
    for (size_t k = 0; k < s->n_extrapolations; k++)
        json_array_append_new(extrapolations, extrapolation_to_json(&s->extrapolations[k]));
    json_object_set_new(o, "extrapolations", extrapolations);
    return o;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static void add_value(struct table *t, double value, bool is_year)
{
    if (isnan(value))
        table_add_cell(t, "-");
    else if (isinf(value))
        table_add_cell(t, "never");
    else if (is_year)
        table_add_cell(t, "%.0f", value);
    else
        table_add_cell(t, "%.3g", value);
}

static const size_t shown[] = {0, 2, 3, 4, 6}; /* of forecast_levels: 5, 25, 50, 75, 95 % */
enum { N_SHOWN = sizeof shown / sizeof shown[0] };

static void add_quantile_columns(struct table *t)
{
    for (size_t i = 0; i < N_SHOWN; i++) {
        char heading[16];
        snprintf(heading, sizeof heading, "%.0f %%", 100 * forecast_levels[shown[i]]);
        table_add_column(t, heading, TABLE_RIGHT);
    }
}

struct table *forecast_dates_table(const struct forecast *f)
{
    char title[200], until[48];
    snprintf(title, sizeof title, "Futures: quantiles over %zu draws", f->count[DRAW_DONE]);
    struct table *t = table_new(title);
    table_add_column(t, "what", TABLE_LEFT);
    add_quantile_columns(t);
    snprintf(until, sizeof until, "never by %.0f", f->setup->run->simulation.to);
    table_add_column(t, until, TABLE_RIGHT);
    table_add_column(t, "median is within", TABLE_RIGHT);
    for (size_t k = 0; k < N_OUTCOMES; k++) {
        const struct forecast_summary *s = &f->summary[k];
        bool is_year = forecast_outcomes[k].is_year;
        if (s->n == 0)
            continue;
        table_add_row(t);
        table_add_cell(t, "%s", forecast_outcomes[k].title);
        for (size_t i = 0; i < N_SHOWN; i++)
            add_value(t, s->quantile[shown[i]], is_year);
        if (is_year || k == OUTCOME_TAKEOVER)
            table_add_cell(t, "%.1f %%", 100 * s->never);
        else
            table_add_cell(t, "-");
        if (isfinite(s->median_high))
            table_add_cell(t, is_year ? "%.0f to %.0f" : "%.3g to %.3g", s->median_low, s->median_high);
        else
            table_add_cell(t, "-");
    }
    return t;
}

struct table *forecast_inputs_table(const struct forecast *f)
{
    struct table *t =
        table_new("What is uncertain, and how the onset depends on it (one at a time, the others at their medians)");
    table_add_column(t, "quantity", TABLE_LEFT);
    add_quantile_columns(t);
    static const char *const headings[] = {"onset at its 10 %", "at its 90 %", "rank correlation"};
    for (size_t i = 0; i < 3; i++)
        table_add_column(t, headings[i], TABLE_RIGHT);
    for (size_t k = 0; k < f->setup->n_inputs; k++) {
        const struct forecast_input *input = &f->setup->inputs[k];
        table_add_row(t);
        if (input->is_variable)
            table_add_cell(t, "%s in %.10g", input->name, input->year);
        else
            table_add_cell(t, "%s", input->name);
        for (size_t i = 0; i < N_SHOWN; i++)
            add_value(t, distribution_quantile(&input->distribution, forecast_levels[shown[i]]), false);
        add_value(t, f->swing[k].at_10, true);
        add_value(t, f->swing[k].at_90, true);
        if (isfinite(f->swing[k].rank))
            table_add_cell(t, "%+.2f", f->swing[k].rank);
        else
            table_add_cell(t, "-");
    }
    if (f->sets.n) {
        table_add_row(t);
        table_add_cell(t, "all fitted parameters (%zu sets)", f->sets.n);
        for (size_t i = 0; i < N_SHOWN; i++)
            table_add_cell(t, "-");
        add_value(t, f->sets.onset_10, true);
        add_value(t, f->sets.onset_90, true);
        table_add_cell(t, "-");
    }
    return t;
}

struct table *forecast_anchors_table(const struct forecast *f)
{
    struct table *t = table_new("What the series say that the distributions are anchored in");
    static const char *const headings[] = {"from", "to", "points", "latest", "trend/yr", "+-", "doubling (yr)"};
    table_add_column(t, "series", TABLE_LEFT);
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++)
        table_add_column(t, headings[i], TABLE_RIGHT);
    table_add_column(t, "unit", TABLE_LEFT);
    for (size_t k = 0; k < f->setup->n_anchors; k++) {
        const struct forecast_anchor *a = &f->setup->anchors[k];
        table_add_row(t);
        table_add_cell(t, "%s", a->series);
        table_add_cell(t, "%.10g", a->from);
        table_add_cell(t, "%.10g", a->to);
        table_add_cell(t, "%zu", a->n);
        table_add_cell(t, "%.3g", a->last);
        table_add_cell(t, "%.3f", a->trend);
        table_add_cell(t, "%.3f", a->error);
        table_add_cell(t, "%.2f", log(2) / a->trend);
        table_add_cell(t, "%s", a->unit);
    }
    return t;
}

struct table *forecast_extrapolations_table(const struct forecast *f)
{
    struct table *t = table_new("What extrapolation says: take-off dates of the baselines");
    table_add_column(t, "baseline", TABLE_LEFT);
    for (size_t q = 0; q < BASELINE_QUANTILES; q++) {
        char heading[16];
        snprintf(heading, sizeof heading, "%.0f %%", 100 * baseline_probabilities[q]);
        table_add_column(t, heading, TABLE_RIGHT);
    }
    table_add_column(t, "ever", TABLE_RIGHT);
    table_add_column(t, "series", TABLE_LEFT);
    for (size_t k = 0; k < f->setup->n_extrapolations; k++) {
        const struct forecast_extrapolation *x = &f->setup->extrapolations[k];
        table_add_row(t);
        table_add_cell(t, "%s%s", x->baseline, x->status ? " (not fitted)" : "");
        for (size_t q = 0; q < BASELINE_QUANTILES; q++)
            add_value(t, isnan(x->takeoff[q]) && !x->status ? INFINITY : x->takeoff[q], true);
        if (isfinite(x->probability))
            table_add_cell(t, "%.0f %%", 100 * x->probability);
        else
            table_add_cell(t, x->status ? "-" : "0 %%");
        table_add_cell(t, "%s", x->series);
    }
    return t;
}

/* --- sentences ---------------------------------------------------------------------------------------------------- */

static const char *year_text(double year, char *buffer, size_t size)
{
    if (isfinite(year))
        snprintf(buffer, size, "%.0f", year);
    else
        snprintf(buffer, size, "never");
    return buffer;
}

/* When the onset comes, or that it does not. */
static int onset_to_text(const struct forecast *f, char *buffer, size_t size)
{
    const struct forecast_summary *onset = &f->summary[OUTCOME_ONSET];
    char low[24], middle[24], high[24], first[24], last[24];
    double never = 100 * onset->never, end = f->setup->run->simulation.to;
    if (!onset->n)
        return snprintf(buffer, size, "No future was computed.");
    if (isinf(onset->quantile[0]))
        return snprintf(buffer, size,
                        "In %.1f %% of the futures the super-exponential phase of machines does not begin by %.0f.",
                        never, end);
    if (isinf(onset->quantile[3]))
        return snprintf(buffer, size,
                        "In %.1f %% of the futures the super-exponential phase of machines does not begin by %.0f; in "
                        "one of twenty it begins before %s.",
                        never, end, year_text(onset->quantile[0], first, sizeof first));
    return snprintf(buffer, size,
                    "The super-exponential phase of machines begins in %s (median; half of the futures %s to %s, nine "
                    "in ten %s to %s); in %.1f %% of them it does not by %.0f.",
                    year_text(onset->quantile[3], middle, sizeof middle),
                    year_text(onset->quantile[2], low, sizeof low), year_text(onset->quantile[4], high, sizeof high),
                    year_text(onset->quantile[0], first, sizeof first),
                    year_text(onset->quantile[6], last, sizeof last), never, end);
}

char *forecast_to_text(const struct forecast *f, char *buffer, size_t size)
{
    const struct forecast_summary *share = &f->summary[OUTCOME_SHARE_TODAY];
    size_t failed = f->count[DRAW_OUT_OF_RANGE] + f->count[DRAW_NOT_SOLVED] + f->count[DRAW_FAILED];
    int used = onset_to_text(f, buffer, size);
    if (share->n && used > 0 && (size_t)used < size)
        used += snprintf(buffer + used, size - (size_t)used,
                         " Machines do %.2g %% of research in %.0f (nine in ten: %.2g to %.2g %%).",
                         100 * share->quantile[3], f->setup->today, 100 * share->quantile[0], 100 * share->quantile[6]);
    if (used > 0 && (size_t)used < size && f->sets.failed)
        used += snprintf(buffer + used, size - (size_t)used, " %zu of %zu parameter sets could not be fitted.",
                         f->sets.failed, f->sets.wanted);
    if (used > 0 && (size_t)used < size && failed)
        used += snprintf(
            buffer + used, size - (size_t)used,
            " %zu of %zu draws failed and count in no quantile: %zu out of the model's range, %zu not solved "
            "for, %zu not integrated.",
            failed, f->setup->draws, f->count[DRAW_OUT_OF_RANGE], f->count[DRAW_NOT_SOLVED], f->count[DRAW_FAILED]);
    if (used > 0 && (size_t)used < size && !failed && f->complete)
        used += snprintf(buffer + used, size - (size_t)used, " No draw failed.");
    if (used > 0 && (size_t)used < size && !f->complete)
        snprintf(buffer + used, size - (size_t)used, " Interrupted: only %zu of %zu draws.",
                 f->setup->draws - f->count[DRAW_NOT_DONE], f->setup->draws);
    return buffer;
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

static void write_number(double value, FILE *out)
{
    char text[40];
    if (isfinite(value))
        fprintf(out, ",%s", text_from_number(value, text, sizeof text));
    else
        fputs(isinf(value) ? ",never" : ",", out);
}

enum status forecast_write_csv(const struct forecast *f, const char *path, struct error *e)
{
    struct file_aside file;
    enum status status = file_aside_open(&file, path, e);
    if (status)
        return status;
    const struct forecast_setup *s = f->setup;
    fputs(f->sets.n ? "draw,state,set" : "draw,state", file.stream);
    for (size_t k = 0; k < s->n_inputs; k++)
        fprintf(file.stream, ",%s", s->inputs[k].name);
    for (size_t k = 0; k < s->n_inputs; k++)
        if (s->inputs[k].is_variable)
            fprintf(file.stream, ",%s", s->run->simulation.model->params[s->inputs[k].parameter].key);
    for (size_t k = 0; k < N_OUTCOMES; k++)
        fprintf(file.stream, ",%s", forecast_outcomes[k].key);
    fputc('\n', file.stream);
    for (size_t i = 0; i < s->draws; i++) {
        const struct forecast_draw *d = &f->draws[i];
        if (d->state == DRAW_NOT_DONE)
            continue;
        fprintf(file.stream, "%zu,%s", i, forecast_states[d->state]);
        if (f->sets.n)
            fprintf(file.stream, ",%zu", i % f->sets.n);
        for (size_t k = 0; k < s->n_inputs; k++)
            write_number(d->input[k], file.stream);
        for (size_t k = 0; k < s->n_inputs; k++)
            if (s->inputs[k].is_variable)
                write_number(d->state == DRAW_DONE ? d->parameter[s->inputs[k].parameter] : NAN, file.stream);
        for (size_t k = 0; k < N_OUTCOMES; k++)
            write_number(d->outcome[k], file.stream);
        fputc('\n', file.stream);
    }
    return file_aside_commit(&file, e);
}

enum status forecast_write_sets_csv(const struct forecast *f, const char *path, struct error *e)
{
    struct file_aside file;
    enum status status = file_aside_open(&file, path, e);
    if (status)
        return status;
    const struct model *m = f->setup->run->simulation.model;
    fputs("set", file.stream);
    for (size_t j = 0; j < m->n_params; j++)
        fprintf(file.stream, ",%s", m->params[j].key);
    fprintf(file.stream, ",%s_at_medians\n", forecast_outcomes[OUTCOME_ONSET].key);
    for (size_t i = 0; i < f->sets.n; i++) {
        fprintf(file.stream, "%zu", i);
        for (size_t j = 0; j < m->n_params; j++)
            write_number(f->sets.p[i][j], file.stream);
        write_number(f->sets.at_medians[i].outcome[OUTCOME_ONSET], file.stream);
        fputc('\n', file.stream);
    }
    return file_aside_commit(&file, e);
}
