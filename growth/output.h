/* Results of growth runs -> a run folder: series, figures, report page, summary.json. */
#ifndef GEARS_GROWTH_OUTPUT_H
#define GEARS_GROWTH_OUTPUT_H

#include "growth/result.h"

#include <jansson.h>

struct output_request {
    const struct scenario_result *const *scenarios; /* (n_scenarios); several are drawn over each other */
    size_t n_scenarios;
    const char *title;  /* of the page */
    const char *folder; /* see run_folder_open */
    bool force;
    const json_t *about; /* an object (gears, command, seed, ...) that summary.json begins with; borrowed */
    bool complete;       /* false: a run was interrupted, only the finished ones are here */
};

/* Write the folder. Without gnuplot it is complete all the same, and a warning says so. A stop that the reporter asks
 * for ends it early (STATUS_INTERRUPTED), as does a file that cannot be written (STATUS_FAILED): what is there is valid
 * and summary.json says complete: false. */
enum status growth_write_folder(const struct output_request *request, const struct reporter *reporter, struct error *e);

#endif
