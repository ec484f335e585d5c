"""Drive a trained car from the start line and print how far and how fast it went."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from racer.cli.parser import number, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer evaluate`."""
    parser.add_argument("run", metavar="RUN", help="a run folder, its name, or `latest`")
    parser.add_argument("--laps", type=whole, help="how many (default: as the run was evaluated)")
    parser.add_argument("--track", help="another track (default: the one it trained on)")
    parser.add_argument("--json", metavar="FILE", help="also write the result; - prints it alone")
    parser.add_argument(
        "--sim-trace", type=Path, metavar="FILE", help="also write the laps as DeepRacer's CSV"
    )
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"), help="default: runs")
    rules = parser.add_argument_group(
        "rules of a race against the clock",
        "without --rules a fault ends a lap and the next one starts at the line",
    )
    rules.add_argument("--rules", choices=("deepracer", "league", "strict"), help="resets, ranking")
    for option, kind, text in RULES:
        rules.add_argument(f"--{option}", type=kind, metavar="X", help=text)
    rules.add_argument(
        "--continuous",
        action=argparse.BooleanOptionalAction,
        help="flying laps, or from standstill",
    )


RULES = (
    ("resets", whole, "faults forgiven in a lap"),
    ("off-track-penalty-s", number, "s on the clock for leaving the track"),
    ("reversed-penalty-s", number, "s for going back"),
    ("immobilized-penalty-s", number, "s for standing still"),
    ("ranking", str, "total, best or average (of --min-laps consecutive laps)"),
    ("min-laps", whole, "how many laps the average is taken over"),
)


def rules_of(args: argparse.Namespace) -> Any:
    """The Protocol that the command line asks for, or None.

    Raises:
        UsageError: a number of the rules without --rules. BadConfig: one outside its range.
    """
    from racer.errors import UsageError
    from racer.evaluation import protocol

    names = ["continuous", *(option.replace("-", "_") for option, _, _ in RULES)]
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.rules is not None:
        return protocol(args.rules, laps=args.laps, **given)
    if given:
        option = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{option} changes --rules deepracer, league or strict: name one.")
    return None


def run(args: argparse.Namespace) -> None:
    """Evaluate and print; nothing in the run changes."""
    from racer.evaluation import evaluate, time_trial
    from racer.runs import Run
    from racer.storage import files
    from racer.training.checkpoint import policy_of

    rules = rules_of(args)
    found = Run.open(args.run, args.runs_dir)
    found.reward_text()  # it is there, and text
    settings = {"race.reward": str(found.reward_file)}
    if args.track:
        settings["race.track"] = args.track
    if args.laps is not None:
        settings["eval.laps"] = args.laps
    config = found.config().override(settings)
    policy = policy_of(found.folder)
    result: Any
    if rules is None:
        result, trace = evaluate(policy, config.race, laps=config.eval.laps)
    else:
        result, trace = time_trial(policy, config.race, rules)
    if args.sim_trace:
        from racer.deepracer.run_files import write_sim_trace

        write_sim_trace(args.sim_trace, config, trace)
    about = {"run": str(found.folder), "track": config.race.track, **result.to_json()}
    if args.json == "-":
        print(json.dumps(about, indent=2))
        return
    print(result.table())
    times = about["lap_times_s"]
    best = f", best lap {min(times):.2f} s, mean {sum(times) / len(times):.2f} s" if times else ""
    print(f"\ncompletion {result.completion_pct:.1f} %{best}")
    if args.json:
        files.write_output(args.json, files.json_bytes(about))
