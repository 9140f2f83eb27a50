/* Claim (a): the first world grew slower in recent decades than before, so that no single rising sequence of phases
 * fits. */
#include "base/json.h"
#include "growth/claims/members.h"
#include "growth/claims/tracks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUT, PER_HEAD, N_TRACKS, N_PERIODS = 7, MOST_BINS = 40, BEFORE = 3 /* 1950-73 */, AFTER = 5 /* 2000-19 */ };

/* Maddison's periods carried on; the last two end before and after the pandemic. */
static const double periods[N_PERIODS][2] = {{1820, 1870}, {1870, 1913}, {1913, 1950}, {1950, 1973},
                                             {1973, 2000}, {2000, 2019}, {2000, 2022}};

struct evidence {
    struct track track[N_TRACKS];
    double growth[N_TRACKS][N_PERIODS], error[N_TRACKS][N_PERIODS];
    struct baseline_fit quadratic[N_TRACKS]; /* from 1950, AR(1) */
};

static enum status gather(struct evidence *v, struct error *e)
{
    struct baseline_options o = baseline_options_default();
    enum status status = track_load("firstworld_gdp", "output", &v->track[OUTPUT], e);
    if (!status)
        status =
            track_load_ratio("firstworld_gdp", "firstworld_population", 1e6, "output per head", &v->track[PER_HEAD], e);
    o.errors = BASELINE_ERRORS_AR1;
    for (int k = 0; k < N_TRACKS && !status; k++) {
        struct baseline_rows since = track_since(&v->track[k], 1950);
        for (int i = 0; i < N_PERIODS; i++) {
            double mean;
            v->growth[k][i] = track_growth(&v->track[k], periods[i][0], periods[i][1]);
            track_mean_growth(&v->track[k], periods[i][0], periods[i][1], &mean, &v->error[k][i]);
        }
        status = baseline_fit(baseline_find("log-quadratic"), &since, &o, &v->quadratic[k], e);
    }
    return status;
}

/* Difference of the mean growth of two periods in standard errors. */
static double contrast(const struct evidence *v, int track, int before, int after)
{
    return (v->growth[track][after] - v->growth[track][before]) /
           hypot(v->error[track][before], v->error[track][after]);
}

static struct table *periods_table(const struct evidence *v)
{
    struct table *t =
        table_new("Growth of the first world by period (% a year; standard errors where data are annual)");
    static const char *const headings[] = {"from", "to", "output", "+-", "per head", "+-"};
    for (size_t i = 0; i < 6; i++)
        table_add_column(t, headings[i], TABLE_RIGHT);
    for (int i = 0; i < N_PERIODS; i++) {
        table_add_row(t);
        table_add_cell(t, "%.0f", periods[i][0]);
        table_add_cell(t, "%.0f", periods[i][1]);
        for (int k = 0; k < N_TRACKS; k++) {
            table_add_cell(t, "%.2f", 100 * v->growth[k][i]);
            if (isfinite(v->error[k][i]))
                table_add_cell(t, "%.2f", 100 * v->error[k][i]);
            else
                table_add_cell(t, "-");
        }
    }
    return t;
}

/* Ten-year bins from 1820 to the last full one; the bounds (n + 1). */
static size_t decades(const struct track *t, double *bound)
{
    size_t n = 0;
    bound[0] = 1820;
    while (n + 1 < MOST_BINS && bound[n] + 10 <= t->rows.year[t->rows.n - 1]) {
        bound[n + 1] = bound[n] + 10;
        n++;
    }
    return n;
}

