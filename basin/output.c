#include "basin/output.h"

#include "base/run_folder.h"
#include "basin/figures/figures.h"
#include "basin/weights.h"
#include "plots/page.h"

#include <stdlib.h>
#include <string.h>

struct writer {
    const struct basin_output_request *request;
    const struct reporter *reporter;
    struct error *e;
    struct run_folder folder;
    struct page *page;
    bool gnuplot_missing;
};

static enum status save_weights(struct writer *w)
{
    char path[4400], name[120];
    enum status status = STATUS_OK;
    for (size_t k = 0; k < w->request->n && !status; k++) {
        const struct basin_result *r = &w->request->results[k];
        weights_file_name(r->run->name, w->request->experiment->n_runs == 1, name, sizeof name);
        run_folder_file(&w->folder, name, path, sizeof path);
        status = weights_save(&r->run->problem.network, r->theta, r->run->key, path, w->e);
    }
    return status;
}

static enum status write_figure(struct writer *w, const struct figure *figure)
{
    bool drawn = false;
    if (reporter_stop_requested(w->reporter))
        return error_set(w->e, STATUS_INTERRUPTED, "interrupted while drawing");
    enum status status = figure_write(figure, w->folder.path, &drawn, w->e);
    if (!status)
        page_add_figure(w->page, figure, drawn);
    w->gnuplot_missing |= !drawn;
    return status;
}

/* `run`: its name where there are several, else NULL. */
static enum status write_findings(struct writer *w, const struct findings *f, const char *run)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < f->n_tables; i++)
        page_add_table(w->page, f->tables[i]);
    for (size_t i = 0; i < f->n_sentences; i++)
        page_add_paragraph(w->page, f->sentences[i]);
    for (size_t i = 0; i < f->n_figures && !status; i++) {
        if (run)
            figure_add_prefix(f->figures[i], run);
        status = write_figure(w, f->figures[i]);
    }
    return status;
}

static enum status write_runs(struct writer *w)
{
    const struct basin_output_request *q = w->request;
    struct table *training = training_to_table(q->results, q->n);
    struct figure *figure = figure_of_training(q->results, q->n);
    enum status status = STATUS_OK;
    page_add_table(w->page, training);
    if (figure)
        status = write_figure(w, figure);
    for (size_t k = 0; k < q->n && !status; k++) {
        page_add_heading(w->page, q->results[k].run->name);
        for (size_t i = 0; i < q->results[k].n_findings && !status; i++)
            status = write_findings(w, &q->results[k].findings[i],
                                    q->experiment->n_runs > 1 ? q->results[k].run->name : NULL);
    }
    if (!status && q->across->n_tables) {
        page_add_heading(w->page, "All runs together");
        status = write_findings(w, q->across, NULL);
    }
    if (w->gnuplot_missing)
        reporter_warning(
            w->reporter,
            "gnuplot was not found: scripts and data of the figures are in %s, pictures are not (Debian: apt "
            "install gnuplot-nox)",
            w->folder.path);
    figure_free(figure);
    table_free(training);
    return status;
}

static enum status write_summary(struct writer *w, bool complete)
{
    json_t *summary = json_object(), *runs = json_array();
    json_object_update(summary, (json_t *)w->request->about);
    for (size_t k = 0; k < w->request->n; k++)
        json_array_append_new(runs, basin_result_to_json(&w->request->results[k]));
    json_object_set_new(summary, "runs", runs);
    if (w->request->across->json)
        json_object_update(summary, w->request->across->json);
    enum status status = run_folder_finish(&w->folder, summary, complete, w->e);
    json_decref(summary);
    return status;
}

/* The page and the summary are written whatever went wrong before: see growth/output.c. */
static enum status finish(struct writer *w, enum status status)
{
    struct error *first = w->e, late = {0};
    w->e = &late;
    enum status finished = page_write(w->page, w->folder.path, &late);
    if (!finished)
        finished = write_summary(w, !status && w->request->complete);
    w->e = first;
    if (!status && finished && first)
        *first = late;
    return status ? status : finished;
}

enum status basin_write_folder(const struct basin_output_request *request, const struct reporter *reporter,
                               struct error *e)
{
    struct writer w = {.request = request, .reporter = reporter, .e = e, .page = page_new(request->experiment->title)};
    enum status status = w.page ? run_folder_open(&w.folder, request->folder, request->force, e) : error_memory(e);
    if (!status) {
        status = save_weights(&w);
        if (!status)
            status = write_runs(&w);
        status = finish(&w, status);
    }
    run_folder_clear(&w.folder);
    page_free(w.page);
    return status;
}
