/* The learning coefficient of an experiment: what is measured (llc.c), and how it is shown (llc_report.c). */
#ifndef GEARS_BASIN_LLC_H
#define GEARS_BASIN_LLC_H

#include "basin/linear_llc.h"
#include "basin/llc_curve.h"
#include "basin/minimum.h"

struct llc {
    const struct minimum *m;
    double n, n_beta, gamma; /* of the headline; localising strength */
    double least;            /* L(theta*) */
    double n_betas[LLC_RUNGS_MOST];
    size_t rungs, target;
    size_t chains, warmup, draws;
    bool over_prior, at_point; /* what was asked for */
    double sgld_step;          /* 0: not asked for */

    struct llc_curve prior, point; /* all rungs; the target alone */
    struct llc_fit fit;
    struct llc_point sgld; /* at the point; lambda NAN: it went to infinity */

    bool linear; /* then what follows is known: */
    struct linear_llc_value exact[LLC_RUNGS_MOST];
    size_t map_rank, multiplicity;
    double limit;

    bool has_rank;
    size_t rank_g;
    double quadratic; /* sum 1/2 n beta h/(n beta h + gamma) over H's eigenvalues at theta*; NAN: not computed */
    double descent;   /* minimum_descent there, in units of 1/sqrt(gamma); NAN likewise */
};

/* The n >= e with n/ln n = n_beta; NAN below e. */
double llc_examples(double n_beta);

/* lambda^ is below 0 by more than two of its errors. */
bool llc_is_negative(const struct llc_point *p);
/* What the loss may still fall by moves no lambda^ by 0.01: see minimum_descent. Without it, and weights from a file:
 * true. */
bool llc_is_minimum(const struct llc *l);

/* l->sgld by stochastic-gradient Langevin dynamics with l->sgld_step. */
enum status llc_measure_sgld(struct llc *l, const struct reporter *reporter, struct error *e);

/* Tables, sentences, figure, JSON and refusals. */
void llc_report(const struct llc *l, struct findings *out);
/* Of weights that were trained, and not to a minimum: nothing was measured. */
void llc_refuse(struct llc *l, struct findings *out);

#endif
