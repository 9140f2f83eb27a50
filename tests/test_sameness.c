/* Measures of sameness against their definitions written down naively, their gradients and Hessians against
 * differences, their values along rays against their values. */
#include "basin/sameness.h"
#include "basin/star.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_MOST = 200, ROWS = 300, VALIDATION = 40, INPUTS = 3, OUTPUTS = 4 };

struct bed {
    struct problem problem;
    struct dataset data;
    double x[ROWS * INPUTS], t[ROWS * OUTPUTS], x_validation[VALIDATION * INPUTS], t_validation[VALIDATION * OUTPUTS];
    double theta[N_MOST];
    struct sameness *sameness;
    struct region region;
    void *worker;
};
static struct bed bed;

/* Targets are probabilities that sum to 1, right for every loss. */
static void bed_init(const char *measure, enum loss_kind loss, const char *activation, size_t hidden_layers)
{
    size_t width[] = {INPUTS, 5, 6, OUTPUTS};
    struct random_stream r = random_stream(20251125, 3);
    memset(&bed, 0, sizeof bed);
    if (hidden_layers == 1)
        width[2] = OUTPUTS;
    ck_assert(network_init(&bed.problem.network, width, hidden_layers + 2, activation_find(activation), true, NULL) ==
              STATUS_OK);
    random_normals(&r, ROWS * INPUTS, bed.x);
    random_normals(&r, VALIDATION * INPUTS, bed.x_validation);
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0;
        for (size_t j = 0; j < OUTPUTS; j++)
            sum += bed.t[i * OUTPUTS + j] = random_uniform(&r);
        for (size_t j = 0; j < OUTPUTS; j++)
            bed.t[i * OUTPUTS + j] /= sum;
    }
    network_draw(&bed.problem.network, INIT_NORMAL, 0.7, 5, 0, bed.theta);
    bed.problem.n = ROWS;
    bed.problem.x = bed.x;
    bed.problem.t = bed.t;
    bed.problem.loss = loss;
    bed.problem.weight_decay = 0.01;
    bed.data = (struct dataset){
        .n_validation = VALIDATION, .x_validation = bed.x_validation, .t_validation = bed.t_validation};
    struct error e = {0};
    ck_assert_msg(sameness_new(sameness_find(measure), &bed.problem, &bed.data, bed.theta, &bed.sameness, &e) ==
                      STATUS_OK,
                  "%s", e.message);
    bed.region = sameness_region(bed.sameness, 0.01);
    ck_assert(region_worker_new(&bed.region, &bed.worker, NULL) == STATUS_OK);
}

static void bed_clear(void)
{
    region_worker_free(&bed.region, bed.worker);
    sameness_free(bed.sameness);
}

/* theta* moved by `far` in a random direction, different for each k. */
static void move(size_t k, double far, double *theta)
{
    struct random_stream r = random_stream(1, 100 + k);
    for (size_t i = 0; i < bed.problem.network.n_parameters; i++)
        theta[i] = bed.theta[i] + far * random_normal(&r);
}

/* All activations of the network by loops: out[l] (rows, width[l]). */
static void naive_activations(const double *theta, const double *x, size_t rows, double *out[4])
{
    const struct network *net = &bed.problem.network;
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t i = 0; i < rows; i++)
            for (size_t o = 0; o < net->width[l + 1]; o++) {
                const double *in = l == 0 ? x + i * net->width[0] : out[l] + i * net->width[l];
                double z = theta[net->bias_at[l] + o];
                for (size_t j = 0; j < net->width[l]; j++)
                    z += theta[net->weight_at[l] + o * net->width[l] + j] * in[j];
                if (l + 1 < net->n_layers)
                    net->activation->evaluate(1, &z, &z, NULL, NULL);
                out[l + 1][i * net->width[l + 1] + o] = z;
            }
}

static double square(double x)
{
    return x * x;
}

static double naive_divergence(const double *f, const double *g)
{
    double p = 0, q = 0, sum = 0;
    for (size_t j = 0; j < OUTPUTS; j++)
        p += exp(f[j]), q += exp(g[j]);
    for (size_t j = 0; j < OUTPUTS; j++)
        switch (bed.problem.loss) {
        case LOSS_MSE:
            sum += square(f[j] - g[j]) / 2;
            break;
        case LOSS_CE:
            sum += exp(f[j]) / p * (f[j] - log(p) - g[j] + log(q));
            break;
        case LOSS_BCE: {
            double a = 1 / (1 + exp(-f[j])), b = 1 / (1 + exp(-g[j]));
            sum += a * log(a / b) + (1 - a) * log((1 - a) / (1 - b));
        }
        }
    return sum;
}

