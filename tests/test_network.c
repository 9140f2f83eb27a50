/* Networks and activations: shapes, names, initialisations, and the digits activations keep in their tails. */
#include "basin/network.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- activations ------------------------------------------------------------------------------------------------- */

/* f, f', f'' by mpmath with 50 digits: tests/reference/activations.py */
static const struct {
    const char *name;
    double z, f, d1, d2;
} tails[] = {
#include "tests/reference/activations.inc"
};

START_TEST(activations_keep_their_digits)
{
    const struct activation *a = activation_find(tails[_i].name);
    double z = tails[_i].z, f, d1, d2;
    ck_assert_ptr_nonnull(a);
    a->evaluate(1, &z, &f, &d1, &d2);
    /* relative to the number itself, but for f'' near where it crosses 0 */
    assert_close(f, tails[_i].f, 1e-13, 1e-300);
    assert_close(d1, tails[_i].d1, 1e-13, 1e-300);
    assert_close(d2, tails[_i].d2, 1e-12, fabs(z) < 3 ? 0.1 : 1e-300);
}
END_TEST

START_TEST(activations_are_finite_far_out)
{
    static const double far[] = {-1e300, -1e155, -1e5, -800, 800, 1e5, 1e120, 1e150};
    for (const struct activation *a = activations; a->name; a++)
        for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
            double f, d1, d2;
            a->evaluate(1, &far[i], &f, &d1, &d2);
            bool squared_away = strcmp(a->name, "square") == 0 && fabs(far[i]) > 1e154;
            ck_assert_msg((isfinite(f) || squared_away) && isfinite(d1) && isfinite(d2), "%s at %g: %g, %g, %g",
                          a->name, far[i], f, d1, d2);
        }
}
END_TEST

/* What the table says about symmetries is true, and so are the slopes on the right of a kink. */
START_TEST(activation_table_is_true)
{
    for (const struct activation *a = activations; a->name; a++) {
        double z[3] = {0.7, -0.7, 2.1}, minus[3] = {-0.7, 0.7, -2.1}, scaled[3] = {1.75, -1.75, 5.25}, f[3], g[3], d[3],
               d2[3];
        ck_assert_ptr_eq(activation_find(a->name), a);
        a->evaluate(3, z, f, NULL, d2);
        a->evaluate(3, minus, g, NULL, NULL);
        bool odd = true, rescales = true;
        for (int i = 0; i < 3; i++)
            odd = odd && fabs(f[i] + g[i]) < 1e-15;
        ck_assert_int_eq(odd, a->odd);
        a->evaluate(3, scaled, g, d, NULL);
        for (int i = 0; i < 3; i++)
            rescales = rescales && fabs(g[i] - pow(2.5, a->degree) * f[i]) < 1e-14;
        ck_assert_int_eq(rescales, a->degree > 0);
        if (!a->smooth)
            for (int i = 0; i < 3; i++)
                ck_assert_double_eq(d2[i], 0);
        double in_place[3] = {0.7, -0.7, 2.1};
        a->evaluate(3, in_place, in_place, d, d2);
        ck_assert_mem_eq(in_place, f, sizeof f);
    }
    double zero = 0, slope;
    activation_find("relu")->evaluate(1, &zero, NULL, &slope, NULL);
    ck_assert_double_eq(slope, 1);
    activation_find("leaky-relu")->evaluate(1, &zero, NULL, &slope, NULL);
    ck_assert_double_eq(slope, 1);
    ck_assert_ptr_null(activation_find("tan"));
}
END_TEST

/* --- shapes and names -------------------------------------------------------------------------------------------- */

START_TEST(parameters_stand_in_order)
{
    struct network net;
    char name[32];
    const size_t width[] = {2, 3, 1};
    ck_assert_int_eq(network_init(&net, width, 3, activation_find("tanh"), true, NULL), STATUS_OK);
    ck_assert_uint_eq(net.n_layers, 2);
    ck_assert_uint_eq(net.n_parameters, 13);
    static const char *names[] = {"W1[0,0]", "W1[0,1]", "W1[1,0]", "W1[1,1]", "W1[2,0]", "W1[2,1]", "b1[0]",
                                  "b1[1]",   "b1[2]",   "W2[0,0]", "W2[0,1]", "W2[0,2]", "b2[0]"};
    for (size_t i = 0; i < 13; i++)
        ck_assert_str_eq(network_parameter_name(&net, i, name, sizeof name), names[i]);
    ck_assert_int_eq(network_init(&net, width, 3, activation_find("tanh"), false, NULL), STATUS_OK);
    ck_assert_uint_eq(net.n_parameters, 9);
    ck_assert_str_eq(network_parameter_name(&net, 5, name, sizeof name), "W1[2,1]");
    ck_assert_str_eq(network_parameter_name(&net, 6, name, sizeof name), "W2[0,0]");
    ck_assert_str_eq(network_parameter_name(&net, 8, name, sizeof name), "W2[0,2]");
}
END_TEST

