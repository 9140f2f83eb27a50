/* The Feller diffusion dX = (b X + c) dt + sqrt(2 a X) dW, c = a (nu + 1), nu < 0, absorbed at 0 (Feller 1951; Roodman
 * 2020). Over a time t > 0 with k = b/(a (e^bt - 1)), l = k e^bt x0, u = k x, q = -nu:
 *     density in x      k (u/l)^(nu/2) e^(-u-l) I_q(2 sqrt(u l))
 *     absorbed by t     Q(q, l), the regularised upper incomplete gamma function
 * and, as a mixture, X is Gamma(j + 1)/k with probability e^-l l^(q+j)/Gamma(q+j+1), j = 0, 1, ... */
#ifndef GEARS_GROWTH_BASELINES_FELLER_H
#define GEARS_GROWTH_BASELINES_FELLER_H

#include "solver/random.h"

struct feller {
    double a, b, nu; /* a > 0, nu < 0 */
};

/* ln of the density of X(t) = x > 0 given X(0) = x0 > 0. */
double feller_log_density(const struct feller *f, double x0, double t, double x);
/* P(X was absorbed by t); t may be INFINITY. */
double feller_absorbed(const struct feller *f, double x0, double t);
/* P(X(t) > x), x >= 0: not yet absorbed and above x. */
double feller_above(const struct feller *f, double x0, double t, double x);
/* x with P(X(t) > x) = p; 0 where P(X(t) > 0) <= p. */
double feller_quantile_above(const struct feller *f, double x0, double t, double p);
/* The time by which X was absorbed with probability p; INFINITY: never that probable. */
double feller_absorption_time(const struct feller *f, double x0, double p);
/* An exact draw of X(t); 0: absorbed. */
double feller_draw(const struct feller *f, double x0, double t, struct random_stream *r);

#endif
