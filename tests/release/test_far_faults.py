"""Whichever call to the far side fails, what was there stays, and the same command goes on."""

import contextlib
import itertools
import shutil

import fsspec
import pytest
from made_runs import made_run

from racer import cli
from racer.errors import ResourceError
from racer.release import far, remote
from racer.runs import Run

CALLS = ("info", "ls", "open", "pipe_file", "put_file")
URL = "memory://bucket/runs"


class Faulty:
    """Memory as a far side, one of whose calls fails: before it did anything, or after."""

    def __init__(self, at, late):
        self._real, self._left, self._late = fsspec.filesystem("memory"), at, late

    def __getattr__(self, name):
        real = getattr(self._real, name)
        if name not in CALLS:
            return real

        def call(*words, **options):
            self._left -= 1
            if self._left == -1 and not self._late:
                raise ConnectionResetError("the connection was reset")
            found = real(*words, **options)
            if self._left == -1:
                raise TimeoutError("no answer came")
            return found

        return call

    @property
    def spared(self):
        return self._left >= 0


@pytest.fixture
def memory(monkeypatch):
    """Let the next place have a fault, after so many calls."""
    monkeypatch.setitem(far.PROTOCOLS, "memory", "fsspec")
    real = fsspec.core.url_to_fs

    def faulty(at, late):
        fault = Faulty(at, late)
        monkeypatch.setattr(
            fsspec.core, "url_to_fs", lambda *w, **o: (fault, real(*w, use_listings_cache=False)[1])
        )
        return fault

    faulty.empty = fsspec.filesystem("memory").store.clear
    faulty.mended = lambda: monkeypatch.setattr(fsspec.core, "url_to_fs", real)
    faulty.empty()
    yield faulty
    faulty.empty()


def there(run, into):
    """The tags of the pushed run, which is whole then; None if there is none."""
    if not list(remote.listed(URL)):
        return None
    shutil.rmtree(into, ignore_errors=True)
    return remote.pull(f"{URL}/{run.name}", into)[0].manifest()["tags"]


@pytest.mark.parametrize("late", [False, True])
def test_a_push_that_fails_at_any_call_leaves_what_was_there(memory, late, tmp_path):
    run = made_run(tmp_path / "runs")
    for before, after in ((None, ["old"]), (["old"], ["new"])):
        run.record(tags=after)
        for at in itertools.count():
            fault = memory(at, late)
            with contextlib.suppress(ResourceError):
                remote.push(run, URL)
            memory.mended()
            assert there(run, tmp_path / "there") in (before, after)
            if fault.spared:
                break
            if before is None and at % 3:
                memory.empty()  # else the next one goes on from here
        assert at > len(CALLS)
        assert there(run, tmp_path / "there") == after


def test_a_pull_that_fails_at_any_call_keeps_nothing(memory, tmp_path):
    run, here = made_run(tmp_path / "runs"), tmp_path / "here"
    memory.mended()
    remote.push(run, URL)
    for at in itertools.count():
        fault = memory(at, late=False)
        if at < 5:  # the index, and four files
            with pytest.raises(ResourceError, match="give the same command again"):
                remote.pull(f"{URL}/{run.name}", here)
            assert not list(here.glob("*"))
        else:
            remote.pull(f"{URL}/{run.name}", here)
            assert fault.spared
            break
    assert Run.open(run.name, here).damaged() == []


def test_a_bucket_that_is_not_there_is_a_sentence(memory, tmp_path, monkeypatch, capsys):
    run = made_run(tmp_path / "runs")
    memory.mended()

    def nowhere(*_, **__):
        raise FileNotFoundError("The specified bucket does not exist")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "put_file", nowhere)
    words = [run.name, URL, "--runs-dir", str(tmp_path / "runs")]
    assert cli.main(["push", *words]) == 5
    said = capsys.readouterr().err
    assert "The specified bucket does not exist" in said
    assert said.count("\n") == 1
