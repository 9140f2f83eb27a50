/* Surfaces on which a function of three variables takes one value, as triangles: marching tetrahedra (Doi and Koide
 * 1991). Every cell of a grid is cut into six tetrahedra around its diagonal (Kuhn's), all cells alike, so that
 * neighbours agree on their common faces and the surface has no holes; on each edge the function is taken as linear.
 */
#ifndef GEARS_SOLVER_SURFACE_H
#define GEARS_SOLVER_SURFACE_H

#include "base/error.h"

#include <stddef.h>

struct surface_grid {
    size_t n[3]; /* points along each axis, >= 2 */
    double low[3], high[3];
    const double *values; /* (n[0], n[1], n[2]) row-major; a tetrahedron with a corner that is not finite is left out */
};

struct surface {
    size_t n_vertices, n_triangles;
    double *vertices;  /* (n_vertices, 3); owned */
    size_t *triangles; /* (n_triangles, 3) indices of vertices, neighbours share theirs; seen from the side of the
                          larger values they go counterclockwise; owned */
};

/* Coordinate of point i of axis k. */
double surface_grid_at(const struct surface_grid *g, size_t k, size_t i);

/* The surface of `level`; none (0 triangles) is a good answer. Exact where the function is affine; else the vertices
 * are off by O(h^2). STATUS_FAILED: memory. Clear in all cases. */
enum status surface_extract(const struct surface_grid *g, double level, struct surface *out, struct error *e);
void surface_clear(struct surface *s);

double surface_area(const struct surface *s);

/* Fewer triangles for pictures: the vertices that lie around a point of the grid are drawn together in their mean, and
 * triangles that lose their area are left out; those on a face of the grid stay on it. About three times fewer. */
enum status surface_simplify(const struct surface_grid *g, struct surface *s, struct error *e);

#endif
