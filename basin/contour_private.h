/* What the contours share: planes through the weights, and the space of three parameters. Everybody else runs
 * analysis_contour. */
#ifndef GEARS_BASIN_CONTOUR_PRIVATE_H
#define GEARS_BASIN_CONTOUR_PRIVATE_H

#include "basin/minimum.h"
#include "solver/surface.h"

/* --- planes ------------------------------------------------------------------------------------------------------ */

struct desk {
    const struct minimum *m;
    const struct config_node *options; /* may be NULL */
    const struct reporter *reporter;
    struct tape *tape;
    size_t N;
    double *point; /* (N) work space */
};

enum { SIDE_POINTS = 41 };

/* theta* + a u + b v, a in [low[0], high[0]], b in [low[1], high[1]]; theta* is at (0, 0). */
struct plane {
    const char *kind;
    double *u, *v; /* (N) */
    double low[2], high[2];
    size_t n;          /* points along each side */
    double *x, *y, *z; /* (n), (n), (n, n) loss */
    double least, most;
    double explained[2];         /* trajectory: parts of the variance along u and v; NAN */
    bool three;                  /* points: u and v are orthonormal and the plane holds three thetas: */
    double corner[3][2];         /* where they lie, theta* first */
    double side[3][SIDE_POINTS]; /* loss along the straight lines from each to the next */
};

/* Directions and ranges; u, v and z are allocated. */
enum status plane_init(struct plane *p, const struct desk *d, const char *kind, size_t n, struct error *e);
void plane_clear(struct plane *p);
/* As long, unit by unit, as the weights (Li et al. 2018); `extent` in these lengths. */
void plane_random(struct plane *p, struct desk *d, double extent);
/* The two sharpest eigenvectors, each as far as the quadratic loss rises by 0.1, at most max(1, |theta|). */
enum status plane_eigenvectors(struct plane *p, struct desk *d, struct error *e);
/* Principal plane of the training path about its end (d->m->training must have one). */
enum status plane_trajectory(struct plane *p, struct desk *d, struct error *e);
/* Through theta*, b and c (N). STATUS_REFUSED where the three lie on a line. */
enum status plane_points(struct plane *p, struct desk *d, const double *b, const double *c, struct error *e);
double plane_loss(struct desk *d, const struct plane *p, double a, double b);
/* The losses. STATUS_INTERRUPTED. */
enum status plane_fill(struct plane *p, struct desk *d, struct error *e);
/* How far the loss on a side rises above the higher of its ends; 0: it does not. */
double plane_barrier(const struct plane *p, size_t side);

/* --- three parameters -------------------------------------------------------------------------------------------- */

enum { FAMILIES_MOST = 6 };

/* How the surfaces of two behaviours lie to each other: their gradients point in different directions somewhere; or
 * they are parallel everywhere, and the surfaces are the same, or never meet. */
enum relation { RELATION_CROSSING, RELATION_SAME, RELATION_APART };

/* A family is a behaviour: an output for an example. miss: what it is short of its target, f - t for mse, p - t else.
 */
struct space {
    struct surface_grid grid;
    size_t k, families, points; /* behaviours; how many of them have surfaces; grid points */
    double *miss;               /* (families, points); owned */
    struct surface surface[FAMILIES_MOST];
    enum relation relation[FAMILIES_MOST][FAMILIES_MOST];
    size_t classes; /* of families with the same surface */
    /* Thetas at which all behaviours are right: ends of segments (n_solutions, 3), n_solutions even, where there are
     * two classes; single points where there are more. With one class they are the surface itself. */
    double *solutions;
    size_t n_solutions;
};

/* N = 3, a box of half-width `extent` around theta*. STATUS_INTERRUPTED. Clear in all cases. */
enum status space_build(struct space *s, struct desk *d, double extent, struct error *e);
void space_clear(struct space *s);

/* --- pictures (basin/figures/contours.c) ------------------------------------------------------------------------- */

/* New figures. */
struct figure *figure_of_plane(const struct plane *p, struct desk *d);
struct figure *figure_of_space(const struct space *s, const struct desk *d);

#endif
