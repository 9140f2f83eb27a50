#include "growth/sensitivities.h"

#include "growth/variable.h"
#include "models/derivatives.h"
#include "solver/sensitivity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Derivatives need fewer digits than the run: their error weights are this much wider. */
static const double SENSITIVITY = 1e3;

/* --- right-hand sides --------------------------------------------------------------------------------------------- */

static int run_rhs(double year, const double *x, double *f, void *context)
{
    const struct sensitivities *r = context;
    double p[MODEL_MAX_PARAMS];
    return r->simulation.model->rhs(simulation_parameters_at(&r->simulation, year, p), x, f);
}

static int run_jacobian(double year, const double *x, const double *f, double *jac, void *context)
{
    (void)f;
    const struct sensitivities *r = context;
    double p[MODEL_MAX_PARAMS];
    return r->simulation.model->jacobian(simulation_parameters_at(&r->simulation, year, p), x, jac);
}

/* dp_i(year)/dp_i: an intervention moves the parameter in proportion (growth/simulate.h). */
static double moved(const struct simulation *s, const double *p, size_t i)
{
    return s->n_interventions && s->p[i] != 0 ? p[i] / s->p[i] : 1;
}

/* out (rows, n_directions) := partial (rows, n_params + n_derived) times d p/dtheta */
static void chain(const struct sensitivities *r, const double *p, size_t rows, const double *partial, double *out)
{
    const struct model *m = r->simulation.model;
    size_t k = r->n_directions, all = m->n_params + m->n_derived;
    for (size_t j = 0; j < k; j++) {
        size_t index = r->directions[j].index;
        double scale = index < m->n_params ? r->directions[j].scale * moved(&r->simulation, p, index) : 0;
        for (size_t i = 0; i < rows; i++) {
            double sum = index < m->n_params ? partial[i * all + index] * scale : 0;
            for (size_t d = 0; d < m->n_derived; d++)
                sum += partial[i * all + m->n_params + d] * r->derived[d * k + j];
            out[i * k + j] = sum;
        }
    }
}

static int run_parameter_jacobian(double year, const double *x, const double *f, double *b, void *context)
{
    (void)f;
    const struct sensitivities *r = context;
    double buffer[MODEL_MAX_PARAMS], partial[MODEL_MAX_STATES * MODEL_MAX_PARAMS];
    const double *p = simulation_parameters_at(&r->simulation, year, buffer);
    int code = model_parameter_jacobian(r->simulation.model, p, x, partial);
    if (!code)
        chain(r, p, r->simulation.model->n_states, partial, b);
    return code;
}

