/* The claims there are: one file each (private to growth/claims). */
#ifndef GEARS_GROWTH_CLAIMS_MEMBERS_H
#define GEARS_GROWTH_CLAIMS_MEMBERS_H

#include "growth/claims/claims.h"
#include "growth/identify/identify.h"

extern const struct claim claim_a, claim_b, claim_c, claim_d;

/* (b) fails where the data bound the onset or tell half a bit about a date after their end; holds where they do neither
 * even of an onset with a gradual precursor. */
enum verdict claim_b_verdict(const struct identify_profile *free, const struct identify_profile *gradual);

#endif
