#include "growth/figures/curves.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 1500, POINTS_LEAST = 600, SHARES = MODEL_MAX_FLOWS * MODEL_MAX_INPUTS };

static void curve_clear(struct curve *c)
{
    free(c->year);
    free(c->value);
    free(c->growth);
    free(c->exponent);
    free(c->share);
    free(c->scratch);
}

static bool curve_allocate(struct curve *c, size_t n)
{
    size_t variables = variable_count(c->result->run->simulation.model);
    c->year = malloc(n * sizeof *c->year);
    c->value = malloc(n * variables * sizeof *c->value);
    c->growth = malloc(n * sizeof *c->growth);
    c->exponent = malloc(n * sizeof *c->exponent);
    c->share = calloc(n * SHARES, sizeof *c->share);
    c->scratch = malloc(n * sizeof *c->scratch);
    return c->year && c->value && c->growth && c->exponent && c->share && c->scratch;
}

static void curve_add(struct curve *c, double tau, double runaway)
{
    const struct trajectory *t = &c->result->trajectory;
    const struct simulation *s = &t->simulation;
    double x[MODEL_MAX_STATES], p[MODEL_MAX_PARAMS], year, growth = NAN, slope = NAN;
    trajectory_at_tau(t, tau, x, &year);
    if (simulation_growth(s, year, x, &growth, &slope))
        return;
    c->year[c->n] = year;
    c->growth[c->n] = growth;
    c->exponent[c->n] = slope / (growth * growth);
    variables_at(s, year, x, c->value + c->n * variable_count(s->model));
    if (s->model->n_flows) {
        simulation_parameters(s, year, p);
        s->model->shares(p, x, c->share + c->n * SHARES);
    }
    if (c->tame == c->n && growth < runaway)
        c->tame++;
    c->n++;
}

static bool curve_take(struct curve *c, double runaway)
{
    const struct ode_solution *sol = &c->result->trajectory.run.solution;
    size_t stride = sol->pieces / POINTS_MOST + 1, parts = POINTS_LEAST / (sol->pieces + 1) + 1;
    if (!curve_allocate(c, (sol->pieces / stride + 2) * parts + 1))
        return false;
    for (size_t k = 0; k < sol->pieces; k += stride) {
        double a = sol->knot[k], b = sol->knot[k + stride < sol->pieces ? k + stride : sol->pieces];
        for (size_t i = 0; i < parts; i++)
            curve_add(c, a + (b - a) * (double)i / (double)parts, runaway);
    }
    curve_add(c, sol->knot[sol->pieces], runaway);
    return true;
}

bool curves_take(const struct drawn_run *runs, size_t n, struct curves *out)
{
    *out = (struct curves){.from = INFINITY, .to = -INFINITY};
    for (size_t k = 0; k < n && k < CURVES_MAX; k++) {
        struct curve *c = &out->curve[out->n++];
        c->result = runs[k].result;
        c->label = runs[k].label;
        out->from = fmin(out->from, trajectory_begin(&c->result->trajectory));
        out->to = fmax(out->to, trajectory_end(&c->result->trajectory));
    }
    out->to += fmin(5, 0.01 * (out->to - out->from)); /* room for the line where a run blows up */
    out->runaway = fmax(0.2, 30 / (out->to - out->from));
    for (size_t k = 0; k < out->n; k++)
        if (!curve_take(&out->curve[k], out->runaway))
            return false;
    return true;
}

void curves_clear(struct curves *c)
{
    for (size_t k = 0; k < c->n; k++)
        curve_clear(&c->curve[k]);
}

/* --- axes -------------------------------------------------------------------------------------------------------- */

static bool is_long(const struct curves *c)
{
    return c->to - c->from > 600;
}

struct axis curves_long_axis(const struct curves *c)
{
    struct axis a = {.label = "year", .scale = AXIS_LINEAR, .low = c->from, .high = c->to, .horizon = NAN};
    if (is_long(c)) {
        a.scale = AXIS_LOG_BEFORE;
        a.horizon = c->to + fmax(20, 0.002 * (c->to - c->from));
    }
    return a;
}

bool curves_zoom_axis(const struct curves *c, struct axis *out)
{
    double from = c->to > 1850 && c->from < 1700 ? 1700 : c->to - (c->to - c->from) / 3;
    *out = (struct axis){.label = "year", .scale = AXIS_LINEAR, .low = from, .high = c->to, .horizon = NAN};
    return is_long(c);
}

int curves_run_colour(size_t k)
{
    static const int colours[] = {0, 1, 2, 3, 5, 4, 6, 7};
    return colours[k % (sizeof colours / sizeof colours[0])];
}

