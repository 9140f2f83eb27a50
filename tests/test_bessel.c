/* solver/bessel.c against mpmath (tests/reference/bessel.py). */
#include "solver/bessel.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(agrees_with_mpmath)
{
    FILE *file = fopen("tests/reference/bessel.csv", "r");
    char line[200];
    size_t n = 0;
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        char *end;
        double order = strtod(line, &end), z = strtod(end + 1, &end), expected = strtod(end + 1, &end);
        int sign = 0, expected_sign = (int)strtol(end + 1, NULL, 10);
        double value = bessel_log_i_scaled(order, z, &sign);
        /* where I changes sign nearby its logarithm is ill-conditioned; the largest logarithms carry their own digits
         */
        double tolerance = order < 0 ? 1e-10 : 1e-12 + 4e-16 * fabs(expected);
        ck_assert_msg(fabs(value - expected) <= tolerance, "order %g, z %g: %.17g, expected %.17g", order, z, value,
                      expected);
        ck_assert_msg(sign == expected_sign, "order %g, z %g: sign %d", order, z, sign);
        n++;
    }
    fclose(file);
    ck_assert_uint_gt(n, 200);
}
END_TEST

START_TEST(half_integer_orders_are_elementary)
{
    for (int i = 0; i < 18; i++) { /* sqrt(2/(pi z)) sinh z and cosh z, times e^-z */
        double z = 1e-3 * pow(3.7, i);
        double scale = 0.5 * log(2 / (M_PI * z));
        assert_close(bessel_log_i_scaled(0.5, z, NULL), scale + log(-expm1(-2 * z) / 2), 1e-12, 1);
        assert_close(bessel_log_i_scaled(-0.5, z, NULL), scale + log1p(exp(-2 * z)) - log(2), 1e-12, 1);
    }
    ck_assert(bessel_log_i_scaled(0, 0, NULL) == 0);
    ck_assert(bessel_log_i_scaled(2.5, 0, NULL) == -INFINITY);
    ck_assert(bessel_log_i_scaled(-2.5, 0, NULL) == INFINITY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bessel");
    TCase *tests = tcase_create("log I");
    tcase_add_test(tests, agrees_with_mpmath);
    tcase_add_test(tests, half_integer_orders_are_elementary);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
