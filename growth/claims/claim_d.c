/* Claim (d): the world series is not the technological leading edge. */
#include "base/json.h"
#include "growth/claims/members.h"
#include "growth/claims/rivals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORLD, FIRST_WORLD, USA, N_TRACKS, N_PERIODS = 6, N_WINDOWS = 2, ROODMAN_TRACKS = 2 };
static const char *const names[N_TRACKS] = {"world", "first world", "USA"};
static const double periods[N_PERIODS][2] = {{1820, 1870}, {1870, 1913}, {1913, 1950},
                                             {1950, 1973}, {1973, 2000}, {2000, 2019}};
static const double windows[N_WINDOWS] = {70, 200};

struct trial {
    struct track track[N_TRACKS];                 /* output per head */
    struct contest contest[N_WINDOWS * N_TRACKS]; /* by window, then track */
    struct baseline_fit quadratic[N_TRACKS];      /* since 1950, AR(1) */
    struct baseline_fit roodman[ROODMAN_TRACKS];  /* product, from year 1, as Roodman fits */
    bool roodman_fitted[ROODMAN_TRACKS];
};

static enum status gather(struct trial *w, struct error *e)
{
    enum status status =
        track_load_ratio("world_gdp_spliced", "world_population", 1e3, names[WORLD], &w->track[WORLD], e);
    if (!status)
        status = track_load_ratio("firstworld_gdp", "firstworld_population", 1e6, names[FIRST_WORLD],
                                  &w->track[FIRST_WORLD], e);
    if (!status)
        status = track_load("gdppc_usa_maddison2023", names[USA], &w->track[USA], e);
    return status;
}

/* Roodman's model on total output since year 1, the same rows for both. */
static enum status fit_roodman(const char *series, struct baseline_fit *out, bool *fitted, struct error *e)
{
    const struct baseline *b = baseline_find("roodman");
    struct baseline_selection chosen = {1, 2019, NAN, 10, BASELINE_WEIGHTS_MEASUREMENT};
    struct baseline_options o = baseline_options_default();
    struct baseline_rows rows = {0};
    struct series s;
    enum status status = series_load(series, &s, e);
    if (status)
        return status;
    status = baseline_rows_select(&s, b, &chosen, &rows, e);
    if (!status)
        *fitted = !baseline_fit(b, &rows, &o, out, NULL);
    baseline_rows_clear(&rows);
    series_clear(&s);
    return status;
}

static enum status test(struct trial *w, const struct claim_request *q, struct error *e)
{
    struct baseline_options o = baseline_options_default();
    enum status status = STATUS_OK;
    o.errors = BASELINE_ERRORS_AR1;
    for (size_t k = 0; k < N_TRACKS && !status; k++) {
        const struct track *t = &w->track[k];
        struct baseline_rows since = track_since(t, 1950);
        status = baseline_fit(baseline_find("log-quadratic"), &since, &o, &w->quadratic[k], e);
        for (size_t i = 0; i < N_WINDOWS && !status; i++) {
            struct contest *c = &w->contest[i * N_TRACKS + k];
            struct baseline_rows rows = track_since(t, t->rows.year[t->rows.n - 1] - windows[i]);
            reporter_progress(q->reporter, (double)(k * N_WINDOWS + i) / (N_TRACKS * N_WINDOWS + 1), t->name);
            if (reporter_stop_requested(q->reporter))
                return error_set(e, STATUS_INTERRUPTED, "interrupted");
            c->series = t->name;
            contest_run(&rows, NULL, q->seed, c);
        }
    }
    if (!status)
        status = fit_roodman("world_gdp_spliced", &w->roodman[0], &w->roodman_fitted[0], e);
    if (!status)
        status = fit_roodman("firstworld_gdp", &w->roodman[1], &w->roodman_fitted[1], e);
    return status;
}

static struct table *periods_table(const struct trial *w)
{
    struct table *t = table_new("Growth of output per head by period (% a year)");
    table_add_column(t, "from", TABLE_RIGHT);
    table_add_column(t, "to", TABLE_RIGHT);
    for (int k = 0; k < N_TRACKS; k++)
        table_add_column(t, names[k], TABLE_RIGHT);
    for (int i = 0; i < N_PERIODS; i++) {
        table_add_row(t);
        table_add_cell(t, "%.0f", periods[i][0]);
        table_add_cell(t, "%.0f", periods[i][1]);
        for (int k = 0; k < N_TRACKS; k++)
            table_add_cell(t, "%.2f", 100 * track_growth(&w->track[k], periods[i][0], periods[i][1]));
    }
    return t;
}

static struct table *trend_table(const struct trial *w)
{
    struct table *t = table_new("Change of growth since 1950 (percentage points a year each decade, AR(1) residuals)");
    table_add_column(t, "series", TABLE_LEFT);
    table_add_column(t, "change", TABLE_RIGHT);
    table_add_column(t, "+-", TABLE_RIGHT);
    table_add_column(t, "in standard errors", TABLE_RIGHT);
    for (int k = 0; k < N_TRACKS; k++) {
        double change = 1000 * w->quadratic[k].param[2], error = 1000 * w->quadratic[k].error[2];
        table_add_row(t);
        table_add_cell(t, "%s", names[k]);
        table_add_cell(t, "%+.3f", change);
        table_add_cell(t, "%.3f", error);
        table_add_cell(t, "%+.1f", change / error);
    }
    return t;
}

