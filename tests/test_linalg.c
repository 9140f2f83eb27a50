/* The linear algebra boundary: plain loops for products, closed forms and defining equations for decompositions. */
#include "solver/linalg.h"
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *new_numbers(size_t n)
{
    double *x = calloc(n > 0 ? n : 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

static double *random_matrix(size_t n, uint64_t stream)
{
    double *x = new_numbers(n);
    struct random_stream r = random_stream(31, stream);
    random_normals(&r, n, x);
    return x;
}

static double largest_difference(size_t n, const double *a, const double *b)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* (m, n, k) with padded rows in memory; op(A)_ij is a[i lda + j] or, transposed, a[j lda + i]. */
static const size_t shapes[][3] = {{1, 1, 1}, {3, 4, 5}, {7, 2, 1}, {17, 33, 9}, {2, 3, 0}, {0, 3, 2}};

START_TEST(products_are_sums_of_products)
{
    size_t m = shapes[_i / 4][0], n = shapes[_i / 4][1], k = shapes[_i / 4][2];
    enum linalg_form form_a = _i % 2 ? LINALG_TRANSPOSED : LINALG_PLAIN,
                     form_b = _i / 2 % 2 ? LINALG_TRANSPOSED : LINALG_PLAIN;
    size_t lda = (form_a == LINALG_PLAIN ? k : m) + 2, ldb = (form_b == LINALG_PLAIN ? n : k) + 1, ldc = n + 3;
    double *a = random_matrix(lda * (m + k), 1), *b = random_matrix(ldb * (n + k), 2), *c = random_matrix(ldc * m, 3),
           *expected = new_numbers(ldc * m);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ldc; j++) {
            double sum = 0;
            for (size_t l = 0; l < k && j < n; l++)
                sum += (form_a == LINALG_PLAIN ? a[i * lda + l] : a[l * lda + i]) *
                       (form_b == LINALG_PLAIN ? b[l * ldb + j] : b[j * ldb + l]);
            expected[i * ldc + j] = j < n ? 1.5 * sum - 0.5 * c[i * ldc + j] : c[i * ldc + j];
        }
    linalg_multiply(form_a, form_b, m, n, k, 1.5, a, lda, b, ldb, -0.5, c, ldc);
    ck_assert_double_le(largest_difference(ldc * m, c, expected), 1e-13);
    free(a), free(b), free(c), free(expected);
}
END_TEST

START_TEST(products_with_vectors)
{
    size_t m = shapes[_i / 2][0], n = shapes[_i / 2][1], lda = n + 2;
    bool transposed = _i % 2;
    size_t rows = transposed ? n : m, columns = transposed ? m : n;
    double *a = random_matrix(lda * m, 1), *x = random_matrix(columns, 2), *y = random_matrix(rows, 3),
           *expected = new_numbers(rows);
    for (size_t i = 0; i < rows; i++) {
        expected[i] = 0.25 * y[i];
        for (size_t j = 0; j < columns; j++)
            expected[i] += 2 * (transposed ? a[j * lda + i] : a[i * lda + j]) * x[j];
    }
    linalg_multiply_vector(transposed ? LINALG_TRANSPOSED : LINALG_PLAIN, m, n, 2, a, lda, x, 0.25, y);
    ck_assert_double_le(largest_difference(rows, y, expected), 1e-13);
    free(a), free(x), free(y), free(expected);
}
END_TEST

/* beta = 0 writes over whatever was there. */
START_TEST(beta_zero_overwrites_nan)
{
    double a[4] = {1, 2, 3, 4}, x[2] = {1, 1}, c[4] = {NAN, NAN, NAN, NAN}, y[2] = {NAN, NAN};
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, 2, 2, 2, 1, a, 2, a, 2, 0, c, 2);
    ck_assert_double_eq(c[0], 7);
    ck_assert_double_eq(c[3], 22);
    linalg_multiply_vector(LINALG_PLAIN, 2, 2, 1, a, 2, x, 0, y);
    ck_assert_double_eq(y[0], 3);
    ck_assert_double_eq(y[1], 7);
}
END_TEST

