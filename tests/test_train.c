/* basin/train*.c */
#include "basin/dataset.h"
#include "basin/train.h"
#include "solver/linalg.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error e;

#define must(call) ck_assert_msg((call) == STATUS_OK, "%s", e.message)

static const char *const method_names[] = {"flow", "lm", "adam"};

/* A problem with its examples and a start. */
struct task {
    struct dataset data;
    struct problem p;
    size_t n; /* N */
    double *theta0;
};

static void task_clear(struct task *t)
{
    dataset_clear(&t->data);
    free(t->theta0);
}

/* After network and data: the problem and its start. */
static void task_finish(struct task *t, enum loss_kind loss, uint64_t seed)
{
    t->n = t->p.network.n_parameters;
    t->p.n = t->data.n;
    t->p.x = t->data.x;
    t->p.t = t->data.t;
    t->p.loss = loss;
    if (!t->theta0)
        t->theta0 = malloc(t->n * sizeof *t->theta0);
    ck_assert_ptr_nonnull(t->theta0);
    network_draw(&t->p.network, INIT_XAVIER, 1, seed, 0, t->theta0);
}

static void network_of(struct task *t, const char *activation, bool bias, size_t n_widths, const size_t *width)
{
    must(network_init(&t->p.network, width, n_widths, activation_find(activation), bias, &e));
}

static struct task xor_task(uint64_t seed)
{
    struct task t = {0};
    network_of(&t, "tanh", true, 3, (const size_t[]){2, 4, 1});
    must(dataset_parity(2, 0, &t.data, &e));
    task_finish(&t, LOSS_MSE, seed);
    return t;
}

/* A student of the teacher's own kind, which draws its weights from data_seed. */
static struct task teacher_task(const size_t width[3], enum loss_kind loss, size_t n, uint64_t data_seed, uint64_t seed)
{
    struct task t = {0};
    network_of(&t, "tanh", true, 3, width);
    double *theta = malloc(t.p.network.n_parameters * sizeof *theta);
    ck_assert_ptr_nonnull(theta);
    network_draw(&t.p.network, INIT_XAVIER, 1, data_seed, 1, theta);
    int kind = loss == LOSS_MSE ? 0 : loss == LOSS_BCE ? 1 : 2;
    must(dataset_teacher(&t.p.network, theta, n, 0, kind, data_seed, &t.data, &e));
    free(theta);
    task_finish(&t, loss, seed);
    return t;
}

/* One linear layer without bias on noisy linear targets: L is a quadratic bowl. */
static struct task linear_task(size_t inputs, size_t outputs, size_t n, uint64_t seed)
{
    struct task t = {0};
    network_of(&t, "identity", false, 2, (const size_t[]){inputs, outputs});
    must(dataset_linear(inputs, outputs, n, 0.5, seed, &t.data, &e));
    task_finish(&t, LOSS_MSE, seed);
    return t;
}

static struct training train(const struct task *t, const struct train_options *options)
{
    struct training out;
    must(train_run(&t->p, t->theta0, options, NULL, &out, &e));
    return out;
}

/* --- quadratic bowls --------------------------------------------------------------------------------------------- */

/* L = 1/(2n) |X W^T - T|^2 + wd/2 |W|^2: the same matrix A = X^T X/n + wd I for each output. Eigenvalues (inputs),
 * eigenvectors as rows, and per output the coefficients of X^T T/n. */
struct bowl {
    size_t inputs, outputs;
    double *values, *vectors, *right; /* (inputs), (inputs, inputs), (outputs, inputs) */
};

static struct bowl bowl_of(const struct task *t)
{
    size_t inputs = t->data.n_inputs, outputs = t->data.n_outputs, n = t->data.n;
    struct bowl b = {inputs, outputs, malloc(inputs * sizeof(double)), malloc(inputs * inputs * sizeof(double)),
                     malloc(outputs * inputs * sizeof(double))};
    double *xt = malloc(outputs * inputs * sizeof *xt);
    ck_assert(b.values && b.vectors && b.right && xt);
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, inputs, inputs, n, 1 / (double)n, t->data.x, inputs, t->data.x,
                    inputs, 0, b.vectors, inputs);
    for (size_t i = 0; i < inputs; i++)
        b.vectors[i * inputs + i] += t->p.weight_decay;
    must(linalg_eigen_symmetric(inputs, b.vectors, true, b.values, &e));
    linalg_multiply(LINALG_TRANSPOSED, LINALG_PLAIN, outputs, inputs, n, 1 / (double)n, t->data.t, outputs, t->data.x,
                    inputs, 0, xt, inputs);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, outputs, inputs, inputs, 1, xt, inputs, b.vectors, inputs, 0,
                    b.right, inputs);
    free(xt);
    return b;
}

