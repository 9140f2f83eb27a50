/* Writing a figure: data, script, and the pictures that gnuplot makes of them. */
#include "base/file.h"
#include "base/text.h"
#include "plots/figure_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A blank line breaks the curve where a point cannot be drawn. */
static void write_block(const struct panel *p, const struct plot_series *s, FILE *out)
{
    char text[40];
    bool any = false, broken = false;
    for (size_t i = 0; i < s->n; i++) {
        const double *point = s->points + i * s->columns;
        bool good = axis_can_show(&p->x, point[0]) && axis_can_show(&p->y, point[1]) &&
                    (s->columns < 3 || axis_can_show(&p->y, point[2]));
        if (good) {
            fputs(any && broken ? "\n" : "", out);
            for (size_t k = 0; k < s->columns; k++)
                fprintf(out, "%s%s", k ? " " : "", text_from_number(point[k], text, sizeof text));
            fputc('\n', out);
        }
        any |= good;
        broken = !good;
    }
    if (!any) /* never an empty block: gnuplot would miscount the blocks */
        fputs("nan nan nan\n", out);
}

static bool is_finite_point(const double *point)
{
    return isfinite(point[0]) && isfinite(point[1]) && isfinite(point[2]);
}

/* Points of the run that begins at or after *i; *i goes to its end. */
static size_t run_length(const struct plot_series *s, size_t *i)
{
    size_t n = 0;
    while (*i < s->n && !is_finite_point(s->points + 3 * *i))
        ++*i;
    for (; *i < s->n && is_finite_point(s->points + 3 * *i); ++*i)
        n++;
    return n;
}

/* Pieces of a curve that are all equally long would be taken for the rows of a grid, and joined across. */
static bool looks_like_grid(const struct plot_series *s)
{
    size_t i = 0, first = run_length(s, &i), second = run_length(s, &i);
    return s->opacity == 0 && second > 0 && first == second;
}

/* A blank line between triangles, and where a curve in space breaks. */
static void write_space_block(const struct plot_series *s, FILE *out)
{
    char text[40];
    bool any = false, broken = false, twice = looks_like_grid(s);
    for (size_t i = 0; i < s->n; i++) {
        const double *point = s->points + 3 * i;
        bool good = is_finite_point(point);
        if (good)
            fputs(any && (broken || (s->opacity > 0 && i % 3 == 0)) ? "\n" : "", out);
        for (int copies = good ? 1 + (twice && !any) : 0; copies > 0; copies--) {
            for (size_t k = 0; k < 3; k++)
                fprintf(out, "%s%s", k ? " " : "", text_from_number(point[k], text, sizeof text));
            fputc('\n', out);
        }
        any |= good;
        broken = !good;
    }
    if (!any)
        fputs("nan nan nan\n", out);
}

/* Rows of the grid with a blank line between, as gnuplot wants them. What cannot be shown is "NaN", not the "nan" of
 * missing points: a grid needs all of its points. */
static void write_map_block(const struct plot_map *m, FILE *out)
{
    struct axis a = {.scale = m->colour};
    char x[40], y[40], z[40];
    for (size_t j = 0; j < m->ny; j++) {
        fputs(j ? "\n" : "", out);
        for (size_t i = 0; i < m->nx; i++) {
            double value = m->z[j * m->nx + i];
            bool low = isfinite(value) && value < m->low; /* zero on a log scale too */
            value = low ? m->low : value;
            fprintf(out, "%s %s %s\n", text_from_number(m->x[i], x, sizeof x), text_from_number(m->y[j], y, sizeof y),
                    axis_can_show(&a, value) ? text_from_number(value, z, sizeof z) : "NaN");
        }
    }
}

static void write_data(const struct figure *f, FILE *out)
{
    fprintf(out, "# data of the figure %s, one block a curve: x y [y2]; in space x y z, a map x y value\n", f->name);
    for (size_t i = 0; i < f->n_panels; i++) {
        for (size_t k = 0; k < f->panels[i].n_series; k++) {
            const struct plot_series *s = &f->panels[i].series[k];
            fprintf(out, "# panel %zu: ", i + 1);
            for (const char *c = s->legend ? s->legend : ""; *c; c++)
                fputc((unsigned char)*c < 0x20 ? ' ' : *c, out);
            fputc('\n', out);
            if (f->panels[i].space)
                write_space_block(s, out);
            else
                write_block(&f->panels[i], s, out);
            fputs("\n\n", out);
        }
        if (f->panels[i].map.nx) {
            fprintf(out, "# panel %zu: map\n", i + 1);
            write_map_block(&f->panels[i].map, out);
            fputs("\n\n", out);
        }
    }
}

static enum status write_part(const struct figure *f, const char *folder, const char *ending,
                              void (*write)(const struct figure *, FILE *), struct error *e)
{
    char path[4096];
    struct file_aside file;
    snprintf(path, sizeof path, "%s/%s.%s", folder, f->name, ending);
    enum status status = file_aside_open(&file, path, e);
    if (status)
        return status;
    write(f, file.stream);
    return file_aside_commit(&file, e);
}

/* gnuplot writes NAME.svg.part and NAME.png.part; they get their names when both are there. */
static enum status draw(const struct figure *f, const char *folder, bool *drawn, struct error *e)
{
    static const char *const endings[] = {"svg", "png"};
    char script[300], part[4200], whole[4200];
    snprintf(script, sizeof script, "%.280s.gp", f->name);
    enum status status = gnuplot_run(folder, script, ".part", drawn, e);
    for (size_t i = 0; i < 2; i++) {
        snprintf(whole, sizeof whole, "%.3000s/%.280s.%s", folder, f->name, endings[i]);
        snprintf(part, sizeof part, "%.3000s/%.280s.%s.part", folder, f->name, endings[i]);
        if (status || !*drawn) {
            unlink(part);
            unlink(whole); /* an older picture would not show these data */
        } else if (rename(part, whole) != 0)
            status = error_set_at(e, STATUS_FAILED, whole, 0, 0, "gnuplot drew no picture");
    }
    return status;
}

enum status figure_write(const struct figure *f, const char *folder, bool *drawn, struct error *e)
{
    bool ran = false;
    if (!f || f->failed)
        return error_memory(e);
    enum status status = write_part(f, folder, "dat", write_data, e);
    if (!status)
        status = write_part(f, folder, "gp", script_write, e);
    if (!status)
        status = draw(f, folder, &ran, e);
    if (drawn)
        *drawn = ran;
    return status;
}
