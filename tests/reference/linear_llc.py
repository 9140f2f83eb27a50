#!/usr/bin/env python3
"""Learning coefficients n beta E[K] of two-layer linear networks at finite n by quadrature, for tests/test_linear_llc.c:

    tests/reference/linear_llc.py > tests/reference/linear_llc.inc

K = 1/2 |W2 W1 - A|^2, prior N(0, 1), n beta = n/ln n. With W2 integrated out the density of W1 (h, d) depends, for A = 0,
on the eigenvalues x of W1 W1^T only, which have the density prod x^{(|d-h|-1)/2} e^{-x/2} prod |x_i - x_j| (Laguerre
ensemble): a sum over a grid in ln x. For 1-1-1 it is an integral over one weight, with any A.
"""
import itertools
import math

STEPS = 200


def eigenvalue_quadrature(d, h, m, n_beta):
    k = min(d, h)
    low, high = math.log(1e-14), math.log(80.0)
    nodes = [math.exp(low + (high - low) * (i + 0.5) / STEPS) for i in range(STEPS)]
    weight = [x ** ((abs(d - h) - 1) / 2 + 1) * math.exp(-x / 2) * (1 + n_beta * x) ** (-m / 2) for x in nodes]
    value = [m / 2 * n_beta * x / (1 + n_beta * x) for x in nodes]
    norm = mean = 0.0
    for at in itertools.combinations(range(STEPS), k):
        w = 1.0
        for a, i in enumerate(at):
            w *= weight[i]
            for j in at[:a]:
                w *= nodes[i] - nodes[j]
        norm += w
        mean += w * sum(value[i] for i in at)
    return mean / norm


def one_weight(target, n_beta, steps=400000):
    norm = mean = 0.0
    for i in range(steps):
        z = 20 * ((i + 0.5) / steps) ** 2
        s = 1 + n_beta * z * z
        w = s**-0.5 * math.exp(-n_beta / 2 * target**2 / s - z * z / 2) * (i + 0.5)
        norm += w
        mean += w * (0.5 * n_beta * z * z / s + n_beta / 2 * target**2 / s**2)
    return mean / norm


print("/* in, hidden, out, target (1-1-1 only), n, n beta E[K] */")
for n in (100, 1000, 1e6):
    n_beta = n / math.log(n)
    for target in (0.0, 1.0, 0.1):
        print(f"{{1, 1, 1, {target:g}, {n:g}, {one_weight(target, n_beta):.6f}}},")
    for d, h, m in ((2, 2, 2), (3, 2, 3), (2, 3, 4), (4, 3, 8)):
        if n < 1e4 or (d, h) == (2, 2):
            print(f"{{{d}, {h}, {m}, 0, {n:g}, {eigenvalue_quadrature(d, h, m, n_beta):.6f}}},")
