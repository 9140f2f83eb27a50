#include "growth/fit/report.h"

#include "base/text.h"
#include "growth/variable.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double WEAK = 0.5, UNKNOWN = 0.9, STRONG = 0.9;
enum { MOST_CORRELATIONS = 15, LEADING = 3 };

/* --- making ------------------------------------------------------------------------------------------------------- */

/* Standard deviation of what was thought before the data. */
static double spread_before(const struct fit_parameter *p)
{
    double flat = (fit_coordinate(p, p->high) - fit_coordinate(p, p->low)) / sqrt(12);
    return fmin(p->spread, flat);
}

static void judge(struct fit_report *r)
{
    for (size_t j = 0; j < r->fit->n_parameters; j++) {
        const struct fit_parameter *p = &r->fit->parameters[j];
        double part = r->result->errors.standard[j] / spread_before(p);
        r->knowledge[j] = p->held                       ? FIT_HELD
                          : r->result->best.at_bound[j] ? FIT_AT_BOUND
                          : part > UNKNOWN              ? FIT_UNIDENTIFIED
                          : part > WEAK                 ? FIT_WEAK
                                                        : FIT_IDENTIFIED;
    }
}

enum status fit_report_make(struct scenario *scenario, const struct fit *f, const struct fit_result *result,
                            int threads, const struct reporter *reporter, struct fit_report *out, struct error *e)
{
    struct fit_evaluator v;
    size_t points = 0;
    *out = (struct fit_report){.scenario = scenario, .fit = f, .result = result};
    scenario->runs[0].simulation = result->simulation;
    for (size_t i = 0; i < f->n_targets; i++)
        points += f->targets[i].n;
    out->misses = calloc(points + 1, sizeof *out->misses);
    if (!out->misses)
        return error_memory(e);
    fit_evaluator_init(&v, f, reporter);
    int code = fit_misses(&v, result->z, out->misses);
    if (code < 0)
        return error_set(e, STATUS_INTERRUPTED, "fit %s stopped on request", f->name);
    if (code)
        return error_set(e, STATUS_FAILED, "fit %s: %s", f->name, v.complaint);
    enum status status = scenario_simulate(scenario, threads, reporter, &out->run, e);
    if (!status)
        status = fit_spectrum(f, result, false, &out->data, e);
    if (!status)
        status = fit_spectrum(f, result, true, &out->all, e);
    if (!status)
        judge(out);
    return status;
}

void fit_report_clear(struct fit_report *r)
{
    scenario_result_clear(&r->run);
    least_squares_errors_clear(&r->data);
    least_squares_errors_clear(&r->all);
    free(r->misses);
    r->misses = NULL;
}

