#include "solver/ode_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>
#include <time.h>

enum { DEFAULT_MAX_STEPS = 1000000, STOP_POLL_STEPS = 64, DEFAULT_KRYLOV = 20, MOST_STALLED_STEPS = 20 };

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- callbacks from CVODES --------------------------------------------------------------------------------------- */

static int call_rhs(realtype s, N_Vector x, N_Vector dx, void *user)
{
    struct ode *o = user;
    return o->problem.rhs(s, N_VGetArrayPointer(x), N_VGetArrayPointer(dx), o->problem.context);
}

static int call_jacobian(realtype s, N_Vector x, N_Vector dx, SUNMatrix jac, void *user, N_Vector w1, N_Vector w2,
                         N_Vector w3)
{
    (void)w1, (void)w2, (void)w3;
    struct ode *o = user;
    size_t n = o->problem.n;
    int code = o->problem.jacobian(s, N_VGetArrayPointer(x), N_VGetArrayPointer(dx), o->rows, o->problem.context);
    if (code)
        return code;
    double *column_major = SM_DATA_D(jac);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++)
            column_major[j * n + i] = o->rows[i * n + j];
    return 0;
}

static int call_jacobian_vector(N_Vector v, N_Vector jv, realtype s, N_Vector x, N_Vector dx, void *user, N_Vector work)
{
    (void)work;
    struct ode *o = user;
    return o->problem.jacobian_vector(s, N_VGetArrayPointer(x), N_VGetArrayPointer(dx), N_VGetArrayPointer(v),
                                      N_VGetArrayPointer(jv), o->problem.context);
}

static int call_events(realtype s, N_Vector x, realtype *g, void *user)
{
    struct ode *o = user;
    return o->event_code = o->problem.events(s, N_VGetArrayPointer(x), g, o->problem.context);
}

static int set_weights(N_Vector x, N_Vector weight, void *user)
{
    const struct ode *o = user;
    const double *xs = N_VGetArrayPointer(x);
    double *w = N_VGetArrayPointer(weight);
    for (size_t i = 0; i < o->problem.n; i++) {
        double tolerance = o->options.rtol * fabs(xs[i]) + o->atol[i];
        if (!(tolerance > 0))
            return -1;
        w[i] = 1 / tolerance;
    }
    return 0;
}

/* CVODES would print to stderr; keep its words for our error instead. */
/* NOLINTNEXTLINE(readability-non-const-parameter): CVODES' type */
static void keep_complaint(int code, const char *module, const char *function, char *message, void *user)
{
    (void)code, (void)module, (void)function;
    struct ode *o = user;
    size_t k = 0;
    for (const char *c = message; *c && k + 1 < sizeof o->complaint; c++)
        if (*c != '\n')
            o->complaint[k++] = *c;
    o->complaint[k] = 0;
}

/* --- construction ------------------------------------------------------------------------------------------------- */

static bool create_krylov(struct ode *o)
{
    size_t n = o->problem.n;
    int dimension = o->options.krylov > 0 ? o->options.krylov : DEFAULT_KRYLOV;
    if ((size_t)dimension > n)
        dimension = (int)n;
    o->linear = SUNLinSol_SPGMR(o->x, SUN_PREC_NONE, dimension, o->context);
    if (!o->linear || CVodeSetLinearSolver(o->cvode, o->linear, NULL) != CVLS_SUCCESS)
        return false;
    return !o->problem.jacobian_vector || CVodeSetJacTimes(o->cvode, NULL, call_jacobian_vector) == CVLS_SUCCESS;
}

static bool create_dense(struct ode *o)
{
    size_t n = o->problem.n;
    o->rows = malloc(n * n * sizeof *o->rows);
    o->matrix = SUNDenseMatrix((sunindextype)n, (sunindextype)n, o->context);
    o->linear = o->rows && o->matrix ? SUNLinSol_Dense(o->x, o->matrix, o->context) : NULL;
    if (!o->linear || CVodeSetLinearSolver(o->cvode, o->linear, o->matrix) != CVLS_SUCCESS)
        return false;
    return !o->problem.jacobian || CVodeSetJacFn(o->cvode, call_jacobian) == CVLS_SUCCESS;
}

