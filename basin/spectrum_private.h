/* What spectrum.c and spectrum_sampled.c share. */
#ifndef GEARS_BASIN_SPECTRUM_PRIVATE_H
#define GEARS_BASIN_SPECTRUM_PRIVATE_H

#include "basin/minimum.h"
#include "config/config.h"

/* Where layer l's parameters begin in theta; l = n_layers: where they all end. */
size_t spectrum_layer_start(const struct network *net, size_t l);

/* By products alone, H whole and each layer's diagonal block: `sampled` into out->json, a table, a figure, a sentence.
 * STATUS_FAILED: memory, a product that is not finite. STATUS_INTERRUPTED. */
enum status spectrum_run_sampled(const struct minimum *m, const struct config_node *options,
                                 const struct reporter *reporter, struct findings *out, struct error *e);

#endif
