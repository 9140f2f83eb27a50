#include "basin/quadratic.h"

#include "basin/inversion.h"

#include <math.h>
#include <stdlib.h>

/* Neumaier's sum: of a million equal terms a plain one is off by 1e-10. Value: total + rest. */
struct sum {
    double total, rest;
};

static void sum_add(struct sum *s, double x)
{
    double total = s->total + x;
    s->rest += fabs(s->total) >= fabs(x) ? (s->total - total) + x : (x - total) + s->total;
    s->total = total;
}

static double sum_value(const struct sum *s)
{
    return s->total + s->rest;
}

/* --- what every function needs -------------------------------------------------------------------------------------*/

static bool is_zero(const struct quadratic *q, size_t i)
{
    return fabs(q->eigenvalues[i]) <= q->tolerance;
}

static double lowest_eigenvalue(const struct quadratic *q)
{
    double lowest = INFINITY;
    for (size_t i = 0; i < q->n; i++)
        lowest = fmin(lowest, q->eigenvalues[i]);
    return lowest;
}

struct quadratic_count quadratic_count(const struct quadratic *q)
{
    struct quadratic_count count = {0};
    for (size_t i = 0; i < q->n; i++)
        *(is_zero(q, i) ? &count.zero : q->eigenvalues[i] > 0 ? &count.positive : &count.negative) += 1;
    return count;
}

static enum status check_positive(double value, const char *what, struct error *e)
{
    return value > 0 && isfinite(value)
               ? STATUS_OK
               : error_set(e, STATUS_BAD_INPUT, "the %s is %g, and must be positive and finite", what, value);
}

static enum status check_spectrum(const struct quadratic *q, double threshold, struct error *e)
{
    for (size_t i = 0; i < q->n; i++)
        if (!isfinite(q->eigenvalues[i]))
            return error_set(e, STATUS_BAD_INPUT, "eigenvalue %zu is not finite", i + 1);
    if (!(q->tolerance >= 0))
        return error_set(e, STATUS_BAD_INPUT, "the tolerance for zero eigenvalues is %g", q->tolerance);
    return check_positive(threshold, "loss threshold", e);
}

static enum status check_prior(const struct quadratic *q, double threshold, struct error *e)
{
    enum status status = check_spectrum(q, threshold, e);
    for (size_t i = 0; q->displacement && i < q->n && status == STATUS_OK; i++)
        if (!isfinite(q->displacement[i]))
            status = error_set(e, STATUS_BAD_INPUT, "displacement %zu is not finite", i + 1);
    return status == STATUS_OK ? check_positive(q->variance, "variance of the prior", e) : status;
}

static enum status refuse_saddle(const struct quadratic *q, struct error *e)
{
    size_t negative = quadratic_count(q).negative;
    return negative == 0 ? STATUS_OK
                         : error_set(e, STATUS_REFUSED,
                                     "%zu negative eigenvalue%s (lowest %.3g): a saddle has no basin, and no volume",
                                     negative, negative == 1 ? "" : "s", lowest_eigenvalue(q));
}

/* --- without a prior -----------------------------------------------------------------------------------------------*/

static double log_ball(size_t n)
{
    int sign;
    return (double)n / 2 * log(M_PI) - lgamma_r((double)n / 2 + 1, &sign);
}

/* ln volume of {1/2 sum lambda x^2 <= T} in n dimensions with the given ln det. */
static double log_ellipsoid(size_t n, double threshold, double log_det)
{
    return log_ball(n) + (double)n / 2 * log(2 * threshold) - log_det / 2;
}

/* ln det over the positive eigenvalues. */
static double log_det_positive(const struct quadratic *q)
{
    struct sum sum = {0};
    for (size_t i = 0; i < q->n; i++)
        if (!is_zero(q, i))
            sum_add(&sum, log(q->eigenvalues[i]));
    return sum_value(&sum);
}

enum status quadratic_volume_thrown_out(const struct quadratic *q, double threshold, double *log_volume, size_t *rank,
                                        struct error *e)
{
    enum status status = check_spectrum(q, threshold, e);
    if (status == STATUS_OK)
        status = refuse_saddle(q, e);
    if (status != STATUS_OK)
        return status;
    *rank = quadratic_count(q).positive;
    *log_volume = log_ellipsoid(*rank, threshold, log_det_positive(q));
    return STATUS_OK;
}

enum status quadratic_volume(const struct quadratic *q, double threshold, double *log_volume, struct error *e)
{
    size_t rank;
    enum status status = quadratic_volume_thrown_out(q, threshold, log_volume, &rank, e);
    if (status == STATUS_OK && rank < q->n)
        *log_volume = INFINITY;
    return status;
}

