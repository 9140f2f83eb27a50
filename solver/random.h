/* Random streams by counters (Random123, Salmon et al. 2011): a number is a pure function of (seed, stream, index), so
 * results do not depend on how work is divided among threads. */
#ifndef GEARS_SOLVER_RANDOM_H
#define GEARS_SOLVER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_stream {
    uint64_t seed, stream, next; /* next: index of the next number */
};

struct random_stream random_stream(uint64_t seed, uint64_t stream);
uint64_t random_bits(struct random_stream *r);
double random_uniform(struct random_stream *r);             /* in (0, 1), never 0 or 1 */
double random_normal(struct random_stream *r);              /* N(0, 1) */
uint64_t random_below(struct random_stream *r, uint64_t n); /* 0 .. n-1, without bias */
void random_normals(struct random_stream *r, size_t n, double *out);
void random_shuffle(struct random_stream *r, size_t n, size_t *items);

#endif
