"""Drive a trained car from the start line and print how far and how fast it went."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer evaluate`."""
    parser.add_argument("run", metavar="RUN", help="a run folder, its name, or `latest`")
    parser.add_argument("--laps", type=int, help="how many (default: as the run was evaluated)")
    parser.add_argument("--track", help="another track (default: the one it trained on)")
    parser.add_argument("--json", metavar="FILE", help="also write the result; - prints it alone")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"), help="default: runs")


def run(args: argparse.Namespace) -> None:
    """Evaluate and print; nothing in the run changes."""
    from racer import files
    from racer.checkpoint import policy_of
    from racer.config import Config
    from racer.evaluate import evaluate
    from racer.runs import Run

    found = Run.open(args.run, args.runs_dir)
    settings = {"race.reward": str(found.reward_file)}
    if args.track:
        settings["race.track"] = args.track
    if args.laps is not None:
        settings["eval.laps"] = args.laps
    config = Config.from_toml(found.config_file).override(settings)
    policy = policy_of(found.folder)
    result, _ = evaluate(policy, config.race, laps=config.eval.laps)
    about = {"run": str(found.folder), "track": config.race.track, **result.to_json()}
    if args.json == "-":
        print(json.dumps(about, indent=2))
        return
    print(result.table())
    times = result.lap_times_s
    best = f", best lap {min(times):.2f} s, mean {sum(times) / len(times):.2f} s" if times else ""
    print(f"\ncompletion {result.completion_pct:.1f} %{best}")
    if args.json:
        with files.disk_errors(args.json):
            files.write_atomic(Path(args.json), files.json_bytes(about))