static void name_year(double year, const double *x, size_t n, char *buffer, size_t size)
{
    (void)x, (void)n;
    snprintf(buffer, size, "year %.6g", year);
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Derivatives of derived constants and of the start. start (n_states, n_directions) */
static enum status differentiate_start(struct sensitivities *r, double *start, struct error *e)
{
    const struct simulation *s = &r->simulation;
    const struct model *m = s->model;
    size_t k = r->n_directions, n = m->n_states;
    double by_parameters[MODEL_MAX_PARAMS * MODEL_MAX_PARAMS], partial[MODEL_MAX_STATES * MODEL_MAX_PARAMS];
    if (model_derived_gradient(m, s->p, by_parameters) || model_start_gradient(m, s->p, partial))
        return error_set(e, STATUS_FAILED, "model %s: the start cannot be differentiated at these parameters", m->name);
    for (size_t j = 0; j < k; j++) {
        const struct direction *d = &r->directions[j];
        for (size_t i = 0; i < m->n_derived; i++)
            r->derived[i * k + j] = d->index < m->n_params ? by_parameters[i * m->n_params + d->index] * d->scale : 0;
    }
    struct sensitivities still = *r; /* the start does not know of interventions */
    still.simulation.n_interventions = 0;
    chain(&still, s->p, n, partial, start);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            if (r->directions[j].index == m->n_params + i)
                start[i * k + j] = r->directions[j].scale;
            else if (!s->steady[i])
                start[i * k + j] = 0;
    return STATUS_OK;
}

static bool allocate(struct sensitivities *r, const double *year)
{
    size_t n = r->simulation.model->n_states, k = r->n_directions;
    r->derived = calloc(r->simulation.model->n_derived * k + 1, sizeof *r->derived);
    r->year = malloc((r->n_years + 1) * sizeof *r->year);
    r->x = malloc((r->n_years * n + 1) * sizeof *r->x);
    r->S = malloc((r->n_years * n * k + 1) * sizeof *r->S);
    if (!r->derived || !r->year || !r->x || !r->S)
        return false;
    memcpy(r->year, year, r->n_years * sizeof *year);
    return true;
}

enum status sensitivities_compute(const struct simulation *s, const struct direction *directions, size_t n_directions,
                                  const double *year, size_t n_years, const struct reporter *reporter,
                                  struct sensitivities *out, struct error *e)
{
    *out = (struct sensitivities){.simulation = *s, .n_directions = n_directions, .n_years = n_years};
    double start[MODEL_MAX_STATES * MAX_DIRECTIONS], atol[MODEL_MAX_STATES], rtol = s->rtol + s->atol;
    if (n_directions)
        memcpy(out->directions, directions, n_directions * sizeof *directions);
    if (!allocate(out, year))
        return error_memory(e);
    enum status status = n_directions ? differentiate_start(out, start, e) : STATUS_OK;
    if (status)
        return status;
    for (size_t i = 0; i < s->model->n_states; i++)
        atol[i] = rtol; /* of logarithms: the relative error of the levels */
    struct sensitivity_problem problem = {
        .ode = {.n = s->model->n_states, .rhs = run_rhs, .jacobian = run_jacobian, .context = out},
        .n_parameters = n_directions,
        .parameter_jacobian = run_parameter_jacobian,
        .start = start,
        .rtol = fmin(SENSITIVITY * rtol, 1e-5),
        .atol = fmin(SENSITIVITY * rtol, 1e-5)};
    struct ode_options options = {.method = s->method,
                                  .atol = atol,
                                  .max_steps = s->max_steps,
                                  .max_seconds = s->max_seconds,
                                  .name_place = name_year,
                                  .reporter = reporter};
    return sensitivity_integrate(&problem, &options, s->from, s->x0, out->year, n_years, out->x, out->S, &out->reached,
                                 &out->statistics, e);
}

void sensitivities_clear(struct sensitivities *r)
{
    free(r->derived);
    free(r->year);
    free(r->x);
    free(r->S);
    r->derived = r->year = r->x = r->S = NULL;
    r->n_years = r->reached = 0;
}

/* --- what is computed from it ------------------------------------------------------------------------------------- */

double sensitivities_log_variable(const struct sensitivities *r, size_t at, size_t variable, double *gradient)
{
    const struct model *m = r->simulation.model;
    size_t n = m->n_states, k = r->n_directions, all = m->n_params + m->n_derived;
    const double *x = r->x + at * n, *S = r->S + at * n * k;
    if (variable < n) {
        if (gradient)
            memcpy(gradient, S + variable * k, k * sizeof *gradient);
        return x[variable];
    }
    double buffer[MODEL_MAX_PARAMS], out[MODEL_MAX_OUTPUTS];
    const double *p = simulation_parameters_at(&r->simulation, r->year[at], buffer);
    size_t o = variable - n;
    m->observe(p, x, out);
    if (!(out[o] > 0))
        return NAN;
    if (!gradient)
        return log(out[o]);
    double by_state[MODEL_MAX_OUTPUTS * MODEL_MAX_STATES], by_parameter[MODEL_MAX_OUTPUTS * MODEL_MAX_PARAMS];
    if (model_observe_gradient(m, p, x, by_state, by_parameter))
        return NAN;
    chain(r, p, 1, by_parameter + o * all, gradient);
    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < n; i++)
            gradient[j] += by_state[o * n + i] * S[i * k + j];
        gradient[j] /= out[o];
    }
    return log(out[o]);
}
