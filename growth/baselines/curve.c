#include "growth/baselines/curve.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ITERATIONS = 500 };
static const double STEP_TOLERANCE = 1e-12, SLOPE_TOLERANCE = 1e-8;
static const double MOST_CORRELATED = 0.9999; /* per year */

/* One least-squares problem: the fitted rows, which coordinates are free, and the correlation. */
struct problem {
    const struct curve *curve;
    const struct baseline_rows *rows;
    struct curve_frame frame;
    size_t n, n_params, n_free, index[BASELINE_MAX_PARAMS];
    double theta[BASELINE_MAX_PARAMS]; /* held ones fixed, free ones the latest */
    double correlation;
};

/* --- coordinates -------------------------------------------------------------------------------------------------- */

static double farthest(const struct curve_frame *w)
{
    return CURVE_FAR * (w->last - w->first);
}

static double to_natural(enum curve_transform transform, const struct curve_frame *w, double theta, double *slope)
{
    double grown = exp(theta);
    *slope = 1;
    if (transform == CURVE_PLAIN)
        return theta;
    *slope = grown;
    if (transform == CURVE_LOG)
        return grown;
    if (grown > farthest(w))
        *slope = 0;
    return w->last + fmin(grown, farthest(w));
}

static double to_theta(enum curve_transform transform, const struct curve_frame *w, double p)
{
    return transform == CURVE_PLAIN ? p : log(transform == CURVE_LOG ? p : p - w->last);
}

/* ln value at `year` and its gradient in theta. */
double curve_evaluate(const struct curve *c, const struct curve_frame *w, size_t n, const double *theta, double year,
                      double *gradient)
{
    double p[BASELINE_MAX_PARAMS] = {0}, slope[BASELINE_MAX_PARAMS];
    for (size_t i = 0; i < n; i++)
        p[i] = to_natural(c->transform[i], w, theta[i], &slope[i]);
    double value = c->value(w, p, year, gradient);
    for (size_t i = 0; i < n; i++)
        gradient[i] *= slope[i];
    return value;
}

/* --- residuals ---------------------------------------------------------------------------------------------------- */

/* Each residual sqrt(w) (curve - ln value), less what the one before foretells, over its standard deviation: white with
 * the same variance everywhere (Prais and Winsten 1954, for uneven intervals). j may be NULL. */
static int residuals(const gsl_vector *x, void *context, gsl_vector *f, gsl_matrix *j)
{
    struct problem *q = context;
    double before = 0, slope_before[BASELINE_MAX_PARAMS] = {0}, slope[BASELINE_MAX_PARAMS];
    for (size_t i = 0; i < q->n_free; i++)
        q->theta[q->index[i]] = gsl_vector_get(x, i);
    for (size_t i = 0; i < q->n; i++) {
        double root = sqrt(q->rows->weight[i]), year = q->rows->year[i];
        double here =
            root * (curve_evaluate(q->curve, &q->frame, q->n_params, q->theta, year, slope) - log(q->rows->value[i]));
        double kept = i && q->correlation > 0 ? pow(q->correlation, year - q->rows->year[i - 1]) : 0;
        double scale = 1 / sqrt(1 - kept * kept);
        if (!isfinite(here))
            return GSL_EDOM;
        if (f)
            gsl_vector_set(f, i, scale * (here - kept * before));
        for (size_t k = 0; k < q->n_free; k++) {
            double now = root * slope[q->index[k]];
            if (j)
                gsl_matrix_set(j, i, k, scale * (now - kept * slope_before[k]));
            slope_before[k] = now;
        }
        before = here;
    }
    return GSL_SUCCESS;
}

static int residual_values(const gsl_vector *x, void *context, gsl_vector *f)
{
    return residuals(x, context, f, NULL);
}

static int residual_slopes(const gsl_vector *x, void *context, gsl_matrix *j)
{
    return residuals(x, context, NULL, j);
}

