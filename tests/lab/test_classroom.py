"""A class without the web: the door, people, lessons, limits, and its file."""

import sqlite3
import sys

import pytest
from class_at_work import RACE, Clock

from racer import cli
from racer.config import Config
from racer.errors import ResourceError, UnknownName, UsageError
from racer.lab.core.classroom import door, room
from racer.lab.core.classroom.lessons import LESSONS, lesson
from racer.lab.core.classroom.store import Store
from racer.reward.file import LESSONS as FOLDER
from racer.reward.file import load


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


def test_a_file_that_is_no_database_is_said_and_let_go(tmp_path, monkeypatch):
    opened, connect = [], sqlite3.connect

    def noted(*args, **options):
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr("sqlite3.connect", noted)
    (tmp_path / "class.sqlite").write_text("hello, I am a text and no database at all" * 50)
    with pytest.raises(ResourceError, match=r"class\.sqlite"):
        Store(tmp_path / "class.sqlite")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


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
