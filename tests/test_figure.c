/* plots/: figures as scripts, data and pictures */
#include "plots/figure.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct axis linear = {.label = "x", .low = NAN, .high = NAN},
                         logarithmic = {.label = "y, $", .scale = AXIS_LOG, .low = NAN, .high = NAN},
                         before_2200 = {
                             .label = "year", .scale = AXIS_LOG_BEFORE, .low = NAN, .high = NAN, .horizon = 2200};
static char folder[TESTING_PATH], path[TESTING_PATH];

static const char *in_folder(const char *name)
{
    return testing_path(path, folder, name);
}

static void need_gnuplot(void)
{
    if (system("gnuplot --version >/dev/null 2>&1") != 0)
        testing_skip("gnuplot is not installed");
}

/* Write into a new folder; nothing is left aside. */
static void write_figure(struct figure *f, bool expect_drawn)
{
    struct error e = {0};
    bool drawn = !expect_drawn;
    testing_folder(folder);
    ck_assert_msg(figure_write(f, folder, &drawn, &e) == STATUS_OK, "%s", e.message);
    ck_assert_int_eq(drawn, expect_drawn);
    ck_assert_uint_eq(testing_count_entries(folder), expect_drawn ? 4 : 2);
    figure_free(f);
}

/* One panel "fig" with one series. */
static struct figure *simple(const struct axis *x, const struct axis *y, enum mark mark, size_t n, const double *xs,
                             const double *ys, const double *y2)
{
    struct figure *f = figure_new("fig", "A title", "A caption.");
    figure_add_panel(f, "A panel", x, y);
    figure_add_series(f, 0, mark, -1, "a legend", n, xs, ys, y2);
    return f;
}

static void no_path(void)
{
    char nowhere[TESTING_PATH];
    setenv("PATH", testing_folder(nowhere), 1);
}

/* --- data -------------------------------------------------------------------------------------------------------- */

/* The lines of fig.dat that are not comments. */
static void assert_data(const char *expected)
{
    char *text = testing_read(in_folder("fig.dat"), NULL), *to = text;
    ck_assert_ptr_nonnull(text);
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        if (*line == '#')
            continue;
        size_t length = (size_t)(end - line) + 1;
        memmove(to, line, length);
        to += length;
    }
    *to = 0;
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(data_are_numbers_that_read_back)
{
    const double x[] = {-10000, 0.1, 1.0 / 3}, y[] = {1e-300, 5, 1e22};
    no_path();
    write_figure(simple(&linear, &linear, MARK_LINE, 3, x, y, NULL), false);
    assert_data("-10000 1e-300\n0.1 5\n0.3333333333333333 1e+22\n\n\n");
}
END_TEST

START_TEST(what_cannot_be_drawn_breaks_the_line)
{
    const double x[] = {0, 1, 2, NAN, 4, 5, INFINITY, 7}, y[] = {NAN, 10, INFINITY, 30, 40, -INFINITY, 60, 70};
    no_path();
    write_figure(simple(&linear, &linear, MARK_LINE, 8, x, y, NULL), false);
    assert_data("1 10\n\n4 40\n\n7 70\n\n\n"); /* one blank line a break, however many points are missing */
}
END_TEST

START_TEST(log_axes_drop_what_has_no_logarithm)
{
    const double x[] = {-1, 0, 1, 2, 3, 4}, y[] = {1, 1, 0, 5, -3, 7};
    no_path();
    write_figure(simple(&logarithmic, &logarithmic, MARK_LINE, 6, x, y, NULL), false);
    assert_data("2 5\n\n4 7\n\n\n");
}
END_TEST

START_TEST(dates_behind_the_horizon_are_dropped)
{
    const double x[] = {-10000, 2199.5, 2200, 2300}, y[] = {1, 2, 3, 4};
    no_path();
    write_figure(simple(&before_2200, &linear, MARK_LINE, 4, x, y, NULL), false);
    assert_data("-10000 1\n2199.5 2\n\n\n");
}
END_TEST

