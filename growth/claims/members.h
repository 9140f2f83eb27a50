/* The claims there are: one file each (private to growth/claims). */
#ifndef GEARS_GROWTH_CLAIMS_MEMBERS_H
#define GEARS_GROWTH_CLAIMS_MEMBERS_H

#include "growth/claims/claims.h"

extern const struct claim claim_a, claim_c, claim_d;

#endif
