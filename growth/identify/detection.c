/* The detection experiment: data with a known onset; when would they have shown it? */
#include "growth/identify/identify.h"
#include "growth/identify/identify_private.h"
#include "growth/variable.h"
#include "solver/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every series of levels goes on with a value a year up to `until`. */
static enum status extend(struct fit *f, double until, struct error *e)
{
    size_t n_targets = f->n_targets;
    for (size_t i = 0; i < n_targets; i++) {
        struct fit_target *t = &f->targets[i];
        if (t->assumed || t->n == 0)
            continue;
        double last = t->year[t->n - 1];
        size_t more = until > last ? (size_t)floor(until - last) : 0, n = t->n + more;
        double **columns[] = {&t->year, &t->to, &t->value, &t->sigma};
        for (size_t c = 0; c < 4; c++) {
            double *longer = realloc(*columns[c], (n + 1) * sizeof **columns[c]);
            if (!longer)
                return error_memory(e);
            *columns[c] = longer;
        }
        for (size_t k = t->n; k < n; k++) {
            t->year[k] = t->to[k] = last + (double)(k - t->n + 1);
            t->value[k] = 0; /* made up next */
            t->sigma[k] = t->sigma[t->n - 1];
        }
        t->n = n;
    }
    return fit_prepare(f, e);
}

struct experiment {
    const struct identify *q;
    const struct fit *world; /* to the last year that is watched */
    const struct identify_point *truth;
    double held; /* shape of the fits: held there, NAN: free */
    double last; /* year that is watched */
    const struct reporter *reporter;
    struct identify_detection *out;
    double *year;   /* (replicates) NAN: no answer */
    size_t *failed; /* (replicates) fits */
};

/* How much worse "never" is than the best fit with an onset, with the data up to `end`; NAN: not fitted. */
static double evidence(const struct experiment *x, const struct fit *made_up, double end, size_t *failed)
{
    struct fit data;
    struct identify_point never, with;
    struct least_squares_result r = {0};
    const struct least_squares_options o = identify_options(x->q, x->reporter);
    double result = NAN;
    if (fit_copy(made_up, &data, NULL) || fit_stop(&data, end, NULL)) {
        fit_clear(&data);
        return NAN;
    }
    if (isfinite(x->held) && x->q->shape != SIZE_MAX)
        data.parameters[x->q->shape].held = true;
    memset(&with, 0, sizeof with);
    bool any = identify_fit_never(x->q, &data, x->truth->z, x->reporter, &never);
    /* the onset free, from the truth; "never" is among its limits */
    bool onset = !fit_improve(&data, x->truth->z, &o, &r, NULL);
    if (any && onset)
        result = fmax(never.cost - r.cost, 0);
    *failed += (size_t)!any + (size_t)!onset;
    least_squares_result_clear(&r);
    fit_clear(&data);
    return result;
}

/* By bisection the first whole year in (low, high] with evidence, where there is some at `high`. A fit that fails shows
 * nothing. */
static double first_year(const struct experiment *x, const struct fit *made_up, double low, double high, size_t *failed)
{
    while (high - low > 1 && !reporter_stop_requested(x->reporter)) {
        double middle = floor(0.5 * (low + high));
        if (evidence(x, made_up, middle, failed) > IDENTIFY_THRESHOLD)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* The evidence grows with the data, but for noise: one outlier at the end can look like a sudden onset for a year. So
 * what is found must still be there two years later, or the search goes on from there. */
static void one_replicate(size_t i, void *context)
{
    enum { TRIES = 5, LATER = 2 };
    struct experiment *x = context;
    struct fit made_up;
    double low = floor(x->q->end), high = floor(x->last);
    x->year[i] = NAN;
    x->failed[i] = 0;
    if (fit_copy(x->world, &made_up, NULL) || fit_make_up_data(&made_up, x->truth->z, x->q->fit.seed + i + 1)) {
        x->failed[i]++;
        fit_clear(&made_up);
        return;
    }
    double at_high = evidence(x, &made_up, high, &x->failed[i]);
    if (at_high <= IDENTIFY_THRESHOLD)
        x->year[i] = INFINITY;
    for (int k = 0; k < TRIES && at_high > IDENTIFY_THRESHOLD; k++) {
        x->year[i] = first_year(x, &made_up, low, high, &x->failed[i]);
        double later = fmin(x->year[i] + LATER, high);
        if (later >= high || evidence(x, &made_up, later, &x->failed[i]) > IDENTIFY_THRESHOLD)
            break;
        low = later;
    }
    fit_clear(&made_up);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Share of machines and growth of the truth in a year. */
static void look_at(const struct identify *q, const struct identify_point *truth, double year, double *share,
                    double *growth)
{
    struct fit_evaluator v;
    size_t machines = variable_find(q->fit.base.model, "machine_share"), output = variable_find(q->fit.base.model, "Y");
    double log_share, before, after;
    *share = *growth = NAN;
    fit_evaluator_init(&v, &q->fit, NULL);
    if (!isfinite(year))
        return;
    if (machines < variable_count(q->fit.base.model) && !fit_predict(&v, truth->z, machines, year, &log_share, NULL))
        *share = exp(log_share);
    if (!fit_predict(&v, truth->z, output, year - 0.5, &before, NULL) &&
        !fit_predict(&v, truth->z, output, year + 0.5, &after, NULL))
        *growth = after - before;
}

static void gather(struct experiment *x, size_t replicates)
{
    struct identify_detection *out = x->out;
    for (size_t i = 0; i < replicates; i++) {
        out->failures += x->failed[i];
        if (!isnan(x->year[i]))
            out->year[out->n++] = x->year[i];
    }
    qsort(out->year, out->n, sizeof *out->year, ascending);
    out->median = out->n ? out->year[(out->n - 1) / 2] : NAN;
    look_at(x->q, x->truth, out->median, &out->share_then, &out->growth_then);
    look_at(x->q, x->truth, x->q->end, &out->share_now, &out->growth_now);
}

enum status identify_detect(const struct identify *q, const char *name, double shape, int threads,
                            const struct reporter *reporter, struct identify_detection *out, struct error *e)
{
    const struct identify_settings *s = &q->settings;
    struct fit world;
    struct identify_point truth;
    double year[IDENTIFY_REPLICATES];
    size_t failed[IDENTIFY_REPLICATES];
    struct reporter quiet = {.stop_requested = reporter ? reporter->stop_requested : NULL,
                             .context = reporter ? reporter->context : NULL};
    memset(out, 0, sizeof *out);
    out->name = name;
    out->onset = s->onset;
    out->median = out->share_then = out->share_now = out->growth_then = out->growth_now = NAN;
    if (!identify_fit_date(q, &q->fit, q->z, s->onset, NAN, isfinite(shape) ? shape : s->sudden, &quiet, &truth))
        return error_set(e, reporter_stop_requested(reporter) ? STATUS_INTERRUPTED : STATUS_FAILED,
                         "no run has its onset in %.0f: there is nothing to detect", s->onset);
    double last = fmin(s->onset + s->watch, identify_last_run_year(q, &truth) - 2);
    enum status status = fit_copy(&q->fit, &world, e);
    if (!status)
        status = extend(&world, last, e);
    if (!status) {
        struct experiment x = {q, &world, &truth, shape, last, &quiet, out, year, failed};
        parallel_map(s->replicates, threads, one_replicate, &x);
        gather(&x, s->replicates);
    }
    fit_clear(&world);
    if (!status && reporter_stop_requested(reporter))
        status = error_set(e, STATUS_INTERRUPTED, "interrupted in the detection experiment");
    return status;
}