/* --- one least-squares search ------------------------------------------------------------------------------------- */

/* The largest cosine between the residuals and a column of their Jacobian: 0 at a minimum, whatever the units. */
static double largest_cosine(const gsl_multifit_nlinear_workspace *w)
{
    double largest = 0, length = gsl_blas_dnrm2(w->f);
    for (size_t i = 0; i < w->J->size2; i++) {
        gsl_vector_const_view column = gsl_matrix_const_column(w->J, i);
        double product, size = gsl_blas_dnrm2(&column.vector) * length;
        gsl_blas_ddot(&column.vector, w->f, &product);
        largest = fmax(largest, size > 0 ? fabs(product) / size : 0);
    }
    return largest;
}

/* Iterate to the minimum; true: reached. */
static bool iterate(gsl_multifit_nlinear_workspace *w)
{
    int info, stuck = 0;
    for (int i = 0; i < MAX_ITERATIONS && stuck < 2; i++) {
        int status = gsl_multifit_nlinear_iterate(w);
        if (status && status != GSL_ENOPROG)
            return false;
        stuck += status == GSL_ENOPROG;
        if (largest_cosine(w) < SLOPE_TOLERANCE ||
            gsl_multifit_nlinear_test(STEP_TOLERANCE, 0, 0, &info, w) == GSL_SUCCESS)
            return true;
    }
    return largest_cosine(w) < sqrt(SLOPE_TOLERANCE);
}

/* (J^T J)^-1 by the columns of J at length 1, so that the units of the parameters decide nothing. J is left scaled. */
static void covariance_of(gsl_matrix *j, gsl_matrix *covariance)
{
    double length[BASELINE_MAX_PARAMS];
    for (size_t i = 0; i < j->size2; i++) {
        gsl_vector_view column = gsl_matrix_column(j, i);
        length[i] = gsl_blas_dnrm2(&column.vector);
        if (length[i] > 0)
            gsl_vector_scale(&column.vector, 1 / length[i]);
    }
    gsl_multifit_nlinear_covar(j, 1e-12, covariance);
    for (size_t i = 0; i < j->size2; i++)
        for (size_t k = 0; k < j->size2; k++)
            if (length[i] > 0 && length[k] > 0)
                gsl_matrix_set(covariance, i, k, gsl_matrix_get(covariance, i, k) / length[i] / length[k]);
}

/* From q->theta to the minimum; returns the sum of squares, INFINITY where it leads nowhere. covariance (n_free,
 * n_free): (J^T J)^-1, or NULL. */
static double minimise(struct problem *q, gsl_matrix *covariance, bool *converged)
{
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    how.solver = gsl_multifit_nlinear_solver_svd;
    gsl_multifit_nlinear_fdf fdf = {
        .f = residual_values, .df = residual_slopes, .n = q->n, .p = q->n_free, .params = q};
    gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, q->n, q->n_free);
    gsl_vector *x = gsl_vector_alloc(q->n_free);
    double sum = INFINITY;
    for (size_t i = 0; x && i < q->n_free; i++)
        gsl_vector_set(x, i, q->theta[q->index[i]]);
    if (w && x && gsl_multifit_nlinear_init(x, &fdf, w) == GSL_SUCCESS) {
        *converged = iterate(w);
        gsl_blas_ddot(w->f, w->f, &sum);
        for (size_t i = 0; i < q->n_free; i++)
            q->theta[q->index[i]] = gsl_vector_get(w->x, i);
        if (covariance)
            covariance_of(w->J, covariance);
    }
    gsl_vector_free(x);
    gsl_multifit_nlinear_free(w);
    return isfinite(sum) ? sum : INFINITY;
}

