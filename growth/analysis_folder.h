/* The folder of an analysis that is no plain run: tables, sentences and figures on one page, results in summary.json.
 */
#ifndef GEARS_GROWTH_ANALYSIS_FOLDER_H
#define GEARS_GROWTH_ANALYSIS_FOLDER_H

#include "base/reporter.h"
#include "base/run_folder.h"
#include "plots/page.h"

struct analysis_folder {
    struct run_folder folder;
    struct page *page; /* add headings, paragraphs, tables here */
    const struct reporter *reporter;
    bool gnuplot_missing;
};

/* See run_folder_open. Clear in all cases. */
enum status analysis_folder_open(struct analysis_folder *a, const char *path, bool force, const char *title,
                                 const struct reporter *reporter, struct error *e);
/* Add and free a table; nothing where it has no rows. */
void analysis_folder_add_table(struct analysis_folder *a, struct table *t);
/* Write a figure (and free it; NULL: nothing to show) and put it on the page. */
enum status analysis_folder_add_figure(struct analysis_folder *a, struct figure *f, struct error *e);
/* Write the page and summary.json: `about` (what every summary begins with; borrowed) and `runs` (consumed), whatever
 * `status` says of what came before; the folder is complete where it is 0 and `complete`. Returns the first error. */
enum status analysis_folder_finish(struct analysis_folder *a, enum status status, const json_t *about, json_t *runs,
                                   bool complete, struct error *e);
void analysis_folder_clear(struct analysis_folder *a);

#endif
