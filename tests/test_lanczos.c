/* solver/lanczos.c and solver/slq.c against matrices of known spectrum and against LAPACK. */
#include "solver/lanczos.h"
#include "solver/linalg.h"
#include "solver/slq.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1024 };

/* A = R diag(d) R with the reflection R = 1 - 2 u u^T: dense, its spectrum d known without an eigensolver. u = 0:
 * diagonal. */
struct reflected {
    size_t n;
    double d[MOST], u[MOST];
};

static double unit_random(uint64_t *seed)
{
    return (double)(testing_random(seed) >> 11) * 0x1p-53;
}

static void reflected_init(struct reflected *r, size_t n, uint64_t seed)
{
    *r = (struct reflected){.n = n};
    double norm = 0;
    for (size_t i = 0; i < n; i++) {
        r->u[i] = unit_random(&seed) - .5;
        norm += r->u[i] * r->u[i];
    }
    for (size_t i = 0; i < n; i++)
        r->u[i] /= sqrt(norm);
}

static void reflect(const struct reflected *r, double *v)
{
    double dot = 0;
    for (size_t i = 0; i < r->n; i++)
        dot += r->u[i] * v[i];
    for (size_t i = 0; i < r->n; i++)
        v[i] -= 2 * dot * r->u[i];
}

static void multiply_reflected(const double *v, double *av, void *context)
{
    const struct reflected *r = context;
    memcpy(av, v, r->n * sizeof *av);
    reflect(r, av);
    for (size_t i = 0; i < r->n; i++)
        av[i] *= r->d[i];
    reflect(r, av);
}

static void multiply_to_nan(const double *v, double *av, void *context)
{
    memcpy(av, v, ((const struct reflected *)context)->n * sizeof *av);
    av[0] = NAN;
}

static struct reflected r;
static struct krylov_operator op = {0, multiply_reflected, &r, NULL};

static void use_reflected(size_t n, uint64_t seed)
{
    reflected_init(&r, n, seed);
    op = (struct krylov_operator){n, multiply_reflected, &r, NULL};
}

static void use_diagonal(size_t n)
{
    use_reflected(n, 1);
    memset(r.u, 0, sizeof r.u);
}

static double distance_to_spectrum(double value)
{
    double nearest = INFINITY;
    for (size_t i = 0; i < r.n; i++)
        nearest = fmin(nearest, fabs(r.d[i] - value));
    return nearest;
}

/* --- the process ---------------------------------------------------------------------------------------------------*/

/* Twelve decades: without reorthogonalisation the rows lose it all within a few dozen steps. */
START_TEST(process_keeps_its_relation_and_its_rows_orthonormal)
{
    enum { N = 150, M = 70 };
    use_reflected(N, 3);
    double start[N], image[N];
    for (size_t i = 0; i < N; i++) {
        r.d[i] = pow(10, -12. * (double)i / N);
        start[i] = 1 + (double)(i % 7);
    }
    struct lanczos l;
    ck_assert_int_eq(lanczos_init(&l, &op, M, start, NULL), STATUS_OK);
    while (l.m < l.capacity && !l.exhausted)
        ck_assert_int_eq(lanczos_step(&l, NULL), STATUS_OK);
    ck_assert_uint_eq(l.m, M);
    for (size_t i = 0; i <= M; i++)
        for (size_t j = 0; j <= i; j++)
            assert_close(linalg_dot(N, l.q + i * N, l.q + j * N), i == j, 1e-14, 1);
    for (size_t i = 0; i < M; i++) {
        multiply_reflected(l.q + i * N, image, &r);
        linalg_axpy(N, -l.alpha[i], l.q + i * N, image);
        linalg_axpy(N, -l.beta[i], l.q + (i + 1) * N, image);
        if (i)
            linalg_axpy(N, -l.beta[i - 1], l.q + (i - 1) * N, image);
        assert_close(linalg_norm(N, image), 0, 1e-14, 1);
    }
    lanczos_clear(&l);
}
END_TEST

