/* The five phases: on the two frozen reference sets, on the scenarios that ship, and what may not change them.
 *
 * "Reference table": the published run of the two parameter sets, found and integrated with other programs (CVODE in C
 * and SciPy's LSODA, which agree to 4-5 digits): growth of set (i) at thirteen years, mean growth of the phases, dates
 * of the switches of the limiting input. Its numbers stand here as they were printed. */
#include "growth/result.h"
#include "growth/scenario.h"
#include "growth/variable.h"
#include "tests/testing.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sets[] = {"tests/scenarios/set-i.yaml", "tests/scenarios/set-ii.yaml"};
enum { N_SETS = 2 };

/* A scenario's first run with its phases. */
struct solved {
    struct scenario scenario;
    const struct simulation *simulation;
    struct trajectory trajectory;
    struct phase_table table;
};

static void solve_with(struct solved *s, const char *file, bool bound_date, const char *const *settings)
{
    struct error e = {0};
    char line[1400];
    size_t n = 0;
    while (settings && settings[n])
        n++;
    enum status status = scenario_read(file, settings, n, NULL, &s->scenario, &e);
    if (!status) {
        s->simulation = &s->scenario.runs[0].simulation;
        status = simulate(s->simulation, bound_date, NULL, &s->trajectory, &e);
    }
    if (!status)
        status = phases_find(&s->trajectory, &s->scenario.runs[0].phases, &s->table, &e);
    ck_assert_msg(status == STATUS_OK, "%s: %s", file, error_format(&e, line, sizeof line));
}

static void solve_list(struct solved *s, const char *const *words)
{
    solve_with(s, words[0], false, words + 1);
}

/* The file, then settings. */
#define solve(s, ...) solve_list((s), (const char *const[]){__VA_ARGS__, NULL})

static void clear(struct solved *s)
{
    trajectory_clear(&s->trajectory);
    scenario_clear(&s->scenario);
}

/* g in % a year. */
static double growth_at(const struct solved *s, double year)
{
    double x[MODEL_MAX_STATES], g;
    trajectory_at(&s->trajectory, year, x);
    ck_assert_int_eq(simulation_growth(s->simulation, year, x, &g, NULL), 0);
    return 100 * g;
}

static double mean_growth(const struct solved *s, double from, double to)
{
    size_t output = variable_find(s->simulation->model, "Y");
    return 100 * log(variable_at(&s->trajectory, output, to) / variable_at(&s->trajectory, output, from)) / (to - from);
}

/* --- the reference table ----------------------------------------------------------------------------------------- */

static const struct {
    double year, growth, digit; /* % a year; unit of the last digit printed */
} printed_growth[] = {
    {1700, .363, .001}, {1800, 1.36, .01}, {1840, 1.99, .01}, {1880, 1.93, .01}, {1920, 2.31, .01},
    {1950, 3.45, .01},  {1960, 3.59, .01}, {1980, 2.99, .01}, {2000, 2.21, .01}, {2020, 1.86, .01},
    {2040, 1.92, .01},  {2060, 3.02, .01}, {2070, 6.35, .01},
};

START_TEST(growth_of_set_i)
{
    struct solved s;
    solve(&s, sets[0]);
    for (size_t i = 0; i < sizeof printed_growth / sizeof printed_growth[0]; i++)
        ck_assert_msg(fabs(growth_at(&s, printed_growth[i].year) - printed_growth[i].growth) <= printed_growth[i].digit,
                      "%g: %g %%, printed %g", printed_growth[i].year, growth_at(&s, printed_growth[i].year),
                      printed_growth[i].growth);
    clear(&s);
}
END_TEST

/* Mean growth of phases 2 to 4 between the years that the table prints (they came from another rule than ours). */
static const struct {
    int set;
    double from, to, growth;
} printed_phases[] = {
    {0, 1813, 1917, 1.97}, {0, 1936, 1978, 3.44}, {0, 2003, 2048, 1.93},
    {1, 1828, 1916, 2.12}, {1, 1941, 1983, 3.27}, {1, 2002, 2050, 1.84},
};

START_TEST(mean_growth_of_the_printed_phases)
{
    struct solved s[N_SETS];
    for (size_t i = 0; i < N_SETS; i++)
        solve(&s[i], sets[i]);
    for (size_t i = 0; i < sizeof printed_phases / sizeof printed_phases[0]; i++) {
        double growth = mean_growth(&s[printed_phases[i].set], printed_phases[i].from, printed_phases[i].to);
        ck_assert_msg(fabs(growth - printed_phases[i].growth) <= 0.01, "%g to %g: %g %%, printed %g",
                      printed_phases[i].from, printed_phases[i].to, growth, printed_phases[i].growth);
    }
    for (size_t i = 0; i < N_SETS; i++)
        clear(&s[i]);
}
END_TEST

static const struct {
    int set;
    const char *name;
    double year;
} printed_switches[] = {
    {0, "technology: intelligence -> science", 1822},  {0, "technology: science -> intelligence", 1966},
    {0, "technology: intelligence -> science", 2077},  {0, "science: intelligence -> instruments", 1785},
    {0, "science: instruments -> intelligence", 1956}, {0, "science: intelligence -> instruments", 2070},
    {0, "intelligence: population -> machines", 2044}, {1, "technology: intelligence -> science", 1837},
    {1, "technology: science -> intelligence", 1968},  {1, "technology: intelligence -> science", 2076},
    {1, "science: intelligence -> instruments", 2075}, {1, "intelligence: population -> machines", 2044},
};