double fit_report_rms(const struct fit_report *r, size_t target, double from, double to, double but_from, double but_to)
{
    const double *miss = r->misses;
    double sum = 0, n = 0;
    for (size_t i = 0; i < target; i++)
        miss += r->fit->targets[i].n;
    const struct fit_target *t = &r->fit->targets[target];
    for (size_t k = 0; k < t->n; k++) {
        if (t->year[k] < from || t->year[k] > to || (t->year[k] >= but_from && t->year[k] <= but_to))
            continue;
        sum += miss[k] * miss[k];
        n++;
    }
    return n > 0 ? sqrt(sum / n) : NAN;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static void add_columns(struct table *t, size_t n, const char *const *headings, const char *align)
{
    for (size_t i = 0; i < n; i++)
        table_add_column(t, headings[i], align[i] == 'l' ? TABLE_LEFT : TABLE_RIGHT);
}

static void add_prior(struct table *t, const struct fit_parameter *p)
{
    if (!isfinite(p->spread))
        table_add_cell(t, "-");
    else if (p->logarithmic)
        table_add_cell(t, "%.4g x/ %.3g", exp(p->prior), exp(p->spread));
    else
        table_add_cell(t, "%.4g +- %.3g", p->prior, p->spread);
}

struct table *fit_parameters_to_table(const struct fit_report *r)
{
    static const char *const headings[] = {"parameter", "value", "one standard error", "between", "prior", "the data"};
    static const char *const words[] = {"", "say little", "do not identify it", "push it to its bound",
                                        "were not asked"};
    struct table *t = table_new("What was fitted (x/: times or divided by)");
    add_columns(t, 6, headings, "lrrrrl");
    for (size_t j = 0; j < r->fit->n_parameters; j++) {
        const struct fit_parameter *p = &r->fit->parameters[j];
        double z = r->result->z[j], s = r->result->errors.standard[j];
        table_add_row(t);
        table_add_cell(t, "%s", p->key);
        table_add_cell(t, "%.6g", fit_value(p, z));
        if (r->knowledge[j] == FIT_AT_BOUND || r->knowledge[j] == FIT_HELD || !isfinite(s))
            table_add_cell(t, "-");
        else if (p->logarithmic)
            table_add_cell(t, exp(s) < 1e3 ? "x/ %.3f" : "x/ %.2g", exp(s));
        else
            table_add_cell(t, "+- %.3g", s);
        table_add_cell(t, "%.4g, %.4g", p->low, p->high);
        add_prior(t, p);
        table_add_cell(t, "%s", words[r->knowledge[j]]);
    }
    return t;
}

static void add_rms(struct table *t, const struct fit_target *target, double rms)
{
    if (isnan(rms))
        table_add_cell(t, "-");
    else
        table_add_cell(t, target->growth ? "%.2f %%" : "%.3f", target->growth ? 100 * rms : rms);
}

struct table *fit_targets_to_table(const struct fit_report *r)
{
    static const char *const headings[] = {"variable",         "points",          "from",         "to", "rms",
                                           "from 1500",        "without 1914-49", "largest miss", "in", "assumed error",
                                           "correlation (yr)", "series"};
    struct table *t = table_new("Misses: ln model - ln data, or growth a year");
    add_columns(t, 12, headings, "lrrrrrrrrrrl");
    const double *miss = r->misses;
    for (size_t i = 0; i < r->fit->n_targets; i++) {
        const struct fit_target *s = &r->fit->targets[i];
        size_t worst = 0;
        char from[40], to[40], in[40];
        for (size_t k = 0; k < s->n; k++)
            if (fabs(miss[k]) > fabs(miss[worst]))
                worst = k;
        table_add_row(t);
        table_add_cell(t, "%s%s", variable_key(r->fit->base.model, s->variable), s->growth ? ", growth" : "");
        table_add_cell(t, "%zu", s->n);
        table_add_cell(t, "%s", text_from_year(s->year[0], 0, from, sizeof from));
        table_add_cell(t, "%s", text_from_year(s->to[s->n - 1], 0, to, sizeof to));
        add_rms(t, s, fit_report_rms(r, i, -INFINITY, INFINITY, NAN, NAN));
        add_rms(t, s, fit_report_rms(r, i, 1500, INFINITY, NAN, NAN));
        add_rms(t, s, fit_report_rms(r, i, 1500, INFINITY, 1914, 1949));
        table_add_cell(t, s->growth ? "%+.2f %%" : "%+.3f", s->growth ? 100 * miss[worst] : miss[worst]);
        table_add_cell(t, "%s", text_from_year(s->year[worst], 0, in, sizeof in));
        add_rms(t, s, s->sigma[s->n - 1]);
        table_add_cell(t, s->correlation > 0 ? "%.3g" : "-", s->correlation);
        table_add_cell(t, "%s", s->legend);
        miss += s->n;
    }
    return t;
}

struct pair {
    size_t a, b;
    double r;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return (fabs(x->r) < fabs(y->r)) - (fabs(x->r) > fabs(y->r));
}

struct table *fit_correlations_to_table(const struct fit_report *r)
{
    static const char *const headings[] = {"parameter", "with", "correlation"};
    struct table *t = table_new("What can be traded against each other: correlations of 0.9 and more");
    struct pair pairs[FIT_MAX_PARAMETERS * (FIT_MAX_PARAMETERS - 1) / 2] = {{0}};
    size_t n = 0, k = r->fit->n_parameters;
    add_columns(t, 3, headings, "llr");
    for (size_t a = 0; a < k; a++)
        for (size_t b = a + 1; b < k; b++)
            if (fabs(r->result->errors.correlation[a * k + b]) >= STRONG)
                pairs[n++] = (struct pair){a, b, r->result->errors.correlation[a * k + b]};
    qsort(pairs, n, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < n && i < MOST_CORRELATIONS; i++) {
        table_add_row(t);
        table_add_cell(t, "%s", r->fit->parameters[pairs[i].a].key);
        table_add_cell(t, "%s", r->fit->parameters[pairs[i].b].key);
        table_add_cell(t, "%+.3f", pairs[i].r);
    }
    return t;
}

/* The largest parts of a combination: "0.8 child_cost - 0.5 saving_rate" */
static void combination_to_text(const struct fit_report *r, const double *v, char *buffer, size_t size)
{
    size_t used = 0, k = r->fit->n_parameters;
    bool shown[FIT_MAX_PARAMETERS] = {false};
    buffer[0] = 0;
    for (int part = 0; part < LEADING && used < size; part++) {
        size_t best = 0;
        for (size_t j = 0; j < k; j++)
            if (!shown[j] && (shown[best] || fabs(v[j]) > fabs(v[best])))
                best = j;
        if (fabs(v[best]) < 0.2 && part)
            break;
        shown[best] = true;
        used += (size_t)snprintf(buffer + used, size - used, "%s%.2f %s",
                                 part ? (v[best] < 0 ? " - " : " + ") : (v[best] < 0 ? "-" : ""), fabs(v[best]),
                                 r->fit->parameters[best].key);
    }
}

struct table *fit_spectrum_to_table(const struct fit_report *r)
{
    static const char *const headings[] = {"", "information", "standard deviation", "with priors", "combination"};
    struct table *t =
        table_new("Fisher information of the targets in ln of the parameters, from the stiffest combination on");
    add_columns(t, 5, headings, "rrrrl");
    for (size_t i = 0; i < r->data.k; i++) {
        char text[200];
        double s = r->data.singular[i];
        combination_to_text(r, r->data.direction + i * r->data.k, text, sizeof text);
        table_add_row(t);
        table_add_cell(t, "%zu", i + 1);
        table_add_cell(t, "%.2g", s * s);
        table_add_cell(t, s > 0 ? "%.2g" : "-", 1 / s);
        table_add_cell(t, "%.2g", r->all.singular[i] * r->all.singular[i]);
        table_add_cell(t, "%s", text);
    }
    return t;
}

/* --- sentences ---------------------------------------------------------------------------------------------------- */

char *fit_search_to_text(const struct fit_report *r, char *buffer, size_t size)
{
    static const char *const ends[] = {"The best search converged", "The best search stopped where no step lowers it",
                                       "The best search stopped at its limit of steps"};
    const struct fit_result *f = r->result;
    snprintf(buffer, size,
             "%zu starts%s, %zu of them within 1 %% of the best; %zu trial runs, of which %zu did not reach the end of "
             "the data and were turned down%s. %s: sum of squares %.2f over %zu residuals (priors included) and %zu "
             "parameters.",
             f->starts, r->fit->hops ? " and chains of hops" : "", f->same, f->trials, f->failures,
             f->useless && !f->interrupted ? ", and some starts found no run at all" : "",
             f->interrupted ? "Interrupted: the best so far, and no minimum" : ends[f->best.end], f->best.cost,
             f->best.n, r->fit->n_parameters);
    return buffer;
}

static size_t list_known(const struct fit_report *r, enum fit_knowledge which, char *buffer, size_t size)
{
    size_t used = 0, n = 0;
    buffer[0] = 0;
    for (size_t j = 0; j < r->fit->n_parameters; j++)
        if (r->knowledge[j] == which && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", n++ ? ", " : "", r->fit->parameters[j].key);
    return n;
}

char *fit_verdict_to_text(const struct fit_report *r, char *buffer, size_t size)
{
    char unknown[700], bound[700];
    size_t n = list_known(r, FIT_UNIDENTIFIED, unknown, sizeof unknown),
           at = list_known(r, FIT_AT_BOUND, bound, sizeof bound), known = 0;
    for (size_t j = 0; j < r->fit->n_parameters; j++)
        known += r->knowledge[j] == FIT_IDENTIFIED;
    int used = snprintf(buffer, size, "The data identify %zu of %zu parameters", known, r->fit->n_parameters);
    if (n && used > 0 && (size_t)used < size)
        used += snprintf(buffer + used, size - (size_t)used, "; they say nothing about %s (priors or bounds decide)",
                         unknown);
    if (at && used > 0 && (size_t)used < size)
        used += snprintf(buffer + used, size - (size_t)used, "; %s %s", bound,
                         at == 1 ? "stands at its bound" : "stand at their bounds");
    if (used > 0 && (size_t)used < size)
        snprintf(buffer + used, size - (size_t)used, ".");
    return buffer;
}
