/* What basin/relate.c and its figures share. */
#ifndef GEARS_BASIN_RELATE_PRIVATE_H
#define GEARS_BASIN_RELATE_PRIVATE_H

#include "plots/figure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RELATE_METRICS = 40, RELATE_NAME = 64, RELATE_RUNS = 1000 };

/* Spearman's rank correlation; error: of the bootstrap; low, high: its 95 % interval. NAN: undefined. */
struct spearman {
    double rho, error, low, high;
    size_t n;
};

struct metric {
    char name[RELATE_NAME];
    bool is_row; /* of the volumes */
    double *x;   /* (n); NAN: not there */
    struct spearman with_quality, within_variants, with_reference;
};

struct relation {
    size_t n;
    struct metric metrics[RELATE_METRICS];
    size_t n_metrics;
    size_t group[RELATE_RUNS], n_groups; /* variants: run names without what a repeat appends */
    char group_name[RELATE_RUNS][RELATE_NAME];
    size_t quality, reference; /* metrics: validation accuracy (or minus its loss), the mass held to be nearest to the
                                * truth; RELATE_METRICS: there is none */
    uint64_t seed;             /* of the bootstrap */
};

size_t relate_find_metric(const struct relation *r, const char *name); /* RELATE_METRICS: there is none */

/* One point a network; correlations with their intervals. NULL: memory. */
struct figure *relate_networks_figure(const struct relation *r);
struct figure *relate_correlations_figure(const struct relation *r);

#endif
