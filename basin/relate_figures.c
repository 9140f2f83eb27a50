/* Pictures of what goes with what over many networks. */
#include "basin/relate_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t relate_find_metric(const struct relation *r, const char *name)
{
    for (size_t k = 0; k < r->n_metrics; k++)
        if (strcmp(r->metrics[k].name, name) == 0)
            return k;
    return RELATE_METRICS;
}

/* As it is drawn: minus a loss as that loss, on a log scale. */
struct drawn {
    const double *x;
    double sign;
    struct axis axis;
};

static struct drawn drawn_metric(const struct relation *r, size_t k)
{
    const struct metric *m = &r->metrics[k];
    bool loss = strcmp(m->name, "minus validation loss") == 0;
    struct drawn d = {.x = m->x, .sign = loss ? -1 : 1};
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < r->n; i++)
        if (isfinite(m->x[i]) && (!loss || m->x[i] < 0)) {
            low = fmin(low, d.sign * m->x[i]);
            high = fmax(high, d.sign * m->x[i]);
        }
    double margin = high > low ? 0.05 * (high - low) : 0.5, factor = loss ? pow(high / low, 0.05) : 1;
    d.axis = (struct axis){.label = loss ? "validation loss" : m->name,
                           .scale = loss ? AXIS_LOG : AXIS_LINEAR,
                           .low = loss ? low / factor : low - margin,
                           .high = loss ? high * factor : high + margin};
    if (!(d.axis.low < d.axis.high))
        d.axis.low = d.axis.high = NAN;
    return d;
}

static void add_panel(const struct relation *r, struct figure *f, size_t x, size_t y, bool legend, double *scratch)
{
    struct drawn dx = drawn_metric(r, x), dy = drawn_metric(r, y);
    size_t panel = figure_add_panel(f, "", &dx.axis, &dy.axis);
    for (size_t g = 0; g < r->n_groups; g++) {
        size_t n = 0;
        for (size_t i = 0; i < r->n; i++)
            if (r->group[i] == g && isfinite(dx.x[i]) && isfinite(dy.x[i])) {
                scratch[n] = dx.sign * dx.x[i];
                scratch[r->n + n++] = dy.sign * dy.x[i];
            }
        if (n)
            figure_add_series(f, panel, MARK_POINTS, (int)g, legend ? r->group_name[g] : NULL, n, scratch,
                              scratch + r->n, NULL);
    }
}

struct figure *relate_networks_figure(const struct relation *r)
{
    static const char *const against_quality[] = {"rank G", "distance from the origin"};
    static const char *const against_reference[] = {"zero directions thrown out", "H + weight decay"};
    struct figure *f =
        figure_new("relations", "Information loss, volume and generalisation",
                   "One point a network, one colour a variant. Below: two repairs of the singular quadratic "
                   "against the prior mass that is held to be nearest to the truth.");
    double *scratch = malloc(2 * r->n * sizeof *scratch);
    if (f && scratch) {
        figure_set_columns(f, 2);
        for (size_t k = 0; k < 2; k++)
            if (r->quality < RELATE_METRICS && relate_find_metric(r, against_quality[k]) < RELATE_METRICS)
                add_panel(r, f, relate_find_metric(r, against_quality[k]), r->quality, false, scratch);
        for (size_t k = 0; k < 2; k++)
            if (r->reference < RELATE_METRICS && relate_find_metric(r, against_reference[k]) < RELATE_METRICS)
                add_panel(r, f, relate_find_metric(r, against_reference[k]), r->reference, true, scratch);
    }
    free(scratch);
    return f;
}

static void add_intervals(const struct relation *r, struct figure *f, size_t panel, bool reference)
{
    double rho[RELATE_METRICS], place[RELATE_METRICS], shift = reference ? -0.17 : 0.17;
    size_t n = 0;
    for (size_t k = 0; k < r->n_metrics; k++) {
        const struct spearman *s = reference ? &r->metrics[k].with_reference : &r->metrics[k].with_quality;
        double level = (double)(k + 1) + shift;
        if (isnan(s->rho))
            continue;
        rho[n] = s->rho;
        place[n++] = level;
        if (isfinite(s->low) && isfinite(s->high))
            figure_add_series(f, panel, MARK_LINE, reference, NULL, 2, (double[]){s->low, s->high},
                              (double[]){level, level}, NULL);
    }
    size_t to = reference ? r->reference : r->quality;
    if (n)
        figure_add_series(f, panel, MARK_POINTS, reference, r->metrics[to].name, n, rho, place, NULL);
}

struct figure *relate_correlations_figure(const struct relation *r)
{
    struct figure *f = figure_new("correlations", "What goes with what over the networks",
                                  "Spearman's rank correlation of each quantity with validation accuracy (or minus the "
                                  "validation loss) and with the mass held to be nearest to the truth, with 95 % "
                                  "intervals by bootstrap. What does not vary has none.");
    if (!f)
        return NULL;
    struct axis x = {.label = "rank correlation", .scale = AXIS_LINEAR, .low = -1.05, .high = 1.05},
                y = {.scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    const char *names[RELATE_METRICS];
    size_t panel = figure_add_panel(f, "", &x, &y);
    for (size_t k = 0; k < r->n_metrics; k++)
        names[k] = r->metrics[k].name;
    figure_set_rows(f, panel, r->n_metrics, names);
    if (r->quality < RELATE_METRICS)
        add_intervals(r, f, panel, false);
    if (r->reference < RELATE_METRICS)
        add_intervals(r, f, panel, true);
    figure_add_vertical(f, panel, 0, "");
    return f;
}
