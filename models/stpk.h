/* stpk's equations: indices, and what its files share. models/stpk.c has the tables, stpk_equations.c the evaluators,
 * stpk_derivatives.c the derivatives. */
#ifndef GEARS_MODELS_STPK_H
#define GEARS_MODELS_STPK_H

#include "models/model.h"

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

enum { INTELLIGENCE_FLOW, SCIENCE_FLOW, TECHNOLOGY_FLOW, N_FLOWS };

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

enum {
    OUTPUT,
    INCOME,
    POPULATION_GROWTH,
    BIRTHS,
    DEATHS,
    SAVING,
    CAPITAL_OUTPUT,
    SURPLUS,
    INTELLIGENCE,
    MACHINE_SHARE,
    SCIENCE_GROWTH,
    TECHNOLOGY_GROWTH,
    MACHINE_RATIO,
    MACHINE_PROGRESS,
    RESEARCH_FEEDBACK,
    N_OUTPUTS
};

/* Everything that several evaluators need at one state. */
struct stpk_parts {
    double log_output, log_income;
    double surplus, surplus_slope; /* u, d ln u/d ln y */
    double log_people, log_machines, log_intelligence;
    double human_share;                             /* H/N */
    double science_share, tech_share;               /* eS, eT: elasticity share of intelligence */
    double births, births_slope;                    /* b, db/d ln y */
    double deaths, deaths_slope, deaths_by_science; /* d, dd/d ln y, dd/d ln S */
    double gross_investment;                        /* sig Y/K */
    double log_science, log_technology;             /* logarithms of the CES means */
    double rate[N_STATES];                          /* f */
};

/* Everything at one state; > 0 outside the domain. */
int stpk_evaluate(const double *p, const double *x, struct stpk_parts *q);
/* The births of people with that income; slope (may be NULL): by ln income. */
double stpk_birth_rate(const double *p, double log_income, double *slope);
/* 1/(1 + e^z) */
double stpk_logistic_fall(double z);

enum status stpk_derive(double *p, struct error *e);
enum status stpk_steady_state(const double *p, double *x, struct error *e);
int stpk_rhs(const double *p, const double *x, double *f);
int stpk_jacobian(const double *p, const double *x, double *jac);
double stpk_log_output(const double *p, const double *x, double *c);
void stpk_observe(const double *p, const double *x, double *out);
void stpk_shares(const double *p, const double *x, double *share);
int stpk_growth_drivers(const double *p, const double *x, const double *f, double *rate);

int stpk_parameter_jacobian(const double *p, const double *x, double *jac);
int stpk_observe_gradient(const double *p, const double *x, double *by_state, double *by_parameter);
void stpk_derive_gradient(const double *p, double *gradient);
void stpk_steady_state_gradient(const double *p, double *gradient);

#endif
