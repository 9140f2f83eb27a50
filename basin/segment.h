/* The basin segment: the cross-section of a basin across its manifold of solutions, times how far one can go along the
 * manifold before a validation behaviour changes or the prior ends. docs/segment.md has the mathematics. */
#ifndef GEARS_BASIN_SEGMENT_H
#define GEARS_BASIN_SEGMENT_H

#include "basin/minimum.h"
#include "basin/quadratic.h"

struct segment {
    size_t N, rank, dimension;   /* rank of G; d = N - rank */
    double threshold, tolerance; /* T of the loss; of the validation behaviour, root mean square over the examples */
    double *eigenvalues;         /* (N) descending: of H; the first `rank` count, the others are 0 */
    double *across;              /* (rank, N) its eigenvectors */
    double *across_width; /* (rank) min(sqrt(2 T/eigenvalue), 1/|v/sigma|): where the prior ends before the loss */
    size_t across_capped; /* how many the prior ends */
    double *directions;   /* (d, N) rows orthonormal: along the manifold, by falling singular value */
    double *singular;     /* (d) of the validation behaviour's Jacobian along them, over sqrt(examples) */
    double *prior_width;  /* (d) 1/|v_j/sigma| */
    double *width;        /* (d) min(tolerance/singular, prior_width) */
    size_t capped;        /* how many the prior ends */
    struct quadratic_segment volume;
    double log_volume_capped;      /* with across_width in the cross-section */
    double *training, *validation; /* behaviours at theta*, (k) and (k_validation) */
    size_t n_validation;
};

/* STATUS_BAD_INPUT: no validation examples. STATUS_REFUSED: no perfect fit; rank H is not rank G; no dimension is left;
 * more than SEGMENT_MOST parameters. STATUS_FAILED. Clear in all cases. */
enum { SEGMENT_MOST = 5000 };
enum status segment_find(const struct minimum *m, double threshold, double tolerance, struct segment *out,
                         struct error *e);
void segment_clear(struct segment *s);

/* A walk along the manifold from theta*, first in +-direction j, then straight on as far as the manifold lets: steps
 * along the null space of G, back onto the training behaviour at theta* by G's pseudo-inverse. */
struct segment_walk {
    size_t direction;
    int sign;
    double predicted; /* width */
    double found; /* length of the way to where the behaviour has changed by the tolerance, or where |theta - theta*| in
                   * units of sigma is 1 */
    bool by_prior;   /* which of the two */
    double residual; /* root mean square of the training behaviour's change, largest on the way */
    size_t steps;
    bool failed; /* it could not stay on the manifold */
};

struct segment_walker;
enum status segment_walker_new(const struct minimum *m, const struct segment *s, struct segment_walker **out,
                               struct error *e);
void segment_walker_free(struct segment_walker *w);
enum status segment_walk(struct segment_walker *w, size_t direction, int sign, struct segment_walk *out,
                         struct error *e);
/* Root mean square change of the validation behaviour from theta* to theta. */
double segment_change(struct segment_walker *w, const struct segment *s, const double *theta);

#endif
