/* A run's results as JSON. */
#include "base/json.h"
#include "base/text.h"
#include "growth/periods.h"
#include "growth/variable.h"

#include <math.h>
#include <stdint.h>

static json_t *phase_to_json(const struct model *m, const struct phase *p)
{
    json_t *o = json_object(), *limits = json_object();
    json_object_set_new(o, "from", json_number_or_null(p->from));
    json_object_set_new(o, "to", json_number_or_null(p->to));
    json_object_set_new(o, "kind", json_string(phase_kind_name(p->kind)));
    json_object_set_new(o, "pace", json_string(phase_pace_name(p->pace)));
    json_object_set_new(o, "growth", json_number_or_null(p->growth));
    json_object_set_new(o, "doubling_years", json_number_or_null(p->doubling_years));
    json_object_set_new(o, "local_exponent", json_number_or_null(p->local_exponent));
    for (size_t f = 0; f < m->n_flows; f++)
        json_object_set_new(limits, m->flows[f].key, json_string(m->flows[f].inputs[p->limits[f]]));
    json_object_set_new(o, "limits", limits);
    return o;
}

static json_t *transition_to_json(const struct run_result *r, const struct phase_transition *t)
{
    const struct simulation *s = &r->run->simulation;
    json_t *o = json_object(), *causes = json_array(), *contributions = json_object();
    char name[160];
    json_object_set_new(o, "from", json_number_or_null(t->from));
    json_object_set_new(o, "to", json_number_or_null(t->to));
    json_object_set_new(o, "direction", json_string(t->direction > 0 ? "faster" : "slower"));
    for (size_t i = 0; i < t->n_driver_causes; i++)
        json_array_append_new(causes, json_string(cause_name(s, t->driver_causes[i])));
    for (size_t i = 0; i < t->n_switch_causes; i++)
        json_array_append_new(causes, json_string(switch_name(s->model, &r->trajectory.switches[t->switch_causes[i]],
                                                              name, sizeof name)));
    json_object_set_new(o, "causes", causes);
    for (size_t i = 0; i < cause_count(s); i++)
        json_object_set_new(contributions, cause_name(s, i), json_number_or_null(t->contributions[i]));
    json_object_set_new(o, "contributions", contributions);
    json_object_set_new(o, "change", json_number_or_null(t->change));
    json_object_set_new(o, "window_from", json_number_or_null(t->window_from));
    json_object_set_new(o, "window_to", json_number_or_null(t->window_to));
    return o;
}

static json_t *switch_to_json(const struct model *m, const struct bottleneck_switch *w)
{
    const struct model_flow *flow = &m->flows[w->flow];
    json_t *o = json_object();
    char name[160];
    json_object_set_new(o, "id", json_string(switch_name(m, w, name, sizeof name)));
    json_object_set_new(o, "date", json_number_or_null(w->date));
    json_object_set_new(o, "width", json_number_or_null(w->width));
    json_object_set_new(o, "flow", json_string(flow->key));
    json_object_set_new(o, "from", json_string(flow->inputs[w->from]));
    json_object_set_new(o, "to", json_string(flow->inputs[w->to]));
    return o;
}

static json_t *lag_to_json(const struct phase_lag *lag)
{
    json_t *o = json_object();
    json_object_set_new(o, "peak", json_number_or_null(lag->peak));
    json_object_set_new(o, "half_fall", json_number_or_null(lag->half));
    return o;
}

static json_t *lags_to_json(const struct phase_lags *lags)
{
    if (!lags->measured)
        return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "phase", json_integer((json_int_t)lags->phase));
    json_object_set_new(o, "population", lag_to_json(&lags->population));
    json_object_set_new(o, "science", lag_to_json(&lags->science));
    json_object_set_new(o, "output", lag_to_json(&lags->output));
    json_object_set_new(o, "population_to_science", json_number_or_null(lags->science.peak - lags->population.peak));
    json_object_set_new(o, "science_to_output", json_number_or_null(lags->output.peak - lags->science.peak));
    return o;
}

