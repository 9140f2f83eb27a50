/* Forecasts: draws against the closed form of the power law, Y' = s Y^(1+B), Y^-B = Y0^-B - B s t, whose blow-up is at
 * Y0^-B/(B s); levels that were asked for; counts of what failed; threads, interruption. And solve_joint by itself. */
#include "base/text.h"
#include "growth/forecast/forecast.h"
#include "growth/forecast/forecast_private.h"
#include "growth/identify/identify.h"
#include "growth/variable.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POWER_LAW                                                                                                      \
    "kind: growth\nmodel: power-law\ntime: {from: 2000, to: 2100}\ninitial: {Y: 1000}\n"                               \
    "parameters: {growth_scale: 0.001, growth_exponent: 0.5, drift: 0}\n"
static const double Y0 = 1000, B = 0.5, SPAN = 100;

static char folder[TESTING_PATH], path[TESTING_PATH];
static struct scenario scenario;
static struct forecast_setup setup;
static struct forecast result;
static uint64_t seed;

static void begin(void)
{
    testing_folder(folder);
    seed = testing_seed();
}

static void end(void)
{
    forecast_clear(&result);
    forecast_setup_clear(&setup);
    scenario_clear(&scenario);
}

static void read_text(const char *head, const char *block)
{
    char *text = text_format("%s%s", head, block);
    struct error e = {0};
    testing_write(testing_path(path, folder, "forecast.yaml"), text);
    free(text);
    enum status status = scenario_read(path, NULL, 0, NULL, &scenario, &e);
    if (!status)
        status = forecast_setup_init(&setup, &scenario.runs[0], &e);
    ck_assert_msg(!status, "%s", e.message);
}

/* --- against the closed form -------------------------------------------------------------------------------------- */

static double blow_up(double s)
{
    double years = pow(Y0, -B) / (B * s);
    return years <= SPAN ? 2000 + years : INFINITY;
}

