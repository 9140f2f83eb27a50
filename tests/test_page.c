/* plots/page.c: the report page */
#include "plots/page.h"
#include "tests/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char folder[TESTING_PATH], path[TESTING_PATH];

/* Write the page, free it, and read report.html; free that. */
static char *written(struct page *p)
{
    struct error e = {0};
    testing_folder(folder);
    ck_assert_msg(page_write(p, folder, &e) == STATUS_OK, "%s", e.message);
    page_free(p);
    ck_assert_uint_eq(testing_count_entries(folder), 1);
    return testing_read(testing_path(path, folder, "report.html"), NULL);
}

static void assert_holds(const char *html, const char *part)
{
    ck_assert_msg(strstr(html, part) != NULL, "no '%s' in\n%s", part, html);
}

/* Every element that is opened is closed, in order, and no bracket stands loose. */
static void assert_balanced(const char *html)
{
    char open[64][16];
    size_t depth = 0;
    for (const char *c = html; *c; c++) {
        char name[16];
        if (*c != '<')
            continue;
        if (strncmp(c, "<!doctype html>", 15) == 0)
            continue;
        bool closing = c[1] == '/';
        const char *start = c + 1 + closing;
        size_t length = strspn(start, "abcdefghijklmnopqrstuvwxyz123456");
        ck_assert_msg(length > 0 && length < sizeof name && strcspn(start, "<") > strcspn(start, ">"), "%.60s", c);
        memcpy(name, start, length);
        name[length] = 0;
        if (strcmp(name, "meta") == 0 || strcmp(name, "img") == 0)
            continue;
        if (closing) {
            ck_assert_msg(depth > 0 && strcmp(open[depth - 1], name) == 0, "%.60s", c);
            depth--;
        } else {
            ck_assert_uint_lt(depth, COUNT(open));
            strcpy(open[depth++], name);
        }
    }
    ck_assert_uint_eq(depth, 0);
}

static struct table *small_table(const char *text)
{
    struct table *t = table_new(text);
    table_add_column(t, text, TABLE_LEFT);
    table_add_column(t, "growth", TABLE_RIGHT);
    table_add_row(t);
    table_add_cell(t, "%s", text);
    table_add_cell(t, "3 %%");
    table_add_row(t);
    table_add_cell(t, "only one cell");
    return t;
}

static struct page *whole_page(const char *text, bool drawn)
{
    struct page *p = page_new(text);
    struct figure *f = figure_new("levels", text, text);
    struct table *t = small_table(text);
    page_add_heading(p, text);
    page_add_paragraph(p, text);
    page_add_table(p, t);
    page_add_figure(p, f, drawn);
    table_free(t);
    figure_free(f);
    return p;
}

START_TEST(everything_added_is_on_the_page_in_order)
{
    char *html = written(whole_page("words", true));
    static const char *const parts[] = {"<!doctype html>",
                                        "<meta charset=\"utf-8\">",
                                        "<title>words</title>",
                                        "<h1>words</h1>",
                                        "<h2>words</h2>",
                                        "<p>words</p>",
                                        "<caption>words</caption>",
                                        "<th>words</th><th class=\"r\">growth</th>",
                                        "<td>words</td><td class=\"r\">3 %</td>",
                                        "<td>only one cell</td><td class=\"r\"></td>",
                                        "<img src=\"levels.svg\" alt=\"words\">",
                                        "<figcaption>words",
                                        "<a href=\"levels.gp\">script</a>",
                                        "<a href=\"levels.dat\">data</a>",
                                        "<a href=\"levels.png\">PNG</a>",
                                        "</html>"};
    const char *at = html;
    for (size_t i = 0; i < COUNT(parts); i++) {
        const char *found = strstr(at, parts[i]);
        ck_assert_msg(found != NULL, "no '%s' in\n%s", parts[i], at);
        at = found + strlen(parts[i]);
    }
    assert_balanced(html);
    free(html);
}
END_TEST

START_TEST(figure_that_was_not_drawn_says_how_to)
{
    char *html = written(whole_page("words", false));
    ck_assert_ptr_null(strstr(html, "<img"));
    ck_assert_ptr_null(strstr(html, ".svg"));
    ck_assert_ptr_null(strstr(html, ".png"));
    assert_holds(html, "<code>gnuplot levels.gp</code>");
    assert_holds(html, "href=\"levels.dat\"");
    assert_balanced(html);
    free(html);
}
END_TEST

