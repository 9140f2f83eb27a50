/* solver/rescaled.c: histories with and without a singularity, against closed forms. States are logarithms of stocks.
 */
#include "solver/rescaled.h"
#include "tests/testing.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- models ------------------------------------------------------------------------------------------------------ */

/* X' = a X^(1 + b), in x = ln X: x' = a e^(b x). b > 0 blows up at t0 + X0^-b/(a b); b < 0 runs out with a < 0. */
struct power {
    double a, b;
};

static int power_rhs(double t, const double *x, double *dx, void *context)
{
    (void)t;
    const struct power *p = context;
    dx[0] = p->a * exp(p->b * x[0]);
    return 0;
}

static int power_jacobian(double t, const double *x, const double *dx, double *jac, void *context)
{
    (void)t, (void)dx;
    const struct power *p = context;
    jac[0] = p->a * p->b * exp(p->b * x[0]);
    return 0;
}

static double power_date(const struct power *p, double t0, double x0)
{
    return t0 + exp(-p->b * x0) / (p->a * p->b);
}

/* e^(-b x) falls linearly to 0 at the date. */
static double power_exact(const struct power *p, double date, double t)
{
    return -log(p->a * p->b * (date - t)) / p->b;
}

static const double RTOL = 1e-10;

static struct rescaled_options default_options(void)
{
    return (struct rescaled_options){.rtol = RTOL, .atol_time = 1e-10, .rate_floor = 1e-3, .resolution = 1e-6};
}

static struct rescaled_run run;

static void integrate(const struct ode_problem *problem, const struct rescaled_options *options, double t0,
                      const double *x0, double t_end)
{
    struct error e = {0};
    ck_assert_msg(rescaled_integrate(problem, options, t0, x0, t_end, &run, &e) == STATUS_OK, "%s", e.message);
}

static double solution_at(double t, size_t n, size_t i)
{
    double z[16];
    ode_solution_eval(&run.solution, ode_solution_invert(&run.solution, n, t), z);
    return z[i];
}

/* --- singularities ----------------------------------------------------------------------------------------------- */

static const struct {
    struct power power;
    double level, t0;
} blow_ups[] = {
    {{1, 1}, 0.01, 1900},       /* the hyperbola: in 2000 */
    {{1, 1}, 1e-4, -10000},     /* after 10,000 years, in year 0 */
    {{0.02, 0.5}, 1, 0},        /* in year 100 */
    {{0.01, 3}, 1, 1950},       /* fast at the end */
    {{0.5, 0.05}, 1e-3, -2000}, /* slow: almost exponential */
    {{3e4, 1}, 1e-6, 2000},     /* in 33 years */
};

START_TEST(blow_up_is_dated)
{
    struct power p = blow_ups[_i].power;
    double x0 = log(blow_ups[_i].level), t0 = blow_ups[_i].t0, date = power_date(&p, t0, x0);
    struct ode_problem problem = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct rescaled_options options = default_options();
    options.rate_floor = 1 / (date - t0);
    for (int method = 0; method < 2; method++) {
        options.method = method ? ODE_ADAMS : ODE_BDF;
        integrate(&problem, &options, t0, &x0, t0 + 2 * (date - t0));
        ck_assert_int_eq(run.outcome, RESCALED_BLOW_UP);
        /* the remaining time is 1/(a b X^b): a relative error of X of 100 weights shifts the date by as much of the
         * span */
        double integration = 100 * RTOL * fmax(1, p.b) * (date - t0);
        ck_assert_msg(fabs(run.date - date) <= run.date_error + integration, "%.12g, expected %.12g, error %g",
                      run.date, date, run.date_error);
        ck_assert_double_le(run.date_error, 1e-3);
        ck_assert_double_gt(run.date_error, 0);
        ck_assert_double_eq(run.rate_floor, options.rate_floor);
        /* and on the way there, until a thousandth of the span before it */
        for (int k = 0; k < 1000; k++) {
            double t = t0 + k / 1000.0 * (date - t0),
                   weights = (solution_at(t, 1, 0) - power_exact(&p, date, t)) / RTOL;
            assert_close(weights, 0, 100 * (date - t0) / (date - t),
                         1); /* an error in t counts (date - t0)/(date - t) */
        }
        rescaled_run_clear(&run);
    }
}
END_TEST

