/* The no-U-turn sampler: a trajectory is doubled, forwards or backwards in time, until it turns back. The draw is
 * multinomial over its points, with the bias towards the new half of Betancourt (arXiv 1701.02434, appendix A); the
 * criterion is looked at within and across halves, as Stan does since 2.21. */
#include "solver/linalg.h"
#include "solver/sampler_private.h"

#include <math.h>
#include <string.h>

struct doubling {
    const struct sampler *s;
    struct worker *w;
    size_t rung;
    double before; /* energy at the start */
    struct random_stream *r;
    struct transition *out;
    double acceptance; /* summed */
};

static double log_add(double a, double b)
{
    double most = fmax(a, b);
    return isinf(most) ? most : most + log1p(exp(-fabs(a - b)));
}

static void copy(size_t n, double *to, const double *from)
{
    memcpy(to, from, n * sizeof *to);
}

/* Do both ends still move along the sum of momenta? */
static bool goes_on(size_t n, const double *v_first, const double *v_last, const double *rho)
{
    return linalg_dot(n, v_first, rho) > 0 && linalg_dot(n, v_last, rho) > 0;
}

/* Two stretches side by side, each with its outer and inner end; sum: their rho together. */
static bool halves_go_on(size_t n, const struct end outer[2], const struct end inner[2], const double *const rho[2],
                         const double *sum, double *scratch)
{
    if (!goes_on(n, outer[0].v, outer[1].v, sum))
        return false;
    for (size_t k = 0; k < 2; k++) {
        copy(n, scratch, rho[k]);
        linalg_axpy(n, 1, inner[1 - k].p, scratch);
        if (!goes_on(n, outer[k].v, inner[1 - k].v, scratch))
            return false;
    }
    return true;
}

static void take_draw(size_t n, struct tree *to, const struct tree *from)
{
    copy(n, to->x, from->x);
    copy(n, to->g, from->g);
    to->log_density = from->log_density;
    to->tempered = from->tempered;
}

/* One step from z. false: diverged. */
static bool grow_leaf(struct doubling *d, struct phase *z, double step, struct tree *out)
{
    size_t n = d->s->n;
    sampler_leapfrog(d->s, d->w, d->rung, step, z, out->first.v);
    double change = sampler_energy(n, z, out->first.v) - d->before;
    d->out->steps++;
    d->acceptance += change > 0 ? 1 : exp(change);
    out->log_weight = change;
    out->log_density = z->log_density;
    out->tempered = z->tempered;
    copy(n, out->x, z->x);
    copy(n, out->g, z->g);
    copy(n, out->first.p, z->p);
    copy(n, out->last.p, z->p);
    copy(n, out->rho, z->p);
    copy(n, out->last.v, out->first.v);
    d->out->divergent = !(change > -1000);
    return !d->out->divergent;
}

/* 2^depth steps from z. false: they diverged or turned back somewhere, and nothing of them counts. */
static bool grow(struct doubling *d, size_t depth, struct phase *z, double step, struct tree *out)
{
    size_t n = d->s->n;
    if (depth == 0)
        return grow_leaf(d, z, step, out);
    struct tree *second = &d->w->trees[depth - 1];
    if (!grow(d, depth - 1, z, step, out) || !grow(d, depth - 1, z, step, second))
        return false;
    double both = log_add(out->log_weight, second->log_weight);
    if (log(random_uniform(d->r)) < second->log_weight - both)
        take_draw(n, out, second);
    out->log_weight = both;
    copy(n, d->w->extra, out->rho);
    linalg_axpy(n, 1, second->rho, d->w->extra);
    bool good =
        halves_go_on(n, (const struct end[]){out->first, second->last}, (const struct end[]){out->last, second->first},
                     (const double *const[]){out->rho, second->rho}, d->w->extra, d->w->v);
    copy(n, out->rho, d->w->extra);
    copy(n, out->last.p, second->last.p);
    copy(n, out->last.v, second->last.v);
    return good;
}

static void begin(struct doubling *d, const struct chain *c)
{
    struct worker *w = d->w;
    size_t n = d->s->n;
    sampler_begin(d->s, w, d->rung, c, d->r, &w->left, w->outer_left.v);
    copy(n, w->right.x, w->left.x);
    copy(n, w->right.p, w->left.p);
    copy(n, w->right.g, w->left.g);
    copy(n, w->outer_left.p, w->left.p);
    copy(n, w->outer_right.p, w->left.p);
    copy(n, w->outer_right.v, w->outer_left.v);
    copy(n, w->rho, w->left.p);
    d->before = sampler_energy(n, &w->left, w->outer_left.v);
}

/* Join the new half to the trajectory; false: it turns back now. */
static bool join(struct doubling *d, bool forwards, const struct tree *half)
{
    struct worker *w = d->w;
    size_t n = d->s->n;
    struct end *near = forwards ? &w->outer_right : &w->outer_left, *far = forwards ? &w->outer_left : &w->outer_right;
    copy(n, w->extra, w->rho);
    linalg_axpy(n, 1, half->rho, w->extra);
    bool good = halves_go_on(n, (const struct end[]){*far, half->last}, (const struct end[]){*near, half->first},
                             (const double *const[]){w->rho, half->rho}, w->extra, w->v);
    copy(n, w->rho, w->extra);
    copy(n, near->p, half->last.p);
    copy(n, near->v, half->last.v);
    return good;
}

struct transition sampler_nuts(const struct sampler *s, struct worker *w, size_t rung, double step, struct chain *c,
                               struct random_stream *r)
{
    struct transition out = {0};
    struct doubling d = {.s = s, .w = w, .rung = rung, .r = r, .out = &out};
    struct rung_numbers *numbers = &c->numbers[rung];
    struct tree *half = &w->trees[s->max_depth];
    double log_weight = 0;
    size_t n = s->n, depth = 0;
    bool good = true;
    begin(&d, c);
    for (; depth < s->max_depth && good; depth++) {
        bool forwards = random_uniform(r) < 0.5;
        good = forwards ? grow(&d, depth, &w->right, step, half) : grow(&d, depth, &w->left, -step, half);
        if (!good)
            break;
        if (log(random_uniform(r)) < half->log_weight - log_weight) {
            copy(n, c->x + rung * n, half->x);
            copy(n, c->gradient + rung * n, half->g);
            numbers->log_density = half->log_density;
            numbers->tempered = half->tempered;
        }
        log_weight = log_add(log_weight, half->log_weight);
        good = join(&d, forwards, half);
    }
    out.saturated = good && depth == s->max_depth;
    out.acceptance = d.acceptance / (double)out.steps;
    return out;
}
