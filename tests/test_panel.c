/* The gradient by panels against the tape's other one, which goes through BLAS and is held against differences
 * elsewhere; its losses against closed forms; minibatches against the examples that were drawn. */
#include "basin/minibatch.h"
#include "basin/panel.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 700, WIDEST = 40, PARAMETERS = 3000 };

/* Few inputs and many, more than the next layer has and fewer, one layer, a wide one, one of a single unit. */
static const size_t shapes[][5] = {{3, 2, 5, 3},        {3, 12, 7, 4}, {2, 9, 4},
                                   {4, 10, 26, 26, 10}, {3, 40, 9, 1}, {3, 8, 1, 2}};
static const size_t counts[] = {1, 3, 16, 40, 255, 256, 257, 700};
static const char *const activations_used[] = {"tanh", "gelu", "leaky-relu"};
enum { SHAPES = 6, COUNTS = 8 };

struct setting {
    struct problem problem;
    double x[MOST * WIDEST], t[MOST * WIDEST], theta[PARAMETERS];
};

static struct setting *setting_new(struct random_stream *r, const size_t *shape, size_t n, enum loss_kind loss,
                                   const char *activation, bool bias)
{
    struct setting *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->problem = (struct problem){.n = n, .x = s->x, .t = s->t, .loss = loss, .weight_decay = n % 2 ? 0 : 0.3};
    ck_assert_int_eq(network_init(&s->problem.network, shape + 1, shape[0], activation_find(activation), bias, NULL),
                     STATUS_OK);
    size_t in = shape[1], out = shape[shape[0]];
    random_normals(r, n * in, s->x);
    random_normals(r, s->problem.network.n_parameters, s->theta);
    for (size_t i = 0; i < n * out; i++)
        s->t[i] = loss == LOSS_MSE ? random_normal(r) : random_uniform(r);
    return s;
}

/* Loss and gradient by the tape's other way. */
static double reference(const struct problem *p, const double *theta, double *g)
{
    struct tape *tape;
    ck_assert_int_eq(tape_new(p, &tape, NULL), STATUS_OK);
    double loss = tape_move(tape, theta);
    tape_gradient(tape, g);
    tape_free(tape);
    return loss;
}

static void assert_same(size_t N, double loss, const double *g, double expected, const double *expected_g)
{
    double size = 0;
    for (size_t i = 0; i < N; i++)
        size = fmax(size, fabs(expected_g[i]));
    assert_close(loss, expected, 1e-13, 1);
    for (size_t i = 0; i < N; i++)
        assert_close(g[i], expected_g[i], 1e-13, size);
}

START_TEST(the_gradient_of_all_examples)
{
    struct random_stream r = random_stream(testing_seed(), (uint64_t)_i);
    for (size_t k = 0; k < COUNTS; k++) {
        struct setting *s =
            setting_new(&r, shapes[_i], counts[k], (enum loss_kind)(k % 3), activations_used[_i % 3], k % 4 != 3);
        double g[PARAMETERS], expected_g[PARAMETERS];
        struct tape *tape;
        ck_assert_int_eq(tape_new(&s->problem, &tape, NULL), STATUS_OK);
        double loss = tape_slope(tape, s->theta, g), expected = reference(&s->problem, s->theta, expected_g);
        assert_same(s->problem.network.n_parameters, loss, g, expected, expected_g);
        tape_free(tape);
        free(s);
    }
}
END_TEST

/* Chosen rows, some of them more than once, are a problem of their own. */
START_TEST(the_gradient_of_chosen_examples)
{
    struct random_stream r = random_stream(testing_seed(), 20 + (uint64_t)_i);
    for (size_t k = 1; k < COUNTS; k++) {
        struct setting *s = setting_new(&r, shapes[_i], counts[k], (enum loss_kind)(k % 3), "tanh", true),
                       *few = malloc(sizeof *few);
        size_t row[MOST], count = 2 * counts[k] / 3, in = shapes[_i][1], out = shapes[_i][shapes[_i][0]];
        double g[PARAMETERS], expected_g[PARAMETERS];
        struct panel *panel;
        ck_assert_ptr_nonnull(few);
        *few = *s;
        few->problem.n = count;
        few->problem.x = few->x;
        few->problem.t = few->t;
        for (size_t i = 0; i < count; i++) {
            row[i] = (size_t)random_below(&r, counts[k]);
            memcpy(few->x + i * in, s->x + row[i] * in, in * sizeof(double));
            memcpy(few->t + i * out, s->t + row[i] * out, out * sizeof(double));
        }
        ck_assert_int_eq(panel_new(&s->problem, &panel, NULL), STATUS_OK);
        double loss = panel_slope(panel, s->theta, row, count, g),
               expected = reference(&few->problem, s->theta, expected_g);
        assert_same(s->problem.network.n_parameters, loss, g, expected, expected_g);
        panel_free(panel);
        free(s), free(few);
    }
}
END_TEST