static bool create_solvers(struct ode *o)
{
    if (o->options.method == ODE_BDF_KRYLOV)
        return create_krylov(o);
    if (o->options.method == ODE_BDF)
        return create_dense(o);
    o->nonlinear = SUNNonlinSol_FixedPoint(o->x, 0, o->context);
    return o->nonlinear && CVodeSetNonlinearSolver(o->cvode, o->nonlinear) == CV_SUCCESS;
}

static bool configure(struct ode *o, double s0)
{
    int n_events = (int)o->problem.n_events;
    const struct ode_options *options = &o->options;
    /* the limit on steps is ours: CVODES counts per call, and a call here is one step */
    return CVodeInit(o->cvode, call_rhs, s0, o->x) == CV_SUCCESS && CVodeSetUserData(o->cvode, o) == CV_SUCCESS &&
           CVodeSetErrHandlerFn(o->cvode, keep_complaint, o) == CV_SUCCESS &&
           CVodeWFtolerances(o->cvode, set_weights) == CV_SUCCESS && create_solvers(o) &&
           (!n_events || CVodeRootInit(o->cvode, n_events, call_events) == CV_SUCCESS) &&
           (!n_events || CVodeSetNoInactiveRootWarn(o->cvode) == CV_SUCCESS) &&
           (!n_events || !o->problem.direction ||
            CVodeSetRootDirection(o->cvode, (int *)o->problem.direction) == CV_SUCCESS) &&
           (options->first_step <= 0 || CVodeSetInitStep(o->cvode, options->first_step) == CV_SUCCESS) &&
           (options->max_step <= 0 || CVodeSetMaxStep(o->cvode, options->max_step) == CV_SUCCESS);
}

enum status ode_new(struct ode **out, const struct ode_problem *problem, const struct ode_options *options, double s0,
                    const double *x0, struct error *e)
{
    size_t n = problem->n;
    *out = NULL;
    bool good = n > 0 && problem->rhs && (!problem->n_events || problem->events) && options->rtol >= 0;
    for (size_t i = 0; good && i < n; i++)
        good = options->atol[i] >= 0;
    if (!good)
        return error_set(e, STATUS_FAILED, "integrator: no equations, no event function or a negative tolerance");
    struct ode *o = calloc(1, sizeof *o);
    if (!o)
        return error_memory(e);
    o->problem = *problem;
    o->options = *options;
    if (o->options.max_steps <= 0)
        o->options.max_steps = DEFAULT_MAX_STEPS;
    o->stop = NAN;
    o->s = o->step_start = o->step_end = s0;
    o->atol = malloc(n * sizeof *o->atol);
    o->directions = calloc(problem->n_events + 1, sizeof *o->directions);
    if (!o->atol || !o->directions)
        goto fail;
    memcpy(o->atol, options->atol, n * sizeof *o->atol);
    if (SUNContext_Create(NULL, &o->context))
        goto fail;
    o->x = N_VNew_Serial((sunindextype)n, o->context);
    o->before = N_VNew_Serial((sunindextype)n, o->context);
    o->work = N_VNew_Serial((sunindextype)n, o->context);
    o->cvode = CVodeCreate(options->method == ODE_ADAMS ? CV_ADAMS : CV_BDF, o->context);
    if (!o->x || !o->before || !o->work || !o->cvode)
        goto fail;
    memcpy(N_VGetArrayPointer(o->x), x0, n * sizeof *x0);
    if (!configure(o, s0)) {
        error_set(e, STATUS_FAILED, "integrator: %s", o->complaint[0] ? o->complaint : "cannot be set up");
        ode_free(o);
        return STATUS_FAILED;
    }
    *out = o;
    return STATUS_OK;
fail:
    ode_free(o);
    return error_memory(e);
}