static struct table *decades_table(const struct evidence *v)
{
    struct table *t = table_new("By decade (% a year; data before 1950 partly interpolated between benchmark years)");
    double bound[MOST_BINS + 1];
    size_t n = decades(&v->track[OUTPUT], bound);
    table_add_column(t, "decade", TABLE_LEFT);
    table_add_column(t, "output", TABLE_RIGHT);
    table_add_column(t, "per head", TABLE_RIGHT);
    for (size_t i = 0; i < n; i++) {
        table_add_row(t);
        table_add_cell(t, "%.0f-%.0f", bound[i], bound[i + 1]);
        for (int k = 0; k < N_TRACKS; k++)
            table_add_cell(t, "%.2f", 100 * track_growth(&v->track[k], bound[i], bound[i + 1]));
    }
    return t;
}

/* The frontier scenario's own phases, with what the data did in them. */
static void phases_table(const struct evidence *v, const struct track_model *m, struct report *r, json_t *numbers)
{
    const struct run_result *run = &m->result.runs[0];
    struct table *t =
        table_new("By phase of the model fitted to the first world (scenarios/frontier.yaml), where data reach");
    static const char *const headings[] = {"phase",        "from",          "to", "kind", "model, output",
                                           "data, output", "data, per head"};
    json_t *list = json_array();
    for (size_t i = 0; i < 7; i++)
        table_add_column(t, headings[i], i == 3 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < run->phases.n_phases; i++) {
        const struct phase *p = &run->phases.phases[i];
        const struct baseline_rows *rows = &v->track[OUTPUT].rows;
        double from = fmax(p->from, rows->year[0]), to = fmin(p->to, rows->year[rows->n - 1]);
        if (to - from < 5)
            continue;
        double output = track_growth(&v->track[OUTPUT], from, to), head = track_growth(&v->track[PER_HEAD], from, to);
        double model = log(track_model_at(m, "Y", to) / track_model_at(m, "Y", from)) / (to - from);
        table_add_row(t);
        table_add_cell(t, "%zu", i + 1);
        table_add_cell(t, "%.0f", from);
        table_add_cell(t, "%.0f", to);
        table_add_cell(t, "%s", phase_kind_name(p->kind));
        table_add_cell(t, "%.2f", 100 * model);
        table_add_cell(t, "%.2f", 100 * output);
        table_add_cell(t, "%.2f", 100 * head);
        json_array_append_new(list,
                              json_pack("{s:f, s:f, s:s, s:f, s:f, s:f}", "from", from, "to", to, "kind",
                                        phase_kind_name(p->kind), "model", model, "output", output, "per_head", head));
    }
    report_add_table(r, t);
    json_object_set_new(numbers, "phases", list);
}

static struct figure *draw(const struct evidence *v)
{
    struct figure *f =
        figure_new("claim-a", "Growth of the first world by decade",
                   "Mean growth by decade (dashed) and by period (lines): it rose to a peak between 1950 and "
                   "1973 and has been falling since.");
    static const char *const titles[] = {"output", "output per head"};
    for (int k = 0; f && k < N_TRACKS; k++) {
        struct axis x = {.label = "year", .scale = AXIS_LINEAR, .low = 1820, .high = 2025};
        struct axis y = {.label = "growth (% a year)", .scale = AXIS_LINEAR, .low = 0, .high = NAN};
        size_t panel = figure_add_panel(f, titles[k], &x, &y);
        double bound[MOST_BINS + 1], year[2 * MOST_BINS], growth[2 * MOST_BINS];
        size_t n = decades(&v->track[k], bound), points = 0;
        for (size_t i = 0; i < n; i++)
            for (int end = 0; end < 2; end++) {
                year[points] = bound[i + (size_t)end];
                growth[points++] = 100 * track_growth(&v->track[k], bound[i], bound[i + 1]);
            }
        figure_add_series(f, panel, MARK_LINE, 5, k ? "by decade" : NULL, points, year, growth, NULL);
        points = 0;
        for (int i = 0; i < N_PERIODS - 1; i++)
            for (int end = 0; end < 3; end++) { /* a gap between periods */
                year[points] = periods[i][end > 0];
                growth[points++] = end == 2 ? NAN : 100 * v->growth[k][i];
            }
        figure_add_series(f, panel, MARK_LINE, 0, k ? "by period" : NULL, points, year, growth, NULL);
    }
    return f;
}

