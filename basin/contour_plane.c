/* The loss on planes through the weights. */
#include "basin/contour_private.h"
#include "solver/krylov.h"
#include "solver/lanczos.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_U = 0x201, STREAM_V, EIGEN_PRODUCTS = 400 };
static const double RISE = 0.1; /* of the quadratic loss at the ends of the eigenvectors */

enum status plane_init(struct plane *p, const struct desk *d, const char *kind, size_t n, struct error *e)
{
    *p = (struct plane){.kind = kind,
                        .n = n,
                        .u = calloc(d->N, sizeof *p->u),
                        .v = calloc(d->N, sizeof *p->v),
                        .x = malloc(n * sizeof *p->x),
                        .y = malloc(n * sizeof *p->y),
                        .z = malloc(n * n * sizeof *p->z),
                        .explained = {NAN, NAN}};
    return p->u && p->v && p->x && p->y && p->z ? STATUS_OK : error_memory(e);
}

void plane_clear(struct plane *p)
{
    free(p->u);
    free(p->v);
    free(p->x);
    free(p->y);
    free(p->z);
    memset(p, 0, sizeof *p);
}

double plane_loss(struct desk *d, const struct plane *p, double a, double b)
{
    for (size_t i = 0; i < d->N; i++)
        d->point[i] = d->m->theta[i] + a * p->u[i] + b * p->v[i];
    return tape_loss(d->tape, d->point);
}

enum status plane_fill(struct plane *p, struct desk *d, struct error *e)
{
    p->least = INFINITY;
    p->most = -INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        double part = (double)i / (double)(p->n - 1);
        p->x[i] = p->low[0] + part * (p->high[0] - p->low[0]);
        p->y[i] = p->low[1] + part * (p->high[1] - p->low[1]);
    }
    for (size_t j = 0; j < p->n; j++) {
        reporter_progress(d->reporter, (double)j / (double)p->n, "contours");
        if (reporter_stop_requested(d->reporter))
            return error_set(e, STATUS_INTERRUPTED, "interrupted while drawing contours");
        for (size_t i = 0; i < p->n; i++) {
            double loss = plane_loss(d, p, p->x[i], p->y[j]);
            p->z[j * p->n + i] = loss;
            if (!isfinite(loss))
                continue;
            p->least = fmin(p->least, loss);
            p->most = fmax(p->most, loss);
        }
    }
    return STATUS_OK;
}

/* --- random ------------------------------------------------------------------------------------------------------ */

static void random_direction(const struct desk *d, uint64_t stream, double *u)
{
    const struct network *net = &d->m->problem->network;
    const double *theta = d->m->theta;
    struct random_stream r = random_stream(d->m->seed, stream);
    random_normals(&r, d->N, u);
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t unit = 0; unit < net->width[l + 1]; unit++) {
            size_t n = net->width[l], at = net->weight_at[l] + unit * n, bias = net->bias_at[l] + unit;
            double ratio = linalg_norm(n, theta + at) / linalg_norm(n, u + at);
            for (size_t i = 0; i < n; i++)
                u[at + i] *= ratio;
            if (net->bias)
                u[bias] = copysign(theta[bias], u[bias]);
        }
}

void plane_random(struct plane *p, struct desk *d, double extent)
{
    random_direction(d, STREAM_U, p->u);
    random_direction(d, STREAM_V, p->v);
    p->low[0] = p->low[1] = -extent;
    p->high[0] = p->high[1] = extent;
}

/* --- eigenvectors ------------------------------------------------------------------------------------------------ */

static void multiply(const double *v, double *image, void *context)
{
    tape_hvp(context, HESSIAN_FULL, v, image);
}

enum status plane_eigenvectors(struct plane *p, struct desk *d, struct error *e)
{
    struct krylov_operator H = {d->N, multiply, d->tape, d->reporter};
    struct lanczos_pairs pairs = {0};
    double farthest = fmax(1, linalg_norm(d->N, d->m->theta));
    tape_move(d->tape, d->m->theta);
    enum status status = lanczos_eigenpairs(&H, 0, 2, 1e-8, EIGEN_PRODUCTS, d->m->seed, &pairs, e);
    if (!status && pairs.n_largest < 2)
        status = error_set(e, STATUS_REFUSED, "a plane wants two parameters");
    for (size_t k = 0; k < 2 && !status; k++) {
        size_t at = pairs.n_largest - 1 - k; /* ascending */
        memcpy(k ? p->v : p->u, pairs.vectors + at * d->N, d->N * sizeof *p->u);
        p->high[k] = pairs.values[at] > 0 ? fmin(sqrt(2 * RISE / pairs.values[at]), farthest) : farthest;
        p->low[k] = -p->high[k];
    }
    lanczos_pairs_clear(&pairs);
    return status;
}

