/* Losses, probabilities and slopes of behaviour where they have closed forms, far into the tails. */
#include "basin/problem.h"
#include "tests/testing.h"

#include <math.h>
#include <string.h>

/* One linear layer without bias on unit inputs: outputs are the columns of W, so theta says them directly. */
enum { MAX_OUTPUTS = 3 };

static struct tape *tape_of_outputs(enum loss_kind loss, enum behaviour_kind behaviour, size_t m, const double *f,
                                    const double *t, double *value)
{
    static const double one = 1;
    struct problem p = {.n = 1, .x = &one, .t = t, .loss = loss, .behaviour = behaviour};
    struct tape *tape;
    ck_assert_int_eq(network_init(&p.network, (size_t[]){1, m}, 2, activation_find("identity"), false, NULL),
                     STATUS_OK);
    ck_assert_int_eq(tape_new(&p, &tape, NULL), STATUS_OK);
    *value = tape_move(tape, f);
    return tape;
}

/* With outputs z and 0 and a hard target the loss is ln(1 + e^-z): value, slopes and curvature follow from s = 1/(1 +
 * e^z) alone. */
START_TEST(cross_entropies_keep_their_digits)
{
    static const double points[] = {-900, -40, -2, 0, 1, 40, 300, 700};
    double z = points[_i / 2], value, r[2], D[4], e = exp(-z), other = z > 0 ? e / (1 + e) : 1 / (1 + exp(z)),
           expected = z > 0 ? log1p(e) : -z + log1p(exp(z)),
           spread = z > 0 ? e / (1 + e) / (1 + e) : exp(z) / (1 + exp(z)) / (1 + exp(z));
    bool ce = _i % 2;
    struct tape *tape = tape_of_outputs(ce ? LOSS_CE : LOSS_BCE, BEHAVIOUR_OUTPUTS, ce ? 2 : 1, (double[]){z, 0},
                                        (double[]){1, 0}, &value);
    assert_close(value, expected, 1e-14, 0);
    tape_behaviour_slopes(tape, r, D);
    assert_close(r[0], -other, 1e-14, 0);
    assert_close(D[0], spread, 1e-13, 0);
    assert_close(tape_probabilities(tape)[0], z > 0 ? 1 / (1 + e) : exp(z) / (1 + exp(z)), 1e-14, 0);
    if (ce) {
        assert_close(r[1], other, 1e-14, 0);
        for (int k = 1; k < 4; k++)
            assert_close(D[k], k == 3 ? spread : -spread, 1e-13, 0);
    }
    tape_free(tape);
}
END_TEST

/* Soft targets and their own logits: r = 0, the loss is the entropy of the targets, D = diag p - p p^T. */
START_TEST(perfect_fits)
{
    static const double t[3] = {0.2, 0.5, 0.3};
    double f[3], r[3], D[9], value, entropy = 0, binary = 0;
    for (int j = 0; j < 3; j++) {
        entropy -= t[j] * log(t[j]);
        binary -= t[j] * log(t[j]) + (1 - t[j]) * log(1 - t[j]);
        f[j] = _i == 0 ? log(t[j]) + 5 : log(t[j] / (1 - t[j]));
    }
    for (int probabilities = 0; probabilities < 2; probabilities++) {
        struct tape *tape = tape_of_outputs(
            _i == 0 ? LOSS_CE : LOSS_BCE, probabilities ? BEHAVIOUR_PROBABILITIES : BEHAVIOUR_OUTPUTS, 3, f, t, &value);
        assert_close(value, _i == 0 ? entropy : binary, 1e-14, 0);
        tape_behaviour_slopes(tape, r, D);
        for (int j = 0; j < 3; j++) {
            assert_close(r[j], 0, 1e-14, 1);
            assert_close(tape_probabilities(tape)[j], t[j], 1e-14, 0);
        }
        if (_i == 1) /* d2/dp2 at p = t: 1/(t (1 - t)); d2/df2: its inverse */
            assert_close(D[4], probabilities ? 4 : 0.25, 1e-14, 0);
        else if (!probabilities)
            assert_close(D[1], -0.1, 1e-14, 0);
        else { /* diag(1/t) on the tangent of the simplex: rows add up to 0 */
            assert_close(D[0] + D[1] + D[2], 0, 1e-13, 1);
            assert_close(D[0], 5 - 2 * 5 / 3.0 + (5 + 2 + 10 / 3.0) / 9, 1e-14, 0);
        }
        tape_free(tape);
    }
}
END_TEST

START_TEST(overflow_is_not_hidden)
{
    double value;
    tape_free(tape_of_outputs(LOSS_MSE, BEHAVIOUR_OUTPUTS, 1, (double[]){1e200}, (double[]){0}, &value));
    ck_assert(isinf(value));
    tape_free(tape_of_outputs(LOSS_CE, BEHAVIOUR_OUTPUTS, 2, (double[]){NAN, 0}, (double[]){1, 0}, &value));
    ck_assert(isnan(value));
    tape_free(NULL);
}
END_TEST

START_TEST(weight_decay_is_half_the_square)
{
    double theta[2] = {3, 4}, g[2];
    const double x[2] = {0, 0}, t[1] = {0};
    struct problem p = {.n = 1, .x = x, .t = t, .loss = LOSS_MSE, .weight_decay = 0.1};
    struct tape *tape;
    ck_assert_int_eq(network_init(&p.network, (size_t[]){2, 1}, 2, activation_find("tanh"), false, NULL), STATUS_OK);
    ck_assert_int_eq(tape_new(&p, &tape, NULL), STATUS_OK);
    assert_close(tape_move(tape, theta), 0.1 / 2 * 25, 1e-15, 0);
    assert_close(tape_loss(tape, theta), 0.1 / 2 * 25, 1e-15, 0);
    tape_gradient(tape, g);
    assert_close(g[1], 0.4, 1e-15, 0);
    tape_free(tape);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("problem");
    TCase *problem = tcase_create("losses");
    tcase_add_loop_test(problem, cross_entropies_keep_their_digits, 0, 16);
    tcase_add_loop_test(problem, perfect_fits, 0, 2);
    tcase_add_test(problem, overflow_is_not_hidden);
    tcase_add_test(problem, weight_decay_is_half_the_square);
    suite_add_tcase(suite, problem);
    return testing_main(suite);
}
