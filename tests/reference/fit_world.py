#!/usr/bin/env python3
"""Find stpk's parameters for the world, 10,000 BCE to 2022: the numbers in scenarios/world.yaml.

    python3 tests/reference/fit_world.py --write scenarios/world.yaml          (about a quarter of an hour on two cores)

Needs NumPy, SciPy and Numba (Debian: python3-scipy python3-numba). Seeds are fixed and nothing depends on the clock: the same
machine finds the same parameters.

What is minimised: the mean squared log error of output (data/series/world_gdp_spliced.csv) plus that of population
(world_population.csv), from 10,000 BCE to 2022. Each point counts with the stretch of ln(2030 - year) it stands for, so that the
last 72 years, with a point each, weigh a third and not everything; before 1500, where levels are conjecture, an error counts
a third. The model is about growth, and levels alone fit a smooth curve through war and boom: so the mean growth between
eight benchmark years of the output series counts too. Weak priors on what these series do not see:
    births and deaths 1950-2020 (UN), capital-output ratio 1970-2019 (Penn World Table),
    machines equal people in 2045 (the data say next to nothing about it), machines below .28 of people in 2025,
    returns to research together above 1 (Gamma), so that phase 5 runs away.
machine_exponent is held at the value of reference set (ii). technology_rate is no free parameter: it is solved so that output
in 1950 is the series'. From below, by steps: the lowest root is the one with phases. child_cost is searched as
child_cost x births at the start, which must stay below .9.

How: starts drawn around the two reference sets (stpk.py), each improved by bounded least squares in the logarithms of the
parameters (differences for the Jacobian, an own Dormand-Prince integrator). From the best of them chains of hops: some
parameters moved at random, improved again, kept when better.
"""
import argparse
import multiprocessing
import os
import time

import numpy as np
from numba import njit
from scipy.optimize import least_squares

HERE = os.path.dirname(os.path.abspath(__file__))
SERIES = os.path.join(HERE, "..", "..", "data", "series")
START, LEVEL_YEAR, LAST, TAKEOVER = -10000.0, 1950.0, 2022.0, 2045.0
SIGMA, SIGMA_EARLY, SIGMA_GROWTH = .05, .15, .003  # of ln level, of the same before 1500, of growth per year
SPANS = np.array([1500, 1820, 1870, 1913, 1950, 1973, 2000, 2022.0])
RHO, EPS = -3.0, 0.05

# name, key in a scenario file, lowest, first guess, highest; FREE are searched in logarithms
FREE = [
    ("alpha", "capital_share", .2, .27, .42), ("xi", "land_share", .05, .3, .5),
    ("c_s", "subsistence", 200, 380, 520), ("y_star", "malthusian_income", 330, 430, 560),
    ("nu", "starvation_exponent", .1, .9, 4), ("f", "starvation_share", .1, .6, .98),
    ("S_m", "disease_science", 1.5, 10, 1e5), ("k", "disease_exponent", .4, 2, 6),
    ("b_min", "births_floor", .009, .010, .015), ("b_max", "births_ceiling", .033, .044, .05),
    ("y_b", "births_income", 2000, 4700, 12000), ("gam", "births_exponent", 1, 1.8, 6),
    ("d_min", "deaths_floor", .004, .006, .0085), ("sig", "saving_rate", .15, .3, .5),
    ("kb", "child_cost", .3, .75, .9),
    ("aS", "science_rate", 1e-6, 5e-4, .02), ("phiS", "science_returns", .05, .55, .9),
    ("mphiT", "technology_returns", .01, .6, 4), ("lamT", "technology_parallel", .5, .95, 1.3),
    ("theta", "surplus_exponent", .3, 3, 7), ("q", "instrument_supply", .002, .2, 200),
    ("s", "science_supply", .005, 20, 5000),
    ("eta", "machine_efficiency", 1e-22, 1e-11, 1e-2), ("P0", "initial_population", 2.5, 4, 6.5),
]
STEP, STEP_RATE, RTOL = 1e-4, 1e-6, 1e-9  # differences of a logarithm, and of that of aT; integration
DELTA, LAM_S, ZETA = .05, 1.0, 4.676
NAMES = [row[0] for row in FREE]
LOW, GUESS, HIGH = (np.log([row[i] for row in FREE]) for i in (2, 3, 4))


