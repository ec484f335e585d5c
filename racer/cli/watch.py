"""Watch recorded laps in a window, or write them to a video or a page for any browser."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from racer.cli.others import add_others, only_with, settings_of_others
from racer.cli.parser import add_checkpoint, add_runs_dir, film, number, page
from racer.errors import BadRun, UsageError, printable
from racer.process import paths
from racer.process.typed import command

if TYPE_CHECKING:
    from racer.config import RaceConfig
    from racer.raceline import Setup
    from racer.recording.trace import Trace
    from racer.render.ghosts import Ghost, Pace
    from racer.tracks import Track

EPILOG = "Press H in the window for its keys."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer watch`."""
    parser.epilog = EPILOG
    parser.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN",
        help="a run folder, its name, `latest` (the default), a recording (.npz), "
        "or with --track a log of the official simulator",
    )
    parser.add_argument("--track", metavar="T", help="RUN is a log, driven on this track")
    parser.add_argument(
        "--video", type=film, metavar="FILE", help="write a .mp4 or .gif; needs no display"
    )
    parser.add_argument(
        "--html",
        type=page,
        metavar="FILE",
        help="write one .html file that plays in any browser, with params and reward of every "
        "step; needs no display",
    )
    parser.add_argument(
        "--no-source", action="store_true", help="with --html: leave the reward's source out"
    )
    parser.add_argument(
        "--ghost",
        action="append",
        default=[],
        metavar="RUN",
        help="show the best lap of another run or recording beside it, with the time difference; "
        "`reference` is the fastest lap known; may be given several times",
    )
    parser.add_argument(
        "--all-laps",
        action="store_true",
        help="with --html: every lap, also where the file is larger than 40 kB then",
    )
    add_checkpoint(parser, "drive new laps with this policy of the run: best, last or a step")
    add_others(parser)
    add_runs_dir(parser)
    parser.add_argument(
        "--speed", type=number, default=1.0, help="how fast to play; 1 is real time (default: 1)"
    )


def run(args: argparse.Namespace) -> None:
    """Play or film."""
    if not 0.05 <= args.speed <= 20.0:
        raise UsageError(f"--speed {args.speed:g}: from 0.05 to 20. 1 is real time.")
    if args.html and args.video:
        raise UsageError("--html and --video are two files; write one after the other.")
    if args.no_source and not args.html:
        raise UsageError("--no-source belongs to --html FILE.")
    if args.all_laps and not args.html:
        raise UsageError("--all-laps belongs to --html FILE.")
    if not args.checkpoint:  # recorded laps show what was on the road then
        only_with(args, "--checkpoint best|last|STEP, which drives new laps")
    trace = drive_laps(args) if args.checkpoint else open_trace(args.run, args.runs_dir, args.track)
    if trace.note:
        print(f"{args.run}: {trace.note}")
    race = race_of(args, trace)
    ghosts = open_ghosts(args.ghost, trace.track, args.runs_dir, race)
    pace = pace_of(trace.track, race, trace)
    if args.html:
        write_html(args, trace, ghosts, pace)
        return
    from racer.render.sight import sight_of

    sight = sight_of(trace.track, race)
    if args.video:
        from racer.render import video

        count = video.write(
            trace, args.video, speed=args.speed, ghosts=ghosts, pace=pace, sight=sight
        )
        laps = len(trace.episodes())
        print(f"{args.video}: {laps} lap{'' if laps == 1 else 's'}, {count} frames")
        return
    from racer.render import viewer

    viewer.watch(trace, speed=args.speed, ghosts=ghosts, pace=pace, sight=sight)


def write_html(
    args: argparse.Namespace, trace: Trace, ghosts: list[Ghost], pace: Pace | None
) -> None:
    """Write the page and say how large it is, and what of its maker's is in it."""
    from racer.render import fit
    from racer.storage import files

    source = "" if args.no_source else source_of(args)
    most = sys.maxsize if args.all_laps else fit.SIZE_MAX
    made = fit.page(trace, most=most, speed=args.speed, ghosts=ghosts, pace=pace, reward=source)
    content = made.text.encode()
    files.write_output(args.html, content)
    some = f"{made.laps} of " if made.laps < made.of else ""
    laps = f"{some}{made.of} lap{'' if made.of == 1 else 's'}"
    print(f"{args.html}: {laps}, {len(content) / 1e3:.0f} kB")
    if some:
        print(f"The best ones: all are more than {most // 1000} kB. --all-laps takes all of them.")
    if source:
        print("The reward's source is in it; --no-source leaves it out.")


def source_of(args: argparse.Namespace) -> str:
    """The reward that a run was trained with; empty for recordings and logs, which have none."""
    from racer import runs

    if args.track or paths.expanded(args.run).suffix == ".npz":
        return ""
    return runs.Run(runs.find(args.run, args.runs_dir)).reward_text()


def drive_laps(args: argparse.Namespace) -> Trace:
    """The evaluation laps of a run, driven now by the policy that --checkpoint names.

    Raises:
        UsageError: RUN is a log or a recording. BadRun: it has no such policy.
    """
    from racer.evaluation import evaluate
    from racer.runs import Run
    from racer.training import opponents
    from racer.training.checkpoint import policy_of

    if args.track or Path(args.run).suffix in (".npz", ".csv"):
        raise UsageError("--checkpoint chooses a policy of a run; a recording or log has none.")
    found = Run.open(args.run, args.runs_dir)
    settings = {"race.reward": str(found.reward_file)} | settings_of_others(args)
    config = found.config().override(settings)
    policy = policy_of(found.folder, args.checkpoint)
    rivals = opponents.load(config.race, args.runs_dir)
    _, trace = evaluate(policy, config.race, laps=config.eval.laps, opponents=rivals)
    title = f"{found.name}, checkpoint {args.checkpoint}"
    return dataclasses.replace(trace, meta=trace.meta | {"title": title})


