/* basin/weights.c */
#include "basin/problem.h"
#include "basin/weights.h"
#include "data/array.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error e;
static char folder[TESTING_PATH], path[TESTING_PATH];

#define must(call) ck_assert_msg((call) == STATUS_OK, "%s", e.message)

/* 2-3-2: W1 (3, 2), b1 (3), W2 (2, 3), b2 (2), and theta in that order; every number is another one. */
enum { N = 17 };
static double theta[N], loaded[N];
static struct network net;

static void set_up(void)
{
    static const size_t width[] = {2, 3, 2};
    must(network_init(&net, width, 3, activation_find("tanh"), true, &e));
    ck_assert_uint_eq(net.n_parameters, N);
    for (int i = 0; i < N; i++) {
        theta[i] = sin(i + 1);
        loaded[i] = NAN;
    }
    testing_path(path, testing_folder(folder), "w.safetensors");
}

/* Tensors of a file in the making. */
struct file {
    struct array arrays[8];
    struct array_set set;
    double transposed[2][6];
};

static void add(struct file *f, const char *name, size_t rows, size_t columns, const double *values)
{
    f->set.arrays = f->arrays;
    f->arrays[f->set.n++] = (struct array){.name = (char *)name,
                                           .type = ARRAY_F64,
                                           .n_dimensions = columns ? 2 : 1,
                                           .shape = {rows, columns},
                                           .n = rows * (columns ? columns : 1),
                                           .values = (double *)values};
}

/* The four tensors in an order of their own under the names of W1, b1, W2, b2. */
static void add_all(struct file *f, const char *const names[4])
{
    add(f, names[3], 2, 0, theta + 15);
    add(f, names[1], 3, 0, theta + 6);
    add(f, names[2], 2, 3, theta + 9);
    add(f, names[0], 3, 2, theta);
}

static void write_file(struct file *f)
{
    must(array_write_safetensors(&f->set, NULL, path, &e));
}

static void load_must_refuse(enum weights_layout layout, const struct config_node *names, const char *words)
{
    e = (struct error){0};
    ck_assert_int_eq(weights_load(&net, path, layout, names, loaded, NULL, &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, words) != NULL, "'%s' is not in: %s", words, e.message);
}

START_TEST(round_trip)
{
    static const double odd[] = {-0.0, 5e-324, 1.7976931348623157e308, 1.0 / 3};
    memcpy(theta, odd, sizeof odd);
    must(weights_save(&net, theta, "key", path, &e));
    must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, NULL, &e));
    ck_assert_mem_eq(theta, loaded, sizeof theta);
}
END_TEST

START_TEST(round_trip_without_biases)
{
    static const size_t width[] = {2, 3, 2};
    must(network_init(&net, width, 3, activation_find("relu"), false, &e));
    must(weights_save(&net, theta, "key", path, &e));
    must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, NULL, &e));
    ck_assert_mem_eq(theta, loaded, 12 * sizeof *theta);
    ck_assert(isnan(loaded[12]));
}
END_TEST

/* Names of W1, b1, W2, b2 as they come. */
static const char *const conventions[][4] = {
    {"0.weight", "0.bias", "2.weight", "2.bias"}, /* PyTorch's nn.Sequential */
    {"W1", "b1", "W2", "b2"},
    {"hidden.weight", "hidden.bias", "out.weight", "out.bias"},
    {"fc2.weight", "fc2.bias", "fc10.weight", "fc10.bias"},
    {"params/Dense_0/kernel", "params/Dense_0/bias", "params/Dense_1/kernel", "params/Dense_1/bias"},
    {"0.weight", "0.bias", "3.weight", "3.bias"}, /* with a dropout layer between */
};

START_TEST(names_of_many_kinds)
{
    struct file f = {0};
    add_all(&f, conventions[_i]);
    write_file(&f);
    must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, NULL, &e));
    ck_assert_mem_eq(theta, loaded, sizeof theta);
}
END_TEST

/* Natural order would take z for the second layer. */
static struct config *read_names(const char *yaml)
{
    static const struct config_field fields[] = {{.key = "names", .type = CONFIG_SETTINGS}, {0}};
    struct config *c;
    must(config_read_text(yaml, strlen(yaml), "test.yaml", fields, NULL, 0, &c, &e));
    return c;
}

