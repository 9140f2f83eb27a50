/* solver/solution.c: stored solutions against closed forms */
#include "solver/solution.h"
#include "tests/testing.h"

#include <math.h>
#include <string.h>

static const double TOLERANCE = 1e-9;

/* x0: logistic growth from 0.1, rising; x1: an oscillation. */
static int rates(double s, const double *x, double *dx, void *context)
{
    (void)context;
    dx[0] = x[0] * (1 - x[0]);
    dx[1] = cos(s);
    return 0;
}

static void exact(double s, double *x)
{
    x[0] = 1 / (1 + 9 * exp(-s));
    x[1] = sin(s);
}

static double inverse_logistic(double v)
{
    return log(9 * v / (1 - v));
}

static int halves(double s, const double *x, double *g, void *context)
{
    (void)s, (void)context;
    g[0] = x[0] - 0.5;
    g[1] = x[1] - 0.25;
    return 0;
}

enum { FROM = -2, TO = 8 };

/* Integrate from FROM to TO and store it; returns the number of events met. */
static size_t solve(struct ode_solution *sol, bool events, double max_step)
{
    const double atol[] = {TOLERANCE, TOLERANCE};
    struct ode_problem problem = {.n = 2, .rhs = rates, .n_events = events ? 2 : 0, .events = halves};
    struct ode_options options = {.method = ODE_ADAMS, .rtol = TOLERANCE, .atol = atol, .max_step = max_step};
    struct error e = {0};
    struct ode *o;
    double x0[2];
    size_t n = 0;
    exact(FROM, x0);
    ck_assert_int_eq(ode_new(&o, &problem, &options, FROM, x0, &e), STATUS_OK);
    ode_solution_init(sol, 2);
    ck_assert_int_eq(ode_solution_append(sol, o, &e), STATUS_OK); /* before any step: nothing to append */
    ck_assert_uint_eq(sol->pieces, 0);
    while (ode_position(o) < TO) {
        bool at_event;
        ck_assert_msg(ode_step(o, TO, &at_event, &e) == STATUS_OK, "%s", e.message);
        ck_assert_msg(ode_solution_append(sol, o, &e) == STATUS_OK, "%s", e.message);
        double x[2];
        ode_solution_eval(sol, ode_position(o), x); /* the newest point, exactly */
        ck_assert_int_eq(memcmp(x, ode_state(o), sizeof x), 0);
        n += at_event;
    }
    ode_free(o);
    return n;
}

static void assert_within_weights(const struct ode_solution *sol, double s)
{
    double x[2], expected[2];
    ode_solution_eval(sol, s, x);
    exact(s, expected);
    for (size_t i = 0; i < 2; i++)
        assert_close((x[i] - expected[i]) / (TOLERANCE * fabs(expected[i]) + TOLERANCE), 0, 100, 1); /* in weights */
}

START_TEST(solution_is_good_everywhere)
{
    struct ode_solution sol;
    uint64_t state = testing_seed();
    solve(&sol, _i == 1, 0);
    ck_assert_double_eq(sol.knot[0], FROM);
    ck_assert_double_eq(sol.knot[sol.pieces], TO);
    for (size_t k = 0; k < sol.pieces; k++)
        ck_assert_double_lt(sol.knot[k], sol.knot[k + 1]);
    for (int k = 0; k < 2000; k++)
        assert_within_weights(&sol, FROM + (TO - FROM) * ((double)(testing_random(&state) >> 11) * 0x1p-53));
    ode_solution_clear(&sol);
}
END_TEST

START_TEST(pieces_join_within_the_tolerance)
{
    struct ode_solution sol;
    solve(&sol, true, 0);
    for (size_t k = 0; k <= sol.pieces; k++) {
        double before[2], after[2];
        ode_solution_eval(&sol, nextafter(sol.knot[k], -INFINITY), before);
        ode_solution_eval(&sol, nextafter(sol.knot[k], INFINITY), after);
        for (size_t i = 0; i < 2; i++)
            assert_close(before[i], after[i], 100 * TOLERANCE, 1);
    }
    ode_solution_clear(&sol);
}
END_TEST

