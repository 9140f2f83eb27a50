/* solver/ode.c against closed forms */
#include "solver/ode.h"
#include "tests/testing.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { MAX_N = 3 };

/* --- problems with a closed form --------------------------------------------------------------------------------- */

static int decay(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = -x[0];
    return 0;
}

static int decay_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)x, (void)dx, (void)context;
    jac[0] = -1;
    return 0;
}

static void decay_exact(double s, double *x)
{
    x[0] = exp(-s);
}

static int logistic(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = x[0] * (1 - x[0]);
    return 0;
}

static int logistic_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)dx, (void)context;
    jac[0] = 1 - 2 * x[0];
    return 0;
}

static void logistic_exact(double s, double *x)
{
    x[0] = 1 / (1 + 9 * exp(-s)); /* from 0.1 */
}

static int oscillator(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = x[1];
    dx[1] = -x[0];
    return 0;
}

static int oscillator_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)x, (void)dx, (void)context;
    memcpy(jac, (const double[]){0, 1, -1, 0}, 4 * sizeof *jac);
    return 0;
}

static void oscillator_exact(double s, double *x)
{
    x[0] = cos(s);
    x[1] = -sin(s);
}

/* Prothero and Robinson (1974), with a second component that follows the first; stiffness 1e6. */
static int stiff(double s, const double *x, double *dx, void *context)
{
    (void)context;
    dx[0] = -1e6 * (x[0] - cos(s)) - sin(s);
    dx[1] = -1e3 * (x[1] - x[0]) - sin(s);
    return 0;
}

static int stiff_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)x, (void)dx, (void)context;
    memcpy(jac, (const double[]){-1e6, 0, 1e3, -1e3}, 4 * sizeof *jac);
    return 0;
}

static void stiff_exact(double s, double *x)
{
    x[0] = x[1] = cos(s);
}

static const struct closed_form {
    const char *name;
    size_t n;
    ode_rhs *rhs;
    ode_jacobian *jacobian;
    void (*exact)(double s, double *x);
    double end;
    bool stiff;
} closed_forms[] = {
    {"decay", 1, decay, decay_jacobian, decay_exact, 10, false},
    {"logistic", 1, logistic, logistic_jacobian, logistic_exact, 12, false},
    {"oscillator", 2, oscillator, oscillator_jacobian, oscillator_exact, 2 * M_PI, false},
    {"stiff", 2, stiff, stiff_jacobian, stiff_exact, 10, true},
};

static struct ode *new_ode(const struct ode_problem *problem, enum ode_method method, double rtol, double atol,
                           const double *x0)
{
    const double weights[MAX_N] = {atol, atol, atol};
    struct ode_options options = {.method = method, .rtol = rtol, .atol = weights};
    struct ode *o = NULL;
    struct error e = {0};
    ck_assert_msg(ode_new(&o, problem, &options, 0, x0, &e) == STATUS_OK, "%s", e.message);
    return o;
}

static struct ode *new_closed_form(const struct closed_form *c, enum ode_method method, double tolerance,
                                   bool exact_jacobian)
{
    double x0[MAX_N];
    struct ode_problem problem = {.n = c->n, .rhs = c->rhs, .jacobian = exact_jacobian ? c->jacobian : NULL};
    c->exact(0, x0);
    return new_ode(&problem, method, tolerance, tolerance, x0);
}

static void step(struct ode *o, double end, bool *at_event)
{
    struct error e = {0};
    ck_assert_msg(ode_step(o, end, at_event, &e) == STATUS_OK, "%s", e.message);
}

/* The largest error of the dense output at some points of every step, in error weights. */
static double integrate_and_compare(const struct closed_form *c, enum ode_method method, double tolerance,
                                    bool exact_jacobian, struct ode_statistics *statistics)
{
    struct ode *o = new_closed_form(c, method, tolerance, exact_jacobian);
    double worst = 0;
    while (ode_position(o) < c->end) {
        bool at_event;
        double begin = ode_position(o);
        step(o, c->end, &at_event);
        ck_assert(!at_event);
        ck_assert_double_eq(ode_step_start(o), begin);
        ck_assert_double_eq(ode_step_end(o), ode_position(o));
        for (int k = 0; k <= 4; k++) {
            double s = begin + k / 4.0 * (ode_position(o) - begin), x[MAX_N], exact[MAX_N];
            ck_assert_int_eq(ode_interpolate(o, s, 0, x, NULL), STATUS_OK);
            c->exact(s, exact);
            for (size_t i = 0; i < c->n; i++)
                worst = fmax(worst, fabs(x[i] - exact[i]) / (tolerance * fabs(exact[i]) + tolerance));
        }
    }
    ck_assert_double_eq(ode_position(o), c->end); /* never past it */
    ode_get_statistics(o, statistics);
    ode_free(o);
    return worst;
}

