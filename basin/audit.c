#include "basin/audit.h"

#include "solver/linalg.h"
#include "solver/random.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE_MOST = 20000, DRAWS = 6 };

/* At these distances, in units of the size of theta, rank G is looked at around it. */
static const double radii[DRAWS] = {1e-4, 1e-4, 1e-3, 1e-3, 1e-2, 1e-2};

static const double AT_ROUNDING = 1e-13; /* of a residual */

/* Work space of one audit. */
struct desk {
    const struct minimum *m;
    struct reporter_part step, draw; /* of the work: the step being done, and within the last one a point's */
    struct tape *tape;
    size_t N, k;
    double *G;     /* (k, N) */
    double *s;     /* singular values of G */
    double *H;     /* (N, N) */
    double *size;  /* (N) absolute eigenvalues of H, descending; else scratch */
    double *r, *D; /* slopes of the loss in the behaviour */
};

static void desk_clear(struct desk *d)
{
    tape_free(d->tape);
    free(d->G);
    free(d->s);
    free(d->H);
    free(d->size);
    free(d->r);
    free(d->D);
}

static enum status desk_init(struct desk *d, const struct minimum *m, struct error *e)
{
    size_t outputs = m->data->n_outputs;
    *d = (struct desk){.m = m, .N = m->problem->network.n_parameters, .k = problem_behaviours(m->problem)};
    if (d->N > DENSE_MOST)
        return error_set(e, STATUS_REFUSED, "%zu parameters: an audit takes dense matrices, up to %d", d->N,
                         DENSE_MOST);
    d->G = malloc(d->k * d->N * sizeof *d->G);
    d->s = malloc((d->k < d->N ? d->k : d->N) * sizeof *d->s);
    d->H = malloc(d->N * d->N * sizeof *d->H);
    d->size = malloc(d->N * sizeof *d->size);
    d->r = malloc(d->k * sizeof *d->r);
    d->D = malloc(d->k * outputs * sizeof *d->D);
    if (!d->G || !d->s || !d->H || !d->size || !d->r || !d->D)
        return error_memory(e);
    return tape_new(m->problem, &d->tape, e);
}

/* --- G ----------------------------------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* G is left as it was found: writing it again takes no time. */
static enum status look_at_g(struct desk *d, struct audit *a, struct error *e)
{
    double *along = malloc(d->k * sizeof *along); /* r in the basis of G's left singular vectors */
    if (!along)
        return error_memory(e);
    tape_behaviour_jacobian(d->tape, d->G);
    tape_behaviour_slopes(d->tape, d->r, d->D);
    memcpy(along, d->r, d->k * sizeof *along);
    enum status status = linalg_singular_values(d->k, d->N, d->G, d->s, along, &d->step.inner, e);
    if (!status) {
        tape_behaviour_jacobian(d->tape, d->G);
        a->g = rank_from_values(d->s, smaller(d->k, d->N), d->k, d->N);
        a->residual_norm = linalg_norm(d->k, d->r);
        bool rounding = a->residual_norm <= AT_ROUNDING;
        a->left_null_residual = rounding ? NAN : linalg_norm(d->k - a->g.rank, along + a->g.rank) / a->residual_norm;
    }
    free(along);
    return status;
}

/* --- H ----------------------------------------------------------------------------------------------------------- */

static int compare_descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* How many directions that H does not see G sees: rank of G on the null space of H. */
static enum status count_null_h_not_g(struct desk *d, struct linalg_symmetric *h, struct audit *a, struct error *e)
{
    size_t count = d->N - a->h.rank;
    if (!count)
        return STATUS_OK;
    double *null = malloc(count * d->N * sizeof *null), *image = malloc(count * d->k * sizeof *image),
           *values = malloc(count * sizeof *values);
    enum status status =
        null && image && values ? linalg_symmetric_null(h, count, null, &d->step.inner, e) : error_memory(e);
    /* a null vector is only as good as the gap around 0: what G makes of it must be well above that */
    double loud = a->g.rank ? sqrt(DBL_EPSILON) * d->s[0] : 0;
    if (!status)
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, count, d->k, d->N, 1, null, d->N, d->G, d->N, 0, image, d->k);
    if (!status && linalg_norm(count * d->k, image) > loud) { /* else no singular value is */
        status = linalg_singular_values(count, d->k, image, values, NULL, NULL, e);
        for (size_t i = 0; i < smaller(count, d->k) && !status; i++)
            a->null_h_not_g += values[i] > loud;
    }
    free(null);
    free(image);
    free(values);
    return status;
}

