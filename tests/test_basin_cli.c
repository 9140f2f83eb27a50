/* The basin commands from outside: experiment files in, answers, folders and weights out. */
#include "base/file.h"
#include "basin/experiment.h"
#include "data/array.h"
#include "tests/program.h"
#include "tests/testing.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XOR "scenarios/basin-xor.yaml"
#define LM "--set=train.method=lm"

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

/* runs[0] of the JSON answer; the root is put into *root for json_decref. */
static json_t *first_run(json_t **root)
{
    json_error_t error;
    *root = json_loads(p.text, 0, &error);
    ck_assert_msg(*root != NULL, "%s in: %s", error.text, p.text);
    ck_assert_str_eq(p.errors, "");
    json_t *run = json_array_get(json_object_get(*root, "runs"), 0);
    ck_assert_ptr_nonnull(run);
    return run;
}

static double number(const json_t *run, const char *key)
{
    const json_t *value = json_object_get(run, key);
    ck_assert_msg(json_is_number(value), "%s is not a number", key);
    return json_number_value(value);
}

START_TEST(audit_answers_with_every_key)
{
    static const char *const keys[] = {"parameters",
                                       "behaviours",
                                       "loss",
                                       "residual_norm",
                                       "rank_g",
                                       "rank_h",
                                       "gap_g",
                                       "gap_h",
                                       "negative_eigenvalues",
                                       "equality",
                                       "reason",
                                       "left_null_residual",
                                       "lost",
                                       "manifold_dimension",
                                       "manifold_dimension_bound"};
    json_t *root;
    program_run(&p, "basin", "audit", XOR, LM, "--json");
    assert_code(&p, 0);
    json_t *run = first_run(&root);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        ck_assert_msg(json_object_get(run, keys[i]) != NULL, "%s is missing", keys[i]);
    ck_assert_int_eq((int)number(run, "parameters"), 17);
    ck_assert_int_eq((int)number(run, "rank_g"), 4); /* four independent examples */
    ck_assert_int_eq((int)number(run, "rank_h"), 4);
    ck_assert_str_eq(json_string_value(json_object_get(run, "equality")), "holds");
    ck_assert_double_lt(number(run, "loss"), 1e-25);
    size_t sum = 0, i;
    json_t *lost;
    json_array_foreach(json_object_get(run, "lost"), i, lost) sum += (size_t)number(lost, "dimensions");
    ck_assert_uint_eq(sum, 13);
    json_decref(root);
}
END_TEST

START_TEST(raw_logits_fail_and_probabilities_hold)
{
    json_t *root;
    program_run(&p, "basin", "audit", "scenarios/basin-raw-logits.yaml", "--json");
    assert_code(&p, 0);
    first_run(&root);
    const json_t *runs = json_object_get(root, "runs");
    static const int expected[2][2] = {{6, 6}, {9, 6}};
    static const char *const verdict[] = {"holds", "fails"};
    for (size_t k = 0; k < 2; k++) {
        const json_t *run = json_array_get(runs, k);
        ck_assert_int_eq((int)number(run, "rank_g"), expected[k][0]);
        ck_assert_int_eq((int)number(run, "rank_h"), expected[k][1]);
        ck_assert_str_eq(json_string_value(json_object_get(run, "equality")), verdict[k]);
    }
    json_decref(root);
}
END_TEST

/* trace H = sum of eigenvalues; at a perfect fit of mse H = G^T G/n, so the eigenvalues are squares of singular values
 * over n. */
START_TEST(spectrum_is_made_of_singular_values)
{
    json_t *root;
    program_run(&p, "basin", "spectrum", XOR, LM, "--json");
    assert_code(&p, 0);
    json_t *run = first_run(&root);
    const json_t *h = json_object_get(run, "eigenvalues"), *g = json_object_get(run, "singular_values_g");
    ck_assert_uint_eq(json_array_size(h), 17);
    ck_assert_uint_eq(json_array_size(g), 4);
    for (size_t i = 1; i < 17; i++)
        ck_assert_double_le(json_number_value(json_array_get(h, i - 1)), json_number_value(json_array_get(h, i)));
    for (size_t i = 0; i < 4; i++) {
        double s = json_number_value(json_array_get(g, i));
        assert_close(json_number_value(json_array_get(h, 16 - i)), s * s / 4, 1e-10, 1e-6);
    }
    ck_assert_double_lt(number(run, "eigenpair_residual"), 1e-13);
    json_decref(root);
}
END_TEST

/* H = X^T X/n = diag(1/2, 2): the median of an even number of eigenvalues is the mean of the two in the middle. */
START_TEST(median_of_an_even_number)
{
    testing_write(testing_path(path, folder, "r.yaml"),
                  "kind: basin\nnetwork: {layers: [2, 1], activation: identity, bias: false}\n"
                  "data: {rows: [[1, 0, 3], [0, 2, 8]]}\ntrain: {method: lm}\n");
    program_run(&p, "basin", "spectrum", path);
    assert_code(&p, 0);
    char matrix[8], largest[8], median[8];
    const char *line = strstr(p.text, "\n  H ");
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line, " %7s 2 %7s %7s", matrix, largest, median), 3);
    ck_assert_str_eq(largest, "2");
    ck_assert_str_eq(median, "1.25");
}
END_TEST

