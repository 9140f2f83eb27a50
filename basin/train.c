#include "basin/train_private.h"

#include "solver/linalg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHECKPOINT_SECONDS = 5, MAX_SADDLES = 10 };

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- where the training is --------------------------------------------------------------------------------------- */

/* t ln(t/p) + p - t >= 0, precise relative to itself where p is near t; log_p = ln p. */
static double divergence(double t, double p, double log_p)
{
    if (!(t > 0))
        return p;
    double x = (p - t) / t;
    if (fabs(x) < 0.01) /* x - ln(1 + x) */
        return t * x * x *
               (1.0 / 2 - x * (1.0 / 3 - x * (1.0 / 4 - x * (1.0 / 5 - x * (1.0 / 6 - x * (1.0 / 7 - x / 8))))));
    return t * (log(t) - log_p) + p - t;
}

struct misfit {
    double excess, sum, max; /* loss less its least, squares and largest size of the residual */
};

static void add_residual(struct misfit *m, double r)
{
    m->sum += r * r;
    m->max = fmax(m->max, fabs(r));
}

static void add_bernoulli(struct misfit *m, double f, double t)
{
    double small = exp(-fabs(f)), p = f < 0 ? small / (1 + small) : 1 / (1 + small);
    double q = f < 0 ? 1 / (1 + small) : small / (1 + small), log_large = -log1p(small);
    m->excess += divergence(t, p, f < 0 ? f + log_large : log_large);
    m->excess += divergence(1 - t, q, f < 0 ? log_large : log_large - f);
    add_residual(m, p - t);
}

static void add_categorical(struct misfit *m, size_t outputs, const double *f, const double *t)
{
    double top = f[0], sum = 0;
    for (size_t j = 1; j < outputs; j++)
        top = fmax(top, f[j]);
    for (size_t j = 0; j < outputs; j++)
        sum += exp(f[j] - top);
    for (size_t j = 0; j < outputs; j++) {
        double p = exp(f[j] - top) / sum;
        m->excess += divergence(t[j], p, f[j] - top - log(sum));
        add_residual(m, p - t[j]);
    }
}

/* Of the tape's outputs. */
static struct misfit measure(const struct trainer *t, const double *theta)
{
    const struct problem *p = &t->problem;
    const double *f = tape_outputs(t->tape);
    size_t outputs = p->network.width[p->network.n_layers], k = problem_behaviours(p);
    struct misfit m = {0};
    for (size_t i = 0; i < k; i++) {
        if (p->loss == LOSS_CE && i % outputs == 0)
            add_categorical(&m, outputs, f + i, p->t + i);
        if (p->loss == LOSS_BCE)
            add_bernoulli(&m, f[i], p->t[i]);
        if (p->loss == LOSS_MSE)
            add_residual(&m, f[i] - p->t[i]);
    }
    if (p->loss == LOSS_MSE)
        m.excess = m.sum / 2;
    m.excess = m.excess / (double)p->n + p->weight_decay / 2 * linalg_dot(t->n, theta, theta);
    return m;
}

double trainer_look(struct trainer *t, const double *theta)
{
    double loss = tape_loss(t->tape, theta);
    return isfinite(loss) ? measure(t, theta).excess : INFINITY;
}

bool trainer_go(struct trainer *t, const double *theta)
{
    t->loss = tape_move(t->tape, theta);
    if (theta != t->theta)
        memcpy(t->theta, theta, t->n * sizeof *theta);
    tape_gradient(t->tape, t->gradient);
    t->gradient_norm = linalg_norm(t->n, t->gradient);
    struct misfit m = measure(t, t->theta);
    t->excess = m.excess;
    t->residual_rms = sqrt(m.sum / (double)problem_behaviours(&t->problem));
    t->residual_max = m.max;
    return isfinite(t->loss) && isfinite(t->gradient_norm) && isfinite(t->excess);
}

