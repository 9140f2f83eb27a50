/* Profile likelihood: limits by walking out from the estimate and finding the root, then a grid around them. All of it
 * evenly in ln(value - origin), or in the value where there is no origin. */
#include "growth/baselines/baseline.h"

#include "solver/parallel.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HALF = BASELINE_PROFILE_POINTS / 2, MOST_STEPS = 60, MOST_ROUNDS = 4, SIDES = 2 };
enum { STARTS = 16 }; /* of many-start searches, beside the estimate itself */

static const double LOWER_BY = 1e-6;  /* a higher likelihood than this much is another estimate */
static const double NOT_FITTED = 100; /* a drop, for the root finder */

struct walk {
    const struct baseline_fit *best;
    const struct baseline_rows *rows;
    const struct profile_range *range;
    size_t param;
    double top, centre, step;                       /* highest ln likelihood; coordinates */
    double limit[SIDES];                            /* coordinates; NAN: not reached */
    double found[SIDES], found_at[SIDES];           /* highest ln likelihood met, and its coordinate */
    double at[BASELINE_PROFILE_POINTS];             /* coordinates of the grid */
    double log_likelihood[BASELINE_PROFILE_POINTS]; /* NAN: no fit */
    double sse[BASELINE_PROFILE_POINTS];
};

static double to_coordinate(const struct profile_range *r, double value)
{
    return isnan(r->origin) ? value : log(value - r->origin);
}

static double to_value(const struct profile_range *r, double x)
{
    return isnan(r->origin) ? x : r->origin + exp(x);
}

