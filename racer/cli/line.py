"""Find the fastest possible lap of a track: its line, speeds and times.

The search drives the simulator itself, so the lap can be driven as it is. What was found is kept
and shown at once the next time; a faster lap replaces it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer.cli.parser import belongs, number, png, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from racer.config import RaceConfig
    from racer.raceline import Reference, Setup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer line`."""
    parser.add_argument(
        "track",
        nargs="?",
        metavar="TRACK",
        help="a name from `racer track list`, or a file; --improve takes the track of the run",
    )
    parser.add_argument("--vehicle", metavar="V", help="the vehicle (default: deepracer)")
    parser.add_argument(
        "--actions", metavar="A", help="an action space, by name or file (default: continuous)"
    )
    parser.add_argument(
        "--rule",
        default="official",
        metavar="RULE",
        help="official: one wheel stays on the road; strict: all four do (default: official)",
    )
    parser.add_argument(
        "--seed", type=whole, help="search with this seed, even where a lap is known"
    )
    parser.add_argument(
        "--seconds",
        type=number,
        metavar="S",
        help="search for so many seconds, even where a lap is known",
    )
    parser.add_argument(
        "--improve", metavar="RUN", help="search from the lap that a run drives, on its track"
    )
    parser.add_argument(
        "--runs-dir",
        metavar="DIR",
        help="with --improve: the folder that holds the runs (default: runs)",
    )
    parser.add_argument("--png", type=png, metavar="FILE", help="draw the line, coloured by speed")
    parser.add_argument(
        "--csv", metavar="FILE", help="write the line with TUMFTM's columns, for F1TENTH planners"
    )
    parser.add_argument(
        "--list",
        metavar="FILE",
        help="write [[x, y, speed, time], ...], to paste into a reward file",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write everything as JSON; - prints nothing but it"
    )


def run(args: argparse.Namespace) -> None:
    """Find or look up the lap, print it, write what was asked for."""
    from racer import raceline

    race, start, name = _race(args)
    setup = raceline.Setup.of(race, args.rule)
    known = raceline.find(setup)
    if known is None or args.improve or args.seed is not None or args.seconds is not None:
        found = _search(args, setup, start, name)
        raceline.offer(setup, found)
        known = min((one for one in (known, found) if one), key=lambda one: one.flying_s)
    line = known.drive(setup)
    points = raceline.points_of(line, setup.track, known.flying_lap, 1.0 / setup.control_hz)
    about = _about(setup, race, known, points)
    if args.json == "-":
        print(json.dumps(about, indent=2))
    else:
        print(_text(about))
        if start is not None:
            print(_left(setup, start, points, name))
    _write(args, setup, about, points)


def _race(args: argparse.Namespace) -> tuple[RaceConfig, Any, str]:
    """The race that is meant, and the actions to begin with and the run's name, or None and "".

    Raises:
        UsageError: no track, or another vehicle than the run's.
    """
    import dataclasses

    from racer.config import RaceConfig
    from racer.errors import UsageError

    given = {name: getattr(args, name) for name in ("track", "vehicle", "actions")}
    given = {name: value for name, value in given.items() if value is not None}
    if args.seconds is not None and not 0 < args.seconds <= 86_400:
        raise UsageError(f"--seconds {args.seconds:g}: more than 0, at most 86400, for example 60.")
    if args.seed is not None and not 0 <= args.seed < 2**63:
        raise UsageError(f"--seed {args.seed}; allowed is 0 to 2^63 - 1.")
    if args.improve is None:
        if args.track is None:
            raise UsageError(
                "TRACK is missing, for example: racer line oval. Or give --improve RUN."
            )
        belongs(args, "--improve RUN", "--runs-dir")
        return dataclasses.replace(RaceConfig(), **given), None, ""
    belongs(args, "`racer line TRACK`; --improve RUN has the run's own", "--vehicle", "--actions")
    from racer.race import on, track_of
    from racer.runs import Run
    from racer.training.checkpoint import policy_of

    run = Run.open(args.improve, Path(args.runs_dir or "runs"))
    race = dataclasses.replace(run.config().race, **given)
    if args.track is not None:
        race = dataclasses.replace(race, tracks=None)
    elif race.tracks is not None:
        race = on(race, track_of(race))
    return race, _driven(race, policy_of(run.folder), run.name), run.name


def _driven(race: RaceConfig, policy: Any, name: str) -> NDArray[np.generic]:
    """The actions of three laps and a piece, as the policy drives them from the line.

    Raises:
        BadRun: it does not complete two laps.
    """
    import dataclasses

    import numpy as np

    from racer.errors import BadRun
    from racer.race import make_race

    rules = dataclasses.replace(
        race.rules, start="line", continuous=True, alternate_direction=False, max_steps=1_000_000
    )
    one = make_race(dataclasses.replace(race.usual, rules=rules), 1, with_reward=False)
    cap = 4 * dataclasses.replace(race.rules, max_steps=0).step_cap(one.track.length)
    obs = one.reset()
    actions: list[NDArray[np.generic]] = []
    tail = 0
    while len(actions) < cap and tail < 30:  # 2 s more, or the lap ends as if there were no next
        obs = one.step(policy.act(obs.copy()))
        actions.append(one.action_buffer[0].copy())
        if one.done[0]:
            break
        tail += int(one.cars["laps"][0]) >= 3
    if int(one.cars["laps"][0]) < 2:
        raise BadRun(f"run {name} does not complete two laps in a row. Train it longer first.")
    return np.array(actions)


