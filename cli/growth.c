/* gears growth phases|compare FILE... */
#include "cli/commands.h"
#include "cli/growth_batch.h"

#include <stdio.h>

static enum status run_and_print(const struct options *o, void (*print)(const struct growth_batch *b), struct error *e)
{
    struct growth_batch batch = {0};
    const struct reporter *reporter = terminal_reporter(o);
    enum status status = growth_batch_read(&batch, o->files, o->n_files, o, reporter, e);
    if (!status)
        status = growth_batch_run(&batch, o, reporter, e);
    if (!status && o->out)
        status = growth_batch_write(&batch, 0, batch.n, o->out, true, o, reporter, e);
    if (!status && o->json) {
        json_t *answer = answer_new(o, false), *runs = json_array();
        growth_batch_to_json(&batch, runs);
        json_object_set_new(answer, "runs", runs);
        status = answer_print(answer, e);
    } else if (!status && !o->quiet) {
        print(&batch);
        if (o->out)
            printf("Written to %s: see report.html there.\n", o->out);
    }
    growth_batch_clear(&batch);
    return status;
}

enum status command_growth_phases(const struct options *o, struct error *e)
{
    return run_and_print(o, growth_batch_print_phases, e);
}

static void print_comparisons(const struct growth_batch *b)
{
    growth_batch_print_comparisons(b, true);
}

enum status command_growth_compare(const struct options *o, struct error *e)
{
    return run_and_print(o, print_comparisons, e);
}
