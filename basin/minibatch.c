#include "basin/minibatch.h"

#include <stdlib.h>
#include <string.h>

struct minibatch {
    const struct problem *whole; /* borrowed */
    struct problem part;
    bool all; /* no more examples than a batch has */
    double *x, *t;
    struct tape *tape;
};

enum status minibatch_new(const struct problem *p, size_t size, struct minibatch **out, struct error *e)
{
    const struct network *net = &p->network;
    struct minibatch *b = *out = calloc(1, sizeof *b);
    if (!b)
        return error_memory(e);
    b->whole = p;
    b->part = *p;
    b->all = p->n <= size;
    if (!b->all) {
        b->x = malloc(size * net->width[0] * sizeof *b->x);
        b->t = malloc(size * net->width[net->n_layers] * sizeof *b->t);
        if (!b->x || !b->t)
            return error_memory(e);
        b->part.n = size;
        b->part.x = b->x;
        b->part.t = b->t;
    }
    return tape_new(&b->part, &b->tape, e);
}

void minibatch_free(struct minibatch *b)
{
    if (!b)
        return;
    tape_free(b->tape);
    free(b->x);
    free(b->t);
    free(b);
}

double minibatch_gradient(struct minibatch *b, struct random_stream *r, const double *theta, double *g)
{
    const struct network *net = &b->part.network;
    size_t in = net->width[0], out = net->width[net->n_layers];
    for (size_t i = 0; i < b->part.n && !b->all; i++) {
        size_t row = (size_t)random_below(r, b->whole->n);
        memcpy(b->x + i * in, b->whole->x + row * in, in * sizeof *b->x);
        memcpy(b->t + i * out, b->whole->t + row * out, out * sizeof *b->t);
    }
    return tape_slope(b->tape, theta, g);
}
