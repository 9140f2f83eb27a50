/* The axes of a panel: ranges, marks, labels. */
#include "plots/figure_private.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

enum { MARKS_MOST = 24 };

/* Where on the axis a value lies, in the coordinate in which the axis is even. */
double axis_coordinate(const struct axis *a, double value)
{
    switch (a->scale) {
    case AXIS_LOG:
        return log10(value);
    case AXIS_LOG_BEFORE:
        return -log10(a->horizon - value);
    default:
        return value;
    }
}

double axis_value(const struct axis *a, double coordinate)
{
    switch (a->scale) {
    case AXIS_LOG:
        return pow(10, coordinate);
    case AXIS_LOG_BEFORE:
        return a->horizon - pow(10, -coordinate);
    default:
        return coordinate;
    }
}

bool axis_can_show(const struct axis *a, double value)
{
    return isfinite(value) && (a->scale != AXIS_LOG || value > 0) &&
           (a->scale != AXIS_LOG_BEFORE || value < a->horizon);
}

/* A range that holds a single value, or none, made one that can be drawn. */
static void widen(const struct axis *a, double *low, double *high)
{
    bool any = isfinite(*low);
    double at = *low, gap;
    switch (a->scale) {
    case AXIS_LOG:
        *low = any ? at / 2 : 1;
        *high = any ? at * 2 : 10;
        break;
    case AXIS_LOG_BEFORE:
        gap = any ? a->horizon - at : 10;
        *low = a->horizon - 2 * gap;
        *high = a->horizon - gap / 2;
        break;
    default:
        gap = any ? fmax(1, fabs(at) / 8) : 1;
        *low = any ? at - gap : 0;
        *high = any ? at + gap : 1;
    }
}

/* Automatic ends move outwards by the axis' margin. */
static void leave_margin(const struct axis *a, double *low, double *high)
{
    bool logarithmic = a->scale == AXIS_LOG;
    double range = logarithmic ? log(*high / *low) : *high - *low, gap = a->margin * range;
    if (!axis_can_show(a, a->low))
        *low = logarithmic ? *low * exp(-gap) : *low - gap;
    if (!axis_can_show(a, a->high))
        *high = logarithmic ? *high * exp(gap) : *high + gap;
}

/* The range of an axis: as asked, else that of the data; `column` 0 for x, 1 for y. False when there are none. */
bool axis_find_range(const struct panel *p, const struct axis *a, size_t column, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t k = 0; k < p->n_series; k++)
        for (size_t i = 0; i < p->series[k].n; i++) {
            const double *point = p->series[k].points + i * p->series[k].columns;
            bool shown = axis_can_show(&p->x, point[0]);
            for (size_t c = 1; column == 1 && c < p->series[k].columns; c++)
                shown &= axis_can_show(&p->y, point[c]);
            if (!shown)
                continue;
            *low = fmin(*low, point[column]);
            *high = fmax(*high, point[column]);
        }
    bool any = isfinite(*low);
    if (axis_can_show(a, a->low))
        *low = a->low;
    if (axis_can_show(a, a->high))
        *high = a->high;
    if (!(*high > *low))
        widen(a, low, high);
    else if (a->margin > 0 && a->scale != AXIS_LOG_BEFORE)
        leave_margin(a, low, high);
    return any;
}

/* Round dates that are far enough apart, the latest first. */
static void write_date_tics(const struct axis *a, double low, double high, double character, FILE *out)
{
    static const double dates[] = {2500,  2400,   2300,   2200,   2150,    2100,    2075,    2050,
                                   2025,  2000,   1975,   1950,   1925,    1900,    1850,    1800,
                                   1700,  1600,   1500,   1000,   500,     1,       -1000,   -2000,
                                   -5000, -10000, -20000, -50000, -100000, -200000, -500000, -1000000};
    double last = INFINITY, start = axis_coordinate(a, low), all = axis_coordinate(a, high) - start, half = 0;
    bool first = true;
    fputs("set xtics (", out);
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        char label[40];
        double at = axis_coordinate(a, dates[i]);
        double width = character * (double)strlen(text_from_year(dates[i], 0, label, sizeof label)) / 2;
        if (dates[i] > high || dates[i] < low || !axis_can_show(a, dates[i]))
            continue;
        bool crowded = last - at < (half + width + 2 * character) * all ||
                       (dates[i] > low && at - start < 2 * (width + character) * all); /* leaves room at the start */
        if (crowded)
            continue;
        fprintf(out, "%s'%s' %.0f", first ? "" : ", ", label, dates[i]);
        first = false;
        last = at;
        half = width;
    }
    fputs(")\n", out);
}

