"""The room: everybody's drafts on one warm process, in fair turns, within limits of each person.

Drafts think that they have a nursery of their own; a `Seat` is what they have. It asks the room for
a turn, and passes on the messages of its own jobs alone.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from racer.config import Config
from racer.errors import ResourceError, UsageError
from racer.lab.core.classroom.turns import Turns
from racer.lab.core.job import Job
from racer.lab.core.nursery import KILLED, Nursery, OnMessage
from racer.process import limits, memory
from racer.render.live.wire import Kind

Words = Literal[
    "absent", "waiting", "starting", "learning", "resting", "finished", "stopped", "error"
]
ENDS: dict[str, Words] = {"result": "finished", "error": "error"}
CPU_S = 60  # of one draft and of its reward
BEGUN_MAX = 30  # drafts that have begun, most of them resting: some 40 MB each
FREE_MIN = 256 * 2**20  # bytes of memory that must be free for one more
RUNS_MAX = 20  # kept ones of a person
BYTES_MAX = 200 * 10**6  # of all files of a person
OVER = b'{"error":"ended: a draft may take 60 s of processor time."}'


def strict(config: Config, settings: dict[str, Any]) -> Config:
    """Settings of a student's drafts: the reward in the guarded process alone, fully locked."""
    return config.override(
        settings | {"race.reward_engine": "worker", "race.sandbox": "strict", "eval.laps": 3}
    )


@dataclass
class State:
    """What the roster shows of one person.

    Attributes:
        words: what the person's drafts do.
        start, lap: the road and the lap of now, as pages hear them.
        laps: how many laps of now there were, so that a page asks for new ones alone.
        row: of metrics.
        said: the last sentence.
        saved: s, of the room's clock; None before the first save.
    """

    words: Words = "absent"
    start: bytes = b""
    lap: bytes = b""
    laps: int = 0
    row: dict[str, Any] | None = None
    said: str = ""
    saved: float | None = None


class Seat:
    """The nursery of one person's drafts, as `racer.lab.core.drafts.Trains` has it."""

    def __init__(self, room: Room, person: int, on_message: OnMessage) -> None:
        self._room, self.person, self.on_message = room, person, on_message
        self.ready = room.nursery.ready

    def train(self, job: Job) -> int:
        """Ask for a turn; the number of the job."""
        return self._room.ask(self, job)

    def stop(self, number: int, *, save: bool = False) -> None:
        """Give the turn back, or leave the queue."""
        self._room.stop(number, save=save)

    def close(self) -> None:
        """Give everything back."""
        self._room.leave(self)


