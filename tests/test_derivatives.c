/* Derivatives of learning problems against finite differences and against each other, for every activation, loss,
 * behaviour, with and without biases, and one to four layers.
 *
 * A central difference is off by C h^2: halving h must divide the error by 4, or the error is rounding only.
 */
#include "basin/problem.h"
#include "solver/linalg.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_ACTIVATIONS = 10, N_LOSSES = 3, N_BEHAVIOURS = 2, MAX_DEPTH = 4 };
static const double step = 4e-3, decay = 0.3;

/* A small problem with a tape at a random theta. */
struct fixture {
    struct problem problem;
    struct tape *tape;
    size_t N, k, n, outputs;
    double *x, *t, *theta;
};

static double *new_numbers(size_t n)
{
    double *x = calloc(n > 0 ? n : 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

static double *random_numbers(size_t n, uint64_t stream)
{
    double *x = new_numbers(n);
    struct random_stream r = random_stream(5, stream);
    random_normals(&r, n, x);
    return x;
}

/* Targets inside (0, 1) whose rows do not add up to 1: ce must cope. */
static double *random_targets(size_t n)
{
    double *t = new_numbers(n);
    struct random_stream r = random_stream(6, 0);
    for (size_t i = 0; i < n; i++)
        t[i] = 0.1 + 0.6 * random_uniform(&r);
    return t;
}

/* Whether no unit of a piecewise linear network is near its kink. */
static bool away_from_kinks(struct fixture *f)
{
    const struct network *net = &f->problem.network;
    double least = INFINITY;
    tape_move(f->tape, f->theta);
    for (size_t l = 0; l + 1 < net->n_layers && !net->activation->smooth; l++)
        for (size_t i = 0; i < f->n * net->width[l + 1]; i++) {
            size_t o = i % net->width[l + 1], in = net->width[l];
            double z = linalg_dot(in, f->theta + net->weight_at[l] + o * in,
                                  tape_activations(f->tape, l) + i / net->width[l + 1] * in);
            least = fmin(least, fabs(z + (net->bias ? f->theta[net->bias_at[l] + o] : 0)));
        }
    return least > 5 * step;
}

static void setup(struct fixture *f, const char *activation, enum loss_kind loss, enum behaviour_kind behaviour,
                  bool bias, const size_t *width, size_t n_widths, size_t n)
{
    *f = (struct fixture){.n = n, .outputs = width[n_widths - 1]};
    f->x = random_numbers(n * width[0], 1);
    f->t = random_targets(n * f->outputs);
    f->problem =
        (struct problem){.n = n, .x = f->x, .t = f->t, .loss = loss, .behaviour = behaviour, .weight_decay = decay};
    ck_assert_int_eq(network_init(&f->problem.network, width, n_widths, activation_find(activation), bias, NULL),
                     STATUS_OK);
    f->N = f->problem.network.n_parameters;
    f->k = problem_behaviours(&f->problem);
    ck_assert_uint_eq(f->k, n * f->outputs);
    f->theta = new_numbers(f->N);
    ck_assert_int_eq(tape_new(&f->problem, &f->tape, NULL), STATUS_OK);
    for (uint64_t stream = 0; stream == 0 || !away_from_kinks(f); stream++) {
        ck_assert_uint_lt(stream, 5000);
        network_draw(&f->problem.network, INIT_NORMAL, strcmp(activation, "square") == 0 ? 0.4 : 0.7, 11, stream,
                     f->theta);
    }
    tape_move(f->tape, f->theta);
}

static void teardown(struct fixture *f)
{
    tape_free(f->tape);
    free(f->x), free(f->t), free(f->theta);
}

/* The small problems: CASES of activation, loss and depth, each in VARIANTS of behaviour and bias. */
enum { CASES = N_ACTIVATIONS * N_LOSSES * MAX_DEPTH, VARIANTS = 4 };

static void setup_case(struct fixture *f, int i, int variant)
{
    static const size_t width[MAX_DEPTH + 1][MAX_DEPTH + 1] = {{0}, {3, 2}, {3, 4, 2}, {2, 3, 2, 3}, {2, 3, 2, 3, 2}};
    size_t depth = 1 + (size_t)(i / N_ACTIVATIONS / N_LOSSES);
    setup(f, activations[i % N_ACTIVATIONS].name, (enum loss_kind)(i / N_ACTIVATIONS % N_LOSSES),
          (enum behaviour_kind)(variant % 2), variant / 2, width[depth], depth + 1, 3);
}

/* A test that runs check_NAME on every variant of its case. */
#define CASE_TEST(name)                                                                                                \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        for (int variant = 0; variant < VARIANTS; variant++) {                                                         \
            struct fixture f;                                                                                          \
            setup_case(&f, _i, variant);                                                                               \
            check_##name(&f);                                                                                          \
            teardown(&f);                                                                                              \
        }                                                                                                              \
    }                                                                                                                  \
    END_TEST

