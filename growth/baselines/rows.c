/* Which rows of a series a baseline is fitted to, and with what weights. */
#include "growth/baselines/baseline.h"

#include "base/text.h"
#include "data/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { THIN_AFTER = 1950 };

/* Standard deviation of a measurement of ln value by date, linear between these (Roodman 2020); the weight of a
 * transition that ends there. */
static double measurement_weight(double year)
{
    static const double years[] = {-10000, 0, 1700, 1900, 2000}, deviations[] = {1, 0.75, 0.25, 0.05, 0.01};
    size_t i = 1;
    while (i < 4 && year > years[i])
        i++;
    double share = fmin(fmax((year - years[i - 1]) / (years[i] - years[i - 1]), 0), 1);
    double deviation = deviations[i - 1] + share * (deviations[i] - deviations[i - 1]);
    return 1 / (1 + 2 * deviation * deviation);
}

/* The last row of the series up to a year. */
static bool is_last(const struct series *s, size_t i, double to)
{
    return s->year[i] <= to && (i + 1 == s->n || s->year[i + 1] > to);
}

static bool is_kept(const struct series *s, size_t i, double to, double stop, int every)
{
    return every <= 1 || s->year[i] <= THIN_AFTER || fmod(s->year[i], every) == 0 || is_last(s, i, to) ||
           is_last(s, i, stop);
}

static enum status take_row(const struct series *s, size_t i, int every, bool weighted, struct baseline_rows *out,
                            struct error *e)
{
    size_t k = out->n;
    if (!(s->value[i] > 0))
        return error_set(e, STATUS_BAD_INPUT, "%s has the value %g in %g: a fit in logarithms wants values above 0",
                         s->name, s->value[i], s->year[i]);
    out->year[k] = every > 1 && s->year[i] == 1 ? 0 : s->year[i];
    if (k > 0 && !(out->year[k] > out->year[k - 1]))
        return error_set(e, STATUS_BAD_INPUT, "%s has two rows for the year %g", s->name, s->year[i]);
    out->value[k] = s->value[i];
    out->weight[k] = weighted ? measurement_weight(out->year[k]) : 1;
    out->n++;
    return STATUS_OK;
}

enum status baseline_series_open(const char *name, struct series *out, struct error *e)
{
    size_t length = strlen(name);
    bool is_path = strchr(name, '/') || (length > 4 && strcmp(name + length - 4, ".csv") == 0);
    enum status status = is_path ? series_read(name, out, e) : series_load(name, out, e);
    if (status || !out->level[0])
        return status;
    char *level = text_copy(out->level);
    series_clear(out);
    status = level ? series_load(level, out, e) : error_memory(e);
    free(level);
    return status;
}

/* The printed growth rates of the rows. */
static enum status take_companion(const struct series *s, struct baseline_rows *out, struct error *e)
{
    struct series growth;
    enum status status = series_load(s->growth, &growth, e);
    if (status)
        return status;
    out->companion = calloc(out->n + 1, sizeof *out->companion);
    for (size_t i = 0; out->companion && i < out->n; i++) {
        out->companion[i] = NAN;
        for (size_t k = 0; k < growth.n; k++)
            if (growth.year[k] == out->year[i])
                out->companion[i] = growth.value[k];
    }
    series_clear(&growth);
    return out->companion ? STATUS_OK : error_memory(e);
}

enum status baseline_rows_select(const struct series *s, const struct baseline *b,
                                 const struct baseline_selection *selection, struct baseline_rows *out, struct error *e)
{
    double from = isnan(selection->from) ? b->from : selection->from;
    double to = isnan(selection->to) ? INFINITY : selection->to;
    double stop = isnan(selection->stop) ? INFINITY : selection->stop;
    int every = selection->every ? selection->every : b->every;
    enum baseline_weights weights = selection->weights ? selection->weights : b->weights;
    struct unit unit;
    enum status status = STATUS_OK;
    *out = (struct baseline_rows){.year = calloc(s->n + 1, sizeof(double)),
                                  .value = calloc(s->n + 1, sizeof(double)),
                                  .weight = calloc(s->n + 1, sizeof(double))};
    if (!out->year || !out->value || !out->weight)
        return error_memory(e);
    out->every = every;
    for (size_t i = 0; i < s->n && !status; i++) {
        if (s->year[i] < from || s->year[i] > to)
            continue;
        if (is_kept(s, i, to, stop, every))
            status = take_row(s, i, every, weights == BASELINE_WEIGHTS_MEASUREMENT, out, e);
        else
            out->n_thinned++;
    }
    while (out->n_fit < out->n && out->year[out->n_fit] <= stop)
        out->n_fit++;
    unit_parse(s->unit, &unit);
    out->scale = unit.scale;
    out->persons = unit.quantity == QUANTITY_PERSONS;
    return !status && s->growth[0] ? take_companion(s, out, e) : status;
}

void baseline_rows_clear(struct baseline_rows *rows)
{
    free(rows->year);
    free(rows->value);
    free(rows->weight);
    free(rows->companion);
    *rows = (struct baseline_rows){0};
}
