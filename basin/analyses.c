/* The list of analyses: one line each. */
#include "basin/minimum.h"

extern const struct analysis analysis_audit, analysis_spectrum, analysis_volume, analysis_segment, analysis_contour,
    analysis_llc, analysis_relate;

const struct analysis *const analyses[] = {&analysis_audit,   &analysis_spectrum, &analysis_volume, &analysis_segment,
                                           &analysis_contour, &analysis_llc,      &analysis_relate, NULL};
