/* What all baselines share: the fit around each one's own, rolling data stops, profiles. */
#include "growth/baselines/baseline.h"

#include "solver/parallel.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const double baseline_probabilities[BASELINE_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

struct baseline_options baseline_options_default(void)
{
    struct baseline_options o = {0};
    for (size_t i = 0; i < BASELINE_MAX_PARAMS; i++)
        o.hold[i] = NAN;
    return o;
}

static void clear_fit(const struct baseline *b, const struct baseline_options *o, struct baseline_fit *out)
{
    *out = (struct baseline_fit){.baseline = b, .options = *o};
    for (size_t i = 0; i < BASELINE_MAX_PARAMS; i++)
        out->param[i] = out->error[i] = out->theta[i] = NAN;
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->takeoff[i] = NAN;
    out->sse = out->sigma = out->log_likelihood = out->log_score = out->aic = out->bic = NAN;
    out->blow_up = out->takeoff_error = out->r_squared = NAN;
    out->scale_value = 1;
}

/* What is held must lie where the parameter may. */
static enum status check_holds(const struct baseline *b, const struct baseline_options *o, struct error *e)
{
    for (size_t i = 0; i < b->n_params; i++) {
        const struct param *p = &b->params[i];
        if (!isfinite(o->hold[i]) || (o->hold[i] >= p->low && o->hold[i] <= p->high))
            continue;
        return isfinite(p->high) ? error_set(e, STATUS_USAGE, "%s cannot be held at %g: %g to %g is allowed", p->key,
                                             o->hold[i], p->low, p->high)
                                 : error_set(e, STATUS_USAGE, "%s cannot be held at %g: it lies above %g", p->key,
                                             o->hold[i], p->low);
    }
    return STATUS_OK;
}

enum status baseline_fit(const struct baseline *b, const struct baseline_rows *rows, const struct baseline_options *o,
                         struct baseline_fit *out, struct error *e)
{
    clear_fit(b, o, out);
    if (rows->n_fit < 4)
        return error_set(e, STATUS_BAD_INPUT, "%s wants at least 4 rows to fit, there are %zu", b->name, rows->n_fit);
    enum status status = check_holds(b, o, e);
    if (status)
        return status;
    gsl_set_error_handler_off(); /* its functions return their errors */
    out->first_year = rows->year[0];
    out->last_year = rows->year[rows->n_fit - 1];
    out->last_value = rows->value[rows->n_fit - 1];
    status = b->fit(rows, o, out, e);
    out->aic = 2 * (double)out->n_free - 2 * out->log_likelihood;
    out->bic = log((double)out->n) * (double)out->n_free - 2 * out->log_likelihood;
    return status;
}

void baseline_predict(const struct baseline_fit *f, double year, struct baseline_prediction *out)
{
    f->baseline->predict(f, year, out);
}

/* --- rolling data stop -------------------------------------------------------------------------------------------- */

/* The row nearest to a year among those after the stop; n: none within half the horizon of it. */
static size_t row_ahead(const struct baseline_rows *rows, double year, double tolerance)
{
    size_t best = rows->n;
    for (size_t i = rows->n_fit; i < rows->n; i++)
        if (fabs(rows->year[i] - year) <= tolerance &&
            (best == rows->n || fabs(rows->year[i] - year) < fabs(rows->year[best] - year)))
            best = i;
    return best;
}

static void look_ahead(const struct baseline_rows *rows, double horizon, struct baseline_stop *out)
{
    size_t row = row_ahead(rows, out->fit.last_year + horizon, horizon / 2);
    struct baseline_prediction p;
    out->ahead = row < rows->n ? rows->year[row] : out->fit.last_year + horizon;
    double years = out->ahead - out->fit.last_year, now = log(out->fit.last_value);
    if (row < rows->n)
        out->actual = (log(rows->value[row]) - now) / years;
    if (out->status)
        return;
    baseline_predict(&out->fit, out->ahead, &p);
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->growth[i] = (p.quantile[i] - now) / years;
}

void baseline_rolling(const struct baseline *b, const struct baseline_rows *rows, const struct baseline_options *o,
                      size_t n_stops, const double *stops, double horizon, struct baseline_stop *out)
{
    for (size_t k = 0; k < n_stops; k++) {
        struct baseline_rows part = *rows; /* borrows its arrays */
        out[k] = (struct baseline_stop){.stop = stops[k], .ahead = NAN, .actual = NAN};
        for (int i = 0; i < BASELINE_QUANTILES; i++)
            out[k].growth[i] = NAN;
        for (part.n_fit = 0; part.n_fit < part.n && part.year[part.n_fit] <= stops[k];)
            part.n_fit++;
        out[k].status = baseline_fit(b, &part, o, &out[k].fit, NULL);
        if (part.n_fit)
            look_ahead(&part, horizon, &out[k]);
    }
}

