/* scenarios/world.yaml and frontier.yaml, the output of their fit files in scenarios/fits/: what the fits were asked to
 * reach, and that the files are what a fit file and its fit would give. */
#include "growth/compare.h"
#include "growth/fit/file.h"
#include "growth/periods.h"
#include "growth/variable.h"
#include "tests/testing.h"

#include <math.h>
#include <string.h>

static struct scenario scenario;
static struct scenario_result result;

static const struct fitted {
    const char *name;
    double early, late;   /* rms log error that is allowed before 1500 (0: no data) and from then on */
    double growth;        /* rms miss of growth by period of output, 1/year, over that of smoothed data */
    double blow_up_after; /* machines come last */
} fitted[] = {{"world", .3, .10, 1.25, 2045}, {"frontier", 0, .10, 1, 2045}};
enum { FITTED = sizeof fitted / sizeof fitted[0] };

static void read_fitted(const struct fitted *f)
{
    struct error e = {0};
    char path[256];
    snprintf(path, sizeof path, "scenarios/%s.yaml", f->name);
    ck_assert_msg(scenario_read(path, NULL, 0, NULL, &scenario, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(scenario_simulate(&scenario, 1, NULL, &result, &e) == STATUS_OK, "%s", e.message);
}

static void teardown(void)
{
    scenario_result_clear(&result);
    scenario_clear(&scenario);
}

static double rms_between(size_t k, double from, double to)
{
    struct error e = {0};
    struct comparison_result r;
    struct comparison *c = &scenario.runs[0].comparisons[k];
    c->from = from;
    c->to = to;
    ck_assert_int_eq(compare_run(&result.runs[0].trajectory, c, &r, &e), STATUS_OK);
    double rms = r.rms_log_error;
    comparison_result_clear(&r);
    return rms;
}

START_TEST(output_and_population_are_within_the_errors_asked_for)
{
    const struct fitted *f = &fitted[_i];
    read_fitted(f);
    ck_assert_uint_eq(scenario.runs[0].n_comparisons, 2);
    for (size_t k = 0; k < 2; k++) {
        const char *key = variable_key(scenario.runs[0].simulation.model, scenario.runs[0].comparisons[k].variable);
        double late = rms_between(k, 1500, INFINITY), early = rms_between(k, -INFINITY, 1499);
        ck_assert_msg(late <= f->late, "%s, %s from 1500: %g", f->name, key, late);
        ck_assert_msg(f->early == 0 || early <= f->early, "%s, %s before 1500: %g", f->name, key, early);
    }
}
END_TEST

/* Growth by historical period about as near as smoothing the data themselves would come. */
START_TEST(growth_by_period_is_what_a_smooth_curve_can_say)
{
    struct period_growth p[N_PERIODS];
    double model = 0, smooth = 0;
    read_fitted(&fitted[_i]);
    ck_assert(periods_of(&result.runs[0], 0, p)); /* output */
    for (size_t i = 0; i < N_PERIODS; i++) {
        model += (p[i].model - p[i].data) * (p[i].model - p[i].data);
        smooth += (p[i].smooth - p[i].data) * (p[i].smooth - p[i].data);
    }
    ck_assert_double_gt(smooth, 0);
    ck_assert_msg(sqrt(model / smooth) <= fitted[_i].growth, "%s: %g", fitted[_i].name, sqrt(model / smooth));
}
END_TEST

/* Trap of the fit: machines must not take over before people have slowed growth, and they do run away. */
START_TEST(machines_come_last)
{
    read_fitted(&fitted[_i]);
    const struct trajectory *t = &result.runs[0].trajectory;
    double share = variable_at(t, variable_find(t->simulation.model, "machine_share"), 2025); /* A/(H + A) */
    ck_assert_double_lt(share / (1 - share), .3);
    ck_assert_int_eq(t->run.outcome, RESCALED_BLOW_UP);
    ck_assert_double_gt(t->run.date, fitted[_i].blow_up_after);
}
END_TEST

/* The phase that the present lies in is the slow one. */
START_TEST(the_present_phase_of_the_frontier_is_slow)
{
    read_fitted(&fitted[1]);
    const struct phase_table *p = &result.runs[0].phases;
    for (size_t i = 0; i < p->n_phases; i++)
        if (p->phases[i].from <= 2026 && p->phases[i].to > 2026) {
            ck_assert_int_eq(p->phases[i].pace, PACE_SLOWER);
            return;
        }
    ck_abort_msg("no phase holds 2026");
}
END_TEST

/* The fitted values lie within the fit file's bounds, and its cost there is a minimum as far as one step can tell. */
START_TEST(the_fit_file_ends_there)
{
    const struct fitted *f = &fitted[_i];
    struct scenario other;
    struct fit fit;
    struct error e = {0};
    struct least_squares_result r;
    double z[FIT_MAX_PARAMETERS], cost = 0;
    char path[256];
    read_fitted(f);
    snprintf(path, sizeof path, "scenarios/fits/%s.yaml", f->name);
    ck_assert_msg(fit_read(path, NULL, 0, NULL, &other, &fit, &e) == STATUS_OK, "%s", e.message);
    const struct simulation *s = &scenario.runs[0].simulation;
    for (size_t j = 0; j < fit.n_parameters; j++) {
        const struct fit_parameter *p = &fit.parameters[j];
        double value = p->kind == FIT_LEVEL ? scenario.runs[0].solved.value : s->p[p->index];
        ck_assert_msg(value >= p->low * (1 - 1e-6 * (p->low > 0 ? 1 : -1)) && value <= p->high + 1e-6 * fabs(p->high),
                      "%s %g", p->key, value);
        z[j] = fit_coordinate(p, value);
    }
    fit.base.p[fit.shot.parameter] = s->p[fit.shot.parameter];
    size_t n = fit_count_residuals(&fit);
    double residuals[2000];
    ck_assert_uint_lt(n, 2000);
    struct fit_evaluator v;
    fit_evaluator_init(&v, &fit, NULL);
    ck_assert_int_eq(fit_evaluate(&v, z, residuals, NULL), 0);
    for (size_t i = 0; i < n; i++)
        cost += residuals[i] * residuals[i];
    struct least_squares_options options = {.max_iterations = 5};
    ck_assert_msg(fit_improve(&fit, z, &options, &r, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(r.cost > 0.98 * cost, "%s: %g, and five steps on %g", f->name, cost, r.cost);
    least_squares_result_clear(&r);
    fit_clear(&fit);
    scenario_clear(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fitted scenarios");
    TCase *t = tcase_create("fit");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_loop_test(t, output_and_population_are_within_the_errors_asked_for, 0, FITTED);
    tcase_add_loop_test(t, growth_by_period_is_what_a_smooth_curve_can_say, 0, FITTED);
    tcase_add_loop_test(t, machines_come_last, 0, FITTED);
    tcase_add_test(t, the_present_phase_of_the_frontier_is_slow);
    tcase_add_loop_test(t, the_fit_file_ends_there, 0, FITTED);
    suite_add_tcase(suite, t);
    return testing_main(suite);
}
