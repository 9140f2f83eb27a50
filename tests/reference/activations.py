#!/usr/bin/env python3
"""Activations and their first two derivatives with 50 digits: python3 activations.py > activations.inc (needs mpmath)."""
from mpmath import mp, mpf, sqrt, pi, exp, log, tanh, erfc, diff

mp.dps = 50


def logistic(z):
    return 1 / (1 + exp(-z))


def gelu(z):
    return z * erfc(-z / sqrt(mpf(2))) / 2


def gelu_tanh(z):
    return z * (1 + tanh(sqrt(2 / pi) * (z + mpf("0.044715") * z**3))) / 2


FUNCTIONS = {
    "tanh": tanh,
    "sigmoid": logistic,
    "gelu": gelu,
    "gelu-tanh": gelu_tanh,
    "silu": lambda z: z * logistic(z),
    "softplus": lambda z: log(1 + exp(z)),
}
POINTS = ["-30", "-9", "-3.5", "-1.25", "-0.01", "0.3", "1.25", "3.5", "9", "30"]

print("/* made by tests/reference/activations.py: name, z, f, f', f'' */")
for name, f in FUNCTIONS.items():
    for z in POINTS:
        # gelu is a difference of nearly equal numbers far out on the left: more digits there
        mp.dps = 400
        x = mpf(z) if "." not in z else mpf(float(z))
        values = [f(x), diff(f, x), diff(f, x, 2)]
        mp.dps = 50
        print('{"%s", %r, %s},' % (name, float(z), ", ".join(mp.nstr(v, 17) for v in values)))
