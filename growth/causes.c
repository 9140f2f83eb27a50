#include "growth/causes.h"

#include <math.h>
#include <stdint.h>

static const double CAUSE_SHARE = 0.3;
static const double WINDOW_FACTOR = 2.5;
static const double SETTLED = 0.05;

/* Where growth has settled to 5 % of the way from its value at tau `from` to that at tau `to`. */
static double settling(const struct profile *p, double from, double to)
{
    double goal = profile_at(p, to).level, start = profile_at(p, from).level, near = goal + SETTLED * (start - goal);
    for (size_t i = 0; i < p->n; i++) {
        const struct profile_point *point = &p->points[to > from ? i : p->n - 1 - i];
        bool beyond = to > from ? point->tau > from : point->tau < from;
        if (beyond && (point->level - near) * (start - goal) <= 0)
            return profile_solve_level(p, from, point->tau, near);
    }
    return to;
}

/* How far a transition's window reaches into a phase, from its boundary with the transition: to the level of an
 * exponential phase (where that is an end of the run, to where growth has settled), else to where growth differs from
 * the boundary's by the window factor or the middle of the phase. */
static double window_edge(const struct profile *p, const struct phase *phase, double boundary, int direction)
{
    const struct trajectory *t = p->trajectory;
    double from = trajectory_tau(t, boundary), to = trajectory_tau(t, phase->centre);
    bool level_inside = phase->kind == PHASE_EXPONENTIAL;
    bool at_end = phase->centre >= phase->to || phase->centre <= phase->from;
    if (level_inside && at_end && (to - from) * direction > 0)
        return settling(p, from, to);
    if (level_inside)
        return direction > 0 ? fmax(from, to) : fmin(from, to);
    double start = profile_at(p, from).level;
    for (size_t i = 0; i < p->n; i++) {
        const struct profile_point *point = &p->points[direction > 0 ? i : p->n - 1 - i];
        bool beyond = direction > 0 ? point->tau > from : point->tau < from;
        if (beyond && fabs(point->level - start) >= log(WINDOW_FACTOR)) {
            double sign = point->level > start ? 1 : -1;
            double edge = profile_solve_level(p, from, point->tau, start + sign * log(WINDOW_FACTOR));
            return edge;
        }
    }
    return direction > 0 ? p->points[p->n - 1].tau : p->points[0].tau;
}

static bool drivers_at(const struct trajectory *t, double tau, double *rate, double *clock)
{
    double x[MODEL_MAX_STATES], f[MODEL_MAX_STATES], params[MODEL_MAX_PARAMS], year;
    const struct simulation *s = &t->simulation;
    trajectory_at_tau(t, tau, x, &year);
    simulation_parameters(s, year, params);
    if (s->model->rhs(params, x, f) || s->model->growth_drivers(params, x, f, rate))
        return false;
    double sum = t->run.rate_floor * t->run.rate_floor;
    for (size_t i = 0; i < s->model->n_states; i++)
        sum += f[i] * f[i];
    *clock = 1 / sqrt(sum); /* dt/dtau */
    return true;
}

/* Integral over time of each driver between two taus: 3-point Gauss-Legendre on every stored step. */
static void integrate_drivers(const struct trajectory *t, double from, double to, double *total)
{
    static const double node[3] = {-0.7745966692414834, 0, 0.7745966692414834};
    static const double weight[3] = {5.0 / 18, 8.0 / 18, 5.0 / 18};
    const struct ode_solution *sol = &t->run.solution;
    size_t n = t->simulation.model->n_drivers;
    double rate[MODEL_MAX_DRIVERS], clock;
    for (size_t k = 0; k < sol->pieces; k++) {
        double a = fmax(sol->knot[k], from), b = fmin(sol->knot[k + 1], to);
        for (int j = 0; j < 3 && b > a; j++) {
            if (!drivers_at(t, 0.5 * (a + b) + 0.5 * (b - a) * node[j], rate, &clock))
                continue;
            for (size_t i = 0; i < n; i++)
                total[i] += weight[j] * (b - a) * clock * rate[i];
        }
    }
}

size_t cause_count(const struct simulation *s)
{
    return s->model->n_drivers + (s->model->n_drivers && s->n_interventions);
}

const char *cause_name(const struct simulation *s, size_t i)
{
    return i < s->model->n_drivers ? s->model->drivers[i] : "interventions";
}

/* The split of the change over a window. What the states' own movement does not explain, the moving parameters did. */
static void split_change(const struct trajectory *t, double from, double to, struct phase_transition *w)
{
    size_t n = t->simulation.model->n_drivers;
    integrate_drivers(t, from, to, w->contributions);
    if (cause_count(&t->simulation) == n)
        return;
    w->contributions[n] = w->change;
    for (size_t i = 0; i < n; i++)
        w->contributions[n] -= w->contributions[i];
}

/* Causes that carry at least 30 % of what moved growth in the direction it went, largest first. */
static void name_causes(struct phase_transition *w, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += fmax(w->direction * w->contributions[i], 0);
    for (size_t i = 0; i < n; i++) {
        double share = w->direction * w->contributions[i] / total;
        if (!(share >= CAUSE_SHARE))
            continue;
        size_t k = w->n_driver_causes++;
        while (k > 0 && fabs(w->contributions[w->driver_causes[k - 1]]) < fabs(w->contributions[i])) {
            w->driver_causes[k] = w->driver_causes[k - 1];
            k--;
        }
        w->driver_causes[k] = i;
    }
}

