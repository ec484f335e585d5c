"""Train a car with a reward, evaluate it, and keep everything in a run folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from racer.cli.parser import add_checkpoint, add_runs_dir, tag, whole
from racer.cli.settings import add_config, config_of, settings_of
from racer.process.signals import steady_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer train`."""
    add_settings(parser)
    parser.add_argument("--resume", metavar="RUN", help="go on with this run, exactly as it was")
    parser.add_argument(
        "--accept-change",
        action="store_true",
        help="with --resume: allow another reward, track, car or setting; the run records it",
    )
    parser.add_argument(
        "--from",
        dest="start_from",
        metavar="RUN",
        help="start a new run with the weights of this one",
    )
    add_checkpoint(
        parser, "with --from: its policy to start from, best, last or a step (default: its result)"
    )
    parser.add_argument(
        "--seeds", type=whole, metavar="N", help="train N seeds side by side, then summarise them"
    )
    parser.add_argument(
        "--watch-file",
        metavar="FILE",
        help="train this reward again at every save; k and Enter keeps the draft that drives",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="show all cars in a window while they learn; closing it does not stop the training",
    )
    parser.add_argument(
        "--profile", action="store_true", help="print where the time of learning went"
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Options of `racer train` and of train_agent.py."""
    add_config(parser)
    add_runs_dir(parser)
    parser.add_argument(
        "--tag",
        action="append",
        type=tag,
        default=[],
        help="a word to find the run by; may be given several times",
    )
    parser.add_argument(
        "--watch", action="store_true", help="after training, show the laps in a window"
    )


def run(args: argparse.Namespace) -> int:
    """Train, then say what came out."""
    if args.watch_file:
        with steady_output():
            return _watch_file(args)
    with steady_output():
        if args.seeds is not None:
            return _seeds(args)
        finished, result = _start(args)
        report(finished, result)
    if args.watch:
        watch(finished)
    return 0


def _seeds(args: argparse.Namespace) -> int:
    """Many runs of the same settings; 1 when one of them failed."""
    from racer.errors import UsageError
    from racer.runs.comparison import groups_of, table
    from racer.sweep.seeds import train_seeds

    if args.seeds < 1:
        raise UsageError("--seeds takes at least 1.")
    if any(
        (
            args.resume,
            args.start_from,
            args.checkpoint,
            args.watch,
            args.profile,
            args.accept_change,
            args.live,
        )
    ):
        raise UsageError(
            "--seeds N trains new runs: no --resume, --accept-change, --from, "
            "--checkpoint, --watch, --live or --profile."
        )
    outcomes = train_seeds(config_of(args), args.seeds, runs_dir=args.runs_dir, tags=args.tag)
    for outcome in outcomes:
        print(f"seed {outcome.seed:<6} {outcome.run.folder if outcome.run else outcome.error}")
    trained = [str(outcome.run.folder) for outcome in outcomes if outcome.run]
    if trained:
        print(table(groups_of(trained, args.runs_dir)))
        print(f"compare with others: racer compare {' '.join(args.tag) or 'RUN...'}")
    return int(len(trained) < len(outcomes))


def _watch_file(args: argparse.Namespace) -> int:
    """Drafts of one reward file, until a person ends them."""
    from racer.lab.core.job import Job
    from racer.lab.terminal import watch_file
    from racer.process import paths

    file = _watched(args)
    config, parent = _config_and_parent(args)
    job = Job(
        0,
        "",
        "",
        tags=tuple(args.tag),
        parent=str(parent.folder) if parent else "",
        checkpoint=args.checkpoint or "",
        command=tuple(sys.argv),
    )
    runs_dir = paths.expanded(args.runs_dir)
    if not args.live:
        return watch_file(file, config, runs_dir, job)
    from contextlib import closing

    from racer.render.live.process import WindowProcess

    with closing(WindowProcess()) as window:
        return watch_file(file, config, runs_dir, job, window.put)


def _watched(args: argparse.Namespace) -> Path:
    """The file of --watch-file, which becomes the reward of the settings.

    Raises:
        UsageError: there is no such file, or an option that drafts of one file cannot have.
    """
    from racer.errors import UsageError
    from racer.process import paths

    vars(args)["race.reward"], given = args.watch_file, vars(args)["race.reward"]
    refused = {
        "--reward": given,
        "--resume": args.resume,
        "--seeds": args.seeds,
        "--watch": args.watch,
        "--profile": args.profile,
        "--accept-change": args.accept_change,
        "--checkpoint": args.checkpoint and not args.start_from,
    }
    wrong = [option for option, value in refused.items() if value]
    if wrong:
        raise UsageError(f"--watch-file trains drafts of one file: no {', '.join(wrong)}.")
    file = paths.expanded(args.watch_file)
    if not paths.is_file(file):
        raise UsageError(f"--watch-file {file}: there is no such file. Write a reward to it first.")
    return file


def _config_and_parent(args: argparse.Namespace) -> Any:
    """The settings of a new run, and the run whose weights it starts from or None."""
    from racer.runs import Run

    if not args.start_from:
        return config_of(args), None
    old = Run.open(args.start_from, args.runs_dir)
    return config_of(args, None if args.config else old.config()), old


def _start(args: argparse.Namespace) -> Any:
    """A new run, one from old weights, or an old one that goes on."""
    from racer.runs import Run

    _check_options(args)
    if args.resume:
        run = Run.open(args.resume, args.runs_dir)
        settings = settings_of(args)
        config = run.config().override(settings)
        if args.watch:
            can_watch()
        from racer.api import resume

        live = live_of(args, config)
        return resume(run, settings, accept_change=args.accept_change, listeners=live)
    config, old = _config_and_parent(args)
    check_first(config, watch=args.watch)
    from racer.api import train

    return train(
        config,
        runs_dir=args.runs_dir,
        tags=args.tag,
        parent=old,
        parent_checkpoint=args.checkpoint or "",
        listeners=live_of(args, config),
        profile=args.profile,
    )


def _check_options(args: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: names them.
    """
    from racer.errors import UsageError

    if args.resume and (
        args.start_from or args.config or args.preset or args.hyperparameters or args.tag
    ):
        raise UsageError(
            "--resume goes on with a run as it is: no --from, --config, --preset, "
            "--hyperparameters or --tag."
        )
    if args.profile and args.resume:
        raise UsageError("--profile is for new runs, not for --resume.")
    if args.accept_change and not args.resume:
        raise UsageError("--accept-change belongs to --resume RUN.")
    if args.checkpoint and not args.start_from:
        raise UsageError(
            "--checkpoint belongs to --from RUN; --resume always goes on from the last one."
        )


def check_first(config: Any, *, watch: bool) -> None:
    """Refuse a new training that cannot be, before torch is imported for seconds."""
    from racer.race import check

    check(config.race)
    if watch:
        can_watch()


def live_of(args: argparse.Namespace, config: Any) -> list[Any]:
    """The listener of --live, with its window."""
    if not args.live:
        return []
    from racer.render.live.process import WindowProcess
    from racer.training.listeners.live import Live

    return [Live(config, WindowProcess)]


def report(finished: Any, result: Any) -> None:
    """Print the result, where it is, and how to see it drive."""
    found = result.to_json()
    print(result.table())
    print()
    print(
        f"completion    {found['completion_pct']:.1f} % "
        f"({found['laps_completed']} of {found['laps']} evaluation laps)"
    )
    if result.tracks:
        print(f"pictures      of the laps on {result.tracks[0].name}, the first track")
    elif found["best_lap_s"] is not None:
        print(f"best lap      {found['best_lap_s']:.2f} s")
        print(f"mean lap      {found['mean_lap_s']:.2f} s")
    print(f"run           {finished.folder}")
    print(f"watch it      {watch_command(finished)}")


def watch_command(finished: Any) -> str:
    """What to type to see the run drive."""
    from racer.process.typed import command

    return command("watch", finished.folder)


def can_watch() -> None:
    """Refuse --watch before an hour is spent, not after it.

    Raises:
        ResourceError: no display.
    """
    from racer.errors import ResourceError
    from racer.render.window import check_display

    try:
        check_display()
    except ResourceError:
        raise ResourceError(
            "--watch: no display to open a window on. Train without it, then film the laps: "
            "racer watch latest --video laps.mp4."
        ) from None


def watch(finished: Any) -> None:
    """Show the evaluation laps in a window."""
    from racer.recording.trace import Trace
    from racer.render import viewer

    viewer.watch(Trace.load(finished.laps_file))
