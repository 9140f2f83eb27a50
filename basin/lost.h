/* Where the dimensions that G does not see come from: dead units, duplicates, symmetries, discarded information.
 *
 * Structural null vectors of G are written down from the activations and back signals, cause after cause in a fixed
 * order; each that G really sends to zero is stacked if it adds to the rank of those before it. What is left of N -
 * rank G is "not pinned by the data". docs/audit.md has the vectors and the bound.
 */
#ifndef GEARS_BASIN_LOST_H
#define GEARS_BASIN_LOST_H

#include "base/reporter.h"
#include "basin/problem.h"

enum lost_cause {
    LOST_DEAD_UNIT,     /* its activation or its slope is 0 on all examples, or nothing reads it */
    LOST_DUPLICATE,     /* its activations are a multiple of another unit's */
    LOST_RESCALING,     /* f(c z) = c^d f(z): incoming weights up, outgoing down */
    LOST_LINEAR_GAUGE,  /* any invertible map between two layers that are linear at every example: identity, or units of
                         * relu  and leaky relu on the same side of their kinks */
    LOST_MERGED_INPUTS, /* the layer's inputs are linearly dependent over the examples */
    LOST_DISCARDED_LAYER, /* a direction of the layer that no behaviour depends on */
    LOST_NOT_PINNED       /* fewer independent behaviours than parameters */
};

struct lost {
    enum lost_cause cause;
    size_t layer; /* from 1; 0: none */
    size_t unit;  /* from 1; 0: none */
    size_t dimensions;
    bool information_loss; /* false: a symmetry, or for lack of data */
};

struct lost_table {
    struct lost *entries; /* (n); owned */
    size_t n;
    size_t total;   /* sum of dimensions = N - rank G */
    size_t bound;   /* on rank G, from what the layers discard */
    size_t ceiling; /* on rank G at any theta, from the inputs and the shape of the network (docs/audit.md) */
};

const char *lost_cause_name(enum lost_cause cause); /* "dead_unit" */

/* At the theta where the tape stands; G (k, N) is there already, with its rank and the tolerance of its singular
 * values. reporter: may be NULL; asked now and then whether to stop (STATUS_INTERRUPTED). */
enum status lost_find(struct tape *t, const struct problem *p, const double *theta, const double *G, size_t rank_g,
                      double tolerance, const struct reporter *reporter, struct lost_table *out, struct error *e);
void lost_table_clear(struct lost_table *t);

#endif
