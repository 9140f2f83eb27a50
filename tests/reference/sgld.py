#!/usr/bin/env python3
"""Preconditioned stochastic-gradient Langevin dynamics (Li et al., AAAI 2016, eqs. 4-6 without Gamma) on N(0, v) in one
dimension: E x^2 of its stationary distribution and its standard error, for tests/test_sgld.c.

    tests/reference/sgld.py
"""
import math
import random

random.seed(1)
STEP, MEMORY, FLOOR, BATCHES, LENGTH = 0.01, 0.99, 0.1, 400, 20000
for variance in (1.0, 1e-4):
    x, v, means = math.sqrt(variance), 0.0, []
    for batch in range(BATCHES + 1):
        total = 0.0
        for _ in range(LENGTH):
            g = -x / variance
            v = MEMORY * v + (1 - MEMORY) * g * g
            a = 1 / (FLOOR + math.sqrt(v))
            x += STEP / 2 * a * g + math.sqrt(STEP * a) * random.gauss(0, 1)
            total += x * x
        if batch:  # the first is burn-in
            means.append(total / LENGTH)
    mean = sum(means) / BATCHES
    error = math.sqrt(sum((m - mean) ** 2 for m in means) / (BATCHES - 1) / BATCHES)
    print(f"variance {variance:g}: {mean:.6g} +- {error:.2g}")
