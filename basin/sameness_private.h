/* What a measure of sameness is made of: sameness.c, sameness_pass.c and sameness_measures.c. */
#ifndef GEARS_BASIN_SAMENESS_PRIVATE_H
#define GEARS_BASIN_SAMENESS_PRIVATE_H

#include "basin/sameness.h"

struct sameness {
    const struct sameness_measure *measure;
    struct problem problem; /* the examples it looks at; for measures of the outputs the loss whose excess it is */
    double *theta;          /* (N) theta*; owned */
    double *reference_activation[NETWORK_MAX_LAYERS + 1]; /* a_l (n, width[l]) at theta*, l = 1 .. L; owned */
    double *first;                                        /* (n, width[1]) z_1 at theta*; owned */
    double *targets; /* (n, outputs) what the loss is told to aim at; owned; NULL: the problem's own */
    double offset;   /* of the loss at theta* */
    double norm;     /* what distances of activations are divided by */
};

/* One thread's scratch. A pass goes through the examples in blocks, layer by layer. */
struct sameness_worker {
    const struct sameness *s;
    double *weights;          /* (N) theta* + r v, or theta */
    double *layer[2];         /* (block, widest) */
    double *exponentials;     /* (block, outputs) */
    double sum;               /* of the measure, over blocks */
    double *gram[2];          /* (h, h) A^T A and A^T A*, upper triangle and whole; h: last hidden width */
    const double *directions; /* (rays, N) */
    double *moved;            /* (rays, n, width[1]) X V_1^T + b: slopes of z_1 by the radius; NULL: too large */
    size_t rays, moved_room;
    struct tape *tape;                      /* made when a gradient is asked for */
    double *slopes[NETWORK_MAX_LAYERS + 1]; /* d/da_l, (n, width[l]), l = 1 .. L-1; made with the tape */
};

struct sameness_measure {
    const char *name, *summary;
    bool validation;      /* looks at the validation examples */
    bool hidden;          /* looks at hidden layers */
    bool is_excess_loss;  /* d = problem's loss - offset: value, gradient and Hessian come from there */
    bool curvature_whole; /* its Hessian has a residual part */
    /* What the network does at theta* is in reference_activation: targets, offset, norm. */
    enum status (*prepare)(struct sameness *s, struct error *e);
    /* Rows [first, first + count) of layer l = 1 .. L are in a (count, width[l]). */
    void (*add)(struct sameness_worker *w, size_t l, size_t first, size_t count, const double *a);
    double (*total)(struct sameness_worker *w);
    /* With all rows in the tape and added: d(total)/da_l into w->slopes; unused where is_excess_loss. */
    void (*slopes)(struct sameness_worker *w);
};

/* Start of the blocks of a pass, in rows. */
enum { SAMENESS_BLOCK = 256 };

/* d at theta* + radius v of ray k, or at w->weights (ray SIZE_MAX). */
double sameness_pass(struct sameness_worker *w, size_t ray, double radius);
void sameness_rays_begin(void *worker, size_t rays, const double *directions);
void sameness_rays_values(void *worker, size_t count, const size_t *ray, const double *radius, double *d);

#endif
