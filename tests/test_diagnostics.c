/* Convergence diagnostics against the R package posterior (tests/reference/diagnostics.R), and what is undefined. */
#include "solver/diagnostics.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    double chains, draws, memory, offset, power; /* of the series, see diagnostics.R */
    double mean, sd, rhat, ess_bulk, ess_tail, ess_mean, mcse;
} cases[] = {
#include "tests/reference/diagnostics.inc"
};

static double *series(size_t chains, size_t draws, double memory, double offset, double power)
{
    double *x = malloc(chains * draws * sizeof *x);
    for (size_t k = 0; x && k < chains; k++) {
        double u = 0.1 + 0.07 * (double)(k + 1), at = 0;
        for (size_t i = 0; i < draws; i++) {
            at = memory * at + (u - 0.5);
            x[k * draws + i] = copysign(pow(fabs(at), power), at) + offset * (double)(k + 1);
            u = 3.99 * u * (1 - u);
        }
    }
    return x;
}

START_TEST(agrees_with_posterior)
{
    size_t chains = (size_t)cases[_i].chains, draws = (size_t)cases[_i].draws;
    double *x = series(chains, draws, cases[_i].memory, cases[_i].offset, cases[_i].power);
    struct diagnostics d;
    ck_assert_ptr_nonnull(x);
    ck_assert_int_eq(diagnostics_of(chains, draws, x, &d, NULL), STATUS_OK);
    assert_close(d.mean, cases[_i].mean, 1e-11, 1e-6);
    assert_close(d.sd, cases[_i].sd, 1e-11, 1e-6);
    assert_close(d.rhat, cases[_i].rhat, 1e-9, 1e-6);
    assert_close(d.ess_bulk, cases[_i].ess_bulk, 1e-9, 1e-6);
    assert_close(d.ess_tail, cases[_i].ess_tail, 1e-9, 1e-6);
    assert_close(d.ess_mean, cases[_i].ess_mean, 1e-9, 1e-6);
    assert_close(d.mcse, cases[_i].mcse, 1e-9, 1e-9);
    free(x);
}
END_TEST

/* Of a first-order autoregression with coefficient a the mean of S draws is worth S (1 - a)/(1 + a) independent ones.
 */
START_TEST(effective_size_of_an_autoregression)
{
    enum { CHAINS = 4, DRAWS = 20000 };
    static double x[CHAINS * DRAWS];
    static const double coefficients[] = {0, 0.5, 0.9, -0.5};
    double a = coefficients[_i], at = 0;
    struct random_stream r = random_stream(17, (uint64_t)_i);
    struct diagnostics d;
    for (size_t i = 0; i < CHAINS * DRAWS; i++)
        x[i] = at = a * at + random_normal(&r);
    ck_assert_int_eq(diagnostics_of(CHAINS, DRAWS, x, &d, NULL), STATUS_OK);
    assert_close(d.ess_mean, CHAINS * DRAWS * (1 - a) / (1 + a), 0.1, 1);
    assert_close(d.rhat, 1, 2e-3, 1);
}
END_TEST

START_TEST(nothing_is_said_about_nothing)
{
    double x[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct diagnostics d;
    ck_assert_int_eq(diagnostics_of(2, 6, x, &d, NULL), STATUS_OK);
    ck_assert(isnan(d.rhat) && isnan(d.ess_bulk) && isnan(d.mcse));
    x[3] = INFINITY;
    ck_assert_int_eq(diagnostics_of(2, 6, x, &d, NULL), STATUS_OK);
    ck_assert(isnan(d.rhat) && isnan(d.ess_tail));
    ck_assert_int_eq(diagnostics_of(4, 3, (const double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, &d, NULL), STATUS_OK);
    ck_assert(isnan(d.rhat));
}
END_TEST

/* Chains that each stay where they are: R-hat is far from 1, whichever way they differ. */
START_TEST(chains_that_differ_are_told)
{
    enum { CHAINS = 4, DRAWS = 400 };
    static double x[CHAINS * DRAWS];
    struct random_stream r = random_stream(5, 5);
    struct diagnostics d;
    for (size_t i = 0; i < CHAINS * DRAWS; i++) {
        size_t chain = i / DRAWS;
        x[i] = random_normal(&r) * (_i == 1 && chain == 0 ? 4 : 1) + (_i == 0 && chain == 0 ? 2 : 0);
    }
    ck_assert_int_eq(diagnostics_of(CHAINS, DRAWS, x, &d, NULL), STATUS_OK);
    ck_assert_double_gt(d.rhat, 1.1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diagnostics");
    TCase *all = tcase_create("diagnostics");
    tcase_add_loop_test(all, agrees_with_posterior, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(all, effective_size_of_an_autoregression, 0, 4);
    tcase_add_test(all, nothing_is_said_about_nothing);
    tcase_add_loop_test(all, chains_that_differ_are_told, 0, 2);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
