#!/usr/bin/env python3
"""Numbers for tests/test_baselines.c: ln value as a polynomial in time by least squares in exact rational arithmetic
(the logarithms as doubles; everything after them in fractions).

    tests/reference/polynomials.py > tests/reference/polynomials.csv
"""
from fractions import Fraction
from math import log, sqrt


def solve(a, b):
    """a x = b for several right-hand sides, by elimination."""
    n = len(a)
    m = [row[:] + extra[:] for row, extra in zip(a, b)]
    for i in range(n):
        pivot = next(k for k in range(i, n) if m[k][i])
        m[i], m[pivot] = m[pivot], m[i]
        m[i] = [v / m[i][i] for v in m[i]]
        for k in range(n):
            if k != i:
                m[k] = [v - m[k][i] * w for v, w in zip(m[k], m[i])]
    return [row[n:] for row in m]


print("baseline,series,sse,parameter,estimate,error")
for series in ("world_gdp_spliced", "world_population", "world_gdp_delong1998_exnordhaus", "firstworld_gdp"):
    rows = [line.split(",") for line in open(f"data/series/{series}.csv") if line[0] not in "#y"]
    t = [Fraction(row[0]) for row in rows]
    y = [Fraction(log(float(row[1]))) for row in rows]
    middle = (t[0] + t[-1]) / 2
    for name, degree in (("exponential", 1), ("log-quadratic", 2)):
        x = [[Fraction(1), s - middle, (s - middle) ** 2 / 2][: degree + 1] for s in t]
        n = degree + 1
        normal = [[sum(r[i] * r[k] for r in x) for k in range(n)] for i in range(n)]
        right = [[sum(r[i] * v for r, v in zip(x, y))] + [Fraction(int(i == k)) for k in range(n)] for i in range(n)]
        solved = solve(normal, right)
        p = [row[0] for row in solved]
        sse = sum((v - sum(a * b for a, b in zip(r, p))) ** 2 for r, v in zip(x, y))
        for i in range(n):
            error = sqrt(solved[i][1 + i] * sse / (len(t) - n))
            print(f"{name},{series},{float(sse):.12g},{i},{float(p[i]):.12g},{error:.12g}")
