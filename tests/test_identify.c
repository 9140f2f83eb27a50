/* Identification: bits and verdicts of profiles in closed form; a planted onset that the data hold found bounded, one
 * that they cannot hold not; the same for any number of threads. */
#include "growth/identify/figures.h"
#include "growth/identify/identify.h"
#include "growth/variable.h"
#include "tests/testing.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- without a model ---------------------------------------------------------------------------------------------- */

enum { FINE = 24 };

/* A quadratic profile is a Gaussian posterior; over a wide uniform prior of width w the divergence is
 * log2(w/(sd sqrt(2 pi e))). */
START_TEST(bits_of_a_gaussian)
{
    static const double sds[] = {8, 12, 20};
    double date[FINE], drop[FINE], sd = sds[_i], from = 1900, to = 2100;
    for (int i = 0; i < FINE; i++) {
        double z = -4.5 + 9.0 * i / (FINE - 1);
        date[i] = 2000 + z * sd;
        drop[i] = z * z;
    }
    double expected = log2((to - from) / (sd * sqrt(2 * M_PI * M_E)));
    assert_close(identify_bits(FINE, date, drop, from, to), expected, 0.01, 1);
}
END_TEST

/* A step: k of n equal parts of the prior are left, log2(n/k) bits. Nothing learnt: none. */
START_TEST(bits_of_a_step_and_of_nothing)
{
    const double date[] = {2000, 2024.9, 2025.1, 2100}, step[] = {200, 200, 0, 0}, flat[] = {1, 1, 1, 1};
    assert_close(identify_bits(4, date, step, 2000, 2100), log2(100.0 / 75), 0.01, 1);
    assert_close(identify_bits(4, date, flat, 2000, 2100), 0, 1e-12, 1);
    const double unknown[] = {NAN, NAN, NAN, NAN};
    ck_assert(isnan(identify_bits(4, date, unknown, 2000, 2100)));
}
END_TEST

START_TEST(verdicts_of_profiles)
{
    const double date[] = {2000, 2010, 2020, 2030, 2040};
    const double valley[] = {16, 4, 0, 4, 16}, left[] = {16, 4, 0, 0, 0}, right[] = {0, 0, 0, 4, 16},
                 flat[] = {1, 0, 0, 1, 2}, gap[] = {16, NAN, 0, NAN, 16}, high[] = {20, 15, 12, 10, 9};
    double low, up;
    ck_assert_int_eq(identify_verdict(5, date, valley, INFINITY, &low, &up), PROFILE_BOUNDED);
    assert_close(low, 2010.3, 0.5 / 2010, 0);
    assert_close(up, 2029.7, 0.5 / 2030, 0);
    /* never is not excluded: nothing is bounded above */
    ck_assert_int_eq(identify_verdict(5, date, valley, 2, &low, &up), PROFILE_BELOW_ONLY);
    ck_assert_int_eq(identify_verdict(5, date, left, INFINITY, &low, &up), PROFILE_BELOW_ONLY);
    ck_assert(isnan(up));
    ck_assert_int_eq(identify_verdict(5, date, right, INFINITY, &low, &up), PROFILE_ABOVE_ONLY);
    ck_assert_int_eq(identify_verdict(5, date, flat, INFINITY, &low, &up), PROFILE_FLAT);
    ck_assert_int_eq(identify_verdict(5, date, gap, INFINITY, &low, &up), PROFILE_BOUNDED);
    /* all dates are excluded, only never is left */
    ck_assert_int_eq(identify_verdict(5, date, high, 0, &low, &up), PROFILE_BELOW_ONLY);
    ck_assert_double_eq(low, 2040);
}
END_TEST

/* --- planted ------------------------------------------------------------------------------------------------------ */

static struct identify problem;
static struct identify_profile profile;