START_TEST(date_of_a_blow_up_gets_better_with_the_tolerance)
{
    struct power p = {1, 1};
    double x0 = log(0.01), before = INFINITY;
    struct ode_problem problem = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct rescaled_options options = default_options();
    for (int digits = 4; digits <= 10; digits += 2) {
        options.rtol = options.atol_time = pow(10, -digits);
        integrate(&problem, &options, 1900, &x0, 2100);
        double error = fabs(run.date - 2000);
        ck_assert_double_le(error, 100 * options.rtol * 100 + run.date_error);
        ck_assert_double_lt(error, before);
        before = error;
        rescaled_run_clear(&run);
    }
}
END_TEST

/* The remaining time is extrapolated, not left out: a year before the end of a power law it is known to the floor of
 * the rates, (floor/rate)^2 of a year. */
START_TEST(date_is_better_than_the_resolution)
{
    struct power p = {1, 1};
    double x0 = log(0.01);
    struct ode_problem problem = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct rescaled_options options = default_options();
    options.resolution = 1;
    options.rate_floor = 0.01;
    integrate(&problem, &options, 1900, &x0, 2100);
    ck_assert_int_eq(run.outcome, RESCALED_BLOW_UP);
    ck_assert_double_le(fabs(run.date - 2000), 1e-3);
    ck_assert_double_le(run.date_error, 10);
    ck_assert_double_ge(run.date_error, fabs(run.date - 2000));
    rescaled_run_clear(&run);
}
END_TEST

/* Well before it, the run reaches its end; the state there is exact. */
START_TEST(end_before_the_blow_up_is_reached)
{
    struct power p = {1, 1};
    double x0 = log(0.01);
    struct ode_problem problem = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct rescaled_options options = default_options();
    static const double ends[] = {1900.5, 1950, 1999, 1999.999};
    for (size_t i = 0; i < COUNT(ends); i++) {
        integrate(&problem, &options, 1900, &x0, ends[i]);
        ck_assert_int_eq(run.outcome, RESCALED_REACHED);
        ck_assert_double_eq(run.date, ends[i]);
        ck_assert_double_eq(run.date_error, 0);
        double z[2], left = 2000 - ends[i];
        ode_solution_eval(&run.solution, INFINITY, z);
        assert_close(z[1], ends[i], 1e-12, 0);
        assert_close(z[0], -log(left), 100 * RTOL * 100 / left, 1);
        rescaled_run_clear(&run);
    }
}
END_TEST

/* R' = -r: empty at t0 + R0/r; beside it a stock that grows by 2 % a year whatever happens. */
static int depletion_rhs(double t, const double *x, double *dx, void *context)
{
    (void)t;
    dx[0] = 0.02;
    dx[1] = -*(const double *)context * exp(-x[1]);
    return 0;
}

static int depletion_jacobian(double t, const double *x, const double *dx, double *jac, void *context)
{
    (void)t, (void)dx;
    memset(jac, 0, 4 * sizeof *jac);
    jac[3] = *(const double *)context * exp(-x[1]);
    return 0;
}

START_TEST(stock_that_runs_out_is_told_apart)
{
    double use = 0.25, x0[] = {0, log(50)};
    struct ode_problem problem = {.n = 2, .rhs = depletion_rhs, .jacobian = depletion_jacobian, .context = &use};
    struct rescaled_options options = default_options();
    integrate(&problem, &options, 1800, x0, 2500);
    ck_assert_int_eq(run.outcome, RESCALED_EXHAUSTED);
    ck_assert_uint_eq(run.exhausted, 1);
    ck_assert_msg(fabs(run.date - 2000) <= run.date_error + 100 * RTOL * 200, "%.12g",
                  run.date); /* 50/0.25 = 200 years */
    ck_assert_double_le(run.date_error, 1e-3);
    assert_close(solution_at(1900, 2, 1), log(25), 1000 * RTOL, 1);
    assert_close(solution_at(1900, 2, 0), 2, 100 * RTOL, 1);
    rescaled_run_clear(&run);
    /* with more in stock it lasts */
    x0[1] = log(500);
    integrate(&problem, &options, 1800, x0, 2500);
    ck_assert_int_eq(run.outcome, RESCALED_REACHED);
    assert_close(solution_at(2500, 2, 1), log(500 - 0.25 * 700), 1000 * RTOL, 1);
    rescaled_run_clear(&run);
}
END_TEST

/* --- no singularity ---------------------------------------------------------------------------------------------- */

/* Growth at the rates of the context; 0: nothing ever happens. */
static int exponential_rhs(double t, const double *x, double *dx, void *context)
{
    (void)t, (void)x;
    memcpy(dx, context, 2 * sizeof *dx);
    return 0;
}

