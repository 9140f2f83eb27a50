/* Are the standard errors of sampled volumes honest? 100 seeds of each estimator on regions of
 * known volume; z = (estimate - truth)/(its own error) must have standard deviation 0.8 to 1.3 and a mean within 3 of
 * its own errors of 0, with 0.15 for bias. A seed that is refused counts as refused, not as a z; an estimator that
 * refuses more than half fails. Star domains of networks, which are no stars, are mostly refused; their lower bounds
 * with 95 % confidence must be above the truth in 5 of 100 at most, and no value that stands above it by 3 errors. */
#include "basin/annealed.h"
#include "basin/rejection.h"
#include "basin/star.h"
#include "solver/random.h"
#include "tests/validate/volume_beds.h"

#include <math.h>
#include <stdlib.h>

enum { SEEDS = 100 };

struct trial {
    const char *name;
    struct bed_spec spec;
    void (*run)(struct bed *b, uint64_t seed, struct estimate *out);
    bool plain, bound; /* volume, not mass; not more than a lower bound */
    unsigned seeds;
};

static void fail(void)
{
    fputs("validate_volume: an estimator failed\n", stderr);
    exit(EXIT_FAILURE);
}

static void shoot(struct bed *b, const struct star_map *map, bool plain, size_t directions, uint64_t seed,
                  struct estimate *out)
{
    struct prior prior = {.sigma = plain ? NULL : b->sigma};
    struct star_options options = {.directions = directions, .seed = seed, .checks = 4};
    struct star star;
    if (star_volume(&b->region, &prior, map, &options, NULL, &star, NULL))
        fail();
    *out = star.estimate;
    star_clear(&star);
}

static void plain_star(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {0};
    shoot(b, &map, true, 2000, seed, out);
}

static void naive_star(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {0};
    shoot(b, &map, false, 2000, seed, out);
}

/* A map that is somewhat wrong: p by a power 0.9 of the right scale. */
static void half_star(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {.scale = b->scale};
    for (size_t i = 0; i < b->spec.n; i++)
        b->scale[i] = pow(b->lambda[i] + 1, -0.45);
    shoot(b, &map, true, 2000, seed, out);
}

/* The whole Hessian, each curvature known to 3 %. */
static void near_star(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {.scale = b->scale};
    struct random_stream r = random_stream(2, 0);
    for (size_t i = 0; i < b->spec.n; i++)
        b->scale[i] = exp(0.015 * random_normal(&r)) / sqrt(b->lambda[i]);
    shoot(b, &map, true, 1000, seed, out);
}

static void aimed_star(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct star_map map = {.basis = b->sameness ? b->basis : NULL, .scale = b->scale, .aim = b->aim};
    star_scale_tilted(b->spec.n, b->lambda, b->beta, b->scale);
    star_aim(b->spec.n, b->lambda, b->displacement, b->beta, b->aim);
    shoot(b, &map, false, b->sameness ? 4000 : 1000, seed, out);
}

static void counted(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct prior prior = {.sigma = b->sigma};
    if (rejection_mass(&b->region, &prior, 20000, seed, (uint64_t)1 << 20, 0, NULL, out, NULL))
        fail();
}

static void anneal(struct bed *b, const struct annealed_options *options, struct annealed *out)
{
    struct prior prior = {.sigma = b->sigma};
    struct annealed_options o = *options;
    o.lambda = b->spec.kind == BED_BOWL ? b->lambda : NULL;
    if (annealed_mass(&b->region, &prior, &o, NULL, out, NULL))
        fail();
}

static void annealed_up(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct annealed_options options = {.seed = seed};
    struct annealed a;
    anneal(b, &options, &a);
    *out = a.estimate;
    annealed_clear(&a);
}

/* The ladder is that of a way up with another seed, as it is in the program. */
static void annealed_down(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct annealed a;
    if (b->n_betas == 0) {
        struct annealed_options up = {.seed = 77};
        anneal(b, &up, &a);
        for (size_t k = 0; k < a.n_rungs; k++)
            b->betas[k] = a.rungs[k].beta;
        b->n_betas = a.n_rungs;
        annealed_clear(&a);
    }
    struct annealed_options down = {.seed = seed, .reverse = true, .betas = b->betas, .n_betas = b->n_betas};
    anneal(b, &down, &a);
    *out = a.estimate;
    annealed_clear(&a);
}

static void annealed_localised(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct annealed_options options = {.seed = seed, .localise = 2};
    struct annealed a;
    anneal(b, &options, &a);
    *out = a.estimate;
    annealed_clear(&a);
}

