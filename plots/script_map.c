/* The part of a script that draws a map: an image of pale colours, and contour lines that gnuplot finds. */
#include "plots/figure_private.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* Cream to blue: lightness falls evenly, so that it reads in any kind of colour blindness and in grey. */
static const char map_palette[] = "0 '#fffbea', 0.5 '#b9d7ea', 1 '#3f7fb8'";

enum { MARKS_MOST = 14 };

/* Contour lines through a value that the map does not take on are none, and gnuplot complains of an empty curve. */
static bool crosses(const struct plot_map *m, double level)
{
    struct axis a = {.scale = m->colour};
    bool below = false, above = false;
    for (size_t i = 0; i < m->nx * m->ny; i++) {
        double value = fmax(m->z[i], m->low);
        below |= isfinite(m->z[i]) && value < level;
        above |= isfinite(m->z[i]) && value > level;
    }
    return below && above && axis_can_show(&a, level);
}

static size_t count_crossed(const struct plot_map *m)
{
    size_t n = 0;
    for (size_t k = 0; k < m->n_levels; k++)
        n += crosses(m, m->levels[k]);
    return n;
}

/* Lines are found in the logarithm where the colours are, since what is linear between grid points is the logarithm. */
void script_map_prepare(const struct figure *f, size_t panel, size_t first_block, FILE *out)
{
    const struct plot_map *m = &f->panels[panel].map;
    bool first = true;
    if (!m->nx || !count_crossed(m))
        return;
    fputs("set contour base\nunset surface\nset cntrparam levels discrete ", out);
    for (size_t k = 0; k < m->n_levels; k++) {
        if (!crosses(m, m->levels[k]))
            continue;
        fputs(first ? "" : ", ", out);
        script_number(m->colour == AXIS_LOG ? log10(m->levels[k]) : m->levels[k], out);
        first = false;
    }
    fprintf(out, "\nset table $lines%zu\nsplot '%s.dat' index %zu using 1:2:(%s) notitle\n", panel + 1, f->name,
            first_block + f->panels[panel].n_series, m->colour == AXIS_LOG ? "log10($3)" : "$3");
    fputs("unset table\nunset contour\nset surface\n", out);
}

static void write_colour_marks(const struct plot_map *m, FILE *out)
{
    if (m->n_levels == 0 || m->n_levels > MARKS_MOST) {
        fputs("set cbtics auto\n", out);
        return;
    }
    fputs("set cbtics (", out);
    for (size_t k = 0; k < m->n_levels; k++) {
        char *label = text_format("%.3g", m->levels[k]);
        fputs(k ? ", " : "", out);
        script_text(label ? label : "", out);
        fputc(' ', out);
        script_number(m->levels[k], out);
        free(label);
    }
    fputs(")\n", out);
}

void script_map_settings(const struct panel *p, FILE *out)
{
    const struct plot_map *m = &p->map;
    if (!m->nx)
        return;
    fprintf(out, "set palette defined (%s)\nset colorbox default\n", map_palette);
    fputs(m->colour == AXIS_LOG ? "set logscale cb\n" : "", out);
    write_colour_marks(m, out);
    fputs("set cbrange [", out);
    script_number(m->low, out);
    fputs(" : ", out);
    script_number(m->high, out);
    fputs("]\nset cblabel ", out);
    script_text(m->label, out);
    fputs(" noenhanced\n", out);
}

void script_map_plot(const struct figure *f, size_t panel, size_t first_block, FILE *out)
{
    const struct panel *p = &f->panels[panel];
    fprintf(out, "plot '%s.dat' index %zu using 1:2:3 with image notitle", f->name, first_block + p->n_series);
    if (count_crossed(&p->map))
        fprintf(out, ", \\\n     $lines%zu using 1:2 with lines linewidth 0.9 linecolor rgb '#5a6b78' notitle",
                panel + 1);
}
