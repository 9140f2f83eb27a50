#!/usr/bin/env python3
"""The stpk model a second time, in Python, as the answer the C code is held to (tests/test_trajectory.c).

Written from the equations (docs/model-stpk.md), not from models/stpk.c. Needs NumPy and SciPy (Debian: python3-scipy).

    python3 tests/reference/stpk.py

writes beside itself
    stpk_set1.csv, stpk_set2.csv   year, ln S, ln T, ln P, ln K, ln Y, growth (1/year) and the conditioning of the state
    stpk_events.csv                dates where limiting inputs switch, and the blow-up date in rescaled time; "set" 3 is set 1
                                   with steeper machines (STEEP below)
and prints how far a second method (Radau) and a tighter tolerance are from what it wrote.

The column `conditioning` is max over s <= t of |Phi(t, s)|_inf, Phi the fundamental matrix of the linearised equations: by
how much a small error made in some log state somewhere on the way has grown at t, at worst. Nothing that
integrates these equations can promise an error below conditioning x what its steps commit.
"""
import argparse
import os

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

START = -10000.0
HERE = os.path.dirname(os.path.abspath(__file__))

SET1 = dict(alpha=.256, xi=.387, c_s=521, y_star=598, nu=.652, f=1, S_m=1e6, k=1, b_min=.011, b_max=.0316, y_b=3400, gam=7,
            d_min=.00702, sig=.236, kap=27, delta=.05, aS=.000613, phiS=.536, lamS=1, aT=.0142068317, phiT=-.41, lamT=.973,
            theta=3.53, q=.0734, s=12.4, zeta=3.69, eta=4.42e-11, P0=2.51)
SET2 = dict(alpha=.25, xi=.3108, c_s=550, y_star=703.4, nu=1.251, f=.5808, S_m=217.4, k=5.134, b_min=.011, b_max=.03278,
            y_b=12270, gam=2.282, d_min=.007831, sig=.2722, kap=26.63, delta=.05, aS=.0003118, phiS=.6104, lamS=1,
            aT=.0398882907, phiT=-.8522, lamT=1, theta=5, q=.6137, s=11.85, zeta=4.676, eta=2.078e-12, P0=1.499)
# machines so steep in technology that people's part of intelligence underflows before the blow-up
STEEP = dict(SET1, zeta=8, eta=1e-20)
RHO, EPS = -3.0, 0.05


def births(m, y):
    return m["b_min"] + (m["b_max"] - m["b_min"]) * np.exp(-np.logaddexp(0, m["gam"] * np.log(y / m["y_b"])))


def ces(ln_a, ln_b):
    """ln of ((a^rho + b^rho)/2)^(1/rho), and the elasticity share of a"""
    total = np.logaddexp(RHO * ln_a, RHO * ln_b)
    return (total - np.log(2)) / RHO, np.exp(RHO * ln_a - total)


