/* IDX, the format of MNIST and its kin: two zero bytes, a type, the number of dimensions, the dimensions (u32), the
 * numbers; all big-endian. Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". */
#include "data/array_private.h"

static const struct {
    unsigned char code;
    enum array_type type;
} types[] = {{0x08, ARRAY_U8},  {0x09, ARRAY_I8},  {0x0b, ARRAY_I16},
             {0x0c, ARRAY_I32}, {0x0d, ARRAY_F32}, {0x0e, ARRAY_F64}};
enum { N_TYPES = sizeof types / sizeof types[0] };

static enum status read_array(struct array_reader *r, struct array_input *in)
{
    unsigned char start[4] = {0}, sizes[4 * ARRAY_MAX_DIMENSIONS] = {0};
    uint64_t shape[ARRAY_MAX_DIMENSIONS] = {0};
    struct array *a;
    size_t type = 0;
    enum status status = array_input_take(in, start, sizeof start, "the IDX magic");
    if (status)
        return status;
    while (type < N_TYPES && types[type].code != start[2])
        type++;
    if (start[0] || start[1] || type == N_TYPES)
        return array_complain(r, NULL, "is not in IDX format: it starts with the bytes %02x %02x %02x %02x", start[0],
                              start[1], start[2], start[3]);
    size_t n_dimensions = start[3];
    if (n_dimensions < 1 || n_dimensions > ARRAY_MAX_DIMENSIONS)
        return array_complain(r, NULL, "has %zu dimensions; 1 to %d are read", n_dimensions, ARRAY_MAX_DIMENSIONS);
    status = array_input_take(in, sizes, 4 * n_dimensions, "the dimensions");
    for (size_t i = 0; i < n_dimensions && !status; i++)
        shape[i] = array_get_big(sizes + 4 * i, 4);
    if (!status)
        status = array_add(r, "", types[type].type, shape, n_dimensions, &a);
    return status ? status : array_input_take_values(in, true, false, a);
}

static enum status read_packed(struct array_reader *r, enum array_packing packing, size_t declared)
{
    struct array_input in;
    enum status status = array_input_open(&in, r, NULL, packing, r->bytes, r->length, declared);
    if (status)
        return status;
    status = read_array(r, &in);
    array_input_close(&in);
    return status;
}

enum status idx_read(struct array_reader *r)
{
    return read_packed(r, ARRAY_PLAIN, r->length);
}

enum status idx_read_gzipped(struct array_reader *r)
{
    return read_packed(r, ARRAY_GZIPPED, SIZE_MAX);
}
