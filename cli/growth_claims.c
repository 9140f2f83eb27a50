/* gears growth claims [--claim NAME...] */
#include "base/text.h"
#include "cli/commands.h"
#include "growth/claims/claims.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CLAIMS = 32 };

static enum status choose(const struct options *o, const struct claim **out, size_t *n, struct error *e)
{
    *n = 0;
    for (size_t i = 0; !o->n_claims && i < claim_registry_size; i++)
        out[(*n)++] = claim_registry[i];
    for (size_t i = 0; i < o->n_claims; i++) {
        char known[80] = "";
        for (size_t k = 0; k < claim_registry_size; k++)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", k ? ", " : "",
                     claim_registry[k]->name);
        const struct claim *c = claim_find(o->claims[i]);
        if (!c)
            return error_set(e, STATUS_USAGE, "there is no claim '%.40s' (%s)", o->claims[i], known);
        if (*n == MOST_CLAIMS)
            return error_set(e, STATUS_USAGE, "--claim: too many");
        out[(*n)++] = c;
    }
    return STATUS_OK;
}

enum status command_growth_claims(const struct options *o, struct error *e)
{
    const struct claim *claims[MOST_CLAIMS];
    size_t n;
    struct claim_request q = {o->threads, o->seed, terminal_reporter(o)};
    enum status status = choose(o, claims, &n, e);
    if (status)
        return status;
    struct report *r = report_new("Claims about growth, tested");
    status = r ? claims_run(claims, n, &q, r, e) : error_memory(e);
    if (r && status == STATUS_INTERRUPTED)
        report_set_interrupted(r);
    if (!status || status == STATUS_INTERRUPTED) {
        enum status shown = report_show(r, o, status ? NULL : e);
        status = status ? status : shown;
    }
    report_free(r);
    return status;
}
