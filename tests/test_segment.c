/* Basin segments of networks small enough to know: linear maps, where everything is exact, a hyperbola, and a curved
 * manifold, where the walk tends to the Jacobian's width as the tolerance gets smaller. */
#include "basin/segment.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bed {
    struct problem problem;
    struct dataset data;
    double theta[64], sigma[64];
    double x[16], t[16], x_validation[16], t_validation[16];
    struct minimum m;
};
static struct bed bed;

static void bed_init(const size_t *width, size_t n_widths, const char *activation, double sigma)
{
    memset(&bed, 0, sizeof bed);
    ck_assert(network_init(&bed.problem.network, width, n_widths, activation_find(activation), false, NULL) ==
              STATUS_OK);
    for (size_t i = 0; i < 64; i++)
        bed.sigma[i] = sigma;
    bed.problem.x = bed.x;
    bed.problem.t = bed.t;
    bed.data.x_validation = bed.x_validation;
    bed.data.t_validation = bed.t_validation;
    bed.m = (struct minimum){
        .problem = &bed.problem, .data = &bed.data, .theta = bed.theta, .sigma = bed.sigma, .threads = 1};
}

/* Targets are what the network does. */
static void fit(void)
{
    struct tape *tape;
    size_t k = problem_behaviours(&bed.problem);
    ck_assert(tape_new(&bed.problem, &tape, NULL) == STATUS_OK);
    tape_loss(tape, bed.theta);
    memcpy(bed.t, tape_outputs(tape), k * sizeof *bed.t);
    tape_free(tape);
}

static void find(double threshold, double tolerance, struct segment *s)
{
    struct error e = {0};
    ck_assert_msg(segment_find(&bed.m, threshold, tolerance, s, &e) == STATUS_OK, "%s", e.message);
}

static struct segment_walk walk(const struct segment *s, size_t direction, int sign)
{
    struct segment_walker *w;
    struct segment_walk found;
    ck_assert(segment_walker_new(&bed.m, s, &w, NULL) == STATUS_OK);
    ck_assert(segment_walk(w, direction, sign, &found, NULL) == STATUS_OK);
    segment_walker_free(w);
    return found;
}

/* f = w1 x1 + w2 x2 + w3 x3. Training sees 2 x1; validation 0.5 x2 (twice, at different places), nothing sees x3.
 * Across: lambda = 4. Along: s = 0.5, then 0, where the prior ends. */
START_TEST(a_linear_map_is_exact)
{
    struct segment s;
    size_t width[] = {3, 1};
    bed_init(width, 2, "identity", 1.5);
    bed.problem.n = 1;
    bed.x[0] = 2;
    bed.data.n_validation = 2;
    bed.x_validation[1] = 0.5;
    bed.x_validation[4] = -0.5;
    bed.theta[0] = 0.3;
    fit();
    find(0.02, 0.1, &s);
    ck_assert_uint_eq(s.rank, 1);
    ck_assert_uint_eq(s.dimension, 2);
    ck_assert_uint_eq(s.capped, 1);
    assert_close(s.eigenvalues[0], 4, 1e-12, 0);
    assert_close(s.width[0], 0.1 / 0.5, 1e-12, 0);
    assert_close(s.width[1], 1.5, 1e-12, 0);
    /* V_1 sqrt(2 T)/sqrt(4) x V_2 0.2 x 1.5 */
    assert_close(s.volume.log_volume, log(2 * sqrt(0.04) / 2 * M_PI * 0.2 * 1.5), 1e-12, 1);
    assert_close(s.log_volume_capped, s.volume.log_volume, 1e-12, 1);
    for (int sign = -1; sign <= 1; sign += 2) {
        struct segment_walk one = walk(&s, 0, sign), two = walk(&s, 1, sign);
        ck_assert(!one.failed && !one.by_prior && !two.failed && two.by_prior);
        assert_close(one.found, 0.2, 1e-9, 0);
        assert_close(two.found, 1.5, 1e-9, 0);
    }
    segment_clear(&s);
    find(1e4, 0.1, &s); /* the loss lets go further than the prior */
    ck_assert_uint_eq(s.across_capped, 1);
    assert_close(s.log_volume_capped, log(2 * 1.5 * M_PI * 0.2 * 1.5), 1e-12, 1);
    segment_clear(&s);
}
END_TEST

/* Cross-entropy: the Hessian across is x^2 (diag p - p p^T). Two outputs with equal logits: p = 1/2, lambda = x^2/2
 * along (1, -1)/sqrt 2, and 0 along (1, 1), which the probabilities do not see. */