/* The spectrum times `scale`, plus `added`, at the threshold of the scaled loss. */
static enum status regularise(const struct quadratic *q, double threshold, double scale, double added,
                              struct quadratic_regularised *out, struct error *e)
{
    struct sum own = {0}, lift = {0}, sensitivity = {0};
    *out = (struct quadratic_regularised){0};
    for (size_t i = 0; i < q->n; i++) {
        double lambda = is_zero(q, i) ? 0 : scale * q->eigenvalues[i];
        if (!(lambda + added > 0))
            return error_set(
                e, STATUS_REFUSED,
                "the lowest eigenvalue, %.3g%s, stays negative with the added %.3g: a saddle has no volume",
                lowest_eigenvalue(q) * scale, scale == 1 ? "" : " (times beta)", added);
        if (lambda > 0 || lambda < 0) {
            sum_add(&own, log(fabs(lambda)));
            sum_add(&lift, lambda > 0 ? log1p(added / lambda) : log((lambda + added) / -lambda));
        }
        sum_add(&sensitivity, added / (lambda + added));
        out->dominated += added > fabs(lambda);
    }
    out->own = sum_value(&own);
    out->lift = sum_value(&lift);
    out->null = (double)quadratic_count(q).zero * log(added);
    out->sensitivity = sum_value(&sensitivity);
    out->log_det = out->own + out->lift + out->null;
    out->log_volume = log_ellipsoid(q->n, threshold, out->log_det);
    return STATUS_OK;
}

enum status quadratic_volume_decay(const struct quadratic *q, double threshold, double decay,
                                   struct quadratic_regularised *out, struct error *e)
{
    enum status status = check_spectrum(q, threshold, e);
    if (status == STATUS_OK)
        status = check_positive(decay, "weight decay", e);
    return status == STATUS_OK ? regularise(q, threshold, 1, decay, out, e) : status;
}

enum status quadratic_volume_prior(const struct quadratic *q, double threshold, double beta,
                                   struct quadratic_regularised *out, struct error *e)
{
    enum status status = check_prior(q, threshold, e);
    if (status == STATUS_OK)
        status = check_positive(beta, "factor beta of the loss", e);
    return status == STATUS_OK ? regularise(q, beta * threshold, beta, 1 / q->variance, out, e) : status;
}

enum status quadratic_segment(const struct quadratic *q, double threshold, size_t d, const double *singular,
                              double behaviour_tolerance, struct quadratic_segment *out, struct error *e)
{
    *out = (struct quadratic_segment){.dimension = d};
    enum status status = quadratic_volume_thrown_out(q, threshold, &out->log_cross_section, &out->rank, e);
    if (status == STATUS_OK)
        status = check_positive(behaviour_tolerance, "tolerance of the behaviour", e);
    if (status == STATUS_OK)
        status = check_positive(q->variance, "variance of the prior", e);
    if (status != STATUS_OK)
        return status;
    if (d != q->n - out->rank)
        return error_set(e, STATUS_REFUSED,
                         "%zu widths along the manifold for %zu null directions of the Hessian: the segment needs the "
                         "null spaces of the behaviour and of the Hessian to be one",
                         d, q->n - out->rank);
    double sigma = sqrt(q->variance);
    out->log_extent = log_ball(d);
    for (size_t j = 0; j < d; j++) {
        if (!(singular[j] >= 0))
            return error_set(e, STATUS_BAD_INPUT, "singular value %zu is %g", j + 1, singular[j]);
        bool capped = singular[j] * sigma <= behaviour_tolerance;
        out->capped += capped;
        out->log_extent += log(capped ? sigma : behaviour_tolerance / singular[j]);
    }
    out->log_volume = out->log_cross_section + out->log_extent;
    return STATUS_OK;
}

/* --- the transform -------------------------------------------------------------------------------------------------*/

/* One direction at z = zeta/T: u = a/(1 + zeta a), p = zeta u, v = 1/(1 + zeta a), m = mu^2/sigma^2, a = sigma^2
 * lambda/T. */
struct direction {
    double a, p, v, m;
};

static struct direction direction_at(const struct quadratic *q, size_t i, double threshold, double zeta)
{
    struct direction d = {.a = q->variance / threshold * q->eigenvalues[i]};
    d.v = 1 / (1 + zeta * d.a);
    d.p = zeta / (1 / d.a + zeta);
    d.m = q->displacement ? q->displacement[i] * q->displacement[i] / q->variance : 0;
    return d;
}