/* From a ball inside to one just around the corners. */
static void drained(struct bed *b, uint64_t seed, struct estimate *out)
{
    struct prior none = {0};
    bool cube = b->spec.kind == BED_CUBE;
    struct drain_options options = {.points = 20,
                                    .chains = 16,
                                    .steps = 60,
                                    .inner = cube ? 0.4 : 0.3,
                                    .outer = cube ? 0.5 * sqrt((double)b->spec.n) + 0.001 : 0.501,
                                    .seed = seed};
    struct drain_result result;
    if (drain_volume(&b->drain, &none, &options, NULL, &result, NULL) || result.failures > 0)
        fail();
    *out = result.estimate;
    drain_result_clear(&result);
}

static const struct trial trials[] = {
    {"star, no map, ellipsoid, n = 2, 2 decades, plain volume",
     {BED_BOWL, 2, 3, 2, false},
     plain_star,
     true,
     false,
     SEEDS},
    {"star, no map, ellipsoid, n = 3, 1 decade", {BED_BOWL, 3, 3, 1, false}, naive_star, false, false, SEEDS},
    {"star, whole H to a power 0.9, n = 10, 2 decades, plain volume",
     {BED_BOWL, 10, 3, 2, false},
     half_star,
     true,
     false,
     SEEDS},
    {"star, whole H to 3 %, n = 1000, 12 decades, plain volume",
     {BED_BOWL, 1000, 3, 12, false},
     near_star,
     true,
     false,
     SEEDS},
    {"star, aimed, n = 2, 12 decades", {BED_BOWL, 2, 3, 12, false}, aimed_star, false, false, SEEDS},
    {"star, aimed, n = 10, 12 decades, a third flat", {BED_BOWL, 10, 3, 12, true}, aimed_star, false, false, SEEDS},
    {"star, aimed, n = 1000, 12 decades, a third flat", {BED_BOWL, 1000, 3, 12, true}, aimed_star, false, false, SEEDS},
    {"counted, n = 3, 6 decades, a third flat", {BED_BOWL, 3, 0, 6, true}, counted, false, false, SEEDS},
    {"annealed up, n = 2, 2 decades", {BED_BOWL, 2, 3, 2, false}, annealed_up, false, false, SEEDS},
    {"annealed down, n = 2, 2 decades", {BED_BOWL, 2, 3, 2, false}, annealed_down, false, false, SEEDS},
    {"annealed up, n = 10, 6 decades, a third flat", {BED_BOWL, 10, 3, 6, true}, annealed_up, false, false, SEEDS},
    {"annealed down, n = 10, 6 decades, a third flat", {BED_BOWL, 10, 3, 6, true}, annealed_down, false, false, SEEDS},
    {"annealed up, n = 100, 12 decades, a third flat", {BED_BOWL, 100, 3, 12, true}, annealed_up, false, false, SEEDS},
    {"annealed down, n = 100, 12 decades, a third flat",
     {BED_BOWL, 100, 3, 12, true},
     annealed_down,
     false,
     false,
     SEEDS},
    {"annealed up, n = 1000, 12 decades, a third flat",
     {BED_BOWL, 1000, 3, 12, true},
     annealed_up,
     false,
     false,
     SEEDS},
    {"annealed down, n = 1000, 12 decades, a third flat",
     {BED_BOWL, 1000, 3, 12, true},
     annealed_down,
     false,
     false,
     SEEDS},
    {"annealed up, localised by 2 sigma, n = 5, 4 decades",
     {BED_BOWL, 5, 3, 4, false},
     annealed_localised,
     false,
     false,
     SEEDS},
    {"trefoil in the plane: star, area", {BED_TREFOIL, 2, 0, 0, false}, plain_star, true, false, SEEDS},
    {"trefoil: star", {BED_TREFOIL, 2, 0, 0, false}, naive_star, false, false, SEEDS},
    {"trefoil: counted", {BED_TREFOIL, 2, 0, 0, false}, counted, false, false, SEEDS},
    {"trefoil: annealed up", {BED_TREFOIL, 2, 0, 0, false}, annealed_up, false, false, SEEDS},
    {"trefoil: annealed down", {BED_TREFOIL, 2, 0, 0, false}, annealed_down, false, false, SEEDS},
    {"drained, unit square of the separable cosine", {BED_CUBE, 2, 0, 0, false}, drained, true, false, SEEDS},
    {"drained, unit cube of it, n = 5", {BED_CUBE, 5, 0, 0, false}, drained, true, false, SEEDS},
    {"drained, square of the product of two cosines", {BED_DIAMOND, 2, 0, 0, false}, drained, true, false, SEEDS},
    {"tanh 1-2-1, N = 7: counted", {BED_TANH, 0, 0, 0, false}, counted, false, false, SEEDS},
    {"tanh 1-2-1: annealed up", {BED_TANH, 0, 0, 0, false}, annealed_up, false, false, SEEDS},
    {"tanh 1-2-1: annealed down", {BED_TANH, 0, 0, 0, false}, annealed_down, false, false, SEEDS},
    {"tanh 1-2-1: star, aimed, its lower bound", {BED_TANH, 0, 0, 0, false}, aimed_star, false, true, SEEDS},
    {"softplus 2-2-1, bce, N = 6: counted", {BED_BCE, 0, 0, 0, false}, counted, false, false, SEEDS},
    {"softplus 2-2-1: annealed up", {BED_BCE, 0, 0, 0, false}, annealed_up, false, false, SEEDS},
    {"softplus 2-2-1: annealed down", {BED_BCE, 0, 0, 0, false}, annealed_down, false, false, SEEDS},
    {"softplus 2-2-1: star, aimed, its lower bound", {BED_BCE, 0, 0, 0, false}, aimed_star, false, true, SEEDS},
    {"gelu 2-2-2, ce, N = 8: counted", {BED_CE, 0, 0, 0, false}, counted, false, false, SEEDS},
    {"gelu 2-2-2: annealed up", {BED_CE, 0, 0, 0, false}, annealed_up, false, false, SEEDS},
    {"gelu 2-2-2: annealed down", {BED_CE, 0, 0, 0, false}, annealed_down, false, false, SEEDS},
    {"gelu 2-2-2: star, aimed, its lower bound", {BED_CE, 0, 0, 0, false}, aimed_star, false, true, SEEDS},
};

