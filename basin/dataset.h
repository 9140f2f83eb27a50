/* Examples for a learning problem: generated, or read from files. */
#ifndef GEARS_BASIN_DATASET_H
#define GEARS_BASIN_DATASET_H

#include "base/error.h"
#include "basin/network.h"

#include <stddef.h>
#include <stdint.h>

struct dataset {
    size_t n, n_inputs, n_outputs;
    double *x;           /* (n, n_inputs) row-major; owned */
    double *t;           /* (n, n_outputs); owned */
    size_t n_validation; /* may be 0 */
    double *x_validation, *t_validation;
    char source[256]; /* for people: "xor", "digits (scikit-learn, CC BY 4.0)" */
};
void dataset_clear(struct dataset *d);

/* All 2^inputs rows of +-1 (or 0/1 with `zero_one`) inputs and one 0/1 (or soft) target. `soft` in [0, 1/2): targets
 * are soft and 1 - soft, so that bce has a finite minimum. */
enum status dataset_boolean(size_t inputs, uint64_t truth_table, double soft, struct dataset *out, struct error *e);
enum status dataset_parity(size_t inputs, double soft, struct dataset *out, struct error *e); /* xor: inputs = 2 */
/* Normal inputs, targets = what a random network of the same kind answers (its outputs, or its probabilities under
 * softmax/sigmoid): a perfect fit exists. */
enum status dataset_teacher(const struct network *teacher, const double *theta, size_t n, size_t n_validation,
                            int probabilities, uint64_t seed, struct dataset *out, struct error *e);
/* a + b mod p: one-hot a and b (2p inputs), one-hot sum with label smoothing `soft`; a random `part` of the p^2 rows
 * for training, the rest for validation. */
enum status dataset_modular_addition(size_t p, double part, double soft, uint64_t seed, struct dataset *out,
                                     struct error *e);
/* t = A x + noise. */
enum status dataset_linear(size_t inputs, size_t outputs, size_t n, double noise, uint64_t seed, struct dataset *out,
                           struct error *e);
/* The shipped digits (8 x 8, pixels / 16): the first n rows after a seeded shuffle, the next n_validation for
 * validation; targets one-hot, smoothed to 1 - soft and soft/9. */
enum status dataset_digits(size_t n, size_t n_validation, double soft, uint64_t seed, struct dataset *out,
                           struct error *e);
/* IDX images and labels (Fashion-MNIST from Debian's dataset-fashion-mnist), pixels / 255. Or arrays of one's own:
 * inputs (n, ...) flattened, targets (n, outputs) or whole-number labels (n) -> one-hot with smoothing. */
enum status dataset_files(const char *inputs, const char *targets, size_t n_outputs, double soft, size_t n,
                          size_t n_validation, uint64_t seed, struct dataset *out, struct error *e);

#endif
