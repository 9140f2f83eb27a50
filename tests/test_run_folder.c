/* base/run_folder.c */
#include "base/run_folder.h"
#include "tests/testing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char folder[TESTING_PATH], path[TESTING_PATH];

static const char *in_folder(const char *name)
{
    return testing_path(path, folder, name);
}

/* Open the folder as a run would. */
static enum status open_folder(struct run_folder *f, bool force, struct error *e)
{
    return run_folder_open(f, folder, force, e);
}

/* A run that writes the named files (NULL-terminated). */
static void run_writing(const char *const *names, bool force, bool complete)
{
    struct run_folder f;
    struct error e = {0};
    char file[TESTING_PATH];
    ck_assert_msg(open_folder(&f, force, &e) == STATUS_OK, "%s", e.message);
    for (; *names; names++)
        testing_write(run_folder_file(&f, *names, file, sizeof file), "ours");
    json_t *summary = json_pack("{s:s}", "gears", "0.1");
    ck_assert_int_eq(run_folder_finish(&f, summary, complete, &e), STATUS_OK);
    json_decref(summary);
    run_folder_clear(&f);
}

static json_t *read_summary(void)
{
    json_t *summary = json_load_file(in_folder("summary.json"), 0, NULL);
    ck_assert_ptr_nonnull(summary);
    return summary;
}

/* "files" of summary.json, joined by spaces. */
static void assert_listed(const char *expected)
{
    char joined[1000] = "";
    json_t *summary = read_summary();
    const json_t *files = json_object_get(summary, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof joined - used, "%s%s", i ? " " : "",
                 json_string_value(json_array_get(files, i)));
    }
    ck_assert_str_eq(joined, expected);
    json_decref(summary);
}

START_TEST(new_folder_is_made_with_its_parents)
{
    struct run_folder f;
    struct error e;
    char outer[TESTING_PATH], file[TESTING_PATH];
    testing_path(folder, testing_folder(outer), "out/deep/er");
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_OK);
    ck_assert_uint_eq(testing_count_entries(folder), 0);
    ck_assert_ptr_eq(run_folder_file(&f, "series.csv", file, sizeof file), file);
    ck_assert_str_eq(file, in_folder("series.csv"));
    run_folder_clear(&f);
}
END_TEST

START_TEST(finish_lists_what_the_run_wrote)
{
    testing_folder(folder);
    run_writing((const char *const[]){"series.csv", "report.html", "levels.svg", NULL}, false, true);
    assert_listed("levels.svg report.html series.csv");
    json_t *summary = read_summary();
    ck_assert_str_eq(json_string_value(json_object_get(summary, "gears")), "0.1");
    ck_assert(json_is_true(json_object_get(summary, "complete")));
    json_decref(summary);
    run_writing((const char *const[]){"series.csv", NULL}, false, false);
    summary = read_summary();
    ck_assert(json_is_false(json_object_get(summary, "complete")));
    json_decref(summary);
}
END_TEST

START_TEST(our_folder_is_replaced)
{
    testing_folder(folder);
    run_writing((const char *const[]){"series.csv", "old.svg", NULL}, false, true);
    run_writing((const char *const[]){"series.csv", "new.svg", NULL}, false, true);
    ck_assert(!testing_exists(in_folder("old.svg")));
    assert_listed("new.svg series.csv");
    ck_assert_uint_eq(testing_count_entries(folder), 3);
}
END_TEST

/* From the moment it is opened, a folder does not claim to hold a complete run. */
START_TEST(old_summary_is_gone_while_a_run_is_on)
{
    struct run_folder f;
    struct error e;
    testing_folder(folder);
    run_writing((const char *const[]){"series.csv", NULL}, false, true);
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_OK);
    ck_assert_uint_eq(testing_count_entries(folder), 0);
    run_folder_clear(&f);
}
END_TEST

START_TEST(foreign_folder_is_refused)
{
    static const char *const summaries[] = {NULL,      "{}", "[]", "\"gears\"", "{\"gears\": ", "", "{\"Gears\": 1}",
                                            "\xff\xfe"};
    struct run_folder f;
    struct error e;
    testing_folder(folder);
    testing_write(in_folder("thesis.tex"), "mine");
    if (summaries[_i])
        testing_write(in_folder("summary.json"), summaries[_i]);
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_FAILED);
    run_folder_clear(&f);
    ck_assert_str_eq(e.file, folder);
    ck_assert_ptr_nonnull(strstr(e.message, "--force"));
    ck_assert_uint_eq(testing_count_entries(folder), summaries[_i] ? 2 : 1);
}
END_TEST

START_TEST(hidden_files_and_folders_count_as_content)
{
    struct run_folder f;
    struct error e;
    testing_folder(folder);
    testing_write(in_folder(".git"), "x");
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_FAILED);
    run_folder_clear(&f);
    ck_assert_int_eq(unlink(in_folder(".git")), 0);
    ck_assert_int_eq(mkdir(in_folder("sub"), 0700), 0);
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_FAILED);
    run_folder_clear(&f);
}
END_TEST

START_TEST(a_file_is_not_a_folder)
{
    struct run_folder f;
    struct error e;
    char outer[TESTING_PATH];
    testing_write(testing_path(folder, testing_folder(outer), "out"), "x");
    ck_assert_int_eq(open_folder(&f, true, &e), STATUS_FAILED);
    run_folder_clear(&f);
    ck_assert_ptr_nonnull(strstr(e.message, "not a folder"));
    ck_assert_int_eq(run_folder_open(&f, "", true, &e), STATUS_FAILED);
    run_folder_clear(&f);
    char *huge = malloc(6000);
    memset(huge, 'x', 5999);
    huge[5999] = 0;
    ck_assert_int_eq(run_folder_open(&f, huge, true, &e), STATUS_FAILED);
    run_folder_clear(&f);
    free(huge);
}
END_TEST

