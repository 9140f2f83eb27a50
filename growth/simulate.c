#include "growth/simulate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAIRS = 24 };

/* A pair of inputs of one flow whose shares may cross: one root function. */
struct pair {
    size_t flow, a, b;
};

struct run_context {
    const struct simulation *s;
    struct pair pairs[MAX_PAIRS];
    size_t n_pairs;
};

enum status simulation_init(struct simulation *s, const struct model *model, double from, double to, struct error *e)
{
    memset(s, 0, sizeof *s);
    s->model = model;
    s->from = from;
    s->to = to;
    s->method = ODE_BDF;
    s->rtol = 1e-9;
    model_default_parameters(model, s->p);
    for (size_t i = 0; i < model->n_states; i++) {
        s->x0[i] = log(model->states[i].value);
        s->steady[i] = model->steady_state != NULL;
    }
    return simulation_restart(s, e);
}

enum status simulation_restart(struct simulation *s, struct error *e)
{
    double x[MODEL_MAX_STATES];
    enum status status = s->model->derive ? s->model->derive(s->p, e) : STATUS_OK;
    if (!status && s->model->steady_state)
        status = s->model->steady_state(s->p, x, e);
    for (size_t i = 0; i < s->model->n_states && !status; i++)
        if (s->steady[i])
            s->x0[i] = x[i];
    return status;
}

/* 0 before, 1 after, quintic between */
static double ramp(double year, double from, double to)
{
    double z = fmin(fmax((year - from) / (to - from), 0), 1);
    return z * z * z * (10 + z * (6 * z - 15));
}

void simulation_parameters(const struct simulation *s, double year, double *p)
{
    memcpy(p, s->p, (s->model->n_params + s->model->n_derived) * sizeof *p);
    for (size_t k = 0; k < s->n_interventions; k++) {
        const struct intervention *v = &s->interventions[k];
        double part = ramp(year, v->from, v->to), *value = &p[v->param];
        *value = *value > 0 && v->factor > 0 ? *value * pow(v->factor, part) : *value * (1 + part * (v->factor - 1));
    }
}

const double *simulation_parameters_at(const struct simulation *s, double year, double *buffer)
{
    if (!s->n_interventions)
        return s->p;
    simulation_parameters(s, year, buffer);
    return buffer;
}

static int run_rhs(double year, const double *x, double *f, void *context)
{
    const struct run_context *c = context;
    double p[MODEL_MAX_PARAMS];
    return c->s->model->rhs(simulation_parameters_at(c->s, year, p), x, f);
}

static int run_jacobian(double year, const double *x, const double *f, double *jac, void *context)
{
    (void)f;
    const struct run_context *c = context;
    double p[MODEL_MAX_PARAMS];
    return c->s->model->jacobian(simulation_parameters_at(c->s, year, p), x, jac);
}

static int run_events(double year, const double *x, double *g, void *context)
{
    const struct run_context *c = context;
    double p[MODEL_MAX_PARAMS], share[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS];
    c->s->model->shares(simulation_parameters_at(c->s, year, p), x, share);
    for (size_t k = 0; k < c->n_pairs; k++) {
        const double *row = share + c->pairs[k].flow * MODEL_MAX_INPUTS;
        double a = row[c->pairs[k].a], b = row[c->pairs[k].b];
        /* Towards a blow-up both shares may underflow. Such a pair limits nothing, and a difference that is exactly
         * zero from there on would stop the integrator. */
        g[k] = a + b > 1e-200 ? (a - b) / (a + b) : 1;
    }
    return 0;
}

/* Half the stretch of time over which moving parameters are differenced at a date: small beside the shortest ramp that
 * covers it; 0 where none does. */
static double moving_step(const struct simulation *s, double year)
{
    double step = 0;
    for (size_t k = 0; k < s->n_interventions; k++) {
        const struct intervention *v = &s->interventions[k];
        double own = 1e-4 * (v->to - v->from);
        if (year > v->from - own && year < v->to + own)
            step = step > 0 ? fmin(step, own) : own;
    }
    return step;
}

/* What moving parameters add to g = c.f and to its slope. Output is ln Y = L(t, x) with dL/dx = c(t), so that
 *     g = c.f + L_t,   dg/dt = (J^T c).f + (c.f)_t + c_t.f + L_tt,
 * the subscript a derivative in time at a fixed state. */
