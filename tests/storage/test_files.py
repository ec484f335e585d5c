"""A file is old or new, never half; a failed write says what to do and leaves nothing behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from racer.cli import guarded
from racer.errors import BadRun, ResourceError
from racer.storage import files

CALLS = ("open", "write", "fsync", "replace", "rename", "mkdir")


class Stop(BaseException):
    """The process dies here: nothing but `finally` may run after it."""


def fail_at(monkeypatch, number, error):
    """Make the `number`-th file-system call of this process raise; returns the call counter."""
    seen = [0]

    def wrap(name):
        real = getattr(os, name)

        def call(*args, **kwargs):
            seen[0] += 1
            if seen[0] == number:
                raise error
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    for name in CALLS:
        wrap(name)
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_pipe_that_a_user_named_is_written_to(tmp_path):
    reader, writer = os.pipe()
    files.write_output(f"/proc/self/fd/{writer}", b"one")
    os.close(writer)
    with open(reader, "rb") as stream:
        assert stream.read() == b"one"
    log = tmp_path / "log"
    with log.open("wb") as stream:
        stream.write(b"printed ")
        stream.flush()
        files.write_output(f"/proc/self/fd/{stream.fileno()}", b"one")
    assert log.read_bytes() == b"printed one"


def test_write_atomic_replaces_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "a.json"
    files.write_atomic(path, b"one")
    files.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), Stop()])
def test_every_failing_call_of_an_atomic_write_leaves_old_or_new(tmp_path, error):
    path = tmp_path / "a"
    for number in range(1, 20):
        files.write_atomic(path, b"old")
        with pytest.MonkeyPatch.context() as patch:
            seen = fail_at(patch, number, error)
            try:
                files.write_atomic(path, b"new")
            except (OSError, Stop):
                pass
            else:
                assert seen[0] < number  # no call left to fail: all were tried
                assert number > 5
                break
        assert path.read_bytes() in (b"old", b"new")
        assert [p.name for p in tmp_path.iterdir()] == ["a"]
    else:
        pytest.fail("the write never succeeded")


def test_a_committed_folder_is_complete_or_absent_at_every_failing_call(tmp_path):
    def write(folder: Path) -> None:
        files.write_synced(folder / "x", b"1")
        files.write_synced(folder / "y", b"2")

    for number in range(1, 30):
        target = tmp_path / f"c{number}"
        with pytest.MonkeyPatch.context() as patch:
            seen = fail_at(patch, number, OSError(errno.EIO, "Input/output error"))
            try:
                files.commit_folder(target, write)
            except OSError:
                pass
            else:
                assert seen[0] < number
                break
        if target.exists():
            assert sorted(p.name for p in target.iterdir()) == ["x", "y"]
        assert not list(tmp_path.glob(f"{files.TMP_PREFIX}*"))
    assert number > 8


def test_a_full_disk_is_a_resource_error_that_says_what_survives():
    with pytest.raises(ResourceError, match="intact"), files.disk_errors("a checkpoint"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_limit_of_file_size_is_named(capsys):
    error = OSError(errno.EFBIG, "File too large")
    with pytest.raises(ResourceError, match="ulimit -f"), files.disk_errors("a checkpoint"):
        raise error

    def command():
        raise error

    assert guarded(command) == 5
    assert "cannot write the output: File too large. The file system" in capsys.readouterr().err


def test_no_space_is_to_be_freed_where_permission_is_denied():
    with pytest.raises(ResourceError, match=r"intact\. Choose another"), files.disk_errors("a run"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_what_to_do_about_a_long_name_is_a_shorter_one():
    error = OSError(errno.ENAMETOOLONG, "File name too long")
    with pytest.raises(ResourceError, match="Choose a shorter name"), files.disk_errors("a run"):
        raise error


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_bad_json_is_refused_with_its_path(tmp_path, content):
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(BadRun, match=r"manifest\.json"):
        files.read_json(path)


def test_links_and_giants_are_refused(tmp_path):
    (tmp_path / "real").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(BadRun, match="link"):
        files.read_limited(tmp_path / "link", 10)
    with pytest.raises(BadRun, match="at most 4"):
        files.read_limited(tmp_path / "real", 4)
    with pytest.raises(BadRun, match="missing"):
        files.read_limited(tmp_path / "none", 4)


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "a.json", {"x": float("nan")})


def test_a_file_that_windows_says_is_in_use_is_tried_again(tmp_path, monkeypatch):
    real, tries = os.replace, []

    def busy(*paths):
        tries.append(paths)
        if len(tries) < 3:
            error = PermissionError(13, "in use")
            error.winerror = 32
            raise error
        real(*paths)

    monkeypatch.setattr(os, "replace", busy)
    files.write_atomic(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert len(tries) == 3


def test_where_folders_cannot_be_opened_files_are_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_CAN_SYNC_FOLDERS", False)
    monkeypatch.setattr(os, "fsync", lambda descriptor: os.fstat(descriptor))
    files.commit_folder(tmp_path / "a", lambda tmp: files.write_json(tmp / "b.json", {}))
    assert files.read_json(tmp_path / "a" / "b.json") == {}
