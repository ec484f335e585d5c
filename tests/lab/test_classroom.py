"""A class without the web: the door, fair turns, limits, races, and scores over killed servers."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from class_at_work import Script, class_of
from class_kills import killed
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import cruising, made_run

from racer import cli
from racer.config import Config
from racer.errors import BadConfig, ResourceError, UnknownName, UsageError
from racer.lab.core.classroom import door, races, room
from racer.lab.core.classroom.judge import judged
from racer.lab.core.classroom.lessons import LESSONS, lesson
from racer.lab.core.classroom.store import Store
from racer.lab.core.classroom.turns import WINDOW, Turns
from racer.lab.core.job import Job
from racer.render.live.wire import Kind
from racer.reward.file import LESSONS as FOLDER
from racer.reward.file import load
from racer.runs import Run

RACE = {"title": "Race", "track": "oval", "laps": 1, "ranking": "best", "resets": 3, "penalty_s": 3}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def until(condition, patience=60.0):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "class.sqlite")
    yield made
    made.close()


@pytest.mark.parametrize("name", ["Anna", "Zoë 2", "Ольга", "a", "A-b_c.d", "x" * 24])
def test_names_of_people_are_taken(name):
    assert door.name_of(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "x" * 25, "<b>x</b>", "'; DROP TABLE people;--", "=1+1", "-1", "..", "../x", "a\nb\0",
     "a/b", 'a"b', "‮abc", "&amp;"],
)  # fmt: skip
def test_what_is_no_name_is_refused_in_a_sentence(name):
    with pytest.raises(UsageError, match="a name begins with"):
        door.name_of(name)


def test_guessing_is_slowed_for_everybody_and_ends():
    clock = Clock()
    door_ = door.Door("ABCDEF", clock)
    for _ in range(door.TRIES):
        door_.check("abc def ")  # as people type it
        with pytest.raises(UsageError, match="not the code"):
            door_.check("AAAAAA")
    with pytest.raises(UsageError, match="again in 60 s"):
        door_.check("ABCDEF")
    clock.now += door.MINUTE
    door_.check("ABCDEF")


def test_a_code_has_no_letters_that_look_alike():
    assert not set(door.LETTERS) & set("0O1IL")
    assert len({door.new_code() for _ in range(50)}) == 50


def test_a_person_comes_back_with_a_secret_that_is_nowhere_in_the_file(store):
    person, key = store.join("Anna", "progress")
    assert store.who(key) == person
    assert store.who("x") is None
    assert key.encode() not in store.file.read_bytes()
    with pytest.raises(UsageError, match="ANNA is taken"):
        store.join("ANNA", "progress")
    new = store.new_key(person)
    assert (store.who(key), store.who(new)) == (None, person)
    with pytest.raises(UsageError, match="nobody"):
        store.new_key(99)


def test_the_one_who_had_least_of_the_machine_is_next():
    clock = Clock()
    turns = Turns(1, clock)
    for person in (1, 2, 3):
        turns.ask(person, f"draft of {person}")
    assert turns.next() == (1, "draft of 1", False)
    assert turns.next() is None
    clock.now += 10
    turns.done(1)
    assert turns.ask(1, "second of 1") is None
    assert turns.place(1)[0] == 3
    assert turns.next()[0] == 2
    assert turns.ask(3, "better") == "draft of 3"  # the newest save is what waits
    turns.put_first(1)
    clock.now += 1
    turns.done(2)
    assert turns.next()[0] == 1
    clock.now += WINDOW + 1
    turns.done(1)
    turns.ask(1, "x")
    turns.ask(3, "y")
    assert turns.place(3)[0] == 1  # what is running counts to its end
    turns.paused = True
    assert turns.next() is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=5, max_size=60))
def test_turns_are_fair_whatever_is_asked(asked):
    clock = Clock()
    turns = Turns(2, clock)
    for person, seconds in asked:
        turns.ask(person, None)
        free = [w for w in turns._waiting.values() if not turns.runs(w.person)]
        ranks = {(w.person, w.begun): turns._rank(w)[1:3] for w in free}
        while (found := turns.next()) is not None:
            rank = ranks.pop((found[0], found[2]))
            assert all(other >= rank for (who, _), other in ranks.items() if not turns.runs(who))
        assert sum(turns.runs(p) for p in range(6)) <= 2
        clock.now += seconds
        if turns.drives(person):
            turns.rest(person, None)
        else:
            turns.done(person)


def test_thirty_who_save_at_once_all_see_their_cars_soon_and_nobody_waits_for_ever():
    """A draft takes 0.4 s until it drives and 4 s in all; one at a time."""
    clock = Clock()
    began = clock.now
    turns, left, drove = Turns(1, clock), dict.fromkeys(range(30), 4.0), {}
    for person in left:
        turns.ask(person, person)
    while left:
        person, _, begun = turns.next()
        for step in range(100):
            clock.now, left[person] = clock.now + 0.1, left[person] - 0.1
            if left[person] <= 0:
                del left[person]
                turns.done(person)
                break
            if begun or step >= 4:
                drove.setdefault(person, clock.now)
                if turns.drives(person):
                    turns.rest(person, person)
                    break
    assert max(drove.values()) - began < 30 * 1.0
    assert clock.now - began < 30 * 4.2


def test_no_more_begin_than_there_is_memory_for_and_those_who_wait_come_as_others_end():
    clock = Clock()
    turns, left, most = Turns(1, clock, lambda begun: begun < 8), dict.fromkeys(range(30), 4.0), 0
    for person in left:
        turns.ask(person, person)
    began = dict.fromkeys(left)
    while left:
        person, _, _ = turns.next()
        began[person] = began[person] or clock.now
        most = max(most, sum(turns.runs(p) for p in left) + sum(b for _, b in turns.waiting()))
        while left[person] > 0:
            clock.now, left[person] = clock.now + 0.5, left[person] - 0.5
            if left[person] > 0 and turns.drives(person):
                turns.rest(person, person)
                break
        else:
            del left[person]
            turns.done(person)
    assert most == 8
    assert sum(when < clock.now - 30 * 4.0 + 8 * 1.1 for when in began.values()) == 8
    assert max(began.values()) < clock.now - 4.0  # one by one, not all of them at the end


def test_who_saves_all_the_time_has_no_more_than_a_share():
    clock = Clock()
    turns = Turns(1, clock)
    for person in (1, 2, 3, 4):
        turns.ask(person, "endless")
    until = clock.now + WINDOW - 10
    while clock.now < until:
        person, _, _ = turns.next()
        while True:
            clock.now += 0.2
            if turns.drives(person):
                turns.rest(person, "endless")
                break
        if turns.ask(1, "again") is None:
            turns.drop(1, begun=True)  # a save ends what drives
    had = [turns.used(person) for person in (1, 2, 3, 4)]
    assert had[0] < 2.2 * sum(had) / 4
    assert min(had) > 0.15 * sum(had)


def a_room(slots=1, **options):
    made = []

    def nursery(config, told):
        made.append(Script(config, told))
        return made[0]

    found = room.Room(Config(), slots=slots, made=nursery, **options)
    return found, made[0]


def test_jobs_of_a_room_wait_their_turn_and_hear_their_own_alone():
    found, script = a_room()
    heard = {1: [], 2: []}
    seats = {p: found.seat(p)(None, lambda n, k, c, p=p: heard[p].append((n, k))) for p in (1, 2)}
    first = seats[1].train(Job(0, "", "runs"))
    second = seats[2].train(Job(0, "", "runs"))
    assert (len(script.jobs), found.place(2)[0]) == (1, 1)
    assert script.jobs[0].cpu_s == room.CPU_S
    script.drives(1)
    assert {n for n, _ in heard[1]} == {first}
    assert heard[2] == []
    script.told(1, 5, b'{"killed":true}')  # nobody asked for it
    assert found.state(1).words == "error"
    assert len(script.jobs) == 2
    seats[2].stop(second)
    assert script.stopped == [2]
    assert heard[2][-1][0] == second


def test_a_draft_that_drives_rests_while_others_begin():
    clock = Clock()
    found, script = a_room(clock=clock)
    heard = {1: [], 2: []}
    seats = {p: found.seat(p)(None, lambda n, k, c, p=p: heard[p].append((n, k))) for p in (1, 2)}
    first = seats[1].train(Job(0, "", "runs"))
    second = seats[2].train(Job(0, "", "runs"))
    script.drives(1)
    assert len(script.jobs) == 1  # it has just begun to drive
    clock.now += 1.5
    script.drives(1)
    assert (script.held, len(script.jobs), found.state(1).words) == ([(1, True)], 2, "resting")
    assert found.place(1) is None
    script.drives(2)
    clock.now += 2.5
    script.drives(2)  # now the first one had less
    assert script.held[1:] == [(2, True), (1, False)]
    assert (found.state(1).words, found.state(2).words) == ("learning", "resting")
    seats[2].stop(second, save=True)  # it must go on to be saved
    assert script.held[3:] == [(2, False)]
    assert (script.stopped, heard[2][-1]) == ([2], (second, Kind.DONE))
    script.told(1, Kind.DONE, b'{"result":{}}')
    assert heard[1][-1] == (first, Kind.DONE)
    assert found.turns.waiting() == []
    again = seats[1].train(Job(0, "", "runs"))
    assert (again, len(script.jobs)) == (3, 3)


def test_what_rests_is_killed_by_a_new_save_and_told_once():
    clock = Clock()
    found, script = a_room(clock=clock)
    heard = []
    seats = {p: found.seat(p)(None, lambda n, k, c: heard.append((n, k))) for p in (1, 2)}
    first = seats[1].train(Job(0, "", "runs"))
    seats[2].train(Job(0, "", "runs"))
    script.drives(1)
    clock.now += 1.5
    script.drives(1)
    seats[1].stop(first)
    assert heard.count((first, Kind.DONE)) == 1
    assert found.turns.waiting() == []
    found.stop_person(2)
    assert len(script.stopped) == 2


def test_a_pause_begins_nothing_and_ends_nothing():
    found, script = a_room(slots=2)
    seat = found.seat(1)(None, lambda *_: None)
    found.pause(True)
    seat.train(Job(0, "", "runs"))
    assert not script.jobs
    found.pause(False)
    assert len(script.jobs) == 1
    found.stop_person(1)
    assert (script.stopped, found.state(1).words) == ([1], "stopped")


def test_a_person_has_no_more_runs_or_bytes_than_there_is_room_for(tmp_path):
    room.within_limits(tmp_path, 3)
    with pytest.raises(UsageError, match="Delete one"):
        room.within_limits(tmp_path, room.RUNS_MAX)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(room.BYTES_MAX + 1)
    with pytest.raises(UsageError, match="200 MB"):
        room.within_limits(tmp_path, 1)


def test_students_have_the_locked_process_and_nothing_else():
    config = room.strict(Config(), lesson("progress").settings)
    assert (config.race.reward_engine, config.race.sandbox) == ("worker", "strict")


@pytest.mark.skipif(sys.platform != "linux", reason="a class is for Linux")
def test_a_machine_that_cannot_lock_rewards_away_has_no_class(monkeypatch):
    room.check_machine(Config())
    monkeypatch.setattr(
        "racer.reward.make_engine", lambda *_, **__: (_ for _ in ()).throw(ResourceError("x"))
    )
    with pytest.raises(ResourceError, match=r"Linux 5\.13"):
        room.check_machine(Config())


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_is_a_reward_with_a_goal(name):
    one = lesson(name)
    load(FOLDER / f"{one.solution}.py")
    good, none = (one.best_lap_s or 9.0) - 0.01, {"completion_pct": 40.0, "best_lap_s": None}
    assert one.reached({"completion_pct": 100.0, "best_lap_s": good})
    assert not one.reached(none)
    assert one.best_lap_s is None or not one.reached({"best_lap_s": one.best_lap_s + 0.01})
    Config().override(one.settings)


def test_a_lesson_that_is_not_there_is_named():
    with pytest.raises(UnknownName, match="progress"):
        lesson("progress_mode")


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


SERVER = """
import sys
from pathlib import Path
from racer.lab.core.classroom.store import Store
store = Store(Path(sys.argv[1]))
settings = dict(title="r", track="oval", laps=1, ranking="best", resets=0, penalty_s=0)
try: race = store.open_race(settings)
except Exception: race = store.race()["id"]
try: store.join("Anna", "progress")
except Exception: pass
print("ready", flush=True)
for line in sys.stdin:
    key = line.strip()
    number, _ = store.enter(race, 1, key, "folder of " + key, "draft")
    print("entered", key, flush=True)
    for one in store.waiting():
        store.score(one["entry"], {"score_s": float(one["entry"])})
    print("scored", key, flush=True)
