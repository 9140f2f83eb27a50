/* Learning coefficients lambda(n beta) = n beta (E[L] - L(theta*)) along a ladder of n beta (Watanabe 2013; Lau,
 * Furman, Wang, Murfet and Wei 2023), by Markov chains at exp(-n beta L) times a normal prior, all on the full data. */
#ifndef GEARS_BASIN_LLC_CURVE_H
#define GEARS_BASIN_LLC_CURVE_H

#include "base/error.h"
#include "base/reporter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct llc_model {
    size_t n;                     /* parameters */
    const double *centre, *width; /* (n) of the prior N(centre, width^2); borrowed */
    double spread;                /* chains start at the centre + spread x width x N(0, 1) */
    /* L at x (n) and its gradient into g (n); from several threads, each with its context. */
    double (*loss)(const double *x, double *g, void *context);
    double least;                                                              /* L(theta*) */
    enum status (*context_new)(void *shared, void **context, struct error *e); /* NULL: `shared` is that of all */
    void (*context_free)(void *context);
    void *shared;
};

struct llc_options {
    const double *n_betas;                    /* (rungs) descending */
    size_t rungs, target;                     /* target: whose number is the headline */
    size_t chains, warmup, draws, draws_most; /* draws are doubled until all has converged, the target to 1 %, and the
                                               * multiplicity is settled; 0: 4, 1000, 1000, 16000 */
    uint64_t seed;
    int threads;
    const char *what;             /* of the progress messages */
    const char *checkpoint, *key; /* as in solver/sampler.h */
};

/* One rung. */
struct llc_point {
    double n_beta, lambda, error; /* error: Monte Carlo standard error */
    double rhat;                  /* the larger one of L's and of the prior's log density */
    double ess_bulk, ess_tail;    /* the smaller ones */
    double acceptance, swap_acceptance, steps;
    size_t divergences;
    bool converged; /* R-hat < 1.01, both effective sizes >= 400 (Vehtari et al. 2021) */
};

enum { LLC_RUNGS_MOST = 64 };
struct llc_curve {
    struct llc_point points[LLC_RUNGS_MOST];
    size_t n_points, target;
    size_t n_parameters; /* no pole has a higher order; 0: not known */
    size_t chains, draws, evaluations;
};

/* STATUS_OK also where something has not converged: see the points. STATUS_FAILED, STATUS_INTERRUPTED as sampler_run.
 */
enum status llc_curve_measure(const struct llc_model *model, const struct llc_options *options,
                              const struct reporter *reporter, struct llc_curve *out, struct error *e);

/* What the curve says about its limit lambda and the multiplicity m. With lambda the pole of the zeta function nearest
 * to 0 and m its order, Z(n beta) = (n beta)^-lambda P(ln n beta) with a polynomial of degree m - 1 (Watanabe 2009,
 * 4.2), and the curve is -d ln Z / d ln n beta:
 *   m = 1: lambda - a (n beta)^-d, d = 1/8, 1/4, 1/2 or 1, by the next pole, or lambda alone;
 *   m > 1: lambda - (ln P)'(ln n beta), P = P_{m-1}(ln n beta + c), P_0 = 1, P_{k+1}(y) = y P_k + k kappa P_{k-1}: what
 *          its first two cumulants make of the pole's Laurent series. kappa = trigamma(lambda) for a normal crossing in
 *          a box, more with a normal prior: 0, 5, 10 or 20.
 * Each law is fitted by weighted least squares to the converged points with n beta >= 30 and 30 lambda, without the
 * lowest ones while even the best law has chi^2 over 2 per degree of freedom; laws are weighed by the mean of
 * exp(-chi^2/2) over a or c. What the lowest quarter of the points moves lambda by is part of its error. */
struct llc_fit {
    bool found;           /* else: too few points */
    double lambda, error; /* over all laws */
    int multiplicity;     /* with most weight */
    double weight;        /* of all laws of that multiplicity */
    bool stable;          /* that has most weight without the lowest quarter of the points too */
    double chi2;          /* of the law below */
    size_t points;        /* that it is fitted to; two parameters */
    double from;          /* lowest n beta */
    size_t law;           /* the best one of that multiplicity, with its best lambda and a or c */
    double limit, offset;
};
void llc_fit_curve(const struct llc_curve *curve, struct llc_fit *out);
/* The multiplicity has nine tenths of the weight, and not by the lowest points alone. */
bool llc_fit_is_settled(const struct llc_fit *fit);
/* Of that law. */
double llc_fit_at(const struct llc_fit *fit, double n_beta);

#endif
