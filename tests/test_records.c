/* Records in a file: found again, another key begins anew, what was cut off or damaged is dropped. */
#include "base/records.h"
#include "tests/testing.h"

#include <stdlib.h>
#include <string.h>

static char folder[TESTING_PATH], path[TESTING_PATH];

static struct records *open_with(const char *key)
{
    struct records *r;
    ck_assert(records_open(testing_path(path, folder, "r"), key, &r, NULL) == STATUS_OK);
    return r;
}

static void setup(void)
{
    static const double one[3] = {1, 2, 3}, two[1] = {-7};
    testing_folder(folder);
    struct records *r = open_with("key");
    ck_assert(records_add(r, 5, 3, one, NULL) == STATUS_OK);
    ck_assert(records_add(r, 9, 1, two, NULL) == STATUS_OK);
    records_close(r);
}

START_TEST(what_was_kept_is_found)
{
    double x[3] = {0};
    for (int again = 0; again < 2; again++) { /* opening loses nothing */
        struct records *r = open_with("key");
        ck_assert(records_find(r, 5, 3, x) && x[0] == 1 && x[2] == 3);
        ck_assert(records_find(r, 9, 1, x) && x[0] == -7);
        ck_assert(!records_find(r, 5, 2, x) && !records_find(r, 6, 3, x));
        records_close(r);
    }
    struct records *other = open_with("another");
    ck_assert(!records_find(other, 5, 3, x));
    records_close(other);
    other = open_with("key");
    ck_assert(!records_find(other, 5, 3, x));
    records_close(other);
}
END_TEST

START_TEST(what_is_not_whole_is_dropped)
{
    size_t length;
    double x[3];
    char *bytes = testing_read(testing_path(path, folder, "r"), &length);
    for (size_t cut = 0; cut <= length; cut++) {
        testing_write_bytes(path, bytes, cut);
        struct records *r = open_with("key");
        ck_assert(records_find(r, 9, 1, x) == (cut == length));
        ck_assert(records_find(r, 5, 3, x) == (cut >= length - 16 - 8 - 16)); /* before the second one */
        static const double more[2] = {4, 5};
        ck_assert(records_add(r, 11, 2, more, NULL) == STATUS_OK);
        records_close(r);
        r = open_with("key");
        ck_assert(records_find(r, 11, 2, x) && x[1] == 5);
        records_close(r);
    }
    for (size_t i = 32; i < length; i++) {
        char *copy = malloc(length);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bytes, length);
        copy[i] ^= 4;
        testing_write_bytes(path, copy, length);
        struct records *r = open_with("key");
        ck_assert(!records_find(r, 9, 1, x));
        records_close(r);
        free(copy);
    }
    free(bytes);
}
END_TEST

START_TEST(nowhere_is_fine_and_a_folder_is_not)
{
    struct records *r;
    double x = 1;
    struct error e = {0};
    ck_assert(records_open(NULL, "key", &r, &e) == STATUS_OK);
    ck_assert_ptr_null(r);
    ck_assert(!records_find(r, 1, 1, &x));
    ck_assert(records_add(r, 1, 1, &x, &e) == STATUS_OK);
    records_close(r);
    ck_assert(records_open(folder, "key", &r, &e) == STATUS_FAILED);
    records_close(r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("records");
    TCase *tests = tcase_create("records");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, what_was_kept_is_found);
    tcase_add_test(tests, what_is_not_whole_is_dropped);
    tcase_add_test(tests, nowhere_is_fine_and_a_folder_is_not);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
