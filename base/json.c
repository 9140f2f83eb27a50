#include "base/json.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *json_number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_numbers(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++)
        json_array_append_new(array, json_number_or_null(values[i]));
    return array;
}

/* jansson writes reals with a fixed number of digits; ours read back the same with as few as that takes. */
static int write_value(const json_t *value, int depth, FILE *out);

static int write_members(const json_t *value, int depth, FILE *out)
{
    bool object = json_is_object(value), first = true;
    size_t count = object ? json_object_size(value) : json_array_size(value), i = 0;
    void *member = object ? json_object_iter((json_t *)value) : NULL;
    int bad = fputc(object ? '{' : '[', out) == EOF;
    for (; i < count && !bad; i++, first = false) {
        const json_t *item = object ? json_object_iter_value(member) : json_array_get(value, i);
        fprintf(out, "%s\n%*s", first ? "" : ",", 2 * (depth + 1), "");
        if (object) {
            json_t *key = json_string(json_object_iter_key(member));
            bad |= write_value(key, depth, out);
            json_decref(key);
            fputs(": ", out);
            member = json_object_iter_next((json_t *)value, member);
        }
        bad |= write_value(item, depth + 1, out);
    }
    if (count)
        fprintf(out, "\n%*s", 2 * depth, "");
    fputc(object ? '}' : ']', out);
    return bad;
}

static int write_value(const json_t *value, int depth, FILE *out)
{
    char number[40];
    if (json_is_object(value) || json_is_array(value))
        return write_members(value, depth, out);
    if (json_is_real(value))
        return fputs(text_from_number(json_real_value(value), number, sizeof number), out) == EOF;
    return json_dumpf(value, out, JSON_ENCODE_ANY) != 0;
}

enum status json_write(const json_t *value, FILE *out, struct error *e)
{
    if (!value)
        return error_memory(e);
    if (write_value(value, 0, out) || fputc('\n', out) == EOF || fflush(out) != 0 || ferror(out))
        return error_set(e, STATUS_FAILED, "cannot write JSON: %s", strerror(errno));
    return STATUS_OK;
}
