/* Products of small matrices with panels against plain loops over whole numbers, whose sums are exact in any order. */
#include "solver/random.h"
#include "solver/thin.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>

/* Every remainder of the tiles (6 rows; 4 by 2), of the registers (2, 4, 8 numbers) and of two of them; then one for
 * BLAS. */
static const size_t heights[] = {0, 1, 2, 3, 4, 5, 6, 7, 13, 26},
                    lengths[] = {0, 1, 2, 3, 5, 7, 8, 9, 10, 15, 16, 17, 24, 25, 40, 47, 133},
                    depths[] = {0, 1, 2, 5, 64};
enum { HEIGHTS = 10, LENGTHS = 17, DEPTHS = 5, LARGE_M = 530, LARGE_N = 21, LARGE_K = 520 };
static const double UNTOUCHED = 1e300;

static double *whole_numbers(struct random_stream *r, size_t n)
{
    double *x = malloc((n + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)random_below(r, 33) - 16;
    return x;
}

static double *filled(size_t n, double value)
{
    double *x = malloc((n + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[i] = value;
    return x;
}

static void assert_multiplied(struct random_stream *r, enum linalg_form form, size_t m, size_t n, size_t k, bool start)
{
    bool plain = form == LINALG_PLAIN;
    size_t ldw = (plain ? k : m) + 3, ldb = n + 5, ldc = n + 2;
    double *w = whole_numbers(r, ldw * (plain ? m : k)), *from = whole_numbers(r, m), *b = whole_numbers(r, ldb * k),
           *c = filled(ldc * m, UNTOUCHED);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            c[i * ldc + j] = NAN;
    thin_multiply(form, m, n, k, w, ldw, start ? from : NULL, b, ldb, c, ldc);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ldc; j++) {
            double sum = start ? from[i] : 0;
            for (size_t p = 0; p < k && j < n; p++)
                sum += (plain ? w[i * ldw + p] : w[p * ldw + i]) * b[p * ldb + j];
            ck_assert_msg(c[i * ldc + j] == (j < n ? sum : UNTOUCHED), "(%zu, %zu, %zu) at %zu, %zu: %g, not %g", m, n,
                          k, i, j, c[i * ldc + j], sum);
        }
    free(w), free(from), free(b), free(c);
}

/* Both forms, with a start and without. */
START_TEST(products_with_panels)
{
    struct random_stream r = random_stream(testing_seed(), 0);
    enum linalg_form form = _i % 2 ? LINALG_TRANSPOSED : LINALG_PLAIN;
    for (size_t a = 0; a < HEIGHTS; a++)
        for (size_t b = 0; b < LENGTHS; b++)
            for (size_t d = 0; d < DEPTHS; d++)
                assert_multiplied(&r, form, heights[a], lengths[b], depths[d], _i / 2);
    assert_multiplied(&r, form, LARGE_M, LARGE_N, LARGE_K, _i / 2);
}
END_TEST

static void assert_inner(struct random_stream *r, size_t m, size_t n, size_t k)
{
    size_t lda = n + 1, ldb = n + 4, ldc = k + 2;
    double *a = whole_numbers(r, lda * m), *b = whole_numbers(r, ldb * k), *c = filled(ldc * m, 7);
    thin_inner(m, k, n, a, lda, b, ldb, c, ldc);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ldc; j++) {
            double sum = 7;
            for (size_t p = 0; p < n && j < k; p++)
                sum += a[i * lda + p] * b[j * ldb + p];
            ck_assert_msg(c[i * ldc + j] == sum, "(%zu, %zu, %zu) at %zu, %zu: %g, not %g", m, k, n, i, j,
                          c[i * ldc + j], sum);
        }
    free(a), free(b), free(c);
}

START_TEST(inner_products_of_panels)
{
    struct random_stream r = random_stream(testing_seed(), 1);
    for (size_t a = 0; a < HEIGHTS; a++)
        for (size_t b = 0; b < LENGTHS; b++)
            for (size_t d = 0; d < DEPTHS; d++)
                assert_inner(&r, heights[a], lengths[b], depths[d]);
    assert_inner(&r, LARGE_M, LARGE_N, LARGE_K);
}
END_TEST

START_TEST(sums_of_rows)
{
    struct random_stream r = random_stream(testing_seed(), 2);
    for (size_t b = 0; b < LENGTHS; b++) {
        enum { M = 3 };
        size_t n = lengths[b], lda = n + 2;
        double *a = whole_numbers(&r, lda * M), y[M + 1] = {1, 2, 3, UNTOUCHED};
        thin_row_sums(M, n, a, lda, y);
        for (size_t i = 0; i < M; i++) {
            double sum = (double)i + 1;
            for (size_t j = 0; j < n; j++)
                sum += a[i * lda + j];
            ck_assert_double_eq(y[i], sum);
        }
        ck_assert_double_eq(y[M], UNTOUCHED);
        free(a);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thin");
    TCase *tests = tcase_create("thin");
    tcase_add_loop_test(tests, products_with_panels, 0, 4);
    tcase_add_test(tests, inner_products_of_panels);
    tcase_add_test(tests, sums_of_rows);
    suite_add_tcase(suite, tests);
    return testing_main(suite);
}
