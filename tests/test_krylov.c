/* solver/krylov.c */
#include "solver/krylov.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A = diag(d). */
static double diagonal[3000];

static void multiply_diagonal(const double *v, double *av, void *context)
{
    size_t n = *(const size_t *)context;
    for (size_t i = 0; i < n; i++)
        av[i] = diagonal[i] * v[i];
}

/* A = second difference with fixed ends: eigenvalues 4 sin^2(m pi/(2(n+1))), m = 1 .. n. */
static void multiply_difference(const double *v, double *av, void *context)
{
    size_t n = *(const size_t *)context;
    for (size_t i = 0; i < n; i++)
        av[i] = 2 * v[i] - (i ? v[i - 1] : 0) - (i + 1 < n ? v[i + 1] : 0);
}

static double difference_eigenvalue(size_t n, double m)
{
    double half = sin(m * M_PI / 2 / (double)(n + 1));
    return 4 * half * half;
}

static void multiply_to_nan(const double *v, double *av, void *context)
{
    memcpy(av, v, *(const size_t *)context * sizeof *av);
    av[1] = NAN;
}

START_TEST(extremes_of_the_second_difference)
{
    static size_t sizes[] = {1, 2, 3, 7, 60, 300};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        size_t n = sizes[k];
        struct krylov_operator a = {n, multiply_difference, &n, NULL};
        struct krylov_extremes x;
        ck_assert_int_eq(krylov_extremes(&a, KRYLOV_LARGEST | KRYLOV_SMALLEST, 1e-12, n, 1, &x, NULL, NULL), STATUS_OK);
        assert_close(x.smallest, difference_eigenvalue(n, 1), 1e-10, 1e-3);
        assert_close(x.largest, difference_eigenvalue(n, (double)n), 1e-12, 0);
        ck_assert_uint_le(x.products, n);
    }
}
END_TEST

START_TEST(one_end_costs_less_and_errors_are_honest)
{
    size_t n = 3000;
    for (size_t i = 0; i < n; i++)
        diagonal[i] = -1 + 3 * (double)i / (double)n; /* crowded below, one far above */
    diagonal[n - 1] = 10;
    struct krylov_operator a = {n, multiply_diagonal, &n, NULL};
    struct krylov_extremes x;
    ck_assert_int_eq(krylov_extremes(&a, KRYLOV_LARGEST, 1e-6, 500, 7, &x, NULL, NULL), STATUS_OK);
    ck_assert_uint_le(x.products, 40);
    ck_assert_double_le(fabs(x.largest - 10), fmax(x.largest_error, 1e-12));
    ck_assert_double_gt(x.smallest, -1); /* from inside */
    ck_assert_double_gt(x.smallest_error, 1e-6);
    ck_assert_int_eq(krylov_extremes(&a, KRYLOV_SMALLEST, 1e-3, 500, 7, &x, NULL, NULL), STATUS_OK);
    ck_assert_double_le(x.smallest_error, 1e-3 * 10);
    ck_assert_double_le(fabs(x.smallest + 1), x.smallest_error);
}
END_TEST

START_TEST(vector_of_the_smallest)
{
    size_t n = 40;
    double v[40], av[40];
    for (size_t i = 0; i < n; i++)
        diagonal[i] = (double)i;
    diagonal[17] = -2;
    struct krylov_operator a = {n, multiply_diagonal, &n, NULL};
    struct krylov_extremes x;
    ck_assert_int_eq(krylov_extremes(&a, KRYLOV_SMALLEST, 1e-10, n, 3, &x, v, NULL), STATUS_OK);
    assert_close(x.smallest, -2, 1e-12, 0);
    multiply_diagonal(v, av, &n);
    for (size_t i = 0; i < n; i++) {
        assert_close(fabs(v[i]), i == 17 ? 1 : 0, 1e-8, 1);
        assert_close(av[i], -2 * v[i], 1e-8, 1);
    }
}
END_TEST

/* A multiple of the unit matrix: one step says all. */
START_TEST(stops_when_the_space_is_invariant)
{
    size_t n = 100;
    for (size_t i = 0; i < n; i++)
        diagonal[i] = 3;
    struct krylov_operator a = {n, multiply_diagonal, &n, NULL};
    struct krylov_extremes x;
    ck_assert_int_eq(krylov_extremes(&a, KRYLOV_LARGEST | KRYLOV_SMALLEST, 1e-14, n, 1, &x, NULL, NULL), STATUS_OK);
    assert_close(x.largest, 3, 1e-14, 0);
    assert_close(x.smallest, 3, 1e-14, 0);
    ck_assert_uint_le(x.products, 2);
}
END_TEST

