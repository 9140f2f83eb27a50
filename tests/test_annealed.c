/* Annealed integration against the exact masses of quadratic regions, and of a region of two parts by quadrature. */
#include "basin/annealed.h"
#include "basin/quadratic.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 20251125, MOST = 400 };

struct bowl {
    size_t n;
    double lambda[MOST], centre[MOST], sigma[MOST], mean[MOST], off[MOST], h[MOST];
    struct region region;
};
static struct bowl bowl;

/* Axes, turned by the reflection 1 - 2 h h^T. */
static void turn(double *x)
{
    double dot = 0;
    for (size_t i = 0; i < bowl.n; i++)
        dot += bowl.h[i] * x[i];
    for (size_t i = 0; i < bowl.n; i++)
        x[i] -= 2 * dot * bowl.h[i];
}

static double bowl_gradient(void *context, const double *theta, double *g)
{
    const struct bowl *b = context;
    double sum = 0;
    for (size_t i = 0; i < b->n; i++)
        g[i] = theta[i] - b->centre[i];
    turn(g);
    for (size_t i = 0; i < b->n; i++) {
        sum += b->lambda[i] * g[i] * g[i] / 2;
        g[i] *= b->lambda[i];
    }
    turn(g);
    return sum;
}

static double bowl_value(void *context, const double *theta)
{
    double g[MOST] = {0};
    return bowl_gradient(context, theta, g);
}

static void bowl_init(size_t n, double decades, size_t zeros, double cutoff)
{
    struct random_stream r = random_stream(SEED, n);
    double norm = 0;
    memset(&bowl, 0, sizeof bowl);
    bowl.n = n;
    for (size_t i = 0; i < n; i++) {
        bowl.lambda[i] = i < n - zeros ? pow(10, 3 - decades * (double)i / (double)(n > 1 ? n - 1 : 1)) : 0;
        bowl.sigma[i] = 0.7;
        bowl.mean[i] = 0.2 * random_normal(&r);
        bowl.centre[i] = bowl.mean[i] + 0.7 * random_normal(&r);
        bowl.off[i] = bowl.centre[i] - bowl.mean[i];
        bowl.h[i] = random_normal(&r);
        norm += bowl.h[i] * bowl.h[i];
    }
    for (size_t i = 0; i < n; i++)
        bowl.h[i] /= sqrt(norm);
    turn(bowl.off);
    bowl.region = (struct region){.n = n,
                                  .centre = bowl.centre,
                                  .cutoff = cutoff,
                                  .context = &bowl,
                                  .value = bowl_value,
                                  .gradient = bowl_gradient};
}

static void show(const char *what, const struct annealed *a, double truth)
{
    printf(
        "%s: %.4f +- %.3f (first %.2g, ladder %.2g, steps %.2g, last %.2g), true %.4f, z %.2f; rungs %zu, R-hat %.3f, "
        "ess %.0f, %zu evaluations %s\n",
        what, a->estimate.log_value, a->estimate.error, a->first_error, a->ladder_error, a->discretisation,
        a->final_error, truth, (a->estimate.log_value - truth) / a->estimate.error, a->n_rungs, a->worst_rhat,
        a->estimate.ess, a->evaluations, a->estimate.reason);
}

static void assert_within(const char *what, const struct annealed *a, double truth, double largest_error)
{
    show(what, a, truth);
    ck_assert_msg(!a->estimate.refused, "%s", a->estimate.reason);
    ck_assert_double_le(fabs(a->estimate.log_value - truth), 3 * a->estimate.error);
    ck_assert_double_lt(a->estimate.error, largest_error);
    ck_assert_double_lt(a->discretisation, 0.5 * a->estimate.error + 1e-3);
}

static const struct {
    size_t n, zeros;
    double decades, largest_error;
} bowls[] = {{2, 0, 2, 0.2}, {3, 1, 4, 0.2}, {10, 3, 12, 0.4}, {60, 20, 12, 0.8}};