static struct identify_settings settings(const struct model *m)
{
    return (struct identify_settings){.variable = variable_find(m, "machine_ratio"),
                                      .level = 1,
                                      .thin = 3,
                                      .before = 40,
                                      .after = 120,
                                      .sudden = 30,
                                      .gradual = 5,
                                      .onset = 2035,
                                      .watch = 25,
                                      .replicates = 2};
}

static void add_free(struct fit *f, const char *key, double low, double high)
{
    const struct model *m = f->base.model;
    struct fit_parameter *p = fit_add_parameter(f, FIT_MODEL, param_find(m->params, m->n_params, key));
    ck_assert_ptr_nonnull(p);
    p->low = low;
    p->high = high;
    p->logarithmic = low > 0;
}

/* stpk's own parameters, but machines that come suddenly, half of research theirs in `onset`; output with 2 % of noise,
 * every five years up to `end`. */
static void plant(double onset, double end, uint64_t seed)
{
    enum { MOST = 60 };
    struct simulation s;
    struct fit f;
    struct error e = {0};
    const struct model *m = model_find("stpk");
    double year[MOST], value[MOST], log_ratio, z[FIT_MAX_PARAMETERS];
    size_t n = 0, zeta = param_find(m->params, m->n_params, "machine_exponent"),
           eta = param_find(m->params, m->n_params, "machine_efficiency"), output = variable_find(m, "Y");
    ck_assert_int_eq(simulation_init(&s, m, -10000, 2400, &e), STATUS_OK);
    s.rtol = 1e-7;
    s.p[zeta] = 30;
    s.p[eta] = 1e-200;
    fit_init(&f, "planted", &s);
    f.shoots = true;
    f.shot = (struct solve_target){.parameter = param_find(m->params, m->n_params, "technology_rate"),
                                   .variable = output,
                                   .year = 1950,
                                   .value = 4150};
    add_free(&f, "technology_returns", -2, -0.1);
    add_free(&f, "machine_efficiency", 1e-300, 1);
    add_free(&f, "machine_exponent", 0, 120);
    fit_add_parameter(&f, FIT_LEVEL, 0);
    for (; 1900 + 5 * (double)n <= end && n < MOST; n++) {
        year[n] = 1900 + 5 * (double)n;
        value[n] = 1;
    }
    ck_assert_int_eq(fit_add_target(&f, "Y", output, n, year, value, 0.02, &e), STATUS_OK);
    ck_assert_int_eq(fit_prepare(&f, &e), STATUS_OK);
    struct fit_evaluator v;
    fit_evaluator_init(&v, &f, NULL);
    fit_first(&f, z);
    ck_assert_int_eq(fit_predict(&v, z, variable_find(m, "machine_ratio"), onset, &log_ratio, NULL), 0);
    z[1] -= log_ratio;
    f.base.p[eta] = f.parameters[1].value = exp(z[1]);
    for (size_t i = 0; i < n; i++)
        f.targets[0].value[i] = 0;
    ck_assert_int_eq(fit_make_up_data(&f, z, seed), 0);
    const struct identify_settings how = settings(m);
    ck_assert_msg(!identify_init(&problem, &f, &how, "machine_efficiency", "machine_exponent", false, NULL, &e), "%s",
                  e.message);
}

static void clear(void)
{
    identify_clear(&problem);
}

START_TEST(a_planted_onset_that_the_data_hold_is_bounded)
{
    struct error e = {0};
    plant(2035, 2060, testing_seed());
    problem.settings.thin = 1;
    ck_assert_msg(!identify_profile_compute(&problem, "free", NAN, NAN, 0, NULL, &profile, &e), "%s", e.message);
    ck_assert_int_eq(profile.verdict, PROFILE_BOUNDED);
    ck_assert_double_lt(profile.low, 2035 + 6); /* a 95 % interval misses now and then, but not by much */
    ck_assert_double_gt(profile.high, 2035 - 6);
    ck_assert_double_lt(profile.high - profile.low, 25);
    ck_assert_double_gt(profile.never.drop, 50);
    ck_assert_double_gt(profile.bits, 2);
    for (size_t i = 0; i < profile.n; i++) /* each point does what its condition says */
        if (profile.points[i].fitted && profile.points[i].drop < 50) {
            struct fit_evaluator v;
            double log_ratio;
            fit_evaluator_init(&v, &problem.fit, NULL);
            ck_assert_int_eq(fit_predict(&v, profile.points[i].z, problem.settings.variable, profile.points[i].date,
                                         &log_ratio, NULL),
                             0);
            ck_assert_double_lt(fabs(log_ratio), 0.3);
        }
}
END_TEST

