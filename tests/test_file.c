/* base/file.c */
#include "base/file.h"
#include "tests/testing.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char folder[TESTING_PATH], path[TESTING_PATH];

/* --- reading ----------------------------------------------------------------------------------------------------- */

static const size_t sizes[] = {0, 1, 16382, 16383, 16384, 16385, 32767, 32768, 100000};

START_TEST(read_gives_every_byte_and_a_zero_after_them)
{
    size_t size = sizes[_i], length = 77;
    uint64_t state = testing_seed();
    unsigned char *bytes = malloc(size + 1);
    char *text = NULL;
    struct error e;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)testing_random(&state);
    testing_write_bytes(testing_path(path, testing_folder(folder), "bytes"), bytes, size);
    ck_assert_int_eq(file_read(path, 1 << 20, &text, &length, &e), STATUS_OK);
    ck_assert_uint_eq(length, size);
    ck_assert(size == 0 || memcmp(text, bytes, size) == 0);
    ck_assert_int_eq(text[size], 0);
    free(text);
    free(bytes);
}
END_TEST

START_TEST(read_takes_the_limit_and_not_a_byte_more)
{
    char *text;
    size_t length;
    struct error e;
    testing_write(testing_path(path, testing_folder(folder), "ten"), "0123456789");
    ck_assert_int_eq(file_read(path, 10, &text, &length, &e), STATUS_OK);
    ck_assert_str_eq(text, "0123456789");
    free(text);
    ck_assert_int_eq(file_read(path, 9, &text, &length, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_null(text);
    ck_assert_str_eq(e.file, path);
    ck_assert_ptr_nonnull(strstr(e.message, "larger"));
    /* a file that has no end is not read to it */
    ck_assert_int_eq(file_read("/dev/zero", 1000, &text, &length, &e), STATUS_BAD_INPUT);
}
END_TEST

START_TEST(read_refuses_what_is_not_a_file)
{
    char *text, pipe_path[TESTING_PATH], missing[TESTING_PATH];
    size_t length;
    struct error e;
    testing_folder(folder);
    ck_assert_int_eq(mkfifo(testing_path(pipe_path, folder, "pipe"), 0600), 0);
    const char *const refused[] = {testing_path(missing, folder, "missing"), folder, pipe_path, "/dev/null", ""};
    const char *const words[] = {"No such file", "a folder", "pipe", "device", "No such file"};
    for (size_t i = 0; i < COUNT(refused); i++) {
        ck_assert_int_eq(file_read(refused[i], 1000, &text, &length, &e), STATUS_BAD_INPUT);
        ck_assert_ptr_null(text);
        ck_assert_str_eq(e.file, refused[i]);
        ck_assert_msg(strstr(e.message, words[i]) != NULL, "%s", e.message);
    }
}
END_TEST

START_TEST(read_needs_permission)
{
    char *text;
    size_t length;
    struct error e;
    if (geteuid() == 0)
        testing_skip("root may read everything");
    testing_write(testing_path(path, testing_folder(folder), "secret"), "x");
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(file_read(path, 1000, &text, &length, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "Permission denied"));
}
END_TEST

/* --- writing aside ----------------------------------------------------------------------------------------------- */

static void assert_content(const char *file, const char *expected)
{
    char *text = testing_read(file, NULL);
    ck_assert_pstr_eq(text, expected);
    free(text);
}

START_TEST(commit_replaces_the_file_at_once)
{
    struct file_aside f;
    struct error e;
    testing_write(testing_path(path, testing_folder(folder), "out"), "old");
    ck_assert_int_eq(file_aside_open(&f, path, &e), STATUS_OK);
    fputs("new", f.stream);
    fflush(f.stream);
    assert_content(path, "old");
    ck_assert_int_eq(file_aside_commit(&f, &e), STATUS_OK);
    assert_content(path, "new");
    ck_assert_uint_eq(testing_count_entries(folder), 1);
}
END_TEST

START_TEST(abandon_leaves_the_old_content)
{
    struct file_aside f;
    struct error e;
    testing_write(testing_path(path, testing_folder(folder), "out"), "old");
    ck_assert_int_eq(file_aside_open(&f, path, &e), STATUS_OK);
    fputs("new", f.stream);
    file_aside_abandon(&f);
    assert_content(path, "old");
    ck_assert_uint_eq(testing_count_entries(folder), 1);
    file_aside_abandon(&f); /* twice does no harm */
    assert_content(path, "old");
}
END_TEST

START_TEST(abandoned_new_file_never_was)
{
    struct file_aside f;
    struct error e;
    ck_assert_int_eq(file_aside_open(&f, testing_path(path, testing_folder(folder), "out"), &e), STATUS_OK);
    fputs("new", f.stream);
    file_aside_abandon(&f);
    ck_assert_uint_eq(testing_count_entries(folder), 0);
}
END_TEST

/* Two writers of one file: the last to commit wins, nothing is mixed. */
START_TEST(two_writers_do_not_mix)
{
    struct file_aside first, second;
    struct error e;
    testing_path(path, testing_folder(folder), "out");
    ck_assert_int_eq(file_aside_open(&first, path, &e), STATUS_OK);
    ck_assert_int_eq(file_aside_open(&second, path, &e), STATUS_OK);
    fputs("first", first.stream);
    fputs("second", second.stream);
    ck_assert_int_eq(file_aside_commit(&second, &e), STATUS_OK);
    ck_assert_int_eq(file_aside_commit(&first, &e), STATUS_OK);
    assert_content(path, "first");
    ck_assert_uint_eq(testing_count_entries(folder), 1);
}
END_TEST

START_TEST(permissions_are_those_of_any_new_file)
{
    struct file_aside f;
    struct error e;
    struct stat info;
    umask(027);
    ck_assert_int_eq(file_aside_open(&f, testing_path(path, testing_folder(folder), "out"), &e), STATUS_OK);
    ck_assert_int_eq(file_aside_commit(&f, &e), STATUS_OK);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0640);
}
END_TEST

START_TEST(open_says_why_it_cannot)
{
    struct file_aside f;
    struct error e;
    char *huge = malloc(6000);
    ck_assert_int_eq(file_aside_open(&f, testing_path(path, testing_folder(folder), "no/such/folder"), &e),
                     STATUS_FAILED);
    ck_assert_str_eq(e.file, path);
    ck_assert_ptr_nonnull(strstr(e.message, "No such file"));
    file_aside_abandon(&f); /* after a failure it does no harm */
    memset(huge, 'x', 5999);
    huge[5999] = 0;
    ck_assert_int_eq(file_aside_open(&f, huge, &e), STATUS_FAILED);
    file_aside_abandon(&f);
    free(huge);
}
END_TEST

START_TEST(commit_over_a_folder_fails_and_cleans_up)
{
    struct file_aside f;
    struct error e;
    ck_assert_int_eq(mkdir(testing_path(path, testing_folder(folder), "out"), 0700), 0);
    ck_assert_int_eq(file_aside_open(&f, path, &e), STATUS_OK);
    ck_assert_int_eq(file_aside_commit(&f, &e), STATUS_FAILED);
    ck_assert_str_eq(e.file, path);
    ck_assert_ptr_nonnull(strstr(e.message, "directory"));
    ck_assert_uint_eq(testing_count_entries(folder), 1);
}
END_TEST

/* A disk that is full, by way of the limit on the size of files. */
START_TEST(disk_full_keeps_the_old_content)
{
    struct file_aside f;
    struct error e;
    testing_write(testing_path(path, testing_folder(folder), "out"), "old");
    ck_assert_int_eq(file_aside_open(&f, path, &e), STATUS_OK);
    struct rlimit small = {8192, 8192};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    size_t lines = _i ? 10000 : 1000; /* met while writing, or by the last flush only */
    for (size_t i = 0; i < lines; i++)
        fputs("123456789\n", f.stream);
    ck_assert_int_eq(file_aside_commit(&f, &e), STATUS_FAILED);
    ck_assert_msg(strstr(e.message, "too large") != NULL, "%s", e.message);
    assert_content(path, "old");
    ck_assert_uint_eq(testing_count_entries(folder), 1);
}
END_TEST

/* What was lost stays lost, though there is room again by the time of the commit. */
START_TEST(disk_that_was_full_for_a_while_keeps_the_old_content)
{
    struct file_aside f;
    struct error e;
    struct rlimit usual, small;
    testing_write(testing_path(path, testing_folder(folder), "out"), "old");
    ck_assert_int_eq(file_aside_open(&f, path, &e), STATUS_OK);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = usual;
    small.rlim_cur = 8192;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (size_t i = 0; i < 10000; i++)
        fputs("123456789\n", f.stream);
    fflush(f.stream);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &usual), 0);
    ck_assert_int_eq(file_aside_commit(&f, &e), STATUS_FAILED);
    assert_content(path, "old");
}
END_TEST