/* What is differentiated: a function of theta with `size` numbers. */
typedef void function(struct fixture *f, const double *theta, double *out);

static void loss_at(struct fixture *f, const double *theta, double *out)
{
    *out = tape_move(f->tape, theta);
}

static void behaviour_at(struct fixture *f, const double *theta, double *out)
{
    tape_loss(f->tape, theta);
    memcpy(out, f->problem.behaviour == BEHAVIOUR_OUTPUTS ? tape_outputs(f->tape) : tape_probabilities(f->tape),
           f->k * sizeof *out);
}

static void gradient_at(struct fixture *f, const double *theta, double *out)
{
    tape_move(f->tape, theta);
    tape_gradient(f->tape, out);
}

static void slope_at(struct fixture *f, const double *theta, double *out)
{
    double *D = new_numbers(f->k * f->outputs);
    tape_move(f->tape, theta);
    tape_behaviour_slopes(f->tape, out, D);
    free(D);
}

/* |(F(theta + h v) - F(theta - h v))/(2 h) - expected| */
static double difference_error(struct fixture *f, function *F, size_t size, const double *v, double h,
                               const double *expected)
{
    double *theta = new_numbers(f->N), *up = new_numbers(size), *down = new_numbers(size);
    memcpy(theta, f->theta, f->N * sizeof *theta);
    linalg_axpy(f->N, h, v, theta);
    F(f, theta, up);
    linalg_axpy(f->N, -2 * h, v, theta);
    F(f, theta, down);
    for (size_t i = 0; i < size; i++)
        up[i] = (up[i] - down[i]) / (2 * h) - expected[i];
    double error = linalg_norm(size, up);
    free(theta), free(up), free(down);
    return error;
}

static void assert_slope_2(struct fixture *f, function *F, size_t size, const double *v, const double *expected)
{
    double error = difference_error(f, F, size, v, step, expected),
           half = difference_error(f, F, size, v, step / 2, expected), scale = 1 + linalg_norm(size, expected);
    tape_move(f->tape, f->theta);
    ck_assert_msg(error < 1e-11 * scale || (error < 0.05 * scale && error > 3.5 * half && error < 4.5 * half),
                  "errors %.3g and %.3g at half the step do not fall as h^2 (scale %.3g)", error, half, scale);
}

/* A direction that moves no unit of a piecewise linear network across its kink. */
static double *direction(const struct fixture *f, uint64_t stream)
{
    double *v = random_numbers(f->N, stream);
    double length = linalg_norm(f->N, v);
    for (size_t i = 0; i < f->N; i++)
        v[i] /= length;
    return v;
}

static void check_gradients(struct fixture *f)
{
    double *g = new_numbers(f->N);
    tape_gradient(f->tape, g);
    for (size_t i = 0; i < f->N; i++) {
        double *v = new_numbers(f->N);
        v[i] = 1;
        assert_slope_2(f, loss_at, 1, v, &g[i]);
        free(v);
    }
    ck_assert_double_eq(tape_move(f->tape, f->theta), tape_loss(f->tape, f->theta));
    free(g);
}
CASE_TEST(gradients)

static void check_behaviour_gradients(struct fixture *f)
{
    double *G = new_numbers(f->k * f->N), *v = direction(f, 3), *moved = new_numbers(f->k);
    tape_behaviour_jacobian(f->tape, G);
    linalg_multiply_vector(LINALG_PLAIN, f->k, f->N, 1, G, f->N, v, 0, moved);
    assert_slope_2(f, behaviour_at, f->k, v, moved);
    free(G), free(v), free(moved);
}
CASE_TEST(behaviour_gradients)

/* out (k) := D u, D in blocks (n, outputs, outputs). */
static void apply_blocks(const struct fixture *f, const double *D, const double *u, double *out)
{
    for (size_t i = 0; i < f->n; i++)
        linalg_multiply_vector(LINALG_PLAIN, f->outputs, f->outputs, 1, D + i * f->outputs * f->outputs, f->outputs,
                               u + i * f->outputs, 0, out + i * f->outputs);
}