static int add_motion(const struct simulation *s, double year, const double *x, const double *f, double *g, double *dg)
{
    const struct model *m = s->model;
    double p[MODEL_MAX_PARAMS], c[MODEL_MAX_STATES], level[3], rates[3], along[3], h = moving_step(s, year);
    if (!(h > 0))
        return 0;
    for (int k = 0; k < 3; k++) {
        simulation_parameters(s, year + (k - 1) * h, p);
        level[k] = m->log_output(p, x, c);
        int code = model_growth(m, p, x, NULL, &rates[k], NULL);
        if (code)
            return code;
        along[k] = 0;
        for (size_t i = 0; i < m->n_states; i++)
            along[k] += c[i] * f[i];
    }
    *g += (level[2] - level[0]) / (2 * h);
    if (dg)
        *dg += (rates[2] - rates[0] + along[2] - along[0]) / (2 * h) + (level[2] - 2 * level[1] + level[0]) / (h * h);
    return 0;
}

int simulation_growth(const struct simulation *s, double year, const double *x, double *g, double *dg)
{
    double p[MODEL_MAX_PARAMS], f[MODEL_MAX_STATES];
    int code = model_growth(s->model, simulation_parameters_at(s, year, p), x, f, g, dg);
    return code ? code : add_motion(s, year, x, f, g, dg);
}

double simulation_log_output(const struct simulation *s, double year, const double *x)
{
    double p[MODEL_MAX_PARAMS];
    return s->model->log_output(simulation_parameters_at(s, year, p), x, NULL);
}

static void list_pairs(struct run_context *c)
{
    const struct model *m = c->s->model;
    for (size_t flow = 0; flow < m->n_flows; flow++)
        for (size_t a = 0; a < m->flows[flow].n_inputs; a++)
            for (size_t b = a + 1; b < m->flows[flow].n_inputs; b++)
                if (c->n_pairs < MAX_PAIRS)
                    c->pairs[c->n_pairs++] = (struct pair){flow, a, b};
}

/* --- reading a trajectory ----------------------------------------------------------------------------------------- */

double trajectory_begin(const struct trajectory *t)
{
    return t->simulation.from;
}

double trajectory_end(const struct trajectory *t)
{
    double x[MODEL_MAX_STATES], year;
    trajectory_at_tau(t, INFINITY, x, &year);
    return year;
}

double trajectory_tau(const struct trajectory *t, double year)
{
    return ode_solution_invert(&t->run.solution, t->simulation.model->n_states, year);
}

void trajectory_at_tau(const struct trajectory *t, double tau, double *x, double *year)
{
    double z[MODEL_MAX_STATES + 1];
    size_t n = t->simulation.model->n_states;
    if (tau <= t->run.solution.knot[0]) { /* the start is known exactly */
        memcpy(x, t->simulation.x0, n * sizeof *x);
        *year = t->simulation.from;
        return;
    }
    ode_solution_eval(&t->run.solution, tau, z);
    memcpy(x, z, n * sizeof *x);
    *year = z[n];
}

void trajectory_at(const struct trajectory *t, double year, double *x)
{
    double reached;
    trajectory_at_tau(t, trajectory_tau(t, year), x, &reached);
}

void trajectory_clear(struct trajectory *t)
{
    rescaled_run_clear(&t->run);
    free(t->switches);
    t->switches = NULL;
    t->n_switches = 0;
}

/* --- switches ----------------------------------------------------------------------------------------------------- */

/* b's part of a + b at a tau, less the level sought. */
static double newcomers_part(const struct trajectory *t, const struct bottleneck_switch *w, double tau)
{
    double x[MODEL_MAX_STATES], year, p[MODEL_MAX_PARAMS], share[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS];
    trajectory_at_tau(t, tau, x, &year);
    t->simulation.model->shares(simulation_parameters_at(&t->simulation, year, p), x, share);
    const double *row = share + w->flow * MODEL_MAX_INPUTS;
    return row[w->to] / (row[w->from] + row[w->to]);
}

/* The date nearest to the switch, going in `direction` over the stored steps, where the newcomer's part reaches
 * `level`. */
static double level_date(const struct trajectory *t, const struct bottleneck_switch *w, double tau, double level,
                         int direction)
{
    const struct ode_solution *sol = &t->run.solution;
    size_t k = 0;
    while (k < sol->pieces && sol->knot[k + 1] <= tau)
        k++;
    double inside = tau;
    for (; k<sol->pieces; k += direction> 0 ? 1u : (size_t)-1) {
        double outside = sol->knot[direction > 0 ? k + 1 : k];
        if ((newcomers_part(t, w, outside) - level) * direction >= 0) {
            for (int i = 0; i < 60; i++) {
                double middle = 0.5 * (inside + outside);
                if ((newcomers_part(t, w, middle) - level) * direction >= 0)
                    outside = middle;
                else
                    inside = middle;
            }
            double x[MODEL_MAX_STATES], year;
            trajectory_at_tau(t, outside, x, &year);
            return year;
        }
        inside = outside;
        if (k == 0 && direction < 0)
            break;
    }
    return NAN;
}

