/* What the Jacobian of a fit says about its parameters. */
#include "solver/least_squares.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct work {
    double *a;     /* (rows, k) scaled Jacobian; destroyed by the decomposition */
    double *width; /* (k) of the scaling */
    size_t rows;   /* at least k */
};

static bool allocate(size_t n, size_t k, struct work *w, struct least_squares_errors *r)
{
    *r = (struct least_squares_errors){.k = k};
    w->rows = n > k ? n : k;
    w->a = calloc(w->rows * k + 1, sizeof *w->a);
    w->width = calloc(k + 1, sizeof *w->width);
    r->standard = calloc(k + 1, sizeof *r->standard);
    r->covariance = calloc(k * k + 1, sizeof *r->covariance);
    r->correlation = calloc(k * k + 1, sizeof *r->correlation);
    r->singular = calloc(k + 1, sizeof *r->singular);
    r->direction = calloc(k * k + 1, sizeof *r->direction);
    r->unidentified = calloc(k + 1, sizeof *r->unidentified);
    return w->a && w->width && r->standard && r->covariance && r->correlation && r->singular && r->direction &&
           r->unidentified;
}

static void scale_columns(size_t n, size_t k, const double *jac, const double *scale, const bool *held, struct work *w)
{
    for (size_t j = 0; j < k; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += jac[i * k + j] * jac[i * k + j];
        w->width[j] = scale ? scale[j] : sum > 0 ? 1 / sqrt(sum) : 1;
        for (size_t i = 0; i < n; i++)
            w->a[i * k + j] = held && held[j] ? 0 : jac[i * k + j] * w->width[j];
    }
}

static void add_direction(const struct least_squares_errors *r, const double *width, size_t i)
{
    const double *v = r->direction + i * r->k;
    double variance = 1 / (r->singular[i] * r->singular[i]);
    for (size_t a = 0; a < r->k; a++)
        for (size_t b = 0; b < r->k; b++)
            r->covariance[a * r->k + b] += width[a] * v[a] * variance * width[b] * v[b];
}

static void fill(struct least_squares_errors *r, const double *width, const bool *held, double tolerance)
{
    size_t k = r->k;
    for (size_t i = 0; i < k; i++) {
        if (r->singular[i] > tolerance * r->singular[0]) {
            r->rank++;
            add_direction(r, width, i);
            continue;
        }
        for (size_t j = 0; j < k; j++)
            r->unidentified[j] += r->direction[i * k + j] * r->direction[i * k + j];
    }
    for (size_t j = 0; j < k; j++) {
        bool known = held && held[j];
        if (known)
            r->unidentified[j] = 0;
        /* a hundredth of a parameter in a null direction is a tenth of its length: nothing bounds it */
        r->standard[j] = known ? 0 : r->unidentified[j] > 0.01 ? INFINITY : sqrt(r->covariance[j * k + j]);
    }
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++) {
            double both = sqrt(r->covariance[a * k + a] * r->covariance[b * k + b]);
            r->correlation[a * k + b] = both > 0 ? r->covariance[a * k + b] / both : a == b;
        }
}

enum status least_squares_errors(size_t n, size_t k, const double *jac, const double *scale, const bool *held,
                                 double tolerance, struct least_squares_errors *out, struct error *e)
{
    struct work w = {0};
    enum status status = STATUS_OK;
    if (!allocate(n, k, &w, out))
        status = error_memory(e);
    if (!status) {
        scale_columns(n, k, jac, scale, held, &w);
        status = linalg_svd(w.rows, k, w.a, out->singular, NULL, out->direction, e);
    }
    if (!status)
        fill(out, w.width, held, tolerance);
    free(w.a);
    free(w.width);
    return status;
}

void least_squares_errors_clear(struct least_squares_errors *r)
{
    free(r->standard);
    free(r->covariance);
    free(r->correlation);
    free(r->singular);
    free(r->direction);
    free(r->unidentified);
    memset(r, 0, sizeof *r);
}