/* Up from the prior and down from theta*; in the eigenbasis, and for few dimensions also without. */
START_TEST(masses_agree_with_the_inversion)
{
    size_t n = bowls[_i].n;
    struct error e = {0};
    bowl_init(n, bowls[_i].decades, bowls[_i].zeros, 0.01);
    struct quadratic q = {.n = n, .eigenvalues = bowl.lambda, .displacement = bowl.off, .variance = 0.49};
    struct quadratic_probability exact;
    ck_assert(quadratic_probability(&q, 0.01, &exact, NULL) == STATUS_OK);
    struct prior prior = {bowl.mean, bowl.sigma};
    double *basis = malloc(n * n * sizeof *basis), scaled[MOST], betas[200];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            basis[i * n + j] = (i == j) - 2 * bowl.h[i] * bowl.h[j];
        scaled[i] = bowl.lambda[i] * 0.49;
    }
    struct annealed_options options = {
        .basis = n > 3 ? basis : NULL, .lambda = n > 3 ? scaled : NULL, .seed = SEED, .threads = 2};
    struct annealed up, down;
    ck_assert_msg(annealed_mass(&bowl.region, &prior, &options, NULL, &up, &e) == STATUS_OK, "%s", e.message);
    assert_within("up", &up, exact.log_probability, bowls[_i].largest_error);
    for (size_t k = 0; k < up.n_rungs; k++)
        betas[k] = up.rungs[k].beta;
    options.betas = betas;
    options.n_betas = up.n_rungs;
    options.reverse = true;
    ck_assert_msg(annealed_mass(&bowl.region, &prior, &options, NULL, &down, &e) == STATUS_OK, "%s", e.message);
    assert_within("down", &down, exact.log_probability, bowls[_i].largest_error);
    annealed_clear(&up);
    annealed_clear(&down);
    free(basis);
}
END_TEST

/* As for large networks: trajectories of jittered length, the metric from draws and gradients, no eigenbasis. */
START_TEST(masses_in_many_dimensions)
{
    enum { N = 310 };
    double betas[200];
    bowl_init(N, 3, N - 30, 0.1);
    struct quadratic q = {.n = N, .eigenvalues = bowl.lambda, .displacement = bowl.off, .variance = 0.49};
    struct quadratic_probability exact;
    ck_assert(quadratic_probability(&q, 0.1, &exact, NULL) == STATUS_OK);
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {
        .warmup = 60, .draws = 40, .longest = 320, .factor = 4, .max_steps = 63, .seed = SEED, .threads = 2};
    struct annealed up, down;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &up, NULL) == STATUS_OK);
    assert_within("up", &up, exact.log_probability, 3);
    for (size_t k = 0; k < up.n_rungs; k++)
        betas[k] = up.rungs[k].beta;
    options.betas = betas;
    options.n_betas = up.n_rungs;
    options.reverse = true;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &down, NULL) == STATUS_OK);
    assert_within("down", &down, exact.log_probability, 3);
    annealed_clear(&up);
    annealed_clear(&down);
}
END_TEST

/* The ladder's partial sums are K(beta) of the quadratic, in closed form. */
START_TEST(the_ladder_follows_the_cumulants)
{
    bowl_init(5, 3, 1, 0.01);
    struct quadratic q = {.n = 5, .eigenvalues = bowl.lambda, .displacement = bowl.off, .variance = 0.49};
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2};
    struct annealed a;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    for (size_t k = 0; k < a.n_rungs; k++) {
        double K[QUADRATIC_DERIVATIVES];
        ck_assert(quadratic_cumulant(&q, a.rungs[k].beta, K, NULL) == STATUS_OK);
        ck_assert_double_lt(fabs(a.rungs[k].mean + K[1]), 4 * a.rungs[k].error);
        ck_assert_double_lt(fabs(a.rungs[k].log_z - K[0]), 3.5 * hypot(hypot(a.ladder_error, a.first_error), 0.01));
    }
    annealed_clear(&a);
}
END_TEST

