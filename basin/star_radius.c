#include "basin/star_radius.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS_MOST = 400, STEPS_FAST = 12 };

enum status star_rays_init(struct star_rays *s, size_t n, struct error *e)
{
    *s = (struct star_rays){.n = n,
                            .ray = calloc(n, sizeof *s->ray),
                            .index = malloc(n * sizeof *s->index),
                            .radius = malloc(n * sizeof *s->radius),
                            .d = malloc(n * sizeof *s->d)};
    return s->ray && s->index && s->radius && s->d ? STATUS_OK : error_memory(e);
}

void star_rays_clear(struct star_rays *s)
{
    free(s->ray);
    free(s->index);
    free(s->radius);
    free(s->d);
    *s = (struct star_rays){0};
}

/* d ln d/d ln r by the last two points; 2, which it is where d is quadratic, until there are two that tell. */
static double slope_of(const struct star_ray *ray)
{
    double slope = log(ray->d / ray->d_before) / log(ray->at / ray->before);
    return slope > 0.1 && slope < 100 ? slope : 2;
}

/* ln d is nearly linear in ln r: where the line through the last two points takes the value of the cutoff. */
static double by_line(const struct star_ray *ray, double cutoff)
{
    return ray->d > 0 && isfinite(ray->d) ? ray->at * exp(log(cutoff / ray->d) / slope_of(ray)) : NAN;
}

static double halved(const struct star_ray *ray)
{
    if (!isfinite(ray->high))
        return 2 * ray->low;
    /* the geometric mean, once the bracket is within a factor 4 */
    return ray->low > ray->high / 4 ? sqrt(ray->low) * sqrt(ray->high) : (ray->low + ray->high) / 2;
}

/* The next radius to try, strictly inside the bracket, and at most twice as far as what is known to be inside. */
static double proposal(const struct star_ray *ray, double cutoff, bool by_halving)
{
    double next = by_halving || ray->steps > STEPS_FAST ? NAN : by_line(ray, cutoff);
    if (!isfinite(ray->high))
        return next > ray->low ? fmin(next, 2 * ray->low) : 2 * ray->low;
    return next > ray->low && next < ray->high ? next : halved(ray);
}

/* Near enough: by what is left to go along the line, or because the bracket is as narrow. */
static bool near(const struct star_ray *ray, double cutoff, double tolerance)
{
    bool known = ray->steps > 1 && ray->d > 0 && isfinite(ray->d);
    if (known && fabs(log(ray->d / cutoff)) <= tolerance * slope_of(ray))
        return true;
    return ray->steps > STEPS_MOST || ray->high < 1e-300 || (ray->low > 0 && log(ray->high / ray->low) <= tolerance);
}

static void step(struct star_ray *ray, double d, double cutoff, double tolerance, bool by_halving)
{
    ray->before = ray->at, ray->d_before = ray->d;
    ray->at = ray->next, ray->d = d;
    if (d <= cutoff)
        ray->low = ray->at;
    else
        ray->high = ray->at;
    ray->steps++;
    if (ray->low >= ray->reach) {
        ray->done = ray->unbounded = true;
        ray->next = ray->reach;
    } else if (near(ray, cutoff, tolerance)) {
        double root = by_line(ray, cutoff);
        ray->done = true;
        ray->next = root >= ray->low && root <= ray->high ? root : halved(ray);
    } else
        ray->next = fmin(proposal(ray, cutoff, by_halving), ray->reach);
}

/* Steps until every ray is done. */
static void search_all(struct star_rays *s, const struct region *r, void *worker, const struct star_search *search)
{
    for (size_t open = s->n; open;) {
        open = 0;
        for (size_t k = 0; k < s->n; k++)
            if (!s->ray[k].done) {
                s->index[open] = k;
                s->radius[open++] = s->ray[k].next;
            }
        if (open)
            r->rays_values(worker, open, s->index, s->radius, s->d);
        for (size_t j = 0; j < open; j++)
            step(&s->ray[s->index[j]], s->d[j], r->cutoff, search->tolerance, search->by_halving);
        s->evaluations += open;
    }
}

/* Part `part` of the way to every radius: a ray that is outside there has left before. */
static void check(struct star_rays *s, const struct region *r, void *worker, double part, double part_before)
{
    size_t open = 0;
    for (size_t k = 0; k < s->n; k++)
        if (s->ray[k].done) {
            s->index[open] = k;
            s->radius[open++] = part * s->ray[k].next;
        }
    r->rays_values(worker, open, s->index, s->radius, s->d);
    s->evaluations += open;
    for (size_t j = 0; j < open; j++) {
        struct star_ray *ray = &s->ray[s->index[j]];
        if (s->d[j] <= r->cutoff)
            continue;
        *ray = (struct star_ray){
            .high = s->radius[j], .low = ray->next * part_before, .reach = ray->reach, .returned = true};
        ray->next = halved(ray);
    }
}

void star_rays_find(struct star_rays *s, const struct region *r, void *worker, const struct star_search *search)
{
    for (size_t k = 0; k < s->n; k++) {
        struct star_ray *ray = &s->ray[k];
        *ray = (struct star_ray){.high = INFINITY, .reach = ray->reach, .next = fmin(ray->next, ray->reach)};
    }
    search_all(s, r, worker, search);
    double parts = (double)search->checks + 1;
    for (size_t j = 1; j <= search->checks; j++)
        check(s, r, worker, (double)j / parts, (double)(j - 1) / parts);
    search_all(s, r, worker, search);
}