/* The date of the switch of that name nearest to a year; NAN: there is none. */
static double switch_near(const struct solved *s, const char *name, double year)
{
    double nearest = NAN;
    char text[160];
    for (size_t i = 0; i < s->trajectory.n_switches; i++) {
        const struct bottleneck_switch *w = &s->trajectory.switches[i];
        if (strcmp(switch_name(s->simulation->model, w, text, sizeof text), name) == 0 &&
            !(fabs(w->date - year) >= fabs(nearest - year)))
            nearest = w->date;
    }
    return nearest;
}

START_TEST(switches_of_both_sets)
{
    for (int set = 0; set < N_SETS; set++) {
        struct solved s;
        size_t n = 0, flows = 0;
        solve(&s, sets[set]);
        for (size_t i = 0; i < sizeof printed_switches / sizeof printed_switches[0]; i++) {
            if (printed_switches[i].set != set)
                continue;
            double date = switch_near(&s, printed_switches[i].name, printed_switches[i].year);
            ck_assert_msg(fabs(date - printed_switches[i].year) <= 1, "%s: %g, printed %g", printed_switches[i].name,
                          date, printed_switches[i].year);
            n++;
        }
        /* no others of technology and science; of intelligence one more, from the surplus to heads, that it did not
         * print */
        for (size_t i = 0; i < s.trajectory.n_switches; i++)
            flows += strcmp(s.simulation->model->flows[s.trajectory.switches[i].flow].key, "intelligence") != 0;
        ck_assert_uint_eq(flows, n - 1);
        ck_assert_uint_eq(s.trajectory.n_switches, n + 1);
        clear(&s);
    }
}
END_TEST

/* The date in tests/reference/stpk_events.csv, by another program at 1e-12 in rescaled time. */
static double reference_blow_up(int set)
{
    char line[256];
    double date, found = NAN;
    FILE *file = fopen("tests/reference/stpk_events.csv", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        int number;
        if (sscanf(line, "%d,blow-up,%lf", &number, &date) == 2 && number == set + 1)
            found = date;
    }
    fclose(file);
    return found;
}

START_TEST(blow_up_dates)
{
    for (int set = 0; set < N_SETS; set++) {
        struct solved s;
        solve_with(&s, sets[set], true, NULL);
        ck_assert_int_eq(s.trajectory.run.outcome, RESCALED_BLOW_UP);
        double off = s.trajectory.run.date - reference_blow_up(set);
        ck_assert_msg(fabs(off) <= s.trajectory.date_error, "off by %g, said to be at most %g", off,
                      s.trajectory.date_error);
        ck_assert_double_lt(s.trajectory.date_error, 0.01);
        clear(&s);
    }
}
END_TEST

/* --- what the table must look like ------------------------------------------------------------------------------- */

static void print_phases(const struct phase_table *t)
{
    for (size_t i = 0; i < t->n_phases; i++)
        printf("  %9.2f to %9.2f  %s %s, %.3f %%\n", t->phases[i].from, t->phases[i].to,
               phase_kind_name(t->phases[i].kind), phase_pace_name(t->phases[i].pace), 100 * t->phases[i].growth);
}

/* Five, of the kinds and with the ratios of growth that make them these five. */
static void check_five_phases(const struct solved *s, const char *what)
{
    const struct phase_table *t = &s->table;
    const struct phase *p = t->phases;
    bool good = t->n_phases == 5 && t->n_transitions == 4 && p[0].kind == PHASE_SUPER_EXPONENTIAL &&
                p[0].pace == PACE_FIRST && p[1].kind == PHASE_EXPONENTIAL && p[1].pace == PACE_FASTER &&
                p[2].kind == PHASE_EXPONENTIAL && p[2].pace == PACE_FASTER && p[2].growth >= 1.4 * p[1].growth &&
                p[3].kind != PHASE_SUPER_EXPONENTIAL && p[3].pace == PACE_SLOWER && p[3].growth <= 0.7 * p[2].growth &&
                p[4].kind == PHASE_SUPER_EXPONENTIAL && p[4].pace == PACE_FASTER &&
                s->trajectory.run.outcome == RESCALED_BLOW_UP;
    if (!good)
        print_phases(t);
    ck_assert_msg(good, "%s: not the five phases", what);
}

static bool is_of_flow(const struct solved *s, size_t which, const char *flow)
{
    return strcmp(s->simulation->model->flows[s->trajectory.switches[which].flow].key, flow) == 0;
}

/* How many transitions have a technology or science switch among their causes. */
static size_t count_switched_transitions(const struct solved *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->table.n_transitions; i++) {
        const struct phase_transition *t = &s->table.transitions[i];
        bool found = false;
        for (size_t k = 0; k < t->n_switch_causes; k++)
            found |= is_of_flow(s, t->switch_causes[k], "technology") || is_of_flow(s, t->switch_causes[k], "science");
        n += found;
    }
    return n;
}

