#include "tests/validate/volume_beds.h"

#include "basin/quadratic.h"
#include "basin/rejection.h"
#include "basin/tape.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTED = 2000000 };

static void must(enum status status)
{
    if (status == STATUS_OK)
        return;
    fputs("validate_volume: a region cannot be made\n", stderr);
    exit(EXIT_FAILURE);
}

/* --- bowls */

static double bowl_gradient(void *context, const double *theta, double *g)
{
    const struct bed *b = context;
    double sum = 0;
    for (size_t i = 0; i < b->spec.n; i++) {
        double off = theta[i] - b->centre[i];
        g[i] = b->lambda[i] * off;
        sum += g[i] * off / 2;
    }
    return sum;
}

static double bowl_value(void *context, const double *theta)
{
    const struct bed *b = context;
    double sum = 0;
    for (size_t i = 0; i < b->spec.n; i++)
        sum += b->lambda[i] * (theta[i] - b->centre[i]) * (theta[i] - b->centre[i]) / 2;
    return sum;
}

static void init_bowl(struct bed *b)
{
    size_t n = b->spec.n;
    struct random_stream r = random_stream(1, n);
    struct quadratic_probability p = {0};
    struct quadratic_saddle saddle = {0};
    for (size_t i = 0; i < n; i++) {
        bool zero = b->spec.flat && i >= n - n / 3;
        b->lambda[i] = zero ? 0 : pow(10, b->spec.top - b->spec.decades * (double)i / (double)(n > 1 ? n - 1 : 1));
        b->centre[i] = b->displacement[i] = random_normal(&r);
    }
    b->region.cutoff = 0.01;
    b->region.value = bowl_value;
    b->region.gradient = bowl_gradient;
    struct quadratic q = {.n = n, .eigenvalues = b->lambda, .displacement = b->centre, .variance = 1};
    must(quadratic_volume(&q, b->region.cutoff, &b->log_volume, NULL));
    must(quadratic_probability(&q, b->region.cutoff, &p, NULL));
    must(quadratic_saddle(&q, b->region.cutoff, &saddle, NULL));
    b->log_mass = p.log_probability;
    b->beta = saddle.beta;
}

/* --- the trefoil: d = (r/s(phi))^2, s = 1 + 0.3 cos 3 phi */

static double trefoil_gradient(void *context, const double *x, double *g)
{
    double r = hypot(x[0], x[1]), phi = atan2(x[1], x[0]), s = 1 + 0.3 * cos(3 * phi), slope = -0.9 * sin(3 * phi);
    double outwards = 2 * r / (s * s), around = -2 * r * slope / (s * s * s); /* the latter over r */
    (void)context;
    g[0] = outwards * cos(phi) - around * sin(phi);
    g[1] = outwards * sin(phi) + around * cos(phi);
    return r * r / (s * s);
}

static double trefoil_value(void *context, const double *x)
{
    double g[2];
    return trefoil_gradient(context, x, g);
}

static void init_trefoil(struct bed *b)
{
    enum { POINTS = 720 }; /* of a smooth periodic function: exact to rounding */
    double mass = 0;
    b->region.cutoff = 0.09;
    b->region.value = trefoil_value;
    b->region.gradient = trefoil_gradient;
    b->log_volume = log(M_PI * (1 + 0.3 * 0.3 / 2) * b->region.cutoff);
    for (int k = 0; k < POINTS; k++) {
        double s = 1 + 0.3 * cos(6 * M_PI * k / POINTS);
        mass -= expm1(-s * s * b->region.cutoff / 2) / POINTS;
    }
    b->log_mass = log(mass);
}

/* --- cosines */

static double cube_gradient(void *context, const double *x, double *g)
{
    const struct bed *b = context;
    double sum = 0;
    for (size_t i = 0; i < b->spec.n; i++) {
        g[i] = 2 * M_PI * sin(2 * M_PI * x[i]);
        sum += 1 - cos(2 * M_PI * x[i]);
    }
    return sum;
}

static enum drain_verdict cube_verdict(void *context, const double *x, double potential, const double *g)
{
    const struct bed *b = context;
    double most = 0;
    (void)g;
    if (potential > 0.5)
        return DRAIN_FLOWING;
    for (size_t i = 0; i < b->spec.n; i++)
        most = fmax(most, fabs(x[i]));
    return most < 0.24 ? DRAIN_INSIDE : DRAIN_OUTSIDE;
}

static double diamond_gradient(void *context, const double *x, double *g)
{
    double a = cos(2 * M_PI * x[0]), c = cos(2 * M_PI * x[1]);
    (void)context;
    g[0] = -2 * M_PI * sin(2 * M_PI * x[0]) * c;
    g[1] = -2 * M_PI * sin(2 * M_PI * x[1]) * a;
    return a * c;
}

