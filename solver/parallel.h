/* A parallel map: the same work for i = 0 .. n-1 on several threads. */
#ifndef GEARS_SOLVER_PARALLEL_H
#define GEARS_SOLVER_PARALLEL_H

#include <stddef.h>

/* Call task(i, context) once for every i < n, on at most `threads` threads (0: as many as there are processors; 1:
 * here, in order). Tasks must not depend on each other; each writes only what belongs to its own i, so that the result
 * is the same for any number of threads. Returns when all are done. Where no thread can be started the work is done
 * here. */
void parallel_map(size_t n, int threads, void (*task)(size_t i, void *context), void *context);

#endif
