/* Losses of examples that lie along the rows of panels: the formulas of loss.c, many examples at a time. */
#include "basin/tape.h"

#include "solver/wide.h"

#include <math.h>

WIDE_INLINE void mse_body(size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld, double *total)
{
    double sum = 0;
    for (size_t i = 0; i < m * ld; i += ld) {
#pragma omp simd reduction(+ : sum)
        for (size_t j = i; j < i + n; j++) {
            double off = f[j] - t[j];
            delta[j] = off;
            sum += off * off;
        }
    }
    *total = sum / 2;
}
WIDE_DEFINE(mse, (size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld, double *total),
            (m, n, f, t, delta, ld, total))

WIDE_INLINE void bce_body(size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld, double *total)
{
    double sum = 0;
    for (size_t i = 0; i < m * ld; i += ld) {
#pragma omp simd reduction(+ : sum)
        for (size_t j = i; j < i + n; j++) {
            double e = wide_exp(-fabs(f[j])), small = e / (1 + e);
            sum += (f[j] > 0 ? f[j] * (1 - t[j]) : -f[j] * t[j]) + wide_log1p(e);
            delta[j] = f[j] > 0 ? (1 - t[j]) - small : small - t[j];
        }
    }
    *total = sum;
}
WIDE_DEFINE(bce, (size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld, double *total),
            (m, n, f, t, delta, ld, total))

enum { FEW = 64 }; /* examples at a time */

/* The largest output of each example, and which one it is. */
WIDE_INLINE void find_largest(size_t m, size_t n, const double *f, size_t ld, double *top, double *which)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        top[j] = f[j];
        which[j] = 0;
    }
    for (size_t i = 1; i < m; i++) {
        double here = (double)i;
#pragma omp simd
        for (size_t j = 0; j < n; j++) {
            double value = f[i * ld + j];
            which[j] = value > top[j] ? here : which[j];
            top[j] = value > top[j] ? value : top[j];
        }
    }
}

/* others: the sum of exp(f_i - f_top) over all i but the largest; the slope of which is what makes the sum of all 0. */
WIDE_INLINE double ce_few(size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld)
{
    double top[FEW], which[FEW], others[FEW] = {0}, mass[FEW] = {0}, log_sum[FEW], balance[FEW] = {0}, sum = 0;
    find_largest(m, n, f, ld, top, which);
    for (size_t i = 0; i < m; i++) {
        double here = (double)i;
#pragma omp simd
        for (size_t j = 0; j < n; j++) {
            double power = wide_exp(f[i * ld + j] - top[j]);
            delta[i * ld + j] = power;
            others[j] += which[j] == here ? 0 : power;
            mass[j] += t[i * ld + j];
        }
    }
#pragma omp simd
    for (size_t j = 0; j < n; j++)
        log_sum[j] = wide_log1p(others[j]);
    for (size_t i = 0; i < m; i++) {
        double here = (double)i;
#pragma omp simd reduction(+ : sum)
        for (size_t j = 0; j < n; j++) {
            double target = t[i * ld + j], slope = mass[j] * delta[i * ld + j] / (1 + others[j]) - target;
            sum += target * (log_sum[j] + (top[j] - f[i * ld + j]));
            balance[j] -= which[j] == here ? 0 : slope;
            delta[i * ld + j] = slope;
        }
    }
    for (size_t i = 0; i < m; i++) {
        double here = (double)i;
#pragma omp simd
        for (size_t j = 0; j < n; j++)
            delta[i * ld + j] = which[j] == here ? balance[j] : delta[i * ld + j];
    }
    return sum;
}

WIDE_INLINE void ce_body(size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld, double *total)
{
    *total = 0;
    for (size_t j = 0; j < n; j += FEW)
        *total += ce_few(m, n - j < FEW ? n - j : FEW, f + j, t + j, delta + j, ld);
}
WIDE_DEFINE(ce, (size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld, double *total),
            (m, n, f, t, delta, ld, total))

double loss_panel(enum loss_kind kind, size_t m, size_t n, const double *f, const double *t, double *delta, size_t ld)
{
    double sum = 0;
    switch (kind) {
    case LOSS_MSE:
        mse(m, n, f, t, delta, ld, &sum);
        break;
    case LOSS_BCE:
        bce(m, n, f, t, delta, ld, &sum);
        break;
    case LOSS_CE:
        ce(m, n, f, t, delta, ld, &sum);
        break;
    }
    return sum;
}