static void bowl_clear(struct bowl *b)
{
    free(b->values);
    free(b->vectors);
    free(b->right);
}

/* Where the flow from theta0 is at time s; s infinite: where it ends, the nearest minimum to theta0. */
static void bowl_flow(const struct bowl *b, const double *theta0, double s, double *theta)
{
    for (size_t o = 0; o < b->outputs; o++) {
        double *w = theta + o * b->inputs;
        memset(w, 0, b->inputs * sizeof *w);
        for (size_t i = 0; i < b->inputs; i++) {
            const double *v = b->vectors + i * b->inputs;
            double c = linalg_dot(b->inputs, v, theta0 + o * b->inputs), lambda = b->values[i];
            bool flat = lambda < 1e-12 * b->values[b->inputs - 1];
            double rest = flat ? c : b->right[o * b->inputs + i] / lambda;
            linalg_axpy(b->inputs, rest + (c - rest) * (flat ? 0 : exp(-lambda * s)), v, w);
        }
    }
}

static void assert_near(size_t n, const double *a, const double *b, double tolerance)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = isfinite(a[i]) ? fmax(worst, fabs(a[i] - b[i])) : INFINITY;
    ck_assert_msg(worst <= tolerance, "off by %g, allowed %g", worst, tolerance);
}

/* More parameters than examples: the solutions fill an affine space, and the flow ends at the one nearest to its start.
 */
START_TEST(flow_ends_at_the_nearest_solution)
{
    static const bool polish[] = {false, true};
    struct task t = linear_task(12, 3, 7, 3);
    struct bowl b = bowl_of(&t);
    double expected[36];
    bowl_flow(&b, t.theta0, INFINITY, expected);
    struct train_options o = {.method = TRAIN_FLOW, .rtol = 1e-9, .polish = polish[_i]};
    struct training r = train(&t, &o);
    ck_assert(r.converged);
    assert_near(36, r.theta, expected, 1e-8);
    ck_assert_double_le(r.residual_rms, polish[_i] ? 1e-14 : 1e-6);
    training_clear(&r);
    bowl_clear(&b);
    task_clear(&t);
}
END_TEST

/* With a residual the gradient at the minimum is rounding errors, and these must not be taken for a slope along the
 * flat direction: here the last input is the sum of the first two. */
START_TEST(newton_steps_do_not_drift_along_the_flat)
{
    enum { INPUTS = 6, N = 2 * INPUTS };
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct task t = linear_task(INPUTS, 2, 40, seed);
        for (size_t i = 0; i < 40; i++)
            t.data.x[i * INPUTS + 5] = t.data.x[i * INPUTS] + t.data.x[i * INPUTS + 1];
        struct bowl b = bowl_of(&t);
        double expected[N];
        bowl_flow(&b, t.theta0, INFINITY, expected);
        memcpy(t.theta0, expected, sizeof expected);
        struct training r = train(&t, &(struct train_options){.method = TRAIN_FLOW, .polish = true});
        assert_near(N, r.theta, expected, 1e-13);
        training_clear(&r);
        bowl_clear(&b);
        task_clear(&t);
    }
}
END_TEST

/* Levenberg-Marquardt steps lie in the row space of G, too. */
START_TEST(lm_ends_at_the_nearest_solution)
{
    struct task t = linear_task(12, 3, 7, 4);
    struct bowl b = bowl_of(&t);
    double expected[36];
    bowl_flow(&b, t.theta0, INFINITY, expected);
    struct training r = train(&t, &(struct train_options){.method = TRAIN_LM, .polish = _i});
    ck_assert(r.converged);
    assert_near(36, r.theta, expected, 1e-12);
    training_clear(&r);
    bowl_clear(&b);
    task_clear(&t);
}
END_TEST

/* f = v w^2 with target 0: Newton's steps on v^2 w^4 shrink w by 2/3, and the residual by 4/9, for ever. Down to
 * eps^2 of where it began that takes 2 ln eps/ln(4/9) = 89 steps. */
START_TEST(newton_ends_where_nothing_is_left)
{
    struct task t = {0};
    network_of(&t, "square", false, 3, (const size_t[]){1, 1, 1});
    t.data = (struct dataset){.n = 1, .n_inputs = 1, .n_outputs = 1, .x = calloc(1, sizeof(double))};
    t.data.t = calloc(1, sizeof(double));
    ck_assert(t.data.x && t.data.t);
    t.data.x[0] = 1;
    task_finish(&t, LOSS_MSE, 1);
    struct training r = train(&t, &(struct train_options){.method = TRAIN_LM, .polish = true});
    ck_assert_int_le(r.newton_steps, 100);
    double least = DBL_EPSILON * DBL_EPSILON * fabs(t.theta0[1]) * t.theta0[0] * t.theta0[0];
    ck_assert_double_le(r.residual_max, least);
    ck_assert_double_ge(r.residual_max, 0.3 * least); /* not a step too many */
    training_clear(&r);
    task_clear(&t);
}
END_TEST

