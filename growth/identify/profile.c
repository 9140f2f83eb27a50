/* Prediction profile of the onset date. */
#include "growth/identify/identify.h"
#include "growth/identify/identify_private.h"
#include "growth/phases.h"
#include "growth/variable.h"
#include "solver/parallel.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double TIGHTNESS = 0.02; /* of the condition: ln of the variable over its level */
static const double NEGLIGIBLE = 0.2; /* of a drop */
static const double NOTHING = -680;   /* ln of a parameter that is as good as 0 */

/* Years between the data's end and the dates of a profile with before = 1 and after = 1. Denser where the profile
 * bends. */
static const double early[] = {-1, -0.7, -0.5, -0.35, -0.22, -0.12, -0.05};
static const double late[] = {0, 0.02, 0.045, 0.08, 0.13, 0.2, 0.3, 0.45, 0.65, 1};
enum { N_EARLY = sizeof early / sizeof early[0], N_LATE = sizeof late / sizeof late[0], STARTS = 2, PASSES = 5 };

struct least_squares_options identify_options(const struct identify *q, const struct reporter *reporter)
{
    double cost = q->cost > 0 ? q->cost : (double)fit_count_residuals(&q->fit);
    return (struct least_squares_options){
        .max_iterations = 60, .xtol = 1e-5, .gtol = 1e-7, .ftol = 1e-3 / fmax(cost, 10), .reporter = reporter};
}

double identify_last_year(const struct fit *f)
{
    double last = -INFINITY;
    for (size_t i = 0; i < f->n_targets; i++)
        for (size_t k = 0; k < f->targets[i].n && !f->targets[i].assumed; k++)
            last = fmax(last, f->targets[i].year[k]);
    return last;
}

/* A search cannot leave a bound that it starts on (its coordinate is flat there), so it starts a little inside. */
static void move_inside(const struct fit *f, double *z)
{
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        double low = fit_coordinate(p, p->low), high = fit_coordinate(p, p->high), margin = 0.02 * (high - low);
        if (!p->held && isfinite(margin))
            z[j] = fmin(fmax(z[j], low + margin), high - margin);
    }
}

/* z with the variable at its level in `date`, to first order: without the parameter the run is known, and the variable
 * is proportional to it. */
static bool meet(const struct identify *q, const struct fit *f, double date, double *z)
{
    struct fit_evaluator v;
    double log_value;
    fit_evaluator_init(&v, f, NULL);
    z[q->by] = NOTHING;
    if (fit_predict(&v, z, q->settings.variable, date, &log_value, NULL))
        return false;
    z[q->by] = fmin(fmax(NOTHING - log_value + log(q->settings.level), log(f->parameters[q->by].low)),
                    log(f->parameters[q->by].high));
    return true;
}

bool identify_fit_never(const struct identify *q, const struct fit *data, const double *z0,
                        const struct reporter *reporter, struct identify_point *out)
{
    struct fit f;
    struct least_squares_result r = {0};
    const struct least_squares_options o = identify_options(q, reporter);
    double z[FIT_MAX_PARAMETERS];
    memset(out, 0, sizeof *out);
    out->date = INFINITY;
    out->cost = out->drop = out->shape = out->by = NAN;
    out->phase = INFINITY;
    bool ok = !fit_copy(data, &f, NULL);
    memcpy(z, z0, data->n_parameters * sizeof *z);
    z[q->by] = NOTHING;
    f.parameters[q->by].held = true;
    if (q->shape != SIZE_MAX)
        f.parameters[q->shape].held = true;
    move_inside(&f, z);
    ok = ok && !fit_improve(&f, z, &o, &r, NULL);
    if (ok) {
        out->fitted = true;
        out->cost = r.cost;
        out->by = 0;
        memcpy(out->z, r.z, data->n_parameters * sizeof *z);
    }
    least_squares_result_clear(&r);
    fit_clear(&f);
    return ok;
}

