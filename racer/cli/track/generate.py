"""Make random circuits that a car can drive, each from a seed."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from racer.cli.parser import number, whole
from racer.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer track generate`."""
    parser.add_argument(
        "--seed", type=whole, default=0, help="seed of the first circuit (default: 0)"
    )
    parser.add_argument(
        "--count",
        type=whole,
        default=1,
        help="how many circuits, with the seeds that follow (default: 1)",
    )
    parser.add_argument(
        "--length", type=number, metavar="M", help="length of the lap, m (default: 15 to 60)"
    )
    parser.add_argument(
        "--width",
        type=number,
        metavar="M",
        help="width of the road, m (default: 0.6 to 1.5 for even seeds, 0.48 to 0.8 for odd ones)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("tracks"),
        metavar="DIR",
        help="the folder to write them to (default: tracks, where names are looked up)",
    )
    parser.add_argument(
        "--format",
        default="txt",
        choices=("txt", "npy"),
        help="txt: readable points; npy: a DeepRacer route (default: txt)",
    )


def run(args: argparse.Namespace) -> None:
    """Write generated_SEED.txt or .npy for every seed, and say what they measure."""
    import io

    import numpy as np

    from racer.storage import files
    from racer.tracks import generate

    if not 1 <= args.count <= 100_000:
        raise UsageError(f"--count {args.count}; allowed is 1 to 100000.")
    if not 0 <= args.seed <= 2**63 - args.count:
        most = "2^63 - 1" if args.count == 1 else f"2^63 - {args.count} for --count {args.count}"
        raise UsageError(f"--seed {args.seed}; allowed is 0 to {most}.")
    for seed in range(args.seed, args.seed + args.count):
        text = generate.text_of(seed, length=args.length, width=args.width)
        track = generate.parsed(text, generate.name_of(seed))
        content = text.encode()
        if args.format == "npy":
            buffer = io.BytesIO()
            np.save(buffer, np.hstack([track.center, track.inner, track.outer]))
            content = buffer.getvalue()
        with files.disk_errors(str(args.out), "Name another folder with --out."):
            args.out.mkdir(parents=True, exist_ok=True)
        path = args.out / f"{track.name}.{args.format}"
        _keep_what_differs(path, content)
        files.write_output(path, content)
        turn = "counter-clockwise" if track.ccw else "clockwise"
        print(f"{path}: {track.length:.2f} m long, {track.width:.2f} m wide, {turn}")


def _keep_what_differs(path: Path, content: bytes) -> None:
    """Let a track be written again, but not over one that a person has edited.

    Raises:
        UsageError: there is another track of this name.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.is_file() and path.read_bytes() != content:
            raise UsageError(
                f"{path} holds another track, or was edited. Move it away, or write to another "
                "folder: --out DIR."
            )