"""


def killed_servers(folder, kills, seed):
    """Servers that are killed at random moments: keys that were answered, and the file."""
    rng, file, sent, answered = random.Random(seed), folder / "class.sqlite", 0, []
    for _ in range(kills):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(file)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout.readline() == "ready\n"
        keys = [f"key-{sent + k:06}" for k in range(200)]
        server.stdin.write("".join(f"{key}\n{key}\n" for key in keys))  # each one twice
        server.stdin.flush()
        time.sleep(rng.random() * 0.05)
        os.kill(server.pid, signal.SIGKILL)
        heard = [
            line.split() for line in server.communicate()[0].splitlines(True) if line[-1] == "\n"
        ]
        answered += [words[1] for words in heard if words[0] == "entered"]
        sent += 200
    return set(answered), file


def no_score_lost_or_doubled(folder, kills, seed):
    answered, file = killed_servers(folder, kills, seed)
    store = Store(file)
    for one in store.waiting():  # what a start after a kill does
        store.score(one["entry"], {"score_s": float(one["entry"])})
    rows = store.read(
        "SELECT key, count(*) AS n FROM entries JOIN scores ON entry = id GROUP BY key"
    )
    counts = {row["key"]: row["n"] for row in rows}
    assert set(counts.values()) == {1}
    assert answered <= set(counts)
    assert store.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    store.close()
    return len(answered)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_no_score_is_lost_or_doubled_when_servers_are_killed(tmp_path):
    assert no_score_lost_or_doubled(tmp_path, 6, seed=1) > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_no_score_is_lost_or_doubled_over_200_kills(tmp_path):
    assert no_score_lost_or_doubled(tmp_path, 200, seed=2) > 200


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a class is for Linux")
def test_a_class_that_is_killed_while_everybody_submits_loses_nothing(tmp_path):
    found = killed(tmp_path, 4, seed=1)
    assert found["answered"] > 0
    assert (found["lost"], found["doubled"], found["orphans"], found["whole"]) == (0, 0, 0, True)


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "class.sqlite").write_text("hello, I am a text and no database at all" * 50)
    with pytest.raises(ResourceError, match=r"class\.sqlite"):
        Store(tmp_path / "class.sqlite")


def test_the_file_is_in_wal_mode(store):
    other = sqlite3.connect(store.file)
    assert other.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    other.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "127.0.0.1"], "--host belongs to racer lab --class"),
        (["--board", "-"], "--board belongs to racer lab --class"),
        (["--class", "mine.py"], "without FILE"),
        (["--class", "--track", "oval"], "--track belongs to racer lab without --class"),
        (["--class", "--board", "-"], "there is no class"),
        (["--lesson", "nothing"], "no lesson"),
    ],
)
def test_what_a_class_cannot_use_is_one_sentence(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab", "--no-browser", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_board_is_written_without_serving(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class").mkdir()
    store = Store(tmp_path / "class" / "class.sqlite")
    assert cli.main(["lab", "--class", "--board", "-"]) == 2
    assert "no race yet" in capsys.readouterr().err
    race, person = store.open_race(RACE), store.join("Anna", "progress")[0]
    store.enter(race, person, "key-000001", "f1", "draft")
    store.score(1, {"score_s": 8.0, "best_lap_s": 8.0})
    store.close()
    assert cli.main(["lab", "--class", "--board", "-"]) == 0
    assert "1,Anna,8.0,8.0" in capsys.readouterr().out
    assert cli.main(["lab", "--class", "--board", "b.csv"]) == 0
    assert "racer evaluate" in capsys.readouterr().err
    assert (tmp_path / "b.csv").read_text().count("\n") == 2
