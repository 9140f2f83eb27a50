/* basin/dataset.c, basin/dataset_files.c */
#include "basin/dataset.h"
#include "basin/problem.h"
#include "data/array.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error e;

#define must(call) ck_assert_msg((call) == STATUS_OK, "%s", e.message)

static void must_refuse(enum status status, const char *words, struct dataset *d)
{
    ck_assert_int_eq(status, STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, words) != NULL, "'%s' is not in: %s", words, e.message);
    dataset_clear(d);
}

/* Sum and sum of squares of n numbers. */
static void moments(size_t n, const double *x, double *mean, double *square)
{
    *mean = *square = 0;
    for (size_t i = 0; i < n; i++) {
        *mean += x[i] / (double)n;
        *square += x[i] * x[i] / (double)n;
    }
}

/* --- boolean functions ------------------------------------------------------------------------------------------- */

START_TEST(truth_tables)
{
    /* "and" is 1 in the last row of four, "or" in all but the first: bits 3, and 1 to 3 */
    static const struct {
        uint64_t table;
        double answers[4];
    } known[] = {{8, {0, 0, 0, 1}}, {14, {0, 1, 1, 1}}, {6, {0, 1, 1, 0}}, {0, {0}}, {12, {0, 0, 1, 1}}};
    static const double rows[4][2] = {{-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        struct dataset d;
        must(dataset_boolean(2, known[k].table, 0, &d, &e));
        ck_assert_uint_eq(d.n, 4);
        ck_assert_uint_eq(d.n_inputs, 2);
        ck_assert_uint_eq(d.n_outputs, 1);
        ck_assert_uint_eq(d.n_validation, 0);
        ck_assert_mem_eq(d.x, rows, sizeof rows);
        ck_assert_mem_eq(d.t, known[k].answers, sizeof known[k].answers);
        dataset_clear(&d);
    }
}
END_TEST

START_TEST(soft_targets)
{
    struct dataset d;
    must(dataset_boolean(1, 2, 0.125, &d, &e));
    ck_assert_double_eq(d.t[0], 0.125);
    ck_assert_double_eq(d.t[1], 0.875);
    dataset_clear(&d);
}
END_TEST

START_TEST(the_largest_truth_table)
{
    struct dataset d;
    uint64_t table = UINT64_C(0x8000000000000001);
    must(dataset_boolean(6, table, 0, &d, &e));
    ck_assert_uint_eq(d.n, 64);
    for (size_t i = 0; i < 64; i++)
        ck_assert_double_eq(d.t[i], i == 0 || i == 63);
    dataset_clear(&d);
}
END_TEST

START_TEST(parity_of_every_size)
{
    for (size_t inputs = 1; inputs <= 10; inputs++) {
        struct dataset d;
        must(dataset_parity(inputs, 0, &d, &e));
        ck_assert_uint_eq(d.n, (size_t)1 << inputs);
        for (size_t i = 0; i < d.n; i++) {
            double product = 1; /* an even number of +1 among m signs: the product is (-1)^m */
            for (size_t j = 0; j < inputs; j++)
                product *= -d.x[i * inputs + j];
            ck_assert_double_eq(d.t[i], (1 - product) / 2);
        }
        ck_assert_str_eq(d.source, inputs == 2 ? "xor" : d.source);
        dataset_clear(&d);
    }
}
END_TEST

START_TEST(boolean_refusals)
{
    struct dataset d;
    must_refuse(dataset_boolean(0, 0, 0, &d, &e), "1 to 6 inputs, not 0", &d);
    must_refuse(dataset_boolean(7, 0, 0, &d, &e), "not 7", &d);
    must_refuse(dataset_boolean(2, 16, 0, &d, &e), "4 bits", &d);
    must_refuse(dataset_boolean(2, 6, 0.5, &d, &e), "soft is 0.5", &d);
    must_refuse(dataset_boolean(2, 6, -0.1, &d, &e), "soft is -0.1", &d);
    must_refuse(dataset_boolean(2, 6, NAN, &d, &e), "soft is nan", &d);
    must_refuse(dataset_parity(21, 0, &d, &e), "not 21", &d);
    must_refuse(dataset_parity(0, 0, &d, &e), "not 0", &d);
}
END_TEST

/* --- teachers ---------------------------------------------------------------------------------------------------- */

START_TEST(the_teacher_fits_its_own_answers_exactly)
{
    static const enum loss_kind loss[] = {LOSS_MSE, LOSS_BCE, LOSS_CE};
    static const size_t width[] = {3, 5, 4};
    struct network net;
    must(network_init(&net, width, 3, activation_find("tanh"), true, &e));
    double *theta = malloc(net.n_parameters * sizeof *theta);
    double *gradient = malloc(net.n_parameters * sizeof *gradient);
    ck_assert(theta && gradient);
    network_draw(&net, INIT_XAVIER, 1, 5, 1, theta);
    for (int kind = 0; kind < 3; kind++) {
        struct dataset d;
        struct tape *tape;
        must(dataset_teacher(&net, theta, 30, 7, kind, 11, &d, &e));
        ck_assert_uint_eq(d.n, 30);
        ck_assert_uint_eq(d.n_validation, 7);
        struct problem p = {.network = net, .n = d.n, .x = d.x, .t = d.t, .loss = loss[kind]};
        must(tape_new(&p, &tape, &e));
        tape_move(tape, theta);
        tape_gradient(tape, gradient);
        for (size_t i = 0; i < net.n_parameters; i++)
            ck_assert_double_le(fabs(gradient[i]), 1e-15);
        const double *answers = kind ? tape_probabilities(tape) : tape_outputs(tape);
        ck_assert_mem_eq(answers, d.t, 30 * 4 * sizeof *d.t);
        tape_free(tape);
        p = (struct problem){.network = net, .n = 7, .x = d.x_validation, .t = d.t_validation, .loss = loss[kind]};
        must(tape_new(&p, &tape, &e));
        tape_loss(tape, theta);
        answers = kind ? tape_probabilities(tape) : tape_outputs(tape);
        ck_assert_mem_eq(answers, d.t_validation, 7 * 4 * sizeof *d.t);
        tape_free(tape);
        dataset_clear(&d);
    }
    free(theta);
    free(gradient);
}
END_TEST

START_TEST(a_teacher_s_inputs_are_normal_and_of_its_seed)
{
    static const size_t width[] = {10, 1};
    static const double theta[11] = {0};
    struct network net;
    struct dataset a, b, c;
    double mean, square;
    must(network_init(&net, width, 2, activation_find("tanh"), true, &e));
    must(dataset_teacher(&net, theta, 10000, 3, 0, 1, &a, &e));
    must(dataset_teacher(&net, theta, 10000, 3, 0, 1, &b, &e));
    must(dataset_teacher(&net, theta, 10000, 3, 0, 2, &c, &e));
    ck_assert_mem_eq(a.x, b.x, 100000 * sizeof *a.x);
    ck_assert_mem_eq(a.x_validation, b.x_validation, 30 * sizeof *a.x);
    ck_assert_mem_ne(a.x, c.x, 100 * sizeof *a.x);
    ck_assert_mem_ne(a.x, a.x_validation, 30 * sizeof *a.x);
    moments(100000, a.x, &mean, &square);
    ck_assert_double_le(fabs(mean), 5 / sqrt(1e5));
    ck_assert_double_le(fabs(square - 1), 5 * sqrt(2 / 1e5));
    dataset_clear(&a);
    dataset_clear(&b);
    dataset_clear(&c);
}
END_TEST

/* --- modular addition, linear maps ------------------------------------------------------------------------------- */

static size_t hot(size_t n, const double *x)
{
    size_t at = n;
    for (size_t i = 0; i < n; i++)
        if (x[i] > 0.5) {
            ck_assert_uint_eq(at, n); /* only one */
            at = i;
        }
    ck_assert_uint_lt(at, n);
    return at;
}

START_TEST(modular_addition_has_every_sum_once)
{
    static const double parts[] = {1, 0.3, 0.001};
    static const size_t expected[] = {121, 36, 1};
    enum { P = 11 };
    for (int k = 0; k < 3; k++) {
        struct dataset d;
        int seen[P][P] = {{0}};
        must(dataset_modular_addition(P, parts[k], 0.1, 3, &d, &e));
        ck_assert_uint_eq(d.n, expected[k]);
        ck_assert_uint_eq(d.n + d.n_validation, P * P);
        ck_assert_uint_eq(d.n_inputs, 2 * P);
        ck_assert_uint_eq(d.n_outputs, P);
        for (size_t i = 0; i < P * P; i++) {
            const double *x = i < d.n ? d.x + i * 2 * P : d.x_validation + (i - d.n) * 2 * P;
            const double *t = i < d.n ? d.t + i * P : d.t_validation + (i - d.n) * P;
            size_t a = hot(P, x), b = hot(P, x + P);
            seen[a][b]++;
            for (size_t j = 0; j < P; j++)
                ck_assert_double_eq(t[j], j == (a + b) % P ? 0.9 : 0.1 / 10);
        }
        for (size_t i = 0; i < P * P; i++)
            ck_assert_int_eq(seen[i / P][i % P], 1);
        dataset_clear(&d);
    }
}
END_TEST

START_TEST(modular_addition_splits_by_its_seed)
{
    struct dataset a, b, c;
    must(dataset_modular_addition(13, 0.5, 0, 1, &a, &e));
    must(dataset_modular_addition(13, 0.5, 0, 1, &b, &e));
    must(dataset_modular_addition(13, 0.5, 0, 2, &c, &e));
    size_t size = a.n * a.n_inputs * sizeof *a.x;
    ck_assert_mem_eq(a.x, b.x, size);
    ck_assert_mem_ne(a.x, c.x, size);
    dataset_clear(&a);
    dataset_clear(&b);
    dataset_clear(&c);
    must_refuse(dataset_modular_addition(1, 1, 0, 0, &a, &e), "modulo 1", &a);
    must_refuse(dataset_modular_addition(5, 0, 0, 0, &a, &e), "part 0", &a);
    must_refuse(dataset_modular_addition(5, 1.5, 0, 0, &a, &e), "part 1.5", &a);
    must_refuse(dataset_modular_addition(5, 1, 0.7, 0, &a, &e), "soft is 0.7", &a);
}
END_TEST

/* Without noise the targets are linear in the inputs: what one input row says twice, the sum of two says once. */
START_TEST(linear_targets_are_linear_with_the_noise_asked_for)
{
    struct dataset d, noisy;
    double mean, square, *noise;
    enum { INPUTS = 1, OUTPUTS = 2, N = 20000 };
    must(dataset_linear(INPUTS, OUTPUTS, N, 0, 4, &d, &e));
    must(dataset_linear(INPUTS, OUTPUTS, N, 0.25, 4, &noisy, &e));
    ck_assert_mem_eq(d.x, noisy.x, N * INPUTS * sizeof *d.x);
    noise = malloc(N * OUTPUTS * sizeof *noise);
    ck_assert_ptr_nonnull(noise);
    for (size_t i = 0; i < N * OUTPUTS; i++) {
        assert_close(d.t[i] * d.x[0], d.t[i % OUTPUTS] * d.x[i / OUTPUTS], 1e-13, 1e-3);
        noise[i] = noisy.t[i] - d.t[i];
    }
    moments(N * OUTPUTS, noise, &mean, &square);
    ck_assert_double_le(fabs(mean), 5 * 0.25 / sqrt(N * OUTPUTS));
    ck_assert_double_le(fabs(square / 0.0625 - 1), 5 * sqrt(2.0 / (N * OUTPUTS)));
    free(noise);
    dataset_clear(&d);
    dataset_clear(&noisy);
    must_refuse(dataset_linear(3, 2, 0, 0, 4, &d, &e), "0 examples", &d);
    must_refuse(dataset_linear(100000, 100000, 100000, 0, 4, &d, &e), "too many", &d);
}
END_TEST

/* Targets of unit size whatever the number of inputs. */
START_TEST(linear_targets_keep_their_size)
{
    struct dataset d;
    double mean, square;
    must(dataset_linear(200, 50, 400, 0, 9, &d, &e));
    moments(400 * 50, d.t, &mean, &square);
    ck_assert_double_le(fabs(square - 1), 0.1);
    dataset_clear(&d);
}
END_TEST

/* --- digits ------------------------------------------------------------------------------------------------------ */

START_TEST(all_the_digits)
{
    /* The table of class sizes in the data set's description: 178 zeros ... 180 nines. */
    static const int sizes[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    struct dataset d;
    int count[10] = {0};
    double darkest = 0;
    must(dataset_digits(1500, 297, 0, 1, &d, &e));
    ck_assert_uint_eq(d.n_inputs, 64);
    ck_assert_uint_eq(d.n_outputs, 10);
    for (size_t i = 0; i < 1797; i++)
        count[hot(10, i < 1500 ? d.t + i * 10 : d.t_validation + (i - 1500) * 10)]++;
    for (int j = 0; j < 10; j++)
        ck_assert_int_eq(count[j], sizes[j]);
    for (size_t i = 0; i < 1500 * 64; i++) {
        ck_assert(d.x[i] >= 0 && d.x[i] * 16 == floor(d.x[i] * 16));
        darkest = fmax(darkest, d.x[i]);
    }
    ck_assert_double_eq(darkest, 1);
    dataset_clear(&d);
}
END_TEST

START_TEST(digits_are_shuffled_by_their_seed)
{
    struct dataset a, b, c, longer;
    must(dataset_digits(100, 50, 0.09, 7, &a, &e));
    must(dataset_digits(100, 50, 0.09, 7, &b, &e));
    must(dataset_digits(100, 50, 0.09, 8, &c, &e));
    must(dataset_digits(150, 0, 0.09, 7, &longer, &e));
    ck_assert_mem_eq(a.x, b.x, 6400 * sizeof *a.x);
    ck_assert_mem_eq(a.t_validation, b.t_validation, 500 * sizeof *a.t);
    ck_assert_mem_ne(a.x, c.x, 6400 * sizeof *a.x);
    /* validation comes after training in the same order */
    ck_assert_mem_eq(a.x_validation, longer.x + 6400, 3200 * sizeof *a.x);
    for (size_t i = 0; i < 100; i++) {
        size_t label = hot(10, a.t + i * 10);
        for (size_t j = 0; j < 10; j++)
            assert_close(a.t[i * 10 + j], j == label ? 0.91 : 0.01, 1e-15, 1);
    }
    dataset_clear(&a);
    dataset_clear(&b);
    dataset_clear(&c);
    dataset_clear(&longer);
    must_refuse(dataset_digits(1797, 1, 0, 7, &a, &e), "1797 examples for training and 1", &a);
    must_refuse(dataset_digits(10, 0, 0.5, 7, &a, &e), "soft is 0.5", &a);
    must(dataset_digits(0, 97, 0, 7, &a, &e));
    ck_assert_uint_eq(a.n, 1700);
    dataset_clear(&a);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------------------------- */

static char folder[TESTING_PATH], x_path[TESTING_PATH], t_path[TESTING_PATH];

static void write_pair(const char *x_name, const char *x, const char *t_name, const char *t)
{
    testing_folder(folder);
    testing_write(testing_path(x_path, folder, x_name), x);
    testing_write(testing_path(t_path, folder, t_name), t);
}

START_TEST(files_in_their_own_order)
{
    static const double x[] = {1, 2, 3, 4, 5, 6}, t[] = {0.5, -1, 2};
    struct dataset d;
    write_pair("x.csv", "1,2\n3,4\n5,6\n", "t.csv", "0.5\n-1\n2\n");
    must(dataset_files(x_path, t_path, 1, 0, 0, 0, 99, &d, &e));
    ck_assert_uint_eq(d.n, 3);
    ck_assert_uint_eq(d.n_inputs, 2);
    ck_assert_uint_eq(d.n_outputs, 1);
    ck_assert_mem_eq(d.x, x, sizeof x);
    ck_assert_mem_eq(d.t, t, sizeof t);
    ck_assert_str_eq(d.source, "x.csv");
    dataset_clear(&d);
}
END_TEST

START_TEST(labels_become_one_hot)
{
    static const double expected[] = {0.1, 0.1, 0.8, 0.8, 0.1, 0.1, 0.1, 0.8, 0.1};
    struct dataset d;
    write_pair("x.csv", "1\n2\n3\n", "t.csv", "2\n0\n1\n");
    must(dataset_files(x_path, t_path, 3, 0.2, 0, 0, 0, &d, &e));
    for (size_t i = 0; i < 9; i++)
        assert_close(d.t[i], expected[i], 1e-15, 1);
    dataset_clear(&d);
}
END_TEST

START_TEST(a_part_of_a_file_is_a_seeded_draw_of_pairs)
{
    struct dataset d, again;
    bool seen[20] = {false}, in_order = true;
    char x[200] = "", t[200] = "";
    for (int i = 0; i < 20; i++) {
        snprintf(x + strlen(x), sizeof x - strlen(x), "%d\n", i);
        snprintf(t + strlen(t), sizeof t - strlen(t), "%d\n", 3 * i);
    }
    write_pair("x.csv", x, "t.csv", t);
    must(dataset_files(x_path, t_path, 1, 0, 0, 8, 5, &d, &e));
    must(dataset_files(x_path, t_path, 1, 0, 5, 8, 5, &again, &e));
    ck_assert_uint_eq(d.n, 12);
    ck_assert_uint_eq(d.n_validation, 8);
    ck_assert_mem_eq(d.x, again.x, 5 * sizeof *d.x);
    for (size_t i = 0; i < 20; i++) {
        double xi = i < 12 ? d.x[i] : d.x_validation[i - 12], ti = i < 12 ? d.t[i] : d.t_validation[i - 12];
        ck_assert_double_eq(ti, 3 * xi);
        ck_assert(!seen[(int)xi]);
        seen[(int)xi] = true;
        in_order = in_order && xi == (double)i;
    }
    ck_assert(!in_order);
    dataset_clear(&d);
    dataset_clear(&again);
}
END_TEST

START_TEST(idx_bytes_are_scaled_and_labels_are_not)
{
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};
    static const double x[] = {0, 1, 0.2, 0.4}, t[] = {0, 1, 1, 0};
    struct dataset d;
    testing_folder(folder);
    testing_write_bytes(testing_path(x_path, folder, "images-idx3-ubyte"), images, sizeof images);
    testing_write_bytes(testing_path(t_path, folder, "labels-idx1-ubyte"), labels, sizeof labels);
    must(dataset_files(x_path, t_path, 2, 0, 0, 0, 0, &d, &e));
    ck_assert_uint_eq(d.n_inputs, 2);
    for (size_t i = 0; i < 4; i++) {
        assert_close(d.x[i], x[i], 1e-15, 1);
        ck_assert_double_eq(d.t[i], t[i]);
    }
    dataset_clear(&d);
}
END_TEST

START_TEST(several_arrays_in_one_file)
{
    double x[] = {1, 2, 3, 4}, t[] = {5, 6}, other[] = {0};
    struct array arrays[] = {{.name = "other", .n_dimensions = 1, .shape = {1}, .n = 1, .values = other},
                             {.name = "y", .n_dimensions = 1, .shape = {2}, .n = 2, .values = t},
                             {.name = "inputs", .n_dimensions = 2, .shape = {2, 2}, .n = 4, .values = x}};
    struct array_set set = {.arrays = arrays, .n = 3};
    struct dataset d;
    testing_folder(folder);
    must(array_write_npz(&set, testing_path(x_path, folder, "both.npz"), &e));
    must(dataset_files(x_path, x_path, 1, 0, 0, 0, 0, &d, &e));
    ck_assert_mem_eq(d.x, x, sizeof x);
    ck_assert_mem_eq(d.t, t, sizeof t);
    dataset_clear(&d);
    set.n = 2;
    must(array_write_npz(&set, x_path, &e));
    must_refuse(dataset_files(x_path, x_path, 1, 0, 0, 0, 0, &d, &e), "none is called inputs", &d);
}
END_TEST

START_TEST(file_refusals)
{
    static const struct {
        const char *x, *t, *words;
        size_t outputs, n, n_validation;
    } bad[] = {{"1\n2\n", "1\n", "1 targets for the 2 examples", 1, 0, 0},
               {"1\n2\n", "1,2\n3,4\n", "2 numbers for each example; the network has 3", 3, 0, 0},
               {"1\n2\n", "0\n3\n", "label of example 2 is 3", 3, 0, 0},
               {"1\n2\n", "0\n0.5\n", "label of example 2 is 0.5", 3, 0, 0},
               {"1\n2\n", "-1\n0\n", "label of example 1 is -1", 3, 0, 0},
               {"1\nnan\n", "1\n2\n", "input 1 of example 2 is not a finite", 1, 0, 0},
               {"1\n2\n", "1\ninf\n", "target 1 of example 2 is not a finite", 1, 0, 0},
               {"1\n2\n", "1\n2\n", "there are 2", 1, 3, 0},
               {"1\n2\n", "1\n2\n", "there are 2", 1, 0, 2}};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        struct dataset d;
        write_pair("x.csv", bad[k].x, "t.csv", bad[k].t);
        e = (struct error){0};
        must_refuse(dataset_files(x_path, t_path, bad[k].outputs, 0, bad[k].n, bad[k].n_validation, 0, &d, &e),
                    bad[k].words, &d);
        ck_assert_ptr_nonnull(strstr(e.file, ".csv"));
    }
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    struct dataset d;
    write_pair("x.csv", "1\n", "t.csv", "1\n");
    testing_path(t_path, folder, "gone.csv");
    ck_assert_int_eq(dataset_files(x_path, t_path, 1, 0, 0, 0, 0, &d, &e), STATUS_BAD_INPUT);
    dataset_clear(&d);
}
END_TEST

START_TEST(fashion_mnist)
{
    static const char images[] = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";
    static const char labels[] = "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz";
    struct dataset d;
    int count[10] = {0};
    if (!testing_exists(images))
        testing_skip("Debian's dataset-fashion-mnist is not installed");
    must(dataset_files(images, labels, 10, 0, 9000, 1000, 1, &d, &e));
    ck_assert_uint_eq(d.n_inputs, 784);
    for (size_t i = 0; i < 10000; i++)
        count[hot(10, i < 9000 ? d.t + i * 10 : d.t_validation + (i - 9000) * 10)]++;
    for (int j = 0; j < 10; j++)
        ck_assert_int_eq(count[j], 1000); /* Xiao, Rasul and Vollgraf 2017 */
    dataset_clear(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *generated = tcase_create("generated");
    tcase_add_test(generated, truth_tables);
    tcase_add_test(generated, soft_targets);
    tcase_add_test(generated, the_largest_truth_table);
    tcase_add_test(generated, parity_of_every_size);
    tcase_add_test(generated, boolean_refusals);
    tcase_add_test(generated, the_teacher_fits_its_own_answers_exactly);
    tcase_add_test(generated, a_teacher_s_inputs_are_normal_and_of_its_seed);
    tcase_add_test(generated, modular_addition_has_every_sum_once);
    tcase_add_test(generated, modular_addition_splits_by_its_seed);
    tcase_add_test(generated, linear_targets_are_linear_with_the_noise_asked_for);
    tcase_add_test(generated, linear_targets_keep_their_size);
    suite_add_tcase(suite, generated);
    TCase *files = tcase_create("files");
    tcase_add_test(files, all_the_digits);
    tcase_add_test(files, digits_are_shuffled_by_their_seed);
    tcase_add_test(files, files_in_their_own_order);
    tcase_add_test(files, labels_become_one_hot);
    tcase_add_test(files, a_part_of_a_file_is_a_seeded_draw_of_pairs);
    tcase_add_test(files, idx_bytes_are_scaled_and_labels_are_not);
    tcase_add_test(files, several_arrays_in_one_file);
    tcase_add_test(files, file_refusals);
    tcase_add_test(files, a_file_that_is_not_there);
    tcase_add_test(files, fashion_mnist);
    suite_add_tcase(suite, files);
    return testing_main(suite);
}
