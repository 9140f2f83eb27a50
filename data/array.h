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
    size_t n;       /* product of the shape; 1 without dimensions */
    double *values; /* (n) row-major, exactly what the file says (64-bit integers beyond 2^53 are refused) */
};

struct array_set {
    struct array *arrays; /* (n) in the file's order, names unique */
    size_t n;
    char **metadata; /* safetensors' __metadata__: key, value, ..., NULL; NULL when there is none */
};

/* Read every array of a file; the format by its ending: .npy, .npz, .safetensors, .idx, .idx.gz or IDX names
 * (…-ubyte[.gz]), .csv. Everything is checked before it is used: lengths, overflow, overlap, types, checksums, at most
 * 2 GiB of numbers. NaN and infinities are kept (the caller decides). STATUS_BAD_INPUT with the file (and line:column
 * for CSV). Clear in all cases.
 *
 * npy: format 1 to 3, either byte order; Fortran order is transposed. npz: stored or deflated members, no zip64. CSV:
 * comment lines "#", a header line of words or none, then rows of numbers ("nan" and "inf" too): one (rows, columns)
 * array of type F64. */
enum status array_read(const char *path, struct array_set *out, struct error *e);
/* The same from bytes in memory (borrowed); `name` stands for the file, its ending says the format. */
enum status array_read_bytes(const void *bytes, size_t length, const char *name, struct array_set *out,
                             struct error *e);
void array_set_clear(struct array_set *s);
/* By name; NULL: not there. */
const struct array *array_find(const struct array_set *s, const char *name);
/* The value of a key of the metadata; NULL: not there. */
const char *array_metadata(const struct array_set *s, const char *key);

/* Write (aside, then renamed). Types: F64 or F32 (rounded; what would overflow is refused). npz is stored, not
 * deflated, up to 4 GiB. metadata: pairs key, value for safetensors' __metadata__, NULL-terminated; may be NULL (the
 * set's own is not written). STATUS_FAILED: a set that the format cannot hold (no names, names twice, names that are
 * not UTF-8), or the file system. */
enum status array_write_npz(const struct array_set *s, const char *path, struct error *e);
enum status array_write_safetensors(const struct array_set *s, const char *const *metadata, const char *path,
                                    struct error *e);

#endif