/* Two valleys: d = (x^2 - 1)^2 + y^2 about (1, 0). */
static double valleys_gradient(void *context, const double *x, double *g)
{
    double off = x[0] * x[0] - 1;
    (void)context;
    g[0] = 4 * x[0] * off;
    g[1] = 2 * x[1];
    return off * off + x[1] * x[1];
}

static double valleys_value(void *context, const double *x)
{
    double g[2] = {0};
    return valleys_gradient(context, x, g);
}

static double column(double x, void *context)
{
    double off = x * x - 1, square = *(double *)context - off * off;
    return square <= 0 ? 0 : exp(-x * x / 2) / sqrt(2 * M_PI) * (2 * gsl_cdf_ugaussian_P(sqrt(square)) - 1);
}

static double valley_mass(double cutoff)
{
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(1000);
    gsl_function f = {column, &cutoff};
    double value, error, half = sqrt(cutoff);
    gsl_integration_qags(&f, sqrt(1 - half), sqrt(1 + half), 0, 1e-9, 1000, space, &value, &error);
    gsl_integration_workspace_free(space);
    return value;
}

START_TEST(the_whole_set_and_the_part_near_theta)
{
    double centre[2] = {1, 0}, sigma[2] = {1, 1}, cutoff = 0.05, one = log(valley_mass(cutoff));
    struct region r = {
        .n = 2, .centre = centre, .cutoff = cutoff, .value = valleys_value, .gradient = valleys_gradient};
    struct prior prior = {.sigma = sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2, .chains = 8};
    struct annealed whole, near;
    ck_assert(annealed_mass(&r, &prior, &options, NULL, &whole, NULL) == STATUS_OK);
    show("both valleys", &whole, one + log(2));
    ck_assert_double_le(fabs(whole.estimate.log_value - one - log(2)), 3 * whole.estimate.error);
    options.localise = 0.3;
    ck_assert(annealed_mass(&r, &prior, &options, NULL, &near, NULL) == STATUS_OK);
    assert_within("one valley", &near, one, 0.2);
    annealed_clear(&whole);
    annealed_clear(&near);
}
END_TEST

/* Two valleys, at x_3 = 1 and -1, one of them a hundred times as narrow in one direction: a step for both is too long
 * there. d is half a sum of 4 squares in each. */
static double uneven_gradient(void *context, const double *x, double *g)
{
    double d[2], slope[2][4];
    (void)context;
    for (int k = 0; k < 2; k++) {
        double off[] = {x[0], x[1], x[2], x[3] - (k ? 1 : -1)}, stiffness[] = {k ? 1e4 : 1, 1, 1, 1};
        d[k] = 0;
        for (int i = 0; i < 4; i++) {
            slope[k][i] = stiffness[i] * off[i];
            d[k] += slope[k][i] * off[i] / 2;
        }
    }
    memcpy(g, slope[d[1] < d[0]], sizeof slope[0]);
    return fmin(d[0], d[1]);
}

static double uneven_value(void *context, const double *x)
{
    double g[4] = {0};
    return uneven_gradient(context, x, g);
}