/* An event of a pair is a switch when the two are the flow's largest shares there. */
static bool is_switch(const struct trajectory *t, const struct pair *pair, const struct rescaled_event *event)
{
    double p[MODEL_MAX_PARAMS], share[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS];
    const struct model *m = t->simulation.model;
    m->shares(simulation_parameters_at(&t->simulation, event->t, p), event->x, share);
    const double *row = share + pair->flow * MODEL_MAX_INPUTS;
    for (size_t i = 0; i < m->flows[pair->flow].n_inputs; i++)
        if (i != pair->a && i != pair->b && row[i] > row[pair->a])
            return false;
    return true;
}

static enum status collect_switches(struct trajectory *t, const struct run_context *c, struct error *e)
{
    t->switches = calloc(t->run.n_events + 1, sizeof *t->switches);
    if (!t->switches)
        return error_memory(e);
    for (size_t i = 0; i < t->run.n_events; i++) {
        const struct rescaled_event *event = &t->run.events[i];
        const struct pair *pair = &c->pairs[event->id];
        if (!is_switch(t, pair, event))
            continue;
        struct bottleneck_switch *w = &t->switches[t->n_switches++];
        w->flow = pair->flow;
        w->from = event->direction < 0 ? pair->a : pair->b; /* a - b falls: a was the larger */
        w->to = event->direction < 0 ? pair->b : pair->a;
        w->date = event->t;
        w->width = level_date(t, w, event->tau, 0.75, 1) - level_date(t, w, event->tau, 0.25, -1);
    }
    return STATUS_OK;
}

/* --- simulate ----------------------------------------------------------------------------------------------------- */

/* Error weight of the date, years. An error in the date is one in the levels, times their growth; over a run they grow
 * by some thirty e-foldings, so this keeps it about as small as their own. Never below the spacing of dates. */
static double time_weight(const struct simulation *s, double rtol)
{
    return fmax(rtol * (s->to - s->from) / 30, 8 * DBL_EPSILON * fmax(fabs(s->from), fabs(s->to)));
}

/* With `run_is_kept` the trajectory and its switches, else only how and when it ends. */
static enum status integrate(const struct run_context *c, double rtol, bool run_is_kept,
                             const struct reporter *reporter, struct rescaled_run *run, struct error *e)
{
    const struct simulation *s = c->s;
    double span = s->to - s->from;
    struct ode_problem problem = {.n = s->model->n_states,
                                  .rhs = run_rhs,
                                  .jacobian = run_jacobian,
                                  .n_events = run_is_kept ? c->n_pairs : 0,
                                  .events = run_events,
                                  .context = (void *)c};
    struct rescaled_options options = {.method = s->method,
                                       .rtol = rtol,
                                       .atol_time = time_weight(s, rtol),
                                       .rate_floor = 1 / span,
                                       .resolution = fmax(1e-3 * rtol, 1e-15) * span,
                                       .max_steps = s->max_steps,
                                       .max_seconds = s->max_seconds,
                                       .date_only = !run_is_kept,
                                       .reporter = reporter};
    return rescaled_integrate(&problem, &options, s->from, s->x0, s->to, run, e);
}

/* The same run at a hundredth of the tolerance, as far as double precision goes: how far the date moves. At a tenth the
 * two errors are often so much alike that their difference says nothing; what is left of that, rtol of the run covers.
 */
static enum status bound_date_error(struct trajectory *t, const struct run_context *c, double rtol,
                                    const struct reporter *reporter, struct error *e)
{
    struct rescaled_run finer;
    double finer_rtol = fmax(rtol / 100, fmin(rtol / 2, 1e-13));
    enum status status = integrate(c, finer_rtol, false, reporter, &finer, e);
    if (!status) {
        double moved = finer.outcome == t->run.outcome ? fabs(finer.date - t->run.date) : INFINITY;
        t->date_error = t->run.date_error + 2 * (moved + rtol * (c->s->to - c->s->from));
    }
    t->bounding = finer.statistics;
    rescaled_run_clear(&finer);
    return status;
}

enum status simulate(const struct simulation *s, bool bound_date, const struct reporter *reporter,
                     struct trajectory *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    out->simulation = *s;
    double rtol = s->rtol + s->atol;
    struct run_context c = {.s = &out->simulation};
    list_pairs(&c);
    enum status status = integrate(&c, rtol, true, reporter, &out->run, e);
    if (!status)
        status = collect_switches(out, &c, e);
    out->date_error = out->run.date_error;
    if (!status && bound_date && out->run.outcome != RESCALED_REACHED)
        status = bound_date_error(out, &c, rtol, reporter, e);
    return status;
}
