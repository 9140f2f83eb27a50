/* How many star-domain directions a second: tanh network 10-26-26-10 with biases (N = 1258), 1024 examples, the radius
 * at which the KL divergence of the outputs is 0.01, to a hundredth of it; without a prior. One line per run: what,
 * directions per CPU second, evaluations of the divergence per direction. bench/torch_star.py runs it beside PyTorch.
 *
 *   bench_star [WEIGHTS]      also writes theta* and the inputs there, as doubles, for PyTorch to do the same
 */
#include "basin/sameness.h"
#include "basin/star.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EXAMPLES = 1024, WIDTHS = 4, RUNS = 5, DIRECTIONS = 640 };
static const size_t widths[WIDTHS] = {10, 26, 26, 10};
static double x[EXAMPLES * 10], t[EXAMPLES * 10], theta[2000];

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void give_up(const char *why)
{
    fprintf(stderr, "bench_star: %s\n", why);
    exit(EXIT_FAILURE);
}

static void time_star(const struct region *r, bool by_halving, size_t checks, const char *what)
{
    struct prior none = {0};
    struct star_map map = {0};
    struct star_options options = {.directions = DIRECTIONS,
                                   .seed = 1,
                                   .threads = 1,
                                   .tolerance = 0.005, /* of ln r: 0.01 of the divergence, its square */
                                   .checks = checks,
                                   .by_halving = by_halving};
    for (int run = 0; run < RUNS; run++) {
        struct star star;
        double start = cpu_seconds();
        if (star_volume(r, &none, &map, &options, NULL, &star, NULL))
            give_up("no volume");
        printf("%s,%.6g,%.4g\n", what, DIRECTIONS / (cpu_seconds() - start), (double)star.evaluations / DIRECTIONS);
        star_clear(&star);
    }
    fflush(stdout);
}

/* What one evaluation must multiply, at the rate of dgemm at its best: the first layer once per direction, the others
 * each time. */
static void time_product(void)
{
    enum { SIDE = 1200 };
    double *a = calloc((size_t)3 * SIDE * SIDE, sizeof *a);
    if (!a)
        give_up("out of memory");
    for (int run = 0; run < RUNS; run++) {
        double start = cpu_seconds();
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, SIDE, SIDE, SIDE, 1, a, SIDE, a + SIDE * SIDE, SIDE, 0,
                        a + 2 * SIDE * SIDE, SIDE);
        printf("dgemm,%.6g,0\n", 2.0 * SIDE * SIDE * SIDE / (cpu_seconds() - start));
    }
    free(a);
}

int main(int argc, char **argv)
{
    struct problem p = {.n = EXAMPLES, .x = x, .t = t, .loss = LOSS_CE, .behaviour = BEHAVIOUR_PROBABILITIES};
    struct random_stream r = random_stream(1, 0);
    struct sameness *s;
    linalg_set_threads(1);
    if (network_init(&p.network, widths, WIDTHS, activation_find("tanh"), true, NULL))
        give_up("no network");
    random_normals(&r, EXAMPLES * widths[0], x);
    network_draw(&p.network, INIT_LECUN, 1, 1, 0, theta);
    FILE *out = argc > 1 ? fopen(argv[1], "wb") : NULL;
    if (out) {
        fwrite(theta, sizeof *theta, p.network.n_parameters, out);
        fwrite(x, sizeof *x, EXAMPLES * widths[0], out);
        fclose(out);
    }
    if (sameness_new(sameness_find("kl"), &p, NULL, theta, &s, NULL))
        give_up("no measure");
    struct region region = sameness_region(s, 0.01);
    time_star(&region, true, 0, "halving");
    time_star(&region, false, 0, "line");
    time_star(&region, false, 4, "line, 4 checks");
    time_product();
    sameness_free(s);
    return EXIT_SUCCESS;
}
