#include "solver/sensitivity.h"

#include "solver/ode_private.h"

#include <stdlib.h>
#include <string.h>

static int call_sensitivity_rhs(int count, realtype s, N_Vector x, N_Vector dx, N_Vector *sens, N_Vector *rate,
                                void *user, N_Vector w1, N_Vector w2)
{
    (void)w1, (void)w2;
    struct ode *o = user;
    size_t n = o->problem.n, k = (size_t)count;
    const double *state = N_VGetArrayPointer(x), *slope = N_VGetArrayPointer(dx);
    int code = o->problem.jacobian(s, state, slope, o->by_state, o->problem.context);
    if (!code)
        code = o->sensitivity->parameter_jacobian(s, state, slope, o->by_parameter, o->problem.context);
    if (code)
        return code;
    for (size_t j = 0; j < k; j++) {
        const double *v = N_VGetArrayPointer(sens[j]);
        double *out = N_VGetArrayPointer(rate[j]);
        for (size_t i = 0; i < n; i++) {
            double sum = o->by_parameter[i * k + j];
            for (size_t l = 0; l < n; l++)
                sum += o->by_state[i * n + l] * v[l];
            out[i] = sum;
        }
    }
    return 0;
}

/* What one call of sensitivity_integrate owns. */
struct work {
    struct ode *o;
    N_Vector *sens, *out; /* (n_parameters) */
    double *weight;       /* (n_parameters) absolute tolerances */
    double *scratch;
    size_t n, k;
};

static bool attach(struct work *w, const struct sensitivity_problem *problem)
{
    int count = (int)w->k;
    N_VEnableFusedOps_Serial(w->o->x, SUNTRUE); /* inherited by the clones: a quarter of the time */
    w->sens = N_VCloneVectorArray(count, w->o->x);
    w->out = N_VCloneVectorArray(count, w->o->x);
    w->weight = malloc(w->k * sizeof *w->weight);
    w->scratch = malloc(w->n * (w->n + w->k) * sizeof *w->scratch);
    if (!w->sens || !w->out || !w->weight || !w->scratch)
        return false;
    w->o->sensitivity = problem;
    w->o->by_state = w->scratch;
    w->o->by_parameter = w->scratch + w->n * w->n;
    for (size_t j = 0; j < w->k; j++) {
        double *v = N_VGetArrayPointer(w->sens[j]);
        for (size_t i = 0; i < w->n; i++)
            v[i] = problem->start ? problem->start[i * w->k + j] : 0;
        w->weight[j] = problem->atol;
    }
    return CVodeSensInit(w->o->cvode, count, CV_SIMULTANEOUS, call_sensitivity_rhs, w->sens) == CV_SUCCESS &&
           CVodeSensSStolerances(w->o->cvode, problem->rtol, w->weight) == CV_SUCCESS &&
           CVodeSetSensErrCon(w->o->cvode, !problem->unchecked) == CV_SUCCESS;
}

static void work_clear(struct work *w)
{
    ode_free(w->o);
    if (w->sens)
        N_VDestroyVectorArray(w->sens, (int)w->k);
    if (w->out)
        N_VDestroyVectorArray(w->out, (int)w->k);
    free(w->weight);
    free(w->scratch);
}

/* x and S at s, within the last step */
static enum status take(const struct work *w, double s, double *x, double *S, struct error *e)
{
    enum status status = ode_interpolate(w->o, s, 0, x, e);
    if (status || !w->k)
        return status;
    if (CVodeGetSensDky(w->o->cvode, s, 0, w->out) != CV_SUCCESS)
        return error_set(e, STATUS_FAILED, "integrator: no sensitivities at %.10g: %s", s, w->o->complaint);
    for (size_t j = 0; j < w->k; j++)
        for (size_t i = 0; i < w->n; i++)
            S[i * w->k + j] = N_VGetArrayPointer(w->out[j])[i];
    return STATUS_OK;
}

static void take_start(const struct work *w, const struct sensitivity_problem *problem, const double *x0, double *x,
                       double *S)
{
    memcpy(x, x0, w->n * sizeof *x);
    for (size_t i = 0; i < w->n * w->k; i++)
        S[i] = problem->start ? problem->start[i] : 0;
}

enum status sensitivity_integrate(const struct sensitivity_problem *problem, const struct ode_options *options,
                                  double s0, const double *x0, const double *at, size_t m, double *x, double *S,
                                  size_t *reached, struct ode_statistics *statistics, struct error *e)
{
    struct work w = {.n = problem->ode.n, .k = problem->n_parameters};
    size_t i = 0, none;
    if (!reached)
        reached = &none;
    *reached = 0;
    if (w.k && (!problem->ode.jacobian || !problem->parameter_jacobian || options->method == ODE_BDF_KRYLOV))
        return error_set(e, STATUS_FAILED, "sensitivities want the Jacobians by state and by parameters");
    enum status status = ode_new(&w.o, &problem->ode, options, s0, x0, e);
    if (!status && w.k && !attach(&w, problem))
        status = error_set(e, STATUS_FAILED, "integrator: %s",
                           w.o->complaint[0] ? w.o->complaint : "sensitivities cannot be set up");
    for (; !status && i < m && at[i] <= s0; i++)
        take_start(&w, problem, x0, x + i * w.n, S + i * w.n * w.k);
    while (!status && i < m) {
        bool at_event;
        status = ode_step(w.o, at[m - 1], &at_event, e);
        for (; !status && i < m && at[i] <= ode_position(w.o); i++)
            status = take(&w, at[i], x + i * w.n, S + i * w.n * w.k, e);
        *reached = i;
    }
    if (w.o && statistics)
        ode_get_statistics(w.o, statistics);
    work_clear(&w);
    return status;
}
