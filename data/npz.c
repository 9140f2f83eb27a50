/* npz: a zip archive of npy files, stored or deflated. The format is PKWARE's APPNOTE.TXT, of which the parts that
 * numpy's archives use are read; zip64 is not, though its mark in a local header (numpy always sets it) is passed over.
 */
#include "base/file.h"
#include "base/text.h"
#include "data/array_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOCAL_SIZE = 30,
    ENTRY_SIZE = 46,
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    LOCAL_MARK = 0x04034b50,
    ENTRY_MARK = 0x02014b50,
    END_MARK = 0x06054b50,
    LOCATOR_MARK = 0x07064b50, /* of zip64 */
    FLAG_ENCRYPTED = 1,
    FLAG_SIZES_FOLLOW = 8,
    FLAG_UTF8 = 1 << 11,
    FLAGS_KNOWN = 6 | FLAG_SIZES_FOLLOW | FLAG_UTF8, /* 6: how hard deflate tried */
    STORED = 0,
    DEFLATED = 8,
    MAX_MEMBERS = 65534,
    MAX_NAME = 511
};
static const uint32_t in_zip64 = 0xffffffff; /* stands for a number that is elsewhere */

struct member {
    char name[MAX_NAME + 1]; /* with its ending */
    unsigned method;
    uint32_t crc, packed, size;
    size_t offset, data, end; /* of the local header, of the packed bytes, after them */
};

struct archive {
    struct array_reader *reader;
    size_t directory, end;  /* offsets of the central directory and of the end record */
    struct member *members; /* (n) */
    size_t n;
};

static uint32_t get16(const unsigned char *p)
{
    return (uint32_t)array_get_little(p, 2);
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)array_get_little(p, 4);
}

/* --- the end record ---------------------------------------------------------------------------------------------- */

/* The record at the end of the file, with the comment that fills the rest; NULL: none. */
static const unsigned char *find_end(const struct array_reader *r)
{
    enum { MAX_COMMENT = 65535 };
    for (size_t comment = 0; comment <= MAX_COMMENT && comment + END_SIZE <= r->length; comment++) {
        const unsigned char *at = r->bytes + r->length - END_SIZE - comment;
        if (get32(at) == END_MARK && get16(at + 20) == comment)
            return at;
    }
    return NULL;
}

static enum status take_end(struct archive *z)
{
    const struct array_reader *r = z->reader;
    const unsigned char *end = find_end(r);
    if (!end)
        return array_complain(r, NULL, "is not a complete zip archive: it has no end record");
    z->end = (size_t)(end - r->bytes);
    size_t count = get16(end + 10), size = get32(end + 12);
    z->directory = get32(end + 16);
    if ((z->end >= LOCATOR_SIZE && get32(end - LOCATOR_SIZE) == LOCATOR_MARK) || count > MAX_MEMBERS ||
        size == in_zip64 || z->directory == in_zip64)
        return array_complain(r, NULL, "is a zip64 archive (4 GiB or more), which is not read");
    if (get16(end + 4) || get16(end + 6) || get16(end + 8) != count)
        return array_complain(r, NULL, "is one part of a zip archive in several");
    if (z->directory > z->end || size != z->end - z->directory || count > size / ENTRY_SIZE)
        return array_complain(r, NULL, "is a damaged zip archive: its directory is not where its end record says");
    z->members = calloc(count + 1, sizeof *z->members);
    if (!z->members)
        return error_memory(r->e);
    z->n = count;
    return STATUS_OK;
}

/* --- the directory ----------------------------------------------------------------------------------------------- */

static enum status check_entry(const struct archive *z, const struct member *m, uint32_t flags)
{
    const struct array_reader *r = z->reader;
    if (flags & FLAG_ENCRYPTED)
        return array_complain(r, m->name, "is encrypted");
    if (flags & ~(uint32_t)FLAGS_KNOWN)
        return array_complain(r, m->name, "uses zip features that are not read (flags %04x)", flags);
    if (m->method != STORED && m->method != DEFLATED)
        return array_complain(r, m->name, "is packed by method %u; stored and deflated members are read", m->method);
    if (m->packed == in_zip64 || m->size == in_zip64 || m->offset == in_zip64)
        return array_complain(r, m->name, "is in zip64 form (4 GiB or more), which is not read");
    if (m->method == STORED && m->packed != m->size)
        return array_complain(r, m->name, "is stored, but its two sizes differ");
    return STATUS_OK;
}