/* A sampled spectrum against all its eigenvalues, ascending: ends, trace within four standard errors, counts within
 * their bounds. */
static void assert_sampled(const json_t *sampled, const json_t *dense)
{
    size_t i, n = json_array_size(dense);
    double trace = 0;
    for (i = 0; i < n; i++)
        trace += json_number_value(json_array_get(dense, i));
    ck_assert_uint_eq((size_t)number(sampled, "size"), n);
    ck_assert_double_ge(number(sampled, "largest_error"), (double)n * DBL_EPSILON * number(sampled, "largest"));
    assert_close(number(sampled, "largest"), json_number_value(json_array_get(dense, n - 1)), 1e-5, 1e-6);
    assert_close(number(sampled, "smallest"), json_number_value(json_array_get(dense, 0)), 1e-5, 1e-6);
    ck_assert_double_lt(fabs(number(sampled, "trace") - trace), 4 * number(sampled, "trace_error") + 1e-9);
    json_t *count;
    json_array_foreach(json_object_get(sampled, "counts"), i, count)
    {
        double above = 0, error = 4 * number(count, "error") + 1e-6;
        for (size_t k = 0; k < n; k++)
            above += json_number_value(json_array_get(dense, k)) > number(count, "x");
        ck_assert_double_ge(above, number(count, "low") - error);
        ck_assert_double_le(above, number(count, "high") + error);
    }
    ck_assert_uint_eq(i, 33);
}

START_TEST(sampled_spectrum_agrees_with_the_dense_one)
{
    json_t *root, *dense_root;
    program_run(&p, "basin", "spectrum", XOR, LM, "--json");
    const json_t *dense = first_run(&dense_root);
    program_clear(&p);
    program_run(&p, "basin", "spectrum", XOR, LM, "--json",
                "--set=spectrum={dense_most: 1, probes: 40, layer_probes: 30}");
    assert_code(&p, 0);
    const json_t *sampled = json_object_get(first_run(&root), "sampled");
    assert_sampled(sampled, json_object_get(dense, "eigenvalues"));
    const json_t *layers = json_object_get(dense, "eigenvalues_layers");
    size_t l;
    json_t *layer;
    json_array_foreach(json_object_get(sampled, "layers"), l, layer)
    {
        assert_sampled(layer, json_array_get(layers, l));
        ck_assert_uint_eq((size_t)number(layer, "probes"), 30);
    }
    ck_assert_uint_eq(l, 2);
    json_decref(root);
    json_decref(dense_root);
}
END_TEST

START_TEST(volume_says_infinite_where_it_is)
{
    json_t *root;
    program_run(&p, "basin", "volume", XOR, LM, "--json");
    assert_code(&p, 0);
    const json_t *rows = json_object_get(json_object_get(first_run(&root), "volume"), "rows");
    ck_assert_uint_ge(json_array_size(rows), 7);
    ck_assert(json_is_true(json_object_get(json_array_get(rows, 0), "infinite")));
    ck_assert(json_is_null(json_object_get(json_array_get(rows, 0), "log_value")));
    json_decref(root);
}
END_TEST

/* A linear map with 3 parameters and 20 examples: its loss is its quadratic, so that every row that stands is the exact
 * one. */
START_TEST(volume_is_a_bracket)
{
    json_t *root, *row;
    size_t i, standing = 0;
    double exact = NAN;
    testing_write(testing_path(path, folder, "v.yaml"),
                  "kind: basin\nnetwork: {layers: [3, 1], activation: identity, bias: false}\n"
                  "data: {generate: linear, examples: 20, seed: 1}\ntrain: {method: lm}\n"
                  "volume: {threshold: 0.1, sigma: 0.7, methods: [star, annealed, rejection]}\n");
    program_run(&p, "basin", "volume", path, "--json");
    assert_code(&p, 0);
    json_t *rows = json_object_get(json_object_get(first_run(&root), "volume"), "rows");
    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (strcmp(name, "exact, of the quadratic") == 0)
            exact = number(row, "log_value");
        if (strcmp(name, "zero directions thrown out") == 0)
            ck_assert_str_eq(json_string_value(json_object_get(row, "note")), "there are none: as the row above");
        if (strcmp(json_string_value(json_object_get(row, "what")), "prior mass") != 0 ||
            !json_is_number(json_object_get(row, "error")))
            continue;
        standing++;
        ck_assert_double_lt(fabs(number(row, "log_value") - exact), 3.5 * number(row, "error") + 1e-3);
        ck_assert_double_gt(number(row, "effective_size"), 100);
    }
    ck_assert_uint_ge(standing, 6);
    json_decref(root);
}
END_TEST

/* Seventeen parameters and seven directions: nothing sampled can stand, and the program says so with its exit code. */
START_TEST(a_volume_of_which_nothing_stands_is_refused)
{
    program_run(&p, "basin", "volume", XOR, LM, "--set=volume.methods=[star]", "--set=volume.star.directions=7");
    assert_code(&p, 4);
    assert_contains(p.text, "refused");
    program_clear(&p);
    program_run(&p, "basin", "volume", XOR, LM, "--set=volume.sameness=output-distance");
    assert_code(&p, 2);
    assert_contains(p.errors, "data.validation");
}
END_TEST

