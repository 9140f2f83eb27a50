#include "models/stpk.h"

#include <math.h>

/* ln(e^a + e^b) */
static double log_sum(double a, double b)
{
    double high = fmax(a, b);
    return isinf(high) ? high : high + log1p(exp(-fabs(a - b)));
}

double stpk_logistic_fall(double z)
{
    return z > 0 ? exp(-z) / (1 + exp(-z)) : 1 / (1 + exp(z));
}

/* ln CES(e^a, e^b) with equal weights, and the elasticity share of the first */
static double log_ces(double rho, double a, double b, double *share)
{
    *share = stpk_logistic_fall(rho * (b - a));
    return (log_sum(rho * a, rho * b) - log(2)) / rho;
}

double stpk_birth_rate(const double *p, double log_income, double *slope)
{
    double z = p[BIRTHS_EXPONENT] * (log_income - log(p[BIRTHS_INCOME]));
    double low = stpk_logistic_fall(z), range = p[BIRTHS_CEILING] - p[BIRTHS_FLOOR];
    if (slope)
        *slope = -range * p[BIRTHS_EXPONENT] * low * (1 - low);
    return p[BIRTHS_FLOOR] + range * low;
}

static void set_demography(const double *p, const double *x, struct stpk_parts *q)
{
    q->births = stpk_birth_rate(p, q->log_income, &q->births_slope);
    double range = p[BIRTHS_START] - p[DEATHS_FLOOR], f = p[STARVATION_SHARE];
    double starvation = range * f * exp(-p[STARVATION_EXPONENT] * (q->log_income - log(p[MALTHUSIAN_INCOME])));
    double log_m = log(p[DISEASE_SCIENCE]), k = p[DISEASE_EXPONENT];
    double low = stpk_logistic_fall(k * (x[S] - log_m)), disease = range * (1 - f) * (1 + exp(-k * log_m)) * low;
    q->deaths = p[DEATHS_FLOOR] + starvation + disease;
    q->deaths_slope = -p[STARVATION_EXPONENT] * starvation;
    q->deaths_by_science = -k * disease * (1 - low);
}

static void set_intelligence(const double *p, const double *x, struct stpk_parts *q)
{
    double needed = p[SUBSISTENCE] * exp(-q->log_income), z = 1 - needed, eps = p[SURPLUS_SMOOTHING];
    double root = sqrt(z * z + eps * eps);
    /* for z < 0 the sum cancels; the conjugate form does not */
    q->surplus = z > 0 ? 0.5 * (z + root) : 0.5 * eps * eps / (root - z);
    q->surplus_slope = needed / root; /* (1 + z/root)/2 / u = 1/root */
    q->log_people = x[P] + p[SURPLUS_EXPONENT] * log(q->surplus);
    q->log_machines = log(p[MACHINE_EFFICIENCY]) + p[MACHINE_EXPONENT] * x[T] + x[K];
    q->log_intelligence = log_sum(q->log_people, q->log_machines);
    q->human_share = exp(q->log_people - q->log_intelligence);
}

int stpk_evaluate(const double *p, const double *x, struct stpk_parts *q)
{
    for (int i = 0; i < N_STATES; i++)
        if (!(fabs(x[i]) < 600))
            return 1;
    double alpha = p[CAPITAL_SHARE];
    q->log_output = p[LOG_SCALE] + x[T] + alpha * x[K] + (1 - alpha - p[LAND_SHARE]) * x[P];
    q->log_income = log(1000) + q->log_output - x[P];
    set_intelligence(p, x, q);
    set_demography(p, x, q);
    double rho = p[SUBSTITUTION];
    q->log_science = log_ces(rho, q->log_intelligence, log(p[INSTRUMENT_SUPPLY]) + x[K], &q->science_share);
    q->log_technology = log_ces(rho, q->log_intelligence, log(p[SCIENCE_SUPPLY]) + x[S], &q->tech_share);
    q->gross_investment = p[SAVING_RATE] * exp(q->log_output - x[K]);
    q->rate[S] = p[SCIENCE_RATE] * exp(p[SCIENCE_PARALLEL] * q->log_science + (p[SCIENCE_RETURNS] - 1) * x[S]);
    q->rate[T] =
        p[TECHNOLOGY_RATE] * exp(p[TECHNOLOGY_PARALLEL] * q->log_technology + (p[TECHNOLOGY_RETURNS] - 1) * x[T]);
    q->rate[P] = q->births - q->deaths;
    q->rate[K] = q->gross_investment * (1 - p[CHILD_COST] * q->births) - p[DEPRECIATION];
    for (int i = 0; i < N_STATES; i++)
        if (!isfinite(q->rate[i]))
            return 1;
    return 0;
}