/* The oscillator runs one period: it damps nothing, so that errors add up with the number of steps.
 * Each problem, each method, each tolerance: the dense output too is within 100 weights of the exact solution, and its
 * absolute error falls with the tolerance. */
START_TEST(dense_output_is_as_good_as_asked)
{
    const struct closed_form *c = &closed_forms[_i / 2];
    enum ode_method method = _i % 2 ? ODE_ADAMS : ODE_BDF;
    double before = INFINITY;
    if (c->stiff && method == ODE_ADAMS)
        return; /* that would be 1e7 steps */
    for (int digits = 3; digits <= 11; digits += 2) {
        struct ode_statistics statistics;
        double tolerance = pow(10, -digits);
        double weights = integrate_and_compare(c, method, tolerance, true, &statistics);
        ck_assert_msg(weights <= 100, "%s, method %d, tolerance %g: off by %g weights", c->name, method, tolerance,
                      weights);
        ck_assert_msg(weights * tolerance < 0.5 * before, "%s, method %d: error %g at tolerance %g, %g before", c->name,
                      method, weights * tolerance, tolerance, before);
        before = weights * tolerance;
        ck_assert_int_gt(statistics.steps, 0);
        ck_assert_int_gt(statistics.rhs_calls, statistics.steps);
        ck_assert_double_gt(statistics.seconds, 0);
        ck_assert_int_eq(statistics.event_calls, 0);
    }
}
END_TEST

/* Derivatives of the dense output: x' and x'' of the oscillator. */
START_TEST(dense_output_has_derivatives)
{
    struct ode *o = new_closed_form(&closed_forms[2], ODE_BDF, 1e-10, true);
    bool at_event;
    while (ode_position(o) < 5)
        step(o, 5, &at_event);
    double x[2], exact[2], s = 0.5 * (ode_step_start(o) + ode_step_end(o));
    oscillator_exact(s, exact);
    ck_assert_int_ge(ode_order(o), 3);
    ck_assert_int_eq(ode_interpolate(o, s, 1, x, NULL), STATUS_OK);
    assert_close(x[0], exact[1], 1e-6, 1);
    assert_close(x[1], -exact[0], 1e-6, 1);
    ck_assert_int_eq(ode_interpolate(o, s, 2, x, NULL), STATUS_OK);
    assert_close(x[0], -exact[0], 1e-4, 1);
    assert_close(x[1], -exact[1], 1e-4, 1);
    struct error e;
    ck_assert_int_eq(ode_interpolate(o, s, ode_order(o) + 1, x, &e), STATUS_FAILED);
    ck_assert_int_eq(ode_interpolate(o, ode_step_end(o) + 1, 0, x, &e), STATUS_FAILED);
    ck_assert_str_ne(e.message, "");
    ode_free(o);
}
END_TEST

START_TEST(stiff_problems_take_few_steps)
{
    struct ode_statistics exact, differences;
    double with = integrate_and_compare(&closed_forms[3], ODE_BDF, 1e-6, true, &exact);
    double without = integrate_and_compare(&closed_forms[3], ODE_BDF, 1e-6, false, &differences);
    ck_assert_double_le(with, 100);
    ck_assert_double_le(without, 100);
    ck_assert_int_lt(exact.steps, 1000); /* an explicit method needs 5e6 */
    ck_assert_int_eq(exact.newton_failures, 0);
    ck_assert_int_gt(exact.jacobian_calls, 0);
    assert_close((double)exact.steps, (double)differences.steps, 0.2, 0);
    /* differences call the right-hand side n times a Jacobian */
    ck_assert_int_ge(differences.rhs_calls, exact.rhs_calls);
}
END_TEST

/* --- Robertson --------------------------------------------------------------------------------------------------- */

