/* How long derivatives take: tanh networks 10-26-26-10, 32-52-52-10 and 64-64-64-10 with biases, 1024 examples, mse,
 * one thread. One line per run: what, parameters, CPU seconds, wall seconds. bench/torch_hessian.py runs it beside
 * PyTorch.
 *
 *   bench_hessian [NETWORK]        only one of the networks, 0 .. 2
 */
#include "basin/problem.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXAMPLES = 1024, WIDTHS = 4, NETWORKS = 3, RUNS = 5 };
static const size_t widths[NETWORKS][WIDTHS] = {{10, 26, 26, 10}, {32, 52, 52, 10}, {64, 64, 64, 10}};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *allocate(size_t n)
{
    double *x = calloc(n, sizeof *x);
    if (!x) {
        fputs("bench_hessian: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return x;
}

/* What is timed, all on the same tape. */
struct work {
    struct problem problem;
    struct tape *tape;
    double *x, *t, *theta, *v, *hv, *matrix;
};

static void move(struct work *w)
{
    tape_move(w->tape, w->theta);
}

static void hvp(struct work *w)
{
    tape_hvp(w->tape, HESSIAN_FULL, w->v, w->hv);
}

static void hessian(struct work *w)
{
    if (tape_hessian(w->tape, HESSIAN_FULL, w->matrix, NULL) != STATUS_OK)
        exit(EXIT_FAILURE);
}

static void gauss_newton(struct work *w)
{
    if (tape_hessian(w->tape, HESSIAN_GAUSS_NEWTON, w->matrix, NULL) != STATUS_OK)
        exit(EXIT_FAILURE);
}

static void jacobian(struct work *w)
{
    tape_behaviour_jacobian(w->tape, w->matrix);
}

/* The matrix product that everything is held against: 1500 x 1500 x 1500. */
enum { SIDE = 1500 };

static void product(struct work *w)
{
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, SIDE, SIDE, SIDE, 1, w->matrix, SIDE, w->matrix + SIDE * SIDE, SIDE, 0,
                    w->matrix + 2 * SIDE * SIDE, SIDE);
}

static void time_work(struct work *w, const char *what, void (*work)(struct work *), int repeats)
{
    work(w); /* memory is there and warm */
    for (int run = 0; run < RUNS; run++) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        for (int i = 0; i < repeats; i++)
            work(w);
        cpu = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / repeats;
        wall = (seconds(CLOCK_MONOTONIC) - wall) / repeats;
        printf("%s,%zu,%.6g,%.6g\n", what, w->problem.network.n_parameters, cpu, wall);
    }
    fflush(stdout);
}

static void setup(struct work *w, const size_t *width)
{
    struct random_stream r = random_stream(1, 0);
    size_t outputs = width[WIDTHS - 1];
    *w = (struct work){.problem = {.n = EXAMPLES, .loss = LOSS_MSE, .behaviour = BEHAVIOUR_OUTPUTS}};
    if (network_init(&w->problem.network, width, WIDTHS, activation_find("tanh"), true, NULL) != STATUS_OK)
        exit(EXIT_FAILURE);
    size_t N = w->problem.network.n_parameters;
    w->problem.x = w->x = allocate(EXAMPLES * width[0]);
    w->problem.t = w->t = allocate(EXAMPLES * outputs);
    w->theta = allocate(N);
    w->v = allocate(N);
    w->hv = allocate(N);
    random_normals(&r, EXAMPLES * width[0], w->x);
    random_normals(&r, EXAMPLES * outputs, w->t);
    random_normals(&r, N, w->v);
    network_draw(&w->problem.network, INIT_LECUN, 1, 1, 0, w->theta);
    if (tape_new(&w->problem, &w->tape, NULL) != STATUS_OK)
        exit(EXIT_FAILURE);
    tape_move(w->tape, w->theta);
}

static void clear(struct work *w)
{
    tape_free(w->tape);
    free(w->x), free(w->t), free(w->theta), free(w->v), free(w->hv);
}

/* A line of /proc/self/status in bytes: VmRSS is what the process holds, VmHWM the most it ever held. */
static double memory(const char *what)
{
    char line[256];
    double bytes = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0)
            bytes = 1024 * (double)strtol(line + strlen(what), NULL, 10);
    if (f)
        fclose(f);
    return bytes;
}

/* The most memory there was while the Hessian was made, H included, as a multiple of H: "peak" instead of seconds.
 * Before that there must have been less, so it comes first and networks go by size. */
static void measure_peak(struct work *w, size_t N)
{
    double before = memory("VmRSS:");
    w->matrix = allocate(N * N);
    hessian(w);
    double peak = (memory("VmHWM:") - before) / ((double)(N * N) * sizeof(double));
    printf("peak,%zu,%.4g,%.4g\n", N, peak, peak);
}

static void run(size_t network)
{
    struct work w;
    setup(&w, widths[network]);
    size_t N = w.problem.network.n_parameters;
    measure_peak(&w, N);
    time_work(&w, "hessian", hessian, N < 2000 ? 10 : 1);
    time_work(&w, "gauss_newton", gauss_newton, N < 2000 ? 10 : 1);
    free(w.matrix);
    time_work(&w, "move", move, 50);
    time_work(&w, "hvp", hvp, 200);
    w.matrix = allocate(problem_behaviours(&w.problem) * N);
    time_work(&w, "jacobian", jacobian, 2);
    free(w.matrix);
    w.matrix = allocate((size_t)3 * SIDE * SIDE);
    time_work(&w, "product", product, 2);
    free(w.matrix);
    clear(&w);
}

int main(int argc, char **argv)
{
    linalg_set_threads(1);
    if (argc > 1 && strchr("012", argv[1][0]) && argv[1][1] == 0)
        run((size_t)(argv[1][0] - '0'));
    else
        for (size_t network = 0; network < NETWORKS; network++)
            run(network);
    return EXIT_SUCCESS;
}
