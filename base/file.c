#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Complain at the place in the text where it goes beyond the limit. */
static enum status too_large(const char *path, const char *text, size_t limit, struct error *e)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < limit; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return error_set_at(e, STATUS_BAD_INPUT, path, line, column, "the file is larger than the %zu KiB allowed",
                        limit / 1024);
}

/* The rest of the stream into a growing buffer, one byte more than the limit at most. */
static enum status read_stream(FILE *stream, const char *path, size_t limit, char **out, size_t *length,
                               struct error *e)
{
    size_t capacity = 1 << 14, used = 0;
    char *buffer = malloc(capacity);
    while (buffer) {
        used += fread(buffer + used, 1, capacity - 1 - used, stream);
        if (used > limit || used < capacity - 1)
            break;
        char *more = realloc(buffer, capacity *= 2);
        if (!more)
            free(buffer);
        buffer = more;
    }
    if (!buffer)
        return error_memory(e);
    enum status status = STATUS_OK;
    if (ferror(stream))
        status = error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "cannot be read: %s", strerror(errno));
    else if (used > limit)
        status = too_large(path, buffer, limit, e);
    if (status) {
        free(buffer);
        return status;
    }
    buffer[used] = 0;
    *out = buffer;
    *length = used;
    return STATUS_OK;
}

enum status file_read(const char *path, size_t limit, char **out, size_t *length, struct error *e)
{
    struct stat info;
    *out = NULL;
    *length = 0;
    /* non-blocking, so that opening a named pipe cannot hang */
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &info) != 0) {
        int reason = errno;
        if (descriptor >= 0)
            close(descriptor);
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "cannot be opened: %s", strerror(reason));
    }
    if (!S_ISREG(info.st_mode)) {
        close(descriptor);
        return error_set_at(e, STATUS_BAD_INPUT, path, 0, 0, "is %s, not a file",
                            S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
    }
    FILE *stream = fdopen(descriptor, "rb");
    if (!stream) {
        close(descriptor);
        return error_memory(e);
    }
    enum status status = read_stream(stream, path, limit, out, length, e);
    fclose(stream);
    return status;
}

enum status file_aside_open(struct file_aside *f, const char *path, struct error *e)
{
    memset(f, 0, sizeof *f);
    int length = snprintf(f->path, sizeof f->path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof f->path)
        return error_set(e, STATUS_FAILED, "path too long");
    snprintf(f->temporary, sizeof f->temporary, "%s.XXXXXX", f->path);
    int descriptor = mkstemp(f->temporary);
    if (descriptor < 0) {
        f->temporary[0] = 0;
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "cannot be written: %s", strerror(errno));
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask);
    f->stream = fdopen(descriptor, "wb");
    if (!f->stream) {
        close(descriptor);
        file_aside_abandon(f);
        return error_memory(e);
    }
    return STATUS_OK;
}

enum status file_aside_commit(struct file_aside *f, struct error *e)
{
    bool bad = ferror(f->stream) != 0;
    bad |= fflush(f->stream) != 0;
    bad |= fsync(fileno(f->stream)) != 0;
    int reason = errno;
    bad |= fclose(f->stream) != 0;
    f->stream = NULL;
    if (!bad && rename(f->temporary, f->path) == 0)
        return STATUS_OK;
    if (!bad)
        reason = errno;
    file_aside_abandon(f);
    return error_set_at(e, STATUS_FAILED, f->path, 0, 0, "cannot be written: %s", strerror(reason));
}

void file_aside_abandon(struct file_aside *f)
{
    if (f->stream)
        fclose(f->stream);
    f->stream = NULL;
    if (f->temporary[0])
        unlink(f->temporary);
    f->temporary[0] = 0;
}

enum status file_make_folder(const char *path, struct error *e)
{
    char part[4096];
    struct stat info;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part)
        return error_set(e, STATUS_FAILED, "a folder's name is empty or too long");
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return error_set_at(e, STATUS_FAILED, part, 0, 0, "folder cannot be made: %s", strerror(errno));
    }
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "is there already and is not a folder");
    return STATUS_OK;
}

void file_hash(const void *bytes, size_t length, char out[17])
{
    const unsigned char *c = bytes;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ c[i]) * 1099511628211u;
    snprintf(out, 17, "%016" PRIx64, hash);
}