/* A log axis that spans less than this gets marks between the powers of ten, too. */
static const double NARROW = 30;

/* Round numbers between low and high, of the coarsest of these ladders that has three there, else evenly spaced. */
static size_t round_marks(double low, double high, double marks[MARKS_MOST])
{
    static const double rungs[][9] = {{1, 10}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7}, {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7}};
    static const size_t counts[] = {1, 3, 7, 9};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        size_t n = 0;
        for (int power = (int)floor(log10(low)); power <= (int)ceil(log10(high)); power++)
            for (size_t i = 0; i < counts[k] && n < MARKS_MOST; i++) {
                marks[n] = rungs[k][i] * pow(10, power);
                n += marks[n] >= low && marks[n] <= high;
            }
        if (n >= 3)
            return n;
    }
    double step = pow(10, floor(log10(high - low)));
    while (high - low < 3 * step)
        step /= 2;
    size_t n = 0;
    double first = ceil(low / step);
    while (n < MARKS_MOST && (first + (double)n) * step <= high) {
        marks[n] = (first + (double)n) * step;
        n++;
    }
    return n;
}

static void write_log_tics(char letter, double low, double high, FILE *out)
{
    double marks[MARKS_MOST];
    fprintf(out, "set logscale %c\n", letter);
    if (!(high < NARROW * low)) {
        fprintf(out, "set format %c '10^{%%L}'\n", letter);
        return;
    }
    size_t n = round_marks(low, high, marks);
    fprintf(out, "set %ctics (", letter);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s'%.4g' %.6g", i ? ", " : "", marks[i], marks[i]);
    fputs(")\n", out);
}

void script_x_axis(const struct panel *p, double low, double high, double character, FILE *out)
{
    if (p->x.scale == AXIS_LOG)
        write_log_tics('x', low, high, out);
    if (p->x.scale == AXIS_LOG_BEFORE) {
        fputs("set nonlinear x via -log10(", out);
        script_number(p->x.horizon, out);
        fputs(" - x) inverse ", out);
        script_number(p->x.horizon, out);
        fputs(" - 10**(-x)\n", out);
        write_date_tics(&p->x, low, high, character, out);
    }
    fputs("set xrange [", out);
    script_number(low, out);
    fputs(" : ", out);
    script_number(high, out);
    fputs("]\nset xlabel ", out);
    script_text(p->x_label, out);
    fputs(" offset 0,0.5 noenhanced\n", out);
}

/* Names instead of numbers, the first at the top, with a margin as wide as the longest. */
static void write_rows(const struct panel *p, FILE *out)
{
    size_t longest = 0;
    fputs("set ytics (", out);
    for (size_t i = 0; i < p->n_rows; i++) {
        longest = strlen(p->row_names[i]) > longest ? strlen(p->row_names[i]) : longest;
        script_text(p->row_names[i], out);
        fprintf(out, " %zu%s", i + 1, i + 1 < p->n_rows ? ", " : "");
    }
    fprintf(out, ") noenhanced\nset lmargin %zu\nset yrange [%zu.6 : 0.4]\nset ylabel ", longest + 4, p->n_rows);
    script_text(p->y_label, out);
    fputs(" noenhanced\n", out);
}

void script_y_axis(const struct panel *p, FILE *out)
{
    if (p->n_rows) {
        write_rows(p, out);
        return;
    }
    double low, high;
    bool automatic = axis_find_range(p, &p->y, 1, &low, &high);
    bool fixed_low = axis_can_show(&p->y, p->y.low), fixed_high = axis_can_show(&p->y, p->y.high);
    bool narrow = p->y.scale == AXIS_LOG && high < NARROW * low;
    if (automatic && narrow) { /* gnuplot would go on to the next powers of ten */
        double room = pow(high / low, 0.05);
        low = fixed_low ? low : low / room;
        high = fixed_high ? high : high * room;
        automatic = false;
    }
    if (p->y.scale == AXIS_LOG)
        write_log_tics('y', low, high, out);
    fputs("set yrange [", out); /* gnuplot rounds outwards; it stops where there is nothing */
    if (automatic && !fixed_low)
        fputc('*', out);
    else
        script_number(low, out);
    fputs(" : ", out);
    if (automatic && !fixed_high)
        fputc('*', out);
    else
        script_number(high, out);
    fputs("]\nset ylabel ", out);
    script_text(p->y_label, out);
    fputs(" noenhanced\n", out);
}
