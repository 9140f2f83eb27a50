/* gears run FILE...: whatever kind the files are; one folder each. */
#include "cli/commands.h"
#include "cli/growth_batch.h"

#include <stdio.h>
#include <string.h>

/* out/NAME, DIR, or DIR/NAME when there are several files. */
static const char *folder_of(const struct options *o, const struct growth_batch *b, size_t i, char *buffer, size_t size)
{
    if (o->out && b->n == 1)
        return o->out;
    snprintf(buffer, size, "%s/%s", o->out ? o->out : "out", b->scenarios[i].name);
    return buffer;
}

static enum status check_names(const struct growth_batch *b, struct error *e)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(b->scenarios[i].name, b->scenarios[k].name) == 0)
                return error_set(e, STATUS_USAGE, "two files are called %s: their folders would be the same; run them apart",
                                 b->scenarios[i].name);
    return STATUS_OK;
}

static enum status write_folders(const struct growth_batch *b, bool complete, const struct options *o,
                                 const struct reporter *reporter, struct error *e)
{
    char buffer[4200];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < b->n && !status; i++)
        if (b->results[i].n_runs)
            status = growth_batch_write(b, i, 1, folder_of(o, b, i, buffer, sizeof buffer),
                                        complete || b->results[i].n_runs == b->scenarios[i].n_runs, o, reporter, e);
    return status;
}

static enum status print_answer(const struct growth_batch *b, const struct options *o, struct error *e)
{
    char buffer[4200];
    json_t *answer = answer_new(o, false), *folders = json_array();
    for (size_t i = 0; i < b->n; i++)
        json_array_append_new(folders, json_string(folder_of(o, b, i, buffer, sizeof buffer)));
    json_object_set_new(answer, "folders", folders);
    json_object_set_new(answer, "runs", growth_batch_to_json(b));
    return answer_print(answer, e);
}

static void print_tables(const struct growth_batch *b, const struct options *o)
{
    char buffer[4200];
    growth_batch_print_phases(b);
    for (size_t i = 0; i < b->n; i++)
        if (b->scenarios[i].runs[0].n_comparisons)
            print_table(comparisons_to_table(&b->results[i]));
    for (size_t i = 0; i < b->n; i++)
        printf("Written to %s: see report.html there.\n", folder_of(o, b, i, buffer, sizeof buffer));
}

enum status command_run(const struct options *o, struct error *e)
{
    struct growth_batch batch = {0};
    const struct reporter *reporter = terminal_reporter(o);
    enum status status = growth_batch_run(&batch, o, reporter, e);
    if (!status)
        status = check_names(&batch, e);
    if (!status)
        status = write_folders(&batch, true, o, reporter, e);
    else if (status == STATUS_INTERRUPTED)
        write_folders(&batch, false, o, reporter, NULL);
    if (!status && o->json)
        status = print_answer(&batch, o, e);
    else if (!status && !o->quiet)
        print_tables(&batch, o);
    growth_batch_clear(&batch);
    return status;
}
