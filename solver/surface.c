#include "solver/surface.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An edge starts at a grid point and goes one step along some axes: bits of `way`, 1 .. 7. */
enum { WAYS = 8 };
static const size_t NONE = SIZE_MAX;

/* The six orders of the axes: each is a path of three steps from corner 0 to corner 7 of a cell, its four corners a
 * tetrahedron. Odd permutations are mirror images. */
static const int paths[6][3] = {{1, 2, 4}, {2, 4, 1}, {4, 1, 2}, {2, 1, 4}, {1, 4, 2}, {4, 2, 1}};

struct march {
    const struct surface_grid *g;
    double level;
    struct surface *out;
    size_t *vertex; /* (n grid points, WAYS) the vertex on each edge, or NONE */
    size_t vertex_capacity, triangle_capacity;
};

double surface_grid_at(const struct surface_grid *g, size_t k, size_t i)
{
    double share = (double)i / (double)(g->n[k] - 1);
    return (1 - share) * g->low[k] + share * g->high[k];
}

static size_t point_index(const struct surface_grid *g, const size_t at[3])
{
    return (at[0] * g->n[1] + at[1]) * g->n[2] + at[2];
}

/* Room for one more item of `size` bytes. */
static enum status reserve(void *array_pointer, size_t n, size_t *capacity, size_t size, struct error *e)
{
    void *array;
    if (n < *capacity)
        return STATUS_OK;
    size_t more = *capacity ? 2 * *capacity : 256;
    memcpy(&array, array_pointer, sizeof array);
    array = realloc(array, more * size);
    if (!array)
        return error_memory(e);
    memcpy(array_pointer, &array, sizeof array);
    *capacity = more;
    return STATUS_OK;
}

/* The vertex on the edge between two corners of the cell at `cell`, made where it is not there yet. Corners are bits;
 * those of `from` are among those of `to`. */
static enum status edge_vertex(struct march *m, const size_t cell[3], int from, int to, size_t *vertex, struct error *e)
{
    const struct surface_grid *g = m->g;
    size_t a[3], b[3];
    for (int k = 0; k < 3; k++) {
        a[k] = cell[k] + (size_t)(from >> k & 1);
        b[k] = cell[k] + (size_t)(to >> k & 1);
    }
    size_t *slot = &m->vertex[point_index(g, a) * WAYS + (size_t)(to & ~from)];
    if (*slot == NONE) {
        if (reserve(&m->out->vertices, m->out->n_vertices, &m->vertex_capacity, 3 * sizeof(double), e))
            return STATUS_FAILED;
        double va = g->values[point_index(g, a)], vb = g->values[point_index(g, b)];
        double share = (m->level - va) / (vb - va), *v = m->out->vertices + 3 * m->out->n_vertices;
        for (size_t k = 0; k < 3; k++)
            v[k] = (1 - share) * surface_grid_at(g, k, a[k]) + share * surface_grid_at(g, k, b[k]);
        *slot = m->out->n_vertices++;
    }
    *vertex = *slot;
    return STATUS_OK;
}

static void cross(const double *u, const double *v, double *w)
{
    w[0] = u[1] * v[2] - u[2] * v[1];
    w[1] = u[2] * v[0] - u[0] * v[2];
    w[2] = u[0] * v[1] - u[1] * v[0];
}

/* Twice the area, as a vector, of a triangle. */
static void area_vector(const struct surface *s, const size_t t[3], double *w)
{
    double u[3], v[3];
    for (size_t k = 0; k < 3; k++) {
        u[k] = s->vertices[3 * t[1] + k] - s->vertices[3 * t[0] + k];
        v[k] = s->vertices[3 * t[2] + k] - s->vertices[3 * t[0] + k];
    }
    cross(u, v, w);
}

/* A triangle without area, from a grid point that lies on the surface, is none. */
static enum status add_triangle(struct march *m, size_t a, size_t b, size_t c, struct error *e)
{
    struct surface *s = m->out;
    const size_t t[3] = {a, b, c};
    double w[3];
    area_vector(s, t, w);
    if (w[0] == 0 && w[1] == 0 && w[2] == 0)
        return STATUS_OK;
    if (reserve(&s->triangles, s->n_triangles, &m->triangle_capacity, 3 * sizeof *t, e))
        return STATUS_FAILED;
    memcpy(s->triangles + 3 * s->n_triangles++, t, sizeof t);
    return STATUS_OK;
}

/* One corner on one side, three on the other: a triangle; two and two: a quadrangle. `corner` is a path, so that the
 * tetrahedron is positively oriented or, with `mirrored`, negatively. */
