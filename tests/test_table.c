/* base/table.c */
#include "base/table.h"
#include "tests/testing.h"

#include <stdlib.h>
#include <string.h>

static char *stream_text; /* each test is a process of its own */
static size_t stream_length;

/* What table_print writes; free it. */
static char *printed(const struct table *t, size_t width)
{
    FILE *out = open_memstream(&stream_text, &stream_length);
    table_print(t, out, width);
    fclose(out);
    return stream_text;
}

static void assert_printed(const struct table *t, size_t width, const char *expected)
{
    char *text = printed(t, width);
    ck_assert_str_eq(text, expected);
    free(text);
}

static struct table *phases_table(void)
{
    struct table *t = table_new("Phases");
    table_add_column(t, "kind", TABLE_LEFT);
    table_add_column(t, "growth", TABLE_RIGHT);
    table_add_column(t, "why", TABLE_LEFT);
    table_add_row(t);
    table_add_cell(t, "fast");
    table_add_cell(t, "%.1f %%", 3.25);
    table_add_cell(t, "fewer children");
    table_add_row(t);
    table_add_cell(t, "exponential");
    table_add_cell(t, "%.1f %%", 12.0);
    table_add_cell(t, "research");
    return t;
}

START_TEST(columns_are_aligned)
{
    struct table *t = phases_table();
    assert_printed(t, 0,
                   "Phases\n"
                   "  kind         growth  why\n"
                   "  fast          3.2 %  fewer children\n"
                   "  exponential  12.0 %  research\n");
    ck_assert(table_ok(t));
    table_free(t);
}
END_TEST

START_TEST(what_was_put_in_can_be_read)
{
    struct table *t = phases_table();
    ck_assert_uint_eq(table_rows(t), 2);
    ck_assert_uint_eq(table_columns(t), 3);
    ck_assert_str_eq(table_title(t), "Phases");
    ck_assert_str_eq(table_heading(t, 1), "growth");
    ck_assert_int_eq(table_column_align(t, 1), TABLE_RIGHT);
    ck_assert_int_eq(table_column_align(t, 2), TABLE_LEFT);
    ck_assert_str_eq(table_cell(t, 1, 1), "12.0 %");
    ck_assert_str_eq(table_cell(t, 2, 0), "");
    ck_assert_str_eq(table_cell(t, 0, 3), "");
    ck_assert_str_eq(table_heading(t, 3), "");
    table_free(t);
}
END_TEST

START_TEST(missing_cells_are_empty)
{
    struct table *t = table_new(NULL);
    table_add_column(t, "a", TABLE_RIGHT);
    table_add_column(t, "bb", TABLE_RIGHT);
    table_add_row(t);
    table_add_cell(t, "1");
    table_add_row(t);
    ck_assert_str_eq(table_cell(t, 1, 1), "");
    assert_printed(t, 0, "  a  bb\n  1    \n       \n");
    table_free(t);
}
END_TEST

/* Characters count, not bytes: two, three and four bytes each. */
START_TEST(widths_count_characters)
{
    struct table *t = table_new(NULL);
    table_add_column(t, "n\xc3\xa4me", TABLE_LEFT);
    table_add_column(t, "\xce\xb1", TABLE_RIGHT);
    table_add_row(t);
    table_add_cell(t, "\xe2\x82\xac\xf0\x9d\x84\x9e");
    table_add_cell(t, "0.25");
    assert_printed(t, 0, "  n\xc3\xa4me     \xce\xb1\n  \xe2\x82\xac\xf0\x9d\x84\x9e    0.25\n");
    table_free(t);
}
END_TEST

static struct table *long_table(const char *text)
{
    struct table *t = table_new(NULL);
    table_add_column(t, "key", TABLE_LEFT);
    table_add_column(t, "meaning", TABLE_LEFT);
    table_add_row(t);
    table_add_cell(t, "a");
    table_add_cell(t, "%s", text);
    return t;
}

START_TEST(last_column_is_wrapped_at_spaces)
{
    struct table *t = long_table("share of output that goes to capital in competitive markets");
    assert_printed(t, 32, /* 7 + 25 characters */
                   "  key  meaning\n"
                   "  a    share of output that goes\n"
                   "       to capital in competitive\n"
                   "       markets\n");
    assert_printed(t, 33,
                   "  key  meaning\n"
                   "  a    share of output that goes\n"
                   "       to capital in competitive\n"
                   "       markets\n");
    assert_printed(t, 31,
                   "  key  meaning\n"
                   "  a    share of output that\n"
                   "       goes to capital in\n"
                   "       competitive markets\n");
    table_free(t);
}
END_TEST

