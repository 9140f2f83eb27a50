/* The loss on planes through a minimum; and, for three parameters, the surfaces on which each behaviour is right. */
#include "base/json.h"
#include "basin/minimum.h"
#include "config/config.h"
#include "solver/krylov.h"
#include "solver/lanczos.h"
#include "solver/linalg.h"
#include "solver/random.h"
#include "solver/surface.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLUTION_DEFAULT = 61, SPACE_RESOLUTION = 33, FAMILIES_MOST = 6, LEVELS = 9 };

static const char *const plane_words[] = {"random", "eigenvectors", "trajectory", NULL};
static const struct config_field plane_element = {.type = CONFIG_CHOICE, .choices = plane_words};
const struct config_field contour_schema[] = {
    {.key = "planes",
     .type = CONFIG_LIST,
     .element = &plane_element,
     .max_length = 3,
     .fallback = "all",
     .meaning = "random: two directions with each unit's weights as long as in the network (Li et al. 2018); "
                "eigenvectors: the sharpest two; trajectory: the principal plane of the training path"},
    {.key = "resolution",
     .type = CONFIG_INTEGER,
     .low = 5,
     .high = 400,
     .fallback = "61",
     .meaning = "points along each side"},
    {.key = "extent",
     .type = CONFIG_NUMBER,
     .low = 1e-6,
     .high = 1e6,
     .fallback = "1",
     .meaning = "of the random plane, in lengths of its directions; of the space of three parameters, in units of "
                "theta (default there 2)"},
    {0}};

/* theta* + a u + b v, a in [low[0], high[0]], b in [low[1], high[1]]. */
struct plane {
    const char *kind;
    double *u, *v; /* (N) */
    double low[2], high[2];
    size_t n;          /* resolution */
    double *x, *y, *z; /* (n), (n), (n, n) loss */
    double least, most;
    double explained[2]; /* trajectory: parts of the variance along u and v; NAN */
};

struct desk {
    const struct minimum *m;
    const struct config_node *options;
    const struct reporter *reporter;
    struct tape *tape;
    size_t N;
    double *point; /* (N) */
};

static void plane_clear(struct plane *p)
{
    free(p->u);
    free(p->v);
    free(p->x);
    free(p->y);
    free(p->z);
}

static enum status plane_init(struct plane *p, const struct desk *d, const char *kind, struct error *e)
{
    size_t n = (size_t)config_integer(config_get(d->options, "resolution"), RESOLUTION_DEFAULT);
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

static double loss_at(struct desk *d, const struct plane *p, double a, double b)
{
    for (size_t i = 0; i < d->N; i++)
        d->point[i] = d->m->theta[i] + a * p->u[i] + b * p->v[i];
    return tape_loss(d->tape, d->point);
}

static enum status plane_fill(struct plane *p, struct desk *d, struct error *e)
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
            double loss = loss_at(d, p, p->x[i], p->y[j]);
            p->z[j * p->n + i] = loss;
            p->least = fmin(p->least, loss);
            p->most = isfinite(loss) ? fmax(p->most, loss) : p->most;
        }
    }
    return STATUS_OK;
}

/* --- directions -------------------------------------------------------------------------------------------------- */

/* A random direction in which the incoming weights of every unit, and its bias, are as long as in theta. */
static void random_direction(const struct desk *d, uint64_t stream, double *u)
{
    const struct network *net = &d->m->problem->network;
    struct random_stream r = random_stream(d->m->seed, stream);
    random_normals(&r, d->N, u);
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t unit = 0; unit < net->width[l + 1]; unit++) {
            size_t at = net->weight_at[l] + unit * net->width[l], n = net->width[l];
            double ratio = linalg_norm(n, d->m->theta + at) / linalg_norm(n, u + at);
            for (size_t i = 0; i < n; i++)
                u[at + i] *= ratio;
            if (net->bias)
                u[net->bias_at[l] + unit] = copysign(d->m->theta[net->bias_at[l] + unit], u[net->bias_at[l] + unit]);
        }
}

