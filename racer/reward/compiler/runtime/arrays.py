"""What compiled rewards call for NumPy's functions of vectors, and for sorting by a key.

numba's own need SciPy, or refuse lists and tuples where NumPy takes them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from racer.reward.compiler.runtime.scalars import OPTIONS, jit


def _stub(*_args: Any) -> Any:
    raise NotImplementedError("only inside kernels")


def array(x: Any) -> Any:
    """A list or tuple of numbers, or of rows of them, as an array; anything else as it is."""
    return _stub(x)


@overload(array, jit_options=OPTIONS)
def _array(x):
    if isinstance(x, types.UniTuple) and not isinstance(x.dtype, types.Number | types.Boolean):
        return None
    if isinstance(x, types.List) and isinstance(x.dtype, types.UniTuple):
        return lambda x: _rows(x)
    if isinstance(x, types.List | types.BaseTuple):
        return lambda x: np.array(x)
    return lambda x: x


@register_jitable
def _rows(x):
    made = np.empty((len(x), len(x[0])), np.float64)
    for i in range(len(x)):
        for k in range(len(x[0])):
            made[i, k] = x[i][k]
    return made


@jit
def norm(v):
    """np.linalg.norm of a vector."""
    total = 0.0
    for i in range(len(v)):
        total += float(v[i]) * float(v[i])
    return math.sqrt(total)


@jit
def norm_rows(m):
    """np.linalg.norm(m, axis=1)."""
    made = np.empty(m.shape[0], np.float64)
    for i in range(m.shape[0]):
        made[i] = norm(m[i])
    return made


def dot(p: Any, q: Any) -> Any:
    """np.dot of vectors, or of a matrix and a vector."""
    return _stub(p, q)


@overload(dot, jit_options=OPTIONS)
def _dot(p, q):
    number = types.Number | types.Boolean
    if isinstance(p, number) or isinstance(q, number):
        return lambda p, q: p * q
    if isinstance(p, types.Array) and p.ndim == 2:
        if isinstance(q, types.Array) and q.ndim != 1:
            return None
        return _products
    if isinstance(q, types.Array) and q.ndim == 2:
        return None
    return lambda p, q: _inner(p, q)


def _products(p, q):
    made = np.empty(p.shape[0], np.float64)
    for i in range(p.shape[0]):
        made[i] = _inner(p[i], q)
    return made


@register_jitable
def _inner(p, q):
    if len(p) != len(q):
        raise ValueError("shapes not aligned")
    total = p[0] * q[0]
    for i in range(1, len(p)):
        total += p[i] * q[i]
    return total


def clip(x: Any, low: Any, high: Any) -> Any:
    """np.clip of a number or an array."""
    return _stub(x, low, high)


@overload(clip, jit_options=OPTIONS)
def _clip(x, low, high):
    if isinstance(x, types.Integer | types.Float | types.Boolean):
        return lambda x, low, high: min(max(float(x), float(low)), float(high))
    return lambda x, low, high: np.minimum(np.maximum(x, low), high)


def total(items: Any, start: Any = 0) -> Any:
    """sum(items, start), as the Python that runs this adds its own floats.

    A kernel cannot tell these from NumPy's, or from whole numbers in the same list, for which
    Python 3.12 adds nothing at the end: then the last bits may differ.
    """
    return _stub(items, start)


@overload(total, jit_options=OPTIONS)
def _total(items, start=0):
    floats = isinstance(getattr(items, "dtype", None), types.Float)
    if not floats or isinstance(items, types.Array) or sys.version_info < (3, 12):
        return lambda items, start=0: sum(items, start)
    whole = not isinstance(start, types.Float)
    return lambda items, start=0: compensated(items, float(start), whole)


@register_jitable
def compensated(items, start, whole):
    """The sum of floats since Python 3.12: Neumaier's, which adds at the end what rounding lost.

    Args:
        whole: start is an int; then the first addition is a plain one.
    """
    found, lost = start, 0.0
    for x in items:
        after = found + x
        if whole:
            whole = False
        elif abs(found) >= abs(x):
            lost += (found - after) + x
        else:
            lost += (x - after) + found
        found = after
    return found + lost if lost and math.isfinite(lost) else found


def backwards(items: Any) -> Any:
    """list(reversed(items))."""
    return _stub(items)


@overload(backwards, jit_options=OPTIONS)
def _backwards(items):
    if isinstance(items, types.RangeType):

        def listed(items):
            found = [i for i in items]
            return found[::-1]

        return listed
    return lambda items: items[::-1]


@jit
def sorted_by(items, keys, reverse):
    """sorted(items, key=...): stable, also when reversed, as Python's."""
    order = [i for i in range(len(items))]
    for i in range(1, len(order)):
        at, k = order[i], i
        while k > 0 and (
            keys[order[k - 1]] < keys[at] if reverse else keys[at] < keys[order[k - 1]]
        ):
            order[k] = order[k - 1]
            k -= 1
        order[k] = at
    return [items[i] for i in order]
