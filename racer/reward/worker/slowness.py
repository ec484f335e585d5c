"""Says once that a reward is slow: by the processor time of its process, not by the clock."""

from __future__ import annotations

from racer import console

log = console.log(__name__)
SLOW = 0.005  # s of processor time a call, worth a warning
SLOW_START = 2.0  # s of processor time for the first calls of all cars, worth another
LOOK_EVERY = 1.0  # s of waiting for answers


class Slowness:
    """What the calls of one process took.

    Args:
        name: of the reward.
        cars: that it pays, each in a namespace of its own.
        used: s of processor time before the first call.
    """

    def __init__(self, name: str, cars: int, used: float) -> None:
        self._name, self._cars = name, cars
        self._used, self._calls = used, 0  # at the last look
        self._waited, self._warned, self._warned_first = 0.0, False, False

    def due(self, seconds: float) -> bool:
        """Whether to look, after `seconds` more of waiting."""
        self._waited += seconds
        return not self._warned and self._waited >= LOOK_EVERY

    def look(self, used: float, calls: int) -> None:
        """Warn if calls take much.

        Args:
            used: s of processor time so far.
            calls: so far.
        """
        each = (used - self._used) / max(calls - self._calls, 1)
        if calls == self._cars:
            self.first(used, calls)
        elif each > SLOW and self._calls:  # the first calls may do more than the others
            self._warned = True
            log.warning(
                "reward %r takes %.0f ms of processor time a call: %.1f hours for a million steps.",
                self._name,
                each * 1e3,
                each * 1e6 / 3600,
            )
        self._waited, self._used, self._calls = 0.0, used, calls

    def first(self, used: float, calls: int) -> None:
        """Warn, while the first calls of all cars are waited for, if they take much.

        Args:
            used: s of processor time so far.
            calls: that have returned.
        """
        spent = used - self._used
        if self._warned_first or self._cars == 1 or calls < min(4, self._cars):
            return
        if spent > SLOW_START:
            self._warned_first = True
            log.warning(
                "the first call of reward %r takes %.0f ms of processor time, and each of %d cars "
                "makes it, %.0f s in all: what is the same for all is made once at the top of the "
                "file, or in a function that is given no more than it needs.",
                self._name,
                spent / calls * 1e3,
                self._cars,
                spent / calls * self._cars,
            )