static enum status random_plane(struct plane *p, struct desk *d, struct error *e)
{
    double extent = config_number(config_get(d->options, "extent"), 1);
    (void)e;
    random_direction(d, 0x201, p->u);
    random_direction(d, 0x202, p->v);
    p->low[0] = p->low[1] = -extent;
    p->high[0] = p->high[1] = extent;
    return STATUS_OK;
}

static void multiply(const double *v, double *image, void *context)
{
    tape_hvp(context, HESSIAN_FULL, v, image);
}

/* The two sharpest eigenvectors, each as far as the quadratic loss reaches 0.1. */
static enum status eigen_plane(struct plane *p, struct desk *d, struct error *e)
{
    struct krylov_operator H = {d->N, multiply, d->tape};
    struct lanczos_pairs pairs = {0};
    tape_move(d->tape, d->m->theta);
    enum status status = lanczos_eigenpairs(&H, 0, 2, 1e-8, 400, d->m->seed, &pairs, e);
    if (!status && pairs.n_largest < 2)
        status = error_set(e, STATUS_REFUSED, "a plane wants two parameters");
    for (size_t k = 0; k < 2 && !status; k++) {
        double lambda = pairs.values[pairs.n_smallest + pairs.n_largest - 1 - k];
        memcpy(k ? p->v : p->u, pairs.vectors + (pairs.n_smallest + pairs.n_largest - 1 - k) * d->N,
               d->N * sizeof *p->u);
        p->high[k] = sqrt(0.2 / fmax(lambda, 1e-12));
        p->low[k] = -p->high[k];
    }
    lanczos_pairs_clear(&pairs);
    return status;
}

/* Principal plane of the training path about its end, from the eigenvectors of its Gram matrix. */
static enum status path_plane(struct plane *p, struct desk *d, struct error *e)
{
    const struct training *t = d->m->training;
    size_t n = t->n_path;
    double *path = calloc(n * d->N, sizeof *path), *gram = malloc(n * n * sizeof *gram),
           *values = malloc(n * sizeof *values);
    enum status status = path && gram && values ? STATUS_OK : error_memory(e);
    for (size_t i = 0; i < n && path; i++)
        for (size_t k = 0; k < d->N; k++)
            path[i * d->N + k] = t->path[i * d->N + k] - d->m->theta[k];
    if (!status) {
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, n, n, d->N, 1, path, d->N, path, d->N, 0, gram, n);
        status = linalg_eigen_symmetric(n, gram, true, values, e);
    }
    double total = 0;
    for (size_t i = 0; i < n && !status; i++)
        total += fmax(values[i], 0);
    for (size_t k = 0; k < 2 && !status; k++) {
        double *u = k ? p->v : p->u, *weight = gram + (n - 1 - k) * n;
        linalg_multiply_vector(LINALG_TRANSPOSED, n, d->N, 1, path, d->N, weight, 0, u);
        double length = linalg_norm(d->N, u);
        p->explained[k] = fmax(values[n - 1 - k], 0) / total;
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
    free(path);
    free(gram);
    free(values);
    return status;
}

/* --- planes as figures ------------------------------------------------------------------------------------------- */

