/* Contours: directions of planes, losses on them, and behaviour surfaces in three parameters, where they are known. */
#include "basin/contour_private.h"
#include "solver/linalg.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct network net;
static struct problem problem;
static struct minimum minimum;
static struct desk desk;
static double x[64], t[64], theta[64];

static void teardown(void)
{
    tape_free(desk.tape);
    free(desk.point);
    desk = (struct desk){0};
}

/* n examples x, t of a network at theta. */
static void setting(const size_t *width, size_t n_widths, const char *activation, bool bias, enum loss_kind loss,
                    size_t n)
{
    ck_assert_int_eq(network_init(&net, width, n_widths, activation_find(activation), bias, NULL), STATUS_OK);
    problem = (struct problem){.network = net, .n = n, .x = x, .t = t, .loss = loss};
    minimum = (struct minimum){.problem = &problem, .theta = theta, .seed = 3};
    desk = (struct desk){.m = &minimum, .N = net.n_parameters, .point = calloc(net.n_parameters, sizeof(double))};
    ck_assert_int_eq(tape_new(&problem, &desk.tape, NULL), STATUS_OK);
}

static void draw(size_t n, uint64_t stream, double *out)
{
    struct random_stream r = random_stream(5, stream);
    random_normals(&r, n, out);
}

/* --- planes ------------------------------------------------------------------------------------------------------ */

