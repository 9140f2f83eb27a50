/* What a basin command must not pass over in silence: seeds, weights that are no minimum, interruptions, keys without
 * an effect. */
#include "data/array.h"
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define XOR "scenarios/basin-xor.yaml"

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

/* The answer's JSON (new reference). */
static json_t *answer(void)
{
    json_error_t error;
    json_t *root = json_loads(p.text, 0, &error);
    ck_assert_msg(root != NULL, "%s in: %s", error.text, p.text);
    return root;
}

static const json_t *run_of(const json_t *root)
{
    return json_array_get(json_object_get(root, "runs"), 0);
}

/* --- seeds ---------------------------------------------------------------------------------------------------------*/

#define PLANE                                                                                                          \
    "kind: basin\nnetwork: {layers: [3, 1], activation: identity, bias: false}\n"                                      \
    "data: {generate: linear, examples: 20, seed: 1}\ntrain: {method: lm}\n"

/* What one method draws of the volume, in nats. */
static double drawn(const char *seed)
{
    json_t *root, *row;
    size_t i;
    double value = NAN;
    program_run(&p, "basin", "volume", path, "--json", seed);
    assert_code(&p, 0);
    root = answer();
    json_array_foreach(json_object_get(json_object_get(run_of(root), "volume"), "rows"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), "counted") == 0)
            value = json_number_value(json_object_get(row, "log_value"));
    }
    json_decref(root);
    return value;
}

/* Another seed: other draws of the same number, from the same weights;
 * 0 is the default. */
START_TEST(the_seed_moves_what_is_drawn)
{
    testing_write(testing_path(path, folder, "s.yaml"),
                  PLANE "volume: {threshold: 0.1, sigma: 0.7, methods: [rejection], draws: 40000}\n");
    double none = drawn("--quiet"), zero = drawn("--seed=0"), one = drawn("--seed=1"), two = drawn("--seed=2");
    ck_assert_double_eq(none, zero);
    ck_assert_double_ne(one, zero);
    ck_assert_double_ne(two, zero);
    ck_assert_double_ne(two, one);
    ck_assert_double_lt(fabs(one - zero), 0.5);
}
END_TEST

START_TEST(options_of_methods_not_asked_for_are_said)
{
    testing_write(testing_path(path, folder, "s.yaml"), PLANE
                  "volume: {threshold: 0.1, sigma: 0.7, methods: [rejection], draws: 40000, drain: {steps: 20}}\n");
    program_run(&p, "basin", "volume", path, "--json");
    assert_code(&p, 0);
    assert_contains(p.errors, "volume.drain is not used");
    ck_assert_ptr_null(strstr(p.errors, "volume.draws"));
    program_run(&p, "basin", "volume", path, "--json", "--set=volume.methods=[star]");
    assert_contains(p.errors, "volume.draws is not used: rejection");
}
END_TEST

static const struct {
    const char *drain, *says;
    int column;
} balls[] = {
    {"{inner: 4, outer: 0.5}", "volume.drain.inner: 4 is above volume.drain.outer, which is 0.5", 25},
    {"{inner: 3.5}", "volume.drain.inner: 3.5 is above volume.drain.outer, which is 3", 25},
    {"{outer: 0.2}", "volume.drain.outer: 0.2 is below volume.drain.inner, which is 0.3", 25},
};

START_TEST(the_first_ball_lies_in_the_last)
{
    char text[600], place[TESTING_PATH + 20];
    snprintf(text, sizeof text, PLANE "volume: {drain: %s, methods: [drain]}\n", balls[_i].drain);
    testing_write(testing_path(path, folder, "s.yaml"), text);
    program_run(&p, "basin", "volume", path);
    assert_code(&p, 3);
    ck_assert_str_eq(p.text, "");
    snprintf(place, sizeof place, "%s:5:%d: ", path, balls[_i].column);
    assert_contains(p.errors, place);
    assert_contains(p.errors, balls[_i].says);
}
END_TEST

