/* The solver and the phase finder against every growth model whose answer is known on paper. The formulas are written
 * out here in long double, apart from those in models/. */
#include "growth/phases.h"
#include "models/model.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATES = 400 };
static const double tolerances[] = {1e-6, 1e-8, 1e-10};
enum { N_TOLERANCES = sizeof tolerances / sizeof tolerances[0] };

/* Errors of levels may grow to this many weights over a whole run. */
static const double WEIGHTS = 100;

/* --- cases ------------------------------------------------------------------------------------------------------- */

struct setting {
    const char *key; /* NULL ends a list */
    double value;
};

struct known {
    const char *label, *model;
    double years;
    struct setting parameters[5], levels[4]; /* others: defaults */
    /* x := ln of the levels t years after the start */
    void (*solution)(const struct simulation *s, long double t, long double *x);
    long double (*blow_up)(const struct simulation *s); /* NULL: never */
};

static long double parameter(const struct simulation *s, const char *key)
{
    size_t i = param_find(s->model->params, s->model->n_params, key);
    ck_assert_msg(i < s->model->n_params, "%s has no parameter %s", s->model->name, key);
    return s->p[i];
}

static long double level(const struct simulation *s, const char *key)
{
    size_t i = model_state_find(s->model, key);
    ck_assert_msg(i < s->model->n_states, "%s has no state %s", s->model->name, key);
    return expl(s->x0[i]);
}

/* z = (K/(A P))^(1-alpha) relaxes exponentially at (1-alpha)(n+g+d) to s/(n+g+d). */
static void solow(const struct simulation *s, long double t, long double *x)
{
    long double labour = 1 - parameter(s, "capital_share"), g = parameter(s, "technology_growth");
    long double n = parameter(s, "population_growth"), sum = n + g + parameter(s, "depreciation");
    long double rest = parameter(s, "saving_rate") / sum;
    long double z = powl(level(s, "K") / (level(s, "A") * level(s, "P")), labour);
    z = rest + (z - rest) * expl(-labour * sum * t);
    x[1] = logl(level(s, "A")) + g * t;
    x[2] = logl(level(s, "P")) + n * t;
    x[0] = x[1] + x[2] + logl(z) / labour;
}

/* theta P0^lambda (e^{lambda n t} - 1)/(lambda n) */
static long double research_done(const struct simulation *s, long double t)
{
    long double lambda = parameter(s, "research_parallel"), rate = lambda * parameter(s, "population_growth");
    long double pace = parameter(s, "research_rate") * powl(level(s, "P"), lambda);
    return pace * (rate == 0 ? t : (expl(rate * t) - 1) / rate);
}

/* A^(1-phi) = A0^(1-phi) + (1-phi) theta P0^lambda (e^{lambda n t} - 1)/(lambda n) */
static void jones(const struct simulation *s, long double t, long double *x)
{
    long double order = 1 - parameter(s, "research_returns");
    x[0] = logl(powl(level(s, "A"), order) + order * research_done(s, t)) / order;
    x[1] = logl(level(s, "P")) + parameter(s, "population_growth") * t;
}

/* the date at which the right-hand side above is 0 */
static long double jones_blow_up(const struct simulation *s)
{
    long double order = 1 - parameter(s, "research_returns"), lambda = parameter(s, "research_parallel");
    long double pace = parameter(s, "research_rate") * powl(level(s, "P"), lambda);
    long double work = powl(level(s, "A"), order) / (-order * pace), rate = lambda * parameter(s, "population_growth");
    return rate == 0 ? work : logl(1 + rate * work) / rate;
}

static long double kremer_blow_up(const struct simulation *s)
{
    return (1 - parameter(s, "labour_share")) / (parameter(s, "research_rate") * level(s, "P"));
}

static void kremer(const struct simulation *s, long double t, long double *x)
{
    x[0] = logl(level(s, "P") / (1 - t / kremer_blow_up(s)));
}