START_TEST(a_planted_onset_beyond_the_data_is_not)
{
    struct error e = {0};
    plant(2080, 2000, testing_seed());
    ck_assert_msg(!identify_profile_compute(&problem, "free", NAN, NAN, 0, NULL, &profile, &e), "%s", e.message);
    ck_assert(profile.verdict == PROFILE_BELOW_ONLY || profile.verdict == PROFILE_FLAT);
    ck_assert(isnan(profile.high));
    ck_assert(isnan(profile.low) || profile.low < 2005);
    ck_assert_double_lt(profile.never.drop, 3.84);
    ck_assert_double_lt(profile.bits_ahead, 0.3);
}
END_TEST

/* With the data of 2060 cut off in 2000, the onset of 2035 is out of sight again. */
START_TEST(a_data_stop_forgets)
{
    struct error e = {0};
    plant(2035, 2060, testing_seed());
    ck_assert_msg(!identify_profile_compute(&problem, "stop", 2000, NAN, 0, NULL, &profile, &e), "%s", e.message);
    ck_assert_double_eq(profile.end, 2000);
    ck_assert(profile.verdict != PROFILE_BOUNDED);
    ck_assert_double_lt(profile.never.drop, 3.84);
}
END_TEST

/* The level that is shot at lies in 1950. With the data of 1930 an onset before that year is no less possible; what is
 * assumed of 2040 (absurdly little output) was not known then. */
START_TEST(a_data_stop_before_the_level_that_is_shot_at)
{
    struct error e = {0};
    const double late = 2040, little = 1;
    plant(2035, 2060, testing_seed());
    ck_assert_int_eq(fit_add_target(&problem.fit, "assumed", variable_find(problem.fit.base.model, "Y"), 1, &late,
                                    &little, 0.01, &e),
                     STATUS_OK);
    problem.fit.targets[problem.fit.n_targets - 1].assumed = true;
    ck_assert_msg(!identify_profile_compute(&problem, "stop", 1930, NAN, 0, NULL, &profile, &e), "%s", e.message);
    ck_assert_double_eq(profile.shot.year, 1930);
    for (size_t i = 0; i < profile.n; i++)
        ck_assert_msg(profile.points[i].fitted || profile.points[i].date <= 1930, "%g", profile.points[i].date);
    ck_assert_double_lt(profile.never.cost, 100);
}
END_TEST

START_TEST(threads_change_nothing)
{
    struct identify_profile other;
    plant(2035, 2060, 11);
    ck_assert_int_eq(identify_profile_compute(&problem, "free", NAN, 30, 1, NULL, &profile, NULL), STATUS_OK);
    ck_assert_int_eq(identify_profile_compute(&problem, "free", NAN, 30, 3, NULL, &other, NULL), STATUS_OK);
    for (size_t i = 0; i < profile.n; i++)
        ck_assert(profile.points[i].drop == other.points[i].drop ||
                  (isnan(profile.points[i].drop) && isnan(other.points[i].drop)));
}
END_TEST

/* A sudden onset shows about when it is there. */
START_TEST(an_onset_shows_when_it_is_there)
{
    struct identify_detection d;
    struct error e = {0};
    plant(2035, 2010, 5);
    ck_assert_msg(!identify_detect(&problem, "free", NAN, 0, NULL, &d, &e), "%s", e.message);
    ck_assert_uint_eq(d.n, 2);
    ck_assert_double_ge(d.year[0], 2025);
    ck_assert_double_le(d.year[1], 2045);
    ck_assert_double_gt(d.share_then, d.share_now);
    ck_assert_double_gt(d.share_then, 0.01);
}
END_TEST