static const char *const five_phase_files[] = {"tests/scenarios/set-i.yaml",     "tests/scenarios/set-ii.yaml",
                                               "scenarios/five-phases.yaml",     "scenarios/frontier.yaml",
                                               "scenarios/fast-automation.yaml", "scenarios/slow-automation.yaml"};

START_TEST(five_phases)
{
    struct solved s;
    solve(&s, five_phase_files[_i]);
    check_five_phases(&s, five_phase_files[_i]);
    ck_assert_uint_ge(count_switched_transitions(&s), 2);
    clear(&s);
}
END_TEST

START_TEST(phases_touch_or_leave_room_for_transitions)
{
    struct solved s;
    solve(&s, sets[_i]);
    for (size_t i = 0; i < s.table.n_transitions; i++) {
        const struct phase_transition *t = &s.table.transitions[i];
        ck_assert_uint_eq(t->before, i);
        ck_assert_uint_eq(t->after, i + 1);
        ck_assert_double_eq(t->from, s.table.phases[i].to);
        ck_assert_double_eq(t->to, s.table.phases[i + 1].from);
        ck_assert_double_le(t->from, t->to);
        ck_assert(t->window_from < t->window_to);
        ck_assert_int_eq(t->direction, t->change > 0 ? 1 : -1);
    }
    ck_assert_double_eq(s.table.phases[0].from, s.simulation->from);
    ck_assert_double_eq(s.table.phases[4].to, s.trajectory.run.date);
    clear(&s);
}
END_TEST

/* Growth as the table defines it, ln(Y_to/Y_from)/years, from the trajectory itself. */
START_TEST(growth_of_a_phase_is_that_of_output)
{
    struct solved s;
    solve(&s, sets[_i]);
    for (size_t i = 0; i + 1 < s.table.n_phases; i++) {
        const struct phase *p = &s.table.phases[i];
        assert_close(p->growth, mean_growth(&s, p->from, p->to) / 100, 1e-6, 0);
        assert_close(p->doubling_years, log(2) / p->growth, 1e-12, 0);
    }
    ck_assert(isinf(s.table.phases[4].growth));
    clear(&s);
}
END_TEST

/* --- what may not change it -------------------------------------------------------------------------------------- */

/* Dates within a year after 1500, within 1 % of the span before. Returns the largest shift after 1500. */
static double check_same_dates(const struct solved *a, const struct solved *b, double shift, const char *what)
{
    double worst = 0, span = a->simulation->to - a->simulation->from;
    ck_assert_msg(a->table.n_phases == b->table.n_phases, "%s: %zu phases instead of %zu", what, a->table.n_phases,
                  b->table.n_phases);
    for (size_t i = 0; i < a->table.n_phases; i++) {
        const struct phase *p = &a->table.phases[i], *q = &b->table.phases[i];
        ck_assert_msg(p->kind == q->kind && p->pace == q->pace, "%s: phase %zu is of another kind", what, i + 1);
        double dates[2][2] = {{p->from, q->from}, {p->to, q->to}};
        for (size_t k = 0; k < 2; k++) {
            double off = fabs(dates[k][0] - shift - dates[k][1]);
            bool late = dates[k][1] >= 1500;
            ck_assert_msg(off <= (late ? 1 : 0.01 * span), "%s: phase %zu moved by %g years", what, i + 1, off);
            worst = late ? fmax(worst, off) : worst;
        }
    }
    return worst;
}

START_TEST(same_phases_for_any_tolerance_and_method)
{
    struct solved best;
    double worst = 0;
    solve(&best, sets[_i], "solver.rtol=1e-12");
    for (int digits = 8; digits <= 11; digits++)
        for (int adams = 0; adams < 2; adams++) {
            struct solved s;
            char rtol[40], method[40];
            snprintf(rtol, sizeof rtol, "solver.rtol=1e-%d", digits);
            snprintf(method, sizeof method, "solver.method=%s", adams ? "adams" : "bdf");
            solve(&s, sets[_i], rtol, method);
            check_five_phases(&s, rtol);
            worst = fmax(worst, check_same_dates(&s, &best, 0, rtol));
            clear(&s);
        }
    /* a year is what is asked; what the integrator promises at 1e-8 is far less */
    ck_assert_double_lt(worst, 0.02);
    clear(&best);
}
END_TEST

/* At 1e-6 nothing is promised: the shift is printed. */
START_TEST(shift_at_a_coarse_tolerance)
{
    struct solved best;
    solve(&best, sets[_i], "solver.rtol=1e-12");
    for (int adams = 0; adams < 2; adams++) {
        struct solved s;
        solve(&s, sets[_i], "solver.rtol=1e-6", adams ? "solver.method=adams" : "solver.method=bdf");
        check_five_phases(&s, "rtol 1e-6");
        double shift = 0;
        for (size_t k = 1; k < 5; k++)
            shift = fmax(shift, fabs(s.table.phases[k].from - best.table.phases[k].from));
        printf("%s, rtol 1e-6, %s: phases begin up to %.3f years, the blow-up is %.3f years from where they are at "
               "1e-12\n",
               sets[_i], adams ? "adams" : "bdf", shift, fabs(s.trajectory.run.date - best.trajectory.run.date));
        clear(&s);
    }
    clear(&best);
}
END_TEST

