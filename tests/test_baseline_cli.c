/* gears growth baseline from outside: JSON, tables, folders, mistakes. */
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[TESTING_PATH], path[TESTING_PATH];
static struct program p;

static void setup(void)
{
    testing_folder(folder);
    p = (struct program){.seconds = 110};
}

static void teardown(void)
{
    program_clear(&p);
}

static json_t *answer(void)
{
    json_error_t error;
    json_t *json = json_loads(p.text, 0, &error);
    ck_assert_msg(json != NULL, "%s in %.200s", error.text, p.text);
    return json;
}

static double number(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    ck_assert_msg(json_is_number(value), "%s is no number", key);
    return json_number_value(value);
}

START_TEST(roodman_as_json)
{
    program_run(&p, "growth", "baseline", "roodman", "--series", "world_gdp_roodman2020", "--json");
    assert_code(&p, 0);
    json_t *json = answer(), *run = json_array_get(json_object_get(json, "runs"), 0);
    json_t *quantiles = json_object_get(run, "takeoff_quantiles"), *errors = json_object_get(run, "standard_errors");
    ck_assert_str_eq(json_string_value(json_object_get(json, "command")), "growth baseline");
    assert_close(number(run, "B"), 0.5516, 1e-4, 1);
    assert_close(number(run, "s"), 1.471e-4, 1e-3, 0);
    assert_close(number(run, "delta"), -3.37e-5, 2e-3, 0);
    assert_close(number(run, "sigma"), 4.57e-3, 2e-3, 0);
    assert_close(number(run, "takeoff_median"), 2046.80, 3e-6, 0);
    assert_close(number(run, "log_likelihood"), -230.891, 3e-6, 0);
    assert_close(number(quantiles, "5"), 2039.16, 3e-6, 0);
    assert_close(number(quantiles, "95"), 2058.83, 3e-6, 0);
    ck_assert(number(errors, "B") > 0 && number(errors, "sigma") > 0);
    ck_assert_uint_eq(json_array_size(json_object_get(run, "predictions")), 9); /* 2020, ..., 2100 */
    json_decref(json);
}
END_TEST

START_TEST(stops_are_runs)
{
    program_run(&p, "growth", "baseline", "roodman", "--series", "world_gdp_roodman2020", "--stop", "1950", "--stop",
                "1980", "--json");
    assert_code(&p, 0);
    json_t *json = answer(), *runs = json_object_get(json, "runs");
    ck_assert_uint_eq(json_array_size(runs), 2);
    assert_close(number(json_array_get(runs, 0), "takeoff_median"), 2045.38, 5e-6, 0);
    assert_close(number(json_array_get(runs, 1), "takeoff_median"), 2013.74, 5e-6, 0);
    json_decref(json);
    program_run(&p, "growth", "baseline", "roodman", "--series", "world_gdp_roodman2020", "--stop", "1980");
    assert_code(&p, 0);
    assert_contains(p.text, "Rows after the stop");
    assert_contains(p.text, "take-off at 2013.74");
}
END_TEST

START_TEST(a_file_of_the_users)
{
    char csv[4000] = "# made\n# unit: things\nyear,value\n";
    for (int year = 1900; year <= 2000; year += 5)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%.10g\n", year, 7 * exp(0.02 * (year - 1950)));
    testing_write(testing_path(path, folder, "mine.csv"), csv);
    program_run(&p, "growth", "baseline", "exponential", "--series", path, "--json");
    assert_code(&p, 0);
    json_t *json = answer();
    assert_close(number(json_array_get(json_object_get(json, "runs"), 0), "growth"), 0.02, 1e-8, 0);
    json_decref(json);
}
END_TEST

START_TEST(hanson_tells_whether_tau_3_is_identified)
{
    program_run(&p, "growth", "baseline", "hanson", "--series", "world_gdp_hanson2000");
    assert_code(&p, 0);
    assert_contains(p.text, "== hanson-sum");
    assert_contains(p.text, "== hanson-ces");
    assert_contains(p.text, "bounded above only");
    assert_contains(p.text, "The published 6.3 loses");
    assert_contains(p.text, "its value is not identified");
}
END_TEST

