/* The volume of the basin around a minimum, by every repair of the singular quadratic that is in closed form: one
 * table, because no single row is the answer. The mathematics is in docs/volume.md. */
#include "base/json.h"
#include "basin/minimum.h"
#include "basin/quadratic.h"
#include "config/config.h"
#include "solver/linalg.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE_MOST = 20000 };
static const double DEFAULT_THRESHOLD = 0.01, DEFAULT_DECAY = 1e-4;

const struct config_field volume_schema[] = {
    {.key = "threshold",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e6,
     .fallback = "0.01",
     .meaning = "T: the basin is where the loss is at most T above the minimum"},
    {.key = "decay",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e6,
     .fallback = "the file's weight_decay, or 1e-4",
     .meaning = "of the row H + weight decay"},
    {.key = "beta",
     .type = CONFIG_NUMBER,
     .low = 1e-300,
     .high = 1e12,
     .fallback = "the number of examples",
     .meaning = "the loss in nats is beta x loss, where a prior is added to it"},
    {0}};

enum { ROWS_MOST = 8 };
struct row {
    const char *name, *what; /* "volume" or "prior mass" */
    double log_value;        /* natural logarithm; INFINITY: infinite */
    double added;            /* nats of ln V that come from the added term; NAN: there is none */
    bool refused;
    char note[320];
};

struct volume {
    size_t N;
    double threshold, decay, beta, log_sigma; /* log_sigma: mean of ln sigma_i */
    double *plain;                            /* (N) eigenvalues of the loss's Hessian, without weight decay */
    double *scaled, *displacement; /* (N) eigenvalues of S^1/2 H S^1/2, coordinates of S^-1/2 theta; S = diag sigma^2 */
    double tolerance, scaled_tolerance;
    struct row rows[ROWS_MOST];
    size_t n_rows;
};

static void volume_clear(struct volume *v)
{
    free(v->plain);
    free(v->scaled);
    free(v->displacement);
}

/* --- the two spectra
 * ---------------------------------------------------------------------------------------------------- */

static double zero_tolerance(size_t n, const double *ascending)
{
    return (double)n * DBL_EPSILON * fmax(fabs(ascending[0]), fabs(ascending[n - 1]));
}

static enum status find_spectra(struct volume *v, const struct minimum *m, struct tape *tape, double *H,
                                struct error *e)
{
    size_t N = v->N;
    tape_move(tape, m->theta);
    enum status status = tape_hessian(tape, HESSIAN_FULL, H, e);
    for (size_t i = 0; i < N && !status; i++)
        H[i * N + i] -= m->problem->weight_decay;
    double *copy = status ? NULL : malloc(N * N * sizeof *copy);
    if (!status && !copy)
        return error_memory(e);
    for (size_t i = 0; i < N && copy; i++)
        for (size_t j = 0; j < N; j++)
            copy[i * N + j] = m->sigma[i] * m->sigma[j] * H[i * N + j];
    if (!status)
        status = linalg_eigen_symmetric(N, H, false, v->plain, e);
    if (!status)
        status = linalg_eigen_symmetric(N, copy, true, v->scaled, e);
    for (size_t i = 0; i < N && !status; i++) {
        v->displacement[i] = 0;
        for (size_t j = 0; j < N; j++)
            v->displacement[i] += copy[i * N + j] * m->theta[j] / m->sigma[j];
        v->log_sigma += log(m->sigma[i]) / (double)N;
    }
    if (!status) {
        v->tolerance = zero_tolerance(N, v->plain);
        v->scaled_tolerance = zero_tolerance(N, v->scaled);
    }
    free(copy);
    return status;
}