START_TEST(word_without_end_is_broken_at_the_width)
{
    struct table *t = long_table("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
    assert_printed(t, 32,
                   "  key  meaning\n"
                   "  a    abcdefghijklmnopqrstuvwxy\n"
                   "       zabcdefghijklmnopqrstuvwx\n"
                   "       yz\n");
    table_free(t);
}
END_TEST

/* Never inside a character, and characters count: 30 alphas in 25 columns. */
START_TEST(wrapping_keeps_characters_whole)
{
    char text[61] = "", expected[200];
    for (int i = 0; i < 30; i++)
        memcpy(text + 2 * i, "\xce\xb1", 3);
    struct table *t = long_table(text);
    snprintf(expected, sizeof expected, "  key  meaning\n  a    %.50s\n       %s\n", text, text + 50);
    assert_printed(t, 32, expected);
    table_free(t);
}
END_TEST

START_TEST(last_column_keeps_some_room_however_narrow)
{
    struct table *t = long_table("one two three four five six seven");
    assert_printed(t, 3, "  key  meaning\n  a    one two three four five\n       six seven\n");
    table_free(t);
}
END_TEST

/* No line is wider than asked, whatever the text. */
START_TEST(random_texts_fit)
{
    uint64_t state = testing_seed();
    for (int round = 0; round < 300; round++) {
        char text[400];
        size_t length = 1 + testing_random(&state) % (sizeof text - 1), width = 31 + testing_random(&state) % 60;
        for (size_t i = 0; i < length - 1; i++)
            text[i] = testing_random(&state) % (2 + (unsigned)round % 20) ? 'x' : ' ';
        text[length - 1] = 0;
        struct table *t = long_table(text);
        char *out = printed(t, width);
        size_t letters = 0, expected = 0;
        for (char *line = strstr(out, "\n") + 1, *end; (end = strchr(line, '\n')); line = end + 1)
            ck_assert_uint_le((size_t)(end - line), width);
        for (const char *c = strstr(out, "\n"); *c; c++)
            letters += *c == 'x';
        for (const char *c = text; *c; c++)
            expected += *c == 'x';
        ck_assert_uint_eq(letters, expected); /* and nothing is lost */
        free(out);
        table_free(t);
    }
}
END_TEST

START_TEST(cells_do_not_follow_the_locale)
{
    testing_use_comma_locale();
    struct table *t = table_new(NULL);
    table_add_column(t, "x", TABLE_LEFT);
    table_add_row(t);
    table_add_cell(t, "%.2f", 0.5);
    ck_assert_str_eq(table_cell(t, 0, 0), "0.50");
    table_free(t);
}
END_TEST

START_TEST(nothing_is_needed)
{
    char *text = printed(NULL, 80);
    ck_assert_str_eq(text, "");
    free(text);
    table_free(NULL);
    table_add_column(NULL, "x", TABLE_LEFT);
    table_add_row(NULL);
    table_add_cell(NULL, "x");
    ck_assert(!table_ok(NULL));
    ck_assert_uint_eq(table_rows(NULL) + table_columns(NULL), 0);
    ck_assert_str_eq(table_title(NULL), "");
    struct table *t = table_new(NULL);
    table_add_cell(t, "before any row");
    ck_assert(table_ok(t));
    ck_assert_uint_eq(table_rows(t), 0);
    table_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tables = tcase_create("table");
    tcase_add_test(tables, columns_are_aligned);
    tcase_add_test(tables, what_was_put_in_can_be_read);
    tcase_add_test(tables, missing_cells_are_empty);
    tcase_add_test(tables, widths_count_characters);
    tcase_add_test(tables, last_column_is_wrapped_at_spaces);
    tcase_add_test(tables, word_without_end_is_broken_at_the_width);
    tcase_add_test(tables, wrapping_keeps_characters_whole);
    tcase_add_test(tables, last_column_keeps_some_room_however_narrow);
    tcase_add_test(tables, random_texts_fit);
    tcase_add_test(tables, cells_do_not_follow_the_locale);
    tcase_add_test(tables, nothing_is_needed);
    suite_add_tcase(suite, tables);
    return testing_main(suite);
}
