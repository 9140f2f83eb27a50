/* base/text.c */
#include "base/text.h"
#include "tests/testing.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 32, RANDOM_NUMBERS = 20000 };
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- reading numbers --------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    double value;
} numbers[] = {
    {"0", 0},           {"7", 7},        {"-12", -12},      {"+3", 3},       {"1.5", 1.5},    {"-.5", -0.5},
    {"5.", 5},          {"1e3", 1000},   {"1E-2", 0.01},    {"2.5e+2", 250}, {"007", 7},      {"1e308", 1e308},
    {"5e-324", 5e-324}, {"1e-999", 0},   {"0x", NAN},       {"", NAN},       {" 1", NAN},     {"1 ", NAN},
    {"0.5abc", NAN},    {"1,5", NAN},    {"1.5.2", NAN},    {"0x10", NAN},   {"inf", NAN},    {"-inf", NAN},
    {"nan", NAN},       {"NaN(1)", NAN}, {"infinity", NAN}, {"1e999", NAN},  {"-1e999", NAN}, {"e5", NAN},
    {"1e", NAN},        {"1e+", NAN},    {".", NAN},        {"-", NAN},      {"+-1", NAN},    {"--1", NAN},
    {"1_000", NAN},     {"1\n", NAN},    {"\xd9\xa1", NAN}, {"1e5.0", NAN},  {"0b1", NAN},    {"1f", NAN},
    {"1.5d0", NAN},     {"\t2", NAN},    {"2e-", NAN},
};

START_TEST(number_is_the_whole_text_or_nothing)
{
    double value = 42;
    bool good = text_to_number(numbers[_i].text, &value);
    ck_assert_msg(good == !isnan(numbers[_i].value), "'%s'", numbers[_i].text);
    ck_assert_double_eq(value, good ? numbers[_i].value : 42); /* a refused text leaves the number alone */
}
END_TEST

START_TEST(number_keeps_the_sign_of_zero)
{
    double value;
    ck_assert(text_to_number("-0", &value));
    ck_assert(value == 0 && signbit(value));
}
END_TEST

/* Correct rounding, where naive readers go wrong: halfway cases 2^53 + 1 and just above, and the largest subnormal. */
START_TEST(number_is_rounded_correctly)
{
    double value;
    ck_assert(text_to_number("9007199254740993", &value));
    ck_assert_double_eq(value, 0x1p53);
    ck_assert(text_to_number("9007199254740993.00000000000000000001", &value));
    ck_assert_double_eq(value, 0x1.0000000000001p53);
    ck_assert(text_to_number("2.2250738585072011e-308", &value));
    ck_assert_double_eq(value, 0x0.fffffffffffffp-1022);
}
END_TEST

/* --- writing numbers --------------------------------------------------------------------------------------------- */

/* The shortest decimals, as Python's repr gives them. */
static const struct {
    double value;
    const char *text;
} shortest[] = {
    {0, "0"},
    {-0.0, "-0"},
    {1, "1"},
    {-3, "-3"},
    {0.1, "0.1"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1.0 / 3, "0.3333333333333333"},
    {2.0 / 3, "0.6666666666666666"},
    {1e22, "1e+22"},
    {1e23, "1e+23"},
    {123456789012345678.0, "1.2345678901234568e+17"},
    {-10000, "-10000"},
    {0.256, "0.256"},
    {1e-9, "1e-09"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {DBL_MIN, "2.2250738585072014e-308"},
    {0x1p-1074, "5e-324"},
    {0x1p-1073, "1e-323"},
    {0x1.8p-1040, "1.2731974746e-313"},
    {INFINITY, "null"},
    {-INFINITY, "null"},
    {NAN, "null"},
};

START_TEST(writing_is_as_short_as_reading_back_allows)
{
    char text[LENGTH];
    ck_assert_ptr_eq(text_from_number(shortest[_i].value, text, sizeof text), text);
    ck_assert_str_eq(text, shortest[_i].text);
}
END_TEST

static size_t count_digits(const char *text)
{
    size_t n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (n || *text != '0')) {
            n++;
            zeros = *text == '0' ? zeros + 1 : 0;
        }
    return n - zeros; /* the zeros of 1200 carry nothing */
}

static double random_double(uint64_t *state)
{
    for (;;) {
        uint64_t bits = testing_random(state);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            return value;
    }
}

