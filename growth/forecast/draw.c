/* One draw of a forecast: parameters, solving, a run, and what is read off it. */
#include "growth/forecast/forecast.h"

#include "growth/compare.h"
#include "growth/variable.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { GRID_BEFORE = 20 }; /* years of the grid before today */

const struct forecast_outcome_info forecast_outcomes[N_OUTCOMES] = {
    [OUTCOME_ONSET] = {"onset", "onset of the super-exponential phase", true},
    [OUTCOME_PARITY] = {"parity", "machines do half of research", true},
    [OUTCOME_BLOW_UP] = {"blow_up", "blow-up", true},
    [OUTCOME_SHARE_TODAY] = {"share_today", "research done by machines today", false},
    [OUTCOME_TAKEOVER] = {"years_20_to_99", "years from 20 % to 99 % of research by machines", false},
    [OUTCOME_DOUBLING_10] = {"doubling_under_10", "output doubles in under 10 years", true},
    [OUTCOME_DOUBLING_4] = {"doubling_under_4", "output doubles in under 4 years", true},
    [OUTCOME_DOUBLING_1] = {"doubling_under_1", "output doubles in under 1 year", true},
    [OUTCOME_MISFIT] = {"misfit", "rms log error against the data", false},
};

const char *const forecast_states[N_DRAW_STATES] = {
    [DRAW_NOT_DONE] = "not_done",         [DRAW_DONE] = "done",
    [DRAW_OUT_OF_RANGE] = "out_of_range", [DRAW_NOT_SOLVED] = "not_solved",
    [DRAW_FAILED] = "integration_failed",
};

/* --- reading a run ------------------------------------------------------------------------------------------------ */

/* A quantity along a run, by tau. */
struct course {
    const struct trajectory *t;
    size_t variable; /* SIZE_MAX: growth of output */
};

static double course_at(const struct course *c, double tau, double *year)
{
    const struct simulation *s = &c->t->simulation;
    double x[MODEL_MAX_STATES], value[MAX_VARIABLES], growth;
    trajectory_at_tau(c->t, tau, x, year);
    if (c->variable == SIZE_MAX)
        return simulation_growth(s, *year, x, &growth, NULL) ? NAN : growth;
    variables_at(s, *year, x, value);
    return value[c->variable];
}

/* The first date from `from` on at which it is at least `level`; INFINITY: never. Between stored steps by bisection. */
static double first_at_least(const struct course *c, double from, double level)
{
    const struct ode_solution *sol = &c->t->run.solution;
    double before = trajectory_tau(c->t, from), year;
    if (course_at(c, before, &year) >= level)
        return year;
    for (size_t k = 0; k <= sol->pieces; k++) {
        double after = sol->knot[k];
        if (after <= before)
            continue;
        if (course_at(c, after, &year) >= level) {
            for (int i = 0; i < 50; i++) {
                double middle = 0.5 * (before + after);
                if (course_at(c, middle, &year) >= level)
                    after = middle;
                else
                    before = middle;
            }
            course_at(c, after, &year);
            return year;
        }
        before = after;
    }
    return INFINITY;
}

double forecast_grid_year(const struct forecast_setup *f, size_t i)
{
    return f->today - GRID_BEFORE + (double)i;
}

static void set_grid(const struct forecast_setup *f, const struct trajectory *t, struct forecast_draw *out)
{
    const struct course share = {t, f->share}, growth = {t, SIZE_MAX};
    double end = trajectory_end(t), year;
    bool over = t->run.outcome == RESCALED_BLOW_UP;
    for (size_t i = 0; i < FORECAST_GRID; i++) {
        double tau = trajectory_tau(t, fmin(forecast_grid_year(f, i), end));
        bool gone = over && forecast_grid_year(f, i) > end;
        out->share[i] = f->share == SIZE_MAX ? NAN : gone ? 1 : (float)course_at(&share, tau, &year);
        out->growth[i] = gone ? INFINITY : (float)course_at(&growth, tau, &year);
    }
}

/* Root mean square over all scored data together. */
static double misfit(const struct forecast_setup *f, const struct trajectory *t)
{
    double sum = 0, n = 0;
    for (size_t k = 0; k < f->run->n_comparisons; k++) {
        struct comparison_result r;
        if (!f->run->comparisons[k].scored || compare_run(t, &f->run->comparisons[k], &r, NULL))
            continue;
        if (r.n) {
            sum += (double)r.n * r.rms_log_error * r.rms_log_error;
            n += (double)r.n;
        }
        comparison_result_clear(&r);
    }
    return n > 0 ? sqrt(sum / n) : NAN;
}

static void read_outcomes(const struct forecast_setup *f, const struct trajectory *t, const struct phase_table *phases,
                          struct forecast_draw *out)
{
    const struct course share = {t, f->share}, growth = {t, SIZE_MAX};
    double *o = out->outcome, begin = trajectory_begin(t);
    o[OUTCOME_BLOW_UP] = t->run.outcome == RESCALED_BLOW_UP ? t->run.date : INFINITY;
    o[OUTCOME_DOUBLING_10] = first_at_least(&growth, f->today, log(2) / 10);
    o[OUTCOME_DOUBLING_4] = first_at_least(&growth, f->today, log(2) / 4);
    o[OUTCOME_DOUBLING_1] = first_at_least(&growth, f->today, log(2));
    o[OUTCOME_MISFIT] = misfit(f, t);
    o[OUTCOME_PARITY] = o[OUTCOME_SHARE_TODAY] = o[OUTCOME_TAKEOVER] = NAN;
    if (f->share != SIZE_MAX) {
        o[OUTCOME_PARITY] = first_at_least(&share, begin, 0.5);
        o[OUTCOME_SHARE_TODAY] = variable_at(t, f->share, f->today);
        double fifth = first_at_least(&share, begin, 0.2), all = first_at_least(&share, begin, 0.99);
        o[OUTCOME_TAKEOVER] = isfinite(fifth) ? all - fifth : INFINITY;
    }
    o[OUTCOME_ONSET] = phases_onset(phases, o[OUTCOME_PARITY]);
    set_grid(f, t, out);
}

