"""The local leaderboard: laps of runs and of people, beside the fastest ones known.

Only laps of one road, vehicle and action space can be compared, so each of these has a board.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from racer import console, vehicles
from racer.config import RaceConfig
from racer.errors import BadRun, RacerError, printable
from racer.process import paths
from racer.raceline import RULES, Reference, Setup, find
from racer.recording.laps import timed
from racer.recording.trace import Trace
from racer.runs.laps import race_of_meta
from racer.runs.run import Run, folders_in
from racer.tracks import Track

RUN, PERSON, REFERENCE = "run", "person", "reference"
_NAME_MAX = 60  # characters of a driver's name


@dataclass(frozen=True)
class Entry:
    """One lap from line to line.

    Args:
        seconds: interpolated at the line.
        official_s: as the official clock counts, in whole steps.
        flying: began at speed, not from standstill.
        rule: strict if no wheel left the road, else official.
        who: the run's name, the person, or who found the reference.
        kind: RUN, PERSON or REFERENCE.
        when: date, as ISO 8601 has it; empty where it is not known.
        optimal_pct: of the official reference; None where none is known.
    """

    seconds: float
    official_s: float
    flying: bool
    rule: str
    who: str
    kind: str
    when: str
    optimal_pct: float | None

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "time_interpolated_s": self.seconds,
            "time_official_s": self.official_s,
            "pct_of_optimal_official": self.optimal_pct,
            "rule": self.rule,
            "flying": self.flying,
            "who": self.who,
            "kind": self.kind,
            "when": self.when,
        }


@dataclass(frozen=True)
class Board:
    """Every lap of one road, vehicle and action space, the fastest first."""

    track: str
    vehicle: str
    actions: str
    control_hz: float
    entries: tuple[Entry, ...]

    def best(self) -> Board:
        """The best lap of each driver alone; a reference of each rule."""
        first: dict[tuple[str, ...], Entry] = {}
        for one in self.entries:
            rule = one.rule if one.kind == REFERENCE else ""
            first.setdefault((one.kind, one.who, rule), one)
        return Board(self.track, self.vehicle, self.actions, self.control_hz, tuple(first.values()))

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "track": self.track,
            "vehicle": self.vehicle,
            "action_space": self.actions,
            "control_hz": self.control_hz,
            "laps": [{"rank": k} | one.to_json() for k, one in enumerate(self.entries, 1)],
        }

    def table(self) -> str:
        """For people."""
        rate = "" if self.control_hz == 15.0 else f", {self.control_hz:g} actions a second"
        title = f"{self.track}, {self.vehicle}, {Path(self.actions).stem} actions{rate}"
        rows = [
            (
                str(rank),
                f"{one.seconds:.3f} s",
                f"{one.official_s:.2f} s",
                "" if one.optimal_pct is None else f"{one.optimal_pct:.1f} %",
                one.rule,
                "flying" if one.flying else "standing",
                one.when[:10],
                one.who if one.kind == RUN else f"{one.who} ({one.kind})",
            )
            for rank, one in enumerate(self.entries, 1)
        ]
        heads = ("rank", "time", "official", "optimal", "rule", "start", "date", "who")
        return f"{title}\n{console.table(heads, rows, right=(0, 1, 2, 3))}"


@dataclass
class _Group:
    setup: Setup
    race: RaceConfig
    known: dict[str, Reference]
    entries: list[Entry] = field(default_factory=list)


def boards(
    runs_dir: Path, laps_dir: Path, track: Track | None = None
) -> tuple[list[Board], list[str]]:
    """Every board, by track and then by size; and a sentence for each file that was skipped.

    Args:
        runs_dir: of run folders.
        laps_dir: of recordings of people, as `racer drive` makes them.
        track: the only road that counts, whatever its name.
    """
    groups: dict[str, _Group] = {}
    skipped: list[str] = []
    for path in _sources(runs_dir, laps_dir):
        try:
            _read(path, groups, track)
        except (RacerError, OSError) as error:
            # a folder that is damaged is one line, whatever its name or contents are
            where = "" if str(path) in str(error) else f"{path}: "
            skipped.append(printable(f"{where}{error}").replace("\n", " "))
    found = [_board(group) for group in groups.values()]
    return sorted(found, key=lambda one: (one.track, -len(one.entries))), skipped


def references_of(track: Track, race: RaceConfig) -> Board | None:
    """The board of a road where nobody has driven: its references; None if none is known."""
    setup = Setup.on(track, race)
    group = _Group(setup, race, _known(setup))
    return _board(group) if group.known else None


def _sources(runs_dir: Path, laps_dir: Path) -> Iterator[Path]:
    yield from folders_in(runs_dir)
    yield from sorted(paths.expanded(laps_dir).glob("[!.]*.npz"))


def _read(path: Path, groups: dict[str, _Group], track: Track | None) -> None:
    """Add the laps of a run folder or a recording to their group."""
    if path.suffix == ".npz":
        trace = Trace.load(path)
        race, who, kind = race_of_meta(trace.meta), trace.meta.get("driver"), PERSON
        if race is None or not isinstance(who, str):
            raise BadRun("not a drive of a person: it names no driver, or a vehicle not known here")
        driven = trace.meta.get("driven")
        when = driven if isinstance(driven, str) else _modified(path)
    else:
        run = Run.open(path.name, path.parent)
        if not run.laps_file.is_file():
            return  # not evaluated yet
        trace, race, who, kind = Trace.load(run.laps_file), run.config().race, run.name, RUN
        when = str(run.manifest().get("created", ""))
        if race.vehicle not in vehicles.names():
            raise BadRun(f"its vehicle {race.vehicle!r} is not in vehicles/")
    if trace.note:
        raise BadRun(trace.note)
    setup = Setup.on(trace.track, race)
    if track is not None and not _is_on(track, setup):
        return
    group = groups.get(setup.key) or _Group(setup, race, _known(setup))
    best = group.known.get("official")
    laps = [
        Entry(
            lap.seconds,
            lap.official_s,
            lap.flying,
            "strict" if lap.strict else "official",
            printable(who)[:_NAME_MAX],
            kind,
            printable(when)[:32],
            best.pct(lap.seconds, flying=lap.flying) if best else None,
        )
        for lap in timed(trace)
    ]
    if laps:
        groups.setdefault(setup.key, group).entries.extend(laps)


def _is_on(track: Track, setup: Setup) -> bool:
    """Whether this is the setup's road; its direction and repeated waypoints do not count."""
    once = track.without_duplicates()
    ways = [dataclasses.replace(setup, track=one).key for one in (once, once.reversed())]
    return dataclasses.replace(setup, track=setup.track.without_duplicates()).key in ways


def _known(setup: Setup) -> dict[str, Reference]:
    found = {rule: find(setup.with_rule(rule)) for rule in RULES}
    return {rule: one for rule, one in found.items() if one is not None}


def _board(group: _Group) -> Board:
    best = group.known.get("official")
    references = [
        Entry(
            one.flying_s,
            one.official_s[one.flying_lap],
            True,
            rule,
            printable(one.found_by)[:_NAME_MAX],
            REFERENCE,
            "",
            best.pct(one.flying_s) if best else None,
        )
        for rule, one in group.known.items()
    ]
    return Board(
        printable(group.setup.track.name),
        printable(group.race.vehicle),
        printable(group.race.actions),
        group.setup.control_hz,
        tuple(sorted([*references, *group.entries], key=lambda one: one.seconds)),
    )


def _modified(path: Path) -> str:
    seconds = path.stat().st_mtime
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
