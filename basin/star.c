#include "basin/star.h"

#include "basin/radial.h"
#include "basin/star_radius.h"
#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 };                    /* rays that one task looks at together */
static const double PLAIN_REACH = 1e18; /* of a plain volume, in units of the radius tried first */

void star_scale(size_t n, const double *lambda, double epsilon, double *p)
{
    for (size_t i = 0; i < n; i++)
        p[i] = 1 / (sqrt(fabs(lambda[i])) + epsilon);
}

void star_scale_tilted(size_t n, const double *lambda, double beta, double *p)
{
    for (size_t i = 0; i < n; i++)
        p[i] = 1 / sqrt(beta * fmax(lambda[i], 0) + 1);
}

void star_aim(size_t n, const double *lambda, const double *mu, double beta, double *aim)
{
    for (size_t i = 0; i < n; i++)
        aim[i] = -mu[i] / sqrt(beta * fmax(lambda[i], 0) + 1);
}

struct work {
    const struct region *region;
    const struct prior *prior;
    const struct star_map *map;
    const struct star_options *options;
    const struct reporter *reporter;
    double tolerance, start;
    double *log_weights;
    double mean_square; /* |theta* - mean|^2 in units of sigma */
    atomic_size_t unbounded, returned, evaluations, done;
    atomic_bool failed, stopped;
    atomic_flag reporting; /* the reporter is one thread's at a time */
};

/* What a task works with. */
struct bench {
    void *worker;
    double *directions, *drawn; /* (BATCH, n) */
    struct star_rays rays;
    struct radial *radial; /* (BATCH) of the prior */
    double *drawn_density; /* (BATCH) ln density of the direction over that of a uniform one, but for a constant */
    struct radial_rule *rule;
};

static void bench_clear(struct bench *b, const struct region *r)
{
    region_worker_free(r, b->worker);
    free(b->directions);
    free(b->drawn);
    free(b->radial);
    free(b->drawn_density);
    star_rays_clear(&b->rays);
    radial_rule_free(b->rule);
}

static enum status bench_init(struct bench *b, const struct region *r, size_t rays)
{
    *b = (struct bench){.directions = malloc(rays * r->n * sizeof(double)),
                        .drawn = malloc(rays * r->n * sizeof(double)),
                        .radial = malloc(rays * sizeof *b->radial),
                        .drawn_density = calloc(rays, sizeof(double)),
                        .rule = radial_rule_new()};
    enum status status =
        b->directions && b->drawn && b->radial && b->drawn_density && b->rule ? STATUS_OK : STATUS_FAILED;
    if (!status)
        status = star_rays_init(&b->rays, rays, NULL);
    if (!status)
        status = region_worker_new(r, &b->worker, NULL);
    return status;
}

/* u (n) uniform on the sphere; or w normal about the aim: the density of its direction is the integral of that of w
 * along it, c the square of its length and b minus its product with the aim. */
static void draw_one(const struct work *w, size_t i, double *u, double *log_density, const struct radial_rule *rule)
{
    size_t n = w->region->n;
    const double *aim = w->map->aim;
    struct random_stream stream = random_stream(w->options->seed, w->options->stream + i);
    random_normals(&stream, n, u);
    if (aim) {
        linalg_axpy(n, 1, aim, u);
        struct radial f = {n, -linalg_dot(n, u, aim), linalg_dot(n, u, u)};
        *log_density = radial_log_integral(&f, INFINITY, rule);
        return;
    }
    double norm = linalg_norm(n, u);
    for (size_t j = 0; j < n; j++)
        u[j] /= norm;
}

/* v = S V^T diag(p) u for `rays` directions from `first` on. */
static void draw(const struct work *w, size_t first, size_t rays, struct bench *b)
{
    size_t n = w->region->n;
    const struct star_map *map = w->map;
    double *u = map->basis ? b->drawn : b->directions;
    for (size_t k = 0; k < rays; k++) {
        draw_one(w, first + k, u + k * n, &b->drawn_density[k], b->rule);
        for (size_t i = 0; i < n && map->scale; i++)
            u[k * n + i] *= map->scale[i];
    }
    if (map->basis)
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, rays, n, n, 1, u, n, map->basis, n, 0, b->directions, n);
    for (size_t k = 0; k < rays && map->outer; k++)
        for (size_t i = 0; i < n; i++)
            b->directions[k * n + i] *= map->outer[i];
}

/* The density of the prior along v, exp(-(A + 2 b x + c x^2)/2) but for constants; without prior 1. */
static struct radial radial_along(const struct work *w, const double *v)
{
    size_t n = w->region->n;
    struct radial f = {.n = n};
    for (size_t i = 0; i < n && w->prior->sigma; i++) {
        double s = w->prior->sigma[i], off = w->region->centre[i] - (w->prior->mean ? w->prior->mean[i] : 0);
        f.b += off / s * (v[i] / s);
        f.c += v[i] / s * (v[i] / s);
    }
    return f;
}

static void weigh(struct work *w, size_t first, size_t rays, struct bench *b)
{
    size_t unbounded = 0, returned = 0;
    for (size_t k = 0; k < rays; k++) {
        const struct star_ray *ray = &b->rays.ray[k];
        unbounded += ray->unbounded;
        returned += ray->returned;
        if (!w->prior->sigma)
            w->log_weights[first + k] = (double)w->region->n * log(ray->next) - log((double)w->region->n);
        else
            w->log_weights[first + k] =
                radial_log_integral(&b->radial[k], ray->unbounded ? INFINITY : ray->next, b->rule) -
                b->drawn_density[k];
    }
    atomic_fetch_add(&w->unbounded, unbounded);
    atomic_fetch_add(&w->returned, returned);
    atomic_fetch_add(&w->evaluations, b->rays.evaluations);
}

