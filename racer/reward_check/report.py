"""`racer reward check`: what is wrong with a reward, before an hour is spent on training it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from racer import vehicles
from racer.actions import Continuous
from racer.config import Rules
from racer.errors import BadReward, RewardFailed
from racer.race import Race
from racer.race.drivers import DRIVERS, Driver, drive
from racer.reward import RewardEngine, RewardFile, load, make_engine
from racer.reward.compiler.background import Ahead
from racer.reward.compiler.sample import MADE_UP
from racer.reward.engine import Rows
from racer.reward.worker.engine import WorkerEngine
from racer.reward_check.incentives import Drive, judge
from racer.reward_check.lint import Finding, findings
from racer.sim.types import PARAMS
from racer.tracks import Track

BATCH = 256  # rows of a speed measurement
SECONDS = 0.1  # of each measurement
PATIENCE = 3.4  # s, for the compiler
CALLS_S = 1.0  # s, for the calls of all drivers; of a reward too slow for that, some steps are paid
PROOF_S = 1.5  # s, for comparing the compiled reward with plain Python
PROBE = 4  # calls, to see how slow it is; the first ones may import things
VERDICTS = ("clean", "warnings", "unusable")
EXIT_CODES = {"clean": 0, "warnings": 1, "unusable": 3}


@dataclass
class Report:
    """Everything `racer reward check` prints; `verdict` is clean, warnings or unusable."""

    file: str
    track: str
    verdict: str = "clean"
    engine: str = ""
    why: str = ""
    why_not_compiled: str = ""
    calls_per_second: dict[str, int] = field(default_factory=dict)
    drivers: list[Drive] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"findings": [f._asdict() for f in self.findings]}


def check(
    reward: str, track_name: str = "oval", tell: Callable[[str], None] = lambda doing: None
) -> Report:
    """Read a reward, run it for scripted drivers on a track, and judge.

    Args:
        reward, track_name: names or files.
        tell: is told what is being done, before each part that may take a second.

    Raises:
        UnknownName, BadTrack: no such reward or track; what is wrong with the file is a finding.
    """
    track = Track.load(track_name)
    report = Report(file=reward, track=track.name)
    try:
        file = load(reward)
        report.file = file.shown
        report.findings += findings(file)
        with Ahead(file, PATIENCE) as ahead:
            _try(report, file, track, ahead, tell)
        report.findings = [_harmless(f) for f in report.findings]
        report.findings += judge(report.drivers, file.line)
    except (BadReward, RewardFailed) as error:
        report.findings.append(Finding("error", _line(str(error)), "unusable", str(error)))
    levels = {finding.level for finding in report.findings}
    report.verdict = VERDICTS[2 if "error" in levels else 1 if "warning" in levels else 0]
    return report


def _harmless(finding: Finding) -> Finding:
    """Empty lists are no fault of a reward that has just run with them."""
    if finding.code != "empty-objects":
        return finding
    return finding._replace(level="note", message=f"{finding.message.partition(';')[0]}.")


def _line(text: str) -> int:
    parts = text.split(":")
    return next((int(part) for part in parts[1:3] if part.isdigit()), 0)


def driver_episodes(track: Track) -> list[Rows]:
    """An episode of every driver; a loop is not ended for going back half of the time."""
    loops = tuple(driver for driver in DRIVERS if driver.loop)
    looped = iter(drive(_race(track, loops, Rules(start="line", end_reversed=False)), loops))
    driven = drive(_race(track, DRIVERS, Rules(start="line")))
    return [next(looped) if d.loop else e for d, e in zip(DRIVERS, driven, strict=True)]


def _race(track: Track, drivers: tuple[Driver, ...], rules: Rules) -> Race:
    return Race(
        track,
        len(drivers),
        vehicle=vehicles.load("deepracer"),
        actions=Continuous((-30.0, 30.0), (0.0, 4.0)),
        rules=rules,
        all_params=True,
    )


def _too_wide(episodes: list[Rows], track: Track) -> list[Finding]:
    """Says so when the road is too narrow for a loop, which then was not tried."""
    looped = [e for d, e in zip(DRIVERS, episodes, strict=True) if d.loop]
    if not any(rows["is_offtrack"][-1] for rows in looped):
        return []
    what = f"{track.name} is too narrow for the car to drive in a circle; loops were not tried."
    return [Finding("note", 0, "no-loop", what)]


def _try(
    report: Report, file: RewardFile, track: Track, ahead: Ahead, tell: Callable[[str], None]
) -> None:
    """What the drivers are paid, which engine runs the reward and why, how fast each is."""
    tell(f"driving {track.name}")
    episodes = driver_episodes(track)
    report.findings += _too_wide(episodes, track)
    rows = np.concatenate(episodes)
    tell(f"paying the drivers by {file.name}")
    call_s = _call_seconds(file, track, rows)
    every = max(1, math.ceil(call_s * len(rows) / CALLS_S))
    if every > 1:
        report.findings.append(_slow(file, call_s, every))
    for driver, episode in zip(DRIVERS, episodes, strict=True):
        paid = np.r_[episode[:-1:every], episode[-1:]]  # the end always: it may pay a bonus
        report.drivers.append(_drive(driver, episode, _rewards(file, track, paid), every))
    batch = np.resize(rows, int(min(BATCH, max(PROBE, SECONDS / call_s))))
    report.calls_per_second = speeds = {
        name: _python_speed(file, track, batch, every_key=every_key)
        for name, every_key in (("worker", False), ("inprocess", True))
    }
    if call_s * (MADE_UP + len(rows)) > PROOF_S:
        report.engine, report.why = "worker", "Python in a process of its own"
        report.why_not_compiled = (
            f"{file.shown}:{file.line}: a call takes {1e3 * call_s:.2g} ms, too long to compare it "
            "with plain Python here; training does it"
        )
        return
    tell(f"compiling {file.name}, and comparing it with plain Python")
    engine = make_engine(
        file, n=BATCH, waypoints=track.waypoints, sample_rows=lambda: rows, ahead=ahead
    )
    try:
        report.engine, report.why, report.why_not_compiled = engine.name, engine.why, engine.why_not
        if engine.name not in speeds:
            report.calls_per_second = {
                engine.name: _speed(engine, np.resize(rows, BATCH)),
                **speeds,
            }
    finally:
        engine.close()


def _slow(file: RewardFile, call_s: float, every: int) -> Finding:
    what = f"a call takes {1e3 * call_s:.2g} ms: only every {every}th step of the drivers was paid"
    return Finding("note", file.line, "slow", f"{what}, and totals are estimates.")


def _python_speed(file: RewardFile, track: Track, batch: Rows, *, every_key: bool) -> int:
    """The speed of plain Python; that of inprocess too is measured in a guarded process."""
    worker = WorkerEngine(file, n=BATCH, waypoints=track.waypoints, every_key=every_key)
    try:
        return _speed(worker, batch)
    finally:
        worker.close()


def _speed(engine: RewardEngine, batch: Rows) -> int:
    out = np.zeros(len(batch))
    engine.compute(batch, None, out)
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        engine.compute(batch, None, out)
        calls += len(batch)
    return int(calls / (time.perf_counter() - began))


def _rewards(file: RewardFile, track: Track, rows: Rows) -> Any:
    """Rewards of an episode, (N,), by a fresh namespace: the file may keep state."""
    out = np.zeros(len(rows))
    alone = WorkerEngine(file, n=1, waypoints=track.waypoints, capacity=len(rows))
    try:
        alone.compute(rows, None, out)
    finally:
        alone.close()
    return out


def _call_seconds(file: RewardFile, track: Track, rows: Rows) -> float:
    """About how long a call takes, s."""
    many = min(64 * PROBE, len(rows))
    alone = WorkerEngine(file, n=1, waypoints=track.waypoints, capacity=many)
    call_s = 0.0
    try:
        for calls in (PROBE, PROBE, many):
            if calls == many and call_s * many > CALLS_S:
                break
            began = time.perf_counter()
            alone.compute(rows[:calls], None, np.zeros(calls))
            call_s = (time.perf_counter() - began) / calls
    finally:
        alone.close()
    return call_s


def _drive(driver: Driver, rows: Rows, rewards: Any, every: int) -> Drive:
    """What an episode was paid, of which `every` so many steps and the last one were."""
    *_, last = rewards
    before = rewards[:-1].mean() * (len(rows) - 1) if every > 1 else rewards[:-1].sum()
    total = float(before + last)
    return Drive(
        driver.name,
        driver.merit,
        len(rows),
        float(rows["progress"][-1]),
        total,
        total / len(rows),
        float(rewards.max()),
    )


def once(file: RewardFile, params: dict[str, Any], engine: str) -> tuple[float, str]:
    """One call with saved params: the reward, and what the file printed."""
    row = np.zeros(1, PARAMS)
    for name in PARAMS.names or ():
        if name in params:
            row[name] = params[name]
    row["prev_waypoint"], row["next_waypoint"] = params["closest_waypoints"]
    waypoints = params["waypoints"][:: -1 if params["is_reversed"] else 1]
    made = make_engine(file, n=1, waypoints=waypoints, engine=engine)
    out = np.zeros(1)
    try:
        made.compute(row, None, out)
        return float(out[0]), made.output()
    finally:
        made.close()