START_TEST(flow_follows_the_closed_form)
{
    struct task t = linear_task(8, 2, 30, 5);
    t.p.weight_decay = _i ? 0.1 : 0;
    struct bowl b = bowl_of(&t);
    double expected[16];
    struct train_options o = {.method = TRAIN_FLOW, .rtol = 1e-8, .path_points = 20};
    struct training r = train(&t, &o);
    ck_assert_uint_ge(r.n_path, 10);
    for (size_t i = 0; i < r.n_path; i++) {
        const struct train_point *point = &r.trajectory[r.path_at[i]];
        bowl_flow(&b, t.theta0, point->s, expected);
        assert_near(16, r.path + 16 * i, expected, 1e-5);
        assert_close(point->distance, linalg_norm(16, expected), 1e-5, 1);
        assert_close(point->sharpness, b.values[7], 1e-2, 0); /* the same everywhere */
    }
    training_clear(&r);
    bowl_clear(&b);
    task_clear(&t);
}
END_TEST

/* The minimum with weight decay is that of ridge regression, W (X^T X/n + wd) = T^T X/n, by every method; with fewer
 * outputs in all than parameters, and with more. */
START_TEST(weight_decay_gives_the_ridge_solution)
{
    static const size_t examples[] = {4, 40};
    enum train_method method = (enum train_method)(_i % 3);
    struct task t = linear_task(8, 2, examples[_i / 3], 6);
    t.p.weight_decay = 0.03;
    struct bowl b = bowl_of(&t);
    double expected[16];
    bowl_flow(&b, t.theta0, INFINITY, expected);
    struct training r = train(&t, &(struct train_options){.method = method, .polish = true});
    ck_assert_msg(r.converged, "%s: %s", method_names[method], r.ending);
    assert_near(16, r.theta, expected, 1e-12);
    assert_close(r.smallest_curvature, b.values[0], 1e-10, 0);
    assert_close(r.largest_curvature, b.values[7], 1e-10, 0);
    training_clear(&r);
    bowl_clear(&b);
    task_clear(&t);
}
END_TEST

/* Too many parameters for a dense Hessian: conjugate gradients and Lanczos. */
START_TEST(large_networks_do_without_matrices)
{
    enum { INPUTS = 420, OUTPUTS = 5, N = INPUTS * OUTPUTS };
    ck_assert_int_gt(N, TRAIN_DENSE);
    struct task t = linear_task(INPUTS, OUTPUTS, 10, 7);
    t.p.weight_decay = _i ? 0.5 : 0;
    struct bowl b = bowl_of(&t);
    double *expected = malloc(N * sizeof *expected);
    ck_assert_ptr_nonnull(expected);
    bowl_flow(&b, t.theta0, INFINITY, expected);
    struct train_options o = {.method = TRAIN_FLOW, .polish = true, .gradient_tolerance = 1e-6, .path_points = 2};
    struct training r = train(&t, &o);
    ck_assert_int_gt(r.newton_steps, 0);
    ck_assert_double_le(r.gradient_norm, 1e-12);
    assert_near(N, r.theta, expected, 1e-4); /* along the flat directions what the flow's tolerance leaves */
    assert_close(r.largest_curvature, b.values[INPUTS - 1], 1e-3, 0);
    assert_close(r.smallest_curvature, b.values[0], 1e-3, b.values[INPUTS - 1]);
    ck_assert_double_le(fabs(r.largest_curvature - b.values[INPUTS - 1]), r.curvature_error + 1e-12);
    training_clear(&r);
    free(expected);
    bowl_clear(&b);
    task_clear(&t);
}
END_TEST

/* --- perfect fits ------------------------------------------------------------------------------------------------ */

/* What *r claims, computed anew from r->theta: loss, residual and gradient. */
static void assert_statement_is_true(const struct task *t, const struct training *r)
{
    struct tape *tape;
    double *g = malloc(t->n * sizeof *g), sum = 0, max = 0;
    ck_assert_ptr_nonnull(g);
    must(tape_new(&t->p, &tape, &e));
    double loss = tape_move(tape, r->theta);
    tape_gradient(tape, g);
    const double *f = t->p.loss == LOSS_MSE ? tape_outputs(tape) : tape_probabilities(tape);
    size_t k = problem_behaviours(&t->p);
    for (size_t i = 0; i < k; i++) {
        sum += (f[i] - t->p.t[i]) * (f[i] - t->p.t[i]);
        max = fmax(max, fabs(f[i] - t->p.t[i]));
    }
    ck_assert_double_eq(r->loss, loss);
    assert_close(r->gradient_norm, linalg_norm(t->n, g), 1e-12, 0);
    assert_close(r->residual_rms, sqrt(sum / (double)k), 1e-6, 1e-9);
    assert_close(r->residual_max, max, 1e-6, 1e-9);
    tape_free(tape);
    free(g);
}

