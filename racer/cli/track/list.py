"""List every track with its length, width and direction."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`racer track list` has no options."""


def run(args: argparse.Namespace) -> None:
    """Print one line per track."""
    from racer.errors import BadTrack
    from racer.tracks import Track

    print(f"{'name':<22}{'length':>9}{'width':>9}   direction           file")
    for name, path in sorted(Track.names().items()):
        try:
            track = Track.load(path)
        except BadTrack as error:
            print(f"{name:<22}refused: {error}")
            continue
        turn = "counter-clockwise" if track.ccw else "clockwise"
        shown = "built in" if path.parent.name == "data" else str(path)
        print(f"{name:<22}{track.length:>7.2f} m{track.width:>7.2f} m   {turn:<20}{shown}")
