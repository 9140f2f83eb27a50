/* data/units.c */
#include "data/units.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *text;
    enum quantity quantity;
    double scale;
    const char *base;
} units[] = {
    /* as the shipped series write them */
    {"billion 1990 international dollars", QUANTITY_OUTPUT, 1e9, "1990 int$"},
    {"billion 1990 international (Geary-Khamis) dollars", QUANTITY_OUTPUT, 1e9, "1990 int$"},
    {"billion 1990 international Geary-Khamis dollars (source gives millions)", QUANTITY_OUTPUT, 1e9, "1990 int$"},
    {"billion 1990 international dollars (his relative world product x $80 a head)", QUANTITY_OUTPUT, 1e9, "1990 int$"},
    {"billion 1990 international dollars at the 1960 splice", QUANTITY_OUTPUT, 1e9, "1990 int$"},
    {"billion constant 2021 international dollars", QUANTITY_OUTPUT, 1e9, "2021 int$"},
    {"1990 international Geary-Khamis dollars per person", QUANTITY_OUTPUT_PER_HEAD, 1, "1990 int$"},
    {"2011 US dollars per person (Maddison Project 2018, rgdpnapc), earlier points tied to the world series",
     QUANTITY_OUTPUT_PER_HEAD, 1, "2011 US$"},
    {"births per 1,000 persons per year", QUANTITY_RATE, 1e-3, ""},
    {"thousand persons", QUANTITY_PERSONS, 1e3, ""},
    {"million persons", QUANTITY_PERSONS, 1e6, ""},
    {"percent", QUANTITY_RATIO, 1e-2, ""},
    {"percent per year, over the interval that starts in the year given", QUANTITY_RATE, 1e-2, ""},
    {"years of GDP", QUANTITY_RATIO, 1, "years"},
    {"years of GDP (sum of cn / sum of cgdpo, current PPPs, 2017 US dollars)", QUANTITY_RATIO, 1, "years"},
    {"FLOP (decimal year of publication)", QUANTITY_OTHER, 1, "flop (decimal year of publicati"},
    {"FP32 FLOP/s per US dollar of release price", QUANTITY_OTHER, 1, "fp32 flop/s per us dollar of re"},
    {"2010 PPP dollar based level", QUANTITY_OTHER, 1, "2010 ppp dollar based level"},
    {"full-time equivalents (nominal IPP investment in dollars / mean earnings)", QUANTITY_OTHER, 1,
     "full-time equivalents (nominal "},
    /* as users and models do */
    {"billion 1990 int$", QUANTITY_OUTPUT, 1e9, "1990 int$"},
    {"2011 int$/person", QUANTITY_OUTPUT_PER_HEAD, 1, "2011 int$"},
    {"Million 2015 US$", QUANTITY_OUTPUT, 1e6, "2015 US$"},
    {"trillion 2017 PPP $", QUANTITY_OUTPUT, 1e12, "2017 int$"},
    {"1700 pounds", QUANTITY_OUTPUT, 1, "pounds"}, /* no price year before 1800 */
    {"pounds of 1900 per head", QUANTITY_OUTPUT_PER_HEAD, 1, "1900 pounds"},
    {"$", QUANTITY_OUTPUT, 1, "US$"},
    {"dollars of 19905", QUANTITY_OUTPUT, 1, "US$"},
    {"persons", QUANTITY_PERSONS, 1, ""},
    {"people", QUANTITY_PERSONS, 1, ""},
    {"1/year", QUANTITY_RATE, 1, ""},
    {"% per year", QUANTITY_RATE, 1e-2, ""},
    {"1", QUANTITY_RATIO, 1, ""},
    {"share of output", QUANTITY_RATIO, 1, ""},
    {"", QUANTITY_OTHER, 1, ""},
    {"bushels", QUANTITY_OTHER, 1, "bushels"},
    {"b) bushels (not dollars)", QUANTITY_OTHER, 1, "b) bushels (not dollars)"},
    {"index", QUANTITY_OTHER, 1, "index"},
};

START_TEST(units_are_understood)
{
    struct unit u;
    unit_parse(units[_i].text, &u);
    ck_assert_msg(u.quantity == units[_i].quantity, "'%s': quantity %d", units[_i].text, u.quantity);
    ck_assert_double_eq(u.scale, units[_i].scale);
    ck_assert_str_eq(u.price_base, units[_i].base);
}
END_TEST

START_TEST(units_of_any_length_are_taken)
{
    char text[2000];
    struct unit u;
    memset(text, '(', sizeof text - 1);
    text[sizeof text - 1] = 0;
    unit_parse(text, &u);
    ck_assert_int_eq(u.quantity, QUANTITY_OTHER);
    memset(text, ')', sizeof text - 1);
    unit_parse(text, &u);
    memset(text, '9', sizeof text - 1);
    memcpy(text, "$ ", 2);
    unit_parse(text, &u);
    ck_assert_str_eq(u.price_base, "US$");
}
END_TEST

