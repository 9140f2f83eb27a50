/* Claim (c): a power law is a bad fit for first-world output per head of the last 50 to 100 years. */
#include "base/json.h"
#include "growth/claims/members.h"
#include "growth/claims/rivals.h"
#include "solver/parallel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SERIES = 7,
    N_WINDOWS = 4,
    N_CONTESTS = N_SERIES * N_WINDOWS,
    N_REFITS = N_WINDOWS * CONTEST_PARTS,
    REPLICATES = 199,
    CURVE_POINTS = 120
};
static const double windows[N_WINDOWS] = {50, 70, 100, 200};
/* A difference of AIC that counts (Burnham and Anderson 2002). */
static const double CLEAR = 4;

static const char *const countries[N_SERIES - 1][2] = {
    {"gdppc_usa_maddison2023", "USA"}, {"gdppc_gbr_maddison2023", "GBR"}, {"gdppc_fra_maddison2023", "FRA"},
    {"gdppc_deu_maddison2023", "DEU"}, {"gdppc_jpn_maddison2023", "JPN"}, {"gdppc_nld_maddison2023", "NLD"}};

struct trial {
    struct track track[N_SERIES];      /* the aggregate last */
    double *path[N_SERIES];            /* the model's at the rows of each; owned */
    double *early[N_REFITS][N_SERIES]; /* likewise, fitted to a part of each window; owned */
    size_t parameters;                 /* that were fitted */
    const struct reporter *reporter;
    struct contest contest[N_CONTESTS]; /* by window, then series */
    uint64_t seed;
    size_t window; /* being run */
};

static enum status gather(struct trial *w, const struct track_model *m, struct error *e)
{
    enum status status = STATUS_OK;
    w->parameters = m->parameters;
    for (int k = 0; k < N_SERIES - 1 && !status; k++)
        status = track_load(countries[k][0], countries[k][1], &w->track[k], e);
    if (!status)
        status =
            track_load_ratio("firstworld_gdp", "firstworld_population", 1e6, "first world", &w->track[N_SERIES - 1], e);
    for (int k = 0; k < N_SERIES && !status; k++) {
        const struct baseline_rows *rows = &w->track[k].rows;
        w->path[k] = calloc(rows->n + 1, sizeof *w->path[k]);
        if (!w->path[k])
            return error_memory(e);
        for (size_t i = 0; i < rows->n; i++)
            w->path[k][i] = track_model_at(m, "y", rows->year[i]);
    }
    return status;
}

/* The model fitted up to where a part of a window ends, earliest among the series. A refit that fails leaves its paths
 * unknown. */
static void refit(size_t i, void *context)
{
    struct trial *w = context;
    struct trajectory t;
    size_t window = i / CONTEST_PARTS, part = i % CONTEST_PARTS;
    double cut = INFINITY;
    for (size_t k = 0; k < N_SERIES; k++) {
        const struct baseline_rows *all = &w->track[k].rows;
        struct baseline_rows rows = track_since(&w->track[k], all->year[all->n - 1] - windows[window]);
        cut = fmin(cut, contest_cut(rows.year[0], rows.year[rows.n - 1], part));
    }
    bool fitted = !track_model_refit(cut, &t, w->reporter, NULL);
    for (size_t k = 0; k < N_SERIES; k++) {
        const struct baseline_rows *rows = &w->track[k].rows;
        double *path = calloc(rows->n + 1, sizeof *path);
        for (size_t j = 0; path && j < rows->n; j++)
            path[j] = fitted ? track_path_at(&t, "y", rows->year[j]) : NAN;
        w->early[i][k] = path;
    }
    trajectory_clear(&t);
}

static void run_contest(size_t i, void *context)
{
    struct trial *w = context;
    size_t series = i % N_SERIES, window = i / N_SERIES;
    const struct track *t = &w->track[series];
    struct baseline_rows rows = track_since(t, t->rows.year[t->rows.n - 1] - windows[window]);
    size_t skip = t->rows.n - rows.n;
    struct contest_model model = {.path = w->path[series] + skip, .parameters = w->parameters};
    for (size_t k = 0; k < CONTEST_PARTS; k++) {
        const double *early = w->early[window * CONTEST_PARTS + k][series];
        model.early[k] = early ? early + skip : NULL;
    }
    w->contest[i].series = t->name;
    contest_run(&rows, &model, w->seed, &w->contest[i]);
    w->contest[i].bootstrap_p = contest_bootstrap(&rows, REPLICATES, w->seed);
}

