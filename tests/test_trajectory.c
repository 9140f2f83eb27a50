/* growth/simulate.c with models/stpk.c, against tests/reference/stpk.py: the same equations written a second time in
 * Python and integrated by SciPy (DOP853 at 1e-12; its own error there is below 1e-9 in every log state up to the last
 * year).
 *
 * Conditioning. The system starts next to a steady state, where it moves by 4e-5 a year, and passes through growth of 2
 * to 400 % a year: an early error in a log state acts as a shift in time and grows as growth does. Measured by the
 * reference (its last column, the largest norm of a propagator from any earlier date): 19 in 1000, 254 in 1800, 1,000
 * to 1,600 around 1950-2050, 130,000 a year before the blow-up. So errors are bounded by a multiple of rtol x
 * conditioning; the multiple, 100, stands for the errors of some hundred steps adding up. Most of what there is is the
 * shift in time: at equal distance from the blow-up the errors of the 20th century and later are a hundred times
 * smaller. */
#include "growth/scenario.h"
#include "growth/variable.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_STATES = 4, MAX_ROWS = 128, MAX_EVENTS = 16 };

struct row {
    double year, x[N_STATES], log_output, growth, conditioning;
};

struct event {
    char name[64];
    double date;
};

static struct reference {
    struct row rows[MAX_ROWS];
    size_t n_rows;
    struct event events[MAX_EVENTS];
    size_t n_events;
    double blow_up;
} reference;

static struct scenario scenario;
static const struct simulation *simulation;
static struct trajectory trajectory;

static void read_rows(int set)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "tests/reference/stpk_set%d.csv", set);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        struct row *r = &reference.rows[reference.n_rows++];
        ck_assert_uint_le(reference.n_rows, MAX_ROWS);
        ck_assert_int_eq(sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &r->year, &r->x[0], &r->x[1], &r->x[2],
                                &r->x[3], &r->log_output, &r->growth, &r->conditioning),
                         8);
    }
    fclose(file);
}

static void read_events(int set)
{
    char line[256];
    FILE *file = fopen("tests/reference/stpk_events.csv", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        int number;
        struct event event;
        ck_assert_int_eq(sscanf(line, "%d,%63[^,],%lf", &number, event.name, &event.date), 3);
        if (number == set && strcmp(event.name, "blow-up") == 0)
            reference.blow_up = event.date;
        else if (number == set && reference.n_events < MAX_EVENTS)
            reference.events[reference.n_events++] = event;
    }
    fclose(file);
    ck_assert_double_gt(reference.blow_up, 2000);
}

static void run_scenario(const char *path, const char *const *settings, size_t n_settings)
{
    struct error e = {0};
    ck_assert_msg(scenario_read(path, settings, n_settings, NULL, &scenario, &e) == STATUS_OK, "%s", e.message);
    simulation = &scenario.runs[0].simulation;
    ck_assert_ptr_eq(simulation->model, model_find("stpk"));
    ck_assert_msg(simulate(simulation, true, NULL, &trajectory, &e) == STATUS_OK, "%s", e.message);
}

/* Read the reference of a set and run it. */
static void run(int set, const char *method, int digits)
{
    char of_method[64], of_rtol[64];
    const char *settings[] = {of_method, of_rtol};
    snprintf(of_method, sizeof of_method, "solver.method=%s", method);
    snprintf(of_rtol, sizeof of_rtol, "solver.rtol=1e-%d", digits);
    read_rows(set);
    read_events(set);
    ck_assert_uint_ge(reference.n_events, 5);
    run_scenario(set == 1 ? "tests/scenarios/set-i.yaml" : "tests/scenarios/set-ii.yaml", settings, 2);
    ck_assert_double_eq(simulation->rtol, pow(10, -digits));
}

static void clear(void)
{
    trajectory_clear(&trajectory);
    scenario_clear(&scenario);
}

static const struct {
    int set;
    const char *method;
    int digits;
} runs[] = {
    {1, "bdf", 8},   {1, "bdf", 10},   {1, "adams", 8}, {1, "adams", 10}, {2, "bdf", 8}, {2, "bdf", 10},
    {2, "adams", 8}, {2, "adams", 10}, {1, "bdf", 7},   {1, "adams", 7},  {2, "bdf", 7}, {2, "adams", 7},
};
enum { N_RUNS = 8, N_RUNS_WITH_COARSE = sizeof runs / sizeof runs[0] };

static void check_close(double year, const char *what, double value, double expected, double bound)
{
    ck_assert_msg(fabs(value - expected) <= bound, "%s in %.10g: %.15g, reference %.15g: off by %.2g, allowed %.2g",
                  what, year, value, expected, fabs(value - expected), bound);
}

