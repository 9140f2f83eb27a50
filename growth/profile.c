#include "growth/profile.h"

#include <math.h>
#include <stdlib.h>

static struct profile_point point_from_state(const struct profile *p, double tau, const double *x, double year)
{
    const struct simulation *s = &p->trajectory->simulation;
    struct profile_point point = {.tau = tau, .year = year};
    double slope = 0;
    point.log_output = simulation_log_output(s, year, x);
    if (simulation_growth(s, year, x, &point.growth, &slope))
        point.growth = slope = 0;
    double size = fabs(point.growth) + p->floor;
    point.exponent = slope / (size * size);
    point.level = asinh(point.growth / (2 * p->floor));
    return point;
}

struct profile_point profile_at(const struct profile *p, double tau)
{
    double x[MODEL_MAX_STATES], year;
    trajectory_at_tau(p->trajectory, tau, x, &year);
    return point_from_state(p, tau, x, year);
}

enum status profile_build(const struct trajectory *t, struct profile *out, struct error *e)
{
    const struct ode_solution *sol = &t->run.solution;
    out->trajectory = t;
    out->floor = 0.01 / (t->simulation.to - t->simulation.from);
    out->n = sol->pieces + 1;
    out->points = malloc(out->n * sizeof *out->points);
    if (!out->points)
        return error_memory(e);
    for (size_t k = 0; k < out->n; k++)
        out->points[k] = profile_at(out, sol->knot[k]);
    return STATUS_OK;
}

void profile_clear(struct profile *p)
{
    free(p->points);
    p->points = NULL;
    p->n = 0;
}

double profile_solve_level(const struct profile *p, double a, double b, double value)
{
    bool above = profile_at(p, a).level > value;
    for (int i = 0; i < 60 && fabs(b - a) > 1e-12 * (1 + fabs(a)); i++) {
        double middle = 0.5 * (a + b);
        if ((profile_at(p, middle).level > value) == above)
            a = middle;
        else
            b = middle;
    }
    return 0.5 * (a + b);
}

static double objective(const struct profile *p, double tau, enum profile_what what, int sign)
{
    struct profile_point point = profile_at(p, tau);
    return what == PROFILE_LEVEL ? sign * point.level : sign * point.exponent;
}

double profile_minimise(const struct profile *p, double a, double b, enum profile_what what, int sign)
{
    const double golden = 0.6180339887498949;
    double c = b - golden * (b - a), d = a + golden * (b - a);
    double at_c = objective(p, c, what, sign), at_d = objective(p, d, what, sign);
    for (int i = 0; i < 48; i++) {
        if (at_c < at_d) {
            b = d, d = c, at_d = at_c;
            c = b - golden * (b - a);
            at_c = objective(p, c, what, sign);
        } else {
            a = c, c = d, at_c = at_d;
            d = a + golden * (b - a);
            at_d = objective(p, d, what, sign);
        }
    }
    return 0.5 * (a + b);
}
