/* The part of a script that draws a panel in space. */
#include "plots/figure_private.h"

#include <math.h>

static const char axis_letters[3] = {'x', 'y', 'z'};

/* As asked for, else that of what is in the panel. */
static void find_range(const struct panel *p, const struct axis *a, size_t column, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t k = 0; k < p->n_series; k++)
        for (size_t i = 0; i < p->series[k].n; i++) {
            double value = p->series[k].points[3 * i + column];
            if (!isfinite(value))
                continue;
            *low = fmin(*low, value);
            *high = fmax(*high, value);
        }
    *low = isfinite(a->low) ? a->low : isfinite(*low) ? *low : 0;
    *high = isfinite(a->high) ? a->high : isfinite(*high) ? *high : 1;
    if (*high > *low)
        return;
    double gap = fmax(1, fabs(*low) / 8);
    *low -= gap;
    *high = *low + 2 * gap;
}

static void write_axes(const struct panel *p, FILE *out)
{
    const struct axis *const axes[3] = {&p->x, &p->y, &p->z};
    const char *const labels[3] = {p->x_label, p->y_label, p->z_label};
    for (size_t k = 0; k < 3; k++) {
        double low, high;
        find_range(p, axes[k], k, &low, &high);
        fprintf(out, "set %crange [", axis_letters[k]);
        script_number(low, out);
        fputs(" : ", out);
        script_number(high, out);
        fprintf(out, "]\nset %clabel ", axis_letters[k]);
        script_text(labels[k], out);
        fprintf(out, " offset 0,0 noenhanced\nset %ctics autofreq offset 0,0\n", axis_letters[k]);
    }
}

static void write_settings(const struct panel *p, FILE *out)
{
    fputs("unset logscale\nunset label\nunset arrow\nunset object\nset format '%g'\nset title ", out);
    script_text(p->title, out);
    fputs(" noenhanced\n", out);
    write_axes(p, out);
    fputs("set xyplane relative 0\nset border 4095 linewidth 0.5\nset pm3d depthorder noborder lighting primary 0.35 "
          "specular 0\nset view ",
          out);
    script_number(p->tilt, out);
    fputs(", ", out);
    script_number(p->turn, out);
    fprintf(out, ", 1, 1\nset view %s\nset bmargin 3\n", p->equal ? "equal xyz" : "noequal"); /* of both pictures */
}

/* Entries of the legend by hand: a surface has no sample of its own. */
static void write_key(const struct plot_series *s, FILE *out)
{
    if (s->opacity > 0)
        fprintf(out, ", \\\n      keyentry with lines linewidth 8 linecolor rgb '#%02x%s'",
                (unsigned)lround(255 * (1 - fmin(1, s->opacity))), script_colour(s->colour) + 1);
    else if (s->mark == MARK_POINTS)
        fprintf(out, ", \\\n      keyentry with points pointtype %d pointsize 1.1 linecolor rgb '%s'",
                script_point_shape(s->colour), script_colour(s->colour));
    else
        fprintf(out, ", \\\n      keyentry with lines linewidth 3 dashtype %s linecolor rgb '%s'",
                s->mark == MARK_DASHED ? "2" : "1", script_colour(s->colour));
    script_legend(s->legend, out);
}

static void write_surfaces(const struct figure *f, const struct panel *p, size_t first_block, FILE *out)
{
    fputs("splot NaN notitle", out);
    for (size_t k = 0; k < p->n_series; k++)
        if (p->series[k].opacity > 0 && p->series[k].n) {
            fprintf(out, ", \\\n      '%s.dat' index %zu using 1:2:3 with polygons fillstyle transparent solid ",
                    f->name, first_block + k);
            script_number(fmin(1, p->series[k].opacity), out);
            fprintf(out, " fillcolor rgb '%s' notitle", script_colour(p->series[k].colour));
        }
    for (size_t k = 0; k < p->n_series; k++)
        if (p->series[k].legend)
            write_key(&p->series[k], out);
    fputc('\n', out);
}

/* Surfaces are drawn last whatever the order of the command, so curves come as a second picture over the first: same
 * axes, with nothing but the curves. */
static void write_curves(const struct figure *f, const struct panel *p, size_t first_block, FILE *out)
{
    fputs("set multiplot previous\nunset key\nset border 0\nunset tics\nset title ' '\nset xlabel ' '\nset ylabel ' '\n"
          "set zlabel ' '\nsplot NaN notitle",
          out);
    for (size_t k = 0; k < p->n_series; k++) {
        const struct plot_series *s = &p->series[k];
        if (s->opacity > 0 || !s->n)
            continue;
        fprintf(out, ", \\\n      '%s.dat' index %zu using 1:2:3 with ", f->name, first_block + k);
        if (s->mark == MARK_POINTS)
            fprintf(out, "points pointtype %d pointsize 1.1", script_point_shape(s->colour));
        else
            fprintf(out, "lines linewidth 3 dashtype %s", s->mark == MARK_DASHED ? "2" : "1");
        fprintf(out, " linecolor rgb '%s' notitle", script_colour(s->colour));
    }
    fputc('\n', out);
}

void script_space(const struct figure *f, size_t panel, size_t first_block, FILE *out)
{
    const struct panel *p = &f->panels[panel];
    bool curves = false;
    for (size_t k = 0; k < p->n_series; k++)
        curves |= p->series[k].opacity == 0 && p->series[k].n > 0;
    fprintf(out, "\n# panel %zu\n", panel + 1);
    write_settings(p, out);
    write_surfaces(f, p, first_block, out);
    if (curves)
        write_curves(f, p, first_block, out);
    fputs("set border 31 linewidth 1\nset tics\nunset zlabel\nset xtics offset 0,0\nset view noequal\nset key on\nset "
          "bmargin -1\n",
          out);
}
