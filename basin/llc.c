/* The local learning coefficient, lambda^ = n beta (E_beta[L] - L(theta*)) at beta = 1/ln n, over the prior and at the
 * point; docs/learning-coefficient.md. */
#include "basin/llc.h"

#include "base/file.h"
#include "base/text.h"
#include "basin/experiment.h"
#include "basin/rank.h"
#include "config/config.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LADDER_MOST = 100,
    LADDER_RUNGS = 34,
    DENSE_MOST = 2000,
    SVD_MOST = 2000000,
    EXACT_STREAM = 310,
    EXACT_MOST = 100
};

static const char *const scope_words[] = {"prior", "point", NULL};
static const struct config_field scope_element = {.type = CONFIG_CHOICE, .choices = scope_words};
const struct config_field llc_schema[] = {
    {.key = "n",
     .type = CONFIG_NUMBER,
     .low = 3,
     .high = 1e12,
     .fallback = "the number of examples",
     .meaning = "n of n beta = n/ln n: the loss counts as that of so many examples"},
    {.key = "curve_to",
     .type = CONFIG_NUMBER,
     .low = 3,
     .high = 1e12,
     .fallback = "10^6 n, with many parameters less, down to 100 n; n above 100 parameters",
     .meaning = "the largest n of the curve from which lambda and its multiplicity are read"},
    {.key = "over",
     .type = CONFIG_LIST,
     .element = &scope_element,
     .min_length = 1,
     .max_length = 2,
     .fallback = "both; above 100 parameters the point",
     .meaning = "prior: all parameters, under the prior of network.init; point: around the trained ones"},
    {.key = "gamma",
     .type = CONFIG_NUMBER,
     .low = 1e-12,
     .high = 1e12,
     .fallback = "1",
     .meaning = "point: adds gamma/2 |theta - theta*|^2"},
    {.key = "sgld",
     .type = CONFIG_NUMBER,
     .low = 1e-12,
     .high = 1e3,
     .meaning =
         "point: also by preconditioned stochastic-gradient Langevin dynamics with this step, on batches of 128"},
    {.key = "chains", .type = CONFIG_INTEGER, .low = 2, .high = 256, .fallback = "4", .meaning = "Markov chains"},
    {.key = "warmup",
     .type = CONFIG_INTEGER,
     .low = 100,
     .high = 1e6,
     .fallback = "1000",
     .meaning = "iterations of each chain that adapt and are not kept"},
    {.key = "draws",
     .type = CONFIG_INTEGER,
     .low = 100,
     .high = 1e7,
     .fallback = "16000",
     .meaning =
         "of each chain, at most: 1000, doubled until all has converged, the error is below 1 % and the multiplicity "
         "is settled"},
    {0}};

/* --- the model -----------------------------------------------------------------------------------------------------*/

static enum status new_tape(void *shared, void **out, struct error *e)
{
    struct tape *tape = NULL;
    enum status status = tape_new(shared, &tape, e);
    *out = tape;
    return status;
}

static void free_tape(void *tape)
{
    tape_free(tape);
}

static double loss(const double *x, double *g, void *tape)
{
    return tape_slope(tape, x, g);
}

double llc_examples(double n_beta)
{
    double n = n_beta * log(n_beta) + 3;
    if (n_beta < M_E)
        return NAN;
    for (int i = 0; i < 100; i++) {
        double l = log(n), step = (n / l - n_beta) / ((l - 1) / (l * l) + 1e-300);
        n = fmax(n - step, M_E * (1 + 1e-9));
        if (fabs(step) <= 1e-14 * n)
            break;
    }
    return n;
}

bool llc_is_negative(const struct llc_point *p)
{
    return p->lambda < -2 * p->error;
}

bool llc_is_minimum(const struct llc *l)
{
    const double part = 0.01; /* of what lambda^ is */
    double n_beta = l->over_prior ? l->n_betas[0] : l->n_beta;
    if (isnan(l->descent))
        return !l->m->training || l->m->training->converged;
    return n_beta * l->descent <= part;
}

/* --- options -------------------------------------------------------------------------------------------------------*/

/* ln of the factor between neighbours that lets them exchange states: energies of d/2 effective dimensions differ by
 * about sqrt(d/2) ln(factor). */
static double ladder_step(size_t N)
{
    return fmin(1, 2 / sqrt((double)N / 2));
}

/* As far as LADDER_RUNGS go, but from 100 n to 10^6 n. */
static double default_curve_to(double n, size_t N)
{
    double n_beta = n / log(n), step = ladder_step(N), below = fmax(ceil(log(n_beta) / step), 0);
    if (N > LADDER_MOST)
        return n;
    return fmin(fmax(llc_examples(n_beta * exp((LADDER_RUNGS - 1 - below) * step)), 100 * n), 1e6 * n);
}

