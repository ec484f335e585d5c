"""Drafts: every save of one reward file is trained, and the newest that drives is shown.

A draft is a run in a folder that nobody lists. The next save replaces it as soon as *its* cars
drive, so a file with an error leaves the old ones on the road. Keeping a draft makes it a run, the
very one that `racer train` of this seed would have made.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from racer import reward
from racer.config import Config
from racer.errors import RacerError
from racer.lab.core import slot
from racer.lab.core.job import Job
from racer.lab.core.nursery import Nursery
from racer.render.live.wire import Kind
from racer.runs import Run
from racer.storage import files

MOST_LAPS_PCT = 95.0
SAVE_S = 60.0  # s, that drafts to be kept may take to save when everything ends

Tell = Callable[[str], None]
Finished = Callable[[dict[str, Any]], None]


class Trains(Protocol):
    """What drafts ask of a nursery."""

    ready: threading.Event

    def train(self, job: Job) -> int: ...

    def stop(self, number: int, *, save: bool = False) -> None: ...

    def close(self) -> None: ...


Hear = Callable[[Kind, bytes], None]


@dataclass
class Draft:
    """One save.

    Attributes:
        number: of its job.
        saved: s, of the clock `time.monotonic`.
        folder: of its run; None before the race is made.
        seconds: of its stages since the save: frame, lap, most.
        kept: it is to become a run when it has ended.
        laps: the recording of its evaluation laps, once there are some.
        result: of the evaluation laps, when it has finished.
        over: it has ended, in any way.
        stopping: a person ended its learning.
    """

    number: int
    saved: float
    folder: Path | None = None
    start: bytes = b""
    row: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    kept: bool = False
    laps: Path | None = None
    result: dict[str, Any] | None = None
    over: bool = False
    stopping: bool = False


class Drafts:
    """Trains the saves of one reward file.

    Args:
        config: of every draft; its `race.reward` names the file.
        runs_dir: where kept ones go.
        folder: where drafts lie; see `slot`.
        job: tags, parent and command of every draft.
        tell: called with sentences for people, from any thread.
        hear: called with the messages of the draft that is shown.
        made: makes the nursery.
        finished: called with the result of the evaluation laps of each draft, from any thread.
        frugal: a save ends the draft that drives before the next one is asked for, because others
            wait for the machine, too.
    """

    def __init__(
        self,
        config: Config,
        runs_dir: Path,
        folder: Path,
        *,
        job: Job,
        tell: Tell,
        hear: Hear = lambda kind, content: None,
        made: Callable[[Config, Callable[[int, Kind, bytes], None]], Trains] = Nursery,
        finished: Finished = lambda result: None,
        frugal: bool = False,
    ) -> None:
        self.config, self.runs_dir, self.folder = config, runs_dir, folder
        self._job, self._tell, self._hear, self._frugal = job, tell, hear, frugal
        self._finished = finished
        self._lock = threading.RLock()
        self._all: dict[int, Draft] = {}
        self.shown: Draft | None = None  # whose cars drive on the screen
        self.newest: Draft | None = None
        self.nursery = made(config, self._on_message)

    def save(self, ago_s: float = 0.0) -> None:
        """The file was saved `ago_s` seconds ago: check it and train it."""
        saved = time.monotonic() - ago_s
        self._tell("checking")
        try:
            reward.load(self.config.race.reward)
        except RacerError as error:
            self._tell(f"{error} {self._goes_on()}".strip())
            return
        with self._lock:
            for before in self._replaced():
                self.nursery.stop(before.number)
            job = replace(self._job, config=self.config.to_toml(), runs_dir=str(self.folder))
            if not self.nursery.ready.is_set():
                self._tell("warming up, once")
            number = self.nursery.train(job)
            self.newest = self._all[number] = Draft(number, saved)

    def _replaced(self) -> list[Draft]:
        """Drafts that end when the next one is asked for."""
        found = {id(d): d for d in (self.newest, self.shown) if d is not None and not d.kept}
        over = [d for d in found.values() if not d.over]
        return over if self._frugal else [d for d in over if d is not self.shown]

    def start_from(self, parent: str, policy: str) -> None:
        """Give the next drafts the weights of a run; of none where `parent` is empty."""
        self._job = replace(self._job, parent=parent, checkpoint=policy)

    @property
    def starts_from(self) -> str:
        """The run and policy that drafts begin with, for people; empty for fresh weights."""
        job = self._job
        return f"{Path(job.parent).name}, {job.checkpoint or 'best'}" if job.parent else ""

    def keep(self) -> None:
        """Make the draft that is shown a run, at once or when it has finished."""
        with self._lock:
            draft = self.shown
            if draft is None or draft.folder is None:
                self._tell("nothing to keep: no draft drives yet")
            elif draft.result is not None:
                self._move(draft)
            elif not draft.over:
                draft.kept = True
                self._tell("it will be kept when it has finished")

    def stop(self) -> None:
        """End the learning of the draft that is shown; what it learned is evaluated."""
        with self._lock:
            draft = self.shown
            if draft is not None and not draft.over:
                draft.stopping = True
                self.nursery.stop(draft.number, save=True)
                self._tell("stopping")

    def close(self) -> None:
        """End every draft; those that are to be kept are saved first."""
        with self._lock:
            going = [draft for draft in self._all.values() if not draft.over]
            for draft in going:
                self.nursery.stop(draft.number, save=draft.kept)
        until = time.monotonic() + SAVE_S
        while any(d.kept and not d.over for d in going) and time.monotonic() < until:
            time.sleep(0.05)
        self.nursery.close()

    def _on_message(self, number: int, kind: Kind, content: bytes) -> None:
        """A message of the nursery, in one of its threads."""
        with self._lock:
            draft = self._all.get(number)
            if draft is None:
                return
            if kind == Kind.DONE:
                self._done(draft, json.loads(content))
                return
            if kind == Kind.START:
                draft.start, draft.folder = content, Path(json.loads(content)["folder"])
            elif kind == Kind.SWARM and draft is self.newest and draft is not self.shown:
                self._show(draft)
            elif kind == Kind.METRICS:
                self._row(draft, json.loads(content))
            if draft is self.shown:
                self._hear(kind, content)

    def _show(self, draft: Draft) -> None:
        """Its cars drive: the old ones go."""
        old, self.shown = self.shown, draft
        self._stage(draft, "frame", "driving: new cars")
        self._hear(Kind.START, draft.start)
        if old is None:
            return
        if old.over:
            self._remove(old)
        elif not old.kept:
            self.nursery.stop(old.number)

    def _row(self, draft: Draft, row: dict[str, Any]) -> None:
        draft.row = row
        if row.get("laps"):
            self._stage(draft, "lap", "first lap")
        if (row.get("laps_pct") or 0.0) >= MOST_LAPS_PCT:
            self._stage(draft, "most", f"{MOST_LAPS_PCT:.0f} % of laps")

    def _stage(self, draft: Draft, name: str, words: str) -> None:
        if name not in draft.seconds:
            draft.seconds[name] = time.monotonic() - draft.saved
            self._tell(f"{words} after {draft.seconds[name]:.1f} s")

    def _done(self, draft: Draft, how: dict[str, Any]) -> None:
        draft.over = True
        if "result" in how:
            draft.result = how["result"]
            best = how["result"]["best_lap_s"]
            lap = "no lap" if best is None else f"best lap {best:.2f} s"
            self._tell(f"finished: {how['result']['completion_pct']:.0f} % of laps, {lap}")
            self._finished(draft.result)
            self._laps_of(draft)
            if draft.kept:
                self._move(draft)
        elif "stopped" in how and draft.kept:
            self._move(draft)
        elif "stopped" in how and draft.stopping and draft is self.shown:
            draft.result = {}
            self._tell("stopped; it can be kept")
            self._laps_of(draft)
        else:
            if "error" in how:
                self._tell(f"{how['error']} {self._goes_on(draft)}".strip())
            self._remove(draft)
        if draft.result is None and draft is self.shown:
            self.shown = None
        elif draft is not self.shown:
            self._remove(draft)

    def _laps_of(self, draft: Draft) -> None:
        if draft.folder is not None and Run(draft.folder).laps_file.is_file():
            draft.laps = Run(draft.folder).laps_file

    def _goes_on(self, failed: Draft | None = None) -> str:
        old = self.shown
        return "The old draft drives on." if old and old is not failed and not old.over else ""

    def _move(self, draft: Draft) -> None:
        assert draft.folder is not None
        try:
            run = slot.keep(draft.folder, self.runs_dir)
        except RacerError as error:
            self._tell(str(error))
            return
        draft.folder, draft.kept = None, False
        draft.laps = run.laps_file if run.laps_file.is_file() else None
        self._tell(f"kept: {run.folder}")

    def _remove(self, draft: Draft) -> None:
        if draft.folder is not None and draft.over:
            files.remove_folder(draft.folder)
            draft.folder = draft.laps = None
