/* Parameter sets from the posterior of a fit. */
#include "growth/forecast/forecast_private.h"
#include "growth/identify/identify.h"
#include "solver/parallel.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct work {
    const struct identify *q;
    uint64_t seed;
    const struct reporter *reporter;
    struct forecast_sets *out;
    bool *fitted; /* (wanted) */
};

/* Noise of each target as its AR(1) has it, and of each prior. What is assumed is moved like a prior. */
static void add_noise(struct fit *f, uint64_t seed, size_t i)
{
    struct random_stream stream = random_stream(seed ^ 0x5e75, i);
    for (size_t t = 0; t < f->n_targets; t++) {
        struct fit_target *target = &f->targets[t];
        double e = 0;
        for (size_t k = 0; k < target->n; k++) {
            double years = k ? target->year[k] - target->year[k - 1] : 0;
            double phi = k && target->correlation > 0 ? exp(-years / target->correlation) : 0;
            e = phi * e + sqrt(1 - phi * phi) * random_normal(&stream);
            target->value[k] += target->sigma[k] * e;
        }
    }
    for (size_t j = 0; j < f->n_parameters; j++)
        if (isfinite(f->parameters[j].spread))
            f->parameters[j].prior += f->parameters[j].spread * random_normal(&stream);
}

static void make_set(size_t i, void *context)
{
    const struct work *w = context;
    const struct identify *q = w->q;
    struct fit f;
    struct least_squares_result r = {0};
    const struct least_squares_options o = {
        .max_iterations = 60, .xtol = 1e-5, .gtol = 1e-7, .ftol = 1e-5, .reporter = w->reporter};
    struct fit_evaluator v;
    struct simulation s;
    bool ok = !fit_copy(&q->fit, &f, NULL);
    f.parameters[q->by].held = true; /* machines are the forecast's own business */
    if (q->shape != SIZE_MAX)
        f.parameters[q->shape].held = true;
    if (ok) {
        add_noise(&f, w->seed, i);
        fit_evaluator_init(&v, &f, w->reporter);
        ok = !fit_improve(&f, q->z, &o, &r, NULL) && fit_simulation(&v, r.z, &s) == 0;
    }
    if (ok) {
        memcpy(w->out->p[i], s.p, s.model->n_params * sizeof *s.p);
        w->out->level[i] = f.shot.value;
        for (size_t j = 0; j < f.n_parameters; j++)
            if (f.parameters[j].kind == FIT_LEVEL)
                w->out->level[i] = fit_value(&f.parameters[j], r.z[j]);
    }
    w->fitted[i] = ok;
    least_squares_result_clear(&r);
    fit_clear(&f);
}

/* Those that could be fitted, in order. */
static void gather(struct work *w)
{
    for (size_t i = 0; i < w->out->wanted; i++) {
        if (!w->fitted[i]) {
            w->out->failed++;
            continue;
        }
        memmove(w->out->p[w->out->n], w->out->p[i], sizeof w->out->p[i]);
        w->out->level[w->out->n++] = w->out->level[i];
    }
}

/* The fit must be one of this run: the same model, nothing free that a draw does not set, the same level shot at. */
static enum status check(const struct forecast_setup *f, const struct fit *fit, struct error *e)
{
    const struct growth_run *run = f->run;
    const struct model *m = run->simulation.model;
    if (fit->base.model != m)
        return error_set(e, STATUS_BAD_INPUT, "%s fits model %s, not %s", f->fit_file, fit->base.model->name, m->name);
    for (size_t j = 0; j < fit->n_parameters; j++)
        if (fit->parameters[j].kind == FIT_START)
            return error_set(e, STATUS_BAD_INPUT, "%s fits %s: a forecast takes parameters from a fit, no start",
                             f->fit_file, fit->parameters[j].key);
    bool solves = run->solved_parameter != SIZE_MAX;
    if (solves != fit->shoots ||
        (solves && (fit->shot.parameter != run->solved.parameter || fit->shot.variable != run->solved.variable ||
                    fit->shot.year != run->solved.year)))
        return error_set(e, STATUS_BAD_INPUT, "%s solves for something else than the scenario", f->fit_file);
    return STATUS_OK;
}

enum status forecast_make_sets(const struct forecast_setup *f, uint64_t seed, int threads,
                               const struct reporter *reporter, struct forecast_sets *out, struct error *e)
{
    struct scenario scenario = {0};
    struct identify problem = {0};
    struct reporter quiet = {.stop_requested = reporter ? reporter->stop_requested : NULL,
                             .context = reporter ? reporter->context : NULL};
    *out = (struct forecast_sets){.wanted = f->fit_sets,
                                  .p = calloc(f->fit_sets + 1, sizeof *out->p),
                                  .level = calloc(f->fit_sets + 1, sizeof *out->level),
                                  .at_medians = calloc(f->fit_sets + 1, sizeof *out->at_medians)};
    struct work w = {&problem, seed, &quiet, out, calloc(f->fit_sets + 1, sizeof *w.fitted)};
    enum status status = out->p && out->level && out->at_medians && w.fitted ? STATUS_OK : error_memory(e);
    reporter_progress(reporter, 0, "fitting, for what the data leave open");
    if (!status)
        status = identify_read(f->fit_file, NULL, 0, reporter, &scenario, &problem, e);
    if (!status)
        status = check(f, &problem.fit, e);
    if (!status) {
        parallel_map(out->wanted, threads, make_set, &w);
        if (reporter_stop_requested(reporter))
            status = error_set(e, STATUS_INTERRUPTED, "interrupted while fitting");
    }
    if (!status) {
        gather(&w);
        if (out->n == 0)
            status = error_set(e, STATUS_FAILED, "none of the %zu parameter sets could be fitted", out->wanted);
    }
    free(w.fitted);
    identify_clear(&problem);
    scenario_clear(&scenario);
    return status;
}
