#include "solver/thin.h"

#include "solver/wide.h"

enum {
    LANES = 8,               /* at most, in a register */
    TILE = 6,                /* rows of a tile of thin_multiply; it is two registers long */
    INNER_M = 6,             /* a tile of thin_inner: so many rows of A by so many of B */
    INNER_K = 2,             /* (both tiles and what they are made from fit into 16 registers) */
    LARGEST = 1 << 18,       /* numbers in a small matrix: beyond, it falls out of cache between two uses */
    LARGEST_INNER = 1 << 14, /* and here the sums over lanes outweigh the packing */
};

/* --- C = op(W) B: a tile of `rows` rows and one or two registers' columns stays there while the k products are added.
 */

struct factors {
    const double *w; /* element (i, p) at i row + p column */
    size_t row, column, k;
    const double *b;
    size_t ldb, ldc;
};

WIDE_INLINE void tile(size_t width, size_t rows, const struct factors *f, const double *w, const double *start,
                      const double *b, double *c)
{
    double sum[TILE][2 * LANES];
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++) {
        double from = start ? start[i] : 0;
#pragma omp simd
        for (size_t j = 0; j < width; j++)
            sum[i][j] = from;
    }
    for (size_t p = 0; p < f->k; p++, w += f->column, b += f->ldb) {
#pragma GCC unroll 6
        for (size_t i = 0; i < rows; i++) {
            double factor = w[i * f->row];
#pragma omp simd
            for (size_t j = 0; j < width; j++)
                sum[i][j] += factor * b[j];
        }
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < width; j++)
            c[i * f->ldc + j] = sum[i][j];
    }
}

/* The m rows in as few tiles as will do, alike to within a row. */
WIDE_INLINE void column_of_tiles(size_t width, size_t m, const struct factors *f, const double *start, const double *b,
                                 double *c)
{
    size_t tiles = (m + TILE - 1) / TILE;
    for (size_t t = 0, i = 0, next; t < tiles; t++, i = next) {
        next = m * (t + 1) / tiles;
        const double *w = f->w + i * f->row, *from = start ? start + i : NULL;
        double *to = c + i * f->ldc;
        switch (next - i) {
        case 1:
            tile(width, 1, f, w, from, b, to);
            break;
        case 2:
            tile(width, 2, f, w, from, b, to);
            break;
        case 3:
            tile(width, 3, f, w, from, b, to);
            break;
        case 4:
            tile(width, 4, f, w, from, b, to);
            break;
        case 5:
            tile(width, 5, f, w, from, b, to);
            break;
        default:
            tile(width, 6, f, w, from, b, to);
            break;
        }
    }
}

WIDE_INLINE void multiply_by_hand(size_t m, size_t n, const struct factors *f, const double *start, double *c)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = start ? start[i] : 0;
            for (size_t p = 0; p < f->k; p++)
                sum += f->w[i * f->row + p * f->column] * f->b[p * f->ldb + j];
            c[i * f->ldc + j] = sum;
        }
}

/* The last tile lies over some columns of the one before it, which come out the same again. */
WIDE_INLINE void multiply_body(size_t lanes, size_t m, size_t n, const struct factors *f, const double *start,
                               double *c)
{
    if (n < lanes) {
        multiply_by_hand(m, n, f, start, c);
        return;
    }
    for (size_t j = 0, next; j < n; j = next) {
        bool two = n >= 2 * lanes && n - j > lanes;
        size_t width = two ? 2 * lanes : lanes, at = j + width <= n ? j : n - width;
        if (two)
            column_of_tiles(2 * lanes, m, f, start, f->b + at, c + at);
        else
            column_of_tiles(lanes, m, f, start, f->b + at, c + at);
        next = at + width;
    }
}
WIDE_DEFINE_LANES(multiply, (size_t m, size_t n, const struct factors *f, const double *start, double *c), m, n, f,
                  start, c)

void thin_multiply(enum linalg_form form, size_t m, size_t n, size_t k, const double *w, size_t ldw,
                   const double *start, const double *b, size_t ldb, double *c, size_t ldc)
{
    bool plain = form == LINALG_PLAIN;
    if (m * k <= LARGEST) {
        struct factors f = {
            .w = w, .row = plain ? ldw : 1, .column = plain ? 1 : ldw, .k = k, .b = b, .ldb = ldb, .ldc = ldc};
        multiply(m, n, &f, start, c);
        return;
    }
    for (size_t i = 0; i < m && start; i++)
        for (size_t j = 0; j < n; j++)
            c[i * ldc + j] = start[i];
    linalg_multiply(form, LINALG_PLAIN, m, n, k, 1, w, ldw, b, ldb, start ? 1 : 0, c, ldc);
}