static int exponential_jacobian(double t, const double *x, const double *dx, double *jac, void *context)
{
    (void)t, (void)x, (void)dx, (void)context;
    memset(jac, 0, 4 * sizeof *jac);
    return 0;
}

START_TEST(exponentials_go_on_to_the_end)
{
    static double rates[][2] = {{0.02, -0.01}, {0, 0}, {-0.5, -0.5}, {1e-9, 3}, {5, 5}};
    double *rate = rates[_i], x0[] = {1, 2};
    struct ode_problem problem = {.n = 2, .rhs = exponential_rhs, .jacobian = exponential_jacobian, .context = rate};
    struct rescaled_options options = default_options();
    integrate(&problem, &options, -10000, x0, 2150);
    ck_assert_int_eq(run.outcome, RESCALED_REACHED);
    for (double t = -10000; t <= 2150; t += 50)
        for (size_t i = 0; i < 2; i++) {
            double expected = x0[i] + rate[i] * (t + 10000);
            assert_close(solution_at(t, 2, i), expected, 100 * RTOL, 1 + fabs(rate[i])); /* |x| weighs too: t's error */
        }
    rescaled_run_clear(&run);
}
END_TEST

/* x' = a (t - t1): rates that depend on time, as with an intervention. */
static int in_time_rhs(double t, const double *x, double *dx, void *context)
{
    (void)x, (void)context;
    dx[0] = 1e-3 * (t - 2000);
    return 0;
}

static int in_time_jacobian(double t, const double *x, const double *dx, double *jac, void *context)
{
    (void)t, (void)x, (void)dx, (void)context;
    jac[0] = 0;
    return 0;
}

START_TEST(rates_may_depend_on_time)
{
    struct ode_problem problem = {.n = 1, .rhs = in_time_rhs, .jacobian = in_time_jacobian};
    struct rescaled_options options = default_options();
    double x0 = 0.5e-3 * 10000; /* at 1900: zero at its least, in 2000 */
    integrate(&problem, &options, 1900, &x0, 2100);
    ck_assert_int_eq(run.outcome, RESCALED_REACHED);
    for (double t = 1900; t <= 2100; t += 1)
        assert_close(solution_at(t, 1, 0), 0.5e-3 * (t - 2000) * (t - 2000), 100 * RTOL, 1);
    ck_assert_int_eq(run.statistics.newton_failures, 0);
    ck_assert_int_lt(run.statistics.steps, 3000);
    rescaled_run_clear(&run);
}
END_TEST

/* Lotka and Volterra: H = e^x - x + e^y - y never changes, whatever the error of t. */
static int lotka_rhs(double t, const double *x, double *dx, void *context)
{
    (void)t, (void)context;
    dx[0] = 1 - exp(x[1]);
    dx[1] = exp(x[0]) - 1;
    return 0;
}

static int lotka_jacobian(double t, const double *x, const double *dx, double *jac, void *context)
{
    (void)t, (void)dx, (void)context;
    memcpy(jac, (const double[]){0, -exp(x[1]), exp(x[0]), 0}, 4 * sizeof *jac);
    return 0;
}

START_TEST(states_keep_their_own_tolerance)
{
    struct ode_problem problem = {.n = 2, .rhs = lotka_rhs, .jacobian = lotka_jacobian};
    struct rescaled_options options = default_options();
    double x0[] = {0.5, 0}, h0 = exp(0.5) - 0.5 + 1;
    options.atol_time = 1; /* of no help */
    integrate(&problem, &options, 0, x0, 2 * M_PI);
    for (size_t k = 0; k < run.solution.pieces; k++) {
        double z[3];
        ode_solution_eval(&run.solution, run.solution.knot[k], z);
        double slope = hypot(exp(z[0]) - 1, exp(z[1]) - 1); /* of H */
        assert_close(exp(z[0]) - z[0] + exp(z[1]) - z[1], h0, 100 * RTOL * slope, 1);
    }
    rescaled_run_clear(&run);
}
END_TEST

/* A fast stock that follows a slow one and a moving target: x0' = e^(x0), x1' = -L (x1 - x0 - t/10). The Jacobian in
 * rescaled time is what makes large steps possible. */
static const double FAST = 1e5;

static int follower_rhs(double t, const double *x, double *dx, void *context)
{
    (void)context;
    dx[0] = exp(x[0]);
    dx[1] = -FAST * (x[1] - x[0] - t / 10);
    return 0;
}

static int follower_jacobian(double t, const double *x, const double *dx, double *jac, void *context)
{
    (void)t, (void)dx, (void)context;
    memcpy(jac, (const double[]){exp(x[0]), 0, FAST, -FAST}, 4 * sizeof *jac);
    return 0;
}

