#include "models/bernoulli.h"

#include <math.h>

double bernoulli_integral(double mu, double t)
{
    double z = mu * t;
    return z == 0 ? t : t * (expm1(z) / z);
}

double bernoulli_gain(double b, double mu, double r0, double t)
{
    double gain = r0 * bernoulli_integral(mu, t);
    if (b * gain >= 1)
        return NAN;
    return b == 0 ? gain : -log1p(-b * gain) / b;
}

double bernoulli_blow_up(double b, double mu, double r0)
{
    if (!(b * r0 > 0))
        return INFINITY;
    double hyperbola = 1 / (b * r0), z = mu * hyperbola;
    if (z <= -1)
        return INFINITY;
    return z == 0 ? hyperbola : hyperbola * (log1p(z) / z);
}
