/* gears growth fit from outside: a closed form as data, the answer's keys, the folder, what is wrong with a file. */
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Jones: A^(1-phi) = A0^(1-phi) + (1-phi) theta L0^lambda (e^{lambda n t} - 1)/(lambda n), lambda = 1, phi = 1/2 */
static const double THETA = 7e-4, GROWTH = 0.012;

static char folder[TESTING_PATH], path[TESTING_PATH], file[TESTING_PATH];
static struct program p;

static double people(double t)
{
    return 100 * exp(GROWTH * t);
}

static double output(double t)
{
    double root = 1 + 0.5 * THETA * 100 * expm1(GROWTH * t) / GROWTH;
    return 2 * root * root * people(t);
}

static const char TARGETS[] = "  targets:\n"
                              "    - {file: people.csv, variable: P, error: 0.02}\n"
                              "    - {file: output.csv, variable: Y, error: 0.05, correlation: 5}\n"
                              "    - {file: output.csv, variable: Y, periods: [1900, 1950, 2000], error: 0.01}\n";
static const char FREE[] = "  free:\n"
                           "    - {parameter: research_rate, low: 1e-5, high: 1e-2}\n"
                           "    - {parameter: population_growth, low: -0.02, high: 0.05, prior: 0.01, spread: 0.5}\n";

static void write_series(const char *name, const char *unit, double (*value)(double))
{
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "# made up\n# unit: %s\nyear,value\n", unit);
    for (int year = 1900; year <= 2000; year += 10)
        used += (size_t)snprintf(text + used, sizeof text - used, "%d,%.17g\n", year, value(year - 1900));
    testing_write(testing_path(path, folder, name), text);
}

/* The fit file with this fit block. */
static void write_fit(const char *head, const char *block)
{
    char text[4096];
    snprintf(text, sizeof text,
             "kind: growth\ntitle: made up\nmodel: jones\nparameters: {population_growth: 0.01}\n%s"
             "time: {from: 1900, to: 2020}\ncompare:\n  - {file: output.csv, variable: Y}\n%s",
             head, block);
    testing_write(testing_path(file, folder, "case.yaml"), text);
}

static void write_good(const char *more)
{
    char block[2048];
    snprintf(block, sizeof block, "fit:\n  starts: 4\n%s%s%s", more, FREE, TARGETS);
    write_fit("", block);
}

static void setup(void)
{
    testing_folder(folder);
    p = (struct program){0};
    write_series("people.csv", "million persons", people);
    write_series("output.csv", "billion 1990 international dollars", output);
}

static void teardown(void)
{
    program_clear(&p);
}

static json_t *first_run(json_t **root)
{
    json_error_t error;
    *root = json_loads(p.text, 0, &error);
    ck_assert_msg(*root != NULL, "%s in: %s", error.text, p.text);
    return json_array_get(json_object_get(*root, "runs"), 0);
}

static double number(const json_t *o, const char *key)
{
    ck_assert_msg(json_is_number(json_object_get(o, key)), "%s is not a number", key);
    return json_number_value(json_object_get(o, key));
}

START_TEST(a_closed_form_gives_its_parameters_back)
{
    static const char *const errors[] = {"", "  errors: ar1\n", "  errors: bootstrap\n  bootstrap: {replicates: 10}\n"};
    json_t *root;
    write_good(errors[_i]);
    program_run(&p, "growth", "fit", "--json", file);
    assert_code(&p, 0);
    const json_t *run = first_run(&root), *free_ones = json_object_get(run, "free");
    ck_assert_uint_eq(json_array_size(free_ones), 2);
    assert_close(number(json_array_get(free_ones, 0), "value"), THETA, 1e-4, 0);
    /* the prior, a hundred times as wide, draws a little */
    assert_close(number(json_array_get(free_ones, 1), "value"), GROWTH, 1e-3, 0);
    ck_assert_uint_eq(json_array_size(json_object_get(run, "targets")), 3);
    ck_assert_double_lt(number(json_array_get(json_object_get(run, "targets"), 0), "rms"), 1e-3);
    ck_assert_uint_eq((size_t)number(json_object_get(run, "search"), "starts"), 4);
    ck_assert_ptr_nonnull(json_object_get(run, "spectrum"));
    ck_assert_ptr_nonnull(json_object_get(run, "phases"));
    json_decref(root);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    write_good("  hops: 2\n");
    program_run(&p, "growth", "fit", "--json", "--threads=1", "--seed=3", file);
    assert_code(&p, 0);
    char *alone = strdup(p.text);
    program_run(&p, "growth", "fit", "--json", "--threads=3", "--seed=3", file);
    assert_code(&p, 0);
    ck_assert_str_eq(alone, p.text);
    free(alone);
}
END_TEST

