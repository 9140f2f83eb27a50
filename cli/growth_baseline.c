/* gears growth baseline NAME... --series S */
#include "base/text.h"
#include "cli/commands.h"
#include "growth/baselines/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RUNS = 64 };

/* The baselines named on the command line. */
static enum status find_baselines(const struct options *o, const struct baseline **out, size_t *n, struct error *e)
{
    *n = 0;
    for (size_t i = 0; i < o->n_files; i++) {
        size_t found = baseline_find_all(o->files[i], out + *n);
        char near[80];
        if (!found)
            return error_set(e, STATUS_USAGE, "there is no baseline '%.60s'%s (gears growth baseline lists them)",
                             o->files[i], baseline_nearest(o->files[i], near, sizeof near));
        *n += found;
        if (*n + baseline_registry_size > MOST_RUNS)
            return error_set(e, STATUS_USAGE, "too many baselines");
    }
    return STATUS_OK;
}

/* --hold KEY=VALUE for one baseline; a key that none of the named ones has is an error. */
static enum status read_holds(const struct options *o, const struct baseline *const *baselines, size_t n, size_t which,
                              struct baseline_options *out, struct error *e)
{
    for (size_t i = 0; i < o->n_holds; i++) {
        const char *equals = strchr(o->holds[i], '=');
        char key[40];
        double value;
        if (!equals || equals - o->holds[i] >= (ptrdiff_t)sizeof key || !text_to_number(equals + 1, &value))
            return error_set(e, STATUS_USAGE, "--hold: '%.60s' is not PARAMETER=NUMBER", o->holds[i]);
        snprintf(key, sizeof key, "%.*s", (int)(equals - o->holds[i]), o->holds[i]);
        bool known = false;
        for (size_t k = 0; k < n; k++) {
            size_t index = param_find(baselines[k]->params, baselines[k]->n_params, key);
            known |= index < baselines[k]->n_params;
            if (k == which && index < baselines[k]->n_params)
                out->hold[index] = value;
        }
        if (!known)
            return error_set(e, STATUS_USAGE, "--hold: %s has no parameter '%s'", baselines[which]->name, key);
    }
    return STATUS_OK;
}

static enum status study(const struct options *o, const struct series *s, const struct baseline *const *baselines,
                         size_t n, size_t which, double stop, struct report *r, struct error *e)
{
    struct baseline_study w = {0};
    struct baseline_request q = {.selection = {o->from, o->to, stop, o->every, (enum baseline_weights)o->weights},
                                 .options = baseline_options_default(),
                                 .profile = o->profile,
                                 .until = isnan(o->until) ? 2100 : o->until,
                                 .reporter = terminal_reporter(o)};
    q.options.errors = (enum baseline_errors)o->errors;
    q.options.modes = (size_t)o->modes;
    q.options.seed = o->seed;
    q.options.threads = o->threads;
    enum status status = read_holds(o, baselines, n, which, &q.options, e);
    if (!status)
        status = baseline_study_run(baselines[which], s, &q, &w, e);
    if (!status)
        baseline_study_report(&w, r);
    baseline_study_clear(&w);
    return status;
}

static enum status list_baselines(const struct options *o, struct error *e)
{
    json_t *answer = o->json ? answer_new(o, false) : NULL, *list = json_array();
    struct table *t = table_new(NULL);
    table_add_column(t, "baseline", TABLE_LEFT);
    table_add_column(t, "what it is", TABLE_LEFT);
    table_add_column(t, "equation", TABLE_LEFT);
    for (size_t i = 0; i < baseline_registry_size; i++) {
        const struct baseline *b = baseline_registry[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", b->name, "title", b->title, "equations",
                                              b->equations, "references", b->references));
        table_add_row(t);
        table_add_cell(t, "%s", b->name);
        table_add_cell(t, "%s", b->title);
        table_add_cell(t, "%s", b->equations);
    }
    if (answer) {
        table_free(t);
        json_object_set_new(answer, "baselines", list);
        return answer_print(answer, e);
    }
    json_decref(list);
    print_table(t);
    puts("gears growth baseline NAME --series S fits one to a series; `hanson` means both of his, `all` every one.");
    return STATUS_OK;
}

/* One that cannot be fitted: the end, or among several a line that says so. */
static enum status study_or_say(const struct options *o, const struct series *s,
                                const struct baseline *const *baselines, size_t n, size_t which, double stop,
                                struct report *r, struct error *e)
{
    struct error own = {0};
    enum status status = study(o, s, baselines, n, which, stop, r, &own);
    if (status && (n == 1 || status == STATUS_USAGE || status == STATUS_INTERRUPTED)) {
        *e = own;
        return status;
    }
    if (status) {
        report_add_heading(r, baselines[which]->name);
        report_add_sentence(r, "Not fitted: %s.", own.message);
        report_add_run(r, json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", baselines[which]->name, "baseline",
                                    baselines[which]->name, "series", s->name, "converged", 0, "note", own.message));
    }
    return STATUS_OK;
}

static enum status study_all(const struct options *o, const struct series *s, const struct baseline *const *baselines,
                             size_t n, struct report *r, struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && !status; i++) {
        if (!o->n_stops)
            status = study_or_say(o, s, baselines, n, i, NAN, r, e);
        for (size_t k = 0; k < o->n_stops && !status; k++)
            status = study_or_say(o, s, baselines, n, i, o->stops[k], r, e);
        if (!status && reporter_stop_requested(terminal_reporter(o)))
            status = error_set(e, STATUS_INTERRUPTED, "interrupted");
    }
    return status;
}

enum status command_growth_baseline(const struct options *o, struct error *e)
{
    struct series s = {0};
    if (!o->n_files && !o->series)
        return list_baselines(o, e);
    if (!o->n_files || !o->series)
        return error_set(e, STATUS_USAGE,
                         "it wants the name of a baseline and --series (a shipped name or a CSV file)");
    const struct baseline *baselines[MOST_RUNS];
    size_t n;
    enum status status = find_baselines(o, baselines, &n, e);
    if (!status)
        status = baseline_series_open(o->series, &s, e);
    if (status == STATUS_BAD_INPUT && e && !e->file[0]) /* no file is to blame, only the name */
        status = e->status = STATUS_USAGE;
    if (status)
        return status;
    struct report *r = report_new(s.title[0] ? s.title : s.name);
    status = r ? study_all(o, &s, baselines, n, r, e) : error_memory(e);
    if (r && status == STATUS_INTERRUPTED)
        report_set_interrupted(r);
    if (!status || status == STATUS_INTERRUPTED) {
        enum status shown = report_show(r, o, status ? NULL : e);
        status = status ? status : shown;
    }
    report_free(r);
    series_clear(&s);
    return status;
}
