/* Draining and counting against sets of known volume: the unit cubes of the separable cosine, the basins of the product
 * of cosines, and quadratic regions whose mass is known. */
#include "basin/drain.h"
#include "basin/quadratic.h"
#include "basin/rejection.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SEED = 20251125 };

enum potential { SEPARABLE, PRODUCT };
struct cosine {
    size_t n;
    enum potential kind;
};

/* sum_i (1 - cos 2 pi x_i), or prod_i cos(2 pi x_i). */
static double cosine_gradient(void *context, const double *x, double *g)
{
    const struct cosine *c = context;
    double sum = 0, product = 1;
    for (size_t i = 0; i < c->n; i++) {
        sum += 1 - cos(2 * M_PI * x[i]);
        product *= cos(2 * M_PI * x[i]);
    }
    for (size_t i = 0; i < c->n; i++) {
        double others = 1;
        for (size_t j = 0; j < c->n; j++)
            others *= j == i ? 1 : cos(2 * M_PI * x[j]);
        g[i] = 2 * M_PI * sin(2 * M_PI * x[i]) * (c->kind == SEPARABLE ? 1 : -others);
    }
    return c->kind == SEPARABLE ? sum : product;
}

/* Near the minimum at the centre, which for the product is (1/2, 0, ..., 0), it is inside; near any other, outside:
 * there all x_i are multiples of 1/2. */
static enum drain_verdict cosine_verdict(void *context, const double *x, double potential, const double *g)
{
    const struct cosine *c = context;
    double worst = 0;
    (void)g;
    for (size_t i = 0; i < c->n; i++)
        worst = fmax(worst, fabs(x[i] - (c->kind == PRODUCT && i == 0 ? 0.5 : 0)));
    if (potential < (c->kind == SEPARABLE ? 0.5 : -0.9))
        return worst < 0.24 ? DRAIN_INSIDE : DRAIN_OUTSIDE;
    return DRAIN_FLOWING;
}

static void cosine_init(struct cosine *c, struct drain *d, enum potential kind, size_t n)
{
    static double centre[8];
    memset(centre, 0, sizeof centre);
    centre[0] = kind == PRODUCT ? 0.5 : 0;
    *c = (struct cosine){n, kind};
    *d = (struct drain){
        .n = n, .centre = centre, .context = c, .gradient = cosine_gradient, .verdict = cosine_verdict, .rtol = 1e-4};
}

START_TEST(membership_is_the_cube)
{
    struct cosine c;
    struct drain d;
    cosine_init(&c, &d, SEPARABLE, 3);
    static const double inside[3] = {0.49, -0.49, 0.3}, outside[3] = {0.51, 0, 0}, far[3] = {7.2, 0, 0};
    ck_assert(drain_contains(&d, &c, inside, NULL));
    ck_assert(!drain_contains(&d, &c, outside, NULL));
    ck_assert(!drain_contains(&d, &c, far, NULL));
}
END_TEST

static const struct {
    enum potential kind;
    size_t n;
    double volume, reach; /* half the diagonal of the cube; the basin of the product in n = 2 is a square on its corner
                             of diagonal 1, in n = 3 a cross polytope's like it */
} basins[] = {{SEPARABLE, 2, 1, 0.708},
              {SEPARABLE, 3, 1, 0.867},
              {SEPARABLE, 4, 1, 1.001},
              {PRODUCT, 2, 0.5, 0.51},
              {PRODUCT, 3, 0.25, 0.60}};

START_TEST(volumes_of_cosine_basins)
{
    struct cosine c;
    struct drain d;
    struct prior none = {0};
    struct drain_result result;
    struct error e = {0};
    cosine_init(&c, &d, basins[_i].kind, basins[_i].n);
    struct drain_options options = {
        .points = 50, .chains = 16, .steps = 150, .inner = 0.4, .outer = basins[_i].reach, .seed = SEED, .threads = 2};
    ck_assert_msg(drain_volume(&d, &none, &options, NULL, &result, &e) == STATUS_OK, "%s", e.message);
    printf("volume %.4f +- %.4f, known %.4f; ess %.0f, %zu flows, first ball %.3f\n", exp(result.estimate.log_value),
           result.estimate.error, basins[_i].volume, result.estimate.ess, result.flows, result.inner_fraction);
    ck_assert(!result.estimate.refused);
    ck_assert_uint_eq(result.failures, 0);
    ck_assert_double_lt(fabs(result.estimate.log_value - log(basins[_i].volume)), 3 * result.estimate.error);
    ck_assert_double_lt(result.estimate.error, 0.1);
    for (size_t k = 1; k < result.n_shells; k++)
        ck_assert_double_lt(result.shells[k].fraction, 1.2);
    drain_result_clear(&result);
}
END_TEST

/* Short chains over many seeds: the logarithm of the mean of what they count is not the mean of logarithms. The square
 * is known without a flow. */
static double flat(void *context, const double *x, double *g)
{
    (void)context;
    (void)x;
    g[0] = g[1] = 0;
    return 0;
}