START_TEST(a_product_that_is_not_finite_fails)
{
    size_t n = 5;
    struct krylov_operator a = {n, multiply_to_nan, &n, NULL};
    struct krylov_extremes x;
    struct error e = {0};
    ck_assert_int_eq(krylov_extremes(&a, KRYLOV_LARGEST, 1e-6, n, 1, &x, NULL, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "not finite"));
}
END_TEST

/* u_i = i (n + 1 - i)/2 solves the second difference for b = 1. */
START_TEST(conjugate_gradients_solve_the_second_difference)
{
    size_t n = 100;
    double b[100], x[100];
    for (size_t i = 0; i < n; i++)
        b[i] = 1;
    struct krylov_operator a = {n, multiply_difference, &n, NULL};
    ck_assert_int_eq(krylov_solve(&a, b, 1e-12, n, x), KRYLOV_CG_SOLVED);
    for (size_t i = 0; i < n; i++)
        assert_close(x[i], (double)(i + 1) * (double)(n - i) / 2, 1e-9, 0);
    ck_assert_int_eq(krylov_solve(&a, b, 1e-12, 5, x), KRYLOV_CG_NOT_YET);
}
END_TEST

START_TEST(singular_systems_give_the_solution_of_least_norm)
{
    size_t n = 6;
    const double d[] = {0, 1, 2, 0, 4, 5}, b[] = {0, 1, 1, 0, 1, 1}, expected[] = {0, 1, 0.5, 0, 0.25, 0.2};
    double x[6];
    memcpy(diagonal, d, sizeof d);
    struct krylov_operator a = {n, multiply_diagonal, &n, NULL};
    ck_assert_int_eq(krylov_solve(&a, b, 1e-13, 20, x), KRYLOV_CG_SOLVED);
    for (size_t i = 0; i < n; i++)
        assert_close(x[i], expected[i], 1e-12, 1);
}
END_TEST

START_TEST(negative_curvature_is_said)
{
    size_t n = 3;
    const double d[] = {1, 2, -1}, down[] = {0, 0, 1}, mixed[] = {1, 1, 0.1};
    double x[3];
    memcpy(diagonal, d, sizeof d);
    struct krylov_operator a = {n, multiply_diagonal, &n, NULL};
    ck_assert_int_eq(krylov_solve(&a, down, 1e-10, 20, x), KRYLOV_CG_CURVED);
    ck_assert_double_eq(x[2], 1);
    ck_assert_int_eq(krylov_solve(&a, mixed, 1e-10, 20, x), KRYLOV_CG_CURVED);
    ck_assert_double_gt(x[0], 0);
}
END_TEST

/* Asked to stop at the question after `left` more. */
static bool stop_after(void *context)
{
    int *left = context;
    return (*left)-- == 0;
}

START_TEST(stops_at_any_product_when_asked)
{
    size_t n = 200;
    for (int questions = 0; questions < 30; questions += 7) {
        int left = questions;
        struct reporter reporter = {.stop_requested = stop_after, .context = &left};
        struct krylov_operator a = {n, multiply_difference, &n, &reporter};
        struct krylov_extremes x;
        struct error e = {0};
        double b[200] = {1}, u[200], v[200];
        ck_assert_int_eq(krylov_extremes(&a, KRYLOV_LARGEST, 1e-12, n, 1, &x, NULL, &e), STATUS_INTERRUPTED);
        ck_assert_int_eq(left, -1); /* not asked again */
        left = questions;
        ck_assert_int_eq(krylov_solve(&a, b, 1e-12, n, u), KRYLOV_CG_NOT_YET);
        a.reporter = NULL;
        ck_assert_int_eq(krylov_solve(&a, b, 1e-12, (size_t)questions, v), KRYLOV_CG_NOT_YET);
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq(u[i], v[i]); /* as far as it came */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("krylov");
    TCase *all = tcase_create("krylov");
    tcase_add_test(all, extremes_of_the_second_difference);
    tcase_add_test(all, one_end_costs_less_and_errors_are_honest);
    tcase_add_test(all, vector_of_the_smallest);
    tcase_add_test(all, stops_when_the_space_is_invariant);
    tcase_add_test(all, a_product_that_is_not_finite_fails);
    tcase_add_test(all, conjugate_gradients_solve_the_second_difference);
    tcase_add_test(all, singular_systems_give_the_solution_of_least_norm);
    tcase_add_test(all, negative_curvature_is_said);
    tcase_add_test(all, stops_at_any_product_when_asked);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