/* Events cut steps in two; both parts are kept: x0 = 0.5 once, x1 = 0.25 rising and falling in [-2, 8] at asin(0.25),
 * pi - asin(0.25), 2 pi + asin(0.25). */
START_TEST(steps_cut_by_events_leave_no_gap)
{
    struct ode_solution plain, cut;
    size_t without = solve(&plain, false, 0), with = solve(&cut, true, 0);
    const double dates[] = {inverse_logistic(0.5), asin(0.25), M_PI - asin(0.25), 2 * M_PI + asin(0.25)};
    ck_assert_uint_eq(without, 0);
    ck_assert_uint_eq(with, 4);
    for (size_t i = 0; i < 4; i++) {
        size_t k = 0;
        while (k <= cut.pieces && fabs(cut.knot[k] - dates[i]) > 1e-7)
            k++;
        ck_assert_msg(k <= cut.pieces, "no knot at %g", dates[i]);
    }
    ode_solution_clear(&plain);
    ode_solution_clear(&cut);
}
END_TEST

START_TEST(outside_is_the_nearest_end)
{
    struct ode_solution sol;
    double x[2], end[2];
    solve(&sol, false, 0);
    ode_solution_eval(&sol, FROM, end);
    ode_solution_eval(&sol, FROM - 100, x);
    ck_assert_int_eq(memcmp(x, end, sizeof x), 0);
    ode_solution_eval(&sol, TO, end);
    ode_solution_eval(&sol, INFINITY, x);
    ck_assert_int_eq(memcmp(x, end, sizeof x), 0);
    assert_within_weights(&sol, TO);
    assert_within_weights(&sol, FROM);
    ode_solution_clear(&sol);
}
END_TEST

START_TEST(rising_component_is_inverted)
{
    struct ode_solution sol;
    double x[2], first[2], last[2];
    solve(&sol, true, 0);
    exact(FROM, first);
    exact(TO, last);
    for (int k = 1; k < 1000; k++) {
        double v = first[0] + k / 1000.0 * (last[0] - first[0]), s = ode_solution_invert(&sol, 0, v);
        ode_solution_eval(&sol, s, x);
        assert_close(x[0], v, 1e-14, 1); /* it inverts the stored solution ... */
        assert_close(s, inverse_logistic(v), 100 * TOLERANCE / (v * (1 - v)),
                     1); /* ... and so, nearly, the exact one */
    }
    for (size_t k = 0; k <= sol.pieces; k++) {
        ode_solution_eval(&sol, sol.knot[k], x);
        assert_close(ode_solution_invert(&sol, 0, x[0]), sol.knot[k], 1e-6, 1);
    }
    ck_assert_double_eq(ode_solution_invert(&sol, 0, -5), FROM);
    ck_assert_double_eq(ode_solution_invert(&sol, 0, 5), TO);
    ode_solution_clear(&sol);
}
END_TEST

/* More pieces and coefficients than are reserved at first. */
START_TEST(long_solutions_are_kept_whole)
{
    struct ode_solution sol;
    solve(&sol, false, 0.001);
    ck_assert_uint_ge(sol.pieces, 10000);
    for (int k = 0; k <= 10000; k++)
        assert_within_weights(&sol, FROM + k * (TO - FROM) / 10000.0);
    ode_solution_clear(&sol);
    ck_assert_uint_eq(sol.pieces, 0);
    ck_assert_uint_eq(sol.n, 2);
    ode_solution_clear(&sol);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("solution");
    TCase *stored = tcase_create("stored solution");
    tcase_add_loop_test(stored, solution_is_good_everywhere, 0, 2);
    tcase_add_test(stored, pieces_join_within_the_tolerance);
    tcase_add_test(stored, steps_cut_by_events_leave_no_gap);
    tcase_add_test(stored, outside_is_the_nearest_end);
    tcase_add_test(stored, rising_component_is_inverted);
    tcase_add_test(stored, long_solutions_are_kept_whole);
    suite_add_tcase(suite, stored);
    return testing_main(suite);
}
