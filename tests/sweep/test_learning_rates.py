"""Learning rates are judged from their curves, and the words follow the numbers."""

import numpy as np
import pytest

from racer import cli
from racer.sweep import learning_rates as lesson
from racer.sweep.learning_rates import POINTS, Rate

T = np.linspace(0.0, 1.0, POINTS)


def rate(value, completion, *, diverged=0):
    curve = np.broadcast_to(np.asarray(completion, float), T.shape)
    return Rate(value, 100_000 * T, curve, np.ones_like(T), diverged, 2)


SLOW = rate(1e-5, 10 + 5 * T)
LATE = rate(1e-4, 10 + 90 * np.clip((T - 0.5) * 3, 0, 1))
BEST = rate(1e-3, 10 + 90 * np.clip(4 * T, 0, 1))
FELL = rate(1e-2, 10 + 90 * np.clip(4 * T, 0, 1) - 60 * (T > 0.6))
LOST = rate(1e-1, 10 - 8 * T)
INFINITE = rate(1.0, np.nan, diverged=2)


def test_each_shape_has_its_kind_and_its_sentence():
    judged = lesson.judge([SLOW, LATE, BEST, FELL, LOST, INFINITE])
    assert [one.kind for one in judged] == [
        "too low",
        "too low",
        "good",
        "too high",
        "diverging",
        "diverging",
    ]
    for one, words in zip(
        judged,
        (
            "too small to arrive",
            "the same place, later",
            "small enough to stay",
            "gets to 100 % completion and falls back to 40 %",
            "no better than at its start",
            "2 of 2 trainings",
        ),
        strict=True,
    ):
        assert words in one.text


def test_a_late_rate_above_the_best_is_too_high_and_not_too_low():
    late = rate(1e-2, LATE.completion)
    (_, judged) = lesson.judge([BEST, late])
    assert judged.kind == "too high"
    assert "throw the policy back" in judged.text


def test_of_two_that_end_alike_the_sooner_is_the_best():
    sooner = rate(1e-2, 10 + 89 * np.clip(8 * T, 0, 1))
    assert [one.kind for one in lesson.judge([BEST, sooner])] == ["good", "good"]
    assert "the best was 0.01" in lesson.summary(lesson.judge([BEST, sooner]))


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([SLOW, BEST, LOST], "Good here: 0.001;"),
        ([SLOW, BEST], "highest of those tried"),
        ([BEST, LOST], "lowest of those tried"),
        ([rate(1e-5, 10 + T)], "No learning rate learned to drive"),
        ([INFINITE], "every one diverged"),
    ],
)
def test_the_summary_says_what_is_known_and_no_more(rates, words):
    assert words in lesson.summary(lesson.judge(rates))


def test_the_command_draws_and_the_same_command_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # one worker: the second costs more than it does
    words = ["learning-rates", "--rates", "1e-3,10", "--timesteps", "2048", "--seeds", "1"]
    words += ["--num-envs", "16", "--folder", "s"]
    assert cli.main(words) == 0
    first = capsys.readouterr().out
    assert "diverging" in first
    assert (tmp_path / "learning-rates.png").read_bytes().startswith(b"\x89PNG")
    before = [path.stat().st_mtime_ns for path in sorted((tmp_path / "s" / "runs").iterdir())]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == first
    after = [path.stat().st_mtime_ns for path in sorted((tmp_path / "s" / "runs").iterdir())]
    assert before == after
    assert cli.main([*words, "--reward", "progress"]) == 2
    assert "holds another sweep" in capsys.readouterr().err


@pytest.mark.parametrize("rates", ["a,b", "0", "-1,1"])
def test_rates_that_are_none_are_refused(rates, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["learning-rates", f"--rates={rates}"]) == 2
    assert "--rates" in capsys.readouterr().err