/* The first run of a baseline on a series, with a parameter held (NULL: none). */
static json_t *first_run(const char *baseline, const char *series, const char *hold)
{
    if (hold)
        program_run(&p, "growth", "baseline", baseline, "--series", series, "--json", "--hold", hold);
    else
        program_run(&p, "growth", "baseline", baseline, "--series", series, "--json");
    assert_code(&p, 0);
    json_t *json = answer(), *run = json_incref(json_array_get(json_object_get(json, "runs"), 0));
    json_decref(json);
    return run;
}

/* What a parameter held at a value loses of 2 ln L, by fits of their own. */
static double loss(const char *baseline, const char *series, const char *key, double value, double best)
{
    char hold[80];
    snprintf(hold, sizeof hold, "%s=%.10g", key, value);
    json_t *run = first_run(baseline, series, hold);
    double answer = 2 * (best - number(run, "log_likelihood"));
    json_decref(run);
    return answer;
}

/* The limits of a profile are where --hold loses 3.84, its least point is the estimate, and the loss of a published
 * value is that of --hold. */
START_TEST(a_profile_is_what_held_fits_say)
{
    static const struct {
        const char *baseline, *series, *key;
        double published;
    } cases[] = {{"hyperbola", "firstworld_gdp", "singularity", NAN},
                 {"hyperbola", "world_gdp_spliced", "singularity", NAN},
                 {"hyperbola", "world_gdp_hanson2000", "singularity", 2004},
                 {"hanson-sum", "world_gdp_hanson2000", "doubling_4", 15}};
    const char *baseline = cases[_i].baseline, *series = cases[_i].series, *key = cases[_i].key;
    json_t *run = first_run(baseline, series, NULL), *profile = json_object_get(run, "profile");
    double best = number(run, "log_likelihood"), estimate = number(run, key), least = 1e9, at = NAN;
    const json_t *values = json_object_get(profile, "value"), *drops = json_object_get(profile, "drop");
    ck_assert_str_eq(json_string_value(json_object_get(profile, "verdict")), "bounded");
    assert_close(loss(baseline, series, key, number(profile, "low"), best), 3.841459, 0.005, 0);
    assert_close(loss(baseline, series, key, number(profile, "high"), best), 3.841459, 0.005, 0);
    for (size_t i = 0; i < json_array_size(values); i++) {
        double drop = json_number_value(json_array_get(drops, i)), value = json_number_value(json_array_get(values, i));
        ck_assert(i == 0 || value > json_number_value(json_array_get(values, i - 1)));
        if (drop < least)
            least = drop, at = value;
    }
    ck_assert_msg(fabs(at - estimate) < 0.01 * (number(profile, "high") - number(profile, "low")), "least at %.10g",
                  at);
    if (isfinite(cases[_i].published))
        ck_assert_double_eq_tol(number(profile, "published_drop"),
                                loss(baseline, series, key, cases[_i].published, best), 0.001);
    json_decref(run);
}
END_TEST

START_TEST(a_held_parameter_and_modes)
{
    program_run(&p, "growth", "baseline", "hyperbola", "--series", "world_gdp_hanson2000", "--hold", "singularity=2004",
                "--json");
    assert_code(&p, 0);
    json_t *json = answer(), *run = json_array_get(json_object_get(json, "runs"), 0);
    ck_assert(number(run, "singularity") == 2004);
    assert_close(number(run, "power"), 1.46, 5e-3, 0);
    json_decref(json);
    program_run(&p, "growth", "baseline", "hanson-sum", "--modes", "2", "--series", "gdppc_usa_maddison2023",
                "--errors", "ar1", "--json");
    assert_code(&p, 0);
    json = answer();
    run = json_array_get(json_object_get(json, "runs"), 0);
    ck_assert(number(run, "correlation") > 0.5 && !json_object_get(run, "doubling_3"));
    json_decref(json);
}
END_TEST

START_TEST(the_same_for_any_number_of_threads)
{
    char *first;
    program_run(&p, "growth", "baseline", "hyperbola", "logistic", "--series", "firstworld_gdp", "--json", "--threads",
                "1");
    assert_code(&p, 0);
    first = p.text;
    p.text = NULL;
    program_run(&p, "growth", "baseline", "hyperbola", "logistic", "--series", "firstworld_gdp", "--json", "--threads",
                "3");
    ck_assert_str_eq(p.text, first);
    free(first);
}
END_TEST