class Room:
    """Everybody's turns.

    Args:
        config: to warm up with.
        slots: trainings at a time.
        made: makes the nursery.
    """

    def __init__(
        self,
        config: Config,
        *,
        slots: int = 0,
        made: Callable[[Config, OnMessage], Nursery] = Nursery,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._numbers, self._clock = itertools.count(1), clock
        slots = slots or slots_of_machine()
        self.turns: Turns[tuple[Seat, Job]] = Turns(slots, clock, may_begin)
        self._jobs: dict[int, tuple[Seat, Job]] = {}  # of the nursery: whose, as it was asked for
        self._turn: dict[int, int] = {}  # person: the job of the nursery that has the turn
        self._asked: set[int] = set()  # jobs of the nursery that somebody ended
        self.states: dict[int, State] = {}
        self.nursery = made(config, self._on_message)

    def seat(self, person: int) -> Callable[[Config, OnMessage], Seat]:
        """What makes the nursery of this person's drafts."""
        return lambda _config, on_message: Seat(self, person, on_message)

    def state(self, person: int) -> State:
        """Of a person, for the roster."""
        with self._lock:
            return self.states.setdefault(person, State())

    def ask(self, seat: Seat, job: Job) -> int:
        """Wait for a turn to train."""
        number, state = next(self._numbers), self.state(seat.person)
        with self._lock:
            asked = replace(job, number=number, cpu_s=CPU_S)
            old = self.turns.ask(seat.person, (seat, asked))
            state.words, state.saved = "waiting", self._clock()
        if old is not None:
            old[0].on_message(old[1].number, Kind.DONE, KILLED)
        self._go()
        return number

    def stop(self, number: int, *, save: bool = False) -> None:
        """End a job, or take it out of the queue."""
        waited = None
        with self._lock:
            going = [n for n, (_, job) in self._jobs.items() if job.number == number]
            self._asked.update(going)
            for (seat, job), begun in self.turns.waiting():
                if job.number == number:
                    dropped = self.turns.drop(seat.person, begun=begun)
                    waited = None if begun else dropped
        for one in going:
            if save:
                self.nursery.hold(one, on=False)
            self.nursery.stop(one, save=save)
        if waited is not None:
            waited[0].on_message(number, Kind.DONE, KILLED)

    def stop_person(self, person: int) -> None:
        """A teacher ends what someone trains or waits for."""
        with self._lock:
            numbers = [job.number for seat, job in self._jobs.values() if seat.person == person]
            waiting = [item for item, begun in self.turns.waiting() if not begun]
            numbers += [job.number for seat, job in waiting if seat.person == person]
        for number in numbers:
            self.stop(number)
        self.state(person).words = "stopped"

    def leave(self, seat: Seat) -> None:
        """End everything of this seat."""
        with self._lock:
            numbers = [job.number for one, job in self._jobs.values() if one is seat]
            waiting = [item for item, begun in self.turns.waiting() if not begun]
            numbers += [job.number for one, job in waiting if one is seat]
        for number in numbers:
            self.stop(number)

    def pause(self, on: bool) -> None:
        """Begin no training, or go on."""
        with self._lock:
            self.turns.paused = on
        self._go()

    def put_first(self, person: int) -> None:
        """Let someone go next."""
        with self._lock:
            self.turns.put_first(person)

    def place(self, person: int) -> tuple[int, float] | None:
        """Which one of those who wait, and in about how many seconds."""
        with self._lock:
            return self.turns.place(person)

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self.turns.paused = True
        self.nursery.close()

    def _go(self) -> None:
        """Begin as many turns as are free."""
        with self._lock:
            while (found := self.turns.next()) is not None:
                person, (seat, job), begun = found
                if begun:
                    number = self._of_nursery(seat, job)
                    self.nursery.hold(number, on=False)
                else:
                    number = self.nursery.train(job)
                    self._jobs[number] = seat, job
                self._turn[person] = number
                self.states.setdefault(person, State()).words = "learning" if begun else "starting"

    def _on_message(self, number: int, kind: Kind, content: bytes) -> None:
        """A message of the nursery, in one of its threads; it is passed on without a lock."""
        with self._lock:
            if number not in self._jobs:
                return
            seat, job = self._jobs[number]
            if kind == Kind.DONE:
                self._end(number)
                if content == KILLED and number not in self._asked:
                    content = OVER
                self._asked.discard(number)
            else:
                note(self.states.setdefault(seat.person, State()), kind, content)
            rests = kind == Kind.SWARM and self._rests(number)
        seat.on_message(job.number, kind, content)
        if kind == Kind.DONE:
            with self._lock:
                note(self.states[seat.person], kind, content)
        if kind == Kind.DONE or rests:
            self._go()

    def _rests(self, number: int) -> bool:
        """A job drives; if others wait for the machine, it rests. The lock is held."""
        seat, job = self._jobs[number]
        if self._turn.get(seat.person) != number or not self.turns.drives(seat.person):
            return False
        del self._turn[seat.person]
        self.turns.rest(seat.person, (seat, job))
        self.nursery.hold(number, on=True)
        self.states[seat.person].words = "resting"
        return True

    def _end(self, number: int) -> None:
        """A job has ended, in its turn or while it rested. The lock is held."""
        seat, job = self._jobs.pop(number)
        if self._turn.get(seat.person) == number:
            del self._turn[seat.person]
            self.turns.done(seat.person)
        elif ((seat, job), True) in self.turns.waiting():
            self.turns.drop(seat.person, begun=True)

    def _of_nursery(self, seat: Seat, job: Job) -> int:
        """The nursery's number of a job that has begun."""
        return next(n for n, (one, own) in self._jobs.items() if (one, own) == (seat, job))


def note(state: State, kind: Kind, content: bytes) -> None:
    """Keep for the roster what a message says about a job."""
    if kind == Kind.START:
        state.start, state.words, state.row = content, "learning", None
    elif kind == Kind.LAP:
        state.lap, state.laps = content, state.laps + 1
    elif kind == Kind.METRICS:
        state.row = json.loads(content)
    elif kind == Kind.DONE and state.words not in ("waiting", "starting"):
        how = json.loads(content)
        state.words = next((word for key, word in ENDS.items() if key in how), "stopped")


def may_begin(begun: int) -> bool:
    """Whether there is memory for one more draft beside so many."""
    return begun < BEGUN_MAX and memory.free() > FREE_MIN


def slots_of_machine() -> int:
    """Trainings at a time: all cores but one, which serves pages and judges."""
    return max(limits.cores() - 1, 1)


def within_limits(folder: Path, runs: int) -> None:
    """One more run may be kept.

    Raises:
        UsageError: the person has as many as a class has room for.
    """
    if runs >= RUNS_MAX:
        raise UsageError(f"you have {RUNS_MAX} runs. Delete one, then keep this one.")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > BYTES_MAX:
        raise UsageError(f"your runs have more than {BYTES_MAX // 10**6} MB. Delete one first.")


def check_machine(config: Config) -> None:
    """Refuse a class where rewards cannot be locked away fully.

    Raises:
        ResourceError: Landlock, seccomp or limits are missing here.
    """
    from racer.reward import make_engine
    from racer.tracks import Track

    try:
        waypoints = Track.load(config.race.track).waypoints
        make_engine("center_line", n=1, waypoints=waypoints, sandbox="strict").close()
    except ResourceError as error:
        raise ResourceError(
            "racer lab --class runs rewards of students only where they can be locked away fully: "
            "Linux 5.13 or newer with Landlock and seccomp. racer lab without --class works here."
        ) from error
