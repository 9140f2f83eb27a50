#include "models/derivatives.h"

#include "solver/difference.h"

#include <math.h>
#include <string.h>

enum { MAX_VALUES = MODEL_MAX_OUTPUTS > MODEL_MAX_PARAMS ? MODEL_MAX_OUTPUTS : MODEL_MAX_PARAMS };

/* Small beside the sharpest corner of a model (stpk's surplus, 0.05 wide); with eighth order that leaves rounding,
 * about 1e-12. */
static const double STEP = 1e-3;

/* One number moved: p[column], or x[column - columns of p]. */
struct probe {
    const struct model *m;
    double p[MODEL_MAX_PARAMS], x[MODEL_MAX_STATES];
    double *moved;
};

static int probe_rhs(double value, double *out, void *context)
{
    struct probe *b = context;
    *b->moved = value;
    return b->m->rhs(b->p, b->x, out);
}

static int probe_observe(double value, double *out, void *context)
{
    struct probe *b = context;
    *b->moved = value;
    b->m->observe(b->p, b->x, out);
    for (size_t i = 0; i < b->m->n_outputs; i++)
        if (!isfinite(out[i]))
            return 1;
    return 0;
}

static int probe_derive(double value, double *out, void *context)
{
    struct probe *b = context;
    double p[MODEL_MAX_PARAMS];
    *b->moved = value;
    memcpy(p, b->p, sizeof p);
    if (b->m->derive(p, NULL))
        return 1;
    memcpy(out, p + b->m->n_params, b->m->n_derived * sizeof *out);
    return 0;
}

static int probe_start(double value, double *out, void *context)
{
    struct probe *b = context;
    *b->moved = value;
    return b->m->steady_state(b->p, out, NULL) ? 1 : 0;
}

static size_t columns(const struct model *m)
{
    return m->n_params + m->n_derived;
}

static void probe_init(struct probe *b, const struct model *m, const double *p, const double *x)
{
    b->m = m;
    memcpy(b->p, p, columns(m) * sizeof *p);
    if (x)
        memcpy(b->x, x, m->n_states * sizeof *x);
}

/* out (rows, n): derivatives of f with respect to each of the n numbers at `first` in the probe */
static int difference_columns(struct probe *b, difference_function *f, double *first, size_t n, size_t rows,
                              bool logarithms, double *out)
{
    double slope[MAX_VALUES], scratch[MAX_VALUES];
    for (size_t j = 0; j < n; j++) {
        double value = first[j], h = STEP * (value != 0 && !logarithms ? fabs(value) : 1);
        b->moved = &first[j];
        int code = difference_central(f, b, value, h, rows, slope, scratch);
        first[j] = value;
        if (code)
            return code;
        for (size_t i = 0; i < rows; i++)
            out[i * n + j] = slope[i];
    }
    return 0;
}

int model_parameter_differences(const struct model *m, const double *p, const double *x, double *jac)
{
    struct probe b;
    probe_init(&b, m, p, x);
    return difference_columns(&b, probe_rhs, b.p, columns(m), m->n_states, false, jac);
}

int model_parameter_jacobian(const struct model *m, const double *p, const double *x, double *jac)
{
    return m->parameter_jacobian ? m->parameter_jacobian(p, x, jac) : model_parameter_differences(m, p, x, jac);
}

int model_observe_differences(const struct model *m, const double *p, const double *x, double *by_state,
                              double *by_parameter)
{
    struct probe b;
    probe_init(&b, m, p, x);
    int code = difference_columns(&b, probe_observe, b.x, m->n_states, m->n_outputs, true, by_state);
    return code ? code : difference_columns(&b, probe_observe, b.p, columns(m), m->n_outputs, false, by_parameter);
}

int model_observe_gradient(const struct model *m, const double *p, const double *x, double *by_state,
                           double *by_parameter)
{
    return m->observe_gradient ? m->observe_gradient(p, x, by_state, by_parameter)
                               : model_observe_differences(m, p, x, by_state, by_parameter);
}

int model_derived_differences(const struct model *m, const double *p, double *gradient)
{
    struct probe b;
    if (!m->n_derived)
        return 0;
    probe_init(&b, m, p, NULL);
    return difference_columns(&b, probe_derive, b.p, m->n_params, m->n_derived, false, gradient);
}

int model_derived_gradient(const struct model *m, const double *p, double *gradient)
{
    if (!m->derive_gradient)
        return model_derived_differences(m, p, gradient);
    m->derive_gradient(p, gradient);
    return 0;
}

int model_start_differences(const struct model *m, const double *p, double *gradient)
{
    struct probe b;
    memset(gradient, 0, m->n_states * columns(m) * sizeof *gradient);
    if (!m->steady_state)
        return 0;
    probe_init(&b, m, p, NULL);
    return difference_columns(&b, probe_start, b.p, columns(m), m->n_states, false, gradient);
}

int model_start_gradient(const struct model *m, const double *p, double *gradient)
{
    if (!m->steady_state_gradient)
        return model_start_differences(m, p, gradient);
    m->steady_state_gradient(p, gradient);
    return 0;
}

void model_chain_derived(const struct model *m, size_t rows, const double *partial, const double *derived,
                         double *total)
{
    size_t n = m->n_params, all = columns(m);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = partial[i * all + j];
            for (size_t k = 0; k < m->n_derived; k++)
                sum += partial[i * all + n + k] * derived[k * n + j];
            total[i * n + j] = sum;
        }
}
