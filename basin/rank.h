/* Numerical rank with the gap that supports it. */
#ifndef GEARS_BASIN_RANK_H
#define GEARS_BASIN_RANK_H

#include <stdbool.h>
#include <stddef.h>

struct rank {
    size_t rank;
    double tolerance; /* values at or below it count as zero: max(m, n) eps s_1 */
    double last;      /* s_r, the smallest value that counts; 0 where the rank is 0 */
    double gap;       /* s_r/s_{r+1}; INFINITY where there is no s_{r+1} or it is 0 */
    bool decided;     /* the gap is at least 1e3 (or the rank is 0 or full) */
};

/* Rank of an (m, n) matrix from its singular values (or absolute eigenvalues) s (count), descending. */
struct rank rank_from_values(const double *s, size_t count, size_t m, size_t n);

#endif