START_TEST(fast_stocks_take_few_steps)
{
    struct ode_problem problem = {.n = 2, .rhs = follower_rhs, .jacobian = follower_jacobian};
    struct rescaled_options options = default_options();
    double x0[] = {log(0.01), log(0.01)};
    options.rtol = 1e-7;
    options.max_steps = 5000;
    integrate(&problem, &options, 0, x0, 99);
    ck_assert_int_eq(run.outcome, RESCALED_REACHED);
    for (double t = 1; t < 99; t++) { /* it follows at a distance of (x0' + 1/10)/L */
        assert_close(solution_at(t, 2, 0), -log(100 - t), 1e-5, 1);
        assert_close(solution_at(t, 2, 1), -log(100 - t) + t / 10 - (1 / (100 - t) + 0.1) / FAST, 1e-5, 1);
    }
    ck_assert_int_eq(run.statistics.newton_failures, 0);
    rescaled_run_clear(&run);
}
END_TEST

/* --- events ------------------------------------------------------------------------------------------------------ */

/* Dates and levels of the hyperbola in 2000: x = -ln(2000 - t). */
static int hyperbola_events(double t, const double *x, double *g, void *context)
{
    (void)context;
    g[0] = t - 1950.5;
    g[1] = x[0] + log(10); /* 10 years before */
    g[2] = 1990 - t;       /* the same place, falling */
    g[3] = x[0] - log(1e3);
    return 0;
}

START_TEST(events_are_dated_in_order)
{
    struct power p = {1, 1};
    double x0 = log(0.01);
    struct ode_problem problem = {.n = 1,
                                  .rhs = power_rhs,
                                  .jacobian = power_jacobian,
                                  .n_events = 4,
                                  .events = hyperbola_events,
                                  .direction = _i ? (const int[]){0, 1, 1, -1} : NULL,
                                  .context = &p};
    struct rescaled_options options = default_options();
    integrate(&problem, &options, 1900, &x0, 2100);
    ck_assert_int_eq(run.outcome, RESCALED_BLOW_UP);
    static const struct {
        double t;
        int direction;
        bool asked; /* stays with the directions of the second round */
    } expected[] = {{1950.5, 1, true}, {1990, 1, true}, {1990, -1, false}, {1999.999, 1, false}};
    size_t found[4] = {0};
    for (size_t k = 0; k < run.n_events; k++) {
        const struct rescaled_event *event = &run.events[k];
        ck_assert_uint_lt(event->id, 4);
        ck_assert_double_le(fabs(event->t - expected[event->id].t), 1e-6);
        ck_assert_int_eq(event->direction, expected[event->id].direction);
        assert_close(event->x[0], -log(2000 - event->t), 1e-4, 1);
        assert_close(solution_at(event->t, 1, 0), event->x[0], 1e-6, 1);
        ck_assert(k == 0 || (event->tau >= run.events[k - 1].tau && event->t >= run.events[k - 1].t));
        found[event->id]++;
    }
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(found[i], !_i || expected[i].asked ? 1 : 0);
    rescaled_run_clear(&run);
}
END_TEST

/* 60 events in a run that oscillates: x = sin(t)/2. */
static int wave_rhs(double t, const double *x, double *dx, void *context)
{
    (void)x, (void)context;
    dx[0] = cos(t) / 2;
    return 0;
}

static int wave_events(double t, const double *x, double *g, void *context)
{
    (void)t, (void)context;
    g[0] = x[0];
    return 0;
}

START_TEST(many_events_are_kept)
{
    struct ode_problem problem = {
        .n = 1, .rhs = wave_rhs, .jacobian = in_time_jacobian, .n_events = 1, .events = wave_events};
    struct rescaled_options options = default_options();
    double x0 = sin(0.5) / 2;
    integrate(&problem, &options, 0.5, &x0, 60.5 * M_PI);
    ck_assert_int_eq(run.outcome, RESCALED_REACHED);
    ck_assert_uint_eq(run.n_events, 60);
    for (size_t k = 0; k < 60; k++) {
        ck_assert_double_le(fabs(run.events[k].t - M_PI * (double)(k + 1)), 1e-6);
        ck_assert_int_eq(run.events[k].direction, k % 2 ? 1 : -1);
    }
    rescaled_run_clear(&run);
}
END_TEST

/* --- failures ---------------------------------------------------------------------------------------------------- */

static bool always(void *context)
{
    (void)context;
    return true;
}

static int fatal_after_1950(double t, const double *x, double *dx, void *context)
{
    power_rhs(t, x, dx, context);
    return t > 1950 ? -1 : 0;
}

