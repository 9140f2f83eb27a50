/* The spectrum of a Hessian too large to be written down, whole and layer by layer, by stochastic Lanczos. */
#include "base/json.h"
#include "basin/spectrum_private.h"
#include "basin/tape.h"
#include "solver/krylov.h"
#include "solver/slq.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PROBES_DEFAULT = 16,
    LAYER_PROBES_DEFAULT = 8,
    STEPS_DEFAULT = 80,
    COUNTS = 33,
    HUNDREDTH = 8, /* where among the counts x is a hundredth of the largest */
    EXTREME_PRODUCTS = 300,
    LAYER_EXTREME_PRODUCTS = 100
};

static void multiply(const double *v, double *image, void *context)
{
    tape_hvp(context, HESSIAN_FULL, v, image);
}

/* One tape a thread, all at theta. */
struct team {
    struct tape **tapes; /* (n) */
    struct krylov_operator *operators;
    size_t n;
};

static void team_clear(struct team *t)
{
    for (size_t i = 0; i < t->n; i++)
        tape_free(t->tapes[i]);
    free(t->tapes);
    free(t->operators);
}

static enum status team_build(struct team *t, const struct minimum *m, const struct reporter *reporter, struct error *e)
{
    size_t n = m->threads > 0 ? (size_t)m->threads : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    *t = (struct team){.tapes = calloc(n, sizeof *t->tapes), .operators = calloc(n, sizeof *t->operators)};
    enum status status = t->tapes && t->operators ? STATUS_OK : error_memory(e);
    while (t->n < n && !status) {
        status = tape_new(m->problem, &t->tapes[t->n], e);
        if (status)
            break;
        tape_move(t->tapes[t->n], m->theta);
        t->operators[t->n] =
            (struct krylov_operator){m->problem->network.n_parameters, multiply, t->tapes[t->n], reporter};
        t->n++;
    }
    return status;
}

/* The diagonal block of H that belongs to parameters from .. from + n: a vector is put among zeros, multiplied by H,
 * and its part of the product taken out. */
struct block {
    const struct krylov_operator *whole;
    size_t from, n;
    double *v, *image; /* (N) each; v is 0 outside the block */
};

static void multiply_block(const double *v, double *image, void *context)
{
    const struct block *b = context;
    memcpy(b->v + b->from, v, b->n * sizeof *v);
    b->whole->product(b->v, b->image, b->whole->context);
    memcpy(image, b->image + b->from, b->n * sizeof *image);
}

/* The same block for every operator of a team. */
struct block_team {
    struct block *blocks; /* (n) */
    struct krylov_operator *operators;
    size_t n;
};

static void block_team_clear(struct block_team *t)
{
    for (size_t i = 0; t->blocks && i < t->n; i++) {
        free(t->blocks[i].v);
        free(t->blocks[i].image);
    }
    free(t->blocks);
    free(t->operators);
}

static enum status block_team_build(struct block_team *t, const struct team *whole, size_t from, size_t n,
                                    const struct reporter *reporter, struct error *e)
{
    *t = (struct block_team){.blocks = calloc(whole->n, sizeof *t->blocks),
                             .operators = calloc(whole->n, sizeof *t->operators),
                             .n = whole->n};
    bool room = t->blocks && t->operators;
    for (size_t i = 0; room && i < t->n; i++) {
        size_t N = whole->operators[i].n;
        struct block *b = &t->blocks[i];
        *b = (struct block){&whole->operators[i], from, n, calloc(N, sizeof *b->v), calloc(N, sizeof *b->image)};
        t->operators[i] = (struct krylov_operator){n, multiply_block, b, reporter};
        room = b->v && b->image;
    }
    return room ? STATUS_OK : error_memory(e);
}

/* What stochastic Lanczos quadrature says of H or of one layer's block (n, n): its ends, its trace, and how many
 * eigenvalues lie above x, for x from the largest of H down on a log scale. */
struct sampled {
    size_t n;
    struct krylov_extremes ends;
    struct slq slq;
    struct slq_estimate trace;
    double x[COUNTS];
    struct slq_estimate below[COUNTS]; /* eigenvalues <= x */
};

/* How much work is put into one matrix. */
struct effort {
    size_t probes, steps, extreme_products;
    uint64_t seed;
};

static double itself(double lambda, void *context)
{
    (void)context;
    return lambda;
}

