/* Roodman's stochastic model by exact maximum likelihood: D. Roodman, "Modeling the Human Trajectory", 2020.
 *
 *     dY = (s Y^(1+B) + delta Y) dt + sigma Y^(1+B/2) dW
 *
 * X = Y^-B is a Feller diffusion with B = -1/gamma, delta = b gamma, s = a gamma (nu + gamma), sigma = sqrt(2a)
 * |gamma|; its absorption at 0 is the take-off of Y. The first row only conditions; the log density of each transition
 * is weighted (weights rescaled to sum to their number, so that the information matrix gives standard errors). */
#include "growth/baselines/roodman.h"
#include "growth/baselines/estimate.h"
#include "growth/baselines/feller.h"

#include "base/text.h"

#include <gsl/gsl_multimin.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct param params[] = {
    [ROODMAN_B] = {"B", "B", "", 0.55, 0.01, 50, "how much faster growth is at a higher level"},
    [ROODMAN_S] = {"s", "s", "1/(year value^B)", 1e-4, -INFINITY, INFINITY, "growth at the level 1"},
    [ROODMAN_DELTA] = {"delta", "delta", "1/year", 0, -INFINITY, INFINITY, "growth at any level"},
    [ROODMAN_SIGMA] = {"sigma", "sigma", "1/(sqrt(year) value^(B/2))", 5e-3, 0, INFINITY, "noise at the level 1"},
};

/* Coordinates of the search: ln a and gamma for values in units of the last one, b in units of 1/span. */
enum { LOG_A, B_SPAN, LOG_NU, LOG_GAMMA, N_THETA };
static const double LOG_GAMMA_MOST = 4.605170185988092, LOG_GAMMA_LEAST = -3.912023005428146; /* B from 0.01 to 50 */
static const double LOG_NU_LEAST = -12; /* absorption at 0 no longer shapes anything */

struct likelihood {
    const struct baseline_rows *rows;
    double unit, span; /* value and time scale */
    double weight_scale;
};

static struct feller diffusion(const double *theta, double span)
{
    return (struct feller){exp(theta[LOG_A]), theta[B_SPAN] / span, -exp(theta[LOG_NU])};
}

static double minus_log_likelihood(const double *theta, void *context)
{
    const struct likelihood *w = context;
    const struct baseline_rows *rows = w->rows;
    double power = exp(-theta[LOG_GAMMA]), sum = 0, x0 = pow(rows->value[0] / w->unit, -power);
    struct feller f = diffusion(theta, w->span);
    if (theta[LOG_GAMMA] > LOG_GAMMA_MOST + 1e-9 || theta[LOG_GAMMA] < LOG_GAMMA_LEAST || !(f.a > 0) ||
        theta[LOG_NU] < LOG_NU_LEAST - 1e-9 || theta[LOG_NU] > 25 || fabs(theta[B_SPAN]) > 500)
        return INFINITY;
    for (size_t i = 1; i < rows->n_fit; i++) {
        double log_y = log(rows->value[i] / w->unit), x = exp(-power * log_y);
        double density = feller_log_density(&f, x0, rows->year[i] - rows->year[i - 1], x) + log(power) -
                         (power + 1) * log_y - log(w->unit);
        sum += rows->weight[i] * density;
        x0 = x;
    }
    return isfinite(sum) ? -sum * w->weight_scale : INFINITY;
}

/* From the growth rates between rows: regressed on the level value^B, each weighted by the inverse of the variance the
 * noise gives it, level/years; with or without delta. */
static bool start_from(const struct likelihood *w, double power, bool with_delta, double *theta)
{
    const struct baseline_rows *rows = w->rows;
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, noise = 0, s = 0, d = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 1; i < rows->n_fit; i++) {
            double years = rows->year[i] - rows->year[i - 1], growth = log(rows->value[i] / rows->value[i - 1]) / years;
            double level = pow(rows->value[i - 1] * rows->value[i] / (w->unit * w->unit), power / 2);
            double weight = years / level, miss = growth - d - s * level;
            if (pass == 0)
                n += weight, x += weight * level, y += weight * growth, xx += weight * level * level,
                    xy += weight * level * growth;
            else
                noise += miss * miss * weight / (double)rows->n_fit;
        }
        s = with_delta ? (n * xy - x * y) / (n * xx - x * x) : y / x;
        d = with_delta ? (y - s * x) / n : 0;
    }
    double a = noise * power * power / 2, nu = 1 / power - s * power / a; /* s = a gamma (nu + gamma) */
    if (!(a > 0) || !(s > 0))
        return false;
    theta[LOG_A] = log(a);
    theta[B_SPAN] = fmax(fmin(-d * power * w->span, 100), -100);
    theta[LOG_NU] = log(fmax(-nu, 0.5));
    theta[LOG_GAMMA] = -log(power);
    return true;
}

