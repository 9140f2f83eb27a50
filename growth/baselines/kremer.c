/* Kremer's regression of growth on the level: M. Kremer, "Population Growth and Technological Change", 1993, table III.
 *
 *     growth (%/year, over the interval from t) = intercept + slope P(t), P in billions where it counts people
 *
 * by ordinary least squares, on the printed growth rates where the series has them, else on those between its rows. As
 * a law dP/dt = P (intercept + slope P)/100 it has a closed solution. */
#include "growth/baselines/baseline.h"
#include "growth/baselines/estimate.h"
#include "growth/baselines/members.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>

enum { INTERCEPT, SLOPE, N };

static const struct param params[N] = {
    [INTERCEPT] = {"intercept", "i", "%/year", 0, -INFINITY, INFINITY, "growth at the level 0"},
    [SLOPE] = {"slope", "b", "%/year per level", 0.5, -INFINITY, INFINITY,
               "growth per level (people: per billion; else per value)"},
};

static double level_unit(const struct baseline_rows *rows)
{
    return rows->persons ? 1e9 / rows->scale : 1;
}

/* Growth in %/year of the interval that starts at row i; NAN: none. */
static double growth_from(const struct baseline_rows *rows, size_t i)
{
    if (i + 1 >= rows->n_fit)
        return NAN;
    if (rows->companion)
        return rows->companion[i];
    return 100 * log(rows->value[i + 1] / rows->value[i]) / (rows->year[i + 1] - rows->year[i]);
}

/* ln(P(t)/P0), years after: dP/dt = P (i + b P)/100. INFINITY: blown up. */
static double grown(double intercept, double slope, double p0, double years)
{
    double i = intercept / 100, b = slope / 100 * p0;
    double left = fabs(i * years) < 1e-9 ? 1 - b * years : exp(-i * years) - b / i * -expm1(-i * years);
    return left > 0 ? -log(left) : INFINITY;
}

static double blow_up_after(double intercept, double slope, double p0)
{
    double i = intercept / 100, b = slope / 100 * p0;
    if (!(b > 0) || !(i + b > 0))
        return NAN;
    return fabs(i) < 1e-12 ? 1 / b : log1p(i / b) / i;
}

static double blow_up_of(const double *theta, void *context)
{
    return blow_up_after(theta[INTERCEPT], theta[SLOPE], *(const double *)context);
}

static void fill_takeoff(struct baseline_fit *out)
{
    double p0 = out->last_value / out->scale_value;
    double after = blow_up_after(out->param[INTERCEPT], out->param[SLOPE], p0);
    double error = estimate_error(blow_up_of, &p0, N, out->theta, out->covariance);
    out->blow_up = out->last_year + after;
    out->takeoff_error = error;
    out->takeoff_probability = isnan(after) ? 0 : 1;
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->takeoff[i] =
            out->last_year + after * exp(error / after * gsl_cdf_ugaussian_Pinv(baseline_probabilities[i]));
}

static double kremer_log_density(const struct baseline_fit *f, double t0, double y0, double t1, double y1)
{
    double years = t1 - t0, mean = grown(f->param[INTERCEPT], f->param[SLOPE], y0 / f->scale_value, years);
    double deviation = f->sigma / 100 * years, z = (log(y1 / y0) - mean) / deviation;
    return isfinite(mean) ? -0.5 * z * z - log(deviation * sqrt(2 * M_PI)) : -INFINITY;
}

/* Regress; x and y hold n points. */
static bool regress(size_t n, gsl_matrix *x, gsl_vector *y, struct baseline_fit *out)
{
    gsl_multifit_linear_workspace *w = gsl_multifit_linear_alloc(n, N);
    gsl_vector *c = gsl_vector_alloc(N);
    gsl_matrix *covariance = gsl_matrix_alloc(N, N);
    double total = gsl_stats_tss(y->data, y->stride, n);
    bool done = w && c && covariance && gsl_multifit_linear(x, y, c, covariance, &out->sse, w) == 0;
    out->r_squared = 1 - out->sse / total;
    for (size_t i = 0; done && i < N; i++) {
        out->param[i] = out->theta[i] = gsl_vector_get(c, i);
        out->error[i] = sqrt(gsl_matrix_get(covariance, i, i));
        for (size_t k = 0; k < N; k++)
            out->covariance[i * N + k] = gsl_matrix_get(covariance, i, k);
    }
    gsl_matrix_free(covariance);
    gsl_vector_free(c);
    gsl_multifit_linear_free(w);
    return done;
}