/* A region that only knows `value`, as one that knows rays. */
struct by_value {
    const struct region *region;
    void *worker;
    const double *directions;
    double *theta;
};

static void one_by_one(void *context, size_t count, const size_t *ray, const double *radius, double *d)
{
    struct by_value *v = context;
    size_t n = v->region->n;
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < n; i++)
            v->theta[i] = v->region->centre[i] + radius[k] * v->directions[ray[k] * n + i];
        d[k] = v->region->value(v->worker, v->theta);
    }
}

static void find_radii(struct work *w, struct bench *b)
{
    const struct region *r = w->region;
    struct star_search search = {w->tolerance, w->options->checks, w->options->by_halving};
    if (r->rays_begin) {
        r->rays_begin(b->worker, b->rays.n, b->directions);
        star_rays_find(&b->rays, r, b->worker, &search);
        return;
    }
    struct by_value v = {r, b->worker, b->directions, b->drawn};
    struct region along = {.cutoff = r->cutoff, .rays_values = one_by_one};
    star_rays_find(&b->rays, &along, &v, &search);
}

static void look(struct work *w, size_t first, size_t rays, struct bench *b)
{
    draw(w, first, rays, b);
    for (size_t k = 0; k < rays; k++) {
        b->radial[k] = radial_along(w, b->directions + k * w->region->n);
        b->rays.ray[k].next = w->start;
        b->rays.ray[k].reach = w->prior->sigma ? radial_reach(&b->radial[k]) : PLAIN_REACH * w->start;
    }
    find_radii(w, b);
    weigh(w, first, rays, b);
}

static void task(size_t i, void *context)
{
    struct work *w = context;
    struct bench b = {0};
    size_t first = i * BATCH, rays = w->options->directions - first < BATCH ? w->options->directions - first : BATCH;
    if (atomic_load(&w->stopped))
        return;
    if (reporter_stop_requested(w->reporter))
        atomic_store(&w->stopped, true);
    else if (bench_init(&b, w->region, rays))
        atomic_store(&w->failed, true);
    else
        look(w, first, rays, &b);
    bench_clear(&b, w->region);
    size_t done = atomic_fetch_add(&w->done, rays) + rays;
    if (atomic_flag_test_and_set(&w->reporting))
        return;
    reporter_progress(w->reporter, (double)done / (double)w->options->directions, "star-domain directions");
    atomic_flag_clear(&w->reporting);
}

/* ln of the measure of u and of the prior's constants: everything that is the same for all directions. */
static double log_constant(const struct work *w)
{
    size_t n = w->region->n;
    double half = (double)n / 2, constant = log(2) + half * log(M_PI) - gsl_sf_lngamma(half);
    if (w->map->aim)
        constant = half * log(2 * M_PI) + linalg_dot(n, w->map->aim, w->map->aim) / 2;
    for (size_t i = 0; i < n; i++) {
        constant += w->map->scale ? log(w->map->scale[i]) : 0;
        constant += w->map->outer ? log(w->map->outer[i]) : 0;
        if (!w->prior->sigma)
            continue;
        double s = w->prior->sigma[i], off = w->region->centre[i] - (w->prior->mean ? w->prior->mean[i] : 0);
        constant -= log(s) + log(2 * M_PI) / 2 + off / s * (off / s) / 2;
    }
    return constant;
}

/* The radius to try first for all others: that of the first direction. */
static enum status find_start(struct work *w)
{
    struct bench b;
    enum status status = bench_init(&b, w->region, 1);
    w->start = w->options->start > 0 ? w->options->start : 1;
    if (!status) {
        look(w, 0, 1, &b);
        w->start = b.rays.ray[0].next;
    }
    bench_clear(&b, w->region);
    atomic_store(&w->unbounded, 0);
    atomic_store(&w->returned, 0);
    return status;
}

enum status star_volume(const struct region *r, const struct prior *prior, const struct star_map *map,
                        const struct star_options *options, const struct reporter *reporter, struct star *out,
                        struct error *e)
{
    struct work w = {.region = r,
                     .prior = prior,
                     .map = map,
                     .options = options,
                     .reporter = reporter,
                     .reporting = ATOMIC_FLAG_INIT};
    size_t n = options->directions;
    *out = (struct star){.log_weights = malloc((n + 1) * sizeof *out->log_weights)};
    w.log_weights = out->log_weights;
    w.tolerance = options->tolerance > 0 ? options->tolerance : 0.01 / (double)r->n;
    if (!out->log_weights || find_start(&w))
        return error_memory(e);
    int blas = linalg_set_threads(1);
    parallel_map((n + BATCH - 1) / BATCH, options->threads, task, &w);
    linalg_set_threads(blas);
    if (atomic_load(&w.stopped))
        return error_set(e, STATUS_INTERRUPTED, "interrupted while shooting rays");
    if (atomic_load(&w.failed))
        return error_memory(e);
    double constant = log_constant(&w);
    for (size_t i = 0; i < n; i++)
        out->log_weights[i] += constant;
    out->unbounded = atomic_load(&w.unbounded);
    out->returned = atomic_load(&w.returned);
    out->evaluations = atomic_load(&w.evaluations);
    out->estimate = estimate_log_mean(n, out->log_weights);
    if (!prior->sigma && out->unbounded)
        estimate_refuse(&out->estimate, "%zu of %zu directions have no end: a plain volume is infinite", out->unbounded,
                        n);
    return STATUS_OK;
}

void star_clear(struct star *s)
{
    free(s->log_weights);
    *s = (struct star){0};
}
