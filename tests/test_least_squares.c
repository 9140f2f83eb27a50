/* solver/least_squares against certified values, and against what it promises about bounds, failed trials and rank. */
#include "solver/least_squares.h"
#include "tests/testing.h"

#include <math.h>
#include <string.h>

/* --- Misra1a, NIST Statistical Reference Datasets (1979): y = b1 (1 - exp(-b2 x)) -----------------------------------
 */

enum { MISRA = 14 };
static const double misra_y[MISRA] = {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02,
                                      44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};
static const double misra_x[MISRA] = {77.6,  114.9, 141.1, 190.8, 239.9, 289.0, 332.8,
                                      378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};

static int misra_residuals(const double *z, double *r, void *context)
{
    (void)context;
    for (int i = 0; i < MISRA; i++)
        r[i] = z[0] * (1 - exp(-z[1] * misra_x[i])) - misra_y[i];
    return 0;
}

static int misra_jacobian(const double *z, double *jac, void *context)
{
    (void)context;
    for (int i = 0; i < MISRA; i++) {
        jac[2 * i] = 1 - exp(-z[1] * misra_x[i]);
        jac[2 * i + 1] = z[0] * misra_x[i] * exp(-z[1] * misra_x[i]);
    }
    return 0;
}

static const double misra_starts[2][2] = {{500, 1e-4}, {250, 5e-4}};

START_TEST(certified_values)
{
    struct least_squares_problem problem = {MISRA, 2, NULL, NULL, misra_residuals, _i < 2 ? misra_jacobian : NULL,
                                            NULL};
    struct least_squares_options options = {.xtol = 1e-12, .ftol = 1e-15};
    struct least_squares_result r;
    struct least_squares_errors errors;
    struct error e = {0};
    ck_assert_msg(least_squares_solve(&problem, &options, misra_starts[_i % 2], &r, &e) == STATUS_OK, "%s", e.message);
    double tolerance = _i < 2 ? 1e-8 : 1e-6;
    assert_close(r.z[0], 2.3894212918e+02, tolerance, 0);
    assert_close(r.z[1], 5.5015643181e-04, tolerance, 0);
    assert_close(r.cost, 1.2455138894e-01, 1e-8, 0);
    ck_assert_int_eq(least_squares_errors(MISRA, 2, r.jac, NULL, NULL, 1e-12, &errors, &e), STATUS_OK);
    double sigma = sqrt(r.cost / (MISRA - 2));
    ck_assert_uint_eq(errors.rank, 2);
    assert_close(sigma * errors.standard[0], 2.7070075241, _i < 2 ? 1e-6 : 1e-4, 0);
    assert_close(sigma * errors.standard[1], 7.2668688436e-06, _i < 2 ? 1e-6 : 1e-4, 0);
    assert_close(errors.correlation[1], -0.99879, 1e-3, 0); /* strong: b1 and b2 trade */
    least_squares_errors_clear(&errors);
    least_squares_result_clear(&r);
}
END_TEST

/* --- bounds ---------------------------------------------------------------------------------------------------------
 */

START_TEST(a_bound_holds_and_says_so)
{
    const double low[2] = {0, 5.7e-4}, high[2] = {1000, 1}, z0[2] = {250, 0.01};
    struct least_squares_problem problem = {MISRA, 2, low, high, misra_residuals, misra_jacobian, NULL};
    struct least_squares_options options = {.xtol = 1e-10, .ftol = 1e-13};
    struct least_squares_result r;
    struct error e = {0};
    ck_assert_msg(least_squares_solve(&problem, &options, z0, &r, &e) == STATUS_OK, "%s", e.message);
    assert_close(r.z[1], 5.7e-4, 1e-3, 0);
    ck_assert(r.at_bound[1]);
    ck_assert(!r.at_bound[0]);
    /* with b2 there the rest is linear: b1 = sum(y g)/sum(g g), g = 1 - exp(-b2 x) */
    double yg = 0, gg = 0;
    for (int i = 0; i < MISRA; i++) {
        double g = 1 - exp(-r.z[1] * misra_x[i]);
        yg += misra_y[i] * g;
        gg += g * g;
    }
    assert_close(r.z[0], yg / gg, 1e-6, 0);
    least_squares_result_clear(&r);
}
END_TEST

/* --- trials that fail -----------------------------------------------------------------------------------------------
 */

/* Every third call finds no residuals, and so does a negative b1. */
static int unreliable_residuals(const double *z, double *r, void *context)
{
    int *calls = context;
    return ++*calls % 3 == 0 || z[0] < 0 ? 1 : misra_residuals(z, r, NULL);
}

