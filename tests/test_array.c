/* data/array.h: files written by numpy and torch (tests/reference/arrays.py), CSV, and files written here. */
#include "tests/arrays.h"
#include "tests/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* a[i, j, k] = offset + 100 i + 10 j + k, as the script makes them. */
static void assert_steps(const struct array *a, double offset)
{
    for (size_t i = 0; i < a->n; i++) {
        size_t rest = i, scale = 1, steps = 0;
        for (size_t d = a->n_dimensions; d-- > 0; scale *= 10) {
            steps += scale * (rest % a->shape[d]);
            rest /= a->shape[d];
        }
        ck_assert_double_eq(a->values[i], offset + (double)steps);
    }
}

/* --- what numpy and torch wrote ---------------------------------------------------------------------------------- */

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
    arrays_assert_values(a, s->values, s->n);
}

START_TEST(npz_of_numpy_has_every_type_in_both_byte_orders)
{
    struct array_set s;
    arrays_read_reference("types.npz", &s);
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
    arrays_read_reference("types.safetensors", &s);
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
            arrays_read_reference(name, &s);
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
    arrays_read_reference(stepped[_i].file, &s);
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
    arrays_read_reference("scalar.npy", &s);
    ck_assert_uint_eq(s.arrays[0].n_dimensions, 0);
    arrays_assert_values(&s.arrays[0], (double[]){42}, 1);
    array_set_clear(&s);
}
END_TEST

START_TEST(npz_stored_and_deflated)
{
    struct array_set s;
    arrays_read_reference("deflated.npz", &s);
    ck_assert_uint_eq(s.n, 2);
    assert_shape(array_find(&s, "weights"), 3, (size_t[]){5, 4, 3});
    assert_steps(array_find(&s, "weights"), 0);
    ck_assert_int_eq(array_find(&s, "bias")->type, ARRAY_F32);
    assert_steps(array_find(&s, "bias"), 0);
    array_set_clear(&s);
    arrays_read_reference("stored.npz", &s);
    assert_shape(array_find(&s, "weights"), 2, (size_t[]){2, 3});
    assert_steps(array_find(&s, "caf\xc3\xa9"), 0);
    array_set_clear(&s);
}
END_TEST

START_TEST(safetensors_of_a_sequential_network)
{
    struct array_set s;
    arrays_read_reference("sequential.safetensors", &s);
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
    char *bytes = testing_read(arrays_reference(path, refused_references[_i].file), &length);
    ck_assert_ptr_nonnull(bytes);
    arrays_refuse(bytes, length, refused_references[_i].file, refused_references[_i].part);
    free(bytes);
}
END_TEST

/* --- 16 bits ----------------------------------------------------------------------------------------------------- */

/* All positive numbers in rising order, each one step above the one before: the step is 2^(max(e, 1) - bias), with e
 * what stands above the fraction. IEEE 754-2008, 3.4; bfloat16 is the upper half of a 32-bit number. */
static void check_sixteen_bits(const char *dtype, int fraction_bits, int bias)
{
    static unsigned char file[131072 + 256];
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
        ck_assert(arrays_same_bits(values[i], expected));
        ck_assert(arrays_same_bits(values[i + 32768], -expected));
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

/* --- CSV --------------------------------------------------------------------------------------------------------- */

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
    if (arrays_read_copy(text, strlen(text), "x.csv", &s, &e) != STATUS_OK)
        ck_abort_msg("%d:%d: %s", e.line, e.column, e.message);
    ck_assert_uint_eq(s.n, 1);
    ck_assert_int_eq(s.arrays[0].type, ARRAY_F64);
    assert_shape(&s.arrays[0], 2, (size_t[]){good_csv[_i].rows, good_csv[_i].columns});
    arrays_assert_values(&s.arrays[0], good_csv[_i].values, s.arrays[0].n);
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
    arrays_refuse(text, strlen(text), "x.csv", bad_csv[_i].part);
    arrays_read_copy(text, strlen(text), "x.csv", &s, &e);
    ck_assert_int_eq(e.line, bad_csv[_i].line);
    ck_assert_int_eq(e.column, bad_csv[_i].column);
}
END_TEST

START_TEST(csv_with_a_zero_byte)
{
    static const char text[] = "1,2\n3\0,4\n";
    struct array_set s;
    struct error e = {0};
    arrays_refuse(text, sizeof text - 1, "x.csv", "a zero byte");
    arrays_read_copy(text, sizeof text - 1, "x.csv", &s, &e);
    ck_assert_int_eq(e.line, 2);
    ck_assert_int_eq(e.column, 2);
}
END_TEST

/* Longer than any number that means something. */
START_TEST(csv_with_a_very_long_number)
{
    char text[700];
    memset(text, '1', sizeof text);
    memcpy(text, "1\n1.", 4);
    arrays_refuse(text, sizeof text, "x.csv", "expected a number, found '1.111");
}
END_TEST

