/* A baseline on its series: the fit and what it predicts with bands, the take-off date, the profile of a parameter. */
#include "growth/baselines/roodman.h"
#include "growth/baselines/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 400, PATHS = 8 };
enum { COLOUR_FIT = 0, COLOUR_LATER = 1, COLOUR_PATH = 4, COLOUR_DATA = 6 };

struct sampled {
    size_t n;
    double year[POINTS], middle[POINTS], low[POINTS], high[POINTS], blown[POINTS];
};

/* What a band shows of an infinite end: beyond the top of the picture. */
static double shown(double log_value, double top)
{
    return isnan(log_value) ? NAN : fmin(exp(fmin(log_value, 600)), 2 * top);
}

/* Evenly in years, or in the logarithm of the years before the horizon. */
static void sample(const struct baseline_fit *f, double from, double to, double horizon, double top,
                   struct sampled *out)
{
    out->n = POINTS;
    for (size_t i = 0; i < POINTS; i++) {
        struct baseline_prediction p;
        double share = (double)i / (POINTS - 1);
        out->year[i] = isnan(horizon) ? from + (to - from) * share
                                      : horizon - (horizon - from) * pow((horizon - to) / (horizon - from), share);
        baseline_predict(f, out->year[i], &p);
        double middle = p.quantile[BASELINE_MEDIAN];
        out->middle[i] = isfinite(middle) && exp(middle) < 2 * top ? exp(middle) : NAN;
        out->low[i] = shown(p.quantile[0], top);
        out->high[i] = shown(p.quantile[4], top);
        out->blown[i] = 100 * p.blown_up;
    }
}

static void add_band(struct figure *f, size_t panel, const struct sampled *s, const double *low, const double *high,
                     const char *legend)
{
    double a[POINTS], b[POINTS];
    for (size_t i = 0; i < s->n; i++) {
        bool there = isfinite(low[i]) && isfinite(high[i]);
        a[i] = there ? low[i] : NAN;
        b[i] = there ? high[i] : NAN;
    }
    figure_add_series(f, panel, MARK_BAND, COLOUR_FIT, legend, s->n, s->year, a, b);
}

static void add_paths(const struct baseline_study *w, struct figure *f, size_t panel, double to, double top)
{
    double year[POINTS + 1], value[POINTS + 1];
    size_t n = 0;
    double step = fmax(1, (to - w->fit.last_year) / POINTS);
    while (n <= POINTS && w->fit.last_year + step * (double)n <= to) {
        year[n] = w->fit.last_year + step * (double)n;
        n++;
    }
    for (uint64_t k = 0; k < PATHS && n > 1; k++) {
        struct random_stream r = random_stream(w->fit.options.seed, 1000 + k);
        value[0] = w->fit.last_value;
        size_t seen = 1 + roodman_path(&w->fit, n - 1, year + 1, &r, value + 1), shows = 0;
        while (shows < seen && value[shows] < 2 * top)
            shows++;
        figure_add_series(f, panel, MARK_LINE, COLOUR_PATH, k ? NULL : "random paths", shows, year, value, NULL);
    }
}

/* Levels on a log axis between two dates. */
static void add_levels(const struct baseline_study *w, struct figure *f, double from, double to, bool longest)
{
    const struct baseline_fit *fit = &w->fit;
    double top = 300 * w->rows.value[w->rows.n - 1];
    char label[200];
    struct sampled *s = malloc(sizeof *s);
    snprintf(label, sizeof label, "%.*s", (int)strcspn(w->series->unit, "("), w->series->unit); /* without remarks */
    struct axis x = {
        .label = "year", .scale = longest ? AXIS_LOG_BEFORE : AXIS_LINEAR, .low = from, .high = to, .horizon = to + 20};
    struct axis y = {.label = label,
                     .scale = AXIS_LOG,
                     .low = NAN,
                     .high = longest || !isfinite(fit->takeoff[BASELINE_MEDIAN]) ? NAN : top};
    size_t panel =
        figure_add_panel(f, longest ? "the whole series" : "the last two centuries and what comes next", &x, &y);
    if (!s)
        return;
    sample(fit, fit->last_year, to, NAN, top, s);
    if (!longest && to > fit->last_year) {
        add_band(f, panel, s, s->low, s->high, "5 to 95 %");
        if (fit->baseline == &baseline_roodman)
            add_paths(w, f, panel, to, top);
    }
    sample(fit, fmax(from, fit->first_year), to, longest ? x.horizon : NAN, top, s);
    figure_add_series(f, panel, MARK_LINE, COLOUR_FIT,
                      longest              ? NULL
                      : isfinite(fit->sse) ? "fit"
                                           : "without noise; median",
                      s->n, s->year, s->middle, NULL);
    figure_add_series(f, panel, MARK_POINTS, COLOUR_DATA, longest ? NULL : "data", w->rows.n_fit, w->rows.year,
                      w->rows.value, NULL);
    if (w->rows.n > w->rows.n_fit)
        figure_add_series(f, panel, MARK_POINTS, COLOUR_LATER, longest ? NULL : "data not shown to it",
                          w->rows.n - w->rows.n_fit, w->rows.year + w->rows.n_fit, w->rows.value + w->rows.n_fit, NULL);
    free(s);
}