enum status quadratic_cumulant(const struct quadratic *q, double beta, double values[QUADRATIC_DERIVATIVES],
                               struct error *e)
{
    enum status status = check_prior(q, 1, e);
    if (status != STATUS_OK)
        return status;
    if (!(beta >= 0 && isfinite(beta)))
        return error_set(e, STATUS_BAD_INPUT, "beta is %g, and must be at least 0 and finite", beta);
    struct sum sums[QUADRATIC_DERIVATIVES] = {0};
    for (size_t i = 0; i < q->n; i++) {
        if (is_zero(q, i))
            continue;
        struct direction d = direction_at(q, i, 1, beta);
        if (!(1 + beta * d.a > 0))
            return error_set(e, STATUS_REFUSED, "with the eigenvalue %.3g the mean of exp(-beta loss) is infinite",
                             q->eigenvalues[i]);
        double u = d.a * d.v, mv = d.m * d.v;
        sum_add(&sums[0], -(log1p(beta * d.a) + d.m * d.p) / 2);
        sum_add(&sums[1], -u * (1 + mv) / 2);
        sum_add(&sums[2], u * u * (1 + 2 * mv) / 2);
        sum_add(&sums[3], -u * u * u * (1 + 3 * mv));
        sum_add(&sums[4], 3 * u * u * u * u * (1 + 4 * mv));
    }
    for (int j = 0; j < QUADRATIC_DERIVATIVES; j++)
        values[j] = sum_value(&sums[j]);
    return STATUS_OK;
}

double quadratic_mean_loss(const struct quadratic *q)
{
    struct sum sum = {0};
    for (size_t i = 0; i < q->n; i++)
        if (!is_zero(q, i)) {
            double mu = q->displacement ? q->displacement[i] : 0;
            sum_add(&sum, q->eigenvalues[i] * (q->variance + mu * mu) / 2);
        }
    return sum_value(&sum);
}

/* --- saddle points -------------------------------------------------------------------------------------------------*/

/* At zeta = beta T: K, and B_j = |beta^j K^(j)|/(j-1)!, B_1 with the sign of -beta K'. */
struct moments {
    double zeta, k, b1, b2, b3, b4;
};

static struct moments moments_at(const struct quadratic *q, double threshold, double zeta)
{
    struct sum k = {0}, b1 = {0}, b2 = {0}, b3 = {0}, b4 = {0};
    for (size_t i = 0; i < q->n; i++) {
        if (is_zero(q, i))
            continue;
        struct direction d = direction_at(q, i, threshold, zeta);
        double mv = d.m * d.v, p2 = d.p * d.p;
        sum_add(&k, -(log1p(zeta * d.a) + d.m * d.p) / 2);
        sum_add(&b1, d.p * (1 + mv) / 2);
        sum_add(&b2, p2 * (1 + 2 * mv) / 2);
        sum_add(&b3, p2 * d.p * (1 + 3 * mv) / 2);
        sum_add(&b4, p2 * p2 * (1 + 4 * mv) / 2);
    }
    return (struct moments){zeta, sum_value(&k), sum_value(&b1), sum_value(&b2), sum_value(&b3), sum_value(&b4)};
}

/* The stationary point of zeta + K - poles ln |zeta| in (low, high), on one side of 0, where it is convex and infinite
 * at both ends: Newton, and where that leaves the bracket a step towards the end it left. */
static struct moments find_stationary(const struct quadratic *q, double threshold, double poles, double low,
                                      double high)
{
    double zeta = low < 0 ? low / 2 : fmin(1, high / 2);
    struct moments s;
    for (int steps = 0; steps < 500; steps++) {
        s = moments_at(q, threshold, zeta);
        double slope = (zeta - poles - s.b1) / zeta, next = zeta * (1 - slope * zeta / (poles + s.b2));
        *(slope < 0 ? &low : &high) = zeta;
        if (!(next > low && next < high))
            next = !isfinite(high) ? 4 * zeta : low == 0 ? zeta / 4 : (low + high) / 2;
        if (!(slope < 0 || slope > 0) || fabs(next - zeta) <= 1e-12 * fabs(zeta))
            break;
        zeta = next;
    }
    return s;
}

/* (low, high) of zeta where M is finite: eigenvalues of the other sign bound it. */
static double zeta_limit(const struct quadratic *q, double threshold, double sign)
{
    double extreme = 0;
    for (size_t i = 0; i < q->n; i++)
        if (!is_zero(q, i))
            extreme = fmax(extreme, sign * q->variance / threshold * q->eigenvalues[i]);
    return extreme > 0 ? 1 / extreme : INFINITY;
}