static enum status fit_points(const struct baseline_rows *rows, size_t n, struct baseline_fit *out, struct error *e)
{
    gsl_matrix *x = gsl_matrix_alloc(n, N);
    gsl_vector *y = gsl_vector_alloc(n);
    bool done = x && y;
    for (size_t i = 0, k = 0; done && i < rows->n_fit; i++) {
        double growth = growth_from(rows, i);
        if (isnan(growth))
            continue;
        gsl_matrix_set(x, k, INTERCEPT, 1);
        gsl_matrix_set(x, k, SLOPE, rows->value[i] / out->scale_value);
        gsl_vector_set(y, k++, growth);
    }
    done = done && regress(n, x, y, out);
    gsl_matrix_free(x);
    gsl_vector_free(y);
    return done ? STATUS_OK : error_set(e, STATUS_FAILED, "the regression of growth on the level is singular");
}

static enum status kremer_fit(const struct baseline_rows *rows, const struct baseline_options *o,
                              struct baseline_fit *out, struct error *e)
{
    size_t n = 0;
    if (isfinite(o->hold[INTERCEPT]) || isfinite(o->hold[SLOPE]))
        return error_set(e, STATUS_USAGE, "of the baseline kremer nothing can be held");
    for (size_t i = 0; i < rows->n_fit; i++)
        n += isnan(growth_from(rows, i)) ? 0 : 1;
    if (n < 4)
        return error_set(e, STATUS_BAD_INPUT, "kremer wants at least 4 intervals, there are %zu", n);
    out->n = n;
    out->n_params = N;
    out->n_free = N + 1;
    out->scale_value = level_unit(rows);
    enum status status = fit_points(rows, n, out, e);
    if (status)
        return status;
    out->sigma = sqrt(out->sse / (double)(n - N));
    out->log_likelihood = -0.5 * (double)n * (log(2 * M_PI * out->sse / (double)n) + 1);
    out->log_score = 0;
    for (size_t i = 1; i < rows->n_fit; i++)
        out->log_score += kremer_log_density(out, rows->year[i - 1], rows->value[i - 1], rows->year[i], rows->value[i]);
    out->converged = true;
    fill_takeoff(out);
    return STATUS_OK;
}

/* The residual growth rate of an interval is kept for as long as intervals were at the end: ten years. */
static void kremer_predict(const struct baseline_fit *f, double year, struct baseline_prediction *out)
{
    double years = year - f->last_year, p0 = f->last_value / f->scale_value;
    double mean = grown(f->param[INTERCEPT], f->param[SLOPE], p0, years);
    double rate[N] = {1, p0}, variance = 0; /* d growth/d theta now, %/year */
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            variance += rate[i] * f->covariance[i * N + k] * rate[k];
    double noise = f->sigma * f->sigma * fmin(years, 10) * years,
           deviation = sqrt(variance * years * years + noise) / 100;
    double spread = f->takeoff_error / (f->blow_up - f->last_year);
    out->blown_up =
        years > 0 && isfinite(f->blow_up) ? gsl_cdf_ugaussian_P(log(years / (f->blow_up - f->last_year)) / spread) : 0;
    for (int i = 0; i < BASELINE_QUANTILES; i++) {
        double p = baseline_probabilities[i];
        bool infinite = !isfinite(mean) || 1 - out->blown_up < p;
        out->quantile[i] = years < 0  ? (i == BASELINE_MEDIAN ? log(f->last_value) + mean : NAN)
                           : infinite ? INFINITY
                                      : log(f->last_value) + mean + deviation * gsl_cdf_ugaussian_Pinv(p);
    }
}

const struct baseline baseline_kremer = {
    .name = "kremer",
    .title = "Kremer's regression of growth on the level",
    .equations = "growth of P (%/year) = intercept + slope P",
    .references =
        "M. Kremer, \"Population Growth and Technological Change: One Million B.C. to 1990\", Quarterly Journal "
        "of Economics 108(3), 1993",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .fit = kremer_fit,
    .predict = kremer_predict,
    .log_density = kremer_log_density,
};