static enum status part_norm(struct desk *d, enum hessian_part part, double *norm, struct error *e)
{
    if (reporter_stop_requested(&d->step.inner))
        return error_set(e, STATUS_INTERRUPTED, "stopped");
    enum status status = tape_hessian(d->tape, part, d->H, e);
    if (!status)
        *norm = linalg_norm(d->N * d->N, d->H);
    return status;
}

static enum status measure_parts(struct desk *d, struct audit *a, struct error *e)
{
    double whole;
    reporter_progress(&d->step.inner, 0, "the Hessian");
    enum status status = part_norm(d, HESSIAN_GAUSS_NEWTON, &a->gauss_newton_norm, e);
    if (!status)
        status = part_norm(d, HESSIAN_RESIDUAL, &a->residual_part_norm, e);
    return status ? status : part_norm(d, HESSIAN_FULL, &whole, e);
}

static enum status look_at_h(struct desk *d, struct audit *a, struct error *e)
{
    struct linalg_symmetric *h = NULL;
    enum status status = measure_parts(d, a, e);
    if (!status)
        status = linalg_symmetric_new(d->N, d->H, &d->step.inner, &h, e);
    if (!status) {
        const double *lambda = linalg_symmetric_values(h);
        for (size_t i = 0; i < d->N; i++)
            d->size[i] = fabs(lambda[i]);
        qsort(d->size, d->N, sizeof *d->size, compare_descending);
        a->h = rank_from_values(d->size, d->N, d->N, d->N);
        a->smallest_eigenvalue = lambda[0];
        for (size_t i = 0; i < d->N; i++)
            a->negative_eigenvalues += lambda[i] < -a->h.tolerance;
        while (a->above_residual < a->h.rank && d->size[a->above_residual] > a->residual_part_norm)
            a->above_residual++;
        status = count_null_h_not_g(d, h, a, e);
    }
    linalg_symmetric_free(h);
    free(d->H);
    d->H = NULL;
    return status;
}

/* --- the verdict ------------------------------------------------------------------------------------------------- */

static bool fit_is_perfect(const struct audit *a)
{
    return a->residual_part_norm <= 1e-9 * a->gauss_newton_norm;
}

static bool equality_is_promised(const struct problem *p, const struct audit *a)
{
    bool raw_logits = p->loss == LOSS_CE && p->behaviour == BEHAVIOUR_OUTPUTS;
    return fit_is_perfect(a) && !raw_logits && !(p->weight_decay > 0);
}

bool audit_misfit_is_small(const struct audit *a)
{
    return a->residual_part_norm < 1e-4 * a->gauss_newton_norm;
}

/* The Gauss-Newton part has no negative eigenvalue, and the residual part moves none further than its norm (Weyl). So a
 * misfit makes eigenvalues negative, and they are of the point, not of the minimum nearby, unless r is in the left null
 * space of G (to a thousandth): then no step to first order takes the misfit away, and they are those of a saddle. */
static bool negative_within_misfit(const struct problem *p, const struct audit *a)
{
    bool critical = a->left_null_residual > 1 - 1e-6;
    return a->negative_eigenvalues && -a->smallest_eigenvalue <= a->residual_part_norm && audit_misfit_is_small(a) &&
           !critical && !(p->weight_decay > 0);
}

/* Targets of 0 or 1 under bce and ce: met at infinity only. */
static bool targets_are_hard(const struct problem *p)
{
    bool hard = false;
    for (size_t i = 0; i < problem_behaviours(p); i++)
        hard |= p->t[i] == 0 || p->t[i] == 1;
    return hard && p->loss != LOSS_MSE;
}