/* One weight, of loss w^2/2 about its minimum: all flows end there. One ball is the one that the row names; two have a
 * shell, of which no more than all drains. */
START_TEST(a_drained_row_names_its_ball)
{
    testing_write(testing_path(path, folder, "s.yaml"),
                  "kind: basin\nnetwork: {layers: [1, 1], activation: identity, bias: false}\n"
                  "data: {rows: [[1, 0.3]]}\ntrain: {method: lm}\n"
                  "volume: {sigma: 1, methods: [drain], drain: {inner: 2, outer: 2}}\n");
    program_run(&p, "basin", "volume", path);
    assert_code(&p, 0);
    assert_contains(p.text, "1.38629"); /* ln 4, of the interval of half width 2 */
    assert_contains(p.text, "0.0075");
    assert_contains(p.text, "within 2 sigma of theta*; of the first ball 1;");
    ck_assert_ptr_null(strstr(p.text, "of the last shell"));
    size_t above = 0;
    for (int seed = 0; seed < 8; seed++) {
        char option[40];
        snprintf(option, sizeof option, "--seed=%d", seed);
        program_run(&p, "basin", "volume", path, "--set=volume.drain.outer=8", "--json", option);
        const char *says = strstr(p.text, "of the last shell ");
        ck_assert_ptr_nonnull(says);
        double share = 0, error = 0;
        if (strncmp(says, "of the last shell all drains", 28) == 0) {
            ck_assert_int_eq(sscanf(strchr(says, '(') + 1, "%lf +- %lf, at most 1)", &share, &error), 2);
            ck_assert_double_ge(share, 1);
            above++;
        } else {
            ck_assert_int_eq(sscanf(says, "of the last shell %lf +- %lf drains", &share, &error), 2);
            ck_assert_double_le(share, 1);
        }
        ck_assert_double_gt(error, 0);
    }
    ck_assert_uint_gt(above, 0);
}
END_TEST

/* What is said of all rows together: of one row no range, of masses nothing where none was sampled, and a copy of
 * theta* is no end of a range of whole sets. */
START_TEST(no_methods_are_a_mistake)
{
    char place[TESTING_PATH + 60];
    testing_write(testing_path(path, folder, "s.yaml"), PLANE "volume: {sigma: 1, methods: []}\n");
    program_run(&p, "basin", "volume", path);
    assert_code(&p, 3);
    snprintf(place, sizeof place, "%s:5:29: volume.methods: 0 entries, at least 1 is wanted", path);
    assert_contains(p.errors, place);
    program_run(&p, "basin", "volume", XOR, "--set=volume.methods=[]");
    assert_code(&p, 2);
}
END_TEST

START_TEST(closing_sentences_fit_the_rows)
{
    char *sentence, *end;
    testing_write(testing_path(path, folder, "s.yaml"),
                  "kind: basin\nnetwork: {layers: [1, 1, 1], activation: identity, bias: false}\n"
                  "data: {rows: [[1, 0.5]]}\ntrain: {method: lm}\nvolume: {threshold: 0.05, sigma: 1}\n");
    program_run(&p, "basin", "volume", path, "--set=volume.methods=[rejection]");
    assert_code(&p, 0);
    assert_contains(p.text, "Sampled prior masses that stand: -");
    ck_assert_ptr_null(strstr(p.text, "stand: from"));
    assert_contains(p.text, "The basin is where the excess of the training loss");
    program_run(&p, "basin", "volume", path, "--set=volume.methods=[drain]",
                "--set=volume.drain={inner: 0.1, outer: 0.1}");
    assert_code(&p, 0);
    ck_assert_ptr_null(strstr(p.text, "prior mass stands"));
    assert_contains(p.text, "A sampled volume stands: -");
    program_run(&p, "basin", "volume", path, "--set=volume.methods=[rejection, annealed]");
    assert_code(&p, 0);
    sentence = strstr(p.text, "Sampled prior masses that stand: from ");
    ck_assert_ptr_nonnull(sentence);
    assert_contains(sentence, "Of one copy of theta*, if copies do not touch: -");
    end = strchr(sentence, '\n');
    ck_assert_ptr_nonnull(end);
    *end = 0;
    assert_contains(sentence, "annealed");
    ck_assert_ptr_null(strstr(sentence, "copy"));
    program_run(&p, "basin", "volume", path, "--set=volume.methods=[rejection]", "--set=volume.draws=100",
                "--set=volume.threshold=1e-6");
    assert_code(&p, 4);
    assert_contains(p.text, "Not one sampled prior mass stands: what is left of them are");
}
END_TEST