static void add_takeoff(const struct baseline_study *w, struct figure *f, double to)
{
    const struct baseline_fit *fit = &w->fit;
    struct sampled *s = malloc(sizeof *s);
    struct axis x = {.label = "year", .scale = AXIS_LINEAR, .low = fit->last_year, .high = to};
    struct axis y = {.label = "probability (%)", .scale = AXIS_LINEAR, .low = 0, .high = 100};
    size_t panel = figure_add_panel(f, "that it has taken off by then", &x, &y);
    if (s) {
        sample(fit, fit->last_year, to, NAN, 1e300, s);
        figure_add_series(f, panel, MARK_LINE, COLOUR_FIT, NULL, s->n, s->year, s->blown, NULL);
    }
    free(s);
}

struct figure *figure_of_baseline(const struct baseline_study *w)
{
    const struct baseline_fit *fit = &w->fit;
    char title[300];
    snprintf(title, sizeof title, "Fitted to %.150s", w->series->name);
    struct figure *f =
        figure_new("baseline", title,
                   "Data, fit and prediction. Where the bands and the median leave the top, the value may already "
                   "be infinite.");
    double last = w->rows.year[w->rows.n - 1], recent = fmax(last - 220, fit->first_year);
    double to = fmax(w->until, last + 1);
    if (fit->takeoff[3] < 3000 && fit->takeoff[3] > to)
        to = fit->takeoff[3];
    if (!f)
        return NULL;
    if (fit->first_year < last - 400)
        add_levels(w, f, fit->first_year, last, true);
    add_levels(w, f, recent, to, false);
    if (isfinite(fit->takeoff[BASELINE_MEDIAN]) && fit->takeoff[BASELINE_MEDIAN] < 1e4)
        add_takeoff(w, f, fmax(to, fmin(fit->takeoff[4], 3000)));
    return f;
}

struct figure *figure_of_profile(const struct baseline_study *w)
{
    const struct baseline_profile *p = &w->profile;
    const struct param *what = &w->fit.baseline->params[p->param];
    char title[300], label[200];
    snprintf(title, sizeof title, "What %.100s says of %s", w->series->name, what->key);
    snprintf(label, sizeof label, "%s: %s (%s)", what->key, what->meaning, what->unit[0] ? what->unit : "pure number");
    struct figure *f =
        figure_new("profile", title,
                   "Twice the loss of ln likelihood when the parameter is held there and everything else is "
                   "fitted again. What lies under the dashed line cannot be told apart (95 %).");
    if (!f)
        return NULL;
    struct axis x = {.label = label,
                     .scale = p->value[0] > 0 && p->value[p->n - 1] / p->value[0] > 20 ? AXIS_LOG : AXIS_LINEAR,
                     .low = p->value[0],
                     .high = p->value[p->n - 1]};
    struct axis y = {.label = "2 x loss of ln likelihood", .scale = AXIS_LINEAR, .low = 0, .high = 12};
    size_t panel = figure_add_panel(f, NULL, &x, &y);
    const double ends[2] = {p->value[0], p->value[p->n - 1]}, threshold[2] = {BASELINE_THRESHOLD, BASELINE_THRESHOLD};
    figure_add_series(f, panel, MARK_LINE, COLOUR_FIT, "everything else fitted again", p->n, p->value, p->drop, NULL);
    figure_add_series(f, panel, MARK_DASHED, COLOUR_DATA, "95 %: 3.84", 2, ends, threshold, NULL);
    return f;
}