@njit
def births(m, ln_y):
    return m[8] + (m[9] - m[8]) / (1 + np.exp(m[11] * (ln_y - np.log(m[10]))))


@njit
def log_sum(a, b):
    return max(a, b) + np.log1p(np.exp(-abs(a - b)))


@njit
def rates(m, x, f):
    """m: FREE in natural units (with ZETA before eta), then aT, ln A0, b*, kap. f := dx/dt; returns births, deaths, ln(A/H)."""
    ln_s, ln_t, ln_p, ln_k = x
    alpha = m[0]
    ln_out = m[26] + ln_t + alpha * ln_k + (1 - alpha - m[1]) * ln_p
    ln_y = ln_out - ln_p + np.log(1000.0)
    z = 1 - m[2] * np.exp(-ln_y)
    root = np.sqrt(z * z + EPS * EPS)
    u = .5 * (z + root) if z > 0 else .5 * EPS * EPS / (root - z)
    ln_h = ln_p + m[19] * np.log(u)
    ln_a = np.log(m[23]) + m[22] * ln_t + ln_k
    ln_n = log_sum(ln_h, ln_a)
    science = (log_sum(RHO * ln_n, RHO * (np.log(m[20]) + ln_k)) - np.log(2.0)) / RHO
    technology = (log_sum(RHO * ln_n, RHO * (np.log(m[21]) + ln_s)) - np.log(2.0)) / RHO
    b = births(m, ln_y)
    disease = (1 + m[6] ** -m[7]) / (1 + np.exp(m[7] * (ln_s - np.log(m[6]))))
    d = m[12] + (m[27] - m[12]) * (m[5] * np.exp(-m[4] * (ln_y - np.log(m[3]))) + (1 - m[5]) * disease)
    f[0] = m[15] * np.exp(LAM_S * science + (m[16] - 1) * ln_s)
    f[1] = m[25] * np.exp(m[18] * technology + (-m[17] - 1) * ln_t)
    f[2] = b - d
    f[3] = m[13] * (1 - m[28] * b) * np.exp(ln_out - ln_k) - DELTA
    return b, d, ln_a - ln_h


@njit
def integrate(m, x0, years, out, rtol):
    """States at the years (rising, the first is the start), Dormand-Prince 5(4). Returns how many were reached."""
    x, t, h = x0.copy(), years[0], 10.0
    k1, k2, k3, k4, k5, k6, k7 = np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    out[0] = x
    rates(m, x, k1)
    steps = 0
    for i in range(1, len(years)):
        while t < years[i]:
            steps += 1
            if steps > 20000 or h < 1e-7:
                return i
            step = min(h, years[i] - t)
            rates(m, x + step * .2 * k1, k2)
            rates(m, x + step * (3 / 40 * k1 + 9 / 40 * k2), k3)
            rates(m, x + step * (44 / 45 * k1 - 56 / 15 * k2 + 32 / 9 * k3), k4)
            rates(m, x + step * (19372 / 6561 * k1 - 25360 / 2187 * k2 + 64448 / 6561 * k3 - 212 / 729 * k4), k5)
            rates(m, x + step * (9017 / 3168 * k1 - 355 / 33 * k2 + 46732 / 5247 * k3 + 49 / 176 * k4 - 5103 / 18656 * k5), k6)
            new = x + step * (35 / 384 * k1 + 500 / 1113 * k3 + 125 / 192 * k4 - 2187 / 6784 * k5 + 11 / 84 * k6)
            rates(m, new, k7)
            error = step * np.max(np.abs(71 / 57600 * k1 - 71 / 16695 * k3 + 71 / 1920 * k4 - 17253 / 339200 * k5
                                         + 22 / 525 * k6 - 1 / 40 * k7)) / rtol
            if not error < 1e10:
                h = step / 10
                continue
            if error <= 1:
                t = years[i] if step == years[i] - t else t + step
                x = new
                k1, k7 = k7, k1
                if np.max(np.abs(x)) > 80 or np.max(np.abs(k1)) > 10:
                    return i
                if step < h and error < .5:
                    continue  # cut short to meet the year: keep the step that was planned
            h = step * min(4.0, max(.2, .9 * max(error, 1e-9) ** -.2))
        out[i] = x
    return len(years)


