/* Exchanges between neighbours of a ladder of temperatures (Geyer 1991). Even and odd pairs take turns, which carries
 * states along the ladder instead of letting them diffuse (Syed, Bouchard-Cote, Deligiannidis and Doucet, J. R. Stat.
 * Soc. B 84 (2022) 321). */
#include "solver/sampler_private.h"

#include <math.h>

static void exchange(size_t n, double *a, double *b)
{
    for (size_t i = 0; i < n; i++) {
        double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

static void evaluate_again(const struct sampler *s, struct worker *w, struct chain *c, size_t rung)
{
    struct rung_numbers *numbers = &c->numbers[rung];
    numbers->log_density = s->target.evaluate(s->betas[rung], c->x + rung * s->n, c->gradient + rung * s->n,
                                              &numbers->tempered, w->context);
    c->evaluations += 1;
}

void sampler_swap(const struct sampler *s, struct worker *w, struct chain *c, bool count, struct random_stream *r)
{
    size_t n = s->n;
    for (size_t k = (size_t)c->iteration % 2; k + 1 < s->rungs; k += 2) {
        struct rung_numbers *cold = &c->numbers[k], *hot = &c->numbers[k + 1];
        double log_ratio = (s->betas[k] - s->betas[k + 1]) * (hot->tempered - cold->tempered);
        bool accepted = log(random_uniform(r)) < log_ratio;
        if (accepted) {
            exchange(n, c->x + k * n, c->x + (k + 1) * n);
            evaluate_again(s, w, c, k);
            evaluate_again(s, w, c, k + 1);
        }
        if (count) {
            cold->swaps += 1;
            cold->swaps_accepted += accepted;
        }
    }
}
