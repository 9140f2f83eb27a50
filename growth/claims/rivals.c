#include "growth/claims/rivals.h"

#include "base/json.h"
#include "growth/baselines/roodman.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *baseline;
    size_t parameters; /* of the curve, or of the process where it has errors of its own */
} rivals[N_RIVALS] = {
    [RIVAL_HYPERBOLA] = {"hyperbola", "hyperbola", 3},
    [RIVAL_EXPONENTIAL] = {"exponential", "exponential", 2},
    [RIVAL_QUADRATIC] = {"log-quadratic", "log-quadratic", 3},
    [RIVAL_LOGISTIC] = {"logistic", "logistic", 3},
    [RIVAL_MODES] = {"two exponentials", "hanson-sum", 4},
    [RIVAL_ROODMAN] = {"roodman", "roodman", 4},
    [RIVAL_MODEL] = {"model", "exponential", 1},
};

const char *rival_name(enum rival rival)
{
    return rivals[rival].name;
}

static enum status fit_rival(enum rival rival, const struct baseline_rows *rows, enum baseline_errors errors,
                             uint64_t seed, struct baseline_fit *out)
{
    struct baseline_options o = baseline_options_default();
    o.errors = errors;
    o.seed = seed;
    if (rival == RIVAL_MODES) {
        o.modes = 2;
        o.starts = 12;
    }
    if (rival == RIVAL_MODEL)
        o.hold[1] = 0; /* value/path: a factor, no growth of its own */
    return baseline_fit(baseline_find(rivals[rival].baseline), rows, &o, out, NULL);
}

static double akaike(enum rival rival, const struct baseline_fit *f, bool correlated)
{
    double noise = rival == RIVAL_ROODMAN ? 0 : correlated ? 2 : 1; /* variance, correlation */
    return 2 * ((double)rivals[rival].parameters + noise) - 2 * f->log_score;
}

/* --- held out ----------------------------------------------------------------------------------------------------- */

double contest_cut(double from, double to, size_t part)
{
    static const double parts[CONTEST_PARTS] = {2.0 / 3, 0.5, 0.6, 0.7, 0.8};
    return from + parts[part] * (to - from);
}

/* Sums over predicted rows. */
struct misses {
    double squares, score;
    size_t n;
};

/* Predict the rows after the fit's, up to a year. */
static void predict(const struct baseline_fit *f, const struct baseline_rows *rows, double until, struct misses *m)
{
    for (size_t i = rows->n_fit; i < rows->n && rows->year[i] <= until; i++, m->n++) {
        struct baseline_prediction p;
        baseline_predict(f, rows->year[i], &p);
        double miss = log(rows->value[i]) - p.quantile[BASELINE_MEDIAN];
        m->squares += miss * miss;
        m->score += f->baseline->log_density(f, rows->year[i - 1], rows->value[i - 1], rows->year[i], rows->value[i]);
    }
}

static double root_mean(const struct misses *m)
{
    return m->n ? sqrt(m->squares / (double)m->n) : NAN;
}

/* Fit part i of the rows and predict what comes after it: all, or the next fifth. false: it could not be fitted. */
static bool predict_part(enum rival rival, const struct baseline_rows *rows, size_t i, uint64_t seed, struct misses *m)
{
    struct baseline_fit early;
    struct baseline_rows part = *rows;
    double from = rows->year[0], to = rows->year[rows->n - 1], cut = contest_cut(from, to, i);
    for (part.n_fit = 0; part.n_fit < part.n && part.year[part.n_fit] <= cut;)
        part.n_fit++;
    if (part.n_fit == 0 || fit_rival(rival, &part, BASELINE_ERRORS_AR1, seed, &early))
        return false;
    predict(&early, &part, i ? cut + 0.2 * (to - from) + 1e-6 : INFINITY, m);
    return true;
}

/* --- one rival ---------------------------------------------------------------------------------------------------- */

/* In sample. */
static void score_rival(enum rival rival, const struct baseline_rows *rows, uint64_t seed, struct rival_score *s)
{
    struct baseline_fit independent;
    s->fitted = !fit_rival(rival, rows, BASELINE_ERRORS_AR1, seed, &s->fit);
    if (!s->fitted)
        return;
    s->ran_away = s->fit.at_bound;
    s->aic = akaike(rival, &s->fit, true);
    s->correlation = s->fit.correlation;
    if (rival != RIVAL_ROODMAN && !fit_rival(rival, rows, BASELINE_ERRORS_INDEPENDENT, seed, &independent))
        s->aic_independent = akaike(rival, &independent, false);
}