def read_series(name):
    with open(os.path.join(SERIES, name + ".csv")) as file:
        rows = [line.split(",")[:2] for line in file if line[0] not in "#y"]
    return np.array(rows, float).T


def spread(years):
    """Weights that sum to 1: the stretch of ln(2030 - year) nearest to each year."""
    x = np.log(2030 - years)
    return np.abs(np.gradient(x)) / np.abs(np.gradient(x)).sum()


class Problem:
    def __init__(self):
        self.data = {}
        for variable, name in (("Y", "world_gdp_spliced"), ("P", "world_population")):
            year, value = read_series(name)
            keep = (year >= START) & (year <= LAST)
            self.data[variable] = (year[keep], np.log(value[keep]), spread(year[keep]))
        self.rate_years = np.arange(1950, 2021, 10.0)
        self.births, self.deaths = (np.interp(self.rate_years, *read_series(f"world_{w}_rate_wpp2024")) / 1000
                                    for w in ("birth", "death"))
        self.capital_years = np.array([1970., 1990., 2010., 2019.])
        self.capital = np.interp(self.capital_years, *read_series("world_capital_output_pwt1001"))
        self.years = np.unique(np.concatenate([self.data["Y"][0], self.data["P"][0], self.rate_years,
                                               self.capital_years, [2025, TAKEOVER]]))
        year, value, _ = self.data["Y"]
        self.level = value[year == LEVEL_YEAR][0]
        self.until_level = np.array([START, LEVEL_YEAR])

    def model(self, v, ln_at):
        """Parameter vector and start from logarithms of FREE and of aT."""
        m = np.concatenate([np.insert(np.exp(v), NAMES.index("eta"), ZETA), [np.exp(ln_at), 0, 0, 0]])
        m[27] = births(m, np.log(m[3]))
        m[28] = m[14] / m[27]
        y0 = m[3] * m[24] / 1000
        k0 = m[13] * (1 - m[14]) * y0 / DELTA
        m[26] = np.log(y0 / (k0 ** m[0] * m[24] ** (1 - m[0] - m[1])))
        return m, np.array([0, 0, np.log(m[24]), np.log(k0)])

    def ln_output(self, m, x):
        return m[26] + x[..., 1] + m[0] * x[..., 3] + (1 - m[0] - m[1]) * x[..., 2]

    def miss(self, v, ln_at, rtol):
        """ln of output in 1950 over the series'; 50 after a blow-up"""
        m, x0 = self.model(v, ln_at)
        out = np.empty((2, 4))
        return self.ln_output(m, out[1]) - self.level if integrate(m, x0, self.until_level, out, rtol) == 2 else 50.0

    def solve_rate(self, v, guess=None, rtol=RTOL):
        """ln aT, or None"""
        if guess is None:
            low = np.log(1e-4)
            if self.miss(v, low, rtol) > 0:
                return None
            step = .25
        else:
            low, step = guess - .002, .004
            while self.miss(v, low, rtol) > 0:
                low -= step
                step *= 2
                if low < guess - 2:
                    return None
            step = .004
        high = low
        while True:
            high += step
            at = self.miss(v, high, rtol)
            if at > 0:
                break
            low = high
            if guess is not None:
                step *= 1.5
            if high > np.log(50):
                return None
        a, b = low, high
        fa, fb = self.miss(v, a, rtol), at
        for _ in range(80):  # false position with halving (Illinois), bisection while a blow-up is on one side
            c = (a + b) / 2 if fb > 5 or fa < -5 else (a * fb - b * fa) / (fb - fa)
            fc = self.miss(v, c, rtol)
            if abs(fc) < 1e-7 or b - a < 1e-13:
                return c
            if fc > 0:
                b, fb = c, fc
                fa *= .6 if fa > -5 else 1
            else:
                a, fa = c, fc
                fb *= .6 if fb < 5 else 1
        return c

    def run(self, v, ln_at, rtol=RTOL):
        m, x0 = self.model(v, ln_at)
        out = np.zeros((len(self.years), 4))
        n = integrate(m, x0, self.years, out, rtol)
        return (m, out) if n == len(self.years) else (m, None)

    def at(self, out, years):
        return out[np.searchsorted(self.years, years)]

    def residuals(self, v, ln_at):
        return self.residuals_and_miss(v, ln_at)[0]

    def residuals_and_miss(self, v, ln_at):
        """Weighted residuals, and ln of output in 1950 over the series'."""
        m, out = self.run(v, ln_at)
        size = len(SPANS) - 1 + sum(len(d[0]) for d in self.data.values()) + 2 * len(self.rate_years) + len(self.capital_years) + 3
        if out is None:
            return np.full(size, 20.0), 0.0
        parts = []
        for variable, (years, value, weight) in self.data.items():
            x = self.at(out, years)
            model = self.ln_output(m, x) if variable == "Y" else x[:, 2]
            parts.append(np.sqrt(weight) * (model - value) / np.where(years < 1500, SIGMA_EARLY, SIGMA))
            if variable == "Y":
                at = np.searchsorted(years, SPANS)
                grown = (np.diff(model[at]) - np.diff(value[at])) / np.diff(SPANS)
                parts.append(grown / SIGMA_GROWTH / np.sqrt(len(grown)))
        f = np.empty(4)
        flows = np.array([rates(m, x, f) for x in self.at(out, self.rate_years)])
        parts.append(np.log(flows[:, 0] / self.births) / .25 / np.sqrt(len(flows)))
        parts.append(np.log(flows[:, 1] / self.deaths) / .4 / np.sqrt(len(flows)))
        x = self.at(out, self.capital_years)
        parts.append((x[:, 3] - self.ln_output(m, x) - np.log(self.capital)) / .4 / np.sqrt(len(x)))
        now, then = (rates(m, x, f)[2] for x in self.at(out, np.array([2025, TAKEOVER])))
        gamma = LAM_S * m[18] / ((1 - m[16]) * (1 + m[17]) * (1 - m[0]))
        parts.append([then / .2, 20 * max(0, now - np.log(.28)), 20 * max(0, 1.3 - gamma)])
        return np.concatenate(parts), self.ln_output(m, self.at(out, LEVEL_YEAR)) - self.level


