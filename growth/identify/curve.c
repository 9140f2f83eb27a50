/* What a profile says, once it is there: bits, limits, verdict. No model in here. */
#include "growth/identify/identify.h"

#include <gsl/gsl_interp.h>
#include <math.h>
#include <string.h>

enum { FINE = 4000 }; /* steps of the integrals and of the search for limits */

/* The points that were fitted, as a curve. */
struct curve {
    double date[IDENTIFY_POINTS + 1], drop[IDENTIFY_POINTS + 1];
    size_t n;
    gsl_interp *interp; /* NULL: too few points, then straight lines */
};

static void curve_take(struct curve *c, size_t n, const double *date, const double *drop)
{
    c->n = 0;
    for (size_t i = 0; i < n && c->n < IDENTIFY_POINTS; i++)
        if (isfinite(drop[i])) {
            c->date[c->n] = date[i];
            c->drop[c->n++] = drop[i];
        }
    c->interp = c->n >= 3 ? gsl_interp_alloc(gsl_interp_steffen, c->n) : NULL;
    if (c->interp)
        gsl_interp_init(c->interp, c->date, c->drop, c->n);
}

static double curve_at(const struct curve *c, double date)
{
    if (date <= c->date[0])
        return c->drop[0];
    if (date >= c->date[c->n - 1])
        return c->drop[c->n - 1];
    if (c->interp)
        return gsl_interp_eval(c->interp, c->date, c->drop, date, NULL);
    double part = (date - c->date[0]) / (c->date[c->n - 1] - c->date[0]);
    return c->drop[0] + part * (c->drop[c->n - 1] - c->drop[0]);
}

static void curve_free(struct curve *c)
{
    if (c->interp)
        gsl_interp_free(c->interp);
}

double identify_bits(size_t n, const double *date, const double *drop, double from, double to)
{
    struct curve c;
    double mass = 0, sum = 0, least = INFINITY;
    curve_take(&c, n, date, drop);
    if (c.n == 0 || !(to > from)) {
        curve_free(&c);
        return NAN;
    }
    for (int i = 0; i < FINE; i++)
        least = fmin(least, curve_at(&c, from + (i + 0.5) * (to - from) / FINE));
    for (int i = 0; i < FINE; i++) {
        double d = curve_at(&c, from + (i + 0.5) * (to - from) / FINE) - least, w = exp(-0.5 * d);
        mass += w / FINE;
        sum += w * -0.5 * d / FINE;
    }
    curve_free(&c);
    /* posterior over prior is w/mass: its mean logarithm */
    return (sum / mass - log(mass)) / log(2);
}

/* The crossing of the threshold from `at` towards `end`; NAN: none. */
static double crossing(const struct curve *c, double at, double end)
{
    double last = at;
    for (int i = 1; i <= FINE; i++) {
        double date = at + i * (end - at) / FINE;
        if (curve_at(c, date) > IDENTIFY_THRESHOLD)
            return 0.5 * (last + date);
        last = date;
    }
    return NAN;
}

enum profile_verdict identify_verdict(size_t n, const double *date, const double *drop, double never, double *low,
                                      double *high)
{
    struct curve c;
    *low = *high = NAN;
    curve_take(&c, n, date, drop);
    if (c.n == 0) {
        curve_free(&c);
        return PROFILE_FLAT;
    }
    size_t best = 0;
    for (size_t i = 1; i < c.n; i++)
        if (c.drop[i] < c.drop[best])
            best = i;
    bool open = never <= IDENTIFY_THRESHOLD; /* never is not excluded: no date is the latest */
    if (c.drop[best] <= IDENTIFY_THRESHOLD) {
        *low = crossing(&c, c.date[best], c.date[0]);
        *high = open ? NAN : crossing(&c, c.date[best], c.date[c.n - 1]);
    } else /* only never is left: later than all dates */
        *low = c.date[c.n - 1];
    curve_free(&c);
    return isfinite(*low) && isfinite(*high) ? PROFILE_BOUNDED
           : isfinite(*low)                  ? PROFILE_BELOW_ONLY
           : isfinite(*high)                 ? PROFILE_ABOVE_ONLY
                                             : PROFILE_FLAT;
}
