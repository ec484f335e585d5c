"""Drive a trained car from the start line and print how far and how fast it went."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer.cli.others import add_others, settings_of_others
from racer.cli.parser import add_checkpoint, add_run, belongs, number, whole

if TYPE_CHECKING:
    from racer.config import Config
    from racer.evaluation import Driver
    from racer.runs import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer evaluate`."""
    add_run(parser)
    add_checkpoint(parser, "the policy to drive: best, last, or a step (default: the run's result)")
    parser.add_argument(
        "--stochastic",
        action="store_true",
        help="draw actions at random, as training does, instead of the most likely ones",
    )
    parser.add_argument(
        "--seed",
        type=whole,
        metavar="N",
        help="with --stochastic: same seed, same laps (default: 0)",
    )
    parser.add_argument(
        "--laps", type=whole, help="how many laps to drive (default: as the run was evaluated)"
    )
    parser.add_argument("--track", help="the track to drive on (default: where it trained)")
    parser.add_argument(
        "--tracks",
        metavar="TRACKS",
        help="drive on several tracks and print a line for each: a folder, names or files with "
        "commas between them, or generated:COUNT:SEED for random circuits",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write the result as JSON; - prints nothing but it"
    )
    parser.add_argument(
        "--sim-trace",
        type=Path,
        metavar="FILE",
        help="also write every step of the laps as DeepRacer's sim-trace CSV",
    )
    add_others(parser)
    rules = parser.add_argument_group(
        "rules of a time trial",
        "Without --rules a fault ends a lap and the next one starts at the line.",
    )
    rules.add_argument(
        "--rules",
        choices=("deepracer", "league", "strict"),
        help="drive a time trial by these rules: deepracer puts the car back with a penalty of "
        "5 s, league with 3 s in one continuous drive, strict ends a lap at its first fault",
    )
    for option, kind, text in RULES:
        rules.add_argument(f"--{option}", type=kind, metavar="X", help=text)
    rules.add_argument(
        "--continuous",
        action=argparse.BooleanOptionalAction,
        help="laps of one continuous drive (--continuous), or each from standstill at the line",
    )


RULES = (
    ("resets", whole, "how many faults are forgiven in one lap; the next one ends it"),
    ("off-track-penalty-s", number, "penalty, in seconds, for leaving the track"),
    ("reversed-penalty-s", number, "penalty, in seconds, for driving backwards"),
    ("immobilized-penalty-s", number, "penalty, in seconds, for standing still"),
    ("collision-penalty-s", number, "penalty, in seconds, for hitting an object or a car"),
    (
        "mercy",
        whole,
        "put the car down behind a box after so many faults in a row at it; 0 never does",
    ),
    ("ranking", str, "what counts: the total, best or average time of the laps"),
    ("min-laps", whole, "how many consecutive laps --ranking average is taken over"),
)


def rules_of(args: argparse.Namespace) -> Any:
    """The Protocol that the command line asks for, or None.

    Raises:
        UsageError: a number of the rules without --rules, or one that does not count.
        BadConfig: a number outside its range.
    """
    from racer.errors import UsageError
    from racer.evaluation import protocol

    names = ["continuous", *(option.replace("-", "_") for option, _, _ in RULES)]
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.rules is not None:
        rules = protocol(args.rules, laps=args.laps, **given)
        if args.min_laps is not None and rules.ranking != "average":
            raise UsageError(
                f"--min-laps counts only where laps are averaged; ranking is {rules.ranking}. "
                "Add --ranking average, or leave --min-laps out."
            )
        penalties = [name for name in given if name.endswith("_penalty_s")]
        if penalties and not rules.resets:
            option = penalties[0].replace("_", "-")
            raise UsageError(
                f"--{option} counts only where faults are forgiven; here the first one ends the "
                "lap. Add --resets 3, for example."
            )
        return rules
    if given:
        option = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{option} changes --rules deepracer, league or strict: name one.")
    return None