/* A search that ends in a valley of its own leaves a step in the profile (one of 6.5 at 2017 here): such a date is
 * fitted again from its neighbour. */
START_TEST(a_profile_has_no_steps)
{
    char folder[TESTING_PATH], file[TESTING_PATH], here[TESTING_PATH], text[TESTING_PATH + 600];
    struct scenario scenario = {0};
    struct error e = {0};
    testing_folder(folder);
    ck_assert_ptr_nonnull(realpath("tests/scenarios/set-ii.yaml", here));
    snprintf(text, sizeof text,
             "extends: %s\ntime: {from: 10000 BCE, to: 2100}\nfit:\n  level: held\n  free:\n"
             "    - {parameter: technology_returns, low: -2, high: -0.3, prior: -0.85, spread: 0.1}\n  targets:\n"
             "    - {series: firstworld_gdp, variable: Y, from: 1950, error: 0.05, correlation: 5}\n"
             "solve: {parameter: technology_rate, variable: Y, at: 1950, value: 3300}\n"
             "identify: {before: 15, after: 60}\n",
             here);
    testing_write(testing_path(file, folder, "f.yaml"), text);
    ck_assert_msg(!identify_read(file, NULL, 0, NULL, &scenario, &problem, &e), "%s", e.message);
    ck_assert_msg(!identify_profile_compute(&problem, "free", NAN, NAN, 0, NULL, &profile, &e), "%s", e.message);
    for (size_t i = 1; i + 1 < profile.n; i++) {
        const struct identify_point *p = &profile.points[i];
        ck_assert_msg(p->drop < fmax(p[-1].drop, p[1].drop) + 1, "%g: %g", p->date, p->drop);
    }
    scenario_clear(&scenario);
}
END_TEST

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static struct identify_result result;

static void end(void)
{
    identify_result_clear(&result);
    clear();
}

static void ask_for_everything(void)
{
    struct identify_settings *s = &problem.settings;
    s->stops[0] = 2000;
    s->n_stops = s->n_baselines = s->replicates = 1;
    s->baselines[0] = (struct identify_baseline){baseline_find("exponential"), "firstworld_gdp", 1820};
    s->watch = 8;
}

static size_t count_rows(struct table *t)
{
    size_t n = table_rows(t);
    table_free(t);
    return n;
}

static json_t *part(const char *path, json_t *of)
{
    return json_object_get(of, path);
}

/* Of first-world output from a year to the last, from the file's own rows. */
static double growth_since(double year)
{
    struct series s;
    double first = NAN;
    ck_assert_int_eq(series_load("firstworld_gdp", &s, NULL), STATUS_OK);
    for (size_t i = 0; i < s.n; i++)
        if (s.year[i] == year)
            first = s.value[i];
    double growth = log(s.value[s.n - 1] / first) / (s.year[s.n - 1] - year);
    series_clear(&s);
    return growth;
}