/* dr/d theta v = D G v, and G^T r + decay theta is the gradient, in either kind of behaviour. */
static void check_behaviour_slopes(struct fixture *f)
{
    double *G = new_numbers(f->k * f->N), *v = direction(f, 3), *moved = new_numbers(f->k), *r = new_numbers(f->k),
           *D = new_numbers(f->k * f->outputs), *expected = new_numbers(f->k), *g = new_numbers(f->N),
           *from_r = new_numbers(f->N);
    tape_behaviour_jacobian(f->tape, G);
    tape_behaviour_slopes(f->tape, r, D);
    tape_gradient(f->tape, g);
    memcpy(from_r, f->theta, f->N * sizeof *g);
    linalg_multiply_vector(LINALG_TRANSPOSED, f->k, f->N, 1, G, f->N, r, decay, from_r);
    for (size_t i = 0; i < f->N; i++)
        assert_close(from_r[i], g[i], 1e-12, 1);
    linalg_multiply_vector(LINALG_PLAIN, f->k, f->N, 1, G, f->N, v, 0, moved);
    apply_blocks(f, D, moved, expected);
    assert_slope_2(f, slope_at, f->k, v, expected);
    free(G), free(v), free(moved), free(r), free(D), free(expected), free(g), free(from_r);
}
CASE_TEST(behaviour_slopes)

static void check_hessian_vector_products(struct fixture *f)
{
    double *v = direction(f, 4), *hv = new_numbers(f->N);
    tape_hvp(f->tape, HESSIAN_FULL, v, hv);
    assert_slope_2(f, gradient_at, f->N, v, hv);
    free(v), free(hv);
}
CASE_TEST(hessian_vector_products)

/* The Gauss-Newton part is J^T D J of the outputs; with the residual part and the decay it makes the whole. */
static void check_parts_of_hessian_vector_products(struct fixture *f)
{
    struct problem outputs = f->problem;
    outputs.behaviour = BEHAVIOUR_OUTPUTS;
    struct tape *tape;
    ck_assert_int_eq(tape_new(&outputs, &tape, NULL), STATUS_OK);
    tape_move(tape, f->theta);
    double *G = new_numbers(f->k * f->N), *v = direction(f, 4), *moved = new_numbers(f->k), *r = new_numbers(f->k),
           *D = new_numbers(f->k * f->outputs), *Dv = new_numbers(f->k), *expected = new_numbers(f->N),
           *part = new_numbers(f->N), *full = new_numbers(f->N);
    tape_behaviour_jacobian(tape, G);
    tape_behaviour_slopes(tape, r, D);
    linalg_multiply_vector(LINALG_PLAIN, f->k, f->N, 1, G, f->N, v, 0, moved);
    apply_blocks(f, D, moved, Dv);
    linalg_multiply_vector(LINALG_TRANSPOSED, f->k, f->N, 1, G, f->N, Dv, 0, expected);
    tape_hvp(f->tape, HESSIAN_GAUSS_NEWTON, v, part);
    for (size_t i = 0; i < f->N; i++)
        assert_close(part[i], expected[i], 1e-12, 1);
    tape_hvp(f->tape, HESSIAN_FULL, v, full);
    tape_hvp(f->tape, HESSIAN_RESIDUAL, v, expected);
    for (size_t i = 0; i < f->N; i++)
        assert_close(part[i] + expected[i] + decay * v[i], full[i], 1e-12, 1);
    tape_free(tape);
    free(G), free(v), free(moved), free(r), free(D), free(Dv), free(expected), free(part), free(full);
}
CASE_TEST(parts_of_hessian_vector_products)

/* H is symmetric; its columns are the Hessian-vector products of the same part. */
static void check_hessians(struct fixture *f)
{
    static const enum hessian_part parts[] = {HESSIAN_FULL, HESSIAN_GAUSS_NEWTON, HESSIAN_RESIDUAL};
    double *H[3], *v = new_numbers(f->N), *hv = new_numbers(f->N);
    for (int p = 0; p < 3; p++) {
        H[p] = new_numbers(f->N * f->N);
        for (size_t i = 0; i < f->N * f->N; i++)
            H[p][i] = NAN; /* whatever was there */
        ck_assert_int_eq(tape_hessian(f->tape, parts[p], H[p], NULL), STATUS_OK);
        for (size_t i = 0; i < f->N; i++) {
            v[i] = 1;
            tape_hvp(f->tape, parts[p], v, hv);
            v[i] = 0;
            for (size_t j = 0; j < f->N; j++)
                if (!(fabs(H[p][i * f->N + j] - hv[j]) <= 1e-12 * (1 + fabs(hv[j]))) ||
                    H[p][i * f->N + j] != H[p][j * f->N + i])
                    ck_abort_msg("part %d, (%zu, %zu): %.15g, not %.15g", p, i, j, H[p][i * f->N + j], hv[j]);
        }
    }
    for (size_t i = 0; i < f->N * f->N; i++)
        if (!(fabs(H[1][i] + H[2][i] + (i % (f->N + 1) == 0 ? decay : 0) - H[0][i]) <= 1e-13 * (1 + fabs(H[0][i]))))
            ck_abort_msg("the parts of H do not add up at %zu", i);
    free(H[0]), free(H[1]), free(H[2]), free(v), free(hv);
}
CASE_TEST(hessians)