START_TEST(the_sentence_of_a_distance_has_one_article)
{
    program_run(&p, "basin", "volume", "scenarios/basin-segment.yaml",
                "--set=volume={threshold: 10, sameness: output-distance, methods: [rejection], draws: 2000}");
    assert_code(&p, 0);
    assert_contains(p.text, "The basin is where half the mean squared distance of the outputs on the validation");
}
END_TEST

START_TEST(the_seed_leaves_weights_alone)
{
    json_t *first, *second;
    testing_write(testing_path(path, folder, "s.yaml"), PLANE);
    program_run(&p, "basin", "spectrum", path, "--json");
    first = answer();
    program_run(&p, "basin", "spectrum", path, "--json", "--seed=7");
    second = answer();
    ck_assert(json_equal(run_of(first), run_of(second)));
    json_decref(first);
    json_decref(second);
}
END_TEST

/* --- weights that are no minimum -----------------------------------------------------------------------------------*/

static void assert_null(const json_t *of, const char *key)
{
    const json_t *value = json_object_get(of, key);
    ck_assert_msg(json_is_null(value), "%s is there", key);
}

START_TEST(a_training_cut_short_has_no_volume)
{
    program_run(&p, "basin", "volume", XOR, "--json", "--set=train.max_steps=3");
    assert_code(&p, 4);
    assert_contains(p.errors, "not at a minimum");
    json_t *root = answer();
    const json_t *volume = json_object_get(run_of(root), "volume");
    ck_assert_uint_eq(json_array_size(json_object_get(volume, "rows")), 0);
    ck_assert_double_gt(json_number_value(json_object_get(volume, "descent")), 0.01);
    json_decref(root);
    /* none is needed where theta* is the least of the measure by definition */
    program_run(&p, "basin", "volume", XOR, "--set=train.max_steps=3", "--set=volume.sameness=kl", "--set=loss=bce",
                "--set=data.soft=0.1", "--set=volume.methods=[star]", "--set=volume.star.directions=100");
    ck_assert_ptr_null(strstr(p.errors, "not at a minimum"));
    assert_contains(p.text, "star");
}
END_TEST

START_TEST(a_training_cut_short_has_no_learning_coefficient)
{
    program_run(&p, "basin", "llc", XOR, "--json", "--set=train.max_steps=3", "--set=llc={n: 20, curve_to: 20}");
    assert_code(&p, 4);
    assert_contains(p.errors, "not at a minimum");
    json_t *root = answer();
    const json_t *llc = json_object_get(run_of(root), "llc");
    assert_null(llc, "prior");
    assert_null(llc, "point");
    assert_null(llc, "rank_g");
    json_decref(root);
}
END_TEST

/* f = w x at (1, 1) and w = 1 + slip: the loss is slip^2/2, and with n beta = 20/ln 20 and gamma = 1 the mean of
 * n beta (L - L(w)) over the posterior is, with s = n beta + 1 and a = n beta slip, n beta/(2 s) - a^2/s + n beta
 * a^2/(2 s^2). */
