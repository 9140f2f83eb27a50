/* What the rungs of a ladder come to: ln Z along it, the last step, and the error of all. */
#include "basin/annealed_private.h"
#include "solver/diagnostics.h"

#include <gsl/gsl_math.h>
#include <math.h>

/* What draw i of a rung adds to weight beta <d> + curvature (beta <d> - beta^2 Var d), the rung's part in the integral,
 * but for a constant. */
static double contribution(const struct ladder *l, size_t rung, size_t i)
{
    double beta = l->out->rungs[rung].beta, off = l->draws[rung].d[i] - l->out->rungs[rung].mean;
    return (l->weight[rung] + l->curvature[rung]) * beta * off - l->curvature[rung] * beta * beta * off * off;
}

/* Standard error of the mean of l->scratch, a number for each draw of a rung. */
static double error_of_mean(const struct ladder *l, size_t rung)
{
    struct diagnostics g;
    if (diagnostics_of(l->o.chains, l->draws[rung].n, l->scratch, &g, NULL))
        return NAN;
    return isnan(g.mcse) ? INFINITY : g.mcse;
}

static double contribution_error(const struct ladder *l, size_t rung)
{
    if (l->weight[rung] == 0 && l->curvature[rung] == 0) /* the only rung: there is no ladder */
        return 0;
    for (size_t i = 0; i < annealed_size(l, rung); i++)
        l->scratch[i] = contribution(l, rung, i);
    return error_of_mean(l, rung);
}

/* --- the last step */

/* Logarithms of its weights into l->scratch; the largest, -INFINITY where no draw is inside. */
static double log_weights(const struct ladder *l, size_t rung)
{
    const struct rung_draws *draws = &l->draws[rung];
    double beta = l->out->rungs[rung].beta, top = -INFINITY;
    for (size_t i = 0; i < annealed_size(l, rung); i++) {
        l->scratch[i] = draws->d[i] <= l->region->cutoff ? beta * draws->d[i] + draws->away[i] : -INFINITY;
        top = fmax(top, l->scratch[i]);
    }
    return top;
}

struct last_step annealed_last_step(const struct ladder *l, size_t rung)
{
    size_t size = annealed_size(l, rung);
    double top = log_weights(l, rung), sum = 0, squares = 0, *w = l->scratch;
    struct last_step out = {.log_value = -INFINITY, .error = NAN};
    struct diagnostics g;
    if (!isfinite(top))
        return out;
    for (size_t i = 0; i < size; i++) {
        w[i] = exp(w[i] - top);
        sum += w[i], squares += w[i] * w[i];
    }
    out.log_value = top + log(sum / (double)size);
    if (diagnostics_of(l->o.chains, l->draws[rung].n, w, &g, NULL) || isnan(g.mcse))
        return out;
    out.error = g.mcse / g.mean;
    out.largest_share = 1 / sum; /* the largest weight is 1 */
    out.ess = sum * sum / squares * fmin(g.ess_mean / (double)size, 1);
    return out;
}

/* Of the last step and the last rung's part in the integral together: they are of the same draws. */
static double last_rung_error(const struct ladder *l, size_t rung, double log_value)
{
    log_weights(l, rung);
    for (size_t i = 0; i < annealed_size(l, rung); i++)
        l->scratch[i] = exp(l->scratch[i] - log_value) - contribution(l, rung, i);
    return error_of_mean(l, rung);
}

/* --- the integral */

/* Cubic Hermite over every `stride`-th rung, from the first to the last. */
static double integral(const struct ladder *l, size_t stride)
{
    size_t last = l->out->n_rungs - 1;
    double sum = 0;
    for (size_t a = 0; a < last;) {
        size_t b = a + stride < last ? a + stride : last;
        double h = log(l->out->rungs[b].beta / l->out->rungs[a].beta);
        sum += h / 2 * (l->integrand[a] + l->integrand[b]) + h * h / 12 * (l->slope[a] - l->slope[b]);
        a = b;
    }
    return sum;
}