static enum drain_verdict diamond_verdict(void *context, const double *x, double potential, const double *g)
{
    (void)context;
    (void)g;
    if (potential > -0.9)
        return DRAIN_FLOWING;
    return fmax(fabs(x[0] - 0.5), fabs(x[1])) < 0.24 ? DRAIN_INSIDE : DRAIN_OUTSIDE;
}

static void init_cosine(struct bed *b)
{
    bool cube = b->spec.kind == BED_CUBE;
    b->drain = (struct drain){.n = b->spec.n,
                              .centre = b->centre,
                              .context = b,
                              .gradient = cube ? cube_gradient : diamond_gradient,
                              .verdict = cube ? cube_verdict : diamond_verdict,
                              .rtol = 1e-4};
    b->centre[0] = cube ? 0 : 0.5;
    b->log_volume = cube ? 0 : log(0.5);
}

/* --- tiny networks; the mass by counting, a hundred times as many draws as a trial has */

static const struct {
    const char *activation, *measure;
    size_t width[3];
    double cutoff;
    enum loss_kind loss;
    bool bias;
} nets[] = {{"tanh", "kl", {1, 2, 1}, 0.1, LOSS_MSE, true},
            {"softplus", "loss", {2, 2, 1}, 0.02, LOSS_BCE, false},
            {"gelu-tanh", "kl", {2, 2, 2}, 0.05, LOSS_CE, false}};

static void count(struct bed *b, int net, struct validation *v)
{
    struct prior prior = {.sigma = b->sigma};
    struct estimate counted;
    char key[40];
    double kept[2];
    snprintf(key, sizeof key, "network %d, counted", net);
    if (!validation_recall(v, key, kept, 2)) {
        must(rejection_mass(&b->region, &prior, COUNTED, 1, 0, 0, NULL, &counted, NULL));
        kept[0] = counted.log_value, kept[1] = counted.error;
        validation_keep(v, key, kept, 2);
    }
    b->log_mass = kept[0];
    b->log_mass_error = kept[1];
}

/* The quadratic: what a star domain is aimed by. */
static void find_quadratic(struct bed *b)
{
    size_t n = b->spec.n;
    double off;
    struct quadratic_saddle saddle = {0};
    must(sameness_hessian(b->sameness, b->basis, &off, NULL));
    must(linalg_eigen_symmetric(n, b->basis, true, b->lambda, NULL));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            b->displacement[i] += b->basis[i * n + j] * b->centre[j];
    struct quadratic q = {
        .n = n, .eigenvalues = b->lambda, .displacement = b->displacement, .tolerance = 1e-9, .variance = 1};
    must(quadratic_saddle(&q, b->region.cutoff, &saddle, NULL));
    b->beta = saddle.beta;
}

static void init_network(struct bed *b, int net, struct validation *v)
{
    struct random_stream r = random_stream(20251125, (uint64_t)net);
    struct problem *p = &b->problem;
    struct tape *tape;
    size_t outputs = nets[net].width[2];
    must(network_init(&p->network, nets[net].width, 3, activation_find(nets[net].activation), nets[net].bias, NULL));
    b->spec.n = p->network.n_parameters;
    p->n = BED_EXAMPLES;
    p->x = b->x;
    p->t = b->t;
    p->loss = nets[net].loss;
    random_normals(&r, BED_EXAMPLES * nets[net].width[0], b->x);
    random_normals(&r, b->spec.n, b->centre);
    must(tape_new(p, &tape, NULL));
    tape_loss(tape, b->centre); /* targets: what it does, a perfect fit */
    memcpy(b->t, p->loss == LOSS_MSE ? tape_outputs(tape) : tape_probabilities(tape),
           BED_EXAMPLES * outputs * sizeof *b->t);
    tape_free(tape);
    must(sameness_new(sameness_find(nets[net].measure), p, NULL, b->centre, &b->sameness, NULL));
    b->region = sameness_region(b->sameness, nets[net].cutoff);
    find_quadratic(b);
    count(b, net, v);
}

void bed_init(struct bed *b, const struct bed_spec *spec, struct validation *v)
{
    memset(b, 0, sizeof *b);
    b->spec = *spec;
    b->log_volume = b->log_mass = NAN;
    b->region = (struct region){.n = spec->n, .centre = b->centre, .context = b};
    for (size_t i = 0; i < BED_MOST; i++)
        b->sigma[i] = 1;
    if (spec->kind == BED_BOWL)
        init_bowl(b);
    else if (spec->kind == BED_TREFOIL)
        init_trefoil(b);
    else if (spec->kind == BED_CUBE || spec->kind == BED_DIAMOND)
        init_cosine(b);
    else
        init_network(b, (int)spec->kind - BED_TANH, v);
}

void bed_clear(struct bed *b)
{
    sameness_free(b->sameness);
}