/* From the largest n beta down to 1, the target among them. */
static void make_ladder(struct llc *l, double top)
{
    double N = (double)l->m->problem->network.n_parameters, step = ladder_step(l->m->problem->network.n_parameters);
    size_t above = (size_t)ceil(log(top / l->n_beta) / step - 1e-9),
           below = (size_t)fmax(ceil(log(l->n_beta) / step), 0);
    if (N > LADDER_MOST)
        below = 0;
    double up = above ? log(top / l->n_beta) / (double)above : 0, down = below ? log(l->n_beta) / (double)below : 0;
    l->target = above;
    l->rungs = above + below + 1;
    if (l->rungs > LLC_RUNGS_MOST)
        l->rungs = LLC_RUNGS_MOST;
    for (size_t k = 0; k < l->rungs; k++)
        l->n_betas[k] =
            k <= above ? l->n_beta * exp(up * (double)(above - k)) : l->n_beta * exp(-down * (double)(k - above));
    l->n_betas[above] = l->n_beta;
}

static enum status read_options(struct llc *l, const struct config_node *options, struct error *e)
{
    const struct config_node *over = config_get(options, "over"), *to = config_get(options, "curve_to");
    size_t N = l->m->problem->network.n_parameters;
    l->n = config_number(config_get(options, "n"), (double)l->m->problem->n);
    if (l->n < 3) /* the option has a limit of its own */
        return error_set(e, STATUS_BAD_INPUT, "llc: n beta = n/ln n wants n, there are only %zu examples",
                         l->m->problem->n);
    double top = config_number(to, default_curve_to(l->n, N));
    if (top < l->n)
        return config_error(to, e, "llc.curve_to: %g is below n, which is %g", top, l->n);
    if (log(top / l->n) / ladder_step(N) > LLC_RUNGS_MOST / 2.0)
        return config_error(to, e, "llc.curve_to: with %zu parameters the curve to %g takes more than %d rungs", N, top,
                            LLC_RUNGS_MOST / 2);
    l->n_beta = l->n / log(l->n);
    l->gamma = config_number(config_get(options, "gamma"), 1);
    l->chains = (size_t)config_integer(config_get(options, "chains"), 4);
    l->warmup = (size_t)config_integer(config_get(options, "warmup"), 1000);
    l->draws = (size_t)config_integer(config_get(options, "draws"), 16000);
    l->sgld_step = config_number(config_get(options, "sgld"), 0);
    l->over_prior = !over && N <= LADDER_MOST;
    l->at_point = !over;
    for (size_t i = 0; over && i < config_length(over); i++) {
        bool prior = strcmp(config_text(config_item(over, i), ""), "prior") == 0;
        l->over_prior |= prior;
        l->at_point |= !prior;
    }
    make_ladder(l, top / log(top));
    return STATUS_OK;
}

/* --- what is measured ----------------------------------------------------------------------------------------------*/

/* A path for the checkpoint of a curve, or NULL; *key: what its chains depend on besides. */
static char *checkpoint_of(const struct llc *l, const struct llc_model *model, const char *what, char key[40])
{
    char centre[17], width[17];
    file_hash(model->centre, model->n * sizeof *model->centre, centre);
    file_hash(model->width, model->n * sizeof *model->width, width);
    snprintf(key, 40, "%s-%s", centre, width);
    return l->m->checkpoint ? text_format("%s.llc-%s.checkpoint", l->m->checkpoint, what) : NULL;
}

static enum status measure(struct llc *l, bool at_point, const double *centre, const double *width,
                           const struct reporter *reporter, struct llc_curve *out, struct error *e)
{
    struct llc_model model = {.n = l->m->problem->network.n_parameters,
                              .centre = centre,
                              .width = width,
                              .spread = at_point ? 0.01 : 1,
                              .loss = loss,
                              .least = l->least,
                              .context_new = new_tape,
                              .context_free = free_tape,
                              .shared = (void *)l->m->problem};
    char key[40], *checkpoint = checkpoint_of(l, &model, at_point ? "point" : "prior", key);
    struct llc_options options = {.n_betas = at_point ? &l->n_beta : l->n_betas,
                                  .rungs = at_point ? 1 : l->rungs,
                                  .target = at_point ? 0 : l->target,
                                  .chains = l->chains,
                                  .warmup = l->warmup,
                                  .draws = l->draws < 1000 ? l->draws : 1000,
                                  .draws_most = l->draws,
                                  .seed = l->m->seed,
                                  .threads = l->m->threads,
                                  .what = at_point ? "chains around the point" : "chains over the prior",
                                  .checkpoint = checkpoint,
                                  .key = key};
    enum status status = llc_curve_measure(&model, &options, reporter, out, e);
    if (!status && checkpoint)
        remove(checkpoint);
    free(checkpoint);
    return status;
}

/* A mean below L(theta*), by more than its error: theta* is not where the loss is least, and lambda^ is not one. */
static void withhold_negative(struct llc_curve *c)
{
    for (size_t k = 0; k < c->n_points; k++)
        c->points[k].converged = c->points[k].converged && !llc_is_negative(&c->points[k]);
}

