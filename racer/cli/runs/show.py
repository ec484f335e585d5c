"""Show what is in a run and how it went."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from racer.cli.parser import add_run

if TYPE_CHECKING:
    from racer.runs import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs show`."""
    add_run(parser)


def run(args: argparse.Namespace) -> None:
    """Print what the run's files say; a damaged result ends in its exit code."""
    from racer.runs import Run
    from racer.runs.summary import say
    from racer.training import checkpoint

    found = Run.open(args.run, args.runs_dir)
    say(str(found.folder))
    for name, value in _facts(found):
        say(f"  {name:<12} {value}")
    for name in checkpoint.verify(found.checkpoints):
        say(f"  {'checkpoint':<12} {name}")
    if found.evaluation_file.exists():
        found.result()


def _facts(found: Run) -> list[tuple[str, Any]]:
    """What is known of the run, a name and a value each."""
    from racer.runs.summary import result_of, status_of

    manifest, result = found.manifest(), result_of(found)
    names = ("created", "algo", "seed", "git", "ended_by")
    facts = [(name, manifest[name]) for name in names if manifest.get(name) is not None]
    facts.append(("status", status_of(found)))
    facts += [
        (name, manifest[name].get("name"))
        for name in ("track", "reward", "parent")
        if name in manifest
    ]
    for event in manifest.get("resumed", []):
        changed = event.get("changes")
        changes = "; ".join(map(str, changed)) if isinstance(changed, list) else ""
        facts.append(
            ("resumed", f"at step {event.get('timesteps')}: {changes or 'nothing changed'}")
        )
    if result:
        laps = f"{result['laps_completed']} of {result['laps']} laps"
        facts.append(("completion", f"{result['completion_pct']:.1f} % ({laps})"))
    if isinstance(result.get("tracks"), list):
        lapped = f"{result.get('tracks_lapped')} of {len(result['tracks'])}"
        facts.append(("lapped", f"{lapped} tracks with every lap complete"))
        facts += _median(result)
    elif result.get("mean_lap_s") is not None:
        times = f"best {result['best_lap_s']:.2f} s, mean {result['mean_lap_s']:.2f} s"
        facts.append(("lap time", times))
        facts += _share(found)
    return facts


def _median(result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Percent of optimal on several tracks, as the evaluation found it."""
    median = result.get("median_pct_of_optimal_official")
    if median is None:
        return []
    known = sum(one.get("reference_official_s") is not None for one in result["tracks"])
    text = f"median {median:.1f} % of optimal, over the tracks with a reference lap ({known})"
    return [("optimal", text)]


def _share(found: Run) -> list[tuple[str, Any]]:
    """The best evaluation lap in percent of the fastest known one, where both are known."""
    from racer import vehicles
    from racer.errors import RacerError
    from racer.evaluation import optimal
    from racer.recording.trace import Trace

    try:
        race = found.config().race
        if race.vehicle not in vehicles.names():  # a file that a run from anyone names
            return []
        share = optimal.compare(race, Trace.load(found.laps_file))
    except RacerError:  # the recording or the track is gone; the rest is still worth showing
        return []
    if share is None or not share.references:
        return []
    return [("optimal", line.strip()) for line in share.text().splitlines()]
