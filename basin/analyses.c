/* The list of analyses: one line each. */
#include "basin/minimum.h"

extern const struct analysis analysis_audit, analysis_spectrum, analysis_volume;

const struct analysis *const analyses[] = {&analysis_audit, &analysis_spectrum, &analysis_volume, NULL};