/* Where the packed bytes are: after the local header, which must say the same as the directory. */
static enum status take_local(const struct archive *z, struct member *m, uint32_t flags)
{
    const struct array_reader *r = z->reader;
    size_t name_length = strlen(m->name);
    if (m->offset > z->directory || z->directory - m->offset < LOCAL_SIZE + name_length)
        return array_complain(r, m->name, "should start at byte %zu, where nothing can be", m->offset);
    const unsigned char *local = r->bytes + m->offset;
    uint32_t packed = get32(local + 18), size = get32(local + 22);
    bool told = !(flags & FLAG_SIZES_FOLLOW);
    if (get32(local) != LOCAL_MARK || get16(local + 6) != flags || get16(local + 8) != m->method ||
        get16(local + 26) != name_length || memcmp(local + LOCAL_SIZE, m->name, name_length) != 0 ||
        (told && (get32(local + 14) != m->crc || (packed != in_zip64 && packed != m->packed) ||
                  (size != in_zip64 && size != m->size))))
        return array_complain(r, m->name, "is described differently in the zip directory and before its data");
    m->data = m->offset + LOCAL_SIZE + name_length + get16(local + 28);
    if (m->data > z->directory || z->directory - m->data < m->packed)
        return array_complain(r, m->name, "is cut short: its %u bytes run into the zip directory", m->packed);
    m->end = m->data + m->packed;
    return STATUS_OK;
}

static enum status take_name(const struct archive *z, const unsigned char *text, size_t length, char out[MAX_NAME + 1])
{
    static const char ending[] = ".npy";
    size_t tail = sizeof ending - 1;
    if (length > MAX_NAME || text_valid_length((const char *)text, length) != length)
        return array_complain(z->reader, NULL, "has a member with a name that is too long or not UTF-8");
    memcpy(out, text, length);
    out[length] = 0;
    if (length <= tail || memcmp(text + length - tail, ending, tail) != 0)
        return array_complain(z->reader, out, "is not an array: its name does not end in .npy");
    return STATUS_OK;
}

/* One entry of the directory; *at goes on behind it. */
static enum status take_entry(struct archive *z, size_t *at, struct member *m)
{
    const struct array_reader *r = z->reader;
    const unsigned char *entry = r->bytes + *at;
    size_t left = z->end - *at;
    if (left < ENTRY_SIZE || get32(entry) != ENTRY_MARK)
        return array_complain(r, NULL, "has a damaged zip directory");
    size_t name_length = get16(entry + 28), all = ENTRY_SIZE + name_length + get16(entry + 30) + get16(entry + 32);
    if (left < all)
        return array_complain(r, NULL, "has a damaged zip directory");
    *at += all;
    uint32_t flags = get16(entry + 8);
    m->method = get16(entry + 10);
    m->crc = get32(entry + 16);
    m->packed = get32(entry + 20);
    m->size = get32(entry + 24);
    m->offset = get32(entry + 42);
    enum status status = take_name(z, entry + ENTRY_SIZE, name_length, m->name);
    if (!status)
        status = check_entry(z, m, flags);
    return status ? status : take_local(z, m, flags);
}

struct span {
    size_t begin, end;
    const char *name;
};

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* No byte is used twice: neither by mistake nor to unpack a small file many times over. */
static enum status check_overlap(const struct archive *z)
{
    enum status status = STATUS_OK;
    struct span *spans = malloc((z->n + 1) * sizeof *spans);
    if (!spans)
        return error_memory(z->reader->e);
    for (size_t i = 0; i < z->n; i++)
        spans[i] = (struct span){z->members[i].offset, z->members[i].end, z->members[i].name};
    qsort(spans, z->n, sizeof *spans, compare_spans);
    for (size_t i = 1; i < z->n && !status; i++)
        if (spans[i].begin < spans[i - 1].end)
            status = array_complain(z->reader, spans[i].name, "overlaps '%.120s'", spans[i - 1].name);
    free(spans);
    return status;
}

static enum status take_directory(struct archive *z)
{
    size_t at = z->directory;
    for (size_t i = 0; i < z->n; i++) {
        enum status status = take_entry(z, &at, &z->members[i]);
        if (status)
            return status;
    }
    if (at != z->end)
        return array_complain(z->reader, NULL, "has a damaged zip directory");
    return check_overlap(z);
}

/* --- members ----------------------------------------------------------------------------------------------------- */

static enum status take_member(struct archive *z, const struct member *m)
{
    struct array_reader *r = z->reader;
    struct array_input in;
    char name[MAX_NAME + 1];
    snprintf(name, sizeof name, "%.*s", (int)strlen(m->name) - 4, m->name);
    enum status status = array_input_open(&in, r, m->name, m->method == DEFLATED ? ARRAY_DEFLATED : ARRAY_PLAIN,
                                          r->bytes + m->data, m->packed, m->size);
    if (status)
        return status;
    status = npy_read_array(r, &in, name);
    if (!status && in.crc != m->crc)
        status = array_complain(r, m->name, "is damaged: its checksum is %08x, it should be %08x", in.crc, m->crc);
    array_input_close(&in);
    return status;
}

static enum status take_members(struct archive *z)
{
    struct array_reader *r = z->reader;
    for (size_t i = 0; i < z->n; i++) {
        enum status status = take_member(z, &z->members[i]);
        if (status)
            return status;
    }
    size_t twice = array_find_namesake(r->set);
    if (twice == SIZE_MAX)
        return error_memory(r->e);
    return twice < z->n ? array_complain(r, z->members[twice].name, "is there twice") : STATUS_OK;
}

