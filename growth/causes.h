/* Why growth changed between two phases, and the delays from population through science to output. */
#ifndef GEARS_GROWTH_CAUSES_H
#define GEARS_GROWTH_CAUSES_H

#include "growth/phases.h"
#include "growth/profile.h"

/* Fill the windows, contributions and causes of every transition of the table. The contributions integrate the model's
 * growth drivers over the window (Gauss-Legendre on the stored steps), so they sum to the change of growth. */
void causes_attribute(const struct profile *p, struct phase_table *table);

/* Fill table->lags: peaks and half-falls of the growth of P, S and output before the slower exponential phase. */
void lags_measure(const struct profile *p, struct phase_table *table);

#endif