/* -2 ln likelihood of ln value with the variance at its maximum. */
static double deviance(const struct problem *q, double sum)
{
    double n = (double)q->n, d = n * (log(2 * M_PI * sum / n) + 1);
    for (size_t i = 0; i < q->n; i++) {
        double step = i ? q->rows->year[i] - q->rows->year[i - 1] : 0;
        d -= log(q->rows->weight[i]);
        if (i && q->correlation > 0)
            d += log1p(-pow(q->correlation, 2 * step));
    }
    return d;
}

/* --- correlation -------------------------------------------------------------------------------------------------- */

/* By the logarithm of the correlation time 1/-ln(rho), which is searched evenly. */
static double deviance_at(double log_time, void *context)
{
    struct problem *q = context;
    bool converged;
    q->correlation = fmin(exp(-exp(-log_time)), MOST_CORRELATED);
    return deviance(q, minimise(q, NULL, &converged));
}

/* The best correlation: a coarse grid, then Brent's method around the best of it. */
static void correlate(struct problem *q)
{
    enum { GRID = 13 };
    double low = log(0.2), high = log(-1 / log(MOST_CORRELATED)), value[GRID], at[GRID];
    size_t best = 0;
    for (size_t i = 0; i < GRID; i++) {
        at[i] = low + (high - low) * (double)i / (GRID - 1);
        value[i] = deviance_at(at[i], q);
        if (value[i] < value[best])
            best = i;
    }
    double answer = at[best];
    if (best > 0 && best < GRID - 1) {
        gsl_function g = {deviance_at, q};
        gsl_min_fminimizer *m = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
        if (m && gsl_min_fminimizer_set_with_values(m, &g, at[best], value[best], at[best - 1], value[best - 1],
                                                    at[best + 1], value[best + 1]) == GSL_SUCCESS) {
            for (int i = 0; i < 60 && gsl_min_fminimizer_iterate(m) == GSL_SUCCESS; i++)
                if (gsl_min_fminimizer_x_upper(m) - gsl_min_fminimizer_x_lower(m) < 1e-7)
                    break;
            answer = gsl_min_fminimizer_x_minimum(m);
        }
        gsl_min_fminimizer_free(m);
    }
    deviance_at(answer, q);
    if (best == 0) /* no correlation does as well */
        q->correlation = 0;
}

/* --- the fit ------------------------------------------------------------------------------------------------------ */

struct curve_frame curve_frame_of(const struct curve *c, double first, double last, size_t modes)
{
    return (struct curve_frame){first, last, 0.5 * (first + last), modes ? modes : c->modes};
}

static enum status set_up(struct problem *q, const struct curve *c, const struct baseline_rows *rows,
                          const struct baseline_options *o, const struct baseline_fit *out, struct error *e)
{
    const struct param *table = out->baseline->params;
    *q = (struct problem){.curve = c, .rows = rows, .n = rows->n_fit};
    if (o->modes > BASELINE_MAX_MODES)
        return error_set(e, STATUS_USAGE, "at most %d modes", BASELINE_MAX_MODES);
    q->frame = curve_frame_of(c, out->first_year, out->last_year, o->modes);
    q->n_params = c->count ? c->count(q->frame.modes) : out->baseline->n_params;
    for (size_t i = 0; i < q->n_params; i++) {
        double held = isfinite(o->hold[i]) ? o->hold[i] : c->held && c->held[i] ? table[i].value : NAN;
        q->theta[i] = isnan(held) ? 0 : to_theta(c->transform[i], &q->frame, held);
        if (!isnan(held) && !isfinite(q->theta[i]))
            return c->transform[i] == CURVE_LOG
                       ? error_set(e, STATUS_USAGE, "%s cannot be held at %g: it lies above 0", table[i].key, held)
                       : error_set(e, STATUS_USAGE,
                                   "%s cannot be held at %g: it lies after the last year fitted, %.10g", table[i].key,
                                   held, q->frame.last);
        if (isnan(held))
            q->index[q->n_free++] = i;
    }
    if (q->n_free == 0)
        return error_set(e, STATUS_USAGE, "every parameter is held: nothing to fit");
    if (q->n < q->n_free + 2)
        return error_set(e, STATUS_BAD_INPUT, "%s has %zu free parameters and wants at least %zu rows, there are %zu",
                         out->baseline->name, q->n_free, q->n_free + 2, q->n);
    return STATUS_OK;
}

