/* Spectra, and the rows of the table of volumes that are closed forms of them. */
#include "basin/volume_private.h"
#include "solver/linalg.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct volume_row *new_row(struct volume *v, const char *name, const char *what)
{
    struct volume_row *r = &v->rows[v->n_rows < VOLUME_ROWS ? v->n_rows++ : VOLUME_ROWS - 1];
    *r = (struct volume_row){
        .name = name, .what = what, .error = NAN, .ess = NAN, .at_least = NAN, .added = NAN, .log_value = NAN};
    return r;
}

struct volume_row *volume_add_row(struct volume *v, const char *name, const char *what, enum status status,
                                  const struct error *refusal, double log_value, double added, const char *note, ...)
{
    struct volume_row *r = new_row(v, name, what);
    va_list arguments;
    if (status) {
        r->status = ROW_REFUSED;
        bool decayed = v->m->problem->weight_decay > 0 && v->plain[0] < -v->tolerance;
        snprintf(r->note, sizeof r->note, "%.300s%s", refusal->message,
                 decayed ? " (H here is without the weight decay of the training)" : "");
        return r;
    }
    r->status = isinf(log_value) ? ROW_INFINITE : ROW_OK;
    r->log_value = log_value;
    r->added = added;
    va_start(arguments, note);
    size_t length = (size_t)vsnprintf(r->note, sizeof r->note, note, arguments);
    va_end(arguments);
    if (!isnan(added) && length < sizeof r->note)
        snprintf(r->note + length, sizeof r->note - length, "; %+.4g come from the added term", added);
    return r;
}

struct volume_row *volume_add_estimate(struct volume *v, const char *name, const char *what,
                                       const struct estimate *estimate, const char *note, ...)
{
    struct volume_row *r = new_row(v, name, what);
    char text[300];
    va_list arguments;
    va_start(arguments, note);
    vsnprintf(text, sizeof text, note, arguments);
    va_end(arguments);
    r->status = estimate->refused ? ROW_REFUSED : ROW_OK;
    r->sampled = true;
    r->log_value = estimate->log_value;
    r->error = estimate->error;
    r->ess = estimate->ess;
    r->at_least = estimate->at_least;
    if (estimate->refused)
        snprintf(r->note, sizeof r->note, "%s; %s", estimate->reason, text);
    else
        snprintf(r->note, sizeof r->note, "%s", text);
    return r;
}

/* --- the two spectra */

static double zero_tolerance(size_t n, const double *ascending, double relative)
{
    double rounding = (double)n * DBL_EPSILON;
    return fmax(rounding, relative) * fmax(fabs(ascending[0]), fabs(ascending[n - 1]));
}

/* v->basis holds H: from there to S H S, its diagonal, eigenvalues and eigenvectors. */
static enum status decompose_scaled(struct volume *v, struct error *e)
{
    size_t N = v->N;
    const double *theta = v->m->theta;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            v->basis[i * N + j] *= v->sigma[i] * v->sigma[j];
    for (size_t i = 0; i < N; i++)
        v->diagonal[i] = v->basis[i * N + i];
    enum status status = linalg_eigen_symmetric(N, v->basis, true, v->scaled, e);
    for (size_t i = 0; i < N && !status; i++) {
        v->displacement[i] = 0;
        for (size_t j = 0; j < N; j++)
            v->displacement[i] += v->basis[i * N + j] * theta[j] / v->sigma[j];
    }
    return status;
}

/* v->descent: the trained loss has the Hessian H + weight decay, whose added term is taken along H's eigenvectors. */
static enum status find_descent(struct volume *v, struct error *e)
{
    const struct problem *p = v->m->problem;
    size_t N = v->N;
    struct tape *tape = NULL;
    double *slopes = malloc(2 * N * sizeof *slopes), *values = slopes ? slopes + N : NULL;
    enum status status = slopes ? tape_new(p, &tape, e) : error_memory(e);
    if (!status) {
        double loss = tape_move(tape, v->m->theta);
        tape_gradient(tape, slopes);
        for (size_t i = 0; i < N; i++) {
            slopes[i] *= v->sigma[i];
            values[i] = v->scaled[i];
            for (size_t j = 0; j < N && p->weight_decay > 0; j++) {
                double width = v->sigma[j] * v->basis[i * N + j];
                values[i] += p->weight_decay * width * width;
            }
        }
        v->descent = minimum_descent(N, values, v->basis, slopes, loss);
    }
    tape_free(tape);
    free(slopes);
    return status;
}

enum status volume_find_spectra(struct volume *v, struct error *e)
{
    size_t N = v->N;
    double relative, *copy = NULL;
    reporter_progress(v->reporter, 0, "Hessian of the sameness");
    enum status status = sameness_hessian(v->sameness, v->basis, &relative, e);
    if (!status && !v->uniform) {
        copy = malloc(N * N * sizeof *copy);
        if (!copy)
            return error_memory(e);
        memcpy(copy, v->basis, N * N * sizeof *copy);
        status = linalg_eigen_symmetric(N, copy, false, v->plain, e);
    }
    reporter_progress(v->reporter, 0.1, "spectrum of the Hessian");
    if (!status)
        status = decompose_scaled(v, e);
    if (!status) {
        for (size_t i = 0; i < N && v->uniform; i++)
            v->plain[i] = v->scaled[i] / (v->sigma[0] * v->sigma[0]);
        v->tolerance = zero_tolerance(N, v->plain, relative);
        v->scaled_tolerance = zero_tolerance(N, v->scaled, relative);
    }
    if (!status && strcmp(volume_measure(v), "loss") == 0)
        status = find_descent(v, e);
    free(copy);
    return status;
}

