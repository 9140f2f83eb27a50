#include "solver/distribution.h"

#include "solver/linalg.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double Z95 = 1.6448536269514722; /* Phi^-1(0.95) */

struct distribution distribution_between(enum distribution_kind kind, double at_5, double at_95)
{
    double a = kind == DISTRIBUTION_LOGNORMAL ? log(at_5) : at_5,
           b = kind == DISTRIBUTION_LOGNORMAL ? log(at_95) : at_95;
    return (struct distribution){
        .kind = kind, .p = 0.5 * (a + b), .q = (b - a) / (2 * Z95), .least = -INFINITY, .most = INFINITY};
}

/* Smallest and largest value before anything is cut off. */
static double smallest(const struct distribution *d)
{
    return d->kind == DISTRIBUTION_NORMAL ? -INFINITY : d->kind == DISTRIBUTION_LOGNORMAL ? 0 : d->low;
}

static double largest(const struct distribution *d)
{
    return d->kind == DISTRIBUTION_NORMAL || d->kind == DISTRIBUTION_LOGNORMAL ? INFINITY : d->high;
}

/* --- without the cuts --------------------------------------------------------------------------------------------- */

static double triangular_quantile(const struct distribution *d, double u)
{
    double width = d->high - d->low, left = (d->p - d->low) / width;
    return u < left ? d->low + sqrt(u * width * (d->p - d->low)) : d->high - sqrt((1 - u) * width * (d->high - d->p));
}

static double triangular_below(const struct distribution *d, double x)
{
    double width = d->high - d->low;
    if (x <= d->p)
        return x <= d->low ? 0 : (x - d->low) * (x - d->low) / (width * (d->p - d->low));
    return x >= d->high ? 1 : 1 - (d->high - x) * (d->high - x) / (width * (d->high - d->p));
}

static double triangular_density(const struct distribution *d, double x)
{
    double peak = 2 / (d->high - d->low);
    if (x < d->low || x > d->high)
        return 0;
    return x < d->p ? peak * (x - d->low) / (d->p - d->low) : x > d->p ? peak * (d->high - x) / (d->high - d->p) : peak;
}

static double whole_quantile(const struct distribution *d, double u)
{
    switch (d->kind) {
    case DISTRIBUTION_NORMAL:
        return d->p + d->q * gsl_cdf_ugaussian_Pinv(u);
    case DISTRIBUTION_LOGNORMAL:
        return exp(d->p + d->q * gsl_cdf_ugaussian_Pinv(u));
    case DISTRIBUTION_UNIFORM:
        return d->low + u * (d->high - d->low);
    case DISTRIBUTION_LOGUNIFORM:
        return d->low * pow(d->high / d->low, u);
    case DISTRIBUTION_TRIANGULAR:
        return triangular_quantile(d, u);
    default:
        return d->low + (d->high - d->low) * gsl_cdf_beta_Pinv(u, d->p, d->q);
    }
}

static double whole_below(const struct distribution *d, double x)
{
    switch (d->kind) {
    case DISTRIBUTION_NORMAL:
        return gsl_cdf_ugaussian_P((x - d->p) / d->q);
    case DISTRIBUTION_LOGNORMAL:
        return x > 0 ? gsl_cdf_ugaussian_P((log(x) - d->p) / d->q) : 0;
    case DISTRIBUTION_UNIFORM:
        return fmin(fmax((x - d->low) / (d->high - d->low), 0), 1);
    case DISTRIBUTION_LOGUNIFORM:
        return x <= d->low ? 0 : x >= d->high ? 1 : log(x / d->low) / log(d->high / d->low);
    case DISTRIBUTION_TRIANGULAR:
        return triangular_below(d, x);
    default:
        return gsl_cdf_beta_P(fmin(fmax((x - d->low) / (d->high - d->low), 0), 1), d->p, d->q);
    }
}

