"""Drive a track yourself, with keys or a gamepad."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer.cli.parser import belongs, recording
from racer.errors import UsageError, printable
from racer.process.typed import command

if TYPE_CHECKING:
    import numpy as np

    from racer.evaluation.drive import Drive
    from racer.render.cockpit import Moment

EPILOG = "Press H in the window for its keys. Laps are kept in laps/, racer watch plays them."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer drive`."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--track", default="oval", metavar="T", help="the track to drive on (default: oval)"
    )
    parser.add_argument(
        "--vehicle",
        default="deepracer",
        metavar="V",
        help="the vehicle to drive (default: deepracer)",
    )
    parser.add_argument(
        "--actions",
        default="continuous",
        metavar="A",
        help="the action space whose range of steering and speed you have; not a list of choices "
        "(default: continuous)",
    )
    parser.add_argument(
        "--ghost",
        action="append",
        default=[],
        metavar="RUN",
        help="race the best lap of a run or recording; `reference` is the fastest lap known; "
        "may be given several times",
    )
    parser.add_argument(
        "--name", default="", help="your name, kept with the laps (default: your user name)"
    )
    parser.add_argument(
        "--out",
        type=recording,
        metavar="FILE",
        help="the .npz to keep the laps in (default: one in laps/)",
    )
    parser.add_argument(
        "--runs-dir",
        metavar="DIR",
        help="with --ghost: the folder that holds the runs (default: runs)",
    )


def run(args: argparse.Namespace) -> None:
    """Open the window, and keep what was driven."""
    from racer.cli.watch import open_ghosts, pace_of
    from racer.render import cockpit
    from racer.render.window import check_display
    from racer.storage import files

    if not args.ghost:
        belongs(args, "--ghost RUN", "--runs-dir")
    if args.out and Path(args.out).parent.is_dir():  # else it is made
        files.check_output(args.out)
    seat = Seat(args.track, args.vehicle, args.actions)
    race = seat.drive.race
    ghosts = open_ghosts(args.ghost, race.track, Path(args.runs_dir or "runs"), seat.config)
    pace = pace_of(race.track, seat.config)
    check_display(cockpit.NEEDS_ONE)  # what was given is wrong wherever one drives: that came first
    try:
        cockpit.drive(race.track, seat.step, seat.restart, race.dt, ghosts, pace)
    finally:
        seat.keep(args.name or _user(), args.out)


class Seat:
    """The person as a driver: what the window gives is what the car gets.

    Args:
        track, vehicle, actions: names or files, as everywhere.

    Raises:
        UsageError: the action space is a list of choices.
    """

    def __init__(self, track: str, vehicle: str, actions: str) -> None:
        from racer.actions import Continuous
        from racer.config import RaceConfig, Rules
        from racer.evaluation.drive import Drive
        from racer.race import make_race
        from racer.raceline import Setup, find

        rules = Rules(start="line", continuous=True)
        config = RaceConfig(track=track, vehicle=vehicle, actions=actions, rules=rules)
        race = make_race(config, with_reward=False, all_params=True)
        if not isinstance(race.actions, Continuous):
            raise UsageError(
                f"--actions {actions} is a list of choices; a person steers within a range. "
                "Try --actions continuous."
            )
        self.config = config
        self.drive: Drive = Drive(self, race, laps=0)
        self.known = find(Setup.on(race.track, config))
        self._shared = 0, ""  # laps; what `_share` said of the last of them
        self._action: Any = None

    def act(self, _obs: np.ndarray) -> Any:
        """What the window gave."""
        return self._action

    def step(self, action: np.ndarray) -> Moment:
        """One control step."""
        count = len(self.drive.laps)
        self._action = action
        self.drive.step()
        over = len(self.drive.laps) > count
        flying = over and self.drive.laps[-1].complete
        return self._moment(standing=over and not flying)

    def restart(self) -> Moment:
        """Give up the lap; stand at the line."""
        self.drive.start()
        return self._moment(standing=True)

    def keep(self, name: str, out: str | None) -> Path | None:
        """Save the laps, if any was driven, and say where."""
        drive = self.drive
        if not drive.laps:
            print("no lap was driven, so nothing is kept.")
            return None
        path = Path(out) if out else _free(Path("laps"), drive.race.track.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        drive.start()  # drops the lap that was not finished
        trace = drive.trace()
        about = {
            "title": f"{name} · {drive.race.track.name}",
            "driver": name,
            "vehicle": self.config.vehicle,
            "actions": self.config.actions,
            "driven": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        dataclasses.replace(trace, meta=trace.meta | about).save(path)
        print(drive.result().table())
        print(f"kept in {path}; {command('watch', path)} plays them.")
        return path

    def _moment(self, *, standing: bool) -> Moment:
        from racer.render.cockpit import Moment
        from racer.render.scene import pose_of

        pose = pose_of(self.drive.race.cars[0])
        rows = self.drive.lap_rows()
        return Moment(len(self.drive.laps) + 1, rows, pose, self._last_lap(), standing)

    def _last_lap(self) -> str:
        """The last lap in words."""
        if not self.drive.laps:
            return ""
        lap, times = self.drive.laps[-1], self.drive.result().lap_times_s
        if not lap.complete:
            return f"{lap.status.replace('_', ' ')} at {lap.progress_pct:.0f} %"
        share = self._share()
        best = " (best)" if lap.time_s <= min(times) else f" (best {min(times):.2f} s)"
        return f"last lap {lap.time_s:.2f} s{best}{share}"

    def _share(self) -> str:
        """The last lap in percent of the fastest known one; empty where none is known."""
        from racer.recording.laps import timed

        if self.known is None:
            return ""
        if self._shared[0] != len(self.drive.laps):  # once for each lap: it reads all rows
            last = len(self.drive.laps) - 1
            found = [lap for lap in timed(self.drive.trace()) if lap.number == last]
            words = [
                f", {self.known.pct(o.seconds, flying=o.flying):.1f} % of optimal" for o in found
            ]
            self._shared = last + 1, "".join(words)
        return self._shared[1]


def _free(folder: Path, track: str) -> Path:
    """A file name with the date and time in it that is not taken."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    path, k = folder / f"{stamp}-{track}.npz", 1
    while path.exists():
        k += 1
        path = folder / f"{stamp}-{track}-{k}.npz"
    return path


def _user() -> str:
    try:
        return printable(getpass.getuser())
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return "driver"
