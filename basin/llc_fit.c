/* From a curve of learning coefficients to its limit and multiplicity. */
#include "basin/llc_curve.h"

#include <math.h>

enum { POINTS_LEAST = 4, OFFSET_MOST = 12 }; /* c is -digamma(lambda) for a crossing: 8.4 for lambda = 1/8 */
static const double LOWEST = 30;             /* n beta over lambda, or over 1: one over the mean loss */

/* m = 1: lambda - a (n beta)^-power, power 0: lambda alone; else the polynomial of degree m - 1, with its kappa. */
static const struct law {
    int multiplicity;
    double power, kappa;
    double prior; /* the laws of a multiplicity share 1 */
} laws_of_curves[] = {
    {1, 0, 0, 0.2},   {1, 0.125, 0, 0.2}, {1, 0.25, 0, 0.2}, {1, 0.5, 0, 0.2}, {1, 1, 0, 0.2},   {2, 0, 0, 1},
    {3, 0, 0, 0.25},  {3, 0, 5, 0.25},    {3, 0, 10, 0.25},  {3, 0, 20, 0.25}, {4, 0, 0, 0.25},  {4, 0, 5, 0.25},
    {4, 0, 10, 0.25}, {4, 0, 20, 0.25},   {5, 0, 0, 0.25},   {5, 0, 5, 0.25},  {5, 0, 10, 0.25}, {5, 0, 20, 0.25},
};
enum { LAWS = sizeof laws_of_curves / sizeof laws_of_curves[0], MULTIPLICITY_MOST = 5 };

/* The derivative of ln P_{m-1} at y = ln n beta + c: (m - 1) P_{m-2}/P_{m-1}, P_{k+1} = y P_k + k kappa P_{k-1}. */
static double slope_of_logarithm(int multiplicity, double kappa, double y)
{
    double before = 0, now = 1;
    for (int k = 0; k + 1 < multiplicity; k++) {
        double next = y * now + k * kappa * before;
        before = now;
        now = next;
    }
    return (multiplicity - 1) * before / now;
}

/* d value / d lambda is 1. */
static double law_at(size_t law, double lambda, double second, double n_beta)
{
    const struct law *l = &laws_of_curves[law];
    if (l->multiplicity == 1)
        return lambda - (l->power > 0 ? second * pow(n_beta, -l->power) : 0);
    return lambda - slope_of_logarithm(l->multiplicity, l->kappa, log(n_beta) + second);
}

/* For a given second parameter lambda is a weighted mean. Returns chi^2. */
static double best_lambda(const struct llc_point *const *p, size_t n, size_t law, double second, double *lambda,
                          double *error)
{
    double weights = 0, sum = 0, chi2 = 0;
    for (size_t i = 0; i < n; i++) {
        double w = 1 / (p[i]->error * p[i]->error);
        weights += w;
        sum += w * (p[i]->lambda - law_at(law, 0, second, p[i]->n_beta));
    }
    *lambda = sum / weights;
    *error = 1 / sqrt(weights);
    for (size_t i = 0; i < n; i++) {
        double off = (p[i]->lambda - law_at(law, *lambda, second, p[i]->n_beta)) / p[i]->error;
        chi2 += off * off;
    }
    return chi2;
}

struct one_law {
    double lambda, error;       /* mean and spread */
    double limit, second, chi2; /* the best point */
    double evidence;            /* ln of the mean of exp(-chi^2/2) over the second parameter */
};

/* chi^2 over the second parameter on a grid, weighed as a posterior density: mean and spread of lambda, the best point.
 * Both priors are even in a logarithm: a (n beta)^-d from 0.002 to 2 lambda, either sign, and ln n beta + c from 1/4 up
 * to c = 12, at the lowest point. */
static struct one_law fit_law(const struct llc_point *const *p, size_t n, size_t law)
{
    enum { GRID = 2000 };
    struct one_law best = {.chi2 = INFINITY};
    double low = log(p[n - 1]->n_beta), scale = pow(p[n - 1]->n_beta, laws_of_curves[law].power), total = 0, mean = 0,
           squares = 0, least = INFINITY;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < GRID; i++) {
            double u = ((double)i + 0.5) / GRID, lambda, error;
            double size = 2 * scale * p[n - 1]->lambda * pow(1e-3, 1 - fabs(2 * u - 1));
            double second = laws_of_curves[law].multiplicity == 1 ? copysign(size, u - 0.5)
                                                                  : 0.25 * pow((low + OFFSET_MOST) / 0.25, u) - low;
            double chi2 = best_lambda(p, n, law, second, &lambda, &error);
            if (pass == 0) {
                if (chi2 < best.chi2)
                    best = (struct one_law){.limit = lambda, .second = second, .chi2 = chi2};
                least = fmin(least, chi2);
                continue;
            }
            double w = exp(-(chi2 - least) / 2);
            total += w;
            mean += w * lambda;
            squares += w * (lambda * lambda + error * error);
        }
    best.lambda = mean / total;
    best.evidence = log(total / GRID) - least / 2;
    best.error = sqrt(fmax(squares / total - best.lambda * best.lambda, 0));
    return best;
}

