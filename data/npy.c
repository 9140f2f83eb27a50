/* numpy's npy: magic, version, a header that is a Python dictionary, the numbers. Format 1.0, 2.0 and 3.0 as in numpy's
 * NEP 1 and numpy.lib.format. */
#include "data/array_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
enum { MAX_HEADER = 65535, TEXT_SIZE = 32 };

struct header {
    const struct array_reader *reader;
    const char *member;
    const char *c; /* not yet read; ends with a 0 byte */
    bool has_type, has_order, has_shape;
    enum array_type type;
    bool big_endian, fortran;
    uint64_t shape[ARRAY_MAX_DIMENSIONS];
    size_t n_dimensions;
};

static enum status expected(const struct header *h, const char *what)
{
    return array_complain(h->reader, h->member, "has a bad npy header: expected %s, found '%.20s'", what, h->c);
}

static void skip_blanks(struct header *h)
{
    h->c += strspn(h->c, " \t\n");
}

/* The next character but blanks, if it is this one. */
static bool accept(struct header *h, char wanted)
{
    skip_blanks(h);
    if (*h->c != wanted)
        return false;
    h->c++;
    return true;
}

/* A short Python string, in either sort of quotes, without escapes. */
static enum status take_string(struct header *h, char text[TEXT_SIZE], const char *what)
{
    skip_blanks(h);
    char quote = *h->c;
    const char *end = quote == '\'' || quote == '"' ? strchr(h->c + 1, quote) : NULL;
    if (!end || (size_t)(end - h->c) > TEXT_SIZE)
        return expected(h, what);
    size_t length = (size_t)(end - h->c) - 1;
    memcpy(text, h->c + 1, length);
    text[length] = 0;
    h->c = end + 1;
    return STATUS_OK;
}

/* "<f8": byte order, kind, bytes a number. */
static enum status take_type(struct header *h)
{
    char text[TEXT_SIZE] = "";
    skip_blanks(h);
    if (*h->c == '[')
        return array_complain(h->reader, h->member, "holds records (a structured type), not plain numbers");
    enum status status = take_string(h, text, "the type, like '<f8'");
    if (status)
        return status;
    if (text[0] && text[1] == 'O')
        return array_complain(h->reader, h->member, "holds pickled Python objects, not numbers");
    const struct array_kind *kind = text[0] ? array_kind_of_npy(text + 1) : NULL;
    bool order = text[0] == '<' || text[0] == '>' || (text[0] == '|' && kind && kind->size == 1);
    if (!kind || !order)
        return array_complain(h->reader, h->member,
                              "is of type '%s', which is not read: real numbers of up to 64 bits are", text);
    h->type = kind->type;
    h->big_endian = text[0] == '>';
    return STATUS_OK;
}

static enum status take_order(struct header *h)
{
    skip_blanks(h);
    h->fortran = strncmp(h->c, "True", 4) == 0;
    if (!h->fortran && strncmp(h->c, "False", 5) != 0)
        return expected(h, "True or False");
    h->c += h->fortran ? 4 : 5;
    return STATUS_OK;
}

static enum status take_dimension(struct header *h)
{
    static const uint64_t most = UINT64_MAX / 16;
    uint64_t value = 0;
    skip_blanks(h);
    if (*h->c < '0' || *h->c > '9')
        return expected(h, "a dimension");
    for (; *h->c >= '0' && *h->c <= '9' && value <= most; h->c++)
        value = 10 * value + (uint64_t)(*h->c - '0');
    if (value > most)
        return array_complain(h->reader, h->member, "has a dimension too large for any array");
    if (h->n_dimensions == ARRAY_MAX_DIMENSIONS)
        return array_complain(h->reader, h->member, "has over %d dimensions", ARRAY_MAX_DIMENSIONS);
    h->shape[h->n_dimensions++] = value;
    return STATUS_OK;
}

/* A Python tuple: (), (3,), (3, 4) or (3, 4,). */
static enum status take_shape(struct header *h)
{
    bool comma = false;
    if (!accept(h, '('))
        return expected(h, "the shape, like (3, 4)");
    while (!accept(h, ')')) {
        if (h->n_dimensions && !comma)
            return expected(h, "',' or ')' in the shape");
        enum status status = take_dimension(h);
        if (status)
            return status;
        comma = accept(h, ',');
    }
    return h->n_dimensions == 1 && !comma ? expected(h, "a tuple like (3,) before it") : STATUS_OK;
}

