/* Learning coefficients along n, with what they are exactly and where they go. */
#include "basin/llc.h"
#include "basin/figures/figures.h"

#include <math.h>

/* Points with n >= 10, from the small to the large. */
struct curve {
    double n[LLC_RUNGS_MOST], measured[LLC_RUNGS_MOST], low[LLC_RUNGS_MOST], high[LLC_RUNGS_MOST],
        exact[LLC_RUNGS_MOST];
    size_t count;
};

static void collect(const struct llc *l, struct curve *c)
{
    c->count = 0;
    for (size_t k = l->prior.n_points; k-- > 0;) {
        const struct llc_point *p = &l->prior.points[k];
        double n = llc_examples(p->n_beta);
        if (!(n >= 10))
            continue;
        size_t i = c->count++;
        c->n[i] = n;
        c->measured[i] = p->converged ? p->lambda : NAN;
        c->low[i] = p->converged ? p->lambda - 2 * p->error : NAN;
        c->high[i] = p->converged ? p->lambda + 2 * p->error : NAN;
        c->exact[i] = l->linear && l->exact[k].converged ? l->exact[k].lambda : NAN;
    }
}

static void add_fit(const struct llc *l, struct figure *f, size_t panel, double first, double last)
{
    enum { POINTS = 60 };
    double n[POINTS], value[POINTS], begin = llc_examples(l->fit.from);
    begin = begin > first ? begin : first;
    for (size_t i = 0; i < POINTS; i++) {
        n[i] = begin * pow(last / begin, (double)i / (POINTS - 1));
        value[i] = llc_fit_at(&l->fit, n[i] / log(n[i]));
    }
    char legend[80], multiplicity[24] = "m not settled";
    if (l->fit.weight >= 0.9)
        snprintf(multiplicity, sizeof multiplicity, "m = %d", l->fit.multiplicity);
    snprintf(legend, sizeof legend, "fitted law: %.3f ± %.1g, %s", l->fit.lambda, l->fit.error, multiplicity);
    figure_add_series(f, panel, MARK_DASHED, 3, legend, POINTS, n, value, NULL);
}

struct figure *figure_of_llc(const struct llc *l)
{
    struct curve c;
    collect(l, &c);
    if (c.count < 2)
        return NULL;
    struct figure *f = figure_new("llc", "Learning coefficient",
                                  "n beta (E[L] - L(theta*)) under the posterior at beta = 1/ln n, band: two standard "
                                  "errors; what it is exactly at every n, where that is known; and its limit.");
    struct axis x = {.label = "n (examples)", .scale = AXIS_LOG, .low = NAN, .high = NAN, .margin = 0.02},
                y = {.label = "n beta (E[L] - L*)", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    for (size_t i = 0; i < c.count; i++) {
        y.low = fmin(y.low, c.low[i]); /* fmin and fmax pass over NAN */
        y.high = fmax(y.high, fmax(c.high[i], l->linear ? l->limit : NAN));
    }
    double margin = 0.05 * (y.high - y.low);
    y.low -= margin;
    y.high += margin;
    size_t panel = figure_add_panel(f, "", &x, &y);
    figure_add_series(f, panel, MARK_BAND, 0, NULL, c.count, c.n, c.low, c.high);
    if (l->linear)
        figure_add_series(f, panel, MARK_LINE, 1, "exact at this n", c.count, c.n, c.exact, NULL);
    if (l->fit.found)
        add_fit(l, f, panel, c.n[0], c.n[c.count - 1]);
    if (l->linear && isfinite(l->limit)) {
        char legend[80];
        double ends[2] = {c.n[0], c.n[c.count - 1]}, level[2] = {l->limit, l->limit};
        snprintf(legend, sizeof legend, "limit: %.4g, m = %zu (closed form)", l->limit, l->multiplicity);
        figure_add_series(f, panel, MARK_LINE, 2, legend, 2, ends, level, NULL);
    }
    figure_add_series(f, panel, MARK_POINTS, 0, "measured", c.count, c.n, c.measured, NULL);
    return f;
}
