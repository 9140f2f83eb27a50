/* data/array.h: files written by numpy and torch (tests/reference/arrays.py), files written here, and hostile ones. */
#include "data/array.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

enum { BUFFER = 1 << 16 };

/* --- help ------------------------------------------------------------------------------------------------------------
 */

static char *reference(char path[TESTING_PATH], const char *name)
{
    return testing_path(path, "tests/reference/arrays", name);
}

static void read_file(const char *path, struct array_set *s)
{
    struct error e = {0};
    char line[2048];
    if (array_read(path, s, &e) != STATUS_OK)
        ck_abort_msg("%s", error_format(&e, line, sizeof line));
}

static void read_reference(const char *name, struct array_set *s)
{
    char path[TESTING_PATH];
    read_file(reference(path, name), s);
}

/* From a copy of exactly that size, so that a sanitizer sees a step beyond it. */
static enum status read_copy(const void *bytes, size_t length, const char *name, struct array_set *s, struct error *e)
{
    char *copy = malloc(length ? length : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    enum status status = array_read_bytes(copy, length, name, s, e);
    free(copy);
    return status;
}

/* Refused with one line that names the file and holds `part`, and nothing is left behind. */
static void refuse(const void *bytes, size_t length, const char *name, const char *part)
{
    struct array_set s = {0};
    struct error e = {0};
    enum status status = read_copy(bytes, length, name, &s, &e);
    if (status != STATUS_BAD_INPUT || !strstr(e.message, part))
        ck_abort_msg("%s: status %d, message '%s', expected '%s'", name, (int)status, e.message, part);
    ck_assert_str_eq(e.file, name);
    ck_assert_uint_eq(s.n, 0);
    ck_assert_ptr_null(s.arrays);
    ck_assert_ptr_null(s.metadata);
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_values(const struct array *a, const double *expected, size_t n)
{
    ck_assert_uint_eq(a->n, n);
    for (size_t i = 0; i < n; i++)
        if (!same_bits(a->values[i], expected[i]))
            ck_abort_msg("%s[%zu] is %a, expected %a", a->name, i, a->values[i], expected[i]);
}

static void assert_shape(const struct array *a, size_t n_dimensions, const size_t *shape)
{
    size_t n = 1;
    ck_assert_uint_eq(a->n_dimensions, n_dimensions);
    for (size_t i = 0; i < n_dimensions; i++) {
        ck_assert_uint_eq(a->shape[i], shape[i]);
        n *= shape[i];
    }
    ck_assert_uint_eq(a->n, n);
}

/* a[i, j, k] = 100 i + 10 j + k, as the script makes them; up to three dimensions. */
static void assert_steps(const struct array *a, double offset)
{
    for (size_t i = 0; i < a->n; i++) {
        size_t rest = i;
        double expected = offset, scale = 1;
        for (size_t d = a->n_dimensions; d-- > 0; scale *= 10) {
            expected += scale * (double)(rest % a->shape[d]);
            rest /= a->shape[d];
        }
        ck_assert_double_eq(a->values[i], expected);
    }
}

/* --- what numpy and torch wrote --------------------------------------------------------------------------------------
 */

/* SPECIAL of the script. */
static const struct special {
    const char *code;
    enum array_type type;
    size_t n;
    double values[9];
} specials[] = {
    {"f8", ARRAY_F64, 9, {0, -0.0, 1, -2.5, 0x1.fffffffffffffp1023, 0x1p-1074, INFINITY, -INFINITY, NAN}},
    {"f4", ARRAY_F32, 9, {0, -0.0, 1, -2.5, 0x1.fffffep127, 0x1p-149, INFINITY, -INFINITY, NAN}},
    {"f2", ARRAY_F16, 9, {0, -0.0, 1, -2.5, 65504, 0x1p-24, INFINITY, -INFINITY, NAN}},
    {"i8", ARRAY_I64, 5, {0, 1, -1, 0x1p53, -0x1p53}},
    {"i4", ARRAY_I32, 5, {0, 1, -1, 2147483647, -2147483648.0}},
    {"i2", ARRAY_I16, 5, {0, 1, -1, 32767, -32768}},
    {"i1", ARRAY_I8, 5, {0, 1, -1, 127, -128}},
    {"u1", ARRAY_U8, 4, {0, 1, 254, 255}},
    {"u2", ARRAY_U16, 4, {0, 1, 65534, 65535}},
    {"u4", ARRAY_U32, 4, {0, 1, 4294967294, 4294967295}},
    {"u8", ARRAY_U64, 4, {0, 1, 0x1p53 - 1, 0x1p53}},
    {"b1", ARRAY_BOOL, 4, {0, 1, 1, 0}},
    {"bf16", ARRAY_BF16, 9, {0, -0.0, 1, -2.5, 0x1.fep127, 0x1p-133, INFINITY, -INFINITY, NAN}},
};
enum { N_SPECIALS = sizeof specials / sizeof specials[0], N_NUMPY = N_SPECIALS - 1 };

static void assert_special(const struct array *a, const struct special *s)
{
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(a->type, s->type);
    assert_shape(a, 1, &s->n);
    assert_values(a, s->values, s->n);
}

START_TEST(npz_of_numpy_has_every_type_in_both_byte_orders)
{
    struct array_set s;
    read_reference("types.npz", &s);
    ck_assert_uint_eq(s.n, 2 * N_NUMPY);
    for (size_t i = 0; i < N_NUMPY; i++) {
        char name[32];
        snprintf(name, sizeof name, "little_%s", specials[i].code);
        assert_special(array_find(&s, name), &specials[i]);
        snprintf(name, sizeof name, "big_%s", specials[i].code);
        assert_special(array_find(&s, name), &specials[i]);
    }
    ck_assert_str_eq(s.arrays[0].name, "little_f8"); /* the file's order */
    ck_assert_ptr_null(array_find(&s, "f8"));
    ck_assert_ptr_null(s.metadata);
    array_set_clear(&s);
    array_set_clear(&s);
}
END_TEST

START_TEST(safetensors_of_torch_has_every_type)
{
    struct array_set s;
    read_reference("types.safetensors", &s);
    ck_assert_uint_eq(s.n, 10);
    for (size_t i = 0; i < N_SPECIALS; i++)
        if (specials[i].type != ARRAY_U16 && specials[i].type != ARRAY_U32 && specials[i].type != ARRAY_U64)
            assert_special(array_find(&s, specials[i].code), &specials[i]);
    array_set_clear(&s);
}
END_TEST

START_TEST(idx_has_every_type)
{
    static const char *const codes[] = {"u1", "i1", "i2", "i4", "f4", "f8"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (size_t k = 0; k < N_SPECIALS; k++) {
            struct array_set s;
            char name[32];
            if (strcmp(codes[i], specials[k].code) != 0)
                continue;
            snprintf(name, sizeof name, "%s.idx", codes[i]);
            read_reference(name, &s);
            ck_assert_uint_eq(s.n, 1);
            ck_assert_str_eq(s.arrays[0].name, "");
            assert_special(&s.arrays[0], &specials[k]);
            array_set_clear(&s);
        }
}
END_TEST

/* Single arrays of numbers that say where they stand. */
static const struct {
    const char *file;
    enum array_type type;
    size_t n_dimensions, shape[3];
} stepped[] = {
    {"c_order.npy", ARRAY_F64, 3, {2, 3, 4}},
    {"fortran.npy", ARRAY_F64, 3, {2, 3, 4}},
    {"vector.npy", ARRAY_F32, 1, {5}},
    {"empty.npy", ARRAY_F64, 2, {0, 3}},
    {"version2.npy", ARRAY_F64, 2, {2, 3}},
    {"version3.npy", ARRAY_F64, 2, {2, 3}},
    {"images-idx3-ubyte", ARRAY_U8, 3, {2, 5, 5}},
    {"images-idx3-ubyte.gz", ARRAY_U8, 3, {2, 5, 5}},
};

START_TEST(shapes_and_orders)
{
    struct array_set s;
    read_reference(stepped[_i].file, &s);
    ck_assert_uint_eq(s.n, 1);
    ck_assert_int_eq(s.arrays[0].type, stepped[_i].type);
    ck_assert_ptr_nonnull(s.arrays[0].values);
    assert_shape(&s.arrays[0], stepped[_i].n_dimensions, stepped[_i].shape);
    assert_steps(&s.arrays[0], 0);
    array_set_clear(&s);
}
END_TEST

START_TEST(an_array_without_dimensions_has_one_number)
{
    struct array_set s;
    read_reference("scalar.npy", &s);
    ck_assert_uint_eq(s.arrays[0].n_dimensions, 0);
    assert_values(&s.arrays[0], (double[]){42}, 1);
    array_set_clear(&s);
}
END_TEST

START_TEST(npz_stored_and_deflated)
{
    struct array_set s;
    read_reference("deflated.npz", &s);
    ck_assert_uint_eq(s.n, 2);
    assert_shape(array_find(&s, "weights"), 3, (size_t[]){9, 10, 10});
    assert_steps(array_find(&s, "weights"), 0);
    ck_assert_int_eq(array_find(&s, "bias")->type, ARRAY_F32);
    assert_steps(array_find(&s, "bias"), 0);
    array_set_clear(&s);
    read_reference("stored.npz", &s);
    assert_shape(array_find(&s, "weights"), 2, (size_t[]){2, 3});
    assert_steps(array_find(&s, "caf\xc3\xa9"), 0);
    array_set_clear(&s);
}
END_TEST

START_TEST(safetensors_of_a_sequential_network)
{
    struct array_set s;
    read_reference("sequential.safetensors", &s);
    ck_assert_uint_eq(s.n, 4);
    assert_shape(array_find(&s, "0.weight"), 2, (size_t[]){4, 3}); /* (out, in) */
    assert_steps(array_find(&s, "0.weight"), 0);
    assert_steps(array_find(&s, "0.bias"), 1000);
    assert_shape(array_find(&s, "2.weight"), 2, (size_t[]){2, 4});
    assert_steps(array_find(&s, "2.weight"), 2000);
    assert_steps(array_find(&s, "2.bias"), 3000);
    ck_assert_str_eq(array_metadata(&s, "format"), "pt");
    ck_assert_str_eq(array_metadata(&s, "seed"), "7");
    ck_assert_ptr_null(array_metadata(&s, "pt"));
    array_set_clear(&s);
    ck_assert_ptr_null(array_metadata(&s, "format"));
}
END_TEST

static const struct {
    const char *file, *part;
} refused_references[] = {
    {"too_large.npy", "holds 9007199254740993: whole numbers beyond 2^53"},
    {"complex.npy", "type '<c16', which is not read"},
    {"text.npy", "type '<U1', which is not read"},
    {"records.npy", "structured type"},
    {"objects.npy", "pickled Python objects"},
};

START_TEST(what_are_no_numbers_is_refused)
{
    char path[TESTING_PATH];
    size_t length;
    char *bytes = testing_read(reference(path, refused_references[_i].file), &length);
    ck_assert_ptr_nonnull(bytes);
    refuse(bytes, length, refused_references[_i].file, refused_references[_i].part);
    free(bytes);
}
END_TEST

/* --- 16 bits ---------------------------------------------------------------------------------------------------------
 */

/* All positive numbers in rising order, each one step above the one before: the step is 2^(max(e, 1) - bias), with e
 * what stands above the fraction. IEEE 754-2008, 3.4; bfloat16 is the upper half of a 32-bit number. */
static void check_sixteen_bits(const char *dtype, int fraction_bits, int bias)
{
    static unsigned char file[BUFFER * 2 + 256];
    int length = snprintf((char *)file + 8, 200,
                          "{\"x\":{\"dtype\":\"%s\",\"shape\":[65536],\"data_offsets\":[0,131072]}}", dtype);
    file[0] = (unsigned char)length;
    for (unsigned i = 0; i < 65536; i++) {
        file[8 + length + 2 * (int)i] = (unsigned char)(i & 255);
        file[9 + length + 2 * (int)i] = (unsigned char)(i >> 8);
    }
    struct array_set s;
    struct error e = {0};
    ck_assert_int_eq(array_read_bytes(file, 8 + (size_t)length + 131072, "x.safetensors", &s, &e), STATUS_OK);
    const double *values = s.arrays[0].values;
    double expected = 0;
    int infinity = (32768 >> fraction_bits) - 1;
    for (int i = 0; i < 32768; i++) {
        int exponent = i >> fraction_bits;
        if (exponent == infinity)
            expected = (i & ((1 << fraction_bits) - 1)) == 0 ? INFINITY : NAN;
        ck_assert(same_bits(values[i], expected));
        ck_assert(same_bits(values[i + 32768], -expected));
        expected += ldexp(1, (exponent > 1 ? exponent : 1) - bias);
    }
    array_set_clear(&s);
}

START_TEST(every_half_and_every_bfloat)
{
    check_sixteen_bits("F16", 10, 25);
    check_sixteen_bits("BF16", 7, 134);
}
END_TEST

/* --- CSV -------------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *text;
    size_t rows, columns;
    double values[6];
} good_csv[] = {
    {"1,2\n3,4\n", 2, 2, {1, 2, 3, 4}},
    {"1,2\n3,4", 2, 2, {1, 2, 3, 4}},
    {"x,y\n1,2\n", 1, 2, {1, 2}},
    {"# made by hand\n# in two lines\nx,y\r\n1,2\r\n", 1, 2, {1, 2}},
    {"\xef\xbb\xbf"
     "1e3,-.5\n",
     1,
     2,
     {1000, -0.5}},
    {" 1 ,\t2\n", 1, 2, {1, 2}},
    {"nan,inf,-inf\nNaN,+Infinity,-0\n", 2, 3, {NAN, INFINITY, -INFINITY, NAN, INFINITY, -0.0}},
    {"7\n", 1, 1, {7}},
    {"0.1000000000000000055511151231257827021181583404541015625\n", 1, 1, {0.1}},
    {"a,,c\n1,2,3\n", 1, 3, {1, 2, 3}},
};

START_TEST(csv_of_numbers)
{
    struct array_set s;
    struct error e = {0};
    const char *text = good_csv[_i].text;
    if (read_copy(text, strlen(text), "x.csv", &s, &e) != STATUS_OK)
        ck_abort_msg("%d:%d: %s", e.line, e.column, e.message);
    ck_assert_uint_eq(s.n, 1);
    ck_assert_int_eq(s.arrays[0].type, ARRAY_F64);
    assert_shape(&s.arrays[0], 2, (size_t[]){good_csv[_i].rows, good_csv[_i].columns});
    assert_values(&s.arrays[0], good_csv[_i].values, s.arrays[0].n);
    array_set_clear(&s);
}
END_TEST

static const struct {
    const char *text;
    int line, column;
    const char *part;
} bad_csv[] = {
    {"", 1, 1, "ends before the first row"},
    {"# nothing\n", 2, 1, "ends before the first row"},
    {"x,y\n", 2, 1, "ends before the first row"},
    {"1,2\n3,x\n", 2, 3, "expected a number, found 'x'"},
    {"1,2\n3\n", 2, 2, "fewer columns"},
    {"1,2\n3,4,5\n", 2, 5, "more columns"},
    {"x,y\n1,2,3\n", 2, 5, "more columns"},
    {"1,2\n\n3,4\n", 2, 1, "an empty line"},
    {"1,2\n3,4\n\n", 3, 1, "an empty line"},
    {"1,,2\n", 1, 3, "a value is missing"},
    {"1,2,\n", 1, 5, "a value is missing"},
    {"1,2\n, 3\n", 2, 1, "a value is missing"},
    {"1,x\n2,3\n", 1, 3, "expected a number, found 'x'"}, /* neither headings nor numbers */
    {"1;2\n3;4\n", 2, 1, "expected a number, found '3;4'"},
    {"1,2\n0x10,2\n", 2, 1, "expected a number, found '0x10'"},
    {"1,2\n1e999,2\n", 2, 1, "expected a number, found '1e999'"},
    {"1,2\n1 2,2\n", 2, 1, "expected a number, found '1 2'"},
    {"1,2\n\"1\",2\n", 2, 1, "expected a number, found '\"1\"'"},
    {"1,2\n# late\n3,4\n", 2, 1, "comments stand before the numbers"},
    {"1,2\n3,nano\n", 2, 3, "expected a number, found 'nano'"},
    {"1,2\n3,--inf\n", 2, 3, "expected a number, found '--inf'"},
};

START_TEST(csv_is_read_strictly)
{
    struct array_set s;
    struct error e = {0};
    const char *text = bad_csv[_i].text;
    refuse(text, strlen(text), "x.csv", bad_csv[_i].part);
    read_copy(text, strlen(text), "x.csv", &s, &e);
    ck_assert_int_eq(e.line, bad_csv[_i].line);
    ck_assert_int_eq(e.column, bad_csv[_i].column);
}
END_TEST

START_TEST(csv_with_a_zero_byte)
{
    static const char text[] = "1,2\n3\0,4\n";
    struct array_set s;
    struct error e = {0};
    refuse(text, sizeof text - 1, "x.csv", "a zero byte");
    read_copy(text, sizeof text - 1, "x.csv", &s, &e);
    ck_assert_int_eq(e.line, 2);
    ck_assert_int_eq(e.column, 2);
}
END_TEST

START_TEST(csv_in_another_locale)
{
    struct array_set s;
    struct error e = {0};
    testing_use_comma_locale();
    ck_assert_int_eq(read_copy("1.5,2\n", 6, "x.csv", &s, &e), STATUS_OK);
    assert_values(&s.arrays[0], (double[]){1.5, 2}, 2);
    array_set_clear(&s);
}
END_TEST

/* 1797 rows and so many of each digit: the table in the collection's own documentation (optdigits.names, test set). */
START_TEST(digits_are_those_of_the_collection)
{
    static const int expected[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    int counts[10] = {0};
    struct array_set s;
    read_file("data/digits/digits.csv", &s);
    assert_shape(&s.arrays[0], 2, (size_t[]){1797, 65});
    for (size_t i = 0; i < s.arrays[0].n; i++) {
        double value = s.arrays[0].values[i];
        bool label = i % 65 == 64;
        ck_assert(value >= 0 && value <= (label ? 9 : 16) && floor(value) == value);
        if (label)
            counts[(int)value]++;
    }
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(counts[i], expected[i]);
    array_set_clear(&s);
}
END_TEST

/* --- which format ----------------------------------------------------------------------------------------------------
 */

START_TEST(the_ending_says_the_format)
{
    struct array_set s;
    struct error e = {0};
    char folder[TESTING_PATH], path[TESTING_PATH];
    refuse("1\n", 2, "x.txt", "ending names no format");
    refuse("1\n", 2, "csv", "ending names no format");
    refuse("1\n", 2, "x.csv.gz", "ending names no format");
    refuse("", 0, "", "ending names no format");
    ck_assert_int_eq(read_copy("1\n", 2, "X.CSV", &s, &e), STATUS_OK);
    array_set_clear(&s);
    testing_folder(folder);
    ck_assert_int_eq(array_read(testing_path(path, folder, "none.npy"), &s, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "cannot be opened"));
    array_set_clear(&s);
    testing_path(path, folder, "folder.npy");
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(array_read(path, &s, &e), STATUS_BAD_INPUT);
    array_set_clear(&s);
    ck_assert_int_eq(array_read("x.txt", &s, NULL), STATUS_BAD_INPUT);
}
END_TEST

/* --- hostile: npy ----------------------------------------------------------------------------------------------------
 */

/* A npy file into `out`: magic, version, header, so many bytes of numbers (01 02 03 ...). */
static size_t make_npy(unsigned char *out, const char *header, size_t data)
{
    size_t length = strlen(header);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (unsigned char)(length & 255);
    out[9] = (unsigned char)(length >> 8);
    memcpy(out + 10, header, length);
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
        refuse(file, length, "x.npy", npy_headers[_i].part);
        return;
    }
    struct array_set s;
    struct error e = {0};
    if (read_copy(file, length, "x.npy", &s, &e) != STATUS_OK)
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
    refuse(file, length, "x.npy", "not in npy format");
    file[0] = 0x93;
    file[6] = 4;
    refuse(file, length, "x.npy", "npy format 4.0");
    file[6] = 0;
    refuse(file, length, "x.npy", "npy format 0.0");
    file[6] = 1;
    file[7] = 1;
    refuse(file, length, "x.npy", "npy format 1.1");
    file[7] = 0;
    file[9] = 255;
    refuse(file, length, "x.npy", "ends in the npy header");
    file[9] = 0;
    file[15] = 0;
    refuse(file, length, "x.npy", "a zero byte");
    memcpy(file, "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
    refuse(file, length, "x.npy", "npy header of 4294967295 bytes");
}
END_TEST

/* --- hostile: IDX ----------------------------------------------------------------------------------------------------
 */

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
    refuse(idx_files[_i].bytes, idx_files[_i].length, "x.idx", idx_files[_i].part);
}
END_TEST

/* zlib's own packing: gzip for windows of 16 + 15, raw deflate for -15. */
static size_t pack(const void *bytes, size_t length, int window, unsigned char *out, size_t size)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)bytes;
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
    memcpy(plain, "\0\0\x08\x01\0\0\0\x05", 8); /* five numbers, and then megabytes of nothing */
    size_t length = pack(plain, sizeof plain, 16 + 15, packed, sizeof packed);
    refuse(packed, length, "x.idx.gz", "goes on after its last number");
    memcpy(plain, "\0\0\x08\x01\x10\0\0\0", 8); /* 2 GiB of doubles, in a few kilobytes */
    length = pack(plain, sizeof plain, 16 + 15, packed, sizeof packed);
    refuse(packed, length, "x.idx.gz", "more numbers than can be packed in it");
    memcpy(plain, "\0\0\x08\x01\0\x10\0\0", 8); /* possible, but not there */
    length = pack(plain, 1 << 20, 16 + 15, packed, sizeof packed);
    refuse(packed, length, "x.idx.gz", "ends in its numbers");
}
END_TEST

