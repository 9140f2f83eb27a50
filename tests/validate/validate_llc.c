/* Learning coefficients at default settings, as a user would run them: `gears basin llc` on linear networks of many
 * widths, depths and ranks beside the finite-n value, and lambda and m from the curve; normal crossings by the same
 * chains. Rows with a finite-n value sampled elsewhere (to two or three digits) or an
 * independent quadrature (tests/reference/linear_llc.py) are held against that; the others against the program's own
 * average with the last layer integrated out, which tests/test_linear_llc.c holds against both. */
#include "basin/linear_llc.h"
#include "basin/llc_curve.h"
#include "tests/crossing.h"
#include "tests/validate/validating.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is kept of one row: the headline and the curve, to which laws can be fitted again without the chains. */
struct row {
    double lambda, error, rhat, converged, exact, exact_error;
    double n_points, points[LLC_RUNGS_MOST][4]; /* n beta, lambda, error, whether it converged */
};
enum { ROW_NUMBERS = sizeof(struct row) / sizeof(double) };

static const struct {
    const char *layers; /* as in a file */
    size_t width[6], n_layers, rank;
    double finite; /* at n = 1000, 0: the program's own */
} networks[] = {
    {"1, 1, 1", {1, 1, 1}, 2, 0, 0.347344}, {"2, 2, 2", {2, 2, 2}, 2, 0, 1.375518},
    {"2, 2, 2", {2, 2, 2}, 2, 1, 1.835},    {"2, 2, 2", {2, 2, 2}, 2, 2, 0},
    {"3, 2, 3", {3, 2, 3}, 2, 0, 2.324610}, {"5, 3, 5", {5, 3, 5}, 2, 0, 0},
    {"4, 3, 8", {4, 3, 8}, 2, 0, 5.932730}, {"2, 2, 2, 2", {2, 2, 2, 2}, 3, 0, 0},
    {"2, 3, 4", {2, 3, 4}, 2, 0, 2.705470}, {"3, 2, 4", {3, 2, 4}, 2, 1, 0},
    {"1, 1, 1, 1", {1, 1, 1, 1}, 3, 0, 0},  {"2, 2, 2, 2", {2, 2, 2, 2}, 3, 1, 0},
    {"3, 1, 2", {3, 1, 2}, 2, 1, 0},        {"2, 2, 2, 2, 2", {2, 2, 2, 2, 2}, 4, 0, 0},
};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