static int robertson(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = -0.04 * x[0] + 1e4 * x[1] * x[2];
    dx[2] = 3e7 * x[1] * x[1];
    dx[1] = -dx[0] - dx[2];
    return 0;
}

static int robertson_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)dx, (void)context;
    const double rows[9] = {-0.04,       1e4 * x[2], 1e4 * x[1], 0.04, -1e4 * x[2] - 6e7 * x[1],
                            -1e4 * x[1], 0,          6e7 * x[1], 0};
    memcpy(jac, rows, sizeof rows);
    return 0;
}

/* Reference: Mazzia and Magherini, "Test Set for Initial Value Problem Solvers" (Bari, 2008), problem ROBER, at 1e11.
 */
START_TEST(robertson_ends_at_the_reference)
{
    static const double reference[3] = {0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050};
    static const double weights[3] = {1e-16, 1e-21, 1e-10}; /* well below the values */
    struct ode_problem problem = {.n = 3, .rhs = robertson, .jacobian = _i ? robertson_jacobian : NULL};
    struct ode_options options = {.rtol = 1e-9, .atol = weights};
    struct ode *o;
    bool at_event;
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, (const double[]){1, 0, 0}, NULL), STATUS_OK);
    while (ode_position(o) < 1e11)
        step(o, 1e11, &at_event);
    for (size_t i = 0; i < 3; i++)
        assert_close(ode_state(o)[i], reference[i], 1e-5, 0);
    ode_free(o);
}
END_TEST

/* --- events ------------------------------------------------------------------------------------------------------ */

/* g0: x = cos s through 0; g1: a date. */
static int zero_and_date(double s, const double *x, double *g, void *context)
{
    (void)context;
    g[0] = x[0];
    g[1] = s - 7.25;
    return 0;
}

struct seen {
    double s;
    int directions[2];
};

/* Integrate the oscillator to 20 and note the events. */
static size_t see_events(const int *direction, struct seen *seen, size_t most)
{
    struct ode_problem problem = {.n = 2,
                                  .rhs = oscillator,
                                  .jacobian = oscillator_jacobian,
                                  .n_events = 2,
                                  .events = zero_and_date,
                                  .direction = direction};
    struct ode *o = new_ode(&problem, ODE_BDF, 1e-11, 1e-11, (const double[]){1, 0});
    size_t n = 0, inside = 0;
    double end_before = 0;
    while (ode_position(o) < 20) {
        bool at_event;
        double begin = ode_position(o), g[2], x[2];
        step(o, 20, &at_event);
        ck_assert_double_gt(ode_position(o), begin);
        ck_assert_double_le(ode_position(o), ode_step_end(o));
        ck_assert_double_ge(ode_step_end(o), end_before);
        end_before = ode_step_end(o);
        if (!at_event)
            continue;
        ck_assert_uint_lt(n, most);
        zero_and_date(ode_position(o), ode_state(o), g, NULL);
        seen[n].s = ode_position(o);
        memcpy(seen[n].directions, ode_event_directions(o), sizeof seen[n].directions);
        for (size_t i = 0; i < 2; i++)
            if (seen[n].directions[i])
                ck_assert_msg(fabs(g[i]) < 1e-12, "g%zu = %g at %.15g", i, g[i], ode_position(o));
        inside += ode_position(o) < ode_step_end(o);
        /* the state is that of the dense output */
        ck_assert_int_eq(ode_interpolate(o, ode_position(o), 0, x, NULL), STATUS_OK);
        assert_close(x[0], ode_state(o)[0], 1e-13, 1);
        n++;
    }
    struct ode_statistics statistics;
    ode_get_statistics(o, &statistics);
    ck_assert_int_gt(statistics.event_calls, 0);
    ck_assert_uint_gt(inside, 0); /* they stop inside a step whose dense output goes on behind them */
    ode_free(o);
    return n;
}

