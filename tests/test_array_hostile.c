/* data/array.h and hostile files: each is refused with one line that says what is wrong. Worth most under `make asan`.
 */
#include "tests/arrays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

enum { BUFFER = 1 << 16 };

/* Bytes, not text: no 0 byte is wanted after them. */
static void set_bytes(unsigned char *to, const void *bytes, size_t length)
{
    memcpy(to, bytes, length);
}

/* --- hostile: npy ------------------------------------------------------------------------------------------------ */

/* A npy file into `out`: magic, version, header, so many bytes of numbers (01 02 03 ...). */
static size_t make_npy(unsigned char *out, const char *header, size_t data)
{
    size_t length = strlen(header);
    set_bytes(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (unsigned char)(length & 255);
    out[9] = (unsigned char)(length >> 8);
    set_bytes(out + 10, header, length);
    for (size_t i = 0; i < data; i++)
        out[10 + length + i] = (unsigned char)(i + 1);
    return 10 + length + data;
}

#define NPY(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

static const struct {
    const char *header;
    size_t data;
    const char *part; /* NULL: it is read */
} npy_headers[] = {
    {NPY("'|u1'", "False", "(2, 3)"), 6, NULL},
    {NPY("'<u1'", "True", "(2, 3)"), 6, NULL},
    {"{\"shape\":(6,),\"descr\":\"|u1\",\"fortran_order\":False}   \n", 6, NULL},
    {NPY("'|u1'", "False", "(2, 3,)"), 6, NULL},
    {NPY("'|u1'", "False", "(1,1,1,1,1,1,1,6)"), 6, NULL},
    {NPY("'|u1'", "False", "(0, 18446744073709551615)"), 0, "dimension too large"},
    {NPY("'|u1'", "False", "(2, 3)"), 5, "has 5 bytes of numbers, its shape asks for 6"},
    {NPY("'|u1'", "False", "(2, 3)"), 7, "has 7 bytes of numbers, its shape asks for 6"},
    {NPY("'|u1'", "False", "()"), 0, "has 0 bytes of numbers, its shape asks for 1"},
    {NPY("'|u1'", "False", "(6)"), 6, "a tuple like (3,)"},
    {NPY("'|u1'", "False", "(-1, 3)"), 6, "expected a dimension, found '-1, 3"},
    {NPY("'|u1'", "False", "(2.0, 3)"), 6, "expected ',' or ')' in the shape, found '.0"},
    {NPY("'|u1'", "False", "(2 3)"), 6, "expected ',' or ')' in the shape, found '3"},
    {NPY("'|u1'", "False", "(,)"), 6, "expected a dimension"},
    {NPY("'|u1'", "False", "[6]"), 6, "expected the shape, like (3, 4), found '[6]"},
    {NPY("'|u1'", "False", "(1,1,1,1,1,1,1,1,6)"), 6, "over 8 dimensions"},
    {NPY("'|u1'", "False", "(4294967296, 4294967296)"), 6, "more than the 2 GiB"},
    {NPY("'|u1'", "False", "(268435456, 268435456, 268435456)"), 0, "more than the 2 GiB"}, /* 2^84: 0 modulo 2^64 */
    {NPY("'|u1'", "False", "(268435457,)"), 6, "more than the 2 GiB"},
    {NPY("'|u1'", "False", "(0, 4294967296, 4294967296)"), 0, "more than the 2 GiB"},
    {NPY("'|u1'", "False", "(4294967297, 4294967295, 3)"), 6, "more than the 2 GiB"},
    {NPY("'|u1'", "False", "(2305843009213693952, 8)"), 6, "dimension too large"},
    {NPY("'|u1'", "False", "(99999999999999999999999999,)"), 6, "dimension too large"},
    {NPY("'|b1'", "False", "(2,)"), 2, "a boolean that is neither 0 nor 1 but 2"},
    {NPY("'<i8'", "False", "(1,)"), 8, "holds 578437695752307201"},
    {NPY("'>u8'", "False", "(1,)"), 8, "holds 72623859790382856"},
    {NPY("'<f8'", "false", "(1,)"), 8, "expected True or False"},
    {NPY("'<f8'", "0", "(1,)"), 8, "expected True or False"},
    {NPY("'=f8'", "False", "(1,)"), 8, "type '=f8', which is not read"},
    {NPY("'f8'", "False", "(1,)"), 8, "type 'f8', which is not read"},
    {NPY("'|f8'", "False", "(1,)"), 8, "type '|f8', which is not read"},
    {NPY("'<f16'", "False", "(1,)"), 16, "type '<f16', which is not read"},
    {NPY("'<f3'", "False", "(1,)"), 3, "type '<f3', which is not read"},
    {NPY("''", "False", "(1,)"), 3, "type '', which is not read"},
    {NPY("'<'", "False", "(1,)"), 3, "type '<', which is not read"},
    {NPY("'|V8'", "False", "(1,)"), 8, "type '|V8', which is not read"},
    {NPY("('<f8', (2,))", "False", "(1,)"), 8, "expected the type"},
    {NPY("'<f8", "False", "(1,)"), 8, "type '<f8, ', which is not read"},
    {NPY("'<f8xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'", "False", "(1,)"), 8, "expected the type"},
    {NPY("__import__('os').system('true')", "False", "(1,)"), 8, "expected the type"},
    {"{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 1, "'descr' twice"},
    {"{'descr': '|u1', 'shape': (1,)}", 1, "no 'fortran_order'"},
    {"{'fortran_order': False, 'shape': (1,)}", 1, "no 'descr'"},
    {"{'descr': '|u1', 'fortran_order': False}", 1, "no 'shape'"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}", 1, "unknown key 'more'"},
    {"{'descr' '|u1'}", 1, "expected ':'"},
    {"{'descr': '|u1' 'shape': (1,)}", 1, "expected ',' or '}'"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", 1, "expected the end"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,", 1, "expected a dimension, found ''"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)", 1, "expected ',' or '}', found ''"},
    {"{,}", 1, "expected a key"},
    {"{", 1, "expected a key, found ''"},
    {"", 1, "expected '{', found ''"},
    {"[]", 1, "expected '{'"},
};

START_TEST(npy_headers_of_every_sort)
{
    unsigned char file[1024];
    size_t length = make_npy(file, npy_headers[_i].header, npy_headers[_i].data);
    if (npy_headers[_i].part) {
        arrays_refuse(file, length, "x.npy", npy_headers[_i].part);
        return;
    }
    struct array_set s;
    struct error e = {0};
    if (arrays_read_copy(file, length, "x.npy", &s, &e) != STATUS_OK)
        ck_abort_msg("%s", e.message);
    ck_assert_uint_eq(s.arrays[0].n, 6);
    array_set_clear(&s);
}
END_TEST

START_TEST(npy_preambles)
{
    unsigned char file[1024];
    size_t length = make_npy(file, NPY("'|u1'", "False", "(1,)"), 1);
    file[0] = 'X';
    arrays_refuse(file, length, "x.npy", "not in npy format");
    file[0] = 0x93;
    file[6] = 4;
    arrays_refuse(file, length, "x.npy", "npy format 4.0");
    file[6] = 0;
    arrays_refuse(file, length, "x.npy", "npy format 0.0");
    file[6] = 1;
    file[7] = 1;
    arrays_refuse(file, length, "x.npy", "npy format 1.1");
    file[7] = 0;
    file[9] = 255;
    arrays_refuse(file, length, "x.npy", "ends in the npy header");
    file[9] = 0;
    file[15] = 0;
    arrays_refuse(file, length, "x.npy", "a zero byte");
    set_bytes(file, "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
    arrays_refuse(file, length, "x.npy", "npy header of 4294967295 bytes");
    static unsigned char longer[12 + 65536] = "\x93NUMPY\x02";
    longer[10] = 1; /* 65536: one byte over what is read */
    memset(longer + 12, ' ', sizeof longer - 12);
    arrays_refuse(longer, sizeof longer, "x.npy", "npy header of 65536 bytes");
}
END_TEST

/* --- hostile: IDX ------------------------------------------------------------------------------------------------ */

#define BYTES(text) (text), sizeof(text) - 1
static const struct {
    const char *bytes;
    size_t length;
    const char *part;
} idx_files[] = {
    {BYTES(""), "ends in the IDX magic"},
    {BYTES("\0\0\x08"), "ends in the IDX magic"},
    {BYTES("\0\0\x08\x00"), "has 0 dimensions"},
    {BYTES("\0\0\x08\x09"), "has 9 dimensions"},
    {BYTES("\0\0\x08\xff"), "has 255 dimensions"},
    {BYTES("\0\1\x08\x01\0\0\0\1x"), "not in IDX format"},
    {BYTES("\1\0\x08\x01\0\0\0\1x"), "not in IDX format"},
    {BYTES("\0\0\x0a\x01\0\0\0\1x"), "not in IDX format"},
    {BYTES("\0\0\x08\x01\0\0\0"), "ends in the dimensions"},
    {BYTES("\0\0\x08\x01\0\0\0\2x"), "has 1 bytes of numbers, its shape asks for 2"},
    {BYTES("\0\0\x08\x01\0\0\0\1xy"), "has 2 bytes of numbers, its shape asks for 1"},
    {BYTES("\0\0\x08\x01\xff\xff\xff\xff"
           "x"),
     "more than the 2 GiB"},
    {BYTES("\0\0\x0e\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
           "x"),
     "more than the 2 GiB"},
    {BYTES("\0\0\x0e\x01\x10\0\0\0x"), "has 1 bytes of numbers, its shape asks for 2147483648"},
};

START_TEST(idx_files_that_lie)
{
    arrays_refuse(idx_files[_i].bytes, idx_files[_i].length, "x.idx", idx_files[_i].part);
}
END_TEST

/* zlib's own packing: gzip for windows of 16 + 15, raw deflate for -15. */
static size_t pack(const void *bytes, size_t length, int window, unsigned char *out, size_t size)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = bytes;
    z.avail_in = (uInt)length;
    z.next_out = out;
    z.avail_out = (uInt)size;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return size - z.avail_out;
}

START_TEST(gzip_bombs_are_refused)
{
    static unsigned char packed[BUFFER], plain[1 << 22];
    set_bytes(plain, "\0\0\x08\x01\0\0\0\x05", 8); /* five numbers, and then megabytes of nothing */
    size_t length = pack(plain, sizeof plain, 16 + 15, packed, sizeof packed);
    arrays_refuse(packed, length, "x.idx.gz", "goes on after its last number");
    set_bytes(plain, "\0\0\x08\x01\x10\0\0\0", 8); /* 2 GiB of doubles, in a few kilobytes */
    length = pack(plain, sizeof plain, 16 + 15, packed, sizeof packed);
    arrays_refuse(packed, length, "x.idx.gz", "more numbers than can be packed in it");
    set_bytes(plain, "\0\0\x08\x01\0\x10\0\0", 8); /* possible, but not there */
    length = pack(plain, 1 << 20, 16 + 15, packed, sizeof packed);
    arrays_refuse(packed, length, "x.idx.gz", "ends in its numbers");
}
END_TEST

START_TEST(gzip_with_something_after_it)
{
    unsigned char packed[256];
    size_t length = pack("\0\0\x08\x01\0\0\0\1x", 9, 16 + 15, packed, sizeof packed);
    struct array_set s;
    struct error e = {0};
    ck_assert_int_eq(arrays_read_copy(packed, length, "x-ubyte.gz", &s, &e), STATUS_OK);
    array_set_clear(&s);
    packed[length] = 0;
    arrays_refuse(packed, length + 1, "x-ubyte.gz", "has 1 bytes after its end");
    set_bytes(packed + length, packed, length); /* gzip itself would join the two */
    arrays_refuse(packed, 2 * length, "x-ubyte.gz", "bytes after its end");
    packed[length - 8] ^= 1;
    arrays_refuse(packed, length, "x-ubyte.gz", "incorrect data check");
    arrays_refuse("plain text", 10, "x-ubyte.gz", "is damaged");
}
END_TEST

/* --- hostile: safetensors ---------------------------------------------------------------------------------------- */

static size_t make_safetensors(unsigned char *out, const char *header, size_t data)
{
    size_t length = strlen(header);
    memset(out, 0, 8);
    out[0] = (unsigned char)(length & 255);
    out[1] = (unsigned char)(length >> 8);
    set_bytes(out + 8, header, length);
    memset(out + 8 + length, 0, data);
    return 8 + length + data;
}

#define TENSOR(name, dtype, shape, begin, end)                                                                         \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static const struct {
    const char *header;
    size_t data;
    const char *part; /* NULL: it is read */
} safetensors_headers[] = {
    {"{}", 0, NULL},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "," TENSOR("b", "F32", "[]", 8, 12) "}   ", 12, NULL},
    {"{" TENSOR("b", "F32", "[]", 8, 12) "," TENSOR("a", "F32", "[2]", 0, 8) "}", 12, NULL},
    {"{" TENSOR("a", "F32", "[0]", 0, 0) "," TENSOR("b", "F32", "[0,7]", 0, 0) "}", 0, NULL},
    {"{\"__metadata__\":{}," TENSOR("a", "F32", "[0]", 0, 0) "}", 0, NULL},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "," TENSOR("b", "F32", "[2]", 4, 12) "}", 12, "'b' overlaps 'a'"},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "," TENSOR("b", "F32", "[2]", 0, 8) "}", 8, "overlaps"},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "," TENSOR("b", "F32", "[0]", 4, 4) "}", 8, "'b' overlaps 'a'"},
    {"{" TENSOR("a", "F32", "[2]", 4, 12) "}", 12, "leaves a hole of 4 bytes"},
    {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("b", "F32", "[1]", 8, 12) "}", 12, "'b' leaves a hole of 4 bytes"},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "}", 9, "has 1 bytes after the last tensor"},
    {"{}", 1, "has 1 bytes after the last tensor"},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "}", 7, "but there are 7 bytes of data"},
    {"{" TENSOR("a", "F32", "[2]", 8, 0) "}", 8, "data_offsets [8, 0]"},
    {"{" TENSOR("a", "F32", "[2]", -8, 0) "}", 8, "no 'data_offsets' of two whole numbers"},
    {"{" TENSOR("a", "F32", "[2]", 0.0, 8) "}", 8, "no 'data_offsets' of two whole numbers"},
    {"{" TENSOR("a", "F32", "[2]", 0, 9223372036854775807) "}", 8, "data_offsets [0, 9223372036854775807]"},
    {"{" TENSOR("a", "F32", "[2]", 0, 18446744073709551616) "}", 8, "bad JSON header"},
    {"{" TENSOR("a", "F32", "[3]", 0, 8) "}", 8, "'a' has 8 bytes of numbers, its shape asks for 12"},
    {"{" TENSOR("a", "F64", "[2]", 0, 8) "}", 8, "its shape asks for 16"},
    {"{" TENSOR("a", "F32", "[-2]", 0, 8) "}", 8, "something else than whole numbers"},
    {"{" TENSOR("a", "F32", "[2.0]", 0, 8) "}", 8, "something else than whole numbers"},
    {"{" TENSOR("a", "F32", "[[2]]", 0, 8) "}", 8, "something else than whole numbers"},
    {"{" TENSOR("a", "F32", "2", 0, 8) "}", 8, "no list 'shape'"},
    {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,2]", 0, 8) "}", 8, "has 9 dimensions"},
    {"{" TENSOR("a", "F32", "[4294967296,4294967296]", 0, 8) "}", 8, "more than the 2 GiB"},
    {"{" TENSOR("a", "U8", "[268435456,268435456,268435456]", 0, 0) "}", 0, "more than the 2 GiB"},
    {"{" TENSOR("a", "F32", "[0,4294967296,4294967296]", 0, 0) "}", 0, "more than the 2 GiB"},
    {"{" TENSOR("a", "U8", "[1]", 0, 1) "," TENSOR("b", "U8", "[268435456]", 1, 2) "}", 2, "'b' its shape asks"},
    {"{" TENSOR("a", "F8_E4M3", "[2]", 0, 2) "}", 2, "dtype 'F8_E4M3', which is not read"},
    {"{" TENSOR("a", "f32", "[2]", 0, 8) "}", 8, "dtype 'f32', which is not read"},
    {"{" TENSOR("a", "", "[2]", 0, 8) "}", 8, "dtype '', which is not read"},
    {"{\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not described by dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "not described by dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"offsets\":[0,8]}}", 8, "no 'data_offsets'"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "no 'data_offsets'"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":{}}}", 8, "no 'data_offsets'"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", 8, "and these alone"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "duplicate object key"},
    {"{\"a\":[]}", 0, "not described by dtype"},
    {"{\"a\":{\"a\":" TENSOR("a", "F32", "[2]", 0, 8) "}}", 8, "bad JSON header"},
    {"{\"a\":{" TENSOR("a", "F32", "[2]", 0, 8) "}}", 8, "not described by dtype"},
    {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("a", "F32", "[1]", 4, 8) "}", 8, "duplicate object key"},
    {"{" TENSOR("\\u0061", "F32", "[1]", 0, 4) "," TENSOR("a", "F32", "[1]", 4, 8) "}", 8, "duplicate object key"},
    {"{" TENSOR("a\\u0000b", "F32", "[2]", 0, 8) "}", 8, "bad JSON header"},
    {"{" TENSOR("\xff", "F32", "[2]", 0, 8) "}", 8, "bad JSON header"},
    {"{\"__metadata__\":[]}", 0, "'__metadata__' is not a map"},
    {"{\"__metadata__\":{\"a\":\"b\",\"n\":1}}", 0, "holds 'n', which is not a text"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate object key"},
    {"{" TENSOR("a", "F32", "[2]", 0, 8) "} x", 8, "bad JSON header"},
    {"{" TENSOR("a", "F32", "[2]", 0, 8), 8, "bad JSON header"},
    {"[]", 0, "does not start with '{'"},
    {" {}", 0, "does not start with '{'"},
    {"", 0, "does not start with '{'"},
};

START_TEST(safetensors_headers_of_every_sort)
{
    unsigned char file[1024];
    size_t length = make_safetensors(file, safetensors_headers[_i].header, safetensors_headers[_i].data);
    if (safetensors_headers[_i].part) {
        arrays_refuse(file, length, "x.safetensors", safetensors_headers[_i].part);
        return;
    }
    struct array_set s;
    struct error e = {0};
    if (arrays_read_copy(file, length, "x.safetensors", &s, &e) != STATUS_OK)
        ck_abort_msg("%s", e.message);
    array_set_clear(&s);
}
END_TEST

START_TEST(safetensors_lengths)
{
    arrays_refuse("", 0, "x.safetensors", "no length of a header");
    arrays_refuse("\2\0\0\0\0\0\0", 7, "x.safetensors", "no length of a header");
    arrays_refuse("\3\0\0\0\0\0\0\0{}", 10, "x.safetensors", "its header should have 3 bytes, there are 2");
    arrays_refuse("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "x.safetensors",
                  "18446744073709551615 bytes; at most 100 MB");
    arrays_refuse("\x01\xe1\xf5\x05\0\0\0\0{}", 10, "x.safetensors", "100000001 bytes; at most 100 MB");
    arrays_refuse("\x00\xe1\xf5\x05\0\0\0\0{}", 10, "x.safetensors", "its header should have 100000000 bytes");
}
END_TEST

START_TEST(safetensors_nested_too_deep)
{
    enum { DEPTH = 60000 };
    unsigned char *file = calloc(1, DEPTH + 64);
    ck_assert_ptr_nonnull(file);
    set_bytes(file + 8, "{\"a\":", 5);
    memset(file + 13, '[', DEPTH);
    file[0] = (unsigned char)((DEPTH + 5) & 255);
    file[1] = (unsigned char)((DEPTH + 5) >> 8);
    arrays_refuse(file, DEPTH + 13, "x.safetensors", "maximum parsing depth");
    free(file);
}
END_TEST

START_TEST(safetensors_keep_what_is_not_finite)
{
    unsigned char file[256];
    size_t length = make_safetensors(file, "{" TENSOR("w", "F32", "[2]", 0, 8) "}", 8);
    set_bytes(file + length - 8, "\0\0\xc0\x7f\0\0\x80\xff", 8); /* NaN, -infinity */
    struct array_set s;
    struct error e = {0};
    ck_assert_int_eq(arrays_read_copy(file, length, "x.safetensors", &s, &e), STATUS_OK);
    arrays_assert_values(&s.arrays[0], (double[]){NAN, -INFINITY}, 2);
    array_set_clear(&s);
}
END_TEST

/* --- hostile: zip ------------------------------------------------------------------------------------------------ */

/* One member, and what to say about it. */
struct piece {
    const char *name;
    const void *bytes; /* packed */
    size_t length;
    uint32_t method, crc, packed, size;
};

static void put(unsigned char **out, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        *(*out)++ = (unsigned char)(value >> 8 * i & 255);
}

static void put_piece(unsigned char **out, const struct piece *p, bool directory, size_t offset)
{
    put(out, directory ? 0x02014b50 : 0x04034b50, 4);
    if (directory)
        put(out, 20, 2);
    put(out, 20, 2);
    put(out, 0, 2); /* flags */
    put(out, p->method, 2);
    put(out, 0, 4); /* time, date */
    put(out, p->crc, 4);
    put(out, p->packed, 4);
    put(out, p->size, 4);
    put(out, strlen(p->name), 2);
    put(out, 0, 2); /* extra */
    if (directory) {
        put(out, 0, 8); /* comment, disk, attributes */
        put(out, 0, 2);
        put(out, offset, 4);
    }
    set_bytes(*out, p->name, strlen(p->name));
    *out += strlen(p->name);
    if (!directory) {
        set_bytes(*out, p->bytes, p->length);
        *out += p->length;
    }
}

static size_t make_zip(unsigned char *out, const struct piece *pieces, size_t n)
{
    unsigned char *at = out;
    size_t offsets[8];
    for (size_t i = 0; i < n; i++) {
        offsets[i] = (size_t)(at - out);
        put_piece(&at, &pieces[i], false, 0);
    }
    size_t directory = (size_t)(at - out);
    for (size_t i = 0; i < n; i++)
        put_piece(&at, &pieces[i], true, offsets[i]);
    size_t size = (size_t)(at - out) - directory;
    put(&at, 0x06054b50, 4);
    put(&at, 0, 4);
    put(&at, n, 2);
    put(&at, n, 2);
    put(&at, size, 4);
    put(&at, directory, 4);
    put(&at, 0, 2);
    return (size_t)(at - out);
}

static struct piece stored(const char *name, const void *bytes, size_t length)
{
    return (struct piece){.name = name,
                          .bytes = bytes,
                          .length = length,
                          .crc = (uint32_t)crc32(0, bytes, (uInt)length),
                          .packed = (uint32_t)length,
                          .size = (uint32_t)length};
}

static struct piece deflated(const char *name, const void *bytes, size_t length, unsigned char *room, size_t size)
{
    struct piece p = stored(name, bytes, length);
    p.bytes = room;
    p.length = pack(bytes, length, -15, room, size);
    p.packed = (uint32_t)p.length;
    p.method = 8;
    return p;
}

struct zip_test {
    unsigned char npy[256], room[256], file[4096];
    size_t npy_length;
    struct piece stored, deflated;
};

static struct zip_test *new_zip_test(void)
{
    struct zip_test *t = calloc(1, sizeof *t);
    ck_assert_ptr_nonnull(t);
    t->npy_length = make_npy(t->npy, NPY("'|u1'", "False", "(2, 3)"), 6);
    t->stored = stored("a.npy", t->npy, t->npy_length);
    t->deflated = deflated("b.npy", t->npy, t->npy_length, t->room, sizeof t->room);
    return t;
}

static void refuse_zip(struct zip_test *t, const struct piece *pieces, size_t n, const char *part)
{
    arrays_refuse(t->file, make_zip(t->file, pieces, n), "x.npz", part);
}

START_TEST(zip_made_here_is_read)
{
    struct zip_test *t = new_zip_test();
    struct array_set s;
    struct error e = {0};
    size_t length = make_zip(t->file, (struct piece[]){t->stored, t->deflated}, 2);
    if (arrays_read_copy(t->file, length, "x.npz", &s, &e) != STATUS_OK)
        ck_abort_msg("%s", e.message);
    ck_assert_uint_eq(s.n, 2);
    arrays_assert_values(array_find(&s, "a"), (double[]){1, 2, 3, 4, 5, 6}, 6);
    arrays_assert_values(array_find(&s, "b"), (double[]){1, 2, 3, 4, 5, 6}, 6);
    array_set_clear(&s);
    ck_assert_int_eq(arrays_read_copy(t->file, make_zip(t->file, NULL, 0), "x.npz", &s, &e), STATUS_OK);
    ck_assert_uint_eq(s.n, 0);
    array_set_clear(&s);
    free(t);
}
END_TEST

START_TEST(zip_members_that_lie)
{
    struct zip_test *t = new_zip_test();
    struct piece p = t->stored;
    p.crc ^= 1;
    refuse_zip(t, &p, 1, "'a.npy' is damaged: its checksum is");
    p = t->deflated;
    p.crc ^= 1;
    refuse_zip(t, &p, 1, "'b.npy' is damaged: its checksum is");
    p = t->stored;
    p.size++;
    refuse_zip(t, &p, 1, "its two sizes differ");
    p = t->stored;
    p.size = p.packed = p.size + 1;
    refuse_zip(t, &p, 1, "run into the zip directory");
    p = t->stored;
    p.method = 12;
    refuse_zip(t, &p, 1, "packed by method 12");
    p = t->stored;
    p.size = 0xffffffff;
    refuse_zip(t, &p, 1, "zip64 form");
    p = t->stored;
    p.name = "a.txt";
    refuse_zip(t, &p, 1, "'a.txt' is not an array");
    p.name = ".npy";
    refuse_zip(t, &p, 1, "'.npy' is not an array");
    p.name = "";
    refuse_zip(t, &p, 1, "is not an array");
    p.name = "\xe9.npy";
    refuse_zip(t, &p, 1, "not UTF-8");
    refuse_zip(t, (struct piece[]){t->stored, t->stored}, 2, "'a.npy' is there twice");
    p = stored("a.npy", "hello", 5);
    refuse_zip(t, &p, 1, "'a.npy' is cut short: it ends in the npy magic");
    free(t);
}
END_TEST

START_TEST(zip_bombs_are_refused)
{
    static unsigned char plain[1 << 22], room[BUFFER], file[BUFFER];
    struct zip_test *t = new_zip_test();
    struct piece p = t->deflated;
    p.size++; /* says more than there is */
    refuse_zip(t, &p, 1, "has 7 bytes of numbers, its shape asks for 6");
    p.size -= 2; /* says less */
    refuse_zip(t, &p, 1, "has 5 bytes of numbers, its shape asks for 6");
    size_t length = make_npy(plain, NPY("'|u1'", "False", "(6,)"), 0);
    p = deflated("a.npy", plain, sizeof plain, room, sizeof room); /* megabytes behind six numbers, kept quiet about */
    p.size = (uint32_t)length + 6;
    arrays_refuse(file, make_zip(file, &p, 1), "x.npz", "goes on after its last number");
    length = make_npy(plain, NPY("'|u1'", "False", "(200000000,)"), 0);
    p = deflated("a.npy", plain, sizeof plain, room, sizeof room); /* says 200 MB in 4 KB */
    p.size = (uint32_t)length + 200000000;
    arrays_refuse(file, make_zip(file, &p, 1), "x.npz", "more numbers than can be packed in it");
    length = make_npy(plain, NPY("'|u1'", "False", "(4194000,)"), 0);
    p = deflated("a.npy", plain, sizeof plain / 2, room, sizeof room);
    p.size = (uint32_t)length + 4194000;
    arrays_refuse(file, make_zip(file, &p, 1), "x.npz", "more numbers than can be packed in it");
    length = make_npy(plain, NPY("'|u1'", "False", "(2097152,)"), 0);
    p = deflated("a.npy", plain, sizeof plain / 2, room, sizeof room); /* possible, but not there */
    p.size = (uint32_t)length + 2097152;
    arrays_refuse(file, make_zip(file, &p, 1), "x.npz", "ends in its numbers");
    free(t);
}
END_TEST

START_TEST(zip_with_more_members_than_it_says)
{
    struct zip_test *t = new_zip_test();
    size_t length = make_zip(t->file, (struct piece[]){t->stored, t->deflated}, 2);
    t->file[length - 22 + 8] = t->file[length - 22 + 10] = 1;
    arrays_refuse(t->file, length, "x.npz", "damaged zip directory");
    free(t);
}
END_TEST

START_TEST(zip_members_that_share_bytes)
{
    struct zip_test *t = new_zip_test();
    struct piece pieces[] = {t->stored, t->stored};
    size_t length = make_zip(t->file, pieces, 2), header = 30 + strlen("a.npy");
    /* the second entry of the directory points at the first member */
    size_t second = 2 * (header + t->npy_length) + 46 + 5;
    memset(t->file + second + 42, 0, 4);
    arrays_refuse(t->file, length, "x.npz", "'a.npy' overlaps 'a.npy'");
    memset(t->file + second + 42, 0xff, 4);
    arrays_refuse(t->file, length, "x.npz", "zip64");
    t->file[second + 45] = 0x7f;
    arrays_refuse(t->file, length, "x.npz", "where nothing can be");
    free(t);
}
END_TEST

/* One byte of a good archive of one member set to something else. */
static const struct {
    long offset; /* < 0: from the end record */
    unsigned char value;
    const char *part;
} zip_bytes[] = {
    {-22, 'x', "no end record"},
    {-18, 1, "one part of a zip archive in several"},
    {-16, 1, "one part of a zip archive in several"},
    {-14, 2, "one part of a zip archive in several"},
    {-10, 1, "directory is not where"},
    {-7, 255, "directory is not where"},
    {-6, 1, "directory is not where"},
    {-2, 1, "no end record"},
    {0, 'x', "described differently"},
    {6, 2, "described differently"},
    {8, 8, "described differently"},
    {14, 1, "described differently"},
    {18, 1, "described differently"},
    {22, 1, "described differently"},
    {26, 4, "described differently"},
    {30, 'b', "described differently"},
    {28, 1, "run into the zip directory"},
    {29, 255, "run into the zip directory"},
};

START_TEST(zip_with_one_wrong_byte)
{
    struct zip_test *t = new_zip_test();
    size_t length = make_zip(t->file, &t->stored, 1);
    long offset = zip_bytes[_i].offset;
    t->file[offset < 0 ? (long)length + offset : offset] = zip_bytes[_i].value;
    arrays_refuse(t->file, length, "x.npz", zip_bytes[_i].part);
    free(t);
}
END_TEST

START_TEST(zip_features_that_are_not_read)
{
    struct zip_test *t = new_zip_test();
    size_t length = make_zip(t->file, &t->stored, 1), entry = length - 22 - 46 - 5;
    t->file[entry + 8] = t->file[6] = 1;
    arrays_refuse(t->file, length, "x.npz", "is encrypted");
    t->file[entry + 8] = t->file[6] = 0x20;
    arrays_refuse(t->file, length, "x.npz", "zip features that are not read");
    t->file[entry + 8] = t->file[6] = 0;
    t->file[entry] = 'x';
    arrays_refuse(t->file, length, "x.npz", "damaged zip directory");
    t->file[entry] = 'P';
    t->file[entry + 28] = 200;
    arrays_refuse(t->file, length, "x.npz", "damaged zip directory");
    t->file[entry + 28] = 5;
    t->file[entry + 20] = t->file[entry + 21] = t->file[entry + 22] = t->file[entry + 23] = 0xff;
    arrays_refuse(t->file, length, "x.npz", "zip64");
    memset(t->file + length - 22, 0, 22);
    arrays_refuse(t->file, length, "x.npz", "no end record");
    arrays_refuse("PK\5\6", 4, "x.npz", "no end record");
    arrays_refuse("", 0, "x.npz", "no end record");
    static const unsigned char zip64[] =
        "PK\6\7\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    arrays_refuse(zip64, 42, "x.npz", "zip64 archive");
    free(t);
}
END_TEST

/* --- damage of every sort ---------------------------------------------------------------------------------------- */

static const char *const to_damage[] = {
    "c_order.npy", "f8.idx", "images-idx3-ubyte.gz", "types.safetensors", "stored.npz", "deflated.npz",
};

/* Cut anywhere, or one byte longer, no file is taken for a whole one. */
START_TEST(truncated_at_every_byte)
{
    char path[TESTING_PATH];
    size_t length;
    char *bytes = testing_read(arrays_reference(path, to_damage[_i]), &length);
    ck_assert_ptr_nonnull(bytes);
    for (size_t cut = 0; cut < length; cut++)
        arrays_refuse(bytes, cut, to_damage[_i], "");
    arrays_refuse(bytes, length + 1, to_damage[_i], ""); /* testing_read's own 0 byte */
    free(bytes);
}
END_TEST

/* With one bit wrong, a file that carries checksums is refused or gives the same numbers as before. */
START_TEST(every_bit_turned)
{
    static const char *const names[] = {"images-idx3-ubyte.gz", "stored.npz", "deflated.npz"};
    char path[TESTING_PATH];
    struct array_set good, s;
    size_t length;
    char *bytes = testing_read(arrays_reference(path, names[_i]), &length);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(array_read_bytes(bytes, length, names[_i], &good, NULL), STATUS_OK);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        struct error e = {0};
        enum status status = arrays_read_copy(bytes, length, names[_i], &s, &e);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        if (status) {
            ck_assert_int_eq(status, STATUS_BAD_INPUT);
            continue;
        }
        ck_assert_uint_eq(s.n, good.n);
        for (size_t i = 0; i < s.n; i++) {
            ck_assert_str_eq(s.arrays[i].name, good.arrays[i].name);
            arrays_assert_values(&s.arrays[i], good.arrays[i].values, good.arrays[i].n);
        }
        array_set_clear(&s);
    }
    array_set_clear(&good);
    free(bytes);
}
END_TEST

