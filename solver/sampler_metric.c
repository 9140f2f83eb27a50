/* Metrics, moments of a window and dual averaging. */
#include "solver/linalg.h"
#include "solver/sampler_private.h"

#include <math.h>
#include <string.h>

size_t metric_size(enum sampler_metric kind, size_t n)
{
    return kind == SAMPLER_DENSE ? n * n : n;
}

void metric_velocity(const struct metric *m, const double *p, double *v)
{
    if (m->kind == SAMPLER_DENSE) {
        linalg_multiply_vector(LINALG_PLAIN, m->n, m->n, 1, m->variances, m->n, p, 0, v);
        return;
    }
    for (size_t i = 0; i < m->n; i++)
        v[i] = m->variances[i] * p[i];
}

/* M = L^-T L^-1 for variances L L^T: p = L^-T z. */
void metric_momentum(const struct metric *m, struct random_stream *r, double *p)
{
    random_normals(r, m->n, p);
    if (m->kind == SAMPLER_DENSE)
        linalg_solve_lower(LINALG_TRANSPOSED, m->n, 1, m->factor, p);
    else
        for (size_t i = 0; i < m->n; i++)
            p[i] /= sqrt(m->variances[i]);
}

size_t means_size(enum sampler_metric kind, size_t n)
{
    return kind == SAMPLER_FISHER ? 2 * n : n;
}

size_t moments_size(enum sampler_metric kind, size_t n)
{
    return kind == SAMPLER_FISHER ? 2 * n : metric_size(kind, n);
}

/* Means and variances of x (n), the count being what it is with x. */
static void add_variances(size_t n, const double *x, double count, double *mean, double *moments)
{
    for (size_t i = 0; i < n; i++) {
        double off = x[i] - mean[i];
        moments[i] += (count - 1) / count * off * off;
        mean[i] += off / count;
    }
}

static void add_covariance(size_t n, const double *x, double count, double *mean, double *moments)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            moments[i * n + j] += (count - 1) / count * (x[i] - mean[i]) * (x[j] - mean[j]);
    for (size_t i = 0; i < n; i++)
        mean[i] += (x[i] - mean[i]) / count;
}

void moments_add(enum sampler_metric kind, size_t n, const double *x, const double *gradient, double *count,
                 double *mean, double *moments)
{
    *count += 1;
    if (kind == SAMPLER_DENSE)
        add_covariance(n, x, *count, mean, moments);
    else
        add_variances(n, x, *count, mean, moments);
    if (kind == SAMPLER_FISHER)
        add_variances(n, gradient, *count, mean + n, moments + n);
}

bool metric_learn_diagonal(struct metric *m, double count, const double *moments)
{
    bool changed = false;
    for (size_t i = 0; i < m->n; i++) {
        double variance = moments[i] / count;
        if (variance > 0 && isfinite(variance)) {
            m->variances[i] = variance;
            changed = true;
        }
    }
    return changed;
}

bool metric_learn_fisher(struct metric *m, const double *moments)
{
    bool changed = false;
    for (size_t i = 0; i < m->n; i++) {
        double variance = sqrt(moments[i] / moments[m->n + i]);
        if (variance > 0 && isfinite(variance)) {
            m->variances[i] = variance;
            changed = true;
        }
    }
    return changed;
}

static void transpose(size_t n, double *a)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double kept = a[i * n + j];
            a[i * n + j] = a[j * n + i];
            a[j * n + i] = kept;
        }
}

/* In coordinates where the metric so far is 1 the correlations are shrunk; there a direction in which few draws say
 * anything stays as it was relative to its neighbours, and what one window cannot resolve the next one can. */
static void shrink(const struct metric *m, double weight, double *s, double *scratch)
{
    size_t n = m->n;
    linalg_solve_lower(LINALG_PLAIN, n, n, m->factor, s);
    transpose(n, s);
    linalg_solve_lower(LINALG_PLAIN, n, n, m->factor, s);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            s[i * n + j] *= i == j ? 1 : 1 - weight;
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, n, n, n, 1, m->factor, n, s, n, 0, scratch, n);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, n, n, n, 1, scratch, n, m->factor, n, 0, s, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            s[i * n + j] = s[j * n + i] = (s[i * n + j] + s[j * n + i]) / 2;
}

bool metric_factor(struct metric *m)
{
    size_t n = m->n;
    memcpy(m->factor, m->variances, n * n * sizeof *m->factor);
    if (linalg_cholesky(n, m->factor, NULL) != STATUS_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        memset(m->factor + i * n + i + 1, 0, (n - i - 1) * sizeof *m->factor);
    return true;
}

bool metric_learn_dense(struct metric *m, double count, double *moments, double *scratch)
{
    size_t n = m->n;
    bool changed = true;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            moments[i * n + j] = moments[j * n + i] = moments[i * n + j] / count;
    for (size_t i = 0; i < n; i++)
        if (!(moments[i * n + i] > 0 && isfinite(moments[i * n + i])))
            return false;
    memcpy(scratch + n * n, m->variances, n * n * sizeof *scratch);
    memcpy(scratch + 2 * n * n, m->factor, n * n * sizeof *scratch);
    shrink(m, ((double)n + 5) / (count + (double)n + 5), moments, scratch);
    memcpy(m->variances, moments, n * n * sizeof *moments);
    if (!metric_factor(m)) { /* rounding, after a window that went nowhere: as before */
        memcpy(m->variances, scratch + n * n, n * n * sizeof *scratch);
        memcpy(m->factor, scratch + 2 * n * n, n * n * sizeof *scratch);
        changed = false;
    }
    return changed;
}

void step_adaptation_restart(struct step_adaptation *a, double step)
{
    *a = (struct step_adaptation){.log_step = log(step), .anchor = log(10 * step)};
}

void step_adaptation_learn(struct step_adaptation *a, double acceptance, double aim)
{
    const double gamma = 0.05, t0 = 10, kappa = 0.75;
    a->count += 1;
    a->lag += (aim - acceptance - a->lag) / (a->count + t0);
    a->log_step = a->anchor - sqrt(a->count) / gamma * a->lag;
    a->log_mean += pow(a->count, -kappa) * (a->log_step - a->log_mean);
}
