/* From a curve of learning coefficients to its limit and multiplicity. */
#include "basin/llc_curve.h"

#include <math.h>

enum { POINTS_LEAST = 4 };
static const double LOWEST = 10; /* n beta */

static int multiplicity_of(size_t law)
{
    return law < 2 ? 1 : (int)law;
}

/* d value / d lambda is 1. */
static double law_at(size_t law, double lambda, double second, double n_beta)
{
    if (law < 2)
        return lambda - second * pow(n_beta, law == 0 ? -0.5 : -1);
    return lambda - (double)(law - 1) / (log(n_beta) + second);
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
};

/* chi^2 over the second parameter on a grid, weighed as a posterior density: mean and spread of lambda, the best point.
 * a: from -20 to 20 in units of lambda's own scale; c: ln n beta + c from 1/4 to 40 at the lowest point. */
static struct one_law fit_law(const struct llc_point *const *p, size_t n, size_t law)
{
    enum { GRID = 2000 };
    struct one_law best = {.chi2 = INFINITY};
    double low = log(p[n - 1]->n_beta), scale = pow(p[n - 1]->n_beta, law == 0 ? 0.5 : 1), total = 0, mean = 0,
           squares = 0, least = INFINITY;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < GRID; i++) {
            double u = ((double)i + 0.5) / GRID, lambda, error;
            double second = law < 2 ? (2 * u - 1) * 2 * scale * p[n - 1]->lambda : 0.25 * pow(160, u) - low;
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
    best.error = sqrt(fmax(squares / total - best.lambda * best.lambda, 0));
    return best;
}

/* Laws weighed against each other; the multiplicity with most weight, and of its laws the best. */
static void weigh(const struct one_law *laws, size_t n, struct llc_fit *out)
{
    size_t best = 0;
    double total = 0, squares = 0, weight[LLC_LAWS], of_multiplicity[LLC_LAWS] = {0};
    for (size_t law = 1; law < LLC_LAWS; law++)
        if (laws[law].chi2 < laws[best].chi2)
            best = law;
    double inflate = fmax(1, laws[best].chi2 / (double)(n - 2)), least = laws[best].chi2;
    out->lambda = 0;
    for (size_t law = 0; law < LLC_LAWS; law++) {
        weight[law] = exp(-(laws[law].chi2 - least) / inflate / 2);
        total += weight[law];
        out->lambda += weight[law] * laws[law].lambda;
        of_multiplicity[multiplicity_of(law)] += weight[law] / (law < 2 ? 2 : 1); /* two laws of m = 1 */
    }
    out->lambda /= total;
    out->multiplicity = 1;
    double all = 0;
    for (int m = 1; m < LLC_LAWS; m++) {
        all += of_multiplicity[m];
        if (of_multiplicity[m] > of_multiplicity[out->multiplicity])
            out->multiplicity = m;
    }
    out->weight = of_multiplicity[out->multiplicity] / all;
    best = out->multiplicity == 1 ? (laws[1].chi2 < laws[0].chi2) : (size_t)out->multiplicity;
    for (size_t law = 0; law < LLC_LAWS; law++) {
        double off = laws[law].lambda - out->lambda;
        squares += weight[law] / total * (off * off + inflate * laws[law].error * laws[law].error);
    }
    out->error = sqrt(squares);
    out->law = best;
    out->limit = laws[best].limit;
    out->offset = laws[best].second;
    out->chi2 = laws[best].chi2;
}

void llc_fit_curve(const struct llc_curve *curve, struct llc_fit *out)
{
    const struct llc_point *p[LLC_RUNGS_MOST];
    size_t n = 0;
    *out = (struct llc_fit){0};
    for (size_t k = 0; k < curve->n_points; k++)
        if (curve->points[k].converged && curve->points[k].n_beta >= LOWEST && curve->points[k].error > 0)
            p[n++] = &curve->points[k];
    for (; n >= POINTS_LEAST; n--) {
        struct one_law laws[LLC_LAWS];
        for (size_t law = 0; law < LLC_LAWS; law++)
            laws[law] = fit_law(p, n, law);
        weigh(laws, n, out);
        out->found = true;
        out->points = n;
        out->from = p[n - 1]->n_beta;
        double least = INFINITY;
        for (size_t law = 0; law < LLC_LAWS; law++)
            least = fmin(least, laws[law].chi2);
        if (least <= 2 * (double)(n - 2) || n == POINTS_LEAST)
            return;
    }
}

double llc_fit_at(const struct llc_fit *fit, double n_beta)
{
    return law_at(fit->law, fit->limit, fit->offset, n_beta);
}
