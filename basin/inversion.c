#include "basin/inversion.h"

#include <gsl/gsl_integration.h>

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS = 28, BINS = 64, MAX_SIDES = 4000, MAX_HALVINGS = 60 };

static const double BIN_RATIO = 4, SERIES_RADIUS = 0.25;
static const double SIDE_ERROR = 1e-13; /* of one side, relative to the whole */
static const double NARROWEST = 1e-7;   /* part of a side that is not halved again */
static const double NEGLIGIBLE = 1e-17; /* what the path may leave out, relative to the whole */
static const double LARGEST_ERROR = 1e-10;
static const double USUAL_DROP = 5, LARGEST_DROP = 8; /* of Re D along one side */

/* The w with |p| in (top/4, top]. */
struct bin {
    double top;
    size_t begin, end;
    double coefficients[TERMS + 1]; /* of (top delta)^j, j >= 2, in D */
};

struct exponent {
    double slope;
    double *p, *c; /* sorted by bin */
    struct bin bins[BINS];
    size_t n_bins;
    long evaluations;
};

/* --- the exponent --------------------------------------------------------------------------------------------------*/

static size_t bin_of(double p, double largest)
{
    double g = floor(log(largest / fabs(p)) / log(BIN_RATIO));
    return g > 0 ? (g < BINS - 1 ? (size_t)g : BINS - 1) : 0;
}

/* (-1)^j 1/2 sum (1/j + c) (p/top)^j, from the series of w - ln(1 + w) and w^2/(1 + w). */
static void bin_expand(struct bin *b, const double *p, const double *c)
{
    for (size_t i = b->begin; i < b->end; i++) {
        double x = -p[i] / b->top, power = x / 2;
        for (int j = 2; j <= TERMS; j++) {
            power *= x;
            b->coefficients[j] += power * (1. / j + c[i]);
        }
    }
}

static enum status exponent_init(struct exponent *x, size_t n, const double *p, const double *c, double slope,
                                 struct error *e)
{
    size_t start[BINS + 1] = {0};
    double largest = 0;
    memset(x, 0, sizeof *x);
    x->slope = slope;
    x->p = malloc((n + 1) * sizeof *x->p);
    x->c = malloc((n + 1) * sizeof *x->c);
    if (!x->p || !x->c)
        return error_memory(e);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(p[i]));
    for (size_t i = 0; i < n; i++)
        start[bin_of(p[i], largest) + 1]++;
    for (size_t g = 0; g < BINS; g++) {
        start[g + 1] += start[g];
        if (start[g + 1] > start[g])
            x->bins[x->n_bins++] =
                (struct bin){.top = largest * pow(BIN_RATIO, -(double)g), .begin = start[g], .end = start[g + 1]};
    }
    for (size_t i = 0; i < n; i++) {
        size_t to = start[bin_of(p[i], largest)]++;
        x->p[to] = p[i];
        x->c[to] = c ? c[i] : 0;
    }
    for (size_t k = 0; k < x->n_bins; k++)
        bin_expand(&x->bins[k], x->p, x->c);
    return STATUS_OK;
}

static void exponent_clear(struct exponent *x)
{
    free(x->p);
    free(x->c);
}

static double complex bin_series(const struct bin *b, double complex delta, double complex *derivative)
{
    double complex t = b->top * delta, sum = 0, slope = 0;
    for (int j = TERMS; j >= 2; j--) {
        sum = sum * t + b->coefficients[j];
        slope = slope * t + j * b->coefficients[j];
    }
    *derivative += b->top * t * slope;
    return t * t * sum;
}

/* In real arithmetic: the complex operators of C check every product for infinities. */
static double complex bin_sum(const struct exponent *x, const struct bin *b, double complex delta,
                              double complex *derivative)
{
    double sum_re = 0, sum_im = 0, slope_re = 0, slope_im = 0;
    for (size_t i = b->begin; i < b->end; i++) {
        double p = x->p[i], c = x->c[i], re = p * creal(delta), im = p * cimag(delta);
        double u = 1 + re, size = u * u + im * im;
        double logarithm = fabs(re) + fabs(im) < .5 ? log1p(re * (2 + re) + im * im) / 2 : log(size) / 2;
        double q_re = (re * u + im * im) / size, q_im = im / size; /* q = w/(1 + w) */
        sum_re += re - logarithm + c * (re * q_re - im * q_im);
        sum_im += im - atan2(im, u) + c * (re * q_im + im * q_re);
        slope_re += p * (q_re + c * (q_re * (2 - q_re) + q_im * q_im));
        slope_im += p * (q_im + c * 2 * q_im * (1 - q_re));
    }
    *derivative += (slope_re + slope_im * I) / 2;
    return (sum_re + sum_im * I) / 2;
}