/* f = v tanh(w.x): the mirrored copy (-v, -w) lies in the same piece, round v = 0 or w = 0, where the loss is still
 * below the threshold: the star domain about theta* has more than half of the mass. */
START_TEST(copies_that_touch_are_not_counted)
{
    json_t *root, *row;
    size_t i, seen = 0;
    double star = -INFINITY;
    testing_write(testing_path(path, folder, "v.yaml"),
                  "kind: basin\nnetwork: {layers: [2, 1, 1], activation: tanh, bias: false, init: {scheme: normal}}\n"
                  "data: {generate: teacher, examples: 2, seed: 2}\ntrain: {method: flow, seed: 3}\n"
                  "volume: {threshold: 0.01, methods: [star, annealed]}\n");
    program_run(&p, "basin", "volume", path, "--json");
    assert_code(&p, 0);
    json_array_foreach(json_object_get(json_object_get(first_run(&root), "volume"), "rows"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (strcmp(name, "star domain, whole H") == 0)
            star = number(row, "log_value") - 3 * number(row, "error");
        if (strcmp(name, "annealed down from theta*") == 0)
            ck_assert_double_lt(number(row, "log_value") - log(2) + 3 * number(row, "error"), star);
        if (strcmp(name, "annealed, one copy of theta*") != 0)
            continue;
        seen++;
        ck_assert(json_is_true(json_object_get(row, "refused")));
        assert_contains(json_string_value(json_object_get(row, "note")), "touch");
    }
    ck_assert_uint_eq(seen, 1);
    json_decref(root);
}
END_TEST

START_TEST(a_saddle_by_weight_decay_is_said)
{
    program_run(&p, "basin", "volume", XOR, LM, "--set=weight_decay=0.01", "--set=volume.methods=[star]");
    assert_contains(p.text, "without the weight decay of the training");
    assert_contains(p.text, "excess of the training loss (without weight decay)");
    program_clear(&p);
    program_run(&p, "basin", "volume", XOR, LM, "--set=volume.methods=[star]");
    ck_assert_ptr_null(strstr(p.text, "without the weight decay of the training"));
}
END_TEST

/* docs/segment.md says where the walks of the shipped scenario end. */
START_TEST(walks_end_where_the_page_says)
{
    json_t *root, *walk;
    size_t i;
    int stated = 0, ended = 0;
    double low = INFINITY, high = 0, from = NAN, to = NAN;
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", "--set=segment.points=0", "--json");
    assert_code(&p, 0);
    json_array_foreach(json_object_get(json_object_get(first_run(&root), "segment"), "walks"), i, walk)
    {
        if (strcmp(json_string_value(json_object_get(walk, "ended_by")), "behaviour") != 0)
            continue;
        low = fmin(low, number(walk, "found") / number(walk, "predicted"));
        high = fmax(high, number(walk, "found") / number(walk, "predicted"));
        ended++;
    }
    json_decref(root);
    char *page = testing_read("docs/segment.md", NULL), *said = page ? strstr(page, "prior; the ") : NULL;
    ck_assert_ptr_nonnull(said);
    ck_assert_int_eq(
        sscanf(said, "prior; the %d of 16 walks that the behaviour ends, end at %lf to %lf of", &stated, &from, &to),
        3);
    ck_assert_int_eq(stated, ended);
    ck_assert_double_lt(fabs(from - low), 0.0075);
    ck_assert_double_lt(fabs(to - high), 0.0075);
    free(page);
}
END_TEST

/* The range that is said is that of the walks which the behaviour ended; where the prior ended one, further out. */
START_TEST(walks_by_the_prior_check_nothing)
{
    json_t *root, *walk;
    size_t i, ended = 0, stated = 0;
    double low = INFINITY, high = 0, all = 0, from = NAN, to = NAN;
    static const char *const options[] = {"--set=segment.points=0", "--set=segment.tolerance=0.15"};
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", options[0], options[1], "--json");
    assert_code(&p, 0);
    json_array_foreach(json_object_get(json_object_get(first_run(&root), "segment"), "walks"), i, walk)
    {
        double ratio = number(walk, "found") / number(walk, "predicted");
        all = fmax(all, ratio);
        if (strcmp(json_string_value(json_object_get(walk, "ended_by")), "behaviour") != 0)
            continue;
        low = fmin(low, ratio);
        high = fmax(high, ratio);
        ended++;
    }
    json_decref(root);
    ck_assert_double_gt(all, high + 0.05);
    program_clear(&p);
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", options[0], options[1]);
    const char *said = strstr(p.text, "that the behaviour ended (");
    ck_assert_ptr_nonnull(said);
    ck_assert_int_eq(sscanf(said, "that the behaviour ended (%zu of 16) did so at %lf to %lf of", &stated, &from, &to),
                     3);
    ck_assert_uint_eq(stated, ended);
    assert_close(from, low, 5e-3, 1);
    assert_close(to, high, 5e-3, 1);
    program_clear(&p);
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", options[0], "--set=segment.tolerance=0.3");
    assert_contains(p.text, "The behaviour ended none of the 16 walks");
}
END_TEST

/* What the cross-section is as wide as, where the prior ends some of it and where the loss ends all. */
START_TEST(a_cross_section_is_as_wide_as_the_prior_allows)
{
    static const char *const thresholds[] = {"--set=segment.threshold=0.1", "--set=segment.threshold=1e-8"};
    for (int k = 0; k < 2; k++) {
        json_t *root;
        char says[100];
        program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", "--set=segment.points=1",
                    "--set=segment.walks=0", thresholds[k], "--json");
        assert_code(&p, 0);
        int capped = (int)number(json_object_get(first_run(&root), "segment"), "across_capped");
        json_decref(root);
        ck_assert_int_eq(capped > 0, k == 0);
        program_clear(&p);
        program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", "--set=segment.points=1",
                    "--set=segment.walks=0", thresholds[k]);
        snprintf(says, sizeof says,
                 k ? "as wide as the loss allows, "
                   : "as wide as loss and prior allow (the prior ends %d of its 24 widths), ",
                 capped);
        assert_contains(p.text, says);
        program_clear(&p);
    }
}
END_TEST

