/* A run's results as tables and sentences for people. */
#include "base/text.h"
#include "growth/result.h"
#include "growth/variable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 640 };

/* Decimals that make sense for dates of this run: whole years for a long one. */
static int date_decimals(const struct run_result *r)
{
    double span = r->run->simulation.to - r->run->simulation.from;
    return span > 200 ? 0 : span > 20 ? 1 : 3;
}

static void add_year(struct table *t, double year, int decimals)
{
    char text[40];
    table_add_cell(t, "%s", text_from_year(year, decimals, text, sizeof text));
}

static void add_percent(struct table *t, double growth)
{
    if (isfinite(growth))
        table_add_cell(t, "%.3g %%", 100 * growth);
    else
        table_add_cell(t, "%s", growth > 0 ? "unbounded" : "-");
}

static void add_number(struct table *t, double value, const char *format)
{
    char text[40];
    if (fabs(value) < 0.005)
        value = 0; /* no -0.00 */
    if (isfinite(value))
        snprintf(text, sizeof text, format[0] == '0' ? "%.0f" : format[0] == '1' ? "%.1f" : "%.2f", value);
    else
        snprintf(text, sizeof text, "-");
    table_add_cell(t, "%s", text);
}

static void limits_to_text(const struct model *m, const struct phase *p, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = 0;
    for (size_t f = 0; f < m->n_flows && used < size; f++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%s: %s", f ? ", " : "", m->flows[f].key,
                                 m->flows[f].inputs[p->limits[f]]);
}

struct table *phases_to_table(const struct run_result *r)
{
    const struct model *m = r->run->simulation.model;
    struct table *t = table_new("Growth phases");
    static const char *const headings[] = {"phase",     "from",          "to",        "kind", "pace",
                                           "growth/yr", "doubling (yr)", "exponent B"};
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++)
        table_add_column(t, headings[i], i == 3 || i == 4 ? TABLE_LEFT : TABLE_RIGHT);
    if (m->n_flows)
        table_add_column(t, "what limits", TABLE_LEFT);
    for (size_t i = 0; i < r->phases.n_phases; i++) {
        const struct phase *p = &r->phases.phases[i];
        char limits[TEXT_SIZE];
        table_add_row(t);
        table_add_cell(t, "%zu", i + 1);
        add_year(t, p->from, date_decimals(r));
        add_year(t, p->to, date_decimals(r));
        table_add_cell(t, "%s", phase_kind_name(p->kind));
        table_add_cell(t, "%s", phase_pace_name(p->pace));
        add_percent(t, p->growth);
        add_number(t, p->doubling_years, p->doubling_years < 100 ? "1" : "0");
        add_number(t, p->local_exponent, "2");
        limits_to_text(m, p, limits, sizeof limits);
        if (m->n_flows)
            table_add_cell(t, "%s", limits);
    }
    return t;
}

/* "technology: science (2.3 points), switch science: ... in 1822" */
static void causes_to_text(const struct run_result *r, const struct phase_transition *w, char *buffer, size_t size)
{
    const struct model *m = r->run->simulation.model;
    size_t used = 0;
    buffer[0] = 0;
    for (size_t i = 0; i < w->n_driver_causes && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%s (%+.2f)", used ? "; " : "",
                                 cause_name(&r->run->simulation, w->driver_causes[i]),
                                 100 * w->contributions[w->driver_causes[i]]);
    for (size_t i = 0; i < w->n_switch_causes && used < size; i++) {
        const struct bottleneck_switch *s = &r->trajectory.switches[w->switch_causes[i]];
        char name[160], year[40];
        used += (size_t)snprintf(buffer + used, size - used, "%sswitch of %s in %s", used ? "; " : "",
                                 switch_name(m, s, name, sizeof name), text_from_year(s->date, 0, year, sizeof year));
    }
}

struct table *transitions_to_table(const struct run_result *r)
{
    struct table *t = table_new("Why growth changed (contributions in percentage points a year, over the window)");
    static const char *const headings[] = {"phases", "from", "to", "window", "change", "causes"};
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++)
        table_add_column(t, headings[i], i == 0 || i == 5 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < r->phases.n_transitions; i++) {
        const struct phase_transition *w = &r->phases.transitions[i];
        char causes[TEXT_SIZE], before[24] = "start", after[24] = "end";
        if (w->before != (size_t)-1)
            snprintf(before, sizeof before, "%zu", w->before + 1);
        if (w->after != (size_t)-1)
            snprintf(after, sizeof after, "%zu", w->after + 1);
        table_add_row(t);
        table_add_cell(t, "%s -> %s", before, after);
        add_year(t, w->from, date_decimals(r));
        add_year(t, w->to, date_decimals(r));
        char from[40], to[40];
        table_add_cell(t, "%s to %s", text_from_year(w->window_from, date_decimals(r), from, sizeof from),
                       text_from_year(w->window_to, date_decimals(r), to, sizeof to));
        table_add_cell(t, "%+.2f", 100 * w->change);
        causes_to_text(r, w, causes, sizeof causes);
        table_add_cell(t, "%s", causes);
    }
    return t;
}