START_TEST(events_stop_exactly_there_with_their_direction)
{
    struct seen seen[10];
    size_t n = see_events(NULL, seen, 10), zero = 0;
    ck_assert_uint_eq(n, 7); /* pi/2 + k pi for k = 0..5, and the date */
    for (size_t k = 0; k < n; k++) {
        if (seen[k].directions[1]) {
            ck_assert_int_eq(seen[k].directions[1], 1);
            ck_assert_int_eq(seen[k].directions[0], 0);
            assert_close(seen[k].s, 7.25, 1e-14, 0);
            continue;
        }
        assert_close(seen[k].s, M_PI / 2 + M_PI * (double)zero, 1e-8, 1);
        ck_assert_int_eq(seen[k].directions[0], zero % 2 ? 1 : -1);
        zero++;
    }
    ck_assert_uint_eq(zero, 6);
}
END_TEST

START_TEST(only_the_asked_direction_stops)
{
    struct seen seen[10];
    ck_assert_uint_eq(see_events((const int[]){1, -1}, seen, 10), 3); /* rising zeros; the date only rises */
    for (size_t k = 0; k < 3; k++) {
        assert_close(seen[k].s, 1.5 * M_PI + 2 * M_PI * (double)k, 1e-8, 1);
        ck_assert_int_eq(seen[k].directions[0], 1);
    }
    ck_assert_uint_eq(see_events((const int[]){-1, 1}, seen, 10), 4);
    assert_close(seen[0].s, M_PI / 2, 1e-8, 1);
    ck_assert_int_eq(seen[0].directions[0], -1);
}
END_TEST

static int twice_the_same(double s, const double *x, double *g, void *context)
{
    (void)s, (void)context;
    g[0] = x[0] - 0.5;
    g[1] = 0.5 - x[0];
    return 0;
}

START_TEST(events_at_one_place_are_all_reported)
{
    struct ode_problem problem = {.n = 1, .rhs = decay, .n_events = 2, .events = twice_the_same};
    struct ode *o = new_ode(&problem, ODE_ADAMS, 1e-10, 1e-10, (const double[]){1});
    bool at_event = false;
    while (ode_position(o) < 5 && !at_event)
        step(o, 5, &at_event);
    assert_close(ode_position(o), log(2), 1e-8, 0);
    ck_assert_int_eq(ode_event_directions(o)[0], -1);
    ck_assert_int_eq(ode_event_directions(o)[1], 1);
    while (ode_position(o) < 5) {
        step(o, 5, &at_event);
        ck_assert(!at_event);
    }
    ode_free(o);
}
END_TEST

/* --- ends before the end ----------------------------------------------------------------------------------------- */

/* Step until it fails. */
static enum status run_to_failure(struct ode *o, double end, struct error *e)
{
    for (;;) {
        bool at_event;
        enum status status = ode_step(o, end, &at_event, e);
        if (status)
            return status;
        ck_assert_msg(ode_position(o) < end, "it did not fail");
    }
}

/* The failure is at the last good point, which is on the decay's curve. */
static void assert_failure(const struct ode *o, enum ode_failure_kind kind, double from, double to)
{
    const struct ode_failure *f = ode_get_failure(o);
    ck_assert_int_eq(f->kind, kind);
    ck_assert_msg(f->s >= from && f->s <= to, "at %g", f->s);
    assert_close(f->x[0], exp(-f->s), 1e-4, 1);
    ck_assert_double_eq(f->s, ode_position(o));
}

START_TEST(step_limit_holds_over_the_whole_integration)
{
    struct ode_options options = {.rtol = 1e-6, .atol = (const double[]){1e-6}, .max_steps = 10};
    struct ode_problem problem = {.n = 1, .rhs = decay};
    struct ode *o;
    struct error e;
    struct ode_statistics statistics;
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, (const double[]){1}, &e), STATUS_OK);
    ck_assert_int_eq(ode_get_failure(o)->kind, ODE_NO_FAILURE);
    ck_assert_int_eq(run_to_failure(o, 100, &e), STATUS_FAILED);
    assert_failure(o, ODE_LIMIT, 1e-6, 99);
    ck_assert_msg(strstr(e.message, "limit of 10 steps") != NULL, "%s", e.message);
    ode_get_statistics(o, &statistics);
    ck_assert_int_eq(statistics.steps, 10);
    ode_free(o);
}
END_TEST

static int slow_decay(double s, const double *x, double *dx, void *context)
{
    nanosleep(&(struct timespec){0, 2000000}, NULL);
    return decay(s, x, dx, context);
}

