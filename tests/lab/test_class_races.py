"""Races of a class: submissions, the board, and the judge."""

import json

import pytest
from class_at_work import RACE, class_of, until
from made_runs import cruising, made_run

from racer import cli
from racer.errors import BadConfig, UsageError
from racer.lab.core.classroom import races
from racer.lab.core.classroom.judge import judged
from racer.reward.file import LESSONS as FOLDER
from racer.runs import Run


def test_a_submission_that_is_sent_twice_is_one_and_its_score_is_written_once(store):
    person, _ = store.join("Anna", "progress")
    race = store.open_race(RACE)
    with pytest.raises(UsageError, match="a race is open"):
        store.open_race(RACE)
    first = store.enter(race, person, "key-of-page", "a", "draft")
    assert first == (1, True)
    assert store.enter(race, person, "key-of-page", "b", "draft") == (1, False)
    assert store.score(1, {"score_s": 8.0, "best_lap_s": 8.0})
    assert not store.score(1, {"score_s": 1.0})
    assert [row["score_s"] for row in store.entries(race)] == [8.0]
    store.close_race()
    with pytest.raises(UsageError, match="closed"):
        store.enter(race, person, "another key", "c", "draft")
    with pytest.raises(UsageError, match="8 to 64"):
        store.enter(race, person, "short", "c", "draft")


def test_the_board_has_the_best_of_each_and_earlier_wins_where_equal(store):
    race = store.open_race(RACE)
    people = [store.join(name, "progress")[0] for name in ("Anna", "Ben", "Cleo", "Dan")]
    for k, (person, score) in enumerate(
        [(0, 9.0), (1, 8.0), (0, 8.0), (2, None), (0, 9.5), (3, "wait")]
    ):
        store.enter(race, people[person], f"key-{k:06}", f"f{k}", "draft")
        if score != "wait":
            store.score(k + 1, {"score_s": score, "completion_pct": 50.0})
    rows = races.board(store, race)
    assert [(r["place"], r["name"], r["score_s"], r["tries"], r["waiting"]) for r in rows] == [
        (1, "Ben", 8.0, 1, 0),
        (2, "Anna", 8.0, 3, 0),
        (None, "Cleo", None, 1, 0),
        (None, "Dan", None, 1, 1),
    ]
    lines = races.csv_of(rows).splitlines()
    assert lines[0] == "place,name,score_s,best_lap_s,laps,tries,entered"
    assert lines[1].startswith("1,Ben,8.0,,0,1,2")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"laps": 99}, BadConfig),
        ({"laps": "x"}, UsageError),
        ({"laps": 1e400}, UsageError),
        ({"track": "../x"}, UsageError),
        ({"track": ""}, UsageError),
        ({"ranking": "x"}, BadConfig),
        ({"penalty_s": float("nan")}, BadConfig),
    ],
)
def test_a_race_that_cannot_be_is_refused(given, error):
    with pytest.raises(error):
        races.settings_of({"track": "oval"} | given)


def test_a_hidden_road_is_drawn_anew_for_each_race():
    one, two = (races.settings_of({"track": "new", "laps": n}) for n in (1, 2))
    assert one["track"].startswith("generated:")
    assert one["track"] != two["track"]


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    """A run of someone, copied as a submission, and the folder of submissions."""
    folder = tmp_path_factory.mktemp("class")
    run = made_run(folder / "runs", cruising(0.0), name="mine")
    (run.folder / "reward.py").write_text("raise SystemExit('never run by a judge')\n")
    return races.deposit(run.folder, folder / "entries"), folder / "entries"


def test_the_judge_drives_what_the_command_line_drives(submitted, capsys):
    name, entries = submitted
    folder = entries / name
    assert sorted(path.name for path in folder.iterdir()) == sorted(races.PARTS)
    result = judged(folder, RACE)
    assert judged(folder, RACE) == result  # a protest is settled by doing it again
    assert result["score_s"] > 0
    (folder / "reward.py").write_text((FOLDER / "progress.py").read_text())
    words = races.command_of(RACE, str(folder)).split()[1:]
    assert cli.main([*words, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["score_s"] == result["score_s"]
    assert Run(folder).name == name


def test_the_film_has_a_lap_of_everybody(store, submitted):
    name, entries = submitted
    judged(entries / name, RACE)
    race = store.open_race(RACE)
    with pytest.raises(UsageError, match="nothing is judged"):
        races.film(store, race, entries)
    for k, person in enumerate(("Anna", "Ben")):
        number = store.join(person, "progress")[0]
        store.enter(race, number, f"key-{k:06}", name if k == 0 else f"{name}-2", "draft")
        store.score(k + 1, {"score_s": 9.0 + k, "best_lap_s": 9.0 + k, "completion_pct": 100.0})
    (entries / f"{name}-2").mkdir(exist_ok=True)
    (entries / f"{name}-2" / "race.npz").write_bytes((entries / name / "race.npz").read_bytes())
    film = races.film(store, race, entries)
    assert [ghost["name"] for ghost in film["ghosts"]] == ["Anna", "Ben"]
    assert film["laps_s"] == [9.0, 10.0]
    assert film["reward"] == ""


def test_what_is_no_finished_run_cannot_be_submitted(tmp_path):
    (tmp_path / "half").mkdir()
    with pytest.raises(UsageError, match="has not finished"):
        races.deposit(tmp_path / "half", tmp_path / "entries")
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(UsageError, match="has not finished"):
        races.deposit(tmp_path / "link", tmp_path / "entries")


def test_copies_that_a_killed_server_never_noted_are_swept(store, submitted, tmp_path):
    (tmp_path / "entries" / "left").mkdir(parents=True)
    races.sweep(store, tmp_path / "entries")
    assert list((tmp_path / "entries").iterdir()) == []


def test_a_judge_that_ends_is_started_again_and_at_last_the_submission_says_so(tmp_path):
    once = tmp_path / "once"
    judge = f"""
import json, os, sys
for line in sys.stdin:
    task = json.loads(line)
    if task["entry"] == 2: os._exit(1)
    if not os.path.exists({str(once)!r}): open({str(once)!r}, "w").close(); os._exit(1)
    print(json.dumps({{"entry": task["entry"], "result": {{"score_s": 8.0}}}}), flush=True)
"""
    found, _ = class_of(tmp_path, 1, judge=judge)
    race, person = found.store.open_race(RACE), found.store.join("Anna", "progress")[0]
    for k in (1, 2, 3):
        found.store.enter(race, person, f"key-{k:06}", f"f{k}", "draft")
    found.judging.look()
    until(lambda: not found.store.waiting())
    rows = found.store.entries(race)
    assert [row["score_s"] for row in rows] == [8.0, None, 8.0]
    assert "three times" in rows[1]["failed"]
    found.judging.close()
    found.store.close()