/* --- folders ----------------------------------------------------------------------------------------------------- */

START_TEST(make_folder_makes_the_parents_too)
{
    static const char *const names[] = {"a", "b/c/d", "b/c/d", "e/", "f//g///", "./h/../h/i"};
    struct error e;
    testing_folder(folder);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct stat info;
        ck_assert_int_eq(file_make_folder(testing_path(path, folder, names[i]), &e), STATUS_OK);
        ck_assert_int_eq(stat(path, &info), 0);
        ck_assert(S_ISDIR(info.st_mode));
    }
    ck_assert_int_eq(file_make_folder("/", &e), STATUS_OK);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(file_make_folder("relative/x", &e), STATUS_OK);
    ck_assert(testing_exists(testing_path(path, folder, "relative/x")));
}
END_TEST

START_TEST(make_folder_says_why_it_cannot)
{
    struct error e;
    char *huge = malloc(6000);
    memset(huge, 'x', 5999);
    huge[5999] = 0;
    testing_write(testing_path(path, testing_folder(folder), "file"), "x");
    ck_assert_int_eq(file_make_folder(path, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "not a folder"));
    ck_assert_int_eq(file_make_folder(testing_path(path, folder, "file/below"), &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "Not a directory"));
    ck_assert_int_eq(file_make_folder("", &e), STATUS_FAILED);
    ck_assert_int_eq(file_make_folder(huge, &e), STATUS_FAILED);
    ck_assert_int_eq(file_make_folder("/proc/no/such", &e), STATUS_FAILED);
    free(huge);
}
END_TEST