START_TEST(failed_trials_are_turned_down_and_counted)
{
    int calls = 0;
    struct least_squares_problem problem = {MISRA, 2, NULL, NULL, unreliable_residuals, misra_jacobian, &calls};
    struct least_squares_options options = {.xtol = 1e-12, .ftol = 1e-15};
    struct least_squares_result r;
    struct error e = {0};
    ck_assert_msg(least_squares_solve(&problem, &options, (double[]){500, 1e-4}, &r, &e) == STATUS_OK, "%s", e.message);
    ck_assert_uint_eq(r.failures, (size_t)calls / 3);
    ck_assert_uint_gt(r.failures, 0);
    assert_close(r.z[0], 2.3894212918e+02, 1e-8, 0);
    assert_close(r.cost, 1.2455138894e-01, 1e-8, 0);
    least_squares_result_clear(&r);
    ck_assert_int_eq(least_squares_solve(&problem, &options, (double[]){-1, 1}, &r, &e), STATUS_FAILED);
    least_squares_result_clear(&r);
}
END_TEST

static bool stop_at_once(void *context)
{
    return ++*(int *)context > 3;
}

START_TEST(a_stop_is_obeyed)
{
    int asked = 0;
    struct reporter reporter = {.stop_requested = stop_at_once, .context = &asked};
    struct least_squares_problem problem = {MISRA, 2, NULL, NULL, misra_residuals, misra_jacobian, NULL};
    struct least_squares_options options = {.reporter = &reporter};
    struct least_squares_result r;
    struct error e = {0};
    ck_assert_int_eq(least_squares_solve(&problem, &options, misra_starts[0], &r, &e), STATUS_INTERRUPTED);
    ck_assert(isfinite(r.cost)); /* the best so far */
    least_squares_result_clear(&r);
}
END_TEST

/* Ctrl-C mostly comes while the residuals or the Jacobian are being computed: these give up, and a stop is wanted. */
struct pressed {
    int calls, last; /* the callback that is interrupted */
    bool pressed;
};

static bool is_pressed(void *context)
{
    return ((struct pressed *)context)->pressed;
}

static int pressed_residuals(const double *z, double *r, void *context)
{
    struct pressed *p = context;
    p->pressed = ++p->calls == p->last;
    return p->pressed ? -1 : misra_residuals(z, r, NULL);
}

static int pressed_jacobian(const double *z, double *jac, void *context)
{
    struct pressed *p = context;
    p->pressed = ++p->calls == p->last;
    return p->pressed ? -1 : misra_jacobian(z, jac, NULL);
}

START_TEST(a_stop_inside_a_callback_is_obeyed)
{
    struct pressed p = {.last = _i};
    struct reporter reporter = {.stop_requested = is_pressed, .context = &p};
    struct least_squares_problem problem = {MISRA, 2, NULL, NULL, pressed_residuals, pressed_jacobian, &p};
    struct least_squares_options options = {.reporter = &reporter};
    struct least_squares_result r;
    struct error e = {0};
    ck_assert_int_eq(least_squares_solve(&problem, &options, misra_starts[0], &r, &e), STATUS_INTERRUPTED);
    ck_assert_int_eq(p.calls, _i);
    least_squares_result_clear(&r);
}
END_TEST

/* --- rank -----------------------------------------------------------------------------------------------------------
 */

/* Columns a, b, a + b, and one by itself: three directions are known, none of the first three parameters is. */
START_TEST(what_is_not_identified_is_named)
{
    enum { ROWS = 6, K = 4 };
    double jac[ROWS * K];
    for (int i = 0; i < ROWS; i++) {
        double a = 1 + i, b = i * i - 3, c = i % 2 ? 2 : -2;
        double row[K] = {a, b, a + b, c};
        memcpy(jac + i * K, row, sizeof row);
    }
    struct least_squares_errors r;
    struct error e = {0};
    ck_assert_int_eq(least_squares_errors(ROWS, K, jac, NULL, NULL, 1e-10, &r, &e), STATUS_OK);
    ck_assert_uint_eq(r.rank, 3);
    for (int j = 0; j < 3; j++)
        ck_assert(isinf(r.standard[j]));
    ck_assert(isfinite(r.standard[3]));
    ck_assert_double_lt(r.unidentified[3], 1e-12);
    least_squares_errors_clear(&r);
    /* held: the rest is known */
    ck_assert_int_eq(least_squares_errors(ROWS, K, jac, NULL, (bool[]){false, false, true, false}, 1e-10, &r, &e),
                     STATUS_OK);
    ck_assert(isfinite(r.standard[0]) && isfinite(r.standard[1]) && r.standard[2] == 0);
    least_squares_errors_clear(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("least squares");
    TCase *t = tcase_create("all");
    tcase_add_loop_test(t, certified_values, 0, 4);
    tcase_add_test(t, a_bound_holds_and_says_so);
    tcase_add_test(t, failed_trials_are_turned_down_and_counted);
    tcase_add_test(t, a_stop_is_obeyed);
    tcase_add_loop_test(t, a_stop_inside_a_callback_is_obeyed, 1, 7);
    tcase_add_test(t, what_is_not_identified_is_named);
    suite_add_tcase(suite, t);
    return testing_main(suite);
}