static bool fit_is_degenerate(const struct problem *p, const struct audit *a)
{
    return a->residual_norm <= AT_ROUNDING && !fit_is_perfect(a) && !targets_are_hard(p) && !(p->weight_decay > 0);
}

/* Why the ranks should be equal, or need not be, for this loss and behaviour (docs/audit.md). */
static const char *why(const struct problem *p, const struct audit *a)
{
    if (p->weight_decay > 0)
        return "weight decay adds wd to every eigenvalue of H, so H has full rank whatever G has";
    if (p->loss == LOSS_CE && p->behaviour == BEHAVIOUR_OUTPUTS)
        return "softmax does not see a common shift of the logits: diag(p) - p p^T is singular, so H may have a lower "
               "rank than G of "
               "raw logits";
    if (!fit_is_perfect(a) && targets_are_hard(p))
        return "targets of 0 and 1 are met at infinity only, so the residual is not 0 anywhere (soft in data makes a "
               "finite minimum)";
    if (fit_is_degenerate(p, a))
        return "the residual is 0 to rounding, but G is so small, too, that it counts: the minimum is degenerate, and "
               "what is left of G and H is rounding";
    if (!fit_is_perfect(a))
        return "the residual is not 0, so H has a part that does not come from G (sum of r_k Hess f_k)";
    if (p->loss == LOSS_CE)
        return "at a perfect fit the slope of the loss vanishes on the tangent of the simplex and its curvature there "
               "is positive: H = "
               "G^T D G";
    if (p->loss == LOSS_BCE)
        return "at a perfect fit of soft targets dL/df = 0, and d2L/df2 = p(1-p) is positive: H = G^T D G";
    return "at a perfect fit r = 0, and D is positive: H = G^T D G/n";
}

/* Where H = G^T D G its eigenvalues are like the squares of G's singular values: those of relative size below sqrt(N
 * eps) drown in the rounding of H, whatever gap happens to be there. */
static bool squares_drown(const struct desk *d, const struct audit *a)
{
    double smallest = a->g.rank ? d->s[a->g.rank - 1] / d->s[0] : 1;
    return a->h.rank < a->g.rank && smallest * smallest < 1e3 * (double)d->N * DBL_EPSILON;
}

static void judge(const struct desk *d, struct audit *a)
{
    bool drowned = squares_drown(d, a);
    a->promised = equality_is_promised(d->m->problem, a);
    a->within_misfit = negative_within_misfit(d->m->problem, a);
    bool vague = drowned || a->within_misfit || fit_is_degenerate(d->m->problem, a);
    a->equality = !a->g.decided || !a->h.decided || vague ? EQUALITY_UNDECIDED
                  : a->g.rank == a->h.rank                ? EQUALITY_HOLDS
                                                          : EQUALITY_FAILS;
    const char *doubt =
        a->equality != EQUALITY_UNDECIDED ? ""
        : a->within_misfit ? "the negative eigenvalues lie within the residual part's norm: add `train` to polish; "
        : drowned ? "the smallest singular values of G are so small that their squares drown in the rounding of H; "
        : !a->g.decided ? "the singular values of G have no clear gap; "
        : !a->h.decided ? "the eigenvalues of H have no clear gap; "
                        : "";
    snprintf(a->reason, sizeof a->reason, "%s%s%s", doubt,
             a->negative_eigenvalues && !a->within_misfit ? "this is a saddle, not a minimum; " : "",
             why(d->m->problem, a));
}