static enum status prepare(struct volume *v, const struct minimum *m, const struct config_node *options,
                           struct error *e)
{
    double decay = m->problem->weight_decay > 0 ? m->problem->weight_decay : DEFAULT_DECAY;
    *v = (struct volume){.N = m->problem->network.n_parameters,
                         .threshold = config_number(config_get(options, "threshold"), DEFAULT_THRESHOLD),
                         .decay = config_number(config_get(options, "decay"), decay),
                         .beta = config_number(config_get(options, "beta"), (double)m->problem->n)};
    if (v->N > DENSE_MOST)
        return error_set(e, STATUS_REFUSED, "%zu parameters: the volume takes the dense Hessian, up to %d", v->N,
                         DENSE_MOST);
    v->plain = malloc(v->N * sizeof *v->plain);
    v->scaled = malloc(v->N * sizeof *v->scaled);
    v->displacement = malloc(v->N * sizeof *v->displacement);
    double *H = malloc(v->N * v->N * sizeof *H);
    struct tape *tape = NULL;
    enum status status = v->plain && v->scaled && v->displacement && H ? STATUS_OK : error_memory(e);
    if (!status)
        status = tape_new(m->problem, &tape, e);
    if (!status)
        status = find_spectra(v, m, tape, H, e);
    tape_free(tape);
    free(H);
    return status;
}

/* --- the rows
 * ----------------------------------------------------------------------------------------------------------- */

static void add_row(struct volume *v, const char *name, const char *what, enum status status,
                    const struct error *refusal, double log_value, double added, const char *note, ...)
    __attribute__((format(printf, 8, 9)));
static void add_row(struct volume *v, const char *name, const char *what, enum status status,
                    const struct error *refusal, double log_value, double added, const char *note, ...)
{
    struct row *r = &v->rows[v->n_rows++];
    va_list arguments;
    *r = (struct row){
        .name = name, .what = what, .log_value = log_value, .added = added, .refused = status != STATUS_OK};
    if (status) {
        snprintf(r->note, sizeof r->note, "%.300s", refusal->message);
        return;
    }
    va_start(arguments, note);
    vsnprintf(r->note, sizeof r->note, note, arguments);
    va_end(arguments);
}

static void add_volume_rows(struct volume *v)
{
    struct quadratic q = {.n = v->N, .eigenvalues = v->plain, .tolerance = v->tolerance};
    struct quadratic scaled = {.n = v->N, .eigenvalues = v->scaled, .tolerance = v->scaled_tolerance, .variance = 1};
    struct quadratic_regularised decay = {0}, prior = {0};
    struct error e = {0};
    double value = NAN;
    size_t rank = 0;
    enum status status = quadratic_volume(&q, v->threshold, &value, &e);
    add_row(v, "quadratic", "volume", status, &e, value, NAN,
            isinf(value) ? "H is singular: the quadratic has no edge in its zero directions"
                         : "the ellipsoid of H alone");
    status = quadratic_volume_thrown_out(&q, v->threshold, &value, &rank, &e);
    add_row(v, "zero directions thrown out", "volume", status, &e, value, NAN,
            "not a volume: the %zu finite directions only; under theta -> c theta it grows as c^%zu, a volume as c^%zu",
            rank, rank, v->N);
    status = quadratic_volume_decay(&q, v->threshold, v->decay, &decay, &e);
    add_row(v, "H + weight decay", "volume", status, &e, decay.log_volume, -0.5 * (decay.lift + decay.null),
            "wd = %.3g; doubling it moves ln V by %.3g", v->decay, -0.5 * log(2) * decay.sensitivity);
    status = quadratic_volume_prior(&scaled, v->threshold, v->beta, &prior, &e);
    add_row(v, "beta H + 1/sigma^2", "volume", status, &e, prior.log_volume + (double)v->N * v->log_sigma,
            -0.5 * (prior.lift + prior.null), "beta = %.4g; doubling 1/sigma^2 moves ln V by %.3g", v->beta,
            -0.5 * log(2) * prior.sensitivity);
}