START_TEST(gzip_with_something_after_it)
{
    unsigned char packed[256];
    size_t length = pack("\0\0\x08\x01\0\0\0\1x", 9, 16 + 15, packed, sizeof packed);
    struct array_set s;
    struct error e = {0};
    ck_assert_int_eq(read_copy(packed, length, "x-ubyte.gz", &s, &e), STATUS_OK);
    array_set_clear(&s);
    packed[length] = 0;
    refuse(packed, length + 1, "x-ubyte.gz", "has 1 bytes after its end");
    memcpy(packed + length, packed, length); /* gzip itself would join the two */
    refuse(packed, 2 * length, "x-ubyte.gz", "bytes after its end");
    packed[length - 8] ^= 1;
    refuse(packed, length, "x-ubyte.gz", "incorrect data check");
    refuse("plain text", 10, "x-ubyte.gz", "is damaged");
}
END_TEST

/* --- hostile: safetensors --------------------------------------------------------------------------------------------
 */

static size_t make_safetensors(unsigned char *out, const char *header, size_t data)
{
    size_t length = strlen(header);
    memset(out, 0, 8);
    out[0] = (unsigned char)(length & 255);
    out[1] = (unsigned char)(length >> 8);
    memcpy(out + 8, header, length);
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
        refuse(file, length, "x.safetensors", safetensors_headers[_i].part);
        return;
    }
    struct array_set s;
    struct error e = {0};
    if (read_copy(file, length, "x.safetensors", &s, &e) != STATUS_OK)
        ck_abort_msg("%s", e.message);
    array_set_clear(&s);
}
END_TEST