/* The column of the widths of the extent is from the narrowest to the widest. */
START_TEST(widths_of_the_extent_are_a_range)
{
    json_t *root, *width;
    size_t i;
    double low = INFINITY, high = 0, from = NAN, to = NAN;
    static const char *const none[] = {"--set=segment.points=0", "--set=segment.walks=0"};
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", none[0], none[1], "--json");
    assert_code(&p, 0);
    json_array_foreach(json_object_get(json_object_get(first_run(&root), "segment"), "widths"), i, width)
    {
        low = fmin(low, json_number_value(width));
        high = fmax(high, json_number_value(width));
    }
    json_decref(root);
    program_clear(&p);
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", none[0], none[1]);
    assert_code(&p, 0);
    const char *line = strstr(p.text, "\n  extent ");
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line, " extent %*s %*s %lf to %lf;", &from, &to), 2);
    assert_close(from, low, 5e-3, 1); /* three figures are shown */
    assert_close(to, high, 5e-3, 1);
}
END_TEST

static double at(const json_t *o, const char *key, size_t i)
{
    return json_number_value(json_array_get(json_object_get(o, key), i));
}

START_TEST(segment_answers_with_every_key)
{
    static const char *const keys[] = {"threshold",  "tolerance",         "rank",       "dimension", "capped",
                                       "log_volume", "log_cross_section", "log_extent", "widths",    "walks",
                                       "drained",    "widths_across",     "ended_by"};
    json_t *root, *w;
    size_t i;
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", "--set=segment.points=10",
                "--set=segment.walks=2", "--json");
    assert_code(&p, 0);
    json_t *segment = json_object_get(first_run(&root), "segment");
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        ck_assert_msg(json_object_get(segment, keys[i]) != NULL, "%s is missing", keys[i]);
    ck_assert_int_eq((int)number(segment, "rank"), 24);
    ck_assert_int_eq((int)number(segment, "dimension"), 14);
    json_array_foreach(json_object_get(segment, "walks"), i, w)
    {
        ck_assert_double_gt(number(w, "found"), 0.8 * number(w, "predicted"));
        ck_assert_double_lt(number(w, "found"), 1.25 * number(w, "predicted"));
    }
    ck_assert_uint_eq(i, 4);
    /* what ended each width, from the numbers it is the smaller one of */
    for (i = 0; i < 14; i++) {
        double s = at(segment, "singular_values", i), prior = at(segment, "prior_widths", i);
        bool by_prior = !(0.1 / s < prior);
        ck_assert_str_eq(json_string_value(json_array_get(json_object_get(segment, "ended_by"), i)),
                         by_prior ? "prior" : "behaviour");
        assert_close(at(segment, "widths", i), fmin(0.1 / s, prior), 1e-9, 1);
    }
    ck_assert_uint_eq(json_array_size(json_object_get(segment, "widths_across")), 24);
    json_array_foreach(json_object_get(segment, "drained"), i, w)
    {
        ck_assert(json_is_null(json_object_get(w, "log_volume"))); /* 10 points are too few */
    }
    json_decref(root);
    program_clear(&p);
    program_run(&p, "basin", "segment", "scenarios/basin-segment.yaml", "--set=segment.walks=0",
                "--set=segment.points=120", "--json");
    segment = json_object_get(first_run(&root), "segment");
    w = json_array_get(json_object_get(segment, "drained"), 0);
    double part = number(w, "inside") / 120;
    ck_assert_double_gt(part, 0.9);
    assert_close(number(w, "log_volume"), number(segment, "log_volume_capped") + 24 * log(0.5) + log(part), 1e-9, 1);
    assert_close(number(w, "error"), sqrt((1 - fmin(part, 119.0 / 120)) / (fmin(part, 119.0 / 120) * 120)), 1e-9, 1);
    json_decref(root);
    program_clear(&p);
    program_run(&p, "basin", "segment", XOR, LM);
    assert_code(&p, 3);
    assert_contains(p.errors, "data.validation");
}
END_TEST

