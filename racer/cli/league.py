"""Rate trained cars by races of every pair, over several tracks and starts.

Each pair races from the grid in both orders. What was driven stays in a file of results, so the
same command after Ctrl-C, or with one more run, drives only what is missing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer.cli.others import add_road, named_others
from racer.cli.parser import RUN_HELP, add_runs_dir, png, tag, whole

if TYPE_CHECKING:
    from racer.evaluation.league import League, Match, Outcome, Standing
    from racer.runs import Run
    from racer.tracks import Track

LAPS_MAX, SEEDS_MAX, RUNS_MAX = 1000, 1000, 200
_HEAD = ("place", "name", "rating", "95 %", "races", "beaten", "finished", "overtakes", "crashes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer league`."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"{RUN_HELP}; at least two")
    parser.add_argument(
        "--tag",
        type=tag,
        action="append",
        default=[],
        metavar="TAG",
        help="also every run with this tag; may be given several times",
    )
    parser.add_argument(
        "--tracks",
        metavar="X",
        help="where they race: a folder, names or files with commas between them, or "
        "generated:COUNT (default: every track that a run was trained on)",
    )
    parser.add_argument(
        "--seeds",
        type=whole,
        default=2,
        metavar="N",
        help="races of a pair on each track, in each order of the grid: from the start line, and "
        "from other places of the lap (default: 2)",
    )
    parser.add_argument("--laps", type=whole, default=2, help="laps of each race (default: 2)")
    parser.add_argument(
        "--field", action="store_true", help="all cars race together, at most 16, not every pair"
    )
    add_road(parser)
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("league.jsonl"),
        metavar="FILE",
        help="where the outcome of every race is kept; those that it has are not driven again "
        "(default: league.jsonl)",
    )
    parser.add_argument(
        "--png", type=png, default=Path("league.png"), help="the plot (default: league.png)"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write everything as JSON; - prints nothing but it"
    )
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Drive what is missing, then print the table and draw the plot."""
    from racer.evaluation.book import Book, check_place
    from racer.evaluation.league import League
    from racer.evaluation.rating import ratings
    from racer.process.signals import graceful_stop
    from racer.storage import files, locks

    _check(args)
    check_place(args.results)
    for path in (args.results, args.png):
        files.check_output(path)
    runs = _runs(args)
    entrants = _entrants(runs)
    tracks = _tracks(args, runs)
    league = League(
        entrants,
        tracks,
        laps=args.laps,
        seeds=args.seeds,
        together=args.field,
        around=named_others(args),
    )
    ratings(2, [])  # refuses here what it would refuse after the last race
    lock = args.results.with_name(f"{args.results.name}.lock")
    with locks.hold(lock, str(args.results)), graceful_stop() as stop:
        found = _drive(league, Book(args.results), stop)
        if stop:
            return stop.exit_code
    _report(args, league, found, [str(one.folder) for one in runs])
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse numbers that cannot be, before anything is read.

    Raises:
        UsageError: names the option and what is allowed.
    """
    from racer.errors import UsageError

    for name, most in (("laps", LAPS_MAX), ("seeds", SEEDS_MAX)):
        given = getattr(args, name)
        if not 1 <= given <= most:
            raise UsageError(f"--{name} {given}; allowed is 1 to {most}.")
    if not args.runs and not args.tag:
        raise UsageError("a league needs runs: name two or more, or give a --tag.")


def _runs(args: argparse.Namespace) -> list[Run]:
    """The runs that are named or have a tag, each once.

    Raises:
        UnknownName, BadRun: a run or a tag that is not there.
        UsageError: too few or too many.
    """
    from racer.errors import UnknownName, UsageError
    from racer.runs import Run, list_runs

    found = [Run.open(name, args.runs_dir) for name in args.runs]
    everyone = list_runs(args.runs_dir) if args.tag else []
    for word in args.tag:
        tagged = [one for one in everyone if word in one.manifest().get("tags", [])]
        if not tagged:
            known = sorted({str(t) for one in everyone for t in one.manifest().get("tags", [])})
            raise UnknownName("tag", word, known, f"Looked in {args.runs_dir}.")
        found += [Run.open(str(one.folder), args.runs_dir) for one in reversed(tagged)]
    each = list({one.folder.resolve(): one for one in found}.values())
    if not 2 <= len(each) <= RUNS_MAX:
        raise UsageError(
            f"{len(each)} different run{'' if len(each) == 1 else 's'}; a league has 2 to "
            f"{RUNS_MAX}."
        )
    return each


def _entrants(runs: list[Run]) -> list[Any]:
    from racer.cli.race import entrants_of

    return entrants_of(runs)


def _tracks(args: argparse.Namespace, runs: list[Run]) -> tuple[Track, ...]:
    """Where they race.

    Raises:
        UsageError: by default, but no run was trained on a single track.
    """
    from racer import console
    from racer.errors import UsageError
    from racer.tracks import packs

    configs = [one.config().race for one in runs]
    names = args.tracks or ",".join(
        dict.fromkeys(config.track for config in configs if config.tracks is None)
    )
    if not names:
        raise UsageError("every run was trained on several tracks; say where to race: --tracks X.")
    pack = packs.load(names)
    if args.tracks:
        for line in pack.left_out:
            console.log(__name__).warning("left out: %s", line)
    return pack.tracks


def _drive(league: League, book: Any, stop: Any) -> dict[Match, Outcome]:
    """Every race: from the book, or driven now and written there."""
    from racer import console

    matches = [(match, league.key(match)) for match in league.matches()]
    known = {match: book.outcome(key, len(match.grid)) for match, key in matches}
    missing = [(match, key) for match, key in matches if known[match] is None]
    roads = f"{len(league.tracks)} track{'' if len(league.tracks) == 1 else 's'}"
    console.say(
        f"{len(league.entrants)} cars, {roads}, {len(matches)} races"
        f"{f', {len(matches) - len(missing)} known' if len(missing) < len(matches) else ''}"
    )
    with _progress(league, len(missing)) as tell:
        for match, key in missing:
            outcome = league.drive(match, lambda: not stop)
            if outcome is None:
                left = len(missing) - tell(None)
                console.say(f"stopped with {left} races left; the same command goes on.")
                break
            book.write(key, [league.names[i] for i in match.grid], outcome)
            known[match] = outcome
            tell((match, outcome))
    return {match: outcome for match, outcome in known.items() if outcome is not None}


@contextmanager
def _progress(league: League, count: int) -> Iterator[Any]:
    """A function of a race that was driven: a bar on a terminal, some ten lines elsewhere."""
    from racer import console

    began, done = time.monotonic(), 0
    terminal = console.live()

    def words(match: Match, outcome: Outcome) -> str:
        names = [league.names[match.grid[place]] for place in outcome.order]
        where = f"on {league.tracks[match.track].name}, seed {match.seed}"
        return f"{names[0]} before {', '.join(names[1:])} {where}"

    if terminal is None:

        def say(driven: tuple[Match, Outcome] | None) -> int:
            nonlocal done
            if driven is not None:
                done += 1
                if done == count or done * 10 // count > (done - 1) * 10 // count:
                    left = (time.monotonic() - began) / done * (count - done)
                    console.say(f"{done} of {count}  {words(*driven)}  {left:.0f} s left")
            return done

        yield say
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = BarColumn(), MofNCompleteColumn(), TimeLeft(), TextColumn("{task.description}")
    with Progress(*columns, console=terminal, transient=True) as bar:
        task = bar.add_task("", total=count)

        def show(driven: tuple[Match, Outcome] | None) -> int:
            nonlocal done
            if driven is not None:
                done += 1
                text = words(*driven).replace("[", r"\[")
                bar.update(task, advance=1, description=text)
            return done

        yield show


def _report(
    args: argparse.Namespace, league: League, found: dict[Match, Outcome], folders: list[str]
) -> None:
    """The table, the JSON and the plot."""
    import numpy as np

    from racer import console
    from racer.render.league import Row, league_picture
    from racer.storage import files

    rows = league.table(found)
    order = [league.names.index(row.name) for row in rows]
    wins = league.wins(found)[np.ix_(order, order)]
    about = _about(league, rows, wins, found, folders)
    if args.json == "-":
        print(json.dumps(about, indent=2))
    else:
        cells = [_cells(place, row) for place, row in enumerate(rows, 1)]
        print(console.table(_HEAD, cells, right=(0, 2, 4, 5, 6, 7, 8)))
    if args.json and args.json != "-":
        files.write_output(args.json, files.json_bytes(about))
    title = f"{len(found)} races on {', '.join(track.name for track in league.tracks[:4])}"
    title += f" and {len(league.tracks) - 4} more" if len(league.tracks) > 4 else ""
    league_picture([Row(row.name, *row.rating) for row in rows], wins, title, args.png)
    console.say(f"plot: {args.png}")


def _cells(place: int, row: Standing) -> tuple[str, ...]:
    points, low, high = row.rating
    return (
        str(place),
        row.name,
        f"{points:.0f}",
        f"{low:.0f} to {high:.0f}",
        str(row.races),
        f"{row.beaten_pct:.0f} %",
        f"{row.finished_pct:.0f} %",
        f"{row.overtakes:.1f}",
        f"{row.crashes:.1f}",
    )


def _about(
    league: League,
    rows: list[Standing],
    wins: Any,
    found: dict[Match, Outcome],
    folders: list[str],
) -> dict[str, Any]:
    """Everything, as plain values; the docs list the fields."""
    names = league.names
    flat = [dataclasses.asdict(row) | row.rating._asdict() for row in rows]
    for row in flat:
        del row["rating"]
        row["rating"] = row.pop("points")
        row["run"] = folders[names.index(row["name"])]
    return {
        "tracks": [track.name for track in league.tracks],
        "seeds": league.seeds,
        "laps": league.laps,
        "field": league.together,
        "around": league.around,
        "ratings": flat,
        "finished_before": {
            row.name: {other.name: int(wins[i, j]) for j, other in enumerate(rows) if i != j}
            for i, row in enumerate(rows)
        },
        "races": [
            {
                "track": league.tracks[match.track].name,
                "seed": match.seed,
                "grid": [names[i] for i in match.grid],
                "order": [names[match.grid[place]] for place in outcome.order],
                "status": dict(zip((names[i] for i in match.grid), outcome.status, strict=True)),
            }
            for match, outcome in found.items()
        ],
    }
