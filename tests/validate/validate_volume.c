/* Are the standard errors of sampled volumes honest? 100 seeds of each estimator on regions of known volume; z =
 * (estimate - truth)/(its own error) must have standard deviation 0.8 to 1.3 and a mean within 3 of its own errors of
 * 0, with 0.15 for bias. A seed that is refused counts as refused, not as a z; an estimator that is always refused
 * fails. */
#include "basin/annealed.h"
#include "basin/drain.h"
#include "basin/quadratic.h"
#include "basin/rejection.h"
#include "basin/star.h"
#include "solver/random.h"
#include "tests/validate/validating.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 100, MOST = 1000 };
static const double CUTOFF = 0.01;

struct bowl {
    size_t n;
    double lambda[MOST], centre[MOST], sigma[MOST], scale[MOST], aim[MOST];
    struct region region;
    double log_volume, log_mass, beta; /* volume NAN where infinite; saddle */
};

static double bowl_gradient(void *context, const double *theta, double *g)
{
    const struct bowl *b = context;
    double sum = 0;
    for (size_t i = 0; i < b->n; i++) {
        double off = theta[i] - b->centre[i];
        g[i] = b->lambda[i] * off;
        sum += g[i] * off / 2;
    }
    return sum;
}

static double bowl_value(void *context, const double *theta)
{
    const struct bowl *b = context;
    double sum = 0;
    for (size_t i = 0; i < b->n; i++)
        sum += b->lambda[i] * (theta[i] - b->centre[i]) * (theta[i] - b->centre[i]) / 2;
    return sum;
}

/* Eigenvalues over `decades`, the last third 0 where `singular`; centre drawn from the prior. */
static void bowl_init(struct bowl *b, size_t n, double top, double decades, bool singular)
{
    struct random_stream r = random_stream(1, n);
    struct quadratic_probability p = {0};
    struct quadratic_saddle saddle = {0};
    memset(b, 0, sizeof *b);
    b->n = n;
    for (size_t i = 0; i < n; i++) {
        bool zero = singular && i >= n - n / 3;
        b->lambda[i] = zero ? 0 : pow(10, top - decades * (double)i / (double)(n > 1 ? n - 1 : 1));
        b->sigma[i] = 1;
        b->centre[i] = random_normal(&r);
    }
    b->region = (struct region){
        .n = n, .centre = b->centre, .cutoff = CUTOFF, .context = b, .value = bowl_value, .gradient = bowl_gradient};
    struct quadratic q = {.n = n, .eigenvalues = b->lambda, .displacement = b->centre, .variance = 1};
    b->log_volume = NAN;
    if (quadratic_volume(&q, CUTOFF, &b->log_volume, NULL) || quadratic_probability(&q, CUTOFF, &p, NULL) ||
        quadratic_saddle(&q, CUTOFF, &saddle, NULL))
        exit(EXIT_FAILURE);
    b->log_mass = p.log_probability;
    b->beta = saddle.beta;
}

/* --- trials: value, error, 1 where refused */

struct trial {
    const char *name;
    size_t n;
    double top, decades; /* eigenvalues from 10^top on, over so many decades */
    bool singular, plain;
    void (*run)(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out);
};

static void fail(void)
{
    fputs("validate_volume: an estimator failed\n", stderr);
    exit(EXIT_FAILURE);
}

static void shoot(const struct trial *t, struct bowl *b, const struct star_map *map, size_t directions, uint64_t seed,
                  struct estimate *out)
{
    struct prior prior = {.sigma = t->plain ? NULL : b->sigma};
    struct star_options options = {.directions = directions, .seed = seed};
    struct star star;
    if (star_volume(&b->region, &prior, map, &options, NULL, &star, NULL))
        fail();
    *out = star.estimate;
    star_clear(&star);
}

static void naive_star(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {0};
    shoot(t, b, &map, 2000, seed, out);
}

/* A map that is somewhat wrong: p by the square root of the right scale. */
static void half_star(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {.scale = b->scale};
    for (size_t i = 0; i < b->n; i++)
        b->scale[i] = pow(b->lambda[i] + 1, -0.45);
    shoot(t, b, &map, 2000, seed, out);
}

static void aimed_star(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {.scale = b->scale, .aim = b->aim};
    star_scale_tilted(b->n, b->lambda, b->beta, b->scale);
    star_aim(b->n, b->lambda, b->centre, b->beta, b->aim);
    shoot(t, b, &map, 1000, seed, out);
}

static void counted(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    struct prior prior = {.sigma = b->sigma};
    (void)t;
    if (rejection_mass(&b->region, &prior, 100000, seed, 0, 0, NULL, out, NULL))
        fail();
}

