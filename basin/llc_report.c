/* Learning coefficients for people and programs. */
#include "base/json.h"
#include "basin/figures/figures.h"
#include "basin/llc.h"

#include <math.h>

/* Standard errors between a measured and an exact value. */
static double standard_errors(const struct llc_point *p, const struct linear_llc_value *exact)
{
    return (p->lambda - exact->lambda) / hypot(p->error, exact->error);
}

static const char *exact_text(const struct linear_llc_value *exact, char text[40])
{
    if (exact->error > 0)
        snprintf(text, 40, "%.4f +- %.2g", exact->lambda, exact->error);
    else
        snprintf(text, 40, "%.4f", exact->lambda);
    return text;
}

static json_t *point_to_json(const struct llc *l, const struct llc_point *p, const struct linear_llc_value *exact)
{
    json_t *o = json_object();
    (void)l;
    json_object_set_new(o, "n", json_number_or_null(llc_examples(p->n_beta)));
    json_object_set_new(o, "n_beta", json_number_or_null(p->n_beta));
    json_object_set_new(o, "status", json_string(p->converged ? "converged" : "refused"));
    json_object_set_new(o, "lambda", p->converged ? json_number_or_null(p->lambda) : json_null());
    json_object_set_new(o, "error", p->converged ? json_number_or_null(p->error) : json_null());
    json_object_set_new(o, "rhat", json_number_or_null(p->rhat));
    json_object_set_new(o, "ess_bulk", json_number_or_null(p->ess_bulk));
    json_object_set_new(o, "ess_tail", json_number_or_null(p->ess_tail));
    json_object_set_new(o, "acceptance", json_number_or_null(p->acceptance));
    json_object_set_new(o, "swap_acceptance", json_number_or_null(p->swap_acceptance));
    json_object_set_new(o, "divergences", json_integer((json_int_t)p->divergences));
    json_object_set_new(o, "steps", json_number_or_null(p->steps));
    json_object_set_new(o, "exact", exact && exact->converged ? json_number_or_null(exact->lambda) : json_null());
    json_object_set_new(o, "exact_error", exact && exact->converged ? json_number_or_null(exact->error) : json_null());
    return o;
}

static json_t *curve_to_json(const struct llc *l, const struct llc_curve *c, bool exact)
{
    json_t *o = json_object(), *list = json_array();
    for (size_t k = 0; k < c->n_points; k++)
        json_array_append_new(list, point_to_json(l, &c->points[k], exact ? &l->exact[k] : NULL));
    json_object_set_new(o, "headline", point_to_json(l, &c->points[c->target], exact ? &l->exact[c->target] : NULL));
    json_object_set_new(o, "chains", json_integer((json_int_t)c->chains));
    json_object_set_new(o, "draws", json_integer((json_int_t)c->draws));
    json_object_set_new(o, "evaluations", json_integer((json_int_t)c->evaluations));
    json_object_set_new(o, "curve", list);
    return o;
}

static json_t *limit_to_json(const struct llc *l)
{
    json_t *o = json_object(), *fit = json_object();
    json_object_set_new(o, "lambda", l->linear ? json_number_or_null(l->limit) : json_null());
    json_object_set_new(o, "multiplicity",
                        l->linear && isfinite(l->limit) ? json_integer((json_int_t)l->multiplicity) : json_null());
    json_object_set_new(o, "map_rank", l->linear ? json_integer((json_int_t)l->map_rank) : json_null());
    if (l->fit.found) {
        json_object_set_new(fit, "lambda", json_number_or_null(l->fit.lambda));
        json_object_set_new(fit, "error", json_number_or_null(l->fit.error));
        json_object_set_new(fit, "multiplicity", json_integer(l->fit.multiplicity));
        json_object_set_new(fit, "weight", json_number_or_null(l->fit.weight));
        json_object_set_new(fit, "chi2", json_number_or_null(l->fit.chi2));
        json_object_set_new(fit, "points", json_integer((json_int_t)l->fit.points));
        json_object_set_new(fit, "from_n_beta", json_number_or_null(l->fit.from));
    }
    json_object_set_new(o, "fit", l->fit.found ? fit : json_null());
    if (!l->fit.found)
        json_decref(fit);
    return o;
}

