"""Let trained cars race each other from a grid, in one world."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from racer.cli.others import add_road, named_others
from racer.cli.parser import RUN_HELP, add_runs_dir, film, page, recording, whole

if TYPE_CHECKING:
    from racer.evaluation.entrants import Entrant
    from racer.evaluation.grand_prix import GrandPrix
    from racer.recording.trace import Trace
    from racer.runs import Run

LAPS_MAX = 1000
_DATE = re.compile(r"\d{4}-\d\d-\d\d-(?=.)")
_EVERY = 8  # control steps between two pictures of the standings on a terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer race`."""
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help=f"{RUN_HELP}; two to sixteen, from the first row of the grid on",
    )
    parser.add_argument("--track", help="the track to race on (default: where the first trained)")
    parser.add_argument("--laps", type=whole, default=3, help="laps of the race (default: 3)")
    parser.add_argument(
        "--seed",
        type=whole,
        metavar="N",
        help="draw the order on the grid, and boxes and bots that are drawn; same seed, same race "
        "(default: as the runs are given)",
    )
    parser.add_argument(
        "--grid",
        action="store_true",
        help="the grid is as the runs are given, also with --seed, which then draws boxes and bots "
        "alone",
    )
    parser.add_argument(
        "--video", type=film, metavar="FILE", help="film it as .mp4 or .gif; needs no display"
    )
    parser.add_argument(
        "--html",
        type=page,
        metavar="FILE",
        help="also write a page that plays it in any browser, offline",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write everything as JSON; - prints nothing but it"
    )
    parser.add_argument(
        "--out",
        type=recording,
        metavar="FILE",
        help="also write the recording (.npz), for racer watch FILE",
    )
    parser.add_argument(
        "--no-window", action="store_true", help="show no window, even where there is a display"
    )
    add_road(parser)
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Race, tell what happens, print the result, then show it."""
    from racer import console
    from racer.evaluation.entrants import grid_of, shared_race
    from racer.evaluation.grand_prix import GrandPrix
    from racer.runs import Run
    from racer.storage import files
    from racer.tracks import Track

    _check(args)
    entrants = entrants_of([Run.open(name, args.runs_dir) for name in args.runs])
    track = args.track or _track_of(entrants[0])
    grid = grid_of(entrants, None if args.grid else args.seed)
    road = Track.load(track)
    config = shared_race(grid, track, road, named_others(args))
    prix = GrandPrix(grid, config, road, args.laps, seed=args.seed or 0)
    _introduce(prix, grid)
    with _commentary(prix) as tell:
        for events in prix.drive():
            tell(events)
    result = prix.result()
    about = {"runs": dict(zip([e.name for e in entrants], args.runs, strict=True))}
    about |= {"seed": args.seed} | result.to_json()
    if args.json == "-":
        print(json.dumps(about, indent=2))
    else:
        print(result.table())
    if args.json and args.json != "-":
        files.write_output(args.json, files.json_bytes(about))
    trace = prix.trace()
    if args.out:
        trace.save(args.out)
        console.say(f"recording: {args.out}")
    if args.html:
        from racer.render import html

        files.write_output(args.html, html.page(trace).encode())
        console.say(f"page: {args.html}")
    _show(args, trace)


def _check(args: argparse.Namespace) -> None:
    """Refuse numbers and names that cannot be, before anything is driven.

    Raises:
        UsageError: names the option and what is allowed.
    """
    from racer.errors import UsageError

    if not 1 <= args.laps <= LAPS_MAX:
        raise UsageError(f"--laps {args.laps}; allowed is 1 to {LAPS_MAX}.")
    if args.seed is not None and not 0 <= args.seed < 2**63:
        raise UsageError(f"--seed {args.seed}; allowed is 0 to 2^63 - 1.")
    if args.out:
        from racer.storage import files

        files.check_output(args.out)


def entrants_of(found: Sequence[Run]) -> list[Entrant]:
    """The runs with their policies; no reward of theirs is read or executed."""
    from racer.evaluation.entrants import Entrant, named_once
    from racer.training.checkpoint import policy_of

    names = named_once([_DATE.sub("", run.name) for run in found])
    return [
        Entrant(name, policy_of(run.folder), run.config().race)
        for name, run in zip(names, found, strict=True)
    ]


def _track_of(first: Entrant) -> str:
    from racer.errors import UsageError

    if first.config.tracks is not None:
        raise UsageError(
            f"{first.name} was trained on several tracks; say where to race: --track NAME."
        )
    return first.config.track


def _introduce(prix: GrandPrix, grid: list[Entrant]) -> None:
    from racer import console

    laps = f"{prix.laps} lap{'s' if prix.laps > 1 else ''}"
    track = prix.race.track
    limit = prix.limit * prix.race.dt
    console.say(
        f"race on {track.name}, {laps} of {track.length:.2f} m, stopped after {limit:.0f} s"
    )
    around = prix.everyone[len(prix.names) :]
    if around:
        console.say(f"on the road: {', '.join(around)}")
    for place, entrant in enumerate(grid, 1):
        blind = "" if entrant.sees_others else ", sees no other cars: it was trained alone"
        console.say(f"grid {place}: {entrant.name}{blind}")


@contextlib.contextmanager
def _commentary(prix: GrandPrix) -> Iterator[Any]:
    """A function of the events of a step: a live board on a terminal, lines elsewhere."""
    from racer import console

    terminal = console.live()
    if terminal is None:

        def say(events: list[Any]) -> None:
            for event in events:
                console.say(_line(event, prix))

        yield say
        return
    from rich.live import Live

    with Live(console=terminal, refresh_per_second=12) as live:

        def tell(events: list[Any]) -> None:
            for event in events:
                live.console.print(_line(event, prix), highlight=False, markup=False)
            if prix.step % _EVERY == 0:
                live.update(_board(prix))

        yield tell
        live.update(_board(prix))


def _line(event: Any, prix: GrandPrix) -> str:
    return f"{event.time_s:7.2f} s  {event.words(prix.everyone)}"


def _board(prix: GrandPrix) -> Any:
    """The standings of now, for a terminal."""
    from rich.table import Table
    from rich.text import Text

    from racer.render.table import RACERS

    standings = prix.standings
    board = Table(box=None, title=f"{prix.seconds:.1f} s", title_justify="left")
    for head in ("place", "name", "lap", "behind", "now"):
        board.add_column(head, justify="left" if head in ("name", "now") else "right")
    order = standings.order()
    front = float(standings.places[order[0]])
    for place, car in enumerate(order, 1):
        red, green, blue = RACERS[car % len(RACERS)]
        lap = f"{min(standings.done[car] + 1, prix.laps)}/{prix.laps}"
        behind = f"{front - float(standings.places[car]):.1f} m"
        name = Text(prix.names[car], style=f"rgb({red},{green},{blue})")
        board.add_row(str(place), name, lap, behind, standings.status[car])
    return board


def _show(args: argparse.Namespace, trace: Trace) -> None:
    """As a film, or in a window where there is a display."""
    from racer import console
    from racer.errors import ResourceError

    if args.video:
        from racer.render import video

        count = video.write(trace, args.video)
        console.say(f"{args.video}: {count} frames")
        return
    if args.no_window or args.json == "-":
        return
    from racer.render import viewer
    from racer.render.window import check_display

    try:
        check_display()
    except ResourceError:
        console.say("no window: there is no display. Film it with --video FILE.")
        return
    viewer.watch(trace)