/* --force writes beside what is there; it is neither removed then, nor by the next run, which needs no force. */
START_TEST(forced_runs_never_own_what_was_there)
{
    testing_folder(folder);
    testing_write(in_folder("thesis.tex"), "mine");
    run_writing((const char *const[]){"series.csv", NULL}, true, true);
    assert_listed("series.csv");
    for (int again = 0; again < 3; again++)
        run_writing((const char *const[]){"other.csv", NULL}, false, true);
    assert_listed("other.csv");
    ck_assert(!testing_exists(in_folder("series.csv")));
    char *text = testing_read(in_folder("thesis.tex"), NULL);
    ck_assert_str_eq(text, "mine");
    free(text);
}
END_TEST

/* Notes that a user put into our folder. */
START_TEST(foreign_files_in_our_folder_stay)
{
    testing_folder(folder);
    run_writing((const char *const[]){"series.csv", NULL}, false, true);
    testing_write(in_folder("notes.txt"), "mine");
    ck_assert_int_eq(mkdir(in_folder("sub"), 0700), 0);
    for (int again = 0; again < 3; again++) {
        run_writing((const char *const[]){"series.csv", NULL}, false, true);
        assert_listed("series.csv");
    }
    ck_assert(testing_exists(in_folder("notes.txt")));
    ck_assert(testing_exists(in_folder("sub")));
}
END_TEST

START_TEST(hostile_names_in_an_old_summary_reach_nothing)
{
    static const char *const victims[] = {"victim", "out/sub/inner", "out/kept"};
    struct run_folder f;
    struct error e;
    char outer[TESTING_PATH], file[TESTING_PATH], summary[3 * TESTING_PATH], long_name[600];
    testing_path(folder, testing_folder(outer), "out");
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mkdir(in_folder("sub"), 0700), 0);
    for (size_t i = 0; i < COUNT(victims); i++)
        testing_write(testing_path(file, outer, victims[i]), "mine");
    testing_path(file, outer, "victim");
    ck_assert_int_eq(symlink(file, in_folder("link")), 0);
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    snprintf(summary, sizeof summary,
             "{\"gears\": 1, \"files\": [\"../victim\", \"%s\", \"sub/inner\", \"sub\", \"..\", \".\", \"\", \"/\", "
             "null, 7, "
             "[\"kept\"], {\"kept\": \"kept\"}, \"%s\", \"kept*\", \"k?pt\", \"$(rm kept)\", \"ours\", \"link\", "
             "\"absent\"]}",
             file, long_name);
    testing_write(in_folder("ours"), "x");
    testing_write(in_folder("summary.json"), summary);
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_OK);
    run_folder_clear(&f);
    for (size_t i = 0; i < COUNT(victims); i++)
        ck_assert_msg(testing_exists(testing_path(file, outer, victims[i])), "%s", victims[i]);
    ck_assert(!testing_exists(in_folder("ours")));
    ck_assert(!testing_exists(in_folder("link"))); /* the link, not what it points at */
    ck_assert_uint_eq(testing_count_entries(folder), 2);
}
END_TEST

START_TEST(files_that_are_no_list_are_no_files)
{
    static const char *const files[] = {"null", "\"kept\"", "{\"kept\": 1}", "7"};
    struct run_folder f;
    struct error e;
    char summary[100];
    testing_folder(folder);
    testing_write(in_folder("kept"), "mine");
    snprintf(summary, sizeof summary, "{\"gears\": 1, \"files\": %s}", files[_i]);
    testing_write(in_folder("summary.json"), summary);
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_OK);
    run_folder_clear(&f);
    ck_assert(testing_exists(in_folder("kept")));
}
END_TEST

START_TEST(finish_fails_when_the_folder_went_away)
{
    struct run_folder f;
    struct error e;
    testing_folder(folder);
    ck_assert_int_eq(open_folder(&f, false, &e), STATUS_OK);
    ck_assert_int_eq(rmdir(folder), 0);
    json_t *summary = json_object();
    ck_assert_int_eq(run_folder_finish(&f, summary, true, &e), STATUS_FAILED);
    ck_assert_str_ne(e.message, "");
    json_decref(summary);
    run_folder_clear(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_folder");
    TCase *open = tcase_create("run folder");
    tcase_add_test(open, new_folder_is_made_with_its_parents);
    tcase_add_test(open, finish_lists_what_the_run_wrote);
    tcase_add_test(open, our_folder_is_replaced);
    tcase_add_test(open, old_summary_is_gone_while_a_run_is_on);
    tcase_add_loop_test(open, foreign_folder_is_refused, 0, 8);
    tcase_add_test(open, hidden_files_and_folders_count_as_content);
    tcase_add_test(open, a_file_is_not_a_folder);
    tcase_add_test(open, forced_runs_never_own_what_was_there);
    tcase_add_test(open, foreign_files_in_our_folder_stay);
    tcase_add_test(open, hostile_names_in_an_old_summary_reach_nothing);
    tcase_add_loop_test(open, files_that_are_no_list_are_no_files, 0, 4);
    tcase_add_test(open, finish_fails_when_the_folder_went_away);
    suite_add_tcase(suite, open);
    return testing_main(suite);
}
