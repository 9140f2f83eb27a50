/* What a volume is the volume of: the region {theta: d(theta) <= cutoff} around a centre, d the sameness measured from
 * there. Networks make regions by basin/sameness.h; any other function will do. And the estimate that every sampled
 * volume gives. */
#ifndef GEARS_BASIN_REGION_H
#define GEARS_BASIN_REGION_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct region {
    size_t n;             /* N, dimensions */
    const double *centre; /* theta* (n); borrowed */
    double cutoff;        /* > 0 */
    const void *context;
    /* Scratch of one thread; everything below is called with it. NULL: `context` is handed over instead. */
    enum status (*worker_new)(const struct region *r, void **worker, struct error *e);
    void (*worker_free)(void *worker);
    /* d(theta); not finite: outside. */
    double (*value)(void *worker, const double *theta);
    /* The same with its gradient (n); NULL: what needs it refuses. */
    double (*gradient)(void *worker, const double *theta, double *g);
    /* Values along rays: after rays_begin on directions (rays, n; borrowed until the next), d[k] = d(theta* +
     * radius[k] direction[ray[k]]), k < count. NULL: by `value`. */
    void (*rays_begin)(void *worker, size_t rays, const double *directions);
    void (*rays_values)(void *worker, size_t count, const size_t *ray, const double *radius, double *d);
};

/* The prior N(mean, diag sigma^2), or none: then volumes are plain ones, in units of theta. */
struct prior {
    const double *mean;  /* (n); NULL: 0 */
    const double *sigma; /* (n); NULL: no prior */
};

enum status region_worker_new(const struct region *r, void **worker, struct error *e);
void region_worker_free(const struct region *r, void *worker);
bool region_contains(const struct region *r, void *worker, const double *theta);

#endif
