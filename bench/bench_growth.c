/* What a growth run costs: scenarios/five-phases.yaml, with its phases and switches, without files and pictures.
 *
 *     build/bench/bench_growth [FOLDER]
 *
 * Prints two tables in Markdown. With FOLDER it also leaves there what the same run by other programs needs
 * (bench/run): the parameters, and the states at the years where errors are judged, from a run at rtol 1e-12.
 *
 * Times are medians of REPEATS runs. Time inside CVODES is what the integrator's own clock says: its CVode() calls,
 * with the right-hand side, Jacobian and events they ask for, and its dense output. Evaluations of the model elsewhere
 * (phases, causes, lags, switches) are counted by a model that counts, and priced by timing the evaluators alone. */
#include "growth/phases.h"
#include "growth/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCENARIO "scenarios/five-phases.yaml"
enum { REPEATS = 201, PRICE_ROUNDS = 200, N_STATES = 4 };

/* Where errors are judged; all before the blow-up. */
static const double years[] = {-5000, 0, 1000, 1500, 1700, 1800, 1850, 1900, 1950, 2000, 2050, 2100};
enum { N_YEARS = sizeof years / sizeof years[0] };

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(const struct error *e)
{
    char line[1400];
    fprintf(stderr, "bench_growth: %s\n", error_format(e, line, sizeof line));
    exit(EXIT_FAILURE);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, compare_doubles);
    return v[n / 2];
}

/* --- a model that counts ----------------------------------------------------------------------------------------- */

enum { RHS, JACOBIAN, SHARES, DRIVERS, N_EVALUATORS };
static const struct model *counted;
static long calls[N_EVALUATORS];

static int count_rhs(const double *p, const double *x, double *f)
{
    calls[RHS]++;
    return counted->rhs(p, x, f);
}

static int count_jacobian(const double *p, const double *x, double *jac)
{
    calls[JACOBIAN]++;
    return counted->jacobian(p, x, jac);
}

static void count_shares(const double *p, const double *x, double *share)
{
    calls[SHARES]++;
    counted->shares(p, x, share);
}

static int count_drivers(const double *p, const double *x, const double *f, double *rate)
{
    calls[DRIVERS]++;
    return counted->growth_drivers(p, x, f, rate);
}

/* Seconds per call of each evaluator, over states along the run. */
static void price_evaluators(const struct trajectory *t, double *price)
{
    enum { STATES = 200 };
    static double x[STATES][MODEL_MAX_STATES];
    const struct simulation *s = &t->simulation;
    double f[MODEL_MAX_STATES], out[MODEL_MAX_STATES * MODEL_MAX_STATES + MODEL_MAX_FLOWS * MODEL_MAX_INPUTS], year,
        last = t->run.solution.knot[t->run.solution.pieces];
    for (int i = 0; i < STATES; i++)
        trajectory_at_tau(t, last * i / STATES, x[i], &year);
    for (int which = 0; which < N_EVALUATORS; which++) {
        double begin = seconds_now();
        for (int round = 0; round < PRICE_ROUNDS; round++)
            for (int i = 0; i < STATES; i++) {
                if (which == RHS)
                    s->model->rhs(s->p, x[i], f);
                else if (which == JACOBIAN)
                    s->model->jacobian(s->p, x[i], out);
                else if (which == SHARES)
                    s->model->shares(s->p, x[i], out);
                else
                    s->model->growth_drivers(s->p, x[i], f, out);
            }
        price[which] = (seconds_now() - begin) / (PRICE_ROUNDS * (double)STATES);
    }
}

/* --- one run ----------------------------------------------------------------------------------------------------- */

struct cost {
    double total, cvodes, elsewhere; /* seconds; the last: model evaluations that CVODES did not ask for */
    struct ode_statistics first, second;
    long evaluations; /* of the model outside CVODES */
};

static void simulate_and_find(const struct simulation *s, bool bound_date, struct trajectory *t,
                              struct phase_table *table)
{
    struct error e = {0};
    if (simulate(s, bound_date, NULL, t, &e) || phases_find(t, NULL, table, &e))
        stop(&e);
}

