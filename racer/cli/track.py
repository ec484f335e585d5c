"""List the tracks, or draw one."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli import png
from racer.errors import BadTrack, ResourceError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer track`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="every track with its length and width")
    show = actions.add_parser("show", help="draw a track to a PNG, and in a window if there is one")
    show.add_argument("name", metavar="NAME", help="a name from `racer track list`, or a file")
    show.add_argument(
        "--png", type=png, metavar="FILE", help="where to write it (default: NAME.png)"
    )
    show.add_argument("--no-window", action="store_true", help="only write the PNG")


def run(args: argparse.Namespace) -> None:
    """List or show."""
    if args.action == "list":
        _list()
    else:
        _show(args.name, args.png, args.no_window)


def _list() -> None:
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


def _show(name: str, picture: Path | None, no_window: bool) -> None:
    from racer.render.figures import track_picture
    from racer.tracks import Track

    track = Track.load(name)
    path = picture or Path(f"{track.name}.png")
    track_picture(track, path)
    turn = "counter-clockwise" if track.ccw else "clockwise"
    print(
        f"{track.name}: {track.length:.2f} m long, {track.width:.2f} m wide, {turn}, "
        f"{len(track.waypoints)} waypoints\npicture: {path}"
    )
    if no_window:
        return
    from racer.render.window import show_picture

    try:
        show_picture(str(path), f"racer · {track.name}")
    except ResourceError:
        print("no window: there is no display.")
