#include "basin/audit.h"

#include "base/json.h"
#include "config/config.h"
#include "solver/linalg.h"
#include "solver/random.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE_MOST = 20000, CONSTANCY_DRAWS = 6 };

/* Work space of one audit. */
struct desk {
    const struct minimum *m;
    struct tape *tape;
    size_t N, k;
    double *G, *copy;   /* (k, N) */
    double *s;          /* singular values of G */
    double *H, *lambda; /* (N, N): eigenvectors as rows after the decomposition; eigenvalues */
    double *r, *D;      /* slopes of the loss in the behaviour */
};

static void desk_clear(struct desk *d)
{
    tape_free(d->tape);
    free(d->G);
    free(d->copy);
    free(d->s);
    free(d->H);
    free(d->lambda);
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
    d->copy = malloc(d->k * d->N * sizeof *d->copy);
    d->s = malloc((d->k < d->N ? d->k : d->N) * sizeof *d->s);
    d->H = malloc(d->N * d->N * sizeof *d->H);
    d->lambda = malloc(d->N * sizeof *d->lambda);
    d->r = malloc(d->k * sizeof *d->r);
    d->D = malloc(d->k * outputs * sizeof *d->D);
    if (!d->G || !d->copy || !d->s || !d->H || !d->lambda || !d->r || !d->D)
        return error_memory(e);
    return tape_new(m->problem, &d->tape, e);
}