START_TEST(safetensors_lengths)
{
    refuse("", 0, "x.safetensors", "no length of a header");
    refuse("\2\0\0\0\0\0\0", 7, "x.safetensors", "no length of a header");
    refuse("\3\0\0\0\0\0\0\0{}", 10, "x.safetensors", "its header should have 3 bytes, there are 2");
    refuse("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "x.safetensors", "18446744073709551615 bytes; at most 100 MB");
    refuse("\x01\xe1\xf5\x05\0\0\0\0{}", 10, "x.safetensors", "100000001 bytes; at most 100 MB");
    refuse("\x00\xe1\xf5\x05\0\0\0\0{}", 10, "x.safetensors", "its header should have 100000000 bytes");
}
END_TEST

START_TEST(safetensors_nested_too_deep)
{
    enum { DEPTH = 60000 };
    unsigned char *file = calloc(1, DEPTH + 64);
    ck_assert_ptr_nonnull(file);
    memcpy(file + 8, "{\"a\":", 5);
    memset(file + 13, '[', DEPTH);
    file[0] = (unsigned char)((DEPTH + 5) & 255);
    file[1] = (unsigned char)((DEPTH + 5) >> 8);
    refuse(file, DEPTH + 13, "x.safetensors", "maximum parsing depth");
    free(file);
}
END_TEST

START_TEST(safetensors_keep_what_is_not_finite)
{
    unsigned char file[256];
    size_t length = make_safetensors(file, "{" TENSOR("w", "F32", "[2]", 0, 8) "}", 8);
    memcpy(file + length - 8, "\0\0\xc0\x7f\0\0\x80\xff", 8); /* NaN, -infinity */
    struct array_set s;
    struct error e = {0};
    ck_assert_int_eq(read_copy(file, length, "x.safetensors", &s, &e), STATUS_OK);
    assert_values(&s.arrays[0], (double[]){NAN, -INFINITY}, 2);
    array_set_clear(&s);
}
END_TEST

/* --- hostile: zip ----------------------------------------------------------------------------------------------------
 */

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
    memcpy(*out, p->name, strlen(p->name));
    *out += strlen(p->name);
    if (!directory) {
        memcpy(*out, p->bytes, p->length);
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
    refuse(t->file, make_zip(t->file, pieces, n), "x.npz", part);
}

START_TEST(zip_made_here_is_read)
{
    struct zip_test *t = new_zip_test();
    struct array_set s;
    struct error e = {0};
    size_t length = make_zip(t->file, (struct piece[]){t->stored, t->deflated}, 2);
    if (read_copy(t->file, length, "x.npz", &s, &e) != STATUS_OK)
        ck_abort_msg("%s", e.message);
    ck_assert_uint_eq(s.n, 2);
    assert_values(array_find(&s, "a"), (double[]){1, 2, 3, 4, 5, 6}, 6);
    assert_values(array_find(&s, "b"), (double[]){1, 2, 3, 4, 5, 6}, 6);
    array_set_clear(&s);
    ck_assert_int_eq(read_copy(t->file, make_zip(t->file, NULL, 0), "x.npz", &s, &e), STATUS_OK);
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
    refuse(file, make_zip(file, &p, 1), "x.npz", "goes on after its last number");
    length = make_npy(plain, NPY("'|u1'", "False", "(200000000,)"), 0);
    p = deflated("a.npy", plain, sizeof plain, room, sizeof room); /* says 200 MB in 4 KB */
    p.size = (uint32_t)length + 200000000;
    refuse(file, make_zip(file, &p, 1), "x.npz", "more numbers than can be packed in it");
    length = make_npy(plain, NPY("'|u1'", "False", "(4194000,)"), 0);
    p = deflated("a.npy", plain, sizeof plain / 2, room, sizeof room);
    p.size = (uint32_t)length + 4194000;
    refuse(file, make_zip(file, &p, 1), "x.npz", "more numbers than can be packed in it");
    length = make_npy(plain, NPY("'|u1'", "False", "(2097152,)"), 0);
    p = deflated("a.npy", plain, sizeof plain / 2, room, sizeof room); /* possible, but not there */
    p.size = (uint32_t)length + 2097152;
    refuse(file, make_zip(file, &p, 1), "x.npz", "ends in its numbers");
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
    refuse(t->file, length, "x.npz", "'a.npy' overlaps 'a.npy'");
    memset(t->file + second + 42, 0xff, 4);
    refuse(t->file, length, "x.npz", "zip64");
    t->file[second + 45] = 0x7f;
    refuse(t->file, length, "x.npz", "where nothing can be");
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
    refuse(t->file, length, "x.npz", zip_bytes[_i].part);
    free(t);
}
END_TEST

START_TEST(zip_features_that_are_not_read)
{
    struct zip_test *t = new_zip_test();
    size_t length = make_zip(t->file, &t->stored, 1), entry = length - 22 - 46 - 5;
    t->file[entry + 8] = t->file[6] = 1;
    refuse(t->file, length, "x.npz", "is encrypted");
    t->file[entry + 8] = t->file[6] = 0x20;
    refuse(t->file, length, "x.npz", "zip features that are not read");
    t->file[entry + 8] = t->file[6] = 0;
    t->file[entry] = 'x';
    refuse(t->file, length, "x.npz", "damaged zip directory");
    t->file[entry] = 'P';
    t->file[entry + 28] = 200;
    refuse(t->file, length, "x.npz", "damaged zip directory");
    t->file[entry + 28] = 5;
    t->file[entry + 20] = t->file[entry + 21] = t->file[entry + 22] = t->file[entry + 23] = 0xff;
    refuse(t->file, length, "x.npz", "zip64");
    memset(t->file + length - 22, 0, 22);
    refuse(t->file, length, "x.npz", "no end record");
    refuse("PK\5\6", 4, "x.npz", "no end record");
    refuse("", 0, "x.npz", "no end record");
    static const unsigned char zip64[] =
        "PK\6\7\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    refuse(zip64, 42, "x.npz", "zip64 archive");
    free(t);
}
END_TEST

/* --- damage of every sort --------------------------------------------------------------------------------------------
 */

static const char *const to_damage[] = {
    "c_order.npy", "f8.idx", "images-idx3-ubyte.gz", "types.safetensors", "stored.npz", "deflated.npz",
};

/* Cut anywhere, or one byte longer, no file is taken for a whole one. */
START_TEST(truncated_at_every_byte)
{
    char path[TESTING_PATH];
    size_t length;
    char *bytes = testing_read(reference(path, to_damage[_i]), &length);
    ck_assert_ptr_nonnull(bytes);
    for (size_t cut = 0; cut < length; cut++)
        refuse(bytes, cut, to_damage[_i], "");
    refuse(bytes, length + 1, to_damage[_i], ""); /* testing_read's own 0 byte */
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
    char *bytes = testing_read(reference(path, names[_i]), &length);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(array_read_bytes(bytes, length, names[_i], &good, NULL), STATUS_OK);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        struct error e = {0};
        enum status status = read_copy(bytes, length, names[_i], &s, &e);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        if (status) {
            ck_assert_int_eq(status, STATUS_BAD_INPUT);
            continue;
        }
        ck_assert_uint_eq(s.n, good.n);
        for (size_t i = 0; i < s.n; i++) {
            ck_assert_str_eq(s.arrays[i].name, good.arrays[i].name);
            assert_values(&s.arrays[i], good.arrays[i].values, good.arrays[i].n);
        }
        array_set_clear(&s);
    }
    array_set_clear(&good);
    free(bytes);
}
END_TEST

