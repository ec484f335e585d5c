"""Write a run's policy in another program's format."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from racer.cli.parser import add_checkpoint, add_run

if TYPE_CHECKING:
    from racer.runs import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer export`."""
    add_run(parser)
    add_checkpoint(parser, "the policy to write: best, last, or a step (default: the run's result)")
    formats = parser.add_mutually_exclusive_group(required=True)
    formats.add_argument(
        "--sb3",
        type=Path,
        metavar="FILE",
        help="a zip for Stable-Baselines3's PPO.load or SAC.load",
    )
    formats.add_argument(
        "--onnx",
        type=Path,
        metavar="FILE",
        help="an ONNX file, for onnxruntime and racer serve (pip install 'racer[onnx]')",
    )
    formats.add_argument(
        "--car",
        type=Path,
        metavar="FILE",
        help="a .tar.gz for the console of a physical DeepRacer car, of a policy that sees grey "
        "pictures of 160 x 120 pixels",
    )


def _on_the_car(found: Run) -> str:
    """What becomes of the actions of a run on a car, as a table."""
    from racer import actions
    from racer.console import table
    from racer.deepracer.actuators import driven

    head = ["steering deg", "speed m/s", "throttle", "servo pulse ms", "motor pulse ms"]
    rows = [
        [
            f"{one.steer_deg:g}",
            f"{one.speed:g}",
            f"{one.throttle:.3f}",
            f"{one.steering_ns / 1e6:.3f}",
            f"{one.motor_ns / 1e6:.3f}",
        ]
        for one in driven(actions.load(found.config().race.actions))
    ]
    note = "throttle at a maximum speed of 100 % in the console; pulses as calibrated at first"
    return f"{table(head, rows, right=range(len(head)))}\n{note}"


def run(args: argparse.Namespace) -> None:
    """Export and say how to open it."""
    from racer.runs import Run

    found = Run.open(args.run, args.runs_dir)
    checkpoint = args.checkpoint or ""
    if args.onnx:
        from racer.export.onnx import write_onnx
        from racer.process.typed import command

        made = write_onnx(found, args.onnx, checkpoint=checkpoint)
        print(f"wrote {made.path}")
        proof = f"on {made.observations} observations its actions differ by {made.difference:.1e}"
        print(f"proven       {proof}")
        print(f"serve it     {command('serve', str(made.path))}")
        return
    if args.car:
        from racer.deepracer.car import write_car

        print(f"wrote {write_car(found, args.car, checkpoint=checkpoint)}")
        print("drive it     upload it in the car's console, under Models")
        print(f"\n{_on_the_car(found)}")
        return
    from racer.export.sb3 import write_sb3

    path = write_sb3(found, args.sb3, checkpoint=checkpoint)
    algo = found.config().train.algo.upper()
    print(f"wrote {path}\nopen it      stable_baselines3.{algo}.load({str(path)!r})")