static json_t *llc_to_json(const struct llc *l)
{
    json_t *o = json_object();
    json_object_set_new(o, "n", json_real(l->n));
    json_object_set_new(o, "n_beta", json_real(l->n_beta));
    json_object_set_new(o, "least_loss", json_number_or_null(l->least));
    json_object_set_new(o, "prior", l->over_prior ? curve_to_json(l, &l->prior, l->linear) : json_null());
    json_object_set_new(o, "gamma", json_real(l->gamma));
    json_object_set_new(o, "point", l->at_point ? curve_to_json(l, &l->point, false) : json_null());
    json_object_set_new(o, "sgld", l->at_point && l->sgld_step > 0 ? point_to_json(l, &l->sgld, NULL) : json_null());
    json_object_set_new(o, "limit", limit_to_json(l));
    json_object_set_new(o, "rank_g", l->has_rank ? json_integer((json_int_t)l->rank_g) : json_null());
    json_object_set_new(o, "descent", json_number_or_null(l->descent));
    json_object_set_new(o, "quadratic", json_number_or_null(l->quadratic));
    return o;
}

/* --- tables --------------------------------------------------------------------------------------------------------*/

static void add_headline(struct table *t, const char *what, const struct llc_point *p, const char *reference,
                         double value, double error, double off)
{
    char text[40];
    table_add_row(t);
    table_add_cell(t, "%s", what);
    if (p->converged) {
        table_add_cell(t, "%.4f", p->lambda);
        table_add_cell(t, "%.2g", p->error);
    } else {
        table_add_cell(t, "refused");
        table_add_cell(t, "-");
    }
    table_add_cell(t, "%.4f", p->rhat);
    table_add_cell(t, "%.0f, %.0f", p->ess_bulk, p->ess_tail);
    table_add_cell(t, "%zu", p->divergences);
    if (isnan(value))
        table_add_cell(t, "-");
    else
        table_add_cell(t, "%s", exact_text(&(struct linear_llc_value){.lambda = value, .error = error}, text));
    if (isnan(off) || !p->converged)
        table_add_cell(t, "-");
    else
        table_add_cell(t, "%+.1f", off);
    table_add_cell(t, "%s", reference);
}

static struct table *headline_table(const struct llc *l)
{
    static const char *const headings[] = {"over",
                                           "lambda^",
                                           "error",
                                           "R-hat",
                                           "effective draws (bulk, tail)",
                                           "divergences",
                                           "beside it",
                                           "off by (errors)",
                                           "what stands beside it"};
    char title[120];
    snprintf(title, sizeof title, "Learning coefficient at n = %.6g, n beta = %.6g", l->n, l->n_beta);
    struct table *t = table_new(title);
    for (size_t i = 0; i < 9; i++)
        table_add_column(t, headings[i], i == 0 || i == 8 ? TABLE_LEFT : TABLE_RIGHT);
    if (l->over_prior) {
        const struct llc_point *p = &l->prior.points[l->target];
        const struct linear_llc_value *exact = &l->exact[l->target];
        bool known = l->linear && exact->converged;
        char beside[160] = "";
        if (known)
            snprintf(beside, sizeof beside, "%s at this n: last layer integrated out (%s)",
                     exact->error > 0 ? "nearly exact" : "exact", exact->how);
        add_headline(t, "the prior", p, beside, known ? exact->lambda : NAN, known ? exact->error : NAN,
                     known ? standard_errors(p, exact) : NAN);
    }
    if (l->at_point) {
        char what[80];
        snprintf(what, sizeof what, "the point, gamma = %.3g", l->gamma);
        add_headline(t, what, &l->point.points[0],
                     isnan(l->quadratic) ? "" : "the quadratic there: equal where it is smooth and gamma small",
                     l->quadratic, NAN, NAN);
    }
    if (l->at_point && l->sgld_step > 0) {
        const struct llc_point *hmc = &l->point.points[0];
        char what[80];
        snprintf(what, sizeof what, "the point, SGLD with step %.3g", l->sgld_step);
        add_headline(t, what, &l->sgld, "the line above: without a Metropolis step it is off by the step's size",
                     hmc->converged ? hmc->lambda : NAN, hmc->error,
                     (l->sgld.lambda - hmc->lambda) / hypot(l->sgld.error, hmc->error));
    }
    return t;
}