/* Window by window, so that progress shows. */
static void run_window(size_t i, void *context)
{
    struct trial *w = context;
    run_contest(w->window * N_SERIES + i, w);
}

static enum status run_contests(struct trial *w, const struct claim_request *q, struct error *e)
{
    reporter_progress(q->reporter, 0, "fitting the model to parts of the windows");
    parallel_map(N_REFITS, q->threads, refit, w);
    for (w->window = 0; w->window < N_WINDOWS; w->window++) {
        reporter_progress(q->reporter, 0.5 + 0.5 * (double)w->window / N_WINDOWS, "a power law against its rivals");
        if (reporter_stop_requested(q->reporter))
            return error_set(e, STATUS_INTERRUPTED, "interrupted");
        parallel_map(N_SERIES, q->threads, run_window, w);
    }
    return STATUS_OK;
}

/* How the power law fared over one window: in how many of the series it ... */
struct tally {
    int to_line;     /* is no better than the exponential (correlated errors), or has become one */
    int loses;       /* has an AIC above the best rival's by more than CLEAR, correlated errors */
    int independent; /* the same, independent errors */
    int beats_line;  /* is better than the exponential by more than 2 */
    int held;        /* predicts the last third worse than the best rival by 10 % or more */
    int rolling;     /* predicts from the origins worse by as much */
    int bootstrap;   /* looks worse than 95 % of power laws with blocks of its residuals */
};

static struct tally count(const struct trial *w, size_t window)
{
    struct tally t = {0};
    for (size_t k = 0; k < N_SERIES; k++) {
        const struct contest *c = &w->contest[window * N_SERIES + k];
        const struct rival_score *power = &c->score[RIVAL_HYPERBOLA], *line = &c->score[RIVAL_EXPONENTIAL];
        t.loses += contest_excess(c, RIVAL_HYPERBOLA, false, NULL) > CLEAR;
        t.independent += contest_excess(c, RIVAL_HYPERBOLA, true, NULL) > CLEAR;
        t.to_line += power->ran_away || power->aic >= line->aic;
        t.beats_line += power->aic < line->aic - 2;
        t.held += power->held_rms > 1.1 * contest_best_held(c, RIVAL_HYPERBOLA, NULL);
        t.rolling += power->rolling_rms > 1.1 * contest_best_rolling(c, RIVAL_HYPERBOLA, NULL);
        t.bootstrap += c->bootstrap_p <= 0.05;
    }
    return t;
}

static struct table *tally_table(const struct trial *w)
{
    struct table *t = table_new("The power law in how many of the 7 series (correlated errors but where said)");
    static const char *const headings[] = {"last years",
                                           "no better than exponential",
                                           "beats exponential",
                                           "loses clearly",
                                           "loses clearly, independent",
                                           "refused by bootstrap",
                                           "predicts worse",
                                           "from origins"};
    for (size_t i = 0; i < 8; i++)
        table_add_column(t, headings[i], TABLE_RIGHT);
    for (size_t i = 0; i < N_WINDOWS; i++) {
        struct tally n = count(w, i);
        const int cells[] = {n.to_line, n.beats_line, n.loses, n.independent, n.bootstrap, n.held, n.rolling};
        table_add_row(t);
        table_add_cell(t, "%.0f", windows[i]);
        for (size_t k = 0; k < 7; k++)
            table_add_cell(t, "%d", cells[k]);
    }
    return t;
}

/* The power law's AIC above the best rival's, by window. */
static void draw_excess(const struct trial *w, struct figure *f, bool independent, bool legend)
{
    struct axis x = {.label = "last years", .scale = AXIS_LINEAR, .low = 40, .high = 210};
    struct axis y = {.label = "AIC", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f,
                                    independent ? "AIC of the power law less that of the best rival, independent errors"
                                                : "the same with errors correlated from year to year",
                                    &x, &y);
    const double ends[2] = {40, 210}, zero[2] = {0, 0};
    for (size_t k = 0; k < N_SERIES; k++) {
        double excess[N_WINDOWS];
        for (size_t i = 0; i < N_WINDOWS; i++)
            excess[i] = contest_excess(&w->contest[i * N_SERIES + k], RIVAL_HYPERBOLA, independent, NULL);
        figure_add_series(f, panel, MARK_LINE, k == N_SERIES - 1 ? 6 : (int)k, legend ? w->track[k].name : NULL,
                          N_WINDOWS, windows, excess, NULL);
    }
    figure_add_series(f, panel, MARK_DASHED, 6, NULL, 2, ends, zero, NULL);
}