/* The folder's scenario runs, and its run misses the data as little as the fit said. */
START_TEST(the_folder_holds_the_fitted_scenario)
{
    char out[TESTING_PATH];
    json_t *root;
    write_good("");
    program_run(&p, "growth", "fit", "--out", testing_path(out, folder, "out"), file);
    assert_code(&p, 0);
    assert_contains(p.text, "research_rate");
    assert_contains(p.text, "The data identify 2 of 2 parameters");
    static const char *const made[] = {"case.yaml",    "misses.csv",      "series.csv",    "report.html",
                                       "summary.json", "fit_spectrum.gp", "fit_misses.dat"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        ck_assert_msg(testing_exists(testing_path(path, out, made[i])), "%s is missing", made[i]);
    program_run(&p, "growth", "compare", "--json", testing_path(path, out, "case.yaml"));
    assert_code(&p, 0);
    const json_t *comparison = json_array_get(json_object_get(first_run(&root), "comparisons"), 0);
    ck_assert_double_lt(number(comparison, "rms_log_error"), 1e-3);
    ck_assert_uint_eq(json_array_size(json_object_get(comparison, "growth_by_period")), 3);
    /* 1913 to 1950, 1913 between the points of 1910 and 1920 */
    const json_t *period = json_array_get(json_object_get(comparison, "growth_by_period"), 0);
    double begin = 0.7 * log(output(10)) + 0.3 * log(output(20));
    assert_close(number(period, "data"), (log(output(50)) - begin) / 37, 1e-9, 0);
    assert_close(number(period, "model"), log(output(50) / output(13)) / 37, 1e-3, 0);
    assert_close(number(period, "smooth"), number(period, "data"), 0.05, 0);
    json_decref(root);
    char *text = testing_read(testing_path(path, out, "case.yaml"), NULL);
    ck_assert_int_eq(strncmp(text, "# Fitted", 8), 0);
    ck_assert_ptr_null(strstr(text, "fit:"));
    free(text);
}
END_TEST

/* Shooting: research_rate follows from output in 1950; the other parameter and the level are found. */
START_TEST(what_is_solved_for_follows)
{
    json_t *root;
    char block[2048];
    snprintf(block, sizeof block,
             "fit:\n  starts: 2\n  free:\n    - {parameter: population_growth, low: 0.001, high: 0.05}\n%s", TARGETS);
    write_fit("solve: {parameter: research_rate, variable: Y, at: 1950, value: 900}\n", block);
    program_run(&p, "growth", "fit", "--json", file);
    assert_code(&p, 0);
    const json_t *run = first_run(&root), *free_ones = json_object_get(run, "free");
    assert_close(number(json_array_get(free_ones, 0), "value"), GROWTH, 1e-4, 0);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(free_ones, 1), "key")), "level");
    assert_close(number(json_array_get(free_ones, 1), "value"), output(50), 1e-4, 0);
    assert_close(number(json_object_get(run, "parameters"), "research_rate"), THETA, 1e-3, 0);
    json_decref(root);
}
END_TEST

static double restless_people(double t)
{
    return people(t) * exp(0.02 * sin(t));
}

