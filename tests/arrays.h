/* Files of arrays for tests: read from memory, refused, compared; and made by hand. */
#ifndef GEARS_TESTS_ARRAYS_H
#define GEARS_TESTS_ARRAYS_H

#include "data/array.h"
#include "tests/testing.h"

/* "tests/reference/arrays/NAME" into path. */
char *arrays_reference(char path[TESTING_PATH], const char *name);
/* Read a file of tests/reference/arrays; aborts the test when that fails. The caller clears. */
void arrays_read_reference(const char *name, struct array_set *s);
void arrays_read(const char *path, struct array_set *s);

/* From a copy of exactly that size, so that a sanitizer sees a step beyond it. */
enum status arrays_read_copy(const void *bytes, size_t length, const char *name, struct array_set *s, struct error *e);
/* Must be refused with one line that names the file and holds `part`, with nothing left behind. */
void arrays_refuse(const void *bytes, size_t length, const char *name, const char *part);

/* The same bits, or both not a number. */
bool arrays_same_bits(double a, double b);
void arrays_assert_values(const struct array *a, const double *expected, size_t n);

#endif