/* --- conversion -------------------------------------------------------------------------------------------------- */

static char legend[100];
static double factor;

/* A series from literals. */
static struct series make_series(const char *unit, size_t n, double *year, double *value)
{
    return (struct series){
        .name = (char *)"made", .unit = (char *)unit, .reference = (char *)"", .n = n, .year = year, .value = value};
}

START_TEST(powers_of_ten_need_no_legend)
{
    static const struct {
        const char *from, *to;
        double factor;
    } pairs[] = {
        {"billion 1990 international dollars", "billion 1990 int$", 1},
        {"billion 1990 international dollars", "million 1990 int$", 1e3},
        {"thousand persons", "million persons", 1e-3},
        {"births per 1,000 persons per year", "1/year", 1e-3},
        {"percent", "1", 0.01},
        {"bushels", "bushels", 1},
        {"1990 int$ per person", "1990 int$/person", 1},
    };
    struct error e = {0};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct series s = make_series(pairs[i].from, 0, NULL, NULL);
        strcpy(legend, "stale");
        ck_assert_msg(unit_convert(&s, pairs[i].to, NULL, 1950, &factor, legend, sizeof legend, &e) == STATUS_OK, "%s",
                      e.message);
        assert_close(factor, pairs[i].factor, 1e-15, 0);
        ck_assert_str_eq(legend, "");
    }
}
END_TEST

START_TEST(other_quantities_are_refused)
{
    static const char *const pairs[][2] = {
        {"million persons", "billion 1990 int$"},
        {"1990 int$ per person", "billion 1990 int$"},
        {"bushels", "tonnes"},
        {"percent per year", "percent"},
        {"bushels", "persons"},
    };
    struct error e;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct series s = make_series(pairs[i][0], 0, NULL, NULL);
        ck_assert_int_eq(unit_convert(&s, pairs[i][1], NULL, 1950, &factor, legend, sizeof legend, &e),
                         STATUS_BAD_INPUT);
        ck_assert_msg(strstr(e.message, pairs[i][0]) && strstr(e.message, pairs[i][1]), "%s", e.message);
    }
}
END_TEST

/* 400 billion 2011 $ were 200,000 million 1990 $ in 1940: a 2011 dollar is half a 1990 dollar. */
START_TEST(price_bases_meet_at_the_common_year_nearest_to_the_wanted)
{
    double year[] = {1900, 1940, 1955, 1970}, value[] = {100, 400, 500, 900};
    double other_year[] = {1900, 1940, 1950, 1970}, other_value[] = {20e3, 200e3, 1, 300e3};
    struct series s = make_series("billion 2011 int$", 4, year, value);
    struct series reference = make_series("million 1990 int$", 4, other_year, other_value);
    struct error e = {0};
    ck_assert_msg(unit_convert(&s, "billion 1990 int$", &reference, 1950, &factor, legend, sizeof legend, &e) ==
                      STATUS_OK,
                  "%s", e.message);
    assert_close(factor, 0.5, 1e-15, 0);
    ck_assert_str_eq(legend, "2011 int$ x 0.5, matched 1940");
    ck_assert_int_eq(unit_convert(&s, "1990 int$", &reference, 1800, &factor, legend, sizeof legend, &e), STATUS_OK);
    assert_close(factor, 0.2 * 1e9, 1e-15, 0);
    ck_assert_str_eq(legend, "2011 int$ x 0.2, matched 1900");
    ck_assert_int_eq(unit_convert(&s, "billion 1990 int$", &reference, 3000, &factor, legend, sizeof legend, &e),
                     STATUS_OK);
    assert_close(factor, 1.0 / 3, 1e-15, 0);
    ck_assert_str_eq(legend, "2011 int$ x 0.333, matched 1970");
}
END_TEST

START_TEST(zeros_give_no_ratio)
{
    double year[] = {1940, 1950, 1960}, value[] = {400, 0, 600}, other[] = {0, 100, 300};
    struct series s = make_series("billion 2011 int$", 3, year, value),
                  reference = make_series("billion 1990 int$", 3, year, other);
    struct error e = {0};
    ck_assert_int_eq(unit_convert(&s, "billion 1990 int$", &reference, 1945, &factor, legend, sizeof legend, &e),
                     STATUS_OK);
    assert_close(factor, 0.5, 1e-15, 0);
}
END_TEST

START_TEST(no_reference_no_conversion)
{
    double year[] = {1950}, late[] = {1951}, value[] = {400};
    struct series s = make_series("billion 2011 int$", 1, year, value),
                  apart = make_series("billion 1990 int$", 1, late, value),
                  wrong = make_series("billion 2015 US$", 1, year, value);
    const struct series *const references[] = {NULL, &wrong, &apart};
    const char *const says[] = {"2011 int$", "2011 int$", "no year in common"};
    struct error e;
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(unit_convert(&s, "billion 1990 int$", references[i], 1950, &factor, legend, sizeof legend, &e),
                         STATUS_BAD_INPUT);
        ck_assert_msg(strstr(e.message, says[i]) != NULL, "%s", e.message);
    }
}
END_TEST