/* --- hash -------------------------------------------------------------------------------------------------------- */

/* Test vectors of FNV-1a, 64 bits, by Noll (draft-eastlake-fnv, appendix C). */
static const struct {
    const char *text, *hash;
} hashes[] = {{"", "cbf29ce484222325"}, {"a", "af63dc4c8601ec8c"}, {"foobar", "85944171f73967e8"}};

START_TEST(hash_is_fnv_1a)
{
    char hash[17];
    file_hash(hashes[_i].text, strlen(hashes[_i].text), hash);
    ck_assert_str_eq(hash, hashes[_i].hash);
}
END_TEST

START_TEST(hash_takes_in_zero_bytes)
{
    char one[17], two[17];
    file_hash("a\0b", 3, one);
    file_hash("a\0c", 3, two);
    ck_assert_str_ne(one, two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, read_gives_every_byte_and_a_zero_after_them, 0, COUNT(sizes));
    tcase_add_test(reading, read_takes_the_limit_and_not_a_byte_more);
    tcase_add_test(reading, read_refuses_what_is_not_a_file);
    tcase_add_test(reading, read_needs_permission);
    suite_add_tcase(suite, reading);
    TCase *aside = tcase_create("writing aside");
    tcase_add_test(aside, commit_replaces_the_file_at_once);
    tcase_add_test(aside, abandon_leaves_the_old_content);
    tcase_add_test(aside, abandoned_new_file_never_was);
    tcase_add_test(aside, two_writers_do_not_mix);
    tcase_add_test(aside, permissions_are_those_of_any_new_file);
    tcase_add_test(aside, open_says_why_it_cannot);
    tcase_add_test(aside, commit_over_a_folder_fails_and_cleans_up);
    tcase_add_loop_test(aside, disk_full_keeps_the_old_content, 0, 2);
    tcase_add_test(aside, disk_that_was_full_for_a_while_keeps_the_old_content);
    suite_add_tcase(suite, aside);
    TCase *folders = tcase_create("folders");
    tcase_add_test(folders, make_folder_makes_the_parents_too);
    tcase_add_test(folders, make_folder_says_why_it_cannot);
    suite_add_tcase(suite, folders);
    TCase *hash = tcase_create("hash");
    tcase_add_loop_test(hash, hash_is_fnv_1a, 0, COUNT(hashes));
    tcase_add_test(hash, hash_takes_in_zero_bytes);
    suite_add_tcase(suite, hash);
    return testing_main(suite);
}