static double complex exponent_at(struct exponent *x, double complex delta, double complex *derivative)
{
    double re = creal(delta), im = cimag(delta), reach = cabs(delta);
    double complex one = 1 + delta;
    double logarithm = reach < .5 ? log1p(re * (2 + re) + im * im) / 2 : log(cabs(one));
    double complex sum = x->slope * delta + delta - (logarithm + carg(one) * I), slope = x->slope + delta / one;
    for (size_t k = 0; k < x->n_bins; k++) {
        const struct bin *b = &x->bins[k];
        sum += b->top * reach <= SERIES_RADIUS ? bin_series(b, delta, &slope) : bin_sum(x, b, delta, &slope);
    }
    x->evaluations++;
    *derivative = slope;
    return sum;
}

/* --- the path ------------------------------------------------------------------------------------------------------*/

struct point {
    double complex delta, value, derivative; /* of D */
};

static struct point point_at(struct exponent *x, double complex delta)
{
    struct point at = {.delta = delta};
    at.value = exponent_at(x, delta, &at.derivative);
    return at;
}

static double complex downhill(double complex derivative)
{
    return -conj(derivative) / cabs(derivative);
}

/* The next corner of the polygon, about `length` from `from` where the path leaves it in `direction`: a midpoint step,
 * then a Newton step back to Im D = 0. False: too long. */
static bool try_corner(struct exponent *x, const struct point *from, double complex direction, double length,
                       struct point *to)
{
    struct point middle = point_at(x, from->delta + length / 2 * direction);
    *to = point_at(x, from->delta + length * downhill(middle.derivative));
    double complex back = -I * cimag(to->value) / to->derivative;
    if (!(cabs(back) < length / 2))
        return false;
    *to = point_at(x, to->delta + back);
    double drop = creal(from->value) - creal(to->value);
    return cimag(to->delta) > 0 && drop > 0 && drop <= LARGEST_DROP && fabs(cimag(to->value)) < 1;
}

static bool next_corner(struct exponent *x, const struct point *from, double complex direction, double *length,
                        struct point *to)
{
    for (int halvings = 0; halvings < MAX_HALVINGS; halvings++) {
        if (try_corner(x, from, direction, *length, to)) {
            double drop = creal(from->value) - creal(to->value);
            *length *= fmin(fmax(USUAL_DROP / drop, .5), 2.5);
            return true;
        }
        *length /= 2;
    }
    return false;
}

/* --- the integral --------------------------------------------------------------------------------------------------*/

struct side {
    struct exponent *x;
    double complex from, along; /* delta = from + t along, 0 <= t <= 1 */
};

static double side_integrand(double t, void *context)
{
    struct side *s = context;
    double complex derivative, value = exponent_at(s->x, s->from + t * s->along, &derivative);
    return cimag(cexp(value) * s->along) / M_PI;
}

/* Adds the integral over a side to *sum; its parts are halved until the error of each is below `tolerance`. */
static void integrate_side(struct side *s, double tolerance, double *sum, double *error)
{
    double low = 0, width = 1, value, uncertainty, size, spread;
    gsl_function f = {side_integrand, s};
    while (low < 1) {
        gsl_integration_qk21(&f, low, low + width, &value, &uncertainty, &size, &spread);
        if (uncertainty > tolerance && width > NARROWEST) {
            width /= 2;
            continue;
        }
        *sum += value;
        *error += uncertainty;
        low += width; /* powers of 2: it ends at 1 exactly */
        width = fmin(2 * width, 1 - low);
    }
}

/* False: the path got lost. */
static bool integrate_path(struct exponent *x, double curvature, struct inversion *out)
{
    double whole = 1 / sqrt(2 * M_PI * curvature); /* second order in delta: the scale of the tolerances */
    double length = sqrt(2 * USUAL_DROP / curvature), error = 0;
    struct point from = point_at(x, 0), to;
    double complex direction = I;
    out->integral = 0;
    for (int sides = 0; sides < MAX_SIDES; sides++) {
        if (!next_corner(x, &from, direction, &length, &to))
            return false;
        struct side side = {x, from.delta, to.delta - from.delta};
        integrate_side(&side, SIDE_ERROR * whole, &out->integral, &error);
        double rest = exp(creal(to.value)) / cabs(to.derivative);
        if (rest < NEGLIGIBLE * whole) {
            out->error = (error + rest) / out->integral;
            return out->integral > 0;
        }
        direction = downhill(to.derivative);
        from = to;
    }
    return false;
}

static double curvature_at_saddle(size_t n, const double *p, const double *c)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i] * p[i] * (c ? 1 + 2 * c[i] : 1);
    return 1 + sum / 2;
}

enum status inversion_integrate(size_t n, const double *p, const double *c, double slope, struct inversion *out,
                                struct error *e)
{
    struct exponent x;
    enum status status = exponent_init(&x, n, p, c, slope, e);
    if (status == STATUS_OK) {
        bool arrived = integrate_path(&x, curvature_at_saddle(n, p, c), out);
        out->evaluations = x.evaluations;
        if (!arrived)
            status = error_set(e, STATUS_REFUSED, "the inversion lost the path of steepest descent");
        else if (!(out->error <= LARGEST_ERROR))
            status = error_set(e, STATUS_REFUSED, "the inversion reached a relative error of %.1e, not %.0e",
                               out->error, LARGEST_ERROR);
    }
    exponent_clear(&x);
    return status;
}
