/* solver/sensitivity against closed forms, and every model's derivatives against differences of eighth order. */
#include "growth/sensitivities.h"
#include "models/derivatives.h"
#include "solver/difference.h"
#include "solver/sensitivity.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- closed forms ---------------------------------------------------------------------------------------------------
 */

/* x' = r x (1 - x/c): p = (r, c); x(s) = c/(1 + (c/x0 - 1) e^{-r s}) */
static const double RATE = 0.7, CEILING = 3, BEGIN = 0.2;

static int logistic(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = RATE * x[0] * (1 - x[0] / CEILING);
    return 0;
}

static int logistic_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)dx, (void)context;
    jac[0] = RATE * (1 - 2 * x[0] / CEILING);
    return 0;
}

static int logistic_by_parameters(double s, const double *x, const double *dx, double *b, void *context)
{
    (void)s, (void)dx, (void)context;
    b[0] = x[0] * (1 - x[0] / CEILING);
    b[1] = RATE * x[0] * x[0] / (CEILING * CEILING);
    b[2] = 0; /* the start */
    return 0;
}

static void check_logistic(bool unchecked)
{
    static const double start[] = {0, 0, 1}, at[] = {0, 0.5, 1, 3, 10}, atol[] = {1e-12};
    struct sensitivity_problem problem = {.ode = {.n = 1, .rhs = logistic, .jacobian = logistic_jacobian},
                                          .n_parameters = 3,
                                          .parameter_jacobian = logistic_by_parameters,
                                          .start = start,
                                          .rtol = 1e-11,
                                          .atol = 1e-12,
                                          .unchecked = unchecked};
    struct ode_options options = {.method = ODE_BDF, .rtol = 1e-11, .atol = atol};
    struct error e = {0};
    double x[5], S[15];
    size_t reached;
    ck_assert_msg(sensitivity_integrate(&problem, &options, 0, &BEGIN, at, 5, x, S, &reached, NULL, &e) == STATUS_OK,
                  "%s", e.message);
    ck_assert_uint_eq(reached, 5);
    for (int i = 0; i < 5; i++) {
        double k = CEILING / BEGIN - 1, decay = exp(-RATE * at[i]), below = 1 + k * decay, square = below * below;
        assert_close(x[i], CEILING / below, 1e-8, 1);
        assert_close(S[3 * i], CEILING * k * at[i] * decay / square, 1e-7, 1);
        assert_close(S[3 * i + 1], 1 / below - decay * CEILING / BEGIN / square, 1e-7, 1);
        assert_close(S[3 * i + 2], CEILING * CEILING / (BEGIN * BEGIN) * decay / square, 1e-7, 1);
    }
}

START_TEST(logistic_growth)
{
    check_logistic(_i == 1);
}
END_TEST

/* x' = x^2 from 1 blows up at 1. */
static int square(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    dx[0] = x[0] * x[0];
    return !isfinite(dx[0]);
}

static int square_jacobian(double s, const double *x, const double *dx, double *jac, void *context)
{
    (void)s, (void)dx, (void)context;
    jac[0] = 2 * x[0];
    return 0;
}

START_TEST(a_singularity_before_the_last_place_is_an_error)
{
    static const double at[] = {0.5, 0.9, 1.5}, atol[] = {1e-9}, begin = 1;
    struct sensitivity_problem problem = {.ode = {.n = 1, .rhs = square, .jacobian = square_jacobian}};
    struct ode_options options = {.method = ODE_BDF, .rtol = 1e-9, .atol = atol};
    struct error e = {0};
    double x[3];
    size_t reached;
    ck_assert_int_eq(sensitivity_integrate(&problem, &options, 0, &begin, at, 3, x, NULL, &reached, NULL, &e),
                     STATUS_FAILED);
    ck_assert_uint_eq(reached, 2);
    assert_close(x[1], 10, 1e-5, 1);
    ck_assert_str_ne(e.message, "");
}
END_TEST