static void write_line(double slip)
{
    double w = 1 + slip;
    struct array weight = {.name = "w", .type = ARRAY_F64, .n_dimensions = 2, .shape = {1, 1}, .n = 1, .values = &w};
    struct array_set set = {.arrays = &weight, .n = 1};
    ck_assert_int_eq(array_write_safetensors(&set, NULL, testing_path(path, folder, "w.safetensors"), NULL), STATUS_OK);
    testing_write(testing_path(path, folder, "l.yaml"),
                  "kind: basin\nnetwork: {layers: [1, 1], activation: identity, bias: false, weights: w.safetensors, "
                  "layout: out-in}\ndata: {rows: [[1, 1]]}\nllc: {n: 20, curve_to: 20, over: [point]}\n");
}

/* As they stand: near the minimum with a word of warning, and the number as it is; far from it the mean loss of the
 * chains is below that of the weights, and no such number stands. */
START_TEST(weights_as_they_stand_are_called_no_minimum)
{
    const double slip = 0.2, n_beta = 20 / log(20), s = n_beta + 1, a = n_beta * slip;
    json_t *root;
    write_line(slip);
    program_run(&p, "basin", "llc", path, "--json");
    assert_code(&p, 0);
    root = answer();
    const json_t *point = json_object_get(json_object_get(json_object_get(run_of(root), "llc"), "point"), "headline");
    double lambda = json_number_value(json_object_get(point, "lambda"));
    assert_close(lambda, n_beta / (2 * s) - a * a / s + n_beta * a * a / (2 * s * s),
                 4 * json_number_value(json_object_get(point, "error")), 1);
    json_decref(root);
    program_run(&p, "basin", "llc", path);
    assert_contains(p.text, "not at a minimum");
    write_line(3);
    program_run(&p, "basin", "llc", path, "--json");
    assert_code(&p, 4);
    assert_contains(p.errors, "below that of the weights");
    root = answer();
    assert_null(json_object_get(json_object_get(json_object_get(run_of(root), "llc"), "point"), "headline"), "lambda");
    json_decref(root);
    program_run(&p, "basin", "volume", path, "--set=volume.methods=[rejection]", "--set=volume.threshold=1");
    assert_code(&p, 0);
    assert_contains(p.text, "not at a minimum");
}
END_TEST

START_TEST(one_network_is_related_to_nothing)
{
    testing_write(testing_path(path, folder, "s.yaml"), PLANE);
    program_run(&p, "basin", "relate", path, "--json", "--set=volume.methods=[star]");
    assert_code(&p, 4);
    assert_contains(p.errors, "at least 4 networks");
    json_t *root = answer();
    assert_null(root, "relations");
    ck_assert(json_is_number(json_object_get(run_of(root), "rank_g")));
    json_decref(root);
}
END_TEST

/* --- interruptions -------------------------------------------------------------------------------------------------*/

/* Run `arguments` (NULL last) and stop it where it is after so many seconds. */
static void stop_after(double seconds, const char *const *arguments)
{
    program_clear(&p);
    program_start(&p, arguments);
    program_wait_until_caught(&p);
    program_pause(seconds);
    kill(p.child, SIGINT);
    program_finish(&p);
    assert_code(&p, 130);
}

/* The file that the message names in its last brackets. */
static void assert_names_a_file(const char *says)
{
    char file[TESTING_PATH] = "";
    assert_contains(p.errors, says);
    assert_contains(p.errors, "the same command goes on from there (");
    const char *begin = strrchr(p.errors, '(') + 1;
    snprintf(file, sizeof file, "%.*s", (int)strcspn(begin, ")"), begin);
    ck_assert_msg(testing_exists(file), "%s is not there", file);
}

