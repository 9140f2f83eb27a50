/* Residuals of a fit and their exact Jacobian. */
#include "growth/fit/private.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fit_evaluator_init(struct fit_evaluator *v, const struct fit *f, const struct reporter *reporter)
{
    memset(v, 0, sizeof *v);
    v->fit = f;
    v->reporter = reporter;
}

double fit_log_level(const struct fit *f, const double *z)
{
    for (size_t j = 0; j < f->n_parameters; j++)
        if (f->parameters[j].kind == FIT_LEVEL)
            return z[j];
    return log(f->shot.value);
}

bool fit_put(const struct fit *f, const double *z, struct simulation *s, struct error *e)
{
    *s = f->base;
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        if (p->kind == FIT_MODEL)
            s->p[p->index] = fit_value(p, z[j]);
        else if (p->kind == FIT_START) {
            s->x0[p->index] = z[j];
            s->steady[p->index] = false;
        }
    }
    return simulation_restart(s, e) == STATUS_OK;
}

size_t fit_directions(const struct fit *f, const struct simulation *s, struct direction *out, size_t *column)
{
    size_t n = 0;
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        column[j] = SIZE_MAX;
        if (p->kind == FIT_LEVEL || p->held)
            continue;
        column[j] = n;
        if (p->kind == FIT_MODEL)
            out[n++] = (struct direction){p->index, p->logarithmic ? s->p[p->index] : 1};
        else
            out[n++] = (struct direction){s->model->n_params + p->index, 1};
    }
    if (f->shoots)
        out[n++] = (struct direction){f->shot.parameter, s->p[f->shot.parameter]};
    return n;
}

static int fail(struct fit_evaluator *v, const struct error *e)
{
    if (e->status == STATUS_INTERRUPTED)
        return -1;
    v->failures++;
    snprintf(v->complaint, sizeof v->complaint, "%.255s", e->message);
    return 1;
}

int fit_simulation(struct fit_evaluator *v, const double *z, struct simulation *out)
{
    struct error e = {0};
    if (!fit_put(v->fit, z, out, &e))
        return fail(v, &e);
    return v->fit->shoots ? fit_shoot(v, z, out) : 0;
}

/* --- from directions to parameters -------------------------------------------------------------------------------- */

/* What one evaluation needs again and again. */
struct evaluation {
    struct fit_evaluator *v;
    struct sensitivities run;
    size_t column[FIT_MAX_PARAMETERS];
    double slope[FIT_MAX_PARAMETERS]; /* d ln(solved parameter)/dz_j with the level kept */
};