START_TEST(gram_fills_the_upper_triangle_and_mirror_the_lower)
{
    enum { M = 9, N = 67, LDC = N + 1 };
    double *a = random_matrix((size_t)M * N, 1), *c = new_numbers((size_t)N * LDC);
    for (size_t i = 0; i < (size_t)N * LDC; i++)
        c[i] = 0.5;
    linalg_gram(M, N, 2, a, N, 3, c, LDC);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double sum = 1.5;
            for (size_t l = 0; l < M; l++)
                sum += 2 * a[l * N + i] * a[l * N + j];
            assert_close(c[i * LDC + j], j >= i ? sum : 0.5, 1e-13, 10);
        }
    linalg_mirror_upper(N, c, LDC);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq(c[i * LDC + N], 0.5);
        for (size_t j = 0; j < i; j++)
            ck_assert_double_eq(c[i * LDC + j], c[j * LDC + i]);
    }
    free(a), free(c);
}
END_TEST

START_TEST(sums_over_vectors)
{
    double x[3] = {1, -2, 3}, y[3] = {4, 5, 6};
    ck_assert_double_eq(linalg_dot(3, x, y), 12);
    linalg_axpy(3, -2, x, y);
    ck_assert_double_eq(y[0], 2);
    ck_assert_double_eq(y[1], 9);
    ck_assert_double_eq(y[2], 0);
    assert_close(linalg_norm(2, (double[2]){3e300, 4e300}), 5e300, 1e-15, 0);
    assert_close(linalg_norm(2, (double[2]){3e-300, 4e-300}), 5e-300, 1e-15, 0);
    ck_assert_double_eq(linalg_norm(0, x), 0);
    ck_assert_double_eq(linalg_dot(0, x, y), 0);
}
END_TEST

/* Eigenvalues of the second-difference matrix: 2 - 2 cos(k pi / (n + 1)). The lower triangle is never read. */
START_TEST(eigenvalues_of_second_differences)
{
    size_t n = 60;
    bool vectors = _i;
    double *a = new_numbers(n * n), values[60];
    for (size_t i = 0; i < n; i++) {
        a[i * n + i] = 2;
        if (i + 1 < n)
            a[i * n + i + 1] = -1;
        for (size_t j = 0; j < i; j++)
            a[i * n + j] = NAN;
    }
    ck_assert_int_eq(linalg_eigen_symmetric(n, a, vectors, values, NULL), STATUS_OK);
    for (size_t k = 0; k < n; k++)
        assert_close(values[k], 2 - 2 * cos((double)(k + 1) * M_PI / (double)(n + 1)), 1e-14, 4);
    /* vector k is sin((k + 1)(j + 1) pi/(n + 1)), normalised, up to its sign */
    for (size_t k = 0; k < n && vectors; k++) {
        double sign = a[k * n] > 0 ? 1 : -1;
        for (size_t j = 0; j < n; j++)
            assert_close(sign * a[k * n + j],
                         sqrt(2 / (double)(n + 1)) * sin((double)((k + 1) * (j + 1)) * M_PI / (double)(n + 1)), 1e-12,
                         1);
    }
    free(a);
}
END_TEST

START_TEST(what_is_not_finite_is_refused)
{
    struct error e;
    double values[2], x[2], bad = _i ? NAN : INFINITY;
    ck_assert_int_eq(linalg_eigen_symmetric(2, (double[4]){1, bad, 0, 1}, true, values, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "not finite"));
    ck_assert_int_eq(linalg_svd(2, 2, (double[4]){1, 0, bad, 1}, values, NULL, NULL, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "not finite"));
    ck_assert_int_eq(linalg_least_squares(2, 2, (double[4]){1, 0, 0, 1}, (double[2]){1, bad}, 0, x, NULL, &e),
                     STATUS_FAILED);
    ck_assert_int_eq(linalg_svd(0, 2, values, values, NULL, NULL, &e), STATUS_FAILED);
}
END_TEST

/* A = P diag(s) Q with reflections P and Q has the singular values s. */
static void reflect_rows(size_t m, size_t n, double *a, const double *v)
{
    double square = linalg_dot(m, v, v);
    for (size_t j = 0; j < n; j++) {
        double along = 0;
        for (size_t i = 0; i < m; i++)
            along += v[i] * a[i * n + j];
        for (size_t i = 0; i < m; i++)
            a[i * n + j] -= 2 * along / square * v[i];
    }
}

static void reflect_columns(size_t m, size_t n, double *a, const double *v)
{
    double square = linalg_dot(n, v, v);
    for (size_t i = 0; i < m; i++) {
        double along = linalg_dot(n, v, a + i * n);
        linalg_axpy(n, -2 * along / square, v, a + i * n);
    }
}