START_TEST(time_limit_holds_over_the_whole_integration)
{
    struct ode_options options = {
        .rtol = 1e-10, .atol = (const double[]){1e-10}, .max_seconds = 0.05, .max_step = 1e-3};
    struct ode_problem problem = {.n = 1, .rhs = slow_decay};
    struct ode *o;
    struct error e;
    struct ode_statistics statistics;
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, (const double[]){1}, &e), STATUS_OK);
    ck_assert_int_eq(run_to_failure(o, 100, &e), STATUS_FAILED);
    assert_failure(o, ODE_LIMIT, 1e-9, 1);
    ck_assert_msg(strstr(e.message, "time limit of 0.05 s") != NULL, "%s", e.message);
    ode_get_statistics(o, &statistics);
    ck_assert_double_gt(statistics.seconds, 0.05);
    ode_free(o);
}
END_TEST

START_TEST(longest_step_is_kept)
{
    struct ode_options options = {.rtol = 1e-3, .atol = (const double[]){1e-3}, .max_step = 0.25, .first_step = 1e-4};
    struct ode_problem problem = {.n = 1, .rhs = decay};
    struct ode *o;
    bool at_event;
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, (const double[]){1}, NULL), STATUS_OK);
    step(o, 20, &at_event);
    ck_assert_double_le(ode_position(o), 1.0001e-4);
    while (ode_position(o) < 20) {
        step(o, 20, &at_event);
        ck_assert_double_le(ode_step_end(o) - ode_step_start(o), 0.25 * (1 + 1e-12));
    }
    ode_free(o);
}
END_TEST

/* Decay that answers with `code` beyond s = `until`, in its right-hand side, Jacobian or events. */
struct refusal {
    double until;
    int rhs, jacobian, events;
};

static int refusing_decay(double s, const double *x, double *dx, void *context)
{
    const struct refusal *r = context;
    decay(s, x, dx, NULL);
    return s > r->until ? r->rhs : 0;
}

static int refusing_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    const struct refusal *r = context;
    decay_jacobian(s, x, dx, jac, NULL);
    return s > r->until ? r->jacobian : 0;
}

static int refusing_events(double s, const double *x, double *g, void *context)
{
    const struct refusal *r = context;
    g[0] = x[0] + 1;
    return s > r->until ? r->events : 0;
}

static const struct {
    struct refusal refusal;
    enum ode_failure_kind kind;
    double from; /* it comes at least this far */
} refusals[] = {
    {{0.5, 1, 0, 0}, ODE_RECOVERABLE, 0.3}, /* smaller steps are tried: it comes near */
    {{0.5, -1, 0, 0}, ODE_FATAL, 0},        {{-1, 1, 0, 0}, ODE_RECOVERABLE, 0}, /* already at the start */
    {{-1, -1, 0, 0}, ODE_FATAL, 0},         {{0.5, 0, -1, 0}, ODE_FATAL, 0},      {{-1, 0, 1, 0}, ODE_RECOVERABLE, 0},
    {{0.5, 0, 0, -1}, ODE_FATAL, 0},        {{0.5, 0, 0, 1}, ODE_RECOVERABLE, 0},
};

static void name_place(double s, const double *x, size_t n, char *buffer, size_t size)
{
    (void)n;
    snprintf(buffer, size, "year %.3f, stock %.3f", 1900 + s, x[0]);
}

START_TEST(refusals_end_the_run_where_they_came)
{
    struct refusal refusal = refusals[_i].refusal;
    struct ode_problem problem = {.n = 1,
                                  .rhs = refusing_decay,
                                  .jacobian = refusing_jacobian,
                                  .n_events = 1,
                                  .events = refusing_events,
                                  .context = &refusal};
    struct ode_options options = {.rtol = 1e-8, .atol = (const double[]){1e-8}, .name_place = name_place};
    struct ode *o;
    struct error e;
    char place[64];
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, (const double[]){1}, &e), STATUS_OK);
    ck_assert_int_eq(run_to_failure(o, 100, &e), STATUS_FAILED);
    /* a Jacobian is asked for only now and then, and may be refused later than `until` */
    assert_failure(o, refusals[_i].kind, refusals[_i].from, refusal.jacobian ? 99 : fmax(refusal.until, 0));
    ck_assert_int_lt(ode_get_failure(o)->code, 0);
    name_place(ode_position(o), ode_state(o), 1, place, sizeof place);
    ck_assert_msg(strstr(e.message, place) != NULL, "%s", e.message);
    ode_free(o);
}
END_TEST