static double member(const json_t *run, const char *key)
{
    return json_number_value(json_object_get(json_object_get(run, "relate"), key));
}

/* Spearman's coefficient without ties: 1 - 6 sum d^2/(n (n^2 - 1)). */
static double naive_spearman(size_t n, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double a = 0, b = 0;
        for (size_t j = 0; j < n; j++)
            a += x[j] < x[i], b += y[j] < y[i];
        sum += (a - b) * (a - b);
    }
    return 1 - 6 * sum / ((double)n * ((double)n * (double)n - 1));
}

START_TEST(networks_are_related)
{
    enum { N = 7 };
    json_t *root, *m;
    size_t i;
    double distance[N], quality[N], rho = NAN;
    testing_write(testing_path(path, folder, "r.yaml"),
                  "kind: basin\nnetwork: {layers: [2, 3, 1]}\n"
                  "data: {generate: teacher, hidden: [2], examples: 6, validation: 20}\ntrain: {method: lm, seed: 3}\n"
                  "volume: {star: {directions: 50}, methods: [star]}\n"
                  "runs: [{name: plain, repeat: 5}, {name: noisy, repeat: 2, set: {data.label_noise: 1}}]\n");
    program_run(&p, "basin", "relate", path, "--json", "--set=volume.star.epsilon=10");
    ck_assert(p.code == 0 || p.code == 4); /* 4: no row of some volume stands */
    root = json_loads(p.text, 0, NULL);
    ck_assert_ptr_nonnull(root);
    json_t *runs = json_object_get(root, "runs"), *relations = json_object_get(root, "relations");
    ck_assert_uint_eq(json_array_size(runs), N);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(runs, 0), "name")), "plain-1");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(runs, 6), "name")), "noisy-2");
    for (i = 0; i < N; i++) {
        distance[i] = member(json_array_get(runs, i), "distance");
        quality[i] = -member(json_array_get(runs, i), "validation_loss");
        ck_assert(i == 0 || distance[i] != distance[i - 1]); /* seeds differ */
    }
    ck_assert_str_eq(json_string_value(json_object_get(relations, "quality")), "minus validation loss");
    ck_assert_str_eq(json_string_value(json_object_get(relations, "reference")), "exact, of the quadratic");
    const char *worst_row = json_string_value(json_object_get(relations, "worst_row"));
    double worst = NAN, least = INFINITY;
    json_array_foreach(json_object_get(relations, "metrics"), i, m)
    {
        const json_t *with = json_object_get(m, "with_quality");
        const char *name = json_string_value(json_object_get(m, "name"));
        double rho_reference = json_number_value(json_object_get(json_object_get(m, "with_reference"), "rho"));
        bool is_row = json_is_number(json_object_get(json_object_get(m, "with_reference"), "rho")) &&
                      (strncmp(name, "star", 4) == 0 || strncmp(name, "zero", 4) == 0 || strstr(name, "saddle") ||
                       strncmp(name, "H +", 3) == 0 || strncmp(name, "beta H", 6) == 0);
        least = is_row ? fmin(least, rho_reference) : least;
        worst = strcmp(name, worst_row) == 0 ? rho_reference : worst;
        if (strcmp(json_string_value(json_object_get(m, "name")), "distance from the origin") == 0)
            rho = number(with, "rho");
    }
    assert_close(rho, naive_spearman(N, distance, quality), 1e-12, 1);
    ck_assert_double_eq(worst, least);
    json_decref(root);
}
END_TEST

