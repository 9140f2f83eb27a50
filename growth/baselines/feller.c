#include "growth/baselines/feller.h"

#include "solver/bessel.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_roots.h>
#include <math.h>

/* k over a time t. */
static double rate(const struct feller *f, double t)
{
    return fabs(f->b * t) < 1e-12 ? 1 / (f->a * t) : f->b / (f->a * expm1(f->b * t));
}

/* l = k e^bt x0 = (x0/a) b/(1 - e^-bt). */
static double start(const struct feller *f, double x0, double t)
{
    return x0 / f->a * (fabs(f->b * t) < 1e-12 ? 1 / t : f->b / -expm1(-f->b * t));
}

double feller_log_density(const struct feller *f, double x0, double t, double x)
{
    double k = rate(f, t), l = start(f, x0, t), u = k * x, difference = sqrt(u) - sqrt(l);
    return log(k) + f->nu / 2 * log(u / l) - difference * difference +
           bessel_log_i_scaled(-f->nu, 2 * sqrt(u * l), NULL);
}

double feller_absorbed(const struct feller *f, double x0, double t)
{
    double l = isfinite(t) ? start(f, x0, t) : f->b > 0 ? x0 / f->a * f->b : 0;
    return t <= 0 ? 0 : gsl_cdf_gamma_Q(l, -f->nu, 1);
}

/* The same by integrating the density over v = sqrt(u), where it is close to a normal one of variance about 1/2: for
 * large l, where the sum would be long. centre, spread: of v. */
static double above_integrated(const struct feller *f, double x0, double t, double u, double centre, double spread)
{
    enum { NODES = 128 };
    double k = rate(f, t), low = fmax(sqrt(u), centre - 10 * spread), high = fmax(low, centre) + 10 * spread, sum = 0;
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(NODES);
    for (size_t i = 0; table && i < NODES; i++) {
        double v, weight;
        gsl_integration_glfixed_point(low, high, i, &v, &weight, table);
        sum += weight * exp(feller_log_density(f, x0, t, v * v / k)) * 2 * v / k;
    }
    gsl_integration_glfixed_table_free(table);
    return table ? fmin(sum, 1) : NAN;
}

/* sum_j w_j Q(j+1, u) with w_j = e^-l l^(q+j)/Gamma(q+j+1): both factors by their recurrences, upwards from where w is
 * negligible. */
double feller_above(const struct feller *f, double x0, double t, double x)
{
    double q = -f->nu, l = start(f, x0, t), u = rate(f, t) * x, width = 12 * sqrt(l + 20) + 30;
    double first = floor(fmax(0, l - q - width)), last = ceil(fmax(l - q, 0) + width);
    double log_weight = (q + first) * log(l) - l - lgamma(q + first + 1), weight = exp(log_weight);
    double above = gsl_cdf_gamma_Q(u, first + 1, 1), step = exp((first + 1) * log(u) - u - lgamma(first + 2)), sum = 0;
    if (!(u > 0))
        return 1 - feller_absorbed(f, x0, t);
    if (l - q > 1e4)
        return above_integrated(f, x0, t, u, sqrt(l - q), sqrt((2 * l - q) / (l - q)) / 2);
    for (size_t i = 0; first + (double)i <= last; i++) {
        double j = first + (double)i;
        sum += weight * fmin(above, 1);
        weight *= l / (q + j + 1);
        above += step;
        step *= u / (j + 2);
        if (step == 0 && j + 2 < u) /* underflowed on the way up to u */
            step = exp((j + 2) * log(u) - u - lgamma(j + 3));
        if (weight == 0 && j + q < l)
            weight = exp((q + j + 1) * log(l) - l - lgamma(q + j + 2));
    }
    return fmin(sum, 1);
}

struct target {
    const struct feller *f;
    double x0, t, p;
};

static double above_minus_target(double log_x, void *context)
{
    const struct target *w = context;
    return feller_above(w->f, w->x0, w->t, exp(log_x)) - w->p;
}

static double absorbed_minus_target(double log_t, void *context)
{
    const struct target *w = context;
    return feller_absorbed(w->f, w->x0, exp(log_t)) - w->p;
}

/* Root of a monotone function between low and high by Brent's method. */
static double find_root(double (*function)(double, void *), struct target *w, double low, double high)
{
    gsl_function g = {function, w};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    double root = NAN;
    if (solver && gsl_root_fsolver_set(solver, &g, low, high) == GSL_SUCCESS) {
        for (int i = 0; i < 200; i++) {
            if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS)
                break;
            root = gsl_root_fsolver_root(solver);
            if (gsl_root_fsolver_x_upper(solver) - gsl_root_fsolver_x_lower(solver) < 1e-13 * (1 + fabs(root)))
                break;
        }
    }
    gsl_root_fsolver_free(solver);
    return root;
}

double feller_quantile_above(const struct feller *f, double x0, double t, double p)
{
    struct target w = {f, x0, t, p};
    double low = log(x0), high = low, step = 0.1;
    if (1 - feller_absorbed(f, x0, t) <= p)
        return 0;
    while (above_minus_target(high, &w) > 0) {
        high += step;
        step *= 2;
    }
    step = 0.1;
    while (above_minus_target(low, &w) < 0 && low > -700) {
        low -= step;
        step *= 2;
    }
    return low <= -700 ? 0 : exp(find_root(above_minus_target, &w, low, high));
}

double feller_absorption_time(const struct feller *f, double x0, double p)
{
    struct target w = {f, x0, 0, p};
    double low = 0, high = 0;
    if (feller_absorbed(f, x0, INFINITY) <= p)
        return INFINITY;
    while (absorbed_minus_target(low, &w) > 0 && low > -700)
        low -= 1;
    while (absorbed_minus_target(high, &w) < 0 && high < 700)
        high += 1;
    return exp(find_root(absorbed_minus_target, &w, low, high));
}

/* A gamma variate: Marsaglia and Tsang 2000, with their boost below shape 1. */
static double draw_gamma(double shape, struct random_stream *r)
{
    double boost = shape < 1 ? pow(random_uniform(r), 1 / shape) : 1;
    double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double z = random_normal(r), v = 1 + c * z;
        v = v * v * v;
        if (v > 0 && log(random_uniform(r)) < 0.5 * z * z + d - d * v + d * log(v))
            return boost * d * v;
    }
}

/* A Poisson variate: products of uniforms where the mean is small; from a large mean, the gamma waiting time of half
 * the events is drawn first (Ahrens and Dieter 1974). */
static double draw_poisson(double mean, struct random_stream *r)
{
    double count = 0;
    while (mean > 12) {
        double events = floor(mean * 7 / 8), wait = draw_gamma(events, r);
        if (wait >= mean) { /* binomial: each of the events - 1 before the wait falls below the mean */
            double share = mean / wait;
            for (size_t i = 1; i < (size_t)events; i++)
                count += random_uniform(r) < share;
            return count;
        }
        count += events;
        mean -= wait;
    }
    double product = random_uniform(r), limit = exp(-mean);
    while (product > limit) {
        count++;
        product *= random_uniform(r);
    }
    return count;
}

/* J with its defective weights: Z ~ Gamma(q); absorbed where Z > l, else J ~ Poisson(l - Z) (Makarov and Glew 2010). */
double feller_draw(const struct feller *f, double x0, double t, struct random_stream *r)
{
    double l = start(f, x0, t), z = draw_gamma(-f->nu, r);
    return z > l ? 0 : draw_gamma(draw_poisson(l - z, r) + 1, r) / rate(f, t);
}