/* largest: NULL for the largest eigenvalue of this matrix, else what the x of the counts begin at. */
static enum status sample(struct sampled *s, const struct krylov_operator *operators, size_t n_operators,
                          const struct effort *effort, const double *largest, const struct reporter *reporter,
                          struct error *e)
{
    s->n = operators->n;
    enum status status = krylov_extremes(operators, KRYLOV_LARGEST | KRYLOV_SMALLEST, 1e-6, effort->extreme_products,
                                         effort->seed, &s->ends, NULL, e);
    /* that a residual is 0 says no more than that the products are in rounding */
    double rounding = (double)s->n * DBL_EPSILON * fmax(fabs(s->ends.largest), fabs(s->ends.smallest));
    s->ends.largest_error = fmax(s->ends.largest_error, rounding);
    s->ends.smallest_error = fmax(s->ends.smallest_error, rounding);
    if (!status)
        status = slq_init(&s->slq, operators, n_operators, effort->probes, effort->steps, effort->seed, reporter, e);
    if (!status)
        s->trace = slq_trace(&s->slq, itself, NULL);
    for (size_t i = 0; i < COUNTS && !status; i++) {
        s->x[i] = (largest ? *largest : s->ends.largest) * pow(10, -0.25 * (double)i) * 0.999;
        s->below[i] = slq_count(&s->slq, s->x[i]);
    }
    return status;
}

/* layers (n_layers), their counts at the x of the whole. Another seed for each: their errors are independent. */
static enum status sample_layers(struct sampled *layers, const struct network *net, const struct team *team,
                                 struct effort effort, double largest, const struct reporter *reporter, struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t l = 0; l < net->n_layers && !status; l++) {
        size_t from = spectrum_layer_start(net, l);
        struct reporter_part part;
        reporter_part_init(&part, reporter, (double)l / (double)net->n_layers, (double)(l + 1) / (double)net->n_layers);
        struct block_team blocks;
        effort.seed++;
        status = block_team_build(&blocks, team, from, spectrum_layer_start(net, l + 1) - from, &part.inner, e);
        if (!status)
            status = sample(&layers[l], blocks.operators, blocks.n, &effort, &largest, &part.inner, e);
        block_team_clear(&blocks);
    }
    return status;
}

static enum status sample_all(struct sampled *whole, struct sampled *layers, const struct minimum *m,
                              const struct config_node *options, const struct reporter *reporter, struct error *e)
{
    struct effort effort = {.probes = (size_t)config_integer(config_get(options, "probes"), PROBES_DEFAULT),
                            .steps = (size_t)config_integer(config_get(options, "steps"), STEPS_DEFAULT),
                            .extreme_products = EXTREME_PRODUCTS,
                            .seed = m->seed};
    struct team team;
    enum status status = team_build(&team, m, reporter, e);
    if (!status)
        status = sample(whole, team.operators, team.n, &effort, NULL, reporter, e);
    effort.probes = (size_t)config_integer(config_get(options, "layer_probes"), LAYER_PROBES_DEFAULT);
    effort.extreme_products = LAYER_EXTREME_PRODUCTS;
    if (!status)
        status = sample_layers(layers, &m->problem->network, &team, effort, whole->ends.largest, reporter, e);
    team_clear(&team);
    return status;
}

static json_t *sampled_to_json(const struct sampled *s)
{
    double n = (double)s->n;
    json_t *o = json_object(), *counts = json_array();
    json_object_set_new(o, "size", json_integer((json_int_t)s->n));
    json_object_set_new(o, "probes", json_integer((json_int_t)s->slq.probes));
    json_object_set_new(o, "steps", json_integer((json_int_t)s->slq.max_steps));
    json_object_set_new(o, "largest", json_number_or_null(s->ends.largest));
    json_object_set_new(o, "largest_error", json_number_or_null(s->ends.largest_error));
    json_object_set_new(o, "smallest", json_number_or_null(s->ends.smallest));
    json_object_set_new(o, "smallest_error", json_number_or_null(s->ends.smallest_error));
    json_object_set_new(o, "trace", json_number_or_null(s->trace.value));
    json_object_set_new(o, "trace_error", json_number_or_null(s->trace.error));
    for (size_t i = 0; i < COUNTS; i++) {
        json_t *c = json_object();
        json_object_set_new(c, "x", json_number_or_null(s->x[i]));
        json_object_set_new(c, "above", json_number_or_null(n - s->below[i].value));
        json_object_set_new(c, "error", json_number_or_null(s->below[i].error));
        json_object_set_new(c, "low", json_number_or_null(n - s->below[i].high));
        json_object_set_new(c, "high", json_number_or_null(n - s->below[i].low));
        json_array_append_new(counts, c);
    }
    json_object_set_new(o, "counts", counts);
    return o;
}

