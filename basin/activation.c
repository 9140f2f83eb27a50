#include "basin/activation.h"

#include "solver/wide.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 256 };

/* An evaluator from a formula for one number: `body` sets value, first and second from x. Values alone, and values with
 * slopes, are loops of their own; anything else goes through blocks on the stack, so that which of them is wanted is no
 * question inside the loop. Reading z before anything is written lets f stand on top of it. */
#define ACTIVATION(name, body)                                                                                         \
    WIDE_INLINE void name##_alone_body(size_t n, const double *z, double *f)                                           \
    {                                                                                                                  \
        _Pragma("omp simd") for (size_t i = 0; i < n; i++)                                                             \
        {                                                                                                              \
            double x = z[i], value, first, second;                                                                     \
            body;                                                                                                      \
            (void)first, (void)second;                                                                                 \
            f[i] = value;                                                                                              \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE_DEFINE(name##_alone, (size_t n, const double *z, double *f), (n, z, f))                                       \
    WIDE_INLINE void name##_slopes_body(size_t n, const double *z, double *f, double *d1)                              \
    {                                                                                                                  \
        _Pragma("omp simd") for (size_t i = 0; i < n; i++)                                                             \
        {                                                                                                              \
            double x = z[i], value, first, second;                                                                     \
            body;                                                                                                      \
            (void)second;                                                                                              \
            f[i] = value;                                                                                              \
            d1[i] = first;                                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE_DEFINE(name##_slopes, (size_t n, const double *z, double *f, double *d1), (n, z, f, d1))                      \
    WIDE_INLINE void name##_all_body(size_t n, const double *z, double *f, double *d1, double *d2)                     \
    {                                                                                                                  \
        _Pragma("omp simd") for (size_t i = 0; i < n; i++)                                                             \
        {                                                                                                              \
            double x = z[i], value, first, second;                                                                     \
            body;                                                                                                      \
            f[i] = value;                                                                                              \
            d1[i] = first;                                                                                             \
            d2[i] = second;                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE_DEFINE(name##_all, (size_t n, const double *z, double *f, double *d1, double *d2), (n, z, f, d1, d2))         \
    static void evaluate_##name(size_t n, const double *z, double *f, double *d1, double *d2)                          \
    {                                                                                                                  \
        double block[3][BLOCK];                                                                                        \
        if (f && !d1 && !d2) {                                                                                         \
            name##_alone(n, z, f);                                                                                     \
            return;                                                                                                    \
        }                                                                                                              \
        if (f && d1 && !d2) {                                                                                          \
            name##_slopes(n, z, f, d1);                                                                                \
            return;                                                                                                    \
        }                                                                                                              \
        for (size_t i = 0; i < n; i += BLOCK) {                                                                        \
            size_t count = n - i < BLOCK ? n - i : BLOCK;                                                              \
            double *fi = f ? f + i : block[0], *d1i = d1 ? d1 + i : block[1], *d2i = d2 ? d2 + i : block[2];           \
            name##_all(count, z + i, fi, d1i, d2i);                                                                    \
        }                                                                                                              \
    }

/* The logistic function and its slopes without cancellation in the tails. */
struct logistic {
    double value, first, second;
};

WIDE_INLINE struct logistic logistic(double x)
{
    double e = wide_exp(-fabs(x)), large = 1 / (1 + e), small = e * large, slope = small * large, odd = (1 - e) * large;
    return (struct logistic){x < 0 ? small : large, slope, x < 0 ? slope * odd : -slope * odd};
}

/* tanh and 1 - tanh^2, the difference of which loses digits away from 0: with e = exp(-2|x|) they are (1 - e)/(1 + e)
 * and 4 e/(1 + e)^2. From e = 2^k (1 + q), q = e^r - 1, both e and e - 1 come without cancellation. Slopes below 1e-307
 * are 0. Faster than the library's tanh, as exact. */
WIDE_INLINE void tanh_and_slope(double x, double *value, double *slope)
{
    const double magic = 0x1.8p52, limit = 354;
    double size = fabs(x), k, q = wide_exp_reduced(-2 * (size > limit ? limit : size), &k),
           power = wide_power_of_two(k + magic), less = power * q + (power - 1), inverse = 1 / (2 + less);
    *value = copysign(less * inverse, x);
    *slope = size > limit ? 0 : 4 * (power * q + power) * (inverse * inverse);
}

WIDE_INLINE double clamp(double x, double limit)
{
    x = x > limit ? limit : x;
    return x < -limit ? -limit : x;
}

/* Beyond 100 the normal density is 0 in double precision; clamped there, 0 is never multiplied by infinity. */
WIDE_INLINE double normal_density(double x)
{
    return wide_exp(-x * x / 2) / sqrt(2 * M_PI);
}

/* x Phi(x), and x s(v) with s the logistic function: the latter is 0.5 x (1 + tanh(v/2)) without its cancellation. */
WIDE_INLINE void gelu(double x, double *value, double *first, double *second)
{
    double near = clamp(x, 100), below = erfc(-near * M_SQRT1_2) / 2, density = normal_density(near);
    *value = x * below;
    *first = below + near * density;
    *second = density * (2 - near * near);
}

WIDE_INLINE void gelu_tanh(double x, double *value, double *first, double *second)
{
    const double cubic = 0.044715, scale = 2 * sqrt(2 / M_PI);
    double near = clamp(x, 100), square = near * near, v1 = scale * (1 + 3 * cubic * square),
           v2 = scale * 6 * cubic * near;
    struct logistic s = logistic(scale * near * (1 + cubic * square));
    *value = x * s.value;
    *first = s.value + near * s.first * v1;
    *second = 2 * s.first * v1 + near * (s.second * v1 * v1 + s.first * v2);
}

ACTIVATION(identity, (value = x, first = 1, second = 0))
ACTIVATION(relu, (value = x < 0 ? 0 : x, first = x < 0 ? 0 : 1, second = 0))
ACTIVATION(leaky_relu, (value = x < 0 ? 0.01 * x : x, first = x < 0 ? 0.01 : 1, second = 0))
ACTIVATION(tanh, (tanh_and_slope(x, &value, &first), second = -2 * value * first))
ACTIVATION(sigmoid, struct logistic s = logistic(x); value = s.value; first = s.first; second = s.second)
ACTIVATION(gelu, gelu(x, &value, &first, &second))
ACTIVATION(gelu_tanh, gelu_tanh(x, &value, &first, &second))
ACTIVATION(silu, struct logistic s = logistic(x); value = x * s.value; first = s.value + x * s.first;
           second = 2 * s.first + x * s.second)
ACTIVATION(softplus, struct logistic s = logistic(x); value = fmax(x, 0) + log1p(exp(-fabs(x))); first = s.value;
           second = s.first)
ACTIVATION(square, (value = x * x, first = 2 * x, second = 2))

const struct activation activations[] = {
    {"identity", evaluate_identity, .smooth = true, .odd = true, .degree = 1},
    {"relu", evaluate_relu, .smooth = false, .odd = false, .degree = 1},
    {"leaky-relu", evaluate_leaky_relu, .smooth = false, .odd = false, .degree = 1},
    {"tanh", evaluate_tanh, .smooth = true, .odd = true, .degree = 0},
    {"sigmoid", evaluate_sigmoid, .smooth = true, .odd = false, .degree = 0},
    {"gelu", evaluate_gelu, .smooth = true, .odd = false, .degree = 0},
    {"gelu-tanh", evaluate_gelu_tanh, .smooth = true, .odd = false, .degree = 0},
    {"silu", evaluate_silu, .smooth = true, .odd = false, .degree = 0},
    {"softplus", evaluate_softplus, .smooth = true, .odd = false, .degree = 0},
    {"square", evaluate_square, .smooth = true, .odd = false, .degree = 2},
    {0},
};

const struct activation *activation_find(const char *name)
{
    for (const struct activation *a = activations; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}