static struct table *curve_table(const struct llc *l)
{
    static const char *const headings[] = {"n",     "n beta",          "lambda^",    "error", "exact",
                                           "R-hat", "effective draws", "acceptance", "swaps", "divergences"};
    struct table *t = table_new("The curve over the prior");
    for (size_t i = 0; i < 10; i++)
        table_add_column(t, headings[i], TABLE_RIGHT);
    for (size_t k = 0; k < l->prior.n_points; k++) {
        const struct llc_point *p = &l->prior.points[k];
        double n = llc_examples(p->n_beta);
        char exact[40];
        table_add_row(t);
        isnan(n) ? table_add_cell(t, "-") : table_add_cell(t, "%.4g", n);
        table_add_cell(t, "%.4g", p->n_beta);
        p->converged ? table_add_cell(t, "%.4f", p->lambda) : table_add_cell(t, "refused");
        p->converged ? table_add_cell(t, "%.2g", p->error) : table_add_cell(t, "-");
        table_add_cell(t, "%s", l->linear && l->exact[k].converged ? exact_text(&l->exact[k], exact) : "-");
        table_add_cell(t, "%.4f", p->rhat);
        table_add_cell(t, "%.0f", fmin(p->ess_bulk, p->ess_tail));
        table_add_cell(t, "%.2f", p->acceptance);
        isnan(p->swap_acceptance) ? table_add_cell(t, "-") : table_add_cell(t, "%.2f", p->swap_acceptance);
        table_add_cell(t, "%zu", p->divergences);
    }
    return t;
}

static struct table *limit_table(const struct llc *l)
{
    struct table *t = table_new("As n grows");
    static const char *const headings[] = {"from", "lambda", "error", "multiplicity", "note"};
    for (size_t i = 0; i < 5; i++)
        table_add_column(t, headings[i], i == 0 || i == 4 ? TABLE_LEFT : TABLE_RIGHT);
    if (l->fit.found) {
        table_add_row(t);
        table_add_cell(t, "the curve");
        table_add_cell(t, "%.3f", l->fit.lambda);
        table_add_cell(t, "%.2g", l->fit.error);
        llc_fit_is_settled(&l->fit) ? table_add_cell(t, "%d", l->fit.multiplicity) : table_add_cell(t, "not settled");
        table_add_cell(t, "%zu points from n beta = %.3g on, chi^2 %.1f; %.0f %% of the weight has multiplicity %d%s",
                       l->fit.points, l->fit.from, l->fit.chi2, 100 * l->fit.weight, l->fit.multiplicity,
                       l->fit.stable ? "" : ", but not without the lowest quarter of the points");
    }
    if (l->linear && isfinite(l->limit)) {
        table_add_row(t);
        table_add_cell(t, "closed form");
        table_add_cell(t, "%.4g", l->limit);
        table_add_cell(t, "0");
        table_add_cell(t, "%zu", l->multiplicity);
        table_add_cell(t, "Aoyagi (2024), a map of rank %zu", l->map_rank);
    }
    if (l->has_rank) {
        table_add_row(t);
        table_add_cell(t, "rank G / 2");
        table_add_cell(t, "%.4g", (double)l->rank_g / 2);
        table_add_cell(t, "-");
        table_add_cell(t, "1");
        table_add_cell(t, "at theta*, if the set of minima is smooth there; else lambda there is larger");
    }
    return t;
}

