#include "growth/compare.h"

#include "growth/variable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool allocate(struct comparison_result *r, size_t n)
{
    r->year = malloc((n + 1) * sizeof *r->year);
    r->observed = malloc((n + 1) * sizeof *r->observed);
    r->modelled = malloc((n + 1) * sizeof *r->modelled);
    return r->year && r->observed && r->modelled;
}

enum status compare_run(const struct trajectory *t, const struct comparison *c, struct comparison_result *out,
                        struct error *e)
{
    const struct series *s = &c->series;
    double first = fmax(c->from, trajectory_begin(t)), last = fmin(c->to, trajectory_end(t)), sum = 0;
    *out = (struct comparison_result){0};
    out->rms_log_error = out->worst = out->worst_year = out->first = out->last = NAN;
    if (!allocate(out, s->n)) {
        comparison_result_clear(out);
        return error_memory(e);
    }
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        double year = s->year[i], observed = s->value[i] * c->factor;
        if (year < first || year > last || !(observed > 0))
            continue;
        double modelled = variable_at(t, c->variable, year), miss = log(modelled / observed);
        out->year[n] = year;
        out->observed[n] = observed;
        out->modelled[n++] = modelled;
        sum += miss * miss;
        if (!(fabs(miss) <= fabs(out->worst))) {
            out->worst = miss;
            out->worst_year = year;
        }
    }
    out->n = n;
    if (n) {
        out->first = out->year[0];
        out->last = out->year[n - 1];
        out->rms_log_error = sqrt(sum / (double)n);
    }
    return STATUS_OK;
}

void comparison_result_clear(struct comparison_result *r)
{
    free(r->year);
    free(r->observed);
    free(r->modelled);
    memset(r, 0, sizeof *r);
}
