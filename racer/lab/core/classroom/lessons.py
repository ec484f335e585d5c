"""Lessons: a reward to begin with, settings to train it with, and a goal for the laps it drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from racer.errors import UnknownName
from racer.reward.file import LESSONS as FOLDER

STEPS = 200_000  # of a draft in a class; a few seconds


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Args:
        name: of its reward, and of the lesson in links.
        track: where it is trained and judged.
        best_lap_s: the goal: a lap at least as quick; None for every lap completed.
        solution: a reward of racer that reaches the goal as it stands.
    """

    name: str
    track: str
    best_lap_s: float | None
    solution: str

    @property
    def text(self) -> str:
        """The reward to begin with."""
        return (FOLDER / f"{self.name}.py").read_text(encoding="utf-8")

    @property
    def settings(self) -> dict[str, Any]:
        """Of the training."""
        return {"race.track": self.track, "train.timesteps": STEPS}

    def reached(self, result: Mapping[str, Any]) -> bool:
        """Whether these laps of an evaluation reach the goal."""
        best = result.get("best_lap_s")
        if self.best_lap_s is None:
            return float(result.get("completion_pct") or 0.0) >= 100.0
        return best is not None and float(best) <= self.best_lap_s

    @property
    def goal(self) -> str:
        """For people."""
        lap = f"a lap of at most {self.best_lap_s} s"
        return "every lap completed" if self.best_lap_s is None else lap

    def verdict(self, result: Mapping[str, Any]) -> str:
        """A sentence for people about these laps."""
        return f"{'goal reached' if self.reached(result) else 'not yet the goal'}: {self.goal}"

    def to_json(self) -> dict[str, Any]:
        """For pages."""
        return {"name": self.name, "track": self.track, "best_lap_s": self.best_lap_s}


# The rewards as they stand drive the oval in 9.87, 9.60, 9.47, 7.47, 6.27, 5.67 and 6.07 s: the
# goals of lessons 2 and 3 ask for a change, the others for understanding what was paid.
LESSONS = {
    one.name: one
    for one in (
        Lesson("center_line", "oval", None, "center_line"),
        Lesson("stay_on_track", "oval", 9.0, "smooth_speed"),
        Lesson("heading", "oval", 9.0, "racing_line"),
        Lesson("progress", "oval", 7.6, "progress"),
        Lesson("smooth_speed", "oval", 6.4, "smooth_speed"),
        Lesson("racing_line", "oval", 5.8, "racing_line"),
        Lesson("progress_made", "oval", 6.2, "progress_made"),
    )
}
FIRST = "center_line"


def lesson(name: str) -> Lesson:
    """The lesson of this name.

    Raises:
        UnknownName: there is none; names the nearest.
    """
    if name not in LESSONS:
        raise UnknownName("lesson", name, LESSONS)
    return LESSONS[name]
