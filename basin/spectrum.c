/* The spectrum of the Hessian: dense where it can be, by stochastic Lanczos beyond (spectrum_sampled.c). */
#include "base/json.h"
#include "basin/minimum.h"
#include "basin/rank.h"
#include "basin/spectrum_private.h"
#include "config/config.h"
#include "solver/linalg.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE_DEFAULT = 3000 };
static const double DEFAULT_THRESHOLD = 0.01;

const struct config_field spectrum_schema[] = {
    {.key = "dense_most",
     .type = CONFIG_INTEGER,
     .low = 1,
     .high = 20000,
     .fallback = "3000",
     .meaning = "up to so many parameters the whole spectrum is computed"},
    {.key = "probes",
     .type = CONFIG_INTEGER,
     .low = 2,
     .high = 1000,
     .fallback = "16",
     .meaning = "stochastic Lanczos: random vectors"},
    {.key = "layer_probes",
     .type = CONFIG_INTEGER,
     .low = 2,
     .high = 1000,
     .fallback = "8",
     .meaning = "stochastic Lanczos: random vectors for each layer's block"},
    {.key = "steps",
     .type = CONFIG_INTEGER,
     .low = 5,
     .high = 1000,
     .fallback = "80",
     .meaning = "stochastic Lanczos: steps from each"},
    {.key = "threshold",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e6,
     .fallback = "0.01",
     .meaning = "loss above the minimum at which the basin's widths are measured"},
    {0}};

/* Everything dense about one spectrum. */
struct spectrum {
    size_t N, k;
    double loss, gradient_norm, distance;
    double *full, *gauss_newton; /* (N) ascending */
    double *g;                   /* (min(k, N)) descending */
    size_t n_g;
    double worst_residual; /* max |H v - lambda v| over the pairs */
    double *layer;         /* (N) eigenvalues of each layer's diagonal block, ascending within it */
};

static void spectrum_clear(struct spectrum *s)
{
    free(s->full);
    free(s->gauss_newton);
    free(s->g);
    free(s->layer);
}

size_t spectrum_layer_start(const struct network *net, size_t l)
{
    return l < net->n_layers ? net->weight_at[l] : net->n_parameters;
}

/* Eigenvalues of the diagonal block of every layer of H (N, N). */
static enum status layer_spectra(const struct network *net, const double *H, double *values, struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t l = 0; l < net->n_layers && !status; l++) {
        size_t from = spectrum_layer_start(net, l), n = spectrum_layer_start(net, l + 1) - from;
        double *block = malloc(n * n * sizeof *block);
        for (size_t i = 0; block && i < n; i++)
            memcpy(block + i * n, H + (from + i) * net->n_parameters + from, n * sizeof *block);
        status = block ? linalg_eigen_symmetric(n, block, false, values + from, e) : error_memory(e);
        free(block);
    }
    return status;
}

/* max over pairs of |H v - lambda v|, by Hessian-vector products: independent of the dense H. */
static double pair_residual(struct tape *tape, size_t N, const double *vectors, const double *values)
{
    double *image = malloc(N * sizeof *image), worst = 0;
    for (size_t i = 0; image && i < N; i++) {
        tape_hvp(tape, HESSIAN_FULL, vectors + i * N, image);
        linalg_axpy(N, -values[i], vectors + i * N, image);
        worst = fmax(worst, linalg_norm(N, image));
    }
    free(image);
    return worst;
}

static enum status dense_spectrum(struct tape *tape, const struct problem *p, struct spectrum *s, struct error *e)
{
    double *H = malloc(s->N * s->N * sizeof *H), *G = malloc(s->k * s->N * sizeof *G);
    s->full = malloc(s->N * sizeof *s->full);
    s->gauss_newton = malloc(s->N * sizeof *s->gauss_newton);
    s->layer = malloc(s->N * sizeof *s->layer);
    s->g = malloc(s->n_g * sizeof *s->g);
    enum status status = H && G && s->full && s->gauss_newton && s->layer && s->g ? STATUS_OK : error_memory(e);
    if (!status)
        status = tape_hessian(tape, HESSIAN_GAUSS_NEWTON, H, e);
    if (!status)
        status = linalg_eigen_symmetric(s->N, H, false, s->gauss_newton, e);
    if (!status)
        status = tape_hessian(tape, HESSIAN_FULL, H, e);
    if (!status)
        status = layer_spectra(&p->network, H, s->layer, e);
    if (!status)
        status = linalg_eigen_symmetric(s->N, H, true, s->full, e);
    if (!status) {
        s->worst_residual = pair_residual(tape, s->N, H, s->full);
        tape_behaviour_jacobian(tape, G);
        status = linalg_svd(s->k, s->N, G, s->g, NULL, NULL, e);
    }
    free(H);
    free(G);
    return status;
}

