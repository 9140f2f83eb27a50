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

#endif
