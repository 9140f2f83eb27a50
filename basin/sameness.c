#include "basin/sameness_private.h"

#include "basin/tape.h"
#include "solver/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DIFFERENCE_STEP = 1e-5, DIFFERENCE_ERROR = 1e-7;

const struct sameness_measure *sameness_find(const char *name)
{
    for (const struct sameness_measure *const *m = sameness_measures; *m; m++)
        if (strcmp((*m)->name, name) == 0)
            return *m;
    return NULL;
}

const char *sameness_name(const struct sameness_measure *m)
{
    return m->name;
}

const char *sameness_summary(const struct sameness_measure *m)
{
    return m->summary;
}

void sameness_free(struct sameness *s)
{
    if (!s)
        return;
    for (size_t l = 0; l <= NETWORK_MAX_LAYERS; l++)
        free(s->reference_activation[l]);
    free(s->theta);
    free(s->first);
    free(s->targets);
    free(s);
}

/* What the network does at theta*, layer by layer. */
static enum status look_at_reference(struct sameness *s, struct error *e)
{
    const struct network *net = &s->problem.network;
    size_t n = s->problem.n;
    struct tape *tape;
    enum status status = tape_new(&s->problem, &tape, e);
    if (status)
        return status;
    tape_loss(tape, s->theta);
    for (size_t l = 1; l <= net->n_layers && !status; l++) {
        s->reference_activation[l] = malloc(n * net->width[l] * sizeof(double));
        if (s->reference_activation[l])
            memcpy(s->reference_activation[l], tape_activations(tape, l), n * net->width[l] * sizeof(double));
        else
            status = error_memory(e);
    }
    tape_free(tape);
    s->first = status ? NULL : malloc(n * net->width[1] * sizeof *s->first);
    if (!status && !s->first)
        return error_memory(e);
    for (size_t i = 0; i < n && !status; i++)
        for (size_t o = 0; o < net->width[1]; o++)
            s->first[i * net->width[1] + o] = net->bias ? s->theta[net->bias_at[0] + o] : 0;
    if (!status)
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, n, net->width[1], net->width[0], 1, s->problem.x,
                        net->width[0], s->theta + net->weight_at[0], net->width[0], 1, s->first, net->width[1]);
    return status;
}

enum status sameness_new(const struct sameness_measure *m, const struct problem *p, const struct dataset *data,
                         const double *theta, struct sameness **out, struct error *e)
{
    struct sameness *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return error_memory(e);
    s->measure = m;
    s->problem = *p;
    s->problem.weight_decay = 0;
    if (m->validation && (!data || data->n_validation == 0))
        return error_set(e, STATUS_BAD_INPUT, "sameness by %s wants validation examples (data.validation)", m->name);
    if (m->hidden && p->network.n_layers < 2)
        return error_set(e, STATUS_BAD_INPUT, "sameness by %s wants a hidden layer", m->name);
    if (m->validation) {
        s->problem.n = data->n_validation;
        s->problem.x = data->x_validation;
        s->problem.t = data->t_validation;
    }
    s->theta = malloc(p->network.n_parameters * sizeof *s->theta);
    if (!s->theta)
        return error_memory(e);
    memcpy(s->theta, theta, p->network.n_parameters * sizeof *theta);
    enum status status = look_at_reference(s, e);
    return status ? status : m->prepare(s, e);
}

/* --- workers */

static void worker_free(void *worker)
{
    struct sameness_worker *w = worker;
    if (!w)
        return;
    for (size_t l = 0; l <= NETWORK_MAX_LAYERS; l++)
        free(w->slopes[l]);
    free(w->weights);
    free(w->layer[0]);
    free(w->layer[1]);
    free(w->exponentials);
    free(w->gram[0]);
    free(w->moved);
    tape_free(w->tape);
    free(w);
}