/* --- writing ---------------------------------------------------------------------------------------------------------
 */

enum { N_LARGE = 20000 }; /* numbers: more than are converted at a time */
static double large[N_LARGE];
static double mixed[] = {0, -0.0, 1, -2.5, INFINITY, -INFINITY, NAN, 0x1p-149, 0x1p-1074, 0x1.fffffep127};
/* Halfway between two 32-bit numbers, to the even one; just under where rounding gives infinity. */
static double rounded[] = {1 + 0x1p-24, 1 + 3 * 0x1p-24, 0x1.fffffefffffffp127, 1e-300, 0.1, NAN};
static double one[] = {-3.5};

static struct array arrays_to_write[] = {
    {.name = "0.weight", .type = ARRAY_F32, .n_dimensions = 2, .shape = {2, 3}, .n = 6, .values = rounded},
    {.name = "mixed", .type = ARRAY_F64, .n_dimensions = 1, .shape = {10}, .n = 10, .values = mixed},
    {.name = "scalar", .type = ARRAY_F32, .n_dimensions = 0, .n = 1, .values = one},
    {.name = "none", .type = ARRAY_F64, .n_dimensions = 3, .shape = {4, 0, 2}, .n = 0, .values = one},
    {.name = "caf\xc3\xa9",
     .type = ARRAY_F64,
     .n_dimensions = 8,
     .shape = {1, 1, 1, 1, 1, 1, 1, 1},
     .n = 1,
     .values = one},
    {.name = "large", .type = ARRAY_F64, .n_dimensions = 2, .shape = {N_LARGE / 8, 8}, .n = N_LARGE, .values = large},
};
enum { N_WRITTEN = sizeof arrays_to_write / sizeof arrays_to_write[0] };
static const char *const pairs[] = {"made by", "gears \xc3\xa9 \"quoted\"", "seed", "7", NULL};