/* --- showing ----------------------------------------------------------------------------------------------------- */

/* Absolute values down to `least`, descending, against the index, on log axes. */
static void add_values(struct figure *f, size_t panel, const char *legend, size_t n, const double *values,
                       bool negative, double least)
{
    double *xy = malloc((2 * n + 1) * sizeof *xy);
    size_t count = 0;
    for (size_t i = 0; xy && i < n; i++) {
        double v = values[n - 1 - i];
        if (negative)
            v = -values[i];
        if (!(v >= least))
            break;
        xy[count] = (double)count + 1;
        xy[n + count++] = v;
    }
    if (xy && count) /* a line through a single value is not seen */
        figure_add_series(f, panel, negative || count == 1 ? MARK_POINTS : MARK_LINE, -1, legend, count, xy, xy + n,
                          NULL);
    free(xy);
}

/* Below the tolerance there is nothing but rounding: a line says where it is, and the picture ends a little deeper. */
static struct figure *spectrum_figure(const struct spectrum *s, const struct network *net, double tolerance)
{
    double least = 1e-3 * tolerance, most = tolerance / ((double)s->N * DBL_EPSILON), ends[] = {1, (double)s->N},
           level[] = {tolerance, tolerance};
    struct figure *f =
        figure_new("spectrum", "Spectrum of the Hessian",
                   "Eigenvalues from the largest down, on a log scale. Below the dashed line (N times the rounding of "
                   "the largest) "
                   "they count as zero: H sees nothing there. Negative ones are drawn as points by their size.");
    struct axis x = {.label = "number, from the largest",
                     .scale = s->N > 200 ? AXIS_LOG : AXIS_LINEAR,
                     .low = s->N > 200 ? NAN : 0,
                     .high = fmax((double)s->N, 5)}; /* no fractions between fewer numbers */
    struct axis y = {.label = "eigenvalue",
                     .scale = AXIS_LOG,
                     .low = tolerance > 0 ? least : NAN,
                     .high = tolerance > 0 ? 3 * most : NAN};
    size_t panel = figure_add_panel(f, "the whole Hessian", &x, &y);
    add_values(f, panel, "H", s->N, s->full, false, least);
    add_values(f, panel, "its Gauss-Newton part", s->N, s->gauss_newton, false, least);
    add_values(f, panel, "H, negative", s->N, s->full, true, least);
    figure_add_series(f, panel, MARK_DASHED, 6, "rounding", 2, ends, level, NULL);
    panel = figure_add_panel(f, "each layer's block", &x, &y);
    for (size_t l = 0; l < net->n_layers; l++) {
        char legend[40];
        snprintf(legend, sizeof legend, "layer %zu", l + 1);
        add_values(f, panel, legend, spectrum_layer_start(net, l + 1) - spectrum_layer_start(net, l),
                   s->layer + spectrum_layer_start(net, l), false, least);
    }
    figure_add_series(f, panel, MARK_DASHED, 6, NULL, 2, ends, level, NULL);
    return f;
}

static struct figure *width_figure(const struct spectrum *s, double tolerance, double threshold)
{
    struct figure *f =
        figure_new("widths", "Widths of the basin in its finite directions",
                   "How far one can go along each eigenvector before the quadratic loss has risen by the threshold: "
                   "sqrt(2 T/lambda), as the share of directions narrower than that.");
    struct axis x = {.label = "width (in units of theta)", .scale = AXIS_LOG, .low = NAN, .high = NAN, .margin = 0.03};
    struct axis y = {.label = "share of the finite directions", .scale = AXIS_LINEAR, .low = 0, .high = 1};
    size_t panel = figure_add_panel(f, "", &x, &y), finite = 0;
    double *width = calloc(2 * (s->N + 1), sizeof *width), *share = width ? width + s->N + 1 : NULL;
    for (size_t i = 0; width && i < s->N; i++)
        if (s->full[s->N - 1 - i] > tolerance)
            width[++finite] = sqrt(2 * threshold / s->full[s->N - 1 - i]);
    for (size_t i = 1; width && i <= finite; i++)
        share[i] = (double)i / (double)finite;
    if (width && finite) {
        width[0] = width[1]; /* the first step begins at 0 */
        figure_add_series(f, panel, MARK_STEPS, 0, NULL, finite + 1, width, share, NULL);
    }
    free(width);
    return f;
}

