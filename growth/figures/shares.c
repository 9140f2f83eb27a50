/* What limits each flow: elasticity shares of its inputs, stacked. */
#include "growth/figures/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS_MOST = 3 };

static void add_flow_panel(const struct curve *c, size_t flow, struct figure *f, const struct axis *x, bool many)
{
    const struct model_flow *m = &c->result->run->simulation.model->flows[flow];
    char title[200];
    snprintf(title, sizeof title, "%s%s%s", m->key, many ? ", " : "", many ? c->label : "");
    struct axis y = {.label = "elasticity share", .scale = AXIS_LINEAR, .low = 0, .high = 1};
    size_t panel = figure_add_panel(f, title, x, &y);
    double *below = calloc(c->n + 1, sizeof *below), *above = malloc((c->n + 1) * sizeof *above);
    for (size_t i = 0; below && above && i < m->n_inputs; i++) {
        for (size_t j = 0; j < c->n; j++)
            above[j] = below[j] + c->share[(j * MODEL_MAX_FLOWS + flow) * MODEL_MAX_INPUTS + i];
        figure_add_series(f, panel, MARK_STACK, curves_run_colour(i), m->inputs[i], c->n, c->year, below, above);
        double *swap = below;
        below = above;
        above = swap;
    }
    free(below);
    free(above);
}

struct figure *figure_of_shares(const struct drawn_run *runs, size_t n)
{
    struct curves c;
    struct figure *f = NULL;
    size_t columns = n < COLUMNS_MOST ? n : COLUMNS_MOST, flows = runs[0].result->run->simulation.model->n_flows;
    bool same = flows > 0; /* a column of panels for each run: they must have the same flows */
    for (size_t k = 0; k < columns; k++)
        same &= runs[k].result->run->simulation.model == runs[0].result->run->simulation.model;
    if (flows && !same)
        columns = 1;
    if (curves_take(runs, columns, &c) && flows &&
        (f = figure_new("shares", "What limits each flow",
                        n > columns
                            ? "Elasticity shares of the inputs of each flow (the first runs only): the largest limits."
                            : "Elasticity shares of the inputs of each flow: the largest limits."))) {
        struct axis x = curves_long_axis(&c);
        figure_set_columns(f, columns);
        for (size_t flow = 0; flow < flows; flow++)
            for (size_t k = 0; k < columns; k++)
                add_flow_panel(&c.curve[k], flow, f, &x, columns > 1);
    }
    curves_clear(&c);
    return f;
}
