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

/* All of these fill *out, which must be cleared in all cases; they return STATUS_BAD_INPUT for sizes or a softness out
 * of range and STATUS_FAILED for memory. The same seed gives the same examples. */

enum { DATASET_MAX_TABLE_INPUTS = 6, DATASET_MAX_PARITY_INPUTS = 20 };

/* All 2^inputs rows of +-1 inputs, counted up in binary (-1 is the digit 0, the first input the highest digit), and one
 * target: bit i of the truth table for row i (up to 6 inputs), or parity, 1 where the number of +1 is odd (up to 20;
 * xor: inputs = 2). `soft` in [0, 1/2): targets are soft and 1 - soft, so that bce has a finite minimum. */
enum status dataset_boolean(size_t inputs, uint64_t truth_table, double soft, struct dataset *out, struct error *e);
enum status dataset_parity(size_t inputs, double soft, struct dataset *out, struct error *e);
/* Inputs N(0, 1), targets = what a network answers: its outputs (probabilities 0), sigmoid (1) or softmax (2) of them.
 * A perfect fit exists, and it is exact to the last bit for the problem with mse, bce or ce. */
enum status dataset_teacher(const struct network *teacher, const double *theta, size_t n, size_t n_validation,
                            int probabilities, uint64_t seed, struct dataset *out, struct error *e);
/* a + b mod p: one-hot a and b (2p inputs), one-hot sum smoothed to 1 - soft and soft/(p-1); a random `part` of the p^2
 * rows for training (at least one), the rest for validation. part = 1: all of them in order. */
enum status dataset_modular_addition(size_t p, double part, double soft, uint64_t seed, struct dataset *out,
                                     struct error *e);
/* t = A x + noise N(0, 1), x N(0, 1), A (outputs, inputs) N(0, 1/inputs). */
enum status dataset_linear(size_t inputs, size_t outputs, size_t n, double noise, uint64_t seed, struct dataset *out,
                           struct error *e);
/* t = A x with A = diag(1 for the first `rank`, 0), (outputs, inputs), at the inputs sqrt(inputs) e_i, i = 1 .. inputs,
 * whose mean square is the identity: the loss of a linear map B is 1/2 |B - A|^2 (Frobenius) exactly. rank <= inputs,
 * outputs. */
enum status dataset_projection(size_t inputs, size_t outputs, size_t rank, struct dataset *out, struct error *e);
/* The shipped digits (8 x 8, pixels / 16): the first n rows after a seeded shuffle, the next n_validation for
 * validation; targets one-hot, smoothed to 1 - soft and soft/9. */
enum status dataset_digits(size_t n, size_t n_validation, double soft, uint64_t seed, struct dataset *out,
                           struct error *e);
/* Files of any format that data/array.h reads: inputs (n, ...), flattened to (n, inputs); targets (n, ...) flattened to
 * (n, n_outputs), or whole-number labels 0 .. n_outputs-1 as (n) or (n, 1) -> one-hot, smoothed like those of the
 * digits. Bytes from IDX files are divided by 255 (labels are not). A file of several arrays (npz) has the inputs as
 * "inputs" or "x" and the targets as "targets", "labels", "t" or "y". n, n_validation: the first rows after a seeded
 * shuffle, and the next ones; n = 0: all but the validation rows, in the file's order when there are none of those.
 * STATUS_BAD_INPUT also for what array_read refuses, arrays that do not fit together, labels out of range and numbers
 * that are not finite. */
enum status dataset_files(const char *inputs, const char *targets, size_t n_outputs, double soft, size_t n,
                          size_t n_validation, uint64_t seed, struct dataset *out, struct error *e);

#endif
