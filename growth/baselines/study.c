#include "growth/baselines/study.h"

#include "base/json.h"
#include "base/text.h"
#include "growth/baselines/roodman.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double study_stops[STUDY_STOPS] = {1900, 1950, 1980, 2000};

/* --- running ------------------------------------------------------------------------------------------------------ */

/* Where a profile looks, by what the parameter is. */
static struct profile_range profile_range(const struct baseline_study *w, size_t i)
{
    const struct baseline_fit *f = &w->fit;
    const struct param *table = &f->baseline->params[i];
    double value = f->param[i], span = f->last_year - f->first_year;
    double error = f->error[i] > 0 ? f->error[i] : fabs(value);
    if (strcmp(table->key, "singularity") == 0)
        return (struct profile_range){f->last_year + 1e-3 * fmin(value - f->last_year, span), f->last_year + 50 * span,
                                      f->last_year};
    if (strcmp(table->key, "ceiling") == 0)
        return (struct profile_range){1.02 * f->last_value, 1e3 * f->last_value, 0};
    if (strncmp(table->key, "doubling", 8) == 0 && value < 50)
        return (struct profile_range){1, 100, 0};
    if (table->low >= 0)
        return (struct profile_range){fmax(table->low, value / 1e3), fmin(table->high, value * 1e3), 0};
    return (struct profile_range){value - 20 * error, value + 20 * error, NAN};
}

/* Was a value of this parameter published for this series? */
static bool is_published(const struct baseline_study *w)
{
    const struct baseline *b = w->fit.baseline;
    return w->profiled && b->published_on && strcmp(b->published_on, w->series->name) == 0 &&
           strcmp(b->profiled, b->params[w->profile.param].key) == 0;
}

static enum status run_profile(const struct baseline_request *q, struct baseline_study *out, struct error *e)
{
    const struct baseline *b = out->fit.baseline;
    const char *key = q->profile ? q->profile : b->profiled;
    out->published_drop = out->published_sse = NAN;
    if (!key)
        return STATUS_OK;
    size_t i = param_find(b->params, b->n_params, key);
    bool held = i < out->fit.n_params && isfinite(out->fit.options.hold[i]);
    if (i >= out->fit.n_params || held) {
        if (!q->profile) /* the baseline's own does not apply to this one */
            return STATUS_OK;
        return error_set(e, STATUS_USAGE, "--profile: %s has no free parameter '%.40s'", b->name, key);
    }
    struct profile_range range = profile_range(out, i);
    enum status status = baseline_profile(&out->fit, &out->rows, i, &range, &out->profile, e);
    out->profiled = !status;
    if (is_published(out))
        out->published_drop =
            baseline_profile_drop(&out->profile, &out->fit, &out->rows, b->published, &out->published_sse);
    return status;
}

/* The stops before the end of the rows with enough rows to fit. */
static void run_stops(const struct baseline_request *q, struct baseline_study *out)
{
    double stops[STUDY_STOPS];
    if (isfinite(q->selection.stop))
        return;
    for (size_t i = 0; i < STUDY_STOPS; i++) {
        size_t before = 0;
        while (before < out->rows.n && out->rows.year[before] <= study_stops[i])
            before++;
        if (before >= 6 && before < out->rows.n)
            stops[out->n_stops++] = study_stops[i];
    }
    baseline_rolling(out->fit.baseline, &out->rows, &q->options, out->n_stops, stops, STUDY_HORIZON, out->stops);
}

enum status baseline_study_run(const struct baseline *b, const struct series *s, const struct baseline_request *q,
                               struct baseline_study *out, struct error *e)
{
    *out = (struct baseline_study){.series = s, .selection = q->selection, .until = q->until};
    enum status status = baseline_rows_select(s, b, &q->selection, &out->rows, e);
    reporter_progress(q->reporter, 0, b->name);
    if (!status)
        status = baseline_fit(b, &out->rows, &q->options, &out->fit, e);
    reporter_progress(q->reporter, 0.2, b->name);
    if (!status)
        run_stops(q, out);
    reporter_progress(q->reporter, 0.5, b->name);
    if (!status)
        status = run_profile(q, out, e);
    return status;
}

