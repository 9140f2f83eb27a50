/* gears basin segment: the segment, walks along the manifold that check its widths, and what the flow drains into it.
 */
#include "base/json.h"
#include "basin/drain.h"
#include "basin/estimate.h"
#include "basin/segment.h"
#include "config/config.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WALKED_MOST = 32, WALKS_MOST = 2 * WALKED_MOST, SCALES = 6, UNIT_SCALE = 1, DRAIN_MOST = 300, SHOWN = 20 };

const struct config_field segment_schema[] = {
    {.key = "threshold",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e6,
     .fallback = "0.01",
     .meaning = "T: the cross-section is where the loss is at most T above the minimum"},
    {.key = "tolerance",
     .type = CONFIG_NUMBER,
     .low = 1e-12,
     .high = 1e6,
     .fallback = "0.1",
     .meaning = "change of the validation behaviour (root mean square over its examples) at which the extent ends"},
    {.key = "walks",
     .type = CONFIG_INTEGER,
     .low = 0,
     .high = WALKED_MOST,
     .fallback = "6",
     .meaning = "directions along the manifold that are walked, both ways"},
    {.key = "points",
     .type = CONFIG_INTEGER,
     .low = 0,
     .high = 1e6,
     .fallback = "200 up to 300 parameters, else 0",
     .meaning = "points at each of 6 widths of the cross-section whose flow is followed into the segment"},
    {0}};

/* Points of the segment with the cross-section `scale` times as wide. */
struct drained {
    double scale;
    size_t inside, points, failures;
};

struct bench {
    const struct minimum *m;
    const struct reporter *reporter;
    struct segment segment;
    struct segment_walker *walker;
    struct segment_walk walks[WALKS_MOST];
    size_t n_walks;
    struct drained drained[SCALES];
    size_t n_drained;
};

/* --- walks */

/* `count` directions spread evenly over those that the behaviour ends and those that the prior ends, from the narrowest
 * on. */
static enum status walk_all(struct bench *b, size_t count, struct error *e)
{
    size_t d = b->segment.dimension;
    enum status status = segment_walker_new(b->m, &b->segment, &b->walker, e);
    count = count < d ? count : d;
    for (size_t i = 0; i < count && !status; i++) {
        size_t direction = count > 1 ? i * (d - 1) / (count - 1) : 0;
        reporter_progress(b->reporter, (double)i / (double)count, "walking along the manifold");
        if (reporter_stop_requested(b->reporter))
            return error_set(e, STATUS_INTERRUPTED, "interrupted while walking along the manifold");
        for (int sign = 1; sign >= -1 && !status; sign -= 2) {
            status = segment_walk(b->walker, direction, sign, &b->walks[b->n_walks], e);
            b->n_walks += !status;
        }
    }
    return status;
}

/* --- drained points */

struct flow {
    struct bench *b;
    struct tape *tape;
    double floor;
};

static double flow_gradient(void *context, const double *theta, double *g)
{
    struct flow *f = context;
    return tape_slope(f->tape, theta, g);
}

/* In the segment: at a perfect fit, the validation behaviour within the tolerance, and what is left of the displacement
 * in directions that the prior ends within it. */
static enum drain_verdict flow_verdict(void *context, const double *theta, double loss, const double *g)
{
    struct flow *f = context;
    const struct segment *s = &f->b->segment;
    double slope = 0, gone = 0, tolerance = 1e-2 * s->threshold;
    for (size_t i = 0; i < s->N; i++)
        slope += g[i] * g[i];
    if (loss > f->floor + tolerance)
        return slope > 1e-6 * tolerance ? DRAIN_FLOWING : DRAIN_OUTSIDE;
    for (size_t j = 0; j < s->dimension; j++) {
        double along = 0;
        for (size_t i = 0; i < s->N; i++)
            along += s->directions[j * s->N + i] * (theta[i] - f->b->m->theta[i]);
        if (s->width[j] == s->prior_width[j])
            gone += along / s->prior_width[j] * (along / s->prior_width[j]);
    }
    return gone <= 1 && segment_change(f->b->walker, s, theta) <= s->tolerance ? DRAIN_INSIDE : DRAIN_OUTSIDE;
}