PROBLEM = None


def improve(v, evaluations, guess=None):
    """Least squares from v (and ln aT). Returns (cost, v, ln aT) or None."""
    p = PROBLEM
    guess = p.solve_rate(v, guess)
    if guess is None:
        return None
    last = [guess]

    def residuals(w):
        rate = p.solve_rate(w, last[0])
        if rate is None:
            return np.full_like(p.residuals(v, guess), 20.0)
        return p.residuals(w, rate)

    def jacobian(w):
        """Differences along which aT follows so that the level in 1950 stays: first to first order, then what is left of
        the miss is taken out with the derivative in aT."""
        rate = p.solve_rate(w, last[0])
        last[0] = rate = last[0] if rate is None else rate
        base, at = p.residuals_and_miss(w, rate)
        above, miss = p.residuals_and_miss(w, rate + STEP_RATE)
        by_rate, slope = (above - base) / STEP_RATE, (miss - at) / STEP_RATE
        jac = np.empty((len(base), len(w)))
        for i in range(len(w)):
            unit = np.zeros_like(w)
            unit[i] = 1 if w[i] + STEP <= HIGH[i] else -1
            follow = np.clip(-(p.miss(w + STEP_RATE * unit, rate, RTOL) - at) / STEP_RATE / slope, -1e3, 1e3)
            moved, miss = p.residuals_and_miss(w + STEP * unit, rate + STEP * follow)
            jac[:, i] = (moved - base - by_rate * (miss - at) / slope) / (STEP * unit[i])
        return jac

    fit = least_squares(residuals, v, jac=jacobian, bounds=(LOW, HIGH), x_scale=(HIGH - LOW) / 4, max_nfev=evaluations)
    rate = p.solve_rate(fit.x, last[0])
    return None if rate is None else (fit.cost, fit.x, rate)


