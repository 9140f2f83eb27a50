/* How many Langevin steps a second: tanh networks 10-26-26-10 (N = 1258) and 64-14-14-10 (1270) with biases, 1024
 * examples, mse, one thread; steps on batches of 128 and on all examples, and the parts of a step. One line per run:
 * what, parameters, steps (or parts) per CPU second. bench/torch_langevin.py runs it beside PyTorch.
 *
 *   bench_langevin [NETWORK]        only one of the networks, 0 or 1
 */
#include "basin/minibatch.h"
#include "solver/linalg.h"
#include "solver/sgld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXAMPLES = 1024, BATCH = 128, WIDTHS = 4, NETWORKS = 2, RUNS = 5, STEPS = 1000, MOST = 1300 };
static const size_t widths[NETWORKS][WIDTHS] = {{10, 26, 26, 10}, {64, 14, 14, 10}};
static double x[EXAMPLES * 64], t[EXAMPLES * 10], start[MOST], theta[MOST], squares[MOST], noise[MOST], g[MOST];

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* exp(-n beta L - gamma/2 |theta - start|^2). */
struct target {
    struct minibatch *batch;
    double n_beta, gamma;
    size_t n;
};

static void gradient(struct random_stream *r, const double *at, double *out, void *context)
{
    const struct target *p = context;
    minibatch_gradient(p->batch, r, at, out);
#pragma omp simd
    for (size_t i = 0; i < p->n; i++)
        out[i] = -p->n_beta * out[i] - p->gamma * (at[i] - start[i]);
}

static void step(struct target *p, size_t i)
{
    struct sgld_target target = {.n = p->n, .gradient = gradient};
    struct sgld_options o = {.step = 1e-5, .scale = 1};
    struct random_stream r = random_stream(1, i);
    sgld_step(&target, &o, &r, theta, squares, noise, g, p);
}

static void gradient_alone(struct target *p, size_t i)
{
    struct random_stream r = random_stream(1, i);
    minibatch_gradient(p->batch, &r, theta, g);
}

static void noise_alone(struct target *p, size_t i)
{
    struct random_stream r = random_stream(1, i);
    random_normals(&r, p->n, noise);
}

static void time_work(struct target *p, const char *what, void (*work)(struct target *, size_t), size_t repeats)
{
    memcpy(theta, start, sizeof theta);
    for (size_t i = 0; i < 20; i++)
        work(p, i);
    for (int run = 0; run < RUNS; run++) {
        double begin = cpu_seconds();
        for (size_t i = 0; i < repeats; i++)
            work(p, i);
        printf("%s,%zu,%.6g\n", what, p->n, (double)repeats / (cpu_seconds() - begin));
    }
    fflush(stdout);
}

static void run(const size_t *width)
{
    struct problem problem = {.n = EXAMPLES, .x = x, .t = t, .loss = LOSS_MSE};
    struct random_stream r = random_stream(1, 0);
    struct minibatch *few = NULL, *all = NULL;
    random_normals(&r, EXAMPLES * width[0], x);
    random_normals(&r, EXAMPLES * width[WIDTHS - 1], t);
    if (network_init(&problem.network, width, WIDTHS, activation_find("tanh"), true, NULL) ||
        minibatch_new(&problem, BATCH, &few, NULL) || minibatch_new(&problem, EXAMPLES, &all, NULL)) {
        fputs("bench_langevin: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    network_draw(&problem.network, INIT_LECUN, 1, 1, 0, start);
    struct target p = {.batch = few, .n_beta = EXAMPLES / 6.93, .gamma = 1, .n = problem.network.n_parameters};
    time_work(&p, "batch", step, STEPS);
    time_work(&p, "gradient of a batch", gradient_alone, STEPS);
    time_work(&p, "noise", noise_alone, STEPS);
    p.batch = all;
    time_work(&p, "whole", step, STEPS / 8);
    minibatch_free(few);
    minibatch_free(all);
}

int main(int argc, char **argv)
{
    linalg_set_threads(1);
    if (argc > 1 && strchr("01", argv[1][0]) && argv[1][0] && argv[1][1] == 0)
        run(widths[argv[1][0] - '0']);
    else
        for (size_t network = 0; network < NETWORKS; network++)
            run(widths[network]);
    return EXIT_SUCCESS;
}
