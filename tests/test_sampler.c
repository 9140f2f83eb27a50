/* Markov chains on densities whose moments are known; the same draws for any number of threads, and after a stop. */
#include "solver/diagnostics.h"
#include "solver/sampler.h"
#include "tests/testing.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- densities -----------------------------------------------------------------------------------------------------*/

enum { DIMENSIONS = 5 };

/* x = D B z + mean with z N(0, 1), B unit lower bidiagonal: covariance D B B^T D over twelve decades. */
struct gaussian {
    double scale[DIMENSIONS], below[DIMENSIONS], mean[DIMENSIONS];
};
static const struct gaussian wide = {{1e-3, 1, 30, 1e-2, 1e3}, {0, 0.8, -2, 0.5, 1}, {1e-3, 2, 0, 0, -500}};
static const struct gaussian round_one = {{1, 2, 1, 0.5, 1}, {0, 0.3, 0, -0.5, 0}, {0, 1, 0, 0, -1}};

static double gaussian_evaluate(double beta, const double *x, double *gradient, double *tempered, void *context)
{
    const struct gaussian *g = context;
    double z[DIMENSIONS], adjoint[DIMENSIONS + 1] = {0}, sum = 0;
    for (size_t i = 0; i < DIMENSIONS; i++) {
        z[i] = (x[i] - g->mean[i]) / g->scale[i] - (i ? g->below[i] * z[i - 1] : 0);
        sum += z[i] * z[i] / 2;
    }
    for (size_t i = DIMENSIONS; i-- > 0;) {
        adjoint[i] = z[i] - (i + 1 < DIMENSIONS ? g->below[i + 1] * adjoint[i + 1] : 0);
        gradient[i] = -beta * adjoint[i] / g->scale[i];
    }
    *tempered = -sum;
    return -beta * sum;
}

static double gaussian_covariance(const struct gaussian *g, size_t i, size_t j)
{
    double lower = i == j ? 1 + (i ? g->below[i] * g->below[i] : 0) : j + 1 == i ? g->below[i] : 0;
    return i < j ? gaussian_covariance(g, j, i) : g->scale[i] * g->scale[j] * lower;
}

static void moments(const double *x, double *q, void *context)
{
    const struct gaussian *g = context;
    for (size_t i = 0; i < DIMENSIONS; i++)
        for (size_t j = 0; j < DIMENSIONS; j++)
            q[i * DIMENSIONS + j] = (x[i] - g->mean[i]) * (x[j] - g->mean[j]);
    memcpy(q + DIMENSIONS * DIMENSIONS, x, DIMENSIONS * sizeof *x);
}

static struct sampler_target gaussian_target(const struct gaussian *g)
{
    return (struct sampler_target){.n = DIMENSIONS,
                                   .evaluate = gaussian_evaluate,
                                   .quantities = moments,
                                   .n_quantities = DIMENSIONS * (DIMENSIONS + 1),
                                   .shared = (void *)g};
}

/* Two normal densities of standard deviation 1 at -4 and +4 of the first coordinate, weights 0.3 and 0.7. */
static double two_modes(double beta, const double *x, double *gradient, double *tempered, void *context)
{
    (void)context;
    double a = log(0.3) - (x[0] + 4) * (x[0] + 4) / 2, b = log(0.7) - (x[0] - 4) * (x[0] - 4) / 2;
    double all = fmax(a, b) + log1p(exp(-fabs(a - b))), part = exp(a - all);
    *tempered = all - x[1] * x[1] / 2;
    gradient[0] = beta * -(part * (x[0] + 4) + (1 - part) * (x[0] - 4));
    gradient[1] = beta * -x[1];
    return beta * *tempered;
}

static void which_mode(const double *x, double *q, void *context)
{
    (void)context;
    *q = x[0] > 0;
}

/* Neal's (2003) funnel: v N(0, 9), nine x N(0, e^v). */
static double funnel(double beta, const double *x, double *gradient, double *tempered, void *context)
{
    (void)context;
    double v = x[0], squares = 0;
    for (size_t i = 1; i < 10; i++) {
        squares += x[i] * x[i];
        gradient[i] = -beta * x[i] * exp(-v);
    }
    gradient[0] = beta * (-v / 9 + squares * exp(-v) / 2 - 4.5);
    *tempered = -v * v / 18 - squares * exp(-v) / 2 - 4.5 * v;
    return beta * *tempered;
}

