#include "plots/figure.h"

#include "base/text.h"
#include "plots/figure_private.h"

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

static void panel_clear(struct panel *p)
{
    free(p->title);
    free(p->x_label);
    free(p->y_label);
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

void figure_add_series(struct figure *f, size_t panel, enum mark mark, int colour, const char *legend, size_t n,
                       const double *x, const double *y, const double *y2)
{
    if (!f || panel >= f->n_panels)
        return;
    struct panel *p = &f->panels[panel];
    struct plot_series *s = extend(f, &p->series, &p->n_series, sizeof *s);
    if (!s)
        return;
    s->mark = mark;
    s->colour = colour >= 0 ? colour % FIGURE_COLOURS : p->next_colour++ % FIGURE_COLOURS;
    s->legend = copy_into(f, legend);
    s->columns = y2 ? 3 : 2;
    s->points = malloc((n + 1) * s->columns * sizeof *s->points);
    f->failed |= !s->points;
    if (!s->points)
        return;
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        double *point = s->points + i * s->columns;
        point[0] = x[i];
        point[1] = y[i];
        if (y2)
            point[2] = y2[i];
    }
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
