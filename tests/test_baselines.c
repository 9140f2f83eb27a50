/* growth/baselines against published and re-estimated figures, closed forms and simulation. */
#include "growth/baselines/baseline.h"
#include "growth/baselines/feller.h"
#include "growth/baselines/roodman.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct baseline_selection selection(double from, double stop)
{
    return (struct baseline_selection){from, NAN, stop, 0, BASELINE_WEIGHTS_DEFAULT};
}

/* Fit a baseline to a shipped series. */
static struct baseline_fit fit(const char *baseline, const char *name, double from, double stop,
                               const struct baseline_options *o)
{
    struct baseline_options plain = baseline_options_default();
    struct baseline_selection chosen = selection(from, stop);
    struct baseline_rows rows;
    struct baseline_fit f;
    struct series s;
    struct error e = {0};
    const struct baseline *b = baseline_find(baseline);
    ck_assert_ptr_nonnull(b);
    ck_assert_msg(baseline_series_open(name, &s, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(baseline_rows_select(&s, b, &chosen, &rows, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(baseline_fit(b, &rows, o ? o : &plain, &f, &e) == STATUS_OK, "%s: %s", baseline, e.message);
    baseline_rows_clear(&rows);
    series_clear(&s);
    return f;
}

static double param(const struct baseline_fit *f, const char *key)
{
    size_t i = param_find(f->baseline->params, f->baseline->n_params, key);
    ck_assert_uint_lt(i, f->n_params);
    return f->param[i];
}

/* To `digits` after the point, as printed. */
#define assert_printed(value, printed, unit_of_last_digit)                                                             \
    ck_assert_msg(fabs((value) - (printed)) <= 0.5000001 * (unit_of_last_digit), "%s is %.10g, printed %.10g", #value, \
                  (double)(value), (double)(printed))

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* Every tenth year after 1950, and the last row there is up to `to`, whether or not the series goes on. */
START_TEST(thinned_rows_keep_the_last_one_chosen)
{
    static const double to[] = {1987, 1990, NAN}, ends[][2] = {{1980, 1987}, {1980, 1990}, {2010, 2019}};
    struct baseline_selection chosen = {NAN, to[_i], NAN, 10, BASELINE_WEIGHTS_DEFAULT};
    struct baseline_rows rows;
    struct series s;
    struct error e = {0};
    ck_assert_msg(baseline_series_open("world_gdp_roodman2020", &s, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(baseline_rows_select(&s, baseline_find("exponential"), &chosen, &rows, &e) == STATUS_OK, "%s",
                  e.message);
    for (size_t i = 0; i < 2; i++)
        ck_assert_double_eq(rows.year[rows.n - 2 + i], ends[_i][i]);
    baseline_rows_clear(&rows);
    series_clear(&s);
}
END_TEST

/* --- Roodman ------------------------------------------------------------------------------------------------------ */

START_TEST(roodman_reproduces_the_published_table)
{
    struct baseline_fit f = fit("roodman", "world_gdp_roodman2020", NAN, NAN, NULL);
    struct roodman_parameters p = roodman_parameters(&f);
    ck_assert(f.converged && !f.at_bound);
    ck_assert_uint_eq(f.n, 35);
    assert_printed(p.s, 1.471e-4, 1e-7);
    assert_printed(p.B, 0.5516, 1e-4);
    assert_printed(p.delta, -3.37e-5, 1e-7);
    assert_printed(p.sigma, 4.57e-3, 1e-5);
    assert_printed(p.log_a, -12.66132, 1e-5);
    assert_printed(p.b, 1.857145e-5, 2e-11);
    assert_printed(p.nu, -23.77879, 2e-5);
    assert_printed(p.gamma, -1.812893, 1e-6);
    assert_printed(f.log_likelihood, -230.891, 1e-3);
    static const double takeoff[] = {2039.16, 2043.27, 2046.80, 2051.06, 2058.83};
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        assert_printed(f.takeoff[i], takeoff[i], 1.01e-2); /* 2043.265 is printed as 2043.27 */
    assert_printed(f.blow_up, 2044.47, 1e-2);
}
END_TEST

START_TEST(roodman_data_stops)
{
    static const double stops[] = {1950, 1980, 2019}, medians[] = {2045.38, 2013.74, 2046.80};
    struct baseline_selection chosen = selection(NAN, NAN);
    struct baseline_options o = baseline_options_default();
    struct baseline_stop out[3];
    struct baseline_rows rows;
    struct series s;
    ck_assert_int_eq(series_load("world_gdp_roodman2020", &s, NULL), STATUS_OK);
    ck_assert_int_eq(baseline_rows_select(&s, &baseline_roodman, &chosen, &rows, NULL), STATUS_OK);
    baseline_rolling(&baseline_roodman, &rows, &o, 3, stops, 30, out);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(out[i].status, STATUS_OK);
        assert_printed(out[i].fit.takeoff[BASELINE_MEDIAN], medians[i], 1e-2);
    }
    ck_assert(out[0].ahead == 1980 && out[1].ahead == 2010);
    assert_close(out[0].actual, log(rows.value[rows.n - 5] / out[0].fit.last_value) / 30, 1e-12, 0);
    ck_assert(isnan(out[2].actual) && out[2].ahead == 2049);
    baseline_rows_clear(&rows);
    series_clear(&s);
}
END_TEST

/* Where nu runs to 0 the diffusion cannot reach 0: no date has any probability. */
START_TEST(without_absorption_nothing_takes_off)
{
    static const struct {
        const char *series;
        double from;
    } cases[] = {{"gdppc_usa_maddison2023", 1950}, {"world_gdppc_roodman2020", -1000000}};
    struct baseline_fit f = fit("roodman", cases[_i].series, cases[_i].from, NAN, NULL);
    ck_assert(f.at_bound && strstr(f.note, "nu ran to 0"));
    for (int i = 0; i < BASELINE_QUANTILES; i++)
        ck_assert(f.takeoff[i] == INFINITY);
    ck_assert(f.takeoff_probability == 0 && isnan(f.takeoff_error));
    struct baseline_prediction p;
    baseline_predict(&f, 100000, &p);
    ck_assert(p.blown_up == 0);
}
END_TEST

static const char *const papers_series[] = {"world_gdp_roodman2020",
                                            "world_population_roodman2020",
                                            "world_gdppc_roodman2020",
                                            "france_gdppc_roodman2020",
                                            "world_gdp_hanson2000",
                                            "world_population_kremer1993",
                                            "world_population_growth_kremer1993"};

START_TEST(roodman_takes_every_series_of_the_paper)
{
    struct baseline_fit f = fit("roodman", papers_series[_i], NAN, NAN, NULL);
    ck_assert(f.converged && f.takeoff[BASELINE_MEDIAN] > f.last_year);
    f = fit("roodman", papers_series[_i], -1000000, NAN, NULL);
    ck_assert(f.converged);
}
END_TEST

/* The integral of the density, in ln x so that a pole at 0 does no harm. */
struct density {
    struct feller f;
    double x0, t;
};

static double density_in_log_x(double log_x, void *context)
{
    const struct density *d = context;
    return exp(feller_log_density(&d->f, d->x0, d->t, exp(log_x)) + log_x);
}

static const struct density cases[] = {
    {{3.17e-6, 1.857e-5, -23.77879}, 2.06e-3, 20}, /* the world of 2019 */
    {{3.17e-6, 1.857e-5, -23.77879}, 0.77, 5000},
    {{0.2, -0.3, -0.4}, 1, 2},
    {{0.5, 0.4, -1.5}, 2, 1},
    {{1e-4, 0, -3}, 0.05, 100},
    {{2e-7, 1e-3, -60}, 1.3, 10}, /* nearly an exponential with noise */
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

START_TEST(density_and_absorption_sum_to_1)
{
    const struct density *d = &cases[_i];
    gsl_function g = {density_in_log_x, (void *)d};
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(2000);
    double sum = 0, part, error, centre = log(d->x0);
    for (int i = -8; i < 8; i++) { /* in pieces, so that a narrow peak is not missed */
        gsl_integration_qag(&g, centre + 5.0 * i, centre + 5.0 * (i + 1), 1e-13, 1e-11, 2000, GSL_INTEG_GAUSS31, w,
                            &part, &error);
        sum += part;
    }
    assert_close(sum + feller_absorbed(&d->f, d->x0, d->t), 1, 1e-8, 0);
    gsl_integration_qagiu(&g, centre, 1e-13, 1e-11, 2000, w, &part, &error);
    assert_close(feller_above(&d->f, d->x0, d->t, d->x0), part, 1e-8, 1e-3);
    gsl_integration_workspace_free(w);
}
END_TEST

START_TEST(absorption_of_the_world_in_20_years)
{
    struct baseline_fit f = fit("roodman", "world_gdp_roodman2020", NAN, NAN, NULL);
    struct baseline_prediction p;
    baseline_predict(&f, 2039, &p);
    assert_printed(p.blown_up, 0.0456, 1e-4);
}
END_TEST

/* Against the stochastic differential equation itself, by small steps (Milstein's scheme in sqrt X). */
static double walk(const struct density *d, struct random_stream *r, int steps)
{
    double x = d->x0, h = d->t / steps;
    for (int i = 0; i < steps; i++) {
        double dw = sqrt(h) * random_normal(r);
        x += (d->f.b * x + d->f.a * (d->f.nu + 1)) * h + sqrt(2 * d->f.a * x) * dw + d->f.a / 2 * (dw * dw - h);
        if (!(x > 0))
            return 0;
    }
    return x;
}

static void compare_shares(const struct density *d, const double *draws, size_t n, double bias, const char *what)
{
    static const double shares[] = {0.1, 0.3, 0.5, 0.7, 0.9};
    double absorbed = feller_absorbed(&d->f, d->x0, d->t), zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += draws[i] == 0;
    double tolerance = 4.5 * sqrt(absorbed * (1 - absorbed) / (double)n) + bias;
    ck_assert_msg(fabs(zeros / (double)n - absorbed) <= tolerance, "%s: absorbed %g, expected %g", what,
                  zeros / (double)n, absorbed);
    for (size_t k = 0; k < 5; k++) {
        double p = shares[k] * (1 - absorbed), x = feller_quantile_above(&d->f, d->x0, d->t, p), above = 0;
        for (size_t i = 0; i < n; i++)
            above += draws[i] > x;
        ck_assert_msg(fabs(above / (double)n - p) <= 4.5 * sqrt(p * (1 - p) / (double)n) + bias,
                      "%s: P(X > %g) = %g, expected %g", what, x, above / (double)n, p);
    }
}

START_TEST(density_matches_simulation)
{
    enum { DRAWS = 20000, WALKS = 4000, STEPS = 600 };
    static double draws[DRAWS];
    uint64_t seed = testing_seed();
    const struct density *d = &cases[_i];
    for (size_t i = 0; i < DRAWS; i++) {
        struct random_stream r = random_stream(seed, i);
        draws[i] = feller_draw(&d->f, d->x0, d->t, &r);
    }
    compare_shares(d, draws, DRAWS, 0, "exact draws");
    if (_i == 2) /* an attainable and recurrent 0 is more than small steps can follow */
        return;
    for (size_t i = 0; i < WALKS; i++) {
        struct random_stream r = random_stream(seed, DRAWS + i);
        draws[i] = walk(d, &r, STEPS);
    }
    compare_shares(d, draws, WALKS, 0.01, "small steps");
}
END_TEST

START_TEST(paths_match_the_bands)
{
    enum { PATHS = 4000 };
    uint64_t seed = testing_seed();
    struct baseline_fit f = fit("roodman", "world_gdp_roodman2020", NAN, NAN, NULL);
    static const double years[] = {2024, 2034, 2044};
    struct baseline_prediction p[3];
    double below[3][BASELINE_QUANTILES] = {{0}}, gone = 0;
    for (int k = 0; k < 3; k++)
        baseline_predict(&f, years[k], &p[k]);
    for (size_t i = 0; i < PATHS; i++) {
        struct random_stream r = random_stream(seed, i);
        double value[3];
        size_t n = roodman_path(&f, 3, years, &r, value);
        gone += n < 3;
        for (size_t k = 0; k < n; k++)
            for (int q = 0; q < BASELINE_QUANTILES; q++)
                below[k][q] += log(value[k]) <= p[k].quantile[q];
    }
    double tolerance = 4.5 * 0.5 / sqrt(PATHS);
    ck_assert_msg(fabs(gone / PATHS - p[2].blown_up) < tolerance, "%g of %g", gone / PATHS, p[2].blown_up);
    for (int k = 0; k < 3; k++)
        for (int q = 0; q < BASELINE_QUANTILES; q++)
            if (isfinite(p[k].quantile[q]))
                ck_assert_msg(fabs(below[k][q] / PATHS - baseline_probabilities[q]) < tolerance, "year %g: %g of %g",
                              years[k], below[k][q] / PATHS, baseline_probabilities[q]);
}
END_TEST

/* --- Hanson ------------------------------------------------------------------------------------------------------- */

static size_t index_of(const char *baseline, const char *key)
{
    const struct baseline *b = baseline_find(baseline);
    return param_find(b->params, b->n_params, key);
}

START_TEST(hanson_sum_of_four_exponentials)
{
    struct baseline_fit f = fit("hanson-sum", "world_gdp_hanson2000", NAN, NAN, NULL);
    ck_assert(f.converged);
    assert_printed(f.sse, 0.8966, 1e-4);
    assert_printed(param(&f, "doubling_1"), 230164, 1);
    assert_printed(param(&f, "doubling_2"), 859.8, 0.1);
    assert_printed(param(&f, "doubling_3"), 55.1, 0.1);
    assert_printed(param(&f, "doubling_4"), 14.80, 0.01);
    assert_printed(param(&f, "crossing_2"), -4689, 1);
    assert_printed(param(&f, "crossing_3"), 1734, 1);
    assert_printed(param(&f, "crossing_4"), 1908, 1);
}
END_TEST

START_TEST(hanson_ces_with_three_modes)
{
    struct baseline_options o = baseline_options_default();
    o.hold[index_of("hanson-ces", "doubling_3")] = 6.3;
    struct baseline_fit f = fit("hanson-ces", "world_gdp_hanson2000", NAN, NAN, &o);
    assert_printed(f.sse, 0.8227, 1e-4);
    assert_printed(param(&f, "power_2"), 2.4398, 1e-4);
    assert_printed(param(&f, "power_3"), 0.09422, 1e-5);
    assert_printed(param(&f, "doubling_1"), 223948, 1);
    assert_printed(param(&f, "doubling_2"), 908.58, 0.01);
}
END_TEST

/* Fitted up to 1900, what is the factor of the century after? */
static double factor_of_the_century(const struct baseline_fit *f)
{
    struct baseline_prediction a, b;
    baseline_predict(f, 1900, &a);
    baseline_predict(f, 2000, &b);
    return exp(b.quantile[BASELINE_MEDIAN] - a.quantile[BASELINE_MEDIAN]);
}

START_TEST(hanson_backtest_to_1900)
{
    struct baseline_options o = baseline_options_default();
    o.hold[index_of("hanson-ces", "doubling_3")] = 6.3;
    struct baseline_fit sum = fit("hanson-sum", "world_gdp_hanson2000", NAN, 1900, NULL),
                        ces = fit("hanson-ces", "world_gdp_hanson2000", NAN, 1900, &o);
    ck_assert_uint_eq(sum.n, 39);
    assert_printed(factor_of_the_century(&sum), 35, 1);
    assert_printed(factor_of_the_century(&ces), 22, 1);
}
END_TEST

START_TEST(hyperbola_of_hanson)
{
    struct baseline_fit f = fit("hyperbola", "world_gdp_hanson2000", NAN, NAN, NULL);
    assert_printed(param(&f, "singularity"), 2004.31, 1e-2);
    assert_printed(param(&f, "power"), 1.4595, 1e-4);
    struct baseline_options o = baseline_options_default();
    o.hold[index_of("hyperbola", "singularity")] = 2004;
    f = fit("hyperbola", "world_gdp_hanson2000", NAN, NAN, &o);
    assert_printed(param(&f, "power"), 1.46, 1e-2);
}
END_TEST

/* theta := mean + L x (normal), L L' = covariance (3, 3). */
static void draw_parameters(const struct baseline_fit *f, struct random_stream *random, double *theta)
{
    double l[3][3] = {{0}}, x[3];
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = f->covariance[i * 3 + j];
            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
    for (size_t i = 0; i < 3; i++) {
        x[i] = random_normal(random);
        theta[i] = f->theta[i];
        for (size_t j = 0; j <= i; j++)
            theta[i] += l[i][j] * x[j];
    }
}

/* A hyperbola whose date T is uncertain, before T, at it and after it: quantiles and the probability that it is over
 * against draws of (c, ln p, ln(T - last)) and of an observation. */
START_TEST(a_hyperbola_near_its_singularity)
{
    enum { DRAWS = 200000 };
    static const double where[] = {-1.5, -0.5, 0.1, 0.5, 1.5};
    static const double probability[BASELINE_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};
    struct baseline_fit f = fit("hyperbola", "world_gdp_roodman2020", NAN, 1980, NULL);
    struct random_stream random = random_stream(7, 0);
    double spread = sqrt(f.covariance[8]), middle = 0.5 * (f.first_year + f.last_year);
    double year = f.last_year + exp(f.theta[2] + where[_i] * spread), below[BASELINE_QUANTILES] = {0}, over = 0;
    struct baseline_prediction p;
    ck_assert_uint_eq(f.n_params, 3);
    baseline_predict(&f, year, &p);
    for (int draw = 0; draw < DRAWS; draw++) {
        double theta[3];
        draw_parameters(&f, &random, theta);
        double last = f.last_year + exp(theta[2]), noise = f.sigma * random_normal(&random);
        double value = last > year ? theta[0] + exp(theta[1]) * log((last - middle) / (last - year)) + noise : INFINITY;
        over += isinf(value) / (double)DRAWS;
        for (int i = 0; i < BASELINE_QUANTILES; i++)
            below[i] += (value < p.quantile[i]) / (double)DRAWS;
    }
    ck_assert_double_eq_tol(p.blown_up, over, 0.004);
    for (int i = 0; i < BASELINE_QUANTILES; i++) {
        ck_assert_msg(isinf(p.quantile[i]) == (probability[i] > 1 - p.blown_up), "quantile %g in %.2f is %g",
                      probability[i], year, p.quantile[i]);
        if (isfinite(p.quantile[i]))
            ck_assert_msg(fabs(below[i] - probability[i]) < 0.01, "%g of the draws lie below quantile %g in %.2f",
                          below[i], probability[i], year);
    }
}
END_TEST

/* --- Kremer ------------------------------------------------------------------------------------------------------- */

START_TEST(kremer_regression)
{
    static const char *const names[] = {"world_population_kremer1993", "world_population_growth_kremer1993"};
    for (int i = 0; i < 2; i++) {
        struct baseline_fit f = fit("kremer", names[i], NAN, NAN, NULL);
        ck_assert_uint_eq(f.n, 37);
        assert_printed(f.param[0], -0.0023, 1e-4);
        assert_printed(f.error[0], 0.0355, 1e-4);
        assert_printed(f.param[1], 0.5238, 1e-4);
        assert_printed(f.error[1], 0.0258, 1e-4);
        assert_printed(f.r_squared, 0.922, 1e-3);
    }
}
END_TEST

/* --- the other curves --------------------------------------------------------------------------------------------- */

/* A line of tests/reference/curves.csv: numbers by scipy (tests/reference/curves.py). */
struct reference {
    char name[40], errors[40];
    double rho, sse, log_likelihood, estimate, error;
    size_t index;
};

static struct reference read_reference(char *line)
{
    struct reference r = {0};
    char *cells[8], *next = NULL;
    cells[0] = strtok_r(line, ",", &next);
    for (int i = 1; i < 8; i++)
        ck_assert_ptr_nonnull(cells[i] = strtok_r(NULL, ",", &next));
    snprintf(r.name, sizeof r.name, "%s", cells[0]);
    snprintf(r.errors, sizeof r.errors, "%s", cells[1]);
    r.rho = strtod(cells[2], NULL);
    r.sse = strtod(cells[3], NULL);
    r.log_likelihood = strtod(cells[4], NULL);
    r.index = strtoul(cells[5], NULL, 10);
    r.estimate = strtod(cells[6], NULL);
    r.error = strtod(cells[7], NULL);
    return r;
}

START_TEST(curves_agree_with_scipy)
{
    FILE *file = fopen("tests/reference/curves.csv", "r");
    char line[300];
    struct baseline_fit f = {0};
    size_t n = 0;
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    for (; fgets(line, sizeof line, file); n++) {
        struct reference r = read_reference(line);
        struct baseline_options o = baseline_options_default();
        o.errors = strcmp(r.errors, "ar1") == 0 ? BASELINE_ERRORS_AR1 : BASELINE_ERRORS_INDEPENDENT;
        if (r.index == 0)
            f = fit(r.name, "gdppc_usa_maddison2023", 1950, NAN, &o);
        ck_assert(f.converged);
        assert_close(f.correlation, r.rho, 1e-5, 1);
        assert_close(f.sse, r.sse, 1e-5, 0);
        assert_close(f.log_likelihood, r.log_likelihood, 1e-7, 0);
        assert_close(f.param[r.index], r.estimate, 2e-5, 0);
        assert_close(f.error[r.index], r.error, 1e-4, 0);
    }
    fclose(file);
    ck_assert_uint_eq(n, 16);
}
END_TEST

/* Estimates and standard errors on series of a million years against exact rational arithmetic
 * (tests/reference/polynomials.py). */
START_TEST(polynomials_agree_with_exact_arithmetic)
{
    FILE *file = fopen("tests/reference/polynomials.csv", "r");
    char line[300];
    struct baseline_fit f = {0};
    size_t n = 0;
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    for (; fgets(line, sizeof line, file); n++) {
        char baseline[40], series[60];
        double sse, estimate, error;
        size_t i;
        ck_assert_int_eq(sscanf(line, "%39[^,],%59[^,],%lg,%zu,%lg,%lg", baseline, series, &sse, &i, &estimate, &error),
                         6);
        if (i == 0)
            f = fit(baseline, series, NAN, NAN, NULL);
        ck_assert(f.converged && !f.at_bound && !f.note[0]);
        assert_close(f.sse, sse, 1e-9, 0);
        assert_close(f.param[i], estimate, 1e-6, 0);
        assert_close(f.error[i], error, 1e-6, 0);
    }
    fclose(file);
    ck_assert_uint_eq(n, 20);
}
END_TEST

/* Rows made by a formula, so that the answer is known. */
struct made {
    double year[60], value[60], weight[60];
    struct baseline_rows rows;
};

static void make_rows(struct made *m, double (*value)(double year))
{
    m->rows = (struct baseline_rows){
        .n = 60, .n_fit = 60, .year = m->year, .value = m->value, .weight = m->weight, .scale = 1};
    for (size_t i = 0; i < 60; i++) {
        m->year[i] = 1900 + 2 * (double)i;
        m->value[i] = value(m->year[i]);
        m->weight[i] = 1;
    }
}

static double made_hyperbola(double year)
{
    return 3 * pow(2060 - year, -1.25);
}

static double made_logistic(double year)
{
    return 500 / (1 + exp(-0.04 * (year - 1980)));
}

static double made_modes(double year)
{
    return exp2((year - 1950) / 80) + exp2((year - 1950) / 9);
}

/* P' = P (0.3 + 0.7 P)/100, P(1900) = 0.5: the growth rates are those between rows, so the answer is only near. */
static double made_kremer(double year)
{
    double grown = exp(0.003 * (year - 1900)) * 0.5, i = 0.003, b = 0.007 * 0.5;
    return grown / (1 - b / i * expm1(i * (year - 1900)));
}

START_TEST(curves_recover_what_made_the_data)
{
    struct made m;
    struct baseline_fit f;
    struct baseline_options o = baseline_options_default();
    struct baseline_prediction p;
    make_rows(&m, made_hyperbola);
    ck_assert_int_eq(baseline_fit(baseline_find("hyperbola"), &m.rows, &o, &f, NULL), STATUS_OK);
    assert_close(param(&f, "singularity"), 2060, 1e-9, 0);
    assert_close(param(&f, "power"), 1.25, 1e-6, 0);
    baseline_predict(&f, 2050, &p);
    assert_close(exp(p.quantile[BASELINE_MEDIAN]), made_hyperbola(2050), 1e-5, 0);
    baseline_predict(&f, 2061, &p);
    ck_assert(p.quantile[BASELINE_MEDIAN] == INFINITY && p.blown_up > 0.99);
    make_rows(&m, made_logistic);
    ck_assert_int_eq(baseline_fit(baseline_find("logistic"), &m.rows, &o, &f, NULL), STATUS_OK);
    assert_close(param(&f, "ceiling"), 500, 1e-6, 0);
    assert_close(param(&f, "midpoint"), 1980, 1e-8, 0);
    ck_assert(isnan(f.takeoff[BASELINE_MEDIAN]) && f.takeoff_probability == 0);
    make_rows(&m, made_modes);
    o.modes = 2;
    ck_assert_int_eq(baseline_fit(baseline_find("hanson-sum"), &m.rows, &o, &f, NULL), STATUS_OK);
    assert_close(param(&f, "doubling_1"), 80, 1e-6, 0);
    assert_close(param(&f, "doubling_2"), 9, 1e-6, 0);
    assert_close(param(&f, "crossing_2"), 1950, 1e-8, 0);
    o.modes = 0;
    make_rows(&m, made_kremer);
    ck_assert_int_eq(baseline_fit(baseline_find("kremer"), &m.rows, &o, &f, NULL), STATUS_OK);
    assert_close(param(&f, "slope"), 0.7, 0.03, 0);
    baseline_predict(&f, 2030, &p);
    assert_close(exp(p.quantile[BASELINE_MEDIAN]), made_kremer(2030), 0.01, 0);
    double expected = 1900 + log1p(0.003 / 0.0035) / 0.003;
    assert_close(f.blow_up, expected, 1e-3, 0);
}
END_TEST

/* What a curve would have said grows from the curve, not from a datum off it: an exponential by its growth rate. */
START_TEST(growth_ahead_is_that_of_the_curve)
{
    static const double stops[] = {1900, 1950, 1980};
    struct baseline_selection chosen = selection(NAN, NAN);
    struct baseline_options o = baseline_options_default();
    struct baseline_stop out[3];
    struct baseline_rows rows;
    struct series s;
    ck_assert_int_eq(series_load("world_gdp_spliced", &s, NULL), STATUS_OK);
    ck_assert_int_eq(baseline_rows_select(&s, baseline_find("exponential"), &chosen, &rows, NULL), STATUS_OK);
    baseline_rolling(baseline_find("exponential"), &rows, &o, 3, stops, 30, out);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(out[i].status, STATUS_OK);
        assert_close(out[i].growth[BASELINE_MEDIAN], param(&out[i].fit, "growth"), 1e-9, 0);
        ck_assert(fabs(out[i].fit.last_residual) > 1);
    }
    baseline_rows_clear(&rows);
    series_clear(&s);
}
END_TEST

static double made_constant(double year)
{
    (void)year;
    return 3;
}

START_TEST(a_constant_series_has_no_growth_to_fit)
{
    struct made m;
    struct baseline_fit f;
    struct baseline_options o = baseline_options_default();
    struct error e = {0};
    make_rows(&m, made_constant);
    ck_assert_int_eq(baseline_fit(baseline_registry[_i], &m.rows, &o, &f, &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, "all 60 values are 3"), "%s", e.message);
}
END_TEST

START_TEST(a_fit_refuses_what_it_cannot_use)
{
    struct made m;
    struct baseline_fit f;
    struct baseline_options o = baseline_options_default();
    make_rows(&m, made_hyperbola);
    m.rows.n_fit = 3;
    for (size_t i = 0; i < baseline_registry_size; i++)
        ck_assert_int_eq(baseline_fit(baseline_registry[i], &m.rows, &o, &f, NULL), STATUS_BAD_INPUT);
    m.rows.n_fit = 6;
    ck_assert_int_eq(baseline_fit(baseline_find("hanson-sum"), &m.rows, &o, &f, NULL), STATUS_BAD_INPUT);
    m.rows.n_fit = 60;
    o.hold[index_of("hyperbola", "singularity")] = 1990; /* within the data */
    ck_assert_int_eq(baseline_fit(baseline_find("hyperbola"), &m.rows, &o, &f, NULL), STATUS_USAGE);
}
END_TEST

START_TEST(profiles_bound_what_is_bounded)
{
    static const struct {
        const char *baseline, *series, *key;
        double from;
        struct profile_range range;
        enum profile_verdict verdict;
    } profiles[] = {
        {"hyperbola", "world_gdp_hanson2000", "singularity", NAN, {2000.5, 2100, 0}, PROFILE_BOUNDED},
        {"hyperbola", "gdppc_usa_maddison2023", "singularity", 1950, {2023, 5600, 2022}, PROFILE_BELOW_ONLY},
        {"hanson-ces", "world_gdp_hanson2000", "doubling_3", NAN, {1, 100, 0}, PROFILE_ABOVE_ONLY},
    };
    struct baseline_selection chosen = selection(profiles[_i].from, NAN);
    const struct baseline *b = baseline_find(profiles[_i].baseline);
    struct baseline_options o = baseline_options_default();
    struct baseline_profile p;
    struct baseline_rows rows;
    struct baseline_fit f;
    struct series s;
    ck_assert_int_eq(series_load(profiles[_i].series, &s, NULL), STATUS_OK);
    ck_assert_int_eq(baseline_rows_select(&s, b, &chosen, &rows, NULL), STATUS_OK);
    o.starts = 10;
    ck_assert_int_eq(baseline_fit(b, &rows, &o, &f, NULL), STATUS_OK);
    ck_assert_int_eq(
        baseline_profile(&f, &rows, index_of(profiles[_i].baseline, profiles[_i].key), &profiles[_i].range, &p, NULL),
        STATUS_OK);
    ck_assert_str_eq(profile_verdict_name(p.verdict), profile_verdict_name(profiles[_i].verdict));
    ck_assert(isnan(p.low) || (p.low < f.param[p.param] && p.low >= profiles[_i].range.low));
    ck_assert(isnan(p.high) || (p.high > f.param[p.param] && p.high <= profiles[_i].range.high));
    baseline_rows_clear(&rows);
    series_clear(&s);
}
END_TEST

START_TEST(thinning_and_weights)
{
    struct baseline_selection chosen = selection(NAN, 1985);
    struct baseline_rows rows;
    struct series s;
    ck_assert_int_eq(series_load("world_gdp_roodman2020", &s, NULL), STATUS_OK);
    ck_assert_int_eq(baseline_rows_select(&s, baseline_find("roodman"), &chosen, &rows, NULL), STATUS_OK);
    ck_assert_uint_eq(rows.n, 37);
    ck_assert(rows.year[rows.n_fit - 1] == 1985 && rows.year[rows.n_fit - 2] == 1980 && rows.year[0] == -10000 &&
              rows.year[rows.n - 1] == 2019);
    for (size_t i = 0; i < rows.n; i++) {
        ck_assert(rows.year[i] != 1);
        if (rows.year[i] == 0)
            assert_close(rows.weight[i], 1 / (1 + 2 * 0.75 * 0.75), 1e-12, 0);
        if (rows.year[i] == -5000)
            assert_close(rows.weight[i], 1 / (1 + 2 * 0.875 * 0.875), 1e-12, 0);
        if (rows.year[i] == 2010)
            assert_close(rows.weight[i], 1 / (1 + 2e-4), 1e-12, 0);
    }
    baseline_rows_clear(&rows);
    series_clear(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baselines");
    TCase *roodman = tcase_create("roodman"), *hanson = tcase_create("hanson"), *kremer = tcase_create("kremer");
    tcase_add_test(roodman, roodman_reproduces_the_published_table);
    tcase_add_test(roodman, roodman_data_stops);
    tcase_add_loop_test(roodman, roodman_takes_every_series_of_the_paper, 0,
                        sizeof papers_series / sizeof papers_series[0]);
    tcase_add_loop_test(roodman, without_absorption_nothing_takes_off, 0, 2);
    tcase_add_loop_test(roodman, density_and_absorption_sum_to_1, 0, N_CASES);
    tcase_add_test(roodman, absorption_of_the_world_in_20_years);
    tcase_add_loop_test(roodman, density_matches_simulation, 0, N_CASES);
    tcase_add_test(roodman, paths_match_the_bands);
    tcase_add_test(hanson, hanson_sum_of_four_exponentials);
    tcase_add_test(hanson, hanson_ces_with_three_modes);
    tcase_add_test(hanson, hanson_backtest_to_1900);
    tcase_add_loop_test(hanson, thinned_rows_keep_the_last_one_chosen, 0, 3);
    tcase_add_test(hanson, hyperbola_of_hanson);
    tcase_add_loop_test(hanson, a_hyperbola_near_its_singularity, 0, 5);
    tcase_add_test(kremer, kremer_regression);
    TCase *curves = tcase_create("curves");
    tcase_add_test(curves, curves_agree_with_scipy);
    tcase_add_test(curves, curves_recover_what_made_the_data);
    tcase_add_test(curves, polynomials_agree_with_exact_arithmetic);
    tcase_add_test(curves, growth_ahead_is_that_of_the_curve);
    tcase_add_loop_test(curves, a_constant_series_has_no_growth_to_fit, 0, 8);
    tcase_add_test(curves, a_fit_refuses_what_it_cannot_use);
    tcase_add_loop_test(curves, profiles_bound_what_is_bounded, 0, 3);
    tcase_add_test(curves, thinning_and_weights);
    suite_add_tcase(suite, curves);
    suite_add_tcase(suite, roodman);
    suite_add_tcase(suite, hanson);
    suite_add_tcase(suite, kremer);
    return testing_main(suite);
}
