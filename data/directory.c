#include "base/share.h"
#include "data/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool has_series(const char *folder)
{
    char path[4200];
    struct stat info;
    snprintf(path, sizeof path, "%s/series", folder);
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

enum status data_directory(char *buffer, size_t size, struct error *e)
{
    const char *given = getenv("GEARS_DATA");
    if (given && given[0]) {
        snprintf(buffer, size, "%s", given);
        if (has_series(buffer))
            return STATUS_OK;
        return error_set(e, STATUS_FAILED, "GEARS_DATA is %.200s, but there is no folder series in it", given);
    }
    if (share_folder("data", "series", buffer, size))
        return STATUS_OK;
    return error_set(e, STATUS_FAILED,
                     "the data folder is neither beside the program nor in ../share/gears from there: set GEARS_DATA");
}
