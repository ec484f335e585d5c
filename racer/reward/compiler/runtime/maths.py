"""What the functions of `math` become: they raise where Python's do."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import math
from typing import Any

import numpy as np

from racer.reward.compiler.runtime.scalars import in_domain, jit


def safe(name: str) -> Any:
    """`math.name` that raises where Python's does."""
    function = np.fmod if name == "fmod" else getattr(math, name)
    if name in ("atan2", "pow", "fmod", "hypot", "copysign"):

        @jit
        def two(x, y):
            a, b = float(x), float(y)
            return in_domain(function(a, b), math.isfinite(a) and math.isfinite(b))

        return two

    @jit
    def one(x):
        a = float(x)
        return in_domain(function(a), math.isfinite(a))

    return one


_ONE = "acos acosh asin asinh atan atanh cos cosh erf erfc exp expm1 fabs gamma lgamma log1p log2"
MATH = {
    name: safe(name)
    for name in f"{_ONE} log10 sin sinh sqrt tan tanh atan2 pow fmod hypot copysign".split()
}
globals().update({f"MATH_{name}": function for name, function in MATH.items()})


@jit
def log(x):
    """math.log(x)."""
    a = float(x)
    return in_domain(math.log(a), math.isfinite(a))


@jit
def isclose(a, b, rel_tol=1e-9, abs_tol=0.0):
    """math.isclose."""
    x, y = float(a), float(b)
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError("tolerances must be non-negative")
    if x == y:
        return True
    if math.isinf(x) or math.isinf(y):
        return False
    gap = abs(y - x)
    return gap <= abs(rel_tol * y) or gap <= abs(rel_tol * x) or gap <= abs_tol


@jit
def dist(p, q):
    """math.dist(p, q) in the plane and in space."""
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    total = 0.0
    for i in range(len(p)):
        total += float(p[i] - q[i]) ** 2
    return math.sqrt(total)