START_TEST(same_phases_for_any_output_grid)
{
    static const char *const grids[] = {"time.output=0.5", "time.output=7", "time.output=1000", "time.output=auto"};
    struct solved plain;
    solve(&plain, sets[_i]);
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++) {
        struct solved s;
        solve(&s, sets[_i], grids[i]);
        ck_assert_double_eq(check_same_dates(&s, &plain, 0, grids[i]), 0);
        clear(&s);
    }
    clear(&plain);
}
END_TEST

/* The same system with people counted in units of 1/m million and money in units of 1/n billion (thousands and
 * millions: m = n = 1000). With P' = m P, K' = n K, Y' = n Y: y' = 1000 Y'/P' = (n/m) y, so incomes (c_s, y*, y_b) are
 * multiplied by n/m; z, u, births and deaths stay; H' = P' u^theta = m H; A' = eta' T^zeta K' must be m A, so eta' =
 * (m/n) eta; N' = m N; q' K' must be m q K, so q' = (m/n) q; s' S must be m s S, so s' = m s; CES' = m CES (homogeneous
 * of degree 1); S'/S must stay, so aS' = aS m^-lamS; T likewise, aT' = aT m^-lamT; K'/K = sig (1 - kap b) Y/K - delta
 * stays; P0' = m P0. A0 follows from the start. */
static void solve_in_units(struct solved *s, const struct solved *plain, const char *file, double m, double n)
{
    static const struct {
        const char *key;
        int people, money;    /* powers of m and n */
        const char *parallel; /* and m to minus this parameter */
    } scaled[] = {
        {"subsistence", -1, 1, NULL},
        {"malthusian_income", -1, 1, NULL},
        {"births_income", -1, 1, NULL},
        {"machine_efficiency", 1, -1, NULL},
        {"instrument_supply", 1, -1, NULL},
        {"science_supply", 1, 0, NULL},
        {"initial_population", 1, 0, NULL},
        {"science_rate", 0, 0, "science_parallel"},
        {"technology_rate", 0, 0, "technology_parallel"},
    };
    enum { N_SCALED = sizeof scaled / sizeof scaled[0] };
    char text[N_SCALED][80];
    const char *settings[N_SCALED + 1] = {0};
    const struct model *model = plain->simulation->model;
    for (size_t i = 0; i < N_SCALED; i++) {
        double value = plain->simulation->p[param_find(model->params, model->n_params, scaled[i].key)];
        value *= pow(m, scaled[i].people) * pow(n, scaled[i].money);
        if (scaled[i].parallel)
            value *= pow(m, -plain->simulation->p[param_find(model->params, model->n_params, scaled[i].parallel)]);
        snprintf(text[i], sizeof text[i], "parameters.%s=%.17g", scaled[i].key, value);
        settings[i] = text[i];
    }
    solve_with(s, file, false, settings);
}

static const struct {
    double m, n;
} units[] = {{1000, 1000}, {0.01, 0.01}, {1000, 100}, {0.5, 20}};

START_TEST(same_phases_in_other_units)
{
    struct solved plain, s;
    solve(&plain, sets[_i]);
    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
        solve_in_units(&s, &plain, sets[_i], units[k].m, units[k].n);
        check_five_phases(&s, "other units");
        /* what is left is the integrator's error */
        ck_assert_double_lt(check_same_dates(&s, &plain, 0, "other units"), 0.01);
        double ratio = variable_at(&s.trajectory, variable_find(s.simulation->model, "Y"), 2000) /
                       variable_at(&plain.trajectory, variable_find(s.simulation->model, "Y"), 2000);
        assert_close(ratio, units[k].n, 1e-4, 0);
        clear(&s);
    }
    clear(&plain);
}
END_TEST

START_TEST(same_phases_for_any_reasonable_contrast)
{
    for (int percent = 120; percent <= 160; percent += 5) {
        struct solved s;
        char contrast[40];
        snprintf(contrast, sizeof contrast, "phases.contrast=%g", percent / 100.0);
        solve(&s, _i < N_SETS ? sets[_i] : "scenarios/frontier.yaml", contrast);
        check_five_phases(&s, contrast);
        clear(&s);
    }
}
END_TEST

/* --- causes ------------------------------------------------------------------------------------------------------ */

START_TEST(contributions_sum_to_the_change)
{
    struct solved s;
    solve(&s, five_phase_files[_i]);
    for (size_t i = 0; i < s.table.n_transitions; i++) {
        const struct phase_transition *t = &s.table.transitions[i];
        double sum = 0, size = 0;
        for (size_t k = 0; k < cause_count(s.simulation); k++) {
            sum += t->contributions[k];
            size += fabs(t->contributions[k]);
        }
        assert_close(sum, t->change, 1e-6, size);
        /* and the change is that of growth over the window */
        double change = growth_at(&s, t->window_to) - growth_at(&s, t->window_from);
        assert_close(100 * t->change, change, 1e-6, 100 * size);
    }
    clear(&s);
}
END_TEST

