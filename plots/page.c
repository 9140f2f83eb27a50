#include "plots/page.h"

#include "base/file.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>

struct page {
    char *text; /* the body so far */
    size_t length;
    FILE *stream; /* memory stream on it */
    char *title;
};

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}th,td{padding:.25rem .7rem;border-bottom:1px solid "
    "#ddd;"
    "text-align:left;vertical-align:top}td.r,th.r{text-align:right;font-variant-numeric:tabular-nums}"
    "figure{margin:2rem 0}img{max-width:100%;height:auto}figcaption{color:#555;font-size:.9rem}caption{text-align:left;"
    "font-weight:600}";

static void write_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

struct page *page_new(const char *title)
{
    struct page *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->title = text_copy(title);
    p->stream = open_memstream(&p->text, &p->length);
    if (p->title && p->stream)
        return p;
    page_free(p);
    return NULL;
}

void page_free(struct page *p)
{
    if (!p)
        return;
    if (p->stream)
        fclose(p->stream);
    free(p->text);
    free(p->title);
    free(p);
}

static void add_element(struct page *p, const char *tag, const char *text)
{
    if (!p)
        return;
    fprintf(p->stream, "<%s>", tag);
    write_escaped(p->stream, text);
    fprintf(p->stream, "</%s>\n", tag);
}

void page_add_heading(struct page *p, const char *text)
{
    add_element(p, "h2", text);
}

void page_add_paragraph(struct page *p, const char *text)
{
    add_element(p, "p", text);
}

static void add_cell(struct page *p, const char *tag, const struct table *t, size_t column, const char *text)
{
    fprintf(p->stream, "<%s%s>", tag, table_column_align(t, column) == TABLE_RIGHT ? " class=\"r\"" : "");
    write_escaped(p->stream, text);
    fprintf(p->stream, "</%s>", tag);
}

void page_add_table(struct page *p, const struct table *t)
{
    if (!p || !t)
        return;
    fputs("<table>", p->stream);
    if (table_title(t)[0])
        add_element(p, "caption", table_title(t));
    fputs("<thead><tr>", p->stream);
    for (size_t c = 0; c < table_columns(t); c++)
        add_cell(p, "th", t, c, table_heading(t, c));
    fputs("</tr></thead>\n<tbody>\n", p->stream);
    for (size_t r = 0; r < table_rows(t); r++) {
        fputs("<tr>", p->stream);
        for (size_t c = 0; c < table_columns(t); c++)
            add_cell(p, "td", t, c, table_cell(t, r, c));
        fputs("</tr>\n", p->stream);
    }
    fputs("</tbody></table>\n", p->stream);
}

void page_add_figure(struct page *p, const struct figure *f, bool drawn)
{
    if (!p || !f)
        return;
    const char *name = figure_name(f);
    fputs("<figure>\n", p->stream);
    if (drawn) {
        fprintf(p->stream, "<img src=\"%s.svg\" alt=\"", name);
        write_escaped(p->stream, figure_title(f));
        fputs("\">\n", p->stream);
    }
    fputs("<figcaption>", p->stream);
    write_escaped(p->stream, figure_caption(f));
    if (!drawn)
        fprintf(p->stream, " Not drawn: gnuplot was not there; <code>gnuplot %s.gp</code> in this folder draws it.",
                name);
    fprintf(p->stream, " (<a href=\"%s.gp\">script</a>, <a href=\"%s.dat\">data</a>", name, name);
    if (drawn)
        fprintf(p->stream, ", <a href=\"%s.png\">PNG</a>", name);
    fputs(")</figcaption>\n</figure>\n", p->stream);
}

enum status page_write(const struct page *p, const char *folder, struct error *e)
{
    char path[4096];
    struct file_aside file;
    if (!p || fflush(p->stream) != 0)
        return error_memory(e);
    snprintf(path, sizeof path, "%.4000s/report.html", folder);
    enum status status = file_aside_open(&file, path, e);
    if (status)
        return status;
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
          "content=\"width=device-width\"><title>",
          file.stream);
    write_escaped(file.stream, p->title);
    fprintf(file.stream, "</title><style>%s</style></head><body>\n<h1>", style);
    write_escaped(file.stream, p->title);
    fputs("</h1>\n", file.stream);
    fwrite(p->text, 1, p->length, file.stream);
    fputs("</body></html>\n", file.stream);
    return file_aside_commit(&file, e);
}
