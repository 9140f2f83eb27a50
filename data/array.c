#include "data/array.h"

#include "base/file.h"
#include "base/text.h"
#include "data/array_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct array_kind kinds[] = {
    {ARRAY_F64, 8, "f8", "F64"},   {ARRAY_F32, 4, "f4", "F32"}, {ARRAY_F16, 2, "f2", "F16"},
    {ARRAY_BF16, 2, NULL, "BF16"}, {ARRAY_I64, 8, "i8", "I64"}, {ARRAY_I32, 4, "i4", "I32"},
    {ARRAY_I16, 2, "i2", "I16"},   {ARRAY_I8, 1, "i1", "I8"},   {ARRAY_U8, 1, "u1", "U8"},
    {ARRAY_U16, 2, "u2", "U16"},   {ARRAY_U32, 4, "u4", "U32"}, {ARRAY_U64, 8, "u8", "U64"},
    {ARRAY_BOOL, 1, "b1", "BOOL"},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

const struct array_kind *array_kind_of(enum array_type type)
{
    return &kinds[type]; /* they stand in the order of the types */
}

const struct array_kind *array_kind_of_npy(const char *code)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (kinds[i].npy && strcmp(kinds[i].npy, code) == 0)
            return &kinds[i];
    return NULL;
}

const struct array_kind *array_kind_of_safetensors(const char *name)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (strcmp(kinds[i].safetensors, name) == 0)
            return &kinds[i];
    return NULL;
}

/* --- a set and its arrays ---------------------------------------------------------------------------------------- */

void array_set_clear(struct array_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->arrays[i].name);
        free(s->arrays[i].values);
    }
    free(s->arrays);
    for (size_t i = 0; s->metadata && s->metadata[i]; i++)
        free(s->metadata[i]);
    free(s->metadata);
    memset(s, 0, sizeof *s);
}

const struct array *array_find(const struct array_set *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->arrays[i].name, name) == 0)
            return &s->arrays[i];
    return NULL;
}

const char *array_metadata(const struct array_set *s, const char *key)
{
    for (size_t i = 0; s->metadata && s->metadata[i]; i += 2)
        if (strcmp(s->metadata[i], key) == 0)
            return s->metadata[i + 1];
    return NULL;
}

struct named {
    const char *name;
    size_t index;
};