static double nowhere(double beta, const double *x, double *gradient, double *tempered, void *context)
{
    (void)x, (void)beta, (void)context;
    *tempered = gradient[0] = 0;
    return -INFINITY;
}

/* --- help ----------------------------------------------------------------------------------------------------------*/

static struct sampler *sampled(const struct sampler_target *t, const struct sampler_options *o, const double *start,
                               size_t draws)
{
    struct sampler *s;
    struct error e = {0};
    ck_assert_msg(sampler_new(t, o, start, &s, &e) == STATUS_OK, "%s", e.message);
    ck_assert_msg(sampler_run(s, draws, NULL, &e) == STATUS_OK, "%s", e.message);
    ck_assert_uint_eq(sampler_draws(s), draws);
    return s;
}

static struct diagnostics diagnosed(const struct sampler *s, size_t rung, size_t quantity)
{
    struct diagnostics d;
    size_t chains = sampler_chains(s), draws = sampler_draws(s);
    double *x = malloc(chains * draws * sizeof *x);
    ck_assert_ptr_nonnull(x);
    sampler_copy(s, rung, quantity, x);
    ck_assert_int_eq(diagnostics_of(chains, draws, x, &d, NULL), STATUS_OK);
    free(x);
    return d;
}

/* Near the mean, each chain somewhere else. */
static void start_near(const struct gaussian *g, size_t chains, double *start)
{
    for (size_t k = 0; k < chains; k++)
        for (size_t i = 0; i < DIMENSIONS; i++)
            start[k * DIMENSIONS + i] = g->mean[i] + g->scale[i] * (0.5 * (double)k - 1);
}

/* --- what is sampled -----------------------------------------------------------------------------------------------*/

static const struct {
    enum sampler_kernel kernel;
    enum sampler_metric metric;
    bool wide;
} gaussians[] = {
    {SAMPLER_NUTS, SAMPLER_DIAGONAL, true}, {SAMPLER_NUTS, SAMPLER_DENSE, true},
    {SAMPLER_HMC, SAMPLER_DIAGONAL, true},  {SAMPLER_HMC, SAMPLER_DENSE, true},
    {SAMPLER_MALA, SAMPLER_DENSE, true},    {SAMPLER_MALA, SAMPLER_DIAGONAL, false},
    {SAMPLER_NUTS, SAMPLER_UNIT, false},    {SAMPLER_HMC, SAMPLER_UNIT, false},
    {SAMPLER_HMC, SAMPLER_FISHER, true},
};

/* Every mean and every product of two coordinates within five of its own standard errors: 20 numbers. */
START_TEST(moments_of_gaussians)
{
    const struct gaussian *g = gaussians[_i].wide ? &wide : &round_one;
    struct sampler_target t = gaussian_target(g);
    struct sampler_options o = {
        .kernel = gaussians[_i].kernel, .metric = gaussians[_i].metric, .seed = 11, .threads = 2};
    double start[4 * DIMENSIONS], variances[DIMENSIONS];
    for (size_t i = 0; i < DIMENSIONS; i++)
        variances[i] = g->scale[i] * g->scale[i];
    if (o.kernel == SAMPLER_MALA) /* single steps find their way over twelve decades too slowly */
        o.variances = variances;
    start_near(g, 4, start);
    struct sampler *s = sampled(&t, &o, start, o.kernel == SAMPLER_MALA ? 6000 : 2000);
    for (size_t i = 0; i < DIMENSIONS; i++)
        for (size_t j = 0; j <= i; j++) {
            struct diagnostics d = diagnosed(s, 0, SAMPLER_OWN + i * DIMENSIONS + j);
            double expected = gaussian_covariance(g, i, j);
            ck_assert_msg(fabs(d.mean - expected) < 5 * d.mcse, "covariance %zu, %zu: %g, not %g +- %g", i, j, d.mean,
                          expected, d.mcse);
            ck_assert_double_lt(d.mcse, 0.1 * g->scale[i] * g->scale[j] * 7);
        }
    for (size_t i = 0; i < DIMENSIONS; i++) {
        struct diagnostics d = diagnosed(s, 0, SAMPLER_OWN + DIMENSIONS * DIMENSIONS + i);
        ck_assert_double_lt(fabs(d.mean - g->mean[i]), 5 * d.mcse);
        ck_assert_double_lt(d.rhat, 1.02);
    }
    struct diagnostics energy = diagnosed(s, 0, SAMPLER_TEMPERED);
    ck_assert_double_lt(fabs(energy.mean + DIMENSIONS / 2.0), 5 * energy.mcse);
    struct sampler_rung r = sampler_rung(s, 0);
    ck_assert_uint_eq(r.divergences, 0);
    ck_assert_double_gt(r.acceptance, o.kernel == SAMPLER_MALA ? 0.45 : 0.7);
    ck_assert_double_lt(r.acceptance, o.kernel == SAMPLER_MALA ? 0.8 : 0.97);
    sampler_free(s);
}
END_TEST

