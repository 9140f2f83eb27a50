/* Where rays leave a region: roots of d(theta* + r v) = cutoff, many at once. */
#ifndef GEARS_BASIN_STAR_RADIUS_H
#define GEARS_BASIN_STAR_RADIUS_H

#include "basin/region.h"

struct star_ray {
    double next;                    /* radius to try; the answer when done */
    double reach;                   /* beyond it nothing counts */
    double low, high;               /* inside, outside */
    double at, d, before, d_before; /* the last two radii tried, and d there */
    int steps;
    bool done, unbounded, returned;
};

struct star_rays {
    size_t n;
    struct star_ray *ray; /* (n) */
    size_t *index;        /* (n) scratch: those not done */
    double *radius, *d;   /* (n) scratch */
    size_t evaluations;
};

enum status star_rays_init(struct star_rays *s, size_t n, struct error *e);
void star_rays_clear(struct star_rays *s);

/* ray[k].next and .reach are set: the first radius to try, and the end. On return ray[k].next is the radius, to
 * `tolerance` in its logarithm, or the reach where the ray never leaves (unbounded). rays_begin was called with the
 * directions. */
struct star_search {
    double tolerance;
    size_t checks;   /* places on the way, evenly spaced, that must be inside; where one is not, the radius is before it
                        (returned) */
    bool by_halving; /* never by the line through two points */
};
void star_rays_find(struct star_rays *s, const struct region *r, void *worker, const struct star_search *search);

#endif
