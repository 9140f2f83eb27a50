#include "base/json.h"

#include <errno.h>
#include <math.h>
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

enum status json_write(const json_t *value, FILE *out, struct error *e)
{
    /* 17 digits always read back the same; jansson trims nothing, so try the shorter ones it can be asked for */
    if (json_dumpf(value, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0 || fputc('\n', out) == EOF ||
        fflush(out) != 0)
        return error_set(e, STATUS_FAILED, "cannot write JSON: %s", strerror(errno));
    return STATUS_OK;
}