START_TEST(metric_is_the_covariance)
{
    struct sampler_target t = gaussian_target(&wide);
    struct sampler_options o = {.metric = _i ? SAMPLER_DENSE : SAMPLER_DIAGONAL, .seed = 4};
    double start[4 * DIMENSIONS];
    start_near(&wide, 4, start);
    struct sampler *s = sampled(&t, &o, start, 10);
    const double *found = sampler_variances(s, 0);
    for (size_t i = 0; i < DIMENSIONS; i++)
        for (size_t j = 0; j < DIMENSIONS; j++) {
            double expected = gaussian_covariance(&wide, i, j),
                   unit = sqrt(gaussian_covariance(&wide, i, i) * gaussian_covariance(&wide, j, j));
            if (_i)
                assert_close(found[i * DIMENSIONS + j] / unit, expected / unit, 0.2, 1);
            else if (i == j)
                assert_close(found[i] / unit, 1, 0.2, 1);
        }
    sampler_free(s);
}
END_TEST

/* sqrt(Sigma_ii / P_ii), P the inverse of the covariance: P_ii = (1 + b_{i+1}^2 (1 + b_{i+2}^2 (...)))/s_i^2. */
START_TEST(metric_of_least_fisher_divergence)
{
    struct sampler_target t = gaussian_target(&wide);
    struct sampler_options o = {.metric = SAMPLER_FISHER, .seed = 4};
    double start[4 * DIMENSIONS], chain = 0;
    start_near(&wide, 4, start);
    struct sampler *s = sampled(&t, &o, start, 10);
    const double *found = sampler_variances(s, 0);
    for (size_t i = DIMENSIONS; i-- > 0;) {
        chain = 1 + (i + 1 < DIMENSIONS ? wide.below[i + 1] * wide.below[i + 1] * chain : 0);
        double expected = wide.scale[i] * sqrt(gaussian_covariance(&wide, i, i) / chain);
        assert_close(found[i] / expected, 1, 0.2, 1);
    }
    sampler_free(s);
}
END_TEST

/* Without correlations it is the variance, to rounding, from draws that have hardly moved. */
START_TEST(metric_from_draws_that_have_hardly_moved)
{
    static const struct gaussian straight = {{1e-3, 1, 30, 1e-2, 1e3}, {0}, {0}};
    struct sampler_target t = gaussian_target(&straight);
    struct sampler_options o = {
        .kernel = SAMPLER_MALA, .metric = SAMPLER_FISHER, .step = 1e-4, .warmup = 40, .seed = 9};
    double start[4 * DIMENSIONS];
    start_near(&straight, 4, start);
    struct sampler *s = sampled(&t, &o, start, 1);
    for (size_t i = 0; i < DIMENSIONS; i++)
        assert_close(sampler_variances(s, 0)[i] / (straight.scale[i] * straight.scale[i]), 1, 1e-6, 1);
    sampler_free(s);
}
END_TEST

static double normal(double beta, const double *x, double *gradient, double *tempered, void *context)
{
    (void)context;
    gradient[0] = -beta * x[0];
    *tempered = -x[0] * x[0] / 2;
    return beta * *tempered;
}

/* One leapfrog step of a harmonic oscillator is a linear map of determinant 1; with its larger singular value s the
 * mean acceptance is (4/pi) atan(1/s). */
START_TEST(acceptance_of_a_langevin_step)
{
    static const double steps[] = {0.5, 1, 1.6, 1.9};
    double e = steps[_i], a = 1 - e * e / 2, b = e, c = -e * (1 - e * e / 4);
    double frobenius = 2 * a * a + b * b + c * c, s = sqrt((frobenius + sqrt(frobenius * frobenius - 4)) / 2);
    struct sampler_target t = {.n = 1, .evaluate = normal};
    struct sampler_options o = {.kernel = SAMPLER_MALA, .metric = SAMPLER_UNIT, .step = e, .warmup = 100, .seed = 8};
    struct sampler *sampler = sampled(&t, &o, (double[]){0, 1, -1, 2}, 20000);
    assert_close(sampler_rung(sampler, 0).acceptance, 4 / M_PI * atan(1 / s), 0.01, 1);
    ck_assert_double_eq(sampler_rung(sampler, 0).step, e);
    struct diagnostics d = diagnosed(sampler, 0, SAMPLER_TEMPERED);
    ck_assert_double_lt(fabs(d.mean + 0.5), 5 * d.mcse);
    sampler_free(sampler);
}
END_TEST