static void add_mass_rows(struct volume *v)
{
    struct quadratic q = {.n = v->N,
                          .eigenvalues = v->scaled,
                          .displacement = v->displacement,
                          .tolerance = v->scaled_tolerance,
                          .variance = 1};
    struct quadratic_saddle saddle = {0};
    struct quadratic_probability exact = {0};
    struct error e = {0};
    enum status status = quadratic_saddle_plain(&q, v->threshold, &saddle, &e);
    add_row(v, "saddle under the prior, plain", "prior mass", status, &e, saddle.log_probability, NAN,
            "effective dimension %.4g; too high by about %.2g", saddle.dimension, saddle.stated_bias);
    status = quadratic_saddle(&q, v->threshold, &saddle, &e);
    add_row(v, "saddle under the prior", "prior mass", status, &e, saddle.log_probability, NAN,
            "effective dimension %.4g; too high by about %.2g", saddle.dimension, saddle.stated_bias);
    status = quadratic_probability(&q, v->threshold, &exact, &e);
    add_row(v, "exact, of the quadratic", "prior mass", status, &e, exact.log_probability, NAN,
            "of the quadratic loss, exact to %.1g; a mass of the prior, zero directions included", exact.error);
}

/* --- showing
 * ------------------------------------------------------------------------------------------------------------ */

static json_t *volume_to_json(const struct volume *v)
{
    json_t *o = json_object(), *rows = json_array();
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct row *r = &v->rows[i];
        json_t *row = json_object();
        json_object_set_new(row, "name", json_string(r->name));
        json_object_set_new(row, "what", json_string(r->what));
        json_object_set_new(row, "log_value", r->refused ? json_null() : json_number_or_null(r->log_value));
        json_object_set_new(row, "infinite", json_boolean(!r->refused && isinf(r->log_value)));
        json_object_set_new(row, "refused", json_boolean(r->refused));
        json_object_set_new(row, "from_added_term", json_number_or_null(r->added));
        json_object_set_new(row, "note", json_string(r->note));
        json_array_append_new(rows, row);
    }
    json_object_set_new(o, "threshold", json_real(v->threshold));
    json_object_set_new(o, "decay", json_real(v->decay));
    json_object_set_new(o, "beta", json_real(v->beta));
    json_object_set_new(o, "sigma", json_real(exp(v->log_sigma)));
    json_object_set_new(o, "rows", rows);
    return o;
}

static struct table *volume_table(const struct volume *v)
{
    struct table *t = table_new("Volume of the basin (natural logarithms)");
    static const char *const headings[] = {"estimate", "what", "ln value", "from the added term", "note"};
    for (size_t i = 0; i < 5; i++)
        table_add_column(t, headings[i], i == 2 || i == 3 ? TABLE_RIGHT : TABLE_LEFT);
    for (size_t i = 0; i < v->n_rows; i++) {
        const struct row *r = &v->rows[i];
        table_add_row(t);
        table_add_cell(t, "%s", r->name);
        table_add_cell(t, "%s", r->what);
        if (r->refused)
            table_add_cell(t, "refused");
        else if (isinf(r->log_value))
            table_add_cell(t, "infinite");
        else
            table_add_cell(t, "%.6g", r->log_value);
        if (isnan(r->added))
            table_add_cell(t, "-");
        else
            table_add_cell(t, "%+.4g", r->added);
        table_add_cell(t, "%s", r->note);
    }
    return t;
}

static enum status run_volume(const struct minimum *m, const struct config_node *options,
                              const struct reporter *reporter, struct findings *out, struct error *e)
{
    struct volume v;
    (void)reporter;
    enum status status = prepare(&v, m, options, e);
    if (!status) {
        add_volume_rows(&v);
        add_mass_rows(&v);
        out->json = json_object();
        json_object_set_new(out->json, "volume", volume_to_json(&v));
        findings_add_table(out, volume_table(&v));
        findings_add_sentence(
            out,
            "T = %.3g, prior N(0, sigma_i^2) with the widths of the initialisation (geometric mean %.3g). Volumes "
            "are in units of theta; prior masses are pure numbers. A bracket, not a number.",
            v.threshold, exp(v.log_sigma));
    }
    volume_clear(&v);
    return status;
}

const struct analysis analysis_volume = {"volume", "volume of the basin by several repairs", run_volume, volume_schema};
