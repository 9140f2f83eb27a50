/* Distributions against closed forms and printed values of the normal distribution; the copula's rank
 * correlations against what was asked for. */
#include "solver/distribution.h"
#include "tests/testing.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double NO = INFINITY;

/* Quantiles from closed forms: z(0.9) = 1.2815515655446004, z(0.95) = 1.6448536269514722 (Abramowitz and Stegun, table
 * 26.5). */
static const struct {
    struct distribution d;
    double probability, quantile;
} known[] = {
    {{DISTRIBUTION_NORMAL, 2, 3, 0, 0, -INFINITY, INFINITY}, 0.9, 2 + 3 * 1.2815515655446004},
    {{DISTRIBUTION_NORMAL, 2, 3, 0, 0, -INFINITY, INFINITY}, 0.05, 2 - 3 * 1.6448536269514722},
    {{DISTRIBUTION_LOGNORMAL, 1, 0.5, 0, 0, -INFINITY, INFINITY}, 0.1, 1.432217893498685}, /* e^(1 - .5 z(.9)) */
    {{DISTRIBUTION_UNIFORM, 0, 0, -1, 3, -INFINITY, INFINITY}, 0.25, 0},
    {{DISTRIBUTION_LOGUNIFORM, 0, 0, 1e-3, 10, -INFINITY, INFINITY}, 0.5, 0.1},
    {{DISTRIBUTION_TRIANGULAR, 1, 0, 0, 4, -INFINITY, INFINITY}, 0.25, 1}, /* the mode has (1 - 0)/4 below it */
    {{DISTRIBUTION_TRIANGULAR, 1, 0, 0, 4, -INFINITY, INFINITY}, 0.0625, 0.5},
    {{DISTRIBUTION_TRIANGULAR, 1, 0, 0, 4, -INFINITY, INFINITY}, 0.8125, 2.5}, /* 1 - 1.5^2/12 */
    {{DISTRIBUTION_BETA, 2, 1, 10, 20, -INFINITY, INFINITY}, 0.25, 15},        /* F = x^2 */
    {{DISTRIBUTION_BETA, 1, 3, 0, 1, -INFINITY, INFINITY}, 0.875, 0.5},        /* F = 1 - (1 - x)^3 */
    {{DISTRIBUTION_NORMAL, 0, 1, 0, 0, 0, INFINITY}, 0.5, 0.6744897501960817}, /* half normal: z(0.75) */
    {{DISTRIBUTION_UNIFORM, 0, 0, 0, 10, 2, 4}, 0.25, 2.5},
    {{DISTRIBUTION_LOGUNIFORM, 0, 0, 1, 1e4, 1, 100}, 0.5, 10},
};
enum { N_KNOWN = sizeof known / sizeof known[0] };

START_TEST(quantiles_are_known)
{
    const struct distribution *d = &known[_i].d;
    ck_assert_int_eq(distribution_check(d, NULL), STATUS_OK);
    assert_close(distribution_quantile(d, known[_i].probability), known[_i].quantile, 1e-7, 1);
    assert_close(distribution_below(d, known[_i].quantile), known[_i].probability, 1e-7, 1);
}
END_TEST

/* The density is the slope of P(X <= x), and all of it adds up to 1. */
START_TEST(densities_are_slopes)
{
    const struct distribution *d = &known[_i].d;
    double sum = 0, last = distribution_quantile(d, 1e-9);
    for (int k = 1; k <= 400; k++) {
        double x = distribution_quantile(d, fmin(fmax(k / 400.0, 1e-9), 1 - 1e-9)), middle = 0.5 * (last + x);
        double h = 1e-5 * (x - last);
        double slope = (distribution_below(d, middle + h) - distribution_below(d, middle - h)) / (2 * h);
        if (h > 0 && distribution_below(d, middle) > 0.01 && distribution_below(d, middle) < 0.99)
            assert_close(distribution_density(d, middle), slope, 1e-4, 1e-6);
        sum += (x - last) * distribution_density(d, middle);
        last = x;
    }
    assert_close(sum, 1, 0.03, 1);
}
END_TEST