/* The neck is too narrow for a step that suits the rest. Divergences say so when chains meet it, which not all do; that
 * they do not agree is said every time. */
START_TEST(funnel_is_flagged)
{
    size_t divergences = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sampler_target t = {.n = 10, .evaluate = funnel};
        struct sampler_options o = {.seed = seed};
        double start[40] = {0};
        struct sampler *s = sampled(&t, &o, start, 1000);
        divergences += sampler_rung(s, 0).divergences;
        ck_assert_double_gt(diagnosed(s, 0, SAMPLER_LOG_DENSITY).rhat, 1.01);
        sampler_free(s);
    }
    ck_assert_uint_gt(divergences, 10);
}
END_TEST

START_TEST(modes_apart_need_a_ladder)
{
    static const double betas[] = {1, 0.4, 0.16, 0.06};
    struct sampler_target t = {.n = 2, .evaluate = two_modes, .quantities = which_mode, .n_quantities = 1};
    struct sampler_options o = {.betas = betas, .n_betas = _i ? 4 : 1, .seed = 6};
    double start[8] = {-4, 0, 4, 0, -4, 0, 4, 0};
    struct sampler *s = sampled(&t, &o, start, 4000);
    struct diagnostics d = diagnosed(s, 0, SAMPLER_OWN);
    if (_i) {
        ck_assert_double_lt(d.rhat, 1.02);
        ck_assert_double_gt(d.ess_mean, 200);
        ck_assert_double_lt(fabs(d.mean - 0.7), 4 * d.mcse);
        for (size_t k = 0; k + 1 < 4; k++)
            ck_assert_double_gt(sampler_rung(s, k).swap_acceptance, 0.2);
        ck_assert(isnan(sampler_rung(s, 3).swap_acceptance));
    } else
        ck_assert(!(d.rhat < 1.5)); /* undefined where no chain ever crosses */
    sampler_free(s);
}
END_TEST

/* Every rung has its own distribution, whatever is exchanged: -E tempered = d/(2 beta). */
START_TEST(rungs_have_their_own_temperature)
{
    static const double betas[] = {1, 0.5, 0.2};
    struct sampler_target t = gaussian_target(&round_one);
    struct sampler_options o = {.kernel = SAMPLER_HMC, .betas = betas, .n_betas = 3, .seed = 7};
    double start[4 * DIMENSIONS];
    start_near(&round_one, 4, start);
    struct sampler *s = sampled(&t, &o, start, 3000);
    for (size_t k = 0; k < 3; k++) {
        struct diagnostics d = diagnosed(s, k, SAMPLER_TEMPERED);
        ck_assert_double_lt(fabs(d.mean + DIMENSIONS / 2.0 / betas[k]), 5 * d.mcse);
        ck_assert_double_lt(d.mcse, 0.05 / betas[k]);
    }
    sampler_free(s);
}
END_TEST

/* --- what is recorded ----------------------------------------------------------------------------------------------*/

START_TEST(draws_are_what_was_evaluated)
{
    static const double betas[] = {1, 0.3};
    struct sampler_target t = gaussian_target(&round_one);
    struct sampler_options o = {.kernel = (enum sampler_kernel)_i,
                                .chains = 3,
                                .warmup = 60,
                                .thin = 3,
                                .betas = betas,
                                .n_betas = 2,
                                .keep_positions = true,
                                .seed = 2};
    double start[3 * DIMENSIONS], trace[2][3 * 40], gradient[DIMENSIONS], tempered;
    start_near(&round_one, 3, start);
    struct sampler *s = sampled(&t, &o, start, 40);
    for (size_t rung = 0; rung < 2; rung++) {
        sampler_copy(s, rung, SAMPLER_TEMPERED, trace[0]);
        sampler_copy(s, rung, SAMPLER_LOG_DENSITY, trace[1]);
        for (size_t chain = 0; chain < 3; chain++) {
            for (size_t draw = 0; draw < 40; draw++) {
                const double *x = sampler_position(s, chain, rung, draw);
                double all = gaussian_evaluate(betas[rung], x, gradient, &tempered, (void *)&round_one);
                ck_assert_double_eq(trace[0][chain * 40 + draw], tempered);
                ck_assert_double_eq(trace[1][chain * 40 + draw], all);
            }
            ck_assert_mem_eq(sampler_position(s, chain, rung, 39), sampler_last(s, chain, rung),
                             DIMENSIONS * sizeof(double));
        }
    }
    sampler_free(s);
}
END_TEST

