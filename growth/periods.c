#include "growth/periods.h"

#include "base/json.h"
#include "data/units.h"
#include "growth/variable.h"

#include <math.h>
#include <stdio.h>

static const double years[N_PERIODS + 1] = {1820, 1870, 1913, 1950, 1973, 2000, 2019};
static const double SMOOTHING = 20; /* years */

/* ln of the data in a year, NAN outside */
static double log_data(const struct comparison_result *c, double year)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->year[i] == year)
            return log(c->observed[i]);
        if (i + 1 < c->n && c->year[i] < year && c->year[i + 1] > year) {
            double part = (year - c->year[i]) / (c->year[i + 1] - c->year[i]);
            return (1 - part) * log(c->observed[i]) + part * log(c->observed[i + 1]);
        }
    }
    return NAN;
}

/* Value at `year` of the line that fits ln of the points best, each weighted by exp(-(distance/SMOOTHING)^2/2) */
static double log_smooth(const struct comparison_result *c, double year)
{
    double w0 = 0, w1 = 0, w2 = 0, y0 = 0, y1 = 0;
    for (size_t i = 0; i < c->n; i++) {
        double x = (c->year[i] - year) / SMOOTHING, w = exp(-0.5 * x * x), y = log(c->observed[i]);
        w0 += w;
        w1 += w * x;
        w2 += w * x * x;
        y0 += w * y;
        y1 += w * x * y;
    }
    double determinant = w0 * w2 - w1 * w1;
    return determinant > 1e-6 * w0 * w2 ? (w2 * y0 - w1 * y1) / determinant : NAN;
}

bool periods_of(const struct run_result *r, size_t k, struct period_growth out[N_PERIODS])
{
    const struct comparison *c = &r->run->comparisons[k];
    const struct comparison_result *data = &r->comparisons[k];
    struct unit unit;
    unit_parse(variable_unit(r->run->simulation.model, c->variable), &unit);
    for (size_t i = 0; i < N_PERIODS; i++) {
        struct period_growth *p = &out[i];
        double from = years[i], to = years[i + 1], span = to - from;
        *p = (struct period_growth){from, to, NAN, (log_data(data, to) - log_data(data, from)) / span, NAN};
        if (isnan(p->data))
            continue;
        p->model =
            log(variable_at(&r->trajectory, c->variable, to) / variable_at(&r->trajectory, c->variable, from)) / span;
        p->smooth = (log_smooth(data, to) - log_smooth(data, from)) / span;
    }
    return unit.quantity == QUANTITY_OUTPUT || unit.quantity == QUANTITY_OUTPUT_PER_HEAD ||
           unit.quantity == QUANTITY_PERSONS;
}

/* Root mean square of the misses of model (or smooth) over the periods covered; NAN: none */
static double rms_miss(const struct period_growth *p, bool smooth)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < N_PERIODS; i++) {
        double miss = (smooth ? p[i].smooth : p[i].model) - p[i].data;
        if (!isnan(miss)) {
            sum += miss * miss;
            n++;
        }
    }
    return n > 0 ? sqrt(sum / n) : NAN;
}

static void add_row(struct table *t, const struct run_result *r, size_t k, const struct period_growth *p)
{
    const struct comparison *c = &r->run->comparisons[k];
    table_add_row(t);
    table_add_cell(t, "%s", r->run->name);
    table_add_cell(t, "%s", variable_key(r->run->simulation.model, c->variable));
    for (size_t i = 0; i < N_PERIODS; i++) {
        if (isnan(p[i].data))
            table_add_cell(t, "-");
        else if (isnan(p[i].smooth))
            table_add_cell(t, "%.2f %.2f -", 100 * p[i].model, 100 * p[i].data);
        else
            table_add_cell(t, "%.2f %.2f %.2f", 100 * p[i].model, 100 * p[i].data, 100 * p[i].smooth);
    }
    double smooth = rms_miss(p, true);
    table_add_cell(t, "%.2f", 100 * rms_miss(p, false));
    if (isnan(smooth))
        table_add_cell(t, "-");
    else
        table_add_cell(t, "%.2f", 100 * smooth);
    table_add_cell(t, "%s", c->series.name);
}

struct table *periods_to_table(const struct scenario_result *r)
{
    struct table *t = table_new("Growth by period, % a year: model, data, data smoothed over 20 years");
    table_add_column(t, "run", TABLE_LEFT);
    table_add_column(t, "variable", TABLE_LEFT);
    for (size_t i = 0; i < N_PERIODS; i++) {
        char heading[32];
        snprintf(heading, sizeof heading, "%g-%g", years[i], years[i + 1]);
        table_add_column(t, heading, TABLE_RIGHT);
    }
    table_add_column(t, "rms miss", TABLE_RIGHT);
    table_add_column(t, "smoothing's", TABLE_RIGHT);
    table_add_column(t, "series", TABLE_LEFT);
    for (size_t k = 0; k < r->n_runs; k++)
        for (size_t i = 0; i < r->runs[k].run->n_comparisons; i++) {
            struct period_growth p[N_PERIODS];
            if (periods_of(&r->runs[k], i, p) && !isnan(rms_miss(p, false)))
                add_row(t, &r->runs[k], i, p);
        }
    return t;
}

json_t *periods_to_json(const struct run_result *r, size_t k)
{
    struct period_growth p[N_PERIODS];
    json_t *list = json_array();
    bool growing = periods_of(r, k, p);
    for (size_t i = 0; i < N_PERIODS && growing; i++) {
        if (isnan(p[i].data))
            continue;
        json_t *o = json_object();
        json_object_set_new(o, "from", json_real(p[i].from));
        json_object_set_new(o, "to", json_real(p[i].to));
        json_object_set_new(o, "model", json_number_or_null(p[i].model));
        json_object_set_new(o, "data", json_number_or_null(p[i].data));
        json_object_set_new(o, "smooth", json_number_or_null(p[i].smooth));
        json_array_append_new(list, o);
    }
    return list;
}