/* Population does not know of research_rate: its column of the Jacobian is 0, also where errors are estimated. */
START_TEST(a_parameter_without_effect_is_named)
{
    write_series("restless.csv", "million persons", restless_people);
    write_fit("", "fit:\n  starts: 1\n  errors: ar1\n  free:\n"
                  "    - {parameter: population_growth, low: 0.001, high: 0.05}\n"
                  "    - {parameter: research_rate, low: 1e-5, high: 1e-2}\n"
                  "  targets:\n    - {file: restless.csv, variable: P, error: 0.02}\n");
    program_run(&p, "growth", "fit", file);
    assert_code(&p, 0);
    assert_contains(p.text, "they say nothing about research_rate");
    ck_assert_ptr_null(strstr(p.text, "inf "));
}
END_TEST

/* Where growth alone was fitted there are no levels to draw the misses of. */
START_TEST(growth_alone_can_be_fitted)
{
    char out[TESTING_PATH];
    write_fit("", "fit:\n  starts: 1\n  free:\n    - {parameter: population_growth, low: 0.001, high: 0.05}\n"
                  "  targets:\n    - {file: people.csv, variable: P, periods: [1900, 1950, 2000], error: 0.02}\n");
    program_run(&p, "growth", "fit", "--out", testing_path(out, folder, "out"), file);
    assert_code(&p, 0);
    ck_assert(testing_exists(testing_path(path, out, "fit_spectrum.gp")));
    ck_assert(!testing_exists(testing_path(path, out, "fit_misses.gp")));
}
END_TEST

/* --- interrupted ------------------------------------------------------------------------------------------------- */

/* The best so far is written, and is a scenario that runs. */
START_TEST(an_interrupted_fit_keeps_the_best_so_far)
{
    char out[TESTING_PATH];
    json_error_t error;
    char block[2048];
    snprintf(block, sizeof block, "fit:\n  starts: 10000\n  hops: 1000\n  errors: bootstrap\n%s%s", FREE, TARGETS);
    write_fit("", block);
    testing_path(out, folder, "out");
    for (double wait = 0.2; wait < 20 && !testing_exists(out); wait *= 3) {
        program_start(&p, (const char *const[]){"growth", "fit", "--out", out, "--json", file, NULL});
        program_wait_until_caught(&p);
        program_pause(wait);
        kill(p.child, SIGINT);
        program_finish(&p);
        assert_code(&p, 130);
        assert_contains(p.errors, "stopped on request");
    }
    json_t *summary = json_load_file(testing_path(path, out, "summary.json"), 0, &error);
    ck_assert_msg(summary != NULL, "%s: %s", path, error.text);
    ck_assert(json_is_false(json_object_get(summary, "complete")));
    const json_t *search = json_object_get(json_array_get(json_object_get(summary, "runs"), 0), "search");
    ck_assert_str_eq(json_string_value(json_object_get(search, "end")), "interrupted");
    json_decref(summary);
    json_t *root, *run = first_run(&root); /* the answer is told all the same */
    assert_close(number(json_array_get(json_object_get(run, "free"), 0), "value"), THETA, 0.5, 0);
    json_decref(root);
    ck_assert(testing_exists(testing_path(path, out, "report.html")));
    program_run(&p, "growth", "phases", testing_path(path, out, "case.yaml"));
    assert_code(&p, 0);
}
END_TEST

/* --- what is wrong with a file ---------------------------------------------------------------------------------------
 */

