#include "cli/growth_batch.h"

#include "growth/output.h"
#include "growth/periods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status growth_batch_read(struct growth_batch *b, const char *const *files, size_t n, const struct options *o,
                              const struct reporter *reporter, struct error *e)
{
    enum status status = STATUS_OK;
    *b = (struct growth_batch){
        .n = n, .scenarios = calloc(n + 1, sizeof *b->scenarios), .results = calloc(n + 1, sizeof *b->results)};
    if (!b->scenarios || !b->results)
        return error_memory(e);
    for (size_t i = 0; i < n && !status; i++) {
        reporter_progress(reporter, 0.3 * (double)i / (double)n, files[i]);
        status = scenario_read(files[i], o->settings, o->n_settings, reporter, &b->scenarios[i], e);
    }
    return status;
}

enum status growth_batch_run_one(struct growth_batch *b, size_t i, const struct options *o,
                                 const struct reporter *reporter, struct error *e)
{
    reporter_progress(reporter, 0.3 + 0.2 * (double)i / (double)b->n, b->scenarios[i].name);
    return scenario_simulate(&b->scenarios[i], o->threads, reporter, &b->results[i], e);
}

enum status growth_batch_run(struct growth_batch *b, const struct options *o, const struct reporter *reporter,
                             struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < b->n && !status; i++)
        status = growth_batch_run_one(b, i, o, reporter, e);
    return status;
}

void growth_batch_clear(struct growth_batch *b)
{
    for (size_t i = 0; i < b->n && b->results && b->scenarios; i++) {
        scenario_result_clear(&b->results[i]);
        scenario_clear(&b->scenarios[i]);
    }
    free(b->results);
    free(b->scenarios);
    *b = (struct growth_batch){0};
}

enum status growth_batch_write(const struct growth_batch *b, size_t first, size_t n, const char *folder, bool complete,
                               const struct options *o, const struct reporter *reporter, struct error *e)
{
    const struct scenario_result **list = calloc(n, sizeof *list);
    json_t *about = answer_new(o, true);
    for (size_t i = 0; list && i < n; i++)
        list[i] = &b->results[first + i];
    struct output_request request = {.scenarios = list,
                                     .n_scenarios = n,
                                     .title = n == 1 ? b->scenarios[first].title : "Growth scenarios compared",
                                     .folder = folder,
                                     .force = o->force,
                                     .about = about,
                                     .complete = complete};
    enum status status = list ? growth_write_folder(&request, reporter, e) : error_memory(e);
    json_decref(about);
    free(list);
    return status;
}

void growth_batch_to_json(const struct growth_batch *b, json_t *runs)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < b->results[i].n_runs; k++) {
            json_t *run = run_to_json(&b->results[i].runs[k]);
            json_object_set_new(run, "scenario", json_string(b->scenarios[i].name));
            json_array_append_new(runs, run);
        }
}

static void print_run(const struct scenario *s, const struct run_result *r)
{
    char text[640];
    terminal_clear_progress();
    printf("%s", s->title);
    if (strcmp(s->name, r->run->name) != 0)
        printf(", run %s", r->run->name);
    printf(" (model %s)\n\n", r->run->simulation.model->name);
    print_table(phases_to_table(r));
    print_table(transitions_to_table(r));
    print_table(events_to_table(r));
    printf("%s\n", ending_to_text(r, text, sizeof text));
    if (lags_to_text(r, text, sizeof text)[0])
        puts(text);
    putchar('\n');
}

void growth_batch_print_phases(const struct growth_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < b->results[i].n_runs; k++)
            print_run(&b->scenarios[i], &b->results[i].runs[k]);
}

void growth_batch_print_comparisons(const struct growth_batch *b, bool say_when_none)
{
    for (size_t i = 0; i < b->n; i++) {
        struct table *t = comparisons_to_table(&b->results[i]);
        if (!table_rows(t) && say_when_none)
            printf("%s: names no data to compare with (key compare)\n", b->scenarios[i].name);
        print_table(t);
        print_table(periods_to_table(&b->results[i]));
    }
}