START_TEST(softmax_has_its_own_curvature)
{
    struct segment s;
    size_t width[] = {1, 2};
    bed_init(width, 2, "identity", 1);
    bed.problem.n = 1;
    bed.problem.loss = LOSS_CE;
    bed.problem.behaviour = BEHAVIOUR_PROBABILITIES;
    bed.x[0] = 3;
    bed.t[0] = bed.t[1] = 0.5;
    bed.data.n_validation = 1;
    bed.x_validation[0] = 1;
    find(0.01, 0.1, &s);
    ck_assert_uint_eq(s.rank, 1);
    assert_close(s.eigenvalues[0], 9 * 0.5, 1e-12, 0);
    assert_close(s.width[0], 1, 1e-12, 0);
    segment_clear(&s);
}
END_TEST

/* f = a b x: the manifold is the hyperbola a b = c, on which no behaviour changes. The prior ends it where |theta -
 * theta*| is sigma; the way there is longer than that. */
START_TEST(a_walk_follows_a_hyperbola)
{
    struct segment s;
    size_t width[] = {1, 1, 1};
    double sigma = 0.8;
    bed_init(width, 3, "identity", sigma);
    bed.problem.n = 1;
    bed.x[0] = 1;
    bed.theta[0] = bed.theta[1] = 1;
    bed.data.n_validation = 1;
    bed.x_validation[0] = 2;
    fit();
    find(0.01, 0.1, &s);
    ck_assert_uint_eq(s.dimension, 1);
    assert_close(s.width[0], sigma, 1e-9, 0);
    struct segment_walk up = walk(&s, 0, 1), down = walk(&s, 0, -1);
    double a = 1, way = 0, step = 1e-5; /* along (a, 1/a) */
    while (hypot(a - 1, 1 / a - 1) < sigma) {
        way += hypot(step, 1 / (a + step) - 1 / a);
        a += step;
    }
    ck_assert(up.by_prior && down.by_prior && !up.failed && !down.failed);
    printf("found %.5f and %.5f, way %.5f\n", up.found, down.found, way);
    assert_close(up.found, way, 2e-3, 0); /* chords of the walk's steps */
    assert_close(down.found, way, 2e-3, 0);
    ck_assert_double_lt(up.residual, 1e-8);
    segment_clear(&s);
}
END_TEST

/* tanh 1-4-1, 2 examples, validation elsewhere: found/predicted tends to 1 in proportion to the tolerance. */
START_TEST(walks_tend_to_the_jacobian)
{
    static const double weights[8] = {0.8, -0.5, 1.2, 0.3, 0.6, 0.9, -0.7, 0.4};
    size_t width[] = {1, 4, 1};
    double off[2] = {0};
    for (int k = 0; k < 2; k++) {
        struct segment s;
        bed_init(width, 3, "tanh", 10);
        bed.problem.n = 2;
        bed.x[0] = 0.5;
        bed.x[1] = -1.2;
        memcpy(bed.theta, weights, sizeof weights);
        bed.data.n_validation = 3;
        bed.x_validation[0] = 2;
        bed.x_validation[1] = -3;
        bed.x_validation[2] = 1;
        fit();
        find(0.01, k ? 1e-3 : 1e-2, &s);
        ck_assert_uint_eq(s.dimension, 6);
        for (int sign = -1; sign <= 1; sign += 2) {
            struct segment_walk w = walk(&s, 0, sign);
            ck_assert(!w.failed && !w.by_prior);
            off[k] = fmax(off[k], fabs(w.found / w.predicted - 1));
        }
        segment_clear(&s);
    }
    printf("off by %.2g and %.2g\n", off[0], off[1]);
    ck_assert_double_lt(off[0], 0.1);
    ck_assert_double_lt(off[1], 0.2 * off[0]);
}
END_TEST

START_TEST(what_has_no_segment_is_refused)
{
    struct segment s;
    struct error e = {0};
    size_t width[] = {2, 1};
    bed_init(width, 2, "identity", 1);
    bed.problem.n = 1;
    bed.x[0] = 1;
    ck_assert(segment_find(&bed.m, 0.01, 0.1, &s, &e) == STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "data.validation"));
    segment_clear(&s);
    bed.data.n_validation = 1;
    bed.x_validation[0] = 1;
    bed.t[0] = 7; /* no fit */
    ck_assert(segment_find(&bed.m, 0.01, 0.1, &s, &e) == STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.message, "not a perfect fit"));
    segment_clear(&s);
    bed.problem.n = 2;
    bed.x[2] = 0;
    bed.x[3] = 1;
    fit();
    ck_assert(segment_find(&bed.m, 0.01, 0.1, &s, &e) == STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.message, "a point"));
    segment_clear(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("segment");
    TCase *tests = tcase_create("segment");
    tcase_add_test(tests, a_linear_map_is_exact);
    tcase_add_test(tests, softmax_has_its_own_curvature);
    tcase_add_test(tests, a_walk_follows_a_hyperbola);
    tcase_add_test(tests, walks_tend_to_the_jacobian);
    tcase_add_test(tests, what_has_no_segment_is_refused);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
