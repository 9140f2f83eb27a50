/* gears growth fit FILE */
#include "cli/commands.h"
#include "growth/fit/report.h"
#include "growth/periods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_fit(const struct fit_report *r)
{
    char text[1600];
    terminal_clear_progress();
    printf("Fit: %s (model %s)\n\n", r->fit->title, r->fit->base.model->name);
    print_table(fit_parameters_to_table(r));
    print_table(fit_targets_to_table(r));
    print_table(periods_to_table(&r->run));
    print_table(fit_correlations_to_table(r));
    print_table(fit_spectrum_to_table(r));
    print_table(phases_to_table(&r->run.runs[0]));
    printf("%s\n", ending_to_text(&r->run.runs[0], text, sizeof text));
    printf("%s\n", fit_search_to_text(r, text, sizeof text));
    printf("%s\n", fit_verdict_to_text(r, text, sizeof text));
}

/* The command that makes the fitted scenario again. */
static char *source_of(const struct options *o, char *buffer, size_t size)
{
    size_t used = (size_t)snprintf(buffer, size, "gears growth fit %s", o->files[0]);
    for (size_t i = 0; i < o->n_settings && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, " --set %s", o->settings[i]);
    if (o->seed && used < size)
        used += (size_t)snprintf(buffer + used, size - used, " --seed %llu", (unsigned long long)o->seed);
    if (used < size)
        snprintf(buffer + used, size - used, " --out DIR");
    for (char *c = buffer; *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    return buffer;
}

static enum status write_folder(const struct options *o, const struct fit_report *r, const struct reporter *reporter,
                                struct error *e)
{
    char source[2000];
    json_t *about = answer_new(o, true);
    struct fit_output output = {
        .folder = o->out, .source = source_of(o, source, sizeof source), .force = o->force, .about = about};
    enum status status = fit_write_folder(r, &output, reporter, e);
    json_decref(about);
    return status;
}

static enum status answer(const struct options *o, const struct fit_report *r, struct error *e)
{
    if (o->json) {
        json_t *answer = answer_new(o, false), *runs = json_array();
        json_array_append_new(runs, fit_to_json(r));
        json_object_set_new(answer, "runs", runs);
        return answer_print(answer, e);
    }
    if (!o->quiet)
        print_fit(r);
    if (!o->quiet && o->out)
        printf("Written to %s: the fitted scenario is %s.yaml there; see report.html.\n", o->out, r->fit->name);
    return STATUS_OK;
}

/* Folder and answer of what was found; `searched` is what the search ended with, and stays where it is not 0. */
static enum status tell(const struct options *o, struct scenario *scenario, const struct fit *fit,
                        const struct fit_result *result, const struct reporter *reporter, enum status searched,
                        struct error *e)
{
    struct fit_report report = {0};
    struct error *own = searched ? NULL : e;
    enum status status = fit_report_make(scenario, fit, result, o->threads, reporter, &report, own);
    if (!status && o->out)
        status = write_folder(o, &report, reporter, own);
    if (!status)
        status = answer(o, &report, own);
    fit_report_clear(&report);
    return searched ? searched : status;
}

enum status command_growth_fit(const struct options *o, struct error *e)
{
    struct scenario scenario = {0};
    struct fit fit = {0};
    struct fit_result result = {0};
    const struct reporter *reporter = terminal_reporter(o);
    enum status status = fit_read(o->files[0], o->settings, o->n_settings, reporter, &scenario, &fit, e);
    if (!status) {
        fit.seed = o->seed;
        status = fit_solve(&fit, &(struct fit_options){.threads = o->threads}, reporter, &result, e);
    }
    bool partial = status == STATUS_INTERRUPTED && result.z;
    if (!status || partial)
        status = tell(o, &scenario, &fit, &result, partial ? NULL : reporter, status, e);
    fit_result_clear(&result);
    fit_clear(&fit);
    scenario_clear(&scenario);
    return status;
}