static void name_switches(const struct trajectory *t, struct phase_transition *w)
{
    size_t most = sizeof w->switch_causes / sizeof w->switch_causes[0];
    for (size_t i = 0; i < t->n_switches && w->n_switch_causes < most; i++)
        if (t->switches[i].date >= w->window_from && t->switches[i].date <= w->window_to)
            w->switch_causes[w->n_switch_causes++] = i;
}

void causes_attribute(const struct profile *p, struct phase_table *table)
{
    const struct model *m = p->trajectory->simulation.model;
    for (size_t k = 0; k < table->n_transitions; k++) {
        struct phase_transition *w = &table->transitions[k];
        double from = w->before == SIZE_MAX ? trajectory_tau(p->trajectory, w->from)
                                            : window_edge(p, &table->phases[w->before], w->from, -1);
        double to = w->after == SIZE_MAX ? trajectory_tau(p->trajectory, w->to)
                                         : window_edge(p, &table->phases[w->after], w->to, 1);
        struct profile_point a = profile_at(p, from), b = profile_at(p, to);
        w->window_from = a.year;
        w->window_to = b.year;
        w->change = b.growth - a.growth;
        w->direction = w->change >= 0 ? 1 : -1;
        if (m->n_drivers) {
            split_change(p->trajectory, from, to, w);
            name_causes(w, cause_count(&p->trajectory->simulation));
        }
        name_switches(p->trajectory, w);
    }
}

/* --- lags --------------------------------------------------------------------------------------------------------- */

enum { LAG_STEPS = 500, LAG_QUANTITIES = 3 /* people, science, output */ };

/* Growth of people, science and output at even steps of time. */
struct lag_samples {
    double from, step;
    double growth[LAG_QUANTITIES][LAG_STEPS + 1]; /* 1/year; NAN where it cannot be had */
};

static void take_samples(const struct trajectory *t, size_t people, size_t science, double from, double to,
                         struct lag_samples *out)
{
    const struct simulation *s = &t->simulation;
    out->from = from;
    out->step = (to - from) / LAG_STEPS;
    for (size_t i = 0; i <= LAG_STEPS; i++) {
        double x[MODEL_MAX_STATES], f[MODEL_MAX_STATES], params[MODEL_MAX_PARAMS], growth = NAN;
        trajectory_at(t, from + (double)i * out->step, x);
        simulation_parameters(s, from + (double)i * out->step, params);
        bool good =
            !s->model->rhs(params, x, f) && !simulation_growth(s, from + (double)i * out->step, x, &growth, NULL);
        out->growth[0][i] = good ? f[people] : NAN;
        out->growth[1][i] = good ? f[science] : NAN;
        out->growth[2][i] = good ? growth : NAN;
    }
}

/* The highest point, and when, after it, half of the fall to the lowest point by the end is done. Between the samples
 * the peak is a parabola's and the fall a straight line. */
static struct phase_lag measure_lag(const struct lag_samples *s, size_t what)
{
    const double *g = s->growth[what];
    struct phase_lag lag = {NAN, NAN};
    size_t top = 0;
    double bottom = INFINITY, half;
    for (size_t i = 1; i <= LAG_STEPS; i++)
        if (g[i] > g[top])
            top = i;
    if (top + 1 >= LAG_STEPS) /* still rising: there is no peak to date */
        return lag;
    double bend = top ? g[top - 1] - 2 * g[top] + g[top + 1] : 0;
    double off = bend < 0 ? 0.5 * (g[top - 1] - g[top + 1]) / bend : 0;
    lag.peak = s->from + ((double)top + off) * s->step;
    for (size_t i = top; i <= LAG_STEPS; i++)
        bottom = fmin(bottom, g[i]);
    half = 0.5 * (g[top] + bottom);
    for (size_t i = top + 1; i <= LAG_STEPS && isnan(lag.half); i++)
        if (g[i] <= half)
            lag.half = s->from + ((double)i - (half - g[i]) / (g[i - 1] - g[i])) * s->step;
    return lag;
}

void lags_measure(const struct profile *p, struct phase_table *table)
{
    const struct trajectory *t = p->trajectory;
    const struct model *m = t->simulation.model;
    size_t people = model_state_find(m, "P"), science = model_state_find(m, "S");
    if (people == m->n_states || science == m->n_states)
        return;
    for (size_t k = 1; k < table->n_phases; k++) {
        const struct phase *slow = &table->phases[k], *fast = slow - 1;
        if (slow->kind == PHASE_SUPER_EXPONENTIAL || slow->pace != PACE_SLOWER || fast->kind != PHASE_EXPONENTIAL)
            continue;
        double from = k >= 2 ? table->phases[k - 2].centre : fast->from, to = slow->centre;
        table->lags.measured = true;
        table->lags.phase = k;
        struct lag_samples samples;
        take_samples(t, people, science, from, to, &samples);
        table->lags.population = measure_lag(&samples, 0);
        table->lags.science = measure_lag(&samples, 1);
        table->lags.output = measure_lag(&samples, 2);
        return;
    }
}
