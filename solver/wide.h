/* Loops over arrays in the widest instructions that the machine at hand has, and an exponential that goes into them. */
#ifndef GEARS_SOLVER_WIDE_H
#define GEARS_SOLVER_WIDE_H

#include <stdint.h>
#include <string.h>

#define WIDE_INLINE __attribute__((always_inline)) static inline

/* Define `name`, a void function of `parameters`, from name_body, a WIDE_INLINE function of the same, compiled for
 * several instruction sets; `arguments` are the parameters' names: WIDE_DEFINE(add, (size_t n, const double *x, double
 * *y), (n, x, y)) */
#if defined(__x86_64__)
#define WIDE_DEFINE(name, parameters, arguments)                                                                       \
    __attribute__((target("avx2,fma"))) static void name##_avx2 parameters                                             \
    {                                                                                                                  \
        name##_body arguments;                                                                                         \
    }                                                                                                                  \
    __attribute__((target("avx512f,avx512dq,avx512vl"))) static void name##_avx512 parameters                          \
    {                                                                                                                  \
        name##_body arguments;                                                                                         \
    }                                                                                                                  \
    static void name parameters                                                                                        \
    {                                                                                                                  \
        if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))                                  \
            name##_avx512 arguments;                                                                                   \
        else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))                                      \
            name##_avx2 arguments;                                                                                     \
        else                                                                                                           \
            name##_body arguments;                                                                                     \
    }
#else
#define WIDE_DEFINE(name, parameters, arguments)                                                                       \
    static void name parameters                                                                                        \
    {                                                                                                                  \
        name##_body arguments;                                                                                         \
    }
#endif

/* 2^k for a whole number k from -1022 to 1023, by its bits: magic + k has k in the lowest ones. */
WIDE_INLINE double wide_power_of_two(double magic_plus_k)
{
    int64_t bits;
    double power;
    memcpy(&bits, &magic_plus_k, sizeof bits);
    bits = (int64_t)((uint64_t)(bits + 1023) << 52);
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* e^x to one unit in the last place: x = k ln 2 + r, |r| <= ln 2/2 (ln 2 in two parts: Cody and Waite 1980), Taylor's
 * polynomial of degree 13 in r, 2^k in two factors, so that results too large or too small come out as infinity, as
 * less than the smallest normal number or as 0. NaN stays NaN. Without a branch, so that loops of it can be made wide.
 */
WIDE_INLINE double wide_exp(double x)
{
    const double magic = 0x1.8p52; /* adding it rounds to a whole number */
    x = x < -746 ? -746 : x;
    x = x > 710 ? 710 : x;
    double k = (x * 0x1.71547652b82fep0 + magic) - magic;
    double r = (x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b39p-40;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    double half = k * 0.5 + magic, rest = k - (half - magic) + magic;
    return (1 + (r + r * r * p)) * wide_power_of_two(half) * wide_power_of_two(rest);
}

/* ln x of a positive normal number, to two units in the last place: x = 2^k m, m in (1/sqrt 2, sqrt 2], ln m = 2 artanh
 * s with s = (m - 1)/(m + 1), its series to s^21. Without a branch. */
WIDE_INLINE double wide_log(double x)
{
    uint64_t bits, exponent_bits, fraction_bits;
    double exponent, m;
    memcpy(&bits, &x, sizeof bits);
    exponent_bits = bits >> 52 | 0x4330000000000000;                  /* 2^52 + the exponent's field */
    fraction_bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000; /* in [1, 2) */
    memcpy(&exponent, &exponent_bits, sizeof exponent);
    memcpy(&m, &fraction_bits, sizeof m);
    double high = m > 0x1.6a09e667f3bcdp0 ? 1 : 0, k = exponent - (0x1p52 + 1023) + high;
    m = m * (1 - 0.5 * high);
    double s = (m - 1) / (m + 1), q = s * s;
    double p = 1.0 / 21;
    p = p * q + 1.0 / 19;
    p = p * q + 1.0 / 17;
    p = p * q + 1.0 / 15;
    p = p * q + 1.0 / 13;
    p = p * q + 1.0 / 11;
    p = p * q + 1.0 / 9;
    p = p * q + 1.0 / 7;
    p = p * q + 1.0 / 5;
    p = p * q + 1.0 / 3;
    return k * 0x1.62e42fefa0000p-1 + (2 * s + (2 * s * q * p + k * 0x1.cf79abc9e3b39p-40));
}

/* sin and cos of 2 pi u for u in [0, 1], to 2^-52: u = k/4 + r, |r| <= 1/8, Taylor's polynomials in 2 pi r. */
WIDE_INLINE void wide_sin_cos_of_turns(double u, double *sine, double *cosine)
{
    const double magic = 0x1.8p52;
    double k = (4 * u + magic) - magic, t = 0x1.921fb54442d18p2 * (u - 0.25 * k), q = t * t;
    double s = 1.0 / 355687428096000, c = 1.0 / 20922789888000;
    s = 1.0 / 1307674368000 - s * q;
    s = 1.0 / 6227020800 - s * q;
    s = 1.0 / 39916800 - s * q;
    s = 1.0 / 362880 - s * q;
    s = 1.0 / 5040 - s * q;
    s = 1.0 / 120 - s * q;
    s = 1.0 / 6 - s * q;
    s = t - t * q * s;
    c = 1.0 / 87178291200 - c * q;
    c = 1.0 / 479001600 - c * q;
    c = 1.0 / 3628800 - c * q;
    c = 1.0 / 40320 - c * q;
    c = 1.0 / 720 - c * q;
    c = 1.0 / 24 - c * q;
    c = 1 - q * (0.5 - c * q);
    double first = k == 1 || k == 3 ? c : s, second = k == 1 || k == 3 ? s : c;
    *sine = k == 2 || k == 3 ? -first : first;
    *cosine = k == 1 || k == 2 ? -second : second;
}

#endif