/* Y^-B obeys a linear equation. */
static void power_law(const struct simulation *s, long double t, long double *x)
{
    long double b = parameter(s, "growth_exponent"), d = parameter(s, "drift"), scale = parameter(s, "growth_scale");
    long double y = powl(level(s, "Y"), -b);
    y = d == 0 ? y - scale * b * t : (y + scale / d) * expl(-b * d * t) - scale / d;
    x[0] = -logl(y) / b;
}

static long double power_law_blow_up(const struct simulation *s)
{
    long double b = parameter(s, "growth_exponent"), d = parameter(s, "drift"), scale = parameter(s, "growth_scale");
    long double y = powl(level(s, "Y"), -b);
    return d == 0 ? y / (b * scale) : logl(1 + d * y / scale) / (b * d);
}

static void exponential(const struct simulation *s, long double t, long double *x)
{
    x[0] = logl(level(s, "Y")) + (parameter(s, "growth_scale") + parameter(s, "drift")) * t;
}

static long double ak_ideas_blow_up(const struct simulation *s)
{
    long double order = 2 - parameter(s, "research_returns");
    return order / (parameter(s, "research_parallel") * parameter(s, "saving_rate") * level(s, "A"));
}

/* On I = 0: A = A0/(1 - lambda s A0 t/(2-phi)), K from I. */
static void ak_ideas(const struct simulation *s, long double t, long double *x)
{
    long double order = 2 - parameter(s, "research_returns"), lambda = parameter(s, "research_parallel");
    x[1] = logl(level(s, "A") / (1 - t / ak_ideas_blow_up(s)));
    long double k = lambda * parameter(s, "saving_rate") / (parameter(s, "research_rate") * order);
    x[0] = (logl(k) + order * x[1]) / lambda;
}