bool identify_fit_date(const struct identify *q, const struct fit *data, const double *z0, double date, double shape,
                       double held, const struct reporter *reporter, struct identify_point *out)
{
    struct fit f;
    struct least_squares_result r = {0};
    const struct least_squares_options o = identify_options(q, reporter);
    double z[FIT_MAX_PARAMETERS], level = q->settings.level;
    memset(out, 0, sizeof *out);
    out->date = date;
    out->cost = out->drop = out->shape = out->by = out->phase = NAN;
    bool ok = !fit_copy(data, &f, NULL);
    memcpy(z, z0, data->n_parameters * sizeof *z);
    if (q->shape != SIZE_MAX && isfinite(held)) {
        z[q->shape] = fit_coordinate(&f.parameters[q->shape], held);
        f.parameters[q->shape].held = true;
    } else if (q->shape != SIZE_MAX && isfinite(shape))
        z[q->shape] = fit_coordinate(&f.parameters[q->shape], shape);
    move_inside(&f, z);
    ok = ok && meet(q, &f, date, z) &&
         !fit_add_target(&f, "onset", q->settings.variable, 1, &date, &level, TIGHTNESS, NULL);
    if (ok)
        f.targets[f.n_targets - 1].assumed = true;
    ok = ok && !fit_prepare(&f, NULL) && !fit_improve(&f, z, &o, &r, NULL);
    if (ok) {
        out->fitted = true;
        out->cost = r.cost; /* with what is left of the condition: where the data fight it, that counts too */
        out->by = fit_value(&f.parameters[q->by], r.z[q->by]);
        out->shape = q->shape == SIZE_MAX ? NAN : fit_value(&f.parameters[q->shape], r.z[q->shape]);
        memcpy(out->z, r.z, data->n_parameters * sizeof *z);
    }
    least_squares_result_clear(&r);
    fit_clear(&f);
    return ok;
}

/* --- all dates ---------------------------------------------------------------------------------------------------- */

struct work {
    const struct identify *q;
    size_t starts;
    bool again; /* not the first pass: a sudden onset was tried already */
    const struct fit *data;
    const double *z0;
    double held;
    const struct reporter *reporter;
    struct identify_profile *out;
    struct identify_point (*tries)[STARTS]; /* (n + 1): the last is never */
};

static bool is_tried(const struct work *w, size_t point, size_t start)
{
    return w->again && w->starts > 1 && start == 0 && point < w->out->n && w->out->points[point].fitted;
}

static void fit_one(size_t i, void *context)
{
    const struct work *w = context;
    size_t point = i / w->starts, start = i % w->starts;
    struct identify_point *out = &w->tries[point][start];
    if (reporter_stop_requested(w->reporter) || is_tried(w, point, start))
        return;
    if (point == w->out->n && start == 0)
        identify_fit_never(w->q, w->data, w->z0, w->reporter, out);
    else if (point < w->out->n && (start == 0 || !isfinite(w->held)))
        identify_fit_date(w->q, w->data, w->z0, w->out->points[point].date, start ? NAN : w->q->settings.sudden,
                          w->held, w->reporter, out);
}

static void keep_best(struct work *w)
{
    struct identify_profile *p = w->out;
    for (size_t i = 0; i <= p->n; i++) {
        struct identify_point *best = i < p->n ? &p->points[i] : &p->never;
        double date = best->date;
        for (size_t k = 0; k < w->starts; k++) {
            if ((k > 0 && (isfinite(w->held) || i == p->n)) || (!w->tries[i][k].fitted && is_tried(w, i, k)))
                continue;
            p->fits++;
            p->failures += !w->tries[i][k].fitted;
            if (w->tries[i][k].fitted && !(best->fitted && best->cost <= w->tries[i][k].cost))
                *best = w->tries[i][k];
        }
        best->date = date;
        if (!best->fitted)
            best->cost = best->drop = NAN;
    }
}

/* z := the best of all points, where it is better than what the fits started from by more than a search leaves undone:
 * then they are done again from there. */
