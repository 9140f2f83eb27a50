#include "growth/analysis_folder.h"

#include <string.h>

enum status analysis_folder_open(struct analysis_folder *a, const char *path, bool force, const char *title,
                                 const struct reporter *reporter, struct error *e)
{
    memset(a, 0, sizeof *a);
    a->reporter = reporter;
    a->page = page_new(title);
    return a->page ? run_folder_open(&a->folder, path, force, e) : error_memory(e);
}

void analysis_folder_add_table(struct analysis_folder *a, struct table *t)
{
    if (table_rows(t))
        page_add_table(a->page, t);
    table_free(t);
}

enum status analysis_folder_add_figure(struct analysis_folder *a, struct figure *f, struct error *e)
{
    bool drawn = true;
    if (!f)
        return STATUS_OK;
    enum status status = figure_write(f, a->folder.path, &drawn, e);
    if (!status)
        page_add_figure(a->page, f, drawn);
    a->gnuplot_missing |= !drawn;
    figure_free(f);
    if (status == STATUS_FAILED && reporter_stop_requested(a->reporter)) /* Ctrl-C in a terminal ends gnuplot too */
        return error_set(e, STATUS_INTERRUPTED, "interrupted while drawing");
    return status;
}

static enum status write_summary(struct analysis_folder *a, const json_t *about, json_t *runs, bool complete,
                                 struct error *e)
{
    json_t *summary = json_object();
    json_object_update(summary, (json_t *)about);
    json_object_set_new(summary, "runs", runs);
    enum status status = run_folder_finish(&a->folder, summary, complete, e);
    json_decref(summary);
    return status;
}

enum status analysis_folder_finish(struct analysis_folder *a, enum status status, const json_t *about, json_t *runs,
                                   bool complete, struct error *e)
{
    struct error late = {0};
    if (a->gnuplot_missing)
        reporter_warning(a->reporter,
                         "gnuplot was not found: scripts and data of the figures are in %s, pictures are not (Debian: "
                         "apt install gnuplot-nox)",
                         a->folder.path);
    enum status finished = page_write(a->page, a->folder.path, &late);
    if (finished)
        json_decref(runs);
    else
        finished = write_summary(a, about, runs, !status && complete, &late);
    if (finished) /* a full disk, say: files without a summary would be taken for someone else's */
        run_folder_abandon(&a->folder);
    if (!status && finished && e)
        *e = late;
    return status ? status : finished;
}

void analysis_folder_clear(struct analysis_folder *a)
{
    run_folder_clear(&a->folder);
    page_free(a->page);
    memset(a, 0, sizeof *a);
}
