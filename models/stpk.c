/* stpk: science, technology, population, capital. See docs/model-stpk.md for the story; the table below is what
 * `gears models stpk` prints. */
#include "models/model.h"

#include <math.h>

enum { S, T, P, K, N_STATES };

enum {
    CAPITAL_SHARE,
    LAND_SHARE,
    SUBSISTENCE,
    MALTHUSIAN_INCOME,
    STARVATION_EXPONENT,
    STARVATION_SHARE,
    DISEASE_SCIENCE,
    DISEASE_EXPONENT,
    BIRTHS_FLOOR,
    BIRTHS_CEILING,
    BIRTHS_INCOME,
    BIRTHS_EXPONENT,
    DEATHS_FLOOR,
    SAVING_RATE,
    CHILD_COST,
    DEPRECIATION,
    SCIENCE_RATE,
    SCIENCE_RETURNS,
    SCIENCE_PARALLEL,
    TECHNOLOGY_RATE,
    TECHNOLOGY_RETURNS,
    TECHNOLOGY_PARALLEL,
    SURPLUS_EXPONENT,
    SURPLUS_SMOOTHING,
    INSTRUMENT_SUPPLY,
    SCIENCE_SUPPLY,
    MACHINE_EXPONENT,
    MACHINE_EFFICIENCY,
    SUBSTITUTION,
    INITIAL_POPULATION,
    N_PARAMS,
    /* derived */
    LOG_SCALE = N_PARAMS, /* ln A0 */
    BIRTHS_START,         /* b* = b(y*) */
    LOG_CAPITAL_START,    /* ln K0 */
    N_ALL
};

static const struct model_state states[N_STATES] = {
    [S] = {"S", "index, 1 at the start", "science", 1},
    [T] = {"T", "index, 1 at the start", "technology", 1},
    [P] = {"P", "million persons", "population", 2.51},
    [K] = {"K", "billion 1990 int$", "capital", NAN},
};

static const struct param params[N_PARAMS] = {
    [CAPITAL_SHARE] = {"capital_share", "alpha", "", 0.256, 0.01, 0.9, "elasticity of output to capital"},
    [LAND_SHARE] = {"land_share", "xi", "", 0.387, 0, 0.9, "elasticity of output to fixed land"},
    [SUBSISTENCE] = {"subsistence", "c_s", "1990 int$ per person and year", 521, 1, 1e5,
                     "income needed to live; what is above it is the labour surplus"},
    [MALTHUSIAN_INCOME] = {"malthusian_income", "y*", "1990 int$ per person and year", 598, 1, 1e5,
                           "income at which births equal deaths at the start"},
    [STARVATION_EXPONENT] = {"starvation_exponent", "nu", "", 0.652, 0, 20, "fall of starvation with income"},
    [STARVATION_SHARE] = {"starvation_share", "f", "", 1, 0, 1,
                          "share of starvation in the deaths above the floor at the start; the rest is disease"},
    [DISEASE_SCIENCE] = {"disease_science", "S_m", "index", 1e6, 1e-6, 1e12, "science at which disease is halved"},
    [DISEASE_EXPONENT] = {"disease_exponent", "k", "", 1, 0, 50, "steepness of the fall of disease with science"},
    [BIRTHS_FLOOR] = {"births_floor", "b_min", "1/year", 0.011, 0, 0.1, "birth rate of the very rich"},
    [BIRTHS_CEILING] = {"births_ceiling", "b_max", "1/year", 0.0316, 0, 0.1, "birth rate of the very poor"},
    [BIRTHS_INCOME] = {"births_income", "y_b", "1990 int$ per person and year", 3400, 1, 1e7,
                       "income at which births are halfway between ceiling and floor"},
    [BIRTHS_EXPONENT] = {"births_exponent", "gam", "", 7, 0, 50, "steepness of the fall of births with income"},
    [DEATHS_FLOOR] = {"deaths_floor", "d_min", "1/year", 0.00702, 0, 0.1, "death rate of the very rich"},
    [SAVING_RATE] = {"saving_rate", "sig", "", 0.236, 0.001, 0.99, "share of output saved if there were no children"},
    [CHILD_COST] = {"child_cost", "kap", "years", 27, 0, 200,
                    "share of saving given up per unit of the birth rate: children are consumption"},
    [DEPRECIATION] = {"depreciation", "delta", "1/year", 0.05, 1e-4, 1, "wear of capital"},
    [SCIENCE_RATE] = {"science_rate", "aS", "1/year", 0.000613, 0, 10, "pace of science"},
    [SCIENCE_RETURNS] = {"science_returns", "phiS", "", 0.536, -20, 1.5, "returns of science to itself"},
    [SCIENCE_PARALLEL] = {"science_parallel", "lamS", "", 1, 0, 2, "returns of science to its inputs"},
    [TECHNOLOGY_RATE] = {"technology_rate", "aT", "1/year", 0.0142068317, 0, 10,
                         "pace of technology; dates everything"},
    [TECHNOLOGY_RETURNS] = {"technology_returns", "phiT", "", -0.41, -20, 1.5, "returns of technology to itself"},
    [TECHNOLOGY_PARALLEL] = {"technology_parallel", "lamT", "", 0.973, 0, 2, "returns of technology to its inputs"},
    [SURPLUS_EXPONENT] = {"surplus_exponent", "theta", "", 3.53, 0, 20,
                          "how strongly intelligence grows with the labour surplus"},
    [SURPLUS_SMOOTHING] = {"surplus_smoothing", "eps", "", 0.05, 1e-4, 1, "width of the smooth corner in the surplus"},
    [INSTRUMENT_SUPPLY] = {"instrument_supply", "q", "million persons per billion int$", 0.0734, 1e-12, 1e12,
                           "instruments per unit of capital, in units of intelligence"},
    [SCIENCE_SUPPLY] = {"science_supply", "s", "million persons", 12.4, 1e-12, 1e12,
                        "technology that a unit of science allows, in units of intelligence"},
    [MACHINE_EXPONENT] = {"machine_exponent", "zeta", "", 3.69, 0, 20,
                          "machine intelligence per capital rises as T^zeta"},
    [MACHINE_EFFICIENCY] = {"machine_efficiency", "eta", "million persons per billion int$", 4.42e-11, 0, 1e6,
                            "machine intelligence per unit of capital at T = 1"},
    [SUBSTITUTION] = {"substitution", "rho", "", -3, -60, -0.05, "CES exponent: inputs of research are complements"},
    [INITIAL_POPULATION] = {"initial_population", "P0", "million persons", 2.51, 1e-6, 1e6, "population at the start"},
};

