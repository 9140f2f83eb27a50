/* Gradient flow: d theta/ds = -grad L(theta), the curve that defines which basin a theta belongs to. */
#include "basin/train_private.h"

#include "solver/linalg.h"
#include "solver/ode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Near the end the integrator's own noise keeps the gradient from falling: after so many steps without a gain the
 * tolerances are tightened, and at the tightest the flow is said to go nowhere. */
enum { PATIENCE = 60, KRYLOV = 40 };
static const double TIGHTER = 1e-2, TIGHTEST = 1e-12, GAIN_GRADIENT = 0.9, GAIN_LOSS = 1e-6;

/* What a resumed run needs: trainer.number. */
enum { NUMBER_RTOL, NUMBER_BEST_GRADIENT, NUMBER_BEST_LOSS, NUMBER_WAITED };

struct flow {
    struct trainer *t;
    double *at; /* (N) where the tape is */
};

static double flow_move(struct flow *f, const double *theta)
{
    memcpy(f->at, theta, f->t->n * sizeof *theta);
    return tape_move(f->t->tape, theta);
}

static int flow_rhs(double s, const double *theta, double *slope, void *context)
{
    (void)s;
    struct flow *f = context;
    size_t n = f->t->n;
    if (!isfinite(flow_move(f, theta)))
        return 1;
    tape_gradient(f->t->tape, slope);
    for (size_t i = 0; i < n; i++)
        slope[i] = -slope[i];
    return isfinite(linalg_norm(n, slope)) ? 0 : 1;
}

static int flow_product(double s, const double *theta, const double *slope, const double *v, double *jv, void *context)
{
    (void)s, (void)slope;
    struct flow *f = context;
    size_t n = f->t->n;
    if (memcmp(f->at, theta, n * sizeof *theta) != 0)
        flow_move(f, theta);
    tape_hvp(f->t->tape, HESSIAN_FULL, v, jv);
    for (size_t i = 0; i < n; i++)
        jv[i] = -jv[i];
    return 0;
}

/* From t->theta, with tolerances relative to each parameter, or to their usual size where that is larger. */
static struct ode *flow_start(struct flow *f)
{
    struct trainer *t = f->t;
    double rtol = t->number[NUMBER_RTOL], size = linalg_norm(t->n, t->theta) / sqrt((double)t->n);
    double *atol = malloc(t->n * sizeof *atol);
    struct ode *o = NULL;
    if (!(size > 0))
        size = 1;
    for (size_t i = 0; atol && i < t->n; i++)
        atol[i] = rtol * size;
    struct ode_problem problem = {.n = t->n, .rhs = flow_rhs, .jacobian_vector = flow_product, .context = f};
    struct ode_options options = {.method = ODE_BDF_KRYLOV,
                                  .rtol = rtol,
                                  .atol = atol,
                                  .max_steps = t->options.max_steps + PATIENCE,
                                  .first_step = 1e-2 * sqrt(rtol) * size * sqrt((double)t->n) / t->gradient_norm,
                                  .krylov = KRYLOV};
    if (!atol)
        error_memory(&t->error);
    else
        ode_new(&o, &problem, &options, t->s, t->theta, &t->error);
    free(atol);
    return o;
}

/* Whether the last PATIENCE steps gained anything. */
static bool gains(struct trainer *t)
{
    double *best_gradient = &t->number[NUMBER_BEST_GRADIENT], *best_loss = &t->number[NUMBER_BEST_LOSS];
    if (t->gradient_norm < GAIN_GRADIENT * *best_gradient || t->excess < (1 - GAIN_LOSS) * *best_loss) {
        *best_gradient = fmin(*best_gradient, t->gradient_norm);
        *best_loss = fmin(*best_loss, t->excess);
        t->number[NUMBER_WAITED] = 0;
    }
    return ++t->number[NUMBER_WAITED] <= PATIENCE;
}

/* One step of the integrator. A flow that cannot go on (a kink that it would have to slide along) has stalled. */
static enum train_end flow_step(struct flow *f, struct ode *o)
{
    struct trainer *t = f->t;
    bool at_event;
    enum status status = ode_step(o, 1e300, &at_event, &t->error);
    if (status && ode_get_failure(o)->kind == ODE_RECOVERABLE)
        return TRAIN_STALLED;
    if (status)
        return TRAIN_ERROR;
    if (!trainer_go(t, ode_state(o))) {
        error_set(&t->error, STATUS_FAILED, "the loss is not finite at flow time %g", t->s);
        return TRAIN_ERROR;
    }
    memcpy(f->at, t->theta, t->n * sizeof *f->at);
    t->s = ode_position(o);
    t->step++;
    return trainer_step(t);
}

static enum train_end flow_drain(struct flow *f)
{
    struct trainer *t = f->t;
    struct ode *o = flow_start(f);
    enum train_end end = o ? TRAIN_GOES_ON : TRAIN_ERROR;
    while (end == TRAIN_GOES_ON) {
        end = flow_step(f, o);
        if (end == TRAIN_GOES_ON && !gains(t))
            end = TRAIN_STALLED;
    }
    ode_free(o);
    return end;
}

enum train_end train_by_flow(struct trainer *t)
{
    struct flow f = {t, malloc(t->n * sizeof *f.at)};
    enum train_end end = TRAIN_STALLED;
    double *rtol = &t->number[NUMBER_RTOL];
    if (!f.at) {
        error_memory(&t->error);
        return TRAIN_ERROR;
    }
    memcpy(f.at, t->theta, t->n * sizeof *f.at);
    if (*rtol == 0) {
        *rtol = t->options.rtol;
        t->number[NUMBER_BEST_GRADIENT] = t->gradient_norm;
        t->number[NUMBER_BEST_LOSS] = t->excess;
    }
    double tightest = t->problem.network.activation->smooth ? TIGHTEST : t->options.rtol;
    while (end == TRAIN_STALLED && *rtol >= tightest) {
        end = flow_drain(&f);
        if (end == TRAIN_STALLED) {
            *rtol *= TIGHTER;
            t->number[NUMBER_WAITED] = 0;
        }
    }
    free(f.at);
    return end;
}