START_TEST(process_sees_that_a_space_is_exhausted)
{
    use_reflected(60, 5);
    double start[60], again[60];
    for (size_t i = 0; i < 60; i++) {
        r.d[i] = (double)(1 + i % 4); /* four distinct values */
        start[i] = cos((double)i);
        again[i] = sin((double)(i * i));
    }
    struct lanczos l;
    double values[60], vectors[3600];
    lanczos_init(&l, &op, 60, start, NULL);
    while (!l.exhausted)
        lanczos_step(&l, NULL);
    ck_assert_uint_eq(l.m, 4);
    ck_assert_int_eq(lanczos_ritz(l.m, l.alpha, l.beta, values, vectors, NULL), STATUS_OK);
    for (size_t i = 0; i < 4; i++)
        assert_close(values[i], (double)i + 1, 1e-13, 0);
    ck_assert(!lanczos_restart(&l, l.q)); /* nothing new in it */
    ck_assert(lanczos_restart(&l, again));
    do
        lanczos_step(&l, NULL);
    while (!l.exhausted);
    ck_assert_uint_eq(l.m, 8);
    lanczos_ritz(l.m, l.alpha, l.beta, values, vectors, NULL);
    for (size_t i = 0; i < 8; i++)
        assert_close(values[i], floor((double)i / 2) + 1, 1e-13, 0);
    lanczos_clear(&l);
}
END_TEST

/* --- eigenpairs ----------------------------------------------------------------------------------------------------*/

static void multiply_dense(const double *v, double *av, void *context)
{
    linalg_multiply_vector(LINALG_PLAIN, 80, 80, 1, context, 80, v, 0, av);
}

START_TEST(eigenpairs_of_a_random_matrix_are_lapacks)
{
    enum { N = 80, LOW = 4, HIGH = 6 };
    static double a[N * N], copy[N * N], values[N];
    uint64_t seed = testing_seed();
    for (size_t i = 0; i < N; i++)
        for (size_t j = i; j < N; j++)
            a[i * N + j] = a[j * N + i] = unit_random(&seed) - .5;
    memcpy(copy, a, sizeof a);
    ck_assert_int_eq(linalg_eigen_symmetric(N, copy, false, values, NULL), STATUS_OK);
    struct krylov_operator dense = {N, multiply_dense, a, NULL};
    struct lanczos_pairs p;
    ck_assert_int_eq(lanczos_eigenpairs(&dense, LOW, HIGH, 1e-11, N, 9, &p, NULL), STATUS_OK);
    ck_assert_uint_eq(p.converged, LOW + HIGH);
    for (size_t i = 0; i < LOW + HIGH; i++) {
        assert_close(p.values[i], values[i < LOW ? i : N - LOW - HIGH + i], 1e-11, 1);
        ck_assert_double_le(p.residuals[i], 1e-10);
        for (size_t j = 0; j <= i; j++)
            assert_close(linalg_dot(N, p.vectors + i * N, p.vectors + j * N), i == j, 1e-12, 1);
    }
    lanczos_pairs_clear(&p);
}
END_TEST

START_TEST(eigenvectors_of_a_reflected_matrix_are_reflected_axes)
{
    use_reflected(400, 8);
    for (size_t i = 0; i < 400; i++)
        r.d[i] = -1 + 2 * (double)i / 400;
    r.d[17] = 5;
    r.d[30] = -4;
    struct lanczos_pairs p;
    ck_assert_int_eq(lanczos_eigenpairs(&op, 1, 1, 1e-12, 100, 1, &p, NULL), STATUS_OK);
    ck_assert_uint_le(p.products, 40);
    assert_close(p.values[0], -4, 1e-13, 0);
    assert_close(p.values[1], 5, 1e-13, 0);
    double *v = p.vectors + 400;
    reflect(&r, v);
    assert_close(fabs(v[17]), 1, 1e-13, 0);
    lanczos_pairs_clear(&p);
}
END_TEST

