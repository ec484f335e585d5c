"""The gate before deployment: a run drives its laps again, and has to be good enough.

Nothing that the run's files claim is believed: the laps are driven anew, from its policy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer import console
from racer.config import Config
from racer.errors import UsageError
from racer.evaluation import make_scorer
from racer.runs import Run, promoted
from racer.storage import files
from racer.training import checkpoint

log = console.log(__name__)


@dataclass(frozen=True)
class Check:
    """One condition: what was asked, what was found, whether that will do."""

    asked: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Args:
        run: its name.
        score: {"completion_pct", "lap_time_s"}, the mean of its laps or None.
        checks: the conditions.
    """

    run: str
    score: Mapping[str, float | None]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Is every condition met?"""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        checks = [dataclasses.asdict(check) for check in self.checks]
        return {"run": self.run, "passed": self.passed, **_measured(self.score), "checks": checks}

    def table(self) -> str:
        """For people."""
        rows = [(c.asked, c.found, "passed" if c.passed else "FAILED") for c in self.checks]
        return console.table(("asked", "found", ""), rows)


def judge(
    run: Run,
    *,
    min_completion_pct: float = 100.0,
    max_lap_s: float | None = None,
    laps: int | None = None,
    track: str | None = None,
    against: Run | None = None,
) -> Verdict:
    """Drive the laps of a run and compare.

    Args:
        run: whose policy.
        min_completion_pct: the least completion, %.
        max_lap_s: the longest mean lap, s.
        laps: how many; as the run was evaluated by default.
        track: where; where it was trained by default.
        against: a run that it must not be worse than, on the same road with the same vehicle:
            completion first, then the mean lap.

    Raises:
        UsageError: the two drive different vehicles.
        BadRun: a run without a usable policy.
    """
    config = _config(run, laps, track)
    score = _score(run, config)
    lap = score["lap_time_s"]
    completion = f"{score['completion_pct']:.1f} %"
    least = f"completion of at least {min_completion_pct:g} %"
    checks = [Check(least, completion, (score["completion_pct"] or 0.0) >= min_completion_pct)]
    if max_lap_s is not None:
        asked = f"a mean lap of at most {max_lap_s:g} s"
        checks.append(Check(asked, _lap(lap), lap is not None and lap <= max_lap_s))
    if against is not None:
        theirs = _score(against, _like(config, against))
        asked = f"no worse than {against.name}: {theirs['completion_pct']:.1f} %"
        asked += f", {_lap(theirs['lap_time_s'])}"
        better = checkpoint.better(score, theirs)
        checks.append(Check(asked, f"{completion}, {_lap(lap)}", better))
    return Verdict(run.name, score, tuple(checks))


def pass_through(
    run: Run, runs_dir: Path, tag: str, verdict: Verdict, seen: Sequence[promoted.Event]
) -> None:
    """Give the tag to a run that passed against the last of `seen`.

    Raises:
        Busy: another run got the tag meanwhile.
    """
    digest = files.hashed(checkpoint.policy_of(run.folder).to_bytes())
    promoted.promote(runs_dir, tag, run.name, digest, seen=seen, **_measured(verdict.score))


def champion(runs_dir: Path, tag: str) -> Run | None:
    """The run that has a tag now; None when none has.

    Raises:
        UsageError: the run is gone.
    """
    now = promoted.current(runs_dir, tag)
    if now is None:
        return None
    if not (runs_dir / now.run).is_dir():
        raise UsageError(
            f"{now.run}, which is {tag}, is not in {runs_dir}. Pull it, or go back to the one "
            f"before: racer runs rollback {tag}."
        )
    found = Run.open(now.run, runs_dir)
    if files.hashed(checkpoint.policy_of(found.folder).to_bytes()) != now.policy:
        log.warning("%s has another policy than when it became %s.", found.name, tag)
    return found


def _config(run: Run, laps: int | None, track: str | None) -> Config:
    settings: dict[str, Any] = {}
    if laps is not None:
        settings["eval.laps"] = laps
    if track is not None:
        settings |= {"race.track": track, "race.tracks": None}
    return run.config().override(settings)


def _like(config: Config, other: Run) -> Config:
    """The settings of another run, on the same road by the same rules."""
    theirs = other.config()
    if theirs.race.vehicle != config.race.vehicle:
        raise UsageError(
            f"{other.name} drives the vehicle {theirs.race.vehicle}, this run "
            f"{config.race.vehicle}; their laps cannot be compared."
        )
    mine = theirs.race.rules
    rules = dataclasses.replace(
        config.race.rules, control_hz=mine.control_hz, substeps=mine.substeps
    )
    race = dataclasses.replace(
        theirs.race, track=config.race.track, tracks=config.race.tracks, rules=rules
    )
    return dataclasses.replace(theirs, race=race, eval=config.eval)


def _score(run: Run, config: Config) -> dict[str, float | None]:
    policy = checkpoint.policy_of(run.folder)
    return make_scorer(config.race, laps=config.eval.laps)(policy)


def _measured(score: Mapping[str, float | None]) -> dict[str, float | None]:
    return {"completion_pct": score["completion_pct"], "mean_lap_s": score["lap_time_s"]}


def _lap(seconds: float | None) -> str:
    return "no lap" if seconds is None else f"{seconds:.3f} s"
