/* report.html: a plain page of headings, paragraphs, tables and figures; readable without a network or a script. */
#ifndef GEARS_PLOTS_PAGE_H
#define GEARS_PLOTS_PAGE_H

#include "base/error.h"
#include "base/table.h"
#include "plots/figure.h"

struct page;

struct page *page_new(const char *title);
void page_free(struct page *p);
void page_add_heading(struct page *p, const char *text);
void page_add_paragraph(struct page *p, const char *text);
void page_add_table(struct page *p, const struct table *t);
/* The SVG beside the page with its title as alternative text, its caption, and links to the script and the data; when
 * it was not drawn, the line says how to draw it. */
void page_add_figure(struct page *p, const struct figure *f, bool drawn);
/* Writes FOLDER/report.html (aside, then renamed). All text is escaped. */
enum status page_write(const struct page *p, const char *folder, struct error *e);

#endif