/* Integrate x' = -1 where only x > 0 is allowed: as near to the edge as small steps go. */
static int only_positive(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = -1;
    return x[0] <= 0;
}

START_TEST(edge_of_the_domain_is_not_crossed)
{
    struct ode_problem problem = {.n = 1, .rhs = only_positive};
    struct ode *o = new_ode(&problem, ODE_ADAMS, 1e-8, 1e-8, (const double[]){1});
    struct error e;
    ck_assert_int_eq(run_to_failure(o, 100, &e), STATUS_FAILED);
    ck_assert_int_eq(ode_get_failure(o)->kind, ODE_RECOVERABLE);
    ck_assert_double_gt(ode_get_failure(o)->x[0], 0);
    assert_close(ode_get_failure(o)->s, 1, 1e-2, 0);
    ode_free(o);
}
END_TEST

static int nan_beyond_half(double s, const double *x, double *dx, void *context)
{
    (void)context;
    dx[0] = s > 0.5 ? NAN : -x[0];
    return 0;
}

START_TEST(rates_that_are_no_numbers_end_the_run)
{
    static const enum ode_method methods[] = {ODE_BDF, ODE_ADAMS, ODE_BDF_KRYLOV};
    struct ode_problem problem = {.n = 1, .rhs = nan_beyond_half};
    struct ode *o = new_ode(&problem, methods[_i], 1e-8, 1e-8, (const double[]){1});
    struct error e;
    ck_assert_int_eq(run_to_failure(o, 100, &e), STATUS_FAILED);
    assert_failure(o, ODE_RECOVERABLE, 0.3, 0.5);
    ode_free(o);
}
END_TEST

START_TEST(no_tolerance_at_all_is_a_failure)
{
    struct ode_problem problem = {.n = 1, .rhs = decay};
    struct ode *o = new_ode(&problem, ODE_BDF, 1e-6, 0, (const double[]){0}); /* weight of 0 is 0 */
    struct error e;
    ck_assert_int_eq(run_to_failure(o, 1, &e), STATUS_FAILED);
    ck_assert_int_eq(ode_get_failure(o)->kind, ODE_FATAL);
    ode_free(o);
}
END_TEST

static bool stop_after(void *context)
{
    int *left = context;
    return --*left < 0;
}

START_TEST(stop_is_heard_soon)
{
    int left = 2;
    struct reporter reporter = {.stop_requested = stop_after, .context = &left};
    struct ode_options options = {
        .rtol = 1e-6, .atol = (const double[]){1e-6}, .max_step = 1e-3, .reporter = &reporter};
    struct ode_problem problem = {.n = 1, .rhs = decay};
    struct ode *o;
    struct error e;
    struct ode_statistics statistics;
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, (const double[]){1}, &e), STATUS_OK);
    ck_assert_int_eq(run_to_failure(o, 100, &e), STATUS_INTERRUPTED);
    assert_failure(o, ODE_STOPPED, 1e-6, 99);
    ode_get_statistics(o, &statistics);
    ck_assert_int_le(statistics.steps, 1000);
    ck_assert_ptr_nonnull(strstr(e.message, "request"));
    ode_free(o);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    const double one[] = {1}, negative[] = {-1};
    const struct ode_problem good = {.n = 1, .rhs = decay}, none = {.n = 0, .rhs = decay}, no_rhs = {.n = 1},
                             no_events = {.n = 1, .rhs = decay, .n_events = 1};
    const struct {
        const struct ode_problem *problem;
        double rtol;
        const double *atol;
    } cases[] = {{&none, 1e-6, one}, {&no_rhs, 1e-6, one}, {&no_events, 1e-6, one},
                 {&good, -1, one},   {&good, NAN, one},    {&good, 1e-6, negative}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ode_options options = {.rtol = cases[i].rtol, .atol = cases[i].atol};
        struct ode *o = (struct ode *)&options;
        struct error e = {0};
        ck_assert_msg(ode_new(&o, cases[i].problem, &options, 0, one, &e) == STATUS_FAILED, "%zu", i);
        ck_assert_ptr_null(o);
        ck_assert_str_ne(e.message, "");
    }
    ode_free(NULL);
}
END_TEST

