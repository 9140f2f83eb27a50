/* Status codes and error details.
 *
 * Every function of the library that can fail returns an `enum status`; the values are the exit codes of the
 * program. The details go to a `struct error` that the caller owns (NULL: details are not wanted).
 */
#ifndef GEARS_BASE_ERROR_H
#define GEARS_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,       /* the run failed: integration, memory, file system */
    STATUS_USAGE = 2,        /* command line, a bad --set included */
    STATUS_BAD_INPUT = 3,    /* scenario, experiment, data or weights file */
    STATUS_REFUSED = 4,      /* computed, but not converged or not identified: no headline number */
    STATUS_INTERRUPTED = 130 /* the caller's reporter asked to stop */
};

struct error {
    enum status status;
    char file[512];    /* empty: the error stands in no file */
    int line, column;  /* from 1; 0: unknown */
    char message[768]; /* one line, no full stop, no newline */
};

/* Fill *e (may be NULL) and return `status`, so that `return error_set(e, STATUS_FAILED, "...")` works.
 * A message that is too long is cut; control characters (from a hostile file) are shown as '?'. */
enum status error_set(struct error *e, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a place: `file` (may be NULL), line and column from 1 (0: unknown). */
enum status error_set_at(struct error *e, enum status status, const char *file, int line, int column,
                         const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Out of memory: STATUS_FAILED with a message that says so. */
static inline enum status error_memory(struct error *e)
{
    error_set(e, STATUS_FAILED, "out of memory");
    return STATUS_FAILED; /* said here, so that analysers of other files know it is not 0 */
}

/* One line "file:line:column: message" (what is unknown is left out), without newline, into buffer[size].
 * Returns buffer. */
char *error_format(const struct error *e, char *buffer, size_t size);

#endif