START_TEST(legend_follows_no_locale_and_no_overflow)
{
    double year[] = {1950.5}, value[] = {400}, other[] = {262};
    struct series s = make_series("2011 int$", 1, year, value), reference = make_series("1990 int$", 1, year, other);
    struct error e;
    char small[8];
    testing_use_comma_locale();
    ck_assert_int_eq(unit_convert(&s, "1990 int$", &reference, 1950, &factor, legend, sizeof legend, &e), STATUS_OK);
    ck_assert_str_eq(legend, "2011 int$ x 0.655, matched 1950.5");
    ck_assert_int_eq(unit_convert(&s, "1990 int$", &reference, 1950, &factor, small, sizeof small, &e), STATUS_OK);
    ck_assert_str_eq(small, "2011 in");
}
END_TEST

/* With the values at 1950 as the files have them. */
static const struct {
    const char *name, *to;
    double factor;
    const char *legend;
} shipped[] = {
    {"firstworld_gdp_maddison2023", "billion 1990 int$", 3192.743 / 5070.5564, "2011 int$ x 0.63, matched 1950"},
    {"world_gdp_maddison2023", "million 1990 int$", 5335.860 / 8461.551665152 * 1000,
     "2011 int$ x 0.631, matched 1950"},
    {"gdppc_weurope_maddison2020", "1990 int$/person", 4569 / 7263.261748284012, "2011 int$ x 0.629, matched 1950"},
    {"firstworld_gdp", "billion 1990 int$", 1, ""},
    {"firstworld_population_maddison2023", "million persons", 1e-3, ""},
};

START_TEST(shipped_series_name_what_converts_them)
{
    struct series s;
    struct error e = {0};
    ck_assert_int_eq(series_load(shipped[_i].name, &s, &e), STATUS_OK);
    ck_assert_msg(unit_match(&s, shipped[_i].to, 1950, &factor, legend, sizeof legend, &e) == STATUS_OK, "%s",
                  e.message);
    assert_close(factor, shipped[_i].factor, 1e-14, 0);
    ck_assert_str_eq(legend, shipped[_i].legend);
    series_clear(&s);
}
END_TEST

/* A user's file that names references: in the wrong base, then in the right one; unknown; none. */
START_TEST(users_file_may_name_a_reference)
{
    static const struct {
        const char *reference, *says;
        enum status status;
    } cases[] = {{"firstworld_gdp_maddison2023\nworld_gdp_maddison2010", NULL, STATUS_OK},
                 {"world_gdp_maddison2023, world_gdp_maddison2010", NULL, STATUS_OK},
                 {"firstworld_gdp_maddison2023", "no shipped series", STATUS_BAD_INPUT},
                 {"wrld_gdp_maddison2010", "did you mean 'world_gdp_maddison2010'", STATUS_BAD_INPUT},
                 {"../../etc/passwd", "unknown series", STATUS_BAD_INPUT},
                 {"", "no shipped series", STATUS_BAD_INPUT}};
    double year[] = {1950}, value[] = {533.5860};
    struct error e;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct series s = make_series("billion 1913 int$", 1, year, value);
        s.reference = (char *)cases[i].reference;
        ck_assert_int_eq(unit_match(&s, "billion 1990 int$", 1950, &factor, legend, sizeof legend, &e),
                         cases[i].status);
        if (cases[i].says)
            ck_assert_msg(strstr(e.message, cases[i].says) != NULL, "%s", e.message);
        else
            assert_close(factor, 10, 1e-12, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("units");
    TCase *parsing = tcase_create("parsing");
    tcase_add_loop_test(parsing, units_are_understood, 0, COUNT(units));
    tcase_add_test(parsing, units_of_any_length_are_taken);
    suite_add_tcase(suite, parsing);
    TCase *conversion = tcase_create("conversion");
    tcase_add_test(conversion, powers_of_ten_need_no_legend);
    tcase_add_test(conversion, other_quantities_are_refused);
    tcase_add_test(conversion, price_bases_meet_at_the_common_year_nearest_to_the_wanted);
    tcase_add_test(conversion, zeros_give_no_ratio);
    tcase_add_test(conversion, no_reference_no_conversion);
    tcase_add_test(conversion, legend_follows_no_locale_and_no_overflow);
    tcase_add_loop_test(conversion, shipped_series_name_what_converts_them, 0, COUNT(shipped));
    tcase_add_test(conversion, users_file_may_name_a_reference);
    suite_add_tcase(suite, conversion);
    return testing_main(suite);
}
