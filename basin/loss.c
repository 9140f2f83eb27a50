/* Losses as functions of the outputs: values, slopes and curvatures that keep their digits where probabilities are
 * within rounding of 0 or 1. */
#include "basin/tape.h"

#include <math.h>
#include <string.h>

static size_t n_outputs(const struct problem *p)
{
    return p->network.width[p->network.n_layers];
}

static double mse_row(size_t m, const double *f, const double *t, double *slope)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        double off = f[j] - t[j];
        sum += off * off;
        if (slope)
            slope[j] = off;
    }
    return sum / 2;
}

/* - t ln p - (1 - t) ln(1 - p) = max(f, 0) - t f + ln(1 + exp(-|f|)); its slope p - t, from whichever of p and 1 - p is
 * small. */
static double bce_row(size_t m, const double *f, const double *t, double *slope)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        double e = exp(-fabs(f[j])), small = e / (1 + e);
        /* f (1 - t) or - f t: an exact 0 for hard targets on the right side */
        sum += (f[j] > 0 ? f[j] * (1 - t[j]) : -f[j] * t[j]) + log1p(e);
        if (slope)
            slope[j] = f[j] > 0 ? (1 - t[j]) - small : small - t[j];
    }
    return sum;
}

static size_t index_of_largest(size_t m, const double *f)
{
    size_t best = 0;
    for (size_t j = 1; j < m; j++)
        if (f[j] > f[best])
            best = j;
    return best;
}

/* p (m) of one row; returns the sum of exp(f_j - f_top) over all but the largest output. */
static double softmax_row(size_t m, const double *f, size_t top, double *p)
{
    double others = 0;
    for (size_t j = 0; j < m; j++) {
        p[j] = exp(f[j] - f[top]);
        if (j != top)
            others += p[j];
    }
    for (size_t j = 0; j < m; j++)
        p[j] /= 1 + others;
    return others;
}

/* The slope sum(t) p - t adds up to 0, which gives its largest component without cancellation. */
static double ce_row(size_t m, const double *f, const double *t, double *slope)
{
    size_t top = index_of_largest(m, f);
    double others = 0, mass = 0, sum = 0, balance = 0;
    for (size_t j = 0; j < m; j++) {
        mass += t[j];
        if (j != top)
            others += exp(f[j] - f[top]);
    }
    double log_sum = log1p(others);
    for (size_t j = 0; j < m; j++)
        sum += t[j] * (log_sum + (f[top] - f[j]));
    if (!slope)
        return sum;
    for (size_t j = 0; j < m; j++) {
        slope[j] = mass * exp(f[j] - f[top]) / (1 + others) - t[j];
        balance -= j == top ? 0 : slope[j];
    }
    slope[top] = balance;
    return sum;
}

double loss_value(const struct problem *p, const double *f, double *delta)
{
    size_t m = n_outputs(p);
    double sum = 0, n = (double)p->n;
    for (size_t i = 0; i < p->n; i++) {
        const double *fi = f + i * m, *ti = p->t + i * m;
        double *slope = delta ? delta + i * m : NULL;
        switch (p->loss) {
        case LOSS_MSE:
            sum += mse_row(m, fi, ti, slope);
            break;
        case LOSS_BCE:
            sum += bce_row(m, fi, ti, slope);
            break;
        case LOSS_CE:
            sum += ce_row(m, fi, ti, slope);
            break;
        }
    }
    if (delta) {
#pragma omp simd
        for (size_t i = 0; i < p->n * m; i++)
            delta[i] /= n;
    }
    return sum / n;
}

static double logistic(double f)
{
    double e = exp(-fabs(f));
    return (f < 0 ? e : 1) / (1 + e);
}

static double logistic_slope(double f)
{
    double e = exp(-fabs(f)), sum = 1 + e;
    return e / (sum * sum);
}

void loss_probabilities(const struct problem *p, const double *f, double *probability)
{
    size_t m = n_outputs(p);
    for (size_t i = 0; i < p->n; i++)
        if (p->loss == LOSS_CE)
            softmax_row(m, f + i * m, index_of_largest(m, f + i * m), probability + i * m);
        else
            for (size_t j = i * m; j < (i + 1) * m; j++)
                probability[j] = logistic(f[j]);
}

void loss_variances(const struct problem *p, const double *f, double *variance)
{
    for (size_t i = 0; i < p->n * n_outputs(p); i++)
        variance[i] = logistic_slope(f[i]);
}

/* out := scale (diag p - p p^T) u = scale p (u - p.u). u is taken relative to its value at the largest p, so that
 * 1 - p near 0 keeps its digits. */
