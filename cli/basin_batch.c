#include "cli/basin_batch.h"

#include "basin/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status basin_batch_read(struct basin_batch *b, const char *const *files, size_t n, const struct options *o,
                             struct error *e)
{
    enum status status = STATUS_OK;
    *b = (struct basin_batch){.n = n,
                              .experiments = calloc(n + 1, sizeof *b->experiments),
                              .results = calloc(n + 1, sizeof *b->results),
                              .across = calloc(n + 1, sizeof *b->across),
                              .n_results = calloc(n + 1, sizeof *b->n_results)};
    if (!b->experiments || !b->results || !b->across || !b->n_results)
        return error_memory(e);
    for (size_t i = 0; i < n && !status; i++)
        status = experiment_read(files[i], o->settings, o->n_settings, &b->experiments[i], e);
    return status;
}

enum status basin_batch_run_one(struct basin_batch *b, size_t i, const struct analysis *const *list, size_t n_list,
                                bool keep, const struct options *o, const struct reporter *reporter, struct error *e)
{
    const struct experiment *x = &b->experiments[i];
    char folder[4200];
    struct session_options options = {.folder = folder_of(o, x->name, b->n == 1, folder, sizeof folder),
                                      .keep = keep,
                                      .retrain = o->retrain,
                                      .seed = o->seed,
                                      .threads = o->threads};
    b->results[i] = calloc(x->n_runs, sizeof *b->results[i]);
    if (!b->results[i])
        return error_memory(e);
    for (size_t k = 0; k < x->n_runs; k++) {
        struct error inner = {0};
        struct basin_result *r = &b->results[i][k];
        enum status status = session_run(&x->runs[k], x->n_runs == 1, list, n_list, &options, reporter, r, &inner);
        if (status == STATUS_INTERRUPTED && r->ready)
            b->n_results[i]++; /* what is finished is worth keeping */
        else if (status)
            basin_result_clear(r);
        if (status) {
            if (inner.file[0]) { /* says where by itself */
                if (e)
                    *e = inner;
                return status;
            }
            return error_set(e, status, "%s: %s", x->runs[k].name, inner.message);
        }
        b->n_results[i]++;
    }
    session_across(b->results[i], x->n_runs, &b->across[i]);
    return STATUS_OK;
}

enum status basin_batch_run(struct basin_batch *b, const struct analysis *const *list, size_t n_list, bool keep,
                            const struct options *o, const struct reporter *reporter, struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < b->n && !status; i++)
        status = basin_batch_run_one(b, i, list, n_list, keep, o, reporter, e);
    return status;
}

void basin_batch_clear(struct basin_batch *b)
{
    for (size_t i = 0; i < b->n && b->experiments && b->results && b->n_results; i++) {
        for (size_t k = 0; k < b->n_results[i]; k++)
            basin_result_clear(&b->results[i][k]);
        free(b->results[i]);
        experiment_clear(&b->experiments[i]);
        if (b->across)
            findings_clear(&b->across[i]);
    }
    free(b->across);
    free(b->experiments);
    free(b->results);
    free(b->n_results);
    *b = (struct basin_batch){0};
}

enum status basin_batch_write(const struct basin_batch *b, size_t i, const char *folder, bool complete,
                              const struct options *o, const struct reporter *reporter, struct error *e)
{
    json_t *about = answer_new(o, true);
    for (size_t k = 0; k < b->n_results[i]; k++)
        complete = complete && !b->results[i][k].partial;
    struct basin_output_request request = {.experiment = &b->experiments[i],
                                           .results = b->results[i],
                                           .n = b->n_results[i],
                                           .across = &b->across[i],
                                           .folder = folder,
                                           .force = o->force,
                                           .about = about,
                                           .complete = complete};
    enum status status = basin_write_folder(&request, reporter, e);
    json_decref(about);
    return status;
}

void basin_batch_to_json(const struct basin_batch *b, json_t *runs)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < b->n_results[i]; k++) {
            json_t *run = basin_result_to_json(&b->results[i][k]);
            json_object_set_new(run, "experiment", json_string(b->experiments[i].name));
            json_array_append_new(runs, run);
        }
}

void basin_batch_across_to_json(const struct basin_batch *b, json_t *answer)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->across[i].json)
            json_object_update(answer, b->across[i].json);
}

static void print_copy(const struct table *t)
{
    size_t width = terminal_width();
    if (table_rows(t)) {
        table_print(t, stdout, width ? width : 140);
        putchar('\n');
    }
}

static void print_findings(const struct findings *f)
{
    for (size_t t = 0; t < f->n_tables; t++)
        print_copy(f->tables[t]);
    for (size_t s = 0; s < f->n_sentences; s++)
        printf("%s\n\n", f->sentences[s]);
}

void basin_batch_print(const struct basin_batch *b)
{
    terminal_clear_progress();
    for (size_t i = 0; i < b->n; i++) {
        printf("%s\n\n", b->experiments[i].title);
        print_table(training_to_table(b->results[i], b->n_results[i]));
        for (size_t k = 0; k < b->n_results[i]; k++) {
            const struct basin_result *r = &b->results[i][k];
            if (b->experiments[i].n_runs > 1 && r->n_findings)
                printf("%s\n\n", r->run->name);
            for (size_t f = 0; f < r->n_findings; f++)
                print_findings(&r->findings[f]);
        }
        print_findings(&b->across[i]);
    }
}

enum status basin_batch_verdict(const struct basin_batch *b, struct error *e)
{
    for (size_t i = 0; i < b->n; i++) {
        for (size_t k = 0; k < b->n_results[i]; k++) {
            const struct basin_result *r = &b->results[i][k];
            for (size_t f = 0; f < r->n_findings; f++)
                if (r->findings[f].refusal[0])
                    return error_set(e, STATUS_REFUSED, "%s: %s", r->run->name, r->findings[f].refusal);
        }
        if (b->across[i].refusal[0])
            return error_set(e, STATUS_REFUSED, "%s: %s", b->experiments[i].name, b->across[i].refusal);
    }
    return STATUS_OK;
}
