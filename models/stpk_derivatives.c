/* Derivatives of stpk's equations along a direction (dp, dx): the differential of each line of stpk_equations.c, from
 * which every gradient is put together column by column. */
#include "models/stpk.h"

#include <math.h>
#include <string.h>

/* The differentials of what stpk_evaluate computes. */
struct differential {
    double log_output, log_income, log_surplus, log_intelligence, machine_share;
    double births, deaths, gross_investment, rate[N_STATES];
};

/* d of ln CES(e^a, e^b), of which `share` is a's elasticity share and `mean` the value */
static double ces_differential(double rho, double drho, double a, double b, double share, double mean, double da,
                               double db)
{
    return share * da + (1 - share) * db + drho * (share * a + (1 - share) * b - mean) / rho;
}

static double births_differential(const double *p, double log_income, const double *dp, double dlog_income)
{
    double above = log_income - log(p[BIRTHS_INCOME]), low = stpk_logistic_fall(p[BIRTHS_EXPONENT] * above);
    double dz = dp[BIRTHS_EXPONENT] * above + p[BIRTHS_EXPONENT] * (dlog_income - dp[BIRTHS_INCOME] / p[BIRTHS_INCOME]);
    return dp[BIRTHS_FLOOR] + (dp[BIRTHS_CEILING] - dp[BIRTHS_FLOOR]) * low -
           (p[BIRTHS_CEILING] - p[BIRTHS_FLOOR]) * low * (1 - low) * dz;
}

static void differentiate_deaths(const double *p, const double *x, const struct stpk_parts *q, const double *dp,
                                 const double *dx, struct differential *d)
{
    double range = p[BIRTHS_START] - p[DEATHS_FLOOR], f = p[STARVATION_SHARE], nu = p[STARVATION_EXPONENT];
    double drange = dp[BIRTHS_START] - dp[DEATHS_FLOOR], df = dp[STARVATION_SHARE];
    double above = q->log_income - log(p[MALTHUSIAN_INCOME]), hunger = exp(-nu * above);
    double dhunger = hunger * (-dp[STARVATION_EXPONENT] * above -
                               nu * (d->log_income - dp[MALTHUSIAN_INCOME] / p[MALTHUSIAN_INCOME]));
    double log_m = log(p[DISEASE_SCIENCE]), k = p[DISEASE_EXPONENT], dk = dp[DISEASE_EXPONENT];
    double dlog_m = dp[DISEASE_SCIENCE] / p[DISEASE_SCIENCE], low = stpk_logistic_fall(k * (x[S] - log_m));
    double start = exp(-k * log_m), dstart = -start * (dk * log_m + k * dlog_m);
    double dlow = -low * (1 - low) * (dk * (x[S] - log_m) + k * (dx[S] - dlog_m));
    d->deaths = dp[DEATHS_FLOOR] + (drange * f + range * df) * hunger + range * f * dhunger +
                (drange * (1 - f) - range * df) * (1 + start) * low +
                range * (1 - f) * (dstart * low + (1 + start) * dlow);
}

static void differentiate_intelligence(const double *p, const double *x, const struct stpk_parts *q, const double *dp,
                                       const double *dx, struct differential *d)
{
    double needed = p[SUBSISTENCE] * exp(-q->log_income), z = 1 - needed, eps = p[SURPLUS_SMOOTHING];
    double root = sqrt(z * z + eps * eps), dneeded = needed * (dp[SUBSISTENCE] / p[SUBSISTENCE] - d->log_income);
    d->log_surplus = -dneeded / root + dp[SURPLUS_SMOOTHING] * eps / (2 * root * q->surplus);
    double people = dx[P] + dp[SURPLUS_EXPONENT] * log(q->surplus) + p[SURPLUS_EXPONENT] * d->log_surplus;
    double machines = dp[MACHINE_EXPONENT] * x[T] + p[MACHINE_EXPONENT] * dx[T] + dx[K];
    /* A/(N eta): the machines' share of N per unit of eta, also where eta is 0 */
    double per_eta = exp(p[MACHINE_EXPONENT] * x[T] + x[K] - q->log_intelligence);
    d->log_intelligence = q->human_share * people + (1 - q->human_share) * machines + per_eta * dp[MACHINE_EFFICIENCY];
    d->machine_share = per_eta * (dp[MACHINE_EFFICIENCY] + p[MACHINE_EFFICIENCY] * (machines - d->log_intelligence));
}