static double whole_density(const struct distribution *d, double x)
{
    if (x < smallest(d) || x > largest(d) || (x <= 0 && d->kind == DISTRIBUTION_LOGNORMAL))
        return 0;
    switch (d->kind) {
    case DISTRIBUTION_NORMAL:
        return gsl_ran_gaussian_pdf(x - d->p, d->q);
    case DISTRIBUTION_LOGNORMAL:
        return gsl_ran_gaussian_pdf(log(x) - d->p, d->q) / x;
    case DISTRIBUTION_UNIFORM:
        return 1 / (d->high - d->low);
    case DISTRIBUTION_LOGUNIFORM:
        return 1 / (x * log(d->high / d->low));
    case DISTRIBUTION_TRIANGULAR:
        return triangular_density(d, x);
    default:
        return gsl_ran_beta_pdf((x - d->low) / (d->high - d->low), d->p, d->q) / (d->high - d->low);
    }
}

/* --- with the cuts ------------------------------------------------------------------------------------------------ */

static void cuts(const struct distribution *d, double *from, double *to)
{
    *from = isfinite(d->least) ? whole_below(d, d->least) : 0;
    *to = isfinite(d->most) ? whole_below(d, d->most) : 1;
}

double distribution_quantile(const struct distribution *d, double probability)
{
    double from, to;
    cuts(d, &from, &to);
    return fmin(fmax(whole_quantile(d, from + probability * (to - from)), d->least), d->most);
}

double distribution_below(const struct distribution *d, double x)
{
    double from, to;
    cuts(d, &from, &to);
    return fmin(fmax((whole_below(d, x) - from) / (to - from), 0), 1);
}

double distribution_density(const struct distribution *d, double x)
{
    double from, to;
    cuts(d, &from, &to);
    return x < d->least || x > d->most ? 0 : whole_density(d, x) / (to - from);
}

enum status distribution_check(const struct distribution *d, struct error *e)
{
    bool wants_range = d->kind != DISTRIBUTION_NORMAL && d->kind != DISTRIBUTION_LOGNORMAL;
    if (wants_range && !(d->low < d->high))
        return error_set(e, STATUS_BAD_INPUT, "low %g is not below high %g", d->low, d->high);
    if (d->kind == DISTRIBUTION_LOGUNIFORM && !(d->low > 0))
        return error_set(e, STATUS_BAD_INPUT, "low is %g: a loguniform distribution lies above 0", d->low);
    if (d->kind == DISTRIBUTION_TRIANGULAR && !(d->low <= d->p && d->p <= d->high))
        return error_set(e, STATUS_BAD_INPUT, "the mode %g is not between low %g and high %g", d->p, d->low, d->high);
    if (d->kind == DISTRIBUTION_BETA && !(d->p > 0 && d->q > 0))
        return error_set(e, STATUS_BAD_INPUT, "alpha %g and beta %g must be above 0", d->p, d->q);
    if (!wants_range && !(isfinite(d->p) && d->q > 0 && isfinite(d->q)))
        return error_set(e, STATUS_BAD_INPUT, "mean %g and sd %g make no distribution: sd must be above 0", d->p, d->q);
    double from, to;
    cuts(d, &from, &to);
    if (!(to - from > 1e-9))
        return error_set(e, STATUS_BAD_INPUT, "nothing is left between least %g and most %g", d->least, d->most);
    return STATUS_OK;
}

/* --- copula ------------------------------------------------------------------------------------------------------- */

double copula_from_rank(double rank)
{
    return 2 * sin(M_PI * rank / 6);
}

enum status copula_init(struct copula *c, size_t n, const double *correlation, struct error *e)
{
    *c = (struct copula){.n = n, .factor = malloc((n * n + 1) * sizeof *c->factor)};
    if (!c->factor)
        return error_memory(e);
    memcpy(c->factor, correlation, n * n * sizeof *correlation);
    enum status status = linalg_cholesky(n, c->factor, e);
    if (status == STATUS_REFUSED)
        return error_set(e, status,
                         "no variables can have these correlations together (the matrix is not positive definite)");
    return status;
}

void copula_clear(struct copula *c)
{
    free(c->factor);
    memset(c, 0, sizeof *c);
}

void copula_draw(const struct copula *c, struct random_stream *stream, double *u)
{
    random_normals(stream, c->n, u);
    for (size_t i = c->n; i-- > 0;) { /* from below: row i wants z[0 .. i] */
        double sum = 0;
        for (size_t j = 0; j <= i; j++)
            sum += c->factor[i * c->n + j] * u[j];
        u[i] = fmin(fmax(gsl_cdf_ugaussian_P(sum), 0x1p-53), 1 - 0x1p-53);
    }
}