START_TEST(bands_break_where_either_edge_is_missing)
{
    const double x[] = {1, 2, 3, 4}, y[] = {1, NAN, 3, 4}, y2[] = {5, 6, 7, 0};
    no_path();
    write_figure(simple(&linear, &logarithmic, MARK_BAND, 4, x, y, y2), false);
    assert_data("1 1 5\n\n3 3 7\n\n\n");
}
END_TEST

START_TEST(a_curve_without_points_keeps_its_place)
{
    const double x[] = {1, 2}, nothing[] = {NAN, NAN}, y[] = {3, 4};
    no_path();
    struct figure *f = simple(&linear, &linear, MARK_LINE, 2, x, nothing, NULL);
    figure_add_series(f, 0, MARK_POINTS, -1, NULL, 2, x, y, NULL);
    write_figure(f, false);
    assert_data("nan nan nan\n\n\n1 3\n2 4\n\n\n");
}
END_TEST

/* Automatic ends of x move by a part of the range, on log axes of its logarithm; given ends stay. */
START_TEST(margins_are_parts_of_the_range)
{
    static const double x[] = {1, 5, 11}, y[] = {1, 2, 3};
    static const struct {
        enum axis_scale scale;
        double low, margin, from, to;
    } cases[] = {{AXIS_LINEAR, NAN, 0, 1, 11},
                 {AXIS_LINEAR, NAN, 0.1, 0, 12},
                 {AXIS_LINEAR, 0.5, 0.1, 0.5, 12.05},
                 {AXIS_LOG, NAN, 1, 1.0 / 11, 121}};
    double from = NAN, to = NAN;
    struct axis axis = {
        .label = "x", .scale = cases[_i].scale, .low = cases[_i].low, .high = NAN, .margin = cases[_i].margin};
    no_path();
    write_figure(simple(&axis, &linear, MARK_POINTS, 3, x, y, NULL), false);
    char *script = testing_read(in_folder("fig.gp"), NULL), *range = strstr(script, "set xrange [");
    ck_assert_ptr_nonnull(range);
    ck_assert_int_eq(sscanf(range, "set xrange [%lf : %lf]", &from, &to), 2);
    assert_close(from, cases[_i].from, 1e-13, 1);
    assert_close(to, cases[_i].to, 1e-13, 1);
    free(script);
}
END_TEST

START_TEST(numbers_do_not_follow_the_locale)
{
    const double x[] = {1.5, 2.5}, y[] = {0.25, 0.75};
    struct axis before = before_2200, y_axis = linear;
    before.horizon = 2200.5;
    before.low = 1.25;
    y_axis.high = 0.875;
    testing_use_comma_locale();
    no_path();
    struct figure *f = simple(&before, &y_axis, MARK_LINE, 2, x, y, NULL);
    figure_add_span(f, 0, 1.625, 2.375, "span", 0);
    figure_add_vertical(f, 0, 1.75, "event");
    write_figure(f, false);
    assert_data("1.5 0.25\n2.5 0.75\n\n\n");
    char *script = testing_read(in_folder("fig.gp"), NULL);
    static const char *const numbers[] = {"2200.5", "1.25", "0.875", "1.625", "2.375", "1.75"};
    for (size_t i = 0; i < COUNT(numbers); i++)
        ck_assert_msg(strstr(script, numbers[i]) != NULL, "no %s in\n%s", numbers[i], script);
    for (const char *c = script; (c = strchr(c, ',')); c++)
        if (c > script && c[-1] >= '0' && c[-1] <= '9' && c[1] >= '0' && c[1] <= '9') /* only sizes are written so */
            ck_assert_msg(strncmp(c - 4, "1100", 4) == 0 || strstr(c - 12 > script ? c - 12 : script, "layout") ||
                              strstr(c - 12 > script ? c - 12 : script, "offset"),
                          "%.40s", c - 10);
    free(script);
}
END_TEST