struct scores {
    double stands, sum, squares, most, highest; /* of z; most: of its size */
    double bounds, above;                       /* of the lower bounds: nats over the truth, how many are above it */
};

static void score(struct scores *s, double z)
{
    s->stands++;
    s->sum += z;
    s->squares += z * z;
    s->most = fmax(s->most, fabs(z));
    s->highest = fmax(s->highest, z);
}

static void judge(struct validation *v, const struct trial *t, const struct scores *s)
{
    double mean = s->sum / s->stands, sd = sqrt((s->squares - s->sum * mean) / (s->stands - 1)), n = t->seeds;
    if (t->bound)
        validation_row(v, s->above <= 0.05 * n && !(s->highest >= 3),
                       "| %s | %.0f of %.0f | at least %+.2f nats | %.0f above | - |", t->name, n - s->stands, n,
                       s->bounds / n, s->above);
    else
        validation_row(v, s->stands >= n / 2 && sd >= 0.8 && sd <= 1.3 && fabs(mean) < 3 / sqrt(s->stands) + 0.15,
                       "| %s | %.0f of %.0f | %+.2f | %.2f | %.1f |", t->name, n - s->stands, n, mean, sd, s->most);
}

static bool same(const struct bed_spec *a, const struct bed_spec *b)
{
    return a->kind == b->kind && a->n == b->n && a->top == b->top && a->decades == b->decades && a->flat == b->flat;
}

int main(int argc, char **argv)
{
    struct validation v;
    static struct bed b;
    validation_begin(&v, argc, argv, "| estimator | refused | mean z | sd of z (0.8 to 1.3) | largest |");
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        const struct trial *t = &trials[i];
        struct scores scores = {.highest = -INFINITY};
        if (i == 0 || !same(&t->spec, &trials[i - 1].spec)) {
            bed_clear(&b);
            bed_init(&b, &t->spec, &v);
        }
        double truth = t->plain ? b.log_volume : b.log_mass;
        for (uint64_t seed = 1; seed <= t->seeds; seed++) {
            double kept[4];
            size_t numbers = t->bound ? 4 : 3;
            char key[160];
            snprintf(key, sizeof key, "%s, seed %d", t->name, (int)seed);
            if (!validation_recall(&v, key, kept, numbers)) {
                struct estimate e = {0};
                t->run(&b, 1000 * seed, &e);
                kept[0] = e.log_value, kept[1] = e.error, kept[2] = e.refused, kept[3] = e.at_least;
                validation_keep(&v, key, kept, numbers);
            }
            if (kept[2] == 0)
                score(&scores, (kept[0] - truth) / hypot(kept[1], t->plain ? 0 : b.log_mass_error));
            scores.bounds += t->bound ? kept[3] - truth : 0;
            scores.above += t->bound && kept[3] > truth;
        }
        judge(&v, t, &scores);
    }
    bed_clear(&b);
    return validation_end(&v);
}
