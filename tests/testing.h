/* What every test program shares: Check, a closing line, skips, and close-enough assertions. */
#ifndef GEARS_TESTS_TESTING_H
#define GEARS_TESTS_TESTING_H

#include <check.h>

/* Run the suite (each test in its own process) and print "NAME: N passed, M failed, K skipped". Returns main's exit code. */
int testing_main(Suite *suite);

/* End the running test as skipped, with the reason. */
_Noreturn void testing_skip(const char *reason);

/* |a - b| <= tolerance x max(|b|, floor): relative, with a floor for b near 0. */
#define assert_close(a, b, tolerance, floor) testing_assert_close((a), (b), (tolerance), (floor), #a, __FILE__, __LINE__)
void testing_assert_close(double a, double b, double tolerance, double floor, const char *what, const char *file,
                          int line);

#endif