void ode_free(struct ode *o)
{
    if (!o)
        return;
    if (o->cvode)
        CVodeFree(&o->cvode);
    if (o->linear)
        SUNLinSolFree(o->linear);
    if (o->nonlinear)
        SUNNonlinSolFree(o->nonlinear);
    if (o->matrix)
        SUNMatDestroy(o->matrix);
    if (o->x)
        N_VDestroy(o->x);
    if (o->before)
        N_VDestroy(o->before);
    if (o->work)
        N_VDestroy(o->work);
    if (o->context)
        SUNContext_Free(&o->context);
    free(o->rows);
    free(o->atol);
    free(o->directions);
    free(o);
}

/* --- stepping ----------------------------------------------------------------------------------------------------- */

static enum ode_failure_kind classify(const struct ode *o, int flag)
{
    switch (flag) {
    case CV_TOO_MUCH_ACC:
    case CV_ERR_FAILURE:
    case CV_CONV_FAILURE:
    case CV_REPTD_RHSFUNC_ERR:
    case CV_UNREC_RHSFUNC_ERR:
    case CV_FIRST_RHSFUNC_ERR:
        return ODE_RECOVERABLE;
    case CV_RTFUNC_FAIL:
        return o->event_code > 0 ? ODE_RECOVERABLE : ODE_FATAL;
    default:
        return ODE_FATAL;
    }
}

/* CVODES' words without its own "At t = ..., ". */
static const char *reason(const struct ode *o)
{
    const char *comma = strncmp(o->complaint, "At t = ", 7) == 0 ? strstr(o->complaint, ", ") : NULL;
    return comma ? comma + 2 : o->complaint;
}

static enum status fail(struct ode *o, enum ode_failure_kind kind, int code, struct error *e)
{
    const double *x = N_VGetArrayPointer(o->x);
    char place[64];
    o->failure = (struct ode_failure){.kind = kind, .code = code, .s = o->s, .x = x};
    if (o->options.name_place)
        o->options.name_place(o->s, x, o->problem.n, place, sizeof place);
    else
        snprintf(place, sizeof place, "%.10g", o->s);
    switch (kind) {
    case ODE_STOPPED:
        return error_set(e, STATUS_INTERRUPTED, "integration stopped on request at %s", place);
    case ODE_LIMIT:
        if (o->statistics.steps >= o->options.max_steps)
            return error_set(e, STATUS_FAILED, "integration reached the limit of %ld steps at %s", o->options.max_steps,
                             place);
        return error_set(e, STATUS_FAILED, "integration reached the time limit of %g s at %s", o->options.max_seconds,
                         place);
    case ODE_RECOVERABLE:
        return error_set(e, STATUS_FAILED, "integration cannot continue at %s: %s", place, reason(o));
    default:
        return error_set(e, STATUS_FAILED, "integration failed at %s: %s", place, reason(o));
    }
}

static enum status check_limits(struct ode *o, struct error *e)
{
    if (o->statistics.steps >= o->options.max_steps ||
        (o->options.max_seconds > 0 && o->statistics.seconds > o->options.max_seconds))
        return fail(o, ODE_LIMIT, 0, e);
    if (o->statistics.steps % STOP_POLL_STEPS == 0 && reporter_stop_requested(o->options.reporter))
        return fail(o, ODE_STOPPED, 0, e);
    return STATUS_OK;
}

/* Step after step too small to move s: CVODES calls that a success, and creeps towards the edge of the domain for ever.
 */
static bool is_stuck(struct ode *o)
{
    o->stalled = o->s == o->step_start ? o->stalled + 1 : 0;
    return o->stalled >= MOST_STALLED_STEPS;
}