/* Rank of G, and whether it is decided, at theta + radius * a random direction. G at theta is lost. */
static enum status rank_nearby(struct desk *d, uint64_t draw, double radius, struct rank *out, struct error *e)
{
    double *theta = malloc(d->N * sizeof *theta);
    if (!theta)
        return error_memory(e);
    struct random_stream stream = random_stream(d->m->seed, 0xC0115u + draw);
    random_normals(&stream, d->N, theta);
    for (size_t i = 0; i < d->N; i++)
        theta[i] = d->m->theta[i] + radius * theta[i];
    tape_move(d->tape, theta);
    tape_behaviour_jacobian(d->tape, d->G);
    free(theta);
    enum status status = linalg_singular_values(d->k, d->N, d->G, d->s, NULL, &d->draw.inner, e);
    if (!status)
        *out = rank_from_values(d->s, smaller(d->k, d->N), d->k, d->N);
    return status;
}

/* Rank of G at points around theta: if it nowhere exceeds that at theta it is constant there (rank cannot fall nearby),
 * and the solution set is a manifold of dimension N - rank G. No points are needed where no theta has a higher rank,
 * and none would help where the rank at theta is undecided. */
static enum status check_constancy(struct desk *d, struct audit *a, struct error *e)
{
    enum status status = STATUS_OK;
    double size = 1 + linalg_norm(d->N, d->m->theta) / sqrt((double)d->N);
    bool decided = a->g.decided;
    a->generic_rank = a->g.rank;
    for (uint64_t draw = 0; draw < DRAWS && !status; draw++) {
        struct rank there;
        if (!a->g.decided || a->generic_rank >= a->lost.ceiling)
            break;
        reporter_part_init(&d->draw, &d->step.inner, (double)draw / DRAWS, (double)(draw + 1) / DRAWS);
        status = rank_nearby(d, draw, size * radii[draw], &there, e);
        if (status)
            break;
        decided &= there.decided;
        if (there.rank > a->generic_rank)
            a->generic_rank = there.rank;
    }
    a->dimension_established = !status && decided && a->generic_rank == a->g.rank;
    return status;
}

static enum status look_at_lost(struct desk *d, struct audit *a, struct error *e)
{
    return lost_find(d->tape, d->m->problem, d->m->theta, d->G, a->g.rank, a->g.tolerance, &d->step.inner, &a->lost, e);
}

static enum status conclude(struct desk *d, struct audit *a, struct error *e)
{
    a->dimension_bound = a->parameters - a->g.rank;
    judge(d, a);
    return check_constancy(d, a, e);
}

/* Each step with its share of the progress, from how many multiplications it takes when all are needed. */
static enum status all_steps(struct desk *d, const struct reporter *reporter, struct audit *a, struct error *e)
{
    double N = (double)d->N, k = (double)d->k, n = (double)d->m->problem->n, least = fmin(N, k),
           values = fmax(N, k) * least * least + least * least * least;
    const struct {
        enum status (*step)(struct desk *, struct audit *, struct error *);
        double cost;
    } steps[] = {{look_at_g, values},
                 {look_at_h, N * N * N + 1.5 * n * N * N},
                 {look_at_lost, k * N},
                 {conclude, DRAWS * values}};
    enum { STEPS = sizeof steps / sizeof steps[0] };
    double all = 0, done = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < STEPS; i++)
        all += steps[i].cost;
    for (size_t i = 0; i < STEPS && !status; i++) {
        reporter_part_init(&d->step, reporter, done / all, (done + steps[i].cost) / all);
        status = steps[i].step(d, a, e);
        done += steps[i].cost;
    }
    return status;
}

enum status audit_run(const struct minimum *m, const struct reporter *reporter, struct audit *out, struct error *e)
{
    struct desk d;
    *out = (struct audit){.parameters = m->problem->network.n_parameters, .behaviours = problem_behaviours(m->problem)};
    enum status status = desk_init(&d, m, e);
    if (!status) {
        out->loss = tape_move(d.tape, m->theta);
        tape_gradient(d.tape, d.size);
        out->gradient_norm = linalg_norm(d.N, d.size);
        if (!isfinite(out->loss))
            status = error_set(e, STATUS_FAILED, "the loss is not finite at these weights");
    }
    if (!status)
        status = all_steps(&d, reporter, out, e);
    desk_clear(&d);
    return status;
}

void audit_clear(struct audit *a)
{
    lost_table_clear(&a->lost);
}