static void anneal(struct bowl *b, uint64_t seed, bool reverse, double localise, struct estimate *out)
{
    struct prior prior = {.sigma = b->sigma};
    double betas[30];
    struct annealed_options options = {.seed = seed, .reverse = reverse, .lambda = b->lambda, .localise = localise};
    if (reverse) {
        for (size_t k = 0; k < 30; k++)
            betas[29 - k] = b->beta * pow(2, -(double)k);
        options.betas = betas;
        options.n_betas = 30;
        while (options.n_betas > 20) /* the lowest are 1e-9 of the highest: not needed */
            options.betas++, options.n_betas--;
    }
    struct annealed a;
    if (annealed_mass(&b->region, &prior, &options, NULL, &a, NULL))
        fail();
    *out = a.estimate;
    annealed_clear(&a);
}

static void annealed_up(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    (void)t;
    anneal(b, seed, false, 0, out);
}

static void annealed_down(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    (void)t;
    anneal(b, seed, true, 0, out);
}

static void annealed_localised(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    (void)t;
    anneal(b, seed, false, 2, out);
}

/* Draining does not know the bowl: the unit square of the separable cosine. */
static double cosine_gradient(void *context, const double *x, double *g)
{
    (void)context;
    for (size_t i = 0; i < 2; i++)
        g[i] = 2 * M_PI * sin(2 * M_PI * x[i]);
    return 2 - cos(2 * M_PI * x[0]) - cos(2 * M_PI * x[1]);
}

static enum drain_verdict cosine_verdict(void *context, const double *x, double potential, const double *g)
{
    (void)context;
    (void)g;
    if (potential > 0.5)
        return DRAIN_FLOWING;
    return fmax(fabs(x[0]), fabs(x[1])) < 0.24 ? DRAIN_INSIDE : DRAIN_OUTSIDE;
}

static void drained(const struct trial *t, struct bowl *b, uint64_t seed, struct estimate *out)
{
    double centre[2] = {0};
    struct drain d = {.n = 2,
                      .centre = centre,
                      .context = centre,
                      .gradient = cosine_gradient,
                      .verdict = cosine_verdict,
                      .rtol = 1e-4};
    struct prior none = {0};
    struct drain_options options = {
        .points = 20, .chains = 16, .steps = 60, .inner = 0.4, .outer = 0.708, .seed = seed};
    struct drain_result result;
    (void)t;
    (void)b;
    if (drain_volume(&d, &none, &options, NULL, &result, NULL))
        fail();
    *out = result.estimate;
    drain_result_clear(&result);
}

static const struct trial trials[] = {
    {"star, no map, ellipsoid, n = 2, 2 decades, plain volume", 2, 3, 2, false, true, naive_star},
    {"star, no map, ellipsoid, n = 3, 1 decade, under the prior", 3, 3, 1, false, false, naive_star},
    {"star, whole H to a power 0.9, n = 10, 2 decades, plain volume", 10, 3, 2, false, true, half_star},
    {"star, aimed, n = 10, 12 decades, a third flat", 10, 3, 12, true, false, aimed_star},
    {"star, aimed, n = 1000, 12 decades, a third flat", 1000, 3, 12, true, false, aimed_star},
    {"counted, n = 3, 6 decades, a third flat", 3, 0, 6, true, false, counted},
    {"annealed up, n = 10, 6 decades, a third flat", 10, 3, 6, true, false, annealed_up},
    {"annealed down, n = 10, 6 decades, a third flat", 10, 3, 6, true, false, annealed_down},
    {"annealed up, localised by 2 sigma, n = 5, 4 decades", 5, 3, 4, false, false, annealed_localised},
    {"drained, unit square of the separable cosine", 2, 3, 0, false, true, drained},
};

int main(int argc, char **argv)
{
    struct validation v;
    static struct bowl b;
    validation_begin(&v, argc, argv, "| estimator | refused of 100 | mean z | sd of z (0.8 to 1.3) | largest |");
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        const struct trial *t = &trials[i];
        double sum = 0, squares = 0, most = 0, stands = 0;
        bowl_init(&b, t->n, t->top, t->decades, t->singular);
        double truth = t->run == drained ? 0 : t->plain ? b.log_volume : b.log_mass;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            double kept[3];
            char key[160];
            snprintf(key, sizeof key, "%s, seed %d", t->name, (int)seed);
            if (!validation_recall(&v, key, kept, 3)) {
                struct estimate e = {0};
                t->run(t, &b, 1000 * seed, &e);
                kept[0] = e.log_value, kept[1] = e.error, kept[2] = e.refused;
                validation_keep(&v, key, kept, 3);
            }
            if (kept[2] != 0)
                continue;
            double z = (kept[0] - truth) / kept[1];
            sum += z, squares += z * z, stands++;
            most = fmax(most, fabs(z));
        }
        double mean = sum / stands, sd = sqrt((squares - sum * mean) / (stands - 1));
        bool good = stands >= 50 && sd >= 0.8 && sd <= 1.3 && fabs(mean) < 3 / sqrt(stands) + 0.15;
        validation_row(&v, good, "| %s | %.0f | %+.2f | %.2f | %.1f |", t->name, SEEDS - stands, mean, sd, most);
    }
    return validation_end(&v);
}