START_TEST(multiple_eigenvalues_come_once_the_space_is_exhausted)
{
    use_reflected(30, 2);
    for (size_t i = 0; i < 30; i++)
        r.d[i] = floor((double)i / 10); /* 0, 1, 2: ten times each */
    struct lanczos_pairs p;
    ck_assert_int_eq(lanczos_eigenpairs(&op, 15, 20, 1e-10, 1000, 1, &p, NULL), STATUS_OK);
    ck_assert_uint_eq(p.n_smallest + p.n_largest, 30); /* there are no more */
    ck_assert_uint_eq(p.converged, 30);
    for (size_t i = 0; i < 30; i++)
        assert_close(p.values[i], floor((double)i / 10), 1e-13, 1);
    lanczos_pairs_clear(&p);
}
END_TEST

START_TEST(what_has_not_converged_says_so)
{
    use_reflected(1000, 4);
    for (size_t i = 0; i < 1000; i++)
        r.d[i] = (double)i;
    struct lanczos_pairs p;
    ck_assert_int_eq(lanczos_eigenpairs(&op, 3, 3, 1e-10, 25, 1, &p, NULL), STATUS_OK);
    ck_assert_uint_eq(p.converged, 0);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_gt(p.residuals[i], 1e-7);
        ck_assert_double_le(distance_to_spectrum(p.values[i]), p.residuals[i]);
    }
    lanczos_pairs_clear(&p);
    struct krylov_operator bad = {1000, multiply_to_nan, &r, NULL};
    struct error e;
    ck_assert_int_eq(lanczos_eigenpairs(&bad, 1, 1, 1e-10, 25, 1, &p, &e), STATUS_FAILED);
    ck_assert_str_eq(e.message, "a product with the matrix is not finite");
    lanczos_pairs_clear(&p);
}
END_TEST

START_TEST(smallest_matrices)
{
    use_diagonal(1);
    r.d[0] = -3;
    struct lanczos_pairs p;
    ck_assert_int_eq(lanczos_eigenpairs(&op, 2, 2, 1e-10, 10, 1, &p, NULL), STATUS_OK);
    ck_assert_uint_eq(p.n_smallest + p.n_largest, 1);
    assert_close(p.values[0], -3, 1e-15, 0);
    lanczos_pairs_clear(&p);
    ck_assert_int_eq(lanczos_eigenpairs(&op, 0, 0, 1e-10, 10, 1, &p, NULL), STATUS_OK);
    lanczos_pairs_clear(&p);
    use_diagonal(5); /* nothing but zeros */
    ck_assert_int_eq(lanczos_eigenpairs(&op, 0, 2, 1e-10, 10, 1, &p, NULL), STATUS_OK);
    ck_assert_double_eq(p.values[0], 0);
    ck_assert_uint_eq(p.converged, 2);
    lanczos_pairs_clear(&p);
}
END_TEST

/* --- quadrature ----------------------------------------------------------------------------------------------------*/

static struct slq quadrature(size_t probes, size_t steps, uint64_t seed)
{
    struct slq s;
    struct error e = {0};
    ck_assert_msg(slq_init(&s, &op, 1, probes, steps, seed, NULL, &e) == STATUS_OK, "%s", e.message);
    return s;
}

static double square(double x, void *context)
{
    (void)context;
    return x * x;
}

static double to_the_ninth(double x, void *context)
{
    (void)context;
    return pow(x, 9);
}

static double exact_log_determinant(double shift)
{
    double sum = 0;
    for (size_t i = 0; i < r.n; i++)
        sum += log(r.d[i] + shift);
    return sum;
}

static double exact_count(double x)
{
    double sum = 0;
    for (size_t i = 0; i < r.n; i++)
        sum += r.d[i] <= x;
    return sum;
}