static enum drain_verdict square_verdict(void *context, const double *x, double potential, const double *g)
{
    (void)context;
    (void)potential;
    (void)g;
    return fmax(fabs(x[0]), fabs(x[1])) < 0.5 ? DRAIN_INSIDE : DRAIN_OUTSIDE;
}

START_TEST(short_chains_have_no_bias)
{
    enum { SEEDS = 300 };
    double centre[2] = {0}, sum = 0, squares = 0, z_squares = 0;
    struct drain d = {.n = 2, .centre = centre, .context = centre, .gradient = flat, .verdict = square_verdict};
    struct prior none = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct drain_result result;
        struct drain_options options = {
            .points = 10, .chains = 8, .steps = 20, .inner = 0.2, .outer = 0.708, .seed = seed, .threads = 1};
        ck_assert(drain_volume(&d, &none, &options, NULL, &result, NULL) == STATUS_OK);
        double value = result.estimate.log_value;
        sum += value;
        squares += value * value;
        z_squares += value / result.estimate.error * (value / result.estimate.error);
        drain_result_clear(&result);
    }
    double mean = sum / SEEDS, error = sqrt((squares / SEEDS - mean * mean) / SEEDS), z = sqrt(z_squares / SEEDS);
    printf("mean of %d: %.4f +- %.4f, true 0; rms z %.2f\n", SEEDS, mean, error, z);
    ck_assert_double_lt(fabs(mean), 3 * error);
    ck_assert(z > 0.8 && z < 1.3);
}
END_TEST

/* A ball in which all drains, and one in which nothing does: counts that agree in all chains still have an error, and
 * of the share of a shell that drains the stated error covers 1. */
static enum drain_verdict everywhere(void *context, const double *x, double potential, const double *g)
{
    (void)context;
    (void)x;
    (void)potential;
    (void)g;
    return DRAIN_INSIDE;
}

static enum drain_verdict nowhere(void *context, const double *x, double potential, const double *g)
{
    (void)context;
    (void)x;
    (void)potential;
    (void)g;
    return DRAIN_OUTSIDE;
}

START_TEST(agreement_is_no_certainty)
{
    enum { SEEDS = 100 };
    double centre[2] = {0}, z_squares = 0;
    struct drain d = {.n = 2, .centre = centre, .context = centre, .gradient = flat, .verdict = everywhere};
    struct prior none = {0};
    struct drain_result r;
    struct drain_options one = {.points = 50, .chains = 8, .steps = 100, .inner = 2, .outer = 2, .seed = 1};
    ck_assert(drain_volume(&d, &none, &one, NULL, &r, NULL) == STATUS_OK);
    ck_assert(!r.estimate.refused);
    assert_close(r.estimate.log_value, log(4 * M_PI), 1e-12, 1);
    assert_close(r.estimate.error, 3.0 / 400, 1e-9, 0);
    assert_close(r.shells[0].radius, 2, 1e-12, 0);
    ck_assert_uint_eq(r.estimate.samples, 400);
    ck_assert_double_le(r.estimate.ess, 400);
    drain_result_clear(&r);
    d.verdict = nowhere;
    ck_assert(drain_volume(&d, &none, &one, NULL, &r, NULL) == STATUS_OK);
    ck_assert(r.estimate.refused);
    ck_assert_ptr_nonnull(strstr(r.estimate.reason, "not one of 400 points"));
    drain_result_clear(&r);
    d.verdict = everywhere;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct drain_options all = {
            .points = 50, .chains = 8, .steps = 100, .inner = 0.3, .outer = 3, .seed = seed, .threads = 1};
        ck_assert(drain_volume(&d, &none, &all, NULL, &r, NULL) == STATUS_OK);
        const struct drain_shell *last = &r.shells[r.n_shells - 1];
        double z = (last->fraction - 1) / last->fraction_error;
        z_squares += z * z;
        drain_result_clear(&r);
    }
    printf("share of the last shell, true 1: rms z %.2f\n", sqrt(z_squares / SEEDS));
    ck_assert(z_squares > 0.6 * SEEDS && z_squares < 1.7 * SEEDS);
}
END_TEST

/* Of the same points in every chain (the chains differ only in their streams): at least the binomial error of them. */
START_TEST(errors_are_no_less_than_binomial)
{
    double centre[2] = {0};
    struct drain d = {.n = 2, .centre = centre, .context = centre, .gradient = flat, .verdict = square_verdict};
    struct prior none = {0};
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct drain_result r;
        struct drain_options one = {.points = 40, .chains = 4, .steps = 10, .inner = 0.7, .outer = 0.7, .seed = seed};
        ck_assert(drain_volume(&d, &none, &one, NULL, &r, NULL) == STATUS_OK);
        double part = r.inner_fraction;
        ck_assert_double_ge(r.estimate.error, sqrt((1 - part) / (part * 160)) * (1 - 1e-12));
        drain_result_clear(&r);
    }
}
END_TEST