static void add_map(struct figure *f, const struct plane *p, const char *title, const char *x_label,
                    const char *y_label)
{
    struct axis x = {.label = x_label, .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    struct axis y = {.label = y_label, .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    double low = fmax(p->least, 1e-6 * p->most), levels[LEVELS];
    for (size_t i = 0; i < LEVELS; i++)
        levels[i] = low * pow(p->most / low, (double)(i + 1) / (LEVELS + 1));
    struct figure_map map = {.nx = p->n,
                             .ny = p->n,
                             .x = p->x,
                             .y = p->y,
                             .z = p->z,
                             .colour = AXIS_LOG,
                             .low = low,
                             .high = p->most,
                             .levels = levels,
                             .n_levels = LEVELS,
                             .label = "loss"};
    figure_set_map(f, figure_add_panel(f, title, &x, &y), &map);
}

/* The path projected on the plane, and the loss along it beside that of its projection. */
static void add_path(struct figure *f, const struct plane *p, struct desk *d)
{
    const struct training *t = d->m->training;
    size_t n = t->n_path;
    double *a = malloc(5 * n * sizeof *a), zero = 0;
    if (!a)
        return;
    double *b = a + n, *step = b + n, *true_loss = step + n, *plane_loss = true_loss + n;
    for (size_t i = 0; i < n; i++) {
        const double *theta = t->path + i * d->N;
        a[i] = linalg_dot(d->N, theta, p->u) - linalg_dot(d->N, d->m->theta, p->u);
        b[i] = linalg_dot(d->N, theta, p->v) - linalg_dot(d->N, d->m->theta, p->v);
        step[i] = (double)i;
        true_loss[i] = tape_loss(d->tape, theta);
        plane_loss[i] = loss_at(d, p, a[i], b[i]);
    }
    figure_add_series(f, 0, MARK_LINE, 1, "training path, projected", n, a, b, NULL);
    figure_add_series(f, 0, MARK_POINTS, 6, "where it ended", 1, &zero, &zero, NULL);
    struct axis x = {.label = "point of the path", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    struct axis y = {.label = "loss", .scale = AXIS_LOG, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "along the path", &x, &y);
    figure_add_series(f, panel, MARK_LINE, 1, "true loss", n, step, true_loss, NULL);
    figure_add_series(f, panel, MARK_DASHED, 0, "loss of its projection", n, step, plane_loss, NULL);
    free(a);
}

static struct figure *plane_figure(const struct plane *p, struct desk *d)
{
    char name[40], caption[300], x_label[80] = "along the first direction", y_label[80] = "along the second direction";
    snprintf(name, sizeof name, "contour_%s", p->kind);
    bool path = isfinite(p->explained[0]);
    snprintf(caption, sizeof caption,
             "Loss on a plane through the weights (%s), contour lines evenly spaced in its logarithm.%s", p->kind,
             path ? " The plane holds the most of the path's variance; the loss of the path itself is below." : "");
    if (path) {
        snprintf(x_label, sizeof x_label, "first principal direction (%.3g %% of the variance)", 100 * p->explained[0]);
        snprintf(y_label, sizeof y_label, "second (%.2g %%)", 100 * p->explained[1]);
    }
    struct figure *f = figure_new(name, "Loss around the minimum", caption);
    double zero = 0;
    add_map(f, p, p->kind, x_label, y_label);
    if (path)
        add_path(f, p, d);
    else
        figure_add_series(f, 0, MARK_POINTS, 6, "these weights", 1, &zero, &zero, NULL);
    return f;
}

static json_t *plane_to_json(const struct plane *p, double centre)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(p->kind));
    json_object_set_new(o, "low", json_numbers(p->low, 2));
    json_object_set_new(o, "high", json_numbers(p->high, 2));
    json_object_set_new(o, "resolution", json_integer((json_int_t)p->n));
    json_object_set_new(o, "loss_centre", json_number_or_null(centre));
    json_object_set_new(o, "loss_least", json_number_or_null(p->least));
    json_object_set_new(o, "loss_most", json_number_or_null(p->most));
    json_object_set_new(o, "explained_variance", json_numbers(p->explained, 2));
    return o;
}

static enum status draw_plane(struct desk *d, const char *kind,
                              enum status (*build)(struct plane *, struct desk *, struct error *), json_t *list,
                              struct findings *out, struct error *e)
{
    struct plane p;
    enum status status = plane_init(&p, d, kind, e);
    if (!status)
        status = build(&p, d, e);
    if (!status)
        status = plane_fill(&p, d, e);
    if (!status) {
        findings_add_figure(out, plane_figure(&p, d));
        json_array_append_new(list, plane_to_json(&p, tape_loss(d->tape, d->m->theta)));
    }
    plane_clear(&p);
    return status;
}

/* --- three parameters -------------------------------------------------------------------------------------------- */

/* What each behaviour is short of its target on a grid around theta*, and the gradients that tell whether two agree
 * everywhere. */
struct space {
    struct surface_grid grid;
    double *miss; /* (families, points) */
    double *G;    /* (families, 3) */
    size_t families, points;
    double least_parallel[FAMILIES_MOST]
                         [FAMILIES_MOST]; /* least |cos| of the angle between two gradients, over the grid */
};

static enum status space_fill(struct space *s, struct desk *d, struct error *e)
{
    const struct problem *p = d->m->problem;
    for (size_t a = 0; a < s->families; a++)
        for (size_t b = 0; b < s->families; b++)
            s->least_parallel[a][b] = 1;
    for (size_t i = 0; i < s->points; i++) {
        if (i % 1000 == 0 && reporter_stop_requested(d->reporter))
            return error_set(e, STATUS_INTERRUPTED, "interrupted while drawing contours");
        size_t n = s->grid.n[0], at[3] = {i / (n * n), i / n % n, i % n};
        for (size_t k = 0; k < 3; k++)
            d->point[k] = surface_grid_at(&s->grid, k, at[k]);
        tape_move(d->tape, d->point);
        tape_behaviour_jacobian(d->tape, s->G);
        const double *f = p->behaviour == BEHAVIOUR_OUTPUTS ? tape_outputs(d->tape) : tape_probabilities(d->tape);
        for (size_t a = 0; a < s->families; a++) {
            s->miss[a * s->points + i] = f[a] - p->t[a];
            for (size_t b = 0; b < a; b++) {
                double size = linalg_norm(3, s->G + 3 * a) * linalg_norm(3, s->G + 3 * b);
                double cosine = size > 0 ? fabs(linalg_dot(3, s->G + 3 * a, s->G + 3 * b)) / size : 1;
                s->least_parallel[a][b] = fmin(s->least_parallel[a][b], cosine);
            }
        }
    }
    return STATUS_OK;
}

/* Value of a family on the grid, at a point inside it: trilinear. */
static double space_value(const struct space *s, size_t family, const double *point)
{
    size_t n = s->grid.n[0], at[3];
    double part[3], value = 0;
    for (size_t k = 0; k < 3; k++) {
        double z = (point[k] - s->grid.low[k]) / (s->grid.high[k] - s->grid.low[k]) * (double)(n - 1);
        at[k] = z <= 0 ? 0 : z >= (double)(n - 2) ? n - 2 : (size_t)z;
        part[k] = z - (double)at[k];
    }
    for (size_t corner = 0; corner < 8; corner++) {
        size_t index = 0;
        double weight = 1;
        for (size_t k = 0; k < 3; k++) {
            size_t up = corner >> k & 1;
            index = index * n + at[k] + up;
            weight *= up ? part[k] : 1 - part[k];
        }
        value += weight * s->miss[family * s->points + index];
    }
    return value;
}

/* Where the second family is right too: crossings of its zero on the edges of the first family's surface. */
static void add_crossing(struct figure *f, size_t panel, const struct space *s, const struct surface *first,
                         size_t second)
{
    double *points = malloc((9 * first->n_triangles + 3) * sizeof *points);
    size_t n = 0;
    for (size_t t = 0; points && t < first->n_triangles; t++)
        for (size_t k = 0; k < 3; k++) {
            const double *a = first->vertices + 3 * first->triangles[3 * t + k];
            const double *b = first->vertices + 3 * first->triangles[3 * t + (k + 1) % 3];
            double at_a = space_value(s, second, a), at_b = space_value(s, second, b);
            if (at_a * at_b >= 0)
                continue;
            for (size_t c = 0; c < 3; c++)
                points[3 * n + c] = a[c] + (b[c] - a[c]) * at_a / (at_a - at_b);
            n++;
        }
    if (n)
        figure_add_curve(f, panel, MARK_POINTS, 6, "both right: solutions", n, points);
    free(points);
}

static enum status draw_space(struct space *s, struct findings *out, struct error *e)
{
    struct figure *f = figure_new(
        "contour_space", "Where each behaviour is right",
        "Each surface holds the weights for which one example gets its target; the black points are where the "
        "first two cross: the solution manifold.");
    struct axis axes[3] = {{.label = "theta 1", .low = NAN, .high = NAN},
                           {.label = "theta 2", .low = NAN, .high = NAN},
                           {.label = "theta 3", .low = NAN, .high = NAN}};
    size_t panel = figure_add_space(f, "", axes, 60, 30);
    enum status status = STATUS_OK;
    for (size_t a = 0; a < s->families && !status; a++) {
        struct surface surface = {0};
        char legend[60];
        s->grid.values = s->miss + a * s->points;
        status = surface_extract(&s->grid, 0, &surface, e);
        if (!status)
            status = surface_simplify(&s->grid, &surface, e);
        snprintf(legend, sizeof legend, "behaviour %zu", a + 1);
        if (!status && surface.n_triangles)
            figure_add_surface(f, panel, (int)a, 0.6, legend, surface.vertices, surface.n_triangles, surface.triangles);
        if (!status && a == 0 && s->families > 1)
            add_crossing(f, panel, s, &surface, 1);
        surface_clear(&surface);
    }
    findings_add_figure(out, f);
    return status;
}

/* Families whose gradients are parallel all over the grid: they change together everywhere. */
static json_t *coincident_families(const struct space *s, struct findings *out)
{
    json_t *list = json_array();
    for (size_t a = 0; a < s->families; a++)
        for (size_t b = 0; b < a; b++)
            if (s->least_parallel[a][b] > 1 - 1e-9) {
                json_array_append_new(list, json_pack("[i,i]", (int)b + 1, (int)a + 1));
                findings_add_sentence(
                    out,
                    "The surfaces of behaviours %zu and %zu coincide everywhere: their gradients are parallel, "
                    "G cannot have full rank.",
                    b + 1, a + 1);
            }
    return list;
}

static enum status run_space(struct desk *d, json_t *answer, struct findings *out, struct error *e)
{
    double extent = config_number(config_get(d->options, "extent"), 2);
    size_t k = problem_behaviours(d->m->problem), n = SPACE_RESOLUTION;
    struct space s = {.grid = {.n = {n, n, n}}, .families = k < FAMILIES_MOST ? k : FAMILIES_MOST, .points = n * n * n};
    for (size_t c = 0; c < 3; c++) {
        s.grid.low[c] = d->m->theta[c] - extent;
        s.grid.high[c] = d->m->theta[c] + extent;
    }
    s.miss = malloc(s.families * s.points * sizeof *s.miss);
    s.G = malloc(k * 3 * sizeof *s.G);
    enum status status = s.miss && s.G ? space_fill(&s, d, e) : error_memory(e);
    if (!status)
        status = draw_space(&s, out, e);
    if (!status)
        json_object_set_new(answer, "coincident_behaviours", coincident_families(&s, out));
    free(s.miss);
    free(s.G);
    return status;
}

/* --- as an analysis ---------------------------------------------------------------------------------------------- */

static bool wanted(const struct config_node *options, const char *kind)
{
    const struct config_node *list = config_get(options, "planes");
    for (size_t i = 0; i < config_length(list); i++)
        if (strcmp(config_text(config_item(list, i), ""), kind) == 0)
            return true;
    return list == NULL;
}

static enum status run_contour(const struct minimum *m, const struct config_node *options,
                               const struct reporter *reporter, struct findings *out, struct error *e)
{
    struct desk d = {.m = m, .options = options, .reporter = reporter, .N = m->problem->network.n_parameters};
    json_t *answer = json_object(), *planes = json_array();
    d.point = malloc(d.N * sizeof *d.point);
    enum status status = d.point ? tape_new(m->problem, &d.tape, e) : error_memory(e);
    if (!status && wanted(options, "random"))
        status = draw_plane(&d, "random", random_plane, planes, out, e);
    if (!status && wanted(options, "eigenvectors") && d.N > 1)
        status = draw_plane(&d, "eigenvectors", eigen_plane, planes, out, e);
    if (!status && wanted(options, "trajectory") && m->training && m->training->n_path > 2)
        status = draw_plane(&d, "trajectory", path_plane, planes, out, e);
    else if (!status && wanted(options, "trajectory"))
        findings_add_sentence(out, "The principal plane of the training path needs the path: --retrain trains again.");
    if (!status && d.N == 3)
        status = run_space(&d, answer, out, e);
    json_object_set_new(answer, "planes", planes);
    out->json = json_object();
    json_object_set_new(out->json, "contour", answer);
    tape_free(d.tape);
    free(d.point);
    return status;
}

const struct analysis analysis_contour = {"contour", "loss on planes, behaviour surfaces of three parameters",
                                          run_contour, contour_schema};
