/* A fit as data: parameters, targets, dates. */
#include "growth/fit/private.h"
#include "growth/variable.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fit_init(struct fit *f, const char *name, const struct simulation *base)
{
    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%.63s", name);
    snprintf(f->title, sizeof f->title, "%.255s", name);
    f->base = *base;
    f->starts = 1;
}

static void target_clear(struct fit_target *t)
{
    free(t->year);
    free(t->to);
    free(t->value);
    free(t->sigma);
    t->year = t->to = t->value = t->sigma = NULL;
    t->n = 0;
}

void fit_clear(struct fit *f)
{
    for (size_t i = 0; i < f->n_targets; i++)
        target_clear(&f->targets[i]);
    f->n_targets = 0;
    free(f->years);
    f->years = NULL;
    f->n_years = 0;
}

static bool target_allocate(struct fit_target *t, size_t n)
{
    t->n = n;
    t->year = calloc(n + 1, sizeof *t->year);
    t->to = calloc(n + 1, sizeof *t->to);
    t->value = calloc(n + 1, sizeof *t->value);
    t->sigma = calloc(n + 1, sizeof *t->sigma);
    return t->year && t->to && t->value && t->sigma;
}

enum status fit_copy(const struct fit *f, struct fit *out, struct error *e)
{
    *out = *f;
    out->years = NULL;
    out->n_targets = 0;
    for (size_t i = 0; i < f->n_targets; i++) {
        const struct fit_target *from = &f->targets[i];
        struct fit_target *to = &out->targets[out->n_targets++];
        if (!target_allocate(to, from->n))
            return error_memory(e);
        memcpy(to->year, from->year, from->n * sizeof *to->year);
        memcpy(to->to, from->to, from->n * sizeof *to->to);
        memcpy(to->value, from->value, from->n * sizeof *to->value);
        memcpy(to->sigma, from->sigma, from->n * sizeof *to->sigma);
    }
    return fit_prepare(out, e);
}

struct fit_parameter *fit_add_parameter(struct fit *f, enum fit_parameter_kind kind, size_t index)
{
    const struct model *m = f->base.model;
    if (f->n_parameters == FIT_MAX_PARAMETERS)
        return NULL;
    struct fit_parameter *p = &f->parameters[f->n_parameters++];
    *p = (struct fit_parameter){.kind = kind, .index = index, .spread = INFINITY};
    if (kind == FIT_MODEL) {
        const struct param *table = &m->params[index];
        snprintf(p->key, sizeof p->key, "%s", table->key);
        p->low = table->low;
        p->high = table->high;
        p->value = f->base.p[index];
        p->logarithmic = table->low >= 0 && p->value > 0;
    } else {
        snprintf(p->key, sizeof p->key, "%s%s", kind == FIT_START ? "initial." : "level",
                 kind == FIT_START ? m->states[index].key : "");
        p->value = kind == FIT_START ? exp(f->base.x0[index]) : f->shot.value;
        p->low = p->value / 100;
        p->high = p->value * 100;
        p->logarithmic = true;
    }
    if (p->logarithmic && !(p->low > 0))
        p->low = 1e-6 * p->value;
    return p;
}

enum status fit_add_target(struct fit *f, const char *name, size_t variable, size_t n, const double *year,
                           const double *value, double sigma, struct error *e)
{
    if (f->n_targets == FIT_MAX_TARGETS)
        return error_set(e, STATUS_FAILED, "a fit has at most %d targets", FIT_MAX_TARGETS);
    struct fit_target *t = &f->targets[f->n_targets++];
    *t = (struct fit_target){.variable = variable};
    snprintf(t->name, sizeof t->name, "%.63s", name);
    snprintf(t->legend, sizeof t->legend, "%.255s", name);
    if (!target_allocate(t, n))
        return error_memory(e);
    t->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(value[i] > 0))
            continue;
        t->year[t->n] = t->to[t->n] = year[i];
        t->value[t->n] = log(value[i]);
        t->sigma[t->n++] = sigma;
    }
    return STATUS_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum status fit_prepare(struct fit *f, struct error *e)
{
    size_t n = 1, kept = 0;
    for (size_t i = 0; i < f->n_targets; i++)
        n += 2 * f->targets[i].n;
    double *years = malloc(n * sizeof *years);
    if (!years)
        return error_memory(e);
    n = 0;
    if (f->shoots)
        years[n++] = f->shot.year;
    for (size_t i = 0; i < f->n_targets; i++)
        for (size_t k = 0; k < f->targets[i].n; k++) {
            years[n++] = f->targets[i].year[k];
            years[n++] = f->targets[i].to[k];
        }
    qsort(years, n, sizeof *years, compare_numbers);
    for (size_t i = 0; i < n; i++)
        if (!kept || years[i] > years[kept - 1])
            years[kept++] = years[i];
    free(f->years);
    f->years = years;
    f->n_years = kept;
    if (kept && years[0] < f->base.from)
        return error_set(e, STATUS_FAILED, "fit %s: a target asks for %.10g, before the run's start %.10g", f->name,
                         years[0], f->base.from);
    return STATUS_OK;
}

enum status fit_stop(struct fit *f, double year, struct error *e)
{
    for (size_t i = 0; i < f->n_targets; i++) {
        struct fit_target *t = &f->targets[i];
        size_t kept = 0;
        for (size_t k = 0; k < t->n; k++) {
            if (!t->assumed && fmax(t->year[k], t->to[k]) > year)
                continue;
            t->year[kept] = t->year[k];
            t->to[kept] = t->to[k];
            t->value[kept] = t->value[k];
            t->sigma[kept++] = t->sigma[k];
        }
        t->n = kept;
    }
    return fit_prepare(f, e);
}

size_t fit_count_residuals(const struct fit *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_targets; i++)
        n += f->targets[i].n;
    for (size_t j = 0; j < f->n_parameters; j++)
        n += isfinite(f->parameters[j].spread) ? 1 : 0;
    return n;
}

size_t fit_parameter_find(const struct fit *f, const char *key)
{
    size_t j = 0;
    while (j < f->n_parameters && strcmp(f->parameters[j].key, key) != 0)
        j++;
    return j;
}

double fit_value(const struct fit_parameter *p, double z)
{
    return p->logarithmic ? exp(z) : z;
}

double fit_coordinate(const struct fit_parameter *p, double value)
{
    return p->logarithmic ? log(value) : value;
}

void fit_first(const struct fit *f, double *z)
{
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        z[j] = fit_coordinate(p, fmin(fmax(p->value, p->low), p->high));
    }
}