static size_t year_index(const struct sensitivities *r, double year)
{
    size_t low = 0, high = r->n_years;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (r->year[middle] <= year)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Implicit function theorem: ln v(at; z, a) = L keeps da/dz_j = -(d ln v/dz_j)/(d ln v/da), da/dL = 1/(d ln v/da). */
static void differentiate_shot(struct evaluation *q)
{
    const struct fit *f = q->v->fit;
    double gradient[MAX_DIRECTIONS];
    sensitivities_log_variable(&q->run, year_index(&q->run, f->shot.year), f->shot.variable, gradient);
    double by_solved = gradient[q->run.n_directions - 1];
    for (size_t j = 0; j < f->n_parameters; j++) {
        if (f->parameters[j].kind == FIT_LEVEL)
            q->slope[j] = f->parameters[j].held ? 0 : 1 / by_solved;
        else
            q->slope[j] = q->column[j] == SIZE_MAX ? 0 : -gradient[q->column[j]] / by_solved;
        q->v->slope[j] = q->slope[j];
    }
    q->v->has_slope = true;
}

/* ln v at a date and, where it is not NULL, its gradient in z (n_parameters) */
static double log_variable(const struct evaluation *q, size_t variable, double year, double *gradient)
{
    const struct fit *f = q->v->fit;
    double along[MAX_DIRECTIONS];
    double value = sensitivities_log_variable(&q->run, year_index(&q->run, year), variable, gradient ? along : NULL);
    for (size_t j = 0; gradient && j < f->n_parameters; j++) {
        gradient[j] = q->column[j] == SIZE_MAX ? 0 : along[q->column[j]];
        if (f->shoots)
            gradient[j] += along[q->run.n_directions - 1] * q->slope[j];
    }
    return value;
}

static int evaluation_begin(struct evaluation *q, struct fit_evaluator *v, const double *z, const double *years,
                            size_t n_years, bool derivatives)
{
    struct simulation s;
    struct direction directions[MAX_DIRECTIONS];
    struct error e = {0};
    memset(q, 0, sizeof *q);
    q->v = v;
    v->evaluations++;
    int code = fit_simulation(v, z, &s);
    if (code)
        return code;
    size_t n = derivatives ? fit_directions(v->fit, &s, directions, q->column) : 0;
    if (sensitivities_compute(&s, directions, n, years, n_years, v->reporter, &q->run, &e))
        return fail(v, &e);
    if (derivatives && v->fit->shoots)
        differentiate_shot(q);
    return 0;
}

/* --- residuals ---------------------------------------------------------------------------------------------------- */

/* Raw residuals of a target, in units of sigma. jac may be NULL. */
static void target_residuals(const struct evaluation *q, const struct fit_target *t, double *r, double *jac)
{
    size_t k = q->v->fit->n_parameters;
    double before[FIT_MAX_PARAMETERS] = {0};
    for (size_t i = 0; i < t->n; i++) {
        double *row = jac ? jac + i * k : NULL, span = t->growth ? t->to[i] - t->year[i] : 1;
        double value = log_variable(q, t->variable, t->to[i], row);
        if (t->growth) {
            value = (value - log_variable(q, t->variable, t->year[i], row ? before : NULL)) / span;
            for (size_t j = 0; row && j < k; j++)
                row[j] = (row[j] - before[j]) / span;
        }
        r[i] = (value - t->value[i]) / t->sigma[i];
        for (size_t j = 0; row && j < k; j++)
            row[j] /= t->sigma[i];
    }
}

/* In place, from the last to the first. */
static void whiten(const struct fit_target *t, size_t k, double *r, double *jac)
{
    for (size_t i = t->n; t->correlation > 0 && i-- > 1;) {
        double phi = fit_phi(t, i, t->correlation), scale = 1 / sqrt(1 - phi * phi);
        r[i] = scale * (r[i] - phi * r[i - 1]);
        for (size_t j = 0; jac && j < k; j++)
            jac[i * k + j] = scale * (jac[i * k + j] - phi * jac[(i - 1) * k + j]);
    }
}

static void prior_residuals(const struct fit *f, const double *z, double *r, double *jac)
{
    size_t k = f->n_parameters, row = 0;
    for (size_t j = 0; j < k; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        if (!isfinite(p->spread))
            continue;
        r[row] = (z[j] - p->prior) / p->spread;
        if (jac) {
            memset(jac + row * k, 0, k * sizeof *jac);
            jac[row * k + j] = p->held ? 0 : 1 / p->spread;
        }
        row++;
    }
}

static int evaluate(struct fit_evaluator *v, const double *z, bool white, double *r, double *jac)
{
    const struct fit *f = v->fit;
    size_t k = f->n_parameters, row = 0;
    struct evaluation q;
    int code = evaluation_begin(&q, v, z, f->years, f->n_years, jac != NULL);
    for (size_t i = 0; i < f->n_targets && !code; i++) {
        const struct fit_target *t = &f->targets[i];
        double *rows = jac ? jac + row * k : NULL;
        target_residuals(&q, t, r + row, rows);
        if (white)
            whiten(t, k, r + row, rows);
        row += t->n;
    }
    if (!code)
        prior_residuals(f, z, r + row, jac ? jac + row * k : NULL);
    sensitivities_clear(&q.run);
    return code;
}

int fit_evaluate(struct fit_evaluator *v, const double *z, double *r, double *jac)
{
    return evaluate(v, z, true, r, jac);
}

int fit_evaluate_plain(struct fit_evaluator *v, const double *z, double *r, double *jac)
{
    return evaluate(v, z, false, r, jac);
}

int fit_predict(struct fit_evaluator *v, const double *z, size_t variable, double year, double *log_value,
                double *gradient)
{
    const struct fit *f = v->fit;
    struct evaluation q;
    double years[2] = {year, year};
    size_t n = 1;
    if (f->shoots && f->shot.year != year) {
        years[year < f->shot.year] = f->shot.year;
        n = 2;
    }
    int code = evaluation_begin(&q, v, z, years, n, gradient != NULL);
    if (!code)
        *log_value = log_variable(&q, variable, year, gradient);
    sensitivities_clear(&q.run);
    return code;
}
