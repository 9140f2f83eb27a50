#include "base/records.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 32, HASH = 16 }; /* "gears records 1\n" and the hash of the key */

struct records {
    FILE *stream;
    char *bytes; /* what stood there */
    size_t length;
};

/* Before the values of a record: id, count; after them the hash of all that. */
struct record_head {
    uint64_t id, n;
};

static void make_head(const char *key, char head[HEAD + 1])
{
    char hash[HASH + 1];
    file_hash(key, strlen(key), hash);
    snprintf(head, HEAD + 1, "gears records 1\n%s", hash);
}

/* The record at `at`: where the next one begins; 0: there is none that is whole. */
static size_t next_record(const struct records *r, size_t at, struct record_head *head)
{
    char hash[HASH + 1];
    if (r->length - at < sizeof *head + HASH)
        return 0;
    memcpy(head, r->bytes + at, sizeof *head);
    if (head->n > (r->length - at - sizeof *head - HASH) / sizeof(double))
        return 0;
    size_t size = sizeof *head + head->n * sizeof(double);
    file_hash(r->bytes + at, size, hash);
    return memcmp(hash, r->bytes + at + size, HASH) == 0 ? at + size + HASH : 0;
}

/* What is whole of an older file of this key stays. */
static void take_up(struct records *r, const char *path, const char *head)
{
    struct record_head record;
    if (file_read(path, (size_t)1 << 32, &r->bytes, &r->length, NULL) || r->length < HEAD ||
        memcmp(r->bytes, head, HEAD) != 0) {
        free(r->bytes);
        r->bytes = NULL;
        r->length = 0;
        return;
    }
    size_t end = HEAD;
    for (size_t next = end; next; next = next_record(r, end, &record))
        end = next;
    r->length = end;
}

enum status records_open(const char *path, const char *key, struct records **out, struct error *e)
{
    char head[HEAD + 1];
    *out = NULL;
    if (!path)
        return STATUS_OK;
    struct records *r = *out = calloc(1, sizeof *r);
    if (!r)
        return error_memory(e);
    make_head(key, head);
    take_up(r, path, head);
    r->stream = fopen(path, "wb");
    bool good = r->stream && (r->length ? fwrite(r->bytes, 1, r->length, r->stream) == r->length
                                        : fwrite(head, 1, HEAD, r->stream) == HEAD);
    if (!good || fflush(r->stream))
        return error_set(e, STATUS_FAILED, "%s cannot be written: %s", path, strerror(errno));
    return STATUS_OK;
}

void records_close(struct records *r)
{
    if (!r)
        return;
    if (r->stream)
        fclose(r->stream);
    free(r->bytes);
    free(r);
}

bool records_find(const struct records *r, uint64_t id, size_t n, double *values)
{
    struct record_head head;
    for (size_t at = HEAD, next; r && r->length > HEAD && (next = next_record(r, at, &head)); at = next)
        if (head.id == id && head.n == n) {
            memcpy(values, r->bytes + at + sizeof head, n * sizeof *values);
            return true;
        }
    return false;
}

enum status records_add(struct records *r, uint64_t id, size_t n, const double *values, struct error *e)
{
    struct record_head head = {id, n};
    size_t size = sizeof head + n * sizeof *values;
    char hash[HASH + 1], *bytes = r ? malloc(size) : NULL;
    if (!r)
        return STATUS_OK;
    if (!bytes)
        return error_memory(e);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, values, n * sizeof *values);
    file_hash(bytes, size, hash);
    bool good =
        fwrite(bytes, 1, size, r->stream) == size && fwrite(hash, 1, HASH, r->stream) == HASH && fflush(r->stream) == 0;
    free(bytes);
    return good ? STATUS_OK : error_set(e, STATUS_FAILED, "a record cannot be written: %s", strerror(errno));
}
