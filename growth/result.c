#include "growth/result.h"

#include "base/file.h"
#include "base/text.h"
#include "growth/variable.h"
#include "solver/parallel.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static enum status finish_run(struct run_result *r, const struct reporter *reporter, struct error *e)
{
    enum status status = simulate(&r->run->simulation, true, reporter, &r->trajectory, e);
    if (!status)
        status = phases_find(&r->trajectory, &r->run->phases, &r->phases, e);
    r->comparisons = calloc(r->run->n_comparisons + 1, sizeof *r->comparisons);
    if (!status && !r->comparisons)
        status = error_memory(e);
    for (size_t k = 0; k < r->run->n_comparisons && !status; k++)
        status = compare_run(&r->trajectory, &r->run->comparisons[k], &r->comparisons[k], e);
    return status;
}

static void run_result_clear(struct run_result *r)
{
    trajectory_clear(&r->trajectory);
    for (size_t k = 0; r->comparisons && k < r->run->n_comparisons; k++)
        comparison_result_clear(&r->comparisons[k]);
    free(r->comparisons);
}

/* Runs are independent of each other, so they are simulated side by side. */
struct simulation_work {
    struct scenario_result *result;
    const struct reporter *reporter;
    enum status *status; /* (n_runs) */
    struct error *error; /* (n_runs) */
};

static void simulate_run(size_t k, void *context)
{
    const struct simulation_work *w = context;
    struct run_result *r = &w->result->runs[k];
    r->run = &w->result->scenario->runs[k];
    w->status[k] = finish_run(r, w->reporter, &w->error[k]);
}

/* Keep the runs that finished, in order; report the first that did not. */
static enum status gather_runs(const struct simulation_work *w, struct error *e)
{
    struct scenario_result *out = w->result;
    enum status status = STATUS_OK;
    for (size_t k = 0; k < out->scenario->n_runs; k++) {
        if (!w->status[k]) {
            out->runs[out->n_runs++] = out->runs[k];
            continue;
        }
        if (!status)
            status = error_set(e, w->status[k], "run %s: %s", out->scenario->runs[k].name, w->error[k].message);
        run_result_clear(&out->runs[k]);
    }
    return status;
}

enum status scenario_simulate(const struct scenario *s, int threads, const struct reporter *reporter,
                              struct scenario_result *out, struct error *e)
{
    struct simulation_work w = {.result = out,
                                .reporter = reporter,
                                .status = calloc(s->n_runs, sizeof *w.status),
                                .error = calloc(s->n_runs, sizeof *w.error)};
    *out = (struct scenario_result){.scenario = s, .runs = calloc(s->n_runs, sizeof *out->runs)};
    enum status status = STATUS_OK;
    if (out->runs && w.status && w.error) {
        parallel_map(s->n_runs, threads, simulate_run, &w);
        status = gather_runs(&w, e);
    } else
        status = error_memory(e);
    free(w.status);
    free(w.error);
    return status;
}

void scenario_result_clear(struct scenario_result *r)
{
    for (size_t k = 0; k < r->n_runs; k++)
        run_result_clear(&r->runs[k]);
    free(r->runs);
    memset(r, 0, sizeof *r);
}

/* --- series.csv --------------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, at most `most`. */
static double round_step(double most)
{
    double power = pow(10, floor(log10(most))), digit = most / power;
    return power * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
}

/* Automatic rows: steps of about a hundredth of the time that is left, at least a year (or a 500th of a short run). */
static double step_at(const struct run_result *r, double year)
{
    const struct simulation *s = &r->run->simulation;
    if (r->run->output_step > 0)
        return r->run->output_step;
    double least = fmin(1, round_step((s->to - s->from) / 500));
    return fmax(round_step(fmax(s->to - year, 1e-9) / 100), least);
}

static void write_csv_header(const struct model *m, FILE *out)
{
    fputs("year", out);
    for (size_t i = 0; i < variable_count(m); i++)
        fprintf(out, ",%s", variable_key(m, i));
    fputs(",growth,local_exponent", out);
    for (size_t f = 0; f < m->n_flows; f++)
        for (size_t i = 0; i < m->flows[f].n_inputs; i++) {
            fprintf(out, ",share_%s_", m->flows[f].key);
            for (const char *c = m->flows[f].inputs[i]; *c; c++)
                fputc(*c == ' ' ? '_' : *c, out);
        }
    fputc('\n', out);
}

static void write_cell(double value, FILE *out)
{
    char text[40];
    fprintf(out, ",%s", isfinite(value) ? text_from_number(value, text, sizeof text) : "");
}

static void write_csv_row(const struct run_result *r, double year, FILE *out)
{
    const struct simulation *s = &r->run->simulation;
    const struct model *m = s->model;
    double x[MODEL_MAX_STATES], value[MAX_VARIABLES], p[MODEL_MAX_PARAMS], growth = NAN, slope = NAN;
    double share[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS];
    char text[40];
    trajectory_at(&r->trajectory, year, x);
    variables_at(s, year, x, value);
    simulation_growth(s, year, x, &growth, &slope);
    fputs(text_from_number(year, text, sizeof text), out);
    for (size_t i = 0; i < variable_count(m); i++)
        write_cell(value[i], out);
    write_cell(growth, out);
    write_cell(slope / (growth * growth), out);
    simulation_parameters(s, year, p);
    if (m->n_flows)
        m->shares(p, x, share);
    for (size_t f = 0; f < m->n_flows; f++)
        for (size_t i = 0; i < m->flows[f].n_inputs; i++)
            write_cell(share[f * MODEL_MAX_INPUTS + i], out);
    fputc('\n', out);
}

/* The date of the row after `row` (from 0), which stands at `year`: never added up, so that errors cannot. Automatic
 * rows fall on round years. */
static double next_year(const struct run_result *r, size_t row, double year)
{
    double step = step_at(r, year);
    if (r->run->output_step > 0)
        return trajectory_begin(&r->trajectory) + (double)(row + 1) * step;
    double steps = floor(year / step + 1e-9) + 1;
    return step < 1 ? steps / round(1 / step) : steps * step;
}

enum status run_write_csv(const struct run_result *r, const char *path, struct error *e)
{
    struct file_aside file;
    enum status status = file_aside_open(&file, path, e);
    if (status)
        return status;
    double year = trajectory_begin(&r->trajectory), end = trajectory_end(&r->trajectory);
    write_csv_header(r->run->simulation.model, file.stream);
    for (size_t row = 0; year < end - 1e-9 * step_at(r, year); row++) {
        write_csv_row(r, year, file.stream);
        year = next_year(r, row, year);
    }
    write_csv_row(r, end, file.stream);
    return file_aside_commit(&file, e);
}
