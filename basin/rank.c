#include "basin/rank.h"

#include <float.h>
#include <math.h>

static const double GAP_ENOUGH = 1e3;

struct rank rank_from_values(const double *s, size_t count, size_t m, size_t n)
{
    struct rank r = {.gap = INFINITY, .decided = true};
    r.tolerance = count ? (double)(m > n ? m : n) * DBL_EPSILON * s[0] : 0;
    while (r.rank < count && s[r.rank] > r.tolerance)
        r.rank++;
    r.last = r.rank ? s[r.rank - 1] : 0;
    if (r.rank == 0 || r.rank == count)
        return r;
    r.gap = s[r.rank] > 0 ? r.last / s[r.rank] : INFINITY;
    r.decided = r.gap >= GAP_ENOUGH;
    return r;
}
