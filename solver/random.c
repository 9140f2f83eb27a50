#include "solver/random.h"

#include "solver/wide.h"

#include <Random123/threefry.h>
#include <math.h>

enum kind { KIND_BITS, KIND_NORMAL }; /* second word of the counter */

void random_block(const uint64_t counter[2], const uint64_t key[2], uint64_t out[2])
{
    threefry2x64_ctr_t c = {{counter[0], counter[1]}};
    threefry2x64_key_t k = {{key[0], key[1]}};
    c = threefry2x64(c, k);
    out[0] = c.v[0];
    out[1] = c.v[1];
}

static void block_of(const struct random_stream *r, uint64_t index, enum kind kind, uint64_t out[2])
{
    uint64_t counter[2] = {index / 2, (uint64_t)kind}, key[2] = {r->seed, r->stream};
    random_block(counter, key, out);
}

struct random_stream random_stream(uint64_t seed, uint64_t stream)
{
    return (struct random_stream){.seed = seed, .stream = stream, .next = 0};
}

uint64_t random_bits(struct random_stream *r)
{
    uint64_t word[2];
    block_of(r, r->next, KIND_BITS, word);
    return word[r->next++ % 2];
}

/* The middle of one of 2^52 equal intervals: with 53 bits the last one would round to 1. */
static double uniform_of(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double random_uniform(struct random_stream *r)
{
    return uniform_of(random_bits(r));
}

/* Pairs of normal numbers from blocks first, first + 1, ...: Box and Muller's. */
WIDE_INLINE void normal_pairs_body(uint64_t seed, uint64_t stream, uint64_t first, size_t pairs, double *out)
{
    threefry2x64_key_t key = {{seed, stream}};
#pragma omp simd
    for (size_t i = 0; i < pairs; i++) {
        threefry2x64_ctr_t counter = {{first + i, KIND_NORMAL}}, word = threefry2x64(counter, key);
        out[2 * i] = uniform_of(word.v[0]);
        out[2 * i + 1] = uniform_of(word.v[1]);
    }
#pragma omp simd
    for (size_t i = 0; i < pairs; i++) {
        double radius = sqrt(-2 * wide_log(out[2 * i])), sine, cosine;
        wide_sin_cos_of_turns(out[2 * i + 1], &sine, &cosine);
        out[2 * i] = radius * cosine;
        out[2 * i + 1] = radius * sine;
    }
}
WIDE_DEFINE(normal_pairs, (uint64_t seed, uint64_t stream, uint64_t first, size_t pairs, double *out),
            (seed, stream, first, pairs, out))

double random_normal(struct random_stream *r)
{
    double pair[2];
    normal_pairs(r->seed, r->stream, r->next / 2, 1, pair);
    return pair[r->next++ % 2];
}

void random_normals(struct random_stream *r, size_t n, double *out)
{
    size_t i = 0;
    if (n > 0 && r->next % 2 == 1)
        out[i++] = random_normal(r);
    size_t pairs = (n - i) / 2;
    normal_pairs(r->seed, r->stream, r->next / 2, pairs, out + i);
    r->next += 2 * pairs;
    i += 2 * pairs;
    if (i < n)
        out[i] = random_normal(r);
}

/* The high word of bits x n (Lemire 2019): its 2^64 values fall on n boxes, and the low words below 2^64 mod n are what
 * is too many in some of them. */
uint64_t random_below(struct random_stream *r, uint64_t n)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t too_many = (0 - n) % n;
    wide product;
    do
        product = (wide)random_bits(r) * n;
    while ((uint64_t)product < too_many);
    return (uint64_t)(product >> 64);
}

/* Blocks first, first + 1, ... as random_bits has them. */
WIDE_INLINE void words_body(uint64_t seed, uint64_t stream, uint64_t first, size_t blocks, uint64_t *out)
{
    threefry2x64_key_t key = {{seed, stream}};
#pragma omp simd
    for (size_t i = 0; i < blocks; i++) {
        threefry2x64_ctr_t counter = {{first + i, KIND_BITS}}, word = threefry2x64(counter, key);
        out[2 * i] = word.v[0];
        out[2 * i + 1] = word.v[1];
    }
}
WIDE_DEFINE(words, (uint64_t seed, uint64_t stream, uint64_t first, size_t blocks, uint64_t *out),
            (seed, stream, first, blocks, out))

void random_many_below(struct random_stream *r, uint64_t n, size_t count, size_t *out)
{
    enum { BLOCKS = 32 };
    __extension__ typedef unsigned __int128 wide;
    uint64_t word[2 * BLOCKS], too_many = (0 - n) % n;
    for (size_t i = 0; i < count;) {
        size_t at = r->next % 2, blocks = (at + count - i + 1) / 2 < BLOCKS ? (at + count - i + 1) / 2 : BLOCKS;
        words(r->seed, r->stream, r->next / 2, blocks, word);
        for (; i < count && at < 2 * blocks; at++, r->next++) {
            wide product = (wide)word[at] * n;
            out[i] = (size_t)(product >> 64);
            i += (uint64_t)product >= too_many;
        }
    }
}

void random_shuffle(struct random_stream *r, size_t n, size_t *items)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)random_below(r, i), kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
