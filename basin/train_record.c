#include "basin/train_private.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 512 };

static size_t power_of_two_up_to(size_t limit)
{
    size_t power = 1;
    while (2 * power <= limit)
        power *= 2;
    return power;
}

bool record_new(struct record *r, size_t n, size_t path_points)
{
    *r = (struct record){.n = n, .max_points = MAX_POINTS, .point_stride = 1, .theta_stride = 1};
    r->max_thetas = power_of_two_up_to(path_points < 2 ? 2 : path_points > MAX_POINTS ? MAX_POINTS : path_points);
    r->point_step = malloc(r->max_points * sizeof *r->point_step);
    r->points = malloc(r->max_points * sizeof *r->points);
    r->thetas = malloc(r->max_thetas * n * sizeof *r->thetas);
    return r->point_step && r->points && r->thetas;
}

void record_clear(struct record *r)
{
    free(r->point_step);
    free(r->points);
    free(r->thetas);
    memset(r, 0, sizeof *r);
}

static void thin_points(struct record *r)
{
    for (size_t i = 0; 2 * i < r->n_points; i++) {
        r->points[i] = r->points[2 * i];
        r->point_step[i] = r->point_step[2 * i];
    }
    r->n_points = (r->n_points + 1) / 2;
    r->point_stride *= 2;
}

static void thin_thetas(struct record *r)
{
    for (size_t i = 1; 2 * i < r->n_thetas; i++)
        memcpy(r->thetas + i * r->n, r->thetas + 2 * i * r->n, r->n * sizeof *r->thetas);
    r->n_thetas = (r->n_thetas + 1) / 2;
    r->theta_stride *= 2;
}

void record_add(struct record *r, long step, const struct train_point *p, const double *theta)
{
    if (step % r->point_stride == 0) {
        if (r->n_points == r->max_points)
            thin_points(r);
        if (step % r->point_stride == 0) {
            r->point_step[r->n_points] = step;
            r->points[r->n_points++] = *p;
        }
    }
    if (step % r->theta_stride == 0) {
        if (r->n_thetas == r->max_thetas)
            thin_thetas(r);
        if (step % r->theta_stride == 0)
            memcpy(r->thetas + r->n_thetas++ * r->n, theta, r->n * sizeof *theta);
    }
}
