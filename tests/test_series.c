/* data/series.c, data/directory.c, and the series that ship */
#include "data/series.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char folder[TESTING_PATH], path[TESTING_PATH];

static enum status read_bytes(const char *text, size_t length, struct series *s, struct error *e)
{
    memset(e, 0, sizeof *e);
    testing_write_bytes(testing_path(path, testing_folder(folder), "my.csv"), text, length);
    return series_read(path, s, e);
}

static enum status read_text(const char *text, struct series *s, struct error *e)
{
    return read_bytes(text, strlen(text), s, e);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static const char whole[] = "# Grain prices\n"
                            "# unit: 1990 int$\n"
                            "# source: one\n"
                            "#source:  two\n"
                            "# licence: CC BY 4.0\n"
                            "# note: a note\n"
                            "# more of it\n"
                            "# cross-check: fits\n"
                            "# reference: other\n"
                            "year,value,low,high\n"
                            "-10000,0.5,0.25,1\n"
                            "1950,1e3,-.5,2000\n"
                            "1950,7,7,7\n"
                            "1950.5,-3,-3,0\n";

START_TEST(everything_in_a_file_is_kept)
{
    struct series s;
    struct error e;
    ck_assert_msg(read_text(whole, &s, &e) == STATUS_OK, "%s", e.message);
    ck_assert_str_eq(s.name, path);
    ck_assert_str_eq(s.title, "Grain prices");
    ck_assert_str_eq(s.unit, "1990 int$");
    ck_assert_str_eq(s.source, "one\ntwo");
    ck_assert_str_eq(s.licence, "CC BY 4.0");
    ck_assert_str_eq(s.notes, "a note\nmore of it\nfits");
    ck_assert_str_eq(s.reference, "other");
    ck_assert_uint_eq(s.n, 4);
    const double expected[4][4] = {
        {-10000, 0.5, 0.25, 1}, {1950, 1000, -0.5, 2000}, {1950, 7, 7, 7}, {1950.5, -3, -3, 0}};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_double_eq(s.year[i], expected[i][0]);
        ck_assert_double_eq(s.value[i], expected[i][1]);
        ck_assert_double_eq(s.low[i], expected[i][2]);
        ck_assert_double_eq(s.high[i], expected[i][3]);
    }
    series_clear(&s);
    series_clear(&s);
}
END_TEST

START_TEST(a_header_and_a_row_are_enough)
{
    static const char *const variants[] = {
        "year,value\n1950,10.5\n",
        "year,value\n1950,10.5", /* no line end */
        "year,value\r\n1950,10.5\r\n",
        "\xef\xbb\xbfyear,value\n1950,10.5\n",
        "\xef\xbb\xbf# title\r\nyear,value\r\n+1950,1.05e1",
    };
    struct series s;
    struct error e;
    ck_assert_msg(read_text(variants[_i], &s, &e) == STATUS_OK, "%s", e.message);
    ck_assert_uint_eq(s.n, 1);
    ck_assert_double_eq(s.year[0], 1950);
    ck_assert_double_eq(s.value[0], 10.5);
    ck_assert_ptr_null(s.low);
    ck_assert_ptr_null(s.high);
    ck_assert_str_eq(s.title, _i == 4 ? "title" : "");
    ck_assert_str_eq(s.unit, "");
    series_clear(&s);
}
END_TEST

START_TEST(locale_does_not_matter)
{
    struct series s;
    struct error e;
    testing_use_comma_locale();
    ck_assert_int_eq(read_text("year,value\n1950.25,10.5\n", &s, &e), STATUS_OK);
    ck_assert_double_eq(s.year[0], 1950.25);
    ck_assert_double_eq(s.value[0], 10.5);
    series_clear(&s);
}
END_TEST

START_TEST(long_files_are_read_whole)
{
    enum { ROWS = 5000 };
    char *text = malloc(ROWS * 32 + 64), *end = text + sprintf(text, "year,value,low,high\n");
    struct series s;
    struct error e;
    for (int i = 0; i < ROWS; i++)
        end += sprintf(end, "%d,%d,%d,%d\n", i - 2000, i, i - 1, i + 1);
    ck_assert_int_eq(read_text(text, &s, &e), STATUS_OK);
    ck_assert_uint_eq(s.n, ROWS);
    for (int i = 0; i < ROWS; i++)
        ck_assert(s.year[i] == i - 2000 && s.value[i] == i && s.low[i] == i - 1 && s.high[i] == i + 1);
    series_clear(&s);
    free(text);
}
END_TEST