START_TEST(xor_is_fitted_perfectly)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct task t = xor_task(seed);
        struct training r = train(&t, &(struct train_options){.method = (enum train_method)_i, .polish = true});
        ck_assert_msg(r.converged && r.residual_max < 1e-10, "%s: %s", method_names[_i], r.ending);
        ck_assert_double_ge(r.smallest_curvature, -1e-10);
        assert_statement_is_true(&t, &r);
        training_clear(&r);
        task_clear(&t);
    }
}
END_TEST

/* Kinks that the flow slides along for a while. */
START_TEST(the_flow_gets_along_with_kinks)
{
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct task t = {0};
        network_of(&t, "relu", true, 3, (const size_t[]){2, 4, 1});
        must(dataset_parity(2, 0, &t.data, &e));
        task_finish(&t, LOSS_MSE, seed);
        struct training r = train(&t, &(struct train_options){.method = TRAIN_FLOW, .polish = true});
        ck_assert_msg(r.converged && r.residual_max < 1e-10, "%s", r.ending);
        ck_assert_int_lt(r.steps, 10000);
        training_clear(&r);
        task_clear(&t);
    }
}
END_TEST

/* Without Newton steps: Levenberg-Marquardt alone reaches rounding; the flow and Adam their tolerance. */
START_TEST(xor_without_polish)
{
    struct task t = xor_task(1);
    struct train_options o = {
        .method = (enum train_method)_i, .residual_tolerance = 1e-15, .gradient_tolerance = 1e-14};
    if (_i != TRAIN_LM)
        o.residual_tolerance = o.gradient_tolerance = 1e-9;
    struct training r = train(&t, &o);
    ck_assert_msg(r.converged, "%s: %s", method_names[_i], r.ending);
    ck_assert_int_eq(r.newton_steps, 0);
    ck_assert_double_lt(r.residual_rms, _i == TRAIN_LM ? 1e-14 : 1e-8);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

START_TEST(students_of_their_teacher)
{
    static const size_t width[3][3] = {{3, 4, 2}, {3, 4, 2}, {3, 4, 3}};
    enum train_method method = (enum train_method)(_i % 3);
    enum loss_kind loss = (enum loss_kind)(_i / 3);
    if (method == TRAIN_ADAM && loss != LOSS_MSE)
        method = TRAIN_LM; /* slow without teaching anything more */
    struct task t = teacher_task(width[loss], loss, 30, 3, 7);
    struct training r = train(&t, &(struct train_options){.method = method, .polish = true});
    ck_assert_msg(r.converged && r.residual_max < 1e-10, "%s, loss %d: %s", method_names[method], (int)loss, r.ending);
    assert_statement_is_true(&t, &r);
    /* far fewer steps than an explicit method, which is stable up to 2 / curvature, would need for the same way */
    double way = r.trajectory[r.n_trajectory - 1].s;
    ck_assert(method != TRAIN_FLOW || (double)r.steps < way * r.largest_curvature / 2 / 100);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* The loss is a mean: examples that are there several times change nothing but the size of G, and with it whether the
 * steps are found among the parameters or among the outputs. Nor does the behaviour that G is asked for elsewhere. */
START_TEST(lm_takes_the_same_steps_by_parameters_and_by_outputs)
{
    enum { COPIES = 8 };
    static const double decay[] = {0, 0.01};
    enum loss_kind loss = (enum loss_kind)(_i / 2);
    struct task t = teacher_task((const size_t[]){3, 8, 3}, loss, 8, 5, 5), copies = t;
    size_t inputs = 8 * 3, outputs = 8 * 3;
    t.p.weight_decay = decay[_i % 2];
    ck_assert_uint_lt(problem_behaviours(&t.p), t.n);
    double *x = malloc(COPIES * inputs * sizeof *x), *targets = malloc(COPIES * outputs * sizeof *targets);
    ck_assert(x && targets);
    for (size_t i = 0; i < COPIES; i++) {
        memcpy(x + i * inputs, t.data.x, inputs * sizeof *x);
        memcpy(targets + i * outputs, t.data.t, outputs * sizeof *targets);
    }
    copies.p = t.p;
    copies.p.n = COPIES * t.p.n;
    copies.p.x = x;
    copies.p.t = targets;
    ck_assert_uint_gt(problem_behaviours(&copies.p), t.n);
    struct train_options o = {.method = TRAIN_LM, .max_steps = 6};
    struct training by_outputs = train(&t, &o), by_parameters = train(&copies, &o);
    assert_near(t.n, by_outputs.theta, by_parameters.theta, 1e-8);
    ck_assert_double_lt(by_outputs.trajectory[6].loss, by_outputs.trajectory[0].loss);
    t.p.behaviour = BEHAVIOUR_PROBABILITIES;
    struct training other = train(&t, &o);
    ck_assert_mem_eq(other.theta, by_outputs.theta, t.n * sizeof *other.theta);
    training_clear(&other);
    training_clear(&by_outputs);
    training_clear(&by_parameters);
    free(x);
    free(targets);
    task_clear(&t);
}
END_TEST

/* Soft xor under bce: the least loss is the entropy of the targets. */
START_TEST(the_loss_ends_at_the_entropy_of_soft_targets)
{
    struct task t = {0};
    network_of(&t, "tanh", true, 3, (const size_t[]){2, 4, 1});
    must(dataset_parity(2, 0.1, &t.data, &e));
    task_finish(&t, LOSS_BCE, 0);
    struct training r = train(&t, &(struct train_options){.method = (enum train_method)_i, .polish = true});
    assert_close(r.loss, -0.1 * log(0.1) - 0.9 * log(0.9), 1e-15, 0);
    ck_assert_double_lt(r.residual_max, 1e-15);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* A student of 2-3-1 tanh with a perfect fit within reach (the teacher's own weights) that ends elsewhere: at a strict
 * minimum, all curvatures positive, with a residual that no change of parameters lessens: G^T r = 0. (`generate:
 * teacher` with data.seed 57 and examples 30, train.seed 6, method lm.) */
START_TEST(a_local_minimum_with_residual)
{
    static const size_t width[] = {2, 3, 1};
    enum { K = 30, N = 13 };
    double G[K * N], residual[K], pull[N], size = 0;
    struct task t = teacher_task(width, LOSS_MSE, K, 57, 6);
    struct training r = train(&t, &(struct train_options){.method = TRAIN_LM, .polish = true});
    ck_assert(r.converged);
    ck_assert_double_gt(r.residual_rms, 0.01);
    ck_assert_double_gt(r.smallest_curvature, 1e-6);
    ck_assert_int_eq(r.saddles, 0);
    struct tape *tape;
    must(tape_new(&t.p, &tape, &e));
    tape_move(tape, r.theta);
    tape_behaviour_jacobian(tape, G);
    for (size_t i = 0; i < K; i++)
        residual[i] = tape_outputs(tape)[i] - t.data.t[i];
    linalg_multiply_vector(LINALG_TRANSPOSED, K, N, 1, G, N, residual, 0, pull);
    for (size_t i = 0; i < K * N; i++)
        size = fmax(size, fabs(G[i]));
    for (size_t i = 0; i < N; i++)
        ck_assert_double_lt(fabs(pull[i]), 1e-13 * size);
    tape_free(tape);
    training_clear(&r);
    /* and the perfect fit is there: another start finds it */
    network_draw(&t.p.network, INIT_XAVIER, 1, 1, 0, t.theta0);
    r = train(&t, &(struct train_options){.method = TRAIN_LM, .polish = true});
    ck_assert_double_lt(r.residual_max, 1e-12);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* At theta = 0 a two-layer linear network stands on a saddle, with curvatures +- the singular values of dL/d(W2 W1). */
START_TEST(a_saddle_is_left)
{
    struct task t = {0};
    network_of(&t, "identity", false, 3, (const size_t[]){3, 3, 2});
    must(dataset_linear(3, 2, 20, 0, 8, &t.data, &e));
    task_finish(&t, LOSS_MSE, 1);
    memset(t.theta0, 0, t.n * sizeof *t.theta0);
    struct train_options o = {.method = (enum train_method)_i};
    struct training r = train(&t, &o);
    ck_assert_double_eq(r.gradient_norm, 0); /* where it stands, if it is not told to look around */
    ck_assert_double_lt(r.smallest_curvature, -0.01);
    assert_close(r.smallest_curvature, -r.largest_curvature, 1e-12, 0);
    training_clear(&r);
    o.polish = true;
    r = train(&t, &o);
    ck_assert_int_ge(r.saddles, 1);
    ck_assert_msg(r.converged && r.residual_max < 1e-10, "%s: %s", method_names[_i], r.ending);
    ck_assert_ptr_nonnull(strstr(r.ending, "left"));
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* --- along the way ----------------------------------------------------------------------------------------------- */

static double largest_eigenvalue(const struct task *t, const double *theta)
{
    struct tape *tape;
    double *h = malloc(t->n * t->n * sizeof *h), *values = malloc(t->n * sizeof *values);
    ck_assert(h && values);
    must(tape_new(&t->p, &tape, &e));
    tape_move(tape, theta);
    must(tape_hessian(tape, HESSIAN_FULL, h, &e));
    must(linalg_eigen_symmetric(t->n, h, false, values, &e));
    double largest = values[t->n - 1];
    tape_free(tape);
    free(h);
    free(values);
    return largest;
}

START_TEST(the_path_and_its_sharpness)
{
    static const size_t width[] = {3, 8, 2};
    struct task t = teacher_task(width, LOSS_MSE, 20, 2, 2);
    t.p.weight_decay = 1e-3;
    struct train_options o = {.method = (enum train_method)_i, .polish = true, .path_points = 10};
    struct training r = train(&t, &o);
    ck_assert_uint_ge(r.n_path, 4);
    ck_assert_uint_le(r.n_path, 11);
    ck_assert_uint_le(r.n_trajectory, 513);
    ck_assert_mem_eq(r.path, t.theta0, t.n * sizeof *t.theta0);
    ck_assert_mem_eq(r.path + (r.n_path - 1) * t.n, r.theta, t.n * sizeof *t.theta0);
    ck_assert_uint_eq(r.path_at[0], 0);
    ck_assert_uint_eq(r.path_at[r.n_path - 1], r.n_trajectory - 1);
    for (size_t i = 0; i < r.n_path; i++) {
        const double *theta = r.path + i * t.n;
        const struct train_point *point = &r.trajectory[r.path_at[i]];
        assert_close(point->distance, linalg_norm(t.n, theta), 1e-13, 0);
        assert_close(point->sharpness, largest_eigenvalue(&t, theta), 0.02, 0);
    }
    for (size_t i = 1; i < r.n_trajectory; i++)
        ck_assert_double_gt(r.trajectory[i].s, r.trajectory[i - 1].s);
    ck_assert_double_eq(r.trajectory[r.n_trajectory - 1].loss, r.loss);
    ck_assert_double_eq(r.trajectory[0].s, 0);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* Up to what the tolerance of theta, 1e-6, leaves of it: curvature x 1e-12. */
START_TEST(the_loss_falls_along_the_flow)
{
    struct task t = xor_task(3);
    struct training r = train(&t, &(struct train_options){.method = TRAIN_FLOW});
    for (size_t i = 1; i < r.n_trajectory; i++)
        ck_assert_double_le(r.trajectory[i].loss, r.trajectory[i - 1].loss + 1e-11);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* The same again, bit for bit. */
START_TEST(training_is_reproducible)
{
    struct task t = xor_task(2);
    struct train_options o = {.method = (enum train_method)_i, .polish = true};
    struct training a = train(&t, &o), b = train(&t, &o);
    ck_assert_mem_eq(a.theta, b.theta, t.n * sizeof *a.theta);
    ck_assert_uint_eq(a.n_trajectory, b.n_trajectory);
    ck_assert_mem_eq(a.trajectory, b.trajectory, a.n_trajectory * sizeof *a.trajectory);
    training_clear(&a);
    training_clear(&b);
    task_clear(&t);
}
END_TEST

/* --- limits, interruption, resumption ---------------------------------------------------------------------------- */

START_TEST(limits_are_kept_and_not_polished_away)
{
    struct task t = xor_task(1);
    struct train_options o = {.method = (enum train_method)_i, .polish = true, .max_steps = 3};
    struct training r = train(&t, &o);
    ck_assert_int_eq(r.steps, 3);
    ck_assert_int_eq(r.newton_steps, 0);
    ck_assert(!r.converged);
    ck_assert_ptr_nonnull(strstr(r.ending, "limit of steps"));
    ck_assert_uint_eq(r.n_path, 4);
    training_clear(&r);
    o.max_steps = 0;
    o.max_seconds = 1e-9;
    r = train(&t, &o);
    ck_assert_int_le(r.steps, 1);
    ck_assert_ptr_nonnull(strstr(r.ending, "limit of time"));
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* Hard targets under bce: the flow goes on for ever, and says so. */
START_TEST(a_minimum_at_infinity_is_said)
{
    struct task t = xor_task(0);
    t.p.loss = LOSS_BCE;
    struct training r =
        train(&t, &(struct train_options){.method = TRAIN_FLOW, .polish = true, .gradient_tolerance = 1e-6});
    ck_assert(r.converged);
    ck_assert_int_eq(r.newton_steps, 0);
    ck_assert_ptr_nonnull(strstr(r.ending, "at infinity"));
    training_clear(&r);
    task_clear(&t);
}
END_TEST

START_TEST(a_loss_that_is_not_finite_fails)
{
    struct task t = xor_task(0);
    struct training r;
    for (size_t i = 0; i < t.n; i++)
        t.theta0[i] = 1e200;
    struct train_options o = {.method = (enum train_method)_i, .polish = true};
    ck_assert_int_eq(train_run(&t.p, t.theta0, &o, NULL, &r, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "not finite"));
    ck_assert_ptr_null(r.theta);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

START_TEST(adam_that_blows_up_fails)
{
    struct task t = xor_task(0);
    struct training r;
    struct train_options o = {.method = TRAIN_ADAM, .learning_rate = 1e200};
    ck_assert_int_eq(train_run(&t.p, t.theta0, &o, NULL, &r, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "a smaller learning rate?"));
    training_clear(&r);
    task_clear(&t);
}
END_TEST

START_TEST(lm_refuses_what_is_too_large)
{
    struct task t = linear_task(3000, 30, 3000, 1);
    struct training r;
    struct train_options o = {.method = TRAIN_LM};
    ck_assert_int_eq(train_run(&t.p, t.theta0, &o, NULL, &r, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "flow or adam?"));
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* A reporter that asks to stop at its n-th question. */
struct patience {
    int left, progress, warnings;
    double done;
};

static bool stop_soon(void *context)
{
    struct patience *p = context;
    return p->left-- <= 0;
}

static void note_progress(void *context, double done, const char *what)
{
    struct patience *p = context;
    p->progress++;
    p->done = done;
    ck_assert(done >= 0 && done <= 1);
    ck_assert_ptr_nonnull(what);
}

static void note_warning(void *context, const char *message)
{
    struct patience *p = context;
    p->warnings++;
    ck_assert_ptr_nonnull(message);
}

static enum status run_for(const struct task *t, const struct train_options *o, int questions, struct training *r,
                           struct patience *seen)
{
    struct patience patience = {.left = questions};
    struct reporter reporter = {note_progress, note_warning, stop_soon, &patience};
    enum status status = train_run(&t->p, t->theta0, o, &reporter, r, &e);
    if (seen)
        *seen = patience;
    return status;
}

static char folder[TESTING_PATH], checkpoint[TESTING_PATH];

static struct train_options resumable(enum train_method method)
{
    testing_path(checkpoint, testing_folder(folder), "half.checkpoint");
    return (struct train_options){
        .method = method, .polish = true, .checkpoint = checkpoint, .key = "0123456789abcdef"};
}

START_TEST(an_interrupted_training_says_where_it_is)
{
    struct task t = xor_task(1);
    struct train_options o = resumable((enum train_method)_i);
    struct training r;
    struct patience seen;
    ck_assert_int_eq(run_for(&t, &o, 3, &r, &seen), STATUS_INTERRUPTED);
    if (_i == TRAIN_LM) { /* it asks after every rejected step, too */
        ck_assert_int_ge(r.steps, 1);
        ck_assert_int_le(r.steps, 4);
    } else
        ck_assert_int_eq(r.steps, 4);
    ck_assert_ptr_nonnull(r.theta);
    ck_assert_uint_eq(r.n_path, (size_t)r.steps + 1);
    ck_assert(isnan(r.largest_curvature));
    ck_assert_ptr_nonnull(strstr(r.ending, "interrupted"));
    ck_assert_int_ge(seen.progress, (int)r.steps);
    ck_assert_int_eq(seen.warnings, 0);
    ck_assert(testing_exists(checkpoint));
    training_clear(&r);
    task_clear(&t);
}
END_TEST

/* Interrupted again and again, and resumed, it ends as if nothing had been. */
START_TEST(resumed_training_ends_the_same)
{
    enum train_method method = (enum train_method)_i;
    struct task t = xor_task(1);
    struct train_options o = resumable(method);
    struct training whole, r;
    o.checkpoint = NULL;
    must(train_run(&t.p, t.theta0, &o, NULL, &whole, &e));
    o.checkpoint = checkpoint;
    int every = method == TRAIN_ADAM ? 97 : method == TRAIN_FLOW ? 40 : 2, parts = 1;
    while (run_for(&t, &o, every, &r, NULL) == STATUS_INTERRUPTED && parts < 40) {
        training_clear(&r);
        parts++;
    }
    ck_assert_int_ge(parts, 4);
    training_clear(&r);
    must(train_run(&t.p, t.theta0, &o, NULL, &r, &e)); /* also what is measured after the last step */
    if (method == TRAIN_FLOW) {
        assert_near(t.n, r.theta, whole.theta, 1e-4);
        ck_assert_double_lt(r.residual_max, 1e-10);
    } else {
        ck_assert_mem_eq(r.theta, whole.theta, t.n * sizeof *r.theta);
        ck_assert_int_eq(r.steps, whole.steps);
        ck_assert_int_eq(r.newton_steps, whole.newton_steps);
        ck_assert_uint_eq(r.n_trajectory, whole.n_trajectory);
        ck_assert_mem_eq(r.path, whole.path, r.n_path * t.n * sizeof *r.path);
        ck_assert_str_eq(r.ending, whole.ending);
    }
    training_clear(&r);
    training_clear(&whole);
    task_clear(&t);
}
END_TEST

/* Not the same training, a file that was damaged, another network: from the beginning. */
START_TEST(a_checkpoint_that_does_not_fit_is_not_used)
{
    struct task t = xor_task(1), other = teacher_task((const size_t[]){2, 3, 1}, LOSS_MSE, 10, 1, 1);
    struct train_options o = resumable(TRAIN_ADAM);
    struct training r;
    ck_assert_int_eq(run_for(&t, &o, 100, &r, NULL), STATUS_INTERRUPTED);
    training_clear(&r);
    size_t length;
    char *good = testing_read(checkpoint, &length);
    ck_assert_ptr_nonnull(good);
    o.max_steps = 5;
    must(train_run(&t.p, t.theta0, &o, NULL, &r, &e));
    ck_assert_int_gt(r.steps, 100); /* this one does fit */
    training_clear(&r);
    strcpy(o.key, "0123456789abcdee");
    must(train_run(&t.p, t.theta0, &o, NULL, &r, &e));
    ck_assert_int_eq(r.steps, 5);
    training_clear(&r);
    strcpy(o.key, "0123456789abcdef");
    must(train_run(&other.p, other.theta0, &o, NULL, &r, &e));
    ck_assert_int_eq(r.steps, 5);
    training_clear(&r);
    testing_write_bytes(checkpoint, good, length - 8);
    must(train_run(&t.p, t.theta0, &o, NULL, &r, &e));
    ck_assert_int_eq(r.steps, 5);
    training_clear(&r);
    free(good);
    task_clear(&t);
    task_clear(&other);
}
END_TEST

START_TEST(a_checkpoint_that_cannot_be_written_is_a_warning)
{
    struct task t = xor_task(1);
    struct train_options o = resumable(TRAIN_ADAM);
    struct training r;
    struct patience seen;
    o.checkpoint = "/nowhere/at/all.checkpoint";
    ck_assert_int_eq(run_for(&t, &o, 3, &r, &seen), STATUS_INTERRUPTED);
    ck_assert_int_eq(seen.warnings, 1);
    training_clear(&r);
    task_clear(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train");
    TCase *bowls = tcase_create("quadratic");
    tcase_add_loop_test(bowls, flow_ends_at_the_nearest_solution, 0, 2);
    tcase_add_test(bowls, newton_steps_do_not_drift_along_the_flat);
    tcase_add_loop_test(bowls, lm_ends_at_the_nearest_solution, 0, 2);
    tcase_add_test(bowls, newton_ends_where_nothing_is_left);
    tcase_add_loop_test(bowls, flow_follows_the_closed_form, 0, 2);
    tcase_add_loop_test(bowls, weight_decay_gives_the_ridge_solution, 0, 6);
    tcase_add_loop_test(bowls, large_networks_do_without_matrices, 0, 2);
    suite_add_tcase(suite, bowls);
    TCase *fits = tcase_create("fits");
    tcase_add_loop_test(fits, xor_is_fitted_perfectly, 0, 3);
    tcase_add_test(fits, the_flow_gets_along_with_kinks);
    tcase_add_loop_test(fits, xor_without_polish, 0, 3);
    tcase_add_loop_test(fits, students_of_their_teacher, 0, 9);
    tcase_add_loop_test(fits, lm_takes_the_same_steps_by_parameters_and_by_outputs, 0, 6);
    tcase_add_loop_test(fits, the_loss_ends_at_the_entropy_of_soft_targets, 0, 3);
    tcase_add_test(fits, a_local_minimum_with_residual);
    tcase_add_loop_test(fits, a_saddle_is_left, 0, 3);
    suite_add_tcase(suite, fits);
    TCase *way = tcase_create("way");
    tcase_add_loop_test(way, the_path_and_its_sharpness, 0, 3);
    tcase_add_test(way, the_loss_falls_along_the_flow);
    tcase_add_loop_test(way, training_is_reproducible, 0, 3);
    suite_add_tcase(suite, way);
    TCase *ends = tcase_create("ends");
    tcase_add_loop_test(ends, limits_are_kept_and_not_polished_away, 0, 3);
    tcase_add_test(ends, a_minimum_at_infinity_is_said);
    tcase_add_loop_test(ends, a_loss_that_is_not_finite_fails, 0, 3);
    tcase_add_test(ends, adam_that_blows_up_fails);
    tcase_add_test(ends, lm_refuses_what_is_too_large);
    tcase_add_loop_test(ends, an_interrupted_training_says_where_it_is, 0, 3);
    tcase_add_loop_test(ends, resumed_training_ends_the_same, 0, 3);
    tcase_add_test(ends, a_checkpoint_that_does_not_fit_is_not_used);
    tcase_add_test(ends, a_checkpoint_that_cannot_be_written_is_a_warning);
    suite_add_tcase(suite, ends);
    return testing_main(suite);
}