def _search(args: argparse.Namespace, setup: Setup, start: Any, name: str) -> Reference:
    """What is found; of a search that Ctrl-C or SIGTERM ends, the best lap so far is kept."""
    from rich import progress
    from rich.console import Console

    from racer.process.signals import exit_when_terminated
    from racer.raceline import offer, search

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    so_far: list[Reference] = []
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{setup.track.name}: first lap", total=1.0)

        def report(done: float, best: Reference | None) -> None:
            bar.update(task, completed=done)
            if best is not None:
                so_far[:] = [best]
                bar.update(task, description=f"{setup.track.name}: {best.flying_s:.3f} s")

        try:
            with exit_when_terminated():
                return search(
                    setup,
                    seed=args.seed or 0,
                    start=start,
                    seconds=float("inf") if args.seconds is None else args.seconds,
                    found_by=f"racer line --improve {name}" if name else "",
                    report=report,
                )
        except (KeyboardInterrupt, SystemExit):
            if so_far and offer(setup, so_far[0]):
                console.print(f"The lap found so far is kept: {so_far[0].flying_s:.3f} s.")
            raise


def _about(
    setup: Setup, race: RaceConfig, found: Reference, points: NDArray[np.void]
) -> dict[str, Any]:
    """Everything about the lap, as JSON has it."""

    from racer import raceline

    bound = raceline.bound(setup)
    end = setup.track.length - 1e-6  # of the lap, which is not yet the beginning of the next
    places = [
        {
            "waypoints": [
                raceline.waypoint_at(setup.track, min(points["place"][i], end)) for i in ends
            ],
            "apex_waypoint": raceline.waypoint_at(setup.track, points["place"][bend.apex]),
            "apex_speed": float(points["v"][bend.apex]),
            "braking_waypoint": raceline.waypoint_at(setup.track, points["place"][bend.braking])
            if bend.braking >= 0
            else None,
        }
        for bend in raceline.bends(points)
        for ends in [(bend.first, bend.last)]
    ]
    return {
        "track": setup.track.name,
        "track_length_m": setup.track.length,
        "vehicle": race.vehicle,
        "action_space": race.actions,
        "rule": setup.rule,
        "flying_lap_s": found.flying_s,
        "standing_lap_s": found.standing_s,
        "official_flying_lap_s": found.official_s[found.flying_lap],
        "official_standing_lap_s": found.official_s[0],
        "found_by": found.found_by,
        # none where it is NaN, and where the lap itself disproves it
        "lower_bound_s": bound.seconds if bound.seconds <= found.flying_s else None,
        "bends": places,
        "line": {
            "columns": [f"{name}" for name in points.dtype.names or ()],
            "rows": [[float(value) for value in row] for row in points.tolist()],
        },
        "reference": found.to_json(),
    }


def _text(about: dict[str, Any]) -> str:
    lines = [
        f"{about['track']}, {about['vehicle']}, {about['action_space']} actions, "
        f"{about['rule']} rule",
        f"flying lap     {about['flying_lap_s']:7.3f} s   "
        f"official clock {about['official_flying_lap_s']:.2f} s",
        f"standing lap   {about['standing_lap_s']:7.3f} s   "
        f"official clock {about['official_standing_lap_s']:.2f} s",
    ]
    if about["lower_bound_s"] is not None:
        lines.append(
            f"lower bound    {about['lower_bound_s']:7.3f} s   a sanity check: without delays, "
            "no lap can be faster"
        )
    lines.append(f"found by       {about['found_by']}")
    for bend in about["bends"]:
        brakes = bend["braking_waypoint"]
        lines.append(
            f"bend at waypoints {bend['waypoints'][0]}-{bend['waypoints'][1]}: apex "
            f"{bend['apex_waypoint']} at {bend['apex_speed']:.2f} m/s"
            + (f", braking at {brakes}" if brakes is not None else "")
        )
    return "\n".join(lines)


def _left(setup: Setup, start: Any, points: NDArray[np.void], name: str) -> str:
    """How much is left in the run's own fastest flying lap, and where."""
    import numpy as np

    from racer import raceline
    from racer.raceline.reference import line_of

    line, length = line_of(setup, start), setup.track.length
    laps = range(1, int(line["place"].max() // length))
    fastest = min(laps, key=lambda lap: float(np.diff(raceline.lap_of(line, length, lap))[0]))
    mine = raceline.points_of(line, setup.track, fastest, 1.0 / setup.control_hz)
    took, best = float(mine["time"][-1]), float(points["time"][-1])
    lines = [f"\n{name}: flying lap {took:.3f} s, {100 * best / took:.1f} % of optimal"]
    lines += [f"  {one}" for one in raceline.worst(mine, points, setup.track)]
    return "\n".join(lines)


def _write(
    args: argparse.Namespace, setup: Setup, about: dict[str, Any], points: NDArray[np.void]
) -> None:
    from racer import raceline
    from racer.storage import files

    texts = {
        args.csv: raceline.csv_text(points),
        args.list: json.dumps(raceline.reward_list(points)).replace("], [", "],\n [") + "\n",
    }
    for name, text in texts.items():
        if name:
            files.write_output(name, text.encode())
    if args.json and args.json != "-":
        files.write_output(args.json, files.json_bytes(about))
    if args.png:
        from racer.render.line import line_picture

        title = (
            f"{setup.track.name}   {about['flying_lap_s']:.3f} s flying, {setup.rule} rule, "
            f"{about['vehicle']}"
        )
        line_picture(setup.track, points, raceline.bends(points), title, args.png)
    written = [str(name) for name in (args.png, args.csv, args.list, args.json) if name]
    if args.json != "-" and written:
        print(f"written: {', '.join(written)}")
