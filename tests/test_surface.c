/* solver/surface: planes exactly, the sphere and the torus with their areas, no holes */
#include "solver/surface.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>

typedef double function3(const double x[3]);

static const double PI = 3.14159265358979323846;

static double plane(const double x[3])
{
    return 0.3 * x[0] - 0.5 * x[1] + 0.9 * x[2] + 0.05;
}

static double sphere(const double x[3])
{
    return x[0] * x[0] + x[1] * x[1] + x[2] * x[2];
}

/* Around the third axis, radii 0.6 and 0.25: zero on it. */
static double torus(const double x[3])
{
    double r = sqrt(x[0] * x[0] + x[1] * x[1]) - 0.6;
    return r * r + x[2] * x[2] - 0.25 * 0.25;
}

static double height(const double x[3])
{
    return x[2];
}

static struct surface_grid grid_of(function3 *f, size_t n0, size_t n1, size_t n2)
{
    struct surface_grid g = {.n = {n0, n1, n2}, .low = {-1, -1, -1}, .high = {1, 1, 1}};
    double *values = malloc(n0 * n1 * n2 * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0, at = 0; i < n0; i++)
        for (size_t j = 0; j < n1; j++)
            for (size_t k = 0; k < n2; k++)
                values[at++] = f(
                    (const double[3]){surface_grid_at(&g, 0, i), surface_grid_at(&g, 1, j), surface_grid_at(&g, 2, k)});
    g.values = values;
    return g;
}

static struct surface surface_of(struct surface_grid *g, double level)
{
    struct surface s;
    struct error e;
    ck_assert_int_eq(surface_extract(g, level, &s, &e), STATUS_OK);
    return s;
}

static void release(struct surface_grid *g, struct surface *s)
{
    free((void *)g->values);
    surface_clear(s);
}

static const double *corner(const struct surface *s, size_t triangle, size_t k)
{
    ck_assert_uint_lt(s->triangles[3 * triangle + k], s->n_vertices);
    return s->vertices + 3 * s->triangles[3 * triangle + k];
}

/* Twice the area as a vector. */
static void normal(const struct surface *s, size_t triangle, double w[3])
{
    const double *a = corner(s, triangle, 0), *b = corner(s, triangle, 1), *c = corner(s, triangle, 2);
    for (int k = 0; k < 3; k++) {
        int i = (k + 1) % 3, j = (k + 2) % 3;
        w[k] = (b[i] - a[i]) * (c[j] - a[j]) - (b[j] - a[j]) * (c[i] - a[i]);
    }
}

/* Every vertex on the plane, and every normal along its gradient. The area of its part in the cube, by Monte-Carlo-free
 * means: the plane is a graph over the square of the first two coordinates, z = -(0.3 x - 0.5 y + 0.05) / 0.9, which
 * stays within (-1, 1) there, so the area is 4 |gradient| / 0.9. */
START_TEST(plane_is_exact)
{
    struct surface_grid g = grid_of(plane, 7, 9, 6);
    struct surface s = surface_of(&g, 0);
    const double gradient = sqrt(0.09 + 0.25 + 0.81);
    for (size_t i = 0; i < s.n_vertices; i++)
        assert_close(plane(s.vertices + 3 * i), 0, 1e-14, 1);
    assert_close(surface_area(&s), 4 * gradient / 0.9, 1e-13, 1);
    for (size_t i = 0; i < s.n_triangles; i++) {
        double w[3];
        normal(&s, i, w);
        double length = sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
        ck_assert_double_gt(length, 0);
        assert_close((0.3 * w[0] - 0.5 * w[1] + 0.9 * w[2]) / length, gradient, 1e-7, 1);
    }
    release(&g, &s);
}
END_TEST

/* The surface goes through grid points: no triangle is doubled and none is without area. */
START_TEST(plane_through_grid_points_is_exact)
{
    struct surface_grid g = grid_of(height, 5, 5, 5);
    struct surface s = surface_of(&g, 0);
    assert_close(surface_area(&s), 4, 1e-14, 1);
    for (size_t i = 0; i < s.n_triangles; i++) {
        double w[3];
        normal(&s, i, w);
        ck_assert_double_gt(w[2], 0);
    }
    release(&g, &s);
}
END_TEST

/* Each edge belongs to two triangles, which run along it in opposite ways. */
static void assert_closed(const struct surface *s)
{
    for (size_t i = 0; i < s->n_triangles; i++)
        for (size_t k = 0; k < 3; k++) {
            size_t a = s->triangles[3 * i + k], b = s->triangles[3 * i + (k + 1) % 3], same = 0, opposite = 0;
            for (size_t j = 0; j < s->n_triangles; j++)
                for (size_t l = 0; l < 3; l++) {
                    size_t c = s->triangles[3 * j + l], d = s->triangles[3 * j + (l + 1) % 3];
                    same += a == c && b == d;
                    opposite += a == d && b == c;
                }
            ck_assert_uint_eq(same, 1);
            ck_assert_uint_eq(opposite, 1);
        }
}

/* Volume inside, by the divergence theorem; positive where the normals point outwards. */
static double enclosed(const struct surface *s)
{
    double volume = 0;
    for (size_t i = 0; i < s->n_triangles; i++) {
        double w[3];
        const double *a = corner(s, i, 0);
        normal(s, i, w);
        volume += (a[0] * w[0] + a[1] * w[1] + a[2] * w[2]) / 6;
    }
    return volume;
}

