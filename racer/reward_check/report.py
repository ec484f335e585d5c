"""`racer reward check`: what is wrong with a reward, before an hour is spent on training it.

Nothing here is decided by a clock. Findings come from the text, from what scripted drivers are
paid, and from the compiler, which is waited for; every part is shown as soon as it is known. Only
speeds are measured, in processor time, which a busy machine hardly changes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

import racer.actions
from racer.config import Others
from racer.errors import BadReward, RewardFailed
from racer.reward import RewardFile, load, make_engine
from racer.reward.compiler.background import Ahead
from racer.reward.file import find_path
from racer.reward.worker.engine import WorkerEngine
from racer.reward_check import speed
from racer.reward_check.drives import Episodes, drive_all, objects_in, pay
from racer.reward_check.incentives import Drive, judge
from racer.reward_check.lint import Finding, findings
from racer.tracks import Track

VERDICTS = ("clean", "warnings", "unusable")
EXIT_CODES = {"clean": 0, "warnings": 1, "unusable": 3}
SLOW = 0.005  # s of processor time a call, worth a note


@dataclass
class Report:
    """Everything `racer reward check` prints; `verdict` is clean, warnings or unusable.

    Attributes:
        not_driven: driver -> why this track or action space has no room for it.
        components: of the reward, what each pays each driver per step, by component and driver.
        calls_per_second: of processor time, by engine, to two digits.
    """

    file: str
    track: str
    verdict: str = "clean"
    engine: str = ""
    why: str = ""
    why_not_compiled: str = ""
    calls_per_second: dict[str, int] = field(default_factory=dict)
    drivers: list[Drive] = field(default_factory=list)
    not_driven: dict[str, str] = field(default_factory=dict)
    components: dict[str, dict[str, float]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"findings": [f._asdict() for f in self.findings]}


Show = Callable[[str, Report], None]
Tell = Callable[[str], None]


def check(
    reward: str,
    track_name: str = "oval",
    *,
    actions: str = "continuous",
    others: Others | None = None,
    show: Show = lambda part, report: None,
    tell: Tell = lambda doing: None,
) -> Report:
    """Read a reward, pay scripted drivers by it on a track, and judge.

    Args:
        reward, track_name, actions: names or files.
        others: what else is on the road; the drivers then meet it.
        show: called with the report so far after each part: text, drivers, engine, verdict.
        tell: called with what is being done, before each part that may take a second.

    Raises:
        UnknownName, BadTrack, BadActions: no such file; what is wrong with the reward is a finding.
    """
    track, space = Track.load(track_name), racer.actions.load(actions)
    report = Report(file=str(find_path(reward)), track=track.name)
    try:
        file = load(reward)
        objects = others.count if others else 0
        report.findings += findings(file, objects)
        show("text", report)
        with Ahead(file, objects) as ahead:
            tell(f"driving {track.name}")
            episodes, report.not_driven = drive_all(track, space, others)
            tell(f"paying the drivers by {file.name}")
            _pay(report, file, track, episodes)
            show("drivers", report)
            tell(f"compiling {file.name} and comparing it with plain Python (Ctrl-C stops)")
            _choose_engine(report, file, track, episodes, ahead)
            show("engine", report)
    except (BadReward, RewardFailed) as error:
        report.findings.append(Finding("error", _line(str(error)), "unusable", str(error)))
    levels = {finding.level for finding in report.findings}
    report.verdict = VERDICTS[2 if "error" in levels else 1 if "warning" in levels else 0]
    show("verdict", report)
    return report


def _line(text: str) -> int:
    parts = text.split(":")
    return next((int(part) for part in parts[1:3] if part.isdigit()), 0)


def _pay(report: Report, file: RewardFile, track: Track, episodes: Episodes) -> None:
    """What each driver earns, what that teaches, and how fast plain Python is."""
    most = speed.BATCH
    with closing(_worker(file, track, episodes, capacity=most)) as worker:
        report.drivers = pay(worker, episodes)
        names = sorted(worker.take_components())
        report.findings += judge(report.drivers, file.line)
        call_s = speed.of_worker(worker, episodes)
    if call_s:
        report.calls_per_second["worker"] = speed.rounded(1.0 / call_s)
    if call_s > SLOW:
        hours = call_s * 1e6 / 3600.0
        what = (
            f"a call takes {1e3 * call_s:.2g} ms of processor time: a million steps take "
            f"{hours:.2g} hours, unless it compiles."
        )
        report.findings.append(Finding("note", file.line, "slow", what))
    report.components = {name: _component(file, track, episodes, name) for name in names}
    call_s = speed.of_inprocess(file, track, episodes)
    if call_s:
        report.calls_per_second["inprocess"] = speed.rounded(1.0 / call_s)


def _component(file: RewardFile, track: Track, episodes: Episodes, name: str) -> dict[str, float]:
    """What one component pays each driver per step; nothing where a call does not set it."""
    alone = file.of_component(name)
    try:
        with closing(_worker(alone, track, episodes)) as worker:
            return {drive.driver: drive.per_step for drive in pay(worker, episodes)}
    except RewardFailed:
        return {}


def _choose_engine(
    report: Report, file: RewardFile, track: Track, episodes: Episodes, ahead: Ahead
) -> None:
    """Which engine a training uses, and why; the compiler is waited for, however long it takes."""
    rows = np.concatenate(list(episodes.values()))
    engine = make_engine(
        file,
        n=len(episodes),
        waypoints=track.waypoints,
        sample_rows=lambda: rows,
        ahead=ahead,
        objects=objects_in(rows),
    )
    with closing(engine):
        report.engine, report.why, report.why_not_compiled = engine.name, engine.why, engine.why_not
        if engine.name == "compiled":
            call_s = speed.of_kernel(engine, episodes)
            fast = {engine.name: speed.rounded(1.0 / call_s)} if call_s else {}
            report.calls_per_second = fast | report.calls_per_second


def _worker(file: RewardFile, track: Track, episodes: Episodes, capacity: int = 0) -> WorkerEngine:
    """A namespace for each episode."""
    objects = objects_in(next(iter(episodes.values())))
    return WorkerEngine(
        file, n=len(episodes), waypoints=track.waypoints, capacity=capacity, objects=objects
    )
