/* Arrays of numbers from outside: npy, npz, IDX, safetensors, CSV; always read into doubles, with the type they had. */
#ifndef GEARS_DATA_ARRAY_H
#define GEARS_DATA_ARRAY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { ARRAY_MAX_DIMENSIONS = 8 };

enum array_type {
    ARRAY_F64,
    ARRAY_F32,
    ARRAY_F16,
    ARRAY_BF16,
    ARRAY_I64,
    ARRAY_I32,
    ARRAY_I16,
    ARRAY_I8,
    ARRAY_U8,
    ARRAY_U16,
    ARRAY_U32,
    ARRAY_U64,
    ARRAY_BOOL
};

struct array {
    char *name;           /* of the tensor; "" where the format has none */
    enum array_type type; /* in the file */
    size_t n_dimensions, shape[ARRAY_MAX_DIMENSIONS];
    size_t n;       /* product of the shape */
    double *values; /* (n) row-major, exactly what the file says (64-bit integers beyond 2^53 are refused) */
};

struct array_set {
    struct array *arrays; /* (n) in the file's order, names unique */
    size_t n;
};

/* Read every array of a file; the format by its ending: .npy, .npz, .safetensors, .idx, .idx.gz or IDX names
 * (…-ubyte[.gz]), .csv. Everything is checked before it is used: lengths, overflow, overlap, types, at most 2 GiB of
 * numbers. NaN and infinities are kept (the caller decides). STATUS_BAD_INPUT with the file (and line:column for CSV).
 * Clear in all cases. */
enum status array_read(const char *path, struct array_set *out, struct error *e);
void array_set_clear(struct array_set *s);
/* By name; NULL: not there. */
const struct array *array_find(const struct array_set *s, const char *name);

/* Write (aside, then renamed). Types: F64 or F32 (rounded). npz is stored, not deflated. metadata: pairs key, value for
 * safetensors' __metadata__, NULL-terminated; may be NULL. */
enum status array_write_npz(const struct array_set *s, const char *path, struct error *e);
enum status array_write_safetensors(const struct array_set *s, const char *const *metadata, const char *path,
                                    struct error *e);

#endif