class Stpk:
    """One parameter set. States x = (ln S, ln T, ln P, ln K)."""

    def __init__(self, m):
        self.m = m
        self.b_star = births(m, m["y_star"])
        y0 = m["y_star"] * m["P0"] / 1000
        k0 = m["sig"] * (1 - m["kap"] * self.b_star) * y0 / m["delta"]
        self.ln_a0 = np.log(y0 / (k0 ** m["alpha"] * m["P0"] ** (1 - m["alpha"] - m["xi"])))
        self.x0 = np.array([0, 0, np.log(m["P0"]), np.log(k0)])

    def ln_output(self, x):
        m = self.m
        return self.ln_a0 + x[1] + m["alpha"] * x[3] + (1 - m["alpha"] - m["xi"]) * x[2]

    def parts(self, x):
        """f = dx/dt, shares of intelligence in science and technology, ln(A/H)"""
        m = self.m
        ln_s, ln_t, ln_p, ln_k = x
        ln_y = self.ln_output(x)
        y = 1000 * np.exp(ln_y - ln_p)
        z = 1 - m["c_s"] / y
        u = (z + np.sqrt(z * z + EPS * EPS)) / 2
        ln_h = ln_p + m["theta"] * np.log(u)
        ln_a = np.log(m["eta"]) + m["zeta"] * ln_t + ln_k
        ln_n = np.logaddexp(ln_h, ln_a)
        science, e_s = ces(ln_n, np.log(m["q"]) + ln_k)
        technology, e_t = ces(ln_n, np.log(m["s"]) + ln_s)
        b = births(m, y)
        disease = (1 + m["S_m"] ** -m["k"]) * np.exp(-np.logaddexp(0, m["k"] * (ln_s - np.log(m["S_m"]))))
        d = m["d_min"] + (self.b_star - m["d_min"]) * (m["f"] * (m["y_star"] / y) ** m["nu"] + (1 - m["f"]) * disease)
        rates = np.array([
            m["aS"] * np.exp(m["lamS"] * science + (m["phiS"] - 1) * ln_s),
            m["aT"] * np.exp(m["lamT"] * technology + (m["phiT"] - 1) * ln_t),
            b - d,
            m["sig"] * (1 - m["kap"] * b) * np.exp(ln_y - ln_k) - m["delta"],
        ])
        return rates, e_s, e_t, ln_a - ln_h

    def rhs(self, t, x):
        return self.parts(x)[0]

    def growth(self, x):
        f, m = self.rhs(0, x), self.m
        return f[1] + m["alpha"] * f[3] + (1 - m["alpha"] - m["xi"]) * f[2]

    def jacobian(self, x):
        """Sixth-order differences, good to 11 digits; only the conditioning, Radau's Newton iteration and the last step to
        the blow-up use it."""
        h, weights = 1e-3, ((1, 45), (2, -9), (3, 1))
        jac = np.empty((4, 4))
        for j in range(4):
            step = np.zeros(4)
            step[j] = h
            jac[:, j] = sum(c * (self.rhs(0, x + k * step) - self.rhs(0, x - k * step)) for k, c in weights) / (60 * h)
        return jac


def blow_up(model, rtol=1e-12, resolution=1e-9):
    """Date at which the rates become infinite: dx/dtau = f/w, dt/dtau = 1/w, w = sqrt(eps^2 + |f|^2)."""
    eps = 1e-4

    def rhs(tau, z):
        f = model.rhs(0, z[:4])
        w = np.sqrt(eps * eps + f @ f)
        return np.append(f, 1) / w

    def remaining(z):
        """w/(dw/dt), the time left when w ~ 1/(t* - t)"""
        f = model.rhs(0, z[:4])
        w = np.sqrt(eps * eps + f @ f)
        return w * w / (f @ model.jacobian(z[:4]) @ f)

    def near(tau, z):
        left = remaining(z)
        return left - resolution if left > 0 else 1.0

    near.terminal = True
    # t itself is the last component: its tolerance is absolute, 1e-12 x 10,000 years
    run = solve_ivp(rhs, (0, 1e4), np.append(model.x0, START), method="DOP853", rtol=rtol,
                    atol=[rtol] * 4 + [rtol * 1e4], events=near)
    assert run.status == 1, run.message
    z = run.y_events[0][0]
    return z[4] + remaining(z)


def integrate(model, end, method="DOP853", rtol=1e-12, atol=1e-13):
    jac = {"jac": lambda t, x: model.jacobian(x)} if method == "Radau" else {}
    run = solve_ivp(model.rhs, (START, end), model.x0, method=method, rtol=rtol, atol=atol, dense_output=True, **jac)
    assert run.status == 0, run.message
    return run


def at_years(model, years, method="DOP853", rtol=1e-12, atol=1e-13):
    """States at the years by stepping from one to the next, so that no interpolation enters. (n, 4)"""
    jac = {"jac": lambda t, x: model.jacobian(x)} if method == "Radau" else {}
    rows = [model.x0]
    for a, b in zip(years, years[1:]):
        run = solve_ivp(model.rhs, (a, b), rows[-1], method=method, rtol=rtol, atol=atol, **jac)
        assert run.status == 0, run.message
        rows.append(run.y[:, -1])
    return np.array(rows)