static double singular_value(size_t i, size_t rank)
{
    return i < rank ? 3 * pow(0.5, (double)i) : 0;
}

static double *matrix_of_rank(size_t m, size_t n, size_t rank)
{
    double *a = new_numbers(m * n), *p = random_matrix(m, 1), *q = random_matrix(n, 2);
    for (size_t i = 0; i < rank; i++)
        a[i * n + i] = singular_value(i, rank);
    reflect_rows(m, n, a, p);
    reflect_columns(m, n, a, q);
    free(p), free(q);
    return a;
}

static void check_orthogonal(size_t n, const double *q)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            assert_close(linalg_dot(n, q + i * n, q + j * n), i == j, 1e-13, 1);
}

/* Rows (m, n), rank, and which vectors are wanted (bit 0: u, bit 1: vt). */
static const size_t svd_shapes[][3] = {{6, 6, 6}, {9, 4, 3}, {4, 9, 3}, {40, 7, 7}, {7, 40, 5}, {1, 5, 1}, {5, 1, 1}};

START_TEST(singular_values_and_vectors)
{
    size_t m = svd_shapes[_i / 4][0], n = svd_shapes[_i / 4][1], rank = svd_shapes[_i / 4][2];
    size_t least = m < n ? m : n;
    double *a = matrix_of_rank(m, n, rank), *kept = new_numbers(m * n), *u = _i & 1 ? new_numbers(m * m) : NULL,
           *vt = _i & 2 ? new_numbers(n * n) : NULL, values[8];
    memcpy(kept, a, m * n * sizeof *a);
    ck_assert_int_eq(linalg_svd(m, n, a, values, u, vt, NULL), STATUS_OK);
    for (size_t i = 0; i < least; i++)
        assert_close(values[i], singular_value(i, rank), 1e-14, 3);
    if (u)
        check_orthogonal(m, u);
    if (vt)
        check_orthogonal(n, vt);
    /* A v_i = s_i u_i; u_i^T A = s_i v_i^T; where only one kind is there, their lengths */
    for (size_t i = 0; i < n && vt; i++) {
        double image[40];
        linalg_multiply_vector(LINALG_PLAIN, m, n, 1, kept, n, vt + i * n, 0, image);
        if (u && i < least)
            for (size_t k = 0; k < m; k++)
                assert_close(image[k], values[i] * u[k * m + i], 1e-13, 3);
        assert_close(linalg_norm(m, image), i < least ? values[i] : 0, 1e-13, 3);
    }
    for (size_t i = 0; i < m && u; i++) {
        double column[40], image[40];
        for (size_t k = 0; k < m; k++)
            column[k] = u[k * m + i];
        linalg_multiply_vector(LINALG_TRANSPOSED, m, n, 1, kept, n, column, 0, image);
        assert_close(linalg_norm(n, image), i < least ? values[i] : 0, 1e-13, 3);
    }
    free(a), free(kept), free(u), free(vt);
}
END_TEST

/* Beside LAPACK's one-stage decomposition, over one, two and more bands of 64: values, zeros among them, and a vector
 * in the basis of left singular vectors. */
static const size_t value_shapes[][3] = {{64, 64, 64},   {65, 65, 65},  {1, 5, 1},       {5, 1, 1},    {150, 130, 90},
                                         {130, 150, 90}, {140, 20, 20}, {300, 200, 200}, {20, 140, 13}};

START_TEST(singular_values_alone)
{
    size_t m = value_shapes[_i][0], n = value_shapes[_i][1], rank = value_shapes[_i][2], least = m < n ? m : n;
    double *left = random_matrix(m * rank, 6), *right = random_matrix(rank * n, 7), *a = new_numbers(m * n),
           *again = new_numbers(m * n), *u = new_numbers(m * m), *c = random_matrix(m, 8), *kept = new_numbers(m),
           *values = new_numbers(least), *expected = new_numbers(least), outside = 0, reached = 0;
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, m, n, rank, 1, left, rank, right, n, 0, a, n);
    memcpy(again, a, m * n * sizeof *a);
    memcpy(kept, c, m * sizeof *c);
    ck_assert_int_eq(linalg_svd(m, n, again, expected, u, NULL, NULL), STATUS_OK);
    ck_assert_int_eq(linalg_singular_values(m, n, a, values, c, NULL, NULL), STATUS_OK);
    ck_assert_double_le(largest_difference(least, values, expected), 1e-14 * (double)(m + n) * expected[0]);
    for (size_t i = 0; i < m; i++) {
        double along = 0;
        for (size_t k = 0; k < m; k++)
            along += u[k * m + i] * kept[k];
        if (i < rank) /* the others are free to turn among themselves */
            assert_close(fabs(c[i]), fabs(along), 1e-9, 1);
        else {
            outside = hypot(outside, along);
            reached = hypot(reached, c[i]);
        }
    }
    assert_close(reached, outside, 1e-11, 1);
    free(left), free(right), free(a), free(again), free(u), free(c), free(kept), free(values), free(expected);
}
END_TEST

