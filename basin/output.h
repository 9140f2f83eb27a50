/* Results of an experiment -> its run folder: weights, figures, report page, summary.json. */
#ifndef GEARS_BASIN_OUTPUT_H
#define GEARS_BASIN_OUTPUT_H

#include "basin/session.h"

struct basin_output_request {
    const struct experiment *experiment;
    const struct basin_result *results; /* (n) */
    size_t n;
    const struct findings *across; /* of all runs together */
    const char *folder;            /* see run_folder_open */
    bool force;
    const json_t *about; /* see growth/output.h */
    bool complete;
};

/* Errors, interruption and a missing gnuplot as in growth/output.h. */
enum status basin_write_folder(const struct basin_output_request *request, const struct reporter *reporter,
                               struct error *e);

#endif