START_TEST(a_folder)
{
    program_run(&p, "growth", "baseline", "roodman", "exponential", "--series", "world_gdp_roodman2020", "--out",
                testing_path(path, folder, "out"));
    assert_code(&p, 0);
    char file[TESTING_PATH];
    static const char *const names[] = {"summary.json",           "report.html",         "roodman.csv",
                                        "exponential.csv",        "roodman_baseline.gp", "roodman_baseline.dat",
                                        "exponential_baseline.gp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(testing_exists(testing_path(file, path, names[i])), "%s", names[i]);
    char *csv = testing_read(testing_path(file, path, "roodman.csv"), NULL);
    ck_assert_str_eq(strtok(csv, "\n"), "year,value,q05,q25,q50,q75,q95,blown_up");
    free(csv);
    char *summary = testing_read(testing_path(file, path, "summary.json"), NULL);
    assert_contains(summary, "\"complete\": true");
    free(summary);
}
END_TEST

static const struct {
    const char *words[8];
    int code;
    const char *message;
} mistakes[] = {
    {{"growth", "baseline", "rodman", "--series", "world_population"}, 2, "did you mean 'roodman'?"},
    {{"growth", "baseline", "roodman", "--series", "world_gdp_rodman2020"}, 2, "did you mean 'world_gdp_roodman2020'?"},
    {{"growth", "baseline", "roodman"}, 2, "--series"},
    {{"growth", "baseline", "roodman", "--series", "no/such.csv"}, 3, "no/such.csv"},
    {{"growth", "baseline", "roodman", "--series", "world_population", "--stop", "soon"}, 2, "'soon' is not a year"},
    {{"growth", "baseline", "roodman", "--series", "world_population", "--weights", "heavy"}, 2, "'heavy' is none of"},
    {{"growth", "baseline", "hyperbola", "--series", "world_population", "--hold", "sigma=1"},
     2,
     "no parameter 'sigma'"},
    {{"growth", "baseline", "roodman", "--series", "world_population", "--hold", "s=1"}, 2, "only B can be held"},
    {{"growth", "baseline", "roodman", "--series", "world_population", "--hold", "B=-1"}, 2, "0.01 to 50 is allowed"},
    {{"growth", "baseline", "roodman", "--series", "world_population", "--hold", "B=0"}, 2, "0.01 to 50 is allowed"},
    {{"growth", "baseline", "hyperbola", "--series", "world_population", "--hold", "singularity=1900"},
     2,
     "after the last year"},
    {{"growth", "baseline", "hyperbola", "--series", "world_population", "--profile", "tau"},
     2,
     "no free parameter 'tau'"},
    {{"growth", "baseline", "roodman", "--series", "world_population", "--from", "2020"}, 3, "at least 4 rows"},
    {{"growth", "baseline", "roodman", "--series", "world_researchers"}, 3, "left out: every 10th year only"},
    {{"growth", "baseline", "roodman", "--series", "ai_training_compute_records_epoch", "--from", "1e9"},
     3,
     "at least 4 rows"},
};

START_TEST(a_mistake_gets_one_line)
{
    program_run_list(&p, mistakes[_i].words);
    ck_assert_msg(p.code == mistakes[_i].code, "code %d: %s", p.code, p.errors);
    assert_contains(p.errors, mistakes[_i].message);
    ck_assert_str_eq(p.text, "");
}
END_TEST

START_TEST(what_cannot_be_fitted_among_several_is_said)
{
    program_run(&p, "growth", "baseline", "hanson-sum", "exponential", "--series", "gdppc_usa_maddison2023", "--from",
                "2014", "--json");
    assert_code(&p, 0);
    json_t *json = answer(), *runs = json_object_get(json, "runs");
    ck_assert(json_is_false(json_object_get(json_array_get(runs, 0), "converged")));
    ck_assert(json_is_true(json_object_get(json_array_get(runs, 1), "converged")));
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline_cli");
    TCase *tests = tcase_create("baseline");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, roodman_as_json);
    tcase_add_test(tests, stops_are_runs);
    tcase_add_test(tests, a_file_of_the_users);
    tcase_add_test(tests, hanson_tells_whether_tau_3_is_identified);
    tcase_add_loop_test(tests, a_profile_is_what_held_fits_say, 0, 4);
    tcase_add_test(tests, a_held_parameter_and_modes);
    tcase_add_test(tests, the_same_for_any_number_of_threads);
    tcase_add_test(tests, a_folder);
    tcase_add_loop_test(tests, a_mistake_gets_one_line, 0, sizeof mistakes / sizeof mistakes[0]);
    tcase_add_test(tests, what_cannot_be_fitted_among_several_is_said);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