/* --- large symmetric matrices --------------------------------------------------------------------------------------
 */

/* Side and rank: over one, two and more bands of 64, full, empty and between. */
static const size_t symmetric_shapes[][2] = {{1, 1},   {1, 0},     {5, 3},     {64, 64},  {65, 40}, {66, 66},
                                             {130, 0}, {129, 128}, {200, 130}, {200, 20}, {192, 70}};

/* Not in order, of both signs, and 0 from the rank on. */
static double planted_eigenvalue(size_t i, size_t rank)
{
    return i < rank ? (i % 3 ? 2 : -3) * pow(0.95, (double)i) : 0;
}

/* P2 P1 diag P1 P2 with reflections P by p1 and p2. */
static double *symmetric_of_rank(size_t n, size_t rank, const double *p1, const double *p2)
{
    double *a = new_numbers(n * n);
    for (size_t i = 0; i < n; i++)
        a[i * n + i] = planted_eigenvalue(i, rank);
    reflect_rows(n, n, a, p1);
    reflect_columns(n, n, a, p1);
    reflect_rows(n, n, a, p2);
    reflect_columns(n, n, a, p2);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            a[i * n + j] = NAN; /* is not read */
    return a;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

START_TEST(symmetric_matrices_by_their_band)
{
    size_t n = symmetric_shapes[_i][0], rank = symmetric_shapes[_i][1], null = n - rank;
    double *p1 = random_matrix(n, 1), *p2 = random_matrix(n, 2), *a = symmetric_of_rank(n, rank, p1, p2),
           *expected = new_numbers(n), *v = new_numbers(null * n);
    struct linalg_symmetric *s = NULL;
    for (size_t i = 0; i < n; i++)
        expected[i] = planted_eigenvalue(i, rank);
    qsort(expected, n, sizeof *expected, ascending);
    ck_assert_int_eq(linalg_symmetric_new(n, a, NULL, &s, NULL), STATUS_OK);
    ck_assert_double_le(largest_difference(n, linalg_symmetric_values(s), expected), 1e-13);
    ck_assert_int_eq(linalg_symmetric_null(s, null, v, NULL, NULL), STATUS_OK);
    /* orthonormal, and back before the reflections nothing of it is along the first `rank` axes */
    for (size_t i = 0; i < null; i++)
        for (size_t j = 0; j <= i; j++)
            assert_close(linalg_dot(n, v + i * n, v + j * n), i == j, 1e-12, 1);
    reflect_columns(null, n, v, p2);
    reflect_columns(null, n, v, p1);
    for (size_t i = 0; i < null; i++)
        ck_assert_double_le(linalg_norm(rank, v + i * n), 1e-11);
    linalg_symmetric_free(s);
    free(p1), free(p2), free(a), free(expected), free(v);
}
END_TEST

/* Not at zero but nearest to it: of second differences less their value 6 the eigenvectors 5, 6 and 7 span the space.
 */
START_TEST(vectors_of_the_values_nearest_to_zero)
{
    enum { N = 150 };
    double *a = new_numbers((size_t)N * N), *v = new_numbers((size_t)3 * N), angle = M_PI / (N + 1);
    struct linalg_symmetric *s = NULL;
    for (size_t i = 0; i < N; i++) {
        a[i * N + i] = 2 * cos(6 * angle);
        if (i + 1 < N)
            a[i * N + i + 1] = -1;
    }
    ck_assert_int_eq(linalg_symmetric_new(N, a, NULL, &s, NULL), STATUS_OK);
    ck_assert_int_eq(linalg_symmetric_null(s, 3, v, NULL, NULL), STATUS_OK);
    for (size_t k = 5; k <= 7; k++) { /* sin k j angle, j = 1, ..., N: all of it is in the span of the rows */
        double inside = 0;
        for (size_t i = 0; i < 3; i++) {
            double along = 0;
            for (size_t j = 0; j < N; j++)
                along += v[i * N + j] * sqrt(2.0 / (N + 1)) * sin((double)(k * (j + 1)) * angle);
            inside += along * along;
        }
        assert_close(inside, 1, 1e-6, 1); /* value 4 is 20/13 as far as 7: (13/20)^40 = 3e-8 by 20 solves */
    }
    linalg_symmetric_free(s);
    free(a), free(v);
}
END_TEST

START_TEST(large_symmetric_matrices_refuse)
{
    struct error e;
    struct linalg_symmetric *s = NULL;
    ck_assert_int_eq(linalg_symmetric_new(0, NULL, NULL, &s, &e), STATUS_FAILED);
    linalg_symmetric_free(s);
    ck_assert_int_eq(linalg_symmetric_new(2, (double[4]){1, NAN, 0, 1}, NULL, &s, &e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(e.message, "not finite"));
    linalg_symmetric_free(s);
    linalg_symmetric_free(NULL);
}
END_TEST

/* --- stopping ------------------------------------------------------------------------------------------------------
 */

/* Asked to stop at the question after `left` more; progress must not go back. */
struct patience {
    int left, asked;
    double done;
};

static bool stop_after(void *context)
{
    struct patience *p = context;
    p->asked++;
    return p->left-- == 0;
}

static void note_progress(void *context, double done, const char *what)
{
    struct patience *p = context;
    ck_assert_double_ge(done, p->done);
    ck_assert_double_le(done, 1);
    ck_assert_ptr_nonnull(what);
    p->done = done;
}

/* Which: singular values of (150, 200), (200, 150) or (200, 200), eigenvalues of (200, 200) of rank 100, or its null
 * vectors. */
static enum status long_work(int which, struct patience *p)
{
    static const size_t sizes[][2] = {{150, 200}, {200, 150}, {200, 200}, {200, 200}, {200, 200}};
    size_t m = sizes[which][0], n = sizes[which][1];
    struct reporter reporter = {.progress = note_progress, .stop_requested = stop_after, .context = p};
    double *p1 = random_matrix(n, 1), *p2 = random_matrix(n, 2), *values = new_numbers(200),
           *a = which < 3 ? random_matrix(m * n, 1) : symmetric_of_rank(n, 100, p1, p2), *v = new_numbers(100 * n);
    struct linalg_symmetric *s = NULL;
    enum status status;
    if (which < 3)
        status = linalg_singular_values(m, n, a, values, NULL, &reporter, NULL);
    else
        status = linalg_symmetric_new(n, a, which == 3 ? &reporter : NULL, &s, NULL);
    if (which == 4 && !status)
        status = linalg_symmetric_null(s, 100, v, &reporter, NULL);
    linalg_symmetric_free(s);
    free(p1), free(p2), free(a), free(values), free(v);
    return status;
}

START_TEST(long_work_can_be_stopped_anywhere)
{
    linalg_set_threads(1); /* on a busy machine several only wait for each other */
    struct patience whole = {.left = -1};
    ck_assert_int_eq(long_work(_i, &whole), STATUS_OK);
    ck_assert_int_ge(whole.asked, 3);
    for (int k = 0; k < whole.asked; k++) {
        struct patience p = {.left = k};
        ck_assert_int_eq(long_work(_i, &p), STATUS_INTERRUPTED);
        ck_assert_int_eq(p.asked, k + 1);
    }
}
END_TEST

START_TEST(cholesky_solves)
{
    enum { N = 20, COLUMNS = 3 };
    double *b = random_matrix((size_t)N * N, 1), *a = new_numbers((size_t)N * N), *factor = new_numbers((size_t)N * N),
           *x = random_matrix((size_t)N * COLUMNS, 2), *y = new_numbers((size_t)N * COLUMNS);
    linalg_gram(N, N, 1, b, N, 0, a, N);
    linalg_mirror_upper(N, a, N);
    for (size_t i = 0; i < N; i++)
        a[i * N + i] += 1;
    memcpy(factor, a, (size_t)N * N * sizeof *a);
    linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, N, COLUMNS, N, 1, a, N, x, COLUMNS, 0, y, COLUMNS);
    ck_assert_int_eq(linalg_cholesky(N, factor, NULL), STATUS_OK);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j <= i; j++)
            assert_close(linalg_dot(j + 1, factor + i * N, factor + j * N), a[i * N + j], 1e-13, 10);
    linalg_cholesky_solve(N, COLUMNS, factor, y);
    ck_assert_double_le(largest_difference((size_t)N * COLUMNS, x, y), 1e-11);
    free(a), free(b), free(factor), free(x), free(y);
}
END_TEST

