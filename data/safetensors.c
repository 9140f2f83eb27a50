/* safetensors: the length of a header (u64, little-endian), a JSON header {name: {dtype, shape, data_offsets}}, then
 * the bytes of all tensors, row-major and little-endian, without holes. Format: the README of the safetensors library.
 */
#include "base/file.h"
#include "base/text.h"
#include "data/array_private.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { PREAMBLE = 8, MAX_HEADER = 100 * 1000 * 1000, ALIGNMENT = 8 };
static const char metadata_key[] = "__metadata__";

/* Bytes of a tensor, counted from the end of the header. */
struct extent {
    size_t begin, end;
    const char *name;
};

static int compare_extents(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    if (x->begin != y->begin)
        return (x->begin > y->begin) - (x->begin < y->begin);
    return (x->end > y->end) - (x->end < y->end);
}

/* A whole number that is not negative. */
static bool to_size(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static enum status take_shape(struct array_reader *r, const char *name, const json_t *list,
                              uint64_t shape[ARRAY_MAX_DIMENSIONS])
{
    if (!json_is_array(list))
        return array_complain(r, name, "has no list 'shape'");
    if (json_array_size(list) > ARRAY_MAX_DIMENSIONS)
        return array_complain(r, name, "has %zu dimensions; at most %d are read", json_array_size(list),
                              ARRAY_MAX_DIMENSIONS);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!to_size(json_array_get(list, i), &shape[i]))
            return array_complain(r, name, "has a 'shape' with something else than whole numbers from 0 on");
    return STATUS_OK;
}

static enum status take_extent(struct array_reader *r, const char *name, const json_t *list, size_t length,
                               struct extent *out)
{
    uint64_t begin, end;
    if (json_array_size(list) != 2 || !to_size(json_array_get(list, 0), &begin) ||
        !to_size(json_array_get(list, 1), &end))
        return array_complain(r, name, "has no 'data_offsets' of two whole numbers from 0 on");
    if (begin > end || end > length)
        return array_complain(r, name, "has data_offsets [%ju, %ju], but there are %zu bytes of data", (uintmax_t)begin,
                              (uintmax_t)end, length);
    *out = (struct extent){(size_t)begin, (size_t)end, name};
    return STATUS_OK;
}

static enum status take_tensor(struct array_reader *r, const char *name, const json_t *entry, const unsigned char *data,
                               size_t length, struct extent *extent)
{
    uint64_t shape[ARRAY_MAX_DIMENSIONS];
    struct array *a;
    struct array_input in;
    const json_t *dtype = json_object_get(entry, "dtype"), *dimensions = json_object_get(entry, "shape");
    if (!json_is_object(entry) || json_object_size(entry) != 3 || !json_is_string(dtype))
        return array_complain(r, name, "is not described by dtype, shape and data_offsets, and these alone");
    const struct array_kind *kind = array_kind_of_safetensors(json_string_value(dtype));
    if (!kind)
        return array_complain(r, name, "is of dtype '%.40s', which is not read", json_string_value(dtype));
    enum status status = take_shape(r, name, dimensions, shape);
    if (!status)
        status = take_extent(r, name, json_object_get(entry, "data_offsets"), length, extent);
    if (!status)
        status = array_add(r, name, kind->type, shape, json_array_size(dimensions), &a);
    if (status)
        return status;
    size_t bytes = extent->end - extent->begin;
    status = array_input_open(&in, r, name, ARRAY_PLAIN, data + extent->begin, bytes, bytes);
    if (!status)
        status = array_input_take_values(&in, false, false, a);
    array_input_close(&in);
    return status;
}

/* Every byte belongs to exactly one tensor. */
static enum status check_extents(struct array_reader *r, struct extent *extents, size_t n, size_t length)
{
    size_t covered = 0;
    qsort(extents, n, sizeof *extents, compare_extents);
    for (size_t i = 0; i < n; i++) {
        if (extents[i].begin < covered)
            return array_complain(r, extents[i].name, "overlaps '%.120s'", extents[i - 1].name);
        if (extents[i].begin > covered)
            return array_complain(r, extents[i].name, "leaves a hole of %zu bytes before it",
                                  extents[i].begin - covered);
        covered = extents[i].end;
    }
    if (covered < length)
        return array_complain(r, NULL, "has %zu bytes after the last tensor", length - covered);
    return STATUS_OK;
}

static enum status take_metadata(struct array_reader *r, json_t *object)
{
    const char *key;
    json_t *value;
    size_t used = 0;
    if (!json_is_object(object))
        return array_complain(r, metadata_key, "is not a map");
    char **pairs = r->set->metadata = calloc(2 * json_object_size(object) + 1, sizeof *pairs);
    if (!pairs)
        return error_memory(r->e);
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return array_complain(r, metadata_key, "holds '%.80s', which is not a text", key);
        if (!(pairs[used++] = text_copy(key)) || !(pairs[used++] = text_copy(json_string_value(value))))
            return error_memory(r->e);
    }
    return STATUS_OK;
}

static enum status take_header(struct array_reader *r, json_t *header, const unsigned char *data, size_t length)
{
    const char *name;
    json_t *entry;
    size_t n = 0;
    enum status status = STATUS_OK;
    struct extent *extents = calloc(json_object_size(header) + 1, sizeof *extents);
    if (!extents)
        return error_memory(r->e);
    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, metadata_key) == 0)
            status = take_metadata(r, entry);
        else
            status = take_tensor(r, name, entry, data, length, &extents[n++]);
        if (status)
            break;
    }
    if (!status)
        status = check_extents(r, extents, n, length);
    free(extents);
    return status;
}

