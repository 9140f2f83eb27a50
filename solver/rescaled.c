#include "solver/rescaled.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STATES = 15, MAX_EVENTS = 64 };

/* tau counts e-foldings of the stocks; no history has a million of them. */
static const double TAU_END = 1e6;

/* The remaining time is c/w where levels go like (t* - t)^-c. While 1/w is this many resolutions nothing is near: c
 * would have to be a millionth. */
static const double FAR = 1e6;

/* What the callbacks need: the problem in t, and the rescaling. */
struct rescaling {
    const struct ode_problem *problem;
    double rate_floor, t_end;
};

static double speed(const struct rescaling *r, const double *f)
{
    double sum = r->rate_floor * r->rate_floor;
    for (size_t i = 0; i < r->problem->n; i++)
        sum += f[i] * f[i];
    return sqrt(sum);
}

/* z = (x, t); dz/dtau = (f, 1)/w */
static int rescaled_rhs(double tau, const double *z, double *dz, void *context)
{
    (void)tau;
    const struct rescaling *r = context;
    size_t n = r->problem->n;
    int code = r->problem->rhs(z[n], z, dz, r->problem->context);
    if (code)
        return code;
    double w = speed(r, dz);
    if (!isfinite(w))
        return 1;
    for (size_t i = 0; i < n; i++)
        dz[i] /= w;
    dz[n] = 1 / w;
    return 0;
}

/* df/dt by central differences over a step that is small beside a year: only interventions depend on t. */
static int rate_of_change_in_time(const struct rescaling *r, const double *z, double *dfdt)
{
    size_t n = r->problem->n;
    double early[MAX_STATES], late[MAX_STATES], h = 1e-6 * (1 + fabs(z[n]) * 1e-3);
    int code = r->problem->rhs(z[n] - h, z, early, r->problem->context);
    if (!code)
        code = r->problem->rhs(z[n] + h, z, late, r->problem->context);
    for (size_t i = 0; i < n && !code; i++)
        dfdt[i] = (late[i] - early[i]) / (2 * h);
    return code;
}

/* With F = (f, 1)/w and w_j = (sum_i f_i df_i/dz_j)/w:  dF_i/dz_j = (df_i/dz_j - F_i w_j)/w, the last row without the
 * first term. */
static int rescaled_jacobian(double tau, const double *z, const double *dz, double *jac, void *context)
{
    (void)tau;
    const struct rescaling *r = context;
    size_t n = r->problem->n, m = n + 1;
    double inner[MAX_STATES * MAX_STATES], in_time[MAX_STATES], w = 1 / dz[n];
    double f[MAX_STATES];
    for (size_t i = 0; i < n; i++)
        f[i] = dz[i] * w;
    int code = r->problem->jacobian(z[n], z, f, inner, r->problem->context);
    if (!code)
        code = rate_of_change_in_time(r, z, in_time);
    if (code)
        return code;
    for (size_t j = 0; j < m; j++) {
        double slope = 0;
        for (size_t i = 0; i < n; i++)
            slope += dz[i] * (j < n ? inner[i * n + j] : in_time[i]);
        for (size_t i = 0; i < n; i++)
            jac[i * m + j] = ((j < n ? inner[i * n + j] : in_time[i]) - dz[i] * slope) / w;
        jac[n * m + j] = -dz[n] * slope / w;
    }
    return 0;
}

/* The stepper's own place is a tau, which says nothing to anybody. */
static void name_place(double tau, const double *z, size_t n, char *buffer, size_t size)
{
    (void)tau;
    snprintf(buffer, size, "year %.10g", z[n - 1]);
}

/* The problem's own events, then one more: the end of the run. */
static int rescaled_events(double tau, const double *z, double *g, void *context)
{
    (void)tau;
    const struct rescaling *r = context;
    size_t k = r->problem->n_events;
    g[k] = z[r->problem->n] - r->t_end;
    return k ? r->problem->events(z[r->problem->n], z, g, r->problem->context) : 0;
}

/* Years until the singularity, w/(dw/dt) = w^2/(f.(Jf + df/dt)); INFINITY while rates are not accelerating. From the
 * derivatives of f: those of the dense output in t drown in the tolerance of t long before the remaining time is small.
 */
static int remaining_time(const struct rescaling *r, const double *z, double *f, double *remaining)
{
    size_t n = r->problem->n;
    double jac[MAX_STATES * MAX_STATES], acceleration[MAX_STATES], sum = 0;
    *remaining = INFINITY;
    int code = r->problem->rhs(z[n], z, f, r->problem->context);
    if (!code)
        code = r->problem->jacobian(z[n], z, f, jac, r->problem->context);
    if (!code)
        code = rate_of_change_in_time(r, z, acceleration);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            acceleration[i] += jac[i * n + j] * f[j];
        sum += f[i] * acceleration[i];
    }
    double w = speed(r, f);
    if (sum > 0)
        *remaining = w * w / sum;
    return 0;
}

