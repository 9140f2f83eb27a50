#include "basin/figures/figures.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MOST = 8 /* as many as there are colours */, FEW_STEPS = 30 };

/* What s of struct train_point is. */
static const char *progress_label(const struct basin_result *results, size_t n)
{
    bool flow = false, steps = false;
    for (size_t k = 0; k < n; k++)
        *(results[k].run->train.method == TRAIN_FLOW ? &flow : &steps) = true;
    return flow && steps ? "flow time or steps" : flow ? "flow time" : "steps";
}

/* Flow time and many steps want a log axis; on one that begins at 1 few steps would be crowded at its end. */
static enum axis_scale progress_scale(const struct basin_result *results, size_t n)
{
    bool few = true;
    for (size_t k = 0; k < n; k++)
        few = few && results[k].run->train.method != TRAIN_FLOW && results[k].training.steps <= FEW_STEPS;
    return few ? AXIS_LINEAR : AXIS_LOG;
}

/* A panel of one member of struct train_point. */
static void add_panel(const struct basin_result *results, size_t n, struct figure *f, const char *label,
                      enum axis_scale scale, size_t member, bool legend)
{
    struct axis x = {.label = progress_label(results, n), .scale = progress_scale(results, n), .low = NAN, .high = NAN};
    struct axis y = {.label = label, .scale = scale, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "", &x, &y);
    for (size_t k = 0, shown = 0; k < n && shown < RUNS_MOST; k++) {
        const struct training *t = &results[k].training;
        if (!t->n_trajectory)
            continue;
        int colour = (int)shown++; /* the same in every panel */
        double *xy = malloc((2 * t->n_trajectory + 1) * sizeof *xy);
        size_t count = 0; /* the sharpness is not measured at every point */
        for (size_t i = 0; xy && i < t->n_trajectory; i++) {
            double value;
            memcpy(&value, (const char *)&t->trajectory[i] + member, sizeof value);
            if (!isfinite(value))
                continue;
            xy[count] = t->trajectory[i].s;
            xy[t->n_trajectory + count++] = value;
        }
        if (count)
            figure_add_series(f, panel, MARK_LINE, colour, legend ? results[k].run->name : NULL, count, xy,
                              xy + t->n_trajectory, NULL);
        free(xy);
    }
}

struct figure *figure_of_training(const struct basin_result *results, size_t n)
{
    size_t trained = 0;
    char title[80] = "Training";
    for (size_t k = 0; k < n; k++)
        trained += results[k].training.n_trajectory > 0;
    if (trained > RUNS_MOST)
        snprintf(title, sizeof title, "Training (the first %d of %zu runs)", RUNS_MOST, trained);
    struct figure *f =
        trained ? figure_new(
                      "training", title,
                      "Loss, size of the gradient, distance from the origin and sharpness (the largest eigenvalue of "
                      "the Hessian) along the way.")
                : NULL;
    if (!f)
        return NULL;
    figure_set_columns(f, 2);
    add_panel(results, n, f, "loss", AXIS_LOG, offsetof(struct train_point, loss), false);
    add_panel(results, n, f, "gradient", AXIS_LOG, offsetof(struct train_point, gradient_norm), false);
    add_panel(results, n, f, "distance from the origin", AXIS_LINEAR, offsetof(struct train_point, distance), n > 1);
    add_panel(results, n, f, "sharpness", AXIS_LOG, offsetof(struct train_point, sharpness), n > 1);
    return f;
}