static struct roodman_parameters natural(const double *theta, double unit, double span)
{
    double gamma = -exp(theta[LOG_GAMMA]), power = -1 / gamma;
    struct feller f = diffusion(theta, span);
    double a = f.a * pow(unit, -power);
    return (struct roodman_parameters){.B = power,
                                       .s = a * gamma * (f.nu + gamma),
                                       .delta = f.b * gamma,
                                       .sigma = sqrt(2 * a) * -gamma,
                                       .log_a = log(a),
                                       .b = f.b,
                                       .nu = f.nu,
                                       .gamma = gamma};
}

struct roodman_parameters roodman_parameters(const struct baseline_fit *f)
{
    return natural(f->theta, f->scale_value, f->first_year < f->last_year ? f->last_year - f->first_year : 1);
}

/* Which quantity to differentiate: B, s, delta, sigma, the median take-off. */
struct derived {
    double unit, span, last;
    int which;
};

static double derived_value(const double *theta, void *context)
{
    const struct derived *w = context;
    struct roodman_parameters p = natural(theta, w->unit, w->span);
    const double values[] = {
        [ROODMAN_B] = p.B, [ROODMAN_S] = p.s, [ROODMAN_DELTA] = p.delta, [ROODMAN_SIGMA] = p.sigma};
    if (w->which < ROODMAN_N)
        return values[w->which];
    struct feller f = diffusion(theta, w->span);
    return feller_absorption_time(&f, pow(w->last / w->unit, -p.B), 0.5);
}

static void fill_takeoff(struct baseline_fit *out)
{
    struct roodman_parameters p = roodman_parameters(out);
    struct feller f = diffusion(out->theta, out->last_year - out->first_year);
    double x0 = pow(out->last_value / out->scale_value, -p.B);
    bool absorbs = out->theta[LOG_NU] > LOG_NU_LEAST; /* at nu = 0 the diffusion never reaches 0 */
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        out->takeoff[i] =
            absorbs ? out->last_year + feller_absorption_time(&f, x0, baseline_probabilities[i]) : INFINITY;
    out->takeoff_probability = absorbs ? feller_absorbed(&f, x0, INFINITY) : 0;
    double level = p.delta * pow(out->last_value, -p.B) / p.s;
    if (p.s > 0 && level > -1)
        out->blow_up = out->last_year +
                       (fabs(level) < 1e-9 ? pow(out->last_value, -p.B) / (p.B * p.s) : log1p(level) / (p.B * p.delta));
}

static void fill_errors(struct baseline_fit *out)
{
    struct derived w = {out->scale_value, out->last_year - out->first_year, out->last_value, 0};
    for (w.which = 0; w.which <= ROODMAN_N; w.which++) {
        double error = estimate_error(derived_value, &w, N_THETA, out->theta, out->covariance);
        if (w.which < ROODMAN_N)
            out->error[w.which] = error;
        else
            out->takeoff_error = isfinite(out->takeoff[BASELINE_MEDIAN]) ? error : NAN;
    }
}

static double roodman_log_density(const struct baseline_fit *f, double t0, double y0, double t1, double y1)
{
    struct feller d = diffusion(f->theta, f->last_year - f->first_year);
    double power = f->param[ROODMAN_B], log_y = log(y1 / f->scale_value);
    return feller_log_density(&d, pow(y0 / f->scale_value, -power), t1 - t0, exp(-power * log_y)) + log(power) -
           power * log_y;
}

static void fill(struct baseline_fit *out, const struct likelihood *w, double minimum)
{
    struct roodman_parameters p = roodman_parameters(out);
    out->param[ROODMAN_B] = p.B;
    out->param[ROODMAN_S] = p.s;
    out->param[ROODMAN_DELTA] = p.delta;
    out->param[ROODMAN_SIGMA] = out->sigma = p.sigma;
    out->log_likelihood = -minimum;
    out->log_score = 0;
    for (size_t i = 1; i < w->rows->n_fit; i++)
        out->log_score +=
            roodman_log_density(out, w->rows->year[i - 1], w->rows->value[i - 1], w->rows->year[i], w->rows->value[i]);
    fill_takeoff(out);
    fill_errors(out);
}

/* The best of simplex searches from regressions at several B. */
static double search(struct likelihood *w, const bool *held, double held_gamma, double *theta, struct baseline_fit *out)
{
    static const double powers[] = {0.03, 0.1, 0.25, 0.5, 0.8, 1.3, 2, 3.5};
    double best = INFINITY;
    for (size_t k = 0; k < 2 * sizeof powers / sizeof powers[0]; k++) {
        double trial[N_THETA];
        if (!start_from(w, powers[k / 2], k % 2, trial))
            continue;
        if (held[LOG_GAMMA])
            trial[LOG_GAMMA] = held_gamma;
        double minimum = estimate_simplex(minus_log_likelihood, w, N_THETA, held, true, trial);
        out->n_starts++;
        out->n_failed += isfinite(minimum) ? 0 : 1;
        if (minimum < best) {
            best = minimum;
            memcpy(theta, trial, sizeof trial);
        }
    }
    return isfinite(best) ? estimate_simplex(minus_log_likelihood, w, N_THETA, held, false, theta) : best;
}