/* A flow that comes to no end is no member, and is counted. */
START_TEST(flows_without_end_are_counted)
{
    struct cosine c;
    struct drain d;
    size_t failures = 0;
    cosine_init(&c, &d, SEPARABLE, 2);
    static const double start[2] = {0.4, 0.3};
    ck_assert(drain_contains(&d, &c, start, &failures));
    ck_assert_uint_eq(failures, 0);
    d.most_time = 1e-3;
    ck_assert(!drain_contains(&d, &c, start, &failures));
    ck_assert_uint_eq(failures, 1);
}
END_TEST

/* The cube's part of a sphere: all of it up to 1/2, in the plane (4 arcs of pi/2 - 2 acos(1/2r)) beyond, nothing beyond
 * the corners. */
START_TEST(fractions_of_circles)
{
    struct cosine c;
    struct drain d;
    double radii[4] = {0.3, 0.55, 0.65, 0.72};
    size_t hits[4], one[4];
    cosine_init(&c, &d, SEPARABLE, 2);
    ck_assert(drain_spheres(&d, 4, radii, 500, SEED, 2, NULL, hits, NULL) == STATUS_OK);
    ck_assert(drain_spheres(&d, 4, radii, 500, SEED, 1, NULL, one, NULL) == STATUS_OK);
    ck_assert_mem_eq(hits, one, sizeof hits);
    ck_assert_uint_eq(hits[0], 500);
    ck_assert_uint_eq(hits[3], 0);
    for (size_t k = 1; k < 3; k++) {
        double part = 1 - 4 * acos(0.5 / radii[k]) / M_PI, found = (double)hits[k] / 500;
        ck_assert_double_lt(fabs(found - part), 3.5 * sqrt(part * (1 - part) / 500));
    }
}
END_TEST

/* Under a Gaussian: the cube's mass is a product of error functions. */
START_TEST(mass_of_a_cube)
{
    struct cosine c;
    struct drain d;
    double sigma[3] = {0.3, 0.5, 1}, mean[3] = {0.1, 0, -0.2}, truth = 0;
    struct prior prior = {mean, sigma};
    struct drain_result result;
    cosine_init(&c, &d, SEPARABLE, 3);
    for (size_t i = 0; i < 3; i++)
        truth += log((erf((0.5 - mean[i]) / sigma[i] / M_SQRT2) - erf((-0.5 - mean[i]) / sigma[i] / M_SQRT2)) / 2);
    struct drain_options options = {
        .points = 50, .chains = 16, .steps = 150, .inner = 0.4, .outer = 0.867, .seed = SEED, .threads = 2};
    ck_assert(drain_volume(&d, &prior, &options, NULL, &result, NULL) == STATUS_OK);
    printf("mass %.4f +- %.4f, known %.4f\n", result.estimate.log_value, result.estimate.error, truth);
    ck_assert_double_lt(fabs(result.estimate.log_value - truth), 3 * result.estimate.error);
    drain_result_clear(&result);
}
END_TEST

struct bowl {
    double lambda[4], centre[4];
};

static double bowl_value(void *context, const double *theta)
{
    const struct bowl *b = context;
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += b->lambda[i] * (theta[i] - b->centre[i]) * (theta[i] - b->centre[i]) / 2;
    return sum;
}

START_TEST(counting_agrees_with_the_inversion)
{
    struct bowl b = {{1, 0.1, 0.01, 0}, {0.3, -0.2, 1, 2}};
    double sigma[4] = {1, 1, 1, 1};
    struct region r = {.n = 4, .centre = b.centre, .cutoff = 0.05, .context = &b, .value = bowl_value};
    struct quadratic q = {.n = 4, .eigenvalues = b.lambda, .displacement = b.centre, .variance = 1};
    struct quadratic_probability exact;
    struct estimate one, two;
    struct prior prior = {.sigma = sigma};
    ck_assert(quadratic_probability(&q, 0.05, &exact, NULL) == STATUS_OK);
    ck_assert(rejection_mass(&r, &prior, 40000, SEED, 0, 1, NULL, &one, NULL) == STATUS_OK);
    ck_assert(rejection_mass(&r, &prior, 40000, SEED, 0, 2, NULL, &two, NULL) == STATUS_OK);
    printf("counted %.4f +- %.4f, exact %.4f\n", one.log_value, one.error, exact.log_probability);
    ck_assert(!one.refused);
    ck_assert_double_eq(one.log_value, two.log_value);
    ck_assert_double_lt(fabs(one.log_value - exact.log_probability), 3 * one.error);
    r.cutoff = 1e-6;
    ck_assert(rejection_mass(&r, &prior, 40000, SEED, 0, 2, NULL, &one, NULL) == STATUS_OK);
    ck_assert(one.refused);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("drain");
    TCase *tests = tcase_create("drain");
    tcase_add_test(tests, membership_is_the_cube);
    tcase_add_loop_test(tests, volumes_of_cosine_basins, 0, 5);
    tcase_add_test(tests, short_chains_have_no_bias);
    tcase_add_test(tests, agreement_is_no_certainty);
    tcase_add_test(tests, errors_are_no_less_than_binomial);
    tcase_add_test(tests, flows_without_end_are_counted);
    tcase_add_test(tests, fractions_of_circles);
    tcase_add_test(tests, mass_of_a_cube);
    tcase_add_test(tests, counting_agrees_with_the_inversion);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