/* --- C += A B^T: the sums of a tile of `rows` rows and `columns` columns are kept lane by lane, and the lanes folded
 * in the end. */

WIDE_INLINE double folded(size_t lanes, double *sum)
{
#pragma omp simd
    for (size_t j = 0; j < lanes / 2; j++)
        sum[j] += sum[j + lanes / 2];
    if (lanes == 2)
        return sum[0];
#pragma omp simd
    for (size_t j = 0; j < lanes / 4; j++)
        sum[j] += sum[j + lanes / 4];
    return lanes == 4 ? sum[0] : sum[0] + sum[1];
}

WIDE_INLINE void inner_tile(size_t lanes, size_t rows, size_t columns, size_t n, const double *a, size_t lda,
                            const double *b, size_t ldb, double *c, size_t ldc)
{
    double sum[INNER_M * INNER_K][LANES];
    size_t whole = n - n % lanes;
#pragma GCC unroll 12
    for (size_t i = 0; i < rows * columns; i++) {
#pragma omp simd
        for (size_t j = 0; j < lanes; j++)
            sum[i][j] = 0;
    }
    for (size_t p = 0; p < whole; p += lanes) {
#pragma GCC unroll 12
        for (size_t i = 0; i < rows * columns; i++) {
#pragma omp simd
            for (size_t j = 0; j < lanes; j++)
                sum[i][j] += a[i / columns * lda + p + j] * b[i % columns * ldb + p + j];
        }
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < rows * columns; i++) {
        double total = folded(lanes, sum[i]);
        for (size_t p = whole; p < n; p++)
            total += a[i / columns * lda + p] * b[i % columns * ldb + p];
        c[i / columns * ldc + i % columns] += total;
    }
}

WIDE_INLINE void inner_rows(size_t lanes, size_t rows, size_t k, size_t n, const double *a, size_t lda, const double *b,
                            size_t ldb, double *c, size_t ldc)
{
    size_t j = 0;
    for (; j + INNER_K <= k; j += INNER_K)
        inner_tile(lanes, rows, INNER_K, n, a, lda, b + j * ldb, ldb, c + j, ldc);
    if (j < k)
        inner_tile(lanes, rows, 1, n, a, lda, b + j * ldb, ldb, c + j, ldc);
}

WIDE_INLINE void inner_body(size_t lanes, size_t m, size_t k, size_t n, const double *a, size_t lda, const double *b,
                            size_t ldb, double *c, size_t ldc)
{
    size_t tiles = (m + INNER_M - 1) / INNER_M;
    for (size_t t = 0, i = 0, next; t < tiles; t++, i = next) {
        next = m * (t + 1) / tiles;
        const double *rows = a + i * lda;
        double *to = c + i * ldc;
        switch (next - i) {
        case 1:
            inner_rows(lanes, 1, k, n, rows, lda, b, ldb, to, ldc);
            break;
        case 2:
            inner_rows(lanes, 2, k, n, rows, lda, b, ldb, to, ldc);
            break;
        case 3:
            inner_rows(lanes, 3, k, n, rows, lda, b, ldb, to, ldc);
            break;
        case 4:
            inner_rows(lanes, 4, k, n, rows, lda, b, ldb, to, ldc);
            break;
        case 5:
            inner_rows(lanes, 5, k, n, rows, lda, b, ldb, to, ldc);
            break;
        default:
            inner_rows(lanes, 6, k, n, rows, lda, b, ldb, to, ldc);
            break;
        }
    }
}
WIDE_DEFINE_LANES(inner,
                  (size_t m, size_t k, size_t n, const double *a, size_t lda, const double *b, size_t ldb, double *c,
                   size_t ldc),
                  m, k, n, a, lda, b, ldb, c, ldc)

void thin_inner(size_t m, size_t k, size_t n, const double *a, size_t lda, const double *b, size_t ldb, double *c,
                size_t ldc)
{
    if (m * k <= LARGEST_INNER)
        inner(m, k, n, a, lda, b, ldb, c, ldc);
    else
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, m, k, n, 1, a, lda, b, ldb, 1, c, ldc);
}

WIDE_INLINE void row_sums_body(size_t m, size_t n, const double *a, size_t lda, double *y)
{
    for (size_t i = 0; i < m; i++) {
        double total = 0;
#pragma omp simd reduction(+ : total)
        for (size_t j = 0; j < n; j++)
            total += a[i * lda + j];
        y[i] += total;
    }
}
WIDE_DEFINE(row_sums, (size_t m, size_t n, const double *a, size_t lda, double *y), (m, n, a, lda, y))

void thin_row_sums(size_t m, size_t n, const double *a, size_t lda, double *y)
{
    row_sums(m, n, a, lda, y);
}