/* Model evaluations outside CVODES, and what they cost. */
static void count_elsewhere(const struct simulation *s, bool bound_date, struct cost *cost)
{
    struct trajectory t;
    struct phase_table table;
    double price[N_EVALUATORS];
    struct model counting = *s->model;
    struct simulation counting_run = *s;
    counted = s->model;
    counting.rhs = count_rhs;
    counting.jacobian = count_jacobian;
    counting.shares = count_shares;
    counting.growth_drivers = count_drivers;
    counting_run.model = &counting;
    memset(calls, 0, sizeof calls);
    simulate_and_find(&counting_run, bound_date, &t, &table);
    const struct ode_statistics *a = &t.run.statistics, *b = &t.bounding;
    calls[RHS] -= a->rhs_calls + b->rhs_calls;
    /* a Jacobian in rescaled time takes two more right-hand sides, for the derivative by time */
    calls[RHS] -= 2 * (a->jacobian_calls + b->jacobian_calls);
    calls[JACOBIAN] -= a->jacobian_calls + b->jacobian_calls;
    calls[SHARES] -= a->event_calls;
    trajectory_clear(&t);
    simulate_and_find(s, bound_date, &t, &table);
    price_evaluators(&t, price);
    trajectory_clear(&t);
    for (int i = 0; i < N_EVALUATORS; i++) {
        cost->evaluations += calls[i];
        cost->elsewhere += (double)calls[i] * price[i];
    }
}

