"""The gate believes no file: it drives, compares, promotes, keeps the history and goes back."""

import json
from pathlib import Path

import pytest
from made_runs import cruising, made_run

from racer import cli
from racer.errors import BadRun, Busy
from racer.release import gate as judging
from racer.runs import Run, find, promoted

RUNS = Path("runs")
HERE = ["--runs-dir", "runs"]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A slow run, a fast one, and one that leaves the road."""
    monkeypatch.chdir(tmp_path)
    made = [("slow", cruising(-0.9)), ("fast", cruising(-0.5)), ("lost", cruising(-0.9, 0.0))]
    return {name: made_run(tmp_path / "runs", policy, name=name).name for name, policy in made}


def gate(run, *options):
    return cli.main(["gate", run, *HERE, "--laps", "1", *options])


def test_a_run_is_promoted_when_it_is_good_enough_and_no_worse(runs, capsys):
    assert gate(runs["lost"], "--against", "champion") == 1
    assert "FAILED" in capsys.readouterr().out
    assert promoted.current(RUNS, "champion") is None
    assert gate(runs["slow"], "--against", "champion") == 0  # nobody was before
    assert f"{runs['slow']} is champion now" in capsys.readouterr().out
    assert gate(runs["fast"], "--against", "champion", "--no-promote") == 0
    assert promoted.current(RUNS, "champion").run == runs["slow"]
    assert gate(runs["fast"], "--against", "champion") == 0
    assert gate(runs["slow"], "--against", "champion") == 1  # slower
    assert find("champion", RUNS).name == runs["fast"]  # for serve, push, evaluate
    assert Run.open("champion", RUNS).name == runs["fast"]
    events = promoted.history(RUNS, "champion")
    assert [event.run for event in events] == [runs["slow"], runs["fast"]]
    assert events[1].mean_lap_s < events[0].mean_lap_s


def test_the_longest_lap_and_the_least_completion_decide(runs, capsys):
    assert gate(runs["slow"], "--max-lap", "1") == 1
    assert "at most 1 s" in capsys.readouterr().out
    assert gate(runs["slow"], "--max-lap", "100") == 0
    assert gate(runs["lost"], "--min-completion", "0.5") == 0
    assert gate(runs["lost"], "--min-completion", "101") == 2
    assert gate("nobody") == 2
    assert not promoted.tags(RUNS)


def test_the_verdict_as_json(runs, capsys):
    assert gate(runs["lost"], "--json", "-") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] is False
    assert said["completion_pct"] < 100
    assert said["checks"][0]["asked"] == "completion of at least 100 %"


def test_a_rollback_gives_the_tag_to_who_had_it_before(runs, capsys):
    for name in ("slow", "fast"):
        promoted.promote(RUNS, "champion", runs[name], "0" * 64)
    promoted.promote(RUNS, "champion", runs["lost"], "0" * 64)
    assert cli.main(["runs", "rollback", "champion", *HERE]) == 0
    assert f"{runs['fast']} is champion again" in capsys.readouterr().out
    assert cli.main(["runs", "rollback", "champion", *HERE]) == 0
    assert promoted.current(RUNS, "champion").run == runs["slow"]
    assert cli.main(["runs", "rollback", "champion", *HERE]) == 2
    assert "is the first" in capsys.readouterr().err
    promoted.promote(RUNS, "champion", runs["fast"], "0" * 64)
    assert cli.main(["runs", "rollback", "champion", *HERE]) == 0
    assert promoted.current(RUNS, "champion").run == runs["slow"]
    assert cli.main(["runs", "history", *HERE]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in shown[-7:]].count("rolled") == 3  # all is kept


def test_who_got_the_tag_while_a_run_drove_is_not_overwritten(runs, monkeypatch, capsys):
    real = judging.judge

    def slow(run, **options):
        promoted.promote(RUNS, "champion", runs["fast"], "0" * 64)  # in another process
        return real(run, **options)

    monkeypatch.setattr(judging, "judge", slow)
    assert gate(runs["slow"], "--against", "champion") == 6
    assert "champion changed hands" in capsys.readouterr().err
    assert promoted.current(RUNS, "champion").run == runs["fast"]


def test_of_two_rollbacks_at_once_one_waits_its_turn(monkeypatch, tmp_path):
    for name in ("a", "b", "c"):
        promoted.promote(tmp_path, "champion", name, "0" * 64)
    # another one between what the first reads and what it writes
    monkeypatch.setattr(promoted, "_now", lambda: promoted.roll_back(tmp_path, "champion"))
    with pytest.raises(Busy, match="the tags of"):
        promoted.roll_back(tmp_path, "champion")
    assert promoted.current(tmp_path, "champion").run == "c"


def test_a_run_whose_policy_changed_is_told(runs, capsys):
    promoted.promote(RUNS, "champion", runs["slow"], "0" * 64)
    assert gate(runs["fast"], "--against", "champion") == 0
    assert "has another policy than when it became champion" in capsys.readouterr().err


def test_a_damaged_history_is_refused(runs, tmp_path):
    (find("latest", RUNS).parent / promoted.FILE).write_text('{"schema": 1, "tags": {"a": 3}}')
    with pytest.raises(BadRun, match=r"tags\.a must be a list"):
        promoted.current(RUNS, "a")
    promoted.promote(tmp_path, "champion", "../elsewhere", "0" * 64)
    with pytest.raises(BadRun, match="in another folder"):
        promoted.current(tmp_path, "champion")
    assert gate(runs["slow"], "--against", "A!") == 2