/* q->theta in the curve's standard order, unless that moves what is held. */
static void arrange(struct problem *q)
{
    double p[BASELINE_MAX_PARAMS] = {0}, theta[BASELINE_MAX_PARAMS] = {0}, slope;
    bool free_of[BASELINE_MAX_PARAMS] = {false};
    for (size_t i = 0; i < q->n_params; i++)
        p[i] = to_natural(q->curve->transform[i], &q->frame, q->theta[i], &slope);
    q->curve->arrange(&q->frame, p);
    for (size_t i = 0; i < q->n_free; i++)
        free_of[q->index[i]] = true;
    for (size_t i = 0; i < q->n_params; i++) {
        theta[i] = to_theta(q->curve->transform[i], &q->frame, p[i]);
        if (!free_of[i] && !(fabs(theta[i] - q->theta[i]) < 1e-9))
            return;
    }
    memcpy(q->theta, theta, q->n_params * sizeof *theta);
}

/* Natural parameters of start number k; the last one is the caller's own. false: this start is no use. */
static bool start_number(struct problem *q, const struct baseline_options *o, size_t k, size_t n, double *p)
{
    struct random_stream r = random_stream(o->seed, k);
    if (k < n)
        return q->curve->start(&q->frame, q->rows, k, &r, p);
    memcpy(p, o->near, q->n_params * sizeof *p);
    return true;
}

/* The best of all starts into q->theta. */
static double search(struct problem *q, const struct baseline_options *o, struct baseline_fit *out)
{
    size_t n = o->starts ? o->starts : q->curve->starts, all = n + (isnan(o->near[0]) ? 0 : 1);
    double best = INFINITY, kept[BASELINE_MAX_PARAMS] = {0};
    for (size_t k = 0; k < all; k++) {
        double p[BASELINE_MAX_PARAMS] = {0};
        bool converged;
        if (!start_number(q, o, k, n, p))
            continue;
        for (size_t i = 0; i < q->n_free; i++)
            q->theta[q->index[i]] = to_theta(q->curve->transform[q->index[i]], &q->frame, p[q->index[i]]);
        double sum = minimise(q, NULL, &converged);
        out->n_starts++;
        out->n_failed += isfinite(sum) ? 0 : 1;
        if (sum < best) {
            best = sum;
            memcpy(kept, q->theta, sizeof kept);
        }
    }
    if (isfinite(best)) {
        memcpy(q->theta, kept, sizeof kept);
        if (q->curve->arrange)
            arrange(q);
    }
    return best;
}

static void fill_params(const struct problem *q, const gsl_matrix *covariance, struct baseline_fit *out)
{
    memcpy(out->theta, q->theta, sizeof out->theta);
    for (size_t i = 0; i < q->n_params; i++) {
        double slope;
        out->param[i] = to_natural(q->curve->transform[i], &q->frame, q->theta[i], &slope);
        out->error[i] = 0;
    }
    for (size_t i = 0; i < q->n_free; i++)
        for (size_t k = 0; k < q->n_free; k++)
            out->covariance[q->index[i] * q->n_params + q->index[k]] =
                out->sigma * out->sigma * gsl_matrix_get(covariance, i, k);
    for (size_t i = 0; i < q->n_free; i++) {
        double slope, variance = out->covariance[q->index[i] * q->n_params + q->index[i]];
        to_natural(q->curve->transform[q->index[i]], &q->frame, q->theta[q->index[i]], &slope);
        out->error[q->index[i]] = variance > 0 && slope != 0 ? fabs(slope) * sqrt(variance) : NAN;
    }
}

