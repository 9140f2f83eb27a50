/* Ranks of behaviour gradients and Hessians, and the residual part, where theory gives them in closed form. */
#include "basin/problem.h"
#include "solver/linalg.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *new_numbers(size_t n)
{
    double *x = calloc(n > 0 ? n : 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

/* Singular values above max(m, n) eps s_1, which must stand apart from those below by a factor of 1000. */
static size_t rank_of(size_t m, size_t n, double *a)
{
    size_t least = m < n ? m : n, large = m < n ? n : m, rank = 0;
    double *s = new_numbers(least);
    ck_assert_int_eq(linalg_svd(m, n, a, s, NULL, NULL, NULL), STATUS_OK);
    while (rank < least && s[rank] > (double)large * 2.3e-16 * s[0])
        rank++;
    if (rank > 0 && rank < least)
        ck_assert_double_gt(s[rank - 1], 1000 * s[rank]);
    free(s);
    return rank;
}

static size_t rank_g(struct tape *tape, const struct problem *p)
{
    size_t k = problem_behaviours(p), N = p->network.n_parameters;
    double *G = new_numbers(k * N);
    tape_behaviour_jacobian(tape, G);
    size_t rank = rank_of(k, N, G);
    free(G);
    return rank;
}

static size_t rank_h(struct tape *tape, size_t N)
{
    double *H = new_numbers(N * N);
    ck_assert_int_eq(tape_hessian(tape, HESSIAN_FULL, H, NULL), STATUS_OK);
    size_t rank = rank_of(N, N, H);
    free(H);
    return rank;
}

/* A tanh network 2-3-3 that fits its targets perfectly on three inputs: nine logits, but probabilities add up to 1 and
 * cross-entropy sees only them. */
START_TEST(softmax_hides_one_direction_per_input)
{
    const double x[6] = {0.5, -1, 1.5, 0.3, -0.7, 0.9};
    double t[9], theta[21];
    struct problem p = {.n = 3, .x = x, .t = t, .loss = LOSS_CE};
    struct tape *logits, *probabilities;
    ck_assert_int_eq(network_init(&p.network, (size_t[]){2, 3, 3}, 3, activation_find("tanh"), true, NULL), STATUS_OK);
    network_draw(&p.network, INIT_NORMAL, 1, 1, (uint64_t)_i, theta);
    memset(t, 0, sizeof t);
    ck_assert_int_eq(tape_new(&p, &logits, NULL), STATUS_OK);
    tape_move(logits, theta);
    memcpy(t, tape_probabilities(logits), sizeof t);
    p.behaviour = BEHAVIOUR_PROBABILITIES;
    ck_assert_int_eq(tape_new(&p, &probabilities, NULL), STATUS_OK);
    tape_move(logits, theta);
    tape_move(probabilities, theta);
    ck_assert_uint_eq(rank_g(logits, &p), 9);
    ck_assert_uint_eq(rank_g(probabilities, &p), 6);
    ck_assert_uint_eq(rank_h(probabilities, 21), 6);
    tape_free(logits);
    tape_free(probabilities);
}
END_TEST

/* --- two-layer linear networks n -> h -> m ------------------------------------------------------------------------ */

static const size_t linear_shapes[][3] = {{2, 2, 2}, {3, 2, 4}, {4, 3, 2}, {3, 5, 3}, {2, 4, 5}};

/* A random (rows, columns) matrix of a rank: a product of two. */
static void draw_of_rank(size_t rows, size_t columns, size_t rank, struct random_stream *r, double *w)
{
    double *left = new_numbers(rows * rank), *right = new_numbers(rank * columns);
    random_normals(r, rows * rank, left);
    random_normals(r, rank * columns, right);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, rows, columns, rank, 1, left, rank, right, columns, 0, w, columns);
    free(left), free(right);
}

struct linear {
    struct problem problem;
    struct tape *tape;
    size_t n, h, m, N;
    double *x, *t, *theta;
};

enum { EXTRA = 3 }; /* examples beyond what full-rank inputs need */

static void linear_setup(struct linear *f, const size_t shape[3], size_t rank1, size_t rank2)
{
    struct random_stream r = random_stream(17, shape[0] + 10 * rank1 + 100 * rank2);
    *f = (struct linear){.n = shape[0], .h = shape[1], .m = shape[2]};
    size_t examples = f->n + EXTRA;
    f->x = new_numbers(examples * f->n);
    f->t = new_numbers(examples * f->m);
    random_normals(&r, examples * f->n, f->x);
    f->problem = (struct problem){.n = examples, .x = f->x, .t = f->t, .loss = LOSS_MSE};
    ck_assert_int_eq(network_init(&f->problem.network, shape, 3, activation_find("identity"), false, NULL), STATUS_OK);
    f->N = f->problem.network.n_parameters;
    f->theta = new_numbers(f->N);
    draw_of_rank(f->h, f->n, rank1, &r, f->theta);
    draw_of_rank(f->m, f->h, rank2, &r, f->theta + f->n * f->h);
    ck_assert_int_eq(tape_new(&f->problem, &f->tape, NULL), STATUS_OK);
    tape_move(f->tape, f->theta);
    memcpy(f->t, tape_outputs(f->tape), examples * f->m * sizeof *f->t); /* a perfect fit */
    tape_move(f->tape, f->theta);
}

static void linear_teardown(struct linear *f)
{
    tape_free(f->tape);
    free(f->x), free(f->t), free(f->theta);
}

START_TEST(linear_networks_have_the_rank_of_their_factors)
{
    const size_t *shape = linear_shapes[_i], n = shape[0], h = shape[1], m = shape[2];
    for (size_t rank1 = 0; rank1 <= (n < h ? n : h); rank1++)
        for (size_t rank2 = 0; rank2 <= (h < m ? h : m); rank2++) {
            struct linear f;
            linear_setup(&f, shape, rank1, rank2);
            size_t expected = n * m - (n - rank1) * (m - rank2);
            ck_assert_uint_eq(rank_g(f.tape, &f.problem), expected);
            ck_assert_uint_eq(rank_h(f.tape, f.N), expected);
            linear_teardown(&f);
        }
}
END_TEST

/* Off the fit, d2L/dW1[a, i] dW2[o, b] gains delta_ab R[o, i] with R = dL/d(W2 W1); all else of the residual part is 0.
 */
START_TEST(linear_networks_have_this_residual_part)
{
    struct linear f;
    linear_setup(&f, linear_shapes[_i], 1, 1);
    size_t examples = f.n + EXTRA, W2 = f.n * f.h;
    double *H = new_numbers(f.N * f.N), *R = new_numbers(f.m * f.n);
    struct random_stream r = random_stream(18, 0);
    random_normals(&r, examples * f.m, f.t);
    tape_move(f.tape, f.theta);
    for (size_t e = 0; e < examples; e++)
        for (size_t o = 0; o < f.m; o++)
            for (size_t i = 0; i < f.n; i++)
                R[o * f.n + i] +=
                    (tape_outputs(f.tape)[e * f.m + o] - f.t[e * f.m + o]) * f.x[e * f.n + i] / (double)examples;
    ck_assert_int_eq(tape_hessian(f.tape, HESSIAN_RESIDUAL, H, NULL), STATUS_OK);
    for (size_t a = 0; a < f.h; a++)
        for (size_t i = 0; i < f.n; i++)
            for (size_t o = 0; o < f.m; o++) {
                size_t row = a * f.n + i, column = W2 + o * f.h + a;
                assert_close(H[row * f.N + column], R[o * f.n + i], 1e-14, 1);
                H[row * f.N + column] = H[column * f.N + row] = 0;
            }
    for (size_t i = 0; i < f.N * f.N; i++)
        ck_assert_double_eq(H[i], 0);
    free(H), free(R);
    linear_teardown(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rank");
    TCase *rank = tcase_create("rank");
    enum { SHAPES = sizeof linear_shapes / sizeof linear_shapes[0] };
    tcase_add_loop_test(rank, softmax_hides_one_direction_per_input, 0, 5);
    tcase_add_loop_test(rank, linear_networks_have_the_rank_of_their_factors, 0, SHAPES);
    tcase_add_loop_test(rank, linear_networks_have_this_residual_part, 0, SHAPES);
    suite_add_tcase(suite, rank);
    return testing_main(suite);
}