/* --- the training path ------------------------------------------------------------------------------------------- */

/* Direction k from the path about its end (n, N), the eigenvectors of its Gram matrix as rows, ascending. */
static void principal_direction(struct plane *p, const struct desk *d, size_t n, const double *path,
                                const double *vectors, size_t k)
{
    double *u = k ? p->v : p->u;
    linalg_multiply_vector(LINALG_TRANSPOSED, n, d->N, 1, path, d->N, vectors + (n - 1 - k) * n, 0, u);
    double length = linalg_norm(d->N, u);
    for (size_t i = 0; i < d->N; i++)
        u[i] /= length > 0 ? length : 1;
    for (size_t i = 0; i < n; i++) {
        double at = linalg_dot(d->N, path + i * d->N, u);
        p->low[k] = fmin(p->low[k], at);
        p->high[k] = fmax(p->high[k], at);
    }
    double margin = 0.15 * (p->high[k] - p->low[k]) + 1e-6;
    p->low[k] -= margin;
    p->high[k] += margin;
}

enum status plane_trajectory(struct plane *p, struct desk *d, struct error *e)
{
    const struct training *t = d->m->training;
    size_t n = t->n_path;
    double *path = calloc(n * d->N, sizeof *path), *gram = malloc(n * n * sizeof *gram),
           *values = malloc(n * sizeof *values), total = 0;
    enum status status;
    if (!path || !gram || !values) {
        status = error_memory(e);
        goto out;
    }
    for (size_t i = 0; i < n * d->N; i++)
        path[i] = t->path[i] - d->m->theta[i % d->N];
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, n, n, d->N, 1, path, d->N, path, d->N, 0, gram, n);
    status = linalg_eigen_symmetric(n, gram, true, values, e);
    for (size_t i = 0; i < n && !status; i++)
        total += fmax(values[i], 0);
    for (size_t k = 0; k < 2 && !status; k++) {
        principal_direction(p, d, n, path, gram, k);
        p->explained[k] = total > 0 ? fmax(values[n - 1 - k], 0) / total : 0;
    }
out:
    free(path);
    free(gram);
    free(values);
    return status;
}

/* --- three points ------------------------------------------------------------------------------------------------ */

static void set_corner(struct plane *p, size_t i, double x, double y)
{
    p->corner[i][0] = x;
    p->corner[i][1] = y;
    p->low[0] = fmin(p->low[0], x);
    p->high[0] = fmax(p->high[0], x);
    p->low[1] = fmin(p->low[1], y);
    p->high[1] = fmax(p->high[1], y);
}

static void walk_sides(struct plane *p, struct desk *d)
{
    for (size_t side = 0; side < 3; side++) {
        const double *from = p->corner[side], *to = p->corner[(side + 1) % 3];
        for (size_t i = 0; i < SIDE_POINTS; i++) {
            double part = (double)i / (SIDE_POINTS - 1);
            p->side[side][i] = plane_loss(d, p, from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1]));
        }
    }
}

enum status plane_points(struct plane *p, struct desk *d, const double *b, const double *c, struct error *e)
{
    size_t N = d->N;
    memcpy(p->u, b, N * sizeof *p->u);
    memcpy(p->v, c, N * sizeof *p->v);
    linalg_axpy(N, -1, d->m->theta, p->u);
    linalg_axpy(N, -1, d->m->theta, p->v);
    double base = linalg_norm(N, p->u), whole = linalg_norm(N, p->v), along = 0, height;
    for (size_t i = 0; i < N; i++)
        p->u[i] /= base > 0 ? base : 1;
    for (int twice = 0; twice < 2; twice++) {
        double part = linalg_dot(N, p->u, p->v);
        linalg_axpy(N, -part, p->u, p->v);
        along += part;
    }
    height = linalg_norm(N, p->v);
    if (!(base > 0 && height > 1e-9 * whole))
        return error_set(e, STATUS_REFUSED, "the three points of a plane lie on a line");
    for (size_t i = 0; i < N; i++)
        p->v[i] /= height;
    p->three = true;
    set_corner(p, 0, 0, 0);
    set_corner(p, 1, base, 0);
    set_corner(p, 2, along, height);
    for (size_t k = 0; k < 2; k++) {
        double margin = 0.25 * (p->high[k] - p->low[k]);
        p->low[k] -= margin;
        p->high[k] += margin;
    }
    walk_sides(p, d);
    return STATUS_OK;
}

double plane_barrier(const struct plane *p, size_t side)
{
    double ends = fmax(p->side[side][0], p->side[side][SIDE_POINTS - 1]), highest = ends;
    for (size_t i = 0; i < SIDE_POINTS; i++)
        highest = p->side[side][i] > highest ? p->side[side][i] : highest;
    return highest - ends;
}
