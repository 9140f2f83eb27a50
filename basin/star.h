/* The volume of a star domain by radii along random directions (Scherlis and Belrose 2025, arXiv 2501.18812).
 *
 * What is measured is the part of the region that can be seen from its centre: up to where a ray first leaves it. That
 * is all of a region that is star-shaped, and a lower bound of any other. docs/volume.md has the mathematics.
 */
#ifndef GEARS_BASIN_STAR_H
#define GEARS_BASIN_STAR_H

#include "base/reporter.h"
#include "basin/estimate.h"
#include "basin/region.h"

#include <stdint.h>

/* How directions are drawn: v = S V^T diag(p) u, u uniform on the sphere, or normal about `aim`. Any of the four may be
 * NULL: 1, and an aim of 0. */
struct star_map {
    const double *outer; /* S (n) > 0 */
    const double *basis; /* V (n, n), rows orthonormal: eigenvectors */
    const double *scale; /* p (n) > 0 */
    const double *aim;   /* (n) where the mass lies as seen from theta*; directions towards it are drawn more often, and
                          * weighted by their density; only under a prior */
};

/* p_i = 1/(sqrt|lambda_i| + epsilon), for the eigenvalues or the diagonal of a Hessian. epsilon >= 0. */
void star_scale(size_t n, const double *lambda, double epsilon, double *p);
/* p_i = 1/sqrt(beta lambda_i + 1): the widths of the prior (in whose units lambda is) tilted by exp(-beta d), with
 * beta the saddle of the region's mass (quadratic_saddle). Negative lambda count as 0. */
void star_scale_tilted(size_t n, const double *lambda, double beta, double *p);
/* The mean of that density, in units of p: -mu_i/sqrt(beta lambda_i + 1), mu = V (theta* - prior mean)/sigma. */
void star_aim(size_t n, const double *lambda, const double *mu, double beta, double *aim);

struct star_options {
    size_t directions;
    uint64_t seed, stream; /* direction i uses stream + i */
    int threads;
    double tolerance; /* of ln r; 0: 0.01/n, which is 0.01 nats of the volume */
    double start;     /* radius to try first, in lengths of v; 0: 1 */
    size_t checks;    /* places on the way to the radius, evenly spaced, that must be inside too */
    bool by_halving;  /* only ever halve the bracket, as the paper does */
};

struct star {
    struct estimate estimate; /* of ln volume, or of ln prior mass */
    double *log_weights;      /* (directions) ascending: what the estimate is the log-mean-exp of; owned */
    size_t unbounded;         /* directions that never left: the prior ends them, a plain volume is infinite */
    size_t returned;          /* directions that left and came back, as far as the checks saw: the region is no star */
    size_t evaluations;       /* of d */
};

/* The plain volume (prior without sigma) or the prior's mass of what is seen from the centre. STATUS_INTERRUPTED,
 * STATUS_FAILED (memory). Clear in all cases. */
enum status star_volume(const struct region *r, const struct prior *prior, const struct star_map *map,
                        const struct star_options *options, const struct reporter *reporter, struct star *out,
                        struct error *e);
void star_clear(struct star *s);

#endif