def race_of(args: argparse.Namespace, trace: Trace) -> RaceConfig | None:
    """Vehicle, actions and rules of what is shown; None where the recording does not say.

    Only a vehicle that has a name here counts: the run may be anyone's, and name a file.
    """
    from racer import runs, vehicles
    from racer.runs import laps

    if args.track:
        return None
    if paths.expanded(args.run).suffix == ".npz":
        return laps.race_of_meta(trace.meta)
    run = runs.Run(runs.find(args.run, args.runs_dir))
    race = run.config().race
    if race.vehicle not in vehicles.names():
        return None
    if race.tracks is None:
        return race
    for one in run.manifest().get("tracks", []):  # where the one that is shown came from
        if one.get("sha256") == trace.track.sha256 and "source" in one:
            return dataclasses.replace(race, track=one["source"], tracks=None)
    return race


def pace_of(track: Track, race: RaceConfig | None, trace: Trace | None = None) -> Pace | None:
    """The fastest known lap for the header, with the share of each lap; None if none is known."""
    from racer.errors import RacerError
    from racer.raceline import Setup, find
    from racer.recording.laps import timed
    from racer.render.ghosts import Pace, reference_ghost

    if race is None:
        return None
    try:
        setup = Setup.on(track, race)
        known = find(setup)
        ghost = reference_ghost(known, setup) if known else None
    except RacerError:  # its vehicle or actions are gone; the laps can be shown without
        return None
    if known is None or ghost is None:
        return None
    laps = timed(trace) if trace else []
    shares = {lap.number: known.pct(lap.seconds, flying=lap.flying) for lap in laps}
    return Pace(ghost, [shares.get(k) for k in range(max(shares, default=-1) + 1)])


def open_ghosts(
    targets: list[str], track: Track, runs_dir: Path, race: RaceConfig | None
) -> list[Ghost]:
    """The best lap of each of `targets`, which are as for `open_trace`, or `reference`.

    Raises:
        BadTrack: driven on another road.
        UsageError: more than there are colours for; or no reference is known.
    """
    from racer.render.ghosts import COLORS, REFERENCE, ghost_of

    others = [target for target in targets if target != REFERENCE]
    if len(others) > len(COLORS):
        raise UsageError(f"{len(others)} ghosts; at most {len(COLORS)} can be told apart.")
    ghosts = [_reference(track, race)] if len(others) < len(targets) else []
    return ghosts + [
        ghost_of(open_trace(target, runs_dir), Path(target).stem, color, track)
        for target, color in zip(others, COLORS, strict=False)
    ]


def _reference(track: Track, race: RaceConfig | None) -> Ghost:
    """The fastest known lap; of the default vehicle and actions where the drive does not say."""
    from racer.config import RaceConfig
    from racer.raceline import Setup, find
    from racer.render.ghosts import reference_ghost

    race = race or RaceConfig()
    setup = Setup.on(track, race)
    known = find(setup)
    if known is None:
        raise UsageError(
            f"--ghost reference: no fastest lap of {track.name} is known for {race.vehicle} with "
            f"{race.actions} actions. {_how_to_find(setup, race)}"
        )
    return reference_ghost(known, setup)


def _how_to_find(setup: Setup, race: RaceConfig) -> str:
    """The command that searches for the lap of `setup`, if one does with the names known here."""
    from racer.config import RaceConfig
    from racer.errors import RacerError
    from racer.raceline import Setup

    usual = RaceConfig()
    options = [
        word
        for name in ("vehicle", "actions")
        if (value := getattr(race, name)) != getattr(usual, name)
        for word in (f"--{name}", value)
    ]
    for name in (race.track, setup.track.name):
        asked = RaceConfig(track=name, vehicle=race.vehicle, actions=race.actions)
        with contextlib.suppress(RacerError):  # no such track here
            if Setup.of(asked).key == setup.key:
                return f"Find it: {command('line', name, *options)}"
    return (
        "Find it with the track's own file, or from a run that laps this road: "
        f"{command('line', '--improve', 'RUN')}"
    )


def open_trace(target: str, runs_dir: Path, track: str | None = None) -> Trace:
    """The recording that `target` means.

    Args:
        target: a .npz file, a run folder, its name in `runs_dir`, or `latest`; a simulation log
            when there is a `track`.

    Raises:
        UnknownName: no such run or track.
        BadRun: the run has no recording yet, or it is damaged.
        BadLog: not a log, or not of this track.
    """
    if track is not None:
        from racer.deepracer.logs.convert import log_trace

        return log_trace(target, track)
    from racer import runs
    from racer.recording.trace import Trace

    path = paths.expanded(target)
    if path.suffix.lower() == ".csv":
        raise UsageError(f"{path} looks like a simulation log. Say where it was driven: --track T.")
    if path.suffix == ".npz":
        return Trace.load(path)
    found = runs.Run(runs.find(target, runs_dir))
    if not found.laps_file.exists():
        status = printable(str(found.manifest().get("status", "")))
        raise BadRun(
            f"{found.folder} has no recorded laps (status: {status}). To drive some now: "
            f"{command('watch', found.typed, '--checkpoint', 'best')}"
        )
    return Trace.load(found.laps_file)
