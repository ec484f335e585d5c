"""Laps of runs and recordings beside the fastest lap known for their road and car."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from racer import vehicles
from racer.config import RaceConfig
from racer.errors import RacerError
from racer.raceline import Setup, find
from racer.recording.laps import fastest, timed
from racer.recording.trace import Trace
from racer.runs.run import Run


def race_of_meta(meta: Mapping[str, Any]) -> RaceConfig | None:
    """Vehicle and actions of a person's drive, as it recorded them; None where it did not.

    Only a vehicle that has a name here counts: the recording may be anyone's.
    """
    vehicle, actions = meta.get("vehicle"), meta.get("actions")
    if not isinstance(vehicle, str) or not isinstance(actions, str):
        return None
    if vehicle not in vehicles.names():
        return None
    return RaceConfig(vehicle=vehicle, actions=actions)


def share_of(run: Run) -> float | None:
    """The best evaluation lap in percent of the official reference; None where it is not known.

    On several tracks the median over them, as the evaluation found it: laps.npz holds the first
    track alone. None for older runs, whose evaluation does not have it.

    Only looked up, for a vehicle that has a name here: a run from anyone executes nothing.
    """
    try:
        race = run.config().race
        if race.tracks is not None:
            median = run.result().get("median_pct_of_optimal_official")
            return None if median is None else float(median)
        if not run.laps_file.is_file() or race.vehicle not in vehicles.names():
            return None
        trace = Trace.load(run.laps_file)
        best = fastest(timed(trace))
        known = find(Setup.on(trace.track, race)) if best else None
    except RacerError:  # damaged, or its vehicle is gone; the rest is still worth showing
        return None
    return known.pct(best.seconds, flying=best.flying) if known and best else None