/* Every sum over examples is the mean of the sums over parts of them, so batches inside leave no trace. */
START_TEST(many_examples_are_the_mean_of_their_parts)
{
    enum { PART = 100, PARTS = 3, WIDTHS = 4 };
    const size_t width[WIDTHS] = {5, 7, 6, 3};
    struct fixture f;
    setup(&f, "tanh", (enum loss_kind)_i, BEHAVIOUR_PROBABILITIES, true, width, WIDTHS, PART * PARTS);
    double *v = direction(&f, 4), *mean[2] = {new_numbers(f.N), new_numbers(f.N)}, *whole = new_numbers(f.N),
           *G = new_numbers(f.k * f.N), *piece = new_numbers(f.k * f.N / PARTS), loss = 0;
    double whole_loss = tape_move(f.tape, f.theta);
    tape_behaviour_jacobian(f.tape, G);
    for (size_t k = 0; k < PARTS; k++) {
        struct problem part = f.problem;
        part.n = PART;
        part.x = f.x + k * PART * width[0];
        part.t = f.t + k * PART * f.outputs;
        struct tape *tape;
        ck_assert_int_eq(tape_new(&part, &tape, NULL), STATUS_OK);
        loss += tape_move(tape, f.theta) / PARTS;
        tape_gradient(tape, whole);
        linalg_axpy(f.N, 1.0 / PARTS, whole, mean[0]);
        tape_hvp(tape, HESSIAN_FULL, v, whole);
        linalg_axpy(f.N, 1.0 / PARTS, whole, mean[1]);
        tape_behaviour_jacobian(tape, piece);
        for (size_t i = 0; i < f.k * f.N / PARTS; i++)
            if (fabs(piece[i] - G[k * f.k * f.N / PARTS + i]) > 1e-14)
                ck_abort_msg("G of a part differs");
        tape_free(tape);
    }
    assert_close(loss, whole_loss, 1e-14, 0);
    tape_gradient(f.tape, whole);
    for (size_t i = 0; i < f.N; i++)
        assert_close(mean[0][i], whole[i], 1e-13, 1);
    tape_hvp(f.tape, HESSIAN_FULL, v, whole);
    for (size_t i = 0; i < f.N; i++)
        assert_close(mean[1][i], whole[i], 1e-13, 1);
    free(v), free(mean[0]), free(mean[1]), free(whole), free(G), free(piece);
    teardown(&f);
}
END_TEST

/* Wide enough for the dense Hessian to be put together in several batches, units and columns of pairs. */
START_TEST(hessians_in_pieces)
{
    enum { WIDTHS = 5 };
    const size_t width[WIDTHS] = {20, 30, 25, 20, 4};
    const enum hessian_part part = (enum hessian_part)(_i % 3);
    struct fixture f;
    setup(&f, "tanh", LOSS_CE, BEHAVIOUR_OUTPUTS, _i >= 3, width, WIDTHS, 301);
    double *H = new_numbers(f.N * f.N), *expected = new_numbers(f.N), *hv = new_numbers(f.N);
    for (size_t i = 0; i < f.N * f.N; i++)
        H[i] = NAN;
    ck_assert_int_eq(tape_hessian(f.tape, part, H, NULL), STATUS_OK);
    for (uint64_t stream = 1; stream < 5; stream++) {
        double *v = random_numbers(f.N, stream);
        tape_hvp(f.tape, part, v, expected);
        linalg_multiply_vector(LINALG_PLAIN, f.N, f.N, 1, H, f.N, v, 0, hv);
        linalg_axpy(f.N, -1, expected, hv);
        ck_assert_double_le(linalg_norm(f.N, hv), 1e-12 * linalg_norm(f.N, expected));
        free(v);
    }
    free(H), free(expected), free(hv);
    teardown(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derivatives");
    TCase *differences = tcase_create("differences");
    tcase_add_loop_test(differences, gradients, 0, CASES);
    tcase_add_loop_test(differences, behaviour_gradients, 0, CASES);
    tcase_add_loop_test(differences, behaviour_slopes, 0, CASES);
    tcase_add_loop_test(differences, hessian_vector_products, 0, CASES);
    suite_add_tcase(suite, differences);
    TCase *identities = tcase_create("identities");
    tcase_add_loop_test(identities, parts_of_hessian_vector_products, 0, CASES);
    tcase_add_loop_test(identities, hessians, 0, CASES);
    tcase_add_loop_test(identities, hessians_in_pieces, 0, 6);
    tcase_add_loop_test(identities, many_examples_are_the_mean_of_their_parts, 0, N_LOSSES);
    suite_add_tcase(suite, identities);
    return testing_main(suite);
}