START_TEST(sensitivities_want_jacobians)
{
    static const double at[] = {1}, atol[] = {1e-9}, begin = 1;
    struct sensitivity_problem problem = {.ode = {.n = 1, .rhs = square}, .n_parameters = 1};
    struct ode_options options = {.method = ODE_BDF, .rtol = 1e-9, .atol = atol};
    struct error e = {0};
    double x[1], S[1];
    ck_assert_int_eq(sensitivity_integrate(&problem, &options, 0, &begin, at, 1, x, S, NULL, NULL, &e), STATUS_FAILED);
}
END_TEST

/* --- models ---------------------------------------------------------------------------------------------------------
 */

/* p near the defaults, x near the start; false where the model refuses the draw */
static bool draw(const struct model *m, uint64_t *random, struct simulation *s, double *x)
{
    struct error e;
    if (simulation_init(s, m, 0, 1, &e))
        return false;
    for (size_t i = 0; i < m->n_params; i++) {
        double u = 2 * ldexp((double)(testing_random(random) >> 11), -53) - 1;
        s->p[i] = fmin(fmax(s->p[i] * (1 + 0.1 * u), m->params[i].low), m->params[i].high);
    }
    if (simulation_restart(s, &e))
        return false;
    for (size_t i = 0; i < m->n_states; i++)
        x[i] = s->x0[i] + 2 * ldexp((double)(testing_random(random) >> 11), -53);
    double f[MODEL_MAX_STATES];
    return m->rhs(s->p, x, f) == 0;
}

/* columns: p_j d/dp_j of `row` in (a against b), in units of the row's size */
static void compare_columns(const char *what, const struct model *m, const double *p, size_t rows, size_t n,
                            const double *a, const double *b, const double *size)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) {
            double by = p ? fabs(p[j]) : 1, unit = fmax(fabs(size[i]), fabs(b[i * n + j]) * by);
            ck_assert_msg(fabs(a[i * n + j] - b[i * n + j]) * by <= 1e-8 * unit + 1e-12,
                          "%s: %s, row %zu by %zu: %.12g, differences %.12g", m->name, what, i, j, a[i * n + j],
                          b[i * n + j]);
        }
}

START_TEST(a_models_own_derivatives_are_those_of_its_equations)
{
    const struct model *m = model_registry[_i];
    uint64_t random = testing_seed();
    static double a[MODEL_MAX_PARAMS * MODEL_MAX_PARAMS], b[MODEL_MAX_PARAMS * MODEL_MAX_PARAMS],
        c[MODEL_MAX_PARAMS * MODEL_MAX_PARAMS], d[MODEL_MAX_PARAMS * MODEL_MAX_PARAMS];
    size_t all = m->n_params + m->n_derived, points = 0;
    for (int attempt = 0; attempt < 200 && points < 20; attempt++) {
        struct simulation s;
        double x[MODEL_MAX_STATES], f[MODEL_MAX_STATES], out[MODEL_MAX_OUTPUTS];
        if (!draw(m, &random, &s, x))
            continue;
        if (model_parameter_differences(m, s.p, x, b) || model_derived_differences(m, s.p, d))
            continue; /* at the edge of the domain */
        points++;
        m->rhs(s.p, x, f);
        ck_assert_int_eq(model_parameter_jacobian(m, s.p, x, a), 0);
        compare_columns("parameter_jacobian", m, s.p, m->n_states, all, a, b, f);
        m->observe(s.p, x, out);
        ck_assert_int_eq(model_observe_gradient(m, s.p, x, a, c), 0);
        ck_assert_int_eq(model_observe_differences(m, s.p, x, b, d), 0);
        compare_columns("outputs by state", m, NULL, m->n_outputs, m->n_states, a, b, out);
        compare_columns("outputs by parameter", m, s.p, m->n_outputs, all, c, d, out);
        ck_assert_int_eq(model_derived_gradient(m, s.p, a), 0);
        ck_assert_int_eq(model_derived_differences(m, s.p, b), 0);
        compare_columns("derived constants", m, s.p, m->n_derived, m->n_params, a, b, s.p + m->n_params);
        ck_assert_int_eq(model_start_gradient(m, s.p, a), 0);
        ck_assert_int_eq(model_start_differences(m, s.p, b), 0);
        compare_columns("start", m, s.p, m->steady_state ? m->n_states : 0, all, a, b, s.x0);
    }
    ck_assert_uint_eq(points, 20);
}
END_TEST

