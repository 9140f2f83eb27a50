/* Three parameters: the surfaces on which each behaviour is right, and where they cross. */
#include "basin/contour_private.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPACE_RESOLUTION = 33, REFINE_STEPS = 30, VERTICES_TRIED = 200 };
static const double PARALLEL = 1 - 1e-9, RIGHT = 1e-10;

/* Misses of all behaviours and their gradients at one theta. */
struct probe {
    struct problem problem;
    struct tape *tape;
    size_t k;
    double *miss, *G, *copy; /* (k), (k, 3), (k, 3) */
};

static void probe_clear(struct probe *q)
{
    tape_free(q->tape);
    free(q->miss);
    free(q->G);
    free(q->copy);
}

/* Where a behaviour is right, its output and its probability are: mse looks at the one, bce and ce at the other. */
static enum status probe_init(struct probe *q, const struct problem *p, struct error *e)
{
    *q = (struct probe){.problem = *p, .k = problem_behaviours(p)};
    q->problem.behaviour = p->loss == LOSS_MSE ? BEHAVIOUR_OUTPUTS : BEHAVIOUR_PROBABILITIES;
    q->miss = malloc(q->k * sizeof *q->miss);
    q->G = malloc(3 * q->k * sizeof *q->G);
    q->copy = malloc(3 * q->k * sizeof *q->copy);
    return q->miss && q->G && q->copy ? tape_new(&q->problem, &q->tape, e) : error_memory(e);
}

static void probe_at(struct probe *q, const double theta[3])
{
    tape_move(q->tape, theta);
    tape_behaviour_jacobian(q->tape, q->G);
    const double *f = q->problem.loss == LOSS_MSE ? tape_outputs(q->tape) : tape_probabilities(q->tape);
    for (size_t i = 0; i < q->k; i++)
        q->miss[i] = f[i] - q->problem.t[i];
}

static double worst_miss(const struct probe *q)
{
    double worst = 0;
    for (size_t i = 0; i < q->k; i++)
        worst = fabs(q->miss[i]) <= worst ? worst : fabs(q->miss[i]);
    return worst;
}

static void grid_point(const struct space *s, size_t i, double theta[3])
{
    size_t n = s->grid.n[0], at[3] = {i / (n * n), i / n % n, i % n};
    for (size_t c = 0; c < 3; c++)
        theta[c] = surface_grid_at(&s->grid, c, at[c]);
}

/* The misses on the grid; families whose gradients are parallel at all of it are marked APART for now. */
static enum status fill(struct space *s, struct desk *d, struct probe *q, struct error *e)
{
    for (size_t i = 0; i < FAMILIES_MOST * FAMILIES_MOST; i++)
        s->relation[i / FAMILIES_MOST][i % FAMILIES_MOST] = RELATION_APART;
    for (size_t i = 0; i < s->points; i++) {
        if (i % 1000 == 0) {
            reporter_progress(d->reporter, (double)i / (double)s->points, "behaviour surfaces");
            if (reporter_stop_requested(d->reporter))
                return error_set(e, STATUS_INTERRUPTED, "interrupted while drawing contours");
        }
        grid_point(s, i, d->point);
        probe_at(q, d->point);
        for (size_t a = 0; a < s->families; a++) {
            s->miss[a * s->points + i] = q->miss[a];
            for (size_t b = 0; b < a; b++) {
                double size = linalg_norm(3, q->G + 3 * a) * linalg_norm(3, q->G + 3 * b);
                if (size > 0 && fabs(linalg_dot(3, q->G + 3 * a, q->G + 3 * b)) < PARALLEL * size)
                    s->relation[a][b] = s->relation[b][a] = RELATION_CROSSING;
            }
        }
    }
    return STATUS_OK;
}

/* Newton's method along the gradient of family a alone, from a vertex of its surface. */
static bool onto_surface(struct probe *q, size_t a, double theta[3])
{
    for (int step = 0; step < REFINE_STEPS; step++) {
        probe_at(q, theta);
        const double *g = q->G + 3 * a;
        double square = linalg_dot(3, g, g);
        if (fabs(q->miss[a]) < RIGHT)
            return true;
        if (!(square > 0) || !isfinite(q->miss[a]))
            return false;
        linalg_axpy(3, -q->miss[a] / square, g, theta);
    }
    return false;
}

/* Of two families with parallel gradients: b is right wherever a is. */
static bool same_surface(const struct space *s, struct probe *q, size_t a, size_t b)
{
    const struct surface *surface = &s->surface[a];
    size_t stride = surface->n_vertices / VERTICES_TRIED + 1, seen = 0;
    for (size_t i = 0; i < surface->n_vertices; i += stride) {
        double theta[3];
        memcpy(theta, surface->vertices + 3 * i, sizeof theta);
        if (!onto_surface(q, a, theta))
            continue;
        seen++;
        if (fabs(q->miss[b]) > 100 * RIGHT)
            return false;
    }
    return seen > 0;
}

