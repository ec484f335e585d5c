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

OPTIONS: Any = {
    "error_model": "python",
    "boundscheck": True,
    "no_cpython_wrapper": True,  # kernels call it, and `bind` calls kernels
    "no_cfunc_wrapper": True,
}
jit = njit(nogil=True, **OPTIONS)


@jit
def tick(c):
    """One turn of a loop."""
    c.fuel[0] -= 1
    if c.fuel[0] < 0:
        raise RuntimeError("out of fuel, or in doubt")
    return True


@register_jitable
def doubt(c):
    """End the call here, whatever `except` stands around it: plain Python is to answer."""
    c.fuel[0] = -1
    raise RuntimeError("plain Python is to answer")


@jit
def assigned(flag):
    """A local variable is read: it must have a value."""
    if not flag:
        raise UnboundLocalError("read before assignment")
    return True


@register_jitable
def in_domain(value, finite_before):
    """Python raises where C's functions return NaN or infinity."""
    if finite_before and not math.isfinite(value):
        raise ValueError("math domain or range error")
    return value


def _stub(*_args: Any) -> Any:
    raise NotImplementedError("only inside kernels")


def cap(c: Any, n: Any) -> Any:
    """A length that is about to be allocated."""
    return _stub(c, n)


@overload(cap, jit_options=OPTIONS)
def _cap(c, n):
    if isinstance(n, types.Integer | types.Boolean):

        def impl(c, n):
            if n > LONGEST or n < -LONGEST:
                doubt(c)
            return n

        return impl
    return None


def mul(c: Any, a: Any, b: Any) -> Any:
    """a * b."""
    return _stub(c, a, b)


@overload(mul, jit_options=OPTIONS)
def _mul(c, a, b):
    if isinstance(a, types.Integer) and isinstance(b, types.Integer):

        def integers(c, a, b):
            if abs(float(a) * float(b)) > LARGEST:
                doubt(c)
            return a * b

        return integers
    if isinstance(a, types.List) and isinstance(b, types.Integer):

        def repeated(c, a, b):
            if len(a) * b > LONGEST:
                doubt(c)
            return a * b

        return repeated
    return lambda c, a, b: a * b


def add(c: Any, a: Any, b: Any) -> Any:
    """a + b."""
    return _stub(c, a, b)


@overload(add, jit_options=OPTIONS)
def _add(c, a, b):
    if isinstance(a, types.Integer) and isinstance(b, types.Integer):

        def integers(c, a, b):
            if abs(float(a) + float(b)) > LARGEST:
                doubt(c)
            return a + b

        return integers
    return lambda c, a, b: a + b


def power(c: Any, a: Any, b: Any) -> Any:
    """a ** b."""
    return _stub(c, a, b)


@overload(power, jit_options=OPTIONS)
def _power(c, a, b):
    scalar = types.Integer | types.Boolean
    if isinstance(a, scalar) and isinstance(b, scalar):

        def integers(c, a, b):
            if b < 0 or abs(float(a) ** float(b)) > LARGEST:
                doubt(c)  # too large, or a negative power: a float
            result = 1
            for _ in range(b if abs(a) > 1 else min(b, 2 + b % 2)):
                result *= a
            return result

        return integers
    if isinstance(a, scalar | types.Float) and isinstance(b, scalar | types.Float):

        def floats(c, a, b):
            x, y = float(a), float(b)
            if x < 0.0 and y != math.floor(y):
                doubt(c)  # complex
            if x == 0.0 and y < 0.0:
                raise ZeroDivisionError("0.0 to a negative power")
            return in_domain(x**y, math.isfinite(x) and math.isfinite(y))

        return floats
    return lambda c, a, b: a**b


def to_int(c: Any, x: Any) -> Any:
    """int(x)."""
    return _stub(c, x)


@overload(to_int, jit_options=OPTIONS)
def _to_int(c, x):
    if isinstance(x, types.Float):

        def impl(c, x):
            if not abs(x) <= LARGEST:
                doubt(c)
            return int(x)

        return impl
    return (lambda c, x: int(x)) if isinstance(x, types.Integer | types.Boolean) else None


def fits(c: Any, held: Any, x: Any) -> Any:
    """x, about to be stored in `held`: numba would cut 2.5 to fit a list of ints."""
    return _stub(c, held, x)


@overload(fits, jit_options=OPTIONS)
def _fits(c, held, x):
    whole = isinstance(held, types.List) and isinstance(held.dtype, types.Integer)
    truth = isinstance(held, types.List) and isinstance(held.dtype, types.Boolean)
    if (whole and isinstance(x, types.Float)) or (truth and not isinstance(x, types.Boolean)):

        def other(c, held, x):
            doubt(c)
            return x

        return other
    return lambda c, held, x: x


def round_0(c: Any, x: Any) -> Any:
    """round(x)."""
    return _stub(c, x)


@overload(round_0, jit_options=OPTIONS)
def _round_0(c, x):
    if isinstance(x, types.Float):

        def impl(c, x):
            if not abs(x) <= LARGEST:
                doubt(c)
            return int(np.rint(x))

        return impl
    return (lambda c, x: int(x)) if isinstance(x, types.Integer | types.Boolean) else None


def round_n(c: Any, x: Any, digits: Any) -> Any:
    """round(x, digits)."""
    return _stub(c, x, digits)


@overload(round_n, jit_options=OPTIONS)
def _round_n(c, x, digits):
    if isinstance(x, types.Integer):

        def whole(c, x, digits):
            if digits < 0:
                doubt(c)
            return x

        return whole
    return lambda c, x, digits: _round_decimal(c, float(x), digits)


@register_jitable
def _round_decimal(c, x, digits):
    """Correctly rounded, as CPython does through the decimal expansion.

    x * 10**digits is taken exactly, as a product and its rounding error (Dekker), so that a tie
    is recognised for what it is; the quotient of two exact integers is then correctly rounded.
    """
    if digits < 0 or digits > 15:
        doubt(c)
    scale = 10.0**digits
    product = x * scale
    if not abs(product) < LARGEST / 4.0:
        doubt(c)
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


def finite(c: Any, x: Any) -> Any:
    """What math.floor, math.ceil and math.trunc can turn into an integer."""
    return _stub(c, x)


@overload(finite, jit_options=OPTIONS)
def _finite_only(c, x):
    if isinstance(x, types.Float):

        def impl(c, x):
            if not abs(x) <= LARGEST:
                doubt(c)
            return x

        return impl
    return (lambda c, x: x) if isinstance(x, types.Integer) else None


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


@jit
def points(table):
    """(M, 2) array → list of (x, y)."""
    return [(table[i, 0], table[i, 1]) for i in range(table.shape[0])]


def number(value: Any) -> Any:
    """The returned value as float64; what is no number does not compile, None raises."""
    return _stub(value)


@overload(number, jit_options=OPTIONS)
def _number(value):
    if isinstance(value, types.Optional):
        if not isinstance(value.type, types.Integer | types.Float | types.Boolean):
            return None

        def optional(value):
            if value is None:
                raise TypeError("None")
            return to_float(value)

        return optional
    return _float(value)


def to_float(value: Any) -> Any:
    """float(value)."""
    return _stub(value)


@overload(to_float, jit_options=OPTIONS)
def _float(value):
    if isinstance(value, types.Boolean):
        return lambda value: 1.0 if value else 0.0
    if isinstance(value, types.Integer | types.Float):
        return lambda value: float(value)
    return None