static double naive(const char *measure, const double *theta)
{
    static double memory[8][ROWS * 8];
    double *a[4] = {memory[6], memory[0], memory[1], memory[2]}, *b[4] = {memory[7], memory[3], memory[4], memory[5]};
    bool validation = strcmp(measure, "output-distance") == 0;
    const struct network *net = &bed.problem.network;
    size_t rows = validation ? VALIDATION : ROWS, last = net->n_layers;
    naive_activations(bed.theta, validation ? bed.x_validation : bed.x, rows, a);
    naive_activations(theta, validation ? bed.x_validation : bed.x, rows, b);
    double sum = 0, norm = 0;
    if (strcmp(measure, "kl") == 0)
        for (size_t i = 0; i < rows; i++)
            sum += naive_divergence(a[last] + i * OUTPUTS, b[last] + i * OUTPUTS) / (double)rows;
    if (validation)
        for (size_t i = 0; i < rows * OUTPUTS; i++)
            sum += square(a[last][i] - b[last][i]) / 2 / (double)rows;
    if (strcmp(measure, "hidden-activations") == 0) {
        for (size_t l = 1; l < last; l++)
            for (size_t i = 0; i < rows * net->width[l]; i++)
                sum += square(a[l][i] - b[l][i]) / 2, norm += square(a[l][i]);
        sum /= norm;
    }
    if (strcmp(measure, "feature-gram") == 0) {
        size_t h = net->width[last - 1];
        ck_assert(last == 2 || last == 3);
        for (size_t i = 0; i < rows; i++)
            for (size_t k = 0; k < rows; k++) {
                double ka = 0, kb = 0;
                for (size_t j = 0; j < h; j++) {
                    ka += a[last - 1][i * h + j] * a[last - 1][k * h + j];
                    kb += b[last - 1][i * h + j] * b[last - 1][k * h + j];
                }
                sum += square(ka - kb) / 2, norm += square(ka);
            }
        sum /= norm;
    }
    if (strcmp(measure, "loss") == 0) {
        struct tape *tape;
        struct problem p = bed.problem;
        p.weight_decay = 0;
        ck_assert(tape_new(&p, &tape, NULL) == STATUS_OK);
        sum = tape_loss(tape, theta) - tape_loss(tape, bed.theta);
        tape_free(tape);
    }
    return sum;
}

static const struct {
    const char *measure;
    enum loss_kind loss;
} cases[] = {{"loss", LOSS_MSE},
             {"loss", LOSS_BCE},
             {"loss", LOSS_CE},
             {"kl", LOSS_MSE},
             {"kl", LOSS_BCE},
             {"kl", LOSS_CE},
             {"output-distance", LOSS_CE},
             {"hidden-activations", LOSS_CE},
             {"feature-gram", LOSS_MSE}};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(values_are_those_of_the_definition)
{
    for (size_t layers = 1; layers <= 2; layers++) {
        bed_init(cases[_i].measure, cases[_i].loss, "tanh", layers);
        assert_close(bed.region.value(bed.worker, bed.theta), 0, 1e-14, 1);
        for (size_t k = 0; k < 6; k++) {
            double theta[N_MOST], far = pow(10, -(double)k / 2);
            move(k, far, theta);
            double truth = naive(cases[_i].measure, theta);
            assert_close(bed.region.value(bed.worker, theta), truth, 1e-9, 1e-4);
            ck_assert(strcmp(cases[_i].measure, "loss") == 0 || truth > 0);
        }
        bed_clear();
    }
}
END_TEST

START_TEST(gradients_are_slopes_of_values)
{
    bed_init(cases[_i].measure, cases[_i].loss, "gelu-tanh", 2);
    double theta[N_MOST], g[N_MOST], step = 1e-5;
    for (size_t k = 0; k < 3; k++) {
        move(k, 0.3, theta);
        double d = bed.region.gradient(bed.worker, theta, g);
        assert_close(d, bed.region.value(bed.worker, theta), 1e-12, 1e-3);
        for (size_t i = 0; i < bed.problem.network.n_parameters; i += 3) {
            double at = theta[i];
            theta[i] = at + step;
            double above = bed.region.value(bed.worker, theta);
            theta[i] = at - step;
            double below = bed.region.value(bed.worker, theta);
            theta[i] = at;
            assert_close(g[i], (above - below) / (2 * step), 1e-6, 1e-2);
        }
    }
    bed_clear();
}
END_TEST

