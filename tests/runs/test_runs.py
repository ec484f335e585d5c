"""Runs are found by path, name or `latest`, verified by hash, and owned by one process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap

import pytest

from racer.errors import BadRun, Busy, ResourceError, UnknownName
from racer.runs import Run, find, list_runs, remove
from racer.storage import locks
from racer.storage.files import TMP_PREFIX, safe_name


def make(runs_dir, *parts, **options):
    texts = {"config.toml": "seed = 1\n", "reward.py": "def reward_function(params): return 1.0\n"}
    return Run.create(
        runs_dir, parts or ("center_line", "oval"), texts=texts, manifest={}, **options
    )


def test_a_run_records_what_it_was_made_with(tmp_path):
    run = make(tmp_path / "runs")
    manifest = run.manifest()
    assert run.name == f"{manifest['created'][:10]}-center_line-oval"
    assert manifest["schema"] == 1
    assert {"python", "numpy", "torch", "numba"} <= manifest["versions"].keys()
    assert run.config_file.read_text() == "seed = 1\n"
    assert run.reward_file.is_file()


def test_creating_a_run_imports_no_torch(tmp_path):
    code = textwrap.dedent(f"""
        import sys
        from racer.runs import Run
        Run.create({str(tmp_path)!r}, ["a"], texts={{}}, manifest={{}})
        assert "torch" not in sys.modules
    """)
    subprocess.run([sys.executable, "-c", code], check=True)


def test_same_day_same_names_never_share_a_folder(tmp_path):
    names = {make(tmp_path).name for _ in range(5)}
    assert len(names) == 5


def test_latest_is_the_newest_even_when_the_clock_jumps_back(tmp_path):
    first = make(tmp_path, "a")
    first.record(created="2099-01-01T00:00:00.000000+00:00")
    second = make(tmp_path, "b")
    assert find("latest", tmp_path) == second.folder
    assert [run.name for run in list_runs(tmp_path)] == [second.name, first.name]


def test_a_run_is_found_by_path_name_and_latest(tmp_path, monkeypatch):
    run = make(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    for name in (run.name, f"runs/{run.name}", str(run.folder), f"{run.folder}/", "latest"):
        assert find(name, tmp_path / "runs").samefile(run.folder)


def test_an_unknown_run_names_the_nearest(tmp_path):
    run = make(tmp_path, "center_line", "oval")
    with pytest.raises(UnknownName, match=f"Did you mean '{run.name}'"):
        find(run.name[:-1], tmp_path)
    with pytest.raises(UnknownName, match="racer train"):
        find("latest", tmp_path / "empty")
    with pytest.raises(UnknownName):
        find("", tmp_path)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(BadRun, match=r"manifest\.json"):
        find(str(tmp_path / "x"), tmp_path)


def test_a_newer_schema_is_refused(tmp_path):
    run = make(tmp_path)
    run.record(schema=99)
    with pytest.raises(BadRun, match="Upgrade"):
        run.manifest()


@pytest.mark.parametrize("field", ["tags", "files", "track"])
def test_a_manifest_of_the_wrong_shape_is_refused(tmp_path, field):
    run = make(tmp_path)
    run.record(**{field: "x"})
    with pytest.raises(BadRun, match=field):
        run.manifest()


def test_names_and_tags_are_searchable(tmp_path):
    oval = make(tmp_path, "center_line", "oval", tags=["class-3b"])
    make(tmp_path, "center_line", "hairpin")
    assert [run.name for run in list_runs(tmp_path, ["oval"])] == [oval.name]
    assert [run.name for run in list_runs(tmp_path, ["3B", "center"])] == [oval.name]
    assert not list_runs(tmp_path, ["nothing"])


def test_a_tag_opens_the_one_run_that_has_it(tmp_path):
    first = make(tmp_path, "center_line", "oval", tags=["mine"])
    assert Run.open("mine", tmp_path).folder == first.folder
    second = make(tmp_path, "center_line", "hairpin", tags=["mine"])
    with pytest.raises(UnknownName, match="have it as a tag") as raised:
        Run.open("mine", tmp_path)
    assert all(run.name in str(raised.value) for run in (first, second))


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("Reward é", "Reward_e"),
        ("../../etc/passwd", "etc_passwd"),
        ("-rf", "rf"),
        ("CON", "CON_"),
        ("latest", "latest_"),
        ("a b\nc", "a_b_c"),
        ("🏎", "run"),
        ("", "run"),
        ("x" * 250, "x" * 40),
    ],
)
def test_any_name_becomes_a_safe_folder_name(given, safe):
    assert safe_name(given) == safe


def test_a_changed_or_missing_file_is_reported_after_seal(tmp_path):
    run = make(tmp_path)
    run.metrics_file.write_text("step\n1\n")
    run.seal()
    assert run.damaged() == []
    run.reward_file.write_text("def reward_function(params): return 2.0\n")
    run.metrics_file.unlink()
    assert run.damaged() == [
        "metrics.csv is missing",
        "reward.py changed since it was written",
    ]


def test_a_manifest_cannot_point_outside_the_run(tmp_path):
    run = make(tmp_path)
    run.record(files={"../../../etc/passwd": "0"})
    assert run.damaged() == ["../../../etc/passwd is missing"]


def test_a_second_trainer_is_told_who_is_first(tmp_path):
    run = make(tmp_path)
    code = f"from racer.runs import Run\nwith Run.open({str(run.folder)!r}, '.').lock(): pass"
    with run.lock():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert f"Busy: run {run.folder} is in use by process {os.getpid()}" in done.stderr
        with pytest.raises(Busy):
            remove(run)
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    code = f"""
import os, signal
from racer.storage.locks import hold
from pathlib import Path
with hold(Path({str(tmp_path / "l")!r}), "x"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert locks.owner(tmp_path / "l") is None
    with locks.hold(tmp_path / "l", "x"):
        pass


def test_without_kernel_locks_an_owner_of_an_earlier_boot_is_dead(tmp_path, monkeypatch):
    def refused(self):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("filelock.FileLock._acquire", refused)
    path = tmp_path / "l"
    second = locks.hold(path, "x")
    with locks.hold(path, "x"), pytest.raises(Busy, match=str(os.getpid())), second:
        pass
    monkeypatch.setattr(locks, "boot_id", lambda: "earlier")
    with locks.hold(path, "x"):
        monkeypatch.setattr(locks, "boot_id", lambda: "now")
        with locks.hold(path, "x"):
            pass


def test_a_run_folder_that_was_never_finished_is_not_a_run(tmp_path):
    run = make(tmp_path)
    half = tmp_path / f"{TMP_PREFIX}1-half"
    run.folder.rename(half)
    assert list_runs(tmp_path) == []
    make(tmp_path)
    assert half.exists()  # somebody may be at it
    os.utime(half, (0, 0))
    make(tmp_path)
    assert not half.exists()


def test_names_at_the_limits_of_a_file_system_work(tmp_path):
    run = make(tmp_path, "漢" * 90, "é" * 300)
    run.record(status="x")
    assert Run.open(run.name, tmp_path).folder == run.folder
    with pytest.raises(UnknownName):
        find("x" * 300, tmp_path)
    remove(run)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_one_is_in_is_a_run_too(tmp_path, monkeypatch):
    run = make(tmp_path)
    monkeypatch.chdir(run.folder)
    found = Run.open(".", tmp_path / "other")
    assert found.name == run.name
    (run.folder / "tb").mkdir()
    monkeypatch.chdir(run.folder / "tb")
    remove(Run.open("..", tmp_path / "other"))
    assert not run.folder.exists()


def test_hidden_files_of_others_are_not_cleared(tmp_path):
    other = tmp_path / ".tmp-1-thesis"
    other.mkdir()
    os.utime(other, (0, 0))
    make(tmp_path)
    assert other.exists()


def test_removing_a_run_deletes_its_folder_only(tmp_path):
    run, other = make(tmp_path, "a"), make(tmp_path, "b")
    remove(run)
    assert not run.folder.exists()
    assert other.folder.exists()
    assert not list(tmp_path.glob(f"{TMP_PREFIX}*"))


def test_a_runs_folder_that_is_a_file_is_a_resource_error(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(ResourceError, match="cannot write"):
        make(tmp_path / "runs" / "deep")


def test_where_there_are_no_runs_none_is_offered(tmp_path):
    with pytest.raises(UnknownName, match=r"Known: none\. No runs in .* Make one: racer train\."):
        Run.open("missing", tmp_path)
