"""`bind` and `chain`: call kernels without numba's unpacking of arguments.

At one car, taking arrays apart costs numba ten times what the physics does. So addresses and
shapes are noted once, and a step is one call of a C function that reads them from a table.

The C functions are built in LLVM's language, not by numba's public `cfunc` and `carray`. Measured
side by side on a busy core (CPU time, medians of 7 pairs), a step is as fast either way (1 car:
2.2 % slower with `cfunc`, 256 cars: equal). But numba links a kernel into its `cfunc` and optimizes
all of it again, in every process: 2.6 s at each start of a race (`begin` 0.63, `advance` 0.55, a
reward 0.36), where this takes 0.18. And a `cfunc` prints what a kernel raises, and goes on.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target


def bind(function: Any, *args: Any) -> Callable[[], Any]:
    """A call of `function` on these very buffers that unpacks nothing.

    Compiles for the types of `args` if needed. Addresses and shapes are noted once, so that one
    car's step is not spent on taking arrays apart. Buffers are filled in place: resize none.

    Returns:
        The call. It returns the kernel's integer, or 0 if the kernel returns nothing.
    """
    if not hasattr(function, "overloads"):  # NUMBA_DISABLE_JIT
        return lambda: function(*args) or 0
    signature = tuple(numba.typeof(arg) for arg in args)
    words = np.array(_all_words(signature, args))
    native = _native_call(function, signature)
    return _call(native, words, [(_address(native), words.ctypes.data)], args)


def chain(*calls: Callable[[], Any]) -> Callable[[], Any]:
    """One call that makes these in order, until one returns a negative integer.

    Between kernels that are bound nothing goes back to Python.

    Returns:
        The call. It returns what the last one made returned.
    """
    if len(calls) == 1:
        return calls[0]
    if all(hasattr(call, "steps") for call in calls):
        steps = [step for call in calls for step in call.steps]  # type: ignore[attr-defined]
        return _call(_native_chain(), _table(steps), steps, calls)

    def one_by_one() -> Any:
        result = 0
        for call in calls:
            result = call()
            if isinstance(result, int) and result < 0:
                break
        return result

    return one_by_one


def every(*calls: Callable[[], Any]) -> Callable[[], Any]:
    """One call that makes all of these in order, whatever they return.

    Returns:
        The call. It returns the smallest integer that they returned. It may be part of a chain.
    """
    if len(calls) == 1:
        return calls[0]
    if all(hasattr(call, "steps") for call in calls):
        steps = [step for call in calls for step in call.steps]  # type: ignore[attr-defined]
        native, table = _native_chain(to_the_end=True), _table(steps)
        return _call(native, table, [(_address(native), table.ctypes.data)], calls)
    return lambda: min(call() for call in calls)


def _table(steps: list[tuple[int, int]]) -> np.ndarray:
    return np.array([len(steps), *itertools.chain(*steps)], np.int64)


def _call(
    native: Any, words: np.ndarray, steps: list[tuple[int, int]], alive: Any
) -> Callable[[], Any]:
    """A call of `native` on `words`; `steps` are the addresses of each kernel and its words."""
    call: Any = functools.partial(native, ctypes.c_void_p(words.ctypes.data))
    call.steps, call.keeps_alive = steps, (words, alive)
    return call  # type: ignore[no-any-return]


def _address(native: Any) -> int:
    return ctypes.cast(native, ctypes.c_void_p).value or 0


_INT64 = ir.IntType(64)


def _all_words(kinds: Any, args: Any) -> list[np.int64]:
    return [word for kind, arg in zip(kinds, args, strict=True) for word in _words(kind, arg)]


def _words(kind: Any, arg: Any) -> list[np.int64]:
    """`arg` of numba type `kind` as a kernel takes it apart, a 64-bit word for each part."""
    if isinstance(kind, types.BaseTuple):
        return _all_words(kind, arg)
    if isinstance(kind, types.Array):
        no_owner = (0, 0)
        parts = (*no_owner, arg.size, arg.itemsize, arg.ctypes.data, *arg.shape, *arg.strides)
        return [np.int64(part) for part in parts]
    if isinstance(kind, types.Float):
        return [np.float64(arg).view(np.int64)]
    return [np.int64(arg)]  # an integer or a bool


@functools.cache
@global_compiler_lock
def _native_call(function: Any, signature: tuple[Any, ...]) -> Any:
    """A C function that calls the kernel with arguments read from an array of words.

    Some 20 ms of compiling for each kernel and process.
    """
    function.compile(signature)
    compiled = function.overloads[signature]
    context, returns = compiled.target_context, compiled.signature.return_type
    kernel_type = context.call_conv.get_function_type(returns, compiled.signature.args)
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)

    def body(builder: Any, words: Any) -> None:
        result, error = (
            cgutils.alloca_once(builder, kind.pointee) for kind in kernel_type.args[:2]
        )
        args = [
            _from_word(builder, _word(builder, words, k), kind)
            for k, kind in enumerate(kernel_type.args[2:])
        ]
        kernel = builder.inttoptr(_INT64(address), kernel_type.as_pointer())
        status = context.call_conv._get_return_status(
            builder, builder.call(kernel, [result, error, *args]), builder.load(error)
        )
        with cgutils.if_unlikely(builder, status.is_error):  # ctypes raises what is set here
            context.call_conv.raise_error(builder, context.get_python_api(builder), status)
            builder.ret(_INT64(-1))
        builder.ret(builder.load(result) if returns == types.int64 else _INT64(0))

    return _native(context, body, compiled)


@functools.cache
@global_compiler_lock
def _native_chain(*, to_the_end: bool = False) -> Any:
    """A C function that calls others: their number, then for each its address and its words'.

    It ends at the first negative answer, which is its own, or `to_the_end` gives the smallest.
    """
    context = cpu_target.target_context

    def body(builder: Any, table: Any) -> None:
        result = cgutils.alloca_once_value(builder, _INT64(0))
        with cgutils.for_range(builder, _word(builder, table, 0)) as loop:
            at = builder.mul(loop.index, _INT64(2))
            function = _word(builder, table, builder.add(at, _INT64(1)))
            words = _word(builder, table, builder.add(at, _INT64(2)))
            function = builder.inttoptr(function, _NATIVE.as_pointer())
            words = builder.inttoptr(words, _INT64.as_pointer())
            answer = builder.call(function, [words])
            if to_the_end:
                least = builder.load(result)
                less = builder.icmp_signed("<", answer, least)
                builder.store(builder.select(less, answer, least), result)
            else:
                builder.store(answer, result)
                negative = builder.icmp_signed("<", answer, _INT64(0))
                with cgutils.if_unlikely(builder, negative):
                    loop.do_break()
        builder.ret(builder.load(result))

    return _native(context, body)


_NATIVE = ir.FunctionType(_INT64, [_INT64.as_pointer()])  # from words to a kernel's integer


def _native(context: Any, body: Callable[[Any, Any], None], *alive: Any) -> Any:
    """Compile what `body` builds, to be called through ctypes."""
    library = context.codegen().create_library("native_call")
    module = library.create_ir_module("native_call")
    caller = ir.Function(module, _NATIVE, "native_call")
    body(ir.IRBuilder(caller.append_basic_block()), caller.args[0])
    library.add_ir_module(module)
    library.finalize()
    call: Any = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(
        library.get_pointer_to_function("native_call")
    )
    call.keeps_alive = library, alive
    return call


def _word(builder: Any, words: Any, k: Any) -> Any:
    return builder.load(builder.gep(words, [_INT64(k) if isinstance(k, int) else k]))


def _from_word(builder: Any, word: Any, kind: Any) -> Any:
    if isinstance(kind, ir.PointerType):
        return builder.inttoptr(word, kind)
    if isinstance(kind, ir.DoubleType):
        return builder.bitcast(word, kind)
    return word if kind == _INT64 else builder.trunc(word, kind)
