#include "basin/radial.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>

enum { POINTS = 20, PANELS = 5 };
static const double DEPTH = 45; /* nats below the top that still count */

struct radial_rule {
    double x[POINTS], w[POINTS]; /* on (0, 1) */
};

struct radial_rule *radial_rule_new(void)
{
    struct radial_rule *rule = malloc(sizeof *rule);
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(POINTS);
    for (size_t i = 0; rule && table && i < POINTS; i++)
        gsl_integration_glfixed_point(0, 1, i, &rule->x[i], &rule->w[i], table);
    if (!table) {
        free(rule);
        return NULL;
    }
    gsl_integration_glfixed_table_free(table);
    return rule;
}

void radial_rule_free(struct radial_rule *rule)
{
    free(rule);
}

static double log_integrand(const struct radial *f, double x)
{
    double power = f->n > 1 ? (double)(f->n - 1) * log(x) : 0;
    return power - x * (f->b + f->c / 2 * x);
}

/* Where it is largest; INFINITY: it rises for ever. Of the two forms of the root the one without cancellation. */
static double mode(const struct radial *f)
{
    double k = (double)(f->n - 1);
    if (f->c == 0)
        return f->b > 0 ? k / f->b : INFINITY;
    double root = hypot(f->b, 2 * sqrt(f->c * k));
    return f->b > 0 ? 2 * k / (f->b + root) : (root - f->b) / (2 * f->c);
}

/* Between `from`, where it is above `level`, and `to`, where it is below: where it passes, to a part in 1e3 of the
 * distance. Which side does not matter. */
static double pass(const struct radial *f, double from, double to, double level)
{
    double first = from;
    while (fabs(to - from) > 1e-3 * fabs(to - first)) {
        double middle = (from + to) / 2;
        if (log_integrand(f, middle) > level)
            from = middle;
        else
            to = middle;
    }
    return to;
}

static double left_end(const struct radial *f, double top, double level)
{
    double low = top;
    if (top == 0 || (f->n == 1 && level < 0)) /* at 0 the integrand is 1 then */
        return 0;
    for (int i = 0; i < 60; i++) {
        if (log_integrand(f, low) < level)
            return pass(f, 2 * low, low, level);
        low /= 2;
    }
    return 0;
}

static double right_end(const struct radial *f, double top, double r, double level)
{
    double step = top > 0 ? top : 1;
    if (isfinite(r) && log_integrand(f, r) > level)
        return r;
    while (log_integrand(f, top + step) > level)
        step *= 2;
    return fmin(pass(f, top, top + step, level), r);
}

static double panels(const struct radial *f, double from, double to, double level, const struct radial_rule *rule)
{
    double width = (to - from) / PANELS, sum = 0;
    for (int p = 0; p < PANELS && width > 0; p++)
        for (int i = 0; i < POINTS; i++)
            sum += rule->w[i] * exp(log_integrand(f, from + width * (p + rule->x[i])) - level);
    return sum * width;
}

double radial_log_integral(const struct radial *f, double r, const struct radial_rule *rule)
{
    double top = fmin(mode(f), r);
    if (!isfinite(top))
        return INFINITY;
    double level = log_integrand(f, top);
    double sum = panels(f, left_end(f, top, level - DEPTH), top, level, rule);
    if (r > top)
        sum += panels(f, top, right_end(f, top, r, level - DEPTH), level, rule);
    return level + log(sum);
}

double radial_reach(const struct radial *f)
{
    double top = mode(f);
    if (!isfinite(top) || (f->c == 0 && f->b <= 0))
        return INFINITY;
    return right_end(f, top, INFINITY, log_integrand(f, top) - DEPTH);
}
