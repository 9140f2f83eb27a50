#include "growth/report.h"

#include "base/file.h"
#include "base/run_folder.h"
#include "base/text.h"
#include "plots/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct item {
    enum report_kind kind;
    char *text; /* heading, sentence; of a CSV its file name */
    struct table *table;
    struct figure *figure;
    char *header;
    double *values;
    size_t rows, columns;
};

struct report {
    char *title;
    struct item *items; /* (n) */
    size_t n, capacity;
    json_t *runs;
    bool failed, interrupted;
};

struct report *report_new(const char *title)
{
    struct report *r = calloc(1, sizeof *r);
    if (r) {
        r->title = text_copy(title);
        r->runs = json_array();
        r->failed = !r->title || !r->runs;
    }
    return r;
}

static void clear_item(struct item *item)
{
    free(item->text);
    free(item->header);
    free(item->values);
    table_free(item->table);
    figure_free(item->figure);
}

void report_free(struct report *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        clear_item(&r->items[i]);
    free(r->items);
    free(r->title);
    json_decref(r->runs);
    free(r);
}

const char *report_title(const struct report *r)
{
    return r->title;
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

static void add(struct report *r, struct item item)
{
    if (r && r->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 16;
        struct item *more = realloc(r->items, capacity * sizeof *more);
        if (more) {
            r->items = more;
            r->capacity = capacity;
        }
    }
    if (r && r->n < r->capacity) {
        r->items[r->n++] = item;
        return;
    }
    if (r)
        r->failed = true;
    clear_item(&item);
}

static void add_text(struct report *r, enum report_kind kind, char *text)
{
    if (text)
        add(r, (struct item){.kind = kind, .text = text});
    else if (r)
        r->failed = true;
}

void report_add_heading(struct report *r, const char *text)
{
    add_text(r, REPORT_HEADING, text_copy(text));
}

void report_add_sentence(struct report *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_text(r, REPORT_SENTENCE, text_format_list(format, args));
    va_end(args);
}

void report_add_table(struct report *r, struct table *t)
{
    if (table_rows(t))
        add(r, (struct item){.kind = REPORT_TABLE, .table = t});
    else
        table_free(t);
}

void report_add_figure(struct report *r, struct figure *f)
{
    if (f)
        add(r, (struct item){.kind = REPORT_FIGURE, .figure = f});
}

void report_add_csv(struct report *r, const char *name, const char *header, size_t rows, size_t columns,
                    const double *values)
{
    struct item item = {.kind = REPORT_CSV, .rows = rows, .columns = columns};
    item.text = text_format("%s.csv", name);
    item.header = text_copy(header);
    item.values = malloc((rows * columns + 1) * sizeof *item.values);
    if (item.text && item.header && item.values) {
        memcpy(item.values, values, rows * columns * sizeof *values);
        add(r, item);
        return;
    }
    clear_item(&item);
    if (r)
        r->failed = true;
}

void report_add_run(struct report *r, json_t *run)
{
    if (!r || json_array_append_new(r->runs, run) != 0) {
        if (r)
            r->failed = true;
    }
}

void report_set_interrupted(struct report *r)
{
    r->interrupted = true;
}

bool report_interrupted(const struct report *r)
{
    return r->interrupted;
}

bool report_ok(const struct report *r)
{
    return r && !r->failed;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

size_t report_count(const struct report *r)
{
    return r->n;
}

enum report_kind report_kind(const struct report *r, size_t i)
{
    return r->items[i].kind;
}

const struct table *report_table(const struct report *r, size_t i)
{
    return r->items[i].table;
}

const char *report_text(const struct report *r, size_t i)
{
    return r->items[i].text;
}

json_t *report_runs(const struct report *r)
{
    return r->runs;
}

/* --- the folder --------------------------------------------------------------------------------------------------- */

struct writer {
    const struct report *report;
    const struct reporter *reporter;
    struct run_folder folder;
    struct page *page;
    bool gnuplot_missing;
    struct error *e;
};

static enum status write_csv(struct writer *w, const struct item *item)
{
    char path[4400], text[40];
    struct file_aside file;
    enum status status = file_aside_open(&file, run_folder_file(&w->folder, item->text, path, sizeof path), w->e);
    if (status)
        return status;
    fprintf(file.stream, "%s\n", item->header);
    for (size_t i = 0; i < item->rows * item->columns; i++)
        fprintf(file.stream, "%s%c",
                isfinite(item->values[i]) ? text_from_number(item->values[i], text, sizeof text) : "",
                (i + 1) % item->columns ? ',' : '\n');
    return file_aside_commit(&file, w->e);
}

static enum status write_figure(struct writer *w, const struct figure *f)
{
    bool drawn = false;
    if (w->report->interrupted)
        return STATUS_OK;
    if (reporter_stop_requested(w->reporter))
        return error_set(w->e, STATUS_INTERRUPTED, "interrupted while drawing");
    enum status status = figure_write(f, w->folder.path, &drawn, w->e);
    if (status == STATUS_FAILED && reporter_stop_requested(w->reporter)) /* Ctrl-C in a terminal ends gnuplot too */
        return error_set(w->e, STATUS_INTERRUPTED, "interrupted while drawing");
    if (!status)
        page_add_figure(w->page, f, drawn);
    w->gnuplot_missing |= !drawn;
    return status;
}

static enum status write_items(struct writer *w)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < w->report->n && !status; i++) {
        const struct item *item = &w->report->items[i];
        reporter_progress(w->reporter, (double)i / (double)w->report->n, "writing");
        if (item->kind == REPORT_HEADING)
            page_add_heading(w->page, item->text);
        else if (item->kind == REPORT_SENTENCE)
            page_add_paragraph(w->page, item->text);
        else if (item->kind == REPORT_TABLE)
            page_add_table(w->page, item->table);
        else if (item->kind == REPORT_FIGURE)
            status = write_figure(w, item->figure);
        else
            status = write_csv(w, item);
    }
    if (!status && w->gnuplot_missing)
        reporter_warning(
            w->reporter,
            "gnuplot was not found: scripts and data of the figures are in %s, pictures are not (Debian: apt "
            "install gnuplot-nox)",
            w->folder.path);
    return status;
}

/* The page and the summary are written whatever went wrong before: see growth/output.c. */
static enum status finish(struct writer *w, enum status status, const json_t *about)
{
    struct error late = {0};
    json_t *summary = json_object();
    json_object_update(summary, (json_t *)about);
    json_object_set(summary, "runs", w->report->runs);
    enum status finished = page_write(w->page, w->folder.path, &late);
    if (!finished)
        finished = run_folder_finish(&w->folder, summary, !status && !w->report->interrupted, &late);
    if (finished)
        run_folder_abandon(&w->folder);
    json_decref(summary);
    if (!status && finished && w->e)
        *w->e = late;
    return status ? status : finished;
}

enum status report_write_folder(const struct report *r, const char *folder, bool force, const json_t *about,
                                const struct reporter *reporter, struct error *e)
{
    struct writer w = {.report = r, .reporter = reporter, .e = e};
    if (!report_ok(r) || !(w.page = page_new(r->title)))
        return error_memory(e);
    enum status status = run_folder_open(&w.folder, folder, force, e);
    if (!status)
        status = finish(&w, write_items(&w), about);
    run_folder_clear(&w.folder);
    page_free(w.page);
    return status;
}
