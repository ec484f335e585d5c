"""One step of a recording, looked into: what `racer reward why` prints and the lab shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer import console
from racer.errors import RewardFailed, UsageError, printable
from racer.recording.trace import Lap, Trace
from racer.reward import parts
from racer.reward.file import RewardFile
from racer.reward.worker.traced import Traced
from racer.reward_check.steps import Steps, lap_of
from racer.reward_check.why import Reason, annotated, note, number, why


@dataclass(frozen=True)
class Look:
    """A step and what a reward does with it.

    Attributes:
        file: the reward.
        lap: which lap of the recording, from 1.
        step: steps of the params of this step.
        progress_pct: of the lap.
        old: what was recorded.
        traced: what the reward does now.
        reasons: why it pays that.
        recorded, paid: (R,) both rewards of every step of the lap; empty where not asked for.
    """

    file: RewardFile
    lap: int
    step: int
    progress_pct: float
    old: float
    traced: Traced
    reasons: list[Reason]
    recorded: NDArray[np.float64]
    paid: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """Plain values; a reward that failed is null."""
        traced = self.traced
        return {
            "reward": self.file.shown,
            "lap": self.lap,
            "step": self.step,
            "progress": finite(self.progress_pct),
            "old": finite(self.old),
            "new": finite(traced.value),
            "problem": traced.problem,
            "problem_line": traced.line,
            "printed": traced.printed,
            "cut": traced.cut,
            "lines": [
                {"line": line, "what": said}
                for line, _, said in annotated(self.file.source, self.file.tree, traced)
            ],
            "events": [
                [event.line, what] for event, what in zip(traced.events, notes(self), strict=True)
            ],
            "why": [reason._asdict() for reason in self.reasons],
            "recorded": [finite(value) for value in self.recorded],
            "paid": [finite(value) for value in self.paid],
        }

    def text(self) -> str:
        """For people."""
        new = self.traced.problem or number(self.traced.value)
        head = f"lap {self.lap}, step {self.step}, progress {self.progress_pct:.1f} %"
        rows = [
            (str(line), printable(source), said)
            for line, source, said in annotated(self.file.source, self.file.tree, self.traced)
        ]
        shown = [
            f"{head}: recorded {number(self.old)}, {self.file.shown} pays {new}",
            *self._of_the_lap(),
            console.table(("line", "", "what happened"), rows, right=(0,)),
        ]
        if self.traced.cut:
            shown.append("More lines ran; these are the first ones.")
        if self.traced.printed:
            shown.append(f"prints: {printable(self.traced.printed.rstrip())}")
        shown += [
            f"{'why' if not i else '   '}: " + (f"line {r.line}: " if r.line else "") + r.text
            for i, r in enumerate(self.reasons)
        ]
        return "\n".join(shown)

    def _of_the_lap(self) -> Iterator[str]:
        if len(self.paid):
            same = int((self.recorded == self.paid).sum())
            old, new = (number(float(one.sum())) for one in (self.recorded, self.paid))
            yield (
                f"{same} of {len(self.paid)} steps of the lap are paid the same, to the last bit: "
                f"recorded {old}, now {new} in all"
            )


def notes(look: Look) -> list[str]:
    """What each line that ran did."""
    known = parts.of(look.file.tree)
    return ["  ".join(note(event, known)) for event in look.traced.events]


def finite(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return float(value) if math.isfinite(value) else None


def look_at(
    trace: Trace, file: RewardFile, *, lap: int | None = None, step: int | None = None
) -> Look:
    """Pay a lap by a reward and look into one step of it.

    Args:
        lap: from 1; the best by default.
        step: `steps` of its params; the one that is paid least by default.

    Raises:
        UsageError: no such lap or step. RewardFailed: a call before the step failed.
    """
    chosen = lap_of(trace, lap)
    with closing(Steps(trace, chosen, file)) as steps:
        paid = _paid(steps, needed=step is None)
        part = slice(chosen.rows.start - steps.first, chosen.rows.stop - steps.first)
        row = part.start + _row(steps.rows[part], None if paid is None else paid[part], step)
        return look(trace, chosen, steps, row, paid)


def look(
    trace: Trace, lap: Lap, steps: Steps, row: int, paid: NDArray[np.float64] | None = None
) -> Look:
    """Look into one row of the car of a lap."""
    traced = steps.look(row)
    part = slice(lap.rows.start - steps.first, lap.rows.stop - steps.first)
    found, none = steps.rows[row], np.zeros(0)
    return Look(
        steps.file,
        trace.laps().index(lap) + 1,
        int(found["params"]["steps"]),
        float(found["params"]["progress"]),
        float(found["reward"]),
        traced,
        why(steps.file.tree, traced),
        none if paid is None else steps.rows["reward"][part],
        none if paid is None else paid[part],
    )


def _paid(steps: Steps, *, needed: bool) -> NDArray[np.float64] | None:
    """What is paid for every step; None where a call fails and one step is all that is asked."""
    try:
        return steps.rewards()
    except RewardFailed:
        if needed:
            raise
        return None


def _row(rows: NDArray[np.void], paid: NDArray[np.float64] | None, step: int | None) -> int:
    """Index into the rows of a lap."""
    if step is None:
        assert paid is not None
        return int(paid.argmin())
    found = np.flatnonzero(rows["params"]["steps"] == step)
    if not len(found):
        first, last = (int(rows["params"]["steps"][k]) for k in (0, -1))
        raise UsageError(f"step {step}: the lap has steps {first} to {last}.")
    return int(found[0])
