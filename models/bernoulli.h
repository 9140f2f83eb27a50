/* The closed form that several growth models share.
 *
 * A level X whose growth rate is r = d ln X/dt = r0 e^{mu t} (X/X0)^b obeys Bernoulli's equation, and
 *     (X/X0)^{-b} = 1 - b r0 E,   E = (e^{mu t} - 1)/mu   (t for mu = 0).
 * Everything here is exact to rounding through b -> 0 (double exponential or exponential) and mu -> 0 (hyperbola).
 */
#ifndef GEARS_MODELS_BERNOULLI_H
#define GEARS_MODELS_BERNOULLI_H

/* ln(X(t)/X0); t >= 0 in years, r0 and mu in 1/year. NAN at and past the blow-up. */
double bernoulli_gain(double b, double mu, double r0, double t);

/* Years until X is infinite, INFINITY if never: ln(1 + mu/(b r0))/mu. */
double bernoulli_blow_up(double b, double mu, double r0);

/* (e^{mu t} - 1)/mu, and t for mu = 0. */
double bernoulli_integral(double mu, double t);

#endif