static struct array_set set_to_write(void)
{
    uint64_t seed = testing_seed();
    for (size_t i = 0; i < N_LARGE; i++) { /* any bits at all, but NaNs */
        do {
            uint64_t bits = testing_random(&seed);
            memcpy(&large[i], &bits, sizeof bits);
        } while (isnan(large[i]));
    }
    return (struct array_set){.arrays = arrays_to_write, .n = N_WRITTEN};
}

static void assert_same_set(const struct array_set *found, const struct array_set *expected)
{
    ck_assert_uint_eq(found->n, expected->n);
    for (size_t i = 0; i < found->n; i++) {
        const struct array *a = &found->arrays[i], *b = &expected->arrays[i];
        ck_assert_str_eq(a->name, b->name);
        ck_assert_int_eq(a->type, b->type);
        assert_shape(a, b->n_dimensions, b->shape);
        for (size_t k = 0; k < a->n; k++) {
            double wanted = b->type == ARRAY_F32 ? (double)(float)b->values[k] : b->values[k];
            if (!same_bits(a->values[k], wanted))
                ck_abort_msg("%s[%zu] is %a, expected %a", a->name, k, a->values[k], wanted);
        }
    }
}

START_TEST(written_here_and_read_here)
{
    struct array_set s = set_to_write(), back;
    struct error e = {0};
    char folder[TESTING_PATH], path[TESTING_PATH];
    testing_folder(folder);
    ck_assert_int_eq(array_write_npz(&s, testing_path(path, folder, "x.npz"), &e), STATUS_OK);
    read_file(path, &back);
    assert_same_set(&back, &s);
    ck_assert_double_eq(array_find(&back, "0.weight")->values[0], 1); /* ties to even */
    ck_assert_double_eq(array_find(&back, "0.weight")->values[1], 1 + 0x1p-22);
    array_set_clear(&back);
    ck_assert_int_eq(array_write_safetensors(&s, pairs, testing_path(path, folder, "x.safetensors"), &e), STATUS_OK);
    read_file(path, &back);
    assert_same_set(&back, &s);
    ck_assert_str_eq(array_metadata(&back, "made by"), pairs[1]);
    ck_assert_str_eq(array_metadata(&back, "seed"), "7");
    array_set_clear(&back);
    ck_assert_uint_eq(testing_count_entries(folder), 2); /* nothing left aside */
}
END_TEST

