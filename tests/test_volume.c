/* Tiny networks, where counting is feasible: annealing up and down agree with it, and star domains are a lower bound.
 */
#include "basin/annealed.h"
#include "basin/rejection.h"
#include "basin/sameness.h"
#include "basin/star.h"
#include "basin/volume_private.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 20251125, N_MOST = 8 };

static const struct {
    const char *name, *activation, *measure;
    size_t n_widths, width[3];
    double cutoff;
    enum loss_kind loss;
    bool bias;
} nets[] = {
    {"tanh 1-2-1", "tanh", "kl", 3, {1, 2, 1}, 0.05, LOSS_MSE, false},
    {"tanh 1-2-1 with biases", "tanh", "kl", 3, {1, 2, 1}, 0.1, LOSS_MSE, true},
    {"softplus 2-2-1, bce", "softplus", "loss", 3, {2, 2, 1}, 0.02, LOSS_BCE, false},
    {"linear 1-1-1", "identity", "kl", 3, {1, 1, 1}, 0.02, LOSS_MSE, false},
    {"gelu 2-2-2, ce", "gelu-tanh", "kl", 3, {2, 2, 2}, 0.05, LOSS_CE, false},
};

struct bed {
    struct problem problem;
    double x[12], t[12], theta[N_MOST], sigma[N_MOST];
    struct sameness *sameness;
    struct region region;
    struct prior prior;
};

static void bed_init(struct bed *b, int i)
{
    struct random_stream r = random_stream(SEED, (uint64_t)i);
    struct tape *tape;
    memset(b, 0, sizeof *b);
    ck_assert(network_init(&b->problem.network, nets[i].width, nets[i].n_widths, activation_find(nets[i].activation),
                           nets[i].bias, NULL) == STATUS_OK);
    size_t N = b->problem.network.n_parameters, outputs = nets[i].width[2];
    ck_assert_uint_le(N, N_MOST);
    b->problem.n = 5;
    b->problem.x = b->x;
    b->problem.t = b->t;
    b->problem.loss = nets[i].loss;
    random_normals(&r, 5 * nets[i].width[0], b->x);
    random_normals(&r, N, b->theta);
    for (size_t k = 0; k < N_MOST; k++)
        b->sigma[k] = 1;
    ck_assert(tape_new(&b->problem, &tape, NULL) == STATUS_OK);
    tape_loss(tape, b->theta); /* targets: what it does, a perfect fit */
    memcpy(b->t, nets[i].loss == LOSS_MSE ? tape_outputs(tape) : tape_probabilities(tape), 5 * outputs * sizeof *b->t);
    tape_free(tape);
    ck_assert(sameness_new(sameness_find(nets[i].measure), &b->problem, NULL, b->theta, &b->sameness, NULL) ==
              STATUS_OK);
    b->region = sameness_region(b->sameness, nets[i].cutoff);
    b->prior = (struct prior){.sigma = b->sigma};
}

static void assert_agree(const char *what, const struct estimate *a, const struct estimate *truth)
{
    printf("  %s %.4f +- %.4f %s\n", what, a->log_value, a->error, a->reason);
    ck_assert_msg(!a->refused, "%s: %s", what, a->reason);
    ck_assert_double_le(fabs(a->log_value - truth->log_value), 3 * hypot(a->error, truth->error));
}

START_TEST(counting_annealing_and_stars)
{
    struct bed b;
    struct estimate counted;
    struct annealed up, down;
    struct star star;
    bed_init(&b, _i);
    ck_assert(rejection_mass(&b.region, &b.prior, 60000, SEED, 0, 2, NULL, &counted, NULL) == STATUS_OK);
    printf("%s: counted %.4f +- %.4f\n", nets[_i].name, counted.log_value, counted.error);
    ck_assert(!counted.refused);
    struct annealed_options options = {.seed = SEED, .threads = 2, .warmup = 300, .draws = 500};
    ck_assert(annealed_mass(&b.region, &b.prior, &options, NULL, &up, NULL) == STATUS_OK);
    assert_agree("up", &up.estimate, &counted);
    double betas[200];
    for (size_t k = 0; k < up.n_rungs; k++)
        betas[k] = up.rungs[k].beta;
    options.betas = betas;
    options.n_betas = up.n_rungs;
    options.reverse = true;
    ck_assert(annealed_mass(&b.region, &b.prior, &options, NULL, &down, NULL) == STATUS_OK);
    assert_agree("down", &down.estimate, &counted);
    struct star_map map = {0};
    struct star_options rays = {.directions = 20000, .seed = SEED, .threads = 2, .checks = 8};
    ck_assert(star_volume(&b.region, &b.prior, &map, &rays, NULL, &star, NULL) == STATUS_OK);
    printf("  star %.4f +- %.4f, %zu came back; ln copies %.4f %s\n", star.estimate.log_value, star.estimate.error,
           star.returned, volume_log_copies(&b.problem.network, b.theta), star.estimate.reason);
    if (!star.estimate.refused)
        ck_assert_double_lt(star.estimate.log_value, counted.log_value + 3 * hypot(star.estimate.error, counted.error));
    ck_assert_double_lt(star.estimate.at_least, counted.log_value);
    annealed_clear(&up);
    annealed_clear(&down);
    star_clear(&star);
    sameness_free(b.sameness);
}
END_TEST

/* 2! 2^2 for tanh; two equal units: 2!/2!; a unit and its mirror image likewise; a dead one: no sign. */
START_TEST(copies_are_counted)
{
    struct network net;
    size_t width[] = {2, 2, 1};
    ck_assert(network_init(&net, width, 3, activation_find("tanh"), true, NULL) == STATUS_OK);
    /* W1 (2, 2), b1 (2), W2 (1, 2), b2 */
    const double different[] = {1, 2, 3, 4, 0.5, 0.6, 7, 8, 9}, equal[] = {1, 2, 1, 2, 0.5, 0.5, 7, 7, 9},
                 mirrored[] = {1, 2, -1, -2, 0.5, -0.5, 7, -7, 9}, dead[] = {1, 2, 0, 0, 0.5, 0, 7, 0, 9};
    assert_close(volume_log_copies(&net, different), log(8), 1e-12, 1);
    assert_close(volume_log_copies(&net, equal), log(4), 1e-12, 1);
    assert_close(volume_log_copies(&net, mirrored), log(4), 1e-12, 1);
    assert_close(volume_log_copies(&net, dead), log(4), 1e-12, 1);
    net.activation = activation_find("gelu");
    assert_close(volume_log_copies(&net, different), log(2), 1e-12, 1);
    assert_close(volume_log_copies(&net, mirrored), log(2), 1e-12, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("volume");
    TCase *tests = tcase_create("tiny networks");
    tcase_add_loop_test(tests, counting_annealing_and_stars, 0, sizeof nets / sizeof nets[0]);
    tcase_add_test(tests, copies_are_counted);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
