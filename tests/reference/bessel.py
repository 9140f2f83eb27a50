#!/usr/bin/env python3
"""Numbers for solver/bessel.c from mpmath and sympy-free rational arithmetic (Debian: python3-mpmath).

    tests/reference/bessel.py polynomials   the coefficients of the Debye polynomials u_k, as in solver/bessel.c
    tests/reference/bessel.py > tests/reference/bessel.csv   ln |e^-z I_order(z)| and the sign of I
"""
import sys
from fractions import Fraction

from mpmath import besseli, log, mp, mpf, sign

mp.dps = 60


def debye(count):
    """u_k as lists of coefficients of p^k, p^(k+2), ... p^(3k) (Abramowitz and Stegun 9.3.10)."""
    u = {0: Fraction(1)}
    for k in range(1, count + 1):
        new = {}
        for power, c in u.items():
            # 1/2 p^2 (1 - p^2) u' + 1/8 int_0^p (1 - 5 t^2) u dt
            for shift, value in ((1, c * power / 2 + c / (8 * (power + 1))),
                                 (3, -c * power / 2 - 5 * c / (8 * (power + 3)))):
                new[power + shift] = new.get(power + shift, Fraction(0)) + value
        u = new
        yield [u[power] for power in range(k, 3 * k + 1, 2)]


if sys.argv[1:] == ["polynomials"]:
    for coefficients in debye(12):
        print("    {" + ", ".join(repr(float(c)) for c in coefficients) + "},")
    sys.exit()

print("order,z,log_scaled,sign")
orders = ["0", "0.5", "1", "2.75", "7.3", "14.9", "15.1", "23.77879", "60.5", "240.25", "3333.3", "250000.7",
          "-0.3", "-0.5", "-1", "-2.75", "-3.2", "-7.3", "-15.6", "-23.77879"]
arguments = ["1e-6", "0.01", "0.7", "5", "19", "60", "199", "201", "640", "1500", "20000", "3e6"]
for order in orders:
    for z in arguments:
        mp.dps = 60 if abs(float(order)) < 1e3 else 40
        if abs(float(order)) > 1e5 and not 600 < float(z) < 1e5:  # mpmath takes minutes there
            continue
        value = besseli(mpf(order), mpf(z), maxterms=10**8)
        print(f"{order},{z},{mp.nstr(log(abs(value)) - mpf(z), 20)},{int(sign(value))}")