START_TEST(nothing_can_be_written_and_read)
{
    struct array_set s = {0}, back;
    char folder[TESTING_PATH], path[TESTING_PATH];
    testing_folder(folder);
    ck_assert_int_eq(array_write_npz(&s, testing_path(path, folder, "x.npz"), NULL), STATUS_OK);
    read_file(path, &back);
    ck_assert_uint_eq(back.n, 0);
    array_set_clear(&back);
    ck_assert_int_eq(array_write_safetensors(&s, NULL, testing_path(path, folder, "x.safetensors"), NULL), STATUS_OK);
    read_file(path, &back);
    ck_assert_uint_eq(back.n, 0);
    ck_assert_ptr_null(back.metadata);
    array_set_clear(&back);
}
END_TEST

/* Not a number is kept with its bits: they can say where it came from. */
START_TEST(nan_bits_are_kept)
{
    uint64_t bits = 0xfff8000000001234, back_bits;
    double value;
    memcpy(&value, &bits, sizeof value);
    struct array a = {.name = "w", .type = ARRAY_F64, .n_dimensions = 1, .shape = {1}, .n = 1, .values = &value};
    struct array_set s = {.arrays = &a, .n = 1}, back;
    char folder[TESTING_PATH], path[TESTING_PATH];
    testing_path(path, testing_folder(folder), "x.npz");
    ck_assert_int_eq(array_write_npz(&s, path, NULL), STATUS_OK);
    read_file(path, &back);
    memcpy(&back_bits, back.arrays[0].values, sizeof back_bits);
    ck_assert(back_bits == bits);
    array_set_clear(&back);
}
END_TEST

