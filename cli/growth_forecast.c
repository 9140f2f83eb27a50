/* gears growth forecast FILE */
#include "cli/commands.h"
#include "growth/analysis_folder.h"
#include "growth/forecast/figures.h"

#include <stdio.h>
#include <stdlib.h>

/* One forecast a run of the file. */
struct forecasts {
    struct scenario scenario;
    struct forecast_setup *setups; /* (n_runs) */
    struct forecast *results;      /* (n_done) */
    size_t n_done;
};

static enum status run_all(struct forecasts *f, const struct options *o, const struct reporter *reporter,
                           struct error *e)
{
    size_t n = f->scenario.n_runs;
    f->setups = calloc(n, sizeof *f->setups);
    f->results = calloc(n, sizeof *f->results);
    enum status status = f->setups && f->results ? STATUS_OK : error_memory(e);
    for (size_t k = 0; k < n && !status; k++)
        status = forecast_setup_init(&f->setups[k], &f->scenario.runs[k], e);
    for (size_t k = 0; k < n && !status; k++)
        status = forecast_run(&f->setups[k], o->seed, o->threads, reporter, &f->results[f->n_done++], e);
    return status;
}

static void clear(struct forecasts *f)
{
    for (size_t k = 0; k < f->n_done; k++)
        forecast_clear(&f->results[k]);
    for (size_t k = 0; f->setups && k < f->scenario.n_runs; k++)
        forecast_setup_clear(&f->setups[k]);
    free(f->setups);
    free(f->results);
    scenario_clear(&f->scenario);
}

static void print(const struct forecasts *f)
{
    char text[1024];
    terminal_clear_progress();
    for (size_t k = 0; k < f->n_done; k++) {
        printf("%s, run %s\n\n", f->scenario.title, f->results[k].setup->run->name);
        print_table(forecast_anchors_table(&f->results[k]));
        print_table(forecast_inputs_table(&f->results[k]));
        print_table(forecast_dates_table(&f->results[k]));
        print_table(forecast_extrapolations_table(&f->results[k]));
        printf("%s\n\n", forecast_to_text(&f->results[k], text, sizeof text));
    }
}

static json_t *to_json(const struct forecasts *f)
{
    json_t *runs = json_array();
    for (size_t k = 0; k < f->n_done; k++) {
        json_t *run = forecast_to_json(&f->results[k]);
        json_object_set_new(run, "scenario", json_string(f->scenario.name));
        json_array_append_new(runs, run);
    }
    return runs;
}

/* DIR/WHAT.csv or DIR/WHAT-RUN.csv, into path. */
static const char *csv_path(const struct analysis_folder *a, const char *what, const char *run, char *path, size_t size)
{
    char name[120];
    snprintf(name, sizeof name, "%s%s%.100s.csv", what, run ? "-" : "", run ? run : "");
    for (char *c = name; *c; c++)
        *c = (char)(*c == '/' || *c == ' ' ? '_' : *c);
    return run_folder_file(&a->folder, name, path, size);
}

/* A run's part of the folder; its name stands in those of its files where there are several. */
static enum status write_run(struct analysis_folder *a, const struct forecast *f, bool several, struct error *e)
{
    char text[1024], path[4400];
    const char *run = f->setup->run->name;
    page_add_heading(a->page, run);
    page_add_paragraph(a->page, forecast_to_text(f, text, sizeof text));
    analysis_folder_add_table(a, forecast_dates_table(f));
    analysis_folder_add_table(a, forecast_extrapolations_table(f));
    analysis_folder_add_table(a, forecast_inputs_table(f));
    analysis_folder_add_table(a, forecast_anchors_table(f));
    enum status status = forecast_write_csv(f, csv_path(a, "draws", several ? run : NULL, path, sizeof path), e);
    if (!status && f->sets.n)
        status = forecast_write_sets_csv(f, csv_path(a, "sets", several ? run : NULL, path, sizeof path), e);
    struct figure *figures[] = {figure_of_forecast(f), figure_of_tornado(f)};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (figures[i] && several)
            figure_add_prefix(figures[i], run);
        if (status)
            figure_free(figures[i]);
        else
            status = analysis_folder_add_figure(a, figures[i], e);
    }
    return status;
}

static enum status write_folder(const struct forecasts *f, const struct options *o, bool complete,
                                const struct reporter *reporter, struct error *e)
{
    struct analysis_folder a;
    enum status status = analysis_folder_open(&a, o->out, o->force, f->scenario.title, reporter, e);
    if (!status) {
        for (size_t k = 0; k < f->n_done && !status; k++)
            status = write_run(&a, &f->results[k], f->scenario.n_runs > 1, e);
        json_t *about = answer_new(o, true);
        status = analysis_folder_finish(&a, status, about, to_json(f), complete, e);
        json_decref(about);
    }
    analysis_folder_clear(&a);
    return status;
}

enum status command_growth_forecast(const struct options *o, struct error *e)
{
    struct forecasts f = {0};
    const struct reporter *reporter = terminal_reporter(o);
    enum status status = scenario_read(o->files[0], o->settings, o->n_settings, reporter, &f.scenario, e);
    if (!status)
        status = run_all(&f, o, reporter, e);
    bool partial = status == STATUS_INTERRUPTED && f.n_done;
    if ((!status || partial) && o->out) {
        enum status written = write_folder(&f, o, !partial, reporter, partial ? NULL : e);
        status = status ? status : written;
    }
    if ((!status || partial) && o->json) {
        json_t *answer = answer_new(o, false);
        json_object_set_new(answer, "runs", to_json(&f));
        enum status printed = answer_print(answer, partial ? NULL : e);
        status = status ? status : printed;
    } else if ((!status || partial) && !o->quiet) {
        print(&f);
        if (o->out)
            printf("Written to %s: see report.html there.\n", o->out);
    }
    clear(&f);
    return status;
}
