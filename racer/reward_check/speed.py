"""Seconds of processor time that a call of a reward takes, by engine.

The wall clock says how busy the machine is; the processor time of the process that computes says
how much work a call is. Its clock ticks every 10 ms, so enough calls are timed for 20 ticks.
"""

from __future__ import annotations

import time
from contextlib import closing

import numpy as np

from racer.errors import RewardFailed
from racer.reward import RewardEngine, RewardFile
from racer.reward.compiler.engine import CompiledEngine
from racer.reward.engine import Rows
from racer.reward.worker.engine import WorkerEngine
from racer.reward_check.drives import Episodes, objects_in
from racer.tracks import Track

ENOUGH = 0.2  # s of processor time
LEAST = 0.05  # s; with less than that nothing is said
WAIT = 10.0  # s by the wall clock, bounds the waiting for a reward that sleeps or a busy machine
BATCH = 256  # rows
KERNEL_STEPS = 512  # in one batch; a kernel takes less time for few rows than a look at the clock
FIRST = 1.0  # s that first calls of cars with state may take: each may make a table


def of_worker(worker: WorkerEngine, episodes: Episodes) -> float:
    """s a call, once every car has been called; 0 if unknown.

    Args:
        worker: of BATCH rows or more, has driven these episodes once: first calls are behind it.
        episodes: driven again and again from the start, since the file may keep state.
    """
    driven = list(episodes.values())
    began, used, calls, step, steps = worker.cpu_s(), 0.0, 0, 0, 1
    until = time.monotonic() + WAIT
    while used < ENOUGH and time.monotonic() < until:
        rows = side_by_side(driven, step, steps)
        try:
            worker.compute(rows, None, np.zeros(len(rows)))
        except RewardFailed:  # in a later episode than was paid: training says so
            return 0.0
        used, calls, step = worker.cpu_s() - began, calls + len(rows), step + steps
        steps = min(2 * steps, BATCH // len(driven))  # a few calls first: each may be slow
    return used / calls if used > LEAST else 0.0


def side_by_side(driven: list[Rows], first: int, steps: int) -> Rows:
    """Rows of some steps of all episodes, each repeated without end: row i is of episode i % n."""
    at = np.arange(first, first + steps)
    return np.stack([rows[at % len(rows)] for rows in driven], axis=1).ravel()


def of_inprocess(file: RewardFile, track: Track, episodes: Episodes) -> float:
    """s a call of plain Python with all 27 keys; measured in a guarded process; 0 if unknown."""
    driver, rows = next(iter(episodes.items()))
    objects = objects_in(rows)
    worker = WorkerEngine(
        file, n=1, waypoints=track.waypoints, capacity=BATCH, objects=objects, every_key=True
    )
    with closing(worker):
        worker.compute(rows[:1], None, np.zeros(1))  # a first call may do more than the others
        return of_worker(worker, {driver: rows})


def of_kernel(engine: RewardEngine, episodes: Episodes) -> float:
    """s a call of a compiled reward; 0 if unknown.

    Args:
        engine: fresh; one that keeps state is started anew with a car for every row of the batch,
            since a kernel is called for as many rows as there are cars, or with fewer where the
            first call of a car takes long.
        episodes: driven again and again from the start, since the file may keep state.
    """
    driven, used, calls, step = list(episodes.values()), 0.0, 0, 0
    at_once, copies = KERNEL_STEPS, 1
    if isinstance(engine, CompiledEngine) and engine.state is not None:
        at_once, copies = 1, _copies(engine, side_by_side(driven, 0, 1))
        engine.start(copies * len(driven))
    rows = np.tile(side_by_side(driven, 0, at_once), copies)
    out = np.zeros(len(rows))
    while used < LEAST / 2:
        # in place: the kernel is bound to them
        rows[:] = np.tile(side_by_side(driven, step, at_once), copies)
        began = time.process_time()
        try:
            engine.compute(rows, None, out)
        except RewardFailed:  # in a later episode than was paid: training says so
            return 0.0
        if step:  # the first call binds the kernel
            used, calls = used + time.process_time() - began, calls + len(rows)
        step += at_once
    return used / calls


def _copies(engine: CompiledEngine, rows: Rows) -> int:
    """How often to drive all episodes side by side, by what the first calls for them take."""
    engine.start(len(rows))
    bound = engine.bind(rows, np.zeros(len(rows)))
    began = time.process_time()
    bound.call()
    spent = time.process_time() - began
    if bound.failed.any():  # Python answers for them, and takes its time
        return 1
    return KERNEL_STEPS if spent * KERNEL_STEPS <= FIRST else max(int(FIRST / spent), 1)


def rounded(per_second: float) -> int:
    """To two digits: the third one is another at every measurement."""
    return int(float(f"{per_second:.1e}"))
