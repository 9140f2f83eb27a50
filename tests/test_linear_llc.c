/* Exact learning coefficients of linear networks, and their limits. */
#include "basin/dataset.h"
#include "basin/linear_llc.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Aoyagi (2024); the last one by hand: a single layer is regular, lambda = weights/2. */
static const struct {
    size_t width[5], layers, rank;
    double lambda;
    size_t multiplicity;
} limits[] = {
    {{1, 1, 1}, 2, 0, 0.5, 2}, {{5, 3, 5}, 2, 0, 6.5, 2},    {{2, 2, 2}, 2, 0, 1.5, 1}, {{4, 3, 8}, 2, 0, 6, 1},
    {{2, 2, 2}, 2, 1, 2, 2},   {{2, 2, 2, 2}, 3, 0, 1.5, 3}, {{3, 2, 3}, 2, 0, 2.5, 1}, {{2, 2, 2}, 2, 2, 2, 1},
    {{3, 7}, 1, 0, 10.5, 1},   {{3, 7}, 1, 2, 10.5, 1},
};

START_TEST(limits_in_closed_form)
{
    double lambda;
    size_t multiplicity;
    linear_llc_limit(limits[_i].width, limits[_i].layers, limits[_i].rank, &lambda, &multiplicity);
    assert_close(lambda, limits[_i].lambda, 1e-14, 1);
    ck_assert_uint_eq(multiplicity, limits[_i].multiplicity);
}
END_TEST

/* A linear network on the projection of the rank, every prior width 1. */
struct example {
    struct problem problem;
    struct dataset data;
    double *sigma;
    struct linear_llc *exact;
};

static void setup(struct example *x, const size_t *width, size_t layers, size_t rank, double sigma)
{
    memset(x, 0, sizeof *x);
    ck_assert_int_eq(network_init(&x->problem.network, width, layers + 1, activation_find("identity"), false, NULL), 0);
    ck_assert_int_eq(dataset_projection(width[0], width[layers], rank, &x->data, NULL), 0);
    x->problem.n = x->data.n;
    x->problem.x = x->data.x;
    x->problem.t = x->data.t;
    x->sigma = malloc(x->problem.network.n_parameters * sizeof *x->sigma);
    for (size_t i = 0; i < x->problem.network.n_parameters; i++)
        x->sigma[i] = sigma;
}

static struct linear_llc_value value_at(struct example *x, double n_beta, double least)
{
    struct linear_llc_value v;
    struct error e = {0};
    ck_assert_msg(linear_llc_new(&x->problem, x->sigma, &x->exact, &e) == STATUS_OK, "%s", e.message);
    ck_assert_int_eq(linear_llc_at(x->exact, n_beta, least, 5, 0, NULL, &v, NULL), STATUS_OK);
    ck_assert(v.converged);
    return v;
}

static void clear(struct example *x)
{
    linear_llc_free(x->exact);
    dataset_clear(&x->data);
    free(x->sigma);
}

static const struct {
    double in, hidden, out, target, n, value;
} references[] = {
#include "tests/reference/linear_llc.inc"
};

START_TEST(finite_n_by_independent_quadrature)
{
    size_t width[3] = {(size_t)references[_i].in, (size_t)references[_i].hidden, (size_t)references[_i].out};
    struct example x;
    setup(&x, width, 2, references[_i].target > 0, 1);
    if (references[_i].target > 0)
        x.data.t[0] = references[_i].target;
    struct linear_llc_value v = value_at(&x, references[_i].n / log(references[_i].n), 0);
    if (width[0] == 1) {
        ck_assert_str_eq(v.how, "quadrature");
        assert_close(v.lambda, references[_i].value, 3e-6, 1);
    } else {
        ck_assert_msg(fabs(v.lambda - references[_i].value) < 4 * v.error + 2e-4, "%g +- %g", v.lambda, v.error);
        ck_assert_double_lt(v.error, 0.005 * v.lambda);
    }
    clear(&x);
}
END_TEST

/* 2-2-2 of rank 1 at n = 1000 is 1.835 (quadrature over the triangular factor of its first layer), two digits of which
 * are enough: the target's part of the formula. */
START_TEST(target_of_rank_one)
{
    struct example x;
    setup(&x, (size_t[]){2, 2, 2}, 2, 1, 1);
    struct linear_llc_value v = value_at(&x, 1000 / log(1000), 0);
    ck_assert_uint_eq(linear_llc_rank(x.exact), 1);
    assert_close(v.lambda, 1.835, 0.006, 1);
    clear(&x);
}
END_TEST

/* One layer: with t = A x and second moments h_i of the inputs along their axes, n beta E[L] = sum over weights of
 * g/2(1 + g) + (n beta/2) h A^2/(1 + g)^2, g = n beta sigma^2 h. */
