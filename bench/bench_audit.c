/* How long an audit takes, by its parts: tanh networks 10-26-26-10, 32-52-52-10 and 64-64-64-10 with biases, 1024
 * examples that they fit perfectly, mse, one thread. One line per part: parameters, CPU seconds, wall seconds, part;
 * and the most memory the process ever held. The table in docs/audit.md.
 *
 *   bench_audit [NETWORK]        only one of the networks, 0 .. 2
 */
#include "basin/audit.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { EXAMPLES = 1024, WIDTHS = 4, NETWORKS = 3 };
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
        fputs("bench_audit: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return x;
}

/* The part being done, by what it reports. */
struct watch {
    size_t parameters;
    char part[64];
    double cpu, wall;
};

static void begin(struct watch *w, const char *part)
{
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    if (w->part[0])
        printf("%zu,%.3g,%.3g,%s\n", w->parameters, cpu - w->cpu, wall - w->wall, w->part);
    fflush(stdout);
    snprintf(w->part, sizeof w->part, "%s", part);
    w->cpu = cpu;
    w->wall = wall;
}

static void notice(void *context, double done, const char *what)
{
    struct watch *w = context;
    (void)done;
    if (strcmp(what, w->part) != 0)
        begin(w, what);
}

static void run(const size_t *width)
{
    struct random_stream r = random_stream(1, 0);
    size_t outputs = width[WIDTHS - 1];
    struct dataset data = {.n = EXAMPLES, .n_inputs = width[0], .n_outputs = outputs};
    struct problem p = {.n = EXAMPLES, .loss = LOSS_MSE, .behaviour = BEHAVIOUR_OUTPUTS};
    struct tape *tape = NULL;
    struct audit a;
    struct error e = {0};
    if (network_init(&p.network, width, WIDTHS, activation_find("tanh"), true, NULL) != STATUS_OK)
        exit(EXIT_FAILURE);
    p.x = data.x = allocate(EXAMPLES * width[0]);
    p.t = data.t = allocate(EXAMPLES * outputs);
    double *theta = allocate(p.network.n_parameters);
    random_normals(&r, EXAMPLES * width[0], data.x);
    network_draw(&p.network, INIT_LECUN, 1, 1, 0, theta);
    if (tape_new(&p, &tape, NULL) != STATUS_OK)
        exit(EXIT_FAILURE);
    tape_loss(tape, theta);
    memcpy(data.t, tape_outputs(tape), EXAMPLES * outputs * sizeof *data.t);
    tape_free(tape);

    struct watch w = {.parameters = p.network.n_parameters};
    struct reporter reporter = {.progress = notice, .context = &w};
    struct minimum m = {.problem = &p, .data = &data, .theta = theta};
    begin(&w, "start");
    if (audit_run(&m, &reporter, &a, &e) != STATUS_OK)
        fprintf(stderr, "bench_audit: %s\n", e.message);
    begin(&w, "");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%zu,%.3g GB,,peak memory; rank G %zu, rank H %zu\n", w.parameters, 1.024e-6 * (double)usage.ru_maxrss,
           a.g.rank, a.h.rank);
    audit_clear(&a);
    free(data.x), free(data.t), free(theta);
}

int main(int argc, char **argv)
{
    linalg_set_threads(1);
    if (argc > 1 && strchr("012", argv[1][0]) && argv[1][1] == 0)
        run(widths[argv[1][0] - '0']);
    else
        for (size_t network = 0; network < NETWORKS; network++)
            run(widths[network]);
    return EXIT_SUCCESS;
}