/* --- independence ------------------------------------------------------------------------------------------------ */

enum { TRACE = 64 };

/* Positions and states of the first TRACE steps. */
static void trace(struct ode *o, size_t k, double *out)
{
    bool at_event;
    step(o, 1e9, &at_event);
    out[2 * k] = ode_position(o);
    out[2 * k + 1] = ode_state(o)[0];
}

static void trace_alone(const struct closed_form *c, enum ode_method method, double tolerance, double *out)
{
    struct ode *o = new_closed_form(c, method, tolerance, true);
    for (size_t k = 0; k < TRACE; k++)
        trace(o, k, out);
    ode_free(o);
}

START_TEST(interleaved_integrations_do_not_touch_each_other)
{
    double alone[2][2 * TRACE], together[2][2 * TRACE];
    trace_alone(&closed_forms[2], ODE_BDF, 1e-7, alone[0]);
    trace_alone(&closed_forms[1], ODE_ADAMS, 1e-9, alone[1]);
    struct ode *first = new_closed_form(&closed_forms[2], ODE_BDF, 1e-7, true),
               *second = new_closed_form(&closed_forms[1], ODE_ADAMS, 1e-9, true);
    for (size_t k = 0; k < TRACE; k++) {
        trace(second, k, together[1]);
        trace(first, k, together[0]);
    }
    ode_free(first);
    ode_free(second);
    ck_assert_int_eq(memcmp(alone, together, sizeof alone), 0);
}
END_TEST

struct job {
    const struct closed_form *c;
    enum ode_method method;
    double trace[2 * TRACE];
};

static void *run_job(void *argument)
{
    struct job *j = argument;
    for (int again = 0; again < 20; again++)
        trace_alone(j->c, j->method, 1e-8, j->trace);
    return NULL;
}

START_TEST(parallel_integrations_are_the_same_bit_for_bit)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    static struct job jobs[THREADS], alone;
    for (size_t i = 0; i < THREADS; i++) {
        jobs[i].c = &closed_forms[i % 3];
        jobs[i].method = i % 2 ? ODE_ADAMS : ODE_BDF;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++) {
        trace_alone(jobs[i].c, jobs[i].method, 1e-8, alone.trace);
        ck_assert_int_eq(memcmp(alone.trace, jobs[i].trace, sizeof alone.trace), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ode");
    TCase *accuracy = tcase_create("accuracy");
    tcase_add_loop_test(accuracy, dense_output_is_as_good_as_asked, 0, 2 * COUNT(closed_forms));
    tcase_add_test(accuracy, dense_output_has_derivatives);
    tcase_add_test(accuracy, stiff_problems_take_few_steps);
    tcase_add_loop_test(accuracy, robertson_ends_at_the_reference, 0, 2);
    suite_add_tcase(suite, accuracy);
    TCase *events = tcase_create("events");
    tcase_add_test(events, events_stop_exactly_there_with_their_direction);
    tcase_add_test(events, only_the_asked_direction_stops);
    tcase_add_test(events, events_at_one_place_are_all_reported);
    suite_add_tcase(suite, events);
    TCase *ends = tcase_create("ends before the end");
    tcase_add_test(ends, step_limit_holds_over_the_whole_integration);
    tcase_add_test(ends, time_limit_holds_over_the_whole_integration);
    tcase_add_test(ends, longest_step_is_kept);
    tcase_add_loop_test(ends, refusals_end_the_run_where_they_came, 0, COUNT(refusals));
    tcase_add_test(ends, edge_of_the_domain_is_not_crossed);
    tcase_add_loop_test(ends, rates_that_are_no_numbers_end_the_run, 0, 3);
    tcase_add_test(ends, no_tolerance_at_all_is_a_failure);
    tcase_add_test(ends, stop_is_heard_soon);
    tcase_add_test(ends, bad_arguments_are_refused);
    suite_add_tcase(suite, ends);
    TCase *independence = tcase_create("independence");
    tcase_add_test(independence, interleaved_integrations_do_not_touch_each_other);
    tcase_add_test(independence, parallel_integrations_are_the_same_bit_for_bit);
    suite_add_tcase(suite, independence);
    return testing_main(suite);
}