/* z^T f(A) z = tr f(A) for every z of signs when A is diagonal: what is left is the error of the quadrature. */
START_TEST(diagonal_matrices_show_the_bounds_alone)
{
    use_diagonal(600);
    for (size_t i = 0; i < 600; i++)
        r.d[i] = i < 200 ? 0 : pow(10, 2 - 12. * (double)(i - 200) / 400);
    double gap[3];
    static const size_t steps[] = {5, 20, 60};
    for (size_t k = 0; k < 3; k++) {
        struct slq s = quadrature(3, steps[k], 7);
        struct slq_estimate x;
        double ninth = 0, squares = 0;
        for (size_t i = 0; i < 600; i++) {
            ninth += pow(r.d[i], 9);
            squares += r.d[i] * r.d[i];
        }
        assert_close(slq_trace(&s, to_the_ninth, NULL).value, ninth, 1e-12, 0); /* 9 < 2 x 5 */
        x = slq_trace(&s, square, NULL);
        assert_close(x.value, squares, 1e-12, 0);
        ck_assert_double_le(x.error, 1e-10 * squares);
        ck_assert(isnan(x.low));
        for (int power = -6; power <= 0; power++) {
            double shift = pow(10, power), exact = exact_log_determinant(shift);
            ck_assert_int_eq(slq_log_determinant(&s, shift, 0, &x, NULL), STATUS_OK);
            ck_assert_msg(x.low <= exact + 1e-9 && exact - 1e-9 <= x.high && x.low <= x.value && x.value <= x.high,
                          "%zu steps, shift %g: %g not in [%g, %g]", steps[k], shift, exact, x.low, x.high);
            gap[k] = x.high - x.low; /* of the last, shift 1 */
        }
        for (int j = 0; j < 14; j++) {
            double at = 1e-9 * pow(7, j);
            x = slq_count(&s, at);
            ck_assert_msg(x.low <= exact_count(at) + 1e-9 && exact_count(at) - 1e-9 <= x.high && x.low <= x.value &&
                              x.value <= x.high,
                          "%zu steps: %g eigenvalues below %g, not in [%g, %g]", steps[k], exact_count(at), at, x.low,
                          x.high);
        }
        slq_clear(&s);
    }
    ck_assert_double_lt(gap[1], gap[0] / 10);
    ck_assert_double_lt(gap[2], 1e-6);
}
END_TEST

/* A - 1/2 with everything moved along has the same log-determinant and the same bounds. */
START_TEST(bounds_move_with_the_spectrum)
{
    struct slq_estimate x, moved;
    use_diagonal(300);
    for (size_t i = 0; i < 300; i++)
        r.d[i] = 3 * pow((double)i / 299, 3);
    struct slq s = quadrature(2, 8, 7);
    ck_assert_int_eq(slq_log_determinant(&s, .01, 0, &x, NULL), STATUS_OK);
    ck_assert_double_gt(x.high - x.low, 1);
    slq_clear(&s);
    for (size_t i = 0; i < 300; i++)
        r.d[i] -= .5;
    s = quadrature(2, 8, 7);
    ck_assert_int_eq(slq_log_determinant(&s, .51, -.5, &moved, NULL), STATUS_OK);
    assert_close(moved.low, x.low, 1e-9, 0);
    assert_close(moved.high, x.high, 1e-9, 0);
    slq_clear(&s);
}
END_TEST

START_TEST(exhausted_probes_are_exact)
{
    use_diagonal(200);
    for (size_t i = 0; i < 200; i++)
        r.d[i] = (double)(1 + i % 9);
    struct slq s = quadrature(2, 50, 1);
    struct slq_estimate x, count = slq_count(&s, 4.5);
    ck_assert_uint_eq(s.steps[0], 9);
    ck_assert_int_eq(slq_log_determinant(&s, 0, .5, &x, NULL), STATUS_OK);
    assert_close(x.value, exact_log_determinant(0), 1e-13, 0);
    ck_assert(x.low >= x.high && x.low <= x.high);
    assert_close(count.value, exact_count(4.5), 1e-12, 0);
    ck_assert(count.low >= count.high && count.low <= count.high);
    slq_clear(&s);
}
END_TEST

/* Over 80 seeds the deviations are 0.8 to 1.3 of the stated standard errors, and never more than 5. */
static void assert_honest(size_t n_scores, const double *scores, const char *what)
{
    double squares = 0;
    for (size_t i = 0; i < n_scores; i++) {
        squares += scores[i] * scores[i];
        ck_assert_msg(fabs(scores[i]) < 5, "%s: %g standard errors off", what, scores[i]);
    }
    double deviation = sqrt(squares / (double)n_scores);
    ck_assert_msg(deviation > .8 && deviation < 1.3, "%s: scores deviate by %g", what, deviation);
}