static void refuse_to_write(const struct array_set *s, const char *part)
{
    char folder[TESTING_PATH], path[TESTING_PATH];
    struct error e = {0};
    testing_folder(folder);
    ck_assert_int_eq(array_write_npz(s, testing_path(path, folder, "x.npz"), &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, part));
    e.message[0] = 0;
    ck_assert_int_eq(array_write_safetensors(s, NULL, testing_path(path, folder, "x.safetensors"), &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, part));
    ck_assert_uint_eq(testing_count_entries(folder), 0);
}

START_TEST(what_the_formats_cannot_hold_is_not_written)
{
    double values[2] = {1, 2};
    struct array a[2] = {{.name = "a", .type = ARRAY_F64, .n_dimensions = 1, .shape = {1}, .n = 1, .values = values},
                         {.name = "b", .type = ARRAY_F32, .n_dimensions = 1, .shape = {2}, .n = 2, .values = values}};
    struct array_set s = {.arrays = a, .n = 2};
    a[1].name = "a";
    refuse_to_write(&s, "two arrays are called 'a'");
    a[1].name = "";
    refuse_to_write(&s, "array 2 has no name");
    static char *const bad[] = {"\xff",     "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                "\xe2\x82", "\x80",     "\xf8\x88\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        a[1].name = bad[i];
        refuse_to_write(&s, "not UTF-8");
    }
    a[1].name = "b";
    a[1].type = ARRAY_I64;
    refuse_to_write(&s, "'b' is of type I64");
    a[1].type = ARRAY_F32;
    values[1] = -0x1.ffffffp127; /* halfway to 2^128: rounds to infinity */
    refuse_to_write(&s, "too large for 32 bits");
    values[1] = 2;
    a[1].n = 1;
    refuse_to_write(&s, "'b' has 1 numbers, its shape says 2");
}
END_TEST