static void predict_rival(enum rival rival, const struct baseline_rows *rows, uint64_t seed, struct rival_score *s)
{
    struct misses last = {0}, rolling = {0};
    bool all = true;
    if (predict_part(rival, rows, 0, seed, &last)) {
        s->held_rms = root_mean(&last);
        s->held_score = last.n ? last.score / (double)last.n : NAN;
    }
    for (size_t i = 1; i < CONTEST_PARTS; i++)
        all = predict_part(rival, rows, i, seed, &rolling) && all;
    s->rolling_rms = all ? root_mean(&rolling) : NAN;
}

/* --- the model ---------------------------------------------------------------------------------------------------- */

/* Divide the rows by a path: the density of ln value is that of ln(value/path). false: no path, or not everywhere. */
static bool divide(const struct baseline_rows *rows, const double *path, double *ratio)
{
    bool known = path != NULL;
    for (size_t i = 0; known && i < rows->n; i++) {
        ratio[i] = rows->value[i] / path[i];
        known = ratio[i] > 0 && isfinite(ratio[i]);
    }
    return known;
}

static void score_model(const struct baseline_rows *rows, const struct contest_model *model, uint64_t seed,
                        struct rival_score *s)
{
    struct baseline_rows ratio = *rows;
    struct misses rolling = {0}, last = {0};
    bool all = true;
    ratio.value = calloc(rows->n + 1, sizeof *ratio.value);
    if (!ratio.value)
        return;
    if (divide(rows, model->path, ratio.value)) {
        score_rival(RIVAL_MODEL, &ratio, seed, s);
        s->aic += 2 * (double)model->parameters;
        s->aic_independent += 2 * (double)model->parameters;
    }
    for (size_t i = 0; i < CONTEST_PARTS; i++) {
        bool done = divide(rows, model->early[i], ratio.value) &&
                    predict_part(RIVAL_MODEL, &ratio, i, seed, i ? &rolling : &last);
        if (i == 0 && done) {
            s->held_rms = root_mean(&last);
            s->held_score = last.n ? last.score / (double)last.n : NAN;
        } else
            all = all && done;
    }
    s->rolling_rms = all ? root_mean(&rolling) : NAN;
    free(ratio.value);
}

