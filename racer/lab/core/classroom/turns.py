"""Whose training is next: who has seen nothing of a save yet, then who had least of the machine.

A turn lasts until the training has ended, or until it has driven for a moment and someone with a
better claim waits. Then it rests, and goes on in turns with the others that have begun. So thirty
people who save at once all see their cars within seconds, though one training takes longer. What
rests keeps its memory: where no more may begin, those that have begun go on to their ends first.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

WINDOW = 300.0  # s, that count
USUAL = 2.0  # s of a turn, before any has ended
GLANCE_S = 0.2  # of driving, until a save that nobody has seen yet may interrupt
TURN_S = 1.0  # of driving, until others that have begun may
LONG_TURN_S = 10.0  # the same while no more may begin, so that one ends soon
GREEDY = 2.0  # times the mean that people had: a save of one who had more waits its time
Item = TypeVar("Item")


@dataclass
class _Waiting(Generic[Item]):
    person: int
    item: Item
    order: int
    begun: bool = False  # it has driven, and rests
    first: bool = False  # a teacher put it in front


@dataclass
class _Turn:
    began: float
    drove: float | None = None  # since when


@dataclass
class Turns(Generic[Item]):
    """Who waits and who has a turn.

    Args:
        slots: turns at a time.
        clock: s.
        may_begin: whether one more may, beside so many that have begun and have not ended.
    """

    slots: int
    clock: Callable[[], float] = time.monotonic
    may_begin: Callable[[int], bool] = lambda begun: True
    paused: bool = False
    _waiting: dict[tuple[int, bool], _Waiting[Item]] = field(default_factory=dict)
    _running: dict[int, _Turn] = field(default_factory=dict)
    _used: deque[tuple[float, int, float]] = field(default_factory=deque)  # end, person, seconds
    _count: int = 0

    def ask(self, person: int, item: Item) -> Item | None:
        """Wait for a turn; what the same person waited with before goes, and is given back."""
        old = self._waiting.get((person, False))
        self._count += 1
        order = old.order if old else self._count
        self._waiting[person, False] = _Waiting(person, item, order, first=bool(old and old.first))
        return old.item if old else None

    def drop(self, person: int, *, begun: bool = False) -> Item | None:
        """Leave the queue, with what has begun or with what has not."""
        old = self._waiting.pop((person, begun), None)
        return old.item if old else None

    def waiting(self) -> list[tuple[Item, bool]]:
        """What waits, in no order, and whether it has begun."""
        return [(one.item, one.begun) for one in self._waiting.values()]

    def put_first(self, person: int) -> None:
        """A teacher lets someone go next."""
        one = self._waiting.get((person, False)) or self._waiting.get((person, True))
        if one:
            one.first = True

    def next(self) -> tuple[int, Item, bool] | None:
        """Begin the next turn, if one is free: person, item, whether it has begun before.

        A person has one turn at a time.
        """
        if self.paused or len(self._running) >= self.slots:
            return None
        chosen = self._best()
        if chosen is None:
            return None
        del self._waiting[chosen.person, chosen.begun]
        now = self.clock()
        self._running[chosen.person] = _Turn(now, now if chosen.begun else None)
        return chosen.person, chosen.item, chosen.begun

    def drives(self, person: int) -> bool:
        """The person's cars drive. Whether others have a better claim to the turn by now."""
        turn = self._running.get(person)
        if turn is None:
            return False
        now = self.clock()
        if turn.drove is None:
            turn.drove = now
        driven = now - turn.drove
        if self.paused or driven < GLANCE_S or (best := self._best()) is None:
            return False
        rank = self._rank(best)
        if rank[:2] == (True, True) and driven < (TURN_S if self._more_may() else LONG_TURN_S):
            return False
        return rank < (True, True, self.used(person), self._count + 1)

    def rest(self, person: int, item: Item) -> None:
        """Give a turn back, and wait for the next one."""
        self.done(person)
        self._count += 1
        self._waiting[person, True] = _Waiting(person, item, self._count, begun=True)

    def done(self, person: int) -> None:
        """A turn is over."""
        turn = self._running.pop(person, None)
        if turn is not None:
            now = self.clock()
            self._used.append((now, person, now - turn.began))

    def runs(self, person: int) -> bool:
        """Whether the person has a turn."""
        return person in self._running

    def used(self, person: int) -> float:
        """Seconds that the person had in the last five minutes."""
        self._forget()
        turn = self._running.get(person)
        going = self.clock() - turn.began if turn else 0.0
        return going + sum(seconds for _, who, seconds in self._used if who == person)

    def place(self, person: int) -> tuple[int, float] | None:
        """The place in the queue, from 1, and in about how many seconds its turn is; else None.

        What has begun has no place: it goes on between the others.
        """
        order = [one.person for one in self._order() if not one.begun]
        if person not in order:
            return None
        place = order.index(person) + 1
        ended = [seconds for _, _, seconds in self._used]
        usual = sum(ended) / len(ended) if ended else USUAL
        return place, usual * (place / self.slots)

    def _forget(self) -> None:
        since = self.clock() - WINDOW
        while self._used and self._used[0][0] < since:
            self._used.popleft()

    def _best(self) -> _Waiting[Item] | None:
        """What would be next."""
        free = [one for one in self._order() if one.person not in self._running]
        if any(not one.begun for one in free) and not self._more_may():
            free = [one for one in free if one.begun]
        return free[0] if free else None

    def _more_may(self) -> bool:
        begun = len(self._running) + sum(one.begun for one in self._waiting.values())
        return not begun or self.may_begin(begun)

    def _order(self) -> list[_Waiting[Item]]:
        return sorted(self._waiting.values(), key=self._rank)

    def _rank(self, one: _Waiting[Item]) -> tuple[bool, bool, float, int]:
        used = self.used(one.person)
        return not one.first, one.begun or self._greedy(one.person, used), used, one.order

    def _greedy(self, person: int, used: float) -> bool:
        had = {who for _, who, _ in self._used} | {one.person for one in self._waiting.values()}
        total = sum(seconds for _, _, seconds in self._used)
        return used > GREEDY * total / len(had | {person})