START_TEST(hessians_are_slopes_of_gradients)
{
    bed_init(cases[_i].measure, cases[_i].loss, "tanh", 2);
    size_t N = bed.problem.network.n_parameters;
    double *H = malloc(N * N * sizeof *H), theta[N_MOST], above[N_MOST], below[N_MOST], step = 1e-4, error;
    ck_assert(sameness_hessian(bed.sameness, H, &error, NULL) == STATUS_OK);
    memcpy(theta, bed.theta, N * sizeof *theta);
    for (size_t i = 0; i < N; i += 5) {
        theta[i] = bed.theta[i] + step;
        bed.region.gradient(bed.worker, theta, above);
        theta[i] = bed.theta[i] - step;
        bed.region.gradient(bed.worker, theta, below);
        theta[i] = bed.theta[i];
        for (size_t j = 0; j < N; j++) {
            assert_close(H[i * N + j], (above[j] - below[j]) / (2 * step), 1e-5, 1e-1);
            ck_assert(H[i * N + j] == H[j * N + i]);
        }
    }
    free(H);
    bed_clear();
}
END_TEST

START_TEST(rays_give_the_values)
{
    enum { RAYS = 5 };
    bed_init(cases[_i].measure, cases[_i].loss, "silu", 2);
    size_t N = bed.problem.network.n_parameters;
    static double v[2 * RAYS * N_MOST];
    struct random_stream r = random_stream(4, 4);
    for (size_t round = 0; round < 2; round++) { /* the second time with more rays */
        size_t rays = RAYS * (round + 1), ray[2] = {rays - 1, 1};
        double radius[2] = {0.2, 0.5}, d[2], theta[N_MOST];
        random_normals(&r, rays * N, v);
        bed.region.rays_begin(bed.worker, rays, v);
        bed.region.rays_values(bed.worker, 2, ray, radius, d);
        for (size_t k = 0; k < 2; k++) {
            for (size_t i = 0; i < N; i++)
                theta[i] = bed.theta[i] + radius[k] * v[ray[k] * N + i];
            assert_close(d[k], bed.region.value(bed.worker, theta), 1e-11, 1e-3);
        }
    }
    bed_clear();
}
END_TEST

START_TEST(what_a_measure_lacks_is_said)
{
    bed_init("kl", LOSS_CE, "tanh", 1);
    struct sameness *s;
    struct error e = {0};
    ck_assert(sameness_new(sameness_find("output-distance"), &bed.problem, NULL, bed.theta, &s, &e) ==
              STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "validation"));
    sameness_free(s);
    struct problem flat = bed.problem;
    size_t width[] = {INPUTS, OUTPUTS};
    ck_assert(network_init(&flat.network, width, 2, activation_find("tanh"), true, NULL) == STATUS_OK);
    ck_assert(sameness_new(sameness_find("feature-gram"), &flat, NULL, bed.theta, &s, &e) == STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "hidden"));
    sameness_free(s);
    double zero[N_MOST] = {0};
    ck_assert(sameness_new(sameness_find("hidden-activations"), &bed.problem, NULL, zero, &s, &e) == STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "are 0"));
    sameness_free(s);
    ck_assert(sameness_new(sameness_find("feature-gram"), &bed.problem, NULL, zero, &s, &e) == STATUS_BAD_INPUT);
    sameness_free(s);
    ck_assert_ptr_null(sameness_find("nothing"));
    /* no hidden layer: the first layer is the last */
    ck_assert(sameness_new(sameness_find("kl"), &flat, NULL, bed.theta, &s, &e) == STATUS_OK);
    struct region region = sameness_region(s, 0.1);
    void *worker;
    double theta[N_MOST] = {0}, d;
    size_t ray = 0;
    move(1, 1, theta);
    for (size_t i = 0; i < flat.network.n_parameters; i++)
        theta[i] -= bed.theta[i];
    ck_assert(region_worker_new(&region, &worker, NULL) == STATUS_OK);
    region.rays_begin(worker, 1, theta);
    region.rays_values(worker, 1, &ray, &(double){0.3}, &d);
    for (size_t i = 0; i < flat.network.n_parameters; i++)
        theta[i] = bed.theta[i] + 0.3 * theta[i];
    assert_close(d, region.value(worker, theta), 1e-12, 1e-3);
    ck_assert(d > 0);
    region_worker_free(&region, worker);
    sameness_free(s);
    bed_clear();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sameness");
    TCase *tests = tcase_create("measures");
    tcase_add_loop_test(tests, values_are_those_of_the_definition, 0, CASES);
    tcase_add_loop_test(tests, gradients_are_slopes_of_values, 0, CASES);
    tcase_add_loop_test(tests, hessians_are_slopes_of_gradients, 0, CASES);
    tcase_add_loop_test(tests, rays_give_the_values, 0, CASES);
    tcase_add_test(tests, what_a_measure_lacks_is_said);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
