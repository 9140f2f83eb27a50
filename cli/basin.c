/* gears basin train|audit|spectrum|volume|segment|contour|llc|relate FILE */
#include "cli/basin_batch.h"
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static enum status answer(const struct basin_batch *b, const char *folder, const struct options *o, struct error *e)
{
    if (o->json) {
        json_t *answer = answer_new(o, false), *runs = json_array();
        basin_batch_to_json(b, runs);
        json_object_set_new(answer, "runs", runs);
        basin_batch_across_to_json(b, answer);
        return answer_print(answer, e);
    }
    if (o->quiet)
        return STATUS_OK;
    basin_batch_print(b);
    if (folder)
        printf("Written to %s: see report.html there.\n", folder);
    return STATUS_OK;
}

/* Run `list` on the file; the folder is written by train, and by the others where --out asks for it. */
static enum status run_analyses(const struct options *o, const struct analysis *const *list, size_t n_list, bool writes,
                                struct error *e)
{
    struct basin_batch b;
    const struct reporter *reporter = terminal_reporter(o);
    char buffer[4200];
    enum status status = basin_batch_read(&b, o->files, o->n_files, o, e);
    if (!status)
        status = basin_batch_run(&b, list, n_list, writes, o, reporter, e);
    const char *folder = NULL;
    if (status == STATUS_INTERRUPTED && writes && b.n_results[0]) { /* trained weights are not thrown away */
        struct error late = {0};
        basin_batch_write(&b, 0, folder_of(o, b.experiments[0].name, true, buffer, sizeof buffer), false, o, reporter,
                          &late);
    }
    if (!status && writes) {
        folder = folder_of(o, b.experiments[0].name, true, buffer, sizeof buffer);
        status = basin_batch_write(&b, 0, folder, true, o, reporter, e);
    }
    if (!status)
        status = answer(&b, folder, o, e);
    if (!status)
        status = basin_batch_verdict(&b, e);
    basin_batch_clear(&b);
    return status;
}

enum status command_basin_train(const struct options *o, struct error *e)
{
    const struct analysis *none = NULL;
    return run_analyses(o, &none, 0, true, e);
}

/* The analysis that the last word of the command names. */
enum status command_basin_analysis(const struct options *o, struct error *e)
{
    const char *name = strrchr(o->command->name, ' ') + 1;
    for (const struct analysis *const *a = analyses; *a; a++)
        if (strcmp((*a)->name, name) == 0)
            return run_analyses(o, a, 1, o->out != NULL, e);
    return error_set(e, STATUS_FAILED, "there is no analysis called %s", name);
}

/* All that the networks are compared by. */
enum status command_basin_relate(const struct options *o, struct error *e)
{
    static const char *const names[] = {"audit", "volume", "relate"};
    const struct analysis *list[3] = {NULL};
    for (size_t i = 0; i < 3; i++)
        for (const struct analysis *const *a = analyses; *a; a++)
            if (strcmp((*a)->name, names[i]) == 0)
                list[i] = *a;
    return run_analyses(o, list, 3, o->out != NULL, e);
}