static const struct model_output outputs[] = {
    {"Y", "billion 1990 int$", "output"},
    {"y", "1990 int$ per person", "income per head"},
    {"population_growth", "1/year", "growth rate of population"},
    {"births", "1/year", "birth rate"},
    {"deaths", "1/year", "death rate"},
    {"saving", "1", "saving as a share of output"},
    {"capital_output", "years of output", "capital-output ratio"},
    {"surplus", "1", "labour surplus u"},
    {"intelligence", "million persons", "total intelligence N"},
    {"machine_share", "1", "machines' share of intelligence"},
    {"science_growth", "1/year", "growth rate of science"},
    {"technology_growth", "1/year", "growth rate of technology"},
};

enum { INTELLIGENCE_FLOW, SCIENCE_FLOW, TECHNOLOGY_FLOW, N_FLOWS };
static const struct model_flow flows[N_FLOWS] = {
    [INTELLIGENCE_FLOW] = {"intelligence", "minds for research", 3, {"labour surplus", "population", "machines"}},
    [SCIENCE_FLOW] = {"science", "growth of science", 2, {"intelligence", "instruments"}},
    [TECHNOLOGY_FLOW] = {"technology", "growth of technology", 2, {"intelligence", "science"}},
};

enum {
    BY_SURPLUS,
    BY_POPULATION,
    BY_MACHINES,
    BY_SCIENCE,
    BY_HARDER_IDEAS,
    BY_FREED_SAVING,
    BY_CAPITAL,
    BY_BIRTHS,
    BY_DEATHS,
    N_DRIVERS
};
static const char *const drivers[N_DRIVERS] = {
    [BY_SURPLUS] = "technology: labour surplus",
    [BY_POPULATION] = "technology: population",
    [BY_MACHINES] = "technology: machines",
    [BY_SCIENCE] = "technology: science",
    [BY_HARDER_IDEAS] = "technology: ideas get harder to find",
    [BY_FREED_SAVING] = "capital: saving freed by fewer births",
    [BY_CAPITAL] = "capital: output per unit of capital",
    [BY_BIRTHS] = "people: births",
    [BY_DEATHS] = "people: deaths",
};