static struct figure *counts_figure(const struct sampled *s)
{
    size_t N = s->n;
    struct figure *f =
        figure_new("spectrum", "How many eigenvalues are larger",
                   "By stochastic Lanczos quadrature: the number of eigenvalues of the Hessian above x. The band holds "
                   "what the finite number of steps and the spread over the probes (two standard errors) allow.");
    struct axis x = {.label = "x", .scale = AXIS_LOG, .low = NAN, .high = NAN};
    struct axis y = {.label = "eigenvalues above x", .scale = AXIS_LOG, .low = 0.5, .high = 2 * (double)N};
    size_t panel = figure_add_panel(f, "", &x, &y);
    double above[COUNTS], low[COUNTS], high[COUNTS];
    for (size_t i = 0; i < COUNTS; i++) {
        above[i] = fmax((double)N - s->below[i].value, 0.5);
        low[i] = fmax((double)N - s->below[i].high - 2 * s->below[i].error, 0.5);
        high[i] = fmin((double)N - s->below[i].low + 2 * s->below[i].error, 2 * (double)N);
    }
    figure_add_series(f, panel, MARK_BAND, 0, "allowed", COUNTS, s->x, low, high);
    figure_add_series(f, panel, MARK_LINE, 0, "estimate", COUNTS, s->x, above, NULL);
    return f;
}

/* matrices (n): H, then its layers' blocks. */
static struct table *sampled_table(const struct sampled *matrices, size_t n)
{
    static const char *const headings[] = {
        "matrix", "size", "largest", "+-", "smallest", "+-", "trace", "standard error", "above largest H/100", "+-"};
    struct table *t = table_new("Spectrum, sampled");
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++)
        table_add_column(t, headings[i], i ? TABLE_RIGHT : TABLE_LEFT);
    for (size_t i = 0; i < n; i++) {
        const struct sampled *s = &matrices[i];
        const struct slq_estimate *below = &s->below[HUNDREDTH];
        table_add_row(t);
        if (i)
            table_add_cell(t, "layer %zu", i);
        else
            table_add_cell(t, "H");
        table_add_cell(t, "%zu", s->n);
        table_add_cell(t, "%.4g", s->ends.largest);
        table_add_cell(t, "%.1g", s->ends.largest_error);
        table_add_cell(t, "%.3g", s->ends.smallest);
        table_add_cell(t, "%.1g", s->ends.smallest_error);
        table_add_cell(t, "%.4g", s->trace.value);
        table_add_cell(t, "%.2g", s->trace.error);
        table_add_cell(t, "%.1f", (double)s->n - below->value);
        table_add_cell(t, "%.1f", fmax(below->high - below->value, below->value - below->low) + 2 * below->error);
    }
    return t;
}

enum status spectrum_run_sampled(const struct minimum *m, const struct config_node *options,
                                 const struct reporter *reporter, struct findings *out, struct error *e)
{
    size_t n = 1 + m->problem->network.n_layers;
    struct sampled *s = calloc(n, sizeof *s); /* H, then its layers' blocks */
    enum status status = s ? sample_all(s, s + 1, m, options, reporter, e) : error_memory(e);
    if (!status) {
        json_t *whole = sampled_to_json(s), *layers = json_array();
        for (size_t i = 1; i < n; i++)
            json_array_append_new(layers, sampled_to_json(&s[i]));
        json_object_set_new(whole, "layers", layers);
        json_object_set_new(out->json, "sampled", whole);
        findings_add_table(out, sampled_table(s, n));
        findings_add_figure(out, counts_figure(s));
        findings_add_sentence(
            out,
            "%zu parameters, so the spectrum is sampled (%zu probes, for each layer %zu; at most %zu Lanczos steps): "
            "largest eigenvalue %.4g (+- %.1g), smallest %.3g (+- %.1g), trace %.4g (standard error %.2g). The last "
            "column counts eigenvalues above a hundredth of the largest of H; its +- is two standard errors and what "
            "the finite number of steps allows.",
            s->n, s->slq.probes, s[1].slq.probes, s->slq.max_steps, s->ends.largest, s->ends.largest_error,
            s->ends.smallest, s->ends.smallest_error, s->trace.value, s->trace.error);
    }
    for (size_t i = 0; s && i < n; i++)
        slq_clear(&s[i].slq);
    free(s);
    return status;
}