START_TEST(cholesky_refuses_what_is_not_positive_definite)
{
    struct error e;
    double a[4] = {1, 0, 2, 1};
    ck_assert_int_eq(linalg_cholesky(2, a, &e), STATUS_REFUSED);
    ck_assert_str_eq(e.message, "Cholesky: the matrix is not positive definite (at row 2)");
}
END_TEST

/* The solution of least norm of a rank-deficient system: from its singular vectors, x = sum (u.b / s) v. */
START_TEST(least_squares_of_least_norm)
{
    size_t m = svd_shapes[_i][0], n = svd_shapes[_i][1], expected_rank = svd_shapes[_i][2], rank = 99;
    double *a = matrix_of_rank(m, n, expected_rank), *again = new_numbers(m * n), *b = random_matrix(m, 5),
           *u = new_numbers(m * m), *vt = new_numbers(n * n), values[8], x[40], expected[40] = {0};
    memcpy(again, a, m * n * sizeof *a);
    ck_assert_int_eq(linalg_svd(m, n, again, values, u, vt, NULL), STATUS_OK);
    for (size_t i = 0; i < expected_rank; i++) {
        double along = 0;
        for (size_t k = 0; k < m; k++)
            along += u[k * m + i] * b[k];
        linalg_axpy(n, along / values[i], vt + i * n, expected);
    }
    ck_assert_int_eq(linalg_least_squares(m, n, a, b, 1e-10, x, &rank, NULL), STATUS_OK);
    ck_assert_uint_eq(rank, expected_rank);
    ck_assert_double_le(largest_difference(n, x, expected), 1e-11);
    free(a), free(again), free(b), free(u), free(vt);
}
END_TEST

