#include "basin/segment.h"

#include "basin/rank.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void segment_clear(struct segment *s)
{
    free(s->eigenvalues);
    free(s->across);
    free(s->across_width);
    free(s->directions);
    free(s->singular);
    free(s->prior_width);
    free(s->width);
    free(s->training);
    free(s->validation);
    *s = (struct segment){0};
}

static struct problem validation_problem(const struct minimum *m)
{
    struct problem p = *m->problem;
    p.n = m->data->n_validation;
    p.x = m->data->x_validation;
    p.t = m->data->t_validation;
    return p;
}

static const double *behaviour(struct tape *tape, const struct problem *p)
{
    return p->behaviour == BEHAVIOUR_OUTPUTS ? tape_outputs(tape) : tape_probabilities(tape);
}

/* Behaviours (k) and their Jacobian (k, N) of a problem at theta. */
static enum status look(const struct problem *p, const double *theta, double **values, double **jacobian,
                        struct error *e)
{
    size_t k = problem_behaviours(p);
    struct tape *tape;
    *values = malloc(k * sizeof **values);
    *jacobian = malloc(k * p->network.n_parameters * sizeof **jacobian);
    if (!*values || !*jacobian)
        return error_memory(e);
    enum status status = tape_new(p, &tape, e);
    if (!status) {
        tape_move(tape, theta);
        memcpy(*values, behaviour(tape, p), k * sizeof **values);
        tape_behaviour_jacobian(tape, *jacobian);
    }
    tape_free(tape);
    return status;
}

/* Null space of G into s->directions, as yet in no order. */
static enum status find_manifold(const struct minimum *m, struct segment *s, struct error *e)
{
    size_t N = s->N, k = problem_behaviours(m->problem), values = k < N ? k : N;
    double *G = NULL, *vt = malloc(N * N * sizeof *vt), *sv = malloc(values * sizeof *sv);
    enum status status = vt && sv ? look(m->problem, m->theta, &s->training, &G, e) : error_memory(e);
    if (!status)
        status = linalg_svd(k, N, G, sv, NULL, vt, e);
    if (!status) {
        s->rank = rank_from_values(sv, values, k, N).rank;
        s->dimension = N - s->rank;
        if (s->dimension == 0)
            status = error_set(e, STATUS_REFUSED, "rank G = %zu = N: the solution is a point, there is no segment", N);
    }
    if (!status) {
        s->directions = malloc(s->dimension * N * sizeof *s->directions);
        if (s->directions)
            memcpy(s->directions, vt + s->rank * N, s->dimension * N * sizeof *vt);
        else
            status = error_memory(e);
    }
    free(G);
    free(vt);
    free(sv);
    return status;
}

/* out (m, m) := D^1/2, D symmetric and not negative; scratch (m). */
static enum status square_root(size_t m, double *D, double *scratch, double *out, struct error *e)
{
    enum status status = linalg_eigen_symmetric(m, D, true, scratch, e);
    memset(out, 0, m * m * sizeof *out);
    for (size_t k = 0; k < m && !status; k++)
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < m; j++)
                out[i * m + j] += sqrt(fmax(scratch[k], 0)) * D[k * m + i] * D[k * m + j];
    return status;
}

/* J (k, N) := D^1/2 J, block by block: then H = J^T J at a perfect fit, and its eigenvalues keep the digits that
 * squaring loses. */
static enum status weigh_rows(size_t n, size_t m, size_t N, double *D, double *J, struct error *e)
{
    double *scratch = malloc((m + m * m + m * N) * sizeof *scratch);
    if (!scratch)
        return error_memory(e);
    double *root = scratch + m, *rows = root + m * m;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && !status; i++) {
        status = square_root(m, D + i * m * m, scratch, root, e);
        if (status)
            break;
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, m, N, m, 1, root, m, J + i * m * N, N, 0, rows, N);
        memcpy(J + i * m * N, rows, m * N * sizeof *rows);
    }
    free(scratch);
    return status;
}

/* Singular values and right singular vectors of D^1/2 J into s->eigenvalues (squared) and s->across. */
static enum status decompose(struct segment *s, size_t k, double *J, struct error *e)
{
    size_t N = s->N, values = k < N ? k : N;
    double *vt = malloc(N * N * sizeof *vt);
    s->eigenvalues = calloc(N, sizeof *s->eigenvalues);
    s->across = malloc((s->rank + 1) * N * sizeof *s->across);
    enum status status = vt && s->eigenvalues && s->across ? STATUS_OK : error_memory(e);
    if (!status)
        status = linalg_svd(k, N, J, s->eigenvalues, NULL, vt, e);
    size_t rank = status ? 0 : rank_from_values(s->eigenvalues, values, k, N).rank;
    if (!status && rank != s->rank)
        status = error_set(e, STATUS_REFUSED,
                           "rank H = %zu, rank G = %zu: the loss and the behaviour do not see the same "
                           "directions, there is no segment",
                           rank, s->rank);
    if (!status)
        memcpy(s->across, vt, rank * N * sizeof *vt);
    for (size_t i = 0; i < N && !status; i++)
        s->eigenvalues[i] = i < rank ? s->eigenvalues[i] * s->eigenvalues[i] : 0;
    free(vt);
    return status;
}