/* --- G ----------------------------------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static enum status look_at_g(struct desk *d, struct audit *a, struct error *e)
{
    double *along = malloc(d->k * sizeof *along); /* r in the basis of G's left singular vectors */
    if (!along)
        return error_memory(e);
    tape_behaviour_jacobian(d->tape, d->G);
    tape_behaviour_slopes(d->tape, d->r, d->D);
    memcpy(d->copy, d->G, d->k * d->N * sizeof *d->G);
    memcpy(along, d->r, d->k * sizeof *along);
    enum status status = linalg_singular_values(d->k, d->N, d->copy, d->s, along, e);
    if (!status) {
        a->g = rank_from_values(d->s, smaller(d->k, d->N), d->k, d->N);
        a->residual_norm = linalg_norm(d->k, d->r);
        bool rounding = a->residual_norm <= 1e-13;
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
static enum status count_null_h_not_g(struct desk *d, struct audit *a, struct error *e)
{
    size_t count = d->N - a->h.rank, first = 0;
    if (!count)
        return STATUS_OK;
    while (first + count < d->N && fabs(d->lambda[first]) > a->h.tolerance)
        first++; /* ascending: those near 0 stand together */
    double *image = malloc(count * d->k * sizeof *image), *values = malloc(count * sizeof *values);
    enum status status = image && values ? STATUS_OK : error_memory(e);
    /* an eigenvector is only as good as the gap around 0: what G makes of it must be well above that */
    double loud = a->g.rank ? sqrt(DBL_EPSILON) * d->s[0] : 0;
    if (!status)
        linalg_multiply(LINALG_PLAIN, LINALG_TRANSPOSED, count, d->k, d->N, 1, d->H + first * d->N, d->N, d->G, d->N, 0,
                        image, d->k);
    if (!status && linalg_norm(count * d->k, image) > loud) { /* else no singular value is */
        status = linalg_singular_values(count, d->k, image, values, NULL, e);
        for (size_t i = 0; i < smaller(count, d->k) && !status; i++)
            a->null_h_not_g += values[i] > loud;
    }
    free(image);
    free(values);
    return status;
}

static enum status part_norm(struct desk *d, enum hessian_part part, double *norm, struct error *e)
{
    enum status status = tape_hessian(d->tape, part, d->H, e);
    if (!status)
        *norm = linalg_norm(d->N * d->N, d->H);
    return status;
}

static enum status look_at_h(struct desk *d, struct audit *a, struct error *e)
{
    double *size = malloc(d->N * sizeof *size);
    enum status status = size ? STATUS_OK : error_memory(e);
    if (!status)
        status = part_norm(d, HESSIAN_GAUSS_NEWTON, &a->gauss_newton_norm, e);
    if (!status)
        status = part_norm(d, HESSIAN_RESIDUAL, &a->residual_part_norm, e);
    if (!status)
        status = tape_hessian(d->tape, HESSIAN_FULL, d->H, e);
    if (!status)
        status = linalg_eigen_symmetric(d->N, d->H, true, d->lambda, e);
    for (size_t i = 0; i < d->N && !status; i++)
        size[i] = fabs(d->lambda[i]);
    if (!status) {
        qsort(size, d->N, sizeof *size, compare_descending);
        a->h = rank_from_values(size, d->N, d->N, d->N);
        a->smallest_eigenvalue = d->lambda[0];
        for (size_t i = 0; i < d->N; i++)
            a->negative_eigenvalues += d->lambda[i] < -a->h.tolerance;
        while (a->above_residual < a->h.rank && size[a->above_residual] > a->residual_part_norm)
            a->above_residual++;
        status = count_null_h_not_g(d, a, e);
    }
    free(size);
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

/* Targets of 0 or 1 under bce and ce: met at infinity only. */
static bool targets_are_hard(const struct problem *p)
{
    bool hard = false;
    for (size_t i = 0; i < problem_behaviours(p); i++)
        hard |= p->t[i] == 0 || p->t[i] == 1;
    return hard && p->loss != LOSS_MSE;
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
    a->equality = !a->g.decided || !a->h.decided || drowned ? EQUALITY_UNDECIDED
                  : a->g.rank == a->h.rank                  ? EQUALITY_HOLDS
                                                            : EQUALITY_FAILS;
    const char *doubt =
        a->equality != EQUALITY_UNDECIDED ? ""
        : drowned ? "the smallest singular values of G are so small that their squares drown in the rounding of H; "
        : !a->g.decided ? "the singular values of G have no clear gap; "
                        : "the eigenvalues of H have no clear gap; ";
    snprintf(a->reason, sizeof a->reason, "%s%s%s", doubt,
             a->negative_eigenvalues ? "this is a saddle, not a minimum; " : "", why(d->m->problem, a));
}

/* Rank of G, and whether it is decided, at theta + radius * a random direction. */
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
    tape_behaviour_jacobian(d->tape, d->copy);
    free(theta);
    enum status status = linalg_singular_values(d->k, d->N, d->copy, d->lambda, NULL, e);
    if (!status)
        *out = rank_from_values(d->lambda, smaller(d->k, d->N), d->k, d->N);
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
    for (uint64_t draw = 0; draw < CONSTANCY_DRAWS && !status; draw++) {
        struct rank there;
        if (!a->g.decided || a->generic_rank >= a->lost.ceiling)
            break;
        status = rank_nearby(d, draw, size * pow(10, -4 + (double)(draw / 2)), &there, e); /* 1e-4, 1e-3, 1e-2 */
        if (status)
            break;
        decided &= there.decided;
        if (there.rank > a->generic_rank)
            a->generic_rank = there.rank;
    }
    a->dimension_established = !status && decided && a->generic_rank == a->g.rank;
    return status;
}

enum status audit_run(const struct minimum *m, struct audit *out, struct error *e)
{
    struct desk d;
    *out = (struct audit){.parameters = m->problem->network.n_parameters, .behaviours = problem_behaviours(m->problem)};
    enum status status = desk_init(&d, m, e);
    if (!status) {
        out->loss = tape_move(d.tape, m->theta);
        tape_gradient(d.tape, d.lambda);
        out->gradient_norm = linalg_norm(d.N, d.lambda);
        if (!isfinite(out->loss))
            status = error_set(e, STATUS_FAILED, "the loss is not finite at these weights");
    }
    if (!status)
        status = look_at_g(&d, out, e);
    if (!status)
        status = look_at_h(&d, out, e);
    if (!status)
        status = lost_find(d.tape, m->problem, m->theta, d.G, out->g.rank, out->g.tolerance, &out->lost, e);
    if (!status) {
        out->dimension_bound = out->parameters - out->g.rank;
        judge(&d, out);
        status = check_constancy(&d, out, e);
    }
    desk_clear(&d);
    return status;
}

void audit_clear(struct audit *a)
{
    lost_table_clear(&a->lost);
}

/* --- as an analysis ---------------------------------------------------------------------------------------------- */

static const char *equality_name(enum equality equality)
{
    static const char *const names[] = {"holds", "fails", "undecided"};
    return names[equality];
}

static json_t *lost_to_json(const struct lost_table *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->n; i++) {
        const struct lost *l = &t->entries[i];
        json_t *o = json_object();
        json_object_set_new(o, "cause", json_string(lost_cause_name(l->cause)));
        json_object_set_new(o, "layer", l->layer ? json_integer((json_int_t)l->layer) : json_null());
        json_object_set_new(o, "unit", l->unit ? json_integer((json_int_t)l->unit) : json_null());
        json_object_set_new(o, "dimensions", json_integer((json_int_t)l->dimensions));
        json_object_set_new(o, "information_loss", json_boolean(l->information_loss));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *audit_to_json(const struct audit *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "parameters", json_integer((json_int_t)a->parameters));
    json_object_set_new(o, "behaviours", json_integer((json_int_t)a->behaviours));
    json_object_set_new(o, "loss", json_number_or_null(a->loss));
    json_object_set_new(o, "gradient_norm", json_number_or_null(a->gradient_norm));
    json_object_set_new(o, "residual_norm", json_number_or_null(a->residual_norm));
    json_object_set_new(o, "rank_g", json_integer((json_int_t)a->g.rank));
    json_object_set_new(o, "rank_h", json_integer((json_int_t)a->h.rank));
    json_object_set_new(o, "gap_g", json_number_or_null(a->g.gap));
    json_object_set_new(o, "gap_h", json_number_or_null(a->h.gap));
    json_object_set_new(o, "negative_eigenvalues", json_integer((json_int_t)a->negative_eigenvalues));
    json_object_set_new(o, "smallest_eigenvalue", json_number_or_null(a->smallest_eigenvalue));
    json_object_set_new(o, "gauss_newton_norm", json_number_or_null(a->gauss_newton_norm));
    json_object_set_new(o, "residual_part_norm", json_number_or_null(a->residual_part_norm));
    json_object_set_new(o, "rank_h_above_residual", json_integer((json_int_t)a->above_residual));
    json_object_set_new(o, "equality", json_string(equality_name(a->equality)));
    json_object_set_new(o, "reason", json_string(a->reason));
    json_object_set_new(o, "left_null_residual", json_number_or_null(a->left_null_residual));
    json_object_set_new(o, "null_h_not_g", json_integer((json_int_t)a->null_h_not_g));
    json_object_set_new(o, "manifold_dimension_bound", json_integer((json_int_t)a->dimension_bound));
    json_object_set_new(o, "manifold_dimension",
                        a->dimension_established ? json_integer((json_int_t)a->dimension_bound) : json_null());
    json_object_set_new(o, "rank_g_around", a->g.decided ? json_integer((json_int_t)a->generic_rank) : json_null());
    json_object_set_new(o, "rank_g_bound", json_integer((json_int_t)a->lost.bound));
    json_object_set_new(o, "lost", lost_to_json(&a->lost));
    return o;
}

static void add_row(struct table *t, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_row(struct table *t, const char *what, const char *format, ...)
{
    char value[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    table_add_row(t);
    table_add_cell(t, "%s", what);
    table_add_cell(t, "%s", value);
}

static struct table *summary_table(const struct audit *a)
{
    struct table *t = table_new("Audit");
    table_add_column(t, "what", TABLE_LEFT);
    table_add_column(t, "value", TABLE_RIGHT);
    add_row(t, "parameters N", "%zu", a->parameters);
    add_row(t, "behaviours k", "%zu", a->behaviours);
    add_row(t, "loss", "%.4g", a->loss);
    add_row(t, "gradient", "%.2g", a->gradient_norm);
    add_row(t, "slope of the loss in the behaviour", "%.2g", a->residual_norm);
    add_row(t, "rank G (gap)", "%zu (%.1g)", a->g.rank, a->g.gap);
    add_row(t, "rank H (gap)", "%zu (%.1g)", a->h.rank, a->h.gap);
    add_row(t, "bound on rank G from what layers discard", "%zu", a->lost.bound);
    add_row(t, "negative eigenvalues of H", "%zu", a->negative_eigenvalues);
    add_row(t, "part of H that is not from G, over the part that is", "%.2g",
            a->residual_part_norm / a->gauss_newton_norm);
    add_row(t, "null for H and not for G", "%zu", a->null_h_not_g);
    add_row(t, "dimension of the solution manifold", "%s%zu", a->dimension_established ? "" : "at most ",
            a->dimension_bound);
    return t;
}

static struct table *lost_to_table(const struct audit *a)
{
    struct table *t = table_new("Where the N - rank G dimensions come from");
    static const char *const headings[] = {"cause", "layer", "unit", "dimensions", "information loss?"};
    for (size_t i = 0; i < 5; i++)
        table_add_column(t, headings[i], i == 0 || i == 4 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < a->lost.n; i++) {
        const struct lost *l = &a->lost.entries[i];
        char layer[24] = "-", unit[24] = "-";
        if (l->layer)
            snprintf(layer, sizeof layer, "%zu", l->layer);
        if (l->unit)
            snprintf(unit, sizeof unit, "%zu", l->unit);
        table_add_row(t);
        table_add_cell(t, "%s", lost_cause_name(l->cause));
        table_add_cell(t, "%s", layer);
        table_add_cell(t, "%s", unit);
        table_add_cell(t, "%zu", l->dimensions);
        table_add_cell(t, "%s", l->information_loss ? "yes" : "no");
    }
    return t;
}

static enum status run_audit(const struct minimum *m, const struct config_node *options,
                             const struct reporter *reporter, struct findings *out, struct error *e)
{
    (void)options;
    (void)reporter;
    struct audit a;
    enum status status = audit_run(m, &a, e);
    if (!status) {
        out->json = audit_to_json(&a);
        findings_add_table(out, summary_table(&a));
        if (a.lost.n)
            findings_add_table(out, lost_to_table(&a));
        bool lucky = a.equality == EQUALITY_HOLDS && !equality_is_promised(m->problem, &a);
        findings_add_sentence(out, "rank H = rank G %s%s: %s.", equality_name(a.equality),
                              lucky ? ", but need not" : "", a.reason);
        if (a.equality != EQUALITY_HOLDS && a.above_residual == a.g.rank && a.h.rank > a.g.rank &&
            a.residual_part_norm < 1e-4 * a.gauss_newton_norm)
            findings_add_sentence(
                out,
                "The fit is good but not perfect: %zu eigenvalues of H, as many as the rank of G, are "
                "larger than its residual part (%.2g), which can account for all the others.",
                a.above_residual, a.residual_part_norm);
        if (!a.dimension_established && a.generic_rank > a.g.rank)
            findings_add_sentence(
                out,
                "Around these weights G has rank %zu: the %zu here is special, so N - rank G is only an upper "
                "bound on the dimension.",
                a.generic_rank, a.g.rank);
    }
    audit_clear(&a);
    return status;
}

const struct config_field audit_schema[] = {{0}};
const struct analysis analysis_audit = {"audit", "ranks of G and H, and what was lost where", run_audit, audit_schema,
                                        NULL};
