/* Adam on the full batch (Kingma and Ba 2015, algorithm 1, with its recommended constants). */
#include "basin/train_private.h"

#include <math.h>
#include <stdlib.h>

enum { WINDOW = 200 };
static const double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;
static const double GAIN = 0.999, SMALLEST_RATE = 1e-7; /* relative to the first */

/* What a resumed run needs: trainer.number; the moments are trainer.vector[0] and [1]. */
enum { NUMBER_RATE, NUMBER_COUNT, NUMBER_BEST, NUMBER_BEST_BEFORE };

static void adam_update(struct trainer *t, double *theta)
{
    double *m = t->vector[0], *v = t->vector[1], count = ++t->number[NUMBER_COUNT];
    double correct1 = 1 - pow(BETA1, count), correct2 = 1 - pow(BETA2, count);
    for (size_t i = 0; i < t->n; i++) {
        double g = t->gradient[i];
        m[i] = BETA1 * m[i] + (1 - BETA1) * g;
        v[i] = BETA2 * v[i] + (1 - BETA2) * g * g;
        theta[i] = t->theta[i] - t->number[NUMBER_RATE] * (m[i] / correct1) / (sqrt(v[i] / correct2) + EPSILON);
    }
}

/* At the end of a window whose least loss was hardly less than that of the one before: half the rate. */
static void adam_decay(struct trainer *t)
{
    double *best = &t->number[NUMBER_BEST], *before = &t->number[NUMBER_BEST_BEFORE];
    *best = fmin(*best, t->excess);
    if (fmod(t->number[NUMBER_COUNT], WINDOW) != 0)
        return;
    if (*best > GAIN * *before)
        t->number[NUMBER_RATE] /= 2;
    *before = fmin(*best, *before);
    *best = t->excess;
}

static enum train_end adam_step(struct trainer *t, double *theta)
{
    if (t->number[NUMBER_RATE] < SMALLEST_RATE * t->options.learning_rate)
        return TRAIN_STALLED;
    adam_update(t, theta);
    if (!trainer_go(t, theta)) {
        error_set(&t->error, STATUS_FAILED, "the loss is not finite after %ld steps of Adam: a smaller learning rate?",
                  t->step + 1);
        return TRAIN_ERROR;
    }
    t->s = (double)++t->step;
    adam_decay(t);
    return trainer_step(t);
}

enum train_end train_by_adam(struct trainer *t)
{
    double *theta = malloc(t->n * sizeof *theta);
    enum train_end end = TRAIN_GOES_ON;
    if (!theta) {
        error_memory(&t->error);
        return TRAIN_ERROR;
    }
    if (t->number[NUMBER_RATE] == 0) {
        t->number[NUMBER_RATE] = t->options.learning_rate;
        t->number[NUMBER_BEST] = t->number[NUMBER_BEST_BEFORE] = t->excess;
    }
    while (end == TRAIN_GOES_ON)
        end = adam_step(t, theta);
    free(theta);
    return end;
}
