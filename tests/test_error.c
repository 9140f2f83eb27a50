/* base/error.c, base/param.c, base/reporter.c */
#include "base/error.h"
#include "base/param.h"
#include "base/reporter.h"
#include "tests/testing.h"

#include <stdlib.h>
#include <string.h>

START_TEST(statuses_are_the_documented_exit_codes)
{
    ck_assert_int_eq(STATUS_OK, 0);
    ck_assert_int_eq(STATUS_FAILED, 1);
    ck_assert_int_eq(STATUS_USAGE, 2);
    ck_assert_int_eq(STATUS_BAD_INPUT, 3);
    ck_assert_int_eq(STATUS_REFUSED, 4);
    ck_assert_int_eq(STATUS_INTERRUPTED, 130);
}
END_TEST

START_TEST(set_returns_its_status_and_fills_everything)
{
    struct error e;
    memset(&e, 0x55, sizeof e); /* nothing stale may stay */
    ck_assert_int_eq(error_set(&e, STATUS_FAILED, "no root in [%g, %g] after %d steps", 1.5, 2.0, 7), STATUS_FAILED);
    ck_assert_int_eq(e.status, STATUS_FAILED);
    ck_assert_str_eq(e.message, "no root in [1.5, 2] after 7 steps");
    ck_assert_str_eq(e.file, "");
    ck_assert_int_eq(e.line, 0);
    ck_assert_int_eq(e.column, 0);
}
END_TEST

START_TEST(set_at_keeps_the_place)
{
    struct error e;
    ck_assert_int_eq(error_set_at(&e, STATUS_BAD_INPUT, "my.yaml", 3, 14, "unknown key '%s'", "modell"),
                     STATUS_BAD_INPUT);
    ck_assert_int_eq(e.status, STATUS_BAD_INPUT);
    ck_assert_str_eq(e.file, "my.yaml");
    ck_assert_int_eq(e.line, 3);
    ck_assert_int_eq(e.column, 14);
    ck_assert_str_eq(e.message, "unknown key 'modell'");
}
END_TEST

START_TEST(details_are_optional)
{
    ck_assert_int_eq(error_set(NULL, STATUS_USAGE, "%s", "unused"), STATUS_USAGE);
    ck_assert_int_eq(error_set_at(NULL, STATUS_REFUSED, "f", 1, 1, "unused"), STATUS_REFUSED);
    ck_assert_int_eq(error_memory(NULL), STATUS_FAILED);
}
END_TEST

START_TEST(memory_says_so)
{
    struct error e;
    ck_assert_int_eq(error_memory(&e), STATUS_FAILED);
    ck_assert_int_eq(e.status, STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "memory"));
}
END_TEST

/* What a place is printed as, by how much of it is known. */
static const struct {
    const char *file;
    int line, column;
    const char *expected;
} places[] = {
    {"a.yaml", 12, 5, "a.yaml:12:5: bad"},
    {"a.yaml", 12, 0, "a.yaml:12: bad"},
    {"a.yaml", 0, 0, "a.yaml: bad"},
    {"a.yaml", 0, 5, "a.yaml: bad"},
    {"", 12, 5, "bad"},
    {NULL, 0, 0, "bad"},
};

START_TEST(format_leaves_out_what_is_unknown)
{
    struct error e;
    char line[128];
    error_set_at(&e, STATUS_BAD_INPUT, places[_i].file, places[_i].line, places[_i].column, "bad");
    ck_assert_ptr_eq(error_format(&e, line, sizeof line), line);
    ck_assert_str_eq(line, places[_i].expected);
}
END_TEST

START_TEST(format_stays_inside_the_buffer)
{
    struct error e;
    char line[9];
    memset(line, 'x', sizeof line);
    error_set_at(&e, STATUS_BAD_INPUT, "a.yaml", 12, 5, "bad");
    error_format(&e, line, sizeof line - 1);
    ck_assert_str_eq(line, "a.yaml:");
    ck_assert_int_eq(line[8], 'x');
}
END_TEST

START_TEST(messages_that_are_too_long_are_cut)
{
    struct error e;
    char *text = malloc(10000);
    ck_assert_ptr_nonnull(text);
    memset(text, 'm', 9999);
    text[9999] = 0;
    error_set_at(&e, STATUS_BAD_INPUT, text, 1, 2, "%s", text);
    ck_assert_uint_eq(strlen(e.message), sizeof e.message - 1);
    ck_assert_uint_eq(strlen(e.file), sizeof e.file - 1);
    ck_assert_int_eq(e.line, 1);
    ck_assert_int_eq(e.column, 2);
    free(text);
}
END_TEST

/* A hostile file must not move the cursor, ring the bell or fake a second line; its UTF-8 passes. */
START_TEST(control_characters_are_shown_as_question_marks)
{
    struct error e;
    char line[256];
    error_set_at(&e, STATUS_BAD_INPUT, "a\nb\x1b[2J", 1, 1, "key '%s'", "\x01\x1f\x7f\t\r\n caf\xc3\xa9");
    ck_assert_str_eq(e.file, "a?b?[2J");
    ck_assert_str_eq(e.message, "key '?????? caf\xc3\xa9'");
    error_format(&e, line, sizeof line);
    ck_assert_ptr_null(strchr(line, '\n'));
}
END_TEST