/* One call of CVODES. On failure s and x are those before it: CVODES leaves them at different places. */
static int advance(struct ode *o, double s_end)
{
    if (s_end != o->stop) {
        CVodeSetStopTime(o->cvode, s_end);
        o->stop = s_end;
    }
    o->step_start = o->s;
    N_VScale(1, o->x, o->before);
    int flag = CVode(o->cvode, s_end, o->x, &o->s, CV_ONE_STEP);
    if (flag >= 0 && is_stuck(o)) {
        flag = CV_ERR_FAILURE;
        snprintf(o->complaint, sizeof o->complaint, "the step has shrunk to nothing");
    }
    if (flag < 0) {
        o->s = o->step_start;
        N_VScale(1, o->before, o->x);
    }
    return flag;
}

enum status ode_step(struct ode *o, double s_end, bool *at_event, struct error *e)
{
    *at_event = false;
    enum status status = check_limits(o, e);
    if (status)
        return status;
    double begin = seconds_now();
    int flag = advance(o, s_end);
    o->statistics.seconds += seconds_now() - begin;
    o->statistics.steps++;
    if (flag < 0)
        return fail(o, classify(o, flag), flag, e);
    realtype reached = o->s;
    CVodeGetCurrentTime(o->cvode, &reached);
    o->step_end = reached;
    if (flag == CV_TSTOP_RETURN)
        o->stop = NAN; /* CVODES forgets a stop time once it was reached */
    if (flag == CV_ROOT_RETURN) {
        *at_event = true;
        CVodeGetRootInfo(o->cvode, o->directions);
    }
    return STATUS_OK;
}

double ode_position(const struct ode *o)
{
    return o->s;
}

const double *ode_state(const struct ode *o)
{
    return N_VGetArrayPointer(o->x);
}

const int *ode_event_directions(const struct ode *o)
{
    return o->directions;
}

enum status ode_interpolate(struct ode *o, double s, int k, double *x, struct error *e)
{
    int flag = CVodeGetDky(o->cvode, s, k, o->work);
    if (flag != CV_SUCCESS)
        return error_set(e, STATUS_FAILED, "integrator: no dense output at %.10g: %s", s, o->complaint);
    memcpy(x, N_VGetArrayPointer(o->work), o->problem.n * sizeof *x);
    return STATUS_OK;
}

enum status ode_taylor(struct ode *o, double *out, struct error *e)
{
    double begin = seconds_now(), factorial = 1;
    size_t n = o->problem.n;
    enum status status = STATUS_OK;
    memcpy(out, ode_state(o), n * sizeof *out);
    for (int k = 1; k <= ode_order(o) && !status; k++) {
        double *row = out + (size_t)k * n;
        status = ode_interpolate(o, o->s, k, row, e);
        factorial *= k;
        for (size_t i = 0; i < n; i++)
            row[i] /= factorial;
    }
    o->statistics.dense_seconds += seconds_now() - begin;
    return status;
}

int ode_order(const struct ode *o)
{
    int order = 1;
    CVodeGetLastOrder(o->cvode, &order);
    return order;
}

double ode_step_start(const struct ode *o)
{
    return o->step_start;
}

double ode_step_end(const struct ode *o)
{
    return o->step_end;
}

void ode_get_statistics(const struct ode *o, struct ode_statistics *out)
{
    *out = o->statistics;
    CVodeGetNumSteps(o->cvode, &out->steps);
    CVodeGetNumRhsEvals(o->cvode, &out->rhs_calls);
    CVodeGetNumErrTestFails(o->cvode, &out->error_test_failures);
    CVodeGetNumNonlinSolvConvFails(o->cvode, &out->newton_failures);
    CVodeGetNumGEvals(o->cvode, &out->event_calls);
    if (o->linear) {
        long extra = 0;
        if (o->options.method == ODE_BDF_KRYLOV)
            CVodeGetNumJtimesEvals(o->cvode, &out->jacobian_calls);
        else
            CVodeGetNumJacEvals(o->cvode, &out->jacobian_calls);
        CVodeGetNumLinRhsEvals(o->cvode, &extra); /* difference Jacobians */
        out->rhs_calls += extra;
    }
}

const struct ode_failure *ode_get_failure(const struct ode *o)
{
    return &o->failure;
}