enum status stpk_derive(double *p, struct error *e)
{
    double alpha = p[CAPITAL_SHARE], xi = p[LAND_SHARE];
    if (alpha + xi >= 1)
        return error_set(e, STATUS_BAD_INPUT, "capital_share + land_share is %g: together they must stay below 1",
                         alpha + xi);
    if (p[BIRTHS_CEILING] < p[BIRTHS_FLOOR])
        return error_set(e, STATUS_BAD_INPUT, "births_ceiling %g is below births_floor %g", p[BIRTHS_CEILING],
                         p[BIRTHS_FLOOR]);
    double log_income = log(p[MALTHUSIAN_INCOME]);
    p[BIRTHS_START] = stpk_birth_rate(p, log_income, NULL);
    if (p[CHILD_COST] * p[BIRTHS_START] > 0.97)
        return error_set(e, STATUS_BAD_INPUT,
                         "child_cost %g leaves no saving at the start: child_cost x births (%.4g) must be at most 0.97",
                         p[CHILD_COST], p[BIRTHS_START]);
    if (p[BIRTHS_START] <= p[DEATHS_FLOOR])
        return error_set(e, STATUS_BAD_INPUT, "deaths_floor %g is not below the birth rate at the start, %.4g",
                         p[DEATHS_FLOOR], p[BIRTHS_START]);
    double log_people = log(p[INITIAL_POPULATION]), log_output = log_income - log(1000) + log_people;
    double saving = p[SAVING_RATE] * (1 - p[CHILD_COST] * p[BIRTHS_START]);
    p[LOG_CAPITAL_START] = log(saving / p[DEPRECIATION]) + log_output;
    p[LOG_SCALE] = log_output - alpha * p[LOG_CAPITAL_START] - (1 - alpha - xi) * log_people;
    return STATUS_OK;
}

enum status stpk_steady_state(const double *p, double *x, struct error *e)
{
    (void)e;
    x[S] = x[T] = 0;
    x[P] = log(p[INITIAL_POPULATION]);
    x[K] = p[LOG_CAPITAL_START];
    return STATUS_OK;
}

int stpk_rhs(const double *p, const double *x, double *f)
{
    struct stpk_parts q;
    int code = stpk_evaluate(p, x, &q);
    for (int i = 0; i < N_STATES && !code; i++)
        f[i] = q.rate[i];
    return code;
}

/* d ln y/dx */
static void income_gradient(const double *p, double *dy)
{
    dy[S] = 0;
    dy[T] = 1;
    dy[P] = -p[CAPITAL_SHARE] - p[LAND_SHARE];
    dy[K] = p[CAPITAL_SHARE];
}

int stpk_jacobian(const double *p, const double *x, double *jac)
{
    struct stpk_parts q;
    int code = stpk_evaluate(p, x, &q);
    if (code)
        return code;
    double dy[N_STATES];
    income_gradient(p, dy);
    for (int j = 0; j < N_STATES; j++) {
        double people = p[SURPLUS_EXPONENT] * q.surplus_slope * dy[j] + (j == P);
        double machines = p[MACHINE_EXPONENT] * (j == T) + (j == K);
        double minds = q.human_share * people + (1 - q.human_share) * machines; /* d ln N */
        double science = p[SCIENCE_PARALLEL] * (q.science_share * minds + (1 - q.science_share) * (j == K)) +
                         (p[SCIENCE_RETURNS] - 1) * (j == S);
        double technology = p[TECHNOLOGY_PARALLEL] * (q.tech_share * minds + (1 - q.tech_share) * (j == S)) +
                            (p[TECHNOLOGY_RETURNS] - 1) * (j == T);
        double births = q.births_slope * dy[j], deaths = q.deaths_slope * dy[j] + q.deaths_by_science * (j == S);
        double output_capital = dy[j] + (j == P) - (j == K); /* d ln(Y/K) */
        jac[S * N_STATES + j] = q.rate[S] * science;
        jac[T * N_STATES + j] = q.rate[T] * technology;
        jac[P * N_STATES + j] = births - deaths;
        jac[K * N_STATES + j] =
            q.gross_investment * ((1 - p[CHILD_COST] * q.births) * output_capital - p[CHILD_COST] * births);
    }
    return 0;
}