static enum status find_cross_section(const struct minimum *m, struct segment *s, struct error *e)
{
    struct problem p = *m->problem;
    size_t N = s->N, k = problem_behaviours(&p), outputs = k / p.n;
    struct tape *tape = NULL;
    double *r = malloc(k * sizeof *r), *D = malloc(k * outputs * sizeof *D), *J = malloc(k * N * sizeof *J);
    p.behaviour = BEHAVIOUR_OUTPUTS;
    enum status status = r && D && J ? tape_new(&p, &tape, e) : error_memory(e);
    if (!status) {
        tape_move(tape, m->theta);
        tape_behaviour_slopes(tape, r, D);
        tape_behaviour_jacobian(tape, J);
        double residual = sqrt(linalg_dot(k, r, r) * (double)p.n); /* r holds 1/n */
        if (residual > 0.01 * sqrt(2 * s->threshold))
            status =
                error_set(e, STATUS_REFUSED,
                          "not a perfect fit: the slopes of the loss by the outputs are %.2g (root mean square), so "
                          "that the null space of G is not flat for the loss",
                          residual);
    }
    if (!status)
        status = weigh_rows(p.n, outputs, N, D, J, e);
    if (!status)
        status = decompose(s, k, J, e);
    tape_free(tape);
    free(r);
    free(D);
    free(J);
    return status;
}

/* Directions turned to the right singular vectors of the validation Jacobian along the manifold. */
static enum status find_extent(const struct minimum *m, struct segment *s, struct error *e)
{
    struct problem p = validation_problem(m);
    size_t N = s->N, d = s->dimension, k = problem_behaviours(&p);
    double *J = NULL, *along = malloc(k * d * sizeof *along), *vt = malloc(d * d * sizeof *vt),
           *turned = malloc(d * N * sizeof *turned);
    s->n_validation = p.n;
    s->singular = calloc(d, sizeof *s->singular);
    enum status status =
        along && vt && turned && s->singular ? look(&p, m->theta, &s->validation, &J, e) : error_memory(e);
    if (!status) {
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, k, d, N, 1 / sqrt((double)p.n), J, N, s->directions, N, 0,
                        along, d);
        status = linalg_svd(k, d, along, s->singular, NULL, vt, e);
    }
    if (!status) {
        linalg_multiply(LINALG_PLAIN, LINALG_PLAIN, d, N, d, 1, vt, d, s->directions, N, 0, turned, N);
        memcpy(s->directions, turned, d * N * sizeof *turned);
    }
    free(J);
    free(along);
    free(vt);
    free(turned);
    return status;
}

static double prior_width(const struct minimum *m, const double *v)
{
    double square = 0;
    for (size_t i = 0; i < m->problem->network.n_parameters; i++)
        square += v[i] / m->sigma[i] * (v[i] / m->sigma[i]);
    return 1 / sqrt(square);
}

/* Where the loss lets go further than the prior reaches. */
static void cap_cross_section(const struct minimum *m, struct segment *s)
{
    s->log_volume_capped = s->volume.log_volume;
    for (size_t k = 0; k < s->rank; k++) {
        double by_loss = sqrt(2 * s->threshold / s->eigenvalues[k]), by_prior = prior_width(m, s->across + k * s->N);
        s->across_width[k] = fmin(by_loss, by_prior);
        s->across_capped += by_prior < by_loss;
        s->log_volume_capped += log(s->across_width[k] / by_loss);
    }
}

