#include "base/run_folder.h"

#include "base/file.h"
#include "base/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SUMMARY[] = "summary.json";

char *run_folder_file(const struct run_folder *f, const char *name, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s/%s", f->path, name);
    return buffer;
}

static bool is_empty(const char *path)
{
    DIR *directory = opendir(path);
    bool empty = true;
    if (!directory)
        return false;
    for (struct dirent *entry; (entry = readdir(directory));)
        empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(directory);
    return empty;
}

/* Our own summary, or NULL. */
static json_t *read_summary(const struct run_folder *f)
{
    char path[4200];
    json_t *summary = json_load_file(run_folder_file(f, SUMMARY, path, sizeof path), 0, NULL);
    if (summary && json_object_get(summary, "gears"))
        return summary;
    json_decref(summary);
    return NULL;
}

/* The summary goes first: a folder without it is not complete. */
static void remove_old_files(const struct run_folder *f, const json_t *summary)
{
    char path[4400];
    unlink(run_folder_file(f, SUMMARY, path, sizeof path));
    const json_t *files = json_object_get(summary, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const char *name = json_string_value(json_array_get(files, i));
        if (name && !strchr(name, '/') && strcmp(name, "..") != 0)
            unlink(run_folder_file(f, name, path, sizeof path));
    }
}

enum status run_folder_open(struct run_folder *f, const char *path, bool force, struct error *e)
{
    struct stat info;
    int length = snprintf(f->path, sizeof f->path, "%s", path);
    if (length <= 0 || (size_t)length >= sizeof f->path)
        return error_set(e, STATUS_FAILED, "the output folder's name is empty or too long");
    bool there = stat(path, &info) == 0;
    if (!there)
        return file_make_folder(path, e);
    if (!S_ISDIR(info.st_mode))
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "is there already and is not a folder");
    json_t *summary = read_summary(f);
    if (!summary && !force && !is_empty(path))
        return error_set_at(e, STATUS_FAILED, path, 0, 0,
                            "is not empty and not a run folder of gears; --force writes into it all the same");
    if (summary)
        remove_old_files(f, summary);
    json_decref(summary);
    return STATUS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the regular files in the folder, sorted. */
static json_t *list_files(const struct run_folder *f)
{
    json_t *list = json_array();
    DIR *directory = opendir(f->path);
    char *names[4096], path[4400];
    size_t n = 0;
    for (struct dirent *entry; directory && n < 4096 && (entry = readdir(directory));) {
        struct stat info;
        if (stat(run_folder_file(f, entry->d_name, path, sizeof path), &info) == 0 && S_ISREG(info.st_mode) &&
            (names[n] = strdup(entry->d_name)))
            n++;
    }
    if (directory)
        closedir(directory);
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_string(names[i]));
        free(names[i]);
    }
    return list;
}

enum status run_folder_finish(const struct run_folder *f, json_t *summary, bool complete, struct error *e)
{
    char path[4200];
    struct file_aside file;
    json_object_set_new(summary, "complete", json_boolean(complete));
    json_object_set_new(summary, "files", list_files(f));
    enum status status = file_aside_open(&file, run_folder_file(f, SUMMARY, path, sizeof path), e);
    if (status)
        return status;
    status = json_write(summary, file.stream, e);
    if (!status)
        return file_aside_commit(&file, e);
    file_aside_abandon(&file);
    return status;
}