START_TEST(safetensors_has_a_word_of_its_own)
{
    struct array a = {.name = "__metadata__", .type = ARRAY_F64, .n = 1, .values = one};
    struct array_set s = {.arrays = &a, .n = 1};
    char folder[TESTING_PATH], path[TESTING_PATH];
    struct error e = {0};
    testing_path(path, testing_folder(folder), "x.safetensors");
    ck_assert_int_eq(array_write_safetensors(&s, NULL, path, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "cannot be called"));
    a.name = "a";
    ck_assert_int_eq(array_write_safetensors(&s, (const char *const[]){"k", "\xff", NULL}, path, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "metadata that is not UTF-8"));
    ck_assert_int_eq(array_write_safetensors(&s, NULL, "/nowhere/x.safetensors", &e), STATUS_FAILED);
    ck_assert_int_eq(array_write_npz(&s, "/nowhere/x.npz", &e), STATUS_FAILED);
    ck_assert_uint_eq(testing_count_entries(folder), 0);
}
END_TEST

/* --- numpy reads it --------------------------------------------------------------------------------------------------
 */

static void write_list(const struct array_set *s, const char *folder)
{
    char path[TESTING_PATH], name[64];
    FILE *list = fopen(testing_path(path, folder, "list"), "w");
    ck_assert_ptr_nonnull(list);
    for (size_t i = 0; i < s->n; i++) {
        const struct array *a = &s->arrays[i];
        snprintf(name, sizeof name, "%s.f64", a->name);
        testing_write_bytes(testing_path(path, folder, name), a->values, a->n * sizeof *a->values);
        fprintf(list, "%s %s", a->name, a->type == ARRAY_F32 ? "<f4" : "<f8");
        for (size_t k = 0; k < a->n_dimensions; k++)
            fprintf(list, " %zu", a->shape[k]);
        fputc('\n', list);
    }
    fclose(list);
}

START_TEST(written_here_and_read_by_numpy)
{
    if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0)
        testing_skip("no python3-numpy to read what is written here");
    struct array_set s = set_to_write();
    char folder[TESTING_PATH], path[TESTING_PATH], command[2 * TESTING_PATH];
    testing_folder(folder);
    write_list(&s, folder);
    ck_assert_int_eq(array_write_npz(&s, testing_path(path, folder, "out.npz"), NULL), STATUS_OK);
    ck_assert_int_eq(array_write_safetensors(&s, pairs, testing_path(path, folder, "out.safetensors"), NULL),
                     STATUS_OK);
    snprintf(command, sizeof command, "/usr/bin/python3 -W ignore tests/reference/arrays.py check '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------------------
 */

#define LENGTH(table) ((int)(sizeof(table) / sizeof(table)[0]))

static TCase *references(void)
{
    TCase *t = tcase_create("numpy and torch");
    tcase_add_test(t, npz_of_numpy_has_every_type_in_both_byte_orders);
    tcase_add_test(t, safetensors_of_torch_has_every_type);
    tcase_add_test(t, idx_has_every_type);
    tcase_add_loop_test(t, shapes_and_orders, 0, LENGTH(stepped));
    tcase_add_test(t, an_array_without_dimensions_has_one_number);
    tcase_add_test(t, npz_stored_and_deflated);
    tcase_add_test(t, safetensors_of_a_sequential_network);
    tcase_add_loop_test(t, what_are_no_numbers_is_refused, 0, LENGTH(refused_references));
    tcase_add_test(t, every_half_and_every_bfloat);
    tcase_add_test(t, the_ending_says_the_format);
    return t;
}

static TCase *csv(void)
{
    TCase *t = tcase_create("csv");
    tcase_add_loop_test(t, csv_of_numbers, 0, LENGTH(good_csv));
    tcase_add_loop_test(t, csv_is_read_strictly, 0, LENGTH(bad_csv));
    tcase_add_test(t, csv_with_a_zero_byte);
    tcase_add_test(t, csv_in_another_locale);
    tcase_add_test(t, digits_are_those_of_the_collection);
    return t;
}

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
    tcase_add_test(t, zip_members_that_share_bytes);
    tcase_add_loop_test(t, zip_with_one_wrong_byte, 0, LENGTH(zip_bytes));
    tcase_add_test(t, zip_features_that_are_not_read);
    tcase_add_loop_test(t, truncated_at_every_byte, 0, LENGTH(to_damage));
    tcase_add_loop_test(t, every_bit_turned, 0, 3);
    return t;
}

static TCase *writing(void)
{
    TCase *t = tcase_create("writing");
    tcase_add_test(t, written_here_and_read_here);
    tcase_add_test(t, nothing_can_be_written_and_read);
    tcase_add_test(t, nan_bits_are_kept);
    tcase_add_test(t, what_the_formats_cannot_hold_is_not_written);
    tcase_add_test(t, safetensors_has_a_word_of_its_own);
    tcase_add_test(t, written_here_and_read_by_numpy);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("array");
    suite_add_tcase(suite, references());
    suite_add_tcase(suite, csv());
    suite_add_tcase(suite, hostile());
    suite_add_tcase(suite, writing());
    return testing_main(suite);
}