/* Every state of a run by every parameter, against differences of whole runs. */
struct whole_run {
    struct simulation s;
    size_t parameter;
    double year[2];
};

static int run_again(double value, double *x, void *context)
{
    struct whole_run *w = context;
    struct sensitivities r;
    struct error e;
    w->s.p[w->parameter] = value;
    int code = simulation_restart(&w->s, &e) || sensitivities_compute(&w->s, NULL, 0, w->year, 2, NULL, &r, &e);
    if (!code) {
        memcpy(x, r.x, 2 * w->s.model->n_states * sizeof *x);
        sensitivities_clear(&r);
    }
    return code;
}

START_TEST(sensitivities_of_a_run_match_differences_of_runs)
{
    const struct model *m = model_registry[_i];
    bool is_stpk = strcmp(m->name, "stpk") == 0;
    struct whole_run w = {.year = {is_stpk ? 1800 : 5, is_stpk ? 2000 : 10}};
    struct direction directions[MODEL_MAX_PARAMS];
    struct sensitivities r;
    struct error e = {0};
    double out[2 * MODEL_MAX_STATES], scratch[2 * MODEL_MAX_STATES];
    ck_assert_int_eq(simulation_init(&w.s, m, is_stpk ? -10000 : 0, 2100, &e), STATUS_OK);
    w.s.rtol = 1e-13;
    w.s.interventions[0] = (struct intervention){.param = 0, .from = w.year[0], .to = w.year[1], .factor = 1.05};
    w.s.n_interventions = 1;
    for (size_t j = 0; j < m->n_params; j++)
        directions[j] = (struct direction){j, 1};
    ck_assert_msg(sensitivities_compute(&w.s, directions, m->n_params, w.year, 2, NULL, &r, &e) == STATUS_OK, "%s",
                  e.message);
    for (size_t j = 0; j < m->n_params; j += is_stpk ? 3 : 1) {
        struct whole_run moved = w;
        double p = w.s.p[j], by = p != 0 ? fabs(p) : 1, steepest = 1;
        for (size_t i = 0; i < 2 * m->n_states; i++)
            steepest = fmax(steepest, fabs(r.S[i * m->n_params + j]) * by);
        double h = 3e-3 / steepest; /* the take-off turns on the last digits of a parameter: small beside that */
        moved.parameter = j;
        if (difference_central(run_again, &moved, p, h * by, 2 * m->n_states, out, scratch))
            continue; /* at the edge of the domain */
        for (size_t i = 0; i < 2 * m->n_states; i++)
            ck_assert_msg(fabs(r.S[i * m->n_params + j] - out[i]) * by <= 1e-6 * fmax(1, fabs(out[i]) * by),
                          "%s: state %zu by %s: %.10g, differences %.10g", m->name, i, m->params[j].key,
                          r.S[i * m->n_params + j], out[i]);
    }
    sensitivities_clear(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sensitivity");
    int models = (int)model_registry_size;
    TCase *t = tcase_create("closed forms");
    tcase_add_loop_test(t, logistic_growth, 0, 2);
    tcase_add_test(t, a_singularity_before_the_last_place_is_an_error);
    tcase_add_test(t, sensitivities_want_jacobians);
    suite_add_tcase(suite, t);
    t = tcase_create("models");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, a_models_own_derivatives_are_those_of_its_equations, 0, models);
    tcase_add_loop_test(t, sensitivities_of_a_run_match_differences_of_runs, 0, models);
    suite_add_tcase(suite, t);
    return testing_main(suite);
}