/* --- pictures ---------------------------------------------------------------------------------------------------- */

static unsigned long big_endian(const unsigned char *c)
{
    return (unsigned long)c[0] << 24 | (unsigned long)c[1] << 16 | (unsigned long)c[2] << 8 | c[3];
}

/* Signature, chunks with right check sums, header first, end last (PNG specification, section 5); the size as asked for
 * in the script. */
static void assert_png(const char *name, const char *script)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    size_t length, at = 8, chunks = 0;
    unsigned char *png = (unsigned char *)testing_read(in_folder(name), &length);
    unsigned long width = 0, height = 0;
    bool ended = false;
    ck_assert_ptr_nonnull(png);
    ck_assert(length > 100 && memcmp(png, signature, 8) == 0);
    for (; !ended; chunks++) {
        ck_assert_uint_le(at + 12, length);
        unsigned long size = big_endian(png + at);
        ck_assert_uint_le(at + 12 + size, length);
        ck_assert_uint_eq(crc32(0, png + at + 4, (unsigned)size + 4), big_endian(png + at + 8 + size));
        ck_assert_int_eq(chunks == 0, memcmp(png + at + 4, "IHDR", 4) == 0);
        if (chunks == 0) {
            width = big_endian(png + at + 8);
            height = big_endian(png + at + 12);
        }
        ended = memcmp(png + at + 4, "IEND", 4) == 0;
        at += 12 + size;
    }
    ck_assert_uint_eq(at, length);
    const char *asked = strstr(script, "pngcairo size ");
    ck_assert_ptr_nonnull(asked);
    char *rest;
    ck_assert_uint_eq(strtoul(asked + strlen("pngcairo size "), &rest, 10), width);
    ck_assert_uint_eq(strtoul(rest + 1, NULL, 10), height);
    free(png);
}

/* An SVG document that ends, with the size asked for; free it. */
static char *read_svg(const char *name)
{
    char *svg = testing_read(in_folder(name), NULL);
    ck_assert_ptr_nonnull(svg);
    ck_assert_ptr_nonnull(strstr(svg, "<svg"));
    ck_assert_ptr_nonnull(strstr(svg, "</svg>"));
    return svg;
}

static const double years[] = {-10000, 1, 1000, 1800, 1950, 2000}, values[] = {1, 2, 3, 20, 500, 900},
                    lows[] = {0.5, 1, 2, 15, 400, 800};

/* Every mark, every axis, spans, events. */
static struct figure *rich(const char *text)
{
    struct axis x = before_2200, y = logarithmic;
    x.label = y.label = text;
    struct figure *f = figure_new("fig", text, text);
    figure_set_columns(f, 2);
    figure_add_panel(f, text, &x, &y);
    figure_add_panel(f, text, &linear, &linear);
    figure_add_panel(f, NULL, &logarithmic, &linear);
    for (int mark = MARK_LINE; mark <= MARK_STACK; mark++) {
        bool area = mark == MARK_BAND || mark == MARK_STACK;
        for (size_t panel = 0; panel < 3; panel++)
            figure_add_series(f, panel, (enum mark)mark, -1, mark % 2 ? text : NULL, COUNT(years), years, values,
                              area ? lows : NULL);
    }
    figure_add_span(f, 0, -9000, 1500, text, -1);
    figure_add_span(f, 1, 0, 1500, text, 3);
    figure_add_vertical(f, 0, 1700, text);
    figure_add_vertical(f, 1, 1500, text);
    return f;
}

START_TEST(script_data_and_both_pictures_are_written)
{
    need_gnuplot();
    write_figure(rich("words"), true);
    char *script = testing_read(in_folder("fig.gp"), NULL), *svg = read_svg("fig.svg");
    ck_assert_ptr_nonnull(strstr(svg, ">words<"));
    assert_png("fig.png", script);
    free(script);
    free(svg);
}
END_TEST

