"""What compiled rewards call to read and set what they keep between calls.

`c.cells` are the cells of one car, two words each: what kind of value it holds, and the value, an
int64 or, seen through `c.numbers`, a float64. A list is a cell with its length, then its items.
What a cell holds is what Python would hold, 1 and 1.0 apart. A reader that finds another kind than
the text made likely leaves the call to plain Python.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import overload

from racer.reward.compiler.runtime.scalars import LARGEST, OPTIONS, doubt, jit

UNSET, NONE, BOOL, INT, FLOAT, LIST = range(6)


def _stub(*_args: Any) -> Any:
    raise NotImplementedError("only inside kernels")


@jit
def get_f(c, k):
    """A float."""
    if c.cells[2 * k] != FLOAT:
        doubt(c)
    return c.numbers[2 * k + 1]


@jit
def get_n(c, k):
    """A float, or an int where it makes no difference that it is one."""
    if c.cells[2 * k] == INT:
        return float(c.cells[2 * k + 1])
    return get_f(c, k)


@jit
def get_i(c, k):
    """An int."""
    if c.cells[2 * k] != INT:
        doubt(c)
    return c.cells[2 * k + 1]


@jit
def get_b(c, k):
    """A bool."""
    if c.cells[2 * k] != BOOL:
        doubt(c)
    return c.cells[2 * k + 1] != 0


@jit
def is_none(c, k):
    """Whether it is None."""
    if c.cells[2 * k] == UNSET:
        doubt(c)
    return c.cells[2 * k] == NONE


@jit
def is_true(c, k):
    """bool() of it."""
    kind = c.cells[2 * k]
    if kind == UNSET:
        doubt(c)
    if kind == FLOAT:
        return c.numbers[2 * k + 1] != 0.0
    return kind != NONE and c.cells[2 * k + 1] != 0


@jit
def is_set(c, k):
    """Whether it has a value."""
    return c.cells[2 * k] != UNSET


@jit
def forget(c, k):
    """As if it had never been set."""
    c.cells[2 * k] = UNSET


def put(c: Any, k: Any, x: Any) -> Any:
    """Keep a number or None."""
    return _stub(c, k, x)


@overload(put, jit_options=OPTIONS)
def _put(c, k, x):
    if isinstance(x, types.Float):

        def put_float(c, k, x):
            c.cells[2 * k] = FLOAT
            c.numbers[2 * k + 1] = x

        return put_float
    if isinstance(x, types.Boolean):

        def put_bool(c, k, x):
            c.cells[2 * k] = BOOL
            c.cells[2 * k + 1] = 1 if x else 0

        return put_bool
    if isinstance(x, types.Integer):

        def put_int(c, k, x):
            if abs(float(x)) > LARGEST:
                doubt(c)
            c.cells[2 * k] = INT
            c.cells[2 * k + 1] = x

        return put_int
    if isinstance(x, types.NoneType):

        def put_none(c, k, x):
            c.cells[2 * k] = NONE

        return put_none
    if isinstance(x, types.Optional):

        def put_either(c, k, x):
            if x is None:
                c.cells[2 * k] = NONE
            else:
                put(c, k, _inner(x))

        return put_either
    return None


def _inner(x: Any) -> Any:
    return _stub(x)


@overload(_inner, jit_options=OPTIONS)
def _inner_of(x):
    kind = x.type
    if isinstance(kind, types.Float):
        return lambda x: float(x)
    if isinstance(kind, types.Boolean):
        return lambda x: bool(x)
    return lambda x: int(x)


# -- lists


@jit
def length(c, k):
    """len() of a list."""
    if c.cells[2 * k] != LIST:
        doubt(c)
    return c.cells[2 * k + 1]


@jit
def item(c, k, i):
    """The cell of item `i`, which may count from the end."""
    n = length(c, k)
    at = i + n if i < 0 else i
    if at < 0 or at >= n:
        doubt(c)
    return k + 1 + at


@jit
def fits(c, k, n):
    """It has exactly `n` items, to be unpacked."""
    if length(c, k) != n:
        doubt(c)


@jit
def clear(c, k):
    """An empty list."""
    c.cells[2 * k] = LIST
    c.cells[2 * k + 1] = 0


@jit
def _move(c, to, at):
    c.cells[2 * to], c.cells[2 * to + 1] = c.cells[2 * at], c.cells[2 * at + 1]


@jit
def drop(c, k, i):
    """`del x[i]`."""
    at = item(c, k, i)
    last = k + c.cells[2 * k + 1]
    while at < last:
        _move(c, at, at + 1)
        at += 1
    c.cells[2 * k + 1] -= 1


@jit
def push(c, k, room, longest, x):
    """append; a deque that is as long as it gets loses its first item."""
    n = length(c, k)
    if longest > 0 and n >= longest:
        drop(c, k, 0)
        n -= 1
    if n >= room:
        doubt(c)
    put(c, k + 1 + n, x)
    c.cells[2 * k + 1] = n + 1


@jit
def insert(c, k, room, longest, i, x):
    """insert; a full deque cannot."""
    n = length(c, k)
    if n >= room or (longest > 0 and n >= longest):
        doubt(c)
    at = max(0, i + n) if i < 0 else min(i, n)
    for j in range(n, at, -1):
        _move(c, k + 1 + j, k + j)
    put(c, k + 1 + at, x)
    c.cells[2 * k + 1] = n + 1


@jit
def fill(c, k, room, items):
    """A list of these items."""
    if len(items) > room:
        doubt(c)
    clear(c, k)
    for x in items:
        put(c, k + 1 + c.cells[2 * k + 1], x)
        c.cells[2 * k + 1] += 1


@jit
def pop_f(c, k, i):
    """pop of a float."""
    found = get_f(c, item(c, k, i))
    drop(c, k, i)
    return found


@jit
def pop_i(c, k, i):
    """pop of an int."""
    found = get_i(c, item(c, k, i))
    drop(c, k, i)
    return found


@jit
def pop_b(c, k, i):
    """pop of a bool."""
    found = get_b(c, item(c, k, i))
    drop(c, k, i)
    return found


@jit
def list_f(c, k):
    """All items, floats."""
    return [get_f(c, k + 1 + i) for i in range(length(c, k))]


@jit
def list_i(c, k):
    """All items, ints."""
    return [get_i(c, k + 1 + i) for i in range(length(c, k))]


@jit
def list_b(c, k):
    """All items, bools."""
    return [get_b(c, k + 1 + i) for i in range(length(c, k))]
