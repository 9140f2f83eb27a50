/* gears growth fit FILE */
#include "cli/commands.h"
#include "growth/fit_file.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum status command_growth_fit(const struct options *o, struct error *e)
{
    struct scenario scenario = {0};
    struct fit fit;
    struct fit_result result = {0};
    const struct reporter *reporter = terminal_reporter(o);
    struct timespec t0, t1;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    enum status status = fit_read(o->files[0], o->settings, o->n_settings, reporter, &scenario, &fit, e);
    if (!status) {
        fit.seed = o->seed;
        status = fit_solve(&fit, &(struct fit_options){.threads = o->threads}, reporter, &result, e);
    }
    clock_gettime(CLOCK_MONOTONIC, &t1);
    if (!status) {
        printf("%.0f s; cost %.4f; starts %zu useless %zu trials %zu failures %zu same %zu\n", (double)(t1.tv_sec - t0.tv_sec), result.best.cost, result.starts, result.useless, result.trials, result.failures, result.same);
        for (size_t i = 0; i < result.starts; i++) printf("%.3f ", result.costs[i]);
        puts("");
        for (size_t j = 0; j < fit.n_parameters; j++) {
            struct fit_parameter *p = &fit.parameters[j];
            printf("%-24s %12.6g  %8.4f  [%g, %g] %s\n", p->key, fit_value(p, result.z[j]), result.errors.standard[j], p->low, p->high, result.best.at_bound[j] ? "bound" : "");
        }
        struct fit_evaluator v;
        fit_evaluator_init(&v, &fit, NULL);
        double m[4000];
        fit_misses(&v, result.z, m);
        double *r = m;
        for (size_t i = 0; i < fit.n_targets; i++) {
            struct fit_target *t = &fit.targets[i];
            double s = 0, s2 = 0, s3 = 0; size_t n2 = 0, n3 = 0, row = 0;
            for (size_t k = 0; k < t->n; k++) { s += r[k]*r[k]; if (t->year[k] >= 1500) { s2 += r[k]*r[k]; n2++; if (t->year[k] < 1914 || t->year[k] > 1949) { s3 += r[k]*r[k]; n3++; } } }
            printf("%s %zu points rms %.4f; from 1500 %.4f (%zu); without war %.4f; sigma %.4f tau %.3g\n", t->name, t->n, sqrt(s / (double)t->n), sqrt(s2 / (double)n2), n2, sqrt(s3/(double)n3), t->sigma[t->n-1], t->correlation);
            for (size_t k = 0; k < t->n; k += t->n > 20 ? t->n / 20 : 1) { if (t->growth) printf("  %g-%g: %.2f data %.2f", t->year[k], t->to[k], 100*(t->value[k]+r[k]), 100*t->value[k]); else printf(" %g:%+.2f", t->year[k], r[k]); row++; }
            puts("");
            r += t->n;
        }
        if (o->out) status = fit_write_scenario(&scenario, &fit, &result, "gears growth fit", o->out, e);
    }
    fit_result_clear(&result);
    fit_clear(&fit);
    scenario_clear(&scenario);
    return status;
}
