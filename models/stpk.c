/* stpk: science, technology, population, capital. See docs/model-stpk.md for the story; the table below is what
 * `gears models stpk` prints. */
#include "models/stpk.h"

#include <math.h>

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
    [MACHINE_EXPONENT] = {"machine_exponent", "zeta", "", 3.69, 0, 1000,
                          "machine intelligence per capital rises as T^zeta"},
    [MACHINE_EFFICIENCY] = {"machine_efficiency", "eta", "million persons per billion int$", 4.42e-11, 0, 1e6,
                            "machine intelligence per unit of capital at T = 1"},
    [SUBSTITUTION] = {"substitution", "rho", "", -3, -60, -0.05, "CES exponent: inputs of research are complements"},
    [INITIAL_POPULATION] = {"initial_population", "P0", "million persons", 2.51, 1e-6, 1e6, "population at the start"},
};

static const struct model_output outputs[N_OUTPUTS] = {
    [OUTPUT] = {"Y", "billion 1990 int$", "output"},
    [INCOME] = {"y", "1990 int$ per person", "income per head"},
    [POPULATION_GROWTH] = {"population_growth", "1/year", "growth rate of population"},
    [BIRTHS] = {"births", "1/year", "birth rate"},
    [DEATHS] = {"deaths", "1/year", "death rate"},
    [SAVING] = {"saving", "1", "saving as a share of output"},
    [CAPITAL_OUTPUT] = {"capital_output", "years of output", "capital-output ratio"},
    [SURPLUS] = {"surplus", "1", "labour surplus u"},
    [INTELLIGENCE] = {"intelligence", "million persons", "total intelligence N"},
    [MACHINE_SHARE] = {"machine_share", "1", "machines' share of intelligence"},
    [SCIENCE_GROWTH] = {"science_growth", "1/year", "growth rate of science"},
    [TECHNOLOGY_GROWTH] = {"technology_growth", "1/year", "growth rate of technology"},
    [MACHINE_RATIO] = {"machine_ratio", "1", "machine over human intelligence, A/H"},
    [MACHINE_PROGRESS] = {"machine_progress", "1/year", "growth rate of machine intelligence per unit of capital, A/K"},
    [RESEARCH_FEEDBACK] = {"research_feedback", "1",
                           "Gamma = lamS lamT/((1-phiS)(1-phiT)(1-alpha)): machines that do research run away above 1"},
};

static const struct model_flow flows[N_FLOWS] = {
    [INTELLIGENCE_FLOW] = {"intelligence", "minds for research", 3, {"labour surplus", "population", "machines"}},
    [SCIENCE_FLOW] = {"science", "growth of science", 2, {"intelligence", "instruments"}},
    [TECHNOLOGY_FLOW] = {"technology", "growth of technology", 2, {"intelligence", "science"}},
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
    .n_outputs = N_OUTPUTS,
    .flows = flows,
    .n_flows = N_FLOWS,
    .drivers = drivers,
    .n_drivers = N_DRIVERS,
    .derive = stpk_derive,
    .steady_state = stpk_steady_state,
    .derive_gradient = stpk_derive_gradient,
    .steady_state_gradient = stpk_steady_state_gradient,
    .rhs = stpk_rhs,
    .jacobian = stpk_jacobian,
    .parameter_jacobian = stpk_parameter_jacobian,
    .log_output = stpk_log_output,
    .observe = stpk_observe,
    .observe_gradient = stpk_observe_gradient,
    .shares = stpk_shares,
    .growth_drivers = stpk_growth_drivers,
};
