/* Leapfrog steps, and trajectories of jittered length. */
#include "solver/linalg.h"
#include "solver/sampler_private.h"

#include <math.h>
#include <string.h>

static const double SHORTEST = 0.6;

void sampler_leapfrog(const struct sampler *s, struct worker *w, size_t rung, double step, struct phase *z, double *v)
{
    size_t n = s->n;
    linalg_axpy(n, step / 2, z->g, z->p);
    metric_velocity(&s->metrics[rung], z->p, v);
    linalg_axpy(n, step, v, z->x);
    z->log_density = s->target.evaluate(s->betas[rung], z->x, z->g, &z->tempered, w->context);
    linalg_axpy(n, step / 2, z->g, z->p);
    metric_velocity(&s->metrics[rung], z->p, v);
}

double sampler_energy(size_t n, const struct phase *z, const double *v)
{
    double joint = z->log_density - linalg_dot(n, z->p, v) / 2;
    return isfinite(joint) ? joint : -INFINITY;
}

void sampler_begin(const struct sampler *s, struct worker *w, size_t rung, const struct chain *c,
                   struct random_stream *r, struct phase *z, double *v)
{
    size_t n = s->n;
    (void)w;
    memcpy(z->x, c->x + rung * n, n * sizeof *z->x);
    memcpy(z->g, c->gradient + rung * n, n * sizeof *z->g);
    z->log_density = c->numbers[rung].log_density;
    z->tempered = c->numbers[rung].tempered;
    metric_momentum(&s->metrics[rung], r, z->p);
    metric_velocity(&s->metrics[rung], z->p, v);
}

double sampler_guess_step(const struct sampler *s, struct worker *w, size_t rung, double step, struct chain *c,
                          struct random_stream *r)
{
    const double aim = log(0.8);
    int direction = 0;
    for (int i = 0; i < 100; i++) {
        sampler_begin(s, w, rung, c, r, &w->now, w->v);
        double before = sampler_energy(s->n, &w->now, w->v);
        sampler_leapfrog(s, w, rung, step, &w->now, w->v);
        c->evaluations += 1;
        int side = sampler_energy(s->n, &w->now, w->v) - before > aim ? 1 : -1;
        if (direction && side != direction)
            break;
        direction = side;
        step *= direction > 0 ? 2 : 0.5;
    }
    return step;
}

static size_t number_of_steps(const struct sampler *s, double step, struct random_stream *r, bool *saturated)
{
    const struct sampler_options *o = &s->options;
    double mean = ceil(o->trajectory / step);
    if (o->kernel == SAMPLER_MALA)
        return 1;
    if (!(2 * mean - 1 <= (double)o->max_steps)) {
        *saturated = true;
        return 1 + (size_t)random_below(r, o->max_steps);
    }
    return 1 + (size_t)random_below(r, 2 * (uint64_t)mean - 1);
}

struct transition sampler_hmc(const struct sampler *s, struct worker *w, size_t rung, double step, struct chain *c,
                              struct random_stream *r)
{
    struct transition out = {0};
    struct phase *z = &w->now;
    struct rung_numbers *numbers = &c->numbers[rung];
    size_t n = s->n;
    if (s->options.kernel == SAMPLER_HMC && !(s->options.step > 0)) /* where the step is too long it is not always so */
        step *= SHORTEST + (1 - SHORTEST) * random_uniform(r);
    size_t steps = number_of_steps(s, step, r, &out.saturated);
    sampler_begin(s, w, rung, c, r, z, w->v);
    double before = sampler_energy(n, z, w->v), change = 0;
    while (out.steps < steps && !out.divergent) {
        sampler_leapfrog(s, w, rung, step, z, w->v);
        out.steps++;
        change = sampler_energy(n, z, w->v) - before;
        out.divergent = !(change > -1000);
    }
    out.acceptance = out.divergent ? 0 : fmin(1, exp(change));
    if (random_uniform(r) < out.acceptance) {
        memcpy(c->x + rung * n, z->x, n * sizeof *z->x);
        memcpy(c->gradient + rung * n, z->g, n * sizeof *z->g);
        numbers->log_density = z->log_density;
        numbers->tempered = z->tempered;
    }
    return out;
}
