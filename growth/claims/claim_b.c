/* Claim (b): output says next to nothing about when the next phase starts. */
#include "growth/claims/members.h"
#include "growth/claims/tracks.h"
#include "growth/forecast/forecast.h"
#include "growth/identify/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double NEXT_TO_NOTHING = 0.5; /* bits on a date after the data's end */

/* Machines over people in research today, as scenarios/forecast.yaml puts it from what is known about computers: shares
 * at 5, 50 and 95 %. */
static enum status read_shares(double share[3], const struct reporter *reporter, struct error *e)
{
    static const double levels[3] = {0.05, 0.5, 0.95};
    char path[4200];
    struct scenario scenario = {0};
    struct forecast_setup setup = {0};
    enum status status = track_scenario_path("forecast.yaml", path, sizeof path, e);
    if (!status)
        status = scenario_read(path, NULL, 0, reporter, &scenario, e);
    if (!status)
        status = forecast_setup_init(&setup, &scenario.runs[0], e);
    for (size_t q = 0; q < 3; q++)
        share[q] = NAN;
    for (size_t k = 0; k < setup.n_inputs && !status; k++)
        if (strcmp(setup.inputs[k].name, "machine_ratio") == 0)
            for (size_t q = 0; q < 3; q++) {
                double ratio = distribution_quantile(&setup.inputs[k].distribution, levels[q]);
                share[q] = ratio / (1 + ratio);
            }
    forecast_setup_clear(&setup);
    scenario_clear(&scenario);
    return status;
}

static bool says_nothing(const struct identify_profile *p)
{
    return p->verdict != PROFILE_BOUNDED && p->bits_ahead < NEXT_TO_NOTHING;
}

enum verdict claim_b_verdict(const struct identify_profile *free, const struct identify_profile *gradual)
{
    return !says_nothing(free) ? VERDICT_FAILS : says_nothing(gradual) ? VERDICT_HOLDS : VERDICT_IN_PART;
}

/* What machines do of research: today, and when output would first show an onset. */
static struct table *shares_table(const struct identify_result *v, const double share[3])
{
    struct table *t = table_new("Research done by machines");
    const struct identify_detection *d[2] = {&v->detection, &v->gradual_detection};
    table_add_column(t, "when", TABLE_LEFT);
    table_add_column(t, "share", TABLE_RIGHT);
    table_add_column(t, "from", TABLE_LEFT);
    table_add_row(t);
    table_add_cell(t, "today");
    table_add_cell(t, "%.2g %%", 100 * share[1]);
    table_add_cell(t, "what is known about computers, nine in ten %.1g to %.2g %% (scenarios/forecast.yaml)",
                   100 * share[0], 100 * share[2]);
    for (size_t i = 0; i < 2; i++) {
        table_add_row(t);
        table_add_cell(t, "%s onset in %.0f first shows", i ? "gradual" : "sudden", d[i]->onset);
        if (isfinite(d[i]->median)) {
            table_add_cell(t, "%.2g %%", 100 * d[i]->share_then);
            table_add_cell(t, "%zu made-up data sets, in %.0f (median)", d[i]->n, d[i]->median);
        } else {
            table_add_cell(t, "-");
            table_add_cell(t, "%zu made-up data sets, in no year that was looked at", d[i]->n);
        }
    }
    return t;
}

static void judge(const struct identify_result *v, const double share[3], struct claim_result *out)
{
    const struct identify_profile *p = &v->free, *g = &v->gradual;
    char shows[120] = "not within the years that were looked at", gradual[120] = "not within them either";
    const struct identify_detection *d = &v->detection, *w = &v->gradual_detection;
    if (isfinite(d->median))
        snprintf(shows, sizeof shows, "in %.0f, with machines at %.2g %% of research", d->median, 100 * d->share_then);
    if (isfinite(w->median))
        snprintf(gradual, sizeof gradual, "in %.0f, at %.2g %%", w->median, 100 * w->share_then);
    out->verdict = claim_b_verdict(p, g);
    snprintf(out->sentence, sizeof out->sentence,
             "The data to %.0f carry %.2f bits on the onset within the %.0f years after them (%.2f if it has a gradual "
             "precursor); no onset at all is worse by %.1f and %.1f (95 %%: 3.84). A sudden onset in %.0f would show "
             "%s; one with a gradual precursor %s. Machines do about %.2g %% of research today (%.1g to %.2g %%, from "
             "what is known about computers).",
             p->end, p->bits_ahead, v->problem->settings.after, g->bits_ahead, p->never.drop, g->never.drop, d->onset,
             shows, gradual, 100 * share[1], 100 * share[0], 100 * share[2]);
}

static enum status run(const struct claim_request *q, struct report *r, struct claim_result *out, struct error *e)
{
    char path[4200], text[1600];
    double share[3];
    struct scenario scenario = {0};
    struct identify problem = {0};
    struct identify_result v = {0};
    enum status status = track_scenario_path("fits/frontier.yaml", path, sizeof path, e);
    if (!status)
        status = read_shares(share, q->reporter, e);
    if (!status)
        status = identify_read(path, NULL, 0, q->reporter, &scenario, &problem, e);
    problem.settings.n_stops = problem.settings.n_baselines = 0; /* gears growth identify has those */
    problem.fit.seed = q->seed;
    if (!status)
        status = identify_run(&problem, q->threads, q->reporter, &v, e);
    if (!status) {
        report_add_table(r, identify_verdict_table(&v));
        report_add_table(r, identify_profile_table(&v));
        report_add_table(r, identify_detection_table(&v));
        report_add_table(r, shares_table(&v, share));
        report_add_sentence(r, "%s", identify_to_text(&v, text, sizeof text));
        report_add_figure(r, figure_of_identify(&v, "claim-b"));
        out->numbers = identify_to_json(&v);
        json_object_del(out->numbers, "name"); /* it has the claim's */
        json_object_set_new(out->numbers, "share_today", json_pack("[f, f, f]", share[0], share[1], share[2]));
        judge(&v, share, out);
    }
    identify_result_clear(&v);
    identify_clear(&problem);
    scenario_clear(&scenario);
    return status;
}

const struct claim claim_b = {
    .name = "b",
    .title = "output says next to nothing about when the next phase starts",
    .run = run,
};