START_TEST(stuck_chains_adapt_anew)
{
    double centre[4] = {0, 0, 0, 1}, sigma[4] = {1, 1, 1, 1}, beta = 1e4;
    struct region r = {
        .n = 4, .centre = centre, .cutoff = 2.2 / beta, .value = uneven_value, .gradient = uneven_gradient};
    struct prior prior = {.sigma = sigma};
    struct annealed_options options = {
        .seed = SEED, .threads = 2, .chains = 8, .betas = &beta, .n_betas = 1, .draws = 400, .longest = 400};
    struct annealed a;
    ck_assert(annealed_mass(&r, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    const struct annealed_rung *rung = &a.rungs[0];
    printf("2/%g: %.3g +- %.2g, R-hat %.3f, acceptance %.2f, %zu divergences\n", beta, rung->mean, rung->error,
           rung->rhat, rung->acceptance, a.divergences);
    ck_assert_double_gt(rung->acceptance, 0.7);
    ck_assert_double_lt(rung->rhat, 1.05);
    ck_assert_double_lt(fabs(rung->mean - 2 / beta), 3.5 * rung->error);
    ck_assert(a.divergences > 0 && a.divergences < 600); /* of one attempt before */
    annealed_clear(&a);
}
END_TEST

/* Half a plane where d is finite, exponential in r^2: P = (1 - exp(-c/lambda))/2. More chains than a batch of draws,
 * all of which must begin in that half. */
static double half_gradient(void *context, const double *x, double *g)
{
    double lambda = *(double *)context;
    g[0] = lambda * x[0];
    g[1] = lambda * x[1];
    return x[0] > 0 ? lambda * (x[0] * x[0] + x[1] * x[1]) / 2 : INFINITY;
}

static double half_value(void *context, const double *x)
{
    double g[2];
    return half_gradient(context, x, g);
}

static double nowhere(void *context, const double *x)
{
    (void)context;
    return x[0] > 1e9 ? 0 : NAN;
}

START_TEST(chains_begin_where_there_is_something)
{
    double lambda = 10, centre[2] = {0}, sigma[2] = {1, 1}, cutoff = 0.2;
    struct region r = {
        .n = 2, .centre = centre, .cutoff = cutoff, .context = &lambda, .value = half_value, .gradient = half_gradient};
    struct prior prior = {.sigma = sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2, .warmup = 60, .longest = 300},
                            many = {.seed = SEED, .threads = 2, .chains = 300, .warmup = 20, .draws = 8, .longest = 8};
    struct annealed a;
    ck_assert(annealed_mass(&r, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    assert_within("half a plane", &a, log(-expm1(-cutoff / lambda) / 2), 0.3);
    annealed_clear(&a);
    ck_assert(annealed_mass(&r, &prior, &many, NULL, &a, NULL) == STATUS_OK);
    annealed_clear(&a);
    r.value = nowhere;
    ck_assert(annealed_mass(&r, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    ck_assert(a.estimate.refused);
    ck_assert_uint_eq(a.n_rungs, 0);
    annealed_clear(&a);
}
END_TEST

/* The last step and the last part of the ladder are of the same draws, and rise and fall together: draws that are too
 * near theta* make both too large. */
START_TEST(parts_of_the_error_are_not_independent)
{
    bowl_init(2, 0, 0, 30);
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2};
    struct annealed a;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    double apart = hypot(hypot(a.first_error, a.ladder_error), hypot(a.discretisation, a.final_error));
    printf("error %.4f, were its parts independent %.4f\n", a.estimate.error, apart);
    ck_assert_double_gt(a.estimate.error, 1.02 * apart);
    ck_assert_double_lt(a.estimate.error, a.first_error + a.ladder_error + a.discretisation + a.final_error);
    annealed_clear(&a);
}
END_TEST

/* Put back, a localising Gaussian of width rho < 1 has weights without a variance in flat directions, of tail 1/(1 +
 * rho^2), however large their effective size happens to be. */
START_TEST(a_narrow_localisation_is_refused)
{
    bowl_init(2, 0, 1, 0.01);
    memset(bowl.h, 0, sizeof bowl.h);
    struct prior prior = {bowl.centre, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2, .draws = 4000, .localise = 0.35};
    struct annealed a;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    show("localised", &a, NAN);
    ck_assert_double_lt(fabs(a.estimate.pareto_k - 1 / (1 + 0.35 * 0.35)), 0.15);
    ck_assert(a.estimate.refused);
    annealed_clear(&a);
}
END_TEST

START_TEST(too_few_draws_are_refused)
{
    bowl_init(10, 6, 0, 0.01);
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2, .warmup = 20, .draws = 12, .longest = 12};
    struct annealed a;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    ck_assert(a.estimate.refused);
    annealed_clear(&a);
    bowl.region.gradient = NULL;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &a, NULL) == STATUS_REFUSED);
    annealed_clear(&a);
}
END_TEST

/* Where 12 draws a chain are refused, more are taken where they are needed, and nothing but those. */
START_TEST(draws_are_doubled_until_they_are_enough)
{
    bowl_init(10, 6, 0, 0.01);
    struct quadratic q = {.n = 10, .eigenvalues = bowl.lambda, .displacement = bowl.off, .variance = 0.49};
    struct quadratic_probability exact;
    ck_assert(quadratic_probability(&q, 0.01, &exact, NULL) == STATUS_OK);
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 2, .draws = 12, .longest = 12 * 64};
    struct annealed a;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &a, NULL) == STATUS_OK);
    assert_within("doubled", &a, exact.log_probability, 0.5);
    for (size_t k = 0; k < a.n_rungs; k++) {
        size_t n = a.rungs[k].draws, all = n + 12;
        ck_assert_msg(n == 12 || (all % 12 == 0 && (all / 12 & (all / 12 - 1)) == 0), "%zu draws", n);
        ck_assert_double_ge(a.rungs[k].ess, ESTIMATE_LEAST_ESS);
        ck_assert_double_le(a.rungs[k].rhat, 1.05);
        ck_assert_uint_lt(n, 12 * 63);
    }
    annealed_clear(&a);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    bowl_init(4, 3, 1, 0.01);
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 1, .warmup = 100, .draws = 60};
    struct annealed one, two;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &one, NULL) == STATUS_OK);
    options.threads = 2;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &two, NULL) == STATUS_OK);
    ck_assert(one.estimate.log_value == two.estimate.log_value && one.estimate.error == two.estimate.error);
    annealed_clear(&one);
    annealed_clear(&two);
}
END_TEST

