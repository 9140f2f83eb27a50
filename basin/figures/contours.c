/* Contours -> figures: the loss on planes, and behaviour surfaces in the space of three parameters. */
#include "basin/contour_private.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MOST = 10, STRIPES = 4, NARROW = 4 };

/* --- planes ------------------------------------------------------------------------------------------------------ */

/* Round numbers between low and high: the finest of these ladders that has at most LEVELS_MOST rungs there. */
static size_t round_levels(double low, double high, double *levels)
{
    static const double rungs[][9] = {{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7}, {1, 1.5, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}};
    static const size_t counts[] = {9, 6, 3, 2, 1};
    size_t n = 0;
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        n = 0;
        for (int power = (int)floor(log10(low)); power <= (int)ceil(log10(high)); power++)
            for (size_t i = 0; i < counts[k]; i++) {
                double level = rungs[k][i] * pow(10, power);
                if (level <= low || level >= high)
                    continue;
                if (n < LEVELS_MOST)
                    levels[n] = level;
                n++;
            }
        if (n <= LEVELS_MOST)
            return n;
    }
    return LEVELS_MOST;
}

/* Multiples of a round step between low and high: of the finest with at most LEVELS_MOST there. */
static size_t even_levels(double low, double high, double *levels)
{
    static const double steps[] = {1, 2, 5};
    double decade = pow(10, floor(log10((high - low) / LEVELS_MOST))), step = decade;
    for (size_t k = 0; step * LEVELS_MOST < high - low; k++)
        step = steps[k % 3] * decade * (k < 3 ? 1 : 10);
    double first = floor(low / step) + 1;
    size_t n = 0;
    for (; n < LEVELS_MOST && (first + (double)n) * step < high; n++)
        levels[n] = (first + (double)n) * step;
    return n;
}

