/* Learning coefficients by chains: normal crossings, whose values at finite n are integrals over two numbers; laws
 * fitted to curves; the command from outside. */
#include "basin/linear_llc.h"
#include "basin/llc.h"
#include "basin/llc_curve.h"
#include "tests/crossing.h"
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* At n = 1000, by quadrature. */
static const struct {
    struct crossing k;
    double value;
} crossings[] = {{{0, 1}, 0.5}, {{1, 1}, 0.3559}, {{2, 2}, 0.1413}};

START_TEST(normal_crossings)
{
    static const double centre[2] = {0, 0}, width[2] = {1, 1};
    struct crossing k = crossings[_i].k;
    double n_betas[6] = {1000 / log(1000)};
    for (size_t i = 1; i < 6; i++)
        n_betas[i] = n_betas[i - 1] / 2.7;
    struct llc_model model = {
        .n = 2, .centre = centre, .width = width, .spread = 1, .loss = crossing_loss, .shared = &k};
    struct llc_options o = {.n_betas = n_betas, .rungs = 6, .seed = 3, .draws_most = 8000};
    struct llc_curve curve;
    struct error e = {0};
    ck_assert_msg(llc_curve_measure(&model, &o, NULL, &curve, &e) == STATUS_OK, "%s", e.message);
    assert_close(crossing_exact(&k, n_betas[0], 1500), crossings[_i].value, 6e-5, 1);
    for (size_t i = 0; i < 6; i++) {
        const struct llc_point *p = &curve.points[i];
        double exact = crossing_exact(&k, n_betas[i], 1500);
        ck_assert(p->converged);
        ck_assert_msg(fabs(p->lambda - exact) < 4 * p->error, "%g +- %g, not %g", p->lambda, p->error, exact);
        ck_assert_double_lt(p->error, 0.05 * exact);
    }
}
END_TEST

START_TEST(examples_of_n_beta)
{
    static const double n[] = {3, 10, 1000, 1e6, 1e12};
    for (size_t i = 0; i < 5; i++)
        assert_close(llc_examples(n[i] / log(n[i])), n[i], 1e-9, 1);
    ck_assert(isnan(llc_examples(2.7)));
}
END_TEST

/* Curves that are exact, with errors as chains would have: lambda and m of w1^2 w2^2 in a box (1/2, 2), of a law of
 * order 1/2 (3/2, 1), of a regular model (2, 1), and of 1-1-1-1 (1/2, 3). */
static double exact_curve(int which, double n_beta)
{
    struct crossing k = {1, 1};
    double regular = 0;
    if (which == 0)
        return crossing_exact(&k, n_beta, 1500);
    if (which == 3) { /* the last weight integrated out, a sum over a grid of the other two */
        enum { CELLS = 700 };
        double norm = 0, mean = 0;
        for (int i = 0; i < CELLS; i++)
            for (int j = 0; j < CELLS; j++) {
                double s = (i + 0.5) / CELLS, t = (j + 0.5) / CELLS, a = 7 * s * s * s * s, b = 7 * t * t * t * t;
                double g = n_beta * a * a * b * b, w = exp(-(a * a + b * b) / 2) / sqrt(1 + g) * s * s * s * t * t * t;
                norm += w;
                mean += w * g / (1 + g) / 2;
            }
        return mean / norm;
    }
    if (which == 1) /* law of order 1/2, from its next pole */
        return 1.5 - 1.6 / sqrt(n_beta);
    for (int i = 0; i < 4; i++)
        regular += n_beta * (i + 1) / (1 + n_beta * (i + 1)) / 2;
    return regular;
}

START_TEST(laws_of_curves)
{
    static const struct {
        double lambda;
        int multiplicity;
    } expected[] = {{0.5, 2}, {1.5, 1}, {2, 1}, {0.5, 3}};
    struct llc_curve curve = {.n_points = 18};
    struct llc_fit fit;
    for (size_t i = 0; i < 18; i++) {
        double n_beta = 5e7 * pow(2.7, -(double)i), value = exact_curve(_i, n_beta);
        curve.points[i] =
            (struct llc_point){.n_beta = n_beta, .lambda = value, .error = 0.002 * value, .converged = true};
    }
    llc_fit_curve(&curve, &fit);
    printf("%.4f +- %.4f (%g), multiplicity %d (%.0f %%), %s\n", fit.lambda, fit.error, expected[_i].lambda,
           fit.multiplicity, 100 * fit.weight, llc_fit_is_settled(&fit) ? "settled" : "not settled");
    ck_assert(_i > 1 ||
              llc_fit_is_settled(&fit)); /* a flat curve and a threefold pole are settled by nothing so short */
    ck_assert(!llc_fit_is_settled(&fit) || fit.multiplicity == expected[_i].multiplicity);
    ck_assert_double_lt(fabs(fit.lambda - expected[_i].lambda), 3 * fit.error);
    ck_assert_double_lt(fit.error, (_i < 3 ? 0.01 : 0.1) * expected[_i].lambda);
    assert_close(llc_fit_at(&fit, curve.points[3].n_beta), curve.points[3].lambda, 0.01, 1);
    curve.n_parameters = 1; /* one parameter has no pole of a higher order */
    llc_fit_curve(&curve, &fit);
    ck_assert_int_eq(fit.multiplicity, 1);
    assert_close(fit.weight, 1, 1e-12, 1);
    for (size_t i = 0; i < 18; i++)
        curve.points[i].converged = i < 3;
    llc_fit_curve(&curve, &fit);
    ck_assert(!fit.found);
}
END_TEST