START_TEST(a_single_layer_is_ridge_regression)
{
    struct example x;
    double n_beta = 37, sigma = 0.7, h[2] = {1, 9}, a[2] = {0.5, -2}, expected = 0;
    setup(&x, (size_t[]){2, 1}, 1, 0, sigma);
    for (size_t i = 0; i < 2; i++) {
        x.data.x[i * 2 + i] = sqrt(2 * h[i]);
        x.data.t[i] = a[i] * sqrt(2 * h[i]);
        double g = n_beta * sigma * sigma * h[i];
        expected += g / (1 + g) / 2 + n_beta / 2 * h[i] * a[i] * a[i] / (1 + g) / (1 + g);
    }
    struct linear_llc_value v = value_at(&x, n_beta, 0);
    ck_assert_str_eq(v.how, "closed form");
    assert_close(v.lambda, expected, 1e-12, 1);
    clear(&x);
}
END_TEST

/* Inputs that are correlated and noise that no linear map explains: against the average over draws of both layers. */
START_TEST(any_data)
{
    enum { EXAMPLES = 6, DRAWS = 400000 };
    static const double inputs[EXAMPLES] = {1, -2, 0.5, 1.5, 0.3, -1}, targets[EXAMPLES] = {1, -1, 1, 1.2, -0.5, -0.4};
    struct problem p = {.n = EXAMPLES, .x = inputs, .t = targets};
    double sigma[2] = {0.8, 1.3}, n_beta = 4, norm = 0, mean = 0, squares = 0;
    ck_assert_int_eq(network_init(&p.network, (size_t[]){1, 1, 1}, 3, activation_find("identity"), false, NULL), 0);
    struct random_stream r = random_stream(1, 1);
    for (size_t k = 0; k < DRAWS; k++) {
        double map = sigma[0] * random_normal(&r) * sigma[1] * random_normal(&r), loss = 0;
        for (size_t i = 0; i < EXAMPLES; i++)
            loss += pow(map * inputs[i] - targets[i], 2) / 2 / EXAMPLES;
        double w = exp(-n_beta * loss);
        norm += w;
        mean += w * loss;
        squares += w * w * loss * loss;
    }
    mean /= norm;
    struct linear_llc *exact;
    struct linear_llc_value v;
    ck_assert_int_eq(linear_llc_new(&p, sigma, &exact, NULL), STATUS_OK);
    ck_assert_double_gt(linear_llc_rest(exact), 0.05);
    ck_assert_int_eq(linear_llc_at(exact, n_beta, 0, 5, 0, NULL, &v, NULL), STATUS_OK);
    assert_close(v.lambda, n_beta * mean, 4 * sqrt(squares) / norm / mean, 1e-9);
    linear_llc_free(exact);
}
END_TEST

/* Three layers: against the average of what two layers give, over draws of the first. */
START_TEST(deeper_networks)
{
    struct example x;
    setup(&x, (size_t[]){1, 1, 1, 1}, 3, 0, 1);
    struct linear_llc_value v = value_at(&x, 144.76, 0);
    double norm = 0, mean = 0; /* the product of two N(0, 1) weights before the last one: a sum over a grid of both */
    for (int i = 0; i < 1200; i++)
        for (int j = 0; j < 1200; j++) {
            double a = 7 * pow((i + 0.5) / 1200, 2), b = 7 * pow((j + 0.5) / 1200, 2), g = 144.76 * a * a * b * b;
            double w = exp(-(a * a + b * b) / 2) / sqrt(1 + g) * (i + 0.5) * (j + 0.5);
            norm += w;
            mean += w * g / (1 + g) / 2;
        }
    ck_assert_msg(fabs(v.lambda - mean / norm) < 4 * v.error, "%g +- %g, not %g", v.lambda, v.error, mean / norm);
    ck_assert_double_lt(v.error, 0.005);
    clear(&x);
}
END_TEST

START_TEST(others_are_refused)
{
    struct example x;
    struct error e = {0};
    setup(&x, (size_t[]){2, 2, 2}, 2, 0, 1);
    x.problem.weight_decay = 0.1;
    ck_assert_int_eq(linear_llc_new(&x.problem, x.sigma, &x.exact, &e), STATUS_REFUSED);
    x.problem.weight_decay = 0;
    x.sigma[5] = 2;
    ck_assert_int_eq(linear_llc_new(&x.problem, x.sigma, &x.exact, &e), STATUS_REFUSED);
    x.sigma[5] = 1;
    x.problem.network.activation = activation_find("tanh");
    ck_assert_int_eq(linear_llc_new(&x.problem, x.sigma, &x.exact, &e), STATUS_REFUSED);
    clear(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("linear networks");
    TCase *all = tcase_create("learning coefficients");
    tcase_add_loop_test(all, limits_in_closed_form, 0, sizeof limits / sizeof limits[0]);
    tcase_add_loop_test(all, finite_n_by_independent_quadrature, 0, sizeof references / sizeof references[0]);
    tcase_add_test(all, target_of_rank_one);
    tcase_add_test(all, a_single_layer_is_ridge_regression);
    tcase_add_test(all, any_data);
    tcase_add_test(all, deeper_networks);
    tcase_add_test(all, others_are_refused);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
