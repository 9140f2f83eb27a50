/* Langevin dynamics without acceptance: its bias is known in closed form for normal densities. */
#include "solver/diagnostics.h"
#include "solver/sgld.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 20000, CHAINS = 4 };

/* N(0, variance) per coordinate; the gradient with a noise of its own. */
struct normal {
    size_t n;
    double variance[2], noise;
};

static void gradient(struct random_stream *r, const double *x, double *g, void *context)
{
    const struct normal *p = context;
    for (size_t i = 0; i < p->n; i++)
        g[i] = -x[i] / p->variance[i] + (p->noise > 0 ? p->noise * random_normal(r) : 0);
}

static void squares(const double *x, double *q, void *context)
{
    const struct normal *p = context;
    for (size_t i = 0; i < p->n; i++)
        q[i] = x[i] * x[i];
}

static double out[2 * CHAINS * DRAWS];

static struct diagnostics run(struct normal *p, struct sgld_options o, size_t quantity)
{
    struct sgld_target t = {.n = p->n, .gradient = gradient, .quantities = squares, .n_quantities = p->n, .shared = p};
    double start[2 * CHAINS];
    struct diagnostics d;
    struct error e = {0};
    for (size_t i = 0; i < p->n * CHAINS; i++)
        start[i] = sqrt(p->variance[i % p->n]);
    o.burn_in = 10000;
    o.draws = DRAWS;
    ck_assert_msg(sgld_run(&t, &o, start, out, NULL, &e) == STATUS_OK, "%s", e.message);
    ck_assert_int_eq(diagnostics_of(CHAINS, DRAWS, out + quantity * CHAINS * DRAWS, &d, NULL), STATUS_OK);
    return d;
}

/* x' = (1 - a/2v) x + sqrt(a + a^2 s^2/4) z has the variance (a + a^2 s^2/4)/(1 - (1 - a/2v)^2), a the step times the
 * preconditioner. With memory 1 that is 1/floor. */
static double stationary(double a, double variance, double noise)
{
    double keep = 1 - a / 2 / variance;
    return (a + a * a * noise * noise / 4) / (1 - keep * keep);
}

START_TEST(bias_is_the_known_one)
{
    static const struct {
        double step, noise, floor;
    } cases[] = {{0.2, 0, 0}, {1, 0, 0}, {0.5, 3, 0}, {2, 0, 4}, {0.05, 1, 0.1}};
    struct normal p = {.n = 1, .variance = {1}, .noise = cases[_i].noise};
    double floor = cases[_i].floor;
    struct sgld_options o = {
        .step = cases[_i].step, .preconditioned = floor > 0, .memory = 1, .floor = floor, .seed = 3};
    struct diagnostics d = run(&p, o, 0);
    double expected = stationary(o.step / (floor > 0 ? floor : 1), 1, p.noise);
    ck_assert_msg(fabs(d.mean - expected) < 5 * d.mcse, "%g, not %g +- %g", d.mean, expected, d.mcse);
    ck_assert_double_lt(d.mcse, 0.03 * expected);
}
END_TEST

/* Scales a hundred apart, a preconditioner that lags behind and whose slope is left out: the bias is what
 * tests/reference/sgld.py finds (value, standard error). Without it a step that is stable for the small scale moves the
 * large one by nothing. */
START_TEST(preconditioner_evens_out_scales)
{
    static const double expected[2][2] = {{1.45342, 0.014}, {0.00012967, 8.4e-8}};
    struct normal p = {.n = 2, .variance = {1, 1e-4}, .noise = 0};
    struct sgld_options o = {.step = 0.01, .preconditioned = true, .floor = 0.1, .thin = 10, .seed = 5};
    for (size_t i = 0; i < 2; i++) {
        struct diagnostics d = run(&p, o, i);
        ck_assert_msg(fabs(d.mean - expected[i][0]) < 4 * hypot(d.mcse, expected[i][1]), "%g +- %g", d.mean, d.mcse);
        ck_assert_double_lt(d.mcse, 0.05 * p.variance[i]);
    }
    o.preconditioned = false;
    o.step = 1e-5;
    o.thin = 1;
    struct diagnostics d = run(&p, o, 0);
    ck_assert(!(d.ess_mean > 20));
}
END_TEST

START_TEST(any_number_of_threads)
{
    static double one[2 * CHAINS * DRAWS];
    struct normal p = {.n = 2, .variance = {1, 2}, .noise = 1};
    struct sgld_options o = {.step = 0.1, .preconditioned = true, .threads = 1, .seed = 5};
    run(&p, o, 0);
    memcpy(one, out, sizeof one);
    o.threads = 3;
    run(&p, o, 0);
    ck_assert_mem_eq(one, out, sizeof one);
}
END_TEST

START_TEST(too_long_a_step_is_said)
{
    struct normal p = {.n = 1, .variance = {1e-3}};
    struct sgld_target t = {.n = 1, .gradient = gradient, .quantities = squares, .n_quantities = 1, .shared = &p};
    struct sgld_options o = {.step = 1, .draws = 1000};
    double start[CHAINS] = {1, 1, 1, 1};
    struct error e = {0};
    ck_assert_int_eq(sgld_run(&t, &o, start, out, NULL, &e), STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "too long") != NULL, "%s", e.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sgld");
    TCase *all = tcase_create("sgld");
    tcase_add_loop_test(all, bias_is_the_known_one, 0, 5);
    tcase_add_test(all, preconditioner_evens_out_scales);
    tcase_add_test(all, any_number_of_threads);
    tcase_add_test(all, too_long_a_step_is_said);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
