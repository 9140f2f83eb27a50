/* What the readers and writers of array files share (private to data/). Nothing here trusts the file: every length is
 * held against the bytes that are there before it is used. */
#ifndef GEARS_DATA_ARRAY_PRIVATE_H
#define GEARS_DATA_ARRAY_PRIVATE_H

#include "data/array.h"

#include <stdint.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    ARRAY_CHUNK = 1 << 16,      /* bytes converted at a time */
    ARRAY_MAX_NUMBERS = 1 << 28 /* of a file: 2 GiB of doubles */
};

struct array_kind {
    enum array_type type;
    size_t size;             /* bytes a number */
    const char *npy;         /* without the byte order; NULL: numpy has none */
    const char *safetensors; /* its name there */
};
const struct array_kind *array_kind_of(enum array_type type);
const struct array_kind *array_kind_of_npy(const char *code);         /* NULL: unknown */
const struct array_kind *array_kind_of_safetensors(const char *name); /* NULL: unknown */

struct array_input; /* below */

/* A file being read into a set. */
struct array_reader {
    const char *path;
    const unsigned char *bytes; /* (length) the whole file, borrowed */
    size_t length;
    struct array_set *set;
    size_t capacity, budget; /* of the set's arrays; numbers that may still come */
    struct error *e;
};

/* One reader for each format; all fill r->set, which the caller clears on failure. */
enum status npy_read(struct array_reader *r);
enum status npz_read(struct array_reader *r);
enum status idx_read(struct array_reader *r);
enum status idx_read_gzipped(struct array_reader *r);
enum status safetensors_read(struct array_reader *r);
enum status matrix_read(struct array_reader *r);

/* The array in npy form that `in` holds, as `name`: a file of its own, or a member of an npz. */
enum status npy_read_array(struct array_reader *r, struct array_input *in, const char *name);
/* The npy header of an F64 or F32 array, padded to a multiple of 64 bytes; returns its length. */
enum { NPY_HEADER_SIZE = 320 };
size_t npy_header(const struct array *a, unsigned char out[NPY_HEADER_SIZE]);

/* STATUS_BAD_INPUT with the file, and the member or tensor (may be NULL) before the message. */
enum status array_complain(const struct array_reader *r, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Append an array without numbers: its name copied, its shape checked (nothing overflows, the product of the dimensions
 * that are not 0 is within the budget, which is charged). *out belongs to the set, good until the next call. */
enum status array_add(struct array_reader *r, const char *name, enum array_type type, const uint64_t *shape,
                      size_t n_dimensions, struct array **out);

/* --- bytes, front to back ---------------------------------------------------------------------------------------- */

enum array_packing { ARRAY_PLAIN, ARRAY_DEFLATED, ARRAY_GZIPPED };

/* A file or a piece of it, unpacked on the way. */
struct array_input {
    const struct array_reader *reader;
    const char *member; /* for messages; NULL: the file itself */
    enum array_packing packing;
    const unsigned char *bytes; /* (left) as they stand in the file, not yet used */
    size_t left;
    size_t declared, taken; /* bytes unpacked: all (SIZE_MAX: nobody said), so far */
    uint32_t crc;           /* of what was taken */
    z_stream z;
    bool ended; /* the packed stream said so */
};

/* Close in all cases. */
enum status array_input_open(struct array_input *in, const struct array_reader *r, const char *member,
                             enum array_packing packing, const unsigned char *bytes, size_t length, size_t declared);
void array_input_close(struct array_input *in);
/* Exactly n bytes, or a complaint that it ends in `what`. */
enum status array_input_take(struct array_input *in, void *out, size_t n, const char *what);
/* Complain unless everything was taken: nothing after the last number, packed or not. */
enum status array_input_finish(struct array_input *in);

/* Read the numbers of `a`, which must be all that is left, and finish. Fortran order is turned into row-major. */
enum status array_input_take_values(struct array_input *in, bool big_endian, bool fortran, struct array *a);

/* An unsigned number of `size` <= 8 bytes. */
uint64_t array_get_little(const unsigned char *bytes, size_t size);
uint64_t array_get_big(const unsigned char *bytes, size_t size);
void array_put_little(unsigned char *bytes, uint64_t value, size_t size);

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* STATUS_FAILED unless every array has a name of its own (UTF-8, no control characters), is of type F64 or F32, and its
 * finite numbers are finite in that type. */
enum status array_check_writable(const struct array_set *s, const char *path, struct error *e);
/* Call `take` with the bytes of a's numbers, little-endian, piece by piece. */
void array_encode(const struct array *a, void (*take)(void *context, const unsigned char *bytes, size_t length),
                  void *context);
/* No two arrays of the same name: the index of one that has a namesake before it, else s->n; SIZE_MAX: out of memory.
 */
size_t array_find_namesake(const struct array_set *s);

#endif
