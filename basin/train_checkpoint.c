/* Training put away in a safetensors file and taken up again. */
#include "basin/train_private.h"

#include "base/file.h"
#include "data/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char key_name[] = "gears.checkpoint";

/* Columns of `points`; the sharpness is measured only at the end. */
enum { POINT_STEP, POINT_S, POINT_LOSS, POINT_GRADIENT, POINT_DISTANCE, POINT_COLUMNS };

enum {
    STATE_STEP,
    STATE_S,
    STATE_POLISHING,
    STATE_END,
    STATE_NEWTON_STEPS,
    STATE_SADDLES,
    STATE_FIRST_GRADIENT,
    STATE_FIRST_EXCESS,
    STATE_POINT_STRIDE,
    STATE_THETA_STRIDE,
    STATE_NUMBERS, /* and the method's own numbers from here */
    STATE_SIZE = STATE_NUMBERS + TRAIN_NUMBERS
};

static const char *const vector_names[TRAIN_VECTORS] = {"vector.0", "vector.1"};

static void add(struct array_set *set, const char *name, size_t rows, size_t columns, const double *values)
{
    struct array *a = &set->arrays[set->n++];
    *a = (struct array){.name = (char *)name,
                        .type = ARRAY_F64,
                        .n_dimensions = columns ? 2 : 1,
                        .shape = {rows, columns},
                        .n = rows * (columns ? columns : 1),
                        .values = (double *)values};
}

static void state_from_trainer(const struct trainer *t, double state[STATE_SIZE])
{
    state[STATE_STEP] = (double)t->step;
    state[STATE_S] = t->s;
    state[STATE_POLISHING] = t->polishing;
    state[STATE_END] = (double)t->end;
    state[STATE_NEWTON_STEPS] = (double)t->newton_steps;
    state[STATE_SADDLES] = (double)t->saddles;
    state[STATE_FIRST_GRADIENT] = t->first_gradient_norm;
    state[STATE_FIRST_EXCESS] = t->first_excess;
    state[STATE_POINT_STRIDE] = (double)t->record.point_stride;
    state[STATE_THETA_STRIDE] = (double)t->record.theta_stride;
    memcpy(state + STATE_NUMBERS, t->number, sizeof t->number);
}

static void state_to_trainer(const double state[STATE_SIZE], struct trainer *t)
{
    t->step = (long)state[STATE_STEP];
    t->s = state[STATE_S];
    t->polishing = state[STATE_POLISHING] != 0;
    t->end = (enum train_end)state[STATE_END];
    t->newton_steps = (long)state[STATE_NEWTON_STEPS];
    t->saddles = (long)state[STATE_SADDLES];
    t->first_gradient_norm = state[STATE_FIRST_GRADIENT];
    t->first_excess = state[STATE_FIRST_EXCESS];
    t->record.point_stride = (long)state[STATE_POINT_STRIDE];
    t->record.theta_stride = (long)state[STATE_THETA_STRIDE];
    memcpy(t->number, state + STATE_NUMBERS, sizeof t->number);
}

void checkpoint_write(struct trainer *t)
{
    const struct record *r = &t->record;
    struct array arrays[4 + TRAIN_VECTORS];
    struct array_set set = {.arrays = arrays};
    double state[STATE_SIZE], *points = malloc((r->n_points + 1) * POINT_COLUMNS * sizeof *points);
    const char *const metadata[] = {key_name, t->options.key, NULL};
    struct error e = {0};
    if (!t->options.checkpoint || !points) {
        free(points);
        return;
    }
    for (size_t i = 0; i < r->n_points; i++) {
        double *row = points + i * POINT_COLUMNS;
        row[POINT_STEP] = (double)r->point_step[i];
        row[POINT_S] = r->points[i].s;
        row[POINT_LOSS] = r->points[i].loss;
        row[POINT_GRADIENT] = r->points[i].gradient_norm;
        row[POINT_DISTANCE] = r->points[i].distance;
    }
    state_from_trainer(t, state);
    add(&set, "state", STATE_SIZE, 0, state);
    add(&set, "theta", t->n, 0, t->theta);
    add(&set, "points", r->n_points, POINT_COLUMNS, points);
    add(&set, "thetas", r->n_thetas, t->n, r->thetas);
    for (int i = 0; i < TRAIN_VECTORS; i++)
        if (t->vector[i])
            add(&set, vector_names[i], t->n, 0, t->vector[i]);
    if (array_write_safetensors(&set, metadata, t->options.checkpoint, &e))
        reporter_warning(t->reporter, "the training cannot be resumed later: %s: %s", t->options.checkpoint, e.message);
    free(points);
}

