/* What the analyses are done on: a problem at a theta, minimum or not, with what is known about how it came to be. */
#ifndef GEARS_BASIN_MINIMUM_H
#define GEARS_BASIN_MINIMUM_H

#include "base/reporter.h"
#include "base/table.h"
#include "basin/dataset.h"
#include "basin/train.h"
#include "plots/figure.h"

#include <jansson.h>

struct basin_run;
struct minimum {
    const struct basin_run
        *run; /* whose it is (basin/experiment.h): to train from other starts, to read other weights */
    const struct problem *problem;
    const struct dataset *data;
    const double *theta;             /* (N) */
    const double *sigma;             /* (N) standard deviation of each parameter at initialisation: the prior width */
    const struct training *training; /* NULL: weights from a file, as they stand */
    uint64_t seed;                   /* of what an analysis draws */
    int threads;
    const char *checkpoint; /* beginning of a path for what a long analysis puts away and takes up again, or NULL */
};

/* What the quadratic at theta says the loss falls by within a step of 1 along each eigenvector of its Hessian, summed:
 * 1/2 g^2/lambda (the Newton decrement) where that step is shorter than 1, else g/2, and -lambda/2 where it curves
 * down; 0 at a minimum, and no more than the loss, which is nowhere negative. values (n), vectors (n, n; rows): of H;
 * slopes (n): the gradient; all in units of the step. */
double minimum_descent(size_t n, const double *values, const double *vectors, const double *slopes, double loss);

/* What an analysis found, in every form it is shown in. */
enum { FINDINGS_MAX = 8 };
struct findings {
    json_t *json;                       /* an object: its members go into the run's */
    struct table *tables[FINDINGS_MAX]; /* for the terminal and the page */
    struct figure *figures[FINDINGS_MAX];
    char *sentences[FINDINGS_MAX]; /* paragraphs below the tables */
    size_t n_tables, n_figures, n_sentences;
    char refusal[512]; /* computed, but something has not converged and its number is withheld: what, why; else "" */
};
void findings_clear(struct findings *f);
/* Take ownership; NULL is passed over. */
void findings_add_table(struct findings *f, struct table *t);
void findings_add_figure(struct findings *f, struct figure *figure);
void findings_add_sentence(struct findings *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All the rest is shown, and the program ends with STATUS_REFUSED and this line; the first one counts. */
void findings_refuse(struct findings *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An analysis: one file, and one line in analyses.c. */
struct config_node;
struct basin_result;
struct analysis {
    const char *name, *summary;
    /* options: the experiment file's map of that name (`volume: {threshold: 0.01}`), checked against its schema; may be
     * NULL */
    enum status (*run)(const struct minimum *m, const struct config_node *options, const struct reporter *reporter,
                       struct findings *out, struct error *e);
    const struct config_field *schema; /* of its options; NULL: none */
    /* What all runs (n) of an experiment say together, after each has been analysed; NULL: nothing. */
    void (*across)(const struct basin_result *results, size_t n, struct findings *out);
};
extern const struct analysis *const analyses[]; /* NULL last */

#endif
