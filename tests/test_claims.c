/* growth/claims: what they are made of, planted truths, known answers, and the command. */
#include "growth/claims/claims.h"
#include "growth/claims/members.h"
#include "growth/claims/rivals.h"
#include "solver/random.h"
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 400 };

/* Rows of the test's own. */
struct made {
    double year[MOST], value[MOST], weight[MOST];
    struct baseline_rows rows;
};

/* Yearly from 1900: ln value(year) plus an AR(1) of standard deviation `noise` and correlation rho. */
static void make(struct made *m, size_t n, double (*log_value)(double year), double noise, double rho, uint64_t seed)
{
    struct random_stream r = random_stream(seed, 0);
    double state = noise * random_normal(&r);
    m->rows =
        (struct baseline_rows){.n = n, .n_fit = n, .year = m->year, .value = m->value, .weight = m->weight, .scale = 1};
    for (size_t i = 0; i < n; i++) {
        m->year[i] = 1900 + (double)i;
        m->value[i] = exp(log_value(m->year[i]) + state);
        m->weight[i] = 1;
        state = rho * state + noise * sqrt(1 - rho * rho) * random_normal(&r);
    }
}

static double planted_hyperbola(double year)
{
    return -1.2 * log(2040 - year);
}

static double planted_line(double year)
{
    return 0.02 * (year - 1900);
}

static double planted_bend(double year)
{
    double t = year - 1950;
    return 0.03 * t - 0.0002 * t * t;
}

START_TEST(a_planted_power_law_wins)
{
    static struct made m;
    static struct contest c;
    make(&m, 130, planted_hyperbola, 0.01, 0.8, testing_seed());
    contest_run(&m.rows, NULL, 0, &c);
    ck_assert(!c.score[RIVAL_HYPERBOLA].ran_away);
    ck_assert(c.score[RIVAL_HYPERBOLA].aic < c.score[RIVAL_EXPONENTIAL].aic - 10);
    ck_assert(contest_excess(&c, RIVAL_HYPERBOLA, false, NULL) < 4);
    ck_assert(c.score[RIVAL_HYPERBOLA].held_rms < c.score[RIVAL_EXPONENTIAL].held_rms);
}
END_TEST

START_TEST(a_planted_exponential_and_a_bend_do_not_look_like_one)
{
    static struct made m;
    static struct contest c;
    uint64_t seed = testing_seed();
    enum rival best = N_RIVALS;
    make(&m, 100, planted_line, 0.03, 0.5, seed);
    contest_run(&m.rows, NULL, 0, &c);
    ck_assert(c.score[RIVAL_EXPONENTIAL].aic < c.score[RIVAL_HYPERBOLA].aic + 6);
    make(&m, 100, planted_bend, 0.03, 0.5, seed);
    contest_run(&m.rows, NULL, 0, &c);
    ck_assert(c.score[RIVAL_HYPERBOLA].ran_away);
    ck_assert(contest_excess(&c, RIVAL_HYPERBOLA, false, &best) > 10);
    ck_assert(best == RIVAL_QUADRATIC || best == RIVAL_LOGISTIC);
    ck_assert(contest_excess(&c, RIVAL_HYPERBOLA, true, NULL) > 10);
}
END_TEST

/* The model's path times a factor: with the true path it wins, and its score is that of the residuals alone. */
START_TEST(the_model_is_held_against_its_own_path)
{
    static struct made m;
    static struct contest c;
    static double path[MOST];
    make(&m, 100, planted_bend, 0.02, 0.5, testing_seed());
    for (size_t i = 0; i < 100; i++)
        path[i] = 17 * exp(planted_bend(m.year[i]));
    struct contest_model model = {.path = path, .early = {path, path, path, path, path}};
    contest_run(&m.rows, &model, 0, &c);
    ck_assert(c.score[RIVAL_MODEL].fitted);
    ck_assert(c.score[RIVAL_MODEL].aic < c.score[RIVAL_EXPONENTIAL].aic - 10);
    ck_assert(c.score[RIVAL_MODEL].aic < c.score[RIVAL_QUADRATIC].aic + 6);
    ck_assert(c.score[RIVAL_MODEL].held_rms < 0.1);
    ck_assert(c.score[RIVAL_MODEL].rolling_rms < 0.1);
    double aic = c.score[RIVAL_MODEL].aic, independent = c.score[RIVAL_MODEL].aic_independent;
    model.parameters = 25; /* each counts 2 */
    contest_run(&m.rows, &model, 0, &c);
    assert_close(c.score[RIVAL_MODEL].aic, aic + 50, 1e-9, 0);
    assert_close(c.score[RIVAL_MODEL].aic_independent, independent + 50, 1e-9, 0);
    path[50] = NAN;
    contest_run(&m.rows, &model, 0, &c);
    ck_assert(!c.score[RIVAL_MODEL].fitted && isnan(c.score[RIVAL_MODEL].held_rms));
}
END_TEST

