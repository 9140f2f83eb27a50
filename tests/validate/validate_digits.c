/* The volume of one basin on real data from one command: scenarios/long/basin-volume-digits.yaml, 4,810 parameters.
 * What is held against it: modes of the star-domain histograms that Scherlis and Belrose (2025, arXiv 2501.18812)
 * publish for their own training of this network under the same prior, and annealing up against annealing down. */
#include "tests/validate/validating.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NAIVE,
    DIAGONAL,
    WHOLE,
    BEST_NAIVE,
    BEST_DIAGONAL,
    BEST_WHOLE,
    UP,
    DOWN,
    UP_ERROR,
    DOWN_ERROR,
    MINUTES,
    RESULTS
};

static double number(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static json_t *find(const json_t *list, const char *name)
{
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o)
    {
        if (strcmp(json_string_value(json_object_get(o, "name")), name) == 0)
            return o;
    }
    return NULL;
}

/* Its folder stands beside the state: stopped, the program goes on from the last beta. False: the program failed (a
 * refusal, exit code 4, is an answer). */
static bool run(const char *state, double *out)
{
    static const char *const stars[] = {"star domain, naive", "star domain, diag(H)", "star domain, whole H"};
    const char *program = getenv("GEARS");
    char command[4200];
    time_t start = time(NULL);
    snprintf(command, sizeof command,
             "%s basin volume scenarios/long/basin-volume-digits.yaml --json --out %s.run --force",
             program ? program : "./gears", state);
    FILE *answer = popen(command, "r"); // NOLINT(cert-env33-c): the program under validation
    json_t *root = answer ? json_loadf(answer, 0, NULL) : NULL;
    if (answer)
        pclose(answer);
    const json_t *volume = json_object_get(json_array_get(json_object_get(root, "runs"), 0), "volume");
    if (!volume)
        return false;
    for (size_t k = 0; k < 3; k++) {
        const json_t *star = find(json_object_get(volume, "star"), stars[k]);
        out[NAIVE + k] = number(star, "mode");
        out[BEST_NAIVE + k] = number(star, "best");
    }
    const json_t *rows = json_object_get(volume, "rows"), *up = find(rows, "annealed up from the prior"),
                 *down = find(rows, "annealed down from theta*");
    out[UP] = number(up, "log_value"), out[UP_ERROR] = number(up, "error");
    out[DOWN] = number(down, "log_value"), out[DOWN_ERROR] = number(down, "error");
    out[MINUTES] = difftime(time(NULL), start) / 60;
    json_decref(root);
    return true;
}

int main(int argc, char **argv)
{
    struct validation v;
    double r[RESULTS];
    validation_begin(&v, argc, argv, "| what | measured | allowed |");
    if (!validation_recall(&v, "digits", r, RESULTS)) {
        if (!run(argc > 1 ? argv[1] : "digits", r)) {
            fputs("validate_digits: the program gave no answer\n", stderr);
            return EXIT_FAILURE;
        }
        validation_keep(&v, "digits", r, RESULTS);
    }
    double naive = r[NAIVE] / M_LN10, diagonal = r[DIAGONAL] / M_LN10;
    validation_row(&v, fabs(naive / -5300 - 1) < 0.2,
                   "| mode of the naive histogram, log10 | %.0f | -5300 within 20 %% |", naive);
    validation_row(&v, fabs(diagonal / -3900 - 1) < 0.2,
                   "| mode with diag(H), epsilon 0.01, log10 | %.0f | -3900 within 20 %% |", diagonal);
    validation_row(&v, r[NAIVE] < r[DIAGONAL] && r[DIAGONAL] < r[WHOLE],
                   "| modes: naive < diag(H) < whole H, nats | %.0f < %.0f < %.0f | in this order |", r[NAIVE],
                   r[DIAGONAL], r[WHOLE]);
    validation_row(
        &v, r[BEST_NAIVE] < r[BEST_DIAGONAL] && r[BEST_DIAGONAL] < r[BEST_WHOLE],
        "| best of 3000: naive < diag(H) < whole H, nats | %.0f < %.0f < %.0f | in this order (published: -6578 "
        "with diag(H)) |",
        r[BEST_NAIVE], r[BEST_DIAGONAL], r[BEST_WHOLE]);
    validation_row(&v, fabs(r[UP] - r[DOWN]) < 100,
                   "| annealed up and down, nats | %.1f +- %.1f and %.1f +- %.1f | within 100 of each other, neither "
                   "refused |",
                   r[UP], r[UP_ERROR], r[DOWN], r[DOWN_ERROR]);
    printf("\nThe command took %.1f minutes (less where a stopped run was taken up again).\n", r[MINUTES]);
    return validation_end(&v);
}
