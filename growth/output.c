#include "growth/output.h"

#include "base/file.h"
#include "base/run_folder.h"
#include "base/text.h"
#include "growth/figures/figures.h"
#include "growth/periods.h"
#include "plots/page.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One run to write: its result, its name in legends ("world: base" beside other files), the name of its series file. */
struct item {
    const struct run_result *result;
    const struct scenario_result *scenario;
    char label[140], csv[180];
};

struct writer {
    const struct output_request *request;
    const struct reporter *reporter;
    struct error *e;
    struct run_folder folder;
    struct item *items; /* (n) */
    size_t n;
    struct page *page;
    bool gnuplot_missing;
};

/* --- names -------------------------------------------------------------------------------------------------------- */

static void name_item(const struct writer *w, struct item *item)
{
    const char *scenario = item->scenario->scenario->name, *run = item->result->run->name;
    if (w->request->n_scenarios == 1 || strcmp(scenario, run) == 0)
        snprintf(item->label, sizeof item->label, "%s", run);
    else if (item->scenario->n_runs == 1)
        snprintf(item->label, sizeof item->label, "%s", scenario);
    else
        snprintf(item->label, sizeof item->label, "%s: %s", scenario, run);
}

static bool csv_taken(const struct writer *w, const struct item *item)
{
    for (const struct item *other = w->items; other < item; other++)
        if (strcmp(other->csv, item->csv) == 0)
            return true;
    return false;
}

/* series.csv, or series-LABEL.csv with only letters, digits, '-', '_' and '.' in it; a number where that is ambiguous.
 */
static void name_csv(const struct writer *w, struct item *item)
{
    char plain[140];
    size_t n = 0;
    for (const char *c = item->label; *c; c++)
        plain[n++] = isalnum((unsigned char)*c) || strchr("-_.", *c) ? *c : '_';
    plain[n] = 0;
    if (w->n == 1)
        snprintf(item->csv, sizeof item->csv, "series.csv");
    else
        snprintf(item->csv, sizeof item->csv, "series-%s.csv", plain);
    for (int k = 2; csv_taken(w, item); k++)
        snprintf(item->csv, sizeof item->csv, "series-%s-%d.csv", plain, k);
}

static enum status list_items(struct writer *w)
{
    for (size_t i = 0; i < w->request->n_scenarios; i++)
        w->n += w->request->scenarios[i]->n_runs;
    w->items = calloc(w->n + 1, sizeof *w->items);
    if (!w->items)
        return error_memory(w->e);
    struct item *item = w->items;
    for (size_t i = 0; i < w->request->n_scenarios; i++)
        for (size_t k = 0; k < w->request->scenarios[i]->n_runs; k++, item++) {
            item->scenario = w->request->scenarios[i];
            item->result = &item->scenario->runs[k];
            name_item(w, item);
            name_csv(w, item);
        }
    return STATUS_OK;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static void add_table(struct page *page, struct table *t)
{
    if (table_rows(t))
        page_add_table(page, t);
    table_free(t);
}

static void describe_run(const struct writer *w, const struct item *item)
{
    const struct run_result *r = item->result;
    char text[640];
    page_add_heading(w->page, item->label);
    snprintf(text, sizeof text, "Model %s: %s. %s", r->run->simulation.model->name, r->run->simulation.model->title,
             ending_to_text(r, (char[320]){0}, 320));
    page_add_paragraph(w->page, text);
    add_table(w->page, phases_to_table(r));
    add_table(w->page, transitions_to_table(r));
    add_table(w->page, events_to_table(r));
    if (lags_to_text(r, text, sizeof text)[0])
        page_add_paragraph(w->page, text);
}

/* What comes before the figures. */
static void add_tables(const struct writer *w)
{
    for (size_t k = 0; k < w->n; k++)
        describe_run(w, &w->items[k]);
    for (size_t i = 0; i < w->request->n_scenarios; i++) {
        add_table(w->page, comparisons_to_table(w->request->scenarios[i]));
        add_table(w->page, periods_to_table(w->request->scenarios[i]));
    }
    page_add_heading(w->page, "Figures");
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

static enum status write_figure(struct writer *w, enum growth_figure which)
{
    struct drawn_run *runs = calloc(w->n + 1, sizeof *runs);
    size_t n = 0;
    if (!runs)
        return error_memory(w->e);
    for (size_t k = 0; k < w->n; k++)
        if (w->items[k].result->run->figures[which])
            runs[n++] = (struct drawn_run){w->items[k].result, w->items[k].label};
    struct figure *figure = n ? growth_figures[which](runs, n) : NULL;
    bool drawn = true;
    enum status status = figure ? figure_write(figure, w->folder.path, &drawn, w->e) : STATUS_OK;
    if (figure && !status)
        page_add_figure(w->page, figure, drawn);
    w->gnuplot_missing |= !drawn;
    figure_free(figure);
    free(runs);
    return status;
}

static enum status write_figures(struct writer *w)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < N_GROWTH_FIGURES && !status; i++) {
        reporter_progress(w->reporter, (double)i / N_GROWTH_FIGURES, "drawing");
        status = reporter_stop_requested(w->reporter) ? error_set(w->e, STATUS_INTERRUPTED, "interrupted while drawing")
                                                      : write_figure(w, (enum growth_figure)i);
    }
    reporter_progress(w->reporter, 1, "drawing");
    if (status == STATUS_FAILED && reporter_stop_requested(w->reporter)) /* Ctrl-C in a terminal ends gnuplot too */
        status = error_set(w->e, STATUS_INTERRUPTED, "interrupted while drawing");
    if (w->gnuplot_missing)
        reporter_warning(
            w->reporter,
            "gnuplot was not found: scripts and data of the figures are in %s, pictures are not (Debian: apt "
            "install gnuplot-nox)",
            w->folder.path);
    return status;
}