static void add_map(struct figure *f, const struct plane *p, const char *x_label, const char *y_label)
{
    struct axis x = {.label = x_label, .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    struct axis y = {.label = y_label, .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    /* a quadratic bowl that reaches the edge is that low a step away from its bottom: less the grid cannot tell */
    double steps = (double)(p->n - 1), levels[LEVELS_MOST];
    double low = fmax(p->least, p->most / (steps * steps));
    bool good = low > 0 && p->most > low, narrow = good && p->most < NARROW * low; /* for a log scale */
    struct figure_map map = {.nx = p->n,
                             .ny = p->n,
                             .x = p->x,
                             .y = p->y,
                             .z = p->z,
                             .colour = good && !narrow ? AXIS_LOG : AXIS_LINEAR,
                             .low = good ? low : NAN,
                             .high = good ? p->most : NAN,
                             .levels = levels,
                             .n_levels = narrow ? even_levels(low, p->most, levels)
                                         : good ? round_levels(low, p->most, levels)
                                                : 0,
                             .label = "loss"};
    figure_set_map(f, figure_add_panel(f, "", &x, &y), &map);
}

/* The path projected on the plane, and the loss along it beside that of its projection. */
static void add_path(struct figure *f, const struct plane *p, struct desk *d)
{
    const struct training *t = d->m->training;
    size_t n = t->n_path;
    double *a = malloc(5 * n * sizeof *a), zero = 0;
    if (!a)
        return;
    double *b = a + n, *step = b + n, *true_loss = step + n, *plane_losses = true_loss + n;
    for (size_t i = 0; i < n; i++) {
        const double *theta = t->path + i * d->N;
        a[i] = linalg_dot(d->N, theta, p->u) - linalg_dot(d->N, d->m->theta, p->u);
        b[i] = linalg_dot(d->N, theta, p->v) - linalg_dot(d->N, d->m->theta, p->v);
        step[i] = (double)i;
        true_loss[i] = tape_loss(d->tape, theta);
        plane_losses[i] = plane_loss(d, p, a[i], b[i]);
    }
    figure_add_series(f, 0, MARK_LINE, 1, "training path, projected", n, a, b, NULL);
    figure_add_series(f, 0, MARK_POINTS, 6, "where it ended", 1, &zero, &zero, NULL);
    struct axis x = {.label = "point of the path", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    struct axis y = {.label = "loss", .scale = AXIS_LOG, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "along the path", &x, &y);
    figure_add_series(f, panel, MARK_LINE, 0, "true loss", n, step, true_loss, NULL);
    figure_add_series(f, panel, MARK_DASHED, 1, "loss of its projection", n, step, plane_losses, NULL);
    free(a);
}

/* The triangle on the plane, and the loss along its sides. */
static void add_sides(struct figure *f, const struct plane *p)
{
    static const char *const points[] = {"1: these weights", "2", "3"}, *const sides[] = {"1 to 2", "2 to 3", "3 to 1"};
    static const int colours[] = {6, 1, 2};
    double x[4], y[4], part[SIDE_POINTS];
    for (size_t i = 0; i < 4; i++) {
        x[i] = p->corner[i % 3][0];
        y[i] = p->corner[i % 3][1];
    }
    figure_add_series(f, 0, MARK_DASHED, 6, NULL, 4, x, y, NULL);
    for (size_t i = 0; i < 3; i++)
        figure_add_series(f, 0, MARK_POINTS, colours[i], points[i], 1, &x[i], &y[i], NULL);
    struct axis along = {.label = "part of the way", .scale = AXIS_LINEAR, .low = 0, .high = 1};
    struct axis loss = {.label = "loss", .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "along the straight lines between them", &along, &loss);
    for (size_t i = 0; i < SIDE_POINTS; i++)
        part[i] = (double)i / (SIDE_POINTS - 1);
    for (size_t i = 0; i < 3; i++)
        figure_add_series(f, panel, MARK_LINE, (int)i, sides[i], SIDE_POINTS, part, p->side[i], NULL);
}

struct figure *figure_of_plane(const struct plane *p, struct desk *d)
{
    char name[40], title[80], x_label[80] = "along the first direction", y_label[80] = "along the second direction";
    const struct {
        const char *kind, *title, *caption;
    } words[] = {
        {"random", "random directions",
         "Loss on a plane of two random directions, each unit's weights as long as in the network."},
        {"eigenvectors", "the sharpest directions",
         "Loss on the plane of the two eigenvectors of the Hessian with the largest eigenvalues."},
        {"trajectory", "the plane of the training path",
         "Loss on the plane that holds the most of the path's variance; the loss of the path itself is below."},
        {"points", "a plane through three points",
         "Loss on the plane through these weights and two others; the loss on the lines between them is below."},
    };
    size_t k = 0;
    while (k + 1 < sizeof words / sizeof words[0] && strcmp(words[k].kind, p->kind) != 0)
        k++;
    bool path = isfinite(p->explained[0]);
    snprintf(name, sizeof name, "contour_%s", p->kind);
    snprintf(title, sizeof title, "Loss on %s", words[k].title);
    if (path) {
        snprintf(x_label, sizeof x_label, "first principal direction (%.3g %% of the variance)", 100 * p->explained[0]);
        snprintf(y_label, sizeof y_label, "second (%.2g %%)", 100 * p->explained[1]);
    }
    struct figure *f = figure_new(name, title, words[k].caption);
    double zero = 0;
    add_map(f, p, x_label, y_label);
    if (path)
        add_path(f, p, d);
    else if (p->three)
        add_sides(f, p);
    else
        figure_add_series(f, 0, MARK_POINTS, 6, "these weights", 1, &zero, &zero, NULL);
    return f;
}

/* --- three parameters -------------------------------------------------------------------------------------------- */

/* Number of the stripe in which a triangle's middle lies. */
static size_t stripe_of(const struct space *s, const struct surface *surface, const size_t *triangle)
{
    double sum = 0;
    for (size_t c = 0; c < 3; c++) {
        double middle = 0;
        for (size_t k = 0; k < 3; k++)
            middle += surface->vertices[3 * triangle[k] + c] / 3;
        sum += (double)(c + 1) * (middle - s->grid.low[c]) / (s->grid.high[c] - s->grid.low[c]);
    }
    return (size_t)(STRIPES * fmax(sum, 0));
}

/* Families with one and the same surface share it in stripes of their colours. */
static void add_family(struct figure *f, size_t panel, const struct space *s, size_t family)
{
    size_t first = s->families, members = 0, own = 0, n = 0;
    for (size_t b = 0; b < s->families; b++)
        if (s->relation[family][b] == RELATION_SAME) {
            first = b < first ? b : first;
            own += b < family;
            members++;
        }
    const struct surface *surface = &s->surface[first];
    size_t *triangles = malloc((3 * surface->n_triangles + 1) * sizeof *triangles);
    char legend[60];
    for (size_t t = 0; triangles && t < surface->n_triangles; t++)
        if (stripe_of(s, surface, surface->triangles + 3 * t) % (members ? members : 1) == own)
            memcpy(triangles + 3 * n++, surface->triangles + 3 * t, 3 * sizeof *triangles);
    if (first == family)
        snprintf(legend, sizeof legend, "behaviour %zu is right", family + 1);
    else
        snprintf(legend, sizeof legend, "behaviour %zu: the same as %zu", family + 1, first + 1);
    if (n)
        figure_add_surface(f, panel, (int)family, 0.6, legend, surface->vertices, n, triangles);
    free(triangles);
}

/* Pieces of a curve, or points. */
static void add_solutions(struct figure *f, size_t panel, const struct space *s)
{
    size_t n = s->n_solutions, count = 0;
    double *points = malloc((5 * n + 6) * sizeof *points);
    if (points && s->classes > 2)
        figure_add_curve(f, panel, MARK_POINTS, 6, "all are right: solutions", n, s->solutions);
    else if (points) {
        for (size_t i = 0; i < n; i++) {
            memcpy(points + 3 * count++, s->solutions + 3 * i, 3 * sizeof *points);
            for (size_t c = 0; i % 2 && c < 3; c++)
                points[3 * count + c] = NAN;
            count += i % 2;
        }
        figure_add_curve(f, panel, MARK_LINE, 6, "all are right: solutions", count, points);
    }
    free(points);
}

struct figure *figure_of_space(const struct space *s, const struct desk *d)
{
    struct figure *f = figure_new(
        "contour_space", "Where each behaviour is right",
        "Each surface holds the weights for which one example gets its target, in its own colour; in black where all "
        "are right: the solution manifold. Surfaces that are the same share it in stripes.");
    char names[3][24];
    struct axis axes[3];
    for (size_t c = 0; c < 3; c++)
        axes[c] = (struct axis){.label = network_parameter_name(&d->m->problem->network, c, names[c], sizeof names[c]),
                                .low = s->grid.low[c],
                                .high = s->grid.high[c]};
    size_t panel = figure_add_space(f, "", axes, 60, 30);
    for (size_t a = 0; a < s->families; a++)
        add_family(f, panel, s, a);
    if (s->n_solutions)
        add_solutions(f, panel, s);
    return f;
}