/* f = theta . x with x the rows of the identity, t = 0: L = |theta|^2/6. */
static void setting_of_a_sphere(void)
{
    static const size_t width[] = {3, 1};
    static const double rows[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(x, rows, sizeof rows);
    memset(t, 0, sizeof t);
    setting(width, 2, "identity", false, LOSS_MSE, 3);
}

START_TEST(losses_on_a_plane_are_those_of_its_points)
{
    struct plane p;
    theta[0] = 1, theta[1] = -2, theta[2] = 0.5;
    setting_of_a_sphere();
    ck_assert_int_eq(plane_init(&p, &desk, "random", 9, NULL), STATUS_OK);
    plane_random(&p, &desk, 1.5);
    ck_assert_int_eq(plane_fill(&p, &desk, NULL), STATUS_OK);
    for (size_t j = 0; j < 9; j++)
        for (size_t i = 0; i < 9; i++) {
            double a = -1.5 + 3.0 * (double)i / 8, b = -1.5 + 3.0 * (double)j / 8, square = 0;
            for (size_t k = 0; k < 3; k++)
                square += pow(theta[k] + a * p.u[k] + b * p.v[k], 2);
            assert_close(p.z[j * 9 + i], square / 6, 1e-13, 1e-12);
        }
    plane_clear(&p);
}
END_TEST

/* Li et al. 2018: each unit's incoming weights, and its bias, are as long as in the network. */
START_TEST(random_directions_are_as_long_as_the_weights)
{
    static const size_t width[] = {3, 4, 2};
    struct plane p;
    draw(26, 0, theta);
    setting(width, 3, "tanh", true, LOSS_MSE, 2);
    ck_assert_int_eq(plane_init(&p, &desk, "random", 5, NULL), STATUS_OK);
    plane_random(&p, &desk, 1);
    for (size_t l = 0; l < 2; l++)
        for (size_t unit = 0; unit < width[l + 1]; unit++) {
            size_t at = net.weight_at[l] + unit * width[l], bias = net.bias_at[l] + unit;
            for (int k = 0; k < 2; k++) {
                const double *u = k ? p.v : p.u;
                assert_close(linalg_norm(width[l], u + at), linalg_norm(width[l], theta + at), 1e-12, 1);
                assert_close(fabs(u[bias]), fabs(theta[bias]), 1e-14, 1);
            }
        }
    ck_assert_double_lt(fabs(linalg_dot(26, p.u, p.v)), 0.9 * linalg_dot(26, theta, theta)); /* two, not one */
    plane_clear(&p);
}
END_TEST

/* x = diag(1, 2, 3): H = diag(1, 4, 9)/3. The sharpest is the third axis, then the second; each as far as the loss
 * rises by 0.1. */
START_TEST(eigenvectors_are_the_sharpest_axes)
{
    static const size_t width[] = {3, 1};
    static const double rows[] = {1, 0, 0, 0, 2, 0, 0, 0, 3};
    struct plane p;
    memcpy(x, rows, sizeof rows);
    memset(t, 0, sizeof t);
    memset(theta, 0, sizeof theta);
    setting(width, 2, "identity", false, LOSS_MSE, 3);
    ck_assert_int_eq(plane_init(&p, &desk, "eigenvectors", 11, NULL), STATUS_OK);
    ck_assert_int_eq(plane_eigenvectors(&p, &desk, NULL), STATUS_OK);
    assert_close(fabs(p.u[2]), 1, 1e-8, 1);
    assert_close(fabs(p.v[1]), 1, 1e-8, 1);
    assert_close(p.high[0], sqrt(0.2 / 3), 1e-8, 1);
    assert_close(p.high[1], sqrt(0.2 * 3 / 4), 1e-8, 1);
    assert_close(plane_loss(&desk, &p, p.high[0], 0), 0.1, 1e-8, 1);
    assert_close(plane_loss(&desk, &p, 0, p.low[1]), 0.1, 1e-8, 1);
    plane_clear(&p);
}
END_TEST

/* One parameter sees the data: the second direction is flat, and is walked no further than |theta|. */
START_TEST(a_flat_direction_has_an_end)
{
    static const size_t width[] = {3, 1};
    struct plane p;
    memset(x, 0, sizeof x);
    x[0] = 1;
    t[0] = 3;
    theta[0] = 3, theta[1] = 0, theta[2] = 4;
    setting(width, 2, "identity", false, LOSS_MSE, 1);
    ck_assert_int_eq(plane_init(&p, &desk, "eigenvectors", 5, NULL), STATUS_OK);
    ck_assert_int_eq(plane_eigenvectors(&p, &desk, NULL), STATUS_OK);
    assert_close(p.high[0], sqrt(0.2), 1e-8, 1);
    assert_close(p.high[1], 5, 1e-8, 1);
    plane_clear(&p);
}
END_TEST

/* A path in a plane: on it every point of the path lies exactly, and its two directions hold all of the variance. */
START_TEST(a_flat_path_lies_in_its_principal_plane)
{
    static const size_t width[] = {3, 4, 2};
    enum { PATH = 7 };
    double a[26], b[26], path[PATH * 26];
    struct training training = {.path = path, .n_path = PATH};
    struct plane p;
    draw(26, 1, theta);
    draw(26, 2, a);
    draw(26, 3, b);
    for (size_t i = 0; i < PATH; i++)
        for (size_t k = 0; k < 26; k++) {
            double left = (double)(PATH - 1 - i);
            path[i * 26 + k] = theta[k] + left * a[k] + 0.3 * left * left * b[k];
        }
    draw(6, 4, x);
    setting(width, 3, "tanh", true, LOSS_MSE, 2);
    minimum.training = &training;
    ck_assert_int_eq(plane_init(&p, &desk, "trajectory", 5, NULL), STATUS_OK);
    ck_assert_int_eq(plane_trajectory(&p, &desk, NULL), STATUS_OK);
    assert_close(p.explained[0] + p.explained[1], 1, 1e-12, 1);
    ck_assert_double_ge(p.explained[0], p.explained[1]);
    assert_close(linalg_dot(26, p.u, p.v), 0, 1e-7, 1);
    for (size_t i = 0; i < PATH; i++) {
        const double *point = path + i * 26;
        double at[2] = {linalg_dot(26, point, p.u) - linalg_dot(26, theta, p.u),
                        linalg_dot(26, point, p.v) - linalg_dot(26, theta, p.v)};
        for (int k = 0; k < 2; k++) {
            ck_assert_double_gt(at[k], p.low[k]);
            ck_assert_double_lt(at[k], p.high[k]);
        }
        assert_close(plane_loss(&desk, &p, at[0], at[1]), tape_loss(desk.tape, point), 1e-9, 1);
    }
    plane_clear(&p);
}
END_TEST

/* The sphere's loss from (1, 0, 0) to (0, 1, 0) to (0, 0, 2): corners at their distances, the chord between the first
 * two through 1/12. */
START_TEST(a_plane_goes_through_three_points)
{
    static const double b[] = {0, 1, 0}, c[] = {0, 0, 2};
    struct plane p;
    theta[0] = 1, theta[1] = 0, theta[2] = 0;
    setting_of_a_sphere();
    ck_assert_int_eq(plane_init(&p, &desk, "points", 5, NULL), STATUS_OK);
    ck_assert_int_eq(plane_points(&p, &desk, b, c, NULL), STATUS_OK);
    assert_close(p.corner[1][0], sqrt(2), 1e-14, 1);
    assert_close(hypot(p.corner[2][0], p.corner[2][1]), sqrt(5), 1e-14, 1);
    assert_close(hypot(p.corner[2][0] - p.corner[1][0], p.corner[2][1]), sqrt(5), 1e-14, 1);
    assert_close(plane_loss(&desk, &p, p.corner[1][0], p.corner[1][1]), 1.0 / 6, 1e-14, 1);
    assert_close(plane_loss(&desk, &p, p.corner[2][0], p.corner[2][1]), 4.0 / 6, 1e-14, 1);
    assert_close(p.side[0][SIDE_POINTS / 2], 1.0 / 12, 1e-14, 1);
    for (size_t side = 0; side < 3; side++)
        ck_assert_double_eq(plane_barrier(&p, side), 0); /* a convex loss has none */
    plane_clear(&p);
}
END_TEST

START_TEST(three_points_on_a_line_are_refused)
{
    static const double b[] = {2, 2, 2}, c[] = {-3, -3, -3};
    struct plane p;
    struct error e = {0};
    theta[0] = theta[1] = theta[2] = 1;
    setting_of_a_sphere();
    ck_assert_int_eq(plane_init(&p, &desk, "points", 5, NULL), STATUS_OK);
    ck_assert_int_eq(plane_points(&p, &desk, b, c, &e), STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.message, "line"));
    plane_clear(&p);
}
END_TEST