START_TEST(standard_errors_are_honest)
{
    enum { SEEDS = 80 };
    double traces[SEEDS], determinants[SEEDS], counts[SEEDS], trace = 0;
    use_reflected(100, 11);
    for (size_t i = 0; i < 100; i++) {
        r.d[i] = i < 40 ? 0 : pow(10, -4. * (double)(i - 40) / 60);
        trace += r.d[i] * r.d[i];
    }
    for (size_t k = 0; k < SEEDS; k++) {
        struct slq s = quadrature(20, 60, 1000 + k);
        struct slq_estimate x = slq_trace(&s, square, NULL), count = slq_count(&s, 1e-5);
        traces[k] = (x.value - trace) / x.error;
        counts[k] = (count.value - 40) / count.error;
        ck_assert_int_eq(slq_log_determinant(&s, 1e-3, 0, &x, NULL), STATUS_OK);
        ck_assert_double_le(x.high - x.low, x.error / 100);
        determinants[k] = (x.value - exact_log_determinant(1e-3)) / x.error;
        slq_clear(&s);
    }
    assert_honest(SEEDS, traces, "trace");
    assert_honest(SEEDS, determinants, "log-determinant");
    assert_honest(SEEDS, counts, "count");
}
END_TEST

START_TEST(density_is_the_smoothed_spectrum)
{
    enum { POINTS = 41 };
    double x[POINTS], density[POINTS], errors[POINTS], width = .3;
    use_reflected(300, 6);
    for (size_t i = 0; i < 300; i++)
        r.d[i] = i < 150 ? 0 : 1 + 4 * (double)(i - 150) / 150;
    for (size_t i = 0; i < POINTS; i++)
        x[i] = -2 + 9 * (double)i / (POINTS - 1);
    struct slq s = quadrature(40, 60, 2);
    slq_density(&s, width, POINTS, x, density, errors);
    double whole = 0;
    for (size_t i = 0; i < POINTS; i++) {
        double exact = 0;
        for (size_t j = 0; j < 300; j++)
            exact += exp(-pow((x[i] - r.d[j]) / width, 2) / 2) / (width * sqrt(2 * M_PI));
        ck_assert_msg(fabs(density[i] - exact) <= 4 * errors[i] + 1e-6, "at %g: %g, exact %g", x[i], density[i], exact);
        whole += density[i] * (x[1] - x[0]);
    }
    assert_close(whole, 300, 1e-6, 0); /* weights add up to 1: no spread in the whole */
    slq_clear(&s);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static struct krylov_operator operators[7];
    struct slq s[3];
    use_reflected(500, 12);
    for (size_t i = 0; i < 500; i++)
        r.d[i] = pow(10, -8. * (double)i / 500);
    for (size_t i = 0; i < 7; i++)
        operators[i] = op;
    for (size_t k = 0; k < 3; k++)
        ck_assert_int_eq(slq_init(&s[k], operators, (size_t[]){1, 2, 7}[k], 5, 30, 3, NULL, NULL), STATUS_OK);
    for (size_t k = 1; k < 3; k++) {
        ck_assert_mem_eq(s[0].nodes, s[k].nodes, 150 * sizeof(double));
        ck_assert_mem_eq(s[0].weights, s[k].weights, 150 * sizeof(double));
        slq_clear(&s[k]);
    }
    ck_assert_double_ne(s[0].nodes[0], s[0].nodes[30]); /* and probes differ */
    slq_clear(&s[0]);
}
END_TEST

static void multiply_harmonic(const double *v, double *av, void *context)
{
    for (size_t i = 0; i < *(const size_t *)context; i++)
        av[i] = v[i] / (double)(i + 1);
}

/* Long vectors, for which BLAS would take threads of its own and add up in another order. */
START_TEST(threads_of_blas_change_no_bit)
{
    size_t n = 60000;
    struct krylov_operator harmonic = {n, multiply_harmonic, &n, NULL};
    struct slq s[2];
    int before = linalg_set_threads(1);
    ck_assert_int_eq(slq_init(&s[0], &harmonic, 1, 2, 6, 3, NULL, NULL), STATUS_OK);
    linalg_set_threads(2);
    ck_assert_int_eq(slq_init(&s[1], &harmonic, 1, 2, 6, 3, NULL, NULL), STATUS_OK);
    ck_assert_int_eq(linalg_set_threads(before), 2); /* left as it was */
    ck_assert_mem_eq(s[0].nodes, s[1].nodes, 12 * sizeof(double));
    ck_assert_mem_eq(s[0].weights, s[1].weights, 12 * sizeof(double));
    slq_clear(&s[0]);
    slq_clear(&s[1]);
}
END_TEST

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