static int compare_names(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

size_t array_find_namesake(const struct array_set *s)
{
    size_t found = s->n;
    struct named *sorted = malloc((s->n + 1) * sizeof *sorted);
    if (!sorted)
        return SIZE_MAX;
    for (size_t i = 0; i < s->n; i++)
        sorted[i] = (struct named){s->arrays[i].name, i};
    qsort(sorted, s->n, sizeof *sorted, compare_names);
    for (size_t i = 1; i < s->n && found == s->n; i++)
        if (strcmp(sorted[i].name, sorted[i - 1].name) == 0)
            found = sorted[i].index;
    free(sorted);
    return found;
}

/* The product of the dimensions into *n; false when one, or the product of those that are not 0, is over the limit. */
static bool multiply_shape(const uint64_t *shape, size_t n_dimensions, uint64_t limit, size_t *n)
{
    uint64_t product = 1;
    bool empty = false;
    for (size_t i = 0; i < n_dimensions; i++) {
        if (shape[i] > limit / product)
            return false;
        if (shape[i] == 0)
            empty = true;
        else
            product *= shape[i];
    }
    *n = empty ? 0 : (size_t)product;
    return true;
}

static bool append(struct array_reader *r, const char *name, struct array **out)
{
    struct array_set *s = r->set;
    if (s->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 8;
        struct array *more = realloc(s->arrays, capacity * sizeof *more);
        if (!more)
            return false;
        s->arrays = more;
        r->capacity = capacity;
    }
    struct array *a = &s->arrays[s->n];
    memset(a, 0, sizeof *a);
    a->name = text_copy(name);
    if (!a->name)
        return false;
    s->n++;
    *out = a;
    return true;
}

enum status array_add(struct array_reader *r, const char *name, enum array_type type, const uint64_t *shape,
                      size_t n_dimensions, struct array **out)
{
    size_t n;
    if (n_dimensions > ARRAY_MAX_DIMENSIONS)
        return array_complain(r, name, "has %zu dimensions; at most %d are read", n_dimensions, ARRAY_MAX_DIMENSIONS);
    if (!multiply_shape(shape, n_dimensions, ARRAY_MAX_NUMBERS, &n) || n > r->budget)
        return array_complain(r, name, "its shape asks for more than the 2 GiB of numbers that a file may hold");
    if (!append(r, name, out))
        return error_memory(r->e);
    r->budget -= n;
    (*out)->type = type;
    (*out)->n_dimensions = n_dimensions;
    for (size_t i = 0; i < n_dimensions; i++)
        (*out)->shape[i] = (size_t)shape[i];
    (*out)->n = n;
    return STATUS_OK;
}

enum status array_complain(const struct array_reader *r, const char *member, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    bool named = member && member[0];
    return error_set_at(r->e, STATUS_BAD_INPUT, r->path, 0, 0, "%s%.120s%s%s", named ? "'" : "", named ? member : "",
                        named ? "' " : "", message);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *ending;
    enum status (*read)(struct array_reader *r);
} formats[] = {
    {".npy", npy_read},
    {".npz", npz_read},
    {".safetensors", safetensors_read},
    {".idx", idx_read},
    {".idx.gz", idx_read_gzipped},
    {"-ubyte", idx_read},
    {"-ubyte.gz", idx_read_gzipped},
    {".csv", matrix_read},
};
enum { N_FORMATS = sizeof formats / sizeof formats[0] };

/* Index of the format, or N_FORMATS with an error. */
static size_t find_format(const char *name, struct error *e)
{
    size_t length = strlen(name), i = 0;
    for (; i < N_FORMATS; i++) {
        size_t ending = strlen(formats[i].ending);
        if (length >= ending && strcasecmp(name + length - ending, formats[i].ending) == 0)
            return i;
    }
    error_set_at(
        e, STATUS_BAD_INPUT, name, 0, 0,
        "its ending names no format of arrays: .npy, .npz, .safetensors, .idx, .idx.gz, -ubyte, -ubyte.gz, .csv");
    return i;
}

static enum status read_format(size_t format, const void *bytes, size_t length, const char *name, struct array_set *out,
                               struct error *e)
{
    struct array_reader reader = {
        .path = name, .bytes = bytes, .length = length, .set = out, .budget = ARRAY_MAX_NUMBERS, .e = e};
    enum status status = formats[format].read(&reader);
    if (status)
        array_set_clear(out);
    return status;
}

enum status array_read_bytes(const void *bytes, size_t length, const char *name, struct array_set *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    size_t format = find_format(name, e);
    return format == N_FORMATS ? STATUS_BAD_INPUT : read_format(format, bytes ? bytes : "", length, name, out, e);
}

enum status array_read(const char *path, struct array_set *out, struct error *e)
{
    static const size_t most = ((size_t)2 << 30) + ((size_t)128 << 20); /* the numbers, and a header */
    char *bytes = NULL;
    size_t length = 0;
    memset(out, 0, sizeof *out);
    size_t format = find_format(path, e);
    if (format == N_FORMATS)
        return STATUS_BAD_INPUT;
    enum status status = file_read(path, most, &bytes, &length, e);
    if (!status)
        status = read_format(format, bytes, length, path, out, e);
    free(bytes);
    return status;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static enum status check_values(const struct array *a, const char *path, struct error *e)
{
    size_t n = 1;
    for (size_t i = 0; i < a->n_dimensions; i++)
        n *= a->shape[i];
    if (n != a->n || a->n_dimensions > ARRAY_MAX_DIMENSIONS)
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "array '%.120s' has %zu numbers, its shape says %zu", a->name,
                            a->n, n);
    if (a->type == ARRAY_F64)
        return STATUS_OK;
    /* from halfway between the largest float and the next power of two on, rounding gives infinity */
    double overflow = ldexp(2 - ldexp(1, -24), 127);
    for (size_t i = 0; i < a->n; i++)
        if (isfinite(a->values[i]) && fabs(a->values[i]) >= overflow)
            return error_set_at(e, STATUS_FAILED, path, 0, 0, "array '%.120s': %g is too large for 32 bits", a->name,
                                a->values[i]);
    return STATUS_OK;
}

enum status array_check_writable(const struct array_set *s, const char *path, struct error *e)
{
    size_t twice = array_find_namesake(s);
    if (twice == SIZE_MAX)
        return error_memory(e);
    if (twice < s->n)
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "two arrays are called '%.120s'", s->arrays[twice].name);
    for (size_t i = 0; i < s->n; i++) {
        const struct array *a = &s->arrays[i];
        size_t length = strlen(a->name);
        if (!length || text_valid_length(a->name, length) != length)
            return error_set_at(e, STATUS_FAILED, path, 0, 0, "array %zu has no name, or one that is not UTF-8", i + 1);
        if (a->type != ARRAY_F64 && a->type != ARRAY_F32)
            return error_set_at(e, STATUS_FAILED, path, 0, 0, "array '%.120s' is of type %s; F64 and F32 are written",
                                a->name, array_kind_of(a->type)->safetensors);
        enum status status = check_values(a, path, e);
        if (status)
            return status;
    }
    return STATUS_OK;
}