static void differentiate_rates(const double *p, const double *x, const struct stpk_parts *q, const double *dp,
                                const double *dx, struct differential *d)
{
    double rho = p[SUBSTITUTION], drho = dp[SUBSTITUTION];
    double science =
        ces_differential(rho, drho, q->log_intelligence, log(p[INSTRUMENT_SUPPLY]) + x[K], q->science_share,
                         q->log_science, d->log_intelligence, dp[INSTRUMENT_SUPPLY] / p[INSTRUMENT_SUPPLY] + dx[K]);
    double technology =
        ces_differential(rho, drho, q->log_intelligence, log(p[SCIENCE_SUPPLY]) + x[S], q->tech_share,
                         q->log_technology, d->log_intelligence, dp[SCIENCE_SUPPLY] / p[SCIENCE_SUPPLY] + dx[S]);
    d->gross_investment =
        q->gross_investment * (d->log_output - dx[K]) + dp[SAVING_RATE] * q->gross_investment / p[SAVING_RATE];
    d->rate[S] = q->rate[S] * (dp[SCIENCE_PARALLEL] * q->log_science + p[SCIENCE_PARALLEL] * science +
                               dp[SCIENCE_RETURNS] * x[S] + (p[SCIENCE_RETURNS] - 1) * dx[S]);
    d->rate[T] = q->rate[T] * (dp[TECHNOLOGY_PARALLEL] * q->log_technology + p[TECHNOLOGY_PARALLEL] * technology +
                               dp[TECHNOLOGY_RETURNS] * x[T] + (p[TECHNOLOGY_RETURNS] - 1) * dx[T]);
    if (dp[SCIENCE_RATE] != 0)
        d->rate[S] += dp[SCIENCE_RATE] * exp(p[SCIENCE_PARALLEL] * q->log_science + (p[SCIENCE_RETURNS] - 1) * x[S]);
    if (dp[TECHNOLOGY_RATE] != 0)
        d->rate[T] +=
            dp[TECHNOLOGY_RATE] * exp(p[TECHNOLOGY_PARALLEL] * q->log_technology + (p[TECHNOLOGY_RETURNS] - 1) * x[T]);
    d->rate[P] = d->births - d->deaths;
    d->rate[K] = d->gross_investment * (1 - p[CHILD_COST] * q->births) -
                 q->gross_investment * (dp[CHILD_COST] * q->births + p[CHILD_COST] * d->births) - dp[DEPRECIATION];
}

static void differentiate(const double *p, const double *x, const struct stpk_parts *q, const double *dp,
                          const double *dx, struct differential *d)
{
    double alpha = p[CAPITAL_SHARE], people = 1 - alpha - p[LAND_SHARE];
    d->log_output = dp[LOG_SCALE] + dx[T] + dp[CAPITAL_SHARE] * x[K] + alpha * dx[K] -
                    (dp[CAPITAL_SHARE] + dp[LAND_SHARE]) * x[P] + people * dx[P];
    d->log_income = d->log_output - dx[P];
    differentiate_intelligence(p, x, q, dp, dx, d);
    d->births = births_differential(p, q->log_income, dp, d->log_income);
    differentiate_deaths(p, x, q, dp, dx, d);
    differentiate_rates(p, x, q, dp, dx, d);
}

int stpk_parameter_jacobian(const double *p, const double *x, double *jac)
{
    struct stpk_parts q;
    struct differential d;
    double dp[N_ALL] = {0};
    const double dx[N_STATES] = {0};
    int code = stpk_evaluate(p, x, &q);
    for (int j = 0; j < N_ALL && !code; j++) {
        dp[j] = 1;
        differentiate(p, x, &q, dp, dx, &d);
        dp[j] = 0;
        for (int i = 0; i < N_STATES; i++)
            jac[i * N_ALL + j] = d.rate[i];
    }
    return code;
}