/* --- summary.json ------------------------------------------------------------------------------------------------- */

/* The merged scenario file, to tell whether two folders came from the same input. */
static json_t *hash_config(const struct config *c)
{
    char *text = NULL, hash[17] = "";
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream && !config_write(c, stream, NULL) && fflush(stream) == 0)
        file_hash(text, length, hash);
    if (stream)
        fclose(stream);
    free(text);
    return json_string(hash);
}

static json_t *hash_series(const struct series *s)
{
    char year[17], value[17], both[40];
    file_hash(s->year, s->n * sizeof *s->year, year);
    file_hash(s->value, s->n * sizeof *s->value, value);
    snprintf(both, sizeof both, "%s%s", year, value);
    file_hash(both, 32, year);
    return json_string(year);
}

static json_t *list_hashes(const struct writer *w)
{
    json_t *hashes = json_object(), *scenarios = json_object(), *data = json_object();
    for (size_t i = 0; i < w->request->n_scenarios; i++) {
        const struct scenario *s = w->request->scenarios[i]->scenario;
        json_object_set_new(scenarios, s->name, hash_config(s->config));
    }
    for (size_t k = 0; k < w->n; k++)
        for (size_t i = 0; i < w->items[k].result->run->n_comparisons; i++) {
            const struct series *s = &w->items[k].result->run->comparisons[i].series;
            json_object_set_new(data, s->name, hash_series(s));
        }
    json_object_set_new(hashes, "scenarios", scenarios);
    json_object_set_new(hashes, "series", data);
    return hashes;
}

static enum status write_summary(struct writer *w, bool complete)
{
    json_t *summary = json_object(), *runs = json_array();
    json_object_update(summary, (json_t *)w->request->about);
    for (size_t k = 0; k < w->n; k++) {
        json_t *run = run_to_json(w->items[k].result);
        json_object_set_new(run, "csv", json_string(w->items[k].csv));
        json_array_append_new(runs, run);
    }
    json_object_set_new(summary, "hashes", list_hashes(w));
    json_object_set_new(summary, "runs", runs);
    enum status status = run_folder_finish(&w->folder, summary, complete, w->e);
    json_decref(summary);
    return status;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* The page and the summary are written whatever went wrong before, so that the folder stays ours and says it is
 * incomplete. */
static enum status finish(struct writer *w, enum status status)
{
    struct error *first = w->e, late = {0};
    w->e = &late;
    enum status finished = page_write(w->page, w->folder.path, w->e);
    if (!finished)
        finished = write_summary(w, !status && w->request->complete);
    if (finished) /* a full disk, say: files without a summary would be taken for someone else's */
        run_folder_abandon(&w->folder);
    w->e = first;
    if (!status && finished && first)
        *first = late;
    return status ? status : finished;
}

static enum status write_all(struct writer *w)
{
    char path[4400];
    enum status status = run_folder_open(&w->folder, w->request->folder, w->request->force, w->e);
    if (status)
        return status;
    for (size_t k = 0; k < w->n && !status; k++)
        status =
            run_write_csv(w->items[k].result, run_folder_file(&w->folder, w->items[k].csv, path, sizeof path), w->e);
    add_tables(w);
    if (!status)
        status = write_figures(w);
    return finish(w, status);
}

enum status growth_write_folder(const struct output_request *request, const struct reporter *reporter, struct error *e)
{
    struct writer w = {.request = request, .reporter = reporter, .e = e, .page = page_new(request->title)};
    enum status status = w.page ? list_items(&w) : error_memory(e);
    if (!status)
        status = write_all(&w);
    run_folder_clear(&w.folder);
    page_free(w.page);
    free(w.items);
    return status;
}
