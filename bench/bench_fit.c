/* The Jacobian of a fit's residuals by forward sensitivities beside what differences cost, on
 * scenarios/fits/world.yaml. */
#include "growth/fit/file.h"
#include "solver/difference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 7 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct bench {
    struct fit_evaluator v;
    double z[FIT_MAX_PARAMETERS];
    size_t n, k, moved;
    double *r, *jac, *exact, *column, *scratch;
};

static int residuals(double value, double *r, void *context)
{
    struct bench *b = context;
    b->z[b->moved] = value;
    return fit_evaluate(&b->v, b->z, r, NULL);
}

static int by_sensitivities(struct bench *b)
{
    return fit_evaluate(&b->v, b->z, b->r, b->jac);
}

static int by_forward_differences(struct bench *b)
{
    const double h = 1e-5;
    int code = fit_evaluate(&b->v, b->z, b->r, NULL);
    for (size_t j = 0; j < b->k && !code; j++) {
        double z = b->z[j];
        b->moved = j;
        code = residuals(z + h, b->column, b);
        b->z[j] = z;
        for (size_t i = 0; i < b->n; i++)
            b->jac[i * b->k + j] = (b->column[i] - b->r[i]) / h;
    }
    return code;
}

/* Second order */
static int by_central_differences(struct bench *b)
{
    const double h = 1e-4;
    int code = 0;
    for (size_t j = 0; j < b->k && !code; j++) {
        double z = b->z[j];
        b->moved = j;
        code = residuals(z + h, b->column, b);
        code = code ? code : residuals(z - h, b->scratch, b);
        b->z[j] = z;
        for (size_t i = 0; i < b->n; i++)
            b->jac[i * b->k + j] = (b->column[i] - b->scratch[i]) / (2 * h);
    }
    return code;
}

static int by_high_order(struct bench *b)
{
    int code = 0;
    for (size_t j = 0; j < b->k && !code; j++) {
        double z = b->z[j];
        b->moved = j;
        code = difference_central(residuals, b, z, 1e-3, b->n, b->column, b->scratch);
        b->z[j] = z;
        for (size_t i = 0; i < b->n; i++)
            b->jac[i * b->k + j] = b->column[i];
    }
    return code;
}

/* The largest error of an entry, in units of its column's largest. */
static double worst_error(const struct bench *b)
{
    double worst = 0;
    for (size_t j = 0; j < b->k; j++) {
        double largest = 0, error = 0;
        for (size_t i = 0; i < b->n; i++) {
            largest = fmax(largest, fabs(b->exact[i * b->k + j]));
            error = fmax(error, fabs(b->jac[i * b->k + j] - b->exact[i * b->k + j]));
        }
        worst = fmax(worst, error / largest);
    }
    return worst;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure(struct bench *b, int (*way)(struct bench *), const char *name, double reference)
{
    double time[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        double begin = seconds();
        if (way(b)) {
            fprintf(stderr, "bench_fit: %s\n", b->v.complaint);
            exit(1);
        }
        time[i] = seconds() - begin;
    }
    qsort(time, REPEATS, sizeof *time, compare);
    double median = time[REPEATS / 2];
    printf("| %s | %.1f | %.1f | %.1g |\n", name, 1e3 * median, median / (reference > 0 ? reference : median),
           worst_error(b));
    return median;
}

static double *room(size_t n)
{
    double *x = malloc(n * sizeof *x);
    if (!x)
        exit(1);
    return x;
}

int main(void)
{
    struct scenario scenario;
    struct fit fit;
    struct error e = {0};
    struct bench b = {0};
    if (fit_read("scenarios/fits/world.yaml", NULL, 0, NULL, &scenario, &fit, &e)) {
        fprintf(stderr, "bench_fit: %s\n", e.message);
        return 1;
    }
    b.n = fit_count_residuals(&fit);
    b.k = fit.n_parameters;
    b.r = room(b.n);
    b.jac = room(b.n * b.k);
    b.exact = room(b.n * b.k);
    b.column = room(b.n);
    b.scratch = room(b.n);
    fit_first(&fit, b.z);
    double rtol = fit.base.rtol;
    fit.base.rtol = 1e-12; /* the exact one */
    fit_evaluator_init(&b.v, &fit, NULL);
    if (by_sensitivities(&b))
        return 1;
    memcpy(b.exact, b.jac, b.n * b.k * sizeof *b.exact);
    fit.base.rtol = rtol;
    fit_evaluator_init(&b.v, &fit, NULL);
    printf("%zu residuals, %zu parameters, shooting included.\n\n", b.n, b.k);
    printf("| Jacobian by | CPU ms | ratio | largest error |\n|---|--:|--:|--:|\n");
    double reference = measure(&b, by_sensitivities, "forward sensitivities (CVODES)", 0);
    measure(&b, by_forward_differences, "forward differences", reference);
    measure(&b, by_central_differences, "central differences", reference);
    measure(&b, by_high_order, "differences of eighth order", reference);
    free(b.r);
    free(b.jac);
    free(b.exact);
    free(b.column);
    free(b.scratch);
    fit_clear(&fit);
    scenario_clear(&scenario);
    return 0;
}
