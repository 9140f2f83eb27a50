/* solver/ode with ODE_BDF_KRYLOV: large stiff systems without a matrix */
#include "solver/ode.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>

/* Heat on a rod with n inner points and cold ends: dx_i/ds = n1^2 (x_{i-1} - 2 x_i + x_{i+1}), n1 = n + 1. Mode m,
 * sin(m pi i/n1), is an eigenvector to -4 n1^2 sin^2(m pi/2 n1): the rates spread over a factor n^2. */
struct rod {
    size_t n;
    long products;
};

static void rod_apply(const struct rod *r, const double *x, double *dx)
{
    double scale = (double)(r->n + 1) * (double)(r->n + 1);
    for (size_t i = 0; i < r->n; i++) {
        double left = i ? x[i - 1] : 0, right = i + 1 < r->n ? x[i + 1] : 0;
        dx[i] = scale * (left - 2 * x[i] + right);
    }
}

static int rod_rhs(double s, const double *x, double *dx, void *context)
{
    (void)s;
    rod_apply(context, x, dx);
    return 0;
}

static int rod_product(double s, const double *x, const double *dx, const double *v, double *jv, void *context)
{
    (void)s, (void)x, (void)dx;
    struct rod *r = context;
    r->products++;
    rod_apply(r, v, jv);
    return 0;
}

static double rod_rate(size_t n, double m)
{
    double half = sin(m * M_PI / 2 / (double)(n + 1)) * (double)(n + 1);
    return 4 * half * half;
}

static double mode(size_t n, double m, size_t i)
{
    return sin(m * M_PI * (double)(i + 1) / (double)(n + 1));
}

/* Largest error at s of modes 1 and 3 together; work counted in `r` and `statistics`. */
static double rod_error(struct rod *r, ode_jacobian_vector *product, double rtol, double s, struct ode_statistics *work)
{
    size_t n = r->n;
    double *x0 = malloc(n * sizeof *x0), *atol = malloc(n * sizeof *atol), worst = 0;
    struct ode *o = NULL;
    struct error e = {0};
    bool at_event;
    ck_assert(x0 && atol);
    for (size_t i = 0; i < n; i++) {
        x0[i] = mode(n, 1, i) + 0.5 * mode(n, 3, i);
        atol[i] = rtol;
    }
    struct ode_problem problem = {.n = n, .rhs = rod_rhs, .jacobian_vector = product, .context = r};
    struct ode_options options = {.method = ODE_BDF_KRYLOV, .rtol = rtol, .atol = atol};
    ck_assert_msg(ode_new(&o, &problem, &options, 0, x0, &e) == STATUS_OK, "%s", e.message);
    while (ode_position(o) < s)
        ck_assert_msg(ode_step(o, s, &at_event, &e) == STATUS_OK, "%s", e.message);
    for (size_t i = 0; i < n; i++) {
        double exact = exp(-rod_rate(n, 1) * s) * mode(n, 1, i) + 0.5 * exp(-rod_rate(n, 3) * s) * mode(n, 3, i);
        worst = fmax(worst, fabs(ode_state(o)[i] - exact));
    }
    ode_get_statistics(o, work);
    ode_free(o);
    free(x0);
    free(atol);
    return worst;
}

START_TEST(closed_form_of_a_stiff_rod)
{
    static const double tolerances[] = {1e-4, 1e-6, 1e-8};
    for (int i = 0; i < 3; i++) {
        struct rod rod = {.n = 200};
        struct ode_statistics work;
        ck_assert_double_lt(rod_error(&rod, rod_product, tolerances[i], 0.1, &work), 100 * tolerances[i]);
        ck_assert_int_gt(rod.products, 0);
        ck_assert_int_eq(work.jacobian_calls, rod.products);
        /* an explicit method needs s x rate / 2 = 0.1 x 4 x 201^2 / 2 = 8000 steps to be stable */
        ck_assert_int_lt(work.steps, 1500);
    }
}
END_TEST

START_TEST(products_by_differences_when_none_are_given)
{
    struct rod rod = {.n = 50};
    struct ode_statistics work;
    ck_assert_double_lt(rod_error(&rod, NULL, 1e-6, 0.1, &work), 1e-4);
    ck_assert_int_eq(rod.products, 0);
}
END_TEST

/* A matrix of 100,000 x 100,000 would need 80 GB. */
START_TEST(needs_no_matrix)
{
    struct rod rod = {.n = 100000};
    struct ode_statistics work;
    ck_assert_double_lt(rod_error(&rod, rod_product, 1e-3, 1e-12, &work), 0.1);
}
END_TEST

/* x' = -x^3 from 1: x = 1/sqrt(1 + 2 s); one equation, so the Krylov space has dimension one. */
static int cubic_rhs(double s, const double *x, double *dx, void *context)
{
    (void)s, (void)context;
    *dx = -*x * *x * *x;
    return 0;
}

static int cubic_product(double s, const double *x, const double *dx, const double *v, double *jv, void *context)
{
    (void)s, (void)dx, (void)context;
    *jv = -3 * *x * *x * *v;
    return 0;
}

START_TEST(state_and_slope_reach_the_product)
{
    double x0 = 1, atol = 1e-10;
    struct ode_problem problem = {.n = 1, .rhs = cubic_rhs, .jacobian_vector = cubic_product};
    struct ode_options options = {.method = ODE_BDF_KRYLOV, .rtol = 1e-8, .atol = &atol};
    struct ode *o = NULL;
    struct error e = {0};
    bool at_event;
    ck_assert_int_eq(ode_new(&o, &problem, &options, 0, &x0, &e), STATUS_OK);
    while (ode_position(o) < 1e6)
        ck_assert_msg(ode_step(o, 1e6, &at_event, &e) == STATUS_OK, "%s", e.message);
    assert_close(ode_state(o)[0], 1 / sqrt(1 + 2e6), 1e-5, 0);
    ode_free(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ode_krylov");
    TCase *all = tcase_create("ode_krylov");
    tcase_add_test(all, closed_form_of_a_stiff_rod);
    tcase_add_test(all, products_by_differences_when_none_are_given);
    tcase_add_test(all, needs_no_matrix);
    tcase_add_test(all, state_and_slope_reach_the_product);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
