#!/usr/bin/env python3
"""Probabilities of quadratic forms in normal variables, as the answer basin/quadratic.c is held to (tests/test_quadratic.c).

    python3 tests/reference/quadratic.py        (Debian: python3-mpmath; three minutes)

writes quadratic.csv beside itself: random spectra of 1 to 50 eigenvalues, with zeros among them, displacements mu, and
    ln P and ln(1 - P),  P = Pr[1/2 sum lambda_i (xi_i - mu_i)^2 <= T],  xi ~ N(0, variance)
from two methods that share nothing with each other:

    ruben    the series of H. Ruben, Ann. Math. Stat. 33 (1962) 542: a mixture of central chi-squares with positive
             weights, in fixed-point integers; for spectra of moderate condition, or far in the lower tail
    talbot   mpmath's inversion of the Laplace transform (fixed Talbot contour) in as many digits as the tail needs

Where both can be had they are compared. Numbers are given to 20 digits and are exact for the printed inputs.
"""
import csv
import os
import random
from operator import mul

from mpmath import exp, gammainc, invertlaplace, log, log1p, loggamma, mp, mpf, nstr, sqrt

HERE = os.path.dirname(os.path.abspath(__file__))
BITS = 500


def fixed(x):
    return int(mp.floor(mp.ldexp(x, BITS)))


def chi_square_cdf(n, x):
    """Pr[chi-square_n <= x], relative precision in both tails"""
    a, x = mpf(n) / 2, mpf(x) / 2
    if x < a + 1:
        term = total = mpf(1)
        k = 0
        while term > total * mp.eps:
            k += 1
            term *= x / (a + k)
            total += term
        return total * exp(a * log(x) - x - loggamma(a + 1))
    return 1 - gammainc(a, x) / mp.gamma(a)