static enum status worker_new(const struct region *r, void **worker, struct error *e)
{
    const struct sameness *s = r->context;
    const struct network *net = &s->problem.network;
    struct sameness_worker *w = calloc(1, sizeof *w);
    size_t widest = 1, last_hidden = net->width[net->n_layers - 1];
    *worker = w;
    if (!w)
        return error_memory(e);
    for (size_t l = 1; l <= net->n_layers; l++)
        widest = net->width[l] > widest ? net->width[l] : widest;
    w->s = s;
    w->weights = malloc(net->n_parameters * sizeof *w->weights);
    for (size_t k = 0; k < 2; k++)
        w->layer[k] = malloc(SAMENESS_BLOCK * widest * sizeof(double));
    w->exponentials = malloc(SAMENESS_BLOCK * net->width[net->n_layers] * sizeof(double));
    bool good = w->weights && w->layer[0] && w->layer[1] && w->exponentials;
    if (s->measure->hidden && !s->measure->is_excess_loss) {
        w->gram[0] = calloc(2 * last_hidden * last_hidden, sizeof(double));
        good = good && w->gram[0];
        w->gram[1] = good ? w->gram[0] + last_hidden * last_hidden : NULL;
    }
    if (good)
        return STATUS_OK;
    worker_free(w);
    *worker = NULL;
    return error_memory(e);
}

static double value(void *worker, const double *theta)
{
    struct sameness_worker *w = worker;
    memcpy(w->weights, theta, w->s->problem.network.n_parameters * sizeof *theta);
    return sameness_pass(w, SIZE_MAX, 0);
}

static bool make_tape(struct sameness_worker *w)
{
    const struct problem *p = &w->s->problem;
    if (tape_new(p, &w->tape, NULL))
        return false;
    for (size_t l = 1; l < p->network.n_layers && !w->s->measure->is_excess_loss; l++) {
        w->slopes[l] = malloc(p->n * p->network.width[l] * sizeof(double));
        if (!w->slopes[l])
            return false;
    }
    return true;
}

/* NaN where there is no memory: outside, for whoever asks. */
static double gradient(void *worker, const double *theta, double *g)
{
    struct sameness_worker *w = worker;
    const struct sameness_measure *m = w->s->measure;
    if (!w->tape && !make_tape(w))
        return NAN;
    if (m->is_excess_loss)
        return tape_slope(w->tape, theta, g) - w->s->offset;
    double d = value(w, theta);
    tape_move(w->tape, theta);
    m->slopes(w);
    tape_backward_from(w->tape, w->slopes);
    tape_gradient(w->tape, g);
    return d;
}

struct region sameness_region(const struct sameness *s, double cutoff)
{
    return (struct region){.n = s->problem.network.n_parameters,
                           .centre = s->theta,
                           .cutoff = cutoff,
                           .context = s,
                           .worker_new = worker_new,
                           .worker_free = worker_free,
                           .value = value,
                           .gradient = gradient,
                           .rays_begin = sameness_rays_begin,
                           .rays_values = sameness_rays_values};
}

/* --- the Hessian */

static enum status hessian_by_differences(const struct sameness *s, double *H, struct error *e)
{
    struct region r = sameness_region(s, 1);
    size_t N = r.n;
    void *worker = NULL;
    double *theta = malloc(2 * N * sizeof *theta);
    if (!theta)
        return error_memory(e);
    double *below = theta + N;
    enum status status = region_worker_new(&r, &worker, e);
    for (size_t i = 0; i < N && !status; i++) {
        double step = DIFFERENCE_STEP * fmax(1, fabs(s->theta[i])), *above = H + i * N;
        memcpy(theta, s->theta, N * sizeof *theta);
        theta[i] = s->theta[i] + step;
        if (isnan(r.gradient(worker, theta, above)))
            status = error_memory(e);
        theta[i] = s->theta[i] - step;
        r.gradient(worker, theta, below);
        for (size_t j = 0; j < N; j++)
            above[j] = (above[j] - below[j]) / (2 * step);
    }
    for (size_t i = 0; i < N && !status; i++)
        for (size_t j = 0; j < i; j++)
            H[i * N + j] = H[j * N + i] = (H[i * N + j] + H[j * N + i]) / 2;
    region_worker_free(&r, worker);
    free(theta);
    return status;
}

enum status sameness_hessian(const struct sameness *s, double *H, double *error, struct error *e)
{
    struct tape *tape = NULL;
    *error = s->measure->is_excess_loss ? 0 : DIFFERENCE_ERROR;
    if (!s->measure->is_excess_loss)
        return hessian_by_differences(s, H, e);
    enum status status = tape_new(&s->problem, &tape, e);
    if (!status) {
        tape_move(tape, s->theta);
        status = tape_hessian(tape, s->measure->curvature_whole ? HESSIAN_FULL : HESSIAN_GAUSS_NEWTON, H, e);
    }
    tape_free(tape);
    return status;
}
