/* All parts of an identification, one after the other. */
#include "growth/identify/identify.h"
#include "growth/identify/identify_private.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where the variable reaches its level at the best fit, by secant steps on its logarithm; NAN: nowhere near. */
static double onset_at_best(const struct identify *q, struct fit_evaluator *v)
{
    double a = q->end - 20, b = q->end + 5, at_a, at_b, level = log(q->settings.level);
    if (fit_predict(v, q->z, q->settings.variable, a, &at_a, NULL) ||
        fit_predict(v, q->z, q->settings.variable, b, &at_b, NULL))
        return NAN;
    for (int i = 0; i < 40 && fabs(b - a) > 1e-6; i++) {
        double slope = (at_b - at_a) / (b - a), next = b - (at_b - level) / slope;
        if (!(slope > 0) || !(fabs(next - q->end) < 5000))
            return NAN;
        a = b;
        at_a = at_b;
        b = fmin(fmax(next, b - 60), b + 60);
        if (fit_predict(v, q->z, q->settings.variable, b, &at_b, NULL))
            return NAN;
    }
    return b;
}

/* Standard error of the onset date to first order: sqrt(sum (g.d_i)^2/s_i^2) over the directions d_i of the Jacobian,
 * s_i its singular values, g = dD/dz = -(d ln v/dz)/(d ln v/dt). Infinite where g has a part in a direction without
 * data. */
static double linear_error(const struct identify *q, struct fit_evaluator *v, const struct least_squares_errors *errors)
{
    double gradient[FIT_MAX_PARAMETERS], before, after, sum = 0, date = onset_at_best(q, v), h = 0.25;
    size_t k = q->fit.n_parameters;
    if (!isfinite(date) || fit_predict(v, q->z, q->settings.variable, date, &before, gradient) ||
        fit_predict(v, q->z, q->settings.variable, date - h, &before, NULL) ||
        fit_predict(v, q->z, q->settings.variable, date + h, &after, NULL))
        return NAN;
    for (size_t i = 0; i < k; i++) {
        double along = 0;
        for (size_t j = 0; j < k; j++)
            along += gradient[j] * errors->direction[i * k + j];
        along *= 2 * h / (after - before);
        sum += i < errors->rank ? along * along / (errors->singular[i] * errors->singular[i])
                                : (fabs(along) > 1e-6 ? INFINITY : 0);
    }
    return sqrt(sum);
}

static enum status set_spectrum(const struct identify *q, const struct reporter *reporter, struct identify_result *out,
                                struct error *e)
{
    size_t n = fit_count_residuals(&q->fit), k = q->fit.n_parameters, rows = 0;
    double *r = malloc((n * (k + 1) + 1) * sizeof *r), ones[FIT_MAX_PARAMETERS];
    struct fit_evaluator v;
    struct least_squares_errors all = {0};
    fit_evaluator_init(&v, &q->fit, reporter);
    enum status status = r ? STATUS_OK : error_memory(e);
    for (size_t j = 0; j < k; j++)
        ones[j] = 1;
    if (!status && fit_evaluate(&v, q->z, r, r + n))
        status = error_set(e, STATUS_FAILED, "the best fit has no residuals: %s", v.complaint);
    if (!status)
        status = least_squares_errors(n, k, r + n, ones, NULL, 1e-12, &all, e);
    out->onset_error = status ? NAN : linear_error(q, &v, &all);
    for (size_t i = 0, row = 0; i < q->fit.n_targets && !status; i++) { /* only the data: moved to the front */
        const struct fit_target *t = &q->fit.targets[i];
        if (!t->assumed) {
            memmove(r + n + rows * k, r + n + row * k, t->n * k * sizeof *r);
            rows += t->n;
        }
        row += t->n;
    }
    if (!status)
        status = least_squares_errors(rows, k, r + n, ones, NULL, 1e-12, &out->spectrum, e);
    least_squares_errors_clear(&all);
    free(r);
    return status;
}

enum status identify_run(const struct identify *q, int threads, const struct reporter *reporter,
                         struct identify_result *out, struct error *e)
{
    const struct identify_settings *s = &q->settings;
    memset(out, 0, sizeof *out);
    out->problem = q;
    enum status status = set_spectrum(q, reporter, out, e);
    reporter_progress(reporter, 0.05, "profile of the onset");
    if (!status)
        status = identify_profile_compute(q, "free", NAN, NAN, threads, reporter, &out->free, e);
    reporter_progress(reporter, 0.15, "profile with a gradual precursor");
    if (!status && q->shape != SIZE_MAX && isfinite(s->gradual)) {
        status = identify_profile_compute(q, "gradual", NAN, s->gradual, threads, reporter, &out->gradual, e);
        out->has_gradual = !status;
    }
    if (!status)
        status = identify_rolling_compute(q, threads, reporter, &out->rolling, e);
    reporter_progress(reporter, 0.65, "detection: a sudden onset");
    if (!status && isfinite(s->onset)) {
        status = identify_detect(q, "free", NAN, threads, reporter, &out->detection, e);
        reporter_progress(reporter, 0.85, "detection: a gradual precursor");
        if (!status && out->has_gradual)
            status = identify_detect(q, "gradual", s->gradual, threads, reporter, &out->gradual_detection, e);
        out->has_detection = !status;
    }
    reporter_progress(reporter, 1, "done");
    out->complete = !status;
    return status;
}

void identify_result_clear(struct identify_result *r)
{
    least_squares_errors_clear(&r->spectrum);
    memset(r, 0, sizeof *r);
}
