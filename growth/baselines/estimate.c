#include "growth/baselines/estimate.h"

#include "solver/linalg.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <math.h>
#include <string.h>

/* --- simplex ------------------------------------------------------------------------------------------------------ */

struct reduced {
    estimate_function *f;
    void *context;
    size_t n, index[ESTIMATE_MAX]; /* the free coordinates */
    double theta[ESTIMATE_MAX];
};

static double reduced_value(const gsl_vector *x, void *context)
{
    const struct reduced *r = context;
    double theta[ESTIMATE_MAX];
    memcpy(theta, r->theta, sizeof theta);
    for (size_t i = 0; i < r->n; i++)
        theta[r->index[i]] = gsl_vector_get(x, i);
    double value = r->f(theta, r->context);
    return isfinite(value) ? value : 1e300; /* GSL stops at infinities */
}

static double run_simplex(struct reduced *r, gsl_multimin_fminimizer *m, gsl_vector *x, gsl_vector *step, double size,
                          double tolerance)
{
    gsl_multimin_function f = {reduced_value, r->n, r};
    gsl_vector_set_all(step, size);
    if (gsl_multimin_fminimizer_set(m, &f, x, step) != GSL_SUCCESS)
        return INFINITY;
    for (int i = 0; i < 3000; i++)
        if (gsl_multimin_fminimizer_iterate(m) != GSL_SUCCESS || gsl_multimin_fminimizer_size(m) < tolerance)
            break;
    gsl_vector_memcpy(x, gsl_multimin_fminimizer_x(m));
    double value = gsl_multimin_fminimizer_minimum(m);
    return value < 1e299 ? value : INFINITY;
}

static struct reduced reduce(estimate_function *f, void *context, size_t n, const bool *held, const double *theta)
{
    struct reduced r = {.f = f, .context = context};
    memcpy(r.theta, theta, n * sizeof *theta);
    for (size_t i = 0; i < n; i++)
        if (!held[i])
            r.index[r.n++] = i;
    return r;
}

double estimate_simplex(estimate_function *f, void *context, size_t n, const bool *held, bool coarse, double *theta)
{
    struct reduced r = reduce(f, context, n, held, theta);
    double best = f(theta, context);
    if (!isfinite(best) || r.n == 0)
        return best;
    gsl_vector *x = gsl_vector_alloc(r.n), *step = gsl_vector_alloc(r.n);
    gsl_multimin_fminimizer *m = gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, r.n);
    if (x && step && m) {
        for (size_t i = 0; i < r.n; i++)
            gsl_vector_set(x, i, theta[r.index[i]]);
        for (int restart = 0; restart < 8; restart++) {
            double value = run_simplex(&r, m, x, step, restart || !coarse ? 0.1 : 0.5, coarse ? 1e-3 : 1e-7);
            bool gained = value < best - 1e-7;
            best = fmin(best, value);
            if (!gained || coarse)
                break;
        }
        for (size_t i = 0; i < r.n; i++)
            theta[r.index[i]] = gsl_vector_get(x, i);
    }
    gsl_multimin_fminimizer_free(m);
    gsl_vector_free(x);
    gsl_vector_free(step);
    return best;
}

/* --- Newton ------------------------------------------------------------------------------------------------------- */

static double at(const struct reduced *r, size_t i, double di, size_t j, double dj)
{
    double theta[ESTIMATE_MAX];
    memcpy(theta, r->theta, sizeof theta);
    theta[r->index[i]] += di;
    theta[r->index[j]] += dj;
    return r->f(theta, r->context);
}

static double mixed(const struct reduced *r, size_t i, size_t j, double hi, double hj)
{
    return (at(r, i, hi, j, hj) - at(r, i, hi, j, -hj) - at(r, i, -hi, j, hj) + at(r, i, -hi, j, -hj)) / (4 * hi * hj);
}

/* Gradient (n) and Hessian (n, n) in the free coordinates. */
static void differentiate(const struct reduced *r, const double *h, double *gradient, double *hessian)
{
    double here = r->f(r->theta, r->context);
    for (size_t i = 0; i < r->n; i++) {
        double m2 = at(r, i, -2 * h[i], i, 0), m1 = at(r, i, -h[i], i, 0), p1 = at(r, i, h[i], i, 0),
               p2 = at(r, i, 2 * h[i], i, 0);
        gradient[i] = (m2 - 8 * m1 + 8 * p1 - p2) / (12 * h[i]);
        hessian[i * r->n + i] = (-m2 + 16 * m1 - 30 * here + 16 * p1 - p2) / (12 * h[i] * h[i]);
        for (size_t j = 0; j < i; j++) {
            double d = (4 * mixed(r, i, j, h[i], h[j]) - mixed(r, i, j, 2 * h[i], 2 * h[j])) / 3;
            hessian[i * r->n + j] = hessian[j * r->n + i] = d;
        }
    }
}

