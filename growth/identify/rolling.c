/* What would have been said in earlier years: the model's profile, and every baseline's take-off. */
#include "growth/identify/identify.h"
#include "growth/identify/identify_private.h"
#include "growth/variable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double AHEAD = 30; /* years of growth that are forecast */

/* ln of the data's level of output nearest to a year, within 3 years; NAN: there is none. The date into *at. */
static double data_at(const struct identify *q, double year, double *at)
{
    size_t output = variable_find(q->fit.base.model, "Y");
    double nearest = 3.5, value = NAN;
    for (size_t i = 0; i < q->fit.n_targets; i++) {
        const struct fit_target *t = &q->fit.targets[i];
        for (size_t k = 0; k < t->n && t->variable == output && !t->assumed; k++)
            if (fabs(t->year[k] - year) < nearest) {
                nearest = fabs(t->year[k] - year);
                value = t->value[k];
                *at = t->year[k];
            }
    }
    return value;
}

/* Growth of output in the 30 years after the stop: of the model at the profile's best date, and what it was. */
static void set_growth(const struct identify *q, const struct identify_profile *p, double stop, double *model,
                       double *actual)
{
    const struct identify_point *best = &p->never;
    struct fit_evaluator v;
    double first = NAN, last = NAN, from = NAN, to = NAN;
    for (size_t i = 0; i < p->n; i++)
        if (p->points[i].fitted && !(best->fitted && best->cost <= p->points[i].cost))
            best = &p->points[i];
    struct fit f = q->fit; /* borrows */
    f.shot = p->shot;
    fit_evaluator_init(&v, &f, NULL);
    size_t output = variable_find(q->fit.base.model, "Y");
    *model = *actual = NAN;
    if (best->fitted && !fit_predict(&v, best->z, output, stop, &first, NULL) &&
        !fit_predict(&v, best->z, output, stop + AHEAD, &last, NULL))
        *model = (last - first) / AHEAD;
    first = data_at(q, stop, &from);
    last = data_at(q, fmin(stop + AHEAD, q->end), &to);
    if (isfinite(first + last) && to > from + 10)
        *actual = (last - first) / (to - from);
}

static enum status roll_baseline(const struct identify *q, const struct identify_baseline *b, struct baseline_stop *out,
                                 struct error *e)
{
    struct series s;
    struct baseline_selection selection = {.from = b->from, .to = NAN, .stop = NAN};
    struct baseline_options options = baseline_options_default();
    struct baseline_rows rows = {0};
    enum status status = baseline_series_open(b->series, &s, e);
    if (status)
        return status;
    status = baseline_rows_select(&s, b->baseline, &selection, &rows, e);
    if (!status)
        baseline_rolling(b->baseline, &rows, &options, q->settings.n_stops, q->settings.stops, AHEAD, out);
    baseline_rows_clear(&rows);
    series_clear(&s);
    return status;
}

enum status identify_rolling_compute(const struct identify *q, int threads, const struct reporter *reporter,
                                     struct identify_rolling *out, struct error *e)
{
    const struct identify_settings *s = &q->settings;
    enum status status = STATUS_OK;
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < s->n_stops && !status; k++) {
        char what[64];
        snprintf(what, sizeof what, "with the data up to %.0f", s->stops[k]);
        reporter_progress(reporter, 0.25 + 0.35 * (double)k / (double)s->n_stops, what);
        out->status[k] = identify_profile_compute(q, "stop", s->stops[k], NAN, threads, reporter, &out->profiles[k], e);
        if (out->status[k] == STATUS_INTERRUPTED)
            return out->status[k];
        set_growth(q, &out->profiles[k], s->stops[k], &out->growth[k], &out->actual[k]);
        out->n_stops++;
    }
    for (size_t b = 0; b < s->n_baselines && !status; b++) {
        reporter_progress(reporter, 0.6 + 0.05 * (double)b / (double)s->n_baselines, s->baselines[b].baseline->name);
        status = reporter_stop_requested(reporter) ? error_set(e, STATUS_INTERRUPTED, "interrupted at the baselines")
                                                   : roll_baseline(q, &s->baselines[b], out->stops[b], e);
        out->n_baselines += !status;
    }
    return status;
}