/* --- from outside --------------------------------------------------------------------------------------------------*/

static char folder[TESTING_PATH], path[TESTING_PATH];
static struct program p;

static void setup(void)
{
    testing_folder(folder);
    p = (struct program){0};
}

static void teardown(void)
{
    program_clear(&p);
}

static json_t *run_of(json_t **root)
{
    json_error_t error;
    *root = json_loads(p.text, 0, &error);
    ck_assert_msg(*root != NULL, "%s in: %s", error.text, p.text);
    return json_array_get(json_object_get(*root, "runs"), 0);
}

static double number(const json_t *o, const char *key)
{
    ck_assert_msg(json_is_number(json_object_get(o, key)), "%s", key);
    return json_number_value(json_object_get(o, key));
}

#define LINEAR                                                                                                         \
    "kind: basin\nnetwork: {layers: [1, 1, 1], activation: identity, bias: false, init: {scheme: normal}}\n"           \
    "data: {generate: projection, rank: 0}\ntrain: {}\n"

START_TEST(linear_network_beside_its_exact_value)
{
    json_t *root;
    testing_write(testing_path(path, folder, "x.yaml"), LINEAR "llc: {n: 1000, curve_to: 1000}\n");
    program_run(&p, "basin", "llc", path, "--json");
    assert_code(&p, 0);
    const json_t *llc = json_object_get(run_of(&root), "llc"), *prior = json_object_get(llc, "prior");
    const json_t *headline = json_object_get(prior, "headline");
    ck_assert_str_eq(json_string_value(json_object_get(headline, "status")), "converged");
    assert_close(number(headline, "n"), 1000, 1e-9, 1);
    assert_close(number(headline, "exact"), 0.347344, 3e-6, 1); /* tests/reference/linear_llc.py */
    ck_assert_double_lt(fabs(number(headline, "lambda") - 0.347344), 4 * number(headline, "error"));
    ck_assert_double_lt(number(headline, "rhat"), 1.01);
    ck_assert_double_eq(number(json_object_get(llc, "limit"), "lambda"), 0.5);
    ck_assert_double_eq(number(json_object_get(llc, "limit"), "multiplicity"), 2);
    ck_assert_uint_gt(json_array_size(json_object_get(prior, "curve")), 4);
    json_decref(root);
}
END_TEST

/* Around a point where the loss is quadratic: a single layer, exactly 1/2 sum n beta h/(n beta h + gamma). */
START_TEST(around_a_smooth_point)
{
    json_t *root;
    testing_write(testing_path(path, folder, "x.yaml"),
                  "kind: basin\nnetwork: {layers: [3, 2], activation: identity, bias: false}\n"
                  "data: {generate: projection, rank: 2}\ntrain: {}\nllc: {n: 100, gamma: 5, over: [point]}\n");
    program_run(&p, "basin", "llc", path, "--json");
    assert_code(&p, 0);
    const json_t *llc = json_object_get(run_of(&root), "llc");
    const json_t *headline = json_object_get(json_object_get(llc, "point"), "headline");
    double g = 100 / log(100) / 5, exact = 3 * g / (1 + g);
    ck_assert(json_is_null(json_object_get(llc, "prior")));
    assert_close(number(llc, "quadratic"), exact, 1e-9, 1);
    ck_assert_double_eq(number(llc, "rank_g"), 6);
    ck_assert_double_lt(fabs(number(headline, "lambda") - exact), 4 * number(headline, "error"));
    json_decref(root);
}
END_TEST

/* The same by stochastic gradients: near with a small step; with a longer one off by many of its own errors, and its
 * chains agree all the same. */