static struct cost measure(const struct simulation *s, bool bound_date)
{
    static double total[REPEATS], inside[REPEATS];
    struct cost cost = {0};
    count_elsewhere(s, bound_date, &cost);
    for (int i = 0; i < REPEATS; i++) {
        struct trajectory t;
        struct phase_table table;
        double begin = seconds_now();
        simulate_and_find(s, bound_date, &t, &table);
        total[i] = seconds_now() - begin;
        cost.first = t.run.statistics;
        cost.second = t.bounding;
        inside[i] = cost.first.seconds + cost.first.dense_seconds + cost.second.seconds + cost.second.dense_seconds;
        trajectory_clear(&t);
    }
    cost.total = median(total, REPEATS);
    cost.cvodes = median(inside, REPEATS);
    return cost;
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

static void print_cost(const char *label, const struct cost *c)
{
    printf("| %s | %ld | %ld | %ld | %ld | %.2f | %.2f | %.2f (%ld) | %.0f %% | %.0f %% |\n", label,
           c->first.steps + c->second.steps, c->first.rhs_calls + c->second.rhs_calls,
           c->first.jacobian_calls + c->second.jacobian_calls, c->first.event_calls, 1e3 * c->total, 1e3 * c->cvodes,
           1e3 * c->elsewhere, c->evaluations, 100 * (c->total - c->cvodes - c->elsewhere) / c->total,
           100 * (c->total - c->cvodes) / c->total);
}

static void print_costs(const struct simulation *base)
{
    static const double tolerances[] = {1e-6, 1e-8, 1e-9, 1e-10};
    char label[80];
    printf("| run | steps | rhs | Jacobians | events | ms | in CVODES | model elsewhere (calls) | outside CVODES and "
           "model | outside CVODES |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < sizeof tolerances / sizeof tolerances[0]; i++)
        for (int bound = 0; bound < 2; bound++) {
            struct simulation s = *base;
            s.rtol = tolerances[i];
            struct cost cost = measure(&s, bound);
            snprintf(label, sizeof label, "bdf, rtol %g%s", s.rtol, bound ? ", with the date's error" : "");
            print_cost(label, &cost);
        }
    struct simulation s = *base;
    s.method = ODE_ADAMS;
    s.rtol = 1e-8;
    struct cost cost = measure(&s, false);
    print_cost("adams, rtol 1e-08", &cost);
}

/* Log states at the years. */
static void states_at_years(const struct simulation *s, double x[N_YEARS][N_STATES])
{
    struct trajectory t;
    struct error e = {0};
    double all[MODEL_MAX_STATES];
    if (simulate(s, false, NULL, &t, &e))
        stop(&e);
    for (size_t i = 0; i < N_YEARS; i++) {
        trajectory_at(&t, years[i], all);
        memcpy(x[i], all, sizeof x[i]);
    }
    trajectory_clear(&t);
}

/* Largest error of any log state at any of the years. */
static double achieved_error(double x[N_YEARS][N_STATES], double exact[N_YEARS][N_STATES])
{
    double worst = 0;
    for (size_t i = 0; i < N_YEARS; i++)
        for (size_t k = 0; k < N_STATES; k++)
            worst = fmax(worst, fabs(x[i][k] - exact[i][k]));
    return worst;
}

/* The integration alone, to 2100, against the error it achieves there: for comparison with other programs. */
static void print_errors(const struct simulation *base, double exact[N_YEARS][N_STATES])
{
    static const struct {
        enum ode_method method;
        const char *name;
        double rtol;
    } runs[] = {{ODE_BDF, "bdf", 1e-6},  {ODE_BDF, "bdf", 1e-7},     {ODE_BDF, "bdf", 1e-8},    {ODE_BDF, "bdf", 1e-9},
                {ODE_BDF, "bdf", 1e-10}, {ODE_ADAMS, "adams", 1e-6}, {ODE_ADAMS, "adams", 1e-8}};
    static double total[REPEATS];
    double x[N_YEARS][N_STATES];
    printf("\n| program | rtol | largest error of a log state | rhs | ms |\n|---|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct simulation s = *base;
        s.method = runs[i].method;
        s.rtol = runs[i].rtol;
        s.to = years[N_YEARS - 1];
        states_at_years(&s, x);
        long rhs = 0;
        for (int k = 0; k < REPEATS; k++) {
            struct trajectory t;
            struct error e = {0};
            double begin = seconds_now();
            if (simulate(&s, false, NULL, &t, &e))
                stop(&e);
            total[k] = seconds_now() - begin;
            rhs = t.run.statistics.rhs_calls + 2 * t.run.statistics.jacobian_calls;
            trajectory_clear(&t);
        }
        printf("| gears (CVODES, %s), dense output and switches | %g | %.1e | %ld | %.2f |\n", runs[i].name, s.rtol,
               achieved_error(x, exact), rhs, 1e3 * median(total, REPEATS));
    }
}

static void write_for_others(const char *folder, const struct simulation *s, double exact[N_YEARS][N_STATES])
{
    char path[2][4096];
    snprintf(path[0], sizeof path[0], "%s/parameters.csv", folder);
    snprintf(path[1], sizeof path[1], "%s/states.csv", folder);
    FILE *parameters = fopen(path[0], "w"), *states = fopen(path[1], "w");
    if (!parameters || !states) {
        fprintf(stderr, "bench_growth: %s cannot be written to\n", folder);
        exit(EXIT_FAILURE);
    }
    fputs("key,value\n", parameters);
    for (size_t i = 0; i < s->model->n_params; i++)
        fprintf(parameters, "%s,%.17g\n", s->model->params[i].key, s->p[i]);
    fputs("year,ln_S,ln_T,ln_P,ln_K\n", states);
    fprintf(states, "%.17g,%.17g,%.17g,%.17g,%.17g\n", s->from, s->x0[0], s->x0[1], s->x0[2], s->x0[3]);
    for (size_t i = 0; i < N_YEARS; i++)
        fprintf(states, "%.17g,%.17g,%.17g,%.17g,%.17g\n", years[i], exact[i][0], exact[i][1], exact[i][2],
                exact[i][3]);
    fclose(parameters);
    fclose(states);
}

int main(int argc, char **argv)
{
    struct scenario scenario;
    struct error e = {0};
    double exact[N_YEARS][N_STATES];
    static const char *const no_data[] = {"compare=[]"};
    if (scenario_read(SCENARIO, no_data, 1, NULL, &scenario, &e))
        stop(&e);
    const struct simulation *s = &scenario.runs[0].simulation;
    struct simulation fine = *s;
    fine.rtol = 1e-12;
    states_at_years(&fine, exact);
    if (argc > 1)
        write_for_others(argv[1], s, exact);
    print_costs(s);
    print_errors(s, exact);
    scenario_clear(&scenario);
    return EXIT_SUCCESS;
}