static enum status find_widths(const struct minimum *m, struct segment *s, struct error *e)
{
    size_t N = s->N, d = s->dimension;
    s->prior_width = malloc(d * sizeof *s->prior_width);
    s->width = malloc(d * sizeof *s->width);
    double *rates = malloc(d * sizeof *rates); /* tolerance over width: the prior's end is a singular value too */
    s->across_width = malloc((s->rank + 1) * sizeof *s->across_width);
    if (!s->prior_width || !s->width || !rates || !s->across_width) {
        free(rates);
        return error_memory(e);
    }
    for (size_t j = 0; j < d; j++) {
        s->prior_width[j] = prior_width(m, s->directions + j * N);
        s->width[j] = fmin(s->tolerance / s->singular[j], s->prior_width[j]);
        s->capped += s->width[j] == s->prior_width[j];
        rates[j] = s->tolerance / s->width[j];
    }
    struct quadratic q = {.n = N,
                          .eigenvalues = s->eigenvalues,
                          .tolerance = s->rank ? s->eigenvalues[s->rank - 1] / 2 : 0,
                          .variance = 1e200};
    enum status status = quadratic_segment(&q, s->threshold, d, rates, s->tolerance, &s->volume, e);
    free(rates);
    if (!status)
        cap_cross_section(m, s);
    return status;
}

enum status segment_find(const struct minimum *m, double threshold, double tolerance, struct segment *out,
                         struct error *e)
{
    *out = (struct segment){.N = m->problem->network.n_parameters, .threshold = threshold, .tolerance = tolerance};
    if (!m->data || m->data->n_validation == 0)
        return error_set(e, STATUS_BAD_INPUT,
                         "the segment ends where a validation behaviour changes: it wants data.validation");
    if (out->N > SEGMENT_MOST)
        return error_set(e, STATUS_REFUSED, "%zu parameters: the segment takes dense matrices, up to %d", out->N,
                         SEGMENT_MOST);
    enum status status = find_manifold(m, out, e);
    if (!status)
        status = find_cross_section(m, out, e);
    if (!status)
        status = find_extent(m, out, e);
    return status ? status : find_widths(m, out, e);
}

/* --- walking */

enum { STEPS_MOST = 400, CORRECTIONS = 8 };
static const double RESIDUAL_MOST = 1e-9, CUT = 1e-11;

struct segment_walker {
    const struct minimum *m;
    const struct segment *s;
    struct problem validation;
    struct tape *training_tape, *validation_tape;
    size_t k;
    double *G;                   /* (k, N) at `at` */
    double *gram;                /* (k, k) rows: eigenvectors of G G^T */
    double *inverse;             /* (k) of its eigenvalues; 0: cut off */
    double *residual;            /* (3 k) */
    double *at, *next, *tangent; /* (N) */
};

void segment_walker_free(struct segment_walker *w)
{
    if (!w)
        return;
    tape_free(w->training_tape);
    tape_free(w->validation_tape);
    free(w->G);
    free(w->gram);
    free(w->residual);
    free(w->at);
    free(w);
}

enum status segment_walker_new(const struct minimum *m, const struct segment *s, struct segment_walker **out,
                               struct error *e)
{
    size_t k = problem_behaviours(m->problem), N = s->N;
    struct segment_walker *w = calloc(1, sizeof *w);
    *out = w;
    if (!w)
        return error_memory(e);
    w->m = m;
    w->s = s;
    w->k = k;
    w->validation = validation_problem(m);
    w->G = malloc(k * N * sizeof *w->G);
    w->gram = malloc(k * k * sizeof *w->gram);
    w->residual = malloc(4 * k * sizeof *w->residual);
    w->at = malloc(3 * N * sizeof *w->at);
    if (!w->G || !w->gram || !w->residual || !w->at)
        return error_memory(e);
    w->inverse = w->residual + 3 * k;
    w->next = w->at + N;
    w->tangent = w->next + N;
    enum status status = tape_new(m->problem, &w->training_tape, e);
    return status ? status : tape_new(&w->validation, &w->validation_tape, e);
}

/* G at w->at and the pseudo-inverse of G G^T. */
static enum status factor(struct segment_walker *w, struct error *e)
{
    size_t k = w->k, N = w->s->N;
    tape_move(w->training_tape, w->at);
    tape_behaviour_jacobian(w->training_tape, w->G);
    linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, k, k, N, 1, w->G, N, w->G, N, 0, w->gram, k);
    enum status status = linalg_eigen_symmetric(k, w->gram, true, w->inverse, e);
    double most = status ? 0 : w->inverse[k - 1];
    for (size_t i = 0; i < k && !status; i++)
        w->inverse[i] = w->inverse[i] > CUT * most ? 1 / w->inverse[i] : 0;
    return status;
}

/* x (N) += scale G^+ r, G^+ = G^T (G G^T)^+, r (k). */
static void add_pseudo_inverse(struct segment_walker *w, double scale, const double *r, double *x)
{
    size_t k = w->k, N = w->s->N;
    double *a = w->residual + k, *b = w->residual + 2 * k;
    linalg_multiply_vector(LINALG_PLAIN, k, k, 1, w->gram, k, r, 0, a);
    for (size_t i = 0; i < k; i++)
        a[i] *= w->inverse[i];
    linalg_multiply_vector(LINALG_TRANSPOSED, k, k, 1, w->gram, k, a, 0, b);
    linalg_multiply_vector(LINALG_TRANSPOSED, k, N, scale, w->G, N, b, 1, x);
}