static const struct known cases[] = {
    {"solow from below", "solow", 300, {{0}}, {{0}}, solow, NULL},
    {"solow from above", "solow", 300, {{"capital_share", 0.6}}, {{"K", 20000}}, solow, NULL},
    {"jones", "jones", 600, {{0}}, {{0}}, jones, NULL},
    {"jones, hard ideas", "jones", 600, {{"research_returns", -2.1}, {"research_parallel", 0.75}}, {{0}}, jones, NULL},
    {"jones, phi > 1", "jones", 60, {{"research_returns", 1.5}, {"population_growth", 0}}, {{0}}, jones, jones_blow_up},
    {"jones, phi > 1, growing", "jones", 60, {{"research_returns", 2}}, {{0}}, jones, jones_blow_up},
    {"kremer", "kremer", 13000, {{0}}, {{0}}, kremer, kremer_blow_up},
    {"kremer, long ago", "kremer", 2e6, {{"labour_share", 0.3}}, {{"P", 0.2}}, kremer, kremer_blow_up},
    {"power law, d = 0", "power-law", 10000, {{"drift", 0}}, {{0}}, power_law, power_law_blow_up},
    {"power law, d near 0", "power-law", 10000, {{"drift", 1e-10}}, {{0}}, power_law, power_law_blow_up},
    {"power law, d < 0", "power-law", 12000, {{0}}, {{0}}, power_law, power_law_blow_up},
    {"power law, d > 0", "power-law", 12000, {{"drift", 1e-4}}, {{0}}, power_law, power_law_blow_up},
    {"power law, never", "power-law", 20000, {{"drift", -3e-4}}, {{0}}, power_law, NULL},
    {"power law, B < 0",
     "power-law",
     1000,
     {{"growth_exponent", -0.5}, {"drift", 1e-3}, {"growth_scale", 0.02}},
     {{0}},
     power_law,
     NULL},
    {"exponential", "power-law", 300, {{"growth_exponent", 0}, {"growth_scale", 0.02}}, {{0}}, exponential, NULL},
    {"ak-ideas", "ak-ideas", 100, {{0}}, {{0}}, ak_ideas, ak_ideas_blow_up},
    {"ak-ideas, parallel",
     "ak-ideas",
     100,
     {{"research_parallel", 0.6}, {"research_returns", 0.5}},
     {{0}},
     ak_ideas,
     ak_ideas_blow_up},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

/* The case's run, its first parameter times `factor`. */
static void start_scaled(const struct known *k, double factor, struct simulation *s)
{
    struct error e;
    const struct model *m = model_find(k->model);
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(simulation_init(s, m, 0, k->years, &e), STATUS_OK);
    for (const struct setting *set = k->parameters; set->key; set++) {
        size_t i = param_find(m->params, m->n_params, set->key);
        ck_assert_msg(i < m->n_params, "%s has no parameter %s", m->name, set->key);
        s->p[i] = set->value;
    }
    s->p[0] *= factor;
    if (m->derive)
        ck_assert_int_eq(m->derive(s->p, &e), STATUS_OK);
    if (m->steady_state)
        ck_assert_int_eq(m->steady_state(s->p, s->x0, &e), STATUS_OK);
    for (const struct setting *set = k->levels; set->key; set++)
        s->x0[model_state_find(m, set->key)] = log(set->value);
}

static void start(const struct known *k, struct simulation *s)
{
    start_scaled(k, 1, s);
}

static void run(const struct simulation *s, const char *label, struct trajectory *t)
{
    struct error e;
    ck_assert_msg(simulate(s, true, NULL, t, &e) == STATUS_OK, "%s: %s", label, e.message);
}

/* --- levels and dates -------------------------------------------------------------------------------------------- */

/* The weight of a log level at a date: its own, and where it moves fast the weight of the date. */
static double weight(const struct simulation *s, const double *x, size_t i, bool near_singular)
{
    double f[MODEL_MAX_STATES];
    ck_assert_int_eq(s->model->rhs(s->p, x, f), 0);
    return s->rtol * (near_singular ? 1 + fabs(f[i]) * (s->to - s->from) : 1);
}

/* Largest |ln x - ln x_exact| in weights over dates `from` to `to`, as parts of the end of the run. Towards a blow-up
 * dates are spaced by the logarithm of what remains. */
static double worst_error(const struct known *k, const struct trajectory *t, double from, double to, bool near_singular)
{
    const struct simulation *s = &t->simulation;
    double end = k->blow_up ? (double)k->blow_up(s) : s->to, worst = 0;
    for (int i = 0; i <= DATES; i++) {
        double z = (double)i / DATES;
        double part = near_singular ? 1 - (1 - from) * pow((1 - to) / (1 - from), z) : from + (to - from) * z;
        double x[MODEL_MAX_STATES];
        long double exact[MODEL_MAX_STATES];
        trajectory_at(t, part * end, x);
        k->solution(s, part * end, exact);
        for (size_t j = 0; j < s->model->n_states; j++)
            worst = fmax(worst, fabs(x[j] - (double)exact[j]) / weight(s, x, j, near_singular));
    }
    return worst;
}

START_TEST(levels_are_exact)
{
    const struct known *k = &cases[_i];
    for (int method = 0; method < 2; method++) {
        double before = INFINITY;
        for (int i = 0; i < N_TOLERANCES; i++) {
            struct simulation s;
            struct trajectory t;
            start(k, &s);
            s.method = method ? ODE_ADAMS : ODE_BDF;
            s.rtol = tolerances[i];
            run(&s, k->label, &t);
            double worst = worst_error(k, &t, 0, k->blow_up ? 0.5 : 1, false);
            double late = k->blow_up ? worst_error(k, &t, 0.5, 1 - 1e-5, true) : 0;
            printf("%s, %s, rtol %g: %.3g rtol; towards the blow-up %.3g weights\n", k->label, method ? "Adams" : "BDF",
                   s.rtol, worst, late);
            ck_assert_double_le(worst, WEIGHTS);
            ck_assert_double_le(late, WEIGHTS);
            ck_assert_msg(worst * s.rtol <= before / 3 + 1e-14, "the error does not fall with the tolerance");
            before = worst * s.rtol;
            trajectory_clear(&t);
        }
    }
}
END_TEST

START_TEST(blow_up_dates_are_exact)
{
    const struct known *k = &cases[_i];
    for (int method = 0; method < 2; method++)
        for (int i = 0; i < N_TOLERANCES; i++) {
            struct simulation s;
            struct trajectory t;
            start(k, &s);
            s.method = method ? ODE_ADAMS : ODE_BDF;
            s.rtol = tolerances[i];
            run(&s, k->label, &t);
            if (!k->blow_up) {
                ck_assert_int_eq(t.run.outcome, RESCALED_REACHED);
                trajectory_clear(&t);
                continue;
            }
            double date = (double)k->blow_up(&s), off = fabs(t.run.date - date);
            ck_assert_int_eq(t.run.outcome, RESCALED_BLOW_UP);
            printf("%s, %s, rtol %g: date off by %.3g of the time, bound %.3g\n", k->label, method ? "Adams" : "BDF",
                   s.rtol, off / date, t.date_error / date);
            ck_assert_double_le(off, t.date_error);
            if (s.rtol <= 1e-10)
                ck_assert_double_le(off, 1e-6 * date);
            ck_assert_msg(t.date_error <= 1000 * s.rtol * date, "a useless bound");
            trajectory_clear(&t);
        }
}
END_TEST

/* The bound on a date has to hold for whoever reads it, not only for the cases above: random hyperbolas. */
START_TEST(date_bounds_hold)
{
    enum { RUNS = 120 };
    const struct known *k = &cases[_i];
    srand48(_i + 1);
    for (int i = 0; i < RUNS && k->blow_up; i++) {
        struct simulation s;
        struct trajectory t;
        start_scaled(k, exp(drand48() - 0.6), &s);
        s.to = (double)k->blow_up(&s) * (1.05 + 3 * drand48() * drand48());
        s.method = i % 2 ? ODE_ADAMS : ODE_BDF;
        s.rtol = tolerances[i / 2 % N_TOLERANCES];
        run(&s, k->label, &t);
        double off = fabs(t.run.date - (double)k->blow_up(&s));
        ck_assert_msg(off <= t.date_error, "%s, run %d, method %d, rtol %g: off by %g, bound %g", k->label, i, i % 2,
                      s.rtol, off, t.date_error);
        trajectory_clear(&t);
    }
}
END_TEST

/* Roodman 2020, maximum likelihood on gross world product: ln a, b, nu, gamma give s, B, d, and from 73,639.6 billion
 * dollars in 2019 a blow-up in 2044.47. */
START_TEST(power_law_gives_the_published_date)
{
    const double a = exp(-12.66132), b = 1.857145e-5, nu = -23.77879, gamma = -1.812893;
    const struct known roodman = {.label = "Roodman",
                                  .model = "power-law",
                                  .years = 100,
                                  .parameters = {{"growth_scale", a * gamma * (nu + gamma)},
                                                 {"growth_exponent", -1 / gamma},
                                                 {"drift", b * gamma}},
                                  .levels = {{"Y", 73639.6}}};
    struct simulation s;
    struct trajectory t;
    start(&roodman, &s);
    s.from += 2019;
    s.to += 2019;
    run(&s, roodman.label, &t);
    ck_assert_int_eq(t.run.outcome, RESCALED_BLOW_UP);
    ck_assert_double_eq_tol(t.run.date, 2044.47, 0.005);
    trajectory_clear(&t);
}
END_TEST

/* --- ak-ideas: the invariant ------------------------------------------------------------------------------------- */

/* K0 times: on I = 0, and off it on both sides */
static const double capital_factors[] = {1, 0.2, 5};

START_TEST(invariant_is_kept)
{
    struct simulation s;
    struct error e;
    ck_assert_int_eq(simulation_init(&s, model_find("ak-ideas"), 0, 60, &e), STATUS_OK);
    s.x0[0] += log(capital_factors[_i]);
    double begin = s.model->invariant(s.p, s.x0), order = 2 - (double)parameter(&s, "research_returns");
    assert_close(begin, 1 - capital_factors[_i], 1e-12, 1);
    for (int i = 0; i < 2 * N_TOLERANCES; i++) {
        struct trajectory t;
        s.method = i % 2 ? ODE_ADAMS : ODE_BDF;
        s.rtol = tolerances[i / 2];
        run(&s, "ak-ideas", &t);
        for (int j = 0; j <= DATES; j++) {
            double x[MODEL_MAX_STATES], year;
            trajectory_at_tau(&t, t.run.solution.knot[t.run.solution.pieces] * j / DATES, x, &year);
            double term = exp(order * (x[1] - s.x0[1])), off = s.model->invariant(s.p, x) - begin;
            ck_assert_msg(fabs(off) <= WEIGHTS * s.rtol * order * term, "I off by %g where its terms are %g", off,
                          term);
        }
        trajectory_clear(&t);
    }
}
END_TEST

/* --- Roodman's five factors -------------------------------------------------------------------------------------- */

static void run_five_factors(double level0, double depletion, double years, double rtol, struct trajectory *t)
{
    const struct known k = {.label = "five factors",
                            .model = "roodman-multivariate",
                            .years = years,
                            .parameters = {{"resource_depletion", depletion}},
                            .levels = {{"K", level0}, {"H", level0}, {"A", level0}}};
    struct simulation s;
    start(&k, &s);
    s.rtol = rtol;
    run(&s, k.label, t);
}

START_TEST(five_factors_blow_up_or_not)
{
    struct trajectory t;
    run_five_factors(0.03117, 0, 2500, 1e-12, &t);
    ck_assert_int_eq(t.run.outcome, RESCALED_BLOW_UP);
    ck_assert_double_eq_tol(t.run.date, 1872.43095, 1e-5);
    ck_assert_double_le(t.date_error, 1e-5);
    trajectory_clear(&t);
    run_five_factors(0.03107, 0, 100000, 1e-9, &t);
    ck_assert_int_eq(t.run.outcome, RESCALED_REACHED);
    trajectory_clear(&t);
}
END_TEST

START_TEST(five_factors_run_out_of_resources)
{
    struct trajectory t;
    for (int i = 0; i < 2; i++) {
        run_five_factors(i ? 0.03107 : 0.03117, 1, 100000, 1e-9, &t);
        ck_assert_int_eq(t.run.outcome, RESCALED_EXHAUSTED);
        ck_assert_str_eq(t.simulation.model->states[t.run.exhausted].key, "R");
        ck_assert_double_lt(t.run.date, 100000);
        ck_assert_double_lt(t.date_error, 0.01);
        trajectory_clear(&t);
    }
}
END_TEST

/* --- phases ------------------------------------------------------------------------------------------------------ */

/* What the phase table must say of each, at any tolerance and with both methods. */
static const struct {
    struct known known;
    enum phase_kind kinds[2];
    size_t n_phases, n_transitions;
    double growth; /* at the centre of the last phase; INFINITY: it ends in a blow-up; NAN: no level */
} tables[] = {
    {{"solow", "solow", 600, {{0}}, {{0}}, NULL, NULL}, {PHASE_EXPONENTIAL}, 1, 1, 0.025},
    {{"solow, far from above", "solow", 600, {{0}}, {{"K", 3000}}, NULL, NULL}, {PHASE_EXPONENTIAL}, 1, 1, 0.025},
    {{"solow, far from below", "solow", 600, {{0}}, {{"K", 3}}, NULL, NULL},
     {PHASE_SUB_EXPONENTIAL, PHASE_EXPONENTIAL},
     2,
     1,
     0.025},
    {{"solow, steady", "solow", 600, {{0}}, {{"K", 200 * 4.354648431614539}}, NULL, NULL}, /* 200 (8/3)^(3/2) */
     {PHASE_EXPONENTIAL},
     1,
     0,
     0.025},
    {{"jones", "jones", 3000, {{0}}, {{0}}, NULL, NULL}, {PHASE_EXPONENTIAL}, 1, 1, 0.03},
    {{"jones, rising", "jones", 3000, {{0}}, {{"A", 100}}, NULL, NULL}, {PHASE_EXPONENTIAL}, 1, 1, 0.03},
    {{"jones, phi > 1", "jones", 60, {{"research_returns", 1.5}, {"population_growth", 0}}, {{0}}, NULL, NULL},
     {PHASE_SUPER_EXPONENTIAL},
     1,
     0,
     INFINITY},
    {{"kremer", "kremer", 13000, {{0}}, {{0}}, NULL, NULL}, {PHASE_SUPER_EXPONENTIAL}, 1, 0, INFINITY},
    {{"kremer, before the end", "kremer", 5000, {{0}}, {{0}}, NULL, NULL}, {PHASE_SUPER_EXPONENTIAL}, 1, 0, NAN},
    {{"power law", "power-law", 13000, {{"drift", 0}}, {{0}}, NULL, NULL}, {PHASE_SUPER_EXPONENTIAL}, 1, 0, INFINITY},
    {{"power law, d < 0", "power-law", 13000, {{0}}, {{0}}, NULL, NULL}, {PHASE_SUPER_EXPONENTIAL}, 1, 0, INFINITY},
    {{"exponential",
      "power-law",
      300,
      {{"growth_exponent", 0}, {"growth_scale", 0.02}, {"drift", 0}},
      {{0}},
      NULL,
      NULL},
     {PHASE_EXPONENTIAL},
     1,
     0,
     0.02},
    {{"fast exponential",
      "power-law",
      3000,
      {{"growth_exponent", 0}, {"growth_scale", 0.2}, {"drift", 0}},
      {{0}},
      NULL,
      NULL},
     {PHASE_EXPONENTIAL},
     1,
     0,
     0.2},
    {{"ak-ideas", "ak-ideas", 100, {{0}}, {{0}}, NULL, NULL}, {PHASE_SUPER_EXPONENTIAL}, 1, 0, INFINITY},
};
enum { N_TABLES = sizeof tables / sizeof tables[0] };

START_TEST(phase_tables_are_as_known)
{
    const struct known *k = &tables[_i].known;
    for (int i = 0; i < 2 * N_TOLERANCES; i++) {
        struct simulation s;
        struct trajectory t;
        struct phase_table table;
        struct error e;
        start(k, &s);
        s.method = i % 2 ? ODE_ADAMS : ODE_BDF;
        s.rtol = tolerances[i / 2];
        run(&s, k->label, &t);
        ck_assert_int_eq(phases_find(&t, NULL, &table, &e), STATUS_OK);
        ck_assert_msg(table.n_phases == tables[_i].n_phases, "%s, method %d, rtol %g: %zu phases", k->label, i % 2,
                      s.rtol, table.n_phases);
        ck_assert_uint_eq(table.n_transitions, tables[_i].n_transitions);
        for (size_t j = 0; j < table.n_phases; j++)
            ck_assert_int_eq(table.phases[j].kind, tables[_i].kinds[j]);
        const struct phase *last = &table.phases[table.n_phases - 1];
        if (isinf(tables[_i].growth)) {
            ck_assert_int_eq(t.run.outcome, RESCALED_BLOW_UP);
            ck_assert_double_infinite(last->growth);
        } else if (!isnan(tables[_i].growth)) {
            assert_close(last->centre_growth, tables[_i].growth, 1e-5, 0);
        }
        double first = table.n_transitions && table.n_phases == 1 ? table.transitions[0].from : table.phases[0].from;
        ck_assert_double_eq(first, s.from);
        trajectory_clear(&t);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closed forms");
    TCase *levels = tcase_create("levels and dates");
    tcase_add_loop_test(levels, levels_are_exact, 0, N_CASES);
    tcase_add_loop_test(levels, blow_up_dates_are_exact, 0, N_CASES);
    tcase_add_loop_test(levels, date_bounds_hold, 0, N_CASES);
    tcase_add_test(levels, power_law_gives_the_published_date);
    suite_add_tcase(suite, levels);
    TCase *systems = tcase_create("systems");
    tcase_add_loop_test(systems, invariant_is_kept, 0, sizeof capital_factors / sizeof capital_factors[0]);
    tcase_add_test(systems, five_factors_blow_up_or_not);
    tcase_add_test(systems, five_factors_run_out_of_resources);
    suite_add_tcase(suite, systems);
    TCase *phases = tcase_create("phases");
    tcase_add_loop_test(phases, phase_tables_are_as_known, 0, N_TABLES);
    suite_add_tcase(suite, phases);
    return testing_main(suite);
}