static void relate(struct space *s, struct probe *q)
{
    for (size_t a = 0; a < s->families; a++) {
        bool first = true;
        s->relation[a][a] = RELATION_SAME;
        for (size_t b = 0; b < a; b++) {
            if (s->relation[a][b] == RELATION_APART && same_surface(s, q, a, b))
                s->relation[a][b] = s->relation[b][a] = RELATION_SAME;
            first &= s->relation[a][b] != RELATION_SAME;
        }
        s->classes += first;
    }
}

static enum status extract(struct space *s, struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t a = 0; a < s->families && !status; a++) {
        s->grid.values = s->miss + a * s->points;
        status = surface_extract(&s->grid, 0, &s->surface[a], e);
        if (!status)
            status = surface_simplify(&s->grid, &s->surface[a], e);
    }
    return status;
}

/* --- solutions --------------------------------------------------------------------------------------------------- */

/* Gauss-Newton with the shortest steps from theta to where all behaviours are right, if that is within two cells. */
static bool refine(const struct space *s, struct probe *q, double theta[3])
{
    double start[3], step[3], reach = 0;
    memcpy(start, theta, sizeof start);
    for (int i = 0; i < REFINE_STEPS; i++) {
        probe_at(q, theta);
        if (worst_miss(q) < RIGHT)
            break;
        memcpy(q->copy, q->G, 3 * q->k * sizeof *q->copy);
        if (linalg_least_squares(q->k, 3, q->copy, q->miss, 1e-10, step, NULL, NULL))
            return false;
        linalg_axpy(3, -1, step, theta);
    }
    bool inside = true;
    for (size_t c = 0; c < 3; c++) {
        reach = hypot(reach, theta[c] - start[c]);
        inside &= theta[c] >= s->grid.low[c] && theta[c] <= s->grid.high[c];
    }
    double cell = (s->grid.high[0] - s->grid.low[0]) / (double)(s->grid.n[0] - 1);
    return inside && worst_miss(q) < RIGHT && reach < 2 * cell;
}

/* Where the miss of the family changes its sign on the edge from u to v, made exact in all behaviours. */
static bool solution_on_edge(const struct space *s, struct probe *q, size_t family, const double *u, const double *v,
                             double out[3])
{
    probe_at(q, u);
    double at_u = q->miss[family];
    probe_at(q, v);
    double at_v = q->miss[family];
    if (!(at_u * at_v < 0))
        return false;
    for (size_t c = 0; c < 3; c++)
        out[c] = u[c] + (v[c] - u[c]) * at_u / (at_u - at_v);
    return refine(s, q, out);
}

/* Solutions lie on the first family's surface; where the first family that crosses it changes sign they are sought.
 * A triangle with two of them is a piece of the curve. */
static enum status find_solutions(struct space *s, struct probe *q, struct error *e)
{
    const struct surface *first = &s->surface[0];
    size_t other = 1;
    while (other < s->families && s->relation[0][other] != RELATION_CROSSING)
        other++;
    if (other == s->families)
        return STATUS_OK;
    s->solutions = malloc((9 * first->n_triangles + 3) * sizeof *s->solutions);
    if (!s->solutions)
        return error_memory(e);
    for (size_t t = 0; t < first->n_triangles; t++) {
        size_t found = 0, before = s->n_solutions;
        for (size_t k = 0; k < 3; k++) {
            const double *u = first->vertices + 3 * first->triangles[3 * t + k];
            const double *v = first->vertices + 3 * first->triangles[3 * t + (k + 1) % 3];
            found += solution_on_edge(s, q, other, u, v, s->solutions + 3 * (before + found));
        }
        s->n_solutions += s->classes > 2 ? found : found == 2 ? 2 : 0;
    }
    return STATUS_OK;
}

enum status space_build(struct space *s, struct desk *d, double extent, struct error *e)
{
    struct probe q;
    size_t n = SPACE_RESOLUTION, k = problem_behaviours(d->m->problem);
    *s = (struct space){
        .grid = {.n = {n, n, n}}, .k = k, .families = k < FAMILIES_MOST ? k : FAMILIES_MOST, .points = n * n * n};
    for (size_t c = 0; c < 3; c++) {
        s->grid.low[c] = d->m->theta[c] - extent;
        s->grid.high[c] = d->m->theta[c] + extent;
    }
    enum status status = probe_init(&q, d->m->problem, e);
    s->miss = malloc(s->families * s->points * sizeof *s->miss);
    if (!status && !s->miss)
        status = error_memory(e);
    if (!status)
        status = fill(s, d, &q, e);
    if (!status)
        status = extract(s, e);
    if (!status) {
        relate(s, &q);
        status = find_solutions(s, &q, e);
    }
    probe_clear(&q);
    return status;
}

void space_clear(struct space *s)
{
    for (size_t a = 0; a < FAMILIES_MOST; a++)
        surface_clear(&s->surface[a]);
    free(s->miss);
    free(s->solutions);
    memset(s, 0, sizeof *s);
}
