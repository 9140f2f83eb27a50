/* gears growth identify FILE */
#include "cli/commands.h"
#include "growth/analysis_folder.h"
#include "growth/identify/figures.h"

#include <stdio.h>

static struct table *(*const tables[])(const struct identify_result *r) = {
    identify_profile_table,   identify_verdict_table,   identify_rolling_table,
    identify_baselines_table, identify_detection_table, identify_spectrum_table};
enum { N_TABLES = sizeof tables / sizeof tables[0] };

static json_t *to_json(const struct identify_result *r, const char *scenario)
{
    json_t *runs = json_array(), *run = identify_to_json(r);
    json_object_set_new(run, "scenario", json_string(scenario));
    json_array_append_new(runs, run);
    return runs;
}

static enum status write_folder(const struct options *o, const struct identify_result *r, const struct scenario *s,
                                const struct reporter *reporter, struct error *e)
{
    struct analysis_folder a;
    char text[1600];
    enum status status = analysis_folder_open(&a, o->out, o->force, s->title, reporter, e);
    if (!status) {
        page_add_paragraph(a.page, identify_to_text(r, text, sizeof text));
        for (size_t i = 0; i < N_TABLES; i++)
            analysis_folder_add_table(&a, tables[i](r));
        status = analysis_folder_add_figure(&a, figure_of_identify(r, "identify"), e);
        if (!status)
            status = analysis_folder_add_figure(&a, figure_of_stops(r), e);
        json_t *about = answer_new(o, true);
        status = analysis_folder_finish(&a, status, about, to_json(r, s->name), r->complete, e);
        json_decref(about);
    }
    analysis_folder_clear(&a);
    return status;
}

static enum status answer(const struct options *o, const struct identify_result *r, const struct scenario *s,
                          struct error *e)
{
    char text[1600];
    if (o->json) {
        json_t *answer = answer_new(o, false);
        json_object_set_new(answer, "runs", to_json(r, s->name));
        return answer_print(answer, e);
    }
    if (o->quiet)
        return STATUS_OK;
    terminal_clear_progress();
    printf("%s\n\n", s->title);
    for (size_t i = 0; i < N_TABLES; i++)
        print_table(tables[i](r));
    printf("%s\n", identify_to_text(r, text, sizeof text));
    if (o->out)
        printf("Written to %s: see report.html there.\n", o->out);
    return STATUS_OK;
}

enum status command_growth_identify(const struct options *o, struct error *e)
{
    struct scenario scenario = {0};
    struct identify problem = {0};
    struct identify_result result = {0};
    const struct reporter *reporter = terminal_reporter(o);
    enum status status = identify_read(o->files[0], o->settings, o->n_settings, reporter, &scenario, &problem, e);
    problem.fit.seed = o->seed;
    if (!status)
        status = identify_run(&problem, o->threads, reporter, &result, e);
    bool partial = status == STATUS_INTERRUPTED && result.free.n;
    if (o->out && (!status || partial)) {
        enum status written = write_folder(o, &result, &scenario, reporter, partial ? NULL : e);
        status = status ? status : written;
    }
    if (!status || partial) {
        enum status printed = answer(o, &result, &scenario, partial ? NULL : e);
        status = status ? status : printed;
    }
    identify_result_clear(&result);
    identify_clear(&problem);
    scenario_clear(&scenario);
    return status;
}
