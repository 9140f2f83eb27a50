/* Honest errors: made-up data with the noise that a fit assumes, fitted again.
 *
 * stpk at its defaults with six free parameters, the level in 1950 being one of them; output and population from 1500
 * to 2020 at dates like those of real series, errors of 5 and 4 % that are alike over 15 years. Each data set is fitted
 * twice, with the errors as they were made and with size and correlation estimated from the residuals (AR(1)). With the
 * errors as they are the likelihood ratio at the truth (all six at once) is chi-squared with 6 degrees of freedom; both
 * times the 95 % interval of each parameter, z +- 1.96 standard errors, should cover the truth in 95 of 100. */
#include "growth/fit/fit.h"
#include "growth/variable.h"
#include "solver/parallel.h"
#include "tests/validate/validating.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA_SETS = 60, BATCH = 4, FREE = 6, MAX_POINTS = 128 };

/* How a fit takes the errors. */
enum way { GIVEN, ESTIMATED, WAYS };

static const char *const keys[FREE - 1] = {"capital_share", "births_income", "science_supply", "surplus_exponent",
                                           "technology_returns"};

static int make_fit(struct fit *f)
{
    struct error e = {0};
    struct simulation s;
    struct sensitivities run;
    const struct model *m = model_find("stpk");
    static const char *const targets[] = {"Y", "P"};
    static const double sigma[] = {0.05, 0.04};
    double year[MAX_POINTS], value[MAX_POINTS];
    size_t n = 0;
    for (double t = 1500; t < 1820; t += 40)
        year[n++] = t;
    for (double t = 1820; t < 1950; t += 10)
        year[n++] = t;
    for (double t = 1950; t <= 2020; t += 2)
        year[n++] = t;
    if (simulation_init(&s, m, -10000, 2030, &e))
        return 1;
    fit_init(f, "made up", &s);
    f->shoots = true;
    f->shot.parameter = param_find(m->params, m->n_params, "technology_rate");
    f->shot.variable = variable_find(m, "Y");
    f->shot.year = 1950;
    if (sensitivities_compute(&s, NULL, 0, year, n, NULL, &run, &e))
        return 1;
    for (size_t i = 0; i < 2; i++) {
        size_t variable = variable_find(m, targets[i]);
        for (size_t k = 0; k < n; k++) {
            value[k] = exp(sensitivities_log_variable(&run, k, variable, NULL));
            if (i == 0 && year[k] == 1950)
                f->shot.value = value[k];
        }
        if (fit_add_target(f, targets[i], variable, n, year, value, sigma[i], &e))
            return 1;
        f->targets[i].correlation = 15;
    }
    sensitivities_clear(&run);
    for (size_t i = 0; i < FREE - 1; i++) {
        struct fit_parameter *p = fit_add_parameter(f, FIT_MODEL, param_find(m->params, m->n_params, keys[i]));
        p->low = p->value > 0 ? p->value / 3 : p->value * 5;
        p->high = p->value > 0 ? p->value * 3 : -1e-3;
    }
    fit_add_parameter(f, FIT_LEVEL, 0);
    return fit_prepare(f, &e) ? 1 : 0;
}

/* -2 ln likelihood at z, size and correlation of the errors at their best there */
static double deviance_at(const struct fit *f, const double *z)
{
    struct fit_evaluator v;
    double d;
    fit_evaluator_init(&v, f, NULL);
    return fit_profile_deviance(&v, z, &d) == 0 ? d : NAN;
}

/* -2 ln likelihood at z, the errors as they were made */
static double given_deviance_at(const struct fit *f, const double *z)
{
    struct fit_evaluator v;
    double *r = malloc((fit_count_residuals(f) + 1) * sizeof *r);
    fit_evaluator_init(&v, f, NULL);
    double d = r && fit_evaluate(&v, z, r, NULL) == 0 ? fit_deviance(f, r) : NAN;
    free(r);
    return d;
}

/* A few data sets at a time, so that a run that is stopped loses little. */
struct batch {
    size_t first;
    double *out; /* (BATCH, WAYS, FREE + 1) */
};