START_TEST(five_and_ninety_five)
{
    struct distribution normal = distribution_between(DISTRIBUTION_NORMAL, -1, 5),
                        lognormal = distribution_between(DISTRIBUTION_LOGNORMAL, 1e-6, 1);
    assert_close(distribution_quantile(&normal, 0.05), -1, 1e-12, 1);
    assert_close(distribution_quantile(&normal, 0.95), 5, 1e-12, 1);
    assert_close(distribution_quantile(&lognormal, 0.05), 1e-6, 1e-10, 0);
    assert_close(distribution_quantile(&lognormal, 0.95), 1, 1e-12, 1);
    assert_close(distribution_quantile(&lognormal, 0.5), 1e-3, 1e-10, 0);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    const struct distribution wrong[] = {
        {DISTRIBUTION_NORMAL, 0, 0, 0, 0, -NO, NO},     {DISTRIBUTION_UNIFORM, 0, 0, 1, 1, -NO, NO},
        {DISTRIBUTION_LOGUNIFORM, 0, 0, 0, 1, -NO, NO}, {DISTRIBUTION_TRIANGULAR, 5, 0, 0, 4, -NO, NO},
        {DISTRIBUTION_BETA, 0, 1, 0, 1, -NO, NO},       {DISTRIBUTION_UNIFORM, 0, 0, 0, 1, 2, NO},
        {DISTRIBUTION_LOGNORMAL, 0, -1, 0, 0, -NO, NO},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_int_eq(distribution_check(&wrong[i], NULL), STATUS_BAD_INPUT);
}
END_TEST

/* --- copula ------------------------------------------------------------------------------------------------------- */

enum { DRAWS = 20000 };

START_TEST(rank_correlations_are_as_asked)
{
    static const double rank[9] = {1, -0.6, 0.3, -0.6, 1, 0, 0.3, 0, 1};
    double correlation[9], *x = malloc(5 * DRAWS * sizeof *x), *work = x + 3 * (size_t)DRAWS;
    uint64_t seed = testing_seed();
    struct copula c;
    for (int i = 0; i < 9; i++)
        correlation[i] = i % 4 == 0 ? 1 : copula_from_rank(rank[i]);
    ck_assert_int_eq(copula_init(&c, 3, correlation, NULL), STATUS_OK);
    for (size_t k = 0; k < DRAWS; k++) {
        double u[3];
        struct random_stream stream = random_stream(seed, k);
        copula_draw(&c, &stream, u);
        for (size_t i = 0; i < 3; i++)
            x[i * DRAWS + k] = u[i];
    }
    for (size_t i = 0; i < 3; i++) {
        /* uniform: mean 1/2 within 4 of its errors, 1/sqrt(12 n) */
        assert_close(gsl_stats_mean(x + i * DRAWS, 1, DRAWS), 0.5, 4 / sqrt(12.0 * DRAWS), 1);
        assert_close(gsl_stats_variance(x + i * DRAWS, 1, DRAWS), 1.0 / 12, 0.03, 0);
        for (size_t j = 0; j < i; j++) /* error of a rank correlation at most 1/sqrt(n) */
            assert_close(gsl_stats_spearman(x + i * DRAWS, 1, x + j * DRAWS, 1, DRAWS, work), rank[3 * i + j],
                         4 / sqrt((double)DRAWS), 1);
    }
    copula_clear(&c);
    free(x);
}
END_TEST

START_TEST(impossible_correlations_are_refused)
{
    static const double impossible[9] = {1, 0.9, -0.9, 0.9, 1, 0.9, -0.9, 0.9, 1};
    struct copula c;
    struct error e;
    ck_assert_int_eq(copula_init(&c, 3, impossible, &e), STATUS_REFUSED);
    copula_clear(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distribution");
    TCase *c = tcase_create("distributions");
    tcase_add_loop_test(c, quantiles_are_known, 0, N_KNOWN);
    tcase_add_loop_test(c, densities_are_slopes, 0, N_KNOWN);
    tcase_add_test(c, five_and_ninety_five);
    tcase_add_test(c, nonsense_is_refused);
    tcase_add_test(c, rank_correlations_are_as_asked);
    tcase_add_test(c, impossible_correlations_are_refused);
    suite_add_tcase(suite, c);
    return testing_main(suite);
}