/* V - E + F = 2 - 2 genus, E = 3 F / 2. */
static long euler(const struct surface *s)
{
    return (long)s->n_vertices - (long)s->n_triangles / 2;
}

START_TEST(sphere_and_torus_have_no_holes)
{
    struct surface_grid g = grid_of(sphere, 8, 9, 10), h = grid_of(torus, 14, 15, 12);
    struct surface s = surface_of(&g, 0.5), t = surface_of(&h, 0);
    assert_closed(&s);
    assert_closed(&t);
    ck_assert_int_eq(euler(&s), 2);
    ck_assert_int_eq(euler(&t), 0);
    release(&g, &s);
    release(&h, &t);
}
END_TEST

/* Areas and volumes come nearer by a factor 4 where the grid is twice as fine. */
START_TEST(sphere_and_torus_converge)
{
    function3 *f = _i ? torus : sphere;
    double level = _i ? 0 : 0.64, area = _i ? 4 * PI * PI * 0.6 * 0.25 : 4 * PI * 0.64,
           volume = _i ? 2 * PI * PI * 0.6 * 0.25 * 0.25 : 4 * PI / 3 * 0.512, off[2], off_volume[2];
    for (size_t k = 0; k < 2; k++) {
        size_t n = k ? 49 : 25;
        struct surface_grid g = grid_of(f, n, n, n);
        struct surface s = surface_of(&g, level);
        off[k] = fabs(surface_area(&s) / area - 1);
        off_volume[k] = fabs(enclosed(&s) / volume - 1);
        release(&g, &s);
    }
    ck_assert_double_lt(off[1], 0.01);
    ck_assert_double_lt(off[1], off[0] / 3.3);
    ck_assert_double_lt(off_volume[1], off_volume[0] / 3.3);
}
END_TEST

START_TEST(nothing_there_is_nothing)
{
    struct surface_grid g = grid_of(sphere, 5, 5, 5);
    struct surface s = surface_of(&g, 7);
    ck_assert_uint_eq(s.n_triangles, 0);
    ck_assert_double_eq(surface_area(&s), 0);
    release(&g, &s);
    g = grid_of(sphere, 5, 5, 5);
    s = surface_of(&g, -1);
    ck_assert_uint_eq(s.n_triangles, 0);
    release(&g, &s);
}
END_TEST

/* What is not finite takes away the cells around it, and only those: the plane z = 0.1 loses up to two of four cells
 * each way around the one point of 0/0. */
START_TEST(holes_stay_holes)
{
    struct surface_grid g = grid_of(height, 5, 5, 5);
    ((double *)g.values)[(2 * 5 + 2) * 5 + 2] = NAN;
    struct surface s = surface_of(&g, 0.1);
    double area = surface_area(&s);
    ck_assert_double_lt(area, 4 - 1e-9);
    ck_assert_double_ge(area, 3);
    for (size_t i = 0; i < s.n_vertices; i++)
        assert_close(s.vertices[3 * i + 2], 0.1, 1e-14, 1);
    release(&g, &s);
}
END_TEST

START_TEST(simplified_planes_are_exact_and_fewer)
{
    struct surface_grid g = grid_of(plane, 12, 12, 12);
    struct surface s = surface_of(&g, 0);
    struct error e;
    size_t before = s.n_triangles;
    double area = surface_area(&s);
    ck_assert_int_eq(surface_simplify(&g, &s, &e), STATUS_OK);
    ck_assert_uint_lt(5 * s.n_triangles, 2 * before);
    for (size_t i = 0; i < s.n_vertices; i++)
        assert_close(plane(s.vertices + 3 * i), 0, 1e-14, 1);
    assert_close(surface_area(&s), area, 0.02, 1); /* corners are cut where it leaves the grid */
    release(&g, &s);
}
END_TEST

START_TEST(simplified_sphere_is_near)
{
    struct surface_grid g = grid_of(sphere, 25, 25, 25);
    struct surface s = surface_of(&g, 0.64);
    struct error e;
    ck_assert_int_eq(surface_simplify(&g, &s, &e), STATUS_OK);
    assert_close(surface_area(&s), 4 * PI * 0.64, 0.02, 1);
    for (size_t i = 0; i < s.n_vertices; i++)
        assert_close(sqrt(sphere(s.vertices + 3 * i)), 0.8, 0.01, 1);
    release(&g, &s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("surface");
    TCase *tcase = tcase_create("surface");
    tcase_add_test(tcase, plane_is_exact);
    tcase_add_test(tcase, plane_through_grid_points_is_exact);
    tcase_add_test(tcase, sphere_and_torus_have_no_holes);
    tcase_add_loop_test(tcase, sphere_and_torus_converge, 0, 2);
    tcase_add_test(tcase, nothing_there_is_nothing);
    tcase_add_test(tcase, holes_stay_holes);
    tcase_add_test(tcase, simplified_planes_are_exact_and_fewer);
    tcase_add_test(tcase, simplified_sphere_is_near);
    suite_add_tcase(suite, tcase);
    return testing_main(suite);
}
