/* What a fitted curve says of other years. Before a singularity whose date is uncertain the delta method fails (its
 * slope grows without bound): there a prediction is a mixture over dates of the blow-up. */
#include "growth/baselines/curve.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

enum { BLOW_UPS = 100 };

static double kept_after(const struct baseline_fit *f, double years)
{
    return f->correlation > 0 && years >= 0 ? pow(f->correlation, years) : 0;
}

/* ln value at a year as a normal distribution: the curve's, with the errors of its parameters (delta method) and of an
 * observation. */
struct forecast {
    double mean, variance; /* mean INFINITY: blown up */
};

static struct forecast forecast_from(const struct curve *c, const struct baseline_fit *f, const double *theta,
                                     const double *covariance, double year)
{
    struct curve_frame w = curve_frame_of(c, f->first_year, f->last_year, f->options.modes);
    double slope[BASELINE_MAX_PARAMS] = {0}, at_end[BASELINE_MAX_PARAMS] = {0}, best[BASELINE_MAX_PARAMS];
    double kept = year > f->last_year ? kept_after(f, year - f->last_year) : 0;
    /* the last residual is that of the best curve: this one's differs by how far apart they end */
    double last = f->last_residual + curve_evaluate(c, &w, f->n_params, f->theta, f->last_year, best) -
                  curve_evaluate(c, &w, f->n_params, theta, f->last_year, at_end);
    struct forecast out = {.mean = curve_evaluate(c, &w, f->n_params, theta, year, slope) + kept * last,
                           .variance = f->sigma * f->sigma * (1 - kept * kept)};
    for (size_t i = 0; i < f->n_params; i++)
        slope[i] -= kept * at_end[i];
    for (size_t i = 0; i < f->n_params; i++)
        for (size_t k = 0; k < f->n_params; k++)
            out.variance += slope[i] * covariance[i * f->n_params + k] * slope[k];
    return out;
}

/* Standard deviation of ln(date of the blow-up - last year); NAN where the fit gives none. */
static double blow_up_spread(const struct curve *c, const struct baseline_fit *f)
{
    if (c->singularity < 0 || f->at_bound)
        return NAN;
    double spread = f->takeoff_error / (f->param[c->singularity] - f->last_year);
    return spread > 0 ? spread : NAN;
}

/* One forecast for each of BLOW_UPS equally likely dates of the blow-up after `year` (its share of them being what
 * probability `gone` leaves), the other parameters where they go with it on average and with what errors are left. */
static void forecast_by_blow_up(const struct curve *c, const struct baseline_fit *f, double year, double gone,
                                struct forecast out[BLOW_UPS])
{
    size_t n = f->n_params, s = (size_t)c->singularity;
    double theta[BASELINE_MAX_PARAMS], left[BASELINE_MAX_PARAMS * BASELINE_MAX_PARAMS];
    const double *along = f->covariance + s * n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            left[i * n + k] = f->covariance[i * n + k] - along[i] * along[k] / along[s];
    for (size_t b = 0; b < BLOW_UPS; b++) {
        double z = gsl_cdf_ugaussian_Pinv(gone + (1 - gone) * ((double)b + 0.5) / BLOW_UPS);
        for (size_t i = 0; i < n; i++)
            theta[i] = f->theta[i] + z * along[i] / sqrt(along[s]);
        out[b] = forecast_from(c, f, theta, left, year);
    }
}

/* The value below which a part p of all forecasts lies: all of them together are 1 - gone. */
static double mixture_quantile(const struct forecast *of, double gone, double p)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t b = 0; b < BLOW_UPS; b++) {
        low = fmin(low, of[b].mean - 10 * sqrt(of[b].variance));
        high = fmax(high, of[b].mean + 10 * sqrt(of[b].variance));
    }
    while (high - low > 1e-9 * fmax(1, fabs(low))) {
        double middle = 0.5 * (low + high), below = 0;
        for (size_t b = 0; b < BLOW_UPS; b++)
            below += gsl_cdf_ugaussian_P((middle - of[b].mean) / fmax(sqrt(of[b].variance), 1e-12));
        if (below * (1 - gone) / BLOW_UPS < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

void curve_predict(const struct curve *c, const struct baseline_fit *f, double year, struct baseline_prediction *out)
{
    double spread = blow_up_spread(c, f);
    if (!isnan(spread) && year > f->last_year) {
        struct forecast forecasts[BLOW_UPS];
        double ahead = log((year - f->last_year) / (f->param[c->singularity] - f->last_year));
        out->blown_up = gsl_cdf_ugaussian_P(ahead / spread);
        forecast_by_blow_up(c, f, year, out->blown_up, forecasts);
        for (int i = 0; i < BASELINE_QUANTILES; i++)
            out->quantile[i] = baseline_probabilities[i] < 1 - out->blown_up
                                   ? mixture_quantile(forecasts, out->blown_up, baseline_probabilities[i])
                                   : INFINITY;
        return;
    }
    struct forecast one = forecast_from(c, f, f->theta, f->covariance, year);
    out->blown_up = !isfinite(one.mean);
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->quantile[i] = out->blown_up > 0
                               ? INFINITY
                               : one.mean + sqrt(one.variance) * gsl_cdf_ugaussian_Pinv(baseline_probabilities[i]);
}

double curve_log_density(const struct curve *c, const struct baseline_fit *f, double t0, double y0, double t1,
                         double y1)
{
    struct curve_frame w = curve_frame_of(c, f->first_year, f->last_year, f->options.modes);
    double slope[BASELINE_MAX_PARAMS], kept = kept_after(f, t1 - t0);
    double mean = curve_evaluate(c, &w, f->n_params, f->theta, t1, slope);
    if (kept > 0)
        mean += kept * (log(y0) - curve_evaluate(c, &w, f->n_params, f->theta, t0, slope));
    double deviation = f->sigma * sqrt(1 - kept * kept), z = (log(y1) - mean) / deviation;
    return isfinite(mean) ? -0.5 * z * z - log(deviation * sqrt(2 * M_PI)) : -INFINITY;
}
