"""Run a sweep: orders to the engine, finished runs into the folder, until nothing is left.

One process writes the folder, and a run is there whole or not at all. So whatever dies at whatever
moment, what is missing is what is not in `runs/`, and that is what the next session trains. A run
that was cut is trained again from its beginning: same settings, same seed, same bits.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, Future, wait

from racer import console
from racer.errors import BadRun, RacerError, ResourceError, Stopped
from racer.process import memory
from racer.process.signals import Stop, graceful_stop
from racer.process.typed import command
from racer.runs import Run
from racer.sweep import search
from racer.sweep.board import Board
from racer.sweep.engines import Engine
from racer.sweep.folder import Folder
from racer.sweep.parcel import Parcel
from racer.sweep.plan import Job, Plan
from racer.sweep.prune import MOST as MOST_CURVES
from racer.sweep.prune import Curve, curve_of, mean_curve
from racer.sweep.score import Configuration, Row, configurations, row_of
from racer.sweep.worker import Order

_LOOK_EVERY_S = 0.25
_FAILURES = 5  # runs that failed while none succeeded, until it is given up
log = console.log(__name__)


def run(folder: Folder, engine: Engine) -> list[Row]:
    """Train what is left of a sweep.

    Returns:
        all finished runs.

    Raises:
        Stopped: a signal came; what was finished is kept.
        Busy: another process runs this sweep.
        ResourceError: the disk is full, or the cluster is gone.
        RacerError: every run fails for the same reason.
    """
    try:
        with graceful_stop(quiet=True) as stop, folder.owned():
            try:
                session = _Session(folder, engine, stop)
                session.work()
                return session.rows()
            finally:
                engine.stop()  # while the folder is owned: its workers write there
    finally:
        engine.stop()


class _Session:
    """One stretch of a sweep whose folder is owned."""

    def __init__(self, folder: Folder, engine: Engine, stop: Stop) -> None:
        self._folder, self._engine, self._stop = folder, engine, stop
        self._plan: Plan = folder.plan()
        self._inputs = folder.inputs()
        self._chosen = folder.chosen(self._plan)
        self._rows: dict[str, Row] = {}
        self._curves: dict[str, Curve] = {}
        for name in folder.finished():
            self._hear(Run(folder.runs / name))
        self._waiting: deque[Job] = deque()
        self._next = 0  # number of the configuration that is looked at next
        self._running: dict[Future[Parcel], Job] = {}
        self._failed: dict[str, str] = {}
        self._deaths: Counter[str] = Counter()  # of workers, by the run they trained
        self._successes = 0

    def rows(self) -> list[Row]:
        """Every finished run."""
        return list(self._rows.values())

    def work(self) -> None:
        """Until nothing is left, or a signal comes."""
        with Board(self._plan, len(self._rows)) as board:
            while self._begin() or self._running:
                done = self._wait()
                if self._stop:
                    raise self._stopped()
                for future in done:
                    job = self._running.pop(future, None)
                    if job is not None:
                        self._end(job, future)
                board.update(
                    done=len(self._rows),
                    failed=len(self._failed),
                    running=len(self._running),
                    best=self._results(),
                )
                board.show()

    def _wait(self) -> set[Future[Parcel]]:
        """Until a run ends, for a moment at most."""
        if self._running:
            return wait(self._running, _LOOK_EVERY_S, FIRST_COMPLETED).done
        time.sleep(_LOOK_EVERY_S)  # a cluster without workers; more may join
        return set()

    def _begin(self) -> bool:
        """Give orders while workers are free; whether something is left that none can take now."""
        free = self._engine.workers - len(self._running)
        while free > 0 and (job := self._take()):
            self._running[self._engine.submit(self._order(job))] = job
            free -= 1
        return bool(self._waiting) or self._next < self._plan.trials

    def _take(self) -> Job | None:
        """The next run without a result; None when there is none."""
        while not self._waiting:
            if self._next >= self._plan.trials:
                return None
            number, self._next = self._next, self._next + 1
            if number not in self._chosen:
                known = {one.number: one for one in self._results() if self._complete(one)}
                settings = search.propose(self._plan, number, self._chosen, known)
                self._folder.choose(number, settings)
                self._chosen[number] = settings
            jobs = self._plan.jobs(number, self._chosen[number])
            self._waiting.extend(job for job in jobs if job.id not in self._rows)
        return self._waiting.popleft()

    def _order(self, job: Job) -> Order:
        siblings, others = self._known_curves(job.number)
        return Order(
            job,
            self._plan.config,
            self._inputs,
            prune=self._plan.prune,
            curves=others,
            siblings=siblings,
            scratch=str(self._folder.scratch.resolve()) if self._engine.local else "",
        )

    def _known_curves(self, number: int) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
        """Of the other seeds of a configuration, and one for each other configuration."""
        by_number: dict[int, list[Curve]] = {}
        for name, curve in self._curves.items():
            by_number.setdefault(self._rows[name].number, []).append(curve)
        siblings = tuple(by_number.pop(number, []))
        others = [mean_curve(curves) for curves in by_number.values()]
        return siblings, tuple(others[-MOST_CURVES:])

    def _end(self, job: Job, future: Future[Parcel]) -> None:
        """Keep what a worker made, or give its order again."""
        try:
            parcel = future.result()
        except BaseException as error:
            if memory.ran_out(error):  # while the order or the result was on its way
                self._fail(job, str(memory.shortage(error)))
                return
            how = self._engine.lost(error)
            if not how:
                raise self._unexpected(error) from error
            self._lose(job, how)
            return
        if parcel.content:
            try:
                self._folder.deliver(parcel)
            except BadRun as error:
                self._fail(job, str(error))
                return
            self._hear(Run(self._folder.runs / job.id))
            self._successes += 1
        elif parcel.full and self._engine.local:
            raise ResourceError(f"{parcel.error} What was finished is kept. {self._go_on()}")
        else:
            self._fail(job, parcel.error)

    def _lose(self, job: Job, how: str) -> None:
        """A worker died; its order goes to another, unless it ends every worker it gets."""
        self._deaths[job.id] += 1
        if self._deaths[job.id] >= self._engine.tries:
            self._fail(
                job,
                f"every worker that trained it died ({how}). Perhaps memory ran out: try fewer "
                "--workers or fewer cars, train.num_envs.",
            )
            return
        log.warning("a worker died (%s); its run again: %s", how, job.id)
        self._waiting.appendleft(job)

    def _fail(self, job: Job, error: str) -> None:
        self._failed[job.id] = error
        self._folder.fail(job, error)
        log.warning("%s failed: %s", job.id, error.splitlines()[0])
        if not self._successes and not self._rows and len(self._failed) >= _FAILURES:
            raise RacerError(f"the first {_FAILURES} runs failed, the last one so: {error}")

    def _hear(self, run: Run) -> None:
        row = self._rows[run.name] = row_of(run)
        if self._plan.prune != "none":
            own = row.settings.get("train.timesteps", self._plan.config.train.timesteps)
            self._curves[run.name] = curve_of(run, int(own))

    def _results(self) -> list[Configuration]:
        return configurations(self._rows.values())

    def _complete(self, one: Configuration) -> bool:
        """Are all its seeds known? One that failed counts for nothing, and is not waited for."""
        failed = sum(name.startswith(f"{one.number:04d}-") for name in self._failed)
        return len(one.rows) + failed >= len(self._plan.seeds)

    def _stopped(self) -> Stopped:
        left = self._plan.runs - len(self._rows)
        text = f"stopped by {self._stop.name}; {len(self._rows)} runs are kept, {left} are left."
        return Stopped(f"{text} {self._go_on()}", self._stop.exit_code)

    def _go_on(self) -> str:
        return f"Go on: {command('sweep', '--resume', self._folder.path)}"

    def _unexpected(self, error: BaseException) -> RacerError:
        """What else a future may raise: our own errors as they are, others with their sentence."""
        if isinstance(error, RacerError):
            return error
        first = (str(error) or "no word on why").splitlines()[0].rstrip(".")
        return RacerError(
            f"the engine failed: {type(error).__name__}: {first}. What was finished is kept. "
            f"{self._go_on()}"
        )
