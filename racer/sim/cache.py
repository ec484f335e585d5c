"""Where compiled kernels are kept between processes; it may fail in any way and never stops work.

numba's own cache is keyed by the source of the compiled function alone: edit a helper in another
file and the cached caller keeps the old answer. Here the folder's name holds a hash of all sources
in KERNEL_FOLDERS, of numba and of NumPy, so a stale kernel cannot be found.

What is loaded is executed. So a folder is used only if it is this user's and nobody else can write
to it; each file begins with a hash of its place and of the rest, and without a match it is compiled
anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import pickle
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

PACKAGE = Path(__file__).resolve().parent.parent
KERNEL_FOLDERS = ("sim", "observations", "policy", "raceline")  # a test finds what is missing
NEIGHBOURS = 200  # files beside a user's kernel that are hashed; where there are more: no cache
_DIGEST = 32  # bytes
_config: Any = numba.config  # its attributes appear at run time
_log = logging.getLogger("racer")


def sources(folders: Iterable[str] = KERNEL_FOLDERS) -> Iterator[Path]:
    """Every file that the key depends on."""
    for folder in folders:
        yield from sorted((PACKAGE / folder).rglob("*.py"))


def key(*more: object) -> str:
    """Of every kernel in the package."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {more}".encode())
    for path in sources():
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def find(name: str) -> str:
    """The folder `name` in the first place that will do: "" if there is none.

    Places are $RACER_CACHE, the user's cache folder, and a private one in the temporary folder.
    """
    chosen = os.environ.get("RACER_CACHE")
    if chosen:
        folder = _usable(Path(chosen), name)
        if folder:
            return folder
        _log.warning("RACER_CACHE=%s cannot be used; kernels are cached elsewhere.", chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    own = os.path.isabs(base)  # else "~": nobody knows the home
    return (_usable(Path(base) / "racer", name) if own else "") or _temporary(name)


def _temporary(name: str) -> str:
    """In the temporary folder, if there is one: Python finds none where all disks are full."""
    try:
        shared = Path(tempfile.gettempdir())
    except OSError:
        return ""
    mine = shared / (f"racer-{os.getuid()}" if hasattr(os, "getuid") else "racer")
    return _usable(mine, name) if _make(mine) and private(mine) else ""


def _usable(place: Path, name: str) -> str:
    folder = place / name
    try:
        if _make(place) and _make(folder) and private(folder):
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
    except OSError:
        pass
    return ""


def _make(folder: Path) -> bool:
    """Make a folder for this user alone, unless it is there; False where that cannot be."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return True


def private(folder: Path) -> bool:
    """Is it a folder, no link, of this user, that nobody else can write to?"""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows keeps the user's folders private by itself
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def beside(folder: str, name: str) -> Path | None:
    """The folder `name` beside that of the kernels, made for this user alone.

    None where there is no cache, or others could have written what is in it.
    """
    if not folder:
        return None
    found = Path(folder).parent / name
    return found if _make(found) and private(found) else None


def attach(dispatcher: Any, folder: str, *, alone: bool = False) -> Any:
    """Let a numba dispatcher keep what it compiles in `folder`; "" keeps nothing.

    Args:
        dispatcher: of numba.njit.
        folder: of `find`.
        alone: the function calls nothing outside its own file and what `key` covers.
    """
    function = dispatcher.py_func
    inside = PACKAGE in Path(function.__code__.co_filename).parents
    if folder and not alone and not inside:
        folder = _with_neighbours(folder, os.path.dirname(function.__code__.co_filename))
    if folder:
        before = _config.CACHE_DIR
        _config.CACHE_DIR = folder
        with contextlib.suppress(RuntimeError, OSError):  # no source file, or the disk is full
            dispatcher._cache = _Cache(function)
        _config.CACHE_DIR = before
    return dispatcher


def holds(dispatcher: Any) -> bool:
    """Has this machine kept something that `dispatcher` compiled? True where nothing is kept."""
    cache = getattr(dispatcher, "_cache", None)
    return not isinstance(cache, _Cache) or os.path.exists(cache.index)


@functools.lru_cache(maxsize=64)
def _with_neighbours(folder: str, beside: str) -> str:
    """Where a user's kernels go: a kernel may call into any file that lies beside its own."""
    files = sorted(Path(beside or ".").glob("*.py"))
    if len(files) > NEIGHBOURS:
        return ""
    digest = hashlib.sha256()
    try:
        for path in files:
            digest.update(path.name.encode("utf-8", "surrogateescape") + path.read_bytes())
    except OSError:
        return ""
    return os.path.join(folder, f"own-{digest.hexdigest()[:16]}")


class _Impl(CompileResultCacheImpl):
    _locator_classes = CompileResultCacheImpl._locator_classes[:1]  # CACHE_DIR and nowhere else


class _Cache(FunctionCache):
    """numba's cache of a function, for which any failure is a miss."""

    _impl_class = _Impl

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _Checked(self._cache_path, self._impl.filename_base, stamp)

    @property
    def index(self) -> str:
        """The file that lists what is kept of the function."""
        return str(self._cache_file._index_path)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # a damaged pickle raises anything
            _log.info("kernel cache: %s is damaged (%s); compiling anew", self.cache_path, error)
            with contextlib.suppress(Exception):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _warn_once(str(self.cache_path), str(error))
            self.disable()


class _Checked(IndexDataCacheFile):
    """Files that begin with a hash of their own place in the cache and of the rest."""

    def _save_index(self, overloads: Any) -> None:
        content = _digested(self._index_path, self._dump((self._source_stamp, overloads)))
        with self._open_for_write(self._index_path) as file:
            file.write(pickle.dumps(self._version, protocol=-1) + content)

    def _save_data(self, name: str, data: Any) -> None:
        path = self._data_path(name)
        with self._open_for_write(path) as file:
            file.write(_digested(path, self._dump(data)))

    def _load_index(self) -> Any:
        try:
            with open(self._index_path, "rb") as file:
                version = pickle.load(file)
                content = file.read()
        except FileNotFoundError:
            return {}
        if version != self._version:
            return {}
        stamp, overloads = pickle.loads(_checked(self._index_path, content))
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name: str) -> Any:
        path = self._data_path(name)
        return pickle.loads(_checked(path, Path(path).read_bytes()))


def _digested(path: str, data: bytes) -> bytes:
    """`data` after a hash of it and of the file's place, which a file put elsewhere does not match.

    The place is three names long (key, folder of the source, file), so a cache can be copied whole.
    """
    place = "/".join(Path(path).parts[-3:])
    return hashlib.sha256(place.encode("utf-8", "surrogateescape") + b"\0" + data).digest() + data


def _checked(path: str, content: bytes) -> bytes:
    data = content[_DIGEST:]
    if _digested(path, data) != content:
        raise ValueError("its hash differs")
    return data


_warned: set[str] = set()


def _warn_once(folder: str, why: str) -> None:
    if _warned:
        return
    _warned.add(folder)
    _log.warning(
        "the kernel cache %s cannot be written (%s): every start compiles anew. Make room there, "
        "delete it, or set RACER_CACHE to another folder.",
        os.path.dirname(folder),
        why,
    )
