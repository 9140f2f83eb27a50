/* Random streams by counters: Threefry2x64-20 of Random123 (Salmon et al. 2011). A number is a pure function of (seed,
 * stream, index), so results do not depend on how work is divided among threads. */
#ifndef GEARS_SOLVER_RANDOM_H
#define GEARS_SOLVER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_stream {
    uint64_t seed, stream, next; /* next: index of the next number */
};

/* The generator itself: 128 bits from a counter and a key. */
void random_block(const uint64_t counter[2], const uint64_t key[2], uint64_t out[2]);

/* Number i of a stream is half of the block with key (seed, stream) and counter (i / 2, 0); the normal numbers have
 * blocks of their own, (i / 2, 1), so that drawing both kinds from one stream correlates nothing. */
struct random_stream random_stream(uint64_t seed, uint64_t stream);
uint64_t random_bits(struct random_stream *r);
double random_uniform(struct random_stream *r);             /* in (0, 1), never 0 or 1 */
double random_normal(struct random_stream *r);              /* N(0, 1) (Box and Muller 1958) */
uint64_t random_below(struct random_stream *r, uint64_t n); /* 0 .. n-1, without bias */
/* The same numbers as n calls of random_normal, in a fraction of the time. */
void random_normals(struct random_stream *r, size_t n, double *out);
/* The same numbers as `count` calls of random_below, in a fraction of the time. */
void random_many_below(struct random_stream *r, uint64_t n, size_t count, size_t *out);
/* Every order equally likely (Fisher and Yates). */
void random_shuffle(struct random_stream *r, size_t n, size_t *items);

#endif