START_TEST(a_map_of_names_goes_before_any_order)
{
    static const char *const names[] = {"z.w", "z.b", "a.w", "a.b"};
    struct file f = {0};
    add_all(&f, names);
    add(&f, "unused", 1, 0, theta);
    write_file(&f);
    struct config *c = read_names("names: {W1: z.w, b1: z.b, W2: a.w, b2: a.b}\n");
    must(weights_load(&net, path, WEIGHTS_OUT_IN, config_get(config_root(c), "names"), loaded, NULL, &e));
    ck_assert_mem_eq(theta, loaded, sizeof theta);
    config_free(c);

    c = read_names("names: {W1: z.w, b1: z.b, W2: a.w, b2: a.c}\n");
    load_must_refuse(WEIGHTS_OUT_IN, config_get(config_root(c), "names"), "called 'a.c'");
    config_free(c);
    c = read_names("names: {W1: z.w, b1: z.b, W2: a.w}\n");
    load_must_refuse(WEIGHTS_OUT_IN, config_get(config_root(c), "names"), "b2 is missing");
    config_free(c);
}
END_TEST

static void transpose(size_t rows, size_t columns, const double *a, double *out)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[j * rows + i] = a[i * columns + j];
}

static void add_transposed(struct file *f)
{
    transpose(3, 2, theta, f->transposed[0]);
    transpose(2, 3, theta + 9, f->transposed[1]);
    add(f, "W1", 2, 3, f->transposed[0]);
    add(f, "b1", 3, 0, theta + 6);
    add(f, "W2", 3, 2, f->transposed[1]);
    add(f, "b2", 2, 0, theta + 15);
}

START_TEST(in_out_layout)
{
    struct file f = {0};
    add_transposed(&f);
    write_file(&f);
    must(weights_load(&net, path, WEIGHTS_IN_OUT, NULL, loaded, NULL, &e));
    ck_assert_mem_eq(theta, loaded, sizeof theta);
    load_must_refuse(WEIGHTS_OUT_IN, NULL, "2 x 3; this layer wants 3 x 2, (out, in)");
}
END_TEST

/* What tanh layers of 2-3-2 answer to x, in long double. */
static void answer(const double x[2], double y[2])
{
    long double hidden[3];
    for (int i = 0; i < 3; i++)
        hidden[i] = tanhl((long double)theta[2 * i] * x[0] + (long double)theta[2 * i + 1] * x[1] + theta[6 + i]);
    for (int j = 0; j < 2; j++) {
        long double sum = theta[15 + j];
        for (int i = 0; i < 3; i++)
            sum += theta[9 + 3 * j + i] * hidden[i];
        y[j] = (double)sum;
    }
}

START_TEST(reference_outputs_are_checked)
{
    double x[] = {0.3, -1.2, 2, 0.7}, y[4], wrong[4];
    struct file f = {0};
    answer(x, y);
    answer(x + 2, y + 2);
    add_all(&f, conventions[2]); /* by their order, which passes the reference over */
    add(&f, "reference.inputs", 2, 2, x);
    add(&f, "reference.outputs", 2, 2, y);
    write_file(&f);
    must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, NULL, &e));
    ck_assert_mem_eq(theta, loaded, sizeof theta);

    static const double errors[] = {1e-6, NAN, INFINITY};
    for (int k = 0; k < 3; k++) {
        memcpy(wrong, y, sizeof y);
        wrong[2] += errors[k];
        f.arrays[5].values = wrong;
        write_file(&f);
        load_must_refuse(WEIGHTS_OUT_IN, NULL, "differ from reference.outputs");
    }
    f.arrays[5] =
        (struct array){.name = (char *)"reference.outputs", .n_dimensions = 1, .shape = {3}, .n = 3, .values = y};
    write_file(&f);
    load_must_refuse(WEIGHTS_OUT_IN, NULL, "do not fit the network");
}
END_TEST

/* A square network: only the reference tells one layout from the other. */
START_TEST(a_wrong_layout_shows)
{
    static const size_t width[] = {2, 2};
    static const double w[] = {1, 2, 3, 4}, x[] = {1, 10}, y[] = {21, 43};
    struct file f = {0};
    must(network_init(&net, width, 2, activation_find("tanh"), false, &e));
    add(&f, "W1", 2, 2, w);
    add(&f, "reference.inputs", 1, 2, x);
    add(&f, "reference.outputs", 1, 2, y);
    write_file(&f);
    must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, NULL, &e));
    load_must_refuse(WEIGHTS_IN_OUT, NULL, "is the layout");
}
END_TEST

/* Square layers under names of their own: nothing vouches for the layout. PyTorch's names, a reference, our own file,
 * or one matrix that is not square do. */