START_TEST(script_redraws_by_itself)
{
    need_gnuplot();
    write_figure(rich("words"), true);
    char *script = testing_read(in_folder("fig.gp"), NULL), *svg = read_svg("fig.svg");
    ck_assert_int_eq(unlink(in_folder("fig.svg")), 0);
    ck_assert_int_eq(unlink(in_folder("fig.png")), 0);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(system("gnuplot fig.gp >words 2>&1"), 0);
    char *words = testing_read(in_folder("words"), NULL), *again = read_svg("fig.svg");
    ck_assert_str_eq(words, ""); /* not even a warning */
    ck_assert_str_eq(again, svg);
    assert_png("fig.png", script);
    free(script);
    free(svg);
    free(words);
    free(again);
}
END_TEST

/* The same words as XML. */
static void escape(const char *text, char *out)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : NULL;
        if (entity) {
            strcpy(out, entity);
            out += strlen(entity);
        } else
            *out++ = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    *out = 0;
}

static const char *const hostile[] = {
    "`touch PWNED`",
    "$(touch PWNED) ${HOME} $1 $datablock",
    "'; system('touch PWNED'); print '",
    "''`touch PWNED`''",
    "\"; system(\"touch PWNED\") #",
    "line\n!touch PWNED\nsystem('touch PWNED')",
    "line\r\n!touch PWNED",
    "ends with a backslash \\",
    "\\\n!touch PWNED\n",
    "\\'; system('touch PWNED') #",
    "@suffix @touch @@",
    "{unbalanced {/Symbol a} ^2_3 ~a{.5-} &{space}",
    "} } } }",
    "]]> --> <script>alert(1)</script> & &amp; <b>",
    "# a comment? # `touch PWNED`",
    "%s %n %d %%",
    "caf\xc3\xa9 \xe2\x82\xac \xf0\x9d\x84\x9e",
    "\x01\x02\x1b[2J\x7f",
};

/* Whatever the words are, they are only written. */
START_TEST(hostile_words_are_only_words)
{
    char words[400], *svg;
    need_gnuplot();
    write_figure(rich(hostile[_i]), true);
    ck_assert(!testing_exists(in_folder("PWNED")));
    ck_assert(!testing_exists("PWNED"));
    escape(hostile[_i], words);
    svg = read_svg("fig.svg");
    size_t found = 0;
    for (const char *c = svg; (c = strstr(c, words)); c++)
        found++;
    ck_assert_msg(found >= 8, "'%s' stands %zu times in the picture", words, found); /* titles, labels, legends */
    free(svg);
}
END_TEST

START_TEST(empty_texts_and_figures_are_drawn)
{
    struct figure *f;
    need_gnuplot();
    write_figure(rich(""), true);
    write_figure(figure_new("fig", "", NULL), true);
    f = figure_new("fig", "no series", "");
    figure_add_panel(f, "", &linear, &logarithmic);
    write_figure(f, true);
    f = figure_new("fig", "no points", "");
    figure_add_panel(f, "", &linear, &linear);
    figure_add_series(f, 0, MARK_LINE, -1, "", 0, NULL, NULL, NULL);
    write_figure(f, true);
}
END_TEST

/* Nothing to show, one value only, values at the ends of doubles: on every pair of axes. */
START_TEST(degenerate_data_are_drawn)
{
    static const double data[][3] = {{NAN, NAN, NAN},    {0, 0, 0},          {-1, -1, -1},       {5, 5, 5},
                                     {NAN, 5, NAN},      {1e300, 1, 1e-300}, {1e-5, 1e-5, 1e-5}, {INFINITY, 3, 4},
                                     {2199, 2199, 2199}, {2200, 2201, 2300}};
    const struct axis *const axes[] = {&linear, &logarithmic, &before_2200};
    need_gnuplot();
    struct figure *f = figure_new("fig", "degenerate", "");
    const double *values_here = data[_i];
    for (size_t x = 0; x < 3; x++)
        for (size_t y = 0; y < 2; y++) {
            size_t panel = figure_add_panel(f, "p", axes[x], axes[y]);
            figure_add_series(f, panel, MARK_LINE, -1, "l", 3, values_here, values_here, NULL);
            figure_add_series(f, panel, MARK_BAND, -1, "b", 3, values_here, values_here, values_here);
            figure_add_span(f, panel, values_here[0], values_here[2], "s", 1);
            figure_add_vertical(f, panel, values_here[1], "v");
        }
    write_figure(f, true);
}
END_TEST

