/* The sampled rows of the table of volumes. */
#include "base/file.h"
#include "base/text.h"
#include "basin/drain.h"
#include "basin/experiment.h"
#include "basin/rejection.h"
#include "basin/volume_private.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAR_DIRECTIONS = 2000, STAR_CHECKS = 4, DRAWS = 20000, SAMPLED_BY_DEFAULT = 100, BASIS_MOST = 300 };
enum { STREAM_REJECTION = 1 << 28 };

/* Whether `methods` asks for it; without the list: star, and for small networks counting and annealing too. */
static bool wanted(const struct volume *v, const char *method)
{
    const struct config_node *list = config_get(v->options, "methods");
    if (!list)
        return strcmp(method, "star") == 0 || (strcmp(method, "drain") != 0 && v->N <= SAMPLED_BY_DEFAULT);
    for (size_t i = 0; i < config_length(list); i++)
        if (strcmp(config_text(config_item(list, i), ""), method) == 0)
            return true;
    return false;
}

/* Options of methods that are not asked for. */
static void warn_of_unused(const struct volume *v)
{
    static const char *const pairs[][2] = {
        {"star", "star"}, {"annealed", "annealed"}, {"draws", "rejection"}, {"drain", "drain"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (config_get(v->options, pairs[i][0]) && !wanted(v, pairs[i][1]))
            reporter_warning(v->reporter, "volume.%s is not used: %s is not among the methods (volume.methods)",
                             pairs[i][0], pairs[i][1]);
}

/* --- star domains */

/* Centre of the fullest of 60 equal bins. */
static double mode_of(size_t n, const double *ascending)
{
    enum { BINS = 60 };
    size_t count[BINS] = {0}, best = 0;
    double low = ascending[0], width = (ascending[n - 1] - low) / BINS;
    if (!(width > 0) || !isfinite(width))
        return ascending[n / 2];
    for (size_t i = 0; i < n; i++) {
        size_t bin = (size_t)((ascending[i] - low) / width);
        count[bin < BINS ? bin : BINS - 1]++;
    }
    for (size_t k = 1; k < BINS; k++)
        if (count[k] > count[best])
            best = k;
    return low + width * ((double)best + 0.5);
}

static enum status add_star(struct volume *v, const char *name, const struct star_map *map, bool plain,
                            const char *note, struct error *e)
{
    const struct config_node *o = config_get(v->options, "star");
    struct volume_star *s = &v->stars[v->n_stars];
    struct prior none = {0};
    struct star_options options = {.directions = (size_t)config_integer(config_get(o, "directions"), STAR_DIRECTIONS),
                                   .checks = (size_t)config_integer(config_get(o, "checks"), STAR_CHECKS),
                                   .seed = v->m->seed,
                                   .stream = (uint64_t)1 << 32,
                                   .threads = v->m->threads};
    enum status status = star_volume(&v->region, plain ? &none : &v->prior, map, &options, v->reporter, &s->star, e);
    v->n_stars++;
    if (status)
        return status;
    s->name = name;
    s->mode = mode_of(options.directions, s->star.log_weights);
    s->median = s->star.log_weights[options.directions / 2];
    s->best = s->star.log_weights[options.directions - 1];
    struct volume_row *row =
        volume_add_estimate(v, name, plain ? "volume" : "prior mass", &s->star.estimate,
                            "%s; %zu directions, mode %.5g, best %.5g; %zu came back, %zu without end", note,
                            options.directions, s->mode, s->best, s->star.returned, s->star.unbounded);
    if (row->status == ROW_OK && s->star.returned)
        row->status = ROW_LOWER_BOUND;
    if (plain && s->star.unbounded)
        row->at_least = NAN;
    return STATUS_OK;
}

static enum status add_stars(struct volume *v, struct error *e)
{
    double floor = sqrt(2 * v->threshold);
    double epsilon = config_number(config_get(v->options, "star.epsilon"), floor);
    double *scale = malloc(2 * v->N * sizeof *scale);
    char note[3][120];
    if (!scale)
        return error_memory(e);
    double *aim = scale + v->N;
    struct star_map none = {0}, diagonal = {.outer = v->sigma, .scale = scale},
                    whole = {.outer = v->sigma, .basis = v->basis, .scale = scale}, aimed = whole;
    struct quadratic q = {.n = v->N,
                          .eigenvalues = v->scaled,
                          .displacement = v->displacement,
                          .tolerance = v->scaled_tolerance,
                          .variance = 1};
    struct quadratic_saddle saddle = {0};
    snprintf(note[0], sizeof note[0], "p = 1/(sqrt H_ii + %.3g), H in units of sigma", epsilon);
    snprintf(note[1], sizeof note[1], "p = 1/(sqrt lambda + %.3g) along the eigenvectors, turned back", epsilon);
    enum status status = add_star(v, "star domain, naive", &none, false, "directions uniform", e);
    star_scale(v->N, v->diagonal, epsilon, scale);
    if (!status)
        status = add_star(v, "star domain, diag(H)", &diagonal, false, note[0], e);
    star_scale(v->N, v->scaled, epsilon, scale);
    if (!status)
        status = add_star(v, "star domain, whole H", &whole, false, note[1], e);
    if (!status && quadratic_saddle(&q, v->threshold, &saddle, NULL) == STATUS_OK) {
        star_scale_tilted(v->N, v->scaled, saddle.beta, scale);
        star_aim(v->N, v->scaled, v->displacement, saddle.beta, aim);
        aimed.aim = aim;
        snprintf(note[2], sizeof note[2], "directions where the quadratic has its mass, beta = %.4g", saddle.beta);
        status = add_star(v, "star domain, aimed", &aimed, false, note[2], e);
    }
    star_scale(v->N, v->scaled, epsilon, scale);
    if (!status)
        status = add_star(v, "star domain without prior", &whole, true, note[1], e);
    free(scale);
    return status;
}

/* --- annealing */

static void add_ladder_row(struct volume *v, const struct annealed *a, const char *name, double localised)
{
    char where[160] = "the whole set, all copies";
    if (localised > 0)
        snprintf(where, sizeof where,
                 "localised by a Gaussian of %.3g sigma about theta*, put back; what lies farther out than its "
                 "chains have been is missing",
                 localised);
    volume_add_estimate(
        v, name, "prior mass", &a->estimate,
        "%s; %zu betas up to %.4g, R-hat %.3f; error of the ladder %.2g, of its steps %.2g, of the last "
        "step %.2g; %zu divergences",
        where, a->n_rungs, a->n_rungs ? a->rungs[a->n_rungs - 1].beta : 0, a->worst_rhat, a->ladder_error,
        a->discretisation, a->final_error, a->divergences);
}

/* What the region depends on besides what annealing knows itself. */
static void key_of(const struct volume *v, char key[40])
{
    char prior[17], theta[17];
    file_hash(v->sigma, v->N * sizeof *v->sigma, prior);
    file_hash(v->m->theta, v->N * sizeof *v->m->theta, theta);
    snprintf(key, 40, "%s%s %.3s", prior, theta, config_text(config_get(v->options, "sameness"), "loss"));
}

static enum status anneal_both_ways(struct volume *v, struct annealed_options *options, struct error *e);

static enum status add_annealed(struct volume *v, struct error *e)
{
    char key[40];
    char *checkpoint = v->m->checkpoint ? text_format("%s.annealed.checkpoint", v->m->checkpoint) : NULL;
    const struct config_node *o = config_get(v->options, "annealed");
    struct annealed_options options = {.chains = (size_t)config_integer(config_get(o, "chains"), 0),
                                       .warmup = (size_t)config_integer(config_get(o, "warmup"), 0),
                                       .draws = (size_t)config_integer(config_get(o, "draws"), 0),
                                       .longest = (size_t)config_integer(config_get(o, "longest"), 0),
                                       .max_steps = (size_t)config_integer(config_get(o, "max_steps"), 0),
                                       .factor = config_number(config_get(o, "factor"), 0),
                                       .localise = config_number(config_get(o, "localise"), 0),
                                       .basis = v->N <= BASIS_MOST ? v->basis : NULL,
                                       .lambda = v->N <= BASIS_MOST ? v->scaled : v->diagonal,
                                       .seed = v->m->seed + 1,
                                       .threads = v->m->threads,
                                       .checkpoint = checkpoint,
                                       .key = key,
                                       .what = "annealing up from the prior"};
    key_of(v, key);
    enum status status = anneal_both_ways(v, &options, e);
    if (!status && checkpoint)
        remove(checkpoint);
    free(checkpoint);
    return status;
}

static enum status anneal_both_ways(struct volume *v, struct annealed_options *o, struct error *e)
{
    struct annealed *up = &v->ladders[0], *down = &v->ladders[1];
    struct annealed_options options = *o;
    double betas[256];
    v->n_ladders = 1;
    enum status status = annealed_mass(&v->region, &v->prior, &options, v->reporter, up, e);
    if (status)
        return status;
    add_ladder_row(v, up, "annealed up from the prior", options.localise);
    if (up->n_rungs == 0) /* no ladder to come down */
        return STATUS_OK;
    for (size_t k = 0; k < up->n_rungs; k++)
        betas[k] = up->rungs[k].beta;
    options.betas = betas;
    options.n_betas = up->n_rungs;
    options.reverse = true;
    options.what = "annealing down from theta*";
    v->n_ladders = 2;
    status = annealed_mass(&v->region, &v->prior, &options, v->reporter, down, e);
    if (status)
        return status;
    add_ladder_row(v, down, "annealed down from theta*", options.localise);
    if (options.localise > 0)
        return STATUS_OK;
    struct estimate local = down->estimate;
    estimate_shift(&local, -v->log_copies);
    volume_add_estimate(v, VOLUME_ONE_COPY, "prior mass", &local,
                        "the row above less ln of the copies by permutation%s, %.5g, if they do not touch",
                        v->m->problem->network.activation->odd ? " and sign" : "", v->log_copies);
    return STATUS_OK;
}

/* --- counting and draining */

static enum status add_rejection(struct volume *v, struct error *e)
{
    size_t draws = (size_t)config_integer(config_get(v->options, "draws"), DRAWS);
    struct estimate estimate;
    enum status status = rejection_mass(&v->region, &v->prior, draws, v->m->seed, STREAM_REJECTION, v->m->threads,
                                        v->reporter, &estimate, e);
    if (!status)
        volume_add_estimate(v, "counted", "prior mass", &estimate, "%zu draws of the prior; the whole set, all copies",
                            draws);
    return status;
}

/* The flow of the training loss; it ends in the basin where the sameness is at most the threshold. */
struct flow {
    const struct volume *v;
    struct tape *tape;
    void *worker;
    double floor; /* loss at theta* */
};

static enum status flow_new(const struct drain *d, void **worker, struct error *e)
{
    struct flow *f = calloc(1, sizeof *f);
    *worker = f;
    if (!f)
        return error_memory(e);
    f->v = d->context;
    enum status status = tape_new(f->v->m->problem, &f->tape, e);
    if (!status)
        status = region_worker_new(&f->v->region, &f->worker, e);
    if (!status)
        f->floor = tape_loss(f->tape, f->v->m->theta);
    return status;
}

static void flow_free(void *worker)
{
    struct flow *f = worker;
    if (!f)
        return;
    tape_free(f->tape);
    if (f->worker)
        region_worker_free(&f->v->region, f->worker);
    free(f);
}

static double flow_gradient(void *worker, const double *theta, double *g)
{
    struct flow *f = worker;
    return tape_slope(f->tape, theta, g);
}

/* At the bottom: the loss has all but stopped to fall, or is as low as at theta*. */
static enum drain_verdict flow_verdict(void *worker, const double *theta, double loss, const double *g)
{
    struct flow *f = worker;
    double slope = 0, tolerance = 1e-2 * f->v->threshold;
    for (size_t i = 0; i < f->v->N; i++)
        slope += g[i] * g[i];
    if (loss > f->floor + tolerance && slope > 1e-6 * tolerance)
        return DRAIN_FLOWING;
    return region_contains(&f->v->region, f->worker, theta) ? DRAIN_INSIDE : DRAIN_OUTSIDE;
}

/* What drains of the last shell; nothing of one ball, which is the first. An estimate above 1 is no share. */
static const char *describe_share(const struct drain_result *r, size_t size, char *out)
{
    const struct drain_shell *last = &r->shells[r->n_shells - 1];
    out[0] = 0;
    if (r->n_shells == 1 || !isfinite(last->fraction))
        return out;
    if (last->fraction > 1)
        snprintf(out, size, " of the last shell all drains, as far as seen (%.3g +- %.2g, at most 1),", last->fraction,
                 last->fraction_error);
    else
        snprintf(out, size, " of the last shell %.3g +- %.2g drains,", last->fraction, last->fraction_error);
    return out;
}

static enum status add_drain(struct volume *v, struct error *e)
{
    const struct config_node *o = config_get(v->options, "drain");
    struct drain d = {.n = v->N,
                      .centre = v->m->theta,
                      .scale = v->sigma,
                      .context = v,
                      .worker_new = flow_new,
                      .worker_free = flow_free,
                      .gradient = flow_gradient,
                      .verdict = flow_verdict,
                      .rtol = 1e-4};
    struct drain_options options = {.points = (size_t)config_integer(config_get(o, "points"), 50),
                                    .chains = (size_t)config_integer(config_get(o, "chains"), 8),
                                    .steps = (size_t)config_integer(config_get(o, "steps"), 100),
                                    .inner = config_number(config_get(o, "inner"), VOLUME_DRAIN_INNER),
                                    .outer = config_number(config_get(o, "outer"), VOLUME_DRAIN_OUTER),
                                    .seed = v->m->seed,
                                    .threads = v->m->threads};
    struct drain_result result;
    struct prior none = {0};
    char share[120];
    enum status status = drain_volume(&d, &none, &options, v->reporter, &result, e);
    if (!status)
        volume_add_estimate(v, "drained by the flow", "volume", &result.estimate,
                            "within %.3g sigma of theta*;%s of the first ball %.3g; %zu flows, %zu failed",
                            result.shells[result.n_shells - 1].radius, describe_share(&result, sizeof share, share),
                            result.inner_fraction, result.flows, result.failures);
    drain_result_clear(&result);
    return status;
}

/* A star domain is connected. With more mass than one of e^log_copies equal parts it is not one of so many: copies of
 * theta* touch, and the row that divides by their number says nothing. */
static void check_copies(struct volume *v)
{
    struct volume_row *copy = NULL;
    const struct volume_row *star = NULL;
    double most = -INFINITY;
    for (size_t i = 0; i < v->n_rows; i++) {
        struct volume_row *r = &v->rows[i];
        if (strcmp(r->name, VOLUME_ONE_COPY) == 0 && r->status != ROW_REFUSED)
            copy = r;
        if (strncmp(r->name, "star domain", 11) != 0 || strcmp(r->what, "prior mass") != 0)
            continue;
        double least = r->status == ROW_REFUSED ? r->at_least : r->log_value - 3 * r->error;
        if (least > most) {
            most = least;
            star = r;
        }
    }
    if (!copy || !star || !(most > copy->log_value + 3 * copy->error))
        return;
    snprintf(copy->note, sizeof copy->note,
             "copies of theta* touch: %s, which is one piece, has at least %.5g; this row would have %.5g", star->name,
             most, copy->log_value);
    copy->status = ROW_REFUSED;
    copy->at_least = NAN;
}

enum status volume_add_sampled(struct volume *v, struct error *e)
{
    enum status status = STATUS_OK;
    v->log_copies = volume_log_copies(&v->m->problem->network, v->m->theta);
    warn_of_unused(v);
    if (wanted(v, "star"))
        status = add_stars(v, e);
    if (!status && wanted(v, "annealed"))
        status = add_annealed(v, e);
    if (!status && wanted(v, "rejection"))
        status = add_rejection(v, e);
    if (!status && wanted(v, "drain"))
        status = add_drain(v, e);
    if (!status)
        check_copies(v);
    return status;
}