/* out: statistic, then whether each interval covers (1, 0); all NAN where the fit fails */
static void one_fit(uint64_t number, enum way way, double *out)
{
    double truth[FIT_MAX_PARAMETERS];
    struct fit f;
    struct fit_result r = {0};
    for (size_t j = 0; j <= FREE; j++)
        out[j] = NAN;
    if (make_fit(&f) == 0) {
        fit_first(&f, truth);
        f.seed = number;
        f.errors = way == GIVEN ? FIT_GIVEN : FIT_AR1;
        if (fit_make_up_data(&f, truth, 1000 + number) == 0 &&
            fit_solve(&f, &(struct fit_options){.threads = 1}, NULL, &r, NULL) == STATUS_OK) {
            double (*deviance)(const struct fit *, const double *) = way == GIVEN ? given_deviance_at : deviance_at;
            out[0] = deviance(&f, truth) - deviance(&f, r.z);
            for (size_t j = 0; j < FREE; j++)
                out[1 + j] = fabs(r.z[j] - truth[j]) <= 1.96 * r.errors.standard[j];
        }
    }
    fit_result_clear(&r);
    fit_clear(&f);
}

static void one_data_set(size_t i, void *context)
{
    const struct batch *b = context;
    for (int way = 0; way < WAYS; way++)
        one_fit(b->first + i, (enum way)way, b->out + (i * WAYS + (size_t)way) * (FREE + 1));
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's distance of n probabilities from uniform ones, times sqrt(n); 1.63 is passed by 1 % of uniform ones */
static double kolmogorov(double *p, size_t n)
{
    double worst = 0;
    qsort(p, n, sizeof *p, compare);
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fmax((double)(i + 1) / (double)n - p[i], p[i] - (double)i / (double)n));
    return worst * sqrt((double)n);
}

/* Rows of one way of taking the errors */
static void judge(struct validation *v, const double *result, enum way way)
{
    const char *name = way == GIVEN ? "errors as they are" : "errors estimated";
    double probability[DATA_SETS], covered[FREE] = {0}, all = 0, mean = 0;
    size_t fitted = 0, beyond = 0;
    for (size_t i = 0; i < DATA_SETS; i++) {
        const double *one = result + (i * WAYS + (size_t)way) * (FREE + 1);
        if (isnan(one[0]))
            continue;
        mean += one[0];
        probability[fitted++] = gsl_cdf_chisq_P(one[0], FREE);
        beyond += probability[fitted - 1] > 0.95;
        for (size_t j = 0; j < FREE; j++)
            covered[j] += one[1 + j];
    }
    mean /= (double)fitted;
    validation_row(v, fitted == DATA_SETS, "| %s: data sets fitted | %zu | %d |", name, fitted, DATA_SETS);
    if (way == GIVEN) {
        /* 60 trials of probability .05: more than 8 has probability .004 */
        validation_row(v, beyond <= 8,
                       "| %s: likelihood ratio at the truth beyond its 95 %% point | %zu of %zu | at most 8 |", name,
                       beyond, fitted);
        validation_row(
            v, kolmogorov(probability, fitted) < 1.63,
            "| %s: Kolmogorov distance of the likelihood ratios (mean %.2f) from chi-squared(6), times sqrt(n) "
            "| %.2f | 1.63 |",
            name, mean, kolmogorov(probability, fitted));
    }
    for (size_t j = 0; j < FREE; j++) {
        double part = covered[j] / (double)fitted;
        all += part / FREE;
        /* of 60 at .95 fewer than 50 has probability .001 */
        validation_row(v, part >= 50.0 / 60,
                       "| %s: nominal 95 %% interval of %s covers the truth | %.0f %% | at least 83 %% |", name,
                       j + 1 < FREE ? keys[j] : "the level in 1950", 100 * part);
    }
    validation_row(v, all >= 0.90 && all <= 0.99, "| %s: all intervals pooled | %.1f %% | 90 to 99 %% |", name,
                   100 * all);
    if (way == ESTIMATED) /* for the record: beside 6; short series make it larger */
        fprintf(stderr, "errors estimated: mean likelihood ratio %.2f, %zu of %zu beyond the 95 %% point\n", mean,
                beyond, fitted);
}

int main(int argc, char **argv)
{
    struct validation v;
    static double result[DATA_SETS * WAYS * (FREE + 1)];
    validation_begin(&v, argc, argv, "| what | measured | allowed |");
    for (size_t i = 0; i < DATA_SETS; i += BATCH) {
        struct batch batch = {i, result + i * WAYS * (FREE + 1)};
        char key[32];
        snprintf(key, sizeof key, "data sets %zu", i);
        if (validation_recall(&v, key, batch.out, BATCH * WAYS * (FREE + 1)))
            continue;
        parallel_map(BATCH, 0, one_data_set, &batch);
        validation_keep(&v, key, batch.out, BATCH * WAYS * (FREE + 1));
    }
    judge(&v, result, GIVEN);
    judge(&v, result, ESTIMATED);
    return validation_end(&v);
}