START_TEST(a_layout_that_cannot_be_checked_is_said)
{
    static const size_t square[] = {2, 2, 2}, narrow[] = {2, 2, 1};
    static const double w[] = {1, 2, 3, 4}, x[] = {0, 0}, y[] = {0, 0};
    static const char *const names[][2] = {{"first.kernel", "second.kernel"}, {"0.weight", "2.weight"}};
    for (int i = 0; i < 4; i++) {
        struct file f = {0};
        bool certain = i == 0;
        must(network_init(&net, i == 3 ? narrow : square, 3, activation_find("tanh"), false, &e));
        add(&f, names[i == 1][0], 2, 2, w);
        add(&f, names[i == 1][1], i == 3 ? 1 : 2, 2, w);
        if (i == 2) {
            add(&f, "reference.inputs", 1, 2, x);
            add(&f, "reference.outputs", 1, 2, y);
        }
        write_file(&f);
        must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, &certain, &e));
        ck_assert_int_eq(certain, i > 0);
    }
    bool certain = false;
    must(network_init(&net, square, 3, activation_find("tanh"), false, &e));
    must(weights_save(&net, theta, "k", path, &e));
    must(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, &certain, &e));
    ck_assert(certain);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    static const char *const names[] = {"W1", "b1", "W2", "b2"};
    double bad[6] = {1, 2, 3, 4, NAN, 6};
    struct file f = {0};
    add_all(&f, names);
    f.arrays[3].values = bad;
    write_file(&f);
    load_must_refuse(WEIGHTS_OUT_IN, NULL, "not a finite number");

    f.set.n = 0;
    add_all(&f, names);
    f.arrays[1].shape[0] = f.arrays[1].n = 2;
    write_file(&f);
    load_must_refuse(WEIGHTS_OUT_IN, NULL, "'b1' has 2 numbers; this layer wants 3");

    f.set.n = 3;
    write_file(&f);
    load_must_refuse(WEIGHTS_OUT_IN, NULL,
                     "1 matrix and 2 vectors ('b2', 'b1', 'W2'), but the network has 2 weights and as many biases");
    testing_path(path, folder, "gone.safetensors");
    ck_assert_int_eq(weights_load(&net, path, WEIGHTS_OUT_IN, NULL, loaded, NULL, &e), STATUS_BAD_INPUT);
}
END_TEST

START_TEST(reuse_wants_the_key)
{
    must(weights_save(&net, theta, "0123456789abcdef", path, &e));
    ck_assert(weights_reuse(&net, "0123456789abcdef", path, loaded));
    ck_assert_mem_eq(theta, loaded, sizeof theta);
    ck_assert(!weights_reuse(&net, "0123456789abcdee", path, loaded));
    ck_assert(!weights_reuse(&net, "", path, loaded));
    testing_path(path, folder, "gone.safetensors");
    ck_assert(!weights_reuse(&net, "0123456789abcdef", path, loaded));
}
END_TEST

START_TEST(reuse_wants_our_own_file)
{
    static const char *const names[] = {"W1", "b1", "W2", "b2"};
    const char *const metadata[] = {"gears.key", "k", NULL};
    struct file f = {0};
    add_all(&f, names);
    write_file(&f);
    ck_assert(!weights_reuse(&net, "k", path, loaded)); /* no key at all */
    must(array_write_safetensors(&f.set, metadata, path, &e));
    ck_assert(weights_reuse(&net, "k", path, loaded));
    ck_assert_mem_eq(theta, loaded, sizeof theta);
    f.set.n = 3;
    must(array_write_safetensors(&f.set, metadata, path, &e));
    ck_assert(!weights_reuse(&net, "k", path, loaded));
    testing_write(path, "not a file of weights");
    ck_assert(!weights_reuse(&net, "k", path, loaded));
}
END_TEST

START_TEST(file_names)
{
    char name[120];
    ck_assert_str_eq(weights_file_name("any", true, name, sizeof name), "weights.safetensors");
    ck_assert_str_eq(weights_file_name("wide 4/8", false, name, sizeof name), "weights-wide_4_8.safetensors");
    ck_assert_str_eq(weights_file_name("a.b-c_d", false, name, sizeof name), "weights-a.b-c_d.safetensors");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weights");
    TCase *all = tcase_create("weights");
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, round_trip);
    tcase_add_test(all, round_trip_without_biases);
    tcase_add_loop_test(all, names_of_many_kinds, 0, sizeof conventions / sizeof conventions[0]);
    tcase_add_test(all, a_map_of_names_goes_before_any_order);
    tcase_add_test(all, in_out_layout);
    tcase_add_test(all, reference_outputs_are_checked);
    tcase_add_test(all, a_wrong_layout_shows);
    tcase_add_test(all, a_layout_that_cannot_be_checked_is_said);
    tcase_add_test(all, what_does_not_fit_is_refused);
    tcase_add_test(all, reuse_wants_the_key);
    tcase_add_test(all, reuse_wants_our_own_file);
    tcase_add_test(all, file_names);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
