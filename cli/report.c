/* A report on the terminal, as JSON, in a folder. */
#include "growth/report.h"
#include "cli/cli.h"

#include <stdio.h>

static void print_wrapped(const char *text)
{
    size_t width = terminal_width(), column = 0;
    width = width ? width : 140;
    for (const char *word = text; *word;) {
        size_t length = 0;
        while (word[length] && word[length] != ' ')
            length++;
        if (column && column + 1 + length > width) {
            putchar('\n');
            column = 0;
        } else if (column) {
            putchar(' ');
            column++;
        }
        fwrite(word, 1, length, stdout);
        column += length;
        word += length + (word[length] == ' ');
    }
    fputs("\n\n", stdout);
}

static void print_report(const struct report *r)
{
    size_t width = terminal_width();
    terminal_clear_progress();
    for (size_t i = 0; i < report_count(r); i++)
        switch (report_kind(r, i)) {
        case REPORT_HEADING:
            printf("== %s ==\n\n", report_text(r, i));
            break;
        case REPORT_SENTENCE:
            print_wrapped(report_text(r, i));
            break;
        case REPORT_TABLE:
            table_print(report_table(r, i), stdout, width ? width : 140);
            putchar('\n');
            break;
        case REPORT_FIGURE:
        case REPORT_CSV:
            break;
        }
}

enum status report_show(const struct report *r, const struct options *o, struct error *e)
{
    enum status status = STATUS_OK;
    if (!report_ok(r))
        return error_memory(e);
    if (o->out) {
        json_t *about = answer_new(o, true);
        status = report_write_folder(r, o->out, o->force, about, terminal_reporter(o), e);
        json_decref(about);
    }
    if (!status && o->json) {
        json_t *answer = answer_new(o, false);
        json_object_set(answer, "runs", report_runs(r));
        return answer_print(answer, e);
    }
    if (!status && !o->quiet) {
        print_report(r);
        if (o->out)
            printf("Written to %s: see report.html there.\n", o->out);
    }
    return status;
}