static bool is_displaced(const struct quadratic *q)
{
    for (size_t i = 0; q->displacement && i < q->n; i++)
        if (!is_zero(q, i) && fabs(q->displacement[i]) > 0)
            return true;
    return false;
}

/* What both saddles share; `poles` 0 or 1, s the moments where they stand. */
static void fill_saddle(const struct quadratic *q, double threshold, double poles, const struct moments *s,
                        struct quadratic_saddle *out)
{
    double s2 = s->b2 + poles, s3 = s->b3 + poles, s4 = s->b4 + poles;
    bool displaced = is_displaced(q), bounded = quadratic_count(q).negative == 0;
    double unit = 1 / (12 * s2);
    out->log_probability = s->zeta + s->k - log(2 * M_PI * s2) / 2;
    out->beta = s->zeta / threshold;
    out->dimension = 2 * s->b2;
    out->stated_bias = unit;
    out->next_term = .75 * s4 / (s2 * s2) - 5. / 6 * s3 * s3 / (s2 * s2 * s2);
    if (poles > 0) {
        out->too_high = (displaced ? 4.5 : 1) * unit;
        out->too_low = (displaced ? 3.6 : 2.025) * unit;
    } else {
        out->next_term += (s3 / s2 - 1) / s2;
        out->too_high = 12 * unit;
        out->too_low = (displaced ? 2.4 : -1) * unit;
    }
    if (!bounded)
        out->too_high = out->too_low = INFINITY;
}

enum status quadratic_saddle_plain(const struct quadratic *q, double threshold, struct quadratic_saddle *out,
                                   struct error *e)
{
    enum status status = check_prior(q, threshold, e);
    if (status != STATUS_OK)
        return status;
    double mean = quadratic_mean_loss(q);
    if (!(threshold < mean))
        return error_set(
            e, STATUS_REFUSED,
            "the threshold %.6g is not below the mean loss under the prior, %.6g: the plain saddle does not "
            "exist",
            threshold, mean);
    struct moments s = find_stationary(q, threshold, 0, 0, zeta_limit(q, threshold, -1));
    fill_saddle(q, threshold, 0, &s, out);
    return STATUS_OK;
}

enum status quadratic_saddle(const struct quadratic *q, double threshold, struct quadratic_saddle *out, struct error *e)
{
    enum status status = check_prior(q, threshold, e);
    if (status != STATUS_OK)
        return status;
    struct moments s = find_stationary(q, threshold, 1, 0, zeta_limit(q, threshold, -1));
    fill_saddle(q, threshold, 1, &s, out);
    return STATUS_OK;
}

/* --- exact ---------------------------------------------------------------------------------------------------------*/

/* ln P with the saddle in (0, high), or ln(1 - P) with that in (low, 0). */
static enum status invert(const struct quadratic *q, double threshold, double low, double high, double *logarithm,
                          struct quadratic_probability *out, struct error *e)
{
    struct moments s = find_stationary(q, threshold, 1, low, high);
    struct inversion inversion;
    enum status status;
    size_t n = 0;
    double *p = malloc((q->n + 1) * sizeof *p), *c = malloc((q->n + 1) * sizeof *c);
    if (!p || !c) {
        status = error_memory(e);
        goto out;
    }
    for (size_t i = 0; i < q->n; i++) {
        struct direction d = direction_at(q, i, threshold, s.zeta);
        if (is_zero(q, i) || !(fabs(d.p) > 0))
            continue;
        p[n] = d.p;
        c[n++] = d.m * d.v;
    }
    status = inversion_integrate(n, p, c, s.zeta - 1 - s.b1, &inversion, e);
    if (status != STATUS_OK)
        goto out;
    *logarithm = s.zeta + s.k + log(inversion.integral);
    out->error = inversion.error;
    out->evaluations = inversion.evaluations;
out:
    free(p);
    free(c);
    return status;
}

enum status quadratic_probability(const struct quadratic *q, double threshold, struct quadratic_probability *out,
                                  struct error *e)
{
    enum status status = check_prior(q, threshold, e);
    if (status != STATUS_OK)
        return status;
    *out = (struct quadratic_probability){.log_complement = -INFINITY};
    double low = -zeta_limit(q, threshold, 1), high = zeta_limit(q, threshold, -1);
    if (!isfinite(low)) /* no positive eigenvalue: the whole space is in */
        return STATUS_OK;
    if (threshold > quadratic_mean_loss(q)) {
        status = invert(q, threshold, low, 0, &out->log_complement, out, e);
        out->log_probability = log1p(-exp(out->log_complement));
    } else {
        status = invert(q, threshold, 0, high, &out->log_probability, out, e);
        out->log_complement = log1p(-exp(out->log_probability));
    }
    return status;
}