/* ln likelihood with the parameter held, NAN where nothing fits; the other parameters also searched from the best. */
static double held_at(const struct baseline_fit *best, const struct baseline_rows *rows, size_t param, double value,
                      double *sse, struct error *e)
{
    struct baseline_options o = best->options;
    struct baseline_fit f;
    o.hold[param] = value;
    memcpy(o.near, best->param, sizeof o.near);
    if (!o.starts)
        o.starts = STARTS;
    enum status status = baseline_fit(best->baseline, rows, &o, &f, e);
    if (sse)
        *sse = status ? NAN : f.sse;
    return status ? NAN : f.log_likelihood;
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

struct side {
    struct walk *walk;
    size_t which; /* 0 down, 1 up */
};

static double drop_at(struct side *s, double x)
{
    struct walk *w = s->walk;
    double ln = held_at(w->best, w->rows, w->param, to_value(w->range, x), NULL, NULL);
    if (ln > w->found[s->which]) {
        w->found[s->which] = ln;
        w->found_at[s->which] = x;
    }
    return 2 * (w->top - ln);
}

static double over_threshold(double x, void *context)
{
    double drop = drop_at(context, x);
    return (isnan(drop) ? NOT_FITTED : fmin(drop, NOT_FITTED)) - BASELINE_THRESHOLD;
}

/* Where the drop is 3.84 between one below it and one above. */
static double root(struct side *s, double below, double above)
{
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    gsl_function f = {over_threshold, s};
    double answer = NAN;
    if (solver && gsl_root_fsolver_set(solver, &f, fmin(below, above), fmax(below, above)) == GSL_SUCCESS)
        for (int i = 0; i < MOST_STEPS && gsl_root_fsolver_iterate(solver) == GSL_SUCCESS; i++) {
            double low = gsl_root_fsolver_x_lower(solver), high = gsl_root_fsolver_x_upper(solver);
            answer = gsl_root_fsolver_root(solver);
            if (fabs(high - low) < 1e-3 * fabs(answer - s->walk->centre) ||
                fabs(high - low) < 1e-12 * (fabs(low) + fabs(high)))
                break;
        }
    gsl_root_fsolver_free(solver);
    return answer;
}

/* From the estimate outwards in growing steps to the first drop above 3.84 or the end of the range. */
static void find_limit(size_t which, void *context)
{
    struct walk *w = context;
    struct side side = {w, which};
    double low = to_coordinate(w->range, w->range->low), high = to_coordinate(w->range, w->range->high);
    double end = which ? high : low, sign = which ? 1 : -1, inside = w->centre, step = w->step;
    w->limit[which] = NAN;
    w->found[which] = w->top;
    w->found_at[which] = w->centre;
    for (int i = 0; i < MOST_STEPS && sign * (end - inside) > 0; i++) {
        double next = inside + sign * step;
        if (next < low || next > high)
            next = inside < low ? low : inside > high ? high : end;
        double drop = drop_at(&side, next);
        if (isnan(drop))
            return;
        if (drop > BASELINE_THRESHOLD) {
            w->limit[which] = root(&side, inside, next);
            return;
        }
        inside = next;
        step *= 1.5;
    }
}

/* Both limits; again from a higher likelihood where the walk came upon one that the fit had missed. */
static void find_limits(struct walk *w, int threads)
{
    for (int round = 0; round < MOST_ROUNDS; round++) {
        parallel_map(SIDES, threads, find_limit, w);
        size_t higher = w->found[1] > w->found[0];
        if (!(w->found[higher] > w->top + LOWER_BY))
            return;
        w->top = w->found[higher];
        w->centre = w->found_at[higher];
    }
}

/* --- the grid ----------------------------------------------------------------------------------------------------- */

static void fit_point(size_t i, void *context)
{
    struct walk *w = context;
    w->log_likelihood[i] = held_at(w->best, w->rows, w->param, to_value(w->range, w->at[i]), &w->sse[i], NULL);
}

/* A little more than between the limits, to the end of the range where there is none; half on each side of the
 * estimate. */
static void lay_grid(struct walk *w)
{
    double ends[SIDES] = {to_coordinate(w->range, w->range->low), to_coordinate(w->range, w->range->high)};
    double low = ends[0], high = ends[1], centre = fmin(fmax(w->centre, low), high);
    if (!isnan(w->limit[0]))
        low = fmax(low, centre - 1.6 * (centre - w->limit[0]));
    if (!isnan(w->limit[1]))
        high = fmin(high, centre + 1.6 * (w->limit[1] - centre));
    bool within = centre > low && centre < high;
    for (size_t i = 0; i < BASELINE_PROFILE_POINTS; i++) {
        double share = (double)i / (BASELINE_PROFILE_POINTS - 1);
        w->at[i] = !within     ? low + share * (high - low)
                   : i <= HALF ? low + 2 * share * (centre - low)
                               : centre + (2 * share - 1) * (high - centre);
    }
}

static double step_of(const struct walk *w, double value)
{
    double error = w->best->error[w->param] / (isnan(w->range->origin) ? 1 : value - w->range->origin);
    double twentieth = (to_coordinate(w->range, w->range->high) - to_coordinate(w->range, w->range->low)) / 20;
    return error > 0 && error < twentieth ? error : twentieth;
}

static void fill(const struct walk *w, struct baseline_profile *out)
{
    for (size_t i = 0; i < out->n; i++)
        out->top = fmax(out->top, w->log_likelihood[i]);
    for (size_t i = 0; i < out->n; i++) {
        out->value[i] = to_value(w->range, w->at[i]);
        out->drop[i] = 2 * (out->top - w->log_likelihood[i]);
        out->sse[i] = w->sse[i];
    }
    out->low = isnan(w->limit[0]) ? NAN : to_value(w->range, w->limit[0]);
    out->high = isnan(w->limit[1]) ? NAN : to_value(w->range, w->limit[1]);
    out->verdict = isnan(out->low) ? (isnan(out->high) ? PROFILE_FLAT : PROFILE_ABOVE_ONLY)
                                   : (isnan(out->high) ? PROFILE_BELOW_ONLY : PROFILE_BOUNDED);
}

enum status baseline_profile(const struct baseline_fit *best, const struct baseline_rows *rows, size_t param,
                             const struct profile_range *range, struct baseline_profile *out, struct error *e)
{
    double value = best->param[param], bottom = isnan(range->origin) ? -INFINITY : range->origin;
    *out = (struct baseline_profile){.param = param, .n = BASELINE_PROFILE_POINTS, .range = *range};
    struct walk *w = calloc(1, sizeof *w);
    if (!w)
        return error_memory(e);
    *w = (struct walk){best, rows, range, param, .top = best->log_likelihood};
    w->centre = to_coordinate(range, value > bottom ? value : range->low);
    w->step = step_of(w, value);
    find_limits(w, best->options.threads);
    out->best = to_value(range, w->centre);
    out->top = w->top;
    lay_grid(w);
    parallel_map(out->n, best->options.threads, fit_point, w);
    fill(w, out);
    bool fitted = false;
    for (size_t i = 0; i < out->n; i++)
        fitted |= !isnan(w->log_likelihood[i]);
    enum status status = STATUS_OK;
    if (!fitted) {
        held_at(best, rows, param, out->value[0], NULL, e);
        status = e && e->status ? e->status : STATUS_FAILED;
    }
    free(w);
    return status;
}

double baseline_profile_drop(const struct baseline_profile *p, const struct baseline_fit *best,
                             const struct baseline_rows *rows, double value, double *sse)
{
    return 2 * (p->top - held_at(best, rows, p->param, value, sse, NULL));
}

const char *profile_verdict_name(enum profile_verdict verdict)
{
    static const char *const names[] = {[PROFILE_BOUNDED] = "bounded",
                                        [PROFILE_BELOW_ONLY] = "one-sided: bounded below only",
                                        [PROFILE_ABOVE_ONLY] = "one-sided: bounded above only",
                                        [PROFILE_FLAT] = "flat"};
    return names[verdict];
}