START_TEST(threads_are_set_and_given_back)
{
    int before = linalg_set_threads(1);
    ck_assert_int_ge(before, 1);
    ck_assert_int_eq(linalg_set_threads(before), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("linalg");
    TCase *products = tcase_create("products");
    enum { SHAPES = sizeof shapes / sizeof shapes[0], SVD_SHAPES = sizeof svd_shapes / sizeof svd_shapes[0] };
    tcase_add_loop_test(products, products_are_sums_of_products, 0, 4 * SHAPES);
    tcase_add_loop_test(products, products_with_vectors, 0, 2 * SHAPES);
    tcase_add_test(products, beta_zero_overwrites_nan);
    tcase_add_test(products, gram_fills_the_upper_triangle_and_mirror_the_lower);
    tcase_add_test(products, sums_over_vectors);
    tcase_add_test(products, threads_are_set_and_given_back);
    suite_add_tcase(suite, products);
    TCase *decompositions = tcase_create("decompositions");
    tcase_add_loop_test(decompositions, eigenvalues_of_second_differences, 0, 2);
    tcase_add_loop_test(decompositions, what_is_not_finite_is_refused, 0, 2);
    tcase_add_loop_test(decompositions, singular_values_and_vectors, 0, 4 * SVD_SHAPES);
    tcase_add_loop_test(decompositions, singular_values_alone, 0, sizeof value_shapes / sizeof value_shapes[0]);
    tcase_add_loop_test(decompositions, symmetric_matrices_by_their_band, 0,
                        sizeof symmetric_shapes / sizeof symmetric_shapes[0]);
    tcase_add_test(decompositions, vectors_of_the_values_nearest_to_zero);
    tcase_add_test(decompositions, large_symmetric_matrices_refuse);
    tcase_add_loop_test(decompositions, long_work_can_be_stopped_anywhere, 0, 5);
    tcase_add_test(decompositions, cholesky_solves);
    tcase_add_test(decompositions, cholesky_refuses_what_is_not_positive_definite);
    tcase_add_loop_test(decompositions, least_squares_of_least_norm, 0, SVD_SHAPES);
    suite_add_tcase(suite, decompositions);
    return testing_main(suite);
}