START_TEST(random_numbers_survive_the_round_trip)
{
    uint64_t seed = testing_seed(), state = seed;
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        double value = random_double(&state), back;
        if (i % 4 == 0)
            value = ldexp(value, -1022 - ilogb(value) - (int)(testing_random(&state) % 52)); /* subnormal */
        char text[LENGTH], rounded[LENGTH];
        text_from_number(value, text, sizeof text);
        bool read = text_to_number(text, &back);
        ck_assert_msg(read && memcmp(&back, &value, sizeof back) == 0, "%a -> %s", value, text);
        int digits = (int)count_digits(text);
        ck_assert_int_le(digits, 17);
        if (digits < 2)
            continue;
        snprintf(rounded, sizeof rounded, "%.*g", digits - 1, value);
        ck_assert_msg(strtod(rounded, NULL) != value, "%a -> %s, but %s would do", value, text, rounded);
    }
}
END_TEST

START_TEST(writing_stays_inside_the_buffer)
{
    char text[8];
    memset(text, 'x', sizeof text);
    text_from_number(-1.0 / 3, text, 4);
    ck_assert_str_eq(text, "-0.");
    ck_assert_int_eq(text[4], 'x');
}
END_TEST

/* --- locale ------------------------------------------------------------------------------------------------------ */

START_TEST(locale_does_not_matter)
{
    char text[LENGTH];
    double value = 0;
    testing_use_comma_locale();
    snprintf(text, sizeof text, "%.1f", 0.5);
    ck_assert_str_eq(text, "0,5");            /* the C library follows the locale ... */
    ck_assert(text_to_number("0.5", &value)); /* ... and we do not */
    ck_assert_double_eq(value, 0.5);
    ck_assert(!text_to_number("0,5", &value));
    ck_assert(text_to_year("44.5 BC", &value));
    ck_assert_double_eq(value, -44.5);
    ck_assert_str_eq(text_from_number(-1234567.25, text, sizeof text), "-1234567.25");
    ck_assert_str_eq(text_from_year(2044.25, 2, text, sizeof text), "2044.25");
    char *formatted = text_format("%.2f", 0.25);
    ck_assert_str_eq(formatted, "0.25");
    free(formatted);
    snprintf(text, sizeof text, "%.1f", 0.5);
    ck_assert_str_eq(text, "0,5"); /* the caller's locale is still in force */
}
END_TEST

/* --- years ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    double year; /* NAN: refused */
} years[] = {
    {"1950", 1950},
    {"-10000", -10000},
    {"10000 BCE", -10000},
    {"1500 CE", 1500},
    {"44 BC", -44},
    {"800 AD", 800},
    {"10000bce", -10000},
    {"44  bc", -44},
    {"2044.5", 2044.5},
    {"1e3", 1000},
    {"0", 0},
    {"0.5 BCE", -0.5},
    {"-5 BCE", NAN},
    {"-5 CE", NAN},
    {"BCE", NAN},
    {"", NAN},
    {"BCE 44", NAN},
    {"44 BCEX", NAN},
    {"44 B", NAN},
    {"44 BC E", NAN},
    {"1950 AD BC", NAN},
    {"19.5.0", NAN},
    {"nineteen", NAN},
    {"1950x", NAN},
    {"1e999 BCE", NAN},
    {"inf", NAN},
    {"44\tBC", NAN},
    {"00000000000000000000000000000000000000000000000000000000000001950 CE", NAN}, /* no year has 65 digits */
};

START_TEST(years_with_and_without_an_era)
{
    double year = 42;
    bool good = text_to_year(years[_i].text, &year);
    ck_assert_msg(good == !isnan(years[_i].year), "'%s'", years[_i].text);
    ck_assert_double_eq(year, good ? years[_i].year : 42);
}
END_TEST

static const struct {
    double year;
    int decimals;
    const char *text;
} written_years[] = {
    {-10000, 0, "10000 BCE"}, {1822, 0, "1822"}, {2044.26, 1, "2044.3"}, {-0.5, 1, "0.5 BCE"}, {0, 0, "0"},
    {-0.0, 0, "0"},           {-0.04, 1, "0.0"}, {1e6, 0, "1000000"},    {NAN, 0, "never"},    {INFINITY, 2, "never"},
    {-INFINITY, 0, "never"},
};

START_TEST(years_for_people)
{
    char text[LENGTH];
    ck_assert_ptr_eq(text_from_year(written_years[_i].year, written_years[_i].decimals, text, sizeof text), text);
    ck_assert_str_eq(text, written_years[_i].text);
}
END_TEST

/* --- nearest names ----------------------------------------------------------------------------------------------- */

static const char *const names[] = {"model", "time", "parameters", "capital_share", "rho", "mu", "Y"};