static const struct param params[] = {
    {.key = "capital_share", .symbol = "alpha"},
    {.key = "capital", .symbol = "K"},
    {.key = "child_cost", .symbol = "kap"},
};
enum { N_PARAMS = sizeof params / sizeof params[0] };

START_TEST(param_find_wants_the_whole_key)
{
    for (size_t i = 0; i < N_PARAMS; i++)
        ck_assert_uint_eq(param_find(params, N_PARAMS, params[i].key), i);
    ck_assert_uint_eq(param_find(params, N_PARAMS, "capital_shar"), N_PARAMS);
    ck_assert_uint_eq(param_find(params, N_PARAMS, "Capital"), N_PARAMS);
    ck_assert_uint_eq(param_find(params, N_PARAMS, ""), N_PARAMS);
    ck_assert_uint_eq(param_find(params, 2, "child_cost"), 2);
    ck_assert_uint_eq(param_find(NULL, 0, "capital"), 0);
}
END_TEST

/* What a receiver heard. */
struct heard {
    double done;
    char what[64], warning[1024];
    int calls;
    bool stop;
};

static void hear_progress(void *context, double done, const char *what)
{
    struct heard *h = context;
    h->done = done;
    strncpy(h->what, what, sizeof h->what - 1);
    h->calls++;
}

static void hear_warning(void *context, const char *message)
{
    struct heard *h = context;
    strncpy(h->warning, message, sizeof h->warning - 1);
    h->calls++;
}

static bool hear_stop(void *context)
{
    struct heard *h = context;
    h->calls++;
    return h->stop;
}

START_TEST(reporter_passes_everything_on)
{
    struct heard heard = {0};
    struct reporter r = {hear_progress, hear_warning, hear_stop, &heard};
    reporter_progress(&r, 0.25, "integrating world");
    ck_assert_double_eq(heard.done, 0.25);
    ck_assert_str_eq(heard.what, "integrating world");
    reporter_warning(&r, "%d of %s", 3, "runs failed");
    ck_assert_str_eq(heard.warning, "3 of runs failed");
    ck_assert(!reporter_stop_requested(&r));
    heard.stop = true;
    ck_assert(reporter_stop_requested(&r));
    ck_assert_int_eq(heard.calls, 4);
}
END_TEST

START_TEST(parts_of_a_work_are_scaled_into_the_whole)
{
    struct heard heard = {0};
    struct reporter r = {hear_progress, hear_warning, hear_stop, &heard};
    struct reporter_part half, quarter;
    reporter_part_init(&half, &r, 0.5, 1);
    reporter_part_init(&quarter, &half.inner, 0.5, 1);
    reporter_progress(&quarter.inner, 0.5, "deep inside");
    ck_assert_double_eq(heard.done, 0.875);
    ck_assert_str_eq(heard.what, "deep inside");
    reporter_warning(&quarter.inner, "%s", "100 % odd");
    ck_assert_str_eq(heard.warning, "100 % odd");
    ck_assert(!reporter_stop_requested(&quarter.inner));
    heard.stop = true;
    ck_assert(reporter_stop_requested(&quarter.inner));
    reporter_part_init(&half, NULL, 0, 0.5);
    reporter_progress(&half.inner, 0.5, "x");
    ck_assert(!reporter_stop_requested(&half.inner));
}
END_TEST

START_TEST(reporter_cuts_a_warning_that_is_too_long)
{
    struct heard heard = {0};
    struct reporter r = {.warning = hear_warning, .context = &heard};
    reporter_warning(&r, "%900d", 1);
    ck_assert_uint_eq(strlen(heard.warning), 767);
}
END_TEST

START_TEST(reporter_without_members_is_silent)
{
    struct reporter empty = {0};
    const struct reporter *silent[] = {NULL, &empty};
    for (int i = 0; i < 2; i++) {
        reporter_progress(silent[i], 0.5, "x");
        reporter_warning(silent[i], "%s", "x");
        ck_assert(!reporter_stop_requested(silent[i]));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *errors = tcase_create("error");
    tcase_add_test(errors, statuses_are_the_documented_exit_codes);
    tcase_add_test(errors, set_returns_its_status_and_fills_everything);
    tcase_add_test(errors, set_at_keeps_the_place);
    tcase_add_test(errors, details_are_optional);
    tcase_add_test(errors, memory_says_so);
    tcase_add_loop_test(errors, format_leaves_out_what_is_unknown, 0, sizeof places / sizeof places[0]);
    tcase_add_test(errors, format_stays_inside_the_buffer);
    tcase_add_test(errors, messages_that_are_too_long_are_cut);
    tcase_add_test(errors, control_characters_are_shown_as_question_marks);
    suite_add_tcase(suite, errors);
    TCase *param = tcase_create("param");
    tcase_add_test(param, param_find_wants_the_whole_key);
    suite_add_tcase(suite, param);
    TCase *reporter = tcase_create("reporter");
    tcase_add_test(reporter, reporter_passes_everything_on);
    tcase_add_test(reporter, parts_of_a_work_are_scaled_into_the_whole);
    tcase_add_test(reporter, reporter_cuts_a_warning_that_is_too_long);
    tcase_add_test(reporter, reporter_without_members_is_silent);
    suite_add_tcase(suite, reporter);
    return testing_main(suite);
}