/* --- verdicts ------------------------------------------------------------------------------------------------------*/

static void judge(const struct llc_point *p, const char *what, struct findings *out)
{
    if (p->converged)
        return;
    if (llc_is_negative(p))
        findings_refuse(out,
                        "learning coefficient over %s: the mean loss of the chains is below that of the weights, so "
                        "these are not where it is least",
                        what);
    else if (!(p->rhat < 1.01))
        findings_refuse(out, "learning coefficient over %s: R-hat is %.3f, not below 1.01: the chains do not agree",
                        what, p->rhat);
    else
        findings_refuse(out,
                        "learning coefficient over %s: the draws are worth %.0f (bulk) and %.0f (tail) independent "
                        "ones, 400 are wanted",
                        what, p->ess_bulk, p->ess_tail);
}

static void add_sentences(const struct llc *l, struct findings *out)
{
    const struct llc_point *p = &l->prior.points[l->target];
    char exact[40];
    if (l->over_prior && p->converged && l->linear && l->exact[l->target].converged)
        findings_add_sentence(
            out,
            "At n = %.6g the loss under the posterior is %.4f +- %.2g in units of 1/(n beta); exactly "
            "it is %s. It is not lambda itself: that is the limit of the curve, which may be approached "
            "as slowly as 1/ln n.",
            l->n, p->lambda, p->error, exact_text(&l->exact[l->target], exact));
    if (l->over_prior && l->fit.found && !llc_fit_is_settled(&l->fit))
        findings_add_sentence(out, "The curve does not settle the multiplicity: more llc.draws or a larger "
                                   "llc.curve_to may.");
    if (!llc_is_minimum(l))
        findings_add_sentence(out,
                              "These weights are not at a minimum of the loss: it falls by %.2g or so nearby. lambda^ "
                              "is too low by about n beta times that; read it as the mean loss around these weights, "
                              "not as a learning coefficient.",
                              l->descent);
    if (l->at_point && l->has_rank)
        findings_add_sentence(out,
                              "At a point where the minima form a smooth set lambda is rank G / 2 = %.4g; a local "
                              "value above it by more than its error means that theta* is near a singular point, one "
                              "below it that gamma = %.3g holds directions that the loss does not, or the prior's "
                              "width is felt.",
                              (double)l->rank_g / 2, l->gamma);
}

void llc_refuse(struct llc *l, struct findings *out)
{
    l->over_prior = l->at_point = l->has_rank = false;
    l->quadratic = NAN;
    out->json = json_object();
    json_object_set_new(out->json, "llc", llc_to_json(l));
    if (isnan(l->descent))
        findings_refuse(out, "learning coefficient: the training did not end at a minimum, and lambda^ counts from "
                             "there: train longer (train.max_steps, train.polish)");
    else
        findings_refuse(out,
                        "learning coefficient: the weights are not at a minimum of the loss, which falls by %.2g or so "
                        "nearby, and lambda^ counts from there: train longer (train.max_steps, train.polish)",
                        l->descent);
}

void llc_report(const struct llc *l, struct findings *out)
{
    out->json = json_object();
    json_object_set_new(out->json, "llc", llc_to_json(l));
    findings_add_table(out, headline_table(l));
    findings_add_table(out, limit_table(l));
    if (l->over_prior && l->prior.n_points > 1) {
        findings_add_table(out, curve_table(l));
        findings_add_figure(out, figure_of_llc(l));
    }
    add_sentences(l, out);
    if (l->over_prior)
        judge(&l->prior.points[l->target], "the prior", out);
    if (l->at_point)
        judge(&l->point.points[0], "the point", out);
}
