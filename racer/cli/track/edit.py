"""Draw a track in a window: drag its points, save it as text."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer track edit`."""
    parser.add_argument(
        "name",
        metavar="NAME",
        help="the track to change, saved as tracks/NAME.txt; a new name starts from an oval",
    )
    parser.add_argument("--out", metavar="FILE", help="the .txt file to save it as instead")


def run(args: argparse.Namespace) -> None:
    """Open the editor."""
    from racer.render.editor import edit
    from racer.tracks.sketch import Sketch
    from racer.tracks.track import SUFFIXES, Track

    known, given = Track.names(), Path(args.name).expanduser()
    source = given if given.suffix in SUFFIXES else known.get(args.name)
    exists = source is not None and source.is_file()
    path = Path(args.out) if args.out else _place(given)
    if path.suffix != ".txt":
        raise UsageError(f"{path}: a track is saved as text; give a name that ends in .txt.")
    sketch = Sketch.of(source) if exists and source else Sketch.new(given.stem)
    on_disk = exists and source is not None and path.is_file() and path.samefile(source)
    print(f"{path}: {edit(sketch, path, on_disk=on_disk)}")


def _place(given: Path) -> Path:
    """Where it is saved: a text file itself, else in the user's own folder."""
    return given if given.suffix == ".txt" else Path("tracks") / f"{given.stem}.txt"