static enum status record_events(struct rescaled_run *run, const struct ode *o, size_t n, size_t n_events, bool *at_end,
                                 struct error *e)
{
    const int *direction = ode_event_directions(o);
    const double *z = ode_state(o);
    for (size_t i = 0; i < n_events; i++) {
        if (!direction[i])
            continue;
        if (run->n_events == run->events_capacity) {
            size_t capacity = run->events_capacity ? 2 * run->events_capacity : 16;
            struct rescaled_event *more = realloc(run->events, capacity * sizeof *more);
            if (!more)
                return error_memory(e);
            run->events = more;
            run->events_capacity = capacity;
        }
        struct rescaled_event *event = &run->events[run->n_events++];
        *event = (struct rescaled_event){.id = i, .direction = direction[i], .tau = ode_position(o), .t = z[n]};
        memcpy(event->x, z, n * sizeof *z);
    }
    *at_end = direction[n_events] != 0;
    return STATUS_OK;
}

/* The state whose rate dominates decides what kind of singularity it is. */
static void finish_singular(struct rescaled_run *run, const struct ode *o, size_t n, const double *rates,
                            double remaining, double previous_estimate)
{
    size_t leader = 0;
    for (size_t i = 1; i < n; i++)
        if (fabs(rates[i]) > fabs(rates[leader]))
            leader = i;
    run->outcome = rates[leader] > 0 ? RESCALED_BLOW_UP : RESCALED_EXHAUSTED;
    run->exhausted = leader;
    run->date = ode_state(o)[n] + remaining;
    double spacing = 4 * DBL_EPSILON * fabs(run->date);
    run->date_error = fmax(fabs(run->date - previous_estimate), fmax(remaining, spacing));
}

static enum status integrate(struct ode *o, const struct rescaling *r, const struct rescaled_options *options,
                             struct rescaled_run *run, struct error *e)
{
    size_t n = r->problem->n;
    double estimate = INFINITY; /* of the date of the singularity, from the steps before */
    double tau_before = ode_position(o), t_before = ode_state(o)[n];
    for (;;) {
        bool at_event, at_end = false;
        double remaining, rates[MAX_STATES];
        enum status status = ode_step(o, TAU_END, &at_event, e);
        if (!status && !options->date_only)
            status = ode_solution_append(&run->solution, o, e);
        if (!status && at_event)
            status = record_events(run, o, n, r->problem->n_events, &at_end, e);
        if (status)
            return status;
        if (at_end) {
            run->outcome = RESCALED_REACHED;
            run->date = r->t_end;
            run->date_error = 0;
            return STATUS_OK;
        }
        double tau = ode_position(o), t = ode_state(o)[n];
        if (tau >= TAU_END)
            return error_set(e, STATUS_FAILED, "integration does not come to an end: %g e-foldings by %.10g", TAU_END,
                             t);
        bool is_far = t - t_before > FAR * options->resolution * (tau - tau_before);
        tau_before = tau;
        t_before = t;
        if (is_far)
            continue;
        if (remaining_time(r, ode_state(o), rates, &remaining))
            return error_set(e, STATUS_FAILED, "no derivatives of the rates at %.10g", t);
        if (remaining < options->resolution && isfinite(estimate)) {
            finish_singular(run, o, n, rates, remaining, estimate);
            return STATUS_OK;
        }
        if (isfinite(remaining))
            estimate = t + remaining;
    }
}

enum status rescaled_integrate(const struct ode_problem *problem, const struct rescaled_options *options, double t0,
                               const double *x0, double t_end, struct rescaled_run *run, struct error *e)
{
    size_t n = problem->n;
    memset(run, 0, sizeof *run);
    ode_solution_init(&run->solution, n + 1);
    run->rate_floor = options->rate_floor;
    if (n > MAX_STATES || problem->n_events >= MAX_EVENTS || !problem->jacobian || !(options->rate_floor > 0) ||
        !(t_end > t0))
        return error_set(e, STATUS_FAILED, "rescaled integration: bad arguments");
    struct rescaling rescaling = {problem, options->rate_floor, t_end};
    int direction[MAX_EVENTS] = {0};
    for (size_t i = 0; i < problem->n_events && problem->direction; i++)
        direction[i] = problem->direction[i];
    struct ode_problem inner = {.n = n + 1,
                                .rhs = rescaled_rhs,
                                .jacobian = rescaled_jacobian,
                                .n_events = problem->n_events + 1,
                                .events = rescaled_events,
                                .direction = direction,
                                .context = &rescaling};
    double atol[MAX_STATES + 1], z0[MAX_STATES + 1];
    for (size_t i = 0; i < n; i++) {
        atol[i] = options->rtol;
        z0[i] = x0[i];
    }
    atol[n] = options->atol_time;
    z0[n] = t0;
    struct ode_options inner_options = {.method = options->method,
                                        .rtol = 0,
                                        .atol = atol,
                                        .max_steps = options->max_steps,
                                        .max_seconds = options->max_seconds,
                                        .name_place = name_place,
                                        .reporter = options->reporter};
    struct ode *o = NULL;
    enum status status = ode_new(&o, &inner, &inner_options, 0, z0, e);
    if (!status) {
        status = integrate(o, &rescaling, options, run, e);
        ode_get_statistics(o, &run->statistics);
    }
    ode_free(o);
    return status;
}

void rescaled_run_clear(struct rescaled_run *run)
{
    ode_solution_clear(&run->solution);
    free(run->events);
    run->events = NULL;
    run->n_events = run->events_capacity = 0;
}