/* One linear layer without bias on the input 1: the gradient is the slope of the loss. With outputs z and 0 and a hard
 * target the loss is ln(1 + e^-z), its slope -1/(1 + e^z). */
START_TEST(losses_keep_their_digits)
{
    static const double points[] = {-900, -40, -2, 0, 1, 40, 300, 700}, one = 1, t[2] = {1, 0};
    double z = points[_i / 2], f[2] = {z, 0}, g[2], e = exp(-fabs(z)), slope = (z > 0 ? e : 1) / (1 + e);
    bool ce = _i % 2;
    struct problem p = {.n = 1, .x = &one, .t = t, .loss = ce ? LOSS_CE : LOSS_BCE};
    struct panel *panel;
    ck_assert_int_eq(network_init(&p.network, (size_t[]){1, ce ? 2 : 1}, 2, activation_find("identity"), false, NULL),
                     STATUS_OK);
    ck_assert_int_eq(panel_new(&p, &panel, NULL), STATUS_OK);
    assert_close(panel_slope(panel, f, NULL, 1, g), (z > 0 ? 0 : -z) + log1p(e), 1e-14, 0);
    assert_close(g[0], -slope, 1e-14, 0);
    if (ce)
        assert_close(g[1], slope, 1e-14, 0);
    panel_free(panel);
}
END_TEST

/* Outputs that are not numbers make the loss none, whichever loss it is. */
START_TEST(what_overflows_is_not_a_number)
{
    struct random_stream r = random_stream(testing_seed(), 50);
    struct setting *s = setting_new(&r, shapes[1], 40, (enum loss_kind)_i, "tanh", true);
    double g[PARAMETERS];
    struct panel *panel;
    ck_assert_int_eq(panel_new(&s->problem, &panel, NULL), STATUS_OK);
    s->theta[s->problem.network.n_parameters - 1] = NAN;
    ck_assert(isnan(panel_slope(panel, s->theta, NULL, 40, g)));
    panel_free(panel);
    free(s);
}
END_TEST

/* The mean over many batches is the gradient of all examples. */
START_TEST(minibatches_are_fair)
{
    enum { BATCHES = 4000, SIZE = 10, N_EXAMPLES = 24 };
    uint64_t seed = testing_seed();
    struct random_stream r = random_stream(seed, 60);
    struct setting *s = setting_new(&r, shapes[_i], N_EXAMPLES, LOSS_MSE, "tanh", true);
    size_t N = s->problem.network.n_parameters;
    double g[PARAMETERS], all[PARAMETERS], mean[PARAMETERS] = {0}, square[PARAMETERS] = {0};
    struct minibatch *batch;
    reference(&s->problem, s->theta, all);
    ck_assert_int_eq(minibatch_new(&s->problem, SIZE, &batch, NULL), STATUS_OK);
    for (size_t k = 0; k < BATCHES; k++) {
        struct random_stream own = random_stream(seed, 1000 + k);
        minibatch_gradient(batch, &own, s->theta, g);
        for (size_t i = 0; i < N; i++) {
            mean[i] += g[i] / BATCHES;
            square[i] += (g[i] - all[i]) * (g[i] - all[i]) / BATCHES;
        }
    }
    for (size_t i = 0; i < N; i++)
        ck_assert_msg(fabs(mean[i] - all[i]) <= 6 * sqrt(square[i] / BATCHES) + 1e-12, "%zu: %g, not %g", i, mean[i],
                      all[i]);
    minibatch_free(batch);
    free(s);
}
END_TEST

/* A batch as large as the data is the data, and nothing is drawn. */
START_TEST(a_batch_of_all_examples)
{
    struct random_stream r = random_stream(testing_seed(), 70), before = random_stream(1, 1), after = before;
    struct setting *s = setting_new(&r, shapes[3], 40, LOSS_CE, "tanh", true);
    double g[PARAMETERS], expected_g[PARAMETERS];
    struct minibatch *batch;
    ck_assert_int_eq(minibatch_new(&s->problem, 40, &batch, NULL), STATUS_OK);
    double loss = minibatch_gradient(batch, &after, s->theta, g),
           expected = reference(&s->problem, s->theta, expected_g);
    assert_same(s->problem.network.n_parameters, loss, g, expected, expected_g);
    ck_assert_mem_eq(&before, &after, sizeof before);
    minibatch_free(batch);
    free(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("panel");
    TCase *tests = tcase_create("panel");
    tcase_add_loop_test(tests, the_gradient_of_all_examples, 0, SHAPES);
    tcase_add_loop_test(tests, the_gradient_of_chosen_examples, 0, SHAPES);
    tcase_add_loop_test(tests, losses_keep_their_digits, 0, 16);
    tcase_add_loop_test(tests, what_overflows_is_not_a_number, 0, 3);
    tcase_add_loop_test(tests, minibatches_are_fair, 0, 2);
    tcase_add_test(tests, a_batch_of_all_examples);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