START_TEST(many_colours_come_around_again)
{
    need_gnuplot();
    struct figure *f = figure_new("fig", "many", "");
    figure_add_panel(f, "p", &linear, &linear);
    for (int i = 0; i < 20; i++)
        figure_add_series(f, 0, i % 2 ? MARK_LINE : MARK_POINTS, i < 10 ? -1 : 5 * i, "l", COUNT(years), years, values,
                          NULL);
    write_figure(f, true);
}
END_TEST

/* --- without gnuplot, or with a broken one ----------------------------------------------------------------------- */

START_TEST(gnuplot_missing_leaves_script_and_data)
{
    no_path();
    write_figure(rich("words"), false);
    ck_assert(testing_exists(in_folder("fig.gp")));
    ck_assert(testing_exists(in_folder("fig.dat")));
}
END_TEST

/* A "gnuplot" that does as told. */
static enum status write_with(const char *fake, struct error *e, bool *drawn)
{
    char bin[TESTING_PATH], program[TESTING_PATH], search[2 * TESTING_PATH];
    testing_write(testing_path(program, testing_folder(bin), "gnuplot"), fake);
    ck_assert_int_eq(chmod(program, 0700), 0);
    snprintf(search, sizeof search, "%s:%s", bin, getenv("PATH"));
    setenv("PATH", search, 1);
    testing_folder(folder);
    struct figure *f = rich("words");
    enum status status = figure_write(f, folder, drawn, e);
    figure_free(f);
    return status;
}

START_TEST(gnuplots_complaint_is_passed_on)
{
    struct error e;
    ck_assert_int_eq(write_with("#!/bin/sh\necho fig.gp line 3: warning: x >&2\necho fig.gp line 7: undefined variable "
                                ">&2\n: >fig.svg.part\nexit 2\n",
                                &e, NULL),
                     STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "line 7: undefined variable") != NULL, "%s", e.message);
    ck_assert_uint_eq(testing_count_entries(folder), 2);
}
END_TEST

START_TEST(gnuplot_that_draws_nothing_is_noticed)
{
    struct error e;
    ck_assert_int_eq(write_with("#!/bin/sh\nexit 0\n", &e, NULL), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "no picture"));
}
END_TEST

START_TEST(gnuplot_that_is_killed_is_a_failure)
{
    struct error e;
    ck_assert_int_eq(write_with("#!/bin/sh\nkill -SEGV $$\n", &e, NULL), STATUS_FAILED);
    ck_assert_uint_eq(testing_count_entries(folder), 2);
}
END_TEST

START_TEST(gnuplot_that_talks_much_does_not_hang)
{
    struct error e;
    ck_assert_int_eq(write_with("#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x\nexit 1\n", &e, NULL), STATUS_FAILED);
    ck_assert_uint_lt(strlen(e.message), sizeof e.message);
}
END_TEST

START_TEST(old_pictures_do_not_outlive_their_data)
{
    struct error e = {0};
    bool drawn = true;
    no_path();
    testing_folder(folder);
    testing_write(in_folder("fig.svg"), "old");
    testing_write(in_folder("fig.png"), "old");
    struct figure *f = rich("words");
    ck_assert_int_eq(figure_write(f, folder, &drawn, &e), STATUS_OK);
    ck_assert(!drawn);
    ck_assert(!testing_exists(in_folder("fig.svg")));
    ck_assert(!testing_exists(in_folder("fig.png")));
    figure_free(f);
}
END_TEST

