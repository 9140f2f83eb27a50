/* Shooting inside a fit: the solved parameter by Newton's method with its own sensitivity, kept between what is too low
 * and what is too high. */
#include "growth/fit/private.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

enum { MOST_SHOTS = 80 };
/* of ln parameter: the first step where the sign is sought, and the farthest from where it began */
static const double FIRST_STEP = 0.02, FARTHEST = 6;

/* One shot: ln of the level over the target at ln parameter a. */
struct shot {
    double miss, slope;
    bool too_high; /* blew up before the date */
    enum status status;
};

static void set_solved(const struct fit *f, struct simulation *s, double a)
{
    s->p[f->shot.parameter] = exp(a);
}

static void fire(struct fit_evaluator *v, struct simulation *s, double a, double log_level, struct shot *out)
{
    const struct fit *f = v->fit;
    struct direction along = {.index = f->shot.parameter, .scale = exp(a)};
    struct sensitivities run;
    struct error e = {0};
    *out = (struct shot){.miss = NAN};
    set_solved(f, s, a);
    out->status = simulation_restart(s, &e);
    if (out->status)
        return;
    out->status = sensitivities_compute(s, &along, 1, &f->shot.year, 1, v->reporter, &run, &e);
    if (!out->status)
        out->miss = sensitivities_log_variable(&run, 0, f->shot.variable, &out->slope) - log_level;
    else if (out->status == STATUS_FAILED)
        out->too_high = true;
    sensitivities_clear(&run);
}

/* The next ln parameter to try, from the last shot at a. */
static double next(const struct shot *shot, double a, double low, double high, double *step)
{
    double to = shot->too_high || !(shot->slope > 0) ? NAN : a - shot->miss / shot->slope;
    bool above = shot->too_high || shot->miss > 0;
    if (isfinite(low) && isfinite(high))
        return to > low && to < high ? to : 0.5 * (low + high);
    /* only one side is known: Newton's step, but never farther than the growing one */
    double farthest = above ? a - *step : a + *step;
    *step *= 2;
    return isnan(to) || fabs(to - a) > fabs(farthest - a) ? farthest : to;
}

/* Where the search begins: the last solution, moved along its derivatives. */
static double guess(const struct fit_evaluator *v, const double *z)
{
    const struct fit *f = v->fit;
    if (!v->known)
        return log(f->base.p[f->shot.parameter]);
    double a = v->solved;
    for (size_t j = 0; v->has_slope && j < f->n_parameters; j++)
        a += v->slope[j] * (z[j] - v->z[j]);
    return fabs(a - v->solved) < 1 ? a : v->solved;
}

static int fail(struct fit_evaluator *v, const char *why)
{
    v->failures++;
    snprintf(v->complaint, sizeof v->complaint, "%s", why);
    return 1;
}

int fit_shoot(struct fit_evaluator *v, const double *z, struct simulation *s)
{
    const struct fit *f = v->fit;
    const struct param *param = &f->base.model->params[f->shot.parameter];
    double log_level = fit_log_level(f, z), low = -INFINITY, high = INFINITY, step = FIRST_STEP;
    double a = guess(v, z), begin = a;
    for (int i = 0; i < MOST_SHOTS; i++) {
        struct shot shot;
        if (fabs(a - begin) > FARTHEST || exp(a) < param->low || exp(a) > param->high)
            return fail(v, "no value of the solved parameter within reach meets the level");
        fire(v, s, a, log_level, &shot);
        if (shot.status == STATUS_INTERRUPTED)
            return -1;
        if (shot.status && !shot.too_high)
            return fail(v, "the model refuses the parameters");
        if (!shot.too_high && isnan(shot.miss))
            return fail(v, "the level has no logarithm");
        if (!shot.too_high &&
            (fabs(shot.miss) < fmax(s->rtol + s->atol, 1e-13) || high - low < 1e-15 * fmax(1, fabs(a)))) {
            /* on the second, far root output falls as research gets faster: a rich world of few people, without phases
             */
            if (!(shot.slope > 0))
                return fail(v, "the level is met only on the branch where faster research means less output");
            v->known = true;
            v->has_slope = false;
            v->solved = a;
            for (size_t j = 0; j < f->n_parameters; j++)
                v->z[j] = z[j];
            return 0;
        }
        if (shot.too_high || shot.miss > 0)
            high = a;
        else
            low = a;
        a = next(&shot, a, low, high, &step);
    }
    return fail(v, "the shooting does not converge");
}
