/* The gnuplot script of a figure. */
#include "plots/figure_private.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Okabe and Ito's palette, yellow last: it is faint on white. */
static const char *const palette[FIGURE_COLOURS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                    "#E69F00", "#56B4E9", "#000000", "#F0E442"};
static const int point_shapes[FIGURE_COLOURS] = {7, 5, 9, 11, 13, 4, 6, 8};
static const char *const dashes[FIGURE_COLOURS] = {"solid", "'-'", "'.-'", "'_.'", "'_-'", "'_'", "'..-'", "'.'"};

/* Width of a character of a label, as a part of the axis of a panel as wide as the figure. */
#define LABEL_CHARACTER 0.009

enum { LABELS_MAX = 64 };
enum {
    PANEL_WIDTH = 1100,
    PANEL_HEIGHT = 430,
    TALL_PANEL_HEIGHT = 560,
    LEGEND_ROW = 24,
    TITLE_HEIGHT = 40,
    MANY_POINTS = 60
};

/* A text in single quotes: nothing in it is special to gnuplot but the quote itself. That stands in double quotes,
 * joined on: gnuplot 5.4 takes a doubled quote at the start of a text for its end. */
void script_text(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\'')
            fputs("'.\"'\".'", out);
        else
            fputc(c < 0x20 || c == 0x7f ? ' ' : c, out);
    }
    fputc('\'', out);
}

void script_number(double value, FILE *out)
{
    char text[40];
    fputs(text_from_number(value, text, sizeof text), out);
}

const char *script_colour(int colour)
{
    return palette[colour];
}

int script_point_shape(int colour)
{
    return point_shapes[colour];
}

void script_legend(const char *legend, FILE *out)
{
    if (!legend) {
        fputs(" notitle", out);
        return;
    }
    fputs(" title ", out);
    script_text(legend, out);
    fputs(" noenhanced", out);
}

/* Phases and the like: a pale band, its label at the top, only its first word where it is narrow. */
static void write_spans(const struct panel *p, double low, double high, double character, FILE *out)
{
    double all = axis_coordinate(&p->x, high) - axis_coordinate(&p->x, low);
    for (size_t i = 0; i < p->n_spans; i++) {
        const struct plot_span *s = &p->spans[i];
        double from = fmax(s->from, low), to = fmin(s->to, high);
        if (!(to > from))
            continue;
        double a = axis_coordinate(&p->x, from), b = axis_coordinate(&p->x, to), share = (b - a) / all;
        fputs("set object rectangle from first ", out);
        script_number(from, out);
        fputs(", graph 0 to first ", out);
        script_number(to, out);
        fprintf(out, ", graph 1 behind fillcolor rgb '%s' fillstyle solid 0.13 noborder\n",
                palette[s->colour >= 0 ? s->colour % FIGURE_COLOURS : (int)(i % 2)]);
        if (!s->label[0] || share < 0.012)
            continue;
        char *label = text_copy(s->label);
        if (label && share < character * (double)strlen(label))
            label[strcspn(label, " ")] = 0;
        fputs("set label ", out);
        script_text(label ? label : "", out);
        free(label);
        fputs(" at first ", out);
        script_number(axis_value(&p->x, 0.5 * (a + b)), out);
        fputs(", graph 0.98 center offset 0,-0.6 noenhanced front font ',10'\n", out);
    }
}

/* Thin dotted lines; labels run up from the bottom, and one too near to another is left out. */
static void write_verticals(const struct panel *p, double low, double high, double character, FILE *out)
{
    double gap = 2 * character * (axis_coordinate(&p->x, high) - axis_coordinate(&p->x, low)), labelled[LABELS_MAX];
    size_t n_labelled = 0;
    for (size_t i = 0; i < p->n_verticals; i++) {
        const struct plot_vertical *v = &p->verticals[i];
        if (!(v->x > low && v->x < high))
            continue;
        fputs("set arrow from first ", out);
        script_number(v->x, out);
        fputs(", graph 0 to first ", out);
        script_number(v->x, out);
        fputs(", graph 1 nohead back linecolor rgb '#888888' dashtype '.'\n", out);
        double at = axis_coordinate(&p->x, v->x);
        bool crowded = n_labelled == LABELS_MAX;
        for (size_t k = 0; k < n_labelled; k++)
            crowded |= fabs(at - labelled[k]) < gap;
        if (!v->label[0] || crowded)
            continue;
        labelled[n_labelled++] = at;
        fputs("set label ", out);
        script_text(v->label, out);
        fputs(" at first ", out);
        script_number(v->x, out);
        fputs(", graph 0.02 left rotate by 90 offset -0.6,0 noenhanced front font ',8' textcolor rgb '#555555'\n", out);
    }
}

static void write_style(const struct plot_series *s, FILE *out)
{
    const char *colour = palette[s->colour];
    switch (s->mark) {
    case MARK_POINTS:
        fprintf(out, "with points pointtype %d pointsize %s linecolor rgb '%s'", point_shapes[s->colour],
                s->n > MANY_POINTS ? "0.5" : "0.8", colour);
        break;
    case MARK_BAND:
        fprintf(out, "with filledcurves fillcolor rgb '%s' fillstyle solid 0.2 noborder", colour);
        break;
    case MARK_STACK:
        fprintf(out, "with filledcurves fillcolor rgb '%s' fillstyle solid 0.75 noborder", colour);
        break;
    case MARK_STEPS:
        fprintf(out, "with steps linewidth 2 linecolor rgb '%s'", colour);
        break;
    case MARK_DASHED:
        fprintf(out, "with lines linewidth 2 dashtype 2 linecolor rgb '%s'", colour);
        break;
    case MARK_LINE:
        fprintf(out, "with lines linewidth 2 dashtype %s linecolor rgb '%s'", dashes[s->colour], colour);
        break;
    }
}