START_TEST(folder_that_is_not_there_is_a_failure)
{
    struct error e;
    char absent[TESTING_PATH];
    struct figure *f = rich("words");
    ck_assert_int_eq(figure_write(f, testing_path(absent, testing_folder(folder), "absent"), NULL, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.file, "absent"));
    figure_free(f);
    ck_assert_int_eq(figure_write(NULL, folder, NULL, &e), STATUS_FAILED);
    figure_free(NULL);
}
END_TEST

START_TEST(strings_and_points_are_copied)
{
    char text[] = "words";
    double x[] = {1, 2}, y[] = {3, 4};
    struct axis axis = {.label = text, .low = NAN, .high = NAN};
    struct figure *f = figure_new(text, text, text);
    figure_add_panel(f, text, &axis, &axis);
    figure_add_series(f, 0, MARK_LINE, 0, text, 2, x, y, NULL);
    figure_add_series(f, 7, MARK_LINE, 0, text, 2, x, y, NULL); /* no such panel: nothing happens */
    figure_add_span(f, 7, 1, 2, text, 0);
    figure_add_vertical(f, 7, 1, text);
    memset(text, 'X', sizeof text - 1);
    x[0] = y[0] = 99;
    ck_assert_str_eq(figure_name(f), "words");
    ck_assert_str_eq(figure_title(f), "words");
    ck_assert_str_eq(figure_caption(f), "words");
    no_path();
    testing_folder(folder);
    ck_assert_int_eq(figure_write(f, folder, NULL, NULL), STATUS_OK);
    char *script = testing_read(in_folder("words.gp"), NULL), *data = testing_read(in_folder("words.dat"), NULL);
    ck_assert_ptr_null(strstr(script, "XXXXX"));
    ck_assert_ptr_nonnull(strstr(data, "1 3\n2 4\n"));
    free(script);
    free(data);
    figure_free(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("figure");
    TCase *data = tcase_create("data");
    tcase_add_test(data, data_are_numbers_that_read_back);
    tcase_add_test(data, what_cannot_be_drawn_breaks_the_line);
    tcase_add_test(data, log_axes_drop_what_has_no_logarithm);
    tcase_add_test(data, dates_behind_the_horizon_are_dropped);
    tcase_add_test(data, bands_break_where_either_edge_is_missing);
    tcase_add_test(data, a_curve_without_points_keeps_its_place);
    tcase_add_loop_test(data, margins_are_parts_of_the_range, 0, 4);
    tcase_add_test(data, numbers_do_not_follow_the_locale);
    suite_add_tcase(suite, data);
    TCase *pictures = tcase_create("pictures");
    tcase_add_test(pictures, script_data_and_both_pictures_are_written);
    tcase_add_test(pictures, script_redraws_by_itself);
    tcase_add_loop_test(pictures, hostile_words_are_only_words, 0, COUNT(hostile));
    tcase_add_test(pictures, empty_texts_and_figures_are_drawn);
    tcase_add_loop_test(pictures, degenerate_data_are_drawn, 0, 10);
    tcase_add_test(pictures, many_colours_come_around_again);
    suite_add_tcase(suite, pictures);
    TCase *without = tcase_create("without gnuplot");
    tcase_add_test(without, gnuplot_missing_leaves_script_and_data);
    tcase_add_test(without, gnuplots_complaint_is_passed_on);
    tcase_add_test(without, gnuplot_that_draws_nothing_is_noticed);
    tcase_add_test(without, gnuplot_that_is_killed_is_a_failure);
    tcase_add_test(without, gnuplot_that_talks_much_does_not_hang);
    tcase_add_test(without, old_pictures_do_not_outlive_their_data);
    tcase_add_test(without, folder_that_is_not_there_is_a_failure);
    tcase_add_test(without, strings_and_points_are_copied);
    suite_add_tcase(suite, without);
    return testing_main(suite);
}
