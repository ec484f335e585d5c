"""Why a recorded step is paid what it is paid: the lines that ran, their numbers, what decided."""

import contextlib
import json

import numpy as np
import pytest
from render_recordings import driven

from racer import cli
from racer.errors import RewardFailed, UsageError
from racer.reward.file import LESSONS, RewardFile, load, parse
from racer.reward_check.look import look_at
from racer.reward_check.steps import Steps, lap_of
from racer.reward_check.why import annotated, why

STEP = 40  # row that is looked into; the car drives 2 to 3 m/s there


@pytest.fixture(scope="module")
def trace():
    return driven("oval", laps=2)


def file_of(text, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(text)
    tree = parse(text, str(path))
    return RewardFile(path, text, tree)


@contextlib.contextmanager
def stepping(trace, file):
    steps = Steps(trace, lap_of(trace, 1), file)
    try:
        yield steps
    finally:
        steps.close()


def looked(trace, tmp_path, body, row=STEP, head=""):
    """The file, and the call for one row."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))
    file = file_of(f"{head}def reward_function(params):\n{lines}", tmp_path)
    with stepping(trace, file) as steps:
        return file, steps.look(row)


SPEED = 'speed = params["speed"]\n'
REASONS = [  # body, line in it and words of one sentence
    (SPEED + "if speed > 9:\n    return 1.0\nreturn 0.0", 3, "would be True with `speed` > 9"),
    (SPEED + "if 0 < speed:\n    return 0.0\nreturn 1.0", 3, "would be False with `speed` <= 0"),
    (SPEED + "r = 1.0\nif speed < 9 and not speed < 0.1:\n    r = 0.0\nreturn r", 4, "`speed < 9`"),
    (SPEED + "r = 1.0\nif speed < 9 and not speed < 0.1:\n    r = 0.0\nreturn r", 5, "`r` was set"),
    (SPEED + "a = speed - speed\nreturn speed * a * 2", 4, "`a` is 0, which makes it small"),
    (SPEED + "return float(max(0.0, min(1.0, speed - 9)))", 3, "`max` chose 0"),
    (SPEED + "return 1.0 if speed > 9 else 0.0", 3, "would be True with `speed` > 9"),
    (SPEED + "r = 1.0\nr *= 0\nr += 0\nreturn r", 4, "`r` was set here: `r *= 0`"),
    ('if params["is_offtrack"]:\n    return 1.0\nreturn 0.0', 2, "was False"),
    ("x = 0\nwhile x < 3:\n    x += 1\nreturn x - 3", 5, "returned 0"),
    ("return 1 / 0", 2, "ZeroDivisionError"),
    ("return 'a'", 0, "returned text"),
]


@pytest.mark.parametrize(("body", "line", "words"), REASONS)
def test_it_names_the_line_and_the_number_that_decided(trace, tmp_path, body, line, words):
    file, call = looked(trace, tmp_path, body)
    found = why(file.tree, call)
    assert [r for r in found if words in r.text and r.line == line], found


def test_a_function_of_the_file_is_followed(trace, tmp_path):
    head = "def slow(v):\n    if v < 9:\n        return 0.0\n    return 1.0\n"
    file, call = looked(trace, tmp_path, 'r = slow(params["speed"])\nreturn r * 2', head=head)
    found = {(r.line, r.text.split(";")[0]) for r in why(file.tree, call)}
    assert (3, "`slow` returned here: `return 0.0`") in found
    assert any(line == 2 and text.startswith("`v < 9` was True") for line, text in found)


def test_a_lambda_is_looked_into_and_a_comprehension_is_one_line(trace, tmp_path):
    paid = "0.0 if p['speed'] > 0.5 and sum(i for i in range(9)) else 1.0"
    text = f"reward_function = lambda p: {paid}\n"
    file = file_of(text, tmp_path)
    with stepping(trace, file) as steps:
        call = steps.look(STEP)
    assert [event.line for event in call.events] == [1]
    found = [reason.text for reason in why(file.tree, call)]
    assert found[0] == "returned 0 here"
    assert "it would be False with `p['speed']` <= 0.5" in found[1]


def test_lines_values_and_prints_of_one_call(trace, tmp_path):
    body = SPEED + 'print("at", round(speed, 1))\nwaypoints = params["waypoints"]\nreturn speed'
    file, call = looked(trace, tmp_path, body)
    row = trace.rows[STEP]["params"]
    assert call.value == row["speed"]
    assert call.printed == f"at {row['speed']:.1f}\n"  # of this call alone
    assert [event.line for event in call.events] == [2, 3, 4, 5]
    said = {line: words for line, _, words in annotated(file.source, file.tree, call)}
    assert said[2] == f"speed = {float(row['speed'])!r}"
    assert said[4].startswith("waypoints = [(0, 0), (0.147059, 0), ")


def test_any_step_in_any_order_is_what_a_whole_drive_pays(trace, tmp_path):
    text = (
        "n = 0\nimport random\ndef reward_function(params):\n    global n\n    n += 1\n"
        "    return n + random.random()\n"
    )
    with stepping(trace, file_of(text, tmp_path)) as steps:
        paid = steps.rewards()
        for row in (40, 41, 3, len(paid) - 1, 0):
            assert steps.look(row).value == paid[row]
        assert "n = 1" in annotated("", steps.file.tree, steps.look(0))[0][2]


@pytest.mark.parametrize("name", ["center_line", "progress_made", "racing_line"])
def test_lessons_pay_in_a_look_what_they_pay_in_a_drive(trace, name):
    with stepping(trace, load(LESSONS / f"{name}.py")) as steps:
        paid = steps.rewards()
        for row in (50, 7, 200):
            call = steps.look(row)
            assert (call.value, call.problem) == (paid[row], "")
        recorded = name != "center_line" or np.array_equal(paid, steps.rows["reward"])
        assert recorded  # the lesson that recorded the laps


def test_a_call_that_never_ends_is_ended(trace, tmp_path):
    with pytest.raises(RewardFailed, match=r"mine.py:\d: one call took longer than 1 s"):
        looked(trace, tmp_path, "while True:\n    pass")


def test_looking_runs_nothing_of_the_file_that_the_call_would_not(trace, tmp_path):
    head = (
        "import math\ncalls = [0]\nclass Kind(type):\n    def __eq__(cls, other):\n"
        "        calls[0] += 1\n        return True\n    __hash__ = type.__hash__\n"
        "class Loud(metaclass=Kind):\n    def __repr__(self):\n        calls[0] += 1\n"
        "        return 'loud'\n    def __gt__(self, other):\n        calls[0] += 1\n"
        "        return True\n    def __bool__(self):\n        calls[0] += 1\n        return True\n"
    )
    body = (
        'x = Loud()\ny = [x, {"a": x}]\nif x > 1:\n    y = 2\nif x:\n    y = 3\n'
        "return float(calls[0])"
    )
    file, call = looked(trace, tmp_path, body, row=0, head=head)
    assert call.value == 2.0  # `>` once, `if x` once
    said = " ".join(words for _, _, words in annotated(file.source, file.tree, call))
    assert "x = <Loud>" in said
    assert "loud" not in said


def test_laps_that_a_reward_cannot_be_paid_for_are_refused_in_a_sentence(trace, tmp_path):
    file = file_of("def reward_function(params):\n    return params['speed']\n", tmp_path)
    with pytest.raises(UsageError, match="laps 1 to 2"):
        look_at(trace, file, lap=3)
    with pytest.raises(UsageError, match="step 9999: the lap has steps"):
        look_at(trace, file, lap=1, step=9999)


def test_the_command_prints_what_ran_and_why(trace, tmp_path, capsys):
    trace.save(tmp_path / "laps.npz")
    file = file_of('def reward_function(params):\n    return params["progress"] * 0\n', tmp_path)
    words = ["reward", "why", str(tmp_path / "laps.npz")]
    assert cli.main([*words, "--reward", str(file.path), "--lap", "1", "--step", "20"]) == 0
    said = capsys.readouterr().out
    assert "lap 1, step 20, progress" in said
    assert "why: line 2: returned 0: `return params['progress'] * 0`" in said
    assert "line 2: `0` is 0, which makes it small" in said
    lesson = ["--reward", str(LESSONS / "center_line.py"), "--json", "-"]
    assert cli.main([*words, *lesson]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recorded"] == found["paid"]  # to the bit
    assert found["new"] == min(found["paid"])
    assert cli.main(words) == 2
    assert "add --reward FILE" in capsys.readouterr().err
