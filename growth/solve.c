#include "growth/solve.h"

#include "growth/variable.h"
#include "solver/gsl_errors.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>

static const double FIRST_STEP = 1e-3, FARTHEST = 1.4; /* of the parameter's logarithm: up to a factor 4 */
static const double BEYOND = 50;                       /* stands for a blow-up before the date */

struct shot {
    struct simulation simulation;
    const struct solve_target *target;
    enum status (*restart)(struct simulation *s, void *context, struct error *e);
    void *context;
    const struct reporter *reporter;
    struct error *e;
    enum status status;
};

static void set_parameter(struct shot *shot, double log_value)
{
    struct simulation *s = &shot->simulation;
    double value = exp(log_value);
    const struct param *param = &s->model->params[shot->target->parameter];
    s->p[shot->target->parameter] = fmin(fmax(value, param->low), param->high);
    if (shot->restart)
        shot->status = shot->restart(s, shot->context, shot->e);
}

/* ln of variable over target at the date; BEYOND when the run has ended in a blow-up by then. */
static double miss(double log_value, void *context)
{
    struct shot *shot = context;
    struct trajectory t;
    double result = NAN;
    set_parameter(shot, log_value);
    if (shot->status)
        return NAN;
    enum status status = simulate(&shot->simulation, false, shot->reporter, &t, shot->e);
    if (!status && t.run.outcome == RESCALED_BLOW_UP)
        result = BEYOND;
    else if (!status && t.run.outcome == RESCALED_EXHAUSTED)
        result = -BEYOND;
    else if (!status)
        result = log(variable_at(&t, shot->target->variable, shot->target->year) / shot->target->value);
    trajectory_clear(&t);
    shot->status = status;
    return result;
}

/* Alternately up and down, ever farther, until the sign changes between neighbours. */
static bool bracket(struct shot *shot, double start, double *low, double *high)
{
    double middle = miss(start, shot), above = start, below = start, step = FIRST_STEP;
    if (middle == 0) {
        *low = *high = start;
        return true;
    }
    while (!shot->status && above - start < FARTHEST) {
        double next = above + step, at = miss(next, shot);
        if (!shot->status && (at > 0) != (middle > 0)) {
            *low = above;
            *high = next;
            return true;
        }
        above = next;
        next = below - step;
        if (!shot->status)
            at = miss(next, shot);
        if (!shot->status && (at > 0) != (middle > 0)) {
            *low = next;
            *high = below;
            return true;
        }
        below = next;
        step *= 1.6;
    }
    return false;
}

static double refine(struct shot *shot, double low, double high)
{
    gsl_errors_return();
    double tolerance = fmax(shot->target->tolerance, 1e-14);
    gsl_function function = {miss, shot};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    double root = 0.5 * (low + high);
    if (solver && gsl_root_fsolver_set(solver, &function, low, high) == GSL_SUCCESS)
        for (int i = 0; i < 100 && !shot->status; i++) {
            if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS)
                break;
            root = gsl_root_fsolver_root(solver);
            low = gsl_root_fsolver_x_lower(solver);
            high = gsl_root_fsolver_x_upper(solver);
            if (high - low < tolerance)
                break;
        }
    if (solver)
        gsl_root_fsolver_free(solver);
    return root;
}

enum status solve_parameter(struct simulation *s, const struct solve_target *target,
                            enum status (*restart)(struct simulation *s, void *context, struct error *e), void *context,
                            const struct reporter *reporter, struct error *e)
{
    struct shot shot = {
        .simulation = *s, .target = target, .restart = restart, .context = context, .reporter = reporter, .e = e};
    shot.simulation.to = target->year;
    const struct param *param = &s->model->params[target->parameter];
    double start = s->p[target->parameter], low = 0, high = 0;
    if (!(start > 0))
        return error_set(e, STATUS_FAILED, "solve: %s must start above 0", param->key);
    bool found = bracket(&shot, log(start), &low, &high);
    if (shot.status)
        return shot.status;
    if (!found)
        return error_set(e, STATUS_FAILED, "solve: no %s within a factor 4 of %g puts %s on %g in %.10g", param->key,
                         start, variable_key(s->model, target->variable), target->value, target->year);
    double root = high > low ? refine(&shot, low, high) : low;
    set_parameter(&shot, root);
    if (shot.status)
        return shot.status;
    shot.simulation.to = s->to;
    *s = shot.simulation;
    return STATUS_OK;
}