START_TEST(every_part_comes_out)
{
    struct error e = {0};
    char text[1600];
    plant(2035, 2010, 7);
    ask_for_everything();
    ck_assert_msg(!identify_run(&problem, 0, NULL, &result, &e), "%s", e.message);
    ck_assert(result.complete && result.has_gradual && result.has_detection);
    ck_assert_uint_eq(count_rows(identify_profile_table(&result)), result.free.n + 1); /* and never */
    ck_assert_uint_eq(count_rows(identify_verdict_table(&result)), 3);                 /* free, gradual, one stop */
    ck_assert_uint_eq(count_rows(identify_rolling_table(&result)), 1);
    ck_assert_uint_eq(count_rows(identify_baselines_table(&result)), 1);
    ck_assert_uint_eq(count_rows(identify_detection_table(&result)), 2);
    ck_assert_uint_eq(count_rows(identify_spectrum_table(&result)), problem.fit.n_parameters);
    for (size_t i = 1; i < result.spectrum.k; i++)
        ck_assert_double_le(result.spectrum.singular[i], result.spectrum.singular[i - 1]);
    struct figure *figures[] = {figure_of_identify(&result, "identify"), figure_of_stops(&result)};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_ptr_nonnull(figures[i]);
        figure_free(figures[i]);
    }
    identify_to_text(&result, text, sizeof text);
    ck_assert_msg(strstr(text, "bits on a date between") && strstr(text, "A sudden onset in 2035 would show"), "%s",
                  text);
    json_t *o = identify_to_json(&result), *stop = json_array_get(part("stops", o), 0);
    ck_assert(json_is_true(part("complete", o)));
    ck_assert_uint_eq(json_array_size(part("points", part("profile", o))), result.free.n);
    ck_assert_double_eq(json_number_value(part("stop", stop)), 2000);
    json_t *line = json_array_get(part("baselines", stop), 0);
    ck_assert(json_is_true(part("fitted", line)));
    assert_close(json_number_value(part("actual", line)), growth_since(2000), 1e-12, 0);
    ck_assert(json_is_number(part("median", part("detection", o))));
    ck_assert_uint_eq(json_array_size(part("fisher_spectrum", o)), problem.fit.n_parameters);
    json_decref(o);
}
END_TEST

static void note(void *context, double fraction, const char *what)
{
    (void)fraction;
    if (strstr(what, "detection"))
        *(bool *)context = true;
}

static bool noted(void *context)
{
    return *(bool *)context;
}

/* Asked to stop before the last part, the rest is there and says that it is not all. */
START_TEST(interrupted_it_keeps_what_is_done)
{
    struct error e = {0};
    char text[1600];
    bool stop = false;
    const struct reporter reporter = {.progress = note, .stop_requested = noted, .context = &stop};
    plant(2035, 2010, 7);
    ask_for_everything();
    ck_assert_int_eq(identify_run(&problem, 0, &reporter, &result, &e), STATUS_INTERRUPTED);
    ck_assert(!result.complete && !result.has_detection && result.has_gradual);
    ck_assert_uint_eq(result.rolling.n_stops, 1);
    ck_assert_ptr_nonnull(strstr(identify_to_text(&result, text, sizeof text), "Interrupted: the rest is missing."));
    json_t *o = identify_to_json(&result);
    ck_assert(json_is_false(part("complete", o)) && json_is_null(part("detection", o)));
    json_decref(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identify");
    TCase *c = tcase_create("curves"), *planted = tcase_create("planted"), *all = tcase_create("all");
    tcase_add_loop_test(c, bits_of_a_gaussian, 0, 3);
    tcase_add_test(c, bits_of_a_step_and_of_nothing);
    tcase_add_test(c, verdicts_of_profiles);
    tcase_set_timeout(planted, 240);
    tcase_add_checked_fixture(planted, NULL, clear);
    tcase_add_test(planted, a_planted_onset_that_the_data_hold_is_bounded);
    tcase_add_test(planted, a_planted_onset_beyond_the_data_is_not);
    tcase_add_test(planted, a_data_stop_forgets);
    tcase_add_test(planted, a_data_stop_before_the_level_that_is_shot_at);
    tcase_add_test(planted, threads_change_nothing);
    tcase_add_test(planted, an_onset_shows_when_it_is_there);
    tcase_add_test(planted, a_profile_has_no_steps);
    tcase_set_timeout(all, 240);
    tcase_add_checked_fixture(all, NULL, end);
    tcase_add_test(all, every_part_comes_out);
    tcase_add_test(all, interrupted_it_keeps_what_is_done);
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, all);
    suite_add_tcase(suite, planted);
    return testing_main(suite);
}