/* d of what stpk_observe gives; the last output knows no state */
static void differentiate_outputs(const double *p, const struct stpk_parts *q, const double *dp, const double *dx,
                                  const struct differential *d, double *out)
{
    out[OUTPUT] = exp(q->log_output) * d->log_output;
    out[INCOME] = exp(q->log_income) * d->log_income;
    out[POPULATION_GROWTH] = d->rate[P];
    out[BIRTHS] = d->births;
    out[DEATHS] = d->deaths;
    out[SAVING] = dp[SAVING_RATE] * (1 - p[CHILD_COST] * q->births) -
                  p[SAVING_RATE] * (dp[CHILD_COST] * q->births + p[CHILD_COST] * d->births);
    out[CAPITAL_OUTPUT] = p[SAVING_RATE] / q->gross_investment * (dx[K] - d->log_output);
    out[SURPLUS] = q->surplus * d->log_surplus;
    out[INTELLIGENCE] = exp(q->log_intelligence) * d->log_intelligence;
    out[MACHINE_SHARE] = d->machine_share;
    out[SCIENCE_GROWTH] = d->rate[S];
    out[TECHNOLOGY_GROWTH] = d->rate[T];
    out[MACHINE_RATIO] = d->machine_share / (q->human_share * q->human_share);
    out[MACHINE_PROGRESS] = dp[MACHINE_EXPONENT] * q->rate[T] + p[MACHINE_EXPONENT] * d->rate[T];
    double science = 1 - p[SCIENCE_RETURNS], technology = 1 - p[TECHNOLOGY_RETURNS], labour = 1 - p[CAPITAL_SHARE];
    out[RESEARCH_FEEDBACK] =
        (dp[SCIENCE_PARALLEL] * p[TECHNOLOGY_PARALLEL] + p[SCIENCE_PARALLEL] * dp[TECHNOLOGY_PARALLEL] +
         p[SCIENCE_PARALLEL] * p[TECHNOLOGY_PARALLEL] *
             (dp[SCIENCE_RETURNS] / science + dp[TECHNOLOGY_RETURNS] / technology + dp[CAPITAL_SHARE] / labour)) /
        (science * technology * labour);
}

int stpk_observe_gradient(const double *p, const double *x, double *by_state, double *by_parameter)
{
    struct stpk_parts q;
    struct differential d;
    double dp[N_ALL] = {0}, dx[N_STATES] = {0}, out[N_OUTPUTS];
    int code = stpk_evaluate(p, x, &q);
    for (int j = 0; j < N_ALL + N_STATES && !code; j++) {
        bool is_state = j >= N_ALL;
        double *moved = is_state ? &dx[j - N_ALL] : &dp[j];
        *moved = 1;
        differentiate(p, x, &q, dp, dx, &d);
        differentiate_outputs(p, &q, dp, dx, &d, out);
        *moved = 0;
        for (int i = 0; i < N_OUTPUTS; i++)
            *(is_state ? &by_state[i * N_STATES + j - N_ALL] : &by_parameter[i * N_ALL + j]) = out[i];
    }
    return code;
}

/* d of what stpk_derive computes, along dp[0 .. N_PARAMS) */
static void differentiate_derived(const double *p, const double *dp, double *births, double *log_scale,
                                  double *log_capital)
{
    double alpha = p[CAPITAL_SHARE], log_people = log(p[INITIAL_POPULATION]);
    double income = dp[MALTHUSIAN_INCOME] / p[MALTHUSIAN_INCOME];
    double people = dp[INITIAL_POPULATION] / p[INITIAL_POPULATION];
    *births = births_differential(p, log(p[MALTHUSIAN_INCOME]), dp, income);
    double kept = 1 - p[CHILD_COST] * p[BIRTHS_START];
    double dkept = -dp[CHILD_COST] * p[BIRTHS_START] - p[CHILD_COST] * *births;
    *log_capital =
        dp[SAVING_RATE] / p[SAVING_RATE] + dkept / kept - dp[DEPRECIATION] / p[DEPRECIATION] + income + people;
    *log_scale = income + people - dp[CAPITAL_SHARE] * p[LOG_CAPITAL_START] - alpha * *log_capital +
                 (dp[CAPITAL_SHARE] + dp[LAND_SHARE]) * log_people - (1 - alpha - p[LAND_SHARE]) * people;
}

void stpk_derive_gradient(const double *p, double *gradient)
{
    double dp[N_ALL] = {0}, births, log_scale, log_capital;
    for (int j = 0; j < N_PARAMS; j++) {
        dp[j] = 1;
        differentiate_derived(p, dp, &births, &log_scale, &log_capital);
        dp[j] = 0;
        gradient[(BIRTHS_START - N_PARAMS) * N_PARAMS + j] = births;
        gradient[(LOG_SCALE - N_PARAMS) * N_PARAMS + j] = log_scale;
        gradient[(LOG_CAPITAL_START - N_PARAMS) * N_PARAMS + j] = log_capital;
    }
}

void stpk_steady_state_gradient(const double *p, double *gradient)
{
    memset(gradient, 0, (size_t)N_STATES * N_ALL * sizeof *gradient);
    gradient[P * N_ALL + INITIAL_POPULATION] = 1 / p[INITIAL_POPULATION];
    gradient[K * N_ALL + LOG_CAPITAL_START] = 1;
}
