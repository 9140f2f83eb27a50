#include "plots/figure.h"

#include "base/text.h"
#include "plots/figure_private.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct figure *figure_new(const char *name, const char *title, const char *caption)
{
    struct figure *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->columns = 1;
    f->name = text_copy(name);
    f->title = text_copy(title);
    f->caption = text_copy(caption ? caption : "");
    f->failed = !f->name || !f->title || !f->caption;
    return f;
}

static void map_clear(struct plot_map *m)
{
    free(m->x);
    free(m->y);
    free(m->z);
    free(m->levels);
    free(m->label);
    memset(m, 0, sizeof *m);
}

static void panel_clear(struct panel *p)
{
    free(p->title);
    free(p->x_label);
    free(p->y_label);
    free(p->z_label);
    map_clear(&p->map);
    for (size_t i = 0; p->row_names && i < p->n_rows; i++)
        free(p->row_names[i]);
    free(p->row_names);
    for (size_t i = 0; i < p->n_series; i++) {
        free(p->series[i].legend);
        free(p->series[i].points);
    }
    free(p->series);
    for (size_t i = 0; i < p->n_spans; i++)
        free(p->spans[i].label);
    free(p->spans);
    for (size_t i = 0; i < p->n_verticals; i++)
        free(p->verticals[i].label);
    free(p->verticals);
}

void figure_free(struct figure *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n_panels; i++)
        panel_clear(&f->panels[i]);
    free(f->panels);
    free(f->name);
    free(f->title);
    free(f->caption);
    free(f);
}

/* One more element at the end of a growing array; NULL (and remembered) on lack of memory. */
static void *extend(struct figure *f, void *array_pointer, size_t *n, size_t size)
{
    void *old, *more;
    memcpy(&old, array_pointer, sizeof old);
    more = f->failed ? NULL : realloc(old, (*n + 1) * size);
    if (!more) {
        f->failed = true;
        return NULL;
    }
    memcpy(array_pointer, &more, sizeof more);
    void *element = (char *)more + (*n)++ * size;
    memset(element, 0, size);
    return element;
}

static char *copy_into(struct figure *f, const char *text)
{
    char *copy = text_copy(text);
    f->failed |= text && !copy;
    return copy;
}

size_t figure_add_panel(struct figure *f, const char *title, const struct axis *x, const struct axis *y)
{
    struct panel *p = f ? extend(f, &f->panels, &f->n_panels, sizeof *p) : NULL;
    if (!p)
        return 0;
    p->x = *x;
    p->y = *y;
    p->title = copy_into(f, title ? title : "");
    p->x_label = copy_into(f, x->label ? x->label : "");
    p->y_label = copy_into(f, y->label ? y->label : "");
    return f->n_panels - 1;
}

void figure_set_columns(struct figure *f, size_t columns)
{
    if (f && columns)
        f->columns = columns;
}

/* One more series with room for n points of so many columns; NULL where there is no such panel, or no memory. */
static struct plot_series *add_series(struct figure *f, size_t panel, bool space, enum mark mark, int colour,
                                      const char *legend, size_t n, size_t columns)
{
    if (!f || panel >= f->n_panels || f->panels[panel].space != space)
        return NULL;
    struct panel *p = &f->panels[panel];
    struct plot_series *s = extend(f, &p->series, &p->n_series, sizeof *s);
    if (!s)
        return NULL;
    s->mark = mark;
    s->colour = colour >= 0 ? colour % FIGURE_COLOURS : p->next_colour++ % FIGURE_COLOURS;
    s->legend = copy_into(f, legend);
    s->columns = columns;
    s->points = malloc((n + 1) * columns * sizeof *s->points);
    f->failed |= !s->points;
    s->n = s->points ? n : 0;
    return s->points ? s : NULL;
}

void figure_add_series(struct figure *f, size_t panel, enum mark mark, int colour, const char *legend, size_t n,
                       const double *x, const double *y, const double *y2)
{
    struct plot_series *s = add_series(f, panel, false, mark, colour, legend, n, y2 ? 3 : 2);
    for (size_t i = 0; s && i < n; i++) {
        double *point = s->points + i * s->columns;
        point[0] = x[i];
        point[1] = y[i];
        if (y2)
            point[2] = y2[i];
    }
}

static double *copy_numbers(struct figure *f, size_t n, const double *numbers)
{
    double *copy = malloc((n + 1) * sizeof *copy);
    f->failed |= !copy;
    if (copy && n)
        memcpy(copy, numbers, n * sizeof *copy);
    return copy;
}

/* The ends of the colour scale as asked for, else those of the data. */
static void find_colour_range(struct plot_map *m)
{
    struct axis a = {.scale = m->colour};
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; m->z && i < m->nx * m->ny; i++)
        if (axis_can_show(&a, m->z[i])) {
            low = fmin(low, m->z[i]);
            high = fmax(high, m->z[i]);
        }
    if (!axis_can_show(&a, m->low))
        m->low = isfinite(low) ? low : m->colour == AXIS_LOG ? 1 : 0;
    if (!axis_can_show(&a, m->high))
        m->high = isfinite(high) ? high : m->low;
    if (!(m->high > m->low))
        m->high = m->colour == AXIS_LOG ? 2 * m->low : m->low + fmax(1, fabs(m->low));
}

