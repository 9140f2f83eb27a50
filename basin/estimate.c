#include "basin/estimate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const double CONFIDENCE_FACTOR = 20;

double log_sum_exp(size_t n, const double *x)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, x[i]);
    if (!isfinite(top))
        return top;
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i] - top);
    return top + log(sum);
}

void estimate_shift(struct estimate *e, double constant)
{
    e->log_value += constant;
    e->at_least += constant;
}

void estimate_refuse(struct estimate *e, const char *format, ...)
{
    va_list arguments;
    if (e->refused)
        return;
    e->refused = true;
    va_start(arguments, format);
    vsnprintf(e->reason, sizeof e->reason, format, arguments);
    va_end(arguments);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Zhang and Stephens: theta is averaged over a grid with the profile likelihood as weights. x (m) > 0 ascending. */
static double pareto_shape(size_t m, const double *x)
{
    enum { GRID = 60 };
    size_t grid = 30 + (size_t)sqrt((double)m);
    double theta[GRID] = {0}, log_likelihood[GRID] = {0}, quarter = x[(size_t)((double)m / 4 + 0.5) - 1], mean = 0,
           k = 0;
    grid = grid < GRID ? grid : GRID;
    for (size_t j = 0; j < grid; j++) {
        double shape = 0;
        theta[j] = 1 / x[m - 1] + (1 - sqrt((double)grid / ((double)j + 0.5))) / (3 * quarter);
        for (size_t i = 0; i < m; i++)
            shape += log1p(-theta[j] * x[i]) / (double)m;
        log_likelihood[j] = (double)m * (log(-theta[j] / shape) - shape - 1);
    }
    double total = log_sum_exp(grid, log_likelihood);
    for (size_t j = 0; j < grid; j++)
        mean += theta[j] * exp(log_likelihood[j] - total);
    for (size_t i = 0; i < m; i++)
        k += log1p(-mean * x[i]) / (double)m;
    return (k * (double)m + 5) / ((double)m + 10); /* a weak prior at 1/2, as in the 2024 paper */
}

/* w ascending, relative to the largest. */
static double tail_shape(size_t n, const double *log_weights)
{
    double most = fmin(0.2 * (double)n, 3 * sqrt((double)n)), shape = NAN;
    size_t m = (size_t)most;
    if (m < 5 || !isfinite(log_weights[n - 1]))
        return NAN;
    double *x = malloc(m * sizeof *x), top = log_weights[n - 1], edge = exp(log_weights[n - m - 1] - top);
    if (!x)
        return NAN;
    for (size_t i = 0; i < m; i++)
        x[i] = exp(log_weights[n - m + i] - top) - edge;
    /* a lump of equal weights at the edge has no tail that could be fitted */
    if (x[0] > 1e-12 * x[m - 1])
        shape = pareto_shape(m, x);
    free(x);
    return shape;
}

struct estimate estimate_log_mean(size_t n, double *log_weights)
{
    struct estimate e = {.samples = n, .log_value = -INFINITY, .error = NAN, .pareto_k = NAN, .at_least = -INFINITY};
    for (size_t i = 0; i < n; i++)
        if (isnan(log_weights[i]) || log_weights[i] == INFINITY)
            estimate_refuse(&e, "a weight is not a finite number");
    double total = e.refused ? NAN : log_sum_exp(n, log_weights), squares = 0;
    if (!isfinite(total)) {
        estimate_refuse(&e, "not one of %zu samples counts", n);
        return e;
    }
    for (size_t i = 0; i < n; i++) {
        double share = exp(log_weights[i] - total);
        squares += share * share;
        e.largest_share = fmax(e.largest_share, share);
    }
    qsort(log_weights, n, sizeof *log_weights, by_value);
    e.log_value = total - log((double)n);
    e.ess = fmin(1 / squares, (double)n);
    e.error = sqrt(fmax(1 / e.ess - 1 / (double)n, 0));
    e.pareto_k = tail_shape(n, log_weights);
    e.at_least = e.log_value - log(CONFIDENCE_FACTOR);
    if (e.largest_share > 0.1)
        estimate_refuse(&e, "one of %zu samples carries %.0f %% of the sum", n, 100 * e.largest_share);
    if (e.ess < ESTIMATE_LEAST_ESS)
        estimate_refuse(&e, "effective sample size %.3g of %zu", e.ess, n);
    if (e.pareto_k > ESTIMATE_TAIL_MOST)
        estimate_refuse(&e, "the weights' tail is too heavy for an error (Pareto k = %.2f)", e.pareto_k);
    return e;
}

struct estimate estimate_fraction(size_t hits, size_t n)
{
    double p = (double)hits / (double)n;
    struct estimate e = {.samples = n,
                         .log_value = log(p),
                         .error = sqrt((1 - p) / (p * (double)n)),
                         .ess = (double)hits,
                         .largest_share = hits ? 1 / (double)hits : NAN,
                         .pareto_k = NAN,
                         .at_least = log(p) - log(CONFIDENCE_FACTOR)};
    if (hits == n) /* the rule of three: nothing missed in n trials */
        e.error = 3 / (double)n;
    if (hits < ESTIMATE_LEAST_ESS)
        estimate_refuse(&e, "%zu of %zu draws are inside", hits, n);
    return e;
}
