/* Derivatives against PyTorch's automatic differentiation: tests/reference/torch_derivatives.py made the numbers. */
#include "basin/problem.h"
#include "tests/testing.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 23, EXAMPLES = 3, OUTPUTS = 2, CASES = 30 };
static const double tolerance = 1e-10;

static void read_numbers(const json_t *object, const char *key, size_t n, double *out)
{
    const json_t *array = json_object_get(object, key);
    ck_assert_uint_eq(json_array_size(array), n);
    for (size_t i = 0; i < n; i++)
        out[i] = json_number_value(json_array_get(array, i));
}

static enum loss_kind loss_of(const json_t *c)
{
    const char *name = json_string_value(json_object_get(c, "loss"));
    return strcmp(name, "mse") == 0 ? LOSS_MSE : strcmp(name, "bce") == 0 ? LOSS_BCE : LOSS_CE;
}

/* The largest difference relative to the largest number expected. */
static void assert_same(size_t n, const double *numbers, const double *expected, const char *what)
{
    double most = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs(numbers[i] - expected[i]);
        most = off <= most ? most : off; /* NaN stays */
        scale = fmax(scale, fabs(expected[i]));
    }
    ck_assert_msg(most <= tolerance * scale, "%s is off by %.3g of %.3g", what, most, scale);
}

static void assert_same_upper(const double *H, const json_t *c, const char *key)
{
    double expected[N * (N + 1) / 2], upper[N * (N + 1) / 2], *to = upper;
    read_numbers(c, key, N * (N + 1) / 2, expected);
    for (size_t i = 0; i < N; i++)
        for (size_t j = i; j < N; j++)
            *to++ = H[i * N + j];
    assert_same(N * (N + 1) / 2, upper, expected, key);
}

static void check_derivatives(struct tape *tape, const json_t *c)
{
    double theta[N], v[N], expected[N], got[N], G[EXAMPLES * OUTPUTS * N], expected_G[EXAMPLES * OUTPUTS * N], H[N * N];
    read_numbers(c, "theta", N, theta);
    assert_close(tape_move(tape, theta), json_number_value(json_object_get(c, "value")), 1e-14, 0);
    read_numbers(c, "gradient", N, expected);
    tape_gradient(tape, got);
    assert_same(N, got, expected, "gradient");
    read_numbers(c, "behaviour_jacobian", EXAMPLES * OUTPUTS * N, expected_G);
    tape_behaviour_jacobian(tape, G);
    assert_same(EXAMPLES * OUTPUTS * N, G, expected_G, "G");
    read_numbers(c, "v", N, v);
    read_numbers(c, "hv", N, expected);
    tape_hvp(tape, HESSIAN_FULL, v, got);
    assert_same(N, got, expected, "H v");
    ck_assert_int_eq(tape_hessian(tape, HESSIAN_FULL, H, NULL), STATUS_OK);
    assert_same_upper(H, c, "hessian");
    ck_assert_int_eq(tape_hessian(tape, HESSIAN_GAUSS_NEWTON, H, NULL), STATUS_OK);
    assert_same_upper(H, c, "gauss_newton");
}

START_TEST(derivatives_agree)
{
    json_t *cases = json_load_file("tests/reference/torch_derivatives.json", 0, NULL);
    ck_assert_uint_eq(json_array_size(cases), CASES);
    const json_t *c = json_array_get(cases, (size_t)_i);
    double x[EXAMPLES * 2], t[EXAMPLES * OUTPUTS];
    struct problem p = {.n = EXAMPLES, .x = x, .t = t, .loss = loss_of(c)};
    struct tape *tape;
    p.behaviour = p.loss == LOSS_MSE ? BEHAVIOUR_OUTPUTS : BEHAVIOUR_PROBABILITIES;
    read_numbers(c, "x", EXAMPLES * 2, x);
    read_numbers(c, "t", EXAMPLES * OUTPUTS, t);
    ck_assert_int_eq(network_init(&p.network, (size_t[]){2, 3, 2, OUTPUTS}, 4,
                                  activation_find(json_string_value(json_object_get(c, "activation"))), true, NULL),
                     STATUS_OK);
    ck_assert_uint_eq(p.network.n_parameters, N);
    ck_assert_int_eq(tape_new(&p, &tape, NULL), STATUS_OK);
    check_derivatives(tape, c);
    tape_free(tape);
    json_decref(cases);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("torch");
    TCase *torch = tcase_create("torch");
    tcase_add_loop_test(torch, derivatives_agree, 0, CASES);
    suite_add_tcase(suite, torch);
    return testing_main(suite);
}
