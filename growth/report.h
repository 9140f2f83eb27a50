/* A report: headings, tables, sentences, figures and series in the order they are read, gathered by a computation and
 * shown in three ways: printed (cli/), as a run folder with report.html, and its `runs` as JSON. */
#ifndef GEARS_GROWTH_REPORT_H
#define GEARS_GROWTH_REPORT_H

#include "base/error.h"
#include "base/reporter.h"
#include "base/table.h"
#include "plots/figure.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct report;

struct report *report_new(const char *title);
void report_free(struct report *r);
const char *report_title(const struct report *r);

/* What is added is owned by the report from then on, also where memory has run out (remembered: report_ok). An empty
 * table or a NULL figure is dropped. */
void report_add_heading(struct report *r, const char *text);
void report_add_table(struct report *r, struct table *t);
void report_add_figure(struct report *r, struct figure *f);
void report_add_sentence(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Columns of equal length as NAME.csv in the folder; header: comma-separated names. values (rows, columns) row-major,
 * NaN and infinite are left empty; copied. */
void report_add_csv(struct report *r, const char *name, const char *header, size_t rows, size_t columns,
                    const double *values);
/* One more element of `runs` (takes the reference). */
void report_add_run(struct report *r, json_t *run);
/* What is there is all there will be: it was interrupted. The folder then says complete: false and has no figures,
 * whose drawing was to be stopped too. */
void report_set_interrupted(struct report *r);
bool report_interrupted(const struct report *r);
bool report_ok(const struct report *r);

enum report_kind { REPORT_HEADING, REPORT_TABLE, REPORT_SENTENCE, REPORT_FIGURE, REPORT_CSV };
size_t report_count(const struct report *r);
enum report_kind report_kind(const struct report *r, size_t i);
const struct table *report_table(const struct report *r, size_t i);
const char *report_text(const struct report *r, size_t i); /* of a heading or a sentence */
json_t *report_runs(const struct report *r);               /* array, borrowed */

/* Write the folder (see run_folder_open): CSV, figures, report.html, summary.json last with `about` (borrowed) and the
 * runs. Without gnuplot it is complete all the same, and a warning says so. Interrupted or failed, what is there is
 * valid and summary.json says complete: false. */
enum status report_write_folder(const struct report *r, const char *folder, bool force, const json_t *about,
                                const struct reporter *reporter, struct error *e);

#endif
