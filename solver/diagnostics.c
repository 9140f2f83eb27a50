#include "solver/diagnostics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fft_halfcomplex.h>
#include <gsl/gsl_fft_real.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Chains cut in halves, (chains, n); a middle draw is left out. */
struct halves {
    size_t chains, n;
    double *x;
    double *scratch;     /* (2 size) */
    double *covariance;  /* (n) mean over the chains of their autocovariances */
    size_t size;         /* of the Fourier transform: a power of two >= 2 n */
    struct ranked *rank; /* (chains n) */
};

struct ranked {
    double value;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;
    return (x > y) - (x < y);
}

static enum status allocate(struct halves *h, size_t chains, size_t draws, struct error *e)
{
    *h = (struct halves){.chains = 2 * chains, .n = draws / 2, .size = 1};
    while (h->size < 2 * h->n)
        h->size *= 2;
    h->x = malloc(h->chains * h->n * sizeof *h->x);
    h->scratch = malloc(h->size * sizeof *h->scratch);
    h->covariance = malloc(h->n * sizeof *h->covariance);
    h->rank = malloc(chains * draws * sizeof *h->rank);
    return h->x && h->scratch && h->covariance && h->rank ? STATUS_OK : error_memory(e);
}

static void clear(struct halves *h)
{
    free(h->x);
    free(h->scratch);
    free(h->covariance);
    free(h->rank);
}

static void cut(struct halves *h, size_t draws, const double *x)
{
    for (size_t c = 0; c < h->chains; c++) {
        const double *from = x + c / 2 * draws + (c % 2 ? draws - h->n : 0);
        memcpy(h->x + c * h->n, from, h->n * sizeof *from);
    }
}

/* x := normal scores of the ranks, ties with their mean rank (Blom 1958). */
static void normalise(struct halves *h)
{
    size_t total = h->chains * h->n;
    for (size_t i = 0; i < total; i++)
        h->rank[i] = (struct ranked){h->x[i], i};
    qsort(h->rank, total, sizeof *h->rank, by_value);
    for (size_t i = 0, j; i < total; i = j) {
        for (j = i + 1; j < total && h->rank[j].value == h->rank[i].value; j++)
            ;
        double rank = (double)(i + 1 + j) / 2, score = gsl_cdf_ugaussian_Pinv((rank - 0.375) / ((double)total + 0.25));
        for (size_t k = i; k < j; k++)
            h->x[h->rank[k].at] = score;
    }
}

