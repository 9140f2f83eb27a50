/* Logarithms of modified Bessel functions of real order, scaled so that neither large orders nor large arguments
 * overflow or underflow. */
#ifndef GEARS_SOLVER_BESSEL_H
#define GEARS_SOLVER_BESSEL_H

/* ln |e^-z I_order(z)|, z >= 0, any finite order; *sign (may be NULL) gets the sign of I, which for negative
 * non-integer orders may be -1. -INFINITY where I is 0; INFINITY at z = 0 for negative non-integer orders. Relative
 * error of e^-z I about 1e-13 (order < 1e6; beyond that 1e-16 times the logarithm's size). Abramowitz and Stegun 9.7.1
 * (large z), 9.7.7 (uniform in large orders, Debye), 9.6.2 (negative orders); GSL between. */
double bessel_log_i_scaled(double order, double z, int *sign);

#endif