START_TEST(csv_in_another_locale)
{
    struct array_set s;
    struct error e = {0};
    testing_use_comma_locale();
    ck_assert_int_eq(arrays_read_copy("1.5,2\n", 6, "x.csv", &s, &e), STATUS_OK);
    arrays_assert_values(&s.arrays[0], (double[]){1.5, 2}, 2);
    array_set_clear(&s);
}
END_TEST

/* 1797 rows and so many of each digit: the table in the collection's own documentation (optdigits.names, test set). */
START_TEST(digits_are_those_of_the_collection)
{
    static const int expected[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    int counts[10] = {0};
    struct array_set s;
    arrays_read("data/digits/digits.csv", &s);
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

/* --- which format ------------------------------------------------------------------------------------------------ */

START_TEST(the_ending_says_the_format)
{
    struct array_set s;
    struct error e = {0};
    char folder[TESTING_PATH], path[TESTING_PATH];
    arrays_refuse("1\n", 2, "x.txt", "ending names no format");
    arrays_refuse("1\n", 2, "csv", "ending names no format");
    arrays_refuse("1\n", 2, "x.csv.gz", "ending names no format");
    arrays_refuse("", 0, "", "ending names no format");
    ck_assert_int_eq(arrays_read_copy("1\n", 2, "X.CSV", &s, &e), STATUS_OK);
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

/* --- writing ----------------------------------------------------------------------------------------------------- */

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
            if (!arrays_same_bits(a->values[k], wanted))
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
    arrays_read(path, &back);
    assert_same_set(&back, &s);
    ck_assert_double_eq(array_find(&back, "0.weight")->values[0], 1); /* ties to even */
    ck_assert_double_eq(array_find(&back, "0.weight")->values[1], 1 + 0x1p-22);
    array_set_clear(&back);
    ck_assert_int_eq(array_write_safetensors(&s, pairs, testing_path(path, folder, "x.safetensors"), &e), STATUS_OK);
    arrays_read(path, &back);
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
    arrays_read(path, &back);
    ck_assert_uint_eq(back.n, 0);
    array_set_clear(&back);
    ck_assert_int_eq(array_write_safetensors(&s, NULL, testing_path(path, folder, "x.safetensors"), NULL), STATUS_OK);
    arrays_read(path, &back);
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
    arrays_read(path, &back);
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

START_TEST(npz_has_names_of_some_length)
{
    char name[600], folder[TESTING_PATH], path[TESTING_PATH];
    struct array a = {.name = name, .type = ARRAY_F64, .n = 1, .values = one};
    struct array_set s = {.arrays = &a, .n = 1}, back;
    struct error e = {0};
    memset(name, 'n', sizeof name);
    name[508] = 0;
    ck_assert_int_eq(array_write_npz(&s, testing_path(path, testing_folder(folder), "x.npz"), &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "names of 507 bytes"));
    name[507] = 0;
    ck_assert_int_eq(array_write_npz(&s, path, &e), STATUS_OK);
    arrays_read(path, &back);
    ck_assert_str_eq(back.arrays[0].name, name);
    array_set_clear(&back);
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

/* --- numpy reads it ---------------------------------------------------------------------------------------------- */

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
    struct program python = {.path = "/usr/bin/python3"};
    if (testing_exists(python.path))
        program_run(&python, "-c", "import numpy");
    if (!python.text || python.code != 0)
        testing_skip("no python3-numpy to read what is written here");
    struct array_set s = set_to_write();
    char folder[TESTING_PATH], path[TESTING_PATH];
    testing_folder(folder);
    write_list(&s, folder);
    ck_assert_int_eq(array_write_npz(&s, testing_path(path, folder, "out.npz"), NULL), STATUS_OK);
    ck_assert_int_eq(array_write_safetensors(&s, pairs, testing_path(path, folder, "out.safetensors"), NULL),
                     STATUS_OK);
    program_run(&python, "-W", "ignore", "tests/reference/arrays.py", "check", folder);
    assert_code(&python, 0);
    program_clear(&python);
}
END_TEST

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
    tcase_add_test(t, csv_with_a_very_long_number);
    tcase_add_test(t, csv_in_another_locale);
    tcase_add_test(t, digits_are_those_of_the_collection);
    return t;
}

static TCase *writing(void)
{
    TCase *t = tcase_create("writing");
    tcase_add_test(t, written_here_and_read_here);
    tcase_add_test(t, nothing_can_be_written_and_read);
    tcase_add_test(t, nan_bits_are_kept);
    tcase_add_test(t, what_the_formats_cannot_hold_is_not_written);
    tcase_add_test(t, npz_has_names_of_some_length);
    tcase_add_test(t, safetensors_has_a_word_of_its_own);
    tcase_add_test(t, written_here_and_read_by_numpy);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("array");
    suite_add_tcase(suite, references());
    suite_add_tcase(suite, csv());
    suite_add_tcase(suite, writing());
    return testing_main(suite);
}