/* --- complaints -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    int line, column;
    const char *says;
} complaints[] = {
    {"", 1, 1, "ends before the header"},
    {"# title only\n", 2, 1, "ends before the header"},
    {"year,value\n", 2, 1, "ends before the first row"},
    {"Year,Value\n1950,1\n", 1, 1, "found 'Year,Value'"},
    {"year;value\n1950;1\n", 1, 1, "expected the header"},
    {"year,value,low\n1950,1,1\n", 1, 1, "expected the header"},
    {"year,value \n1950,1\n", 1, 1, "expected the header"},
    {"1950,1\n", 1, 1, "expected the header"},
    {"year,value\n1950\n", 2, 5, "fewer columns"},
    {"year,value\n1950,1,2\n", 2, 7, "more columns"},
    {"year,value,low,high\n1950,1,0\n", 2, 9, "fewer columns"},
    {"year,value\n1950,1,\n", 2, 7, "more columns"},
    {"year,value\n1950,\n", 2, 6, "a value is missing"},
    {"year,value\n,1\n", 2, 1, "a value is missing"},
    {"year,value\n1950,1\n1951,one\n", 3, 6, "expected a number, found 'one'"},
    {"year,value\n1950,1.5x\n", 2, 6, "expected a number, found '1.5x'"},
    {"year,value\n1950, 1\n", 2, 6, "expected a number, found ' 1'"},
    {"year,value\n1950,inf\n", 2, 6, "expected a number"},
    {"year,value\n1950,nan\n", 2, 6, "expected a number"},
    {"year,value\n1950,1e999\n", 2, 6, "expected a number"},
    {"year,value\n1950,0x1p3\n", 2, 6, "expected a number"},
    {"year,value\n1950,\"1\"\n", 2, 6, "expected a number"},
    {"year,value\n44 BC,1\n", 2, 1, "expected a year"},
    {"year,value\n1950-01-01,1\n", 2, 1, "expected a year"},
    {"year,value\n1950,1\n1949,1\n", 3, 1, "years must rise"},
    {"year,value,low,high\n1950,1,2,0\n", 2, 8, "low is above high"},
    {"year,value,low,high\n1950,3,0,2\n", 2, 6, "outside low and high"},
    {"year,value,low,high\n1950,-1,0,2\n", 2, 6, "outside low and high"},
    {"year,value\n1950,1\n\n1951,1\n", 3, 1, "an empty line"},
    {"\nyear,value\n1950,1\n", 1, 1, "an empty line"},
    {"year,value\n1950,1\n# late\n", 3, 1, "comments stand before the header"},
    {"# t\nyear,value\n1950,00000000000000000000000000000000000000000000000000000000000000001\n", 3, 6,
     "expected a number"},
    {"year,value\n1950,1\x01\n", 2, 7, "0x01"},
    {"# caf\xc3\xa9 \x1b[2J\nyear,value\n1950,1\n", 1, 8, "0x1b"},
    {"# caf\xe9\nyear,value\n1950,1\n", 1, 6, "0xe9"},
    {"\xff\xfey\n", 1, 1, "0xff"},
    {"year,value\n1950,\xef\xbc\x91\n", 2, 6, "expected a number"},
};

START_TEST(complaint_has_a_place_and_says_what)
{
    struct series s;
    struct error e;
    char line[2048];
    ck_assert_msg(read_text(complaints[_i].text, &s, &e) == STATUS_BAD_INPUT, "taken: %s", complaints[_i].text);
    error_format(&e, line, sizeof line);
    ck_assert_str_eq(e.file, path);
    ck_assert_msg(e.line == complaints[_i].line && e.column == complaints[_i].column, "%s: expected %d:%d", line,
                  complaints[_i].line, complaints[_i].column);
    ck_assert_msg(strstr(e.message, complaints[_i].says) != NULL, "%s: expected '%s'", line, complaints[_i].says);
    ck_assert_ptr_null(s.name); /* nothing to clear, and clearing does no harm */
    ck_assert_uint_eq(s.n, 0);
    series_clear(&s);
}
END_TEST