/* Is a driver or a switch among the causes of a transition whose window ends by `until`? Anywhere: INFINITY. */
static bool is_cause(const struct solved *s, const char *name, double until)
{
    char text[160];
    bool found = false;
    for (size_t i = 0; i < s->table.n_transitions; i++) {
        const struct phase_transition *t = &s->table.transitions[i];
        if (t->window_to > until)
            continue;
        for (size_t k = 0; k < t->n_driver_causes; k++)
            found |= strcmp(cause_name(s->simulation, t->driver_causes[k]), name) == 0;
        for (size_t k = 0; k < t->n_switch_causes; k++)
            found |= strcmp(switch_name(s->simulation->model, &s->trajectory.switches[t->switch_causes[k]], text,
                                        sizeof text),
                            name) == 0;
    }
    return found;
}

/* One exponential phase that lasts, then a clearly faster one: what phases 2 and 3 are. */
static bool has_plateau_then_faster(const struct solved *s, double until)
{
    for (size_t i = 1; i < s->table.n_phases; i++) {
        const struct phase *p = &s->table.phases[i];
        if (p->kind == PHASE_EXPONENTIAL && p[-1].kind == PHASE_EXPONENTIAL && p->pace == PACE_FASTER && p->to < until)
            return true;
    }
    return false;
}

static double longest_exponential(const struct solved *s, double until)
{
    double longest = 0;
    for (size_t i = 0; i < s->table.n_phases; i++)
        if (s->table.phases[i].kind == PHASE_EXPONENTIAL && s->table.phases[i].to < until &&
            s->table.phases[i].pace == PACE_FASTER)
            longest = fmax(longest, s->table.phases[i].to - s->table.phases[i].from);
    return longest;
}

/* What the full run of set (i) names as causes, each with the parameter that makes it. Switched off, one at a time, the
 * cause must be gone. technology_rate stays as it is: only one thing may change, or what vanishes could be the other's
 * doing. (Solved again for the output of 1950 the dates move by some decades and the same causes are gone: the second
 * half.) Where machines take over the model enters another world with bottlenecks of its own, so causes are looked for
 * before that, but for eta. */
static const struct {
    const char *off, *gone[3];
    double until;
} switched_off[] = {
    {"parameters.child_cost=0", {"capital: saving freed by fewer births"}, INFINITY},
    {"parameters.machine_efficiency=0", {"technology: machines", "intelligence: population -> machines"}, INFINITY},
    {"parameters.science_supply=1e12",
     {"technology: science", "technology: intelligence -> science", "technology: science -> intelligence"},
     2030},
    {"parameters.instrument_supply=1e12",
     {"science: intelligence -> instruments", "science: instruments -> intelligence"},
     2030},
};

START_TEST(a_cause_that_is_switched_off_is_gone)
{
    struct solved full, off;
    char level[120];
    solve(&full, sets[0]);
    snprintf(level, sizeof level, "solve={parameter: technology_rate, variable: Y, at: 1950, value: %.17g}",
             variable_at(&full.trajectory, variable_find(full.simulation->model, "Y"), 1950));
    for (int again = 0; again < 2; again++) {
        if (again)
            solve(&off, sets[0], switched_off[_i].off, level, "time.to=2100");
        else
            solve(&off, sets[0], switched_off[_i].off);
        double takeover = switch_near(&off, "intelligence: population -> machines", 2050);
        double until = isinf(switched_off[_i].until) ? INFINITY : takeover;
        for (size_t k = 0; k < 3 && switched_off[_i].gone[k]; k++) {
            ck_assert_msg(is_cause(&full, switched_off[_i].gone[k], INFINITY), "not named in the full run: %s",
                          switched_off[_i].gone[k]);
            ck_assert_msg(!is_cause(&off, switched_off[_i].gone[k], until), "%s: still named: %s", switched_off[_i].off,
                          switched_off[_i].gone[k]);
        }
        clear(&off);
    }
    clear(&full);
}
END_TEST

/* And the phase that it made. */
START_TEST(phases_that_hang_on_one_parameter)
{
    struct solved s;
    solve(&s, sets[0]);
    ck_assert(has_plateau_then_faster(&s, 2030));
    ck_assert_double_gt(longest_exponential(&s, 2030), 90);
    clear(&s);
    /* no cost of children: no phase 3 */
    solve(&s, sets[0], "parameters.child_cost=0");
    ck_assert(!has_plateau_then_faster(&s, 2030));
    clear(&s);
    /* no machines: no phase 5, no blow-up */
    solve(&s, sets[0], "parameters.machine_efficiency=0", "time.to=2500");
    ck_assert_int_eq(s.trajectory.run.outcome, RESCALED_REACHED);
    for (size_t i = 1; i < s.table.n_phases; i++)
        ck_assert_int_ne(s.table.phases[i].kind, PHASE_SUPER_EXPONENTIAL);
    clear(&s);
    /* science without end: no plateau of phase 2 */
    solve(&s, sets[0], "parameters.science_supply=1e12");
    ck_assert_double_lt(longest_exponential(&s, 2030), 20);
    clear(&s);
    /* instruments without end: neither phase 2 nor 3 */
    solve(&s, sets[0], "parameters.instrument_supply=1e12");
    ck_assert_double_lt(longest_exponential(&s, 2030), 20);
    ck_assert(!has_plateau_then_faster(&s, 2030));
    clear(&s);
}
END_TEST

