/* The loss and its gradient by panels: a few dozen examples at a time go through all layers, forward and backward,
 * while what they touch stays in cache. In a panel a row is a unit and the examples lie along it, so that products,
 * activations and losses run along the examples however narrow the layers are (solver/thin.h). */
#ifndef GEARS_BASIN_PANEL_H
#define GEARS_BASIN_PANEL_H

#include "basin/problem.h"

struct panel;
/* Copies *p; its examples stay borrowed and are read anew by every pass. Not shared between threads. STATUS_FAILED:
 * memory. */
enum status panel_new(const struct problem *p, struct panel **out, struct error *e);
void panel_free(struct panel *b);

/* The mean loss, weight decay included, of `count` examples and its gradient g (N) at theta (N). row (count): which
 * ones, in any order and as often as they occur; NULL: the first `count`. */
double panel_slope(struct panel *b, const double *theta, const size_t *row, size_t count, double *g);

#endif