static enum status measure_all(struct llc *l, const struct reporter *reporter, struct error *e)
{
    size_t N = l->m->problem->network.n_parameters;
    double *centre = calloc(2 * N, sizeof *centre), *width = centre ? centre + N : NULL;
    enum status status = STATUS_OK;
    if (!centre)
        return error_memory(e);
    if (l->over_prior) {
        status = measure(l, false, centre, l->m->sigma, reporter, &l->prior, e);
        withhold_negative(&l->prior);
        llc_fit_curve(&l->prior, &l->fit);
    }
    for (size_t i = 0; i < N; i++)
        width[i] = 1 / sqrt(l->gamma);
    if (!status && l->at_point)
        status = measure(l, true, l->m->theta, width, reporter, &l->point, e);
    withhold_negative(&l->point);
    if (!status && l->at_point && l->sgld_step > 0)
        status = llc_measure_sgld(l, reporter, e);
    l->sgld.converged = l->sgld.converged && !llc_is_negative(&l->sgld);
    free(centre);
    return status;
}

static enum status find_exact(struct llc *l, const struct reporter *reporter, struct error *e)
{
    struct linear_llc *linear = NULL;
    const struct network *net = &l->m->problem->network;
    enum status status = linear_llc_new(l->m->problem, l->m->sigma, &linear, e);
    l->linear = !status;
    if (status == STATUS_REFUSED)
        return STATUS_OK;
    struct random_stream seeds =
        random_stream(l->m->seed, EXACT_STREAM); /* each rung its own: errors are independent */
    for (size_t k = 0; k < l->rungs && !status && l->over_prior; k++)
        if (l->n_betas[k] <= EXACT_MOST * l->n_beta)
            status = linear_llc_at(linear, l->n_betas[k], l->least, random_bits(&seeds), l->m->threads, reporter,
                                   &l->exact[k], e);
    l->limit = NAN;
    if (!status) {
        l->map_rank = linear_llc_rank(linear);
        bool realisable = true;
        for (size_t i = 0; i <= net->n_layers; i++)
            realisable &= l->map_rank <= net->width[i];
        if (realisable)
            linear_llc_limit(net->width, net->n_layers, l->map_rank, &l->limit, &l->multiplicity);
    }
    linear_llc_free(linear);
    return status;
}

/* values (N), vectors (N, N) of H; scratch (N). */
static void find_descent(struct llc *l, struct tape *tape, double *values, const double *vectors, double *scratch)
{
    size_t N = l->m->problem->network.n_parameters;
    tape_gradient(tape, scratch);
    for (size_t i = 0; i < N; i++) {
        values[i] /= l->gamma;
        scratch[i] /= sqrt(l->gamma);
    }
    l->descent = minimum_descent(N, values, vectors, scratch, l->least);
}

/* Rank of G, and what the quadratic at theta* predicts for the chains around it. */
static enum status find_quadratic(struct llc *l, struct tape *tape, struct error *e)
{
    size_t N = l->m->problem->network.n_parameters, k = problem_behaviours(l->m->problem), least = k < N ? k : N;
    enum status status = STATUS_OK;
    l->quadratic = l->descent = NAN;
    l->has_rank = k <= SVD_MOST / N;
    size_t size = 1;
    if (l->has_rank)
        size = k * N;
    if (N <= DENSE_MOST && N * N + N > size)
        size = N * N + N;
    double *matrix = malloc((size + N) * sizeof *matrix), *values = matrix ? matrix + size : NULL;
    if (!matrix)
        return error_memory(e);
    if (l->has_rank) {
        tape_behaviour_jacobian(tape, matrix);
        status = linalg_svd(k, N, matrix, values, NULL, NULL, e);
        l->rank_g = status ? 0 : rank_from_values(values, least, k, N).rank;
    }
    if (!status && N <= DENSE_MOST) {
        status = tape_hessian(tape, HESSIAN_FULL, matrix, e);
        if (!status)
            status = linalg_eigen_symmetric(N, matrix, true, values, e);
        l->quadratic = 0;
        for (size_t i = 0; i < N && !status; i++)
            if (values[i] > 0)
                l->quadratic += l->n_beta * values[i] / (l->n_beta * values[i] + l->gamma) / 2;
        if (!status)
            find_descent(l, tape, values, matrix, matrix + N * N);
    }
    free(matrix);
    return status;
}

static enum status run_llc(const struct minimum *m, const struct config_node *options, const struct reporter *reporter,
                           struct findings *out, struct error *e)
{
    struct tape *tape = NULL;
    struct llc *l = calloc(1, sizeof *l);
    if (!l)
        return error_memory(e);
    l->m = m;
    enum status status = read_options(l, options, e);
    if (!status)
        status = tape_new(m->problem, &tape, e);
    if (!status) {
        l->least = tape_move(tape, m->theta);
        status = find_quadratic(l, tape, e);
    }
    bool refused = !status && !llc_is_minimum(l) && m->run && m->run->trains;
    if (!status && !refused)
        status = measure_all(l, reporter, e);
    if (!status && !refused)
        status = find_exact(l, reporter, e);
    if (!status)
        refused ? llc_refuse(l, out) : llc_report(l, out);
    tape_free(tape);
    free(l);
    return status;
}

const struct analysis analysis_llc = {"llc", "learning coefficient over the prior and at the point", run_llc,
                                      llc_schema, NULL};
