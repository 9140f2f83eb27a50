/* plots/: maps with contour lines, and panels in space */
#include "plots/figure.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { GRID = 21 };

static const struct axis linear = {.label = "x", .low = NAN, .high = NAN},
                         three[3] = {{.label = "x", .low = NAN, .high = NAN},
                                     {.label = "y", .low = NAN, .high = NAN},
                                     {.label = "z", .low = NAN, .high = NAN}};
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

/* Write into a new folder, without gnuplot where it is not wanted; free it. */
static void write_figure(struct figure *f, bool draw)
{
    struct error e = {0};
    bool drawn = !draw;
    char nowhere[TESTING_PATH];
    if (!draw)
        setenv("PATH", testing_folder(nowhere), 1);
    testing_folder(folder);
    ck_assert_msg(figure_write(f, folder, &drawn, &e) == STATUS_OK, "%s", e.message);
    ck_assert_int_eq(drawn, draw);
    ck_assert_uint_eq(testing_count_entries(folder), draw ? 4 : 2);
    figure_free(f);
}

static char *read_file(const char *name)
{
    char *text = testing_read(in_folder(name), NULL);
    ck_assert_ptr_nonnull(text);
    return text;
}

/* The lines of fig.dat that are not comments. */
static void assert_data(const char *expected)
{
    char *text = read_file("fig.dat"), *to = text;
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

/* The script draws both pictures again, the same, and says nothing. */
static void assert_redraws(void)
{
    char *svg = read_file("fig.svg");
    ck_assert_int_eq(unlink(in_folder("fig.svg")), 0);
    ck_assert_int_eq(unlink(in_folder("fig.png")), 0);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(system("gnuplot fig.gp >words 2>&1"), 0);
    char *words = read_file("words"), *again = read_file("fig.svg");
    ck_assert_str_eq(words, "");
    ck_assert_str_eq(again, svg);
    ck_assert(testing_exists(in_folder("fig.png")));
    free(svg), free(words), free(again);
}

/* What gnuplot prints when it has run the script and then `more`; with `before`, only the part before the pictures. */
static char *gnuplot_says(const char *more, bool before)
{
    char *script = read_file("fig.gp"), *loop = strstr(script, "do for [format"), *longer;
    ck_assert_ptr_nonnull(loop);
    if (before)
        *loop = 0;
    ck_assert_int_ge(asprintf(&longer, "%s\nset print 'said'\n%s\n", script, more), 0);
    testing_write(in_folder("longer.gp"), longer);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(system("gnuplot longer.gp"), 0);
    free(script), free(longer);
    return read_file("said");
}

/* A panel with a map of (nx, ny) numbers over [0, 1] x [0, 2]. */
static void add_map(struct figure *f, size_t nx, size_t ny, const double *z, enum axis_scale colour, double low,
                    size_t n_levels, const double *levels)
{
    double x[GRID], y[GRID];
    for (size_t i = 0; i < nx; i++)
        x[i] = (double)i / (double)(nx - 1);
    for (size_t j = 0; j < ny; j++)
        y[j] = 2 * (double)j / (double)(ny - 1);
    struct figure_map m = {.nx = nx, .ny = ny, .x = x, .y = y, .z = z, .colour = colour, .low = low, .high = NAN};
    m.levels = levels;
    m.n_levels = n_levels;
    m.label = "value";
    figure_set_map(f, figure_add_panel(f, "A panel", &linear, &linear), &m);
}

static struct figure *map_of(size_t nx, size_t ny, const double *z, enum axis_scale colour, double low, size_t n_levels,
                             const double *levels)
{
    struct figure *f = figure_new("fig", "A title", "");
    add_map(f, nx, ny, z, colour, low, n_levels, levels);
    return f;
}

/* z(x, y) = a x + b y on the grid, or its exponential. */
static void fill(double *z, double a, double b, bool exponential)
{
    for (size_t j = 0; j < GRID; j++)
        for (size_t i = 0; i < GRID; i++) {
            double value = a * (double)i / (GRID - 1) + b * 2 * (double)j / (GRID - 1);
            z[j * GRID + i] = exponential ? exp(value) : value;
        }
}

/* --- maps -------------------------------------------------------------------------------------------------------- */

START_TEST(map_is_written_by_rows)
{
    const double z[] = {1, 2, 3, 4, NAN, INFINITY};
    write_figure(map_of(3, 2, z, AXIS_LINEAR, NAN, 0, NULL), false);
    assert_data("0 0 1\n0.5 0 2\n1 0 3\n\n0 2 4\n0.5 2 NaN\n1 2 NaN\n\n\n");
}
END_TEST

/* What is below the scale has the colour of its end, zero and less on a log scale included. */
START_TEST(map_is_cut_at_the_low_end)
{
    const double z[] = {0, -3, 0.001, 10};
    write_figure(map_of(2, 2, z, AXIS_LOG, 0.01, 0, NULL), false);
    assert_data("0 0 0.01\n1 0 0.01\n\n0 2 0.01\n1 2 10\n\n\n");
}
END_TEST

START_TEST(map_comes_after_the_series_of_its_panel)
{
    const double z[] = {1, 2, 3, 4}, xy[] = {0.25, 0.75};
    struct figure *f = map_of(2, 2, z, AXIS_LINEAR, NAN, 0, NULL);
    figure_add_series(f, 0, MARK_POINTS, -1, NULL, 2, xy, xy, NULL);
    figure_add_panel(f, "another", &linear, &linear);
    figure_add_series(f, 1, MARK_LINE, -1, NULL, 1, xy, xy, NULL);
    write_figure(f, false);
    assert_data("0.25 0.25\n0.75 0.75\n\n\n0 0 1\n1 0 2\n\n0 2 3\n1 2 4\n\n\n0.25 0.25\n\n\n");
    char *script = read_file("fig.gp");
    ck_assert_ptr_nonnull(strstr(script, "index 1 using 1:2:3 with image"));
    ck_assert_ptr_nonnull(strstr(script, "index 2 using 1:2 with lines"));
    free(script);
}
END_TEST

/* Lines of an affine function are straight and where they belong: x = 0.3; of its exponential on a log scale too. */
START_TEST(contour_lines_are_exact_for_affine_maps)
{
    bool exponential = _i == 1;
    double z[GRID * GRID], level = exponential ? exp(0.6) : 0.6;
    size_t points = 0;
    need_gnuplot();
    fill(z, 2, 0, exponential);
    write_figure(map_of(GRID, GRID, z, exponential ? AXIS_LOG : AXIS_LINEAR, NAN, 1, &level), true);
    char *said = gnuplot_says("print $lines1", true);
    for (const char *line = said; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        double x, y, value;
        if (sscanf(line, "%lf %lf %lf", &x, &y, &value) != 3)
            continue;
        assert_close(x, 0.3, 1e-5, 1); /* gnuplot writes six digits */
        assert_close(value, exponential ? log10(level) : level, 1e-5, 1);
        points++;
    }
    ck_assert_uint_ge(points, GRID); /* from edge to edge */
    free(said);
}
END_TEST

START_TEST(map_and_what_is_over_it_redraw)
{
    double z[GRID * GRID], xy[] = {0.1, 0.5, 0.9}, levels[] = {0.1, 0.5, 1, 2, 1e6};
    need_gnuplot();
    fill(z, 1, 1, false);
    z[30] = NAN;
    struct figure *f = map_of(GRID, GRID, z, AXIS_LINEAR, NAN, COUNT(levels), levels);
    figure_set_columns(f, 2);
    figure_set_equal(f, 0);
    figure_add_series(f, 0, MARK_LINE, -1, "path", 3, xy, xy, NULL);
    figure_add_series(f, 0, MARK_POINTS, -1, "end", 1, xy, xy, NULL);
    figure_add_panel(f, "B panel", &linear, &linear);
    figure_add_series(f, 1, MARK_LINE, -1, "curve", 3, xy, xy, NULL);
    write_figure(f, true);
    assert_redraws();
}
END_TEST

/* A unit of x is as long as one of y: the ranges are 1 and 2. */
START_TEST(equal_axes_are_equal)
{
    const double z[] = {1, 2, 3, 4};
    need_gnuplot();
    struct figure *f = map_of(2, 2, z, AXIS_LINEAR, NAN, 0, NULL);
    if (_i)
        figure_set_equal(f, 0);
    write_figure(f, true);
    char *said =
        gnuplot_says("print (GPVAL_TERM_XMAX - GPVAL_TERM_XMIN) / (GPVAL_TERM_YMAX - 1.0 * GPVAL_TERM_YMIN)", false);
    double ratio = strtod(said, NULL);
    if (_i)
        assert_close(ratio, 0.5, 0.01, 1);
    else
        ck_assert_double_gt(ratio, 1);
    free(said);
}
END_TEST

/* Nothing to show, one value only, a level at the end of what there is, values at the ends of doubles. */
START_TEST(degenerate_maps_are_drawn)
{
    static const double data[][4] = {{NAN, NAN, NAN, NAN}, {0, 0, 0, 0},          {-1, -1, -1, -1},
                                     {5, 5, 5, 5},         {NAN, 5, NAN, NAN},    {1e300, 1, 1e-300, 2},
                                     {1, 2, 3, 4},         {INFINITY, 3, 4, NAN}, {-1e300, 1e300, 0, 0}};
    const double levels[] = {-1, 0, 1, 4, 5, NAN};
    need_gnuplot();
    struct figure *f = figure_new("fig", "degenerate", "");
    figure_set_columns(f, 3);
    for (int colour = AXIS_LINEAR; colour <= AXIS_LOG; colour++)
        for (size_t i = 0; i < COUNT(data); i++)
            add_map(f, 2, 2, data[i], (enum axis_scale)colour, NAN, COUNT(levels), levels);
    write_figure(f, true);
    assert_redraws();
}
END_TEST

START_TEST(many_levels_are_lines_without_marks)
{
    double z[GRID * GRID], levels[40];
    need_gnuplot();
    fill(z, 1, 1, false);
    for (size_t k = 0; k < COUNT(levels); k++)
        levels[k] = 3.0 * (double)k / 40;
    write_figure(map_of(GRID, GRID, z, AXIS_LINEAR, NAN, COUNT(levels), levels), true);
    assert_redraws();
    char *script = read_file("fig.gp");
    ck_assert_ptr_nonnull(strstr(script, "set cbtics auto"));
    free(script);
}
END_TEST

/* --- space ------------------------------------------------------------------------------------------------------- */

static const double corners[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
static const size_t faces[] = {0, 1, 2, 0, 1, 3, 0, 2, 3, 1, 2, 3};
static const double curve[] = {0, 0, 0, 0.25, 0.5, 0.25, NAN, 0, 0, 0.5, 0.5, 0.5, 1, 1, 1};

static struct figure *space_of(const char *text)
{
    struct axis axes[3] = {three[0], three[1], three[2]};
    struct figure *f = figure_new("fig", text, text);
    axes[0].label = axes[1].label = axes[2].label = text;
    figure_set_columns(f, 2);
    figure_add_space(f, text, axes, 60, 30);
    figure_add_surface(f, 0, 0, 0.5, text, corners, 4, faces);
    figure_add_surface(f, 0, 1, 1, NULL, corners, 2, faces);
    figure_add_curve(f, 0, MARK_LINE, 6, text, 5, curve);
    figure_add_curve(f, 0, MARK_POINTS, 3, text, 1, curve + 3);
    figure_add_space(f, text, axes, 70, 120);
    figure_add_curve(f, 1, MARK_DASHED, 6, text, 5, curve);
    figure_set_equal(f, 1);
    return f;
}

START_TEST(space_is_written_triangle_by_triangle)
{
    struct figure *f = figure_new("fig", "A title", "");
    figure_add_space(f, "A panel", three, 60, 30);
    figure_add_surface(f, 0, 0, 0.5, NULL, corners, 2, faces);
    figure_add_surface(f, 0, 0, 0.5, NULL, corners, 0, NULL); /* nothing: keeps its place */
    figure_add_curve(f, 0, MARK_LINE, 0, NULL, 5, curve);
    write_figure(f, false);
    assert_data("0 0 0\n1 0 0\n0 1 0\n\n0 0 0\n1 0 0\n0 0 1\n\n\nnan nan nan\n\n\n"
                "0 0 0\n0 0 0\n0.25 0.5 0.25\n\n0.5 0.5 0.5\n1 1 1\n\n\n"); /* twice: not a grid of 2 by 2 */
}
END_TEST

START_TEST(space_redraws)
{
    need_gnuplot();
    write_figure(space_of("words"), true);
    assert_redraws();
}
END_TEST

/* Later is above: the strokes of the curve come after the last area of the surfaces. */
START_TEST(curves_lie_over_surfaces)
{
    need_gnuplot();
    struct figure *f = figure_new("fig", "A title", "");
    figure_add_space(f, "A panel", three, 60, 30);
    figure_add_curve(f, 0, MARK_LINE, 4, NULL, 2, curve);
    figure_add_surface(f, 0, 0, 0.5, NULL, corners, 4, faces);
    write_figure(f, true);
    char *svg = read_file("fig.svg"), *area = NULL, *stroke = NULL;
    for (char *c = svg; (c = strstr(c, "<polygon")); c++)
        area = c;
    for (char *c = svg; (c = strstr(c, "stroke='rgb(230, 159,   0)'")); c++) /* colour 4 */
        stroke = c;
    ck_assert_ptr_nonnull(area);
    ck_assert_ptr_nonnull(stroke);
    ck_assert(stroke > area);
    free(svg);
}
END_TEST

START_TEST(empty_space_is_drawn)
{
    static const double nothing[] = {NAN, NAN, NAN}, one[] = {5, 5, 5}, ends[] = {1e300, -1e300, 0, -1e300, 1e300, 1};
    need_gnuplot();
    struct figure *f = figure_new("fig", "A title", "");
    for (size_t i = 0; i < 4; i++)
        figure_add_space(f, "", three, 0, 0);
    figure_add_curve(f, 1, MARK_LINE, -1, "l", 1, nothing);
    figure_add_curve(f, 2, MARK_POINTS, -1, "l", 1, one);
    figure_add_curve(f, 3, MARK_LINE, -1, "l", 2, ends);
    write_figure(f, true);
    assert_redraws();
}
END_TEST

/* --- both -------------------------------------------------------------------------------------------------------- */

static const char *const hostile[] = {"`touch PWNED`",
                                      "'; system('touch PWNED'); print '",
                                      "line\n!touch PWNED",
                                      "{unbalanced {/Symbol a} ^2_3",
                                      "\\'; system('touch PWNED') #",
                                      "%s %n %d %%"};

START_TEST(hostile_words_are_only_words)
{
    const char *text = hostile[_i];
    double z[] = {1, 2, 3, 4}, xy[] = {0, 1};
    need_gnuplot();
    struct figure *f = space_of(text);
    size_t panel = figure_add_panel(f, text, &linear, &linear);
    struct figure_map m = {.nx = 2, .ny = 2, .x = xy, .y = xy, .z = z, .low = NAN, .high = NAN, .label = text};
    figure_set_map(f, panel, &m);
    write_figure(f, true);
    ck_assert(!testing_exists(in_folder("PWNED")));
    ck_assert(!testing_exists("PWNED"));
    assert_redraws();
}
END_TEST

START_TEST(what_does_not_belong_is_passed_over)
{
    const double z[] = {1, 2, 3, 4}, xy[] = {0, 1};
    struct figure_map thin = {.nx = 1, .ny = 2, .x = xy, .y = xy, .z = z, .low = NAN, .high = NAN}, good = thin;
    good.nx = 2;
    struct figure *f = figure_new("fig", "A title", "");
    figure_add_panel(f, "flat", &linear, &linear);
    figure_add_space(f, "space", three, 60, 30);
    figure_add_surface(f, 0, 0, 1, NULL, corners, 4, faces);
    figure_add_curve(f, 0, MARK_LINE, 0, NULL, 5, curve);
    figure_set_map(f, 0, &thin);
    figure_add_series(f, 1, MARK_LINE, 0, NULL, 2, xy, xy, NULL);
    figure_set_map(f, 1, &good);
    figure_set_map(f, 7, &good);
    figure_set_equal(f, 7);
    figure_set_map(NULL, 0, &good);
    figure_add_surface(NULL, 0, 0, 1, NULL, corners, 4, faces);
    write_figure(f, false);
    assert_data("");
}
END_TEST

START_TEST(numbers_do_not_follow_the_locale)
{
    const double z[] = {1.5, 2.5, 3.5, 4.5}, level = 2.25, one[] = {0.5, 0.5, 0.5};
    struct axis axes[3] = {three[0], three[1], three[2]};
    axes[0].low = -0.125;
    testing_use_comma_locale();
    struct figure *f = map_of(2, 2, z, AXIS_LINEAR, 1.25, 1, &level);
    figure_add_space(f, "space", axes, 62.5, 30.5);
    figure_add_surface(f, 1, 0, 0.375, NULL, corners, 1, faces);
    figure_add_curve(f, 1, MARK_POINTS, 0, NULL, 1, one);
    write_figure(f, false);
    char *script = read_file("fig.gp");
    static const char *const numbers[] = {
        "discrete 2.25\n", "'2.25' 2.25", "[1.25 :", "[-0.125 :", "view 62.5, 30.5,", "solid 0.375"};
    for (size_t i = 0; i < COUNT(numbers); i++)
        ck_assert_msg(strstr(script, numbers[i]) != NULL, "no %s in\n%s", numbers[i], script);
    free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("maps");
    TCase *maps = tcase_create("maps");
    tcase_add_test(maps, map_is_written_by_rows);
    tcase_add_test(maps, map_is_cut_at_the_low_end);
    tcase_add_test(maps, map_comes_after_the_series_of_its_panel);
    tcase_add_loop_test(maps, contour_lines_are_exact_for_affine_maps, 0, 2);
    tcase_add_test(maps, map_and_what_is_over_it_redraw);
    tcase_add_loop_test(maps, equal_axes_are_equal, 0, 2);
    tcase_add_test(maps, degenerate_maps_are_drawn);
    tcase_add_test(maps, many_levels_are_lines_without_marks);
    suite_add_tcase(suite, maps);
    TCase *space = tcase_create("space");
    tcase_add_test(space, space_is_written_triangle_by_triangle);
    tcase_add_test(space, space_redraws);
    tcase_add_test(space, curves_lie_over_surfaces);
    tcase_add_test(space, empty_space_is_drawn);
    suite_add_tcase(suite, space);
    TCase *both = tcase_create("both");
    tcase_add_loop_test(both, hostile_words_are_only_words, 0, COUNT(hostile));
    tcase_add_test(both, what_does_not_belong_is_passed_over);
    tcase_add_test(both, numbers_do_not_follow_the_locale);
    suite_add_tcase(suite, both);
    return testing_main(suite);
}
