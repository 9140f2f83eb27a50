#include "solver/least_squares.h"

#include "solver/gsl_errors.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITERATIONS = 200 };

/* A trial without residuals: longer than any residual vector, so that the trust region shrinks. */
static const double TURNED_DOWN = 1e100;
/* Where a start at a bound is put, in units of sin u: at the bound itself nothing would move it. */
static const double INSIDE = 0.999;
static const double BOUND = 1e-4, DIFFERENCE = 1e-6;

struct solver {
    const struct least_squares_problem *problem;
    const struct least_squares_options *options;
    struct least_squares_result *out;
    double *z, *slope, *moved; /* (k), (k) dz/du, (n) */
    bool stopped, gave_up;
};

/* --- bounds ------------------------------------------------------------------------------------------------------- */

static double low_of(const struct least_squares_problem *p, size_t j)
{
    return p->low ? p->low[j] : -INFINITY;
}

static double high_of(const struct least_squares_problem *p, size_t j)
{
    return p->high ? p->high[j] : INFINITY;
}

static double outside_to_inside(double u, double low, double high, double *slope)
{
    double root = sqrt(1 + u * u);
    if (isfinite(low) && isfinite(high)) {
        *slope = 0.5 * (high - low) * cos(u);
        return low + 0.5 * (high - low) * (1 + sin(u));
    }
    *slope = isfinite(low) ? u / root : isfinite(high) ? -u / root : 1;
    return isfinite(low) ? low - 1 + root : isfinite(high) ? high + 1 - root : u;
}

static double inside_to_outside(double z, double low, double high)
{
    if (isfinite(low) && isfinite(high)) {
        double at = high > low ? 2 * (z - low) / (high - low) - 1 : 0;
        return asin(fmin(fmax(at, -INSIDE), INSIDE));
    }
    if (isfinite(low) || isfinite(high)) {
        double above = fmax(1 - INSIDE, isfinite(low) ? z - low : high - z);
        return sqrt((1 + above) * (1 + above) - 1);
    }
    return z;
}

static void take_position(struct solver *s, const gsl_vector *u)
{
    for (size_t j = 0; j < s->problem->k; j++)
        s->z[j] = outside_to_inside(gsl_vector_get(u, j), low_of(s->problem, j), high_of(s->problem, j), &s->slope[j]);
}

/* --- callbacks from GSL ------------------------------------------------------------------------------------------- */

static bool must_stop(struct solver *s)
{
    s->stopped = s->stopped || reporter_stop_requested(s->options->reporter);
    return s->stopped || s->gave_up;
}

/* A callback gave up: of itself, or because a stop was requested while it ran. */
static void give_up(struct solver *s)
{
    s->gave_up = true;
    must_stop(s);
}

static int call_residuals(const gsl_vector *u, void *params, gsl_vector *r)
{
    struct solver *s = params;
    if (must_stop(s))
        return GSL_EFAILED;
    take_position(s, u);
    s->out->evaluations++;
    int code = s->problem->residuals(s->z, r->data, s->problem->context);
    for (size_t i = 0; i < s->problem->n && !code; i++)
        code = !isfinite(r->data[i]);
    if (code < 0)
        give_up(s);
    s->out->failures += code > 0;
    if (code)
        gsl_vector_set_all(r, TURNED_DOWN / sqrt((double)s->problem->n));
    return s->gave_up ? GSL_EFAILED : GSL_SUCCESS;
}

static int difference_jacobian(struct solver *s, double *jac)
{
    size_t n = s->problem->n, k = s->problem->k;
    for (size_t j = 0; j < k; j++) {
        double z = s->z[j], h = DIFFERENCE * fmax(fabs(z), 1e-2);
        if (z + h > high_of(s->problem, j))
            h = -h;
        s->z[j] = z + h;
        int code = s->problem->residuals(s->z, s->moved, s->problem->context);
        s->out->evaluations++;
        s->z[j] = z;
        if (code)
            return code;
        for (size_t i = 0; i < n; i++)
            jac[i * k + j] = (s->moved[i] - s->out->r[i]) / h;
    }
    return 0;
}