def run(args: argparse.Namespace) -> None:
    """Evaluate and print; nothing in the run changes."""
    from racer import console
    from racer.evaluation import evaluate, optimal, time_trial
    from racer.runs import Run
    from racer.storage import files
    from racer.training import cars, opponents

    if not args.stochastic:  # the policy acts the same every time
        belongs(args, "--stochastic", "--seed")
    rules = rules_of(args)
    found = Run.open(args.run, args.runs_dir)
    found.reward_text()  # it is there, and text
    config = _config_of(args, found)
    for change in cars.changed(found.manifest(), config.race):
        console.log(__name__).warning("since the training, %s.", change)
    driver, how = driver_of(args, found)
    if config.race.tracks is not None:
        _on_tracks(args, found, config, driver, how)
        return
    rivals = opponents.load(config.race, args.runs_dir)
    if rules is None:
        result, trace = evaluate(driver, config.race, laps=config.eval.laps, opponents=rivals)
        alone = config.race.others.count == 0  # a reference lap has the road for itself
        share = optimal.compare(config.race, trace) if alone else None
    else:
        result, trace = time_trial(driver, config.race, rules, rivals)
        share = None  # its laps hold penalties
    if args.sim_trace:
        from racer.deepracer.run_files import write_sim_trace

        write_sim_trace(args.sim_trace, config, trace)
    about = {"run": str(found.folder), "track": config.race.track, **how, **result.to_json()}
    about |= share.to_json() if share else {}
    if args.json == "-":
        print(json.dumps(about, indent=2))
        return
    print(result.table())
    times = about["lap_times_s"]
    best = f", best lap {min(times):.2f} s, mean {sum(times) / len(times):.2f} s" if times else ""
    print(f"\ncompletion {result.completion_pct:.1f} %{best}")
    if share:
        print(share.text())
        if any((share.pct(rule) or 0.0) > 100.0 for rule in share.references):
            for rule in optimal.keep(config.race, trace, f"run {found.name}"):
                print(f"new best lap of {config.race.track} by the {rule} rule")
    if args.json:
        files.write_output(args.json, files.json_bytes(about))


def _config_of(args: argparse.Namespace, found: Run) -> Config:
    """The run's settings, driven where the command line says."""
    settings: dict[str, Any] = {"race.reward": str(found.reward_file)}
    for name in ("track", "tracks"):
        if getattr(args, name) is not None:
            settings[f"race.{name}"] = getattr(args, name)
    if args.laps is not None:
        settings["eval.laps"] = args.laps
    settings |= settings_of_others(args)
    return found.config().override(settings)


def _on_tracks(
    args: argparse.Namespace, found: Run, config: Config, driver: Driver, how: dict[str, Any]
) -> None:
    """Drive on several tracks and print a line for each.

    Raises:
        UsageError: an option that is for one track.
    """
    from racer import console
    from racer.errors import UsageError
    from racer.evaluation import on_tracks
    from racer.race import pack_of
    from racer.storage import files
    from racer.training import roads

    if args.rules or args.sim_trace:
        option = "--rules" if args.rules else "--sim-trace"
        raise UsageError(f"{option} is for one track, and here are several: add --track NAME.")
    log = console.log(__name__)
    pack = pack_of(config.race)
    for why in pack.left_out:
        log.warning("left out: %s", why)
    if args.tracks is None:
        for change in roads.changed(found.manifest(), config.race, pack.tracks):
            log.warning("since the training, %s.", change)
    result = on_tracks(driver, config.race, pack.tracks, config.eval.laps)
    about = {"run": str(found.folder), "where": config.race.tracks, **how, **result.to_json()}
    about["left_out"] = list(pack.left_out)
    if args.json == "-":
        print(json.dumps(about, indent=2))
        return
    print(result.table())
    if args.json:
        files.write_output(args.json, files.json_bytes(about))


def driver_of(args: argparse.Namespace, found: Run) -> tuple[Driver, dict[str, Any]]:
    """What drives, and what the result should say of it where it is not the default.

    Raises:
        BadRun: no such checkpoint.
    """
    from racer.errors import UsageError
    from racer.policy import Sampler
    from racer.training import checkpoint

    policy = checkpoint.policy_of(found.folder, args.checkpoint or "")
    about: dict[str, Any] = {}
    if args.checkpoint:
        about["checkpoint"] = args.checkpoint
        about["checkpoint_step"] = checkpoint.step_of(found.folder, args.checkpoint)
    if not args.stochastic:
        return policy, about
    seed = args.seed or 0
    if not 0 <= seed < 2**63:
        raise UsageError(f"--seed {seed}; allowed is 0 to 2^63 - 1.")
    return Sampler(policy, seed), about | {"stochastic": True, "seed": seed}
