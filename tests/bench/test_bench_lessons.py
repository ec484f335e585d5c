"""`racer bench lessons`: the examples in order, by their own settings, against the reference."""

import json

from racer.bench import lessons
from racer.cli import main


def test_the_lessons_are_in_order_and_say_how_to_train_them():
    found = lessons.lessons()
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert found[0].name == "center_line"
    assert {one.name: one.preset for one in found}["progress_made"] == "race"
    assert [one.name for one in lessons.lessons(["heading"])] == ["heading"]


def test_a_lesson_is_trained_and_judged_by_flying_laps(tmp_path, capsys):
    file = tmp_path / "lessons.json"
    line = f"bench lessons --rewards center_line --seeds 1 --timesteps 40000 --json {file}"
    assert main(line.split()) == 0
    shown = capsys.readouterr().out
    assert "| lesson        | settings |" in shown
    taught = json.loads(file.read_text())["taught"][0]
    assert taught["completion_pct"] == 100.0
    assert 4.92 < taught["lap_s"] < 25.0  # the reference, and a lap at 0.8 m/s
    assert 20.0 < taught["optimal_pct"] < 100.0


def test_an_unknown_lesson_is_named(capsys):
    assert main(["bench", "lessons", "--rewards", "hedding"]) == 2
    assert "no lesson 'hedding'. Did you mean 'heading'?" in capsys.readouterr().err