struct table *events_to_table(const struct run_result *r)
{
    const struct model *m = r->run->simulation.model;
    struct table *t = table_new("Switches of the limiting input");
    table_add_column(t, "date", TABLE_RIGHT);
    table_add_column(t, "width (yr)", TABLE_RIGHT);
    table_add_column(t, "switch", TABLE_LEFT);
    for (size_t i = 0; i < r->trajectory.n_switches; i++) {
        const struct bottleneck_switch *w = &r->trajectory.switches[i];
        char name[160];
        table_add_row(t);
        add_year(t, w->date, 1);
        add_number(t, w->width, "1");
        table_add_cell(t, "%s", switch_name(m, w, name, sizeof name));
    }
    return t;
}

struct table *comparisons_to_table(const struct scenario_result *r)
{
    struct table *t = table_new("Held against data (errors are ln model - ln data; 0.1 is about 10 %)");
    static const char *const headings[] = {"run",       "variable",     "points", "from",  "to",
                                           "rms error", "largest miss", "in",     "series"};
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++)
        table_add_column(t, headings[i], i < 2 || i == 8 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t k = 0; k < r->n_runs; k++)
        for (size_t i = 0; i < r->runs[k].run->n_comparisons; i++) {
            const struct comparison *c = &r->runs[k].run->comparisons[i];
            const struct comparison_result *result = &r->runs[k].comparisons[i];
            table_add_row(t);
            table_add_cell(t, "%s", r->runs[k].run->name);
            table_add_cell(t, "%s", variable_key(r->runs[k].run->simulation.model, c->variable));
            table_add_cell(t, "%zu", result->n);
            add_year(t, result->first, 0);
            add_year(t, result->last, 0);
            if (c->scored && result->n)
                table_add_cell(t, "%.3f", result->rms_log_error);
            else
                table_add_cell(t, "not scored");
            if (result->n)
                table_add_cell(t, "%+.3f", result->worst);
            else
                table_add_cell(t, "-");
            add_year(t, result->worst_year, 0);
            table_add_cell(t, "%s", c->legend);
        }
    return t;
}

char *ending_to_text(const struct run_result *r, char *buffer, size_t size)
{
    const struct rescaled_run *run = &r->trajectory.run;
    char year[40];
    text_from_year(run->date, 2, year, sizeof year);
    if (run->outcome == RESCALED_BLOW_UP)
        snprintf(buffer, size, "Blow-up in %s (numerical error %.1g years).", year, r->trajectory.date_error);
    else if (run->outcome == RESCALED_EXHAUSTED)
        snprintf(buffer, size, "%s (%s) is exhausted in %s (numerical error %.1g years).",
                 r->run->simulation.model->states[run->exhausted].key,
                 r->run->simulation.model->states[run->exhausted].meaning, year, r->trajectory.date_error);
    else
        snprintf(buffer, size, "No blow-up by %s.", text_from_year(run->date, 0, year, sizeof year));
    return buffer;
}

/* "1904 (half of its fall done by 1938)", or that there is none. */
static const char *lag_to_text(const struct phase_lag *lag, char *buffer, size_t size)
{
    char peak[40], half[40];
    if (isnan(lag->peak))
        snprintf(buffer, size, "does not peak");
    else
        snprintf(buffer, size, "peaks in %s (half of its fall done by %s)",
                 text_from_year(lag->peak, 0, peak, sizeof peak),
                 isnan(lag->half) ? "no date" : text_from_year(lag->half, 0, half, sizeof half));
    return buffer;
}

char *lags_to_text(const struct run_result *r, char *buffer, size_t size)
{
    const struct phase_lags *l = &r->phases.lags;
    char population[100], science[100], output[100];
    buffer[0] = 0;
    if (!l->measured)
        return buffer;
    int used =
        snprintf(buffer, size, "Delays before phase %zu: growth of population %s, of science %s, of output %s",
                 l->phase + 1, lag_to_text(&l->population, population, sizeof population),
                 lag_to_text(&l->science, science, sizeof science), lag_to_text(&l->output, output, sizeof output));
    if (isfinite(l->population.peak + l->science.peak + l->output.peak) && used > 0 && (size_t)used < size)
        used += snprintf(
            buffer + used, size - (size_t)used, ": science %.0f years %s population, output %.0f years %s science",
            fabs(l->science.peak - l->population.peak), l->science.peak < l->population.peak ? "before" : "after",
            fabs(l->output.peak - l->science.peak), l->output.peak < l->science.peak ? "before" : "after");
    if (used > 0 && (size_t)used < size)
        snprintf(buffer + used, size - (size_t)used, ".");
    return buffer;
}
