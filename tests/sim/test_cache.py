"""The kernel cache: keyed by every kernel's source, private, and never a reason to stop."""

import ast
import importlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from racer.sim import cache

POSIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
DECORATORS = {"kernel", "inlined", "helper", "njit", "jit"}
# Generated text is part of the key there, and so is all of this folder.
OWN_KEY = ("reward", "compiler")

KERNELS = """
def a(x): return x + 1
def b(x): return x + 2
def c(x): return x + 3
def d(x): return x + 4
def e(x): return x + 5
"""


def _holds_kernels(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for decorator in getattr(node, "decorator_list", []):
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if getattr(called, "id", getattr(called, "attr", "")) in DECORATORS:
                return True
    return False


def test_every_package_with_kernels_is_part_of_the_key():
    keyed = set(cache.sources())
    for path in cache.PACKAGE.rglob("*.py"):
        inside = path.relative_to(cache.PACKAGE).parts
        if _holds_kernels(path) and inside[:2] != OWN_KEY:
            assert path in keyed, f"{inside[0]} is missing from KERNEL_FOLDERS"


def test_a_deep_file_changes_the_key(tmp_path, monkeypatch):
    deep = tmp_path / "sim" / "models" / "more"
    deep.mkdir(parents=True)
    monkeypatch.setattr(cache, "PACKAGE", tmp_path)
    before = cache.key()
    (deep / "new.py").write_text("x = 1")
    assert cache.key() != before


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Call five kernels as a process does that finds a cache: (sum of results, kernels loaded)."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "five_kernels.py").write_text(KERNELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        module = importlib.import_module("five_kernels")

    def calls():
        made = [cache.attach(numba.njit(getattr(module, k)), str(folder)) for k in "abcde"]
        total = sum(kernel(0) for kernel in made)
        return total, sum(sum(kernel.stats.cache_hits.values()) for kernel in made)

    calls.folder = folder
    assert calls() == (15, 0)
    return calls


HARMS = (
    lambda content, other: other,  # two files changed places
    lambda content, other: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
    lambda content, other: b"",
    lambda content, other: content[: len(content) // 2],
    lambda content, other: b"\x80\x05" + b"x" * 40,
)


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_files_are_compiled_anew(calls, suffix):
    """Every kernel's file is hurt, each in another way."""
    assert calls() == (15, 5)
    paths = sorted(calls.folder.rglob(f"*.{suffix}"))
    contents = [path.read_bytes() for path in paths]
    for path, harm, content, other in zip(
        paths, HARMS, contents, contents[1:] + contents[:1], strict=True
    ):
        path.write_bytes(harm(content, other))
    assert calls() == (15, 0)
    assert calls() == (15, 5)  # they were repaired


@POSIX
def test_folders_are_made_for_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("RACER_CACHE", str(tmp_path / "new"))
    for folder in (Path(cache.find("kernels-1")), tmp_path / "new"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@POSIX
@pytest.mark.parametrize("harm", ["writable", "link", "foreign"])
def test_what_others_could_have_written_is_not_loaded(tmp_path, monkeypatch, harm):
    folder = tmp_path / "kernels-1"
    folder.mkdir(mode=0o700)
    assert cache.private(folder)
    if harm == "writable":
        folder.chmod(0o777)
    elif harm == "link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert not cache.private(folder)
    monkeypatch.setenv("RACER_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    found = cache.find("kernels-1")
    assert not found.startswith(str(folder))


@POSIX
def test_a_folder_in_the_shared_temporary_folder_must_be_ones_own(tmp_path, monkeypatch):
    monkeypatch.delenv("RACER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)  # a home that cannot hold a folder
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    mine = tmp_path / f"racer-{os.getuid()}"
    assert cache.find("kernels-1") == str(mine / "kernels-1")
    mine.chmod(0o777)
    assert cache.find("kernels-1") == ""


def test_where_all_disks_are_full_nothing_is_kept_and_nothing_stops(tmp_path, monkeypatch):
    def none():
        raise FileNotFoundError("No usable temporary directory found")  # as tempfile does

    monkeypatch.setattr(cache.tempfile, "gettempdir", none)
    monkeypatch.delenv("RACER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert cache.find("kernels-1") == ""
    assert cache.beside("", "references") is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # the home has room: no other is asked for
    assert Path(cache.find("kernels-1")).is_relative_to(tmp_path)


def test_without_a_home_there_is_still_an_answer(tmp_path, monkeypatch):
    for name in ("RACER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert Path(cache.find("kernels-1")).parent.parent == tmp_path
    assert not (tmp_path / "~").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit here")
def test_a_full_disk_is_one_warning_and_no_cache(tmp_path):
    path = (
        tmp_path / "two_kernels.py"
    )  # a limit of 0 bytes a file fails every write, as a full disk does
    path.write_text(
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "from racer.sim import jit\n"
        "def a(x): return x + 1\n"
        "def b(x): return x + 2\n"
        "print(jit.kernel(a)(0) + jit.kernel(b)(0))\n"
    )
    done = subprocess.run(
        [sys.executable, str(path)],
        env=os.environ
        | {"RACER_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(cache.PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3\n"
    assert done.stderr.count("kernel cache") == 1
    assert str(tmp_path) in done.stderr


def test_a_users_kernel_is_keyed_by_the_files_beside_it(tmp_path):
    (tmp_path / "one.py").write_text("x = 1")
    before = cache._with_neighbours("cache", str(tmp_path))
    cache._with_neighbours.cache_clear()
    (tmp_path / "two.py").write_text("y = 1")
    assert cache._with_neighbours("cache", str(tmp_path)) != before
    cache._with_neighbours.cache_clear()
    for k in range(cache.NEIGHBOURS):
        (tmp_path / f"f{k}.py").write_text("")
    assert cache._with_neighbours("cache", str(tmp_path)) == ""