void contest_run(const struct baseline_rows *rows, const struct contest_model *model, uint64_t seed,
                 struct contest *out)
{
    out->from = rows->year[0];
    out->to = rows->year[rows->n - 1];
    out->n = rows->n;
    out->n_held = out->n_rolling = 0;
    out->bootstrap_p = NAN;
    for (size_t i = 0; i < rows->n; i++) {
        out->n_held += rows->year[i] > contest_cut(out->from, out->to, 0);
        for (size_t k = 1; k < CONTEST_PARTS; k++) {
            double cut = contest_cut(out->from, out->to, k);
            out->n_rolling += rows->year[i] > cut && rows->year[i] <= cut + 0.2 * (out->to - out->from) + 1e-6;
        }
    }
    for (int k = 0; k < N_RIVALS; k++) {
        struct rival_score *s = &out->score[k];
        *s = (struct rival_score){
            .aic = NAN, .aic_independent = NAN, .held_rms = NAN, .held_score = NAN, .rolling_rms = NAN};
        if (k != RIVAL_MODEL) {
            score_rival((enum rival)k, rows, seed, s);
            predict_rival((enum rival)k, rows, seed, s);
        } else if (model)
            score_model(rows, model, seed, s);
    }
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

double contest_excess(const struct contest *c, enum rival rival, bool independent, enum rival *best)
{
    double lowest = INFINITY;
    for (int k = 0; k < N_RIVALS; k++) {
        double aic = independent ? c->score[k].aic_independent : c->score[k].aic;
        if (k != (int)rival && aic < lowest) {
            lowest = aic;
            if (best)
                *best = (enum rival)k;
        }
    }
    return (independent ? c->score[rival].aic_independent : c->score[rival].aic) - lowest;
}

static double best_rms(const struct contest *c, enum rival rival, bool rolling, enum rival *best)
{
    double lowest = INFINITY;
    for (int k = 0; k < N_RIVALS; k++) {
        double rms = rolling ? c->score[k].rolling_rms : c->score[k].held_rms;
        if (k != (int)rival && rms < lowest) {
            lowest = rms;
            if (best)
                *best = (enum rival)k;
        }
    }
    return lowest;
}

double contest_best_held(const struct contest *c, enum rival rival, enum rival *best)
{
    return best_rms(c, rival, false, best);
}

double contest_best_rolling(const struct contest *c, enum rival rival, enum rival *best)
{
    return best_rms(c, rival, true, best);
}

/* --- showing ------------------------------------------------------------------------------------------------------ */

static struct table *contest_table(const char *title)
{
    struct table *t = table_new(title);
    table_add_column(t, "series", TABLE_LEFT);
    table_add_column(t, "from", TABLE_RIGHT);
    table_add_column(t, "points", TABLE_RIGHT);
    for (int k = 0; k < N_RIVALS; k++)
        table_add_column(t, rivals[k].name, TABLE_RIGHT);
    return t;
}

static void start_row(struct table *t, const struct contest *c, size_t n)
{
    table_add_row(t);
    table_add_cell(t, "%s", c->series);
    table_add_cell(t, "%.0f", c->from);
    table_add_cell(t, "%zu", n);
}

struct table *contests_to_table(const struct contest *contests, size_t n, bool independent)
{
    struct table *t = contest_table(
        independent ? "AIC above the lowest, independent errors (lower is better; * ran away)"
                    : "AIC above the lowest, errors correlated from year to year (lower is better; * ran away)");
    for (size_t i = 0; i < n; i++) {
        double lowest = INFINITY;
        for (int k = 0; k < N_RIVALS; k++)
            lowest = fmin(lowest, independent ? contests[i].score[k].aic_independent : contests[i].score[k].aic);
        start_row(t, &contests[i], contests[i].n);
        for (int k = 0; k < N_RIVALS; k++) {
            const struct rival_score *s = &contests[i].score[k];
            double aic = independent ? s->aic_independent : s->aic;
            if (isfinite(aic))
                table_add_cell(t, "%.1f%s", aic - lowest, s->ran_away ? "*" : "");
            else
                table_add_cell(t, "-");
        }
    }
    return t;
}

struct table *contests_to_held_table(const struct contest *contests, size_t n, bool rolling)
{
    struct table *t =
        contest_table(rolling ? "Origins at 5, 6, 7 and 8 tenths, the next fifth predicted from each: rms "
                                "error of ln value"
                              : "Last third held out: rms error of ln value (0.1 is about 10 %)");
    for (size_t i = 0; i < n; i++) {
        start_row(t, &contests[i], rolling ? contests[i].n_rolling : contests[i].n_held);
        for (int k = 0; k < N_RIVALS; k++) {
            double rms = rolling ? contests[i].score[k].rolling_rms : contests[i].score[k].held_rms;
            if (isfinite(rms))
                table_add_cell(t, "%.3f", rms);
            else
                table_add_cell(t, "%s", rms > 0 ? "blown up" : "-");
        }
    }
    return t;
}

json_t *contest_to_json(const struct contest *c)
{
    json_t *o = json_object(), *list = json_array();
    json_object_set_new(o, "series", json_string(c->series));
    json_object_set_new(o, "from", json_number_or_null(c->from));
    json_object_set_new(o, "to", json_number_or_null(c->to));
    json_object_set_new(o, "points", json_integer((json_int_t)c->n));
    json_object_set_new(o, "held_out", json_integer((json_int_t)c->n_held));
    for (int k = 0; k < N_RIVALS; k++) {
        const struct rival_score *s = &c->score[k];
        json_t *one = json_object();
        json_object_set_new(one, "name", json_string(rivals[k].name));
        json_object_set_new(one, "aic_correlated", json_number_or_null(s->aic));
        json_object_set_new(one, "aic_independent", json_number_or_null(s->aic_independent));
        json_object_set_new(one, "correlation", s->fitted ? json_number_or_null(s->correlation) : json_null());
        json_object_set_new(one, "ran_away", json_boolean(s->ran_away));
        json_object_set_new(one, "held_out_rms", json_number_or_null(s->held_rms));
        json_object_set_new(one, "held_out_blown_up", json_boolean(s->held_rms > 1e300));
        json_object_set_new(one, "held_out_score", json_number_or_null(s->held_score));
        json_object_set_new(one, "rolling_rms", json_number_or_null(s->rolling_rms));
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "bootstrap_p", json_number_or_null(c->bootstrap_p));
    json_object_set_new(o, "rivals", list);
    return o;
}