/* --- from probabilities to a run ---------------------------------------------------------------------------------- */

static void fail(struct forecast_draw *out, enum forecast_state state, const struct error *e)
{
    out->state = e->status == STATUS_INTERRUPTED ? DRAW_NOT_DONE : state;
    snprintf(out->message, sizeof out->message, "%.159s", e->message);
}

/* Set the inputs (n_inputs) and solve for the rest, from the parameters that *s has. */
static enum status solve_for(const struct forecast_setup *f, const double *input, double level,
                             const struct reporter *reporter, struct simulation *s, struct error *e)
{
    struct solve_target targets[FORECAST_MAX_INPUTS], first = f->run->solved;
    size_t n = 0;
    first.tolerance = 1e-7;
    first.value = level;
    for (size_t k = 0; k < f->n_inputs; k++) {
        const struct forecast_input *in = &f->inputs[k];
        const struct param *param = &s->model->params[in->parameter];
        if (in->is_variable) {
            targets[n++] = (struct solve_target){
                .parameter = in->parameter, .variable = in->variable, .year = in->year, .value = input[k]};
            continue;
        }
        if (!(input[k] >= param->low && input[k] <= param->high))
            return error_set(e, STATUS_BAD_INPUT, "%s: %g is out of range: %g to %g is allowed", param->key, input[k],
                             param->low, param->high);
        s->p[in->parameter] = input[k];
    }
    enum status status = growth_run_restart(s, (void *)f->run, e);
    if (status)
        return status;
    return solve_joint(s, f->run->solved_parameter == SIZE_MAX ? NULL : &first, targets, n, growth_run_restart,
                       (void *)f->run, reporter, e);
}

static bool is_input(const struct forecast_setup *f, size_t parameter)
{
    for (size_t k = 0; k < f->n_inputs; k++)
        if (f->inputs[k].parameter == parameter)
            return true;
    return false;
}

/* One future: probabilities of the inputs; what a fit gave for the rest (p NULL: the scenario's own), and the
 * parameters of a run with that and all inputs at their medians (NULL: there is none yet). */
struct future {
    const double *u, *p, *start;
    double level;
};

/* From where a run is known, with all inputs at their medians, to the draw in so many steps: the solution of one step
 * is near that of the next, while at one leap the machines may run away before the dates that are asked for. Where that
 * run has not the fit's parameters, those are walked to as well. */
static enum status walk_to(const struct forecast_setup *f, const struct future *to, size_t steps,
                           const struct reporter *reporter, struct simulation *s, struct error *e)
{
    enum status status = STATUS_OK;
    bool fitted = to->p && !to->start;
    memcpy(s->p, to->start ? to->start : f->start, s->model->n_params * sizeof *s->p);
    for (size_t step = 1; step <= steps && !status; step++) {
        double input[FORECAST_MAX_INPUTS], left = 1 - (double)step / (double)steps, level = f->run->solved.value;
        for (size_t i = 0; fitted && i < s->model->n_params; i++)
            if (!is_input(f, i))
                s->p[i] += (to->p[i] - s->p[i]) / (double)(steps - step + 1);
        if (to->p)
            level = to->level - (fitted ? left : 0) * (to->level - level);
        for (size_t k = 0; k < f->n_inputs; k++)
            input[k] = distribution_quantile(&f->inputs[k].distribution, to->u[k] + left * (0.5 - to->u[k]));
        status = solve_for(f, input, level, reporter, s, e);
    }
    return status;
}

void forecast_at(const struct forecast_setup *f, const double *u, const struct forecast_sets *sets, size_t set,
                 const struct reporter *reporter, struct forecast_draw *out)
{
    const struct forecast_draw *known =
        sets && sets->at_medians[set].state == DRAW_DONE ? &sets->at_medians[set] : NULL;
    const struct future to = {u, sets ? sets->p[set] : NULL, known ? known->parameter : NULL,
                              sets ? sets->level[set] : NAN};
    struct simulation s = f->run->simulation;
    struct trajectory t = {0};
    struct phase_table phases;
    struct error e = {0};
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < f->n_inputs; k++)
        out->input[k] = distribution_quantile(&f->inputs[k].distribution, u[k]);
    for (size_t k = 0; k < N_OUTCOMES; k++)
        out->outcome[k] = NAN;
    enum status status = walk_to(f, &to, 1, reporter, &s, &e);
    for (size_t steps = 4; status == STATUS_FAILED && steps <= 16; steps *= 4)
        status = walk_to(f, &to, steps, reporter, &s, &e);
    if (status) {
        fail(out, status == STATUS_BAD_INPUT ? DRAW_OUT_OF_RANGE : DRAW_NOT_SOLVED, &e);
        return;
    }
    memcpy(out->parameter, s.p, s.model->n_params * sizeof *s.p);
    status = simulate(&s, false, reporter, &t, &e);
    if (!status)
        status = phases_find(&t, &f->run->phases, &phases, &e);
    if (status)
        fail(out, DRAW_FAILED, &e);
    else {
        read_outcomes(f, &t, &phases, out);
        out->state = DRAW_DONE;
    }
    trajectory_clear(&t);
}