static double line_with_a_step(double year)
{
    return planted_line(year) + (year > 1980 ? log(1.1) : 0);
}

/* 1900 to 2000: origins in 1950, 60, 70 and 80, twenty years predicted from each. A step of 10 % after 1980 is missed
 * in ten of the years from 1970 and in all twenty from 1980, by an exponential that fits the rest exactly. */
START_TEST(origins_that_roll_on)
{
    static struct made m;
    static struct contest c;
    make(&m, 101, line_with_a_step, 1e-7, 0, testing_seed());
    contest_run(&m.rows, NULL, 0, &c);
    ck_assert_uint_eq(c.n_rolling, 80);
    assert_close(c.score[RIVAL_EXPONENTIAL].rolling_rms, log(1.1) * sqrt(30.0 / 80), 1e-4, 0);
    ck_assert_uint_eq(c.n_held, 34); /* 1966 2/3 and later: all but 1967 to 1980 wrong */
    assert_close(c.score[RIVAL_EXPONENTIAL].held_rms, log(1.1) * sqrt(20.0 / 34), 1e-4, 0);
}
END_TEST

/* p of a true power law is spread evenly, whatever the correlation of its errors; a bend gives the least there is. */
START_TEST(blocks_of_residuals)
{
    enum { SETS = 12, REPLICATES = 99 };
    static struct made m;
    uint64_t seed = testing_seed();
    size_t low = 0;
    double sum = 0;
    for (size_t i = 0; i < SETS; i++) {
        make(&m, 101, planted_hyperbola, 0.02, 0.6, seed + i);
        double p = contest_bootstrap(&m.rows, REPLICATES, seed);
        ck_assert(p >= 1.0 / (1 + REPLICATES) && p <= 1);
        low += p <= 0.05;
        sum += p;
    }
    ck_assert_msg(low <= 4, "%zu of 12 true power laws refused", low); /* 5 % of 12; more than 4 in 1 of 6000 */
    assert_close(sum / SETS, 0.5, 0.36, 1);                            /* 0.5 +- 0.083 */
    make(&m, 101, planted_bend, 0.02, 0.6, seed);
    assert_close(contest_bootstrap(&m.rows, REPLICATES, seed), 1.0 / (1 + REPLICATES), 1e-12, 0);
    ck_assert_double_eq(contest_bootstrap(&m.rows, REPLICATES, seed), contest_bootstrap(&m.rows, REPLICATES, seed));
}
END_TEST

/* Verdict (b) follows the profiles. */
START_TEST(verdicts_on_the_onset)
{
    const struct identify_profile flat = {.verdict = PROFILE_FLAT, .bits_ahead = 0.1},
                                  known = {.verdict = PROFILE_BOUNDED, .bits_ahead = 3},
                                  hint = {.verdict = PROFILE_BELOW_ONLY, .bits_ahead = 0.8};
    ck_assert_int_eq(claim_b_verdict(&flat, &flat), VERDICT_HOLDS);
    ck_assert_int_eq(claim_b_verdict(&flat, &known), VERDICT_IN_PART);
    ck_assert_int_eq(claim_b_verdict(&flat, &hint), VERDICT_IN_PART);
    ck_assert_int_eq(claim_b_verdict(&known, &flat), VERDICT_FAILS);
    ck_assert_int_eq(claim_b_verdict(&hint, &hint), VERDICT_FAILS);
}
END_TEST

/* Known of these data: 1950-2016 the best hyperbola runs away to an exponential and the log-quadratic curvature is
 * negative in all five; from 1820 on the hyperbola beats the exponential. */
START_TEST(five_countries)
{
    static const char *const series[] = {"gdppc_usa_maddison2023", "gdppc_gbr_maddison2023", "gdppc_fra_maddison2023",
                                         "gdppc_deu_maddison2023", "gdppc_jpn_maddison2023"};
    struct baseline_options o = baseline_options_default();
    struct baseline_fit power, line, bend;
    struct track t;
    ck_assert_int_eq(track_load(series[_i], "country", &t, NULL), STATUS_OK);
    while (t.rows.year[t.rows.n - 1] > 2016)
        t.rows.n--;
    struct baseline_rows late = track_since(&t, 1950), early = track_since(&t, 1820);
    ck_assert_int_eq(baseline_fit(baseline_find("hyperbola"), &late, &o, &power, NULL), STATUS_OK);
    ck_assert_int_eq(baseline_fit(baseline_find("log-quadratic"), &late, &o, &bend, NULL), STATUS_OK);
    ck_assert(power.at_bound && isnan(power.blow_up));
    ck_assert(bend.param[2] < -3 * bend.error[2]);
    ck_assert_int_eq(baseline_fit(baseline_find("hyperbola"), &early, &o, &power, NULL), STATUS_OK);
    ck_assert_int_eq(baseline_fit(baseline_find("exponential"), &early, &o, &line, NULL), STATUS_OK);
    ck_assert(!power.at_bound && power.aic < line.aic - 10);
    track_clear(&t);
}
END_TEST