static void draw_fits(const struct trial *w, struct figure *f, size_t window, size_t series)
{
    static const enum rival drawn[] = {RIVAL_HYPERBOLA, RIVAL_EXPONENTIAL, RIVAL_QUADRATIC, RIVAL_LOGISTIC};
    static const int colours[] = {1, 0, 2, 3};
    const struct contest *c = &w->contest[window * N_SERIES + series];
    struct baseline_rows rows = track_since(&w->track[series], c->from);
    char title[120];
    snprintf(title, sizeof title, "%s, the last %.0f years, curves carried on", w->track[series].name, windows[window]);
    struct axis x = {.label = "year", .scale = AXIS_LINEAR, .low = c->from, .high = c->to + 40};
    struct axis y = {.label = "2011 international dollars per head",
                     .scale = AXIS_LOG,
                     .low = NAN,
                     .high = 4 * rows.value[rows.n - 1]};
    size_t panel = figure_add_panel(f, title, &x, &y);
    for (size_t k = 0; k < 4; k++) {
        const struct rival_score *s = &c->score[drawn[k]];
        double year[CURVE_POINTS], value[CURVE_POINTS];
        for (size_t i = 0; i < CURVE_POINTS && s->fitted; i++) {
            struct baseline_prediction p;
            year[i] = c->from + (c->to + 40 - c->from) * (double)i / (CURVE_POINTS - 1);
            baseline_predict(&s->fit, year[i], &p);
            value[i] = exp(p.quantile[BASELINE_MEDIAN]);
        }
        if (s->fitted)
            figure_add_series(f, panel, MARK_LINE, colours[k], rival_name(drawn[k]), CURVE_POINTS, year, value, NULL);
    }
    figure_add_series(f, panel, MARK_POINTS, 6, "data", rows.n, rows.year, rows.value, NULL);
}

static struct figure *draw(const struct trial *w)
{
    struct figure *f =
        figure_new("claim-c", "A power law against its rivals on output per head",
                   "Above 0 a rival explains the data better than the power law, parameters counted. Below: the United "
                   "States, cleanest because nobody was there to catch up with.");
    if (!f)
        return NULL;
    draw_excess(w, f, true, false);
    draw_excess(w, f, false, true);
    draw_fits(w, f, 1, 0);
    return f;
}

/* "5, 7 and 0" */
static const char *three(int a, int b, int c, char *buffer, size_t size)
{
    snprintf(buffer, size, "%d, %d and %d", a, b, c);
    return buffer;
}

static void judge(const struct trial *w, struct claim_result *out)
{
    struct tally n[N_WINDOWS];
    char line[40], loses[40], alone[40], blocks[40], held[40], rolling[40];
    int bad = 0;
    for (size_t i = 0; i < N_WINDOWS; i++) {
        n[i] = count(w, i);
        bad += i < 3 && n[i].to_line > N_SERIES / 2 && n[i].held > N_SERIES / 2 && n[i].rolling > N_SERIES / 2;
    }
    out->verdict = bad == 3 ? VERDICT_HOLDS : bad > 0 ? VERDICT_IN_PART : VERDICT_FAILS;
    snprintf(out->sentence, sizeof out->sentence,
             "Over the last 50, 70 and 100 years the best power law is no better than an exponential, or has become "
             "one, in %s of 7 series; it loses clearly (AIC higher by more than 4) against some rival in %s with "
             "errors correlated from year to year, in %s with independent ones; blocks of its own residuals do not "
             "make it look as bad as it does (5 %%) in %s; it predicts the last third worse than the best rival in %s, "
             "and from four origins in %s. Over 200 years it beats the exponential in %d of 7, loses clearly in %d, "
             "predicts worse in %d and %d.",
             three(n[0].to_line, n[1].to_line, n[2].to_line, line, sizeof line),
             three(n[0].loses, n[1].loses, n[2].loses, loses, sizeof loses),
             three(n[0].independent, n[1].independent, n[2].independent, alone, sizeof alone),
             three(n[0].bootstrap, n[1].bootstrap, n[2].bootstrap, blocks, sizeof blocks),
             three(n[0].held, n[1].held, n[2].held, held, sizeof held),
             three(n[0].rolling, n[1].rolling, n[2].rolling, rolling, sizeof rolling), n[3].beats_line, n[3].loses,
             n[3].held, n[3].rolling);
}