static double number(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void read_row(const json_t *llc, struct row *out)
{
    const json_t *prior = json_object_get(llc, "prior"), *headline = json_object_get(prior, "headline"), *point;
    size_t k;
    *out = (struct row){.lambda = number(headline, "lambda"),
                        .error = number(headline, "error"),
                        .rhat = number(headline, "rhat"),
                        .converged = json_is_number(json_object_get(headline, "lambda")),
                        .exact = number(headline, "exact"),
                        .exact_error = number(headline, "exact_error")};
    json_array_foreach(json_object_get(prior, "curve"), k, point)
    {
        double *p = out->points[k];
        p[0] = number(point, "n_beta");
        p[1] = number(point, "lambda");
        p[2] = number(point, "error");
        p[3] = json_is_number(json_object_get(point, "lambda"));
        out->n_points = (double)(k + 1);
    }
}

/* The JSON answer of `$GEARS basin llc FILE`; NULL: there is none. */
static json_t *ask(const char *file)
{
    const char *gears = getenv("GEARS");
    json_t *root = NULL;
    int ends[2];
    if (pipe(ends) < 0)
        return NULL;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execl(gears ? gears : "./gears", "gears", "basin", "llc", file, "--json", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    if (answer && child > 0)
        root = json_loadf(answer, 0, NULL);
    if (answer)
        fclose(answer);
    else
        close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return root;
}

static bool run_network(size_t i, struct row *out)
{
    char path[] = "/tmp/gears-llc-XXXXXX";
    int file = mkstemp(path);
    FILE *f = file < 0 ? NULL : fdopen(file, "w");
    if (!f)
        return false;
    fprintf(f,
            "kind: basin\nnetwork: {layers: [%s], activation: identity, bias: false, init: {scheme: normal}}\n"
            "data: {generate: projection, rank: %zu}\ntrain: {}\nllc: {n: 1000, over: [prior]}\n",
            networks[i].layers, networks[i].rank);
    fclose(f);
    json_t *root = ask(path);
    remove(path);
    if (root)
        read_row(json_object_get(json_array_get(json_object_get(root, "runs"), 0), "llc"), out);
    json_decref(root);
    return root != NULL;
}

/* --- normal crossings ----------------------------------------------------------------------------------------------*/

/* lambda = min 1/2k, m the number of ties. */
static const struct {
    struct crossing k;
    double finite, limit;
    int multiplicity;
} crossings[] = {{{0, 1}, 0.5000, 0.5, 1}, {{1, 1}, 0.3559, 0.5, 2}, {{2, 2}, 0.1413, 0.25, 2}, {{1, 2}, 0, 0.25, 1}};
enum { CROSSINGS = sizeof crossings / sizeof crossings[0] };

/* The ladder of a network of two parameters, up to 10^6 n. */
static bool run_crossing(size_t i, struct row *out)
{
    static const double centre[2] = {0, 0}, width[2] = {1, 1};
    double n_betas[LLC_RUNGS_MOST], top = 1e9 / log(1e9), n_beta = 1000 / log(1000);
    size_t above = 13, below = 5;
    for (size_t k = 0; k <= above + below; k++)
        n_betas[k] = k <= above ? n_beta * pow(top / n_beta, (double)(above - k) / (double)above)
                                : n_beta * pow(n_beta, -(double)(k - above) / (double)below);
    struct llc_model model = {.n = 2,
                              .centre = centre,
                              .width = width,
                              .spread = 1,
                              .loss = crossing_loss,
                              .shared = (void *)&crossings[i].k};
    struct llc_options o = {.n_betas = n_betas, .rungs = above + below + 1, .target = above, .seed = 1};
    struct llc_curve curve;
    if (llc_curve_measure(&model, &o, NULL, &curve, NULL) != STATUS_OK)
        return false;
    const struct llc_point *p = &curve.points[above];
    *out = (struct row){.lambda = p->lambda,
                        .error = p->error,
                        .rhat = p->rhat,
                        .converged = p->converged,
                        .exact = crossing_exact(&crossings[i].k, n_beta, 2000),
                        .n_points = (double)curve.n_points};
    for (size_t k = 0; k < curve.n_points; k++) {
        p = &curve.points[k];
        memcpy(out->points[k], (double[]){p->n_beta, p->lambda, p->error, p->converged}, sizeof out->points[k]);
    }
    return true;
}

/* --- the table -----------------------------------------------------------------------------------------------------*/

static void show(struct validation *v, const char *name, const struct row *r, double published, double limit,
                 size_t multiplicity, size_t n_parameters)
{
    struct llc_curve curve = {.n_points = (size_t)r->n_points, .n_parameters = n_parameters};
    struct llc_fit fit;
    for (size_t k = 0; k < curve.n_points; k++)
        curve.points[k] = (struct llc_point){.n_beta = r->points[k][0],
                                             .lambda = r->points[k][1],
                                             .error = r->points[k][2],
                                             .converged = r->points[k][3] != 0};
    llc_fit_curve(&curve, &fit);
    double off = r->lambda - r->exact, error = hypot(r->error, r->exact_error);
    bool near_exact = fabs(off) < 0.02 * r->exact || fabs(off) < 3 * error;
    bool agrees = published == 0 || fabs(r->exact - published) < 0.005 * published + 3 * r->exact_error;
    bool settled = llc_fit_is_settled(&fit);
    bool limits = fit.found && fabs(fit.lambda - limit) < 3 * fit.error && fit.error < 0.25 * limit &&
                  (!settled || (size_t)fit.multiplicity == multiplicity);
    validation_row(v, r->converged != 0 && r->rhat < 1.01 && near_exact && agrees && limits,
                   "| %s | %.4f ± %.4f | %.4f ± %.4f | %+.1f | %.4f | %.3f ± %.3f | %.4g | %s%d (%.0f %%) | %zu |",
                   name, r->lambda, r->error, r->exact, r->exact_error, off / error, r->rhat, fit.lambda, fit.error,
                   limit, settled ? "" : "unsettled: ", fit.multiplicity, 100 * fit.weight, multiplicity);
}

int main(int argc, char **argv)
{
    struct validation v;
    validation_begin(
        &v, argc, argv,
        "| widths, rank | measured at n = 1000 | exact there | off by (errors) | R-hat | λ from the curve | λ | m "
        "from the curve (weight) | m |");
    for (size_t i = 0; i < NETWORKS + CROSSINGS; i++) {
        bool network = i < NETWORKS;
        struct row r;
        char name[80];
        double limit;
        size_t multiplicity, n_parameters = 2;
        if (network) {
            snprintf(name, sizeof name, "%s; %zu", networks[i].layers, networks[i].rank);
            linear_llc_limit(networks[i].width, networks[i].n_layers, networks[i].rank, &limit, &multiplicity);
            n_parameters = 0;
            for (size_t k = 0; k < networks[i].n_layers; k++)
                n_parameters += networks[i].width[k] * networks[i].width[k + 1];
        } else {
            size_t c = i - NETWORKS;
            snprintf(name, sizeof name, "w₁^%d w₂^%d", 2 * crossings[c].k.a, 2 * crossings[c].k.b);
            limit = crossings[c].limit;
            multiplicity = (size_t)crossings[c].multiplicity;
        }
        if (!validation_recall(&v, name, (double *)&r, ROW_NUMBERS)) {
            if (!(network ? run_network(i, &r) : run_crossing(i - NETWORKS, &r))) {
                validation_row(&v, false, "| %s | did not run | | | | | | | |", name);
                continue;
            }
            validation_keep(&v, name, (const double *)&r, ROW_NUMBERS);
        }
        show(&v, name, &r, network ? networks[i].finite : crossings[i - NETWORKS].finite, limit, multiplicity,
             n_parameters);
    }
    return validation_end(&v);
}
