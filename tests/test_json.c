/* base/json.c */
#include "base/json.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *stream_text; /* each test is a process of its own */
static size_t stream_length;

/* What json_write writes; free it. Consumes the value. */
static char *written(json_t *value)
{
    struct error e;
    FILE *out = open_memstream(&stream_text, &stream_length);
    ck_assert_int_eq(json_write(value, out, &e), STATUS_OK);
    fclose(out);
    json_decref(value);
    return stream_text;
}

static void assert_written(json_t *value, const char *expected)
{
    char *text = written(value);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(numbers_that_json_has_no_word_for_are_null)
{
    assert_written(json_number_or_null(0.25), "0.25\n");
    assert_written(json_number_or_null(NAN), "null\n");
    assert_written(json_number_or_null(INFINITY), "null\n");
    assert_written(json_number_or_null(-INFINITY), "null\n");
    assert_written(json_numbers((const double[]){0.1, NAN, -1e300}, 3), "[\n  0.1,\n  null,\n  -1e+300\n]\n");
    assert_written(json_numbers(NULL, 0), "[]\n");
}
END_TEST

START_TEST(objects_are_indented_in_the_order_of_insertion)
{
    json_t *inner = json_object(), *value = json_object();
    json_object_set_new(inner, "zeta", json_real(1.5));
    json_object_set_new(inner, "alpha", json_array());
    json_object_set_new(value, "name", json_string("base"));
    json_object_set_new(value, "inner", inner);
    json_object_set_new(value, "done", json_true());
    json_object_set_new(value, "count", json_integer(9007199254740993));
    json_object_set_new(value, "none", json_object());
    assert_written(value, "{\n"
                          "  \"name\": \"base\",\n"
                          "  \"inner\": {\n"
                          "    \"zeta\": 1.5,\n"
                          "    \"alpha\": []\n"
                          "  },\n"
                          "  \"done\": true,\n"
                          "  \"count\": 9007199254740993,\n"
                          "  \"none\": {}\n"
                          "}\n");
}
END_TEST

START_TEST(texts_are_escaped)
{
    json_t *value = json_object();
    json_object_set_new(value, "a \"key\"\n",
                        json_string("back\\slash, \"quotes\", \x01, tab\t, caf\xc3\xa9, </script>"));
    assert_written(json_deep_copy(value),
                   "{\n  \"a \\\"key\\\"\\n\": "
                   "\"back\\\\slash, \\\"quotes\\\", \\u0001, tab\\t, caf\xc3\xa9, </script>\"\n}\n");
    char *text = written(json_deep_copy(value));
    json_t *back = json_loads(text, 0, NULL);
    ck_assert(json_equal(back, value));
    json_decref(back);
    json_decref(value);
    free(text);
}
END_TEST

START_TEST(random_numbers_read_back_the_same)
{
    enum { N = 2000 };
    double values[N];
    uint64_t state = testing_seed();
    for (int i = 0; i < N; i++)
        do {
            uint64_t bits = testing_random(&state);
            memcpy(&values[i], &bits, sizeof bits);
        } while (!isfinite(values[i]));
    char *text = written(json_numbers(values, N));
    json_t *back = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    ck_assert_uint_eq(json_array_size(back), N);
    for (size_t i = 0; i < N; i++)
        ck_assert_msg(json_real_value(json_array_get(back, i)) == values[i], "%a", values[i]);
    json_decref(back);
    free(text);
}
END_TEST

START_TEST(locale_does_not_matter)
{
    testing_use_comma_locale();
    assert_written(json_numbers((const double[]){0.5, 1234567.25}, 2), "[\n  0.5,\n  1234567.25\n]\n");
}
END_TEST

START_TEST(a_stream_that_fails_is_noticed)
{
    struct error e;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        testing_skip("no /dev/full");
    json_t *value = json_numbers((const double[]){1, 2}, 2);
    ck_assert_int_eq(json_write(value, full, &e), STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "No space") != NULL, "%s", e.message);
    json_decref(value);
    fclose(full);
}
END_TEST

START_TEST(no_value_is_lack_of_memory)
{
    struct error e;
    ck_assert_int_eq(json_write(NULL, stdout, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "memory"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *json = tcase_create("json");
    tcase_add_test(json, numbers_that_json_has_no_word_for_are_null);
    tcase_add_test(json, objects_are_indented_in_the_order_of_insertion);
    tcase_add_test(json, texts_are_escaped);
    tcase_add_test(json, random_numbers_read_back_the_same);
    tcase_add_test(json, locale_does_not_matter);
    tcase_add_test(json, a_stream_that_fails_is_noticed);
    tcase_add_test(json, no_value_is_lack_of_memory);
    suite_add_tcase(suite, json);
    return testing_main(suite);
}