/* Half of the examples get another one's targets; none is lost. */
START_TEST(label_noise_passes_targets_around)
{
    struct experiment clean, noisy;
    struct error e = {0};
    const char *half = "data.label_noise=0.5";
    size_t moved = 0;
    double sums[2] = {0};
    testing_write(testing_path(path, folder, "n.yaml"),
                  "kind: basin\nnetwork: {layers: [3, 2]}\ndata: {generate: teacher, examples: 40}\ntrain: {}\n");
    ck_assert_msg(experiment_read(path, NULL, 0, &clean, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(experiment_read(path, &half, 1, &noisy, &e) == STATUS_OK, "%s", e.message);
    for (size_t i = 0; i < 40; i++) {
        moved += clean.runs[0].data.t[2 * i] != noisy.runs[0].data.t[2 * i];
        sums[0] += clean.runs[0].data.t[2 * i];
        sums[1] += noisy.runs[0].data.t[2 * i];
    }
    ck_assert_uint_eq(moved, 20);
    assert_close(sums[1], sums[0], 1e-12, 1);
    ck_assert_mem_eq(clean.runs[0].data.x, noisy.runs[0].data.x, 120 * sizeof(double));
    ck_assert_str_ne(clean.runs[0].key, noisy.runs[0].key);
    experiment_clear(&clean);
    experiment_clear(&noisy);
}
END_TEST

/* A linear map: the loss is its own quadratic, so in the corners of the eigenvector plane, each side of which reaches
 * 0.1, it is 0.2, and 0 in the middle. */
START_TEST(contour_of_a_quadratic_is_exact)
{
    json_t *root;
    testing_write(testing_path(path, folder, "q.yaml"),
                  "kind: basin\nnetwork: {layers: [3, 1], activation: identity, bias: false}\n"
                  "data: {generate: linear, examples: 20, seed: 1}\ntrain: {method: lm}\n"
                  "contour: {planes: [eigenvectors], resolution: 11}\n");
    program_run(&p, "basin", "contour", path, "--json");
    assert_code(&p, 0);
    const json_t *contour = json_object_get(first_run(&root), "contour");
    const json_t *plane = json_array_get(json_object_get(contour, "planes"), 0);
    assert_close(number(plane, "loss_most"), 0.2, 1e-7, 1);
    ck_assert_double_lt(number(plane, "loss_least"), 1e-20);
    json_decref(root);
}
END_TEST

/* f(-x) = -f(x): opposite inputs with opposite targets are right on the same weights; those of a teacher are not. */
START_TEST(coinciding_surfaces_are_named)
{
    json_t *root;
    program_run(&p, "basin", "contour", "scenarios/basin-three-parameters.yaml", "--json");
    assert_code(&p, 0);
    first_run(&root);
    for (size_t k = 0; k < 2; k++) {
        const json_t *run = json_array_get(json_object_get(root, "runs"), k);
        const json_t *pairs = json_object_get(json_object_get(run, "contour"), "coincident_behaviours");
        ck_assert_uint_eq(json_array_size(pairs), k ? 1 : 0);
    }
    json_decref(root);
}
END_TEST

/* The plane goes through what is trained from two other seeds, and the same through files of those weights. */
START_TEST(contour_through_three_minima)
{
    static const char *const outs[] = {"two", "three"}, *const seeds[] = {"--set=train.seed=2", "--set=train.seed=3"};
    json_t *root, *from_files;
    char out[TESTING_PATH], text[4 * TESTING_PATH];
    for (size_t k = 0; k < 2; k++) {
        program_run(&p, "basin", "train", XOR, LM, seeds[k], "--quiet", "--out", testing_path(out, folder, outs[k]));
        assert_code(&p, 0);
    }
    program_run(&p, "basin", "contour", XOR, LM, "--set=contour={seeds: [2, 3], resolution: 5}", "--set=train.seed=1",
                "--json");
    assert_code(&p, 0);
    const json_t *planes = json_object_get(json_object_get(first_run(&root), "contour"), "planes");
    ck_assert_uint_eq(json_array_size(planes), 4);
    const json_t *trained = json_array_get(planes, 3);
    ck_assert_str_eq(json_string_value(json_object_get(trained, "kind")), "points");
    for (size_t side = 0; side < 3; side++)
        ck_assert_double_gt(json_number_value(json_array_get(json_object_get(trained, "barriers"), side)), 0.01);
    snprintf(text, sizeof text,
             "--set=contour={planes: [points], points: [%s/two/weights.safetensors, %s/three/weights.safetensors], "
             "resolution: 5}",
             folder, folder);
    program_run(&p, "basin", "contour", XOR, LM, text, "--json");
    assert_code(&p, 0);
    planes = json_object_get(json_object_get(first_run(&from_files), "contour"), "planes");
    ck_assert_uint_eq(json_array_size(planes), 1);
    ck_assert(json_equal(json_array_get(planes, 0), trained));
    json_decref(root);
    json_decref(from_files);
}
END_TEST

START_TEST(hard_targets_and_missing_weights_are_named)
{
    json_t *root;
    program_run(&p, "basin", "audit", XOR, LM, "--set=loss=bce", "--json");
    assert_code(&p, 0);
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(first_run(&root), "reason")), "at infinity"));
    json_decref(root);
    program_run(&p, "basin", "contour", XOR, LM, "--set=contour={planes: [points], points: [nowhere.safetensors]}");
    assert_code(&p, 3);
    ck_assert_ptr_nonnull(strstr(p.errors, "nowhere.safetensors"));
}
END_TEST

/* Examples in the file itself; a row of another length is refused at its place. */
START_TEST(rows_are_examples)
{
    json_t *root;
    testing_write(testing_path(path, folder, "r.yaml"),
                  "kind: basin\nnetwork: {layers: [2, 1], activation: identity, bias: false}\n"
                  "data: {rows: [[1, 0, 3], [0, 2, 8]]}\ntrain: {method: lm}\n");
    program_run(&p, "basin", "spectrum", path, "--json");
    assert_code(&p, 0);
    json_t *run = first_run(&root);
    assert_close(number(run, "distance"), 5, 1e-9, 1); /* (3, 4) */
    json_decref(root);
    program_run(&p, "basin", "spectrum", path, "--set=data.rows[1]=[0, 2]");
    assert_code(&p, 2);
    ck_assert_ptr_nonnull(strstr(p.errors, "data.rows: 2 numbers; an example has 2 inputs and 1 outputs"));
}
END_TEST