/* A coordinate that ran to its bound is held there, so that the others have standard errors. */
static void hold_bounds(bool *held, struct baseline_fit *out)
{
    if (!held[LOG_GAMMA] && out->theta[LOG_GAMMA] > LOG_GAMMA_MOST - 0.01) {
        held[LOG_GAMMA] = out->at_bound = true;
        out->theta[LOG_GAMMA] = LOG_GAMMA_MOST;
        snprintf(out->note, sizeof out->note,
                 "B ran to its bound 0.01: growth was no faster at higher levels, as in an exponential with noise");
    }
    if (out->theta[LOG_NU] < LOG_NU_LEAST + 0.01) {
        held[LOG_NU] = out->at_bound = true;
        out->theta[LOG_NU] = LOG_NU_LEAST;
        if (!out->note[0])
            snprintf(out->note, sizeof out->note,
                     "nu ran to 0: the likelihood is highest where the noise keeps the series from ever taking off");
    }
}

static enum status roodman_fit(const struct baseline_rows *rows, const struct baseline_options *o,
                               struct baseline_fit *out, struct error *e)
{
    struct likelihood w = {rows, rows->value[rows->n_fit - 1], rows->year[rows->n_fit - 1] - rows->year[0], 0};
    bool held[N_THETA] = {false};
    double total = 0, held_gamma = -log(o->hold[ROODMAN_B]);
    for (int i = ROODMAN_S; i < ROODMAN_N; i++)
        if (isfinite(o->hold[i]))
            return error_set(e, STATUS_USAGE, "of the model roodman only B can be held, not %s", params[i].key);
    for (size_t i = 1; i < rows->n_fit; i++)
        total += rows->weight[i];
    w.weight_scale = (double)(rows->n_fit - 1) / total;
    held[LOG_GAMMA] = isfinite(held_gamma);
    double minimum = search(&w, held, held_gamma, out->theta, out);
    if (!isfinite(minimum))
        return error_set(e, STATUS_FAILED, "no start of the likelihood search led anywhere");
    hold_bounds(held, out);
    out->converged = estimate_newton(minus_log_likelihood, &w, N_THETA, held, out->theta, &minimum, out->covariance);
    if (!out->converged)
        snprintf(out->note, sizeof out->note, "the likelihood has no maximum with curvature here: no standard errors");
    out->n = rows->n_fit - 1;
    out->n_params = N_THETA;
    for (size_t i = 0; i < N_THETA; i++)
        out->n_free += held[i] ? 0 : 1;
    out->scale_value = w.unit;
    fill(out, &w, minimum);
    return STATUS_OK;
}

static void roodman_predict(const struct baseline_fit *f, double year, struct baseline_prediction *out)
{
    struct feller d = diffusion(f->theta, f->last_year - f->first_year);
    double power = f->param[ROODMAN_B], x0 = pow(f->last_value / f->scale_value, -power), ahead = year - f->last_year;
    out->blown_up = ahead > 0 && f->takeoff_probability > 0 ? feller_absorbed(&d, x0, ahead) : 0;
    for (int i = 0; i < BASELINE_QUANTILES; i++) {
        double x = ahead > 0 ? feller_quantile_above(&d, x0, ahead, baseline_probabilities[i]) : x0;
        out->quantile[i] = ahead < 0 ? NAN : x > 0 ? log(f->scale_value) - log(x) / power : INFINITY;
    }
    if (ahead < 0) { /* X' = -B (s + delta X) without noise, backwards */
        double s = f->param[ROODMAN_S] * pow(f->scale_value, power), rate = power * f->param[ROODMAN_DELTA];
        double stretch = fabs(rate * ahead) < 1e-9 ? ahead : -expm1(-rate * ahead) / rate;
        double x = x0 * exp(-rate * ahead) - power * s * stretch;
        out->quantile[BASELINE_MEDIAN] = log(f->scale_value) - log(x) / power;
    }
}

size_t roodman_path(const struct baseline_fit *f, size_t n, const double *year, struct random_stream *r, double *value)
{
    struct feller d = diffusion(f->theta, f->last_year - f->first_year);
    double power = f->param[ROODMAN_B], x = pow(f->last_value / f->scale_value, -power), now = f->last_year;
    for (size_t i = 0; i < n; i++) {
        x = feller_draw(&d, x, year[i] - now, r);
        now = year[i];
        if (!(x > 0))
            return i;
        value[i] = f->scale_value * pow(x, -1 / power);
    }
    return n;
}

const struct baseline baseline_roodman = {
    .name = "roodman",
    .title = "Roodman's stochastic model, by exact maximum likelihood",
    .equations = "dY = (s Y^(1+B) + delta Y) dt + sigma Y^(1+B/2) dW",
    .references = "D. Roodman, \"Modeling the Human Trajectory\", Open Philanthropy, 2020; arXiv 2605.09182",
    .params = params,
    .n_params = ROODMAN_N,
    .from = -10000,
    .every = 10,
    .weights = BASELINE_WEIGHTS_MEASUREMENT,
    .fit = roodman_fit,
    .predict = roodman_predict,
    .log_density = roodman_log_density,
};