/* Edit distance counted by hand; allowed: 1 + length/3. */
static const struct {
    const char *word, *nearest;
} slips[] = {
    {"model", "model"},
    {"modell", "model"},                /* one letter too many */
    {"mdel", "model"},                  /* one missing */
    {"medel", "model"},                 /* one wrong */
    {"mdoel", "model"},                 /* neighbours swapped: distance 1 */
    {"emit", NULL},                     /* four edits from time > 1 + 4/3 */
    {"MODEL", "model"},                 /* case does not count */
    {"capitla_shrae", "capital_share"}, /* two swaps */
    {"parametres", "parameters"},
    {"um", "mu"},   /* one swap; as two edits it would be too far */
    {"hro", "rho"}, /* swap */
    {"y", "Y"},
    {"zz", NULL}, /* two edits from Y > 1 + 2/3 */
    {"wholly_different", NULL},
    {"", "Y"},             /* one edit */
    {"par", "parameters"}, /* begins with it */
    {"Capital", "capital_share"},
    {"share", NULL},
    {"pa", NULL}, /* too short to tell */
};

START_TEST(nearest_name_is_a_slip_away)
{
    const char *found = text_nearest(slips[_i].word, names, COUNT(names));
    ck_assert_pstr_eq(found, slips[_i].nearest);
}
END_TEST

START_TEST(nearest_of_several_is_the_first_of_the_best)
{
    static const char *const close[] = {"saving_rates", "saving_rate", "saving_rape"};
    ck_assert_str_eq(text_nearest("saving_rate", close, 3), "saving_rate");
    ck_assert_str_eq(text_nearest("saving_rat", close, 3), "saving_rate");
    ck_assert_str_eq(text_nearest("saving_ratz", close + 1, 2), "saving_rate");
    ck_assert_ptr_null(text_nearest("saving_rate", close, 0));
    char end[40] = "x";
    ck_assert_str_eq(text_did_you_mean("saving_rate", end, sizeof end), "; did you mean 'saving_rate'?");
    ck_assert_str_eq(text_did_you_mean(NULL, end, sizeof end), "");
    ck_assert_str_eq(text_nearest("sav", close, 3), "saving_rate");
}
END_TEST

START_TEST(nearest_name_of_a_very_long_word_is_none)
{
    char word[1000];
    memset(word, 'm', sizeof word - 1);
    word[sizeof word - 1] = 0;
    ck_assert_ptr_null(text_nearest(word, names, COUNT(names)));
    const char *const same[] = {word};
    ck_assert_ptr_null(text_nearest("model", same, 1));
}
END_TEST

START_TEST(format_and_copy_give_texts_of_their_own)
{
    char *formatted = text_format("%s has %d rows", "a.csv", 12), *copy = text_copy(formatted);
    ck_assert_str_eq(formatted, "a.csv has 12 rows");
    ck_assert_str_eq(copy, formatted);
    ck_assert_ptr_ne(copy, formatted);
    ck_assert_ptr_null(text_copy(NULL));
    free(formatted);
    free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *reading = tcase_create("reading numbers");
    tcase_add_loop_test(reading, number_is_the_whole_text_or_nothing, 0, COUNT(numbers));
    tcase_add_test(reading, number_keeps_the_sign_of_zero);
    tcase_add_test(reading, number_is_rounded_correctly);
    suite_add_tcase(suite, reading);
    TCase *writing = tcase_create("writing numbers");
    tcase_add_loop_test(writing, writing_is_as_short_as_reading_back_allows, 0, COUNT(shortest));
    tcase_add_test(writing, random_numbers_survive_the_round_trip);
    tcase_add_test(writing, writing_stays_inside_the_buffer);
    tcase_add_test(writing, locale_does_not_matter);
    suite_add_tcase(suite, writing);
    TCase *dates = tcase_create("years");
    tcase_add_loop_test(dates, years_with_and_without_an_era, 0, COUNT(years));
    tcase_add_loop_test(dates, years_for_people, 0, COUNT(written_years));
    suite_add_tcase(suite, dates);
    TCase *words = tcase_create("names");
    tcase_add_loop_test(words, nearest_name_is_a_slip_away, 0, COUNT(slips));
    tcase_add_test(words, nearest_of_several_is_the_first_of_the_best);
    tcase_add_test(words, nearest_name_of_a_very_long_word_is_none);
    tcase_add_test(words, format_and_copy_give_texts_of_their_own);
    suite_add_tcase(suite, words);
    return testing_main(suite);
}
