"""Draw a track, or what a car sees on it, to a PNG, and in a window where there is a display."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from racer.cli.parser import number, png


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer track show`."""
    parser.add_argument("name", metavar="NAME", help="a name from `racer track list`, or a file")
    parser.add_argument(
        "--png", type=png, metavar="FILE", help="the picture to write (default: NAME.png)"
    )
    parser.add_argument(
        "--camera",
        type=number,
        metavar="S_M",
        help="instead draw what a car's camera sees at this distance along the centre line, m",
    )
    parser.add_argument("--no-window", action="store_true", help="write the PNG, open no window")


def run(args: argparse.Namespace) -> None:
    """Write the picture, print what the track measures, open a window."""
    from racer.errors import ResourceError
    from racer.render.figures import track_picture
    from racer.tracks import Track, validation

    track = Track.load(args.name)
    path = args.png or Path(f"{track.name}.png")
    if args.camera is None:
        track_picture(track, path)
    else:
        from racer.render.sight import write_picture

        write_picture(track, args.camera, path)
    turn = "counter-clockwise" if track.ccw else "clockwise"
    print(
        f"{track.name}: {track.length:.2f} m long, {track.width:.2f} m wide, {turn}, "
        f"{len(track.waypoints)} waypoints\npicture: {path}"
    )
    for warning in validation.doubtful(track.inner, track.outer):
        print(f"warning: {args.name}: {warning}", file=sys.stderr)
    if args.no_window:
        return
    from racer.render.window import show_picture

    try:
        show_picture(str(path), f"racer · {track.name}")
    except ResourceError:
        print("no window: there is no display.")
