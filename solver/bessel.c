#include "solver/bessel.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_bessel.h>
#include <math.h>

/* From this order on the Debye expansion is good to the last digits for every argument; below it Hankel's is from this
 * argument on. */
enum { DEBYE_TERMS = 12, DEBYE_ORDER = 15, HANKEL_ARGUMENT = 200 };

/* Coefficients of p^k, p^(k+2), ..., p^(3k) in u_k(p), k = 1 .. DEBYE_TERMS: Abramowitz and Stegun 9.3.10, from
 * tests/reference/bessel.py. */
static const double debye[DEBYE_TERMS][DEBYE_TERMS + 1] = {
    {0.125, -0.20833333333333334},
    {0.0703125, -0.4010416666666667, 0.3342013888888889},
    {0.0732421875, -0.8912109375, 1.8464626736111112, -1.0258125964506173},
    {0.112152099609375, -2.3640869140625, 8.78912353515625, -11.207002616222994, 4.669584423426247},
    {0.22710800170898438, -7.368794359479632, 42.53499874538846, -91.81824154324002, 84.63621767460073,
     -28.212072558200244},
    {0.5725014209747314, -26.491430486951554, 218.1905117442116, -699.5796273761325, 1059.9904525279999,
     -765.2524681411817, 212.57013003921713},
    {1.7277275025844574, -108.09091978839466, 1200.9029132163525, -5305.646978613403, 11655.393336864534,
     -13586.550006434138, 8061.722181737309, -1919.457662318407},
    {6.074042001273483, -493.915304773088, 7109.514302489364, -41192.65496889755, 122200.46498301746,
     -203400.17728041555, 192547.00123253153, -96980.59838863752, 20204.29133096615},
    {24.380529699556064, -2499.8304818112097, 45218.76898136273, -331645.1724845636, 1268365.2733216248,
     -2813563.226586534, 3763271.297656404, -2998015.9185381066, 1311763.6146629772, -242919.18790055133},
    {110.01714026924674, -13886.08975371704, 308186.4046126624, -2785618.1280864547, 13288767.166421818,
     -37567176.66076335, 66344512.27472903, -74105148.21153265, 50952602.49266464, -19706819.118432228,
     3284469.853072038},
    {551.3358961220206, -84005.43360302408, 2243768.1779224495, -24474062.72573873, 142062907.7975331,
     -495889784.2750303, 1106842816.8230145, -1621080552.1083372, 1553596899.57058, -939462359.6815784,
     325573074.18576574, -49329253.66450996},
    {3038.090510922384, -549842.3275722887, 17395107.553978164, -225105661.88941526, 1559279864.8792574,
     -6563293792.619285, 17954213731.1556, -33026599749.800724, 41280185579.753975, -34632043388.158775,
     18688207509.295826, -5866481492.051847, 814789096.1183121},
};

/* sum_k (+-1)^k u_k(p)/order^k; sign -1 belongs to K. */
static double debye_sum(double order, double p, double sign)
{
    double sum = 1, factor = 1;
    for (int k = 1; k <= DEBYE_TERMS; k++) {
        double u = 0;
        for (int i = k; i >= 0; i--)
            u = u * p * p + debye[k - 1][i];
        factor *= sign * p / order;
        sum += factor * u;
    }
    return sum;
}

/* ln(e^-z I) and, with sign -1, ln(e^z K), for large orders and z > 0: A&S 9.7.7, 9.7.8. */
static double log_debye(double order, double z, double sign)
{
    double root = hypot(order, z);
    double exponent = order * order / (root + z) - order * asinh(order / z); /* of I, after e^-z */
    double scale = sign > 0 ? 1 / (2 * M_PI * root) : M_PI / (2 * root);
    return sign * exponent + 0.5 * log(scale) + log(debye_sum(order, order / root, sign));
}

/* ln(e^-z I) for z far above the order: A&S 9.7.1. */
static double log_hankel(double order, double z)
{
    double sum = 1, term = 1, mu = 4 * order * order;
    for (int k = 1; k < 60; k++) {
        double odd = 2.0 * k - 1, next = term * (odd * odd - mu) / (8 * z * k);
        if (!(fabs(next) < fabs(term)) && fabs(next) > fabs(sum))
            break;
        term = next;
        sum += term;
        if (fabs(term) < 1e-17 * fabs(sum))
            break;
    }
    return log(sum) - 0.5 * log(2 * M_PI * z);
}

/* ln(e^-z I) for small z: the ascending series. */
static double log_series(double order, double z)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 200 && term > 1e-17 * sum; k++) {
        term *= z * z / 4 / (k * (order + k));
        sum += term;
    }
    return order * log(z / 2) - lgamma(order + 1) + log(sum) - z;
}

static double log_i(double order, double z)
{
    gsl_sf_result result;
    if (z == 0)
        return order == 0 ? 0 : -INFINITY;
    if (order >= DEBYE_ORDER)
        return log_debye(order, z, 1);
    if (z >= HANKEL_ARGUMENT)
        return log_hankel(order, z);
    if (z < 10 || gsl_sf_bessel_Inu_scaled_e(order, z, &result) != GSL_SUCCESS || !(result.val > 0))
        return log_series(order, z);
    return log(result.val);
}

/* ln(e^z K), z > 0. */
static double log_k(double order, double z)
{
    gsl_sf_result result;
    if (order >= DEBYE_ORDER)
        return log_debye(order, z, -1);
    return gsl_sf_bessel_lnKnu_e(order, z, &result) == GSL_SUCCESS ? result.val + z : NAN;
}

double bessel_log_i_scaled(double order, double z, int *sign)
{
    double positive = log_i(fabs(order), z), whole = nearbyint(order);
    if (sign)
        *sign = 1;
    if (order >= 0 || order == whole) /* I_-n = I_n */
        return positive;
    /* I_-m = I_m + (2/pi) sin(m pi) K_m; the sine from the distance to the nearest integer */
    double sine = sin(M_PI * (whole - order)) * (fmod(fabs(whole), 2) == 0 ? 1 : -1);
    if (z == 0) {
        if (sign)
            *sign = sine < 0 ? -1 : 1;
        return INFINITY;
    }
    double other = log(2 / M_PI * fabs(sine)) + log_k(-order, z) - 2 * z, larger = fmax(positive, other);
    double sum = exp(positive - larger) + (sine < 0 ? -1 : 1) * exp(other - larger);
    if (sign)
        *sign = sum < 0 ? -1 : 1;
    return larger + log(fabs(sum));
}