#define LENGTH(table) ((int)(sizeof(table) / sizeof(table)[0]))

static TCase *hostile(void)
{
    TCase *t = tcase_create("hostile");
    tcase_add_loop_test(t, npy_headers_of_every_sort, 0, LENGTH(npy_headers));
    tcase_add_test(t, npy_preambles);
    tcase_add_loop_test(t, idx_files_that_lie, 0, LENGTH(idx_files));
    tcase_add_test(t, gzip_bombs_are_refused);
    tcase_add_test(t, gzip_with_something_after_it);
    tcase_add_loop_test(t, safetensors_headers_of_every_sort, 0, LENGTH(safetensors_headers));
    tcase_add_test(t, safetensors_lengths);
    tcase_add_test(t, safetensors_nested_too_deep);
    tcase_add_test(t, safetensors_keep_what_is_not_finite);
    tcase_add_test(t, zip_made_here_is_read);
    tcase_add_test(t, zip_members_that_lie);
    tcase_add_test(t, zip_bombs_are_refused);
    tcase_add_test(t, zip_with_more_members_than_it_says);
    tcase_add_test(t, zip_members_that_share_bytes);
    tcase_add_loop_test(t, zip_with_one_wrong_byte, 0, LENGTH(zip_bytes));
    tcase_add_test(t, zip_features_that_are_not_read);
    tcase_add_loop_test(t, truncated_at_every_byte, 0, LENGTH(to_damage));
    tcase_add_loop_test(t, every_bit_turned, 0, 3);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("array, hostile");
    suite_add_tcase(suite, hostile());
    return testing_main(suite);
}