START_TEST(zero_bytes_are_no_text)
{
    struct series s;
    struct error e;
    ck_assert_int_eq(read_bytes("year,value\n1950,1\0\n", 19, &s, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(e.line, 2);
    ck_assert_int_eq(e.column, 7);
    ck_assert_ptr_nonnull(strstr(e.message, "0x00"));
}
END_TEST

START_TEST(unreadable_files_say_why)
{
    struct series s;
    struct error e;
    ck_assert_int_eq(series_read(testing_path(path, testing_folder(folder), "absent.csv"), &s, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.file, path);
    ck_assert_ptr_nonnull(strstr(e.message, "No such file"));
    series_clear(&s);
    ck_assert_int_eq(series_read(folder, &s, &e), STATUS_BAD_INPUT);
    series_clear(&s);
    testing_write(path, "x");
    ck_assert_int_eq(truncate(path, (16 << 20) + 1), 0);
    ck_assert_int_eq(series_read(path, &s, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "larger"));
    series_clear(&s);
}
END_TEST

START_TEST(damaged_files_are_read_or_refused)
{
    static const char bytes[] = ",\n\r#-+.eE0919 \tx\x80\xff\"";
    uint64_t state = testing_seed();
    for (int round = 0; round < 2000; round++) {
        char text[sizeof whole];
        struct series s;
        struct error e;
        memcpy(text, whole, sizeof whole);
        for (size_t n = 1 + testing_random(&state) % 4; n > 0; n--)
            text[testing_random(&state) % (sizeof whole - 1)] = bytes[testing_random(&state) % (sizeof bytes - 1)];
        testing_write(testing_path(path, round ? folder : testing_folder(folder), "my.csv"), text);
        enum status status = series_read(path, &s, &e);
        ck_assert_msg(status == STATUS_OK || (status == STATUS_BAD_INPUT && e.line > 0), "%s for\n%s", e.message, text);
        for (size_t i = 0; !status && i < s.n; i++)
            ck_assert(isfinite(s.year[i]) && isfinite(s.value[i]) && (!i || s.year[i] >= s.year[i - 1]));
        series_clear(&s);
    }
}
END_TEST

/* --- what ships -------------------------------------------------------------------------------------------------- */

START_TEST(every_shipped_series_says_what_it_is)
{
    char **names;
    size_t n;
    struct error e = {0};
    ck_assert_msg(series_names(&names, &n, &e) == STATUS_OK, "%s", e.message);
    ck_assert_uint_ge(n, 41);
    ck_assert_ptr_null(names[n]);
    for (size_t i = 0; i < n; i++) {
        struct series s, reference;
        if (i)
            ck_assert_str_lt(names[i - 1], names[i]);
        ck_assert_msg(series_load(names[i], &s, &e) == STATUS_OK, "%s:%d:%d: %s", e.file, e.line, e.column, e.message);
        ck_assert_str_eq(s.name, names[i]);
        ck_assert_msg(s.title[0] && s.unit[0] && s.source[0] && s.licence[0], "%s", names[i]);
        ck_assert_msg(!strchr(s.title, '\n') && !strchr(s.unit, '\n'), "%s", names[i]);
        ck_assert_msg(s.n >= 2 && s.year[0] < s.year[s.n - 1] && s.year[s.n - 1] <= 2100, "%s", names[i]);
        if (s.reference[0]) {
            ck_assert_msg(series_load(s.reference, &reference, &e) == STATUS_OK, "%s: %s", names[i], e.message);
            series_clear(&reference);
        }
        series_clear(&s);
    }
    series_names_free(names);
    series_names_free(NULL);
}
END_TEST

static double value_at(const struct series *s, double year)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->year[i] == year)
            return s->value[i];
    ck_abort_msg("%s has no year %g", s->name, year);
}

/* Figures as printed in the publications (Maddison's of 2003: the file is a later revision, and differs a little). */
static const struct {
    const char *name;
    double year, value, tolerance;
} published[] = {
    /* Maddison, "The World Economy: Historical Statistics" (OECD 2003), tables 8b and 8a: billion 1990 int$, thousands
     */
    {"world_gdp_maddison2010", 1950, 5330, 0.005},
    {"world_gdp_maddison2010", 1820, 695, 0.005},
    /* Kremer (1993), table I: millions */
    {"world_population_kremer1993", 1900, 1625, 1e-9},
    {"world_population_kremer1993", -10000, 4, 1e-9},
    {"world_population_kremer1993", 1990, 5333, 1e-9},
};

START_TEST(shipped_values_are_the_published_ones)
{
    struct series s;
    struct error e = {0};
    ck_assert_msg(series_load(published[_i].name, &s, &e) == STATUS_OK, "%s", e.message);
    assert_close(value_at(&s, published[_i].year), published[_i].value, published[_i].tolerance, 0);
    series_clear(&s);
}
END_TEST

static const struct {
    const char *name, *says;
} unknown[] = {
    {"world_gpd_maddison2010", "did you mean 'world_gdp_maddison2010'?"},
    {"nothing_like_it_at_all", "unknown series 'nothing_like_it_at_all' (gears data lists all"},
    {"", "unknown series ''"},
    {"../series/world_population", "unknown series"},
    {"/etc/passwd", "unknown series"},
    {"world_population.csv", "did you mean 'world_population'"},
    {"WORLD_POPULATION", "did you mean 'world_population'?"},
};

START_TEST(unknown_series_names_the_nearest)
{
    struct series s;
    struct error e;
    ck_assert_int_eq(series_load(unknown[_i].name, &s, &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, unknown[_i].says) != NULL, "%s", e.message);
    series_clear(&s);
}
END_TEST

START_TEST(data_directory_can_be_given)
{
    char series_folder[TESTING_PATH], buffer[TESTING_PATH], **names;
    struct series s;
    struct error e = {0};
    size_t n;
    testing_folder(folder);
    setenv("GEARS_DATA", folder, 1);
    ck_assert_int_eq(data_directory(buffer, sizeof buffer, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "GEARS_DATA"));
    ck_assert_int_eq(series_names(&names, &n, &e), STATUS_FAILED);
    ck_assert_int_eq(series_load("mine", &s, &e), STATUS_FAILED);
    series_clear(&s);
    testing_path(series_folder, folder, "series");
    ck_assert_int_eq(mkdir(series_folder, 0700), 0);
    testing_write(testing_path(path, series_folder, "mine.csv"), "year,value\n1,2\n");
    testing_write(testing_path(path, series_folder, "README"), "not a series");
    ck_assert_int_eq(data_directory(buffer, sizeof buffer, &e), STATUS_OK);
    ck_assert_str_eq(buffer, folder);
    ck_assert_int_eq(series_names(&names, &n, &e), STATUS_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(names[0], "mine");
    series_names_free(names);
    ck_assert_int_eq(series_load("mine", &s, &e), STATUS_OK);
    ck_assert_str_eq(s.name, "mine");
    series_clear(&s);
    ck_assert_int_eq(series_load("world_population", &s, &e), STATUS_BAD_INPUT);
    series_clear(&s);
    setenv("GEARS_DATA", "", 1); /* empty is not given */
    ck_assert_int_eq(series_load("world_population", &s, &e), STATUS_OK);
    series_clear(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("series");
    TCase *reading = tcase_create("reading");
    tcase_add_test(reading, everything_in_a_file_is_kept);
    tcase_add_loop_test(reading, a_header_and_a_row_are_enough, 0, 5);
    tcase_add_test(reading, locale_does_not_matter);
    tcase_add_test(reading, long_files_are_read_whole);
    suite_add_tcase(suite, reading);
    TCase *refusing = tcase_create("complaints");
    tcase_add_loop_test(refusing, complaint_has_a_place_and_says_what, 0, COUNT(complaints));
    tcase_add_test(refusing, zero_bytes_are_no_text);
    tcase_add_test(refusing, unreadable_files_say_why);
    tcase_add_test(refusing, damaged_files_are_read_or_refused);
    suite_add_tcase(suite, refusing);
    TCase *shipped = tcase_create("what ships");
    tcase_add_test(shipped, every_shipped_series_says_what_it_is);
    tcase_add_loop_test(shipped, shipped_values_are_the_published_ones, 0, COUNT(published));
    tcase_add_loop_test(shipped, unknown_series_names_the_nearest, 0, COUNT(unknown));
    tcase_add_test(shipped, data_directory_can_be_given);
    suite_add_tcase(suite, shipped);
    return testing_main(suite);
}
