"""List, show, verify, tag or remove the runs that training made."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer.cli import word
from racer.errors import printable

if TYPE_CHECKING:
    from racer.runs import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs`."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--runs-dir", type=Path, default=Path("runs"), help="default: runs")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[common], help="newest first")
    listing.add_argument("words", nargs="*", metavar="WORD", help="in the name or a tag")
    for name, text in (
        ("show", "what is in it and how it went"),
        ("verify", "is every file as it was written? exit 3 when not"),
        ("rm", "delete it, unless it is being trained"),
    ):
        action = actions.add_parser(name, parents=[common], help=text)
        action.add_argument("run", metavar="RUN", help="a run folder, its name, or `latest`")
    tag = actions.add_parser("tag", parents=[common], help="add words to find it by")
    tag.add_argument("run", metavar="RUN", help="a run folder, its name, or `latest`")
    tag.add_argument("words", nargs="+", type=word, metavar="WORD")


def run(args: argparse.Namespace) -> None:
    """Do what was asked."""
    from racer.runs import Run, find, remove

    if args.action == "list":
        _list(args.runs_dir, args.words)
        return
    if args.action == "rm":  # also one that nobody should open
        remove(found := Run(find(args.run, args.runs_dir)))
        _say(f"removed {found.folder}")
        return
    found = Run.open(args.run, args.runs_dir)
    if args.action == "show":
        _show(found)
    elif args.action == "verify":
        _verify(found)
    else:
        tags = sorted({*found.manifest().get("tags", []), *args.words})
        found.record(tags=tags)
        _say(f"{found.name}: {' '.join(tags)}")


def _say(line: str) -> None:
    """Print one line; a run from anyone cannot add others."""
    print(printable(line).replace("\n", "?"))


def _list(runs_dir: Path, words: list[str]) -> None:
    from racer.runs import list_runs

    found = list_runs(runs_dir, words)
    if not found:
        _say(f"no runs in {runs_dir}" + (f" with {' '.join(words)}" if words else ""))
        return
    width = max(len(run.name) for run in found)
    _say(f"{'name':<{width}}  {'status':<9} {'completion':>10} {'mean lap':>9}  tags")
    for run in found:
        result = _evaluation(run)
        completion, lap = result.get("completion_pct"), result.get("mean_lap_s")
        shown = "" if completion is None else f"{completion:.1f} %"
        time = "" if lap is None else f"{lap:.2f} s"
        tags = " ".join(run.manifest().get("tags", []))
        _say(f"{run.name:<{width}}  {_status(run):<9} {shown:>10} {time:>9}  {tags}".rstrip())


def _show(run: Run) -> None:
    from racer.training import checkpoint

    manifest = run.manifest()
    _say(str(run.folder))
    for key in ("created", "algo", "seed", "git", "ended_by"):
        if manifest.get(key) is not None:
            _say(f"  {key:<12} {manifest[key]}")
    _say(f"  {'status':<12} {_status(run)}")
    for key in ("track", "reward", "parent"):
        if key in manifest:
            _say(f"  {key:<12} {manifest[key].get('name')}")
    for event in manifest.get("resumed", []):
        changed = event.get("changes")
        changes = "; ".join(map(str, changed)) if isinstance(changed, list) else ""
        _say(f"  {'resumed':<12} at step {event.get('timesteps')}: {changes or 'nothing changed'}")
    result = _evaluation(run)
    if result:
        laps = f"{result['laps_completed']} of {result['laps']} laps"
        _say(f"  {'completion':<12} {result['completion_pct']:.1f} % ({laps})")
    if result.get("mean_lap_s") is not None:
        times = f"best {result['best_lap_s']:.2f} s, mean {result['mean_lap_s']:.2f} s"
        _say(f"  {'lap time':<12} {times}")
    for name in checkpoint.verify(run.checkpoints):
        _say(f"  {'checkpoint':<12} {name}")


def _verify(run: Run) -> None:
    from racer.errors import BadRun
    from racer.training import checkpoint

    problems = run.damaged()
    kept = checkpoint.verify(run.checkpoints)
    problems += [f"{name}: {text}" for name, texts in kept.items() for text in texts]
    if problems:
        raise BadRun(f"{run.folder} is damaged: {'; '.join(problems)}. Restore it from a copy.")
    sealed = len(run.manifest().get("files", {}))
    _say(f"{run.folder}: {sealed} files and {len(kept)} checkpoints are as they were written")


def _status(run: Run) -> str:
    """The recorded status, but for a trainer that died without a word."""
    from racer.storage import locks

    status = str(run.manifest().get("status", ""))
    if status == "training" and locks.owner(run.folder / ".lock") is None:
        return "killed"
    return status


def _evaluation(run: Run) -> dict[str, Any]:
    """The result; empty when there is none, or none that can be read."""
    from racer.errors import BadRun
    from racer.storage import files

    try:
        found = files.read_json(run.evaluation_file)
    except BadRun:
        return {}
    needed = ["completion_pct", "laps", "laps_completed"]
    if found.get("mean_lap_s") is not None:
        needed += ["best_lap_s", "mean_lap_s"]
    return found if all(isinstance(found.get(n), int | float) for n in needed) else {}