static double mean_of(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static double variance_of(size_t n, const double *x)
{
    double mean = mean_of(n, x), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (double)(n - 1);
}

/* Mean of the variances within chains, and variance of the means of chains. */
static void variances(const struct halves *h, double *within, double *between)
{
    double sum = 0, squares = 0, mean = mean_of(h->chains * h->n, h->x);
    for (size_t c = 0; c < h->chains; c++) {
        double off = mean_of(h->n, h->x + c * h->n) - mean;
        sum += variance_of(h->n, h->x + c * h->n);
        squares += off * off;
    }
    *within = sum / (double)h->chains;
    *between = squares / (double)(h->chains - 1);
}

static double rhat_of(const struct halves *h)
{
    double within, between, n = (double)h->n;
    variances(h, &within, &between);
    return sqrt((n - 1) / n + between / within);
}

/* covariance (n) := autocovariances of lags 0 .. n-1 with divisor n, averaged over the chains. */
static void autocovariances(struct halves *h)
{
    memset(h->covariance, 0, h->n * sizeof *h->covariance);
    for (size_t c = 0; c < h->chains; c++) {
        const double *x = h->x + c * h->n;
        double mean = mean_of(h->n, x), *f = h->scratch;
        for (size_t i = 0; i < h->size; i++)
            f[i] = i < h->n ? x[i] - mean : 0;
        gsl_fft_real_radix2_transform(f, 1, h->size);
        f[0] *= f[0];
        f[h->size / 2] *= f[h->size / 2];
        for (size_t i = 1; i < h->size / 2; i++) { /* the power spectrum: imaginary parts stand at the mirrored place */
            f[i] = f[i] * f[i] + f[h->size - i] * f[h->size - i];
            f[h->size - i] = 0;
        }
        gsl_fft_halfcomplex_radix2_inverse(f, 1, h->size);
        for (size_t i = 0; i < h->n; i++)
            h->covariance[i] += f[i] / (double)h->n / (double)h->chains;
    }
}

/* Geyer's (1992) initial monotone sequence: sums of pairs of autocorrelations while they are positive, none larger than
 * the one before; of the pair that ends it the even one counts, when it is positive. */
static double ess_of(struct halves *h)
{
    double within, between, n = (double)h->n, total = (double)h->chains * n, sum = 0, last = INFINITY, tail = 0;
    variances(h, &within, &between);
    double all = within * (n - 1) / n + between;
    if (!(within > 0) || !isfinite(all))
        return NAN;
    autocovariances(h);
    for (size_t t = 0; t + 1 < h->n; t += 2) {
        double even = t == 0 ? 1 : 1 - (within - h->covariance[t]) / all;
        double odd = 1 - (within - h->covariance[t + 1]) / all;
        bool end = t + 5 >= h->n; /* at longer lags too few pairs of draws are left */
        tail = fmax(even, 0);
        if (!(even + odd > 0) || end)
            break;
        last = fmin(last, even + odd);
        sum += last;
    }
    double tau = fmax(-1 + 2 * sum + tail, 1 / log10(total));
    return total / tau;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the ordered draws (R's type 7). */
static double quantile_of(size_t n, const double *sorted, double p)
{
    double at = p * (double)(n - 1);
    size_t below = (size_t)at;
    return below + 1 < n ? sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]) : sorted[n - 1];
}

static double ess_of_quantile(struct halves *h, size_t draws, const double *x, double q)
{
    cut(h, draws, x);
    for (size_t i = 0; i < h->chains * h->n; i++)
        h->x[i] = h->x[i] <= q;
    return ess_of(h);
}

/* scratch (chains draws) */
static void diagnose(struct halves *h, size_t chains, size_t draws, const double *x, double *scratch,
                     struct diagnostics *out)
{
    size_t total = chains * draws;
    cut(h, draws, x);
    out->ess_mean = ess_of(h);
    out->mcse = out->sd / sqrt(out->ess_mean);
    normalise(h);
    out->ess_bulk = ess_of(h);
    out->rhat = rhat_of(h);
    memcpy(scratch, x, total * sizeof *x);
    qsort(scratch, total, sizeof *scratch, by_number);
    double low = quantile_of(total, scratch, 0.05), high = quantile_of(total, scratch, 0.95),
           median = quantile_of(total, scratch, 0.5), ess_low = ess_of_quantile(h, draws, x, low),
           ess_high = ess_of_quantile(h, draws, x, high);
    out->ess_tail = isnan(ess_low) || isnan(ess_high) ? NAN : fmin(ess_low, ess_high);
    for (size_t i = 0; i < total; i++)
        scratch[i] = fabs(x[i] - median);
    cut(h, draws, scratch);
    normalise(h);
    out->rhat = fmax(out->rhat, rhat_of(h));
}

enum status diagnostics_of(size_t chains, size_t draws, const double *x, struct diagnostics *out, struct error *e)
{
    struct halves h;
    size_t total = chains * draws;
    bool finite = true, constant = true;
    *out = (struct diagnostics){mean_of(total, x), sqrt(variance_of(total, x)), NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < total; i++) {
        finite &= isfinite(x[i]) != 0;
        constant &= x[i] == x[0];
    }
    if (!finite || constant || draws < 4)
        return STATUS_OK;
    enum status status = allocate(&h, chains, draws, e);
    double *scratch = status ? NULL : malloc(total * sizeof *scratch);
    if (scratch)
        diagnose(&h, chains, draws, x, scratch, out);
    else if (!status)
        status = error_memory(e);
    free(scratch);
    clear(&h);
    return status;
}
