/* Where the program's own files are: the folders data and scenarios. */
#ifndef GEARS_BASE_SHARE_H
#define GEARS_BASE_SHARE_H

#include <stdbool.h>
#include <stddef.h>

/* The folder `name` that holds an entry called `entry`: beside the program (or up to three folders above it:
 * build/asan/tests), else in ../share/gears, where `make install` puts it. Into buffer[size]; false when there is none.
 */
bool share_folder(const char *name, const char *entry, char *buffer, size_t size);

/* The shipped scenario called `name` ("world", "world.yaml", "fits/world"; nothing above that folder): beside
 * $GEARS_DATA, else as above. Into buffer[size]; false when there is none. */
bool share_scenario(const char *name, char *buffer, size_t size);

#endif