START_TEST(a_start_outside_is_refused)
{
    struct sampler_target t = {.n = 1, .evaluate = nowhere};
    struct sampler_options o = {.chains = 1};
    struct sampler *s;
    struct error e = {0};
    ck_assert_int_eq(sampler_new(&t, &o, (double[]){0}, &s, &e), STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "chain 1") != NULL, "%s", e.message);
    sampler_free(s);
    sampler_free(NULL);
}
END_TEST

/* --- the same numbers ----------------------------------------------------------------------------------------------*/

enum { CHAINS = 5, DRAWS = 60 };
static const double ladder[] = {1, 0.5};

static struct sampler_options small(enum sampler_kernel kernel)
{
    return (struct sampler_options){.kernel = kernel,
                                    .metric = kernel == SAMPLER_HMC    ? SAMPLER_DENSE
                                              : kernel == SAMPLER_MALA ? SAMPLER_FISHER
                                                                       : SAMPLER_DIAGONAL,
                                    .chains = CHAINS,
                                    .warmup = 160,
                                    .betas = ladder,
                                    .n_betas = 2,
                                    .keep_positions = true,
                                    .seed = 99};
}

static void assert_same(const struct sampler *a, const struct sampler *b)
{
    static double x[2][CHAINS * DRAWS];
    for (size_t rung = 0; rung < 2; rung++) {
        sampler_copy(a, rung, SAMPLER_LOG_DENSITY, x[0]);
        sampler_copy(b, rung, SAMPLER_LOG_DENSITY, x[1]);
        ck_assert_mem_eq(x[0], x[1], sizeof x[0]);
        for (size_t chain = 0; chain < CHAINS; chain++)
            for (size_t draw = 0; draw < DRAWS; draw++)
                ck_assert_mem_eq(sampler_position(a, chain, rung, draw), sampler_position(b, chain, rung, draw),
                                 DIMENSIONS * sizeof(double));
        struct sampler_rung one = sampler_rung(a, rung), other = sampler_rung(b, rung);
        ck_assert_double_eq(one.step, other.step);
        ck_assert_double_eq(one.acceptance, other.acceptance);
        ck_assert_double_eq(one.steps, other.steps);
    }
    ck_assert_uint_eq(sampler_evaluations(a), sampler_evaluations(b));
}

START_TEST(any_number_of_threads)
{
    struct sampler_target t = gaussian_target(&wide);
    double start[CHAINS * DIMENSIONS];
    start_near(&wide, CHAINS, start);
    struct sampler_options o = small((enum sampler_kernel)_i);
    o.threads = 1;
    struct sampler *one = sampled(&t, &o, start, DRAWS);
    static const int counts[] = {2, 3, 8, 0};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        o.threads = counts[k];
        struct sampler *many = sampled(&t, &o, start, DRAWS);
        assert_same(one, many);
        sampler_free(many);
    }
    o.seed++;
    struct sampler *other = sampled(&t, &o, start, DRAWS);
    ck_assert(sampler_last(one, 0, 0)[0] != sampler_last(other, 0, 0)[0]);
    sampler_free(other);
    memcpy(start + DIMENSIONS, start, DIMENSIONS * sizeof *start); /* from the same place each chain goes its own way */
    other = sampled(&t, &o, start, 1);
    ck_assert(sampler_last(other, 0, 0)[0] != sampler_last(other, 1, 0)[0]);
    sampler_free(other);
    sampler_free(one);
}
END_TEST

/* A reporter that wants to stop after so many questions. */
static bool stop_after(void *context)
{
    return atomic_fetch_sub((atomic_int *)context, 1) <= 0;
}