START_TEST(blow_ups_are_those_of_the_closed_form)
{
    /* s = 0.0006325 blows up in 2100: ln(0.0006325/0.0004)/ln(10) = 0.199 of the draws never do */
    read_text(POWER_LAW, "forecast:\n  draws: 400\n  today: 2001\n  uncertain:\n"
                         "    - {parameter: growth_scale, distribution: loguniform, low: 0.0004, high: 0.004}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, NULL), STATUS_OK);
    ck_assert_uint_eq(result.count[DRAW_DONE], 400);
    ck_assert(result.complete);
    for (size_t k = 0; k < 400; k++) {
        const struct forecast_draw *d = &result.draws[k];
        double expected = blow_up(d->input[0]), got = d->outcome[OUTCOME_BLOW_UP];
        ck_assert_double_eq(d->parameter[0], d->input[0]);
        ck_assert_int_eq(isinf(got), isinf(expected));
        if (isfinite(expected))
            assert_close(got, expected, 1e-8, 1);
    }
    const struct forecast_summary *s = &result.summary[OUTCOME_BLOW_UP];
    double never = log(pow(Y0, -B) / (B * SPAN) / 0.0004) / log(10);
    ck_assert_uint_eq(s->n, 400);
    assert_close(s->never, never, 4 * sqrt(never * (1 - never) / 400), 1);
    /* falling in s: the quantile at q is the blow-up at the quantile 1 - q of s, whose place moves by sqrt(q(1-q)/n) */
    for (size_t q = 0; q < FORECAST_QUANTILES; q++) {
        double level = forecast_levels[q], error = 4 * sqrt(level * (1 - level) / 400);
        double early = blow_up(0.0004 * pow(10, fmin(1 - level + error, 1))),
               late = blow_up(0.0004 * pow(10, 1 - level - error));
        ck_assert_double_ge(s->quantile[q], early);
        ck_assert_double_le(s->quantile[q], late);
    }
    ck_assert_double_le(s->median_low, s->quantile[3]);
    ck_assert_double_ge(s->median_high, s->quantile[3]);
    /* growth is s Y^B: output doubles in under 10 years from where Y = (ln 2/(10 s))^(1/B) on, at
     * t = (Y0^-B - 10 s/ln 2)/(B s) */
    for (size_t k = 0; k < 400; k++) {
        double scale = result.draws[k].input[0], at = (pow(Y0, -B) - 10 * scale / log(2)) / (B * scale);
        if (isfinite(result.draws[k].outcome[OUTCOME_DOUBLING_10]) && at > 1)
            assert_close(result.draws[k].outcome[OUTCOME_DOUBLING_10], 2000 + at, 1e-6, 1);
    }
}
END_TEST

START_TEST(levels_are_solved_for)
{
    read_text(POWER_LAW,
              "forecast:\n  draws: 20\n  today: 2001\n  uncertain:\n"
              "    - {variable: Y, at: 2010, by: growth_scale, distribution: uniform, low: 1300, high: 1900}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 2, NULL, &result, NULL), STATUS_OK);
    ck_assert_uint_eq(result.count[DRAW_DONE], 20);
    for (size_t k = 0; k < 20; k++) {
        const struct forecast_draw *d = &result.draws[k];
        ck_assert_double_ge(d->input[0], 1300);
        ck_assert_double_le(d->input[0], 1900);
        assert_close(d->parameter[0], (pow(Y0, -B) - pow(d->input[0], -B)) / (B * 10), 1e-4, 0);
    }
}
END_TEST

START_TEST(what_fails_is_counted)
{
    read_text(POWER_LAW, "forecast:\n  draws: 200\n  today: 2001\n  uncertain:\n" /* the model allows up to 5 */
                         "    - {parameter: growth_exponent, distribution: uniform, low: 4, high: 6}\n"
                         "    - {parameter: growth_scale, distribution: loguniform, low: 1e-30, high: 2e-30}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, NULL), STATUS_OK);
    size_t expected = 0;
    for (size_t k = 0; k < 200; k++) {
        bool out = result.draws[k].input[0] > 5;
        expected += out;
        ck_assert_int_eq(result.draws[k].state, out ? DRAW_OUT_OF_RANGE : DRAW_DONE);
    }
    ck_assert_uint_gt(expected, 60); /* 100 +- 7 */
    ck_assert_uint_lt(expected, 140);
    ck_assert_uint_eq(result.count[DRAW_OUT_OF_RANGE], expected);
    ck_assert_uint_eq(result.summary[OUTCOME_BLOW_UP].n, 200 - expected);
    json_t *o = forecast_to_json(&result);
    const json_t *first = json_array_get(json_object_get(o, "failures"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(first, "draws")), (json_int_t)expected);
    ck_assert_str_eq(json_string_value(json_object_get(first, "state")), "out_of_range");
    json_decref(o);
}
END_TEST

/* --- the model of the five phases --------------------------------------------------------------------------------- */

#define STPK                                                                                                           \
    "solver: {rtol: 1e-7}\nsolve: {parameter: technology_rate, variable: Y, at: 1950, value: 3300}\n"                  \
    "time: {from: 10000 BCE, to: 2250}\n"

static void read_stpk(const char *block)
{
    char head[TESTING_PATH + 400], here[TESTING_PATH];
    ck_assert_ptr_nonnull(realpath("tests/scenarios/set-ii.yaml", here));
    snprintf(head, sizeof head, "extends: %s\n%s", here, STPK);
    read_text(head, block);
}

#define BOTH                                                                                                           \
    "    - {variable: machine_progress, at: 2020, by: machine_exponent, distribution: lognormal, low: 0.1, high: "     \
    "0.4}\n"                                                                                                           \
    "    - {variable: machine_ratio, at: 2020, by: machine_efficiency, distribution: lognormal, low: 1e-4, high: "     \
    "1e-1}\n"

/* Every future passes through what it was asked to. */
START_TEST(futures_share_their_past)
{
    read_stpk("forecast:\n  draws: 12\n  today: 2020\n  uncertain:\n" BOTH
              "    - {parameter: substitution, distribution: triangular, low: -6, mode: -3, high: -1}\n"
              "  correlations: [{between: [machine_progress, machine_ratio], rank: -0.3}]\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, NULL), STATUS_OK);
    ck_assert_uint_eq(result.count[DRAW_DONE], 12);
    const struct model *m = scenario.runs[0].simulation.model;
    for (size_t k = 0; k < 12; k++) {
        const struct forecast_draw *d = &result.draws[k];
        struct simulation s = scenario.runs[0].simulation;
        struct trajectory t;
        memcpy(s.p, d->parameter, m->n_params * sizeof *s.p);
        ck_assert_int_eq(growth_run_restart(&s, &scenario.runs[0], NULL), STATUS_OK);
        s.rtol = 1e-10;
        ck_assert_int_eq(simulate(&s, false, NULL, &t, NULL), STATUS_OK);
        assert_close(variable_at(&t, variable_find(m, "Y"), 1950), 3300, 0.02, 0); /* rtol 1e-7 there, 1e-10 here */
        assert_close(variable_at(&t, variable_find(m, "machine_progress"), 2020), d->input[0], 0.02, 0);
        assert_close(log(variable_at(&t, variable_find(m, "machine_ratio"), 2020)), log(d->input[1]), 0.1, 1);
        ck_assert_double_eq(s.p[param_find(m->params, m->n_params, "substitution")], d->input[2]);
        /* half of research on the date of parity, a fifth and nearly all that many years apart */
        double parity = d->outcome[OUTCOME_PARITY];
        assert_close(variable_at(&t, variable_find(m, "machine_share"), parity), 0.5, 0.1, 0);
        ck_assert_double_gt(d->outcome[OUTCOME_TAKEOVER], 0);
        ck_assert_double_gt(d->outcome[OUTCOME_BLOW_UP], parity);
        trajectory_clear(&t);
    }
}
END_TEST

START_TEST(more_machines_earlier_onset)
{
    read_stpk("forecast:\n  draws: 12\n  today: 2020\n  uncertain:\n"
              "    - {variable: machine_ratio, at: 2020, by: machine_efficiency, distribution: lognormal, low: 0.01, "
              "high: 0.2}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, NULL), STATUS_OK);
    ck_assert_double_le(result.swing[0].rank, -0.95); /* levels are met to 1e-3: two draws that close may swap */
    double middle = result.middle.outcome[OUTCOME_ONSET];
    ck_assert_double_gt(result.swing[0].at_10, middle);
    ck_assert_double_lt(result.swing[0].at_90, middle);
    for (size_t k = 0; k < 12; k++) /* the onset is that of the phase table, near the date of parity */
        ck_assert_double_lt(fabs(result.draws[k].outcome[OUTCOME_ONSET] - result.draws[k].outcome[OUTCOME_PARITY]), 25);
}
END_TEST

START_TEST(threads_change_nothing)
{
    struct forecast other;
    read_stpk("forecast:\n  draws: 10\n  today: 2020\n  uncertain:\n" BOTH);
    ck_assert_int_eq(forecast_run(&setup, 7, 1, NULL, &result, NULL), STATUS_OK);
    ck_assert_int_eq(forecast_run(&setup, 7, 3, NULL, &other, NULL), STATUS_OK);
    for (size_t k = 0; k < 10; k++)
        for (size_t i = 0; i < N_OUTCOMES; i++) {
            double a = result.draws[k].outcome[i], b = other.draws[k].outcome[i];
            ck_assert_msg(a == b || (isnan(a) && isnan(b)), "draw %zu, outcome %zu: %.17g, %.17g", k, i, a, b);
        }
    forecast_clear(&other);
    ck_assert_int_eq(forecast_run(&setup, 8, 1, NULL, &other, NULL), STATUS_OK);
    ck_assert_double_ne(result.draws[0].input[0], other.draws[0].input[0]);
    forecast_clear(&other);
}
END_TEST

/* --- what a fit leaves open --------------------------------------------------------------------------------------- */

/* Draws take the fit's parameter sets in turn; what they draw themselves overrides the sets. */
START_TEST(draws_take_the_sets_of_a_fit)
{
    struct error e = {0};
    read_stpk("compare: [{series: firstworld_gdp, variable: Y, from: 1850}]\nfit:\n  level: held\n  free:\n"
              "    - {parameter: capital_share, low: 0.2, high: 0.32, prior: 0.25, spread: 1.05}\n"
              "    - {parameter: technology_returns, low: -2, high: -0.3, prior: -0.85, spread: 0.1}\n"
              "  targets:\n    - {series: firstworld_gdp, variable: Y, from: 1850, error: 0.1, correlation: 10}\n"
              "forecast:\n  draws: 10\n  today: 2020\n  fit: forecast.yaml\n  fit_sets: 4\n  uncertain:\n" BOTH);
    ck_assert_msg(!forecast_run(&setup, seed, 0, NULL, &result, &e), "%s", e.message);
    ck_assert_uint_eq(result.sets.n + result.sets.failed, 4);
    ck_assert_uint_ge(result.sets.n, 3);
    const struct model *m = scenario.runs[0].simulation.model;
    size_t n = result.sets.n ? result.sets.n : 1; /* the analyser does not know what was asserted */
    size_t share = param_find(m->params, m->n_params, "capital_share"), zeta = setup.inputs[0].parameter;
    ck_assert_double_ne(result.sets.p[0][share], result.sets.p[1][share]);
    for (size_t k = 0; k < result.sets.n; k++) {
        ck_assert_double_gt(result.sets.p[k][share], 0.2);
        ck_assert_double_lt(result.sets.p[k][share], 0.32);
    }
    for (size_t k = 0; k < 10; k++) {
        const struct forecast_draw *d = &result.draws[k];
        if (d->state != DRAW_DONE)
            continue;
        assert_close(d->parameter[share], result.sets.p[k % n][share], 1e-12, 0);
        ck_assert_double_ne(d->parameter[zeta], result.sets.p[k % n][zeta]);
        ck_assert_double_lt(d->outcome[OUTCOME_MISFIT], 0.4);
    }
    ck_assert_uint_ge(result.count[DRAW_DONE], 8);
    ck_assert_double_le(result.sets.onset_10, result.sets.onset_90);
}
END_TEST

/* sqrt of the j-th diagonal of (J^T J)^-1 over two columns: what a posterior's standard deviations are where it is
 * narrow. */
static void laplace_errors(const struct identify *q, size_t a, size_t b, double *error_a, double *error_b)
{
    size_t n = fit_count_residuals(&q->fit), k = q->fit.n_parameters;
    double *r = calloc(n * (k + 1), sizeof *r), aa = 0, ab = 0, bb = 0;
    struct fit_evaluator v;
    fit_evaluator_init(&v, &q->fit, NULL);
    ck_assert(r && fit_evaluate(&v, q->z, r, r + n) == 0);
    for (size_t i = 0; i < n; i++) {
        double x = r[n + i * k + a], y = r[n + i * k + b];
        aa += x * x;
        ab += x * y;
        bb += y * y;
    }
    *error_a = sqrt(bb / (aa * bb - ab * ab));
    *error_b = sqrt(aa / (aa * bb - ab * ab));
    free(r);
}

/* The scatter of the sets is the posterior's: with a prior that decides alone, its spread; with none, what the data
 * say, by the curvature at the best fit. 24 sets know a standard deviation to 15 %. */
START_TEST(sets_scatter_as_the_posterior)
{
    enum { SETS = 24 };
    struct error e = {0};
    struct scenario again = {0};
    struct identify problem = {0};
    read_stpk("fit:\n  level: held\n  free:\n"
              "    - {parameter: capital_share, low: 0.2, high: 0.32, prior: 0.25, spread: 1.0005}\n"
              "    - {parameter: technology_returns, low: -3, high: -0.1}\n"
              "  targets:\n    - {series: firstworld_gdp, variable: Y, from: 1850, error: 0.1, correlation: 10}\n"
              "forecast:\n  draws: 10\n  today: 2020\n  fit: forecast.yaml\n  fit_sets: 24\n  uncertain:\n" BOTH);
    ck_assert_msg(!forecast_make_sets(&setup, seed, 0, NULL, &result.sets, &e), "%s", e.message);
    ck_assert_uint_eq(result.sets.n, SETS);
    ck_assert_msg(!identify_read(path, NULL, 0, NULL, &again, &problem, &e), "%s", e.message);
    const struct model *m = scenario.runs[0].simulation.model;
    static const char *const keys[] = {"capital_share", "technology_returns"};
    double expected[2], mean[2] = {0}, square[2] = {0};
    size_t at[2] = {fit_parameter_find(&problem.fit, keys[0]), fit_parameter_find(&problem.fit, keys[1])};
    laplace_errors(&problem, at[0], at[1], &expected[0], &expected[1]);
    assert_close(expected[0], log(1.0005), 0.02, 0);
    for (size_t j = 0; j < 2; j++) {
        size_t index = param_find(m->params, m->n_params, keys[j]);
        for (size_t i = 0; i < SETS; i++)
            mean[j] += fit_coordinate(&problem.fit.parameters[at[j]], result.sets.p[i][index]) / SETS;
        for (size_t i = 0; i < SETS; i++)
            square[j] +=
                pow(fit_coordinate(&problem.fit.parameters[at[j]], result.sets.p[i][index]) - mean[j], 2) / (SETS - 1);
        ck_assert_msg(fabs(log(sqrt(square[j]) / expected[j])) < log(1.8), "%s: %g, not %g", keys[j], sqrt(square[j]),
                      expected[j]);
    }
    assert_close(mean[0], log(0.25), 5 * expected[0] / sqrt(SETS), 1); /* of the other the posterior is skewed */
    identify_clear(&problem);
    scenario_clear(&again);
}
END_TEST

/* A level at another date is another run's. */
START_TEST(a_fit_of_another_run_is_refused)
{
    struct error e = {0};
    char other[TESTING_PATH];
    testing_write(testing_path(other, folder, "other.yaml"),
                  "extends: forecast.yaml\nsolve: {parameter: technology_rate, variable: Y, at: 1940, value: 2500}\n");
    read_stpk("fit:\n  level: held\n  free:\n    - {parameter: capital_share, low: 0.2, high: 0.32}\n"
              "  targets:\n    - {series: firstworld_gdp, variable: Y, from: 1900, error: 0.1, correlation: 10}\n"
              "forecast:\n  draws: 10\n  today: 2020\n  fit: other.yaml\n  fit_sets: 4\n  uncertain:\n" BOTH);
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "other.yaml solves for something else"));
}
END_TEST

static bool always(void *context)
{
    (void)context;
    return true;
}

/* A stop before the first set is there leaves a forecast of no draws, and says so. */
START_TEST(interrupted_while_fitting)
{
    const struct reporter reporter = {.stop_requested = always};
    struct error e = {0};
    char text[1024];
    read_stpk("fit:\n  level: held\n  free:\n    - {parameter: capital_share, low: 0.2, high: 0.32}\n"
              "  targets:\n    - {series: firstworld_gdp, variable: Y, from: 1900, error: 0.1, correlation: 10}\n"
              "forecast:\n  draws: 10\n  today: 2020\n  fit: forecast.yaml\n  fit_sets: 4\n  uncertain:\n" BOTH);
    ck_assert_int_eq(forecast_run(&setup, seed, 0, &reporter, &result, &e), STATUS_INTERRUPTED);
    ck_assert(!result.complete);
    ck_assert_uint_eq(result.count[DRAW_NOT_DONE], 10);
    ck_assert_ptr_nonnull(strstr(forecast_to_text(&result, text, sizeof text), "Interrupted: only 0 of 10 draws"));
}
END_TEST

/* --- interruption ------------------------------------------------------------------------------------------------- */

static bool after_first_batch(void *context)
{
    const struct forecast *f = context;
    return f->draws && f->draws[0].state != DRAW_NOT_DONE;
}

START_TEST(interrupted_draws_are_marked)
{
    const struct reporter reporter = {.stop_requested = after_first_batch, .context = &result};
    struct error e;
    read_text(POWER_LAW, "forecast:\n  draws: 400\n  today: 2001\n  uncertain:\n"
                         "    - {parameter: growth_scale, distribution: loguniform, low: 0.001, high: 0.004}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 1, &reporter, &result, &e), STATUS_INTERRUPTED);
    ck_assert(!result.complete);
    ck_assert_uint_ge(result.count[DRAW_DONE], 1);
    ck_assert_uint_gt(result.count[DRAW_NOT_DONE], 300);
    ck_assert_uint_eq(result.summary[OUTCOME_BLOW_UP].n, result.count[DRAW_DONE]);
    json_t *o = forecast_to_json(&result);
    ck_assert(json_is_false(json_object_get(o, "complete")));
    json_decref(o);
}
END_TEST

/* --- quantiles, anchors, extrapolations --------------------------------------------------------------------------- */

START_TEST(quantiles_with_never)
{
    const double x[] = {1, 2, 4, INFINITY};
    ck_assert_double_eq(forecast_quantile(x, 4, 0), 1);
    assert_close(forecast_quantile(x, 4, 0.5), 3, 1e-12, 1);
    ck_assert_double_eq(forecast_quantile(x, 4, 2.0 / 3), 4);
    ck_assert_double_eq(forecast_quantile(x, 4, 0.7), INFINITY);
    ck_assert_double_eq(forecast_quantile(x, 1, 0.3), 1);
}
END_TEST

START_TEST(anchors_and_extrapolations)
{
    read_text(POWER_LAW, "forecast:\n  today: 2001\n  uncertain:\n"
                         "    - {parameter: growth_scale, distribution: loguniform, low: 0.001, high: 0.004}\n"
                         "  anchors:\n    - {series: gpu_flops_per_dollar_best_epoch, from: 2009, to: 2023}\n"
                         "  extrapolations:\n    - {baseline: roodman, series: world_gdp_roodman2020}\n"
                         "    - {baseline: exponential, series: world_gdp_roodman2020}\n");
    const struct forecast_anchor *a = &setup.anchors[0];
    ck_assert_uint_eq(a->n, 15);
    assert_close(a->last, 4.72727e10, 1e-12, 0);
    /* the same slope and error by tests/reference/trend.awk */
    assert_close(a->trend, 0.1378706389448332, 1e-9, 0);
    assert_close(a->error, 0.012985431884600102, 1e-6, 0);
    /* Roodman 2020: median take-off 2046.80, 5 % 2039.16, 95 % 2058.83 */
    assert_close(setup.extrapolations[0].takeoff[BASELINE_MEDIAN], 2046.80, 0.1 / 2046, 0);
    assert_close(setup.extrapolations[0].takeoff[0], 2039.16, 0.1 / 2039, 0);
    ck_assert(isnan(setup.extrapolations[1].takeoff[BASELINE_MEDIAN]));
}
END_TEST

/* --- blocks that are wrong ---------------------------------------------------------------------------------------- */

static const struct {
    const char *block, *says;
    int line, column;
} wrong[] = {
    {"forecast:\n  uncertain:\n    - {parameter: growth_scales, distribution: uniform, low: 1, high: 2}\n",
     "did you mean 'growth_scale'?", 8, 19},
    {"forecast:\n  uncertain:\n    - {distribution: uniform, low: 1, high: 2}\n", "either a parameter or a variable", 8,
     7},
    {"forecast:\n  uncertain:\n    - {parameter: drift, distribution: uniform, low: 2, high: 1}\n",
     "low 2 is not below high 1", 8, 7},
    {"forecast:\n  uncertain:\n    - {parameter: drift, distribution: lognormal, low: 0, high: 1}\n",
     "a lognormal distribution lies above 0", 8, 56},
    {"forecast:\n  uncertain:\n    - {parameter: drift, distribution: normal, mean: 0, low: 1, sd: 1}\n", "has no low",
     8, 62},
    {"forecast:\n  uncertain:\n    - {parameter: drift, distribution: triangular, low: 0, high: 1}\n", "wants mode", 8,
     7},
    {"forecast:\n  uncertain:\n    - {variable: Y, by: drift, distribution: uniform, low: 1, high: 2}\n",
     "wants at: the date", 8, 7},
    {"forecast:\n  uncertain:\n    - {variable: Y, at: 2150, by: drift, distribution: uniform, low: 1, high: 2}\n",
     "not within the run", 8, 25},
    {"forecast:\n  uncertain:\n    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n"
     "    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n",
     "drift is there already", 9, 7},
    {"forecast:\n  today: 2001\n  uncertain:\n    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n"
     "  correlations: [{between: [drift, growth_scale], rank: 0.5}]\n",
     "not among the uncertain", 10, 36},
    {"forecast:\n  today: 1950\n  uncertain:\n    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n",
     "not within the run", 7, 10},
    {"forecast:\n  today: 2001\n  uncertain:\n    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n"
     "    - {parameter: growth_scale, distribution: uniform, low: 1, high: 2}\n"
     "    - {parameter: growth_exponent, distribution: uniform, low: 1, high: 2}\n"
     "  correlations: [{between: [drift, growth_scale], rank: 0.9}, {between: [drift, growth_exponent], rank: -0.9},\n"
     "    {between: [growth_exponent, growth_scale], rank: 0.9}]\n",
     "not positive definite", 12, 17},
    {"forecast:\n  today: 2001\n  uncertain:\n    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n"
     "  extrapolations: [{baseline: roodmann, series: world_gdp_roodman2020}]\n",
     "did you mean 'roodman'?", 10, 31},
    {"", "no block forecast", 0, 0},
};
enum { N_WRONG = sizeof wrong / sizeof wrong[0] };

START_TEST(wrong_blocks_are_refused_at_their_place)
{
    char *text = text_format("%s%s", POWER_LAW, wrong[_i].block);
    struct error e = {0};
    testing_write(testing_path(path, folder, "forecast.yaml"), text);
    free(text);
    ck_assert_int_eq(scenario_read(path, NULL, 0, NULL, &scenario, &e), STATUS_OK);
    ck_assert_int_eq(forecast_setup_init(&setup, &scenario.runs[0], &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, wrong[_i].says) != NULL, "%s", e.message);
    ck_assert_msg(e.line == wrong[_i].line && e.column == wrong[_i].column, "%d:%d: %s", e.line, e.column, e.message);
}
END_TEST

/* Nothing in the file is to blame for today but the block itself. */
START_TEST(a_run_that_ends_before_today)
{
    static const char *const settings[] = {"time.to=2020"};
    struct error e = {0};
    testing_write(testing_path(path, folder, "forecast.yaml"),
                  POWER_LAW "forecast:\n  uncertain:\n"
                            "    - {parameter: drift, distribution: uniform, low: 1, high: 2}\n");
    ck_assert_int_eq(scenario_read(path, settings, 1, NULL, &scenario, &e), STATUS_OK);
    ck_assert_int_eq(forecast_setup_init(&setup, &scenario.runs[0], &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "today, 2025, is not within the run, 2000 to 2020");
    ck_assert_int_gt(e.line, 0);
}
END_TEST

/* No draw at all is no answer. */
START_TEST(draws_that_all_fail_are_a_failure)
{
    struct error e = {0};
    read_text(POWER_LAW, "forecast:\n  draws: 10\n  today: 2001\n  uncertain:\n"
                         "    - {parameter: growth_exponent, distribution: uniform, low: 6, high: 7}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "none of 10 draws could be computed; the first: growth_exponent"));
}
END_TEST

/* Dates that never come are said in words, not put where a year belongs. */
START_TEST(an_onset_that_never_comes_is_said)
{
    char text[1024];
    read_text(POWER_LAW, "forecast:\n  draws: 10\n  today: 2001\n  uncertain:\n"
                         "    - {parameter: growth_scale, distribution: loguniform, low: 1e-9, high: 2e-9}\n");
    ck_assert_int_eq(forecast_run(&setup, seed, 0, NULL, &result, NULL), STATUS_OK);
    forecast_to_text(&result, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "In 100.0 % of the futures"));
    ck_assert_msg(!strstr(text, "in never") && !strstr(text, "nan"), "%s", text);
    struct table *t = forecast_inputs_table(&result);
    FILE *out = fopen(testing_path(path, folder, "inputs.txt"), "w");
    ck_assert_ptr_nonnull(out);
    table_print(t, out, 200);
    fclose(out);
    table_free(t);
    char *shown = testing_read(path, NULL);
    ck_assert_msg(!strstr(shown, "nan"), "%s", shown);
    free(shown);
}
END_TEST

/* --- solve_joint by itself ---------------------------------------------------------------------------------------- */

/* Two levels of the power law fix s and B: no closed form for B, but the run it leads to has one. */
START_TEST(two_levels_two_parameters)
{
    struct error e = {0};
    testing_write(testing_path(path, folder, "s.yaml"), POWER_LAW);
    ck_assert_int_eq(scenario_read(path, NULL, 0, NULL, &scenario, &e), STATUS_OK);
    struct simulation s = scenario.runs[0].simulation;
    const struct model *m = s.model;
    size_t scale = param_find(m->params, m->n_params, "growth_scale"),
           exponent = param_find(m->params, m->n_params, "growth_exponent");
    /* from s = 0.002, B = 0.4 */
    double at_10 = pow(pow(Y0, -0.4) - 0.4 * 0.002 * 10, -1 / 0.4),
           at_20 = pow(pow(Y0, -0.4) - 0.4 * 0.002 * 20, -1 / 0.4);
    const struct solve_target targets[] = {{scale, 0, 2010, at_10, 0}, {exponent, 0, 2020, at_20, 0}};
    ck_assert_msg(!solve_joint(&s, NULL, targets, 2, growth_run_restart, &scenario.runs[0], NULL, &e), "%s", e.message);
    assert_close(s.p[scale], 0.002, 1e-2, 0);
    assert_close(s.p[exponent], 0.4, 1e-2, 0);
    ck_assert_double_eq(s.to, 2100);
    const struct solve_target never[] = {{scale, 0, 2010, 1, 0}}; /* output cannot fall */
    ck_assert_int_eq(solve_joint(&s, NULL, never, 1, growth_run_restart, &scenario.runs[0], NULL, &e), STATUS_FAILED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forecast");
    TCase *c = tcase_create("forecast");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, blow_ups_are_those_of_the_closed_form);
    tcase_add_test(c, levels_are_solved_for);
    tcase_add_test(c, what_fails_is_counted);
    tcase_add_test(c, futures_share_their_past);
    tcase_add_test(c, more_machines_earlier_onset);
    tcase_add_test(c, threads_change_nothing);
    tcase_add_test(c, draws_take_the_sets_of_a_fit);
    tcase_add_test(c, sets_scatter_as_the_posterior);
    tcase_add_test(c, a_fit_of_another_run_is_refused);
    tcase_add_test(c, interrupted_while_fitting);
    tcase_add_test(c, interrupted_draws_are_marked);
    tcase_add_test(c, quantiles_with_never);
    tcase_add_test(c, anchors_and_extrapolations);
    tcase_add_loop_test(c, wrong_blocks_are_refused_at_their_place, 0, N_WRONG);
    tcase_add_test(c, a_run_that_ends_before_today);
    tcase_add_test(c, draws_that_all_fail_are_a_failure);
    tcase_add_test(c, an_onset_that_never_comes_is_said);
    tcase_add_test(c, two_levels_two_parameters);
    suite_add_tcase(suite, c);
    return testing_main(suite);
}