static struct table *roodman_table(const struct trial *w)
{
    struct table *t = table_new("Roodman's model on total output, year 1 to 2019, decennial after 1950");
    static const char *const headings[] = {"series", "B", "+-", "take-off (median)", "5 %", "95 %"};
    for (size_t i = 0; i < 6; i++)
        table_add_column(t, headings[i], i ? TABLE_RIGHT : TABLE_LEFT);
    for (int k = 0; k < ROODMAN_TRACKS; k++) {
        const struct baseline_fit *f = &w->roodman[k];
        if (!w->roodman_fitted[k])
            continue;
        table_add_row(t);
        table_add_cell(t, "%s", names[k]);
        table_add_cell(t, "%.3f", f->param[0]);
        table_add_cell(t, "%.3f", f->error[0]);
        table_add_cell(t, "%.0f", f->takeoff[BASELINE_MEDIAN]);
        table_add_cell(t, "%.0f", f->takeoff[0]);
        table_add_cell(t, "%.0f", f->takeoff[BASELINE_QUANTILES - 1]);
    }
    return t;
}

/* Growth over the ten years up to each year. */
static struct figure *draw(const struct trial *w)
{
    enum { MOST = 2022 - 1820 + 1 };
    struct figure *f = figure_new("claim-d", "The world and its leading edge",
                                  "Output per head: the world's growth has risen since 1990 while poorer countries "
                                  "caught up; at the leading edge "
                                  "it has fallen since 1970.");
    static const int colours[N_TRACKS] = {1, 0, 2};
    struct axis x = {.label = "year", .scale = AXIS_LINEAR, .low = 1820, .high = 2025}, late = x;
    struct axis level = {.label = "relative to 1950", .scale = AXIS_LOG, .low = 0.1, .high = 10};
    struct axis growth = {.label = "growth (% a year)", .scale = AXIS_LINEAR, .low = -1, .high = 5};
    if (!f)
        return NULL;
    late.low = 1880;
    size_t top = figure_add_panel(f, "level", &x, &level),
           bottom = figure_add_panel(f, "mean growth of the twenty years up to each date", &late, &growth);
    for (size_t k = 0; k < N_TRACKS; k++) {
        double year[MOST], value[MOST], mean[MOST];
        size_t n = 0;
        for (; n <= 2022 - 1820; n++) {
            double t = 1820 + (double)n;
            year[n] = t;
            value[n] = exp(track_log_at(&w->track[k], t) - track_log_at(&w->track[k], 1950));
            mean[n] = t >= 1880 ? 100 * track_growth(&w->track[k], t - 20, t) : NAN;
        }
        figure_add_series(f, top, MARK_LINE, colours[k], NULL, n, year, value, NULL);
        figure_add_series(f, bottom, MARK_LINE, colours[k], names[k], n, year, mean, NULL);
    }
    return f;
}

static json_t *numbers_to_json(const struct trial *w)
{
    json_t *o = json_object(), *trends = json_object(), *contests = json_array(), *roodman = json_object(),
           *growth = json_array();
    for (int k = 0; k < N_TRACKS; k++)
        json_object_set_new(
            trends, names[k],
            json_pack("{s:f, s:f}", "curvature", w->quadratic[k].param[2], "error", w->quadratic[k].error[2]));
    for (int i = 0; i < N_PERIODS; i++) {
        json_t *one = json_pack("{s:f, s:f}", "from", periods[i][0], "to", periods[i][1]);
        for (int k = 0; k < N_TRACKS; k++)
            json_object_set_new(one, names[k],
                                json_number_or_null(track_growth(&w->track[k], periods[i][0], periods[i][1])));
        json_array_append_new(growth, one);
    }
    for (int i = 0; i < N_WINDOWS * N_TRACKS; i++)
        json_array_append_new(contests, contest_to_json(&w->contest[i]));
    for (int k = 0; k < ROODMAN_TRACKS; k++)
        if (w->roodman_fitted[k]) {
            json_t *one = json_object();
            json_object_set_new(one, "B", json_number_or_null(w->roodman[k].param[0]));
            json_object_set_new(one, "error", json_number_or_null(w->roodman[k].error[0]));
            json_object_set_new(one, "takeoff_median", json_number_or_null(w->roodman[k].takeoff[BASELINE_MEDIAN]));
            json_object_set_new(roodman, names[k], one);
        }
    json_object_set_new(o, "growth", growth);
    json_object_set_new(o, "trends", trends);
    json_object_set_new(o, "roodman", roodman);
    json_object_set_new(o, "contests", contests);
    return o;
}