START_TEST(beside_stochastic_gradients)
{
    double g = 100 / log(100) / 5, exact = 3 * g / (1 + g);
    testing_write(testing_path(path, folder, "x.yaml"),
                  "kind: basin\nnetwork: {layers: [3, 2], activation: identity, bias: false}\n"
                  "data: {generate: projection, rank: 2}\ntrain: {}\n"
                  "llc: {n: 100, gamma: 5, over: [point], draws: 2000, sgld: 0.001}\n");
    for (int k = 0; k < 2; k++) {
        json_t *root;
        program_run(&p, "basin", "llc", path, "--json", k ? "--set=llc.sgld=0.01" : "--set=llc.sgld=0.001");
        assert_code(&p, 0);
        const json_t *sgld = json_object_get(json_object_get(run_of(&root), "llc"), "sgld");
        double off = fabs(number(sgld, "lambda") - exact), error = number(sgld, "error");
        ck_assert_double_lt(number(sgld, "rhat"), 1.01);
        if (k)
            ck_assert_double_gt(off, 10 * error);
        else
            ck_assert_double_lt(off, 4 * error + 0.1 * exact);
        json_decref(root);
    }
}
END_TEST

START_TEST(too_few_draws_are_refused)
{
    json_t *root;
    testing_write(testing_path(path, folder, "x.yaml"),
                  LINEAR "llc: {n: 1000, curve_to: 1000, draws: 100, warmup: 100, chains: 2, over: [prior]}\n");
    program_run(&p, "basin", "llc", path, "--json");
    assert_code(&p, 4);
    assert_contains(p.errors, "learning coefficient over the prior");
    const json_t *run = run_of(&root);
    const json_t *headline = json_object_get(json_object_get(json_object_get(run, "llc"), "prior"), "headline");
    ck_assert_str_eq(json_string_value(json_object_get(headline, "status")), "refused");
    ck_assert(json_is_null(json_object_get(headline, "lambda")));
    ck_assert_uint_eq(json_array_size(json_object_get(run, "refusals")), 1);
    json_decref(root);
    program_run(&p, "basin", "llc", path);
    assert_code(&p, 4);
    assert_contains(p.text, "refused");
}
END_TEST

START_TEST(any_number_of_threads)
{
    char *first = NULL;
    testing_write(testing_path(path, folder, "x.yaml"), LINEAR "llc: {n: 50, curve_to: 50, draws: 200}\n");
    for (int threads = 1; threads <= 3; threads += 2) {
        program_run(&p, "basin", "llc", path, threads == 1 ? "--threads=1" : "--threads=3", "--quiet", "--json");
        const char *begin = strstr(p.text, "\"llc\"");
        ck_assert_ptr_nonnull(begin);
        if (first)
            ck_assert_str_eq(first, begin);
        else
            first = strdup(begin);
    }
    free(first);
}
END_TEST

static const struct {
    const char *options, *says;
} mistakes[] = {
    {"llc: {n: 1000, curve_to: 100}\n", "below n"},
    {"llc: {n: 10, curve_to: 1e12, over: [prior]}\n", "rungs"},
    {"llc: {over: [fibre]}\n", "prior"},
    {"llc: {over: []}\n", "llc.over"},
    {"", "examples"},
};

START_TEST(mistakes_are_told)
{
    char text[1000];
    snprintf(text, sizeof text,
             "kind: basin\nnetwork: {layers: [1, %d, 1], activation: identity, bias: false}\n"
             "data: {generate: projection}\ntrain: {}\n%s",
             _i == 1 ? 40 : 1, mistakes[_i].options);
    testing_write(testing_path(path, folder, "x.yaml"), text);
    program_run(&p, "basin", "llc", path);
    assert_code(&p, 3);
    ck_assert_str_eq(p.text, "");
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
    assert_contains(p.errors, mistakes[_i].says);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learning coefficient");
    TCase *chains = tcase_create("chains"), *outside = tcase_create("outside");
    tcase_add_loop_test(chains, normal_crossings, 0, sizeof crossings / sizeof crossings[0]);
    tcase_add_test(chains, examples_of_n_beta);
    tcase_add_loop_test(chains, laws_of_curves, 0, 4);
    tcase_add_checked_fixture(outside, setup, teardown);
    tcase_add_test(outside, linear_network_beside_its_exact_value);
    tcase_add_test(outside, around_a_smooth_point);
    tcase_add_test(outside, beside_stochastic_gradients);
    tcase_add_test(outside, too_few_draws_are_refused);
    tcase_add_test(outside, any_number_of_threads);
    tcase_add_loop_test(outside, mistakes_are_told, 0, sizeof mistakes / sizeof mistakes[0]);
    suite_add_tcase(suite, chains);
    suite_add_tcase(suite, outside);
    return testing_main(suite);
}
