"""List every track with its length, width and direction."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`racer track list` has no options."""


def run(args: argparse.Namespace) -> None:
    """Print one line per track."""
    from racer import console
    from racer.errors import BadTrack
    from racer.tracks import Track

    rows = []
    for name, path in sorted(Track.names().items()):
        try:
            track = Track.load(path)
        except BadTrack as error:
            rows.append((name, "", "", "", f"refused: {error}"))
            continue
        turn = "counter-clockwise" if track.ccw else "clockwise"
        shown = "built in" if path.parent.name == "data" else str(path)
        rows.append((name, f"{track.length:.2f} m", f"{track.width:.2f} m", turn, shown))
    print(console.table(("name", "length", "width", "direction", "file"), rows, right=(1, 2)))
