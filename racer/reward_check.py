"""`racer reward check`: what is wrong with a reward, before an hour is spent on training it."""

from __future__ import annotations

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
from racer.reward import RewardEngine, RewardFile, load, make_engine
from racer.reward.ahead import Ahead
from racer.reward.drivers import DRIVERS, Driver, drive
from racer.reward.engine import Rows
from racer.reward.static import Finding, findings
from racer.reward.worker import WorkerEngine
from racer.sim.types import PARAMS
from racer.tracks import Track

BATCH = 256  # rows of a speed measurement
SECONDS = 0.1  # of each measurement
PATIENCE = 4.0  # s, for the compiler
PAID_MORE = 0.05  # a step, than the clean fast lap, that counts as a fault
LONGER = 0.2  # more reward than the clean fast lap that counts as a fault
DOMINATED = 0.5  # of a lap's reward, in one step
VERDICTS = ("clean", "warnings", "unusable")
EXIT_CODES = {"clean": 0, "warnings": 1, "unusable": 3}


@dataclass(frozen=True)
class Drive:
    """What a reward paid one scripted driver.

    `merit` is the rank it deserves, 0 best; `per_second` assumes 15 steps a second.
    """

    driver: str
    merit: int
    steps: int
    progress_pct: float
    total: float
    per_step: float
    largest_step: float


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
    for driver, episode in zip(DRIVERS, episodes, strict=True):
        report.drivers.append(_drive(driver, episode, _rewards(file, track, episode)))
    speeds = {
        name: _python_speed(file, track, rows, every_key=every_key)
        for name, every_key in (("worker", False), ("inprocess", True))
    }
    tell(f"compiling {file.name}, and comparing it with plain Python")
    engine = make_engine(
        file, n=BATCH, waypoints=track.waypoints, sample_rows=lambda: rows, ahead=ahead
    )
    try:
        report.engine, report.why, report.why_not_compiled = engine.name, engine.why, engine.why_not
        if engine.name not in speeds:
            speeds = {engine.name: _speed(engine, rows), **speeds}
    finally:
        engine.close()
    report.calls_per_second = speeds


def _python_speed(file: RewardFile, track: Track, rows: Rows, *, every_key: bool) -> int:
    """The speed of plain Python; that of inprocess too is measured in a guarded process."""
    worker = WorkerEngine(file, n=BATCH, waypoints=track.waypoints, every_key=every_key)
    try:
        return _speed(worker, rows)
    finally:
        worker.close()


def _speed(engine: RewardEngine, rows: Rows) -> int:
    batch, out = np.resize(rows, BATCH), np.zeros(BATCH)
    engine.compute(batch, None, out)
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        engine.compute(batch, None, out)
        calls += BATCH
    return int(calls / (time.perf_counter() - began))


def _rewards(file: RewardFile, track: Track, rows: Rows) -> Any:
    """Rewards of one episode, (N,), by a fresh namespace: the file may keep state."""
    out = np.zeros(len(rows))
    alone = WorkerEngine(file, n=1, waypoints=track.waypoints, capacity=len(rows))
    try:
        alone.compute(rows, None, out)
    finally:
        alone.close()
    return out


def _drive(driver: Driver, rows: Rows, rewards: Any) -> Drive:
    return Drive(
        driver.name,
        driver.merit,
        len(rows),
        float(rows["progress"][-1]),
        float(rewards.sum()),
        float(rewards.mean()),
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


def judge(drives: list[Drive], line: int) -> list[Finding]:
    """What the rewards of the drivers say about the reward.

    Args:
        drives: of all scripted drivers; the first is the clean fast lap.
        line: of reward_function.
    """
    best, found = drives[0], []

    def warn(code: str, what: str) -> None:
        found.append(Finding("warning", line, code, what))

    if len({(d.per_step, d.largest_step) for d in drives}) == 1 or _is_constant(drives):
        warn("constant", f"pays {best.per_step:g} whatever the car does; nothing can be learned.")
        return found
    slower = [d for d in drives[1:] if d.merit > best.merit]
    enough = best.total + LONGER * abs(best.total)
    better = best.per_step + PAID_MORE * abs(best.per_step)
    per_step = [d for d in slower if d.merit > 1 and d.per_step > better and d.total > enough]
    for d in per_step:
        what = f"pays '{d.driver}' {d.per_step:.3g} a step, '{best.driver}' {best.per_step:.3g}"
        warn("exploit", f"{what}: '{d.driver}' exploits it.")
    longer = [d for d in slower if d.total > enough and d not in per_step]
    if longer:
        names = ", ".join(f"'{d.driver}' {d.total:.4g}" for d in longer)
        what = f"an episode of '{best.driver}' earns {best.total:.4g}, but {names}"
        warn("episode-length", f"{what}: longer episodes pay more than better ones.")
    if best.total > 0 and best.largest_step > DOMINATED * best.total:
        share = best.largest_step / best.total
        warn("terminal-bonus", f"one step pays {share:.0%} of a whole lap; the rest hardly counts.")
    return found


def _is_constant(drives: list[Drive]) -> bool:
    values = [d.per_step for d in drives]
    return max(values) - min(values) <= 1e-12 * max(1.0, abs(values[0]))
