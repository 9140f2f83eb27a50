/* Size and correlation of a fit's errors by restricted maximum likelihood (Patterson and Thompson 1971): a flexible
 * curve takes the slow part of the errors into itself, so that what is left looks smaller and shorter-lived than they
 * are. With V the covariance of the errors e (an autoregression in each series) and J the Jacobian of the model, -2 ln
 * L_R = ln |V| + ln |J' V^-1 J| + e' P e,   e' P e = min over dz of (e + J dz)' V^-1 (e + J dz). */
#include "growth/fit/private.h"
#include "solver/gsl_errors.h"
#include "solver/linalg.h"

#include <gsl/gsl_multimin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 4000 };

/* Correlation times that are allowed, years; spread of the first simplex, of logarithms; its size at the end. */
static const double SHORTEST = 0.3, LONGEST = 1000, FIRST = 0.3, LAST = 1e-4;

struct reml {
    const struct fit *f;
    size_t rows, k, n_estimated;
    size_t estimated[FIT_MAX_TARGETS]; /* the targets whose errors are sought */
    const double *r, *jac;             /* (rows), (rows, k): not whitened, in units of the sigma at the start */
    double *white_r, *white_jac, *a, *b;
};

/* Target t's rows whitened and scaled; returns its part of ln |V|. */
static double whiten(const struct reml *w, const struct fit_target *t, size_t row, double log_scale, double tau)
{
    size_t k = w->k;
    double sum = 0, scale = exp(-log_scale);
    for (size_t i = 0; i < t->n; i++) {
        double phi = i ? fit_phi(t, i, tau) : 0, variance = 1 - phi * phi, factor = scale / sqrt(variance);
        const double *now = w->jac + (row + i) * k, *before = i ? now - k : now;
        w->white_r[row + i] = factor * (w->r[row + i] - phi * w->r[row + (i ? i - 1 : 0)]);
        for (size_t j = 0; j < k; j++)
            w->white_jac[(row + i) * k + j] = factor * (now[j] - phi * before[j]);
        sum += 2 * log_scale + log(variance);
    }
    return sum;
}

/* x: ln scale and ln correlation time of each estimated target */
static double restricted_deviance(const gsl_vector *x, void *context)
{
    const struct reml *w = context;
    size_t k = w->k, row = 0, next = 0;
    double sum = 0, outside = 0;
    for (size_t i = 0; i < w->f->n_targets; i++) {
        const struct fit_target *t = &w->f->targets[i];
        if (next < w->n_estimated && w->estimated[next] == i) {
            double log_tau = gsl_vector_get(x, 2 * next + 1), held = fmin(fmax(log_tau, log(SHORTEST)), log(LONGEST));
            outside += (log_tau - held) * (log_tau - held);
            sum += whiten(w, t, row, gsl_vector_get(x, 2 * next), exp(held));
            next++;
        } else
            whiten(w, t, row, 0, t->correlation);
        row += t->n;
    }
    memcpy(w->white_r + row, w->r + row, (w->rows - row) * sizeof *w->r);
    memcpy(w->white_jac + row * k, w->jac + row * k, (w->rows - row) * k * sizeof *w->jac);
    double squares = linalg_dot(w->rows, w->white_r, w->white_r);
    linalg_gram(w->rows, k, 1, w->white_jac, k, 0, w->a, k);
    linalg_mirror_upper(k, w->a, k);
    for (size_t j = 0; j < k; j++) /* a direction that nothing knows adds a constant; a parameter without effect: 0 */
        w->a[j * k + j] = w->a[j * k + j] > 0 ? w->a[j * k + j] * (1 + 1e-10) : 1;
    linalg_multiply_vector(LINALG_TRANSPOSED, w->rows, k, 1, w->white_jac, k, w->white_r, 0, w->b);
    if (linalg_cholesky(k, w->a, NULL))
        return GSL_NAN;
    double *solved = w->b + k;
    memcpy(solved, w->b, k * sizeof *solved);
    linalg_cholesky_solve(k, 1, w->a, solved);
    for (size_t j = 0; j < k; j++)
        sum += 2 * log(w->a[j * k + j]);
    return sum + squares - linalg_dot(k, w->b, solved) + 100 * outside;
}

static bool minimise(struct reml *w, gsl_vector *x, gsl_vector *step)
{
    gsl_multimin_function function = {restricted_deviance, x->size, w};
    gsl_multimin_fminimizer *m = gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, x->size);
    bool good = m && gsl_multimin_fminimizer_set(m, &function, x, step) == 0;
    for (int i = 0; good && i < MAX_STEPS; i++)
        if (gsl_multimin_fminimizer_iterate(m) || gsl_multimin_fminimizer_size(m) < LAST)
            break;
    if (good)
        gsl_vector_memcpy(x, gsl_multimin_fminimizer_x(m));
    if (m)
        gsl_multimin_fminimizer_free(m);
    return good;
}

static bool search(struct reml *w, struct fit *f)
{
    size_t n = 2 * w->n_estimated;
    gsl_errors_return();
    gsl_vector *x = gsl_vector_alloc(n), *step = gsl_vector_alloc(n);
    bool good = x && step;
    for (size_t i = 0; good && i < w->n_estimated; i++) {
        double tau = f->targets[w->estimated[i]].correlation;
        gsl_vector_set(x, 2 * i, 0);
        gsl_vector_set(x, 2 * i + 1, log(fmin(fmax(tau, SHORTEST), LONGEST)));
    }
    for (int round = 0; good && round < 2; round++) { /* again from where it ended: a simplex may have collapsed */
        gsl_vector_set_all(step, FIRST);
        good = minimise(w, x, step);
    }
    for (size_t i = 0; good && i < w->n_estimated; i++) {
        struct fit_target *t = &f->targets[w->estimated[i]];
        t->correlation = exp(fmin(fmax(gsl_vector_get(x, 2 * i + 1), log(SHORTEST)), log(LONGEST)));
        for (size_t k = 0; k < t->n; k++)
            t->sigma[k] = fmax(t->sigma[k] * exp(gsl_vector_get(x, 2 * i)), 1e-8);
    }
    gsl_vector_free(x);
    gsl_vector_free(step);
    return good;
}

int fit_restricted_noise(struct fit *f, const double *z, const bool *held, const struct reporter *reporter)
{
    struct fit_evaluator v;
    size_t rows = fit_count_residuals(f), all = f->n_parameters;
    struct reml w = {.f = f, .rows = rows};
    for (size_t i = 0; i < f->n_targets; i++)
        if (fit_is_estimated(&f->targets[i]))
            w.estimated[w.n_estimated++] = i;
    for (size_t j = 0; j < all; j++)
        w.k += !held[j];
    double *memory = malloc((2 * rows * (all + 1) + all * all + 2 * all + 1) * sizeof *memory);
    if (!memory || !w.n_estimated || !w.k) {
        free(memory);
        return memory ? 0 : 1;
    }
    double *r = memory, *jac = r + rows;
    w.white_r = jac + rows * all;
    w.white_jac = w.white_r + rows;
    w.a = w.white_jac + rows * all;
    w.b = w.a + all * all;
    fit_evaluator_init(&v, f, reporter);
    int code = fit_evaluate_plain(&v, z, r, jac);
    for (size_t i = 0, to = 0; i < rows && !code; i++)
        for (size_t j = 0; j < all; j++)
            if (!held[j])
                jac[to++] = jac[i * all + j];
    w.r = r;
    w.jac = jac;
    if (!code && !search(&w, f))
        code = 1;
    free(memory);
    return code;
}