static void softmax_slope(size_t m, const double *p, double scale, const double *u, double *out)
{
    size_t top = index_of_largest(m, p);
    double reference = u[top], mean = 0;
    for (size_t j = 0; j < m; j++)
        mean += p[j] * (u[j] - reference);
    for (size_t j = 0; j < m; j++)
        out[j] = scale * p[j] * (u[j] - reference - mean);
}

void loss_curvature(const struct tape *t, size_t i, const double *u, double *out)
{
    const struct problem *p = &t->problem;
    size_t m = n_outputs(p);
    double n = (double)p->n, mass = 0;
    switch (p->loss) {
    case LOSS_MSE:
        for (size_t j = 0; j < m; j++)
            out[j] = u[j] / n;
        break;
    case LOSS_BCE:
        for (size_t j = 0; j < m; j++)
            out[j] = t->variance[i * m + j] * u[j] / n;
        break;
    case LOSS_CE:
        for (size_t j = 0; j < m; j++)
            mass += p->t[i * m + j];
        softmax_slope(m, t->probability + i * m, mass / n, u, out);
        break;
    }
}

void loss_probability_slope(const struct tape *t, size_t i, const double *u, double *out)
{
    size_t m = n_outputs(&t->problem);
    if (t->problem.loss == LOSS_CE)
        softmax_slope(m, t->probability + i * m, 1, u, out);
    else
        for (size_t j = 0; j < m; j++)
            out[j] = logistic_slope(tape_outputs(t)[i * m + j]) * u[j];
}

/* Of one example, with respect to its outputs: r is dL/df already; D column by column. */
static void output_slopes(const struct tape *t, size_t i, double *D)
{
    size_t m = n_outputs(&t->problem);
    memset(D, 0, m * m * sizeof *D);
    for (size_t j = 0; j < m; j++) {
        D[j * m + j] = 1;
        loss_curvature(t, i, D + j * m, D + j * m);
    }
}

/* With respect to p = logistic(f), with q = 1 - p: D is diagonal. */
static void logistic_slopes(const struct problem *problem, double f, double t, double *r, double *D)
{
    double p = logistic(f), q = logistic(-f), n = (double)problem->n;
    if (problem->loss == LOSS_MSE) { /* 1/2 (ln(p/q) - t)^2 */
        *r = (f - t) / (p * q) / n;
        *D = (1 + (f - t) * (p - q)) / (p * q * p * q) / n;
    } else {
        *r = ((t < 1 ? (1 - t) / q : 0) - (t > 0 ? t / p : 0)) / n;
        *D = ((t < 1 ? (1 - t) / (q * q) : 0) + (t > 0 ? t / (p * p) : 0)) / n;
    }
}

/* With respect to p = softmax(f): r = - t/p and D = diag(t/p^2), both projected on the directions that keep sum p. */
static void simplex_slopes(const struct problem *problem, const double *p, const double *t, double *r, double *D)
{
    size_t m = n_outputs(problem);
    double n = (double)problem->n, mean_r = 0, mean_d = 0, width = (double)m;
    for (size_t j = 0; j < m; j++) {
        r[j] = t[j] > 0 ? -t[j] / p[j] / n : 0;
        mean_r += r[j] / width;
        mean_d += t[j] > 0 ? t[j] / (p[j] * p[j]) / n / (width * width) : 0;
    }
    for (size_t j = 0; j < m; j++)
        for (size_t k = 0; k < m; k++) {
            double dj = t[j] > 0 ? t[j] / (p[j] * p[j]) / n : 0, dk = t[k] > 0 ? t[k] / (p[k] * p[k]) / n : 0;
            D[j * m + k] = (j == k ? dj : 0) - (dj + dk) / width + mean_d;
        }
    for (size_t j = 0; j < m; j++)
        r[j] -= mean_r;
}

void tape_behaviour_slopes(struct tape *t, double *r, double *D)
{
    const struct problem *p = &t->problem;
    size_t m = n_outputs(p), last = p->network.n_layers;
    bool outputs = p->behaviour == BEHAVIOUR_OUTPUTS;
    if (outputs)
        memcpy(r, t->delta[last], p->n * m * sizeof *r);
    else if (p->loss != LOSS_CE)
        memset(D, 0, p->n * m * m * sizeof *D);
    for (size_t i = 0; i < p->n; i++)
        if (outputs)
            output_slopes(t, i, D + i * m * m);
        else if (p->loss == LOSS_CE)
            simplex_slopes(p, t->probability + i * m, p->t + i * m, r + i * m, D + i * m * m);
        else
            for (size_t j = 0; j < m; j++)
                logistic_slopes(p, tape_outputs(t)[i * m + j], p->t[i * m + j], r + i * m + j,
                                D + i * m * m + j * m + j);
}