static const struct {
    const char *head, *block, *complaint;
} wrong[] = {
    {"", "", "no fit block"},
    {"", "fit: {free: [], targets: []}", "cannot be fitted"},
    {"", "fit: {free: [{parameter: research_rat, low: 1e-5, high: 1}], targets: []}", "did you mean 'research_rate'?"},
    {"", "fit: {free: [{parameter: research_rate, low: 1, high: 1e-5}], targets: []}", "is not above low"},
    {"", "fit: {free: [{parameter: research_rate, low: -1, high: 1}], targets: []}", "out of range"},
    {"", "fit: {free: [{parameter: research_rate, low: 1e-5, high: 1, prior: 0.1}], targets: []}",
     "both prior and spread"},
    {"", "fit: {free: [{parameter: research_rate, low: 1e-5, high: 1, prior: 0.1, spread: 0.5}], targets: []}",
     "above 1"},
    {"", "fit: {free: [{parameter: population_growth, low: 0.02, high: 0.05}], targets: []}",
     "case.yaml:4:33: population_growth: the search starts from this 0.01, which is out of the bounds"},
    {"", "fit: {free: [{parameter: research_parallel, low: 0.1, high: 0.2}], targets: []}",
     "case.yaml:8:14: research_parallel: the search starts from the model's own 1, which is out of the bounds"},
    {"", "fit: {free: [{parameter: initial.A, low: 0, high: 1}], targets: []}", "above 0"},
    {"",
     "fit: {free: [{parameter: research_rate, low: 1e-5, high: 1}, {parameter: research_rate, low: 1e-5, high: 1}], "
     "targets: []}",
     "free already"},
    {"solve: {parameter: research_rate, variable: Y, at: 1950, value: 900}\n",
     "fit: {free: [{parameter: research_rate, low: 1e-5, high: 1}], targets: []}", "cannot be free too"},
    {"runs: [{name: a}]\n", "fit: {free: [], targets: []}", "may not have runs"},
    {"", "fit: {free: [], targets: [{variable: Y, error: 1}]}", "either series"},
    {"", "fit: {free: [], targets: [{variable: Z, error: 1, points: {1950: 3}}]}", "no variable 'Z'"},
    {"", "fit: {free: [], targets: [{variable: Y, error: 1, points: {soon: 3}}]}", "not a year"},
    {"", "fit: {free: [], targets: [{variable: Y, error: 1, points: {1950: 0}}]}", "no logarithm"},
    {"", "fit: {free: [], targets: [{variable: Y, error: 1, points: {1800: 3}}]}", "before the run's start"},
    {"", "fit: {free: [], targets: [{file: output.csv, variable: Y, error: 1, periods: [1900, 2100]}]}",
     "no value in 2100"},
    {"", "fit: {free: [], targets: [{file: output.csv, variable: Y, error: 1, from: 2010}]}", "no point"},
    {"", "fit: {free: [], targets: [{file: output.csv, variable: Y}]}", "error"},
    {"", "fit: {free: [], targets: [], erors: given}", "did you mean 'errors'?"},
};

START_TEST(a_wrong_file_is_one_line_with_the_place)
{
    char block[1024];
    snprintf(block, sizeof block, "%s\n", wrong[_i].block);
    write_fit(wrong[_i].head, block);
    program_run(&p, "growth", "fit", file);
    assert_code(&p, 3);
    assert_contains(p.errors, "case.yaml:");
    assert_contains(p.errors, wrong[_i].complaint);
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
}
END_TEST

/* `gears run` takes a fit file as the scenario that it is. */
START_TEST(a_fit_file_runs)
{
    char out[TESTING_PATH];
    write_good("");
    program_run(&p, "run", "--set=figures=[growth]", "--out", testing_path(out, folder, "out"), file);
    assert_code(&p, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit, from outside");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_closed_form_gives_its_parameters_back, 0, 3);
    tcase_add_test(t, threads_do_not_matter);
    tcase_add_test(t, the_folder_holds_the_fitted_scenario);
    tcase_add_test(t, what_is_solved_for_follows);
    tcase_add_test(t, a_parameter_without_effect_is_named);
    tcase_add_test(t, growth_alone_can_be_fitted);
    tcase_add_test(t, an_interrupted_fit_keeps_the_best_so_far);
    tcase_add_loop_test(t, a_wrong_file_is_one_line_with_the_place, 0, (int)(sizeof wrong / sizeof wrong[0]));
    tcase_add_test(t, a_fit_file_runs);
    suite_add_tcase(suite, t);
    return testing_main(suite);
}