START_TEST(a_stopped_training_says_where_it_is_kept)
{
    char out[TESTING_PATH];
    testing_path(out, folder, "out");
    const char *const arguments[] = {"basin",
                                     "train",
                                     "scenarios/basin-digits.yaml",
                                     "--out",
                                     out,
                                     "--set=data.examples=1024",
                                     "--set=train={method: adam, max_steps: 1000000}",
                                     NULL};
    stop_after(0.5, arguments);
    assert_names_a_file("training stopped on request after ");
    ck_assert_ptr_null(strstr(p.errors, "goes on after"));
    stop_after(0.5, arguments);
    assert_contains(p.errors, "training goes on after ");
}
END_TEST

START_TEST(stopped_chains_say_where_they_are_kept)
{
    char out[TESTING_PATH];
    testing_path(out, folder, "out");
    const char *const arguments[] = {"basin",
                                     "llc",
                                     XOR,
                                     "--out",
                                     out,
                                     "--set=train={method: lm}",
                                     "--set=llc={n: 20, curve_to: 20, warmup: 1000000}",
                                     NULL};
    stop_after(2, arguments);
    assert_names_a_file("chains stopped on request");
    stop_after(2, arguments);
    assert_contains(p.errors, "chains go on from ");
}
END_TEST

/* --- keys without an effect ----------------------------------------------------------------------------------------*/

static const struct {
    const char *setting, *says;
} idle[] = {
    {"data={generate: xor, examples: 99}",
     "data.examples has no effect on xor, only on teacher, linear, dataset, inputs"},
    {"data={generate: xor, modulus: 5}", "data.modulus has no effect on xor, only on modular-addition"},
    {"data={generate: linear, soft: 0.1}", "data.soft has no effect on linear"},
    {"data={dataset: digits, noise: 1}", "data.noise has no effect on dataset"},
    {"data={rows: [[1, 1, 1]], validation: 1}", "data.validation has no effect on rows"},
};

START_TEST(a_key_without_an_effect_is_refused)
{
    char setting[200];
    snprintf(setting, sizeof setting, "--set=%s", idle[_i].setting);
    program_run(&p, "basin", "audit", XOR, setting);
    assert_code(&p, 2);
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
    assert_contains(p.errors, idle[_i].says);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("honesty of the basin commands");
    TCase *seeds = tcase_create("seeds"), *minima = tcase_create("minima"), *stops = tcase_create("interruptions"),
          *keys = tcase_create("keys");
    tcase_add_checked_fixture(seeds, setup, teardown);
    tcase_add_test(seeds, the_seed_moves_what_is_drawn);
    tcase_add_test(seeds, the_seed_leaves_weights_alone);
    tcase_add_loop_test(seeds, the_first_ball_lies_in_the_last, 0, sizeof balls / sizeof balls[0]);
    tcase_add_test(seeds, a_drained_row_names_its_ball);
    tcase_add_test(seeds, no_methods_are_a_mistake);
    tcase_add_test(seeds, closing_sentences_fit_the_rows);
    tcase_add_test(seeds, the_sentence_of_a_distance_has_one_article);
    tcase_add_test(seeds, options_of_methods_not_asked_for_are_said);
    tcase_add_checked_fixture(minima, setup, teardown);
    tcase_add_test(minima, a_training_cut_short_has_no_volume);
    tcase_add_test(minima, a_training_cut_short_has_no_learning_coefficient);
    tcase_add_test(minima, weights_as_they_stand_are_called_no_minimum);
    tcase_add_test(minima, one_network_is_related_to_nothing);
    tcase_add_checked_fixture(stops, setup, teardown);
    tcase_add_test(stops, a_stopped_training_says_where_it_is_kept);
    tcase_add_test(stops, stopped_chains_say_where_they_are_kept);
    tcase_add_checked_fixture(keys, setup, teardown);
    tcase_add_loop_test(keys, a_key_without_an_effect_is_refused, 0, sizeof idle / sizeof idle[0]);
    suite_add_tcase(suite, seeds);
    suite_add_tcase(suite, minima);
    suite_add_tcase(suite, stops);
    suite_add_tcase(suite, keys);
    return testing_main(suite);
}