static enum status cut_tetrahedron(struct march *m, const size_t cell[3], const int corner[4], bool mirrored,
                                   struct error *e)
{
    int above[4], below[4], n_above = 0, n_below = 0;
    for (int i = 0; i < 4; i++) {
        size_t at[3];
        for (int k = 0; k < 3; k++)
            at[k] = cell[k] + (size_t)(corner[i] >> k & 1);
        double value = m->g->values[point_index(m->g, at)];
        if (!isfinite(value))
            return STATUS_OK;
        if (value >= m->level)
            above[n_above++] = i;
        else
            below[n_below++] = i;
    }
    if (!n_above || !n_below)
        return STATUS_OK;
    size_t v[4];
    int n = 0;
    /* Around the corner(s) above: (a, b0), (a, b1), (a, b2), or the ring (a0, b0), (a0, b1), (a1, b1), (a1, b0). */
    for (int i = 0; i < n_above; i++)
        for (int j = 0; j < n_below; j++) {
            int a = above[i], b = below[i == 1 && n_above == 2 ? 1 - j : j];
            int from = corner[a < b ? a : b], to = corner[a < b ? b : a];
            if (edge_vertex(m, cell, from, to, &v[n++], e))
                return STATUS_FAILED;
        }
    /* The order (above..., below...) of the corners against their order on the path, by counting inversions. */
    bool odd = !mirrored;
    for (int i = 0; i < n_above; i++)
        for (int j = 0; j < n_below; j++)
            odd ^= above[i] > below[j];
    if (n == 3)
        return odd ? add_triangle(m, v[0], v[2], v[1], e) : add_triangle(m, v[0], v[1], v[2], e);
    enum status status = odd ? add_triangle(m, v[0], v[2], v[1], e) : add_triangle(m, v[0], v[1], v[2], e);
    if (!status)
        status = odd ? add_triangle(m, v[0], v[3], v[2], e) : add_triangle(m, v[0], v[2], v[3], e);
    return status;
}

static enum status cut_cell(struct march *m, const size_t cell[3], struct error *e)
{
    enum status status = STATUS_OK;
    for (int p = 0; p < 6 && !status; p++) {
        const int *step = paths[p];
        int corner[4] = {0, step[0], step[0] | step[1], 7};
        status = cut_tetrahedron(m, cell, corner, p >= 3, e);
    }
    return status;
}

enum status surface_extract(const struct surface_grid *g, double level, struct surface *out, struct error *e)
{
    size_t points = g->n[0] * g->n[1] * g->n[2];
    struct march m = {.g = g, .level = level, .out = out, .vertex = malloc(points * WAYS * sizeof *m.vertex)};
    memset(out, 0, sizeof *out);
    enum status status = m.vertex ? STATUS_OK : error_memory(e);
    for (size_t i = 0; i < points * WAYS && m.vertex; i++)
        m.vertex[i] = NONE;
    size_t cell[3];
    for (cell[0] = 0; cell[0] + 1 < g->n[0]; cell[0]++)
        for (cell[1] = 0; cell[1] + 1 < g->n[1]; cell[1]++)
            for (cell[2] = 0; cell[2] + 1 < g->n[2] && !status; cell[2]++)
                status = cut_cell(&m, cell, e);
    free(m.vertex);
    return status;
}

void surface_clear(struct surface *s)
{
    free(s->vertices);
    free(s->triangles);
    memset(s, 0, sizeof *s);
}

double surface_area(const struct surface *s)
{
    double area = 0, w[3];
    for (size_t i = 0; i < s->n_triangles; i++) {
        area_vector(s, s->triangles + 3 * i, w);
        area += 0.5 * sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
    }
    return area;
}

/* --- fewer triangles --------------------------------------------------------------------------------------------- */

/* The nearest grid point, and which faces of the grid the vertex lies on, as one number. */
static size_t cluster_of(const struct surface_grid *g, const double *v)
{
    size_t at[3], faces = 0;
    for (size_t k = 0; k < 3; k++) {
        double cells = (double)(g->n[k] - 1), u = (v[k] - g->low[k]) / (g->high[k] - g->low[k]) * cells;
        at[k] = (size_t)fmin(fmax(round(u), 0), cells);
        if (fmin(u, cells - u) < 1e-9 * cells)
            faces |= (size_t)1 << k;
    }
    return point_index(g, at) * WAYS + faces;
}

/* The means of the clusters become the vertices; target (n_vertices) says where each old one went. `number`: of each
 * cluster, all NONE at first. */
static void merge_vertices(const struct surface_grid *g, struct surface *s, size_t *number, size_t *target,
                           size_t *members)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_vertices; i++) {
        const double v[3] = {s->vertices[3 * i], s->vertices[3 * i + 1], s->vertices[3 * i + 2]};
        size_t *slot = &number[cluster_of(g, v)];
        if (*slot == NONE) {
            *slot = n++; /* never beyond i: the vertex there has been read */
            memset(s->vertices + 3 * *slot, 0, 3 * sizeof(double));
            members[*slot] = 0;
        }
        target[i] = *slot;
        members[*slot]++;
        for (size_t k = 0; k < 3; k++)
            s->vertices[3 * *slot + k] += v[k];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            s->vertices[3 * i + k] /= (double)members[i];
    s->n_vertices = n;
}

enum status surface_simplify(const struct surface_grid *g, struct surface *s, struct error *e)
{
    size_t clusters = g->n[0] * g->n[1] * g->n[2] * WAYS, kept = 0;
    size_t *number = malloc(clusters * sizeof *number), *target = malloc((s->n_vertices + 1) * sizeof *target),
           *members = malloc((s->n_vertices + 1) * sizeof *members);
    enum status status = number && target && members ? STATUS_OK : error_memory(e);
    for (size_t i = 0; i < clusters && !status; i++)
        number[i] = NONE;
    if (!status)
        merge_vertices(g, s, number, target, members);
    for (size_t i = 0; i < s->n_triangles && !status; i++) {
        const size_t *old = s->triangles + 3 * i, t[3] = {target[old[0]], target[old[1]], target[old[2]]};
        if (t[0] != t[1] && t[1] != t[2] && t[2] != t[0])
            memcpy(s->triangles + 3 * kept++, t, sizeof t);
    }
    if (!status)
        s->n_triangles = kept;
    free(number);
    free(target);
    free(members);
    return status;
}
