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

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append a copy of `name` to a growing array. */
static bool keep_name(char ***names, size_t *n, const char *name)
{
    char **more = realloc(*names, (*n + 1) * sizeof *more);
    if (!more)
        return false;
    *names = more;
    more[*n] = strdup(name);
    return more[(*n)++] != NULL;
}

static void free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* Names of the regular files in the folder, sorted; free_names. */
static enum status list_files(const struct run_folder *f, char ***out, size_t *n, struct error *e)
{
    char path[4400];
    bool ok = true;
    DIR *directory = opendir(f->path);
    *out = NULL;
    *n = 0;
    if (!directory)
        return error_set_at(e, STATUS_FAILED, f->path, 0, 0, "cannot be listed: %s", strerror(errno));
    for (struct dirent *entry; ok && (entry = readdir(directory));) {
        struct stat info;
        if (stat(run_folder_file(f, entry->d_name, path, sizeof path), &info) == 0 && S_ISREG(info.st_mode))
            ok = keep_name(out, n, entry->d_name);
    }
    closedir(directory);
    if (!ok) {
        free_names(*out, *n);
        *out = NULL;
        *n = 0;
        return error_memory(e);
    }
    if (*n)
        qsort(*out, *n, sizeof **out, compare_names);
    return STATUS_OK;
}

static enum status remember_foreign(struct run_folder *f, struct error *e)
{
    char **names;
    size_t n;
    enum status status = list_files(f, &names, &n, e);
    if (status)
        return status;
    f->foreign = json_object();
    for (size_t i = 0; i < n; i++)
        if (json_object_set_new_nocheck(f->foreign, names[i], json_true()) != 0)
            status = error_memory(e);
    free_names(names, n);
    return status;
}

enum status run_folder_open(struct run_folder *f, const char *path, bool force, struct error *e)
{
    struct stat info;
    f->foreign = NULL;
    int length = snprintf(f->path, sizeof f->path, "%s", path);
    if (length <= 0 || (size_t)length >= sizeof f->path)
        return error_set(e, STATUS_FAILED, "the output folder's name is empty or too long");
    bool there = stat(path, &info) == 0;
    if (!there) {
        enum status status = file_make_folder(path, e);
        return status ? status : remember_foreign(f, e);
    }
    if (!S_ISDIR(info.st_mode))
        return error_set_at(e, STATUS_FAILED, path, 0, 0, "is there already and is not a folder");
    json_t *summary = read_summary(f);
    if (!summary && !force && !is_empty(path))
        return error_set_at(e, STATUS_FAILED, path, 0, 0,
                            "is not empty and not a run folder of gears; --force writes into it all the same");
    if (summary)
        remove_old_files(f, summary);
    json_decref(summary);
    return remember_foreign(f, e);
}

/* What this run wrote: all that is there now and was not before. */
static enum status list_ours(const struct run_folder *f, json_t **out, struct error *e)
{
    char **names;
    size_t n;
    enum status status = list_files(f, &names, &n, e);
    if (status)
        return status;
    *out = json_array();
    for (size_t i = 0; i < n; i++)
        if (!json_object_get(f->foreign, names[i]))
            json_array_append_new(*out, json_string(names[i]));
    free_names(names, n);
    return STATUS_OK;
}

enum status run_folder_finish(const struct run_folder *f, json_t *summary, bool complete, struct error *e)
{
    char path[4200];
    struct file_aside file;
    json_t *files = NULL;
    enum status status = list_ours(f, &files, e);
    if (status)
        return status;
    json_object_set_new(summary, "complete", json_boolean(complete));
    json_object_set_new(summary, "files", files);
    status = file_aside_open(&file, run_folder_file(f, SUMMARY, path, sizeof path), e);
    if (status)
        return status;
    status = json_write(summary, file.stream, e);
    if (!status)
        return file_aside_commit(&file, e);
    file_aside_abandon(&file);
    return status;
}

void run_folder_abandon(const struct run_folder *f)
{
    char **names, path[4400];
    size_t n;
    if (!f->foreign || list_files(f, &names, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++)
        if (!json_object_get(f->foreign, names[i]))
            unlink(run_folder_file(f, names[i], path, sizeof path));
    free_names(names, n);
}

void run_folder_clear(struct run_folder *f)
{
    json_decref(f->foreign);
    f->foreign = NULL;
}