static bool start_from_best(struct identify_profile *p, double *z, size_t n)
{
    const struct identify_point *best = &p->never;
    double typical = INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        if (p->points[i].fitted && !(best->fitted && best->cost <= p->points[i].cost))
            best = &p->points[i];
        if (p->points[i].fitted && p->points[i].date > p->end)
            typical = fmin(typical, p->points[i].cost);
    }
    bool again = best->fitted && typical > best->cost + NEGLIGIBLE;
    if (again)
        memcpy(z, best->z, n * sizeof *z);
    return again;
}

/* A date that fits worse than both its neighbours may sit in a valley of its own: fitted again from the better one. */
static void smooth_one(size_t i, void *context)
{
    const struct work *w = context;
    struct identify_profile *p = w->out;
    const struct identify_point *before = &p->points[i > 0 ? i - 1 : 0], *here = &p->points[i],
                                *after = i + 1 < p->n ? &p->points[i + 1] : &p->never,
                                *from = before->cost < after->cost ? before : after;
    w->tries[i][0].fitted = false;
    if (i > 0 && before->fitted && here->fitted && after->fitted && isfinite(from->date) &&
        here->cost > fmax(before->cost, after->cost) + NEGLIGIBLE && !reporter_stop_requested(w->reporter))
        identify_fit_date(w->q, w->data, from->z, here->date, NAN, w->held, w->reporter, &w->tries[i][0]);
}

static void smooth(struct work *w, int threads)
{
    struct identify_profile *p = w->out;
    parallel_map(p->n, threads, smooth_one, w);
    for (size_t i = 0; i < p->n; i++)
        if (w->tries[i][0].fitted) {
            p->fits++;
            if (w->tries[i][0].cost < p->points[i].cost)
                p->points[i] = w->tries[i][0];
        }
}

/* Start of phase 5 in the run of a point. */
static double phase_of(const struct identify *q, const struct fit *f, const struct identify_point *p)
{
    struct fit_evaluator v;
    struct simulation s;
    struct trajectory t = {0};
    struct phase_table table;
    double start = NAN;
    fit_evaluator_init(&v, f, NULL);
    if (p->fitted && !fit_simulation(&v, p->z, &s)) {
        s.to = fmax(p->date + 150, q->end + 150);
        if (!simulate(&s, false, NULL, &t, NULL) && !phases_find(&t, NULL, &table, NULL))
            start = phases_onset(&table, p->date);
        trajectory_clear(&t);
    }
    return start;
}

static void phase_one(size_t i, void *context)
{
    const struct work *w = context;
    w->out->points[i].phase = phase_of(w->q, w->data, &w->out->points[i]);
}

static void conclude(struct identify_profile *p, const struct identify_settings *s)
{
    double least = p->never.fitted ? p->never.cost : INFINITY, date[IDENTIFY_POINTS], drop[IDENTIFY_POINTS];
    p->best = INFINITY;
    for (size_t i = 0; i < p->n; i++)
        if (p->points[i].fitted && p->points[i].cost < least) {
            least = p->points[i].cost;
            p->best = p->points[i].date;
        }
    for (size_t i = 0; i < p->n; i++) {
        date[i] = p->points[i].date;
        drop[i] = p->points[i].drop = p->points[i].cost - least;
    }
    p->never.drop = p->never.cost - least;
    p->verdict = identify_verdict(p->n, date, drop, p->never.fitted ? p->never.drop : INFINITY, &p->low, &p->high);
    p->bits = identify_bits(p->n, date, drop, p->end - s->before, p->end + s->after);
    p->bits_ahead = identify_bits(p->n, date, drop, p->end, p->end + s->after);
}

static void set_dates(struct identify_profile *p, const struct identify_settings *s)
{
    size_t thin = s->thin ? s->thin : 1;
    for (size_t i = 0; i < N_EARLY; i += thin)
        p->points[p->n++].date = p->end + s->before * early[i];
    for (size_t i = 0; i < N_LATE; i += thin)
        p->points[p->n++].date = p->end + s->after * late[i];
    p->never.date = INFINITY;
}

/* What is assumed of later years was not known then (fit_stop keeps it). */
static enum status forget_later(struct fit *data, double stop, struct error *e)
{
    for (size_t i = 0; i < data->n_targets; i++) {
        struct fit_target *t = &data->targets[i];
        while (t->assumed && t->n && t->year[t->n - 1] > stop)
            t->n--;
    }
    return fit_prepare(data, e);
}

