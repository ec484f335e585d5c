"""`@kernel`: compile with numba, cached on disk; `bind`, `chain`: call without numba's unpacking.

numba's own cache is keyed by the source of the compiled function alone: edit a helper in another
file and the cached caller keeps the old answer. Here the folder name holds a hash of all sources
in `racer/sim`, of numba and of NumPy, so a stale kernel cannot be found.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.extending import lower_builtin, type_callable

_config: Any = numba.config  # its attributes appear at run time
SWITCHED_OFF = bool(_config.DISABLE_JIT)  # NUMBA_DISABLE_JIT=1
_BOUNDSCHECK = bool(os.environ.get("RACER_BOUNDSCHECK"))
_OPTIONS: Any = {"error_model": "numpy", "boundscheck": _BOUNDSCHECK}


def _sources_hash() -> str:
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {_BOUNDSCHECK}".encode())
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> str:
    """The first writable of $RACER_CACHE, the user's cache folder, the temporary folder; or ''."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    places = [os.environ.get("RACER_CACHE"), os.path.join(home, "racer")]
    places.append(
        os.path.join(
            tempfile.gettempdir(), f"racer-{os.getuid()}" if hasattr(os, "getuid") else "racer"
        )
    )
    for place in filter(None, places):
        folder = Path(place) / f"kernels-{_sources_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
        except OSError:
            continue
    return ""


CACHE_FOLDER = _cache_folder()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on first call; later processes load it from the cache.

    No fastmath, so results do not depend on batch size or vector width. Called from Python, kernels
    release the GIL; what `bind` returns holds it.
    `kernel.py_func` is the same function uncompiled; NUMBA_DISABLE_JIT=1 makes all of them so.
    """
    if SWITCHED_OFF:
        return _interpreted(function)
    before = _config.CACHE_DIR
    _config.CACHE_DIR = CACHE_FOLDER
    try:
        return numba.njit(cache=bool(CACHE_FOLDER), nogil=True, **_OPTIONS)(function)
    finally:
        _config.CACHE_DIR = before


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
        return type(arg)(*map(_with_fields, arg))
    return arg


def borrowed(arrays: Any) -> Any:
    """An array argument of a kernel, or a tuple of them, without reference counts.

    numba counts references atomically, 5 ns an array, whenever an array goes to a function, even
    one that is inlined. The caller of a kernel holds its arguments: inside nobody need count.
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
        table = np.array([len(steps), *itertools.chain(*steps)], np.int64)
        return _call(_native_chain(), table, steps, calls)

    def one_by_one() -> Any:
        result = 0
        for call in calls:
            result = call()
            if isinstance(result, int) and result < 0:
                break
        return result

    return one_by_one


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
def _native_chain() -> Any:
    """A C function that calls others: their number, then for each its address and its words'."""
    context = cpu_target.target_context

    def body(builder: Any, table: Any) -> None:
        result = cgutils.alloca_once_value(builder, _INT64(0))
        with cgutils.for_range(builder, _word(builder, table, 0)) as loop:
            at = builder.mul(loop.index, _INT64(2))
            function = _word(builder, table, builder.add(at, _INT64(1)))
            words = _word(builder, table, builder.add(at, _INT64(2)))
            function = builder.inttoptr(function, _NATIVE.as_pointer())
            words = builder.inttoptr(words, _INT64.as_pointer())
            builder.store(builder.call(function, [words]), result)
            negative = builder.icmp_signed("<", builder.load(result), _INT64(0))
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
