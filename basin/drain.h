/* The set that a gradient flow drains into a basin: theta belongs to it if the flow d theta/ds = -grad V from there
 * ends in the basin. Fractions of it shell by shell, and its volume, bridged from ball to ball by chains that stay in
 * the set.
 *
 * Balls are |w| <= R in the coordinates theta = centre + scale w. docs/volume.md has the mathematics.
 */
#ifndef GEARS_BASIN_DRAIN_H
#define GEARS_BASIN_DRAIN_H

#include "base/reporter.h"
#include "basin/estimate.h"
#include "basin/region.h"

#include <stdint.h>

enum drain_verdict { DRAIN_FLOWING, DRAIN_INSIDE, DRAIN_OUTSIDE };

struct drain {
    size_t n;
    const double *centre; /* (n) in the basin; borrowed */
    const double *scale;  /* (n) > 0; NULL: 1; borrowed */
    const void *context;
    enum status (*worker_new)(const struct drain *d, void **worker, struct error *e); /* NULL: as of a region */
    void (*worker_free)(void *worker);
    /* V and its gradient (n). */
    double (*gradient)(void *worker, const double *theta, double *g);
    /* Where the flow has come to theta: in the basin, nowhere near it for good, or neither yet. */
    enum drain_verdict (*verdict)(void *worker, const double *theta, double potential, const double *g);
    double rtol;      /* of the flow; 0: 1e-6 */
    double most_time; /* flow time after which a point counts as outside, and as failed; 0: 1e6 */
};

/* Whether the flow from theta (n) ends in the basin. A flow that fails, or has come nowhere in most_time, is outside;
 * *failures counts them (may be NULL). */
bool drain_contains(const struct drain *d, void *worker, const double *theta, size_t *failures);

struct drain_options {
    size_t points; /* flows for each shell's fraction */
    size_t chains; /* independent bridges; at least 4 */
    size_t steps;  /* of a chain in each ball */
    double inner;  /* radius of the first ball, in which the fraction is counted */
    double outer;  /* radius of the last one */
    size_t balls;  /* 0: so many that each is twice the volume of the one before */
    uint64_t seed;
    int threads;
};

struct drain_shell {
    double radius;     /* outer one */
    double log_volume; /* of the drained part of the ball (prior: its mass) */
    double error;      /* of it, nats */
    double fraction;   /* of the shell's volume that drains, from the differences of the balls: above 1 by chance where
                          all of it does; NAN under a prior */
    double fraction_error; /* standard */
};

struct drain_result {
    struct estimate estimate;   /* of the drained part of the last ball */
    struct drain_shell *shells; /* (n_shells); owned */
    size_t n_shells;
    double inner_fraction; /* of the first ball that drains, counted */
    double last_growth;    /* ln of last ball's over the one before: 0 where the set ends inside */
    size_t flows, failures;
};

/* The volume, or under a prior the mass, of the drained set within `outer`. Standard error: jackknife over the chains,
 * at least the binomial one of the first ball's points.
 * STATUS_INTERRUPTED, STATUS_FAILED (memory). Clear in all cases. */
enum status drain_volume(const struct drain *d, const struct prior *prior, const struct drain_options *options,
                         const struct reporter *reporter, struct drain_result *out, struct error *e);
void drain_result_clear(struct drain_result *r);

/* Fractions of points, uniform on spheres of radius radii[k], that drain: hits[k] of `points`. */
enum status drain_spheres(const struct drain *d, size_t n_radii, const double *radii, size_t points, uint64_t seed,
                          int threads, const struct reporter *reporter, size_t *hits, struct error *e);

#endif