START_TEST(lags_are_measured)
{
    struct solved s;
    solve(&s, sets[_i]);
    const struct phase_lags *lags = &s.table.lags;
    ck_assert(lags->measured);
    ck_assert_uint_eq(lags->phase, 3);
    ck_assert_double_gt(lags->science.peak - lags->population.peak, 1);
    ck_assert_double_gt(lags->output.peak - lags->science.peak, 1);
    ck_assert_double_gt(lags->population.half, lags->population.peak);
    ck_assert_double_gt(lags->science.half, lags->population.half);
    ck_assert_double_ge(lags->output.half, lags->science.half - 1);
    /* each is a peak: growth is lower five years before and after */
    size_t science = variable_find(s.simulation->model, "science_growth"),
           people = variable_find(s.simulation->model, "population_growth");
    for (int side = -1; side <= 1; side += 2) {
        ck_assert_double_lt(growth_at(&s, lags->output.peak + 5 * side), growth_at(&s, lags->output.peak));
        ck_assert_double_lt(variable_at(&s.trajectory, science, lags->science.peak + 5 * side),
                            variable_at(&s.trajectory, science, lags->science.peak));
        ck_assert_double_lt(variable_at(&s.trajectory, people, lags->population.peak + 5 * side),
                            variable_at(&s.trajectory, people, lags->population.peak));
    }
    printf("%s: growth of population peaks in %.1f, of science %.1f years later, of output %.1f after that\n", sets[_i],
           lags->population.peak, lags->science.peak - lags->population.peak, lags->output.peak - lags->science.peak);
    clear(&s);
}
END_TEST

/* --- time -------------------------------------------------------------------------------------------------------- */

/* Without interventions no date means anything: started later, everything is later. */
START_TEST(without_interventions_the_system_is_autonomous)
{
    struct solved plain, late;
    solve(&plain, sets[_i]);
    solve(&late, sets[_i], "time={from: 0, to: 12150}");
    ck_assert_uint_eq(plain.simulation->n_interventions, 0);
    ck_assert_double_lt(check_same_dates(&late, &plain, 10000, "10,000 years later"), 1e-3);
    ck_assert_double_eq_tol(late.trajectory.run.date - 10000, plain.trajectory.run.date, 1e-3);
    for (size_t i = 0; i < plain.trajectory.n_switches; i++)
        ck_assert_double_eq_tol(late.trajectory.switches[i].date - 10000, plain.trajectory.switches[i].date, 1e-3);
    clear(&plain);
    clear(&late);
}
END_TEST

#define RAMP "interventions=[{parameter: machine_efficiency, ramp: {from: 2020, to: 2040}, factor: 10}]"

/* An intervention does have a date. */
START_TEST(interventions_have_dates)
{
    struct solved plain, moved;
    solve(&plain, sets[0], RAMP);
    solve(&moved, sets[0], "time={from: -9950, to: 2200}", RAMP);
    ck_assert_double_gt(fabs(moved.trajectory.run.date - 50 - plain.trajectory.run.date), 1);
    clear(&plain);
    clear(&moved);
}
END_TEST

START_TEST(interventions_act_only_after_their_start)
{
    struct solved plain, s;
    double p[MODEL_MAX_PARAMS], x[MODEL_MAX_STATES], y[MODEL_MAX_STATES];
    solve(&plain, sets[0]);
    solve(&s, sets[0], RAMP);
    const struct model *m = s.simulation->model;
    for (double year = -10000; year <= 2020; year += year < 1900 ? 100 : 1) {
        simulation_parameters(s.simulation, year, p);
        ck_assert_mem_eq(p, plain.simulation->p, m->n_params * sizeof *p);
        trajectory_at(&plain.trajectory, year, x);
        trajectory_at(&s.trajectory, year, y);
        for (size_t i = 0; i < m->n_states; i++)
            ck_assert_double_eq_tol(y[i], x[i], 1e-6);
    }
    ck_assert_double_gt(growth_at(&s, 2040), 1.1 * growth_at(&plain, 2040));
    ck_assert_double_lt(s.trajectory.run.date, plain.trajectory.run.date - 5);
    clear(&plain);
    clear(&s);
}
END_TEST

/* Where elasticities move, output changes with them at a standing state: growth is still that of output, dg/dt that of
 * growth (Simpson's rule and central differences along the run), and the phase table's mean growth the same. */
START_TEST(growth_is_that_of_output_while_elasticities_move)
{
    enum { STEPS = 600 };
    struct solved s;
    double sum = 0, from = 1961, step = 28.0 / STEPS;
    solve(&s, sets[0], "interventions=[{parameter: capital_share, ramp: {from: 1960, to: 1990}, factor: 1.02}]");
    for (int i = 0; i <= STEPS; i++)
        sum += growth_at(&s, from + i * step) * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2) * step / 3;
    assert_close(sum / 28, mean_growth(&s, from, from + 28), 1e-6, 0);
    for (double year = 1955; year < 1996; year += 1.7) {
        double x[MODEL_MAX_STATES], g, dg, h = 0.02;
        trajectory_at(&s.trajectory, year, x);
        ck_assert_int_eq(simulation_growth(s.simulation, year, x, &g, &dg), 0);
        ck_assert_double_eq_tol(dg, (growth_at(&s, year + h) - growth_at(&s, year - h)) / (200 * h), 2e-6);
    }
    for (size_t i = 0; i < s.table.n_phases; i++)
        if (isfinite(s.table.phases[i].growth))
            assert_close(s.table.phases[i].growth, mean_growth(&s, s.table.phases[i].from, s.table.phases[i].to) / 100,
                         1e-6, 0);
    clear(&s);
}
END_TEST