/* Everything that several evaluators need at one state. */
struct parts {
    double log_output, log_income;
    double surplus, surplus_slope; /* u, d ln u/d ln y */
    double log_people, log_machines, log_intelligence;
    double human_share;                             /* H/N */
    double science_share, tech_share;               /* eS, eT: elasticity share of intelligence */
    double births, births_slope;                    /* b, db/d ln y */
    double deaths, deaths_slope, deaths_by_science; /* d, dd/d ln y, dd/d ln S */
    double gross_investment;                        /* sig Y/K */
    double rate[N_STATES];                          /* f */
};

/* ln(e^a + e^b) */
static double log_sum(double a, double b)
{
    double high = fmax(a, b);
    return isinf(high) ? high : high + log1p(exp(-fabs(a - b)));
}

/* 1/(1 + e^z) */
static double logistic_fall(double z)
{
    return z > 0 ? exp(-z) / (1 + exp(-z)) : 1 / (1 + exp(z));
}

/* ln CES(e^a, e^b) with equal weights, and the elasticity share of the first */
static double log_ces(double rho, double a, double b, double *share)
{
    *share = logistic_fall(rho * (b - a));
    return (log_sum(rho * a, rho * b) - log(2)) / rho;
}

static double birth_rate(const double *p, double log_income, double *slope)
{
    double z = p[BIRTHS_EXPONENT] * (log_income - log(p[BIRTHS_INCOME]));
    double low = logistic_fall(z), range = p[BIRTHS_CEILING] - p[BIRTHS_FLOOR];
    if (slope)
        *slope = -range * p[BIRTHS_EXPONENT] * low * (1 - low);
    return p[BIRTHS_FLOOR] + range * low;
}

static void set_demography(const double *p, const double *x, struct parts *q)
{
    q->births = birth_rate(p, q->log_income, &q->births_slope);
    double range = p[BIRTHS_START] - p[DEATHS_FLOOR], f = p[STARVATION_SHARE];
    double starvation = range * f * exp(-p[STARVATION_EXPONENT] * (q->log_income - log(p[MALTHUSIAN_INCOME])));
    double log_m = log(p[DISEASE_SCIENCE]), k = p[DISEASE_EXPONENT];
    double low = logistic_fall(k * (x[S] - log_m)), disease = range * (1 - f) * (1 + exp(-k * log_m)) * low;
    q->deaths = p[DEATHS_FLOOR] + starvation + disease;
    q->deaths_slope = -p[STARVATION_EXPONENT] * starvation;
    q->deaths_by_science = -k * disease * (1 - low);
}

static void set_intelligence(const double *p, const double *x, struct parts *q)
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

static int evaluate(const double *p, const double *x, struct parts *q)
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
    double science = log_ces(rho, q->log_intelligence, log(p[INSTRUMENT_SUPPLY]) + x[K], &q->science_share);
    double technology = log_ces(rho, q->log_intelligence, log(p[SCIENCE_SUPPLY]) + x[S], &q->tech_share);
    q->gross_investment = p[SAVING_RATE] * exp(q->log_output - x[K]);
    q->rate[S] = p[SCIENCE_RATE] * exp(p[SCIENCE_PARALLEL] * science + (p[SCIENCE_RETURNS] - 1) * x[S]);
    q->rate[T] = p[TECHNOLOGY_RATE] * exp(p[TECHNOLOGY_PARALLEL] * technology + (p[TECHNOLOGY_RETURNS] - 1) * x[T]);
    q->rate[P] = q->births - q->deaths;
    q->rate[K] = q->gross_investment * (1 - p[CHILD_COST] * q->births) - p[DEPRECIATION];
    for (int i = 0; i < N_STATES; i++)
        if (!isfinite(q->rate[i]))
            return 1;
    return 0;
}

