"""`@kernel`, `@helper`, `@inlined`: compile with numba, kept on disk by racer.sim.cache.

`borrowed` and `prefetch` say to the compiler what Python cannot.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable

from racer.sim import cache

_config: Any = numba.config  # its attributes appear at run time
SWITCHED_OFF = bool(_config.DISABLE_JIT)  # NUMBA_DISABLE_JIT=1
_BOUNDSCHECK = bool(os.environ.get("RACER_BOUNDSCHECK"))
_OPTIONS: Any = {"error_model": "numpy", "boundscheck": _BOUNDSCHECK}


CACHE_FOLDER = cache.find(f"kernels-{cache.key(_BOUNDSCHECK)}")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on first call; later processes load it from the cache.

    No fastmath, so results do not depend on batch size or vector width. Called from Python, kernels
    release the GIL; what `bind` returns holds it.
    `kernel.py_func` is the same function uncompiled; NUMBA_DISABLE_JIT=1 makes all of them so.
    """
    if SWITCHED_OFF:
        return _interpreted(function)
    return cache.attach(numba.njit(nogil=True, **_OPTIONS)(function), CACHE_FOLDER)


def inlined(function: Callable[..., Any]) -> Any:
    """`helper` for small functions on the hot path: LLVM copies them into every caller."""
    return _interpreted(function) if SWITCHED_OFF else _Helper(function, forceinline=True)


def helper(function: Callable[..., Any]) -> Any:
    """`kernel` for functions that kernels call, not Python."""
    return _interpreted(function) if SWITCHED_OFF else _Helper(function, forceinline=False)


class _Helper:
    """Wrappers to call everything from Python took a quarter of all compiling: this has none.

    Called from Python all the same, as tests do, it is compiled once more, as a kernel.
    """

    def __init__(self, function: Callable[..., Any], *, forceinline: bool) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        options = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        self._compiled = numba.njit(forceinline=forceinline, **options)(function)
        self._numba_type_ = self._compiled._numba_type_  # numba asks a value for its type here

    @functools.cached_property
    def _kernel(self) -> Any:
        return kernel(self.py_func)

    def __call__(self, *args: Any) -> Any:
        return self._kernel(*args)


def _interpreted(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as Python runs it, with `row.field` working as it does in compiled code."""

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        return function(*map(_with_fields, args))

    return call


def _with_fields(arg: Any) -> Any:
    if isinstance(arg, np.ndarray) and arg.dtype.names:
        return arg.view(np.recarray)
    if isinstance(arg, tuple):
        parts = map(_with_fields, arg)
        return type(arg)(*parts) if hasattr(arg, "_fields") else tuple(parts)
    return arg


def borrowed(arrays: Any) -> Any:
    """An array argument of a kernel, or a tuple of them, without reference counts.

    numba counts references atomically, 5 ns an array, whenever an array goes to a function, even
    one that is inlined. The caller of a kernel holds its arguments: inside nobody need count.
    numba's public way to such an array, `carray`, needs a pointer, which kernels are not given.
    """
    return arrays


@type_callable(borrowed)
def _type_of_borrowed(context: Any) -> Any:
    return lambda arrays: arrays


@lower_builtin(borrowed, types.Array)
def _borrow_one(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return _uncounted(context, builder, signature.return_type, args[0])


@lower_builtin(borrowed, types.BaseTuple)
def _borrow_all(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kinds = signature.return_type
    views = [
        _uncounted(context, builder, kind, builder.extract_value(args[0], i))
        for i, kind in enumerate(kinds)
    ]
    return context.make_tuple(builder, kinds, views)


def _uncounted(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """The array's struct with no owner to count: numba's NRT skips a null `meminfo`."""
    view = context.make_array(kind)(context, builder, array)
    view.meminfo = cgutils.get_null_value(view.meminfo.type)
    return view._getvalue()


def prefetch(rows: Any, i: Any) -> None:
    """Start to load row `i` of an array that a kernel will read soon; no result depends on it.

    Thirty tracks do not fit the nearest caches. A car whose rows were asked for while the one
    before it was computed finds them there. A row that does not exist does no harm.
    """


@type_callable(prefetch)
def _type_of_prefetch(context: Any) -> Any:
    return lambda rows, i: types.none


@lower_builtin(prefetch, types.Array, types.Integer)
def _prefetch(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.args[0]
    array = context.make_array(kind)(context, builder, args[0])
    i = context.cast(builder, args[1], signature.args[1], types.intp)
    row = cgutils.get_item_pointer(context, builder, kind, array, [i])
    address = builder.bitcast(row, cgutils.voidptr_t)
    returns = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, *[ir.IntType(32)] * 3])
    hint = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], returns)
    read, keep, of_data = 0, 3, 1
    builder.call(hint, [address, *map(ir.IntType(32), (read, keep, of_data))])
    return context.get_dummy_value()