START_TEST(tracks)
{
    struct track t, world;
    double mean, error;
    static struct made m;
    ck_assert_int_eq(track_load_ratio("firstworld_gdp", "firstworld_population", 1e6, "per head", &t, NULL), STATUS_OK);
    assert_close(exp(track_log_at(&t, 1)), 16.081e9 / 29170.0e3, 1e-12, 0); /* first rows of both files */
    assert_close(exp(track_log_at(&t, 2022)), 26980.866e9 / 949117.85e3, 1e-12, 0);
    assert_close(track_growth(&t, 1, 2022), log(26980.866 / 949.11785 * 29.170 / 16.081) / 2021, 1e-12, 0);
    ck_assert(isnan(track_growth(&t, 0, 2022)) && isnan(track_growth(&t, 1950, 2030)));
    ck_assert(!track_mean_growth(&t, 1820, 1870, &mean, &error) && isnan(error)); /* not annual there */
    ck_assert_uint_eq(track_since(&t, 2000).n, 23);
    ck_assert_int_eq(track_load_ratio("world_gdp_spliced", "world_population", 1e3, "world", &world, NULL), STATUS_OK);
    assert_close(exp(track_log_at(&world, 2019)), 9.5e3, 0.03, 0); /* Maddison dollars per head */
    track_clear(&t);
    track_clear(&world);
    /* growth that alternates between 1 and 3 %: autocovariances 1e-4 (-1)^lag (n - lag)/n, Bartlett weights to lag 5 */
    make(&m, 25, planted_line, 0, 0, 0);
    double level = 0, sum = 1, n = 24;
    for (size_t i = 0; i < 25; i++) {
        m.value[i] = exp(level);
        level += i % 2 ? 0.03 : 0.01;
    }
    for (int lag = 1; lag <= 5; lag++)
        sum += 2 * (1 - lag / 6.0) * (lag % 2 ? -1 : 1) * (n - lag) / n;
    struct track made = {.rows = m.rows};
    ck_assert(track_mean_growth(&made, 1900, 1924, &mean, &error));
    assert_close(mean, 0.02, 1e-12, 0);
    assert_close(error, 0.01 * sqrt(sum / n), 1e-9, 0);
}
END_TEST

/* The shipped scenarios are there wherever a user keeps data of their own. */
START_TEST(scenarios_do_not_hang_on_the_data_folder)
{
    char folder[TESTING_PATH], path[TESTING_PATH];
    testing_folder(folder);
    setenv("GEARS_DATA", folder, 1);
    ck_assert_int_eq(track_scenario_path("frontier.yaml", path, sizeof path, NULL), STATUS_OK);
    ck_assert(testing_exists(path));
    ck_assert_int_eq(track_scenario_path("fits/frontier.yaml", path, sizeof path, NULL), STATUS_OK);
    ck_assert(testing_exists(path));
    ck_assert_int_eq(track_scenario_path("nobodys.yaml", path, sizeof path, NULL), STATUS_FAILED);
    ck_assert_int_eq(track_scenario_path("fits/../../README.md", path, sizeof path, NULL), STATUS_FAILED);
    unsetenv("GEARS_DATA");
}
END_TEST

/* --- the command -------------------------------------------------------------------------------------------------- */

static struct program p;

static json_t *claim_as_json(const char *name)
{
    p.seconds = 280;
    program_run(&p, "growth", "claims", "--claim", name, "--json");
    assert_code(&p, 0);
    json_t *json = json_loads(p.text, 0, NULL);
    ck_assert_ptr_nonnull(json);
    json_t *run = json_incref(json_array_get(json_object_get(json, "runs"), 0));
    ck_assert_str_eq(json_string_value(json_object_get(run, "name")), name);
    ck_assert(strlen(json_string_value(json_object_get(run, "sentence"))) > 100);
    json_decref(json);
    program_clear(&p);
    return run;
}

/* Growth from the files' own rows: GDP 1950, 1973, 2000, 2019. */
START_TEST(claim_a_says_what_the_files_say)
{
    json_t *run = claim_as_json("a"), *periods = json_object_get(run, "periods");
    struct series s;
    double at[4] = {0};
    static const double years[] = {1950, 1973, 2000, 2019};
    ck_assert_int_eq(series_load("firstworld_gdp", &s, NULL), STATUS_OK);
    for (size_t i = 0; i < s.n; i++)
        for (int k = 0; k < 4; k++)
            if (s.year[i] == years[k])
                at[k] = s.value[i];
    for (size_t k = 0; k < 3; k++) {
        const json_t *period = json_array_get(periods, 3 + k);
        ck_assert(json_number_value(json_object_get(period, "from")) == years[k]);
        assert_close(json_number_value(json_object_get(period, "output")),
                     log(at[k + 1] / at[k]) / (years[k + 1] - years[k]), 1e-12, 0);
    }
    series_clear(&s);
    ck_assert_str_eq(json_string_value(json_object_get(run, "verdict")), "holds");
    json_decref(run);
}
END_TEST