static void fill_singularity(const struct problem *q, struct baseline_fit *out)
{
    size_t s = (size_t)q->curve->singularity;
    double distance = out->param[s] - out->last_year;
    out->at_bound = distance >= 0.99 * farthest(&q->frame);
    if (out->at_bound)
        snprintf(out->note, sizeof out->note,
                 "the singularity runs away beyond %.0f: the curve has become an exponential", out->param[s]);
    else
        out->blow_up = out->param[s];
    double spread = out->error[s] / distance; /* of ln(T - last) */
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->takeoff[i] =
            out->at_bound
                ? INFINITY
                : out->last_year +
                      distance * exp(isnan(spread) ? 0 : spread * gsl_cdf_ugaussian_Pinv(baseline_probabilities[i]));
    out->takeoff_error = out->at_bound ? NAN : out->error[s];
    out->takeoff_probability = out->at_bound ? 0 : 1;
}

static void fill(struct problem *q, double sum, const gsl_matrix *covariance, struct baseline_fit *out)
{
    double gradient[BASELINE_MAX_PARAMS];
    const struct baseline_rows *rows = q->rows;
    out->n = q->n;
    out->n_params = q->n_params;
    out->n_free = q->n_free + 1 + (out->options.errors == BASELINE_ERRORS_AR1); /* and the variance, the correlation */
    out->sse = sum;
    out->sigma = sqrt(sum / (double)(q->n - q->n_free));
    out->correlation = q->correlation;
    out->log_likelihood = -0.5 * deviance(q, sum);
    fill_params(q, covariance, out);
    out->last_residual =
        log(out->last_value) - curve_evaluate(q->curve, &q->frame, q->n_params, q->theta, out->last_year, gradient);
    out->log_score = 0;
    for (size_t i = 1; i < q->n; i++)
        out->log_score +=
            curve_log_density(q->curve, out, rows->year[i - 1], rows->value[i - 1], rows->year[i], rows->value[i]);
    if (q->curve->singularity >= 0)
        fill_singularity(q, out);
}

enum status curve_fit(const struct curve *c, const struct baseline_rows *rows, const struct baseline_options *o,
                      struct baseline_fit *out, struct error *e)
{
    struct problem q;
    gsl_matrix *covariance = NULL;
    enum status status = set_up(&q, c, rows, o, out, e);
    if (status)
        return status;
    double least = search(&q, o, out);
    if (!isfinite(least))
        return error_set(e, STATUS_FAILED, "%s: no start of the search led anywhere", out->baseline->name);
    if (least == 0)
        return error_set(e, STATUS_BAD_INPUT, "%s passes through every row exactly: no errors to fit by",
                         out->baseline->name);
    covariance = gsl_matrix_alloc(q.n_free, q.n_free);
    if (!covariance)
        return error_memory(e);
    if (o->errors == BASELINE_ERRORS_AR1)
        correlate(&q);
    double sum = minimise(&q, covariance, &out->converged);
    fill(&q, sum, covariance, out);
    gsl_matrix_free(covariance);
    for (size_t i = 0; i < q.n_free && !out->note[0]; i++)
        if (isnan(out->error[q.index[i]])) {
            out->at_bound = true;
            snprintf(out->note, sizeof out->note, "these data do not determine %s",
                     out->baseline->params[q.index[i]].key);
        }
    if (!out->converged && !out->note[0])
        snprintf(out->note, sizeof out->note, "the search had not settled after %d iterations", MAX_ITERATIONS);
    return STATUS_OK;
}

void curve_line(const struct baseline_rows *rows, double origin, double *level, double *growth)
{
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < rows->n_fit; i++) {
        double t = rows->year[i] - origin, v = log(rows->value[i]), weight = rows->weight[i];
        w += weight, x += weight * t, y += weight * v, xx += weight * t * t, xy += weight * t * v;
    }
    *growth = (w * xy - x * y) / (w * xx - x * x);
    *level = (y - *growth * x) / w;
}