bool trainer_improve(struct trainer *t, const double *theta, double *gained)
{
    /* of the sums, and of outputs that carry rounding errors into a residual about sqrt(excess) */
    double before = t->excess, rounding = 1e-14 * before + 1e-15 * sqrt(before), gradient = t->gradient_norm;
    double gain = before - trainer_look(t, theta);
    *gained = fabs(gain) > rounding ? gain : 0;
    if (!(gain >= -rounding))
        return false;
    double *here = malloc(t->n * sizeof *here);
    if (!here)
        return false;
    memcpy(here, t->theta, t->n * sizeof *here);
    bool better = trainer_go(t, theta) && (*gained > 0 || t->gradient_norm < gradient);
    if (!better)
        trainer_go(t, here);
    free(here);
    return better;
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

double trainer_gradient_goal(const struct trainer *t)
{
    return t->options.gradient_tolerance * fmax(1, t->first_gradient_norm);
}

bool trainer_vanished(const struct trainer *t)
{
    return t->gradient_norm <= trainer_gradient_goal(t);
}

static struct train_point point_here(const struct trainer *t)
{
    return (struct train_point){.s = t->s,
                                .loss = t->loss,
                                .gradient_norm = t->gradient_norm,
                                .distance = linalg_norm(t->n, t->theta),
                                .sharpness = NAN};
}

static void report(const struct trainer *t)
{
    static const char *const names[] = {"gradient flow", "Levenberg-Marquardt", "Adam"};
    char what[96];
    double goal = trainer_gradient_goal(t), way = log(t->first_gradient_norm / goal);
    double done = way > 0 && t->gradient_norm > 0 ? 1 - log(t->gradient_norm / goal) / way : 1;
    snprintf(what, sizeof what, "%s: loss %.3g, gradient %.1e", t->polishing ? "Newton" : names[t->options.method],
             t->loss, t->gradient_norm);
    reporter_progress(t->reporter, fmin(fmax(done, 0), 1), what);
}

static bool time_is_up(const struct trainer *t)
{
    return t->options.max_seconds > 0 && seconds_now() - t->started > t->options.max_seconds;
}

static enum train_end judge(const struct trainer *t)
{
    if (t->residual_rms <= t->options.residual_tolerance)
        return TRAIN_PERFECT;
    if (trainer_vanished(t))
        return TRAIN_VANISHED;
    if (t->step >= t->options.max_steps)
        return TRAIN_MAX_STEPS;
    return time_is_up(t) ? TRAIN_MAX_SECONDS : TRAIN_GOES_ON;
}

enum train_end trainer_step(struct trainer *t)
{
    struct train_point here = point_here(t);
    if (!t->polishing)
        record_add(&t->record, t->step, &here, t->theta);
    report(t);
    if (seconds_now() - t->saved > CHECKPOINT_SECONDS) {
        checkpoint_write(t);
        t->saved = seconds_now();
    }
    if (reporter_stop_requested(t->reporter))
        return TRAIN_STOPPED;
    if (!t->polishing)
        return judge(t);
    return time_is_up(t) ? TRAIN_MAX_SECONDS : TRAIN_GOES_ON;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static void fill_defaults(struct trainer *t)
{
    static const long steps[] = {100000, 1000, 50000};
    struct train_options *o = &t->options;
    t->own_limit = o->max_steps <= 0;
    if (t->own_limit)
        o->max_steps = steps[o->method];
    if (o->gradient_tolerance <= 0)
        o->gradient_tolerance = 1e-10;
    if (o->residual_tolerance <= 0)
        o->residual_tolerance = 1e-10;
    if (o->rtol <= 0)
        o->rtol = t->problem.network.activation->smooth ? 1e-6 : 1e-3;
    if (o->learning_rate <= 0)
        o->learning_rate = 1e-2;
    if (o->path_points == 0)
        o->path_points = 64;
}

static enum status trainer_new(struct trainer *t, const struct problem *p, const struct train_options *options,
                               const struct reporter *reporter, struct error *e)
{
    *t = (struct trainer){.problem = *p, .options = *options, .reporter = reporter, .n = p->network.n_parameters};
    t->problem.behaviour = BEHAVIOUR_OUTPUTS;
    t->started = t->saved = seconds_now();
    fill_defaults(t);
    enum status status = tape_new(&t->problem, &t->tape, e);
    t->theta = malloc(t->n * sizeof *t->theta);
    t->gradient = malloc(t->n * sizeof *t->gradient);
    for (int i = 0; i < TRAIN_VECTORS && options->method == TRAIN_ADAM; i++)
        t->vector[i] = calloc(t->n, sizeof *t->vector[i]);
    bool has_vectors = options->method != TRAIN_ADAM || (t->vector[0] && t->vector[1]);
    if (!status && (!t->theta || !t->gradient || !has_vectors || !record_new(&t->record, t->n, t->options.path_points)))
        status = error_memory(e);
    return status;
}

static void trainer_clear(struct trainer *t)
{
    tape_free(t->tape);
    record_clear(&t->record);
    free(t->theta);
    free(t->gradient);
    for (int i = 0; i < TRAIN_VECTORS; i++)
        free(t->vector[i]);
}

/* Under bce and ce what is compared are probabilities. */
static double outputs_size(struct trainer *t, const double *theta0)
{
    const struct problem *p = &t->problem;
    double size = 0;
    if (p->loss != LOSS_MSE)
        return 1;
    trainer_look(t, theta0);
    const double *f = tape_outputs(t->tape);
    for (size_t i = 0; i < problem_behaviours(p); i++)
        size = fmax(size, fmax(fabs(f[i]), fabs(p->t[i])));
    return size;
}

/* "17 steps and 3 Newton steps" */
static const char *steps_done(const struct trainer *t, char *buffer, size_t size)
{
    int used = snprintf(buffer, size, "%ld steps", t->step);
    if (t->newton_steps)
        snprintf(buffer + used, size - (size_t)used, " and %ld Newton steps", t->newton_steps);
    return buffer;
}

static enum status say_stopped(const struct trainer *t, struct error *e)
{
    char steps[80];
    steps_done(t, steps, sizeof steps);
    if (!t->options.checkpoint)
        return error_set(e, STATUS_INTERRUPTED, "training stopped on request after %s", steps);
    return error_set(e, STATUS_INTERRUPTED,
                     "training stopped on request after %s; the same command goes on from there (%s)", steps,
                     t->options.checkpoint);
}

static enum status begin(struct trainer *t, const double *theta0, struct error *e)
{
    t->outputs_size = outputs_size(t, theta0);
    if (checkpoint_read(t)) {
        char steps[80];
        reporter_warning(t->reporter, "training goes on after %s, from %s", steps_done(t, steps, sizeof steps),
                         t->options.checkpoint);
        return STATUS_OK;
    }
    if (!trainer_go(t, theta0))
        return error_set(e, STATUS_FAILED, "the loss or its gradient is not finite where the training begins");
    struct train_point here = point_here(t);
    t->first_gradient_norm = t->gradient_norm;
    t->first_excess = t->excess;
    record_add(&t->record, 0, &here, t->theta);
    return STATUS_OK;
}

/* Under bce and ce a target of 0 or 1 is met at infinity only. */
static bool minimum_is_at_infinity(const struct trainer *t)
{
    const struct problem *p = &t->problem;
    bool hard = false;
    for (size_t i = 0; i < problem_behaviours(p); i++)
        hard = hard || p->t[i] == 0 || p->t[i] == 1;
    return hard && p->loss != LOSS_MSE && p->weight_decay == 0 && t->residual_max < 0.5;
}

static bool should_polish(const struct trainer *t)
{
    bool limited = t->end == TRAIN_MAX_SECONDS || (t->end == TRAIN_MAX_STEPS && !t->own_limit);
    return t->options.polish && !limited && !minimum_is_at_infinity(t);
}

static enum train_end run_method(struct trainer *t)
{
    static enum train_end (*const methods[])(struct trainer *) = {train_by_flow, train_by_lm, train_by_adam};
    enum train_end end = judge(t);
    return end == TRAIN_GOES_ON ? methods[t->options.method](t) : end;
}

/* A saddle was left: the method begins anew here. */
static void begin_again(struct trainer *t)
{
    t->saddles++;
    t->polishing = false;
    memset(t->number, 0, sizeof t->number);
    for (int i = 0; i < TRAIN_VECTORS; i++)
        if (t->vector[i])
            memset(t->vector[i], 0, t->n * sizeof *t->vector[i]);
}

/* Returns TRAIN_STOPPED, TRAIN_ERROR, or another one when all is done. */
static enum train_end go_through(struct trainer *t)
{
    for (;;) {
        if (!t->polishing) {
            t->end = run_method(t);
            if (t->end == TRAIN_STOPPED || t->end == TRAIN_ERROR)
                return t->end;
            if (!should_polish(t))
                return t->end;
            t->polishing = true;
            memset(t->number, 0, sizeof t->number);
        }
        enum train_end polished = train_polish(t);
        if (polished == TRAIN_MAX_SECONDS)
            t->end = polished;
        if (polished != TRAIN_GOES_ON)
            return polished;
        if (t->saddles >= MAX_SADDLES)
            return TRAIN_STALLED;
        begin_again(t);
    }
}

/* --- what is reported -------------------------------------------------------------------------------------------- */

static bool copy_record(const struct trainer *t, struct training *out)
{
    const struct record *r = &t->record;
    size_t points = r->n_points, thetas = r->n_thetas;
    struct train_point here = point_here(t);
    out->trajectory = malloc((points + 1) * sizeof *out->trajectory);
    out->path = malloc((thetas + 1) * t->n * sizeof *out->path);
    out->path_at = malloc((thetas + 1) * sizeof *out->path_at);
    if (!out->trajectory || !out->path || !out->path_at)
        return false;
    memcpy(out->trajectory, r->points, points * sizeof *out->trajectory);
    memcpy(out->path, r->thetas, thetas * t->n * sizeof *out->path);
    /* the last of each is where it ended, in place of the same step before the polish */
    points -= points > 1 && r->point_step[points - 1] == t->step;
    thetas -= thetas > 1 && (long)(thetas - 1) * r->theta_stride == t->step;
    for (size_t i = 0; i < thetas; i++)
        out->path_at[i] = i * (size_t)(r->theta_stride / r->point_stride);
    out->path_at[thetas] = points;
    out->trajectory[points] = here;
    memcpy(out->path + thetas * t->n, t->theta, t->n * sizeof *out->path);
    out->n_trajectory = points + 1;
    out->n_path = thetas + 1;
    return true;
}

static bool fill_training(const struct trainer *t, struct training *out)
{
    *out = (struct training){.loss = t->loss,
                             .gradient_norm = t->gradient_norm,
                             .residual_rms = t->residual_rms,
                             .residual_max = t->residual_max,
                             .smallest_curvature = NAN,
                             .largest_curvature = NAN,
                             .curvature_error = NAN,
                             .steps = t->step,
                             .newton_steps = t->newton_steps,
                             .saddles = t->saddles,
                             .converged = trainer_vanished(t) || t->residual_rms <= t->options.residual_tolerance};
    out->theta = malloc(t->n * sizeof *out->theta);
    if (!out->theta)
        return false;
    memcpy(out->theta, t->theta, t->n * sizeof *out->theta);
    return copy_record(t, out);
}

/* At the points of the path, or at as many of them as some seconds allow. */
static void measure_sharpness(struct trainer *t, struct training *out)
{
    const double flops_allowed = 2e11, products_each = 30;
    double each = products_each * 12 * (double)t->problem.n * (double)t->n;
    size_t points = out->n_path, allowed = (size_t)fmax(flops_allowed / each, 4);
    size_t every = (points + allowed - 1) / allowed;
    for (size_t i = 0; i < points; i++) {
        if ((i % every && i + 1 < points) || reporter_stop_requested(t->reporter))
            continue;
        struct reporter_part part;
        reporter_part_init(&part, t->reporter, (double)i / (double)points, (double)(i + 1) / (double)points);
        out->trajectory[out->path_at[i]].sharpness = train_sharpness(t, out->path + i * t->n, &part.inner);
    }
}

static void write_ending(const struct trainer *t, struct training *out)
{
    static const char *const ends[] = {
        [TRAIN_GOES_ON] = "not at an end",
        [TRAIN_PERFECT] = "the behaviour is perfect",
        [TRAIN_VANISHED] = "the gradient vanished",
        [TRAIN_STALLED] = "neither gradient nor loss got any smaller",
        [TRAIN_MAX_STEPS] = "limit of steps",
        [TRAIN_MAX_SECONDS] = "limit of time",
        [TRAIN_STOPPED] = "interrupted",
        [TRAIN_ERROR] = "failed",
    };
    char polish[64] = "", saddles[48] = "", doubt[32] = "";
    bool doubtful = out->curvature_error > 0.1 * fabs(out->smallest_curvature); /* of Lanczos, far inside a spectrum */
    if (t->n > TRAIN_DENSE && doubtful)
        snprintf(doubt, sizeof doubt, " (+- %.0e)", out->curvature_error);
    if (t->newton_steps)
        snprintf(polish, sizeof polish, ", %ld Newton steps", t->newton_steps);
    if (t->saddles)
        snprintf(saddles, sizeof saddles, ", %ld saddle%s left", t->saddles, t->saddles > 1 ? "s" : "");
    snprintf(out->ending, sizeof out->ending, "%s%s%s%s; residual %.1e rms, %.1e at most; curvature %.1e to %.1e%s",
             ends[t->end], minimum_is_at_infinity(t) ? ", the minimum is at infinity" : "", polish, saddles,
             out->residual_rms, out->residual_max, out->smallest_curvature, out->largest_curvature, doubt);
}

/* What is measured last moves the trainer, but not *out. */
static enum status finish(struct trainer *t, struct training *out, struct error *e)
{
    if (!fill_training(t, out))
        return error_memory(e);
    bool whole = t->end != TRAIN_STOPPED && !reporter_stop_requested(t->reporter);
    if (whole)
        train_curvature(t, &out->smallest_curvature, &out->largest_curvature, &out->curvature_error);
    write_ending(t, out);
    if (whole)
        measure_sharpness(t, out);
    return STATUS_OK;
}

enum status train_run(const struct problem *p, const double *theta0, const struct train_options *options,
                      const struct reporter *reporter, struct training *out, struct error *e)
{
    struct trainer t;
    memset(out, 0, sizeof *out);
    enum status status = trainer_new(&t, p, options, reporter, e);
    if (!status)
        status = begin(&t, theta0, e);
    if (status)
        goto done;
    enum train_end end = go_through(&t);
    if (end == TRAIN_ERROR) {
        status = error_set(e, t.error.status ? t.error.status : STATUS_FAILED, "%s", t.error.message);
        goto done;
    }
    if (end == TRAIN_STOPPED) {
        checkpoint_write(&t);
        t.end = TRAIN_STOPPED;
    }
    status = finish(&t, out, e);
    if (!status && end == TRAIN_STOPPED)
        status = say_stopped(&t, e);
done:
    trainer_clear(&t);
    return status;
}

void training_clear(struct training *t)
{
    free(t->theta);
    free(t->trajectory);
    free(t->path);
    free(t->path_at);
    memset(t, 0, sizeof *t);
}
