/* The growth profile of a trajectory: growth and local exponent at every stored step, and refined between them. */
#ifndef GEARS_GROWTH_PROFILE_H
#define GEARS_GROWTH_PROFILE_H

#include "growth/simulate.h"

struct profile_point {
    double tau, year, log_output;
    double growth;   /* g, 1/year */
    double exponent; /* B = (dg/dt)/(|g| + floor)^2 */
    double level;    /* asinh(g/(2 floor)): ln(g/floor) where g is positive and not tiny, and it goes through zero */
};

struct profile {
    const struct trajectory *trajectory; /* borrowed */
    double floor;                        /* growth that counts as none, 1/year: 1 % over the whole run */
    struct profile_point *points;        /* (n), rising in tau; owned */
    size_t n;
};

enum status profile_build(const struct trajectory *t, struct profile *out, struct error *e);
void profile_clear(struct profile *p);

/* The profile at any tau. */
struct profile_point profile_at(const struct profile *p, double tau);
/* tau between a and b (in either order) where level - value changes sign; it must differ in sign at a and b. */
double profile_solve_level(const struct profile *p, double a, double b, double value);
/* tau in [a, b] where sign x level (what = PROFILE_LEVEL) or |exponent| (PROFILE_EXPONENT) has its minimum: golden
 * section. */
enum profile_what { PROFILE_LEVEL, PROFILE_EXPONENT };
double profile_minimise(const struct profile *p, double a, double b, enum profile_what what, int sign);

#endif
