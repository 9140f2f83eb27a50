#include "growth/solve_joint.h"

#include "growth/variable.h"
#include "solver/linalg.h"

#include <math.h>
#include <string.h>

enum { MAX_ROUNDS = 40, MAX_HALVINGS = 14 };
static const double FINEST = 1e-5, STEP = 1e-3, LOG_STEP = 1e-2;
static const double NOISE = 1e4; /* error of a level after a run of 12,000 years, in units of rtol (docs/bench.md) */

struct search {
    struct simulation s; /* to the latest date of all targets */
    const struct solve_target *first, *targets;
    size_t n;
    enum status (*restart)(struct simulation *s, void *context, struct error *e);
    void *context;
    const struct reporter *reporter;
    struct error *e;
    double tolerance;  /* of every miss: what the integration's own error allows */
    double first_miss; /* of the latest evaluation */
};

static bool by_logarithm(const struct search *g, size_t k)
{
    return g->s.model->params[g->targets[k].parameter].unit[0] != 0;
}

static void set_unknowns(struct search *g, const double *u)
{
    for (size_t k = 0; k < g->n; k++) {
        const struct param *param = &g->s.model->params[g->targets[k].parameter];
        double value = by_logarithm(g, k) ? exp(u[k]) : u[k];
        g->s.p[g->targets[k].parameter] = fmin(fmax(value, param->low), param->high);
    }
}

static double miss_of(const struct trajectory *t, const struct solve_target *target)
{
    return log(variable_at(t, target->variable, target->year) / target->value);
}

/* r (n): ln of variable over its level. The largest |r| into *size, INFINITY when the run blows up or fails before. */
static enum status evaluate(struct search *g, const double *u, double *r, double *size)
{
    struct trajectory t = {0};
    *size = INFINITY;
    set_unknowns(g, u);
    enum status status = g->restart ? g->restart(&g->s, g->context, g->e) : STATUS_OK;
    if (status)
        return status;
    status = simulate(&g->s, false, g->reporter, &t, g->e);
    if (!status && t.run.outcome == RESCALED_REACHED) {
        *size = 0;
        for (size_t k = 0; k < g->n; k++) {
            r[k] = miss_of(&t, &g->targets[k]);
            *size = fmax(*size, isfinite(r[k]) ? fabs(r[k]) : INFINITY);
        }
        g->first_miss = g->first ? miss_of(&t, g->first) : 0;
    }
    trajectory_clear(&t);
    return status == STATUS_FAILED ? STATUS_OK : status; /* a trial out of the model's reach is only a bad trial */
}

/* The Newton step from u, where the residuals are r, by forward differences. */
static enum status newton_step(struct search *g, const double *u, const double *r, double *step)
{
    double jac[SOLVE_JOINT_MAX * SOLVE_JOINT_MAX], moved[SOLVE_JOINT_MAX] = {0}, at[SOLVE_JOINT_MAX],
                                                   minus[SOLVE_JOINT_MAX], size;
    for (size_t j = 0; j < g->n; j++) {
        double h = by_logarithm(g, j) ? LOG_STEP : STEP * fmax(fabs(u[j]), 1);
        memcpy(at, u, g->n * sizeof *at);
        at[j] += h;
        enum status status = evaluate(g, at, moved, &size);
        if (!status && !isfinite(size))
            status = error_set(g->e, STATUS_FAILED, "solve: no run beside %s = %g",
                               g->s.model->params[g->targets[j].parameter].key, g->s.p[g->targets[j].parameter]);
        if (status)
            return status;
        for (size_t k = 0; k < g->n; k++)
            jac[k * g->n + j] = (moved[k] - r[k]) / h;
    }
    for (size_t k = 0; k < g->n; k++)
        minus[k] = -r[k];
    return linalg_least_squares(g->n, g->n, jac, minus, 1e-10, step, NULL, g->e);
}

/* One damped Newton step for all targets but the first. */
static enum status improve(struct search *g, double *u, double *r, double *size)
{
    double step[SOLVE_JOINT_MAX], trial[SOLVE_JOINT_MAX], at[SOLVE_JOINT_MAX], trial_size = INFINITY;
    enum status status = newton_step(g, u, r, step);
    for (int halving = 0; !status && halving < MAX_HALVINGS; halving++) {
        double damping = ldexp(1, -halving);
        for (size_t k = 0; k < g->n; k++)
            trial[k] = u[k] + damping * step[k];
        status = evaluate(g, trial, at, &trial_size);
        if (status || trial_size >= (1 - 0.1 * damping) * *size)
            continue;
        memcpy(u, trial, g->n * sizeof *u);
        memcpy(r, at, g->n * sizeof *r);
        *size = trial_size;
        return STATUS_OK;
    }
    if (status)
        return status;
    return error_set(g->e, STATUS_FAILED, "solve: no %s puts %s on %g in %.10g",
                     g->s.model->params[g->targets[0].parameter].key, variable_key(g->s.model, g->targets[0].variable),
                     g->targets[0].value, g->targets[0].year);
}

static enum status search_all(struct search *g, double *u)
{
    double r[SOLVE_JOINT_MAX] = {0}, size = 0;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        enum status status = evaluate(g, u, r, &size);
        if (!status && g->first && (!isfinite(size) || fabs(g->first_miss) > g->tolerance)) {
            double to = g->s.to;
            status = solve_parameter(&g->s, g->first, g->restart, g->context, g->reporter, g->e);
            g->s.to = to;
            if (!status)
                status = evaluate(g, u, r, &size);
        }
        if (!status && !isfinite(size))
            status = error_set(g->e, STATUS_FAILED, "solve: the run ends before the dates that are asked for");
        if (status)
            return status;
        while (size > g->tolerance && fabs(g->first_miss) <= 100 * g->tolerance) {
            status = improve(g, u, r, &size);
            if (status)
                return status;
        }
        if (size <= g->tolerance && fabs(g->first_miss) <= g->tolerance)
            return STATUS_OK;
    }
    return error_set(g->e, STATUS_FAILED, "solve: not converged after %d rounds", MAX_ROUNDS);
}

enum status solve_joint(struct simulation *s, const struct solve_target *first, const struct solve_target *targets,
                        size_t n, enum status (*restart)(struct simulation *s, void *context, struct error *e),
                        void *context, const struct reporter *reporter, struct error *e)
{
    struct search g = {.s = *s,
                       .first = first,
                       .targets = targets,
                       .n = n,
                       .restart = restart,
                       .context = context,
                       .reporter = reporter,
                       .e = e,
                       .tolerance = fmax(FINEST, NOISE * (s->rtol + s->atol))};
    double u[SOLVE_JOINT_MAX] = {0}, to = first ? first->year : -INFINITY;
    if (n > SOLVE_JOINT_MAX)
        return error_set(e, STATUS_FAILED, "solve: more than %d parameters", SOLVE_JOINT_MAX);
    for (size_t k = 0; k < n; k++) {
        double value = s->p[targets[k].parameter];
        if (!(value > 0) && by_logarithm(&g, k))
            return error_set(e, STATUS_FAILED, "solve: %s must start above 0",
                             s->model->params[targets[k].parameter].key);
        u[k] = by_logarithm(&g, k) ? log(value) : value;
        to = fmax(to, targets[k].year);
    }
    if (!first && n == 0)
        return restart ? restart(s, context, e) : STATUS_OK;
    g.s.to = to;
    enum status status = search_all(&g, u);
    if (status)
        return status;
    g.s.to = s->to;
    *s = g.s;
    return STATUS_OK;
}
