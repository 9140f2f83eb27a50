/* What every test program shares: Check, a closing line, skips, close-enough assertions, scratch files, random numbers.
 */
#ifndef GEARS_TESTS_TESTING_H
#define GEARS_TESTS_TESTING_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Check tells its parent, by a write to a file, of every assertion that held: a million of them cost more than what
 * they check. Only those that fail are told here. */
#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                                                                                       \
    ((expr) ? (void)0 : _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expr "' failed", __VA_ARGS__))

/* Run the suite (each test in its own process) and print "N passed, M failed, K skipped". Returns main's exit code. */
int testing_main(Suite *suite);

/* End the running test as skipped, with the reason. */
_Noreturn void testing_skip(const char *reason);

/* |a - b| <= tolerance x max(|b|, floor): relative, with a floor for b near 0. */
#define assert_close(a, b, tolerance, floor)                                                                           \
    testing_assert_close((a), (b), (tolerance), (floor), #a, __FILE__, __LINE__)
void testing_assert_close(double a, double b, double tolerance, double floor, const char *what, const char *file,
                          int line);

/* A new empty folder of the running test, below TMPDIR; removed with all it holds when the program ends. */
enum { TESTING_PATH = 4096 };
char *testing_folder(char buffer[TESTING_PATH]);
/* "FOLDER/NAME" into buffer. */
char *testing_path(char buffer[TESTING_PATH], const char *folder, const char *name);
void testing_write_bytes(const char *path, const void *bytes, size_t length);
void testing_write(const char *path, const char *text);
/* The whole file with a 0 byte after it, malloc'd; NULL when it cannot be read. length may be NULL. */
char *testing_read(const char *path, size_t *length);
bool testing_exists(const char *path);
/* Entries of a folder, "." and ".." not counted. */
size_t testing_count_entries(const char *folder);

/* Go on in a locale that writes 0,5: one of the system's, or one made for the occasion; skips where there is none. */
void testing_use_comma_locale(void);

/* A seed for this run: $TEST_SEED, else the clock; printed, so that a failure can be had again. */
uint64_t testing_seed(void);
uint64_t testing_random(uint64_t *state); /* 64 bits; Steele, Lea and Flood 2014 (splitmix64) */

#endif
