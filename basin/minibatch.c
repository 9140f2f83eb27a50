#include "basin/minibatch.h"

#include "basin/panel.h"

#include <stdlib.h>

struct minibatch {
    size_t n, size, *row; /* examples; how many of them in a batch, and which: NULL for all of them */
    struct panel *panel;
};

enum status minibatch_new(const struct problem *p, size_t size, struct minibatch **out, struct error *e)
{
    struct minibatch *b = *out = calloc(1, sizeof *b);
    if (!b)
        return error_memory(e);
    b->n = p->n;
    b->size = size < p->n ? size : p->n;
    b->row = size < p->n ? malloc(size * sizeof *b->row) : NULL;
    if (size < p->n && !b->row)
        return error_memory(e);
    return panel_new(p, &b->panel, e);
}

void minibatch_free(struct minibatch *b)
{
    if (!b)
        return;
    panel_free(b->panel);
    free(b->row);
    free(b);
}

double minibatch_gradient(struct minibatch *b, struct random_stream *r, const double *theta, double *g)
{
    if (b->row)
        random_many_below(r, b->n, b->size, b->row);
    return panel_slope(b->panel, theta, b->row, b->size, g);
}
