/* Weights from files and into files. */
#ifndef GEARS_BASIN_WEIGHTS_H
#define GEARS_BASIN_WEIGHTS_H

#include "basin/network.h"
#include "config/config.h"

enum weights_layout { WEIGHTS_OUT_IN /* PyTorch */, WEIGHTS_IN_OUT /* Flax */ };

/* theta (N) := the tensors of a safetensors, npz or npy file. Which tensor is which: `names` (a map W1: name, b1: name,
 * ...; may be NULL), else PyTorch's nn.Sequential names (0.weight, 0.bias, 2.weight, ...), else W1, b1, W2, ..., else
 * the matrices and the vectors (biases), each in the natural order of their names. A file that holds reference.inputs
 * (m, in) and reference.outputs (m, out) is checked against them: a layout declared wrongly shows. A file
 * that weights_save wrote is read as such, whatever layout and names say. *certain (may be NULL): whether something in
 * the file vouches for the layout, which is a reference, a weight matrix that is not square, PyTorch's names or our own
 * hand. STATUS_BAD_INPUT: tensors missing, of another shape, not finite, or other outputs than the reference. */
enum status weights_load(const struct network *net, const char *path, enum weights_layout layout,
                         const struct config_node *names, double *theta, bool *certain, struct error *e);

/* Write theta as W1, b1, ... in float64 (out, in) with `key` (what defines the training) in the metadata. */
enum status weights_save(const struct network *net, const double *theta, const char *key, const char *path,
                         struct error *e);

/* weights.safetensors, or weights-RUN.safetensors where there are several runs, into buffer[size]. */
char *weights_file_name(const char *run, bool only_run, char *buffer, size_t size);

/* Whether the file is there and was written by weights_save with this key: then theta (N) holds it, else anything. */
bool weights_reuse(const struct network *net, const char *key, const char *path, double *theta);

#endif