START_TEST(impossible_networks_are_refused)
{
    struct network net;
    struct error e;
    const struct activation *tanh_ = activation_find("tanh");
    size_t many[NETWORK_MAX_LAYERS + 2];
    for (size_t i = 0; i < NETWORK_MAX_LAYERS + 2; i++)
        many[i] = 1;
    ck_assert_int_eq(network_init(&net, many, 1, tanh_, true, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(network_init(&net, many, NETWORK_MAX_LAYERS + 2, tanh_, true, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "33 layers are too many: at most 32");
    ck_assert_int_eq(network_init(&net, many, NETWORK_MAX_LAYERS + 1, tanh_, true, &e), STATUS_OK);
    ck_assert_int_eq(network_init(&net, (size_t[]){2, 0, 1}, 3, tanh_, true, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "width 2 of the network is 0");
    ck_assert_int_eq(network_init(&net, (size_t[]){50000, 50000}, 2, tanh_, true, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(network_init(&net, (size_t[]){(size_t)1 << 33, (size_t)1 << 33}, 2, tanh_, true, &e),
                     STATUS_BAD_INPUT);
}
END_TEST

/* --- initialisations --------------------------------------------------------------------------------------------- */

/* Scale 1.5 on 40 -> 50 -> 8: standard deviations of the two layers' weights, from the papers' formulas. */
static const struct {
    double sigma[2];
    enum init_scheme scheme;
    bool zero_biases;
} schemes[] = {
    {{1.5, 1.5}, INIT_NORMAL, false},
    {{1.5 * 0.14907119849998599, 1.5 * 0.18569533817705186}, INIT_XAVIER, true}, /* sqrt(2/90), sqrt(2/58) */
    {{1.5 * 0.22360679774997896, 1.5 * 0.2}, INIT_HE, true},                     /* sqrt(2/40), sqrt(2/50) */
    {{1.5 * 0.15811388300841897, 1.5 * 0.14142135623730950}, INIT_LECUN, true},
    {{1.5 * 0.091287092917527690, 1.5 * 0.081649658092772609}, INIT_TORCH, false}, /* 1/sqrt(3 in) */
};

START_TEST(initialisations_have_the_sigma_they_state)
{
    enum { DRAWS = 40 };
    struct network net;
    ck_assert_int_eq(network_init(&net, (size_t[]){40, 50, 8}, 3, activation_find("tanh"), true, NULL), STATUS_OK);
    double *sigma = calloc(net.n_parameters, sizeof *sigma), *theta = calloc(net.n_parameters, sizeof *theta),
           square[2] = {0}, largest[2] = {0}, biases = 0;
    ck_assert(sigma && theta);
    network_sigma(&net, schemes[_i].scheme, 1.5, sigma);
    for (size_t i = 0; i < net.n_parameters; i++)
        assert_close(sigma[i], schemes[_i].sigma[i >= net.weight_at[1]], 1e-15, 0);
    for (uint64_t stream = 0; stream < DRAWS; stream++) {
        network_draw(&net, schemes[_i].scheme, 1.5, 3, stream, theta);
        for (size_t l = 0; l < 2; l++) {
            for (size_t i = net.weight_at[l]; i < net.bias_at[l]; i++) {
                square[l] += theta[i] * theta[i];
                largest[l] = fmax(largest[l], fabs(theta[i]));
            }
            for (size_t i = 0; i < net.width[l + 1]; i++)
                biases += fabs(theta[net.bias_at[l] + i]);
        }
    }
    for (size_t l = 0; l < 2; l++) {
        double n = DRAWS * (double)(net.bias_at[l] - net.weight_at[l]);
        assert_close(square[l] / n, pow(schemes[_i].sigma[l], 2), 5 * sqrt(2 / n), 0);
        if (schemes[_i].scheme == INIT_TORCH)
            ck_assert(largest[l] < sqrt(3) * schemes[_i].sigma[l] && largest[l] > 1.7 * schemes[_i].sigma[l]);
    }
    ck_assert_int_eq(biases == 0, schemes[_i].zero_biases);
    free(sigma), free(theta);
}
END_TEST

START_TEST(the_same_seed_draws_the_same)
{
    struct network net;
    ck_assert_int_eq(network_init(&net, (size_t[]){3, 4, 2}, 3, activation_find("relu"), true, NULL), STATUS_OK);
    double a[26], b[26];
    ck_assert_uint_eq(net.n_parameters, 26);
    network_draw(&net, INIT_NORMAL, 1, 7, 1, a);
    network_draw(&net, INIT_NORMAL, 1, 7, 1, b);
    ck_assert_mem_eq(a, b, sizeof a);
    network_draw(&net, INIT_NORMAL, 1, 7, 2, b);
    ck_assert_double_ne(a[0], b[0]);
    network_draw(&net, INIT_NORMAL, 1, 8, 1, b);
    ck_assert_double_ne(a[0], b[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network");
    TCase *activation = tcase_create("activations");
    tcase_add_loop_test(activation, activations_keep_their_digits, 0, sizeof tails / sizeof tails[0]);
    tcase_add_test(activation, activations_are_finite_far_out);
    tcase_add_test(activation, activation_table_is_true);
    suite_add_tcase(suite, activation);
    TCase *network = tcase_create("networks");
    tcase_add_test(network, parameters_stand_in_order);
    tcase_add_test(network, impossible_networks_are_refused);
    tcase_add_loop_test(network, initialisations_have_the_sigma_they_state, 0, sizeof schemes / sizeof schemes[0]);
    tcase_add_test(network, the_same_seed_draws_the_same);
    suite_add_tcase(suite, network);
    return testing_main(suite);
}
