/* One local search. */
#include "growth/fit/private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The problem in the parameters that are not held. */
struct local {
    struct fit_evaluator v;
    size_t n, k, free[FIT_MAX_PARAMETERS];
    double z[FIT_MAX_PARAMETERS], low[FIT_MAX_PARAMETERS], high[FIT_MAX_PARAMETERS];
    double *r, *jac; /* (n), (n, n_parameters) */
};

static void put_free(struct local *l, const double *z)
{
    for (size_t i = 0; i < l->k; i++)
        l->z[l->free[i]] = z[i];
}

static int local_residuals(const double *z, double *r, void *context)
{
    struct local *l = context;
    put_free(l, z);
    return fit_evaluate(&l->v, l->z, r, NULL);
}

static int local_jacobian(const double *z, double *jac, void *context)
{
    struct local *l = context;
    size_t all = l->v.fit->n_parameters;
    put_free(l, z);
    int code = fit_evaluate(&l->v, l->z, l->r, l->jac);
    for (size_t i = 0; i < l->n && !code; i++)
        for (size_t j = 0; j < l->k; j++)
            jac[i * l->k + j] = l->jac[i * all + l->free[j]];
    return code;
}

static bool local_init(struct local *l, const struct fit *f, const double *z0, const struct reporter *reporter)
{
    fit_evaluator_init(&l->v, f, reporter);
    l->n = fit_count_residuals(f);
    l->k = 0;
    for (size_t j = 0; j < f->n_parameters; j++) {
        const struct fit_parameter *p = &f->parameters[j];
        l->z[j] = z0[j];
        if (p->held)
            continue;
        l->low[l->k] = fit_coordinate(p, p->low);
        l->high[l->k] = fit_coordinate(p, p->high);
        l->free[l->k++] = j;
    }
    l->r = malloc((l->n + 1) * sizeof *l->r);
    l->jac = malloc((l->n * f->n_parameters + 1) * sizeof *l->jac);
    return l->r && l->jac;
}

static void local_clear(struct local *l)
{
    free(l->r);
    free(l->jac);
}

/* A result in the free parameters as one in all of them. */
static enum status expand(const struct local *l, struct least_squares_result *r, struct error *e)
{
    size_t all = l->v.fit->n_parameters;
    double *z = malloc((all + 1) * sizeof *z), *jac = calloc(l->n * all + 1, sizeof *jac);
    bool *at_bound = calloc(all + 1, sizeof *at_bound);
    if (!z || !jac || !at_bound) {
        free(z);
        free(jac);
        free(at_bound);
        return error_memory(e);
    }
    memcpy(z, l->z, all * sizeof *z);
    for (size_t i = 0; i < l->k; i++) {
        z[l->free[i]] = r->z[i];
        at_bound[l->free[i]] = r->at_bound[i];
        for (size_t row = 0; row < l->n; row++)
            jac[row * all + l->free[i]] = r->jac[row * l->k + i];
    }
    free(r->z);
    free(r->jac);
    free(r->at_bound);
    r->z = z;
    r->jac = jac;
    r->at_bound = at_bound;
    r->k = all;
    return STATUS_OK;
}

/* ln of the solved parameter at the result: the evaluator may have shot elsewhere since. */
static void find_solved(struct local *l, const struct least_squares_result *r, double *solved)
{
    struct simulation s;
    if (l->v.fit->shoots && fit_simulation(&l->v, r->z, &s) == 0)
        *solved = l->v.solved;
}

enum status fit_improve(const struct fit *f, const double *z0, const struct least_squares_options *options,
                        struct least_squares_result *out, struct error *e)
{
    double solved = NAN;
    return fit_improve_from(f, z0, options, &solved, out, e);
}

enum status fit_improve_from(const struct fit *f, const double *z0, const struct least_squares_options *options,
                             double *solved, struct least_squares_result *out, struct error *e)
{
    struct local l;
    static const struct least_squares_options none = {0};
    const struct least_squares_options *o = options ? options : &none;
    *out = (struct least_squares_result){0};
    enum status status = local_init(&l, f, z0, o->reporter) ? STATUS_OK : error_memory(e);
    if (!isnan(*solved)) {
        l.v.known = true;
        l.v.solved = *solved;
    }
    if (!status) {
        struct least_squares_problem problem = {.n = l.n,
                                                .k = l.k,
                                                .low = l.low,
                                                .high = l.high,
                                                .residuals = local_residuals,
                                                .jacobian = local_jacobian,
                                                .context = &l};
        double z[FIT_MAX_PARAMETERS];
        for (size_t i = 0; i < l.k; i++)
            z[i] = l.z[l.free[i]];
        struct error inner = {0};
        status = least_squares_solve(&problem, o, z, out, &inner);
        if (status == STATUS_FAILED && l.v.complaint[0])
            error_set(e, status, "fit %s: %s (%s)", f->name, inner.message, l.v.complaint);
        else if (status && e)
            *e = inner;
    }
    if (out->z && (!status || status == STATUS_INTERRUPTED)) {
        enum status expanded = expand(&l, out, e);
        status = expanded ? expanded : status;
        if (!expanded)
            find_solved(&l, out, solved);
    }
    local_clear(&l);
    return status;
}
