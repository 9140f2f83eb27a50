/* Bytes of array files: read front to back with a check before each step, unpacked by zlib, turned into numbers. */
#include "data/array_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t array_get_little(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

uint64_t array_get_big(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

void array_put_little(unsigned char *bytes, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * i & 0xff);
}

/* --- input ------------------------------------------------------------------------------------------------------- */

enum status array_input_open(struct array_input *in, const struct array_reader *r, const char *member,
                             enum array_packing packing, const unsigned char *bytes, size_t length, size_t declared)
{
    *in = (struct array_input){.reader = r,
                               .member = member,
                               .packing = packing,
                               .bytes = bytes,
                               .left = length,
                               .declared = declared,
                               .crc = (uint32_t)crc32(0, NULL, 0)};
    if (packing == ARRAY_PLAIN)
        return STATUS_OK;
    int window = packing == ARRAY_GZIPPED ? 16 + MAX_WBITS : -MAX_WBITS; /* how zlib is told gzip, or no wrapping */
    return inflateInit2(&in->z, window) == Z_OK ? STATUS_OK : error_memory(r->e);
}

void array_input_close(struct array_input *in)
{
    if (in->packing != ARRAY_PLAIN)
        inflateEnd(&in->z);
}

/* Unpack at most n bytes; fewer in *got only where the packed stream ends. */
static enum status unpack(struct array_input *in, unsigned char *out, size_t n, size_t *got)
{
    in->z.next_out = out;
    in->z.avail_out = (uInt)n;
    while (in->z.avail_out > 0 && !in->ended) {
        uInt given = in->left < (1u << 30) ? (uInt)in->left : 1u << 30;
        in->z.next_in = in->bytes;
        in->z.avail_in = given;
        int result = inflate(&in->z, Z_NO_FLUSH);
        in->bytes += given - in->z.avail_in;
        in->left -= given - in->z.avail_in;
        in->ended = result == Z_STREAM_END;
        if (result == Z_MEM_ERROR)
            return error_memory(in->reader->e);
        if (result == Z_BUF_ERROR) /* room in the output, so it is input that lacks */
            return array_complain(in->reader, in->member, "is cut short: the packed data end too early");
        if (result != Z_OK && result != Z_STREAM_END)
            return array_complain(in->reader, in->member, "is damaged: %s", in->z.msg ? in->z.msg : "not packed data");
    }
    *got = n - in->z.avail_out;
    return STATUS_OK;
}

/* At most ARRAY_CHUNK bytes. */
static enum status take_piece(struct array_input *in, unsigned char *out, size_t n, const char *what)
{
    size_t got = n < in->left ? n : in->left;
    if (in->packing == ARRAY_PLAIN) {
        memcpy(out, in->bytes, got);
        in->bytes += got;
        in->left -= got;
    } else {
        enum status status = unpack(in, out, n, &got);
        if (status)
            return status;
    }
    if (got < n)
        return array_complain(in->reader, in->member, "is cut short: it ends in %s", what);
    in->taken += n;
    in->crc = (uint32_t)crc32(in->crc, out, (uInt)n);
    return STATUS_OK;
}

enum status array_input_take(struct array_input *in, void *out, size_t n, const char *what)
{
    unsigned char *to = out;
    enum status status = STATUS_OK;
    if (in->declared != SIZE_MAX && n > in->declared - in->taken)
        return array_complain(in->reader, in->member, "is cut short: it ends in %s", what);
    for (size_t done = 0; done < n && !status;) {
        size_t piece = n - done < ARRAY_CHUNK ? n - done : ARRAY_CHUNK;
        status = take_piece(in, to + done, piece, what);
        done += piece;
    }
    return status;
}

enum status array_input_finish(struct array_input *in)
{
    unsigned char beyond;
    size_t got = 0;
    if (in->packing != ARRAY_PLAIN) {
        enum status status = unpack(in, &beyond, 1, &got);
        if (status)
            return status;
    }
    if (got || (in->declared != SIZE_MAX && in->taken < in->declared))
        return array_complain(in->reader, in->member, "goes on after its last number");
    if (in->left)
        return array_complain(in->reader, in->member, "has %zu bytes after its end", in->left);
    return STATUS_OK;
}

/* --- numbers ----------------------------------------------------------------------------------------------------- */

static double from_half(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023);
    double size = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31)
        size = fraction > 0 ? (double)NAN : (double)INFINITY;
    return bits >> 15 ? -size : size;
}

static double from_single(uint64_t bits)
{
    uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    return (double)value;
}

static double from_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Two's complement of so many bytes. */
static double from_signed(uint64_t bits, size_t size)
{
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return bits & sign ? -(double)((sign << 1) - bits) : (double)bits; /* sign << 1 is 0 for 8 bytes: modulo 2^64 */
}

