"""Draw the reward over the road to a PNG."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.others import add_others, others_of
from racer.cli.parser import REWARD_HELP, number, png


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward map`."""
    parser.add_argument("file", metavar="FILE", help=REWARD_HELP)
    parser.add_argument("--track", default="oval", help="the road to draw (default: oval)")
    parser.add_argument(
        "--speed", type=number, default=2.0, metavar="V", help="speed of the car, m/s (default: 2)"
    )
    parser.add_argument(
        "--heading",
        default="along",
        help="heading of the car: along the road, or degrees to its left, e.g. 30 or -90 "
        "(default: along)",
    )
    parser.add_argument(
        "--component",
        default="",
        metavar="NAME",
        help="draw this component of the reward alone (default: the whole reward)",
    )
    add_others(parser)
    parser.add_argument(
        "--png", type=png, metavar="FILE", help="the picture to write (default: reward_NAME.png)"
    )


def run(args: argparse.Namespace) -> None:
    """Write the picture."""
    from racer.reward_check.map import draw
    from racer.storage import files

    path = Path(args.png or f"reward_{Path(args.file).stem}.png")
    files.check_output(path)
    view = {"speed": args.speed, "heading": args.heading}
    others = others_of(args)
    draw(args.file, args.track, path, **view, component=args.component, others=others)
    print(f"picture: {path}")
