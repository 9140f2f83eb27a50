/* The prior's mass of a region by counting: draws from the prior that fall inside. Where the mass is not too small for
 * that there is no better witness. */
#ifndef GEARS_BASIN_REJECTION_H
#define GEARS_BASIN_REJECTION_H

#include "base/reporter.h"
#include "basin/estimate.h"
#include "basin/region.h"

#include <stdint.h>

/* prior with sigma. Draw i is stream `stream` + i / 256 of the seed. Refused below 100 hits. STATUS_INTERRUPTED,
 * STATUS_FAILED (memory). */
enum status rejection_mass(const struct region *r, const struct prior *prior, size_t draws, uint64_t seed,
                           uint64_t stream, int threads, const struct reporter *reporter, struct estimate *out,
                           struct error *e);

#endif
