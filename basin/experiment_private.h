/* Words of experiment files that are read as enums, in the order of these; NULL last (private to experiment*.c). */
#ifndef GEARS_BASIN_EXPERIMENT_PRIVATE_H
#define GEARS_BASIN_EXPERIMENT_PRIVATE_H

#include "basin/experiment.h"

extern const char *const experiment_schemes[];    /* enum init_scheme */
extern const char *const experiment_layouts[];    /* enum weights_layout */
extern const char *const experiment_losses[];     /* enum loss_kind */
extern const char *const experiment_behaviours[]; /* enum behaviour_kind */
extern const char *const experiment_methods[];    /* enum train_method */

#endif