static json_t *comparison_to_json(const struct run_result *r, size_t k)
{
    const struct comparison *c = &r->run->comparisons[k];
    const struct comparison_result *result = &r->comparisons[k];
    json_t *o = json_object();
    json_object_set_new(o, "series", json_string(c->series.name));
    json_object_set_new(o, "legend", json_string(c->legend));
    json_object_set_new(o, "variable", json_string(variable_key(r->run->simulation.model, c->variable)));
    json_object_set_new(o, "points", json_integer((json_int_t)result->n));
    json_object_set_new(o, "from", json_number_or_null(result->first));
    json_object_set_new(o, "to", json_number_or_null(result->last));
    json_object_set_new(o, "rms_log_error", c->scored ? json_number_or_null(result->rms_log_error) : json_null());
    json_object_set_new(o, "worst_log_error", json_number_or_null(result->worst));
    json_object_set_new(o, "worst_year", json_number_or_null(result->worst_year));
    json_object_set_new(o, "growth_by_period", periods_to_json(r, k));
    return o;
}

static json_t *solver_to_json(const struct run_result *r)
{
    const struct simulation *s = &r->run->simulation;
    const struct ode_statistics *statistics = &r->trajectory.run.statistics;
    json_t *o = json_object();
    json_object_set_new(o, "method", json_string(s->method == ODE_ADAMS ? "adams" : "bdf"));
    json_object_set_new(o, "rtol", json_real(s->rtol));
    json_object_set_new(o, "atol", json_real(s->atol));
    json_object_set_new(o, "steps", json_integer(statistics->steps));
    json_object_set_new(o, "rhs_calls", json_integer(statistics->rhs_calls));
    return o;
}

static json_t *units_to_json(const struct model *m)
{
    json_t *o = json_object();
    for (size_t i = 0; i < variable_count(m); i++)
        json_object_set_new(o, variable_key(m, i), json_string(variable_unit(m, i)));
    json_object_set_new(o, "growth", json_string("1/year"));
    return o;
}

static void set_ending(json_t *o, const struct run_result *r)
{
    const struct rescaled_run *run = &r->trajectory.run;
    json_t *blow_up = json_null(), *exhausted = json_null();
    if (run->outcome == RESCALED_BLOW_UP) {
        blow_up = json_object();
        json_object_set_new(blow_up, "date", json_number_or_null(run->date));
        json_object_set_new(blow_up, "error", json_number_or_null(r->trajectory.date_error));
    } else if (run->outcome == RESCALED_EXHAUSTED) {
        exhausted = json_object();
        json_object_set_new(exhausted, "state", json_string(r->run->simulation.model->states[run->exhausted].key));
        json_object_set_new(exhausted, "date", json_number_or_null(run->date));
        json_object_set_new(exhausted, "error", json_number_or_null(r->trajectory.date_error));
    }
    json_object_set_new(o, "blow_up", blow_up);
    json_object_set_new(o, "exhausted", exhausted);
}

json_t *run_to_json(const struct run_result *r)
{
    const struct simulation *s = &r->run->simulation;
    const struct model *m = s->model;
    json_t *o = json_object(), *parameters = json_object(), *phases = json_array(), *transitions = json_array(),
           *events = json_array(), *comparisons = json_array();
    for (size_t i = 0; i < m->n_params; i++)
        json_object_set_new(parameters, m->params[i].key, json_real(s->p[i]));
    for (size_t i = 0; i < r->phases.n_phases; i++)
        json_array_append_new(phases, phase_to_json(m, &r->phases.phases[i]));
    for (size_t i = 0; i < r->phases.n_transitions; i++)
        json_array_append_new(transitions, transition_to_json(r, &r->phases.transitions[i]));
    for (size_t i = 0; i < r->trajectory.n_switches; i++)
        json_array_append_new(events, switch_to_json(m, &r->trajectory.switches[i]));
    for (size_t i = 0; i < r->run->n_comparisons; i++)
        json_array_append_new(comparisons, comparison_to_json(r, i));
    json_object_set_new(o, "name", json_string(r->run->name));
    json_object_set_new(o, "model", json_string(m->name));
    json_object_set_new(o, "from", json_real(s->from));
    json_object_set_new(o, "to", json_real(s->to));
    json_object_set_new(o, "phases", phases);
    json_object_set_new(o, "transitions", transitions);
    json_object_set_new(o, "events", events);
    set_ending(o, r);
    json_object_set_new(o, "lags", lags_to_json(&r->phases.lags));
    json_object_set_new(o, "comparisons", comparisons);
    json_object_set_new(o, "parameters", parameters);
    json_object_set_new(o, "solved",
                        r->run->solved_parameter == SIZE_MAX ? json_null()
                                                             : json_string(m->params[r->run->solved_parameter].key));
    json_object_set_new(o, "units", units_to_json(m));
    json_object_set_new(o, "solver", solver_to_json(r));
    return o;
}
