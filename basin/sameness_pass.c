/* Forward passes for measures of sameness: in blocks that stay in cache, and along rays with the first layer done
 * beforehand. */
#include "basin/sameness_private.h"

#include "solver/linalg.h"
#include "solver/wide.h"

#include <stdlib.h>
#include <string.h>

static const size_t MOVED_MOST = 64 << 17; /* numbers: 64 MB */

WIDE_INLINE void ray_rows_body(size_t n, const double *at, double radius, const double *slope, double *z)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        z[i] = at[i] + radius * slope[i];
}
WIDE_DEFINE(ray_rows, (size_t n, const double *at, double radius, const double *slope, double *z),
            (n, at, radius, slope, z))

/* z (count, out) := a W_l^T + b_l with the parameters `weights`. */
static void affine(const struct network *net, const double *weights, size_t l, size_t count, const double *a, double *z)
{
    size_t in = net->width[l], out = net->width[l + 1];
    for (size_t i = 0; i < count && net->bias; i++)
        memcpy(z + i * out, weights + net->bias_at[l], out * sizeof *z);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, count, out, in, 1, a, in, weights + net->weight_at[l], in,
                    net->bias ? 1 : 0, z, out);
}

/* z_1 of a block. */
static void first_layer(const struct sameness_worker *w, size_t ray, double radius, size_t first, size_t count,
                        double *z)
{
    const struct problem *p = &w->s->problem;
    size_t out = p->network.width[1];
    if (ray != SIZE_MAX && w->moved)
        ray_rows(count * out, w->s->first + first * out, radius, w->moved + (ray * p->n + first) * out, z);
    else
        affine(&p->network, w->weights, 0, count, p->x + first * p->network.width[0], z);
}

static void block(struct sameness_worker *w, size_t ray, double radius, size_t first, size_t count)
{
    const struct network *net = &w->s->problem.network;
    double *z = w->layer[0], *next = w->layer[1];
    first_layer(w, ray, radius, first, count, z);
    for (size_t l = 1; l <= net->n_layers; l++) {
        if (l < net->n_layers)
            net->activation->evaluate(count * net->width[l], z, z, NULL, NULL);
        w->s->measure->add(w, l, first, count, z);
        if (l == net->n_layers)
            break;
        affine(net, w->weights, l, count, z, next);
        double *swap = z;
        z = next;
        next = swap;
    }
}

double sameness_pass(struct sameness_worker *w, size_t ray, double radius)
{
    const struct sameness *s = w->s;
    const struct network *net = &s->problem.network;
    size_t from = w->moved ? net->weight_at[net->n_layers > 1 ? 1 : 0] : 0, N = net->n_parameters;
    if (ray != SIZE_MAX)
        ray_rows(N - from, s->theta + from, radius, w->directions + ray * N + from, w->weights + from);
    w->sum = 0;
    if (w->gram[0]) {
        size_t h = net->width[net->n_layers - 1];
        memset(w->gram[0], 0, 2 * h * h * sizeof(double));
    }
    for (size_t first = 0; first < s->problem.n; first += SAMENESS_BLOCK) {
        size_t count = s->problem.n - first < SAMENESS_BLOCK ? s->problem.n - first : SAMENESS_BLOCK;
        block(w, ray, radius, first, count);
    }
    return s->measure->total(w);
}

void sameness_rays_begin(void *worker, size_t rays, const double *directions)
{
    struct sameness_worker *w = worker;
    const struct problem *p = &w->s->problem;
    size_t out = p->network.width[1], room = rays * p->n * out;
    w->directions = directions;
    w->rays = rays;
    if (room > w->moved_room && room <= MOVED_MOST) {
        free(w->moved);
        w->moved = malloc(room * sizeof *w->moved); /* where there is no memory every pass does the first layer */
        w->moved_room = w->moved ? room : 0;
    } else if (room > MOVED_MOST) {
        free(w->moved);
        w->moved = NULL;
        w->moved_room = 0;
    }
    for (size_t k = 0; k < rays && w->moved; k++)
        affine(&p->network, directions + k * p->network.n_parameters, 0, p->n, p->x, w->moved + k * p->n * out);
}

void sameness_rays_values(void *worker, size_t count, const size_t *ray, const double *radius, double *d)
{
    for (size_t k = 0; k < count; k++)
        d[k] = sameness_pass(worker, ray[k], radius[k]);
}