/* The ramp: log-value 0 before, ln 10 after, antisymmetric about the middle, monotone, two continuous derivatives. */
START_TEST(interventions_are_smooth)
{
    enum { STEPS = 2000 };
    struct solved s;
    double p[MODEL_MAX_PARAMS], part[STEPS + 1], step = 30.0 / STEPS;
    solve(&s, sets[0], RAMP);
    const struct model *m = s.simulation->model;
    size_t k = param_find(m->params, m->n_params, "machine_efficiency");
    for (int i = 0; i <= STEPS; i++) {
        simulation_parameters(s.simulation, 2015 + i * step, p);
        part[i] = log(p[k] / s.simulation->p[k]) / log(10);
    }
    ck_assert_double_eq(part[0], 0);
    ck_assert_double_eq_tol(part[STEPS], 1, 1e-12);
    double most = 0, jump = 0, before = 0;
    for (int i = 1; i < STEPS; i++) {
        double second = (part[i + 1] - 2 * part[i] + part[i - 1]) / (step * step);
        ck_assert_double_ge(part[i], part[i - 1] - 1e-15);
        ck_assert_double_eq_tol(part[i] + part[STEPS - i], 1, 1e-12);
        most = fmax(most, fabs(second));
        if (i > 1)
            jump = fmax(jump, fabs(second - before));
        before = second;
    }
    /* a second derivative that jumped would do so by its size; a continuous one changes by a step's worth of the third
     */
    ck_assert_double_lt(jump, 0.02 * most);
    /* growth itself has no step either */
    for (double year = 2015; year < 2045; year += 0.01)
        ck_assert_double_lt(fabs(growth_at(&s, year + 0.01) - growth_at(&s, year)), 0.02);
    clear(&s);
}
END_TEST

/* --- the other scenarios that ship ------------------------------------------------------------------------------- */

static double parameter(const struct solved *s, const char *key)
{
    const struct model *m = s->simulation->model;
    size_t i = param_find(m->params, m->n_params, key);
    ck_assert_uint_lt(i, m->n_params);
    return s->simulation->p[i];
}

static void check_one_transition_to_one_exponential(const struct solved *s)
{
    ck_assert_uint_eq(s->table.n_phases, 1);
    ck_assert_uint_eq(s->table.n_transitions, 1);
    ck_assert_int_eq(s->table.phases[0].kind, PHASE_EXPONENTIAL);
    ck_assert_uint_eq(s->table.transitions[0].after, 0);
    ck_assert_uint_eq(s->table.transitions[0].before, SIZE_MAX);
    ck_assert_int_eq(s->trajectory.run.outcome, RESCALED_REACHED);
    ck_assert_double_eq(s->table.phases[0].to, s->simulation->to);
}

/* z = (K/(A P))^(1-alpha) goes to s/(n+g+d) like exp(-(1-alpha)(n+g+d) t); growth is n + g + alpha (s/z - n - g - d).
 */
START_TEST(solow_ends_on_its_balanced_path)
{
    struct solved s;
    solve(&s, "scenarios/solow.yaml");
    check_one_transition_to_one_exponential(&s);
    double alpha = parameter(&s, "capital_share"), saving = parameter(&s, "saving_rate"),
           path = parameter(&s, "technology_growth") + parameter(&s, "population_growth"),
           wear = path + parameter(&s, "depreciation"), z0 = pow(290.0 / (2 * 100), 1 - alpha), z1 = saving / wear;
    double z = z1 + (z0 - z1) * exp(-(1 - alpha) * wear * (2200 - 1800));
    assert_close(growth_at(&s, 2200), 100 * (path + alpha * (saving / z - wear)), 1e-7, 0);
    assert_close(growth_at(&s, 2200), 2.5, 1e-6, 0);
    ck_assert_double_eq_tol(100 * s.table.phases[0].growth, 2.5, 0.05);
    clear(&s);
}
END_TEST

/* P = P0 exp(n t); A^(1-phi) = A0^(1-phi) + (1-phi) theta P0^lambda (exp(lambda n t) - 1)/(lambda n); in the end growth
 * is n + sigma lambda n/(1-phi). */
START_TEST(jones_ends_on_its_balanced_path)
{
    struct solved s;
    solve(&s, "scenarios/jones.yaml");
    check_one_transition_to_one_exponential(&s);
    double theta = parameter(&s, "research_rate"), lambda = parameter(&s, "research_parallel"),
           phi = parameter(&s, "research_returns"), n = parameter(&s, "population_growth"),
           sigma = parameter(&s, "ideas_elasticity"), t = 2500 - 1800;
    double ideas = 1 + (1 - phi) * theta * pow(100, lambda) * expm1(lambda * n * t) / (lambda * n); /* A^(1-phi) */
    double growth = n + sigma * theta * pow(100, lambda) * exp(lambda * n * t) / ideas;
    assert_close(growth_at(&s, 2500), 100 * growth, 1e-7, 0);
    assert_close(growth_at(&s, 2500), 100 * (n + sigma * lambda * n / (1 - phi)), 1e-2, 0);
    clear(&s);
}
END_TEST

