/* The gradient of the loss on a few examples drawn at random: what stochastic-gradient methods use. */
#ifndef GEARS_BASIN_MINIBATCH_H
#define GEARS_BASIN_MINIBATCH_H

#include "basin/problem.h"
#include "solver/random.h"

struct minibatch;
/* Batches of `size` examples, drawn with replacement; one of all examples, in order, where there are no more than that.
 * Not shared between threads. STATUS_FAILED: memory. */
enum status minibatch_new(const struct problem *p, size_t size, struct minibatch **out, struct error *e);
void minibatch_free(struct minibatch *b);

/* Loss on a new batch and its gradient g (N) at theta: without bias those of all examples, weight decay included. */
double minibatch_gradient(struct minibatch *b, struct random_stream *r, const double *theta, double *g);

#endif