/* --- rows */

static void add_volumes(struct volume *v)
{
    struct quadratic q = {.n = v->N, .eigenvalues = v->plain, .tolerance = v->tolerance};
    struct quadratic scaled = {.n = v->N, .eigenvalues = v->scaled, .tolerance = v->scaled_tolerance, .variance = 1};
    struct quadratic_regularised decay = {0}, prior = {0};
    struct error e = {0};
    double value = NAN;
    size_t rank = 0;
    enum status status = quadratic_volume(&q, v->threshold, &value, &e);
    volume_add_row(v, "quadratic", "volume", status, &e, value, NAN,
                   isinf(value) ? "H is singular: the quadratic has no edge in its zero directions"
                                : "the ellipsoid of H alone");
    status = quadratic_volume_thrown_out(&q, v->threshold, &value, &rank, &e);
    if (rank == v->N)
        volume_add_row(v, "zero directions thrown out", "volume", status, &e, value, NAN,
                       "there are none: as the row above");
    else
        volume_add_row(
            v, "zero directions thrown out", "volume", status, &e, value, NAN,
            "not a volume: the %zu finite directions only; under theta -> c theta it grows as c^%zu, a volume as c^%zu",
            rank, rank, v->N);
    status = quadratic_volume_decay(&q, v->threshold, v->decay, &decay, &e);
    volume_add_row(v, "H + weight decay", "volume", status, &e, decay.log_volume, -0.5 * (decay.lift + decay.null),
                   "wd = %.3g; doubling it moves ln V by %.3g", v->decay, -0.5 * log(2) * decay.sensitivity);
    status = quadratic_volume_prior(&scaled, v->threshold, v->beta, &prior, &e);
    volume_add_row(v, "beta H + 1/sigma^2", "volume", status, &e, prior.log_volume + (double)v->N * v->log_sigma,
                   -0.5 * (prior.lift + prior.null), "beta = %.4g; doubling 1/sigma^2 moves ln V by %.3g", v->beta,
                   -0.5 * log(2) * prior.sensitivity);
}

static void add_masses(struct volume *v)
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
    volume_add_row(v, "saddle under the prior, plain", "prior mass", status, &e, saddle.log_probability, NAN,
                   "effective dimension %.4g; too high by about %.2g", saddle.dimension, saddle.stated_bias);
    status = quadratic_saddle(&q, v->threshold, &saddle, &e);
    volume_add_row(v, "saddle under the prior", "prior mass", status, &e, saddle.log_probability, NAN,
                   "effective dimension %.4g; too high by about %.2g", saddle.dimension, saddle.stated_bias);
    status = quadratic_probability(&q, v->threshold, &exact, &e);
    volume_add_row(v, "exact, of the quadratic", "prior mass", status, &e, exact.log_probability, NAN,
                   "of the quadratic sameness, exact to %.1g; a mass of the prior, zero directions included",
                   exact.error);
}

void volume_add_closed_forms(struct volume *v)
{
    add_volumes(v);
    add_masses(v);
}

/* --- copies */

/* What unit i of layer l (the l-th hidden one) takes in and gives out equals `sign` times that of unit j. */
static bool same_unit(const struct network *net, const double *theta, size_t l, size_t i, size_t j, double sign)
{
    size_t in = net->width[l], h = net->width[l + 1], out = net->width[l + 2];
    const double *w = theta + net->weight_at[l], *next = theta + net->weight_at[l + 1];
    double off = 0, size = 0;
    for (size_t k = 0; k < in; k++) {
        off = fmax(off, fabs(w[i * in + k] - sign * w[j * in + k]));
        size = fmax(size, fabs(w[i * in + k]));
    }
    for (size_t k = 0; k < out; k++) {
        off = fmax(off, fabs(next[k * h + i] - sign * next[k * h + j]));
        size = fmax(size, fabs(next[k * h + i]));
    }
    if (net->bias) {
        const double *b = theta + net->bias_at[l];
        off = fmax(off, fabs(b[i] - sign * b[j]));
        size = fmax(size, fabs(b[i]));
    }
    return off <= 1e-9 * size;
}

double volume_log_copies(const struct network *net, const double *theta)
{
    double copies = 0;
    for (size_t l = 0; l + 1 < net->n_layers; l++) {
        size_t h = net->width[l + 1];
        copies += lgamma((double)h + 1) + (net->activation->odd ? (double)h * log(2) : 0);
        for (size_t i = 0; i < h; i++) {
            size_t before = 0; /* units before i that are it: each group of k gives 1 x 2 x ... x k */
            for (size_t j = 0; j < i; j++)
                before +=
                    same_unit(net, theta, l, i, j, 1) || (net->activation->odd && same_unit(net, theta, l, i, j, -1));
            copies -= log((double)before + 1);
            if (net->activation->odd && same_unit(net, theta, l, i, i, -1))
                copies -= log(2); /* all zero: flipping its sign does nothing */
        }
    }
    return copies;
}