int curves_data_colour(size_t k)
{
    static const int colours[] = {6, 4, 5, 3, 2, 1, 0, 7};
    return colours[k % (sizeof colours / sizeof colours[0])];
}

/* --- series ------------------------------------------------------------------------------------------------------ */

void curves_add_endings(const struct curves *c, struct figure *f, size_t panel)
{
    for (size_t k = 0; k < c->n; k++) {
        const struct rescaled_run *run = &c->curve[k].result->trajectory.run;
        char text[200], year[40];
        if (run->outcome == RESCALED_REACHED)
            continue;
        snprintf(text, sizeof text, "%s%s%s in %s", c->n > 1 ? c->curve[k].label : "", c->n > 1 ? ": " : "",
                 run->outcome == RESCALED_BLOW_UP ? "blow-up" : "exhausted",
                 text_from_year(run->date, 0, year, sizeof year));
        figure_add_vertical(f, panel, run->date, text);
    }
}

size_t curves_add_variable(const struct curves *c, struct figure *f, size_t panel, const char *key, bool legend)
{
    size_t shown = 0;
    for (size_t k = 0; k < c->n; k++) {
        const struct curve *curve = &c->curve[k];
        const struct model *m = curve->result->run->simulation.model;
        size_t i = variable_find(m, key), variables = variable_count(m);
        if (i == variables)
            continue;
        for (size_t j = 0; j < curve->n; j++)
            curve->scratch[j] = curve->value[j * variables + i];
        figure_add_series(f, panel, MARK_LINE, curves_run_colour(k), legend ? curve->label : NULL, curve->n,
                          curve->year, curve->scratch, NULL);
        shown++;
    }
    return shown;
}

bool curves_seen_before(const struct curves *c, size_t run, const struct comparison *sought)
{
    for (size_t k = 0; k < run; k++) {
        const struct growth_run *r = c->curve[k].result->run;
        for (size_t i = 0; i < r->n_comparisons; i++)
            if (strcmp(r->comparisons[i].legend, sought->legend) == 0 &&
                strcmp(variable_key(r->simulation.model, r->comparisons[i].variable),
                       variable_key(c->curve[run].result->run->simulation.model, sought->variable)) == 0)
                return true;
    }
    return false;
}

void curves_add_data(const struct curves *c, struct figure *f, size_t panel, const char *key, bool legend)
{
    size_t shown = 0;
    for (size_t k = 0; k < c->n; k++) {
        const struct run_result *r = c->curve[k].result;
        for (size_t i = 0; i < r->run->n_comparisons; i++) {
            const struct comparison *data = &r->run->comparisons[i];
            if (strcmp(variable_key(r->run->simulation.model, data->variable), key) != 0 ||
                curves_seen_before(c, k, data))
                continue;
            figure_add_series(f, panel, MARK_POINTS, curves_data_colour(shown++), legend ? data->legend : NULL,
                              r->comparisons[i].n, r->comparisons[i].year, r->comparisons[i].observed, NULL);
        }
    }
}

double curves_highest(const struct curves *c, const char *key)
{
    double highest = NAN;
    for (size_t k = 0; k < c->n; k++) {
        const struct curve *curve = &c->curve[k];
        size_t variables = variable_count(curve->result->run->simulation.model);
        size_t i = variable_find(curve->result->run->simulation.model, key);
        if (i < variables && curve->tame && curve->tame < curve->n) /* fmax passes over NAN */
            highest = fmax(highest, 30 * curve->value[(curve->tame - 1) * variables + i]);
    }
    for (size_t k = 0; k < c->n && isfinite(highest); k++) {
        const struct curve *curve = &c->curve[k];
        size_t variables = variable_count(curve->result->run->simulation.model);
        size_t i = variable_find(curve->result->run->simulation.model, key);
        if (i < variables && curve->tame == curve->n && curve->n)
            highest = fmax(highest, 3 * curve->value[(curve->n - 1) * variables + i]);
    }
    return highest;
}

const char *curves_unit(const struct curves *c, const char *key)
{
    for (size_t k = 0; k < c->n; k++) {
        const struct model *m = c->curve[k].result->run->simulation.model;
        size_t i = variable_find(m, key);
        if (i < variable_count(m))
            return variable_unit(m, i);
    }
    return NULL;
}

size_t curves_data_growth(const struct comparison_result *c, double years, double *year, double *level, double *growth)
{
    size_t n = 0, last = 0;
    for (size_t i = 1; i < c->n; i++) {
        double gap = c->year[i] - c->year[last];
        if (gap < years)
            continue;
        double a = log(c->observed[last]), b = log(c->observed[i]);
        year[n] = 0.5 * (c->year[i] + c->year[last]);
        level[n] = exp(0.5 * (a + b));
        growth[n++] = (b - a) / gap;
        last = i;
    }
    return n;
}
