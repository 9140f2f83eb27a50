#include "tests/arrays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *arrays_reference(char path[TESTING_PATH], const char *name)
{
    return testing_path(path, "tests/reference/arrays", name);
}

void arrays_read(const char *path, struct array_set *s)
{
    struct error e = {0};
    char line[2048];
    if (array_read(path, s, &e) != STATUS_OK)
        ck_abort_msg("%s", error_format(&e, line, sizeof line));
}

void arrays_read_reference(const char *name, struct array_set *s)
{
    char path[TESTING_PATH];
    arrays_read(arrays_reference(path, name), s);
}

enum status arrays_read_copy(const void *bytes, size_t length, const char *name, struct array_set *s, struct error *e)
{
    char *copy = malloc(length ? length : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    enum status status = array_read_bytes(copy, length, name, s, e);
    free(copy);
    return status;
}

void arrays_refuse(const void *bytes, size_t length, const char *name, const char *part)
{
    struct array_set s = {0};
    struct error e = {0};
    enum status status = arrays_read_copy(bytes, length, name, &s, &e);
    if (status != STATUS_BAD_INPUT || !strstr(e.message, part))
        ck_abort_msg("%s: status %d, message '%s', expected '%s'", name, (int)status, e.message, part);
    ck_assert_str_eq(e.file, name);
    ck_assert_uint_eq(s.n, 0);
    ck_assert_ptr_null(s.arrays);
    ck_assert_ptr_null(s.metadata);
}

bool arrays_same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y || (isnan(a) && isnan(b));
}

void arrays_assert_values(const struct array *a, const double *expected, size_t n)
{
    ck_assert_uint_eq(a->n, n);
    for (size_t i = 0; i < n; i++)
        if (!arrays_same_bits(a->values[i], expected[i]))
            ck_abort_msg("%s[%zu] is %a, expected %a", a->name, i, a->values[i], expected[i]);
}