static void write_plot(const struct figure *f, size_t panel, size_t first_block, FILE *out)
{
    const struct panel *p = &f->panels[panel];
    bool any = p->map.nx > 0;
    if (any)
        script_map_plot(f, panel, first_block, out);
    for (size_t k = 0; k < p->n_series; k++) {
        const struct plot_series *s = &p->series[k];
        if (!s->n)
            continue;
        fputs(any ? ", \\\n     " : "plot ", out);
        any = true;
        fprintf(out, "'%s.dat' index %zu using %s ", f->name, first_block + k, s->columns == 3 ? "1:2:3" : "1:2");
        write_style(s, out);
        script_legend(s->legend, out);
    }
    fputs(any ? "\n" : "plot NaN notitle\n", out);
}

static void write_panel(const struct figure *f, size_t index, size_t first_block, FILE *out)
{
    const struct panel *p = &f->panels[index];
    double low, high;
    axis_find_range(p, &p->x, 0, &low, &high);
    fprintf(out,
            "\n# panel %zu\nunset logscale\nunset label\nunset arrow\nunset object\nset nonlinear x via x inverse x\n"
            "unset nonlinear x\nset format '%%g'\nset xtics auto\nset ytics auto\n",
            index + 1);
    fputs("set title ", out);
    script_text(p->title, out);
    fputs(" noenhanced\n", out);
    if (p->equal)
        fputs("set size ratio -1\n", out);
    double character = LABEL_CHARACTER * (double)f->columns;
    script_x_axis(p, low, high, character, out);
    script_y_axis(p, out);
    write_spans(p, low, high, character, out);
    write_verticals(p, low, high, character, out);
    script_map_settings(p, out);
    write_plot(f, index, first_block, out);
    fputs(p->equal ? "set size noratio\n" : "", out);
    fputs(p->n_rows ? "set ytics auto enhanced\nset lmargin 11\n" : "", out);
}

/* Rows that the legends want, at about three entries a row. */
static size_t legend_rows(const struct figure *f)
{
    size_t rows = 0;
    for (size_t i = 0; i < f->n_panels; i++) {
        size_t entries = 0;
        for (size_t k = 0; k < f->panels[i].n_series; k++)
            entries += f->panels[i].series[k].legend != NULL;
        rows += (entries + 2) / 3;
    }
    return rows;
}

/* Maps and panels in space are about as high as they are wide. */
static bool wants_height(const struct figure *f)
{
    bool wants = false;
    for (size_t i = 0; i < f->n_panels; i++)
        wants |= f->panels[i].space || f->panels[i].map.nx > 0;
    return wants;
}

void script_write(const struct figure *f, FILE *out)
{
    size_t rows = f->n_panels ? (f->n_panels + f->columns - 1) / f->columns : 1, block = 0;
    size_t height = rows * (wants_height(f) ? TALL_PANEL_HEIGHT : PANEL_HEIGHT) +
                    legend_rows(f) * LEGEND_ROW / f->columns + TITLE_HEIGHT;
    fputs("# ", out);
    script_text(f->title, out);
    fputs("\n# Redraw with: gnuplot ", out);
    fprintf(out, "%s.gp\n", f->name);
    fputs("if (!exists('suffix')) suffix = ''\n", out);
    for (size_t i = 0, first = 0; i < f->n_panels; first += panel_blocks(&f->panels[i++]))
        script_map_prepare(f, i, first, out);
    fprintf(
        out,
        "do for [format in 'svg png'] {\nif (format eq 'svg') {\nset terminal svg size %d,%zu dynamic enhanced font "
        "'DejaVu Sans,12' background rgb 'white'\n",
        PANEL_WIDTH, height);
    fprintf(out,
            "} else {\nset terminal pngcairo size %d,%zu enhanced font 'DejaVu Sans,11' background rgb 'white'\n}\n",
            PANEL_WIDTH, height);
    fprintf(out, "set output '%s.'.format.suffix\n", f->name);
    fputs("set datafile missing 'nan'\nset grid linecolor rgb '#dddddd' linewidth 0.6 linetype 1\nset border linecolor "
          "rgb '#666666'\n"
          "set key below horizontal left Left reverse noenhanced samplen 2.5\nset key title ' ' font ',7'\nset lmargin "
          "11\n",
          out);
    fprintf(out, "set multiplot layout %zu,%zu title ", rows, f->columns);
    script_text(f->title, out);
    fputs(" noenhanced font ',14'\n", out);
    for (size_t i = 0; i < f->n_panels; i++) {
        if (f->panels[i].space)
            script_space(f, i, block, out);
        else
            write_panel(f, i, block, out);
        block += panel_blocks(&f->panels[i]);
    }
    fputs("\nunset multiplot\nunset output\n}\n", out);
}