def ruben(lam, mu, variance, threshold, most=6000):
    """P, or None when the series is too long"""
    s = mpf(variance)
    pairs = [(mpf(l) * s / 2, mpf(m) ** 2 / s) for l, m in zip(lam, mu) if l != 0]
    n = len(pairs)
    beta = min(l for l, _ in pairs)
    gamma = [1 - beta / l for l, _ in pairs]
    weight = [beta * d / l for l, d in pairs]
    log_c0 = sum(log(beta / l) - d for l, d in pairs) / 2
    # F_{n+2k} comes from F_n by subtraction, and far from the prior's mean the weights are large where it is small
    mp.dps = 1500
    x = mpf(threshold) / beta
    cdf = chi_square_cdf(n, x)
    density = exp(mpf(n) / 2 * log(x / 2) - x / 2 - loggamma(mpf(n) / 2 + 1))  # F_n - F_{n+2}
    cdfs = [cdf]
    for k in range(1, most):
        cdf -= density
        density *= x / (n + 2 * k)
        cdfs.append(cdf)
    mp.dps = 60
    powers = [mpf(1)] * n  # gamma^(k-1)
    g, c = [], [1 << BITS]
    total, weights = +cdfs[0], mpf(1)
    whole = exp(-log_c0)  # sum of all weights, in units of c_0
    for k in range(1, most):
        g.append(fixed(sum(p * (ga + k * w) for p, ga, w in zip(powers, gamma, weight))))
        powers = [p * ga for p, ga in zip(powers, gamma)]
        c.append((sum(map(mul, reversed(g), c)) >> BITS) // (2 * k))
        cdf = +cdfs[k]
        ck = mp.ldexp(mpf(c[k]), -BITS)
        total += ck * cdf
        weights += ck
        if (whole - weights) * cdf < total * mpf(10) ** -30:
            return total * exp(log_c0)
    return None


def talbot(lam, mu, variance, threshold, digits):
    """1 - P to an absolute 10^-digits"""
    with mp.workdps(digits):
        s = mpf(variance)
        pairs = [(mpf(l) * s, mpf(m) ** 2 / s) for l, m in zip(lam, mu) if l != 0]

        def transform(z):
            product, exponent = mpf(1), mpf(0)
            for a, m in pairs:
                product *= 1 + z * a
                exponent += m * z * a / (1 + z * a)
            roots = mpf(1)
            # the root of each factor by itself: that of the product would be on another branch
            for a, _ in pairs:
                roots *= sqrt(1 + z * a)
            assert abs(roots * roots - product) <= abs(product) * mpf(10) ** (10 - digits)
            return exp(-exponent / 2) / (roots * z)

        return 1 - invertlaplace(transform, mpf(threshold), method='talbot', degree=int(digits * 1.7) + 30)


def draw(rng, n, decades, zeros, reach):
    lam = [10 ** rng.uniform(-decades, 0) for _ in range(n)]
    mu = [rng.gauss(0, reach) for _ in range(n)]
    for i in rng.sample(range(n), min(zeros, n - 1)):
        lam[i] = 0.0
    return lam, mu


def mean_loss(lam, mu, variance):
    return sum(l * (variance + m * m) for l, m in zip(lam, mu)) / 2


def cases():
    rng = random.Random(20)
    for n in (1, 2, 3, 5, 8, 13, 25, 50):  # moderate condition, the body and both tails
        for fraction in (1e-3, .3, 1.1, 3):
            variance = 10 ** rng.uniform(-2, 2)
            lam, mu = draw(rng, n, 1.2, n // 4, sqrt_float(variance) * rng.choice((.5, 2)))
            yield lam, mu, variance, fraction * mean_loss(lam, mu, variance)
    for n in (1, 2, 4, 7, 20, 50):  # twelve decades
        for fraction in (1e-7, 1e-3, .5, 2):
            variance = 10 ** rng.uniform(-2, 2)
            lam, mu = draw(rng, n, 12, n // 5, sqrt_float(variance))
            yield lam, mu, variance, fraction * mean_loss(lam, mu, variance)
    for n, fraction in ((1, 1e-300), (10, 1e-100), (40, 1e-40), (50, 1e-80), (50, 1e-90)):  # deep: ln P to -5000
        lam, mu = draw(rng, n, 2, n // 10, 1)
        yield lam, mu, 1.0, fraction * mean_loss(lam, mu, 1.0)
    for n, reach in ((3, 20), (10, 12)):  # far from the prior's mean: deep with few dimensions
        lam, mu = draw(rng, n, 1, 0, reach)
        yield lam, mu, 1.0, .1


def sqrt_float(x):
    return float(mp.sqrt(x))


def solve(lam, mu, variance, threshold):
    p = ruben(lam, mu, variance, threshold)
    digits = 60
    while p is None or p > mpf(10) ** -40:
        q = talbot(lam, mu, variance, threshold, digits)
        small = min(abs(q), abs(1 - q))
        if small > mpf(10) ** (30 - digits):
            if p is not None and p < .999:
                assert abs(p / (1 - q) - 1) < mpf(10) ** -24, (len(lam), p, 1 - q)
            return ('both' if p is not None else 'talbot'), log(1 - q), log(q)
        digits += digits // 2
    return 'ruben', log(p), log1p(-p)


def main():
    mp.dps = 60
    count = {}
    with open(os.path.join(HERE, 'quadratic.csv'), 'w', newline='') as stream:
        out = csv.writer(stream, lineterminator='\n')
        out.writerow(['method', 'variance', 'threshold', 'log_p', 'log_q', 'n', 'eigenvalues then displacements'])
        for lam, mu, variance, threshold in cases():
            method, log_p, log_q = solve(lam, mu, variance, threshold)
            count[method] = count.get(method, 0) + 1
            numbers = ' '.join(repr(x) for x in lam + mu)
            out.writerow([method, repr(variance), repr(threshold), nstr(log_p, 20), nstr(log_q, 20), len(lam), numbers])
            print(method, len(lam), nstr(log_p, 12), nstr(log_q, 12), flush=True)
    print(count)


main()