/* f = w2 tanh(w1 x) has the solutions +-(w1, w2); half-way between them both are 0, and the loss is that of f = 0. */
START_TEST(a_barrier_lies_between_two_copies)
{
    static const size_t width[] = {1, 1, 1};
    double copy[] = {-0.7, -1.3}, third[] = {-0.7, 1.3}, f = 1.3 * tanh(0.7);
    struct plane p;
    theta[0] = 0.7, theta[1] = 1.3;
    x[0] = 1;
    t[0] = f;
    setting(width, 3, "tanh", false, LOSS_MSE, 1);
    ck_assert_int_eq(plane_init(&p, &desk, "points", 5, NULL), STATUS_OK);
    ck_assert_int_eq(plane_points(&p, &desk, copy, third, NULL), STATUS_OK);
    assert_close(plane_barrier(&p, 0), f * f / 2, 1e-14, 1);
    plane_clear(&p);
}
END_TEST

/* --- three parameters -------------------------------------------------------------------------------------------- */

static void build_space(struct space *s, enum loss_kind loss, size_t n, const double *rows, const double *targets)
{
    static const size_t width[] = {2, 1, 1};
    memcpy(x, rows, 2 * n * sizeof *rows);
    memcpy(t, targets, n * sizeof *targets);
    theta[0] = 0.8, theta[1] = 0.6, theta[2] = 1;
    setting(width, 3, "tanh", false, loss, n);
    ck_assert_int_eq(space_build(s, &desk, 2, NULL), STATUS_OK);
}

/* v tanh(w1) = a and v tanh(w2) = b: the curve (atanh(a/v), atanh(b/v), v), sought from |v| = 3 down to where it leaves
 * the box. */
START_TEST(surfaces_cross_in_the_solutions)
{
    static const double rows[] = {1, 0, 0, 1}, targets[] = {0.5, -0.4};
    struct space s;
    build_space(&s, LOSS_MSE, 2, rows, targets);
    ck_assert_uint_eq(s.classes, 2);
    ck_assert_int_eq(s.relation[0][1], RELATION_CROSSING);
    ck_assert_uint_gt(s.n_solutions, 60);
    ck_assert_uint_eq(s.n_solutions % 2, 0);
    double low = 10, high = -10;
    for (size_t i = 0; i < s.n_solutions; i++) {
        const double *w = s.solutions + 3 * i;
        assert_close(w[2] * tanh(w[0]), targets[0], 1e-9, 1);
        assert_close(w[2] * tanh(w[1]), targets[1], 1e-9, 1);
        low = fmin(low, w[2]);
        high = fmax(high, w[2]);
        if (i % 2) /* pieces are as short as the grid's cells */
            ck_assert_double_lt(hypot(hypot(w[0] - w[-3], w[1] - w[-2]), w[2] - w[-1]), 4 * 4.0 / 32);
    }
    ck_assert_double_gt(high, 2.9);
    ck_assert_double_lt(low, 0.55); /* the curve is there while |a/v| < tanh(2.8) */
    space_clear(&s);
}
END_TEST