/* Step along -H^-1 g, halved until it does not climb; its length in standard deviations, NAN: the curvature is not
 * positive or nothing helps. inverse: H^-1. */
static double newton_step(struct reduced *r, const double *gradient, const double *hessian, double *inverse)
{
    double factor[ESTIMATE_MAX * ESTIMATE_MAX], step[ESTIMATE_MAX], start[ESTIMATE_MAX], length = 0;
    size_t n = r->n;
    memcpy(factor, hessian, n * n * sizeof *hessian);
    for (size_t i = 0; i < n * n; i++)
        if (!isfinite(hessian[i]))
            return NAN;
    if (linalg_cholesky(n, factor, NULL))
        return NAN;
    for (size_t i = 0; i < n * n; i++)
        inverse[i] = i % (n + 1) == 0;
    linalg_cholesky_solve(n, n, factor, inverse);
    memcpy(step, gradient, n * sizeof *gradient);
    linalg_cholesky_solve(n, 1, factor, step);
    for (size_t i = 0; i < n; i++)
        length += step[i] * gradient[i];
    length = sqrt(fmax(length, 0));
    memcpy(start, r->theta, sizeof start);
    double here = r->f(r->theta, r->context), scale = 1;
    for (int i = 0; i < 20; i++) {
        for (size_t k = 0; k < n; k++)
            r->theta[r->index[k]] = start[r->index[k]] - scale * step[k];
        if (r->f(r->theta, r->context) <= here + 1e-10 * fabs(here))
            return length;
        scale /= 2;
    }
    memcpy(r->theta, start, sizeof start);
    return NAN;
}

bool estimate_newton(estimate_function *f, void *context, size_t n, const bool *held, double *theta, double *minimum,
                     double *covariance)
{
    struct reduced r = reduce(f, context, n, held, theta);
    double h[ESTIMATE_MAX] = {0}, gradient[ESTIMATE_MAX] = {0}, hessian[ESTIMATE_MAX * ESTIMATE_MAX] = {0},
           inverse[ESTIMATE_MAX * ESTIMATE_MAX] = {0}, length = INFINITY;
    for (size_t i = 0; i < n; i++)
        h[i] = 1e-3;
    for (int i = 0; i < 40 && length > 1e-9; i++) {
        differentiate(&r, h, gradient, hessian);
        length = newton_step(&r, gradient, hessian, inverse);
        for (size_t k = 0; k < r.n; k++) {
            double curvature = hessian[k * r.n + k];
            h[k] = curvature > 0 ? fmin(0.1 / sqrt(curvature), 0.05) : h[k];
        }
        if (i < 2 && isfinite(length))
            length = fmax(length, 1e-8); /* with the steps of this place at least once more */
    }
    for (size_t i = 0; i < n * n; i++)
        covariance[i] = isnan(length) ? NAN : 0;
    if (isnan(length))
        return false;
    memcpy(theta, r.theta, n * sizeof *theta);
    *minimum = f(theta, context);
    for (size_t i = 0; i < r.n; i++)
        for (size_t j = 0; j < r.n; j++)
            covariance[r.index[i] * n + r.index[j]] = inverse[i * r.n + j];
    return length <= 1e-4;
}

double estimate_error(estimate_function *g, void *context, size_t n, const double *theta, const double *covariance)
{
    double gradient[ESTIMATE_MAX] = {0}, moved[ESTIMATE_MAX] = {0}, sum = 0;
    memcpy(moved, theta, n * sizeof *theta);
    for (size_t i = 0; i < n; i++) {
        double h = 1e-3 * sqrt(covariance[i * n + i]);
        gradient[i] = 0;
        if (h == 0)
            continue;
        moved[i] = theta[i] + h;
        gradient[i] = g(moved, context);
        moved[i] = theta[i] - h;
        gradient[i] = (gradient[i] - g(moved, context)) / (2 * h);
        moved[i] = theta[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum += gradient[i] * covariance[i * n + j] * gradient[j];
    return sqrt(sum);
}