/* How much more growth changed from 1973-2000 to 2000-2019 in the world than in another series: 1/year, and its
 * standard error. */
static double divergence(const struct trial *w, int other, double *error)
{
    double mean[4], deviation[4];
    track_mean_growth(&w->track[WORLD], 1973, 2000, &mean[0], &deviation[0]);
    track_mean_growth(&w->track[WORLD], 2000, 2019, &mean[1], &deviation[1]);
    track_mean_growth(&w->track[other], 1973, 2000, &mean[2], &deviation[2]);
    track_mean_growth(&w->track[other], 2000, 2019, &mean[3], &deviation[3]);
    *error = hypot(hypot(deviation[0], deviation[1]), hypot(deviation[2], deviation[3]));
    return mean[1] - mean[0] - (mean[3] - mean[2]);
}

static void judge(const struct trial *w, struct claim_result *out)
{
    const struct baseline_fit *f = w->quadratic, *r = w->roodman;
    double trend[N_TRACKS] = {0}, z[N_TRACKS] = {0}, gap[N_TRACKS] = {0};
    int signs = 0;
    for (int k = FIRST_WORLD; k <= USA; k++) {
        double error;
        gap[k] = divergence(w, k, &error);
        z[k] = gap[k] / error;
        trend[k] = (f[WORLD].param[2] - f[k].param[2]) / hypot(f[k].error[2], f[WORLD].error[2]);
        signs += (z[k] > 1.96) + (trend[k] > 1.96);
    }
    double b = (r[0].param[0] - r[1].param[0]) / hypot(r[0].error[0], r[1].error[0]);
    out->verdict = signs == 4 ? VERDICT_HOLDS : signs ? VERDICT_IN_PART : VERDICT_FAILS;
    snprintf(out->sentence, sizeof out->sentence,
             "From 1973-2000 to 2000-2019 growth per head went from %.2f to %.2f %% in the world, from %.2f to %.2f %% "
             "in the first world, "
             "from %.2f to %.2f %% in the USA: the world drew away by %.2f points (%.1f standard errors) and %.2f "
             "(%.1f). Since 1950 the trend "
             "of growth is %+.2f points a year each decade in the world, %+.2f in the first world (%.1f standard "
             "errors lower) and %+.2f in "
             "the USA (%.1f lower). Roodman's B of total output since year 1 is %.2f (%.2f) and %.2f (%.2f): %.1f "
             "standard errors apart, "
             "so that this test alone does not tell them apart.",
             100 * track_growth(&w->track[WORLD], 1973, 2000), 100 * track_growth(&w->track[WORLD], 2000, 2019),
             100 * track_growth(&w->track[FIRST_WORLD], 1973, 2000),
             100 * track_growth(&w->track[FIRST_WORLD], 2000, 2019), 100 * track_growth(&w->track[USA], 1973, 2000),
             100 * track_growth(&w->track[USA], 2000, 2019), 100 * gap[FIRST_WORLD], z[FIRST_WORLD], 100 * gap[USA],
             z[USA], 1000 * f[WORLD].param[2], 1000 * f[FIRST_WORLD].param[2], trend[FIRST_WORLD],
             1000 * f[USA].param[2], trend[USA], r[0].param[0], r[0].error[0], r[1].param[0], r[1].error[0], fabs(b));
    if (!(fabs(b) < 1.96)) {
        char *remark = strstr(out->sentence, ", so that this test alone");
        if (remark)
            snprintf(remark, sizeof out->sentence - (size_t)(remark - out->sentence), ".");
    }
}

static void show(const struct trial *w, struct report *r)
{
    report_add_table(r, periods_table(w));
    report_add_table(r, trend_table(w));
    report_add_table(r, roodman_table(w));
    for (size_t i = 0; i < N_WINDOWS; i++) {
        char heading[80];
        snprintf(heading, sizeof heading, "Output per head, the last %.0f years", windows[i]);
        report_add_heading(r, heading);
        report_add_table(r, contests_to_table(&w->contest[i * N_TRACKS], N_TRACKS, true));
        report_add_table(r, contests_to_table(&w->contest[i * N_TRACKS], N_TRACKS, false));
        report_add_table(r, contests_to_held_table(&w->contest[i * N_TRACKS], N_TRACKS, false));
        report_add_table(r, contests_to_held_table(&w->contest[i * N_TRACKS], N_TRACKS, true));
    }
    report_add_figure(r, draw(w));
}

static enum status run(const struct claim_request *q, struct report *r, struct claim_result *out, struct error *e)
{
    struct trial *w = calloc(1, sizeof *w);
    if (!w)
        return error_memory(e);
    enum status status = gather(w, e);
    if (!status)
        status = test(w, q, e);
    if (!status) {
        out->numbers = numbers_to_json(w);
        show(w, r);
        judge(w, out);
    }
    for (int k = 0; k < N_TRACKS; k++)
        track_clear(&w->track[k]);
    free(w);
    return status;
}

const struct claim claim_d = {
    .name = "d",
    .title = "the world series is not the technological leading edge",
    .run = run,
};
