/* gears run FILE...: whatever kind the files are; one folder each. */
#include "cli/basin_batch.h"
#include "cli/commands.h"
#include "cli/growth_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files, sorted by kind. */
struct work {
    const char **growth_files, **basin_files;
    size_t n_growth, n_basin;
    struct growth_batch growth;
    struct basin_batch basin;
};

static enum status sort_files(struct work *w, const struct options *o, struct error *e)
{
    w->growth_files = calloc(o->n_files + 1, sizeof *w->growth_files);
    w->basin_files = calloc(o->n_files + 1, sizeof *w->basin_files);
    if (!w->growth_files || !w->basin_files)
        return error_memory(e);
    for (size_t i = 0; i < o->n_files; i++) {
        char kind[32];
        enum status status = config_kind(o->files[i], kind, sizeof kind, e);
        if (status)
            return status;
        if (strcmp(kind, "basin") == 0)
            w->basin_files[w->n_basin++] = o->files[i];
        else /* whatever else it says, its reader will complain with the place */
            w->growth_files[w->n_growth++] = o->files[i];
    }
    return STATUS_OK;
}

static const char *name_of(const struct work *w, size_t i)
{
    return i < w->n_growth ? w->growth.scenarios[i].name : w->basin.experiments[i - w->n_growth].name;
}

static enum status check_names(const struct work *w, struct error *e)
{
    for (size_t i = 0; i < w->n_growth + w->n_basin; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(name_of(w, i), name_of(w, k)) == 0)
                return error_set(e, STATUS_USAGE,
                                 "two files are called %s: their folders would be the same; run them apart",
                                 name_of(w, i));
    return STATUS_OK;
}

static enum status read_all(struct work *w, const struct options *o, const struct reporter *reporter, struct error *e)
{
    enum status status = sort_files(w, o, e);
    if (!status)
        status = growth_batch_read(&w->growth, w->growth_files, w->n_growth, o, reporter, e);
    if (!status)
        status = basin_batch_read(&w->basin, w->basin_files, w->n_basin, o, e);
    return status ? status : check_names(w, e);
}

static const char *folder(const struct work *w, size_t i, const struct options *o, char *buffer, size_t size)
{
    return folder_of(o, name_of(w, i), w->n_growth + w->n_basin == 1, buffer, size);
}

/* Every file, whatever becomes of the others; only an interruption ends it. Returns the first failure; the later ones
 * are warnings. Each names its file. */
static enum status run_all(struct work *w, const struct options *o, const struct reporter *reporter, struct error *e)
{
    enum status first = STATUS_OK;
    for (size_t i = 0; i < w->n_growth + w->n_basin; i++) {
        bool growth = i < w->n_growth;
        size_t k = growth ? i : i - w->n_growth;
        struct error inner = {0};
        enum status status = growth ? growth_batch_run_one(&w->growth, k, o, reporter, &inner)
                                    : basin_batch_run_one(&w->basin, k, NULL, 0, true, o, reporter, &inner);
        if (status && !inner.file[0])
            snprintf(inner.file, sizeof inner.file, "%s", growth ? w->growth_files[k] : w->basin_files[k]);
        if (status && !first) {
            first = status;
            *e = inner;
        } else if (status && status != STATUS_INTERRUPTED) {
            char text[1400];
            reporter_warning(reporter, "%s", error_format(&inner, text, sizeof text));
        }
        if (status == STATUS_INTERRUPTED)
            break;
    }
    return first;
}

/* Each file that has results; `all_done`: not only those with all their runs are complete. */
static enum status write_folders(const struct work *w, bool all_done, const struct options *o,
                                 const struct reporter *reporter, struct error *e)
{
    char buffer[4200];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < w->n_growth && !status; i++) {
        size_t done = w->growth.results[i].n_runs, all = w->growth.scenarios[i].n_runs;
        if (done)
            status = growth_batch_write(&w->growth, i, 1, folder(w, i, o, buffer, sizeof buffer),
                                        all_done || done == all, o, reporter, e);
    }
    for (size_t i = 0; i < w->n_basin && !status; i++) {
        size_t done = w->basin.n_results[i], all = w->basin.experiments[i].n_runs;
        if (done)
            status = basin_batch_write(&w->basin, i, folder(w, w->n_growth + i, o, buffer, sizeof buffer),
                                       all_done || done == all, o, reporter, e);
    }
    return status;
}

static enum status print_json(const struct work *w, const struct options *o, struct error *e)
{
    char buffer[4200];
    json_t *answer = answer_new(o, false), *folders = json_array(), *runs = json_array();
    for (size_t i = 0; i < w->n_growth + w->n_basin; i++)
        json_array_append_new(folders, json_string(folder(w, i, o, buffer, sizeof buffer)));
    growth_batch_to_json(&w->growth, runs);
    basin_batch_to_json(&w->basin, runs);
    json_object_set_new(answer, "folders", folders);
    json_object_set_new(answer, "runs", runs);
    basin_batch_across_to_json(&w->basin, answer);
    return answer_print(answer, e);
}

static bool has_results(const struct work *w, size_t i)
{
    return i < w->n_growth ? w->growth.results[i].n_runs > 0 : w->basin.n_results[i - w->n_growth] > 0;
}

static void print_folders(const struct work *w, const struct options *o)
{
    char buffer[4200];
    for (size_t i = 0; i < w->n_growth + w->n_basin; i++)
        if (has_results(w, i))
            printf("Written to %s: see report.html there.\n", folder(w, i, o, buffer, sizeof buffer));
}

static void print_tables(const struct work *w, const struct options *o)
{
    growth_batch_print_phases(&w->growth);
    growth_batch_print_comparisons(&w->growth, false);
    basin_batch_print(&w->basin);
    print_folders(w, o);
}

enum status command_run(const struct options *o, struct error *e)
{
    struct work w = {0};
    const struct reporter *reporter = terminal_reporter(o);
    enum status status = read_all(&w, o, reporter, e);
    if (!status) {
        status = run_all(&w, o, reporter, e);
        enum status written = write_folders(&w, !status, o, reporter, status ? NULL : e);
        if (status && !written && !o->json && !o->quiet)
            print_folders(&w, o);
        status = status ? status : written;
    }
    if (!status && o->json)
        status = print_json(&w, o, e);
    else if (!status && !o->quiet)
        print_tables(&w, o);
    if (!status)
        status = basin_batch_verdict(&w.basin, e);
    growth_batch_clear(&w.growth);
    basin_batch_clear(&w.basin);
    free(w.growth_files);
    free(w.basin_files);
    return status;
}
