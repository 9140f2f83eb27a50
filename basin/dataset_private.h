/* What the sources of examples share. */
#ifndef GEARS_BASIN_DATASET_PRIVATE_H
#define GEARS_BASIN_DATASET_PRIVATE_H

#include "basin/dataset.h"

/* All four arrays, zeroed. STATUS_BAD_INPUT: no examples, or more than 2^31 numbers. */
enum status dataset_allocate(struct dataset *d, size_t n, size_t n_validation, size_t n_inputs, size_t n_outputs,
                             struct error *e);
/* STATUS_BAD_INPUT unless 0 <= soft < 1/2. */
enum status dataset_check_soft(double soft, struct error *e);
/* Row i of training and validation together: its inputs and targets. */
double *dataset_x(const struct dataset *d, size_t i);
double *dataset_t(const struct dataset *d, size_t i);
/* t (outputs) := one-hot at `label`, smoothed. */
void dataset_one_hot(size_t outputs, size_t label, double soft, double *t);
/* 0 .. n-1 in an order of `seed` (malloc'd; NULL: memory). */
size_t *dataset_shuffled(size_t n, uint64_t seed);

#endif
