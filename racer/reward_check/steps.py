"""The steps of a recording, paid by any reward, and one of them looked into line by line.

Every step runs in the guarded process, in the order in which it was driven, so that a reward that
keeps something remembers the same; the reward that recorded them pays the same again, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from racer.errors import RewardFailed, UsageError
from racer.recording.trace import Lap, Trace
from racer.reward.failure import Failure
from racer.reward.file import RewardFile
from racer.reward.worker.engine import WorkerEngine
from racer.reward.worker.traced import Traced

OBJECTS = ("objects_", "closest_objects", "object_in_camera")


class Steps:
    """The car of one lap, and a guarded process that stays for the next look.

    Args:
        trace: a recording.
        lap: of the car that is looked at.
        file: the reward.

    Raises:
        BadReward: the file raises or hangs when executed.
        UsageError: it reads what was around the car, which a recording does not hold in full.
    """

    def __init__(self, trace: Trace, lap: Lap, file: RewardFile) -> None:
        if trace.objects.shape[1] and any(key.startswith(OBJECTS) for key in file.needs):
            raise UsageError(
                f"{file.shown} reads the objects on the road, which a recording does not hold in "
                "full, so these laps cannot be paid again. Train with it instead."
            )
        self.file = file
        mine = np.flatnonzero(trace.rows["car"] == lap.car)
        self.rows = trace.rows[mine]
        self.first = int(mine[0])  # of its rows in the recording
        self._params = self.rows["params"].copy()
        self._engine = WorkerEngine(
            file,
            n=1,
            waypoints=trace.track.waypoints,
            capacity=len(self.rows),
            every_key=True,
            trace=True,
        )

    def rewards(self) -> NDArray[np.float64]:
        """(R,) what the reward pays for each row of the car; call it once, before any other.

        Raises:
            RewardFailed: a call failed, with its line.
        """
        paid = np.zeros(len(self._params))
        self._engine.compute(self._params, None, paid)
        return paid

    def look(self, row: int) -> Traced:
        """What the call for one row of the car does, line by line.

        Raises:
            RewardFailed: a call before it failed, or this one hung or ended the process.
        """
        try:
            return self._engine.trace(self._params[: row + 1])
        except Failure as failure:
            raise RewardFailed(f"{self.file.shown}:{failure.line}: {failure.problem}.") from None

    def close(self) -> None:
        """End the process."""
        self._engine.close()


def lap_of(trace: Trace, number: int | None) -> Lap:
    """A lap by its number, from 1; the best one by default.

    Raises:
        UsageError: there is no such lap.
    """
    laps, best = trace.laps(), trace.best()
    if number is None:
        assert best is not None
        return best
    if not 1 <= number <= len(laps):
        raise UsageError(f"lap {number}: the recording has laps 1 to {len(laps)}.")
    return laps[number - 1]