def conditioning(model, dense, years):
    """max over s <= t of |Phi(t, s)|_inf at each year: propagators of short stretches, multiplied up from every s"""
    grid = np.unique(np.concatenate([np.linspace(a, b, 11) for a, b in zip(years, years[1:])]))

    def rhs(t, phi):
        return (model.jacobian(dense(t)) @ phi.reshape(4, 4)).ravel()

    propagators, worst, out = np.empty((0, 4, 4)), 1.0, {years[0]: 1.0}
    for a, b in zip(grid, grid[1:]):
        phi = solve_ivp(rhs, (a, b), np.eye(4).ravel(), method="DOP853", rtol=1e-6, atol=1e-8).y[:, -1].reshape(4, 4)
        propagators = np.concatenate([phi @ propagators, [phi]])
        worst = max(1.0, np.abs(propagators).sum(axis=2).max())
        out[b] = worst
    return np.array([out[y] for y in years])


def switch_dates(model, dense, end):
    """Dates of share = 1/2 (science, technology) and A = H: sign changes on a fine grid, then Brent on the dense output."""
    functions = {
        "science": lambda t: model.parts(dense(t))[1] - .5,
        "technology": lambda t: model.parts(dense(t))[2] - .5,
        "intelligence": lambda t: -model.parts(dense(t))[3],
    }
    inputs = {"science": ("intelligence", "instruments"), "technology": ("intelligence", "science"),
              "intelligence": ("population", "machines")}
    grid = np.concatenate([np.arange(START, 1500, 25.0), np.arange(1500, end, .5)])
    dates = []
    for flow, fun in functions.items():
        values = [fun(t) for t in grid]
        for a, b, va, vb in zip(grid, grid[1:], values, values[1:]):
            if va * vb < 0:
                first, second = inputs[flow] if va > 0 else inputs[flow][::-1]
                dates.append((f"{flow}: {first} -> {second}", brentq(fun, a, b, xtol=1e-10)))
    return sorted(dates, key=lambda d: d[1])


def sample_years(date):
    last = np.floor(date - 1)
    years = list(np.arange(-10000, 1001, 1000.)) + [1500.] + list(np.arange(1600, last, 10.))
    return years + [y for y in np.arange(last - 9, last + 1) if y not in years and y > years[-1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=HERE, help="folder to write to")
    out = parser.parse_args().out
    events = []
    for number, m in ((1, SET1), (2, SET2)):
        model = Stpk(m)
        date = blow_up(model)
        years = sample_years(date)
        states = at_years(model, years)
        dense = integrate(model, date - .25).sol
        kappa = conditioning(model, dense, years)
        with open(os.path.join(out, f"stpk_set{number}.csv"), "w") as file:
            file.write("year,ln_S,ln_T,ln_P,ln_K,ln_Y,growth,conditioning\n")
            for year, x, c in zip(years, states, kappa):
                numbers = [*x, model.ln_output(x), model.growth(x)]
                file.write(f"{year:g}," + ",".join(f"{v:.15g}" for v in numbers) + f",{c:.3g}\n")
        switches = switch_dates(model, dense, date - .25)
        events += [(number, name, d) for name, d in switches] + [(number, "blow-up", date)]

        print(f"set {number}: blow-up {date:.9f}")
        print(f"  blow-up at rtol 1e-13: {blow_up(model, 1e-13) - date:+.1e}, resolution 1e-7: "
              f"{blow_up(model, resolution=1e-7) - date:+.1e} years")
        for label, other in (("rtol 1e-13", at_years(model, years, rtol=1e-13, atol=1e-14)),
                             ("Radau", at_years(model, years, method="Radau", rtol=1e-11, atol=1e-12))):
            gap = np.abs(other - states).max(axis=1)
            print(f"  {label}: largest |difference| of a log state to 2000 {gap[np.array(years) <= 2000].max():.1e}, "
                  f"in {years[-1]:g} {gap[-1]:.1e}")
        print("  conditioning", ", ".join(f"{y:g}: {c:.0f}" for y, c in zip(years, kappa) if y % 50 == 0 or y > date - 12))
    events.append((3, "blow-up", blow_up(Stpk(STEEP))))
    with open(os.path.join(out, "stpk_events.csv"), "w") as file:
        file.write("set,event,date\n")
        for number, name, d in events:
            file.write(f"{number},{name},{d:.9f}\n")


if __name__ == "__main__":
    main()