/* --- profiles ----------------------------------------------------------------------------------------------------- */

/* Where the drop crosses the threshold between two points of the grid, by a straight line. */
static double crossing(const struct baseline_profile *p, size_t i, size_t j)
{
    double share = (BASELINE_THRESHOLD - p->drop[i]) / (p->drop[j] - p->drop[i]);
    return p->value[i] + share * (p->value[j] - p->value[i]);
}

/* From the grid point nearest to the estimate downhill, then outwards: the first crossing on each side. (Modes that may
 * change places have more than one minimum.) */
static void find_limits(struct baseline_profile *p)
{
    size_t least = 0;
    for (size_t i = 1; i < p->n; i++)
        if (fabs(p->value[i] - p->best) < fabs(p->value[least] - p->best))
            least = i;
    while (least > 0 && p->drop[least - 1] < p->drop[least])
        least--;
    while (least + 1 < p->n && p->drop[least + 1] < p->drop[least])
        least++;
    p->low = p->high = NAN;
    for (size_t i = least; i > 0 && isnan(p->low); i--)
        if (p->drop[i - 1] > BASELINE_THRESHOLD)
            p->low = crossing(p, i, i - 1);
    for (size_t i = least; i + 1 < p->n && isnan(p->high); i++)
        if (p->drop[i + 1] > BASELINE_THRESHOLD)
            p->high = crossing(p, i, i + 1);
    p->verdict = isnan(p->low) ? (isnan(p->high) ? PROFILE_FLAT : PROFILE_ABOVE_ONLY)
                               : (isnan(p->high) ? PROFILE_BELOW_ONLY : PROFILE_BOUNDED);
}

/* One point of a profile, fitted by itself. */
struct profile_task {
    const struct baseline_fit *best;
    const struct baseline_rows *rows;
    struct baseline_profile *out;
    double log_likelihood[BASELINE_PROFILE_POINTS];
    enum status status[BASELINE_PROFILE_POINTS];
    struct error error[BASELINE_PROFILE_POINTS];
};

enum { PROFILE_STARTS = 16 }; /* of many-start searches: the points of a profile check each other */

static void fit_point(size_t i, void *context)
{
    struct profile_task *w = context;
    struct baseline_options o = w->best->options;
    struct baseline_fit f;
    o.hold[w->out->param] = w->out->value[i];
    if (!o.starts)
        o.starts = PROFILE_STARTS;
    w->status[i] = baseline_fit(w->best->baseline, w->rows, &o, &f, &w->error[i]);
    w->log_likelihood[i] = f.log_likelihood;
    w->out->sse[i] = f.sse;
}

/* Drops below the highest likelihood seen; how many points were fitted. */
static size_t fill_drops(const struct profile_task *w, struct baseline_profile *out)
{
    double top = w->best->log_likelihood;
    size_t fitted = 0;
    for (size_t i = 0; i < out->n; i++)
        if (!w->status[i]) {
            fitted++;
            if (w->log_likelihood[i] > top) { /* the search had missed it */
                top = w->log_likelihood[i];
                out->best = out->value[i];
            }
        }
    for (size_t i = 0; i < out->n; i++)
        out->drop[i] = w->status[i] ? NAN : 2 * (top - w->log_likelihood[i]);
    return fitted;
}

enum status baseline_profile(const struct baseline_fit *best, const struct baseline_rows *rows, size_t param,
                             double low, double high, struct baseline_profile *out, struct error *e)
{
    bool logarithmic = low > 0 && high > 0;
    *out = (struct baseline_profile){.param = param, .n = BASELINE_PROFILE_POINTS, .best = best->param[param]};
    struct profile_task *w = calloc(1, sizeof *w);
    if (!w)
        return error_memory(e);
    w->best = best;
    w->rows = rows;
    w->out = out;
    for (size_t i = 0; i < out->n; i++) {
        double share = (double)i / (double)(out->n - 1);
        out->value[i] = logarithmic ? low * pow(high / low, share) : low + share * (high - low);
    }
    parallel_map(out->n, best->options.threads, fit_point, w);
    size_t fitted = fill_drops(w, out);
    find_limits(out);
    enum status status = fitted ? STATUS_OK : w->status[0];
    if (status && e)
        *e = w->error[0];
    free(w);
    return status;
}

const char *profile_verdict_name(enum profile_verdict verdict)
{
    static const char *const names[] = {[PROFILE_BOUNDED] = "bounded",
                                        [PROFILE_BELOW_ONLY] = "one-sided: bounded below only",
                                        [PROFILE_ABOVE_ONLY] = "one-sided: bounded above only",
                                        [PROFILE_FLAT] = "flat"};
    return names[verdict];
}