static double from_bits(enum array_type type, uint64_t bits, size_t size)
{
    switch (type) {
    case ARRAY_F64:
        return from_double(bits);
    case ARRAY_F32:
        return from_single(bits);
    case ARRAY_F16:
        return from_half(bits);
    case ARRAY_BF16:
        return from_single(bits << 16);
    case ARRAY_I64:
    case ARRAY_I32:
    case ARRAY_I16:
    case ARRAY_I8:
        return from_signed(bits, size);
    case ARRAY_U8:
    case ARRAY_U16:
    case ARRAY_U32:
    case ARRAY_U64:
    case ARRAY_BOOL:
        break;
    }
    return (double)bits;
}

/* A whole number that a double cannot be trusted with, or a boolean that is none. */
static enum status check_number(const struct array_input *in, enum array_type type, uint64_t bits)
{
    bool negative = type == ARRAY_I64 && bits >> 63;
    uint64_t size = negative ? 0 - bits : bits;
    if ((type == ARRAY_I64 || type == ARRAY_U64) && size > (uint64_t)1 << 53)
        return array_complain(in->reader, in->member, "holds %s%ju: whole numbers beyond 2^53 are not read",
                              negative ? "-" : "", (uintmax_t)size);
    if (type == ARRAY_BOOL && bits > 1)
        return array_complain(in->reader, in->member, "holds a boolean that is neither 0 nor 1 but %ju",
                              (uintmax_t)bits);
    return STATUS_OK;
}

/* Where the next number of the file goes: it counts in the file's order, in Fortran's the first index runs fastest. */
struct place {
    size_t index[ARRAY_MAX_DIMENSIONS], stride[ARRAY_MAX_DIMENSIONS];
    size_t offset;
};

static void place_init(struct place *p, const struct array *a)
{
    memset(p, 0, sizeof *p);
    size_t stride = 1;
    for (size_t i = a->n_dimensions; i-- > 0;) {
        p->stride[i] = stride;
        stride *= a->shape[i];
    }
}

static void place_next(struct place *p, const struct array *a)
{
    for (size_t i = 0; i < a->n_dimensions; i++) {
        p->offset += p->stride[i];
        if (++p->index[i] < a->shape[i])
            return;
        p->offset -= p->index[i] * p->stride[i];
        p->index[i] = 0;
    }
}

/* Allocating waits until the bytes can be there at all. */
static enum status allocate_values(const struct array_input *in, struct array *a)
{
    static const size_t most_packed = 1032, slack = 1 << 16; /* deflate makes no more of a byte; what zlib holds back */
    size_t bytes = a->n * array_kind_of(a->type)->size;
    if (in->declared != SIZE_MAX && bytes != in->declared - in->taken)
        return array_complain(in->reader, in->member, "has %zu bytes of numbers, its shape asks for %zu",
                              in->declared - in->taken, bytes);
    if (in->packing != ARRAY_PLAIN && bytes / most_packed > in->left + slack / most_packed)
        return array_complain(in->reader, in->member, "asks for more numbers than can be packed in it");
    a->values = malloc((a->n ? a->n : 1) * sizeof *a->values);
    return a->values ? STATUS_OK : error_memory(in->reader->e);
}

static enum status take_values(struct array_input *in, bool big_endian, bool fortran, struct array *a)
{
    unsigned char chunk[ARRAY_CHUNK] = {0};
    size_t size = array_kind_of(a->type)->size;
    struct place place;
    place_init(&place, a);
    for (size_t done = 0; done < a->n;) {
        size_t count = a->n - done < sizeof chunk / size ? a->n - done : sizeof chunk / size;
        enum status status = array_input_take(in, chunk, count * size, "its numbers");
        for (size_t i = 0; i < count && !status; i++) {
            const unsigned char *at = chunk + i * size;
            uint64_t bits = big_endian ? array_get_big(at, size) : array_get_little(at, size);
            status = check_number(in, a->type, bits);
            a->values[fortran ? place.offset : done + i] = from_bits(a->type, bits, size);
            if (fortran)
                place_next(&place, a);
        }
        if (status)
            return status;
        done += count;
    }
    return STATUS_OK;
}

enum status array_input_take_values(struct array_input *in, bool big_endian, bool fortran, struct array *a)
{
    enum status status = allocate_values(in, a);
    if (!status)
        status = take_values(in, big_endian, fortran, a);
    return status ? status : array_input_finish(in);
}

static uint64_t to_bits(enum array_type type, double value)
{
    uint64_t bits;
    uint32_t word;
    memcpy(&bits, &value, sizeof bits);
    if (type == ARRAY_F64)
        return bits;
    float single = (float)value;
    memcpy(&word, &single, sizeof word);
    return word;
}

void array_encode(const struct array *a, void (*take)(void *context, const unsigned char *bytes, size_t length),
                  void *context)
{
    unsigned char chunk[ARRAY_CHUNK];
    size_t size = array_kind_of(a->type)->size, used = 0;
    for (size_t i = 0; i < a->n; i++) {
        array_put_little(chunk + used, to_bits(a->type, a->values[i]), size);
        used += size;
        if (used == sizeof chunk || i + 1 == a->n) {
            take(context, chunk, used);
            used = 0;
        }
    }
}