static enum status derive(double *p, struct error *e)
{
    double alpha = p[CAPITAL_SHARE], xi = p[LAND_SHARE];
    if (alpha + xi >= 1)
        return error_set(e, STATUS_BAD_INPUT, "capital_share + land_share is %g: together they must stay below 1",
                         alpha + xi);
    if (p[BIRTHS_CEILING] < p[BIRTHS_FLOOR])
        return error_set(e, STATUS_BAD_INPUT, "births_ceiling %g is below births_floor %g", p[BIRTHS_CEILING],
                         p[BIRTHS_FLOOR]);
    double log_income = log(p[MALTHUSIAN_INCOME]);
    p[BIRTHS_START] = birth_rate(p, log_income, NULL);
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

static enum status steady_state(const double *p, double *x, struct error *e)
{
    (void)e;
    x[S] = x[T] = 0;
    x[P] = log(p[INITIAL_POPULATION]);
    x[K] = p[LOG_CAPITAL_START];
    return STATUS_OK;
}

static int rhs(const double *p, const double *x, double *f)
{
    struct parts q;
    int code = evaluate(p, x, &q);
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

static int jacobian(const double *p, const double *x, double *jac)
{
    struct parts q;
    int code = evaluate(p, x, &q);
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

static double log_output(const double *p, const double *x, double *c)
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

static void observe(const double *p, const double *x, double *out)
{
    struct parts q;
    if (evaluate(p, x, &q)) {
        for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
            out[i] = NAN;
        return;
    }
    *out++ = exp(q.log_output);
    *out++ = exp(q.log_income);
    *out++ = q.rate[P];
    *out++ = q.births;
    *out++ = q.deaths;
    *out++ = p[SAVING_RATE] * (1 - p[CHILD_COST] * q.births);
    *out++ = exp(x[K] - q.log_output);
    *out++ = q.surplus;
    *out++ = exp(q.log_intelligence);
    *out++ = 1 - q.human_share;
    *out++ = q.rate[S];
    *out++ = q.rate[T];
}

static void shares(const double *p, const double *x, double *share)
{
    struct parts q;
    double *minds = share + INTELLIGENCE_FLOW * MODEL_MAX_INPUTS, *science = share + SCIENCE_FLOW * MODEL_MAX_INPUTS,
           *technology = share + TECHNOLOGY_FLOW * MODEL_MAX_INPUTS;
    for (int i = 0; i < N_FLOWS * MODEL_MAX_INPUTS; i++)
        share[i] = 0;
    if (evaluate(p, x, &q)) {
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

static int growth_drivers(const double *p, const double *x, const double *f, double *rate)
{
    struct parts q;
    int code = evaluate(p, x, &q);
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

const struct model model_stpk = {
    .name = "stpk",
    .title = "science, technology, population and capital: five growth phases out of one smooth system",
    .equations = "Y = A0 T K^alpha P^(1-alpha-xi);  y = 1000 Y/P\n"
                 "z = 1 - c_s/y;  u = (z + sqrt(z^2 + eps^2))/2                 labour surplus\n"
                 "H = P u^theta;  A = eta T^zeta K;  N = H + A                  people, machines, intelligence\n"
                 "CES(a, b) = (a^rho/2 + b^rho/2)^(1/rho)\n"
                 "S'/S = aS CES(N, q K)^lamS S^(phiS-1)                         science: minds and instruments\n"
                 "T'/T = aT CES(N, s S)^lamT T^(phiT-1)                         technology: minds and science\n"
                 "b = b_min + (b_max - b_min)/(1 + (y/y_b)^gam);  b* = b(y*)\n"
                 "d = d_min + (b* - d_min) [f (y*/y)^nu + (1-f) (1 + S_m^-k)/(1 + (S/S_m)^k)]\n"
                 "P'/P = b - d\n"
                 "K'/K = sig (1 - kap b) Y/K - delta\n"
                 "start (steady_state): S = T = 1, P = P0, y = y*, K' = 0, which fixes A0",
    .references = "gears: docs/model-stpk.md (equations and parameters of this project)\n"
                  "labour surplus and population-driven ideas: M. Kremer, Q. J. Econ. 108 (1993) 681-716\n"
                  "semi-endogenous ideas: C. I. Jones, J. Polit. Econ. 103 (1995) 759-784\n"
                  "fertility and growth: O. Galor and D. N. Weil, Am. Econ. Rev. 90 (2000) 806-828\n"
                  "machines as researchers: P. Aghion, B. F. Jones and C. I. Jones, NBER WP 23928 (2017)",
    .states = states,
    .n_states = N_STATES,
    .params = params,
    .n_params = N_PARAMS,
    .n_derived = N_ALL - N_PARAMS,
    .outputs = outputs,
    .n_outputs = sizeof outputs / sizeof outputs[0],
    .flows = flows,
    .n_flows = N_FLOWS,
    .drivers = drivers,
    .n_drivers = N_DRIVERS,
    .derive = derive,
    .steady_state = steady_state,
    .rhs = rhs,
    .jacobian = jacobian,
    .log_output = log_output,
    .observe = observe,
    .shares = shares,
    .growth_drivers = growth_drivers,
};