/* Stopped again and again, each time taken up from the file by a new sampler. */
START_TEST(stopped_runs_end_the_same)
{
    char folder[TESTING_PATH], path[TESTING_PATH];
    struct sampler_target t = gaussian_target(&wide);
    double start[CHAINS * DIMENSIONS];
    start_near(&wide, CHAINS, start);
    struct sampler_options o = small((enum sampler_kernel)_i);
    struct sampler *whole = sampled(&t, &o, start, DRAWS), *s;
    o.checkpoint = testing_path(path, testing_folder(folder), "chains");
    o.key = "here";
    enum status status;
    size_t stops = 0;
    do {
        atomic_int left;
        atomic_init(&left, 150 + 13 * (int)stops);
        struct reporter r = {.stop_requested = stop_after, .context = &left};
        o.threads = 1 + (int)stops % 3;
        ck_assert_int_eq(sampler_new(&t, &o, start, &s, NULL), STATUS_OK);
        status = sampler_run(s, DRAWS, &r, NULL);
        if (status == STATUS_INTERRUPTED) {
            ck_assert(testing_exists(path));
            sampler_free(s);
            stops++;
        }
    } while (status == STATUS_INTERRUPTED && stops < 100);
    ck_assert_int_eq(status, STATUS_OK);
    ck_assert_uint_gt(stops, 4);
    assert_same(whole, s);
    sampler_free(s);
    sampler_free(whole);
}
END_TEST

START_TEST(more_draws_go_on)
{
    struct sampler_target t = gaussian_target(&wide);
    double start[CHAINS * DIMENSIONS];
    start_near(&wide, CHAINS, start);
    struct sampler_options o = small(SAMPLER_NUTS);
    struct sampler *whole = sampled(&t, &o, start, DRAWS), *parts = sampled(&t, &o, start, 7);
    ck_assert_int_eq(sampler_run(parts, 31, NULL, NULL), STATUS_OK);
    ck_assert_int_eq(sampler_run(parts, DRAWS, NULL, NULL), STATUS_OK);
    assert_same(whole, parts);
    sampler_free(parts);
    sampler_free(whole);
}
END_TEST

/* Of another key or seed, cut short, or not a checkpoint at all: begun anew. */
START_TEST(other_checkpoints_are_not_used)
{
    char folder[TESTING_PATH], path[TESTING_PATH];
    struct sampler_target t = gaussian_target(&wide);
    double start[CHAINS * DIMENSIONS];
    start_near(&wide, CHAINS, start);
    struct sampler_options o = small(SAMPLER_MALA);
    o.checkpoint = testing_path(path, testing_folder(folder), "chains");
    atomic_int left;
    atomic_init(&left, 900);
    struct reporter r = {.stop_requested = stop_after, .context = &left};
    struct sampler *s;
    ck_assert_int_eq(sampler_new(&t, &o, start, &s, NULL), STATUS_OK);
    ck_assert_int_eq(sampler_run(s, DRAWS, &r, NULL), STATUS_INTERRUPTED);
    sampler_free(s);
    size_t length;
    char *text = testing_read(path, &length);
    struct sampler_options other = o;
    other.seed += _i == 0;
    other.key = _i == 1 ? "elsewhere" : NULL;
    if (_i >= 2)
        testing_write_bytes(path, text, _i == 2 ? length - 8 : 20);
    free(text);
    struct sampler *resumed = sampled(&t, &other, start, DRAWS);
    other.checkpoint = NULL;
    struct sampler *anew = sampled(&t, &other, start, DRAWS);
    assert_same(anew, resumed);
    sampler_free(resumed);
    sampler_free(anew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sampler");
    TCase *densities = tcase_create("densities"), *record = tcase_create("record"), *same = tcase_create("same");
    tcase_add_loop_test(densities, moments_of_gaussians, 0, sizeof gaussians / sizeof gaussians[0]);
    tcase_add_loop_test(densities, metric_is_the_covariance, 0, 2);
    tcase_add_test(densities, metric_of_least_fisher_divergence);
    tcase_add_test(densities, metric_from_draws_that_have_hardly_moved);
    tcase_add_loop_test(densities, acceptance_of_a_langevin_step, 0, 4);
    tcase_add_test(densities, funnel_is_flagged);
    tcase_add_loop_test(densities, modes_apart_need_a_ladder, 0, 2);
    tcase_add_test(densities, rungs_have_their_own_temperature);
    tcase_add_loop_test(record, draws_are_what_was_evaluated, 0, 3);
    tcase_add_test(record, a_start_outside_is_refused);
    tcase_add_loop_test(same, any_number_of_threads, 0, 3);
    tcase_add_loop_test(same, stopped_runs_end_the_same, 0, 3);
    tcase_add_test(same, more_draws_go_on);
    tcase_add_loop_test(same, other_checkpoints_are_not_used, 0, 4);
    suite_add_tcase(suite, densities);
    suite_add_tcase(suite, record);
    suite_add_tcase(suite, same);
    return testing_main(suite);
}
