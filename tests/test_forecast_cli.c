/* gears growth forecast from outside: tables, JSON, folder, Ctrl-C. */
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORECAST                                                                                                       \
    "kind: growth\nmodel: power-law\ntitle: Power laws\ntime: {from: 2000, to: 2100}\ninitial: {Y: 1000}\n"            \
    "parameters: {growth_scale: 0.001, growth_exponent: 0.5, drift: 0}\n"                                              \
    "forecast:\n  draws: 60\n  today: 2001\n  uncertain:\n"                                                            \
    "    - {parameter: growth_scale, distribution: loguniform, low: 0.0005, high: 0.004}\n"                            \
    "  extrapolations: [{baseline: roodman, series: world_gdp_roodman2020}]\n"

static char folder[TESTING_PATH], file[TESTING_PATH], out[TESTING_PATH], part[TESTING_PATH];
static struct program p;

static void begin(void)
{
    testing_folder(folder);
    testing_write(testing_path(file, folder, "f.yaml"), FORECAST);
    testing_path(out, folder, "out");
    p = (struct program){0};
}

static void end(void)
{
    program_clear(&p);
}

START_TEST(tables_say_what_it_means)
{
    program_run(&p, "growth", "forecast", file);
    assert_code(&p, 0);
    assert_contains(p.text, "Futures: quantiles over 60 draws");
    assert_contains(p.text, "growth_scale");
    assert_contains(p.text, "roodman");
    assert_contains(p.text, "No draw failed.");
    ck_assert_str_eq(p.errors, "");
}
END_TEST

/* JSON alone, the same for any number of threads, another for another seed. */
START_TEST(json_depends_on_the_seed_alone)
{
    char *first = NULL;
    for (int i = 0; i < 3; i++) {
        program_run(&p, "growth", "forecast", file, "--json", "--seed", i < 2 ? "5" : "6", "--threads", i ? "3" : "1");
        assert_code(&p, 0);
        json_t *answer = json_loads(p.text, 0, NULL);
        ck_assert_ptr_nonnull(answer);
        const json_t *run = json_array_get(json_object_get(answer, "runs"), 0);
        ck_assert_str_eq(json_string_value(json_object_get(run, "name")), "f");
        ck_assert_int_eq(json_integer_value(json_object_get(run, "done")), 60);
        const json_t *onset = json_object_get(json_object_get(run, "outcomes"), "onset");
        ck_assert(
            json_is_null(json_object_get(json_object_get(onset, "quantiles"), "0.5"))); /* one phase only: never */
        ck_assert_double_eq(json_number_value(json_object_get(onset, "never")), 1);
        json_decref(answer);
        if (i == 0)
            first = strdup(p.text);
        else
            ck_assert_int_eq(strcmp(first, p.text) == 0, i == 1);
    }
    free(first);
}
END_TEST

START_TEST(folder_holds_everything)
{
    static const char *const names[] = {"draws.csv", "report.html", "summary.json", "forecast.gp", "forecast.dat"};
    program_run(&p, "growth", "forecast", file, "--out", out, "--quiet");
    assert_code(&p, 0);
    ck_assert_str_eq(p.text, "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(testing_exists(testing_path(part, out, names[i])), "%s is not there", names[i]);
    char *csv = testing_read(testing_path(part, out, "draws.csv"), NULL);
    ck_assert_uint_eq(program_count_lines(csv), 61);
    ck_assert_ptr_eq(strstr(csv, "draw,state,growth_scale,onset,parity,blow_up"), csv);
    free(csv);
    json_t *summary = json_load_file(testing_path(part, out, "summary.json"), 0, NULL);
    ck_assert(json_is_true(json_object_get(summary, "complete")));
    json_decref(summary);
}
END_TEST

START_TEST(a_file_without_the_block_is_refused)
{
    program_run(&p, "growth", "forecast", "scenarios/solow.yaml");
    assert_code(&p, 3);
    assert_contains(p.errors, "no block forecast");
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
}
END_TEST

START_TEST(interrupted_it_keeps_what_it_has)
{
    json_t *summary = NULL;
    for (int try = 0; try < 6 && !summary; try++) {
        double wait = pow(1.7, try);
        program_start(&p, (const char *const[]){"growth", "forecast", file, "--set", "forecast.draws=100000", "--out",
                                                out, NULL});
        nanosleep(&(struct timespec){.tv_sec = (time_t)wait, .tv_nsec = (long)(1e9 * fmod(wait, 1))}, NULL);
        kill(p.child, SIGINT);
        program_finish(&p);
        summary = json_load_file(testing_path(part, out, "summary.json"), 0, NULL);
    }
    assert_code(&p, 130);
    ck_assert_ptr_nonnull(summary);
    ck_assert(json_is_false(json_object_get(summary, "complete")));
    const json_t *run = json_array_get(json_object_get(summary, "runs"), 0);
    ck_assert(json_is_false(json_object_get(run, "complete")));
    ck_assert_int_gt(json_integer_value(json_object_get(run, "done")), 0);
    ck_assert_int_lt(json_integer_value(json_object_get(run, "done")), 100000);
    assert_contains(p.text, "Interrupted: only ");
    json_decref(summary);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forecast_cli");
    TCase *c = tcase_create("command");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, tables_say_what_it_means);
    tcase_add_test(c, json_depends_on_the_seed_alone);
    tcase_add_test(c, folder_holds_everything);
    tcase_add_test(c, a_file_without_the_block_is_refused);
    tcase_add_test(c, interrupted_it_keeps_what_it_has);
    suite_add_tcase(suite, c);
    return testing_main(suite);
}