void baseline_study_clear(struct baseline_study *w)
{
    baseline_rows_clear(&w->rows);
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static json_t *quantiles_to_json(const double *values)
{
    json_t *o = json_object();
    for (int i = 0; i < BASELINE_QUANTILES; i++) {
        char key[16];
        snprintf(key, sizeof key, "%.0f", 100 * baseline_probabilities[i]);
        json_object_set_new(o, key, json_number_or_null(values[i]));
    }
    return o;
}

static void set_number(json_t *o, const char *key, double value)
{
    json_object_set_new(o, key, json_number_or_null(value));
}

static void fit_into_json(const struct baseline_fit *f, json_t *o)
{
    json_t *errors = json_object();
    for (size_t i = 0; i < f->n_params && i < f->baseline->n_params; i++) {
        set_number(o, f->baseline->params[i].key, f->param[i]);
        set_number(errors, f->baseline->params[i].key, f->error[i]);
    }
    if (f->baseline == &baseline_roodman) {
        struct roodman_parameters p = roodman_parameters(f);
        set_number(o, "ln_a", p.log_a);
        set_number(o, "b", p.b);
        set_number(o, "nu", p.nu);
        set_number(o, "gamma", p.gamma);
    }
    set_number(errors, "takeoff_median", f->takeoff_error);
    set_number(o, "takeoff_median", f->takeoff[BASELINE_MEDIAN]);
    json_object_set_new(o, "takeoff_quantiles", quantiles_to_json(f->takeoff));
    set_number(o, "takeoff_probability", f->takeoff_probability);
    set_number(o, "blow_up", f->blow_up);
    set_number(o, "log_likelihood", f->log_likelihood);
    json_object_set_new(o, "standard_errors", errors);
    set_number(o, "sse", f->sse);
    set_number(o, "residual_deviation", f->baseline == &baseline_roodman ? NAN : f->sigma);
    set_number(o, "correlation", f->correlation);
    set_number(o, "r_squared", f->r_squared);
    set_number(o, "aic", f->aic);
    set_number(o, "bic", f->bic);
    json_object_set_new(o, "converged", json_boolean(f->converged));
    json_object_set_new(o, "at_bound", json_boolean(f->at_bound));
    json_object_set_new(o, "starts", json_integer((json_int_t)f->n_starts));
    json_object_set_new(o, "starts_failed", json_integer((json_int_t)f->n_failed));
    json_object_set_new(o, "note", json_string(f->note));
}

static json_t *stops_to_json(const struct baseline_study *w)
{
    json_t *list = json_array();
    for (size_t i = 0; i < w->n_stops; i++) {
        const struct baseline_stop *s = &w->stops[i];
        json_t *o = json_object();
        set_number(o, "stop", s->stop);
        json_object_set_new(o, "fitted", json_boolean(!s->status));
        set_number(o, "last_year", s->fit.last_year);
        set_number(o, "takeoff_median", s->status ? NAN : s->fit.takeoff[BASELINE_MEDIAN]);
        json_object_set_new(o, "takeoff_quantiles", quantiles_to_json(s->fit.takeoff));
        set_number(o, "ahead", s->ahead);
        json_object_set_new(o, "growth_quantiles", quantiles_to_json(s->growth));
        set_number(o, "growth_actual", s->actual);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *profile_to_json(const struct baseline_study *w)
{
    const struct baseline_profile *p = &w->profile;
    json_t *o = json_object();
    if (!w->profiled) {
        json_decref(o);
        return json_null();
    }
    json_object_set_new(o, "parameter", json_string(w->fit.baseline->params[p->param].key));
    json_object_set_new(o, "verdict", json_string(profile_verdict_name(p->verdict)));
    set_number(o, "best", p->best);
    set_number(o, "low", p->low);
    set_number(o, "high", p->high);
    set_number(o, "from", p->range.low);
    set_number(o, "to", p->range.high);
    set_number(o, "published_drop", w->published_drop);
    json_object_set_new(o, "value", json_numbers(p->value, p->n));
    json_object_set_new(o, "drop", json_numbers(p->drop, p->n));
    json_object_set_new(o, "sse", json_numbers(p->sse, p->n));
    return o;
}

/* Years to predict for: the tens after the last row. */
static double next_year(double year)
{
    return 10 * (floor(year / 10) + 1);
}

static json_t *predictions_to_json(const struct baseline_study *w)
{
    json_t *list = json_array();
    double first = next_year(w->fit.last_year);
    for (size_t i = 0; first + 10 * (double)i <= w->until; i++) {
        double year = first + 10 * (double)i;
        struct baseline_prediction p;
        json_t *o = json_object();
        baseline_predict(&w->fit, year, &p);
        for (int k = 0; k < BASELINE_QUANTILES; k++)
            p.quantile[k] = exp(p.quantile[k]);
        set_number(o, "year", year);
        json_object_set_new(o, "quantiles", quantiles_to_json(p.quantile));
        set_number(o, "blown_up", p.blown_up);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *study_to_json(const struct baseline_study *w, const char *name)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(name));
    json_object_set_new(o, "baseline", json_string(w->fit.baseline->name));
    json_object_set_new(o, "series", json_string(w->series->name));
    json_object_set_new(o, "unit", json_string(w->series->unit));
    set_number(o, "from", w->fit.first_year);
    set_number(o, "to", w->fit.last_year);
    json_object_set_new(o, "rows", json_integer((json_int_t)w->rows.n_fit));
    fit_into_json(&w->fit, o);
    json_object_set_new(o, "predictions", predictions_to_json(w));
    json_object_set_new(o, "stops", stops_to_json(w));
    json_object_set_new(o, "profile", profile_to_json(w));
    return o;
}

/* --- tables and sentences ----------------------------------------------------------------------------------------- */

static struct table *table_with(const char *title, const char *const *headings, size_t n, size_t left)
{
    struct table *t = table_new(title);
    for (size_t i = 0; i < n; i++)
        table_add_column(t, headings[i], i < left || i + 1 == n ? TABLE_LEFT : TABLE_RIGHT);
    return t;
}

static void add_number(struct table *t, double value)
{
    if (isfinite(value))
        table_add_cell(t, "%.5g", value);
    else
        table_add_cell(t, "%s", value > 0 ? "unbounded" : "-");
}

static void add_date(struct table *t, double year, int decimals)
{
    char text[40];
    if (isnan(year))
        table_add_cell(t, "-");
    else
        table_add_cell(t, "%s", text_from_year(year, decimals, text, sizeof text));
}

static void add_growth(struct table *t, double growth)
{
    if (isfinite(growth))
        table_add_cell(t, "%.2f %%", 100 * growth);
    else
        table_add_cell(t, "%s", growth > 0 ? "blown up" : "-");
}

static struct table *params_to_table(const struct baseline_fit *f)
{
    static const char *const headings[] = {"parameter", "symbol", "estimate", "std error", "unit", "meaning"};
    struct table *t = table_with("Parameters", headings, 6, 2);
    for (size_t i = 0; i < f->n_params && i < f->baseline->n_params; i++) {
        const struct param *p = &f->baseline->params[i];
        bool dated = strcmp(p->unit, "year") == 0;
        table_add_row(t);
        table_add_cell(t, "%s", p->key);
        table_add_cell(t, "%s", p->symbol);
        if (dated)
            add_date(t, f->param[i], 2);
        else
            table_add_cell(t, "%.*g", dated ? 7 : 6, f->param[i]);
        if (f->error[i] == 0)
            table_add_cell(t, "held");
        else
            add_number(t, f->error[i]);
        table_add_cell(t, "%s", p->unit);
        table_add_cell(t, "%s", p->meaning);
    }
    return t;
}

static struct table *takeoff_to_table(const struct baseline_fit *f)
{
    static const char *const headings[] = {"", "5 %", "25 %", "50 %", "75 %", "95 %", "noise-free", ""};
    struct table *t = table_with("Take-off (the value becomes infinite)", headings, 8, 1);
    if (isnan(f->takeoff[BASELINE_MEDIAN]))
        return t;
    table_add_row(t);
    table_add_cell(t, "date by which it is this probable");
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        add_date(t, f->takeoff[i], 2);
    add_date(t, f->blow_up, 2);
    return t;
}

static struct table *stops_to_table(const struct baseline_study *w)
{
    static const char *const headings[] = {"data to", "take-off", "5 %",  "95 %",   "growth to",
                                           "median",  "5 %",      "95 %", "it was", ""};
    struct table *t = table_with("What it would have said", headings, 10, 0);
    for (size_t i = 0; i < w->n_stops; i++) {
        const struct baseline_stop *s = &w->stops[i];
        table_add_row(t);
        add_date(t, s->stop, 0);
        add_date(t, s->fit.takeoff[BASELINE_MEDIAN], 1);
        add_date(t, s->fit.takeoff[0], 1);
        add_date(t, s->fit.takeoff[BASELINE_QUANTILES - 1], 1);
        add_date(t, s->ahead, 0);
        add_growth(t, s->growth[BASELINE_MEDIAN]);
        add_growth(t, s->growth[0]);
        add_growth(t, s->growth[BASELINE_QUANTILES - 1]);
        add_growth(t, s->actual);
        table_add_cell(t, "%s", s->status ? "no fit" : s->fit.note);
    }
    return t;
}

/* Against the rows after the stop. */
static struct table *held_out_to_table(const struct baseline_study *w)
{
    static const char *const headings[] = {"year", "actual", "median", "5 %", "95 %", ""};
    struct table *t = table_with("Rows after the stop", headings, 6, 0);
    for (size_t i = w->rows.n_fit; i < w->rows.n; i++) {
        struct baseline_prediction p;
        baseline_predict(&w->fit, w->rows.year[i], &p);
        table_add_row(t);
        add_date(t, w->rows.year[i], 0);
        add_number(t, w->rows.value[i]);
        add_number(t, exp(p.quantile[BASELINE_MEDIAN]));
        add_number(t, exp(p.quantile[0]));
        add_number(t, exp(p.quantile[BASELINE_QUANTILES - 1]));
    }
    return t;
}

static void say_takeoff(const struct baseline_study *w, struct report *r)
{
    const struct baseline_fit *f = &w->fit;
    char from[40], to[40];
    text_from_year(f->first_year, 0, from, sizeof from);
    text_from_year(f->last_year, 0, to, sizeof to);
    if (isnan(f->takeoff[BASELINE_MEDIAN]))
        report_add_sentence(r, "Fitted to %zu rows of %s, %s to %s: %s has no take-off by its form.", w->rows.n_fit,
                            w->series->name, from, to, f->baseline->name);
    else if (!isfinite(f->takeoff[BASELINE_MEDIAN]))
        report_add_sentence(r,
                            "Fitted to %zu rows of %s, %s to %s: %s sees no take-off (probability %.2g that there "
                            "ever is one).",
                            w->rows.n_fit, w->series->name, from, to, f->baseline->name, f->takeoff_probability);
    else
        report_add_sentence(
            r,
            "Fitted to %zu rows of %s, %s to %s: %s puts take-off at %.2f, with 90 %% of the probability between "
            "%.2f and %.2f%s.",
            w->rows.n_fit, w->series->name, from, to, f->baseline->name, f->takeoff[BASELINE_MEDIAN], f->takeoff[0],
            f->takeoff[BASELINE_QUANTILES - 1],
            f->baseline == &baseline_roodman ? " (of the process; the parameters are taken as known)" : "");
}

/* A value of a parameter in words: a year, or a number. */
static const char *value_text(const struct param *what, double value, char *buffer, size_t size)
{
    if (strcmp(what->unit, "year") == 0)
        return text_from_year(value, 1, buffer, size);
    snprintf(buffer, size, "%.4g", value);
    return buffer;
}

static void say_profile(const struct baseline_study *w, struct report *r)
{
    const struct baseline_profile *p = &w->profile;
    const struct baseline *b = w->fit.baseline;
    const struct param *what = &b->params[p->param];
    char low[40] = "the lower end", high[40] = "the upper end", from[40], to[40];
    if (isfinite(p->low))
        value_text(what, p->low, low, sizeof low);
    if (isfinite(p->high))
        value_text(what, p->high, high, sizeof high);
    report_add_sentence(r,
                        "Profile of %s (%s): %s. Looked for from %s to %s; within 3.84 of the highest likelihood from "
                        "%s to %s.",
                        what->key, what->meaning, profile_verdict_name(p->verdict),
                        value_text(what, p->range.low, from, sizeof from),
                        value_text(what, p->range.high, to, sizeof to), low, high);
    if (!isnan(w->published_drop))
        report_add_sentence(r,
                            "The published %g loses %.2f against the highest likelihood (sum of squares %.4f); its "
                            "value is %sidentified by these data.",
                            b->published, w->published_drop, w->published_sse,
                            p->verdict == PROFILE_BOUNDED ? "" : "not ");
}

static void add_csv(const struct baseline_study *w, struct report *r, const char *name)
{
    size_t n = 0, capacity = w->rows.n + 400;
    double *rows = calloc(capacity * 8, sizeof *rows);
    for (size_t i = 0; rows && i < w->rows.n; i++)
        rows[8 * n] = w->rows.year[i], rows[8 * n++ + 1] = w->rows.value[i];
    double next = floor(w->fit.last_year) + 1;
    for (size_t i = 0; rows && next + (double)i <= w->until && n < capacity; i++)
        rows[8 * n] = next + (double)i, rows[8 * n++ + 1] = NAN;
    for (size_t i = 0; rows && i < n; i++) {
        struct baseline_prediction p;
        baseline_predict(&w->fit, rows[8 * i], &p);
        for (int k = 0; k < BASELINE_QUANTILES; k++)
            rows[8 * i + 2 + (size_t)k] = exp(p.quantile[k]);
        rows[8 * i + 7] = p.blown_up;
    }
    if (rows)
        report_add_csv(r, name, "year,value,q05,q25,q50,q75,q95,blown_up", n, 8, rows);
    free(rows);
}

void baseline_study_report(const struct baseline_study *w, struct report *r)
{
    const struct baseline_fit *f = &w->fit;
    char name[160], heading[400];
    snprintf(name, sizeof name, "%s", f->baseline->name);
    if (isfinite(w->selection.stop))
        snprintf(name, sizeof name, "%s-%.0f", f->baseline->name, w->selection.stop);
    snprintf(heading, sizeof heading, "%s: %s", name, f->baseline->title);
    report_add_heading(r, heading);
    report_add_sentence(r, "%s", f->baseline->equations);
    report_add_table(r, params_to_table(f));
    report_add_table(r, takeoff_to_table(f));
    if (isnan(f->sse))
        report_add_sentence(r,
                            "ln likelihood %.3f (%zu transitions, weights rescaled to that sum), AIC %.2f, BIC %.2f.",
                            f->log_likelihood, f->n, f->aic, f->bic);
    else
        report_add_sentence(
            r,
            "Sum of squares %.5g (%zu points, residual deviation %.4g%s), ln likelihood %.3f, AIC %.2f, "
            "BIC %.2f.",
            f->sse, f->n, f->sigma, isnan(f->r_squared) ? " of ln value" : " %/year", f->log_likelihood, f->aic,
            f->bic);
    if (!isnan(f->r_squared))
        report_add_sentence(r, "R-squared %.3f.", f->r_squared);
    if (f->options.errors == BASELINE_ERRORS_AR1 && isnan(f->r_squared) && !isnan(f->sse))
        report_add_sentence(r, "Residuals a year apart are correlated by %.3f.", f->correlation);
    say_takeoff(w, r);
    if (f->note[0])
        report_add_sentence(r, "Note: %s.", f->note);
    if (w->profiled)
        say_profile(w, r);
    report_add_table(r, stops_to_table(w));
    if (isfinite(w->selection.stop))
        report_add_table(r, held_out_to_table(w));
    add_csv(w, r, name);
    struct figure *figures[] = {figure_of_baseline(w), w->profiled ? figure_of_profile(w) : NULL};
    for (size_t i = 0; i < 2; i++) {
        if (figures[i])
            figure_add_prefix(figures[i], name);
        report_add_figure(r, figures[i]);
    }
    report_add_run(r, study_to_json(w, name));
}
