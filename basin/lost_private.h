/* Shared by the files that look for lost dimensions. */
#ifndef GEARS_BASIN_LOST_PRIVATE_H
#define GEARS_BASIN_LOST_PRIVATE_H

#include "basin/lost.h"
#include "basin/null_stack.h"

#include <stdbool.h>

struct lost_search {
    struct tape *tape;
    const struct problem *p;
    const struct network *net;
    const double *theta, *G;
    size_t N, k;
    struct null_stack stack;
    size_t distinct[NETWORK_MAX_LAYERS]; /* how many different activations layer l has over the examples */
    struct lost_table *table;
    const struct reporter *reporter;
    struct error *e;
    bool failed, stopped;
};

/* Entry of the candidate: weight from unit `from` of layer l to unit `to` of layer l+1, and bias of unit `to` there. */
double *lost_weight(const struct lost_search *s, size_t l, size_t to, size_t from);
double *lost_bias(const struct lost_search *s, size_t l, size_t to);

/* The candidate is done; the next one is to be written. Once a stop is asked for, nothing more is tried. */
void lost_offer(struct lost_search *s);
/* How many of those offered since the last call were null vectors and new. */
size_t lost_settle(struct lost_search *s);
/* One line of the table, unless it is about 0 dimensions. */
void lost_record(struct lost_search *s, enum lost_cause cause, size_t layer, size_t unit, size_t dimensions,
                 bool information_loss);

/* Merged inputs and discarded directions of every layer, and the bound and ceiling of the table. */
enum status lost_find_information(struct lost_search *s);

#endif
