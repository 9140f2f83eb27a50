/* growth/fit: exact Jacobians against differences, and a truth that is known found again from made-up data. */
#include "growth/fit/fit.h"
#include "growth/variable.h"
#include "solver/difference.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 64 };

/* --- a small fit ----------------------------------------------------------------------------------------------------
 */

struct made_up {
    struct fit fit;
    double truth[FIT_MAX_PARAMETERS];
    double year[MAX_POINTS];
    size_t n;
};

static const char *const six[] = {"capital_share",  "births_income",    "child_cost",
                                  "science_supply", "surplus_exponent", "technology_returns"};

static size_t variable(const struct model *m, const char *key)
{
    size_t i = variable_find(m, key);
    ck_assert_uint_lt(i, variable_count(m));
    return i;
}

/* stpk's own parameters as the truth; output, population and birth rate from 1500 to 2020 as data, exact. */
static void make_up(struct made_up *a, const char *const *keys, size_t n_keys)
{
    struct error e = {0};
    struct simulation s;
    const struct model *m = model_find("stpk");
    ck_assert_int_eq(simulation_init(&s, m, -10000, 2100, &e), STATUS_OK);
    fit_init(&a->fit, "made up", &s);
    a->fit.shoots = true;
    a->fit.shot =
        (struct solve_target){param_find(m->params, m->n_params, "technology_rate"), variable(m, "Y"), 1950, 1, 0};
    a->n = 0;
    for (double year = 1500; year < 1800; year += 50)
        a->year[a->n++] = year;
    for (double year = 1800; year <= 2020; year += 10)
        a->year[a->n++] = year;
    struct sensitivities run;
    ck_assert_int_eq(sensitivities_compute(&s, NULL, 0, a->year, a->n, NULL, &run, &e), STATUS_OK);
    static const char *const targets[] = {"Y", "P", "births"};
    for (size_t i = 0; i < 3; i++) {
        double value[MAX_POINTS];
        for (size_t k = 0; k < a->n; k++)
            value[k] = exp(sensitivities_log_variable(&run, k, variable(m, targets[i]), NULL));
        ck_assert_int_eq(fit_add_target(&a->fit, targets[i], variable(m, targets[i]), a->n, a->year, value, 0.05, &e),
                         STATUS_OK);
        if (i == 0)
            for (size_t k = 0; k < a->n; k++)
                if (a->year[k] == 1950)
                    a->fit.shot.value = value[k];
    }
    sensitivities_clear(&run);
    for (size_t i = 0; i < n_keys; i++) {
        struct fit_parameter *p = fit_add_parameter(&a->fit, FIT_MODEL, param_find(m->params, m->n_params, keys[i]));
        ck_assert_ptr_nonnull(p);
        p->low = p->value > 0 ? p->value / 2 : p->value * 2;
        p->high = p->value > 0 ? p->value * 2 : p->value / 2;
    }
    fit_add_parameter(&a->fit, FIT_LEVEL, 0);
    ck_assert_int_eq(fit_prepare(&a->fit, &e), STATUS_OK);
    fit_first(&a->fit, a->truth);
}

/* --- the Jacobian ---------------------------------------------------------------------------------------------------
 */

struct probe {
    struct fit_evaluator v;
    double z[FIT_MAX_PARAMETERS];
    size_t moved;
};

static int probe(double value, double *r, void *context)
{
    struct probe *b = context;
    b->z[b->moved] = value;
    return fit_evaluate(&b->v, b->z, r, NULL);
}

/* With and without shooting, priors, correlation, growth over periods, a free start: every entry. */
static void check_jacobian(struct made_up *a, double step)
{
    size_t n = fit_count_residuals(&a->fit), k = a->fit.n_parameters;
    double *r = malloc(n * sizeof *r), *jac = malloc(n * k * sizeof *jac), *column = malloc(n * sizeof *column),
           *scratch = malloc(n * sizeof *scratch);
    a->fit.base.rtol = 1e-13;
    struct probe b = {.moved = 0};
    fit_evaluator_init(&b.v, &a->fit, NULL);
    fit_first(&a->fit, b.z);
    ck_assert_int_eq(fit_evaluate(&b.v, b.z, r, jac), 0);
    for (b.moved = 0; b.moved < k; b.moved++) {
        double z = b.z[b.moved], largest = 1;
        ck_assert_int_eq(difference_central(probe, &b, z, b.moved + 1 == k ? 8 * step : step, n, column, scratch), 0);
        b.z[b.moved] = z;
        for (size_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(column[i]));
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(fabs(jac[i * k + b.moved] - column[i]) < 1e-6 * largest,
                          "residual %zu by %s: %.10g, differences %.10g", i, a->fit.parameters[b.moved].key,
                          jac[i * k + b.moved], column[i]);
    }
    free(r);
    free(jac);
    free(column);
    free(scratch);
}

START_TEST(the_jacobian_is_that_of_the_residuals)
{
    struct made_up a;
    make_up(&a, six, 2);
    a.fit.parameters[0].prior = a.truth[0] + 0.1;
    a.fit.parameters[0].spread = 0.3;
    a.fit.targets[0].correlation = 20;
    for (size_t i = 0; i + 1 < a.fit.targets[1].n; i++) { /* population as growth between neighbours */
        struct fit_target *t = &a.fit.targets[1];
        t->growth = true;
        t->to[i] = t->year[i + 1];
        t->value[i] = 0.01;
        t->sigma[i] = 0.002;
    }
    a.fit.targets[1].n--;
    struct error e = {0};
    ck_assert_int_eq(fit_prepare(&a.fit, &e), STATUS_OK);
    check_jacobian(&a, 1e-3);
    fit_clear(&a.fit);
}
END_TEST

START_TEST(the_jacobian_without_shooting)
{
    struct made_up a;
    make_up(&a, six, 2);
    a.fit.shoots = false;
    a.fit.n_parameters--; /* the level */
    ck_assert_ptr_nonnull(fit_add_parameter(&a.fit, FIT_START, 3));
    check_jacobian(&a, 1e-3);
    fit_clear(&a.fit);
}
END_TEST

/* --- recovery -------------------------------------------------------------------------------------------------------
 */

START_TEST(exact_data_give_the_truth_back)
{
    struct made_up a;
    struct fit_result result;
    struct error e = {0};
    make_up(&a, six, 6);
    for (size_t j = 0; j < 6; j++) { /* start elsewhere */
        struct fit_parameter *p = &a.fit.parameters[j];
        p->value *= j % 2 ? 1.15 : 0.9;
    }
    a.fit.starts = 3;
    a.fit.seed = 1;
    ck_assert_msg(fit_solve(&a.fit, NULL, NULL, &result, &e) == STATUS_OK, "%s", e.message);
    for (size_t j = 0; j < a.fit.n_parameters; j++)
        assert_close(result.z[j], a.truth[j], 1e-4, 1);
    ck_assert_double_lt(result.best.cost, 1e-6);
    fit_result_clear(&result);
    fit_clear(&a.fit);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit");
    TCase *t = tcase_create("jacobian");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_jacobian_is_that_of_the_residuals);
    tcase_add_test(t, the_jacobian_without_shooting);
    suite_add_tcase(suite, t);
    t = tcase_create("recovery");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, exact_data_give_the_truth_back);
    suite_add_tcase(suite, t);
    return testing_main(suite);
}
