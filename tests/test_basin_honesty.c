/* What a basin command must not pass over in silence: seeds, weights that are no minimum, interruptions, keys without
 * an effect. */
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

int main(void)
{
    Suite *suite = suite_create("honesty of the basin commands");
    TCase *seeds = tcase_create("seeds");
    tcase_add_checked_fixture(seeds, setup, teardown);
    tcase_add_test(seeds, the_seed_moves_what_is_drawn);
    tcase_add_test(seeds, the_seed_leaves_weights_alone);
    suite_add_tcase(suite, seeds);
    return testing_main(suite);
}