/* Nothing on the page is fetched or run: no script, no address of another place. */
START_TEST(page_is_readable_without_network_or_script)
{
    char *html = written(whole_page("words", true));
    static const char *const absent[] = {"<script", "http:", "https:", "//", "@import", "url("};
    for (size_t i = 0; i < COUNT(absent); i++)
        ck_assert_msg(strstr(html, absent[i]) == NULL, "%s", absent[i]);
    free(html);
}
END_TEST

static const struct {
    const char *text, *escaped;
} hostile[] = {
    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"\" onload=\"alert(1)", "&quot; onload=&quot;alert(1)"},
    {"&lt; & &amp;", "&amp;lt; &amp; &amp;amp;"},
    {"</title></style></table><h1>", "&lt;/title&gt;&lt;/style&gt;&lt;/table&gt;&lt;h1&gt;"},
    {"<!-- --> ]]>", "&lt;!-- --&gt; ]]&gt;"},
    {"'; %s %n %d", "'; %s %n %d"},
    {"caf\xc3\xa9 \xf0\x9d\x84\x9e", "caf\xc3\xa9 \xf0\x9d\x84\x9e"},
};

START_TEST(hostile_words_are_only_words)
{
    char expected[300], *html = written(whole_page(hostile[_i].text, true));
    static const char *const around[] = {"<title>%s</title>", "<h1>%s</h1>",           "<h2>%s</h2>", "<p>%s</p>",
                                         "<td>%s</td>",       "<caption>%s</caption>", "<th>%s</th>", "alt=\"%s\">"};
    for (size_t i = 0; i < COUNT(around); i++) {
        const char *hole = strstr(around[i], "%s");
        snprintf(expected, sizeof expected, "%.*s%s%s", (int)(hole - around[i]), around[i], hostile[_i].escaped,
                 hole + 2);
        assert_holds(html, expected);
    }
    assert_balanced(html);
    free(html);
}
END_TEST

START_TEST(long_pages_are_written_whole)
{
    enum { PARAGRAPHS = 20000 };
    struct page *p = page_new("long");
    size_t found = 0;
    for (int i = 0; i < PARAGRAPHS; i++)
        page_add_paragraph(p, "one of many paragraphs");
    char *html = written(p);
    for (const char *c = html; (c = strstr(c, "<p>one of many paragraphs</p>")); c++)
        found++;
    ck_assert_uint_eq(found, PARAGRAPHS);
    free(html);
}
END_TEST

START_TEST(nothing_is_needed)
{
    struct error e;
    page_free(NULL);
    page_add_heading(NULL, "x");
    page_add_paragraph(NULL, "x");
    page_add_table(NULL, NULL);
    page_add_figure(NULL, NULL, true);
    ck_assert_int_eq(page_write(NULL, testing_folder(folder), &e), STATUS_FAILED);
    struct page *p = page_new("");
    page_add_table(p, NULL);
    page_add_figure(p, NULL, true);
    char *html = written(p);
    assert_holds(html, "<h1></h1>");
    assert_balanced(html);
    free(html);
}
END_TEST

START_TEST(old_page_stays_until_the_new_one_is_whole)
{
    struct error e;
    struct page *p = page_new("x");
    ck_assert_int_eq(page_write(p, testing_path(path, testing_folder(folder), "absent"), &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.file, "report.html"));
    testing_write(testing_path(path, folder, "report.html"), "old");
    ck_assert_int_eq(page_write(p, folder, &e), STATUS_OK);
    ck_assert_int_eq(page_write(p, folder, &e), STATUS_OK); /* once more: the page is not used up */
    ck_assert_uint_eq(testing_count_entries(folder), 1);
    char *html = testing_read(path, NULL);
    assert_holds(html, "<h1>x</h1>");
    free(html);
    page_free(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *pages = tcase_create("page");
    tcase_add_test(pages, everything_added_is_on_the_page_in_order);
    tcase_add_test(pages, figure_that_was_not_drawn_says_how_to);
    tcase_add_test(pages, page_is_readable_without_network_or_script);
    tcase_add_loop_test(pages, hostile_words_are_only_words, 0, COUNT(hostile));
    tcase_add_test(pages, long_pages_are_written_whole);
    tcase_add_test(pages, nothing_is_needed);
    tcase_add_test(pages, old_page_stays_until_the_new_one_is_whole);
    suite_add_tcase(suite, pages);
    return testing_main(suite);
}