enum status safetensors_read(struct array_reader *r)
{
    json_error_t error;
    if (r->length < PREAMBLE)
        return array_complain(r, NULL, "is not in safetensors format: it has no length of a header");
    uint64_t length = array_get_little(r->bytes, PREAMBLE);
    if (length > MAX_HEADER)
        return array_complain(r, NULL, "says that its header has %ju bytes; at most 100 MB are read",
                              (uintmax_t)length);
    if (length > r->length - PREAMBLE)
        return array_complain(r, NULL, "is cut short: its header should have %ju bytes, there are %zu",
                              (uintmax_t)length, r->length - PREAMBLE);
    const char *text = (const char *)r->bytes + PREAMBLE;
    if (length == 0 || text[0] != '{')
        return array_complain(r, NULL, "is not in safetensors format: its header does not start with '{'");
    json_t *header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!header)
        return json_error_code(&error) == json_error_out_of_memory
                   ? error_memory(r->e)
                   : array_complain(r, NULL, "has a bad JSON header, at byte %d: %s", error.position, error.text);
    enum status status = take_header(r, header, r->bytes + PREAMBLE + length, r->length - PREAMBLE - (size_t)length);
    json_decref(header);
    return status;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static const enum array_type written[] = {ARRAY_F64, ARRAY_F32}; /* wide numbers first keeps all of them aligned */
enum { N_WRITTEN = sizeof written / sizeof written[0] };

static json_t *describe_metadata(const char *const *pairs)
{
    json_t *object = json_object();
    for (; object && *pairs; pairs += 2)
        if (json_object_set_new(object, pairs[0], json_string(pairs[1])) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *describe_array(const struct array *a, size_t begin)
{
    size_t end = begin + a->n * array_kind_of(a->type)->size;
    json_t *shape = json_array();
    bool ok = shape != NULL;
    for (size_t i = 0; ok && i < a->n_dimensions; i++)
        ok = json_array_append_new(shape, json_integer((json_int_t)a->shape[i])) == 0;
    if (!ok) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", array_kind_of(a->type)->safetensors, "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* In the set's order, though the numbers of wider types come first. */
static bool describe_arrays(const struct array_set *s, json_t *header)
{
    size_t begin = 0, begins[N_WRITTEN];
    for (size_t k = 0; k < N_WRITTEN; k++) {
        begins[k] = begin;
        for (size_t i = 0; i < s->n; i++)
            if (s->arrays[i].type == written[k])
                begin += s->arrays[i].n * array_kind_of(written[k])->size;
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct array *a = &s->arrays[i];
        size_t *at = &begins[a->type == written[0] ? 0 : 1];
        if (json_object_set_new(header, a->name, describe_array(a, *at)) != 0)
            return false;
        *at += a->n * array_kind_of(a->type)->size;
    }
    return true;
}

/* The JSON text, padded with spaces so that the numbers are aligned; malloc'd, NULL on lack of memory or bad UTF-8. */
static char *write_header(const struct array_set *s, const char *const *metadata, size_t *length)
{
    json_t *header = json_object();
    bool ok = header != NULL;
    if (ok && metadata)
        ok = json_object_set_new(header, metadata_key, describe_metadata(metadata)) == 0;
    char *text = ok && describe_arrays(s, header) ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    size_t used = text ? strlen(text) : 0;
    *length = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *padded = text ? realloc(text, *length + 1) : NULL;
    if (!padded) {
        free(text);
        return NULL;
    }
    memset(padded + used, ' ', *length - used);
    padded[*length] = 0;
    return padded;
}

static void write_bytes(void *context, const unsigned char *bytes, size_t length)
{
    fwrite(bytes, 1, length, context); /* failures are told by file_aside_commit */
}

static enum status check_metadata(const struct array_set *s, const char *const *metadata, const char *path,
                                  struct error *e)
{
    if (array_find(s, metadata_key))
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "an array cannot be called '%s'", metadata_key);
    for (size_t i = 0; metadata && metadata[i]; i++)
        if (text_valid_length(metadata[i], strlen(metadata[i])) != strlen(metadata[i]))
            return error_set_at(e, STATUS_FAILED, path, 0, 0, "metadata that is not UTF-8 cannot be written");
    return STATUS_OK;
}

enum status array_write_safetensors(const struct array_set *s, const char *const *metadata, const char *path,
                                    struct error *e)
{
    struct file_aside file;
    size_t length;
    unsigned char preamble[PREAMBLE];
    enum status status = array_check_writable(s, path, e);
    if (!status)
        status = check_metadata(s, metadata, path, e);
    if (status)
        return status;
    char *header = write_header(s, metadata, &length);
    if (!header)
        return error_memory(e);
    status = length > MAX_HEADER ? error_set_at(e, STATUS_FAILED, path, 0, 0, "the header would be over 100 MB")
                                 : file_aside_open(&file, path, e);
    if (!status) {
        array_put_little(preamble, length, PREAMBLE);
        write_bytes(file.stream, preamble, PREAMBLE);
        write_bytes(file.stream, (const unsigned char *)header, length);
        for (size_t k = 0; k < N_WRITTEN; k++)
            for (size_t i = 0; i < s->n; i++)
                if (s->arrays[i].type == written[k])
                    array_encode(&s->arrays[i], write_bytes, file.stream);
        status = file_aside_commit(&file, e);
    }
    free(header);
    return status;
}
