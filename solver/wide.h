/* Loops over arrays in the widest instructions that the machine at hand has, and an exponential that goes into them. */
#ifndef GEARS_SOLVER_WIDE_H
#define GEARS_SOLVER_WIDE_H

#include <stdint.h>
#include <string.h>

#define WIDE_INLINE __attribute__((always_inline)) static inline

/* Define `name`, a void function of `parameters`, from name_body, a WIDE_INLINE function of the same, compiled for
 * several instruction sets; `arguments` are the parameters' names: WIDE_DEFINE(add, (size_t n, const double *x, double
 * *y), (n, x, y)) */
#define WIDE_DEFINE(name, parameters, arguments)                                                                       \
    WIDE_VARIANTS(name, parameters, arguments, name##_body arguments, name##_body arguments, name##_body arguments)

/* The same for a body that takes the number of doubles in a register before its other parameters, a constant in each
 * variant: WIDE_DEFINE_LANES(tile, (size_t n, double *x), n, x) from tile_body(size_t lanes, size_t n, double *x). */
#define WIDE_DEFINE_LANES(name, parameters, ...)                                                                       \
    WIDE_VARIANTS(name, parameters, (__VA_ARGS__), name##_body(8, __VA_ARGS__), name##_body(4, __VA_ARGS__),           \
                  name##_body(2, __VA_ARGS__))

#if defined(__x86_64__)
#define WIDE_VARIANTS(name, parameters, arguments, with_avx512, with_avx2, without)                                    \
    __attribute__((target("avx2,fma"))) static void name##_avx2 parameters                                             \
    {                                                                                                                  \
        with_avx2;                                                                                                     \
    }                                                                                                                  \
    __attribute__((target("avx512f,avx512dq,avx512vl"))) static void name##_avx512 parameters                          \
    {                                                                                                                  \
        with_avx512;                                                                                                   \
    }                                                                                                                  \
    static void name parameters                                                                                        \
    {                                                                                                                  \
        if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))                                  \
            name##_avx512 arguments;                                                                                   \
        else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))                                      \
            name##_avx2 arguments;                                                                                     \
        else                                                                                                           \
            without;                                                                                                   \
    }
#else
#define WIDE_VARIANTS(name, parameters, arguments, with_avx512, with_avx2, without)                                    \
    static void name parameters                                                                                        \
    {                                                                                                                  \
        without;                                                                                                       \
    }
#endif

/* 2^k for a whole number k from -1022 to 1023, by its bits: magic + k, magic = 1.5 x 2^52, has k in the lowest ones. */
WIDE_INLINE double wide_power_of_two(double magic_plus_k)
{
    int64_t bits;
    double power;
    memcpy(&bits, &magic_plus_k, sizeof bits);
    bits = (int64_t)((uint64_t)(bits + 1023) << 52);
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* e^r - 1 for x = k ln 2 + r, |r| <= ln 2/2, -746 <= x <= 710: e^x = 2^k (1 + that). ln 2 is in two parts (Cody and
 * Waite 1980); Taylor's polynomial of degree 13, in short chains of products, which overlap (Estrin 1960). */
WIDE_INLINE double wide_exp_reduced(double x, double *k)
{
    const double magic = 0x1.8p52; /* adding it rounds to a whole number */
    *k = (x * 0x1.71547652b82fep0 + magic) - magic;
    double r = (x - *k * 0x1.62e42fefa0000p-1) - *k * 0x1.cf79abc9e3b39p-40, r2 = r * r, r4 = r2 * r2;
    double p = 0.5 + r * (1.0 / 6) + r2 * (1.0 / 24 + r * (1.0 / 120)) +
               r4 * (1.0 / 720 + r * (1.0 / 5040) + r2 * (1.0 / 40320 + r * (1.0 / 362880)) +
                     r4 * (1.0 / 3628800 + r * (1.0 / 39916800) + r2 * (1.0 / 479001600 + r * (1.0 / 6227020800))));
    return r + r2 * p;
}

/* e^x to one unit in the last place, 2^k in two factors, so that results too large or too small come out as infinity,
 * as less than the smallest normal number or as 0. NaN stays NaN. Without a branch, so that loops of it can be made
 * wide.
 */
WIDE_INLINE double wide_exp(double x)
{
    const double magic = 0x1.8p52;
    x = x < -746 ? -746 : x;
    x = x > 710 ? 710 : x;
    double k, less = wide_exp_reduced(x, &k), half = k * 0.5 + magic, rest = k - (half - magic) + magic;
    return (1 + less) * wide_power_of_two(half) * wide_power_of_two(rest);
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
    double s = (m - 1) / (m + 1), q = s * s, q2 = q * q, q4 = q2 * q2;
    double p = 1.0 / 3 + q * (1.0 / 5) + q2 * (1.0 / 7 + q * (1.0 / 9)) +
               q4 * (1.0 / 11 + q * (1.0 / 13) + q2 * (1.0 / 15 + q * (1.0 / 17)) + q4 * (1.0 / 19 + q * (1.0 / 21)));
    return k * 0x1.62e42fefa0000p-1 + (2 * s + (2 * s * q * p + k * 0x1.cf79abc9e3b39p-40));
}

/* ln(1 + u) for u >= 0, to three units in the last place: what 1 + u rounds away is put back (Kahan). */
WIDE_INLINE double wide_log1p(double u)
{
    double sum = 1 + u, lost = u - (sum - 1);
    return wide_log(sum) + lost / sum;
}

/* sin and cos of 2 pi u for u in [0, 1], to 2^-52: u = k/4 + r, |r| <= 1/8, Taylor's polynomials in 2 pi r. */
WIDE_INLINE void wide_sin_cos_of_turns(double u, double *sine, double *cosine)
{
    const double magic = 0x1.8p52;
    double k = (4 * u + magic) - magic, t = 0x1.921fb54442d18p2 * (u - 0.25 * k), q = t * t;
    double q2 = q * q, q4 = q2 * q2;
    double s =
        1.0 / 6 - q * (1.0 / 120) + q2 * (1.0 / 5040 - q * (1.0 / 362880)) +
        q4 * (1.0 / 39916800 - q * (1.0 / 6227020800) + q2 * (1.0 / 1307674368000 - q * (1.0 / 355687428096000)));
    double c = 1.0 / 24 - q * (1.0 / 720) + q2 * (1.0 / 40320 - q * (1.0 / 3628800)) +
               q4 * (1.0 / 479001600 - q * (1.0 / 87178291200) + q2 * (1.0 / 20922789888000));
    s = t - t * q * s;
    c = 1 - q * (0.5 - q * c);
    double first = k == 1 || k == 3 ? c : s, second = k == 1 || k == 3 ? s : c;
    *sine = k == 2 || k == 3 ? -first : first;
    *cosine = k == 1 || k == 2 ? -second : second;
}

#endif