static void check_one_rise_into_a_blow_up(const struct solved *s, double years)
{
    ck_assert_uint_eq(s->table.n_phases, 1);
    ck_assert_uint_eq(s->table.n_transitions, 0);
    ck_assert_int_eq(s->table.phases[0].kind, PHASE_SUPER_EXPONENTIAL);
    ck_assert_int_eq(s->trajectory.run.outcome, RESCALED_BLOW_UP);
    ck_assert_double_eq_tol(s->trajectory.run.date - s->simulation->from, years, 1e-6 * years);
    ck_assert_double_eq(s->table.phases[0].to, s->trajectory.run.date);
}

START_TEST(kremer_blows_up)
{
    struct solved s;
    solve(&s, "scenarios/kremer.yaml", "solver.rtol=1e-10");
    check_one_rise_into_a_blow_up(&s, (1 - parameter(&s, "labour_share")) / (parameter(&s, "research_rate") * 15.87));
    clear(&s);
}
END_TEST

START_TEST(hyperbola_blows_up)
{
    struct solved s;
    solve(&s, "scenarios/hyperbola.yaml", "solver.rtol=1e-10");
    double scale = parameter(&s, "growth_scale"), exponent = parameter(&s, "growth_exponent"),
           drift = parameter(&s, "drift");
    check_one_rise_into_a_blow_up(&s, log1p(drift * pow(73640.63, -exponent) / scale) / (exponent * drift));
    clear(&s);
}
END_TEST

/* When a run blows up; INFINITY: not before its end. */
static double end_of(const struct run_result *r)
{
    return r->trajectory.run.outcome == RESCALED_BLOW_UP ? r->trajectory.run.date : INFINITY;
}

/* The what-ifs: run 0 is five-phases as it is; cheaper machines end it earlier, dearer ones later, none never. */
START_TEST(automation_scenarios)
{
    for (int slow = 0; slow < 2; slow++) {
        struct scenario scenario;
        struct scenario_result result;
        struct error e = {0};
        ck_assert_int_eq(scenario_read(slow ? "scenarios/slow-automation.yaml" : "scenarios/fast-automation.yaml", NULL,
                                       0, NULL, &scenario, &e),
                         STATUS_OK);
        for (size_t i = 0; i < scenario.n_runs; i++)
            scenario.runs[i].simulation.to = 2500; /* to see them all end */
        ck_assert_msg(scenario_simulate(&scenario, 2, NULL, &result, &e) == STATUS_OK, "%s", e.message);
        ck_assert_uint_eq(result.n_runs, 3);
        double base = end_of(&result.runs[0]), more = end_of(&result.runs[1]), most = end_of(&result.runs[2]);
        ck_assert(isfinite(base) && isfinite(more));
        if (slow)
            ck_assert(more > base + 1 && isinf(most));
        else
            ck_assert(more < base - 1 && most < more - 1);
        scenario_result_clear(&result);
        scenario_clear(&scenario);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("phases");
    TCase *c = tcase_create("phases");
    tcase_add_test(c, growth_of_set_i);
    tcase_add_test(c, mean_growth_of_the_printed_phases);
    tcase_add_test(c, switches_of_both_sets);
    tcase_add_test(c, blow_up_dates);
    tcase_add_loop_test(c, five_phases, 0, sizeof five_phase_files / sizeof five_phase_files[0]);
    tcase_add_loop_test(c, phases_touch_or_leave_room_for_transitions, 0, N_SETS);
    tcase_add_loop_test(c, growth_of_a_phase_is_that_of_output, 0, N_SETS);
    tcase_add_loop_test(c, same_phases_for_any_tolerance_and_method, 0, N_SETS);
    tcase_add_loop_test(c, shift_at_a_coarse_tolerance, 0, N_SETS);
    tcase_add_loop_test(c, same_phases_for_any_output_grid, 0, N_SETS);
    tcase_add_loop_test(c, same_phases_in_other_units, 0, N_SETS);
    tcase_add_loop_test(c, same_phases_for_any_reasonable_contrast, 0, N_SETS + 1);
    tcase_add_loop_test(c, contributions_sum_to_the_change, 0, sizeof five_phase_files / sizeof five_phase_files[0]);
    tcase_add_loop_test(c, a_cause_that_is_switched_off_is_gone, 0, sizeof switched_off / sizeof switched_off[0]);
    tcase_add_test(c, phases_that_hang_on_one_parameter);
    tcase_add_loop_test(c, lags_are_measured, 0, N_SETS);
    tcase_add_loop_test(c, without_interventions_the_system_is_autonomous, 0, N_SETS);
    tcase_add_test(c, interventions_have_dates);
    tcase_add_test(c, interventions_act_only_after_their_start);
    tcase_add_test(c, interventions_are_smooth);
    tcase_add_test(c, growth_is_that_of_output_while_elasticities_move);
    tcase_add_test(c, solow_ends_on_its_balanced_path);
    tcase_add_test(c, jones_ends_on_its_balanced_path);
    tcase_add_test(c, kremer_blows_up);
    tcase_add_test(c, hyperbola_blows_up);
    tcase_add_test(c, automation_scenarios);
    suite_add_tcase(suite, c);
    return testing_main(suite);
}