def usable(v):
    """(v with its machines, ln aT) where the run reaches the end, or None"""
    v = set_takeover(np.clip(v, LOW + 1e-3, HIGH - 1e-3))
    rate = None if v is None else PROBLEM.solve_rate(v)
    return None if rate is None or PROBLEM.run(v, rate)[1] is None else (v, rate)


def start_search(job):
    """Draw until a start is usable, then improve it."""
    global PROBLEM
    number, evaluations = job
    PROBLEM = PROBLEM or Problem()
    rng = np.random.default_rng([20240, number])
    start = None
    for _ in range(200):
        start = start or usable(GUESS + rng.uniform(-.4, .4, len(GUESS)) * np.minimum(HIGH - LOW, 2))
    best = start and improve(start[0], evaluations, start[1])
    if best:
        print(f"  start {number}: cost {best[0]:.2f}", flush=True)
    return best


def hop(job):
    """A chain of hops from a found minimum."""
    global PROBLEM
    number, best, hops, evaluations = job
    PROBLEM = PROBLEM or Problem()
    rng = np.random.default_rng([20241, number])
    best = improve(best[1], 2 * evaluations, best[2]) or best
    for _ in range(hops):
        moved = rng.random(len(GUESS)) < .4
        start = usable(best[1] + rng.normal(0, .25, len(GUESS)) * np.minimum(HIGH - LOW, 2) * moved)
        found = start and improve(start[0], evaluations // 2, start[1])
        if found and found[0] < 2 * best[0]:
            found = improve(found[1], evaluations, found[2])
        if found and found[0] < best[0]:
            best = found
            print(f"  chain {number}: cost {best[0]:.3f}", flush=True)
    return best


def set_takeover(v):
    """v with eta such that, machines doing nothing, they would reach a third of people in 2022"""
    v = v.copy()
    eta = NAMES.index("eta")
    v[eta] = LOW[eta]
    rate = PROBLEM.solve_rate(v)
    if rate is None:
        return None
    m, x0 = PROBLEM.model(v, rate)
    out = np.empty((2, 4))
    if integrate(m, x0, np.array([START, LAST]), out, RTOL) < 2:
        return None
    v[eta] = np.clip(LOW[eta] + np.log(.2) - rates(m, out[1], np.empty(4))[2], LOW[eta], HIGH[eta])
    return v


def report(v, ln_at):
    p = PROBLEM
    m, out = p.run(v, ln_at, 1e-10)
    for variable, (years, value, weight) in p.data.items():
        x = p.at(out, years)
        error = (p.ln_output(m, x) if variable == "Y" else x[:, 2]) - value
        eras = [(START, 1499), (1500, 1949), (1950, LAST), (1500, LAST)]
        print(f"{variable}: weighted rms {np.sqrt(weight @ error ** 2):.3f}; " + "; ".join(
            f"{a:g} to {b:g}: {np.sqrt(np.mean(error[(years >= a) & (years <= b)] ** 2)):.3f}" for a, b in eras))
        print("   ", "  ".join(f"{y:g} {e:+.2f}" for y, e in zip(years, error) if y < 1950 or y % 10 == 0 or y == LAST))
    f = np.empty(4)
    for year in (1950, 1960, 1970, 1980, 1990, 2000, 2010, 2020, 2025, TAKEOVER):
        x = p.at(out, year)
        b, d, machines = rates(m, x, f)
        print(f"  {year:g}: births {b:.4f} deaths {d:.4f} K/Y {np.exp(x[3] - p.ln_output(m, x)):.2f} "
              f"saving {m[13] * (1 - m[28] * b):.3f} A/H {np.exp(machines):.3f} "
              f"growth {100 * (f[1] + m[0] * f[3] + (1 - m[0] - m[1]) * f[2]):.2f} %")
    return m


def rounded(v, ln_at):
    """The parameters as a scenario file says them, {key: text}, and v, ln aT for just these numbers."""
    v = np.log([float(f"{value:.6g}") for value in np.exp(v)])
    m, _ = PROBLEM.model(v, ln_at)
    cost = float(f"{m[28]:.6g}")
    v[NAMES.index("kb")] = np.log(cost * m[27])
    ln_at = PROBLEM.solve_rate(v, ln_at, 1e-10)
    keys = {key: f"{np.exp(value):.6g}" for (_, key, *_), value in zip(FREE, v)}
    keys.update(child_cost=f"{cost:.6g}", depreciation=f"{DELTA:g}", science_parallel=f"{LAM_S:g}", machine_exponent=f"{ZETA:g}",
                substitution=f"{RHO:g}", surplus_smoothing=f"{EPS:g}")
    m, _ = PROBLEM.model(v, ln_at)
    keys["technology_returns"] = f"{-np.exp(v[NAMES.index('mphiT')]):.6g}"
    keys["technology_rate"] = f"{m[25]:.8g}"
    return keys, v, ln_at


def write_scenario(path, keys):
    level = np.exp(PROBLEM.level)
    with open(path, "w") as file:
        file.write(f"""# Fitted to the two series below by tests/reference/fit_world.py; change the numbers there, not here.
kind: growth
title: World output and population, 10,000 BCE on
model: stpk
parameters:
""")
        file.writelines(f"  {key}: {value}\n" for key, value in keys.items())
        file.write(f"""initial: steady_state
# technology_rate dates everything; this is the output of the series in 1950
solve: {{parameter: technology_rate, variable: Y, at: {LEVEL_YEAR:g}, value: {level:.8g}}}
time: {{from: 10000 BCE, to: 2150}}
compare:
  - {{series: world_gdp_spliced, variable: Y, from: 10000 BCE, to: 2022}}
  - {{series: world_population, variable: P, from: 10000 BCE, to: 2022}}
""")


def main():
    global PROBLEM
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--chains", type=int, default=4, help="from as many of the best starts")
    parser.add_argument("--hops", type=int, default=14, help="per chain")
    parser.add_argument("--evaluations", type=int, default=40, help="least-squares steps per improvement")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", help="the scenario file to write")
    args = parser.parse_args()
    began = time.time()
    with multiprocessing.Pool(args.jobs) as pool:
        found = [r for r in pool.map(start_search, [(i, args.evaluations) for i in range(args.starts)], 1) if r]
        found.sort(key=lambda r: r[0])
        print("costs of the starts:", " ".join(f"{r[0]:.2f}" for r in found))
        chains = [(i, r, args.hops, args.evaluations) for i, r in enumerate(found[:args.chains])]
        found = sorted(pool.map(hop, chains, 1), key=lambda r: r[0])
        print("costs of the chains:", " ".join(f"{r[0]:.3f}" for r in found))
    PROBLEM = Problem()
    best = improve(found[0][1], 200, found[0][2]) or found[0]
    print(f"best: cost {best[0]:.4f}, {time.time() - began:.0f} s")
    for i, (_, key, *_) in enumerate(FREE):
        if min(best[1][i] - LOW[i], HIGH[i] - best[1][i]) < 1e-3:
            print(f"  {key} stands at its bound")
    keys, v, ln_at = rounded(*best[1:])
    report(v, ln_at)
    print("\n".join(f"  {key}: {value}" for key, value in keys.items()))
    if args.write:
        write_scenario(args.write, keys)


if __name__ == "__main__":
    main()