/* The tangent without what G sees of it, of length 1. False: nothing is left. */
static bool project(struct segment_walker *w)
{
    size_t N = w->s->N;
    for (int again = 0; again < 2; again++) {
        linalg_multiply_vector(LINALG_PLAIN, w->k, N, 1, w->G, N, w->tangent, 0, w->residual);
        add_pseudo_inverse(w, -1, w->residual, w->tangent);
    }
    double norm = linalg_norm(N, w->tangent);
    for (size_t i = 0; i < N && norm > 1e-8; i++)
        w->tangent[i] /= norm;
    return norm > 1e-8;
}

/* Root mean square of the training behaviour's change at theta; the change itself into w->residual. */
static double off_manifold(struct segment_walker *w, const double *theta)
{
    double sum = 0;
    tape_loss(w->training_tape, theta);
    const double *f = behaviour(w->training_tape, w->m->problem);
    for (size_t i = 0; i < w->k; i++) {
        w->residual[i] = f[i] - w->s->training[i];
        sum += w->residual[i] * w->residual[i];
    }
    return sqrt(sum / (double)w->m->problem->n);
}

/* w->next back onto the manifold. */
static bool correct(struct segment_walker *w, double *residual)
{
    for (int i = 0; i < CORRECTIONS; i++) {
        *residual = off_manifold(w, w->next);
        if (*residual < RESIDUAL_MOST)
            return true;
        if (!isfinite(*residual))
            return false;
        add_pseudo_inverse(w, -1, w->residual, w->next);
    }
    return false;
}

double segment_change(struct segment_walker *w, const struct segment *s, const double *theta)
{
    double sum = 0;
    tape_loss(w->validation_tape, theta);
    const double *f = behaviour(w->validation_tape, &w->validation);
    for (size_t i = 0; i < problem_behaviours(&w->validation); i++)
        sum += (f[i] - s->validation[i]) * (f[i] - s->validation[i]);
    return sqrt(sum / (double)s->n_validation);
}

static double distance_in_sigma(const struct segment_walker *w, const double *theta)
{
    double sum = 0;
    for (size_t i = 0; i < w->s->N; i++) {
        double off = (theta[i] - w->m->theta[i]) / w->m->sigma[i];
        sum += off * off;
    }
    return sqrt(sum);
}

/* One step of at most h from w->at, halved until it comes back onto the manifold; its length, 0 where it does not. */
static double take_step(struct segment_walker *w, double h, double *residual)
{
    size_t N = w->s->N;
    for (int i = 0; i < 12; i++) {
        h = i ? h / 2 : h;
        memcpy(w->next, w->at, N * sizeof *w->next);
        linalg_axpy(N, h, w->tangent, w->next);
        if (!correct(w, residual))
            continue;
        double length = 0;
        for (size_t j = 0; j < N; j++)
            length += (w->next[j] - w->at[j]) * (w->next[j] - w->at[j]);
        length = sqrt(length);
        if (length < 2 * h)
            return length;
    }
    return 0;
}

enum status segment_walk(struct segment_walker *w, size_t direction, int sign, struct segment_walk *out,
                         struct error *e)
{
    const struct segment *s = w->s;
    size_t N = s->N;
    double part_before = 0;
    *out = (struct segment_walk){.direction = direction, .sign = sign, .predicted = s->width[direction]};
    memcpy(w->at, w->m->theta, N * sizeof *w->at);
    for (size_t i = 0; i < N; i++)
        w->tangent[i] = sign * s->directions[direction * N + i];
    while (out->steps < STEPS_MOST) {
        double residual = 0;
        enum status status = factor(w, e);
        if (status)
            return status;
        double length = project(w) ? take_step(w, s->width[direction] / 16, &residual) : 0;
        if (length == 0)
            break;
        out->steps++;
        out->residual = fmax(out->residual, residual);
        double changed = segment_change(w, s, w->next) / s->tolerance, gone = distance_in_sigma(w, w->next);
        double part = fmax(changed, gone);
        if (part >= 1) {
            out->by_prior = gone > changed;
            out->found += length * (1 - part_before) / (part - part_before);
            return STATUS_OK;
        }
        out->found += length;
        part_before = part;
        for (size_t i = 0; i < N; i++)
            w->tangent[i] = (w->next[i] - w->at[i]) / length;
        memcpy(w->at, w->next, N * sizeof *w->at);
    }
    out->failed = true;
    return STATUS_OK;
}