/* Stopped after some rungs and taken up again it is the same, bit for bit. */
static int questions;

static bool stop_later(void *context)
{
    (void)context;
    return ++questions > 3000;
}

START_TEST(a_stopped_run_is_taken_up_again)
{
    char folder[TESTING_PATH], path[TESTING_PATH];
    bowl_init(4, 3, 1, 0.01);
    struct prior prior = {bowl.mean, bowl.sigma};
    struct annealed_options options = {.seed = SEED, .threads = 1, .warmup = 100, .draws = 60};
    struct reporter reporter = {.stop_requested = stop_later};
    struct annealed whole, stopped, again;
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &whole, NULL) == STATUS_OK);
    options.checkpoint = testing_path(path, testing_folder(folder), "kept");
    ck_assert(annealed_mass(&bowl.region, &prior, &options, &reporter, &stopped, NULL) == STATUS_INTERRUPTED);
    ck_assert_uint_gt(stopped.n_rungs, 0);
    ck_assert_uint_lt(stopped.n_rungs, whole.n_rungs);
    size_t bytes;
    free(testing_read(path, &bytes));
    ck_assert_uint_gt(bytes, 1000);
    ck_assert(annealed_mass(&bowl.region, &prior, &options, NULL, &again, NULL) == STATUS_OK);
    ck_assert(again.estimate.log_value == whole.estimate.log_value && again.estimate.error == whole.estimate.error);
    ck_assert_uint_eq(again.evaluations, whole.evaluations);
    annealed_clear(&whole);
    annealed_clear(&stopped);
    annealed_clear(&again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("annealed");
    TCase *tests = tcase_create("annealed");
    tcase_add_loop_test(tests, masses_agree_with_the_inversion, 0, sizeof bowls / sizeof bowls[0]);
    tcase_add_test(tests, masses_in_many_dimensions);
    tcase_add_test(tests, draws_are_doubled_until_they_are_enough);
    tcase_add_test(tests, the_ladder_follows_the_cumulants);
    tcase_add_test(tests, the_whole_set_and_the_part_near_theta);
    tcase_add_test(tests, stuck_chains_adapt_anew);
    tcase_add_test(tests, chains_begin_where_there_is_something);
    tcase_add_test(tests, parts_of_the_error_are_not_independent);
    tcase_add_test(tests, a_narrow_localisation_is_refused);
    tcase_add_test(tests, too_few_draws_are_refused);
    tcase_add_test(tests, threads_do_not_matter);
    tcase_add_test(tests, a_stopped_run_is_taken_up_again);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
