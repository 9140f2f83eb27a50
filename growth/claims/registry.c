/* The table of claims: one line each. */
#include "growth/claims/members.h"

#include <string.h>

const struct claim *const claim_registry[] = {
    &claim_a,
    &claim_b,
    &claim_c,
    &claim_d,
};
const size_t claim_registry_size = sizeof claim_registry / sizeof claim_registry[0];

const struct claim *claim_find(const char *name)
{
    for (size_t i = 0; i < claim_registry_size; i++)
        if (strcmp(claim_registry[i]->name, name) == 0)
            return claim_registry[i];
    return NULL;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {[VERDICT_HOLDS] = "holds",
                                        [VERDICT_IN_PART] = "holds in part",
                                        [VERDICT_FAILS] = "fails",
                                        [VERDICT_UNDECIDED] = "undecided"};
    return names[verdict];
}

static void add_run(const struct claim *c, const struct claim_result *result, struct report *r)
{
    json_t *run = json_object();
    json_object_set_new(run, "name", json_string(c->name));
    json_object_set_new(run, "title", json_string(c->title));
    json_object_set_new(run, "verdict", json_string(verdict_name(result->verdict)));
    json_object_set_new(run, "sentence", json_string(result->sentence));
    if (result->numbers)
        json_object_update(run, result->numbers);
    report_add_run(r, run);
}

enum status claims_run(const struct claim *const *claims, size_t n, const struct claim_request *q, struct report *r,
                       struct error *e)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && !status; i++) {
        struct claim_result result = {.verdict = VERDICT_UNDECIDED};
        char heading[300];
        snprintf(heading, sizeof heading, "Claim (%s): %s", claims[i]->name, claims[i]->title);
        report_add_heading(r, heading);
        reporter_progress(q->reporter, (double)i / (double)n, claims[i]->title);
        status = claims[i]->run(q, r, &result, e);
        if (!status) {
            report_add_sentence(r, "Verdict: it %s. %s", verdict_name(result.verdict), result.sentence);
            add_run(claims[i], &result, r);
        }
        if (status == STATUS_INTERRUPTED)
            report_add_sentence(r, "Interrupted: this claim was not tested to the end.");
        json_decref(result.numbers);
        if (!status && reporter_stop_requested(q->reporter))
            status = error_set(e, STATUS_INTERRUPTED, "interrupted");
    }
    return status;
}
