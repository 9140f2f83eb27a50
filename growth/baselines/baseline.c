/* What all baselines share: the fit around each one's own, rolling data stops. */
#include "growth/baselines/baseline.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>

const double baseline_probabilities[BASELINE_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

struct baseline_options baseline_options_default(void)
{
    struct baseline_options o = {0};
    for (size_t i = 0; i < BASELINE_MAX_PARAMS; i++)
        o.hold[i] = o.near[i] = NAN;
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

static enum status check_rows(const struct baseline *b, const struct baseline_rows *rows, struct error *e)
{
    char thinned[80] = "";
    if (rows->n_thinned)
        snprintf(thinned, sizeof thinned, " (%zu after 1950 left out: every %dth year only)", rows->n_thinned,
                 rows->every);
    if (rows->n_fit < 4)
        return error_set(e, STATUS_BAD_INPUT, "%s wants at least 4 rows to fit, there are %zu%s", b->name, rows->n_fit,
                         thinned);
    for (size_t i = 1; i < rows->n_fit; i++)
        if (rows->value[i] != rows->value[0])
            return STATUS_OK;
    return error_set(e, STATUS_BAD_INPUT, "all %zu values are %g: %s finds no growth to fit", rows->n_fit,
                     rows->value[0], b->name);
}

enum status baseline_fit(const struct baseline *b, const struct baseline_rows *rows, const struct baseline_options *o,
                         struct baseline_fit *out, struct error *e)
{
    clear_fit(b, o, out);
    enum status status = check_rows(b, rows, e);
    if (!status)
        status = check_holds(b, o, e);
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
    double base = out->fit.correlation > 0 ? now : now - out->fit.last_residual;
    if (row < rows->n)
        out->actual = (log(rows->value[row]) - now) / years;
    if (out->status)
        return;
    baseline_predict(&out->fit, out->ahead, &p);
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->growth[i] = (p.quantile[i] - base) / years;
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