/* The integral's derivatives by each rung's value and slope. */
static void weigh_rungs(struct ladder *l)
{
    for (size_t b = 1; b < l->out->n_rungs; b++) {
        double h = log(l->out->rungs[b].beta / l->out->rungs[b - 1].beta);
        l->weight[b - 1] += h / 2, l->weight[b] += h / 2;
        l->curvature[b - 1] += h * h / 12, l->curvature[b] -= h * h / 12;
    }
}

/* What the steps' size does to the integral: the difference to that over every second rung, of which a fifteenth is
 * expected where the step is small, and a fifth is taken. A single piece is h^2/60 of what it adds to the trapezoid
 * off; five times that is taken. */
static double discretisation_of(const struct ladder *l, double whole)
{
    if (l->out->n_rungs != 2)
        return fabs(whole - integral(l, 2)) / 5;
    double h = log(l->out->rungs[1].beta / l->out->rungs[0].beta);
    return gsl_pow_4(h) / 144 * fabs(l->slope[0] - l->slope[1]);
}

/* ln Z along the ladder, its statistical error, and that of the steps. */
static void integrate(struct ladder *l, double log_z_first)
{
    size_t n = l->out->n_rungs;
    double whole = integral(l, 1), variance = 0;
    weigh_rungs(l);
    for (size_t k = 0; k < n; k++)
        variance += gsl_pow_2(contribution_error(l, k));
    l->out->log_z = log_z_first - whole;
    l->out->ladder_error = sqrt(variance);
    l->out->discretisation = discretisation_of(l, whole);
    for (size_t k = 0; k < n; k++) {
        l->out->n_rungs = k + 1;
        l->out->rungs[k].log_z = log_z_first - integral(l, 1);
    }
    l->out->n_rungs = n;
}

/* --- all of it */

/* Put back, the localising Gaussian's weights have no bound: their tail is looked at. */
static void look_at_tail(struct ladder *l, size_t rung)
{
    struct estimate *e = &l->out->estimate;
    log_weights(l, rung);
    e->pareto_k = estimate_log_mean(annealed_size(l, rung), l->scratch).pareto_k;
    if (e->pareto_k > ESTIMATE_TAIL_MOST)
        estimate_refuse(e,
                        "the localising Gaussian is too narrow: put back, its weights' tail is too heavy for an "
                        "error (Pareto k = %.2f)",
                        e->pareto_k);
}

/* NaN: chains that stand still. */
static void judge(struct annealed *a, const struct last_step *last)
{
    struct estimate *e = &a->estimate;
    e->ess = INFINITY;
    for (size_t k = 0; k < a->n_rungs; k++) {
        const struct annealed_rung *r = &a->rungs[k];
        e->samples += r->draws;
        a->worst_rhat = fmax(a->worst_rhat, isnan(r->rhat) ? INFINITY : r->rhat);
        e->ess = fmin(e->ess, isnan(r->ess) ? 0 : r->ess);
    }
    if (!isfinite(last->log_value))
        estimate_refuse(e, "no draw at the last beta is inside");
    e->ess = fmin(e->ess, last->ess);
    if (a->worst_rhat > ANNEALED_RHAT_MOST)
        estimate_refuse(e, "chains have not mixed: R-hat %.3f", a->worst_rhat);
    if (!(e->ess >= ESTIMATE_LEAST_ESS))
        estimate_refuse(e, "effective sample size %.3g", e->ess);
}

void annealed_sum_up(struct ladder *l, double log_z_first, double first_error)
{
    struct annealed *a = l->out;
    struct estimate *e = &a->estimate;
    size_t end = a->n_rungs - 1;
    integrate(l, log_z_first);
    struct last_step last = annealed_last_step(l, end);
    judge(a, &last);
    e->samples *= l->o.chains;
    e->log_value = last.log_value + a->log_z + l->log_base;
    e->largest_share = last.largest_share;
    a->final_error = last.error;
    a->first_error = first_error;
    double others = gsl_pow_2(a->ladder_error) - gsl_pow_2(contribution_error(l, end));
    e->error = sqrt(gsl_pow_2(first_error) + fmax(others, 0) + gsl_pow_2(a->discretisation) +
                    gsl_pow_2(last_rung_error(l, end, last.log_value)));
    if (l->o.localise > 0)
        look_at_tail(l, end);
    if (!isfinite(e->error) || !isfinite(e->log_value))
        estimate_refuse(e, "no finite error");
}