static struct table *spectrum_table(const struct spectrum *s, const struct network *net, double tolerance)
{
    struct table *t = table_new("Spectrum");
    static const char *const headings[] = {"matrix", "size", "largest", "median", "smallest", "finite", "negative"};
    for (size_t i = 0; i < 7; i++)
        table_add_column(t, headings[i], i ? TABLE_RIGHT : TABLE_LEFT);
    for (size_t row = 0; row < 2 + net->n_layers; row++) {
        size_t l = row - 2, from = row < 2 ? 0 : spectrum_layer_start(net, l),
               n = row < 2 ? s->N : spectrum_layer_start(net, l + 1) - from;
        const double *v = (row == 0 ? s->full : row == 1 ? s->gauss_newton : s->layer) + from;
        size_t finite = 0, negative = 0;
        for (size_t i = 0; i < n; i++) {
            finite += fabs(v[i]) > tolerance;
            negative += v[i] < -tolerance;
        }
        table_add_row(t);
        if (row < 2)
            table_add_cell(t, row ? "Gauss-Newton part" : "H");
        else
            table_add_cell(t, "layer %zu", l + 1);
        table_add_cell(t, "%zu", n);
        table_add_cell(t, "%.4g", v[n - 1]);
        table_add_cell(t, "%.3g", (v[(n - 1) / 2] + v[n / 2]) / 2);
        table_add_cell(t, "%.2g", v[0]);
        table_add_cell(t, "%zu", finite);
        table_add_cell(t, "%zu", negative);
    }
    return t;
}

static enum status run_dense(struct tape *tape, const struct minimum *m, struct spectrum *s, double threshold,
                             struct findings *out, struct error *e)
{
    const struct network *net = &m->problem->network;
    enum status status = dense_spectrum(tape, m->problem, s, e);
    if (status)
        return status;
    double largest = fmax(fabs(s->full[0]), fabs(s->full[s->N - 1])), tolerance = (double)s->N * DBL_EPSILON * largest;
    json_t *o = out->json, *layers = json_array();
    for (size_t l = 0; l < net->n_layers; l++)
        json_array_append_new(layers, json_numbers(s->layer + spectrum_layer_start(net, l),
                                                   spectrum_layer_start(net, l + 1) - spectrum_layer_start(net, l)));
    json_object_set_new(o, "eigenvalues", json_numbers(s->full, s->N));
    json_object_set_new(o, "eigenvalues_gauss_newton", json_numbers(s->gauss_newton, s->N));
    json_object_set_new(o, "singular_values_g", json_numbers(s->g, s->n_g));
    json_object_set_new(o, "eigenvalues_layers", layers);
    json_object_set_new(o, "eigenpair_residual", json_number_or_null(s->worst_residual));
    findings_add_table(out, spectrum_table(s, net, tolerance));
    findings_add_figure(out, spectrum_figure(s, net, tolerance));
    findings_add_figure(out, width_figure(s, tolerance, threshold));
    findings_add_sentence(
        out,
        "Distance from the origin %.4g. The worst eigenpair misses H v = lambda v by %.2g (largest eigenvalue "
        "%.3g), measured with products that do not use the dense matrix.",
        s->distance, s->worst_residual, largest);
    return STATUS_OK;
}

static enum status run_spectrum(const struct minimum *m, const struct config_node *options,
                                const struct reporter *reporter, struct findings *out, struct error *e)
{
    size_t N = m->problem->network.n_parameters, k = problem_behaviours(m->problem);
    size_t most = (size_t)config_integer(config_get(options, "dense_most"), DENSE_DEFAULT);
    struct spectrum s = {.N = N, .k = k, .n_g = k < N ? k : N, .distance = linalg_norm(N, m->theta)};
    struct tape *tape = NULL;
    double *gradient = malloc(N * sizeof *gradient);
    out->json = json_object();
    enum status status = gradient ? tape_new(m->problem, &tape, e) : error_memory(e);
    if (!status) {
        s.loss = tape_move(tape, m->theta);
        tape_gradient(tape, gradient);
        s.gradient_norm = linalg_norm(N, gradient);
        json_object_set_new(out->json, "loss", json_number_or_null(s.loss));
        json_object_set_new(out->json, "gradient_norm", json_number_or_null(s.gradient_norm));
        json_object_set_new(out->json, "distance", json_number_or_null(s.distance));
        double threshold = config_number(config_get(options, "threshold"), DEFAULT_THRESHOLD);
        status =
            N <= most ? run_dense(tape, m, &s, threshold, out, e) : spectrum_run_sampled(m, options, reporter, out, e);
    }
    tape_free(tape);
    free(gradient);
    spectrum_clear(&s);
    return status;
}

const struct analysis analysis_spectrum = {"spectrum", "eigenvalues of the Hessian, singular values of G", run_spectrum,
                                           spectrum_schema, NULL};