double stpk_log_output(const double *p, const double *x, double *c)
{
    double alpha = p[CAPITAL_SHARE], people = 1 - alpha - p[LAND_SHARE];
    if (c) {
        c[S] = 0;
        c[T] = 1;
        c[P] = people;
        c[K] = alpha;
    }
    return p[LOG_SCALE] + x[T] + alpha * x[K] + people * x[P];
}

void stpk_observe(const double *p, const double *x, double *out)
{
    struct stpk_parts q;
    if (stpk_evaluate(p, x, &q)) {
        for (int i = 0; i < N_OUTPUTS; i++)
            out[i] = NAN;
        return;
    }
    out[OUTPUT] = exp(q.log_output);
    out[INCOME] = exp(q.log_income);
    out[POPULATION_GROWTH] = q.rate[P];
    out[BIRTHS] = q.births;
    out[DEATHS] = q.deaths;
    out[SAVING] = p[SAVING_RATE] * (1 - p[CHILD_COST] * q.births);
    out[CAPITAL_OUTPUT] = exp(x[K] - q.log_output);
    out[SURPLUS] = q.surplus;
    out[INTELLIGENCE] = exp(q.log_intelligence);
    out[MACHINE_SHARE] = exp(q.log_machines - q.log_intelligence);
    out[SCIENCE_GROWTH] = q.rate[S];
    out[TECHNOLOGY_GROWTH] = q.rate[T];
    out[MACHINE_RATIO] = exp(q.log_machines - q.log_people);
    out[MACHINE_PROGRESS] = p[MACHINE_EXPONENT] * q.rate[T];
    out[RESEARCH_FEEDBACK] = p[SCIENCE_PARALLEL] * p[TECHNOLOGY_PARALLEL] /
                             ((1 - p[SCIENCE_RETURNS]) * (1 - p[TECHNOLOGY_RETURNS]) * (1 - p[CAPITAL_SHARE]));
}

void stpk_shares(const double *p, const double *x, double *share)
{
    struct stpk_parts q;
    double *minds = share + INTELLIGENCE_FLOW * MODEL_MAX_INPUTS, *science = share + SCIENCE_FLOW * MODEL_MAX_INPUTS,
           *technology = share + TECHNOLOGY_FLOW * MODEL_MAX_INPUTS;
    for (int i = 0; i < N_FLOWS * MODEL_MAX_INPUTS; i++)
        share[i] = 0;
    if (stpk_evaluate(p, x, &q)) {
        minds[1] = science[0] = technology[0] = 1;
        return;
    }
    /* intelligence N = P u^theta + A: elasticities to income through the surplus, to heads, to machines */
    double surplus = q.human_share * p[SURPLUS_EXPONENT] * q.surplus_slope, sum = surplus + 1;
    minds[0] = surplus / sum;
    minds[1] = q.human_share / sum;
    minds[2] = (1 - q.human_share) / sum;
    science[0] = q.science_share;
    science[1] = 1 - q.science_share;
    technology[0] = q.tech_share;
    technology[1] = 1 - q.tech_share;
}

int stpk_growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    struct stpk_parts q;
    int code = stpk_evaluate(p, x, &q);
    if (code)
        return code;
    double alpha = p[CAPITAL_SHARE], people = 1 - alpha - p[LAND_SHARE];
    double output = f[T] + alpha * f[K] + people * f[P], income = output - f[P];
    double by_minds = q.rate[T] * p[TECHNOLOGY_PARALLEL] * q.tech_share;
    double births = q.births_slope * income;
    rate[BY_SURPLUS] = by_minds * q.human_share * p[SURPLUS_EXPONENT] * q.surplus_slope * income;
    rate[BY_POPULATION] = by_minds * q.human_share * f[P];
    rate[BY_MACHINES] = by_minds * (1 - q.human_share) * (p[MACHINE_EXPONENT] * f[T] + f[K]);
    rate[BY_SCIENCE] = q.rate[T] * p[TECHNOLOGY_PARALLEL] * (1 - q.tech_share) * f[S];
    rate[BY_HARDER_IDEAS] = q.rate[T] * (p[TECHNOLOGY_RETURNS] - 1) * f[T];
    rate[BY_FREED_SAVING] = -alpha * q.gross_investment * p[CHILD_COST] * births;
    rate[BY_CAPITAL] = alpha * q.gross_investment * (1 - p[CHILD_COST] * q.births) * (output - f[K]);
    rate[BY_BIRTHS] = people * births;
    rate[BY_DEATHS] = -people * (q.deaths_slope * income + q.deaths_by_science * f[S]);
    return 0;
}
