"""What compiled rewards call so that they mean what Python means, or raise.

A kernel never guesses: where machine arithmetic could differ from Python's (an integer that grows
past 2**53, a square root of a negative number, a loop without end) it raises, and the engine asks
plain Python for that one value.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload, register_jitable

LARGEST = 9007199254740992.0  # 2**53: up to here int64, float64 and Python's int agree
LONGEST = 1_000_000  # elements of one list
FUEL = 2_000_000  # loop turns of one call, a few milliseconds; then Python, with a clock, decides

_OPTIONS: Any = {"error_model": "python", "boundscheck": True}
jit = njit(nogil=True, **_OPTIONS)


@jit
def tick(c):
    """One turn of a loop."""
    c.fuel[0] -= 1
    if c.fuel[0] < 0:
        raise RuntimeError("out of fuel")
    return True


@jit
def assigned(flag):
    """A local variable is read: it must have a value."""
    if not flag:
        raise UnboundLocalError("read before assignment")


@register_jitable
def _finite(value, finite_before):
    """Python raises where C's functions return NaN or infinity."""
    if finite_before and not math.isfinite(value):
        raise ValueError("math domain or range error")
    return value


def _stub(*_args: Any) -> Any:
    raise NotImplementedError("only inside kernels")


def cap(n: Any) -> Any:
    """A length that is about to be allocated."""
    return _stub(n)


@overload(cap, jit_options=_OPTIONS)
def _cap(n):
    if isinstance(n, types.Integer | types.Boolean):

        def impl(n):
            if n > LONGEST or n < -LONGEST:
                raise MemoryError("too long")
            return n

        return impl
    return None


def mul(a: Any, b: Any) -> Any:
    """a * b."""
    return _stub(a, b)


@overload(mul, jit_options=_OPTIONS)
def _mul(a, b):
    if isinstance(a, types.Integer) and isinstance(b, types.Integer):

        def integers(a, b):
            if abs(float(a) * float(b)) > LARGEST:
                raise OverflowError("integer too large")
            return a * b

        return integers
    if isinstance(a, types.List) and isinstance(b, types.Integer):

        def repeated(a, b):
            if len(a) * b > LONGEST:
                raise MemoryError("too long")
            return a * b

        return repeated
    return lambda a, b: a * b


def add(a: Any, b: Any) -> Any:
    """a + b."""
    return _stub(a, b)


@overload(add, jit_options=_OPTIONS)
def _add(a, b):
    if isinstance(a, types.Integer) and isinstance(b, types.Integer):

        def integers(a, b):
            if abs(float(a) + float(b)) > LARGEST:
                raise OverflowError("integer too large")
            return a + b

        return integers
    return lambda a, b: a + b


def power(a: Any, b: Any) -> Any:
    """a ** b."""
    return _stub(a, b)


@overload(power, jit_options=_OPTIONS)
def _power(a, b):
    scalar = types.Integer | types.Boolean
    if isinstance(a, scalar) and isinstance(b, scalar):

        def integers(a, b):
            if b < 0 or abs(float(a) ** float(b)) > LARGEST:
                raise OverflowError("integer too large, or a negative power of an integer")
            result = 1
            for _ in range(b if abs(a) > 1 else min(b, 2 + b % 2)):
                result *= a
            return result

        return integers
    if isinstance(a, scalar | types.Float) and isinstance(b, scalar | types.Float):

        def floats(a, b):
            x, y = float(a), float(b)
            if (x == 0.0 and y < 0.0) or (x < 0.0 and y != math.floor(y)):
                raise ZeroDivisionError("0.0 to a negative power, or a complex result")
            return _finite(x**y, math.isfinite(x) and math.isfinite(y))

        return floats
    return lambda a, b: a**b


def to_int(x: Any) -> Any:
    """int(x)."""
    return _stub(x)


@overload(to_int, jit_options=_OPTIONS)
def _to_int(x):
    if isinstance(x, types.Float):

        def impl(x):
            if not abs(x) <= LARGEST:
                raise OverflowError("no such integer")
            return int(x)

        return impl
    return (lambda x: int(x)) if isinstance(x, types.Integer | types.Boolean) else None


def round_0(x: Any) -> Any:
    """round(x)."""
    return _stub(x)


@overload(round_0, jit_options=_OPTIONS)
def _round_0(x):
    if isinstance(x, types.Float):

        def impl(x):
            if not abs(x) <= LARGEST:
                raise OverflowError("no such integer")
            return int(np.rint(x))

        return impl
    return (lambda x: int(x)) if isinstance(x, types.Integer | types.Boolean) else None


def round_n(x: Any, digits: Any) -> Any:
    """round(x, digits)."""
    return _stub(x, digits)