static void keep_good_levels(struct plot_map *m)
{
    struct axis a = {.scale = m->colour};
    size_t kept = 0;
    for (size_t k = 0; m->levels && k < m->n_levels; k++)
        if (axis_can_show(&a, m->levels[k]))
            m->levels[kept++] = m->levels[k];
    m->n_levels = kept;
}

void figure_set_map(struct figure *f, size_t panel, const struct figure_map *m)
{
    if (!f || panel >= f->n_panels || f->panels[panel].space || m->nx < 2 || m->ny < 2)
        return;
    struct panel *p = &f->panels[panel];
    map_clear(&p->map);
    p->map = (struct plot_map){.nx = m->nx,
                               .ny = m->ny,
                               .n_levels = m->n_levels,
                               .x = copy_numbers(f, m->nx, m->x),
                               .y = copy_numbers(f, m->ny, m->y),
                               .z = copy_numbers(f, m->nx * m->ny, m->z),
                               .levels = copy_numbers(f, m->n_levels, m->levels),
                               .colour = m->colour,
                               .low = m->low,
                               .high = m->high,
                               .label = copy_into(f, m->label ? m->label : "")};
    find_colour_range(&p->map);
    keep_good_levels(&p->map);
    p->x.low = m->x[0];
    p->x.high = m->x[m->nx - 1];
    p->y.low = m->y[0];
    p->y.high = m->y[m->ny - 1];
}

void figure_set_rows(struct figure *f, size_t panel, size_t n, const char *const *names)
{
    if (!f || panel >= f->n_panels || f->panels[panel].n_rows || n == 0)
        return;
    struct panel *p = &f->panels[panel];
    p->row_names = calloc(n, sizeof *p->row_names);
    f->failed |= !p->row_names;
    p->n_rows = p->row_names ? n : 0;
    for (size_t i = 0; i < p->n_rows; i++)
        p->row_names[i] = copy_into(f, names[i]);
}

void figure_set_equal(struct figure *f, size_t panel)
{
    if (f && panel < f->n_panels)
        f->panels[panel].equal = true;
}

size_t figure_add_space(struct figure *f, const char *title, const struct axis axes[3], double tilt, double turn)
{
    size_t index = figure_add_panel(f, title, &axes[0], &axes[1]);
    if (!f || index >= f->n_panels)
        return index;
    struct panel *p = &f->panels[index];
    p->space = true;
    p->z = axes[2];
    p->z_label = copy_into(f, axes[2].label ? axes[2].label : "");
    p->tilt = tilt;
    p->turn = turn;
    return index;
}

void figure_add_surface(struct figure *f, size_t panel, int colour, double opacity, const char *legend,
                        const double *vertices, size_t n_triangles, const size_t *triangles)
{
    struct plot_series *s = add_series(f, panel, true, MARK_LINE, colour, legend, 3 * n_triangles, 3);
    if (!s)
        return;
    s->opacity = opacity;
    for (size_t i = 0; i < 3 * n_triangles; i++)
        memcpy(s->points + 3 * i, vertices + 3 * triangles[i], 3 * sizeof *vertices);
}

void figure_add_curve(struct figure *f, size_t panel, enum mark mark, int colour, const char *legend, size_t n,
                      const double *points)
{
    struct plot_series *s = add_series(f, panel, true, mark, colour, legend, n, 3);
    if (s && n)
        memcpy(s->points, points, 3 * n * sizeof *points);
}

size_t panel_blocks(const struct panel *p)
{
    return p->n_series + (p->map.nx > 0);
}

void figure_add_span(struct figure *f, size_t panel, double from, double to, const char *label, int colour)
{
    if (!f || panel >= f->n_panels)
        return;
    struct plot_span *s = extend(f, &f->panels[panel].spans, &f->panels[panel].n_spans, sizeof *s);
    if (!s)
        return;
    s->from = from;
    s->to = to;
    s->colour = colour;
    s->label = copy_into(f, label ? label : "");
}

void figure_add_vertical(struct figure *f, size_t panel, double x, const char *label)
{
    if (!f || panel >= f->n_panels)
        return;
    struct plot_vertical *v = extend(f, &f->panels[panel].verticals, &f->panels[panel].n_verticals, sizeof *v);
    if (!v)
        return;
    v->x = x;
    v->label = copy_into(f, label ? label : "");
}

void figure_add_prefix(struct figure *f, const char *prefix)
{
    if (!f)
        return;
    char *name = text_format("%s_%s", prefix, f->name), *title = text_format("%s: %s", f->title, prefix);
    for (char *c = name; c && *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
            *c = '_';
    if (!name || !title) {
        free(name);
        free(title);
        f->failed = true;
        return;
    }
    free(f->name);
    free(f->title);
    f->name = name;
    f->title = title;
}

const char *figure_name(const struct figure *f)
{
    return f->name;
}

const char *figure_title(const struct figure *f)
{
    return f->title;
}

const char *figure_caption(const struct figure *f)
{
    return f->caption;
}