/* The first `laws` of them weighed against each other; the multiplicity with most weight, and of its laws the best. */
static void weigh(const struct one_law *fits, size_t laws, size_t n, struct llc_fit *out)
{
    double least = INFINITY, most = -INFINITY, total = 0, squares = 0, weight[LAWS],
           of_multiplicity[MULTIPLICITY_MOST + 1] = {0};
    for (size_t law = 0; law < laws; law++) {
        least = fmin(least, fits[law].chi2);
        most = fmax(most, fits[law].evidence);
    }
    double inflate = fmax(1, least / (double)(n - 2));
    out->lambda = 0;
    for (size_t law = 0; law < laws; law++) {
        weight[law] = laws_of_curves[law].prior * exp((fits[law].evidence - most) / inflate);
        total += weight[law];
        out->lambda += weight[law] * fits[law].lambda;
        of_multiplicity[laws_of_curves[law].multiplicity] += weight[law];
    }
    out->lambda /= total;
    out->multiplicity = 1;
    for (int m = 2; m <= MULTIPLICITY_MOST; m++)
        if (of_multiplicity[m] > of_multiplicity[out->multiplicity])
            out->multiplicity = m;
    out->weight = of_multiplicity[out->multiplicity] / total;
    out->chi2 = INFINITY;
    for (size_t law = 0; law < laws; law++) {
        double off = fits[law].lambda - out->lambda;
        squares += weight[law] / total * (off * off + inflate * fits[law].error * fits[law].error);
        if (laws_of_curves[law].multiplicity == out->multiplicity && fits[law].chi2 < out->chi2) {
            out->law = law;
            out->limit = fits[law].limit;
            out->offset = fits[law].second;
            out->chi2 = fits[law].chi2;
        }
    }
    out->error = sqrt(squares);
}

/* They stand in the order of their multiplicity, which no pole has above the number of parameters. */
static size_t laws_with(size_t n_parameters)
{
    size_t laws = LAWS;
    while (n_parameters > 0 && (size_t)laws_of_curves[laws - 1].multiplicity > n_parameters)
        laws--;
    return laws;
}

/* To the n largest; the least chi^2 of the first `laws` laws. */
static double fit_points(const struct llc_point *const *p, size_t n, size_t laws, struct llc_fit *out)
{
    struct one_law fits[LAWS];
    double least = INFINITY;
    for (size_t law = 0; law < laws; law++) {
        fits[law] = fit_law(p, n, law);
        least = fmin(least, fits[law].chi2);
    }
    weigh(fits, laws, n, out);
    out->found = true;
    out->points = n;
    out->from = p[n - 1]->n_beta;
    return least;
}

void llc_fit_curve(const struct llc_curve *curve, struct llc_fit *out)
{
    const struct llc_point *p[LLC_RUNGS_MOST];
    struct llc_fit fewer;
    size_t n = 0, laws = laws_with(curve->n_parameters);
    *out = fewer = (struct llc_fit){0};
    for (size_t k = 0; k < curve->n_points; k++)
        if (curve->points[k].converged && curve->points[k].error > 0 &&
            curve->points[k].n_beta >= LOWEST * fmax(1, curve->points[k].lambda))
            p[n++] = &curve->points[k];
    for (; n >= POINTS_LEAST; n--)
        if (fit_points(p, n, laws, out) <= 2 * (double)(n - 2) || n == POINTS_LEAST)
            break;
    if (n < POINTS_LEAST + 2)
        return;
    /* what the lowest points have decided is not certain: no law is exact there */
    fit_points(p, n - (n < 8 ? 2 : n / 4), laws, &fewer);
    out->stable = fewer.multiplicity == out->multiplicity;
    out->error = hypot(out->error, fewer.lambda - out->lambda);
}

bool llc_fit_is_settled(const struct llc_fit *fit)
{
    return fit->found && fit->stable && fit->weight >= 0.9;
}

double llc_fit_at(const struct llc_fit *fit, double n_beta)
{
    return law_at(fit->law, fit->limit, fit->offset, n_beta);
}