/* The surface of one behaviour, exactly known, to the square of the grid's step. */
START_TEST(a_surface_holds_the_weights_that_are_right)
{
    static const double rows[] = {1, 0}, targets[] = {0.5};
    struct space s;
    build_space(&s, LOSS_MSE, 1, rows, targets);
    ck_assert_uint_gt(s.surface[0].n_vertices, 100);
    for (size_t i = 0; i < s.surface[0].n_vertices; i++) {
        const double *w = s.surface[0].vertices + 3 * i;
        ck_assert_double_lt(fabs(w[2] * tanh(w[0]) - 0.5), 0.05);
    }
    ck_assert_uint_eq(s.n_solutions, 0); /* the surface itself */
    space_clear(&s);
}
END_TEST

/* f(-x) = -f(x): opposite targets, the same surface; others, none that meets it. */
START_TEST(opposite_inputs_coincide_or_never_meet)
{
    static const double rows[] = {1, 0.5, -1, -0.5}, opposite[] = {0.4, -0.4}, equal[] = {0.4, 0.4};
    struct space s;
    build_space(&s, LOSS_MSE, 2, rows, opposite);
    ck_assert_int_eq(s.relation[0][1], RELATION_SAME);
    ck_assert_int_eq(s.relation[1][0], RELATION_SAME);
    ck_assert_uint_eq(s.classes, 1);
    space_clear(&s);
    teardown();
    build_space(&s, LOSS_MSE, 2, rows, equal);
    ck_assert_int_eq(s.relation[0][1], RELATION_APART);
    ck_assert_uint_eq(s.classes, 2);
    ck_assert_uint_eq(s.n_solutions, 0);
    space_clear(&s);
}
END_TEST

/* Under bce an output is right where its probability is the target: v tanh(w1) = ln(p/(1 - p)). */
START_TEST(probabilities_are_right_at_their_logits)
{
    static const double rows[] = {1, 0, 0, 1};
    double targets[] = {1 / (1 + exp(-0.5)), 1 / (1 + exp(0.4))};
    struct space s;
    build_space(&s, LOSS_BCE, 2, rows, targets);
    ck_assert_uint_gt(s.n_solutions, 60);
    for (size_t i = 0; i < s.n_solutions; i++) {
        const double *w = s.solutions + 3 * i;
        assert_close(w[2] * tanh(w[0]), 0.5, 1e-8, 1);
        assert_close(w[2] * tanh(w[1]), -0.4, 1e-8, 1);
    }
    space_clear(&s);
}
END_TEST

/* Three behaviours in three parameters: points, theta and, on the edge of the box, its copy -theta. */
START_TEST(three_families_meet_in_points)
{
    static const double rows[] = {1, 0, 0, 1, 1, 1};
    double targets[] = {tanh(0.8), tanh(0.6), tanh(1.4)};
    struct space s;
    build_space(&s, LOSS_MSE, 3, rows, targets);
    ck_assert_uint_eq(s.classes, 3);
    ck_assert_uint_gt(s.n_solutions, 0);
    for (size_t i = 0; i < s.n_solutions; i++)
        for (size_t c = 0; c < 3; c++)
            assert_close(s.solutions[3 * i + c], copysign(theta[c], s.solutions[3 * i]), 1e-6, 1);
    space_clear(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contour");
    TCase *planes = tcase_create("planes"), *space = tcase_create("space");
    tcase_add_checked_fixture(planes, NULL, teardown);
    tcase_add_checked_fixture(space, NULL, teardown);
    tcase_add_test(planes, losses_on_a_plane_are_those_of_its_points);
    tcase_add_test(planes, random_directions_are_as_long_as_the_weights);
    tcase_add_test(planes, eigenvectors_are_the_sharpest_axes);
    tcase_add_test(planes, a_flat_direction_has_an_end);
    tcase_add_test(planes, a_flat_path_lies_in_its_principal_plane);
    tcase_add_test(planes, a_plane_goes_through_three_points);
    tcase_add_test(planes, three_points_on_a_line_are_refused);
    tcase_add_test(planes, a_barrier_lies_between_two_copies);
    tcase_add_test(space, surfaces_cross_in_the_solutions);
    tcase_add_test(space, a_surface_holds_the_weights_that_are_right);
    tcase_add_test(space, opposite_inputs_coincide_or_never_meet);
    tcase_add_test(space, probabilities_are_right_at_their_logits);
    tcase_add_test(space, three_families_meet_in_points);
    suite_add_tcase(suite, planes);
    suite_add_tcase(suite, space);
    return testing_main(suite);
}