/* Residuals are good here: GSL asks for the Jacobian where it stands. */
static int call_jacobian(const gsl_vector *u, void *params, gsl_matrix *jac)
{
    struct solver *s = params;
    size_t n = s->problem->n, k = s->problem->k;
    if (must_stop(s))
        return GSL_EFAILED;
    take_position(s, u);
    s->out->jacobians++;
    int code;
    if (s->problem->jacobian)
        code = s->problem->jacobian(s->z, jac->data, s->problem->context);
    else {
        code = s->problem->residuals(s->z, s->out->r, s->problem->context);
        code = code ? code : difference_jacobian(s, jac->data);
    }
    for (size_t i = 0; i < n * k && !code; i++)
        code = !isfinite(jac->data[i]);
    if (code) {
        give_up(s);
        return GSL_EFAILED;
    }
    memcpy(s->out->jac, jac->data, n * k * sizeof *s->out->jac);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            jac->data[i * k + j] *= s->slope[j];
    return GSL_SUCCESS;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void keep(struct solver *s, const gsl_vector *u, const gsl_vector *r)
{
    take_position(s, u);
    memcpy(s->out->z, s->z, s->problem->k * sizeof *s->z);
    memcpy(s->out->r, r->data, s->problem->n * sizeof *r->data);
    s->out->cost = 0;
    for (size_t i = 0; i < s->problem->n; i++)
        s->out->cost += r->data[i] * r->data[i];
}

static void mark_bounds(struct solver *s)
{
    for (size_t j = 0; j < s->problem->k; j++) {
        double low = low_of(s->problem, j), high = high_of(s->problem, j), z = s->out->z[j];
        double near = BOUND * (isfinite(low) && isfinite(high) ? high - low : 1);
        s->out->at_bound[j] = z - low < near || high - z < near;
    }
}

static void iterate(struct solver *s, gsl_multifit_nlinear_workspace *w)
{
    const struct least_squares_options *o = s->options;
    size_t most = o->max_iterations ? o->max_iterations : MAX_ITERATIONS;
    double xtol = o->xtol > 0 ? o->xtol : 1e-8, gtol = o->gtol > 0 ? o->gtol : 1e-10,
           ftol = o->ftol > 0 ? o->ftol : 1e-10;
    s->out->end = LEAST_SQUARES_LIMIT;
    while (s->out->iterations < most) {
        double before = s->out->cost;
        int info = 0, code = gsl_multifit_nlinear_iterate(w);
        if (s->stopped || s->gave_up)
            return;
        keep(s, gsl_multifit_nlinear_position(w), gsl_multifit_nlinear_residual(w));
        s->out->iterations++;
        if (code) {
            s->out->end = LEAST_SQUARES_NO_PROGRESS;
            return;
        }
        if (gsl_multifit_nlinear_test(xtol, gtol, 0, &info, w) == GSL_SUCCESS ||
            before - s->out->cost < ftol * s->out->cost) {
            s->out->end = LEAST_SQUARES_CONVERGED;
            return;
        }
    }
}

static bool allocate(struct solver *s)
{
    size_t n = s->problem->n, k = s->problem->k;
    struct least_squares_result *r = s->out;
    *r = (struct least_squares_result){.n = n, .k = k, .cost = INFINITY};
    r->z = calloc(k, sizeof *r->z);
    r->r = calloc(n, sizeof *r->r);
    r->jac = calloc(n * k, sizeof *r->jac);
    r->at_bound = calloc(k, sizeof *r->at_bound);
    s->z = calloc(k, sizeof *s->z);
    s->slope = calloc(k, sizeof *s->slope);
    s->moved = calloc(n, sizeof *s->moved);
    return r->z && r->r && r->jac && r->at_bound && s->z && s->slope && s->moved;
}

/* GSL looks at the Jacobian before it looks at the residuals: a start without residuals is caught here. */
static enum status check_start(struct solver *s, const gsl_vector *u, struct error *e)
{
    gsl_vector_view r = gsl_vector_view_array(s->out->r, s->problem->n);
    int code = call_residuals(u, s, &r.vector);
    if (s->stopped)
        return error_set(e, STATUS_INTERRUPTED, "least squares stopped on request");
    if (code || s->out->failures)
        return error_set(e, STATUS_FAILED, "least squares: there are no residuals at the start");
    keep(s, u, &r.vector);
    return STATUS_OK;
}

enum status least_squares_solve(const struct least_squares_problem *problem,
                                const struct least_squares_options *options, const double *z0,
                                struct least_squares_result *out, struct error *e)
{
    struct solver s = {.problem = problem, .options = options, .out = out};
    gsl_multifit_nlinear_workspace *w = NULL;
    gsl_vector *u = NULL;
    enum status status = STATUS_OK;
    gsl_errors_return();
    if (!problem->k || problem->n < problem->k) {
        *out = (struct least_squares_result){0};
        return error_set(e, STATUS_FAILED, "least squares: %zu residuals for %zu parameters", problem->n, problem->k);
    }
    if (!allocate(&s))
        status = error_memory(e);
    if (!status) {
        gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
        w = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, problem->n, problem->k);
        u = gsl_vector_alloc(problem->k);
        status = w && u ? STATUS_OK : error_memory(e);
    }
    for (size_t j = 0; j < problem->k && !status; j++)
        gsl_vector_set(u, j, inside_to_outside(z0[j], low_of(problem, j), high_of(problem, j)));
    if (!status)
        status = check_start(&s, u, e);
    gsl_multifit_nlinear_fdf fdf = {
        .f = call_residuals, .df = call_jacobian, .n = problem->n, .p = problem->k, .params = &s};
    if (!status && gsl_multifit_nlinear_init(u, &fdf, w) == GSL_SUCCESS)
        iterate(&s, w);
    if (!status && s.stopped)
        status = error_set(e, STATUS_INTERRUPTED, "least squares stopped on request");
    else if (!status && s.gave_up)
        status = error_set(e, STATUS_FAILED, "least squares: the derivatives cannot be computed");
    if (!status)
        mark_bounds(&s);
    if (w)
        gsl_multifit_nlinear_free(w);
    gsl_vector_free(u);
    free(s.z);
    free(s.slope);
    free(s.moved);
    return status;
}

void least_squares_result_clear(struct least_squares_result *r)
{
    free(r->z);
    free(r->r);
    free(r->jac);
    free(r->at_bound);
    memset(r, 0, sizeof *r);
}