/* p of the bootstrap by series and window. */
static struct table *bootstrap_table(const struct trial *w)
{
    struct table *t = table_new("Block bootstrap: how often a power law with blocks of its own residuals looks as bad "
                                "against a log-quadratic (p)");
    table_add_column(t, "last years", TABLE_RIGHT);
    for (size_t k = 0; k < N_SERIES; k++)
        table_add_column(t, w->track[k].name, TABLE_RIGHT);
    for (size_t i = 0; i < N_WINDOWS; i++) {
        table_add_row(t);
        table_add_cell(t, "%.0f", windows[i]);
        for (size_t k = 0; k < N_SERIES; k++)
            table_add_cell(t, "%.3f", w->contest[i * N_SERIES + k].bootstrap_p);
    }
    return t;
}

static json_t *tally_to_json(const struct trial *w, size_t window)
{
    struct tally n = count(w, window);
    json_t *o = json_pack("{s:f, s:i, s:i, s:i, s:i}", "years", windows[window], "series", N_SERIES, "loses_clearly",
                          n.loses, "loses_clearly_independent", n.independent, "bootstrap_refuses", n.bootstrap);
    json_object_update_new(o, json_pack("{s:i, s:i, s:i, s:i}", "no_better_than_exponential", n.to_line,
                                        "beats_exponential", n.beats_line, "predicts_worse", n.held,
                                        "predicts_worse_from_origins", n.rolling));
    return o;
}

static void show(const struct trial *w, struct report *r, struct claim_result *out)
{
    json_t *list = json_array(), *tallies = json_array();
    report_add_table(r, tally_table(w));
    report_add_table(r, bootstrap_table(w));
    for (size_t i = 0; i < N_WINDOWS; i++) {
        const struct contest *first = &w->contest[i * N_SERIES];
        char heading[80];
        snprintf(heading, sizeof heading, "The last %.0f years", windows[i]);
        report_add_heading(r, heading);
        report_add_table(r, contests_to_table(first, N_SERIES, true));
        report_add_table(r, contests_to_table(first, N_SERIES, false));
        report_add_table(r, contests_to_held_table(first, N_SERIES, false));
        report_add_table(r, contests_to_held_table(first, N_SERIES, true));
        json_array_append_new(tallies, tally_to_json(w, i));
        for (size_t k = 0; k < N_SERIES; k++)
            json_array_append_new(list, contest_to_json(&first[k]));
    }
    report_add_sentence(r,
                        "model: the path of scenarios/frontier.yaml times a free factor; its AIC counts the %zu "
                        "parameters that were fitted to the first world, and is lower by %zu if none is. For what is "
                        "held out it is fitted again to the first world up to there.",
                        w->parameters, 2 * w->parameters);
    report_add_figure(r, draw(w));
    out->numbers = json_object();
    json_object_set_new(out->numbers, "windows", tallies);
    json_object_set_new(out->numbers, "contests", list);
}

static enum status run(const struct claim_request *q, struct report *r, struct claim_result *out, struct error *e)
{
    struct trial *w = calloc(1, sizeof *w);
    struct track_model model = {0};
    if (!w)
        return error_memory(e);
    enum status status = track_model_run(&model, q->reporter, e);
    if (!status)
        status = gather(w, &model, e);
    if (!status) {
        w->seed = q->seed;
        w->reporter = q->reporter;
        status = run_contests(w, q, e);
    }
    if (!status) {
        show(w, r, out);
        judge(w, out);
    }
    track_model_clear(&model);
    for (int k = 0; k < N_SERIES; k++) {
        track_clear(&w->track[k]);
        free(w->path[k]);
        for (int i = 0; i < N_REFITS; i++)
            free(w->early[i][k]);
    }
    free(w);
    return status;
}

const struct claim claim_c = {
    .name = "c",
    .title = "a power law is a bad fit for first-world output per head of the last 50 to 100 years",
    .run = run,
};
