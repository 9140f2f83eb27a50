/* The functions of solver/wide.h against the library's in long double, in every instruction set by way of a loop. */
#include "solver/random.h"
#include "solver/wide.h"
#include "tests/testing.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

WIDE_INLINE void exponentials_body(size_t n, const double *x, double *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = wide_exp(x[i]);
}
WIDE_DEFINE(exponentials, (size_t n, const double *x, double *y), (n, x, y))

enum { N = 4000 };

static void assert_exponentials(double low, double high)
{
    static double x[N], y[N], z[N];
    struct random_stream r = random_stream(testing_seed(), 0);
    for (size_t i = 0; i < N; i++)
        x[i] = low + (high - low) * random_uniform(&r);
    exponentials(N, x, y);
    exponentials_body(N, x, z);
    for (size_t i = 0; i < N; i++) {
        long double truth = expl((long double)x[i]);
        double unit = fmax((double)truth * DBL_EPSILON, 5e-324);
        ck_assert_msg(fabsl((long double)y[i] - truth) <= unit, "exp(%.17g) = %.17g", x[i], y[i]);
        ck_assert_msg(fabsl((long double)z[i] - truth) <= unit, "exp(%.17g) = %.17g", x[i], z[i]);
    }
}

START_TEST(exponentials_are_right_to_the_last_place)
{
    assert_exponentials(-1, 1);
    assert_exponentials(-40, 40);
    assert_exponentials(-708, 709.7);
    assert_exponentials(-745, -708); /* fewer digits than a double has */
}
END_TEST

START_TEST(exponentials_end_as_they_should)
{
    double x[] = {0, -0.0, 709.782, 709.783, 1e308, INFINITY, -745.2, -1e308, -INFINITY, NAN, 1e-300}, y[11];
    exponentials(11, x, y);
    ck_assert(y[0] == 1 && y[1] == 1 && isfinite(y[2]) && isinf(y[3]) && isinf(y[4]) && isinf(y[5]));
    ck_assert(y[6] == 0 && y[7] == 0 && y[8] == 0 && isnan(y[9]) && y[10] == 1);
}
END_TEST

WIDE_INLINE void logarithms_body(size_t n, const double *x, double *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = wide_log(x[i]);
}
WIDE_DEFINE(logarithms, (size_t n, const double *x, double *y), (n, x, y))

START_TEST(logarithms_are_right_to_two_units)
{
    static double x[N], y[N], z[N];
    struct random_stream r = random_stream(testing_seed(), 1);
    for (size_t i = 0; i < N; i++) {
        double u = random_uniform(&r);
        x[i] = i % 4 == 0 ? u : i % 4 == 1 ? exp(1400 * u - 700) : i % 4 == 2 ? 0.5 + u : 1 + (u - 0.5) * 1e-6;
    }
    x[0] = 1;
    x[1] = 0x1p-1022;
    x[2] = 1 - 0x1p-53;
    logarithms(N, x, y);
    logarithms_body(N, x, z);
    for (size_t i = 0; i < N; i++) {
        long double truth = logl((long double)x[i]);
        double allowed = 2 * fabs((double)truth) * DBL_EPSILON;
        ck_assert_msg(fabsl((long double)y[i] - truth) <= allowed, "ln(%.17g) = %.17g", x[i], y[i]);
        ck_assert_msg(fabsl((long double)z[i] - truth) <= allowed, "ln(%.17g) = %.17g", x[i], z[i]);
    }
}
END_TEST

WIDE_INLINE void logarithms_of_more_body(size_t n, const double *x, double *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = wide_log1p(x[i]);
}
WIDE_DEFINE(logarithms_of_more, (size_t n, const double *x, double *y), (n, x, y))

START_TEST(logarithms_of_one_and_more_are_right_to_three_units)
{
    static double x[N], y[N], z[N];
    struct random_stream r = random_stream(testing_seed(), 3);
    for (size_t i = 0; i < N; i++) {
        double u = random_uniform(&r);
        x[i] = i % 3 == 0 ? u : i % 3 == 1 ? exp(700 * (u - 1)) : 100 * u;
    }
    x[0] = 0;
    x[1] = 5e-324;
    logarithms_of_more(N, x, y);
    logarithms_of_more_body(N, x, z);
    for (size_t i = 0; i < N; i++) {
        long double truth = log1pl((long double)x[i]);
        double allowed = 3 * fabs((double)truth) * DBL_EPSILON;
        ck_assert_msg(fabsl((long double)y[i] - truth) <= allowed, "ln(1 + %.17g) = %.17g", x[i], y[i]);
        ck_assert_msg(fabsl((long double)z[i] - truth) <= allowed, "ln(1 + %.17g) = %.17g", x[i], z[i]);
    }
    double none[2] = {NAN, 1}, out[2];
    logarithms_of_more(2, none, out);
    ck_assert(isnan(out[0]));
}
END_TEST

WIDE_INLINE void circles_body(size_t n, const double *u, double *sine, double *cosine)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        wide_sin_cos_of_turns(u[i], &sine[i], &cosine[i]);
}
WIDE_DEFINE(circles, (size_t n, const double *u, double *sine, double *cosine), (n, u, sine, cosine))

START_TEST(sines_and_cosines_are_right)
{
    static double u[N], s[N], c[N];
    struct random_stream r = random_stream(testing_seed(), 2);
    for (size_t i = 0; i < N; i++)
        u[i] = i < 9 ? (double)i / 8 : random_uniform(&r);
    circles(N, u, s, c);
    for (size_t i = 0; i < N; i++) {
        long double angle = 2 * acosl(-1) * (long double)u[i];
        ck_assert_msg(fabsl((long double)s[i] - sinl(angle)) <= DBL_EPSILON, "sin of %.17g turns", u[i]);
        ck_assert_msg(fabsl((long double)c[i] - cosl(angle)) <= DBL_EPSILON, "cos of %.17g turns", u[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wide");
    TCase *tests = tcase_create("wide");
    tcase_add_test(tests, exponentials_are_right_to_the_last_place);
    tcase_add_test(tests, exponentials_end_as_they_should);
    tcase_add_test(tests, logarithms_are_right_to_two_units);
    tcase_add_test(tests, logarithms_of_one_and_more_are_right_to_three_units);
    tcase_add_test(tests, sines_and_cosines_are_right);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