START_TEST(claim_d_as_json)
{
    json_t *run = claim_as_json("d"), *roodman = json_object_get(json_object_get(run, "roodman"), "world");
    ck_assert(json_number_value(json_object_get(roodman, "B")) > 0.2);
    ck_assert_uint_eq(json_array_size(json_object_get(run, "contests")), 6);
    ck_assert(json_is_string(json_object_get(run, "verdict")));
    json_decref(run);
}
END_TEST

static bool always(void *context)
{
    (void)context;
    return true;
}

/* Every claim looks for a stop, and says in the report that it was not tested to the end. */
START_TEST(a_claim_stops_when_asked)
{
    const struct reporter reporter = {.stop_requested = always};
    const struct claim_request q = {.threads = 1, .reporter = &reporter};
    const struct claim *claim = claim_registry[_i];
    struct report *r = report_new("stopped");
    struct error e = {0};
    ck_assert_int_eq(claims_run(&claim, 1, &q, r, &e), STATUS_INTERRUPTED);
    ck_assert_uint_ge(report_count(r), 2);
    report_free(r);
}
END_TEST

/* Ctrl-C leaves a folder that says what it is. */
START_TEST(interrupted_claims_leave_a_folder)
{
    char folder[TESTING_PATH], out[TESTING_PATH], part[TESTING_PATH];
    testing_folder(folder);
    testing_path(out, folder, "out");
    program_start(&p, (const char *const[]){"growth", "claims", "--claim", "c", "--out", out, NULL});
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    kill(p.child, SIGINT);
    program_finish(&p);
    assert_code(&p, 130);
    assert_contains(p.text, "Interrupted: this claim was not tested to the end.");
    json_t *summary = json_load_file(testing_path(part, out, "summary.json"), 0, NULL);
    ck_assert(json_is_false(json_object_get(summary, "complete")));
    ck_assert(testing_exists(testing_path(part, out, "report.html")));
    json_decref(summary);
    program_clear(&p);
}
END_TEST

/* The help of the command names every claim. */
START_TEST(help_names_the_claims)
{
    program_run(&p, "help", "growth", "claims", "--json");
    assert_code(&p, 0);
    for (size_t i = 0; i < claim_registry_size; i++) {
        assert_contains(p.text, claim_registry[i]->title);
    }
    program_clear(&p);
}
END_TEST

START_TEST(an_unknown_claim)
{
    program_run(&p, "growth", "claims", "--claim", "z");
    assert_code(&p, 2);
    assert_contains(p.errors, "there is no claim 'z'");
    program_clear(&p);
}
END_TEST

START_TEST(claims_stand_in_one_table)
{
    for (size_t i = 0; i < claim_registry_size; i++) {
        ck_assert_ptr_eq(claim_find(claim_registry[i]->name), claim_registry[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert_int_lt(strcmp(claim_registry[k]->name, claim_registry[i]->name), 0);
    }
    ck_assert_ptr_null(claim_find("z"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("claims");
    TCase *parts = tcase_create("parts"), *command = tcase_create("command");
    tcase_set_timeout(parts, 120);
    tcase_set_timeout(command, 300);
    tcase_add_test(parts, a_planted_power_law_wins);
    tcase_add_test(parts, a_planted_exponential_and_a_bend_do_not_look_like_one);
    tcase_add_test(parts, the_model_is_held_against_its_own_path);
    tcase_add_test(parts, origins_that_roll_on);
    tcase_add_test(parts, blocks_of_residuals);
    tcase_add_loop_test(parts, five_countries, 0, 5);
    tcase_add_test(parts, verdicts_on_the_onset);
    tcase_add_test(parts, tracks);
    tcase_add_test(parts, scenarios_do_not_hang_on_the_data_folder);
    tcase_add_test(command, claim_a_says_what_the_files_say);
    tcase_add_test(command, claim_d_as_json);
    tcase_add_loop_test(command, a_claim_stops_when_asked, 0, (int)claim_registry_size);
    tcase_add_test(command, interrupted_claims_leave_a_folder);
    tcase_add_test(command, help_names_the_claims);
    tcase_add_test(command, an_unknown_claim);
    tcase_add_test(command, claims_stand_in_one_table);
    suite_add_tcase(suite, parts);
    suite_add_tcase(suite, command);
    return testing_main(suite);
}
