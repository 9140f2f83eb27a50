#!/usr/bin/env python3
"""Numbers for tests/test_baselines.c: the curves on US income per head from 1950, by scipy's least squares and by a
maximum-likelihood AR(1) of our own on top of scipy's optimisers (Debian: python3-scipy).

    tests/reference/curves.py > tests/reference/curves.csv
"""
import numpy as np
from scipy.optimize import least_squares, minimize_scalar

rows = [line.split(",") for line in open("data/series/gdppc_usa_maddison2023.csv") if line[0] not in "#y"]
t, y = np.array([[float(a), float(b)] for a, b in rows]).T
t, y = t[t >= 1950], np.log(y[t >= 1950])
middle = (t[0] + t[-1]) / 2

curves = {
    "exponential": (lambda p: p[0] + p[1] * (t - middle), [10, 0.02]),
    "log-quadratic": (lambda p: p[0] + p[1] * (t - middle) + p[2] * (t - middle) ** 2 / 2, [10, 0.02, 0]),
    "logistic": (lambda p: np.log(p[0]) + 11 - np.logaddexp(0, -p[1] * (t - p[2])), [1, 0.03, 2000]),
}


def white(r, rho):
    phi = rho ** np.diff(t)
    return np.concatenate([r[:1], (r[1:] - phi * r[:-1]) / np.sqrt(1 - phi**2)])


def fit(curve, start, rho):
    return least_squares(lambda p: white(curve(p) - y, rho), start, x_scale=np.abs(start) + 1e-3, xtol=1e-15, ftol=1e-15,
                         gtol=1e-15)


def deviance(curve, start, rho):
    n, sse = len(t), 2 * fit(curve, start, rho).cost
    return n * (np.log(2 * np.pi * sse / n) + 1) + np.log1p(-rho ** (2 * np.diff(t))).sum()


print("baseline,errors,rho,sse,log_likelihood,parameter,estimate,error")
for name, (curve, start) in curves.items():
    for errors in ("independent", "ar1"):
        rho = 0 if errors == "independent" else minimize_scalar(lambda r: deviance(curve, start, r), bounds=(0.3, 0.999),
                                                                method="bounded", options={"xatol": 1e-10}).x
        f = fit(curve, start, rho)
        sse = 2 * f.cost
        error = np.sqrt(np.diag(np.linalg.inv(f.jac.T @ f.jac)) * sse / (len(t) - len(start)))
        for i, (value, deviation) in enumerate(zip(f.x, error)):
            if name == "logistic" and i == 0:  # K in units of e^11
                value, deviation = value * np.exp(11), deviation * np.exp(11)
            print(f"{name},{errors},{rho:.8f},{sse:.10f},{-0.5 * deviance(curve, start, rho):.8f},{i},{value:.10g},{deviation:.8g}")