/* train keeps weights; audit uses them; another seed or --retrain does not. */
START_TEST(weights_are_used_again)
{
    json_t *root, *run;
    testing_path(path, folder, "x");
    program_run(&p, "basin", "train", XOR, LM, "--out", path, "--quiet");
    assert_code(&p, 0);
    program_run(&p, "basin", "audit", XOR, LM, "--out", path, "--json");
    assert_code(&p, 0);
    run = first_run(&root);
    ck_assert(json_is_true(json_object_get(run, "reused")));
    json_decref(root);
    program_run(&p, "basin", "audit", XOR, LM, "--out", path, "--json", "--retrain");
    run = first_run(&root);
    ck_assert(json_is_false(json_object_get(run, "reused")));
    json_decref(root);
    program_run(&p, "basin", "audit", XOR, LM, "--out", path, "--json", "--set=train.seed=2");
    run = first_run(&root);
    ck_assert(json_is_false(json_object_get(run, "reused")));
    json_decref(root);
}
END_TEST

START_TEST(run_writes_a_folder)
{
    static const char *const files[] = {"summary.json", "report.html", "weights.safetensors",
                                        "training.gp",  "spectrum.gp", "spectrum.dat",
                                        "widths.gp"};
    char file[TESTING_PATH];
    testing_path(path, folder, "x");
    program_run(&p, "run", XOR, LM, "--out", path, "--quiet");
    assert_code(&p, 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        ck_assert_msg(testing_exists(testing_path(file, path, files[i])), "%s", files[i]);
    json_t *summary = json_load_file(testing_path(file, path, "summary.json"), 0, NULL);
    ck_assert(json_is_true(json_object_get(summary, "complete")));
    json_decref(summary);
}
END_TEST

/* As many runs as there are colours have their lines; where there are more, the title says so. */
START_TEST(every_training_is_drawn)
{
    static const struct {
        const char *repeat, *last, *title;
    } cases[] = {{"8", "title 'all-8'", "title 'Training'"},
                 {"10", "title 'all-8'", "title 'Training (the first 8 of 10 runs)'"}};
    char path_runs[TESTING_PATH], set[80], script[TESTING_PATH];
    snprintf(set, sizeof set, "--set=runs=[{name: all, repeat: %s}]", cases[_i].repeat);
    program_run(&p, "basin", "train", XOR, LM, set, "--out", testing_path(path_runs, folder, "t"), "--quiet");
    assert_code(&p, 0);
    char *text = testing_read(testing_path(script, path_runs, "training.gp"), NULL);
    ck_assert_ptr_nonnull(text);
    assert_contains(text, cases[_i].last);
    assert_contains(text, cases[_i].title);
    free(text);
}
END_TEST

/* One's own network: y = x W^T + b with known weights, in both layouts, analysed as it stands. */
static void write_own_files(bool transposed)
{
    double w[6] = {1, 2, 3, 4, 5, 6}, wt[6] = {1, 4, 2, 5, 3, 6}, b[2] = {.5, -.5}, x[6] = {1, 0, 0, 0, 1, 1}, t[4];
    for (size_t i = 0; i < 2; i++)
        for (size_t o = 0; o < 2; o++) {
            t[i * 2 + o] = b[o];
            for (size_t j = 0; j < 3; j++)
                t[i * 2 + o] += w[o * 3 + j] * x[i * 3 + j];
        }
    struct array weights[] = {
        {.name = "0.weight",
         .type = ARRAY_F64,
         .n_dimensions = 2,
         .shape = {transposed ? 3 : 2, transposed ? 2 : 3},
         .n = 6,
         .values = transposed ? wt : w},
        {.name = "0.bias", .type = ARRAY_F64, .n_dimensions = 1, .shape = {2}, .n = 2, .values = b}};
    struct array inputs = {.name = "x", .type = ARRAY_F64, .n_dimensions = 2, .shape = {2, 3}, .n = 6, .values = x};
    struct array targets = {.name = "t", .type = ARRAY_F64, .n_dimensions = 2, .shape = {2, 2}, .n = 4, .values = t};
    struct array_set set = {.arrays = weights, .n = 2};
    ck_assert_int_eq(array_write_safetensors(&set, NULL, testing_path(path, folder, "w.safetensors"), NULL), STATUS_OK);
    set = (struct array_set){.arrays = &inputs, .n = 1};
    ck_assert_int_eq(array_write_npz(&set, testing_path(path, folder, "x.npz"), NULL), STATUS_OK);
    set = (struct array_set){.arrays = &targets, .n = 1};
    ck_assert_int_eq(array_write_npz(&set, testing_path(path, folder, "t.npz"), NULL), STATUS_OK);
    testing_write(testing_path(path, folder, "own.yaml"),
                  transposed ? "kind: basin\nnetwork: {layers: [3, 2], weights: w.safetensors, layout: in-out}\n"
                               "data: {inputs: x.npz, targets: t.npz}\n"
                             : "kind: basin\nnetwork: {layers: [3, 2], weights: w.safetensors}\n"
                               "data: {inputs: x.npz, targets: t.npz}\n");
}

START_TEST(own_weights_are_analysed_as_they_stand)
{
    json_t *root;
    write_own_files(_i == 1);
    program_run(&p, "basin", "audit", testing_path(path, folder, "own.yaml"), "--json");
    assert_code(&p, 0);
    json_t *run = first_run(&root);
    ck_assert_double_lt(number(run, "loss"), 1e-28); /* the targets are what these weights answer */
    ck_assert_int_eq((int)number(run, "rank_g"), 4);
    ck_assert(json_is_null(json_object_get(run, "training")));
    json_decref(root);
}
END_TEST

/* The word of the experiment file is enough; without it and without anything that vouches for the layout it is said. */
START_TEST(square_layers_without_a_layout_are_said)
{
    double w[4] = {1, 2, 3, 4};
    struct array kernel = {
        .name = "dense.kernel", .type = ARRAY_F64, .n_dimensions = 2, .shape = {2, 2}, .n = 4, .values = w};
    struct array_set set = {.arrays = &kernel, .n = 1};
    testing_folder(folder);
    ck_assert_int_eq(array_write_safetensors(&set, NULL, testing_path(path, folder, "w.safetensors"), NULL), STATUS_OK);
    testing_write(testing_path(path, folder, "square.yaml"),
                  "kind: basin\nnetwork: {layers: [2, 2], bias: false, weights: w.safetensors}\n"
                  "data: {rows: [[1, 0, 1, 3], [0, 1, 2, 4]]}\n");
    program_run(&p, "basin", "audit", path);
    assert_code(&p, 0);
    assert_contains(p.errors, "declare network.layout");
    assert_contains(p.text, "could not be checked");
    program_run(&p, "basin", "audit", path, "--set=network.layout=out-in");
    assert_code(&p, 0);
    ck_assert_str_eq(p.errors, "");
}
END_TEST

static const struct {
    const char *text, *place, *says;
} mistakes[] = {
    {"kind: basin\nnetwork: {layers: [2, 3, 1]}\ndata: {generate: xor}\n", ":2:", "nothing to analyse"},
    {"kind: basin\nnetwork: {layers: [2]}\ndata: {generate: xor}\ntrain: {}\n", ":2:", "at least inputs and outputs"},
    {"kind: basin\nnetwork: {layers: [3, 1]}\ndata: {generate: xor}\ntrain: {}\n", ":2:", "3 inputs"},
    {"kind: basin\nnetwork: {layers: [2, 1], activation: tahn}\ndata: {generate: xor}\ntrain: {}\n", ":2:", "tanh"},
    {"kind: basin\nnetwork: {layers: [2, 1]}\ndata: {generate: xor, dataset: digits}\ntrain: {}\n", ":3:", "one of"},
    {"kind: basin\nnetwork: {layers: [2, 1], weights: none.safetensors}\ndata: {generate: xor}\n", "none.safetensors",
     "cannot be opened"},
    {"kind: basin\nnetwork: {layers: [2, 1]}\ndata: {generate: xor}\nloss: ce\ntrain: {}\n", ":4:", "sum to 1"},
};

START_TEST(mistakes_get_one_line_with_the_place)
{
    testing_write(testing_path(path, folder, "bad.yaml"), mistakes[_i].text);
    program_run(&p, "basin", "audit", path);
    assert_code(&p, 3);
    ck_assert_str_eq(p.text, "");
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
    assert_contains(p.errors, mistakes[_i].place);
    assert_contains(p.errors, mistakes[_i].says);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("basin from outside");
    TCase *answers = tcase_create("answers"), *files = tcase_create("files");
    tcase_add_checked_fixture(answers, setup, teardown);
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(answers, audit_answers_with_every_key);
    tcase_add_test(answers, raw_logits_fail_and_probabilities_hold);
    tcase_add_test(answers, spectrum_is_made_of_singular_values);
    tcase_add_test(answers, sampled_spectrum_agrees_with_the_dense_one);
    tcase_add_test(answers, volume_says_infinite_where_it_is);
    tcase_add_test(answers, volume_is_a_bracket);
    tcase_add_test(answers, a_volume_of_which_nothing_stands_is_refused);
    tcase_add_test(answers, copies_that_touch_are_not_counted);
    tcase_add_test(answers, a_saddle_by_weight_decay_is_said);
    tcase_add_test(answers, median_of_an_even_number);
    tcase_add_test(answers, walks_end_where_the_page_says);
    tcase_add_test(answers, walks_by_the_prior_check_nothing);
    tcase_add_test(answers, a_cross_section_is_as_wide_as_the_prior_allows);
    tcase_add_test(answers, widths_of_the_extent_are_a_range);
    tcase_add_test(answers, segment_answers_with_every_key);
    tcase_add_test(answers, networks_are_related);
    tcase_add_test(answers, label_noise_passes_targets_around);
    tcase_add_test(answers, contour_of_a_quadratic_is_exact);
    tcase_add_test(answers, coinciding_surfaces_are_named);
    tcase_add_test(answers, contour_through_three_minima);
    tcase_add_test(answers, rows_are_examples);
    tcase_add_test(answers, hard_targets_and_missing_weights_are_named);
    tcase_add_test(files, weights_are_used_again);
    tcase_add_test(files, run_writes_a_folder);
    tcase_add_loop_test(files, every_training_is_drawn, 0, 2);
    tcase_add_loop_test(files, own_weights_are_analysed_as_they_stand, 0, 2);
    tcase_add_test(files, square_layers_without_a_layout_are_said);
    tcase_add_loop_test(files, mistakes_get_one_line_with_the_place, 0, sizeof mistakes / sizeof mistakes[0]);
    suite_add_tcase(suite, answers);
    suite_add_tcase(suite, files);
    return testing_main(suite);
}