static void check_states(double year, const struct row *r, double bound)
{
    double x[MODEL_MAX_STATES];
    trajectory_at(&trajectory, year, x);
    for (size_t i = 0; i < N_STATES; i++)
        check_close(r->year, simulation->model->states[i].key, x[i], r->x[i], bound);
}

START_TEST(states_and_output_are_the_references)
{
    run(runs[_i].set, runs[_i].method, runs[_i].digits);
    const struct model *m = simulation->model;
    for (size_t k = 0; k < reference.n_rows; k++) {
        const struct row *r = &reference.rows[k];
        double bound = 100 * simulation->rtol * r->conditioning;
        check_states(r->year, r, bound);
        double output = log(variable_at(&trajectory, variable_find(m, "Y"), r->year));
        check_close(r->year, "ln Y", output, r->log_output, 2 * bound); /* its elasticities add up to less than 2 */
    }
    clear();
}
END_TEST

START_TEST(at_equal_distance_from_the_blow_up_little_error_is_left)
{
    run(runs[_i].set, runs[_i].method, runs[_i].digits);
    double shift = trajectory.run.date - reference.blow_up;
    for (size_t k = 0; k < reference.n_rows; k++)
        if (reference.rows[k].year >= 1900)
            check_states(reference.rows[k].year + shift, &reference.rows[k],
                         simulation->rtol * reference.rows[k].conditioning);
    clear();
}
END_TEST

/* No integration: the right-hand side in C at the reference's states. */
START_TEST(growth_at_a_state_is_the_references)
{
    run(_i, "bdf", 8);
    for (size_t k = 0; k < reference.n_rows; k++) {
        double g;
        ck_assert_int_eq(simulation_growth(simulation, reference.rows[k].year, reference.rows[k].x, &g, NULL), 0);
        assert_close(g, reference.rows[k].growth, 1e-11, 1e-4);
    }
    clear();
}
END_TEST

/* Each of the reference's switches is found once, in the reference's order. (The model here also has switches within
 * intelligence that the reference does not list.) */
START_TEST(switches_have_the_references_dates)
{
    run(runs[_i].set, runs[_i].method, runs[_i].digits);
    size_t next = 0;
    for (size_t i = 0; i < trajectory.n_switches; i++) {
        char name[128];
        switch_name(simulation->model, &trajectory.switches[i], name, sizeof name);
        if (strncmp(name, "intelligence: labour surplus", 28) == 0)
            continue;
        ck_assert_uint_lt(next, reference.n_events);
        ck_assert_str_eq(name, reference.events[next].name);
        /* at the start 1e-3 years are 4e-8 of a log state, the error of a few steps at rtol 1e-8 */
        check_close(reference.events[next].date, name, trajectory.switches[i].date, reference.events[next].date,
                    simulation->rtol <= 1e-10 ? 1e-3 : 1e-2);
        next++;
    }
    ck_assert_uint_eq(next, reference.n_events);
    clear();
}
END_TEST

/* Also at a coarse tolerance, where t itself is known to less than the time that is left at the end. */
START_TEST(the_blow_up_is_within_its_error_bound)
{
    run(runs[_i].set, runs[_i].method, runs[_i].digits);
    ck_assert_int_eq(trajectory.run.outcome, RESCALED_BLOW_UP);
    check_close(reference.blow_up, "blow-up", trajectory.run.date, reference.blow_up, trajectory.date_error);
    ck_assert_double_lt(trajectory.date_error, simulation->rtol <= 1e-8 ? 0.01 : 0.05);
    clear();
}
END_TEST

/* Long before the end two shares are both exactly 0 here, and their difference must not pass for a switch for ever. */
START_TEST(shares_that_underflow_do_not_stop_a_run)
{
    static const char *const settings[] = {"parameters.machine_exponent=8", "parameters.machine_efficiency=1e-20"};
    read_events(3);
    run_scenario("tests/scenarios/set-i.yaml", settings, 2);
    ck_assert_int_eq(trajectory.run.outcome, RESCALED_BLOW_UP);
    check_close(reference.blow_up, "blow-up", trajectory.run.date, reference.blow_up, trajectory.date_error);
    ck_assert_double_lt(trajectory.date_error, 0.01);
    clear();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trajectory");
    TCase *t = tcase_create("stpk");
    tcase_add_loop_test(t, states_and_output_are_the_references, 0, N_RUNS);
    tcase_add_loop_test(t, at_equal_distance_from_the_blow_up_little_error_is_left, 0, N_RUNS);
    tcase_add_loop_test(t, growth_at_a_state_is_the_references, 1, 3);
    tcase_add_loop_test(t, switches_have_the_references_dates, 0, N_RUNS);
    tcase_add_loop_test(t, the_blow_up_is_within_its_error_bound, 0, N_RUNS_WITH_COARSE);
    tcase_add_test(t, shares_that_underflow_do_not_stop_a_run);
    suite_add_tcase(suite, t);
    return testing_main(suite);
}
