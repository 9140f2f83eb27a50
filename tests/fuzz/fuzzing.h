/* What the fuzz targets share: a property that must hold whatever the input. */
#ifndef GEARS_TESTS_FUZZ_FUZZING_H
#define GEARS_TESTS_FUZZ_FUZZING_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* called by libFuzzer with every input */

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Read, or refused with one line that names the file. */
static inline void must_be_said(enum status status, const struct error *e)
{
    if (status == STATUS_OK)
        return;
    MUST(status == STATUS_BAD_INPUT);
    MUST(e->status == status && e->message[0] && e->file[0]);
    for (const char *c = e->message; *c; c++)
        MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
}

#endif