enum status npz_read(struct array_reader *r)
{
    struct archive z = {.reader = r};
    enum status status = take_end(&z);
    if (!status)
        status = take_directory(&z);
    if (!status)
        status = take_members(&z);
    free(z.members);
    return status;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void add_to_crc(void *context, const unsigned char *bytes, size_t length)
{
    uint32_t *crc = context;
    *crc = (uint32_t)crc32(*crc, bytes, (uInt)length);
}

static void write_bytes(void *context, const unsigned char *bytes, size_t length)
{
    fwrite(bytes, 1, length, context); /* failures are told by file_aside_commit */
}

/* What a member's local header and its directory entry share, from the version needed to the length of the name: the
 * date is the first that zip knows, so that the same set gives the same file. */
enum { COMMON_SIZE = 24, VERSION = 20, FIRST_DAY = 1 << 5 | 1 };
static void fill_common(unsigned char *out, const struct member *m)
{
    array_put_little(out, VERSION, 2);
    array_put_little(out + 2, FLAG_UTF8, 2);
    array_put_little(out + 4, STORED, 2);
    array_put_little(out + 6, 0, 2);
    array_put_little(out + 8, FIRST_DAY, 2);
    array_put_little(out + 10, m->crc, 4);
    array_put_little(out + 14, m->packed, 4);
    array_put_little(out + 18, m->size, 4);
    array_put_little(out + 22, strlen(m->name), 2);
}

static void write_member(const struct array *a, const struct member *m, FILE *out)
{
    unsigned char local[LOCAL_SIZE] = {0}, header[NPY_HEADER_SIZE];
    array_put_little(local, LOCAL_MARK, 4);
    fill_common(local + 4, m);
    write_bytes(out, local, sizeof local);
    fputs(m->name, out);
    size_t header_size = npy_header(a, header);
    write_bytes(out, header, header_size);
    array_encode(a, write_bytes, out);
}

static void write_entry(const struct member *m, FILE *out)
{
    unsigned char entry[ENTRY_SIZE] = {0};
    array_put_little(entry, ENTRY_MARK, 4);
    array_put_little(entry + 4, VERSION, 2);
    fill_common(entry + 6, m);
    array_put_little(entry + 42, m->offset, 4);
    write_bytes(out, entry, sizeof entry);
    fputs(m->name, out);
}

static void write_end(const struct archive *z, FILE *out)
{
    unsigned char end[END_SIZE] = {0};
    array_put_little(end, END_MARK, 4);
    array_put_little(end + 8, z->n, 2);
    array_put_little(end + 10, z->n, 2);
    array_put_little(end + 12, z->end - z->directory, 4);
    array_put_little(end + 16, z->directory, 4);
    write_bytes(out, end, sizeof end);
}

/* Sizes, checksums and offsets of all members; false when they are beyond what zip can say. */
static bool plan_members(const struct array_set *s, struct archive *z)
{
    size_t at = 0, names = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct array *a = &s->arrays[i];
        struct member *m = &z->members[i];
        unsigned char header[NPY_HEADER_SIZE];
        size_t header_size = npy_header(a, header), size = header_size + a->n * array_kind_of(a->type)->size;
        int length = snprintf(m->name, sizeof m->name, "%s.npy", a->name);
        if (size >= in_zip64 || at >= in_zip64 || length > MAX_NAME)
            return false;
        m->packed = m->size = (uint32_t)size;
        m->offset = at;
        m->crc = (uint32_t)crc32(crc32(0, NULL, 0), header, (uInt)header_size);
        array_encode(a, add_to_crc, &m->crc);
        at += LOCAL_SIZE + strlen(m->name) + size;
        names += strlen(m->name);
    }
    z->directory = at;
    z->end = at + s->n * ENTRY_SIZE + names;
    return z->end < in_zip64;
}

static enum status write_archive(const struct array_set *s, const struct archive *z, const char *path, struct error *e)
{
    struct file_aside file;
    enum status status = file_aside_open(&file, path, e);
    if (status)
        return status;
    for (size_t i = 0; i < s->n; i++)
        write_member(&s->arrays[i], &z->members[i], file.stream);
    for (size_t i = 0; i < s->n; i++)
        write_entry(&z->members[i], file.stream);
    write_end(z, file.stream);
    return file_aside_commit(&file, e);
}

enum status array_write_npz(const struct array_set *s, const char *path, struct error *e)
{
    struct archive z = {.n = s->n};
    enum status status = array_check_writable(s, path, e);
    if (status)
        return status;
    z.members = calloc(s->n + 1, sizeof *z.members);
    if (!z.members)
        return error_memory(e);
    if (s->n <= MAX_MEMBERS && plan_members(s, &z))
        status = write_archive(s, &z, path, e);
    else
        status = error_set_at(e, STATUS_FAILED, path, 0, 0,
                              "too large for an npz file (4 GiB, 65,534 arrays, names of %d bytes)", MAX_NAME - 4);
    free(z.members);
    return status;
}