START_TEST(quadrature_refuses_what_it_cannot_say)
{
    use_reflected(100, 13);
    for (size_t i = 0; i < 100; i++)
        r.d[i] = i ? 1 : -.1;
    struct slq s = quadrature(4, 20, 1);
    struct slq_estimate x;
    struct error e;
    ck_assert_int_eq(slq_log_determinant(&s, .05, -.2, &x, &e), STATUS_REFUSED);
    ck_assert_str_eq(e.message, "-0.2 + 0.05 is not positive: the determinant has no logarithm");
    ck_assert_int_eq(slq_log_determinant(&s, .05, 0, &x, &e), STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.message, "the matrix has an eigenvalue below 0"));
    ck_assert_int_eq(slq_log_determinant(&s, .2, -.1, &x, &e), STATUS_OK);
    slq_clear(&s);
    for (size_t i = 0; i < 100; i++)
        r.d[i] = (double)i - 3;
    s = quadrature(4, 20, 1);
    ck_assert_int_eq(slq_log_determinant(&s, 100, 0, &x, &e), STATUS_REFUSED); /* positive, but `lowest` is wrong */
    ck_assert_ptr_nonnull(strstr(e.message, "the matrix has an eigenvalue below 0 (at most -"));
    slq_clear(&s);
    for (size_t i = 0; i < 100; i++)
        r.d[i] = i < 50 ? 0 : (double)i;
    s = quadrature(4, 20, 1);
    ck_assert_int_eq(slq_log_determinant(&s, 1e-14, 0, &x, &e), STATUS_REFUSED);
    ck_assert(strstr(e.message, "is 0 but for rounding") || /* rounding decides on which side of 0 it is */
              strstr(e.message, "the matrix has an eigenvalue below 0"));
    slq_clear(&s);
    op.product = multiply_to_nan;
    ck_assert_int_eq(slq_init(&s, &op, 1, 4, 20, 1, NULL, &e), STATUS_FAILED);
    slq_clear(&s);
    op.product = multiply_reflected;
    struct reporter stop = {.stop_requested = stop_at_once};
    ck_assert_int_eq(slq_init(&s, &op, 1, 4, 20, 1, &stop, &e), STATUS_INTERRUPTED);
    slq_clear(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanczos");
    TCase *pairs = tcase_create("pairs");
    tcase_add_test(pairs, process_keeps_its_relation_and_its_rows_orthonormal);
    tcase_add_test(pairs, process_sees_that_a_space_is_exhausted);
    tcase_add_test(pairs, eigenpairs_of_a_random_matrix_are_lapacks);
    tcase_add_test(pairs, eigenvectors_of_a_reflected_matrix_are_reflected_axes);
    tcase_add_test(pairs, multiple_eigenvalues_come_once_the_space_is_exhausted);
    tcase_add_test(pairs, what_has_not_converged_says_so);
    tcase_add_test(pairs, smallest_matrices);
    suite_add_tcase(suite, pairs);
    TCase *quadratures = tcase_create("quadrature");
    tcase_add_test(quadratures, diagonal_matrices_show_the_bounds_alone);
    tcase_add_test(quadratures, bounds_move_with_the_spectrum);
    tcase_add_test(quadratures, exhausted_probes_are_exact);
    tcase_add_test(quadratures, standard_errors_are_honest);
    tcase_add_test(quadratures, density_is_the_smoothed_spectrum);
    tcase_add_test(quadratures, any_number_of_threads_gives_the_same_bits);
    tcase_add_test(quadratures, threads_of_blas_change_no_bit);
    tcase_add_test(quadratures, quadrature_refuses_what_it_cannot_say);
    suite_add_tcase(suite, quadratures);
    return testing_main(suite);
}
