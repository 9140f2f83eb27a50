#include "basin/null_stack.h"

#include "solver/linalg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A vector adds to the rank when this much of its length is outside the span of those before it. */
static const double NEW_PART = 1e-7;
/* So many candidates are orthogonalised at once, as products of matrices. */
enum { BLOCK = 64 };

enum status null_stack_init(struct null_stack *s, size_t k, size_t N, const double *G, double tolerance, size_t most,
                            struct error *e)
{
    *s = (struct null_stack){.k = k,
                             .N = N,
                             .most = most,
                             .G = G,
                             .tolerance = tolerance,
                             .basis = malloc((most + 1) * N * sizeof *s->basis),
                             .block = calloc(BLOCK * N, sizeof *s->block),
                             .image = malloc(k * sizeof *s->image),
                             .coefficient = malloc((most + 1) * BLOCK * sizeof *s->coefficient),
                             .nonzero = malloc(N * sizeof *s->nonzero)};
    s->vector = s->block;
    return s->basis && s->block && s->image && s->coefficient && s->nonzero ? STATUS_OK : error_memory(e);
}

void null_stack_clear(struct null_stack *s)
{
    free(s->basis);
    free(s->block);
    free(s->image);
    free(s->coefficient);
    free(s->nonzero);
}

/* |G v|, over the entries of v that are not 0: candidates are sparse. */
static double image_norm(struct null_stack *s, const double *v)
{
    size_t *index = s->nonzero, count = 0;
    for (size_t i = 0; i < s->N; i++)
        if (v[i] != 0)
            index[count++] = i;
    for (size_t r = 0; r < s->k; r++) {
        const double *row = s->G + r * s->N;
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += row[index[i]] * v[index[i]];
        s->image[r] = sum;
    }
    return linalg_norm(s->k, s->image);
}

/* Take out of v (rows, N) what basis rows [from, stacked) hold, twice for accuracy. */
static void take_out(struct null_stack *s, size_t from, size_t rows, double *v)
{
    size_t held = s->stacked - from;
    const double *basis = s->basis + from * s->N;
    for (int pass = 0; pass < 2 && held; pass++) {
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, rows, held, s->N, 1, v, s->N, basis, s->N, 0, s->coefficient,
                        held);
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, rows, s->N, held, -1, s->coefficient, held, basis, s->N, 1, v,
                        s->N);
    }
}

/* Stack those candidates that add to the rank of what is stacked, in their order. */
static void stack_block(struct null_stack *s)
{
    size_t before = s->stacked;
    take_out(s, 0, s->waiting, s->block);
    for (size_t i = 0; i < s->waiting && s->stacked < s->most; i++) {
        double *v = s->block + i * s->N;
        take_out(s, before, 1, v);
        double left = linalg_norm(s->N, v);
        if (left > NEW_PART) {
            linalg_scale(s->N, 1 / left, v);
            memcpy(s->basis + s->stacked++ * s->N, v, s->N * sizeof *v);
        }
    }
    s->found += s->stacked - before;
    memset(s->block, 0, s->waiting * s->N * sizeof *s->block);
    s->waiting = 0;
    s->vector = s->block;
}

void null_stack_offer(struct null_stack *s)
{
    double *v = s->vector, length = linalg_norm(s->N, v);
    bool null = false;
    if (length > 0 && s->stacked < s->most) {
        linalg_scale(s->N, 1 / length, v);
        null = image_norm(s, v) <= s->tolerance;
    }
    if (!null)
        memset(v, 0, s->N * sizeof *v);
    else if (++s->waiting == BLOCK)
        stack_block(s);
    else
        s->vector += s->N;
}

size_t null_stack_settle(struct null_stack *s)
{
    stack_block(s);
    size_t found = s->found;
    s->found = 0;
    return found;
}