static enum status take_entry(struct header *h)
{
    const struct {
        const char *key;
        bool *seen;
        enum status (*take)(struct header *h);
    } entries[] = {{"descr", &h->has_type, take_type},
                   {"fortran_order", &h->has_order, take_order},
                   {"shape", &h->has_shape, take_shape}};
    char key[TEXT_SIZE] = "";
    enum status status = take_string(h, key, "a key");
    if (status)
        return status;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (strcmp(key, entries[i].key) != 0)
            continue;
        if (*entries[i].seen)
            return array_complain(h->reader, h->member, "has '%s' twice in its npy header", key);
        *entries[i].seen = true;
        return accept(h, ':') ? entries[i].take(h) : expected(h, "':'");
    }
    return array_complain(h->reader, h->member, "has the unknown key '%s' in its npy header", key);
}

static enum status parse_header(struct header *h)
{
    bool comma = true;
    if (!accept(h, '{'))
        return expected(h, "'{'");
    while (!accept(h, '}')) {
        enum status status = comma ? take_entry(h) : expected(h, "',' or '}'");
        if (status)
            return status;
        comma = accept(h, ',');
    }
    skip_blanks(h);
    if (*h->c)
        return expected(h, "the end");
    if (!h->has_type || !h->has_order || !h->has_shape)
        return array_complain(h->reader, h->member, "has no '%s' in its npy header",
                              !h->has_type    ? "descr"
                              : !h->has_order ? "fortran_order"
                                              : "shape");
    return STATUS_OK;
}

/* Magic, version and the length of the header. */
static enum status take_preamble(struct array_input *in, size_t *length)
{
    unsigned char start[8] = {0}, size[4] = {0};
    enum status status = array_input_take(in, start, sizeof start, "the npy magic");
    if (status)
        return status;
    if (memcmp(start, magic, sizeof magic) != 0)
        return array_complain(in->reader, in->member, "is not in npy format: the magic bytes are missing");
    if (start[6] < 1 || start[6] > 3 || start[7] != 0)
        return array_complain(in->reader, in->member, "is in npy format %d.%d; 1.0, 2.0 and 3.0 are read", start[6],
                              start[7]);
    size_t width = start[6] == 1 ? 2 : 4;
    status = array_input_take(in, size, width, "the length of the npy header");
    if (status)
        return status;
    *length = (size_t)array_get_little(size, width);
    if (*length > MAX_HEADER)
        return array_complain(in->reader, in->member, "has an npy header of %zu bytes; at most %d are read", *length,
                              MAX_HEADER);
    return STATUS_OK;
}

static enum status take_header(struct array_input *in, struct header *h)
{
    size_t length = 0;
    enum status status = take_preamble(in, &length);
    if (status)
        return status;
    char *text = malloc(length + 1);
    if (!text)
        return error_memory(in->reader->e);
    status = array_input_take(in, text, length, "the npy header");
    if (!status) {
        text[length] = 0;
        h->c = text;
        status = strlen(text) == length
                     ? parse_header(h)
                     : array_complain(in->reader, in->member, "has a bad npy header: a zero byte in it");
    }
    free(text);
    return status;
}

enum status npy_read_array(struct array_reader *r, struct array_input *in, const char *name)
{
    struct header header = {.reader = r, .member = in->member};
    struct array *a;
    enum status status = take_header(in, &header);
    if (!status)
        status = array_add(r, name, header.type, header.shape, header.n_dimensions, &a);
    return status ? status : array_input_take_values(in, header.big_endian, header.fortran, a);
}

enum status npy_read(struct array_reader *r)
{
    struct array_input in;
    enum status status = array_input_open(&in, r, NULL, ARRAY_PLAIN, r->bytes, r->length, r->length);
    if (!status)
        status = npy_read_array(r, &in, "");
    array_input_close(&in);
    return status;
}

size_t npy_header(const struct array *a, unsigned char out[NPY_HEADER_SIZE])
{
    char text[NPY_HEADER_SIZE], shape[ARRAY_MAX_DIMENSIONS * 24 + 1] = "";
    size_t used = 0;
    for (size_t i = 0; i < a->n_dimensions; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu%s", i ? " " : "", a->shape[i],
                                 i + 1 < a->n_dimensions || a->n_dimensions == 1 ? "," : "");
    int length = snprintf(text, sizeof text, "{'descr': '<%s', 'fortran_order': False, 'shape': (%s), }",
                          array_kind_of(a->type)->npy, shape);
    size_t preamble = sizeof magic + 4, total = (preamble + (size_t)length + 1 + 63) / 64 * 64;
    memset(out, ' ', total);
    memcpy(out, magic, sizeof magic);
    out[6] = 1;
    out[7] = 0;
    array_put_little(out + 8, total - preamble, 2);
    memcpy(out + preamble, text, (size_t)length);
    out[total - 1] = '\n';
    return total;
}