/* The array, when it has the size it must have. */
static const double *values_of(const struct array_set *set, const char *name, size_t n)
{
    const struct array *a = array_find(set, name);
    return a && a->n == n ? a->values : NULL;
}

/* (rows, columns) with at most max_rows; *rows is 0 when it is not so. */
static const double *rows_of(const struct array_set *set, const char *name, size_t columns, size_t max_rows,
                             size_t *rows)
{
    const struct array *a = array_find(set, name);
    bool fits = a && a->n_dimensions == 2 && a->shape[1] == columns && a->shape[0] <= max_rows;
    *rows = fits ? a->shape[0] : 0;
    return *rows ? a->values : NULL;
}

static bool sensible(const double state[STATE_SIZE])
{
    for (size_t i = 0; i < STATE_SIZE; i++)
        if (!isfinite(state[i]) || (i < STATE_NUMBERS && !(state[i] >= 0 && state[i] < 1e300)))
            return false;
    return state[STATE_STEP] < 9e15 && state[STATE_END] <= TRAIN_ERROR && state[STATE_POINT_STRIDE] >= 1 &&
           state[STATE_THETA_STRIDE] >= state[STATE_POINT_STRIDE] && state[STATE_THETA_STRIDE] < 9e15;
}

static bool take_up(struct trainer *t, const struct array_set *set)
{
    struct record *r = &t->record;
    const double *state = values_of(set, "state", STATE_SIZE), *theta = values_of(set, "theta", t->n);
    size_t n_points, n_thetas;
    const double *points = rows_of(set, "points", POINT_COLUMNS, r->max_points, &n_points);
    const double *thetas = rows_of(set, "thetas", t->n, r->max_thetas, &n_thetas);
    const double *vectors[TRAIN_VECTORS];
    bool complete = state && theta && points && thetas && sensible(state);
    for (int i = 0; i < TRAIN_VECTORS; i++) {
        vectors[i] = values_of(set, vector_names[i], t->n);
        complete = complete && (vectors[i] || !t->vector[i]);
    }
    if (!complete || !trainer_go(t, theta))
        return false;
    for (int i = 0; i < TRAIN_VECTORS; i++)
        if (t->vector[i])
            memcpy(t->vector[i], vectors[i], t->n * sizeof *vectors[i]);
    state_to_trainer(state, t);
    r->n_points = n_points;
    r->n_thetas = n_thetas;
    memcpy(r->thetas, thetas, n_thetas * t->n * sizeof *thetas);
    for (size_t i = 0; i < n_points; i++) {
        const double *row = points + i * POINT_COLUMNS;
        r->point_step[i] = (long)row[POINT_STEP];
        r->points[i] =
            (struct train_point){row[POINT_S], row[POINT_LOSS], row[POINT_GRADIENT], row[POINT_DISTANCE], NAN};
    }
    return true;
}

bool checkpoint_read(struct trainer *t)
{
    char *bytes = NULL;
    size_t length = 0;
    struct array_set set = {0};
    if (!t->options.checkpoint || file_read(t->options.checkpoint, (size_t)1 << 32, &bytes, &length, NULL))
        return false;
    bool resumed = false;
    if (!array_read_bytes(bytes, length, "checkpoint.safetensors", &set, NULL)) {
        const char *key = array_metadata(&set, key_name);
        resumed = key && strcmp(key, t->options.key) == 0 && take_up(t, &set);
    }
    array_set_clear(&set);
    free(bytes);
    return resumed;
}
