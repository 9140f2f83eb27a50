/* The run folder of a fit. */
#include "base/file.h"
#include "base/run_folder.h"
#include "base/text.h"
#include "growth/figures/figures.h"
#include "growth/fit/report.h"
#include "growth/periods.h"
#include "growth/variable.h"
#include "plots/page.h"

#include <math.h>
#include <stdio.h>

struct writer {
    const struct fit_report *r;
    const struct fit_output *o;
    const struct reporter *reporter;
    struct run_folder folder;
    struct page *page;
    bool undrawn;
};

static void add_table(struct page *page, struct table *t)
{
    if (table_rows(t))
        page_add_table(page, t);
    table_free(t);
}

static void add_tables(struct writer *w)
{
    char text[1600];
    page_add_heading(w->page, "The fit");
    page_add_paragraph(w->page, fit_search_to_text(w->r, text, sizeof text));
    add_table(w->page, fit_parameters_to_table(w->r));
    page_add_paragraph(w->page, fit_verdict_to_text(w->r, text, sizeof text));
    add_table(w->page, fit_targets_to_table(w->r));
    add_table(w->page, periods_to_table(&w->r->run));
    add_table(w->page, fit_correlations_to_table(w->r));
    add_table(w->page, fit_spectrum_to_table(w->r));
    page_add_heading(w->page, "The fitted run");
    page_add_paragraph(w->page, ending_to_text(&w->r->run.runs[0], text, sizeof text));
    add_table(w->page, phases_to_table(&w->r->run.runs[0]));
    add_table(w->page, transitions_to_table(&w->r->run.runs[0]));
    if (!w->r->result->interrupted)
        page_add_heading(w->page, "Figures");
}

static enum status write_misses(const struct writer *w, struct error *e)
{
    char path[4400], number[2][32];
    struct file_aside file;
    enum status status = file_aside_open(&file, run_folder_file(&w->folder, "misses.csv", path, sizeof path), e);
    if (status)
        return status;
    fputs("series,variable,kind,year,to,data,miss,error\n", file.stream);
    const double *miss = w->r->misses;
    for (size_t i = 0; i < w->r->fit->n_targets; i++) {
        const struct fit_target *t = &w->r->fit->targets[i];
        for (size_t k = 0; k < t->n; k++)
            fprintf(file.stream, "\"%s\",%s,%s,%.10g,%.10g,%s,%s,%.6g\n", t->name,
                    variable_key(w->r->fit->base.model, t->variable),
                    t->assumed  ? "assumed"
                    : t->growth ? "growth"
                                : "levels",
                    t->year[k], t->to[k],
                    text_from_number(t->growth ? t->value[k] : exp(t->value[k]), number[0], sizeof number[0]),
                    text_from_number(miss[k], number[1], sizeof number[1]), t->sigma[k]);
        miss += t->n;
    }
    return file_aside_commit(&file, e);
}

/* Takes the figure. */
static enum status draw(struct writer *w, struct figure *f, struct error *e)
{
    bool drawn = true;
    enum status status = f ? figure_write(f, w->folder.path, &drawn, e) : STATUS_OK;
    if (f && !status)
        page_add_figure(w->page, f, drawn);
    w->undrawn |= !drawn;
    figure_free(f);
    return status;
}

static enum status draw_all(struct writer *w, struct error *e)
{
    const struct run_result *run = &w->r->run.runs[0];
    struct drawn_run drawn = {run, w->r->fit->name};
    if (w->r->result->interrupted)
        return STATUS_OK;
    enum status status = draw(w, figure_of_fit_misses(w->r), e);
    if (!status)
        status = draw(w, figure_of_fit_spectrum(w->r), e);
    for (size_t i = 0; i < N_GROWTH_FIGURES && !status; i++) {
        reporter_progress(w->reporter, (double)i / N_GROWTH_FIGURES, "drawing");
        if (reporter_stop_requested(w->reporter))
            status = error_set(e, STATUS_INTERRUPTED, "interrupted while drawing");
        else if (run->run->figures[i])
            status = draw(w, growth_figures[i](&drawn, 1), e);
    }
    if (w->undrawn)
        reporter_warning(w->reporter,
                         "gnuplot was not found: scripts and data of the figures are in %s, pictures are not",
                         w->folder.path);
    return status;
}

static enum status write_summary(struct writer *w, bool complete, struct error *e)
{
    json_t *summary = json_object(), *runs = json_array();
    json_object_update(summary, (json_t *)w->o->about);
    json_array_append_new(runs, fit_to_json(w->r));
    json_object_set_new(summary, "runs", runs);
    enum status status = run_folder_finish(&w->folder, summary, complete, e);
    json_decref(summary);
    return status;
}

static enum status write_all(struct writer *w, struct error *e)
{
    char path[4400], name[80];
    enum status status = run_folder_open(&w->folder, w->o->folder, w->o->force, e);
    if (status)
        return status;
    snprintf(name, sizeof name, "%s.yaml", w->r->fit->name);
    status = fit_write_scenario(w->r->scenario, w->r->fit, w->r->result, w->o->source,
                                run_folder_file(&w->folder, name, path, sizeof path), e);
    if (!status)
        status = write_misses(w, e);
    if (!status)
        status = run_write_csv(&w->r->run.runs[0], run_folder_file(&w->folder, "series.csv", path, sizeof path), e);
    add_tables(w);
    if (!status)
        status = draw_all(w, e);
    /* page and summary whatever went wrong before, so that the folder stays ours and says it is incomplete */
    enum status finished = page_write(w->page, w->folder.path, status ? NULL : e);
    if (!finished)
        finished = write_summary(w, !status && !w->r->result->interrupted, status ? NULL : e);
    if (finished)
        run_folder_abandon(&w->folder);
    return status ? status : finished;
}

enum status fit_write_folder(const struct fit_report *r, const struct fit_output *o, const struct reporter *reporter,
                             struct error *e)
{
    char title[300];
    snprintf(title, sizeof title, "Fit: %s", r->fit->title);
    struct writer w = {.r = r, .o = o, .reporter = reporter, .page = page_new(title)};
    enum status status = w.page ? write_all(&w, e) : error_memory(e);
    run_folder_clear(&w.folder);
    page_free(w.page);
    return status;
}