static void uniform_in_ball(size_t n, struct random_stream *r, double *x)
{
    random_normals(r, n, x);
    double factor = pow(random_uniform(r), 1 / (double)(n ? n : 1)) / linalg_norm(n, x);
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Uniform in (cross-section, `scale` times as wide) x extent. */
static void draw_point(const struct bench *b, double scale, struct random_stream *r, double *x, double *theta)
{
    const struct segment *s = &b->segment;
    memcpy(theta, b->m->theta, s->N * sizeof *theta);
    uniform_in_ball(s->rank, r, x);
    for (size_t k = 0; k < s->rank; k++)
        linalg_axpy(s->N, scale * x[k] * s->across_width[k], s->across + k * s->N, theta);
    uniform_in_ball(s->dimension, r, x);
    for (size_t j = 0; j < s->dimension; j++)
        linalg_axpy(s->N, x[j] * s->width[j], s->directions + j * s->N, theta);
}

static enum status drain_all(struct bench *b, size_t points, struct error *e)
{
    static const double scales[SCALES] = {0.5, 1, 2, 4, 8, 16};
    const struct segment *s = &b->segment;
    struct flow f = {.b = b};
    struct drain d = {.n = s->N,
                      .centre = b->m->theta,
                      .scale = b->m->sigma,
                      .gradient = flow_gradient,
                      .verdict = flow_verdict,
                      .rtol = 1e-5};
    double *x = malloc(2 * s->N * sizeof *x);
    struct problem p = *b->m->problem;
    p.weight_decay = 0;
    enum status status = x ? tape_new(&p, &f.tape, e) : error_memory(e);
    if (!status)
        f.floor = tape_loss(f.tape, b->m->theta);
    for (size_t k = 0; k < SCALES && !status; k++) {
        b->drained[k] = (struct drained){.scale = scales[k], .points = points};
        for (size_t i = 0; i < points && !status; i++) {
            struct random_stream r = random_stream(b->m->seed, ((uint64_t)k << 32) + i);
            draw_point(b, scales[k], &r, x, x + s->N);
            b->drained[k].inside += drain_contains(&d, &f, x + s->N, &b->drained[k].failures);
            reporter_progress(b->reporter, ((double)k + (double)i / (double)points) / SCALES, "draining");
            if (reporter_stop_requested(b->reporter))
                status = error_set(e, STATUS_INTERRUPTED, "interrupted while draining");
        }
        b->n_drained = k + 1;
    }
    tape_free(f.tape);
    free(x);
    return status;
}

/* ln of the volume of the drained part of the segment with a cross-section `scale` times as wide; NAN: refused, fewer
 * than 100 points drained. */
static double drained_volume(const struct bench *b, const struct drained *d)
{
    if (d->inside < ESTIMATE_LEAST_ESS)
        return NAN;
    return b->segment.log_volume_capped + (double)b->segment.rank * log(d->scale) +
           log((double)d->inside / (double)d->points);
}

/* Its standard error, binomial; of one more trial where all points drained, lest it be 0. */
static double drained_error(const struct drained *d)
{
    double n = (double)d->points, part = d->inside == d->points ? (n - 1) / n : (double)d->inside / n;
    return d->inside < ESTIMATE_LEAST_ESS ? NAN : sqrt((1 - part) / (part * n));
}

static const char *ended_by(const struct segment *s, size_t j)
{
    return s->width[j] == s->prior_width[j] ? "prior" : "behaviour";
}

/* --- showing */

static json_t *walks_to_json(const struct bench *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->n_walks; i++) {
        const struct segment_walk *w = &b->walks[i];
        json_t *o = json_object();
        json_object_set_new(o, "direction", json_integer((json_int_t)w->direction + 1));
        json_object_set_new(o, "sign", json_integer(w->sign));
        json_object_set_new(o, "predicted", json_number_or_null(w->predicted));
        json_object_set_new(o, "found", w->failed ? json_null() : json_number_or_null(w->found));
        json_object_set_new(o, "ended_by", json_string(w->failed ? "failed" : w->by_prior ? "prior" : "behaviour"));
        json_object_set_new(o, "steps", json_integer((json_int_t)w->steps));
        json_object_set_new(o, "residual", json_number_or_null(w->residual));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *drained_to_json(const struct bench *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->n_drained; i++) {
        const struct drained *d = &b->drained[i];
        json_t *o = json_object();
        json_object_set_new(o, "scale", json_real(d->scale));
        json_object_set_new(o, "inside", json_integer((json_int_t)d->inside));
        json_object_set_new(o, "points", json_integer((json_int_t)d->points));
        json_object_set_new(o, "failures", json_integer((json_int_t)d->failures));
        json_object_set_new(o, "log_volume", json_number_or_null(drained_volume(b, d)));
        json_object_set_new(o, "error", json_number_or_null(drained_error(d)));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *segment_to_json(const struct bench *b)
{
    const struct segment *s = &b->segment;
    json_t *o = json_object(), *by = json_array();
    for (size_t j = 0; j < s->dimension; j++)
        json_array_append_new(by, json_string(ended_by(s, j)));
    json_object_set_new(o, "threshold", json_real(s->threshold));
    json_object_set_new(o, "tolerance", json_real(s->tolerance));
    json_object_set_new(o, "rank", json_integer((json_int_t)s->rank));
    json_object_set_new(o, "dimension", json_integer((json_int_t)s->dimension));
    json_object_set_new(o, "capped", json_integer((json_int_t)s->capped));
    json_object_set_new(o, "log_volume", json_number_or_null(s->volume.log_volume));
    json_object_set_new(o, "log_cross_section", json_number_or_null(s->volume.log_cross_section));
    json_object_set_new(o, "log_extent", json_number_or_null(s->volume.log_extent));
    json_object_set_new(o, "across_capped", json_integer((json_int_t)s->across_capped));
    json_object_set_new(o, "log_volume_capped", json_number_or_null(s->log_volume_capped));
    json_object_set_new(o, "widths", json_numbers(s->width, s->dimension));
    json_object_set_new(o, "ended_by", by);
    json_object_set_new(o, "singular_values", json_numbers(s->singular, s->dimension));
    json_object_set_new(o, "prior_widths", json_numbers(s->prior_width, s->dimension));
    json_object_set_new(o, "widths_across", json_numbers(s->across_width, s->rank));
    json_object_set_new(o, "walks", walks_to_json(b));
    json_object_set_new(o, "drained", drained_to_json(b));
    return o;
}

static struct table *summary_table(const struct bench *b)
{
    const struct segment *s = &b->segment;
    double narrowest = INFINITY, widest = 0; /* each kind is in order, the two together are not */
    for (size_t j = 0; j < s->dimension; j++) {
        narrowest = fmin(narrowest, s->width[j]);
        widest = fmax(widest, s->width[j]);
    }
    struct table *t = table_new("Basin segment (natural logarithms)");
    table_add_column(t, "factor", TABLE_LEFT);
    table_add_column(t, "dimensions", TABLE_RIGHT);
    table_add_column(t, "ln volume", TABLE_RIGHT);
    table_add_column(t, "widths", TABLE_LEFT);
    table_add_row(t);
    table_add_cell(t, "cross-section");
    table_add_cell(t, "%zu", s->rank);
    table_add_cell(t, "%.6g", s->volume.log_cross_section);
    if (s->rank)
        table_add_cell(t, "%.3g to %.3g, by the loss", sqrt(2 * s->threshold / s->eigenvalues[0]),
                       sqrt(2 * s->threshold / s->eigenvalues[s->rank - 1]));
    table_add_row(t);
    table_add_cell(t, "extent");
    table_add_cell(t, "%zu", s->dimension);
    table_add_cell(t, "%.6g", s->volume.log_extent);
    table_add_cell(t, "%.3g to %.3g; %zu ended by the validation behaviour, %zu by the prior", narrowest, widest,
                   s->dimension - s->capped, s->capped);
    table_add_row(t);
    table_add_cell(t, "segment");
    table_add_cell(t, "%zu", s->N);
    table_add_cell(t, "%.6g", s->volume.log_volume);
    table_add_row(t);
    table_add_cell(t, "segment, cross-section ended by the prior too");
    table_add_cell(t, "%zu", s->N);
    table_add_cell(t, "%.6g", s->log_volume_capped);
    table_add_cell(t, "%zu of the cross-section's widths are the prior's", s->across_capped);
    return t;
}

/* Those along which the behaviour changes the most; the figure and the JSON have all. */
static struct table *directions_table(const struct segment *s)
{
    static const char *const headings[] = {"direction",    "singular value", "by the behaviour",
                                           "by the prior", "width",          "ended by"};
    struct table *t = table_new("Directions along the manifold");
    for (size_t i = 0; i < 6; i++)
        table_add_column(t, headings[i], i == 5 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t j = 0; j < s->dimension && j < SHOWN; j++) {
        table_add_row(t);
        table_add_cell(t, "%zu", j + 1);
        table_add_cell(t, "%.4g", s->singular[j]);
        if (s->singular[j] > 0)
            table_add_cell(t, "%.4g", s->tolerance / s->singular[j]);
        else
            table_add_cell(t, "without end");
        table_add_cell(t, "%.4g", s->prior_width[j]);
        table_add_cell(t, "%.4g", s->width[j]);
        table_add_cell(t, "%s", ended_by(s, j));
    }
    return t;
}

static struct table *walks_table(const struct bench *b)
{
    static const char *const headings[] = {"direction", "width", "found",           "found/width",
                                           "ended by",  "steps", "off the manifold"};
    struct table *t = table_new("Walks along the manifold");
    for (size_t i = 0; i < 7; i++)
        table_add_column(t, headings[i], i == 4 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < b->n_walks; i++) {
        const struct segment_walk *w = &b->walks[i];
        table_add_row(t);
        table_add_cell(t, "%c%zu", w->sign > 0 ? '+' : '-', w->direction + 1);
        table_add_cell(t, "%.4g", w->predicted);
        table_add_cell(t, "%.4g", w->failed ? NAN : w->found);
        table_add_cell(t, "%.3f", w->failed ? NAN : w->found / w->predicted);
        table_add_cell(t, "%s", w->failed ? "could not go on" : w->by_prior ? "prior" : "behaviour");
        table_add_cell(t, "%zu", w->steps);
        table_add_cell(t, "%.1g", w->residual);
    }
    return t;
}

static struct table *drained_table(const struct bench *b)
{
    static const char *const headings[] = {"cross-section's widths times", "drain into the segment",
                                           "ln drained volume", "error"};
    struct table *t = table_new("What the flow drains into the segment");
    for (size_t i = 0; i < 4; i++)
        table_add_column(t, headings[i], TABLE_RIGHT);
    for (size_t i = 0; i < b->n_drained; i++) {
        const struct drained *d = &b->drained[i];
        table_add_row(t);
        table_add_cell(t, "%.3g", d->scale);
        table_add_cell(t, "%zu of %zu", d->inside, d->points);
        if (d->inside < ESTIMATE_LEAST_ESS) {
            table_add_cell(t, "refused");
            table_add_cell(t, "-");
            continue;
        }
        table_add_cell(t, "%.6g", drained_volume(b, d));
        table_add_cell(t, "%.2g", drained_error(d));
    }
    return t;
}

static struct figure *widths_figure(const struct bench *b)
{
    const struct segment *s = &b->segment;
    struct figure *f =
        figure_new("segment_widths", "Widths of the basin segment",
                   "Across the manifold what the loss allows; along it how far the validation behaviour "
                   "stays, or the prior reaches. Found by walking: where walks along the manifold ended, either way.");
    double *x = malloc((s->N + WALKS_MOST) * 2 * sizeof *x);
    if (!f || !x) {
        free(x);
        figure_free(f);
        return NULL;
    }
    double *y = x + s->N + WALKS_MOST;
    struct axis index = {.label = "direction, from the narrowest of its kind on",
                         .scale = AXIS_LINEAR,
                         .low = NAN,
                         .high = NAN,
                         .margin = 0.02},
                width = {.label = "width, in units of theta", .scale = AXIS_LOG, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "", &index, &width);
    for (size_t i = 0; i < s->rank; i++) {
        x[i] = (double)i + 1;
        y[i] = s->across_width[i];
    }
    figure_add_series(f, panel, MARK_LINE, 0, "across, by the loss (at most the prior)", s->rank, x, y, NULL);
    for (size_t kind = 0; kind < 2; kind++) {
        size_t n = 0;
        for (size_t j = 0; j < s->dimension; j++)
            if ((s->width[j] == s->prior_width[j]) == (kind == 1)) {
                x[n] = (double)(s->rank + j) + 1;
                y[n++] = s->width[j];
            }
        if (n)
            figure_add_series(f, panel, MARK_POINTS, (int)kind + 1,
                              kind ? "along, by the prior" : "along, by the validation behaviour", n, x, y, NULL);
    }
    size_t n = 0;
    for (size_t i = 0; i < b->n_walks; i++)
        if (!b->walks[i].failed) {
            x[n] = (double)(s->rank + b->walks[i].direction) + 1;
            y[n++] = b->walks[i].found;
        }
    if (n)
        figure_add_series(f, panel, MARK_POINTS, 3, "found by walking", n, x, y, NULL);
    free(x);
    return f;
}

/* Only the walks that the behaviour ended check what the Jacobian says of it. */
static void add_walks_sentence(const struct bench *b, struct findings *out)
{
    double low = INFINITY, high = 0;
    size_t checks = 0, by_prior = 0, failed = 0;
    for (size_t i = 0; i < b->n_walks; i++) {
        const struct segment_walk *w = &b->walks[i];
        failed += w->failed;
        by_prior += !w->failed && w->by_prior;
        if (w->failed || w->by_prior)
            continue;
        low = fmin(low, w->found / w->predicted);
        high = fmax(high, w->found / w->predicted);
        checks++;
    }
    if (checks)
        findings_add_sentence(
            out,
            "Walks along the manifold that the behaviour ended (%zu of %zu) did so at %.3g to %.3g of "
            "the width that was predicted; %zu were ended by the prior, %zu could not go on.",
            checks, b->n_walks, low, high, by_prior, failed);
    else if (b->n_walks)
        findings_add_sentence(out,
                              "The behaviour ended none of the %zu walks along the manifold: how far it lets go is not "
                              "checked. %zu were ended by the prior, %zu could not go on.",
                              b->n_walks, by_prior, failed);
}

static void add_drained_sentences(const struct bench *b, struct findings *out)
{
    const struct segment *s = &b->segment;
    size_t failures = 0;
    char allowed[120] = "the loss allows";
    if (s->across_capped)
        snprintf(allowed, sizeof allowed, "loss and prior allow (the prior ends %zu of its %zu widths)",
                 s->across_capped, s->rank);
    for (size_t i = 0; i < b->n_drained; i++)
        failures += b->drained[i].failures;
    if (b->n_drained)
        findings_add_sentence(
            out,
            "Where the cross-section is as wide as %s, %zu of %zu points drain back into the segment; volumes of fewer "
            "than %d points are refused.",
            allowed, b->drained[UNIT_SCALE].inside, b->drained[UNIT_SCALE].points, ESTIMATE_LEAST_ESS);
    if (failures)
        findings_add_sentence(out, "%zu flows failed or came nowhere in time: they count as not drained.", failures);
}

static void show(const struct bench *b, struct findings *out)
{
    out->json = json_object();
    json_object_set_new(out->json, "segment", segment_to_json(b));
    findings_add_table(out, summary_table(b));
    findings_add_table(out, directions_table(&b->segment));
    if (b->n_walks)
        findings_add_table(out, walks_table(b));
    if (b->n_drained)
        findings_add_table(out, drained_table(b));
    findings_add_sentence(out,
                          "Cross-section: loss at most %.3g above the minimum. Extent: the behaviour on %zu validation "
                          "examples changes by at most %.3g (root mean square), within the prior's width.",
                          b->segment.threshold, b->segment.n_validation, b->segment.tolerance);
    add_walks_sentence(b, out);
    add_drained_sentences(b, out);
    findings_add_figure(out, widths_figure(b));
}

static enum status run_segment(const struct minimum *m, const struct config_node *options,
                               const struct reporter *reporter, struct findings *out, struct error *e)
{
    struct bench b = {.m = m, .reporter = reporter};
    size_t points = m->problem->network.n_parameters <= DRAIN_MOST ? 200 : 0;
    points = (size_t)config_integer(config_get(options, "points"), (long)points);
    enum status status = segment_find(m, config_number(config_get(options, "threshold"), 0.01),
                                      config_number(config_get(options, "tolerance"), 0.1), &b.segment, e);
    if (!status)
        status = walk_all(&b, (size_t)config_integer(config_get(options, "walks"), 6), e);
    if (!status && points)
        status = drain_all(&b, points, e);
    if (!status)
        show(&b, out);
    segment_walker_free(b.walker);
    segment_clear(&b.segment);
    return status;
}

const struct analysis analysis_segment = {"segment", "cross-section of the basin x extent along its manifold",
                                          run_segment, segment_schema, NULL};