static int refuse_after_1950(double t, const double *x, double *dx, void *context)
{
    power_rhs(t, x, dx, context);
    return t > 1950 ? 1 : 0;
}

/* What was integrated stays, and is right. */
static void assert_partial(double latest)
{
    double z[2];
    ck_assert_uint_gt(run.solution.pieces, 0);
    ode_solution_eval(&run.solution, INFINITY, z);
    ck_assert_double_gt(z[1], 1900);
    ck_assert_double_le(z[1], latest);
    assert_close(z[0], -log(2000 - z[1]), 1e-7, 1);
    rescaled_run_clear(&run);
}

START_TEST(failures_leave_what_was_integrated)
{
    struct power p = {1, 1};
    double x0 = log(0.01);
    struct error e;
    struct ode_problem problem = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct rescaled_options options = default_options();
    options.max_steps = 30;
    ck_assert_int_eq(rescaled_integrate(&problem, &options, 1900, &x0, 2100, &run, &e), STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "30 steps") != NULL, "%s", e.message);
    ck_assert_int_eq(run.statistics.steps, 30);
    assert_partial(2000);
    options = default_options();
    problem.rhs = fatal_after_1950;
    ck_assert_int_eq(rescaled_integrate(&problem, &options, 1900, &x0, 2100, &run, &e), STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "19") != NULL, "%s", e.message); /* the year, not the rescaled time */
    assert_partial(1950);
    problem.rhs = refuse_after_1950;
    ck_assert_int_eq(rescaled_integrate(&problem, &options, 1900, &x0, 2100, &run, &e), STATUS_FAILED);
    assert_partial(1950);
}
END_TEST

START_TEST(stop_is_an_interruption)
{
    struct power p = {1, 1};
    double x0 = log(0.01);
    struct error e;
    struct reporter reporter = {.stop_requested = always};
    struct ode_problem problem = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct rescaled_options options = default_options();
    options.reporter = &reporter;
    ck_assert_int_eq(rescaled_integrate(&problem, &options, 1900, &x0, 2100, &run, &e), STATUS_INTERRUPTED);
    rescaled_run_clear(&run);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    struct power p = {1, 1};
    double x0[16] = {0};
    const struct ode_problem good = {.n = 1, .rhs = power_rhs, .jacobian = power_jacobian, .context = &p};
    struct ode_problem problems[5] = {good, good, good, good, good};
    struct rescaled_options options[5];
    double ends[] = {2100, 2100, 2100, 1900, NAN};
    for (size_t i = 0; i < 5; i++)
        options[i] = default_options();
    problems[0].n = 16;
    problems[1].jacobian = NULL;
    options[2].rate_floor = 0;
    for (size_t i = 0; i < 5; i++) {
        struct error e = {0};
        ck_assert_int_eq(rescaled_integrate(&problems[i], &options[i], 1900, x0, ends[i], &run, &e), STATUS_FAILED);
        ck_assert_ptr_nonnull(strstr(e.message, "bad arguments"));
        rescaled_run_clear(&run);
        rescaled_run_clear(&run);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rescaled");
    TCase *singular = tcase_create("singularities");
    tcase_add_loop_test(singular, blow_up_is_dated, 0, COUNT(blow_ups));
    tcase_add_test(singular, date_of_a_blow_up_gets_better_with_the_tolerance);
    tcase_add_test(singular, date_is_better_than_the_resolution);
    tcase_add_test(singular, end_before_the_blow_up_is_reached);
    tcase_add_test(singular, stock_that_runs_out_is_told_apart);
    suite_add_tcase(suite, singular);
    TCase *regular = tcase_create("no singularity");
    tcase_add_loop_test(regular, exponentials_go_on_to_the_end, 0, 5);
    tcase_add_test(regular, rates_may_depend_on_time);
    tcase_add_test(regular, states_keep_their_own_tolerance);
    tcase_add_test(regular, fast_stocks_take_few_steps);
    suite_add_tcase(suite, regular);
    TCase *events = tcase_create("events");
    tcase_add_loop_test(events, events_are_dated_in_order, 0, 2);
    tcase_add_test(events, many_events_are_kept);
    suite_add_tcase(suite, events);
    TCase *failures = tcase_create("failures");
    tcase_add_test(failures, failures_leave_what_was_integrated);
    tcase_add_test(failures, stop_is_an_interruption);
    tcase_add_test(failures, bad_arguments_are_refused);
    suite_add_tcase(suite, failures);
    return testing_main(suite);
}
