"""Whose training is next: the one who has had least of the machine lately, then who asked first."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

WINDOW = 300.0  # s, that count
USUAL = 6.0  # s of a draft, before any has ended
Item = TypeVar("Item")


@dataclass
class _Waiting(Generic[Item]):
    person: int
    item: Item
    order: int
    first: bool = False  # a teacher put it in front


@dataclass
class Turns(Generic[Item]):
    """Who waits and who has a turn.

    Args:
        slots: turns at a time.
        clock: s.
    """

    slots: int
    clock: Callable[[], float] = time.monotonic
    paused: bool = False
    _waiting: dict[int, _Waiting[Item]] = field(default_factory=dict)
    _running: dict[int, float] = field(default_factory=dict)  # person: since when
    _used: deque[tuple[float, int, float]] = field(default_factory=deque)  # end, person, seconds
    _count: int = 0

    def ask(self, person: int, item: Item) -> Item | None:
        """Wait for a turn; what the same person waited with before goes, and is given back."""
        old = self._waiting.get(person)
        self._count += 1
        order = old.order if old else self._count
        self._waiting[person] = _Waiting(person, item, order, bool(old and old.first))
        return old.item if old else None

    def drop(self, person: int) -> Item | None:
        """Leave the queue."""
        old = self._waiting.pop(person, None)
        return old.item if old else None

    def waiting(self) -> list[Item]:
        """What waits, in no order."""
        return [one.item for one in self._waiting.values()]

    def put_first(self, person: int) -> None:
        """A teacher lets someone go next."""
        if person in self._waiting:
            self._waiting[person].first = True

    def next(self) -> tuple[int, Item] | None:
        """Begin the next turn, if one is free; a person has one at a time."""
        if self.paused or len(self._running) >= self.slots:
            return None
        order = [one for one in self._order() if one.person not in self._running]
        if not order:
            return None
        chosen = order[0]
        del self._waiting[chosen.person]
        self._running[chosen.person] = self.clock()
        return chosen.person, chosen.item

    def done(self, person: int) -> None:
        """A turn is over."""
        began = self._running.pop(person, None)
        if began is not None:
            now = self.clock()
            self._used.append((now, person, now - began))

    def runs(self, person: int) -> bool:
        """Whether the person has a turn."""
        return person in self._running

    def used(self, person: int) -> float:
        """Seconds that the person had in the last five minutes."""
        now = self.clock()
        while self._used and self._used[0][0] < now - WINDOW:
            self._used.popleft()
        going = now - self._running[person] if person in self._running else 0.0
        return going + sum(seconds for _, who, seconds in self._used if who == person)

    def place(self, person: int) -> tuple[int, float] | None:
        """The place in the queue, from 1, and in about how many seconds its turn is; else None."""
        order = [one.person for one in self._order()]
        if person not in order:
            return None
        place = order.index(person) + 1
        ended = [seconds for _, _, seconds in self._used]
        usual = sum(ended) / len(ended) if ended else USUAL
        return place, usual * (place / self.slots)

    def _order(self) -> list[_Waiting[Item]]:
        def rank(one: _Waiting[Item]) -> tuple[bool, float, int]:
            return not one.first, self.used(one.person), one.order

        return sorted(self._waiting.values(), key=rank)
