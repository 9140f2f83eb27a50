#include "base/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether FOLDER/ENTRY is there. */
static bool holds(const char *folder, const char *entry)
{
    char path[4400];
    int length = snprintf(path, sizeof path, "%s/%s", folder, entry);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
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

bool share_folder(const char *name, const char *entry, char *buffer, size_t size)
{
    static const char *const places[] = {"", "../", "../../", "../../../", "../share/gears/"};
    char program[3900];
    program_folder(program, sizeof program);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(buffer, size, "%s/%s%s", program, places[i], name);
        if (holds(buffer, entry))
            return true;
    }
    return false;
}

bool share_scenario(const char *name, char *buffer, size_t size)
{
    static const char *const endings[] = {"", ".yaml"};
    const char *data = getenv("GEARS_DATA");
    char folder[4000], entry[128];
    if (!name[0] || name[0] == '.' || name[0] == '/' || strstr(name, "..") || strlen(name) > 100)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(entry, sizeof entry, "%s%s", name, endings[i]);
        snprintf(folder, sizeof folder, "%.3900s/../scenarios", data ? data : "");
        bool found = data && data[0] && holds(folder, entry);
        if (found || share_folder("scenarios", entry, folder, sizeof folder)) {
            snprintf(buffer, size, "%s/%s", folder, entry);
            return true;
        }
    }
    return false;
}
