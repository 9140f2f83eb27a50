#include "data/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef GEARS_PREFIX
#define GEARS_PREFIX "/usr/local"
#endif

static bool has_series(const char *folder)
{
    char path[4200];
    struct stat info;
    snprintf(path, sizeof path, "%s/series", folder);
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder of the running program, with symbolic links resolved; "" when unknown. */
static void program_folder(char *buffer, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
    buffer[length > 0 ? length : 0] = 0;
    char *slash = strrchr(buffer, '/');
    if (slash)
        *slash = 0;
}

enum status data_directory(char *buffer, size_t size, struct error *e)
{
    static const char *const beside[] = {"data", "../data", "../../data",
                                         "../../../data"}; /* of the root, build/, build/tests/, build/asan/tests/ */
    char program[4000];
    const char *given = getenv("GEARS_DATA");
    if (given && given[0]) {
        snprintf(buffer, size, "%s", given);
        if (has_series(buffer))
            return STATUS_OK;
        return error_set(e, STATUS_FAILED, "GEARS_DATA is %.200s, but there is no folder series in it", given);
    }
    program_folder(program, sizeof program);
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(buffer, size, "%s/%s", program, beside[i]);
        if (has_series(buffer))
            return STATUS_OK;
    }
    snprintf(buffer, size, "%s/share/gears/data", GEARS_PREFIX);
    if (has_series(buffer))
        return STATUS_OK;
    return error_set(e, STATUS_FAILED, "the data folder is neither beside %.200s nor at %.200s: set GEARS_DATA",
                     program, buffer);
}
