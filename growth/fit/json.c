/* A fit as JSON. */
#include "base/json.h"
#include "growth/fit/report.h"
#include "growth/variable.h"

#include <math.h>

static const char *const knowledge_words[] = {"identified", "weak", "not identified", "at bound", "held"};
static const char *const error_words[] = {"given", "ar1", "bootstrap"};
static const char *const end_words[] = {"converged", "no progress", "limit"};

static void set(json_t *o, const char *key, double value)
{
    json_object_set_new(o, key, json_number_or_null(value));
}

static json_t *parameter_to_json(const struct fit_report *r, size_t j)
{
    const struct fit_parameter *p = &r->fit->parameters[j];
    double z = r->result->z[j], s = r->result->errors.standard[j];
    bool known = r->knowledge[j] == FIT_AT_BOUND || r->knowledge[j] == FIT_HELD;
    json_t *o = json_object();
    json_object_set_new(o, "key", json_string(p->key));
    set(o, "value", fit_value(p, z));
    json_object_set_new(o, "logarithmic", json_boolean(p->logarithmic));
    set(o, "standard_error", known ? NAN : s); /* of ln value where logarithmic */
    set(o, "low_68", known ? NAN : fit_value(p, z - s));
    set(o, "high_68", known ? NAN : fit_value(p, z + s));
    set(o, "low", p->low);
    set(o, "high", p->high);
    set(o, "prior", isfinite(p->spread) ? fit_value(p, p->prior) : NAN);
    set(o, "spread", isfinite(p->spread) ? (p->logarithmic ? exp(p->spread) : p->spread) : NAN);
    json_object_set_new(o, "knowledge", json_string(knowledge_words[r->knowledge[j]]));
    return o;
}

static json_t *target_to_json(const struct fit_report *r, size_t i, const double *miss)
{
    const struct fit_target *t = &r->fit->targets[i];
    json_t *o = json_object();
    json_object_set_new(o, "series", json_string(t->name));
    json_object_set_new(o, "legend", json_string(t->legend));
    json_object_set_new(o, "variable", json_string(variable_key(r->fit->base.model, t->variable)));
    json_object_set_new(o, "kind", json_string(t->assumed ? "assumed" : t->growth ? "growth" : "levels"));
    json_object_set_new(o, "points", json_integer((json_int_t)t->n));
    set(o, "rms", fit_report_rms(r, i, -INFINITY, INFINITY, NAN, NAN));
    set(o, "rms_from_1500", fit_report_rms(r, i, 1500, INFINITY, NAN, NAN));
    set(o, "rms_without_1914_1949", fit_report_rms(r, i, 1500, INFINITY, 1914, 1949));
    set(o, "error", t->sigma[t->n - 1]);
    set(o, "correlation_years", t->correlation);
    json_object_set_new(o, "years", json_numbers(t->year, t->n));
    json_object_set_new(o, "misses", json_numbers(miss, t->n));
    return o;
}

static json_t *search_to_json(const struct fit_report *r)
{
    const struct fit_result *f = r->result;
    json_t *o = json_object();
    json_object_set_new(o, "starts", json_integer((json_int_t)f->starts));
    json_object_set_new(o, "starts_without_a_run", json_integer((json_int_t)f->useless));
    json_object_set_new(o, "starts_within_1_percent", json_integer((json_int_t)f->same));
    json_object_set_new(o, "trials", json_integer((json_int_t)f->trials));
    json_object_set_new(o, "failed_trials", json_integer((json_int_t)f->failures));
    json_object_set_new(o, "end", json_string(f->interrupted ? "interrupted" : end_words[f->best.end]));
    json_object_set_new(o, "sums_of_squares", json_numbers(f->costs, f->starts));
    return o;
}

static json_t *matrix_to_json(const double *a, size_t n)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows, json_numbers(a + i * n, n));
    return rows;
}

static json_t *spectrum_to_json(const struct least_squares_errors *s)
{
    json_t *o = json_object(), *values = json_array();
    for (size_t i = 0; i < s->k; i++)
        json_array_append_new(values, json_number_or_null(s->singular[i] * s->singular[i]));
    json_object_set_new(o, "eigenvalues", values);
    json_object_set_new(o, "combinations", matrix_to_json(s->direction, s->k));
    return o;
}

json_t *fit_to_json(const struct fit_report *r)
{
    json_t *o = run_to_json(&r->run.runs[0]), *free_ones = json_array(), *targets = json_array();
    const double *miss = r->misses;
    for (size_t j = 0; j < r->fit->n_parameters; j++)
        json_array_append_new(free_ones, parameter_to_json(r, j));
    for (size_t i = 0; i < r->fit->n_targets; i++) {
        json_array_append_new(targets, target_to_json(r, i, miss));
        miss += r->fit->targets[i].n;
    }
    json_object_set_new(o, "free", free_ones);
    json_object_set_new(o, "targets", targets);
    set(o, "sum_of_squares", r->result->best.cost);
    set(o, "deviance", fit_deviance(r->fit, r->result->best.r));
    json_object_set_new(o, "residuals", json_integer((json_int_t)r->result->best.n));
    json_object_set_new(o, "errors", json_string(error_words[r->fit->errors]));
    json_object_set_new(o, "search", search_to_json(r));
    json_object_set_new(o, "correlations", matrix_to_json(r->result->errors.correlation, r->fit->n_parameters));
    json_object_set_new(o, "spectrum", spectrum_to_json(&r->data));
    json_object_set_new(o, "spectrum_with_priors", spectrum_to_json(&r->all));
    return o;
}