static json_t *numbers_to_json(const struct evidence *v)
{
    json_t *o = json_object(), *list = json_array();
    for (int i = 0; i < N_PERIODS; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "from", json_real(periods[i][0]));
        json_object_set_new(one, "to", json_real(periods[i][1]));
        for (int k = 0; k < N_TRACKS; k++) {
            json_object_set_new(one, k ? "per_head" : "output", json_number_or_null(v->growth[k][i]));
            json_object_set_new(one, k ? "per_head_error" : "output_error", json_number_or_null(v->error[k][i]));
        }
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "periods", list);
    for (int k = 0; k < N_TRACKS; k++) {
        json_t *one = json_object();
        json_object_set_new(one, "curvature", json_number_or_null(v->quadratic[k].param[2]));
        json_object_set_new(one, "error", json_number_or_null(v->quadratic[k].error[2]));
        json_object_set_new(one, "correlation", json_number_or_null(v->quadratic[k].correlation));
        json_object_set_new(one, "contrast_2000_against_1950", json_number_or_null(contrast(v, k, BEFORE, AFTER)));
        json_object_set_new(o, k ? "trend_per_head" : "trend_output", one);
    }
    return o;
}

static void judge(const struct evidence *v, struct claim_result *out)
{
    int slower = 0, bent = 0;
    double z[N_TRACKS], bend[N_TRACKS];
    for (int k = 0; k < N_TRACKS; k++) {
        z[k] = contrast(v, k, BEFORE, AFTER);
        bend[k] = v->quadratic[k].param[2] / v->quadratic[k].error[2];
        slower += z[k] < -1.96;
        bent += bend[k] < -1.96;
    }
    out->verdict = slower == N_TRACKS && bent == N_TRACKS ? VERDICT_HOLDS
                   : slower + bent == 0                   ? VERDICT_FAILS
                                                          : VERDICT_IN_PART;
    snprintf(out->sentence, sizeof out->sentence,
             "Output grew %.2f %% a year in 1950-73, %.2f %% in 1973-2000 and %.2f %% in 2000-2019, output per head "
             "%.2f, %.2f and "
             "%.2f %%; the fall from 1950-73 to 2000-2019 is %.1f and %.1f standard errors. Since 1950 growth of "
             "output changed by "
             "%+.3f points a year each decade (%.1f standard errors, residuals AR(1)), that of output per head by "
             "%+.3f (%.1f).",
             100 * v->growth[OUTPUT][3], 100 * v->growth[OUTPUT][4], 100 * v->growth[OUTPUT][5],
             100 * v->growth[PER_HEAD][3], 100 * v->growth[PER_HEAD][4], 100 * v->growth[PER_HEAD][5], -z[OUTPUT],
             -z[PER_HEAD], 1000 * v->quadratic[OUTPUT].param[2], -bend[OUTPUT], 1000 * v->quadratic[PER_HEAD].param[2],
             -bend[PER_HEAD]);
}

static enum status run(const struct claim_request *q, struct report *r, struct claim_result *out, struct error *e)
{
    struct evidence v = {0};
    struct track_model model = {0};
    enum status status = gather(&v, e);
    if (!status)
        status = track_model_run(&model, q->reporter, e);
    if (!status) {
        out->numbers = numbers_to_json(&v);
        report_add_table(r, periods_table(&v));
        report_add_table(r, decades_table(&v));
        phases_table(&v, &model, r, out->numbers);
        report_add_figure(r, draw(&v));
        judge(&v, out);
    }
    track_model_clear(&model);
    for (int k = 0; k < N_TRACKS; k++)
        track_clear(&v.track[k]);
    return status;
}

const struct claim claim_a = {
    .name = "a",
    .title = "the first world grew slower in recent decades than before",
    .run = run,
};