/* A fit shoots at a level in a year after the data's end no more, but at the same run's level there: an onset between
 * the two would blow up before it. z follows. */
static bool shoot_no_later(const struct identify *q, struct fit *data, double year, double *z)
{
    struct fit_evaluator v;
    double log_level;
    if (!data->shoots || data->shot.year <= year)
        return true;
    fit_evaluator_init(&v, &q->fit, NULL);
    if (fit_predict(&v, z, data->shot.variable, year, &log_level, NULL))
        return false;
    data->shot.year = year;
    data->shot.value = exp(log_level);
    for (size_t j = 0; j < data->n_parameters; j++)
        if (data->parameters[j].kind == FIT_LEVEL)
            z[j] = log_level;
    return true;
}

/* The best fit to data that stop before, as the start of all others. */
static void refit(const struct identify *q, const struct fit *data, const struct reporter *reporter, double *z)
{
    struct least_squares_result r = {0};
    const struct least_squares_options o = identify_options(q, reporter);
    if (!fit_improve(data, z, &o, &r, NULL))
        memcpy(z, r.z, data->n_parameters * sizeof *z);
    least_squares_result_clear(&r);
}

enum status identify_profile_compute(const struct identify *q, const char *name, double stop, double shape, int threads,
                                     const struct reporter *reporter, struct identify_profile *out, struct error *e)
{
    struct fit data;
    double z[FIT_MAX_PARAMETERS];
    struct identify_point(*tries)[STARTS] = calloc(IDENTIFY_POINTS + 1, sizeof *tries);
    struct reporter quiet = {.stop_requested = reporter ? reporter->stop_requested : NULL,
                             .context = reporter ? reporter->context : NULL};
    memset(out, 0, sizeof *out);
    out->name = name;
    enum status status = fit_copy(&q->fit, &data, e);
    if (!status && !tries)
        status = error_memory(e);
    if (!status && isfinite(stop))
        status = fit_stop(&data, stop, e);
    if (!status && isfinite(stop))
        status = forget_later(&data, stop, e);
    if (!status) {
        out->end = identify_last_year(&data);
        set_dates(out, &q->settings);
        memcpy(z, q->z, data.n_parameters * sizeof *z);
        if (isfinite(stop) && shoot_no_later(q, &data, out->end, z))
            refit(q, &data, &quiet, z);
        out->shot = data.shot;
        struct work w = {q, isfinite(stop) || isfinite(shape) ? 1 : STARTS, false, &data, z, shape, &quiet, out, tries};
        for (int pass = 0; pass < PASSES; pass++) {
            w.again = pass > 0;
            memset(tries, 0, (IDENTIFY_POINTS + 1) * sizeof *tries);
            parallel_map((out->n + 1) * w.starts, threads, fit_one, &w);
            keep_best(&w);
            if (!start_from_best(out, z, data.n_parameters))
                break;
        }
        smooth(&w, threads);
        parallel_map(out->n, threads, phase_one, &w);
        conclude(out, &q->settings);
    }
    if (!status && reporter_stop_requested(reporter)) {
        out->n = 0; /* a profile with holes says nothing */
        status = error_set(e, STATUS_INTERRUPTED, "interrupted in the profile of the onset");
    }
    if (!status && out->failures == out->fits)
        status = error_set(e, STATUS_FAILED, "the model could not be fitted with an onset at any date");
    fit_clear(&data);
    free(tries);
    return status;
}

double identify_last_run_year(const struct identify *q, const struct identify_point *p)
{
    struct fit_evaluator v;
    struct simulation s;
    struct trajectory t = {0};
    double end = p->date;
    fit_evaluator_init(&v, &q->fit, NULL);
    if (p->fitted && !fit_simulation(&v, p->z, &s) && !simulate(&s, false, NULL, &t, NULL))
        end = trajectory_end(&t);
    trajectory_clear(&t);
    return end;
}