@overload(round_n, jit_options=_OPTIONS)
def _round_n(x, digits):
    if isinstance(x, types.Integer):
        return None
    return lambda x, digits: _round_decimal(float(x), digits)


@register_jitable
def _round_decimal(x, digits):
    """Correctly rounded, as CPython does through the decimal expansion.

    x * 10**digits is taken exactly, as a product and its rounding error (Dekker), so that a tie
    is recognised for what it is; the quotient of two exact integers is then correctly rounded.
    """
    if digits < 0 or digits > 15:
        raise ValueError("digits")
    scale = 10.0**digits
    product = x * scale
    if not abs(product) < LARGEST / 4.0:
        raise OverflowError("too large to round")
    xc, sc = x * 134217729.0, scale * 134217729.0
    xh, sh = xc - (xc - x), sc - (sc - scale)
    xl, sl = x - xh, scale - sh
    error = ((xh * sh - product) + xh * sl + xl * sh) + xl * sl
    floor = math.floor(product)
    part = (product - floor - 0.5) + error
    if product == floor and error < 0.0:
        part, floor = 0.5 + error, floor - 1
    up = part > 0.0 or (part == 0.0 and floor % 2 == 1)
    result = (floor + 1.0 if up else float(floor)) / scale
    return math.copysign(result, x)


def finite(x: Any) -> Any:
    """What math.floor, math.ceil and math.trunc can turn into an integer."""
    return _stub(x)


@overload(finite, jit_options=_OPTIONS)
def _finite_only(x):
    if isinstance(x, types.Float):

        def impl(x):
            if not abs(x) <= LARGEST:
                raise OverflowError("no such integer")
            return x

        return impl
    return (lambda x: x) if isinstance(x, types.Integer) else None


def safe(name: str) -> Any:
    """`math.name` that raises where Python's does."""
    function = getattr(math, name)
    if name in ("atan2", "pow", "fmod", "hypot", "copysign"):

        @jit
        def two(x, y):
            a, b = float(x), float(y)
            return _finite(function(a, b), math.isfinite(a) and math.isfinite(b))

        return two

    @jit
    def one(x):
        a = float(x)
        return _finite(function(a), math.isfinite(a))

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
    return _finite(math.log(a), math.isfinite(a))


@jit
def dist(p, q):
    """math.dist(p, q) in the plane and in space."""
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    total = 0.0
    for i in range(len(p)):
        total += float(p[i] - q[i]) ** 2
    return math.sqrt(total)


@jit
def norm(v):
    """np.linalg.norm of a vector; numba's own needs SciPy."""
    total = 0.0
    for i in range(len(v)):
        total += float(v[i]) * float(v[i])
    return math.sqrt(total)


@jit
def dot(p, q):
    """np.dot of two vectors; numba's own needs SciPy."""
    if len(p) != len(q):
        raise ValueError("shapes not aligned")
    total = 0.0
    for i in range(len(p)):
        total += p[i] * q[i]
    return total


@jit
def best(items, keys, sign):
    """min (sign 1) or max (sign -1) of items by their keys; the first of equals, as Python."""
    if len(items) == 0:
        raise ValueError("empty sequence")
    at = 0
    for i in range(1, len(items)):
        if sign * keys[i] < sign * keys[at]:
            at = i
    return items[at]


@jit
def any_of(items):
    """any(items)."""
    for item in items:  # noqa: SIM110  this is what any() becomes
        if item:
            return True
    return False


@jit
def all_of(items):
    """all(items)."""
    for item in items:  # noqa: SIM110
        if not item:
            return False
    return True


def clip(x: Any, low: Any, high: Any) -> Any:
    """np.clip of a number or an array."""
    return _stub(x, low, high)


@overload(clip, jit_options=_OPTIONS)
def _clip(x, low, high):
    if isinstance(x, types.Integer | types.Float | types.Boolean):
        return lambda x, low, high: min(max(float(x), float(low)), float(high))
    return lambda x, low, high: np.minimum(np.maximum(x, low), high)


@jit
def points(table):
    """(M, 2) array → list of (x, y)."""
    return [(table[i, 0], table[i, 1]) for i in range(table.shape[0])]


def number(value: Any) -> Any:
    """The returned value as float64; what is no number does not compile, None raises."""
    return _stub(value)


@overload(number, jit_options=_OPTIONS)
def _number(value):
    if isinstance(value, types.Optional):
        if not isinstance(value.type, types.Integer | types.Float | types.Boolean):
            return None

        def optional(value):
            if value is None:
                raise TypeError("None")
            return float(value)

        return optional
    if isinstance(value, types.Integer | types.Float | types.Boolean):
        return lambda value: float(value)
    return None
